//! What a terminal remembers through a power cut.
//!
//! A journal stores each payment **before** its first byte leaves: the caller's intent, the order number and every field
//! that is sent, in order. It never stores a key, a nonce or a signature. The `sqlite` feature brings one on a file;
//! firmware may bring its own on NVRAM by implementing [`Journal`].

mod digest;
pub(crate) mod order_number;
#[cfg(feature = "sqlite")]
mod sqlite;

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::error::Error;
use crate::journal::order_number::Serial;
use crate::money::Fen;
use crate::outcome::Next;

#[cfg(feature = "sqlite")]
pub use sqlite::SqliteJournal;

/// The number of an entry in its journal.
pub type EntryId = i64;

/// A durable record of payments. One writer at a time.
///
/// # What an implementation must keep
///
/// * Every method that changes something returns only after the change is durable: it survives a power cut.
/// * [`Journal::begin`] is one transaction: intent, serial and entry are all there, or none is.
/// * A serial is handed out once. A new epoch is drawn whenever the journal is opened and whenever the counter is full,
///   and an epoch that this journal ever used is never drawn again.
/// * What it gives back is what was stored. Flash flips bits: keep [`Entry::digest`] with each entry, compare it with every
///   reading, and give a fault of the kind [`JournalFaultKind::Damaged`] where it differs. The till sees a number, an amount
///   or an account that contradicts itself; it cannot see a flipped openid, state or count of attempts.
/// * An entry is never lost without a fault, not even the newest one. A torn record is never read as a good one.
pub trait Journal: Send {
    /// Whose journal it is. A till makes its order numbers from it, so it must be the same as long as the journal lives:
    /// store it with the entries.
    fn owner(&self) -> Owner;

    /// The entries of an intent under an account, oldest first.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    fn of_intent(&mut self, account: &str, intent: &str) -> Result<Vec<Entry>, JournalFault>;

    /// Stores a new entry under the next serial, with its first attempt counted, and returns it.
    ///
    /// `number` makes the order number and the fields from the serial. It may be called again with another serial.
    ///
    /// # Errors
    ///
    /// [`JournalFaultKind::Refused`]: the newest entry of this intent does not allow a new order number
    /// ([`Entry::allows_new_number`]). Anything else: nothing was stored.
    fn begin(
        &mut self,
        new: &NewEntry<'_>,
        number: &mut dyn FnMut(Serial) -> Result<Numbered, Error>,
    ) -> Result<Entry, JournalFault>;

    /// Counts one more attempt of an open entry, before its first byte leaves.
    ///
    /// # Errors
    ///
    /// The entry is not open, or the journal cannot be written. Nothing may be sent then.
    fn attempt(&mut self, id: EntryId, at: i64) -> Result<(), JournalFault>;

    /// Writes what became of an entry. What is settled stays as it is, because whoever comes late with an older view must
    /// not overwrite it; only late money counts at any time, and is then no longer acknowledged. The rule is
    /// [`Entry::takes`].
    ///
    /// # Errors
    ///
    /// [`JournalFaultKind::Refused`]: there is no such entry, or it does not take this. Anything else: the journal cannot be
    /// written.
    fn settle(&mut self, id: EntryId, settlement: &Settlement, at: i64) -> Result<(), JournalFault>;

    /// Opens a settled entry again, with one more attempt counted: nothing was sent, or it was refused and the same
    /// number may be used again. An acknowledged one is then no longer acknowledged.
    ///
    /// # Errors
    ///
    /// [`JournalFaultKind::Refused`]: the entry does not allow it ([`Entry::allows_same_number`]), or its fields were
    /// blanked.
    fn reopen(&mut self, id: EntryId, at: i64) -> Result<(), JournalFault>;

    /// Notes that the gateway once knew the order: a later "not found" is then never final. Doing it twice is no error.
    ///
    /// # Errors
    ///
    /// There is no such entry, or the journal cannot be written.
    fn note_known(&mut self, id: EntryId) -> Result<(), JournalFault>;

