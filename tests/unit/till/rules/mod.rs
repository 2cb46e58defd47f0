//! Every state of an entry against everything that can happen to it (`events.rs`): `table.rs` has a row for each pair, with the
//! step and the document that it comes from. `page.rs` prints `docs/money.md` from it.

mod codes;
mod events;
mod explore;
mod page;
mod refund_search;
mod refunds;
mod table;
mod tape;
mod unified;
mod words;

use std::boxed::Box;
use std::collections::BTreeMap;
use std::format;
use std::string::{String, ToString};
use std::time::Duration;
use std::vec::Vec;

use super::super::receipt::Evidence;
use super::super::seen::{Seen, Times};
use super::super::trust::Unfit;
use super::{Answered, Asking, Case, Ended, Event, Look, Looked, Step, again, by_hand, first, once, step};
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::gateways::account::{
    RedpackAccount, SwiftpassAccount, WebgateAccount, WorkwxAccount, WxpayAccount, sealed::Sealed,
};
use crate::gateways::{micropay, redpack, swiftpass, webgate, workwx, wxpay};
use crate::journal::{Entry, EntryState, JournalFault, JournalFaultKind, NewEntry, Settlement};
use crate::money::Fen;
use crate::outcome::{Answer, Doubt, Next, Outcome, Reason, Refusal};
use crate::secret::Secret;
use crate::wire::pairs::{Pairs, PairsFault};
use crate::wire::verify::ReplyRule;

use events::{EVENTS, FLOWS, Flow, Happens, LATE_ANSWERS, STATES, State};
use table::{ROWS, Row};

/// 2027-01-15 16:00:00 in China.
const NOW: i64 = 1_800_000_000;
const MINUTE: i64 = 60;
const MONTH: i64 = 30 * 86_400;
/// The process is three hours old.
const MONOTONIC: Duration = Duration::from_secs(3 * 3600);

/// Everything that a decision is made from, to be changed by what happens.
struct Scene {
    endpoint: &'static Endpoint,
    account: Box<dyn Sealed>,
    entry: Entry,
    seen: Seen,
    times: Times,
    is_from_before: bool,
}

impl Scene {
    fn step(&self, event: Event) -> Step {
        self.of_case(|case| step(case, event))
    }

    fn of_case<T>(&self, judge: impl FnOnce(&Case<'_>) -> T) -> T {
        let Scene { endpoint, account, entry, seen, times, is_from_before } = self;
        let (profile, times, is_from_before) = (account.profile(), *times, *is_from_before);
        judge(&Case { endpoint, profile, entry, seen, times, is_from_before })
    }
}

struct Unused;

impl ReplyRule for Unused {
    fn verify(&self, _: &Pairs) -> Result<(), &'static str> {
        Err("unused")
    }
}

fn account(flow: Flow) -> Box<dyn Sealed> {
    let key = || Secret::new("8934e7d15453e97507ef794cf7b0519d");
    match flow {
        Flow::Redpack => Box::new(RedpackAccount::new("10000098", "wx8888888888888888", key()).unwrap()),
        Flow::Workwx => Box::new(WorkwxAccount::new("10000098", "wx8888888888888888", key(), key()).unwrap()),
        Flow::Wap => Box::new(SwiftpassAccount::new("https://pay.example/pay/gateway", "7551000001", key()).unwrap()),
        Flow::Native | Flow::Code => Box::new(WxpayAccount::new("10000098", "wx8888888888888888", key()).unwrap()),
        Flow::Webgate => {
            let account = WebgateAccount::new("https://pay.example", "partner", key(), Unused).unwrap();
            Box::new(account.repeat_while_unpaid())
        }
    }
}

fn endpoint(flow: Flow) -> &'static Endpoint {
    match flow {
        Flow::Redpack => &redpack::SEND_REDPACK,
        Flow::Workwx => &workwx::PAY_WWSPTRANS2POCKET,
        Flow::Wap => &swiftpass::WAP_ORDER,
        Flow::Native => &wxpay::NATIVE_ORDER,
        Flow::Webgate => &webgate::WXCHARGE,
        Flow::Code => &micropay::MICRO_PAY,
    }
}

