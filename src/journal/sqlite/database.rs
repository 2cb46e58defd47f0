//! The journal itself: each call is one transaction.

use std::collections::BTreeMap;
use std::fs::{self};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, Transaction, params};

use super::in_place::InPlace;
use super::note::Note;
use super::seal::{self, Entries, change_own_row};

use crate::clock::{EARLIEST, LATEST};
use crate::error::{Error, text};
use crate::journal::contract::Journal;
use crate::journal::entry::{Entry, EntryId, EntryState, Mended, NewEntry, Numbered, Owner, Settlement, Summary};
use crate::journal::fault::{JournalFault, JournalFaultKind};
use crate::journal::order_number::{COUNTERS, Serial};
use crate::nonce::Random;
use crate::outcome::Words;
use crate::process::{ELSEWHERE, Process};

use super::changes::{
    Decided, Failed, count_attempt, count_reversal, insert, store_mended, store_settlement, store_word, transaction,
};
use super::faults::{OrFault, Result, damaged, fault, get, io_fault, refused, storage};
use super::files::{DatabaseLock, Files, beside};
use super::free_pages;
use super::gone;
use super::intents::Intents;
use super::opened::{Opened, Presence};
use super::opening::{
    Lock, PATIENCE, check_pages, create, is_missing, move_wal_when_closed, open_existing, refuse_leftovers, resolve,
};
use super::past::{self, EVER, MANY};
use super::prune::{Place, Rule};
use super::reading::{entries, existing};
use super::serials::{Serials, count_new_wal, new_epoch, new_wals, number_fault};
use super::wal::Promises;
use crate::descriptors::above_stdio;

/// A checkpoint is made when the WAL is longer than this.
const WAL_BOUND: u64 = 1 << 20;

/// So many acknowledged entries stay among the others: each opening reads them.
const KEPT: usize = 64;
/// So many are put away at once: it costs two kilobytes each, and one sync for all of them.
const BATCH: usize = 32;

/// A [`Journal`] on an SQLite file.
///
/// * One writer: the database and `<path>.lock` are locked as long as this value lives, and on Linux so is the path, whatever
///   is removed meanwhile. The `sqlite3` shell can read the live file; the view `payments` is made for people.
/// * One process: after a fork only the process that opened it can use it. In another every call is a
///   [`JournalFaultKind::Process`], and dropping it there changes nothing. Open it after forking.
/// * Files that were removed, moved, replaced or written to by another program are noticed before and after each change:
///   then nothing is stored, so nothing is sent, until the program is restarted.
/// * The file and those beside it have mode 0600 on Unix.
/// * The journal belongs to one terminal number and `device_info`. It does not open under others
///   ([`SqliteJournal::rename_device`] gives it another `device_info`).
/// * A damaged file is refused, never recreated: an entry that is not as it was stored, by its digest, is damage, and so is
///   a WAL that lost its end after a kill. If the database is missing while the files beside it are there, or is older than
///   they are, that is damage too. Move or copy all of them together, when no program has them open.
/// * Damage that shows while it is open is a fault of every call that reads the entry. After it no payment begins and none is
///   repeated through this value, but what became of others is still recorded.
/// * A copy or a backup goes on under another epoch, so it makes no order number anew. It does not know what was paid since it was
///   made: an entry that it takes for unsent may have been sent, so the till sends it as a repeat. What was begun after the backup it
///   does not have, and would pay again under the same intent: restore none, unless the terminal's payments since then were looked up.
pub struct SqliteJournal {
    // Closed before the locks are let go: fields are dropped in this order.
    connection: Owned,
    wal: PathBuf,
    serials: Serials,
    broken: bool,
    pages_checked: bool,
    /// How many entries could be put away.
    pub(super) acknowledged: usize,
    /// Where the next step of a pruning begins.
    pub(super) pruned_to: Option<Place>,
    intents: Intents,
    /// The damage that was found since it was opened.
    damage: Option<JournalFault>,
    promises: Promises,
    pub(super) note: InPlace<Note>,
    files: Files,
    // Held, and let go in this order.
    database_lock: DatabaseLock,
    pub(super) lock: Lock,
    _presence: Presence,
    _opened: Opened,
    process: Process,
    owner: Owner,
}

