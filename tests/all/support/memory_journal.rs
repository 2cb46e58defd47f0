//! A journal in memory, for tests: it keeps the trait's rules, and fails when told to.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use wxpay_terminal::*;

/// What survives when the till above it is dropped: hand a clone to the next till, as a file would be opened again.
#[derive(Clone, Default)]
pub struct MemoryJournal(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    entries: Vec<Entry>,
    epoch: u32,
    counter: u32,
    pruned: u32,
    /// When each entry was settled last, and how many there ever were.
    settled: HashMap<EntryId, i64>,
    ids: EntryId,
    /// Intents that went, and what they were.
    gone: Vec<Entry>,
    /// What the flash does to an entry while it is begun.
    begun: Option<fn(&mut Entry)>,
    /// Calls until one fails; none when zero. And how many fail from there on.
    fail_in: u32,
    fails: u32,
    /// Calls until nothing works any more, before it is opened again; none when zero. True: the last one was stored.
    stop_in: u32,
    stored: bool,
    stopped: bool,
    /// Terminal 7 without a name, where nothing else is said.
    owner: Option<Owner>,
}

impl MemoryJournal {
    /// The call after `calls` more calls fails, once.
    pub fn fail_in(&self, calls: u32) {
        let inner = &mut *self.0.lock().unwrap();
        (inner.fail_in, inner.fails) = (calls, 1);
    }

    /// From that call on so many fail.
    pub fn fail_for(&self, calls: u32, fails: u32) {
        let inner = &mut *self.0.lock().unwrap();
        (inner.fail_in, inner.fails) = (calls, fails);
    }

    /// From that call on nothing works until it is opened again, as after a failed sync. True: the call itself is in the file all the
    /// same.
    pub fn stop_in(&self, calls: u32, stored: bool) {
        let inner = &mut *self.0.lock().unwrap();
        (inner.stop_in, inner.stored) = (calls, stored);
    }

    /// Whether a call is still to fail, or to be the last one.
    #[cfg(feature = "contract")]
    pub fn is_waiting(&self) -> bool {
        let inner = self.0.lock().unwrap();
        inner.fail_in > 0 || inner.stop_in > 0
    }

    pub fn is_stopped(&self) -> bool {
        self.0.lock().unwrap().stopped
    }

    /// What went when it was pruned.
    pub fn gone(&self) -> Vec<Entry> {
        self.0.lock().unwrap().gone.clone()
    }

    /// Of another terminal than the usual one.
    pub fn owned_by(self, owner: Owner) -> MemoryJournal {
        self.0.lock().unwrap().owner = Some(owner);
        self
    }

    /// How often it was told to prune.
    pub fn pruned(&self) -> u32 {
        self.0.lock().unwrap().pruned
    }

    /// An empty journal under this epoch.
    pub fn starting_at(epoch: u32) -> MemoryJournal {
        MemoryJournal(Arc::new(Mutex::new(Inner { epoch, ..Inner::default() })))
    }

    /// What became of each entry, in a word.
    pub fn states(&self) -> Vec<&'static str> {
        let word = |entry: Entry| match entry.state {
            EntryState::Open => "open",
            EntryState::Recorded(Settlement::Ordered { .. }) => "ordered",
            EntryState::Recorded(Settlement::Refunding { .. }) => "refunding",
            EntryState::Recorded(Settlement::Abandoned) => "abandoned",
            EntryState::Recorded(Settlement::Accepted { .. }) => "paid",
            EntryState::Recorded(Settlement::PaidLate { .. }) => "late",
            EntryState::Recorded(Settlement::Declined { .. }) => "unpaid",
            EntryState::Recorded(Settlement::Unproven { .. }) => "unproven",
            EntryState::Recorded(Settlement::NotSent) => "not sent",
            EntryState::Recorded(Settlement::ForAPerson { .. }) => "for a person",
            _ => "another",
        };
        self.all().into_iter().map(word).collect()
    }

    pub fn all(&self) -> Vec<Entry> {
        self.0.lock().unwrap().entries.clone()
    }

    /// As if the file had been opened again: another epoch.
    pub fn reopened(&self) -> MemoryJournal {
        let mut inner = self.0.lock().unwrap();
        inner.epoch += 1;
        inner.counter = 0;
        (inner.stop_in, inner.stopped) = (0, false);
        drop(inner);
        self.clone()
    }

    fn call<T>(&self, run: impl FnOnce(&mut Inner) -> Result<T, JournalFault>) -> Result<T, JournalFault> {
        let mut inner = self.0.lock().unwrap();
        let fault = || Err(JournalFault::new(JournalFaultKind::Storage, "scripted"));
        if inner.stop_in > 0 {
            inner.stop_in -= 1;
            inner.stopped = inner.stop_in == 0;
            if inner.stopped && inner.stored {
                let _ = run(&mut inner);
                return fault();
            }
        }
        if inner.stopped {
            return fault();
        }
        if inner.fail_in > 0 {
            inner.fail_in -= 1;
            if inner.fail_in == 0 {
                inner.fails = inner.fails.saturating_sub(1);
                inner.fail_in = u32::from(inner.fails > 0);
                return fault();
            }
        }
        run(&mut inner)
    }
}

