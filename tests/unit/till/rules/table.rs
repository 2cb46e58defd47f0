//! The rows: what is done next, and where that comes from.
//!
//! "seed 0" to "seed 3" are the four documents, "R", "C.4" and the like the sections of the protocol notes (docs/design.md).

/// One call whose entries a till keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// `sendredpack`, asked about by `gethbinfo`.
    Redpack,
    /// `paywwsptrans2pocket`, asked about by `querywwsptrans2pocket`; 15 s between two payments to one payee.
    Workwx,
    /// `pay.weixin.wap`, which a customer pays; asked about by `unified.trade.query`.
    Wap,
    /// `wxcharge`, which has no query; the operator allows the repeat.
    Webgate,
}

impl Flow {
    pub(super) fn title(self) -> &'static str {
        match self {
            Flow::Redpack => "Cash red packets: `sendredpack`",
            Flow::Workwx => "Payments to employees: `paywwsptrans2pocket`",
            Flow::Wap => "WAP orders: `pay.weixin.wap`",
            Flow::Webgate => "Campus card recharges: `wxcharge`",
        }
    }
}

pub(super) const FLOWS: &[Flow] = &[Flow::Redpack, Flow::Workwx, Flow::Wap, Flow::Webgate];
/// The flows with a query that move money by themselves.
const PAYOUT: &[Flow] = &[Flow::Redpack, Flow::Workwx];
const ASKED: &[Flow] = &[Flow::Redpack, Flow::Workwx, Flow::Wap];
const REPEATED: &[Flow] = &[Flow::Redpack, Flow::Workwx, Flow::Webgate];
const WAP: &[Flow] = &[Flow::Wap];
const WEBGATE: &[Flow] = &[Flow::Webgate];

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

const OPEN: &[State] = &[S::Open];
const PAID: &[State] = &[S::Accepted, S::PaidLate, S::HandPaid];
/// The gateway has yet to say what becomes of it.
const PENDING: &[State] = &[S::Open, S::Withheld, S::Ordered, S::OrderedEnded, S::Abandoned, S::LateUnwritten];
/// Pending, and nobody has a URL.
const NO_URL: &[State] = &[S::Open, S::Abandoned, S::LateUnwritten, S::ForAPerson];
const ASKED_ABOUT: &[State] =
    &[S::Open, S::Withheld, S::Ordered, S::OrderedEnded, S::Abandoned, S::LateUnwritten, S::ForAPerson];
/// Nobody was to pay it any more, and nothing is asked about it in the end.
const GIVEN_UP: &[State] = &[S::SameNumber, S::SameNumberLater, S::NewNumber, S::Stop, S::NotSent, S::HandUnpaid];
/// Given up, watched or not: money for it is late.
const LATE_IF_PAID: &[State] = &[
    S::Abandoned,
    S::LateUnwritten,
    S::SameNumber,
    S::SameNumberLater,
    S::NewNumber,
    S::Stop,
    S::NotSent,
    S::HandUnpaid,
];
const IN_TIME_IF_PAID: &[State] = &[S::Open, S::Withheld, S::Ordered, S::OrderedEnded, S::ForAPerson];
const SETTLED: &[State] = &[
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
        !only_orders || flow == Flow::Wap
    }
}

/// What can happen to an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Happens {
    Pay,
    PayFits,
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
    SaysWaiting,
    SaysWaitingPastEnd,
    SaysWorking,
    SaysNothing,
    NotFound,
    NotFoundOnce,
    NotFoundTwice,
    NotFoundAtSecondHost,
    NotFoundOfKnown,
    NotFoundByWrongClock,
    NotFoundPastLookBack,
    SaysUnpaidButCalledPaid,
    NotFoundButCalledPaid,
    OnlySaysPaid,
    OnlySaysOtherAmount,
    OnlySaysWorking,
    OnlySaysUnpaid,
    OnlyNotFound,
    OnlySaysNothing,
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
    H::SaysWorking,
    H::SaysNothing,
    H::NotFound,
    H::NotFoundOnce,
    H::NotFoundTwice,
    H::NotFoundAtSecondHost,
    H::NotFoundOfKnown,
    H::NotFoundByWrongClock,
    H::NotFoundPastLookBack,
];
/// Answers of orders that a customer pays.
const ORDER_ANSWERS: &[Happens] =
    &[H::SaysWaiting, H::SaysWaitingPastEnd, H::SaysUnpaidButCalledPaid, H::NotFoundButCalledPaid];
