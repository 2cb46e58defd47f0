//! The gateways' memory: one record per gateway and order number.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock;
use crate::fields::Fields;

/// What the gateway knows of one order number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// `"wxpay"`, `"redpack"`, `"workwx"`, `"swiftpass"` or `"webgate"`.
    pub gateway: &'static str,
    /// `mch_billno`, `partner_trade_no` or `out_trade_no`.
    pub order_number: String,
    /// In fen.
    pub amount: u64,
    /// The openid that gets the money; for Swiftpass `sub_openid`, which may be empty.
    pub payee: String,
    /// How often money really moved. For an order it is 0 until the customer pays.
    pub paid: u32,
    /// Requests that reached the ledger with this number.
    pub attempts: u32,
    /// What the query says.
    pub state: String,
}

/// An entry, and what is needed to answer for it again.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) entry: Entry,
    /// What must be equal in a repeat.
    pub(crate) content: Fields,
    /// Makes the gateway's own numbers.
    pub(crate) serial: u64,
    /// Seconds since 1970.
    pub(crate) made_at: u64,
    pub(crate) paid_at: u64,
}

impl Record {
    /// A number of the gateway's own: 28 digits, always the same for this record.
    pub(crate) fn own_number(&self) -> String {
        format!("1000{}{:010}", clock::packed(self.made_at), self.serial)
    }
}

/// What the ledger did with a payment.
pub(crate) enum Entered {
    New(Record),
    Same(Record),
    Different,
}

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    records: Mutex<Vec<Record>>,
}

impl Ledger {
    /// A thread that panicked with the lock held leaves a complete list, so go on with it.
    fn records(&self) -> MutexGuard<'_, Vec<Record>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a payment, or finds the one that is there. One number pays at most once.
    pub(crate) fn enter(&self, mut draft: Record) -> Entered {
        let mut records = self.records();
        let wanted = |record: &&mut Record| {
            record.entry.gateway == draft.entry.gateway && record.entry.order_number == draft.entry.order_number
        };
        if let Some(known) = records.iter_mut().find(wanted) {
            known.entry.attempts += 1;
            return match known.content == draft.content {
                true => Entered::Same(known.clone()),
                false => Entered::Different,
            };
        }
        draft.serial = records.len() as u64 + 1;
        draft.entry.attempts = 1;
        records.push(draft.clone());
        Entered::New(draft)
    }

    pub(crate) fn find(&self, gateway: &str, number: &str) -> Option<Record> {
        let records = self.records();
        let wanted = |r: &&Record| r.entry.gateway == gateway && r.entry.order_number == number;
        records.iter().find(wanted).cloned()
    }

    /// Changes a record; `None` when there is none.
    pub(crate) fn change<T>(&self, gateway: &str, number: &str, change: impl FnOnce(&mut Record) -> T) -> Option<T> {
        let mut records = self.records();
        let wanted = |r: &&mut Record| r.entry.gateway == gateway && r.entry.order_number == number;
        records.iter_mut().find(wanted).map(change)
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.records().iter().map(|r| r.entry.clone()).collect()
    }

    /// The state of every order with that number, whatever the gateway.
    pub(crate) fn set_state(&self, number: &str, state: &str) {
        let mut records = self.records();
        for record in records.iter_mut().filter(|r| r.entry.order_number == number) {
            record.entry.state = state.to_owned();
            if record.paid_at == 0 {
                record.paid_at = clock::now();
            }
            // docs: A.4 and B.4: FAILED means that the money stayed, or came back at once.
            if state == "FAILED" && matches!(record.entry.gateway, "redpack" | "workwx") {
                record.entry.paid = 0;
            }
        }
    }
}
