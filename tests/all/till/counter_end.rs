//! The end of a life at a counter: everything works again, and there is time. Each number comes to its end, or to a person in words that
//! are so, and the journal and the ledgers say the same (POS flows 18).

use std::time::Duration;

use wxpay_terminal::*;

use crate::till::counter_checks::Moves;
use crate::till::counter_field::Life;
use crate::till::counter_ledger::{Stubborn, secs};
use crate::till::counter_shop::{Button, By, PRICE, allow_again, is_of};
use crate::till::field_shop::{Told, close, for_a_person, payment_of, settle_by_hand, word};

/// How often a report is asked for, five minutes apart, until everything is at its end that can be.
const REPORTS: u32 = 6;
/// And a day apart, where a reversal has no effect: it expires after seven days.
const DAYS: u32 = 9;
/// How far the query looks back (POS flows 20.17).
const LOOK_BACK: Duration = Duration::from_secs(30 * 86_400);
/// How often a sale is sold again until it is paid, or free.
const SALES: u32 = 4;

impl Life {
    /// A right clock, a journal that works, gateways that answer.
    pub fn comes_to_its_end(&mut self) {
        self.journal.fail_for(0, 0);
        self.journal.stop_in(0, false);
        for wire in &self.wires {
            wire.set_faults(0);
            wire.set_right_dates();
        }
        self.boots(Duration::from_secs(60));
        self.time.set(self.time.right());
        self.tell("from here on everything works");
        self.watches_to_the_end();
        for at in 0..self.sales.len() {
            self.sells_to_the_end(at);
        }
        self.watches_to_the_end();
        self.waits_for_proof();
        self.agree();
    }

    fn pending(&self) -> Vec<Entry> {
        self.journal.all().into_iter().filter(|entry| entry.is_pending() || for_a_person(entry).is_some()).collect()
    }

    fn watches_to_the_end(&mut self) {
        for round in 0..REPORTS + DAYS {
            if self.pending().is_empty() {
                return;
            }
            self.time.pause(if round < REPORTS { secs(300) } else { secs(86_400) });
            self.recovers_with(Reversals::Open, Duration::from_secs(240));
            self.check_moment();
            for entry in self.pending() {
                if !entry.call.ends_with("micropay") && round > 1 {
                    self.closes_to_the_end(&entry.order_number);
                }
            }
        }
        for entry in self.pending() {
            self.is_left_to_a_person(&entry);
        }
    }

    fn closes_to_the_end(&mut self, number: &str) {
        let told = self.call(&format!("close {number}"), Moves::Asks, |till| close(till, number));
        self.hear_of_a_number(number, &told.expect("the power stays"));
    }

    fn asks_to_the_end(&mut self, number: &str) -> Told {
        let told =
            self.call(&format!("payment_of {number}"), Moves::Asks, |till| payment_of(till, number, &Options::new()));
        let told = told.expect("the power stays");
        self.hear_of_a_number(number, &told);
        told
    }

    /// What does not come to its end is for a person, and the words say why.
    fn is_left_to_a_person(&mut self, entry: &Entry) {
        let number = &entry.order_number;
        let told = self.asks_to_the_end(number);
        let Some(now) = self.entry(number).filter(|now| !now.is_settled()) else { return };
        let words = match (for_a_person(&now), told) {
            (Some(words), _) => words,
            (None, Told::Unknown(_, words)) => words,
            (None, told) => return self.must(false, &format!("{number} is stuck: {told:?}")),
        };
        self.must(self.is_true(&now, &words), &format!("{number} is stuck, or told in words that are not so: {words}"));
        let settled = self.a_person_looks(&now);
        self.must(settled, &format!("{number} is left to a person, who cannot settle it: {words}"));
    }

