//! Signatures: sorted fields, a suffix, a key, a digest.
//!
//! Document: WeChat Pay v2 安全规范 (protocol section F.1); WeCom 企业微信签名 (B.3); e-pay 附录A (seed 3).

use alloc::string::String;
use alloc::vec::Vec;

use hmac::{KeyInit, Mac};
use md5::Digest as _;

use crate::bytes;
use crate::endpoint::{Digest, Over, Step};
use crate::error::Error;
use crate::secret::{Secret, wiped};
use crate::wire::fields::Fields;
use crate::wire::keys::Keys;
use crate::wire::pairs::Pairs;

/// Runs the signing steps of a table. Each result becomes a field that the next step sees.
pub(crate) fn run(steps: &[Step], fields: &mut Fields, keys: &Keys) -> Result<(), Error> {
    for step in steps {
        let made = {
            let mut chosen = Canonical::with_capacity(fields.len());
            for (name, value) in fields.iter() {
                let covered = match step.over {
                    Over::All => true,
                    Over::Named(names) => names.contains(&name),
                };
                if covered {
                    chosen.add(name, value);
                }
            }
            match (step.digest, &keys.private) {
                (None, Some(key)) => Made::Base64(key.sign(&chosen.text()).ok_or_else(no_signature)?),
                (of_table, _) => {
                    Made::Hex(digest(of_table.unwrap_or(keys.digest), chosen, step.suffix, keys.get(step.key)))
                }
            }
        };
        fields.text(step.output, made.as_str());
    }
    Ok(())
}

fn no_signature() -> Error {
    Error::setting("private_key", "makes no signature with this OpenSSL")
}

enum Made {
    Hex(Hex),
    Base64(String),
}

impl Made {
    fn as_str(&self) -> &str {
        match self {
            Made::Hex(hex) => hex.as_str(),
            Made::Base64(text) => text,
        }
    }
}

/// The string to sign, without suffix and key: fields with a value, except `sign`, sorted by name in byte order, joined
/// as `k=v&k=v`. Values are raw: not trimmed, not escaped, not url-encoded.
pub(crate) struct Canonical<'a> {
    /// How the name begins, the name, the value.
    rows: Vec<(u64, &'a str, &'a str)>,
    length: usize,
}

impl<'a> Canonical<'a> {
    pub(crate) fn with_capacity(rows: usize) -> Canonical<'a> {
        Canonical { rows: Vec::with_capacity(rows), length: 0 }
    }

    pub(crate) fn of(pairs: &[(&'a str, &'a str)]) -> Canonical<'a> {
        let mut chosen = Canonical::with_capacity(pairs.len());
        pairs.iter().for_each(|(name, value)| chosen.add(name, value));
        chosen
    }

    pub(crate) fn of_reply(reply: &'a Pairs) -> Canonical<'a> {
        let mut chosen = Canonical::with_capacity(reply.len());
        reply.with_heads().for_each(|(head, name, value)| chosen.add_row(head, name, value));
        chosen
    }

    pub(crate) fn add(&mut self, name: &'a str, value: &'a str) {
        self.add_row(bytes::head(name.as_bytes()), name, value);
    }

    fn add_row(&mut self, head: u64, name: &'a str, value: &'a str) {
        if name != "sign" && !value.is_empty() {
            self.rows.push((head, name, value));
            self.length = self.length.saturating_add(name.len()).saturating_add(value.len()).saturating_add(2);
        }
    }

    /// In the order in which they are signed.
    pub(crate) fn sorted(mut self) -> Vec<(u64, &'a str, &'a str)> {
        self.rows.sort_unstable_by(|(a_head, a, _), (b_head, b, _)| a_head.cmp(b_head).then_with(|| a.cmp(b)));
        self.rows
    }

    pub(crate) fn text(self) -> String {
        let mut out = String::with_capacity(self.length);
        for (_, name, value) in self.sorted() {
            if !out.is_empty() {
                out.push('&');
            }
            out.push_str(name);
            out.push('=');
            out.push_str(value);
        }
        out
    }
}

