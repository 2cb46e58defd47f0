//! What went wrong, in the words of a journal.

use std::borrow::Cow;
use std::io;

use crate::error::text;
use crate::journal::fault::{JournalFault, JournalFaultKind};
use rusqlite::types::FromSql;
use rusqlite::{Connection, ErrorCode, Row};

pub(super) type Result<T> = core::result::Result<T, JournalFault>;

pub(super) trait OrFault<T> {
    fn or_fault(self) -> Result<T>;
}

impl<T> OrFault<T> for rusqlite::Result<T> {
    fn or_fault(self) -> Result<T> {
        self.map_err(|error| fault(&error))
    }
}

pub(super) fn get<T: FromSql>(row: &Row<'_>, column: &str) -> Result<T> {
    row.get(column).or_fault()
}

pub(super) fn pragma<T: FromSql>(connection: &Connection, name: &str) -> Result<T> {
    connection.pragma_query_value(None, name, |row| row.get(0)).or_fault()
}

/// Says what SQLite said. Its words name tables and columns, never values. The extended code tells what the storage lacks.
pub(super) fn fault(error: &rusqlite::Error) -> JournalFault {
    use rusqlite::ffi;
    let words = error.to_string();
    let extended = error.sqlite_error().map_or(0, |error| error.extended_code);
    match extended {
        ffi::SQLITE_IOERR_SHMMAP
        | ffi::SQLITE_IOERR_SHMOPEN
        | ffi::SQLITE_IOERR_SHMSIZE
        | ffi::SQLITE_IOERR_SHMLOCK => {
            return lacks("shared writable mappings (mmap), which the write-ahead log needs");
        }
        ffi::SQLITE_IOERR_LOCK
        | ffi::SQLITE_IOERR_RDLOCK
        | ffi::SQLITE_IOERR_UNLOCK
        | ffi::SQLITE_IOERR_CHECKRESERVEDLOCK
        | ffi::SQLITE_PROTOCOL
        | ffi::SQLITE_NOLFS => return lacks("record locks (fcntl)"),
        ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC => {
            return storage("a write did not reach the disk. Check the storage and restart the program");
        }
        // The file ends where it says that it goes on: nothing that passes.
        ffi::SQLITE_IOERR_SHORT_READ => return damaged("a file of it is shorter than it says: it was cut"),
        ffi::SQLITE_READONLY_DBMOVED => return storage("the database was moved or removed while it was open"),
        _ => {}
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            busy("another program writes to it, perhaps a sqlite3 shell with an open transaction. End that one")
        }
        Some(ErrorCode::DiskFull) => storage("the disk is full"),
        Some(ErrorCode::ReadOnly) => storage("the storage is read-only"),
        Some(ErrorCode::CannotOpen) => {
            storage("a file beside it cannot be opened: no descriptors are left, or the folder is not this program's")
        }
        Some(ErrorCode::SystemIoFailure) => {
            storage(text(&["the storage fails: ", &words, " (SQLite's code ", &extended.to_string(), ")"]))
        }
        Some(ErrorCode::ConstraintViolation) => refused(words),
        // A missing table or column is an SQL error.
        None | Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown) => damaged(&words),
        Some(_) => storage(words),
    }
}

/// Where a journal cannot be, and where it can.
pub(super) fn lacks(what: &str) -> JournalFault {
    storage(text(&["this file system has no ", what, ". Keep the journal on a local one that has: ext4, UBIFS, F2FS"]))
}

pub(super) fn io_fault(what: &str, error: &io::Error) -> JournalFault {
    storage(text(&[what, ": ", &error.to_string()]))
}

pub(super) fn storage(words: impl Into<Cow<'static, str>>) -> JournalFault {
    JournalFault::new(JournalFaultKind::Storage, words)
}

pub(super) fn busy(words: impl Into<Cow<'static, str>>) -> JournalFault {
    JournalFault::new(JournalFaultKind::Busy, words)
}

pub(super) fn refused(words: impl Into<Cow<'static, str>>) -> JournalFault {
    JournalFault::new(JournalFaultKind::Refused, words)
}

pub(super) fn damaged(found: &str) -> JournalFault {
    let what_to_do = ". It is not recreated, because it may hold payments. Keep all its files for a person \
                      (`sqlite3 FILE .recover` prints what is left), look up this terminal's payments at the \
                      gateway, and only then begin a new journal in another file";
    JournalFault::new(JournalFaultKind::Damaged, text(&[found, what_to_do]))
}

#[cfg(test)]
#[path = "../../../tests/unit/journal/sqlite/faults.rs"]
mod tests;
