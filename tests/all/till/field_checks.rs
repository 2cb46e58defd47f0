//! What must hold in every life of the simulated field, after each call and at the end.
//!
//! By the gateways' ledgers: no intent is paid twice, whichever gateways paid it; nothing is told as paid that is not, or as unpaid
//! that is, or may be without anybody doing more; no two orders of one intent can be paid at once; what was paid is in the journal,
//! and nobody acts upon it unseen. And from wherever a life ends, each intent comes to its end, or to a person in true words.

use std::time::Duration;

use wxpay_terminal::*;

use crate::till::field::{Life, Moves};
use crate::till::field_gateway::Dates;
use crate::till::field_shop::*;

/// How often an intent is paid again at most, five minutes apart, until it comes to its end.
pub const CALLS_TO_AN_END: u32 = 8;
/// And how often after that, a day apart, where a packet stays SENDING and nobody tells how old it is: the platform ends it then.
const DAYS_TO_AN_END: u32 = 5;

/// How lives ended, in intents.
#[derive(Debug, Default)]
pub struct Ends {
    pub calls: u64,
    pub paid: u32,
    pub late: u32,
    pub declined: u32,
    pub by_a_person: u32,
    pub pruned: u32,
    /// The most calls until an end.
    pub most_calls: u32,
}

impl Ends {
    pub fn add(&mut self, other: &Ends) {
        self.calls += other.calls;
        self.paid += other.paid;
        self.late += other.late;
        self.declined += other.declined;
        self.by_a_person += other.by_a_person;
        self.pruned += other.pruned;
        self.most_calls = self.most_calls.max(other.most_calls);
    }
}

impl Life {
    #[track_caller]
    pub fn must(&self, holds: bool, words: &str) {
        assert!(holds, "{} life, seed {}: {words}\n{:#?}", self.gateway, self.seed, self.journal.all());
    }

    pub fn way_of(&self, number: &str) -> Option<&Way> {
        self.ways.iter().find(|way| way.wire.knows(number))
    }

    /// How often an intent was paid, over all gateways, but for orders that somebody else got hold of.
    fn paid(&self, intent: &str) -> u32 {
        let orders = self.ways.iter().flat_map(|way| way.wire.orders(intent));
        orders.filter(|(number, _)| !self.is_stray(number)).map(|(_, paid)| paid).sum()
    }

    fn is_stray(&self, number: &str) -> bool {
        self.way_of(number).is_some_and(|way| way.wire.truth(number).stray)
    }

    /// An order of this intent that whoever has its URL can pay, beside this one.
    fn payable_url(&self, at: usize, but: &str) -> Option<String> {
        let payable = |number: &&String| self.way_of(number).is_some_and(|way| way.wire.is_payable(number));
        self.intents[at].urls.iter().filter(|number| *number != but).find(payable).cloned()
    }

    /// A number of this intent that may be paid although nobody asks for it any more.
    fn under_way(&self, intent: &str) -> Option<String> {
        let of_intent = self.journal.all().into_iter().filter(|entry| entry.intent == intent);
        of_intent.map(|entry| entry.order_number).find(|number| self.is_under_way(number))
    }

    fn is_under_way(&self, number: &str) -> bool {
        self.ways.iter().any(|way| way.wire.is_under_way(number))
    }

    // ---- after each call ----

    pub fn check_what_left(&mut self, begun: Duration, moves: Moves) {
        self.ends.calls += 1;
        for entry in self.journal.all() {
            if let Some(payee) = payee_of(&entry) {
                self.payees.insert(entry.order_number.clone(), payee.into());
            }
            // What was never sent begins with its first attempt.
            if self.begun_at.insert(entry.order_number.clone(), entry.begun_at) != Some(entry.begun_at) {
                self.begun.insert(entry.order_number, begun);
            }
        }
        let sent: Vec<_> = self.ways.iter().flat_map(|way| way.wire.sendings()).collect();
        self.must(sent.is_empty() || !self.settings.narrow, "a payment above the account's limit left");
        for sending in &sent {
            let since = sending.begun.saturating_sub(begun);
            let age = begun.saturating_sub(self.begun.get(&sending.number).copied().unwrap_or(begun));
            match moves {
                Moves::Never => self.must(false, "a payment left by a call that moves no money"),
                // A first host that is not reached costs some time, and is no payment.
                Moves::Within(patience) => {
                    self.must(since < patience + Duration::from_secs(1), "a payment began after the patience");
                }
                Moves::Young(young) => {
                    // Gateways that are minutes off make it as much older.
                    self.must(age < young + Duration::from_secs(1_200), "a payment that is not young was repeated");
                }
                Moves::Any => {}
            }
        }
        for intent in &self.intents {
            let paid = self.paid(&intent.name);
            self.must(paid <= 1, &format!("{} is paid {paid} times", intent.name));
        }
        self.check_numbers();
    }

