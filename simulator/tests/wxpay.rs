//! WeChat Pay's own gateway: a raw client, signed by OpenSSL, against what the pages say (docs: E.2, E.3, F.1).

mod client;

use client::direct::*;
use client::*;
use wxpay_simulator::credentials::*;
use wxpay_simulator::{Simulator, sign};

#[test]
fn an_order_is_made_asked_about_paid_and_closed() {
    let simulator = Simulator::start().unwrap();
    for (at, sign_type) in ["", "MD5", "HMAC-SHA256"].into_iter().enumerate() {
        let number = format!("2026112100{at}");
        let mut order = native(&number);
        if !sign_type.is_empty() {
            set(&mut order, "sign_type", sign_type);
        }
        let made = ask(&simulator, ORDER, &order);
        assert!(made.get("code_url").starts_with("weixin://wxpay/bizpayurl"), "{}", made.text());
        assert_eq!((made.get("out_trade_no"), made.get("total_fee")), (String::new(), String::new()));
        // The same again, and with another amount.
        assert_eq!(ask(&simulator, ORDER, &order).get("prepay_id"), made.get("prepay_id"));
        let mut other = order.clone();
        set(&mut other, "total_fee", "889");
        assert_eq!(ask(&simulator, ORDER, &other).get("err_code"), "OUT_TRADE_NO_USED");

        let query = base(&number);
        let open = ask(&simulator, QUERY_ORDER, &query);
        assert_eq!((open.get("trade_state"), open.get("total_fee")), ("NOTPAY".into(), String::new()));
        assert!(simulator.notification(&number).is_some());
        if at == 0 {
            let closed = ask(&simulator, CLOSE_ORDER, &query);
            assert_eq!((closed.get("result_code"), closed.get("out_trade_no")), ("SUCCESS".into(), String::new()));
            assert_eq!(ask(&simulator, QUERY_ORDER, &query).get("trade_state"), "CLOSED");
            assert_eq!(ask(&simulator, CLOSE_ORDER, &query).get("err_code"), "ORDERCLOSED");
            assert!(simulator.pay_order(&number).is_err());
            continue;
        }
        simulator.pay_order(&number).unwrap();
        let paid = ask(&simulator, QUERY_ORDER, &query);
        assert_eq!((paid.get("trade_state"), paid.get("total_fee")), ("SUCCESS".into(), "888".into()));
        assert_eq!(ask(&simulator, CLOSE_ORDER, &query).get("err_code"), "ORDERPAID");
        let notification = Answer { body: simulator.notification(&number).unwrap().into_bytes(), ..Answer::default() };
        let have = notification.pairs();
        let right = if at == 2 { sign::hmac_sha256(refs(&have), KEY) } else { sign::md5(refs(&have), KEY) };
        assert_eq!(notification.get("sign"), right);
        assert_eq!(notification.get("transaction_id"), paid.get("transaction_id"));
    }
}

#[test]
fn what_is_wrong_is_refused() {
    let simulator = Simulator::start().unwrap();
    for (name, value, code) in [
        ("appid", "wx0000000000000001", "APPID_NOT_EXIST"),
        ("sub_mch_id", "1900000101", "MCHID_NOT_EXIST"),
        ("product_id", "", "LACK_PARAMS"),
        ("total_fee", "0", "PARAM_ERROR"),
        ("total_fee", "1.00", "PARAM_ERROR"),
        ("notify_url", "https://pay.example/?a=1", "PARAM_ERROR"),
        ("out_trade_no", "12345", "PARAM_ERROR"),
        ("trade_type", "APP", "PARAM_ERROR"),
        ("trade_type", "JSAPI", "PARAM_ERROR"),
        ("bogus", "1", "PARAM_ERROR"),
    ] {
        let mut order = native("20261121007");
        set(&mut order, name, value);
        order.retain(|(_, value)| !value.is_empty());
        let refused = ask(&simulator, ORDER, &order);
        assert_eq!(
            (refused.get("result_code"), refused.get("err_code")),
            ("FAIL".into(), code.into()),
            "{name}={value}"
        );
    }
    assert_eq!(ask(&simulator, QUERY_ORDER, &base("20261121008")).get("err_code"), "ORDERNOTEXIST");
    assert_eq!(ask(&simulator, CLOSE_ORDER, &base("20261121008")).get("err_code"), "ORDERNOTEXIST");
    // A wrong signature: unsigned, with return_code and return_msg alone.
    let mut order = native("20261121009");
    set(&mut order, "sign", "0A0339EBA784565B0FE68209C94BBF55");
    let refused = call(&simulator, ORDER, &xml(&order)).unwrap();
    assert_eq!((refused.get("return_code"), refused.get("sign")), ("FAIL".into(), String::new()));
    assert!(simulator.ledger().is_empty());
}
