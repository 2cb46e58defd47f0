//! Every decision about an entry: what ends it, what reopens it, when a new number is used, when it is repeated, when the
//! gateway is asked and when an order is closed.
//!
//! Pure functions from a [`Case`] (the table, the entry, what this process saw, what time it is) and an [`Event`] to a [`Step`]:
//! no journal, no lock, no network. `run.rs` carries steps out and decides nothing. `judge.rs` judges single replies.
//!
//! `docs/money.md` is printed from these functions: each state, each event, the step, and the document or ruling that it
//! comes from (`tests/unit/till/rules/`).

mod answer;
mod case;
mod findings;
mod given_back;
mod refund;
mod reversal;

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use super::period::{is_within, leaves_time, may_be_paid};
use super::receipt::{Evidence, picked};
use super::seen::Seen;
use super::trust::{Unfit, fit};
use crate::endpoint::{Endpoint, ResolvedBy};
use crate::error::text;
use crate::journal::{Entry, EntryId, EntryState, Settlement};
use crate::money::Fen;
use crate::outcome::{Doubt, Next, Outcome, Reason, Refusal};
use crate::wire::pairs::Pairs;
use answer::{after_answer, after_bill, after_late, to_ask};

pub(super) use answer::{ask_now, state_in_words, without_repeat};
pub(super) use case::*;
pub use findings::FindingKind;
pub(super) use findings::{Others, Verdict, day_of, of_no_row, of_row};
pub(super) use given_back::Refunds;
pub(super) use refund::{
    is_refunding, is_time_to_look, may_be_refunded, not_refundable, refuses_a_refund, to_confirm_first,
};
pub(super) use reversal::{
    FRESH_CODE, ON_ITS_WAY, confirms, counts_as_unpaid, first_pause, is_asked_again, is_confirmed, is_due,
};

/// How far the clock may be from the gateway's for pruning.
const A_DAY: i64 = 86_400;

/// The one place where a step is decided.
pub(super) fn step(case: &Case<'_>, event: Event) -> Step {
    match event {
        Event::Pay(look) => to_pay(case, &look),
        Event::Distrust(words) => distrusted(case, words),
        Event::Close => to_close(case),
        Event::AcceptLate => to_accept_late(case),
        Event::Reverse => to_reverse(case),
        Event::Answer(answered) if answered.asking == Asking::ToKeepIt => after_late(case, answered),
        Event::Answer(answered) if answered.asking == Asking::AfterABill => after_bill(case, answered),
        // Whatever comes: what is paid stays paid.
        _ if case.entry.is_paid() => Step::Report,
        Event::Resume { .. } | Event::NotFit(_) | Event::Question if case.seen.unwritten.is_some() => {
            Step::Unknown(not_written(case.entry, case.seen))
        }
        Event::Resume { repeats } => to_resume(case, repeats),
        Event::NotFit(unfit) => not_fit(case, unfit),
        Event::NotMade { changed: Some(words), .. } => for_a_person(words),
        // An attempt before this one left, and was refused: that stays what is known. A refund's refusal is asked about once more (POS flows 5).
        Event::NotMade { refused: Some(Refusal { code, text, next }), .. } if case.refund().is_some() => {
            Step::Write(Settlement::Unproven { code, text, next }, None)
        }
        Event::NotMade { refused: Some(refusal), .. } => declined(refusal),
        Event::NotMade { .. } => Step::Write(Settlement::NotSent, None),
        Event::Attempt(ended) => after_attempt(case, ended),
        Event::Repeat(ended, waited) => after_repeat(case, ended, waited),
        Event::Question => to_ask(case),
        Event::Answer(answered) => match (case.reversal(), case.refund()) {
            (Some(by), _) => reversal::after_answer(case, by, answered),
            (None, Some(by)) => refund::after_answer(case, by, answered),
            (None, None) => after_answer(case, answered),
        },
        Event::Refunds(refunds) => reversal::after_refunds(case, refunds),
        Event::Notified(evidence, true) => Step::Write(case.payment(false, evidence), None),
        Event::Notified(_, false) => Step::AskIfPaid,
    }
}

