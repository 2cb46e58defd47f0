//! What is read back is checked: each row that decides carries a digest over all its columns and over the rows that belong
//! to it, whatever the flash, a copy or another program did to the file.
//!
//! `integrity_check` sees the tree and the indexes, not the values. The digests see the values. What neither would see is
//! counted: rows that nobody asks for (epochs, a person's words), numbers that were given (`sqlite_sequence`), and the texts
//! of the schema, which is what people read through.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, Statement, params};

use super::faults::{OrFault, Result, damaged, get, pragma};
use super::gone;
use super::note::{Note, OWN_ROW};
use super::pairs::{Known, decode};
use super::words::Words;
use crate::error::text;
use crate::journal::digest::Digest;
use crate::journal::entry::EntryId;
use crate::journal::fault::JournalFault;

/// The columns of an entry that its digest covers, in this order. Never change it: it is a part of what is stored.
const SEALED: &str = "id, account, call, intent, order_number, fen, begun_at, attempts, last_attempt_at, state, known, \
                      settled_at, acknowledged_at, field_count, queried, code, text, next, wait_seconds, \
                      wait_nanoseconds, reason, person, last_code, last_text, decided";
/// Those that came later, in this order. A row in which they say nothing has the digest that it had without them.
const LATER: &str = ", reversals, last_reversal_at, stage, of_order";
const NOT_YET: &str = ", 0 AS reversals, NULL AS last_reversal_at, NULL AS stage, NULL AS of_order";
/// The first version of the schema that has them.
const REVERSALS: usize = 3;
/// The same columns, in the same order, of an entry that is past.
pub(super) const PAST: &str = "id, (SELECT word FROM words WHERE words.id = past.account) AS account, \
    (SELECT word FROM words WHERE words.id = past.call) AS call, intent, order_number, fen, begun_at, attempts, \
    begun_at + attempt_after AS last_attempt_at, (SELECT word FROM words WHERE words.id = past.state) AS state, known, \
    begun_at + settled_after AS settled_at, begun_at + acknowledged_after AS acknowledged_at, field_count, queried, code, text, \
    next, wait_seconds, wait_nanoseconds, reason, person, last_code, last_text, decided, reversals, last_reversal_at, stage, of_order";
/// The first version that has them.
pub(super) const PUTS_AWAY: usize = 4;
/// How many came later.
const LATER_COUNT: usize = 4;
/// The columns of the journal's own row that its digest covers, in this order.
const OWN_SEALED: &str = "terminal, device_info, wal, removed, epochs, epoch_sum, epoch_squares, schema_digest, \
                          gone, gone_sum";

/// What was read of an entry: its row, and the rows that belong to it.
pub(super) struct Read<'a> {
    pub(super) row: &'a Row<'a>,
    pub(super) fields: Vec<(String, String)>,
    pub(super) evidence: Vec<(String, String)>,
    pub(super) revision: i64,
    digest: Digest,
}

/// The statements that read entries whole.
pub(super) struct Entries<'c> {
    entries: Statement<'c>,
    fields: Statement<'c>,
    evidence: Statement<'c>,
}

