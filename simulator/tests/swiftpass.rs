//! The counter of a Swiftpass-type gateway: a raw client against what the pages say (docs: C, POS flows 9).

mod client;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use client::direct::money;
use client::swift::*;
use client::{Answer, call_with, connector, pairs, set};
use openssl::pkey::PKey;
use wxpay_simulator::credentials::*;
use wxpay_simulator::{Customer, Fault, RefundStatus, Settings, SignType, Simulator};

const NUMBER: &str = "20261125001";

/// A simulator with an order of 888 fen that is paid with this code.
fn sold(code: &str) -> Simulator {
    let simulator = Simulator::start().unwrap();
    assert_eq!(pay(&simulator, NUMBER, code), "0");
    simulator
}

fn refunded(simulator: &Simulator) -> u64 {
    simulator.entry(NUMBER).unwrap().refunded
}

#[test]
fn paid_at_once_by_any_wallet() {
    let simulator = Simulator::start().unwrap();
    for (code, trade_type) in [
        ("134512345678901234", "pay.weixin.micropay"),
        ("283456789012345678", "pay.alipay.micropay"),
        ("6223456789012345678", "pay.unionpay.micropay"),
        ("911234567890123456", "pay.qq.micropay"),
        ("181234567890123456", "pay.jdpay.micropay"),
        ("511234567890123456", "pay.bestpay.micropay"),
    ] {
        let number = format!("n_{code}");
        let mut fields = micropay(&number, code);
        if trade_type == "pay.weixin.micropay" {
            // Its older name, and another version.
            set(&mut fields, "service", "pay.weixin.micropay");
            set(&mut fields, "version", "1.1");
        }
        let paid = ask(&simulator, &fields);
        for (name, value) in [
            ("status", "0"),
            ("result_code", "0"),
            ("pay_result", "0"),
            ("charset", "UTF-8"),
            ("mch_id", SWIFTPASS_MCH_ID),
            ("trade_type", trade_type),
            ("out_trade_no", &number),
            ("total_fee", "888"),
            ("device_info", "POS1"),
            ("attach", "一号柜台"),
            ("need_query", ""),
        ] {
            assert_eq!(paid.get(name), value, "{}", paid.text());
        }
        assert_eq!(paid.get("version"), fields[1].1);
        assert!(paid.get("transaction_id").starts_with(SWIFTPASS_MCH_ID) && paid.get("transaction_id").len() == 28);
        assert_eq!((paid.get("time_end").len(), paid.get("out_transaction_id").len()), (14, 28));
        let asked = ask(&simulator, &about("trade.single.query", &number));
        assert_eq!((asked.get("trade_state"), asked.get("pay_result")), ("SUCCESS".into(), String::new()));
        for name in ["transaction_id", "out_transaction_id", "time_end", "total_fee", "trade_type", "attach"] {
            assert_eq!(asked.get(name), paid.get(name));
        }
        let by_id =
            [client::swift::base("unified.trade.query"), pairs(&[("transaction_id", &paid.get("transaction_id"))])];
        assert_eq!(ask(&simulator, &by_id.concat()).get("out_trade_no"), number);
        assert_eq!(money(&simulator, &number), [1, 1, 0]);
    }
}

#[test]
fn signed_as_the_settings_say() {
    for configured in SignType::ALL {
        let simulator = start(*configured);
        for (at, named) in SignType::ALL.iter().enumerate() {
            let mut fields = micropay(&format!("2026112501{at}"), &format!("13451234567890121{at}"));
            set(&mut fields, "sign_type", named.name());
            let word = word(&ask(&simulator, &fields));
            assert_eq!(word, if named == configured { "0" } else { "Signature error" }, "{configured:?} {named:?}");
        }
        // Without sign_type it is MD5.
        let word = pay(&simulator, "20261125019", "134512345678901219");
        assert_eq!(word, if *configured == SignType::Md5 { "0" } else { "Signature error" });
        // Signed, but something else.
        let mut fields = micropay("20261125018", "134512345678901218");
        set(&mut fields, "sign_type", configured.name());
        let body = sealed(&simulator, &fields).replace(">888<", ">8<").replace("[888]", "[8]");
        let answer = call_with(&simulator, &connector(&simulator, None), client::SWIFT, &body).unwrap();
        let [status, message, sign] = ["status", "message", "sign"].map(|name| answer.get(name));
        assert_eq!((status.as_str(), message.as_str(), sign.as_str()), ("400", "Signature error", ""));
        assert_eq!(simulator.ledger().len(), if *configured == SignType::Md5 { 2 } else { 1 });
    }
}

