//! What the gateway does otherwise than its pages say, told against the ledger (POS flows 18).

mod client;

use std::time::Duration;

use client::direct::*;
use wxpay_simulator::{Behaviour, Customer, Settings, Simulator};

const NUMBER: &str = "20261124001";

fn success() -> (String, String) {
    ("SUCCESS".into(), "N".into())
}

fn with(customer: Customer) -> Simulator {
    let simulator = Simulator::start().unwrap();
    simulator.customer(CODE, customer);
    pay(&simulator, NUMBER, CODE);
    simulator
}

#[test]
fn charged_though_it_does_not_say_so() {
    let simulator = Simulator::start().unwrap();
    simulator.behave_next(Behaviour::ChargedInPayError);
    assert_eq!(pay(&simulator, NUMBER, CODE), "USERPAYING");
    assert_eq!((state(&simulator, NUMBER), money(&simulator, NUMBER)), ("PAYERROR".into(), [1, 1, 0]));
    simulator.advance(Duration::from_secs(60));
    assert_eq!((reverse(&simulator, NUMBER), state(&simulator, NUMBER)), (success(), "REVOKED".into()));
    assert_eq!(money(&simulator, NUMBER), [0, 1, 1]);
    // Or it is given back by itself, after some time (POS flows 20, row 1).
    simulator.behave_for("20261124002", Behaviour::ChargedInPayError);
    pay(&simulator, "20261124002", "134512345678901235");
    let refund_number = simulator.refund_elsewhere("20261124002", 888).unwrap();
    assert_eq!(state(&simulator, "20261124002"), "REFUND");
    let rows = ask(&simulator, QUERY_REFUND, &by("out_trade_no", "20261124002"));
    assert_eq!((rows.get("out_refund_no_0"), rows.get("refund_fee_0")), (refund_number, "888".into()));

    simulator.behave_next(Behaviour::RefusedThoughCharged);
    assert_eq!(pay(&simulator, "20261124003", "134512345678901236"), "NOTENOUGH");
    assert_eq!((state(&simulator, "20261124003"), money(&simulator, "20261124003")), ("SUCCESS".into(), [1, 1, 0]));
}

#[test]
fn reversals_that_do_nothing() {
    let simulator = with(Customer::PaysAtOnce);
    simulator.behave_for(NUMBER, Behaviour::ReverseOfNothing);
    assert_eq!((reverse(&simulator, NUMBER), reverse(&simulator, NUMBER)), (success(), success()));
    assert_eq!(money(&simulator, NUMBER), [1, 1, 0]);
    simulator.clear_behaviours();
    simulator.behave_next(Behaviour::ReverseRecall);
    simulator.behave_next(Behaviour::ReverseRecall);
    for _ in 0..2 {
        assert_eq!(reverse(&simulator, NUMBER), ("SUCCESS".into(), "Y".into()));
    }
    simulator.behave_next(Behaviour::ReverseUserPaying);
    assert_eq!(reverse(&simulator, NUMBER), ("USERPAYING".into(), "Y".into()));
    assert_eq!(money(&simulator, NUMBER), [1, 1, 0]);
    let first = ask(&simulator, REVERSE, &base(NUMBER));
    assert_eq!(money(&simulator, NUMBER), [0, 1, 1]);

    pay(&simulator, "20261124002", "134512345678901235");
    simulator.behave_next(Behaviour::ReverseReplayed);
    assert_eq!(ask(&simulator, REVERSE, &base("20261124002")).body, first.body);
    assert_eq!(money(&simulator, "20261124002"), [1, 1, 0]);
    simulator.behave_next(Behaviour::ReverseOfNothing);
    assert_eq!(reverse(&simulator, "20261124999"), success());
}

