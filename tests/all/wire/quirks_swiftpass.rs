//! Section Q of the protocol notes, seed 2: pay.weixin.wap, one test a row.

use wxpay_terminal::*;

use crate::support::*;
use crate::wire::quirks::{WAP, signed_as_openssl, wap_body, wap_reply};

#[test]
fn q2_1_the_url_is_a_setting() {
    let canned = Canned::default();
    canned.then(&wap_success(&[]));
    let client = swiftpass(&canned);
    is_ordered(client.send(&mut client.prepare(&wap_order(WAP)).unwrap()));
    assert_eq!(canned.sent()[0].url, "https://gateway.example/pay/gateway");
}

#[test]
fn q2_2_result_code_0_and_success_are_success() {
    is_ordered(wap_reply(&wap_success(&[("result_code", "0")])));
    is_ordered(wap_reply(&wap_success(&[("result_code", "SUCCESS")])));
    for other in ["1", "FAIL", "success", "00", " 0"] {
        unknown(wap_reply(&wap_success(&[("result_code", other)])));
    }
}

#[test]
fn q2_3_equal_duplicates_collapse_and_different_ones_are_refused() {
    let twice = |first: &str, second: &str| {
        let signed = wap_success(&[("appid", first)]);
        let element = |value: &str| format!("<appid><![CDATA[{value}]]></appid>");
        signed.replace("</xml>", &format!("{}</xml>", element(second)))
    };
    is_ordered(wap_reply(&twice("wx2421b1c4370ec43b", "wx2421b1c4370ec43b")));
    let doubt = unknown(wap_reply(&twice("wx2421b1c4370ec43b", "wx2421b1c4370ec43c")));
    assert_eq!(doubt.text, "one name has two values");
}

#[test]
fn q2_4_the_text_may_be_err_code_des_or_err_msg() {
    for name in ["err_code_des", "err_msg"] {
        let body = swiftpass_signed(&[
            ("status", "0"),
            ("mch_id", SWIFTPASS_MCH_ID),
            ("result_code", "1"),
            ("err_code", "AUTHCODE_EXPIRE"),
            (name, "二维码已过期, 请刷新再试"),
        ]);
        assert_eq!(declined(wap_reply(&body)).text, "二维码已过期, 请刷新再试");
    }
}

#[test]
fn q2_5_total_fee_is_required() {
    assert_eq!(xml_value(&wap_body(|_| {}).unwrap(), "total_fee").unwrap(), "1");
    refused(wap_body(|r| r.total_fee = Fen::ZERO), "total_fee");
}

#[test]
fn q2_6_sub_fields_are_required_unless_the_account_waives_them() {
    refused(wap_body(|r| r.sub_openid = None), "sub_openid");
    let account =
        || SwiftpassAccount::new("https://gateway.example/pay", SWIFTPASS_MCH_ID, Secret::from(SWIFTPASS_KEY)).unwrap();
    let client = |account| Client::with_inputs(account, terminal(), inputs(&Canned::default())).unwrap();
    refused(client(account()).prepare(&wap_order(WAP)), "sub_appid");
    let order = WapOrder { sub_openid: None, ..wap_order(WAP) };
    let prepared = client(account().without_sub_fields()).prepare(&order).unwrap();
    assert!(!String::from_utf8_lossy(prepared.body()).contains("sub_"));
}

#[test]
fn q2_7_absent_defaults_are_neither_demanded_nor_added() {
    is_ordered(wap_reply(&wap_success(&[("version", ""), ("charset", "")])));
    let body = wap_body(|_| {}).unwrap();
    assert!(!body.contains("version") && !body.contains("charset") && !body.contains("sign_type"));
    signed_as_openssl(&body, SWIFTPASS_KEY);
}

