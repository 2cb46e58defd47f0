//! Makes the calls, and compares what the journal holds with what it must hold.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use super::bench::{JournalBench, JournalReport, Trouble};
use super::model::{Act, Difference, Forbidden, Model, Sale, difference};
use super::samples::NOW;
use crate::contract::broken::{Broken, Promise};
use crate::error::Error;
use crate::journal::order_number::{COUNTERS, EPOCHS, Serial};
use crate::journal::{Entry, EntryId, Journal, JournalFault, JournalFaultKind, NewEntry, Numbered, Owner};

pub(super) type Result<T> = core::result::Result<T, Broken>;

/// What a call that worked gave back.
pub(super) enum Said {
    Begun(Box<Entry>),
    Revision(i64),
    Nothing,
}

pub(super) struct Run<'b> {
    pub(super) bench: &'b mut dyn JournalBench,
    journal: Option<Box<dyn Journal>>,
    pub(super) model: Model,
    /// Before the last call that was answered.
    pub(super) earlier: Model,
    pub(super) serials: Serials,
    pub(super) report: JournalReport,
    owner: Option<Owner>,
    /// What was made from the last serial.
    pub(super) numbered: Option<Numbered>,
    /// The device's clock: one second a call.
    at: i64,
    /// What is going on, for the story.
    pub(super) during: String,
}

