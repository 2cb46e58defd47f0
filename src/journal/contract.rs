//! What every journal must keep.

use alloc::vec::Vec;

use super::entry::{Entry, EntryId, Mended, NewEntry, Numbered, Owner, Settlement, Summary};
use super::fault::JournalFault;
use super::order_number::Serial;
use crate::error::Error;
use crate::outcome::Words;

#[cfg(doc)]
use super::fault::JournalFaultKind;

/// A durable record of payments. One writer at a time.
///
/// # What an implementation must keep
///
/// * Every method that changes something returns only after the change is durable: it survives a power cut.
/// * [`Journal::begin`] is one transaction: intent, serial and entry are all there, or none is.
/// * A serial is handed out once. A new epoch, a random one, is drawn whenever the journal is opened and whenever the counter
///   is full, and an epoch that this journal ever used is never drawn again.
/// * What it gives back is what was stored. Flash flips bits: keep [`Entry::digest`] with each entry, compare it with every
///   reading, and give a fault of the kind [`JournalFaultKind::Damaged`] where it differs. The till sees a number, an amount
///   or an account that contradicts itself; it cannot see a flipped openid, state or count of attempts.
/// * Each change of an entry makes its [`Entry::revision`] one more.
/// * An entry is never lost without a fault, not even the newest one. A torn record is never read as a good one, and is no damage: after a
///   power cut the journal opens.
///
/// The feature `contract` tries all of this on a journal of your own.
pub trait Journal: Send {
    /// Whose journal it is. A till makes its order numbers from it, so it must be the same as long as the journal lives:
    /// store it with the entries.
    fn owner(&self) -> Owner;

    /// The entries of an intent, under whatever account, oldest first: an intent is unique in the journal.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    fn of_intent(&mut self, intent: &str) -> Result<Vec<Entry>, JournalFault>;

    /// Stores a new entry under the next serial, with its first attempt counted, and returns it. Its number is higher than those
    /// of all entries before it.
    ///
    /// `number` makes the order number and the fields from the serial. It may be called again with another serial.
    ///
    /// # Errors
    ///
    /// [`JournalFaultKind::Refused`]: the newest entry of this intent, under whatever account, does not let this one begin
    /// ([`Entry::lets_begin`]), or the intent was pruned ([`Journal::prune`]). Anything else: nothing was stored.
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

    /// Counts a reversal of an entry, before its first byte leaves. From then on the entry is never accepted ([`Entry::takes`]).
    ///
    /// # Errors
    ///
    /// [`JournalFaultKind::Refused`]: there is no such entry, or what is known of it does not allow that ([`Entry::may_be_reversed`]).
    /// Anything else: the journal cannot be written. Nothing may be sent then.
    fn reversing(&mut self, id: EntryId, at: i64) -> Result<(), JournalFault>;

    /// Writes what became of an entry. What is settled stays as it is, because whoever comes late with an older view must
    /// not overwrite it; only late money counts at any time, and is then no longer acknowledged. (An unproven refusal that is proven stays
    /// acknowledged: nothing changed for whoever acted on it.) The rule is
    /// [`Entry::takes`]. Returns the entry's new revision.
    ///
    /// # Errors
    ///
    /// [`JournalFaultKind::Refused`]: there is no such entry, or it does not take this. Anything else: the journal cannot be
    /// written.
    fn settle(&mut self, id: EntryId, settlement: &Settlement, at: i64) -> Result<i64, JournalFault>;

    /// Opens a settled entry again, with one more attempt counted: nothing was sent, or it was refused and the same
    /// number may be used again. What was never sent begins now ([`Entry::begun_at`]). Where its cause was mended: with
    /// another amount and other fields. An acknowledged one is then no longer acknowledged.
    ///
    /// # Errors
    ///
    /// [`JournalFaultKind::Refused`]: the entry does not allow it ([`Entry::allows_same_number`]), or its fields were
    /// blanked and none are given.
    fn reopen(&mut self, id: EntryId, at: i64, mended: Option<&Mended>) -> Result<(), JournalFault>;

