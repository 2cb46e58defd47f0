//! The simulation of the field for refunds: lives of a shop that gives money back, under everything that POS flows 18 asks for. Seeded; a
//! life that fails prints its seed and its story.
//!
//! Orders are sold through the till, or were paid at another one. The shop refunds in parts, names a return again, asks for more than is
//! left, repeats within the minute, loses its patience; another till refunds the same order; notifications come, true, again and
//! forged; the power goes at any call of the journal, clocks are wrong. What the gateway does is in `refund_gateway.rs`, what must hold in
//! `refund_checks.rs`. `WXPAY_LIVES=1 WXPAY_SEED=7` lives one life again.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use wxpay_terminal::*;

use crate::support::memory_journal::MemoryJournal;
use crate::support::*;
use crate::till::counter_gateway::Speaks;
use crate::till::counter_ledger::secs;
use crate::till::field_gateway::{Dates, meanwhile, no_meanwhile};
use crate::till::field_shop::{Line, PATIENCES, Shared, Told, acknowledge, at_once, recover, told};
use crate::till::modelled::{Dice, Time};
use crate::till::refund_checks::{Ends, Rule, is_refund};
use crate::till::refund_gateway::{Mistake, Order, RefundGateway, TOTAL};

/// What the till said of a refund.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    Taken(String),
    Arrived(String),
    Declined(String, Next),
    Unknown(Reason, String),
    Error(String, String),
}

pub fn said<T: AsRef<Pairs>>(outcome: Result<Outcome<Receipt<T>>, Error>) -> Said {
    match outcome {
        Ok(Outcome::Taken(receipt)) => Said::Taken(receipt.order_number),
        Ok(Outcome::Accepted(receipt)) => Said::Arrived(receipt.order_number),
        Ok(Outcome::Declined(refusal)) => Said::Declined(refusal.code, refusal.next),
        Ok(Outcome::Unknown(doubt)) => Said::Unknown(doubt.reason, doubt.text.into_owned()),
        Ok(Outcome::Ordered(receipt) | Outcome::PaidLate(receipt)) => panic!("{} is a refund", receipt.order_number),
        Err(error) => Said::Error(error.field_name().into(), error.to_string()),
    }
}

/// What a customer brings back.
#[derive(Clone, Debug)]
pub struct Return {
    pub intent: String,
    pub order: Order,
    pub fee: i64,
    /// By the platform's number, and not by the shop's.
    pub by_id: bool,
}

impl Return {
    pub fn gives_back(&self, till: &Till, speaks: &Speaks, options: &Options<'_>) -> Said {
        let of = match self.by_id {
            true => RefundOf::TransactionId(&self.order.transaction_id),
            false => RefundOf::OutTradeNo(&self.order.number),
        };
        let (total, fee) = (fen(TOTAL), fen(self.fee));
        if speaks.is_unified() {
            return said(till.refund_with(&self.intent, &UnifiedRefund::new(of, total, fee), options));
        }
        let refund = Refund { notify_url: Some("https://shop.example/refunds"), ..Refund::new(of, total, fee) };
        said(till.refund_with(&self.intent, &refund, options))
    }
}

/// The board boots: the journal is opened again.
fn boot(wire: &Arc<RefundGateway>, journal: &MemoryJournal, time: &Time) -> Till {
    let inputs =
        Inputs { transport: wire.speaks.over(wire), clock: Box::new(time.clone()), random: Box::new(Counting::new()) };
    let till = Till::with_inputs(Box::new(journal.reopened()), Box::new(time.clone()), Box::new(time.clone()));
    if wire.speaks.is_unified() {
        let (url, key) = ("https://gateway.example/pay/gateway", Secret::from(SWIFTPASS_KEY));
        let account = SwiftpassAccount::new(url, MCH_ID, key).unwrap();
        return till.with(Client::with_inputs(account, terminal(), inputs).unwrap());
    }
    let hosts = ["https://gateway.example", "https://gateway2.example"];
    let account = WxpayAccount::new(MCH_ID, APPID, key()).unwrap().hosts(&hosts).unwrap();
    till.with(Client::with_inputs(account, terminal(), inputs).unwrap())
}

