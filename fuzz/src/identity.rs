//! Keys and certificates as files: PEM, DER, PKCS#12, public keys, roots. Under a terminal (`ci/fuzz` gives it one): whoever asks for a passphrase, or waits,
//! is found. What the library takes OpenSSL takes without being told a passphrase, and it says the same of it.

use openssl::nid::Nid;
use openssl::pkcs12::Pkcs12;
use openssl::pkey::PKey;
use openssl::x509::{X509, X509Ref};
use wxpay_terminal::{Https, Identity, PrivateKey, PublicKey, Secret};

const PASSWORD: &str = "1900000109";

/// The first letter says what the rest is.
pub fn run(data: &[u8]) -> String {
    let Some((kind, file)) = data.split_first() else { return String::new() };
    match kind {
        b'P' => pem(file),
        b'1' => pkcs12(file),
        b'R' => roots(file),
        b'K' => private_key(file),
        _ => public_key(file),
    }
}

/// Certificate and key in one file, as people paste them; or in two, with a line of `%` between.
fn pem(file: &[u8]) -> String {
    let middle = file.windows(3).position(|three| three == b"\n%\n");
    let (certificate, key) = middle.map_or((file, file), |at| (&file[..at + 1], &file[at + 3..]));
    let identity = match Identity::from_pem(certificate, key) {
        Ok(identity) => identity,
        Err(error) => return told(&error),
    };
    let leaf = X509::from_pem(certificate).expect("OpenSSL reads the certificate, too");
    // Whoever needs a passphrase gets none.
    let refuses = |_: &mut [u8]| Err(openssl::error::ErrorStack::get());
    let key = PKey::private_key_from_pem_callback(key, refuses).expect("a key that needs no passphrase");
    assert!(leaf.public_key().expect("a key").public_eq(&key), "the key is another certificate's");
    is_told(&identity, &leaf)
}

fn pkcs12(file: &[u8]) -> String {
    let identity = match Identity::from_pkcs12(file, PASSWORD) {
        Ok(identity) => identity,
        Err(error) => return told(&error),
    };
    // RC2 wants the legacy provider, for this moment only: the library must not need ours.
    let legacy = openssl::provider::Provider::try_load(None, "legacy", true);
    let other = Pkcs12::from_der(file).and_then(|file| file.parse2(PASSWORD)).expect("OpenSSL reads it, too");
    drop(legacy);
    let (leaf, key) = other.cert.zip(other.pkey).expect("a certificate and its key");
    assert!(leaf.public_key().expect("a key").public_eq(&key), "the key is another certificate's");
    let with = Identity::from_pkcs12_with(file, &Secret::from(PASSWORD)).expect("the same password");
    assert_eq!(with.common_name(), identity.common_name());
    is_told(&identity, &leaf)
}

/// What it says of itself is what OpenSSL says of the certificate.
fn is_told(identity: &Identity, leaf: &X509Ref) -> String {
    let count = leaf.subject_name().entries_by_nid(Nid::COMMONNAME).count();
    let names: Vec<String> =
        leaf.subject_name().entries_by_nid(Nid::COMMONNAME).filter_map(|name| name.data().to_string().ok()).collect();
    match identity.common_name() {
        Some(name) => {
            assert!(!name.is_empty() && names.iter().any(|have| have == name), "{name:?} is none of {names:?}")
        }
        // One that cannot be read may be behind them.
        None => assert!(names.iter().all(|name| name.is_empty()) || names.len() < count, "none of {names:?}"),
    }
    if let Some(expires) = identity.expires() {
        let end = openssl::asn1::Asn1Time::from_unix(expires).expect("a time");
        assert!(leaf.not_after() == end, "{expires} is not {}", leaf.not_after());
    }
    format!("{identity:?}")
}

fn roots(file: &[u8]) -> String {
    match Https::builder().only_roots(file) {
        Err(error) => told(&error),
        Ok(_) => {
            let found = X509::stack_from_pem(file).expect("OpenSSL reads the roots, too");
            assert!(!found.is_empty(), "no root is in it");
            format!("{} roots", found.len())
        }
    }
}

fn public_key(file: &[u8]) -> String {
    match PublicKey::read(file) {
        Err(error) => told(&error),
        Ok(key) => format!("{key:?}"),
    }
}

fn private_key(file: &[u8]) -> String {
    match PrivateKey::read(file) {
        Err(error) => told(&error),
        Ok(key) => {
            let words = format!("{key:?}");
            assert!(words.len() < 200, "a key that shows itself: {words}");
            words
        }
    }
}

fn told(error: &wxpay_terminal::Error) -> String {
    let words = format!("{error} {error:?}");
    assert!(!words.contains(PASSWORD), "the password is in {words}");
    words
}
