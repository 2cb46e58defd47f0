//! What each reply means for the money: the design's rules, one test a rule.

use std::time::Duration;

use wxpay_terminal::endpoint::Means;
use wxpay_terminal::*;

use crate::support::red_packets::{company_packet, group_packet, miniprogram_packet};
use crate::support::*;

const NUMBER: &str = "0010010404201411170000046545";

fn send_redpack(canned: &Canned) -> Result<Outcome<RedPackSent>, Error> {
    let client = redpack(canned);
    let mut prepared = client.prepare(&red_packet(NUMBER)).unwrap();
    client.send(&mut prepared)
}

fn send_workwx(canned: &Canned) -> Result<Outcome<EmployeePaid>, Error> {
    let client = workwx(canned);
    let mut prepared = client.prepare(&employee("100000982017072019616")).unwrap();
    client.send(&mut prepared)
}

fn send_wap(canned: &Canned) -> Result<Outcome<WapOrderMade>, Error> {
    let client = swiftpass(canned);
    let mut prepared = client.prepare(&wap_order("1415659990")).unwrap();
    client.send(&mut prepared)
}

fn send_charge(canned: &Canned) -> Result<Outcome<WxCharged>, Error> {
    let client = webgate(canned);
    let mut prepared = client.prepare(&charge("2016062115020100000001")).unwrap();
    client.send(&mut prepared)
}

fn canned(body: &str) -> Canned {
    let canned = Canned::default();
    canned.then(body);
    canned
}

