//! Refunds, questions about them, and who a payment code belongs to (docs: E, F.3, POS flows 5 and 8).

mod client;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use client::direct::*;
use client::*;
use openssl::hash::{MessageDigest, hash};
use openssl::symm::{Cipher, decrypt};
use wxpay_simulator::credentials::*;
use wxpay_simulator::{Customer, Fault, RefundStatus, Simulator};

const NUMBER: &str = "20261123001";

/// A simulator with an order of 888 fen that is paid.
fn sold() -> Simulator {
    let simulator = Simulator::start().unwrap();
    assert_eq!(pay(&simulator, NUMBER, CODE), "SUCCESS");
    simulator
}

fn refunded(simulator: &Simulator) -> u64 {
    simulator.entry(NUMBER).unwrap().refunded
}

#[test]
fn taken_then_arrived() {
    let simulator = sold();
    for sign_type in ["MD5", "HMAC-SHA256"] {
        let mut fields = refund(NUMBER, &format!("r-{sign_type}@1"), 300);
        set(&mut fields, "sign_type", sign_type);
        let first = ask(&simulator, REFUND, &fields);
        for (name, value) in
            [("result_code", "SUCCESS"), ("out_trade_no", NUMBER), ("refund_fee", "300"), ("total_fee", "888")]
        {
            assert_eq!(first.get(name), value, "{}", first.text());
        }
        // The same again, with another nonce: the same refund.
        set(&mut fields, "nonce_str", "1");
        let again = ask(&simulator, REFUND, &fields);
        assert_eq!((again.get("refund_id").len(), again.get("refund_id")), (28, first.get("refund_id")));
    }
    assert_eq!((refunded(&simulator), state(&simulator, NUMBER)), (600, "REFUND".into()));
    assert_eq!(simulator.refunds().iter().map(|refund| refund.attempts).collect::<Vec<_>>(), [2, 2]);
    for expected in ["PROCESSING", "SUCCESS", "SUCCESS"] {
        assert_eq!(refund_state(&simulator, "r-MD5@1"), expected);
    }
    assert_eq!(refund_state(&simulator, "r-none"), "REFUNDNOTEXIST");
    // By its order's other number, as well.
    let transaction_id = ask(&simulator, QUERY_ORDER, &base(NUMBER)).get("transaction_id");
    let mut rest = refund(NUMBER, "r-3", 288);
    rest.retain(|(name, _)| name != "out_trade_no");
    set(&mut rest, "transaction_id", &transaction_id);
    assert_eq!(ask(&simulator, REFUND, &rest).get("out_trade_no"), NUMBER);
    assert_eq!((refunded(&simulator), money(&simulator, NUMBER)), (888, [1, 1, 0]));
    assert_eq!((state(&simulator, NUMBER), reverse(&simulator, NUMBER).0), ("REFUND".into(), "TRADE_ERROR".into()));
}

#[test]
fn what_is_not_refunded() {
    let simulator = sold();
    assert_eq!(give_back(&simulator, NUMBER, "r1", 800), "SUCCESS");
    for (refund_number, fen, code) in [
        ("r1", 700, "REFUND_FEE_MISMATCH"),
        ("r2", 89, "ERROR"),
        ("r2", 0, "PARAM_ERROR"),
        ("r2", 88, "SUCCESS"),
        ("r3", 1, "ERROR"),
    ] {
        assert_eq!(give_back(&simulator, NUMBER, refund_number, fen), code, "{refund_number} {fen}");
    }
    assert_eq!(refunded(&simulator), 888);
    assert_eq!(give_back(&simulator, "20261123999", "r4", 1), "ORDERNOTEXIST");
    ask(&simulator, ORDER, &native("20261123002"));
    assert_eq!(give_back(&simulator, "20261123002", "r4", 1), "INVALID_REQUEST");
    pay(&simulator, "20261123003", "134512345678901239");
    for (name, value, code) in [
        ("total_fee", "887", "INVALID_REQUEST"),
        ("transaction_id", "4200000000000000000000000001", "PARAM_ERROR"),
        ("out_trade_no", "", "PARAM_ERROR"),
        ("notify_url", "https://pay.example/?a=1", "PARAM_ERROR"),
        ("out_refund_no", "r 4", "PARAM_ERROR"),
        ("op_user_id", "1", "PARAM_ERROR"),
    ] {
        let mut fields = refund("20261123003", "r4", 1);
        set(&mut fields, name, value);
        assert_eq!(ask(&simulator, REFUND, &fields).get("err_code"), code, "{name}={value}");
    }
    let mut fields = refund("20261123003", "r4", 1);
    fields.retain(|(name, _)| name != "out_trade_no");
    set(&mut fields, "transaction_id", "4200000999999999999999999999");
    assert_eq!(ask(&simulator, REFUND, &fields).get("err_code"), "INVALID_TRANSACTIONID");
    simulator.advance(Duration::from_secs(366 * 86_400));
    assert_eq!(give_back(&simulator, "20261123003", "r4", 1), "TRADE_OVERDUE");
    assert_eq!(simulator.refunds().len(), 2);
    // A certificate for refunds, none for questions.
    let nobody = connector(&simulator, None);
    let body = sealed(&refund("20261123003", "r4", 1));
    assert_eq!(call_with(&simulator, &nobody, REFUND, &body).unwrap().status, 400);
    let asked = ask_with(&simulator, &nobody, QUERY_REFUND, &by("out_refund_no", "r1"));
    assert_eq!(asked.get("refund_status_0"), "PROCESSING");
}