    /// Lets a refused entry be sent again under its number although the refusal said not to: a person, named here, mended the cause. Kept
    /// for ever, as all that a person wrote. Then [`Entry::allows_same_number`].
    ///
    /// # Errors
    ///
    /// [`JournalFaultKind::Refused`]: there is no such entry, or it is not refused with [`Next::Stop`](crate::Next::Stop).
    /// Anything else: the journal cannot be written.
    fn allow_again(&mut self, id: EntryId, name: &str, reason: &str, at: i64) -> Result<(), JournalFault>;

    /// Notes what the gateway said of an order while nothing is proven: that it knows it (true stays true: a later "not found" is
    /// then never final), and its last words, where there are some. Doing it twice is no error.
    ///
    /// # Errors
    ///
    /// There is no such entry, or the journal cannot be written.
    fn note(&mut self, id: EntryId, known: bool, words: Option<&Words>) -> Result<(), JournalFault>;

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

    /// Every refusal that the query has yet to confirm ([`Entry::is_unproven`]), oldest first, acknowledged or not.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    fn unproven(&mut self) -> Result<Vec<Entry>, JournalFault>;

    /// Every refund of an order under an account ([`Entry::of`]), oldest first, whatever became of it: they are summed up.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    fn refunds_of(&mut self, account: &str, order: &str) -> Result<Vec<Entry>, JournalFault>;

    /// The entry under an account whose evidence has this field with this value: the order of a `transaction_id`.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    fn by_evidence(&mut self, account: &str, field: &str, value: &str) -> Result<Option<Entry>, JournalFault>;

    /// The entries below this one, the highest first, at most so many: to walk back through the days without holding them.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    fn before(&mut self, id: EntryId, most: usize) -> Result<Vec<Entry>, JournalFault>;

    /// Removes entries that were acknowledged before this time, and blanks the fields of those among them that stay: what `decided`
    /// makes of such an entry is kept as [`Entry::decided`]. Where it makes nothing of it (`None`), the entry keeps its fields: nobody knows
    /// which of them decide.
    /// The counter, the epochs, what a person wrote, refusals without proof, an intent younger than `keep_intents_since`, and for 48 weeks
    /// more refunds and the orders that they are of (an order can be refunded for a year, by whichever of its numbers) stay. An intent
    /// goes as a whole or not at all: its newest entry decides what may be paid again. An entry from a clock that was
    /// not set counts as young until a later entry shows its age. What goes leaves a mark of its intent, by which
    /// [`Journal::begin`] refuses it for ever: an age may have been a wrong clock's. Returns how many entries went.
    ///
    /// # Errors
    ///
    /// The journal cannot be written.
    fn prune(
        &mut self,
        acknowledged_before: i64,
        keep_intents_since: i64,
        decided: &dyn Fn(&Entry) -> Option<[u8; 16]>,
    ) -> Result<u32, JournalFault>;

    /// A small part of what [`Journal::prune`] does: looks at so many entries at most, and goes on where the last step ended. Returns whether
    /// another step would find more to look at. [`Till::keep`](crate::Till::keep) calls it after an acknowledgement.
    ///
    /// Without one of its own, a journal does all of it at once.
    ///
    /// # Errors
    ///
    /// The journal cannot be written.
    fn prune_step(
        &mut self,
        acknowledged_before: i64,
        keep_intents_since: i64,
        decided: &dyn Fn(&Entry) -> Option<[u8; 16]>,
        most: usize,
    ) -> Result<bool, JournalFault> {
        let _ = most;
        self.prune(acknowledged_before, keep_intents_since, decided).map(|_| false)
    }

    /// Counts and sums of the entries begun in a time, by call and outcome: to lay beside the platform's bill. What was begun under a
    /// clock that was not set (before 2026 or after 2055) has no day: it is in every sum, as `undated: accepted` and the like.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    fn summary(&mut self, from: i64, until: i64) -> Result<Vec<Summary>, JournalFault>;
}
