//! After a power cut, and for people.

use alloc::string::ToString;
use alloc::vec::Vec;
use core::time::Duration;

use super::desk::Till;
use super::intent::decided;
use super::pay::{named, no_table};
use super::receipt::Receipt;
use super::rules::{self, APART, Looked, Step};
use super::run::{ENOUGH, Work};
use super::told::{self, Ran};
use super::watch::{Call, Options, Repeats};
use crate::endpoint::Endpoint;
use crate::error::text;
use crate::journal::{Entry, EntryId, EntryVersion, Journal, JournalFault, JournalFaultKind, Summary};
#[cfg(doc)]
use crate::outcome::Next;
use crate::outcome::{Doubt, Outcome, Reason};
use crate::wire::pairs::Pairs;

/// Intents of the last 30 days are kept, so that the same one is known again.
const LOOK_BACK: i64 = 30 * 86_400;

/// What was acknowledged less than this ago is not blanked.
const AN_HOUR: Duration = Duration::from_secs(3600);

/// So many old entries are looked at after an acknowledgement, for one that came: a terminal that has years of them catches up, and nobody waits
/// long.
const PRUNED_AT_ONCE: usize = 8;

/// What a report says of one entry.
#[derive(Debug)]
#[non_exhaustive]
pub struct Reported {
    /// The entry, as it is now in the journal. Acknowledge its [`Entry::version`] after acting.
    pub entry: Entry,
    /// What it came to. `Accepted` is the one that a ticket is printed for.
    pub outcome: Outcome<Receipt<Pairs>>,
}

