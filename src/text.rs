//! Text that others wrote, before it is shown to people.
//!
//! A gateway's words, a page's title or a transport's reason end on a display, a receipt or in a log. Characters that
//! nobody sees, or that move what stands around them, could make a refusal look like a success there.

use alloc::string::String;

/// One line of it, of at most so many characters, without what is not visible.
pub(crate) fn shown(text: &str, longest: usize) -> String {
    text.chars().filter(|c| !is_hidden(*c)).take(longest).collect()
}

/// Controls (C0, C1), line and paragraph separators, what changes the direction (Unicode Standard Annex 9), what has no
/// width, tags, and what is no character. (Unicode 16, General_Category Cc, Cf, Zl, Zp, and noncharacters.)
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180E}'
            | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}'
            | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
        || u32::from(c) & 0xFFFE == 0xFFFE
        || ('\u{FDD0}'..='\u{FDEF}').contains(&c)
}

#[cfg(test)]
#[path = "../tests/unit/text.rs"]
mod tests;
