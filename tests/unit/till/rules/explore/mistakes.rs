//! Planted mistakes. Each changes what a decision is made from, the step that is decided, or how it is carried out; for each the
//! search must tell a story in which a promise is broken. A search that finds nothing proves little without them.

use std::string::String;

use super::super::events::Flow;
use super::actions::Action;
use super::promises::is_abandoned;
use super::state::{DeviceClock, Left, MINUTE, Shop, Truth};
use crate::journal::{Entry, Settlement};
use crate::outcome::{Doubt, Next, Outcome, Reason, Refusal};
use crate::till::rules::{APART, Answered, Asking, Case, Ended, Event, Step, declined, unpaid};
use crate::till::seen::{Seen, Times};

/// What happened, as far as a mistake looks at it.
pub(super) enum Happened {
    /// An attempt has no proven answer.
    Unproven(Doubt),
    /// A repeat was refused, with this code.
    RepeatRefused(String),
    Resume,
    Question,
    NotFound {
        first_host: bool,
    },
    /// The query knows it, in this state.
    Known(String),
    Other,
}

impl Happened {
    pub(super) fn of(event: &Event) -> Happened {
        match event {
            Event::Attempt(Ended::Judged(Outcome::Unknown(doubt))) => Happened::Unproven(doubt.clone()),
            Event::Repeat(Ended::Judged(Outcome::Declined(refusal)), _) => {
                Happened::RepeatRefused(refusal.code.clone())
            }
            Event::Repeat(Ended::Judged(Outcome::Unknown(doubt)), _) if doubt.reason == Reason::EarlierAttempt => {
                Happened::RepeatRefused(doubt.code.clone())
            }
            Event::Resume { .. } => Happened::Resume,
            Event::Question => Happened::Question,
            Event::Answer(Answered { answer, asking: Asking::Everything, .. }) => match answer {
                crate::outcome::Answer::NotKnown { first_host } => Happened::NotFound { first_host: *first_host },
                crate::outcome::Answer::Known(pairs) => {
                    let state = ["status", "trade_state"].into_iter().find_map(|name| pairs.owned(name));
                    Happened::Known(state.unwrap_or_default())
                }
                crate::outcome::Answer::NoAnswer(_) => Happened::Other,
            },
            _ => Happened::Other,
        }
    }
}

/// Mistakes in the carrying out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carried {
    Right,
    /// What the journal could not take is not kept.
    ForgetsUnwritten,
    /// The repeat is not marked, so that its refusal is judged as a first attempt's.
    RepeatIsFirst,
    /// What a notification says is not remembered.
    Deaf,
    /// A person's word does not wait for what is known and not yet written.
    HandGoesOver,
    /// Asking may repeat.
    RecoverRepeats,
    /// The newest entry of an intent decides, whatever an older one says.
    NewestDecides,
    /// An entry under another account is in nobody's way.
    OtherWaysAreFree,
    /// The URL is given out also where the journal could not note it.
    UrlAnyway,
    /// The gateway is not asked whether late money is still there.
    KeepsUnasked,
    /// What another number of the intent was accepted for does not matter.
    AcceptsTwice,
    /// Late money is kept while another order of the sale is open.
    LeavesOpenBeside,
    // Of payments by code:
    /// A reversal's reply is believed.
    BelievesReversals,
    /// A reversal leaves before it is counted.
    ReversesUncounted,
    /// A payment that is open is sent again.
    RepeatsCodes,
    /// Another number begins while one is open.
    NewWhileOpen,
    /// Another way begins while the first one is open.
    BesideOpen,
    /// Of several refusals without proof the newest alone is asked about again.
    NewestConfirms,
    /// A code is sent however old it is.
    StaleCodes,
    /// After a restart a code reads like a refusal, whatever stood beside it.
    ForgetsNeedQuery,
}