#[test]
fn a_notification_is_signed_with_the_platforms_key() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://127.0.0.1:{}/notify", listener.local_addr().unwrap().port());
    let merchant = thread::spawn(move || {
        for stream in listener.incoming().take(SignType::ALL.len()) {
            let (mut stream, mut all, mut buffer) = (stream.unwrap(), String::new(), [0; 4096]);
            while !all.contains("</xml>") {
                let count = stream.read(&mut buffer).unwrap();
                all.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nsuccess").unwrap();
        }
    });
    for sign_type in SignType::ALL {
        let simulator = start(*sign_type);
        let mut fields = order("unified.trade.native", NUMBER);
        set(&mut fields, "sign_type", sign_type.name());
        set(&mut fields, "notify_url", &url);
        assert_eq!(word(&ask(&simulator, &fields)), "0");
        let delivery = simulator.pay_order(NUMBER).unwrap();
        assert_eq!(delivery.answer.as_deref(), Some("success"));
        let told = Answer { body: delivery.body.into_bytes(), ..Answer::default() };
        assert!(is_signed(&simulator, &fields, &told), "{}", told.text());
        for (name, value) in [
            ("status", "0"),
            ("result_code", "0"),
            ("pay_result", "0"),
            ("sign_type", sign_type.name()),
            ("trade_type", "pay.weixin.native"),
            ("out_trade_no", NUMBER),
            ("total_fee", "888"),
            ("fee_type", "CNY"),
            ("bank_type", "CFT"),
            ("mch_id", SWIFTPASS_MCH_ID),
        ] {
            assert_eq!(told.get(name), value, "{}", told.text());
        }
        assert!(!told.get("transaction_id").is_empty() && !told.get("out_transaction_id").is_empty());
        assert_eq!(told.get("time_end").len(), 14);
    }
    merchant.join().unwrap();
}

#[test]
fn the_keys_are_pairs() {
    let simulator = Simulator::start().unwrap();
    let of = |pem: String| PKey::private_key_from_pem(pem.as_bytes()).unwrap();
    let platform = of(wxpay_simulator::swiftpass_private_key().unwrap());
    let public = wxpay_simulator::swiftpass_public_key().unwrap();
    assert_eq!(platform.public_key_to_pem().unwrap(), public.as_bytes());
    let merchant = wxpay_simulator::swiftpass_merchant_private_key().unwrap();
    assert_eq!(std::fs::read_to_string(&simulator.files().swiftpass_merchant_key_pem).unwrap(), merchant);
    assert_eq!(std::fs::read_to_string(&simulator.files().swiftpass_public_key_pem).unwrap(), public);
    assert!(!of(merchant).public_eq(&platform));
}

