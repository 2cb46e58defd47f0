//! A terminal's journal, written in one of two ways: by the library, each change a transaction with its digests, or in bulk, with the same
//! schema and the same rows but without the digests. A journal in bulk takes a fiftieth of the time; the library would not open it.
//! A test holds that both ways give the same rows.

use std::path::Path;

use rusqlite::{Connection, params};
use wxpay_terminal::{
    Entry, EntryId, Error, Fen, Journal as _, JournalFault, JournalFaultKind, NewEntry, Next, Numbered, Random, Serial,
    Settlement, SqliteJournal,
};

pub type Result<T> = std::result::Result<T, JournalFault>;

/// Makes the order number and the fields of a serial.
pub type Number<'a> = &'a mut dyn FnMut(Serial) -> std::result::Result<Numbered, Error>;

pub enum Book {
    Library(Box<SqliteJournal>),
    Bulk(Connection, u32),
}

impl Book {
    pub fn open(path: &Path, terminal: u16, random: &dyn Random, in_bulk: bool) -> Result<Book> {
        let device = format!("POS-{terminal:05}");
        let journal = SqliteJournal::open(path, terminal, Some(&device), random)?;
        if !in_bulk {
            return Ok(Book::Library(Box::new(journal)));
        }
        drop(journal);
        let connection = Connection::open(path).map_err(fault)?;
        connection.execute_batch("PRAGMA synchronous = OFF; BEGIN").map_err(fault)?;
        Ok(Book::Bulk(connection, 0))
    }

    pub fn begin(&mut self, new: &NewEntry<'_>, number: Number<'_>) -> Result<Entry> {
        match self {
            Book::Library(journal) => journal.begin(new, number),
            Book::Bulk(connection, counter) => {
                let serial = Serial { epoch: epoch(connection).map_err(fault)?, counter: *counter };
                *counter += 1;
                let Numbered { order_number, fields } =
                    number(serial).map_err(|error| JournalFault::new(JournalFaultKind::Number, error.to_string()))?;
                insert(connection, new, &order_number, &fields).map_err(fault)?;
                Ok(Entry::new(connection.last_insert_rowid(), new, order_number, fields))
            }
        }
    }

    pub fn settle(&mut self, id: EntryId, settlement: &Settlement, at: i64) -> Result<()> {
        match self {
            Book::Library(journal) => journal.settle(id, settlement, at).map(drop),
            Book::Bulk(connection, _) => settle(connection, id, settlement, at).map_err(fault),
        }
    }

    pub fn reversing(&mut self, id: EntryId, at: i64) -> Result<()> {
        match self {
            Book::Library(journal) => journal.reversing(id, at),
            Book::Bulk(connection, _) => change(
                connection,
                "UPDATE entries SET reversals = reversals + 1, last_reversal_at = ?2 WHERE id = ?1",
                params![id, at],
            ),
        }
    }

    pub fn acknowledge(&mut self, id: EntryId, at: i64) -> Result<()> {
        match self {
            Book::Library(journal) => journal.acknowledge(id, at),
            Book::Bulk(connection, _) => {
                change(connection, "UPDATE entries SET acknowledged_at = ?2 WHERE id = ?1", params![id, at])
            }
        }
    }

    /// Closed: its WAL is in the file.
    pub fn close(self) -> Result<()> {
        match self {
            Book::Library(journal) => drop(journal),
            Book::Bulk(connection, _) => {
                connection.execute_batch("COMMIT").map_err(fault)?;
                connection.close().map_err(|(_, error)| fault(error))?;
            }
        }
        Ok(())
    }
}

fn fault(error: rusqlite::Error) -> JournalFault {
    JournalFault::new(JournalFaultKind::Storage, error.to_string())
}

fn change(connection: &Connection, statement: &str, values: impl rusqlite::Params) -> Result<()> {
    connection.execute(statement, values).map(drop).map_err(fault)
}

fn epoch(connection: &Connection) -> rusqlite::Result<u32> {
    connection.query_row("SELECT max(epoch) FROM epochs", [], |row| row.get(0))
}

fn insert(
    connection: &Connection,
    new: &NewEntry<'_>,
    number: &str,
    fields: &[(String, String)],
) -> rusqlite::Result<()> {
    let entry = "INSERT INTO entries (account, call, intent, order_number, fen, begun_at, attempts, last_attempt_at, state, field_count, \
                 of_order) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?6, 'open', ?7, ?8)";
    let (fen, count): (u32, i64) = (Fen::get(new.amount), i64::try_from(fields.len()).unwrap_or(0));
    let values = params![new.account, new.call, new.intent, number, fen, new.at, count, new.of];
    connection.execute(entry, values)?;
    pairs(connection, "fields", connection.last_insert_rowid(), fields)
}

fn pairs(connection: &Connection, table: &str, id: EntryId, pairs: &[(String, String)]) -> rusqlite::Result<()> {
    let insert = format!("INSERT INTO {table} (entry, position, name, value) VALUES (?1, ?2, ?3, ?4)");
    let mut insert = connection.prepare(&insert)?;
    for (position, (name, value)) in (0_i64..).zip(pairs) {
        insert.execute(params![id, position, name, value])?;
    }
    Ok(())
}

fn settle(connection: &Connection, id: EntryId, settlement: &Settlement, at: i64) -> rusqlite::Result<()> {
    let next = |next: &Next| match next {
        Next::SameNumber => "same number",
        Next::NewNumber => "new number",
        _ => "stop",
    };
    let none = (None, None, None, None);
    let (state, stage, queried, (code, text, next, reason), evidence) = match settlement {
        Settlement::Accepted { queried, evidence } => ("accepted", None, Some(*queried), none, Some(evidence)),
        Settlement::PaidLate { evidence } => ("paid late", None, None, none, Some(evidence)),
        Settlement::Ordered { evidence } => ("ordered", None, None, none, Some(evidence)),
        Settlement::Refunding { evidence } => ("ordered", Some("refunding"), None, none, Some(evidence)),
        Settlement::Declined { code, text, next: then } => {
            ("declined", None, None, (Some(code), Some(text), Some(next(then)), None), None)
        }
        Settlement::Unproven { code, text, next: then } => {
            ("declined", Some("unproven"), None, (Some(code), Some(text), Some(next(then)), None), None)
        }
        Settlement::NotSent => ("not sent", None, None, none, None),
        Settlement::Abandoned => ("abandoned", None, None, none, None),
        Settlement::ForAPerson { reason } => {
            ("for a person", None, None, (None, None, None, Some(reason.to_string())), None)
        }
        Settlement::ByHand { paid, name, reason } => {
            let insert = "INSERT INTO by_hand (entry, at, paid, person, reason) VALUES (?1, ?2, ?3, ?4, ?5)";
            connection.execute(insert, params![id, at, paid, name, reason])?;
            connection
                .execute("UPDATE entries SET person = ?2, reason = ?3 WHERE id = ?1", params![id, name, reason])?;
            let state = if *paid { "by hand: paid" } else { "by hand: not paid" };
            (state, None, None, (None, None, None, Some(reason.clone())), None)
        }
        other => unreachable!("{other:?}"),
    };
    let update = "UPDATE entries SET state = ?2, settled_at = ?3, queried = ?4, code = ?5, text = ?6, next = ?7, reason = ?8, stage = ?9 \
                  WHERE id = ?1";
    connection.execute(update, params![id, state, at, queried, code, text, next, reason, stage])?;
    evidence.map_or(Ok(()), |evidence| pairs(connection, "evidence", id, evidence))
}
