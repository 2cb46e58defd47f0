//! XML: a tiny writer of our own, and roxmltree for reading.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use roxmltree::{Document, Node, ParsingOptions};

use crate::bytes;
use crate::wire::declaration;
use crate::wire::fields::Fields;
use crate::wire::pairs::{Pairs, PairsFault};
use crate::wire::plain;

/// The most nodes of a reply. The longest documented one (gethbinfo with its list) has about a hundred.
const NODES: u32 = 2_000;

/// The most equal signs of a reply, those in values included. Attributes need one each; documented replies have none but
/// in a URL.
const EQUALS: usize = 256;

/// Writes `<xml><name>value</name>…</xml>`.
///
/// Values are escaped, never put into CDATA, so that `]]>` has no meaning. Characters that XML cannot carry were
/// refused by the field check.
pub(crate) fn write(fields: &Fields) -> Vec<u8> {
    let mut out =
        Vec::with_capacity(fields.length_of_names().saturating_mul(2).saturating_add(fields.length_with(5, 32)));
    let plain = !fields.have_markup();
    out.extend_from_slice(b"<xml>");
    for (name, value) in fields.bytes() {
        out.push(b'<');
        out.extend_from_slice(name);
        out.push(b'>');
        if plain {
            out.extend_from_slice(value)
        } else {
            escape(value, &mut out)
        }
        out.extend_from_slice(b"</");
        out.extend_from_slice(name);
        out.push(b'>');
    }
    out.extend_from_slice(b"</xml>");
    out
}

/// (What is escaped is ASCII, and no part of another character.)
fn escape(value: &[u8], out: &mut Vec<u8>) {
    for byte in value {
        match byte {
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            byte => out.push(*byte),
        }
    }
}

/// Reads a reply: one element `xml` with one level of fields.
///
/// Blanks before the document are trimmed, values never. CDATA and text are joined. The value of an element that has
/// child elements (`hblist`) is the text of its inside. No DTD, bounded in nodes.
///
/// # Errors
///
/// Says in words why the text is not such a document.
pub(crate) fn read(text: &str) -> Result<Pairs, &'static str> {
    read_under("xml", text)
}

/// The same under a root element of another name.
pub(crate) fn read_under(name: &str, text: &str) -> Result<Pairs, &'static str> {
    let text = declaration::strip(text.trim_start_matches(['\u{FEFF}', ' ', '\t', '\r', '\n']))?;
    if has_few_equals(text)
        && let Some(pairs) = plain::read(name, text)
    {
        return Ok(pairs);
    }
    read_tree(name, text)
}

fn read_tree(name: &str, text: &str) -> Result<Pairs, &'static str> {
    let document = parse(text)?;
    let root = document.root_element();
    if root.tag_name().name() != name {
        return Err("the root element is not the documented one");
    }
    let mut pairs = Pairs::with_capacity(plain::FIELDS, text.len());
    for element in root.children().filter(Node::is_element) {
        pairs.add_element(element.tag_name().name(), &value(element, text)).map_err(PairsFault::words)?;
    }
    Ok(pairs)
}

/// A document of plain elements. What no gateway sends and what makes reading ambiguous is refused: attributes,
/// prefixes (`<a:return_code>` would have two readings), namespaces, a DTD, processing instructions (each reader may do with one what it
/// likes).
fn parse(text: &str) -> Result<Document<'_>, &'static str> {
    // A few thousand namespaces take the parser minutes, so their number is bounded before it sees them.
    if !has_few_equals(text) {
        return Err("more than 256 equal signs");
    }
    if bytes::has_either(text.as_bytes(), b'&', EF) {
        check_characters(text)?;
    }
    let options = ParsingOptions { nodes_limit: NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|error| match error {
        roxmltree::Error::DtdDetected => "a DTD",
        roxmltree::Error::NodesLimitReached => "too many elements",
        _ => "not well-formed XML",
    })?;
    let is_plain = |node: Node<'_, '_>| {
        node.tag_name().namespace().is_none() && node.attributes().len() == 0 && node.namespaces().len() == 0
    };
    if document.descendants().any(|node| node.is_pi()) {
        return Err("a processing instruction");
    }
    if document.descendants().all(is_plain) { Ok(document) } else { Err("an element with attributes or a prefix") }
}

