//! Requests to WeChat Pay's own gateway, signed as their `sign_type` says; each reply's signature is checked.

use openssl::ssl::SslConnector;

use super::*;

pub const ORDER: &str = "/pay/unifiedorder";
pub const QUERY_ORDER: &str = "/pay/orderquery";
pub const CLOSE_ORDER: &str = "/pay/closeorder";
pub const MICROPAY: &str = "/pay/micropay";
pub const REVERSE: &str = "/secapi/pay/reverse";
pub const REFUND: &str = "/secapi/pay/refund";
pub const QUERY_REFUND: &str = "/pay/refundquery";
pub const OPENID: &str = "/tools/authcodetoopenid";

/// A payment code, as WeChat's are.
pub const CODE: &str = "134512345678901234";

pub fn account() -> Pairs {
    pairs(&[("appid", APPID), ("mch_id", MCH_ID), ("nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS")])
}

/// What a query, a closing and a reversal need.
pub fn base(number: &str) -> Pairs {
    [account(), pairs(&[("out_trade_no", number)])].concat()
}

pub fn native(number: &str) -> Pairs {
    let own = pairs(&[
        ("body", "天虹百货-矿泉水"),
        ("total_fee", "888"),
        ("spbill_create_ip", "127.0.0.1"),
        ("notify_url", "https://pay.example/notify"),
        ("trade_type", "NATIVE"),
        ("product_id", "1"),
    ]);
    [base(number), own].concat()
}

pub fn micropay(number: &str, code: &str) -> Pairs {
    let own = pairs(&[
        ("body", "天虹百货-矿泉水"),
        ("attach", "一号柜台"),
        ("total_fee", "888"),
        ("spbill_create_ip", "127.0.0.1"),
        ("auth_code", code),
    ]);
    [base(number), own].concat()
}

/// A refund of `fen` of the 888 that [`micropay`] takes.
pub fn refund(number: &str, refund_number: &str, fen: u64) -> Pairs {
    let own = pairs(&[("out_refund_no", refund_number), ("refund_fee", &fen.to_string()), ("total_fee", "888")]);
    [base(number), own].concat()
}

/// A question about refunds.
pub fn by(name: &str, value: &str) -> Pairs {
    [account(), pairs(&[(name, value)])].concat()
}

pub fn is_hmac(fields: &Pairs) -> bool {
    fields.iter().any(|(name, value)| name == "sign_type" && value == "HMAC-SHA256")
}

fn signature(fields: &Pairs, is_hmac: bool) -> String {
    if is_hmac { sign::hmac_sha256(refs(fields), KEY) } else { sign::md5(refs(fields), KEY) }
}

pub fn sealed(fields: &Pairs) -> String {
    let mut fields = fields.clone();
    let signed = signature(&fields, is_hmac(&fields));
    set(&mut fields, "sign", &signed);
    xml(&fields)
}

/// With the merchant's certificate.
pub fn ask(simulator: &Simulator, path: &str, fields: &Pairs) -> Answer {
    ask_with(simulator, &merchant(simulator), path, fields)
}

pub fn ask_with(simulator: &Simulator, connector: &SslConnector, path: &str, fields: &Pairs) -> Answer {
    let answer = call_with(simulator, connector, path, &sealed(fields)).unwrap();
    if answer.get("return_code") == "SUCCESS" {
        let right = signature(&answer.pairs(), is_hmac(fields));
        assert_eq!(answer.get("sign"), right, "{}", answer.text());
        assert_eq!((answer.get("appid").is_empty(), answer.get("mch_id")), (false, MCH_ID.to_owned()));
    }
    answer
}

pub fn state(simulator: &Simulator, number: &str) -> String {
    let answer = ask(simulator, QUERY_ORDER, &base(number));
    answer.get("trade_state") + &answer.get("err_code")
}

pub fn pay(simulator: &Simulator, number: &str, code: &str) -> String {
    let answer = ask(simulator, MICROPAY, &micropay(number, code));
    if answer.get("result_code") == "SUCCESS" { "SUCCESS".into() } else { answer.get("err_code") }
}

/// SUCCESS, or the code of a refusal.
pub fn give_back(simulator: &Simulator, number: &str, refund_number: &str, fen: u64) -> String {
    let answer = ask(simulator, REFUND, &refund(number, refund_number, fen));
    if answer.get("result_code") == "SUCCESS" { "SUCCESS".into() } else { answer.get("err_code") }
}

/// refund_status_0 of one refund, or the code of a refusal.
pub fn refund_state(simulator: &Simulator, refund_number: &str) -> String {
    let answer = ask(simulator, QUERY_REFUND, &by("out_refund_no", refund_number));
    answer.get("refund_status_0") + &answer.get("err_code")
}

/// The code of a refusal, or SUCCESS, and `recall`.
pub fn reverse(simulator: &Simulator, number: &str) -> (String, String) {
    let answer = ask(simulator, REVERSE, &base(number));
    assert_eq!((answer.get("out_trade_no"), answer.get("transaction_id")), (String::new(), String::new()));
    let word = if answer.get("result_code") == "SUCCESS" { "SUCCESS".into() } else { answer.get("err_code") };
    (word, answer.get("recall"))
}

/// paid, charges, reversed.
pub fn money(simulator: &Simulator, number: &str) -> [u32; 3] {
    simulator.entry(number).map_or([0; 3], |entry| [entry.paid, entry.charges, entry.reversed])
}
