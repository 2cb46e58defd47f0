//! One payment in the journal, what is known of it, and what may be written over that.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::money::Fen;
use crate::outcome::{Next, Words};

/// The number of an entry in its journal.
pub type EntryId = i64;

/// An entry as it was seen: what [`Till::acknowledge`](crate::Till::acknowledge) names, so that nothing is acknowledged that
/// nobody saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryVersion {
    /// The entry.
    pub id: EntryId,
    /// [`Entry::revision`] when it was seen.
    pub revision: i64,
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
    /// Of a refund: the order number that it gives back from, or what stands for it.
    pub of: Option<&'a str>,
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

/// What a refused payment is sent with, once its cause was mended.
#[derive(Clone, PartialEq, Eq)]
pub struct Mended {
    /// The amount in fen.
    pub amount: Fen,
    /// As [`Numbered::fields`], with the same order number.
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
    /// Of a refund: the order number that it gives back from, or what stands for it. Its refunds are summed up by it.
    pub of: Option<String>,
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
    /// What the gateway said last while nothing was proven.
    pub last_words: Option<Words>,
    /// What is known.
    pub state: EntryState,
    /// How often the till decided to reverse it (撤销), counted before the first byte of each reversal. From the first one on it is never
    /// [`Settlement::Accepted`]: goods would go out while the money comes back (POS ruling 4).
    pub reversals: u32,
    /// When it last did, in seconds since 1970, as the device believed.
    pub last_reversal_at: Option<i64>,
    /// When its state was written, in seconds since 1970: by the later of the device's time and the gateways'. `None`: it is open.
    pub settled_at: Option<i64>,
    /// When the caller acknowledged it.
    pub acknowledged_at: Option<i64>,
    /// Of a blanked one: 16 bytes of the fields that decide whether an intent is the same.
    pub decided: Option<[u8; 16]>,
    /// Goes up by one with every change of it.
    pub revision: i64,
}

/// What is known of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryState {
    /// An attempt may have left, and nothing is proven.
    Open,
    /// Written by [`Journal::settle`](crate::Journal::settle). Not always for good: [`Entry::is_settled`] says whether.
    Recorded(Settlement),
}

