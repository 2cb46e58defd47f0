//! The gateways' memory: one record per gateway and order number.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use crate::fields::Fields;
use crate::gateway::Gateway;
use crate::record::{Entry, Record};
use crate::refund::{Refund, RefundEntry};

/// What the ledger did with a payment.
pub(crate) enum Entered {
    New(Record),
    Same(Record),
    Different,
}

/// The records under the ledger's lock, and the time.
pub(crate) struct Book<'a> {
    pub(crate) records: &'a mut Vec<Record>,
    pub(crate) now: u64,
}

impl Book<'_> {
    pub(crate) fn find(&mut self, gateway: &str, number: &str) -> Option<&mut Record> {
        self.records.iter_mut().find(|r| r.entry.gateway == gateway && r.entry.order_number == number)
    }

    /// The order that a request names: transaction_id goes before out_trade_no (docs: E.2, corrections).
    pub(crate) fn order_of(&mut self, gateway: Gateway, fields: &Fields) -> Option<&mut Record> {
        let gateway = gateway.name();
        match fields.get("transaction_id") {
            "" => self.find(gateway, fields.get("out_trade_no")),
            id => {
                let mut records = self.records.iter_mut();
                records.find(|r| r.entry.gateway == gateway && r.paid_at > 0 && r.transaction_id() == id)
            }
        }
    }

    /// A refund, as its order and its place there.
    pub(crate) fn refund_at(
        &mut self,
        gateway: Gateway,
        wanted: impl Fn(&Refund) -> bool,
    ) -> Option<(&mut Record, usize)> {
        self.refund(|record, refund| record.entry.gateway == gateway.name() && wanted(refund))
    }

    /// The same, whatever the gateway.
    pub(crate) fn refund(&mut self, wanted: impl Fn(&Record, &Refund) -> bool) -> Option<(&mut Record, usize)> {
        self.records.iter_mut().find_map(|record| {
            let at = record.refunds.iter().position(|refund| wanted(record, refund))?;
            Some((record, at))
        })
    }

    pub(crate) fn add(&mut self, mut draft: Record) -> &mut Record {
        draft.made(self.records.len() as u64 + 1, self.now);
        let at = self.records.len();
        self.records.push(draft);
        &mut self.records[at]
    }
}

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    records: Mutex<Vec<Record>>,
    clock: Clock,
}

impl Ledger {
    /// A thread that panicked with the lock held leaves a complete list, so go on with it.
    fn records(&self) -> MutexGuard<'_, Vec<Record>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Several steps that nobody comes between. What time alone does is done before.
    pub(crate) fn book<T>(&self, steps: impl FnOnce(&mut Book) -> T) -> T {
        let mut records = self.records();
        let now = self.now();
        records.iter_mut().for_each(|record| record.age(now));
        steps(&mut Book { records: &mut records, now })
    }

    /// The gateway's time, in seconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        self.clock.now()
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// Takes a payment, or finds the one that is there. One number pays at most once.
    pub(crate) fn enter(&self, draft: Record) -> Entered {
        self.book(|book| match book.find(draft.entry.gateway, &draft.entry.order_number) {
            Some(known) => {
                known.entry.attempts += 1;
                match known.content == draft.content {
                    true => Entered::Same(known.clone()),
                    false => Entered::Different,
                }
            }
            None => Entered::New(book.add(draft).clone()),
        })
    }

    pub(crate) fn find(&self, gateway: &str, number: &str) -> Option<Record> {
        self.book(|book| book.find(gateway, number).cloned())
    }

    /// Changes a record; `None` when there is none.
    pub(crate) fn change<T>(
        &self,
        gateway: &str,
        number: &str,
        change: impl FnOnce(&mut Record, u64) -> T,
    ) -> Option<T> {
        self.book(|book| {
            let now = book.now;
            book.find(gateway, number).map(|record| change(record, now))
        })
    }

    /// The first order with this number, whatever the gateway.
    pub(crate) fn entry(&self, number: &str) -> Option<Entry> {
        self.book(|book| {
            book.records.iter().find(|record| record.entry.order_number == number).map(|r| r.entry.clone())
        })
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.book(|book| book.records.iter().map(|r| r.entry.clone()).collect())
    }

    pub(crate) fn refunds(&self) -> Vec<RefundEntry> {
        self.book(|book| book.records.iter().flat_map(|r| &r.refunds).map(|refund| refund.entry.clone()).collect())
    }

    /// The state of every order with that number, whatever the gateway.
    pub(crate) fn set_state(&self, number: &str, state: &str) {
        self.book(|book| {
            let now = book.now;
            for record in book.records.iter_mut().filter(|r| r.entry.order_number == number) {
                record.turn(state, now);
                if record.paid_at == 0 {
                    record.paid_at = now;
                }
                // docs: A.4 and B.4: FAILED means that the money stayed, or came back at once.
                if state == "FAILED" && matches!(record.entry.gateway, "redpack" | "workwx" | "workwx_redpack") {
                    record.entry.paid = 0;
                }
            }
        });
    }
}
