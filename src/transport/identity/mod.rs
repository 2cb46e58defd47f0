//! The merchant's client certificate.
//!
//! Reading it is the TLS library's business, so there is one file each: `openssl.rs`, and
//! `platform.rs` for Windows and macOS.

use std::fmt;

#[cfg(openssl_backend)]
mod openssl;
#[cfg(not(openssl_backend))]
mod platform;

#[cfg(openssl_backend)]
use openssl as reader;
#[cfg(not(openssl_backend))]
use platform as reader;

use crate::provider::asks_for_a_passphrase;

use crate::error::{Error, ErrorKind};
use crate::secret::Secret;
use crate::transport::ClientCertificate;

/// A client certificate with its private key, from `apiclient_cert.p12` or from the PEM pair.
///
/// The merchant platform issues PKCS#12 files with RC2-40, which OpenSSL 3 reads only with its legacy provider. It is
/// loaded for that one read and dropped again.
pub struct Identity {
    pub(crate) tls: native_tls::Identity,
    pub(crate) certificate: ClientCertificate,
}

impl Identity {
    /// Reads `apiclient_cert.p12`. Its password is the `mch_id`, as the merchant platform sets it.
    ///
    /// # Errors
    ///
    /// As [`Identity::from_pkcs12_with`]; also when `mch_id` is not 1 to 32 digits.
    pub fn from_pkcs12(der: &[u8], mch_id: &str) -> Result<Identity, Error> {
        if !(1..=32).contains(&mch_id.len()) || !mch_id.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Error::setting("mch_id", "must be 1 to 32 digits"));
        }
        Identity::from_pkcs12_with(der, &Secret::from(mch_id))
    }

    /// Reads a PKCS#12 file with a password of its own. The file is trusted: it says itself how long its key derivation
    /// takes.
    ///
    /// # Errors
    ///
    /// Each has its own message: not a PKCS#12 file; wrong password; a cipher that this OpenSSL does not know; no
    /// certificate; no private key.
    pub fn from_pkcs12_with(der: &[u8], password: &Secret) -> Result<Identity, Error> {
        // The TLS library panics on a NUL in the password.
        let password = core::str::from_utf8(password.bytes()).ok().filter(|text| !text.contains('\0'));
        reader::pkcs12(der, password.ok_or_else(|| refuse("the password must be text without NUL"))?)
    }

    /// Reads `apiclient_cert.pem` and `apiclient_key.pem`. The key may be PKCS#8 (`BEGIN PRIVATE KEY`) or PKCS#1
    /// (`BEGIN RSA PRIVATE KEY`), without a passphrase. The certificate file may hold its chain, own certificate first.
    ///
    /// # Errors
    ///
    /// Either text is not PEM, the key needs a passphrase, or it is not the certificate's.
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Identity, Error> {
        if asks_for_a_passphrase(certificate) {
            return Err(refuse("the certificate is encrypted; take it without passphrase"));
        }
        reader::pem(certificate, key)
    }

    /// The certificate's common name: WeChat puts the `mch_id` there. `None` where the certificate has none that can be read, and where the
    /// platform does not tell (Windows, macOS).
    pub fn common_name(&self) -> Option<&str> {
        match &self.certificate {
            ClientCertificate::Some { common_name, .. } if !common_name.is_empty() => Some(common_name),
            _ => None,
        }
    }

    /// The last second at which the certificate is valid, since 1970. Warn weeks before: a new one is a manual matter.
    /// `None` where the platform does not tell (Windows, macOS).
    pub fn expires(&self) -> Option<i64> {
        match self.certificate {
            ClientCertificate::Some { valid: (_, until), .. } => Some(until),
            _ => None,
        }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

pub(crate) fn refuse(rule: &str) -> Error {
    Error::new(ErrorKind::Identity, "identity", String::from(rule))
}
