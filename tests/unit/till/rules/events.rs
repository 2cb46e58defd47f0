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
}

impl Flow {
    /// Whether a customer pays it.
    pub(super) fn is_order(self) -> bool {
        matches!(self, Flow::Wap | Flow::Native)
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Flow::Redpack => "Cash red packets: `sendredpack`",
            Flow::Workwx => "Payments to employees: `paywwsptrans2pocket`",
            Flow::Wap => "WAP orders: `pay.weixin.wap`",
            Flow::Native => "Scanned orders: `unifiedorder`, NATIVE (JSAPI and MWEB are the same)",
            Flow::Webgate => "Campus card recharges: `wxcharge`",
        }
    }
}

pub(super) const FLOWS: &[Flow] = &[Flow::Redpack, Flow::Workwx, Flow::Wap, Flow::Native, Flow::Webgate];
/// The flows with a query that move money by themselves.
pub(super) const PAYOUT: &[Flow] = &[Flow::Redpack, Flow::Workwx];
pub(super) const ASKED: &[Flow] = &[Flow::Redpack, Flow::Workwx, Flow::Wap, Flow::Native];
pub(super) const REPEATED: &[Flow] = &[Flow::Redpack, Flow::Workwx, Flow::Webgate];
pub(super) const ORDERS: &[Flow] = &[Flow::Wap, Flow::Native];
pub(super) const WEBGATE: &[Flow] = &[Flow::Webgate];

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
];

pub(super) const OPEN: &[State] = &[S::Open];
pub(super) const PAID: &[State] = &[S::Accepted, S::PaidLate, S::HandPaid];
/// All others.
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
    &[S::Open, S::Withheld, S::Ordered, S::OrderedEnded, S::Abandoned, S::LateUnwritten];
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
];

impl State {
    /// Whether an entry of this flow can be in this state.
    pub(super) fn is_of(self, flow: Flow) -> bool {
        let only_orders =
            [S::Withheld, S::Ordered, S::OrderedEnded, S::Abandoned, S::LateUnwritten, S::PaidLate].contains(&self);
        !only_orders || flow.is_order()
    }
}

/// What can happen to an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Happens {
    Pay,
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
    Contradiction,
    PersonPaid,
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
    &[H::Pay, H::PayInPause, H::Question, H::Close, H::Contradiction, H::PersonPaid, H::PersonUnpaid, H::PersonBusy];

pub(super) const EVENTS: &[Happens] = &[
    H::Pay,
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
    H::Contradiction,
    H::PersonPaid,
    H::PersonUnpaid,
    H::PersonBusy,
];

impl Happens {
    /// Whether it can happen to an entry of this flow in this state. An attempt ends only in an entry that is open; a query
    /// that asks more than whether it is paid is only sent for what is pending or for a person.
    pub(super) fn happens(self, flow: Flow, state: State) -> bool {
        let is_order = flow.is_order();
        let may_be_asked = flow != Flow::Webgate && ASKED_ABOUT.contains(&state);
        let has_url = matches!(state, S::Withheld | S::Ordered | S::OrderedEnded);
        match self {
            H::PayFits => matches!(state, S::SameNumber | S::SameNumberLater | S::NotSent),
            H::PayMended => {
                matches!(state, S::SameNumber | S::SameNumberLater | S::NotSent | S::NewNumber | S::HandUnpaid)
            }
            H::PayCalledPaid | H::Notified | H::NotifiedTrusted => is_order,
            H::ResumeInPay => state == S::Open || has_url,
            H::ResumeOnlyAsks => state == S::Open && !is_order,
            H::RuleChanged | H::FieldsChanged => state == S::Open && !is_order,
            _ if ALWAYS.contains(&self) => true,
            _ if ATTEMPTS.contains(&self) => state == S::Open,
            _ if REPEATS.contains(&self) => state == S::Open && !is_order,
            H::AcceptLate => true,
            _ if LATE_ANSWERS.contains(&self) => is_order && state == S::PaidLate,
            _ if ONLY.contains(&self) => is_order && !PAID.contains(&state),
            _ if ORDER_ANSWERS.contains(&self) => is_order && may_be_asked,
            _ => ANSWERS.contains(&self) && may_be_asked,
        }
    }

