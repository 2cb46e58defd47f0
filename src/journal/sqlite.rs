//! The journal on a file: SQLite, one file that the `sqlite3` shell reads.
//!
//! Each change is one transaction with `journal_mode=WAL` and `synchronous=FULL`: it is on the disk when the method
//! returns, at the price of one `fsync`. Checkpoints never stand between a payment and its first byte.
//!
//! What is read is compared with a digest (`seal.rs`), and a WAL that lost its end is noticed (`note.rs`).

mod files;
mod note;
mod opened;
mod seal;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Row, Transaction, TransactionBehavior, params};

use note::{Note, NoteLine};
use seal::{Entries, Read as ReadEntry, change_own_row, seal_by_hand};

use super::{
    Entry, EntryId, EntryState, Journal, JournalFault, JournalFaultKind, NewEntry, Numbered, Owner, Settlement, Summary,
};
use crate::clock::EARLIEST;
use crate::error::{Error, text};
use crate::journal::order_number::{COUNTERS, EPOCHS, Serial};
use crate::money::Fen;
use crate::nonce::Random;
use crate::outcome::Next;
use crate::process::{ELSEWHERE, Process};

use crate::descriptors::above_stdio;
use files::{DatabaseLock, Files, Locked};
use opened::{Opened, Presence};

type Result<T> = core::result::Result<T, JournalFault>;

/// "WxPJ": says to `file` and to this library whose database it is.
const APPLICATION_ID: i32 = 0x5778_504A;

/// Step n leads from schema version n to n + 1. Never change one that was released; add another.
const MIGRATIONS: &[Step] =
    &[Step(include_str!("schema_1.sql"), None), Step(include_str!("schema_2.sql"), Some(seal_old))];

/// The first version whose rows have digests.
const SEALED: usize = 2;

