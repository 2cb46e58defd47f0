//! The other readers: of XML, of JSON, of a form. None of them shares code with the library.

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use xml::reader::{EventReader, ParserConfig, XmlEvent};

/// An element, and what is in it: its text, and its children in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    pub name: String,
    pub is_plain: bool,
    pub text: String,
    pub children: Vec<Element>,
}

/// An XML text as `xml` reads it. Line ends are LF (XML 1.0, 2.11).
pub fn xml(text: &str) -> Result<Element, String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let config = ParserConfig::new()
        .cdata_to_characters(true)
        .whitespace_to_characters(true)
        .trim_whitespace(false)
        .ignore_comments(true)
        .coalesce_characters(true)
        // The bytes are UTF-8, whatever a declaration calls them: who may differ there is the library's rule.
        .override_encoding(Some(xml::Encoding::Utf8))
        .ignore_invalid_encoding_declarations(true);
    let mut open: Vec<Element> = vec![Element { is_plain: true, ..Element::default() }];
    for event in EventReader::new_with_config(text.as_bytes(), config) {
        match event.map_err(|error| error.to_string())? {
            XmlEvent::StartElement { name, attributes, namespace } => {
                let bound = namespace.0.iter().any(|(prefix, _)| !matches!(prefix.as_str(), "" | "xml" | "xmlns"));
                let is_plain = attributes.is_empty() && name.prefix.is_none() && name.namespace.is_none() && !bound;
                open.push(Element { name: name.local_name, is_plain, ..Element::default() });
            }
            XmlEvent::EndElement { .. } => {
                let done = open.pop().expect("it began");
                open.last_mut().expect("the document").children.push(done);
            }
            XmlEvent::Characters(text) | XmlEvent::CData(text) | XmlEvent::Whitespace(text) => {
                open.last_mut().expect("the document").text.push_str(&text);
            }
            XmlEvent::ProcessingInstruction { name, .. } => return Err(format!("<?{name}")),
            XmlEvent::Doctype { .. } => return Err("a DTD".into()),
            _ => {}
        }
    }
    let document = open.pop().filter(|_| open.is_empty()).ok_or("it is not closed")?;
    document.children.into_iter().next().ok_or_else(|| "no root".into())
}

/// One flat JSON object: names and values in their order, numbers in their spelling, what is nested as it stands there.
pub fn json(text: &str) -> Result<Vec<(String, String)>, String> {
    struct Flat(Vec<(String, Box<RawValue>)>);

    impl<'de> Deserialize<'de> for Flat {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Flat, D::Error> {
            struct Rows;
            impl<'de> Visitor<'de> for Rows {
                type Value = Flat;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("an object")
                }
                fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Flat, M::Error> {
                    let mut rows = Vec::new();
                    while let Some(row) = map.next_entry()? {
                        rows.push(row);
                    }
                    Ok(Flat(rows))
                }
            }
            from.deserialize_map(Rows)
        }
    }

    let Flat(rows) = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let value = |raw: &RawValue| match raw.get() {
        "null" => Ok(String::new()),
        text if text.starts_with('"') => serde_json::from_str(text).map_err(|error| error.to_string()),
        other => Ok(other.to_owned()),
    };
    rows.into_iter().map(|(name, raw)| Ok((name, value(&raw)?))).collect()
}

/// `name=value&name=value`, percent-encoded (WHATWG URL standard, form decoding).
pub fn form(text: &str) -> Result<Vec<(String, String)>, String> {
    let decoded = |text: &str| {
        let (mut bytes, mut out) = (text.bytes(), Vec::new());
        while let Some(byte) = bytes.next() {
            match byte {
                b'+' => out.push(b' '),
                b'%' => {
                    let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16)).ok_or("no hex");
                    let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
                    out.push((high * 16 + low) as u8);
                }
                byte => out.push(byte),
            }
        }
        String::from_utf8(out).map_err(|_| "not UTF-8")
    };
    let pair = |pair: &str| -> Result<(String, String), String> {
        let (name, value) = pair.split_once('=').ok_or("no =")?;
        Ok((decoded(name)?, decoded(value)?))
    };
    text.split('&').map(pair).collect()
}

/// Equal pairs collapse, a name with two values is an error.
pub fn folded(pairs: Vec<(String, String)>) -> Result<Vec<(String, String)>, String> {
    let mut out: Vec<(String, String)> = Vec::new();
    for (name, value) in pairs {
        match out.iter().find(|(have, _)| *have == name) {
            None => out.push((name, value)),
            Some((_, have)) if *have == value => {}
            Some(_) => return Err(format!("two values of {name}")),
        }
    }
    Ok(out)
}

pub fn pairs(read: &wxpay_terminal::Pairs) -> Vec<(String, String)> {
    read.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
