//! XML: a tiny writer of our own, and roxmltree for reading.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use roxmltree::{Document, Node, ParsingOptions};

use crate::bytes;
use crate::fields::Fields;
use crate::pairs::Pairs;

/// The most nodes of a reply. The longest documented one (gethbinfo with its list) has about a hundred.
const NODES: u32 = 2_000;

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
    out.push_str("<xml>");
    for (name, value) in fields.iter() {
        out.push('<');
        out.push_str(name);
        out.push('>');
        escape(value, &mut out);
        out.push_str("</");
        out.push_str(name);
        out.push('>');
    }
    out.push_str("</xml>");
    out.into_bytes()
}

fn escape(value: &str, out: &mut String) {
    if bytes::kinds(value.as_bytes()) & bytes::MARKUP == 0 {
        return out.push_str(value);
    }
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
    let text = text.trim_start_matches(['\u{FEFF}', ' ', '\t', '\r', '\n']);
    plain_tags(text)?;
    let options = ParsingOptions { nodes_limit: NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|error| match error {
        roxmltree::Error::DtdDetected => "a DTD",
        roxmltree::Error::NodesLimitReached => "too many elements",
        _ => "not well-formed XML",
    })?;
    let root = document.root_element();
    if root.tag_name().name() != "xml" {
        return Err("the root element is not xml");
    }
    let mut pairs = Pairs::with_capacity(FIELDS, text.len());
    for element in root.children().filter(Node::is_element) {
        pairs.add(element.tag_name().name(), &value(element, text)).map_err(|_| "one name has two values")?;
    }
    Ok(pairs)
}

/// Refuses what no gateway sends and what makes reading ambiguous or slow: attributes, prefixes, namespaces, a DTD.
///
/// With them one text could have two readings (`<a:return_code>`), and a few thousand namespaces take minutes.
fn plain_tags(text: &str) -> Result<(), &'static str> {
    let mut rest = text.as_bytes();
    while let Some((_, markup)) = around(rest, b'<') {
        rest = match markup {
            [b'!', b'[', b'C', b'D', b'A', b'T', b'A', b'[', inside @ ..] => after(inside, b"]]>")?,
            [b'!', b'-', b'-', inside @ ..] => after(inside, b"-->")?,
            [b'?', inside @ ..] => after(inside, b"?>")?,
            [b'!', ..] => return Err("a DTD"),
            _ => plain_tag(markup)?,
        };
    }
    Ok(())
}

/// What stands before and after the first such byte. The pieces of a reply are short: searching byte by byte is quicker
/// than preparing a search.
fn around(text: &[u8], byte: u8) -> Option<(&[u8], &[u8])> {
    let (before, found) = text.split_at_checked(text.iter().position(|b| *b == byte)?)?;
    found.split_first().map(|(_, after)| (before, after))
}

/// What follows the first `end`, a text that ends with `>`.
fn after<'a>(text: &'a [u8], end: &[u8]) -> Result<&'a [u8], &'static str> {
    let mut from = 0_usize;
    while let Some((before, after)) = text.get(from..).and_then(|rest| around(rest, b'>')) {
        from = from.saturating_add(before.len()).saturating_add(1);
        if text.get(..from).is_some_and(|read| read.ends_with(end)) {
            return Ok(after);
        }
    }
    Err("not well-formed XML")
}

/// What follows a tag of the form `name >`, `/name >` or `name />`.
fn plain_tag(markup: &[u8]) -> Result<&[u8], &'static str> {
    // Nearly all are a name and `>`.
    let inside = markup.strip_prefix(b"/").unwrap_or(markup);
    let end = inside.iter().position(|b| bytes::of(*b) & bytes::NAME == 0).and_then(|end| inside.get(end..));
    if let Some([b'>', after @ ..]) = end {
        return Ok(after);
    }
    let (tag, after) = around(markup, b'>').ok_or("not well-formed XML")?;
    let name = tag.strip_prefix(b"/").or_else(|| tag.strip_suffix(b"/")).unwrap_or(tag);
    let blank = |b: &u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n');
    let name = name.iter().rposition(|b| !blank(b)).and_then(|last| name.get(..=last)).unwrap_or_default();
    if name.iter().any(|b| b.is_ascii_whitespace() || matches!(b, b':' | b'=' | b'"' | b'\'' | b'<')) {
        return Err("an element with attributes or a prefix");
    }
    Ok(after)
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
    if plain_tags(&text).is_err() {
        return Vec::new();
    }
    let options = ParsingOptions { nodes_limit: NODES, ..ParsingOptions::default() };
    let Ok(document) = Document::parse_with_options(&text, options) else {
        return Vec::new();
    };
    let items = document.root_element().children().filter(|child| child.has_tag_name(item));
    items
        .filter_map(|node| {
            let mut pairs = Pairs::default();
            for field in node.children().filter(Node::is_element) {
                pairs.add(field.tag_name().name(), &value(field, &text)).ok()?;
            }
            Some(pairs)
        })
        .collect()
}
