//! After a power cut, and for people.

use alloc::string::ToString;
use alloc::vec::Vec;
use core::time::Duration;

use super::orders::{endpoint_of, may_be_paid};
use super::{APART, Options, Repeats, Till, Work};
use crate::client::owner;
use crate::clock::EARLIEST;
use crate::endpoint::ResolvedBy;
use crate::error::text;
use crate::journal::{Entry, EntryId, EntryState, JournalFault, JournalFaultKind, Settlement, Summary};
use crate::outcome::{Doubt, Outcome, Reason};

/// Intents of the last 30 days are kept, so that the same one is known again.
const LOOK_BACK: i64 = 30 * 86_400;
/// How far the clock may be from the gateway's for pruning.
const A_DAY: i64 = 86_400;

/// What was acknowledged less than this ago is not blanked.
const AN_HOUR: Duration = Duration::from_secs(3600);
/// A question on a slow line, with its TLS handshake.
const ENOUGH: Duration = Duration::from_secs(10);

/// What `recover` says of one entry.
#[derive(Debug)]
#[non_exhaustive]
pub struct Recovered {
    /// The entry, as it is now in the journal.
    pub entry: Entry,
    /// Why it is not settled, where it is not.
    pub doubt: Option<Doubt>,
}

impl Till {
    /// Asks about every pending entry, oldest first, until the patience ends, and reports every entry that is not
    /// acknowledged. It only asks: it never moves money. Safe to interrupt and to run twice.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    pub fn recover(&self, patience: Duration) -> Result<Vec<Recovered>, JournalFault> {
        self.recover_with(&Options::new().patience(patience))
    }

    /// [`Till::recover`] with options: the patience, who watches, and whether it may repeat ([`Repeats`]), which moves
    /// money.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    pub fn recover_with(&self, options: &Options<'_>) -> Result<Vec<Recovered>, JournalFault> {
        self.check_process()?;
        let deadline = self.clock.monotonic().saturating_add(options.patience.unwrap_or(self.patience));
        let mut entries = self.journal.with(|journal| journal.unacknowledged())?;
        // The oldest first; those that were asked about in this process come after those that were not.
        let asked = |id: EntryId| self.seen.with(|all| all.get(&id).and_then(|seen| seen.asked));
        entries.sort_by_cached_key(|entry| (asked(entry.id), entry.id));
        let mut pending = entries.iter().filter(|entry| entry.is_pending()).count();
        let mut report = Vec::with_capacity(entries.len());
        for entry in entries {
            let doubt = match &entry.state {
                _ if entry.is_settled() => self.doubted(&entry),
                EntryState::Settled(Settlement::ForAPerson { reason }) => {
                    Some(Doubt::new(Reason::ForAPerson, reason.clone()))
                }
                _ if entry.is_pending() => {
                    let share = self.share(deadline, pending);
                    pending = pending.saturating_sub(1);
                    self.recover_one(entry.id, share, deadline, options)
                }
                _ => None,
            };
            let now = self.journal.with(|journal| journal.entry(entry.id))?.unwrap_or(entry);
            let unwritten = doubt.is_none() && now.is_pending();
            let doubt =
                if unwritten { Some(Doubt::new(Reason::Journal, "the result could not be written")) } else { doubt };
            self.told(now.id);
            report.push(Recovered { entry: now, doubt });
        }
        report.sort_by_key(|recovered| recovered.entry.id);
        Ok(report)
    }

    /// Whether a settled entry contradicts itself: what it says is not believed.
    fn doubted(&self, entry: &Entry) -> Option<Doubt> {
        let desk = self.desks.iter().find(|desk| owner(desk.profile()) == entry.account)?;
        let words = desk.contradiction(entry, endpoint_of(entry)?)?;
        Some(Doubt::new(Reason::ForAPerson, words))
    }

    /// An equal part of the time that is left, so that one entry cannot use up the boot.
    fn share(&self, deadline: Duration, pending: usize) -> Duration {
        let left = deadline.saturating_sub(self.clock.monotonic());
        u32::try_from(pending).ok().and_then(|pending| left.checked_div(pending)).unwrap_or_default()
    }

    fn recover_one(&self, id: EntryId, share: Duration, deadline: Duration, options: &Options<'_>) -> Option<Doubt> {
        // Read again under the lock: a thread may have settled it since it was listed.
        let held = match self.hold(id) {
            Ok(Some(held)) => held,
            Ok(None) => return Some(Doubt::new(Reason::Broken, "another thread is paying this intent")),
            Err(fault) => return Some(Doubt::new(Reason::Journal, fault.to_string())),
        };
        let entry = &held.entry;
        if !entry.is_pending() {
            return None;
        }
        let desk = self.desks.iter().find(|desk| owner(desk.profile()) == entry.account);
        let (Some(desk), Some(endpoint)) = (desk, endpoint_of(entry)) else {
            let words = text(&["this till has no account ", &entry.account]);
            return Some(Doubt::new(Reason::NoAccount, words));
        };
        if let Some(words) = desk.contradiction(entry, endpoint) {
            return match self.distrust(entry, words) {
                Outcome::Unknown(doubt) => Some(doubt),
                Outcome::Accepted(_) | Outcome::Declined(_) => None,
            };
        }
        let mut call = self.call(&entry.intent, options, Duration::ZERO);
        let now = self.clock.monotonic();
        if now.saturating_add(self.apart(id)) >= deadline || call.is_cancelled() {
            return Some(Doubt::new(Reason::EarlierAttempt, "there was no time to ask"));
        }
        call.deadline = now.saturating_add(share.max(APART)).min(deadline);
        call.questions_until = now.saturating_add(share.max(ENOUGH)).min(deadline);
        let mut work = Work { desk, endpoint, entry, call, read: Some };
        let outcome = match endpoint.resolved_by {
            // A customer is not waited for.
            ResolvedBy::Order(..) => {
                work.call.deadline = now;
                self.ask_of(&work)
            }
            _ => self.resolve(&work, self.may_repeat(entry, options.repeats)),
        };
        match outcome {
            Outcome::Unknown(doubt) => Some(doubt),
            Outcome::Accepted(_) | Outcome::Declined(_) => None,
        }
    }

    /// Whether an entry is young enough for a repeat, by a clock that was plausible then and did not go back since.
    fn may_repeat(&self, entry: &Entry, repeats: Repeats) -> bool {
        let Repeats::YoungerThan(young) = repeats else { return false };
        let age = self.clock.unix_seconds().saturating_sub(entry.begun_at);
        entry.begun_at >= EARLIEST
            && self.clock.unix_seconds() >= entry.last_attempt_at
            && u64::try_from(age).is_ok_and(|age| Duration::from_secs(age) < young)
    }

    /// Tells the journal that the caller acted on a settled entry: the ticket is printed, the door is open.
    ///
    /// # Errors
    ///
    /// There is no such entry, it is not settled, or the journal cannot be written. Or money came late by a notification,
    /// and no report told it since: what was not seen cannot be acknowledged.
    pub fn acknowledge(&self, entry: EntryId) -> Result<(), JournalFault> {
        self.check_process()?;
        let at = self.stamp();
        self.journal.with(|journal| {
            // Under the journal's lock, as the notification that writes it.
            if self.seen.with(|all| all.get(&entry).is_some_and(|seen| seen.untold)) {
                let words = "money came late since it was reported: look at it again";
                return Err(JournalFault::new(JournalFaultKind::Refused, words));
            }
            journal.acknowledge(entry, at)
        })
    }

    /// A person closes an entry that nothing else can: kept for ever, with name and reason.
    ///
    /// # Errors
    ///
    /// The name or the reason is empty, there is no such entry, it is settled already, a thread works on it, or the journal
    /// cannot be written. Or it is an order that its customer may still pay: close it first.
    pub fn settle_by_hand(&self, entry: EntryId, paid: bool, name: &str, reason: &str) -> Result<(), JournalFault> {
        self.check_process()?;
        if name.trim().is_empty() || reason.trim().is_empty() {
            return Err(JournalFault::new(
                JournalFaultKind::Refused,
                "a person closes an entry with a name and a reason",
            ));
        }
        let settlement = Settlement::ByHand { paid, name: name.into(), reason: reason.into() };
        let at = self.stamp();
        self.journal.with(|journal| match journal.entry(entry)? {
            Some(_) if self.is_busy(entry) => {
                Err(JournalFault::new(JournalFaultKind::Refused, "a thread is working on this entry: try again"))
            }
            // By the device's clock: a person may wait, but not for ever.
            Some(have) if !paid && may_be_paid(&have, at) => Err(JournalFault::new(
                JournalFaultKind::Refused,
                "its customer may still pay this order: close it first",
            )),
            Some(have) if !have.is_settled() => journal.settle(entry, &settlement, at),
            Some(_) => Err(JournalFault::new(JournalFaultKind::Refused, "the entry is settled already")),
            None => Err(JournalFault::new(JournalFaultKind::Refused, "there is no such entry")),
        })
    }

    /// Removes entries that were acknowledged longer ago than this, and blanks personal data in the acknowledged ones
    /// that stay. No intent younger than 30 days goes, which is as far as the gateways' queries reach. Returns how many
    /// entries went.
    ///
    /// Less than an hour counts as an hour: the pauses between two payments to one payee are read from the fields.
    ///
    /// A wrong clock would make a paid intent payable again, so nothing goes until a gateway's own time, in a reply that
    /// this till received, agreed with the clock to a day.
    ///
    /// # Errors
    ///
    /// The journal cannot be written.
    pub fn prune(&self, older_than: Duration) -> Result<u32, JournalFault> {
        self.check_process()?;
        let now = self.clock.unix_seconds();
        let agrees = |gateway_now: i64| now.saturating_sub(gateway_now).saturating_abs() <= A_DAY;
        let confirmed = self.gateway_times().any(agrees);
        if !confirmed {
            return Ok(0);
        }
        let older_than = older_than.max(AN_HOUR);
        let before = now.saturating_sub(i64::try_from(older_than.as_secs()).unwrap_or(i64::MAX));
        self.journal.with(|journal| journal.prune(before, now.saturating_sub(LOOK_BACK)))
    }

    /// Every entry that is not acknowledged, oldest first.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    pub fn unacknowledged(&self) -> Result<Vec<Entry>, JournalFault> {
        self.check_process()?;
        self.journal.with(|journal| journal.unacknowledged())
    }

    /// Counts and sums of the entries begun in a time, by call and outcome.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    pub fn summary(&self, from: i64, until: i64) -> Result<Vec<Summary>, JournalFault> {
        self.check_process()?;
        self.journal.with(|journal| journal.summary(from, until))
    }
}
