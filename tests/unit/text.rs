//! Unit tests of `src/text.rs`.

use super::shown;

#[test]
fn what_is_not_visible_is_not_shown() {
    let tricks = ['\0', '\t', '\n', '\r', '\u{7F}', '\u{85}', '\u{9B}', '\u{AD}', '\u{61C}', '\u{180E}', '\u{200B}'];
    let more = ['\u{200D}', '\u{200E}', '\u{2028}', '\u{2029}', '\u{202E}', '\u{2066}', '\u{2069}', '\u{FEFF}'];
    let last = ['\u{FFFE}', '\u{FFFF}', '\u{FDD0}', '\u{E0041}', '\u{10FFFF}', '\u{3164}'];
    for c in tricks.into_iter().chain(more).chain(last) {
        assert_eq!(shown(&alloc::format!("a{c}b"), 9), "ab", "{:x}", u32::from(c));
    }
    for text in ["余额不足", "NOTENOUGH", "Ä é 𠮷 😀 ½ … 「」", "\u{FFFD}", "a b\u{3000}c"] {
        assert_eq!(shown(text, 99), text);
    }
    assert_eq!(shown("余额不足", 2), "余额");
}
