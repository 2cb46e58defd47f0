//! What must hold in every life of a shop that gives money back, after each call, and at its end (POS flows 5, 18).
//!
//! By the gateway's ledger: an order gives back at most its total, a return once and under one live number at a time; what is told as
//! arrived arrived, what is told as taken was taken; what ended as refused was not given back; and each refund comes to an end, or to a
//! person in words that are so.

use std::time::Duration;

use wxpay_terminal::*;

use crate::till::counter_ledger::secs;
use crate::till::field_gateway::Dates;
use crate::till::field_shop::{Line, for_a_person, settle_by_hand};
use crate::till::refund_field::{Life, Moves, Said};
use crate::till::refund_gateway::{Refunded, Status, TOTAL};

/// What must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// Never more than the order was.
    Total,
    /// A return is given back once.
    Twice,
    /// One live number for a return.
    Numbers,
    /// What is told as arrived arrived.
    Arrived,
    /// What ended as refused was not given back.
    Declined,
    /// What is told as taken was taken.
    Taken,
    /// No request without its entry.
    Entry,
    /// Each comes to an end.
    Stuck,
    /// What a person is told is so.
    Words,
}

/// How lives ended.
#[derive(Debug, Default)]
pub struct Ends {
    pub calls: u64,
    /// Requests that left.
    pub requests: u64,
    /// Refund numbers, by how they ended.
    pub arrived: u32,
    pub on_their_way: u32,
    pub declined: u32,
    pub not_sent: u32,
    pub by_hand: u32,
    /// Of them the ones whose age nobody knows: a wrong clock stood in the entry.
    pub of_unknown_age: u32,
    /// Returns that got another number.
    pub anew: u32,
    pub refused_falsely: u32,
    /// Answers that nothing more is left, or that a minute has not passed.
    pub errors: u32,
    pub notified: u32,
}

impl Ends {
    pub fn add(&mut self, other: &Ends) {
        self.calls += other.calls;
        self.requests += other.requests;
        self.arrived += other.arrived;
        self.on_their_way += other.on_their_way;
        self.declined += other.declined;
        self.not_sent += other.not_sent;
        self.by_hand += other.by_hand;
        self.of_unknown_age += other.of_unknown_age;
        self.anew += other.anew;
        self.refused_falsely += other.refused_falsely;
        self.errors += other.errors;
        self.notified += other.notified;
    }
}

/// How often a report is asked for, five minutes apart, until everything is at its end that can be.
const REPORTS: u32 = 4;
/// And five days apart, for what is on its way: 30 days, and then a person.
const LATER: u32 = 8;
const A_MONTH: Duration = Duration::from_secs(30 * 86_400);
const A_YEAR: i64 = 365 * 86_400;

pub fn is_refund(entry: &Entry) -> bool {
    entry.call.ends_with("refund")
}

impl Life {
    pub fn must(&self, rule: Rule, holds: bool, words: &str) {
        if !holds {
            self.wrong.borrow_mut().push((rule, words.into()));
        }
    }

    pub fn is_right(&self) -> bool {
        self.wrong.borrow().is_empty()
    }

    pub fn refunds(&self) -> Vec<Entry> {
        self.journal.all().into_iter().filter(is_refund).collect()
    }

    fn is_live(&self, number: &str) -> bool {
        self.wire.refund(number).is_some_and(|refund| refund.is_live())
    }

    pub fn arrived(&self, number: &str) -> bool {
        let arrived = |refund: Refunded| refund.was_ever(Status::Success);
        self.by_hand.contains(number) || self.wire.refund(number).is_some_and(arrived)
    }

    // ---- after each call ----

    pub fn check_what_left(&mut self, moves: Moves) {
        self.ends.calls += 1;
        for entry in self.refunds() {
            self.numbers.insert(entry.order_number, entry.intent);
        }
        let (left, wrong) = self.wire.left();
        self.ends.requests += left.len() as u64;
        self.wrong.borrow_mut().extend(wrong);
        self.must(Rule::Entry, moves == Moves::GivesBack || left.is_empty(), "a refund left by a call that only asks");
    }

