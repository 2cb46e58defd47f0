//! What became of a payment whose answer is not known: the gateway is asked, and the payment repeated where the documents
//! allow it.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use super::orders::has_expired;
use super::trust::Unfit;
use super::{APART, Desk, Evidence, Found, Phase, Seen, Till, Work, found, picked};
use crate::client::Draft;
use crate::clock::{EARLIEST, LATEST};
use crate::endpoint::{Endpoint, OrderRules, Resolution, ResolvedBy};
use crate::error::{Error, text};
use crate::journal::{Entry, EntryId, EntryState, Settlement};
use crate::outcome::{Answer, Doubt, Next, Outcome, Reason, Refusal};
use crate::wire::fields::Fields;
use crate::wire::pairs::Pairs;

/// The longest wait between two questions.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// The longest wait between two questions while a customer pays (protocol C.5: POS firmware asks about every second).
const LONGEST_WAIT_FOR_A_CUSTOMER: Duration = Duration::from_secs(3);
/// Two answers "not found" count as two only this far apart.
const TWO_ANSWERS: Duration = Duration::from_secs(60);

/// What one question settled.
enum Asked {
    Paid(Vec<(String, String)>),
    Unpaid(Refusal),
    /// The customer has not paid yet, said at this time by the gateway's own clock.
    NotYet(Doubt, Option<i64>),
    NotFound {
        first_host: bool,
    },
    Open(Doubt),
    ForAPerson(&'static str),
}

impl Till {
    /// Resolves an entry whose earlier attempts are from another time or process. It moves money only where `repeats`.
    pub(super) fn resolve(&self, work: &Work<'_>, repeats: bool) -> Outcome<Found> {
        let doubt = Doubt::new(Reason::EarlierAttempt, "an earlier attempt has no proven answer");
        if !repeats {
            return self.resolve_unknown(work, None, doubt);
        }
        match self.draft(work.desk, work.endpoint, work.entry) {
            Ok(mut draft) => {
                draft.marked = true;
                draft.attempts = work.entry.attempts.max(1);
                self.resolve_unknown(work, Some(draft), doubt)
            }
            Err(Unfit::Rule(error)) => {
                let words = text(&["it is not repeated: ", &error.to_string()]);
                self.only_ask(work, Doubt::new(Reason::EarlierAttempt, words))
            }
            Err(Unfit::Changed(words)) => match work.endpoint.resolved_by {
                ResolvedBy::Query(_) => self.only_ask(work, Doubt::new(Reason::ForAPerson, words)),
                _ => self.for_a_person(work.entry, words),
            },
        }
    }

    /// What cannot be repeated may still be asked about. If that settles nothing, the cause is what is told.
    fn only_ask(&self, work: &Work<'_>, why: Doubt) -> Outcome<Found> {
        match self.resolve_unknown(work, None, why.clone()) {
            Outcome::Unknown(doubt) if doubt.reason != Reason::ForAPerson => Outcome::Unknown(why),
            outcome => outcome,
        }
    }

    /// Asks, and repeats the draft if there is one, until the order is final or the time is over.
    pub(super) fn resolve_unknown(&self, work: &Work<'_>, draft: Option<Draft>, doubt: Doubt) -> Outcome<Found> {
        match (work.endpoint.resolved_by, draft) {
            (ResolvedBy::Query(resolution), draft) => {
                let slow = resolution.slow.iter().find(|(code, _)| *code == doubt.code);
                // Before a repeat a second must have passed, whenever the process before this one made its attempt.
                let least = if draft.is_some() { APART } else { self.apart(work.entry.id) };
                self.ask_until_final(work, resolution, draft, slow.map_or(least, |(_, slow)| *slow), doubt)
            }
            (ResolvedBy::Order(resolution, _), _) => {
                self.ask_until_final(work, resolution, None, self.apart(work.entry.id), doubt)
            }
            (ResolvedBy::Repeat, Some(draft)) if work.desk.profile().repeat_while_unpaid => {
                self.repeat_until_final(work, draft, doubt)
            }
            (ResolvedBy::Repeat | ResolvedBy::NotByTill, _) => Outcome::Unknown(doubt),
        }
    }

