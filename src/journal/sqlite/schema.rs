//! The schema: its steps, and what only code can do after them.

use rusqlite::{Connection, TransactionBehavior};

use super::faults::{OrFault, Result, damaged};
use super::reading::entries;
use super::seal::{self, schema_version};
use super::{gone, keys};

/// "WxPJ": says to `file` and to this library whose database it is.
pub(super) const APPLICATION_ID: i32 = 0x5778_504A;

/// Step n leads from schema version n to n + 1. Never change one that was released; add another.
pub(super) const MIGRATIONS: &[Step] = &[
    Step(include_str!("../schema_1.sql"), None),
    Step(include_str!("../schema_2.sql"), Some(seal_old)),
    Step(include_str!("../schema_3.sql"), Some(seal_texts)),
    Step(include_str!("../schema_4.sql"), Some(begin_keys)),
];

/// The first version whose rows have digests.
pub(super) const SEALED: usize = 2;

/// One step of the schema, and what only code can do after it, in the same transaction.
pub(super) struct Step(&'static str, Option<fn(&Connection) -> Result<()>>);

/// Brings the schema up to date, one transaction a step.
pub(super) fn migrate(connection: &mut Connection, steps: &[Step]) -> Result<()> {
    let done = schema_version(connection)?;
    for (version, Step(step, then)) in (1_i64..).zip(steps).skip(done) {
        let change = connection.transaction_with_behavior(TransactionBehavior::Immediate).or_fault()?;
        change.execute_batch(step).or_fault()?;
        change.pragma_update(None, "application_id", APPLICATION_ID).or_fault()?;
        change.pragma_update(None, "user_version", version).or_fault()?;
        then.map_or(Ok(()), |then| then(&change))?;
        change.commit().or_fault()?;
    }
    Ok(())
}

/// Before there were digests: the tables are as these steps make them.
pub(super) fn check_old_schema(connection: &Connection, version: usize) -> Result<()> {
    let mut made = Connection::open_in_memory().or_fault()?;
    migrate(&mut made, MIGRATIONS.get(..version).unwrap_or_default())?;
    match seal::schema_digest(&made)? == seal::schema_digest(connection)? {
        true => Ok(()),
        false => Err(damaged(seal::OTHER_SCHEMA)),
    }
}

/// Version 1 had no digests: what it holds must be readable, and is sealed as it is.
fn seal_old(change: &Connection) -> Result<()> {
    if is_new(change)? {
        return Ok(());
    }
    seal::seal_all(change)?;
    entries(change, "ORDER BY id", []).map(drop)
}

/// The rows are as they were: what is new of them stands in their digests only where it says something.
fn seal_texts(change: &Connection) -> Result<()> {
    if is_new(change)? { Ok(()) } else { seal::seal_texts(change) }
}

/// What finds past entries begins, with the intents that were pruned before.
fn begin_keys(change: &Connection) -> Result<()> {
    keys::begin(change)?;
    gone::adopt(change)?;
    seal_texts(change)
}

fn is_new(change: &Connection) -> Result<bool> {
    change.query_row("SELECT count(*) = 0 FROM journal", [], |row| row.get(0)).or_fault()
}

#[cfg(test)]
#[path = "../../../tests/unit/journal/sqlite/schema.rs"]
mod tests;
