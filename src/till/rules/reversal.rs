//! Payments by a customer's code: what follows from the query's answer, and when the money is taken back.
//!
//! Document: POS flows 3.1 to 3.7, rulings 1 to 5, 20. The decision to reverse is durable before its first byte; from then on
//! the payment is never accepted.

use core::time::Duration;

use super::answer::{
    GIVEN_BACK, KNEW_IT, NOBODY_KNOWS, OTHER_AMOUNT, TWO_ANSWERS, confirmed, is_past_look_back, names_it, too_old,
};
use super::case::*;
use super::given_back::Refunds;
use crate::endpoint::{Endpoint, Resolution, ResolvedBy, ReversalRules};
use crate::journal::{Entry, EntryState, Settlement};
use crate::outcome::{Answer, Doubt, Next, Reason, Refusal};
use crate::till::receipt::{Evidence, picked};
use crate::till::seen::Seen;
use crate::wire::pairs::Pairs;

/// So long a refusal that the query does not know is asked about again.
const A_DAY: Duration = Duration::from_secs(86_400);
/// Between two questions about a refusal: this, then twice as long.
const BETWEEN_PROOFS: Duration = Duration::from_secs(60);
/// How fresh "not found" must be, for another number to begin.
const FRESH: Duration = Duration::from_secs(30);
/// How old a payment code may be for another number to begin with it (POS ruling 6).
pub(in crate::till) const FRESH_CODE: Duration = Duration::from_secs(30);
/// Refusals of a reversal count as final so many times, and not before this time has passed.
const REFUSALS: u32 = 3;
const REFUSED_FOR: Duration = Duration::from_secs(300);
/// So long a reversal may still be on its way.
pub(in crate::till) const ON_ITS_WAY: Duration = Duration::from_secs(300);

/// What a payment by code goes by.
#[derive(Clone, Copy)]
struct By<'a, 'c> {
    case: &'a Case<'c>,
    resolution: &'static Resolution,
    rules: &'static ReversalRules,
    date: Option<i64>,
    waited: Duration,
    cancelled: bool,
}

/// What there is of an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    /// None at all.
    Silence,
    /// The gateway does not know the payment.
    NotKnown,
    /// Something that ends nothing.
    Said,
    /// The customer is paying.
    Typing,
}

/// What the query says of a payment by code.
pub(super) fn after_answer(
    case: &Case<'_>,
    (resolution, rules): (&'static Resolution, &'static ReversalRules),
    answered: Answered,
) -> Step {
    let Answered { answer, date, waited, cancelled, .. } = answered;
    let by = By { case, resolution, rules, date, waited, cancelled };
    match answer {
        Answer::Known(pairs) => known(by, &pairs),
        Answer::NotKnown { .. } if is_left_to_a_person(case.entry) => Step::Report,
        Answer::NotKnown { first_host } if case.entry.is_unproven() => confirmed_again(by, first_host),
        Answer::NotKnown { first_host } => not_known(by, first_host),
        Answer::NoAnswer(doubt) if is_left_to_a_person(case.entry) => Step::Unknown(doubt),
        Answer::NoAnswer(doubt) if case.entry.is_unproven() => Step::Unknown(unconfirmed(doubt)),
        Answer::NoAnswer(doubt) => go_on(by, Word::Silence, doubt),
    }
}

fn known(by: By<'_, '_>, pairs: &Pairs) -> Step {
    let By { case, resolution, rules, .. } = by;
    let state = pairs.filled(resolution.state).unwrap_or_default();
    let doubt = |reason, words| Doubt { code: state.into(), ..Doubt::new(reason, words) };
    match state {
        _ if resolution.paid.contains(&state) => says_paid(by, pairs),
        _ if resolution.unpaid.contains(&state) && names_it(case, resolution, pairs) => {
            let text = pairs.owned("trade_state_desc").unwrap_or_default();
            declined(Refusal { code: state.into(), text, next: Next::NewNumber })
        }
        _ if is_left_to_a_person(case.entry) => Step::Report,
        _ if resolution.unpaid.contains(&state) => go_on(by, Word::Said, doubt(Reason::OtherOrder, OTHER)),
        _ if rules.given_back.contains(&state) && !is_askable(rules, pairs) => for_a_person(GIVEN_BACK),
        _ if rules.given_back.contains(&state) => Step::Refunds,
        // The platform says 请撤销订单 of it, and customers were charged (POS ruling 3).
        _ if rules.suspect.contains(&state) && case.entry.is_unproven() => for_a_person(TRIED),
        _ if rules.suspect.contains(&state) => take_back(by, Word::Said, doubt(Reason::OpenCode, FAILED)),
        _ if rules.paying.contains(&state) => go_on(by, Word::Typing, doubt(Reason::CustomerPaying, TYPING)),
        // It contradicts the refusal: nobody is waited for (POS ruling 1).
        _ if is_refused(case) => take_back(by, Word::Said, doubt(Reason::OpenCode, CONTRADICTS)),
        _ => go_on(by, Word::Said, doubt(Reason::OpenCode, OPEN)),
    }
}

