//! Journals with one mistake each: the contract finds it, and names the promise that it breaks.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};

use wxpay_terminal::contract::{self, JournalBench, Promise, Trouble};
use wxpay_terminal::*;

use crate::contract::chip::Chip;
use crate::contract::journal::ChipJournal;
use crate::contract::own_journals::Numbers;

type Result<T> = std::result::Result<T, JournalFault>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mistake {
    /// A good journal: the tests below find a mistake, and not the way it was put in.
    Faultless,
    // -- serials --
    /// A serial of which nothing came is given out again.
    SerialAgain,
    /// An opening goes on with the epoch before.
    EpochStays,
    /// The first epoch of every journal is the same.
    EpochNotRandom,
    /// The counter goes on and on.
    CounterOverflows,
    // -- what is stored --
    /// A text is cut to its column.
    TextsAreCut,
    /// Whole seconds of a waiting time.
    WaitIsRounded,
    /// The newest of three changes waits in a cache when the power goes.
    WritesBehind,
    /// Two records for one change.
    TwoSteps,
    /// A record that is torn is damage.
    RefusesTornRecords,
    /// The digest is not compared.
    BelievesTheFlash,
    /// A write that failed is not looked at.
    IgnoresFailure,
    /// A failed beginning leaves an entry.
    LeavesAnEntry,
    /// The newest entry is not there after an opening.
    LosesTheNewest,
    // -- rules --
    /// An intent is unique under its account only.
    IntentByAccount,
    /// What is settled is said to be settled anew.
    SettlesAgain,
    /// An attempt is counted of what is settled.
    AttemptsAnything,
    /// Every fault is one of the storage.
    OneKind,
    /// An acknowledgement is no change.
    RevisionStays,
    /// A number is given twice.
    NumbersAgain,
    /// Late money stays acknowledged.
    StaysAcknowledged,
    /// Acknowledged twice is a fault.
    AcknowledgesOnce,
    /// Another terminal after an opening.
    OtherOwner,
    // -- questions --
    /// `before(0)` is read as "from the end".
    BeforeZero,
    /// The newest first.
    NewestFirst,
    /// An order number is found under any account.
    AnyAccount,
    /// What was never sent counts as an attempt.
    UnsentCounts,
    /// A refusal that was acknowledged is not asked about any more.
    ForgetsUnproven,
    /// What has no day is in no sum.
    UndatedLeftOut,
    // -- pruning --
    /// What nobody acted upon goes as well.
    PrunesYoung,
    /// What nobody can say of what decides is blanked all the same.
    BlanksTheUnknown,
    /// What went may begin again.
    ForgetsTheGone,
}

use Mistake::*;

#[derive(Default)]
struct Shared {
    opened: u32,
    flipped: bool,
    acknowledged: BTreeSet<EntryId>,
    gone: BTreeSet<String>,
    lost: Option<EntryId>,
    again: Option<Serial>,
    epoch: Option<u32>,
    counter: u32,
    /// What is being settled, and what was when the power went.
    settling: Option<EntryId>,
    half: Option<EntryId>,
}

struct Faulty {
    inner: ChipJournal,
    mistake: Mistake,
    shared: Arc<Mutex<Shared>>,
}

struct Bench {
    chip: Chip,
    mistake: Mistake,
    shared: Arc<Mutex<Shared>>,
    /// What was in the chip before the last two troubles were armed.
    cached: [Vec<u8>; 2],
    cut: bool,
}

/// Counts up, from the same number in each journal.
struct Counting(Mutex<u8>);

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) -> std::result::Result<(), Error> {
        let mut next = self.0.lock().unwrap();
        bytes.fill(*next);
        *next = next.wrapping_add(1);
        Ok(())
    }
}

impl Bench {
    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap()
    }
}

impl JournalBench for Bench {
    fn erase(&mut self) {
        self.chip.erase();
        *self.shared() = Shared::default();
        self.cached = Default::default();
    }

    fn open(&mut self) -> Result<Box<dyn Journal>> {
        if self.mistake == RefusesTornRecords && std::mem::take(&mut self.cut) {
            return Err(JournalFault::new(JournalFaultKind::Damaged, "the last record is torn"));
        }
        if self.mistake == WritesBehind && std::mem::take(&mut self.cut) {
            self.chip.erase();
            self.chip.write(0, &self.cached[0]).unwrap();
        }
        let random: Box<dyn Random> =
            if self.mistake == EpochNotRandom { Box::new(Counting(Mutex::new(0))) } else { Box::new(Numbers) };
        let mut inner = ChipJournal::open(self.chip.clone(), 7, random)?;
        let newest = inner.before(EntryId::MAX, 1)?.pop().map(|entry| entry.id);
        let mut shared = self.shared();
        shared.opened += 1;
        if self.mistake == CounterOverflows {
            (shared.epoch, shared.counter) = (None, 0);
        }
        shared.half = shared.settling.take().filter(|_| self.mistake == TwoSteps);
        if self.mistake == LosesTheNewest {
            shared.lost = newest;
        }
        drop(shared);
        Ok(Box::new(Faulty { inner, mistake: self.mistake, shared: self.shared.clone() }))
    }