/// One step of the schema, and what only code can do after it, in the same transaction.
struct Step(&'static str, Option<fn(&Connection) -> Result<()>>);

/// A checkpoint is made when the WAL is longer than this.
const WAL_BOUND: u64 = 1 << 20;

/// How long to wait for a shell that holds a write lock.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is never stored, whatever the caller hands over.
const NEVER_STORED: [&str; 3] = ["sign", "workwx_sign", "nonce_str"];

/// A [`Journal`] on an SQLite file.
///
/// * One writer: the database and `<path>.lock` are locked as long as this value lives, and on Linux so is the path, whatever
///   is removed meanwhile. The `sqlite3` shell can read the live file; the view `payments` is made for people.
/// * One process: after a fork only the process that opened it can use it. In another every call is a
///   [`JournalFaultKind::Process`], and dropping it there changes nothing. Open it after forking.
/// * Files that were removed, moved, replaced or written to by another program are noticed before and after each change:
///   then nothing is stored, so nothing is sent, until the program is restarted.
/// * The file and those beside it have mode 0600 on Unix.
/// * The journal belongs to one terminal number and `device_info`. It does not open under others.
/// * A damaged file is refused, never recreated: an entry that is not as it was stored, by its digest, is damage, and so is
///   a WAL that lost its end after a kill. If the database is missing while the files beside it are there, or is older than
///   they are, that is damage too. Move or copy all of them together, when no program has them open.
/// * Damage that shows while it is open is a fault of every call that reads the entry. After it no payment begins and none is
///   repeated through this value, but what became of others is still recorded.
/// * A copy or a backup goes on under another epoch, so it repeats no order number. It does not know what was paid
///   since it was made.
pub struct SqliteJournal {
    // Closed before the locks are let go: fields are dropped in this order.
    connection: Owned,
    wal: PathBuf,
    serials: Serials,
    broken: bool,
    /// The damage that was found since it was opened.
    damage: Option<JournalFault>,
    note: NoteLine,
    files: Files,
    // Held, and let go in this order.
    _database_lock: DatabaseLock,
    lock: Lock,
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
    /// Draws a new epoch. Reads the whole file once, to find damage.
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
        if new_wals(&connection)? < lock.promised().map_err(|error| io_fault("the lock file", &error))? {
            return Err(damaged(
                "the database is older than the files beside it: its -wal file is missing, or a backup of the database \
                 alone was put back",
            ));
        }

        let (note, noted) = NoteLine::find(lock.file()).map_err(|error| io_fault("the lock file", &error))?;
        noted.map_or(Ok(()), |noted| seal::check_note(&connection, noted))?;

        let mut seed = [0; 8];
        random.fill(&mut seed).map_err(|error| number_fault(&error))?;
        let full = Serials { epoch: 0, counter: COUNTERS, seed: u64::from_le_bytes(seed) };
        let wal = beside(&path, "-wal");
        let mut journal = SqliteJournal {
            connection: Owned(Some(connection)),
            wal,
            serials: full,
            broken: false,
            damage: None,
            note,
            files: Files::of(&path)?,
            _database_lock: database_lock,
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
        journal.note.begin(journal.lock.file(), begun).map_err(|error| io_fault("the lock file", &error))?;
        journal.files.look_again()?;
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
        self.lock.promise(wal).map_err(|error| io_fault("the lock file", &error))?;
        self.files.look_again()
    }

    /// Runs one transaction, and notes what it changed. When it fails nothing has changed.
    fn write<T>(&mut self, change: impl FnOnce(&Transaction<'_>) -> Result<(T, Option<Note>)>) -> Result<T> {
        let (value, note) = self.run(change)?;
        if let Some(Err(error)) = note.map(|note| self.note.write(self.lock.file(), note)) {
            log::warn!("journal: the lock file does not say what was written last: {error}");
        }
        Ok(value)
    }

    fn run<T>(&mut self, change: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
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
            Ok(0) => return Ok(true),
            Ok(_) => log::debug!("journal: somebody reads it, the checkpoint is left for later"),
            Err(error) => log::warn!("journal: no checkpoint: {}", fault(&error).text()),
        }
        Ok(false)
    }

    /// Moves the WAL, begins the next one, and lets the lock file remember that there is one.
    fn checkpoint(&mut self) {
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

    fn checkpoint_if_long(&mut self) {
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

    fn of_intent(&mut self, account: &str, intent: &str) -> Result<Vec<Entry>> {
        self.read("WHERE account = ?1 AND intent = ?2 ORDER BY id", [account, intent])
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
        let mut serials = self.serials;
        let entry = self.write(|change| {
            if latest(change, new.account, new.intent)?.is_some_and(|newest| !newest.allows_new_number()) {
                return Err(refused("the newest entry of this intent does not allow a new order number"));
            }
            let (entry, note) = insert(change, new, &mut || {
                let serial = serials.next(change)?;
                number(serial).map_err(|error| number_fault(&error))
            })?;
            Ok((entry, Some(note)))
        });
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

    fn settle(&mut self, id: EntryId, settlement: &Settlement, at: i64) -> Result<()> {
        self.write(|change| {
            let mut stored = Entries::one(change)?;
            if !existing(&mut stored, id)?.takes(settlement) {
                return Err(refused("the entry is settled already, and stays so"));
            }
            store_settlement(change, id, settlement, at)?;
            Ok(((), Some(stored.seal(change, id)?)))
        })?;
        self.checkpoint_if_long();
        Ok(())
    }

    fn reopen(&mut self, id: EntryId, at: i64) -> Result<()> {
        self.check_whole()?;
        self.write(|change| {
            let mut stored = Entries::one(change)?;
            if !existing(&mut stored, id)?.allows_same_number() {
                return Err(refused("the entry does not allow its order number again"));
            }
            let blanked = "SELECT field_count IS NULL FROM entries WHERE id = ?1";
            if change.query_row(blanked, [id], |row| row.get(0)).or_fault()? {
                return Err(refused("the entry's fields were blanked: nothing is left to send again"));
            }
            let open = "UPDATE entries SET state = 'open', settled_at = NULL, acknowledged_at = NULL, queried = NULL, \
                        code = NULL, text = NULL, next = NULL, wait_seconds = NULL, wait_nanoseconds = NULL, \
                        reason = NULL, person = NULL WHERE id = ?1";
            change.execute(open, [id]).or_fault()?;
            change.execute("DELETE FROM evidence WHERE entry = ?1", [id]).or_fault()?;
            count_attempt(change, id, at)?;
            Ok(((), Some(stored.seal(change, id)?)))
        })
    }

    fn note_known(&mut self, id: EntryId) -> Result<()> {
        self.write(|change| {
            let mut stored = Entries::one(change)?;
            if existing(&mut stored, id)?.known {
                return Ok(((), None));
            }
            change.execute("UPDATE entries SET known = 1 WHERE id = ?1", [id]).or_fault()?;
            Ok(((), Some(stored.seal(change, id)?)))
        })
    }

    fn acknowledge(&mut self, id: EntryId, at: i64) -> Result<()> {
        self.write(|change| {
            let mut stored = Entries::one(change)?;
            let entry = existing(&mut stored, id)?;
            if !entry.is_settled() {
                return Err(refused("only a settled entry can be acknowledged"));
            }
            if entry.acknowledged_at.is_some() {
                return Ok(((), None));
            }
            change.execute("UPDATE entries SET acknowledged_at = ?2 WHERE id = ?1", params![id, at]).or_fault()?;
            Ok(((), Some(stored.seal(change, id)?)))
        })?;
        self.checkpoint_if_long();
        Ok(())
    }

    fn entry(&mut self, id: EntryId) -> Result<Option<Entry>> {
        Ok(self.read("WHERE id = ?1", [id])?.pop())
    }

    fn by_order_number(&mut self, account: &str, order_number: &str) -> Result<Option<Entry>> {
        Ok(self.read("WHERE account = ?1 AND order_number = ?2", [account, order_number])?.pop())
    }

    fn last_attempt_to(&mut self, account: &str, field: &str, value: &str) -> Result<Option<i64>> {
        let newest = "SELECT max(last_attempt_at) FROM entries WHERE account = ?1 AND state <> 'not sent' AND id IN \
                      (SELECT entry FROM fields WHERE name = ?2 AND value = ?3)";
        self.connection()?.query_row(newest, [account, field, value], |row| row.get(0)).or_fault()
    }

    fn unacknowledged(&mut self) -> Result<Vec<Entry>> {
        self.read("WHERE acknowledged_at IS NULL ORDER BY id", [])
    }

    fn prune(&mut self, acknowledged_before: i64, keep_intents_since: i64) -> Result<u32> {
        self.check_whole()?;
        // The note must not name an entry that goes, also after a power cut.
        let own = self.run(|change| change_own_row(change, "wal = wal", []))?;
        let noted = self.note.write(self.lock.file(), own).and_then(|()| self.lock.file().sync_all());
        noted.map_err(|error| io_fault("the lock file", &error))?;
        let gone = self.write(|change| {
            // A flipped bit can make an entry look old.
            seal::check_everything(change)?;
            let mut gone = 0_u32;
            for (id, goes) in old_entries(change, acknowledged_before, keep_intents_since)? {
                match goes {
                    true => remove(change, id)?,
                    false => blank(change, id)?,
                }
                gone = gone.saturating_add(goes.into());
            }
            Ok((gone, Some(seal::count_removed(change)?)))
        })?;
        // The WAL still holds what was blanked.
        self.checkpoint();
        Ok(gone)
    }

    fn summary(&mut self, from: i64, until: i64) -> Result<Vec<Summary>> {
        let sums = sums(self.connection()?, from, until);
        self.looked(sums)
    }
}

/// By call and outcome, of entries that are as they were stored.
fn sums(connection: &Connection, from: i64, until: i64) -> Result<Vec<Summary>> {
    let mut sums: BTreeMap<(String, String), (u64, u64)> = BTreeMap::new();
    let mut entries = Entries::prepare(connection, "WHERE begun_at >= ?1 AND begun_at < ?2 ORDER BY id")?;
    entries.each([from, until], &mut |read| {
        let fen: i64 = get(read.row, "fen")?;
        let (count, sum) = sums.entry((get(read.row, "call")?, get(read.row, "state")?)).or_default();
        (*count, *sum) = (count.saturating_add(1), sum.saturating_add(fen.unsigned_abs()));
        Ok(())
    })?;
    Ok(sums.into_iter().map(|((call, outcome), (count, fen))| Summary { call, outcome, count, fen }).collect())
}

// -- serials ---------------------------------------------------------------------------------------------------------

/// The next serial. It lives in memory only: every opening draws a new epoch.
#[derive(Clone, Copy, Debug)]
struct Serials {
    epoch: u32,
    counter: u32,
    /// Where the epochs after the first come from.
    seed: u64,
}

impl Serials {
    fn next(&mut self, change: &Transaction<'_>) -> Result<Serial> {
        if self.counter >= COUNTERS {
            let seed = &mut self.seed;
            self.epoch = new_epoch(change, &mut || Ok(split_mix(seed)))?;
            self.counter = 0;
        }
        let serial = Serial { epoch: self.epoch, counter: self.counter };
        self.counter = self.counter.saturating_add(1);
        Ok(serial)
    }
}

/// SplitMix64: spreads a random seed over the epochs of a long life.
fn split_mix(seed: &mut u64) -> u32 {
    *seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (*seed ^ (*seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    u32::try_from(mixed >> 32).unwrap_or_default()
}

/// Stores an epoch that this journal never used.
fn new_epoch(change: &Transaction<'_>, random: &mut dyn FnMut() -> Result<u32>) -> Result<u32> {
    let mut drawn = 0;
    for _ in 0..16 {
        drawn = random()? % EPOCHS;
        if change.execute("INSERT OR IGNORE INTO epochs (epoch) VALUES (?1)", [drawn]).or_fault()? == 1 {
            seal::count_epoch(change, drawn)?;
            return Ok(drawn);
        }
    }
    // A source that repeats itself, or few epochs left: a free one after the last that was drawn, else any.
    let free = "SELECT candidate FROM (SELECT ?1 AS candidate UNION ALL SELECT epoch + 1 FROM epochs WHERE epoch >= ?1) \
                WHERE candidate < ?2 AND candidate NOT IN (SELECT epoch FROM epochs) LIMIT 1";
    for from in [drawn, 0] {
        if let Some(epoch) = change.query_row(free, [from, EPOCHS], |row| row.get(0)).optional().or_fault()? {
            change.execute("INSERT INTO epochs (epoch) VALUES (?1)", [epoch]).or_fault()?;
            seal::count_epoch(change, epoch)?;
            return Ok(epoch);
        }
    }
    Err(JournalFault::new(
        JournalFaultKind::Number,
        "every epoch is used up: give this terminal another number and a new journal",
    ))
}

fn number_fault(error: &Error) -> JournalFault {
    JournalFault::new(JournalFaultKind::Number, text(&[error.field_name(), ": ", error.rule()]))
}

/// How many WALs were begun.
fn new_wals(connection: &Connection) -> Result<i64> {
    connection.query_row("SELECT wal FROM journal", [], |row| row.get(0)).or_fault()
}

/// The first transaction of a new WAL.
fn count_new_wal(change: &Transaction<'_>) -> Result<(i64, Note)> {
    let note = change_own_row(change, "wal = wal + 1", [])?;
    Ok((new_wals(change)?, note))
}

// -- changes ---------------------------------------------------------------------------------------------------------

/// A transaction that failed, and whether the disk's state is known.
enum Failed {
    Known(JournalFault),
    Sync(JournalFault),
}

impl Failed {
    fn into_fault(self) -> JournalFault {
        match self {
            Failed::Known(fault) | Failed::Sync(fault) => fault,
        }
    }
}

fn transaction<T>(
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

fn insert(
    change: &Transaction<'_>,
    new: &NewEntry<'_>,
    numbered: &mut dyn FnMut() -> Result<Numbered>,
) -> Result<(Entry, Note)> {
    let insert = "INSERT INTO entries (account, call, intent, order_number, fen, begun_at, attempts, last_attempt_at, \
                  state, field_count) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?6, 'open', ?7) ON CONFLICT (account, order_number) DO NOTHING";
    // The same number under an account can come from outside only. The next serial makes another one.
    for tries in 0..8 {
        let Numbered { order_number, fields } = numbered()?;
        if order_number.is_empty() {
            return Err(refused("an order number is not empty"));
        }
        refuse_secrets(&fields)?;
        let count = i64::try_from(fields.len()).unwrap_or(i64::MAX);
        let values = params![new.account, new.call, new.intent, order_number, new.amount.get(), new.at, count];
        if change.execute(insert, values).or_fault()? == 1 {
            let id = change.last_insert_rowid();
            store_pairs(
                change,
                "INSERT INTO fields (entry, position, name, value) VALUES (?1, ?2, ?3, ?4)",
                id,
                &fields,
            )?;
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

fn refuse_secrets(pairs: &[(String, String)]) -> Result<()> {
    if pairs.iter().any(|(name, _)| NEVER_STORED.contains(&name.as_str())) {
        return Err(refused("signatures and nonces are never stored"));
    }
    Ok(())
}

fn store_pairs(change: &Transaction<'_>, insert: &str, id: EntryId, pairs: &[(String, String)]) -> Result<()> {
    let mut statement = change.prepare(insert).or_fault()?;
    for (position, (name, value)) in (0_i64..).zip(pairs) {
        statement.execute(params![id, position, name, value]).or_fault()?;
    }
    Ok(())
}

fn count_attempt(change: &Transaction<'_>, id: EntryId, at: i64) -> Result<()> {
    let count = "UPDATE entries SET attempts = attempts + 1, last_attempt_at = ?2 WHERE id = ?1";
    change.execute(count, params![id, at]).or_fault()?;
    Ok(())
}

/// The columns that hold a settlement. What a settlement does not have is NULL.
#[derive(Default)]
struct Columns<'a> {
    state: &'static str,
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
        Settlement::Declined { code, text, next } => {
            let (next, wait) = match next {
                Next::SameNumber => ("same number", None),
                Next::SameNumberLater(wait) => ("same number later", Some(*wait)),
                Next::NewNumber => ("new number", None),
                Next::Stop => ("stop", None),
            };
            let state = "declined";
            Columns { state, code: Some(code), text: Some(text), next: Some(next), wait, ..Columns::default() }
        }
        Settlement::NotSent => Columns { state: "not sent", ..Columns::default() },
        Settlement::Ordered { .. } => Columns { state: "ordered", ..Columns::default() },
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

fn store_settlement(change: &Transaction<'_>, id: EntryId, settlement: &Settlement, at: i64) -> Result<()> {
    let Columns { state, queried, code, text, next, wait, reason, person } = columns(settlement);
    let seconds = wait.map(|wait| i64::try_from(wait.as_secs()).unwrap_or(i64::MAX));
    let nanoseconds = wait.map(|wait| wait.subsec_nanos());
    let update = "UPDATE entries SET state = ?2, settled_at = ?3, queried = ?4, code = ?5, text = ?6, next = ?7, \
                  wait_seconds = ?8, wait_nanoseconds = ?9, reason = ?10, person = ?11, acknowledged_at = NULL \
                  WHERE id = ?1";
    let values = params![id, state, at, queried, code, text, next, seconds, nanoseconds, reason, person];
    change.execute(update, values).or_fault()?;
    change.execute("DELETE FROM evidence WHERE entry = ?1", [id]).or_fault()?;
    match settlement {
        Settlement::Accepted { evidence, .. }
        | Settlement::Ordered { evidence }
        | Settlement::PaidLate { evidence } => {
            refuse_secrets(evidence)?;
            let insert = "INSERT INTO evidence (entry, position, name, value) VALUES (?1, ?2, ?3, ?4)";
            store_pairs(change, insert, id, evidence)?;
        }
        Settlement::ByHand { paid, name, reason } => {
            let insert = "INSERT INTO by_hand (entry, at, paid, person, reason) VALUES (?1, ?2, ?3, ?4, ?5)";
            change.execute(insert, params![id, at, paid, name, reason]).or_fault()?;
            seal_by_hand(change, change.last_insert_rowid())?;
        }
        Settlement::Declined { .. } | Settlement::NotSent | Settlement::Abandoned | Settlement::ForAPerson { .. } => {}
    }
    Ok(())
}

fn remove(change: &Transaction<'_>, id: EntryId) -> Result<()> {
    for delete in [
        "DELETE FROM fields WHERE entry = ?1",
        "DELETE FROM evidence WHERE entry = ?1",
        "DELETE FROM entries WHERE id = ?1",
    ] {
        change.execute(delete, [id]).or_fault()?;
    }
    Ok(())
}

fn blank(change: &Transaction<'_>, id: EntryId) -> Result<()> {
    change.execute("DELETE FROM fields WHERE entry = ?1", [id]).or_fault()?;
    let blank = "UPDATE entries SET field_count = NULL WHERE id = ?1 AND field_count IS NOT NULL";
    if change.execute(blank, [id]).or_fault()? == 1 {
        Entries::one(change)?.seal(change, id)?;
    }
    Ok(())
}

/// The acknowledged entries that are old, and whether each goes (or is blanked).
///
/// An intent goes as a whole: if its newest entry went before an older one, the older one would speak for it. A time
/// from a clock that was not set is replaced by that of the next entry with a plausible one; without one it is young.
fn old_entries(change: &Transaction<'_>, acknowledged_before: i64, since: i64) -> Result<Vec<(EntryId, bool)>> {
    let select = "
        WITH aged AS (
            SELECT id, account, intent, acknowledged_at, CASE
                WHEN begun_at >= ?3 THEN max(begun_at, last_attempt_at, coalesce(settled_at, 0))
                ELSE (SELECT later.begun_at FROM entries AS later
                      WHERE later.id > entries.id AND later.begun_at >= ?3 ORDER BY later.id LIMIT 1)
                END AS begun
            FROM entries
        ), judged AS (
            SELECT id, account, intent,
                coalesce(acknowledged_at IS NOT NULL AND max(acknowledged_at, begun) < ?1, 0) AS old,
                coalesce(max(begun, acknowledged_at) < ?2, 0) AND id NOT IN (SELECT entry FROM by_hand) AS free
            FROM aged
        )
        SELECT id, goes FROM (
            SELECT id, old, min(old AND free) OVER (PARTITION BY account, intent) AS goes FROM judged
        ) WHERE old ORDER BY id";
    let mut statement = change.prepare(select).or_fault()?;
    let rows =
        statement.query_map([acknowledged_before, since, EARLIEST], |row| Ok((row.get(0)?, row.get(1)?))).or_fault()?;
    rows.collect::<rusqlite::Result<_>>().or_fault()
}

// -- reading ---------------------------------------------------------------------------------------------------------

fn existing(stored: &mut Entries<'_>, id: EntryId) -> Result<Entry> {
    let mut found = None;
    stored.each([id], &mut |read| {
        found = Some(read_entry(read)?);
        Ok(())
    })?;
    found.ok_or_else(|| refused("there is no such entry"))
}

fn latest(connection: &Connection, account: &str, intent: &str) -> Result<Option<Entry>> {
    let newest = "WHERE account = ?1 AND intent = ?2 ORDER BY id DESC LIMIT 1";
    Ok(entries(connection, newest, [account, intent])?.pop())
}

fn entries(connection: &Connection, which: &str, values: impl rusqlite::Params) -> Result<Vec<Entry>> {
    let mut found = Vec::new();
    Entries::prepare(connection, which)?.each(values, &mut |read| {
        found.push(read_entry(read)?);
        Ok(())
    })?;
    Ok(found)
}

fn read_entry(read: ReadEntry<'_>) -> Result<Entry> {
    let ReadEntry { row, fields, evidence, .. } = read;
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
        fields,
        begun_at: get(row, "begun_at")?,
        attempts: get(row, "attempts")?,
        last_attempt_at: get(row, "last_attempt_at")?,
        known: get(row, "known")?,
        state: read_state(row, evidence)?,
        acknowledged_at: get(row, "acknowledged_at")?,
    })
}

fn read_state(row: &Row<'_>, evidence: Vec<(String, String)>) -> Result<EntryState> {
    let state: String = get(row, "state")?;
    let settlement = match state.as_str() {
        "open" => return Ok(EntryState::Open),
        "accepted" => Settlement::Accepted { queried: get(row, "queried")?, evidence },
        "ordered" => Settlement::Ordered { evidence },
        "abandoned" => Settlement::Abandoned,
        "paid late" => Settlement::PaidLate { evidence },
        "declined" => Settlement::Declined { code: get(row, "code")?, text: get(row, "text")?, next: read_next(row)? },
        "not sent" => Settlement::NotSent,
        "for a person" => Settlement::ForAPerson { reason: Cow::Owned(get(row, "reason")?) },
        "by hand: paid" | "by hand: not paid" => Settlement::ByHand {
            paid: state == "by hand: paid",
            name: get(row, "person")?,
            reason: get(row, "reason")?,
        },
        _ => return Err(damaged("a state is not one of ours")),
    };
    Ok(EntryState::Settled(settlement))
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

fn get<T: rusqlite::types::FromSql>(row: &Row<'_>, column: &str) -> Result<T> {
    row.get(column).or_fault()
}

// -- opening ---------------------------------------------------------------------------------------------------------

/// The path without links, so that one file has one lock.
fn resolve(path: &Path) -> Result<PathBuf> {
    if let Ok(found) = fs::canonicalize(path) {
        return Ok(found);
    }
    let name = path.file_name().ok_or_else(|| storage("the path names no file"))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = fs::canonicalize(folder).map_err(|error| io_fault("the folder", &error))?;
    Ok(folder.join(name))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_os_string();
    name.push(suffix);
    PathBuf::from(name)
}

fn is_missing(path: &Path) -> Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(io_fault("the file", &error)),
    }
}

/// The lock file. It also remembers that there is a journal, and how new its WAL is, so that a database or a WAL that
/// vanished is noticed. Its lines are only ever added: a torn one is ignored, and cannot read as a greater number. One line
/// is written in place, the note.
struct Lock(Locked);

const LOCK_WORDS: &str = "The journal beside this file holds payments. Move or copy them together.";

impl Lock {
    fn take(path: &Path) -> Result<Lock> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let opened = private(&mut options).open(path);
        let file = opened.map_err(|error| io_fault("the lock file", &error))?;
        Locked::take(file).map(Lock)
    }

    fn file(&self) -> &File {
        self.0.file()
    }

    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.file().metadata()?.len() == 0)
    }

    /// The newest WAL that was durable before it was written down here.
    fn promised(&mut self) -> io::Result<i64> {
        let mut bytes = Vec::new();
        self.file().seek(io::SeekFrom::Start(0))?;
        self.file().read_to_end(&mut bytes)?;
        let lines = bytes.split(|byte| *byte == b'\n').filter_map(|line| core::str::from_utf8(line).ok());
        Ok(lines.filter_map(|line| line.strip_prefix("wal ")?.parse().ok()).max().unwrap_or(0))
    }

    fn promise(&mut self, wal: i64) -> io::Result<()> {
        // The first line break ends what a power cut may have torn.
        let words = if self.is_empty()? { LOCK_WORDS } else { "" };
        self.file().seek(io::SeekFrom::End(0))?;
        self.file().write_all(text(&[words, "\nwal ", &wal.to_string(), "\n"]).as_bytes())?;
        self.file().sync_all()
    }
}

/// There is no database. That is a new terminal only if nothing else is left of one.
fn refuse_leftovers(path: &Path, lock: &Lock) -> Result<()> {
    let new = lock.is_empty().map_err(|error| io_fault("the lock file", &error))?;
    if !new || !is_missing(&beside(path, "-wal"))? || !is_missing(&beside(path, "-journal"))? {
        return Err(damaged("the database is missing, but the files beside it say that there was one"));
    }
    Ok(())
}

/// Makes the whole journal under another name, then gives it its own: a power cut leaves all of it or nothing.
fn create(path: &Path, owner: &Owner) -> Result<()> {
    let new = beside(path, ".new");
    remove_leftovers(&new)?;
    create_as(&new, path, owner).inspect_err(|_| {
        if let Err(fault) = remove_leftovers(&new) {
            log::warn!("{fault}");
        }
    })
}

fn remove_leftovers(new: &Path) -> Result<()> {
    for leftover in ["", "-journal", "-wal", "-shm"] {
        match fs::remove_file(beside(new, leftover)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io_fault("a leftover", &error)),
            _ => {}
        }
    }
    Ok(())
}

fn create_as(new: &Path, path: &Path, owner: &Owner) -> Result<()> {
    let made = private(OpenOptions::new().write(true).create_new(true)).open(new);
    drop(made.map_err(|error| io_fault("the new file", &error))?);
    let mut connection = connect(new)?;
    set_up(&connection)?;
    migrate(&mut connection, MIGRATIONS)?;
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate).or_fault()?;
    let own = "INSERT INTO journal (one, terminal, device_info) VALUES (1, ?1, ?2)";
    change.execute(own, params![owner.terminal, owner.device_info]).or_fault()?;
    seal::seal_all(&change)?;
    change.commit().or_fault()?;
    connection.close().map_err(|(_, error)| fault(&error))?;
    File::open(new).and_then(|file| file.sync_all()).map_err(|error| io_fault("the new file", &error))?;
    fs::rename(new, path).map_err(|error| io_fault("the new file", &error))?;
    sync_folder(path)
}

/// What is refused stays as it is for a person: SQLite would move what it takes for the whole WAL, and remove the rest.
fn move_wal_when_closed(connection: &Connection, moves: bool) -> Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !moves).or_fault()?;
    Ok(())
}