/// Whether an answer "not found" is the first or the second of the two that it takes.
pub(super) fn counts_as_not_found(case: &Case<'_>, first_host: bool) -> bool {
    case.order().is_some_and(|(_, rules)| answer::is_lost(case, rules, first_host))
        || case.reversal().is_some_and(|(_, rules)| reversal::counts_as_not_found(case, rules, first_host))
}

// ---- what `pay` does with an intent ----

/// The first entry of an intent.
pub(super) fn first(look: &Look) -> Step {
    look.pause.map_or(Step::NewNumber, Step::Wait)
}

/// The entry that decides: money in time, then money for an order that was given up, counts before every newer order, and so
/// does one that a person must look at; else the newest.
pub(super) fn deciding(mut entries: Vec<Entry>, unwritten: impl Fn(&Entry) -> bool) -> Option<Entry> {
    let in_time = |entry: &Entry| entry.is_paid() && !entry.is_paid_late();
    let paid = |entry: &Entry| entry.is_paid() || unwritten(entry);
    let for_a_person = |entry: &Entry| matches!(entry.state, EntryState::Recorded(Settlement::ForAPerson { .. }));
    let first = entries.iter().position(in_time).or_else(|| entries.iter().position(paid));
    match first.or_else(|| entries.iter().position(for_a_person)) {
        Some(first) => Some(entries.swap_remove(first)),
        None => entries.pop(),
    }
}

/// Nobody decides of an entry what its table says: whether its customer may still pay it, whether its number may be sent again.
pub(super) const NO_TABLE: &str = "it is of a call that this till does not know: add its account (`Till::with`), or tell the till of it (`Till::knows`)";

