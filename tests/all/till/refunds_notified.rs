//! Refund notifications in the till (POS ruling 9, flows 6): a hint that makes it ask. The cipher text is OpenSSL's.

use openssl::symm::{Cipher, encrypt};
use wxpay_terminal::*;

use crate::support::counter::*;
use crate::support::wxpay::*;
use crate::support::*;
use crate::till::refunds::{give_back, sold};

/// What the gateway would send: these fields under the lower-case hex MD5 of the key (protocol F.3).
pub fn notification(api_key: &str, fields: &[(&str, &str)]) -> String {
    let plain = reply(fields).replace("<xml>", "<root>").replace("</xml>", "</root>");
    outer(&encrypted(api_key, plain.as_bytes()), &[])
}

fn encrypted(api_key: &str, plain: &[u8]) -> String {
    let digest = openssl::hash::hash(openssl::hash::MessageDigest::md5(), api_key.as_bytes()).unwrap();
    let key: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    openssl::base64::encode_block(&encrypt(Cipher::aes_256_ecb(), key.as_bytes(), None, plain).unwrap())
}

fn outer(req_info: &str, change: &[(&str, &str)]) -> String {
    let fields =
        [("return_code", "SUCCESS"), ("appid", APPID), ("mch_id", MCH_ID), ("nonce_str", "n"), ("req_info", req_info)];
    changed(&fields, change)
}

fn of_refund<'a>(number: &'a str, order: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("out_refund_no", number),
        ("out_trade_no", order),
        ("refund_fee", "300"),
        ("refund_id", "50302611282026112800000000001"),
        ("refund_status", "SUCCESS"),
        ("success_time", "2026-11-28 10:22:45"),
        ("total_fee", "888"),
        ("transaction_id", "1009660380201506130728806387"),
    ]
}

/// A refund on its way, and its notification.
fn on_its_way() -> (Counter, Till, String, String) {
    let (shop, till, order) = sold();
    shop.takes(300);
    let number = taken(give_back(&till, "return 1", &order, 300)).order_number;
    shop.forget();
    shop.pass(1);
    (shop, till, number, order)
}

#[test]
fn it_makes_the_till_ask() {
    let (shop, till, number, order) = on_its_way();
    let body = notification(KEY, &of_refund(&number, &order));
    shop.row("SUCCESS", 300);
    let told = till.refund_notified(body.as_bytes()).unwrap();
    assert!(told.entry.is_paid() && told.reply.contains("SUCCESS"));
    assert_eq!((shop.names(), shop.states()), (vec!["refundquery".to_string()], vec!["paid", "paid"]));
    // It comes again: answered, and nothing is asked.
    till.refund_notified(body.as_bytes()).unwrap();
    assert_eq!(shop.names().len(), 1);
}

/// It settles nothing by itself: the query says what is true, or it comes again.
#[test]
fn it_proves_nothing() {
    let (shop, till, number, order) = on_its_way();
    let body = notification(KEY, &of_refund(&number, &order));
    shop.row("PROCESSING", 300);
    till.refund_notified(body.as_bytes()).unwrap();
    assert_eq!(shop.states(), ["paid", "refunding"]);
    shop.pass(1);
    shop.answers_nothing();
    assert!(till.refund_notified(body.as_bytes()).is_err());
    assert_eq!(shop.states(), ["paid", "refunding"]);
    // It says SUCCESS, the query says CHANGE: a person.
    shop.pass(1);
    shop.row("CHANGE", 300);
    till.refund_notified(body.as_bytes()).unwrap();
    assert_eq!(shop.states(), ["paid", "for a person"]);
}

/// Cut, of another key or merchant, about another refund: refused, and nothing is asked.
#[test]
fn what_is_no_refund_of_ours() {
    let (shop, till, number, order) = on_its_way();
    let fields = of_refund(&number, &order);
    let good = notification(KEY, &fields);
    let req_info = xml_req_info(&good);
    let with = |name: &'static str, value: &'static str| {
        let mut fields = fields.clone();
        fields.iter_mut().filter(|(have, _)| *have == name).for_each(|field| field.1 = value);
        notification(KEY, &fields)
    };
    let cut = outer(&openssl::base64::encode_block(&decoded(&req_info)[..40]), &[]);
    let flipped = {
        let mut bytes = decoded(&req_info);
        bytes[5] ^= 1;
        outer(&openssl::base64::encode_block(&bytes), &[])
    };
    let plain = |text: &str| outer(&encrypted(KEY, text.as_bytes()), &[]);
    for (what, body) in [
        ("another key", notification("0123456789abcdef0123456789ABCDEE", &fields)),
        ("cut", cut),
        ("a block was changed", flipped),
        ("no base64", outer("$$$$", &[])),
        ("empty", outer("", &[])),
        ("another merchant", changed_outer(&req_info, "mch_id", "1900000110")),
        ("another appid", changed_outer(&req_info, "appid", "wx0000000000000009")),
        ("of a sub-merchant", changed_outer(&req_info, "sub_mch_id", SUB_MCH_ID)),
        ("a failed exchange", reply(&[("return_code", "FAIL"), ("return_msg", "x")])),
        ("another refund", with("out_refund_no", "202611210000000000")),
        ("another order", with("out_trade_no", "202611210000000000")),
        ("another total", with("total_fee", "887")),
        ("a lower amount", with("refund_fee", "299")),
        ("a higher amount", with("refund_fee", "301")),
        ("no amount", with("refund_fee", "")),
        ("not UTF-8", outer(&encrypted(KEY, b"<root>\xFF\xFE</root>"), &[])),
        ("no root", plain("out_refund_no=1")),
        ("another root", plain("<xml><out_refund_no>1</out_refund_no></xml>")),
        ("a DTD", plain("<!DOCTYPE root><root><out_refund_no>1</out_refund_no></root>")),
        ("a name twice", plain("<root><refund_fee>1</refund_fee><refund_fee>2</refund_fee></root>")),
        ("too long", "x".repeat(70_000)),
    ] {
        let fault = till.refund_notified(body.as_bytes()).unwrap_err();
        assert!(!fault.reason().is_empty(), "{what}");
    }
    // Good padding by chance under a wrong key, once in 256: the text is none.
    let mut by_chance = 0;
    for last in 0..=255_u8 {
        let mut bytes = decoded(&req_info);
        let at = bytes.len() - 17;
        bytes[at] = last;
        let body = outer(&openssl::base64::encode_block(&bytes), &[]);
        by_chance += usize::from(till.refund_notified(body.as_bytes()).is_ok());
    }
    assert!(by_chance <= 1, "only the block as it was");
    assert!(shop.names().iter().all(|call| call == "refundquery") && shop.names().len() <= 1);
    shop.forget();
    // A payment's notification is none, and a sale is no refund.
    assert!(till.refund_notified(wxpay_signed(SignType::Md5, &[]).as_bytes()).is_err());
    assert!(till.refund_notified(notification(KEY, &of_refund(&order, &order)).as_bytes()).is_err());
    assert!(shop.names().is_empty());
}

fn xml_req_info(body: &str) -> String {
    let (_, rest) = body.split_once("<req_info><![CDATA[").unwrap();
    rest.split_once("]]>").unwrap().0.into()
}

fn decoded(text: &str) -> Vec<u8> {
    openssl::base64::decode_block(text).unwrap()
}

fn changed_outer(req_info: &str, name: &str, value: &str) -> String {
    outer(req_info, &[(name, value)])
}