    /// Who says it, for the drawing.
    pub(super) fn source(self) -> &'static str {
        match self {
            H::Contradiction | H::FieldsChanged | H::NotMadeChanged => "contradiction",
            H::PersonPaid | H::PersonUnpaid | H::PersonBusy => "person",
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

    /// In words, for the page.
    pub(super) fn words(self) -> &'static str {
        match self {
            H::Pay => "`pay` is called",
            H::PayFits => "`pay` is called, and the stored fields would be allowed today",
            H::PayMended => "`pay` is called with other fields",
            H::PayInPause => "`pay` is called within a pause that the gateway wants",
            H::PayCalledPaid => "`pay` is called, and a notification calls a given-up order of the intent paid",
            H::AttemptUnsent => "attempt: no byte left",
            H::AttemptAccepted => "attempt: the reply proves success",
            H::AttemptSameNumber => "attempt: a final refusal that allows the same number",
            H::AttemptLater => "attempt: a final refusal that allows the same number later (here 15 s)",
            H::AttemptNewNumber => "attempt: a final refusal that ends the number",
            H::AttemptStop => "attempt: a final refusal that a person must see",
            H::AttemptUnknown => "attempt: anything else",
            H::AttemptRefusedFromBefore => {
                "attempt: a final refusal, of an entry that an earlier opening of the journal wrote"
            }
            H::AttemptUnconfirmed => {
                "attempt: a refusal that the document calls \"not paid\", and that the query must confirm"
            }
            H::AttemptProcessing => "attempt: `PROCESSING`",
            H::NotMade => "attempt: a rule of today forbids it, or it is cancelled",
            H::NotMadeAfterRefusal => "attempt after a refusal: a rule of today forbids it, or it is cancelled",
            H::NotMadeChanged => "attempt: the stored fields were changed",
            H::RepeatAccepted => "repeat: the reply proves success",
            H::RepeatRefused => "repeat: refused",
            H::RepeatUnknown => "repeat: anything else",
            H::RepeatUnsent => "repeat: no byte left",
            H::RepeatNoTime => "repeat: no time for the payee's pause",
            H::RepeatUncounted => "repeat: the journal cannot count it",
            H::ResumeInPay => "`pay` goes on with it",
            H::ResumeOnlyAsks => "`recover` goes on with it, without leave to repeat",
            H::RuleChanged => "`pay` goes on with it, and a rule of today forbids the repeat",
            H::FieldsChanged => "`pay` goes on with it, and the stored fields were changed",
            H::Question => "`payment_of`, `recover` or `close` wants to know",
            H::SaysPaid => "query: paid, with the same amount",
            H::SaysOtherAmount => "query: paid, with another amount",
            H::SaysNoAmount => "query: paid, and no amount",
            H::SaysUnpaid => "query: never will be paid",
            H::SaysUnpaidOfOther => "query: never will be paid, and another amount, or no number",
            H::SaysWaitingClosed => "query: not paid yet, past the end, and closing it did not get through just now",
            H::SaysWaitingGone => "query: not paid yet, 2 h 10 min after it was made, by both clocks",
            H::SaysPayError => "query: `PAYERROR`",
            H::SaysPayErrorPastEnd => "query: `PAYERROR`, past the end by the gateway's own time",
            H::SaysPayErrorGone => {
                "query: `PAYERROR`, 2 h 10 min after it was made, by both clocks, and closed within 10 s"
            }
            H::SaysGivenBack => "query: paid, and given back",
            H::OnlySaysGivenBack => "asked if paid: paid, and given back",
            H::SaysWaiting => "query: not paid yet",
            H::SaysWaitingPastEnd => "query: not paid yet, past the end by the gateway's own time",
            H::SaysWorking => "query: another state",
            H::SaysNothing => "query: no usable answer",
            H::NotFound => "query: not found, within 20 minutes of the last attempt",
            H::NotFoundAfterRefusal => "query: not found, and the only attempt was refused as \"not paid\"",
            H::NotFoundSoon => "query: not found, three seconds after the fourth attempt",
            H::NotFoundOnce => "query: not found, for the first time after 20 minutes",
            H::NotFoundTwice => "query: not found, again a minute later",
            H::NotFoundAtSecondHost => "query: not found, at the second host",
            H::NotFoundOfKnown => "query: not found, and it knew the order before",
            H::NotFoundWithClockAhead => "query: not found, while the device's clock is 31 days ahead",
            H::NotFoundByWrongClock => "query: not found, by a clock that went back",
            H::NotFoundPastLookBack => "query: not found, 30 days after the last attempt",
            H::SaysUnpaidButCalledPaid => "query: never will be paid; a signed notification says paid",
            H::NotFoundButCalledPaid => "query: not found; a signed notification says paid",
            H::OnlySaysPaid => "asked if paid: paid, with the same amount",
            H::OnlySaysOtherAmount => "asked if paid: paid, with another amount",
            H::OnlySaysWorking => "asked if paid: another state",
            H::OnlySaysUnpaid => "asked if paid: unpaid",
            H::OnlyNotFound => "asked if paid: not found",
            H::OnlySaysNothing => "asked if paid: no usable answer",
            H::AcceptLate => "`accept_late` is called",
            H::LateIsThere => "asked before late money is kept: paid, in full",
            H::LateIsGivenBack => "asked before late money is kept: given back on the platform",
            H::LateIsLess => "asked before late money is kept: paid, with another amount",
            H::LateNotSaid => "asked before late money is kept: no usable answer",
            H::Notified => "a signed notification says paid",
            H::NotifiedTrusted => "the same, where the account says that notifications suffice",
            H::Close => "`close` is called",
            H::Contradiction => "the stored entry contradicts itself",
            H::PersonPaid => "a person says paid",
            H::PersonUnpaid => "a person says unpaid",
            H::PersonBusy => "a person decides while a thread works on it",
        }
    }
}

impl State {
    /// In words, for the page.
    pub(super) fn words(self) -> &'static str {
        match self {
            S::Open => "open",
            S::Withheld => "open, URL withheld",
            S::Ordered => "ordered",
            S::OrderedEnded => "ordered, time over",
            S::Abandoned => "abandoned",
            S::LateUnwritten => "paid late, not written",
            S::SameNumber => "declined (`SameNumber`)",
            S::SameNumberLater => "declined (`SameNumberLater`)",
            S::NewNumber => "declined (`NewNumber`)",
            S::Stop => "declined (`Stop`)",
            S::NotSent => "not sent",
            S::Accepted => "accepted",
            S::PaidLate => "paid late",
            S::ForAPerson => "for a person",
            S::HandPaid => "by hand: paid",
            S::HandUnpaid => "by hand: unpaid",
        }
    }
}
