//! Promises of the till and its orders while several work at once: attacks that held.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use wxpay_terminal::*;

use crate::support::memory_journal::MemoryJournal;
use crate::support::*;
use crate::till::modelled::Time;
use crate::till::orders::{closed, failure, notification, order, ordered, trade};
use crate::till::promises::{Shop, url};

// ---- H: what held ----

fn busy_till(shop: &Shop) -> Arc<Till> {
    Arc::new(shop.till())
}

/// A person's word, an acknowledgement and other calls while a thread is in the exchange.
#[test]
fn others_wait_while_a_thread_works_on_an_entry() {
    let shop = Shop::new();
    let till = busy_till(&shop);
    let number = ordered(shop.canned(), &till);
    let (id, entry) = (shop.journal.all()[0].id, shop.journal.all()[0].version());
    shop.wait(2);
    shop.canned().then_dated(&trade("NOTPAY", &number, "1"), NOW + 400);
    let (other, notice, asked) = (till.clone(), notification(&number, "1"), number.clone());
    let said: Arc<OnceLock<Vec<bool>>> = Arc::default();
    let heard = said.clone();
    shop.wire.during(2, move || {
        let by_hand = other.settle_by_hand(id, false, "李", "x").is_err();
        let acknowledged = other.acknowledge(entry).is_err();
        let paying = matches!(order(&other), Ok(Outcome::Unknown(_)));
        let asking = matches!(other.payment_of(&asked), Ok(Outcome::Unknown(_)));
        let closing = matches!(other.close(&asked), Ok(Outcome::Unknown(_)));
        let recovering = doubt_of(&other.recover(Duration::from_secs(1)).unwrap()[0]).is_some();
        let told = other.notified(notice.as_bytes()).is_ok();
        heard.set(vec![by_hand, acknowledged, paying, asking, closing, recovering, told]).unwrap();
    });
    // The query's answer is older than the notification.
    accepted(till.payment_of(&number));
    assert_eq!(said.get().unwrap(), &vec![true; 7]);
    assert_eq!(shop.states(), ["paid"]);
    assert_eq!(shop.canned().sent().len(), 2);
    let _ = shop.services();
}

/// The notification comes while the order is made, and its answer is then lost, refused, or comes.
#[test]
fn a_notification_before_the_orders_own_answer() {
    for answer in 0..3 {
        let shop = Shop::new();
        let till = busy_till(&shop);
        match answer {
            0 => shop.canned().then_fault(Sent::Maybe),
            1 => shop.canned().then(&failure("NOAUTH")),
            _ => shop.canned().then(&wap_success(&[])),
        };
        let (other, journal) = (till.clone(), shop.journal.clone());
        shop.wire.during(1, move || {
            let number = journal.all()[0].order_number.clone();
            other.notified(notification(&number, "1").as_bytes()).unwrap();
        });
        match (answer, order(&till)) {
            (0, Ok(Outcome::Unknown(_))) | (1 | 2, Ok(Outcome::Accepted(_))) => {}
            (_, other) => panic!("{answer}: {other:?}"),
        }
        assert_eq!(shop.states(), ["paid"], "{answer}");
        accepted(order(&till));
        assert_eq!(shop.canned().sent().len(), 1);
    }
}

// ---- I: threads ----

/// A gateway that keeps orders and loses answers, and customers who pay what they were given.
#[derive(Clone, Default)]
struct Gateway(Arc<Mutex<Ledger>>);

