//! The caller's own name for what is being paid, and what makes two calls the same intent.

use crate::endpoint::{Endpoint, ResolvedBy};
use crate::error::{Error, text};
use crate::journal::Digest;
use crate::journal::Entry;
use crate::money::Fen;
use crate::text::is_hidden;
use crate::wire::fields::Fields;

/// What the caller wants of an intent. `Accepted` is said of money only: what a customer has yet to pay has its own verb.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    /// It moves money by itself.
    Pay,
    /// A customer pays it.
    Order,
    /// It gives money back.
    Refund,
}

impl Verb {
    pub(super) fn check(self, endpoint: &Endpoint) -> Result<(), Error> {
        let words = match (self, endpoint.resolved_by) {
            (_, ResolvedBy::NotByTill) => &["a till does not make this call: use the client"][..],
            (Verb::Order, ResolvedBy::Order(..)) => return Ok(()),
            (_, ResolvedBy::Order(..)) => &[endpoint.name, " makes an order, which a customer pays: call `order`"],
            (Verb::Refund, _) if endpoint.refund().is_some() => return Ok(()),
            (_, _) if endpoint.refund().is_some() => &[endpoint.name, " gives money back: call `refund`"],
            (Verb::Pay, _) => return Ok(()),
            (Verb::Order | Verb::Refund, _) => &[endpoint.name, " moves money by itself: call `pay`"],
        };
        Err(Error::setting("till", text(words)))
    }
}

pub(super) fn check_intent(intent: &str) -> Result<(), Error> {
    if !(1..=64).contains(&intent.len()) {
        return Err(Error::field("intent", "must be 1 to 64 bytes"));
    }
    // Scanners and C strings bring blanks: another blank would be another payment.
    if intent.trim() != intent {
        return Err(Error::field("intent", "begins or ends with a blank"));
    }
    // What nobody sees makes one name into two: the mark at the head of a file, a joiner, a mark of direction.
    if intent.chars().any(is_hidden) {
        return Err(Error::field("intent", "holds a character that nobody sees, or a control character"));
    }
    Ok(())
}

/// Whether the intent was used for this: the same call, amount, and the fields that decide. Texts that are only shown may
/// change. Of a blanked entry a digest is left to compare.
pub(super) fn same_payment(entry: &Entry, endpoint: &Endpoint, fields: &Fields) -> bool {
    let amount = fields.get(endpoint.amount).and_then(Fen::read);
    let same = |name: &&str| entry.field(name) == fields.get(name);
    let decided = match entry.decided {
        Some(decided) => decided == digest(entry, endpoint, |name| fields.get(name)),
        None => entry.fields.is_empty() || endpoint.decides.iter().all(same),
    };
    entry.call == endpoint.name && amount == Some(entry.amount) && decided
}

/// What stays of the fields that decide, once an entry is blanked. Without its table nobody knows which they are: it is not blanked, or its
/// intent would be the same for every payee.
pub(super) fn decided(entry: &Entry, endpoint: Option<&Endpoint>) -> Option<[u8; 16]> {
    let endpoint = endpoint.filter(|_| !entry.fields.is_empty())?;
    Some(digest(entry, endpoint, |name| entry.field(name)))
}

/// With the order number, so that one payee has another digest in each entry.
fn digest<'a>(entry: &Entry, endpoint: &Endpoint, value: impl Fn(&str) -> Option<&'a str>) -> [u8; 16] {
    let mut digest = Digest::of("decides");
    digest.text(entry.order_number.as_bytes());
    for name in endpoint.decides {
        match value(name) {
            Some(value) => digest.text(value.as_bytes()),
            None => digest.none(),
        }
    }
    digest.finish()
}