    /// The cashier scans once more, until the sale is paid, or may be paid in cash.
    fn sells_to_the_end(&mut self, at: usize) {
        for _ in 0..SALES {
            let refused = self.journal.all().into_iter().rfind(|entry| entry.intent == self.sales[at].name);
            // Whoever says that it may be sold again looked: it is not charged.
            let charged = |entry: &Entry| self.holds(&entry.order_number);
            if let Some(entry) = refused.filter(|entry| entry.is_refused_for_good() && !charged(entry)) {
                self.call("the permission was given", Moves::Asks, |till| allow_again(till, entry.id));
            }
            let by = By::Code(self.code(0));
            let button = Button::at(0, &self.wires);
            let told = self.sells_with((at, 0, PRICE), &by, None, &button).expect("the power stays");
            self.check_moment();
            match told {
                Told::Paid { .. } => return,
                Told::Declined(..) => {}
                // It was paid another way, or went.
                Told::Error(field, words) => {
                    let paid = !self.sales[at].accepted.is_empty() || !self.held(&self.sales[at].name).is_empty();
                    let another = words.contains("another amount") || words.contains("other fields");
                    let is_so = paid || self.went(&self.sales[at].name) || another || field == "intent";
                    return self.must(is_so, &format!("it cannot be sold: {words}"));
                }
                Told::Unknown(..) | Told::Ordered(_) => self.watches_to_the_end(),
            }
        }
    }

    /// A refusal without proof is asked about for a day (ruling 1).
    fn waits_for_proof(&mut self) {
        self.time.pause(secs(25 * 3_600));
        for _ in 0..2 {
            self.recovers_with(Reversals::Open, Duration::from_secs(240));
            self.time.pause(secs(9 * 3_600));
        }
        self.watches_to_the_end();
        let late: Vec<_> = self.journal.all().into_iter().filter(Entry::is_paid_late).collect();
        for entry in late.into_iter().filter(|entry| entry.reversals == 0) {
            if self.dice.roll(3) == 0 {
                self.keeps(&entry.order_number);
            }
        }
        self.recovers_with(Reversals::Open, Duration::from_secs(240));
    }

    // ---- a person, who tells the truth ----

    /// Looks an entry up on the platform, and settles it if the truth is final there.
    pub fn a_person_looks(&mut self, entry: &Entry) -> bool {
        let number = &entry.order_number;
        if let Some(words) = for_a_person(entry) {
            self.must(self.is_true(entry, &words), &format!("a person is told what is not so: {words}"));
        }
        let paid = self.holds(number);
        let may_come = self.is_live(number) || self.wires.iter().any(|wire| wire.is_under_way(number));
        if !paid && may_come {
            return false;
        }
        if self.is_settled_by_hand(entry, paid) {
            return true;
        }
        // What was being taken back is called paid only where the query says so (POS flows 3.7), and the query has forgotten it: the
        // money goes back on the platform, as late money does.
        let is_forgotten = self.age(number) >= LOOK_BACK && entry.reversals > 0;
        if !(paid && is_forgotten) {
            return false;
        }
        self.wires.iter().for_each(|wire| wire.refund(number));
        self.is_settled_by_hand(entry, false)
    }

    fn is_settled_by_hand(&mut self, entry: &Entry, paid: bool) -> bool {
        let (id, number) = (entry.id, &entry.order_number);
        let words = format!("a person settles {number}, paid: {paid}");
        let taken = self.call(&words, Moves::Asks, |till| settle_by_hand(till, id, paid)) == Some(true);
        self.ends.by_a_person += u32::from(taken);
        if paid && let Some(sale) = self.sales.iter_mut().find(|sale| sale.name == entry.intent) {
            sale.kept.insert(number.into());
        }
        taken
    }

    fn age(&self, number: &str) -> Duration {
        self.time.world().saturating_sub(self.begun[number])
    }