impl Till {
    /// Asks about every pending entry, oldest first, until the patience ends, and reports every entry that is not
    /// acknowledged. It pays nothing: it asks, and closes orders whose time is over, or that a customer still sees beside late
    /// money of the same sale. Safe to interrupt and to run twice.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    pub fn recover(&self, patience: Duration) -> Result<Vec<Reported>, JournalFault> {
        self.recover_with(&Options::new().patience(patience))
    }

    /// [`Till::recover`] with options: the patience, who watches, and whether it may repeat ([`Repeats`]) and take payments back
    /// ([`Reversals`](crate::Reversals)), which moves money.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    pub fn recover_with(&self, options: &Options<'_>) -> Result<Vec<Reported>, JournalFault> {
        self.check_process()?;
        let deadline = self.clock.monotonic().saturating_add(options.patience.unwrap_or(self.patience));
        let mut entries = self.journal.with(|journal| {
            let mut entries = journal.unacknowledged()?;
            // A refusal that is not proven is asked about, whoever acted on it.
            entries.extend(journal.unproven()?.into_iter().filter(|entry| entry.acknowledged_at.is_some()));
            Ok(entries)
        })?;
        // The oldest first; those that were asked about in this process come after those that were not.
        let asked = |id: EntryId| self.seen.with(|all| all.get(&id).and_then(|seen| seen.asked));
        entries.sort_by_cached_key(|entry| (asked(entry.id), entry.id));
        let mut pending = entries.iter().filter(|entry| self.is_to_ask(entry)).count();
        let mut report = Vec::with_capacity(entries.len());
        for entry in entries {
            let doubt = if self.is_to_ask(&entry) {
                let share = self.share(deadline, pending);
                pending = pending.saturating_sub(1);
                self.recover_one(entry.id, share, deadline, options)
            } else {
                None
            };
            let now = self.journal.with(|journal| {
                let mut now = journal.entry(entry.id)?.unwrap_or(entry);
                self.settle_unwritten(&mut **journal, &mut now);
                Ok(now)
            })?;
            let doubt = doubt
                .filter(|_| !now.is_settled())
                .or_else(|| (now.is_pending() && !rules::is_refunding(&now)).then(rules::not_recorded));
            if now.is_paid_late() {
                self.close_beside(now.id, deadline);
            }
            if now.acknowledged_at.is_none() {
                report.push(self.reported(now, doubt));
            }
        }
        report.sort_by_key(|recovered| recovered.entry.id);
        Ok(report)
    }

    /// Whether the gateway is asked about it now.
    fn is_to_ask(&self, entry: &Entry) -> bool {
        let (endpoint, now) = (self.endpoint_of(entry), self.clock.monotonic());
        let seen = self.seen_of(entry.id);
        match endpoint.and_then(Endpoint::refund) {
            Some(rules) if entry.is_pending() => rules::is_time_to_look(entry, rules, &seen, now),
            _ if entry.is_unproven() => rules::is_due(&seen, now),
            _ => entry.is_pending() || rules::is_asked_again(entry, endpoint),
        }
    }

    /// What became of an intent, under whatever account and number, oldest first. It asks nobody, and needs no request: an intent
    /// that nobody began, or that was pruned, has no entries.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    pub fn entries_of(&self, intent: &str) -> Result<Vec<Reported>, JournalFault> {
        self.check_process()?;
        let entries = self.journal.with(|journal| {
            let mut entries = journal.of_intent(intent)?;
            for entry in &mut entries {
                self.settle_unwritten(&mut **journal, entry);
            }
            Ok(entries)
        })?;
        Ok(entries.into_iter().map(|entry| self.reported(entry, None)).collect())
    }

    /// An entry, with why it is in doubt, or what it came to.
    pub(super) fn reported(&self, entry: Entry, doubt: Option<Doubt>) -> Reported {
        let doubt = doubt.or_else(|| self.doubted(&entry)).map(|doubt| self.with_last_words(&entry, doubt));
        let outcome = doubt.map_or_else(|| told::recorded(&entry), Outcome::Unknown);
        Reported { entry, outcome }
    }

    /// Why what an entry says is not what is known of it, or is not believed.
    fn doubted(&self, entry: &Entry) -> Option<Doubt> {
        let contradiction = || self.desk_of(entry)?.contradiction(entry, self.endpoint_of(entry)?);
        rules::doubted(entry, &self.seen_of(entry.id))
            .or_else(|| told::recorded_doubt(entry))
            .or_else(|| Some(Doubt::new(Reason::ForAPerson, contradiction()?)))
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
        if !self.is_to_ask(entry) {
            return None;
        }
        let Some(desk) = self.desk_of(entry) else {
            let words = text(&["this till has no account ", &entry.account]);
            return Some(Doubt::new(Reason::NoAccount, words));
        };
        let Some(endpoint) = self.endpoint_of(entry) else { return Some(no_table(entry)) };
        let call = self.call(&entry.intent, options, Duration::ZERO);
        let mut work = Work { desk, endpoint, entry, call, read: Some };
        if let Some(words) = desk.contradiction(entry, endpoint) {
            return self.distrust(&work, words).doubt();
        }
        let now = self.clock.monotonic();
        let apart = self.of_case(desk, endpoint, entry, |case| case.apart());
        if now.saturating_add(apart) >= deadline || call.is_cancelled() {
            return Some(Doubt::new(Reason::EarlierAttempt, "there was no time to ask"));
        }
        work.call.deadline = now.saturating_add(share.max(APART)).min(deadline);
        work.call.payments_until = work.call.deadline;
        work.call.questions_until = now.saturating_add(share.max(ENOUGH)).min(deadline);
        if endpoint.takes_money() {
            // The customer of an order is not waited for.
            if endpoint.makes_order() {
                work.call.deadline = now;
            }
            return self.ask_of(&work).doubt();
        }
        let repeats = match options.repeats {
            Repeats::None => false,
            Repeats::YoungerThan(young) => {
                // Its age is known by the gateway's time, which the first answer brings.
                let unknown = self.of_case(desk, endpoint, entry, |case| case.now(None).is_none());
                let once = Work { call: Call { deadline: now, ..work.call }, ..work };
                if unknown && self.ask_of(&once).doubt().is_none() {
                    return None;
                }
                self.of_case(desk, endpoint, entry, |case| case.age(None).is_some_and(|age| age < young))
            }
        };
        match self.resume(&work, repeats) {
            Ran::Done(outcome) => outcome.doubt(),
            Ran::GivenUp(doubt) => Some(doubt),
            Ran::Ended(_) => None,
        }
    }

    /// Tells the journal that the caller acted on a settled entry as it was seen ([`Receipt::entry`], [`Entry::version`]): the
    /// ticket is printed, the door is open. Doing it twice is no error.
    ///
    /// # Errors
    ///
    /// The entry has changed since it was seen: it was paid again, or money came late; look at it again. Or there is no such
    /// entry, it is not settled, its end is known and not yet written, or the journal cannot be written.
    pub fn acknowledge(&self, seen: EntryVersion) -> Result<(), JournalFault> {
        self.check_process()?;
        let at = self.stamp();
        self.journal.with(|journal| {
            let have = self.as_recorded(&mut **journal, seen.id)?;
            // The acknowledgement itself is a change.
            let was_acknowledged = have.acknowledged_at.is_some() && have.revision == seen.revision.saturating_add(1);
            if have.revision != seen.revision && !was_acknowledged {
                return Err(refused("it has changed since it was seen: look at it again"));
            }
            journal.acknowledge(seen.id, at)?;
            self.forget(seen.id);
            Ok(())
        })?;
        self.prune_some();
        Ok(())
    }

    /// A step of the pruning that the till does by itself. What was acknowledged is acknowledged, whatever becomes of it.
    fn prune_some(&self) {
        let Some(older_than) = self.keep else { return };
        let now = self.clock.monotonic();
        // When all was seen, nothing is old before long.
        let rests = self.pruned.with(|pruned| pruned.is_some_and(|at| now.saturating_sub(at) < AN_HOUR));
        let Some((before, since)) = self.old(older_than).filter(|_| !rests) else { return };
        match self.journal.with(|journal| {
            journal.prune_step(before, since, &|entry| decided(entry, self.endpoint_of(entry)), PRUNED_AT_ONCE)
        }) {
            Ok(true) => {}
            Ok(false) => self.pruned.with(|pruned| *pruned = Some(now)),
            Err(fault) => log::warn!("nothing old was removed: {fault}"),
        }
    }

    /// Before when an acknowledgement is old, and since when an intent is young. `None`: a clock may be wrong.
    fn old(&self, older_than: Duration) -> Option<(i64, i64)> {
        let now = self.clock.unix_seconds();
        let older_than = i64::try_from(older_than.max(AN_HOUR).as_secs()).unwrap_or(i64::MAX);
        rules::may_prune(now, self.gateway_times())
            .then(|| (now.saturating_sub(older_than), now.saturating_sub(LOOK_BACK)))
    }

    /// The entry. What is proven of it is written before anybody says more of it.
    fn as_recorded(&self, journal: &mut dyn Journal, id: EntryId) -> Result<Entry, JournalFault> {
        if let Some(mut entry) = journal.entry(id)? {
            self.settle_unwritten(journal, &mut entry);
        }
        match self.seen_of(id).unwritten {
            None => journal.entry(id)?.ok_or(refused("there is no such entry")),
            Some(_) => Err(refused("it came to its end, and the journal cannot say so: look at it again")),
        }
    }

    /// A person closes an entry that nothing else can: kept for ever, with name and reason. Or ends a refused one as unpaid, which
    /// kept its number: then a new one may be used. Where another number of its intent was paid, what a person finds paid is late
    /// money.
    ///
    /// # Errors
    ///
    /// The name or the reason is empty, there is no such entry, it is settled already (also where this process knows that it is
    /// paid, and could not write so), a thread works on it, or the journal cannot be written. Or it is an order that its customer may
    /// still pay: close it first. Or it is to be unpaid, and its call is of a gateway that this till neither has nor knows ([`Till::knows`]).
    pub fn settle_by_hand(&self, entry: EntryId, paid: bool, name: &str, reason: &str) -> Result<(), JournalFault> {
        self.check_process()?;
        check_word(name, reason)?;
        let at = self.stamp();
        self.journal.with(|journal| {
            let have = self.as_recorded(&mut **journal, entry)?;
            let of_intent = self.as_known(&mut **journal, &have.intent)?;
            let since = self.since_ordered(entry);
            let reversal_is_over = self.is_reversal_over(&have);
            let busy = self.is_busy(entry);
            let looked = Looked { paid, name, reason, busy, of_intent: &of_intent, since, reversal_is_over };
            let endpoint = self.endpoint_of(&have);
            match rules::by_hand(&have, endpoint, &looked, at) {
                Step::Write(settlement, _) => {
                    journal.settle(entry, &settlement, at)?;
                    self.forget(entry);
                    Ok(())
                }
                Step::Refuse(words) => Err(refused_of(&have, endpoint, words)),
                _ => Err(refused("the entry is settled already")),
            }
        })
    }

    /// A person mended what an intent was refused for ([`Next::Stop`]: no permission, a limit of the day, a switch on the platform), and
    /// lets the same intent be paid again: `pay` it then. The word is kept for ever, with name and reason.
    ///
    /// Where the identical repeat is documented (red packets, WeCom, e-pay) its own number is sent again, so that it is paid once,
    /// whatever became of the refused attempt. An order that a customer pays gets a new number.
    ///
    /// # Errors
    ///
    /// The name or the reason is empty, there is no such entry, it was not refused so, a thread works on it, its end is known and not yet
    /// written, its call is of a gateway that this till neither has nor knows ([`Till::knows`]), or the journal cannot be written.
    pub fn allow_again(&self, entry: EntryId, name: &str, reason: &str) -> Result<(), JournalFault> {
        self.check_process()?;
        check_word(name, reason)?;
        let at = self.stamp();
        self.journal.with(|journal| {
            let have = self.as_recorded(&mut **journal, entry)?;
            let endpoint = self.endpoint_of(&have);
            match rules::again(&have, endpoint, self.is_busy(entry), (name, reason)) {
                Step::SameNumber => journal.allow_again(entry, name, reason, at),
                Step::Write(settlement, _) => journal.settle(entry, &settlement, at).map(drop),
                Step::Refuse(words) => Err(refused_of(&have, endpoint, words)),
                _ => Err(refused("it is not refused for good")),
            }
        })
    }

    /// Removes entries that were acknowledged longer ago than this, and blanks personal data in the acknowledged ones
    /// that stay. No intent younger than 30 days goes, which is as far as the gateways' queries reach. An intent that went is
    /// an `Error` when it is paid again, for ever: 16 bytes of it stay. Returns how many entries went.
    ///
    /// An entry of a gateway that this till neither has nor knows ([`Till::knows`]) is not blanked: without its table nobody can say which of
    /// its fields make an intent the same.
    ///
    /// Less than an hour counts as an hour: the pauses between two payments to one payee are read from the fields.
    ///
    /// A wrong clock would make a paid intent payable again, so nothing goes until a gateway's own time, in a reply that
    /// this till received, agreed with the clock to a day.
    ///
    /// All at once: after years that takes a while, and payments wait. [`Till::keep`] does it in small steps.
    ///
    /// # Errors
    ///
    /// The journal cannot be written.
    pub fn prune(&self, older_than: Duration) -> Result<u32, JournalFault> {
        self.check_process()?;
        let Some((before, since)) = self.old(older_than) else { return Ok(0) };
        self.journal.with(|journal| journal.prune(before, since, &|entry| decided(entry, self.endpoint_of(entry))))
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

    /// Counts and sums of the entries begun in a time, by call and outcome. What was begun under a clock that was not set is in every
    /// sum, as `undated: accepted` and the like: nobody knows its day.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    pub fn summary(&self, from: i64, until: i64) -> Result<Vec<Summary>, JournalFault> {
        self.check_process()?;
        self.journal.with(|journal| journal.summary(from, until))
    }
}

fn check_word(name: &str, reason: &str) -> Result<(), JournalFault> {
    match name.trim().is_empty() || reason.trim().is_empty() {
        true => Err(refused("a person gives a name and a reason")),
        false => Ok(()),
    }
}

/// Without its table an entry is named: whoever reads this must learn which account is missing.
fn refused_of(entry: &Entry, endpoint: Option<&Endpoint>, words: &'static str) -> JournalFault {
    match endpoint {
        Some(_) => refused(words),
        None => JournalFault::new(JournalFaultKind::Refused, text(&[words, ": ", &named(entry)])),
    }
}

pub(super) fn refused(words: &'static str) -> JournalFault {
    JournalFault::new(JournalFaultKind::Refused, words)
}
