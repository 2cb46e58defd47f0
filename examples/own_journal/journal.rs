//! A journal on a memory chip. All entries are held in RAM; each change is a record in the chip.
//!
//! A record first, then its mark. So a torn record is never read (no mark, or a wrong check), a whole one without its mark counts (its
//! power went before the answer), and what a mark promised is missed when it is not there: that is damage, not an older journal.
//! What it does not do: give space back. A real one copies what is left into a second bank.

use std::collections::BTreeSet;

use wxpay_terminal::*;

use super::chip::Chip;
use super::record::{FIRST, In, MARK, Out, mark, marked_end, read, read_entry, record, write_entry};

type Result<T> = std::result::Result<T, JournalFault>;

/// Before this nothing was paid: 2026-01-01. From 2056 on a clock is not believed, either.
const EARLIEST: i64 = 1_767_225_600;
const LATEST: i64 = 2_713_910_400;
const DAY: i64 = 86_400;

pub struct ChipJournal {
    chip: Chip,
    /// Where the next record goes, and its sequence.
    end: usize,
    sequence: u64,
    owner: Owner,
    entries: Vec<Entry>,
    highest: EntryId,
    gone: BTreeSet<String>,
    epochs: BTreeSet<u32>,
    next: Serial,
    random: Box<dyn Random>,
}

fn fault(kind: JournalFaultKind, text: &'static str) -> JournalFault {
    JournalFault::new(kind, text)
}

fn refused<T>() -> Result<T> {
    Err(fault(JournalFaultKind::Refused, "what is known of the entry does not allow it"))
}

// -- records: what each does to what is in RAM --

const OWNER: u8 = 0;
const EPOCH: u8 = 1;
const ENTRY: u8 = 2;
const GONE: u8 = 3;

impl ChipJournal {
    /// Opens the journal in this chip, or makes one where the chip is empty.
    pub fn open(chip: Chip, terminal: u16, random: Box<dyn Random>) -> Result<ChipJournal> {
        let bytes = chip.bytes();
        let full = Serial { epoch: 0, counter: COUNTERS };
        let mut journal = ChipJournal {
            chip,
            end: FIRST,
            sequence: 0,
            owner: Owner { terminal, device_info: None },
            entries: Vec::new(),
            highest: 0,
            gone: BTreeSet::new(),
            epochs: BTreeSet::new(),
            next: full,
            random,
        };
        while let Some((body, end)) = read(&bytes, journal.end, journal.sequence) {
            journal.replay(body).ok_or_else(|| fault(JournalFaultKind::Damaged, "a record cannot be read"))?;
            (journal.end, journal.sequence) = (end, journal.sequence + 1);
        }
        if marked_end(&bytes).is_some_and(|marked| journal.end < marked) {
            return Err(fault(JournalFaultKind::Damaged, "a record is not as it was written"));
        }
        if journal.owner.terminal != terminal {
            return Err(fault(JournalFaultKind::Foreign, "it belongs to another terminal"));
        }
        if journal.sequence == 0 {
            let mut owner = Out(vec![OWNER]);
            owner.integer(terminal.into());
            journal.append(owner)?;
        }
        journal.draw_epoch()?;
        Ok(journal)
    }

    fn replay(&mut self, body: &[u8]) -> Option<()> {
        let mut from = In(body);
        match from.byte()? {
            OWNER => self.owner.terminal = from.small()?.try_into().ok()?,
            EPOCH => {
                self.epochs.insert(from.small()?);
            }
            ENTRY => {
                let entry = read_entry(&mut from)?;
                self.put(entry);
            }
            GONE => {
                let intent = from.text()?;
                self.go(&intent);
            }
            _ => return None,
        }
        from.0.is_empty().then_some(())
    }

    /// The record, then the mark: when this returns both are in the chip.
    fn append(&mut self, body: Out) -> Result<()> {
        let failed = |_| fault(JournalFaultKind::Storage, "the chip did not take a write");
        let record = record(self.sequence, &body.0);
        self.chip.write(self.end, &record).map_err(failed)?;
        let end = self.end + record.len();
        self.chip.write((self.sequence % 2) as usize * MARK, &mark(self.sequence, end)).map_err(failed)?;
        (self.end, self.sequence) = (end, self.sequence + 1);
        Ok(())
    }