impl Run<'_> {
    pub(super) fn new(bench: &mut dyn JournalBench) -> Run<'_> {
        Run {
            bench,
            journal: None,
            model: Model::default(),
            earlier: Model::default(),
            serials: Serials::default(),
            report: JournalReport::default(),
            owner: None,
            numbered: None,
            at: NOW,
            during: String::new(),
        }
    }

    pub(super) fn finish(mut self) -> JournalReport {
        self.journal = None;
        self.report.serials = u32::try_from(self.serials.shown).unwrap_or(u32::MAX);
        self.report
    }

    pub(super) fn broken(&self, promise: Promise, call: &'static str, story: impl AsRef<str>) -> Broken {
        let during = if self.during.is_empty() { String::new() } else { [&self.during, ": "].concat() };
        Broken::new(promise, call, [&during, story.as_ref()].concat())
    }

    /// What the bench cannot do, once.
    pub(super) fn leave_out(&mut self, part: &'static str) {
        if !self.report.left_out.contains(&part) {
            self.report.left_out.push(part);
        }
    }

    /// An empty storage, and a journal in it.
    pub(super) fn fresh(&mut self) -> Result<()> {
        self.erase();
        self.open("with an empty storage")
    }

    pub(super) fn erase(&mut self) {
        self.journal = None;
        self.bench.arm(None);
        self.bench.erase();
        (self.model, self.owner) = (Model::default(), None);
        self.serials.erased();
    }

    /// As after a start. Whatever trouble was armed is over.
    pub(super) fn open(&mut self, when: &str) -> Result<()> {
        self.journal = None;
        self.bench.arm(None);
        match self.bench.open() {
            Ok(journal) => self.opened(journal),
            Err(fault) => {
                Err(self.broken(Promise::OpensAgain, "open", ["it does not open ", when, ": ", fault.text()].concat()))
            }
        }
    }

    pub(super) fn close(&mut self) {
        self.journal = None;
    }

    pub(super) fn opened(&mut self, journal: Box<dyn Journal>) -> Result<()> {
        self.serials.opened();
        let owner = journal.owner();
        self.journal = Some(journal);
        match &self.owner {
            Some(before) if *before != owner => {
                Err(self.broken(Promise::SameOwner, "owner", "it is another one after an opening"))
            }
            _ => {
                self.owner = Some(owner);
                Ok(())
            }
        }
    }

    /// Opens again, and wants everything there.
    pub(super) fn restart(&mut self) -> Result<()> {
        self.open("again")?;
        self.compare("open", Promise::Durable)
    }

    pub(super) fn journal(&mut self) -> Result<&mut dyn Journal> {
        let closed = || Broken::new(Promise::Serves, "open", "it is closed");
        Ok(&mut **self.journal.as_mut().ok_or_else(closed)?)
    }

    pub(super) fn tick(&mut self) -> i64 {
        self.at = self.at.saturating_add(1);
        self.at
    }

    /// A number that no entry has.
    pub(super) fn nobody(&self) -> EntryId {
        self.model.highest.saturating_add(1000)
    }

    /// Answers a question.
    pub(super) fn ask<T>(
        &mut self,
        call: &'static str,
        question: impl FnOnce(&mut dyn Journal) -> core::result::Result<T, JournalFault>,
    ) -> Result<T> {
        let answer = question(self.journal()?);
        answer.map_err(|fault| self.broken(Promise::Serves, call, ["a question gave a fault: ", fault.text()].concat()))
    }

    /// All entries, by walking back from the end.
    pub(super) fn all(&mut self) -> Result<Vec<Entry>> {
        let mut all = self.ask("before", |journal| journal.before(EntryId::MAX, usize::MAX))?;
        all.reverse();
        Ok(all)
    }

    /// The whole journal is as it must be.
    pub(super) fn compare(&mut self, call: &'static str, promise: Promise) -> Result<()> {
        let found = self.all()?;
        match difference(&self.model.entries, &found) {
            Some(differs) => Err(self.differs(differs, call, promise)),
            None => Ok(()),
        }
    }

    pub(super) fn differs(&self, differs: Difference, call: &'static str, promise: Promise) -> Broken {
        // After a power cut and after a fault that promise counts, whatever differs.
        let or = |other| if promise == Promise::AsStored { other } else { promise };
        match differs {
            // An opening without any trouble loses an entry; after a cut it is a change that did not last.
            Difference::Missing(text) if promise == Promise::Durable && !self.during.is_empty() => {
                self.broken(promise, call, text)
            }
            Difference::Missing(text) => self.broken(Promise::NothingLost, call, text),
            Difference::Surplus(text) | Difference::Other(text) => self.broken(promise, call, text),
            Difference::Revision(text) => self.broken(or(Promise::Revision), call, text),
            Difference::Acknowledgement(text) => self.broken(or(Promise::Acknowledged), call, text),
        }
    }

    /// One entry is as it must be.
    fn compare_one(&mut self, id: EntryId, call: &'static str, promise: Promise) -> Result<()> {
        let found = self.ask("entry", |journal| journal.entry(id))?;
        let expected: Vec<Entry> = self.model.entry(id).cloned().into_iter().collect();
        let found: Vec<Entry> = found.into_iter().collect();
        match difference(&expected, &found) {
            Some(differs) => Err(self.differs(differs, call, promise)),
            None => Ok(()),
        }
    }

    // -- changes --

    /// A beginning that must work. Returns the entry's number.
    pub(super) fn begin(&mut self, sale: Sale) -> Result<EntryId> {
        self.act(0, &Act::Begin(sale))?;
        Ok(self.model.highest)
    }

    /// Makes a call, and wants what the trait's rules say of it. Looks at one entry.
    pub(super) fn act(&mut self, id: EntryId, act: &Act) -> Result<()> {
        let at = self.tick();
        let said = self.call(id, act, at)?;
        let (worked, id) = (said.is_ok(), self.judge(id, act, at, said)?);
        let promise = if worked { Promise::AsStored } else { Promise::FaultChangesNothing };
        self.compare_one(id, act.name(), promise)
    }

    /// Does the same to the model, and compares what was said. Returns the entry's number.
    pub(super) fn judge(
        &mut self,
        id: EntryId,
        act: &Act,
        at: i64,
        said: core::result::Result<Said, JournalFault>,
    ) -> Result<EntryId> {
        let call = act.name();
        if let Act::Begin(sale) = act {
            return self.judge_begin(sale, said);
        }
        match (self.model.change(id, act, at), said) {
            (Ok(_), Ok(Said::Revision(revision))) => {
                let expected = self.model.entry(id).map_or(0, |entry| entry.revision);
                if revision != expected {
                    let text = alloc::format!("it returned the revision {revision}; it must be {expected}");
                    return Err(self.broken(Promise::Revision, call, text));
                }
                Ok(id)
            }
            (Ok(_), Ok(_)) => Ok(id),
            (Ok(_), Err(fault)) => {
                Err(self.broken(Promise::Serves, call, ["what is allowed gave a fault: ", fault.text()].concat()))
            }
            (Err(Forbidden), Ok(_)) => {
                let promise = if call == "settle" { Promise::SettledStays } else { Promise::OnlyWhereAllowed };
                let state = self.model.entry(id).map(|entry| alloc::format!("{:?}", entry.state));
                let of = state.unwrap_or_else(|| "no entry at all".into());
                Err(self.broken(promise, call, ["it worked on ", &of].concat()))
            }
            (Err(Forbidden), Err(fault)) => self.says_refused(call, &fault).map(|()| id),
        }
    }

    fn judge_begin(&mut self, sale: &Sale, said: core::result::Result<Said, JournalFault>) -> Result<EntryId> {
        match (self.model.lets_begin(sale), said) {
            (true, Ok(Said::Begun(entry))) => {
                if entry.id <= self.model.highest {
                    let text = alloc::format!("the number {} after {}", entry.id, self.model.highest);
                    return Err(self.broken(Promise::RisingNumbers, "begin", text));
                }
                let Some(numbered) = self.numbered.take() else {
                    return Err(self.broken(Promise::SerialOnce, "begin", "it asked for no order number"));
                };
                self.model.begin(entry.id, sale, numbered);
                let expected = self.model.entries.last().cloned();
                match difference(expected.as_slice(), core::slice::from_ref(&entry)) {
                    Some(differs) => Err(self.differs(differs, "begin", Promise::AsStored)),
                    None => Ok(entry.id),
                }
            }
            (true, Ok(_)) => Err(self.broken(Promise::Serves, "begin", "it gave no entry back")),
            (true, Err(fault)) => {
                Err(self.broken(Promise::Serves, "begin", ["it gave a fault: ", fault.text()].concat()))
            }
            (false, Ok(_)) if self.model.gone.contains(&sale.intent) => {
                Err(self.broken(Promise::GoneForEver, "begin", "the intent was pruned, and it began"))
            }
            (false, Ok(_)) => {
                let text = alloc::format!("a second entry of {:?} began", sale.intent);
                Err(self.broken(Promise::IntentOnce, "begin", text))
            }
            (false, Err(fault)) => {
                self.says_refused("begin", &fault)?;
                Ok(self.model.newest(&sale.intent).map_or(self.model.highest, |entry| entry.id))
            }
        }
    }

    fn says_refused(&self, call: &'static str, fault: &JournalFault) -> Result<()> {
        let named = ["begin", "reversing", "settle", "reopen", "allow_again"].contains(&call);
        if named && fault.kind() != JournalFaultKind::Refused {
            let text = alloc::format!("the fault is of the kind {:?}: {}", fault.kind(), fault.text());
            return Err(self.broken(Promise::SaysRefused, call, text));
        }
        Ok(())
    }

    /// Makes a call. Only what it does with serials is judged here.
    pub(super) fn call(&mut self, id: EntryId, act: &Act, at: i64) -> Result<core::result::Result<Said, JournalFault>> {
        self.report.changes = self.report.changes.saturating_add(1);
        if let Act::Begin(sale) = act {
            let sale = sale.clone();
            let number = |serial: Serial| Ok(numbered(serial, &sale.fields));
            return self.call_begin(&sale.entry(), &number);
        }
        let journal = self.journal()?;
        Ok(match act {
            Act::Begin(_) => Ok(Said::Nothing),
            Act::Attempt => journal.attempt(id, at).map(|()| Said::Nothing),
            Act::Reversing => journal.reversing(id, at).map(|()| Said::Nothing),
            Act::Settle(settlement) => journal.settle(id, settlement, at).map(Said::Revision),
            Act::Reopen(mended) => journal.reopen(id, at, mended.as_ref()).map(|()| Said::Nothing),
            Act::AllowAgain => journal.allow_again(id, "王芳", "the account was mended", at).map(|()| Said::Nothing),
            Act::Note(known, words) => journal.note(id, *known, words.as_ref()).map(|()| Said::Nothing),
            Act::Acknowledge => journal.acknowledge(id, at).map(|()| Said::Nothing),
        })
    }

    pub(super) fn call_begin(
        &mut self,
        new: &NewEntry<'_>,
        number: &dyn Fn(Serial) -> core::result::Result<Numbered, Error>,
    ) -> Result<core::result::Result<Said, JournalFault>> {
        let (mut serials, mut made, mut wrong) = (core::mem::take(&mut self.serials), None, None);
        let said = self.journal()?.begin(new, &mut |serial| {
            wrong = wrong.take().or(serials.show(serial));
            let numbered = number(serial)?;
            made = Some(numbered.clone());
            Ok(numbered)
        });
        (self.serials, self.numbered) = (serials, made);
        match wrong {
            Some((promise, text)) => Err(self.broken(promise, "begin", text)),
            None => Ok(said.map(|entry| Said::Begun(Box::new(entry)))),
        }
    }

    pub(super) fn arm(&mut self, trouble: Trouble) -> bool {
        self.bench.arm(Some(trouble))
    }
}

