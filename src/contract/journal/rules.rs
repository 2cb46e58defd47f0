//! Each state against each call: what may be written over what.

use alloc::string::String;
use alloc::vec::Vec;

use super::model::{Act, Sale};
use super::run::{Result, Run};
use super::samples::{
    NOW, OTHER_ACCOUNT, OTHER_CALL, accepted, declined, fen, for_a_person, late, mended, refund, sale, settlements,
    unproven, words,
};
use crate::clock::ChinaTime;
use crate::contract::broken::Promise;
use crate::journal::{Entry, EntryId, Settlement};
use crate::money::Fen;
use crate::outcome::{Next, Words};

pub(super) fn check(run: &mut Run<'_>) -> Result<()> {
    run.fresh()?;
    edges(run)?;
    nobody(run)?;
    intents(run)?;
    acknowledgements(run)?;
    run.restart()?;
    states(run)
}

/// Ways to a state: the calls after the beginning.
fn ways() -> Vec<Vec<Act>> {
    let mut ways: Vec<Vec<Act>> =
        settlements().into_iter().map(|settlement| Vec::from([Act::Settle(settlement)])).collect();
    ways.push(Vec::new());
    // What is being taken back is never accepted.
    ways.push(Vec::from([Act::Reversing]));
    ways.push(Vec::from([Act::Reversing, Act::Settle(for_a_person())]));
    ways.push(Vec::from([Act::Reversing, Act::Settle(unproven(Next::NewNumber))]));
    ways.push(Vec::from([Act::Settle(declined(Next::Stop)), Act::AllowAgain]));
    ways.push(Vec::from([Act::Settle(unproven(Next::Stop)), Act::AllowAgain]));
    ways.push(Vec::from([Act::Settle(Settlement::NotSent), Act::Reopen(None)]));
    ways.push(Vec::from([Act::Settle(declined(Next::SameNumber)), Act::Reopen(Some(mended()))]));
    ways
}

fn calls() -> Vec<Act> {
    let mut calls: Vec<Act> = settlements().into_iter().map(Act::Settle).collect();
    calls.extend([Act::Attempt, Act::Reversing, Act::Reopen(None), Act::Reopen(Some(mended())), Act::AllowAgain]);
    calls.extend([Act::Note(true, Some(words())), Act::Note(false, None), Act::Acknowledge]);
    calls
}

/// Every state, of a payment and of a refund, meets every call.
fn states(run: &mut Run<'_>) -> Result<()> {
    for way in ways() {
        // A journal of a few entries is enough of a storage.
        run.fresh()?;
        for (count, call) in calls().into_iter().enumerate() {
            // The rules of a refund differ in one state: an unproven refusal.
            let (bought, back) = (alloc::format!("sale {count}"), alloc::format!("refund {count}"));
            for sale in [sale(&bought, NOW), refund(&back, "an order", NOW)] {
                let id = run.begin(sale)?;
                way.iter().try_for_each(|act| run.act(id, act))?;
                run.act(id, &call)?;
            }
        }
        run.compare("before", Promise::AsStored)?;
        run.restart()?;
    }
    Ok(())
}

/// The shortest and the longest of everything.
fn edges(run: &mut Run<'_>) -> Result<()> {
    let longest = ["x", &"龘".repeat(21)].concat();
    let plain = |intent: &str| sale(intent, NOW);
    let long: String = "长".repeat(200);
    run.begin(Sale { amount: fen(1), at: 0, ..plain("1") })?;
    run.begin(Sale { amount: Fen::MAX, at: ChinaTime::LAST, ..plain(&longest) })?;
    run.begin(Sale { fields: Vec::new(), ..plain("no field but the number") })?;
    run.begin(Sale { of: Some(long.clone()), ..plain("a long name of what it is of") })?;
    let many = (0..20).map(|at| (alloc::format!("coupon_id_{at}"), long.clone())).collect();
    let id = run.begin(Sale { fields: many, ..plain("many fields") })?;
    run.act(id, &Act::Note(false, Some(words())))?;
    run.act(id, &Act::Note(true, None))?;
    // The same again is no change.
    run.act(id, &Act::Note(false, None))?;
    run.act(id, &Act::Note(true, Some(words())))?;
    run.act(id, &Act::Note(false, Some(Words { code: String::new(), text: long })))?;
    for _ in 0..3 {
        run.act(id, &Act::Attempt)?;
    }
    run.act(id, &Act::Settle(accepted("1")))?;
    run.compare("before", Promise::AsStored)
}

