//! Section Q of the protocol notes, seed 1: sendredpack, one test a row.

use wxpay_terminal::*;

use crate::support::*;
use crate::wire::quirks::{RED, hb_info, red_body, red_reply, signed_as_openssl};

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
