//! Payment codes and reversals: a raw client against what the pages say (docs: E, POS flows 3).

mod client;

use std::time::Duration;

use client::direct::*;
use client::*;
use wxpay_simulator::credentials::*;
use wxpay_simulator::{Customer, Fault, Simulator};

fn words(first: &str, second: &str) -> (String, String) {
    (first.into(), second.into())
}

#[test]
fn paid_at_once_without_a_certificate() {
    let simulator = Simulator::start().unwrap();
    for (at, sign_type) in ["", "MD5", "HMAC-SHA256"].into_iter().enumerate() {
        let number = format!("2026112200{at}");
        let mut fields = micropay(&number, &format!("13451234567890123{at}"));
        set(&mut fields, "sub_mch_id", SUB_MCH_ID);
        if !sign_type.is_empty() {
            set(&mut fields, "sign_type", sign_type);
        }
        let paid = ask_with(&simulator, &connector(&simulator, None), MICROPAY, &fields);
        for (name, value) in [
            ("result_code", "SUCCESS"),
            ("out_trade_no", &number),
            ("total_fee", "888"),
            ("cash_fee", "888"),
            ("trade_type", "MICROPAY"),
            ("attach", "一号柜台"),
            ("bank_type", "CMC"),
            ("sub_mch_id", SUB_MCH_ID),
        ] {
            assert_eq!(paid.get(name), value, "{}", paid.text());
        }
        assert_eq!((paid.get("transaction_id").len(), paid.get("time_end").len()), (28, 14));
        assert!(!paid.get("openid").is_empty());
        let asked = ask(&simulator, QUERY_ORDER, &base(&number));
        for name in ["transaction_id", "time_end", "total_fee", "trade_type", "openid", "attach"] {
            assert_eq!(asked.get(name), paid.get(name));
        }
        assert_eq!(money(&simulator, &number), [1, 1, 0]);
    }
}

#[test]
fn what_is_refused_leaves_no_order() {
    let simulator = Simulator::start().unwrap();
    for (customer, code) in [
        (Customer::OtherWallet, "AUTH_CODE_INVALID"),
        (Customer::OtherMerchant, "AUTH_CODE_ERROR"),
        (Customer::Expired, "AUTHCODEEXPIRE"),
        (Customer::NotEnough, "NOTENOUGH"),
        (Customer::CardNotSupported, "NOTSUPORTCARD"),
    ] {
        simulator.customer(CODE, customer);
        assert_eq!(pay(&simulator, "20261122010", CODE), code);
        assert_eq!(state(&simulator, "20261122010"), "ORDERNOTEXIST");
    }
    // Nobody said whose code this is: Alipay's.
    assert_eq!(pay(&simulator, "20261122010", "283456789012345678"), "AUTH_CODE_INVALID");
    for (name, value, code) in [
        ("appid", "wx0000000000000001", "APPID_NOT_EXIST"),
        ("sub_mch_id", "1900000101", "MCHID_NOT_EXIST"),
        ("total_fee", "0", "PARAM_ERROR"),
        ("total_fee", "8.88", "PARAM_ERROR"),
        ("body", "", "PARAM_ERROR"),
        ("spbill_create_ip", "till", "PARAM_ERROR"),
        ("auth_code", "", "PARAM_ERROR"),
        ("auth_code", "13451234567890123\n", "PARAM_ERROR"),
        ("out_trade_no", "12345", "PARAM_ERROR"),
        ("notify_url", "https://pay.example/notify", "PARAM_ERROR"),
        ("trade_type", "MICROPAY", "PARAM_ERROR"),
    ] {
        let mut fields = micropay("20261122011", "134512345678901235");
        set(&mut fields, name, value);
        assert_eq!(ask(&simulator, MICROPAY, &fields).get("err_code"), code, "{name}={value}");
    }
    assert!(simulator.ledger().is_empty());
}

#[test]
fn a_number_and_a_code_are_good_once() {
    let simulator = Simulator::start().unwrap();
    assert_eq!(pay(&simulator, "20261122020", CODE), "SUCCESS");
    // The same again, with another code, and the code again with another number.
    assert_eq!(pay(&simulator, "20261122020", CODE), "ORDERPAID");
    assert_eq!(pay(&simulator, "20261122020", "134512345678901235"), "ORDERPAID");
    let used = ask(&simulator, MICROPAY, &micropay("20261122021", CODE));
    assert_eq!(used.get("err_code"), "AUTH_CODE_INVALID");
    assert!(used.get("err_code_des").starts_with("101 每个二维码仅限使用一次"));
    assert_eq!(state(&simulator, "20261122021"), "ORDERNOTEXIST");

    simulator.customer("134512345678901236", Customer::AsksPassword { pays_after: None });
    assert_eq!(pay(&simulator, "20261122022", "134512345678901236"), "USERPAYING");
    let again = ask(&simulator, MICROPAY, &micropay("20261122022", "134512345678901236"));
    assert_eq!((again.get("err_code"), again.get("err_code_des")), words("INVALID_REQUEST", "201 商户订单号重复"));
    assert_eq!(simulator.entry("20261122020").unwrap().attempts, 3);
    assert_eq!((simulator.ledger().len(), money(&simulator, "20261122022")), (2, [0, 0, 0]));
    // A number of another trade type is not taken, either.
    ask(&simulator, ORDER, &native("20261122023"));
    assert_eq!(pay(&simulator, "20261122023", "134512345678901237"), "INVALID_REQUEST");
    assert_eq!(ask(&simulator, ORDER, &native("20261122020")).get("err_code"), "OUT_TRADE_NO_USED");
}

