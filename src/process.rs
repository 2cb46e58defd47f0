//! The process that a value was opened in.
//!
//! `fork` copies memory, and not what stands behind it: record locks and threads are not there in the child, a mapped
//! file and a kept connection are there twice. So whatever rests on these asks first where it is, before any lock: one
//! that another thread held at the time of the fork is never let go in the child.

use crate::error::{Error, ErrorKind};

/// What is said in another process.
pub(crate) const ELSEWHERE: &str = "it was opened in another process, before a fork: nothing was done. Open journal, transport and till \
                                    after forking, in the process that uses them";

/// One process.
#[cfg(feature = "std")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    id: u32,
    /// When it began, in ticks since the boot. Numbers are used again, and each PID namespace has its own number 1.
    began: Option<u64>,
}

#[cfg(feature = "std")]
impl Process {
    /// This one.
    pub(crate) fn this() -> Process {
        Process { id: std::process::id(), began: began() }
    }

    /// Whether this is the process. Where /proc is gone since, the number decides.
    pub(crate) fn is_here(&self) -> bool {
        self.id == std::process::id() && (self.began.is_none() || began().is_none_or(|began| Some(began) == self.began))
    }
}

/// As its first thread says it: of `/proc/self/stat` an emulator (qemu-user) makes one a thread.
#[cfg(feature = "std")]
fn began() -> Option<u64> {
    use std::io::Write as _;
    let mut path = [0; 40];
    let mut left = path.as_mut_slice();
    write!(left, "/proc/self/task/{}/stat", std::process::id()).ok()?;
    let length = 40_usize.saturating_sub(left.len());
    let first_thread = path.get(..length).and_then(|path| core::str::from_utf8(path).ok());
    // Where /proc shows another PID namespace, its threads have other numbers.
    first_thread.and_then(began_by).or_else(|| began_by("/proc/self/stat"))
}

/// Field 22 (proc(5)). The name in field 2 may hold blanks and parentheses.
#[cfg(feature = "std")]
fn began_by(path: &str) -> Option<u64> {
    let mut room = [0; 1024];
    let stat = crate::proc::read(path, &mut room)?;
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    crate::proc::number(stat.get(end..)?.split(|byte| *byte == b' ').nth(20)?)
}

/// Without std there are no processes.
#[cfg(not(feature = "std"))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Process;

#[cfg(not(feature = "std"))]
impl Process {
    pub(crate) fn this() -> Process {
        Process
    }

    pub(crate) fn is_here(&self) -> bool {
        true
    }
}

impl Process {
    /// An error in any other process.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.is_here() { Ok(()) } else { Err(Error::new(ErrorKind::Process, "process", ELSEWHERE)) }
    }
}

#[cfg(all(test, feature = "std"))]
#[path = "../tests/unit/process.rs"]
mod tests;
