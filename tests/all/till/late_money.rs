//! An order is no payment, and late money is not money in time (POS rulings 4 and 6): each has its own verb and its own word.

use std::time::Duration;

use wxpay_terminal::*;

use crate::support::memory_journal::MemoryJournal;
use crate::support::*;
use crate::till::orders::{Shop, closed, failure, notification, order, ordered, trade};

/// A till whose first order was closed unpaid, with its number.
fn closed_order(shop: &Shop) -> (Till, String) {
    let till = shop.till();
    let number = ordered(&shop.canned, &till);
    shop.canned.then(&trade("CLOSED", &number, "1"));
    declined(till.payment_of(&number));
    (till, number)
}

/// The customer's money came for it all the same.
fn late_order(shop: &Shop) -> (Till, String) {
    let (till, number) = closed_order(shop);
    shop.time.jump(2);
    shop.canned.then(&trade("SUCCESS", &number, "1"));
    paid_late(till.payment_of(&number));
    shop.time.jump(2);
    (till, number)
}

/// A sale with two orders: late money came for the first one, and the second one is open.
fn late_and_open(shop: &Shop) -> (Till, String, String) {
    let (till, first) = closed_order(shop);
    let second = ordered(&shop.canned, &till);
    till.notified(notification(&first, "1").as_bytes()).unwrap();
    (till, first, second)
}

/// The late money of the first order is kept; the second one ends unpaid.
fn first_is_kept(shop: &Shop, till: &Till, first: &str, second: &str) {
    shop.canned.then(&trade("SUCCESS", first, "1")).then(&closed(second)).then(&trade("CLOSED", second, "1"));
    accepted(till.accept_late(first));
    assert_eq!(shop.states(), ["paid", "unpaid"]);
}

#[test]
fn each_verb_refuses_what_the_other_one_is_for() {
    let shop = Shop::new();
    let till = shop.till();
    let error = till.pay("receipt 1", &wap_order("")).unwrap_err();
    assert!(error.to_string().contains("call `order`"), "{error}");
    let (canned, journal) = (Canned::default(), MemoryJournal::default());
    let inputs = shop.time.inputs(&canned);
    let payer = Till::with_inputs(Box::new(journal.clone()), Box::new(shop.time.clone()), Box::new(shop.time.clone()))
        .with(Client::with_inputs(RedpackAccount::new(MCH_ID, APPID, key()).unwrap(), terminal(), inputs).unwrap());
    let error = payer.order("prize", &red_packet("")).unwrap_err();
    assert!(error.to_string().contains("call `pay`"), "{error}");
    // Also for an intent whose order is open: it is told by its own verb.
    let number = ordered(&shop.canned, &till);
    assert!(till.pay("receipt 1", &wap_order("")).is_err());
    assert_eq!(is_ordered(order(&till)).order_number, number);
    assert!(canned.sent().is_empty() && journal.all().is_empty() && shop.journal.all().len() == 1);
}

/// Nobody paid yet, then somebody did: the same call says it in two words.
#[test]
fn a_sale_is_ordered_and_then_accepted() {
    let shop = Shop::new();
    let till = shop.till();
    let number = ordered(&shop.canned, &till);
    is_ordered(order(&till));
    shop.canned.then(&trade("SUCCESS", &number, "1"));
    accepted(till.payment_of(&number));
    assert_eq!(accepted(order(&till)).order_number, number);
    assert_eq!(shop.services().iter().filter(|service| *service == "pay.weixin.wap").count(), 1);
}

#[test]
fn late_money_is_late_in_every_answer() {
    let shop = Shop::new();
    let (till, number) = late_order(&shop);
    // Recorded, also after a restart; nothing is sent, and no second order is made.
    let sent = shop.canned.sent().len();
    for till in [till, shop.till()] {
        paid_late(order(&till));
        paid_late(till.payment_of(&number));
        paid_late(till.close(&number));
    }
    assert_eq!(shop.canned.sent().len(), sent);
    assert_eq!(shop.states(), ["late"]);
}

#[test]
fn late_money_is_kept_by_a_word_that_lasts() {
    let shop = Shop::new();
    let (till, number) = late_order(&shop);
    shop.canned.then(&trade("SUCCESS", &number, "1"));
    let kept = accepted(till.accept_late(&number));
    assert_eq!(kept.evidence.field("transaction_id"), Some("7551000001201611221001"));
    for till in [till, shop.till()] {
        assert_eq!(accepted(order(&till)).order_number, number);
        accepted(till.payment_of(&number));
        // Once is enough.
        assert!(till.accept_late(&number).unwrap_err().to_string().contains("no late money"));
    }
    assert_eq!(shop.states(), ["paid"]);
}

