//! What follows from an answer of the gateway's query.

use core::time::Duration;

use super::case::*;
use crate::clock::{EARLIEST, LATEST};
use crate::endpoint::{OrderRules, Resolution, ResolvedBy};
use crate::journal::{EntryState, Settlement};
use crate::outcome::{Answer, Doubt, Next, Reason, Refusal, Words};
use crate::till::period::{is_gone, is_over};
use crate::till::receipt::{Evidence, picked};
use crate::wire::pairs::Pairs;

/// The longest wait between two questions while a customer pays (protocol C.5: POS firmware asks about every second).
const LONGEST_WAIT_FOR_A_CUSTOMER: Duration = Duration::from_secs(3);
/// Two answers "not found" count as two only this far apart.
pub(super) const TWO_ANSWERS: Duration = Duration::from_secs(60);

pub(super) fn to_ask(case: &Case<'_>) -> Step {
    let is_order = match case.endpoint.resolved_by {
        // The gateway has yet to confirm the refusal.
        ResolvedBy::Reversal(..) | ResolvedBy::Query(_) if case.entry.is_unproven() => return ask_now(case),
        ResolvedBy::Query(_) | ResolvedBy::Reversal(..) => false,
        ResolvedBy::Order(..) => true,
        ResolvedBy::Repeat | ResolvedBy::NotByTill => return Step::Report,
    };
    if case.entry.is_settled() {
        // Money may have come late.
        return if is_order && is_given_up(case.entry) { Step::AskIfPaid } else { Step::Report };
    }
    if is_order && case.entry.state == EntryState::Open && case.seen.withheld.is_none() {
        return Step::GiveUp(Doubt::new(Reason::EarlierAttempt, "the order's answer was lost"));
    }
    ask_now(case)
}

/// At once, or a second after the last question.
pub(in crate::till) fn ask_now(case: &Case<'_>) -> Step {
    Step::Ask(case.apart(), Doubt::new(Reason::EarlierAttempt, "it was not asked"))
}

pub(super) fn after_answer(case: &Case<'_>, answered: Answered) -> Step {
    let resolution = match case.endpoint.resolved_by {
        ResolvedBy::Query(resolution) | ResolvedBy::Order(resolution, _) => resolution,
        ResolvedBy::Reversal(..) | ResolvedBy::Repeat | ResolvedBy::NotByTill => return Step::Report,
    };
    let Answered { answer, date, asking, waited, .. } = answered;
    let only_paid = asking == Asking::IfPaid;
    let ask_again = |doubt, longest| Step::Ask(longer(waited, longest), doubt);
    let contradicted = |code: &str| ask_again(Doubt { code: code.into(), ..contradicted() }, LONGEST_WAIT);
    let pairs = match answer {
        Answer::Known(pairs) => pairs,
        Answer::NoAnswer(doubt) if only_paid => return only_if_it_says(doubt),
        Answer::NoAnswer(doubt) => return ask_again(doubt, LONGEST_WAIT),
        Answer::NotKnown { .. } if only_paid => return Step::Report,
        // Past what the query covers it can confirm nothing any more: then it is for a person.
        Answer::NotKnown { .. } if case.seen.called_paid && !is_past_look_back(case, resolution, date) => {
            return contradicted("");
        }
        Answer::NotKnown { first_host } => return not_found(case, resolution, first_host, (date, waited)),
    };
    let state = pairs.filled(resolution.state).unwrap_or_default();
    let doubt = |reason, words| Doubt { code: state.into(), ..Doubt::new(reason, words) };
    match said(case, resolution, state) {
        Said::Paid => says_paid(case, resolution, &pairs, (only_paid, waited)),
        Said::GivenBack if case.entry.is_settled() => Step::Report,
        Said::GivenBack if only_paid => Step::Unknown(doubt(Reason::ForAPerson, GIVEN_BACK)),
        Said::GivenBack => for_a_person(GIVEN_BACK),
        Said::Open if only_paid => only_if_it_says(doubt(Reason::OpenCode, WORKING)),
        Said::Open => {
            let text = pairs.owned("reason").map_or(WORKING.into(), Into::into);
            let working = Doubt { text, ..doubt(Reason::OpenCode, WORKING) };
            match is_stuck(case, resolution, state, date) {
                true => Step::Repeat(Duration::ZERO, working),
                false => ask_again(working, LONGEST_WAIT),
            }
        }
        // Somebody is paying it, or tried to: that is not "unpaid".
        Said::Waiting(Waiting::Paying | Waiting::CloseFirst) if only_paid => {
            Step::Unknown(doubt(Reason::OpenCode, PAYING))
        }
        _ if only_paid => Step::Report,
        _ if case.seen.called_paid => contradicted(state),
        Said::Unpaid if names_it(case, resolution, &pairs) => {
            let text = pairs.owned("reason").unwrap_or_default();
            declined(Refusal { code: state.into(), text, next: Next::NewNumber })
        }
        Said::Unpaid => for_a_person("the gateway says that it was not paid, and names another order, or none"),
        Said::Waiting(waiting) => {
            let not_yet = doubt(Reason::NotPaidYet, "the customer has not paid yet");
            not_paid_yet(case, waiting, not_yet, date, waited)
        }
    }
}