    /// Marks a settled entry as acted upon by the caller. Doing it twice is no error.
    ///
    /// # Errors
    ///
    /// There is no such entry, or it is not settled.
    fn acknowledge(&mut self, id: EntryId, at: i64) -> Result<(), JournalFault>;

    /// One entry.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    fn entry(&mut self, id: EntryId) -> Result<Option<Entry>, JournalFault>;

    /// The entry of an order number under an account.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    fn by_order_number(&mut self, account: &str, order_number: &str) -> Result<Option<Entry>, JournalFault>;

    /// When the last attempt was begun whose fields hold this value, under an account: the gateway may want a pause
    /// between two payments to one payee. Entries that were never sent do not count.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    fn last_attempt_to(&mut self, account: &str, field: &str, value: &str) -> Result<Option<i64>, JournalFault>;

    /// Every entry that is not acknowledged, oldest first: open ones, those for a person, and settled ones.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    fn unacknowledged(&mut self) -> Result<Vec<Entry>, JournalFault>;

    /// Removes entries that were acknowledged before this time, and blanks the fields of those among them that stay.
    /// The counter, the epochs, what a person wrote, and an intent younger than `keep_intents_since` stay. An intent
    /// goes as a whole or not at all: its newest entry decides what may be paid again. An entry from a clock that was
    /// not set counts as young until a later entry shows its age. Returns how many entries went.
    ///
    /// # Errors
    ///
    /// The journal cannot be written.
    fn prune(&mut self, acknowledged_before: i64, keep_intents_since: i64) -> Result<u32, JournalFault>;

    /// Counts and sums of the entries begun in a time, by call and outcome: to lay beside the platform's bill.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    fn summary(&mut self, from: i64, until: i64) -> Result<Vec<Summary>, JournalFault>;
}

/// The terminal that a journal belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The terminal's number, which is part of every order number: another one for every terminal of a merchant.
    pub terminal: u16,
    /// The `device_info` (设备号) that its requests carry. `None`: the journal is not bound to one.
    pub device_info: Option<String>,
}

/// A payment that is about to be stored.
#[derive(Clone, Copy, Debug)]
pub struct NewEntry<'a> {
    /// Whose it is: gateway, merchant, appid and base URL, as one text.
    pub account: &'a str,
    /// The call: `sendredpack`.
    pub call: &'a str,
    /// The caller's own name for what is being paid, 1 to 64 bytes.
    pub intent: &'a str,
    /// The amount in fen.
    pub amount: Fen,
    /// Seconds since 1970, as the device believes.
    pub at: i64,
}

/// An order number and the fields that go with it.
#[derive(Clone, PartialEq, Eq)]
pub struct Numbered {
    /// The order number.
    pub order_number: String,
    /// Every field that is sent, in order, but for nonce, timestamp and signatures.
    pub fields: Vec<(String, String)>,
}

/// One payment in the journal.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Its number.
    pub id: EntryId,
    /// Whose it is.
    pub account: String,
    /// The call: `sendredpack`.
    pub call: String,
    /// The caller's own name for what is being paid.
    pub intent: String,
    /// The order number.
    pub order_number: String,
    /// The amount in fen.
    pub amount: Fen,
    /// Every field that was sent, in order, but for nonce, timestamp and signatures. Empty once blanked.
    pub fields: Vec<(String, String)>,
    /// When it was begun, in seconds since 1970, as the device believed.
    pub begun_at: i64,
    /// How many attempts were made or begun.
    pub attempts: u32,
    /// When the last attempt was begun.
    pub last_attempt_at: i64,
    /// Whether the gateway ever said that it knows the order.
    pub known: bool,
    /// What is known.
    pub state: EntryState,
    /// When the caller acknowledged it.
    pub acknowledged_at: Option<i64>,
}

/// What is known of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryState {
    /// An attempt may have left, and nothing is proven.
    Open,
    /// Written by [`Journal::settle`].
    Settled(Settlement),
}

