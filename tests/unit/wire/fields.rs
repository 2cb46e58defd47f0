//! Unit tests of `src/wire/fields.rs`.

use super::*;
use crate::gateways::refund::{REFUND, REFUND_QUERY};
use crate::gateways::{
    group_redpack::SEND_GROUP_REDPACK, miniprogram_hb::SEND_MINIPROGRAM_HB, redpack::SEND_REDPACK,
    swiftpass::WAP_ORDER, workwx::PAY_WWSPTRANS2POCKET, workwx_redpack::SEND_WORKWX_REDPACK,
};

const LIMITS: Limits<'static> = Limits { amount: (1, 2_000_000), waived: &[], usual: (100, 20_000) };

/// The field whose rule is broken by these values, set by name over good ones. An empty value takes a field away.
fn broken(endpoint: &'static Endpoint, good: &[(&'static str, &str)], changed: &[(&'static str, &str)]) -> String {
    let mut fields = Fields::default();
    for (name, value) in good.iter().filter(|(name, _)| !changed.iter().any(|(other, _)| other == name)) {
        fields.text(name, value);
    }
    for (name, value) in changed.iter().filter(|(_, value)| !value.is_empty()) {
        fields.text(name, value);
    }
    let error = check(&fields.in_table_order(endpoint), endpoint, &LIMITS).err();
    error.map(|error| error.field_name().into()).unwrap_or_default()
}

/// The C ABI takes fields in any order. Those that each attempt makes anew are not taken, and of two the first counts.
#[test]
fn fields_come_in_the_order_of_the_table() {
    let order = |given: &[(&'static str, &str)]| {
        let mut fields = Fields::default();
        given.iter().for_each(|(name, value)| fields.text(name, value));
        let account = |row: &Field| (row.name == "mch_id").then_some("1900000109");
        let ordered = fields.in_table_order(&SEND_REDPACK).filled_up(&SEND_REDPACK, account);
        ordered.iter().map(|(name, value)| [name, "=", value].concat()).collect::<Vec<_>>().join(" ")
    };
    let right = "mch_billno=1 mch_id=1900000109 send_name=a remark=b";
    assert_eq!(order(&[("mch_billno", "1"), ("send_name", "a"), ("remark", "b")]), right);
    assert_eq!(order(&[("remark", "b"), ("mch_billno", "1"), ("send_name", "a")]), right);
    let more = [("send_name", "a"), ("nonce_str", "n"), ("send_name", "c"), ("mch_billno", "1"), ("remark", "b")];
    assert_eq!(order(&more), right);
    assert_eq!(order(&[("mch_id", "2"), ("mch_billno", "1")]), "mch_billno=1 mch_id=2");
}

/// Protocol A.1: 单个红包金额大于200元或者小于1元时 scene_id is required.
#[test]
fn a_scene_for_an_unusual_amount() {
    let good = [
        ("mch_billno", "1"),
        ("mch_id", "1900000109"),
        ("wxappid", "wx8888888888888888"),
        ("send_name", "a"),
        ("re_openid", "o"),
        ("total_amount", "100"),
        ("total_num", "1"),
        ("wishing", "a"),
        ("client_ip", "192.168.0.1"),
        ("act_name", "a"),
        ("remark", "a"),
    ];
    let with = |changed: &[_]| broken(&SEND_REDPACK, &good, changed);
    assert_eq!(with(&[]), "");
    assert_eq!(with(&[("total_amount", "20000")]), "");
    assert_eq!(with(&[("total_amount", "99")]), "scene_id");
    assert_eq!(with(&[("total_amount", "20001")]), "scene_id");
    assert_eq!(with(&[("total_amount", "20001"), ("scene_id", "PRODUCT_2")]), "");
}

/// Protocol A.1 and A.2; the fields that leave no choice are set by name in the C ABI.
#[test]
fn a_group_has_three_and_an_average() {
    let good = [
        ("mch_billno", "1"),
        ("mch_id", "1900000109"),
        ("wxappid", "wx8888888888888888"),
        ("send_name", "a"),
        ("re_openid", "o"),
        ("total_amount", "300"),
        ("total_num", "3"),
        ("amt_type", "ALL_RAND"),
        ("wishing", "a"),
        ("act_name", "a"),
        ("remark", "a"),
    ];
    let with = |changed: &[_]| broken(&SEND_GROUP_REDPACK, &good, changed);
    assert_eq!(with(&[]), "");
    for few in ["0", "1", "2", "-3", "3.0", "+3", "2147483648"] {
        assert_eq!(with(&[("total_num", few)]), "total_num", "{few}");
    }
    for other in ["ALL_SAME", "", "all_rand"] {
        assert_eq!(with(&[("amt_type", other)]), "amt_type", "{other}");
    }
    // 1 to 200 yuan for each of three, on average.
    assert_eq!(with(&[("total_amount", "299")]), "scene_id");
    assert_eq!(with(&[("total_amount", "60000")]), "");
    assert_eq!(with(&[("total_amount", "60001")]), "scene_id");
    assert_eq!(with(&[("total_amount", "60001"), ("total_num", "4")]), "");
    assert_eq!(with(&[("total_amount", "60001"), ("scene_id", "PRODUCT_2")]), "");
    let one: Vec<_> = good.iter().filter(|(name, _)| *name != "amt_type").copied().collect();
    let with = |changed: &[_]| broken(&SEND_MINIPROGRAM_HB, &one, changed);
    let way = ("notify_way", "MINI_PROGRAM_JSAPI");
    assert_eq!(with(&[("total_num", "1"), way]), "");
    assert_eq!(with(&[("total_num", "1")]), "notify_way");
    assert_eq!(with(&[("total_num", "1"), ("notify_way", "SMS")]), "notify_way");
    assert_eq!(with(&[way]), "total_num");
}

/// Protocol B.2: sender_name, with its picture or without, and agentid exclude each other.
#[test]
fn a_company_is_a_name_or_an_application() {
    let good = [
        ("mch_billno", "1"),
        ("mch_id", "1900000109"),
        ("wxappid", "wxe062425f740c30d8"),
        ("sender_name", "a"),
        ("re_openid", "o"),
        ("total_amount", "100"),
        ("wishing", "a"),
        ("act_name", "a"),
        ("remark", "a"),
    ];
    let with = |changed: &[_]| broken(&SEND_WORKWX_REDPACK, &good, changed);
    let (nameless, agent, picture) = (("sender_name", ""), ("agentid", "1"), ("sender_header_media_id", "1G6n"));
    assert_eq!(with(&[]), "");
    assert_eq!(with(&[picture]), "");
    assert_eq!(with(&[nameless, agent]), "");
    assert_eq!(with(&[nameless]), "sender_name");
    assert_eq!(with(&[agent]), "agentid");
    assert_eq!(with(&[nameless, agent, picture]), "sender_header_media_id");
    // The range of payments to employees is not that of red packets.
    assert_eq!(with(&[("total_amount", "2000001"), ("scene_id", "PRODUCT_4")]), "");
    assert_eq!(with(&[("total_amount", "20001")]), "scene_id");
    assert_eq!(with(&[("total_amount", "0"), ("scene_id", "PRODUCT_4")]), "total_amount");
}

/// Protocol B.2, and row 0.2 of its list of quirks.
#[test]
fn names_and_approvals_go_with_their_choices() {
    let good = [
        ("appid", "wxe062425f740c30d8"),
        ("mch_id", "1900000109"),
        ("partner_trade_no", "1"),
        ("openid", "o"),
        ("check_name", "NO_CHECK"),
        ("amount", "100"),
        ("desc", "a"),
        ("spbill_create_ip", "192.168.0.1"),
        ("ww_msg_type", "NORMAL_MSG"),
        ("act_name", "a"),
    ];
    let with = |changed: &[_]| broken(&PAY_WWSPTRANS2POCKET, &good, changed);
    assert_eq!(with(&[]), "");
    assert_eq!(with(&[("re_user_name", "a")]), "");
    assert_eq!(with(&[("check_name", "FORCE_CHECK")]), "re_user_name");
    assert_eq!(with(&[("check_name", "FORCE_CHECK"), ("re_user_name", "a")]), "");
    let approval = ("ww_msg_type", "APPROVAL_MSG");
    assert_eq!(with(&[approval]), "approval_number");
    assert_eq!(with(&[approval, ("approval_number", "1")]), "approval_type");
    assert_eq!(with(&[approval, ("approval_number", "1"), ("approval_type", "1")]), "");
    assert_eq!(with(&[("approval_number", "1")]), "approval_number");
    assert_eq!(with(&[("approval_type", "1")]), "approval_type");
}

/// Protocol C.2: time_start and time_expire take effect together only.
#[test]
fn the_two_times_of_an_order() {
    let good = [
        ("service", "pay.weixin.wap"),
        ("out_trade_no", "10000"),
        ("mch_id", "7551000001"),
        ("sub_appid", "wx"),
        ("body", "a"),
        ("total_fee", "1"),
        ("mch_create_ip", "127.0.0.1"),
        ("notify_url", "https://a.example/"),
        ("sub_openid", "o"),
    ];
    let with = |changed: &[_]| broken(&WAP_ORDER, &good, changed);
    assert_eq!(with(&[]), "");
    assert_eq!(with(&[("time_start", "20261121000000")]), "time_expire");
    assert_eq!(with(&[("time_expire", "20261121000000")]), "time_start");
    assert_eq!(with(&[("time_start", "20261121000000"), ("time_expire", "20261121000000")]), "time_expire");
    assert_eq!(with(&[("time_start", "20261121235959"), ("time_expire", "20261122000459")]), "");
}

/// POS flows 5, 13. The C ABI takes any of the fields by name: a refund is of one order, named once, and a question about it may be.
#[test]
fn a_refund_is_of_one_order() {
    let good = [
        ("appid", "wx8888888888888888"),
        ("mch_id", "1900000109"),
        ("out_trade_no", "T20261121000001"),
        ("out_refund_no", "R1"),
        ("total_fee", "888"),
        ("refund_fee", "300"),
    ];
    let refund = |changed: &[_]| broken(&REFUND, &good, changed);
    assert_eq!(refund(&[]), "");
    assert_eq!(refund(&[("out_trade_no", ""), ("transaction_id", "1009660380201506130728806387")]), "");
    assert_eq!(refund(&[("transaction_id", "1009660380201506130728806387")]), "transaction_id");
    assert_eq!(refund(&[("out_trade_no", "")]), "out_trade_no");
    assert_eq!(refund(&[("refund_fee", "889")]), "refund_fee");
    assert_eq!(refund(&[("refund_fee", "888")]), "");
    // The account's limits are about what customers pay.
    assert_eq!(refund(&[("refund_fee", "2000001"), ("total_fee", "2000001")]), "");
    for amount in ["", "0", "-1", "+1", "1.0", " 1", "01", "2147483648"] {
        assert_eq!(refund(&[("refund_fee", amount)]), "refund_fee", "{amount}");
        assert_eq!(refund(&[("total_fee", amount)]), "total_fee", "{amount}");
    }
    for account in ["REFUND_SOURCE_UNSETTLED_FUNDS", "REFUND_SOURCE_RECHARGE_FUNDS"] {
        assert_eq!(refund(&[("refund_account", account)]), "");
    }
    assert_eq!(refund(&[("refund_account", "BANK")]), "refund_account");
    assert_eq!(refund(&[("refund_fee_type", "USD")]), "refund_fee_type");
    let query = |changed: &[_]| broken(&REFUND_QUERY, &good[..2], changed);
    assert_eq!(query(&[]), "out_refund_no");
    for one in [("out_refund_no", "R1"), ("refund_id", "2007752501201407033233368018")] {
        assert_eq!(query(&[one]), "");
    }
    assert_eq!(query(&[("out_refund_no", "R1"), ("out_trade_no", "T20261121000001")]), "out_trade_no");
}
