//! What is written, each change in one transaction.

use std::time::Duration;

use crate::journal::entry::{Entry, EntryId, Mended, NewEntry, Numbered, Settlement};
use crate::journal::fault::JournalFault;
use crate::outcome::Next;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::faults::{OrFault, Result, fault, refused};
use super::note::Note;
use super::pairs::{INSERT_EVIDENCE, INSERT_FIELD, store_pairs};
use super::past;
use super::reading::existing;
use super::seal::{self, Entries, seal_by_hand};

/// What is never stored, whatever the caller hands over.
const NEVER_STORED: [&str; 3] = ["sign", "workwx_sign", "nonce_str"];

/// A transaction that failed, and whether the disk's state is known.
pub(super) enum Failed {
    Known(JournalFault),
    Sync(JournalFault),
}

impl Failed {
    pub(super) fn into_fault(self) -> JournalFault {
        match self {
            Failed::Known(fault) | Failed::Sync(fault) => fault,
        }
    }
}

pub(super) fn transaction<T>(
    connection: &Connection,
    change: impl FnOnce(&Transaction<'_>) -> Result<T>,
) -> core::result::Result<T, Failed> {
    let begun = Transaction::new_unchecked(connection, TransactionBehavior::Immediate);
    let transaction = begun.map_err(|error| Failed::Known(fault(&error)))?;
    let value = change(&transaction).map_err(Failed::Known)?;
    transaction.commit().map_err(|error| {
        let code = error.sqlite_error().map(|error| error.extended_code);
        let sync = [rusqlite::ffi::SQLITE_IOERR_FSYNC, rusqlite::ffi::SQLITE_IOERR_DIR_FSYNC];
        if code.is_some_and(|code| sync.contains(&code)) {
            return Failed::Sync(fault(&error));
        }
        Failed::Known(fault(&error))
    })?;
    Ok(value)
}

pub(super) fn insert(
    change: &Transaction<'_>,
    new: &NewEntry<'_>,
    numbered: &mut dyn FnMut() -> Result<Numbered>,
) -> Result<(Entry, Note)> {
    let insert = "INSERT INTO entries (account, call, intent, order_number, fen, begun_at, attempts, last_attempt_at, \
                  state, field_count, of_order) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?6, 'open', ?7, ?8) ON CONFLICT (account, order_number) DO NOTHING";
    // The same number under an account can come from outside only. The next serial makes another one.
    for tries in 0..8 {
        let Numbered { order_number, fields } = numbered()?;
        if order_number.is_empty() {
            return Err(refused("an order number is not empty"));
        }
        refuse_secrets(&fields)?;
        let count = i64::try_from(fields.len()).unwrap_or(i64::MAX);
        if past::by_order_number(change, new.account, &order_number)?.is_some() {
            continue;
        }
        let values = params![new.account, new.call, new.intent, order_number, new.amount.get(), new.at, count, new.of];
        if change.execute(insert, values).or_fault()? == 1 {
            let id = change.last_insert_rowid();
            store_pairs(change, INSERT_FIELD, id, &fields)?;
            let mut stored = Entries::one(change)?;
            let note = stored.seal(change, id)?;
            // A number that is taken uses an id up.
            if tries > 0 {
                seal::count_removed(change)?;
            }
            return Ok((existing(&mut stored, id)?, note));
        }
    }
    Err(refused("the order number was used before under this account"))
}

pub(super) fn store_mended(change: &Transaction<'_>, id: EntryId, mended: &Mended) -> Result<()> {
    refuse_secrets(&mended.fields)?;
    change.execute("DELETE FROM fields WHERE entry = ?1", [id]).or_fault()?;
    let count = i64::try_from(mended.fields.len()).unwrap_or(i64::MAX);
    let update = "UPDATE entries SET fen = ?2, field_count = ?3, decided = NULL WHERE id = ?1";
    change.execute(update, params![id, mended.amount.get(), count]).or_fault()?;
    store_pairs(change, INSERT_FIELD, id, &mended.fields)
}

fn refuse_secrets(pairs: &[(String, String)]) -> Result<()> {
    if pairs.iter().any(|(name, _)| NEVER_STORED.contains(&name.as_str())) {
        return Err(refused("signatures and nonces are never stored"));
    }
    Ok(())
}

pub(super) fn count_attempt(change: &Transaction<'_>, id: EntryId, at: i64) -> Result<()> {
    let count = "UPDATE entries SET attempts = attempts + 1, last_attempt_at = ?2 WHERE id = ?1";
    change.execute(count, params![id, at]).or_fault()?;
    Ok(())
}

pub(super) fn count_reversal(change: &Transaction<'_>, id: EntryId, at: i64) -> Result<()> {
    let count = "UPDATE entries SET reversals = reversals + 1, last_reversal_at = ?2 WHERE id = ?1";
    change.execute(count, params![id, at]).or_fault()?;
    Ok(())
}

/// The columns that hold a settlement. What a settlement does not have is NULL.
#[derive(Default)]
struct Columns<'a> {
    state: &'static str,
    stage: Option<&'static str>,
    queried: Option<bool>,
    code: Option<&'a str>,
    text: Option<&'a str>,
    next: Option<&'static str>,
    wait: Option<Duration>,
    reason: Option<&'a str>,
    person: Option<&'a str>,
}

