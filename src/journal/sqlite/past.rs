//! Entries that were acknowledged: shorter, and out of the way. An opening does not read them; each is compared with its seal when it is
//! read, and found by keys that prove what is not there (`keys.rs`).

use rusqlite::{Connection, OptionalExtension as _, Statement, params};

use super::faults::{OrFault, Result, damaged};
use super::keys::{self, BLOCK, Kind, Prefix};
use super::note::{Note, OWN_ROW};
use super::pairs::{INSERT_EVIDENCE, INSERT_FIELD, Known, encode, store_pairs};
use super::reading::{entries, existing, read_entry};
use super::seal::{self, Entries, PAST, count_past, past_row};
use super::words::Words;
use crate::clock::{EARLIEST, LATEST};
use crate::error::text;
use crate::journal::entry::{Entry, EntryId, EntryState, Settlement};

/// The columns that `past` has as `entries` has them.
const SAME: &str = "field_count, queried, code, text, next, wait_seconds, wait_nanoseconds, reason, person, last_code, last_text, decided, \
                    reversals, last_reversal_at, stage, of_order, revision";
/// The columns of `entries` that are read from `past`, as they are written.
const BACK: &str = "id, account, call, intent, order_number, fen, begun_at, attempts, last_attempt_at, state, known, settled_at, \
                    acknowledged_at, field_count, queried, code, text, next, wait_seconds, wait_nanoseconds, reason, person, last_code, \
                    last_text, decided, reversals, last_reversal_at, stage, of_order, revision";
/// What a refund may name instead of the order number.
const EVIDENCE: &str = "transaction_id";

/// So many entries are put away at once, where nobody waits.
pub(super) const MANY: usize = 1_000;
/// An acknowledgement of any time.
pub(super) const EVER: i64 = i64::MAX;

/// Moves these acknowledged entries out of the way. Each is read back before it goes.
pub(super) fn put_away(change: &Connection, ids: &[EntryId]) -> Result<()> {
    let mut stored = Entries::one(change)?;
    let (mut rows, mut last) = (Rows::of(change)?, last_of(change)?);
    for id in ids {
        let entry = existing(&mut stored, *id)?;
        let known = Known { number: &entry.order_number, intent: &entry.intent, fen: entry.amount.get() };
        let before = last.as_ref().map(|last| last.fields.as_slice()).unwrap_or_default();
        let mut pairs = Vec::new();
        encode(&mut rows.words, &entry.fields, before, &known, &mut pairs)?;
        encode(&mut rows.words, evidence_of(&entry), &[], &known, &mut pairs)?;
        let insert = text(&[
            "INSERT INTO past (id, account, call, intent, order_number, fen, begun_at, attempts, attempt_after, state, known, \
             settled_after, acknowledged_after, time_end, pairs, seal, ",
            SAME,
            ") SELECT id, ?2, ?3, intent, order_number, fen, begun_at, attempts, last_attempt_at - begun_at, ?4, known, \
             settled_at - begun_at, acknowledged_at - begun_at, ?6, ?5, substr(digest, 1, 8), ",
            SAME,
            " FROM entries WHERE id = ?1",
        ]);
        let state: String =
            change.query_row("SELECT state FROM entries WHERE id = ?1", [id], |row| row.get(0)).or_fault()?;
        let [account, call, state] = [&entry.account, &entry.call, &state].map(|word| rows.words.number(word));
        change
            .execute(&insert, params![id, account?, call?, state?, pairs, seal::time_end(evidence_of(&entry))])
            .or_fault()?;
        if rows.read(*id)?.is_none_or(|(read, _)| read != entry) {
            return Err(damaged("an acknowledged entry could not be put away as it is"));
        }
        for delete in [
            "DELETE FROM fields WHERE entry = ?1",
            "DELETE FROM evidence WHERE entry = ?1",
            "DELETE FROM entries WHERE id = ?1",
        ] {
            change.execute(delete, [id]).or_fault()?;
        }
        index(change, &entry, true)?;
        last = Some(entry);
    }
    Ok(())
}

