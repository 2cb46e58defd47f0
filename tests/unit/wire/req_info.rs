//! Unit tests of `src/wire/req_info.rs`.

use super::*;

/// A published answer under a key of its own (wechatpay-php, AesEcbTest): the cipher without the MD5 before it.
#[test]
fn the_cipher_is_the_published_one() {
    let key = Secret::from("0123456789abcdef0123456789abcdef");
    assert_eq!(opened("pZwJZBLuy3mDACEQT4YTBw==", &key).unwrap(), b"hello");
    assert!(opened("pZwJZBLuy3mDACEQT4YTBw==", &Secret::from("0123456789abcdef0123456789abcdee")).is_err());
}

/// Of the vectors: the hex keeps its zeros.
#[test]
fn the_key_keeps_its_zeros() {
    assert_eq!(aes_key(&Secret::from("00000000000000000000000000018427")).bytes(), b"00007d9b8b2cd9177eefea9b492800e8");
    assert_eq!(aes_key(&Secret::from("00000000000000000000000000000017")).bytes(), b"02c35341e477bcc3ad9cec298c18d9a1");
}
