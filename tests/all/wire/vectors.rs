//! The known answers of `tests/vectors/vectors.json`: published ones, messages of real gateways, and computed ones.

use serde_json::Value;
use wxpay_terminal::endpoint::{Digest, Over};
use wxpay_terminal::*;

use crate::support::*;

const FILE: &str = include_str!("../../vectors/vectors.json");
const COUNTER: &str = include_str!("../../vectors/vectors-pos.json");

fn vectors() -> Vec<Value> {
    read(FILE)
}

fn read(file: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(file).unwrap();
    file["vectors"].as_array().unwrap().clone()
}

fn text<'a>(vector: &'a Value, name: &str) -> &'a str {
    vector[name].as_str().unwrap_or_default()
}

fn params(vector: &Value) -> Vec<(&str, &str)> {
    let signed = vector["signed_fields"].as_array();
    let counts = |name: &str| signed.is_none_or(|names| names.iter().any(|have| have == name));
    let all = vector["params"].as_object().unwrap().iter();
    all.filter(|(name, _)| counts(name)).map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect()
}

fn digest(vector: &Value) -> Digest {
    match text(vector, "algorithm") {
        "MD5" => Digest::Md5,
        "HMAC-SHA256" => Digest::HmacSha256,
        "HMAC-SHA1" => Digest::HmacSha1,
        other => panic!("{other}"),
    }
}

fn suffix(vector: &Value) -> Option<&'static str> {
    match text(vector, "key_param") {
        "key" => Some("&key="),
        "secret" => Some("&secret="),
        _ => None,
    }
}

/// Runs one vector with the code that the library ships. False: the operation is not shipped yet.
fn run(vector: &Value) -> bool {
    let id = text(vector, "id");
    let key = Secret::from(text(vector, "key"));
    match text(vector, "op") {
        "sign" => {
            let signature = signature(digest(vector), &params(vector), suffix(vector), &key);
            assert_eq!(signature, text(vector, "expected"), "{id}");
        }
        "digest" => {
            let signature = signature(digest(vector), &[], suffix(vector), &key);
            assert_eq!(signature.to_lowercase(), text(vector, "expected"), "{id}");
        }
        "verify-sign" => {
            let reply = read_xml(text(vector, "xml")).unwrap();
            let mut read: Vec<_> = reply.iter().collect();
            read.sort();
            assert_eq!(read, params(vector), "{id}: the reader sees the fields that were signed");
            assert_eq!(verify_signature(digest(vector), &reply, &key), Ok(()), "{id}");
        }
        "verify" => {
            let good = read_xml(text(vector, "xml")).and_then(|reply| verify_signature(digest(vector), &reply, &key));
            assert_eq!(good.is_ok(), vector["expected"].as_bool().unwrap(), "{id}: {good:?}");
        }
        "rsa-verify" => return rsa(vector),
        "aes-256-ecb-decrypt" => return req_info(vector),
        "bill-totals" => bill(vector),
        other => panic!("{id}: unknown operation {other}"),
    }
    true
}

/// More of it in `bills.rs`.
fn bill(vector: &Value) {
    let mut reader = BillReader::new();
    reader.read(text(vector, "text").as_bytes(), &mut |_| {});
    let totals = reader.end().unwrap();
    let expected = |name: &str| vector["expected"][name].as_i64().unwrap();
    assert_eq!(totals.sum(Column::TotalFee).get(), expected("order_total"));
    assert_eq!(totals.sum(Column::AppliedRefundFee).get(), expected("applied_refund_total"));
}

#[cfg(feature = "https")]
fn rsa(vector: &Value) -> bool {
    let digest = if text(vector, "algorithm").contains("SHA256") { RsaDigest::Sha256 } else { RsaDigest::Sha1 };
    let public = PublicKey::read(text(vector, "public_key_pem").as_bytes()).unwrap();
    let mut reply = Pairs::default();
    for (name, value) in params(vector) {
        reply.add(name, value).unwrap();
    }
    reply.add("sign", text(vector, "sign")).unwrap();
    let good = RsaReply::new(public, digest).verify(&reply);
    assert_eq!(good.is_ok(), vector["expected"].as_bool().unwrap(), "{}: {good:?}", text(vector, "id"));
    true
}

#[cfg(not(feature = "https"))]
fn rsa(_: &Value) -> bool {
    false
}

/// One vector has a bare AES key: `tests/unit/wire/req_info.rs` runs it.
#[cfg(feature = "https")]
fn req_info(vector: &Value) -> bool {
    let Some(key) = vector["api_key"].as_str() else { return false };
    let read = read_req_info(text(vector, "ciphertext"), &Secret::from(key)).unwrap();
    let plain = text(vector, "expected").replace("<root>", "<xml>").replace("</root>", "</xml>");
    let expected = read_xml(&plain).unwrap();
    assert!(read.iter().eq(expected.iter()), "{}: {read:?}", text(vector, "id"));
    true
}

#[cfg(not(feature = "https"))]
fn req_info(_: &Value) -> bool {
    false
}

#[test]
fn every_vector_that_the_library_has_code_for_passes() {
    let vectors = vectors();
    let left_out: Vec<_> = vectors.iter().filter(|vector| !run(vector)).map(|vector| text(vector, "id")).collect();
    println!("vectors: {} ran, left out: {left_out:?}", vectors.len() - left_out.len());
    // A bare AES key: `tests/unit/wire/req_info.rs` runs it.
    let mut expected = vec!["wechatpay-php-aes-hello"];
    if cfg!(not(feature = "https")) {
        expected.extend(["easywechat-req-info", "aes-key-leading-zero"]);
        expected.extend(["epay-reply-rsa", "epay-reply-rsa-tampered", "swift-rsa-1-256"]);
    }
    assert_eq!(left_out, expected);
    assert_eq!(vectors.len(), 39);
}