/// An entry that is past is among the others again: something becomes of it.
fn bring_back(change: &Connection, id: EntryId) -> Result<bool> {
    if is_among_others(change, id)? {
        return Ok(false);
    }
    let Some((entry, digest)) = with_digest(change, id)? else { return Ok(false) };
    let columns =
        text(&["INSERT INTO entries (", BACK, ", digest) SELECT ", PAST, ", revision, ?2 FROM past WHERE id = ?1"]);
    change.execute(&columns, params![id, digest]).or_fault()?;
    store_pairs(change, INSERT_FIELD, id, &entry.fields)?;
    store_pairs(change, INSERT_EVIDENCE, id, evidence_of(&entry))?;
    take_out(change, &entry)?;
    Ok(true)
}

/// Removes an entry that is past, and its keys.
pub(super) fn take_out(change: &Connection, entry: &Entry) -> Result<()> {
    change.execute("DELETE FROM past WHERE id = ?1", [entry.id]).or_fault()?;
    index(change, entry, false)
}

/// Writes the keys of an entry, or removes them.
fn index(change: &Connection, entry: &Entry, put: bool) -> Result<()> {
    keys::mark(change, Prefix::of(Kind::Ids), entry.id, put)?;
    keys::mark(change, Prefix::of(Kind::Day).day(day(entry.begun_at)), entry.id, put)?;
    for prefix in prefixes(entry) {
        let key = prefix.number(entry.id).0;
        if put { keys::put(change, &key, 0)? } else { keys::remove(change, &key)? }
    }
    payees(change, entry, put)
}

fn prefixes(entry: &Entry) -> Vec<Prefix> {
    let under = |kind| Prefix::of(kind).account(&entry.account);
    let mut found = vec![Prefix::of(Kind::Intent).text(&entry.intent), under(Kind::Number).text(&entry.order_number)];
    found.extend(entry.of.as_ref().map(|of| under(Kind::Refund).text(of)));
    found.extend(entry.evidence(EVIDENCE).map(|id| under(Kind::Evidence).text(id)));
    found
}

fn payee(account: &str, field: &str, value: &str) -> Prefix {
    Prefix::of(Kind::Payee).account(account).text(field).text(value)
}

/// The fields that name a payee whom a gateway wants a pause for (`tests/unit/journal/sqlite/pairs.rs` asks every table). Of another one every
/// entry is read.
pub(super) const WITH_PAUSE: [&str; 1] = ["openid"];

fn has_pause(field: &str) -> bool {
    WITH_PAUSE.contains(&field)
}

/// When the last attempt to each payee was. One that is brought back, or goes, takes its own time with it.
fn payees(change: &Connection, entry: &Entry, put: bool) -> Result<()> {
    if entry.state == EntryState::Recorded(Settlement::NotSent) {
        return Ok(());
    }
    for (field, value) in entry.fields.iter().filter(|(field, _)| has_pause(field)) {
        let key = payee(&entry.account, field, value).0;
        let have = keys::at(change, &key)?.map(|key| key.bits);
        match (have, put) {
            (have, true) if have.is_none_or(|have| have < entry.last_attempt_at) => {
                keys::put(change, &key, entry.last_attempt_at)?;
            }
            (Some(have), false) if have == entry.last_attempt_at => keys::remove(change, &key)?,
            _ => {}
        }
    }
    Ok(())
}

/// The day of what was begun under a clock that was not set.
const UNSET: u32 = 0;
/// The day of what was begun under one that is far ahead.
const AHEAD: u32 = u32::MAX;

/// The day of an entry, as it is summed up.
pub(super) fn day(begun_at: i64) -> u32 {
    match begun_at {
        ..EARLIEST => UNSET,
        EARLIEST..LATEST => u32::try_from(begun_at / 86_400).unwrap_or_default(),
        LATEST.. => AHEAD,
    }
}

