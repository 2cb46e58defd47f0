//! Unit tests of `src/bytes.rs`.

use super::*;
use alloc::string::ToString;

/// Against the standard library, for every character there is.
#[test]
fn kinds_agree_with_the_standard_library() {
    let only = |text: &[u8], allowed: u8| kinds(text) & !allowed == 0;
    for c in '\0'..=char::MAX {
        let text = c.to_string().into_bytes();
        assert_eq!(only(&text, DIGIT), c.is_ascii_digit(), "{c:?}");
        assert_eq!(only(&text, DIGIT | LETTER), c.is_ascii_alphanumeric(), "{c:?}");
        assert_eq!(only(&text, VISIBLE), c.is_ascii_graphic(), "{c:?}");
        assert_eq!(has_markup(&text), "&<>".contains(c), "{c:?}");
        assert_eq!(has_either(&text, b'&', b'='), "&=".contains(c), "{c:?}");
        let control = c.is_control() || matches!(c, '\u{A0}'..='\u{BF}');
        assert_eq!(kinds(&text) & CONTROL != 0, control, "{c:?}");
        assert_eq!(kinds(&text) & HIGH != 0, matches!(c, '\u{F000}'..='\u{FFFF}'), "{c:?}");
    }
}

#[test]
fn a_count_of_more_than_255() {
    for (length, found) in [(0, 0), (1, 1), (254, 254), (255, 255), (256, 256), (700, 700)] {
        let text = ["-".repeat(100), "=".repeat(length), "-".repeat(100)].concat();
        assert_eq!(count(text.as_bytes(), b'='), found);
    }
}

/// Wherever two heads differ, they say the same as the names.
#[test]
fn heads_sort_as_names_do() {
    let names =
        ["", "\0", "a", "a\0", "ab", "b", "out_trad", "out_trade_no", "out_trade_nO", "out_transaction_id", "é"];
    for (a, b) in names.iter().flat_map(|a| names.map(|b| (*a, b))) {
        let by_head = head(a.as_bytes()).cmp(&head(b.as_bytes()));
        assert!(by_head.is_eq() || by_head == a.cmp(b), "{a:?} {b:?}");
    }
    assert!(head(b"out_trade_no") < head(b"out_transaction_id"));
}