fn refused<T>() -> Result<T, JournalFault> {
    Err(JournalFault::new(JournalFaultKind::Refused, "not allowed"))
}

impl Inner {
    fn find(&mut self, id: EntryId) -> Result<&mut Entry, JournalFault> {
        self.entries
            .iter_mut()
            .find(|entry| entry.id == id)
            .ok_or_else(|| JournalFault::new(JournalFaultKind::Refused, "no such entry"))
    }

    fn latest(&self, intent: &str) -> Option<Entry> {
        self.entries.iter().rfind(|entry| entry.intent == intent).cloned()
    }
}

/// Before this nothing was paid: 2026-01-01.
const EARLIEST: i64 = 1_767_225_600;

impl Inner {
    /// How young an entry may be: by its own times, or, where its clock was not set, by the next entry's with one that was.
    fn newest_time(&self, at: usize) -> Option<i64> {
        let entry = &self.entries[at];
        if entry.begun_at < EARLIEST {
            return self.entries[at + 1..].iter().map(|later| later.begun_at).find(|begun| *begun >= EARLIEST);
        }
        let settled = self.settled.get(&entry.id).copied().unwrap_or(0);
        Some(entry.begun_at.max(entry.last_attempt_at).max(settled))
    }

    /// An intent goes as a whole. Of what is old and stays the fields go, where they are not to be sent again.
    fn prune(
        &mut self,
        acknowledged_before: i64,
        keep_intents_since: i64,
        decided: &dyn Fn(&Entry) -> Option<[u8; 16]>,
    ) -> u32 {
        let acknowledged = |at: usize, before: i64| {
            let times = self.entries[at].acknowledged_at.zip(self.newest_time(at));
            times.is_some_and(|(acknowledged, newest)| acknowledged.max(newest) < before)
        };
        let mut going: HashSet<String> = self.entries.iter().map(|entry| entry.intent.clone()).collect();
        let mut blanked = Vec::new();
        for (at, entry) in self.entries.iter().enumerate() {
            let old = acknowledged(at, acknowledged_before);
            let by_hand = matches!(entry.state, EntryState::Recorded(Settlement::ByHand { .. }));
            // An order can be refunded for a year, by whichever of its numbers.
            let is_of = |other: &Entry| {
                other.account == entry.account && other.of.as_deref() == Some(entry.order_number.as_str())
            };
            let stays = entry.of.is_some() || self.entries.iter().any(is_of);
            let longer = if stays { 336 * 86_400 } else { 0 };
            if !old || by_hand || entry.is_unproven() || !acknowledged(at, keep_intents_since - longer) {
                going.remove(&entry.intent);
            }
            let again = matches!(&entry.state, EntryState::Recorded(Settlement::Declined { next, .. })
                if matches!(next, Next::SameNumber | Next::SameNumberLater(_)));
            blanked.extend((old && !again).then_some(at));
        }
        for at in blanked {
            let entry = &mut self.entries[at];
            if entry.fields.is_empty() {
                continue;
            }
            let Some(kept) = decided(entry) else { continue };
            entry.decided = Some(kept);
            entry.revision += 1;
            entry.fields.clear();
        }
        let (gone, kept): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.entries).into_iter().partition(|entry| going.contains(&entry.intent));
        self.entries = kept;
        let count = u32::try_from(gone.len()).unwrap();
        self.gone.extend(gone);
        count
    }
}