fn open_existing(path: &Path, owner: &Owner) -> Result<Connection> {
    check_header(path)?;
    let mut connection = connect(path)?;
    move_wal_when_closed(&connection, false)?;
    if connection.is_readonly("main").or_fault()? {
        return Err(storage("the file is read-only"));
    }
    let id: i32 = pragma(&connection, "application_id")?;
    let version = schema_version(&connection)?;
    if id != APPLICATION_ID || version == 0 {
        return Err(damaged("it is a database, but not a journal"));
    }
    if version > MIGRATIONS.len() {
        let words = match seal::check_own_row_of(&connection, MIGRATIONS.len()) {
            Ok(_) => {
                "the number of its version is a newer library's, but the rest is this one's: the storage may have \
                      changed it. Keep all its files, and look it up before anything else"
            }
            Err(_) => "a newer version of this library wrote it. Install that version again, or a newer one",
        };
        return Err(JournalFault::new(JournalFaultKind::Newer, words));
    }
    set_up(&connection)?;
    check_pages(&connection)?;
    match version < SEALED {
        true => check_old_schema(&connection, version)?,
        false => seal::check_everything(&connection)?,
    }
    check_owner(&connection, owner)?;
    make_private(path)?;
    migrate(&mut connection, MIGRATIONS)?;
    Ok(connection)
}

