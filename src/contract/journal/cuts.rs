//! Power cuts and failing writes: at each write of each call, and of each opening.

use alloc::string::String;
use alloc::vec::Vec;

use super::bench::Trouble;
use super::model::{Act, Model, Sale, difference};
use super::run::{Result, Run};
use super::samples::{
    NOW, OTHER_ACCOUNT, accepted, declined, for_a_person, late, mended, refund, sale, unproven, words,
};
use crate::contract::broken::Promise;
use crate::journal::{Entry, EntryId, JournalFaultKind, Numbered, Settlement};
use crate::outcome::Next;

/// Writes of one call that are tried, at most. A call that makes more is cut at the first ones only.
const WRITES: u32 = 200;

pub(super) fn check(run: &mut Run<'_>) -> Result<()> {
    for trouble in [Trouble::PowerCut as fn(u32) -> Trouble, Trouble::WriteFails] {
        if !run.arm(trouble(0)) {
            run.leave_out(match trouble(0) {
                Trouble::PowerCut(_) => "power cuts: the bench cuts none",
                Trouble::WriteFails(_) => "failing writes: the bench has none",
            });
            continue;
        }
        for write in 0..WRITES {
            if !life(run, trouble(write))? {
                break;
            }
        }
    }
    run.during = String::new();
    run.fresh()
}

/// One life of a terminal. In each call, and in each opening, the write of this number meets the trouble. False: no call makes as many.
fn life(run: &mut Run<'_>, trouble: Trouble) -> Result<bool> {
    run.during = match trouble {
        Trouble::PowerCut(write) => alloc::format!("the power was cut at write {write}"),
        Trouble::WriteFails(write) => alloc::format!("write {write} failed"),
    };
    run.erase();
    let mut struck = open_under(run, trouble)?;
    for (count, (intent, act)) in story().into_iter().enumerate() {
        let id = run.model.newest(intent).map_or(run.nobody(), |entry| entry.id);
        // What came to nothing is done again: first under the same trouble, until it no longer comes.
        let earlier = run.model.clone();
        struck |= under(run, id, &act, trouble)?;
        run.earlier = earlier;
        run.compare(act.name(), Promise::Whole)?;
        if count.is_multiple_of(5) {
            struck |= open_under(run, trouble)?;
        }
    }
    run.restart()?;
    Ok(struck)
}

/// What a terminal does in a day, and what it may not.
pub(super) fn story() -> Vec<(&'static str, Act)> {
    let begin = |intent: &'static str| (intent, Act::Begin(sale(intent, NOW)));
    [
        begin("prize 1"),
        ("prize 1", Act::Settle(accepted("100000000020150520314766074200"))),
        ("prize 1", Act::Acknowledge),
        begin("prize 2"),
        ("prize 2", Act::Note(true, Some(words()))),
        ("prize 2", Act::Attempt),
        // Open, and under another account: no.
        ("prize 2", Act::Begin(Sale { account: OTHER_ACCOUNT, ..sale("prize 2", NOW) })),
        ("prize 2", Act::Settle(declined(Next::NewNumber))),
        begin("prize 2"),
        ("prize 2", Act::Settle(for_a_person())),
        begin("receipt 3"),
        ("receipt 3", Act::Reversing),
        // What is being taken back is not accepted.
        ("receipt 3", Act::Settle(accepted("1"))),
        ("receipt 3", Act::Settle(unproven(Next::NewNumber))),
        ("receipt 3", Act::Acknowledge),
        ("receipt 3", Act::Settle(declined(Next::NewNumber))),
        begin("prize 4"),
        ("prize 4", Act::Settle(Settlement::NotSent)),
        ("prize 4", Act::Reopen(None)),
        ("prize 4", Act::Settle(declined(Next::Stop))),
        ("prize 4", Act::AllowAgain),
        ("prize 4", Act::Reopen(Some(mended()))),
        begin("order 5"),
        ("order 5", Act::Settle(Settlement::Abandoned)),
        ("order 5", Act::Settle(late("4200000000202701150000000001"))),
        ("back 6", Act::Begin(refund("back 6", "order 5", NOW))),
    ]
    .into()
}

