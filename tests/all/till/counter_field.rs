//! The simulation of the field at a counter: lives of a board that takes payment codes and shows QRs for the same sales, under
//! everything that POS flows 18 asks for. Seeded; a life that fails prints its seed and its story.
//!
//! The cashier scans, scans again with another code, cancels at any moment, presses again, shows a QR and goes back to the scanner,
//! takes back, keeps late money or leaves it, acknowledges or not; the power goes at any call of the journal, clocks are wrong; what
//! the gateway and its customers do is in `counter_gateway.rs` and `counter_ledger.rs`.
//!
//! What must hold is in `counter_checks.rs`. `WXPAY_LIVES=1 WXPAY_SEED=7` lives one life again.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use wxpay_terminal::*;

use crate::support::memory_journal::MemoryJournal;
use crate::support::*;
use crate::till::counter_checks::{Ends, Moves};
use crate::till::counter_gateway::{Speaks, Wechat};
use crate::till::counter_shop::*;
use crate::till::field_gateway::{Dates, meanwhile, no_meanwhile};
use crate::till::field_shop::{
    Line, PATIENCES, Shared, Told, acknowledge, at_once, close, for_a_person, is_refused, notified, payment_of,
    recover, word,
};
use crate::till::modelled::{Dice, Time, YEARS};

/// One sale, and what was told of it.
pub struct Sale {
    pub name: String,
    /// Orders whose QR was shown.
    pub shown: Vec<String>,
    /// Numbers that were told as paid in time, or kept.
    pub accepted: HashSet<String>,
    /// Numbers that were told as late.
    pub late: HashSet<String>,
    /// Numbers whose late money somebody said to keep.
    pub kept: HashSet<String>,
    /// Numbers that held a customer's money at one moment.
    pub at_once: HashSet<String>,
}

pub struct Life {
    pub seed: u64,
    pub dice: Dice,
    pub time: Time,
    pub journal: MemoryJournal,
    pub wires: Vec<Arc<Wechat>>,
    pub counter: Counter,
    pub sales: Vec<Sale>,
    pub till: Shared<Till>,
    /// One line a call.
    pub story: Vec<String>,
    /// The states of each entry that somebody was told.
    pub seen: HashMap<EntryId, HashSet<&'static str>>,
    /// When each order number was first seen.
    pub begun: HashMap<String, Duration>,
    /// Lines of reports that were read, and are still to be acted upon.
    reports: Vec<(EntryVersion, &'static str)>,
    codes: u32,
    /// The power goes when the journal stops.
    dies: bool,
    /// The journal failed since the last boot: what was decided may be known to the process alone.
    pub failed: bool,
    /// Nobody sets its clock, and it is never off for long.
    is_calm: bool,
    /// Only payment codes: no QR.
    is_plain: bool,
    pub ends: Ends,
}

/// A life that fails tells its story.
impl Drop for Life {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("life at a counter, seed {}:\n{}", self.seed, self.story.join("\n"));
        }
    }
}

/// At which gateways a counter sells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum At {
    Wechat,
    /// One of Swiftpass's type, and perhaps another one, of this type or WeChat's own.
    Unified,
}

impl Life {
    pub fn new(at: At, seed: u64) -> Life {
        let mut dice = Dice::after((seed << 8) + 77, 8);
        let (time, journal) = (Time::new(), MemoryJournal::default());
        let count = if dice.roll(4) == 0 { 2 } else { 1 };
        let other = if at == At::Unified && count == 2 && dice.roll(2) == 0 { At::Unified } else { At::Wechat };
        let wire = |number: usize| {
            let speaks = match if number == 0 { at } else { other } {
                At::Wechat => Speaks::Wechat,
                At::Unified => Speaks::unified(),
            };
            let faults = [0, 10, 25, 45][dice.roll(4) as usize];
            let of = (MERCHANTS[number], u64::from(dice.roll(1 << 30)), faults);
            let wire = Wechat::speaking(speaks, of, &time, &journal);
            wire.set_dates([Dates::None, Dates::Right, Dates::Right, Dates::Off(-540)][dice.roll(4) as usize]);
            wire
        };
        let wires: Vec<_> = (0..count).map(wire).collect();
        let counter = Counter { without_certificate: dice.roll(8) == 0 };
        let till = Shared::new(boot(&wires, &journal, &time, counter));
        let sale = |number: u32| Sale {
            name: format!("sale{number}"),
            shown: Vec::new(),
            accepted: HashSet::new(),
            late: HashSet::new(),
            kept: HashSet::new(),
            at_once: HashSet::new(),
        };
        let sales = (0..1 + dice.roll(3)).map(sale).collect();
        let (is_calm, is_plain) = (dice.roll(3) == 0, dice.roll(3) == 0);
        let unified = wires.iter().filter(|wire| wire.speaks.is_unified()).count();
        let story = vec![format!("{count} accounts, {unified} of them of Swiftpass's type, {counter:?}")];
        Life {
            seed,
            dice,
            time,
            journal,
            wires,
            counter,
            sales,
            till,
            story,
            seen: HashMap::new(),
            begun: HashMap::new(),
            reports: Vec::new(),
            codes: 0,
            dies: false,
            failed: false,
            is_calm,
            is_plain,
            ends: Ends::default(),
        }
    }

