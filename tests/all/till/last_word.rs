//! Who has the last word: a gateway's "paid" before a person's "unpaid", a signed notification before an unpaid query, and
//! what this process knows before what the journal could write.

use std::time::Duration;

use wxpay_terminal::*;

use crate::support::memory_journal::MemoryJournal;
use crate::support::*;
use crate::till::modelled::Time;
use crate::till::orders::{Shop, notification, order, ordered, trade};
use crate::till::till::{hb, outcome, redpack_till, state};

/// A till that asks about notifications, with a second way to pay the same intent.
fn two_ways(shop: &Shop) -> Till {
    shop.doubting_till().with(redpack(&shop.canned))
}

/// An order that the query called closed.
fn closed_order(shop: &Shop, till: &Till) -> String {
    let number = ordered(&shop.canned, till);
    shop.time.jump(2);
    shop.canned.then(&trade("CLOSED", &number, "1"));
    declined(till.payment_of(&number));
    number
}

fn another_way(till: &Till) -> Result<Outcome<Receipt<RedPackSent>>, Error> {
    till.pay("receipt 1", &red_packet(""))
}

/// What a notification calls paid is not paid another way, as long as this process lives.
#[test]
fn no_other_way_while_a_notification_says_paid() {
    let shop = Shop::new();
    let till = two_ways(&shop);
    let number = closed_order(&shop, &till);
    shop.canned.then_fault(Sent::Maybe);
    till.notified(notification(&number, "1").as_bytes()).unwrap_err();
    for state in ["CLOSED", "NOTPAY"] {
        Pause::pause(&shop.time, Duration::from_secs(2));
        shop.canned.then(&trade(state, &number, "1"));
        let doubt = unknown(another_way(&till));
        assert!(doubt.text.contains("a signed notification says that it is paid"), "{doubt}");
    }
    // Everybody who asks hears the same.
    Pause::pause(&shop.time, Duration::from_secs(2));
    shop.canned.then(&trade("CLOSED", &number, "1"));
    unknown(till.payment_of(&number));
    let report = till.recover(Duration::ZERO).unwrap();
    assert!(doubt_of(&report[0]).is_some_and(|doubt| doubt.text.contains("notification")), "{:?}", report[0]);
    assert_eq!(shop.journal.all().len(), 1);
    Pause::pause(&shop.time, Duration::from_secs(2));
    shop.canned.then(&trade("SUCCESS", &number, "1"));
    refused(another_way(&till), "intent");
}

/// The query says paid, and the journal cannot take it: no other way, and no close, until it did.
#[test]
fn no_other_way_before_a_payment_is_written() {
    let shop = Shop::new();
    let till = two_ways(&shop);
    let number = closed_order(&shop, &till);
    Pause::pause(&shop.time, Duration::from_secs(2));
    shop.canned.then(&trade("SUCCESS", &number, "1"));
    // by_order_number, entry, settle.
    shop.journal.fail_in(3);
    assert!(paid_late(till.payment_of(&number)).journal_fault.is_some());
    let sent = shop.canned.sent().len();
    // of_intent, settle.
    shop.journal.fail_in(2);
    assert_eq!(unknown(another_way(&till)).reason, Reason::Journal);
    refused(another_way(&till), "intent");
    assert_eq!((shop.canned.sent().len(), shop.journal.all().len()), (sent, 1));
    assert_eq!(shop.states(), ["late"]);
}

/// The reply says paid, the journal is full, and somebody who sees "open" closes it by hand as unpaid.
#[test]
fn a_persons_word_does_not_go_over_a_proven_payment() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = redpack_till(&canned, &journal, &time);
    canned.then_fault(Sent::Maybe).then(&hb("SENT", "200"));
    // of_intent, begin, settle.
    journal.fail_in(3);
    assert!(accepted(outcome(&till, "prize")).journal_fault.is_some());
    let id = journal.all()[0].id;
    // entry, settle: it still cannot be written.
    journal.fail_in(2);
    till.settle_by_hand(id, false, "Li", "it says open").unwrap_err();
    assert_eq!(state(&journal), EntryState::Open);
    till.settle_by_hand(id, false, "Li", "it says open").unwrap_err();
    assert!(journal.all()[0].is_paid());
    accepted(outcome(&till, "prize"));
    assert_eq!(canned.sent().len(), 2);
}

