//! Texts of a record as the page and the CSV show them.

use crate::record::Record;

/// The longest text of a cell, in characters; a request may have 6,000 in one field.
const CELL: usize = 200;

/// Cut to a cell.
pub(crate) fn cell(text: &str) -> String {
    match text.char_indices().nth(CELL) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// What was bought, or what the payee reads.
pub(crate) fn subject(record: &Record) -> &str {
    let names = ["body", "act_name", "desc", "remark", "wishing"];
    names.into_iter().map(|name| record.content.get(name)).find(|value| !value.is_empty()).unwrap_or_default()
}

/// Which terminal it came from.
pub(crate) fn terminal(record: &Record) -> &str {
    let names = ["device_info", "op_device_id", "terminal_info", "netid"];
    names.into_iter().map(|name| record.content.get(name)).find(|value| !value.is_empty()).unwrap_or_default()
}

/// A text as a cell. What a spreadsheet would calculate gets an apostrophe.
pub(crate) fn quoted(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    format!("\"{}{}\"", if formula { "'" } else { "" }, text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells() {
        assert_eq!(quoted("a\"b,c"), "\"a\"\"b,c\"");
        assert_eq!(quoted("=HYPERLINK(1)"), "\"'=HYPERLINK(1)\"");
        assert_eq!(cell(&"微".repeat(300)).chars().count(), 201);
        assert_eq!(cell("short"), "short");
    }
}