/// Whether its refunds may be asked for by the order's number: not of every wallet (POS flows 9).
fn is_askable(rules: &ReversalRules, pairs: &Pairs) -> bool {
    rules.refunds.not_of.is_none_or(|(name, begins)| !pairs.filled(name).is_some_and(|value| value.starts_with(begins)))
}

const OTHER: &str = "the gateway says that it was not paid, and names another order, or none";
const TRIED: &str = "it was refused, and the gateway says that a payment of it failed: look at the platform";
const FAILED: &str = "the gateway says that the payment failed, which is no proof";
const TYPING: &str = "the customer is asked for the password";
const CONTRADICTS: &str = "it was refused, and the gateway's query does not say so";
const OPEN: &str = "the gateway has not finished it";
const NOT_YET: &str = "the gateway does not know the payment yet";
const NOT_BACK: &str = "it is paid, and not back yet";
const ON_ITS_WAY_BACK: &str = "the money is on its way back to the customer";
const TOO_LATE: &str = "it can be taken back no more, and the gateway does not say what became of it";

fn says_paid(by: By<'_, '_>, pairs: &Pairs) -> Step {
    let By { case, resolution, .. } = by;
    match pairs.fen(resolution.amount) {
        Some(Some(amount)) if amount == case.entry.amount => {}
        _ if is_left_to_a_person(case.entry) => return Step::Report,
        Some(None) => return go_on(by, Word::Said, Doubt::new(Reason::OtherOrder, "the query names no amount")),
        _ => return for_a_person(OTHER_AMOUNT),
    }
    let evidence = picked(pairs, resolution.evidence);
    // It was told as refused, also where it was taken back since: that it is paid is told, too (POS ruling 1).
    let told = is_left_to_a_person(case.entry) || case.entry.is_unproven();
    match case.reversals() == 0 || told || is_too_late(by) || is_refused_for_good(case) {
        true => Step::Write(case.payment(true, evidence.clone()), Some(Evidence::Queried(evidence))),
        // Whoever waited was told that it is being cancelled: it is never accepted any more (POS ruling 4).
        false => Step::Reverse(until_again(by), Doubt::new(Reason::Reversing, NOT_BACK)),
    }
}

/// "Not found" confirms a refusal, and is never proof: a submit that was lost on the way may still arrive.
fn not_known(by: By<'_, '_>, first_host: bool) -> Step {
    let By { case, resolution, rules, date, .. } = by;
    if is_past_look_back(case, resolution, date) {
        return too_old(case, date);
    }
    if first_host && is_forgotten(case) {
        return for_a_person(KNEW_IT);
    }
    let unknown_age = is_of_unknown_age(case, date);
    if first_host
        && !unknown_age
        && case.reversals() == 0
        && let Some(refusal) = confirmed(case)
    {
        return unproven(refusal);
    }
    if !unknown_age && not_found_is_final(case, rules, first_host) {
        return unproven(unpaid("NOT_FOUND", "the gateway never saw this payment"));
    }
    // Perhaps so old that the query forgot it.
    if unknown_age && first_host && case.not_found_for(A_DAY) {
        return for_a_person(NOBODY_KNOWS);
    }
    let words = match case.was_known() {
        true => KNEW_IT,
        false if unknown_age => NOBODY_KNOWS,
        false => NOT_YET,
    };
    go_on(by, Word::NotKnown, Doubt::new(Reason::OpenCode, words))
}

/// Another process began it under a clock that was wrong, as the gateway's time shows; or no gateway tells the time: a board's own clock
/// may have stood while it was off.
fn is_of_unknown_age(case: &Case<'_>, date: Option<i64>) -> bool {
    case.seen.last_attempt.is_none() && case.had_right_clock(date) != Some(true)
}

fn unproven(Refusal { code, text, next }: Refusal) -> Step {
    Step::Write(Settlement::Unproven { code, text, next }, None)
}

fn is_refused(case: &Case<'_>) -> bool {
    case.entry.is_unproven() || case.seen.refused.is_some() || unconfirmed_before(case).is_some()
}

/// A code after which nobody is waited for: one question, then the reversal (POS flows 3.3).
fn is_asked_once(case: &Case<'_>, rules: &ReversalRules) -> bool {
    let words = case.seen.words.as_ref().or(case.entry.last_words.as_ref());
    words.is_some_and(|words| rules.ask_once.contains(&words.code.as_str()))
}

