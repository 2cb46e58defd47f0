//! Section Q of the protocol notes, seed 0: paywwsptrans2pocket, one test a row.

use wxpay_terminal::*;

use crate::support::*;
use crate::wire::quirks::{PAY, pay_body, pay_reply, signed_as_openssl};

#[test]
fn q0_1_approval_msg_has_no_blank() {
    let body = pay_body(|r| r.ww_msg_type = WwMsgType::Approval { approval_number: "201705160008" }).unwrap();
    assert_eq!(xml_value(&body, "ww_msg_type").unwrap(), "APPROVAL_MSG");
    assert!(!body.contains("APPROVAL _MSG"));
}

#[test]
fn q0_2_an_approval_has_its_number_and_type_and_a_normal_message_has_neither() {
    let body = pay_body(|r| r.ww_msg_type = WwMsgType::Approval { approval_number: "201705160008" }).unwrap();
    assert_eq!(xml_value(&body, "approval_number").unwrap(), "201705160008");
    assert_eq!(xml_value(&body, "approval_type").unwrap(), "1");
    let normal = pay_body(|_| {}).unwrap();
    assert!(!normal.contains("approval_"));
    refused(pay_body(|r| r.ww_msg_type = WwMsgType::Approval { approval_number: "" }), "approval_number");
}

#[test]
fn q0_3_force_check_needs_a_name_and_no_check_may_have_one() {
    refused(pay_body(|r| r.check_name = CheckName::ForceCheck { re_user_name: "" }), "re_user_name");
    let body = pay_body(|r| r.check_name = CheckName::NoCheck { re_user_name: Some("张三") }).unwrap();
    assert_eq!(xml_value(&body, "re_user_name").unwrap(), "张三");
    signed_as_openssl(&body, KEY);
}

#[test]
fn q0_4_workwx_sign_is_32_upper_case_hex() {
    let sign = xml_value(&pay_body(|_| {}).unwrap(), "workwx_sign").unwrap();
    assert_eq!(sign.len(), 32);
    assert!(sign.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b)));
}

#[test]
fn q0_6_only_eight_fields_are_in_workwx_sign() {
    let body = pay_body(|_| {}).unwrap();
    let eight = ["amount", "appid", "desc", "mch_id", "nonce_str", "openid", "partner_trade_no", "ww_msg_type"];
    let values: Vec<_> = eight.iter().map(|name| (*name, xml_value(&body, name).unwrap())).collect();
    let pairs: Vec<_> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let text = sorted(&pairs) + "&secret=" + WORKWX_SECRET;
    let md5 = openssl::hash::hash(openssl::hash::MessageDigest::md5(), text.as_bytes()).unwrap();
    let hex: String = md5.iter().map(|byte| format!("{byte:02X}")).collect();
    assert_eq!(xml_value(&body, "workwx_sign").unwrap(), hex);
}

#[test]
fn q0_7_one_nonce_for_both_signatures_and_sign_comes_last() {
    let body = pay_body(|_| {}).unwrap();
    assert_eq!(body.matches("<nonce_str>").count(), 1);
    assert!(body.find("<workwx_sign>").unwrap() < body.find("<sign>").unwrap());
    signed_as_openssl(&body, KEY);
}

#[test]
fn q0_8_an_appid_has_no_fixed_length() {
    for appid in ["ww1", "wx8888888888888888", &"w".repeat(128)] {
        WorkwxAccount::new(MCH_ID, appid, key(), Secret::from("s")).unwrap();
    }
    refused(WorkwxAccount::new(MCH_ID, &"w".repeat(129), key(), Secret::from("s")), "appid");
}

#[test]
fn q0_9_amounts_are_integers() {
    let body = pay_body(|r| r.amount = fen(10_099)).unwrap();
    assert_eq!(xml_value(&body, "amount").unwrap(), "10099");
}

#[test]
fn q0_10_lengths_are_characters() {
    let client = workwx(&Canned::default());
    let named = |act_name: &str| client.prepare(&PayEmployee { act_name, ..employee(PAY) }).map(drop);
    named(&"示".repeat(50)).unwrap();
    refused(named(&"示".repeat(51)), "act_name");
}

#[test]
fn q0_11_an_error_text_instead_of_xml_is_unknown() {
    unknown(pay_reply("The remote server returned an error: (500) Internal Server Error."));
    unknown(pay_reply(""));
}

#[test]
fn q0_12_the_reply_is_unsigned() {
    let body = workwx_success(PAY, &[]);
    assert!(!body.contains("<sign>"));
    accepted(pay_reply(&body));
    unknown(pay_reply(&workwx_success(PAY, &[("sign", "C380BEC2BFD727A4B6845133519F3AD6")])));
}

#[test]
fn q0_13_blanks_in_tags_and_full_width_colons() {
    let body = workwx_success(PAY, &[]).replace("</mch_id>", "</mch_id >").replace("<payment_no>", "<payment_no >");
    let paid = accepted(pay_reply(&body));
    assert_eq!(paid.payment_time.unwrap(), "2017-07-20 22：05：59");
}

#[test]
fn q0_14_agentid_is_optional_and_in_sign_only() {
    let without = pay_body(|_| {}).unwrap();
    assert!(!without.contains("agentid"));
    let with = pay_body(|r| r.agentid = Some(1)).unwrap();
    assert_eq!(xml_value(&with, "agentid").unwrap(), "1");
    assert_eq!(xml_value(&with, "workwx_sign"), xml_value(&without, "workwx_sign"));
    assert_ne!(xml_value(&with, "sign"), xml_value(&without, "sign"));
}