fn evidence_of(entry: &Entry) -> &[(String, String)] {
    match &entry.state {
        EntryState::Recorded(
            Settlement::Accepted { evidence, .. }
            | Settlement::PaidLate { evidence }
            | Settlement::Ordered { evidence }
            | Settlement::Refunding { evidence },
        ) => evidence,
        _ => &[],
    }
}

// -- what is read ----------------------------------------------------------------------------------------------------

/// Reads past entries by their ids. What asks for them is prepared once.
struct Rows<'a> {
    select: Statement<'a>,
    words: Words<'a>,
}

impl Rows<'_> {
    fn of(connection: &Connection) -> Result<Rows<'_>> {
        let select = text(&["SELECT ", PAST, ", revision, time_end, pairs, seal FROM past WHERE id = ?1"]);
        Ok(Rows { select: connection.prepare(&select).or_fault()?, words: Words::of(connection)? })
    }

    /// An entry that its row is believed to have, and its seal proves; and its digest.
    fn read(&mut self, id: EntryId) -> Result<Option<(Entry, [u8; 16])>> {
        let mut rows = self.select.query([id]).or_fault()?;
        let Some(row) = rows.next().or_fault()? else { return Ok(None) };
        let (read, digest) = past_row(&mut self.words, row)?;
        Ok(Some((read_entry(read)?, digest)))
    }

    /// One that a key names: it is there.
    fn must(&mut self, id: EntryId) -> Result<(Entry, [u8; 16])> {
        self.read(id)?.ok_or_else(|| damaged("a past entry is lost"))
    }

    fn entry(&mut self, id: EntryId) -> Result<Entry> {
        Ok(self.must(id)?.0)
    }
}

/// One entry, or the proof that it is not there.
pub(super) fn one(connection: &Connection, id: EntryId) -> Result<Option<Entry>> {
    Ok(with_digest(connection, id)?.map(|(entry, _)| entry))
}

fn with_digest(connection: &Connection, id: EntryId) -> Result<Option<(Entry, [u8; 16])>> {
    if id <= 0 || id >= HIGHEST {
        return Ok(None);
    }
    let block = keys::at(connection, &Prefix::of(Kind::Ids).number(id / BLOCK).0)?;
    if block.is_some_and(|block| block.ids().contains(&id)) {
        Rows::of(connection)?.must(id).map(Some)
    } else {
        Ok(None)
    }
}

/// Beyond what a key can name.
const HIGHEST: EntryId = 1 << 40;

fn found(connection: &Connection, prefix: &Prefix, is_one: &dyn Fn(&Entry) -> bool) -> Result<Vec<Entry>> {
    let ends = keys::beginning(connection, prefix)?;
    if ends.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows = Rows::of(connection)?;
    let entries = ends.iter().map(|key| rows.entry(key.end())).collect::<Result<Vec<Entry>>>()?;
    Ok(entries.into_iter().filter(is_one).collect())
}

/// Under every account, past or not.
pub(super) fn of_intent(connection: &Connection, intent: &str) -> Result<Vec<Entry>> {
    Ok(in_order([past_of_intent(connection, intent)?, others_of_intent(connection, intent)?].concat()))
}

/// The same, where so many are among the others.
pub(super) fn all_of_intent(connection: &Connection, intent: &str, others: usize) -> Result<Vec<Entry>> {
    let found = others_of_intent(connection, intent)?;
    if found.len() != others {
        return Err(damaged("an entry of this intent is there, and is not found"));
    }
    Ok(in_order([past_of_intent(connection, intent)?, found].concat()))
}

fn past_of_intent(connection: &Connection, intent: &str) -> Result<Vec<Entry>> {
    found(connection, &Prefix::of(Kind::Intent).text(intent), &|entry| entry.intent == intent)
}