#[test]
fn pages_of_refunds() {
    let simulator = sold();
    for n in 0..12 {
        assert_eq!(give_back(&simulator, NUMBER, &format!("page{n}"), 1 + n), "SUCCESS");
    }
    let mut of_order = by("out_trade_no", NUMBER);
    let first = ask(&simulator, QUERY_REFUND, &of_order);
    assert_eq!((first.get("refund_count"), first.get("total_refund_count")), ("10".into(), "12".into()));
    assert_eq!((first.get("out_refund_no_9"), first.get("refund_fee_9")), ("page9".into(), "10".into()));
    set(&mut of_order, "offset", "10");
    let second = ask(&simulator, QUERY_REFUND, &of_order);
    assert_eq!((second.get("refund_count"), second.get("out_refund_no_1")), ("2".into(), "page11".into()));
    set(&mut of_order, "offset", "12");
    assert_eq!(ask(&simulator, QUERY_REFUND, &of_order).get("err_code"), "REFUNDNOTEXIST");
    // By each of the other numbers; a refund's own goes before its order's.
    let one = ask(&simulator, QUERY_REFUND, &by("refund_id", &second.get("refund_id_1")));
    assert_eq!((one.get("refund_count"), one.get("out_refund_no_0")), ("1".into(), "page11".into()));
    let all = ask(&simulator, QUERY_REFUND, &by("transaction_id", &first.get("transaction_id")));
    assert_eq!(all.get("total_refund_count"), "12");
    set(&mut of_order, "out_refund_no", "page3");
    assert_eq!(ask(&simulator, QUERY_REFUND, &of_order).get("out_refund_no_0"), "page3");
    assert_eq!(ask(&simulator, QUERY_REFUND, &account()).get("err_code"), "LACK_PARAMS");
}

#[test]
fn other_ends() {
    let simulator = sold();
    for (refund_number, status) in
        [("change", RefundStatus::Change), ("closed", RefundStatus::Closed), ("failed", RefundStatus::Failed)]
    {
        assert_eq!(give_back(&simulator, NUMBER, refund_number, 200), "SUCCESS");
        simulator.end_refund(refund_number, status).unwrap();
        assert_eq!(refund_state(&simulator, refund_number), status.name());
    }
    assert_eq!(refunded(&simulator), 200);
    // A closed number has ended, a failed one is sent again (docs: E.3, POS flows 5).
    assert_eq!(give_back(&simulator, NUMBER, "closed", 200), "INVALID_REQUEST");
    assert_eq!(give_back(&simulator, NUMBER, "failed", 200), "SUCCESS");
    assert_eq!((refund_state(&simulator, "failed"), refunded(&simulator)), ("PROCESSING".into(), 400));
    // A person may put CHANGE right.
    simulator.end_refund("change", RefundStatus::Success).unwrap();
    assert_eq!(refund_state(&simulator, "change"), "SUCCESS");
    simulator.end_refund("failed", RefundStatus::Processing).unwrap();
    assert_eq!((0..3).map(|_| refund_state(&simulator, "failed")).collect::<Vec<_>>(), ["PROCESSING"; 3]);
    assert!(simulator.end_refund("none", RefundStatus::Success).is_err());

    let elsewhere = simulator.refund_elsewhere(NUMBER, 488).unwrap();
    assert!(simulator.refund_elsewhere(NUMBER, 1).is_err() && simulator.refund_elsewhere("none", 1).is_err());
    assert_eq!((refund_state(&simulator, &elsewhere), refunded(&simulator)), ("PROCESSING".into(), 888));
    assert_eq!(give_back(&simulator, NUMBER, "late", 1), "ERROR");
}