    pub fn lives(mut self) -> Ends {
        for _ in 0..4 + self.dice.roll(16) {
            self.step();
        }
        self.comes_to_its_end();
        std::mem::take(&mut self.ends)
    }

    fn step(&mut self) {
        match self.dice.roll(100) {
            0..=39 => self.sells(),
            40..=46 => self.asks(),
            47..=52 => self.takes_back(),
            53..=59 => self.recovers(),
            60..=63 => self.closes(),
            64..=69 => self.somebody_scans(),
            70 | 71 => self.is_notified(),
            72..=79 => self.waits(),
            80..=82 => self.sets_the_clock(),
            83..=88 => self.is_off(),
            89..=92 => self.acknowledges(),
            93..=95 => self.keeps_late_money(),
            96 => self.refunds(),
            97 => self.puts_in_order(),
            _ => self.asks_a_person(),
        }
        self.check_moment();
    }

    // ---- calls of the application ----

    /// One call of the till, between whatever happens to the board. `None`: the power went before it said anything.
    pub fn call<T: std::fmt::Debug>(&mut self, words: &str, moves: Moves, call: impl FnOnce(&Till) -> T) -> Option<T> {
        self.wires.iter().for_each(|wire| drop(wire.left()));
        let begun = self.time.world();
        let before = self.journal.all();
        let said = call(&self.till);
        let died = self.dies && self.journal.is_stopped();
        let said_words = if died { "the power went".into() } else { format!("{said:?}") };
        let states: Vec<_> =
            self.journal.all().iter().map(|entry| format!("{} {}", state(entry), entry.reversals)).collect();
        self.tell(&format!("{words}: {said_words}; the journal: {}", states.join(", ")));
        self.check_what_left(begun, moves, &before);
        if died {
            let after = self.dice.roll(600);
            self.boots(Duration::from_secs(after.into()));
            // What it read before it acts upon now.
            if self.dice.roll(3) == 0 {
                self.acknowledges();
            }
            return None;
        }
        Some(said)
    }

    pub fn tell(&mut self, words: &str) {
        self.story.push(format!("{}: {words}", self.time.of_story()));
    }

    /// Something breaks at a call of the journal from here on.
    fn trouble(&mut self) {
        let at = 1 + self.dice.roll(12);
        let stored = self.dice.roll(2) == 0;
        let what = match self.dice.roll(12) {
            0 => {
                self.journal.fail_for(at, 1 + self.dice.roll(4));
                self.failed = true;
                "the journal fails"
            }
            1 | 2 => {
                self.journal.stop_in(at, stored);
                self.dies = true;
                "the power goes"
            }
            3 if self.dice.roll(3) == 0 => {
                self.journal.stop_in(at, stored);
                self.failed = true;
                "the journal stops"
            }
            _ => return,
        };
        self.wires.iter().for_each(|wire| wire.dies(self.dies));
        self.tell(&format!("{what} in {at} calls of the journal, {stored}"));
    }

    fn any_sale(&mut self) -> usize {
        let count = u32::try_from(self.sales.len()).unwrap();
        self.dice.roll(count) as usize
    }

    fn any_wire(&mut self) -> usize {
        if self.dice.roll(6) == 0 { self.wires.len() - 1 } else { 0 }
    }

    /// Mostly the till's own, which is 75 s for a code.
    fn patience(&mut self) -> Option<Duration> {
        (self.dice.roll(3) == 0).then(|| PATIENCES[self.dice.roll(7) as usize])
    }

    /// A code that the customer shows: a fresh one, or the same again.
    pub fn code(&mut self, wire: usize) -> String {
        self.codes += u32::from(self.codes == 0 || self.dice.roll(8) > 0);
        if !self.wires[wire].speaks.is_unified() {
            return format!("1300000000{:08}", self.codes);
        }
        // Of whichever wallet; UnionPay's have a digit more (POS flows 13).
        let begins = ["13", "28", "10", "25", "62", "91", "18", "30"][self.codes as usize % 8];
        format!("{begins}{}00000000{:08}", if begins == "62" { "0" } else { "" }, self.codes)
    }

