//! The tables of the counter on Swiftpass-type gateways beside their documents (protocol C.1 to C.5; POS flows 9, 13, 14).

use std::time::Duration;

use wxpay_terminal::endpoint::{Due, Endpoint, Kind, Means, Required, ResolvedBy, Rule, Source};
use wxpay_terminal::{ENDPOINTS, unified_micropay as micropay, unified_order as order, unified_refund as refund};

use crate::wire::tables::meaning;

fn required(endpoint: &Endpoint) -> Vec<&'static str> {
    let due = endpoint.fields.iter().filter(|row| row.required == Required::Yes && row.source != Source::Attempt);
    due.map(|row| row.name).collect()
}

/// POS flows 9, column "needs".
#[test]
fn what_each_call_needs() {
    let sale = ["service", "mch_id", "out_trade_no", "body", "total_fee", "mch_create_ip", "auth_code"];
    assert_eq!(required(&micropay::UNIFIED_MICROPAY), sale);
    assert_eq!(required(&micropay::UNIFIED_REVERSE), ["service", "out_trade_no", "mch_id"]);
    let back = ["service", "mch_id", "out_refund_no", "total_fee", "refund_fee", "op_user_id"];
    assert_eq!(required(&refund::UNIFIED_REFUND), back);
    assert_eq!(refund::UNIFIED_REFUND.rules[0], Rule::OneOf(&["out_trade_no", "transaction_id"]));
    let one_of = Rule::OneOf(&["out_refund_no", "out_trade_no", "transaction_id", "refund_id"]);
    assert_eq!(refund::UNIFIED_REFUND_QUERY.rules, [one_of]);
    let order_of = ["service", "mch_id", "out_trade_no", "body", "total_fee", "mch_create_ip", "notify_url"];
    let by_qr = [&order::WEIXIN_NATIVE, &order::ALIPAY_NATIVE, &order::UNIFIED_NATIVE];
    for call in [&by_qr[..], &[&order::WEIXIN_JSPAY, &order::ALIPAY_JSPAY]].concat() {
        assert_eq!(required(call), order_of, "{}", call.name);
        let period = Rule::Period { from: "time_start", until: "time_expire" };
        assert!(call.rules.contains(&period), "{}", call.name);
    }
    assert!(order::ALIPAY_JSPAY.rules.contains(&Rule::OneOf(&["buyer_id", "buyer_logon_id"])));
    // Version 2.0 (protocol C.2): which app, and on which platform.
    let wappay: Vec<_> = required(&order::WEIXIN_WAPPAY).into_iter().filter(|name| !order_of.contains(name)).collect();
    assert_eq!(wappay, ["device_info", "mch_app_name", "mch_app_id"]);
}

/// POS flows 13: numbers of 5 to 32 characters, refunds' of at most 32; the wallet of a code is the gateway's to find.
#[test]
fn lengths_and_characters() {
    let number = micropay::UNIFIED_MICROPAY.field("out_trade_no").unwrap();
    assert_eq!((number.kind, number.longest), (Kind::OrderNumber { shortest: 5, also: "_" }, 32));
    assert_eq!(refund::UNIFIED_REFUND.field("out_refund_no").unwrap().longest, 32);
    let code = micropay::UNIFIED_MICROPAY.field("auth_code").unwrap();
    assert!(matches!(code.kind, Kind::AuthCode(_)) && !code.shown);
    let qq = |rule: &&Rule| matches!(rule, Rule::RequiredWhenBegins { field: "device_info", with: "91", .. });
    assert_eq!(micropay::UNIFIED_MICROPAY.rules.iter().filter(qq).count(), 1);
}

/// Every identifier of the account is in every call, echoed, compared, and due in a success. No client certificate; signed as the account
/// says, replies always (POS flows 9, 14; protocol C.3, C.4).
#[test]
fn every_call_names_the_merchant() {
    let calls: Vec<_> = ENDPOINTS.iter().filter(|call| call.path.is_empty()).collect();
    assert_eq!(calls.len(), 13);
    for call in calls {
        let name = call.name;
        for field in ["mch_id", "service", "sign_type"] {
            assert_eq!(call.field(field).expect(name).source, Source::Account, "{name}");
        }
        assert!(call.reply.echo.contains(&("mch_id", "mch_id")), "{name}");
        assert!(call.reply.echo.contains(&("out_trade_no", "out_trade_no")), "{name}");
        assert!(call.reply.must_have.contains(&"mch_id"), "{name}");
        assert!(!call.client_certificate, "{name}");
        assert_eq!(call.reply.signature, Due::Always, "{name}");
        assert!(matches!(call.signing, [step] if step.output == "sign" && step.digest.is_none()), "{name}");
        // Replies that name no order are tied by their connection alone (POS flows 14).
        assert_eq!(call.own_connection, !call.asks, "{name}");
    }
}