/// Before there were digests: the tables are as these steps make them.
fn check_old_schema(connection: &Connection, version: usize) -> Result<()> {
    let mut made = Connection::open_in_memory().or_fault()?;
    migrate(&mut made, MIGRATIONS.get(..version).unwrap_or_default())?;
    match seal::schema_digest(&made)? == seal::schema_digest(connection)? {
        true => Ok(()),
        false => Err(damaged(seal::OTHER_SCHEMA)),
    }
}

/// Version 1 had no digests: what it holds must be readable, and is sealed as it is.
fn seal_old(change: &Connection) -> Result<()> {
    let is_new: bool = change.query_row("SELECT count(*) = 0 FROM journal", [], |row| row.get(0)).or_fault()?;
    if is_new {
        return Ok(());
    }
    seal::seal_all(change)?;
    entries(change, "ORDER BY id", []).map(drop)
}

/// SQLite takes an empty file for an empty database. Here it is a database that was lost.
fn check_header(path: &Path) -> Result<()> {
    let mut start = Vec::new();
    let file = File::open(path).map_err(|error| io_fault("the file", &error))?;
    file.take(20).read_to_end(&mut start).map_err(|error| io_fault("the file", &error))?;
    let is_version = |byte: Option<&u8>| matches!(byte, Some(1 | 2));
    match start.get(..16) {
        // Of another version SQLite says that it is read-only.
        Some(b"SQLite format 3\0") if is_version(start.get(18)) && is_version(start.get(19)) => Ok(()),
        None if start.is_empty() => Err(damaged("the file is empty")),
        _ => Err(damaged("the file is not an SQLite database")),
    }
}