#[test]
fn a_proven_success_is_accepted() {
    let sent = accepted(send_redpack(&canned(&redpack_success(NUMBER, &[]))));
    assert_eq!((sent.mch_billno.as_str(), sent.send_listid.as_str()), (NUMBER, "100000000020150520314766074200"));
    let paid = accepted(send_workwx(&canned(&workwx_success("100000982017072019616", &[]))));
    assert_eq!(paid.payment_no, "1007752501201407033233368018");
    let made = is_ordered(send_wap(&canned(&wap_success(&[]))));
    assert!(made.mweb_url.ends_with("&package=1405458241"));
    let charged = accepted(send_charge(&canned(&webgate_reply("0", r#","out_trade_no":"2016062115020100000001""#))));
    assert!(charged.names_order);
}

/// Accepted needs every identifier that is echoed to be the one sent.
#[test]
fn a_success_of_something_else_is_unknown() {
    for (name, value) in [
        ("mch_billno", "0010010404201411170000046546"),
        ("mch_billno", ""),
        ("mch_id", "1900000110"),
        ("wxappid", "wx0000000000000000"),
        ("re_openid", "somebody"),
        ("total_amount", "201"),
        ("total_amount", "200.0"),
        ("send_listid", ""),
    ] {
        let doubt = unknown(send_redpack(&canned(&redpack_success(NUMBER, &[(name, value)]))));
        assert_eq!(doubt.reason, Reason::OtherOrder, "{name}={value}");
    }
    for (name, value) in
        [("partner_trade_no", "1"), ("partner_trade_no", ""), ("mch_id", "1"), ("appid", "wx1"), ("payment_no", "")]
    {
        let doubt = unknown(send_workwx(&canned(&workwx_success("100000982017072019616", &[(name, value)]))));
        assert_eq!(doubt.reason, Reason::OtherOrder, "{name}={value}");
    }
    for (name, value) in [("mch_id", "7551000002"), ("mch_id", ""), ("out_trade_no", "other"), ("mweb_url", "")] {
        unknown(send_wap(&canned(&wap_success(&[(name, value)]))));
    }
    unknown(send_wap(&canned(&wap_success(&[("mweb_url", "javascript:alert(1)")]))));
    for more in [r#","out_trade_no":"1""#, r#","amount":"1""#, r#","netid":"211""#, r#","partner_id":10002"#] {
        let doubt = unknown(send_charge(&canned(&webgate_reply("0", more))));
        assert_eq!(doubt.reason, Reason::OtherOrder, "{more}");
    }
}

#[test]
fn return_code_and_result_code_must_both_be_there_and_say_success() {
    for change in [
        [("return_code", "FAIL")],
        [("return_code", "")],
        [("return_code", "success")],
        [("result_code", "")],
        [("result_code", "OK")],
    ] {
        unknown(send_redpack(&canned(&redpack_success(NUMBER, &change))));
        unknown(send_workwx(&canned(&workwx_success("100000982017072019616", &change))));
    }
    for change in [[("status", "1")], [("status", "")], [("result_code", "")]] {
        unknown(send_wap(&canned(&wap_success(&change))));
    }
}

#[test]
fn a_success_beside_an_error_code_is_unknown() {
    for code in ["SYSTEMERROR", "NOTENOUGH", "1"] {
        unknown(send_redpack(&canned(&redpack_success(NUMBER, &[("err_code", code)]))));
    }
}

/// Every documented code on a first attempt says exactly what its row says; on a repeat, nothing.
#[test]
fn each_code_of_the_tables_on_a_first_attempt_and_on_a_repeat() {
    let mut cases = 0;
    for row in redpack::SEND_REDPACK.reply.codes {
        let first = send_redpack(&canned(&tenpay_failure(row.code)));
        expect_row(first.unwrap(), row.means, row.code);
        let repeat = canned(&tenpay_failure(row.code));
        let client = redpack(&repeat);
        let mut prepared = client.prepare_repeat(&red_packet(NUMBER)).unwrap();
        unknown(client.send(&mut prepared));
        cases += 2;
    }
    for row in workwx::PAY_WWSPTRANS2POCKET.reply.codes {
        let first = send_workwx(&canned(&tenpay_failure(row.code)));
        expect_row(first.unwrap(), row.means, row.code);
        let repeat = canned(&tenpay_failure(row.code));
        let client = workwx(&repeat);
        let mut prepared = client.prepare_repeat(&employee("1")).unwrap();
        unknown(client.send(&mut prepared));
        cases += 2;
    }
    macro_rules! each {
        ($endpoint:expr, $client:expr, $request:expr) => {
            for row in $endpoint.reply.codes {
                let once = canned(&tenpay_failure(row.code));
                let client = $client(&once);
                expect_row(client.send(&mut client.prepare(&$request).unwrap()).unwrap(), row.means, row.code);
                let repeat = canned(&tenpay_failure(row.code));
                let client = $client(&repeat);
                unknown(client.send(&mut client.prepare_repeat(&$request).unwrap()));
                cases += 2;
            }
        };
    }
    each!(group_redpack::SEND_GROUP_REDPACK, redpack, group_packet(NUMBER));
    each!(miniprogram_hb::SEND_MINIPROGRAM_HB, redpack, miniprogram_packet(NUMBER));
    each!(workwx_redpack::SEND_WORKWX_REDPACK, workwx, company_packet(NUMBER));
    println!("codes: {cases} cases");
    assert!(cases > 220);
}

pub fn expect_row<T: std::fmt::Debug>(outcome: Outcome<T>, means: Means, code: &str) {
    match (means, outcome) {
        (Means::Refused(next), Outcome::Declined(refusal)) => {
            assert_eq!((refusal.code.as_str(), refusal.next), (code, next));
        }
        (Means::Open, Outcome::Unknown(doubt)) => assert_eq!(doubt.code, code),
        (Means::RefusedUnlessKnown(_), Outcome::Unknown(doubt)) => {
            assert_eq!((doubt.code.as_str(), doubt.reason), (code, Reason::Unconfirmed));
        }
        (_, outcome) => panic!("{code}: {outcome:?}"),
    }
}

#[test]
fn what_is_allowed_next_comes_from_the_table() {
    let next = |code: &str| declined(send_redpack(&canned(&tenpay_failure(code)))).next;
    assert_eq!(next("SEND_FAILED"), Next::NewNumber);
    assert_eq!(next("NOTENOUGH"), Next::SameNumber);
    assert_eq!(next("FREQ_LIMIT"), Next::SameNumberLater(Duration::from_secs(1)));
    assert_eq!(next("NO_AUTH"), Next::Stop);
    assert_eq!(next("CA_ERROR"), Next::SameNumber);
}

#[test]
fn http_status_other_than_200_is_unknown() {
    for status in [100, 201, 204, 206, 301, 302, 400, 404, 500, 502, 503] {
        let canned = Canned::default();
        canned.then_with(&redpack_success(NUMBER, &[]), status, false);
        assert_eq!(unknown(send_redpack(&canned)).reason, Reason::Status, "{status}");
        canned.then_with(&tenpay_failure("NOTENOUGH"), status, false);
        unknown(send_redpack(&canned));
    }
}

// ---- the mark ----

#[test]
fn with_the_mark_set_neither_a_refusal_nor_a_failed_connect_is_a_proof() {
    let canned = Canned::default();
    let client = redpack(&canned);
    let mut prepared = client.prepare(&red_packet(NUMBER)).unwrap();
    assert!(!prepared.is_marked());
    canned.then_fault(Sent::Maybe).then(&tenpay_failure("NOTENOUGH")).then_fault(Sent::No);
    assert_eq!(unknown(client.send(&mut prepared)).reason, Reason::Broken);
    assert!(prepared.is_marked());
    assert_eq!(unknown(client.send(&mut prepared)).reason, Reason::EarlierAttempt);
    assert_eq!(unknown(client.send(&mut prepared)).reason, Reason::EarlierAttempt);
    canned.then(&redpack_success(NUMBER, &[]));
    accepted(client.send(&mut prepared));
    assert!(prepared.is_marked(), "the mark is never cleared");
    canned.then(&tenpay_failure("SEND_FAILED"));
    unknown(client.send(&mut prepared));
}

#[test]
fn an_attempt_that_did_not_leave_is_an_error_and_sets_no_mark() {
    let canned = Canned::default();
    let client = redpack(&canned);
    let mut prepared = client.prepare(&red_packet(NUMBER)).unwrap();
    // Two hosts: both are tried, none is reached.
    canned.then_fault(Sent::No).then_fault(Sent::No);
    let error = client.send(&mut prepared).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(!prepared.is_marked());
    canned.then(&tenpay_failure("NOTENOUGH"));
    declined(client.send(&mut prepared));
}

#[test]
fn a_proven_refusal_does_not_mark_the_next_attempt() {
    let canned = Canned::default();
    let client = redpack(&canned);
    let mut prepared = client.prepare(&red_packet(NUMBER)).unwrap();
    canned.then(&tenpay_failure("FREQ_LIMIT")).then(&tenpay_failure("NOTENOUGH")).then(&tenpay_failure("SYSTEMERROR"));
    declined(client.send(&mut prepared));
    assert!(!prepared.is_marked());
    declined(client.send(&mut prepared));
    unknown(client.send(&mut prepared));
    assert!(prepared.is_marked());
    canned.then(&tenpay_failure("NOTENOUGH"));
    unknown(client.send(&mut prepared));
}

#[test]
fn a_number_from_an_earlier_process_is_entered_with_the_mark_set() {
    let canned = Canned::default();
    let client = redpack(&canned);
    let mut prepared = client.prepare_repeat(&red_packet(NUMBER)).unwrap();
    assert!(prepared.is_marked());
    canned.then_fault(Sent::No).then_fault(Sent::No);
    assert_eq!(unknown(client.send(&mut prepared)).reason, Reason::EarlierAttempt);
}

/// A transport that panics may have sent.
#[cfg(feature = "https")]
#[test]
fn a_panic_in_the_transport_is_unknown() {
    struct Panics;
    impl Transport for Panics {
        fn post(&self, _: &Post<'_>) -> Result<Received, Fault> {
            panic!("scripted")
        }
    }
    let inputs = Inputs { transport: Box::new(Panics), ..inputs(&Canned::default()) };
    let account = RedpackAccount::new(MCH_ID, APPID, key()).unwrap();
    let client = Client::with_inputs(account, terminal(), inputs).unwrap();
    let mut prepared = client.prepare(&red_packet(NUMBER)).unwrap();
    unknown(client.send(&mut prepared));
    assert!(prepared.is_marked());
}

/// A repeat has the same fields but for the nonce and the signatures, and a connection of its own.
#[test]
fn a_repeat_is_identical_but_for_nonce_and_signature() {
    let canned = Canned::default();
    let client = workwx(&canned);
    let mut prepared = client.prepare(&employee("100000982017072019616")).unwrap();
    canned.then_fault(Sent::Maybe).then_fault(Sent::Maybe);
    let _ = client.send(&mut prepared).unwrap();
    let _ = client.send(&mut prepared).unwrap();
    let sent = canned.sent();
    let stable = |body: &str| -> Vec<(String, String)> {
        let fresh = ["nonce_str", "sign", "workwx_sign"];
        xml_fields(body).into_iter().filter(|(name, _)| !fresh.contains(&name.as_str())).collect()
    };
    assert_eq!(stable(&sent[0].body), stable(&sent[1].body));
    assert_ne!(xml_value(&sent[0].body, "nonce_str"), xml_value(&sent[1].body, "nonce_str"));
    assert_ne!(xml_value(&sent[0].body, "sign"), xml_value(&sent[1].body, "sign"));
    assert_eq!((sent[0].own_connection, sent[1].own_connection), (false, true));
    let stored: Vec<_> = prepared.fields().map(|(n, v)| (n.to_string(), v.to_string())).collect();
    assert_eq!(stored, stable(&sent[0].body), "what a journal stores is what was sent");
}

// ---- connections ----

/// On a connection that carried another exchange, a reply that nothing ties to this request proves nothing.
#[test]
fn a_reply_on_a_used_connection_counts_only_when_it_names_a_number_that_is_new() {
    let canned = Canned::default();
    canned.then_with(&tenpay_failure("NOTENOUGH"), 200, true);
    assert_eq!(unknown(send_redpack(&canned)).reason, Reason::StaleConnection);

    let named = tenpay_failure("NOTENOUGH").replace("</xml>", &format!("<mch_billno>{NUMBER}</mch_billno></xml>"));
    canned.then_with(&named, 200, true);
    declined(send_redpack(&canned));

    canned.then_with(&redpack_success(NUMBER, &[]), 200, true);
    accepted(send_redpack(&canned));

    // The same number again: the stale reply could be its own. The mark is not set after a refusal, so it is this rule
    // that holds.
    let client = redpack(&canned);
    let mut prepared = client.prepare(&red_packet(NUMBER)).unwrap();
    canned.then_with(&named, 200, true).then_with(&named, 200, true);
    declined(client.send(&mut prepared));
    assert_eq!(unknown(client.send(&mut prepared)).reason, Reason::StaleConnection);
}

#[test]
fn calls_whose_reply_names_no_order_ask_for_a_connection_of_their_own() {
    let canned = canned(&wap_success(&[]));
    is_ordered(send_wap(&canned));
    assert!(canned.sent()[0].own_connection);
    canned.then(&webgate_reply("0", ""));
    assert!(!accepted(send_charge(&canned)).names_order, "unbound");
    assert!(canned.sent()[1].own_connection);
    // A transport that reuses all the same is not believed.
    canned.then_with(&wap_success(&[]), 200, true);
    assert_eq!(unknown(send_wap(&canned)).reason, Reason::StaleConnection);
    canned.then_with(&webgate_reply("0", ""), 200, true);
    assert_eq!(unknown(send_charge(&canned)).reason, Reason::StaleConnection);
}

// ---- hosts ----

#[test]
fn the_second_host_gets_the_same_bytes_only_while_none_left_for_the_first() {
    let canned = Canned::default();
    let client = redpack(&canned);
    let mut prepared = client.prepare(&red_packet(NUMBER)).unwrap();
    canned.then_fault(Sent::No).then(&redpack_success(NUMBER, &[]));
    accepted(client.send(&mut prepared));
    let sent = canned.sent();
    assert_eq!(sent[0].url, "https://api.mch.weixin.qq.com/mmpaymkttransfers/sendredpack");
    assert_eq!(sent[1].url, "https://api2.mch.weixin.qq.com/mmpaymkttransfers/sendredpack");
    assert_eq!(sent[0].body, sent[1].body);

    let canned = Canned::default();
    canned.then_fault(Sent::Maybe).then(&redpack_success(NUMBER, &[]));
    unknown(send_redpack(&canned));
    assert_eq!(canned.sent().len(), 1, "nothing went to the second host");
}

#[test]
fn a_query_goes_to_the_second_host_at_any_time_and_says_so() {
    let canned = Canned::default();
    let client = redpack(&canned);
    canned.then_fault(Sent::Maybe).then(&tenpay_failure("NOT_FOUND"));
    match client.ask(&GetHbInfo { mch_billno: NUMBER }).unwrap() {
        Answer::NotKnown { first_host } => assert!(!first_host),
        other => panic!("{other:?}"),
    }
    canned.then(&tenpay_failure("NOT_FOUND"));
    match client.ask(&GetHbInfo { mch_billno: NUMBER }).unwrap() {
        Answer::NotKnown { first_host } => assert!(first_host),
        other => panic!("{other:?}"),
    }
}

// ---- queries ----

#[test]
fn a_query_that_names_no_order_counts_for_the_one_asked_for() {
    let canned = Canned::default();
    let client = redpack(&canned);
    let info = |change: &[(&str, &str)]| {
        changed(
            &[
                ("return_code", "SUCCESS"),
                ("result_code", "SUCCESS"),
                ("err_code", "SUCCESS"),
                ("mch_billno", NUMBER),
                ("mch_id", MCH_ID),
                ("status", "SENT"),
                ("total_amount", "200"),
            ],
            change,
        )
    };
    let ask = |body: &str, reused| {
        canned.then_with(body, 200, reused);
        client.ask(&GetHbInfo { mch_billno: NUMBER }).unwrap()
    };
    assert!(matches!(ask(&info(&[]), true), Answer::Known(HbInfo { status: HbStatus::Sent, .. })));
    assert!(matches!(ask(&info(&[("mch_billno", "")]), false), Answer::Known(_)));
    assert!(matches!(ask(&info(&[("mch_billno", "")]), true), Answer::NoAnswer(_)), "it may be another order's");
    assert!(matches!(ask(&info(&[("mch_billno", "1")]), false), Answer::NoAnswer(_)));
    assert!(matches!(ask(&info(&[("status", "")]), false), Answer::NoAnswer(_)));
    assert!(matches!(ask(&info(&[("total_amount", "x")]), false), Answer::NoAnswer(_)));
    let odd = ask(&info(&[("status", "SLEEPING")]), false);
    assert!(matches!(odd, Answer::Known(HbInfo { status: HbStatus::Other(word), .. }) if word == "SLEEPING"));
    assert!(matches!(ask(&tenpay_failure("NOT_FOUND"), true), Answer::NoAnswer(_)), "stale");
    for code in ["SYSTEMERROR", "PSYSTEMERROR", "FREQ_LIMIT", "SIGN_ERROR"] {
        assert!(matches!(ask(&tenpay_failure(code), false), Answer::NoAnswer(doubt) if doubt.code == code));
    }
}

#[test]
fn the_states_of_a_payment_to_an_employee() {
    let canned = Canned::default();
    let client = workwx(&canned);
    for (word, status) in [
        ("SUCCESS", TransferStatus::Success),
        ("FAILED", TransferStatus::Failed),
        ("PROCESSING", TransferStatus::Processing),
        ("?", TransferStatus::Other("?".into())),
    ] {
        canned.then(&reply(&[
            ("return_code", "SUCCESS"),
            ("result_code", "SUCCESS"),
            ("partner_trade_no", "1"),
            ("status", word),
            ("payment_amount", "100"),
        ]));
        match client.ask(&QueryPayEmployee { partner_trade_no: "1" }).unwrap() {
            Answer::Known(payment) => assert_eq!((payment.status, payment.payment_amount), (status, Some(fen(100)))),
            other => panic!("{other:?}"),
        }
    }
}

// ---- swiftpass ----

#[test]
fn an_order_query_is_verified_and_compared() {
    let canned = Canned::default();
    let client = swiftpass(&canned);
    let state = |fields: &[(&str, &str)]| {
        let mut all = vec![("status", "0"), ("result_code", "0"), ("mch_id", SWIFTPASS_MCH_ID)];
        all.extend(fields);
        swiftpass_signed(&all)
    };
    let ask = |body: &str| {
        canned.then(body);
        client.ask(&TradeQuery { out_trade_no: "1415659990" }).unwrap()
    };
    for (word, expected) in [
        ("SUCCESS", TradeState::Success),
        ("REFUND", TradeState::Refund),
        ("NOTPAY", TradeState::NotPay),
        ("CLOSED", TradeState::Closed),
        ("REVERSE", TradeState::Revoked),
        ("REVOKED", TradeState::Revoked),
        ("USERPAYING", TradeState::UserPaying),
        ("PAYERROR", TradeState::PayError),
        ("ACCEPT", TradeState::Other("ACCEPT".into())),
    ] {
        let body = state(&[("trade_state", word), ("out_trade_no", "1415659990"), ("total_fee", "1")]);
        assert!(matches!(ask(&body), Answer::Known(trade) if trade.trade_state == expected), "{word}");
    }
    let signed = state(&[("trade_state", "SUCCESS"), ("out_trade_no", "1415659990")]);
    assert!(matches!(ask(&signed.replace("SUCCESS", "NOTPAY")), Answer::NoAnswer(_)), "altered");
    assert!(matches!(ask(&state(&[("trade_state", "SUCCESS"), ("out_trade_no", "2")])), Answer::NoAnswer(_)));
    let unsigned = reply(&[("status", "0"), ("result_code", "1"), ("err_code", "ORDERNOTEXIST")]);
    assert!(matches!(ask(&unsigned), Answer::NoAnswer(_)), "unsigned");
    for code in ["ORDERNOTEXIST", "Order not exists"] {
        let all = [("status", "0"), ("result_code", "1"), ("mch_id", SWIFTPASS_MCH_ID), ("err_code", code)];
        assert!(matches!(ask(&swiftpass_signed(&all)), Answer::NotKnown { first_host: true }), "{code}");
    }
}

#[test]
fn a_wap_refusal_is_final_when_signed_first_and_not_about_an_order() {
    let failure = |code: &str| {
        swiftpass_signed(&[
            ("status", "0"),
            ("result_code", "1"),
            ("mch_id", SWIFTPASS_MCH_ID),
            ("err_code", code),
            ("err_msg", "失败"),
        ])
    };
    let refusal = declined(send_wap(&canned(&failure("NOAUTH"))));
    assert_eq!((refusal.code.as_str(), refusal.text.as_str(), refusal.next), ("NOAUTH", "失败", Next::NewNumber));
    declined(send_wap(&canned(&failure("total_fee:Invalid"))));
    declined(send_wap(&canned(&failure("AUTHCODE_EXPIRE"))));
    for code in [
        "ORDERPAID",
        "Order paid",
        "OUT_TRADE_NO_USED",
        "INVALID_REQUEST",
        "SYSTEMERROR",
        "transaction internal error",
        "NEVER_SEEN",
    ] {
        unknown(send_wap(&canned(&failure(code))));
    }
    unknown(send_wap(&canned(&failure("NOAUTH").replace("NOAUTH", "NOAUTX"))));
    let repeat = canned(&failure("NOAUTH"));
    let client = swiftpass(&repeat);
    let mut prepared = client.prepare_repeat(&wap_order("1415659990")).unwrap();
    unknown(client.send(&mut prepared));
}

#[test]
fn closing_an_order() {
    let canned = Canned::default();
    let client = swiftpass(&canned);
    let close = TradeClose { out_trade_no: "1415659990" };
    let ok = [("status", "0"), ("result_code", "0"), ("mch_id", SWIFTPASS_MCH_ID)];
    canned.then(&swiftpass_signed(&ok));
    assert!(matches!(client.close(&close).unwrap(), Answer::Known(_)));
    let paid = [("status", "0"), ("result_code", "1"), ("mch_id", SWIFTPASS_MCH_ID), ("err_code", "ORDERPAID")];
    canned.then(&swiftpass_signed(&paid));
    assert!(matches!(client.close(&close).unwrap(), Answer::NoAnswer(doubt) if doubt.code == "ORDERPAID"));
    assert!(canned.sent()[0].body.contains("<service>unified.trade.close</service>"));
}

// ---- webgate ----

#[test]
fn a_retcode_other_than_zero_is_a_refusal_only_when_first_and_verified() {
    let refusal = declined(send_charge(&canned(&webgate_reply("17", ""))));
    assert_eq!((refusal.code.as_str(), refusal.text.as_str(), refusal.next), ("17", "成功", Next::NewNumber));
    unknown(send_charge(&canned(r#"{"retcode":"17","retmsg":"x","sign":"bad"}"#)));
    unknown(send_charge(&canned(r#"{"retcode":"17","retmsg":"x"}"#)));
    unknown(send_charge(&canned(r#"{"retcode":"0","retmsg":"x"}"#)));
    unknown(send_charge(&canned(r#"{"retcode":"","sign":"good"}"#)));
    unknown(send_charge(&canned(r#"{"retcode":null,"sign":"good"}"#)));
    unknown(send_charge(&canned(r#"{"sign":"good"}"#)));
    unknown(send_charge(&canned(r#"{"retcode":"0","retcode":"1","sign":"good"}"#)));
    let canned = Canned::default();
    let client = webgate(&canned);
    let mut prepared = client.prepare(&charge("2016062115020100000001")).unwrap();
    canned.then_fault(Sent::Maybe).then(&webgate_reply("17", ""));
    unknown(client.send(&mut prepared));
    unknown(client.send(&mut prepared));
}

/// The operator's own format and rule.
#[test]
fn the_reply_rule_can_be_replaced() {
    struct XmlRule;
    impl ReplyRule for XmlRule {
        fn read(&self, body: &[u8], _: Option<&str>) -> Result<Pairs, &'static str> {
            read_xml(std::str::from_utf8(body).map_err(|_| "not UTF-8")?)
        }
        fn verify(&self, reply: &Pairs) -> Result<(), &'static str> {
            if reply.get("mac") == Some("42") { Ok(()) } else { Err("no mac") }
        }
    }
    let account = WebgateAccount::new("https://pay.example", "10001", Secret::from("k"), XmlRule).unwrap();
    let canned = Canned::default();
    let client = Client::with_inputs(account, terminal(), inputs(&canned)).unwrap();
    let mut prepared = client.prepare(&charge("1")).unwrap();
    canned.then("<xml><retcode>0</retcode><mac>42</mac></xml>");
    accepted(client.send(&mut prepared));
}

/// A `Prepared` belongs to the account that made it.
#[test]
fn a_request_prepared_for_another_account_is_not_sent() {
    let canned = Canned::default();
    let mut prepared = redpack(&canned).prepare(&red_packet(NUMBER)).unwrap();
    let other = RedpackAccount::new("1900000110", APPID, key()).unwrap();
    let other = Client::with_inputs(other, terminal(), inputs(&canned)).unwrap();
    refused(other.send(&mut prepared), "account");
    assert!(canned.sent().is_empty());
}

/// "Not found" names no order. On a used connection the question is asked again, on a connection of its own.
#[test]
fn a_stale_not_found_is_asked_again() {
    let canned = Canned::default();
    let client = redpack(&canned);
    canned.then_with(&tenpay_failure("NOT_FOUND"), 200, true).then(&tenpay_failure("NOT_FOUND"));
    let answer = client.ask(&GetHbInfo { mch_billno: NUMBER }).unwrap();
    assert!(matches!(answer, Answer::NotKnown { first_host: true }));
    let own: Vec<_> = canned.sent().iter().map(|sent| sent.own_connection).collect();
    assert_eq!(own, [false, true]);
}

/// For `ask`, too, an Error means that nothing left.
#[test]
fn a_query_that_reached_one_host_is_no_error() {
    let canned = Canned::default();
    let client = redpack(&canned);
    canned.then_fault(Sent::Maybe).then_fault(Sent::No);
    assert!(matches!(client.ask(&GetHbInfo { mch_billno: NUMBER }), Ok(Answer::NoAnswer(_))));
    canned.then_fault(Sent::No).then_fault(Sent::Maybe);
    assert!(matches!(client.ask(&GetHbInfo { mch_billno: NUMBER }), Ok(Answer::NoAnswer(_))));
    canned.then_fault(Sent::No).then_fault(Sent::No);
    assert!(client.ask(&GetHbInfo { mch_billno: NUMBER }).is_err());
}

/// The caller's own rule is called after bytes have left.
#[cfg(feature = "https")]
#[test]
fn a_panic_in_the_reply_rule_is_unknown() {
    struct Panics;
    impl ReplyRule for Panics {
        fn verify(&self, _: &Pairs) -> Result<(), &'static str> {
            panic!("scripted")
        }
    }
    let account = WebgateAccount::new("https://pay.example", "10001", Secret::from("k"), Panics).unwrap();
    let canned = Canned::default();
    canned.then(&webgate_reply("0", ""));
    let client = Client::with_inputs(account, terminal(), inputs(&canned)).unwrap();
    let mut prepared = client.prepare(&charge("1")).unwrap();
    assert_eq!(unknown(client.send(&mut prepared)).reason, Reason::Panic);
    assert!(prepared.is_marked());
}

/// The natural retry: the number is prepared again. This client left it open, so a refusal says nothing of the first attempt.
#[test]
fn a_number_that_was_left_open_is_a_repeat() {
    let canned = Canned::default();
    let client = redpack(&canned);
    let number = "100000982017072019616";
    let again = |canned: &Canned, code: &str| {
        canned.then(&tenpay_failure(code));
        let mut prepared = client.prepare(&red_packet(number)).unwrap();
        (prepared.is_marked(), client.send(&mut prepared))
    };
    canned.then_fault(Sent::Maybe);
    unknown(client.send(&mut client.prepare(&red_packet(number)).unwrap()));
    let (marked, came) = again(&canned, "NOTENOUGH");
    assert!(marked);
    assert_eq!(unknown(came).reason, Reason::EarlierAttempt);
    // Two that were made before the first of them was sent.
    let other = "100000982017072019618";
    let mut made = [(); 2].map(|()| client.prepare(&red_packet(other)).unwrap());
    canned.then_fault(Sent::Maybe).then(&tenpay_failure("NOTENOUGH"));
    for prepared in &mut made {
        unknown(client.send(prepared));
    }
    // Another number is none of it; what was proven is forgotten.
    assert!(!client.prepare(&red_packet("100000982017072019617")).unwrap().is_marked());
    canned.then(&redpack_success(number, &[]));
    accepted(client.send(&mut client.prepare(&red_packet(number)).unwrap()));
    assert!(!client.prepare(&red_packet(number)).unwrap().is_marked());
}
