//! Boards without a battery: the device's clock stands while they are off, and jumps when somebody sets it.

use std::time::Duration;

use wxpay_terminal::*;

use crate::support::memory_journal::MemoryJournal;
use crate::support::*;
use crate::till::modelled::Time;
use crate::till::simulation::till_of_terminal;
use crate::till::till::{outcome, redpack_till, state};

const DAY: i64 = 86_400;

fn moved(canned: &Canned) -> usize {
    canned.sent().iter().filter(|sent| sent.url.ends_with("sendredpack")).count()
}

/// 45 days in a drawer, and it boots with the old time: its age is what the gateway's time says, or unknown.
#[test]
fn recover_repeats_nothing_whose_age_is_not_known() {
    for date in [None, Some(NOW + 45 * DAY)] {
        let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
        canned.then_fault(Sent::Maybe);
        unknown(outcome(&redpack_till(&canned, &journal, &time).patience(Duration::ZERO), "prize"));
        let later = redpack_till(&canned, &journal, &time);
        for _ in 0..8 {
            match date {
                Some(date) => canned.then_dated(&tenpay_failure("NOT_FOUND"), date),
                None => canned.then(&tenpay_failure("NOT_FOUND")),
            };
        }
        let young = Repeats::YoungerThan(Duration::from_secs(600));
        let options = Options::new().patience(Duration::from_secs(5)).repeats(young);
        assert!(doubt_of(&later.recover_with(&options).unwrap()[0]).is_some());
        assert_eq!(moved(&canned), 1, "{date:?}");
        // Past what the query covers, nothing is concluded from "not found": a person looks.
        let for_a_person = matches!(state(&journal), EntryState::Recorded(Settlement::ForAPerson { .. }));
        assert_eq!(for_a_person, date.is_some());
    }
}

/// The same board after a minute, with an answer that tells the time: it is young, and is repeated.
#[test]
fn recover_repeats_what_the_gateways_time_calls_young() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    canned.then_fault(Sent::Maybe);
    unknown(outcome(&redpack_till(&canned, &journal, &time).patience(Duration::ZERO), "prize"));
    Pause::pause(&time, Duration::from_secs(60));
    let later = redpack_till(&canned, &journal, &time);
    let number = journal.all()[0].order_number.clone();
    for _ in 0..2 {
        canned.then_dated(&tenpay_failure("NOT_FOUND"), NOW + 60);
    }
    canned.then(&redpack_success(&number, &[]));
    let young = Repeats::YoungerThan(Duration::from_secs(600));
    let options = Options::new().patience(Duration::from_secs(20)).repeats(young);
    assert!(doubt_of(&later.recover_with(&options).unwrap()[0]).is_none(), "{:?}", state(&journal));
    assert_eq!(moved(&canned), 2);
}

/// The device's clock is 31 days ahead for one question: nothing of it stays.
#[test]
fn a_clock_that_is_ahead_for_one_question_decides_nothing() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = redpack_till(&canned, &journal, &time).patience(Duration::ZERO);
    canned.then_fault(Sent::Maybe);
    unknown(outcome(&till, "prize"));
    time.jump(31 * DAY);
    Pause::pause(&time, Duration::from_secs(60));
    for _ in 0..2 {
        canned.then_dated(&tenpay_failure("NOT_FOUND"), NOW + 60);
    }
    till.recover(Duration::from_millis(1_500)).unwrap();
    assert_eq!(state(&journal), EntryState::Open);
}

/// Paid, or refused, while the clock was two days ahead: the pause counts from when this process first saw it.
#[test]
fn a_pause_that_was_written_under_a_clock_ahead_ends() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = || {
        till_of_terminal("workwx", journal.clone(), &time, terminal(), &|| time.inputs(&canned))
            .patience(Duration::ZERO)
    };
    time.jump(2 * DAY);
    canned.then_fault(Sent::Maybe);
    unknown(till().pay("first", &employee("")));
    time.jump(-2 * DAY);
    let till = till();
    for _ in 0..3 {
        refused(till.pay("second", &employee("")), "till");
    }
    Pause::pause(&time, Duration::from_secs(15));
    canned.then_fault(Sent::Maybe);
    unknown(till.pay("second", &employee("")));
    assert_eq!(canned.sent().len(), 2);
    // And the next one keeps its own pause, which the time in the future does not hide.
    for _ in 0..3 {
        Pause::pause(&time, Duration::from_secs(4));
        refused(till.pay("third", &employee("")), "till");
    }
    Pause::pause(&time, Duration::from_secs(4));
    canned.then_fault(Sent::Maybe);
    unknown(till.pay("third", &employee("")));
    assert_eq!(canned.sent().len(), 3);
}

