//! A strict reader for `application/x-www-form-urlencoded` bodies (docs: D).

use crate::fields::Fields;

/// Reads one request. The error says what is wrong.
pub(crate) fn read(body: &[u8]) -> Result<Fields, &'static str> {
    let text = std::str::from_utf8(body).map_err(|_| "not UTF-8")?;
    let mut fields = Fields::default();
    for pair in text.split('&') {
        let (name, value) = pair.split_once('=').ok_or("a pair without =")?;
        let (name, value) = (decode(name)?, decode(value)?);
        if name.is_empty() {
            return Err("a pair without a name");
        }
        if !fields.push(&name, &value) {
            return Err("a field twice");
        }
    }
    Ok(fields)
}

fn decode(text: &str) -> Result<String, &'static str> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => hex(bytes.next())? << 4 | hex(bytes.next())?,
            // What needs no escape: RFC 3986 unreserved, and `*` as browsers leave it.
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'*' => byte,
            _ => return Err("a character that must be escaped"),
        });
    }
    String::from_utf8(decoded).map_err(|_| "not UTF-8")
}

fn hex(digit: Option<u8>) -> Result<u8, &'static str> {
    let value = digit.and_then(|digit| char::from(digit).to_digit(16));
    value.map(|value| value as u8).ok_or("bad % escape")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes() {
        let fields = read(b"a=1+2&remark=%E6%A0%A1%e5%9b%ad&c=&d=x%26y%3Dz").unwrap();
        assert_eq!(fields.get("a"), "1 2");
        assert_eq!(fields.get("remark"), "校园");
        assert_eq!(fields.get("c"), "");
        assert_eq!(fields.get("d"), "x&y=z");
    }

    #[test]
    fn refuses() {
        for bad in ["", "a", "a=1&", "=1", "a=1&a=1", "a=%", "a=%4", "a=%zz", "a=1 2", "a=中", "a=%FF", "a=1=2"] {
            assert!(read(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