/// An entry of a flow in a state, asked about lately, by a clock that is right.
fn scene(flow: Flow, state: State) -> Scene {
    let endpoint = endpoint(flow);
    let amount = Fen::new(100).unwrap();
    let begun_at = if state == State::OrderedEnded { NOW - 10 * MINUTE } else { NOW - MINUTE };
    let china = |at: i64| crate::clock::ChinaTime::from_unix(at).unwrap().digits();
    let fields = [("time_start", china(begun_at)), ("time_expire", china(begun_at + 5 * MINUTE))];
    let fields = fields.map(|(name, value)| (name.into(), value)).into();
    let new = NewEntry { account: "a", call: endpoint.name, intent: "i", amount, of: None, at: begun_at };
    let mut entry = Entry::new(1, &new, "n".into(), fields);
    if state != State::Open {
        entry.settled_at = Some(begun_at);
    }
    let mut seen = Seen::default();
    let evidence = || Vec::from([("mweb_url".into(), "https://wx.example/".into())]);
    let declined = |next| Settlement::Declined { code: "CODE".into(), text: "words".into(), next };
    let hand = |paid| Settlement::ByHand { paid, name: "n".into(), reason: "r".into() };
    let settlement = match state {
        State::Open => None,
        State::Withheld => {
            seen.withheld = Some(evidence());
            None
        }
        State::Ordered | State::OrderedEnded => Some(Settlement::Ordered { evidence: evidence() }),
        State::Abandoned => Some(Settlement::Abandoned),
        State::LateUnwritten => {
            seen.unwritten = Some(Settlement::PaidLate { evidence: evidence() });
            Some(Settlement::Abandoned)
        }
        State::SameNumber => Some(declined(Next::SameNumber)),
        State::SameNumberLater => Some(declined(Next::SameNumberLater(Duration::from_secs(15)))),
        State::NewNumber => Some(declined(Next::NewNumber)),
        State::Stop => Some(declined(Next::Stop)),
        State::NotSent => Some(Settlement::NotSent),
        State::Accepted => Some(Settlement::Accepted { queried: true, evidence: Vec::new() }),
        State::PaidLate => Some(Settlement::PaidLate { evidence: evidence() }),
        State::ForAPerson => Some(Settlement::ForAPerson { reason: "r".into() }),
        State::HandPaid => Some(hand(true)),
        State::HandUnpaid => Some(hand(false)),
        of_code => codes::settlement(of_code, (&mut entry, &mut seen)),
    };
    entry.state = settlement.map_or(EntryState::Open, EntryState::Recorded);
    let times = Times { now: NOW, monotonic: MONOTONIC, opened: Duration::ZERO, gateway: Some(NOW) };
    Scene { endpoint, account: account(flow), entry, seen, times, is_from_before: false }
}

fn pairs(fields: &[(&str, &str)]) -> Pairs {
    let mut pairs = Pairs::default();
    let added: Result<Vec<()>, PairsFault> = fields.iter().map(|(name, value)| pairs.add(name, value)).collect();
    added.unwrap();
    pairs
}

/// What the query of a flow says, in its own words.
fn known(flow: Flow, state: &str, amount: Option<&str>) -> Answer<Pairs> {
    let (field, sum) = match flow {
        Flow::Redpack => ("status", "total_amount"),
        Flow::Workwx => ("status", "payment_amount"),
        Flow::Wap | Flow::Native | Flow::Webgate | Flow::Code => ("trade_state", "total_fee"),
    };
    let number = match flow {
        Flow::Redpack => "mch_billno",
        Flow::Workwx => "partner_trade_no",
        Flow::Wap | Flow::Native | Flow::Webgate | Flow::Code => "out_trade_no",
    };
    match amount {
        Some(amount) => Answer::Known(pairs(&[(field, state), (number, "n"), (sum, amount)])),
        None => Answer::Known(pairs(&[(field, state), (number, "n")])),
    }
}

/// The gateway's own time, when the order was made.
fn made_at_gateway(at: &mut Scene) {
    let ordered_at = ("ordered_at".into(), crate::clock::ChinaTime::from_unix(at.entry.begun_at).unwrap().digits());
    if let EntryState::Recorded(Settlement::Ordered { evidence }) = &mut at.entry.state {
        evidence.push(ordered_at);
    }
}

/// Lets it happen, and returns the step.
fn happen(flow: Flow, state: State, what: Happens) -> Step {
    let mut at = scene(flow, state);
    match event(flow, &mut at, what) {
        Ok(event) => at.step(event),
        Err(looked) => {
            let of_intent = [at.entry.clone()];
            by_hand(&at.entry, Some(at.endpoint), &Looked { of_intent: &of_intent, ..looked }, NOW)
        }
    }
}