    fn any_way(&mut self, wire: usize) -> By {
        let is_unified = self.wires[wire].speaks.is_unified();
        match !self.is_plain && self.dice.roll(4) == 0 {
            true => By::Qr(if is_unified { self.dice.roll(KINDS) } else { 0 }),
            false => By::Code(self.code(wire)),
        }
    }

    fn sells(&mut self) {
        self.trouble();
        let (at, wire) = (self.any_sale(), self.any_wire());
        let by = self.any_way(wire);
        let patience = self.patience();
        // By mistake another amount, now and then.
        let price = if self.dice.roll(40) == 0 { PRICE + 1 } else { PRICE };
        if self.dice.roll(12) == 0 {
            return self.sells_twice_at_once((at, wire, price), &by, patience);
        }
        let button = Button::at(if self.dice.roll(6) == 0 { 1 + self.dice.roll(300) } else { 0 }, &self.wires);
        if self.dice.roll(5) == 0 {
            self.something_happens_meanwhile(at, &button);
        }
        self.sells_with((at, wire, price), &by, patience, &button);
        no_meanwhile();
    }

    /// While the call waits for an answer somebody presses 取消, or sets the clock, or opens a QR of this sale.
    fn something_happens_meanwhile(&mut self, at: usize, button: &Button) {
        let (after, answer) = (self.dice.roll(4), self.dice.roll(2) == 0);
        let shown = self.sales[at].shown.last().cloned();
        let scanned = shown.as_ref().and_then(|number| self.wire_of(number)).cloned();
        match (self.dice.roll(3), shown.zip(scanned)) {
            (0, _) => {
                let button = button.clone();
                self.tell("meanwhile somebody presses 取消");
                meanwhile(after, answer, Box::new(move || button.press()));
            }
            (1, _) if !self.is_calm => {
                let to = [self.time.right(), YEARS[0], YEARS[2]][self.dice.roll(3) as usize];
                let time = self.time.clone();
                self.tell(&format!("meanwhile somebody sets the clock to {to}"));
                meanwhile(after, answer, Box::new(move || time.set(to)));
            }
            (_, Some((number, wire))) => {
                self.tell(&format!("meanwhile the customer scans {number}"));
                let scans = move || {
                    wire.somebody_scans(&number);
                };
                meanwhile(after, answer, Box::new(scans));
            }
            _ => {}
        }
    }

    pub fn sells_with(
        &mut self,
        (at, wire, price): (usize, usize, i64),
        by: &By,
        patience: Option<Duration>,
        button: &Button,
    ) -> Option<Told> {
        let (sale, merchant) = (self.sales[at].name.clone(), self.wires[wire].mch_id);
        let speaks = self.wires[wire].speaks.clone();
        let words = format!("{sale}, {price}, {by:?} by {merchant}, {patience:?}, 取消 {}", button.at);
        let mut after = 0;
        let told = self.call(&words, Moves::Sells, |till| {
            let options = Options::new().account(merchant).watch(button);
            let options = patience.map_or(options, |patience| options.patience(patience));
            let told = sell(till, &speaks, (&sale, price), by, &options);
            after = button.left_after();
            told
        });
        self.must(after == 0, "a payment began after 取消");
        let told = told?;
        self.hear_of_a_sale(at, &told);
        Some(told)
    }

    /// Another thread sells, takes back or closes while this one waits for an answer.
    fn sells_twice_at_once(&mut self, (at, wire, price): (usize, usize, i64), by: &By, patience: Option<Duration>) {
        let other = if self.dice.roll(2) == 0 { at } else { self.any_sale() };
        let (other_by, number, what) = (self.any_way(wire), self.any_number(), self.dice.roll(3));
        let (sale, other_sale) = (self.sales[at].name.clone(), self.sales[other].name.clone());
        let (merchant, speaks) = (self.wires[wire].mch_id, self.wires[wire].speaks.clone());
        let in_its_words = speaks.clone();
        let (till, heard) = (self.till.clone(), Rc::new(Cell::new(None)));
        let (into, asks) = (heard.clone(), other_by.clone());
        let second = move || {
            let options = Options::new().account(merchant).patience(Duration::from_secs(5));
            match (what, number) {
                (0, Some(number)) => (Some(number.clone()), reverse(&till, &number, &options)),
                (1, Some(number)) => (Some(number.clone()), close(&till, &number)),
                _ => (None, sell(&till, &in_its_words, (&other_sale, PRICE), &asks, &options)),
            }
        };
        let (after, answer) = (self.dice.roll(6), self.dice.roll(2) == 0);
        meanwhile(after, answer, Box::new(move || into.set(Some(at_once(second)))));
        let words = format!("{sale}, {by:?}, {patience:?}, and {other_by:?} of sale{other}, or {what}, at once");
        let told = self.call(&words, Moves::Any, |till| {
            let options = Options::new().account(merchant);
            sell(till, &speaks, (&sale, price), by, &patience.map_or(options, |patience| options.patience(patience)))
        });
        no_meanwhile();
        let Some(told) = told else { return };
        if let Some((number, other_told)) = heard.take() {
            self.tell(&format!("and the other one, {number:?}: {other_told:?}"));
            // What a refusal says is of that moment, and was true then, if it is now.
            match (number, other_told) {
                (_, Told::Declined(..)) => {}
                (Some(number), told) => self.hear_of_a_number(&number, &told),
                (None, told) => self.hear_of_a_sale(other, &told),
            }
        }
        self.hear_of_a_sale(at, &told);
    }