/// Late money is kept where the query says that it is there, in full. Whatever else it says, the money stays late.
pub(super) fn after_late(case: &Case<'_>, answered: Answered) -> Step {
    let Some(resolution) = case.by_query().filter(|_| case.entry.is_paid_late()) else { return Step::Report };
    let pairs = match answered.answer {
        Answer::Known(pairs) => pairs,
        Answer::NoAnswer(doubt) => return Step::Unknown(doubt),
        Answer::NotKnown { .. } => return Step::Unknown(Doubt::new(Reason::OpenCode, "the gateway does not know it")),
    };
    let state = pairs.filled(resolution.state).unwrap_or_default();
    let doubt = |words| Doubt { code: state.into(), ..Doubt::new(Reason::ForAPerson, words) };
    match (said(case, resolution, state), pairs.fen(resolution.amount)) {
        (Said::Paid, Some(Some(amount))) if amount == case.entry.amount => {
            let evidence = picked(&pairs, resolution.evidence);
            let settlement = Settlement::Accepted { queried: true, evidence: evidence.clone() };
            Step::Write(settlement, Some(Evidence::Queried(evidence)))
        }
        (Said::GivenBack, _) => Step::Unknown(doubt(GIVEN_BACK)),
        _ => Step::Unknown(doubt("the gateway does not say that this money is there")),
    }
}

/// A bill is a hint (POS ruling 10): the query's word that it is paid, in full, is written; nothing is closed, taken back or sent again.
pub(super) fn after_bill(case: &Case<'_>, answered: Answered) -> Step {
    let Some(resolution) = case.by_query() else { return Step::Report };
    let pairs = match answered.answer {
        Answer::Known(pairs) => pairs,
        Answer::NoAnswer(doubt) => return Step::Unknown(doubt),
        Answer::NotKnown { .. } => return Step::Unknown(Doubt::new(Reason::OpenCode, "the gateway does not know it")),
    };
    let state = pairs.filled(resolution.state).unwrap_or_default();
    match pairs.fen(resolution.amount) {
        Some(Some(amount)) if resolution.paid.contains(&state) && amount == case.entry.amount => {
            let evidence = picked(&pairs, resolution.evidence);
            match case.entry.is_paid() {
                true => Step::Report,
                false => Step::Write(case.payment(true, evidence.clone()), Some(Evidence::Queried(evidence))),
            }
        }
        _ => Step::Unknown(Doubt { code: state.into(), ..Doubt::new(Reason::ForAPerson, NOT_PAID) }),
    }
}

const NOT_PAID: &str = "the gateway's query does not say that it is paid, in full";

/// How long a payment that does not go on by itself may be sent again under its number.
const THREE_DAYS: Duration = Duration::from_secs(3 * 86_400);

/// Whether a payment stays where it is until the identical one is sent again: by a known age.
fn is_stuck(case: &Case<'_>, resolution: &Resolution, state: &str, date: Option<i64>) -> bool {
    let Some((_, pause)) = resolution.repeat_when.iter().find(|(stuck, _)| *stuck == state) else { return false };
    let is_young = case.age(date).is_some_and(|age| age < THREE_DAYS);
    is_young && case.since_attempt() >= *pause && case.until_repeat().is_zero()
}

const WORKING: &str = "the gateway is still working on it";
const PAYING: &str = "somebody is paying it, or tried to";
const TRIED: &str = "somebody tried to pay it, and it cannot be closed: look at the platform";
pub(super) const OTHER_AMOUNT: &str = "the gateway knows this order number with another amount";
pub(super) const GIVEN_BACK: &str = "it was paid, and given back on the platform";

/// A state of the query, for people: with its reason, or its description.
pub(in crate::till) fn state_in_words(resolution: &Resolution, pairs: &Pairs) -> Words {
    let text = ["reason", "trade_state_desc"].iter().find_map(|name| pairs.owned(name));
    Words { code: pairs.owned(resolution.state).unwrap_or_default(), text: text.unwrap_or_default() }
}