/// Nothing is proven: the customer is waited for; then the money is taken back.
fn go_on(by: By<'_, '_>, word: Word, doubt: Doubt) -> Step {
    let By { case, rules, cancelled, .. } = by;
    if is_left_to_a_person(case.entry) {
        return Step::Report;
    }
    let since = case.since_attempt();
    let open = case.reversals() == 0 && !case.entry.is_unproven();
    let somebody_pays = word == Word::Typing || !is_asked_once(case, rules);
    if open && somebody_pays && !cancelled && since < poll(case, rules) {
        let until_end = poll(case, rules).saturating_sub(since).max(APART);
        let reason = if is_own(case) { doubt.reason } else { Reason::NeedsReversal };
        return Step::Ask(rules.apart.min(until_end), Doubt { reason, ..doubt });
    }
    take_back(by, word, doubt)
}

/// The money is taken back, where that may be decided: the first time not before 15 s have passed (POS flows 3.2).
fn take_back(by: By<'_, '_>, word: Word, doubt: Doubt) -> Step {
    let By { case, waited, .. } = by;
    let because = |reason| Doubt { reason, ..doubt.clone() };
    if matches!(word, Word::Said | Word::Typing) && is_too_late(by) {
        return for_a_person(TOO_LATE);
    }
    if case.profile.without_certificate {
        return Step::Ask(longer(waited, LONGEST_WAIT), because(Reason::NeedsReversal));
    }
    // A submit that was lost: the reversal closed its number, if it arrives after all. "Not found" comes to its own end.
    if word == Word::NotKnown && case.seen.reversed.is_some() {
        return Step::Ask(longer(waited, LONGEST_WAIT), because(Reason::Reversing));
    }
    match case.reversals() > 0 || may_decide(case) {
        true => Step::Reverse(until_again(by), because(Reason::Reversing)),
        false => Step::Ask(longer(waited, LONGEST_WAIT), because(Reason::NeedsReversal)),
    }
}

/// Whether this process sent it, and waited for its customer.
fn is_own(case: &Case<'_>) -> bool {
    case.seen.last_attempt.is_some() && case.entry.state == EntryState::Open
}

/// Of a payment that another process sent, or that was told as refused, two answers say unpaid, a minute apart: perhaps it was told as
/// paid before the cut (POS flows 3.6). Silence and "not found" never begin it.
fn may_decide(case: &Case<'_>) -> bool {
    is_own(case) || case.seen.unpaid.is_some_and(|(first, last)| last.saturating_sub(first) >= TWO_ANSWERS)
}

/// Whether an answer counts as one of the two.
pub(in crate::till) fn counts_as_unpaid(case: &Case<'_>, state: &str, first_host: bool) -> bool {
    let Some((_, rules)) = case.reversal() else { return false };
    first_host && (rules.paying.contains(&state) || rules.suspect.contains(&state) || state == "NOTPAY")
}

fn until_again(by: By<'_, '_>) -> Duration {
    let By { case, rules, .. } = by;
    let after_attempt = rules.not_before.saturating_sub(case.since_attempt());
    case.seen.reversed.map_or(after_attempt, |at| rules.again.saturating_sub(case.since(at)))
}

/// WeChat revokes an unpaid order of a code by itself after the poll. Who cannot reverse waits a little longer for that.
fn poll(case: &Case<'_>, rules: &ReversalRules) -> Duration {
    if case.profile.without_certificate { rules.poll.saturating_add(rules.not_before) } else { rules.poll }
}

/// It can be taken back no more: the gateway said so, or it is too old by known time; or nobody here can take anything back.
fn is_too_late(by: By<'_, '_>) -> bool {
    let By { case, rules, date, .. } = by;
    let expires = if case.profile.without_certificate { A_DAY } else { rules.expires };
    case.seen.reversal_expired || case.surely(date).is_some_and(|age| age >= expires)
}

/// The gateway refused to take it back again and again, and says that it is paid (POS flows 20.6).
fn is_refused_for_good(case: &Case<'_>) -> bool {
    let refused = case.seen.not_reversed.as_ref();
    refused.is_some_and(|(_, times, since)| *times >= REFUSALS && case.since(*since) >= REFUSED_FOR)
}

fn not_found_is_final(case: &Case<'_>, rules: &ReversalRules, first_host: bool) -> bool {
    case.not_found_for(TWO_ANSWERS) && is_lost(case, rules, first_host)
}

/// Known, and not found for a day (POS flows 20.17).
fn is_forgotten(case: &Case<'_>) -> bool {
    case.was_known() && case.not_found_for(A_DAY)
}

