//! What goes when a journal is pruned, what is blanked, and what stays.

use alloc::string::String;
use alloc::vec::Vec;

use super::bench::Trouble;
use super::cuts::count;
use super::model::{Act, Sale};
use super::run::{Result, Run};
use super::samples::{
    ACCOUNT, CALL, DAY, NOW, OTHER_ACCOUNT, OTHER_CALL, accepted, by_hand, declined, for_a_person, refund, sale,
    unproven,
};
use crate::contract::broken::Promise;
use crate::journal::{Entry, EntryId, Settlement};
use crate::outcome::Next;

/// Writes that are tried at most, as in the cuts.
const WRITES: u32 = 200;

/// Steps that a pruning of these entries takes at most.
const STEPS: u32 = 200;

/// What was acknowledged before this goes, if its intent is not young.
const BEFORE: i64 = NOW + 2000 * DAY;
/// Intents younger than this stay.
const SINCE: i64 = NOW + 1000 * DAY;
/// How much longer a refund stays, and the order that it is of.
const LONGER: i64 = 336 * DAY;

/// What must become of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Removed, and never begun again.
    Goes,
    /// It stays, and its fields are blanked.
    Blanked,
    /// It stays as it is.
    Stays,
}

pub(super) fn check(run: &mut Run<'_>) -> Result<()> {
    run.during = String::new();
    let fates = fill(run)?;
    run.restart()?;
    // Nothing is old enough.
    for (before, since) in [(0, 0), (NOW, NOW)] {
        prune(run, before, since, 0)?;
        run.compare("prune", Promise::Pruned)?;
    }
    pruned(run, &fates)?;
    in_steps(run)
}

/// Small steps come to the same end.
fn in_steps(run: &mut Run<'_>) -> Result<()> {
    let fates = fill(run)?;
    expect(run, &fates);
    for _ in 0..STEPS {
        if !run.ask("prune_step", |journal| journal.prune_step(BEFORE, SINCE, &decided, 2))? {
            run.compare("prune_step", Promise::Pruned)?;
            run.restart()?;
            return never_again(run);
        }
    }
    Err(run.broken(Promise::Pruned, "prune_step", "it says again and again that there is more to look at"))
}

/// The same, cut at each write.
pub(super) fn check_cuts(run: &mut Run<'_>) -> Result<()> {
    for trouble in [Trouble::PowerCut as fn(u32) -> Trouble, Trouble::WriteFails] {
        if run.arm(trouble(0)) {
            for write in 0..WRITES {
                if !life(run, trouble(write))? {
                    break;
                }
            }
        }
    }
    run.during = String::new();
    Ok(())
}

/// Pruned, and pruned again; opened; and what went does not begin again.
fn pruned(run: &mut Run<'_>, fates: &[(EntryId, Fate)]) -> Result<()> {
    let gone = expect(run, fates);
    prune(run, BEFORE, SINCE, gone)?;
    run.compare("prune", Promise::Pruned)?;
    prune(run, BEFORE, SINCE, 0)?;
    run.compare("prune", Promise::Pruned)?;
    run.restart()?;
    never_again(run)
}

fn prune(run: &mut Run<'_>, before: i64, since: i64, gone: u32) -> Result<()> {
    let count = run.ask("prune", |journal| journal.prune(before, since, &decided))?;
    if count == gone {
        return Ok(());
    }
    let text = alloc::format!("it says that {count} entries went; {gone} must");
    Err(run.broken(Promise::Pruned, "prune", text))
}

/// Of this one nobody knows which of its fields decide.
const NOBODY_KNOWS: &str = "old, a person's, nobody knows";

/// What is kept of an entry that is blanked.
fn decided(entry: &Entry) -> Option<[u8; 16]> {
    if entry.intent == NOBODY_KNOWS {
        return None;
    }
    let mut kept = [7; 16];
    kept.iter_mut().zip(entry.intent.bytes()).for_each(|(kept, byte)| *kept = byte);
    Some(kept)
}

/// Does it to the model. Returns how many entries go.
fn expect(run: &mut Run<'_>, fates: &[(EntryId, Fate)]) -> u32 {
    let fate = |entry: &Entry| fates.iter().find(|(id, _)| *id == entry.id).map(|(_, fate)| *fate);
    let all = core::mem::take(&mut run.model.entries);
    let (gone, kept): (Vec<_>, Vec<_>) = all.into_iter().partition(|entry| fate(entry) == Some(Fate::Goes));
    run.model.entries = kept;
    run.model.gone.extend(gone.iter().map(|entry| entry.intent.clone()));
    run.model.entries.iter_mut().filter(|entry| fate(entry) == Some(Fate::Blanked)).for_each(blank);
    u32::try_from(gone.len()).unwrap_or(u32::MAX)
}

fn blank(entry: &mut Entry) {
    if !entry.fields.is_empty() {
        entry.decided = decided(entry);
        entry.fields.clear();
        entry.revision = entry.revision.saturating_add(1);
    }
}

/// What went does not begin again, under whatever account; and no number is given twice.
fn never_again(run: &mut Run<'_>) -> Result<()> {
    for intent in run.model.gone.clone() {
        for (account, call) in [(ACCOUNT, CALL), (OTHER_ACCOUNT, OTHER_CALL)] {
            run.act(0, &Act::Begin(Sale { account, call, ..sale(&intent, BEFORE) }))?;
        }
    }
    run.begin(sale("after all that", BEFORE))?;
    run.compare("begin", Promise::Pruned)
}

