//! Promises of a counter while several threads work at once: one sale scanned twice, taken back while its customer is waited for, and
//! two refunds of one order.

use std::collections::HashMap;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wxpay_terminal::*;

use crate::support::counter::{failure, micro_paid, micro_pay};
use crate::support::memory_journal::MemoryJournal;
use crate::support::wxpay::{order_state, wxpay_account, wxpay_signed};
use crate::support::*;
use crate::till::modelled::Dice;

/// So many times as fast as the system's clock: what threads wait for passes in milliseconds, and passes for all of them.
#[derive(Clone, Copy)]
struct Fast(u32);

const FASTER: Fast = Fast(1000);
/// Where one thread is to come while another one waits.
const SLOW: Fast = Fast(400);
/// Where it must.
const SLOWER: Fast = Fast(50);

impl Clock for Fast {
    fn unix_seconds(&self) -> i64 {
        NOW + i64::try_from(self.monotonic().as_secs()).unwrap()
    }

    fn monotonic(&self) -> Duration {
        SystemClock.monotonic() * self.0
    }
}

impl Pause for Fast {
    fn pause(&self, time: Duration) {
        std::thread::sleep(time / self.0);
    }
}

/// One order at the gateway. All are about 8.88 yuan.
#[derive(Clone, Default)]
struct Order {
    state: &'static str,
    charges: u32,
    /// Questions until the customer has typed the password.
    types: u32,
    refunded: i64,
}

type Act = Box<dyn FnOnce() + Send>;

/// A gateway with a ledger. What is sent to it may meet an act of somebody else's.
#[derive(Clone, Default)]
struct Bank(Arc<Mutex<Ledger>>);

#[derive(Default)]
struct Ledger {
    orders: HashMap<String, Order>,
    /// Refund number -> amount.
    refunds: HashMap<String, i64>,
    /// Of the next customers: how long they type.
    types: u32,
    /// Done once, during the next call of this name.
    during: Option<(&'static str, Act)>,
    posts: u32,
    /// Every so many-th answer is lost.
    loses: Option<u32>,
}

impl Bank {
    fn during(&self, call: &'static str, act: impl FnOnce() + Send + 'static) {
        self.0.lock().unwrap().during = Some((call, Box::new(act)));
    }

    fn types(&self, questions: u32) {
        self.0.lock().unwrap().types = questions;
    }

    fn orders(&self) -> HashMap<String, Order> {
        self.0.lock().unwrap().orders.clone()
    }

    /// A till for this gateway, on a journal.
    fn till(&self, journal: &MemoryJournal) -> Till {
        self.till_at(journal, FASTER)
    }

    fn till_at(&self, journal: &MemoryJournal, time: Fast) -> Till {
        let random = Box::new(Counting::new());
        let inputs = Inputs { transport: Box::new(self.clone()), clock: Box::new(time), random };
        // A thread that the machine lets stand for a moment stands for many seconds here.
        Till::with_inputs(Box::new(journal.clone()), Box::new(time), Box::new(time))
            .patience(Duration::from_secs(600))
            .with(Client::with_inputs(wxpay_account(), terminal(), inputs).unwrap())
    }
}

impl Ledger {
    fn answer(&mut self, call: &str, number: &str, body: &str) -> String {
        match call {
            "micropay" => {
                assert!(!self.orders.contains_key(number), "a number is sent once");
                let types = self.types;
                let state = if types > 0 { "USERPAYING" } else { "SUCCESS" };
                let order = Order { state, charges: u32::from(types == 0), types, refunded: 0 };
                self.orders.insert(number.into(), order);
                if types > 0 { failure("USERPAYING") } else { micro_paid(number, &[]) }
            }
            "refund" => {
                let value = |name| xml_value(body, name).unwrap();
                let (amount, order) = (value("refund_fee"), value("out_trade_no"));
                let fen: i64 = amount.parse().unwrap();
                if self.refunds.insert(number.into(), fen).is_none() {
                    self.orders.get_mut(&order).unwrap().refunded += fen;
                }
                let taken =
                    [("out_refund_no", number), ("refund_id", "1"), ("refund_fee", &amount), ("total_fee", "888")];
                wxpay_signed(SignType::Md5, &taken)
            }
            "refundquery" => match self.refunds.get(number) {
                None => failure("REFUNDNOTEXIST"),
                Some(amount) => {
                    let amount = amount.to_string();
                    let row = [("refund_count", "1"), ("out_refund_no_0", number), ("refund_status_0", "PROCESSING")];
                    wxpay_signed(SignType::Md5, &[&row[..], &[("refund_fee_0", &amount)]].concat())
                }
            },
            _ => self.about_an_order(call, number),
        }
    }