/// The rule of `settle`, written apart from the library's.
fn takes(entry: &Entry, settlement: &Settlement) -> bool {
    use Settlement::*;
    let late = matches!(settlement, PaidLate { .. });
    // What is being taken back is accepted by nobody.
    if entry.reversals > 0 && matches!(settlement, Accepted { .. } | ByHand { paid: true, .. }) {
        return false;
    }
    match &entry.state {
        EntryState::Open | EntryState::Recorded(ForAPerson { .. }) => true,
        EntryState::Recorded(Refunding { .. }) => {
            !matches!(settlement, Ordered { .. } | Abandoned | NotSent | Unproven { .. })
        }
        EntryState::Recorded(Ordered { .. } | Abandoned) => !matches!(settlement, Ordered { .. } | Abandoned | NotSent),
        EntryState::Recorded(Declined { next, .. }) if *next != Next::NewNumber => {
            late || matches!(settlement, ByHand { paid: false, .. })
        }
        // A refusal without proof waits for it.
        EntryState::Recorded(Unproven { next, .. }) => match settlement {
            PaidLate { .. } | Declined { .. } | ForAPerson { .. } => true,
            Accepted { .. } | Refunding { .. } => entry.of.is_some(),
            ByHand { paid: false, .. } => *next != Next::NewNumber,
            _ => false,
        },
        // Late money is kept after the gateway said again that it is there.
        EntryState::Recorded(PaidLate { .. }) => matches!(settlement, Accepted { queried: true, .. }),
        EntryState::Recorded(Declined { .. } | NotSent | ByHand { paid: false, .. }) => late,
        EntryState::Recorded(_) => false,
    }
}

impl Journal for MemoryJournal {
    fn owner(&self) -> Owner {
        self.0.lock().unwrap().owner.clone().unwrap_or(Owner { terminal: 7, device_info: None })
    }

    fn of_intent(&mut self, intent: &str) -> Result<Vec<Entry>, JournalFault> {
        self.call(|inner| Ok(inner.entries.iter().filter(|entry| entry.intent == intent).cloned().collect()))
    }

    fn begin(
        &mut self,
        new: &NewEntry<'_>,
        number: &mut dyn FnMut(Serial) -> Result<Numbered, Error>,
    ) -> Result<Entry, JournalFault> {
        self.call(|inner| {
            if inner.gone.iter().any(|entry| entry.intent == new.intent) {
                return Err(JournalFault::new(JournalFaultKind::Refused, "this intent was pruned"));
            }
            // What was refused for good is that by its own call, under its own account.
            let stops = |entry: &Entry| {
                let refused = matches!(
                    entry.state,
                    EntryState::Recorded(
                        Settlement::Declined { next: Next::Stop, .. } | Settlement::Unproven { next: Next::Stop, .. }
                    )
                );
                !(entry.allows_new_number() || refused && (entry.account != new.account || entry.call != new.call))
            };
            if inner.latest(new.intent).is_some_and(|entry| stops(&entry)) {
                return refused();
            }
            inner.counter += 1;
            if inner.counter >= COUNTERS {
                inner.epoch += 1;
                inner.counter = 0;
            }
            let serial = Serial { epoch: inner.epoch, counter: inner.counter };
            let Numbered { order_number, fields } =
                number(serial).map_err(|e| JournalFault::new(JournalFaultKind::Number, e.to_string()))?;
            inner.ids += 1;
            let id = inner.ids;
            let mut entry = Entry::new(id, new, order_number, fields);
            entry.attempts = 1;
            if let Some(change) = inner.begun {
                change(&mut entry);
            }
            inner.entries.push(entry.clone());
            Ok(entry)
        })
    }

    fn attempt(&mut self, id: EntryId, at: i64) -> Result<(), JournalFault> {
        self.call(|inner| {
            let entry = inner.find(id)?;
            if entry.state != EntryState::Open {
                return refused();
            }
            entry.attempts += 1;
            entry.last_attempt_at = at;
            entry.revision += 1;
            Ok(())
        })
    }

    fn reversing(&mut self, id: EntryId, at: i64) -> Result<(), JournalFault> {
        self.call(|inner| {
            let entry = inner.find(id)?;
            let open = match &entry.state {
                EntryState::Open => true,
                EntryState::Recorded(settlement) => {
                    matches!(settlement, Settlement::Unproven { .. } | Settlement::ForAPerson { .. })
                }
            };
            if !open {
                return refused();
            }
            entry.reversals += 1;
            entry.last_reversal_at = Some(at);
            entry.revision += 1;
            Ok(())
        })
    }

