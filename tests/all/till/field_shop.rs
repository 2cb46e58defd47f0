//! A shop of the simulated field: its accounts, its till, and what the till's words mean to an application. The only file of the
//! simulation that calls the till.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wxpay_terminal::*;

use crate::support::memory_journal::MemoryJournal;
use crate::support::*;
use crate::till::modelled::{Modelled, Time};

/// What two calls at once share: two threads, where there is std. Without it a till is for one, and the second call is made while the
/// first waits for its answer. Either way every run of a seed is the same.
#[cfg(feature = "std")]
pub type Shared<T> = Arc<T>;
#[cfg(not(feature = "std"))]
pub type Shared<T> = std::rc::Rc<T>;

#[cfg(feature = "std")]
pub fn at_once<T: Send>(call: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(call).join().unwrap())
}

#[cfg(not(feature = "std"))]
pub fn at_once<T>(call: impl FnOnce() -> T) -> T {
    call()
}

/// One account that can pay.
#[derive(Clone)]
pub struct Way {
    pub gateway: &'static str,
    /// What names it in the options.
    pub account: &'static str,
    pub wire: Arc<Modelled>,
}

impl Way {
    pub fn is_of(&self, entry: &Entry) -> bool {
        entry.account.starts_with(self.gateway) && entry.account.contains(self.account)
    }
}

/// What a technician sets between two boots.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Settings {
    /// At most 1 yuan.
    pub narrow: bool,
    /// No `sub_appid` and no `sub_openid`.
    pub waived: bool,
    /// The host for disaster recovery is the first.
    pub exchanged: bool,
}

pub const AMOUNT: i64 = 200;

/// The identifiers of the first and the second account of a family.
pub fn accounts(gateway: &str) -> [&'static str; 2] {
    match gateway {
        "swiftpass" => ["wx2421b1c4370ec43b", "wx2421b1c4370ec43c"],
        "webgate" => ["10001", "10002"],
        _ => [MCH_ID, "1900000110"],
    }
}

fn with_way(till: Till, way: &Way, time: &Time, settings: Settings) -> Till {
    let inputs = Inputs {
        transport: Box::new(way.wire.clone()),
        clock: Box::new(time.clone()),
        random: Box::new(Counting::new()),
    };
    let (least, most) = (fen(100), if settings.narrow { fen(150) } else { fen(50_000) });
    let hosts = match settings.exchanged {
        true => ["https://gateway2.example", "https://gateway.example"],
        false => ["https://gateway.example", "https://gateway2.example"],
    };
    match way.gateway {
        "redpack" => {
            let account = RedpackAccount::new(way.account, APPID, key()).unwrap().hosts(&hosts).unwrap();
            till.with(Client::with_inputs(account.amounts(least, most).unwrap(), terminal(), inputs).unwrap())
        }
        "workwx" => {
            let account = WorkwxAccount::new(way.account, CORPID, key(), Secret::from(WORKWX_SECRET)).unwrap();
            let account = account.hosts(&hosts).unwrap().amounts(least, most).unwrap();
            till.with(Client::with_inputs(account, terminal(), inputs).unwrap())
        }
        "swiftpass" => {
            let url = [hosts[0], "/pay/gateway"].concat();
            let account = SwiftpassAccount::new(&url, SWIFTPASS_MCH_ID, Secret::from(SWIFTPASS_KEY)).unwrap();
            let account = account.sub_appid(way.account).unwrap().amounts(least, most).unwrap();
            let account = if settings.waived { account.without_sub_fields() } else { account };
            till.with(Client::with_inputs(account, terminal(), inputs).unwrap())
        }
        _ => {
            let account = WebgateAccount::new(hosts[0], way.account, Secret::from("k"), SaysGood).unwrap();
            let account = account.repeat_while_unpaid().amounts(least, most).unwrap();
            till.with(Client::with_inputs(account, terminal(), inputs).unwrap())
        }
    }
}

/// The board boots: the journal is opened again.
pub fn boot(ways: &[Way], journal: &MemoryJournal, time: &Time, settings: Settings) -> Till {
    let till = Till::with_inputs(Box::new(journal.reopened()), Box::new(time.clone()), Box::new(time.clone()));
    ways.iter().fold(till, |till, way| with_way(till, way, time, settings))
}

/// What a call of the till said, as an application understands it.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// An order exists, and here is its URL.
    Ordered(String),
    Paid {
        order: String,
        late: bool,
    },
    Declined(String, Next),
    Unknown(Reason, String),
    Error(String, String),
}

pub fn told<T: AsRef<Pairs>>(outcome: Result<Outcome<Receipt<T>>, Error>) -> Told {
    match outcome {
        Ok(Outcome::Ordered(receipt)) => Told::Ordered(receipt.order_number),
        Ok(Outcome::Taken(receipt)) => panic!("{} is no refund", receipt.order_number),
        Ok(Outcome::Accepted(receipt)) => Told::Paid { order: receipt.order_number, late: false },
        Ok(Outcome::PaidLate(receipt)) => Told::Paid { order: receipt.order_number, late: true },
        Ok(Outcome::Declined(refusal)) => Told::Declined(refusal.code, refusal.next),
        Ok(Outcome::Unknown(doubt)) => Told::Unknown(doubt.reason, doubt.text.into_owned()),
        Err(error) => Told::Error(error.field_name().into(), error.to_string()),
    }
}

