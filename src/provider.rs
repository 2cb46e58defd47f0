//! What this process's OpenSSL lacks, and what it would ask for.

use crate::error::Error;
#[cfg(openssl_backend)]
use crate::error::ErrorKind;

/// Whether a part of a PEM text is encrypted, in the old way or in that of PKCS#8. OpenSSL would ask for the passphrase on the
/// console, and wait.
pub(crate) fn asks_for_a_passphrase(pem: &[u8]) -> bool {
    [&b"Proc-Type"[..], b"DEK-Info", b"ENCRYPTED"]
        .iter()
        .any(|mark| pem.windows(mark.len()).any(|window| window == *mark))
}

/// Where OpenSSL lacks what every program needs of it, that is the cause, whatever the error.
pub(crate) fn or_lame(error: Error) -> Error {
    match lame() {
        Some(why) => error.because(why),
        None => error,
    }
}

/// Refuses to build a transport that could shake no hands.
pub(crate) fn check_openssl() -> Result<(), Error> {
    lame().map_or(Ok(()), |why| Err(Error::new(ErrorKind::Identity, "identity", why)))
}

/// Why this process's OpenSSL can do nothing at all: its providers are set in `openssl.cnf`, and one that activates another
/// provider there switches the default one off (config(5ssl)).
#[cfg(openssl3)]
fn lame() -> Option<&'static str> {
    openssl::md::Md::fetch(None, "SHA256", None).err().map(|_| {
        "OpenSSL has no provider with SHA256: openssl.cnf (the file in OPENSSL_CONF, or in `openssl version -d`) activates \
         others and not `default`; add `default = default_sect` and `[default_sect]` with `activate = 1`"
    })
}

#[cfg(not(openssl3))]
fn lame() -> Option<&'static str> {
    None
}