#[test]
fn who_is_asked_for_a_password() {
    let simulator = Simulator::start().unwrap();
    let begin = |number: &str, code: &str, customer: Customer| {
        simulator.customer(code, customer);
        assert_eq!(pay(&simulator, number, code), "USERPAYING", "{customer:?}");
        number.to_owned()
    };
    let number = begin("20261122030", "134512345678901230", Customer::AsksPassword { pays_after: Some(2) });
    for expected in ["USERPAYING", "USERPAYING", "SUCCESS", "SUCCESS"] {
        assert_eq!(state(&simulator, &number), expected);
    }
    assert_eq!(money(&simulator, &number), [1, 1, 0]);

    let number = begin("20261122031", "134512345678901231", Customer::AsksPassword { pays_after: None });
    let open = ask(&simulator, QUERY_ORDER, &base(&number));
    assert_eq!((open.get("trade_state"), open.get("total_fee")), words("USERPAYING", ""));
    simulator.pay_order(&number).unwrap();
    assert_eq!((state(&simulator, &number), money(&simulator, &number)), ("SUCCESS".into(), [1, 1, 0]));

    let number = begin("20261122032", "134512345678901232", Customer::RevokedAfter(1));
    assert_eq!((state(&simulator, &number), state(&simulator, &number)), words("USERPAYING", "REVOKED"));

    let number = begin("20261122033", "134512345678901233", Customer::Refuses);
    assert_eq!(state(&simulator, &number), "PAYERROR");
    simulator.advance(Duration::from_secs(3_600));
    assert_eq!((state(&simulator, &number), money(&simulator, &number)), ("PAYERROR".into(), [0, 0, 0]));
}

#[test]
fn unpaid_it_is_revoked_after_45_seconds() {
    let simulator = Simulator::start().unwrap();
    simulator.customer("134512345678901240", Customer::Silent);
    simulator.customer("134512345678901241", Customer::AsksPassword { pays_after: None });
    pay(&simulator, "20261122040", "134512345678901240");
    pay(&simulator, "20261122041", "134512345678901241");
    pay(&simulator, "20261122042", "134512345678901242");
    ask(&simulator, ORDER, &native("20261122043"));
    simulator.advance(Duration::from_secs(40));
    assert_eq!((state(&simulator, "20261122040"), state(&simulator, "20261122041")), words("NOTPAY", "USERPAYING"));
    simulator.advance(Duration::from_secs(5));
    assert!(simulator.pay_order("20261122041").is_err());
    let entry = |number: &str| simulator.entry(number).unwrap().state;
    assert_eq!((entry("20261122040"), entry("20261122041")), words("REVOKED", "REVOKED"));
    assert_eq!((entry("20261122042"), entry("20261122043")), words("SUCCESS", "NOTPAY"));
    assert_eq!(pay(&simulator, "20261122040", "134512345678901240"), "ORDERREVERSED");
}

