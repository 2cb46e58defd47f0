//! Digests of what a journal stores, so that what the flash gives back is not believed unread.

use alloc::string::String;

use sha2::{Digest as _, Sha256};

use super::entry::{Entry, EntryState, Settlement};
use crate::outcome::Next;

/// SHA-256 over values, each with its kind and its length, so that no other values give the same bytes. Its first 16 bytes
/// are kept: they find what flash, memory and programs change, not what an attacker computes anew.
pub(crate) struct Digest(Sha256);

impl Digest {
    /// A digest of one kind of thing: equal values of another kind have another one.
    pub(crate) fn of(kind: &str) -> Digest {
        let mut digest = Digest(Sha256::new());
        digest.text(kind.as_bytes());
        digest
    }

    pub(crate) fn none(&mut self) {
        self.0.update([0]);
    }

    pub(crate) fn integer(&mut self, value: i64) {
        self.0.update([1]);
        self.0.update(value.to_le_bytes());
    }

    pub(crate) fn text(&mut self, value: &[u8]) {
        self.sized(2, value);
    }

    /// A value of any other kind, by its bytes.
    pub(crate) fn sized(&mut self, kind: u8, value: &[u8]) {
        self.0.update([kind]);
        self.0.update(u64::try_from(value.len()).unwrap_or(u64::MAX).to_le_bytes());
        self.0.update(value);
    }

    pub(crate) fn finish(self) -> [u8; 16] {
        let whole: [u8; 32] = self.0.finalize().into();
        let mut kept = [0; 16];
        kept.iter_mut().zip(whole).for_each(|(kept, byte)| *kept = byte);
        kept
    }

    fn count(&mut self, count: usize) {
        self.integer(i64::try_from(count).unwrap_or(i64::MAX));
    }

    fn pairs(&mut self, pairs: &[(String, String)]) {
        self.count(pairs.len());
        for (name, value) in pairs {
            self.text(name.as_bytes());
            self.text(value.as_bytes());
        }
    }

    fn optional(&mut self, value: Option<i64>) {
        match value {
            Some(value) => self.integer(value),
            None => self.none(),
        }
    }
}

impl Entry {
    /// 16 bytes over everything that this entry holds, for implementations of [`Journal`](super::Journal): store them with
    /// the entry, and compare when it is read. What does not match was changed by the flash, and must be a fault of the kind
    /// [`Damaged`](super::JournalFaultKind::Damaged), never an entry.
    ///
    /// The rule is a part of what is stored, so it does not change: the first 16 bytes of SHA-256 over the word `entry`, then
    /// id, account, call, intent, order number, amount, begun, attempts, last attempt, known (0 or 1), acknowledged, state,
    /// the number of fields, and their names and values in order, the code and the text of the last words, what was decided
    /// (16 bytes, after a byte 3 and their length), revision; of one that was reversed, how often and when last, too; of a refund,
    /// then the word `of` and its order; of a refusal without proof, then when it was written. A state is a word and what belongs to
    /// it, in the order of
    /// [`Settlement`]. A number is a byte 1 and 8 bytes, the lowest first; a text is a byte 2, its length in 8 bytes, and its
    /// bytes in UTF-8; what is not there is a byte 0.
    pub fn digest(&self) -> [u8; 16] {
        let mut digest = Digest::of("entry");
        digest.integer(self.id);
        for text in [&self.account, &self.call, &self.intent, &self.order_number] {
            digest.text(text.as_bytes());
        }
        for number in [self.amount.get().into(), self.begun_at, self.attempts.into(), self.last_attempt_at] {
            digest.integer(number);
        }
        digest.integer(self.known.into());
        digest.optional(self.acknowledged_at);
        match &self.state {
            EntryState::Open => digest.text(b"open"),
            EntryState::Recorded(settlement) => digest_settlement(&mut digest, settlement),
        }
        digest.pairs(&self.fields);
        match &self.last_words {
            Some(words) => [&words.code, &words.text].into_iter().for_each(|text| digest.text(text.as_bytes())),
            None => digest.none(),
        }
        match &self.decided {
            Some(decided) => digest.sized(3, decided),
            None => digest.none(),
        }
        digest.integer(self.revision);
        if self.reversals > 0 {
            digest.integer(self.reversals.into());
            digest.optional(self.last_reversal_at);
        }
        if let Some(of) = &self.of {
            digest.text(b"of");
            digest.text(of.as_bytes());
        }
        // The day of a refusal without proof counts from here.
        if self.is_unproven() {
            digest.optional(self.settled_at);
        }
        digest.finish()
    }
}

fn digest_settlement(digest: &mut Digest, settlement: &Settlement) {
    match settlement {
        Settlement::Accepted { queried, evidence } => {
            digest.text(b"accepted");
            digest.integer((*queried).into());
            digest.pairs(evidence);
        }
        Settlement::Declined { code, text, next } => {
            digest.text(b"declined");
            digest.text(code.as_bytes());
            digest.text(text.as_bytes());
            digest_next(digest, *next);
        }
        Settlement::Unproven { code, text, next } => {
            digest.text(b"unproven");
            digest.text(code.as_bytes());
            digest.text(text.as_bytes());
            digest_next(digest, *next);
        }
        Settlement::NotSent => digest.text(b"not sent"),
        Settlement::Ordered { evidence } => {
            digest.text(b"ordered");
            digest.pairs(evidence);
        }
        Settlement::Refunding { evidence } => {
            digest.text(b"refunding");
            digest.pairs(evidence);
        }
        Settlement::Abandoned => digest.text(b"abandoned"),
        Settlement::PaidLate { evidence } => {
            digest.text(b"paid late");
            digest.pairs(evidence);
        }
        Settlement::ForAPerson { reason } => {
            digest.text(b"for a person");
            digest.text(reason.as_bytes());
        }
        Settlement::ByHand { paid, name, reason } => {
            digest.text(b"by hand");
            digest.integer((*paid).into());
            digest.text(name.as_bytes());
            digest.text(reason.as_bytes());
        }
    }
}

/// A waiting time is its seconds and its nanoseconds.
fn digest_next(digest: &mut Digest, next: Next) {
    match next {
        Next::SameNumber => digest.text(b"same number"),
        Next::SameNumberLater(wait) => {
            digest.text(b"same number later");
            digest.integer(i64::try_from(wait.as_secs()).unwrap_or(i64::MAX));
            digest.integer(wait.subsec_nanos().into());
        }
        Next::NewNumber => digest.text(b"new number"),
        Next::Stop => digest.text(b"stop"),
    }
}
