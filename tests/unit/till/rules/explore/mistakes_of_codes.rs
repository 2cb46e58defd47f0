//! Planted mistakes with payments by code: one or more for each ruling of POS flows 1 that is about them.

use std::string::String;
use std::time::Duration;

use super::super::events::Flow;
use super::actions::Action;
use super::mistakes::{Carried, Happened, Mistake, NO_LUCK, RIGHT, new_number};
use super::state::{DAY, Left, MINUTE, Truth};
use crate::journal::{EntryState, Settlement};
use crate::outcome::{Doubt, Next, Reason, Refusal};
use crate::till::rules::{Step, declined};

const CODES: Mistake = Mistake { flows: &[Flow::Code], numbers: 2, ..RIGHT };
const LIES: Left = Left { lies: 1, ..NO_LUCK };
const TWO_LIES: Left = Left { lies: 2, ..NO_LUCK };

/// Sales, questions and time; what the gateway does by itself.
fn is_of_a_sale(action: &Action) -> bool {
    match action {
        Action::Pay(_) | Action::PaymentOf(_) | Action::Becomes(_, Truth::Paid) => true,
        Action::TimePasses(seconds) => *seconds <= 5 * MINUTE,
        _ => false,
    }
}

/// Rulings 1, 3 and the window of 3.4.
const OF_PROOF: &[Mistake] = &[
    Mistake {
        name: "a refused code is believed without a second witness",
        step: |_, happened, step| match happened {
            Happened::Unproven(Doubt { reason: Reason::Unconfirmed, code, .. }) => {
                declined(Refusal { code: code.clone(), text: String::new(), next: Next::NewNumber })
            }
            _ => step,
        },
        left: LIES,
        ..CODES
    },
    Mistake {
        name: "after a restart a code is a refusal, whatever stood beside it",
        carried: Carried::ForgetsNeedQuery,
        left: Left { power_cuts: 1, lies: 2, ..NO_LUCK },
        only: |action| matches!(action, Action::Pay(_) | Action::PaymentOf(_) | Action::Restart),
        unified: true,
        ..CODES
    },
    Mistake {
        name: "a code that the query does not know is declined at once",
        step: |_, happened, step| match happened {
            Happened::NotFound { .. } => new_number("not found"),
            _ => step,
        },
        left: LIES,
        ..CODES
    },
    Mistake {
        name: "the second host's \"not found\" confirms a refused code",
        step: |case, happened, step| match (happened, &case.seen.refused) {
            (Happened::NotFound { first_host: false }, Some(refusal)) => declined(refusal.clone()),
            _ => step,
        },
        left: TWO_LIES,
        ..CODES
    },
    Mistake {
        name: "\"not found\" needs no window",
        case: |_, seen, times| {
            let at_least = Duration::from_secs(300);
            let is_over = |at: Duration| times.monotonic.saturating_sub(at) >= Duration::from_secs(16);
            seen.last_attempt = seen.last_attempt.map(|at| if is_over(at) { at.saturating_sub(at_least) } else { at });
            times.opened = times.opened.saturating_sub(at_least);
        },
        left: Left { delays: 1, ..NO_LUCK },
        only: is_of_a_sale,
        numbers: 1,
        ..CODES
    },
    Mistake {
        name: "it is forgotten that the gateway knew a code's payment",
        case: |entry, seen, _| (entry.known, seen.known) = (false, false),
        left: TWO_LIES,
        only: is_of_a_sale,
        numbers: 1,
        ..CODES
    },
    Mistake {
        name: "a refusal that was confirmed once stays so",
        case: |_, seen, times| seen.not_known = seen.not_known.map(|_| (times.monotonic, 1)),
        carried: Carried::NewestConfirms,
        only: is_of_a_sale,
        ..CODES
    },
    Mistake {
        name: "PAYERROR of a code is unpaid",
        step: |_, happened, step| match happened {
            Happened::Known(state) if state == "PAYERROR" => new_number("failed"),
            _ => step,
        },
        left: LIES,
        ..CODES
    },
    Mistake {
        name: "a refusal without proof is not asked about",
        step: |case, happened, step| match happened {
            Happened::Question if case.entry.is_unproven() => Step::Report,
            _ => step,
        },
        left: TWO_LIES,
        ..CODES
    },
    Mistake {
        name: "a refusal without proof is final when it is asked about again",
        step: |case, happened, step| match (happened, &case.entry.state) {
            (Happened::NotFound { .. }, EntryState::Recorded(Settlement::Unproven { code, text, next })) => {
                declined(Refusal { code: code.clone(), text: text.clone(), next: *next })
            }
            _ => step,
        },
        left: Left { lies: 3, ..NO_LUCK },
        only: is_of_a_sale,
        numbers: 1,
        ..CODES
    },
    Mistake {
        name: "another number begins without asking about the refusal again",
        carried: Carried::NewestConfirms,
        step: |_, _, step| match step {
            Step::Confirm => Step::NewNumber,
            step => step,
        },
        ..CODES
    },
    Mistake {
        name: "of two refusals the newest alone is asked about",
        carried: Carried::NewestConfirms,
        numbers: 3,
        ..CODES
    },
];