    fn put(&mut self, entry: Entry) {
        self.highest = self.highest.max(entry.id);
        match self.entries.iter_mut().find(|have| have.id == entry.id) {
            Some(have) => *have = entry,
            None => self.entries.push(entry),
        }
    }

    fn go(&mut self, intent: &str) {
        self.entries.retain(|entry| entry.intent != intent);
        self.gone.insert(intent.into());
    }

    /// A new epoch in the chip, before a number is made from it.
    fn draw_epoch(&mut self) -> Result<()> {
        let no_random = |_| fault(JournalFaultKind::Number, "there are no random numbers");
        for _ in 0..64 {
            let mut bytes = [0; 4];
            self.random.fill(&mut bytes).map_err(no_random)?;
            let epoch = u32::from_le_bytes(bytes) % EPOCHS;
            if !self.epochs.contains(&epoch) {
                let mut body = Out(vec![EPOCH]);
                body.integer(epoch.into());
                self.append(body)?;
                self.epochs.insert(epoch);
                self.next = Serial { epoch, counter: 0 };
                return Ok(());
            }
        }
        Err(fault(JournalFaultKind::Number, "no epoch is free"))
    }

    /// What is shown is used up.
    fn serial(&mut self) -> Result<Serial> {
        if self.next.counter >= COUNTERS {
            self.draw_epoch()?;
        }
        let serial = self.next;
        self.next.counter += 1;
        Ok(serial)
    }

    fn store(&mut self, entry: Entry) -> Result<()> {
        let mut body = Out(vec![ENTRY]);
        write_entry(&mut body, &entry);
        self.append(body)?;
        self.put(entry);
        Ok(())
    }

    /// Changes an entry, where the change is allowed: first in the chip, then in RAM. Returns its revision.
    fn change(&mut self, id: EntryId, change: impl FnOnce(&mut Entry) -> Result<()>) -> Result<i64> {
        let Some(mut entry) = self.entries.iter().find(|entry| entry.id == id).cloned() else { return refused() };
        let before = entry.clone();
        change(&mut entry)?;
        if entry != before {
            entry.revision += 1;
            self.store(entry.clone())?;
        }
        Ok(entry.revision)
    }

    fn chosen(&self, which: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        self.entries.iter().filter(|entry| which(entry)).cloned().collect()
    }
}

fn evidence(entry: &Entry) -> &[(String, String)] {
    use Settlement::*;
    let EntryState::Recorded(settlement) = &entry.state else { return &[] };
    match settlement {
        Accepted { evidence, .. } | PaidLate { evidence } | Ordered { evidence } | Refunding { evidence } => evidence,
        _ => &[],
    }
}

impl Journal for ChipJournal {
    fn owner(&self) -> Owner {
        self.owner.clone()
    }

    fn of_intent(&mut self, intent: &str) -> Result<Vec<Entry>> {
        Ok(self.chosen(|entry| entry.intent == intent))
    }

    fn begin(
        &mut self,
        new: &NewEntry<'_>,
        number: &mut dyn FnMut(Serial) -> std::result::Result<Numbered, Error>,
    ) -> Result<Entry> {
        let newest = self.entries.iter().rfind(|entry| entry.intent == new.intent);
        if self.gone.contains(new.intent) || newest.is_some_and(|newest| !newest.lets_begin(new)) {
            return refused();
        }
        let serial = self.serial()?;
        let numbered =
            number(serial).map_err(|error| JournalFault::new(JournalFaultKind::Number, error.to_string()))?;
        let entry = Entry::new(self.highest + 1, new, numbered.order_number, numbered.fields);
        self.store(entry.clone())?;
        Ok(entry)
    }

    fn attempt(&mut self, id: EntryId, at: i64) -> Result<()> {
        let count = |entry: &mut Entry| {
            if entry.state != EntryState::Open {
                return refused();
            }
            (entry.attempts, entry.last_attempt_at) = (entry.attempts + 1, at);
            Ok(())
        };
        self.change(id, count).map(|_| ())
    }