/// The event, after what goes with it was changed in the scene. `Err`: a person looked.
fn event(flow: Flow, at: &mut Scene, what: Happens) -> Result<Event, Looked<'static>> {
    use Happens as H;
    let refusal = |next| Refusal { code: "CODE".into(), text: "words".into(), next };
    let attempt = |outcome| Event::Attempt(Ended::Judged(outcome));
    let doubt = |reason, code: &str| Doubt { code: code.into(), ..Doubt::new(reason, "words") };
    let repeat = |ended| Event::Repeat(ended, Duration::from_secs(1));
    let fault = || JournalFault::new(JournalFaultKind::Refused, "words");
    let error = || Error::field("field", "rule");
    // By its own clock the gateway answers a minute after the order was made.
    let date = Some(at.entry.begun_at + MINUTE);
    let answer = |answer, asking| {
        Event::Answer(Answered { answer, date, asking, waited: Duration::from_secs(1), cancelled: false })
    };
    if flow == Flow::Code
        && let Some(event) = codes::event(at, what)
    {
        return event;
    }
    let (paid, unpaid) = match flow {
        Flow::Redpack => ("SENT", "FAILED"),
        Flow::Workwx => ("SUCCESS", "FAILED"),
        Flow::Wap | Flow::Native | Flow::Webgate | Flow::Code => ("SUCCESS", "CLOSED"),
    };
    let not_found = |first_host| Answer::NotKnown { first_host };
    let pay = |look| Event::Pay(look);
    let person = |paid, busy| {
        Err(Looked {
            paid,
            name: "n",
            reason: "r",
            busy,
            of_intent: &[],
            since: Duration::ZERO,
            reversal_is_over: false,
        })
    };
    Ok(match what {
        H::Pay => pay(Look::default()),
        H::PayConfirmed => {
            at.seen.not_known = Some((MONOTONIC, 1));
            pay(Look::default())
        }
        H::PayFits => pay(Look { goes_again: true, ..Look::default() }),
        H::PayMended => pay(Look { mended: true, ..Look::default() }),
        H::PayInPause => pay(Look { pause: Some(Duration::from_secs(15)), ..Look::default() }),
        H::PayCalledPaid => pay(Look { called_paid: true, ..Look::default() }),
        H::AttemptUnsent => Event::Attempt(Ended::NotSent("words".into())),
        H::AttemptAccepted if flow.is_order() => attempt(Outcome::Ordered(pairs(&[]))),
        H::AttemptAccepted => attempt(Outcome::Accepted(pairs(&[]))),
        H::AttemptSameNumber => attempt(Outcome::Declined(refusal(Next::SameNumber))),
        H::AttemptLater => attempt(Outcome::Declined(refusal(Next::SameNumberLater(Duration::from_secs(15))))),
        H::AttemptNewNumber => attempt(Outcome::Declined(refusal(Next::NewNumber))),
        H::AttemptStop => attempt(Outcome::Declined(refusal(Next::Stop))),
        H::AttemptUnknown => attempt(Outcome::Unknown(doubt(Reason::Broken, ""))),
        H::AttemptProcessing => attempt(Outcome::Unknown(doubt(Reason::OpenCode, "PROCESSING"))),
        H::AttemptTyping => attempt(Outcome::Unknown(doubt(Reason::OpenCode, "USERPAYING"))),
        H::AttemptAskedOnce => attempt(Outcome::Unknown(doubt(Reason::OpenCode, "TRADE_ERROR"))),
        H::AttemptRefusedFromBefore => {
            at.is_from_before = true;
            attempt(Outcome::Declined(refusal(Next::NewNumber)))
        }
        H::AttemptUnconfirmed => attempt(Outcome::Unknown(doubt(Reason::Unconfirmed, "NOTENOUGH"))),
        H::NotMade => Event::NotMade { changed: None, refused: None },
        H::NotMadeAfterRefusal => Event::NotMade { changed: None, refused: Some(refusal(Next::SameNumber)) },
        H::NotMadeChanged => Event::NotMade { changed: Some("words".into()), refused: None },
        H::RepeatAccepted => repeat(Ended::Judged(Outcome::Accepted(pairs(&[])))),
        H::RepeatRefused => repeat(Ended::Judged(Outcome::Unknown(doubt(Reason::EarlierAttempt, "CODE")))),
        H::RepeatUnknown => repeat(Ended::Judged(Outcome::Unknown(doubt(Reason::Broken, "")))),
        H::RepeatUnsent => repeat(Ended::NotSent("words".into())),
        H::RepeatNoTime => repeat(Ended::NoTime),
        H::RepeatUncounted => repeat(Ended::NotCounted(fault())),
        H::ResumeInPay => Event::Resume { repeats: true },
        H::ResumeOnlyAsks => Event::Resume { repeats: false },
        H::RuleChanged => Event::NotFit(Unfit::Rule(error())),
        H::FieldsChanged => Event::NotFit(Unfit::Changed("words".into())),
        H::Question => Event::Question,
        H::SaysPaid => answer(known(flow, paid, Some("100")), Asking::Everything),
        H::SaysOtherAmount => answer(known(flow, paid, Some("101")), Asking::Everything),
        H::SaysNoAmount => answer(known(flow, paid, Some("")), Asking::Everything),
        H::SaysUnpaid => answer(known(flow, unpaid, None), Asking::Everything),
        H::SaysWaiting => answer(known(flow, "NOTPAY", None), Asking::Everything),
        H::SaysWaitingPastEnd => {
            // Past the end and the margin of a minute, by the gateway's own time.
            let date = Some(at.entry.begun_at + 6 * MINUTE);
            let (answer, waited) = (known(flow, "NOTPAY", None), Duration::from_secs(1));
            Event::Answer(Answered { answer, date, asking: Asking::Everything, waited, cancelled: false })
        }
        H::SaysUnpaidOfOther => answer(known(flow, unpaid, Some("101")), Asking::Everything),
        H::SaysWaitingClosed => {
            at.seen.closed = Some(MONOTONIC.saturating_sub(Duration::from_secs(2)));
            let date = Some(at.entry.begun_at + 6 * MINUTE);
            let (answer, waited) = (known(flow, "NOTPAY", None), Duration::from_secs(1));
            Event::Answer(Answered { answer, date, asking: Asking::Everything, waited, cancelled: false })
        }
        H::SaysWaitingGone => {
            made_at_gateway(at);
            let date = Some(at.entry.begun_at + 130 * MINUTE);
            let (answer, waited) = (known(flow, "NOTPAY", None), Duration::from_secs(1));
            Event::Answer(Answered { answer, date, asking: Asking::Everything, waited, cancelled: false })
        }
        H::SaysPayErrorPastEnd => {
            let date = Some(at.entry.begun_at + 6 * MINUTE);
            let (answer, waited) = (known(flow, "PAYERROR", None), Duration::from_secs(1));
            Event::Answer(Answered { answer, date, asking: Asking::Everything, waited, cancelled: false })
        }
        H::SaysPayErrorGone => {
            made_at_gateway(at);
            at.seen.closed = Some(MONOTONIC.saturating_sub(Duration::from_secs(2)));
            let date = Some(at.entry.begun_at + 130 * MINUTE);
            let (answer, waited) = (known(flow, "PAYERROR", None), Duration::from_secs(1));
            Event::Answer(Answered { answer, date, asking: Asking::Everything, waited, cancelled: false })
        }
        H::SaysPayError => answer(known(flow, "PAYERROR", None), Asking::Everything),
        H::SaysGivenBack => answer(known(flow, "REFUND", Some("100")), Asking::Everything),
        H::OnlySaysGivenBack => answer(known(flow, "REFUND", Some("100")), Asking::IfPaid),
        H::SaysWorking => answer(known(flow, "PROCESSING", None), Asking::Everything),
        H::SaysNothing => answer(Answer::NoAnswer(doubt(Reason::Broken, "")), Asking::Everything),
        H::NotFound => {
            // Inside the window.
            at.seen.last_attempt = Some(MONOTONIC.saturating_sub(Duration::from_secs(60)));
            answer(not_found(true), Asking::Everything)
        }
        H::NotFoundAfterRefusal => {
            at.seen.refused = Some(refusal(Next::SameNumber));
            answer(not_found(true), Asking::Everything)
        }
        H::NotFoundSoon => {
            at.seen.last_attempt = Some(MONOTONIC.saturating_sub(Duration::from_secs(3)));
            at.seen.attempts = 4;
            answer(not_found(true), Asking::Everything)
        }
        H::NotFoundOnce => answer(not_found(true), Asking::Everything),
        H::NotFoundTwice => {
            at.seen.not_found_since = Some(MONOTONIC.saturating_sub(Duration::from_secs(60)));
            answer(not_found(true), Asking::Everything)
        }
        H::NotFoundAtSecondHost => {
            at.seen.not_found_since = Some(MONOTONIC.saturating_sub(Duration::from_secs(60)));
            answer(not_found(false), Asking::Everything)
        }
        H::NotFoundOfKnown => {
            at.seen.not_found_since = Some(MONOTONIC.saturating_sub(Duration::from_secs(60)));
            at.entry.known = true;
            answer(not_found(true), Asking::Everything)
        }
        H::NotFoundWithClockAhead => {
            at.times.now = NOW + 31 * 86_400;
            answer(not_found(true), Asking::Everything)
        }
        H::NotFoundByWrongClock => {
            at.seen.not_found_since = Some(MONOTONIC.saturating_sub(Duration::from_secs(60)));
            at.times.now = at.entry.last_attempt_at - 1;
            answer(not_found(true), Asking::Everything)
        }
        H::NotFoundPastLookBack => {
            at.entry.last_attempt_at = at.entry.begun_at + MINUTE - MONTH;
            answer(not_found(true), Asking::Everything)
        }
        H::SaysUnpaidButCalledPaid => {
            at.seen.called_paid = true;
            answer(known(flow, unpaid, None), Asking::Everything)
        }
        H::NotFoundButCalledPaid => {
            at.seen.called_paid = true;
            at.seen.not_found_since = Some(MONOTONIC.saturating_sub(Duration::from_secs(60)));
            answer(not_found(true), Asking::Everything)
        }
        H::OnlySaysPaid => answer(known(flow, paid, Some("100")), Asking::IfPaid),
        H::OnlySaysOtherAmount => answer(known(flow, paid, Some("101")), Asking::IfPaid),
        H::OnlySaysWorking => answer(known(flow, "USERPAYING", None), Asking::IfPaid),
        H::OnlySaysUnpaid => answer(known(flow, unpaid, None), Asking::IfPaid),
        H::OnlyNotFound => answer(not_found(true), Asking::IfPaid),
        H::OnlySaysNothing => answer(Answer::NoAnswer(doubt(Reason::Broken, "")), Asking::IfPaid),
        H::AcceptLate => Event::AcceptLate,
        H::LateIsThere => answer(known(flow, paid, Some("100")), Asking::ToKeepIt),
        H::LateIsGivenBack => answer(known(flow, "REFUND", Some("100")), Asking::ToKeepIt),
        H::LateIsLess => answer(known(flow, paid, Some("99")), Asking::ToKeepIt),
        H::LateNotSaid => answer(Answer::NoAnswer(doubt(Reason::Broken, "")), Asking::ToKeepIt),
        H::NotifiedTrusted => Event::Notified(Vec::new(), true),
        H::Notified => Event::Notified(Vec::new(), false),
        H::Close => Event::Close,
        H::Reverse => Event::Reverse,
        H::Contradiction => Event::Distrust("words".into()),
        H::PersonPaid => return person(true, false),
        H::PersonPaidAfterReversal => {
            return person(true, false).map_err(|looked| Looked { reversal_is_over: true, ..looked });
        }
        H::PersonUnpaid => return person(false, false),
        H::PersonBusy => return person(false, true),
    })
}

