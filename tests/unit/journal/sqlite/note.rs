//! Unit tests of `src/journal/sqlite/note.rs`.

use super::*;

#[test]
fn every_change_of_a_note_is_seen() {
    let note = Note { row: 42, revision: 7 };
    let line = note.line();
    assert_eq!((line.len(), Note::read(line.trim_end())), (LENGTH, Some(note)));
    for bit in 0..(LENGTH - 1) * 8 {
        let mut bytes = line.trim_end().as_bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(core::str::from_utf8(&bytes).ok().and_then(Note::read), None, "bit {bit}");
    }
    // Torn: the beginning of one, the end of another.
    let next = Note { row: 43, revision: 1 }.line();
    for at in 1..LENGTH - 1 {
        let torn = [&line[..at], &next[at..]].concat();
        let read = Note::read(torn.trim_end());
        assert!(read.is_none() || torn == line || torn == next, "{torn}");
    }
}
