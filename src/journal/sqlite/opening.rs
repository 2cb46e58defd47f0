//! Opening: locks, what is missing or left over, the schema and its steps, whose journal it is.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::text;
use crate::journal::entry::Owner;
use crate::journal::fault::{JournalFault, JournalFaultKind};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, params};

use super::faults::{OrFault, Result, damaged, fault, io_fault, lacks, pragma, storage};
use super::files::{Locked, beside};
use super::past;
use super::schema::{APPLICATION_ID, MIGRATIONS, SEALED, check_old_schema, migrate};
use super::seal::{self, PUTS_AWAY, schema_version};
use super::wal::Promises;

/// How long to wait for a shell that holds a write lock.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// The bytes of a page. A change writes whole pages, twice: a payment touches a dozen of them, and changes some hundred bytes in each.
/// Smaller ones cut long rows into many (`flash::a_payment_writes_few_bytes`).
const PAGE: u32 = 1024;

/// The path without links, so that one file has one lock.
pub(super) fn resolve(path: &Path) -> Result<PathBuf> {
    if let Ok(found) = fs::canonicalize(path) {
        return Ok(found);
    }
    let name = path.file_name().ok_or_else(|| storage("the path names no file"))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = fs::canonicalize(folder).map_err(|error| io_fault("the folder", &error))?;
    Ok(folder.join(name))
}

pub(super) fn is_missing(path: &Path) -> Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(io_fault("the file", &error)),
    }
}

/// The lock file. It also remembers that there is a journal, how new its WAL is (`wal.rs`), and what was changed last (`note.rs`), so that a
/// database or a WAL that vanished is noticed.
pub(super) struct Lock(Locked);

const LOCK_WORDS: &str = "The journal beside this file holds payments. Move or copy them together.";

impl Lock {
    pub(super) fn take(path: &Path) -> Result<Lock> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let opened = private(&mut options).open(path);
        let file = opened.map_err(|error| io_fault("the lock file", &error))?;
        Locked::take(file).map(Lock)
    }

    pub(super) fn file(&self) -> &File {
        self.0.file()
    }

    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.file().metadata()?.len() == 0)
    }

    pub(super) fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file().seek(io::SeekFrom::Start(0))?;
        self.file().read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    pub(super) fn promise(&mut self, promises: &mut Promises, wal: i64) -> io::Result<()> {
        let words = if self.is_empty()? { LOCK_WORDS } else { "" };
        promises.write(self.file(), words, wal)
    }
}

/// There is no database. That is a new terminal only if nothing else is left of one.
pub(super) fn refuse_leftovers(path: &Path, lock: &Lock) -> Result<()> {
    let new = lock.is_empty().map_err(|error| io_fault("the lock file", &error))?;
    if !new || !is_missing(&beside(path, "-wal"))? || !is_missing(&beside(path, "-journal"))? {
        return Err(damaged("the database is missing, but the files beside it say that there was one"));
    }
    Ok(())
}

/// Makes the whole journal under another name, then gives it its own: a power cut leaves all of it or nothing.
pub(super) fn create(path: &Path, owner: &Owner) -> Result<()> {
    let new = beside(path, ".new");
    remove_leftovers(&new)?;
    create_as(&new, path, owner).inspect_err(|_| {
        if let Err(fault) = remove_leftovers(&new) {
            log::warn!("{fault}");
        }
    })
}

fn remove_leftovers(new: &Path) -> Result<()> {
    for leftover in ["", "-journal", "-wal", "-shm"] {
        match fs::remove_file(beside(new, leftover)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io_fault("a leftover", &error)),
            _ => {}
        }
    }
    Ok(())
}

fn create_as(new: &Path, path: &Path, owner: &Owner) -> Result<()> {
    let made = private(OpenOptions::new().write(true).create_new(true)).open(new);
    drop(made.map_err(|error| io_fault("the new file", &error))?);
    let mut connection = connect(new)?;
    connection.pragma_update(None, "page_size", PAGE).or_fault()?;
    set_up(&connection)?;
    migrate(&mut connection, MIGRATIONS)?;
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate).or_fault()?;
    let own = "INSERT INTO journal (one, terminal, device_info) VALUES (1, ?1, ?2)";
    change.execute(own, params![owner.terminal, owner.device_info]).or_fault()?;
    seal::seal_all(&change)?;
    change.commit().or_fault()?;
    connection.close().map_err(|(_, error)| fault(&error))?;
    File::open(new).and_then(|file| file.sync_all()).map_err(|error| io_fault("the new file", &error))?;
    fs::rename(new, path).map_err(|error| io_fault("the new file", &error))?;
    sync_folder(path)
}

/// What is refused stays as it is for a person: SQLite would move what it takes for the whole WAL, and remove the rest.
pub(super) fn move_wal_when_closed(connection: &Connection, moves: bool) -> Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !moves).or_fault()?;
    Ok(())
}

pub(super) fn open_existing(path: &Path, owner: &Owner) -> Result<Connection> {
    check_header(path)?;
    let mut connection = connect(path)?;
    move_wal_when_closed(&connection, false)?;
    if connection.is_readonly("main").or_fault()? {
        return Err(storage("the file is read-only"));
    }
    let id: i32 = pragma(&connection, "application_id")?;
    let version = schema_version(&connection)?;
    if id != APPLICATION_ID || version == 0 {
        return Err(damaged("it is a database, but not a journal"));
    }
    if version > MIGRATIONS.len() {
        let words = match seal::check_own_row_of(&connection, MIGRATIONS.len()) {
            Ok(_) => {
                "the number of its version is a newer library's, but the rest is this one's: the storage may have \
                      changed it. Keep all its files, and look it up before anything else"
            }
            Err(_) => "a newer version of this library wrote it. Install that version again, or a newer one",
        };
        return Err(JournalFault::new(JournalFaultKind::Newer, words));
    }
    set_up(&connection)?;
    match version < PUTS_AWAY {
        true => check_pages(&connection)?,
        false => check_tables(path, &connection)?,
    }
    match version < SEALED {
        true => check_old_schema(&connection, version)?,
        false => seal::check_everything(&connection)?,
    }
    if version >= PUTS_AWAY {
        past::check_ends(&connection)?;
    }
    check_owner(&connection, owner)?;
    make_private(path)?;
    migrate(&mut connection, MIGRATIONS)?;
    Ok(connection)
}