    fn refunds_of(&mut self, account: &str, order: &str) -> Result<Vec<Entry>, JournalFault> {
        self.call(|inner| {
            let all = inner.entries.iter().filter(|entry| entry.account == account);
            Ok(all.filter(|entry| entry.of.as_deref() == Some(order)).cloned().collect())
        })
    }

    fn by_evidence(&mut self, account: &str, field: &str, value: &str) -> Result<Option<Entry>, JournalFault> {
        self.call(|inner| {
            let proof = |entry: &Entry| match &entry.state {
                EntryState::Recorded(
                    Settlement::Accepted { evidence, .. }
                    | Settlement::PaidLate { evidence }
                    | Settlement::Ordered { evidence }
                    | Settlement::Refunding { evidence },
                ) => evidence.clone(),
                _ => Vec::new(),
            };
            let has = |entry: &&Entry| proof(entry).iter().any(|(name, have)| name == field && have == value);
            Ok(inner.entries.iter().filter(|entry| entry.account == account).find(has).cloned())
        })
    }

    fn before(&mut self, id: EntryId, most: usize) -> Result<Vec<Entry>, JournalFault> {
        self.call(|inner| {
            let mut below: Vec<Entry> = inner.entries.iter().filter(|entry| entry.id < id).cloned().collect();
            below.sort_by_key(|entry| std::cmp::Reverse(entry.id));
            below.truncate(most);
            Ok(below)
        })
    }

    fn unproven(&mut self) -> Result<Vec<Entry>, JournalFault> {
        self.call(|inner| Ok(inner.entries.iter().filter(|entry| entry.is_unproven()).cloned().collect()))
    }

    fn settle(&mut self, id: EntryId, settlement: &Settlement, at: i64) -> Result<i64, JournalFault> {
        self.call(|inner| {
            let entry = inner.find(id)?;
            if !takes(entry, settlement) {
                return refused();
            }
            let proves = entry.is_unproven() && matches!(settlement, Settlement::Declined { .. });
            entry.state = EntryState::Recorded(settlement.clone());
            entry.acknowledged_at = entry.acknowledged_at.filter(|_| proves);
            entry.settled_at = Some(at);
            entry.revision += 1;
            let revision = entry.revision;
            inner.settled.insert(id, at);
            Ok(revision)
        })
    }

    fn reopen(&mut self, id: EntryId, at: i64, mended: Option<&Mended>) -> Result<(), JournalFault> {
        self.call(|inner| {
            let entry = inner.find(id)?;
            if !entry.allows_same_number() || (entry.fields.is_empty() && mended.is_none()) {
                return refused();
            }
            if entry.state == EntryState::Recorded(Settlement::NotSent) {
                entry.begun_at = at;
            }
            if let Some(mended) = mended {
                (entry.amount, entry.fields) = (mended.amount, mended.fields.clone());
            }
            entry.state = EntryState::Open;
            (entry.acknowledged_at, entry.settled_at) = (None, None);
            entry.attempts += 1;
            entry.last_attempt_at = at;
            entry.revision += 1;
            Ok(())
        })
    }

    fn allow_again(&mut self, id: EntryId, _: &str, _: &str, _: i64) -> Result<(), JournalFault> {
        self.call(|inner| {
            let entry = inner.find(id)?;
            match &mut entry.state {
                EntryState::Recorded(Settlement::Declined { next, .. } | Settlement::Unproven { next, .. })
                    if *next == Next::Stop =>
                {
                    *next = Next::SameNumber
                }
                _ => return refused(),
            }
            entry.revision += 1;
            Ok(())
        })
    }

    fn note(&mut self, id: EntryId, known: bool, words: Option<&Words>) -> Result<(), JournalFault> {
        self.call(|inner| {
            let entry = inner.find(id)?;
            let now = (entry.known || known, words.cloned().or(entry.last_words.clone()));
            entry.revision += i64::from(now != (entry.known, entry.last_words.clone()));
            (entry.known, entry.last_words) = now;
            Ok(())
        })
    }

    fn acknowledge(&mut self, id: EntryId, at: i64) -> Result<(), JournalFault> {
        self.call(|inner| {
            let entry = inner.find(id)?;
            if !entry.is_settled() {
                return refused();
            }
            entry.revision += i64::from(entry.acknowledged_at.is_none());
            entry.acknowledged_at.get_or_insert(at);
            Ok(())
        })
    }

