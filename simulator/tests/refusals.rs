//! Requests that are wrong, and the codes they get.

mod client;

use client::*;
use std::io::Write;
use wxpay_simulator::credentials::*;
use wxpay_simulator::{Settings, Simulator};

fn refused(simulator: &Simulator, gate: Gate, changes: &[(&str, &str)]) -> String {
    let mut fields = gate.fields("refused");
    for (name, value) in changes {
        set(&mut fields, name, value);
    }
    let answer = gate.pay(simulator, &fields).unwrap();
    assert!(!gate.is_success(&answer), "{changes:?}");
    answer.get("err_code") + &answer.get("message") + &answer.get("retcode")
}

#[test]
fn red_packets() {
    let simulator = Simulator::start().unwrap();
    let long = "中".repeat(33);
    for (name, value, code) in [
        ("total_amount", "99", "MONEY_LIMIT"),
        ("total_amount", "20001", "MONEY_LIMIT"),
        ("total_amount", "0", "MONEY_LIMIT"),
        ("total_amount", "2.00", "PARAM_ERROR"),
        ("total_amount", "", "PARAM_ERROR"),
        ("total_num", "3", "PARAM_ERROR"),
        ("mch_billno", "a-b", "PARAM_ERROR"),
        ("mch_billno", "12345678901234567890123456789", "PARAM_ERROR"),
        ("client_ip", "localhost", "PARAM_ERROR"),
        ("scene_id", "PRODUCT_9", "PARAM_ERROR"),
        ("send_name", &long, "PARAM_ERROR"),
        ("re_openid", "o pen id", "OPENID_ERROR"),
        ("re_openid", FOREIGN_OPENID, "OPENID_ERROR"),
        ("wxappid", APP_APPID, "ILLEGAL_APPID"),
        ("mch_id", OTHER_MCH_ID, "CA_ERROR"),
        ("mch_id", "", "PARAM_ERROR"),
        ("sign_type", "MD5", "SIGN_ERROR"),
        ("bogus", "1", "SIGN_ERROR"),
    ] {
        let got = refused(&simulator, Gate::Redpack, &[(name, value)]);
        assert_eq!(got, code, "{name}={value}");
    }
    assert!(simulator.ledger().is_empty());
    let scene = [("total_amount", "20001"), ("scene_id", "PRODUCT_2")];
    let mut fields = redpack("scene");
    scene.iter().for_each(|(name, value)| set(&mut fields, name, value));
    let answer = Gate::Redpack.pay(&simulator, &fields).unwrap();
    assert!(Gate::Redpack.is_success(&answer));
}

#[test]
fn wecom_payments() {
    let simulator = Simulator::start().unwrap();
    let gate = Gate::Workwx;
    for (changes, code) in [
        (&[("amount", "99")][..], "AMOUNT_LIMIT"),
        (&[("check_name", "OPTION_CHECK")], "PARAM_ERROR"),
        (&[("check_name", "FORCE_CHECK"), ("re_user_name", "")], "PARAM_ERROR"),
        (&[("check_name", "FORCE_CHECK"), ("openid", NAMED_OPENID)], "NAME_MISMATCH"),
        (&[("ww_msg_type", "APPROVAL_MSG")], "PARAM_ERROR"),
        (&[("ww_msg_type", "APPROVAL _MSG")], "PARAM_ERROR"),
        (&[("desc", "")], "PARAM_ERROR"),
        (&[("partner_trade_no", "a_b")], "PARAM_ERROR"),
        (&[("sign_type", "MD5")], "SIGN_ERROR"),
        (&[("total_num", "1")], "SIGN_ERROR"),
    ] {
        assert_eq!(refused(&simulator, gate, changes), code, "{changes:?}");
    }
    let mut fields = workwx("inner");
    set(&mut fields, "workwx_sign", "5011850323731C459EAF502135C84B60");
    let answer = call(&simulator, PAY, &signed(fields, KEY)).unwrap();
    assert_eq!(answer.get("err_code"), "WORKWX_SIGN_ERROR");
    assert!(simulator.ledger().is_empty());
}