    fn reversing(&mut self, id: EntryId, at: i64) -> Result<()> {
        let count = |entry: &mut Entry| {
            if !entry.may_be_reversed() {
                return refused();
            }
            (entry.reversals, entry.last_reversal_at) = (entry.reversals + 1, Some(at));
            Ok(())
        };
        self.change(id, count).map(|_| ())
    }

    fn settle(&mut self, id: EntryId, settlement: &Settlement, at: i64) -> Result<i64> {
        self.change(id, |entry| {
            if !entry.takes(settlement) {
                return refused();
            }
            let proves = entry.is_unproven() && matches!(settlement, Settlement::Declined { .. });
            entry.acknowledged_at = entry.acknowledged_at.filter(|_| proves);
            (entry.state, entry.settled_at) = (EntryState::Recorded(settlement.clone()), Some(at));
            Ok(())
        })
    }

    fn reopen(&mut self, id: EntryId, at: i64, mended: Option<&Mended>) -> Result<()> {
        let open = |entry: &mut Entry| {
            if !entry.allows_same_number() || (entry.fields.is_empty() && mended.is_none()) {
                return refused();
            }
            if entry.state == EntryState::Recorded(Settlement::NotSent) {
                entry.begun_at = at;
            }
            if let Some(Mended { amount, fields }) = mended {
                (entry.amount, entry.fields, entry.decided) = (*amount, fields.clone(), None);
            }
            (entry.state, entry.settled_at, entry.acknowledged_at) = (EntryState::Open, None, None);
            (entry.attempts, entry.last_attempt_at) = (entry.attempts + 1, at);
            Ok(())
        };
        self.change(id, open).map(|_| ())
    }

    /// A journal of your own keeps name, reason and time, too: who allowed it is asked for, one day. This one logs them.
    fn allow_again(&mut self, id: EntryId, name: &str, reason: &str, at: i64) -> Result<()> {
        let allow = |entry: &mut Entry| match &mut entry.state {
            EntryState::Recorded(Settlement::Declined { next, .. } | Settlement::Unproven { next, .. })
                if *next == Next::Stop =>
            {
                *next = Next::SameNumber;
                Ok(())
            }
            _ => refused(),
        };
        log::info!("entry {id}: {name} allowed it again at {at}: {reason}");
        self.change(id, allow).map(|_| ())
    }

    fn note(&mut self, id: EntryId, known: bool, words: Option<&Words>) -> Result<()> {
        let note = |entry: &mut Entry| {
            entry.known |= known;
            entry.last_words = words.cloned().or(entry.last_words.take());
            Ok(())
        };
        self.change(id, note).map(|_| ())
    }

    fn acknowledge(&mut self, id: EntryId, at: i64) -> Result<()> {
        let acknowledge = |entry: &mut Entry| {
            if !entry.is_settled() {
                return refused();
            }
            entry.acknowledged_at.get_or_insert(at);
            Ok(())
        };
        self.change(id, acknowledge).map(|_| ())
    }

    fn entry(&mut self, id: EntryId) -> Result<Option<Entry>> {
        Ok(self.chosen(|entry| entry.id == id).pop())
    }

    fn by_order_number(&mut self, account: &str, order_number: &str) -> Result<Option<Entry>> {
        Ok(self.chosen(|entry| entry.account == account && entry.order_number == order_number).pop())
    }

    fn last_attempt_to(&mut self, account: &str, field: &str, value: &str) -> Result<Option<i64>> {
        let sent = self.entries.iter().filter(|entry| {
            let holds = entry.fields.iter().any(|(name, have)| name == field && have == value);
            entry.account == account && holds && entry.state != EntryState::Recorded(Settlement::NotSent)
        });
        Ok(sent.map(|entry| entry.last_attempt_at).max())
    }

    fn unacknowledged(&mut self) -> Result<Vec<Entry>> {
        Ok(self.chosen(|entry| entry.acknowledged_at.is_none()))
    }

    fn unproven(&mut self) -> Result<Vec<Entry>> {
        Ok(self.chosen(Entry::is_unproven))
    }

    fn refunds_of(&mut self, account: &str, order: &str) -> Result<Vec<Entry>> {
        Ok(self.chosen(|entry| entry.account == account && entry.of.as_deref() == Some(order)))
    }

