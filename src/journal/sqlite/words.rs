//! Texts that past entries have in common, by number: an entry says the number.

use rusqlite::{Connection, OptionalExtension as _, Statement};

use super::faults::{OrFault, Result};

/// More words than these are not made of values: each opening reads them.
const MOST: i64 = 1_000;

/// Words are looked up a dozen times for each entry, so what asks for them is prepared once.
pub(super) struct Words<'a> {
    connection: &'a Connection,
    by_number: Statement<'a>,
    by_text: Statement<'a>,
}

impl Words<'_> {
    pub(super) fn of(connection: &Connection) -> Result<Words<'_>> {
        let by_number = connection.prepare("SELECT word FROM words WHERE id = ?1").or_fault()?;
        let by_text = connection.prepare("SELECT id FROM words WHERE word = ?1").or_fault()?;
        Ok(Words { connection, by_number, by_text })
    }

    pub(super) fn text(&mut self, number: i64) -> Result<String> {
        self.by_number.query_row([number], |row| row.get(0)).or_fault()
    }

    pub(super) fn find(&mut self, word: &str) -> Result<Option<i64>> {
        self.by_text.query_row([word], |row| row.get(0)).optional().or_fault()
    }

    /// The number of a word, which it is given now if it had none.
    pub(super) fn number(&mut self, word: &str) -> Result<i64> {
        if let Some(number) = self.find(word)? {
            return Ok(number);
        }
        self.connection.execute("INSERT INTO words (word) VALUES (?1)", [word]).or_fault()?;
        Ok(self.connection.last_insert_rowid())
    }

    pub(super) fn has_room(&self) -> Result<bool> {
        let words: i64 = self.connection.query_row("SELECT count(*) FROM words", [], |row| row.get(0)).or_fault()?;
        Ok(words < MOST)
    }
}