#[test]
fn a_reversal_gives_back_or_ends() {
    let simulator = Simulator::start().unwrap();
    assert_eq!(reverse(&simulator, "20261122050"), words("ORDERNOTEXIST", "N"));
    pay(&simulator, "20261122050", "134512345678901250");
    assert_eq!(reverse(&simulator, "20261122050"), words("SUCCESS", "N"));
    assert_eq!((state(&simulator, "20261122050"), money(&simulator, "20261122050")), ("REVOKED".into(), [0, 1, 1]));
    assert_eq!(reverse(&simulator, "20261122050"), words("SUCCESS", "N"));
    assert_eq!(money(&simulator, "20261122050"), [0, 1, 1]);

    for (code, customer) in [("134512345678901251", Customer::Silent), ("134512345678901252", Customer::Refuses)] {
        simulator.customer(code, customer);
        pay(&simulator, code, code);
        assert_eq!(reverse(&simulator, code), words("SUCCESS", "N"), "{customer:?}");
        assert_eq!((state(&simulator, code), money(&simulator, code)), ("REVOKED".into(), [0, 0, 0]));
        assert!(simulator.pay_order(code).is_err());
    }
    // Who is typing is not disturbed (POS flows 3.7).
    simulator.customer("134512345678901253", Customer::AsksPassword { pays_after: None });
    pay(&simulator, "20261122053", "134512345678901253");
    assert_eq!(reverse(&simulator, "20261122053"), words("USERPAYING", "Y"));
    simulator.pay_order("20261122053").unwrap();
    let mut by_id = account();
    set(&mut by_id, "transaction_id", &ask(&simulator, QUERY_ORDER, &base("20261122053")).get("transaction_id"));
    assert_eq!(ask(&simulator, REVERSE, &by_id).get("result_code"), "SUCCESS");
    assert_eq!(money(&simulator, "20261122053"), [0, 1, 1]);

    ask(&simulator, ORDER, &native("20261122054"));
    assert_eq!(reverse(&simulator, "20261122054"), words("TRADE_ERROR", "N"));
    pay(&simulator, "20261122055", "134512345678901255");
    simulator.advance(Duration::from_secs(7 * 86_400 + 2));
    assert_eq!(reverse(&simulator, "20261122055"), words("REVERSE_EXPIRE", "N"));
    assert_eq!(money(&simulator, "20261122055"), [1, 1, 0]);
}

#[test]
fn a_reversal_needs_the_merchants_certificate() {
    let simulator = Simulator::start().unwrap();
    pay(&simulator, "20261122060", CODE);
    let body = sealed(&base("20261122060"));
    let nobody = call_with(&simulator, &connector(&simulator, None), REVERSE, &body).unwrap();
    assert!(nobody.status == 400 && nobody.text().contains("No required SSL certificate was sent"));
    let other = connector(&simulator, Some((&simulator.files().p12_other_merchant, OTHER_MCH_ID)));
    let refused = call_with(&simulator, &other, REVERSE, &body).unwrap();
    assert_eq!((refused.get("return_code"), refused.get("sign")), words("FAIL", ""));
    assert_eq!(money(&simulator, "20261122060"), [1, 1, 0]);
}

#[test]
fn faults_of_payments_and_of_reversals() {
    let simulator = Simulator::start().unwrap();
    let number = |at: usize| format!("202611220{:03}", 100 + at);
    // These two only take long.
    let quick = |(_, fault): &(usize, &Fault)| !matches!(fault, Fault::ReplyHuge | Fault::SlowBytes);
    for (at, fault) in Fault::ALL.iter().enumerate().filter(quick) {
        let code = format!("1345123456789{:05}", 10_000 + at);
        simulator.fault_next(*fault);
        let _ = call(&simulator, MICROPAY, &sealed(&micropay(&number(at), &code)));
        let taken = simulator.entry(&number(at));
        assert_eq!(taken.is_some(), fault.commits().unwrap(), "{fault:?}");
        let paid = u32::from(fault.commits().unwrap() && *fault != Fault::Processing);
        assert_eq!(money(&simulator, &number(at)), [paid, paid, 0], "{fault:?}");
    }
    pay(&simulator, "20261122070", CODE);
    simulator.fault_next_reversal(Fault::SystemErrorBeforeCommit);
    assert_eq!(state(&simulator, "20261122070"), "SUCCESS");
    assert_eq!(reverse(&simulator, "20261122070"), words("SYSTEMERROR", "Y"));
    assert_eq!(money(&simulator, "20261122070"), [1, 1, 0]);
    simulator.fault_for_reversal("20261122070", Fault::CloseAfterCommit);
    assert!(call(&simulator, REVERSE, &sealed(&base("20261122070"))).is_none());
    assert_eq!(money(&simulator, "20261122070"), [0, 1, 1]);
}

#[test]
fn the_second_host_may_lag() {
    let simulator = Simulator::start().unwrap();
    let second = simulator.second_url().unwrap();
    let port = second.rsplit(':').next().unwrap().parse::<u16>().unwrap();
    simulator.second_host_behind(Duration::from_secs(10));
    let ask_second = || {
        let tcp = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        let mut stream = merchant(&simulator).connect("localhost", tcp).unwrap();
        let body = request(QUERY_ORDER, "text/xml", &sealed(&base("20261122080")));
        std::io::Write::write_all(&mut stream, body.as_bytes()).unwrap();
        let answer = receive(&mut stream).unwrap();
        answer.get("trade_state") + &answer.get("err_code")
    };
    pay(&simulator, "20261122080", CODE);
    assert_eq!((ask_second(), state(&simulator, "20261122080")), words("ORDERNOTEXIST", "SUCCESS"));
    simulator.advance(Duration::from_secs(20));
    reverse(&simulator, "20261122080");
    assert_eq!((ask_second(), state(&simulator, "20261122080")), words("SUCCESS", "REVOKED"));
    simulator.advance(Duration::from_secs(20));
    assert_eq!(ask_second(), "REVOKED");
}