/// An order number that is in no other entry, and the fields with it.
pub(super) fn numbered(serial: Serial, fields: &[(String, String)]) -> Numbered {
    let order_number = alloc::format!("20270115{:08}{:04}", serial.epoch, serial.counter);
    let mut fields = fields.to_vec();
    fields.push(("mch_billno".into(), order_number.clone()));
    Numbered { order_number, fields }
}

/// The serials that were shown to the contract.
#[derive(Default)]
pub(super) struct Serials {
    /// Of this journal.
    seen: BTreeSet<Serial>,
    epochs: BTreeSet<u32>,
    /// Of this opening.
    current: Option<u32>,
    /// The first epochs of journals that were erased.
    firsts: BTreeSet<u32>,
    shown: usize,
}

impl Serials {
    fn erased(&mut self) {
        self.seen.clear();
        self.epochs.clear();
    }

    fn opened(&mut self) {
        self.current = None;
    }

    pub(super) fn epochs(&self) -> usize {
        self.epochs.len()
    }

    fn show(&mut self, serial: Serial) -> Option<(Promise, String)> {
        self.shown = self.shown.saturating_add(1);
        let Serial { epoch, counter } = serial;
        let is_first = self.epochs.is_empty();
        if epoch >= EPOCHS || counter >= COUNTERS {
            return Some((Promise::NewEpoch, alloc::format!("the serial {epoch}/{counter} is out of range")));
        }
        if !self.seen.insert(serial) {
            return Some((Promise::SerialOnce, alloc::format!("the serial {epoch}/{counter} came twice")));
        }
        if self.current != Some(epoch) && !self.epochs.insert(epoch) {
            return Some((Promise::NewEpoch, alloc::format!("the epoch {epoch} was used before this opening")));
        }
        self.current = Some(epoch);
        if is_first && !self.firsts.insert(epoch) {
            return Some((Promise::RandomEpoch, alloc::format!("two journals began with the epoch {epoch}")));
        }
        None
    }
}
