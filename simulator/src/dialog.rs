//! The phone asks its customer: of orders that it scanned or opened, and of payment codes that want a password (POS flows 3 and 4).

use std::io;

use crate::counter;
use crate::customer::Customer;
use crate::gateway::Gateway;
use crate::record::Record;
use crate::shared::Shared;

/// The phone scans a QR, or opens a page: `text` is what the order was answered with, or its number.
pub(crate) fn scan(shared: &Shared, text: &str) -> io::Result<String> {
    let found = shared.ledger.book(|book| {
        let now = book.now;
        let record = book.records.iter_mut().rev().find(|record| is_payable(record) && is_named(record, text))?;
        // Behind some acquirers an order begins when it is scanned.
        if (counter::of_name(record.entry.gateway).begins_at_scan)(record) && record.entry.state == "NOTPAY" {
            record.turn("USERPAYING", now);
        }
        Some((record.entry.gateway, record.entry.order_number.clone()))
    });
    let (gateway, number) = found.ok_or_else(|| io::Error::other("no open order with this link or number"))?;
    shared.phone().open(gateway, &number);
    Ok(number)
}

/// The customer closes the dialog.
pub(crate) fn refuse(shared: &Shared, number: &str) -> io::Result<()> {
    let refused = [Gateway::Wxpay, Gateway::Swiftpass].iter().find_map(|gateway| {
        shared.ledger.change(gateway.name(), number, |record, now| {
            if record.is_micropay() && record.entry.state == "USERPAYING" {
                record.customer = Some(Customer::Refuses);
                record.turn("PAYERROR", now);
            }
        })
    });
    refused.ok_or_else(|| io::Error::other(format!("no order {number}")))?;
    shared.phone().put_away();
    Ok(())
}

/// An order that a customer may still scan or open.
pub(crate) fn is_payable(record: &Record) -> bool {
    record.has_counter() && !record.is_micropay() && record.is_open()
}

/// What the order was answered with: what a QR shows, and what a page is opened by.
pub(crate) fn links(record: &Record) -> Vec<(String, String)> {
    let reply = (counter::of_name(record.entry.gateway).ordered)(record);
    let shown = ["code_url", "mweb_url", "pay_info", "pay_url", "prepay_id"];
    let known = reply.fields.into_iter().filter(|field| shown.contains(&field.name.as_str()));
    known.map(|field| (field.name, field.value)).collect()
}

fn is_named(record: &Record, text: &str) -> bool {
    record.entry.order_number == text || links(record).iter().any(|(_, link)| link == text)
}
