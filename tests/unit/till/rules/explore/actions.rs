//! What can happen: one call, or one thing between two calls.

use std::format;
use std::string::String;
use std::vec::Vec;

use super::super::events::Flow;
use super::codes::{REVOKES_AFTER, may_be_charged, may_type};
use super::gateway::{may_be_paid_out, may_pay};
use super::promises::is_abandoned;
use super::state::{DAY, DeviceClock, JournalIs, MINUTE, Number, Shop, State, Truth};
use crate::till::rules::is_repeatable;
use crate::till::watch::Reversals;

/// One call, or one thing that happens between two calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Pay(Flow),
    /// The cashier may cancel it.
    PayAndCancel(Flow),
    Recover {
        repeats: bool,
    },
    /// `recover` that may take payments back.
    RecoverReversing(Reversals),
    /// `reverse` of a payment by code.
    Reverse(usize),
    /// A reversal that was on its way.
    ReversalArrives(usize),
    PaymentOf(usize),
    Close(usize),
    Notified(usize),
    ArrivesLate {
        at: usize,
        executed: bool,
    },
    Becomes(usize, Truth),
    Restart,
    JournalFails(JournalIs),
    JournalWorks,
    ClockJumps(DeviceClock),
    TimePasses(i64),
    ByHand {
        at: usize,
        paid: bool,
    },
    /// A person lets be paid again what was refused for good.
    AllowAgain(usize),
    /// The caller keeps money that came late.
    AcceptLate(usize),
}

/// As a person would tell it.
pub(super) fn in_words(action: Action) -> String {
    let hand = |paid| if paid { "paid" } else { "unpaid" };
    match action {
        Action::Pay(flow) => format!("pay ({flow:?}) is called"),
        Action::Recover { repeats: false } => "recover is called".into(),
        Action::Recover { repeats: true } => "recover is called, and may repeat what is younger than a day".into(),
        Action::PayAndCancel(flow) => format!("pay ({flow:?}) is called, with a cashier who may cancel"),
        Action::RecoverReversing(which) => format!("recover is called, and may take back ({which:?})"),
        Action::Reverse(at) => format!("reverse of number {} is called", at + 1),
        Action::ReversalArrives(_) => "later".into(),
        Action::PaymentOf(at) => format!("payment_of number {} is called", at + 1),
        Action::Close(at) => format!("close of number {} is called", at + 1),
        Action::Notified(at) => format!("the notification of number {} comes", at + 1),
        Action::ArrivesLate { .. } => "later".into(),
        Action::Becomes(at, truth) => format!("at the gateway number {} becomes {truth:?}", at + 1),
        Action::Restart => "the process begins anew".into(),
        Action::JournalFails(_) => "later".into(),
        Action::JournalWorks => "the journal works again".into(),
        Action::ClockJumps(clock) => format!("the device's clock is now {clock:?}"),
        Action::TimePasses(seconds) if seconds < MINUTE => format!("{seconds} seconds pass"),
        Action::TimePasses(seconds) if seconds < DAY => format!("{} minutes pass", seconds / MINUTE),
        Action::TimePasses(seconds) => format!("{} days pass", seconds / DAY),
        Action::ByHand { at, paid } => format!("a person settles number {} as {}", at + 1, hand(paid)),
        Action::AllowAgain(at) => format!("a person lets number {} be paid again", at + 1),
        Action::AcceptLate(at) => format!("accept_late of number {} is called", at + 1),
    }
}

const AN_HOUR: i64 = 60 * MINUTE;

/// What can happen next.
pub(super) fn actions(shop: &Shop, state: &State) -> Vec<Action> {
    let mut all: Vec<Action> = shop.flows.iter().map(|flow| Action::Pay(*flow)).collect();
    for at in 0..state.numbers.len() {
        of_number(state, at, &mut all);
    }
    if shop.unified {
        // Not every wallet revokes an unpaid payment by itself.
        let is_code = |at: usize| state.numbers[at].flow == Flow::Code;
        all.retain(|action| !matches!(action, Action::Becomes(at, Truth::Closed) if is_code(*at)));
    }
    let codes = shop.flows.contains(&Flow::Code);
    if codes {
        of_codes(state, &mut all);
    }
    let is_asked =
        |number: &Number| number.entry.is_pending() || (number.flow == Flow::Code && !number.entry.is_settled());
    if state.numbers.iter().any(|number| is_asked(number) || number.entry.is_unproven()) {
        all.push(Action::Recover { repeats: false });
        if shop.flows.iter().any(|flow| is_repeatable(shop.account(*flow).endpoint)) {
            all.push(Action::Recover { repeats: true });
        }
    }
    let orders = shop.flows.iter().any(|flow| flow.is_order());
    let pauses: &[i64] = match orders {
        _ if codes && orders => &[MINUTE + 1, 5 * MINUTE, 130 * MINUTE, DAY, 31 * DAY],
        _ if codes && shop.unified => &[16, MINUTE + 1, 20 * MINUTE, DAY, 8 * DAY, 31 * DAY],
        _ if codes => &[16, MINUTE + 1, 5 * MINUTE, DAY, 8 * DAY, 31 * DAY],
        true => &[MINUTE + 1, 20 * MINUTE, 130 * MINUTE, 31 * DAY],
        false => &[MINUTE + 1, 20 * MINUTE, 3 * DAY, 31 * DAY],
    };
    if !state.numbers.is_empty() {
        all.extend(pauses.iter().map(|pause| Action::TimePasses(*pause)));
    }
    if state.left.power_cuts > 0 {
        all.push(Action::Restart);
    }
    if state.journal != JournalIs::Working {
        all.push(Action::JournalWorks);
    } else if state.left.journal_faults > 0 {
        all.extend([JournalIs::Failing, JournalIs::StoringOnce].map(Action::JournalFails));
    }
    if state.left.clock_jumps > 0 {
        let clocks = [DeviceClock::Right, DeviceClock::Ahead, DeviceClock::Behind, DeviceClock::Unset];
        all.extend(clocks.into_iter().filter(|clock| *clock != state.clock).map(Action::ClockJumps));
    }
    all
}