fn has_few_equals(text: &str) -> bool {
    bytes::count(text.as_bytes(), b'=') <= EQUALS
}

/// What U+FFFE and U+FFFF begin with in UTF-8.
const EF: u8 = 0xEF;

/// What the parser takes and other readers do not. It refuses control characters itself.
fn check_characters(text: &str) -> Result<(), &'static str> {
    if text.contains("\u{FFFE}") || text.contains("\u{FFFF}") {
        return Err("a character that XML does not have");
    }
    if text.contains("&#") && !refers_to_characters(text) {
        return Err("a reference to a character that XML does not have");
    }
    Ok(())
}

/// What XML 1.0, 2.2 leaves out of `Char`.
fn is_no_character(c: char) -> bool {
    matches!(c, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}')
}

/// Whether each `&#…;` is a character of XML 1.0 (4.1). The parser reads what is none as U+FFFD, other readers refuse it.
///
/// In CDATA and in a comment it is nothing but text. They are what `<!` begins, whichever comes first hides the other one; attributes,
/// instructions and a DTD, in which it might be something else, are refused, and so is what does not end.
fn refers_to_characters(text: &str) -> bool {
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once("<!") {
        if !are_characters(before) {
            return false;
        }
        let cdata = inside.strip_prefix("[CDATA[").map(|inside| inside.split_once("]]>"));
        let comment = inside.strip_prefix("--").map(|inside| inside.split_once("-->"));
        let Some(Some((_, behind))) = cdata.or(comment) else { return true };
        rest = behind;
    }
    are_characters(rest)
}

/// The same of text without CDATA and comments.
fn are_characters(text: &str) -> bool {
    text.split("&#").skip(1).all(|rest| {
        let number = rest.split_once(';').map(|(number, _)| number).unwrap_or_default();
        let code = match number.strip_prefix('x') {
            Some(hex) => read_code(hex, 16),
            None => read_code(number, 10),
        };
        code.and_then(char::from_u32).is_some_and(|c| !is_no_character(c))
    })
}

fn read_code(digits: &str, radix: u32) -> Option<u32> {
    let all = digits.chars().all(|c| c.is_digit(radix));
    u32::from_str_radix(digits, radix).ok().filter(|_| all)
}

fn value<'a>(element: Node<'a, '_>, source: &'a str) -> Cow<'a, str> {
    let (first, last) = (element.first_child(), element.last_child());
    if let Some(only) = first.filter(|only| only.is_text() && first == last) {
        return only.text().unwrap_or_default().into();
    }
    if !element.children().any(|child| child.is_element()) {
        return element.children().filter(Node::is_text).filter_map(|node| node.text()).collect();
    }
    let range = first.zip(last).map(|(first, last)| first.range().start..last.range().end);
    range.and_then(|range| source.get(range)).unwrap_or_default().into()
}

/// Reads the repeated children of a nested value: `hblist` holds `hbinfo` elements, each with fields of its own.
pub(crate) fn read_list(inside: &str, item: &str) -> Vec<Pairs> {
    let text = ["<xml>", inside, "</xml>"].concat();
    let Ok(document) = parse(&text) else {
        return Vec::new();
    };
    let items = document.root_element().children().filter(|child| child.has_tag_name(item));
    items
        .filter_map(|node| {
            let mut pairs = Pairs::default();
            for field in node.children().filter(Node::is_element) {
                pairs.add_element(field.tag_name().name(), &value(field, &text)).ok()?;
            }
            Some(pairs)
        })
        .collect()
}

/// Reads an XML reply as the library reads it: one level, CDATA and text joined, equal duplicates collapsed.
///
/// # Errors
///
/// Says in words why it is not such a document: a DTD, an attribute or a prefix, a name with two values, too many elements,
/// more than 256 equal signs, not well-formed.
pub fn read_xml(text: &str) -> Result<Pairs, &'static str> {
    read(text)
}

#[cfg(test)]
#[path = "../../tests/unit/wire/xml.rs"]
mod tests;