/// The query's word counts: given back, less, lost, or not known any more, it stays late, and nothing is said to be kept.
#[test]
fn late_money_that_is_not_there_is_not_kept() {
    for (answer, reason) in [
        (Some("REFUND"), Reason::ForAPerson),
        (Some("CLOSED"), Reason::ForAPerson),
        (Some("less"), Reason::ForAPerson),
        (None, Reason::Broken),
    ] {
        let shop = Shop::new();
        let (till, number) = late_order(&shop);
        match answer {
            None => shop.canned.then_fault(Sent::Maybe).then_fault(Sent::Maybe),
            Some("less") => shop.canned.then(&trade("SUCCESS", &number, "2")),
            Some(state) => shop.canned.then(&trade(state, &number, "1")),
        };
        assert_eq!(unknown(till.accept_late(&number)).reason, reason, "{answer:?}");
        paid_late(order(&till));
        assert_eq!(shop.states(), ["late"], "{answer:?}");
    }
}

/// Late money came, and the customer still sees another order of the sale: it is closed, whoever tells the late money (POS flows 20.20).
#[test]
fn what_is_shown_beside_late_money_is_closed() {
    for told_by in ["order", "payment_of", "recover"] {
        let shop = Shop::new();
        let (till, first, second) = late_and_open(&shop);
        if told_by == "recover" {
            shop.canned.then(&trade("NOTPAY", &second, "1"));
        }
        shop.canned.then(&closed(&second)).then(&trade("CLOSED", &second, "1"));
        match told_by {
            "order" => drop(paid_late(order(&till))),
            "payment_of" => drop(paid_late(till.payment_of(&first))),
            _ => drop(till.recover(Duration::from_secs(30)).unwrap()),
        }
        assert_eq!(shop.states(), ["late", "unpaid"], "{told_by}");
        // Once: then nothing is shown any more.
        paid_late(order(&till));
    }
    // A boot that has no time asks nobody.
    let shop = Shop::new();
    let (till, _, _) = late_and_open(&shop);
    let sent = shop.services().len();
    let _ = till.recover(Duration::ZERO).unwrap();
    assert_eq!((shop.services().len(), shop.states()), (sent, vec!["late", "ordered"]));
    // What cannot be closed now is closed by the next call; the customer who was faster is known.
    let shop = Shop::new();
    let (till, first, second) = late_and_open(&shop);
    shop.canned.then_fault(Sent::Maybe).then_fault(Sent::Maybe);
    paid_late(till.payment_of(&first));
    assert_eq!(shop.states(), ["late", "ordered"]);
    shop.canned.then(&closed(&second)).then(&trade("SUCCESS", &second, "1"));
    paid_late(till.payment_of(&first));
    assert_eq!(shop.states(), ["late", "paid"]);
}

/// The journal cannot take it: it is not kept, and the next call asks again.
#[test]
fn what_the_journal_cannot_take_is_not_kept() {
    let shop = Shop::new();
    let (till, number) = late_order(&shop);
    shop.canned.then(&trade("SUCCESS", &number, "1"));
    // by_order_number, entry, of_intent, refunds_of by both numbers, settle.
    shop.journal.fail_in(6);
    assert_eq!(unknown(till.accept_late(&number)).reason, Reason::Journal);
    paid_late(order(&till));
    shop.time.jump(2);
    shop.canned.then(&trade("SUCCESS", &number, "1"));
    accepted(till.accept_late(&number));
    assert_eq!(shop.states(), ["paid"]);
}

#[test]
fn only_late_money_is_kept() {
    let shop = Shop::new();
    let (till, number) = closed_order(&shop);
    for till in [till, shop.till()] {
        assert!(till.accept_late(&number).is_err());
        assert!(till.accept_late("another number").is_err());
    }
    assert_eq!(shop.states(), ["unpaid"]);
}

/// One intent is accepted once. The first order's money was late, the second one's came in time: the first is given back.
#[test]
fn one_sale_is_accepted_once() {
    let shop = Shop::new();
    let (till, first, second) = late_and_open(&shop);
    shop.canned.then(&trade("SUCCESS", &second, "1"));
    accepted(till.payment_of(&second));
    assert_eq!(shop.states(), ["late", "paid"]);
    // What is in time decides.
    assert_eq!(accepted(order(&till)).order_number, second);
    shop.time.jump(2);
    shop.canned.then(&trade("SUCCESS", &first, "1"));
    assert!(till.accept_late(&first).unwrap_err().to_string().contains("give this money back"));
    assert_eq!(shop.states(), ["late", "paid"]);

    // The first one was kept: what comes for the second is late, by the query, by a notification, and by a person's word.
    for way in ["query", "notification", "person"] {
        let shop = Shop::new();
        let (till, first, second) = late_and_open(&shop);
        first_is_kept(&shop, &till, &first, &second);
        shop.time.jump(2);
        match way {
            "query" => {
                shop.canned.then(&trade("SUCCESS", &second, "1"));
                paid_late(till.payment_of(&second));
            }
            "notification" => drop(till.notified(notification(&second, "1").as_bytes()).unwrap()),
            _ => till.settle_by_hand(shop.journal.all()[1].id, true, "李", "on the bill").unwrap(),
        }
        assert_eq!(shop.states(), ["paid", "late"], "{way}");
        assert_eq!(accepted(order(&till)).order_number, first);
        paid_late(till.payment_of(&second));
        let report = till.recover(Duration::ZERO).unwrap();
        assert_eq!(report.len(), 2, "both are reported");
    }
}

