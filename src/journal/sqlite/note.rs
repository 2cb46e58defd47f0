//! The note: a line of the lock file that says which change was the last.
//!
//! After a kill SQLite reads the `-wal` file up to the first frame whose checksum is wrong, and drops the rest without a
//! word: one flipped bit would take committed payments away. So after each commit the line names the row that was changed,
//! and its revision; a database that does not have it has lost its end.
//!
//! The line is written in place and not synced: it costs no time, and it survives the end of the process, which is all that
//! a `-wal` file outlives unmoved. A power cut may lose it, or tear it, which its check shows; then nothing is compared. It
//! is written after its commit is durable, so it never promises what the disk does not have. It stands there twice, so that
//! one flipped bit in it and one in the `-wal` file are noticed, too.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use crate::journal::digest::Digest;
use crate::journal::entry::EntryId;

/// The journal's own row, among the rows that a note may name. Entries begin at 1.
pub(super) const OWN_ROW: EntryId = 0;

/// A row and its revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) row: EntryId,
    pub(super) revision: i64,
}

const BEGINS: &str = "last change: ";
/// Of the line with its line break: it is always the same, so that it is written in place.
const LENGTH: usize = 91;

impl Note {
    fn line(self) -> String {
        let words = format!("{BEGINS}row {:020} revision {:020} check ", self.row, self.revision);
        let check = check(&words);
        words + &check + "\n"
    }

    fn read(line: &str) -> Option<Note> {
        let mut words = line.strip_prefix(BEGINS)?.split(' ');
        let mut number = |name| words.next().filter(|have| *have == name).and_then(|_| words.next()?.parse().ok());
        let note = Note { row: number("row")?, revision: number("revision")? };
        // Torn or changed: it says nothing.
        (note.line().trim_end() == line).then_some(note)
    }
}

fn check(words: &str) -> String {
    let mut digest = Digest::of("note");
    digest.text(words.as_bytes());
    digest.finish().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Where the first of the two lines is in the lock file.
#[derive(Debug, Default)]
pub(super) struct NoteLine(Option<u64>);

impl NoteLine {
    /// Finds the two lines, and what they say. Of several the last good one counts.
    pub(super) fn find(file: &File) -> io::Result<(NoteLine, Option<Note>)> {
        let mut bytes = Vec::new();
        let mut file = file;
        file.seek(SeekFrom::Start(0))?;
        file.read_to_end(&mut bytes)?;
        let (mut place, mut last, mut before) = (None, None, None);
        // Not by lines: a flipped line break would join the two.
        let places = bytes.windows(BEGINS.len()).enumerate().filter(|(_, part)| *part == BEGINS.as_bytes());
        for at in places.map(|(at, _)| at) {
            let line = bytes.get(at..at.saturating_add(LENGTH).saturating_sub(1)).unwrap_or_default();
            last = core::str::from_utf8(line).ok().and_then(Note::read).or(last);
            let is_second = before.and_then(|before: usize| before.checked_add(LENGTH)) == Some(at);
            place = if is_second { before } else { place };
            // The second one of a pair begins no other pair.
            before = (!is_second).then_some(at);
        }
        Ok((NoteLine(place.and_then(|place| u64::try_from(place).ok())), last))
    }

    /// Adds the lines where there are none yet.
    pub(super) fn begin(&mut self, file: &File, note: Note) -> io::Result<()> {
        if self.0.is_some() {
            return self.write(file, note);
        }
        let mut file = file;
        // The first line break ends what a power cut may have torn.
        let end = file.seek(SeekFrom::End(0))?;
        file.write_all(["\n", &note.line(), &note.line()].concat().as_bytes())?;
        self.0 = Some(end.saturating_add(1));
        Ok(())
    }

    /// Writes what was changed last. Before [`NoteLine::begin`] it writes nothing.
    pub(super) fn write(&self, file: &File, note: Note) -> io::Result<()> {
        let Some(at) = self.0 else { return Ok(()) };
        let mut file = file;
        file.seek(SeekFrom::Start(at))?;
        file.write_all(note.line().repeat(2).as_bytes())
    }
}

#[cfg(test)]
#[path = "../../../tests/unit/journal/sqlite/note.rs"]
mod tests;