/// What an entry of the same intent under another account, or of another call, means: an intent is unique in the journal, and another way is begun
/// only after a proven end of the first.
pub(super) enum Elsewhere {
    /// It ended unpaid, and its number is given up.
    Ended,
    /// It was paid, or its own number may be sent again: another way would be another payment.
    InTheWay(&'static str),
    /// It is asked about first.
    Pending,
    /// Its end is known, and not written.
    Unknown(Doubt),
}

pub(super) fn elsewhere(entry: &Entry, endpoint: Option<&Endpoint>, seen: &Seen, now: Duration) -> Elsewhere {
    match &entry.state {
        _ if entry.is_paid() => Elsewhere::InTheWay("was paid already"),
        _ if seen.unwritten.is_some() => Elsewhere::Unknown(not_written(entry, seen)),
        _ if !entry.is_settled() || seen.called_paid => Elsewhere::Pending,
        _ if entry.is_unproven() && !is_confirmed(seen, now) => Elsewhere::Pending,
        // Whether it binds the sale, too, stands in its table.
        _ if entry.is_refused_for_good() && endpoint.is_none() => Elsewhere::InTheWay(NO_TABLE),
        // "Stop" binds this call and this account, not the sale (POS flows 20.8).
        _ if entry.is_refused_for_good() && endpoint.is_some_and(Endpoint::takes_money) => Elsewhere::Ended,
        _ if entry.allows_new_number() => Elsewhere::Ended,
        _ if entry.allows_same_number() => Elsewhere::InTheWay(
            "was refused, and may be sent again under its own number: send it there, or let a person settle it as unpaid",
        ),
        _ => Elsewhere::InTheWay("was refused for good: a person may settle it as unpaid"),
    }
}

fn to_pay(case: &Case<'_>, look: &Look) -> Step {
    let entry = case.entry;
    if entry.is_paid() {
        return Step::Report;
    }
    if case.seen.unwritten.is_some() {
        return Step::Unknown(not_written(entry, case.seen));
    }
    if look.called_paid {
        return Step::AskIfPaid;
    }
    match look.pause {
        Some(pause) if begins(entry) => Step::Wait(pause),
        _ if look.goes_again => Step::SameNumber,
        // The documents' words: mend the cause, then the same number. Whatever became of it, it is paid once.
        _ if look.mended && is_refused_for_now(entry) => Step::SameNumber,
        // A refund keeps its number until the query says REFUNDCLOSE of it (POS ruling 8): a backup of the journal may have forgotten that
        // it was sent.
        _ if case.refund().is_some() && !was_sent(entry) => Step::SameNumber,
        _ if entry.is_unproven() && entry.allows_new_number() && !is_confirmed(case.seen, case.times.monotonic) => {
            Step::Confirm
        }
        _ if entry.allows_new_number() => Step::NewNumber,
        _ if entry.is_pending() => Step::Resume,
        _ => Step::Report,
    }
}

/// It was refused, and its own number may be sent again with the cause mended.
fn is_refused_for_now(entry: &Entry) -> bool {
    entry.allows_same_number() && !entry.allows_new_number()
}

/// Whether other fields than an entry's may be paid under its intent: nothing was paid, and nothing is open. The amount of a sale by payment
/// code never changes, once something of it was sent (POS flows 20.26).
pub(super) fn takes_mended(latest: Option<&Entry>, endpoint: &Endpoint, amount: Fen) -> bool {
    latest.is_some_and(|entry| {
        let is_mended = entry.allows_new_number() || is_refused_for_now(entry);
        let by_code = endpoint.one_time().is_some();
        // One refund number, one refund.
        is_mended && !(by_code && is_another_amount(entry, amount)) && endpoint.refund().is_none()
    })
}

pub(super) fn is_another_amount(entry: &Entry, amount: Fen) -> bool {
    was_sent(entry) && entry.amount != amount
}

/// Its end is known, and the journal does not have it: nothing is done with it before.
pub(super) fn not_written(entry: &Entry, seen: &Seen) -> Doubt {
    let what = if is_paid_unwritten(seen) { " was paid" } else { " came to its end" };
    let words = text(&[&entry.order_number, what, ", and the journal cannot say so"]);
    Doubt::new(Reason::Journal, words)
}

/// It was asked about, nothing is in doubt, and it is pending all the same.
pub(super) fn not_recorded() -> Doubt {
    Doubt::new(Reason::Journal, "the result could not be written")
}

/// Why what the journal has of an entry is not what is known of it.
pub(super) fn doubted(entry: &Entry, seen: &Seen) -> Option<Doubt> {
    match entry {
        _ if seen.unwritten.is_some() => Some(not_written(entry, seen)),
        _ if is_given_up(entry) && seen.called_paid => Some(contradicted()),
        _ => None,
    }
}

/// What is still to be written of it. An unpaid word never goes over a notification's "paid"; and what is proven to be paid
/// counts over whatever was written since, also over a person's word.
pub(super) fn to_write(entry: &Entry, seen: &Seen) -> Option<Settlement> {
    match seen.unwritten.clone()? {
        settlement if is_unpaid(&settlement) && seen.called_paid => None,
        settlement if !entry.is_paid() && entry.takes(&settlement) => Some(settlement),
        Settlement::Accepted { evidence, .. } if !entry.is_paid() => Some(Settlement::PaidLate { evidence }),
        _ => None,
    }
}

/// What is left of the pauses that the gateway asks for: after the refusal that said so, and between two payments to one
/// payee (with the time of the last one).
pub(super) fn pause_left(
    latest: Option<&Entry>,
    payee: Option<(Duration, i64)>,
    now: i64,
    seen_for: &dyn Fn(i64) -> Duration,
) -> Option<Duration> {
    let left = |(pause, last): (Duration, i64)| -> Option<Duration> {
        // A time in the future was written under a wrong clock, then or now: it counts from when this process first saw it.
        let since = u64::try_from(now.saturating_sub(last)).map_or_else(|_| seen_for(last), Duration::from_secs);
        Some(pause.saturating_sub(since)).filter(|left| !left.is_zero())
    };
    let refused = latest.and_then(|entry| match &entry.state {
        EntryState::Recorded(Settlement::Declined { next, .. } | Settlement::Unproven { next, .. }) => match next {
            Next::SameNumberLater(wait) => left(((*wait).max(APART), entry.last_attempt_at)),
            Next::SameNumber => left((APART, entry.last_attempt_at)),
            Next::NewNumber | Next::Stop => None,
        },
        _ => None,
    });
    refused.max(payee.and_then(left))
}

/// Whether a settled entry is sent again under its number: it allows that, and its fields would be allowed today. `Err`:
/// its fields were changed, in words.
pub(super) fn goes_again(case: &Case<'_>) -> Result<bool, String> {
    // A code is sent once, and a restored journal may have forgotten that it was (POS flows 20.19).
    if case.endpoint.one_time().is_some() {
        return Ok(false);
    }
    // An order says until when it may be paid. It is sent again only if that leaves the customer time.
    let is_fresh = case.order().is_none_or(|(_, rules)| leaves_time(case.entry, rules, case.times.now));
    if !case.entry.allows_same_number() || case.entry.fields.is_empty() || !is_fresh {
        return Ok(false);
    }
    match fit(case.entry, case.endpoint, case.profile, None) {
        Ok(_) => Ok(true),
        Err(Unfit::Rule(_)) => Ok(false),
        Err(Unfit::Changed(words)) => Err(words),
    }
}

/// The refusal that an entry was settled with: what is told where the pause after it is not waited for.
pub(super) fn refusal(state: EntryState) -> Option<Refusal> {
    match state {
        EntryState::Recorded(Settlement::Declined { code, text, next } | Settlement::Unproven { code, text, next }) => {
            Some(Refusal { code, text, next })
        }
        _ => None,
    }
}

/// Whether a first attempt could follow, if no pause were due.
pub(super) fn begins(entry: &Entry) -> bool {
    entry.allows_new_number() || entry.allows_same_number()
}

/// Whether there is a word of the gateway's, or a person's, about it.
pub(super) fn was_sent(entry: &Entry) -> bool {
    !matches!(entry.state, EntryState::Recorded(Settlement::NotSent))
}

// ---- after an attempt ----

fn after_attempt(case: &Case<'_>, ended: Ended) -> Step {
    let outcome = match ended {
        Ended::Judged(outcome) => outcome,
        Ended::NotSent(_) | Ended::NoTime | Ended::NotCounted(_) => return Step::Write(Settlement::NotSent, None),
    };
    match (outcome, case.endpoint.resolved_by) {
        (Outcome::Ordered(pairs), ResolvedBy::Order(_, rules)) => {
            case.hand_out(picked(&pairs, rules.handed_out), Evidence::Reply(pairs))
        }
        (Outcome::Accepted(pairs), _) => accepted(case, pairs),
        (Outcome::Taken(pairs), _) => taken(case, pairs),
        // judge says Ordered of orders only, and PaidLate of nothing: if it did, nothing would be known.
        (Outcome::Ordered(_) | Outcome::PaidLate(_), _) => {
            resolve(case, true, Doubt::new(Reason::Broken, "no outcome of a payment"))
        }
        (Outcome::Declined(Refusal { code, text, .. }), flow) if case.is_from_before => {
            let doubt = Doubt { code, ..Doubt::new(Reason::EarlierAttempt, text) };
            match flow {
                // Nobody has its URL.
                ResolvedBy::Order(..) => Step::GiveUp(doubt),
                _ => resolve(case, true, doubt),
            }
        }
        (Outcome::Declined(refusal), _) => match refusal.next {
            Next::SameNumberLater(wait) => Step::SameNumberAfter(wait.max(APART), refusal),
            Next::SameNumber | Next::NewNumber | Next::Stop => declined(refusal),
        },
        // The answer was lost, and with it what the customer needs. The query does not return it.
        (Outcome::Unknown(doubt), ResolvedBy::Order(..)) => Step::GiveUp(doubt),
        (Outcome::Unknown(doubt), _) => resolve(case, true, doubt),
    }
}

/// The gateway took a refund.
fn taken(case: &Case<'_>, pairs: Pairs) -> Step {
    let evidence = picked(&pairs, case.endpoint.reply.only_in_success);
    Step::Write(Settlement::Refunding { evidence }, Some(Evidence::Reply(pairs)))
}

fn accepted(case: &Case<'_>, pairs: Pairs) -> Step {
    let evidence = picked(&pairs, case.endpoint.reply.must_have);
    Step::Write(Settlement::Accepted { queried: false, evidence }, Some(Evidence::Reply(pairs)))
}

// ---- what is open ----

fn to_resume(case: &Case<'_>, repeats: bool) -> Step {
    let earlier = || Doubt::new(Reason::EarlierAttempt, "an earlier attempt has no proven answer");
    let Some((_, rules)) = case.order() else { return resolve(case, repeats, earlier()) };
    match (&case.entry.state, &case.seen.withheld) {
        // Never after its end: nobody could pay it in time.
        (_, Some(_)) if !is_within(case.entry, rules, case.times.now) => resolve(case, false, earlier()),
        (EntryState::Recorded(Settlement::Ordered { .. }), _) => match is_within(case.entry, rules, case.times.now) {
            true => Step::Report,
            false => resolve(case, false, earlier()),
        },
        // The journal failed then. Now, perhaps, it does not.
        (_, Some(kept)) => case.hand_out(kept.clone(), Evidence::Recorded(kept.clone())),
        (_, None) => Step::GiveUp(Doubt::new(Reason::EarlierAttempt, "an earlier order's answer was lost")),
    }
}

/// Whether the identical payment may be sent again at all: an order's repeat would not give its customer what was lost.
pub(super) fn is_repeatable(endpoint: &Endpoint) -> bool {
    matches!(endpoint.resolved_by, ResolvedBy::Query(_) | ResolvedBy::Repeat)
}

/// How an unknown outcome is resolved (protocol R.5).
fn resolve(case: &Case<'_>, repeats: bool, doubt: Doubt) -> Step {
    match case.endpoint.resolved_by {
        ResolvedBy::Query(resolution) => {
            let slow = resolution.slow.iter().find(|(code, _)| *code == doubt.code);
            // Before a repeat a second must have passed, whenever the process before this one made its attempt.
            let least = if repeats { APART } else { case.apart() };
            Step::Ask(slow.map_or(least, |(_, slow)| *slow), doubt)
        }
        ResolvedBy::Order(..) => Step::Ask(case.apart(), doubt),
        // The second witness is asked at once (POS ruling 1).
        ResolvedBy::Reversal(..) if case.seen.refused.is_some() => Step::Ask(Duration::ZERO, doubt),
        ResolvedBy::Reversal(resolution, _) => {
            let slow = resolution.slow.iter().find(|(code, _)| *code == doubt.code);
            let reason = if slow.is_some() { Reason::CustomerPaying } else { doubt.reason };
            Step::Ask(slow.map_or(case.apart(), |(_, slow)| *slow), Doubt { reason, ..doubt })
        }
        ResolvedBy::Repeat if repeats && case.profile.repeat_while_unpaid => Step::Repeat(APART, doubt),
        ResolvedBy::Repeat | ResolvedBy::NotByTill => Step::Unknown(doubt),
    }
}

/// What cannot be repeated may still be asked about.
fn not_fit(case: &Case<'_>, unfit: Unfit) -> Step {
    match (unfit, case.endpoint.resolved_by) {
        (Unfit::Changed(words), ResolvedBy::Query(_)) => resolve(case, false, Doubt::new(Reason::ForAPerson, words)),
        (Unfit::Changed(words), _) => for_a_person(words),
        (Unfit::Rule(error), _) => {
            let words = text(&["it is not repeated: ", &error.to_string()]);
            resolve(case, false, Doubt::new(Reason::EarlierAttempt, words))
        }
    }
}

fn after_repeat(case: &Case<'_>, ended: Ended, waited: Duration) -> Step {
    let is_only_way = matches!(case.endpoint.resolved_by, ResolvedBy::Repeat);
    let doubt = match ended {
        Ended::Judged(Outcome::Accepted(pairs)) => return accepted(case, pairs),
        Ended::Judged(Outcome::Taken(pairs)) => return taken(case, pairs),
        // A gateway without a query: the refusal of a repeat may be the answer to a paid number (protocol D.3).
        Ended::Judged(Outcome::Unknown(doubt))
            if is_only_way && doubt.reason == Reason::EarlierAttempt && !doubt.code.is_empty() =>
        {
            return for_a_person("the gateway refused a repeat: it may have paid the first attempt");
        }
        Ended::Judged(Outcome::Unknown(doubt)) => doubt,
        Ended::Judged(Outcome::Ordered(_) | Outcome::PaidLate(_)) => {
            Doubt::new(Reason::Broken, "no outcome of a repeat")
        }
        // judge never says so of a marked attempt; if it did, it would prove nothing of the first.
        Ended::Judged(Outcome::Declined(refusal)) => Doubt::new(Reason::EarlierAttempt, refusal.text),
        Ended::NotSent(words) => Doubt::new(Reason::EarlierAttempt, words),
        Ended::NoTime => Doubt::new(Reason::OpenCode, "not found; there is no time left for the repeat"),
        Ended::NotCounted(fault) => Doubt::new(Reason::Journal, fault.to_string()),
    };
    let wait = longer(waited, LONGEST_WAIT);
    if is_only_way { Step::Repeat(wait.max(case.until_repeat()), doubt) } else { Step::Ask(wait, doubt) }
}

// ---- orders, notifications, people ----

fn to_close(case: &Case<'_>) -> Step {
    match case.order() {
        None => Step::Refuse("is not an order that a customer pays"),
        Some(_) if case.entry.is_settled() => Step::Report,
        Some(_) if case.seen.unwritten.is_some() => Step::Unknown(not_written(case.entry, case.seen)),
        Some(_) => Step::Close(Doubt::new(Reason::EarlierAttempt, "it was not asked")),
    }
}

/// Keeping late money is an act of the caller's own, and the gateway says first that the money is still there (POS ruling 4).
fn to_accept_late(case: &Case<'_>) -> Step {
    match case.entry.is_paid_late() {
        true if case.reversals() > 0 => Step::Refuse("was being taken back: give this money back"),
        true => Step::AskIfPaid,
        false => Step::Refuse("is no late money"),
    }
}

/// Taking back what is not proven (POS flows 20.14).
fn to_reverse(case: &Case<'_>) -> Step {
    match &case.entry.state {
        _ if case.reversal().is_none() => Step::Refuse("is no payment by a customer's code"),
        _ if case.seen.unwritten.is_some() => Step::Unknown(not_written(case.entry, case.seen)),
        EntryState::Recorded(Settlement::Accepted { .. } | Settlement::ByHand { paid: true, .. }) => {
            Step::Refuse("was accepted: refund it")
        }
        _ if case.entry.may_be_reversed() => ask_now(case),
        _ => Step::Report,
    }
}

/// What of the same intent may still be paid in time; a process that could not write so may even have told it as accepted. It is
/// ended before late money is kept.
pub(super) fn open_beside(id: EntryId, of_intent: &[Entry]) -> Option<&Entry> {
    of_intent.iter().find(|entry| entry.id != id && entry.is_pending() && !is_given_up(entry))
}

/// The orders of the same intent that a customer may have before them, where money of it came late.
pub(super) fn shown_beside(late: &Entry, of_intent: Vec<Entry>) -> Vec<Entry> {
    let is_shown =
        |entry: &Entry| entry.id != late.id && matches!(entry.state, EntryState::Recorded(Settlement::Ordered { .. }));
    match late.is_paid_late() {
        true => of_intent.into_iter().filter(is_shown).collect(),
        false => Vec::new(),
    }
}

/// Why it did not end: then nothing is kept.
pub(super) fn not_ended<T>(beside: Outcome<T>) -> Doubt {
    let doubt = beside.doubt().unwrap_or_else(not_recorded);
    let words = text(&["another order of this sale is open: ", &doubt.text]);
    Doubt { text: words.into(), ..doubt }
}

pub(super) const GIVE_IT_BACK: &str = "another order of this sale was paid: give this money back";

/// What a person's word leaves as evidence.
pub(super) fn found_by(name: String, reason: String) -> Vec<(String, String)> {
    Vec::from([("by".into(), name), ("reason".into(), reason)])
}

/// One intent is accepted once: whatever else of it is paid is late (POS ruling 4). A number that is not the newest was given up, also
/// where a person was to look at it since; only `accept_late` makes it count.
pub(super) fn once(settlement: Settlement, id: EntryId, of_intent: &[Entry]) -> Settlement {
    let accepted = |entry: &Entry| entry.id != id && entry.is_paid() && !entry.is_paid_late();
    let kept = of_intent.iter().any(|entry| entry.id == id && entry.is_paid_late());
    let given_up = !kept && of_intent.iter().any(|entry| entry.id > id || (entry.id == id && entry.reversals > 0));
    match settlement {
        settlement if !given_up && !of_intent.iter().any(accepted) => settlement,
        Settlement::Accepted { evidence, .. } => Settlement::PaidLate { evidence },
        Settlement::ByHand { paid: true, name, reason } => Settlement::PaidLate { evidence: found_by(name, reason) },
        settlement => settlement,
    }
}

/// A person closes an entry that nothing else can.
pub(super) fn by_hand(entry: &Entry, endpoint: Option<&Endpoint>, looked: &Looked<'_>, now: i64) -> Step {
    let Looked { paid, name, reason, busy, of_intent, since, reversal_is_over } = *looked;
    if busy {
        return Step::Refuse("a thread is working on this entry: try again");
    }
    if paid && entry.reversals > 0 && !reversal_is_over {
        return Step::Refuse("it is being taken back: ask again 5 minutes after the last reversal");
    }
    if !paid && endpoint.is_some_and(|endpoint| may_be_paid(entry, endpoint, now, since)) {
        return Step::Refuse("its customer may still pay this order: close it first");
    }
    let settlement = once(Settlement::ByHand { paid, name: name.into(), reason: reason.into() }, entry.id, of_intent);
    if !entry.takes(&settlement) {
        return Step::Refuse("the entry is settled already");
    }
    if !paid && endpoint.is_none() {
        return Step::Refuse(NO_TABLE);
    }
    Step::Write(settlement, None)
}

/// A person lets be paid again what was refused for good. What was refused may lie at the gateway and be paid there later, so its own
/// number is sent again where that is documented.
pub(super) fn again(entry: &Entry, endpoint: Option<&Endpoint>, busy: bool, (name, reason): (&str, &str)) -> Step {
    match endpoint {
        _ if busy => Step::Refuse("a thread is working on this entry: try again"),
        _ if !entry.is_refused_for_good() => Step::Refuse("it was not refused for good: `pay` says what is allowed"),
        None => Step::Refuse(NO_TABLE),
        Some(endpoint) if is_repeatable(endpoint) => Step::SameNumber,
        Some(_) => Step::Write(Settlement::ByHand { paid: false, name: name.into(), reason: reason.into() }, None),
    }
}

/// Nobody but a person can tell. What is settled stays, but it is not believed.
fn distrusted(case: &Case<'_>, words: String) -> Step {
    if case.entry.is_pending() {
        return for_a_person(words);
    }
    Step::Unknown(Doubt::new(Reason::ForAPerson, words))
}

// ---- before pruning ----

/// A wrong clock would make a paid intent payable again: nothing goes before a gateway's own time agreed with it to a day.
pub(super) fn may_prune(now: i64, mut gateways: impl Iterator<Item = i64>) -> bool {
    gateways.any(|gateway_now| now.saturating_sub(gateway_now).saturating_abs() <= A_DAY)
}

#[cfg(test)]
#[path = "../../../tests/unit/till/rules/mod.rs"]
mod tests;