#[test]
fn swiftpass() {
    let simulator = Simulator::start().unwrap();
    let gate = Gate::Swiftpass;
    for (name, value, words) in [
        ("total_fee", "0", "total_fee:Must be greater or equal to [1]"),
        ("total_fee", "5000001", "total_fee:Invalid"),
        ("total_fee", "", "参数错误:缺少total_fee"),
        ("sub_openid", "", "参数错误:缺少sub_openid"),
        ("time_expire", "2015", "参数错误:time_expire格式错误"),
        ("bogus", "1", "参数错误:未知字段bogus"),
        ("service", "pay.weixin.bogus", "service:Invalid"),
        ("sign_type", "RSA_1_256", "Signature error"),
        ("mch_id", MCH_ID, "mch_id:Invalid"),
    ] {
        let got = refused(&simulator, gate, &[(name, value)]);
        assert!(got.contains(words), "{name}={value} {got}");
    }
    let answer = call(&simulator, SWIFT, &signed(wap("s"), KEY)).unwrap();
    assert_eq!((answer.get("status"), answer.get("message")), ("400".into(), "Signature error".into()));
    assert!(answer.get("sign").is_empty());
    let simulator = Simulator::start_with(Settings { sub_fields_required: false, ..Settings::default() }).unwrap();
    let mut fields = wap("s");
    fields.retain(|(name, _)| !name.starts_with("sub_"));
    assert!(gate.is_success(&gate.pay(&simulator, &fields).unwrap()));
}

#[test]
fn webgate() {
    let simulator = Simulator::start().unwrap();
    for (name, value, code) in [
        ("amount", "0", "1003"),
        ("amount", "1.5", "1003"),
        ("timestamp", "2015", "1003"),
        ("sign_method", "HMAC-SHA1", "1003"),
        ("netid", "", "1003"),
        ("bogus", "1", "1003"),
        ("partner_id", "10000", "1002"),
    ] {
        let got = refused(&simulator, Gate::Webgate, &[(name, value)]);
        assert_eq!(got, code, "{name}={value}");
    }
    let mut fields = charge("c");
    set(&mut fields, "sign", "5195f9b9116e4adf67eeebc9935d33dc683f677d");
    let answer = call(&simulator, CHARGE, &form(&fields)).unwrap();
    assert_eq!(answer.get("retcode"), "1001");
    assert!(!answer.get("sign").is_empty());
}

#[test]
fn bodies_that_cannot_be_read() {
    let simulator = Simulator::start().unwrap();
    for bad in ["", "{}", "<xml>", "<!DOCTYPE xml><xml></xml>", "<xml><a>1</a><a>1</a></xml>"] {
        let answer = call(&simulator, SEND, bad).unwrap();
        assert_eq!(answer.get("err_code"), "XML_ERROR", "{bad}");
        let answer = call(&simulator, SWIFT, bad).unwrap();
        assert_eq!(answer.get("status"), "400", "{bad}");
    }
    assert_eq!(call(&simulator, CHARGE, "a=1&a=2").unwrap().get("retcode"), "1003");
}

fn raw(simulator: &Simulator, request: &str) -> Option<Answer> {
    let mut stream = connect(simulator, &merchant(simulator)).unwrap();
    let _ = stream.write_all(request.as_bytes());
    receive(&mut stream)
}

#[test]
fn http_rules() {
    let simulator = Simulator::start().unwrap();
    let body = Gate::Redpack.seal(&redpack("t"));
    let form = request(SEND, "application/x-www-form-urlencoded", &body);
    assert_eq!(raw(&simulator, &form).unwrap().get("err_code"), "XML_ERROR");
    let get = format!("GET {SEND} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(raw(&simulator, &get).unwrap().get("err_code"), "HTTP_METHOD_ERROR");
    assert_eq!(raw(&simulator, &request("/nowhere", "text/xml", "x")).unwrap().status, 404);
    let big = request(SEND, "text/xml", &" ".repeat(1024 * 1024 + 1));
    assert_eq!(raw(&simulator, &big).unwrap().status, 413);
    let none = format!("POST {SEND} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(raw(&simulator, &none).unwrap().status, 411);
    assert_eq!(raw(&simulator, "nonsense\r\n\r\n").unwrap().status, 400);
    assert!(simulator.ledger().is_empty());
}

#[test]
fn keep_alive_and_counters() {
    let simulator = Simulator::start().unwrap();
    let mut stream = connect(&simulator, &merchant(&simulator)).unwrap();
    for n in 0..3 {
        let body = Gate::Redpack.seal(&redpack(&format!("k{n}")));
        stream.write_all(request(SEND, "text/xml", &body).as_bytes()).unwrap();
        assert!(Gate::Redpack.is_success(&receive(&mut stream).unwrap()));
    }
    assert_eq!((simulator.handshakes(), simulator.requests()), (1, 3));
    let seen = simulator.seen();
    assert_eq!(seen.len(), 3);
    assert_eq!(seen[0].path, SEND);
    assert_eq!(seen[0].client_certificate_cn.as_deref(), Some(MCH_ID));
    assert!(seen[0].headers.contains(&("content-type".into(), "text/xml".into())));
}