impl<'c> Entries<'c> {
    pub(super) fn prepare(connection: &'c Connection, which: &str) -> Result<Entries<'c>> {
        let later = if schema_version(connection)? < REVERSALS { NOT_YET } else { LATER };
        let select = text(&["SELECT ", SEALED, later, ", revision, digest FROM entries ", which]);
        let pairs = |of: &str| text(&["SELECT position, name, value FROM ", of, " WHERE entry = ?1 ORDER BY position"]);
        Ok(Entries {
            entries: connection.prepare(&select).or_fault()?,
            fields: connection.prepare(&pairs("fields")).or_fault()?,
            evidence: connection.prepare(&pairs("evidence")).or_fault()?,
        })
    }

    /// Reads one entry, again and again: what a change looks at, and what it leaves.
    pub(super) fn one(connection: &'c Connection) -> Result<Entries<'c>> {
        Entries::prepare(connection, "WHERE id = ?1")
    }

    /// Seals an entry after a change.
    pub(super) fn seal(&mut self, change: &Connection, id: EntryId) -> Result<Note> {
        let mut sealed = None;
        self.each_unchecked([id], &mut |read| {
            let revision = read.revision.saturating_add(1);
            sealed = Some((revision, read.digest.sealed(revision)));
            Ok(())
        })?;
        let (revision, digest) = sealed.ok_or_else(|| damaged("an entry vanished while it was changed"))?;
        let update = "UPDATE entries SET revision = ?2, digest = ?3 WHERE id = ?1";
        change.execute(update, params![id, revision, digest]).or_fault()?;
        Ok(Note { row: id, revision })
    }

    /// Shows each entry as it is stored, unchecked.
    fn each_unchecked(
        &mut self,
        values: impl rusqlite::Params,
        see: &mut dyn FnMut(Read<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut rows = self.entries.query(values).or_fault()?;
        while let Some(row) = rows.next().or_fault()? {
            let mut digest = Digest::of("entry's rows");
            push_columns(&mut digest, row, if says_more(row)? { 2 } else { LATER_COUNT + 2 })?;
            let id = get(row, "id")?;
            let fields = pairs(&mut self.fields, id, &mut digest)?;
            let evidence = pairs(&mut self.evidence, id, &mut digest)?;
            see(Read { row, fields, evidence, revision: get(row, "revision")?, digest })?;
        }
        Ok(())
    }

    /// Shows each entry that is as it was stored. One that is not is damage.
    pub(super) fn each(
        &mut self,
        values: impl rusqlite::Params,
        see: &mut dyn FnMut(Read<'_>) -> Result<()>,
    ) -> Result<()> {
        self.each_unchecked(values, &mut |mut read| {
            let revision = read.revision;
            let found = std::mem::replace(&mut read.digest, Digest::of("")).sealed(revision);
            match read.row.get_ref("digest").or_fault()? {
                ValueRef::Blob(stored) if stored == found => see(read),
                _ => Err(damaged(&text(&[&name(read.row), " is not as it was stored", WHY]))),
            }
        })
    }
}

/// An entry that is past, and its digest, which is the one that it had among the others. Its seal is the first half.
pub(super) fn past_row<'a>(words: &mut Words<'_>, row: &'a Row<'a>) -> Result<(Read<'a>, [u8; 16])> {
    let mut digest = Digest::of("entry's rows");
    push_columns(&mut digest, row, if says_more(row)? { 4 } else { LATER_COUNT + 4 })?;
    let (number, intent): (String, String) = (get(row, "order_number")?, get(row, "intent")?);
    let known = Known { number: &number, intent: &intent, fen: get(row, "fen")? };
    let bytes: Vec<u8> = get(row, "pairs")?;
    let mut rest = bytes.as_slice();
    let (fields, evidence) = (decode(words, &mut rest, &known)?, decode(words, &mut rest, &known)?);
    for pairs in [&fields, &evidence] {
        for (position, (name, value)) in (0_i64..).zip(pairs) {
            digest.integer(position);
            [name, value].into_iter().for_each(|text| digest.text(text.as_bytes()));
        }
        digest.integer(i64::try_from(pairs.len()).unwrap_or(i64::MAX));
    }
    let (revision, seal): (i64, Vec<u8>) = (get(row, "revision")?, get(row, "seal")?);
    let whole = digest.sealed(revision);
    let shown = get::<Option<i64>>(row, "time_end")? == time_end(&evidence);
    if !shown || !rest.is_empty() || whole.get(..8) != Some(&seal[..]) {
        return Err(damaged(&text(&[&name(row), " is not as it was stored", WHY])));
    }
    Ok((Read { row, fields, evidence, revision, digest: Digest::of("") }, whole))
}

/// What the view shows of the evidence of an entry that is past.
pub(super) fn time_end(evidence: &[(String, String)]) -> Option<i64> {
    evidence.iter().find(|(name, _)| name == "time_end")?.1.parse().ok().filter(|time| *time >= 0)
}

/// Whether the columns that came later say something.
fn says_more(row: &Row<'_>) -> Result<bool> {
    let said = |column| Ok::<_, JournalFault>(!matches!(row.get_ref(column).or_fault()?, ValueRef::Null));
    Ok(get::<i64>(row, "reversals")? != 0 || said("stage")? || said("of_order")?)
}

pub(super) const OTHER_SCHEMA: &str = "its tables, indexes or views are not those that this library made";
const WHY: &str = ": the storage changed it, or another program did";

impl Digest {
    fn sealed(mut self, revision: i64) -> [u8; 16] {
        self.integer(revision);
        self.finish()
    }

    fn value(&mut self, value: ValueRef<'_>) {
        match value {
            ValueRef::Null => self.none(),
            ValueRef::Integer(value) => self.integer(value),
            ValueRef::Text(value) => self.text(value),
            ValueRef::Real(value) => self.sized(3, &value.to_bits().to_le_bytes()),
            ValueRef::Blob(value) => self.sized(4, value),
        }
    }
}

/// Every column that was selected, but the last ones.
fn push_columns(digest: &mut Digest, row: &Row<'_>, but: usize) -> Result<()> {
    for column in 0..row.as_ref().column_count().saturating_sub(but) {
        digest.value(row.get_ref(column).or_fault()?);
    }
    Ok(())
}

/// The name and value pairs of an entry, which the digest covers with their places.
fn pairs(statement: &mut Statement<'_>, id: EntryId, digest: &mut Digest) -> Result<Vec<(String, String)>> {
    let mut rows = statement.query([id]).or_fault()?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().or_fault()? {
        for column in 0..3 {
            digest.value(row.get_ref(column).or_fault()?);
        }
        // What is not UTF-8 was not stored so: the digest will say it.
        let words = |column| Ok(readable(row.get_ref(column).or_fault()?));
        found.push((words(1)?, words(2)?));
    }
    // So that a row cannot move from the fields to the evidence.
    digest.integer(i64::try_from(found.len()).unwrap_or(i64::MAX));
    Ok(found)
}

fn readable(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Text(value) => String::from_utf8_lossy(value).into_owned(),
        ValueRef::Integer(value) => value.to_string(),
        _ => String::new(),
    }
}

/// An entry in words, as far as it can be read.
fn name(row: &Row<'_>) -> String {
    let words = |column| row.get_ref(column).map(readable).unwrap_or_default().escape_debug().take(80).collect();
    let [id, number, intent]: [String; 3] = ["id", "order_number", "intent"].map(words);
    text(&["entry ", &id, " (order number ", &number, ", intent \"", &intent, "\")"])
}

/// Seals what a person wrote.
pub(super) fn seal_by_hand(change: &Connection, id: i64) -> Result<()> {
    let digest =
        change.query_row(&text(&[BY_HAND, "WHERE id = ?1"]), [id], |row| Ok(by_hand_digest(row))).or_fault()?;
    change.execute("UPDATE by_hand SET digest = ?2 WHERE id = ?1", params![id, digest?]).or_fault()?;
    Ok(())
}

/// All but the last column are covered, in this order. Never change it.
const BY_HAND: &str = "SELECT id, entry, at, paid, person, reason, digest FROM by_hand ";

fn by_hand_digest(row: &Row<'_>) -> Result<[u8; 16]> {
    let mut digest = Digest::of("by hand");
    push_columns(&mut digest, row, 1)?;
    Ok(digest.finish())
}

// -- the journal's own row -------------------------------------------------------------------------------------------

/// The digest of the journal's own row, at this revision or at the one after it. It covers the version of the schema, so
/// each step of the schema seals the row anew.
fn own_digest(connection: &Connection, later: i64, version: usize) -> Result<(i64, [u8; 16], Option<Vec<u8>>)> {
    let past = if version < PUTS_AWAY { "" } else { ", past" };
    let select = text(&["SELECT ", OWN_SEALED, past, ", revision, digest FROM journal"]);
    let read = |row: &Row<'_>| {
        let revision = row.get::<_, i64>("revision")?.saturating_add(later);
        let mut digest = Digest::of("journal");
        digest.integer(i64::try_from(version).unwrap_or_default());
        let pushed = push_columns(&mut digest, row, 2);
        let stored = row.get_ref("digest")?.as_blob_or_null().unwrap_or_default().map(Vec::from);
        Ok(pushed.map(|()| (revision, digest.sealed(revision), stored)))
    };
    let found = connection.query_row(&select, [], read).optional().or_fault()?;
    found.unwrap_or_else(|| Err(damaged("the row that says whose journal it is has vanished")))
}

/// Compares the journal's own row with its digest: before it is believed, and before it is changed.
pub(super) fn check_own_row(connection: &Connection) -> Result<i64> {
    check_own_row_of(connection, schema_version(connection)?)
}

/// The same, as if the schema had this version.
pub(super) fn check_own_row_of(connection: &Connection, version: usize) -> Result<i64> {
    let (revision, digest, stored) = own_digest(connection, 0, version)?;
    if stored.as_deref() != Some(&digest[..]) {
        return Err(damaged(&text(&["the row that says whose journal it is is not as it was stored", WHY])));
    }
    Ok(revision)
}

/// Changes the journal's own row, and seals it.
pub(super) fn change_own_row(change: &Connection, set: &str, values: impl rusqlite::Params) -> Result<Note> {
    check_own_row(change)?;
    change.execute(&text(&["UPDATE journal SET ", set]), values).or_fault()?;
    seal_own_row(change)
}

fn seal_own_row(change: &Connection) -> Result<Note> {
    let (revision, digest, _) = own_digest(change, 1, schema_version(change)?)?;
    change.execute("UPDATE journal SET revision = ?1, digest = ?2", params![revision, digest]).or_fault()?;
    Ok(Note { row: OWN_ROW, revision })
}

/// Seals a journal that has no digests yet: a new one, or one of version 1.
pub(super) fn seal_all(change: &Connection) -> Result<()> {
    let mut entries = Entries::one(change)?;
    for id in ids(change, "SELECT id FROM entries ORDER BY id")? {
        entries.seal(change, id)?;
    }
    for id in ids(change, "SELECT id FROM by_hand ORDER BY id")? {
        seal_by_hand(change, id)?;
    }
    let (count, sum, squares) = epochs(change)?;
    let set = "UPDATE journal SET removed = ?1, epochs = ?2, epoch_sum = ?3, epoch_squares = ?4, schema_digest = ?5";
    let removed = without_entry(change)?;
    change.execute(set, params![removed, count, sum, squares, schema_digest(change)?]).or_fault()?;
    seal_own_row(change)?;
    Ok(())
}

/// Seals the texts of the schema, after a step that changed no row.
pub(super) fn seal_texts(change: &Connection) -> Result<()> {
    change.execute("UPDATE journal SET schema_digest = ?1", [schema_digest(change)?]).or_fault()?;
    seal_own_row(change)?;
    Ok(())
}

fn ids(connection: &Connection, select: &str) -> Result<Vec<i64>> {
    let mut statement = connection.prepare(select).or_fault()?;
    let rows = statement.query_map([], |row| row.get(0)).or_fault()?;
    rows.collect::<rusqlite::Result<_>>().or_fault()
}

/// Counts an epoch that was drawn.
pub(super) fn count_epoch(change: &Connection, epoch: u32) -> Result<Note> {
    let set = "epochs = epochs + 1, epoch_sum = epoch_sum + ?1, epoch_squares = epoch_squares + ?1 * ?1 % 2147483647";
    change_own_row(change, set, [epoch])
}

fn epochs(connection: &Connection) -> Result<(i64, i64, i64)> {
    let sums = "SELECT count(*), coalesce(sum(epoch), 0), coalesce(sum(epoch * epoch % 2147483647), 0) FROM epochs";
    connection.query_row(sums, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).or_fault()
}

/// The greatest number that was given in a table.
pub(super) fn given(connection: &Connection, table: &str) -> Result<i64> {
    let select = "SELECT seq FROM sqlite_sequence WHERE name = ?1";
    Ok(connection.query_row(select, [table], |row| row.get(0)).optional().or_fault()?.unwrap_or(0))
}

/// How many numbers were given that have no entry.
fn without_entry(connection: &Connection) -> Result<i64> {
    let found = "SELECT count(*), coalesce(max(id), 0) FROM entries";
    let (count, last): (i64, i64) = connection.query_row(found, [], |row| Ok((row.get(0)?, row.get(1)?))).or_fault()?;
    let count = count.saturating_add(put_away(connection)?);
    let given = given(connection, "entries")?;
    if given < last { Err(damaged(NUMBERS)) } else { Ok(given.saturating_sub(count)) }
}

/// How many entries are not past.
pub(super) fn among_others(connection: &Connection) -> Result<i64> {
    let removed: i64 = connection.query_row("SELECT removed FROM journal", [], |row| row.get(0)).or_fault()?;
    Ok(given(connection, "entries")?.saturating_sub(removed).saturating_sub(put_away(connection)?))
}

/// How many entries are past.
pub(super) fn put_away(connection: &Connection) -> Result<i64> {
    match schema_version(connection)? < PUTS_AWAY {
        true => Ok(0),
        false => connection.query_row("SELECT past FROM journal", [], |row| row.get(0)).or_fault(),
    }
}

/// Counts entries that were put away; less than none: that came back.
pub(super) fn count_past(change: &Connection, more: i64) -> Result<Note> {
    change_own_row(change, "past = past + ?1", [more])
}

/// Counts entries that were past and are gone.
pub(super) fn count_pruned(change: &Connection, gone: i64) -> Result<Note> {
    change_own_row(change, "past = past - ?1, removed = removed + ?1", [gone])
}

const NUMBERS: &str = "an entry vanished, or the count of their numbers was changed";

/// Counts numbers that have no entry, where a change left some: all that were not there are there no more.
pub(super) fn count_removed(change: &Connection) -> Result<Note> {
    change_own_row(change, "removed = ?1", [without_entry(change)?])
}

/// The texts that the tables, indexes and views were made with.
pub(super) fn schema_digest(connection: &Connection) -> Result<[u8; 16]> {
    let mut digest = Digest::of("schema");
    let mut texts = connection
        .prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name, tbl_name")
        .or_fault()?;
    let mut rows = texts.query([]).or_fault()?;
    while let Some(row) = rows.next().or_fault()? {
        for column in 0..4 {
            digest.value(row.get_ref(column).or_fault()?);
        }
    }
    Ok(digest.finish())
}

// -- the whole file --------------------------------------------------------------------------------------------------

/// Everything that is stored is as it was stored. Read with every opening, and before entries are removed.
pub(super) fn check_everything(connection: &Connection) -> Result<()> {
    check_own_row(connection)?;
    let encoding: String = connection.pragma_query_value(None, "encoding", |row| row.get(0)).or_fault()?;
    let schema: Vec<u8> = connection.query_row("SELECT schema_digest FROM journal", [], |row| row.get(0)).or_fault()?;
    if encoding != "UTF-8" || schema != schema_digest(connection)? {
        return Err(damaged(OTHER_SCHEMA));
    }
    let stored = "SELECT epochs, epoch_sum, epoch_squares FROM journal";
    let stored = connection.query_row(stored, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).or_fault()?;
    if epochs(connection)? != stored {
        return Err(damaged("an epoch is lost or changed: order numbers could repeat"));
    }
    check_gone(connection)?;
    check_entries(connection).and_then(|counts| check_no_strays(connection, counts))?;
    check_numbers(connection)?;
    check_by_hand(connection)
}

/// Before version 4 the marks of pruned intents were counted and summed. Since then there are none.
fn check_gone(connection: &Connection) -> Result<()> {
    let stored = connection.query_row("SELECT gone, gone_sum FROM journal", [], |row| Ok((row.get(0)?, row.get(1)?)));
    if gone::counted(connection)? != stored.or_fault()? {
        return Err(damaged("an intent that was pruned is lost or changed: it could be paid again"));
    }
    Ok(())
}

/// How many fields and pieces of evidence the entries have.
fn check_entries(connection: &Connection) -> Result<(usize, usize)> {
    let mut counts = (0_usize, 0_usize);
    Entries::prepare(connection, "ORDER BY id")?.each([], &mut |read| {
        counts = (counts.0.saturating_add(read.fields.len()), counts.1.saturating_add(read.evidence.len()));
        Ok(())
    })?;
    Ok(counts)
}

/// Each number that was given has its entry, or is counted as one without.
fn check_numbers(connection: &Connection) -> Result<()> {
    let removed: i64 = connection.query_row("SELECT removed FROM journal", [], |row| row.get(0)).or_fault()?;
    if without_entry(connection)? == removed { Ok(()) } else { Err(damaged(NUMBERS)) }
}

/// Rows that belong to no entry would meet a later one.
fn check_no_strays(connection: &Connection, (fields, evidence): (usize, usize)) -> Result<()> {
    for (count, select) in [(fields, "SELECT count(*) FROM fields"), (evidence, "SELECT count(*) FROM evidence")] {
        let found: i64 = connection.query_row(select, [], |row| row.get(0)).or_fault()?;
        if usize::try_from(found) != Ok(count) {
            return Err(damaged("it holds fields that belong to no entry"));
        }
    }
    Ok(())
}

/// What a person wrote stays, every line: they are numbered from 1 on.
fn check_by_hand(connection: &Connection) -> Result<()> {
    let mut statement = connection.prepare(&text(&[BY_HAND, "ORDER BY id"])).or_fault()?;
    let mut rows = statement.query([]).or_fault()?;
    let mut last = 0_i64;
    let wrong = || damaged(&text(&["what a person wrote of an entry is not as it was stored", WHY]));
    while let Some(row) = rows.next().or_fault()? {
        last = last.saturating_add(1);
        let same =
            matches!(row.get_ref("digest").or_fault()?, ValueRef::Blob(stored) if stored == by_hand_digest(row)?);
        if !same || get::<i64>(row, "id")? != last {
            return Err(wrong());
        }
    }
    if given(connection, "by_hand")? != last { Err(wrong()) } else { Ok(()) }
}

/// Which rows have digests depends on it.
pub(super) fn schema_version(connection: &Connection) -> Result<usize> {
    let version: i64 = pragma(connection, "user_version")?;
    usize::try_from(version).map_err(|_| damaged("the schema's version is negative"))
}
