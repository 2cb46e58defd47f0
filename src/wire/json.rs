//! A flat JSON reader for the reply of the e-pay gateway.
//!
//! A signature covers the spelling of values, so numbers must keep theirs (`0`, `0.10`), and a name with two values
//! must be seen. The readers that keep both and fit the budget call themselves experimental; hence this one. It reads
//! one object; a nested value is kept as its text.

use alloc::string::String;

use crate::bytes;
use crate::wire::pairs::{Pairs, PairsFault};

/// The deepest nesting of a value that is skipped over.
const DEPTH: u32 = 16;

/// Reads `{"name": value, …}`.
///
/// Strings are decoded; numbers, `true` and `false` keep their spelling; `null` is an empty value; objects and arrays
/// are kept as text.
///
/// # Errors
///
/// Says in words why the text is not such an object.
pub(crate) fn read(text: &str) -> Result<Pairs, &'static str> {
    let text = text.trim_start_matches('\u{FEFF}');
    let mut reader = Reader { text, at: 0 };
    let mut pairs = Pairs::default();
    reader.blanks();
    reader.take(b'{')?;
    reader.blanks();
    if reader.peek() != Some(b'}') {
        loop {
            reader.blanks();
            let name = reader.string()?;
            reader.blanks();
            reader.take(b':')?;
            reader.blanks();
            let value = reader.value()?;
            pairs.add(&name, &value).map_err(PairsFault::words)?;
            reader.blanks();
            if reader.peek() != Some(b',') {
                break;
            }
            reader.step();
        }
    }
    reader.take(b'}')?;
    reader.blanks();
    match reader.peek() {
        None => Ok(pairs),
        Some(_) => Err("text after the JSON object"),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn take(&mut self, byte: u8) -> Result<(), &'static str> {
        if self.peek() == Some(byte) {
            self.step();
            Ok(())
        } else {
            Err("not a JSON object")
        }
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.step();
        }
    }

    fn since(&self, from: usize) -> &'a str {
        self.text.get(from..self.at).unwrap_or_default()
    }

    fn value(&mut self) -> Result<String, &'static str> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'{' | b'[') => {
                let from = self.at;
                self.nested(0)?;
                Ok(self.since(from).into())
            }
            _ => self.bare(),
        }
    }

    /// A number, `true`, `false` or `null`.
    fn bare(&mut self) -> Result<String, &'static str> {
        let from = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.')) {
            self.step();
        }
        match self.since(from) {
            "null" => Ok(String::new()),
            word @ ("true" | "false") => Ok(word.into()),
            number if is_number(number) => Ok(number.into()),
            _ => Err("not a JSON value"),
        }
    }

    /// Steps over an object or array, by the same grammar: what another reader refuses is no value.
    fn nested(&mut self, depth: u32) -> Result<(), &'static str> {
        if depth >= DEPTH {
            return Err("JSON nested too deep");
        }
        let is_object = self.peek() == Some(b'{');
        let close = if is_object { b'}' } else { b']' };
        self.step();
        self.blanks();
        if self.peek() == Some(close) {
            self.step();
            return Ok(());
        }
        loop {
            self.blanks();
            if is_object {
                drop(self.string()?);
                self.blanks();
                self.take(b':')?;
                self.blanks();
            }
            match self.peek() {
                Some(b'"') => drop(self.string()?),
                Some(b'{' | b'[') => self.nested(depth.saturating_add(1))?,
                _ => drop(self.bare()?),
            }
            self.blanks();
            let found = self.peek();
            self.step();
            match found {
                Some(b',') => {}
                Some(byte) if byte == close => return Ok(()),
                Some(_) => return Err("JSON brackets do not match"),
                None => return Err("the JSON text is cut"),
            }
        }
    }

    fn string(&mut self) -> Result<String, &'static str> {
        self.take(b'"')?;
        let mut out = String::new();
        loop {
            let from = self.at;
            while self.peek().is_some_and(|b| b != b'"' && b != b'\\' && b >= 0x20) {
                self.step();
            }
            out.push_str(self.since(from));
            match self.peek() {
                Some(b'"') => {
                    self.step();
                    return Ok(out);
                }
                Some(b'\\') => {
                    self.step();
                    out.push(self.escape()?);
                }
                Some(_) => return Err("a control character in a JSON string"),
                None => return Err("the JSON text is cut"),
            }
        }
    }

    fn escape(&mut self) -> Result<char, &'static str> {
        let byte = self.peek();
        self.step();
        Ok(match byte {
            Some(b @ (b'"' | b'\\' | b'/')) => char::from(b),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return Err("an unknown escape in a JSON string"),
        })
    }

    /// `\uXXXX`, or two of them for a character above U+FFFF (RFC 8259 section 7).
    fn unicode(&mut self) -> Result<char, &'static str> {
        let bad = "a bad \\u escape in a JSON string";
        let high = self.hex4().ok_or(bad)?;
        if !(0xD800..0xDC00).contains(&high) {
            return char::from_u32(high).ok_or(bad);
        }
        self.take(b'\\').and_then(|()| self.take(b'u')).map_err(|_| bad)?;
        let low = self.hex4().filter(|low| (0xDC00..0xE000).contains(low)).ok_or(bad)?;
        let value = ((high & 0x3FF) << 10 | low & 0x3FF).saturating_add(0x1_0000);
        char::from_u32(value).ok_or(bad)
    }

    fn hex4(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at.saturating_add(4))?;
        self.at = self.at.saturating_add(4);
        let all = digits.bytes().all(|b| b.is_ascii_hexdigit());
        u32::from_str_radix(digits, 16).ok().filter(|_| all)
    }
}

/// The number grammar of RFC 8259 section 6.
fn is_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (text.get(..at), text.get(at.saturating_add(1)..)),
        None => (Some(text), None),
    };
    let (whole, fraction) = match mantissa.and_then(|m| m.split_once('.')) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa.unwrap_or_default(), None),
    };
    bytes::is_number(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(bytes::is_number)
        && exponent.is_none_or(|e| bytes::is_number(e.strip_prefix(['+', '-']).unwrap_or(e)))
}

#[cfg(test)]
#[path = "../../tests/unit/wire/json.rs"]
mod tests;