/// A step in the words of the table.
fn words(step: &Step) -> String {
    let seconds = |time: &Duration| format!("{} s", time.as_secs());
    let after = |time: &Duration| if time.is_zero() { "at once".into() } else { format!("after {}", seconds(time)) };
    match step {
        Step::NewNumber => "new number".into(),
        Step::SameNumber => "same number".into(),
        Step::SameNumberAfter(wait, _) => format!("same number after {}", seconds(wait)),
        Step::Resume => "resume".into(),
        Step::Repeat(wait, _) => format!("repeat {}", after(wait)),
        Step::Ask(wait, doubt) if doubt.reason == Reason::ForAPerson => format!("ask {}, else ForAPerson", after(wait)),
        Step::Ask(wait, _) => format!("ask {}", after(wait)),
        Step::AskIfPaid => "ask if paid".into(),
        Step::Wait(wait) => format!("wait {}", seconds(wait)),
        Step::Close(_) => "close, then ask".into(),
        Step::Reverse(wait, _) => format!("reverse {}, then ask", after(wait)),
        Step::Refunds => "ask what its refunds come to".into(),
        Step::Confirm => "ask again before another number".into(),
        Step::GiveUp(_) => "Abandoned".into(),
        Step::Report => "report".into(),
        Step::Unknown(doubt) => format!("Unknown ({:?})", doubt.reason),
        Step::Refuse(_) => "refuse".into(),
        Step::Write(settlement, proof) => match settlement {
            Settlement::Accepted { queried: true, .. } => "Accepted (query)".into(),
            Settlement::Accepted { .. } if matches!(proof, Some(Evidence::Reply(_))) => "Accepted (reply)".into(),
            Settlement::Accepted { .. } => "Accepted (notification)".into(),
            Settlement::Declined { next, .. } => match next {
                Next::SameNumberLater(_) => "Declined (SameNumberLater)".into(),
                next => format!("Declined ({next:?})"),
            },
            Settlement::Unproven { next: Next::SameNumberLater(_), .. } => "Unproven (SameNumberLater)".into(),
            Settlement::Unproven { next, .. } => format!("Unproven ({next:?})"),
            Settlement::NotSent => "NotSent".into(),
            Settlement::Ordered { .. } => "Ordered".into(),
            Settlement::Refunding { .. } => "Refunding".into(),
            Settlement::Abandoned => "Abandoned".into(),
            Settlement::PaidLate { .. } => "PaidLate".into(),
            Settlement::ForAPerson { .. } => "ForAPerson".into(),
            Settlement::ByHand { paid: true, .. } => "ByHand (paid)".into(),
            Settlement::ByHand { .. } => "ByHand (unpaid)".into(),
        },
    }
}