/// What became of an entry.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Settlement {
    /// Paid, or issued. The fields that prove it, from the reply or from the query.
    Accepted {
        /// True when a query proved it, false when the gateway said so itself: in its reply, or in a notification.
        queried: bool,
        /// Fields worth keeping: `send_listid`, `payment_no`.
        evidence: Vec<(String, String)>,
    },
    /// Refused, and proven.
    Declined {
        /// The gateway's code.
        code: String,
        /// The gateway's words.
        text: String,
        /// What is allowed next.
        next: Next,
    },
    /// No byte ever left.
    NotSent,
    /// An order exists, and what lets the customer pay it was handed out. Not final: the customer may pay or not.
    Ordered {
        /// What was handed out: `mweb_url`.
        evidence: Vec<(String, String)>,
    },
    /// The answer that would have let a customer pay the order was lost. A new order number may be used at once. Not
    /// final: the order is watched until it expires.
    Abandoned,
    /// The customer paid an order that was given up: it had expired, was closed or abandoned, or a person had found it
    /// unpaid. Refund it, or act on it.
    PaidLate {
        /// Fields worth keeping: `transaction_id`, `time_end`.
        evidence: Vec<(String, String)>,
    },
    /// Nobody but a person can tell. Not final: a person settles it by hand.
    ForAPerson {
        /// Why.
        reason: Cow<'static, str>,
    },
    /// A person looked, and decided. Kept for ever.
    ByHand {
        /// What the person found.
        paid: bool,
        /// Who.
        name: String,
        /// Why.
        reason: String,
    },
}

impl Entry {
    /// An open entry with its first attempt counted, for implementations of [`Journal::begin`].
    pub fn new(id: EntryId, new: &NewEntry<'_>, order_number: String, fields: Vec<(String, String)>) -> Entry {
        Entry {
            id,
            account: new.account.into(),
            call: new.call.into(),
            intent: new.intent.into(),
            order_number,
            amount: new.amount,
            fields,
            begun_at: new.at,
            attempts: 1,
            last_attempt_at: new.at,
            known: false,
            state: EntryState::Open,
            acknowledged_at: None,
        }
    }

    /// Whether a new order number may be used for its intent: only after a proven refusal that says so, after a person
    /// found it unpaid, when nothing was ever sent, or when nobody can pay the order because its URL was lost.
    pub fn allows_new_number(&self) -> bool {
        match &self.state {
            EntryState::Settled(Settlement::Declined { next, .. }) => *next == Next::NewNumber,
            EntryState::Settled(Settlement::ByHand { paid, .. }) => !paid,
            EntryState::Settled(Settlement::NotSent | Settlement::Abandoned) => true,
            EntryState::Open | EntryState::Settled(_) => false,
        }
    }

    /// Whether the same order number may be sent again although the entry is settled.
    pub fn allows_same_number(&self) -> bool {
        match &self.state {
            EntryState::Settled(Settlement::NotSent) => true,
            EntryState::Settled(Settlement::Declined { next, .. }) => {
                matches!(next, Next::SameNumber | Next::SameNumberLater(_))
            }
            EntryState::Open | EntryState::Settled(_) => false,
        }
    }

    /// Whether it is settled for good: acknowledged entries must be.
    pub fn is_settled(&self) -> bool {
        !self.is_pending() && !matches!(self.state, EntryState::Settled(Settlement::ForAPerson { .. }))
    }

    /// Whether the gateway has yet to say what becomes of it: it is open, or an order that may still be paid.
    pub fn is_pending(&self) -> bool {
        matches!(self.state, EntryState::Open | EntryState::Settled(Settlement::Ordered { .. } | Settlement::Abandoned))
    }

    /// Whether it is paid, as far as the journal knows.
    pub fn is_paid(&self) -> bool {
        let EntryState::Settled(settlement) = &self.state else { return false };
        match settlement {
            Settlement::Accepted { .. } | Settlement::PaidLate { .. } => true,
            Settlement::ByHand { paid, .. } => *paid,
            _ => false,
        }
    }