/// POS flows 9: success is status 0, result_code 0, pay_result 0, with the platform's number; a refusal is definite with need_query N.
#[test]
fn what_a_payment_by_code_must_say() {
    let reply = &micropay::UNIFIED_MICROPAY.reply;
    assert!(matches!(reply.paid, [gate] if gate.name == "pay_result" && gate.success == ["0"]));
    assert_eq!(reply.refuses, [("need_query", "N")]);
    assert_eq!(reply.must_have, ["mch_id", "out_trade_no", "total_fee", "transaction_id"]);
    assert!(reply.echo.contains(&("total_fee", "total_fee")));
    let back = &refund::UNIFIED_REFUND.reply;
    assert!(["out_refund_no", "refund_fee"].iter().all(|name| back.echo.contains(&(name, name))));
    assert!(["out_refund_no", "refund_fee"].iter().all(|name| back.must_have.contains(name)));
}

/// Protocol C.5 and POS flows 9. (Which codes refuse: refusals.rs.)
#[test]
fn the_codes_that_say_nothing_final() {
    let paid = |code| meaning(&micropay::UNIFIED_MICROPAY, code);
    for code in [
        "USERPAYING",
        "ORDERPAID",
        "Order paid",
        "ORDERREVERSED",
        "ORDERISEXIST",
        "ORDERSTATUSERROR",
        "ORDER_SUCCESS_PAY_INPROCESS",
        "OUT_TRADE_NO_USED",
        "INVALID_REQUEST",
        "SYSTEMERROR",
        "Internal error",
        "transaction internal error",
        "RULELIMIT",
        "400",
        "A_CODE_OF_TOMORROW",
        "",
    ] {
        assert_eq!(paid(code), Means::Open, "{code}");
    }
    assert!(micropay::UNIFIED_REVERSE.reply.codes.iter().all(|row| row.means == Means::Open));
    let back = |code| meaning(&refund::UNIFIED_REFUND, code);
    for code in ["refundInfo is exists", "REFUNDINFOTEXIST", "ORDERSTATUSERROR", "SYSTEMERROR", "NEVER_SEEN"] {
        assert_eq!(back(code), Means::Open, "{code}");
    }
    for code in ["ORDERNOTEXIST", "Order not exists", "ACQ.TRADE_NOT_EXIST"] {
        assert_eq!(meaning(&wxpay_terminal::swiftpass::TRADE_QUERY, code), Means::NotKnown, "{code}");
        assert_eq!(meaning(&refund::UNIFIED_REFUND_QUERY, code), Means::NotKnown, "{code}");
    }
}

/// Protocol C.4.6, C.4.7; POS flows 3, 4, 9: each state of the queries, in one list only.
#[test]
fn the_states() {
    let ResolvedBy::Reversal(query, rules) = micropay::UNIFIED_MICROPAY.resolved_by else { panic!("no reversal") };
    assert_eq!((query.paid, query.unpaid), (&["SUCCESS"][..], &["CLOSED", "REVERSE", "REVOKED"][..]));
    assert_eq!(
        (rules.paying, rules.suspect, rules.given_back),
        (&["USERPAYING"][..], &["PAYERROR"][..], &["REFUND"][..])
    );
    assert_eq!([rules.poll, rules.again, rules.not_before].map(|time| time.as_secs()), [60, 5, 15]);
    assert_eq!(rules.window, Duration::from_secs(20 * 60));
    assert_eq!(rules.refunds.not_of, Some(("trade_type", "pay.alipay.")));
    let ResolvedBy::Query(back) = refund::UNIFIED_REFUND.resolved_by else { panic!("no query") };
    let of_refund = refund::UNIFIED_REFUND.refund().unwrap();
    assert_eq!((back.paid, back.unpaid), (&["SUCCESS"][..], &[][..]));
    assert_eq!((of_refund.taken, of_refund.again), (&["PROCESSING"][..], &["FAIL", "FAILED"][..]));
    assert_eq!(of_refund.for_a_person, ["CHANGE"]);
    for call in ENDPOINTS.iter().filter(|call| call.path.is_empty() && call.makes_order()) {
        let ResolvedBy::Order(query, rules) = call.resolved_by else { panic!("{}", call.name) };
        assert!(!query.unpaid.contains(&"PAYERROR"), "{}", call.name);
        assert!([rules.paying, rules.close_first].concat().contains(&"PAYERROR"), "{}", call.name);
        assert_eq!(rules.close.name, "unified.trade.close");
    }
}
