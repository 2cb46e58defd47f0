//! The states of a refund, and what can happen to it.

use std::boxed::Box;
use std::string::ToString;
use std::time::Duration;
use std::vec::Vec;

use super::super::{MINUTE, MONOTONIC, NOW, Scene, account, pairs};
use crate::gateways::refund::REFUND;
use crate::journal::{Entry, EntryState, JournalFault, JournalFaultKind, NewEntry, Settlement};
use crate::money::Fen;
use crate::outcome::{Answer, Doubt, Next, Outcome, Reason, Refusal};
use crate::till::rules::{Answered, Asking, Ended, Event, Look, Looked, Step, by_hand};
use crate::till::seen::{Seen, Times};
use crate::till::trust::Unfit;
use crate::wire::pairs::Pairs;

/// What the journal has of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Open,
    /// Taken, and on its way.
    Refunding,
    /// Refused, and the query has yet to say so again.
    Unproven,
    UnprovenLater,
    UnprovenStop,
    SameNumber,
    Later,
    /// Closed: REFUNDCLOSE.
    NewNumber,
    Stop,
    NotSent,
    /// Arrived.
    Accepted,
    ForAPerson,
    HandPaid,
    HandUnpaid,
}

use State as S;

pub(super) const STATES: &[State] = &[
    S::Open,
    S::Refunding,
    S::Unproven,
    S::UnprovenLater,
    S::UnprovenStop,
    S::SameNumber,
    S::Later,
    S::NewNumber,
    S::Stop,
    S::NotSent,
    S::Accepted,
    S::ForAPerson,
    S::HandPaid,
    S::HandUnpaid,
];
pub(super) const UNPROVEN: &[State] = &[S::Unproven, S::UnprovenLater, S::UnprovenStop];
/// What the query is asked about.
pub(super) const ASKED: &[State] =
    &[S::Open, S::Refunding, S::Unproven, S::UnprovenLater, S::UnprovenStop, S::ForAPerson];

impl State {
    pub(super) fn words(self) -> &'static str {
        match self {
            S::Open => "open",
            S::Refunding => "taken",
            S::Unproven => "refused without proof (`SameNumber`)",
            S::UnprovenLater => "refused without proof (`SameNumberLater`)",
            S::UnprovenStop => "refused without proof (`Stop`)",
            S::SameNumber => "declined (`SameNumber`)",
            S::Later => "declined (`SameNumberLater`)",
            S::NewNumber => "declined (`NewNumber`)",
            S::Stop => "declined (`Stop`)",
            S::NotSent => "not sent",
            S::Accepted => "arrived",
            S::ForAPerson => "for a person",
            S::HandPaid => "by hand: paid",
            S::HandUnpaid => "by hand: unpaid",
        }
    }

    pub(super) fn drawn(self) -> &'static str {
        match self {
            S::Open => "Open",
            S::Refunding => "Refunding",
            S::Unproven | S::UnprovenLater | S::UnprovenStop => "Unproven",
            S::SameNumber | S::Later | S::NewNumber | S::Stop => "Declined",
            S::NotSent => "NotSent",
            S::Accepted => "Accepted",
            S::ForAPerson => "ForAPerson",
            S::HandPaid | S::HandUnpaid => "ByHand",
        }
    }

    fn settlement(self) -> Option<Settlement> {
        let (code, text) = ("CODE".to_string(), "words".to_string());
        let declined = |next| Some(Settlement::Declined { code: code.clone(), text: text.clone(), next });
        let unproven = |next| Some(Settlement::Unproven { code: code.clone(), text: text.clone(), next });
        let hand = |paid| Some(Settlement::ByHand { paid, name: "n".into(), reason: "r".into() });
        match self {
            S::Open => None,
            S::Refunding => Some(Settlement::Refunding { evidence: Vec::new() }),
            S::Unproven => unproven(Next::SameNumber),
            S::UnprovenLater => unproven(LATER),
            S::UnprovenStop => unproven(Next::Stop),
            S::SameNumber => declined(Next::SameNumber),
            S::Later => declined(LATER),
            S::NewNumber => declined(Next::NewNumber),
            S::Stop => declined(Next::Stop),
            S::NotSent => Some(Settlement::NotSent),
            S::Accepted => Some(Settlement::Accepted { queried: true, evidence: Vec::new() }),
            S::ForAPerson => Some(Settlement::ForAPerson { reason: "r".into() }),
            S::HandPaid => hand(true),
            S::HandUnpaid => hand(false),
        }
    }
}