    fn about_an_order(&mut self, call: &str, number: &str) -> String {
        let Some(order) = self.orders.get_mut(number) else { return failure("ORDERNOTEXIST") };
        if call == "reverse" {
            order.state = "REVOKED";
            return wxpay_signed(SignType::Md5, &[("recall", "N")]);
        }
        if order.state == "USERPAYING" {
            order.types -= 1;
            if order.types == 0 {
                (order.state, order.charges) = ("SUCCESS", order.charges + 1);
            }
        }
        order_state(order.state, number, &[])
    }
}

impl Transport for Bank {
    fn post(&self, post: &Post<'_>) -> Result<Received, Fault> {
        let body = std::str::from_utf8(post.body).unwrap();
        let call = post.url.rsplit('/').next().unwrap();
        let number = ["out_refund_no", "out_trade_no"].iter().find_map(|name| xml_value(body, name)).unwrap();
        let mut ledger = self.0.lock().unwrap();
        let answer = ledger.answer(call, &number, body);
        ledger.posts += 1;
        let is_lost = ledger.loses.is_some_and(|loses| ledger.posts.is_multiple_of(loses));
        let act = if ledger.during.as_ref().is_some_and(|(of, _)| *of == call) { ledger.during.take() } else { None };
        drop(ledger);
        if let Some((_, act)) = act {
            act();
        }
        match is_lost {
            true => Err(Fault { sent: Sent::Maybe, stage: Stage::Exchange, text: "lost".into() }),
            false => Ok(Received { reused: false, ..Received::new(200, answer) }),
        }
    }
}

/// The code of this serial number.
fn code(serial: u32) -> String {
    format!("13{serial:016}")
}

fn back(number: &str, amount: i64) -> Refund<'_> {
    Refund::new(RefundOf::OutTradeNo(number), fen(888), fen(amount))
}

// ---- one sale, two scans ----

/// The second scan comes while the first one is in its exchange: nothing of it is sent.
#[test]
fn a_second_scan_waits_for_the_first() {
    let (bank, journal) = (Bank::default(), MemoryJournal::default());
    let till = Arc::new(bank.till(&journal));
    let other = till.clone();
    bank.during("micropay", move || {
        let scan = std::thread::spawn(move || other.pay("sale 1", &micro_pay(&code(2))));
        let doubt = unknown(scan.join().unwrap());
        assert!(doubt.text.contains("another thread"), "{doubt}");
    });
    accepted(till.pay("sale 1", &micro_pay(&code(1))));
    accepted(till.pay("sale 1", &micro_pay(&code(2))));
    assert_eq!((bank.orders().len(), journal.states()), (1, vec!["paid"]));
}