#[test]
fn paying_and_reversing_at_once() {
    for customer in [Customer::Silent, Customer::AsksPassword { pays_after: None }, Customer::Refuses] {
        let simulator = with(customer);
        simulator.behave_next(Behaviour::PaidBeforeReverse);
        assert_eq!(reverse(&simulator, NUMBER), success());
        assert_eq!((state(&simulator, NUMBER), money(&simulator, NUMBER)), ("REVOKED".into(), [0, 1, 1]));
        // What has ended is not paid any more.
        simulator.behave_next(Behaviour::PaidAfterReverse);
        assert_eq!((reverse(&simulator, NUMBER), money(&simulator, NUMBER)), (success(), [0, 1, 1]));

        let simulator = with(customer);
        simulator.behave_next(Behaviour::PaidAfterReverse);
        assert_eq!(reverse(&simulator, NUMBER), success());
        assert_eq!((state(&simulator, NUMBER), money(&simulator, NUMBER)), ("SUCCESS".into(), [1, 1, 0]));
        assert_eq!((reverse(&simulator, NUMBER), money(&simulator, NUMBER)), (success(), [0, 1, 1]));
    }
}

#[test]
fn queries_one_step_behind() {
    let simulator = with(Customer::Silent);
    simulator.behave_for(NUMBER, Behaviour::QueryBehind);
    assert_eq!(state(&simulator, NUMBER), "ORDERNOTEXIST");
    reverse(&simulator, NUMBER);
    assert_eq!(state(&simulator, NUMBER), "NOTPAY");
    simulator.clear_behaviours();
    assert_eq!(state(&simulator, NUMBER), "REVOKED");
}

#[test]
fn orders_and_closings() {
    let simulator = Simulator::start().unwrap();
    let first = ask(&simulator, ORDER, &native("20261124010"));
    simulator.behave_next(Behaviour::OrderOfAnother);
    let second = ask(&simulator, ORDER, &native("20261124011"));
    assert_eq!(second.get("code_url"), first.get("code_url"));
    assert_eq!(simulator.ledger().len(), 2);
    simulator.behave_next(Behaviour::CloseOfNothing);
    assert_eq!(ask(&simulator, CLOSE_ORDER, &base("20261124010")).get("result_code"), "SUCCESS");
    assert_eq!(state(&simulator, "20261124010"), "NOTPAY");
    simulator.behave_next(Behaviour::CloseOfNothing);
    assert_eq!(ask(&simulator, CLOSE_ORDER, &base("20261124999")).get("result_code"), "SUCCESS");
}

#[test]
fn refunds_end_otherwise() {
    let simulator = with(Customer::PaysAtOnce);
    for (behaviour, end) in [
        (Behaviour::RefundEndsInChange, "CHANGE"),
        (Behaviour::RefundEndsInClose, "REFUNDCLOSE"),
        (Behaviour::RefundEndsInFail, "FAIL"),
        (Behaviour::RefundNeverEnds, "PROCESSING"),
    ] {
        simulator.behave_next(behaviour);
        assert_eq!(give_back(&simulator, NUMBER, end, 100), "SUCCESS");
        assert_eq!(refund_state(&simulator, end), "PROCESSING");
        assert_eq!((refund_state(&simulator, end), refund_state(&simulator, end)), (end.to_owned(), end.to_owned()));
    }
    assert_eq!(simulator.entry(NUMBER).unwrap().refunded, 200);

    simulator.behave_next(Behaviour::RefundInSecondRow);
    let rows = ask(&simulator, QUERY_REFUND, &by("out_refund_no", "FAIL"));
    assert_eq!((rows.get("refund_count"), rows.get("out_refund_no_0")), ("2".into(), "CHANGE".into()));
    assert_eq!((rows.get("out_refund_no_1"), rows.get("refund_status_1")), ("FAIL".into(), "FAIL".into()));
    let simulator = with(Customer::PaysAtOnce);
    give_back(&simulator, NUMBER, "only", 100);
    simulator.behave_for("only", Behaviour::RefundInSecondRow);
    let rows = ask(&simulator, QUERY_REFUND, &by("out_refund_no", "only"));
    assert_eq!((rows.get("out_refund_no_1"), rows.get("refund_fee_1")), ("only".into(), "100".into()));
    assert!(rows.get("out_refund_no_0") != "only" && rows.get("refund_fee_0") != "100");
}

#[test]
fn replies_may_be_dated() {
    let dated = |simulator: &Simulator| ask(simulator, QUERY_ORDER, &base(NUMBER)).head.contains("\r\nDate: ");
    assert!(!dated(&Simulator::start().unwrap()));
    assert!(dated(&Simulator::start_with(Settings { replies_dated: true, ..Settings::default() }).unwrap()));
}