/// SQLite takes an empty file for an empty database. Here it is a database that was lost.
fn check_header(path: &Path) -> Result<()> {
    let mut start = Vec::new();
    let file = File::open(path).map_err(|error| io_fault("the file", &error))?;
    file.take(20).read_to_end(&mut start).map_err(|error| io_fault("the file", &error))?;
    let is_version = |byte: Option<&u8>| matches!(byte, Some(1 | 2));
    match start.get(..16) {
        // Of another version SQLite says that it is read-only.
        Some(b"SQLite format 3\0") if is_version(start.get(18)) && is_version(start.get(19)) => Ok(()),
        None if start.is_empty() => Err(damaged("the file is empty")),
        _ => Err(damaged("the file is not an SQLite database")),
    }
}

fn connect(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).or_fault()?;
    connection.busy_timeout(PATIENCE).or_fault()?;
    Ok(connection)
}

fn set_up(connection: &Connection) -> Result<()> {
    connection
        .execute_batch(
            "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;
             PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON;
             PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;
             PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;",
        )
        .or_fault()?;
    let mode: String = pragma(connection, "journal_mode")?;
    let synchronous: i64 = pragma(connection, "synchronous")?;
    if mode != "wal" || synchronous != 2 {
        return Err(lacks("write-ahead log for SQLite"));
    }
    Ok(())
}

/// Not `quick_check`: it does not read the indexes. An entry that is missing in one would be paid again.
///
/// A view has no root page. Where SQLite's list of tables begins with one (3.40 did, with ours), it takes that for a check of one table, and leaves
/// out the list of free pages and what belongs to nothing (`sqlite3BtreeIntegrityCheck`, `bPartial`). So the view is not there meanwhile.
pub(super) fn check_pages(connection: &Connection) -> Result<()> {
    let without = Transaction::new_unchecked(connection, TransactionBehavior::Immediate).or_fault()?;
    without.execute_batch("DROP VIEW IF EXISTS payments").or_fault()?;
    let found: String = without.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).or_fault()?;
    without.rollback().or_fault()?;
    if found != "ok" {
        return Err(damaged(&found));
    }
    Ok(())
}

/// What each opening reads: all tables but those of past entries, which are checked when they are read.
fn check_tables(path: &Path, connection: &Connection) -> Result<()> {
    let tables = [
        "sqlite_schema",
        "sqlite_sequence",
        "journal",
        "epochs",
        "entries",
        "fields",
        "evidence",
        "by_hand",
        "words",
        "gone",
    ];
    for table in tables {
        let check = text(&["PRAGMA integrity_check('", table, "')"]);
        let found: String = connection.query_row(&check, [], |row| row.get(0)).or_fault()?;
        if found != "ok" {
            return Err(damaged(&found));
        }
    }
    check_length(path, connection)
}

/// A file whose end is cut. Where a WAL lies beside it, that may hold the end.
fn check_length(path: &Path, connection: &Connection) -> Result<()> {
    let (pages, page): (u32, u32) = (pragma(connection, "page_count")?, pragma(connection, "page_size")?);
    let length = |path: &Path| fs::metadata(path).map(|found| found.len()).unwrap_or(0);
    let is_short = length(path) < u64::from(pages).saturating_mul(page.into()) && length(&beside(path, "-wal")) == 0;
    if is_short { Err(damaged("the end of the file is missing")) } else { Ok(()) }
}

fn check_owner(connection: &Connection, owner: &Owner) -> Result<()> {
    let select = "SELECT terminal, device_info FROM journal";
    let (terminal, device_info): (u16, Option<String>) =
        connection.query_row(select, [], |row| Ok((row.get(0)?, row.get(1)?))).or_fault()?;
    if terminal == owner.terminal && device_info == owner.device_info {
        return Ok(());
    }
    let found = text(&[
        "it belongs to terminal ",
        &terminal.to_string(),
        ", device_info ",
        device_info.as_deref().unwrap_or("(none)"),
        ". Open it with these, and settle what is in it; another terminal needs a journal of its own, in another file. The same \
         terminal under a new device_info: `rename_device`",
    ]);
    Err(JournalFault::new(JournalFaultKind::Foreign, found))
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600)
}

#[cfg(not(unix))]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// SQLite gives the mode of the database to the files beside it.
#[cfg(unix)]
fn make_private(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    for suffix in ["", "-wal", "-shm", ".lock"] {
        let file = beside(path, suffix);
        if fs::metadata(&file).is_ok_and(|found| found.permissions().mode() & 0o077 != 0) {
            let only_owner = fs::Permissions::from_mode(0o600);
            fs::set_permissions(&file, only_owner).map_err(|error| io_fault("the file mode", &error))?;
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn make_private(_: &Path) -> Result<()> {
    Ok(())
}

/// Makes a new name durable.
#[cfg(unix)]
fn sync_folder(path: &Path) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| io_fault("the folder", &error))
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> Result<()> {
    Ok(())
}