/// Two cashiers scan for the same sales, each with a customer of her own, while answers are lost: each sale is charged once.
#[test]
fn two_cashiers_charge_a_sale_once() {
    let (bank, journal) = (Bank::default(), MemoryJournal::default());
    bank.0.lock().unwrap().loses = Some(5);
    let till = bank.till(&journal);
    let (sales, cashiers) = (size("WXPAY_THREADS", 40, 400) as u32, 2);
    let came: Vec<_> = std::thread::scope(|scope| {
        let cashier = |who| {
            let till = &till;
            move || {
                let scan = |sale: u32| till.pay(&format!("sale {sale}"), &micro_pay(&code(sale * cashiers + who)));
                (0..sales).map(scan).collect::<Vec<_>>()
            }
        };
        let both: Vec<_> = (0..cashiers).map(|who| scope.spawn(cashier(who))).collect();
        both.into_iter().flat_map(|one| one.join().unwrap()).collect()
    });
    let busy = came.iter().filter(|one| matches!(one, Ok(Outcome::Unknown(_)))).count();
    eprintln!("{sales} sales, scanned twice: {busy} busy");
    let orders = bank.orders();
    for sale in 0..sales {
        let entries = till.entries_of(&format!("sale {sale}")).unwrap();
        let charged = entries.iter().filter(|one| orders[&one.entry.order_number].state == "SUCCESS").count();
        assert_eq!((charged, entries.len()), (1, 1), "{entries:?}");
        accepted(till.pay(&format!("sale {sale}"), &micro_pay(&code(sale * cashiers))));
    }
    assert!(orders.values().all(|order| order.charges == 1));
}

// ---- taken back while the customer is waited for ----

/// Tells when its call begins to wait for the customer.
struct Waits(Mutex<Sender<String>>);

impl Watch for Waits {
    fn progress(&self, progress: &Progress<'_>) {
        if progress.phase == Phase::Confirming {
            let _ = self.0.lock().unwrap().send(progress.order_number.into());
        }
    }
}

/// The cashier takes it back at another window: the call that waits lets it go at once (POS flows 20.18), and the payment is taken back.
#[test]
fn a_reversal_goes_before_a_waiting_call() {
    let (bank, journal) = (Bank::default(), MemoryJournal::default());
    let till = bank.till_at(&journal, SLOWER);
    // She never types it.
    bank.types(u32::MAX);
    let (sender, waiting) = channel();
    let watch = Waits(Mutex::new(sender));
    std::thread::scope(|scope| {
        let paying = scope.spawn(|| {
            // Longer than a reversal waits for another thread.
            let options = Options::new().patience(Duration::from_secs(600)).watch(&watch);
            till.pay_with("sale 1", &micro_pay(&code(1)), &options)
        });
        let number = waiting.recv().unwrap();
        assert_eq!(declined(till.reverse(&number)).code, "REVOKED");
        assert_eq!(unknown(paying.join().unwrap()).reason, Reason::CustomerPaying);
    });
    assert_eq!((journal.states(), journal.all()[0].reversals), (vec!["unpaid"], 1));
    // Scanned again, it is resumed: that call lets it go, too.
    let till = bank.till_at(&journal, SLOWER);
    let (sender, waiting) = channel();
    let watch = Waits(Mutex::new(sender));
    unknown(till.pay_with("sale 2", &micro_pay(&code(2)), &Options::new().patience(Duration::ZERO)));
    std::thread::scope(|scope| {
        let paying = scope.spawn(|| till.pay_with("sale 2", &micro_pay(&code(3)), &Options::new().watch(&watch)));
        let number = waiting.recv().unwrap();
        assert_eq!(declined(till.reverse(&number)).code, "REVOKED");
        assert_eq!(unknown(paying.join().unwrap()).reason, Reason::CustomerPaying);
    });
    assert_eq!((journal.states(), bank.orders().len()), (vec!["unpaid", "unpaid"], 2));
}