/// Makes a call under a trouble, and once more without it where it came to nothing. True: the trouble came.
fn under(run: &mut Run<'_>, id: EntryId, act: &Act, trouble: Trouble) -> Result<bool> {
    run.arm(trouble);
    let at = run.tick();
    let said = run.call(id, act, at)?;
    let struck = run.bench.struck();
    if struck && matches!(trouble, Trouble::PowerCut(_)) {
        // Before the power comes back: what is dropped writes nothing any more.
        run.close();
    }
    run.bench.arm(None);
    if !struck {
        run.judge(id, act, at, said)?;
        return Ok(false);
    }
    count(run, trouble);
    let first = Tried { id, act, at, numbered: run.numbered.clone() };
    match trouble {
        // After a cut no code runs, so nothing counts that was said.
        Trouble::PowerCut(_) => opened_after(run, &[&first])?,
        Trouble::WriteFails(_) => go_on(run, &first, said.is_ok())?,
    }
    Ok(true)
}

/// A call that was made, and the number that it was given.
struct Tried<'a> {
    id: EntryId,
    act: &'a Act,
    at: i64,
    numbered: Option<Numbered>,
}

impl Tried<'_> {
    /// The model, where what is found is what this call should leave.
    fn worked(&self, run: &Run<'_>, found: &[Entry]) -> Option<Model> {
        let mut after = run.model.clone();
        match self.act {
            Act::Begin(sale) => {
                let id = found.last().map(|entry| entry.id).filter(|id| *id > after.highest)?;
                let allowed = after.lets_begin(sale);
                after.begin(id, sale, self.numbered.clone().filter(|_| allowed)?);
            }
            act => {
                after.change(self.id, act, self.at).ok()?;
            }
        }
        difference(&after.entries, found).is_none().then_some(after)
    }
}

/// Opens, and wants what was there before, or what one of these calls should leave. Where nothing came of them the last is made again.
fn opened_after(run: &mut Run<'_>, tried: &[&Tried<'_>]) -> Result<()> {
    run.open("after it")?;
    let found = run.all()?;
    if let Some(after) = tried.iter().find_map(|one| one.worked(run, &found)) {
        run.model = after;
        return Ok(());
    }
    let Some(last) = tried.last() else { return Ok(()) };
    let is_earlier = difference(&run.earlier.entries, &found).is_none();
    match difference(&run.model.entries, &found) {
        Some(_) if is_earlier => Err(run.broken(
            Promise::Durable,
            last.act.name(),
            "the call before it was answered, and is not there any more",
        )),
        Some(differs) => Err(run.differs(differs, last.act.name(), Promise::Whole)),
        None => run.act(last.id, last.act),
    }
}

/// After a write that failed the program goes on: with this journal where it still works, else with the next opening.
fn go_on(run: &mut Run<'_>, first: &Tried<'_>, says_done: bool) -> Result<()> {
    let call = first.act.name();
    let shown = run.journal()?.before(EntryId::MAX, usize::MAX).ok().map(|mut shown| {
        shown.reverse();
        shown
    });
    if let Some(after) = shown.as_ref().and_then(|shown| first.worked(run, shown)) {
        // It shows the change: then it is there.
        run.model = after;
        run.open("after it")?;
        return run.compare(call, Promise::Durable);
    }
    if says_done {
        return Err(run.broken(Promise::Durable, call, "a write failed, and it said that all is done"));
    }
    let Some(shown) = shown else { return opened_after(run, &[first]) };
    if let Some(differs) = difference(&run.model.entries, &shown) {
        return Err(run.differs(differs, call, Promise::FaultChangesNothing));
    }
    let at = run.tick();
    match run.call(first.id, first.act, at)? {
        Err(fault) if fault.kind() != JournalFaultKind::Refused => {
            let second = Tried { at, numbered: run.numbered.clone(), ..*first };
            opened_after(run, &[first, &second])
        }
        said => {
            run.judge(first.id, first.act, at, said)?;
            run.compare(call, Promise::FaultChangesNothing)?;
            run.open("after it")?;
            run.compare(call, Promise::Durable)
        }
    }
}

/// An opening under a trouble. True: the trouble came.
fn open_under(run: &mut Run<'_>, trouble: Trouble) -> Result<bool> {
    run.close();
    run.arm(trouble);
    let opened = run.bench.open();
    let struck = run.bench.struck();
    if struck {
        // It knows of no cut.
        drop(opened);
        count(run, trouble);
        run.open("after an opening in which that happened")?;
    } else {
        run.bench.arm(None);
        match opened {
            Ok(journal) => run.opened(journal)?,
            Err(_) => run.open("again")?,
        }
    }
    run.compare("open", Promise::Durable)?;
    Ok(struck)
}

pub(super) fn count(run: &mut Run<'_>, trouble: Trouble) {
    let counted = match trouble {
        Trouble::PowerCut(_) => &mut run.report.cuts,
        Trouble::WriteFails(_) => &mut run.report.failures,
    };
    *counted = counted.saturating_add(1);
}
