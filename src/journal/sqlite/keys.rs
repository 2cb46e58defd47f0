//! By what past entries are found. What is not there must be proven: a page that the storage changed can hide a row, and an intent whose
//! entry is hidden would be paid again.
//!
//! So the rows are a chain, as the names of a signed DNS zone are (RFC 4034, NSEC): the link of each covers its own key and that of the next
//! one. Whoever finds nothing has read the row before the gap, and it says that there is none between.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::faults::{OrFault, Result, damaged};
use crate::journal::digest::Digest;
use crate::journal::entry::EntryId;

/// What a key begins with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// 64 ids, a bit each.
    Ids = 1,
    /// A day and 64 ids: which of them were begun on it.
    Day = 2,
    Intent = 3,
    Number = 4,
    Refund = 5,
    Evidence = 6,
    /// The last attempt to a payee.
    Payee = 7,
    /// An intent that was pruned.
    Gone = 8,
}

/// Ids in one row.
pub(super) const BLOCK: i64 = 64;

/// A key without its end.
pub(super) struct Prefix(pub(super) Vec<u8>);

impl Prefix {
    pub(super) fn of(kind: Kind) -> Prefix {
        Prefix(vec![kind as u8])
    }

    /// Four bytes of an account. Two that share them are told apart by their entries.
    pub(super) fn account(mut self, account: &str) -> Prefix {
        let mut digest = Digest::of("account");
        digest.text(account.as_bytes());
        self.0.extend(digest.finish().iter().take(4));
        self
    }

    /// With its length before it, so that no key begins with another one's.
    pub(super) fn text(mut self, text: &str) -> Prefix {
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        match u8::try_from(length) {
            Ok(length) if length < 255 => self.0.push(length),
            _ => {
                self.0.push(255);
                self.0.extend(length.to_be_bytes());
            }
        }
        self.0.extend(text.as_bytes());
        self
    }

    pub(super) fn bytes(mut self, bytes: &[u8]) -> Prefix {
        self.0.extend(bytes);
        self
    }

    pub(super) fn day(mut self, day: u32) -> Prefix {
        self.0.extend(day.to_be_bytes());
        self
    }

    /// Five bytes: no terminal pays more often.
    pub(super) fn number(mut self, number: i64) -> Prefix {
        self.0.extend(number.to_be_bytes().iter().skip(3));
        self
    }
}

/// A row.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) key: Vec<u8>,
    pub(super) bits: i64,
    link: Vec<u8>,
}

impl Key {
    /// The number at its end.
    pub(super) fn end(&self) -> i64 {
        let end = self.key.iter().rev().take(5).rev();
        end.fold(0, |number, byte| number << 8 | i64::from(*byte))
    }

    /// Its day.
    pub(super) fn day(&self) -> u32 {
        self.key.iter().skip(1).take(4).fold(0, |day, byte| day << 8 | u32::from(*byte))
    }

    /// The ids of its bits, lowest first.
    pub(super) fn ids(&self) -> Vec<EntryId> {
        let first = self.end().saturating_mul(BLOCK);
        (0..BLOCK).filter(|bit| self.bits >> bit & 1 == 1).map(|bit| first.saturating_add(bit)).collect()
    }

    fn follows(&self, before: &Key) -> Result<()> {
        let is_next = self.key > before.key && before.link == link(&before.key, before.bits, Some(&self.key));
        if is_next { Ok(()) } else { Err(broken()) }
    }

    fn is_last(&self) -> Result<()> {
        if self.link == link(&self.key, self.bits, None) { Ok(()) } else { Err(broken()) }
    }
}

fn broken() -> crate::journal::fault::JournalFault {
    damaged("a row by which past entries are found is not as it was stored, or is lost")
}

