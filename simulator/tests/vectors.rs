//! The published and computed answers, copied by hand.

mod client;

use client::*;
use wxpay_simulator::credentials::*;
use wxpay_simulator::{Simulator, sign};

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