    /// The ledger, at this moment.
    pub fn check_moment(&self) {
        let all = self.wire.all();
        let ours = || all.iter().filter(|(_, refund)| refund.ours);
        for order in &self.orders {
            let live = ours().filter(|(_, refund)| refund.transaction_id == order.transaction_id && refund.is_live());
            let given: i64 = live.map(|(_, refund)| refund.fee * refund.times).sum();
            self.must(Rule::Total, given <= TOTAL, &format!("{given} of {TOTAL} went back: {order:?}"));
        }
        for one in &self.returns {
            let of_return = || ours().filter(|(number, _)| self.numbers.get(number) == Some(&one.intent));
            let live: Vec<_> = of_return().filter(|(_, refund)| refund.is_live()).map(|(number, _)| number).collect();
            self.must(Rule::Numbers, live.len() <= 1, &format!("{} has the live numbers {live:?}", one.intent));
            let arrived = of_return().filter(|(_, refund)| refund.was_ever(Status::Success));
            let times: i64 = arrived.map(|(_, refund)| refund.times).sum();
            self.must(Rule::Twice, times <= 1, &format!("{} went back {times} times", one.intent));
        }
        for (number, _) in ours() {
            self.must(Rule::Entry, self.numbers.contains_key(number), &format!("{number} is in no journal"));
        }
    }

    pub fn hear(&mut self, intent: &str, said: &Said) {
        match said {
            Said::Taken(number) => {
                let known = self.wire.refund(number).is_some();
                self.must(Rule::Taken, known, &format!("{number} is told as taken, and no gateway has it"));
            }
            Said::Arrived(number) => {
                self.must(Rule::Arrived, self.arrived(number), &format!("{number} is told as arrived, and did not"));
            }
            // What it says is of this moment, and a row found later wins.
            Said::Declined(..) | Said::Unknown(..) => {}
            Said::Error(..) => {
                self.ends.errors += 1;
                let of_return = self.refunds().into_iter().filter(|entry| entry.intent == intent);
                let open: Vec<_> = of_return.filter(|entry| entry.state == EntryState::Open).collect();
                // By mistake another amount: then the words are about that.
                let is_excused = matches!(said, Said::Error(field, _) if field == "intent");
                let hides = open.is_empty() || self.journal.is_stopped() || is_excused;
                self.must(Rule::Declined, hides, &format!("an Error hides what is open: {open:?}"));
            }
        }
    }

    pub fn hear_of_a_line(&mut self, line: &Line) {
        let number = &line.entry.order_number;
        if line.is_sure && line.entry.is_paid() {
            self.must(Rule::Arrived, self.arrived(number), &format!("{number} is reported as arrived, and did not"));
        }
    }

    // ---- a person, who tells the truth ----

    /// Looks a refund up on the platform, and settles it if the truth is final there. True: it is settled.
    pub fn a_person_looks(&mut self, entry: &Entry) -> bool {
        let number = &entry.order_number;
        let Some(words) = for_a_person(entry) else { return false };
        self.must(Rule::Words, self.is_true(entry, &words), &format!("a person is told what is not so: {words}"));
        self.a_person_settles(number, entry.id)
    }

    fn a_person_settles(&mut self, number: &str, id: EntryId) -> bool {
        let paid = match self.wire.refund(number).map(|refund| refund.is()) {
            Some(Status::Success) => true,
            // The money is with the merchant: by the platform, or in cash.
            Some(Status::Change) if self.dice.roll(2) == 0 => {
                self.wire.is_mended(number);
                return false;
            }
            Some(Status::Change) => true,
            // Whoever looks pays the customer what is 30 days on its way, or waits: here it is waited.
            Some(Status::Processing) => return false,
            Some(Status::Closed | Status::Fail) => false,
            None if self.wire.is_under_way(number) => return false,
            None => false,
        };
        if paid {
            self.by_hand.insert(number.into());
        }
        let words = format!("a person settles {number}, paid: {paid}");
        self.call(&words, Moves::Asks, |till| settle_by_hand(till, id, paid)) == Some(true)
    }

    /// Whether the words that leave a refund to a person are so.
    fn is_true(&self, entry: &Entry, words: &str) -> bool {
        let number = &entry.order_number;
        let refund = self.wire.refund(number);
        let stored = self.time.right().max(self.time.unix_seconds()) + 600 - entry.begun_at;
        match words {
            _ if words.contains("(CHANGE)") => refund.is_some_and(|refund| refund.was_ever(Status::Change)),
            _ if words.contains("another amount") => self.wire.is_misled(number),
            // The words say by which time: a slow clock stored another.
            _ if words.contains("30 days ago") => {
                let since = refund.map_or(Duration::ZERO, |refund| self.time.world().saturating_sub(refund.made()));
                since + secs(600) >= A_MONTH || stored >= 30 * 86_400
            }
            _ if words.contains("again and again") => true,
            _ if words.contains("by the time stored with it") => stored >= A_YEAR,
            _ => false,
        }
    }

