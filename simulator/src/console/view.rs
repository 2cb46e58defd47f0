//! What the page shows, as JSON: the ledger, the phone, the wire and what is planned.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::clock;
use crate::console::phone_view;
use crate::console::texts::{cell, quoted, subject, terminal};
use crate::exchange::Exchange;
use crate::ledger::Book;
use crate::record::Record;
use crate::simulator::Simulator;

/// So many orders at once: the newest, and every one whose money moved twice.
const ROWS: usize = 200;
/// Equal orders within this time are marked, in seconds.
const SOON: u64 = 600;

/// Everything that changes. `find`: only orders in which this text stands.
pub(crate) fn state(simulator: &Simulator, find: &str) -> Value {
    let shared = simulator.shared();
    let mut phone = shared.phone();
    // May be another one from now on, so it comes first; what the customer does is of this code. Without random numbers there is none.
    let code = phone.code(shared.ledger.now()).ok();
    let (mut state, now) = shared.ledger.book(|book| {
        let twins = twins(book);
        let state = json!({
            "totals": totals(book),
            "rows": rows(book, &twins, find),
            "phone": phone_view::phone(book, &phone, code.as_ref()),
            "open": phone_view::open_orders(book),
        });
        (state, book.now)
    });
    drop(phone);
    let (planned, network) = (shared.plan().planned(), *shared.network());
    let behaviours = shared.behaviours().planned();
    state["wire"] = shared.exchanges().all().take(50).map(exchange).collect();
    state["plan"] = json!({
        "faults": planned,
        "behaviours": behaviours,
        "delay": u64::try_from(network.delay.as_millis()).unwrap_or(u64::MAX),
        "loss": network.loss,
    });
    state["clock"] = json!({ "now": clock::spelled(now), "ahead": now.saturating_sub(clock::now()) });
    state
}

/// The serial numbers of orders that are like an earlier one but for the number, soon after it, and both moved money: the usual
/// program takes another number after an error, and pays twice.
fn twins(book: &Book) -> Vec<u64> {
    let mut last: HashMap<(&str, u64, &str, &str, &str), u64> = HashMap::new();
    let moved = book.records.iter().filter(|record| record.entry.charges > 0);
    let again = moved.filter(|record| {
        let entry = &record.entry;
        let key = (entry.gateway, entry.amount, entry.payee.as_str(), subject(record), terminal(record));
        let before = last.insert(key, record.made_at);
        before.is_some_and(|at| record.made_at.saturating_sub(at) < SOON)
    });
    again.map(|record| record.serial).collect()
}

fn totals(book: &Book) -> Value {
    let sum = |of: fn(&Record) -> u64| book.records.iter().map(of).sum::<u64>();
    let count = |of: fn(&Record) -> bool| book.records.iter().filter(|record| of(record)).count();
    json!({
        "orders": book.records.len(),
        "open": count(Record::is_open),
        "paid": count(|record| record.entry.paid > 0),
        "paid_fen": sum(|record| record.entry.amount * u64::from(record.entry.paid)),
        "refunded_fen": sum(|record| record.entry.refunded),
        "reversed": count(|record| record.entry.reversed > 0),
        "twice": count(|record| record.entry.charges > 1),
    })
}

fn rows(book: &Book, twins: &[u64], find: &str) -> Vec<Value> {
    let newest = book.records.iter().rev().filter(|record| find.is_empty() || has(record, find));
    let mut left = ROWS;
    let shown = newest.filter(|record| {
        let room = left > 0;
        left = left.saturating_sub(1);
        room || record.entry.charges > 1
    });
    shown.take(2 * ROWS).map(|record| row(record, twins)).collect()
}

fn has(record: &Record, find: &str) -> bool {
    let entry = &record.entry;
    let texts = [entry.gateway, &entry.order_number, &entry.state, &entry.payee, subject(record), terminal(record)];
    let refunds = record.refunds.iter().map(|refund| refund.entry.refund_number.as_str());
    texts.into_iter().chain(refunds).any(|text| text.contains(find)) || entry.amount.to_string() == find
}

fn row(record: &Record, twins: &[u64]) -> Value {
    let entry = &record.entry;
    let refunds = record.refunds.iter().rev().take(50).map(|refund| {
        json!({
            "number": cell(&refund.entry.refund_number),
            "amount": refund.entry.amount,
            "state": refund.entry.status.name(),
        })
    });
    json!({
        "gateway": entry.gateway,
        "number": cell(&entry.order_number),
        "amount": entry.amount,
        "state": entry.state,
        "charges": entry.charges,
        "paid": entry.paid,
        "reversed": entry.reversed,
        "refunded": entry.refunded,
        "attempts": entry.attempts,
        "terminal": cell(terminal(record)),
        "subject": cell(subject(record)),
        "payee": cell(&entry.payee),
        "at": clock::spelled(record.made_at),
        "twin": twins.binary_search(&record.serial).is_ok(),
        "refunds": refunds.collect::<Vec<_>>(),
    })
}

fn exchange(exchange: &Exchange) -> Value {
    json!({
        "serial": exchange.serial,
        "at": clock::spelled(exchange.at),
        "gateway": exchange.gateway,
        "path": exchange.path,
        "number": cell(&exchange.number),
        "request": exchange.request,
        "signed": exchange.signed,
        "wrong": exchange.wrong,
        "said": exchange.said,
        "fault": exchange.fault,
        "status": exchange.status,
        "reply": exchange.reply,
        "certificate": exchange.certificate,
    })
}

/// Every order, oldest first. The mark at the beginning tells spreadsheets that it is UTF-8.
pub(crate) fn csv(simulator: &Simulator) -> String {
    let header = "\u{feff}gateway,order_number,amount_fen,state,charges,paid,reversed,refunded_fen,attempts,terminal,subject,payee,made_at\r\n";
    simulator.shared().ledger.book(|book| {
        book.records.iter().fold(header.to_owned(), |text, record| {
            let entry = &record.entry;
            let (made_at, subject, terminal) = (clock::spelled(record.made_at), subject(record), terminal(record));
            let texts = [subject, &entry.payee, &made_at].map(quoted).join(",");
            let head = [entry.gateway, &entry.order_number].map(quoted).join(",");
            let counts = [entry.charges, entry.paid, entry.reversed].map(|count| count.to_string()).join(",");
            let (amount, state, refunded) = (entry.amount, quoted(&entry.state), entry.refunded);
            text + &format!(
                "{head},{amount},{state},{counts},{refunded},{},{},{texts}\r\n",
                entry.attempts,
                quoted(terminal)
            )
        })
    })
}
