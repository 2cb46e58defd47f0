//! Refunds: what follows from the query's rows, and what may be given back at all.
//!
//! Document: POS flows 5, ruling 8, 20.9, 20.12, 20.13.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::answer::{OTHER_AMOUNT, TWO_ANSWERS, not_found};
use super::case::*;
use crate::endpoint::{RefundRules, Resolution};
use crate::error::text;
use crate::journal::{Entry, EntryId, EntryState, Settlement};
use crate::money::Fen;
use crate::outcome::{Answer, Doubt, Next, Outcome, Reason, Refusal};
use crate::till::receipt::Evidence;
use crate::till::seen::Seen;
use crate::wire::pairs::Pairs;

/// How long after a refusal it is asked about once more.
const ONCE_MORE: Duration = Duration::from_secs(60);

const ON_ITS_WAY: &str = "the refund is on its way";
const CHANGE: &str =
    "the money could not go back to the customer's card, and is with the merchant again: pay the customer (CHANGE)";
const TOO_LONG: &str = "the refund was taken 30 days ago, and did not arrive";
const REFUSED_AGAIN: &str = "the gateway refused this refund again and again, and does not know it";
const FAILED_AGAIN: &str = "this refund failed, and the gateway refused it again and again since then";
const FAILED_BEFORE: &str = "an earlier try of this refund failed: named again, it is sent again under its own number";
const NO_ROW: &str = "the gateway's answer has no row of this refund";

/// What the query says of a refund.
pub(super) fn after_answer(
    case: &Case<'_>,
    (resolution, rules): (&'static Resolution, &'static RefundRules),
    answered: Answered,
) -> Step {
    let Answered { answer, date, waited, .. } = answered;
    let again = |doubt| Step::Ask(longer(waited, LONGEST_WAIT), doubt);
    let is_quiet = is_refunding(case.entry) || is_left_to_a_person(case.entry);
    match answer {
        Answer::Known(pairs) => {
            match pairs.row_of((resolution.query.order_number, &case.entry.order_number), rules.rows) {
                Some(row) => in_row(case, (resolution, rules), (&pairs, row), (date, waited)),
                None if is_quiet => Step::Unknown(Doubt::new(Reason::OtherOrder, NO_ROW)),
                None => again(Doubt::new(Reason::OtherOrder, NO_ROW)),
            }
        }
        Answer::NoAnswer(doubt) if is_quiet || case.entry.is_unproven() => Step::Unknown(doubt),
        Answer::NoAnswer(doubt) => again(doubt),
        // It was taken: that it is not known now is a doubt, and no end.
        Answer::NotKnown { .. } if is_quiet => {
            Step::Unknown(Doubt::new(Reason::OpenCode, "the gateway does not know the refund that it took"))
        }
        Answer::NotKnown { first_host } if case.entry.is_unproven() => confirmed_again(case, first_host),
        Answer::NotKnown { first_host: true } if is_refused_for_good(case) => for_a_person(REFUSED_AGAIN),
        Answer::NotKnown { first_host } => match not_found(case, resolution, first_host, (date, waited)) {
            // The query does not know it: the usual answer to a refusal, which is asked about once more.
            Step::Write(Settlement::Declined { code, text, next }, proof) => {
                Step::Write(Settlement::Unproven { code, text, next }, proof)
            }
            step => step,
        },
    }
}

