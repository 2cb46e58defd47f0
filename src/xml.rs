//! XML: a tiny writer of our own, and roxmltree for reading.

use alloc::string::String;
use alloc::vec::Vec;

use roxmltree::{Document, Node, ParsingOptions};

use crate::fields::Fields;
use crate::pairs::Pairs;

/// The most nodes of a reply. The longest documented one (gethbinfo with its list) has about a hundred.
const NODES: u32 = 2_000;

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
        for piece in ["<", name, ">"] {
            out.push_str(piece);
        }
        escape(value, &mut out);
        for piece in ["</", name, ">"] {
            out.push_str(piece);
        }
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
    let mut pairs = Pairs::default();
    for element in root.children().filter(Node::is_element) {
        pairs.add(element.tag_name().name(), &value(element, text)).map_err(|_| "one name has two values")?;
    }
    Ok(pairs)
}

/// Refuses what no gateway sends and what makes reading ambiguous or slow: attributes, prefixes, namespaces, a DTD.
///
/// With them one text could have two readings (`<a:return_code>`), and a few thousand namespaces take minutes.
fn plain_tags(text: &str) -> Result<(), &'static str> {
    let mut rest = text;
    while let Some((_, markup)) = rest.split_once('<') {
        let skipped = [("![CDATA[", "]]>"), ("!--", "-->"), ("?", "?>")]
            .iter()
            .find_map(|(begin, end)| Some(markup.strip_prefix(begin)?.split_once(end)));
        rest = match skipped {
            Some(Some((_, after))) => after,
            Some(None) => return Err("not well-formed XML"),
            None if markup.starts_with('!') => return Err("a DTD"),
            None => plain_tag(markup)?,
        };
    }
    Ok(())
}

/// What follows a tag of the form `name >`, `/name >` or `name />`.
fn plain_tag(markup: &str) -> Result<&str, &'static str> {
    let (tag, after) = markup.split_once('>').ok_or("not well-formed XML")?;
    let name = tag.strip_prefix('/').or_else(|| tag.strip_suffix('/')).unwrap_or(tag);
    let name = name.trim_end_matches([' ', '\t', '\r', '\n']);
    if name.contains(|c: char| c.is_ascii_whitespace() || matches!(c, ':' | '=' | '"' | '\'' | '<')) {
        return Err("an element with attributes or a prefix");
    }
    Ok(after)
}

fn value(element: Node<'_, '_>, source: &str) -> String {
    if !element.children().any(|child| child.is_element()) {
        return element.children().filter(Node::is_text).filter_map(|node| node.text()).collect();
    }
    let inside = element.first_child().zip(element.last_child());
    let range = inside.map(|(first, last)| first.range().start..last.range().end);
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