/// What may leave in a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Moves {
    /// Questions.
    Asks,
    /// Refunds of one return, or of any.
    GivesBack,
}

pub struct Life {
    pub seed: u64,
    pub dice: Dice,
    pub time: Time,
    pub journal: MemoryJournal,
    pub wire: Arc<RefundGateway>,
    /// The last one was paid at another till.
    pub orders: Vec<Order>,
    pub returns: Vec<Return>,
    pub till: Shared<Till>,
    /// One line a call.
    pub story: Vec<String>,
    /// Every refund number that the journal ever had, and its return.
    pub numbers: HashMap<String, String>,
    /// Numbers that a person called paid: the customer has the money, by whatever way.
    pub by_hand: HashSet<String>,
    pub wrong: RefCell<Vec<(Rule, String)>>,
    /// Lines of reports that were read, and are still to be acted upon.
    reports: Vec<EntryVersion>,
    /// Notifications that came.
    #[cfg(feature = "https")]
    pub bodies: Vec<String>,
    /// The power goes when the journal stops.
    dies: bool,
    /// Nobody sets its clock, and it is never off for long.
    is_calm: bool,
    pub ends: Ends,
}

impl Life {
    pub fn at(speaks: Speaks, seed: u64) -> Life {
        let mut dice = Dice::after((seed << 8) + 99, 8);
        let (time, journal) = (Time::new(), MemoryJournal::default());
        let sums = dice.roll(3) > 0;
        let faults = [0, 10, 25, 45][dice.roll(4) as usize];
        let wire = RefundGateway::speaking(speaks, (u64::from(dice.roll(1 << 30)), 0, sums), &time, &journal);
        let till = Shared::new(boot(&wire, &journal, &time));
        let sold = 1 + dice.roll(2);
        (0..sold).for_each(|number| sells(&till, &wire.speaks, number));
        // Of one more nobody at the shop knows whether it was paid, until somebody asks.
        if dice.roll(3) == 0 {
            wire.is_silent(true);
            let _ = pays(&till, &wire.speaks, sold);
            wire.is_silent(false);
        }
        wire.sold_elsewhere("20261121990000000001");
        wire.set_faults(faults);
        wire.set_dates([Dates::None, Dates::Right, Dates::Right, Dates::Off(-540)][dice.roll(4) as usize]);
        let is_calm = dice.roll(3) == 0;
        Life {
            seed,
            dice,
            orders: wire.orders(),
            time,
            journal,
            wire,
            returns: Vec::new(),
            till,
            story: vec![format!("the gateway sums: {sums}, {faults} faults of 100")],
            numbers: HashMap::new(),
            by_hand: HashSet::new(),
            wrong: RefCell::default(),
            reports: Vec::new(),
            #[cfg(feature = "https")]
            bodies: Vec::new(),
            dies: false,
            is_calm,
            ends: Ends::default(),
        }
    }

    /// What ended how, or the first rule that did not hold.
    pub fn lives(&mut self) -> Result<Ends, (Rule, String)> {
        for _ in 0..4 + self.dice.roll(20) {
            if self.is_right() {
                self.step();
            }
        }
        if self.is_right() {
            self.comes_to_its_end();
        }
        let wrong = self.wrong.borrow().first().cloned();
        wrong.map_or_else(|| Ok(std::mem::take(&mut self.ends)), Err)
    }

    fn step(&mut self) {
        match self.dice.roll(100) {
            0..=39 => self.gives_back(),
            40..=46 => self.asks(),
            47..=56 => self.recovers(),
            // These gateways notify of payments only (protocol C.6).
            57..=62 if self.wire.speaks.is_unified() => self.asks(),
            57..=62 => self.is_notified(),
            63..=73 => self.waits(),
            74..=77 => self.sets_the_clock(),
            78..=84 => self.is_off(),
            85..=89 => self.acknowledges(),
            90..=93 => self.is_refunded_elsewhere(),
            94..=97 => self.puts_in_order(),
            _ => self.people_look(),
        }
        self.check_moment();
    }