/// Whether an answer "not found" is one of those that count: none before the window is over, but where the gateway knew it.
pub(super) fn counts_as_not_found(case: &Case<'_>, rules: &ReversalRules, first_host: bool) -> bool {
    is_lost(case, rules, first_host) || (first_host && case.was_known())
}

/// The window passed in this process's own time, and the gateway never knew it.
fn is_lost(case: &Case<'_>, rules: &ReversalRules, first_host: bool) -> bool {
    let window = case.profile.window.unwrap_or_default().max(rules.window);
    first_host && !case.was_known() && case.since_attempt() >= window
}

// ---- what was given back, and never accepted here ----

/// Only all of it, arrived, ends the payment (POS flows 20.1). A PAYERROR that nobody takes back becomes REFUND by itself.
pub(super) fn after_refunds(case: &Case<'_>, refunds: Result<Refunds, Doubt>) -> Step {
    let again = |doubt| match case.entry.is_unproven() {
        true => Step::Unknown(unconfirmed(doubt)),
        false => Step::Ask(LONGEST_WAIT, doubt),
    };
    match refunds {
        _ if is_left_to_a_person(case.entry) => Step::Report,
        Err(doubt) => again(doubt),
        Ok(refunds) if refunds.arrived == u64::from(case.entry.amount.get()) => {
            let text = "the payment was given back".into();
            declined(Refusal { code: "REFUNDED".into(), text, next: Next::NewNumber })
        }
        Ok(refunds) if refunds.on_their_way => again(Doubt::new(Reason::OpenCode, ON_ITS_WAY_BACK)),
        Ok(_) => for_a_person(GIVEN_BACK),
    }
}

// ---- refusals that are not proven ----

fn unconfirmed(doubt: Doubt) -> Doubt {
    Doubt { reason: Reason::Unconfirmed, ..doubt }
}

/// The query does not know a refused payment, again. After a day that is its end.
fn confirmed_again(by: By<'_, '_>, first_host: bool) -> Step {
    let EntryState::Recorded(Settlement::Unproven { code, text, next }) = &by.case.entry.state else {
        return Step::Report;
    };
    match by.case.surely(by.date).is_some_and(|age| age >= A_DAY) {
        _ if first_host && is_forgotten(by.case) => for_a_person(KNEW_IT),
        _ if !confirms(by.case, first_host) => Step::Unknown(unconfirmed(Doubt::new(Reason::OpenCode, NOT_YET))),
        // What the query does not cover confirms nothing; nor where nobody knows whether it does.
        true if is_of_unknown_age(by.case, by.date) => for_a_person(NOBODY_KNOWS),
        _ if is_past_look_back(by.case, by.resolution, by.date) => match too_old(by.case, by.date) {
            Step::Unknown(_) => Step::Report,
            step => step,
        },
        true => declined(Refusal { code: code.clone(), text: text.clone(), next: *next }),
        false => Step::Report,
    }
}

/// Whether "not found" confirms a refusal: at the first host, and where the query never knew it.
pub(in crate::till) fn confirms(case: &Case<'_>, first_host: bool) -> bool {
    case.entry.is_unproven() && first_host && !case.was_known()
}

/// Whether the query said just now that it does not know a refused payment: then another number may begin (POS ruling 1).
pub(in crate::till) fn is_confirmed(seen: &Seen, now: Duration) -> bool {
    seen.not_known.is_some_and(|(at, times)| times > 0 && now.saturating_sub(at) < FRESH)
}

/// A refusal without proof is asked about from now on.
pub(in crate::till) fn first_pause(settlement: &Settlement, now: Duration) -> Option<(Duration, u32)> {
    matches!(settlement, Settlement::Unproven { .. }).then_some((now, 0))
}

/// Whether it is time to ask about a refusal again: after a minute, then with growing pauses.
pub(in crate::till) fn is_due(seen: &Seen, now: Duration) -> bool {
    let (settled, times) = seen.not_known.unzip();
    let (asked, times) = (seen.asked.max(settled), times.unwrap_or_default());
    let pause = BETWEEN_PROOFS.saturating_mul(1 << times.saturating_sub(1).min(8));
    asked.is_none_or(|asked| now.saturating_sub(asked) >= pause)
}

/// Whether a payment by code that waits for a person is asked about all the same: the gateway may say what became of it.
pub(in crate::till) fn is_asked_again(entry: &Entry, endpoint: Option<&Endpoint>) -> bool {
    let by_code = endpoint.is_some_and(|endpoint| matches!(endpoint.resolved_by, ResolvedBy::Reversal(..)));
    by_code && is_left_to_a_person(entry)
}