/// Our own row, whatever its index.
fn in_row(
    case: &Case<'_>,
    (resolution, rules): (&'static Resolution, &'static RefundRules),
    (pairs, row): (&Pairs, usize),
    (date, waited): (Option<i64>, Duration),
) -> Step {
    let state = pairs.in_row(resolution.state, row).unwrap_or_default();
    if pairs.in_row(resolution.amount, row).and_then(Fen::read) != Some(case.entry.amount) {
        return for_a_person(OTHER_AMOUNT);
    }
    let field = |name: &&str| Some((String::from(*name), String::from(pairs.in_row(name, row)?)));
    let evidence: Vec<(String, String)> = resolution.evidence.iter().filter_map(field).collect();
    let proof = Some(Evidence::Queried(evidence.clone()));
    let refused = |next| declined(Refusal { code: state.into(), text: String::new(), next });
    match state {
        _ if resolution.paid.contains(&state) => Step::Write(Settlement::Accepted { queried: true, evidence }, proof),
        _ if rules.taken.contains(&state) && case.age(date).is_some_and(|age| age >= rules.gives_up) => {
            if is_left_to_a_person(case.entry) {
                Step::Report
            } else {
                for_a_person(TOO_LONG)
            }
        }
        _ if rules.taken.contains(&state) && is_refunding(case.entry) => Step::Report,
        _ if rules.taken.contains(&state) => Step::Write(Settlement::Refunding { evidence }, proof),
        _ if rules.for_a_person.contains(&state) && is_left_to_a_person(case.entry) => Step::Report,
        _ if rules.for_a_person.contains(&state) => for_a_person(CHANGE),
        // Only the signed row of our own number ends a number (ruling 8).
        _ if resolution.unpaid.contains(&state) => refused(Next::NewNumber),
        _ if rules.again.contains(&state) && was_sent_again(case) => failed_before(case, state, waited),
        _ if rules.again.contains(&state) => refused(Next::SameNumber),
        _ if is_refunding(case.entry) => {
            Step::Unknown(Doubt { code: state.into(), ..Doubt::new(Reason::OpenCode, ON_ITS_WAY) })
        }
        _ => Step::Ask(
            longer(waited, LONGEST_WAIT),
            Doubt { code: state.into(), ..Doubt::new(Reason::OpenCode, ON_ITS_WAY) },
        ),
    }
}

/// Whether its number left after the time that a row may be of: an answer is up to a minute behind, as after a refusal.
fn was_sent_again(case: &Case<'_>) -> bool {
    let more_than_once = case.entry.attempts.max(case.seen.attempts) > 1;
    more_than_once && (case.entry.state == EntryState::Open || case.since_attempt() < ONCE_MORE)
}

/// A row FAIL keeps the number (POS flows 5), and says nothing of the request that was sent after it: that one may be taken, or still come.
/// What was taken stays taken, until it is asked about later; a refusal of it is asked about once more; without an answer it is sent
/// again, as where the query does not know it.
fn failed_before(case: &Case<'_>, state: &str, waited: Duration) -> Step {
    let doubt = Doubt { code: state.into(), ..Doubt::new(Reason::OpenCode, FAILED_BEFORE) };
    if case.entry.state != EntryState::Open {
        return Step::Report;
    }
    match case.seen.refused.clone() {
        Some(Refusal { code, text, next }) => Step::Write(Settlement::Unproven { code, text, next }, None),
        None if is_refused_for_good(case) => for_a_person(FAILED_AGAIN),
        None if case.until_repeat().is_zero() => Step::Repeat(Duration::ZERO, doubt),
        None => Step::Ask(longer(waited, LONGEST_WAIT), doubt),
    }
}

/// Taken, and on its way.
pub(in crate::till) fn is_refunding(entry: &Entry) -> bool {
    matches!(entry.state, EntryState::Recorded(Settlement::Refunding { .. }))
}

/// The identical repeat was refused twice, a minute apart, and the first host never knew it (POS flows 5).
fn is_refused_for_good(case: &Case<'_>) -> bool {
    case.seen.repeat_refused.is_some_and(|(since, last)| last && case.since(since) >= TWO_ANSWERS)
}

