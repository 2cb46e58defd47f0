//! The calls, the states of their entries, and what can happen to these.

/// One call whose entries a till keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// `sendredpack`, asked about by `gethbinfo`.
    Redpack,
    /// `paywwsptrans2pocket`, asked about by `querywwsptrans2pocket`; 15 s between two payments to one payee.
    Workwx,
    /// `pay.weixin.wap`, which a customer pays; asked about by `unified.trade.query`.
    Wap,
    /// `unifiedorder`, NATIVE: a customer scans it; asked about by `orderquery`.
    Native,
    /// `wxcharge`, which has no query; the operator allows the repeat.
    Webgate,
    /// `micropay`, by a customer's payment code; asked about by `orderquery`, taken back by `reverse`.
    Code,
}

impl Flow {
    /// Whether a customer pays it.
    pub(super) fn is_order(self) -> bool {
        matches!(self, Flow::Wap | Flow::Native)
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Flow::Redpack => {
                "Cash red packets: `sendredpack` (a group's, a mini-program's and a company's are the same)"
            }
            Flow::Workwx => "Payments to employees: `paywwsptrans2pocket`",
            Flow::Wap => "WAP orders: `pay.weixin.wap`",
            Flow::Native => "Scanned orders: `unifiedorder`, NATIVE (JSAPI and MWEB are the same)",
            Flow::Webgate => "Campus card recharges: `wxcharge`",
            Flow::Code => "Payment codes: `micropay` (付款码)",
        }
    }
}

pub(super) const FLOWS: &[Flow] = &[Flow::Redpack, Flow::Workwx, Flow::Wap, Flow::Native, Flow::Webgate, Flow::Code];
/// The flows with a query that move money by themselves.
pub(super) const PAYOUT: &[Flow] = &[Flow::Redpack, Flow::Workwx];
pub(super) const ASKED: &[Flow] = &[Flow::Redpack, Flow::Workwx, Flow::Wap, Flow::Native];
pub(super) const REPEATED: &[Flow] = &[Flow::Redpack, Flow::Workwx, Flow::Webgate];
pub(super) const ORDERS: &[Flow] = &[Flow::Wap, Flow::Native];
pub(super) const WEBGATE: &[Flow] = &[Flow::Webgate];
pub(super) const CODE: &[Flow] = &[Flow::Code];
/// Nothing that is a payment by code.
pub(super) const NO_CODE: &[Flow] = &[Flow::Redpack, Flow::Workwx, Flow::Wap, Flow::Native, Flow::Webgate];

/// What the journal has of an entry, and what this process keeps for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Open,
    /// Open: the order exists, and the journal could not take its URL.
    Withheld,
    Ordered,
    /// Ordered, and its time is over by the device's clock.
    OrderedEnded,
    Abandoned,
    /// Abandoned: paid late, which the journal could not take.
    LateUnwritten,
    SameNumber,
    SameNumberLater,
    NewNumber,
    Stop,
    NotSent,
    Accepted,
    PaidLate,
    ForAPerson,
    HandPaid,
    HandUnpaid,
    /// Open, and its reversal was decided (payments by code).
    Reversing,
    /// Open: paid, which the journal could not take.
    Unwritten,
    /// Refused, and the query has yet to say so ([`Settlement::Unproven`](crate::Settlement::Unproven)).
    Unproven,
    UnprovenStop,
    UnprovenReversing,
    /// Paid late, with a reversal that did not take it back.
    LateReversed,
}

use State as S;

pub(super) const STATES: &[State] = &[
    S::Open,
    S::Withheld,
    S::Ordered,
    S::OrderedEnded,
    S::Abandoned,
    S::LateUnwritten,
    S::SameNumber,
    S::SameNumberLater,
    S::NewNumber,
    S::Stop,
    S::NotSent,
    S::Accepted,
    S::PaidLate,
    S::ForAPerson,
    S::HandPaid,
    S::HandUnpaid,
    S::Reversing,
    S::Unwritten,
    S::Unproven,
    S::UnprovenStop,
    S::UnprovenReversing,
    S::LateReversed,
];

pub(super) const OPEN: &[State] = &[S::Open];
pub(super) const PAID: &[State] = &[S::Accepted, S::PaidLate, S::HandPaid, S::LateReversed];
/// All others that an order can be in.
pub(super) const NOT_PAID: &[State] = &[
    S::Open,
    S::Withheld,
    S::Ordered,
    S::OrderedEnded,
    S::Abandoned,
    S::LateUnwritten,
    S::SameNumber,
    S::SameNumberLater,
    S::NewNumber,
    S::Stop,
    S::NotSent,
    S::ForAPerson,
    S::HandUnpaid,
];
/// The gateway has yet to say what becomes of it.
pub(super) const PENDING: &[State] =
    &[S::Open, S::Withheld, S::Ordered, S::OrderedEnded, S::Abandoned, S::LateUnwritten, S::Reversing, S::Unwritten];