fn rows() -> impl Iterator<Item = &'static Row> {
    ROWS.iter().chain(codes::ROWS)
}

/// Each pair of a state and an event has one row, and the rules do what it says.
#[test]
fn each_pair_has_its_row() {
    let (mut wrong, mut pairs, mut used) = (Vec::new(), 0, BTreeMap::new());
    let all: Vec<&Row> = rows().collect();
    for flow in FLOWS {
        for state in STATES.iter().filter(|state| state.is_of(*flow)) {
            for what in EVENTS.iter().filter(|what| what.happens(*flow, *state)) {
                pairs += 1;
                let done = words(&happen(*flow, *state, *what));
                let mut rows = all.iter().enumerate().filter(|(_, row)| row.covers(*flow, *state, *what));
                match (rows.next(), rows.next()) {
                    (Some((at, row)), None) => {
                        *used.entry(at).or_insert(0) += 1;
                        if row.step != done {
                            wrong.push(format!("{flow:?} {state:?} {what:?}: {done}, and not {}", row.step));
                        }
                    }
                    (None, _) => wrong.push(format!("{flow:?} {state:?} {what:?}: {done}, and no row")),
                    (Some(_), Some(_)) => wrong.push(format!("{flow:?} {state:?} {what:?}: two rows")),
                }
            }
        }
    }
    let unused = all.iter().enumerate().filter(|(at, _)| !used.contains_key(at));
    wrong.extend(unused.map(|(_, row)| format!("no pair for {} ({})", row.step, row.from)));
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(pairs > 700, "the table sees little: {pairs}");
    // No state and no event is left out of the lists.
    assert!(STATES.iter().enumerate().all(|(at, state)| *state as usize == at) && STATES.len() == 22);
    assert!(EVENTS.iter().enumerate().all(|(at, what)| *what as usize == at));
    assert_eq!(EVENTS.len(), Happens::PersonBusy as usize + 1);
}

