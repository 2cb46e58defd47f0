//! SHA1WithRSA and SHA256WithRSA: replies that need a public key, and requests that need a private one.
//!
//! Verified by OpenSSL, which is in the tree where native-tls is OpenSSL. On Windows and macOS native-tls is something
//! else, so this module is not compiled there; bring a [`ReplyRule`] of your own.

use std::fmt;
use std::vec::Vec;

use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private, Public};
use openssl::sign::{Signer, Verifier};

use crate::error::Error;
use crate::provider::{asks_for_a_passphrase, check_openssl};
use crate::wire::keys::PrivateSign;
use crate::wire::pairs::Pairs;
use crate::wire::sign::Canonical;
use crate::wire::verify::ReplyRule;

/// The hash under an RSA signature (PKCS#1 v1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RsaDigest {
    /// SHA1WithRSA: the e-pay gateway (seed 003), and Swiftpass `RSA_1_1`.
    Sha1,
    /// SHA256WithRSA: Swiftpass `RSA_1_256`.
    Sha256,
}

impl RsaDigest {
    fn message_digest(self) -> MessageDigest {
        match self {
            RsaDigest::Sha1 => MessageDigest::sha1(),
            RsaDigest::Sha256 => MessageDigest::sha256(),
        }
    }
}

/// What is shorter was factored with a few machines' work (RSA-768 in 2009).
const LEAST: u32 = 1024;
/// What is shorter is to be replaced (NIST SP 800-57, 5.6.3: 2048 bits since 2014).
const GOOD: u32 = 2048;

const PRIVATE: &[u8] = b"PRIVATE KEY-----";

/// The operator's public key, handed over offline.
pub struct PublicKey(PKey<Public>);

impl PublicKey {
    /// Reads a public key: PEM (`BEGIN PUBLIC KEY`), DER (SubjectPublicKeyInfo), or the bare base64 of that DER, which
    /// is how operators mail it.
    ///
    /// # Errors
    ///
    /// It is none of these, not an RSA key, or shorter than 1024 bits. One of less than 2048 bits is read, and
    /// [`Client::check`](crate::Client::check) says so.
    pub fn read(bytes: &[u8]) -> Result<PublicKey, Error> {
        // Without digests every signature would be "wrong".
        check_openssl().map_err(|error| Error::setting("public_key", String::from(error.rule())))?;
        if asks_for_a_passphrase(bytes) {
            return Err(Error::setting("public_key", "is encrypted; a public key is not"));
        }
        if bytes.windows(PRIVATE.len()).any(|window| window == PRIVATE) {
            return Err(Error::setting("public_key", "is a private key; the operator's public key is wanted"));
        }
        let key = PKey::public_key_from_pem(bytes)
            .or_else(|_| PKey::public_key_from_der(bytes))
            .ok()
            .or_else(|| PKey::public_key_from_der(&base64(bytes)?).ok())
            .ok_or_else(|| Error::setting("public_key", "is not a public key in PEM, DER or base64"))?;
        if key.rsa().is_err() {
            return Err(Error::setting("public_key", "is not an RSA key"));
        }
        if key.bits() < LEAST {
            return Err(Error::setting("public_key", "has fewer than 1024 bits; anybody can compute its private key"));
        }
        Ok(PublicKey(key))
    }

    /// Whether `signature` was made over `message` with the private key.
    fn verifies(&self, digest: RsaDigest, message: &[u8], signature: &[u8]) -> bool {
        Verifier::new(digest.message_digest(), &self.0)
            .is_ok_and(|mut verifier| verifier.verify_oneshot(signature, message).unwrap_or(false))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({} bits)", self.0.bits())
    }
}

/// The merchant's private key, for gateways whose requests are signed with RSA (Swiftpass `RSA_1_256`, `RSA_1_1`).
pub struct PrivateKey(PKey<Private>);