    /// Whether the words that leave an entry to a person are so.
    fn is_true(&self, entry: &Entry, words: &str) -> bool {
        let number = &entry.order_number;
        let Some(wire) = self.wires.iter().find(|wire| is_of(wire, entry)) else { return false };
        let (facts, order) = (wire.facts(number), wire.order(number));
        let age = self.age(number);
        let said = |words: &[&str]| words.iter().any(|word| facts.said.contains(word));
        match words {
            _ if words.contains("another amount") || words.contains("names another order") => facts.misled,
            _ if words.contains("given back") => order.is_some_and(|order| order.back),
            // The gateway's own word, or seven days; without a certificate a day (POS flows 3.1).
            _ if words.contains("taken back no more") => {
                // Where there is none, all is taken back with the key (POS flows 9).
                let cannot = self.counter.without_certificate && !wire.speaks.is_unified();
                let expires = if cannot { 1 } else { 7 };
                let stored = self.time.right() + 600 - entry.begun_at;
                facts.expired || age.as_secs() + 600 >= expires * 86_400 || stored >= expires as i64 * 86_400
            }
            // A wrong clock stored it.
            _ if words.contains("nobody knows how old it is") => {
                let made = self.time.right() - i64::try_from(age.as_secs()).unwrap();
                (entry.begun_at - made).abs() > 60 || !wire.tells_the_time()
            }
            // Closing has no effect, and nobody can tell when it was made (POS flows 20.24).
            _ if words.contains("has not paid yet") => {
                order.is_some_and(|order| order.stubborn == Stubborn::WithoutEffect && order.is().may_be_paid())
            }
            _ if words.contains("says that a payment of it failed") => said(&["PAYERROR"]),
            _ if words.contains("somebody tried to pay it") || words.contains("somebody is paying it") => {
                said(&["PAYERROR", "USERPAYING"])
            }
            _ if words.contains("knew the order, and does not know it now") => age >= LOOK_BACK,
            // The words say by which time: a slow clock stored another.
            _ if words.contains("by the time stored with it") => {
                let stored = self.time.right().max(self.time.unix_seconds()) + 600 - entry.last_attempt_at;
                age >= LOOK_BACK || stored >= LOOK_BACK.as_secs() as i64
            }
            _ => false,
        }
    }

    // ---- the end ----

    /// The journal and the ledgers say the same.
    fn agree(&mut self) {
        self.check_acknowledgements();
        self.check_moment();
        let all = self.journal.all();
        for entry in &all {
            self.agrees(entry);
        }
        for sale in &self.sales {
            let accepted = all.iter().filter(|entry| entry.intent == sale.name && word(entry) == "paid").count();
            self.must(accepted <= 1, &format!("{} is accepted {accepted} times", sale.name));
            self.must(self.live(&sale.name).is_empty(), &format!("{} may still be paid", sale.name));
        }
        for entry in self.journal.gone() {
            let holds = self.holds(&entry.order_number);
            self.must(entry.is_paid() || !holds, &format!("it went as unpaid, and is charged: {entry:?}"));
        }
        for wire in &self.wires {
            for number in wire.numbers() {
                let (order, facts) = (wire.order(&number).expect("it is there"), wire.facts(&number));
                self.ends.reversed += u32::from(wire.reverses(&number) > 0);
                self.ends.given_back += u32::from(wire.reverses(&number) > 0 && order.back);
                self.ends.false_refusals += u32::from(facts.refused_falsely);
                self.ends.very_late += u32::from(facts.late_by > secs(300));
            }
        }
        self.ends.kept += u32::try_from(self.sales.iter().map(|sale| sale.kept.len()).sum::<usize>()).unwrap();
    }

    fn agrees(&mut self, entry: &Entry) {
        let number = &entry.order_number;
        let order = self.order(number);
        let (charged, holds) = order.map_or((false, false), |order| (order.charged, order.holds()));
        let reverses: u32 = self.wires.iter().map(|wire| wire.reverses(number)).sum();
        match word(entry) {
            "paid" => {
                self.must(charged, &format!("recorded as paid, and is not: {entry:?}"));
                self.must(reverses == 0, &format!("Accepted, and taken back: {entry:?}"));
                self.ends.accepted += 1;
            }
            "late" => {
                self.must(charged, &format!("recorded as paid late, and is not: {entry:?}"));
                self.ends.late += 1;
            }
            "unpaid" | "not sent" => {
                // Where nobody tells the time, none is known: it is still asked about, although the query may have forgotten it.
                let timeless = self.wires.iter().any(|wire| is_of(wire, entry) && !wire.tells_the_time());
                let forgotten = timeless && entry.is_unproven() && self.age(number) >= LOOK_BACK;
                self.must(!holds || forgotten, &format!("recorded as unpaid, and is charged: {entry:?}"));
                self.must(!entry.is_unproven() || timeless, &format!("it is asked about for ever: {entry:?}"));
                self.ends.unpaid += 1;
            }
            "for a person" => {
                let words = for_a_person(entry).unwrap_or_default();
                self.must(self.is_true(entry, &words), &format!("a person is told what is not so: {words}"));
            }
            _ => self.must(false, &format!("it has no end: {entry:?}")),
        }
        let told = self.asks_to_the_end(number);
        if let Told::Unknown(_, words) = &told {
            self.must(self.is_true(entry, words), &format!("it came to its end, and nobody is told: {words}"));
        }
    }
}
