//! The declaration of an XML text: `<?xml version="1.0" encoding="UTF-8"?>`.
//!
//! It is read here: the parser takes one with a tab behind `<?xml` for a processing instruction, and looks at no value in it. Other readers do
//! look, and would refuse the text, or read other characters. Document: XML 1.0, 2.8, 2.9 and 4.3.3.

const WRONG: &str = "a declaration that is none of XML 1.0";

/// The text behind its declaration, where it has one.
///
/// # Errors
///
/// It is none of XML 1.0, or it calls UTF-8 that is more than ASCII another encoding: another reader would read other characters.
pub(crate) fn strip(text: &str) -> Result<&str, &'static str> {
    let Some(inside) = text.strip_prefix("<?xml").filter(|rest| rest.starts_with(is_blank)) else {
        return Ok(text);
    };
    let (inside, rest) = inside.split_once("?>").ok_or(WRONG)?;
    let (version, inside) = attribute(inside, "version")?.ok_or(WRONG)?;
    let encoding = attribute(inside, "encoding")?;
    let (encoding, inside) = encoding.map_or((None, inside), |(value, rest)| (Some(value), rest));
    let standalone = attribute(inside, "standalone")?;
    let (standalone, inside) = standalone.unwrap_or(("no", inside));
    let is_good = version == "1.0"
        && encoding.is_none_or(is_name)
        && matches!(standalone, "yes" | "no")
        && inside.chars().all(is_blank)
        // The parser would take it for the first.
        && !rest.starts_with(['\u{FEFF}'])
        && !rest.starts_with("<?xml");
    if !is_good {
        return Err(WRONG);
    }
    if encoding.is_some_and(|name| !name.eq_ignore_ascii_case("UTF-8")) && !rest.is_ascii() {
        return Err("UTF-8 that calls itself something else");
    }
    Ok(rest)
}

/// ` name = "value"` at the beginning of this, and what follows it. `None`: something else stands there.
fn attribute<'a>(text: &'a str, name: &str) -> Result<Option<(&'a str, &'a str)>, &'static str> {
    let Some(rest) = text.trim_start_matches(is_blank).strip_prefix(name).filter(|_| text.starts_with(is_blank)) else {
        return Ok(None);
    };
    let rest = rest.trim_start_matches(is_blank).strip_prefix('=').ok_or(WRONG)?.trim_start_matches(is_blank);
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\'')).ok_or(WRONG)?;
    rest.strip_prefix(quote).and_then(|rest| rest.split_once(quote)).map(Some).ok_or(WRONG)
}

/// EncName (4.3.3).
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}