#[test]
fn what_is_refused_leaves_no_order() {
    let simulator = Simulator::start().unwrap();
    let refusal = |fields| {
        let answer = ask(&simulator, &fields);
        assert_eq!(answer.get("err_msg"), answer.get("err_code_des"));
        (word(&answer), answer.get("need_query"))
    };
    for (customer, code) in [
        (Customer::OtherWallet, "AUTH_CODE_INVALID"),
        (Customer::OtherMerchant, "AUTH_CODE_ERROR"),
        (Customer::Expired, "AUTHCODEEXPIRE"),
        (Customer::NotEnough, "NOTENOUGH"),
        (Customer::CardNotSupported, "NOTSUPORTCARD"),
    ] {
        simulator.customer(CODE, customer);
        assert_eq!(refusal(micropay(NUMBER, CODE)), (code.into(), "N".into()));
        assert_eq!(state(&simulator, NUMBER), "ORDERNOTEXIST");
    }
    for (name, value, word, need_query) in [
        ("total_fee", "0", "total_fee:Must be greater or equal to [1]", "N"),
        ("total_fee", "5000001", "total_fee:Invalid", "N"),
        ("total_fee", "8.88", "参数错误:total_fee格式错误", ""),
        ("auth_code", "", "参数错误:缺少auth_code", ""),
        ("auth_code", "13451234567890123 ", "参数错误:auth_code格式错误", ""),
        ("body", "", "参数错误:缺少body", ""),
        ("mch_create_ip", "till", "参数错误:mch_create_ip格式错误", ""),
        ("notify_url", "https://pay.example/notify", "参数错误:未知字段notify_url", ""),
        ("out_trade_no", "n-12345", "参数错误:out_trade_no格式错误", ""),
        ("out_trade_no", "n123", "out_trade_no:Invalid", ""),
        ("service", "pay.weixin.bogus", "service:Invalid", ""),
        ("mch_id", MCH_ID, "mch_id:Invalid", ""),
    ] {
        let mut fields = micropay(NUMBER, "134512345678901235");
        set(&mut fields, name, value);
        assert_eq!(refusal(fields), (word.into(), need_query.into()), "{name}={value}");
    }
    // POS flows 9.
    let mut qq = micropay(NUMBER, "911234567890123456");
    qq.retain(|(name, _)| name != "device_info");
    assert_eq!(refusal(qq), ("PARAM_ERROR".into(), "N".into()));
    assert!(simulator.ledger().is_empty());
}

#[test]
fn a_number_and_a_code_are_good_once() {
    let simulator = sold(CODE);
    assert_eq!(pay(&simulator, NUMBER, "134512345678901235"), "ORDERPAID");
    let used = ask(&simulator, &micropay("20261125002", CODE));
    assert_eq!((word(&used), used.get("need_query")), ("AUTH_CODE_INVALID".into(), "N".into()));
    simulator.customer("134512345678901236", Customer::AsksPassword { pays_after: None });
    assert_eq!(pay(&simulator, "20261125003", "134512345678901236"), "USERPAYING");
    let again = ask(&simulator, &micropay("20261125003", "134512345678901237"));
    assert_eq!((word(&again), again.get("need_query")), ("INVALID_REQUEST".into(), "Y".into()));
    assert_eq!(again.get("err_msg"), "201 商户订单号重复");
    // The other gateway's numbers are its own.
    assert_eq!(client::direct::state(&simulator, NUMBER), "ORDERNOTEXIST");
    assert_eq!(client::direct::pay(&simulator, NUMBER, "134512345678901238"), "SUCCESS");
    assert_eq!(client::direct::give_back(&simulator, NUMBER, "r1", 1), "SUCCESS");
    assert_eq!(refund_state(&simulator, "r1"), "REFUNDNOTEXIST");
}