/// Pending, and nobody has a URL.
pub(super) const NO_URL: &[State] = &[S::Open, S::Abandoned, S::LateUnwritten, S::ForAPerson];
pub(super) const ASKED_ABOUT: &[State] =
    &[S::Open, S::Withheld, S::Ordered, S::OrderedEnded, S::Abandoned, S::LateUnwritten, S::ForAPerson];
/// Nobody was to pay it any more, and nothing is asked about it in the end.
pub(super) const GIVEN_UP: &[State] =
    &[S::SameNumber, S::SameNumberLater, S::NewNumber, S::Stop, S::NotSent, S::HandUnpaid];
/// Given up, watched or not: money for it is late.
pub(super) const LATE_IF_PAID: &[State] = &[
    S::Abandoned,
    S::LateUnwritten,
    S::SameNumber,
    S::SameNumberLater,
    S::NewNumber,
    S::Stop,
    S::NotSent,
    S::ForAPerson,
    S::HandUnpaid,
];
pub(super) const IN_TIME_IF_PAID: &[State] = &[S::Open, S::Withheld, S::Ordered, S::OrderedEnded];
pub(super) const SETTLED: &[State] = &[
    S::SameNumber,
    S::SameNumberLater,
    S::NewNumber,
    S::Stop,
    S::NotSent,
    S::Accepted,
    S::PaidLate,
    S::HandPaid,
    S::HandUnpaid,
    S::Unproven,
    S::UnprovenStop,
    S::UnprovenReversing,
    S::LateReversed,
];

impl State {
    /// Whether an entry of this flow can be in this state.
    pub(super) fn is_of(self, flow: Flow) -> bool {
        let of_orders = [S::Withheld, S::Ordered, S::OrderedEnded, S::Abandoned, S::LateUnwritten];
        let of_codes =
            [S::Reversing, S::Unwritten, S::Unproven, S::UnprovenStop, S::UnprovenReversing, S::LateReversed];
        match self {
            S::PaidLate => flow.is_order() || flow == Flow::Code,
            // No refusal of a payment by code keeps its number: a code is sent once.
            S::SameNumber | S::SameNumberLater => flow != Flow::Code,
            _ if of_codes.contains(&self) => flow == Flow::Code,
            _ => !of_orders.contains(&self) || flow.is_order(),
        }
    }
}

/// What can happen to an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Happens {
    Pay,
    PayConfirmed,
    PayFits,
    PayMended,
    PayInPause,
    PayCalledPaid,
    AttemptUnsent,
    AttemptAccepted,
    AttemptSameNumber,
    AttemptLater,
    AttemptNewNumber,
    AttemptStop,
    AttemptUnknown,
    AttemptProcessing,
    AttemptTyping,
    AttemptAskedOnce,
    AttemptUnconfirmed,
    AttemptRefusedFromBefore,
    NotMade,
    NotMadeAfterRefusal,
    NotMadeChanged,
    RepeatAccepted,
    RepeatRefused,
    RepeatUnknown,
    RepeatUnsent,
    RepeatNoTime,
    RepeatUncounted,
    ResumeInPay,
    ResumeOnlyAsks,
    RuleChanged,
    FieldsChanged,
    Question,
    SaysPaid,
    SaysOtherAmount,
    SaysNoAmount,
    SaysUnpaid,
    SaysUnpaidOfOther,
    SaysWaiting,
    SaysWaitingPastEnd,
    SaysWaitingClosed,
    SaysWaitingGone,
    SaysPayError,
    SaysPayErrorPastEnd,
    SaysPayErrorGone,
    SaysGivenBack,
    SaysWorking,
    SaysNothing,
    NotFound,
    NotFoundAfterRefusal,
    NotFoundSoon,
    NotFoundOnce,
    NotFoundTwice,
    NotFoundAtSecondHost,
    NotFoundOfKnown,
    NotFoundWithClockAhead,
    NotFoundByWrongClock,
    NotFoundPastLookBack,
    SaysUnpaidButCalledPaid,
    NotFoundButCalledPaid,
    OnlySaysPaid,
    OnlySaysOtherAmount,
    OnlySaysWorking,
    OnlySaysUnpaid,
    OnlySaysGivenBack,
    OnlyNotFound,
    OnlySaysNothing,
    AcceptLate,
    LateIsThere,
    LateIsGivenBack,
    LateIsLess,
    LateNotSaid,
    Notified,
    NotifiedTrusted,
    Close,
    Reverse,
    Contradiction,
    PersonPaid,
    PersonPaidAfterReversal,
    PersonUnpaid,
    PersonBusy,
}

