//! The published and computed answers, copied by hand.

mod client;

use client::*;
use openssl::pkey::PKey;
use wxpay_simulator::credentials::*;
use wxpay_simulator::{SignType, Simulator, sign};

#[test]
fn seed0_example() {
    let mut fields = workwx("100000982017072019616");
    let inner = sign::workwx(refs(&fields), WORKWX_SECRET);
    assert_eq!(inner, "5011850323731C459EAF502135C84B60");
    set(&mut fields, "workwx_sign", &inner);
    assert_eq!(sign::md5(refs(&fields), KEY), "E5E271F595DFF779AB783860CF8761A2");
}

#[test]
fn seed1_example() {
    let fields = pairs(&[
        ("mch_billno", "0010010404201411170000046545"),
        ("mch_id", "888"),
        ("wxappid", "wxcbda96de0b165486"),
        ("send_name", "send_name"),
        ("re_openid", "onqOjjmM1tad-3ROpncN-yUfa6uI"),
        ("total_amount", "200"),
        ("total_num", "1"),
        ("wishing", "恭喜发财"),
        ("client_ip", "127.0.0.1"),
        ("act_name", "新年红包"),
        ("remark", "新年红包"),
        ("nonce_str", "50780e0cca98c8c8e814883e5caa672e"),
    ]);
    assert_eq!(sign::md5(refs(&fields), KEY), "C41E5BC1DD957483047EA20C3662581C");
}

#[test]
fn seed2_request() {
    let mut fields = wap("1415659990");
    set(&mut fields, "mch_id", "10000100");
    assert_eq!(sign::md5(refs(&fields), KEY), "6183EB1738ACFA5127D065AD4378D347");
}

#[test]
fn seed3_request_and_appendix() {
    let fields = charge("2016062115020100000001");
    let expected = "5e07022241c8e52197b4297dac46b900b45de876";
    assert_eq!(sign::hmac_sha1(refs(&fields), "secretkey"), expected);
    let appendix = pairs(&[
        ("partner_id", "10000"),
        ("netid", "09893092"),
        ("tradeno", "20160607000001"),
        ("trandename", "printfee"),
        ("amount", "2000"),
        ("timestamp", "20150119130901"),
        ("sign", "5195f9b9116e4adf67eeebc9935d33dc683f677d"),
        ("sign_method", "HMAC"),
    ]);
    let expected = "fccd438910a4f1ebeb0a89d8be04841d3a985845";
    assert_eq!(sign::hmac_sha1(refs(&appendix), "secretkey"), expected);
}

#[test]
fn a_real_notification_verifies() {
    let fields = pairs(&[
        ("appid", "wx1f87d44db95cba7a"),
        ("charset", "UTF-8"),
        ("mch_id", "7551000001"),
        ("nonce_str", "1503283782330"),
        ("result_code", "0"),
        ("sign_type", "MD5"),
        ("status", "0"),
        ("version", "2.0"),
    ]);
    let expected = "A84E9E02DC3F29FB881AC79DD9818115";
    assert_eq!(sign::md5(refs(&fields), SWIFTPASS_KEY), expected);
}

#[test]
fn printed_examples_are_accepted_over_the_wire() {
    let simulator = Simulator::start().unwrap();
    let mut seed0 = workwx("100000982017072019616");
    set(&mut seed0, "workwx_sign", "5011850323731C459EAF502135C84B60");
    set(&mut seed0, "sign", "E5E271F595DFF779AB783860CF8761A2");
    let answer = call(&simulator, PAY, &xml(&seed0)).unwrap();
    assert_eq!(answer.get("result_code"), "SUCCESS", "{}", answer.text());

    let mut seed3 = charge("2016062115020100000001");
    set(&mut seed3, "sign", "5e07022241c8e52197b4297dac46b900b45de876");
    let answer = call(&simulator, CHARGE, &form(&seed3)).unwrap();
    assert_eq!(answer.get("retcode"), "0", "{}", answer.text());
    assert_eq!(simulator.ledger().len(), 2);
}

/// The vectors as they are printed: one string a line.
struct Vector {
    id: String,
    texts: Pairs,
    params: Pairs,
}