pub(super) struct Mistake {
    pub name: &'static str,
    pub flows: &'static [Flow],
    pub case: fn(&mut Entry, &mut Seen, &mut Times),
    pub step: fn(&Case<'_>, &Happened, Step) -> Step,
    pub carried: Carried,
    /// The bad luck that its story needs, what else may happen in it, and how long its calls have: less makes the search short.
    pub left: Left,
    pub only: fn(&Action) -> bool,
    pub patience: u64,
    pub numbers: usize,
    /// Codes are of another wallet (POS flows 9).
    pub unified: bool,
}

pub(super) const NO_LUCK: Left =
    Left { power_cuts: 0, journal_faults: 0, clock_jumps: 0, delays: 0, people: 0, strange: 0, lies: 0, cancels: 0 };

pub(super) const RIGHT: Mistake = Mistake {
    name: "none",
    flows: &[],
    case: |_, _, _| {},
    step: |_, _, step| step,
    carried: Carried::Right,
    left: NO_LUCK,
    only: |_| true,
    patience: 1,
    numbers: 3,
    unified: false,
};

impl Mistake {
    /// The same search, of the rules as they are.
    pub(super) fn left_out(&self) -> Mistake {
        let Mistake { left, only, patience, numbers, unified, .. } = *self;
        Mistake { left, only, patience, numbers, unified, ..RIGHT }
    }

