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
use crate::till::counter_gateway::{Speaks, Wechat};
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
            transport: wire.speaks.over(wire),
            clock: Box::new(time.clone()),
            random: Box::new(Counting::new()),
        };
        if wire.speaks.is_unified() {
            let (url, key) = ("https://gateway.example/pay/gateway", Secret::from(SWIFTPASS_KEY));
            let account = SwiftpassAccount::new(url, wire.mch_id, key).unwrap();
            return till.with(Client::with_inputs(account, terminal(), inputs).unwrap());
        }
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
    /// The customer scans ours, or opens a page: of whichever kind there is.
    Qr(u32),
}

/// Kinds of orders on a gateway of Swiftpass's type.
pub const KINDS: u32 = 6;

pub fn sell(till: &Till, speaks: &Speaks, (sale, price): (&str, i64), by: &By, options: &Options<'_>) -> Told {
    match by {
        _ if speaks.is_unified() => sell_unified(till, (sale, price), by, options),
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
        By::Qr(_) => {
            told(till.order_with(sale, &NativeOrder { body: sale, total_fee: fen(price), ..native_order("") }, options))
        }
    }
}

fn sell_unified(till: &Till, (sale, price): (&str, i64), by: &By, options: &Options<'_>) -> Told {
    let ip = "14.23.150.211";
    let (total_fee, notify_url) = (fen(price), "https://pay.example/notify");
    /// What all orders have.
    macro_rules! order {
        ($call:ident { $($own:ident: $value:expr),* }) => {{
            let order = $call { body: sale, total_fee, mch_create_ip: ip, notify_url, $($own: $value,)* ..$call::default() };
            told(till.order_with(sale, &order, options))
        }};
    }
    match by {
        By::Code(code) => {
            let payment =
                UnifiedMicropay { auth_code: code, body: sale, total_fee, mch_create_ip: ip, ..Default::default() };
            told(till.pay_with(sale, &payment, options))
        }
        By::Qr(0) => order!(UnifiedNative {}),
        By::Qr(1) => order!(WeixinNative {}),
        By::Qr(2) => order!(AlipayNative {}),
        By::Qr(3) => order!(WeixinJspay { sub_openid: Some("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"), is_raw: true }),
        By::Qr(4) => order!(AlipayJspay { buyer_id: Some("2088000000000000") }),
        By::Qr(_) => order!(WeixinWappay {
            device_info: "AND_WAP",
            mch_app_name: "王者荣耀",
            mch_app_id: "https://shop.example"
        }),
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