    // ---- the end ----

    /// A right clock, a journal that works, a gateway that answers.
    pub fn comes_to_its_end(&mut self) {
        self.journal.fail_for(0, 0);
        self.journal.stop_in(0, false);
        self.wire.set_faults(0);
        self.wire.set_dates(Dates::Right);
        self.boots(secs(60));
        self.time.set(self.time.right());
        self.tell("from here on everything works");
        for _ in 0..REPORTS {
            self.looks_again(secs(300));
        }
        self.returns_again();
        for _ in 0..LATER {
            self.looks_again(secs(5 * 86_400));
        }
        self.returns_again();
        for _ in 0..LATER {
            self.looks_again(secs(5 * 86_400));
        }
        for entry in self.refunds() {
            self.is_left_to_a_person(&entry);
        }
        self.agree();
    }

    fn looks_again(&mut self, after: Duration) {
        if self.is_right() {
            self.time.pause(after);
            self.recovers_with(Repeats::None, secs(240));
            self.check_moment();
        }
    }

    /// What is open is named again, and so is what the customer did not get.
    fn returns_again(&mut self) {
        for mut one in self.returns.clone() {
            // What was asked for by mistake is what it is.
            let begun = self.refunds().into_iter().rfind(|entry| entry.intent == one.intent);
            if let Some(begun) = begun.filter(|entry| !entry.fields.is_empty()) {
                one.fee = begun.amount.get().into();
                one.by_id = begun.field("transaction_id").is_some_and(|id| !id.is_empty());
            }
            let of_return = || self.refunds().into_iter().filter(|entry| entry.intent == one.intent);
            let is_open = of_return().any(|entry| entry.state == EntryState::Open);
            if self.is_right() && (is_open || self.dice.roll(3) == 0) {
                self.time.pause(secs(61));
                self.gives_back_with(&one, secs(300), None);
                self.check_moment();
            }
        }
    }

    /// What does not come to its end is for a person, and the words say why.
    fn is_left_to_a_person(&mut self, entry: &Entry) {
        let number = &entry.order_number;
        if entry.is_settled() {
            return;
        }
        let mut said = self.asks_of(number, Duration::ZERO).expect("the power stays");
        if entry.state == EntryState::Open {
            // Nobody but the shop sends it again.
            self.returns_again();
            said = self.asks_of(number, Duration::ZERO).expect("the power stays");
        }
        let Some(now) = self.refunds().into_iter().find(|now| now.id == entry.id && !now.is_settled()) else { return };
        match (&now.state, said) {
            (EntryState::Recorded(Settlement::Refunding { .. }), Said::Taken(_)) => {}
            (EntryState::Recorded(Settlement::ForAPerson { .. }), _) => {
                self.a_person_looks(&now);
            }
            // Written under a clock that was wrong, by a process that is gone: nobody repeats it (POS flows 20.16).
            (EntryState::Open, Said::Unknown(_, words)) if words.contains("nobody knows how old it is") => {
                let is_so = now.last_attempt_at > self.time.right() || now.last_attempt_at < NOT_BEFORE;
                self.must(Rule::Words, is_so, &format!("a person is told what is not so: {words}"));
                let settled = self.a_person_settles(number, now.id);
                self.must(Rule::Stuck, settled, &format!("{number} is left to a person, who cannot settle it"));
                self.ends.of_unknown_age += 1;
            }
            (_, said) => self.must(Rule::Stuck, false, &format!("{number} is stuck: {said:?}")),
        }
    }

    /// The journal and the ledger say the same.
    fn agree(&mut self) {
        self.check_moment();
        for entry in self.refunds() {
            self.agrees(&entry);
        }
        for entry in self.journal.gone().into_iter().filter(is_refund) {
            let live = self.is_live(&entry.order_number);
            self.must(Rule::Declined, entry.is_paid() || !live, &format!("it went as refused, and lives: {entry:?}"));
        }
        let count = |intent: &str| self.numbers.values().filter(|of| *of == intent).count();
        let anew = self.returns.iter().filter(|one| count(&one.intent) > 1).count();
        self.ends.anew += u32::try_from(anew).unwrap();
        self.ends.refused_falsely += u32::try_from(self.wire.false_refusals()).unwrap();
    }