use Happens as H;

const ATTEMPTS: &[Happens] = &[
    H::AttemptUnsent,
    H::AttemptAccepted,
    H::AttemptSameNumber,
    H::AttemptLater,
    H::AttemptNewNumber,
    H::AttemptStop,
    H::AttemptUnknown,
    H::AttemptProcessing,
    H::AttemptTyping,
    H::AttemptAskedOnce,
    H::AttemptUnconfirmed,
    H::AttemptRefusedFromBefore,
    H::NotMade,
    H::NotMadeAfterRefusal,
    H::NotMadeChanged,
];
const REPEATS: &[Happens] =
    &[H::RepeatAccepted, H::RepeatRefused, H::RepeatUnknown, H::RepeatUnsent, H::RepeatNoTime, H::RepeatUncounted];
const ANSWERS: &[Happens] = &[
    H::SaysPaid,
    H::SaysOtherAmount,
    H::SaysNoAmount,
    H::SaysUnpaid,
    H::SaysUnpaidOfOther,
    H::SaysWorking,
    H::SaysNothing,
    H::NotFound,
    H::NotFoundAfterRefusal,
    H::NotFoundSoon,
    H::NotFoundOnce,
    H::NotFoundTwice,
    H::NotFoundAtSecondHost,
    H::NotFoundOfKnown,
    H::NotFoundWithClockAhead,
    H::NotFoundByWrongClock,
    H::NotFoundPastLookBack,
];
/// Answers of orders that a customer pays.
const ORDER_ANSWERS: &[Happens] = &[
    H::SaysWaiting,
    H::SaysWaitingPastEnd,
    H::SaysWaitingClosed,
    H::SaysWaitingGone,
    H::SaysPayError,
    H::SaysPayErrorPastEnd,
    H::SaysPayErrorGone,
    H::SaysGivenBack,
    H::SaysUnpaidButCalledPaid,
    H::NotFoundButCalledPaid,
];
const ONLY: &[Happens] = &[
    H::OnlySaysPaid,
    H::OnlySaysOtherAmount,
    H::OnlySaysWorking,
    H::OnlySaysUnpaid,
    H::OnlySaysGivenBack,
    H::OnlyNotFound,
    H::OnlySaysNothing,
];
/// Before late money is kept.
pub(super) const LATE_ANSWERS: &[Happens] = &[H::LateIsThere, H::LateIsGivenBack, H::LateIsLess, H::LateNotSaid];
/// At any time.
const ALWAYS: &[Happens] =
    &[H::Pay, H::Question, H::Close, H::Reverse, H::Contradiction, H::PersonPaid, H::PersonUnpaid, H::PersonBusy];

/// No row of its table ends a payment by code by the attempt's own word; it is never repeated; and no pause is kept for it.
const NOT_OF_CODES: &[Happens] = &[
    H::PayInPause,
    H::PayFits,
    H::AttemptSameNumber,
    H::AttemptLater,
    H::AttemptNewNumber,
    H::AttemptStop,
    H::AttemptRefusedFromBefore,
    H::NotMadeAfterRefusal,
    H::RepeatAccepted,
    H::RepeatRefused,
    H::RepeatUnknown,
    H::RepeatUnsent,
    H::RepeatNoTime,
    H::RepeatUncounted,
    H::ResumeOnlyAsks,
    H::RuleChanged,
    H::FieldsChanged,
];