pub(super) const LATER: Next = Next::SameNumberLater(Duration::from_secs(60));

/// A refund of 1 yuan, begun a minute ago, of an order of 8.88.
pub(super) fn scene(state: State) -> Scene {
    let amount = Fen::new(100).unwrap();
    let begun_at = NOW - MINUTE;
    let fields = [("out_trade_no", "o"), ("total_fee", "888")].map(|(name, value)| (name.into(), value.into()));
    let new = NewEntry { account: "a", call: REFUND.name, intent: "i", amount, of: Some("o"), at: begun_at };
    let mut entry = Entry::new(1, &new, "n".into(), fields.into());
    entry.state = state.settlement().map_or(EntryState::Open, EntryState::Recorded);
    let times = Times { now: NOW, monotonic: MONOTONIC, opened: Duration::ZERO, gateway: Some(NOW) };
    let account: Box<dyn crate::gateways::account::sealed::Sealed> = account(super::super::events::Flow::Native);
    Scene { endpoint: &REFUND, account, entry, seen: Seen::default(), times, is_from_before: false }
}

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Happens {
    Pay,
    PayFits,
    PayInPause,
    Taken,
    Unsent,
    NotMade,
    NotMadeChanged,
    Refused,
    Nothing,
    RepeatTaken,
    RepeatRefused,
    RepeatNothing,
    RepeatUnsent,
    Resume,
    ResumeOnlyAsks,
    RuleChanged,
    FieldsChanged,
    Question,
    Arrived,
    ArrivedInFirstRow,
    OtherAmount,
    NoAmount,
    OnItsWay,
    OnItsWayAMonth,
    Change,
    ChangeOfOtherAmount,
    Closed,
    ClosedOfOtherAmount,
    Failed,
    OtherState,
    NoRow,
    NoAnswer,
    NotFoundSoon,
    NotFound,
    NotFoundAtSecondHost,
    NotFoundOfKnown,
    NotFoundRefused,
    NotFoundRefusedStop,
    NotFoundRefusedAtSecondHost,
    NotFoundAfterAMinute,
    NotFoundRepeatsRefused,
    NotFoundLong,
    Close,
    Reverse,
    AcceptLate,
    Contradiction,
    PersonPaid,
    PersonUnpaid,
    PersonBusy,
}

use Happens as H;

pub(super) const EVENTS: &[Happens] = &[
    H::Pay,
    H::PayFits,
    H::PayInPause,
    H::Taken,
    H::Unsent,
    H::NotMade,
    H::NotMadeChanged,
    H::Refused,
    H::Nothing,
    H::RepeatTaken,
    H::RepeatRefused,
    H::RepeatNothing,
    H::RepeatUnsent,
    H::Resume,
    H::ResumeOnlyAsks,
    H::RuleChanged,
    H::FieldsChanged,
    H::Question,
    H::Arrived,
    H::ArrivedInFirstRow,
    H::OtherAmount,
    H::NoAmount,
    H::OnItsWay,
    H::OnItsWayAMonth,
    H::Change,
    H::ChangeOfOtherAmount,
    H::Closed,
    H::ClosedOfOtherAmount,
    H::Failed,
    H::OtherState,
    H::NoRow,
    H::NoAnswer,
    H::NotFoundSoon,
    H::NotFound,
    H::NotFoundAtSecondHost,
    H::NotFoundOfKnown,
    H::NotFoundRefused,
    H::NotFoundRefusedStop,
    H::NotFoundRefusedAtSecondHost,
    H::NotFoundAfterAMinute,
    H::NotFoundRepeatsRefused,
    H::NotFoundLong,
    H::Close,
    H::Reverse,
    H::AcceptLate,
    H::Contradiction,
    H::PersonPaid,
    H::PersonUnpaid,
    H::PersonBusy,
];