/// Which kind of event it is. A new kind does not compile until it has its number, and is missed until the table has it.
fn kind(event: &Event) -> usize {
    match event {
        Event::Pay(_) => 0,
        Event::Resume { .. } => 1,
        Event::NotFit(_) => 2,
        Event::NotMade { .. } => 3,
        Event::Attempt(_) => 4,
        Event::Repeat(..) => 5,
        Event::Question => 6,
        Event::Answer(_) => 7,
        Event::Notified(..) => 8,
        Event::Close => 9,
        Event::Distrust(_) => 10,
        Event::AcceptLate => 11,
        Event::Reverse => 12,
        // Of payments by code only: their own tables have it.
        Event::Refunds(_) => 13,
    }
}

#[test]
fn every_kind_of_event_is_in_the_table() {
    let mut kinds: Vec<usize> = EVENTS
        .iter()
        .filter_map(|what| Some(kind(&event(Flow::Redpack, &mut scene(Flow::Redpack, State::Open), *what).ok()?)))
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds, (0..=12).collect::<Vec<_>>());
}

/// The first entry of an intent has no state yet.
#[test]
fn an_intent_without_an_entry() {
    assert_eq!(words(&first(&Look::default())), "new number");
    assert_eq!(words(&first(&Look { pause: Some(Duration::from_secs(15)), ..Look::default() })), "wait 15 s");
}

