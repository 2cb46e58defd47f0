//! The intents that were pruned. They are never paid again: what made them look old may have been a wrong clock, and whoever asks
//! for one years later means the payment that was made.

use rusqlite::Connection;

use super::faults::{OrFault, Result, damaged};
use super::keys::{self, Kind, Prefix};
use crate::journal::digest::Digest;

/// What stays of an intent.
fn mark(intent: &str) -> Vec<u8> {
    let mut digest = Digest::of("intent");
    digest.text(intent.as_bytes());
    Prefix::of(Kind::Gone).bytes(&digest.finish()).0
}

/// Remembers an intent that goes. It may have gone before: two entries may have one intent.
pub(super) fn add(change: &Connection, intent: &str) -> Result<()> {
    keys::put(change, &mark(intent), 0)
}

pub(super) fn has(connection: &Connection, intent: &str) -> Result<bool> {
    Ok(keys::at(connection, &mark(intent))?.is_some())
}

/// The marks of version 3 become keys.
pub(super) fn adopt(change: &Connection) -> Result<()> {
    let mut statement = change.prepare("SELECT intent FROM gone ORDER BY intent").or_fault()?;
    let mut rows = statement.query([]).or_fault()?;
    while let Some(row) = rows.next().or_fault()? {
        let mark: Vec<u8> = row.get(0).or_fault()?;
        keys::put(change, &Prefix::of(Kind::Gone).bytes(&mark).0, 0)?;
    }
    change.execute("DELETE FROM gone", []).or_fault()?;
    change.execute("UPDATE journal SET gone = 0, gone_sum = 0", []).or_fault()?;
    Ok(())
}

/// Before version 4: how many there are, and the sum of their words.
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