/// What is asked for under an intent.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    pub intent: String,
    pub amount: i64,
    pub payee: String,
    /// What is only shown, and may change between two calls.
    pub greeting: &'static str,
}

pub fn pay(till: &Till, way: &Way, asked: &Asked, options: &Options<'_>) -> Told {
    let Asked { intent, amount, payee, greeting } = asked;
    let (amount, options) = (fen(*amount), &options.account(way.account));
    match way.gateway {
        "redpack" => {
            let request = SendRedPack {
                remark: intent,
                total_amount: amount,
                re_openid: payee,
                wishing: greeting,
                ..red_packet("")
            };
            told(till.pay_with(intent, &request, options))
        }
        "workwx" => {
            let request = PayEmployee { desc: intent, openid: payee, amount, act_name: greeting, ..employee("") };
            told(till.pay_with(intent, &request, options))
        }
        "swiftpass" => {
            let request = WapOrder { body: intent, total_fee: amount, attach: Some(greeting), ..wap_order("") };
            told(till.order_with(intent, &request, options))
        }
        _ => {
            let request = WxCharge { remark: Some(intent), amount, netid: payee, ..charge("") };
            told(till.pay_with(intent, &request, options))
        }
    }
}

pub fn payment_of(till: &Till, number: &str, options: &Options<'_>) -> Told {
    told(till.payment_of_with(number, options))
}

pub fn close(till: &Till, number: &str) -> Told {
    told(till.close(number))
}

/// One line of a report.
#[derive(Clone, Debug)]
pub struct Line {
    pub entry: Entry,
    pub word: &'static str,
    /// Nothing more is to be found out: it may be acted upon.
    pub is_sure: bool,
}

pub fn recover(till: &Till, options: &Options<'_>) -> Result<Vec<Line>, String> {
    let report = till.recover_with(options).map_err(|fault| fault.to_string())?;
    let line = |found: Reported| Line {
        word: word(&found.entry),
        is_sure: !matches!(found.outcome, Outcome::Unknown(_)),
        entry: found.entry,
    };
    Ok(report.into_iter().map(line).collect())
}

/// Acts upon a line of a report, as it was read. True: the till took it.
pub fn acknowledge(till: &Till, read: EntryVersion) -> bool {
    till.acknowledge(read).is_ok()
}

pub fn settle_by_hand(till: &Till, id: EntryId, paid: bool) -> bool {
    till.settle_by_hand(id, paid, "Li", "looked it up on the platform").is_ok()
}

pub fn notified(till: &Till, body: &str) -> Result<Entry, String> {
    till.notified(body.as_bytes()).map(|notified| notified.entry).map_err(|fault| fault.to_string())
}

/// What became of an entry, in a word.
pub fn word(entry: &Entry) -> &'static str {
    match &entry.state {
        EntryState::Open => "open",
        EntryState::Recorded(Settlement::Ordered { .. }) => "ordered",
        EntryState::Recorded(Settlement::Refunding { .. }) => "refunding",
        EntryState::Recorded(Settlement::Abandoned) => "abandoned",
        EntryState::Recorded(Settlement::Accepted { .. } | Settlement::ByHand { paid: true, .. }) => "paid",
        EntryState::Recorded(Settlement::PaidLate { .. }) => "late",
        EntryState::Recorded(Settlement::NotSent) => "not sent",
        EntryState::Recorded(Settlement::ForAPerson { .. }) => "for a person",
        EntryState::Recorded(_) => "unpaid",
    }
}

/// Why a person must look, where the journal says so.
pub fn for_a_person(entry: &Entry) -> Option<String> {
    match &entry.state {
        EntryState::Recorded(Settlement::ForAPerson { reason }) => Some(reason.to_string()),
        _ => None,
    }
}

/// A refusal that only a person, or nobody, ends.
pub fn is_refused(entry: &Entry) -> bool {
    matches!(&entry.state, EntryState::Recorded(Settlement::Declined { .. }))
}

/// A button 取消 that is pressed when the call asks for it for the n-th time, or while a request is on its way; and what left after that.
#[derive(Clone)]
pub struct Press {
    /// Never, when zero.
    pub at: u32,
    asked: Arc<AtomicU32>,
    /// When it was pressed, in the world's time.
    pressed: Arc<Mutex<Option<Duration>>>,
    wires: Vec<Arc<Modelled>>,
}

impl Press {
    pub fn at(at: u32, ways: &[Way]) -> Press {
        let wires = ways.iter().map(|way| way.wire.clone()).collect();
        Press { at, asked: Arc::default(), pressed: Arc::default(), wires }
    }

    pub fn press(&self) {
        self.pressed.lock().unwrap().get_or_insert(self.wires[0].world());
    }

    /// Payments that left after it was pressed. An exchange that is under way comes to its end, with its second host; after it a second
    /// passes before the next one.
    pub fn left_after(&self) -> usize {
        let Some(pressed) = *self.pressed.lock().unwrap() else { return 0 };
        self.wires.iter().map(|wire| wire.sent_after(pressed + Duration::from_millis(900))).sum()
    }
}

impl Watch for Press {
    fn is_cancelled(&self) -> bool {
        if self.asked.fetch_add(1, Ordering::Relaxed) + 1 == self.at {
            self.press();
        }
        self.pressed.lock().unwrap().is_some()
    }
}

/// A patience in seconds, from none to minutes.
pub const PATIENCES: [Duration; 7] = [
    Duration::ZERO,
    Duration::from_millis(900),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(20),
    Duration::from_secs(60),
    Duration::from_secs(400),
];