fn connect(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).or_fault()?;
    connection.busy_timeout(PATIENCE).or_fault()?;
    Ok(connection)
}

fn set_up(connection: &Connection) -> Result<()> {
    connection
        .execute_batch(
            "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;
             PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON;
             PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;
             PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;",
        )
        .or_fault()?;
    let mode: String = pragma(connection, "journal_mode")?;
    let synchronous: i64 = pragma(connection, "synchronous")?;
    if mode != "wal" || synchronous != 2 {
        return Err(lacks("write-ahead log for SQLite"));
    }
    Ok(())
}

/// Not `quick_check`: it does not read the indexes. An entry that is missing in one would be paid again.
fn check_pages(connection: &Connection) -> Result<()> {
    let found: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).or_fault()?;
    if found != "ok" {
        return Err(damaged(&found));
    }
    Ok(())
}

fn check_owner(connection: &Connection, owner: &Owner) -> Result<()> {
    let select = "SELECT terminal, device_info FROM journal";
    let (terminal, device_info): (u16, Option<String>) =
        connection.query_row(select, [], |row| Ok((row.get(0)?, row.get(1)?))).or_fault()?;
    if terminal == owner.terminal && device_info == owner.device_info {
        return Ok(());
    }
    let found = text(&[
        "it belongs to terminal ",
        &terminal.to_string(),
        ", device_info ",
        device_info.as_deref().unwrap_or("(none)"),
        ". Open it with these, and settle what is in it; another terminal needs a journal of its own, in another file",
    ]);
    Err(JournalFault::new(JournalFaultKind::Foreign, found))
}