/// The customer types, and a cashier takes it back, at any moment: both calls tell the same, and it is what the gateway has.
#[test]
fn a_payment_and_its_reversal_tell_the_same() {
    let (bank, journal) = (Bank::default(), MemoryJournal::default());
    let (till, mut dice) = (bank.till_at(&journal, SLOW), Dice::new(1));
    let (mut paid, mut back) = (0, 0);
    for sale in 0..size("WXPAY_THREADS", 20, 300) as u32 {
        // Some never type it, and some are taken back when they have.
        let (never, late) = (sale % 5 == 1, sale % 5 == 0);
        bank.types(match () {
            () if never => u32::MAX,
            () if late => 1,
            () => 1 + dice.roll(6),
        });
        let (sender, waiting) = channel();
        let (watch, wait) = (Waits(Mutex::new(sender)), Duration::from_micros(dice.roll(50_000).into()));
        let intent = format!("sale {sale}");
        let (paying, reversing) = std::thread::scope(|scope| {
            let paying = scope.spawn(|| till.pay_with(&intent, &micro_pay(&code(sale)), &Options::new().watch(&watch)));
            let number = waiting.recv().unwrap();
            match late {
                true => {
                    while !paying.is_finished() {
                        std::thread::yield_now()
                    }
                }
                false => std::thread::sleep(wait),
            }
            let reversing = till.reverse(&number);
            (paying.join().unwrap(), reversing)
        });
        let entry = till.entries_of(&intent).unwrap().pop().unwrap().entry;
        let state = bank.orders()[&entry.order_number].state;
        match (&paying, &reversing) {
            // It was paid in time: whoever takes it back is told so.
            (Ok(Outcome::Accepted(_)), Err(_))
            | (Ok(Outcome::Accepted(_) | Outcome::Unknown(_)), Ok(Outcome::Accepted(_))) => {
                paid += 1;
                assert_eq!((state, entry.reversals, entry.is_paid()), ("SUCCESS", 0, true));
            }
            (Ok(Outcome::Unknown(_) | Outcome::Declined(_)), Ok(Outcome::Declined(_))) => {
                back += 1;
                assert!(state == "REVOKED" && entry.reversals > 0 && !entry.is_paid(), "{state}, {entry:?}");
            }
            other => panic!("{other:?}"),
        }
    }
    eprintln!("{paid} paid, {back} taken back");
    assert!(paid > 0 && back > 0);
}

// ---- two refunds of one order ----

/// The second refund comes while the first one is in its exchange: it is not counted without it.
#[test]
fn a_second_refund_waits_for_the_first() {
    let (bank, journal) = (Bank::default(), MemoryJournal::default());
    let till = Arc::new(bank.till(&journal));
    let number = accepted(till.pay("sale 1", &micro_pay(&code(1)))).order_number;
    let (other, of) = (till.clone(), number.clone());
    bank.during("refund", move || {
        let refund = std::thread::spawn(move || other.refund("return 2", &back(&of, 500)));
        unknown(refund.join().unwrap());
    });
    taken(till.refund("return 1", &back(&number, 500)));
    let patient = Options::new().patience(Duration::from_secs(90));
    refused(till.refund_with("return 2", &back(&number, 500), &patient), "refund_fee");
    taken(till.refund_with("return 2", &back(&number, 388), &patient));
    assert_eq!(bank.orders()[&number].refunded, 888);
}

/// Clerks give back parts of the same orders at once, while answers are lost: never more than the total.
#[test]
fn clerks_together_never_give_back_more_than_there_is() {
    let (bank, journal) = (Bank::default(), MemoryJournal::default());
    let till = bank.till(&journal);
    for sale in 0..size("WXPAY_THREADS", 12, 60) as u32 {
        let number = accepted(till.pay(&format!("sale {sale}"), &micro_pay(&code(sale)))).order_number;
        bank.0.lock().unwrap().loses = Some(4);
        std::thread::scope(|scope| {
            for clerk in 0..3_i64 {
                let (till, number) = (&till, &number);
                scope.spawn(move || {
                    for part in 0..3_i64 {
                        let patient = Options::new().patience(Duration::from_secs(200));
                        let intent = format!("return {sale}, {clerk}, {part}");
                        let _ = till.refund_with(&intent, &back(number, 200 + 30 * clerk), &patient);
                    }
                });
            }
        });
        bank.0.lock().unwrap().loses = None;
        let refunded = bank.orders()[&number].refunded;
        assert!((200..=888).contains(&refunded), "{refunded}");
    }
    // Each intent has one number.
    let numbers = journal.all().iter().filter(|entry| entry.of.is_some()).count();
    let intents: std::collections::HashSet<_> =
        journal.all().into_iter().filter(|entry| entry.of.is_some()).map(|entry| entry.intent).collect();
    assert_eq!(numbers, intents.len());
}
