//! One test for each row of section Q of the protocol notes, named by the row. `tests/quirks.md` lists them all.

use wxpay_terminal::*;

use crate::support::*;

const RED: &str = "0010010404201411170000046545";
const PAY: &str = "100000982017072019616";
const WAP: &str = "1415659990";
const CARD: &str = "2016062115020100000001";

fn red_body(change: impl FnOnce(&mut SendRedPack<'_>)) -> Result<String, Error> {
    let mut request = red_packet(RED);
    change(&mut request);
    let prepared = redpack(&Canned::default()).prepare(&request)?;
    Ok(String::from_utf8(prepared.body().to_vec()).unwrap())
}

fn pay_body(change: impl FnOnce(&mut PayEmployee<'_>)) -> Result<String, Error> {
    let mut request = employee(PAY);
    change(&mut request);
    let prepared = workwx(&Canned::default()).prepare(&request)?;
    Ok(String::from_utf8(prepared.body().to_vec()).unwrap())
}

fn wap_body(change: impl FnOnce(&mut WapOrder<'_>)) -> Result<String, Error> {
    let mut request = wap_order(WAP);
    change(&mut request);
    let prepared = swiftpass(&Canned::default()).prepare(&request)?;
    Ok(String::from_utf8(prepared.body().to_vec()).unwrap())
}

fn card_body(change: impl FnOnce(&mut WxCharge<'_>)) -> Result<String, Error> {
    let mut request = charge(CARD);
    change(&mut request);
    let prepared = webgate(&Canned::default()).prepare(&request)?;
    Ok(String::from_utf8(prepared.body().to_vec()).unwrap())
}

fn red_reply(body: &str) -> Result<Outcome<RedPackSent>, Error> {
    let canned = Canned::default();
    canned.then(body);
    let client = redpack(&canned);
    client.send(&mut client.prepare(&red_packet(RED)).unwrap())
}

fn pay_reply(body: &str) -> Result<Outcome<EmployeePaid>, Error> {
    let canned = Canned::default();
    canned.then(body);
    let client = workwx(&canned);
    client.send(&mut client.prepare(&employee(PAY)).unwrap())
}

fn wap_reply(body: &str) -> Result<Outcome<WapOrderMade>, Error> {
    let canned = Canned::default();
    canned.then(body);
    let client = swiftpass(&canned);
    client.send(&mut client.prepare(&wap_order(WAP)).unwrap())
}

fn card_reply(body: &str) -> Result<Outcome<WxCharged>, Error> {
    let canned = Canned::default();
    canned.then(body);
    let client = webgate(&canned);
    client.send(&mut client.prepare(&charge(CARD)).unwrap())
}

fn signed_as_openssl(body: &str, key: &str) {
    let fields = xml_fields(body);
    let pairs: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(xml_value(body, "sign").unwrap(), openssl_md5(&pairs, key));
}

// ---- seed 0: paywwsptrans2pocket ----

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

// ---- seed 1: sendredpack ----

#[test]
fn q1_1_an_order_number_need_not_begin_with_the_mch_id() {
    assert!(!RED.starts_with(MCH_ID));
    red_body(|_| {}).unwrap();
    red_body(|r| r.mch_billno = "abcXYZ0").unwrap();
    refused(red_body(|r| r.mch_billno = "abc_XYZ"), "mch_billno");
}

#[test]
fn q1_2_an_order_number_has_at_most_28_characters() {
    // mch_id (10) + yyyymmdd + 10 digits is exactly 28.
    red_body(|r| r.mch_billno = "1900000109202611210000000001").unwrap();
    refused(red_body(|r| r.mch_billno = "19000001090202611210000000001"), "mch_billno");
}

#[test]
fn q1_3_a_repeat_keeps_its_order_number() {
    let canned = Canned::default();
    canned.then_fault(Sent::Maybe).then(&redpack_success(RED, &[]));
    let client = redpack(&canned);
    let mut prepared = client.prepare(&red_packet(RED)).unwrap();
    assert_eq!(prepared.order_number(), RED, "it is there to be stored before sending");
    unknown(client.send(&mut prepared));
    accepted(client.send(&mut prepared));
    assert!(canned.sent().iter().all(|sent| xml_value(&sent.body, "mch_billno").as_deref() == Some(RED)));
}

#[test]
fn q1_5_order_does_not_matter_and_numbers_may_stand_in_cdata() {
    let body = redpack_success(RED, &[]);
    assert!(body.contains("<total_amount><![CDATA[200]]></total_amount>"));
    accepted(red_reply(&body));
    let mut fields: Vec<&str> = body.split_inclusive("]]>").collect();
    fields.sort();
    let plain = body.replace("<![CDATA[", "").replace("]]>", "");
    accepted(red_reply(&plain));
}

#[test]
fn q1_6_large_and_small_amounts_need_a_scene() {
    red_body(|r| r.total_amount = fen(20_000)).unwrap();
    red_body(|r| r.total_amount = fen(100)).unwrap();
    refused(red_body(|r| r.total_amount = fen(20_001)), "scene_id");
    refused(red_body(|r| r.total_amount = fen(99)), "scene_id");
    let body = red_body(|r| {
        r.total_amount = fen(20_001);
        r.scene_id = Some(SceneId::Product2);
    });
    assert_eq!(xml_value(&body.unwrap(), "scene_id").unwrap(), "PRODUCT_2");
    let account = RedpackAccount::new(MCH_ID, APPID, key()).unwrap();
    let account = account.amounts_without_scene(fen(1), fen(50_000)).unwrap();
    let client = Client::with_inputs(account, terminal(), inputs(&Canned::default())).unwrap();
    client.prepare(&SendRedPack { total_amount: fen(50_000), ..red_packet(RED) }).unwrap();
}

#[test]
fn q1_7_client_ip_is_ipv4() {
    red_body(|r| r.client_ip = "192.168.100.200").unwrap();
    refused(red_body(|r| r.client_ip = "fe80::1"), "client_ip");
    refused(red_body(|r| r.client_ip = "192.168.100.2001"), "client_ip");
}

#[test]
fn q1_8_total_num_is_1() {
    assert_eq!(xml_value(&red_body(|_| {}).unwrap(), "total_num").unwrap(), "1");
    refused(red_body(|r| r.total_num = 3), "total_num");
}

#[test]
fn q1_9_an_empty_body_and_a_redirect_are_unknown() {
    unknown(red_reply(""));
    let canned = Canned::default();
    canned.then_with(&redpack_success(RED, &[]), 302, false);
    let client = redpack(&canned);
    unknown(client.send(&mut client.prepare(&red_packet(RED)).unwrap()));
    assert_eq!(canned.sent().len(), 1);
}

#[test]
fn q1_10_values_are_raw_utf8() {
    let body = red_body(|r| {
        r.act_name = "活动名称:功能测试";
        r.wishing = "感谢您参加猜灯谜活动，祝您元宵节快乐！";
    });
    let body = body.unwrap();
    assert!(body.contains("活动名称:功能测试") && body.contains("感谢您参加猜灯谜活动，祝您元宵节快乐！"));
    signed_as_openssl(&body, KEY);
}

#[test]
fn q1_11_a_reply_without_the_order_number_is_unknown() {
    unknown(red_reply(&redpack_success(RED, &[("mch_billno", "")])));
    let bare = reply(&[("return_code", "SUCCESS"), ("result_code", "FAIL"), ("err_code", "SYSTEMERROR")]);
    assert_eq!(unknown(red_reply(&bare)).code, "SYSTEMERROR");
}

#[test]
fn q1_12_fail_with_err_code_success_means_already_sent() {
    let doubt = unknown(red_reply(&tenpay_failure("SUCCESS")));
    assert_eq!(doubt.code, "SUCCESS");
}

#[test]
fn q1_13_success_may_carry_an_err_code() {
    for code in ["0", "SUCCESS", "OK"] {
        accepted(red_reply(&redpack_success(RED, &[("err_code", code), ("err_code_des", "发放成功")])));
    }
}

#[test]
fn q1_14_both_spellings_of_the_documents_words() {
    for code in ["DAY_ OVER_LIMITED", "DAY_OVER_LIMITED"] {
        let refusal = declined(red_reply(&tenpay_failure(code)));
        assert!(matches!(refusal.next, Next::SameNumberLater(_)), "{code}");
    }
    for code in ["SYSTEMERROR", "PSYSTEMERROR"] {
        unknown(red_reply(&tenpay_failure(code)));
    }
    for word in ["RFUND_ING", "REFUND_ING"] {
        assert_eq!(hb_info(&[("status", word)]).status, HbStatus::RfundIng);
    }
}

fn hb_info(more: &[(&str, &str)]) -> HbInfo {
    let canned = Canned::default();
    let mut fields = vec![("return_code", "SUCCESS"), ("result_code", "SUCCESS"), ("mch_billno", RED)];
    fields.extend(more);
    canned.then(&reply(&fields));
    match redpack(&canned).ask(&GetHbInfo { mch_billno: RED }).unwrap() {
        Answer::Known(info) => info,
        other => panic!("{other:?}"),
    }
}

#[test]
fn q1_15_the_nested_hblist_is_readable() {
    let canned = Canned::default();
    canned.then(
        "<xml><return_code>SUCCESS</return_code><result_code>SUCCESS</result_code><status>RECEIVED</status>\
         <mch_billno>0010010404201411170000046545</mch_billno><total_amount>5000</total_amount><hblist><hbinfo>\
         <openid><![CDATA[ohO4GtzOAAYMp2yapORH3dQB3W18]]></openid><status>RECEIVED</status><amount>3000</amount>\
         <rcv_time>2015-04-21 20:00:00</rcv_time></hbinfo><hbinfo><openid>o2</openid><amount>2000</amount>\
         <rcv_time>2015-04-21 20:00:01</rcv_time></hbinfo></hblist></xml>",
    );
    let Answer::Known(info) = redpack(&canned).ask(&GetHbInfo { mch_billno: RED }).unwrap() else { panic!() };
    assert_eq!(info.hblist.len(), 2);
    assert_eq!(info.hblist[0].openid, "ohO4GtzOAAYMp2yapORH3dQB3W18");
    assert_eq!(info.hblist[1].amount, Some(fen(2000)));
    assert_eq!(info.hblist[1].rcv_time, "2015-04-21 20:00:01");
}

#[test]
fn q1_16_param_error_on_a_repeat_says_nothing() {
    let canned = Canned::default();
    canned.then(&tenpay_failure("PARAM_ERROR"));
    let client = redpack(&canned);
    let mut repeat = client.prepare_repeat(&red_packet(RED)).unwrap();
    assert_eq!(unknown(client.send(&mut repeat)).code, "PARAM_ERROR");
}

// ---- seed 2: pay.weixin.wap ----

#[test]
fn q2_1_the_url_is_a_setting() {
    let canned = Canned::default();
    canned.then(&wap_success(&[]));
    let client = swiftpass(&canned);
    accepted(client.send(&mut client.prepare(&wap_order(WAP)).unwrap()));
    assert_eq!(canned.sent()[0].url, "https://gateway.example/pay/gateway");
}

#[test]
fn q2_2_result_code_0_and_success_are_success() {
    accepted(wap_reply(&wap_success(&[("result_code", "0")])));
    accepted(wap_reply(&wap_success(&[("result_code", "SUCCESS")])));
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
    accepted(wap_reply(&twice("wx2421b1c4370ec43b", "wx2421b1c4370ec43b")));
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
    accepted(wap_reply(&wap_success(&[("version", ""), ("charset", "")])));
    let body = wap_body(|_| {}).unwrap();
    assert!(!body.contains("version") && !body.contains("charset") && !body.contains("sign_type"));
    signed_as_openssl(&body, SWIFTPASS_KEY);
}

#[test]
fn q2_8_the_replys_own_sign_type_never_counts() {
    accepted(wap_reply(&wap_success(&[("sign_type", "RSA_1_256")])));
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
    assert_eq!(accepted(wap_reply(&in_cdata)).mweb_url, url);
    let escaped = url.replace('&', "&amp;");
    let outside = in_cdata.replace(&format!("<![CDATA[{url}]]>"), &escaped);
    assert!(outside.contains("&amp;package"));
    assert_eq!(accepted(wap_reply(&outside)).mweb_url, url);
}

#[test]
fn q2_12_trade_type_is_an_open_word() {
    for word in ["pay.weixin.wap", "MWEB", "something.new"] {
        assert_eq!(accepted(wap_reply(&wap_success(&[("trade_type", word)]))).trade_type.unwrap(), word);
    }
}

#[test]
fn q2_13_message_never_decides() {
    accepted(wap_reply(&wap_success(&[("message", "签名失败")])));
    accepted(wap_reply(&wap_success(&[("message", "")])));
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
    accepted(wap_reply(&body));
}

#[test]
fn q2_16_sign_is_md5_over_the_sorted_fields() {
    signed_as_openssl(&wap_body(|_| {}).unwrap(), SWIFTPASS_KEY);
}

#[test]
fn q2_17_texts_are_signed_verbatim() {
    let body = wap_success(&[("message", "二维码已过期, 请刷新再试 ")]);
    accepted(wap_reply(&body));
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
    accepted(wap_reply(&wap_success(&[("device_info", "1000"), ("uuid", "5f"), ("new_field", "x")])));
    let altered = wap_success(&[("new_field", "x")]).replace("<new_field><![CDATA[x]]>", "<new_field><![CDATA[y]]>");
    unknown(wap_reply(&altered));
}

#[test]
fn q2_21_zeros_and_single_blanks_are_signed() {
    accepted(wap_reply(&wap_success(&[("coupon_fee", "0"), ("attach", " ")])));
    unknown(wap_reply(&wap_success(&[("coupon_fee", "0")]).replace("<coupon_fee><![CDATA[0]]></coupon_fee>", "")));
    let empty = wap_success(&[]).replace("</xml>", "<attach></attach></xml>");
    accepted(wap_reply(&empty));
}

#[test]
fn q2_22_an_unsigned_failure_is_unknown() {
    let doubt = unknown(wap_reply(&reply(&[("status", "400"), ("message", "Signature error")])));
    assert_eq!(doubt.text, "Signature error");
}

// ---- seed 3: wxcharge ----

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

// ---- general ----

#[test]
fn q4_1_html_empty_and_cut_bodies_are_unknown() {
    let canned = Canned::default();
    canned.then_with("<html>502 Bad Gateway</html>", 502, false);
    let client = redpack(&canned);
    unknown(client.send(&mut client.prepare(&red_packet(RED)).unwrap()));
    unknown(red_reply("<html>502 Bad Gateway</html>"));
    unknown(red_reply(""));
    let whole = redpack_success(RED, &[]);
    unknown(red_reply(&whole[..whole.len() - 1]));
}

#[test]
fn q4_2_a_doctype_is_refused() {
    assert_eq!(unknown(red_reply(&format!("<!DOCTYPE xml>{}", redpack_success(RED, &[])))).text, "a DTD");
}

#[test]
fn q4_3_a_value_cannot_break_out_of_its_element() {
    for value in ["a]]>b", "</remark><total_amount>1</total_amount>", "<![CDATA[x]]>", "&lt;&amp;", "\"'"] {
        let body = red_body(|r| r.remark = value).unwrap();
        assert_eq!(body.matches("<total_amount>").count(), 1, "{value}");
        assert!(!body.contains("]]>"));
        // Another reader sees the value that was set.
        let seen = read_xml(&body).unwrap();
        assert_eq!(seen.get("remark"), Some(value));
        signed_as_openssl(&body, KEY);
    }
}

#[test]
fn q4_4_cdata_and_text_are_joined() {
    let body = redpack_success(RED, &[]).replace(
        "<send_listid><![CDATA[100000000020150520314766074200]]></send_listid>",
        "<send_listid><![CDATA[1000]]>000000<![CDATA[20150520]]><!-- x -->314766074200</send_listid>",
    );
    assert_eq!(accepted(red_reply(&body)).send_listid, "100000000020150520314766074200");
}

#[test]
fn q4_6_numbered_fields_are_signed() {
    accepted(wap_reply(&wap_success(&[("coupon_fee_0", "1"), ("refund_status_1", "SUCCESS")])));
}

#[test]
fn q4_9_hmac_sha256_has_64_characters() {
    use wxpay_terminal::endpoint::Digest;
    let sign = signature(Digest::HmacSha256, &[("a", "1")], Some("&key="), &key());
    assert_eq!(sign.len(), 64);
    let mut reply = Pairs::default();
    reply.add("a", "1").unwrap();
    reply.add("sign", &sign).unwrap();
    assert_eq!(verify_signature(Digest::HmacSha256, &reply, &key()), Ok(()));
}

#[test]
fn q4_10_identifiers_are_text() {
    let listid = "0000000020150520314766074200999";
    let sent = accepted(red_reply(&redpack_success(RED, &[("send_listid", listid)])));
    assert_eq!(sent.send_listid, listid);
}

#[test]
fn q4_11_an_absent_fee_is_not_zero() {
    assert_eq!(hb_info(&[("status", "SENT")]).total_amount, None);
    assert_eq!(hb_info(&[("status", "SENT"), ("total_amount", "0")]).total_amount, Some(Fen::ZERO));
}

/// `tests/quirks.md` and the tests in this file name the same rows.
#[test]
fn the_list_of_quirks_and_the_tests_agree() {
    let source = include_str!("quirks.rs");
    let tested: std::collections::BTreeSet<String> = source
        .lines()
        .filter_map(|line| line.strip_prefix("fn q"))
        .filter_map(|name| {
            let mut parts = name.split('_');
            Some(format!("{}.{}", parts.next()?, parts.next()?))
        })
        .filter(|row| row.chars().all(|c| c.is_ascii_digit() || c == '.'))
        .collect();
    let mut listed = std::collections::BTreeSet::new();
    let mut rows = 0;
    for line in include_str!("../quirks.md").lines().filter(|line| line.starts_with("| ") && line.contains('.')) {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let (row, how) = (cells[1], cells[3]);
        if !row.starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        rows += 1;
        if let Some(name) = how.strip_prefix("`").and_then(|rest| rest.split('`').next()) {
            assert!(source.contains(&format!("fn {name}(")), "{row}: there is no test {name}");
            assert!(name.starts_with(&format!("q{}_", row.replace('.', "_"))), "{row}: {name}");
            listed.insert(row.to_string());
        } else {
            assert!(how.len() > 10, "{row}: no test and no reason");
        }
    }
    assert_eq!(tested, listed);
    assert_eq!(rows, 15 + 16 + 22 + 14 + 11, "every row of section Q");
    println!("quirks: {rows} rows, {} with a test", listed.len());
}