/// Another tool wrote the person's word meanwhile: the proof counts all the same.
#[test]
fn a_proven_payment_goes_over_a_persons_word() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = redpack_till(&canned, &journal, &time);
    canned.then_fault(Sent::Maybe).then(&hb("SENT", "200"));
    journal.fail_in(3);
    assert!(accepted(outcome(&till, "prize")).journal_fault.is_some());
    let by_hand = Settlement::ByHand { paid: false, name: "Li".into(), reason: "it says open".into() };
    journal.clone().settle(journal.all()[0].id, &by_hand, NOW).unwrap();
    paid_late(outcome(&till, "prize"));
    assert_eq!((canned.sent().len(), journal.all().len()), (2, 1));
}

/// Closed, and that could not be written; then a notification says paid. The unpaid word is dropped.
#[test]
fn an_unwritten_end_does_not_go_over_a_notification() {
    let shop = Shop::new();
    let till = shop.doubting_till();
    let number = ordered(&shop.canned, &till);
    shop.time.jump(2);
    shop.canned.then(&trade("CLOSED", &number, "1"));
    shop.journal.fail_in(3);
    unknown(till.payment_of(&number));
    shop.canned.then_fault(Sent::Maybe);
    till.notified(notification(&number, "1").as_bytes()).unwrap_err();
    assert_eq!(shop.states(), ["ordered"]);
    // After a restart, too, it is asked about, and no new number is used.
    let till = shop.doubting_till();
    shop.canned.then(&trade("SUCCESS", &number, "1"));
    accepted(till.payment_of(&number));
    assert_eq!(shop.states(), ["paid"]);
}

/// A line on which an answer takes 9 s.
#[derive(Clone)]
struct Slow(Canned, Time);

impl Transport for Slow {
    fn post(&self, post: &Post<'_>) -> Result<Received, Fault> {
        Pause::pause(&self.1, Duration::from_secs(9));
        self.0.post(post)
    }
}

/// An order whose time is over, on a slow line: one call closes it once, asks, and comes back.
#[test]
fn a_slow_line_does_not_keep_a_caller() {
    let shop = Shop::new();
    shop.canned.then_dated(&wap_success(&[]), NOW);
    let number = is_ordered(order(&shop.till())).order_number;
    let slow = Slow(shop.canned.clone(), shop.time.clone());
    let inputs =
        Inputs { transport: Box::new(slow), clock: Box::new(shop.time.clone()), random: Box::new(Counting::new()) };
    let time = || Box::new(shop.time.clone());
    let client = Client::with_inputs(swiftpass_account(), terminal(), inputs).unwrap();
    let till = Till::with_inputs(Box::new(shop.journal.reopened()), time(), time()).with(client);
    Pause::pause(&shop.time, Duration::from_secs(3_600));
    for _ in 0..20 {
        shop.canned.then_dated(&trade("NOTPAY", &number, "1"), NOW + 3_600).then_fault(Sent::Maybe);
    }
    let before = shop.time.monotonic();
    assert_eq!(unknown(till.payment_of(&number)).reason, Reason::NotPaidYet);
    let services = shop.services();
    assert_eq!(services[1..], ["unified.trade.query", "unified.trade.close", "unified.trade.query"]);
    assert!(shop.time.monotonic() - before < Duration::from_secs(40));
}

/// An order that was handed out, and left to a person: after a restart "not found" does not end it either.
#[test]
fn what_is_left_to_a_person_stays_known() {
    let shop = Shop::new();
    let (till, number) = shop.with_order();
    shop.time.jump(2);
    shop.canned.then(&trade("SUCCESS", &number, "7"));
    assert_eq!(unknown(till.payment_of(&number)).reason, Reason::ForAPerson);
    assert_eq!(shop.states(), ["for a person"]);
    let till = shop.till();
    for _ in 0..3 {
        Pause::pause(&shop.time, Duration::from_secs(1_800));
        shop.canned.then(&crate::till::orders::not_exists());
        unknown(till.payment_of(&number));
    }
    assert_eq!(shop.states(), ["for a person"]);
    assert!(shop.journal.all()[0].known);
}