    /// What a gateway paid is in the journal, or was before it went.
    fn check_numbers(&self) {
        let mut known = self.journal.all();
        known.extend(self.journal.gone());
        for way in &self.ways {
            for number in way.wire.numbers() {
                let is_known = known.iter().any(|entry| entry.order_number == number);
                self.must(is_known, &format!("{number} is in no journal"));
            }
        }
    }

    fn see(&mut self, number: &str, words: [&'static str; 2]) {
        if let Some(entry) = self.journal.all().into_iter().find(|entry| entry.order_number == number) {
            self.seen.entry(entry.id).or_default().extend(words);
        }
    }

    pub fn hear_of_a_payment(&mut self, at: usize, way: &Way, asked: &Asked, told: &Told) {
        let intent = asked.intent.clone();
        let paid = self.paid(&intent);
        match told {
            Told::Ordered(number) => {
                let other = self.payable_url(at, number);
                self.must(other.is_none(), &format!("a second URL, and {other:?} can still be paid"));
                if !self.intents[at].urls.contains(number) {
                    self.intents[at].urls.push(number.clone());
                }
                self.see(number, ["ordered", "ordered"]);
            }
            Told::Paid { order, late } => {
                self.hear_of_money(order, *late);
                let amount = way.wire.sent_field(order, &AMOUNTS);
                let payee = way.wire.sent_field(order, &PAYEES);
                self.must(amount == asked.amount.to_string(), "paid, and another amount than was asked for");
                self.must(way.gateway == "swiftpass" || payee == asked.payee, "paid, to another payee");
            }
            Told::Declined(..) => {
                self.must(paid == 0, "Declined though paid");
                let under_way = self.under_way(&intent);
                self.must(under_way.is_none(), &format!("Declined, and {under_way:?} is on its way"));
                let payable = self.payable_url(at, "");
                self.must(payable.is_none(), &format!("Declined, and {payable:?} can be paid"));
                if let Some(entry) = self.journal.all().into_iter().rfind(|entry| entry.intent == intent) {
                    self.see(&entry.order_number, ["unpaid", "not sent"]);
                }
            }
            Told::Unknown(..) => {}
            // Its words are about the intent, whatever became of it.
            Told::Error(field, _) if field == "intent" || field == "account" => {}
            Told::Error(_, words) if words.contains("pruned") => {
                self.must(self.went(&intent), "told as pruned, and is not")
            }
            Told::Error(..) => {
                // What went is known to `begin` alone, which may fail before it says so.
                self.must(paid == 0 || self.went(&intent), "an Error though paid");
                let of_intent = self.journal.all().into_iter().filter(|entry| entry.intent == intent);
                // What a dying journal stored all the same is found when it is opened again.
                let pending = !self.journal.is_stopped() && of_intent.into_iter().any(|entry| entry.is_pending());
                self.must(!pending, "an Error hides what is open");
            }
        }
    }

    fn hear_of_money(&mut self, number: &str, late: bool) {
        let Some(way) = self.way_of(number) else { return self.must(false, "paid, and no gateway knows it") };
        let (paid, given_back) = (way.wire.paid(number), way.wire.is_given_back(number));
        let by_hand = self.journal.all().iter().any(|entry| entry.order_number == number && is_by_hand(entry));
        self.must(paid == 1, "told as paid, and is not");
        self.must(!given_back || by_hand, "told as paid, and the money went back before anybody asked");
        self.must(late || !self.is_stray(number) || by_hand, "late money is told like money in time");
        let intent =
            self.journal.all().into_iter().find(|entry| entry.order_number == number).map(|entry| entry.intent);
        if !late && let Some(intent) = self.intents.iter_mut().find(|known| Some(&known.name) == intent.as_ref()) {
            intent.paid.insert(number.into());
            let count = intent.paid.len();
            self.must(count == 1, "two orders of one intent are told as paid in time");
        }
        self.see(number, ["paid", "late"]);
    }

    pub fn hear_of_an_order(&mut self, number: &str, told: &Told) {
        let Some(way) = self.way_of(number) else {
            return self
                .must(!matches!(told, Told::Paid { .. } | Told::Ordered(_)), "told as paid, and no gateway knows it");
        };
        match told {
            Told::Paid { order, late } => self.hear_of_money(&order.clone(), *late),
            Told::Declined(..) => {
                let open =
                    way.wire.is_payable(number) && self.intents.iter().any(|known| known.urls.contains(&number.into()));
                self.must(way.wire.paid(number) == 0, "Declined though paid");
                self.must(!open, "Declined, and it can be paid");
                self.must(!self.is_under_way(number), "Declined, and it is on its way");
                self.see(number, ["unpaid", "not sent"]);
            }
            Told::Ordered(_) | Told::Unknown(..) | Told::Error(..) => {}
        }
    }

    pub fn hear_of_a_line(&mut self, line: &Line) {
        let number = &line.entry.order_number;
        let paid = self.way_of(number).map_or(0, |way| way.wire.paid(number));
        if line.is_sure {
            match line.word {
                "paid" | "late" => self.hear_of_money(number, line.word == "late"),
                "unpaid" | "not sent" => {
                    self.must(paid == 0 || self.is_stray(number), "reported as unpaid though paid")
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

const AMOUNTS: [&str; 3] = ["total_amount", "amount", "total_fee"];
const PAYEES: [&str; 3] = ["re_openid", "netid", "openid"];

fn payee_of(entry: &Entry) -> Option<&str> {
    PAYEES.iter().find_map(|name| entry.field(name))
}

fn is_by_hand(entry: &Entry) -> bool {
    matches!(entry.state, EntryState::Recorded(Settlement::ByHand { .. }))
}

// ---- a person, who tells the truth ----

impl Life {
    /// Looks an entry up on the platform, and settles it if the truth is final there.
    pub fn a_person_looks(&mut self, entry: &Entry) -> bool {
        let number = &entry.order_number;
        let wires = || self.ways.iter().map(|way| &way.wire);
        if let Some(words) = for_a_person(entry) {
            self.must(self.is_true(entry, &words), &format!("a person is told what is not so: {words}"));
        }
        let paid = wires().any(|wire| wire.paid(number) > 0);
        let may_come =
            wires().any(|wire| wire.is_under_way(number) || wire.is_payable(number) || wire.is_stuck(number));
        if !paid && may_come {
            return false;
        }
        let id = entry.id;
        let words = format!("a person settles {number}, paid: {paid}");
        let taken = self.call(&words, Moves::Never, |till| settle_by_hand(till, id, paid)) == Some(true);
        self.ends.by_a_person += u32::from(taken);
        taken
    }

    /// Whether the words that leave an entry to a person are so.
    fn is_true(&self, entry: &Entry, words: &str) -> bool {
        let number = &entry.order_number;
        let Some(way) = self.ways.iter().find(|way| way.is_of(entry)) else { return false };
        let truth = way.wire.truth(number);
        let since = self.time.world().saturating_sub(truth.last_sent.max(self.begun[number]));
        let stored_wrong = (entry.last_attempt_at - self.time.right() + since.as_secs() as i64).abs() > 60;
        match words {
            // The words say by which time.
            _ if words.contains("by the time stored with it") => {
                let dates = if let Dates::Off(seconds) = way.wire.dates() { seconds } else { 0 };
                let now = self.time.right().max(self.time.unix_seconds()) + dates.max(600);
                now - entry.last_attempt_at >= 30 * 86_400 || since >= Duration::from_secs(30 * 86_400)
            }
            _ if words.contains("knew the order, and does not know it now") => entry.known || word(entry) == "ordered",
            // The gateway has the amount of the first attempt, where that was mended since.
            _ if words.contains("another amount") || words.contains("names another order") => {
                truth.misled || way.wire.sent_field(number, &AMOUNTS) != entry.amount.get().to_string()
            }
            _ if words.contains("given back") => way.wire.was_refunded(number),
            _ if words.contains("somebody tried to pay it") => truth.said_tried,
            _ if words.contains("refused a repeat") => entry.attempts > 1,
            _ if words.contains("nobody knows how old it is") => stored_wrong || way.wire.dates() != Dates::Right,
            _ => false,
        }
    }
}

// ---- the end ----

impl Life {
    /// A right clock, a journal that works, gateways that answer, the settings that were: each intent comes to its end.
    pub fn comes_to_its_end(&mut self) {
        self.settings = Settings::default();
        self.journal.fail_for(0, 0);
        self.journal.stop_in(0, false);
        for way in &self.ways {
            way.wire.set_faults(0);
            way.wire.set_dates(if self.seed.is_multiple_of(3) { Dates::None } else { Dates::Right });
        }
        self.boots(Duration::from_secs(60));
        self.time.set(self.time.right());
        self.tell("from here on everything works");
        for at in 0..self.intents.len() {
            self.one_comes_to_its_end(at);
        }
        self.orders_come_to_their_end();
        self.agree();
    }

    fn plain(&self, at: usize) -> Asked {
        let known = &self.intents[at];
        let mut asked =
            Asked { intent: known.name.clone(), amount: AMOUNT, payee: known.payee.clone(), greeting: "恭喜发财" };
        // What was asked for first is what it is asked for again.
        if let Some(entry) = self.journal.all().iter().rfind(|entry| entry.intent == asked.intent) {
            asked.amount = entry.amount.get().into();
            // Also where the journal has blanked it.
            asked.payee = self.payees.get(&entry.order_number).cloned().unwrap_or(asked.payee);
        }
        asked
    }

    /// The account that what is open is of, or what was refused, or the newest entry.
    fn way_to_end(&self, intent: &str) -> usize {
        let all = self.journal.all();
        let of_intent = || all.iter().filter(|entry| entry.intent == intent);
        let open =
            of_intent().find(|entry| entry.is_pending()).or_else(|| of_intent().rfind(|entry| is_refused(entry)));
        let entry = open.or_else(|| of_intent().next_back());
        entry.and_then(|entry| self.ways.iter().position(|way| way.is_of(entry))).unwrap_or(0)
    }

    fn one_comes_to_its_end(&mut self, at: usize) {
        let intent = self.intents[at].name.clone();
        // One call may leave three orders whose answers were lost, and each may need a person.
        for _ in 0..8 {
            let Err(last) = self.is_paid_until_its_end(at, &intent) else { return };
            self.is_left_to_a_person(&intent, &last);
        }
        self.must(false, &format!("{intent} is stuck"));
    }

    fn is_paid_until_its_end(&mut self, at: usize, intent: &str) -> Result<(), String> {
        let mut last = String::new();
        for round in 1..=CALLS_TO_AN_END + DAYS_TO_AN_END {
            if round > CALLS_TO_AN_END && !self.is_sending(intent) {
                break;
            }
            self.time.pause(Duration::from_secs(if round > CALLS_TO_AN_END { 86_400 } else { 300 }));
            match self.is_paid_once_more(at, round) {
                Ok(()) => {
                    self.ends.most_calls = self.ends.most_calls.max(round);
                    return Ok(());
                }
                Err(words) => last = words,
            }
        }
        Err(last)
    }

    /// Whether it stays SENDING, and nobody can tell how old it is (neither the gateway now, nor the times that were stored), or it is
    /// too old to be sent again, or its fields were mended.
    fn is_sending(&self, intent: &str) -> bool {
        let of_intent = self.journal.all().into_iter().filter(|entry| entry.intent == intent && entry.is_pending());
        of_intent.into_iter().any(|entry| {
            let ago = (self.time.world() - self.begun[&entry.order_number]).as_secs() as i64;
            let wrong =
                (entry.begun_at + ago - self.time.right()).abs() > 60 || entry.last_attempt_at > self.time.right();
            // What arrived days after it was begun is no longer sent again: three days after it arrived the platform ends it.
            let old = ago >= 3 * 86_400;
            // What was refused lies there with the first payee: mended, it is another request, and only the platform ends it.
            let first = self.way_of(&entry.order_number).map(|way| way.wire.sent_field(&entry.order_number, &PAYEES));
            let amount = self.way_of(&entry.order_number).map(|way| way.wire.sent_field(&entry.order_number, &AMOUNTS));
            let mended = payee_of(&entry) != first.as_deref() || amount != Some(entry.amount.get().to_string());
            let stuck = self.ways.iter().find(|way| way.wire.is_stuck(&entry.order_number));
            stuck.is_some_and(|way| way.wire.dates() == Dates::None || wrong || old || mended)
        })
    }

    /// One more call. `Err`: it is not at its end, in the till's words.
    fn is_paid_once_more(&mut self, at: usize, round: u32) -> Result<(), String> {
        let (asked, way) = (self.plain(at), self.way_to_end(&self.intents[at].name));
        let patience = Duration::from_secs([5, 20, 60][self.seed as usize % 3]);
        let press = Press::at(0, &self.ways);
        let told = self.pays_with(at, way, &asked, patience, &press).expect("the power stays");
        let told = match told {
            Told::Ordered(number) => {
                if self.dice.roll(3) == 0 {
                    self.way_of(&number).map(|way| way.wire.customer_pays_late(&number));
                }
                self.time.pause(Duration::from_secs(400));
                // A customer who does not come is not waited for for ever.
                self.asks_to_the_end(&number, round > 3)
            }
            Told::Unknown(..) if round > 3 => match self.open_order(&asked.intent) {
                Some(number) => self.asks_to_the_end(&number, true),
                None => told,
            },
            told => told,
        };
        match told {
            Told::Paid { late, .. } => {
                self.ends.late += u32::from(late);
                self.ends.paid += u32::from(!late);
            }
            Told::Declined(..) => self.ends.declined += 1,
            Told::Error(_, words) if words.contains("pruned") => self.ends.pruned += 1,
            Told::Error(field, words) if field == "intent" && words.contains("was paid already") => {
                let paid = self.ways.iter().flat_map(|way| way.wire.orders(&asked.intent)).any(|(_, paid)| paid > 0);
                self.must(paid, "told as paid, and is not");
                self.ends.paid += 1;
            }
            Told::Unknown(Reason::NoAccount, words) => {
                // The words name the entry, with its address: the technician sets the hosts as they were.
                self.must(words.contains("does not have: "), &words);
                self.exchanges_the_hosts();
                return Err(words);
            }
            Told::Error(_, words)
                if words.contains("was refused") || words.contains("under an account of this till") =>
            {
                self.exchanges_the_hosts();
                return Err(words);
            }
            Told::Ordered(number) => return Err(number),
            Told::Unknown(_, words) | Told::Error(_, words) => return Err(words),
        }
        Ok(())
    }

    fn exchanges_the_hosts(&mut self) {
        self.settings.exchanged = !self.settings.exchanged;
        self.boots(Duration::from_secs(60));
        self.time.set(self.time.right());
    }

    /// Whether it went when the journal was pruned.
    fn went(&self, intent: &str) -> bool {
        self.journal.gone().iter().any(|entry| entry.intent == intent)
    }

    fn open_order(&self, intent: &str) -> Option<String> {
        let is_order = |entry: &Entry| entry.intent == intent && matches!(word(entry), "ordered" | "abandoned");
        self.journal.all().into_iter().rfind(is_order).map(|entry| entry.order_number)
    }

    fn asks_to_the_end(&mut self, number: &str, closes: bool) -> Told {
        let told = match closes {
            true => self.call(&format!("close {number}"), Moves::Never, |till| close(till, number)),
            false => self.call(&format!("payment_of {number}"), Moves::Never, |till| {
                payment_of(till, number, &Options::new().patience(Duration::from_secs(5)))
            }),
        };
        let told = told.expect("the power stays");
        self.hear_of_an_order(number, &told);
        told
    }

    /// What does not come to its end is for a person, and the words say why.
    fn is_left_to_a_person(&mut self, intent: &str, last: &str) {
        let is_left = |entry: &Entry| entry.intent == intent && (for_a_person(entry).is_some() || entry.is_pending());
        let left: Vec<_> = self.journal.all().into_iter().filter(is_left).collect();
        self.must(!left.is_empty(), &format!("{intent} is stuck: {last}"));
        // With the one that was told come those that the journal leaves to a person.
        let told: Vec<_> =
            left.into_iter().filter(|entry| for_a_person(entry).is_some() || self.is_true(entry, last)).collect();
        self.must(!told.is_empty(), &format!("{intent} is stuck, or told in words that are not so: {last}"));
        for entry in told {
            // What is on its way arrives before a person says that it is unpaid.
            let settled = (0..3).any(|_| {
                let settled = self.a_person_looks(&entry);
                self.time.pause(Duration::from_secs(if settled { 0 } else { 5 * 86_400 }));
                settled
            });
            self.must(settled, &format!("{intent} is left to a person, who cannot settle it: {last}"));
        }
    }

    /// Orders that were given up are watched until they end, too: those of one address, and then those of the other.
    fn orders_come_to_their_end(&mut self) {
        for _ in 0..2 {
            let of_the_other = |entry: &Entry| entry.account.contains("gateway2") != self.settings.exchanged;
            if self.journal.all().iter().filter(|entry| entry.is_pending()).any(of_the_other) {
                self.watches_to_the_end();
                self.exchanges_the_hosts();
            }
            self.watches_to_the_end();
        }
        let pending = self.journal.all().into_iter().find(Entry::is_pending);
        self.must(pending.is_none(), &format!("an order is watched for ever: {pending:?}"));
    }

    fn watches_to_the_end(&mut self) {
        let exchanged = self.settings.exchanged;
        let is_here = |entry: &Entry| entry.is_pending() && entry.account.contains("gateway2") == exchanged;
        for round in 0..=CALLS_TO_AN_END {
            let pending: Vec<_> = self.journal.all().into_iter().filter(is_here).collect();
            if pending.is_empty() {
                return;
            }
            self.time.pause(Duration::from_secs(300));
            self.recovers_with(&Options::new().patience(Duration::from_secs(60)), Moves::Never);
            for entry in pending.iter().filter(|_| round > 3) {
                let told = self.asks_to_the_end(&entry.order_number, true);
                let Told::Unknown(_, words) = told else { continue };
                if round == CALLS_TO_AN_END {
                    self.must(self.is_true(entry, &words), &format!("an order is watched for ever: {words}"));
                    self.a_person_looks(entry);
                }
            }
        }
    }

    /// What came to its end is told as that, whoever asks for its number.
    fn is_told_for_ever(&mut self, entry: &Entry) {
        if entry.account.contains("gateway2") != self.settings.exchanged || word(entry) == "for a person" {
            return;
        }
        let number = &entry.order_number;
        let told =
            self.call(&format!("payment_of {number}"), Moves::Never, |till| payment_of(till, number, &Options::new()));
        let told = told.expect("the power stays");
        self.must(!matches!(told, Told::Unknown(..)), &format!("it came to its end, and nobody is told: {told:?}"));
        self.hear_of_an_order(number, &told);
    }

    /// The journal and the ledgers say the same, and every payment was told.
    fn agree(&mut self) {
        self.recovers_with(&Options::new().patience(Duration::from_secs(60)), Moves::Never);
        self.check_acknowledgements();
        for entry in self.journal.all() {
            let number = &entry.order_number;
            let (paid, stray) = (self.way_of(number).map_or(0, |way| way.wire.paid(number)), self.is_stray(number));
            match word(&entry) {
                "paid" | "late" => self.must(paid == 1, &format!("recorded as paid: {entry:?}")),
                "unpaid" | "not sent" => self.must(paid == 0 || stray, &format!("recorded as unpaid: {entry:?}")),
                "for a person" => {
                    let words = for_a_person(&entry).unwrap_or_default();
                    self.must(self.is_true(&entry, &words), &format!("a person is told what is not so: {words}"));
                }
                _ => self.must(false, &format!("it has no end: {entry:?}")),
            }
            self.is_told_for_ever(&entry);
        }
    }
}