    pub(super) fn shop(&self) -> Shop {
        let shop = Shop::new("a shop", self.flows, false);
        if self.unified { shop.of_any_wallet() } else { shop }
    }
}

const TWO_ORDERS: Mistake = Mistake { flows: &[Flow::Wap], numbers: 2, ..RIGHT };

const ACCEPTED_BEFORE_A_POWER_CUT: Mistake = Mistake {
    name: "two orders, one accepted before a power cut",
    left: Left { power_cuts: 1, journal_faults: 1, strange: 1, ..NO_LUCK },
    only: |action| is_of_payments(action) || matches!(action, Action::Restart | Action::JournalWorks),
    ..TWO_ORDERS
};

/// The rules as they are, with two orders of one intent and a journal that fails once, in the few actions that lead to two
/// payments of it: so the search goes deep.
pub(super) const OF_TWO_ORDERS: [Mistake; 3] = [
    ACCEPTED_BEFORE_A_POWER_CUT,
    Mistake {
        name: "two orders, the first left to a person",
        left: Left { clock_jumps: 1, journal_faults: 1, strange: 1, ..NO_LUCK },
        only: |action| {
            is_of_payments(action) || matches!(action, Action::ClockJumps(DeviceClock::Ahead) | Action::JournalWorks)
        },
        ..TWO_ORDERS
    },
    Mistake {
        name: "two orders, and a person who calls one paid",
        left: Left { people: 1, journal_faults: 1, strange: 1, ..NO_LUCK },
        only: |action| {
            is_of_payments(action) || matches!(action, Action::ByHand { paid: true, .. } | Action::JournalWorks)
        },
        ..TWO_ORDERS
    },
];

/// The rules as they are.
pub(super) const NONE: &Mistake = &RIGHT;

/// What happens to the first order, within a time.
fn is_of_first_order(action: &Action, within: i64) -> bool {
    match action {
        Action::TimePasses(seconds) => *seconds < within,
        Action::Pay(_) | Action::PaymentOf(0) | Action::Becomes(0, Truth::Paid) | Action::Notified(0) => true,
        Action::ByHand { .. } | Action::JournalWorks => true,
        _ => false,
    }
}

/// Orders are made and paid, and late money is kept.
fn is_of_payments(action: &Action) -> bool {
    match action {
        Action::Pay(_) | Action::PaymentOf(_) | Action::AcceptLate(_) => true,
        Action::Becomes(_, truth) => *truth == Truth::Paid,
        _ => false,
    }
}

/// Or given back.
fn is_of_late_money(action: &Action) -> bool {
    is_of_payments(action) || matches!(action, Action::Becomes(_, Truth::GivenBack))
}

pub(super) fn new_number(words: &str) -> Step {
    declined(unpaid("MISTAKE", words))
}

/// What goes wrong in the decisions.
const OF_RULES: &[Mistake] = &[
    Mistake {
        name: "not found ends a payout with a new number",
        flows: &[Flow::Redpack],
        step: |_, happened, step| match happened {
            Happened::NotFound { .. } => new_number("not found"),
            _ => step,
        },
        ..RIGHT
    },
    Mistake {
        name: "the second host's \"not found\" confirms a refusal",
        flows: &[Flow::Workwx],
        step: |case, happened, step| match (happened, &case.seen.refused) {
            (Happened::NotFound { first_host: false }, Some(refusal)) => declined(refusal.clone()),
            _ => step,
        },
        ..RIGHT
    },
    Mistake {
        name: "a refusal that the query must confirm is believed",
        flows: &[Flow::Workwx],
        step: |_, happened, step| match happened {
            Happened::Unproven(Doubt { reason: Reason::Unconfirmed, code, .. }) => {
                declined(Refusal { code: code.clone(), text: String::new(), next: Next::SameNumber })
            }
            _ => step,
        },
        ..RIGHT
    },
    Mistake {
        name: "a lost answer means that nothing was sent",
        flows: &[Flow::Workwx],
        step: |_, happened, step| match happened {
            Happened::Unproven(_) => Step::Write(Settlement::NotSent, None),
            _ => step,
        },
        ..RIGHT
    },
    Mistake {
        name: "a payment that hangs is given up",
        flows: &[Flow::Redpack],
        step: |_, happened, step| match happened {
            Happened::Known(state) if state == "SENDING" => new_number("it hangs"),
            _ => step,
        },
        ..RIGHT
    },
    Mistake {
        name: "a refused repeat is believed",
        flows: &[Flow::Webgate],
        step: |_, happened, step| match happened {
            Happened::RepeatRefused(_) => new_number("refused"),
            _ => step,
        },
        ..RIGHT
    },
    Mistake {
        name: "a repeat's SEND_FAILED is believed",
        flows: &[Flow::Redpack],
        step: |_, happened, step| match happened {
            Happened::RepeatRefused(code) if code == "SEND_FAILED" => new_number("failed"),
            _ => step,
        },
        ..RIGHT
    },
    Mistake {
        name: "the device's clock ends an order",
        flows: &[Flow::Wap],
        step: |case, happened, step| match happened {
            Happened::Known(state) if state == "NOTPAY" && case.times.now > case.entry.begun_at + 360 => {
                new_number("its time is over")
            }
            _ => step,
        },
        ..RIGHT
    },
    Mistake {
        name: "an order whose time is over is not closed first",
        flows: &[Flow::Wap],
        step: |_, _, step| match step {
            Step::Close(doubt) => new_number(&doubt.code),
            step => step,
        },
        ..RIGHT
    },
    Mistake {
        name: "a payment that failed once ends an order",
        flows: &[Flow::Wap],
        step: |_, happened, step| match happened {
            Happened::Known(state) if state == "PAYERROR" => new_number("failed"),
            _ => step,
        },
        ..RIGHT
    },
    Mistake {
        name: "a payment that failed ends an order by its age",
        flows: &[Flow::Native],
        step: |case, happened, step| match happened {
            Happened::Known(state) if state == "PAYERROR" && case.times.now > case.entry.begun_at + 7_800 => {
                new_number("failed, and long ago")
            }
            _ => step,
        },
        only: |action| {
            matches!(action, Action::Pay(_) | Action::PaymentOf(_) | Action::TimePasses(_) | Action::Becomes(..))
        },
        ..RIGHT
    },
    Mistake {
        name: "abandoned orders are not asked for",
        flows: &[Flow::Wap],
        step: |case, happened, step| match happened {
            Happened::Question if is_abandoned(case.entry) => Step::Report,
            _ => step,
        },
        left: Left { strange: 1, ..NO_LUCK },
        ..RIGHT
    },
    Mistake {
        name: "it is forgotten that the gateway knew a refused payment",
        flows: &[Flow::Workwx],
        case: |entry, seen, _| (entry.known, seen.known) = (false, false),
        ..RIGHT
    },
    Mistake {
        name: "it is forgotten that the gateway knew a lost order",
        flows: &[Flow::Wap],
        case: |entry, seen, _| (entry.known, seen.known) = (false, false),
        left: Left { strange: 1, ..NO_LUCK },
        only: |action| is_of_first_order(action, 21 * MINUTE),
        numbers: 1,
        patience: 0,
        ..RIGHT
    },
    Mistake {
        name: "a payment's age is only what the clocks say",
        flows: &[Flow::Workwx],
        case: |_, seen, times| {
            let long_ago = times.monotonic.saturating_sub(core::time::Duration::from_secs(86_400));
            (seen.last_attempt, times.opened) =
                (seen.last_attempt.map(|at| at.max(long_ago)), times.opened.max(long_ago));
        },
        left: Left { clock_jumps: 1, ..NO_LUCK },
        ..RIGHT
    },
    Mistake {
        name: "\"not found\" is asked about for ever",
        flows: &[Flow::Redpack],
        step: |_, happened, step| match happened {
            Happened::NotFound { .. } => Step::Ask(APART, Doubt::new(Reason::OpenCode, "not found")),
            _ => step,
        },
        ..RIGHT
    },
    Mistake {
        name: "what an earlier process left open stays open",
        flows: &[Flow::Webgate],
        step: |_, happened, step| match happened {
            Happened::Resume => Step::Unknown(Doubt::new(Reason::EarlierAttempt, "an earlier attempt")),
            _ => step,
        },
        left: Left { power_cuts: 1, ..NO_LUCK },
        ..RIGHT
    },
];

/// What goes wrong in carrying them out.
const OF_CARRYING_OUT: &[Mistake] = &[
    Mistake {
        name: "an unwritten payment is forgotten",
        flows: &[Flow::Wap],
        carried: Carried::ForgetsUnwritten,
        left: Left { journal_faults: 1, strange: 1, ..NO_LUCK },
        only: |action| is_of_first_order(action, 0),
        ..RIGHT
    },
    Mistake {
        name: "a repeat is sent as a first attempt",
        flows: &[Flow::Webgate],
        carried: Carried::RepeatIsFirst,
        step: |_, happened, step| match happened {
            Happened::RepeatRefused(code) if code == "1002" => new_number("refused"),
            _ => step,
        },
        ..RIGHT
    },
    Mistake {
        name: "a notification's word is ignored",
        flows: &[Flow::Wap],
        carried: Carried::Deaf,
        case: |_, seen, _| seen.called_paid = false,
        left: Left { strange: 1, ..NO_LUCK },
        only: |action| is_of_first_order(action, 0),
        ..RIGHT
    },
    Mistake {
        name: "a person's \"unpaid\" goes over a proven payment",
        flows: &[Flow::Wap],
        carried: Carried::HandGoesOver,
        left: Left { journal_faults: 1, people: 1, ..NO_LUCK },
        only: |action| is_of_first_order(action, 21 * MINUTE),
        numbers: 1,
        patience: 0,
        ..RIGHT
    },
    Mistake { name: "recover repeats", flows: &[Flow::Webgate], carried: Carried::RecoverRepeats, ..RIGHT },
    Mistake {
        name: "the newest entry decides",
        flows: &[Flow::Wap],
        carried: Carried::NewestDecides,
        left: Left { strange: 1, ..NO_LUCK },
        ..RIGHT
    },
    Mistake {
        name: "another way is free while the first is open",
        flows: &[Flow::Redpack, Flow::Webgate],
        carried: Carried::OtherWaysAreFree,
        ..RIGHT
    },
    Mistake {
        name: "a URL is handed out that the journal does not have",
        flows: &[Flow::Wap],
        carried: Carried::UrlAnyway,
        left: Left { journal_faults: 1, power_cuts: 1, ..NO_LUCK },
        ..RIGHT
    },
    Mistake {
        name: "late money is kept unasked",
        flows: &[Flow::Wap],
        carried: Carried::KeepsUnasked,
        left: Left { strange: 1, ..NO_LUCK },
        only: is_of_late_money,
        numbers: 1,
        patience: 0,
        ..RIGHT
    },
    Mistake {
        name: "an intent is accepted twice",
        flows: &[Flow::Wap],
        carried: Carried::AcceptsTwice,
        left: Left { strange: 1, ..NO_LUCK },
        only: is_of_late_money,
        numbers: 2,
        ..RIGHT
    },
];

/// Its story takes seven actions, and minutes to find: at full length only.
const AT_LENGTH: &[Mistake] = &[Mistake {
    name: "late money is kept beside an open order",
    carried: Carried::LeavesOpenBeside,
    ..ACCEPTED_BEFORE_A_POWER_CUT
}];

pub(super) fn all(at_full_length: bool) -> impl Iterator<Item = &'static Mistake> {
    let long = if at_full_length { AT_LENGTH } else { &[] };
    OF_RULES.iter().chain(OF_CARRYING_OUT).chain(long)
}
