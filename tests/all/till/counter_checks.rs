//! What must hold in every life at a counter, after each call (POS flows 18).
//!
//! By the gateway's ledger: what is told as paid is paid, was not taken back and is told so once for its sale; late money is never told
//! as accepted; what is told as unpaid is not, and nobody can pay it any more; no second number lives beside the first. The one
//! exception is the page's own: a number that was refused and charged all the same, and a submit that was carried out after five
//! minutes. What comes of those is found later, and two charges at one moment are counted.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use wxpay_terminal::*;

use crate::till::counter_field::Life;
use crate::till::counter_gateway::Wechat;
use crate::till::counter_ledger::{Order, secs};
use crate::till::counter_watch::Leaving;
use crate::till::field_shop::{Line, Told, word};

/// What may leave in a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Moves {
    /// Questions, and closes.
    Asks,
    /// Nothing that takes money; reversals as far as this.
    TakesBack(Reversals),
    /// One sale.
    Sells,
    /// Two calls at once.
    Any,
}

/// How lives ended.
#[derive(Debug, Default)]
pub struct Ends {
    pub calls: u64,
    /// Numbers, by how they ended.
    pub accepted: u32,
    pub late: u32,
    pub unpaid: u32,
    pub by_a_person: u32,
    /// Numbers that were taken back, and how many of them had been paid.
    pub reversed: u32,
    pub given_back: u32,
    /// Late money that was kept.
    pub kept: u32,
    /// Moments with two charges for one sale.
    pub moments: u32,
    /// Refusals and late submits that can lead to one.
    pub false_refusals: u32,
    pub very_late: u32,
}

impl Ends {
    pub fn add(&mut self, other: &Ends) {
        self.calls += other.calls;
        self.accepted += other.accepted;
        self.late += other.late;
        self.unpaid += other.unpaid;
        self.by_a_person += other.by_a_person;
        self.reversed += other.reversed;
        self.given_back += other.given_back;
        self.kept += other.kept;
        self.moments += other.moments;
        self.false_refusals += other.false_refusals;
        self.very_late += other.very_late;
    }
}

impl Life {
    #[track_caller]
    pub fn must(&self, holds: bool, words: &str) {
        assert!(holds, "counter life, seed {}: {words}\n{:#?}", self.seed, self.journal.all());
    }

    pub fn wire_of(&self, number: &str) -> Option<&Arc<Wechat>> {
        self.wires.iter().find(|wire| wire.order(number).is_some())
    }

    pub fn order(&self, number: &str) -> Option<Order> {
        self.wires.iter().find_map(|wire| wire.order(number))
    }

    pub fn entry(&self, number: &str) -> Option<Entry> {
        self.journal.all().into_iter().find(|entry| entry.order_number == number)
    }

    pub fn holds(&self, number: &str) -> bool {
        self.order(number).is_some_and(|order| order.holds())
    }

    fn is_excused(&self, number: &str) -> bool {
        self.wires.iter().any(|wire| wire.is_excused(number))
    }

    pub fn held(&self, sale: &str) -> Vec<String> {
        self.wires.iter().flat_map(|wire| wire.held(sale)).collect()
    }

    pub fn live(&self, sale: &str) -> Vec<String> {
        self.wires.iter().flat_map(|wire| wire.live(sale)).collect()
    }

    pub fn is_live(&self, number: &str) -> bool {
        let entry = self.entry(number);
        entry.is_some_and(|entry| self.live(&entry.intent).iter().any(|live| live == number))
    }

    /// A number of this sale that is charged, or may be, and nothing excuses it.
    fn paid_or_payable(&self, sale: &str, but: &str) -> Option<String> {
        let mut all = self.held(sale).into_iter().chain(self.live(sale));
        all.find(|number| number != but && !self.is_excused(number))
    }

    // ---- after each call ----