/// Brings the schema up to date, one transaction a step.
fn migrate(connection: &mut Connection, steps: &[Step]) -> Result<()> {
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

fn schema_version(connection: &Connection) -> Result<usize> {
    let version: i64 = pragma(connection, "user_version")?;
    usize::try_from(version).map_err(|_| damaged("the schema's version is negative"))
}

fn pragma<T: rusqlite::types::FromSql>(connection: &Connection, name: &str) -> Result<T> {
    connection.pragma_query_value(None, name, |row| row.get(0)).or_fault()
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600)
}

#[cfg(not(unix))]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// SQLite gives the mode of the database to the files beside it.
#[cfg(unix)]
fn make_private(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    for suffix in ["", "-wal", "-shm", ".lock"] {
        let file = beside(path, suffix);
        if fs::metadata(&file).is_ok_and(|found| found.permissions().mode() & 0o077 != 0) {
            let only_owner = fs::Permissions::from_mode(0o600);
            fs::set_permissions(&file, only_owner).map_err(|error| io_fault("the file mode", &error))?;
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn make_private(_: &Path) -> Result<()> {
    Ok(())
}

/// Makes a new name durable.
#[cfg(unix)]
fn sync_folder(path: &Path) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| io_fault("the folder", &error))
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> Result<()> {
    Ok(())
}

// -- faults ----------------------------------------------------------------------------------------------------------

trait OrFault<T> {
    fn or_fault(self) -> Result<T>;
}

impl<T> OrFault<T> for rusqlite::Result<T> {
    fn or_fault(self) -> Result<T> {
        self.map_err(|error| fault(&error))
    }
}

/// Says what SQLite said. Its words name tables and columns, never values. The extended code tells what the storage lacks.
fn fault(error: &rusqlite::Error) -> JournalFault {
    use rusqlite::ffi;
    let words = error.to_string();
    let extended = error.sqlite_error().map_or(0, |error| error.extended_code);
    match extended {
        ffi::SQLITE_IOERR_SHMMAP
        | ffi::SQLITE_IOERR_SHMOPEN
        | ffi::SQLITE_IOERR_SHMSIZE
        | ffi::SQLITE_IOERR_SHMLOCK => {
            return lacks("shared writable mappings (mmap), which the write-ahead log needs");
        }
        ffi::SQLITE_IOERR_LOCK
        | ffi::SQLITE_IOERR_RDLOCK
        | ffi::SQLITE_IOERR_UNLOCK
        | ffi::SQLITE_IOERR_CHECKRESERVEDLOCK
        | ffi::SQLITE_PROTOCOL
        | ffi::SQLITE_NOLFS => return lacks("record locks (fcntl)"),
        ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC => {
            return storage("a write did not reach the disk. Check the storage and restart the program");
        }
        ffi::SQLITE_READONLY_DBMOVED => return storage("the database was moved or removed while it was open"),
        _ => {}
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            busy("another program writes to it, perhaps a sqlite3 shell with an open transaction. End that one")
        }
        Some(ErrorCode::DiskFull) => storage("the disk is full"),
        Some(ErrorCode::ReadOnly) => storage("the storage is read-only"),
        Some(ErrorCode::CannotOpen) => {
            storage("a file beside it cannot be opened: no descriptors are left, or the folder is not this program's")
        }
        Some(ErrorCode::SystemIoFailure) => {
            storage(text(&["the storage fails: ", &words, " (SQLite's code ", &extended.to_string(), ")"]))
        }
        Some(ErrorCode::ConstraintViolation) => refused(words),
        // A missing table or column is an SQL error.
        None | Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown) => damaged(&words),
        Some(_) => storage(words),
    }
}

