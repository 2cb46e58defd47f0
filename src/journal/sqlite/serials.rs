//! Serials: what goes into order numbers, handed out once.

use crate::error::{Error, text};
use crate::journal::fault::{JournalFault, JournalFaultKind};
use crate::journal::order_number::{COUNTERS, EPOCHS, Serial};
use rusqlite::{Connection, OptionalExtension as _, Transaction};

use super::faults::{OrFault, Result};
use super::note::Note;
use super::seal::{self, change_own_row};

/// The next serial. It lives in memory only: every opening draws a new epoch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Serials {
    pub(super) epoch: u32,
    pub(super) counter: u32,
    /// Where the epochs after the first come from.
    pub(super) seed: u64,
}

impl Serials {
    pub(super) fn next(&mut self, change: &Transaction<'_>) -> Result<Serial> {
        if self.counter >= COUNTERS {
            let seed = &mut self.seed;
            self.epoch = new_epoch(change, &mut || Ok(split_mix(seed)))?;
            self.counter = 0;
        }
        let serial = Serial { epoch: self.epoch, counter: self.counter };
        self.counter = self.counter.saturating_add(1);
        Ok(serial)
    }
}

/// SplitMix64: spreads a random seed over the epochs of a long life.
fn split_mix(seed: &mut u64) -> u32 {
    *seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (*seed ^ (*seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    u32::try_from(mixed >> 32).unwrap_or_default()
}

/// Stores an epoch that this journal never used.
pub(super) fn new_epoch(change: &Transaction<'_>, random: &mut dyn FnMut() -> Result<u32>) -> Result<u32> {
    let mut drawn = 0;
    for _ in 0..16 {
        drawn = random()? % EPOCHS;
        if change.execute("INSERT OR IGNORE INTO epochs (epoch) VALUES (?1)", [drawn]).or_fault()? == 1 {
            seal::count_epoch(change, drawn)?;
            return Ok(drawn);
        }
    }
    // A source that repeats itself, or few epochs left: a free one after the last that was drawn, else any.
    let free = "SELECT candidate FROM (SELECT ?1 AS candidate UNION ALL SELECT epoch + 1 FROM epochs WHERE epoch >= ?1) \
                WHERE candidate < ?2 AND candidate NOT IN (SELECT epoch FROM epochs) LIMIT 1";
    for from in [drawn, 0] {
        if let Some(epoch) = change.query_row(free, [from, EPOCHS], |row| row.get(0)).optional().or_fault()? {
            change.execute("INSERT INTO epochs (epoch) VALUES (?1)", [epoch]).or_fault()?;
            seal::count_epoch(change, epoch)?;
            return Ok(epoch);
        }
    }
    Err(JournalFault::new(
        JournalFaultKind::Number,
        "every epoch is used up: give this terminal another number and a new journal",
    ))
}

pub(super) fn number_fault(error: &Error) -> JournalFault {
    JournalFault::new(JournalFaultKind::Number, text(&[error.field_name(), ": ", error.rule()]))
}

/// How many WALs were begun.
pub(super) fn new_wals(connection: &Connection) -> Result<i64> {
    connection.query_row("SELECT wal FROM journal", [], |row| row.get(0)).or_fault()
}

/// The first transaction of a new WAL.
pub(super) fn count_new_wal(change: &Transaction<'_>) -> Result<(i64, Note)> {
    let note = change_own_row(change, "wal = wal + 1", [])?;
    Ok((new_wals(change)?, note))
}

#[cfg(test)]
#[path = "../../../tests/unit/journal/sqlite/serials.rs"]
mod tests;
