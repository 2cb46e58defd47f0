//! What all calls of WeChat Pay's own gateway share: merchant, signature, and how a reply begins (docs: F.1).

use crate::credentials::{APPID, KEY, MCH_ID, SUB_MCH_ID};
use crate::fields::Fields;
use crate::gateway::Gateway;
use crate::nonce::nonce;
use crate::reply::{Digest, Reply, Signature};
use crate::sign;
use crate::tables::{self, Row};

/// Everything that can be wrong with any call. What fails before the signature was found right is not signed.
pub(crate) fn check(table: &[Row], fields: &Fields) -> Result<(), Reply> {
    if fields.get("mch_id") != MCH_ID {
        return Err(gate("mch_id参数格式错误"));
    }
    let signed = match digest(fields) {
        Digest::HmacSha256 => sign::hmac_sha256(fields.iter(), KEY),
        _ => sign::md5(fields.iter(), KEY),
    };
    if signed != fields.get("sign") {
        return Err(gate("签名错误"));
    }
    let refused = |code: &str, text: &str| Err(refusal(code, text, fields));
    if fields.get("appid") != APPID {
        return refused("APPID_NOT_EXIST", "APPID不存在");
    }
    if !["", SUB_MCH_ID].contains(&fields.get("sub_mch_id")) {
        return refused("MCHID_NOT_EXIST", "子商户号不存在");
    }
    if let Err(wrong) = tables::check(table, fields) {
        return refused("PARAM_ERROR", &wrong.text());
    }
    // POS flows 13: at least 6 characters.
    if !fields.get("out_trade_no").is_empty() && fields.get("out_trade_no").len() < 6 {
        return refused("PARAM_ERROR", "out_trade_no参数长度有误");
    }
    Ok(())
}

/// The client's certificate is the merchant's (docs: E.2, POS flows 14).
pub(crate) fn check_certificate(fields: &Fields, cn: Option<&str>) -> Result<(), Reply> {
    match cn == Some(fields.get("mch_id")) {
        true => Ok(()),
        false => Err(gate("证书与商户号不一致")),
    }
}

/// What the request is signed with, and so the reply to it (docs: F.1.6).
pub(crate) fn digest(fields: &Fields) -> Digest {
    match fields.get("sign_type") {
        "HMAC-SHA256" => Digest::HmacSha256,
        _ => Digest::Md5,
    }
}

/// Refused at the gate: `return_code` and `return_msg`, nothing else, no signature (docs: F.1.7).
pub(crate) fn gate(text: &str) -> Reply {
    Reply::new(Gateway::Wxpay, Signature::None).text("return_code", "FAIL").text("return_msg", text)
}

pub(crate) fn begin(result: &str, of: &Fields) -> Reply {
    Reply::new(Gateway::Wxpay, Signature::Due)
        .signed_with(digest(of))
        .text("return_code", "SUCCESS")
        .text("return_msg", "OK")
        .text("appid", of.get("appid"))
        .text("mch_id", of.get("mch_id"))
        .text("sub_appid", of.get("sub_appid"))
        .text("sub_mch_id", of.get("sub_mch_id"))
        .text("nonce_str", &nonce())
        .text("result_code", result)
}

/// A business refusal: signed.
pub(crate) fn refusal(code: &str, text: &str, of: &Fields) -> Reply {
    begin("FAIL", of).text("err_code", code).text("err_code_des", text)
}