    /// Whether [`Journal::settle`] may write this over what the entry has. What is settled stays. An order that exists is
    /// never said to be unsent or abandoned. Late money counts at any time but once.
    pub fn takes(&self, settlement: &Settlement) -> bool {
        match (&self.state, settlement) {
            (_, Settlement::PaidLate { .. }) => !self.is_paid(),
            (EntryState::Open | EntryState::Settled(Settlement::ForAPerson { .. }), _) => true,
            (EntryState::Settled(Settlement::Ordered { .. } | Settlement::Abandoned), next) => {
                !matches!(next, Settlement::Ordered { .. } | Settlement::Abandoned | Settlement::NotSent)
            }
            (EntryState::Settled(_), _) => false,
        }
    }

    /// A field that was sent.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }
}

/// One row of a day's sums.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// The call: `sendredpack`.
    pub call: String,
    /// `accepted`, `declined`, `not sent`, `open`, `ordered`, `abandoned`, `paid late`, `for a person`, `by hand: paid`,
    /// `by hand: not paid`.
    pub outcome: String,
    /// How many.
    pub count: u64,
    /// The sum in fen.
    pub fen: u64,
}

/// The journal cannot do what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalFault {
    kind: JournalFaultKind,
    text: Cow<'static, str>,
}

/// The kind of a [`JournalFault`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JournalFaultKind {
    /// It cannot be read or written: full disk, read-only flash.
    Storage,
    /// Another process has it.
    Busy,
    /// Its file is damaged, or is not a journal, or an entry is not as it was stored. It is never recreated silently.
    Damaged,
    /// It belongs to another terminal.
    Foreign,
    /// A newer version of this library wrote it.
    Newer,
    /// The journal's own rules forbid it.
    Refused,
    /// What the order number was made from is wrong; see [`JournalFault::text`].
    Number,
    /// It was opened in another process, before a fork.
    Process,
}

impl JournalFault {
    /// A fault, for implementations.
    pub fn new(kind: JournalFaultKind, text: impl Into<Cow<'static, str>>) -> JournalFault {
        JournalFault { kind, text: text.into() }
    }

    /// Its kind.
    pub fn kind(&self) -> JournalFaultKind {
        self.kind
    }

    /// What happened and what to do, in words.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for JournalFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("journal: ")?;
        f.write_str(&self.text)
    }
}

impl core::error::Error for JournalFault {}

/// The names of some fields, for a `Debug` that hides the values.
pub(crate) struct Names<'a>(pub &'a [(String, String)]);

impl fmt::Debug for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// Hides the values of the evidence: an `mweb_url` lets its bearer pay.
impl fmt::Debug for Settlement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Settlement::Accepted { queried, evidence } => {
                f.debug_struct("Accepted").field("queried", queried).field("evidence", &Names(evidence)).finish()
            }
            Settlement::Declined { code, text, next } => {
                f.debug_struct("Declined").field("code", code).field("text", text).field("next", next).finish()
            }
            Settlement::NotSent => f.write_str("NotSent"),
            Settlement::Ordered { evidence } => f.debug_struct("Ordered").field("evidence", &Names(evidence)).finish(),
            Settlement::Abandoned => f.write_str("Abandoned"),
            Settlement::PaidLate { evidence } => {
                f.debug_struct("PaidLate").field("evidence", &Names(evidence)).finish()
            }
            Settlement::ForAPerson { reason } => f.debug_struct("ForAPerson").field("reason", reason).finish(),
            Settlement::ByHand { paid, name, reason } => {
                f.debug_struct("ByHand").field("paid", paid).field("name", name).field("reason", reason).finish()
            }
        }
    }
}

/// Hides the values of the fields: they hold names and openids.
impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("id", &self.id)
            .field("account", &self.account)
            .field("call", &self.call)
            .field("intent", &self.intent)
            .field("order_number", &self.order_number)
            .field("amount", &self.amount)
            .field("begun_at", &self.begun_at)
            .field("attempts", &self.attempts)
            .field("state", &self.state)
            .field("acknowledged_at", &self.acknowledged_at)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Numbered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Numbered").field("order_number", &self.order_number).finish_non_exhaustive()
    }
}