#[derive(Default)]
struct Ledger {
    /// Number -> (intent, state).
    orders: std::collections::HashMap<String, (String, &'static str)>,
    posts: u64,
}

impl Gateway {
    /// The customer opens the URL of this order.
    fn customer_pays(&self, number: &str) -> bool {
        let mut ledger = self.0.lock().unwrap();
        let order = ledger.orders.get_mut(number).unwrap();
        if order.1 == "NOTPAY" {
            order.1 = "SUCCESS";
        }
        order.1 == "SUCCESS"
    }
}

impl Transport for Gateway {
    fn post(&self, post: &Post<'_>) -> Result<Received, Fault> {
        let body = std::str::from_utf8(post.body).unwrap();
        let (service, number) = (xml_value(body, "service").unwrap(), xml_value(body, "out_trade_no").unwrap());
        let mut ledger = self.0.lock().unwrap();
        ledger.posts += 1;
        let posts = ledger.posts;
        let known = ledger.orders.contains_key(&number);
        let answer = match service.as_str() {
            "pay.weixin.wap" => {
                assert!(!known, "a number is sent once");
                ledger.orders.insert(number, (xml_value(body, "body").unwrap(), "NOTPAY"));
                wap_success(&[])
            }
            _ if !known => failure("ORDERNOTEXIST"),
            "unified.trade.query" => trade(ledger.orders[&number].1, &number, "1"),
            _ => {
                let order = ledger.orders.get_mut(&number).unwrap();
                match order.1 {
                    "SUCCESS" => failure("ORDERPAID"),
                    _ => {
                        order.1 = "CLOSED";
                        closed(&number)
                    }
                }
            }
        };
        drop(ledger);
        std::thread::yield_now();
        match posts % 5 {
            0 => Err(Fault { sent: Sent::Maybe, stage: Stage::Exchange, text: "lost".into() }),
            _ => Ok(Received { reused: false, ..Received::new(200, answer) }),
        }
    }
}

/// Threads pay, ask, close, tell and recover the same intents at the same time, while the journal fails now and then.
#[test]
fn threads_do_not_pay_an_intent_twice() {
    let gateway = Gateway::default();
    let (journal, time) = (MemoryJournal::default(), Time::new());
    let inputs = Inputs {
        transport: Box::new(gateway.clone()),
        clock: Box::new(time.clone()),
        random: Box::new(Counting::new()),
    };
    let till = Till::with_inputs(Box::new(journal.clone()), Box::new(time.clone()), Box::new(time.clone()))
        .patience(Duration::from_secs(20))
        .with(Client::with_inputs(swiftpass_account(), terminal(), inputs).unwrap());
    let done = std::sync::atomic::AtomicBool::new(false);
    let numbers =
        || -> Vec<String> { journal.all().into_iter().rev().take(4).map(|entry| entry.order_number).collect() };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..2)
            .map(|worker| {
                let (till, gateway) = (&till, &gateway);
                scope.spawn(move || {
                    for at in 0..400 {
                        let intent = format!("receipt {}", at / 4);
                        let order = WapOrder { body: &intent, ..wap_order("") };
                        match till.order(&intent, &order) {
                            Ok(Outcome::Ordered(receipt)) if url(&receipt) && (at + worker) % 3 > 0 => {
                                gateway.customer_pays(&receipt.order_number);
                            }
                            _ => {}
                        }
                    }
                })
            })
            .collect();
        let (till, gateway, numbers, journal) = (&till, &gateway, &numbers, &journal);
        let helpers: Vec<_> = (0..3)
            .map(|what| {
                let done = &done;
                scope.spawn(move || {
                    let mut turn = 0_u32;
                    while !done.load(Ordering::Relaxed) {
                        turn += 1;
                        for number in numbers() {
                            match what {
                                0 if turn.is_multiple_of(3) => drop(till.close(&number)),
                                0 => drop(till.payment_of(&number)),
                                1 => {
                                    let paid =
                                        gateway.0.lock().unwrap().orders.get(&number).is_some_and(|o| o.1 == "SUCCESS");
                                    if paid && till.notified(notification(&number, "1").as_bytes()).is_ok() {
                                        let all = journal.all();
                                        assert!(all.iter().any(|e| e.order_number == number && e.is_paid()));
                                    }
                                }
                                _ => {
                                    if turn.is_multiple_of(7) {
                                        journal.fail_in(turn % 5 + 1);
                                    }
                                    for recovered in till.recover(Duration::from_secs(3)).unwrap_or_default() {
                                        let _ = till.acknowledge(recovered.entry.version());
                                    }
                                }
                            }
                        }
                        std::thread::yield_now();
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.join().unwrap();
        }
        done.store(true, Ordering::Relaxed);
        for helper in helpers {
            helper.join().unwrap();
        }
    });
    let ledger = gateway.0.lock().unwrap();
    let mut paid = std::collections::HashMap::<&str, u32>::new();
    for (number, (intent, state)) in &ledger.orders {
        let entry = journal.all().into_iter().find(|entry| entry.order_number == *number).unwrap();
        assert_eq!(&entry.intent, intent);
        if *state == "SUCCESS" {
            *paid.entry(intent).or_default() += 1;
            assert!(!matches!(entry.state, EntryState::Recorded(Settlement::Declined { .. } | Settlement::NotSent)));
        } else {
            assert!(!entry.is_paid(), "{entry:?}");
        }
    }
    let twice: Vec<_> = paid.iter().filter(|(_, count)| **count > 1).collect();
    eprintln!("{} orders, {} intents paid, {} posts", ledger.orders.len(), paid.len(), ledger.posts);
    assert!(twice.is_empty(), "{twice:?}");
    assert!(paid.len() > 20, "{}", paid.len());
}

/// A notification brings late money while the query, which is older, says not paid. Whoever was told "unpaid" cannot
/// acknowledge the money.
#[test]
fn late_money_is_told_or_not_acknowledged() {
    let shop = Shop::new();
    let till = busy_till(&shop);
    let number = ordered(shop.canned(), &till);
    for answer in 0..2 {
        shop.wait(2);
        shop.canned().then(&trade("CLOSED", &number, "1"));
        if answer == 0 {
            declined(till.payment_of(&number));
        }
    }
    let unpaid = shop.journal.all()[0].version();
    let (other, notice) = (till.clone(), notification(&number, "1"));
    shop.wire.during(3, move || {
        other.notified(notice.as_bytes()).unwrap();
        assert!(other.acknowledge(unpaid).is_err(), "the money was not seen");
    });
    let seen = paid_late(till.payment_of(&number)).entry;
    assert!(till.acknowledge(unpaid).is_err());
    till.acknowledge(seen).unwrap();
}

/// A thread waits for the customer; the cashier closes the order on another one: the waiting ends, and the close is sent.
#[cfg(feature = "std")]
#[test]
fn a_close_goes_before_a_waiting_question() {
    /// Tells when it waits after its first question.
    struct Waits(Mutex<(bool, std::sync::mpsc::Sender<()>)>);
    impl Watch for Waits {
        fn progress(&self, progress: &Progress<'_>) {
            let mut told = self.0.lock().unwrap();
            match progress.phase {
                Phase::Asking => told.0 = true,
                Phase::Waiting if told.0 => drop(told.1.send(())),
                _ => {}
            }
        }
    }
    let (canned, journal) = (Canned::default(), MemoryJournal::default());
    let inputs = Inputs {
        transport: Box::new(canned.clone()),
        clock: Box::new(SystemClock),
        random: Box::new(crate::support::Counting::new()),
    };
    let till = Till::open(journal.clone()).with(Client::with_inputs(swiftpass_account(), terminal(), inputs).unwrap());
    let number = ordered(&canned, &till);
    canned.then(&trade("NOTPAY", &number, "1")).then(&closed(&number)).then(&trade("CLOSED", &number, "1"));
    let (sender, waiting) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let watch = Waits(Mutex::new((false, sender)));
            till.payment_of_with(&number, &Options::new().patience(Duration::from_secs(600)).watch(&watch))
        });
        waiting.recv().unwrap();
        declined(till.close(&number));
        assert_eq!(unknown(asking.join().unwrap()).reason, Reason::NotPaidYet);
    });
    assert_eq!((journal.states(), canned.sent().len()), (vec!["unpaid"], 4));
}
