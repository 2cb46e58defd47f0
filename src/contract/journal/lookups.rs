//! Questions: each finds what it asks for, and nothing else.

use alloc::string::String;
use alloc::vec::Vec;

use super::model::{Act, Sale};
use super::run::{Result, Run};
use super::samples::{
    ACCOUNT, DAY, NOW, OTHER_ACCOUNT, accepted, declined, fen, for_a_person, late, pair, refund, sale, unproven,
};
use crate::clock::{ChinaTime, EARLIEST, LATEST};
use crate::contract::broken::Promise;
use crate::journal::{Entry, EntryId, Journal, JournalFault, Settlement, Summary};
use crate::outcome::Next;

type Answer<T> = core::result::Result<T, JournalFault>;

pub(super) fn check(run: &mut Run<'_>) -> Result<()> {
    run.fresh()?;
    nothing(run)?;
    fill(run)?;
    run.compare("before", Promise::AsStored)?;
    for opening in ["", "after an opening"] {
        run.during = opening.into();
        lists(run)?;
        back(run)?;
        by_name(run)?;
        last_attempts(run)?;
        sums(run)?;
        run.restart()?;
    }
    run.during = String::new();
    Ok(())
}

fn wants<T: PartialEq>(
    run: &mut Run<'_>,
    (call, what): (&'static str, &str),
    expected: &T,
    question: impl FnOnce(&mut dyn Journal) -> Answer<T>,
) -> Result<()> {
    if run.ask(call, question)? == *expected {
        return Ok(());
    }
    Err(run.broken(Promise::Finds, call, what))
}

/// An empty journal has no answers, and no faults.
fn nothing(run: &mut Run<'_>) -> Result<()> {
    let none = Vec::<Entry>::new();
    let empty = "it found something in an empty journal";
    wants(run, ("of_intent", empty), &none, |journal| journal.of_intent("prize"))?;
    wants(run, ("unacknowledged", empty), &none, |journal| journal.unacknowledged())?;
    wants(run, ("unproven", empty), &none, |journal| journal.unproven())?;
    wants(run, ("refunds_of", empty), &none, |journal| journal.refunds_of(ACCOUNT, "order"))?;
    wants(run, ("before", empty), &none, |journal| journal.before(EntryId::MAX, 10))?;
    wants(run, ("by_order_number", empty), &None, |journal| journal.by_order_number(ACCOUNT, "1"))?;
    wants(run, ("by_evidence", empty), &None, |journal| journal.by_evidence(ACCOUNT, "transaction_id", "1"))?;
    wants(run, ("last_attempt_to", empty), &None, |journal| journal.last_attempt_to(ACCOUNT, "re_openid", "1"))?;
    wants(run, ("summary", empty), &Vec::new(), |journal| journal.summary(i64::MIN, i64::MAX))?;
    wants(run, ("prune", "it pruned an empty journal"), &0, |journal| journal.prune(i64::MAX, i64::MAX, &|_| None))
}

/// A day of payments, two accounts, some entries from a clock that was not set.
fn fill(run: &mut Run<'_>) -> Result<()> {
    let to = |openid: &str| Vec::from([pair("openid", openid), pair("desc", "re_openid")]);
    let paid = run.begin(Sale { fields: to("anna"), ..sale("paid", NOW) })?;
    run.act(paid, &Act::Settle(accepted("1000")))?;
    run.act(paid, &Act::Acknowledge)?;
    let again = run.begin(Sale { fields: to("anna"), amount: fen(300), ..sale("paid again", NOW) })?;
    run.act(again, &Act::Attempt)?;
    run.act(again, &Act::Settle(accepted("1001")))?;
    let unsent = run.begin(Sale { fields: to("anna"), ..sale("never sent", NOW.saturating_add(DAY)) })?;
    run.act(unsent, &Act::Attempt)?;
    run.act(unsent, &Act::Settle(Settlement::NotSent))?;
    let other =
        run.begin(Sale { account: OTHER_ACCOUNT, call: "micropay", fields: to("anna"), ..sale("other", NOW) })?;
    run.act(other, &Act::Settle(late("1000")))?;
    for (intent, next) in [("unproven", Next::NewNumber), ("unproven, seen", Next::Stop)] {
        let id = run.begin(sale(intent, NOW))?;
        run.act(id, &Act::Settle(unproven(next)))?;
    }
    run.act(run.model.highest, &Act::Acknowledge)?;
    let refused = run.begin(sale("refused", NOW.saturating_sub(DAY)))?;
    run.act(refused, &Act::Settle(declined(Next::Stop)))?;
    run.act(refused, &Act::Acknowledge)?;
    for (intent, of, account) in [
        ("back 1", "order 1", ACCOUNT),
        ("back 2", "order 1", ACCOUNT),
        ("back 3", "order 2", ACCOUNT),
        ("back 4", "order 1", OTHER_ACCOUNT),
    ] {
        run.begin(Sale { account, ..refund(intent, of, NOW) })?;
    }
    let back = run.model.newest("back 2").map_or(0, |entry| entry.id);
    run.act(back, &Act::Settle(declined(Next::NewNumber)))?;
    let ordered = run.begin(Sale { call: "unifiedorder", ..sale("ordered", NOW) })?;
    run.act(ordered, &Act::Settle(Settlement::Ordered { evidence: Vec::from([pair("transaction_id", "2000")]) }))?;
    run.act(ordered, &Act::Settle(late("2001")))?;
    let person = run.begin(sale("person", NOW))?;
    run.act(person, &Act::Settle(for_a_person()))?;
    for (intent, at) in
        [("1970", 0), ("just before", EARLIEST.saturating_sub(1)), ("2099", LATEST), ("9999", ChinaTime::LAST)]
    {
        run.begin(Sale { amount: fen(7), ..sale(intent, at) })?;
    }
    Ok(())
}

fn chosen(run: &Run<'_>, which: impl Fn(&Entry) -> bool) -> Vec<Entry> {
    run.model.entries.iter().filter(|entry| which(entry)).cloned().collect()
}

fn lists(run: &mut Run<'_>) -> Result<()> {
    let open = chosen(run, |entry| entry.acknowledged_at.is_none());
    wants(run, ("unacknowledged", "every entry that is not acknowledged, oldest first"), &open, |journal| {
        journal.unacknowledged()
    })?;
    let unproven = chosen(run, Entry::is_unproven);
    let what = "every refusal that the query has yet to confirm, oldest first, acknowledged or not";
    wants(run, ("unproven", what), &unproven, |journal| journal.unproven())?;
    for account in [ACCOUNT, OTHER_ACCOUNT, "", "redpack"] {
        for order in ["order 1", "order 2", "order", "", "paid"] {
            let refunds = chosen(run, |entry| entry.account == account && entry.of.as_deref() == Some(order));
            let what = "every refund of an order under an account, whatever became of it, oldest first";
            wants(run, ("refunds_of", what), &refunds, |journal| journal.refunds_of(account, order))?;
        }
    }
    Ok(())
}

/// The highest first, below the one that is named, whether it is there or not.
fn back(run: &mut Run<'_>) -> Result<()> {
    let highest = run.model.highest;
    let middle = run.model.entries.get(5).map_or(0, |entry| entry.id);
    for id in [EntryId::MIN, -1, 0, 1, 2, middle, highest, highest.saturating_add(1), EntryId::MAX] {
        for most in [0, 1, 3, 1000, usize::MAX] {
            let mut below = chosen(run, |entry| entry.id < id);
            below.reverse();
            below.truncate(most);
            let what = alloc::format!("at most {most} entries below {id}, the highest first");
            wants(run, ("before", &what), &below, |journal| journal.before(id, most))?;
        }
    }
    Ok(())
}

fn by_name(run: &mut Run<'_>) -> Result<()> {
    for entry in run.model.entries.clone() {
        let (intent, number, account) = (entry.intent.as_str(), entry.order_number.as_str(), entry.account.as_str());
        let of_intent = chosen(run, |other| other.intent == intent);
        wants(run, ("of_intent", "all entries of an intent"), &of_intent, |journal| journal.of_intent(intent))?;
        let one = Some(entry.clone());
        wants(run, ("entry", "an entry by its number"), &one, |journal| journal.entry(entry.id))?;
        let what = "an entry by its order number";
        wants(run, ("by_order_number", what), &one, |journal| journal.by_order_number(account, number))?;
        let elsewhere = if account == ACCOUNT { OTHER_ACCOUNT } else { ACCOUNT };
        let what = "an order number is another account's, and it was found under this one";
        wants(run, ("by_order_number", what), &None, |journal| journal.by_order_number(elsewhere, number))?;
    }
    let what = "the one entry under this account whose evidence has this field with this value";
    let evidence = [
        (ACCOUNT, "send_listid", "1000", Some("paid")),
        (ACCOUNT, "send_listid", "1001", Some("paid again")),
        (OTHER_ACCOUNT, "transaction_id", "1000", Some("other")),
        (ACCOUNT, "transaction_id", "2001", Some("ordered")),
        // What was written over is no evidence any more.
        (ACCOUNT, "transaction_id", "2000", None),
        (ACCOUNT, "transaction_id", "1000", None),
        (OTHER_ACCOUNT, "send_listid", "1000", None),
        (ACCOUNT, "send_listid", "100", None),
        // A field that was sent is none.
        (ACCOUNT, "openid", "anna", None),
    ];
    for (account, field, value, intent) in evidence {
        let expected = intent.and_then(|intent| run.model.newest(intent).cloned());
        wants(run, ("by_evidence", what), &expected, |journal| journal.by_evidence(account, field, value))?;
    }
    Ok(())
}

/// Whoever was never sent anything waits for nothing.
fn last_attempts(run: &mut Run<'_>) -> Result<()> {
    let again = run.model.newest("paid again").map(|entry| entry.last_attempt_at);
    let other = run.model.newest("other").map(|entry| entry.last_attempt_at);
    let what = "the last attempt under this account that was sent, whose fields hold this value";
    for (account, field, value, expected) in [
        (ACCOUNT, "openid", "anna", again),
        (OTHER_ACCOUNT, "openid", "anna", other),
        (ACCOUNT, "openid", "ann", None),
        (ACCOUNT, "desc", "anna", None),
        (ACCOUNT, "openid", "re_openid", None),
        ("", "openid", "anna", None),
    ] {
        wants(run, ("last_attempt_to", what), &expected, |journal| journal.last_attempt_to(account, field, value))?;
    }
    Ok(())
}

/// By call and outcome; what was begun under a clock that was not set is in every sum.
fn sums(run: &mut Run<'_>) -> Result<()> {
    let days = [
        (NOW, NOW.saturating_add(1)),
        (NOW.saturating_sub(DAY), NOW),
        (NOW, NOW.saturating_add(DAY)),
        (EARLIEST, LATEST),
        (0, 0),
    ];
    for (from, until) in days {
        let mut expected: Vec<Summary> = Vec::new();
        let is_dated = |entry: &Entry| (EARLIEST..LATEST).contains(&entry.begun_at);
        for entry in chosen(run, |entry| !is_dated(entry) || (from..until).contains(&entry.begun_at)) {
            let outcome = [if is_dated(&entry) { "" } else { "undated: " }, entry.state.word()].concat();
            let row = expected.iter_mut().find(|row| row.call == entry.call && row.outcome == outcome);
            match row {
                Some(row) => {
                    row.count = row.count.saturating_add(1);
                    row.fen = row.fen.saturating_add(entry.amount.get().into());
                }
                None => expected.push(Summary { call: entry.call, outcome, count: 1, fen: entry.amount.get().into() }),
            }
        }
        let mut found = run.ask("summary", |journal| journal.summary(from, until))?;
        for rows in [&mut expected, &mut found] {
            rows.sort_by(|one, other| (&one.call, &one.outcome).cmp(&(&other.call, &other.outcome)));
        }
        if found != expected {
            let text = alloc::format!("from {from} until {until}: {found:?}; it must be {expected:?}");
            return Err(run.broken(Promise::Sums, "summary", text));
        }
    }
    Ok(())
}