/// Where a journal cannot be, and where it can.
fn lacks(what: &str) -> JournalFault {
    storage(text(&["this file system has no ", what, ". Keep the journal on a local one that has: ext4, UBIFS, F2FS"]))
}

fn io_fault(what: &str, error: &io::Error) -> JournalFault {
    storage(text(&[what, ": ", &error.to_string()]))
}

fn storage(words: impl Into<Cow<'static, str>>) -> JournalFault {
    JournalFault::new(JournalFaultKind::Storage, words)
}

fn busy(words: impl Into<Cow<'static, str>>) -> JournalFault {
    JournalFault::new(JournalFaultKind::Busy, words)
}

fn refused(words: impl Into<Cow<'static, str>>) -> JournalFault {
    JournalFault::new(JournalFaultKind::Refused, words)
}

fn damaged(found: &str) -> JournalFault {
    let what_to_do = ". It is not recreated, because it may hold payments. Keep all its files for a person \
                      (`sqlite3 FILE .recover` prints what is left), look up this terminal's payments at the \
                      gateway, and only then begin a new journal in another file";
    JournalFault::new(JournalFaultKind::Damaged, text(&[found, what_to_do]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A step that fails leaves the version before it; one that works is not run twice.
    #[test]
    fn migrations_run_once_in_order_and_whole() {
        let mut connection = Connection::open_in_memory().unwrap();
        let step = |sql| Step(sql, None);
        let first = || step("CREATE TABLE a (n INTEGER) STRICT; INSERT INTO a VALUES (1)");
        migrate(&mut connection, &[first()]).unwrap();
        assert_eq!(schema_version(&connection).unwrap(), 1);
        assert!(migrate(&mut connection, &[first(), step("UPDATE a SET n = 2; nonsense")]).is_err());
        assert!(
            migrate(&mut connection, &[first(), Step("UPDATE a SET n = 2", Some(|_| Err(storage("no"))))]).is_err()
        );
        assert_eq!(schema_version(&connection).unwrap(), 1);
        for _ in 0..2 {
            migrate(&mut connection, &[first(), step("UPDATE a SET n = n + 10"), step("UPDATE a SET n = n * 3")])
                .unwrap();
        }
        assert_eq!(schema_version(&connection).unwrap(), 3);
        let n: i64 = connection.query_row("SELECT n FROM a", [], |row| row.get(0)).unwrap();
        assert_eq!(n, 33);
    }

    #[test]
    fn running_out_of_epochs_is_an_error() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, MIGRATIONS).unwrap();
        // All but the last one.
        let fill = format!(
            "INSERT INTO journal (one, terminal) VALUES (1, 7);
             WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < {EPOCHS} - 2)
             INSERT INTO epochs SELECT n FROM n"
        );
        connection.execute_batch(&fill).unwrap();
        let change = connection.transaction().unwrap();
        seal::seal_all(&change).unwrap();
        assert_eq!(new_epoch(&change, &mut || Ok(5)).unwrap(), EPOCHS - 1);
        let fault = new_epoch(&change, &mut || Ok(5)).unwrap_err();
        assert_eq!(fault.kind(), JournalFaultKind::Number);
        seal::check_everything(&change).unwrap();
    }
}
