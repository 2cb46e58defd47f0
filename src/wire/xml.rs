//! XML: a tiny writer of our own, and roxmltree for reading.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use roxmltree::{Document, Node, ParsingOptions};

use crate::bytes;
use crate::wire::fields::Fields;
use crate::wire::pairs::{Pairs, PairsFault};

/// The most nodes of a reply. The longest documented one (gethbinfo with its list) has about a hundred.
const NODES: u32 = 2_000;

/// The most equal signs of a reply, those in values included. Attributes need one each; documented replies have none but
/// in a URL.
const EQUALS: usize = 256;

/// Room for the fields of most replies, which have 9 to 25.
const FIELDS: usize = 32;

/// Writes `<xml><name>value</name>…</xml>`.
///
/// Values are escaped, never put into CDATA, so that `]]>` has no meaning. Characters that XML cannot carry were
/// refused by the field check.
pub(crate) fn write(fields: &Fields) -> Vec<u8> {
    let length: usize = fields
        .iter()
        .map(|(name, value)| name.len().saturating_mul(2).saturating_add(value.len()).saturating_add(5))
        .sum();
    let mut out = String::with_capacity(length.saturating_add(32));
    let plain = !fields.have_markup();
    out.push_str("<xml>");
    for (name, value) in fields.iter() {
        out.push('<');
        out.push_str(name);
        out.push('>');
        if plain {
            out.push_str(value)
        } else {
            escape(value, &mut out)
        }
        out.push_str("</");
        out.push_str(name);
        out.push('>');
    }
    out.push_str("</xml>");
    out.into_bytes()
}

fn escape(value: &str, out: &mut String) {
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c => out.push(c),
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
    let text = text.trim_start_matches(['\u{FEFF}', ' ', '\t', '\r', '\n']);
    if declares_another_encoding(text) {
        return Err("UTF-8 that calls itself something else");
    }
    let document = parse(text)?;
    let root = document.root_element();
    if root.tag_name().name() != name {
        return Err("the root element is not the documented one");
    }
    let mut pairs = Pairs::with_capacity(FIELDS, text.len());
    for element in root.children().filter(Node::is_element) {
        pairs.add_element(element.tag_name().name(), &value(element, text)).map_err(PairsFault::words)?;
    }
    Ok(pairs)
}

/// A document of plain elements. What no gateway sends and what makes reading ambiguous is refused: attributes,
/// prefixes (`<a:return_code>` would have two readings), namespaces, a DTD.
fn parse(text: &str) -> Result<Document<'_>, &'static str> {
    // A few thousand namespaces take the parser minutes, so their number is bounded before it sees them.
    if bytes::count(text.as_bytes(), b'=') > EQUALS {
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
    if document.descendants().all(is_plain) { Ok(document) } else { Err("an element with attributes or a prefix") }
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

/// Whether each `&#…;` is a character of XML 1.0 (4.1). The parser reads what is none as U+FFFD, other readers refuse it. One
/// that stands in CDATA is text and must be good all the same: telling them apart takes a parser.
fn refers_to_characters(text: &str) -> bool {
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

/// `<?xml … encoding="GBK"?>` before text that is more than ASCII: another reader would read other characters.
fn declares_another_encoding(text: &str) -> bool {
    let declaration =
        text.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>")).map_or("", |(inside, _)| inside);
    let named = declaration.split_once("encoding").map_or("", |(_, rest)| rest);
    let named = named.split(['"', '\'']).nth(1).unwrap_or("UTF-8");
    !named.eq_ignore_ascii_case("UTF-8") && !text.is_ascii()
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
