//! What was only read in the code (F54): each tried, mended, or shown not to be.

use std::time::Duration;

use wxpay_terminal::*;

use crate::support::memory_journal::MemoryJournal;
use crate::support::*;
use crate::till::modelled::Time;
use crate::till::orders::{Shop, closed, notification, order, ordered, trade};
use crate::till::till::{outcome, redpack_till};

/// The order's own reply had a date three years ahead. After a restart, too, its customer is not waited for until then: this process's
/// own time closes it, and the query's word ends it.
#[test]
fn a_date_far_ahead_in_the_orders_reply_does_not_keep_it_open() {
    for restart in [false, true] {
        let shop = Shop::new();
        let till = shop.till();
        shop.canned.then_dated(&wap_success(&[]), NOW + 3 * 365 * 86_400);
        let number = is_ordered(order(&till)).order_number;
        let till = if restart { shop.till() } else { till };
        Pause::pause(&shop.time, Duration::from_secs(359));
        shop.canned.then_dated(&trade("NOTPAY", &number, "1"), NOW + 359);
        unknown(till.payment_of(&number));
        assert_eq!(shop.services().last().unwrap(), "unified.trade.query", "not before its time and a minute are over");
        Pause::pause(&shop.time, Duration::from_secs(2));
        shop.canned.then_dated(&trade("NOTPAY", &number, "1"), NOW + 361).then(&closed(&number));
        shop.canned.then(&trade("CLOSED", &number, "1"));
        declined(till.payment_of(&number));
        assert_eq!(shop.states(), ["unpaid"], "restart {restart}");
    }
}

/// An order under a clock of 1970 was never sent; then the clock is set, and its good attempt's answer is lost. It is as old as that
/// attempt, so "not found" ends it like any other.
#[test]
fn what_was_never_sent_begins_with_its_first_attempt() {
    let shop = Shop::new();
    shop.time.jump(-NOW);
    let till = shop.till();
    let at = |seconds| ChinaTime::from_unix(seconds).unwrap();
    let valid = Some(Valid { start: at(NOW), expire: at(NOW + 3_600) });
    let request = WapOrder { valid, ..wap_order("") };
    assert!(till.order("receipt 1", &request).is_err());
    assert_eq!((shop.states(), shop.journal.all()[0].begun_at < 86_400), (vec!["not sent"], true));
    shop.time.jump(NOW);
    shop.canned.then_fault(Sent::Maybe).then_fault(Sent::Maybe).then_fault(Sent::Maybe);
    unknown(till.order("receipt 1", &request));
    assert!(shop.journal.all()[0].begun_at >= NOW, "{:?}", shop.journal.all()[0]);
    Pause::pause(&shop.time, Duration::from_secs(1_300));
    let number = shop.journal.all()[0].order_number.clone();
    for _ in 0..2 {
        shop.canned.then(&crate::till::orders::not_exists());
        let _ = till.payment_of(&number);
        Pause::pause(&shop.time, Duration::from_secs(70));
    }
    assert_eq!(shop.states()[0], "unpaid");
}

/// The journal could not take late money that a notification told, and the program was started again. The gateway was not answered
/// `success`, so it tells again, and then it is kept.
#[test]
fn late_money_that_was_not_written_comes_again() {
    let shop = Shop::new();
    let till = shop.till();
    let number = ordered(&shop.canned, &till);
    shop.canned.then(&trade("CLOSED", &number, "1"));
    declined(till.payment_of(&number));
    let notice = notification(&number, "1");
    // by_order_number, of_intent or settle.
    shop.journal.fail_in(2);
    assert!(till.notified(notice.as_bytes()).is_err(), "no success without the journal");
    drop(till);
    let till = shop.till();
    assert_eq!(till.notified(notice.as_bytes()).unwrap().reply, "success");
    paid_late(order(&till));
    assert_eq!(shop.states(), ["late"]);
}

/// The URL was withheld, a person gave the order up, and then it turns out that it was paid: that is late, whoever tells it.
#[test]
fn money_for_an_order_that_a_person_gave_up_is_late() {
    for way in ["notified", "asked"] {
        let shop = Shop::new();
        let till = shop.till();
        shop.canned.then(&wap_success(&[]));
        // of_intent, begin, settle.
        shop.journal.fail_in(3);
        unknown(order(&till));
        till.settle_by_hand(1, false, "李", "nobody has its URL").unwrap();
        let number = shop.journal.all()[0].order_number.clone();
        shop.time.jump(2);
        match way {
            "notified" => drop(till.notified(notification(&number, "1").as_bytes()).unwrap()),
            _ => {
                shop.canned.then(&trade("SUCCESS", &number, "1"));
                paid_late(till.payment_of(&number));
            }
        }
        assert_eq!(shop.states(), ["late"], "{way}");
        paid_late(order(&till));
    }
}

/// A journal that cannot be read is said to be one, and not another thread's work.
#[test]
fn a_fault_of_the_journal_is_told_as_one() {
    let shop = Shop::new();
    let (till, number) = shop.with_order();
    for call in 1..=2 {
        // by_order_number, entry.
        shop.journal.fail_in(call);
        let error = till.payment_of(&number).unwrap_err();
        assert_eq!((error.kind(), error.rule()), (ErrorKind::Journal, "scripted"), "{call}");
        shop.journal.fail_in(call);
        assert_eq!(till.close(&number).unwrap_err().kind(), ErrorKind::Journal, "{call}");
    }
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let desk = redpack_till(&canned, &journal, &time).patience(Duration::ZERO);
    canned.then_fault(Sent::Maybe);
    unknown(outcome(&desk, "prize"));
    // unacknowledged, unproven, entry.
    journal.fail_in(3);
    let report = desk.recover(Duration::from_secs(5)).unwrap();
    assert_eq!(doubt_of(&report[0]).unwrap().reason, Reason::Journal);
}