    // ---- calls of the application ----

    /// One call of the till, between whatever happens to the board. `None`: the power went before it said anything.
    pub fn call<T: std::fmt::Debug>(&mut self, words: &str, moves: Moves, call: impl FnOnce(&Till) -> T) -> Option<T> {
        let said = call(&self.till);
        let died = self.dies && self.journal.is_stopped();
        let said_words = if died { "the power went".into() } else { format!("{said:?}") };
        self.tell(&format!("{words}: {said_words}; the journal: {}", self.journal.states().join(", ")));
        self.check_what_left(moves);
        if died {
            let after = self.dice.roll(600);
            self.boots(secs(after));
            return None;
        }
        Some(said)
    }

    pub fn tell(&mut self, words: &str) {
        self.story.push(format!("{}: {words}", self.time.of_story()));
    }

    /// Something breaks at a call of the journal from here on.
    pub fn trouble(&mut self) {
        let at = 1 + self.dice.roll(12);
        let stored = self.dice.roll(2) == 0;
        match self.dice.roll(12) {
            0 => self.journal.fail_for(at, 1 + self.dice.roll(4)),
            1 | 2 => {
                self.journal.stop_in(at, stored);
                self.dies = true;
            }
            3 if self.dice.roll(3) == 0 => self.journal.stop_in(at, stored),
            _ => return,
        }
        self.wire.dies(self.dies);
        let what = if self.dies { "the power goes" } else { "the journal fails" };
        self.tell(&format!("{what} in {at} calls of the journal, {stored}"));
    }

    /// Mostly the till's own.
    fn patience(&mut self) -> Duration {
        if self.dice.roll(3) > 0 { secs(30) } else { PATIENCES[self.dice.roll(7) as usize] }
    }

    /// One that was named before, or another one.
    fn any_return(&mut self) -> Return {
        let count = u32::try_from(self.returns.len()).unwrap();
        if count > 0 && self.dice.roll(5) > 1 {
            // Mostly the newest: somebody presses again.
            let at = if self.dice.roll(2) == 0 { count - 1 } else { self.dice.roll(count) };
            return self.returns[at as usize].clone();
        }
        let order = self.orders[self.dice.roll(u32::try_from(self.orders.len()).unwrap()) as usize].clone();
        let is_elsewhere = self.orders.last().is_some_and(|last| last.number == order.number);
        let fee = [1, 88, 222, 300, 444, 600, TOTAL][self.dice.roll(7) as usize];
        let by_id = is_elsewhere || self.dice.roll(4) == 0;
        let new = Return { intent: format!("return {count}"), order, fee, by_id };
        self.returns.push(new.clone());
        new
    }

    fn gives_back(&mut self) {
        self.trouble();
        let one = self.any_return();
        let patience = self.patience();
        // By mistake another amount, or the other way to name the order, now and then: what it is stays what it was.
        let mut asked = one.clone();
        match self.dice.roll(25) {
            0 => asked.fee = 1 + i64::from(self.dice.roll(TOTAL as u32)),
            1 => asked.by_id = !asked.by_id,
            _ => {}
        }
        let second = (self.dice.roll(12) == 0).then(|| self.any_return());
        self.gives_back_with(&asked, patience, second);
    }