/// SQLite's connection, which is never closed in another process: that could move and remove the first one's WAL.
struct Owned(Option<Connection>);

impl Owned {
    fn get(&self) -> Result<&Connection> {
        self.0.as_ref().ok_or_else(|| storage("it is closed"))
    }
}

impl SqliteJournal {
    /// Opens the journal of this terminal, or makes it when there is none.
    ///
    /// Draws a new epoch. Reads all that is not past, to find damage ([`SqliteJournal::verify`] reads the rest).
    ///
    /// # Errors
    ///
    /// * [`JournalFaultKind::Busy`]: another process, or another value in this one, has it.
    /// * [`JournalFaultKind::Foreign`]: it belongs to another terminal number or `device_info`.
    /// * [`JournalFaultKind::Newer`]: a newer version of this library wrote it.
    /// * [`JournalFaultKind::Damaged`]: the file is damaged, is no journal, or is missing beside its lock file.
    /// * [`JournalFaultKind::Storage`]: it cannot be read or written.
    /// * [`JournalFaultKind::Number`]: there are no random numbers, or no epochs left.
    pub fn open(
        path: impl AsRef<Path>,
        terminal: u16,
        device_info: Option<&str>,
        random: &dyn Random,
    ) -> Result<SqliteJournal> {
        if rusqlite::version_number() < 3_037_000 {
            let found = text(&["SQLite ", rusqlite::version(), " is too old: 3.37 is needed, or `sqlite-bundled`"]);
            return Err(storage(found));
        }
        let path = resolve(path.as_ref())?;
        let owner = Owner { terminal, device_info: device_info.map(String::from) };
        // SQLite would leave /dev/null where it finds one of the first three free.
        above_stdio(|| SqliteJournal::open_files(path, owner, random))
    }

    /// Opens the journal of this terminal under another `device_info`: the terminal's number in the requests was changed, and the
    /// journal with its intents stays. From then on it opens under the new one only. `None`: bound to none.
    ///
    /// # Errors
    ///
    /// As [`SqliteJournal::open`] under the old one; there is none, or it cannot be written.
    pub fn rename_device(
        path: impl AsRef<Path>,
        terminal: u16,
        (from, to): (Option<&str>, Option<&str>),
        random: &dyn Random,
    ) -> Result<SqliteJournal> {
        if is_missing(&resolve(path.as_ref())?)? {
            return Err(storage("there is no journal"));
        }
        let mut journal = SqliteJournal::open(path, terminal, from, random)?;
        journal.write(|change| Ok(((), Some(change_own_row(change, "device_info = ?1", [to])?))))?;
        journal.owner.device_info = to.map(String::from);
        Ok(journal)
    }

