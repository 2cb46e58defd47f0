//! The intents that were pruned. They are never paid again: what made them look old may have been a wrong clock, and whoever asks
//! for one years later means the payment that was made.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::faults::{OrFault, Result, damaged};
use crate::journal::digest::Digest;

/// What stays of an intent.
fn mark(intent: &str) -> [u8; 16] {
    let mut digest = Digest::of("intent");
    digest.text(intent.as_bytes());
    digest.finish()
}

/// Remembers an intent that goes. It may have gone before: two entries may have one intent.
pub(super) fn add(change: &Connection, intent: &str) -> Result<()> {
    change.execute("INSERT OR IGNORE INTO gone (intent) VALUES (?1)", params![mark(intent)]).or_fault()?;
    Ok(())
}

pub(super) fn has(connection: &Connection, intent: &str) -> Result<bool> {
    let found = connection.query_row("SELECT 1 FROM gone WHERE intent = ?1", params![mark(intent)], |_| Ok(()));
    found.optional().or_fault().map(|found| found.is_some())
}

/// How many there are, and the sum of their words.
pub(super) fn counted(connection: &Connection) -> Result<(i64, i64)> {
    let mut statement = connection.prepare("SELECT intent FROM gone").or_fault()?;
    let mut rows = statement.query([]).or_fault()?;
    let (mut count, mut sum) = (0_i64, 0_i64);
    while let Some(row) = rows.next().or_fault()? {
        let mark: Vec<u8> = row.get(0).or_fault()?;
        let words: &[[u8; 4]] = mark.as_chunks().0;
        if words.len() != 4 {
            return Err(damaged("an intent that was pruned is not as it was stored"));
        }
        // Each place has its own weight, so that two words cannot change places.
        for (weight, word) in (1_i64..).zip(words) {
            sum = sum.saturating_add(weight.saturating_mul(i64::from(u32::from_be_bytes(*word)))) % 2_147_483_647;
        }
        count = count.saturating_add(1);
    }
    Ok((count, sum))
}