#[test]
fn q2_8_the_replys_own_sign_type_never_counts() {
    is_ordered(wap_reply(&wap_success(&[("sign_type", "RSA_1_256")])));
    // Signed with HMAC-SHA256 and saying so: still not MD5.
    let fields = [("status", "0"), ("result_code", "0"), ("mch_id", SWIFTPASS_MCH_ID), ("sign_type", "HMAC-SHA256")];
    let text = sorted(&fields) + "&key=" + SWIFTPASS_KEY;
    let key = openssl::pkey::PKey::hmac(SWIFTPASS_KEY.as_bytes()).unwrap();
    let mut signer = openssl::sign::Signer::new(openssl::hash::MessageDigest::sha256(), &key).unwrap();
    signer.update(text.as_bytes()).unwrap();
    let hex: String = signer.sign_to_vec().unwrap().iter().map(|byte| format!("{byte:02X}")).collect();
    let mut all = fields.to_vec();
    all.push(("sign", &hex));
    assert_eq!(unknown(wap_reply(&reply(&all))).reason, Reason::Unverified);
}

#[test]
fn q2_9_the_shorter_length_holds() {
    let row = |name| swiftpass::WAP_ORDER.field(name).unwrap().longest;
    assert_eq!((row("out_trade_no"), row("mch_id"), row("attach")), (32, 32, 128));
}

#[test]
fn q2_10_long_urls_with_raw_and_escaped_ampersands() {
    let url = format!("https://wx.tenpay.com/checkmweb?prepay_id=1&package=2&redirect_url={}", "x".repeat(500));
    let in_cdata = wap_success(&[("mweb_url", &url)]);
    assert_eq!(is_ordered(wap_reply(&in_cdata)).mweb_url, url);
    let escaped = url.replace('&', "&amp;");
    let outside = in_cdata.replace(&format!("<![CDATA[{url}]]>"), &escaped);
    assert!(outside.contains("&amp;package"));
    assert_eq!(is_ordered(wap_reply(&outside)).mweb_url, url);
}

#[test]
fn q2_12_trade_type_is_an_open_word() {
    for word in ["pay.weixin.wap", "MWEB", "something.new"] {
        assert_eq!(is_ordered(wap_reply(&wap_success(&[("trade_type", word)]))).trade_type.unwrap(), word);
    }
}

#[test]
fn q2_13_message_never_decides() {
    is_ordered(wap_reply(&wap_success(&[("message", "签名失败")])));
    is_ordered(wap_reply(&wap_success(&[("message", "")])));
}

#[test]
fn q2_14_unknown_codes_are_read() {
    let body = swiftpass_signed(&[
        ("status", "0"),
        ("mch_id", SWIFTPASS_MCH_ID),
        ("result_code", "1"),
        ("err_code", "有中文 and blanks"),
    ]);
    assert_eq!(unknown(wap_reply(&body)).code, "有中文 and blanks");
}

#[test]
fn q2_15_cdata_and_plain_elements_may_mix() {
    let body = wap_success(&[]).replace("<status><![CDATA[0]]></status>", "<status>0</status>");
    let body = body.replace("<result_code><![CDATA[0]]></result_code>", "<result_code>0</result_code>");
    is_ordered(wap_reply(&body));
}

#[test]
fn q2_16_sign_is_md5_over_the_sorted_fields() {
    signed_as_openssl(&wap_body(|_| {}).unwrap(), SWIFTPASS_KEY);
}

#[test]
fn q2_17_texts_are_signed_verbatim() {
    let body = wap_success(&[("message", "二维码已过期, 请刷新再试 ")]);
    is_ordered(wap_reply(&body));
    unknown(wap_reply(&body.replace("过期, 请", "过期，请")));
    unknown(wap_reply(&body.replace("再试 ", "再试")));
}

#[test]
fn q2_18_notification_query_and_close_are_there() {
    let notice = notification(&[]);
    let paid = swiftpass_account().notification(notice.as_bytes()).unwrap();
    paid.matches(&StoredOrder { out_trade_no: WAP, total_fee: fen(1) }).unwrap();
    assert_eq!(swiftpass::TRADE_QUERY.name, "unified.trade.query");
    assert_eq!(swiftpass::TRADE_CLOSE.name, "unified.trade.close");
}