/// Begun while the clock was ten days ahead, and recovered ten days and half an hour later: it is not half an hour old. Where
/// the gateway told the time before, that is what was stored.
#[test]
fn the_gateways_time_is_what_an_entry_is_begun_at() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = redpack_till(&canned, &journal, &time).patience(Duration::ZERO);
    canned.then_dated(&redpack_success("{number}", &[]), NOW);
    accepted(till.pay("first", &red_packet("")));
    time.jump(10 * DAY);
    canned.then_fault(Sent::Maybe);
    unknown(outcome(&till, "prize"));
    assert!((NOW..NOW + 60).contains(&journal.all()[1].begun_at), "{:?}", journal.all()[1]);
    Pause::pause(&time, Duration::from_secs(1_800));
    time.jump(0);
    let later = redpack_till(&canned, &journal, &time);
    for _ in 0..8 {
        canned.then_dated(&tenpay_failure("NOT_FOUND"), NOW + 10 * DAY + 1_800);
    }
    let young = Repeats::YoungerThan(Duration::from_secs(3_600));
    later.recover_with(&Options::new().patience(Duration::from_secs(5)).repeats(young)).unwrap();
    assert_eq!(moved(&canned), 2);
}

/// Its last attempt lies in the future, or before any payment, and another process made it: nobody knows how old it is.
#[test]
fn what_is_of_unknown_age_is_not_sent_again() {
    for ahead in [100 * DAY, -NOW] {
        let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
        time.jump(ahead);
        canned.then_fault(Sent::Maybe);
        unknown(outcome(&redpack_till(&canned, &journal, &time).patience(Duration::ZERO), "prize"));
        time.jump(-ahead + 40 * DAY);
        let later = redpack_till(&canned, &journal, &time);
        for _ in 0..8 {
            canned.then_dated(&tenpay_failure("NOT_FOUND"), NOW + 40 * DAY);
        }
        let doubt = unknown(outcome(&later, "prize"));
        assert!(doubt.text.contains("nobody knows how old it is"), "{doubt}");
        assert_eq!(moved(&canned), 1);
        let id = journal.all()[0].id;
        later.settle_by_hand(id, false, "Li", "the platform does not have it").unwrap();
    }
}

/// Another gateway's server is years ahead: that is not what a payment at this one is begun at.
#[test]
fn another_gateways_time_is_not_this_ones() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = redpack_till(&canned, &journal, &time).with(workwx(&canned)).patience(Duration::ZERO);
    canned.then_dated(&redpack_success("{number}", &[]), NOW + 3 * 365 * DAY);
    accepted(till.pay("first", &red_packet("")));
    canned.then_fault(Sent::Maybe);
    unknown(till.pay("second", &employee("")));
    let begun = journal.all()[1].begun_at;
    assert!((NOW..NOW + 60).contains(&begun), "{begun}");
}

/// A server without a clock tells 1970, and another one 2099: neither is a time.
#[test]
fn a_gateways_time_that_cannot_be_is_none() {
    for date in [600, NOW + 73 * 365 * DAY] {
        let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
        let till = redpack_till(&canned, &journal, &time).patience(Duration::ZERO);
        canned.then_dated(&redpack_success("{number}", &[]), date);
        accepted(till.pay("first", &red_packet("")));
        canned.then_fault(Sent::Maybe);
        unknown(outcome(&till, "prize"));
        let begun = journal.all()[1].begun_at;
        assert!((NOW..NOW + 60).contains(&begun), "{begun}");
        // Nor is it what an answer is believed by: it is repeated as without a time.
        Pause::pause(&time, Duration::from_secs(60));
        canned.then_dated(&tenpay_failure("NOT_FOUND"), date).then(&redpack_success("{number}", &[]));
        let later = redpack_till(&canned, &journal, &time);
        accepted(outcome(&later, "prize"));
    }
}