    /// With a second one, another thread gives back while this one waits for an answer.
    pub fn gives_back_with(&mut self, one: &Return, patience: Duration, second: Option<Return>) -> Option<Said> {
        let way = if one.by_id { "by id" } else { "by number" };
        let mut words = format!("{}, {} of {} {way}, {patience:?}", one.intent, one.fee, one.order.number);
        let heard = Arc::new(std::sync::Mutex::new(None));
        if let Some(other) = second.clone() {
            let (after, answer) = (self.dice.roll(4), self.dice.roll(2) == 0);
            words.push_str(&format!(", and {} at once", other.intent));
            let (till, into) = (self.till.clone(), heard.clone());
            let speaks = self.wire.speaks.clone();
            let gives = move || other.gives_back(&till, &speaks, &Options::new().patience(secs(5)));
            meanwhile(after, answer, Box::new(move || *into.lock().unwrap() = Some(at_once(gives))));
        }
        let speaks = self.wire.speaks.clone();
        let options = Options::new().patience(patience);
        let said = self.call(&words, Moves::GivesBack, |till| one.gives_back(till, &speaks, &options));
        no_meanwhile();
        let said = said?;
        if let (Some(other), Some(other_said)) = (second, heard.lock().unwrap().take()) {
            self.tell(&format!("and the other one: {other_said:?}"));
            self.hear(&other.intent, &other_said);
        }
        self.hear(&one.intent, &said);
        Some(said)
    }

    fn any_number(&mut self) -> Option<String> {
        let refunds: Vec<_> = self.journal.all().into_iter().filter(is_refund).collect();
        let at = self.dice.roll(u32::try_from(refunds.len()).unwrap().max(1)) as usize;
        refunds.get(at).map(|entry| entry.order_number.clone())
    }

    pub fn asks(&mut self) {
        self.trouble();
        let Some(number) = self.any_number() else { return };
        let patience = self.patience();
        self.asks_of(&number, patience);
    }

    pub fn asks_of(&mut self, number: &str, patience: Duration) -> Option<Said> {
        let told = self.call(&format!("payment_of {number}, {patience:?}"), Moves::Asks, |till| {
            said(till.payment_of_with(number, &Options::new().patience(patience)))
        })?;
        let intent = self.numbers.get(number).cloned().unwrap_or_default();
        if !matches!(told, Said::Error(..)) {
            self.hear(&intent, &told);
        }
        Some(told)
    }

    fn recovers(&mut self) {
        self.trouble();
        let young = Repeats::YoungerThan(secs(60 + self.dice.roll(7_200)));
        let repeats = if self.dice.roll(3) == 0 { young } else { Repeats::None };
        let patience = self.patience();
        self.recovers_with(repeats, patience);
    }

    pub fn recovers_with(&mut self, repeats: Repeats, patience: Duration) {
        let options = Options::new().patience(patience).repeats(repeats);
        let moves = if repeats == Repeats::None { Moves::Asks } else { Moves::GivesBack };
        let mut report = Vec::new();
        let said = self.call(&format!("recover {repeats:?}, {patience:?}"), moves, |till| {
            report = recover(till, &options).unwrap_or_default();
            report.retain(|line| is_refund(&line.entry));
            let say = |line: &Line| format!("{} {} {}", line.entry.order_number, line.word, line.is_sure);
            report.iter().map(say).collect::<Vec<_>>()
        });
        // The power went before anybody read it.
        report.truncate(said.map_or(0, |said| said.len()));
        for line in report {
            self.hear_of_a_line(&line);
            // What was read may be acted upon much later.
            if line.is_sure && line.entry.is_settled() {
                self.reports.push(line.entry.version());
            }
        }
    }

    /// Acts upon a line of some report.
    fn acknowledges(&mut self) {
        self.trouble();
        if self.reports.is_empty() {
            return;
        }
        let at = self.dice.roll(u32::try_from(self.reports.len()).unwrap()) as usize;
        let read = self.reports[at];
        if self.call(&format!("acknowledge {}", read.id), Moves::Asks, |till| acknowledge(till, read)).is_some() {
            self.reports.swap_remove(at);
        }
    }

    /// As an application does every night: it acts upon every report and removes what is old.
    fn puts_in_order(&mut self) {
        self.recovers_with(Repeats::None, secs(60));
        while !self.reports.is_empty() && self.dice.roll(8) > 0 {
            self.acknowledges();
        }
        self.waits();
        if self.dice.roll(3) == 0 {
            self.time.pause(secs(31 * 86_400));
        }
        let older_than = Duration::from_secs(86_400 * u64::from(self.dice.roll(60)));
        self.call(&format!("prune {older_than:?}"), Moves::Asks, |till| till.prune(older_than));
    }

