//! A strict reader for flat request documents, and a writer for replies.
//!
//! Requests are `<xml>` with one level of children (docs: seeds 0 to 2). What a request never
//! needs is refused: a DTD, comments, attributes, a second level, an element twice.

use crate::fields::Fields;

/// Reads one request. The error says what is wrong.
pub(crate) fn read(body: &[u8]) -> Result<Fields, &'static str> {
    let text = std::str::from_utf8(body).map_err(|_| "not UTF-8")?;
    if text.chars().any(|c| !legal(c)) {
        return Err("a character that XML forbids");
    }
    let mut rest = text.trim_matches(BLANK);
    if let Some(after) = rest.strip_prefix("<?xml ") {
        let end = after.find("?>").ok_or("declaration without end")?;
        rest = after[end + 2..].trim_start_matches(BLANK);
    }
    rest = rest.strip_prefix("<xml>").ok_or("root is not <xml>")?;
    let mut fields = Fields::default();
    loop {
        rest = rest.trim_start_matches(BLANK);
        if let Some(after) = rest.strip_prefix("</xml>") {
            return if after.is_empty() { Ok(fields) } else { Err("text after </xml>") };
        }
        let (name, value, after) = element(rest)?;
        if !fields.push(name, &value) {
            return Err("an element twice");
        }
        rest = after;
    }
}

const BLANK: [char; 4] = [' ', '\t', '\r', '\n'];

fn legal(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

fn element(text: &str) -> Result<(&str, String, &str), &'static str> {
    let inside = text.strip_prefix('<').ok_or("text between elements")?;
    let (name, mut rest) = inside.split_once('>').ok_or("tag without end")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(plain) || name.starts_with(|c: char| c.is_numeric()) {
        return Err("bad element name");
    }
    let mut value = String::new();
    loop {
        if let Some(after) = rest.strip_prefix("<![CDATA[") {
            let (raw, after) = after.split_once("]]>").ok_or("CDATA without end")?;
            value.push_str(&line_ends(raw));
            rest = after;
        } else if let Some(after) = rest.strip_prefix("</") {
            let (end, after) = after.split_once('>').ok_or("tag without end")?;
            // White space is legal before `>` of an end tag (docs: B.2).
            return match end.trim_end_matches(BLANK) == name {
                true => Ok((name, value, after)),
                false => Err("end tag of another element"),
            };
        } else {
            let end = rest.find('<').ok_or("element without end")?;
            if end == 0 {
                return Err("nested element");
            }
            value.push_str(&unescape(&rest[..end])?);
            rest = &rest[end..];
        }
    }
}

// XML readers turn CR LF and CR into LF before anybody sees the value.
fn line_ends(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

fn unescape(text: &str) -> Result<String, &'static str> {
    if text.contains("]]>") {
        return Err("]]> outside CDATA");
    }
    let text = line_ends(text);
    let mut parts = text.split('&');
    let mut value = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (entity, after) = part.split_once(';').ok_or("& without ;")?;
        value.push(character(entity).ok_or("unknown entity")?);
        value.push_str(after);
    }
    Ok(value)
}

fn character(entity: &str) -> Option<char> {
    let code = match entity {
        "amp" => return Some('&'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        number => number.strip_prefix('#')?,
    };
    let code = match code.strip_prefix('x') {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => code.parse().ok()?,
    };
    char::from_u32(code).filter(|c| legal(*c))
}

/// `text` as a CDATA section; `]]>` inside is split over two sections.
pub(crate) fn cdata(text: &str) -> String {
    format!("<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>"))
}

/// `text` with the characters escaped that may not stand outside CDATA.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_text_cdata_and_entities() {
        let fields =
            read(b"<?xml version=\"1.0\"?>\n<xml><a>1 &amp; 2</a><b><![CDATA[x&y]]></b >\n<c>a<![CDATA[b]]>&#x4E2D;</c></xml>\n")
                .unwrap();
        assert_eq!(fields.get("a"), "1 & 2");
        assert_eq!(fields.get("b"), "x&y");
        assert_eq!(fields.get("c"), "ab中");
    }

    #[test]
    fn refuses_what_a_request_never_needs() {
        for bad in [
            "",
            "<xml>",
            "<xml></xml>x",
            "<xml>x</xml>",
            "<xml><a>1</a><a>1</a></xml>",
            "<xml><a><b>1</b></a></xml>",
            "<xml><a/></xml>",
            "<xml><a x='1'>1</a></xml>",
            "<xml><a>1</b></xml>",
            "<xml><a>1 & 2</a></xml>",
            "<xml><a>&nbsp;</a></xml>",
            "<xml><a>]]></a></xml>",
            "<xml><a>\u{1}</a></xml>",
            "<xml><a>&#1;</a></xml>",
            "<xml><!-- x --></xml>",
            "<!DOCTYPE xml><xml></xml>",
            "<root></root>",
            "html",
        ] {
            assert!(read(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(read(b"<xml><a>\xFF</a></xml>").is_err());
    }

    #[test]
    fn line_ends_become_one() {
        let fields = read(b"<xml><a>1\r\n2\r3</a></xml>").unwrap();
        assert_eq!(fields.get("a"), "1\n2\n3");
    }

    #[test]
    fn cdata_end_is_split() {
        assert_eq!(cdata("a]]>b"), "<![CDATA[a]]]]><![CDATA[>b]]>");
    }
}