impl Happens {
    /// Whether it can happen to a refund in this state. An attempt ends only in one that is open.
    pub(super) fn happens(self, state: State) -> bool {
        match self {
            H::Pay | H::PayInPause | H::Question | H::Close | H::Reverse | H::AcceptLate => true,
            H::Contradiction | H::PersonPaid | H::PersonUnpaid | H::PersonBusy => true,
            H::PayFits => matches!(state, S::Unproven | S::UnprovenLater | S::SameNumber | S::Later | S::NotSent),
            H::Resume | H::ResumeOnlyAsks => matches!(state, S::Open | S::Refunding),
            H::Taken | H::Unsent | H::NotMade | H::NotMadeChanged | H::Refused | H::Nothing => state == S::Open,
            H::RepeatTaken | H::RepeatRefused | H::RepeatNothing | H::RepeatUnsent => state == S::Open,
            H::RuleChanged | H::FieldsChanged => state == S::Open,
            H::NotFoundRefused | H::NotFoundRefusedStop | H::NotFoundRefusedAtSecondHost => state == S::Open,
            H::NotFoundSoon | H::NotFoundOfKnown | H::NotFoundRepeatsRefused => state == S::Open,
            H::NotFoundAfterAMinute => UNPROVEN.contains(&state),
            H::OnItsWayAMonth => matches!(state, S::Open | S::Refunding | S::ForAPerson),
            _ => ASKED.contains(&state),
        }
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            H::Pay => "`refund` is called",
            H::PayFits => "`refund` is called, and the stored fields would be allowed today",
            H::PayInPause => "`refund` is called within a minute of another refund of the order",
            H::Taken => "attempt: the reply proves that it was taken",
            H::Unsent => "attempt: no byte left",
            H::NotMade => "attempt: a rule of today forbids it, or it is cancelled",
            H::NotMadeChanged => "attempt: the stored fields were changed",
            H::Refused => "attempt: a refusal of the table, which the query must confirm",
            H::Nothing => "attempt: anything else, and every other code",
            H::RepeatTaken => "repeat: the reply proves that it was taken",
            H::RepeatRefused => "repeat: refused, in whatever words",
            H::RepeatNothing => "repeat: anything else",
            H::RepeatUnsent => "repeat: no byte left, or no time, or the journal cannot count it",
            H::Resume => "`refund` goes on with it",
            H::ResumeOnlyAsks => "`recover` goes on with it, without leave to repeat",
            H::RuleChanged => "`refund` goes on with it, and a rule of today forbids the repeat",
            H::FieldsChanged => "`refund` goes on with it, and the stored fields were changed",
            H::Question => "`payment_of`, `recover` or a notification wants to know",
            H::Arrived => "query: our row says `SUCCESS`, with the same amount",
            H::ArrivedInFirstRow => "query: the same, in row 0",
            H::OtherAmount => "query: our row says `SUCCESS`, with another amount",
            H::NoAmount => "query: our row says `SUCCESS`, and no amount",
            H::OnItsWay => "query: our row says `PROCESSING`",
            H::OnItsWayAMonth => "query: our row says `PROCESSING`, 30 days after it was begun",
            H::Change => "query: our row says `CHANGE`",
            H::ChangeOfOtherAmount => "query: our row says `CHANGE`, with another amount",
            H::Closed => "query: our row says `REFUNDCLOSE`",
            H::ClosedOfOtherAmount => "query: our row says `REFUNDCLOSE`, with another amount",
            H::Failed => "query: our row says `FAIL`",
            H::OtherState => "query: our row says another word",
            H::NoRow => "query: rows of other refunds only",
            H::NoAnswer => "query: no usable answer",
            H::NotFoundSoon => "query: not found, a second after the attempt",
            H::NotFound => "query: not found",
            H::NotFoundAtSecondHost => "query: not found, at the second host",
            H::NotFoundOfKnown => "query: not found, and it was refused, and the gateway knew it before",
            H::NotFoundRefused => "query: not found, and the only attempt was refused (`SameNumber`)",
            H::NotFoundRefusedStop => "query: not found, and the only attempt was refused (`Stop`)",
            H::NotFoundRefusedAtSecondHost => "query: not found, at the second host, and the only attempt was refused",
            H::NotFoundAfterAMinute => "query: not found, again, a minute after the refusal",
            H::NotFoundRepeatsRefused => "query: not found, and its repeats were refused for a minute",
            H::NotFoundLong => "query: not found, a year after the last attempt",
            H::Close => "`close` is called",
            H::Reverse => "`reverse` is called",
            H::AcceptLate => "`accept_late` is called",
            H::Contradiction => "the stored entry contradicts itself",
            H::PersonPaid => "a person says paid",
            H::PersonUnpaid => "a person says unpaid",
            H::PersonBusy => "a person decides while a thread works on it",
        }
    }

    /// Who says it, for the drawing.
    pub(super) fn source(self) -> &'static str {
        match self {
            H::Contradiction | H::FieldsChanged | H::NotMadeChanged => "contradiction",
            H::PersonPaid | H::PersonUnpaid | H::PersonBusy => "person",
            H::Taken | H::Unsent | H::NotMade | H::Refused | H::Nothing => "attempt",
            H::RepeatTaken | H::RepeatRefused | H::RepeatNothing | H::RepeatUnsent => "repeat",
            H::Pay | H::PayFits | H::PayInPause | H::Resume | H::ResumeOnlyAsks | H::RuleChanged => "call",
            H::Question | H::Close | H::Reverse | H::AcceptLate => "call",
            _ => "query",
        }
    }
}