pub(super) const EVENTS: &[Happens] = &[
    H::Pay,
    H::PayConfirmed,
    H::PayFits,
    H::PayMended,
    H::PayInPause,
    H::PayCalledPaid,
    H::AttemptUnsent,
    H::AttemptAccepted,
    H::AttemptSameNumber,
    H::AttemptLater,
    H::AttemptNewNumber,
    H::AttemptStop,
    H::AttemptUnknown,
    H::AttemptProcessing,
    H::AttemptTyping,
    H::AttemptAskedOnce,
    H::AttemptUnconfirmed,
    H::AttemptRefusedFromBefore,
    H::NotMade,
    H::NotMadeAfterRefusal,
    H::NotMadeChanged,
    H::RepeatAccepted,
    H::RepeatRefused,
    H::RepeatUnknown,
    H::RepeatUnsent,
    H::RepeatNoTime,
    H::RepeatUncounted,
    H::ResumeInPay,
    H::ResumeOnlyAsks,
    H::RuleChanged,
    H::FieldsChanged,
    H::Question,
    H::SaysPaid,
    H::SaysOtherAmount,
    H::SaysNoAmount,
    H::SaysUnpaid,
    H::SaysUnpaidOfOther,
    H::SaysWaiting,
    H::SaysWaitingPastEnd,
    H::SaysWaitingClosed,
    H::SaysWaitingGone,
    H::SaysPayError,
    H::SaysPayErrorPastEnd,
    H::SaysPayErrorGone,
    H::SaysGivenBack,
    H::SaysWorking,
    H::SaysNothing,
    H::NotFound,
    H::NotFoundAfterRefusal,
    H::NotFoundSoon,
    H::NotFoundOnce,
    H::NotFoundTwice,
    H::NotFoundAtSecondHost,
    H::NotFoundOfKnown,
    H::NotFoundWithClockAhead,
    H::NotFoundByWrongClock,
    H::NotFoundPastLookBack,
    H::SaysUnpaidButCalledPaid,
    H::NotFoundButCalledPaid,
    H::OnlySaysPaid,
    H::OnlySaysOtherAmount,
    H::OnlySaysWorking,
    H::OnlySaysUnpaid,
    H::OnlySaysGivenBack,
    H::OnlyNotFound,
    H::OnlySaysNothing,
    H::AcceptLate,
    H::LateIsThere,
    H::LateIsGivenBack,
    H::LateIsLess,
    H::LateNotSaid,
    H::Notified,
    H::NotifiedTrusted,
    H::Close,
    H::Reverse,
    H::Contradiction,
    H::PersonPaid,
    H::PersonPaidAfterReversal,
    H::PersonUnpaid,
    H::PersonBusy,
];

impl Happens {
    /// Whether it can happen to an entry of this flow in this state. An attempt ends only in an entry that is open; a query
    /// that asks more than whether it is paid is only sent for what is pending or for a person.
    pub(super) fn happens(self, flow: Flow, state: State) -> bool {
        let is_order = flow.is_order();
        // What the query says of a payment by code stands in `codes/`.
        let may_be_asked = !matches!(flow, Flow::Webgate | Flow::Code) && ASKED_ABOUT.contains(&state);
        let has_url = matches!(state, S::Withheld | S::Ordered | S::OrderedEnded);
        match self {
            _ if flow == Flow::Code && NOT_OF_CODES.contains(&self) => false,
            H::AttemptTyping | H::AttemptAskedOnce => flow == Flow::Code && state == S::Open,
            H::PayConfirmed => matches!(state, S::Unproven | S::UnprovenReversing),
            H::PersonPaidAfterReversal => matches!(state, S::Reversing | S::UnprovenReversing | S::LateReversed),
            H::PayInPause => true,
            H::PayFits => matches!(state, S::SameNumber | S::SameNumberLater | S::NotSent),
            H::PayMended => {
                matches!(
                    state,
                    S::SameNumber | S::SameNumberLater | S::NotSent | S::NewNumber | S::HandUnpaid | S::Unproven
                )
            }
            H::PayCalledPaid | H::Notified | H::NotifiedTrusted => is_order,
            H::ResumeInPay => matches!(state, S::Open | S::Reversing | S::Unwritten) || has_url,
            H::ResumeOnlyAsks => state == S::Open && !is_order,
            H::RuleChanged | H::FieldsChanged => state == S::Open && !is_order,
            _ if ALWAYS.contains(&self) => true,
            _ if ATTEMPTS.contains(&self) => state == S::Open,
            _ if REPEATS.contains(&self) => state == S::Open && !is_order,
            H::AcceptLate => true,
            _ if LATE_ANSWERS.contains(&self) => (is_order || flow == Flow::Code) && state == S::PaidLate,
            _ if ONLY.contains(&self) => is_order && !PAID.contains(&state),
            _ if ORDER_ANSWERS.contains(&self) => is_order && may_be_asked,
            _ => ANSWERS.contains(&self) && may_be_asked,
        }
    }

    /// Who says it, for the drawing.
    pub(super) fn source(self) -> &'static str {
        match self {
            H::Contradiction | H::FieldsChanged | H::NotMadeChanged => "contradiction",
            H::PersonPaid | H::PersonPaidAfterReversal | H::PersonUnpaid | H::PersonBusy => "person",
            H::Notified | H::NotifiedTrusted => "notification",
            _ if REPEATS.contains(&self) => "repeat",
            _ if ATTEMPTS.contains(&self) => "attempt",
            _ if ANSWERS.contains(&self)
                || ORDER_ANSWERS.contains(&self)
                || ONLY.contains(&self)
                || LATE_ANSWERS.contains(&self) =>
            {
                "query"
            }
            _ => "call",
        }
    }
}