    fn open_files(path: PathBuf, owner: Owner, random: &dyn Random) -> Result<SqliteJournal> {
        let opened = Opened::enter(&path)?;
        let presence = Presence::enter(&path)?;
        let mut lock = Lock::take(&beside(&path, ".lock"))?;
        if is_missing(&path)? {
            refuse_leftovers(&path, &lock)?;
            create(&path, &owner)?;
        }
        opened.made()?;
        let database_lock = DatabaseLock::take(&path)?;
        let connection = open_existing(&path, &owner)?;
        let locked = lock.read().map_err(|error| io_fault("the lock file", &error))?;
        let (promises, promised) = Promises::find(&locked);
        if promised == 0 && seal::given(&connection, "entries")? > 0 {
            return Err(damaged(
                "the lock file beside it is missing or empty: nobody can say whether the newest payments are there. It belongs to the \
                 database: put it back, or let a person look up this terminal's payments",
            ));
        }
        if new_wals(&connection)? < promised {
            return Err(damaged(
                "the database is older than the files beside it: its -wal file is missing, or a backup of the database \
                 alone was put back",
            ));
        }

        // Of several the last good one counts.
        let (note, noted) = InPlace::find(&locked);
        noted.last().map_or(Ok(()), |(_, noted)| past::check_note(&connection, *noted))?;

        let mut seed = [0; 8];
        random.fill(&mut seed).map_err(|error| number_fault(&error))?;
        let full = Serials { epoch: 0, counter: COUNTERS, seed: u64::from_le_bytes(seed) };
        let wal = beside(&path, "-wal");
        let mut journal = SqliteJournal {
            connection: Owned(Some(connection)),
            wal,
            serials: full,
            broken: false,
            pages_checked: false,
            acknowledged: 0,
            pruned_to: None,
            intents: Intents::default(),
            damage: None,
            promises,
            note,
            files: Files::of(&path)?,
            database_lock,
            lock,
            _presence: presence,
            _opened: opened,
            process: Process::this(),
            owner,
        };
        journal.move_wal()?;
        let (epoch, (wal, begun)) = journal.write(|change| {
            let epoch = new_epoch(change, &mut || {
                let mut bytes = [0; 4];
                random.fill(&mut bytes).map_err(|error| number_fault(&error))?;
                Ok(u32::from_le_bytes(bytes))
            })?;
            let begun = count_new_wal(change)?;
            Ok(((epoch, begun), Some(begun.1)))
        })?;
        (journal.serials.epoch, journal.serials.counter) = (epoch, 0);
        journal.promise(wal)?;
        let noted = match journal.note.is_there() {
            true => journal.note.write(journal.lock.file(), begun),
            false => journal.note.add(journal.lock.file(), "", begun),
        };
        noted.map_err(|error| io_fault("the lock file", &error))?;
        journal.files.look_again()?;
        journal.acknowledged = journal.look(past::count_to_put_away)?;
        // Of an older version: all of them.
        while journal.put_away_above(KEPT, MANY)? > 0 {
            journal.checkpoint_if_long();
        }
        move_wal_when_closed(journal.connection()?, true)?;
        Ok(journal)
    }

    /// The connection, in the process that opened it.
    fn connection(&self) -> Result<&Connection> {
        if !self.process.is_here() {
            return Err(JournalFault::new(JournalFaultKind::Process, ELSEWHERE));
        }
        self.connection.get()
    }

    /// Lets the lock file remember a WAL.
    fn promise(&mut self, wal: i64) -> Result<()> {
        self.lock.promise(&mut self.promises, wal).map_err(|error| io_fault("the lock file", &error))?;
        self.files.look_again()
    }

