//! A counter of the simulated field: accounts of WeChat Pay, a till, a cashier with a scanner and a screen for QRs. The only file of
//! this simulation that pays.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use wxpay_terminal::*;

use crate::support::memory_journal::MemoryJournal;
use crate::support::wxpay::native_order;
use crate::support::*;
use crate::till::counter_gateway::Wechat;
use crate::till::field_shop::{Told, told};
use crate::till::modelled::Time;

pub const MERCHANTS: [&str; 2] = [MCH_ID, "1900000110"];
pub const PRICE: i64 = 888;

/// What a technician set at this counter.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counter {
    /// The account says that it cannot take anything back (ruling 7, POS flows 14).
    pub without_certificate: bool,
}

/// The board boots: the journal is opened again.
pub fn boot(wires: &[Arc<Wechat>], journal: &MemoryJournal, time: &Time, counter: Counter) -> Till {
    let till = Till::with_inputs(Box::new(journal.reopened()), Box::new(time.clone()), Box::new(time.clone()));
    wires.iter().fold(till, |till, wire| {
        let inputs = Inputs {
            transport: Box::new(wire.clone()),
            clock: Box::new(time.clone()),
            random: Box::new(Counting::new()),
        };
        let hosts = ["https://gateway.example", "https://gateway2.example"];
        let account = WxpayAccount::new(wire.mch_id, APPID, key()).unwrap().hosts(&hosts).unwrap();
        let account = if counter.without_certificate { account.without_certificate() } else { account };
        till.with(Client::with_inputs(account, terminal(), inputs).unwrap())
    })
}

pub fn is_of(wire: &Wechat, entry: &Entry) -> bool {
    entry.account.contains(wire.mch_id)
}

/// How a sale is to be paid.
#[derive(Clone, Debug, PartialEq)]
pub enum By {
    /// The customer shows this code.
    Code(String),
    /// The customer scans ours.
    Qr,
}

pub fn sell(till: &Till, (sale, price): (&str, i64), by: &By, options: &Options<'_>) -> Told {
    match by {
        By::Code(code) => {
            let payment = MicroPay {
                auth_code: code,
                body: sale,
                total_fee: fen(price),
                spbill_create_ip: "8.8.8.8",
                ..MicroPay::default()
            };
            told(till.pay_with(sale, &payment, options))
        }
        By::Qr => {
            told(till.order_with(sale, &NativeOrder { body: sale, total_fee: fen(price), ..native_order("") }, options))
        }
    }
}

pub fn reverse(till: &Till, number: &str, options: &Options<'_>) -> Told {
    told(till.reverse_with(number, options))
}

pub fn accept_late(till: &Till, number: &str) -> Told {
    told(till.accept_late(number))
}

pub fn allow_again(till: &Till, id: EntryId) -> bool {
    till.allow_again(id, "Li", "the permission was given").is_ok()
}

/// A button 取消 that is pressed when the call asks for it for the n-th time, or while a request is on its way; and what left after that.
#[derive(Clone)]
pub struct Button {
    /// Never, when zero.
    pub at: u32,
    asked: Arc<AtomicU32>,
    /// When it was pressed, in the world's time.
    pressed: Arc<Mutex<Option<Duration>>>,
    wires: Vec<Arc<Wechat>>,
}

impl Button {
    pub fn at(at: u32, wires: &[Arc<Wechat>]) -> Button {
        Button { at, asked: Arc::default(), pressed: Arc::default(), wires: wires.to_vec() }
    }

    pub fn press(&self) {
        self.pressed.lock().unwrap().get_or_insert(self.wires[0].world());
    }

    /// Payments and orders that left after it was pressed.
    pub fn left_after(&self) -> usize {
        let Some(pressed) = *self.pressed.lock().unwrap() else { return 0 };
        self.wires.iter().map(|wire| wire.begun_after(pressed)).sum()
    }
}

impl Watch for Button {
    fn is_cancelled(&self) -> bool {
        if self.asked.fetch_add(1, Ordering::Relaxed) + 1 == self.at {
            self.press();
        }
        self.pressed.lock().unwrap().is_some()
    }
}
