//! Flipped bits: what the flash changed is a fault, or reads the same.

use alloc::string::String;
use alloc::vec::Vec;

use super::cuts::story;
use super::model::difference;
use super::run::{Result, Run, numbered};
use super::samples::{NOW, sale};
use crate::contract::broken::Promise;
use crate::journal::{Entry, EntryId, Journal};

/// Bits that are flipped, spread over all.
const FLIPS: u64 = 128;

pub(super) fn check(run: &mut Run<'_>) -> Result<()> {
    run.fresh()?;
    for (intent, act) in story() {
        let id = run.model.newest(intent).map_or(run.nobody(), |entry| entry.id);
        run.act(id, &act)?;
    }
    let owner = run.ask("owner", |journal| Ok(journal.owner()))?;
    run.close();
    let bits = run.bench.copy();
    if bits == 0 {
        run.leave_out("flipped bits: the bench flips none");
        return Ok(());
    }
    // One after the other where there are few; else so far apart that they meet every part of a byte.
    let step = bits.div_ceil(FLIPS) | 1;
    let mut bit = 0;
    while bit < bits {
        run.bench.flip(bit);
        run.report.flips = run.report.flips.saturating_add(1);
        run.during = alloc::format!("bit {bit} was flipped");
        run.bench.arm(None);
        if let Ok(mut journal) = run.bench.open() {
            if journal.owner() != owner {
                return Err(run.broken(Promise::FlippedBit, "owner", "it belongs to another terminal"));
            }
            look(run, &mut *journal)?;
        }
        bit = bit.saturating_add(step);
    }
    run.during = String::new();
    Ok(())
}

/// Whatever it gives back is what was stored. What is paid, open, or for a person begins no second time.
fn look(run: &Run<'_>, journal: &mut dyn Journal) -> Result<()> {
    let wrong = |call, text: &str| Err(run.broken(Promise::FlippedBit, call, text));
    for entry in &run.model.entries {
        if let Ok(found) = journal.entry(entry.id)
            && found.as_ref() != Some(entry)
        {
            return wrong("entry", &alloc::format!("entry {} is not as it was stored, and no fault says so", entry.id));
        }
        if let Ok(found) = journal.of_intent(&entry.intent)
            && found.iter().all(|found| found != entry)
        {
            return wrong("of_intent", &alloc::format!("entry {} is missing, or another one", entry.id));
        }
    }
    type List = (&'static str, Option<Vec<Entry>>, fn(&Entry) -> bool);
    let lists: [List; 3] = [
        ("before", journal.before(EntryId::MAX, usize::MAX).ok().map(|all| all.into_iter().rev().collect()), |_| true),
        ("unacknowledged", journal.unacknowledged().ok(), |entry| entry.acknowledged_at.is_none()),
        ("unproven", journal.unproven().ok(), Entry::is_unproven),
    ];
    for (call, found, belongs) in lists {
        let expected: Vec<Entry> = run.model.entries.iter().filter(|entry| belongs(entry)).cloned().collect();
        if found.is_some_and(|found| difference(&expected, &found).is_some()) {
            return wrong(call, "it is another list, and no fault says so");
        }
    }
    for intent in run.model.entries.iter().map(|entry| &entry.intent) {
        let sale = sale(intent, NOW);
        let began = journal.begin(&sale.entry(), &mut |serial| Ok(numbered(serial, &sale.fields)));
        if began.is_ok() && !run.model.lets_begin(&sale) {
            return wrong("begin", &alloc::format!("a second entry of {intent:?} began"));
        }
    }
    Ok(())
}