    fn any_number(&mut self) -> Option<String> {
        let all = self.journal.all();
        let at = self.dice.roll(u32::try_from(all.len()).unwrap().max(1)) as usize;
        all.get(at).map(|entry| entry.order_number.clone())
    }

    fn asks(&mut self) {
        self.trouble();
        let Some(number) = self.any_number() else { return };
        let patience = self.patience().unwrap_or_default();
        let told = self.call(&format!("payment_of {number}, {patience:?}"), Moves::Asks, |till| {
            payment_of(till, &number, &Options::new().patience(patience))
        });
        if let Some(told) = told {
            self.hear_of_a_number(&number, &told);
        }
    }

    fn takes_back(&mut self) {
        self.trouble();
        let Some(number) = self.any_number() else { return };
        let patience = self.patience();
        self.takes_back_with(&number, patience);
    }

    pub fn takes_back_with(&mut self, number: &str, patience: Option<Duration>) -> Option<Told> {
        let options = patience.map_or(Options::new(), |patience| Options::new().patience(patience));
        let words = format!("reverse {number}, {patience:?}");
        let told = self.call(&words, Moves::TakesBack(Reversals::Open), |till| reverse(till, number, &options));
        if let Some(told) = &told {
            self.hear_of_a_number(number, told);
        }
        told
    }

    fn closes(&mut self) {
        self.trouble();
        let Some(number) = self.any_number() else { return };
        if let Some(told) = self.call(&format!("close {number}"), Moves::Asks, |till| close(till, &number)) {
            self.hear_of_a_number(&number, &told);
        }
    }

    fn recovers(&mut self) {
        self.trouble();
        let reversals = [Reversals::None, Reversals::Begun, Reversals::Open][self.dice.roll(3) as usize];
        let patience = self.patience().unwrap_or(Duration::from_secs(30));
        self.recovers_with(reversals, patience);
    }