    fn entry(&mut self, id: EntryId) -> Result<Option<Entry>, JournalFault> {
        self.call(|inner| Ok(inner.entries.iter().find(|entry| entry.id == id).cloned()))
    }

    fn by_order_number(&mut self, account: &str, number: &str) -> Result<Option<Entry>, JournalFault> {
        self.call(|inner| {
            let mut all = inner.entries.iter();
            Ok(all.find(|entry| entry.account == account && entry.order_number == number).cloned())
        })
    }

    fn last_attempt_to(&mut self, account: &str, field: &str, value: &str) -> Result<Option<i64>, JournalFault> {
        self.call(|inner| {
            let holds = |entry: &&Entry| entry.fields.iter().any(|(name, have)| name == field && have == value);
            let sent = |entry: &&Entry| entry.state != EntryState::Recorded(Settlement::NotSent);
            let all = inner.entries.iter().filter(|entry| entry.account == account);
            Ok(all.filter(holds).filter(sent).map(|entry| entry.last_attempt_at).max())
        })
    }

    fn unacknowledged(&mut self) -> Result<Vec<Entry>, JournalFault> {
        self.call(|inner| Ok(inner.entries.iter().filter(|e| e.acknowledged_at.is_none()).cloned().collect()))
    }

    fn prune(
        &mut self,
        acknowledged_before: i64,
        keep_intents_since: i64,
        decided: &dyn Fn(&Entry) -> Option<[u8; 16]>,
    ) -> Result<u32, JournalFault> {
        self.call(|inner| {
            inner.pruned += 1;
            Ok(inner.prune(acknowledged_before, keep_intents_since, decided))
        })
    }

    fn summary(&mut self, from: i64, until: i64) -> Result<Vec<Summary>, JournalFault> {
        self.call(|inner| {
            let mut rows: Vec<Summary> = Vec::new();
            for entry in &inner.entries {
                let dated = (EARLIEST..2_713_910_400).contains(&entry.begun_at);
                if dated && !(from <= entry.begun_at && entry.begun_at < until) {
                    continue;
                }
                let outcome = [if dated { "" } else { "undated: " }, outcome(&entry.state)].concat();
                match rows.iter_mut().find(|row| row.call == entry.call && row.outcome == outcome) {
                    Some(row) => (row.count, row.fen) = (row.count + 1, row.fen + u64::from(entry.amount.get())),
                    None => rows.push(Summary::new(&*entry.call, outcome, 1, entry.amount.get().into())),
                }
            }
            Ok(rows)
        })
    }
}

fn outcome(state: &EntryState) -> &'static str {
    use Settlement::*;
    let EntryState::Recorded(settlement) = state else { return "open" };
    match settlement {
        Accepted { .. } => "accepted",
        Declined { .. } => "declined",
        Unproven { .. } => "unproven",
        NotSent => "not sent",
        Ordered { .. } => "ordered",
        Refunding { .. } => "refunding",
        Abandoned => "abandoned",
        PaidLate { .. } => "paid late",
        ForAPerson { .. } => "for a person",
        ByHand { paid: true, .. } => "by hand: paid",
        ByHand { paid: false, .. } => "by hand: not paid",
        _ => "another",
    }
}

/// The newest entry of an intent, which decides what may be paid next.
#[cfg(feature = "sqlite")]
pub trait Newest {
    fn latest(&mut self, account: &str, intent: &str) -> Result<Option<Entry>, JournalFault>;
}

#[cfg(feature = "sqlite")]
impl<J: Journal> Newest for J {
    fn latest(&mut self, account: &str, intent: &str) -> Result<Option<Entry>, JournalFault> {
        let entries = self.of_intent(intent)?;
        Ok(entries.into_iter().rfind(|entry| entry.account == account))
    }
}

#[cfg(feature = "sqlite")]
impl MemoryJournal {
    /// Flash that changes what is begun from now on.
    pub fn change_begun(&self, change: fn(&mut Entry)) {
        self.0.lock().unwrap().begun = Some(change);
    }

    /// As flash does: an entry is another one than was stored.
    pub fn change(&self, change: impl FnOnce(&mut Entry)) {
        change(self.0.lock().unwrap().entries.last_mut().unwrap());
    }
}