#[test]
fn faults_of_refunds() {
    let simulator = sold();
    simulator.fault_next(Fault::SystemErrorAfterCommit);
    assert_eq!(give_back(&simulator, NUMBER, "r1", 100), "SYSTEMERROR");
    assert_eq!((refunded(&simulator), give_back(&simulator, NUMBER, "r1", 100)), (100, "SUCCESS".into()));
    simulator.fault_next(Fault::SystemErrorBeforeCommit);
    assert_eq!(give_back(&simulator, NUMBER, "r2", 100), "SYSTEMERROR");
    simulator.fault_for_order("r2", Fault::RefusedFreqLimit);
    assert_eq!(give_back(&simulator, NUMBER, "r2", 100), "FREQUENCY_LIMITED");
    assert_eq!((refunded(&simulator), refund_state(&simulator, "r2")), (100, "REFUNDNOTEXIST".into()));
    simulator.fault_for_query("r1", Fault::OtherOrder);
    let answer = ask(&simulator, QUERY_REFUND, &by("out_refund_no", "r1"));
    assert_eq!(answer.get("out_refund_no_0"), "r7");
    simulator.fault_for_query("r1", Fault::OtherAmount);
    assert_eq!(ask(&simulator, QUERY_REFUND, &by("out_refund_no", "r1")).get("refund_fee_0"), "101");
    simulator.fault_for_query("r1", Fault::NoIdentifiers);
    let answer = call(&simulator, QUERY_REFUND, &sealed(&by("out_refund_no", "r1"))).unwrap().text();
    assert!(!answer.contains("out_refund_no") && !answer.contains("refund_fee") && answer.contains("refund_status_0"));
}

#[test]
fn the_notification_is_encrypted() {
    let simulator = sold();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let merchant = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut all, mut buffer) = (String::new(), [0; 4096]);
        while !all.contains("</xml>") {
            let count = stream.read(&mut buffer).unwrap();
            all.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK").unwrap();
        all
    });
    let mut fields = refund(NUMBER, "r1", 100);
    set(&mut fields, "notify_url", &format!("http://127.0.0.1:{port}/refunds"));
    ask(&simulator, REFUND, &fields);
    let delivery = simulator.end_refund("r1", RefundStatus::Success).unwrap();
    assert_eq!(delivery.answer.as_deref(), Some("OK"));
    assert!(merchant.join().unwrap().ends_with(&delivery.body));

    let outer = Answer { body: delivery.body.into_bytes(), ..Answer::default() };
    assert_eq!((outer.get("sign"), outer.get("mch_id")), (String::new(), MCH_ID.into()));
    let cipher = openssl::base64::decode_block(&outer.get("req_info")).unwrap();
    let key: String = hash(MessageDigest::md5(), KEY.as_bytes()).unwrap().iter().map(|b| format!("{b:02x}")).collect();
    let plain = decrypt(Cipher::aes_256_ecb(), key.as_bytes(), None, &cipher).unwrap();
    let plain = Answer { body: plain, ..Answer::default() };
    assert!(plain.text().starts_with("<root>"));
    for (name, value) in [
        ("out_refund_no", "r1"),
        ("out_trade_no", NUMBER),
        ("refund_fee", "100"),
        ("total_fee", "888"),
        ("refund_status", "SUCCESS"),
    ] {
        assert_eq!(plain.get(name), value);
    }
    assert_eq!(plain.get("success_time").len(), "2017-12-15 09:46:01".len());
    assert!(simulator.refund_notification("r1").is_some() && simulator.refund_notification("r2").is_none());
}

#[test]
fn whose_code_it_is() {
    let simulator = Simulator::start().unwrap();
    let nobody = connector(&simulator, None);
    let openid = |code: &str| ask_with(&simulator, &nobody, OPENID, &by("auth_code", code));
    assert!(!openid(CODE).get("openid").is_empty());
    for (customer, code) in [
        (Customer::Expired, "AUTHCODEEXPIRE"),
        (Customer::OtherMerchant, "AUTH_CODE_ERROR"),
        (Customer::OtherWallet, "AUTH_CODE_INVALID"),
    ] {
        simulator.customer("134512345678901235", customer);
        assert_eq!(openid("134512345678901235").get("err_code"), code);
    }
    // It does not use the code up.
    let paid = ask(&simulator, MICROPAY, &micropay(NUMBER, CODE));
    assert_eq!(paid.get("openid"), openid(CODE).get("openid"));
}
