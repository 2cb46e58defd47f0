//! What a Swiftpass-type gateway does otherwise than its pages say, told against the ledger (POS flows 9 and 18).

mod client;

use std::time::Duration;

use client::direct::money;
use client::swift::*;
use client::{SWIFT, call_with, connector, merchant, receive, request, set};
use wxpay_simulator::{Behaviour, Customer, SignType, Simulator};

const NUMBER: &str = "20261126001";

fn with(code: &str, customer: Customer) -> Simulator {
    let simulator = Simulator::start().unwrap();
    simulator.customer(code, customer);
    pay(&simulator, NUMBER, code);
    simulator
}

#[test]
fn micropay_lies() {
    for (behaviour, code, word_told, need_query, state_told) in [
        (Behaviour::RefusedThoughCharged, CODE, "NOTENOUGH", "N", "SUCCESS"),
        (Behaviour::NeedQueryLies, CODE, "SYSTEMERROR", "N", "SUCCESS"),
        (Behaviour::PayResultNotZero, ALIPAY, "0", "", "SUCCESS"),
        (Behaviour::ChargedInPayError, ALIPAY, "USERPAYING", "Y", "PAYERROR"),
    ] {
        let simulator = Simulator::start().unwrap();
        simulator.behave_next(behaviour);
        let answer = ask(&simulator, &micropay(NUMBER, code));
        assert_eq!((word(&answer).as_str(), answer.get("need_query").as_str()), (word_told, need_query));
        let pay_result = if behaviour == Behaviour::PayResultNotZero { "1" } else { "" };
        assert_eq!(answer.get("pay_result"), pay_result, "{behaviour:?}");
        simulator.advance(Duration::from_secs(60));
        assert_eq!((state(&simulator, NUMBER).as_str(), money(&simulator, NUMBER)), (state_told, [1, 1, 0]));
        assert_eq!((reverse(&simulator, NUMBER), state(&simulator, NUMBER)), ("0".into(), "REVERSE".into()));
        assert_eq!(money(&simulator, NUMBER), [0, 1, 1], "{behaviour:?}");
    }
}

/// C.3, C.4.4: a refusal that names no need_query, of nothing; and a charge whose reply is rightly signed by another type.
#[test]
fn a_refusal_without_need_query_and_a_reply_signed_by_another_type() {
    let simulator = Simulator::start().unwrap();
    simulator.behave_next(Behaviour::RefusedWithoutNeedQuery);
    let answer = ask(&simulator, &micropay(NUMBER, ALIPAY));
    assert_eq!((word(&answer).as_str(), answer.get("need_query").as_str()), ("NOTENOUGH", ""));
    assert!(simulator.entry(NUMBER).is_none());
    for (own, other) in [("MD5", "RSA_1_256"), ("RSA_1_256", "MD5"), ("RSA_1_1", "MD5")] {
        let sign_type = SignType::ALL.iter().find(|sign_type| sign_type.name() == own);
        let simulator = start(*sign_type.unwrap());
        simulator.behave_next(Behaviour::SignedByAnotherType);
        let mut asked = micropay(NUMBER, ALIPAY);
        set(&mut asked, "sign_type", own);
        let body = sealed(&simulator, &asked);
        let answer = call_with(&simulator, &connector(&simulator, None), SWIFT, &body).unwrap();
        assert_eq!((answer.get("pay_result").as_str(), answer.get("sign_type").as_str()), ("0", other));
        assert!(!is_signed(&simulator, &asked, &answer), "{own}");
        set(&mut asked, "sign_type", other);
        assert!(is_signed(&simulator, &asked, &answer), "{own}");
        assert_eq!(money(&simulator, NUMBER), [1, 1, 0]);
    }
}

#[test]
fn reversals_that_do_nothing() {
    let simulator = with(ALIPAY, Customer::PaysAtOnce);
    for (behaviour, word) in [
        (Behaviour::ReverseOfNothing, "0"),
        (Behaviour::ReverseRecall, "0"),
        (Behaviour::ReverseUserPaying, "USERPAYING"),
        (Behaviour::ReverseOfUnpaidOnly, "TRADE_ERROR"),
        (Behaviour::PaidAfterReverse, "0"),
    ] {
        simulator.behave_next(behaviour);
        let answer = ask(&simulator, &about("unified.micropay.reverse", NUMBER));
        assert_eq!((client::swift::word(&answer).as_str(), answer.get("recall").as_str()), (word, ""), "{behaviour:?}");
        assert_eq!((state(&simulator, NUMBER), money(&simulator, NUMBER)), ("SUCCESS".into(), [1, 1, 0]));
    }
    let first = ask(&simulator, &about("unified.micropay.reverse", NUMBER));
    assert_eq!(money(&simulator, NUMBER), [0, 1, 1]);
    pay(&simulator, "20261126002", CODE);
    simulator.behave_next(Behaviour::ReverseReplayed);
    let replayed = ask(&simulator, &about("unified.micropay.reverse", "20261126002"));
    assert_eq!((replayed.body, money(&simulator, "20261126002")), (first.body, [1, 1, 0]));
    simulator.behave_next(Behaviour::ReverseOfNothing);
    assert_eq!(reverse(&simulator, "20261126999"), "0");
    // Who has not paid is not to be refunded.
    let simulator = with(ALIPAY, Customer::Silent);
    simulator.behave_for(NUMBER, Behaviour::ReverseOfUnpaidOnly);
    assert_eq!((reverse(&simulator, NUMBER), state(&simulator, NUMBER)), ("0".into(), "REVERSE".into()));
}

