//! WAP orders in the till: what a notification tells, and what it does not.

use std::time::Duration;

use wxpay_terminal::*;

#[cfg(feature = "https")]
use crate::support::memory_journal::MemoryJournal;
use crate::support::*;
use crate::till::orders::{Shop, failure, notification, order, ordered, trade};

/// Protocol C.6. The reply exists only when the journal has the payment.
#[test]
fn a_notification_is_answered_by_the_settled_entry() {
    let shop = Shop::new();
    let (till, number) = shop.with_order();
    let notice = notification(&number, "1");
    for wrong in [notification(&number, "2"), notification("20261121NOSUCHORDER", "1"), notice.replace("CNY", "USD")] {
        assert!(till.notified(wrong.as_bytes()).is_err());
    }
    // by_order_number works, settle does not.
    shop.journal.fail_in(2);
    assert!(till.notified(notice.as_bytes()).is_err());
    assert_eq!(shop.states(), ["ordered"]);
    // The gateway sends it again, and again.
    for _ in 0..3 {
        let told = till.notified(notice.as_bytes()).unwrap();
        assert_eq!((told.reply, told.entry.is_paid()), ("success", true));
    }
    assert_eq!(shop.states(), ["paid"]);
    assert_eq!(accepted(till.payment_of(&number)).evidence.field("transaction_id"), Some("7551000001201611221001"));
    assert_eq!(shop.canned.sent().len(), 1, "the notification was enough");
}

/// The notification of a fast customer comes before the order's own answer is recorded.
#[test]
fn a_fast_customer_pays_before_the_answer_is_recorded() {
    let shop = Shop::new();
    let (till, number) = shop.with_order();
    // As if the answer were recorded after the notification: an order that is paid is not set back.
    till.notified(notification(&number, "1").as_bytes()).unwrap();
    let mut journal = shop.journal.clone();
    let ordered = Settlement::Ordered { evidence: Vec::new() };
    assert!(journal.settle(shop.journal.all()[0].id, &ordered, NOW).is_err());
    assert_eq!(shop.states(), ["paid"]);
}

/// F19: without a word of the gateway a notification is no payment.
#[test]
fn what_a_notification_tells_is_asked_about() {
    let shop = Shop::new();
    let till = shop.doubting_till();
    let number = ordered(&shop.canned, &till);
    let notice = notification(&number, "1");
    // No route, not paid, a refusal, another order's answer, another amount.
    shop.canned.then_fault(Sent::No).then(&trade("NOTPAY", &number, "1")).then(&failure("SYSTEMERROR"));
    shop.canned.then(&trade("SUCCESS", "20261121OTHER", "1")).then(&trade("USERPAYING", &number, "1"));
    for _ in 0..5 {
        let fault = till.notified(notice.as_bytes()).unwrap_err();
        assert_eq!(fault.reason(), "the gateway's query does not say that it is paid");
        assert_eq!(shop.states(), ["ordered"]);
        shop.time.jump(2);
    }
    shop.canned.then(&trade("SUCCESS", &number, "1"));
    for _ in 0..2 {
        let told = till.notified(notice.as_bytes()).unwrap();
        assert_eq!((told.reply, told.entry.is_paid()), ("success", true));
        let EntryState::Recorded(Settlement::Accepted { queried, .. }) = told.entry.state else { panic!() };
        assert!(queried);
    }
    assert_eq!(shop.states(), ["paid"]);
    let queries = shop.services().iter().filter(|service| *service == "unified.trade.query").count();
    assert_eq!(queries, 6, "one question a notification, none for what is paid");
}

/// The query takes at most 4 of the 5 seconds in which the gateway wants its answer.
#[test]
fn the_question_of_a_notification_is_short() {
    let shop = Shop::new();
    let till = shop.doubting_till();
    let number = ordered(&shop.canned, &till);
    shop.time.jump(2);
    let before = shop.time.monotonic();
    shop.canned.then(&trade("NOTPAY", &number, "1"));
    till.notified(notification(&number, "1").as_bytes()).unwrap_err();
    assert!(shop.time.monotonic() - before <= Duration::from_secs(4));
    assert_eq!(shop.canned.sent().len(), 2);
    let within = shop.canned.sent()[1].within;
    assert!(within <= Duration::from_secs(4), "{within:?}");
}