/// Whether a repeat of a refund was refused, in whatever words: they also answer a repeat whose first try worked.
pub(in crate::till) fn refuses_a_refund(case: &Case<'_>, outcome: &Outcome<Pairs>) -> bool {
    let (Some((_, rules)), Outcome::Unknown(doubt)) = (case.refund(), outcome) else { return false };
    let by_code = matches!(doubt.reason, Reason::OpenCode | Reason::EarlierAttempt) && !doubt.code.is_empty();
    by_code && !rules.ask_again.contains(&doubt.code.as_str())
}

/// A refusal is asked about once at once, and once more: then it is its end.
fn confirmed_again(case: &Case<'_>, first_host: bool) -> Step {
    let EntryState::Recorded(Settlement::Unproven { code, text, next }) = &case.entry.state else {
        return Step::Report;
    };
    let refused_at = case.seen.refused_at.unwrap_or(case.times.opened);
    match first_host && case.since(refused_at) >= ONCE_MORE {
        true => declined(Refusal { code: code.clone(), text: text.clone(), next: *next }),
        false => Step::Report,
    }
}

/// Whether it is time to ask whether a refund arrived: 20 minutes after it was begun, then every 6 hours.
pub(in crate::till) fn is_time_to_look(entry: &Entry, rules: &RefundRules, seen: &Seen, now: Duration) -> bool {
    if !is_refunding(entry) {
        return true;
    }
    let (first, again) = rules.looks;
    let first = seen.begun.map_or(Duration::ZERO, |begun| begun.saturating_add(first));
    let next = seen.asked.map_or(first, |asked| if asked < first { first } else { asked.saturating_add(again) });
    now >= next
}

// ---- what may be given back ----

/// Whether an order's money is there to be given back. `Err`: why not.
pub(in crate::till) fn may_be_refunded(order: &Entry, is_open: bool) -> Result<(), &'static str> {
    match &order.state {
        _ if order.is_paid() => Ok(()),
        _ if is_open => Err("its end could not be written yet: ask again"),
        _ if order.reversals > 0 && !order.is_settled() => Err("is being taken back"),
        EntryState::Recorded(Settlement::ForAPerson { .. }) => Err("waits for a person: look at it first"),
        _ if order.is_settled() => Err("was not paid"),
        _ => Err("is open: what became of it comes first"),
    }
}

/// What of an order's total the refunds leave, but for one of them. What is not proven refused counts.
fn left_of(total: Fen, refunds: &[Entry], but: Option<EntryId>) -> Fen {
    let counts = |entry: &&Entry| Some(entry.id) != but && !is_given_up(entry);
    let given: u64 = refunds.iter().filter(counts).map(|entry| u64::from(entry.amount.get())).sum();
    let left = u64::from(total.get()).saturating_sub(given);
    Fen::new(i64::try_from(left).unwrap_or_default()).unwrap_or_default()
}

/// The refusals among them that are not proven: each is asked about before its amount is given to another refund.
pub(in crate::till) fn to_confirm_first(
    refunds: &[Entry],
    but: Option<EntryId>,
    seen: impl Fn(EntryId) -> Seen,
    now: Duration,
) -> Option<&Entry> {
    let asks =
        |entry: &&Entry| entry.is_unproven() && Some(entry.id) != but && !super::is_confirmed(&seen(entry.id), now);
    refunds.iter().find(asks)
}

/// So many refunds an order takes at most [O].
const MOST_REFUNDS: usize = 50;

/// Why another refund of this amount may not begin.
pub(in crate::till) fn not_refundable(
    amount: Fen,
    total: Fen,
    refunds: &[Entry],
    but: Option<EntryId>,
) -> Option<String> {
    let others = refunds.iter().filter(|entry| Some(entry.id) != but && !is_given_up(entry)).count();
    let left = left_of(total, refunds, but);
    match others >= MOST_REFUNDS {
        true => Some("an order takes at most 50 refunds".into()),
        false => (amount > left).then(|| too_much(left)),
    }
}

/// In words.
fn too_much(left: Fen) -> String {
    text(&["is more than what is left of the order: ", &alloc::string::ToString::to_string(&left), " fen"])
}