/// Of the counter: signing, verifying, the refund notification, a bill.
#[test]
fn the_vectors_of_the_counter() {
    let vectors = read(COUNTER);
    let left_out: Vec<_> = vectors.iter().filter(|vector| !run(vector)).map(|vector| text(vector, "id")).collect();
    let expected = match cfg!(feature = "https") {
        true => vec![],
        false => vec!["pos-swiftpass-micropay-rsa", "pos-refund-notify-four-leading-zeros"],
    };
    assert_eq!((left_out, vectors.len()), (expected, 6));
}

/// The string to sign, as the explanation shows it, is the one in the vectors.
#[test]
fn the_explanation_shows_the_string_that_was_signed() {
    let mut compared = 0;
    for vector in vectors().iter().filter(|v| text(v, "op") == "sign" && text(v, "key_param") == "key") {
        let fields: Vec<_> = params(vector).iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        let given = (text(vector, "algorithm") == "MD5").then(|| text(vector, "expected"));
        let explanation = explain(&redpack::SEND_REDPACK, &fields, &Secret::from(text(vector, "key")), given);
        let key = format!("&key={}", text(vector, "key"));
        let masked = text(vector, "string_to_sign").replace(&key, "&key=****");
        assert_eq!(explanation.string_to_sign, masked);
        assert_eq!(explanation.agrees, given.map(|_| true));
        compared += 1;
    }
    assert!(compared >= 10, "{compared}");
}

/// The payments by code among them are signed by the call's own table, under either sign type.
#[test]
fn a_payment_code_is_signed_as_in_the_vectors() {
    let vectors = read(COUNTER);
    for id in ["pos-micropay-md5", "pos-micropay-hmac-sign-type"] {
        let vector = vectors.iter().find(|vector| text(vector, "id") == id).unwrap();
        let fields: Vec<_> = params(vector).iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        assert!(fields.iter().all(|(name, _)| micropay::MICRO_PAY.field(name).is_some()), "{id}");
        let key = Secret::from(text(vector, "key"));
        let explanation = explain(&micropay::MICRO_PAY, &fields, &key, Some(text(vector, "expected")));
        assert_eq!(explanation.agrees, Some(true), "{id}: {explanation:?}");
    }
}

/// The eight fields of workwx_sign in our table are those of the vector that WeCom's page gives.
#[test]
fn workwx_sign_covers_the_eight_named_fields() {
    let vectors = vectors();
    let vector = vectors.iter().find(|v| text(v, "id") == "seed0-example-workwx_sign").unwrap();
    let mut names: Vec<_> = vector["signed_fields"].as_array().unwrap().iter().map(|n| n.as_str().unwrap()).collect();
    names.sort();
    let step = &workwx::PAY_WWSPTRANS2POCKET.signing[0];
    assert_eq!((step.output, step.suffix), ("workwx_sign", Some("&secret=")));
    let Over::Named(ours) = step.over else { panic!("workwx_sign is over named fields") };
    assert_eq!(ours, names);
    let last = &workwx::PAY_WWSPTRANS2POCKET.signing[1];
    assert_eq!((last.output, last.over, last.suffix), ("sign", Over::All, Some("&key=")));
}

/// And the seven of a red packet: the page's own input, by the table and by the explanation.
#[test]
fn workwx_sign_of_a_red_packet_is_that_of_the_pages_input() {
    let vectors = vectors();
    let vector = vectors.iter().find(|v| text(v, "id") == "workwx-redpack-official-input").unwrap();
    let fields = params(vector);
    let step = &workwx_redpack::SEND_WORKWX_REDPACK.signing[0];
    let Over::Named(ours) = step.over else { panic!("workwx_sign is over named fields") };
    assert_eq!(ours, fields.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    let (key, expected) = (Secret::from(text(vector, "key")), text(vector, "expected"));
    assert_eq!(signature(step.digest.unwrap(), &fields, step.suffix, &key), expected);
    let mut bytes: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    // What is not among the seven is not signed.
    bytes.push(("wishing", b"a"));
    let explanation = explain_workwx_sign(&bytes, &key, Some(expected));
    assert_eq!(explanation.agrees, Some(true), "{explanation}");
}

/// What the pipeline writes into a body is what OpenSSL makes of the body's fields.
#[test]
fn the_signatures_in_a_body_are_those_that_openssl_makes() {
    let canned = Canned::default();
    for body in [
        redpack(&canned).prepare(&red_packet("0010010404201411170000046545")).unwrap().body().to_vec(),
        workwx(&canned).prepare(&employee("100000982017072019616")).unwrap().body().to_vec(),
    ] {
        let body = String::from_utf8(body).unwrap();
        let fields = xml_fields(&body);
        let pairs: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(xml_value(&body, "sign").unwrap(), openssl_md5(&pairs, KEY));
        if let Some(workwx_sign) = xml_value(&body, "workwx_sign") {
            let eight = ["amount", "appid", "desc", "mch_id", "nonce_str", "openid", "partner_trade_no", "ww_msg_type"];
            let named: Vec<_> = pairs.iter().filter(|(name, _)| eight.contains(name)).copied().collect();
            let text = sorted(&named) + "&secret=" + WORKWX_SECRET;
            let md5 = openssl::hash::hash(openssl::hash::MessageDigest::md5(), text.as_bytes()).unwrap();
            let hex: String = md5.iter().map(|byte| format!("{byte:02X}")).collect();
            assert_eq!(workwx_sign, hex);
        }
    }
}
