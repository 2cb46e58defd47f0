//! Unit tests of `src/journal/sqlite/note.rs`, and of the other line that is written in place.

use super::*;
use crate::journal::sqlite::wal::Promised;

fn every_change_is_seen<L: Line + PartialEq + std::fmt::Debug>(one: L, next: L) {
    let (line, next) = (one.line(), next.line());
    assert_eq!((line.len(), L::whole(line.trim_end())), (L::LENGTH, Some(one)));
    for bit in 0..(L::LENGTH - 1) * 8 {
        let mut bytes = line.trim_end().as_bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(core::str::from_utf8(&bytes).ok().and_then(L::whole), None, "bit {bit}");
    }
    // Torn: the beginning of one, the end of another.
    for at in 1..L::LENGTH - 1 {
        let torn = [&line[..at], &next[at..]].concat();
        let read = L::whole(torn.trim_end());
        assert!(read.is_none() || torn == line || torn == next, "{torn}");
    }
}

#[test]
fn every_change_of_a_line_is_seen() {
    every_change_is_seen(Note { row: 42, revision: 7 }, Note { row: 43, revision: 1 });
    every_change_is_seen(Promised(199), Promised(201));
    every_change_is_seen(Promised(9_999), Promised(10_000));
}
