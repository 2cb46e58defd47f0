//! `req_info` of a refund notification: base64 of AES-256-ECB with PKCS#7 padding, under the lower-case hex MD5 of the API key, which is
//! 32 ASCII bytes (protocol F.3).
//!
//! It is a hint and no proof: nothing is signed, and in ECB whoever holds old notifications can exchange blocks of 16 bytes (POS ruling
//! 9). By OpenSSL, which is in the tree where native-tls is OpenSSL.

use core::fmt::Write as _;
use std::string::String;
use std::vec::Vec;

use md5::{Digest as _, Md5};
use openssl::symm::{Cipher, decrypt};

use crate::secret::{Secret, wiped};
use crate::wire::pairs::Pairs;
use crate::wire::{verify, xml};

/// Reads a `req_info`: the fields of the refund.
///
/// # Errors
///
/// It is not base64, is cut, was made with another key, or is not XML with the root `root`. A wrong key gives good padding once in 256
/// times: then the text is none.
pub fn read_req_info(req_info: &str, key: &Secret) -> Result<Pairs, &'static str> {
    let plain = opened(req_info, &aes_key(key))?;
    verify::utf8(&plain).and_then(|text| xml::read_under("root", text))
}

/// Keeps the zeros at its head: a key made through an integer has fewer characters.
fn aes_key(key: &Secret) -> Secret {
    let digest: [u8; 16] = wiped(|| Md5::digest(key.bytes()).into());
    let mut hex = String::with_capacity(32);
    for byte in digest {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    Secret::new(hex)
}

fn opened(text: &str, key: &Secret) -> Result<Vec<u8>, &'static str> {
    let bytes = openssl::base64::decode_block(text.trim()).map_err(|_| "req_info is not base64")?;
    if bytes.is_empty() || bytes.len() % 16 != 0 {
        return Err("req_info is cut: its length is no multiple of 16");
    }
    decrypt(Cipher::aes_256_ecb(), key.bytes(), None, &bytes).map_err(|_| "req_info was not made with this key")
}

#[cfg(test)]
#[path = "../../tests/unit/wire/req_info.rs"]
mod tests;