/// What a state of the query means.
enum Said {
    Paid,
    GivenBack,
    Unpaid,
    /// Not paid yet.
    Waiting(Waiting),
    Open,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Waiting {
    /// Nobody paid.
    Unpaid,
    /// Somebody is paying, or tried to.
    Paying,
    /// Somebody tried to: it is closed first, whatever its time.
    CloseFirst,
}

fn said(case: &Case<'_>, resolution: &Resolution, state: &str) -> Said {
    let of_order = |states: fn(&OrderRules) -> &'static [&'static str]| {
        case.order().is_some_and(|(_, rules)| states(rules).contains(&state))
    };
    match state {
        _ if resolution.paid.contains(&state) => Said::Paid,
        _ if resolution.unpaid.contains(&state) => Said::Unpaid,
        _ if of_order(|rules| rules.given_back) => Said::GivenBack,
        _ if of_order(|rules| rules.waiting) => Said::Waiting(Waiting::Unpaid),
        _ if of_order(|rules| rules.paying) => Said::Waiting(Waiting::Paying),
        _ if of_order(|rules| rules.close_first) => Said::Waiting(Waiting::CloseFirst),
        _ => Said::Open,
    }
}

/// Whether an answer is about this entry: by its number, and by the amount where there is one.
pub(super) fn names_it(case: &Case<'_>, resolution: &Resolution, pairs: &Pairs) -> bool {
    let amount = match pairs.fen(resolution.amount) {
        Some(Some(amount)) => amount == case.entry.amount,
        Some(None) => true,
        None => false,
    };
    amount && pairs.filled(resolution.query.order_number) == Some(&case.entry.order_number)
}

/// Time alone ends no order: a customer who opened the page in time types the password after it. It is closed, and the
/// query's word counts. Where closing does not get through, it is gone when no page can live any more and nobody tried to pay it:
/// customers were charged whose payment was called failed (POS ruling 3).
fn not_paid_yet(case: &Case<'_>, waiting: Waiting, not_yet: Doubt, date: Option<i64>, waited: Duration) -> Step {
    let Some((_, rules)) = case.order() else { return Step::Unknown(not_yet) };
    let Case { entry, seen, times, .. } = *case;
    let gone = is_gone(entry, rules, date, case.since(seen.ordered.unwrap_or(times.opened).max(times.opened)));
    let closed_just_now = seen.closed.is_some_and(|at| case.since(at) < LONGEST_WAIT);
    match waiting {
        Waiting::Unpaid if gone => return declined(unpaid(&not_yet.code, "the order expired unpaid")),
        Waiting::Paying | Waiting::CloseFirst if gone && closed_just_now => return for_a_person(TRIED),
        _ => {}
    }
    // An order of an earlier opening is as old as this process, at least.
    let own = seen.ordered.or(case.is_from_before.then_some(times.opened));
    if (waiting == Waiting::CloseFirst || is_over(entry, rules, date, own.map(|at| case.since(at)))) && !closed_just_now
    {
        return Step::Close(not_yet);
    }
    Step::Ask(longer(waited, LONGEST_WAIT_FOR_A_CUSTOMER), not_yet)
}

/// The customer is paying, or the gateway says something else: that is not "unpaid, and final".
fn only_if_it_says(doubt: Doubt) -> Step {
    if doubt.code.is_empty() { Step::Report } else { Step::Unknown(doubt) }
}

fn says_paid(case: &Case<'_>, resolution: &Resolution, pairs: &Pairs, asked: (bool, Duration)) -> Step {
    let (only_paid, waited) = asked;
    match pairs.fen(resolution.amount) {
        Some(Some(amount)) if amount == case.entry.amount => {
            let evidence = picked(pairs, resolution.evidence);
            Step::Write(case.payment(true, evidence.clone()), Some(Evidence::Queried(evidence)))
        }
        Some(None) if only_paid => Step::Report,
        Some(None) => {
            let doubt = Doubt::new(Reason::OtherOrder, "the query names no amount");
            Step::Ask(longer(waited, LONGEST_WAIT), doubt)
        }
        _ if only_paid => Step::Unknown(Doubt::new(Reason::ForAPerson, OTHER_AMOUNT)),
        _ => for_a_person(OTHER_AMOUNT),
    }
}