/// The signature over these fields.
pub(crate) fn digest(digest: Digest, fields: Canonical<'_>, suffix: Option<&str>, key: &Secret) -> Hex {
    let text = fields.text();
    // The key goes to the digest and into no text.
    let end = suffix.map_or([&[][..]; 2], |suffix| [suffix.as_bytes(), key.bytes()]);
    wiped(|| match digest {
        Digest::Md5 => {
            let mut md5 = md5::Md5::new_with_prefix(&text);
            end.iter().for_each(|part| md5.update(part));
            Hex::upper(&md5.finalize_reset())
        }
        Digest::HmacSha256 => {
            hmac::<hmac::Hmac<sha2::Sha256>>(key, &text, end).map_or_else(Hex::none, |m| Hex::upper(&m))
        }
        Digest::HmacSha1 => hmac::<hmac::Hmac<sha1::Sha1>>(key, &text, end).map_or_else(Hex::none, |m| Hex::lower(&m)),
    })
}

/// HMAC over a text and its end. HMAC takes keys of any length, so `None` does not occur.
fn hmac<M: Mac + KeyInit>(key: &Secret, text: &str, end: [&[u8]; 2]) -> Option<impl AsRef<[u8]> + use<M>> {
    let mut mac = <M as KeyInit>::new_from_slice(key.bytes()).ok()?;
    mac.update(text.as_bytes());
    end.iter().for_each(|part| mac.update(part));
    Some(mac.finalize().into_bytes())
}

/// A digest in hex, without an allocation.
pub(crate) struct Hex {
    text: [u8; 64],
    length: usize,
}

impl Hex {
    /// An empty signature. It equals nothing.
    fn none() -> Hex {
        Hex { text: [0; 64], length: 0 }
    }

    fn lower(bytes: &impl AsRef<[u8]>) -> Hex {
        let mut hex = Hex::none();
        let length = bytes.as_ref().len().saturating_mul(2);
        if let Some(out) = hex.text.get_mut(..length) {
            hex.length = hex::encode_to_slice(bytes, out).map_or(0, |()| length);
        }
        hex
    }

    fn upper(bytes: &impl AsRef<[u8]>) -> Hex {
        let mut hex = Hex::lower(bytes);
        hex.text.make_ascii_uppercase();
        hex
    }

    pub(crate) fn as_str(&self) -> &str {
        self.text.get(..self.length).and_then(|hex| core::str::from_utf8(hex).ok()).unwrap_or_default()
    }
}

/// The whole string to sign, for an explanation. The key is masked.
pub(crate) fn masked_string(fields: Canonical<'_>, suffix: Option<&str>) -> String {
    let mut out = fields.text();
    if let Some(suffix) = suffix {
        out.push_str(suffix);
        out.push_str("****");
    }
    out
}

/// The signature over any fields, for tools and tests: what [`Client`](crate::Client) does for its requests.
///
/// `suffix` is what stands between the sorted fields and the key: `Some("&key=")`, `Some("&secret=")`, or nothing for
/// HMAC-SHA1. Equal pairs must not be given twice.
///
/// ```
/// use wxpay_terminal::{Secret, endpoint::Digest, signature};
///
/// // The published example of 安全规范.
/// let fields = [
///     ("appid", "wxd930ea5d5a258f4f"), ("mch_id", "10000100"), ("device_info", "1000"), ("body", "test"),
///     ("nonce_str", "ibuaiVcKdpRxkhJA"),
/// ];
/// let key = Secret::from("192006250b4c09247ec02edce69f6a2d");
/// assert_eq!(signature(Digest::Md5, &fields, Some("&key="), &key), "9A0A8659F005D6984697E2CA0A9CF3B7");
/// ```
pub fn signature(digest: Digest, fields: &[(&str, &str)], suffix: Option<&str>, key: &Secret) -> String {
    self::digest(digest, Canonical::of(fields), suffix, key).as_str().into()
}
