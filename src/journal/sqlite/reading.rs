//! Entries as they are read.

use std::borrow::Cow;
use std::time::Duration;

use crate::journal::entry::{Entry, EntryId, EntryState, Settlement};
use crate::money::Fen;
use crate::outcome::{Next, Words};
use rusqlite::{Connection, Row};

use super::faults::{Result, damaged, get, refused};
use super::seal::{Entries, Read as ReadEntry};

pub(super) fn existing(stored: &mut Entries<'_>, id: EntryId) -> Result<Entry> {
    let mut found = None;
    stored.each([id], &mut |read| {
        found = Some(read_entry(read)?);
        Ok(())
    })?;
    found.ok_or_else(|| refused("there is no such entry"))
}

pub(super) fn entries(connection: &Connection, which: &str, values: impl rusqlite::Params) -> Result<Vec<Entry>> {
    let mut found = Vec::new();
    Entries::prepare(connection, which)?.each(values, &mut |read| {
        found.push(read_entry(read)?);
        Ok(())
    })?;
    Ok(found)
}

pub(super) fn read_entry(read: ReadEntry<'_>) -> Result<Entry> {
    let ReadEntry { row, fields, evidence, revision, .. } = read;
    let stored: Option<i64> = get(row, "field_count")?;
    if i64::try_from(fields.len()) != Ok(stored.unwrap_or(0)) {
        return Err(damaged("fields of an entry are missing"));
    }
    Ok(Entry {
        id: get(row, "id")?,
        account: get(row, "account")?,
        call: get(row, "call")?,
        intent: get(row, "intent")?,
        order_number: get(row, "order_number")?,
        amount: Fen::new(get(row, "fen")?).map_err(|_| damaged("an amount is out of range"))?,
        of: get(row, "of_order")?,
        fields,
        begun_at: get(row, "begun_at")?,
        attempts: get(row, "attempts")?,
        last_attempt_at: get(row, "last_attempt_at")?,
        known: get(row, "known")?,
        last_words: match (get(row, "last_code")?, get(row, "last_text")?) {
            (Some(code), Some(text)) => Some(Words { code, text }),
            _ => None,
        },
        state: read_state(row, evidence)?,
        reversals: get(row, "reversals")?,
        last_reversal_at: get(row, "last_reversal_at")?,
        settled_at: get(row, "settled_at")?,
        acknowledged_at: get(row, "acknowledged_at")?,
        decided: get(row, "decided")?,
        revision,
    })
}

fn read_state(row: &Row<'_>, evidence: Vec<(String, String)>) -> Result<EntryState> {
    let state: String = get(row, "state")?;
    let settlement = match state.as_str() {
        "open" => return Ok(EntryState::Open),
        "accepted" => Settlement::Accepted { queried: get(row, "queried")?, evidence },
        "ordered" => match get::<Option<String>>(row, "stage")? {
            None => Settlement::Ordered { evidence },
            Some(_) => Settlement::Refunding { evidence },
        },
        "abandoned" => Settlement::Abandoned,
        "paid late" => Settlement::PaidLate { evidence },
        "declined" => {
            let (code, text, next) = (get(row, "code")?, get(row, "text")?, read_next(row)?);
            match get::<Option<String>>(row, "stage")? {
                None => Settlement::Declined { code, text, next },
                Some(_) => Settlement::Unproven { code, text, next },
            }
        }
        "not sent" => Settlement::NotSent,
        "for a person" => Settlement::ForAPerson { reason: Cow::Owned(get(row, "reason")?) },
        "by hand: paid" | "by hand: not paid" => Settlement::ByHand {
            paid: state == "by hand: paid",
            name: get(row, "person")?,
            reason: get(row, "reason")?,
        },
        _ => return Err(damaged("a state is not one of ours")),
    };
    Ok(EntryState::Recorded(settlement))
}

fn read_next(row: &Row<'_>) -> Result<Next> {
    let next: String = get(row, "next")?;
    match next.as_str() {
        "same number" => Ok(Next::SameNumber),
        "same number later" => {
            let (seconds, nanoseconds): (i64, u32) = (get(row, "wait_seconds")?, get(row, "wait_nanoseconds")?);
            let seconds = u64::try_from(seconds).map_err(|_| damaged("a waiting time is out of range"))?;
            let wait = Duration::from_secs(seconds).saturating_add(Duration::from_nanos(nanoseconds.into()));
            Ok(Next::SameNumberLater(wait))
        }
        "new number" => Ok(Next::NewNumber),
        "stop" => Ok(Next::Stop),
        _ => Err(damaged("what is allowed next is not one of ours")),
    }
}