    /// Asks first after `pause`, at once where there is none, and then with growing pauses.
    pub(super) fn ask_until_final(
        &self,
        work: &Work<'_>,
        resolution: &Resolution,
        mut draft: Option<Draft>,
        mut pause: Duration,
        mut doubt: Doubt,
    ) -> Outcome<Found> {
        let entry = work.entry;
        while pause.is_zero() || self.wait(&work.call, &entry.order_number, pause) {
            let mut longest = LONGEST_WAIT;
            let asked = self.ask(work, resolution);
            let told_paid = self.is_called_paid(entry.id);
            match asked {
                Asked::Paid(evidence) => return self.paid(entry, evidence),
                Asked::Unpaid(Refusal { code, .. }) | Asked::NotYet(Doubt { code, .. }, _) if told_paid => {
                    doubt = Doubt { code, ..contradicted() };
                }
                Asked::NotFound { .. } if told_paid => doubt = contradicted(),
                Asked::Unpaid(refusal) => return self.declined(entry, refusal),
                Asked::ForAPerson(reason) => return self.for_a_person(entry, reason),
                Asked::NotYet(not_yet, date) => {
                    if has_expired(work, date) {
                        return self.declined(entry, expired(&not_yet.code));
                    }
                    longest = LONGEST_WAIT_FOR_A_CUSTOMER;
                    doubt = not_yet;
                }
                Asked::NotFound { first_host } => {
                    if self.not_found_is_final(work, resolution, first_host) {
                        return self.declined(entry, never_arrived());
                    }
                    if self.is_past_look_back(entry, resolution) {
                        return self.for_a_person(entry, "the order is older than what the gateway's query covers");
                    }
                    doubt = Doubt::new(Reason::OpenCode, "the gateway does not know the order yet");
                    if let Some(draft) = &mut draft {
                        match self.repeat(work, draft) {
                            Outcome::Unknown(again) => doubt = again,
                            settled => return settled,
                        }
                    }
                }
                Asked::Open(again) => doubt = again,
            }
            pause = pause.saturating_mul(2).clamp(APART, longest);
        }
        Outcome::Unknown(doubt)
    }

    /// A gateway without a query: the identical repeat, which the operator allows. Its refusal is for a person.
    fn repeat_until_final(&self, work: &Work<'_>, mut draft: Draft, mut doubt: Doubt) -> Outcome<Found> {
        let mut pause = APART;
        while self.wait(&work.call, &work.entry.order_number, pause) {
            match self.repeat(work, &mut draft) {
                Outcome::Unknown(again) if again.reason == Reason::EarlierAttempt && !again.code.is_empty() => {
                    return self
                        .for_a_person(work.entry, "the gateway refused a repeat: it may have paid the first attempt");
                }
                Outcome::Unknown(again) => doubt = again,
                settled => return settled,
            }
            pause = pause.saturating_mul(2).min(LONGEST_WAIT);
        }
        Outcome::Unknown(doubt)
    }

    /// The same payment again, counted before its first byte leaves, with the payee's pause before it.
    fn repeat(&self, work: &Work<'_>, draft: &mut Draft) -> Outcome<Found> {
        let Work { desk, endpoint, entry, call, read } = *work;
        if let Some((_, pause)) = endpoint.payee_pause
            && !self.wait(&call, &entry.order_number, pause)
        {
            return Outcome::Unknown(Doubt::new(Reason::OpenCode, "not found; there is no time left for the repeat"));
        }
        if let Err(fault) = self.count_attempt(entry.id) {
            return Outcome::Unknown(Doubt::new(Reason::Journal, fault.to_string()));
        }
        call.tell(&entry.order_number, Phase::Repeating);
        let outcome = desk.pipe.pay(desk.profile(), draft, read);
        self.note_attempt(entry.id);
        match outcome {
            Ok(Outcome::Accepted(pairs)) => self.accepted(entry, endpoint, pairs),
            Ok(Outcome::Declined(refusal)) => {
                // judge never says so of a marked attempt; if it did, it would prove nothing of the first.
                Outcome::Unknown(Doubt::new(Reason::EarlierAttempt, refusal.text))
            }
            Ok(Outcome::Unknown(doubt)) => Outcome::Unknown(doubt),
            Err(error) => Outcome::Unknown(Doubt::new(Reason::EarlierAttempt, error.to_string())),
        }
    }

    /// Asks once whether money came for an order that was given up.
    pub(super) fn ask_for_late(&self, work: &Work<'_>, resolution: &Resolution) -> Option<Outcome<Found>> {
        match self.ask(work, resolution) {
            Asked::Paid(evidence) => Some(self.paid(work.entry, evidence)),
            // The customer is paying, or paid another amount: that is not "unpaid, and final".
            Asked::Open(doubt) if !doubt.code.is_empty() => Some(Outcome::Unknown(doubt)),
            Asked::ForAPerson(reason) => Some(Outcome::Unknown(Doubt::new(Reason::ForAPerson, reason))),
            _ => None,
        }
    }