pub(super) fn not_found(
    case: &Case<'_>,
    resolution: &Resolution,
    first_host: bool,
    (date, waited): (Option<i64>, Duration),
) -> Step {
    if is_past_look_back(case, resolution, date) {
        return too_old(case, date);
    }
    let ask_again = |words| Step::Ask(longer(waited, LONGEST_WAIT), Doubt::new(Reason::OpenCode, words));
    match case.order() {
        // Nobody knows how old it is: perhaps the query forgot it.
        None if is_of_unknown_age(case, date) => ask_again(NOBODY_KNOWS),
        // The documents call it "not paid", the query does not know it, and nothing else was sent under its number.
        None if first_host && let Some(refusal) = confirmed(case) => declined(refusal),
        // The page of gethbinfo (2025.06): not a failure. Only the gateway's FAILED ends a number.
        None if case.until_repeat().is_zero() => Step::Repeat(Duration::ZERO, Doubt::new(Reason::OpenCode, NOT_KNOWN)),
        None => ask_again(NOT_KNOWN),
        Some((_, rules)) if not_found_is_final(case, rules, first_host) => {
            declined(unpaid("NOT_FOUND", "the gateway never saw this order"))
        }
        // These never become final: only a person can tell.
        Some(_) if was_known(case) => ask_again(KNEW_IT),
        Some(_) if !is_plausible(case) => ask_again(NOBODY_KNOWS),
        Some(_) => ask_again("the gateway does not know the order yet"),
    }
}

/// Past what the query covers, "not found" says nothing any more. Where only the device's clock says so, it is asked again under a right
/// one.
pub(super) fn too_old(case: &Case<'_>, date: Option<i64>) -> Step {
    match date.or(case.times.gateway).is_some() || case.seen.last_attempt.is_some() {
        true => for_a_person(TOO_OLD),
        false => Step::Unknown(Doubt::new(Reason::ForAPerson, TOO_OLD)),
    }
}

pub(super) fn confirmed(case: &Case<'_>) -> Option<Refusal> {
    let refused = case.seen.refused.clone().or_else(|| unconfirmed_before(case));
    refused.filter(|_| !case.was_known())
}

/// The time stored with it may be a wrong clock's.
const TOO_OLD: &str = "by the time stored with it, the order is older than what the gateway's query covers";
pub(super) const KNEW_IT: &str =
    "the gateway knew the order, and does not know it now: ask again, or look at the platform";
pub(super) const NOBODY_KNOWS: &str = "the gateway does not know it, and nobody knows how old it is";
const NOT_KNOWN: &str =
    "the gateway does not know it, which is no end: paid again, it is sent again under its own number";

/// An answer that is asked for again where no repeat is possible.
pub(in crate::till) fn without_repeat(waited: Duration, doubt: Doubt) -> Step {
    Step::Ask(longer(waited, LONGEST_WAIT), doubt)
}

/// Of an order whose answer was lost, so that nobody can pay it, "not found" is final when the window passed in this
/// process's own time since the later of its start and the last attempt, the first host said it twice, a minute apart, and
/// the order is inside the query's look-back by a clock that was plausible then and is now.
fn not_found_is_final(case: &Case<'_>, rules: &OrderRules, first_host: bool) -> bool {
    is_lost(case, rules, first_host) && case.not_found_for(TWO_ANSWERS) && is_plausible(case)
}

/// Written under a clock that was set, and that did not go back since.
fn is_plausible(case: &Case<'_>) -> bool {
    case.entry.begun_at >= EARLIEST && case.times.now >= case.entry.last_attempt_at
}

pub(super) fn is_lost(case: &Case<'_>, rules: &OrderRules, first_host: bool) -> bool {
    let window = case.profile.window.unwrap_or(rules.window);
    first_host && !was_known(case) && case.since_attempt() >= window
}

/// Whoever has its URL can pay it, whatever a query finds.
fn was_known(case: &Case<'_>) -> bool {
    let handed_out = matches!(case.entry.state, EntryState::Recorded(Settlement::Ordered { .. }));
    handed_out || case.was_known() || case.seen.withheld.is_some()
}

/// Written under a clock that was wrong, as the gateway's time shows, by another process than this one.
fn is_of_unknown_age(case: &Case<'_>, date: Option<i64>) -> bool {
    case.seen.last_attempt.is_none() && case.had_right_clock(date) == Some(false)
}

/// Where this process made the last attempt: by its own time, whatever a wrong clock stored then. Else by the time that came with the
/// answer, or the gateway's last one; by the device's clock only where nobody tells another. What an earlier opening began is as old
/// as this process at least.
pub(super) fn is_past_look_back(case: &Case<'_>, resolution: &Resolution, date: Option<i64>) -> bool {
    // A journal that failed since makes no attempt younger.
    let since_sent = case.seen.last_attempt.map(|at| case.since(at));
    let own = since_sent.unwrap_or(case.since_attempt()) >= resolution.look_back;
    if case.seen.last_attempt.is_some() || (case.is_from_before && own) {
        return own;
    }
    let look_back = i64::try_from(resolution.look_back.as_secs()).unwrap_or(i64::MAX);
    let now = date.or(case.times.gateway).unwrap_or(case.times.now);
    let last = case.entry.last_attempt_at;
    last >= EARLIEST && now < LATEST && now.saturating_sub(last) >= look_back
}
