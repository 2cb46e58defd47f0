//! The files of an open journal, and whether they are still where they were.
//!
//! SQLite goes on with a file that was removed, moved or replaced: what it writes then, nobody will find. So the files are
//! looked at before and after each change, by path, device, inode and count of links. Both lengths and the time of the
//! database tell more: the database changes in checkpoints alone, the WAL never becomes shorter but by them, and both are
//! made by the journal itself.

use std::fs::{self, File, Metadata, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::faults::{Result, busy, io_fault, lacks, storage};
use crate::error::text;
use crate::process::Process;

/// What belongs to a journal. The `-shm` file holds the locks, and which part of the WAL counts.
const SUFFIXES: [&str; 4] = ["", "-wal", "-shm", ".lock"];

/// The files as they were after the last change of this journal.
pub(super) struct Files {
    paths: [PathBuf; 4],
    pub(super) seen: [Seen; 4],
}

/// What a file is known by.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Seen {
    place: Place,
    length: u64,
    /// Of the database only.
    changed: Option<std::time::SystemTime>,
}

/// Device, inode and count of links. Where the platform tells none, only that it is there.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_os_string();
    name.push(suffix);
    PathBuf::from(name)
}

type Place = (u64, u64, u64);

#[cfg(unix)]
pub(super) fn place(metadata: &Metadata) -> Place {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino(), metadata.nlink())
}

#[cfg(not(unix))]
pub(super) fn place(_: &Metadata) -> Place {
    (0, 0, 1)
}

impl Files {
    /// Looks at the files of a journal that was just opened, and that nobody else has.
    pub(super) fn of(path: &Path) -> Result<Files> {
        let paths = SUFFIXES.map(|suffix| beside(path, suffix));
        let seen = look(&paths)?;
        Ok(Files { paths, seen })
    }

    /// The files as they are now, if they are what they were.
    pub(super) fn check(&self) -> Result<[Seen; 4]> {
        let now = look(&self.paths)?;
        for ((then, now), path) in self.seen.iter().zip(&now).zip(&self.paths) {
            let shorter = now.length < then.length;
            if now.place != then.place || shorter || now.changed != then.changed {
                let what = if now.place == then.place { "was changed" } else { "was moved, replaced or linked" };
                return Err(elsewhere(path, what));
            }
        }
        Ok(now)
    }

    /// After a change that this journal made.
    pub(super) fn look_again(&mut self) -> Result<()> {
        self.seen = look(&self.paths)?;
        Ok(())
    }
}

fn look(paths: &[PathBuf; 4]) -> Result<[Seen; 4]> {
    let [database, wal, shm, lock] = paths;
    let changed = fs::symlink_metadata(database).and_then(|found| found.modified()).ok();
    let shm = Seen { length: 0, ..seen(shm)? };
    Ok([Seen { changed, ..seen(database)? }, seen(wal)?, shm, seen(lock)?])
}

fn seen(path: &Path) -> Result<Seen> {
    match fs::symlink_metadata(path) {
        Ok(found) => Ok(Seen { place: place(&found), length: found.len(), changed: None }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(elsewhere(path, "was removed or moved")),
        Err(error) => Err(io_fault("the journal's files", &error)),
    }
}

fn elsewhere(path: &Path, what: &str) -> crate::journal::fault::JournalFault {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    storage(text(&[
        &name,
        " ",
        what,
        " by another program while the journal was open. Nothing is sent any more. Put the files back, all of them \
         together, then restart this program; keep clean-up scripts and backups away from them",
    ]))
}

/// The lock on the database itself: whatever becomes of the lock file, one journal has one till.
///
/// It must be closed after SQLite's connection: closing any descriptor of a file drops all record locks that this
/// process has on it (fcntl(2)), SQLite's too.
pub(super) struct DatabaseLock(Locked);

impl DatabaseLock {
    pub(super) fn take(path: &Path) -> Result<DatabaseLock> {
        let file = File::open(path).map_err(|error| io_fault("the file", &error))?;
        let file = Locked::take(file)?;
        let locked = file.file().metadata().map_err(|error| io_fault("the file", &error))?;
        match fs::symlink_metadata(path) {
            // Another name has another WAL, and another lock file.
            Ok(found) if place(&found).2 > 1 => Err(storage(
                "the database has a second name, a hard link. SQLite would keep a log for each: remove one of the names",
            )),
            Ok(found) if place(&found) == place(&locked) => Ok(DatabaseLock(file)),
            _ => Err(busy("another program exchanged the database just now. Try again")),
        }
    }
}

impl DatabaseLock {
    /// The database, to be read.
    pub(super) fn file(&self) -> &File {
        self.0.file()
    }
}

/// A file with an exclusive lock of one opening (flock). A process shares it with what it forks, and be it only for the moment
/// before an exec. So it is let go explicitly, by the process that took it and by no other.
pub(super) struct Locked {
    file: File,
    process: Process,
}

impl Locked {
    pub(super) fn take(file: File) -> Result<Locked> {
        match file.try_lock() {
            Ok(()) => Ok(Locked { file, process: Process::this() }),
            Err(TryLockError::WouldBlock) => Err(in_use()),
            Err(TryLockError::Error(error)) => {
                log::warn!("journal: flock: {error}");
                Err(lacks("file locks (flock)"))
            }
        }
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        if self.process.is_here()
            && let Err(error) = self.file.unlock()
        {
            log::debug!("journal: the lock is let go when the file is closed: {error}");
        }
    }
}

pub(super) fn in_use() -> crate::journal::fault::JournalFault {
    busy("another program has this journal open. One terminal runs one program; end the other one first")
}
