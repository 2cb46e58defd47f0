//! 签名错误: the offline explanation finds the classic mistakes.

use wxpay_terminal::*;

use crate::support::*;

const FIELDS: [(&str, &[u8]); 4] =
    [("mch_id", b"888"), ("mch_billno", b"1"), ("act_name", "新年红包".as_bytes()), ("total_amount", b"200")];

fn findings(fields: &[(&str, &[u8])], key: &str, given: Option<&str>) -> Vec<(String, &'static str)> {
    let explanation = explain(&redpack::SEND_REDPACK, fields, &Secret::from(key), given);
    explanation.findings.iter().map(|finding| (finding.field.clone(), finding.text)).collect()
}

#[track_caller]
fn finds(fields: &[(&str, &[u8])], key: &str, given: Option<&str>, field: &str, words: &str) {
    let found = findings(fields, key, given);
    assert!(found.iter().any(|(name, text)| name == field && text.contains(words)), "{found:?}");
}

#[test]
fn nothing_is_wrong_with_a_right_request() {
    assert_eq!(findings(&FIELDS, KEY, None), []);
    let pairs: Vec<_> = FIELDS.iter().map(|(n, v)| (*n, std::str::from_utf8(v).unwrap())).collect();
    let right = openssl_md5(&pairs, KEY);
    let explanation = explain(&redpack::SEND_REDPACK, &FIELDS, &key(), Some(&right));
    assert_eq!((explanation.agrees, explanation.findings.len()), (Some(true), 0));
}

#[test]
fn each_classic_mistake_is_named() {
    let with = |name: &'static str, value: &'static [u8]| [FIELDS.to_vec(), vec![(name, value)]].concat();
    finds(&with("sign_type", b"MD5"), KEY, None, "sign_type", "MD5 only");
    finds(&with("total_num ", b"1"), KEY, None, "total_num ", "no such field");
    finds(&with("remark", &[0xB7, 0xA2]), KEY, None, "remark", "not UTF-8");
    finds(&with("remark", b"hello "), KEY, None, "remark", "blank");
    finds(&with("remark", b" hello"), KEY, None, "remark", "blank");
    finds(&with("remark", b"%E6%96%B0"), KEY, None, "remark", "url-encoded");
    finds(&with("remark", b"a&amp;b"), KEY, None, "remark", "XML-escaped");
    finds(&with("remark", b"<![CDATA[a]]>"), KEY, None, "remark", "XML-escaped");
    finds(&with("mch_id", b"889"), KEY, None, "mch_id", "twice");
    finds(&FIELDS, "0123456789abcdef0123456789ABCDE", None, "key", "32 characters");
    finds(&FIELDS, "0123456789abcdef0123456789ABCDEF\n", None, "key", "line break");
    finds(&FIELDS, "", None, "key", "empty");
    finds(&FIELDS, KEY, Some("abcdefabcdefabcdefabcdefabcdefab"), "sign", "upper-case");
    finds(&FIELDS, KEY, Some("ABC"), "sign", "wrong length");
}

#[test]
fn workwx_sign_over_all_fields_is_found() {
    let fields: Vec<(&str, &[u8])> = vec![
        ("amount", b"100"),
        ("appid", b"wx1"),
        ("check_name", b"NO_CHECK"),
        ("desc", b"d"),
        ("mch_id", b"1"),
        ("nonce_str", b"n"),
        ("openid", b"o"),
        ("partner_trade_no", b"p"),
        ("ww_msg_type", b"NORMAL_MSG"),
    ];
    let pairs: Vec<_> = fields.iter().map(|(n, v)| (*n, std::str::from_utf8(v).unwrap())).collect();
    let text = sorted(&pairs) + "&secret=" + WORKWX_SECRET;
    let over_all = openssl::hash::hash(openssl::hash::MessageDigest::md5(), text.as_bytes()).unwrap();
    let hex: String = over_all.iter().map(|byte| format!("{byte:02X}")).collect();
    let explanation = explain_workwx_sign(&fields, &Secret::from(WORKWX_SECRET), Some(&hex));
    assert_eq!(explanation.agrees, Some(false));
    assert!(explanation.findings.iter().any(|finding| finding.text.contains("covers all fields")));
    assert!(!explanation.string_to_sign.contains("check_name"));
    assert!(explanation.string_to_sign.ends_with("&secret=****"));
    let missing = explain_workwx_sign(&fields[1..], &Secret::from(WORKWX_SECRET), None);
    assert!(missing.findings.iter().any(|finding| finding.field == "amount"));
}

/// Neither the key nor the right signature can be read out of an explanation.
#[test]
fn an_explanation_shows_neither_key_nor_signature() {
    let pairs: Vec<_> = FIELDS.iter().map(|(n, v)| (*n, std::str::from_utf8(v).unwrap())).collect();
    let right = openssl_md5(&pairs, KEY);
    let explanation = explain(&redpack::SEND_REDPACK, &FIELDS, &key(), Some("0".repeat(32).as_str()));
    for text in [format!("{explanation}"), format!("{explanation:?}")] {
        assert!(!text.contains(KEY) && !text.contains(&right), "{text}");
    }
}

#[test]
fn hmac_sha1_has_no_suffix_and_is_lower_case() {
    let fields: Vec<(&str, &[u8])> = vec![("amount", b"1"), ("sign_method", b"HMAC")];
    let explanation = explain(&webgate::WXCHARGE, &fields, &Secret::from("k"), Some(&"A".repeat(40)));
    assert_eq!(explanation.string_to_sign, "amount=1&sign_method=HMAC");
    assert!(explanation.findings.iter().any(|finding| finding.text.contains("lower-case")));
}