/// Entries that are not there.
fn nobody(run: &mut Run<'_>) -> Result<()> {
    for id in [run.nobody(), 0, -1, EntryId::MAX, EntryId::MIN] {
        for call in calls() {
            let at = run.tick();
            let said = run.call(id, &call, at)?;
            run.judge(id, &call, at, said)?;
        }
        if run.ask("entry", |journal| journal.entry(id))?.is_some() {
            return Err(run.broken(
                Promise::Finds,
                "entry",
                alloc::format!("there is no entry {id}, and it found one"),
            ));
        }
    }
    run.compare("settle", Promise::FaultChangesNothing)
}

/// An intent is unique, under whatever account and call; its newest entry decides.
fn intents(run: &mut Run<'_>) -> Result<()> {
    let here = |intent: &str| Act::Begin(sale(intent, NOW));
    let account = |intent: &str| Act::Begin(Sale { account: OTHER_ACCOUNT, ..sale(intent, NOW) });
    let call = |intent: &str| Act::Begin(Sale { call: OTHER_CALL, ..sale(intent, NOW) });
    for (count, settlement) in settlements().into_iter().enumerate() {
        let intent = alloc::format!("intent {count}");
        let first = run.begin(sale(&intent, NOW))?;
        for begin in [&here, &account, &call] as [&dyn Fn(&str) -> Act; 3] {
            run.act(0, &begin(&intent))?;
        }
        run.act(first, &Act::Settle(settlement))?;
        for begin in [&here, &call, &account] as [&dyn Fn(&str) -> Act; 3] {
            // Of an intent that lets another begin the first is taken; it is open then, and stops the others.
            run.act(0, &begin(&intent))?;
        }
    }
    // A newer entry that is open stops, whatever the older ones say; a pair that looks alike is another intent.
    let first = run.begin(sale("three numbers", NOW))?;
    run.act(first, &Act::Settle(declined(Next::NewNumber)))?;
    let second = run.begin(sale("three numbers", NOW))?;
    run.act(0, &here("three numbers"))?;
    run.act(second, &Act::Settle(declined(Next::NewNumber)))?;
    run.begin(sale("three numbers", NOW))?;
    run.begin(sale("three numbers ", NOW))?;
    run.begin(sale("Three numbers", NOW))?;
    check_of_intent(run, "three numbers")?;
    run.compare("begin", Promise::AsStored)
}

fn check_of_intent(run: &mut Run<'_>, intent: &'static str) -> Result<()> {
    let expected: Vec<Entry> = run.model.entries.iter().filter(|entry| entry.intent == intent).cloned().collect();
    let found = run.ask("of_intent", |journal| journal.of_intent(intent))?;
    if found != expected {
        return Err(run.broken(Promise::Finds, "of_intent", "all entries of an intent, oldest first"));
    }
    Ok(())
}

/// Only what is settled is acknowledged; once; and no longer when something changed.
fn acknowledgements(run: &mut Run<'_>) -> Result<()> {
    let acknowledged = |run: &mut Run<'_>, name: &str, first: &[Act]| -> Result<EntryId> {
        let id = run.begin(sale(name, NOW))?;
        first.iter().try_for_each(|act| run.act(id, act))?;
        run.act(id, &Act::Acknowledge)?;
        run.act(id, &Act::Acknowledge)?;
        Ok(id)
    };
    let refused = acknowledged(run, "late money", &[Act::Settle(declined(Next::NewNumber))])?;
    run.act(refused, &Act::Settle(late("1")))?;
    run.act(refused, &Act::Acknowledge)?;
    let unsent = acknowledged(run, "opened again", &[Act::Settle(Settlement::NotSent)])?;
    run.act(unsent, &Act::Reopen(None))?;
    let proven = acknowledged(run, "proven later", &[Act::Settle(unproven(Next::NewNumber))])?;
    run.act(proven, &Act::Settle(declined(Next::NewNumber)))?;
    let doubted = acknowledged(run, "for a person later", &[Act::Settle(unproven(Next::NewNumber))])?;
    run.act(doubted, &Act::Settle(for_a_person()))?;
    run.compare("acknowledge", Promise::Acknowledged)
}