/// Rows of the query: another refund's, and ours at this index.
fn row(at: usize, state: &str, amount: &str) -> Answer<Pairs> {
    let names =
        |index: usize| ["out_refund_no", "refund_status", "refund_fee"].map(|name| std::format!("{name}_{index}"));
    let (ours, other) = (names(at), names(1 - at));
    let mut rows: Vec<(&str, &str)> = [("refund_count", "2"), (&other[0], "other"), (&other[1], "REFUNDCLOSE")].into();
    rows.extend([(other[2].as_str(), "788"), (&ours[0], "n"), (&ours[1], state), (&ours[2], amount)]);
    Answer::Known(pairs(&rows))
}

fn answered(at: &Scene, answer: Answer<Pairs>, age: i64) -> Event {
    let (date, waited) = (Some(at.entry.begun_at + age), Duration::from_secs(1));
    Event::Answer(Answered { answer, date, asking: Asking::Everything, waited, cancelled: false })
}

pub(super) fn no_answer(at: &Scene) -> Event {
    answered(at, Answer::NoAnswer(Doubt::new(Reason::Broken, "words")), MINUTE)
}

pub(super) fn ago(seconds: u64) -> Duration {
    MONOTONIC.saturating_sub(Duration::from_secs(seconds))
}

pub(super) fn not_found(at: &mut Scene, first_host: bool, seconds: u64) -> Event {
    at.seen.last_attempt = Some(ago(seconds));
    answered(at, Answer::NotKnown { first_host }, MINUTE)
}

/// Lets it happen, and returns the step.
pub(super) fn happen(state: State, what: Happens) -> Step {
    let mut at = scene(state);
    match event(&mut at, what) {
        Ok(event) => at.step(event),
        Err((paid, busy)) => {
            let of_intent = [at.entry.clone()];
            let (name, reason, since) = ("n", "r", Duration::ZERO);
            let looked = Looked { paid, name, reason, busy, of_intent: &of_intent, since, reversal_is_over: false };
            by_hand(&at.entry, Some(at.endpoint), &looked, NOW)
        }
    }
}

/// The event, after what goes with it was changed in the scene. `Err`: a person looked.
fn event(at: &mut Scene, what: Happens) -> Result<Event, (bool, bool)> {
    let doubt = |reason, code: &str| Doubt { code: code.into(), ..Doubt::new(reason, "words") };
    let attempt = |outcome| Event::Attempt(Ended::Judged(outcome));
    let repeat = |ended| Event::Repeat(ended, Duration::from_secs(1));
    let pay = |look| Event::Pay(look);
    Ok(match what {
        H::Pay => pay(Look::default()),
        H::PayFits => pay(Look { goes_again: true, ..Look::default() }),
        H::PayInPause => pay(Look { pause: Some(Duration::from_secs(15)), ..Look::default() }),
        H::Taken => attempt(Outcome::Taken(pairs(&[]))),
        H::Unsent => Event::Attempt(Ended::NotSent("words".into())),
        H::NotMade => Event::NotMade { changed: None, refused: None },
        H::NotMadeChanged => Event::NotMade { changed: Some("words".into()), refused: None },
        H::Refused => attempt(Outcome::Unknown(doubt(Reason::Unconfirmed, "NOTENOUGH"))),
        H::Nothing => attempt(Outcome::Unknown(doubt(Reason::Broken, ""))),
        H::RepeatTaken => repeat(Ended::Judged(Outcome::Taken(pairs(&[])))),
        H::RepeatRefused => repeat(Ended::Judged(Outcome::Unknown(doubt(Reason::EarlierAttempt, "NOTENOUGH")))),
        H::RepeatNothing => repeat(Ended::Judged(Outcome::Unknown(doubt(Reason::Broken, "")))),
        H::RepeatUnsent => repeat(Ended::NotCounted(JournalFault::new(JournalFaultKind::Refused, "words"))),
        H::Resume => Event::Resume { repeats: true },
        H::ResumeOnlyAsks => Event::Resume { repeats: false },
        H::RuleChanged => Event::NotFit(Unfit::Rule(crate::error::Error::field("field", "rule"))),
        H::FieldsChanged => Event::NotFit(Unfit::Changed("words".into())),
        H::Question => Event::Question,
        H::Close => Event::Close,
        H::Reverse => Event::Reverse,
        H::AcceptLate => Event::AcceptLate,
        H::Contradiction => Event::Distrust("words".into()),
        H::PersonPaid => return Err((true, false)),
        H::PersonUnpaid => return Err((false, false)),
        H::PersonBusy => return Err((false, true)),
        what => says(at, what),
    })
}