impl PrivateKey {
    /// Reads a private key without a passphrase: PEM (`BEGIN PRIVATE KEY`, `BEGIN RSA PRIVATE KEY`), DER (PKCS#8 or PKCS#1), or
    /// the bare base64 of that DER, which is how the gateways' key tools write it.
    ///
    /// # Errors
    ///
    /// It is none of these, has a passphrase, is not an RSA key, or is shorter than 1024 bits. One of less than 2048 bits is read,
    /// and [`Client::check`](crate::Client::check) says so.
    pub fn read(bytes: &[u8]) -> Result<PrivateKey, Error> {
        let wrong = |rule: &'static str| Error::setting("private_key", rule);
        check_openssl().map_err(|error| Error::setting("private_key", String::from(error.rule())))?;
        if asks_for_a_passphrase(bytes) {
            return Err(wrong("has a passphrase: write it without one, where nobody else can read it"));
        }
        let key = PKey::private_key_from_pem(bytes)
            .or_else(|_| PKey::private_key_from_der(bytes))
            .ok()
            .or_else(|| {
                let der = base64(bytes)?;
                let key = PKey::private_key_from_der(&der).ok();
                drop(crate::secret::Secret::new(der));
                key
            })
            .ok_or_else(|| wrong("is not a private key in PEM, DER or base64"))?;
        if key.rsa().is_err() {
            return Err(wrong("is not an RSA key"));
        }
        if key.bits() < LEAST {
            return Err(wrong("has fewer than 1024 bits; anybody can compute it from the public key"));
        }
        Ok(PrivateKey(key))
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({} bits)", self.0.bits())
    }
}

/// Signs requests: the sorted `k=v&…` of all fields with a value except `sign`, no `&key=`, base64 (protocol C.3).
pub(crate) struct RsaSign {
    pub(crate) key: PrivateKey,
    pub(crate) digest: RsaDigest,
}

impl PrivateSign for RsaSign {
    fn sign_type(&self) -> &'static str {
        // As Swiftpass-type gateways name them (protocol C.2).
        match self.digest {
            RsaDigest::Sha1 => "RSA_1_1",
            RsaDigest::Sha256 => "RSA_1_256",
        }
    }

    fn sign(&self, text: &str) -> Option<String> {
        let mut signer = Signer::new(self.digest.message_digest(), &self.key.0).ok()?;
        Some(openssl::base64::encode_block(&signer.sign_oneshot_to_vec(text.as_bytes()).ok()?))
    }

    fn weakness(&self) -> Option<&'static str> {
        (self.key.0.bits() < GOOD).then_some("the merchant's private key has fewer than 2048 bits: make a longer one")
    }
}

/// Verifies replies with RSA over the sorted `k=v&…` of all fields with a value except `sign`, base64 in `sign`.
///
/// For e-pay this is an assumption: the signed string is not public (protocol section D). If your operator's rule
/// differs, implement [`ReplyRule`].
#[derive(Debug)]
pub struct RsaReply {
    key: PublicKey,
    digest: RsaDigest,
}

impl RsaReply {
    /// A rule with this key and hash.
    pub const fn new(key: PublicKey, digest: RsaDigest) -> RsaReply {
        RsaReply { key, digest }
    }
}

impl ReplyRule for RsaReply {
    fn weakness(&self) -> Option<&'static str> {
        (self.key.0.bits() < GOOD).then_some("the operator's public key has fewer than 2048 bits: ask for a longer one")
    }

    fn verify(&self, reply: &Pairs) -> Result<(), &'static str> {
        let given = reply.filled("sign").ok_or("the signature is missing")?;
        let signature = base64(given.as_bytes()).ok_or("the signature is not base64")?;
        let message = Canonical::of_reply(reply).text();
        if self.key.verifies(self.digest, message.as_bytes(), &signature) {
            crate::wire::unambiguous::check(reply)
        } else {
            Err("the signature is wrong")
        }
    }
}

/// Decodes base64. Line breaks are allowed: mails and JSON texts hold them.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let compact: Vec<u8> = text.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
    let text = core::str::from_utf8(&compact).ok().filter(|text| !text.is_empty())?;
    openssl::base64::decode_block(text).ok()
}