fn others_of_intent(connection: &Connection, intent: &str) -> Result<Vec<Entry>> {
    entries(connection, "WHERE intent = ?1 ORDER BY id", [intent])
}

/// Oldest first.
pub(super) fn in_order(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_by_key(|entry| entry.id);
    entries
}

pub(super) fn by_order_number(connection: &Connection, account: &str, number: &str) -> Result<Option<Entry>> {
    let prefix = Prefix::of(Kind::Number).account(account).text(number);
    Ok(found(connection, &prefix, &|entry| entry.account == account && entry.order_number == number)?.pop())
}

pub(super) fn refunds_of(connection: &Connection, account: &str, order: &str) -> Result<Vec<Entry>> {
    let prefix = Prefix::of(Kind::Refund).account(account).text(order);
    found(connection, &prefix, &|entry| entry.account == account && entry.of.as_deref() == Some(order))
}

/// The lowest that has this evidence. What has no key is looked for in all of them.
pub(super) fn by_evidence(connection: &Connection, account: &str, field: &str, value: &str) -> Result<Option<Entry>> {
    let is_one = |entry: &Entry| entry.account == account && entry.evidence(field) == Some(value);
    if field == EVIDENCE {
        let prefix = Prefix::of(Kind::Evidence).account(account).text(value);
        return Ok(found(connection, &prefix, &is_one)?.into_iter().next());
    }
    let mut lowest = None;
    each(connection, &mut |entry| {
        lowest = lowest.take().or_else(|| is_one(&entry).then_some(entry));
        Ok(())
    })?;
    Ok(lowest)
}

/// The last attempt to a payee. What has no key is looked for in all of them.
pub(super) fn last_attempt_to(connection: &Connection, account: &str, field: &str, value: &str) -> Result<Option<i64>> {
    if has_pause(field) {
        return Ok(keys::at(connection, &payee(account, field, value).0)?.map(|key| key.bits));
    }
    let mut last = None;
    each(connection, &mut |entry| {
        let sent = entry.state != EntryState::Recorded(Settlement::NotSent);
        if sent && entry.account == account && entry.field(field) == Some(value) {
            last = last.max(Some(entry.last_attempt_at));
        }
        Ok(())
    })?;
    Ok(last)
}

/// Every one, lowest first.
pub(super) fn each(connection: &Connection, see: &mut dyn FnMut(Entry) -> Result<()>) -> Result<()> {
    let mut rows = Rows::of(connection)?;
    for block in keys::beginning(connection, &Prefix::of(Kind::Ids))? {
        for id in block.ids() {
            see(rows.entry(id)?)?;
        }
    }
    Ok(())
}

/// Those begun on these days, and those whose day nobody knows.
pub(super) fn each_of_days(
    connection: &Connection,
    (from, until): (u32, u32),
    see: &mut dyn FnMut(Entry) -> Result<()>,
) -> Result<()> {
    let days = [(UNSET, UNSET), (from.max(UNSET + 1), until.min(AHEAD - 1)), (AHEAD, AHEAD)];
    let days = days.into_iter().map(|(from, until)| keys_of_days(connection, from, until));
    let days = days.collect::<Result<Vec<_>>>()?.concat();
    if days.is_empty() {
        return Ok(());
    }
    let mut rows = Rows::of(connection)?;
    for id in days.iter().flat_map(keys::Key::ids) {
        see(rows.entry(id)?)?;
    }
    Ok(())
}

fn keys_of_days(connection: &Connection, from: u32, until: u32) -> Result<Vec<keys::Key>> {
    let mut found = Vec::new();
    keys::each_from(connection, &Prefix::of(Kind::Day).day(from).0, &mut |key| {
        let is_one = key.key.first() == Some(&(Kind::Day as u8)) && key.day() <= until;
        if is_one {
            found.push(key.clone());
        }
        Ok(is_one)
    })?;
    Ok(found)
}