    // ---- other people ----

    fn is_refunded_elsewhere(&mut self) {
        let order = self.orders[self.dice.roll(u32::try_from(self.orders.len()).unwrap()) as usize].clone();
        let fee = [1, 222, 444][self.dice.roll(3) as usize];
        if self.wire.refunded_elsewhere(&order, fee) {
            self.tell(&format!("another till refunds {fee} of {}", order.number));
        }
    }

    fn people_look(&mut self) {
        for entry in self.journal.all() {
            self.a_person_looks(&entry);
        }
    }

    /// Seconds to weeks.
    fn any_time(&mut self) -> Duration {
        secs(match self.dice.roll(if self.is_calm { 5 } else { 8 }) {
            0 | 1 => self.dice.roll(30),
            2 | 3 => self.dice.roll(400),
            4 => self.dice.roll(9_000),
            5 | 6 => self.dice.roll(100_000),
            _ => self.dice.roll(40 * 86_400),
        })
    }

    fn waits(&mut self) {
        let time = self.any_time();
        self.time.pause(time);
        self.tell(&format!("{time:?} later"));
    }

    fn sets_the_clock(&mut self) {
        if self.is_calm {
            return;
        }
        let to = self.time.set_somehow(&mut self.dice, 3);
        self.tell(&format!("somebody sets the clock to {to}"));
    }

    /// Off for some time, and on again. Its wall clock stood meanwhile.
    fn is_off(&mut self) {
        let time = self.any_time();
        self.boots(time);
        if self.is_calm {
            self.time.set(self.time.right());
        }
    }

    pub fn boots(&mut self, after: Duration) {
        self.time.off(after);
        self.dies = false;
        self.wire.dies(false);
        self.till = Shared::new(boot(&self.wire, &self.journal, &self.time));
        self.tell(&format!("off for {after:?}, and on"));
    }
}

/// A customer pays by code, while everything works.
fn sells(till: &Till, speaks: &Speaks, number: u32) {
    let sold = pays(till, speaks, number);
    assert!(matches!(sold, Told::Paid { late: false, .. }), "{sold:?}");
    till.unacknowledged().unwrap().iter().for_each(|entry| till.acknowledge(entry.version()).unwrap());
}

fn pays(till: &Till, speaks: &Speaks, number: u32) -> Told {
    let options = Options::new().patience(secs(3));
    if speaks.is_unified() {
        // WeChat's, Alipay's and JD's, in turn.
        let code = format!("{}00000000{number:08}", ["13", "28", "18"][number as usize % 3]);
        let payment = UnifiedMicropay {
            auth_code: &code,
            body: "sale",
            total_fee: fen(TOTAL),
            mch_create_ip: "8.8.8.8",
            ..UnifiedMicropay::default()
        };
        return told(till.pay_with(&format!("sale {number}"), &payment, &options));
    }
    let code = format!("1300000000{number:08}");
    let payment = MicroPay {
        auth_code: &code,
        body: "sale",
        total_fee: fen(TOTAL),
        spbill_create_ip: "8.8.8.8",
        ..MicroPay::default()
    };
    told(till.pay_with(&format!("sale {number}"), &payment, &options))
}

/// The usual loop of copied SDK code: another number on any error or timeout. How many returns it gives back twice, and how many orders
/// more than they were.
fn usual_loop(seed: u64, returns: u32) -> (u32, u32) {
    let (mut twice, mut too_much, mut epochs) = (0, 0, 0);
    for number in 0..returns {
        let time = Time::new();
        let wire = RefundGateway::new(seed + u64::from(number), 45, number % 2 == 0, &time, &MemoryJournal::default());
        let order = wire.sold_elsewhere("20261121990000000001");
        let one = Return { intent: "return".into(), order, fee: [222, 444, TOTAL][number as usize % 3], by_id: true };
        for _ in 0..4 {
            // Each call has a journal that knows nothing, and so makes another number; nothing is resolved.
            epochs += 1;
            let till = boot(&wire, &MemoryJournal::starting_at(epochs), &time);
            let said = one.gives_back(&till, &wire.speaks, &Options::new().patience(Duration::ZERO));
            if matches!(said, Said::Taken(_) | Said::Arrived(_)) {
                break;
            }
        }
        time.pause(secs(300));
        let given: Vec<i64> =
            wire.all().iter().filter(|(_, refund)| refund.is_live()).map(|(_, refund)| refund.fee).collect();
        twice += u32::from(given.len() > 1);
        too_much += u32::from(given.iter().sum::<i64>() > TOTAL);
    }
    (twice, too_much)
}