    fn arm(&mut self, trouble: Option<Trouble>) -> bool {
        if trouble.is_some() {
            self.cached.swap(0, 1);
            self.cached[1] = self.chip.bytes();
        }
        self.chip.arm(trouble);
        true
    }

    fn struck(&mut self) -> bool {
        let struck = self.chip.struck();
        self.cut |= struck;
        struck
    }

    fn copy(&mut self) -> u64 {
        self.chip.copy()
    }

    fn flip(&mut self, bit: u64) {
        if self.mistake == BelievesTheFlash {
            // The record is rewritten with a good check around what was flipped.
            self.shared().flipped = true;
        } else {
            self.chip.flip(bit);
        }
    }
}

impl Faulty {
    fn is(&self, mistake: Mistake) -> bool {
        self.mistake == mistake
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap()
    }

    /// An entry as this journal shows it.
    fn seen(&self, mut entry: Entry) -> Option<Entry> {
        let shared = self.shared();
        if shared.lost == Some(entry.id) {
            return None;
        }
        if shared.flipped {
            entry.attempts ^= 4;
        }
        entry.known |= shared.half == Some(entry.id);
        if self.is(StaysAcknowledged) && entry.state != EntryState::Open && shared.acknowledged.contains(&entry.id) {
            entry.acknowledged_at.get_or_insert(1);
        }
        if self.is(RevisionStays) && entry.acknowledged_at.is_some() {
            entry.revision -= 1;
        }
        if let EntryState::Recorded(Settlement::Declined { next: Next::SameNumberLater(wait), .. }) = &mut entry.state
            && self.is(WaitIsRounded)
        {
            *wait = std::time::Duration::from_secs(wait.as_secs());
        }
        // An intent that was given another name to begin at all.
        entry.intent = entry.intent.trim_start_matches('~').into();
        Some(entry)
    }

    fn all(&self, entries: Vec<Entry>) -> Vec<Entry> {
        entries.into_iter().filter_map(|entry| self.seen(entry)).collect()
    }

    fn kind<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|fault| match self.is(OneKind) {
            true => JournalFault::new(JournalFaultKind::Storage, "no"),
            false => fault,
        })
    }

    /// Where a refusal is not told.
    fn pretends<T>(&self, mistake: Mistake, result: Result<T>, value: T) -> Result<T> {
        match result {
            Err(fault) if self.is(mistake) && fault.kind() == JournalFaultKind::Refused => Ok(value),
            result => self.kind(result),
        }
    }
}

impl Journal for Faulty {
    fn owner(&self) -> Owner {
        let opened = self.shared().opened;
        match self.is(OtherOwner) && opened > 3 {
            true => Owner { terminal: 8, device_info: None },
            false => self.inner.owner(),
        }
    }

    fn of_intent(&mut self, intent: &str) -> Result<Vec<Entry>> {
        let found = self.inner.of_intent(intent)?;
        Ok(self.all(found))
    }

    fn begin(
        &mut self,
        new: &NewEntry<'_>,
        number: &mut dyn FnMut(Serial) -> std::result::Result<Numbered, Error>,
    ) -> Result<Entry> {
        let mistake = self.mistake;
        let shared = self.shared.clone();
        let mut numbers = |serial: Serial| {
            let mut shared = shared.lock().unwrap();
            let serial = match mistake {
                SerialAgain => shared.again.take().unwrap_or(serial),
                EpochStays => {
                    let epoch = *shared.epoch.get_or_insert(serial.epoch);
                    Serial { epoch, counter: (shared.opened * 200 + serial.counter) % COUNTERS }
                }
                CounterOverflows => {
                    shared.counter += 1;
                    Serial { epoch: *shared.epoch.get_or_insert(serial.epoch), counter: shared.counter }
                }
                _ => serial,
            };
            let made = number(serial);
            shared.again = made.is_err().then_some(serial);
            let mut made = made;
            if let (TextsAreCut, Ok(numbered)) = (mistake, &mut made) {
                numbered.fields.iter_mut().for_each(|(_, value)| *value = value.chars().take(30).collect());
            }
            if made.is_err() && mistake == LeavesAnEntry {
                return Ok(Numbered { order_number: "made up".into(), fields: vec![] });
            }
            made
        };
        let pruned = mistake == ForgetsTheGone && self.shared.lock().unwrap().gone.contains(new.intent);
        let begun = self.inner.begin(new, &mut numbers);
        let elsewhere = |entries: &[Entry]| entries.last().is_some_and(|last| last.account != new.account);
        let by_account = mistake == IntentByAccount && elsewhere(&self.inner.of_intent(new.intent)?);
        let begun = match begun {
            Err(_) if pruned || by_account => {
                let intent = ["~", new.intent].concat();
                self.inner.begin(&NewEntry { intent: &intent, ..*new }, &mut numbers)
            }
            begun => begun,
        };
        if begun.as_ref().is_ok_and(|entry| entry.order_number == "made up") {
            return Err(JournalFault::new(JournalFaultKind::Number, "none was made"));
        }
        let mut entry = self.kind(begun)?;
        if mistake == NumbersAgain {
            entry.id = entry.id.min(2);
        }
        Ok(self.seen(entry.clone()).unwrap_or(entry))
    }

