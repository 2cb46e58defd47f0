//! Section Q of the protocol notes, seed 3: wxcharge, one test a row.

use wxpay_terminal::*;

use crate::support::*;
use crate::wire::quirks::{CARD, card_body, card_reply};

#[test]
fn q3_1_an_unsigned_or_unverifiable_success_is_unknown() {
    unknown(card_reply(r#"{"retcode":"0","retmsg":"ok"}"#));
    unknown(card_reply(r#"{"retcode":"0","retmsg":"ok","sign":""}"#));
    unknown(card_reply(r#"{"retcode":"0","retmsg":"ok","sign":"AAAA"}"#));
}

#[test]
fn q3_2_the_method_is_called_hmac() {
    assert!(card_body(|_| {}).unwrap().contains("sign_method=HMAC&"));
}

fn form(body: &str) -> Vec<(String, String)> {
    let decode = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            match byte {
                b'+' => bytes.push(b' '),
                b'%' => {
                    let hex = [rest.next().unwrap(), rest.next().unwrap()];
                    bytes.push(u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap());
                }
                other => bytes.push(other),
            }
        }
        String::from_utf8(bytes).unwrap()
    };
    body.split('&').map(|pair| pair.split_once('=').unwrap()).map(|(n, v)| (decode(n), decode(v))).collect()
}

/// HMAC-SHA1 by OpenSSL over the decoded fields.
fn openssl_hmac_sha1(fields: &[(String, String)], key: &str) -> String {
    let pairs: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let key = openssl::pkey::PKey::hmac(key.as_bytes()).unwrap();
    let mut signer = openssl::sign::Signer::new(openssl::hash::MessageDigest::sha1(), &key).unwrap();
    signer.update(sorted(&pairs).as_bytes()).unwrap();
    signer.sign_to_vec().unwrap().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn q3_3_sign_method_is_signed_and_sign_is_not() {
    let fields = form(&card_body(|_| {}).unwrap());
    let sign = &fields.iter().find(|(name, _)| name == "sign").unwrap().1;
    assert_eq!(*sign, openssl_hmac_sha1(&fields, "NYU-test-key-0001"));
}

#[test]
fn q3_5_any_fields_can_be_signed() {
    use wxpay_terminal::endpoint::Digest;
    let fields = [("tradeno", "20160607000001"), ("trandename", "printfee"), ("amount", "2000"), ("netid", "09893092")];
    let owned: Vec<_> = fields.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
    let ours = signature(Digest::HmacSha1, &fields, None, &Secret::from("secretkey"));
    assert_eq!(ours, openssl_hmac_sha1(&owned, "secretkey"));
}

#[test]
fn q3_6_the_timestamp_is_24_hours_china_time() {
    // 2026-11-21 17:20:00 in China, by GNU date.
    let inputs = Inputs { clock: Box::new(FixedClock(1_795_252_800)), ..inputs(&Canned::default()) };
    let account = WebgateAccount::new("https://pay.example", "10001", Secret::from("k"), SaysGood).unwrap();
    let client = Client::with_inputs(account, terminal(), inputs).unwrap();
    let prepared = client.prepare(&charge(CARD)).unwrap();
    let fields = form(std::str::from_utf8(prepared.body()).unwrap());
    assert!(fields.contains(&("timestamp".into(), "20261121172000".into())), "{fields:?}");
}

#[test]
fn q3_8_signed_raw_and_encoded_later() {
    let body = card_body(|r| r.remark = Some("校园卡 = 充值&100%")).unwrap();
    assert!(body.contains("remark=%E6%A0%A1%E5%9B%AD%E5%8D%A1+%3D+%E5%85%85%E5%80%BC%26100%25"));
    let fields = form(&body);
    assert!(fields.contains(&("remark".into(), "校园卡 = 充值&100%".into())));
    let sign = &fields.iter().find(|(name, _)| name == "sign").unwrap().1;
    assert_eq!(*sign, openssl_hmac_sha1(&fields, "NYU-test-key-0001"));
}

#[test]
fn q3_9_an_empty_value_is_left_out_of_both() {
    let body = card_body(|r| r.remark = None).unwrap();
    assert!(!body.contains("remark"));
    refused(card_body(|r| r.remark = Some("")), "remark");
}

#[test]
fn q3_10_the_signature_is_lower_case_hex() {
    let fields = form(&card_body(|_| {}).unwrap());
    let sign = &fields.iter().find(|(name, _)| name == "sign").unwrap().1;
    assert_eq!(sign.len(), 40);
    assert!(sign.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
}

#[test]
fn q3_11_retcode_may_be_text_or_number() {
    accepted(card_reply(r#"{"retcode":"0","sign":"good"}"#));
    accepted(card_reply(r#"{"retcode":0,"sign":"good"}"#));
    // 等于0表示成功: what may be a zero in another spelling is no refusal either.
    for other in ["00", "0.0", "-0", "\"00\"", "\"0000\"", "\" 0\"", "\"+0\"", "false", "\"\"", "{\"a\":1}", "\"E1\""] {
        unknown(card_reply(&format!(r#"{{"retcode":{other},"sign":"good"}}"#)));
    }
    for refusal in ["1", "-1", "\"01\"", "\"1003\""] {
        declined(card_reply(&format!(r#"{{"retcode":{refusal},"sign":"good"}}"#)));
    }
}

#[test]
fn q3_13_a_repeat_keeps_its_basics_and_its_error_says_nothing() {
    let canned = Canned::default();
    canned.then_fault(Sent::Maybe).then(&webgate_reply("1", ""));
    let client = webgate(&canned);
    let mut prepared = client.prepare(&charge(CARD)).unwrap();
    unknown(client.send(&mut prepared));
    assert_eq!(unknown(client.send(&mut prepared)).code, "1");
    let basics = |body: &str| -> Vec<_> {
        form(body).into_iter().filter(|(name, _)| !["timestamp", "sign"].contains(&name.as_str())).collect()
    };
    let sent = canned.sent();
    assert_eq!(basics(&sent[0].body), basics(&sent[1].body));
}