    /// Runs one transaction, and notes what it changed. When it fails nothing has changed.
    pub(super) fn write<T>(&mut self, change: impl FnOnce(&Transaction<'_>) -> Result<(T, Option<Note>)>) -> Result<T> {
        let (value, note) = self.run(change)?;
        if let Some(Err(error)) = note.map(|note| self.note.write(self.lock.file(), note)) {
            log::warn!("journal: the lock file does not say what was written last: {error}");
        }
        Ok(value)
    }

    pub(super) fn run<T>(&mut self, change: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        let connection = self.connection()?;
        if self.broken {
            return Err(storage("an earlier write did not reach the disk. Check the storage and restart the program"));
        }
        self.files.check()?;
        let done = transaction(connection, change);
        // What a failed sync leaves on the disk is not known, so nothing may be built upon it.
        let sync_failed = matches!(done, Err(Failed::Sync(_)));
        self.broken = sync_failed || !connection.is_autocommit();
        let done = done.map_err(Failed::into_fault);
        let value = self.looked(done)?;
        // What was written into a file that is gone by now is lost.
        self.files.seen = self.files.check()?;
        Ok(value)
    }

    /// Remembers damage.
    fn looked<T>(&mut self, found: Result<T>) -> Result<T> {
        if let Err(fault) = &found
            && fault.kind() == JournalFaultKind::Damaged
        {
            log::error!("{fault}");
            self.damage.get_or_insert_with(|| fault.clone());
        }
        found
    }

    /// What a payment is begun or repeated upon must be whole. A storage that changed one entry may have changed others.
    fn check_whole(&self) -> Result<()> {
        self.damage.clone().map_or(Ok(()), Err)
    }

    pub(super) fn look<T>(&mut self, read: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let found = read(self.connection()?);
        self.looked(found)
    }

    /// Puts some acknowledged entries away, the oldest first, while there are more than these. Returns how many.
    fn put_away_above(&mut self, kept: usize, most: usize) -> Result<usize> {
        if self.acknowledged <= kept || self.damage.is_some() { Ok(0) } else { self.put_away(most, EVER) }
    }

    /// Puts some away that were acknowledged before a time.
    pub(super) fn put_away(&mut self, most: usize, before: i64) -> Result<usize> {
        let (count, left) = self.write(|change| {
            let ids = past::to_put_away(change, most, before)?;
            past::put_away(change, &ids)?;
            let more = i64::try_from(ids.len()).unwrap_or_default();
            let note = if more > 0 { Some(seal::count_past(change, more)?) } else { None };
            Ok(((ids.len(), past::count_to_put_away(change)?), note))
        })?;
        self.acknowledged = left;
        Ok(count)
    }

    /// How many entries of an intent must be found among those that are not past.
    fn expected(&mut self, intent: &str) -> Result<usize> {
        let mut intents = std::mem::take(&mut self.intents);
        let count = self.look(|connection| intents.count(connection, intent))?;
        self.intents = intents;
        Ok(count)
    }

    /// Reads everything that is stored, also what an opening does not read: entries that were put away, and what finds them. It takes
    /// about as long as copying the file: at leisure, before a backup, when a terminal is serviced. Returns how many entries were put
    /// away.
    ///
    /// # Errors
    ///
    /// [`JournalFaultKind::Damaged`]: something is not as it was stored.
    pub fn verify(&mut self) -> Result<u64> {
        self.look(|connection| {
            check_pages(connection)?;
            seal::check_everything(connection)?;
            Ok(past::check_past(connection)?.unsigned_abs())
        })
    }

    fn read(&mut self, which: &str, values: impl rusqlite::Params) -> Result<Vec<Entry>> {
        let found = entries(self.connection()?, which, values);
        self.looked(found)
    }

    /// Moves the WAL into the database. When it cannot, nothing is lost and the next one will.
    fn move_wal(&mut self) -> Result<bool> {
        let connection = self.connection()?;
        self.files.check()?;
        let moved = connection
            .busy_timeout(Duration::ZERO)
            .and_then(|()| connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0)));
        if let Err(error) = connection.busy_timeout(PATIENCE) {
            log::warn!("journal: {}", fault(&error).text());
        }
        // Also where it failed half-way: what was moved is in the database.
        self.files.look_again()?;
        match moved {
            Ok(0) => return self.check_free_pages().map(|()| true),
            Ok(_) => log::debug!("journal: somebody reads it, the checkpoint is left for later"),
            Err(error) => log::warn!("journal: no checkpoint: {}", fault(&error).text()),
        }
        Ok(false)
    }

    /// Where it is not clear that what SQLite takes next is free, the whole file is read, once.
    fn check_free_pages(&mut self) -> Result<()> {
        if self.pages_checked || free_pages::are_free(self.database_lock.file())? {
            return Ok(());
        }
        self.look(check_pages)?;
        self.pages_checked = true;
        Ok(())
    }

    /// Moves the WAL, begins the next one, and lets the lock file remember that there is one.
    pub(super) fn checkpoint(&mut self) {
        let kept = match self.move_wal() {
            Ok(true) => self
                .write(|change| count_new_wal(change).map(|(wal, note)| (wal, Some(note))))
                .and_then(|wal| self.promise(wal)),
            Ok(false) => Ok(()),
            Err(fault) => Err(fault),
        };
        if let Err(fault) = kept {
            log::warn!("{fault}");
        }
    }

    pub(super) fn checkpoint_if_long(&mut self) {
        if fs::metadata(&self.wal).is_ok_and(|wal| wal.len() > WAL_BOUND) {
            self.checkpoint();
        }
    }
}

/// In the process that opened it: closed, then unlocked, at once, even if a process that was forked still has the files.
/// In another nothing happens: the memory stays, and the files are closed with the process.
impl Drop for SqliteJournal {
    fn drop(&mut self) {
        let connection = self.connection.0.take();
        if !self.process.is_here() {
            core::mem::forget(connection);
            return;
        }
        // The locks after it, in their order.
        drop(connection);
    }
}

impl std::fmt::Debug for SqliteJournal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteJournal").field("wal", &self.wal).field("serials", &self.serials).finish_non_exhaustive()
    }
}