#[test]
fn only_wechat_revokes_by_itself() {
    let simulator = Simulator::start().unwrap();
    let begin = |number: &str, code: &str, customer: Customer| {
        simulator.customer(code, customer);
        let answer = ask(&simulator, &micropay(number, code));
        assert_eq!((word(&answer), answer.get("need_query")), ("USERPAYING".into(), "Y".into()));
        assert!(answer.get("pay_result").is_empty());
    };
    let typing = Customer::AsksPassword { pays_after: None };
    begin("w_silent", "134512345678901241", Customer::Silent);
    begin("w_typing", "134512345678901242", typing);
    begin("a_silent", "283456789012345641", Customer::Silent);
    begin("a_typing", "283456789012345642", typing);
    begin("a_refuses", "283456789012345643", Customer::Refuses);
    begin("a_pays", "283456789012345644", Customer::AsksPassword { pays_after: Some(1) });
    // WeChat's customer is not disturbed while typing (POS flows 3.7).
    assert_eq!(reverse(&simulator, "w_typing"), "USERPAYING");
    simulator.advance(Duration::from_secs(3_600));
    for (number, word) in [
        ("w_silent", "REVOKED"),
        ("w_typing", "REVOKED"),
        ("a_silent", "NOTPAY"),
        ("a_typing", "USERPAYING"),
        ("a_refuses", "PAYERROR"),
    ] {
        assert_eq!(state(&simulator, number), word, "{number}");
    }
    assert_eq!([state(&simulator, "a_pays"), state(&simulator, "a_pays")], ["USERPAYING", "SUCCESS"]);
    // The reversal is the only end of the others (POS flows 9).
    for number in ["a_silent", "a_typing", "a_refuses"] {
        assert_eq!((reverse(&simulator, number), state(&simulator, number)), ("0".into(), "REVERSE".into()));
        assert_eq!(money(&simulator, number), [0, 0, 0]);
        assert!(simulator.pay_order(number).is_err());
    }
    assert_eq!((reverse(&simulator, "a_pays"), money(&simulator, "a_pays")), ("0".into(), [0, 1, 1]));
    assert_eq!((reverse(&simulator, "a_pays"), money(&simulator, "a_pays")), ("0".into(), [0, 1, 1]));
    assert_eq!(pay(&simulator, "a_pays", "283456789012345645"), "ORDERREVERSED");
    assert_eq!(reverse(&simulator, "nobody"), "ORDERNOTEXIST");
}

#[test]
fn orders_that_a_customer_pays() {
    let simulator = Simulator::start().unwrap();
    let make = |number: &str, service: &str, more: &[(&str, &str)]| {
        let fields = [order(service, number), pairs(more)].concat();
        let answer = ask(&simulator, &fields);
        for name in ["out_trade_no", "total_fee", "mweb_url"] {
            assert!(answer.get(name).is_empty(), "{}", answer.text());
        }
        answer
    };
    for (number, service, begins) in [
        ("native1", "pay.weixin.native", "weixin://wxpay/"),
        ("native2", "pay.alipay.native", "https://qr.alipay.com/"),
        ("native3", "unified.trade.native", "weixin://wxpay/"),
    ] {
        let answer = make(number, service, &[]);
        assert!(answer.get("code_url").starts_with(begins) && !answer.get("uuid").is_empty(), "{}", answer.text());
        assert!(answer.get("code_img_url").starts_with("https://pay.swiftpass.cn/pay/qrcode?uuid="));
        let again = make(number, service, &[]);
        assert_eq!(again.get("code_url"), answer.get("code_url"));
    }
    for (number, service, more) in [
        ("jspay1", "pay.weixin.jspay", ("sub_openid", "oHmbkt-sH80mkPChhgoGYZmj-boE")),
        ("jspay2", "pay.weixin.jspay", ("is_raw", "1")),
        ("jspay3", "pay.alipay.jspay", ("buyer_id", "2088000000000000")),
        ("jspay4", "pay.alipay.jspay", ("buyer_logon_id", "till@pay.example")),
    ] {
        let text = make(number, service, &[more]).text();
        let member = if service == "pay.weixin.jspay" { "{\"appId\":" } else { "{\"tradeNO\":" };
        assert!(text.contains("<token_id>") && text.contains(&format!("<pay_info><![CDATA[{member}")), "{text}");
    }
    let h5 = make("wappay1", "pay.weixin.wappay", &[("mch_app_name", "店"), ("mch_app_id", "https://pay.example")]);
    assert!(h5.get("pay_info").starts_with("https://"));
    for (service, words) in [
        ("pay.weixin.jspay", "参数错误:缺少sub_openid"),
        ("pay.alipay.jspay", "参数错误:缺少buyer_id"),
        ("pay.weixin.wappay", "参数错误:缺少mch_app_name"),
    ] {
        assert_eq!(word(&make("missing", service, &[])), words);
    }

    let paid = |number: &str| {
        assert_eq!(state(&simulator, number), "NOTPAY");
        simulator.pay_order(number).unwrap();
        (state(&simulator, number), ask(&simulator, &about("unified.trade.query", number)).get("trade_type"))
    };
    assert_eq!(paid("native2"), ("SUCCESS".into(), "pay.alipay.native".into()));
    assert_eq!(paid("jspay1"), ("SUCCESS".into(), "pay.weixin.jspay".into()));
    let close = |number: &str| ask(&simulator, &about("unified.trade.close", number));
    let closed = close("native1");
    assert_eq!((word(&closed), closed.get("out_trade_no")), ("0".into(), String::new()));
    assert_eq!((state(&simulator, "native1"), word(&close("native1"))), ("CLOSED".into(), "0".into()));
    assert_eq!((word(&close("jspay1")), word(&close("nobody"))), ("ORDERPAID".into(), "ORDERNOTEXIST".into()));
    assert_eq!(reverse(&simulator, "native3"), "TRADE_ERROR");
    assert_eq!(word(&make("native1", "pay.weixin.native", &[])), "ORDERCLOSED");
}

