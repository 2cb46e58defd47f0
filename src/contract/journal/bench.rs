//! What the contract needs of whoever tries a journal, and what it says in the end.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use crate::journal::{Journal, JournalFault};

/// What the contract does to the storage below your journal. Write it for a storage that you can harm: memory, or a file.
///
/// A **write** is whatever reaches your storage in one piece: a page, a word, a block. The smaller, the more is tried.
pub trait JournalBench {
    /// Empties the storage, as it comes from the factory. No journal is open then.
    fn erase(&mut self);

    /// Opens the journal in the storage, or makes one where it is empty: as your firmware does after a start. The one before it was
    /// dropped.
    ///
    /// # Errors
    ///
    /// What your journal says.
    fn open(&mut self) -> Result<Box<dyn Journal>, JournalFault>;

    /// From now on this trouble waits for a write; `None`: the power is on, and every write works. `false`: this bench cannot do it,
    /// and the report says so.
    fn arm(&mut self, trouble: Option<Trouble>) -> bool;

    /// Whether the trouble came. Asked after each call, before the journal is dropped.
    fn struck(&mut self) -> bool;

    /// Keeps a copy of the storage as it is, and says how many bits it has. No journal is open then. 0, as here: this bench cannot.
    fn copy(&mut self) -> u64 {
        0
    }

    /// Puts the copy back, with this bit flipped. No journal is open then.
    fn flip(&mut self, bit: u64) {
        let _ = bit;
    }
}

/// What happens to a write. Counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trouble {
    /// The power goes while it is written: a part of it arrives, and nothing after it. What the journal says then does not
    /// count, because on a board no code runs any more.
    PowerCut(u32),
    /// The storage says that it failed, once. A part of it may have arrived. The ones after it work.
    WriteFails(u32),
}

/// What was tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct JournalReport {
    /// Calls that change something, each compared with what the journal must hold then.
    pub changes: u32,
    /// How often the power was cut.
    pub cuts: u32,
    /// How often a write failed.
    pub failures: u32,
    /// Bits that were flipped.
    pub flips: u32,
    /// Serials that the journal handed out.
    pub serials: u32,
    /// What the bench could not do.
    pub left_out: Vec<&'static str>,
}

impl fmt::Display for JournalReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let JournalReport { changes, cuts, failures, flips, serials, left_out } = self;
        write!(
            f,
            "{changes} changes, {cuts} power cuts, {failures} failed writes, {flips} flipped bits, {serials} serials"
        )?;
        for part in left_out {
            write!(f, "\nnot tried: {part}")?;
        }
        Ok(())
    }
}