/// Entries of each kind. The device's clock runs through the years.
fn fill(run: &mut Run<'_>) -> Result<Vec<(EntryId, Fate)>> {
    run.fresh()?;
    let old = NOW;
    let young = SINCE.saturating_add(DAY);
    let paid = || Act::Settle(accepted("1"));
    let refused = || Act::Settle(declined(Next::NewNumber));
    let late = BEFORE.saturating_add(DAY);
    let mut fates: Vec<(EntryId, Fate)> = Vec::new();
    let mut add = |run: &mut Run<'_>, sale: Sale, acts: &[Act], acknowledged: Option<i64>, fate: Fate| -> Result<()> {
        let at = sale.at;
        let id = run.begin(sale)?;
        fates.push((id, fate));
        for act in acts {
            act_at(run, id, act, at)?;
        }
        acknowledged.map_or(Ok(()), |at| act_at(run, id, &Act::Acknowledge, at))
    };

    // A clock that was not set, and later ones show the age of the first only at the end of this list.
    add(run, sale("1970, then old", 0), &[paid()], Some(60), Fate::Goes)?;
    add(run, sale("old", old), &[paid()], Some(old), Fate::Goes)?;
    add(run, sale("old, refused", old), &[refused()], Some(old), Fate::Goes)?;
    add(run, sale("old, nobody acted", old), &[paid()], None, Fate::Stays)?;
    add(run, sale("old, open", old), &[], None, Fate::Stays)?;
    add(run, sale("old, for a person", old), &[Act::Settle(for_a_person())], None, Fate::Stays)?;
    add(run, sale("old, acknowledged just now", old), &[paid()], Some(late), Fate::Stays)?;
    add(run, sale("old, acknowledged at that second", old), &[paid()], Some(BEFORE), Fate::Stays)?;
    add(run, sale("old, a person's", old), &[Act::Settle(by_hand(true))], Some(old), Fate::Blanked)?;
    add(run, sale(NOBODY_KNOWS, old), &[Act::Settle(by_hand(true))], Some(old), Fate::Stays)?;
    add(run, sale("old, without proof", old), &[Act::Settle(unproven(Next::NewNumber))], Some(old), Fate::Blanked)?;
    add(run, sale("young", young), &[paid()], Some(young), Fate::Blanked)?;
    add(run, sale("old, attempted again", old), &[Act::Attempt, paid()], Some(old), Fate::Goes)?;
    // Refunds, and what they are of, stay for 48 weeks more.
    let just = SINCE.saturating_sub(DAY);
    let longer = just.saturating_sub(LONGER);
    add(run, sale("an order", just), &[paid()], Some(just), Fate::Blanked)?;
    let number = run.model.newest("an order").map(|entry| entry.order_number.clone()).unwrap_or_default();
    add(run, refund("its refund", &number, just), &[paid()], Some(just), Fate::Blanked)?;
    add(run, refund("a refund by id", "4200000000202701150000000001", just), &[paid()], Some(just), Fate::Blanked)?;
    add(run, refund("an old refund", "4200000000202701150000000002", longer), &[paid()], Some(longer), Fate::Goes)?;
    add(run, sale("without a refund", just), &[paid()], Some(just), Fate::Goes)?;
    // An intent goes as a whole: its second number is young.
    add(run, sale("two numbers", old), &[refused()], Some(old), Fate::Blanked)?;
    add(run, sale("two numbers", late), &[paid()], Some(late), Fate::Stays)?;
    add(run, sale("two old numbers", old), &[refused()], Some(old), Fate::Goes)?;
    add(run, sale("two old numbers", old), &[Act::Settle(Settlement::NotSent)], Some(old), Fate::Goes)?;
    // Nothing after it shows how old it is.
    add(run, sale("1970, at the end", 0), &[paid()], Some(60), Fate::Stays)?;
    run.compare("acknowledge", Promise::AsStored)?;
    Ok(fates)
}

/// A call at a time of its own.
fn act_at(run: &mut Run<'_>, id: EntryId, act: &Act, at: i64) -> Result<()> {
    let said = run.call(id, act, at)?;
    run.judge(id, act, at, said).map(|_| ())
}

/// Pruned under a trouble, and then to its end. Each intent is as before, or as it must be; none goes in part. False: the trouble
/// did not come.
fn life(run: &mut Run<'_>, trouble: Trouble) -> Result<bool> {
    run.during = alloc::format!("{trouble:?} while it pruned");
    let fates = fill(run)?;
    run.arm(trouble);
    let said = run.journal()?.prune(BEFORE, SINCE, &decided);
    let struck = run.bench.struck();
    run.close();
    run.bench.arm(None);
    if !struck {
        return Ok(false);
    }
    count(run, trouble);
    run.open("after it")?;
    let found = run.all()?;
    let before = run.model.clone();
    expect(run, &fates);
    let after = run.model.clone();
    for entry in &before.entries {
        let have = found.iter().find(|have| have.id == entry.id);
        let done = have == after.entry(entry.id);
        if !done && have != Some(entry) {
            return Err(run.broken(
                Promise::Whole,
                "prune",
                alloc::format!("the intent {:?} is neither as it was nor pruned", entry.intent),
            ));
        }
        let of_intent = |entries: &[Entry]| entries.iter().filter(|other| other.intent == entry.intent).count();
        let left = of_intent(&found);
        if left != 0 && left != of_intent(&before.entries) {
            return Err(run.broken(
                Promise::Whole,
                "prune",
                alloc::format!("the intent {:?} went in part", entry.intent),
            ));
        }
    }
    if said.is_ok() && matches!(trouble, Trouble::WriteFails(_)) {
        run.compare("prune", Promise::Durable)?;
    }
    let still = found.iter().filter(|entry| after.entry(entry.id).is_none()).count();
    prune(run, BEFORE, SINCE, u32::try_from(still).unwrap_or(u32::MAX))?;
    run.compare("prune", Promise::Pruned)?;
    never_again(run)?;
    Ok(true)
}
