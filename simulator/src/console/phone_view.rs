//! What the customer's phone shows: its code, a dialog, and the money that went and came.

use serde_json::{Value, json};

use crate::clock;
use crate::console::texts::{cell, subject};
use crate::dialog;
use crate::ledger::Book;
use crate::phone::Phone;
use crate::record::Record;
use crate::refund::RefundStatus;

/// So many messages, and so many orders to choose from.
const MESSAGES: usize = 20;
const ORDERS: usize = 50;

pub(crate) fn phone(book: &Book, phone: &Phone, code: Option<&(String, u64)>) -> Value {
    let own = |record: &&Record| is_own(phone, record);
    let dialog = book.records.iter().rev().filter(own).find(|record| asks(phone, record));
    let mut messages: Vec<(u64, Value)> = book.records.iter().rev().filter(own).take(MESSAGES).flat_map(told).collect();
    messages.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let messages: Vec<Value> = messages.into_iter().take(MESSAGES).map(|(_, message)| message).collect();
    json!({
        "habit": phone.habit().name(),
        "code": code.map(|(code, _)| code),
        "seconds": code.map(|(_, seconds)| seconds),
        "dialog": dialog.map(shown),
        "messages": messages,
    })
}

/// Orders that can be scanned or opened, the newest first.
pub(crate) fn open_orders(book: &Book) -> Vec<Value> {
    let payable = book.records.iter().rev().filter(|record| dialog::is_payable(record));
    payable.take(ORDERS).map(shown).collect()
}

fn shown(record: &Record) -> Value {
    json!({
        "gateway": record.entry.gateway,
        "number": cell(&record.entry.order_number),
        "amount": record.entry.amount,
        "merchant": cell(subject(record)),
        "kind": cell([record.content.get("trade_type"), record.content.get("service")].concat().as_str()),
        "micropay": record.is_micropay(),
    })
}

/// Paid by a code of this phone, scanned or opened by it, or sent to whoever holds it.
fn is_own(phone: &Phone, record: &Record) -> bool {
    let (gateway, number) = (record.entry.gateway, record.entry.order_number.as_str());
    match record.has_counter() {
        true => phone.showed(record.content.get("auth_code")) || phone.opened(gateway, number),
        false => true,
    }
}

/// Whether a dialog waits for an answer.
fn asks(phone: &Phone, record: &Record) -> bool {
    match record.is_micropay() {
        true => record.entry.state == "USERPAYING",
        false => record.is_open() && phone.asks_about(record.entry.gateway, &record.entry.order_number),
    }
}

/// What the customer was told of an order, each with its time.
fn told(record: &Record) -> Vec<(u64, Value)> {
    let message = |at: u64, kind: &str, amount: u64| {
        let told = json!({
            "kind": kind,
            "amount": amount,
            "merchant": cell(subject(record)),
            "number": cell(&record.entry.order_number),
            "at": clock::spelled(at),
        });
        (at, told)
    };
    let amount = record.entry.amount;
    let mut messages = Vec::new();
    if record.entry.charges > 0 {
        let kind = if record.has_counter() { "paid" } else { "received" };
        messages.push(message(record.paid_at, kind, amount));
    }
    if let Some(at) = record.reversed_at() {
        messages.push(message(at, "returned", amount));
    }
    for refund in &record.refunds {
        let amount = refund.entry.amount;
        messages.push(message(refund.made_at, "refund-begun", amount));
        if refund.entry.status == RefundStatus::Success {
            messages.push(message(refund.ended_at, "refunded", amount));
        }
    }
    messages
}
