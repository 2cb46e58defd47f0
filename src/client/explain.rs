//! 签名错误: why does the gateway not like my signature?
//!
//! The commonest support question of all, answered offline: the string that was signed, with the key masked, and what
//! looks wrong.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::endpoint::{Digest, Endpoint, KeyName, Over, Step};
use crate::secret::Secret;
use crate::wire::sign::{self, Canonical};
use crate::wire::verify::same_hex;

/// Explains one signature of one call.
///
/// `fields` are raw bytes, because a value that is not UTF-8 is one of the things that go wrong. `given`, where there is
/// one, is the signature that the gateway refused. The right signature is never shown: who sees the explanation must not
/// be able to sign with it.
///
/// ```
/// use wxpay_terminal::{Secret, explain, redpack::SEND_REDPACK};
///
/// let fields: [(&str, &[u8]); 3] = [("mch_id", b"888"), ("sign_type", b"MD5"), ("act_name", b" New Year")];
/// let explanation = explain(&SEND_REDPACK, &fields, &Secret::from("0123456789abcdef0123456789ABCDEF"), None);
/// assert_eq!(explanation.string_to_sign, "act_name= New Year&mch_id=888&sign_type=MD5&key=****");
/// assert!(explanation.findings.iter().any(|finding| finding.field == "sign_type"));
/// ```
///
/// Document: protocol F.1, B.3, D.
pub fn explain(endpoint: &Endpoint, fields: &[(&str, &[u8])], key: &Secret, given: Option<&str>) -> Explanation {
    let step = endpoint.signing.last();
    explain_step(endpoint, step, fields, key, given)
}

/// Explains the `workwx_sign` of a payment to an employee, which covers eight fields only, or of a company's red packet, which
/// covers seven and has a `mch_billno` among them. It takes the application's Secret.
///
/// Document: WeCom page 90281; protocol B.3.
pub fn explain_workwx_sign(fields: &[(&str, &[u8])], secret: &Secret, given: Option<&str>) -> Explanation {
    let endpoint = match fields.iter().any(|(name, _)| *name == "mch_billno") {
        true => &crate::gateways::workwx_redpack::SEND_WORKWX_REDPACK,
        false => &crate::gateways::workwx::PAY_WWSPTRANS2POCKET,
    };
    explain_step(endpoint, endpoint.signing.first(), fields, secret, given)
}

/// What [`explain`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// The string that is signed; the key is masked. It holds the fields' values: do not log it in production.
    pub string_to_sign: String,
    /// Whether the signature that was given is the right one. `None` when none was given.
    pub agrees: Option<bool>,
    /// What looks wrong.
    pub findings: Vec<Finding>,
}

/// One thing that looks wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The field, or `key`.
    pub field: String,
    /// What, in English.
    pub text: &'static str,
    /// What, in Chinese.
    pub text_zh: &'static str,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "string to sign: {}", self.string_to_sign)?;
        match self.agrees {
            Some(true) => writeln!(f, "the signature fits these fields and this key 签名与字段和密钥相符")?,
            Some(false) => writeln!(f, "the signature does not fit these fields and this key 签名与字段或密钥不符")?,
            None => {}
        }
        for finding in &self.findings {
            writeln!(f, "{}: {} {}", finding.field, finding.text, finding.text_zh)?;
        }
        Ok(())
    }
}

fn explain_step(
    endpoint: &Endpoint,
    step: Option<&Step>,
    fields: &[(&str, &[u8])],
    key: &Secret,
    given: Option<&str>,
) -> Explanation {
    let Some(step) = step else {
        return Explanation { string_to_sign: String::new(), agrees: None, findings: Vec::new() };
    };
    let digest = digest_of(step, fields);
    let mut findings = Vec::new();
    about_fields(endpoint, step, fields, &mut findings);
    about_key(step, digest, key, &mut findings);
    let texts: Vec<(&str, String)> = fields
        .iter()
        .filter(|(name, _)| match step.over {
            Over::All => true,
            Over::Named(names) => names.contains(name),
        })
        .map(|(name, value)| (*name, String::from_utf8_lossy(value).into_owned()))
        .collect();
    let pairs: Vec<(&str, &str)> = texts.iter().map(|(name, value)| (*name, value.as_str())).collect();
    // What a private key signs ends with the fields, and is compared by nobody without that key (protocol C.3).
    let is_rsa = |(name, value): &(&str, &[u8])| *name == "sign_type" && value.starts_with(b"RSA_");
    let with_private_key = step.digest.is_none() && fields.iter().any(is_rsa);
    let suffix = step.suffix.filter(|_| !with_private_key);
    let string_to_sign = sign::masked_string(Canonical::of(&pairs), suffix);
    if with_private_key {
        push(
            &mut findings,
            "sign_type",
            "RSA: the string is signed with the merchant's private key, without a key behind it",
            "RSA：用商户私钥对该串签名，串后不加密钥",
        );
        return Explanation { string_to_sign, agrees: None, findings };
    }
    let right = sign::digest(digest, Canonical::of(&pairs), suffix, key);
    let agrees = given.map(|given| same_hex(given.trim(), right.as_str()));
    if let Some(given) = given {
        about_given(step, digest, given, &mut findings);
        about_coverage((step, digest), fields, key, given, &mut findings);
    }
    Explanation { string_to_sign, agrees, findings }
}

