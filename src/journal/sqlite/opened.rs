//! Who has a journal open: in this process, and on this machine whatever was removed.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::Duration;

use super::faults::{Result, busy};
use super::files::{in_use, place};
use crate::process::Process;

/// A journal that this process has open. Dropping it says that it is closed.
///
/// A second opening is refused before its file is opened: closing that descriptor would drop the record locks of the
/// first one (fcntl(2)). After a fork SQLite's list of open files believes in locks that the child does not have, so
/// there the journal cannot be opened at all, also when the first process is gone (sqlite.org, How To Corrupt, 2.6).
pub(super) struct Opened {
    path: PathBuf,
    process: Process,
}

struct Row {
    path: PathBuf,
    /// Of the database, once it is there. One file may have several paths.
    database: Option<(u64, u64)>,
    process: Process,
}

static OPEN: Mutex<Vec<Row>> = Mutex::new(Vec::new());

impl Opened {
    /// Enters a journal, unless it is open.
    pub(super) fn enter(path: &Path) -> Result<Opened> {
        let database = std::fs::metadata(path).ok().map(|found| inode(&found));
        let process = Process::this();
        let mut open = rows()?;
        let mut same = open.iter().filter(|row| row.path == path || (database.is_some() && row.database == database));
        match same.next() {
            Some(row) if row.process == process => return Err(in_use()),
            Some(_) => {
                return Err(busy(
                    "it was open in the process that forked this one, and SQLite cannot open it here. Open the journal \
                     after forking, or start this program anew",
                ));
            }
            None => {}
        }
        open.push(Row { path: path.into(), database, process: process.clone() });
        Ok(Opened { path: path.into(), process })
    }

    /// The database was made.
    pub(super) fn made(&self) -> Result<()> {
        let database = std::fs::metadata(&self.path).ok().map(|found| inode(&found));
        rows()?.iter_mut().filter(|row| row.path == self.path).for_each(|row| row.database = database);
        Ok(())
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        // What came over a fork stays entered: there it cannot be opened again.
        if self.process.is_here()
            && let Ok(mut open) = rows()
        {
            open.retain(|row| row.path != self.path || row.process != self.process);
        }
    }
}

fn inode(metadata: &std::fs::Metadata) -> (u64, u64) {
    let (device, inode, _) = place(metadata);
    (device, inode)
}

/// A lock that a thread held at the time of a fork is never let go in the child, so nobody waits for ever.
fn rows() -> Result<MutexGuard<'static, Vec<Row>>> {
    for _ in 0..200 {
        match OPEN.try_lock() {
            Ok(open) => return Ok(open),
            Err(TryLockError::Poisoned(open)) => return Ok(open.into_inner()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
    Err(busy("this process was forked while it opened a journal. Open the journal after forking"))
}

/// A name on this machine that goes with the path, not with a file: whoever removes or moves the files away removes no
/// name. It is a socket of Linux's abstract namespace (unix(7)), to which nothing is ever sent but empty probes.
///
/// A forked process has it too. So it is shut down when the journal is closed: then a probe fails with EPIPE, and the
/// next name is taken. A closed name becomes free when that process ends, and whoever takes it then may find an open
/// journal under a later one: so a name counts only when no other is alive.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) struct Presence(Option<(std::os::unix::net::UnixDatagram, Process)>);

/// So many closed journals of one path, each kept by a process that was forked then, are more than there will be.
#[cfg(any(target_os = "linux", target_os = "android"))]
const GENERATIONS: u8 = 64;

#[cfg(any(target_os = "linux", target_os = "android"))]
impl Presence {
    pub(super) fn enter(path: &Path) -> Result<Presence> {
        Presence::find(path).unwrap_or_else(|error| {
            log::debug!("journal: no abstract socket, the file locks alone hold: {error}");
            Ok(Presence(None))
        })
    }

    fn find(path: &Path) -> std::io::Result<Result<Presence>> {
        use std::os::linux::net::SocketAddrExt;
        use std::os::unix::net::{SocketAddr, UnixDatagram};

        let names = (0..GENERATIONS).map(|generation| SocketAddr::from_abstract_name(name(path, generation)));
        let names: Vec<SocketAddr> = names.collect::<std::io::Result<_>>()?;
        // One for all probes: where descriptors are few, opening the files says so.
        let prober = UnixDatagram::unbound()?;
        prober.set_nonblocking(true)?;
        for (place, name) in names.iter().enumerate() {
            for _ in 0..8 {
                match UnixDatagram::bind_addr(name) {
                    Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {}
                    Err(error) => return Err(error),
                    Ok(socket) => {
                        let presence = Presence(Some((socket, Process::this())));
                        // Taken first, then looked for others: of two that open at once, one at least sees the other.
                        let mut others = names.iter().enumerate().filter(|(other, _)| *other != place);
                        let is_in_use = others.any(|(_, other)| probe(&prober, other) == Holder::Open);
                        return Ok(if is_in_use { Err(in_use()) } else { Ok(presence) });
                    }
                }
                match probe(&prober, name) {
                    // It went away in this moment.
                    Holder::Nobody => {}
                    Holder::Closed => break,
                    Holder::Open => return Ok(Err(in_use())),
                }
            }
        }
        Ok(Err(in_use()))
    }
}

/// Says that the journal is closed, to those who ask a process that was forked meanwhile.
#[cfg(any(target_os = "linux", target_os = "android"))]
impl Drop for Presence {
    fn drop(&mut self) {
        if let Some((socket, process)) = &self.0
            && process.is_here()
            && let Err(error) = socket.shutdown(std::net::Shutdown::Both)
        {
            log::debug!("journal: its name is let go with the last descriptor: {error}");
        }
    }
}

/// Who has a name.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[derive(PartialEq, Eq)]
enum Holder {
    Nobody,
    /// A closed journal: a process that was forked meanwhile has it.
    Closed,
    /// An open journal; and whoever cannot be asked.
    Open,
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn probe(prober: &std::os::unix::net::UnixDatagram, name: &std::os::unix::net::SocketAddr) -> Holder {
    use std::io::ErrorKind;
    match prober.send_to_addr(&[], name).map_err(|error| error.kind()) {
        Err(ErrorKind::ConnectionRefused) => Holder::Nobody,
        Err(ErrorKind::BrokenPipe) => Holder::Closed,
        // Also where it is full of probes.
        _ => Holder::Open,
    }
}

/// At most 107 bytes. SHA-1 spreads paths; nothing here is a secret.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn name(path: &Path, generation: u8) -> Vec<u8> {
    use sha1::Digest;
    use std::os::unix::ffi::OsStrExt;
    let mut name = b"wxpay-terminal/".to_vec();
    name.extend(sha1::Sha1::digest(path.as_os_str().as_bytes()));
    name.push(generation);
    name
}

/// Elsewhere the locks on the files are all there is.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) struct Presence;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
impl Presence {
    pub(super) fn enter(_: &Path) -> Result<Presence> {
        Ok(Presence)
    }
}

#[cfg(all(test, any(target_os = "linux", target_os = "android")))]
#[path = "../../../tests/unit/journal/sqlite/opened.rs"]
mod tests;