    fn agrees(&mut self, entry: &Entry) {
        let number = &entry.order_number;
        let is = self.wire.refund(number).map(|refund| refund.is());
        let EntryState::Recorded(settlement) = &entry.state else {
            return self.must(Rule::Stuck, false, &format!("it has no end: {entry:?}"));
        };
        let rule = |rule, holds| self.must(rule, holds, &format!("the ledger says {is:?}: {entry:?}"));
        match settlement {
            Settlement::Accepted { .. } => {
                rule(Rule::Arrived, is == Some(Status::Success));
                self.ends.arrived += 1;
            }
            Settlement::Refunding { .. } => {
                // One that was named again a moment ago is first asked about after 20 minutes (POS flows 5).
                let is_young = self.time.right() - entry.last_attempt_at < 20 * 60;
                rule(Rule::Taken, is == Some(Status::Processing) || (is_young && is == Some(Status::Success)));
                self.ends.on_their_way += 1;
            }
            Settlement::Declined { .. } => {
                rule(Rule::Declined, !self.is_live(number));
                self.ends.declined += 1;
            }
            Settlement::NotSent => {
                rule(Rule::Declined, is.is_none());
                self.ends.not_sent += 1;
            }
            Settlement::ByHand { paid, .. } => {
                rule(Rule::Declined, *paid == matches!(is, Some(Status::Success | Status::Change)));
                self.ends.by_hand += 1;
            }
            Settlement::ForAPerson { reason } => {
                rule(Rule::Words, self.is_true(entry, reason));
                self.ends.by_hand += 1;
            }
            _ => rule(Rule::Stuck, false),
        }
    }
}

/// Before this nothing was paid: 2026-01-01.
const NOT_BEFORE: i64 = 1_767_225_600;

/// Refund notifications (POS ruling 9, flows 6): they are not signed, and make the till ask.
#[cfg(feature = "https")]
mod notifications {
    use crate::support::*;
    use crate::till::refund_checks::Rule;
    use crate::till::refund_field::{Life, Moves};
    use crate::till::refund_gateway::{Refunded, TOTAL};
    use crate::till::refunds_notified::notification;

    impl Life {
        /// One that is true, one that came before, or one that says more than is true.
        pub fn is_notified(&mut self) {
            self.trouble();
            let all = self.wire.all();
            let at = self.dice.roll(u32::try_from(all.len()).unwrap().max(1)) as usize;
            let Some((number, refund)) = all.get(at) else { return };
            let kind = self.dice.roll(6);
            let body = match kind {
                0 | 1 if !self.bodies.is_empty() => self.bodies[0].clone(),
                2 => self.body_of(number, refund, "SUCCESS", KEY),
                3 => self.body_of(number, refund, refund.is().word(), "0123456789abcdef0123456789ABCDEE"),
                _ => self.body_of(number, refund, refund.is().word(), KEY),
            };
            let words = format!("a notification of {number}, {kind}");
            let told = self.call(&words, Moves::Asks, |till| {
                till.refund_notified(body.as_bytes()).map(|told| told.entry).map_err(|fault| fault.to_string())
            });
            let Some(Ok(entry)) = told else { return };
            self.must(Rule::Words, kind != 3, "a notification under another key was read");
            self.bodies.insert(0, body);
            self.ends.notified += 1;
            let arrived = !entry.is_paid() || self.arrived(&entry.order_number);
            self.must(Rule::Arrived, arrived, "a notification ends what did not arrive");
        }

        fn body_of(&self, number: &str, refund: &Refunded, status: &str, key: &str) -> String {
            let order = self.orders.iter().find(|order| order.transaction_id == refund.transaction_id);
            let order = order.expect("a refund of an order");
            let (fee, total) = (refund.fee.to_string(), TOTAL.to_string());
            let fields = [
                ("out_refund_no", number),
                ("out_trade_no", &order.number),
                ("refund_fee", &fee),
                ("refund_id", "50302611282026112800000000001"),
                ("refund_status", status),
                ("success_time", "2026-11-28 10:22:45"),
                ("total_fee", &total),
                ("transaction_id", &order.transaction_id),
            ];
            notification(key, &fields)
        }
    }
}

#[cfg(not(feature = "https"))]
impl Life {
    /// Without the cipher nobody reads notifications: the till is asked instead.
    pub fn is_notified(&mut self) {
        self.asks();
    }
}
