//! `desk.rs` of the till, on the model's journal and clock. The functions here and in `pay.rs`, `run.rs` and `recover.rs` have the
//! names and the order of those that they stand for: lay them side by side. What is not here: threads, watchers, and what
//! `trust.rs` finds.

use std::time::Duration;
use std::vec::Vec;

use super::super::events::{FLOWS, Flow};
use super::mistakes::{Carried, Happened};
use super::run::{Call, Work};
use super::state::{Account, Code, Number, World, in_words};
use crate::journal::{Entry, EntryState, JournalFault, JournalFaultKind, Settlement};
use crate::outcome::Words;
use crate::till::rules::{self, Case, Event, Step};
use crate::till::seen::{Seen, Times};
use crate::till::watch::Reversals;

impl World<'_> {
    pub(super) fn work(&self, at: usize, call: Call) -> Work {
        Work { at, entry: self.entry(at), call }
    }

    pub(super) fn account(&self, at: usize) -> &Account {
        self.shop.account(self.state.numbers[at].flow)
    }

    pub(super) fn seen(&mut self, at: usize) -> &mut Seen {
        &mut self.state.numbers[at].seen
    }

    /// What a decision is made from, with what the mistake in hand makes of it.
    pub(super) fn of_case<T>(&self, at: usize, entry: &Entry, judge: impl FnOnce(&Case<'_>) -> T) -> T {
        let account = self.account(at);
        let monotonic = self.state.monotonic();
        let gateway = self.gateway_time(account.flow);
        let mut times = Times { now: self.state.device(), monotonic, opened: self.state.opened, gateway };
        let (mut entry, mut seen) = (entry.clone(), self.state.numbers[at].seen.clone());
        (self.mistake.case)(&mut entry, &mut seen, &mut times);
        let is_from_before = self.state.begun.is_none_or(|first| at < first);
        let (endpoint, profile) = (account.endpoint, account.profile());
        judge(&Case { endpoint, profile, entry: &entry, seen: &seen, times, is_from_before })
    }

    pub(super) fn decide(&mut self, work: &Work, event: Event) -> Step {
        let happened = Happened::of(&event);
        let step = self.of_case(work.at, &work.entry, |case| {
            let step = rules::step(case, event);
            (self.mistake.step)(case, &happened, step)
        });
        self.say(|| ["[", &in_words(&step), "]"].concat());
        step
    }

    pub(super) fn gateway_time(&self, flow: Flow) -> Option<i64> {
        self.state.gateway_known[flow as usize].then_some(self.state.real)
    }

    pub(super) fn now(&self, flow: Flow) -> i64 {
        self.gateway_time(flow).unwrap_or_else(|| self.state.device())
    }

    pub(super) fn stamp(&self) -> i64 {
        let known = self.state.gateway_known.iter().any(|known| *known);
        if known { self.state.real.max(self.state.device()) } else { self.state.device() }
    }

    pub(super) fn call(&self, patience: Duration) -> Call {
        let begun = self.state.monotonic();
        let deadline = begun + patience;
        Call { begun, once: false, deadline, payments_until: deadline, reversals: Reversals::None, ends: false }
    }

    pub(super) fn wait(&mut self, call: &Call, time: Duration) -> bool {
        if self.state.monotonic() + time > call.deadline {
            return false;
        }
        self.cancels(time);
        if self.is_cancelled() {
            return false;
        }
        self.wait_all(time);
        true
    }

    pub(super) fn wait_all(&mut self, time: Duration) {
        self.state.real += i64::try_from(time.as_secs()).unwrap();
    }

    /// The cashier may cancel while she waits.
    fn cancels(&mut self, time: Duration) {
        let may = self.now.may_cancel && !self.now.cancelled && self.state.left.cancels > 0;
        if may && !time.is_zero() && self.tape.choose(2) == 1 {
            self.say(|| "the cashier cancels".into());
            self.state.left.cancels -= 1;
            self.now.cancelled = true;
        }
    }

    pub(super) fn may_begin(&self, call: &Call) -> bool {
        let old = self.state.monotonic().saturating_sub(call.begun) >= rules::FRESH_CODE;
        let is_stale = call.once && old && self.mistake.carried != Carried::StaleCodes;
        !is_stale && !self.is_cancelled()
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.now.cancelled
    }

    pub(super) fn is_called_paid(&self, at: usize) -> bool {
        self.state.numbers[at].seen.called_paid && self.mistake.carried != Carried::Deaf
    }

    pub(super) fn note_attempt(&mut self, at: usize) {
        let now = self.state.monotonic();
        let seen = self.seen(at);
        (seen.last_attempt, seen.not_found_since) = (Some(now), None);
    }

    pub(super) fn note(&mut self, at: usize, entry: &Entry, knows: bool, words: Option<Words>) {
        let seen = self.seen(at);
        seen.known |= knows;
        seen.words = words.or(seen.words.take());
        let want = (seen.known || entry.known, seen.words.clone().or(entry.last_words.clone()));
        let have = seen.noted.clone().unwrap_or((entry.known, entry.last_words.clone()));
        if want != have && self.store_note(at, want.0, want.1.as_ref()).is_ok() {
            self.seen(at).noted = Some(want);
        }
    }

    pub(super) fn note_words(&mut self, work: &Work, code: &str, text: &str) {
        if !code.is_empty() {
            self.note(work.at, &work.entry, false, Some(Words { code: code.into(), text: text.into() }));
        }
    }

    pub(super) fn forget(&mut self, at: usize) {
        let seen = self.seen(at);
        if !seen.called_paid && seen.unwritten.is_none() && seen.not_known.is_none() {
            *seen = Seen::default();
        }
    }

    pub(super) fn seen_for(&mut self, stamp: i64) -> Duration {
        let now = self.state.monotonic();
        match self.state.future.iter().find(|(at, _)| *at == stamp) {
            Some((_, seen)) => now - *seen,
            None => {
                self.state.future.push((stamp, now));
                Duration::ZERO
            }
        }
    }

    pub(super) fn note_payment(&mut self, last: Option<(Duration, i64)>, at: i64) {
        if let Some((_, last)) = last.filter(|(_, last)| *last > at) {
            let now = self.state.monotonic();
            self.state.future.retain(|(stamp, _)| *stamp != last);
            self.state.future.push((last, now));
        }
    }

    pub(super) fn paid_meanwhile(&self, at: usize) -> Option<Entry> {
        Some(Entry::clone(&self.state.numbers[at].entry)).filter(Entry::is_paid)
    }

    /// `rules::pause_left`. A time in the future counts from when this process first saw it.
    pub(super) fn pause_left(
        &mut self,
        latest: Option<&Entry>,
        payee: Option<(Duration, i64)>,
        now: i64,
    ) -> Option<Duration> {
        let stamps = [latest.map(|entry| entry.last_attempt_at), payee.map(|(_, last)| last)];
        let in_future = stamps.into_iter().flatten().filter(|stamp| *stamp > now);
        let ages: Vec<(i64, Duration)> =
            in_future.collect::<Vec<_>>().into_iter().map(|stamp| (stamp, self.seen_for(stamp))).collect();
        let seen_for = |stamp| ages.iter().find(|(at, _)| *at == stamp).map_or(Duration::ZERO, |(_, age)| *age);
        rules::pause_left(latest, payee, now, &seen_for)
    }

    pub(super) fn count_attempt(&mut self, work: &Work, payee: bool) -> Result<Option<Duration>, JournalFault> {
        let (flow, endpoint) = (self.account(work.at).flow, self.account(work.at).endpoint);
        let at = self.now(flow);
        let pause = endpoint.payee_pause.filter(|_| payee);
        let last = pause.and_then(|(_, pause)| Some((pause, self.last_attempt_to_payee(flow)?)));
        match self.pause_left(None, last, at) {
            Some(left) => Ok(Some(left)),
            None => {
                self.count(work.at, at)?;
                self.note_payment(last, at);
                Ok(None)
            }
        }
    }

    pub(super) fn as_known(&self) -> Vec<Entry> {
        let known = |number: &Number| {
            let mut entry = Entry::clone(&number.entry);
            let seen = number.seen.clone();
            if let Some(settlement) = seen.unwritten.filter(|_| seen.told_accepted) {
                entry.state = EntryState::Recorded(settlement);
            }
            entry
        };
        self.state.numbers.iter().map(known).collect()
    }

    pub(super) fn once(&mut self, at: usize, settlement: Settlement) -> Result<Settlement, JournalFault> {
        let account = self.account(at);
        if !account.endpoint.takes_money() || !rules::is_accepted(&settlement) {
            return Ok(settlement);
        }
        self.read_of_intent()?;
        let others = if self.mistake.carried == Carried::AcceptsTwice { Vec::new() } else { self.as_known() };
        Ok(rules::once(settlement, self.entry(at).id, &others))
    }

    pub(super) fn settle(&mut self, work: &Work, settlement: &mut Settlement) -> Result<i64, JournalFault> {
        let at = work.at;
        if rules::is_unpaid(settlement) && self.is_called_paid(at) {
            return Err(JournalFault::new(JournalFaultKind::Refused, rules::CONTRADICTED));
        }
        *settlement = self.once(at, settlement.clone())?;
        if rules::leaves_known(&work.entry, &self.state.numbers[at].seen, settlement) {
            self.store_note(at, true, None)?;
        }
        let revision = self.store(at, settlement)?;
        match rules::is_still_asked(settlement) {
            true => {
                let first_pause = rules::first_pause(settlement, self.state.monotonic());
                let seen = self.seen(at);
                seen.withheld = None;
                seen.note_refused(first_pause);
            }
            false => *self.seen(at) = Seen::default(),
        }
        Ok(revision)
    }

    pub(super) fn settle_unwritten(&mut self, at: usize) {
        let seen = self.state.numbers[at].seen.clone();
        if seen.unwritten.is_none() {
            return;
        }
        let over = self.mistake.carried == Carried::HandGoesOver && !self.entry(at).is_pending();
        let Some(settlement) = rules::to_write(&self.entry(at), &seen).filter(|_| !over) else {
            self.seen(at).unwritten = None;
            return;
        };
        let settled = self.once(at, settlement).and_then(|settlement| self.store(at, &settlement));
        if settled.is_ok() {
            self.seen(at).unwritten = None;
        }
    }

    /// The process begins anew, and remembers nothing.
    pub(super) fn restart(&mut self) {
        self.state.opened = self.state.monotonic();
        self.state.gateway_known = [false; FLOWS.len()];
        self.state.future.clear();
        self.state.begun = None;
        for number in &mut self.state.numbers {
            number.seen = Seen::default();
            number.code = Code { is_own: false, said_unpaid: None, said_unknown: 0, said_paid: false, ..number.code };
            // A receipt with `journal_fault` says that it is resolved again after a restart.
            number.told_paid &= number.entry.is_paid();
        }
    }
}
