//! The server's certificate, looked at by the library itself.
//!
//! What OpenSSL lets pass depends on the security level in `openssl.cnf`: with `SECLEVEL=0` it takes keys of 768 bits and
//! MD5. So after the handshake, and before a byte of a request, the certificate that the server showed is held against
//! what the CA/Browser Forum's baseline requirements ask for (6.1.5, 7.1.3.2, 7.1.4.2): keys, signature hash, names.
//!
//! native-tls gives the server's own certificate and not its chain, so that is all that is looked at: SECURITY.md.

use openssl::nid::Nid;
use openssl::pkey::Id;
use openssl::x509::{X509, X509Ref};

/// The least for RSA and DSA, in bits.
const LEAST: u32 = 2048;
/// The least for elliptic curves, in bits.
const LEAST_CURVE: u32 = 224;

/// Refuses a certificate that is weaker than that. In words.
pub(crate) fn check(certificate: &native_tls::Certificate) -> Result<(), String> {
    let der = certificate.to_der().map_err(|error| error.to_string())?;
    let certificate = X509::from_der(&der).map_err(|error| error.to_string())?;
    check_key(&certificate)?;
    check_signature(&certificate)?;
    if certificate.subject_alt_names().is_none_or(|names| names.is_empty()) {
        return Err("the server's certificate names no host (no subjectAltName)".into());
    }
    Ok(())
}

fn check_key(certificate: &X509Ref) -> Result<(), String> {
    let key = certificate.public_key().map_err(|_| "the server's key cannot be read".to_string())?;
    let least = match key.id() {
        Id::ED25519 | Id::ED448 => return Ok(()),
        Id::EC => LEAST_CURVE,
        _ => LEAST,
    };
    if key.bits() < least {
        return Err(format!("the server's key has {} bits, fewer than {least}", key.bits()));
    }
    Ok(())
}

fn check_signature(certificate: &X509Ref) -> Result<(), String> {
    let algorithm = certificate.signature_algorithm().object().nid();
    let digest = algorithm.signature_algorithms().map(|algorithms| algorithms.digest);
    let weak = [Nid::MD5, Nid::MD4, Nid::MD2, Nid::SHA1, Nid::MD5_SHA1, Nid::RIPEMD160, Nid::MDC2];
    match digest.filter(|digest| weak.contains(digest)) {
        Some(digest) => {
            Err(format!("the server's certificate is signed with {}", digest.long_name().unwrap_or("a broken digest")))
        }
        None => Ok(()),
    }
}