#[test]
fn an_order_of_alipays_may_begin_at_the_scan() {
    let settings = Settings { alipay_orders_begin_at_scan: true, ..Settings::default() };
    let simulator = Simulator::start_with(settings).unwrap();
    for (number, service) in
        [("native1", "pay.alipay.native"), ("native2", "pay.alipay.native"), ("native3", "pay.weixin.native")]
    {
        assert_eq!(word(&ask(&simulator, &order(service, number))), "0");
    }
    assert_eq!([state(&simulator, "native1"), state(&simulator, "native3")], ["ORDERNOTEXIST", "NOTPAY"]);
    assert_eq!(word(&ask(&simulator, &about("unified.trade.close", "native1"))), "ORDERNOTEXIST");
    // What is not known is not closed.
    simulator.pay_order("native1").unwrap();
    simulator.set_status("native2", "USERPAYING");
    assert_eq!([state(&simulator, "native1"), state(&simulator, "native2")], ["SUCCESS", "USERPAYING"]);
    assert_eq!(word(&ask(&simulator, &about("unified.trade.close", "native2"))), "0");
}

#[test]
fn refunds_are_taken_then_arrive() {
    let simulator = sold(CODE);
    let first = ask(&simulator, &refund(NUMBER, "r_1", 300));
    for (name, value) in [
        ("result_code", "0"),
        ("out_trade_no", NUMBER),
        ("out_refund_no", "r_1"),
        ("refund_fee", "300"),
        ("refund_channel", "ORIGINAL"),
        ("trade_type", "pay.weixin.micropay"),
    ] {
        assert_eq!(first.get(name), value, "{}", first.text());
    }
    let mut older = refund(NUMBER, "r_2", 200);
    set(&mut older, "service", "trade.single.refund");
    assert_eq!(word(&ask(&simulator, &older)), "0");
    // One number refunds once (POS flows 9).
    assert_eq!(ask(&simulator, &refund(NUMBER, "r_1", 300)).get("refund_id"), first.get("refund_id"));
    assert_eq!(give_back(&simulator, NUMBER, "r_1", 301), "refundInfo is exists");
    assert_eq!((refunded(&simulator), state(&simulator, NUMBER)), (500, "REFUND".into()));
    assert_eq!(
        (reverse(&simulator, NUMBER), give_back(&simulator, NUMBER, "r_3", 389)),
        ("TRADE_ERROR".into(), "ERROR".into())
    );
    assert_eq!(give_back(&simulator, NUMBER, "r_3", 0), "REFUND_FEE_INVALID");
    assert_eq!(give_back(&simulator, "nobody", "r_3", 1), "ORDERNOTEXIST");
    let mut nobody = refund(NUMBER, "r_3", 1);
    set(&mut nobody, "op_user_id", "");
    assert_eq!(word(&ask(&simulator, &nobody)), "参数错误:缺少op_user_id");

    for expected in ["PROCESSING", "SUCCESS", "SUCCESS"] {
        assert_eq!(refund_state(&simulator, "r_1"), expected);
    }
    let row = ask(&simulator, &refunds_by("refund_id", &first.get("refund_id")));
    for (name, value) in [
        ("refund_count", "1"),
        ("out_trade_no", NUMBER),
        ("out_refund_no_0", "r_1"),
        ("refund_fee_0", "300"),
        ("refund_channel_0", "ORIGINAL"),
        ("refund_status_0", "SUCCESS"),
    ] {
        assert_eq!(row.get(name), value, "{}", row.text());
    }
    assert_eq!(row.get("refund_time_0").len(), 14);
    for (name, value) in [("out_trade_no", NUMBER.to_owned()), ("transaction_id", first.get("transaction_id"))] {
        let mut fields = refunds_by(name, &value);
        set(&mut fields, "service", "trade.refund.query");
        let rows = ask(&simulator, &fields);
        assert_eq!((rows.get("refund_count"), rows.get("out_refund_no_1")), ("2".into(), "r_2".into()));
        assert_eq!(rows.get("refund_fee_1"), "200");
    }
    assert_eq!(refund_state(&simulator, "r_9"), "REFUNDNOTEXIST");
    let elsewhere = simulator.refund_elsewhere(NUMBER, 388).unwrap();
    assert_eq!((refund_state(&simulator, &elsewhere), refunded(&simulator)), ("PROCESSING".into(), 888));
}