fn columns(settlement: &Settlement) -> Columns<'_> {
    match settlement {
        Settlement::Accepted { queried, .. } => {
            Columns { state: "accepted", queried: Some(*queried), ..Columns::default() }
        }
        Settlement::Declined { code, text, next } | Settlement::Unproven { code, text, next } => {
            let stage = matches!(settlement, Settlement::Unproven { .. }).then_some("unproven");
            let (next, wait) = match next {
                Next::SameNumber => ("same number", None),
                Next::SameNumberLater(wait) => ("same number later", Some(*wait)),
                Next::NewNumber => ("new number", None),
                Next::Stop => ("stop", None),
            };
            let state = "declined";
            Columns { state, stage, code: Some(code), text: Some(text), next: Some(next), wait, ..Columns::default() }
        }
        Settlement::NotSent => Columns { state: "not sent", ..Columns::default() },
        Settlement::Ordered { .. } => Columns { state: "ordered", ..Columns::default() },
        Settlement::Refunding { .. } => Columns { state: "ordered", stage: Some("refunding"), ..Columns::default() },
        Settlement::Abandoned => Columns { state: "abandoned", ..Columns::default() },
        Settlement::PaidLate { .. } => Columns { state: "paid late", ..Columns::default() },
        Settlement::ForAPerson { reason } => {
            Columns { state: "for a person", reason: Some(reason), ..Columns::default() }
        }
        Settlement::ByHand { paid, name, reason } => {
            let state = if *paid { "by hand: paid" } else { "by hand: not paid" };
            Columns { state, reason: Some(reason), person: Some(name), ..Columns::default() }
        }
    }
}

pub(super) fn store_settlement(change: &Transaction<'_>, id: EntryId, settlement: &Settlement, at: i64) -> Result<()> {
    let Columns { state, stage, queried, code, text, next, wait, reason, person } = columns(settlement);
    let seconds = wait.map(|wait| i64::try_from(wait.as_secs()).unwrap_or(i64::MAX));
    let nanoseconds = wait.map(|wait| wait.subsec_nanos());
    let update = "UPDATE entries SET state = ?2, settled_at = ?3, queried = ?4, code = ?5, text = ?6, next = ?7, \
                  wait_seconds = ?8, wait_nanoseconds = ?9, reason = ?10, person = ?11, stage = ?12, \
                  acknowledged_at = CASE WHEN stage = 'unproven' AND ?2 = 'declined' THEN acknowledged_at END WHERE id = ?1";
    let values = params![id, state, at, queried, code, text, next, seconds, nanoseconds, reason, person, stage];
    change.execute(update, values).or_fault()?;
    change.execute("DELETE FROM evidence WHERE entry = ?1", [id]).or_fault()?;
    match settlement {
        Settlement::Accepted { evidence, .. }
        | Settlement::Ordered { evidence }
        | Settlement::Refunding { evidence }
        | Settlement::PaidLate { evidence } => {
            refuse_secrets(evidence)?;
            store_pairs(change, INSERT_EVIDENCE, id, evidence)?;
        }
        Settlement::ByHand { paid, name, reason } => {
            store_word(change, id, (at, *paid), (name, reason))?;
        }
        Settlement::Declined { .. }
        | Settlement::Unproven { .. }
        | Settlement::NotSent
        | Settlement::Abandoned
        | Settlement::ForAPerson { .. } => {}
    }
    Ok(())
}

/// What a person wrote.
pub(super) fn store_word(
    change: &Transaction<'_>,
    id: EntryId,
    (at, paid): (i64, bool),
    (name, reason): (&str, &str),
) -> Result<()> {
    let insert = "INSERT INTO by_hand (entry, at, paid, person, reason) VALUES (?1, ?2, ?3, ?4, ?5)";
    change.execute(insert, params![id, at, paid, name, reason]).or_fault()?;
    seal_by_hand(change, change.last_insert_rowid())
}

/// What a till keeps of the fields that decide.
pub(super) type Decided<'a> = &'a dyn Fn(&Entry) -> Option<[u8; 16]>;

pub(super) fn blank(change: &Transaction<'_>, id: EntryId, decided: Decided<'_>) -> Result<()> {
    // Of what was blanked before, and of what nobody can say what decides, nothing is made: it stays as it is.
    let Some(decided) = decided(&existing(&mut Entries::one(change)?, id)?) else { return Ok(()) };
    change.execute("DELETE FROM fields WHERE entry = ?1", [id]).or_fault()?;
    let blank = "UPDATE entries SET field_count = NULL, decided = ?2 WHERE id = ?1 AND field_count IS NOT NULL";
    if change.execute(blank, params![id, decided]).or_fault()? == 1 {
        Entries::one(change)?.seal(change, id)?;
    }
    Ok(())
}