fn link(key: &[u8], bits: i64, next: Option<&[u8]>) -> Vec<u8> {
    let mut digest = Digest::of("key");
    digest.sized(4, key);
    digest.integer(bits);
    match next {
        Some(next) => digest.sized(4, next),
        None => digest.none(),
    }
    digest.finish().into_iter().take(8).collect()
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Key> {
    Ok(Key { key: row.get(0)?, bits: row.get(1)?, link: row.get(2)? })
}

/// The row before a key, and the one that is at it or after it: nothing is between them.
pub(super) fn around(connection: &Connection, key: &[u8]) -> Result<(Key, Option<Key>)> {
    let before = "SELECT key, bits, link FROM keys WHERE key < ?1 ORDER BY key DESC LIMIT 1";
    let before = connection.query_row(before, [key], read).optional().or_fault()?.ok_or_else(broken)?;
    let after = "SELECT key, bits, link FROM keys WHERE key >= ?1 ORDER BY key LIMIT 1";
    let after = connection.query_row(after, [key], read).optional().or_fault()?;
    after.as_ref().map_or_else(|| before.is_last(), |after| after.follows(&before))?;
    // A page that is not the right one leads astray, to two rows that are next to each other elsewhere.
    let is_between = before.key.as_slice() < key && after.as_ref().is_none_or(|after| after.key.as_slice() >= key);
    if is_between { Ok((before, after)) } else { Err(broken()) }
}

/// Every row from a key on, each proven to be the next one, until `see` says that it is enough.
pub(super) fn each_from(connection: &Connection, from: &[u8], see: &mut dyn FnMut(&Key) -> Result<bool>) -> Result<()> {
    let (mut last, _) = around(connection, from)?;
    let mut rows = connection.prepare("SELECT key, bits, link FROM keys WHERE key >= ?1 ORDER BY key").or_fault()?;
    let mut rows = rows.query([from]).or_fault()?;
    let mut seen: Option<Key> = None;
    while let Some(row) = rows.next().or_fault()? {
        let key = read(row).or_fault()?;
        key.follows(&last)?;
        // Its own link is proven by what follows it.
        if let Some(seen) = &seen
            && !see(seen)?
        {
            return Ok(());
        }
        last = key.clone();
        seen = Some(key);
    }
    last.is_last()?;
    if let Some(seen) = &seen {
        see(seen)?;
    }
    Ok(())
}

/// The rows that begin with this.
pub(super) fn beginning(connection: &Connection, prefix: &Prefix) -> Result<Vec<Key>> {
    let mut found = Vec::new();
    each_from(connection, &prefix.0, &mut |key| {
        let is_one = key.key.starts_with(&prefix.0);
        if is_one {
            found.push(key.clone());
        }
        Ok(is_one)
    })?;
    Ok(found)
}

/// The row of a key.
pub(super) fn at(connection: &Connection, key: &[u8]) -> Result<Option<Key>> {
    let (_, after) = around(connection, key)?;
    let Some(found) = after.filter(|after| after.key == key) else { return Ok(None) };
    // Its bits are proven by what follows it.
    let mut after = key.to_vec();
    after.push(0);
    let (same, _) = around(connection, &after)?;
    if same == found { Ok(Some(found)) } else { Err(broken()) }
}

/// The last row before a key, if it is of this kind.
pub(super) fn before(connection: &Connection, key: &[u8], kind: Kind) -> Result<Option<Key>> {
    let (before, _) = around(connection, key)?;
    Ok(Some(before).filter(|before| before.key.first() == Some(&(kind as u8))))
}

/// Makes the chain, without a row but its beginning.
pub(super) fn begin(change: &Connection) -> Result<()> {
    let insert = "INSERT INTO keys (key, bits, link) VALUES (x'', 0, ?1)";
    change.execute(insert, [link(&[], 0, None)]).or_fault()?;
    Ok(())
}

/// Writes a row: a new one, or other bits.
pub(super) fn put(change: &Connection, key: &[u8], bits: i64) -> Result<()> {
    let (before, after) = around(change, key)?;
    let next = match after.filter(|after| after.key == key) {
        Some(_) => {
            let next = next_of(change, key)?;
            set_link(change, key, bits, next.as_deref())?;
            return Ok(());
        }
        None => next_of(change, key)?,
    };
    set_link(change, &before.key, before.bits, Some(key))?;
    let insert = "INSERT INTO keys (key, bits, link) VALUES (?1, ?2, ?3)";
    change.execute(insert, params![key, bits, link(key, bits, next.as_deref())]).or_fault()?;
    Ok(())
}

/// Removes a row. It must be there.
pub(super) fn remove(change: &Connection, key: &[u8]) -> Result<()> {
    at(change, key)?.ok_or_else(broken)?;
    let (before, _) = around(change, key)?;
    let next = next_of(change, key)?;
    change.execute("DELETE FROM keys WHERE key = ?1", [key]).or_fault()?;
    set_link(change, &before.key, before.bits, next.as_deref())
}

/// Sets one bit, or clears it; a row without bits goes.
pub(super) fn mark(change: &Connection, prefix: Prefix, id: EntryId, set: bool) -> Result<()> {
    let key = prefix.number(id.div_euclid(BLOCK)).0;
    let bit = 1_i64.checked_shl(u32::try_from(id.rem_euclid(BLOCK)).unwrap_or_default()).unwrap_or_default();
    let bits = at(change, &key)?.map_or(0, |key| key.bits);
    match if set { bits | bit } else { bits & !bit } {
        0 => remove(change, &key),
        bits => put(change, &key, bits),
    }
}

fn next_of(connection: &Connection, key: &[u8]) -> Result<Option<Vec<u8>>> {
    let mut after = key.to_vec();
    after.push(0);
    Ok(around(connection, &after)?.1.map(|next| next.key))
}

fn set_link(change: &Connection, key: &[u8], bits: i64, next: Option<&[u8]>) -> Result<()> {
    let update = "UPDATE keys SET bits = ?2, link = ?3 WHERE key = ?1";
    match change.execute(update, params![key, bits, link(key, bits, next)]).or_fault()? {
        1 => Ok(()),
        _ => Err(broken()),
    }
}

/// What should be there against what is, in whatever order.
#[derive(Default)]
pub(super) struct Tally(i128);

impl Tally {
    fn value(key: &[u8]) -> i128 {
        let mut digest = Digest::of("tally");
        digest.sized(4, key);
        digest.finish().iter().take(8).fold(0, |sum, byte| sum << 8 | i128::from(*byte))
    }

    pub(super) fn add(&mut self, key: &[u8]) {
        self.0 = self.0.wrapping_add(Tally::value(key));
    }

    /// A row that is there: each id of its bits counts.
    pub(super) fn take(&mut self, key: &Key) {
        let is = |kind: Kind| key.key.first() == Some(&(kind as u8));
        if is(Kind::Ids) || is(Kind::Day) {
            for id in key.ids() {
                self.0 = self.0.wrapping_sub(Tally::value(&Prefix(key.key.clone()).number(id).0));
            }
        } else if !is(Kind::Payee) && !is(Kind::Gone) {
            self.0 = self.0.wrapping_sub(Tally::value(&key.key));
        }
    }

    pub(super) fn is_even(&self) -> bool {
        self.0 == 0
    }
}
