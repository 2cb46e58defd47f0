//! `nonce_str` of replies.

/// Thirty-two hexadecimal digits.
pub(crate) fn nonce() -> String {
    let mut bytes = [0; 16];
    // Without randomness the nonce is constant, which harms nobody here.
    let _ = openssl::rand::rand_bytes(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
