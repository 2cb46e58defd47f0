//! Signatures by OpenSSL: `k=v&k=v`, sorted by name, without `sign` and what is empty, then the key (protocol F.1).

use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;

/// What is signed, without its end.
pub fn text(pairs: &[(String, String)]) -> String {
    let mut rows: Vec<_> = pairs.iter().filter(|(name, value)| name != "sign" && !value.is_empty()).collect();
    rows.sort();
    rows.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

pub fn md5(text: &str) -> String {
    upper(&openssl::hash::hash(MessageDigest::md5(), text.as_bytes()).expect("MD5"))
}

pub fn hmac(digest: MessageDigest, key: &str, text: &str) -> String {
    let key = PKey::hmac(key.as_bytes()).expect("a key");
    let mut signer = Signer::new(digest, &key).expect("HMAC");
    upper(&signer.sign_oneshot_to_vec(text.as_bytes()).expect("HMAC"))
}

fn upper(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// MD5 over all fields and the API key.
pub fn of(pairs: &[(String, String)], key: &str) -> String {
    md5(&format!("{}&key={key}", text(pairs)))
}