    /// The same, when it is time to ask.
    pub(super) fn ask_for_late_after(
        &self,
        pause: Duration,
        work: &Work<'_>,
        how: &Resolution,
    ) -> Option<Outcome<Found>> {
        let it_is_time = pause.is_zero() || self.wait(&work.call, &work.entry.order_number, pause);
        if it_is_time { self.ask_for_late(work, how) } else { None }
    }

    fn ask(&self, work: &Work<'_>, resolution: &Resolution) -> Asked {
        work.call.tell(&work.entry.order_number, Phase::Asking);
        let now = self.clock.monotonic();
        self.with_seen(work.entry.id, |seen| seen.asked = Some(now));
        match self.question(work, resolution.query, resolution.fixed) {
            Ok((Answer::Known(pairs), date)) => {
                let asked = known(work, resolution, &pairs, date);
                if matches!(asked, Asked::NotYet(..) | Asked::Open(_)) {
                    self.note_known(work.entry);
                }
                asked
            }
            Ok((Answer::NotKnown { first_host }, _)) => Asked::NotFound { first_host },
            Ok((Answer::NoAnswer(doubt), _)) => Asked::Open(doubt),
            Err(error) => Asked::Open(Doubt::new(Reason::Broken, error.to_string())),
        }
    }

    /// A question about an entry's order. With the answer, the time that the gateway's HTTP server gave with it.
    pub(super) fn question(
        &self,
        work: &Work<'_>,
        endpoint: &'static Endpoint,
        fixed: &[(&'static str, &'static str)],
    ) -> Result<(Answer<Pairs>, Option<i64>), Error> {
        let Desk { pipe, .. } = work.desk;
        let profile = work.desk.profile();
        let mut given = Fields::with_capacity(8, 128);
        given.text(endpoint.order_number, &work.entry.order_number);
        for (name, value) in fixed {
            given.text(name, value);
        }
        let fields = pipe.checked(profile, endpoint, given)?;
        let mut draft = pipe.signed(profile, endpoint, fields)?;
        let left = work.call.questions_until.saturating_sub(self.clock.monotonic()).max(APART);
        pipe.ask(profile, &mut draft, pipe.within.min(left), Some)
    }

    /// The gateway knows the order. A "not found" that comes later is never final, also after a restart.
    fn note_known(&self, entry: &Entry) {
        let before = self.with_seen(entry.id, |seen| core::mem::replace(&mut seen.known, true));
        if before || entry.known {
            return;
        }
        if let Err(fault) = self.journal.with(|journal| journal.note_known(entry.id)) {
            log::error!("{} {}: {fault}", entry.call, entry.order_number);
        }
    }

    /// The query proves that it is paid. Money for an order that was given up is late.
    fn paid(&self, entry: &Entry, evidence: Vec<(String, String)>) -> Outcome<Found> {
        let late = is_given_up(entry);
        let settlement = payment(entry, true, evidence.clone());
        let fault = self.settle(entry, &settlement).err();
        if fault.is_some()
            && let Some(paid) = self.paid_meanwhile(entry.id)
        {
            return self.tell(paid);
        }
        if late && fault.is_some() {
            // The journal allows a new number for it. This process does not.
            self.with_seen(entry.id, |seen| seen.late = Some(evidence.clone()));
        }
        Outcome::Accepted(Found { late, ..found(entry, Evidence::Queried(evidence), fault) })
    }

    pub(super) fn for_a_person(&self, entry: &Entry, reason: impl Into<Cow<'static, str>>) -> Outcome<Found> {
        let reason = reason.into();
        // A journal that fails is logged; the entry stays open, and the next call comes to the same end.
        let _ = self.settle(entry, &Settlement::ForAPerson { reason: reason.clone() });
        Outcome::Unknown(Doubt::new(Reason::ForAPerson, reason))
    }

    pub(super) fn with_seen<T>(&self, id: EntryId, change: impl FnOnce(&mut Seen) -> T) -> T {
        self.seen.with(|all| change(all.entry(id).or_default()))
    }

    /// How long ago the gateway last heard of this entry from this process must be a second: what is left of it.
    pub(super) fn apart(&self, id: EntryId) -> Duration {
        let now = self.clock.monotonic();
        let last = self.with_seen(id, |seen| seen.asked.max(seen.last_attempt));
        last.map_or(Duration::ZERO, |last| APART.saturating_sub(now.saturating_sub(last)))
    }