/// A person lets be paid again what was refused for good, and nothing else: under its own number where the identical repeat is
/// documented (seeds 0, 1, 3), else under a new one.
#[test]
fn only_what_was_refused_for_good_is_allowed_again() {
    for flow in FLOWS {
        for state in STATES.iter().filter(|state| state.is_of(*flow)) {
            let at = scene(*flow, *state);
            for busy in [false, true] {
                let done = words(&again(&at.entry, Some(at.endpoint), busy, ("n", "r")));
                let by_customer = flow.is_order() || *flow == Flow::Code;
                let allowed = if by_customer { "ByHand (unpaid)" } else { "same number" };
                let refused_for_good = matches!(state, State::Stop | State::UnprovenStop);
                let expected = if refused_for_good && !busy { allowed } else { "refuse" };
                assert_eq!(done, expected, "{flow:?} {state:?} {busy}");
            }
        }
    }
}

/// Without its table nobody knows whether a customer may still pay it, or whether its number is sent again: no unpaid word is taken of it, and
/// none of a refusal that may bind this way alone. That it is paid a person may say.
#[test]
fn without_its_table_nothing_is_called_unpaid() {
    let now = Duration::from_secs(1);
    for flow in FLOWS {
        for state in STATES.iter().filter(|state| state.is_of(*flow)) {
            let at = scene(*flow, *state);
            let of_intent = [at.entry.clone()];
            let looked = |paid| Looked {
                paid,
                name: "n",
                reason: "r",
                busy: false,
                of_intent: &of_intent,
                since: Duration::MAX,
                reversal_is_over: true,
            };
            let said = |paid, table| words(&by_hand(&at.entry, table, &looked(paid), NOW));
            assert_eq!(said(false, None), "refuse", "{flow:?} {state:?}");
            assert_eq!(said(true, None), said(true, Some(at.endpoint)), "{flow:?} {state:?}");
            assert_eq!(words(&again(&at.entry, None, false, ("n", "r"))), "refuse", "{flow:?} {state:?}");
            let elsewhere = super::elsewhere(&at.entry, None, &at.seen, now);
            if at.entry.is_refused_for_good() {
                assert!(!matches!(elsewhere, super::Elsewhere::Ended), "{flow:?} {state:?}");
            }
        }
    }
}

/// POS ruling 4: one intent is accepted once. What is not the newest number was given up, whatever it was since.
#[test]
fn once_is_accepted_and_the_rest_is_late() {
    let numbered = |id, state| Entry { id, ..scene(Flow::Wap, state).entry };
    let paid = || Settlement::Accepted { queried: true, evidence: Vec::new() };
    let found = || Settlement::ByHand { paid: true, name: "n".into(), reason: "r".into() };
    for (of_intent, id, expected) in [
        ([State::Ordered, State::NotSent], 2, "Accepted (query)"),
        ([State::NewNumber, State::Ordered], 2, "Accepted (query)"),
        ([State::ForAPerson, State::Ordered], 1, "PaidLate"),
        ([State::Accepted, State::Ordered], 2, "PaidLate"),
        ([State::HandPaid, State::Ordered], 2, "PaidLate"),
        // Late money that came first is kept, or given back; the other number was paid in time.
        ([State::PaidLate, State::Ordered], 2, "Accepted (query)"),
        // `accept_late`
        ([State::PaidLate, State::NewNumber], 1, "Accepted (query)"),
        ([State::PaidLate, State::Accepted], 1, "PaidLate"),
    ] {
        let of_intent = [numbered(1, of_intent[0]), numbered(2, of_intent[1])];
        let done = |settlement| words(&Step::Write(once(settlement, id, &of_intent), None));
        assert_eq!(done(paid()), expected, "{of_intent:?}");
        let expected = if expected == "PaidLate" { expected } else { "ByHand (paid)" };
        assert_eq!(done(found()), expected, "{of_intent:?}");
        assert_eq!(done(Settlement::Abandoned), "Abandoned");
    }
}

/// Whatever happens to what is paid, it stays paid, and nothing is sent.
#[test]
fn what_is_paid_stays_paid() {
    for flow in FLOWS {
        for state in [State::Accepted, State::PaidLate, State::HandPaid] {
            for what in EVENTS {
                let done = words(&happen(*flow, state, *what));
                let calm = ["report", "refuse", "Unknown (ForAPerson)"];
                // Late money may be kept, after it was asked for.
                let kept = state == State::PaidLate && (*what == Happens::AcceptLate || LATE_ANSWERS.contains(what));
                assert!(kept || calm.contains(&done.as_str()), "{flow:?} {state:?} {what:?}: {done}");
            }
        }
    }
}

