//! What the bytes of a value are: one look at each answers every question of the field check.

/// `0-9`
pub(crate) const DIGIT: u8 = 1;
/// `a-z`, `A-Z`
pub(crate) const LETTER: u8 = 2;
/// The rest of visible ASCII.
pub(crate) const MARK: u8 = 4;
/// `&`, which is a mark, too.
pub(crate) const AMPERSAND: u8 = 8;
/// A blank, or a part of a character outside ASCII.
pub(crate) const OTHER: u8 = 16;
/// Every control character has such a byte in UTF-8. So has U+00A0 to U+00BF, and nothing else.
pub(crate) const CONTROL: u8 = 32;
/// What U+F000 to U+FFFF begin with.
pub(crate) const HIGH: u8 = 64;

/// Visible ASCII without blanks.
pub(crate) const VISIBLE: u8 = DIGIT | LETTER | MARK | AMPERSAND;

/// The kind of one byte.
fn of(byte: u8) -> u8 {
    KINDS.get(usize::from(byte)).copied().unwrap_or(CONTROL)
}

/// The kinds of all bytes of a text, joined: eight at a time, which halves the instructions.
pub(crate) fn kinds(text: &[u8]) -> u8 {
    let (eights, rest) = text.as_chunks::<8>();
    let eight =
        |[a, b, c, d, e, f, g, h]: &[u8; 8]| of(*a) | of(*b) | of(*c) | of(*d) | of(*e) | of(*f) | of(*g) | of(*h);
    let seen = eights.iter().fold(0, |seen, bytes| seen | eight(bytes));
    rest.iter().fold(seen, |seen, byte| seen | of(*byte))
}

/// Whether a text holds `&`, `<` or `>`. Without the table, so that a compiler can look at many bytes at once.
pub(crate) fn has_markup(text: &[u8]) -> bool {
    text.iter().fold(false, |seen, byte| seen | matches!(byte, b'&' | b'<' | b'>'))
}

/// Whether a text holds one of these two bytes. As above.
pub(crate) fn has_either(text: &[u8], one: u8, other: u8) -> bool {
    text.iter().fold(0, |seen, byte| seen | u8::from(*byte == one) | u8::from(*byte == other)) != 0
}

/// Whether an XML text holds what needs more than one look: `&`, a control character but a tab or a new line, or what U+F000 to U+FFFF
/// begin with. As above.
pub(crate) fn has_rare(text: &[u8]) -> bool {
    let is_rare = |byte: u8| (byte < b' ' && byte != b'\t' && byte != b'\n') || byte == b'&' || byte == 0xEF;
    text.iter().fold(0, |seen, byte| seen | u8::from(is_rare(*byte))) != 0
}

/// Whether a text is decimal digits, at least one, and nothing else.
pub(crate) fn is_number(text: &str) -> bool {
    !text.is_empty() && kinds(text.as_bytes()) == DIGIT
}

/// Whether two names are equal. Those of tables and requests are mostly the same constant, which is quicker to see.
pub(crate) fn same(one: &'static str, other: &'static str) -> bool {
    core::ptr::eq(one, other) || one == other
}

/// How often a byte occurs. Counted in single bytes, 255 at a time, so that a compiler can look at many at once.
pub(crate) fn count(text: &[u8], byte: u8) -> usize {
    let found = |part: &[u8]| part.iter().fold(0_u8, |found, have| found.wrapping_add(u8::from(*have == byte)));
    text.chunks(255).map(|part| usize::from(found(part))).sum()
}

/// The first eight bytes of a name, as a number that sorts as they do. A shorter name is filled up with zeros.
///
/// Most names differ there, and numbers are compared without a call.
pub(crate) fn head(name: &[u8]) -> u64 {
    let first = name.first_chunk().copied().unwrap_or_else(|| {
        let mut first = [0; 8];
        if let Some(begin) = first.get_mut(..name.len()) {
            begin.copy_from_slice(name);
        }
        first
    });
    u64::from_be_bytes(first)
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
        b'&' => MARK | AMPERSAND,
        b'!'..=b'~' => MARK,
        // U+0080 to U+009F begin with C2.
        0..=0x1F | 0x7F | 0xC2 => CONTROL,
        0xEF => HIGH,
        _ => OTHER,
    }
}

#[cfg(test)]
#[path = "../tests/unit/bytes.rs"]
mod tests;