#[test]
fn alipays_refunds_are_asked_for_by_their_own_numbers() {
    let simulator = sold(ALIPAY);
    let taken = ask(&simulator, &refund(NUMBER, "r_1", 300));
    for (name, value) in [("out_trade_no", NUMBER.to_owned()), ("transaction_id", taken.get("transaction_id"))] {
        assert_eq!(word(&ask(&simulator, &refunds_by(name, &value))), "PARAM_ERROR");
    }
    for (name, value) in [("out_refund_no", "r_1".to_owned()), ("refund_id", taken.get("refund_id"))] {
        assert_eq!(ask(&simulator, &refunds_by(name, &value)).get("out_refund_no_0"), "r_1");
    }
}

#[test]
fn refunds_end_in_four_words() {
    let simulator = sold(CODE);
    for (number, status, word) in [
        ("r_change", RefundStatus::Change, "CHANGE"),
        ("r_failed", RefundStatus::Failed, "FAIL"),
        // There is no REFUNDCLOSE here (docs: C.4.7).
        ("r_closed", RefundStatus::Closed, "FAIL"),
        ("r_waits", RefundStatus::Processing, "PROCESSING"),
    ] {
        assert_eq!(give_back(&simulator, NUMBER, number, 100), "0");
        let delivery = simulator.end_refund(number, status).unwrap();
        assert_eq!((delivery.body, delivery.answer), (String::new(), None));
        assert_eq!(refund_state(&simulator, number), word);
        assert!(simulator.refund_notification(number).is_none());
    }
    assert_eq!(refunded(&simulator), 200);
    assert_eq!((give_back(&simulator, NUMBER, "r_closed", 100), refunded(&simulator)), ("0".into(), 300));
}

#[test]
fn faults_of_every_call_signed_by_md5() {
    faults_of_every_call(SignType::Md5);
}

#[test]
fn faults_of_every_call_signed_by_rsa() {
    faults_of_every_call(SignType::Rsa256);
}

