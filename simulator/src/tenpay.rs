//! What red packets and WeCom payments have in common: certificate, key, and unsigned replies.

use crate::credentials::{APPID, CORPID, FOREIGN_OPENID, KEY, MCH_ID};
use crate::fields::Fields;
use crate::gateway::Gateway;
use crate::reply::{Reply, Signature};
use crate::sign;
use crate::tables::{self, Row, Wrong};

/// An err_code and its words.
pub(crate) type Refused = (&'static str, String);

/// What is not compared between a payment and its repeat.
pub(crate) const VOLATILE: &[&str] = &["nonce_str", "sign", "workwx_sign"];

/// Certificate, names of fields, signature.
///
/// A field that is not in the table takes no part in the gateway's signature, so the client's is
/// wrong: `sign_type` or a surplus `total_num` give SIGN_ERROR (docs: F.1 and B.2).
pub(crate) fn gate(table: &[Row], fields: &Fields, cn: Option<&str>) -> Result<(), Refused> {
    let mch_id = fields.get("mch_id");
    if mch_id.is_empty() {
        return Err(("PARAM_ERROR", Wrong::Missing("mch_id").text()));
    }
    if cn != Some(mch_id) {
        return Err(("CA_ERROR", "证书与商户号不一致".into()));
    }
    if mch_id != MCH_ID {
        return Err(("PARAM_ERROR", "参数错误:商户号不存在".into()));
    }
    let known = |name: &str| table.iter().any(|row| row.0 == name);
    let signed = fields.iter().filter(|(name, _)| known(name));
    if sign::md5(signed, KEY) != fields.get("sign") {
        return Err(("SIGN_ERROR", "签名错误".into()));
    }
    if fields.iter().any(|(name, _)| !known(name)) {
        return Err(("SIGN_ERROR", "签名错误:多余的字段".into()));
    }
    Ok(())
}

/// The table, then appid and openid where there are any.
pub(crate) fn check(table: &[Row], fields: &Fields) -> Result<(), Refused> {
    if let Err(wrong) = tables::check(table, fields) {
        let code = match wrong {
            Wrong::IllFormed("re_openid" | "openid") => "OPENID_ERROR",
            _ => "PARAM_ERROR",
        };
        return Err((code, wrong.text()));
    }
    for name in ["wxappid", "appid"] {
        let appid = fields.get(name);
        if !appid.is_empty() && appid != APPID && appid != CORPID {
            return Err(("ILLEGAL_APPID", format!("非法的{name}")));
        }
    }
    if [fields.get("re_openid"), fields.get("openid")].contains(&FOREIGN_OPENID) {
        return Err(("OPENID_ERROR", "openid和appid不匹配".into()));
    }
    Ok(())
}

/// A reply that begins well; both results are given.
pub(crate) fn begin(gateway: Gateway, result: &str, text: &str) -> Reply {
    Reply::new(gateway, Signature::None)
        .text("return_code", "SUCCESS")
        .text("return_msg", text)
        .text("result_code", result)
}

/// A business refusal with the fields of the request that `echo` names.
///
/// Nothing is echoed before the signature was found right.
pub(crate) fn refusal(gateway: Gateway, code: &str, text: &str, fields: &Fields, echo: &[&str]) -> Reply {
    let mut reply = begin(gateway, "FAIL", text).text("err_code", code).text("err_code_des", text);
    if !["XML_ERROR", "SIGN_ERROR", "CA_ERROR", "HTTP_METHOD_ERROR"].contains(&code) {
        for name in echo {
            reply = reply.text(name, fields.get(name));
        }
    }
    reply
}