    fn attempt(&mut self, id: EntryId, at: i64) -> Result<()> {
        let said = self.inner.attempt(id, at);
        self.pretends(AttemptsAnything, said, ())
    }

    fn reversing(&mut self, id: EntryId, at: i64) -> Result<()> {
        let said = self.inner.reversing(id, at);
        self.kind(said)
    }

    fn settle(&mut self, id: EntryId, settlement: &Settlement, at: i64) -> Result<i64> {
        let said = self.inner.settle(id, settlement, at);
        // The first of its two records arrived.
        let power_went = said.as_ref().is_err_and(|fault| fault.kind() == JournalFaultKind::Storage);
        self.shared().settling = power_went.then_some(id);
        if self.is(IgnoresFailure) && said.as_ref().is_err_and(|fault| fault.kind() == JournalFaultKind::Storage) {
            return Ok(2);
        }
        self.pretends(SettlesAgain, said, 2)
    }

    fn reopen(&mut self, id: EntryId, at: i64, mended: Option<&Mended>) -> Result<()> {
        let said = self.inner.reopen(id, at, mended);
        self.kind(said)
    }

    fn allow_again(&mut self, id: EntryId, name: &str, reason: &str, at: i64) -> Result<()> {
        let said = self.inner.allow_again(id, name, reason, at);
        self.kind(said)
    }

    fn note(&mut self, id: EntryId, known: bool, words: Option<&Words>) -> Result<()> {
        self.inner.note(id, known, words)
    }

    fn acknowledge(&mut self, id: EntryId, at: i64) -> Result<()> {
        self.inner.acknowledge(id, at)?;
        let first = self.shared().acknowledged.insert(id);
        match self.is(AcknowledgesOnce) && !first {
            true => Err(JournalFault::new(JournalFaultKind::Refused, "it is acknowledged")),
            false => Ok(()),
        }
    }

    fn entry(&mut self, id: EntryId) -> Result<Option<Entry>> {
        Ok(self.inner.entry(id)?.and_then(|entry| self.seen(entry)))
    }

    fn by_order_number(&mut self, account: &str, order_number: &str) -> Result<Option<Entry>> {
        if self.is(AnyAccount) {
            let all = self.inner.before(EntryId::MAX, usize::MAX)?;
            return Ok(all.into_iter().find(|entry| entry.order_number == order_number));
        }
        Ok(self.inner.by_order_number(account, order_number)?.and_then(|entry| self.seen(entry)))
    }

    fn last_attempt_to(&mut self, account: &str, field: &str, value: &str) -> Result<Option<i64>> {
        if self.is(UnsentCounts) {
            let all = self.inner.before(EntryId::MAX, usize::MAX)?.into_iter().filter(|entry| entry.account == account);
            let to = all.filter(|entry| entry.fields.iter().any(|(name, have)| name == field && have == value));
            return Ok(to.map(|entry| entry.last_attempt_at).max());
        }
        self.inner.last_attempt_to(account, field, value)
    }

    fn unacknowledged(&mut self) -> Result<Vec<Entry>> {
        let mut found = self.inner.unacknowledged()?;
        if self.is(NewestFirst) {
            found.reverse();
        }
        Ok(self.all(found))
    }

    fn unproven(&mut self) -> Result<Vec<Entry>> {
        let mut found = self.inner.unproven()?;
        found.retain(|entry| !self.is(ForgetsUnproven) || entry.acknowledged_at.is_none());
        Ok(self.all(found))
    }

    fn refunds_of(&mut self, account: &str, order: &str) -> Result<Vec<Entry>> {
        let found = self.inner.refunds_of(account, order)?;
        Ok(self.all(found))
    }

    fn by_evidence(&mut self, account: &str, field: &str, value: &str) -> Result<Option<Entry>> {
        Ok(self.inner.by_evidence(account, field, value)?.and_then(|entry| self.seen(entry)))
    }

    fn before(&mut self, id: EntryId, most: usize) -> Result<Vec<Entry>> {
        let id = if self.is(BeforeZero) && id == 0 { EntryId::MAX } else { id };
        let found = self.inner.before(id, most)?;
        Ok(self.all(found))
    }