fn faults_of_every_call(sign_type: SignType) {
    let simulator = start(sign_type);
    let seal = |mut fields: client::Pairs| {
        set(&mut fields, "sign_type", sign_type.name());
        sealed(&simulator, &fields)
    };
    let client = connector(&simulator, None);
    let send = |fields| call_with(&simulator, &client, client::SWIFT, &seal(fields));
    // These two only take long.
    let quick = |(_, fault): &(usize, &Fault)| !matches!(fault, Fault::ReplyHuge | Fault::SlowBytes);
    for (at, fault) in Fault::ALL.iter().enumerate().filter(quick) {
        let (number, code) = (format!("fault{at:03}"), format!("1345123456789{:05}", 10_000 + at));
        let commits = fault.commits().unwrap();
        simulator.fault_next(*fault);
        let _ = send(micropay(&number, &code));
        let paid = u32::from(commits && *fault != Fault::Processing);
        assert_eq!(simulator.entry(&number).is_some(), commits, "{fault:?}");
        assert_eq!(money(&simulator, &number), [paid, paid, 0], "{fault:?}");

        let _ = send(micropay(&number, &format!("1345123456788{:05}", 10_000 + at)));
        if *fault == Fault::Processing {
            simulator.pay_order(&number).unwrap();
        }
        simulator.fault_next(*fault);
        let _ = send(refund(&number, &format!("r{at:03}"), 8));
        let back = simulator.entry(&number).unwrap().refunded;
        assert_eq!(back, if commits { 8 } else { 0 }, "{fault:?}");

        let (number, code) = (format!("revers{at:03}"), format!("1345123456787{:05}", 10_000 + at));
        let _ = send(micropay(&number, &code));
        simulator.fault_next_reversal(*fault);
        let _ = send(about("unified.micropay.reverse", &number));
        let reversed = u32::from(commits);
        assert_eq!(money(&simulator, &number), [1 - reversed, 1, reversed], "{fault:?}");
    }
}

#[test]
fn faults_of_replies() {
    let simulator = sold(CODE);
    assert_eq!(give_back(&simulator, NUMBER, "r_1", 100), "0");
    let asked = |fault: Fault, fields: &client::Pairs| {
        simulator.fault_next_query(fault);
        let body = sealed(&simulator, fields);
        call_with(&simulator, &connector(&simulator, None), client::SWIFT, &body).unwrap()
    };
    let query = about("unified.trade.query", NUMBER);
    assert_eq!(asked(Fault::OtherOrder, &query).get("out_trade_no"), "20261125007");
    assert_eq!(asked(Fault::OtherAmount, &query).get("total_fee"), "889");
    assert_eq!(asked(Fault::Processing, &query).get("trade_state"), "USERPAYING");
    assert_eq!(asked(Fault::NotFound, &query).get("err_code"), "ORDERNOTEXIST");
    let rows = refunds_by("out_refund_no", "r_1");
    assert_eq!(asked(Fault::OtherOrder, &rows).get("out_refund_no_0"), "r_7");
    assert_eq!(asked(Fault::OtherAmount, &rows).get("refund_fee_0"), "101");
    assert_eq!(asked(Fault::Processing, &rows).get("refund_status_0"), "PROCESSING");
    assert_eq!(asked(Fault::NotFound, &rows).get("err_code"), "REFUNDNOTEXIST");
    let gate = asked(Fault::GateErrorAfterCommit, &rows);
    assert_eq!((gate.get("status"), gate.get("sign")), ("500".into(), String::new()));
    // A refusal before the ledger is definite, and says so.
    simulator.fault_next(Fault::RefusedNotEnough);
    let refused = ask(&simulator, &micropay("20261125002", "134512345678901235"));
    assert_eq!((word(&refused), refused.get("need_query")), ("NOTENOUGH".into(), "N".into()));
    simulator.fault_next(Fault::UnknownCodeBusiness);
    let refused = ask(&simulator, &micropay("20261125002", "134512345678901235"));
    assert_eq!((word(&refused), refused.get("need_query")), ("A_CODE_OF_NEXT_YEAR".into(), String::new()));

    for sign_type in [SignType::Rsa256, SignType::Rsa1] {
        let simulator = start(sign_type);
        for (fault, signed) in [(Fault::WrongSignature, false), (Fault::DuplicateEqual, true)] {
            let mut fields = micropay(fault.name(), if signed { CODE } else { ALIPAY });
            set(&mut fields, "sign_type", sign_type.name());
            simulator.fault_next(fault);
            let body = sealed(&simulator, &fields);
            let answer = call_with(&simulator, &connector(&simulator, None), client::SWIFT, &body).unwrap();
            assert_eq!(is_signed(&simulator, &fields, &answer), signed, "{fault:?}");
        }
    }
}