impl EntryState {
    /// Its word in [`Summary::outcome`], where a day is known.
    pub fn word(&self) -> &'static str {
        let EntryState::Recorded(settlement) = self else { return "open" };
        match settlement {
            Settlement::Accepted { .. } => "accepted",
            Settlement::Declined { .. } => "declined",
            Settlement::Unproven { .. } => "unproven",
            Settlement::NotSent => "not sent",
            Settlement::Ordered { .. } => "ordered",
            Settlement::Refunding { .. } => "refunding",
            Settlement::Abandoned => "abandoned",
            Settlement::PaidLate { .. } => "paid late",
            Settlement::ForAPerson { .. } => "for a person",
            Settlement::ByHand { paid: true, .. } => "by hand: paid",
            Settlement::ByHand { paid: false, .. } => "by hand: not paid",
        }
    }
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
    /// Refused, and the query does not know the order: the usual answer to a refusal, and no proof (POS ruling 1). It counts as refused;
    /// the gateway is asked about it for a day, and before another number of its intent is begun.
    Unproven {
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
    /// The gateway took the refund, and it has not arrived yet. Not final: it is asked about.
    Refunding {
        /// Fields worth keeping: `refund_id`.
        evidence: Vec<(String, String)>,
    },
    /// The answer that would have let a customer pay the order was lost. A new order number may be used at once. Not
    /// final: the order is watched until it expires.
    Abandoned,
    /// The customer paid an order that was given up: it had expired, was closed or abandoned, was left to a person, or a person had
    /// found it unpaid. Refund it, or act on it.
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
    /// An open entry with its first attempt counted, for implementations of [`Journal::begin`](crate::Journal::begin).
    pub fn new(id: EntryId, new: &NewEntry<'_>, order_number: String, fields: Vec<(String, String)>) -> Entry {
        Entry {
            id,
            account: new.account.into(),
            call: new.call.into(),
            intent: new.intent.into(),
            order_number,
            amount: new.amount,
            of: new.of.map(Into::into),
            fields,
            begun_at: new.at,
            attempts: 1,
            last_attempt_at: new.at,
            known: false,
            last_words: None,
            state: EntryState::Open,
            reversals: 0,
            last_reversal_at: None,
            settled_at: None,
            acknowledged_at: None,
            decided: None,
            revision: 1,
        }
    }

    /// It, as it is now.
    pub fn version(&self) -> EntryVersion {
        EntryVersion { id: self.id, revision: self.revision }
    }

    /// Whether a new order number may be used for its intent: only after a proven refusal that says so, after a person
    /// found it unpaid, when nothing was ever sent, or when nobody can pay the order because its URL was lost.
    pub fn allows_new_number(&self) -> bool {
        match &self.state {
            EntryState::Recorded(Settlement::Declined { next, .. } | Settlement::Unproven { next, .. }) => {
                *next == Next::NewNumber
            }
            EntryState::Recorded(Settlement::ByHand { paid, .. }) => !paid,
            EntryState::Recorded(Settlement::NotSent | Settlement::Abandoned) => true,
            EntryState::Open | EntryState::Recorded(_) => false,
        }
    }

    /// Whether another entry of its intent may begin. What was refused for good is that under its own account and by its own call: another
    /// way to be paid may begin (POS flows 20.8).
    pub fn lets_begin(&self, new: &NewEntry<'_>) -> bool {
        let same_way = self.account == new.account && self.call == new.call;
        self.allows_new_number() || (self.is_refused_for_good() && !same_way)
    }

    /// Whether the same order number may be sent again although the entry is settled.
    pub fn allows_same_number(&self) -> bool {
        match &self.state {
            EntryState::Recorded(Settlement::NotSent) => true,
            EntryState::Recorded(Settlement::Declined { next, .. } | Settlement::Unproven { next, .. }) => {
                matches!(next, Next::SameNumber | Next::SameNumberLater(_))
            }
            EntryState::Open | EntryState::Recorded(_) => false,
        }
    }

    /// Whether it was refused, and must not be sent again before a person says so ([`Till::allow_again`](crate::Till::allow_again)).
    pub fn is_refused_for_good(&self) -> bool {
        matches!(
            self.state,
            EntryState::Recorded(
                Settlement::Declined { next: Next::Stop, .. } | Settlement::Unproven { next: Next::Stop, .. }
            )
        )
    }

    /// Whether it was refused, and the gateway's query has yet to say that it is unpaid ([`Settlement::Unproven`]).
    pub fn is_unproven(&self) -> bool {
        matches!(self.state, EntryState::Recorded(Settlement::Unproven { .. }))
    }

    /// Whether [`Journal::reversing`](crate::Journal::reversing) may count a reversal of it: nothing is proven of it.
    pub fn may_be_reversed(&self) -> bool {
        self.state == EntryState::Open
            || self.is_unproven()
            || matches!(self.state, EntryState::Recorded(Settlement::ForAPerson { .. }))
    }

    /// Whether it is settled for good: acknowledged entries must be.
    pub fn is_settled(&self) -> bool {
        !self.is_pending() && !matches!(self.state, EntryState::Recorded(Settlement::ForAPerson { .. }))
    }

    /// Whether the gateway has yet to say what becomes of it: it is open, an order that may still be paid, or a refund on its way.
    pub fn is_pending(&self) -> bool {
        matches!(
            self.state,
            EntryState::Open
                | EntryState::Recorded(
                    Settlement::Ordered { .. } | Settlement::Refunding { .. } | Settlement::Abandoned
                )
        )
    }

    /// Whether it is paid, as far as the journal knows.
    pub fn is_paid(&self) -> bool {
        let EntryState::Recorded(settlement) = &self.state else { return false };
        match settlement {
            Settlement::Accepted { .. } | Settlement::PaidLate { .. } => true,
            Settlement::ByHand { paid, .. } => *paid,
            _ => false,
        }
    }

    /// Whether the money came after its order was given up, and was not kept ([`Till::accept_late`](crate::Till::accept_late)).
    pub fn is_paid_late(&self) -> bool {
        matches!(self.state, EntryState::Recorded(Settlement::PaidLate { .. }))
    }

    /// Whether [`Journal::settle`](crate::Journal::settle) may write this over what the entry has. What is settled stays. An
    /// order that exists is never said to be unsent or abandoned. Late money counts at any time but once, and may be kept after
    /// the gateway's query said again that it is there. A refusal that keeps its number, or that ends the intent, gives way to a
    /// person who says that it is unpaid: then a new number may be used. An unproven refusal gives way to what proves it. What is being
    /// reversed is never accepted, whoever says so.
    pub fn takes(&self, settlement: &Settlement) -> bool {
        let says_paid = matches!(settlement, Settlement::Accepted { .. } | Settlement::ByHand { paid: true, .. });
        match (&self.state, settlement) {
            _ if self.reversals > 0 && says_paid => false,
            (_, Settlement::PaidLate { .. }) => !self.is_paid(),
            (EntryState::Recorded(Settlement::PaidLate { .. }), next) => {
                matches!(next, Settlement::Accepted { queried: true, .. })
            }
            (EntryState::Open | EntryState::Recorded(Settlement::ForAPerson { .. }), _) => true,
            (EntryState::Recorded(Settlement::Ordered { .. } | Settlement::Abandoned), next) => {
                !matches!(next, Settlement::Ordered { .. } | Settlement::Abandoned | Settlement::NotSent)
            }
            (
                EntryState::Recorded(Settlement::Declined { next, .. } | Settlement::Unproven { next, .. }),
                Settlement::ByHand { paid: false, .. },
            ) => *next != Next::NewNumber,
            // Of a refund: the row of the query wins.
            (EntryState::Recorded(Settlement::Unproven { .. }), next) => match next {
                Settlement::Declined { .. } | Settlement::ForAPerson { .. } => true,
                Settlement::Accepted { .. } | Settlement::Refunding { .. } => self.of.is_some(),
                _ => false,
            },
            (EntryState::Recorded(Settlement::Refunding { .. }), next) => !matches!(
                next,
                Settlement::Ordered { .. } | Settlement::Abandoned | Settlement::NotSent | Settlement::Unproven { .. }
            ),
            (EntryState::Recorded(_), _) => false,
        }
    }

    /// What proves it, where the journal keeps that: a `transaction_id`.
    pub(crate) fn evidence(&self, name: &str) -> Option<&str> {
        let EntryState::Recorded(settlement) = &self.state else { return None };
        let evidence = match settlement {
            Settlement::Accepted { evidence, .. }
            | Settlement::PaidLate { evidence }
            | Settlement::Ordered { evidence }
            | Settlement::Refunding { evidence } => evidence,
            _ => return None,
        };
        evidence.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
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
    /// `accepted`, `declined`, `unproven`, `not sent`, `open`, `ordered`, `refunding`, `abandoned`, `paid late`, `for a person`, `by hand: paid`,
    /// `by hand: not paid`; with `undated: ` before it where nobody knows its day.
    pub outcome: String,
    /// How many.
    pub count: u64,
    /// The sum in fen.
    pub fen: u64,
}

impl Summary {
    /// A row, for implementations of [`Journal::summary`](crate::Journal::summary).
    pub fn new(call: impl Into<String>, outcome: impl Into<String>, count: u64, fen: u64) -> Summary {
        Summary { call: call.into(), outcome: outcome.into(), count, fen }
    }
}

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
            Settlement::Unproven { code, text, next } => {
                f.debug_struct("Unproven").field("code", code).field("text", text).field("next", next).finish()
            }
            Settlement::NotSent => f.write_str("NotSent"),
            Settlement::Ordered { evidence } => f.debug_struct("Ordered").field("evidence", &Names(evidence)).finish(),
            Settlement::Refunding { evidence } => {
                f.debug_struct("Refunding").field("evidence", &Names(evidence)).finish()
            }
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
            .field("of", &self.of)
            .field("begun_at", &self.begun_at)
            .field("attempts", &self.attempts)
            .field("last_words", &self.last_words)
            .field("state", &self.state)
            .field("reversals", &self.reversals)
            .field("acknowledged_at", &self.acknowledged_at)
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}

/// Names the fields, and hides their values.
impl fmt::Debug for Mended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mended").field("amount", &self.amount).field("fields", &Names(&self.fields)).finish()
    }
}

impl fmt::Debug for Numbered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Numbered").field("order_number", &self.order_number).finish_non_exhaustive()
    }
}