#[test]
fn paying_and_reversing_at_once() {
    for (code, customer) in [(CODE, Customer::Silent), (ALIPAY, Customer::AsksPassword { pays_after: None })] {
        let simulator = with(code, customer);
        simulator.behave_next(Behaviour::PaidBeforeReverse);
        assert_eq!((reverse(&simulator, NUMBER), state(&simulator, NUMBER)), ("0".into(), "REVERSE".into()));
        assert_eq!(money(&simulator, NUMBER), [0, 1, 1]);
        let simulator = with(code, customer);
        simulator.behave_next(Behaviour::PaidAfterReverse);
        assert_eq!((reverse(&simulator, NUMBER), state(&simulator, NUMBER)), ("0".into(), "SUCCESS".into()));
        assert_eq!(money(&simulator, NUMBER), [1, 1, 0]);
    }
}

#[test]
fn questions_that_see_little() {
    let simulator = with(ALIPAY, Customer::Silent);
    simulator.behave_for(NUMBER, Behaviour::QueryBehind);
    assert_eq!(state(&simulator, NUMBER), "ORDERNOTEXIST");
    reverse(&simulator, NUMBER);
    assert_eq!(state(&simulator, NUMBER), "NOTPAY");
    simulator.clear_behaviours();
    assert_eq!(state(&simulator, NUMBER), "REVERSE");

    let simulator = with(CODE, Customer::PaysAtOnce);
    let second = simulator.second_url().unwrap();
    simulator.second_host_behind(Duration::from_secs(10));
    let tcp = std::net::TcpStream::connect(second.trim_start_matches("https://")).unwrap();
    let mut stream = merchant(&simulator).connect("localhost", tcp).unwrap();
    let body = sealed(&simulator, &about("unified.trade.query", NUMBER));
    std::io::Write::write_all(&mut stream, request(client::SWIFT, "text/xml", &body).as_bytes()).unwrap();
    assert_eq!(receive(&mut stream).unwrap().get("err_code"), "ORDERNOTEXIST");
    assert_eq!(state(&simulator, NUMBER), "SUCCESS");
}

#[test]
fn orders_and_closings() {
    let simulator = Simulator::start().unwrap();
    let make = |service: &str, number: &str| ask(&simulator, &order(service, number)).get("code_url");
    let first = make("pay.weixin.native", "20261126010");
    make("pay.alipay.native", "20261126011");
    simulator.behave_next(Behaviour::OrderOfAnother);
    // Another one of the same service.
    assert_eq!(make("pay.weixin.native", "20261126012"), first);
    simulator.behave_next(Behaviour::OrderOfAnother);
    assert_ne!(make("unified.trade.native", "20261126013"), "");
    assert_eq!(simulator.ledger().len(), 4);
    for number in ["20261126010", "20261126999"] {
        simulator.behave_next(Behaviour::CloseOfNothing);
        assert_eq!(word(&ask(&simulator, &about("unified.trade.close", number))), "0");
    }
    assert_eq!(state(&simulator, "20261126010"), "NOTPAY");
}

#[test]
fn refunds_end_otherwise() {
    let simulator = with(CODE, Customer::PaysAtOnce);
    for (number, behaviour, end) in [
        ("r_change", Behaviour::RefundEndsInChange, "CHANGE"),
        ("r_close", Behaviour::RefundEndsInClose, "FAIL"),
        ("r_fail", Behaviour::RefundEndsInFail, "FAIL"),
        ("r_never", Behaviour::RefundNeverEnds, "PROCESSING"),
    ] {
        simulator.behave_next(behaviour);
        assert_eq!(give_back(&simulator, NUMBER, number, 100), "0");
        assert_eq!([0; 3].map(|_| refund_state(&simulator, number)), ["PROCESSING", end, end], "{behaviour:?}");
    }
    simulator.behave_next(Behaviour::RefundInSecondRow);
    let rows = ask(&simulator, &refunds_by("out_refund_no", "r_fail"));
    assert_eq!((rows.get("refund_count"), rows.get("out_refund_no_0")), ("2".into(), "r_change".into()));
    assert_eq!((rows.get("out_refund_no_1"), rows.get("refund_status_1")), ("r_fail".into(), "FAIL".into()));
    // Alipay's too, of which the order may not be asked for.
    let simulator = with(ALIPAY, Customer::PaysAtOnce);
    give_back(&simulator, NUMBER, "only", 100);
    simulator.behave_for("only", Behaviour::RefundInSecondRow);
    let mut by_number = refunds_by("out_refund_no", "only");
    set(&mut by_number, "out_trade_no", NUMBER);
    let rows = ask(&simulator, &by_number);
    assert_eq!((rows.get("out_refund_no_1"), rows.get("refund_fee_1")), ("only".into(), "100".into()));
}