/// Rulings 2 and 4, and when it is taken back.
const OF_REVERSALS: &[Mistake] = &[
    Mistake { name: "a reversal's reply is believed", carried: Carried::BelievesReversals, left: LIES, ..CODES },
    Mistake { name: "a reversal leaves before it is counted", carried: Carried::ReversesUncounted, ..CODES },
    Mistake {
        name: "what is being taken back is accepted",
        carried: Carried::AcceptsTwice,
        step: |case, happened, step| match happened {
            Happened::Known(state) if state == "SUCCESS" && case.reversals() > 0 => {
                Step::Write(Settlement::Accepted { queried: true, evidence: std::vec::Vec::new() }, None)
            }
            _ => step,
        },
        left: LIES,
        ..CODES
    },
    Mistake {
        name: "it is reversed at once",
        case: |_, seen, _| seen.last_attempt = seen.last_attempt.map(|at| at.saturating_sub(Duration::from_secs(15))),
        ..CODES
    },
    Mistake {
        name: "what another process sent is reversed after one answer",
        case: |_, seen, _| {
            seen.unpaid = seen.unpaid.map(|(first, last)| (first.saturating_sub(Duration::from_secs(60)), last));
        },
        left: Left { power_cuts: 1, ..NO_LUCK },
        ..CODES
    },
    Mistake {
        name: "silence begins a reversal of what another process sent",
        case: |_, seen, times| {
            seen.unpaid = seen.unpaid.map(|(first, _)| (first, times.monotonic));
        },
        left: Left { power_cuts: 1, ..LIES },
        only: |action| match action {
            Action::TimePasses(seconds) => *seconds == MINUTE + 1,
            action => matches!(action, Action::Pay(_) | Action::Reverse(_) | Action::Restart),
        },
        numbers: 1,
        ..CODES
    },
];

/// Rulings 5 and 6.
const OF_NUMBERS: &[Mistake] = &[
    Mistake { name: "a code's payment is sent again", carried: Carried::RepeatsCodes, ..CODES },
    Mistake {
        name: "another number begins while one is open",
        carried: Carried::NewWhileOpen,
        step: |case, _, step| match step {
            Step::Resume if case.reversal().is_some() => Step::NewNumber,
            step => step,
        },
        ..CODES
    },
    Mistake {
        name: "a QR is shown while a code is open, or a code taken while a QR is shown",
        flows: &[Flow::Code, Flow::Native],
        carried: Carried::BesideOpen,
        ..CODES
    },
    Mistake {
        name: "a code is sent however old it is",
        carried: Carried::StaleCodes,
        left: Left { power_cuts: 1, ..NO_LUCK },
        only: |action| matches!(action, Action::Pay(_)),
        patience: 75,
        ..CODES
    },
];

/// The rules as they are, and how deep they are searched: in a short run, and at length.
pub(super) const OF_A_SALE: [(Mistake, usize, usize); 6] = [
    (
        Mistake {
            name: "scans, with the patience that a call has by default",
            left: TWO_LIES,
            only: |action| matches!(action, Action::Pay(_)),
            patience: 75,
            ..CODES
        },
        0,
        2,
    ),
    (
        Mistake {
            name: "refusals that are false, and three scans",
            left: Left { lies: 3, ..NO_LUCK },
            only: |action| match action {
                Action::TimePasses(seconds) => matches!(*seconds, 61 | DAY),
                action => matches!(
                    action,
                    Action::Pay(_)
                        | Action::Recover { .. }
                        | Action::RecoverReversing(_)
                        | Action::Becomes(_, Truth::Paid)
                ),
            },
            numbers: 3,
            ..CODES
        },
        2,
        6,
    ),
    (
        Mistake {
            name: "a refused sale whose customer types",
            left: Left { lies: 3, ..NO_LUCK },
            only: |action| match action {
                Action::TimePasses(seconds) => *seconds == MINUTE + 1,
                Action::Becomes(_, truth) => *truth == Truth::Paid,
                action => matches!(
                    action,
                    Action::Pay(_) | Action::PaymentOf(0) | Action::Reverse(0) | Action::Recover { .. }
                ),
            },
            ..CODES
        },
        2,
        4,
    ),
    (
        Mistake {
            name: "reversals that do not work, and a person",
            left: Left { lies: 2, people: 1, delays: 1, ..NO_LUCK },
            only: |action| match action {
                Action::TimePasses(seconds) => matches!(*seconds, 61 | 300),
                Action::Becomes(_, truth) => *truth == Truth::Paid,
                action => !matches!(action, Action::RecoverReversing(_) | Action::PaymentOf(_)),
            },
            numbers: 1,
            ..CODES
        },
        3,
        5,
    ),
    (
        Mistake {
            name: "power cuts between decision and end",
            left: Left { power_cuts: 2, delays: 1, lies: 1, ..NO_LUCK },
            only: |action| match action {
                Action::TimePasses(seconds) => matches!(*seconds, 16 | 61),
                Action::Becomes(_, truth) => *truth == Truth::Paid,
                action => !matches!(action, Action::PaymentOf(_) | Action::AcceptLate(_)),
            },
            numbers: 2,
            ..CODES
        },
        2,
        5,
    ),
    (
        Mistake {
            name: "a code, a QR, and back",
            flows: &[Flow::Code, Flow::Native],
            left: LIES,
            only: |action| match action {
                Action::TimePasses(seconds) => *seconds <= 5 * MINUTE,
                Action::Becomes(_, truth) => *truth == Truth::Paid,
                action => matches!(action, Action::Pay(_) | Action::PaymentOf(_)),
            },
            numbers: 3,
            ..CODES
        },
        2,
        4,
    ),
];

pub(super) fn all() -> impl Iterator<Item = &'static Mistake> {
    OF_PROOF.iter().chain(OF_REVERSALS).chain(OF_NUMBERS)
}
