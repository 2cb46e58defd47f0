//! Is this reply the gateway's?

use alloc::boxed::Box;

use crate::endpoint::{Digest, Due, KeyName};
use crate::secret::Secret;
use crate::wire::keys::Keys;
use crate::wire::pairs::Pairs;
use crate::wire::sign::{self, Canonical};
use crate::wire::{json, unambiguous};

/// How an account's replies are read and verified, where the document leaves it to the operator (e-pay), or where the
/// platform signs with RSA (Swiftpass).
///
/// Bring your own when your operator's rule differs: the signed string of the e-pay reply is not public.
pub trait ReplyRule: Send + Sync {
    /// Reads the reply: its bytes, and the `Content-Type` header, where the transport tells it. The default reads one flat
    /// JSON object in UTF-8. A rule for an operator that answers in GBK decodes it here. (Swiftpass replies are always XML
    /// in UTF-8: there only [`ReplyRule::verify`] is asked.)
    ///
    /// # Errors
    ///
    /// Says in words why it cannot be read. The outcome is then unknown.
    fn read(&self, body: &[u8], content_type: Option<&str>) -> Result<Pairs, &'static str> {
        let _ = content_type;
        utf8(body).and_then(json::read)
    }

    /// Proves that the gateway made this reply.
    ///
    /// # Errors
    ///
    /// Says in words what is missing or wrong. The outcome is then unknown.
    fn verify(&self, reply: &Pairs) -> Result<(), &'static str>;

    /// What [`Client::check`](crate::Client::check) warns of: a key that is too short, for example. The default is nothing.
    fn weakness(&self) -> Option<&'static str> {
        None
    }
}

crate::pointers::through_pointers!(ReplyRule {
    fn read(&self, body: &[u8], content_type: Option<&str>) -> Result<Pairs, &'static str>;
    fn verify(&self, reply: &Pairs) -> Result<(), &'static str>;
    fn weakness(&self) -> Option<&'static str>;
});

pub(crate) fn utf8(body: &[u8]) -> Result<&str, &'static str> {
    core::str::from_utf8(body).map_err(|_| "not UTF-8")
}

/// How an account verifies.
pub(crate) enum Verifier {
    /// With its own key and the account's sign type ([`Keys::digest`]), never the one that the reply names.
    Key,
    /// With a rule of its own.
    Rule(Box<dyn ReplyRule>),
}

/// Verifies a reply as its table demands.
///
/// What is signed must also have one reading only.
pub(crate) fn verify(reply: &Pairs, due: Due, verifier: &Verifier, keys: &Keys) -> Result<(), &'static str> {
    match (verifier, due) {
        (_, Due::IfPresent) if reply.filled("sign").is_none() => return Ok(()),
        (Verifier::Rule(rule), _) => rule.verify(reply)?,
        (Verifier::Key, Due::ByAccount) => return Err("the account has no rule to verify this reply with"),
        (Verifier::Key, _) => return verify_key(reply, keys.digest, keys.get(KeyName::Api)),
    }
    unambiguous::check(reply)
}

pub(crate) fn verify_key(reply: &Pairs, digest: Digest, key: &Secret) -> Result<(), &'static str> {
    let Some(given) = reply.filled("sign") else {
        return Err("the signature is missing");
    };
    let expected = sign::digest(digest, Canonical::of_reply(reply), Some("&key="), key);
    if same_hex(given, expected.as_str()) { unambiguous::check(reply) } else { Err("the signature is wrong") }
}

/// Compares without case (a real Swiftpass reply signs in lower case) and in constant time.
pub(crate) fn same_hex(given: &str, expected: &str) -> bool {
    use ctutils::CtEq;
    if given.len() != expected.len() || expected.is_empty() {
        return false;
    }
    let lower = |text: &str| {
        let mut hex = [0_u8; 64];
        hex.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        hex.make_ascii_lowercase();
        Some(hex)
    };
    lower(given).zip(lower(expected)).is_some_and(|(given, expected)| given.ct_eq(&expected).to_bool())
}

/// Whether the `sign` among these fields is right under this key, with `&key=`, as replies are signed.
///
/// # Errors
///
/// Says in words what is missing or wrong. The right signature is not shown.
pub fn verify_signature(digest: Digest, reply: &Pairs, key: &Secret) -> Result<(), &'static str> {
    verify_key(reply, digest, key)
}