/// Those below this one, the highest first, at most so many.
pub(super) fn before(connection: &Connection, id: EntryId, most: usize) -> Result<Vec<Entry>> {
    let (mut found, mut rows) = (Vec::new(), Rows::of(connection)?);
    let mut key = Prefix::of(Kind::Ids).number((id.clamp(0, HIGHEST - 1) / BLOCK).saturating_add(1)).0;
    while found.len() < most {
        let Some(block) = keys::before(connection, &key, Kind::Ids)? else { break };
        for lower in block.ids().into_iter().rev().filter(|lower| *lower < id).take(most.saturating_sub(found.len())) {
            found.push(rows.entry(lower)?);
        }
        key = block.key;
    }
    Ok(found)
}

/// The first and the last of the rows that an opening leaves unread.
pub(super) fn check_ends(connection: &Connection) -> Result<()> {
    [&[0], &[u8::MAX]].into_iter().try_for_each(|end| keys::around(connection, end).map(drop))?;
    let last: Option<i64> = connection.query_row("SELECT max(id) FROM past", [], |row| row.get(0)).or_fault()?;
    last.map_or(Ok(()), |last| Rows::of(connection)?.must(last).map(drop))
}

/// The one that was put away last, for what it has in common with the next.
fn last_of(connection: &Connection) -> Result<Option<Entry>> {
    Ok(before(connection, HIGHEST - 1, 1)?.pop())
}

/// So many blocks are searched for a time: where more than some hundreds in a row have none, they are left alone.
const NEAR: usize = 8;

/// The next one after an id that was begun when the clock was set. Its keys tell which that is: of entries without a time there may be many,
/// and none of them is read.
pub(super) fn next_begun(connection: &Connection, id: EntryId) -> Result<Option<(EntryId, i64)>> {
    let first = id / BLOCK;
    let all = rows_near(connection, &Prefix::of(Kind::Ids), first)?;
    let unset = rows_near(connection, &Prefix::of(Kind::Day).day(UNSET), first)?;
    let unset: Vec<EntryId> = unset.iter().flat_map(keys::Key::ids).collect();
    // A row without a time is there for each id that has none, up to the last of `all`.
    let found = all.iter().flat_map(keys::Key::ids).find(|other| *other > id && unset.binary_search(other).is_err());
    found.map(|found| Ok((found, Rows::of(connection)?.entry(found)?.begun_at))).transpose()
}

/// The rows of some blocks, from one on.
fn rows_near(connection: &Connection, prefix: &Prefix, first: i64) -> Result<Vec<keys::Key>> {
    let mut found = Vec::new();
    let from = Prefix(prefix.0.clone()).number(first).0;
    keys::each_from(connection, &from, &mut |key| {
        let is_one = key.key.starts_with(&prefix.0) && found.len() < NEAR;
        if is_one {
            found.push(key.clone());
        }
        Ok(is_one)
    })?;
    Ok(found)
}

/// Brings an entry back that is past, and counts it.
pub(super) fn awake(change: &Connection, id: EntryId) -> Result<()> {
    if bring_back(change, id)? {
        count_past(change, -1)?;
    }
    Ok(())
}

/// Whether an entry is past, and not among the others.
pub(super) fn has(connection: &Connection, id: EntryId) -> Result<bool> {
    Ok(!is_among_others(connection, id)? && one(connection, id)?.is_some())
}

pub(super) fn is_among_others(connection: &Connection, id: EntryId) -> Result<bool> {
    let found = "SELECT 1 FROM entries WHERE id = ?1";
    Ok(connection.query_row(found, [id], |_| Ok(())).optional().or_fault()?.is_some())
}