impl Journal for SqliteJournal {
    fn owner(&self) -> Owner {
        self.owner.clone()
    }

    fn of_intent(&mut self, intent: &str) -> Result<Vec<Entry>> {
        let others = self.expected(intent)?;
        self.look(|connection| past::all_of_intent(connection, intent, others))
    }

    fn begin(
        &mut self,
        new: &NewEntry<'_>,
        number: &mut dyn FnMut(Serial) -> core::result::Result<Numbered, Error>,
    ) -> Result<Entry> {
        if !(1..=64).contains(&new.intent.len()) {
            return Err(refused("an intent has 1 to 64 bytes"));
        }
        self.check_whole()?;
        let others = self.expected(new.intent)?;
        let mut serials = self.serials;
        let entry = self.write(|change| {
            if gone::has(change, new.intent)? {
                return Err(refused("this intent came to its end and was pruned since: it is never paid again. Another payment has another name"));
            }
            if past::all_of_intent(change, new.intent, others)?.last().is_some_and(|newest| !newest.lets_begin(new)) {
                return Err(refused("the newest entry of this intent does not allow a new order number"));
            }
            let (entry, note) = insert(change, new, &mut || {
                let serial = serials.next(change)?;
                number(serial).map_err(|error| number_fault(&error))
            })?;
            Ok((entry, Some(note)))
        });
        match &entry {
            Ok(_) => self.intents.begun(new.intent),
            Err(_) => self.intents.forget(),
        }
        // A serial that was shown is used up, even if nothing was stored. An epoch that was rolled back is not used.
        if entry.is_ok() || serials.epoch == self.serials.epoch {
            self.serials = serials;
        } else {
            self.serials.seed = serials.seed;
        }
        entry
    }

    fn attempt(&mut self, id: EntryId, at: i64) -> Result<()> {
        self.check_whole()?;
        self.write(|change| {
            let mut stored = Entries::one(change)?;
            if existing(&mut stored, id)?.state != EntryState::Open {
                return Err(refused("only an open entry takes another attempt"));
            }
            count_attempt(change, id, at)?;
            Ok(((), Some(stored.seal(change, id)?)))
        })
    }

    fn reversing(&mut self, id: EntryId, at: i64) -> Result<()> {
        self.check_whole()?;
        self.write(|change| {
            past::awake(change, id)?;
            let mut stored = Entries::one(change)?;
            if !existing(&mut stored, id)?.may_be_reversed() {
                return Err(refused("what is known of the entry does not allow a reversal"));
            }
            count_reversal(change, id, at)?;
            Ok(((), Some(stored.seal(change, id)?)))
        })
    }

    fn settle(&mut self, id: EntryId, settlement: &Settlement, at: i64) -> Result<i64> {
        let revision = self.write(|change| {
            past::awake(change, id)?;
            let mut stored = Entries::one(change)?;
            if !existing(&mut stored, id)?.takes(settlement) {
                return Err(refused("the entry is settled already, and stays so"));
            }
            store_settlement(change, id, settlement, at)?;
            let note = stored.seal(change, id)?;
            Ok((note.revision, Some(note)))
        })?;
        self.checkpoint_if_long();
        Ok(revision)
    }

    fn reopen(&mut self, id: EntryId, at: i64, mended: Option<&Mended>) -> Result<()> {
        self.check_whole()?;
        self.write(|change| {
            past::awake(change, id)?;
            let mut stored = Entries::one(change)?;
            if !existing(&mut stored, id)?.allows_same_number() {
                return Err(refused("the entry does not allow its order number again"));
            }
            let blanked = "SELECT field_count IS NULL FROM entries WHERE id = ?1";
            match mended {
                Some(mended) => store_mended(change, id, mended)?,
                None if change.query_row(blanked, [id], |row| row.get(0)).or_fault()? => {
                    return Err(refused("the entry's fields were blanked: nothing is left to send again"));
                }
                None => {}
            }
            // What was never sent begins now: the clock of then may have been wrong.
            let begins = "UPDATE entries SET begun_at = ?2 WHERE id = ?1 AND state = 'not sent'";
            change.execute(begins, params![id, at]).or_fault()?;
            let open = "UPDATE entries SET state = 'open', settled_at = NULL, acknowledged_at = NULL, queried = NULL, \
                        code = NULL, text = NULL, next = NULL, wait_seconds = NULL, wait_nanoseconds = NULL, \
                        reason = NULL, person = NULL, stage = NULL WHERE id = ?1";
            change.execute(open, [id]).or_fault()?;
            change.execute("DELETE FROM evidence WHERE entry = ?1", [id]).or_fault()?;
            count_attempt(change, id, at)?;
            Ok(((), Some(stored.seal(change, id)?)))
        })
    }