    fn prune(&mut self, before: i64, since: i64, decided: &dyn Fn(&Entry) -> Option<[u8; 16]>) -> Result<u32> {
        let all = self.inner.before(EntryId::MAX, usize::MAX)?;
        self.shared().gone.extend(all.into_iter().map(|entry| entry.intent));
        let since = if self.is(PrunesYoung) { before } else { since };
        if self.is(BlanksTheUnknown) {
            return self.inner.prune(before, since, &|entry| Some(decided(entry).unwrap_or_default()));
        }
        self.inner.prune(before, since, decided)
    }

    fn summary(&mut self, from: i64, until: i64) -> Result<Vec<Summary>> {
        let mut rows = self.inner.summary(from, until)?;
        rows.retain(|row| !self.is(UndatedLeftOut) || !row.outcome.starts_with("undated"));
        Ok(rows)
    }
}

fn tried(mistake: Mistake) -> std::result::Result<(), contract::Broken> {
    let (chip, shared) = (Chip::default(), Arc::default());
    let bench = &mut Bench { chip, mistake, shared, cached: Default::default(), cut: false };
    contract::journal(bench).map(|_| ())
}

#[track_caller]
fn breaks(mistake: Mistake, promise: Promise, call: &str) {
    let broken = tried(mistake).expect_err("the mistake was not found");
    println!("{mistake:?}: {broken}");
    assert_eq!((broken.promise, broken.call), (promise, call), "{mistake:?}: {broken}");
    assert!(broken.to_string().contains(promise.text()) && broken.to_string().contains(promise.text_zh()));
}

#[test]
fn without_a_mistake_nothing_is_found() {
    tried(Faultless).unwrap();
}

/// Each in a test of its own, so that a failure says which.
macro_rules! mistakes {
    ($($name:ident: $mistake:ident breaks $promise:ident in $call:literal;)*) => {
        $(#[test]
        fn $name() {
            breaks($mistake, Promise::$promise, $call);
        })*
    };
}

mistakes! {
    a_serial_is_not_given_again: SerialAgain breaks SerialOnce in "begin";
    an_opening_draws_an_epoch: EpochStays breaks NewEpoch in "begin";
    an_epoch_is_random: EpochNotRandom breaks RandomEpoch in "begin";
    a_full_counter_draws_an_epoch: CounterOverflows breaks NewEpoch in "begin";
    texts_are_whole: TextsAreCut breaks AsStored in "begin";
    waiting_times_are_whole: WaitIsRounded breaks AsStored in "settle";
    no_cache_below: WritesBehind breaks Durable in "open";
    one_change_one_record: TwoSteps breaks Whole in "settle";
    a_torn_record_is_none: RefusesTornRecords breaks OpensAgain in "open";
    the_flash_is_not_believed: BelievesTheFlash breaks FlippedBit in "entry";
    a_failed_write_is_told: IgnoresFailure breaks Durable in "settle";
    a_failed_beginning_leaves_nothing: LeavesAnEntry breaks FaultChangesNothing in "begin";
    nothing_is_lost: LosesTheNewest breaks NothingLost in "open";
    an_intent_is_unique: IntentByAccount breaks IntentOnce in "begin";
    what_is_settled_stays: SettlesAgain breaks SettledStays in "settle";
    an_attempt_is_of_what_is_open: AttemptsAnything breaks OnlyWhereAllowed in "attempt";
    a_refusal_says_so: OneKind breaks SaysRefused in "settle";
    an_acknowledgement_is_a_change: RevisionStays breaks Revision in "acknowledge";
    numbers_rise: NumbersAgain breaks RisingNumbers in "begin";
    late_money_is_not_acknowledged: StaysAcknowledged breaks Acknowledged in "settle";
    acknowledged_twice_is_no_fault: AcknowledgesOnce breaks Serves in "acknowledge";
    the_owner_stays: OtherOwner breaks SameOwner in "owner";
    before_the_first_is_nothing: BeforeZero breaks Finds in "before";
    the_oldest_first: NewestFirst breaks Finds in "unacknowledged";
    another_accounts_number_is_another: AnyAccount breaks Finds in "by_order_number";
    what_was_not_sent_is_no_attempt: UnsentCounts breaks Finds in "last_attempt_to";
    what_is_unproven_is_asked_about: ForgetsUnproven breaks Finds in "unproven";
    what_has_no_day_is_in_each_sum: UndatedLeftOut breaks Sums in "summary";
    the_young_stay: PrunesYoung breaks Pruned in "prune";
    what_nobody_knows_keeps_its_fields: BlanksTheUnknown breaks Pruned in "prune";
    what_went_is_gone: ForgetsTheGone breaks GoneForEver in "begin";
}
