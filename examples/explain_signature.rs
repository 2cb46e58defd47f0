//! 签名错误: three classic mistakes in three calls, explained offline. Nothing is sent, no simulator runs.
//!
//! `cargo run --example explain_signature`. Put in your own fields, your key, and the signature that was refused.

use std::error::Error;

use wxpay_terminal::endpoint::Digest;
use wxpay_terminal::redpack::SEND_REDPACK;
use wxpay_terminal::webgate::WXCHARGE;
use wxpay_terminal::{Explanation, Secret, explain, explain_workwx_sign, signature};

type Pair = (&'static str, &'static str);

fn main() -> Result<(), Box<dyn Error>> {
    sign_type_is_sent()?;
    workwx_sign_over_everything()?;
    signed_after_url_encoding()
}

/// The red packet calls have no `sign_type`. Who sends and signs it gets SIGN_ERROR.
fn sign_type_is_sent() -> Result<(), Box<dyn Error>> {
    let key = Secret::from("0123456789abcdef0123456789ABCDEF");
    let right: [Pair; 4] = [
        ("mch_id", "888"),
        ("mch_billno", "0010010404201411170000046545"),
        ("total_amount", "200"),
        ("nonce_str", "a1"),
    ];
    let wrong: Vec<Pair> = right.into_iter().chain([("sign_type", "MD5")]).collect();
    let refused = signature(Digest::Md5, &wrong, Some("&key="), &key);
    // `agrees` is true: the signature fits these fields. It is the fields that are wrong, and a finding says so.
    show("sendredpack", &explain(&SEND_REDPACK, &bytes(&wrong), &key, Some(&refused)), true, "sign_type")?;
    let accepted = signature(Digest::Md5, &right, Some("&key="), &key);
    show("sendredpack, mended", &explain(&SEND_REDPACK, &bytes(&right), &key, Some(&accepted)), true, "")
}

/// `workwx_sign` covers eight fields only, and takes the application's Secret with `&secret=`.
fn workwx_sign_over_everything() -> Result<(), Box<dyn Error>> {
    let secret = Secret::from("192006250b4c09247ec02edce69f6a2d");
    let eight: [Pair; 8] = [
        ("amount", "100"),
        ("appid", "wxe062425f740c30d8"),
        ("desc", "六月出差报销费用"),
        ("mch_id", "1900000109"),
        ("nonce_str", "3PG2J4ILTKCH16CQ2502SI8ZNMTM67VS"),
        ("openid", "ohO4Gt7wVPxIT1A9GjFaMYMiZY1s"),
        ("partner_trade_no", "100000982017072019616"),
        ("ww_msg_type", "NORMAL_MSG"),
    ];
    let all: Vec<Pair> = eight.into_iter().chain([("check_name", "NO_CHECK"), ("act_name", "示例项目")]).collect();
    let refused = signature(Digest::Md5, &all, Some("&secret="), &secret);
    // The string to sign shows the eight, and the finding says that the refused one covers all.
    show("workwx_sign", &explain_workwx_sign(&bytes(&all), &secret, Some(&refused)), false, "workwx_sign")?;
    let accepted = signature(Digest::Md5, &eight, Some("&secret="), &secret);
    show("workwx_sign, mended", &explain_workwx_sign(&bytes(&all), &secret, Some(&accepted)), true, "")
}

/// The web gateway signs raw values. URL encoding comes after the signature.
fn signed_after_url_encoding() -> Result<(), Box<dyn Error>> {
    let key = Secret::from("secretkey");
    let fields = |remark| [("partner_id", "10001"), ("amount", "20000"), ("remark", remark), ("sign_method", "HMAC")];
    let (wrong, right) = (fields("%E5%85%85%E5%80%BC"), fields("充值"));
    let refused = signature(Digest::HmacSha1, &wrong, None, &key);
    show("wxcharge", &explain(&WXCHARGE, &bytes(&wrong), &key, Some(&refused)), true, "remark")?;
    // With the raw value the same signature is wrong: this is what the gateway sees.
    show("wxcharge, raw value", &explain(&WXCHARGE, &bytes(&right), &key, Some(&refused)), false, "")?;
    let accepted = signature(Digest::HmacSha1, &right, None, &key);
    show("wxcharge, mended", &explain(&WXCHARGE, &bytes(&right), &key, Some(&accepted)), true, "")
}

/// `explain` takes raw bytes, because a value in GBK is one of the mistakes.
fn bytes(fields: &[Pair]) -> Vec<(&'static str, &'static [u8])> {
    fields.iter().map(|(name, value)| (*name, value.as_bytes())).collect()
}

/// Prints an explanation, and checks what it says of the signature and which field it finds fault with.
fn show(call: &str, explanation: &Explanation, agrees: bool, field: &str) -> Result<(), Box<dyn Error>> {
    println!("--- {call}\n{explanation}");
    let found: Vec<&str> = explanation.findings.iter().map(|finding| finding.field.as_str()).collect();
    let expected: Vec<&str> = if field.is_empty() { vec![] } else { vec![field] };
    if explanation.agrees != Some(agrees) || found != expected {
        return Err(format!("{call}: {:?}, findings in {found:?}", explanation.agrees).into());
    }
    Ok(())
}
