//! What the simulation of the field found, each as small as it gets.

use std::time::Duration;

use wxpay_terminal::*;

use crate::support::memory_journal::MemoryJournal;
use crate::support::*;
use crate::till::modelled::Time;
use crate::till::orders::{Shop, not_exists, ordered, trade};
use crate::till::till::{outcome, redpack_till, state};

const DAY: i64 = 86_400;

/// The clock of the last shutdown, 37 days ago, and NTP a minute after the attempt: the order is a minute old, as this process's own
/// time says.
#[test]
fn a_slow_clock_that_is_mended_makes_no_order_old() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = redpack_till(&canned, &journal, &time);
    time.jump(-37 * DAY);
    canned.then_fault(Sent::Maybe);
    unknown(outcome(&till, "prize"));
    time.jump(37 * DAY);
    Pause::pause(&time, Duration::from_secs(60));
    canned.then_dated(&tenpay_failure("NOT_FOUND"), NOW + 60).then(&redpack_success("{number}", &[]));
    accepted(outcome(&till, "prize"));
}

/// Nobody tells the time but the device, which is 31 days ahead for one question, and another process made the attempt: a person is
/// told by which time it is old, and under a right clock it goes on.
#[test]
fn what_only_the_devices_clock_calls_old_is_asked_again() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    canned.then_fault(Sent::Maybe);
    unknown(outcome(&redpack_till(&canned, &journal, &time).patience(Duration::ZERO), "prize"));
    let later = redpack_till(&canned, &journal, &time);
    time.jump(31 * DAY);
    canned.then(&tenpay_failure("NOT_FOUND"));
    let doubt = unknown(outcome(&later, "prize"));
    assert!(doubt.reason == Reason::ForAPerson && doubt.text.contains("by the time stored with it"), "{doubt}");
    assert_eq!(state(&journal), EntryState::Open);
    time.jump(-31 * DAY);
    Pause::pause(&time, Duration::from_secs(60));
    canned.then(&tenpay_failure("NOT_FOUND")).then(&redpack_success("{number}", &[]));
    accepted(outcome(&later, "prize"));
}

/// The board stood, and its clock with it, for an hour and a half: no time is told, and this process made an attempt, but did not begin
/// it. How old it is nobody knows, so `recover` does not repeat it.
#[test]
fn an_attempt_of_this_process_does_not_tell_when_it_was_begun() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    canned.then_fault(Sent::Maybe);
    unknown(outcome(&redpack_till(&canned, &journal, &time).patience(Duration::ZERO), "prize"));
    time.off(Duration::from_secs(5_400));
    let later = redpack_till(&canned, &journal, &time);
    Pause::pause(&time, Duration::from_secs(10));
    canned.then(&tenpay_failure("NOT_FOUND")).then_fault(Sent::Maybe);
    unknown(outcome(&later, "prize"));
    let young = Repeats::YoungerThan(Duration::from_secs(600));
    for _ in 0..8 {
        canned.then(&tenpay_failure("NOT_FOUND"));
    }
    later.recover_with(&Options::new().patience(Duration::from_secs(20)).repeats(young)).unwrap();
    assert_eq!(canned.sent().iter().filter(|sent| sent.url.ends_with("sendredpack")).count(), 2);
}

/// An order made in 2038, as the clock said, which the query forgot: a person is told so, and may say that
/// it is unpaid when no page of it lives any more, not in 2038.
#[test]
fn a_person_settles_an_order_whose_end_a_wrong_clock_wrote() {
    let shop = Shop::new();
    shop.time.jump(12 * 365 * DAY);
    let number = ordered(&shop.canned, &shop.till());
    let id = shop.journal.all()[0].id;
    shop.time.jump(-12 * 365 * DAY);
    let till = shop.till();
    shop.canned.then(&not_exists());
    let doubt = unknown(till.payment_of(&number));
    assert!(doubt.text.contains("knew the order, and does not know it now"), "{doubt}");
    Pause::pause(&shop.time, Duration::from_secs(125 * 60));
    assert!(till.settle_by_hand(id, false, "Li", "not on the bill").is_err());
    Pause::pause(&shop.time, Duration::from_secs(5 * 60));
    till.settle_by_hand(id, false, "Li", "not on the bill").unwrap();
    ordered(&shop.canned, &till);
}

/// Two orders whose answers were lost. One is found closed when the intent is to be paid another way, and the patience is over: the
/// other one is still watched, so that no `Error` says that nothing is open.
#[test]
fn no_error_while_another_order_is_watched() {
    let shop = Shop::new();
    let till = shop.till().with(redpack(&shop.canned));
    shop.canned.then_fault(Sent::Maybe).then_fault(Sent::Maybe);
    unknown(till.order_with("receipt 1", &wap_order(""), &Options::new().patience(Duration::from_millis(1_500))));
    assert_eq!(shop.states(), ["abandoned", "abandoned"]);
    let [first, second] = [0, 1].map(|at| shop.journal.all()[at].order_number.clone());
    let none = Options::new().patience(Duration::ZERO);
    // Just asked: the next question waits a second, which is more than no patience.
    shop.canned.then(&not_exists()).then(&trade("CLOSED", &first, "1"));
    unknown(till.payment_of(&first));
    let doubt = unknown(till.pay_with("receipt 1", &red_packet(""), &none));
    assert!(doubt.text.contains("pay again"), "{doubt}");
    assert_eq!(shop.states(), ["unpaid", "abandoned"]);
    // The other one ended, too: now it says so.
    shop.canned.then(&not_exists()).then(&trade("CLOSED", &second, "1"));
    unknown(till.payment_of(&second));
    refused(till.pay_with("receipt 1", &red_packet(""), &none), "till");
    assert_eq!(shop.states(), ["unpaid", "unpaid"]);
}