fn notification(change: &[(&str, &str)]) -> String {
    let mut fields = vec![
        ("status", "0"),
        ("result_code", "0"),
        ("pay_result", "0"),
        ("mch_id", SWIFTPASS_MCH_ID),
        ("out_trade_no", WAP),
        ("total_fee", "1"),
        ("transaction_id", "7551000001201704215167208590"),
        ("time_end", "20170421112947"),
        ("sign_type", "MD5"),
    ];
    for (name, value) in change {
        fields.retain(|(have, _)| have != name);
        if !value.is_empty() {
            fields.push((name, value));
        }
    }
    swiftpass_signed(&fields)
}

/// Protocol C.6: each check that a notification must pass before the reply text exists.
#[test]
fn q2_18_a_notification_that_differs_is_refused() {
    let account = swiftpass_account();
    let order = StoredOrder { out_trade_no: WAP, total_fee: fen(1) };
    for (change, reason) in [
        (("out_trade_no", "1415659991"), "out_trade_no is not the stored one"),
        (("total_fee", "100"), "total_fee is not the stored one"),
        (("total_fee", ""), "total_fee is not the stored one"),
        (("mch_id", "7551000002"), "mch_id is not the account's"),
        (("pay_result", "1"), "it does not say that the order is paid"),
        (("pay_result", ""), "it does not say that the order is paid"),
        (("result_code", "1"), "it does not say that the order is paid"),
        // A number that nobody can see names no payment.
        (("transaction_id", ""), "it has no transaction_id"),
        (("transaction_id", " "), "it has no transaction_id"),
        (("transaction_id", "\u{3000}"), "it has no transaction_id"),
    ] {
        let notice = account.notification(notification(&[change]).as_bytes()).unwrap();
        assert_eq!(notice.matches(&order).unwrap_err().reason(), reason, "{change:?}");
    }
    let tampered = notification(&[]).replace("<total_fee><![CDATA[1]]>", "<total_fee><![CDATA[2]]>");
    assert_eq!(account.notification(tampered.as_bytes()).unwrap_err().reason(), "the signature is wrong");
    assert!(account.notification(notification(&[("status", "1")]).as_bytes()).is_err());
    assert!(account.notification(b"<xml><status>0</status></xml>").is_err());
    assert!(account.notification(b"").is_err());
    assert!(account.notification(&[0xFF; 8]).is_err());
    assert!(account.notification(&vec![b' '; 70_000]).is_err());
}

#[test]
fn q2_18_only_a_durable_record_releases_the_reply_text() {
    let notice = swiftpass_account().notification(notification(&[]).as_bytes()).unwrap();
    let paid = notice.matches(&StoredOrder { out_trade_no: WAP, total_fee: fen(1) }).unwrap();
    assert_eq!(paid.reply_after(|_| Err("the disk is full")), Err("the disk is full"));
    assert_eq!(paid.reply_after(|_| Ok::<(), &str>(())), Ok("success"));
}

#[test]
fn q2_20_extra_fields_are_signed() {
    is_ordered(wap_reply(&wap_success(&[("device_info", "1000"), ("uuid", "5f"), ("new_field", "x")])));
    let altered = wap_success(&[("new_field", "x")]).replace("<new_field><![CDATA[x]]>", "<new_field><![CDATA[y]]>");
    unknown(wap_reply(&altered));
}

#[test]
fn q2_21_zeros_and_single_blanks_are_signed() {
    is_ordered(wap_reply(&wap_success(&[("coupon_fee", "0"), ("attach", " ")])));
    unknown(wap_reply(&wap_success(&[("coupon_fee", "0")]).replace("<coupon_fee><![CDATA[0]]></coupon_fee>", "")));
    let empty = wap_success(&[]).replace("</xml>", "<attach></attach></xml>");
    is_ordered(wap_reply(&empty));
}

#[test]
fn q2_22_an_unsigned_failure_is_unknown() {
    let doubt = unknown(wap_reply(&reply(&[("status", "400"), ("message", "Signature error")])));
    assert_eq!(doubt.text, "Signature error");
}
