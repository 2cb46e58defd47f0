//! The signatures of the gateways, calculated by OpenSSL.
//!
//! All of them sign the same kind of string: the pairs whose value is not empty, without `sign`,
//! sorted by name in byte order, joined as `k=v&k=v`. Values are raw (docs: F.1).

use openssl::error::ErrorStack;
use openssl::hash::{MessageDigest, hash};
use openssl::pkey::{HasPublic, PKey, PKeyRef, Private};
use openssl::sign::{Signer, Verifier};

use crate::settings::SignType;

/// The only fields under `workwx_sign` (docs: B.3, and the last lines of seed 0).
pub const WORKWX_FIELDS: [&str; 8] =
    ["amount", "appid", "desc", "mch_id", "nonce_str", "openid", "partner_trade_no", "ww_msg_type"];

/// The same, of a red packet (docs: B.3).
pub const WORKWX_REDPACK_FIELDS: [&str; 7] =
    ["act_name", "mch_billno", "mch_id", "nonce_str", "re_openid", "total_amount", "wxappid"];

/// The string to sign, before any key is appended.
///
/// # Examples
///
/// ```
/// let pairs = [("b", "2"), ("sign", "x"), ("a", "1"), ("c", "")];
/// assert_eq!(wxpay_simulator::sign::joined(pairs), "a=1&b=2");
/// ```
pub fn joined<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut kept: Vec<(&str, &str)> =
        pairs.into_iter().filter(|(name, value)| *name != "sign" && !value.is_empty()).collect();
    kept.sort_unstable();
    // docs: C (seed 2 prints appid twice): equal duplicates are signed once.
    kept.dedup();
    let kept: Vec<String> = kept.iter().map(|(k, v)| format!("{k}={v}")).collect();
    kept.join("&")
}

/// MD5 over the pairs and `&key=`, upper-case hex (docs: F.1).
pub fn md5<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>, key: &str) -> String {
    digest_upper(&format!("{}&key={key}", joined(pairs)))
}

/// MD5 over exactly eight fields and `&secret=`, upper-case hex (docs: B.3).
pub fn workwx<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>, secret: &str) -> String {
    let named = pairs.into_iter().filter(|(name, _)| WORKWX_FIELDS.contains(name));
    digest_upper(&format!("{}&secret={secret}", joined(named)))
}

/// The same, over exactly the seven fields of a red packet (docs: B.3).
pub fn workwx_redpack<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>, secret: &str) -> String {
    let named = pairs.into_iter().filter(|(name, _)| WORKWX_REDPACK_FIELDS.contains(name));
    digest_upper(&format!("{}&secret={secret}", joined(named)))
}

/// HMAC-SHA256 over the pairs and `&key=`, under the same key, upper-case hex (docs: F.1.5).
pub fn hmac_sha256<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>, key: &str) -> String {
    hmac(MessageDigest::sha256(), &format!("{}&key={key}", joined(pairs)), key).to_uppercase()
}

/// HMAC-SHA1 over the pairs, lower-case hex; no key in the string (docs: D and G).
pub fn hmac_sha1<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>, key: &str) -> String {
    hmac(MessageDigest::sha1(), &joined(pairs), key)
}

fn hmac(digest: MessageDigest, text: &str, key: &str) -> String {
    let mac = PKey::hmac(key.as_bytes()).and_then(|key| {
        let mut signer = Signer::new(digest, &key)?;
        signer.sign_oneshot_to_vec(text.as_bytes())
    });
    hex(&mac.unwrap_or_default())
}

/// SHA1WithRSA over the pairs, base64 (docs: D; which string is signed is not public). It is RSA_1_1, too (docs: C.3).
pub fn rsa_sha1<'a>(
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    key: &PKeyRef<Private>,
) -> Result<String, ErrorStack> {
    rsa(MessageDigest::sha1(), &joined(pairs), key)
}

/// SHA256WithRSA over the pairs, base64: RSA_1_256 (docs: C.3).
pub fn rsa_sha256<'a>(
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    key: &PKeyRef<Private>,
) -> Result<String, ErrorStack> {
    rsa(MessageDigest::sha256(), &joined(pairs), key)
}

fn rsa(digest: MessageDigest, text: &str, key: &PKeyRef<Private>) -> Result<String, ErrorStack> {
    let mut signer = Signer::new(digest, key)?;
    Ok(openssl::base64::encode_block(&signer.sign_oneshot_to_vec(text.as_bytes())?))
}

/// Whether `sign` is the signature of [`rsa_sha1`] or [`rsa_sha256`] over the pairs. Never for an MD5.
pub fn is_rsa<'a, T: HasPublic>(
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    sign_type: SignType,
    sign: &str,
    key: &PKeyRef<T>,
) -> Result<bool, ErrorStack> {
    let digest = match sign_type {
        SignType::Md5 => return Ok(false),
        SignType::Rsa1 => MessageDigest::sha1(),
        SignType::Rsa256 => MessageDigest::sha256(),
    };
    let mut verifier = Verifier::new(digest, key)?;
    verifier.verify_oneshot(&openssl::base64::decode_block(sign)?, joined(pairs).as_bytes())
}

// An empty signature (a policy that forbids MD5) equals no client's, so the request is refused.
fn digest_upper(text: &str) -> String {
    hash(MessageDigest::md5(), text.as_bytes()).map(|digest| hex(&digest).to_uppercase()).unwrap_or_default()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