    pub fn recovers_with(&mut self, reversals: Reversals, patience: Duration) {
        let options = Options::new().patience(patience).reversals(reversals);
        let moves = Moves::TakesBack(reversals);
        let mut report = Vec::new();
        let words = format!("recover {reversals:?}, {patience:?}");
        let said = self.call(&words, moves, |till| {
            report = recover(till, &options).unwrap_or_default();
            let say = |line: &Line| format!("{} {} {}", line.entry.order_number, line.word, line.is_sure);
            report.iter().map(say).collect::<Vec<_>>()
        });
        // The power went before anybody read it.
        report.truncate(said.map_or(0, |said| said.len()));
        for line in report {
            self.hear_of_a_line(&line);
            // What was read may be acted upon much later.
            if line.is_sure && line.entry.is_settled() {
                self.reports.push((line.entry.version(), line.word));
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
        let (read, word) = self.reports[at];
        let words = format!("acknowledge {}, which was {word}", read.id);
        if self.call(&words, Moves::Asks, |till| acknowledge(till, read)).is_some() {
            self.reports.swap_remove(at);
        }
        self.check_acknowledgements();
    }

    /// The merchant keeps money that came late.
    fn keeps_late_money(&mut self) {
        self.trouble();
        let mut late = self.journal.all().into_iter().filter(Entry::is_paid_late).map(|entry| entry.order_number);
        if let Some(number) = late.next_back() {
            self.keeps(&number);
        }
    }

    pub fn keeps(&mut self, number: &str) {
        let words = format!("accept_late {number}");
        if let Some(at) =
            self.order(number).and_then(|order| self.sales.iter().position(|sale| sale.name == order.sale))
        {
            self.sales[at].kept.insert(number.into());
        }
        // Another number of the sale is ended first.
        let moves = Moves::TakesBack(Reversals::Open);
        if let Some(told) = self.call(&words, moves, |till| accept_late(till, number)) {
            self.hear_of_a_number(number, &told);
        }
    }

    /// As an application does every night: it acts upon every report and removes what is old.
    fn puts_in_order(&mut self) {
        self.recovers_with(Reversals::Begun, Duration::from_secs(60));
        while !self.reports.is_empty() && self.dice.roll(8) > 0 {
            self.acknowledges();
        }
        self.waits();
        let older_than = Duration::from_secs(86_400 * u64::from(self.dice.roll(60)));
        self.call(&format!("prune {older_than:?}"), Moves::Asks, |till| till.prune(older_than));
        self.check_what_went();
    }

    // ---- other people ----

    fn somebody_scans(&mut self) {
        let at = self.any_sale();
        let shown = &self.sales[at].shown;
        let number = shown.get(self.dice.roll(u32::try_from(shown.len()).unwrap().max(1)) as usize).cloned();
        if let Some(number) = number {
            let does = self.wire_of(&number).map(|wire| wire.somebody_scans(&number));
            self.tell(&format!("the customer scans {number} {does:?}"));
        }
    }

    fn refunds(&mut self) {
        let Some(number) = self.any_number() else { return };
        if let Some(wire) = self.wire_of(&number) {
            wire.refund(&number);
            self.tell(&format!("the manager refunds {number}"));
        }
    }

    fn is_notified(&mut self) {
        self.trouble();
        let shown: Vec<_> = self.sales.iter().flat_map(|sale| sale.shown.clone()).collect();
        let paid = |number: &&String| self.order(number).is_some_and(|order| order.charged);
        let Some(number) = shown.iter().find(paid) else { return };
        let Some(body) = self.wire_of(number).map(|wire| wire.notification(number)) else { return };
        let told = self.call(&format!("notification of {number}"), Moves::Asks, |till| notified(till, &body));
        if let Some(Ok(entry)) = told {
            let charged = self.order(&entry.order_number).is_some_and(|order| order.charged);
            self.must(entry.is_paid() && charged, "success for what is not paid");
        }
    }

    /// Seconds to weeks.
    fn any_time(&mut self) -> Duration {
        let seconds = match self.dice.roll(if self.is_calm { 5 } else { 8 }) {
            0 | 1 => self.dice.roll(30),
            2 | 3 => self.dice.roll(400),
            4 => self.dice.roll(9_000),
            5 | 6 => self.dice.roll(100_000),
            _ => self.dice.roll(40 * 86_400),
        };
        Duration::from_secs(u64::from(seconds))
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
        (self.dies, self.failed) = (false, false);
        self.journal.fail_for(0, 0);
        self.wires.iter().for_each(|wire| {
            wire.dies(false);
            wire.boots();
        });
        self.till = Shared::new(boot(&self.wires, &self.journal, &self.time, self.counter));
        self.tell(&format!("off for {after:?}, and on"));
    }

    fn asks_a_person(&mut self) {
        for entry in self.journal.all() {
            if for_a_person(&entry).is_some() || (is_refused(&entry) && self.dice.roll(4) == 0) {
                self.a_person_looks(&entry);
            }
        }
    }
}

/// What became of an entry, in a word.
fn state(entry: &Entry) -> &'static str {
    if entry.is_unproven() { "unproven" } else { word(entry) }
}

#[test]
fn payment_codes_in_the_field() {
    lives_at(At::Wechat, "payment codes");
}

/// The same counters on a gateway of Swiftpass's type: codes of all wallets, orders of all kinds, and some sales at two gateways.
#[test]
fn payment_codes_of_any_wallet_in_the_field() {
    lives_at(At::Unified, "payment codes of any wallet");
}

fn lives_at(at: At, what: &str) {
    let count = size("WXPAY_LIVES", size("WXPAY_SIMULATED", 250, 1_000), size("WXPAY_SIMULATED", 250, 1_000));
    let seed: u64 = std::env::var("WXPAY_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    let mut sum = Ends::default();
    for life in 0..count {
        sum.add(&Life::new(at, seed + life).lives());
    }
    println!(
        "{what}: {count} lives from seed {seed}: charged twice at the end 0, goods unpaid 0, late told as accepted 0, \
         accepted and reversed 0, declined though charged 0, stuck 0, lost 0, two ways at once 0; {sum:?}"
    );
    assert!(sum.calls > 0);
}
