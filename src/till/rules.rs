//! Every decision about an entry: what ends it, what reopens it, when a new number is used, when it is repeated, when the
//! gateway is asked and when an order is closed.
//!
//! Pure functions from a [`Case`] (the table, the entry, what this process saw, what time it is) and an [`Event`] to a [`Step`]:
//! no journal, no lock, no network. `run.rs` carries steps out and decides nothing. `judge.rs` judges single replies.
//!
//! `docs/money.md` is printed from these functions: each state, each event, the step, and the document or ruling that it
//! comes from (`tests/unit/till/rules/`).

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use super::period::{has_expired, is_within, leaves_time, may_be_paid, ordered_at};
use super::receipt::{Evidence, picked};
use super::seen::{Seen, Times};
use super::trust::{Unfit, fit};
use crate::clock::{EARLIEST, LATEST};
use crate::endpoint::{Endpoint, OrderRules, Resolution, ResolvedBy};
use crate::error::text;
use crate::gateways::account::Profile;
use crate::journal::{Entry, EntryState, JournalFault, Settlement};
use crate::outcome::{Answer, Doubt, Next, Outcome, Reason, Refusal};
use crate::wire::pairs::Pairs;

/// Attempts and questions about one number are at least this far apart (protocol R.4).
pub(super) const APART: Duration = Duration::from_secs(1);
/// The longest wait between two questions.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// The longest wait between two questions while a customer pays (protocol C.5: POS firmware asks about every second).
const LONGEST_WAIT_FOR_A_CUSTOMER: Duration = Duration::from_secs(3);
/// The longest pause before a repeat.
const LONGEST_BEFORE_REPEAT: Duration = Duration::from_secs(300);
/// Two answers "not found" count as two only this far apart.
const TWO_ANSWERS: Duration = Duration::from_secs(60);
/// A pause up to this long is kept in full when the clock was set back.
const SHORT: Duration = Duration::from_secs(60);
/// How many order numbers one call of `pay` may use up, where each answer is lost and nobody can pay without it.
pub(super) const MOST_NUMBERS: u32 = 3;
/// How far the clock may be from the gateway's for pruning.
const A_DAY: i64 = 86_400;

/// What a decision is made from.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub endpoint: &'static Endpoint,
    pub profile: &'a Profile,
    pub entry: &'a Entry,
    pub seen: &'a Seen,
    pub times: Times,
}

/// What happened.
pub(super) enum Event {
    /// `pay` was called, and this entry decides ([`deciding`]).
    Pay(Look),
    /// `pay` or `recover` goes on with an entry that is pending. True: a repeat is possible.
    Resume { repeats: bool },
    /// Its stored fields cannot be sent again.
    NotFit(Unfit),
    /// An attempt cannot be made, or not the one after this refusal. With words, where the stored fields were changed.
    NotMade { changed: Option<String>, refused: Option<Refusal> },
    /// An attempt ended.
    Attempt(Ended),
    /// A repeat ended. With the wait before it.
    Repeat(Ended, Duration),
    /// Somebody wants to know what became of it.
    Question,
    /// The gateway was asked.
    Answer(Answered),
    /// A signed notification says that it is paid, with this evidence. True: the account trusts notifications alone.
    Notified(Vec<(String, String)>, bool),
    /// Its customer is not waited for any more.
    Close,
    /// It contradicts itself, in these words.
    Distrust(String),
}

/// What `pay` knows of an intent besides its entries.
#[derive(Default)]
pub(super) struct Look {
    /// A notification says that an order of it is paid that was given up.
    pub called_paid: bool,
    /// What is left of the pauses that the gateway asks for.
    pub pause: Option<Duration>,
    /// The stored fields may be sent as they are ([`goes_again`]).
    pub goes_again: bool,
}

/// How an attempt or a repeat ended.
pub(super) enum Ended {
    Judged(Outcome<Pairs>),
    /// No byte left, for this reason.
    NotSent(String),
    /// There was no time for the gateway's pause before it.
    NoTime,
    /// It could not be counted in the journal first.
    NotCounted(JournalFault),
}

