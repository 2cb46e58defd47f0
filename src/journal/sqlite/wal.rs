//! Which WAL is the newest: it was durable before the lock file says so. A database that has an older one lost its `-wal` file, or is a backup
//! that was put back alone.

use std::fs::File;
use std::io;

use super::in_place::{InPlace, Line};

/// The number of a WAL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Promised(pub(super) i64);

impl Line for Promised {
    const BEGINS: &'static str = "newest wal: ";
    const LENGTH: usize = 56;

    fn words(self) -> String {
        format!("{:020}", self.0)
    }

    fn read(words: &str) -> Option<Promised> {
        words.parse().ok().map(Promised)
    }
}

/// What the lock file promises. A power cut may tear the line that is written: that is never the one that says the newest.
#[derive(Debug)]
pub(super) struct Promises {
    lines: InPlace<Promised>,
    newest_is_second: bool,
}

impl Promises {
    pub(super) fn find(bytes: &[u8]) -> (Promises, i64) {
        let (lines, said) = InPlace::find(bytes);
        let newest = said.into_iter().max_by_key(|(_, promised)| *promised);
        let newest_is_second = newest.is_some_and(|(at, _)| lines.is_second(at));
        let wal = newest.map_or(0, |(_, Promised(wal))| wal).max(added(bytes));
        (Promises { lines, newest_is_second }, wal)
    }

    /// Durable when it returns. `words` come first, where the lines are new.
    pub(super) fn write(&mut self, file: &File, words: &str, wal: i64) -> io::Result<()> {
        match self.lines.is_there() {
            true => {
                let second = !self.newest_is_second;
                self.lines.write_one(file, second, Promised(wal))?;
                self.newest_is_second = second;
            }
            false => self.lines.add(file, words, Promised(wal))?,
        }
        file.sync_all()
    }
}

/// Before they were written in place a line was added for each, and the file grew.
fn added(bytes: &[u8]) -> i64 {
    let lines = bytes.split(|byte| *byte == b'\n').filter_map(|line| core::str::from_utf8(line).ok());
    lines.filter_map(|line| line.strip_prefix("wal ")?.parse().ok()).max().unwrap_or(0)
}
