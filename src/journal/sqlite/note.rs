//! The note: a line of the lock file (`in_place.rs`) that says which change was the last.
//!
//! After a kill SQLite reads the `-wal` file up to the first frame whose checksum is wrong, and drops the rest without a
//! word: one flipped bit would take committed payments away. So after each commit the line names the row that was changed,
//! and its revision; a database that does not have it has lost its end.
//!
//! The line is written in place and not synced: it costs no time, and it survives the end of the process, which is all that
//! a `-wal` file outlives unmoved. A power cut may lose it, or tear it, which its check shows; then nothing is compared. It
//! is written after its commit is durable, so it never promises what the disk does not have. It stands there twice, so that
//! one flipped bit in it and one in the `-wal` file are noticed, too.

use super::in_place::Line;
use crate::journal::entry::EntryId;

/// The journal's own row, among the rows that a note may name. Entries begin at 1.
pub(super) const OWN_ROW: EntryId = 0;

/// A row and its revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) row: EntryId,
    pub(super) revision: i64,
}

impl Line for Note {
    const BEGINS: &'static str = "last change: ";
    const LENGTH: usize = 91;

    fn words(self) -> String {
        format!("row {:020} revision {:020}", self.row, self.revision)
    }

    fn read(words: &str) -> Option<Note> {
        let mut words = words.split(' ');
        let mut number = |name| words.next().filter(|have| *have == name).and_then(|_| words.next()?.parse().ok());
        Some(Note { row: number("row")?, revision: number("revision")? })
    }
}

#[cfg(test)]
#[path = "../../../tests/unit/journal/sqlite/note.rs"]
mod tests;