/// What the gateway's query says, and when by its own time.
pub(super) struct Answered {
    pub answer: Answer<Pairs>,
    pub date: Option<i64>,
    /// Only whether it is paid was asked: nothing else ends an order that was given up or that a notification names.
    pub only_paid: bool,
    /// The wait before it.
    pub waited: Duration,
}

/// What is done next.
pub(super) enum Step {
    /// A new number for the intent, and its first attempt.
    NewNumber,
    /// The entry is opened again, and its number sent again.
    SameNumber,
    /// Its number is sent again after this wait. Without time for it this refusal stands.
    SameNumberAfter(Duration, Refusal),
    /// Go on with the entry: see [`Event::Resume`].
    Resume,
    /// The identical payment is sent again after this wait. Without time for it, or without leave to repeat, this stands.
    Repeat(Duration, Doubt),
    /// The gateway is asked after this wait. Without time for it this stands.
    Ask(Duration, Doubt),
    /// The gateway is asked whether it is paid, and nothing else.
    AskIfPaid,
    /// The pause that the gateway wants.
    Wait(Duration),
    /// The gateway closes the order; then it is asked.
    Close,
    /// This is written, and told with this proof.
    Write(Settlement, Option<Evidence<Pairs>>),
    /// It is written as abandoned: nobody can pay it. A new number may be used.
    GiveUp(Doubt),
    /// What the journal has is told.
    Report,
    /// Nothing is known.
    Unknown(Doubt),
    /// It is not done, in these words.
    Refuse(&'static str),
}

/// The one place where a step is decided.
pub(super) fn step(case: &Case<'_>, event: Event) -> Step {
    match event {
        Event::Pay(look) => to_pay(case, &look),
        Event::Distrust(words) => distrusted(case, words),
        Event::Close => to_close(case),
        // Whatever comes: what is paid stays paid.
        _ if case.entry.is_paid() => Step::Report,
        Event::Resume { repeats } => to_resume(case, repeats),
        Event::NotFit(unfit) => not_fit(case, unfit),
        Event::NotMade { changed: Some(words), .. } => for_a_person(words),
        // An attempt before this one left, and was refused: that stays what is known.
        Event::NotMade { refused: Some(refusal), .. } => declined(refusal),
        Event::NotMade { .. } => Step::Write(Settlement::NotSent, None),
        Event::Attempt(ended) => after_attempt(case, ended),
        Event::Repeat(ended, waited) => after_repeat(case, ended, waited),
        Event::Question => to_ask(case),
        Event::Answer(answered) => after_answer(case, answered),
        Event::Notified(evidence, true) => Step::Write(case.payment(false, evidence), None),
        Event::Notified(_, false) => Step::AskIfPaid,
    }
}

// ---- what `pay` does with an intent ----

/// The first entry of an intent.
pub(super) fn first(look: &Look) -> Step {
    look.pause.map_or(Step::NewNumber, Step::Wait)
}

/// The entry that decides: money for an order that was given up counts before every newer order, and so does one that a
/// person must look at; else the newest.
pub(super) fn deciding(mut entries: Vec<Entry>, is_late: impl Fn(&Entry) -> bool) -> Option<Entry> {
    let paid = |entry: &Entry| entry.is_paid() || is_late(entry);
    let for_a_person = |entry: &Entry| matches!(entry.state, EntryState::Settled(Settlement::ForAPerson { .. }));
    let first = entries.iter().position(paid).or_else(|| entries.iter().position(for_a_person));
    match first {
        Some(first) => Some(entries.swap_remove(first)),
        None => entries.pop(),
    }
}

fn to_pay(case: &Case<'_>, look: &Look) -> Step {
    let entry = case.entry;
    if entry.is_paid() {
        return Step::Report;
    }
    if case.seen.late.is_some() {
        let words = text(&[&entry.order_number, " was paid late, and the journal cannot say so"]);
        return Step::Unknown(Doubt::new(Reason::Journal, words));
    }
    if look.called_paid {
        return Step::AskIfPaid;
    }
    match look.pause {
        Some(pause) if begins(entry) => Step::Wait(pause),
        _ if look.goes_again => Step::SameNumber,
        _ if entry.allows_new_number() => Step::NewNumber,
        _ if entry.is_pending() => Step::Resume,
        _ => Step::Report,
    }
}

/// What is left of the pauses that the gateway asks for: after the refusal that said so, and between two payments to one
/// payee (with the time of the last one).
pub(super) fn pause_left(latest: Option<&Entry>, payee: Option<(Duration, i64)>, now: i64) -> Option<Duration> {
    let left = |(pause, last): (Duration, i64)| -> Option<Duration> {
        // A clock that was set back: the whole pause for seconds, none for hours, which it would turn into years.
        let since = match u64::try_from(now.saturating_sub(last)) {
            Ok(since) => Duration::from_secs(since),
            Err(_) if pause > SHORT => pause,
            Err(_) => Duration::ZERO,
        };
        Some(pause.saturating_sub(since)).filter(|left| !left.is_zero())
    };
    let refused = latest.and_then(|entry| match &entry.state {
        EntryState::Settled(Settlement::Declined { next: Next::SameNumberLater(wait), .. }) => {
            left(((*wait).max(APART), entry.last_attempt_at))
        }
        EntryState::Settled(Settlement::Declined { next: Next::SameNumber, .. }) => {
            left((APART, entry.last_attempt_at))
        }
        _ => None,
    });
    refused.max(payee.and_then(left))
}

/// Whether a settled entry is sent again under its number: it allows that, and its fields would be allowed today. `Err`:
/// its fields were changed, in words.
pub(super) fn goes_again(case: &Case<'_>) -> Result<bool, String> {
    // An order says until when it may be paid. It is sent again only if that leaves the customer time.
    let is_fresh = case.order().is_none_or(|(_, rules)| leaves_time(case.entry, rules, case.times.now));
    if !case.entry.allows_same_number() || case.entry.fields.is_empty() || !is_fresh {
        return Ok(false);
    }
    match fit(case.entry, case.endpoint, case.profile) {
        Ok(_) => Ok(true),
        Err(Unfit::Rule(_)) => Ok(false),
        Err(Unfit::Changed(words)) => Err(words),
    }
}

/// The refusal that an entry was settled with: what is told where the pause after it is not waited for.
pub(super) fn refusal(state: EntryState) -> Option<Refusal> {
    match state {
        EntryState::Settled(Settlement::Declined { code, text, next }) => Some(Refusal { code, text, next }),
        _ => None,
    }
}

/// Whether a first attempt could follow, if no pause were due.
pub(super) fn begins(entry: &Entry) -> bool {
    entry.allows_new_number() || entry.allows_same_number()
}

/// Whether there is a word of the gateway's, or a person's, about it.
pub(super) fn was_sent(entry: &Entry) -> bool {
    !matches!(entry.state, EntryState::Settled(Settlement::NotSent))
}

// ---- after an attempt ----

fn after_attempt(case: &Case<'_>, ended: Ended) -> Step {
    let outcome = match ended {
        Ended::Judged(outcome) => outcome,
        Ended::NotSent(_) | Ended::NoTime | Ended::NotCounted(_) => return Step::Write(Settlement::NotSent, None),
    };
    match (outcome, case.endpoint.resolved_by) {
        (Outcome::Accepted(pairs), ResolvedBy::Order(_, rules)) => {
            case.hand_out(picked(&pairs, rules.handed_out), Evidence::Reply(pairs))
        }
        (Outcome::Accepted(pairs), _) => accepted(case, pairs),
        (Outcome::Declined(refusal), _) => match refusal.next {
            Next::SameNumberLater(wait) => Step::SameNumberAfter(wait.max(APART), refusal),
            Next::SameNumber | Next::NewNumber | Next::Stop => declined(refusal),
        },
        // The answer was lost, and with it what the customer needs. The query does not return it.
        (Outcome::Unknown(doubt), ResolvedBy::Order(..)) => Step::GiveUp(doubt),
        (Outcome::Unknown(doubt), _) => resolve(case, true, doubt),
    }
}

fn accepted(case: &Case<'_>, pairs: Pairs) -> Step {
    let evidence = picked(&pairs, case.endpoint.reply.must_have);
    Step::Write(Settlement::Accepted { queried: false, evidence }, Some(Evidence::Reply(pairs)))
}

pub(super) fn declined(refusal: Refusal) -> Step {
    let Refusal { code, text, next } = refusal;
    Step::Write(Settlement::Declined { code, text, next }, None)
}

fn for_a_person(reason: impl Into<Cow<'static, str>>) -> Step {
    Step::Write(Settlement::ForAPerson { reason: reason.into() }, None)
}

// ---- what is open ----

fn to_resume(case: &Case<'_>, repeats: bool) -> Step {
    let earlier = || Doubt::new(Reason::EarlierAttempt, "an earlier attempt has no proven answer");
    let Some((_, rules)) = case.order() else { return resolve(case, repeats, earlier()) };
    match (&case.entry.state, &case.seen.withheld) {
        (EntryState::Settled(Settlement::Ordered { .. }), _) => match is_within(case.entry, rules, case.times.now) {
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
        // A gateway without a query: the refusal of a repeat may be the answer to a paid number (protocol D.3).
        Ended::Judged(Outcome::Unknown(doubt))
            if is_only_way && doubt.reason == Reason::EarlierAttempt && !doubt.code.is_empty() =>
        {
            return for_a_person("the gateway refused a repeat: it may have paid the first attempt");
        }
        Ended::Judged(Outcome::Unknown(doubt)) => doubt,
        // judge never says so of a marked attempt; if it did, it would prove nothing of the first.
        Ended::Judged(Outcome::Declined(refusal)) => Doubt::new(Reason::EarlierAttempt, refusal.text),
        Ended::NotSent(words) => Doubt::new(Reason::EarlierAttempt, words),
        Ended::NoTime => Doubt::new(Reason::OpenCode, "not found; there is no time left for the repeat"),
        Ended::NotCounted(fault) => Doubt::new(Reason::Journal, fault.to_string()),
    };
    let wait = longer(waited, LONGEST_WAIT);
    if is_only_way { Step::Repeat(wait.max(case.until_repeat()), doubt) } else { Step::Ask(wait, doubt) }
}

/// Each wait is twice the one before it.
fn longer(waited: Duration, longest: Duration) -> Duration {
    waited.saturating_mul(2).clamp(APART, longest)
}

// ---- what the gateway's query says ----

fn to_ask(case: &Case<'_>) -> Step {
    let is_order = match case.endpoint.resolved_by {
        ResolvedBy::Query(_) => false,
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
pub(super) fn ask_now(case: &Case<'_>) -> Step {
    Step::Ask(case.apart(), Doubt::new(Reason::EarlierAttempt, "it was not asked"))
}

fn after_answer(case: &Case<'_>, answered: Answered) -> Step {
    let (ResolvedBy::Query(resolution) | ResolvedBy::Order(resolution, _)) = case.endpoint.resolved_by else {
        return Step::Report;
    };
    let Answered { answer, date, only_paid, waited } = answered;
    let ask_again = |doubt, longest| Step::Ask(longer(waited, longest), doubt);
    let contradicted = |code: &str| ask_again(Doubt { code: code.into(), ..contradicted() }, LONGEST_WAIT);
    let pairs = match answer {
        Answer::Known(pairs) => pairs,
        Answer::NoAnswer(doubt) if only_paid => return only_if_it_says(doubt),
        Answer::NoAnswer(doubt) => return ask_again(doubt, LONGEST_WAIT),
        Answer::NotKnown { .. } if only_paid => return Step::Report,
        Answer::NotKnown { .. } if case.seen.called_paid => return contradicted(""),
        Answer::NotKnown { first_host } => return not_found(case, resolution, first_host, waited),
    };
    let state = pairs.filled(resolution.state).unwrap_or_default();
    if resolution.paid.contains(&state) {
        return says_paid(case, resolution, &pairs, (only_paid, waited));
    }
    let is_waiting = case.order().is_some_and(|(_, rules)| rules.waiting.contains(&state));
    let is_unpaid = resolution.unpaid.contains(&state);
    let doubt = |reason, words| Doubt { code: state.into(), ..Doubt::new(reason, words) };
    match (is_unpaid, is_waiting) {
        (true, _) | (_, true) if only_paid => Step::Report,
        (true, _) | (_, true) if case.seen.called_paid => contradicted(state),
        (true, _) => {
            let text = pairs.owned("reason").unwrap_or_default();
            declined(Refusal { code: state.into(), text, next: Next::NewNumber })
        }
        (_, true) if has_expired(case.entry, case.endpoint, date) => {
            declined(unpaid(state, "the order expired unpaid"))
        }
        (_, true) => {
            let not_yet = doubt(Reason::NotPaidYet, "the customer has not paid yet");
            ask_again(not_yet, LONGEST_WAIT_FOR_A_CUSTOMER)
        }
        _ => {
            let open = doubt(Reason::OpenCode, "the gateway is still working on it");
            if only_paid { only_if_it_says(open) } else { ask_again(open, LONGEST_WAIT) }
        }
    }
}

/// The customer is paying, or the gateway says something else: that is not "unpaid, and final".
fn only_if_it_says(doubt: Doubt) -> Step {
    if doubt.code.is_empty() { Step::Report } else { Step::Unknown(doubt) }
}

fn says_paid(case: &Case<'_>, resolution: &Resolution, pairs: &Pairs, asked: (bool, Duration)) -> Step {
    let (only_paid, waited) = asked;
    let other = "the gateway knows this order number with another amount";
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
        _ if only_paid => Step::Unknown(Doubt::new(Reason::ForAPerson, other)),
        _ => for_a_person(other),
    }
}

fn not_found(case: &Case<'_>, resolution: &Resolution, first_host: bool, waited: Duration) -> Step {
    if is_past_look_back(case, resolution) {
        return for_a_person("the order is older than what the gateway's query covers");
    }
    let ask_again = |words| Step::Ask(longer(waited, LONGEST_WAIT), Doubt::new(Reason::OpenCode, words));
    match case.order() {
        // "请勿当失败处理": where the identical repeat is documented, only the gateway's FAILED ends a number.
        None if case.until_repeat().is_zero() => Step::Repeat(Duration::ZERO, Doubt::new(Reason::OpenCode, NOT_KNOWN)),
        None => ask_again(NOT_KNOWN),
        Some((_, rules)) if not_found_is_final(case, rules, resolution, first_host) => {
            declined(unpaid("NOT_FOUND", "the gateway never saw this order"))
        }
        Some(_) => ask_again("the gateway does not know the order yet"),
    }
}

const NOT_KNOWN: &str =
    "the gateway does not know it, which is no end: paid again, it is sent again under its own number";

/// An answer that is asked for again where no repeat is possible.
pub(super) fn without_repeat(waited: Duration, doubt: Doubt) -> Step {
    Step::Ask(longer(waited, LONGEST_WAIT), doubt)
}

/// Of an order whose answer was lost, so that nobody can pay it, "not found" is final when the window passed in this
/// process's own time since the later of its start and the last attempt, the first host said it twice, a minute apart, and
/// the order is inside the query's look-back by a clock that was plausible then and is now.
fn not_found_is_final(case: &Case<'_>, rules: &OrderRules, resolution: &Resolution, first_host: bool) -> bool {
    let Case { entry, seen, times, .. } = *case;
    let twice = seen.not_found_since.is_some_and(|first| times.monotonic.saturating_sub(first) >= TWO_ANSWERS);
    let plausible = entry.begun_at >= EARLIEST && times.now >= entry.last_attempt_at;
    is_lost(case, rules, first_host) && twice && plausible && !is_past_look_back(case, resolution)
}

/// Whether an answer "not found" is the first or the second of the two that it takes.
pub(super) fn counts_as_not_found(case: &Case<'_>, first_host: bool) -> bool {
    case.order().is_some_and(|(_, rules)| is_lost(case, rules, first_host))
}

fn is_lost(case: &Case<'_>, rules: &OrderRules, first_host: bool) -> bool {
    let Case { entry, seen, .. } = *case;
    let window = case.profile.window.unwrap_or(rules.window);
    // Whoever has its URL can pay it, whatever a query finds.
    let handed_out = matches!(entry.state, EntryState::Settled(Settlement::Ordered { .. }));
    let known = seen.known || entry.known || seen.withheld.is_some();
    first_host && !handed_out && !known && case.since_attempt() >= window
}

fn is_past_look_back(case: &Case<'_>, resolution: &Resolution) -> bool {
    let look_back = i64::try_from(resolution.look_back.as_secs()).unwrap_or(i64::MAX);
    let (last, now) = (case.entry.last_attempt_at, case.times.now);
    last >= EARLIEST && now < LATEST && now.saturating_sub(last) >= look_back
}

/// Not paid, and never will be: a new number may be used.
fn unpaid(code: &str, words: &str) -> Refusal {
    Refusal { code: code.into(), text: words.into(), next: Next::NewNumber }
}

// ---- orders, notifications, people ----

fn to_close(case: &Case<'_>) -> Step {
    match case.order() {
        None => Step::Refuse("is not an order that a customer pays"),
        Some(_) if case.entry.is_settled() => Step::Report,
        Some(_) => Step::Close,
    }
}

/// What a person found, and whether a thread works on the entry.
pub(super) struct Looked<'a> {
    pub paid: bool,
    pub name: &'a str,
    pub reason: &'a str,
    pub busy: bool,
}

/// A person closes an entry that nothing else can.
pub(super) fn by_hand(entry: &Entry, endpoint: Option<&Endpoint>, looked: &Looked<'_>, now: i64) -> Step {
    let Looked { paid, name, reason, busy } = *looked;
    if busy {
        return Step::Refuse("a thread is working on this entry: try again");
    }
    if !paid && endpoint.is_some_and(|endpoint| may_be_paid(entry, endpoint, now)) {
        return Step::Refuse("its customer may still pay this order: close it first");
    }
    if entry.is_settled() {
        return Step::Refuse("the entry is settled already");
    }
    Step::Write(Settlement::ByHand { paid, name: name.into(), reason: reason.into() }, None)
}

/// Nobody but a person can tell. What is settled stays, but it is not believed.
fn distrusted(case: &Case<'_>, words: String) -> Step {
    if case.entry.is_pending() {
        return for_a_person(words);
    }
    Step::Unknown(Doubt::new(Reason::ForAPerson, words))
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

/// Whether it ends an order as unpaid by what the gateway said. (By hand, a person looked.)
pub(super) fn is_unpaid(settlement: &Settlement) -> bool {
    matches!(settlement, Settlement::Abandoned | Settlement::Declined { .. } | Settlement::NotSent)
}

/// The answer was lost that would have let a customer pay.
pub(super) const GIVEN_UP: Settlement = Settlement::Abandoned;

/// Whether its customer may pay it from now on.
pub(super) fn is_handed_out(settlement: &Settlement) -> bool {
    matches!(settlement, Settlement::Ordered { .. })
}

/// Whether its order is still asked about.
pub(super) fn is_still_asked(settlement: &Settlement) -> bool {
    matches!(settlement, Settlement::Ordered { .. } | Settlement::Abandoned)
}

/// Whether the money came after its order was given up.
pub(super) fn is_late(settlement: &Settlement) -> bool {
    matches!(settlement, Settlement::PaidLate { .. })
}

/// Whether somebody must look at it: it is logged as a warning.
pub(super) fn needs_a_look(settlement: &Settlement) -> bool {
    is_late(settlement) || matches!(settlement, Settlement::ForAPerson { .. })
}

/// Late money that the journal does not have yet.
pub(super) fn late(entry: &Entry, evidence: Vec<(String, String)>) -> Option<Settlement> {
    (!entry.is_paid()).then_some(Settlement::PaidLate { evidence })
}

pub(super) const CONTRADICTED: &str =
    "a signed notification says that it is paid, and the gateway's query does not: ask again, or look at the platform";

/// Who says the truth, the notification or the query? Nobody guesses.
pub(super) fn contradicted() -> Doubt {
    Doubt::new(Reason::OpenCode, CONTRADICTED)
}

impl Case<'_> {
    fn order(&self) -> Option<(&'static Resolution, &'static OrderRules)> {
        match self.endpoint.resolved_by {
            ResolvedBy::Order(resolution, rules) => Some((resolution, rules)),
            _ => None,
        }
    }

    /// How long ago the gateway last heard of this entry from this process must be a second: what is left of it.
    pub(super) fn apart(&self) -> Duration {
        let last = self.seen.asked.max(self.seen.last_attempt);
        last.map_or(Duration::ZERO, |last| APART.saturating_sub(self.times.monotonic.saturating_sub(last)))
    }

    /// How long ago the last attempt was, in this process's own time: at least so long.
    fn since_attempt(&self) -> Duration {
        let since = self.seen.last_attempt.unwrap_or(self.times.opened).max(self.times.opened);
        self.times.monotonic.saturating_sub(since)
    }

    /// What is left of the pause before the next repeat, which is twice the one before it: 1 s to 5 min. After a restart the
    /// device's clock counts, too: a repeat that comes too early is one more question.
    fn until_repeat(&self) -> Duration {
        let attempts = self.entry.attempts.max(self.seen.attempts);
        let pause = APART.saturating_mul(1 << attempts.saturating_sub(1).min(9)).min(LONGEST_BEFORE_REPEAT);
        let by_clock = u64::try_from(self.times.now.saturating_sub(self.entry.last_attempt_at)).unwrap_or(0);
        let since = match self.seen.last_attempt {
            Some(_) => self.since_attempt(),
            None => self.since_attempt().max(Duration::from_secs(by_clock)),
        };
        pause.saturating_sub(since)
    }

    /// What an order comes to that is paid. Money for one that was given up is late.
    fn payment(&self, queried: bool, evidence: Vec<(String, String)>) -> Settlement {
        match is_given_up(self.entry) {
            true => Settlement::PaidLate { evidence },
            false => Settlement::Accepted { queried, evidence },
        }
    }

    /// The order exists.
    fn hand_out(&self, mut evidence: Vec<(String, String)>, proof: Evidence<Pairs>) -> Step {
        evidence.extend(ordered_at(self.times.gateway));
        Step::Write(Settlement::Ordered { evidence }, Some(proof))
    }
}

// ---- after recovery, before pruning ----

/// Whether an entry is young enough for a repeat, by a clock that was plausible then and did not go back since.
pub(super) fn is_young(entry: &Entry, young: Duration, now: i64) -> bool {
    let age = now.saturating_sub(entry.begun_at);
    entry.begun_at >= EARLIEST
        && now >= entry.last_attempt_at
        && u64::try_from(age).is_ok_and(|age| Duration::from_secs(age) < young)
}

/// A wrong clock would make a paid intent payable again: nothing goes before a gateway's own time agreed with it to a day.
pub(super) fn may_prune(now: i64, mut gateways: impl Iterator<Item = i64>) -> bool {
    gateways.any(|gateway_now| now.saturating_sub(gateway_now).saturating_abs() <= A_DAY)
}

#[cfg(test)]
#[path = "../../tests/unit/till/rules/mod.rs"]
mod tests;
