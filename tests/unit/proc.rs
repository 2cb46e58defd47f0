//! Unit tests of `src/proc.rs`.

use super::*;

#[test]
fn numbers_are_digits() {
    assert_eq!(number(b"350735"), Some(350_735));
    assert_eq!(number(u64::MAX.to_string().as_bytes()), Some(u64::MAX));
    for wrong in ["", "-1", "+1", " 1", "1 ", "1.5", "x", "18446744073709551616"] {
        assert_eq!(number(wrong.as_bytes()), None, "{wrong}");
    }
    assert_eq!(read("/nonexistent", &mut [0; 8]), None);
}