    pub fn check_what_left(&mut self, begun: Duration, moves: Moves, before: &[Entry]) {
        self.ends.calls += 1;
        for entry in self.journal.all() {
            self.begun.entry(entry.order_number).or_insert(begun);
        }
        for wire in self.wires.clone() {
            let (left, wrong) = wire.left();
            self.must(wrong.is_empty(), &wrong.join("; "));
            for leaving in &left {
                self.check_leaving(leaving, begun, moves, before);
            }
        }
        self.check_numbers();
    }

    fn check_leaving(&self, leaving: &Leaving, begun: Duration, moves: Moves, before: &[Entry]) {
        let Leaving { call, number, at } = leaving;
        let since = at.saturating_sub(begun);
        match (call.as_str(), moves) {
            ("micropay" | "unifiedorder", Moves::Asks | Moves::TakesBack(_)) => {
                self.must(false, &format!("{call} left by a call that takes no money"));
            }
            // Later the code is stale (ruling 6).
            ("micropay", Moves::Sells) => {
                self.must(since <= secs(31), &format!("{number}: a code was sent after {since:?}"));
            }
            ("reverse", Moves::Asks | Moves::TakesBack(Reversals::None)) => {
                self.must(false, "a reversal left by a call that only asks");
            }
            ("reverse", Moves::TakesBack(Reversals::Begun)) => {
                let begun = before.iter().any(|entry| entry.order_number == *number && entry.reversals > 0);
                self.must(begun || self.failed, "a reversal began by a call that only goes on with reversals");
            }
            _ => {}
        }
    }

    /// What the gateway knows is in the journal, or was before it went.
    fn check_numbers(&self) {
        let mut known = self.journal.all();
        known.extend(self.journal.gone());
        for number in self.wires.iter().flat_map(|wire| wire.numbers()) {
            let is_known = known.iter().any(|entry| entry.order_number == number);
            self.must(is_known, &format!("{number} is in no journal"));
        }
    }

    /// Two charges for one sale, at this moment: counted. Without a false refusal or a late submit there is none.
    pub fn check_moment(&mut self) {
        for at in 0..self.sales.len() {
            let held: HashSet<String> = self.held(&self.sales[at].name).into_iter().collect();
            let excused = held.iter().filter(|number| self.is_excused(number)).count();
            self.must(held.len() <= excused + 1, &format!("two charges at one moment: {held:?}"));
            self.ends.moments += u32::from(held.len() > 1 && !held.is_subset(&self.sales[at].at_once));
            if held.len() > 1 {
                self.sales[at].at_once = held;
            }
        }
    }