const ONLY: &[Happens] = &[
    H::OnlySaysPaid,
    H::OnlySaysOtherAmount,
    H::OnlySaysWorking,
    H::OnlySaysUnpaid,
    H::OnlyNotFound,
    H::OnlySaysNothing,
];
/// At any time.
const ALWAYS: &[Happens] =
    &[H::Pay, H::PayInPause, H::Question, H::Close, H::Contradiction, H::PersonPaid, H::PersonUnpaid, H::PersonBusy];

pub(super) const EVENTS: &[Happens] = &[
    H::Pay,
    H::PayFits,
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
    H::SaysWaiting,
    H::SaysWaitingPastEnd,
    H::SaysWorking,
    H::SaysNothing,
    H::NotFound,
    H::NotFoundOnce,
    H::NotFoundTwice,
    H::NotFoundAtSecondHost,
    H::NotFoundOfKnown,
    H::NotFoundByWrongClock,
    H::NotFoundPastLookBack,
    H::SaysUnpaidButCalledPaid,
    H::NotFoundButCalledPaid,
    H::OnlySaysPaid,
    H::OnlySaysOtherAmount,
    H::OnlySaysWorking,
    H::OnlySaysUnpaid,
    H::OnlyNotFound,
    H::OnlySaysNothing,
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
        let is_order = flow == Flow::Wap;
        let may_be_asked = flow != Flow::Webgate && ASKED_ABOUT.contains(&state);
        let has_url = matches!(state, S::Withheld | S::Ordered | S::OrderedEnded);
        match self {
            H::PayFits => matches!(state, S::SameNumber | S::SameNumberLater | S::NotSent),
            H::PayCalledPaid | H::Notified | H::NotifiedTrusted => is_order,
            H::ResumeInPay => state == S::Open || has_url,
            H::ResumeOnlyAsks => state == S::Open && !is_order,
            H::RuleChanged | H::FieldsChanged => state == S::Open && !is_order,
            _ if ALWAYS.contains(&self) => true,
            _ if ATTEMPTS.contains(&self) => state == S::Open,
            _ if REPEATS.contains(&self) => state == S::Open && !is_order,
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
            _ if ANSWERS.contains(&self) || ORDER_ANSWERS.contains(&self) || ONLY.contains(&self) => "query",
            _ => "call",
        }
    }

    /// In words, for the page.
    pub(super) fn words(self) -> &'static str {
        match self {
            H::Pay => "`pay` is called",
            H::PayFits => "`pay` is called, and the stored fields would be allowed today",
            H::PayInPause => "`pay` is called within a pause that the gateway wants",
            H::PayCalledPaid => "`pay` is called, and a notification calls a given-up order of the intent paid",
            H::AttemptUnsent => "attempt: no byte left",
            H::AttemptAccepted => "attempt: the reply proves success",
            H::AttemptSameNumber => "attempt: a final refusal that allows the same number",
            H::AttemptLater => "attempt: a final refusal that allows the same number later (here 15 s)",
            H::AttemptNewNumber => "attempt: a final refusal that ends the number",
            H::AttemptStop => "attempt: a final refusal that a person must see",
            H::AttemptUnknown => "attempt: anything else",
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
            H::SaysWaiting => "query: not paid yet",
            H::SaysWaitingPastEnd => "query: not paid yet, past the end by the gateway's own time",
            H::SaysWorking => "query: another state",
            H::SaysNothing => "query: no usable answer",
            H::NotFound => "query: not found, within 20 minutes of the last attempt",
            H::NotFoundOnce => "query: not found, for the first time after 20 minutes",
            H::NotFoundTwice => "query: not found, again a minute later",
            H::NotFoundAtSecondHost => "query: not found, at the second host",
            H::NotFoundOfKnown => "query: not found, and it knew the order before",
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

pub(super) struct Row {
    pub flows: &'static [Flow],
    pub states: &'static [State],
    pub events: &'static [Happens],
    pub step: &'static str,
    pub from: &'static str,
}

impl Row {
    pub(super) fn covers(&self, flow: Flow, state: State, what: Happens) -> bool {
        self.flows.contains(&flow) && self.states.contains(&state) && self.events.contains(&what)
    }
}

const fn row(
    flows: &'static [Flow],
    states: &'static [State],
    events: &'static [Happens],
    step: &'static str,
    from: &'static str,
) -> Row {
    Row { flows, states, events, step, from }
}

const IDENTICAL: &str = "R.4, seed 1 (\"接口根据商户订单号支持重入\"), seed 0: the same number and parameters again";
const TRUST: &str = "ruling: flash flips bits; what contradicts itself is not believed (docs/design.md, \"Trust in what is read back\")";
const STAYS: &str = "ruling: what is settled stays (docs/design.md, Till)";
const UNKNOWN: &str = "R.2: everything that proves nothing is Unknown, then the query of R.5";
const LATE: &str = "ruling: money for an order that was given up is never dropped, and never the same as in time (docs/design.md, WAP orders)";
const CALLED_PAID: &str = "ruling 16: no unpaid word ends what a signed notification calls paid";
const NOT_FOUND: &str = "ruling: a payment may arrive late; 20 minutes (seed 1, \"二十分钟后查询\"), twice, a minute apart, at the first host (docs/design.md, \"NOT_FOUND is final only if\")";

pub(super) const ROWS: &[Row] = &[
    // ---- pay looks at the intent ----
    row(
        FLOWS,
        OPEN,
        &[H::Pay, H::PayInPause],
        "resume",
        "R.1: the number is made once per intent; ruling: what may be open is resolved before any rule counts",
    ),
    row(
        WAP,
        &[S::Withheld, S::Ordered, S::OrderedEnded],
        &[H::Pay, H::PayInPause],
        "resume",
        "ruling: one intent, one payable order",
    ),
    row(
        WAP,
        &[S::Abandoned],
        &[H::Pay],
        "new number",
        "ruling: the query returns no URL (C.4), so nobody can pay the lost order; it is watched",
    ),
    row(
        FLOWS,
        &[S::SameNumber, S::SameNumberLater],
        &[H::Pay],
        "report",
        "ruling: its stored fields are not allowed today, or leave the customer no time: the refusal stands",
    ),
    row(
        FLOWS,
        &[S::SameNumber, S::SameNumberLater, S::NotSent],
        &[H::PayFits],
        "same number",
        "A.4, B.4: mend the cause, then the same number; R.1: nothing was sent",
    ),
    row(FLOWS, &[S::NewNumber], &[H::Pay], "new number", "R.7: only after a final refusal that says so"),
    row(FLOWS, &[S::NotSent], &[H::Pay], "new number", "R.2: no byte ever left under the old number"),
    row(FLOWS, &[S::HandUnpaid], &[H::Pay], "new number", "ruling: a person looked (docs/design.md, Till)"),
    row(FLOWS, &[S::Stop], &[H::Pay, H::PayInPause], "report", "A.4, B.4: do not try again; a person must look"),
    row(FLOWS, &[S::ForAPerson], &[H::Pay, H::PayInPause], "report", "ruling: nobody but a person can tell"),
    row(FLOWS, PAID, &[H::Pay, H::PayInPause, H::PayCalledPaid], "report", "R.1: the same intent is paid once"),
    row(WAP, &[S::LateUnwritten], &[H::Pay, H::PayInPause, H::PayCalledPaid], "Unknown (Journal)", LATE),
    row(
        FLOWS,
        &[S::SameNumber, S::SameNumberLater, S::NewNumber, S::NotSent, S::HandUnpaid, S::Abandoned],
        &[H::PayInPause],
        "wait 15 s",
        "B.1: 15 s between two payments to one openid; A.4: come again later; R.4: 1 s",
    ),
    row(
        WAP,
        &[
            S::Open,
            S::Withheld,
            S::Ordered,
            S::OrderedEnded,
            S::Abandoned,
            S::SameNumber,
            S::SameNumberLater,
            S::NewNumber,
            S::Stop,
            S::NotSent,
            S::ForAPerson,
            S::HandUnpaid,
        ],
        &[H::PayCalledPaid],
        "ask if paid",
        CALLED_PAID,
    ),
    // ---- an attempt ended ----
    row(
        FLOWS,
        OPEN,
        &[H::AttemptUnsent, H::NotMade],
        "NotSent",
        "R.2: a failure to connect of the first attempt; `Error` means that no byte left",
    ),
    row(
        REPEATED,
        OPEN,
        &[H::AttemptAccepted],
        "Accepted (reply)",
        "judge.rs: parsed, verified where the gateway signs, success values, identifiers echoed (seeds 0, 1, 3)",
    ),
    row(WAP, OPEN, &[H::AttemptAccepted], "Ordered", "seed 2: `mweb_url`; nothing is paid yet"),
    row(
        FLOWS,
        OPEN,
        &[H::AttemptSameNumber, H::NotMadeAfterRefusal],
        "Declined (SameNumber)",
        "the endpoint's table of codes (A.4, B.4, C.5): final for this attempt",
    ),
    row(
        FLOWS,
        OPEN,
        &[H::AttemptLater],
        "same number after 15 s",
        "the endpoint's table of codes (A.4, B.4); without the time for it: Declined",
    ),
    row(
        FLOWS,
        OPEN,
        &[H::AttemptNewNumber],
        "Declined (NewNumber)",
        "the endpoint's table of codes; R.7: the first attempt only (ruling 11)",
    ),
    row(FLOWS, OPEN, &[H::AttemptStop], "Declined (Stop)", "the endpoint's table of codes"),
    row(PAYOUT, OPEN, &[H::AttemptUnknown], "ask after 1 s", UNKNOWN),
    row(&[Flow::Workwx], OPEN, &[H::AttemptProcessing], "ask after 1 s", UNKNOWN),
    row(&[Flow::Redpack], OPEN, &[H::AttemptProcessing], "ask after 1200 s", "seed 1: PROCESSING, 二十分钟后查询"),
    row(
        WAP,
        OPEN,
        &[H::AttemptUnknown, H::AttemptProcessing],
        "Abandoned",
        "C.4: the query returns no URL; ruling: a new number at once, three a call at most, the lost one is watched",
    ),
    row(
        WEBGATE,
        OPEN,
        &[H::AttemptUnknown, H::AttemptProcessing],
        "repeat after 1 s",
        "seed 3: 此接口支持重复调用; only where the operator allows it (`repeat_while_unpaid`)",
    ),
    row(FLOWS, OPEN, &[H::NotMadeChanged], "ForAPerson", TRUST),
    // ---- a repeat ended ----
    row(REPEATED, OPEN, &[H::RepeatAccepted], "Accepted (reply)", "R.3: a success decides"),
    row(
        PAYOUT,
        OPEN,
        &[H::RepeatRefused],
        "ask after 2 s",
        "R.3: an error answered to a retry never decides the first attempt",
    ),
    row(
        WEBGATE,
        OPEN,
        &[H::RepeatRefused],
        "ForAPerson",
        "D: no query, no list of retcodes: it may say that the first attempt was paid",
    ),
    row(
        PAYOUT,
        OPEN,
        &[H::RepeatUnknown, H::RepeatUnsent, H::RepeatNoTime, H::RepeatUncounted],
        "ask after 2 s",
        UNKNOWN,
    ),
    row(
        WEBGATE,
        OPEN,
        &[H::RepeatUnknown, H::RepeatUnsent, H::RepeatNoTime, H::RepeatUncounted],
        "repeat after 2 s",
        "seed 3: 此接口支持重复调用",
    ),
    // ---- what is open ----
    row(PAYOUT, OPEN, &[H::ResumeInPay], "ask after 1 s", "R.5; R.4: a second between attempts"),
    row(
        PAYOUT,
        OPEN,
        &[H::ResumeOnlyAsks, H::RuleChanged],
        "ask at once",
        "R.5; ruling: asking and moving are two permissions (docs/design.md, Till)",
    ),
    row(PAYOUT, OPEN, &[H::FieldsChanged], "ask at once, else ForAPerson", TRUST),
    row(WEBGATE, OPEN, &[H::ResumeInPay], "repeat after 1 s", "seed 3: 此接口支持重复调用"),
    row(WEBGATE, OPEN, &[H::ResumeOnlyAsks, H::RuleChanged], "Unknown (EarlierAttempt)", "D: there is no query"),
    row(WEBGATE, OPEN, &[H::FieldsChanged], "ForAPerson", TRUST),
    row(WAP, OPEN, &[H::ResumeInPay], "Abandoned", "C.4: the query returns no URL"),
    row(WAP, &[S::Withheld], &[H::ResumeInPay], "Ordered", "ruling: a URL is handed out only when the journal says so"),
    row(WAP, &[S::Ordered], &[H::ResumeInPay], "report", "seed 2: `mweb_url` can be opened for 5 minutes"),
    row(
        WAP,
        &[S::OrderedEnded],
        &[H::ResumeInPay],
        "ask at once",
        "ruling: only the query's word ends an order; then a new number",
    ),
    // ---- somebody wants to know ----
    row(PAYOUT, &[S::Open, S::ForAPerson], &[H::Question], "ask at once", "R.5"),
    row(
        WAP,
        &[S::Withheld, S::Ordered, S::OrderedEnded, S::Abandoned, S::LateUnwritten, S::ForAPerson],
        &[H::Question],
        "ask at once",
        "R.5, C.4",
    ),
    row(WAP, OPEN, &[H::Question], "Abandoned", "C.4: the query returns no URL; it is asked about all the same"),
    row(WAP, GIVEN_UP, &[H::Question], "ask if paid", LATE),
    row(PAYOUT, SETTLED, &[H::Question], "report", STAYS),
    row(WAP, PAID, &[H::Question], "report", STAYS),
    row(WEBGATE, STATES, &[H::Question], "report", "D: there is no query"),
    // ---- what the query says ----
    row(
        ASKED,
        IN_TIME_IF_PAID,
        &[H::SaysPaid, H::OnlySaysPaid],
        "Accepted (query)",
        "R.5; the amount must be there and equal",
    ),
    row(WAP, LATE_IF_PAID, &[H::SaysPaid, H::OnlySaysPaid], "PaidLate", LATE),
    row(
        ASKED,
        ASKED_ABOUT,
        &[H::SaysOtherAmount],
        "ForAPerson",
        "ruling: a query proves a payment only when it names the same amount",
    ),
    row(
        ASKED,
        ASKED_ABOUT,
        &[H::SaysNoAmount],
        "ask after 2 s",
        "ruling: a query proves a payment only when it names the same amount",
    ),
    row(
        ASKED,
        ASKED_ABOUT,
        &[H::SaysUnpaid],
        "Declined (NewNumber)",
        "R.5, R.7: FAILED; CLOSED, REVERSE, REVOKED, PAYERROR (C.4)",
    ),
    row(
        WAP,
        ASKED_ABOUT,
        &[H::SaysWaiting],
        "ask after 2 s",
        "C.5: ask about every second, up to 3 s, while a customer pays",
    ),
    row(
        WAP,
        ASKED_ABOUT,
        &[H::SaysWaitingPastEnd],
        "Declined (NewNumber)",
        "seed 2: `time_expire`; ruling: 60 s later, by the HTTP `Date` of that very answer",
    ),
    row(
        ASKED,
        ASKED_ABOUT,
        &[H::SaysWorking, H::SaysNothing],
        "ask after 2 s",
        "R.2; each wait twice the last one, up to 10 s",
    ),
    row(
        PAYOUT,
        &[S::Open, S::ForAPerson],
        &[H::NotFound, H::NotFoundOnce, H::NotFoundAtSecondHost, H::NotFoundOfKnown, H::NotFoundByWrongClock],
        "repeat at once",
        IDENTICAL,
    ),
    row(
        WAP,
        ASKED_ABOUT,
        &[H::NotFound, H::NotFoundOnce, H::NotFoundAtSecondHost, H::NotFoundOfKnown, H::NotFoundByWrongClock],
        "ask after 2 s",
        NOT_FOUND,
    ),
    row(ASKED, NO_URL, &[H::NotFoundTwice], "Declined (NewNumber)", NOT_FOUND),
    row(
        WAP,
        &[S::Withheld, S::Ordered, S::OrderedEnded],
        &[H::NotFoundTwice],
        "ask after 2 s",
        "ruling: whoever has its URL can pay it, whatever a query finds",
    ),
    row(ASKED, ASKED_ABOUT, &[H::NotFoundPastLookBack], "ForAPerson", "R.5: the query knows 30 days"),
    row(WAP, ASKED_ABOUT, &[H::SaysUnpaidButCalledPaid, H::NotFoundButCalledPaid], "ask after 2 s", CALLED_PAID),
    row(
        WAP,
        &[
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
        ],
        &[H::OnlySaysOtherAmount],
        "Unknown (ForAPerson)",
        "ruling: a query proves a payment only when it names the same amount",
    ),
    row(
        WAP,
        &[
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
        ],
        &[H::OnlySaysWorking],
        "Unknown (OpenCode)",
        "ruling: the customer is paying",
    ),
    row(
        WAP,
        &[
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
        ],
        &[H::OnlySaysUnpaid, H::OnlyNotFound, H::OnlySaysNothing],
        "report",
        STAYS,
    ),
    // ---- notifications ----
    row(
        WAP,
        IN_TIME_IF_PAID,
        &[H::NotifiedTrusted],
        "Accepted (notification)",
        "C.6: signed, and order, amount and merchant are those stored; `notifications_suffice`",
    ),
    row(WAP, LATE_IF_PAID, &[H::NotifiedTrusted], "PaidLate", LATE),
    row(
        WAP,
        &[
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
        ],
        &[H::Notified],
        "ask if paid",
        "ruling 16: a signed text may be old, or cut anew; the query tells the payment",
    ),
    row(WAP, PAID, &[H::Notified, H::NotifiedTrusted], "report", "C.6: repeats are handled idempotently"),
    // ---- closing ----
    row(REPEATED, STATES, &[H::Close], "refuse", "ruling: only an order that a customer pays can be closed"),
    row(
        WAP,
        &[S::Open, S::Withheld, S::Ordered, S::OrderedEnded, S::Abandoned, S::LateUnwritten, S::ForAPerson],
        &[H::Close],
        "close, then ask",
        "C.1 unified.trade.close; ruling: only the query's word counts after it",
    ),
    row(WAP, SETTLED, &[H::Close], "report", STAYS),
    // ---- people, and what is read back ----
    row(
        FLOWS,
        &[S::Open, S::Withheld, S::Abandoned, S::LateUnwritten, S::ForAPerson, S::OrderedEnded],
        &[H::PersonUnpaid],
        "ByHand (unpaid)",
        "ruling: with a name and a reason, kept for ever",
    ),
    row(WAP, &[S::Ordered], &[H::PersonUnpaid], "refuse", "ruling: its customer may still pay: close it first"),
    row(FLOWS, ASKED_ABOUT, &[H::PersonPaid], "ByHand (paid)", "ruling: with a name and a reason, kept for ever"),
    row(FLOWS, SETTLED, &[H::PersonPaid, H::PersonUnpaid], "refuse", STAYS),
    row(FLOWS, STATES, &[H::PersonBusy], "refuse", "ruling: while a thread works on an entry nobody else does"),
    row(FLOWS, PENDING, &[H::Contradiction], "ForAPerson", TRUST),
    row(FLOWS, &[S::ForAPerson], &[H::Contradiction], "Unknown (ForAPerson)", TRUST),
    row(FLOWS, SETTLED, &[H::Contradiction], "Unknown (ForAPerson)", TRUST),
];