fn push(findings: &mut Vec<Finding>, field: &str, text: &'static str, text_zh: &'static str) {
    findings.push(Finding { field: field.to_string(), text, text_zh });
}

fn about_fields(endpoint: &Endpoint, step: &Step, fields: &[(&str, &[u8])], findings: &mut Vec<Finding>) {
    for (at, (name, value)) in fields.iter().enumerate() {
        let blank = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_whitespace);
        if core::str::from_utf8(value).is_err() {
            push(findings, name, "the value is not UTF-8 (GBK?)", "值不是UTF-8编码（可能是GBK）");
        }
        if blank(value.first()) || blank(value.last()) {
            push(
                findings,
                name,
                "the value begins or ends with a blank, which is signed",
                "值的首尾有空格，空格参与签名",
            );
        }
        if value.contains(&b'%') && value.windows(3).any(is_percent_escape) && *name != "risk_info" {
            push(
                findings,
                name,
                "the value looks url-encoded: sign the raw value",
                "值像是URL编码过的，应对原始值签名",
            );
        }
        if [&b"&amp;"[..], b"&lt;", b"&gt;", b"<![CDATA["].iter().any(|mark| has(value, mark)) {
            push(
                findings,
                name,
                "the value looks XML-escaped: sign the raw value",
                "值像是XML转义过的，应对原始值签名",
            );
        }
        if *name == "sign_type" && endpoint.field("sign_type").is_none() {
            push(
                findings,
                name,
                "this call has no sign_type: MD5 only, do not send it",
                "此接口没有sign_type，只支持MD5，不要发送",
            );
        } else if endpoint.field(name).is_none() {
            push(findings, name, "this call has no such field", "此接口没有这个字段");
        }
        if fields.iter().skip(at.saturating_add(1)).any(|(other, _)| other == name) {
            push(findings, name, "the field is there twice", "字段重复");
        }
    }
    if let Over::Named(names) = step.over {
        for name in names.iter().filter(|name| !fields.iter().any(|(have, _)| have == *name)) {
            push(findings, name, "one of the signed fields is missing", "缺少参与签名的字段");
        }
    }
}

/// Where the account chooses it, the request says what it chose: MD5, unless `sign_type` names another one (protocol F.1.5).
fn digest_of(step: &Step, fields: &[(&str, &[u8])]) -> Digest {
    let is_hmac = || fields.iter().any(|field| *field == ("sign_type", Digest::HmacSha256.sign_type().as_bytes()));
    step.digest.unwrap_or_else(|| if is_hmac() { Digest::HmacSha256 } else { Digest::Md5 })
}

fn about_key(step: &Step, digest: Digest, key: &Secret, findings: &mut Vec<Finding>) {
    let bytes = key.bytes();
    let name = if step.key == KeyName::WorkwxSecret { "secret" } else { "key" };
    if bytes.iter().any(|b| !b.is_ascii_graphic()) {
        push(findings, name, "holds a blank, a line break or a character outside ASCII", "含有空格、换行或非ASCII字符");
    }
    if step.key == KeyName::Api && digest == Digest::Md5 && bytes.len() != 32 {
        push(findings, name, "the API key usually has 32 characters", "API密钥通常是32个字符");
    }
    if bytes.is_empty() {
        push(findings, name, "is empty", "为空");
    }
}

fn about_given(step: &Step, digest: Digest, given: &str, findings: &mut Vec<Finding>) {
    let (length, upper) = match digest {
        Digest::Md5 => (32, true),
        Digest::HmacSha256 => (64, true),
        Digest::HmacSha1 => (40, false),
    };
    if given.trim().len() != length {
        push(
            findings,
            step.output,
            "the signature has the wrong length: another digest?",
            "签名长度不对，摘要算法可能不同",
        );
    }
    let wrong_case = given.bytes().any(|b| if upper { b.is_ascii_lowercase() } else { b.is_ascii_uppercase() });
    if wrong_case && upper {
        push(findings, step.output, "must be upper-case hex", "必须是大写十六进制");
    } else if wrong_case {
        push(findings, step.output, "must be lower-case hex", "必须是小写十六进制");
    }
}

/// 不要将参数全部参与计算签名 (seed 000): the classic mistake of workwx_sign.
fn about_coverage(
    (step, digest): (&Step, Digest),
    fields: &[(&str, &[u8])],
    key: &Secret,
    given: &str,
    findings: &mut Vec<Finding>,
) {
    let Over::Named(_) = step.over else { return };
    let all: Option<Vec<(&str, &str)>> = fields
        .iter()
        .filter(|(name, _)| *name != step.output)
        .map(|(name, value)| Some((*name, core::str::from_utf8(value).ok()?)))
        .collect();
    let over_all = all.map(|all| sign::digest(digest, Canonical::of(&all), step.suffix, key));
    if over_all.is_some_and(|hex| same_hex(given.trim(), hex.as_str())) {
        push(
            findings,
            step.output,
            "it covers all fields; only the eight named ones count",
            "全部字段都参与了签名，只应有八个字段参与",
        );
    }
}

fn is_percent_escape(window: &[u8]) -> bool {
    matches!(window, [b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}

fn has(value: &[u8], mark: &[u8]) -> bool {
    value.windows(mark.len()).any(|window| window == mark)
}