    fn see(&mut self, number: &str, words: [&'static str; 2]) {
        if let Some(entry) = self.entry(number) {
            self.seen.entry(entry.id).or_default().extend(words);
        }
    }

    pub fn hear_of_a_sale(&mut self, at: usize, told: &Told) {
        let sale = self.sales[at].name.clone();
        match told {
            Told::Ordered(number) => {
                let other = self.paid_or_payable(&sale, number);
                self.must(other.is_none(), &format!("a QR, and {other:?} is paid, or may be"));
                self.wires.iter().for_each(|wire| wire.is_shown(number));
                if !self.sales[at].shown.contains(number) {
                    self.sales[at].shown.push(number.clone());
                }
                self.see(number, ["ordered", "ordered"]);
            }
            Told::Paid { order, late } => self.hear_of_money(order, *late),
            Told::Declined(..) => {
                let other = self.paid_or_payable(&sale, "");
                self.must(other.is_none(), &format!("Declined, and {other:?} is paid, or may be"));
                if let Some(entry) = self.journal.all().into_iter().rfind(|entry| entry.intent == sale) {
                    self.see(&entry.order_number, ["unpaid", "not sent"]);
                }
            }
            Told::Unknown(..) => {}
            // Its words are about the sale, whatever became of it.
            Told::Error(field, _) if field == "intent" || field == "account" => {}
            Told::Error(_, words) if words.contains("pruned") => {
                self.must(self.went(&sale), "told as pruned, and is not")
            }
            Told::Error(..) => {
                let other = self.paid_or_payable(&sale, "");
                self.must(other.is_none() || self.went(&sale), &format!("an Error, and {other:?} is paid, or may be"));
                let mut of_sale = self.journal.all().into_iter().filter(|entry| entry.intent == sale);
                // What a dying journal stored all the same is found when it is opened again.
                let pending = !self.journal.is_stopped() && of_sale.any(|entry| entry.is_pending());
                self.must(!pending, "an Error hides what is open");
            }
        }
    }

    /// Whether it went when the journal was pruned.
    pub fn went(&self, sale: &str) -> bool {
        self.journal.gone().iter().any(|entry| entry.intent == sale)
    }

    fn hear_of_money(&mut self, number: &str, late: bool) {
        let Some(order) = self.order(number) else { return self.must(false, "told as paid, and no gateway knows it") };
        let said_paid = self.wires.iter().any(|wire| wire.facts(number).said.contains("SUCCESS"));
        let reverses: u32 = self.wires.iter().map(|wire| wire.reverses(number)).sum();
        let entry = self.entry(number);
        self.must(order.charged, "told as paid, and is not");
        self.must(late || order.holds() || said_paid, "told as paid, and the money went back before anybody asked");
        let at = self.sales.iter().position(|sale| sale.name == order.sale).expect("a sale of this counter");
        if late {
            // Also what was told as accepted while the journal failed: it does not know that.
            self.sales[at].late.insert(number.into());
        } else {
            let reversals = entry.map_or(0, |entry| entry.reversals);
            self.must(reverses == 0 && reversals == 0, "Accepted, and taken back");
            let is_late = self.sales[at].late.contains(number) && !self.sales[at].kept.contains(number);
            self.must(!is_late, "late money is told like money in time");
            self.sales[at].accepted.insert(number.into());
            // What the manager gave back may be sold again.
            let count = self.sales[at].accepted.iter().filter(|number| self.holds(number)).count();
            self.must(count <= 1, "two numbers of one sale are told as accepted");
        }
        self.see(number, ["paid", "late"]);
    }

    pub fn hear_of_a_number(&mut self, number: &str, told: &Told) {
        match told {
            Told::Paid { order, late } => self.hear_of_money(&order.clone(), *late),
            Told::Declined(..) => {
                let holds = self.holds(number);
                let excused = self.is_excused(number);
                self.must(!holds || excused, "Declined though charged");
                self.must(!self.is_live(number) || excused, "Declined, and it may be paid");
                self.see(number, ["unpaid", "not sent"]);
            }
            Told::Ordered(_) | Told::Unknown(..) | Told::Error(..) => {}
        }
    }

    pub fn hear_of_a_line(&mut self, line: &Line) {
        let number = &line.entry.order_number;
        if line.is_sure {
            match line.word {
                "paid" | "late" => self.hear_of_money(number, line.word == "late"),
                "unpaid" | "not sent" => {
                    let holds = self.holds(number);
                    self.must(!holds || self.is_excused(number), "reported as unpaid though charged");
                }
                _ => {}
            }
        }
        self.seen.entry(line.entry.id).or_default().insert(line.word);
    }

    /// Nobody acted upon what nobody saw.
    pub fn check_acknowledgements(&self) {
        for entry in self.journal.all().iter().filter(|entry| entry.acknowledged_at.is_some()) {
            let seen = self.seen.get(&entry.id).is_some_and(|seen| seen.contains(word(entry)));
            self.must(seen || !entry.is_paid(), &format!("acknowledged and never told: {entry:?}"));
        }
    }

    /// What went had come to its end, and was acted upon.
    pub fn check_what_went(&self) {
        for entry in self.journal.gone() {
            self.must(entry.acknowledged_at.is_some() && entry.is_settled(), &format!("it went: {entry:?}"));
        }
    }
}
