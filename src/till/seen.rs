//! What this process saw of an entry, and what time it is.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::journal::Settlement;
use crate::outcome::{Refusal, Words};

/// What this process saw of a pending entry. A restart forgets it.
#[derive(Clone, Default)]
pub(super) struct Seen {
    /// When this process began it.
    pub begun: Option<Duration>,
    /// When the last attempt of this process ended.
    pub last_attempt: Option<Duration>,
    /// How many attempts were made, where this process made one.
    pub attempts: u32,
    /// How the last attempt was refused, where the query has yet to confirm it, and each attempt before it is proven unpaid.
    pub refused: Option<Refusal>,
    /// The first of the answers "not found" that count.
    pub not_found_since: Option<Duration>,
    /// The gateway once knew the order: "not found" is never final then.
    pub known: bool,
    /// What the gateway said last.
    pub words: Option<Words>,
    /// How much of the two the journal has, where this process wrote it.
    pub noted: Option<(bool, Option<Words>)>,
    /// When it was last asked about.
    pub asked: Option<Duration>,
    /// When its URL was handed out.
    pub ordered: Option<Duration>,
    /// When the gateway was asked to close it.
    pub closed: Option<Duration>,
    /// How often it was to be reversed, where this process decided so; also where the journal could not say whether it has that.
    pub reversals: u32,
    /// When the last reversal of this process was sent.
    pub reversed: Option<Duration>,
    /// The first and the last of the answers that say unpaid, or not yet, of an entry that this process did not send.
    pub unpaid: Option<(Duration, Duration)>,
    /// The reversals that were refused with one code while the query said that it is paid: the code, how many, since when.
    pub not_reversed: Option<(String, u32, Duration)>,
    /// The gateway said that it is too late for a reversal.
    pub reversal_expired: bool,
    /// The query said that it is paid, after the last reversal.
    pub paid_all_the_same: bool,
    /// When it was written as a refusal without proof.
    pub refused_at: Option<Duration>,
    /// When a repeat was first refused, and whether the last one was.
    pub repeat_refused: Option<(Duration, bool)>,
    /// When the query last said of a refusal that it does not know the order, and how often it did.
    pub not_known: Option<(Duration, u32)>,
    /// What the customer needs, where the journal could not take it.
    pub withheld: Option<Vec<(String, String)>>,
    /// How it ended, where the journal could not take it. Written before anything else is done with it.
    pub unwritten: Option<Settlement>,
    /// That end was told as accepted: the caller acted on it.
    pub told_accepted: bool,
    /// A signed notification said that it is paid. The query did not yet: then no unpaid word ends it.
    pub called_paid: bool,
}

impl Seen {
    /// A refusal without proof is asked about from here on, also where the journal could not take it: the minute until the second question
    /// counts from here (POS flows 5).
    pub fn note_refused(&mut self, first: Option<(Duration, u32)>) {
        self.refused_at = first.map(|(at, _)| at).or(self.refused_at);
        self.not_known = first.or(self.not_known);
    }

    /// Keeps what the journal could not take.
    pub fn keep(&mut self, settlement: &Settlement) {
        match settlement {
            Settlement::Ordered { evidence } => self.withheld = Some(evidence.clone()),
            // A later look comes to the same end.
            Settlement::Abandoned | Settlement::ForAPerson { .. } => {}
            settlement => self.unwritten = Some(settlement.clone()),
        }
    }
}

/// What time it is.
#[derive(Clone, Copy)]
pub(super) struct Times {
    /// By the device's clock, in seconds since 1970. It may be wrong.
    pub now: i64,
    /// By the monotonic clock of this process.
    pub monotonic: Duration,
    /// Monotonic time when the till was opened, or when its journal last failed to begin an entry: the earliest moment that this
    /// process can vouch for.
    pub opened: Duration,
    /// By the gateway, as its HTTP server told it last.
    pub gateway: Option<i64>,
}