fn seed() -> u64 {
    std::env::var("WXPAY_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(1)
}

#[test]
fn refunds_in_the_field() {
    let sum = lives_at(Speaks::default, "refunds");
    assert!(sum.anew > 0);
}

/// The same shop at a gateway of Swiftpass's type, for sales of several wallets. No word of it closes a number.
#[test]
fn refunds_of_any_wallet_in_the_field() {
    // Another number follows only what a person settled as unpaid.
    lives_at(Speaks::unified, "refunds of any wallet");
}

fn lives_at(speaks: fn() -> Speaks, what: &str) -> Ends {
    let count = size("WXPAY_LIVES", size("WXPAY_SIMULATED", 250, 1_000), size("WXPAY_SIMULATED", 250, 1_000));
    let seed = seed();
    let mut sum = Ends::default();
    for at in 0..count {
        let mut life = Life::at(speaks(), seed + at);
        match life.lives() {
            Ok(ends) => sum.add(&ends),
            Err((rule, words)) => {
                println!("a shop that refunds, seed {}:\n{}", life.seed, life.story.join("\n"));
                panic!("seed {}, {rule:?}: {words}\n{:#?}", life.seed, life.journal.all());
            }
        }
    }
    println!(
        "{what}: {count} lives from seed {seed}: more than the total 0, a return twice 0, two live numbers of a return 0, \
         arrived and did not 0, declined though refunded 0, taken and was not 0, without an entry 0, stuck 0; {sum:?}"
    );
    assert!(sum.arrived > 0 && sum.declined > 0);
    sum
}

/// What the till is for: the same faults, the usual loop.
#[test]
fn the_usual_refund_loop_gives_back_twice() {
    let returns = 600;
    let (twice, too_much) = usual_loop(seed(), returns);
    println!(
        "refunds: the usual loop (another number on any error) gives {twice} of {returns} back twice, {too_much} above the total"
    );
    assert!(twice > 20 && too_much > 10);
}

/// Each check fails where its rule is broken: a mistake is planted, and the check for it fires.
#[test]
fn the_checks_of_refunds_can_fail() {
    for (mistake, rule) in [
        (Mistake::TakesTwice, Rule::Twice),
        (Mistake::TakesTwice, Rule::Total),
        (Mistake::SaysArrived, Rule::Arrived),
        (Mistake::SaysTaken, Rule::Taken),
        (Mistake::ForgetsForEver, Rule::Declined),
        (Mistake::SaysClosed, Rule::Numbers),
        (Mistake::SaysNothing, Rule::Stuck),
    ] {
        fires(Speaks::default, mistake, rule);
    }
    // Through the other language, too.
    for (mistake, rule) in
        [(Mistake::SaysArrived, Rule::Arrived), (Mistake::SaysTaken, Rule::Taken), (Mistake::SaysNothing, Rule::Stuck)]
    {
        fires(Speaks::unified, mistake, rule);
    }
}

fn fires(speaks: fn() -> Speaks, mistake: Mistake, rule: Rule) {
    let fires = |seed: &u64| {
        let mut life = Life::at(speaks(), *seed);
        life.wire.plant(mistake);
        matches!(life.lives(), Err((fired, _)) if fired == rule)
    };
    let fired = (1..=1_000).find(fires);
    println!("refunds: the check {rule:?} finds that the gateway {mistake:?}, in life {fired:?}");
    assert!(fired.is_some(), "{mistake:?}");
}