/// What the query says.
fn says(at: &mut Scene, what: Happens) -> Event {
    let refused = |next| Some(Refusal { code: "CODE".into(), text: "words".into(), next });
    let row = |state, amount| row(1, state, amount);
    match what {
        H::Arrived => answered(at, row("SUCCESS", "100"), MINUTE),
        H::ArrivedInFirstRow => answered(at, self::row(0, "SUCCESS", "100"), MINUTE),
        H::OtherAmount => answered(at, row("SUCCESS", "101"), MINUTE),
        H::NoAmount => answered(at, row("SUCCESS", ""), MINUTE),
        H::OnItsWay => answered(at, row("PROCESSING", "100"), MINUTE),
        H::OnItsWayAMonth => answered(at, row("PROCESSING", "100"), 30 * 86_400),
        H::Change => answered(at, row("CHANGE", "100"), MINUTE),
        H::ChangeOfOtherAmount => answered(at, row("CHANGE", "101"), MINUTE),
        H::Closed => answered(at, row("REFUNDCLOSE", "100"), MINUTE),
        H::ClosedOfOtherAmount => answered(at, row("REFUNDCLOSE", "101"), MINUTE),
        H::Failed => answered(at, row("FAIL", "100"), MINUTE),
        H::OtherState => answered(at, row("TOMORROW", "100"), MINUTE),
        H::NoRow => {
            let rows = [("refund_count", "1"), ("out_refund_no_0", "other"), ("refund_status_0", "REFUNDCLOSE")];
            answered(at, Answer::Known(pairs(&rows)), MINUTE)
        }
        H::NotFoundSoon => not_found(at, true, 1),
        H::NotFoundAtSecondHost => not_found(at, false, 60),
        H::NotFoundOfKnown => {
            at.seen.refused = refused(Next::SameNumber);
            at.entry.known = true;
            not_found(at, true, 60)
        }
        H::NotFoundRefused => {
            at.seen.refused = refused(Next::SameNumber);
            not_found(at, true, 1)
        }
        H::NotFoundRefusedStop => {
            at.seen.refused = refused(Next::Stop);
            not_found(at, true, 1)
        }
        H::NotFoundRefusedAtSecondHost => {
            at.seen.refused = refused(Next::SameNumber);
            not_found(at, false, 1)
        }
        H::NotFoundAfterAMinute => {
            at.seen.refused_at = Some(ago(60));
            not_found(at, true, 60)
        }
        H::NotFoundRepeatsRefused => {
            at.seen.repeat_refused = Some((ago(60), true));
            not_found(at, true, 60)
        }
        H::NotFoundLong => {
            at.entry.last_attempt_at = at.entry.begun_at + MINUTE - 365 * 86_400;
            at.seen.refused_at = Some(ago(1));
            answered(at, Answer::NotKnown { first_host: true }, MINUTE)
        }
        // What says nothing, and "not found" a minute after the attempt, a second after it was told as refused.
        H::NotFound => {
            at.seen.refused_at = Some(ago(1));
            not_found(at, true, 60)
        }
        _ => no_answer(at),
    }
}
