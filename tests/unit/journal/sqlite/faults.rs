//! Unit tests of `src/journal/sqlite/faults.rs`.

use rusqlite::ffi;

use super::*;

fn of(code: i32) -> JournalFault {
    fault(&rusqlite::Error::SqliteFailure(ffi::Error::new(code), None))
}

/// A file that ends where it says that it goes on was cut. It is for a person, and no error of the storage that passes.
#[test]
fn a_short_read_is_damage() {
    let fault = of(ffi::SQLITE_IOERR_SHORT_READ);
    assert_eq!(fault.kind(), JournalFaultKind::Damaged);
    assert!(fault.text().contains("was cut") && fault.text().contains("not recreated"), "{fault}");
    for code in [ffi::SQLITE_IOERR_READ, ffi::SQLITE_IOERR_WRITE, ffi::SQLITE_FULL, ffi::SQLITE_IOERR_FSYNC] {
        assert_eq!(of(code).kind(), JournalFaultKind::Storage, "{code}");
    }
    for code in [ffi::SQLITE_CORRUPT, ffi::SQLITE_NOTADB] {
        assert_eq!(of(code).kind(), JournalFaultKind::Damaged, "{code}");
    }
}