fn of_number(state: &State, at: usize, all: &mut Vec<Action>) {
    let number = &state.numbers[at];
    all.push(Action::PaymentOf(at));
    if number.flying > 0 {
        all.extend([true, false].map(|executed| Action::ArrivesLate { at, executed }));
    }
    if number.flow == Flow::Code {
        return of_code(state, at, all);
    }
    if number.truth == Truth::Working {
        all.extend([Action::Becomes(at, Truth::Paid), Action::Becomes(at, Truth::Failed)]);
    }
    if number.flow.is_order() {
        all.push(Action::Close(at));
        // The answer was lost on the way, and somebody has it all the same.
        let strange = state.left.strange > 0 && is_abandoned(&number.entry);
        if may_pay(state, number) && (number.url_out || strange) {
            all.push(Action::Becomes(at, Truth::Paid));
        }
        if may_pay(state, number) && number.url_out && number.truth == Truth::Unpaid {
            all.push(Action::Becomes(at, Truth::PayError));
        }
        if number.truth == Truth::Unpaid && state.real - number.made_at > 5 * MINUTE {
            all.push(Action::Becomes(at, Truth::Closed));
        }
        if number.entry.is_paid_late() {
            all.push(Action::AcceptLate(at));
        }
        if number.truth == Truth::Paid {
            all.extend([Action::Notified(at), Action::Becomes(at, Truth::GivenBack)]);
        }
    }
    of_people(state, at, all);
}

/// Cashiers who cancel, and what may take payments back.
fn of_codes(state: &State, all: &mut Vec<Action>) {
    if state.left.cancels > 0 {
        all.push(Action::PayAndCancel(Flow::Code));
    }
    let is_of_code = |number: &Number| number.flow == Flow::Code && !number.entry.is_settled();
    if state.numbers.iter().any(|number| is_of_code(number) || number.entry.is_unproven()) {
        all.extend([Reversals::Begun, Reversals::Open].map(Action::RecoverReversing));
    }
}

/// A payment by code: its customer pays, or closes the dialog; WeChat ends it; the platform gives it back.
fn of_code(state: &State, at: usize, all: &mut Vec<Action>) {
    let number = &state.numbers[at];
    if number.entry.may_be_reversed() {
        all.push(Action::Reverse(at));
    }
    if number.code.reversing > 0 {
        all.push(Action::ReversalArrives(at));
    }
    if may_type(number, state.real) {
        all.extend([Truth::Paid, Truth::PayError].map(|truth| Action::Becomes(at, truth)));
    }
    let unpaid = matches!(number.truth, Truth::Working | Truth::PayError);
    if unpaid && state.real - number.made_at >= REVOKES_AFTER {
        all.push(Action::Becomes(at, Truth::Closed));
    }
    if number.truth == Truth::Paid {
        all.push(Action::Becomes(at, Truth::GivenBack));
    }
    if number.entry.is_paid_late() {
        all.push(Action::AcceptLate(at));
    }
    of_people(state, at, all);
}

fn of_people(state: &State, at: usize, all: &mut Vec<Action>) {
    let number = &state.numbers[at];
    if state.left.people > 0 && number.entry.is_refused_for_good() {
        all.push(Action::AllowAgain(at));
    }
    if state.left.people > 0 && !number.entry.is_paid() {
        let paid = matches!(number.truth, Truth::Paid | Truth::GivenBack);
        // A person looked within the hour: a customer may have paid since.
        let looked_before = number.flow.is_order() && state.real - number.paid_at < AN_HOUR;
        if paid {
            all.push(Action::ByHand { at, paid: true });
        }
        let may_be_charged = number.flow == Flow::Code && may_be_charged(number, state.real);
        if (!paid || looked_before) && !may_be_paid_out(number) && !may_be_charged {
            all.push(Action::ByHand { at, paid: false });
        }
    }
}
