//! The usual form of a reply, read without a tree: `<xml><name><![CDATA[value]]></name>…</xml>`, or the values as bare text.
//!
//! All documented replies but those with a list have it, and a tree of it takes four times as long as all the rest of reading and
//! verifying. There is one judge of what a text means, the tree of [`xml`](super::xml): nothing is refused here, and what is not exactly
//! of this form (a reference, a comment, a prefix, an attribute, an element in a value, a carriage return) is `None`, and
//! read by it. `tests/unit/wire/xml.rs` holds the two against each other.

use crate::bytes;
use crate::wire::pairs::Pairs;

/// The most elements. Documented replies of this form have about 30, and the tree takes more nodes than that.
const MOST: usize = 256;

/// Room for the fields of most replies, which have 9 to 25.
pub(super) const FIELDS: usize = 32;

const CDATA: &[u8] = b"<![CDATA[";
const CDATA_END: &[u8] = b"]]>";

/// Reads a document under this root element. `None`: it has another form, or has a fault, which the tree will name.
pub(super) fn read(root: &str, text: &str) -> Option<Pairs> {
    if bytes::has_rare(text.as_bytes()) {
        return None;
    }
    let mut at = after(text, after_blanks(text, 0), b"<")?;
    at = after(text, after(text, at, root.as_bytes())?, b">")?;
    let mut pairs = Pairs::with_capacity(FIELDS, text.len());
    for _ in 0..=MOST {
        at = after(text, after_blanks(text, at), b"<")?;
        if let Some(end) = after(text, at, b"/") {
            let end = after(text, after(text, end, root.as_bytes())?, b">")?;
            return (after_blanks(text, end) == text.len()).then_some(pairs);
        }
        let name = name(text.get(at..)?)?;
        at = after(text, at.checked_add(name.len())?, b">")?;
        let (value, next) = value(text, at)?;
        at = after(text, after(text, after(text, next, b"</")?, name.as_bytes())?, b">")?;
        pairs.add_element(name, value).ok()?;
    }
    None
}

/// Where what stands here ends, if it is this.
fn after(text: &str, at: usize, expected: &[u8]) -> Option<usize> {
    let end = at.checked_add(expected.len())?;
    (text.as_bytes().get(at..end)? == expected).then_some(end)
}

fn after_blanks(text: &str, at: usize) -> usize {
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n')).count();
    at.saturating_add(blanks)
}

/// The name that a text begins with: ASCII letters, digits and `_`, the first one no digit.
fn name(text: &str) -> Option<&str> {
    let is_of_a_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let length = text.as_bytes().iter().take_while(|byte| is_of_a_name(byte)).count();
    text.get(..length).filter(|name| !name.is_empty() && !name.starts_with(|first: char| first.is_ascii_digit()))
}

/// A value, and where it ends.
fn value(text: &str, at: usize) -> Option<(&str, usize)> {
    let rest = |from: usize| text.as_bytes().get(from..);
    let Some(from) = after(text, at, CDATA) else {
        // `>` may stand in a text, `]]>` may not: the tree knows.
        let length = rest(at)?.iter().position(|byte| matches!(byte, b'<' | b'>'))?;
        let end = at.checked_add(length)?;
        return Some((text.get(at..end)?, end));
    };
    let mut end = from;
    loop {
        end = end.checked_add(rest(end)?.iter().position(|byte| *byte == b']')?)?;
        if let Some(next) = after(text, end, CDATA_END) {
            return Some((text.get(from..end)?, next));
        }
        end = end.checked_add(1)?;
    }
}