    fn by_evidence(&mut self, account: &str, field: &str, value: &str) -> Result<Option<Entry>> {
        let holds = |entry: &Entry| evidence(entry).iter().any(|(name, have)| name == field && have == value);
        Ok(self.chosen(|entry| entry.account == account && holds(entry)).into_iter().next())
    }

    fn before(&mut self, id: EntryId, most: usize) -> Result<Vec<Entry>> {
        Ok(self.entries.iter().rev().filter(|entry| entry.id < id).take(most).cloned().collect())
    }

    fn prune(
        &mut self,
        acknowledged_before: i64,
        keep_intents_since: i64,
        decided: &dyn Fn(&Entry) -> Option<[u8; 16]>,
    ) -> Result<u32> {
        let mut count = 0;
        for entry in self.entries.clone() {
            // It went with an older entry of its intent.
            if self.gone.contains(&entry.intent) || !self.is_old(&entry, acknowledged_before) {
                continue;
            }
            let all = self.chosen(|other| other.intent == entry.intent);
            if all.iter().all(|one| self.may_go(one, acknowledged_before, keep_intents_since)) {
                // One record: an intent goes as a whole.
                let mut body = Out(vec![GONE]);
                body.text(&entry.intent);
                self.append(body)?;
                self.go(&entry.intent);
                count += all.len() as u32;
            } else if !entry.fields.is_empty() && !entry.allows_same_number() {
                // Nobody knows which of its fields decide: it keeps them.
                let Some(kept) = decided(&entry) else { continue };
                let blank = |entry: &mut Entry| {
                    entry.decided = Some(kept);
                    entry.fields.clear();
                    Ok(())
                };
                self.change(entry.id, blank)?;
            }
        }
        Ok(count)
    }

    fn summary(&mut self, from: i64, until: i64) -> Result<Vec<Summary>> {
        Ok(sums(&self.entries, from, until))
    }
}

// -- pruning --

impl ChipJournal {
    /// How young an entry may be. One from a clock that was not set is as old as the next one with a good time; without one it is young.
    fn youngest(&self, entry: &Entry) -> Option<i64> {
        if entry.begun_at >= EARLIEST {
            return Some(entry.begun_at.max(entry.last_attempt_at).max(entry.settled_at.unwrap_or(0)));
        }
        let later = self.entries.iter().filter(|other| other.id > entry.id);
        later.map(|later| later.begun_at).find(|begun| *begun >= EARLIEST)
    }

    fn is_old(&self, entry: &Entry, before: i64) -> bool {
        let times = entry.acknowledged_at.zip(self.youngest(entry));
        times.is_some_and(|(acknowledged, youngest)| acknowledged.max(youngest) < before)
    }

    fn may_go(&self, entry: &Entry, before: i64, since: i64) -> bool {
        let by_hand = matches!(entry.state, EntryState::Recorded(Settlement::ByHand { .. }));
        let refunds =
            |other: &Entry| other.account == entry.account && other.of.as_deref() == Some(entry.order_number.as_str());
        let stays = entry.of.is_some() || self.entries.iter().any(refunds);
        let since = since - if stays { 336 * DAY } else { 0 };
        !by_hand && !entry.is_unproven() && self.is_old(entry, before) && self.is_old(entry, since)
    }
}

// -- sums --

fn sums(entries: &[Entry], from: i64, until: i64) -> Vec<Summary> {
    let mut rows: std::collections::BTreeMap<(String, String), (u64, u64)> = Default::default();
    for entry in entries {
        let dated = (EARLIEST..LATEST).contains(&entry.begun_at);
        if dated && !(from..until).contains(&entry.begun_at) {
            continue;
        }
        let outcome = format!("{}{}", if dated { "" } else { "undated: " }, entry.state.word());
        let (count, fen) = rows.entry((entry.call.clone(), outcome)).or_default();
        (*count, *fen) = (*count + 1, *fen + u64::from(entry.amount.get()));
    }
    rows.into_iter().map(|((call, outcome), (count, fen))| Summary::new(call, outcome, count, fen)).collect()
}