    /// "Not found" is final only when the window passed in this process's own time since the later of its start and the
    /// last attempt, the first host said it twice, a minute apart, and the order is inside the query's look-back by a
    /// clock that was plausible then and is now.
    fn not_found_is_final(&self, work: &Work<'_>, resolution: &Resolution, first_host: bool) -> bool {
        let entry = work.entry;
        let window = work.desk.profile().window.unwrap_or(resolution.window);
        let now = self.clock.monotonic();
        let first = self.with_seen(entry.id, |seen| {
            let since = seen.last_attempt.unwrap_or(self.opened).max(self.opened);
            // Whoever has its URL can pay it, whatever a query finds.
            let handed_out = matches!(entry.state, EntryState::Settled(Settlement::Ordered { .. }));
            let known = seen.known || entry.known || seen.withheld.is_some();
            if !first_host || handed_out || known || now.saturating_sub(since) < window {
                return None;
            }
            Some(*seen.not_found_since.get_or_insert(now))
        });
        let plausible = entry.begun_at >= EARLIEST && self.clock.unix_seconds() >= entry.last_attempt_at;
        first.is_some_and(|first| now.saturating_sub(first) >= TWO_ANSWERS)
            && plausible
            && !self.is_past_look_back(entry, resolution)
    }

    fn is_past_look_back(&self, entry: &Entry, resolution: &Resolution) -> bool {
        let look_back = i64::try_from(resolution.look_back.as_secs()).unwrap_or(i64::MAX);
        let now = self.clock.unix_seconds();
        let believable = entry.last_attempt_at >= EARLIEST && now < LATEST;
        believable && now.saturating_sub(entry.last_attempt_at) >= look_back
    }
}

/// What the gateway's answer means for this entry.
fn known(work: &Work<'_>, resolution: &Resolution, reply: &Pairs, date: Option<i64>) -> Asked {
    let state = reply.filled(resolution.state).unwrap_or_default();
    if resolution.unpaid.contains(&state) {
        let text = reply.owned("reason").unwrap_or_default();
        return Asked::Unpaid(Refusal { code: state.into(), text, next: Next::NewNumber });
    }
    if !resolution.paid.contains(&state) {
        let waits = |rules: &OrderRules| rules.waiting.contains(&state);
        let not_yet = matches!(work.endpoint.resolved_by, ResolvedBy::Order(_, rules) if waits(rules));
        let doubt = |reason, words| Doubt { code: state.into(), ..Doubt::new(reason, words) };
        return match not_yet {
            true => Asked::NotYet(doubt(Reason::NotPaidYet, "the customer has not paid yet"), date),
            false => Asked::Open(doubt(Reason::OpenCode, "the gateway is still working on it")),
        };
    }
    match reply.fen(resolution.amount) {
        Some(Some(amount)) if amount == work.entry.amount => Asked::Paid(picked(reply, resolution.evidence)),
        Some(None) => Asked::Open(Doubt::new(Reason::OtherOrder, "the query names no amount")),
        _ => Asked::ForAPerson("the gateway knows this order number with another amount"),
    }
}

/// Whether nobody was to pay it any more.
pub(super) fn is_given_up(entry: &Entry) -> bool {
    matches!(
        entry.state,
        EntryState::Settled(
            Settlement::Abandoned
                | Settlement::Declined { .. }
                | Settlement::NotSent
                | Settlement::ByHand { paid: false, .. }
        )
    )
}

/// What an order comes to that is paid.
pub(super) fn payment(entry: &Entry, queried: bool, evidence: Vec<(String, String)>) -> Settlement {
    match is_given_up(entry) {
        true => Settlement::PaidLate { evidence },
        false => Settlement::Accepted { queried, evidence },
    }
}

/// Whether it ends an order as unpaid by what the gateway said. (By hand, a person looked.)
pub(super) fn is_unpaid(settlement: &Settlement) -> bool {
    matches!(settlement, Settlement::Abandoned | Settlement::Declined { .. } | Settlement::NotSent)
}

pub(super) const CONTRADICTED: &str =
    "a signed notification says that it is paid, and the gateway's query does not: ask again, or look at the platform";

/// Who says the truth, the notification or the query? Nobody guesses.
pub(super) fn contradicted() -> Doubt {
    Doubt::new(Reason::OpenCode, CONTRADICTED)
}

/// The order never reached the gateway, and the window in which it could have is over.
fn never_arrived() -> Refusal {
    Refusal { code: "NOT_FOUND".into(), text: "the gateway never saw this order".into(), next: Next::NewNumber }
}

/// The order was not paid in its time.
fn expired(state: &str) -> Refusal {
    Refusal { code: state.into(), text: "the order expired unpaid".into(), next: Next::NewNumber }
}
