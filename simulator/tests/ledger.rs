//! One number, one payment; other content is refused; queries tell the truth.

mod client;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use client::*;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Verifier;
use wxpay_simulator::credentials::*;
use wxpay_simulator::webgate_private_key;
use wxpay_simulator::{Settings, Simulator, sign};

#[test]
fn equal_repeats_pay_once() {
    let simulator = Simulator::start().unwrap();
    for gate in GATES {
        let number = format!("{gate:?}1");
        let mut fields = gate.fields(&number);
        let first = gate.pay(&simulator, &fields).unwrap();
        assert!(gate.is_success(&first), "{}", first.text());
        let fresh = if gate == Gate::Webgate { "timestamp" } else { "nonce_str" };
        set(&mut fields, fresh, "20200101000000");
        let second = gate.pay(&simulator, &fields).unwrap();
        assert!(gate.is_success(&second), "{}", second.text());
        for own in ["send_listid", "payment_no", "prepay_id", "mweb_url", "refno"] {
            assert_eq!(first.get(own), second.get(own));
        }
        let entry = simulator.entry(&number).unwrap();
        assert_eq!(entry.attempts, 2);
        assert_eq!(entry.paid, u32::from(gate != Gate::Swiftpass));
    }
}

#[test]
fn other_content_is_refused() {
    let simulator = Simulator::start().unwrap();
    let codes = ["FATAL_ERROR", "FATAL_ERROR", "OUT_TRADE_NO_USED", ""];
    for (gate, code) in GATES.into_iter().zip(codes) {
        let mut fields = gate.fields("same");
        gate.pay(&simulator, &fields).unwrap();
        set(&mut fields, gate.amount_field(), "333");
        let answer = gate.pay(&simulator, &fields).unwrap();
        assert!(!gate.is_success(&answer));
        assert_eq!(answer.get("err_code"), code);
    }
    assert_eq!(simulator.ledger().len(), 4);
    assert!(simulator.ledger().iter().all(|e| e.paid <= 1 && e.amount != 333));
}

#[test]
fn paid_repeats_may_say_so() {
    let simulator = Simulator::start_with(Settings {
        redpack_repeat_says_sent: true,
        webgate_repeat_says_paid: true,
        ..Settings::default()
    })
    .unwrap();
    let pay = |gate: Gate| gate.pay(&simulator, &gate.fields("n")).unwrap();
    assert!(Gate::Redpack.is_success(&pay(Gate::Redpack)));
    let again = pay(Gate::Redpack);
    assert_eq!((again.get("result_code"), again.get("err_code")), ("FAIL".into(), "SUCCESS".into()));
    assert!(Gate::Webgate.is_success(&pay(Gate::Webgate)));
    assert_eq!(pay(Gate::Webgate).get("retcode"), "2002");
}

#[test]
fn replies_of_sendredpack_and_gethbinfo() {
    let simulator = Simulator::start().unwrap();
    let gate = Gate::Redpack;
    assert_eq!(gate.query(&simulator, "b1").unwrap().get("err_code"), "NOT_FOUND");
    let answer = gate.pay(&simulator, &gate.fields("b1")).unwrap();
    for (name, value) in [
        ("return_code", "SUCCESS"),
        ("mch_billno", "b1"),
        ("mch_id", MCH_ID),
        ("wxappid", APPID),
        ("re_openid", "onqOjjmM1tad-3ROpncN-yUfa6uI"),
        ("total_amount", "200"),
        ("sign", ""),
        ("nonce_str", ""),
    ] {
        assert_eq!(answer.get(name), value, "{name}");
    }
    assert_eq!(answer.get("send_listid").len(), 28);
    simulator.set_status("b1", "RECEIVED");
    let answer = gate.query(&simulator, "b1").unwrap();
    assert_eq!((answer.get("status"), answer.get("total_amount")), ("RECEIVED".into(), "200".into()));
    assert!(answer.text().contains("<hblist>") && answer.text().contains("<hbinfo>"));
    simulator.set_status("b1", "FAILED");
    assert_eq!(simulator.entry("b1").unwrap().paid, 0);
    assert_eq!(gate.query(&simulator, "b1").unwrap().get("status"), "FAILED");
    let repeat = gate.pay(&simulator, &gate.fields("b1")).unwrap();
    assert_eq!(repeat.get("err_code"), "SEND_FAILED");
}

#[test]
fn replies_of_workwx() {
    let simulator = Simulator::start().unwrap();
    let gate = Gate::Workwx;
    assert_eq!(gate.query(&simulator, "p1").unwrap().get("err_code"), "NOT_FOUND");
    let answer = gate.pay(&simulator, &gate.fields("p1")).unwrap();
    assert_eq!(answer.get("partner_trade_no"), "p1");
    assert_eq!(answer.get("device_info"), "013467007045764");
    assert_eq!(answer.get("nonce_str"), "3PG2J4ILTKCH16CQ2502SI8ZNMTM67VS");
    assert!(answer.get("sign").is_empty() && !answer.get("payment_no").is_empty());
    let answer = gate.query(&simulator, "p1").unwrap();
    assert_eq!((answer.get("status"), answer.get("payment_amount")), ("SUCCESS".into(), "100".into()));
}

fn swift(simulator: &Simulator, service: &str, number: &str) -> Answer {
    call(simulator, SWIFT, &signed(by_number(service, number), SWIFTPASS_KEY)).unwrap()
}