/// Late money that the question found is reported until whoever saw it acknowledges it.
#[test]
fn late_money_of_a_doubted_notification() {
    let shop = Shop::new();
    let till = shop.doubting_till();
    let number = ordered(&shop.canned, &till);
    shop.canned.then(&trade("CLOSED", &number, "1"));
    declined(till.payment_of(&number));
    shop.time.jump(2);
    shop.canned.then(&trade("SUCCESS", &number, "1"));
    let told = till.notified(notification(&number, "1").as_bytes()).unwrap();
    assert!(matches!(told.entry.state, EntryState::Recorded(Settlement::PaidLate { .. })));
    assert_eq!(till.recover(Duration::ZERO).unwrap().len(), 1);
    // The same notification again changes nothing.
    till.notified(notification(&number, "1").as_bytes()).unwrap();
    till.acknowledge(told.entry.version()).unwrap();
    assert!(till.recover(Duration::ZERO).unwrap().is_empty());
}

/// F19, the smallest input: a true notification of 1 fen whose `attach` holds another order's fields, cut anew.
#[test]
fn a_notification_that_was_cut_anew_settles_nothing() {
    // What the gateway signs (all values as they are, sorted): the text of this list.
    let attach = |other: &str| {
        format!("t&mch_id={SWIFTPASS_MCH_ID}&out_trade_no={other}&pay_result=0&result_code=0&status=0&total_fee=1&v=")
    };
    for account in [swiftpass_account(), swiftpass_account().notifications_suffice()] {
        let shop = Shop::new();
        let till = shop.till_of(account);
        let number = ordered(&shop.canned, &till);
        let text = attach(&number);
        let truly = [
            ("attach", text.as_str()),
            ("mch_id", SWIFTPASS_MCH_ID),
            ("out_trade_no", "20261121000000000001"),
            ("pay_result", "0"),
            ("result_code", "0"),
            ("status", "0"),
            ("total_fee", "1"),
            ("transaction_id", "1"),
        ];
        let signed = swiftpass_signed(&truly);
        let sign = xml_value(&signed, "sign").unwrap();
        // The attacker's: attach ends at its first &, its pieces are fields, and the rest is one value.
        let rest = truly.iter().skip(1).map(|(name, value)| format!("&{name}={value}")).collect::<String>();
        let cut = [
            ("attach", "t"),
            ("mch_id", SWIFTPASS_MCH_ID),
            ("out_trade_no", number.as_str()),
            ("pay_result", "0"),
            ("result_code", "0"),
            ("status", "0"),
            ("total_fee", "1"),
            ("v", rest.as_str()),
        ];
        let forged = swiftpass_signed(&cut);
        assert_eq!(xml_value(&forged, "sign").unwrap(), sign, "the same text is signed");
        assert!(till.notified(forged.as_bytes()).unwrap_err().reason().contains("further fields"));
        // And merged: two fields become one value.
        let merged = [("a", "1&b=2"), ("mch_id", SWIFTPASS_MCH_ID), ("out_trade_no", number.as_str()), ("status", "0")];
        let fault = till.notified(swiftpass_signed(&merged).as_bytes()).unwrap_err();
        assert!(fault.reason().contains("further fields"));
        assert_eq!((shop.states(), shop.canned.sent().len()), (vec!["ordered"], 1));
    }
}

/// Nothing that comes back signed is sent with text that could be cut.
#[test]
fn a_text_that_could_be_cut_is_not_sent() {
    let shop = Shop::new();
    for text in ["a&b=c", "&=", "t&out_trade_no=2&v=", "x=1&y&z=2"] {
        refused(shop.till().order("a", &WapOrder { attach: Some(text), ..wap_order("") }), "attach");
        refused(shop.till().order("a", &WapOrder { body: text, ..wap_order("") }), "body");
    }
    assert!(shop.canned.sent().is_empty());
    shop.canned.then(&wap_success(&[]));
    is_ordered(shop.till().order("a", &WapOrder { attach: Some("{\"a=b\":\"Tom & Jerry\"}"), ..wap_order("") }));
}

/// A signed notification says paid and the query does not (it lags, or another data centre answers): no unpaid word ends the
/// order, and no new number is taken, until the query says paid or a person looked.
#[test]
fn what_a_notification_calls_paid_is_not_ended_by_an_unpaid_word() {
    for state in ["CLOSED", "REVOKED", "PAYERROR", "NOTPAY"] {
        let shop = Shop::new();
        let till = shop.doubting_till();
        let number = ordered(&shop.canned, &till);
        // Long after its end by the gateway's own time.
        shop.time.jump(400);
        shop.canned.then_dated(&trade(state, &number, "1"), NOW + 4_000);
        till.notified(notification(&number, "1").as_bytes()).unwrap_err();
        assert_eq!(shop.states(), ["ordered"], "{state}");
        for _ in 0..2 {
            shop.time.jump(2);
            shop.canned.then_dated(&trade(state, &number, "1"), NOW + 4_000);
            let doubt = unknown(till.payment_of(&number));
            assert!(doubt.text.contains("signed notification says that it is paid"), "{doubt}");
        }
        // The same intent: nothing is ordered anew.
        shop.time.jump(2);
        shop.canned.then_dated(&trade(state, &number, "1"), NOW + 4_000);
        assert!(!matches!(order(&till), Ok(Outcome::Declined(_))));
        assert_eq!(shop.states(), ["ordered"], "{state}");
        shop.time.jump(2);
        shop.canned.then(&trade("SUCCESS", &number, "1"));
        accepted(till.payment_of(&number));
        assert_eq!(shop.states(), ["paid"], "{state}");
    }
}