/// What was told as accepted counts, also while the journal could not take it: the caller acted on it.
#[test]
fn what_was_accepted_and_not_written_counts() {
    let shop = Shop::new();
    let (till, first, second) = late_and_open(&shop);
    shop.canned.then(&trade("SUCCESS", &second, "1"));
    // by_order_number, entry, of_intent, settle.
    shop.journal.fail_in(4);
    assert!(accepted(till.payment_of(&second)).journal_fault.is_some());
    assert_eq!(shop.states(), ["late", "ordered"]);
    shop.time.jump(2);
    shop.canned.then(&trade("SUCCESS", &first, "1"));
    assert!(till.accept_late(&first).unwrap_err().to_string().contains("give this money back"));
    assert!(accepted(till.payment_of(&second)).journal_fault.is_none());
    assert_eq!(shop.states(), ["late", "paid"]);
}

/// Nor does a power cut make it forgotten: an order of the sale that is still open ends before late money is kept.
#[test]
fn what_was_accepted_before_a_power_cut_counts() {
    let shop = Shop::new();
    let (till, first, second) = late_and_open(&shop);
    shop.canned.then(&trade("SUCCESS", &second, "1"));
    // by_order_number, entry, of_intent, settle.
    shop.journal.fail_in(4);
    assert!(accepted(till.payment_of(&second)).journal_fault.is_some());
    drop(till);
    let till = shop.till();
    // Whether the second one ended is not known: nothing is kept. Neither is it while the query says NOTPAY after the close.
    let paid = || shop.canned.then(&trade("SUCCESS", &first, "1"));
    paid().then_fault(Sent::Maybe).then_fault(Sent::Maybe);
    assert_eq!(unknown(till.accept_late(&first)).reason, Reason::Broken);
    shop.time.jump(60);
    paid().then(&closed(&second)).then(&trade("NOTPAY", &second, "1"));
    let doubt = unknown(till.accept_late(&first));
    assert!(doubt.text.contains("another order of this sale is open"), "{doubt:?}");
    assert_eq!(shop.states(), ["late", "ordered"]);
    shop.time.jump(60);
    paid().then(&failure("ORDERPAID")).then(&trade("SUCCESS", &second, "1"));
    assert!(till.accept_late(&first).unwrap_err().to_string().contains("give this money back"));
    assert_eq!(shop.states(), ["late", "paid"]);
}

/// The open order is one of an account that this till does not have: nobody can end it here.
#[test]
fn what_cannot_be_ended_here_keeps_late_money_late() {
    let shop = Shop::new();
    let (till, first) = closed_order(&shop);
    let moved =
        SwiftpassAccount::new("https://moved.example/pay/gateway", SWIFTPASS_MCH_ID, Secret::from(SWIFTPASS_KEY));
    ordered(&shop.canned, &shop.till_of(moved.unwrap().sub_appid("wx2421b1c4370ec43b").unwrap()));
    till.notified(notification(&first, "1").as_bytes()).unwrap();
    shop.canned.then(&trade("SUCCESS", &first, "1"));
    assert_eq!(unknown(till.accept_late(&first)).reason, Reason::NoAccount);
    assert_eq!(shop.states(), ["late", "ordered"]);
}

/// The journal cannot say whether another order of the sale was accepted: then nobody says that this one is.
#[test]
fn what_cannot_be_held_against_its_intent_is_not_accepted() {
    let shop = Shop::new();
    let (till, _, second) = late_and_open(&shop);
    shop.canned.then(&trade("SUCCESS", &second, "1"));
    // by_order_number and entry are read; nothing after them.
    shop.journal.fail_for(3, u32::MAX);
    assert_eq!(unknown(till.payment_of(&second)).reason, Reason::Journal);
    assert_eq!(shop.states(), ["late", "ordered"]);
    shop.journal.fail_in(0);
    // What was proven is not forgotten.
    let sent = shop.canned.sent().len();
    accepted(till.payment_of(&second));
    assert_eq!(shop.canned.sent().len(), sent);
    assert_eq!(shop.states(), ["late", "paid"]);
}
