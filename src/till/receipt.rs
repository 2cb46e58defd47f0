//! What a payment came to, with its proof.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::gateways::request::Reply;
use crate::journal::{Entry, EntryVersion, JournalFault, Names};
use crate::wire::pairs::Pairs;

/// What a payment came to, with its order number.
#[derive(Debug)]
#[non_exhaustive]
pub struct Receipt<T> {
    /// The order number.
    pub order_number: String,
    /// The entry in the journal, as this receipt tells it. Acknowledge it after acting.
    pub entry: EntryVersion,
    /// The proof.
    pub evidence: Evidence<T>,
    /// The journal failed after the payment was sent: the entry is still open there, and the next call writes it; after a
    /// restart `pay` or `recover` resolves it again. The money is as this receipt says.
    pub journal_fault: Option<JournalFault>,
}

/// How a payment was proven.
#[non_exhaustive]
pub enum Evidence<T> {
    /// By the reply to the payment, just now.
    Reply(T),
    /// By the gateway's query, just now: fields of its answer.
    Queried(Vec<(String, String)>),
    /// Earlier; from the journal.
    Recorded(Vec<(String, String)>),
}

impl<T: AsRef<Pairs>> Evidence<T> {
    /// A field that the reply, the query or the journal gave: `payment_no`, `transaction_id`, `mweb_url`.
    pub fn field(&self, name: &str) -> Option<&str> {
        match self {
            Evidence::Reply(reply) => reply.as_ref().filled(name),
            Evidence::Queried(fields) | Evidence::Recorded(fields) => {
                fields.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
            }
        }
    }
}

/// Names the fields, and hides their values.
impl<T: fmt::Debug> fmt::Debug for Evidence<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Evidence::Reply(reply) => f.debug_tuple("Reply").field(reply).finish(),
            Evidence::Queried(fields) => f.debug_tuple("Queried").field(&Names(fields)).finish(),
            Evidence::Recorded(fields) => f.debug_tuple("Recorded").field(&Names(fields)).finish(),
        }
    }
}

/// Before the reply's type: with its fields as they came.
pub(super) type Found = Receipt<Pairs>;

impl Found {
    pub(super) fn new(entry: &Entry, evidence: Evidence<Pairs>) -> Found {
        Found { order_number: entry.order_number.clone(), entry: entry.version(), evidence, journal_fault: None }
    }

    pub(super) fn typed<T: Reply>(self) -> Option<Receipt<T>> {
        let evidence = match self.evidence {
            Evidence::Reply(pairs) => Evidence::Reply(T::read(pairs)?),
            Evidence::Queried(fields) => Evidence::Queried(fields),
            Evidence::Recorded(fields) => Evidence::Recorded(fields),
        };
        let Found { order_number, entry, journal_fault, .. } = self;
        Some(Receipt { order_number, entry, evidence, journal_fault })
    }
}

/// The reply's fields, if the typed reply can be read from them.
pub(crate) fn kept<T: Reply>(pairs: Pairs) -> Option<Pairs> {
    T::read(pairs.clone()).map(|_| pairs)
}

pub(crate) type Read = fn(Pairs) -> Option<Pairs>;

/// Some fields of a reply, to be kept.
pub(super) fn picked(pairs: &Pairs, names: &[&str]) -> Vec<(String, String)> {
    names.iter().filter_map(|name| Some(((*name).into(), pairs.owned(name)?))).collect()
}