#[test]
fn swiftpass_life_of_an_order() {
    let simulator = Simulator::start().unwrap();
    let gate = Gate::Swiftpass;
    let query = |number: &str| gate.query(&simulator, number).unwrap();
    assert_eq!(query("w1").get("err_code"), "ORDERNOTEXIST");
    let answer = gate.pay(&simulator, &gate.fields("w1")).unwrap();
    assert!(answer.get("mweb_url").contains("&package="));
    assert_eq!(answer.get("sign"), sign::md5(refs(&answer.pairs()), SWIFTPASS_KEY));
    let answer = query("w1");
    assert_eq!((answer.get("trade_state"), answer.get("total_fee")), ("NOTPAY".into(), "1".into()));
    assert_eq!(answer.get("sign"), sign::md5(refs(&answer.pairs()), SWIFTPASS_KEY));
    assert_eq!(simulator.pay_order("w1").unwrap().answer, None);
    assert_eq!(swift(&simulator, "trade.single.query", "w1").get("trade_state"), "SUCCESS");
    assert_eq!(simulator.entry("w1").unwrap().paid, 1);
    assert_eq!(swift(&simulator, "unified.trade.close", "w1").get("err_code"), "ORDERPAID");
    let repeat = gate.pay(&simulator, &gate.fields("w1")).unwrap();
    assert_eq!(repeat.get("err_code"), "ORDERPAID");

    gate.pay(&simulator, &gate.fields("w2")).unwrap();
    assert_eq!(swift(&simulator, "unified.trade.close", "w2").get("result_code"), "0");
    assert_eq!(query("w2").get("trade_state"), "CLOSED");
    assert!(simulator.pay_order("w2").is_err());
    assert_eq!(swift(&simulator, "unified.trade.close", "w3").get("err_code"), "ORDERNOTEXIST");
    assert!(simulator.pay_order("w3").is_err());
}

#[test]
fn notification_reaches_a_loopback_url() {
    let simulator = Simulator::start().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let merchant = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut all, mut buffer) = (String::new(), [0; 4096]);
        while !all.contains("</xml>") {
            let count = stream.read(&mut buffer).unwrap();
            all.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
        }
        let reply = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nsuccess";
        stream.write_all(reply.as_bytes()).unwrap();
        all
    });
    let mut fields = wap("w9");
    set(&mut fields, "notify_url", &format!("http://127.0.0.1:{port}/notify"));
    Gate::Swiftpass.pay(&simulator, &fields).unwrap();
    assert!(simulator.notification("w9").unwrap().contains("<pay_result>"));
    let delivery = simulator.pay_order("w9").unwrap();
    assert_eq!(delivery.answer.as_deref(), Some("success"));
    let request = merchant.join().unwrap();
    assert!(request.starts_with("POST /notify HTTP/1.1\r\n") && request.ends_with(&delivery.body));
    let body = Answer { body: delivery.body.into_bytes(), ..Answer::default() };
    assert_eq!(body.get("sign"), sign::md5(refs(&body.pairs()), SWIFTPASS_KEY));
    assert_eq!((body.get("out_trade_no"), body.get("total_fee")), ("w9".into(), "1".into()));
    assert_eq!(simulator.notification("other"), None);
}

#[test]
fn webgate_reply_verifies() {
    let simulator = Simulator::start().unwrap();
    let answer = Gate::Webgate.pay(&simulator, &charge("c1")).unwrap();
    assert_eq!((answer.get("out_trade_no"), answer.get("amount")), ("c1".into(), "20000".into()));
    let pem = std::fs::read(&simulator.files().webgate_public_key_pem).unwrap();
    let key = PKey::public_key_from_pem(&pem).unwrap();
    let mut verifier = Verifier::new(MessageDigest::sha1(), &key).unwrap();
    let signature = openssl::base64::decode_block(&answer.get("sign")).unwrap();
    let text = sign::joined(refs(&answer.pairs())).into_bytes();
    assert!(verifier.verify_oneshot(&signature, &text).unwrap());

    let private = PKey::private_key_from_pem(webgate_private_key().unwrap().as_bytes()).unwrap();
    assert!(private.public_eq(&key));
}

#[test]
fn webgate_settings() {
    let simulator = Simulator::start_with(Settings {
        webgate_reply_names_order: false,
        webgate_retcode_is_number: true,
        ..Settings::default()
    })
    .unwrap();
    let answer = Gate::Webgate.pay(&simulator, &charge("c1")).unwrap();
    assert!(answer.text().starts_with("{\"retcode\":0,"));
    assert!(answer.get("out_trade_no").is_empty() && answer.get("amount").is_empty());
}

#[test]
fn two_hosts_one_ledger() {
    let simulator = Simulator::start().unwrap();
    let second = simulator.second_url().unwrap();
    let port = second.rsplit(':').next().unwrap().parse::<u16>().unwrap();
    assert_ne!(port, simulator.port());
    let tcp = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut stream = merchant(&simulator).connect("localhost", tcp).unwrap();
    let body = Gate::Redpack.seal(&redpack("h1"));
    stream.write_all(request(SEND, "text/xml", &body).as_bytes()).unwrap();
    assert!(Gate::Redpack.is_success(&receive(&mut stream).unwrap()));
    Gate::Redpack.pay(&simulator, &redpack("h1")).unwrap();
    let entry = simulator.entry("h1").unwrap();
    assert_eq!((entry.paid, entry.attempts), (1, 2));
}

#[test]
fn many_at_once_pay_once() {
    let simulator = Simulator::start().unwrap();
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| Gate::Redpack.pay(&simulator, &redpack("race")));
        }
    });
    assert_eq!(simulator.entry("race").unwrap().paid, 1);
    assert_eq!(simulator.ledger().len(), 1);
}