    fn allow_again(&mut self, id: EntryId, name: &str, reason: &str, at: i64) -> Result<()> {
        self.write(|change| {
            past::awake(change, id)?;
            let mut stored = Entries::one(change)?;
            if !existing(&mut stored, id)?.is_refused_for_good() {
                return Err(refused("only what was refused for good needs that"));
            }
            change.execute("UPDATE entries SET next = 'same number' WHERE id = ?1", [id]).or_fault()?;
            store_word(change, id, (at, false), (name, reason))?;
            Ok(((), Some(stored.seal(change, id)?)))
        })
    }

    fn note(&mut self, id: EntryId, known: bool, words: Option<&Words>) -> Result<()> {
        self.write(|change| {
            past::awake(change, id)?;
            let mut stored = Entries::one(change)?;
            let have = existing(&mut stored, id)?;
            let says_more = words.is_some_and(|words| have.last_words.as_ref() != Some(words));
            if !says_more && (have.known || !known) {
                return Ok(((), None));
            }
            let note = "UPDATE entries SET known = max(known, ?2), last_code = coalesce(?3, last_code), \
                        last_text = coalesce(?4, last_text) WHERE id = ?1";
            let words = words.map(|words| (&words.code, &words.text)).unzip();
            change.execute(note, params![id, known, words.0, words.1]).or_fault()?;
            Ok(((), Some(stored.seal(change, id)?)))
        })
    }

    fn acknowledge(&mut self, id: EntryId, at: i64) -> Result<()> {
        let acknowledged = self.write(|change| {
            if past::has(change, id)? {
                return Ok((0, None));
            }
            let mut stored = Entries::one(change)?;
            let entry = existing(&mut stored, id)?;
            if !entry.is_settled() {
                return Err(refused("only a settled entry can be acknowledged"));
            }
            if entry.acknowledged_at.is_some() {
                return Ok((0, None));
            }
            change.execute("UPDATE entries SET acknowledged_at = ?2 WHERE id = ?1", params![id, at]).or_fault()?;
            Ok((1, Some(stored.seal(change, id)?)))
        })?;
        self.acknowledged = self.acknowledged.saturating_add(acknowledged);
        // What the caller acted upon is acknowledged, whatever becomes of this.
        if let Err(fault) = self.put_away_above(KEPT, BATCH) {
            log::warn!("{fault}");
        }
        self.checkpoint_if_long();
        Ok(())
    }

    fn entry(&mut self, id: EntryId) -> Result<Option<Entry>> {
        match self.read("WHERE id = ?1", [id])?.pop() {
            Some(entry) => Ok(Some(entry)),
            None => self.look(|connection| past::one(connection, id)),
        }
    }

    fn by_order_number(&mut self, account: &str, order_number: &str) -> Result<Option<Entry>> {
        match self.read("WHERE account = ?1 AND order_number = ?2", [account, order_number])?.pop() {
            Some(entry) => Ok(Some(entry)),
            None => self.look(|connection| past::by_order_number(connection, account, order_number)),
        }
    }

    fn last_attempt_to(&mut self, account: &str, field: &str, value: &str) -> Result<Option<i64>> {
        let newest = "SELECT max(last_attempt_at) FROM entries WHERE account = ?1 AND state <> 'not sent' AND id IN \
                      (SELECT entry FROM fields WHERE name = ?2 AND value = ?3)";
        self.look(|connection| {
            let last = connection.query_row(newest, [account, field, value], |row| row.get(0)).or_fault()?;
            Ok(past::last_attempt_to(connection, account, field, value)?.max(last))
        })
    }

