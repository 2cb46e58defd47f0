//! The form body of the e-pay gateway: `name=value&name=value`, UTF-8, percent-encoded.

use alloc::string::String;
use alloc::vec::Vec;

use crate::wire::fields::Fields;

/// Writes `application/x-www-form-urlencoded`. The signature was made over the raw values; encoding comes after it.
pub(crate) fn write(fields: &Fields) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    for (at, (name, value)) in fields.iter().enumerate() {
        if at > 0 {
            out.push(b'&');
        }
        encode(name, &mut out);
        out.push(b'=');
        encode(value, &mut out);
    }
    out
}

/// One value, percent-encoded.
pub(crate) fn encoded(value: &str) -> String {
    let mut out = Vec::with_capacity(value.len());
    encode(value, &mut out);
    // It is ASCII.
    String::from_utf8(out).unwrap_or_default()
}

/// Letters, digits and `*-._` stay, a blank becomes `+`, every other byte `%XX` (WHATWG URL standard, form encoding).
fn encode(value: &str, out: &mut Vec<u8>) {
    for byte in value.bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'*' | b'-' | b'.' | b'_' => out.push(byte),
            b' ' => out.push(b'+'),
            _ => {
                let digit =
                    |nibble: u8| char::from_digit(u32::from(nibble), 16).map_or(b'0', |c| c.to_ascii_uppercase() as u8);
                out.extend([b'%', digit(byte >> 4), digit(byte & 15)]);
            }
        }
    }
}
