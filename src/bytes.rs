//! What the bytes of a value are: one look at each answers every question of the field check and of the XML writer.

/// `0-9`
pub(crate) const DIGIT: u8 = 1;
/// `a-z`, `A-Z`
pub(crate) const LETTER: u8 = 2;
/// `-._`
pub(crate) const JOINT: u8 = 128;
/// The rest of visible ASCII, but `&<>`.
pub(crate) const MARK: u8 = 4;
/// `&<>`
pub(crate) const MARKUP: u8 = 8;
/// A blank, or a part of a character outside ASCII.
pub(crate) const OTHER: u8 = 16;
/// Every control character has such a byte in UTF-8. So has U+00A0 to U+00BF, and nothing else.
pub(crate) const CONTROL: u8 = 32;
/// What U+F000 to U+FFFF begin with.
pub(crate) const HIGH: u8 = 64;

/// Visible ASCII without blanks.
pub(crate) const VISIBLE: u8 = DIGIT | LETTER | JOINT | MARK | MARKUP;
/// What the names of fields are made of.
pub(crate) const NAME: u8 = DIGIT | LETTER | JOINT;

/// The kind of one byte.
pub(crate) fn of(byte: u8) -> u8 {
    KINDS.get(usize::from(byte)).copied().unwrap_or(CONTROL)
}

/// The kinds of all bytes of a text, joined.
pub(crate) fn kinds(text: &[u8]) -> u8 {
    text.iter().fold(0, |seen, byte| seen | of(*byte))
}

/// True when a text has bytes of these kinds only.
pub(crate) fn only(text: &[u8], allowed: u8) -> bool {
    kinds(text) & !allowed == 0
}

const KINDS: [u8; 256] = table();

// The compiler runs this: what could panic would not compile.
#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
const fn table() -> [u8; 256] {
    let mut kinds = [0; 256];
    let mut byte = 0;
    while byte < kinds.len() {
        kinds[byte] = kind(byte as u8);
        byte += 1;
    }
    kinds
}

const fn kind(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => DIGIT,
        b'a'..=b'z' | b'A'..=b'Z' => LETTER,
        b'-' | b'.' | b'_' => JOINT,
        b'&' | b'<' | b'>' => MARKUP,
        b'!'..=b'~' => MARK,
        // U+0080 to U+009F begin with C2.
        0..=0x1F | 0x7F | 0xC2 => CONTROL,
        0xEF => HIGH,
        _ => OTHER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    /// Against the standard library, for every character there is.
    #[test]
    fn kinds_agree_with_the_standard_library() {
        for c in '\0'..=char::MAX {
            let text = c.to_string().into_bytes();
            assert_eq!(only(&text, DIGIT), c.is_ascii_digit(), "{c:?}");
            assert_eq!(only(&text, DIGIT | LETTER), c.is_ascii_alphanumeric(), "{c:?}");
            assert_eq!(only(&text, VISIBLE), c.is_ascii_graphic(), "{c:?}");
            assert_eq!(only(&text, NAME), c.is_ascii_alphanumeric() || "-._".contains(c), "{c:?}");
            assert_eq!(kinds(&text) & MARKUP != 0, "&<>".contains(c), "{c:?}");
            let control = c.is_control() || matches!(c, '\u{A0}'..='\u{BF}');
            assert_eq!(kinds(&text) & CONTROL != 0, control, "{c:?}");
            assert_eq!(kinds(&text) & HIGH != 0, matches!(c, '\u{F000}'..='\u{FFFF}'), "{c:?}");
        }
    }
}