/// What finds an entry, as `keys::Tally` counts it.
pub(super) fn keys_of(entry: &Entry) -> Vec<Vec<u8>> {
    let block = |prefix: Prefix| prefix.number(entry.id / BLOCK).number(entry.id).0;
    let mut found = vec![block(Prefix::of(Kind::Ids)), block(Prefix::of(Kind::Day).day(day(entry.begun_at)))];
    found.extend(prefixes(entry).into_iter().map(|prefix| prefix.number(entry.id).0));
    found
}

/// A day for a question: times before and after all that a clock says are the first and the last.
pub(super) fn day_at(time: i64) -> u32 {
    u32::try_from(time.clamp(0, LATEST) / 86_400).unwrap_or_default()
}

/// Acknowledged, proven, and within what the columns hold.
const MAY_GO: &str = "acknowledged_at IS NOT NULL AND stage IS NULL AND id < 1099511627776 \
    AND begun_at BETWEEN -1099511627776 AND 1099511627776 AND last_attempt_at BETWEEN -1099511627776 AND 1099511627776 \
    AND settled_at BETWEEN -1099511627776 AND 1099511627776 AND acknowledged_at BETWEEN -1099511627776 AND 1099511627776";

/// Those that were acknowledged before this time.
pub(super) fn to_put_away(change: &Connection, most: usize, before: i64) -> Result<Vec<EntryId>> {
    let select = text(&["SELECT id FROM entries WHERE ", MAY_GO, " AND acknowledged_at < ?2 ORDER BY id LIMIT ?1"]);
    let mut ids = change.prepare(&select).or_fault()?;
    let ids = ids.query_map([i64::try_from(most).unwrap_or(i64::MAX), before], |row| row.get(0)).or_fault()?;
    ids.collect::<rusqlite::Result<_>>().or_fault()
}

/// How many could be put away.
pub(super) fn count_to_put_away(connection: &Connection) -> Result<usize> {
    let count = text(&["SELECT count(*) FROM entries WHERE ", MAY_GO]);
    let count: i64 = connection.query_row(&count, [], |row| row.get(0)).or_fault()?;
    Ok(usize::try_from(count).unwrap_or_default())
}

// -- checks ----------------------------------------------------------------------------------------------------------

/// All that is past, too: every link, every seal, and each key has its entry. Returns how many entries are past.
pub(super) fn check_past(connection: &Connection) -> Result<i64> {
    let mut wanted = keys::Tally::default();
    let mut count = 0_i64;
    each(connection, &mut |entry| {
        keys_of(&entry).iter().for_each(|key| wanted.add(key));
        count = count.saturating_add(1);
        Ok(())
    })?;
    keys::each_from(connection, &[0], &mut |key| {
        wanted.take(key);
        Ok(true)
    })?;
    let stored: i64 = connection.query_row("SELECT count(*) FROM past", [], |row| row.get(0)).or_fault()?;
    if !wanted.is_even() || count != stored || count != seal::put_away(connection)? {
        return Err(damaged("past entries and what finds them do not agree"));
    }
    Ok(count)
}

/// The database has the change that was noted last.
pub(super) fn check_note(connection: &Connection, note: Note) -> Result<()> {
    let revision = match note.row {
        OWN_ROW => Some(seal::check_own_row(connection)?),
        id => {
            let select = "SELECT revision FROM entries WHERE id = ?1";
            match connection.query_row(select, [id], |row| row.get(0)).optional().or_fault()? {
                Some(revision) => Some(revision),
                None if seal::schema_version(connection)? < seal::PUTS_AWAY => None,
                None => one(connection, id)?.map(|entry| entry.revision),
            }
        }
    };
    if revision.is_some_and(|revision| revision >= note.revision) {
        return Ok(());
    }
    let row = if note.row == OWN_ROW { "the journal".into() } else { text(&["entry ", &note.row.to_string()]) };
    Err(damaged(&text(&[
        "its newest part is missing: the lock file says that ",
        &row,
        " was changed since. The end of the -wal file is damaged, or older files were put back",
    ])))
}