    fn unacknowledged(&mut self) -> Result<Vec<Entry>> {
        self.read("WHERE acknowledged_at IS NULL ORDER BY id", [])
    }

    fn unproven(&mut self) -> Result<Vec<Entry>> {
        self.read("WHERE stage = 'unproven' ORDER BY id", [])
    }

    fn before(&mut self, id: EntryId, most: usize) -> Result<Vec<Entry>> {
        let limit = i64::try_from(most).unwrap_or(i64::MAX);
        let mut found = self.read("WHERE id < ?1 ORDER BY id DESC LIMIT ?2", [id, limit])?;
        found.extend(self.look(|connection| past::before(connection, id, most))?);
        found.sort_by_key(|entry| std::cmp::Reverse(entry.id));
        found.truncate(most);
        Ok(found)
    }

    fn refunds_of(&mut self, account: &str, order: &str) -> Result<Vec<Entry>> {
        let mut found = self.read("WHERE account = ?1 AND of_order = ?2 ORDER BY id", [account, order])?;
        found.extend(self.look(|connection| past::refunds_of(connection, account, order))?);
        Ok(past::in_order(found))
    }

    fn by_evidence(&mut self, account: &str, field: &str, value: &str) -> Result<Option<Entry>> {
        let which =
            "WHERE account = ?1 AND id IN (SELECT entry FROM evidence WHERE name = ?2 AND value = ?3) ORDER BY id";
        let other = self.read(which, [account, field, value])?.into_iter().next();
        let past = self.look(|connection| past::by_evidence(connection, account, field, value))?;
        Ok(past::in_order([other, past].into_iter().flatten().collect()).into_iter().next())
    }

    fn prune(&mut self, acknowledged_before: i64, keep_intents_since: i64, decided: Decided<'_>) -> Result<u32> {
        self.check_whole()?;
        self.prune_all(&Rule { acknowledged_before, since: keep_intents_since, decided })
    }

    fn prune_step(
        &mut self,
        acknowledged_before: i64,
        keep_intents_since: i64,
        decided: Decided<'_>,
        most: usize,
    ) -> Result<bool> {
        self.check_whole()?;
        self.prune_some(&Rule { acknowledged_before, since: keep_intents_since, decided }, most)
    }

    fn summary(&mut self, from: i64, until: i64) -> Result<Vec<Summary>> {
        self.look(|connection| sums(connection, from, until))
    }
}

/// By call and outcome, of entries that are as they were stored.
fn sums(connection: &Connection, from: i64, until: i64) -> Result<Vec<Summary>> {
    let mut sums: BTreeMap<(String, String), (u64, u64)> = BTreeMap::new();
    let begun = "WHERE (begun_at >= ?1 AND begun_at < ?2) OR begun_at < ?3 OR begun_at >= ?4 ORDER BY id";
    let mut entries = Entries::prepare(connection, begun)?;
    entries.each([from, until, EARLIEST, LATEST], &mut |read| {
        let fen: i64 = get(read.row, "fen")?;
        let dated = (EARLIEST..LATEST).contains(&get(read.row, "begun_at")?);
        let state = get::<Option<String>>(read.row, "stage")?.map_or_else(|| get(read.row, "state"), Ok)?;
        let outcome = if dated { state } else { text(&["undated: ", &state]) };
        let (count, sum) = sums.entry((get(read.row, "call")?, outcome)).or_default();
        (*count, *sum) = (count.saturating_add(1), sum.saturating_add(fen.unsigned_abs()));
        Ok(())
    })?;
    let days = (past::day_at(from), past::day_at(until));
    past::each_of_days(connection, days, &mut |entry| {
        let dated = (EARLIEST..LATEST).contains(&entry.begun_at);
        if dated && !(from..until).contains(&entry.begun_at) {
            return Ok(());
        }
        let state = entry.state.word();
        let outcome = if dated { state.into() } else { text(&["undated: ", state]) };
        let (count, sum) = sums.entry((entry.call, outcome)).or_default();
        (*count, *sum) = (count.saturating_add(1), sum.saturating_add(entry.amount.get().into()));
        Ok(())
    })?;
    Ok(sums.into_iter().map(|((call, outcome), (count, fen))| Summary { call, outcome, count, fen }).collect())
}
