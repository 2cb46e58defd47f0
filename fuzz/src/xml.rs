//! XML replies. Held against another reader: what the library takes, the other one takes, with the same pairs. What the generator writes is
//! well-formed, and is taken.

use wxpay_terminal::read_xml;

use crate::readers::{self, Element};
use crate::tape::Tape;

/// An input that begins with it drives the generator.
const GENERATED: u8 = 1;

pub fn run(data: &[u8]) -> String {
    if let Some((&GENERATED, rest)) = data.split_first() {
        return generated(&mut Tape::new(rest));
    }
    let Ok(text) = std::str::from_utf8(data) else { return String::new() };
    let read = read_xml(text);
    if let Ok(pairs) = &read {
        agrees(text, &readers::pairs(pairs));
    }
    format!("{:?}", read.map(|pairs| readers::pairs(&pairs)))
}

/// What the library read is what the other reader reads.
pub fn agrees(text: &str, read: &[(String, String)]) {
    // The library's own leave: blanks and a BOM before the text.
    let trimmed = text.trim_start_matches(['\u{FEFF}', ' ', '\t', '\r', '\n']);
    let root = readers::xml(trimmed).unwrap_or_else(|error| panic!("the other reader refuses it: {error}\n{text:?}"));
    assert!(root.name == "xml" && root.is_plain, "the root is {root:?}");
    let mut have: Vec<(&str, &Element)> = Vec::new();
    for child in &root.children {
        assert!(are_plain(child), "an element that is not plain: {child:?}");
        if let Some((_, value)) = read.iter().find(|(name, _)| *name == child.name) {
            assert!(is_value(child, value), "{value:?} is not the value of {child:?}");
        } else {
            panic!("{child:?} was not read");
        }
        if !have.iter().any(|(name, _)| *name == child.name) {
            have.push((&child.name, child));
        }
    }
    let names: Vec<&str> = have.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, read.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), "other names, or another order");
}

fn are_plain(element: &Element) -> bool {
    element.is_plain && element.children.iter().all(are_plain)
}

/// A value is the element's text; where it holds elements, it is the inside as it stands there.
fn is_value(element: &Element, value: &str) -> bool {
    if element.children.is_empty() {
        return element.text == value;
    }
    let inside = readers::xml(&format!("<xml>{value}</xml>"));
    inside.is_ok_and(|inside| inside.children == element.children && inside.text == element.text)
}

fn generated(tape: &mut Tape<'_>) -> String {
    let mut text = String::new();
    text.push_str(tape.pick(&["", "\u{FEFF}", " \r\n", "\t"]));
    text.push_str(tape.pick(&[
        "",
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
        "<?xml version='1.0'?>\n",
        "<?xml\tversion = \"1.0\"\r\nencoding\t=\t'utf-8'\nstandalone='no' ?>",
        "<!-- a comment -->",
        "<?xml version=\"1.0\" standalone=\"yes\" ?><!---->",
    ]));
    text.push_str("<xml>");
    let mut pairs: Vec<(String, String)> = Vec::new();
    while !tape.is_over() && pairs.len() < 40 {
        let name = name(tape);
        let value: String = tape.text(60).chars().filter(|c| is_xml(*c)).collect();
        if pairs.iter().any(|(have, _)| *have == name) || has_equals(&text, &value) {
            continue;
        }
        text.push_str(tape.pick(&["", "\n", "  ", "<!-- <xml> -->"]));
        text.push_str(&format!("<{name}>{}</{name}{}>", written(tape, &value), tape.pick(&["", " ", "\n"])));
        pairs.push((name, value));
    }
    text.push_str(tape.pick(&["</xml>", "</xml>\n", "</xml ><!-- end -->"]));
    let read = read_xml(&text).unwrap_or_else(|why| panic!("well-formed, and refused: {why}\n{text}"));
    assert_eq!(readers::pairs(&read), pairs, "{text}");
    agrees(&text, &pairs);
    text
}

fn has_equals(text: &str, value: &str) -> bool {
    text.matches('=').count() + value.matches('=').count() > 200
}

fn name(tape: &mut Tape<'_>) -> String {
    let mut name = String::from(tape.pick(&["a", "_", "Z", "sign", "err_code", "成", "é"]));
    for byte in tape.bytes(12) {
        let of = ["b", "-", ".", "7", "_", "X", "\u{B7}", "ü"];
        name.push_str(of[usize::from(*byte) % of.len()]);
    }
    name
}

/// A value in one of the many ways in which XML may write it.
fn written(tape: &mut Tape<'_>, value: &str) -> String {
    match tape.below(4) {
        0 if !value.contains("]]>") && !value.contains('\r') => format!("<![CDATA[{value}]]>"),
        1 => value.chars().map(|c| format!("&#{};", u32::from(c))).collect(),
        2 => value.chars().map(|c| if tape.flag() { format!("&#x{:X};", u32::from(c)) } else { escaped(c) }).collect(),
        _ => value.chars().map(escaped).collect::<Vec<_>>().join(tape.pick(&["", "<!-- & -->", "<![CDATA[]]>"])),
    }
}

fn escaped(c: char) -> String {
    match c {
        '&' => "&amp;".into(),
        '<' => "&lt;".into(),
        '>' => "&gt;".into(),
        '\r' => "&#13;".into(),
        '"' => "&quot;".into(),
        '\'' => "&apos;".into(),
        c => c.into(),
    }
}

/// `Char` of XML 1.0, 2.2.
fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}