impl Vector {
    fn get(&self, name: &str) -> &str {
        self.texts.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

fn vectors() -> Vec<Vector> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors/vectors.json");
    let mut vectors: Vec<Vector> = Vec::new();
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let Some((name, value)) = line.trim().trim_end_matches(',').split_once("\": \"") else { continue };
        let value = value.strip_suffix('"').unwrap().replace("\\n", "\n").replace("\\\"", "\"");
        let pair = (name.trim_start_matches('"').to_owned(), value);
        match (pair.0.as_str(), vectors.last_mut()) {
            ("id", _) => vectors.push(Vector { id: pair.1, texts: Pairs::new(), params: Pairs::new() }),
            (_, Some(vector)) if line.starts_with("    ") => vector.params.push(pair),
            (_, Some(vector)) => vector.texts.push(pair),
            _ => {}
        }
    }
    vectors
}

/// Real messages of Swiftpass-type gateways, and their published keys.
#[test]
fn swiftpass_vectors() {
    let (mut right, mut checked) = (0, 0);
    for vector in vectors().iter().filter(|vector| vector.id.starts_with("swift-") && !vector.get("xml").is_empty()) {
        let message = Answer { body: vector.get("xml").as_bytes().to_vec(), ..Answer::default() };
        let signed = sign::md5(refs(&message.pairs()), vector.get("key"));
        let is_right = signed.eq_ignore_ascii_case(&message.get("sign"));
        assert_eq!(is_right, vector.get("kind") != "computed-negative", "{}", vector.id);
        right += u32::from(is_right);
        checked += 1;
    }
    assert_eq!((right, checked), (11, 12));
}

#[test]
fn the_rsa_vector() {
    let all = vectors();
    let vector = all.iter().find(|vector| vector.id == "swift-rsa-1-256").unwrap();
    assert_eq!(sign::joined(refs(&vector.params)), vector.get("string_to_sign"));
    let public = PKey::public_key_from_pem(vector.get("public_key_pem").as_bytes()).unwrap();
    let is_right = |sign_type, sign: &str| sign::is_rsa(refs(&vector.params), sign_type, sign, &public);
    assert!(is_right(SignType::Rsa256, vector.get("sign")).unwrap());
    assert!(!is_right(SignType::Rsa1, vector.get("sign")).unwrap());
    assert!(!is_right(SignType::Md5, vector.get("sign")).unwrap());
    assert!(!is_right(SignType::Rsa256, &vector.get("sign").replace("cNWr", "dNWr")).unwrap());
    let private = PKey::private_key_from_pem(vector.get("private_key_pem_TEST_ONLY").as_bytes()).unwrap();
    assert_eq!(sign::rsa_sha256(refs(&vector.params), &private).unwrap(), vector.get("sign"));
}

/// Published requests get past the signature. The first one's dates are none, as they stand.
#[test]
fn published_requests_are_read_over_the_wire() {
    let simulator = Simulator::start().unwrap();
    let all = vectors();
    let send = |id: &str, changes: &[(&str, &str)]| {
        let vector = all.iter().find(|vector| vector.id == id).unwrap();
        let mut fields = vector.params.clone();
        changes.iter().for_each(|(name, value)| set(&mut fields, name, value));
        call(&simulator, SWIFT, &if changes.is_empty() { xml(&fields) } else { signed(fields, SWIFTPASS_KEY) }).unwrap()
    };
    let real = send("swift-micropay-request", &[]);
    assert_eq!(real.get("message"), "参数错误:time_start格式错误");
    let put_right = [("time_start", "20170923042329"), ("time_expire", "20170924042429")];
    let paid = send("swift-micropay-request", &put_right);
    assert_eq!((paid.get("pay_result"), paid.get("out_trade_no")), ("0".into(), "P183216517301665664".into()));
    // Another operator's merchant; its number has a hyphen.
    let qra = send("qra-micropay-request", &[("mch_id", SWIFTPASS_MCH_ID), ("out_trade_no", "pos_qra_20240106163401")]);
    assert_eq!(qra.get("pay_result"), "0", "{}", qra.text());
}