/// Only what was proven ends an entry: nothing that is open, lost or in doubt is declined or accepted.
#[test]
fn no_doubt_ends_an_entry() {
    use Happens as H;
    let doubtful = [
        H::AttemptUnknown,
        H::AttemptProcessing,
        H::RepeatRefused,
        H::RepeatUnknown,
        H::RepeatUnsent,
        H::SaysWorking,
        H::SaysNothing,
        H::SaysNoAmount,
        H::SaysOtherAmount,
        H::NotFound,
        H::NotFoundSoon,
        H::NotFoundOnce,
        H::NotFoundAtSecondHost,
        H::NotFoundOfKnown,
        H::NotFoundWithClockAhead,
        H::NotFoundByWrongClock,
        H::NotFoundPastLookBack,
        H::SaysUnpaidOfOther,
        H::SaysPayError,
        H::SaysWaitingPastEnd,
        H::SaysWaitingClosed,
        H::SaysUnpaidButCalledPaid,
        H::NotFoundButCalledPaid,
        H::Contradiction,
        H::FieldsChanged,
    ];
    for flow in FLOWS {
        for state in STATES.iter().filter(|state| state.is_of(*flow)) {
            // No notification tells of a payment by code.
            let told_of = |what: &Happens| *flow != Flow::Code || *what != H::SaysUnpaidButCalledPaid;
            for what in doubtful.into_iter().filter(told_of) {
                let done = words(&happen(*flow, *state, what)).to_string();
                assert!(
                    !done.contains("Accepted") && !done.contains("Declined"),
                    "{flow:?} {state:?} {what:?}: {done}"
                );
            }
        }
    }
}

/// The query covers 30 days (the tables' `look_back`; "Not found" is not "no", docs/design.md). Past that it proves nothing, also
/// where the clock was ahead when the payment was begun: this process knows by its own time how long ago that was.
#[test]
fn past_the_look_back_by_own_time_it_is_for_a_person() {
    let month = Duration::from_secs(30 * 86_400);
    let asked = |flow, called_paid| {
        let mut at = scene(flow, if flow.is_order() { State::Ordered } else { State::Open });
        at.entry.last_attempt_at = NOW + 40 * 86_400;
        at.seen.last_attempt = Some(Duration::ZERO);
        at.seen.called_paid = called_paid;
        at.seen.refused = Some(Refusal { code: "CODE".into(), text: "words".into(), next: Next::SameNumber });
        move |monotonic| {
            at.times.monotonic = monotonic;
            let answer = Answer::NotKnown { first_host: true };
            let (date, waited) = (Some(NOW), Duration::from_secs(1));
            words(&at.step(Event::Answer(Answered {
                answer,
                date,
                asking: Asking::Everything,
                waited,
                cancelled: false,
            })))
        }
    };
    for (flow, called_paid) in
        [(Flow::Redpack, false), (Flow::Workwx, false), (Flow::Wap, false), (Flow::Wap, true), (Flow::Native, true)]
    {
        let mut asked = asked(flow, called_paid);
        assert_ne!(asked(month - Duration::from_secs(1)), "ForAPerson", "{flow:?}");
        assert_eq!(asked(month), "ForAPerson", "{flow:?}");
    }
}

/// POS ruling 3: PAYERROR is not "not paid". Asked about only to find it paid, an order that somebody tried to pay is not unpaid.
#[test]
fn a_payment_that_was_tried_is_not_unpaid() {
    for flow in FLOWS.iter().filter(|flow| flow.is_order()) {
        let not_paid = |state: &&State| !matches!(state, State::Accepted | State::PaidLate | State::HandPaid);
        for state in STATES.iter().filter(|state| state.is_of(*flow)).filter(not_paid) {
            let at = scene(*flow, *state);
            let (answer, date) = (known(*flow, "PAYERROR", None), Some(at.entry.begun_at + MINUTE));
            let waited = Duration::from_secs(1);
            let said = words(&at.step(Event::Answer(Answered {
                answer,
                date,
                asking: Asking::IfPaid,
                waited,
                cancelled: false,
            })));
            assert_eq!(said, "Unknown (OpenCode)", "{flow:?} {state:?}");
        }
    }
}