/// The same where the order's own answer was lost: without the notification a new number would be taken.
#[test]
fn no_new_number_for_what_a_notification_calls_paid() {
    for answer in ["no route", "not paid", "paid"] {
        let shop = Shop::new();
        let till = shop.doubting_till();
        // The answer is lost, and so is that of the next number: both are given up.
        shop.canned.then_fault(Sent::Maybe).then_fault(Sent::Maybe).then_fault(Sent::Maybe);
        unknown(order(&till));
        assert_eq!(shop.states(), ["abandoned", "abandoned", "abandoned"]);
        let first = shop.journal.all()[0].order_number.clone();
        shop.time.jump(2);
        shop.canned.then_fault(Sent::No);
        till.notified(notification(&first, "1").as_bytes()).unwrap_err();
        shop.time.jump(2);
        match answer {
            "no route" => shop.canned.then_fault(Sent::No),
            "not paid" => shop.canned.then(&trade("NOTPAY", &first, "1")),
            _ => shop.canned.then(&trade("SUCCESS", &first, "1")),
        };
        match answer {
            "paid" => drop(paid_late(order(&till))),
            _ => assert!(unknown(order(&till)).text.contains("signed notification")),
        }
        let ordered = shop.services().iter().filter(|service| *service == "pay.weixin.wap").count();
        assert_eq!((ordered, shop.states().len()), (3, 3), "{answer}: no fourth number");
    }
}

/// A gateway that notifies while it is asked: before its answer is on the way. (Threads may share a till with std only.)
#[cfg(feature = "https")]
struct Hasty {
    canned: Canned,
    journal: MemoryJournal,
    till: std::sync::Arc<std::sync::OnceLock<Till>>,
}

#[cfg(feature = "https")]
impl Transport for Hasty {
    fn post(&self, post: &Post<'_>) -> Result<Received, Fault> {
        if let Some(entry) = self.journal.all().first().filter(|entry| entry.state == EntryState::Open) {
            let notice = notification(&entry.order_number, "1");
            let fault = self.till.get().unwrap().notified(notice.as_bytes()).unwrap_err();
            assert_eq!(fault.reason(), "another thread works on this order");
        }
        self.canned.post(post)
    }
}

/// The notification comes while the order is being made; then its answer is a refusal, or is lost. Neither ends it.
#[test]
#[cfg(feature = "https")]
fn what_a_notification_calls_paid_is_not_ended_by_the_answer_to_the_order() {
    for is_lost in [false, true] {
        let shop = Shop::new();
        let cell = std::sync::Arc::new(std::sync::OnceLock::new());
        let inputs = Inputs {
            transport: Box::new(Hasty {
                canned: shop.canned.clone(),
                journal: shop.journal.clone(),
                till: cell.clone(),
            }),
            clock: Box::new(shop.time.clone()),
            random: Box::new(Counting::new()),
        };
        let till =
            Till::with_inputs(Box::new(shop.journal.clone()), Box::new(shop.time.clone()), Box::new(shop.time.clone()));
        let till = till.patience(Duration::from_secs(5));
        let till =
            cell.get_or_init(|| till.with(Client::with_inputs(swiftpass_account(), terminal(), inputs).unwrap()));
        match is_lost {
            true => shop.canned.then_fault(Sent::Maybe),
            false => shop.canned.then(&failure("NOAUTH")),
        };
        assert!(unknown(order(till)).text.contains("signed notification says that it is paid"));
        assert_eq!(shop.states(), ["open"], "{is_lost}");
        let number = shop.journal.all()[0].order_number.clone();
        // The same intent gets no new number, whatever the query says.
        shop.time.jump(2);
        shop.canned.then(&trade("CLOSED", &number, "1"));
        unknown(till.payment_of(&number));
        assert_eq!(shop.states().len(), 1, "{is_lost}: no new number");
    }
}
