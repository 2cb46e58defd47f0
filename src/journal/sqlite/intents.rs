//! The intents of the entries that are not past, remembered beside the file.
//!
//! An opening reads those entries whole, and the index that finds them. What SQLite writes later could still ruin that index, where a bit
//! flipped in a page that no opening reads: a row of `keys` or `past` that leads to a page of the others, or the list of free pages. Then
//! an intent whose payment is under way would look unknown. So what the index finds is counted against what was there.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::faults::{OrFault, Result, damaged};
use super::seal;
use crate::journal::digest::Digest;

/// How many entries each intent has among the others, since the journal's own row was changed last: whatever moves an entry changes it.
#[derive(Default)]
pub(super) struct Intents(Option<(i64, BTreeMap<u64, usize>)>);

impl Intents {
    /// How many entries of an intent the index must find.
    pub(super) fn count(&mut self, connection: &Connection, intent: &str) -> Result<usize> {
        let revision = seal::check_own_row(connection)?;
        if self.0.as_ref().is_none_or(|(seen, _)| *seen != revision) {
            self.0 = Some((revision, read(connection)?));
        }
        let counts = self.0.as_ref().map(|(_, counts)| counts);
        Ok(counts.and_then(|counts| counts.get(&word(intent))).copied().unwrap_or(0))
    }

    /// One entry more.
    pub(super) fn begun(&mut self, intent: &str) {
        if let Some((_, counts)) = &mut self.0 {
            let count = counts.entry(word(intent)).or_default();
            *count = count.saturating_add(1);
        }
    }

    /// Nobody knows what a failed change left.
    pub(super) fn forget(&mut self) {
        self.0 = None;
    }
}

fn word(intent: &str) -> u64 {
    let mut digest = Digest::of("intent");
    digest.text(intent.as_bytes());
    digest.finish().iter().take(8).fold(0, |word, byte| word << 8 | u64::from(*byte))
}

/// From the table, not from the index that is to be checked.
fn read(connection: &Connection) -> Result<BTreeMap<u64, usize>> {
    let mut statement = connection.prepare("SELECT intent FROM entries NOT INDEXED").or_fault()?;
    let mut rows = statement.query([]).or_fault()?;
    let (mut counts, mut all) = (BTreeMap::new(), 0_i64);
    while let Some(row) = rows.next().or_fault()? {
        let count: &mut usize = counts.entry(word(&row.get::<_, String>(0).or_fault()?)).or_default();
        *count = count.saturating_add(1);
        all = all.saturating_add(1);
    }
    if all == seal::among_others(connection)? {
        Ok(counts)
    } else {
        Err(damaged("an entry vanished while the journal was open"))
    }
}
