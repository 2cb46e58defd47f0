//! `recover.rs`, `orders.rs` and `notified.rs` of the till.

use std::format;
use std::string::String;
use std::time::Duration;
use std::vec::Vec;

use super::gateway::unknown;
use super::mistakes::Carried;
use super::promises::told as heard_of;
use super::run::{Call, ONE_QUESTION, Told, Work};
use super::state::{Run, World};
use crate::endpoint::ResolvedBy;
use crate::error::Error;
use crate::journal::{Entry, JournalFault, Settlement};
use crate::outcome::{Doubt, Outcome, Reason};
use crate::till::receipt::{Evidence, Found};
use crate::till::rules::{self, Asking, Event, Looked, Step};
use crate::till::seen::Seen;
use crate::till::told;
use crate::till::watch::Reversals;
use crate::wire::pairs::Pairs;

impl World<'_> {
    // ---- recover.rs ----

    pub(super) fn recover_with(&mut self, repeats: bool, reversals: Reversals) -> Run<()> {
        for at in 0..self.state.numbers.len() {
            if self.is_to_ask(at) {
                self.recover_one(at, repeats, reversals)?;
            }
            self.settle_unwritten(at);
            // What is pending is reported in doubt, whatever came of asking.
            if !self.entry(at).is_pending() {
                let heard = heard_of(Ok(self.reported(at)));
                self.say(|| format!("reported of number {}: {heard:?}", at + 1));
                self.check_told(heard, Some(at));
            }
        }
        Ok(())
    }

    fn is_to_ask(&self, at: usize) -> bool {
        let (entry, seen) = (self.entry(at), &self.state.numbers[at].seen);
        let is_due = || rules::is_due(seen, self.state.monotonic());
        let asked_again = rules::is_asked_again(&entry, Some(self.account(at).endpoint));
        entry.is_pending() || asked_again || (entry.is_unproven() && is_due())
    }

    fn reported(&self, at: usize) -> Outcome<Found> {
        let entry = Entry::clone(&self.entry(at));
        let doubt = rules::doubted(&entry, &self.state.numbers[at].seen).or_else(|| told::recorded_doubt(&entry));
        doubt.map_or_else(|| told::recorded(&entry), unknown)
    }

    fn recover_one(&mut self, at: usize, repeats: bool, reversals: Reversals) -> Run<()> {
        self.settle_unwritten(at);
        if !self.is_to_ask(at) {
            return Ok(());
        }
        let mut work = self.work(at, self.call(Duration::from_secs(self.patience)));
        work.call.reversals = reversals;
        if self.account(at).endpoint.makes_order() {
            work.call.deadline = self.state.monotonic();
            return self.ask_of(&work).map(drop);
        }
        if self.account(at).endpoint.takes_money() {
            return self.ask_of(&work).map(drop);
        }
        let young = if repeats {
            let unknown = self.of_case(at, &work.entry, |case| case.now(None).is_none());
            let once = Work { call: Call { deadline: self.state.monotonic(), ..work.call }, ..work.clone() };
            if unknown && self.ask_of(&once)?.doubt().is_none() {
                return Ok(());
            }
            let day = Duration::from_secs(86_400);
            self.of_case(at, &work.entry, |case| case.age(None).is_some_and(|age| age < day))
        } else {
            self.mistake.carried == Carried::RecoverRepeats
        };
        self.resume(&work, young).map(drop)
    }

    pub(super) fn settle_by_hand(&mut self, at: usize, paid: bool) -> Result<(), &'static str> {
        if self.mistake.carried != Carried::HandGoesOver {
            self.settle_unwritten(at);
            if self.state.numbers[at].seen.unwritten.is_some() {
                return Err("its end is known, and not written");
            }
        }
        let of_intent = self.as_known();
        let ordered = self.state.numbers[at].seen.ordered.unwrap_or_default().max(self.state.opened);
        let since = self.state.monotonic().saturating_sub(ordered);
        let reversal_is_over = self.is_reversal_over(at);
        let looked =
            Looked { paid, name: "n", reason: "r", busy: false, of_intent: &of_intent, since, reversal_is_over };
        let endpoint = self.account(at).endpoint;
        match rules::by_hand(&self.entry(at), Some(endpoint), &looked, self.stamp()) {
            Step::Write(settlement, _) => {
                self.store(at, &settlement).map_err(|_| "the journal does not take it")?;
                self.forget(at);
                Ok(())
            }
            Step::Refuse(words) => Err(words),
            _ => Err("it is settled already"),
        }
    }

    fn is_reversal_over(&self, at: usize) -> bool {
        let seen = &self.state.numbers[at].seen;
        let last = seen.reversed.unwrap_or_default().max(self.state.opened);
        self.state.monotonic().saturating_sub(last) >= rules::ON_ITS_WAY && seen.paid_all_the_same
    }

    pub(super) fn allow_again(&mut self, at: usize) -> Result<(), &'static str> {
        self.settle_unwritten(at);
        if self.state.numbers[at].seen.unwritten.is_some() {
            return Err("its end is known, and not written");
        }
        let endpoint = self.account(at).endpoint;
        let stored = match rules::again(&self.entry(at), Some(endpoint), false, ("n", "r")) {
            Step::SameNumber => self.store_allowed(at),
            Step::Write(settlement, _) => self.store(at, &settlement).map(drop),
            Step::Refuse(words) => return Err(words),
            _ => return Err("it is not refused for good"),
        };
        stored.map_err(|_| "the journal does not take it")
    }

    // ---- orders.rs ----

    pub(super) fn payment_of(&mut self, at: usize) -> Run<Outcome<Found>> {
        self.settle_unwritten(at);
        let work = self.work(at, self.call(Duration::ZERO));
        self.ask_of(&work)
    }

    pub(super) fn close(&mut self, at: usize) -> Told {
        self.settle_unwritten(at);
        let work = self.work(at, self.call(Duration::ZERO));
        match self.decide(&work, Event::Close) {
            Step::Close(_) => self.ask_to_close(at),
            Step::Refuse(words) => return Ok(Err(Error::field("order_number", words))),
            Step::Unknown(doubt) => return Ok(Ok(unknown(doubt))),
            _ => return Ok(Ok(self.report(at, &work.entry))),
        }
        self.ask_of(&work).map(Ok)
    }

    pub(super) fn accept_late(&mut self, at: usize) -> Told {
        self.settle_unwritten(at);
        let work = self.work(at, self.call(Duration::ZERO));
        match self.decide(&work, Event::AcceptLate) {
            Step::AskIfPaid => {}
            Step::Refuse(words) => return Ok(Err(Error::field("order_number", words))),
            _ => return Ok(Ok(self.report(at, &work.entry))),
        }
        let kept = Settlement::Accepted { queried: true, evidence: Vec::new() };
        let step = match self.mistake.carried {
            Carried::KeepsUnasked => Step::Write(kept, None),
            _ => self.asked(&work, Asking::ToKeepIt, Duration::ZERO),
        };
        match step {
            Step::Write(settlement, proof) => self.keep(&work, settlement, proof),
            Step::Unknown(doubt) => Ok(Ok(unknown(doubt))),
            _ => Ok(Ok(self.report(at, &work.entry))),
        }
    }

    fn keep(&mut self, work: &Work, mut settlement: Settlement, proof: Option<Evidence<Pairs>>) -> Told {
        match self.end_beside(work.at)? {
            Ok(None) => {}
            Ok(Some(doubt)) => return Ok(Ok(unknown(doubt))),
            Err(_) => return Ok(Err(Error::field("journal", "cannot be read"))),
        }
        let written = self.settle(work, &mut settlement);
        if rules::is_late(&settlement) {
            return Ok(Err(Error::field("order_number", rules::GIVE_IT_BACK)));
        }
        Ok(Ok(match written {
            Ok(revision) => self.outcome(work, settlement, proof, Ok(revision)),
            Err(fault) => unknown(Doubt::new(Reason::Journal, String::from(fault.text()))),
        }))
    }

    fn end_beside(&mut self, at: usize) -> Run<Result<Option<Doubt>, JournalFault>> {
        let open = match self.open_beside(at) {
            Ok(Some(open)) if self.mistake.carried != Carried::LeavesOpenBeside => open,
            Ok(_) => return Ok(Ok(None)),
            Err(fault) => return Ok(Err(fault)),
        };
        let ended = match self.account(open).endpoint.resolved_by {
            ResolvedBy::Order(..) => self.close(open)?.unwrap_or_else(|_| unknown(rules::not_recorded())),
            ResolvedBy::Reversal(..) => self.reverse(open)?.unwrap_or_else(|_| unknown(rules::not_recorded())),
            _ => self.payment_of(open)?,
        };
        Ok(self.open_beside(at).map(|open| open.map(|_| rules::not_ended(ended))))
    }

    fn open_beside(&mut self, at: usize) -> Result<Option<usize>, JournalFault> {
        self.read_of_intent()?;
        let open = rules::open_beside(self.entry(at).id, &self.as_known()).map(|open| open.id);
        Ok(open.map(|id| usize::try_from(id).unwrap()))
    }

    // ---- notified.rs ----

    /// A true notification. What it does to a journal that has the payment already is nothing.
    pub(super) fn notified_of(&mut self, at: usize) -> Run<()> {
        if self.settle_notified(at) && !self.entry(at).is_paid() {
            self.ask_whether_paid(at)?;
        }
        Ok(())
    }

    /// False: the journal failed.
    pub(super) fn settle_notified(&mut self, at: usize) -> bool {
        let suffices = self.account(at).profile().notifications_suffice;
        let paid = Vec::from([(String::from("transaction_id"), String::from("1"))]);
        let work = self.work(at, self.call(Duration::ZERO));
        match self.decide(&work, Event::Notified(paid, suffices)) {
            Step::Write(settlement, _) => {
                let settled = self.once(at, settlement).and_then(|settlement| self.store(at, &settlement));
                if settled.is_err() {
                    return false;
                }
                *self.seen(at) = Seen::default();
            }
            Step::AskIfPaid => self.seen(at).called_paid = true,
            _ => {}
        }
        true
    }

    fn ask_whether_paid(&mut self, at: usize) -> Run<()> {
        self.settle_unwritten(at);
        if self.entry(at).is_paid() || self.state.numbers[at].seen.unwritten.is_some() {
            return Ok(());
        }
        let wait = self.of_case(at, &self.entry(at), |case| case.apart());
        let work = self.work(at, self.call(wait + ONE_QUESTION));
        self.ask_if_paid(&work, wait).map(drop)
    }
}
