//! Client certificates with OpenSSL.

use openssl::asn1::Asn1Time;
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkcs12::Pkcs12;
use openssl::pkey::PKey;
use openssl::x509::{X509, X509Ref};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::provider::or_lame;
use crate::transport::ClientCertificate;
use crate::transport::identity::{Identity, refuse};

pub(crate) fn pkcs12(der: &[u8], password: &str) -> Result<Identity, Error> {
    with_legacy_ciphers(|| read_pkcs12(der, password))
}

pub(crate) fn pem(certificate: &[u8], key: &[u8]) -> Result<Identity, Error> {
    let own = X509::from_pem(certificate).map_err(|_| or_lame(refuse("the certificate is not PEM")))?;
    // An encrypted key would make OpenSSL ask on the terminal's console.
    let no_passphrase = |_: &mut [u8]| Ok(0);
    let key = PKey::private_key_from_pem_callback(key, no_passphrase)
        .map_err(|_| or_lame(refuse("the key is not a PEM private key without passphrase")))?;
    if !own.public_key().is_ok_and(|public| public.public_eq(&key)) {
        return Err(or_lame(refuse("the key is not the certificate's")));
    }
    // native-tls takes PKCS#8 only; the merchant platform also hands out PKCS#1.
    let pkcs8 = key.private_key_to_pem_pkcs8().map(Zeroizing::new).map_err(|_| refuse("the key cannot be used"))?;
    let tls = native_tls::Identity::from_pkcs8(certificate, &pkcs8).map_err(|error| refuse(&error.to_string()))?;
    Ok(Identity { tls, certificate: describe(&own)? })
}

/// Why a PKCS#12 file cannot be read.
enum Unreadable {
    /// An algorithm that the providers loaded now do not have.
    Missing(Error),
    Other(Error),
}

fn read_pkcs12(der: &[u8], password: &str) -> Result<Identity, Unreadable> {
    let parsed = Pkcs12::from_der(der)
        .map_err(|_| Unreadable::Other(refuse("not a PKCS#12 file")))?
        .parse2(password)
        .map_err(|errors| why(&errors))?;
    let missing = |what| Unreadable::Other(refuse(what));
    let certificate = parsed.cert.ok_or_else(|| missing("the PKCS#12 file holds no certificate with its key"))?;
    parsed.pkey.ok_or_else(|| missing("the PKCS#12 file holds no private key"))?;
    let tls = native_tls::Identity::from_pkcs12(der, password).map_err(|error| reread(&error.to_string()))?;
    Ok(Identity { tls, certificate: describe(&certificate).map_err(Unreadable::Other)? })
}

/// Why OpenSSL cannot read the file: from all its errors, because the last one alone says "mac verify failure" also where the MAC
/// could not be computed. It checks the MAC before it decrypts, so a wrong password and an unknown cipher can be told apart.
fn why(errors: &ErrorStack) -> Unreadable {
    let words = errors.to_string();
    // OpenSSL 3.0 names both for a file without a MAC, so this one comes first.
    if words.contains("mac absent") {
        return Unreadable::Other(refuse("the PKCS#12 file has no MAC"));
    }
    let only_differs = |error: &openssl::error::Error| error.reason() == Some("mac verify failure");
    if !errors.errors().is_empty() && errors.errors().iter().all(only_differs) {
        return Unreadable::Other(refuse("wrong password (the merchant platform sets the mch_id)"));
    }
    if words.contains("mac ") {
        return Unreadable::Missing(or_lame(refuse(&format!(
            "the password cannot be checked: this OpenSSL does not compute the file's MAC{}; look into its openssl.cnf, or use \
             the PEM pair",
            algorithm(&words).map(|name| format!(" ({name})")).unwrap_or_default()
        ))));
    }
    if words.contains("unsupported") || words.contains("unknown cipher") {
        return Unreadable::Missing(unknown_cipher(&words));
    }
    Unreadable::Other(or_lame(refuse(&format!("the PKCS#12 file cannot be read: {words}"))))
}

/// What was read a moment ago is not read any more: another thread had loaded the legacy provider, and dropped it.
fn reread(words: &str) -> Unreadable {
    match algorithm(words) {
        Some(_) => Unreadable::Missing(unknown_cipher(words)),
        None => Unreadable::Other(refuse(&format!("the PKCS#12 file cannot be used: {words}"))),
    }
}

/// The algorithm that OpenSSL did not find.
fn algorithm(words: &str) -> Option<&str> {
    words.split_once("Algorithm (").and_then(|(_, rest)| rest.split([' ', ')']).next())
}

/// Reads, and reads again with the legacy provider if a cipher or a digest was missing.
fn with_legacy_ciphers(read: impl Fn() -> Result<Identity, Unreadable>) -> Result<Identity, Error> {
    let first = match read() {
        Ok(identity) => return Ok(identity),
        Err(Unreadable::Other(error)) => return Err(error),
        Err(Unreadable::Missing(error)) => error,
    };
    #[cfg(openssl3)]
    {
        // `true` keeps the default provider. The legacy one serves the whole process for these milliseconds.
        let legacy = openssl::provider::Provider::try_load(None, "legacy", true);
        if legacy.is_ok() {
            return read().map_err(|why| match why {
                Unreadable::Other(error) | Unreadable::Missing(error) => error,
            });
        }
    }
    Err(first)
}

fn unknown_cipher(words: &str) -> Error {
    or_lame(refuse(&format!(
        "the PKCS#12 file uses a cipher that this OpenSSL does not know ({}); use the PEM pair, or export it again with AES",
        algorithm(words).unwrap_or("unknown")
    )))
}

fn describe(certificate: &X509Ref) -> Result<ClientCertificate, Error> {
    let names = certificate.subject_name().entries_by_nid(Nid::COMMONNAME);
    let common_name = names.last().and_then(|entry| entry.data().to_string().ok());
    let unix = |time: &openssl::asn1::Asn1TimeRef| -> Option<i64> {
        let since = Asn1Time::from_unix(0).ok()?.diff(time).ok()?;
        i64::from(since.days).checked_mul(86_400)?.checked_add(i64::from(since.secs))
    };
    let valid = unix(certificate.not_before()).zip(unix(certificate.not_after()));
    Ok(ClientCertificate::Some {
        common_name: common_name.unwrap_or_default(),
        valid: valid.ok_or_else(|| refuse("the certificate's dates cannot be read"))?,
    })
}
