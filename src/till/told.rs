//! What the caller is told of an entry that a rule settled: the outcome that goes with each settlement, and with a journal
//! that could not take it.

use alloc::string::String;

use super::receipt::{Evidence, Found};
use super::rules::{contradicted, found_by};
use crate::endpoint::Endpoint;
use crate::error::text;
use crate::journal::{Entry, EntryState, EntryVersion, JournalFault, Settlement};
use crate::outcome::{Doubt, Next, Outcome, Reason, Refusal};
use crate::wire::pairs::Pairs;

/// What came of working on an entry.
pub(super) enum Ran {
    Done(Outcome<Found>),
    /// Nobody can pay the order: a new number may be used.
    GivenUp(Doubt),
    /// It is proven to be unpaid: a new number may be used by the same call.
    Ended(Refusal),
}

/// What became of writing a settlement.
pub(super) struct Written {
    /// The entry's revision since then.
    pub revision: Result<i64, JournalFault>,
    /// It, or another order of its intent, was paid meanwhile.
    pub paid: Option<Entry>,
    /// A signed notification says that it is paid.
    pub called_paid: bool,
}

/// What is told of an entry that was just written, or that the journal could not take.
pub(super) fn outcome(
    entry: &Entry,
    settlement: Settlement,
    proof: Option<Evidence<Pairs>>,
    written: Written,
) -> Outcome<Found> {
    let Written { revision, paid, called_paid } = written;
    let now = EntryVersion { revision: *revision.as_ref().unwrap_or(&entry.revision), ..entry.version() };
    let fault = revision.err();
    // A notification may have told that it is paid while the gateway was asked. Money for an older order of an intent may
    // have come while this one was made: nobody needs its URL.
    if let Some(paid) = paid {
        return recorded(&paid);
    }
    let found = |evidence, journal_fault| {
        let proof = proof.unwrap_or(Evidence::Recorded(evidence));
        Found { journal_fault, entry: now, ..Found::new(entry, proof) }
    };
    match (settlement, fault) {
        (Settlement::Accepted { evidence, .. }, fault) => Outcome::Accepted(found(evidence, fault)),
        (Settlement::Refunding { evidence }, fault) => Outcome::Taken(found(evidence, fault)),
        (Settlement::PaidLate { evidence }, fault) => Outcome::PaidLate(found(evidence, fault)),
        (Settlement::Ordered { evidence }, None) => Outcome::Ordered(found(evidence, None)),
        // After a power cut an order whose answer is not recorded is given up, so nobody may be able to pay it.
        (Settlement::Ordered { .. }, Some(fault)) => {
            let words = text(&["the order exists, but its URL is withheld: ", fault.text()]);
            Outcome::Unknown(Doubt::new(Reason::Journal, words))
        }
        (Settlement::Declined { code, text, next } | Settlement::Unproven { code, text, next }, None) => {
            Outcome::Declined(Refusal { code, text, next })
        }
        (Settlement::Declined { code, .. }, Some(_)) if called_paid => {
            Outcome::Unknown(Doubt { code, ..contradicted() })
        }
        // Without the record a restart would not know that a new number is allowed.
        (Settlement::Declined { code, .. } | Settlement::Unproven { code, .. }, Some(fault)) => {
            let words = text(&["refused (", &code, "), but the journal failed: ", fault.text()]);
            Outcome::Unknown(Doubt::new(Reason::Journal, words))
        }
        (Settlement::ForAPerson { reason }, _) => Outcome::Unknown(Doubt::new(Reason::ForAPerson, reason)),
        (Settlement::NotSent, Some(fault)) => {
            let words = text(&["nothing was sent, but the journal cannot say so: ", fault.text()]);
            Outcome::Unknown(Doubt::new(Reason::Journal, words))
        }
        (settlement, _) => {
            recorded(&Entry { state: EntryState::Recorded(settlement), revision: now.revision, ..entry.clone() })
        }
    }
}

/// What was proven to be unpaid, and makes room for no other number within this call.
pub(super) fn ended(refusal: Refusal) -> Outcome<Found> {
    Outcome::Declined(refusal)
}

/// The recorded result of a settled entry.
pub(super) fn recorded(entry: &Entry) -> Outcome<Found> {
    let found = |evidence| Found::new(entry, Evidence::Recorded(evidence));
    let EntryState::Recorded(settlement) = entry.state.clone() else { return open() };
    match settlement {
        Settlement::Accepted { evidence, .. } => Outcome::Accepted(found(evidence)),
        Settlement::Ordered { evidence } => Outcome::Ordered(found(evidence)),
        Settlement::Refunding { evidence } => Outcome::Taken(found(evidence)),
        Settlement::PaidLate { evidence } => Outcome::PaidLate(found(evidence)),
        Settlement::ByHand { paid: true, name, reason } => Outcome::Accepted(found(found_by(name, reason))),
        Settlement::Declined { code, text, next } | Settlement::Unproven { code, text, next } => {
            Outcome::Declined(Refusal { code, text, next })
        }
        Settlement::ForAPerson { reason } => Outcome::Unknown(Doubt::new(Reason::ForAPerson, reason)),
        Settlement::ByHand { paid: false, name, reason } => {
            Outcome::Declined(never_paid("BY_HAND", text(&["found unpaid by ", &name, ": ", &reason])))
        }
        Settlement::NotSent => Outcome::Declined(never_paid("NOT_SENT", "no byte of it ever left".into())),
        Settlement::Abandoned => open(),
    }
}

/// An end that no gateway said.
fn never_paid(code: &str, text: String) -> Refusal {
    Refusal { code: code.into(), text, next: Next::NewNumber }
}

/// What is known of an entry that only a person can settle.
pub(super) fn recorded_doubt(entry: &Entry) -> Option<Doubt> {
    match &entry.state {
        EntryState::Recorded(Settlement::ForAPerson { reason }) => Some(Doubt::new(Reason::ForAPerson, reason.clone())),
        _ => None,
    }
}

fn open() -> Outcome<Found> {
    Outcome::Unknown(Doubt::new(Reason::EarlierAttempt, "the entry is open"))
}

/// What came of resuming something that a customer pays: an order that expired unpaid makes room for a new number within the same call, and
/// so does a payment by code that ended while the new code `is_fresh`.
pub(super) fn after_resuming(endpoint: &Endpoint, outcome: Outcome<Found>, is_fresh: bool) -> Ran {
    match outcome {
        Outcome::Declined(Refusal { code, .. }) if endpoint.makes_order() => {
            let words = "an earlier order of this intent expired unpaid";
            Ran::GivenUp(Doubt { code, ..Doubt::new(Reason::NotPaidYet, words) })
        }
        Outcome::Declined(refusal) if endpoint.takes_money() && is_fresh && refusal.next == Next::NewNumber => {
            Ran::Ended(refusal)
        }
        outcome => Ran::Done(outcome),
    }
}
