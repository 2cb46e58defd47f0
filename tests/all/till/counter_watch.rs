//! Looks at each request that leaves the terminal, at the moment it does, and writes down what it must not do.

use std::collections::HashMap;
use std::time::Duration;

use wxpay_terminal::*;

use crate::till::counter_gateway::{Asked, State, Wechat};
use crate::till::counter_ledger::secs;

/// What left of one number.
#[derive(Clone, Debug, Default)]
struct Left {
    submits: u32,
    /// When the submit's exchange ended, and under which boot.
    submitted: Option<(Duration, u32)>,
    reverses: u32,
    /// When the last reversal's exchange ended, and under which boot.
    reversed: Option<(Duration, u32)>,
}

/// What left, and what should not have.
#[derive(Default)]
pub struct Leavings {
    boot: u32,
    of: HashMap<String, Left>,
    calls: Vec<Leaving>,
    /// In words.
    wrong: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Leaving {
    pub call: String,
    pub number: String,
    /// In the world's time.
    pub at: Duration,
}

impl Leavings {
    pub fn boots(&mut self) {
        self.boot += 1;
    }
}

fn is_open(entry: &Entry) -> bool {
    entry.state == EntryState::Open
}

impl Wechat {
    pub(super) fn leaves(&self, state: &mut State, asked: &Asked) {
        let at = self.time.world();
        state.leavings.calls.push(Leaving { call: asked.call.clone(), number: asked.number.clone(), at });
        let wrong = match asked.call.as_str() {
            "micropay" | "unifiedorder" => self.begins(state, asked),
            "reverse" => self.takes_back(state, asked),
            _ => Vec::new(),
        };
        state.leavings.wrong.extend(wrong.into_iter().map(|words| format!("{} {}: {words}", asked.call, asked.number)));
    }

    fn begins(&self, state: &mut State, asked: &Asked) -> Vec<String> {
        let mut wrong = Vec::new();
        let left = state.leavings.of.entry(asked.number.clone()).or_default();
        left.submits += 1;
        if left.submits > 1 {
            wrong.push("sent twice".into());
        }
        let all = state.journal.all();
        match all.iter().find(|entry| entry.order_number == asked.number) {
            None => wrong.push("sent, and the journal does not have it".into()),
            Some(entry) if !is_open(entry) => wrong.push(format!("sent, and the journal has {:?}", entry.state)),
            Some(entry) if entry.fields.iter().any(|(_, value)| !asked.code.is_empty() && *value == asked.code) => {
                wrong.push("the code is stored".into());
            }
            Some(_) => {}
        }
        let others = all.iter().filter(|entry| entry.intent == asked.sale && entry.order_number != asked.number);
        for other in others.filter(|entry| !entry.allows_new_number() && !entry.is_refused_for_good()) {
            wrong.push(format!("sent, and {} is {:?}", other.order_number, other.state));
        }
        let digits = ChinaTime::from_unix(self.time.right()).unwrap().digits();
        let live = state.live(&asked.sale, self.time.world(), &digits);
        let held = state.orders.iter().filter(|(_, order)| order.sale == asked.sale && order.holds());
        let second = live.iter().chain(held.map(|(number, _)| number)).find(|number| !state.is_excused(number));
        wrong.extend(second.map(|number| format!("sent, and {number} is paid, or may be")));
        wrong
    }

    fn takes_back(&self, state: &mut State, asked: &Asked) -> Vec<String> {
        let mut wrong = Vec::new();
        let (now, up) = (self.time.world(), Clock::monotonic(&self.time));
        let boot = state.leavings.boot;
        let left = state.leavings.of.entry(asked.number.clone()).or_default();
        left.reverses += 1;
        let left = left.clone();
        let entry = state.journal.all().into_iter().find(|entry| entry.order_number == asked.number);
        let Some(entry) = entry else { return vec!["reversed, and in no journal".into()] };
        if !entry.may_be_reversed() {
            wrong.push(format!("reversed, and the journal has {:?}", entry.state));
        }
        // Through the second host goes what did not come through the first.
        if entry.reversals < left.reverses && !asked.second_host {
            wrong.push(format!("reversed {} times, and the journal has {}", left.reverses, entry.reversals));
        }
        let since = |at: Duration| now.saturating_sub(at);
        if up < secs(15) || left.submitted.is_some_and(|(at, _)| since(at) < secs(15)) {
            wrong.push("reversed before 15 s had passed".into());
        }
        let apart = left.reversed.filter(|(_, of)| *of == boot).map(|(at, _)| since(at));
        if apart.is_some_and(|apart| apart < secs(5)) && !asked.second_host {
            wrong.push(format!("reversed again after {apart:?}"));
        }
        // What another process sent, and did not decide to reverse: two answers, a minute apart (POS flows 3.6).
        let own = left.submitted.is_some_and(|(_, of)| of == boot);
        let unpaid = state.facts(&asked.number).unpaid_since;
        if !own && entry.reversals == 1 && left.reverses == 1 && unpaid.is_none_or(|at| since(at) < secs(60)) {
            wrong.push("reversed at once, and another process sent it".into());
        }
        wrong
    }

    /// An exchange ended.
    pub(super) fn came_back(&self, state: &mut State, asked: &Asked) {
        let now = self.time.world();
        let boot = state.leavings.boot;
        let left = state.leavings.of.entry(asked.number.clone()).or_default();
        match asked.call.as_str() {
            "micropay" => left.submitted = Some((now, boot)),
            "reverse" => left.reversed = Some((now, boot)),
            _ => {}
        }
    }

    /// What left since this was asked last, and what should not have.
    pub fn left(&self) -> (Vec<Leaving>, Vec<String>) {
        let state = &mut *self.state.lock().unwrap();
        (std::mem::take(&mut state.leavings.calls), std::mem::take(&mut state.leavings.wrong))
    }

    /// How many payments and orders left after this moment.
    pub fn begun_after(&self, moment: Duration) -> usize {
        let state = &*self.state.lock().unwrap();
        let begins = |left: &&Leaving| matches!(left.call.as_str(), "micropay" | "unifiedorder");
        state.leavings.calls.iter().filter(begins).filter(|left| left.at > moment).count()
    }

    /// How often it was taken back, as far as it left.
    pub fn reverses(&self, number: &str) -> u32 {
        self.state.lock().unwrap().leavings.of.get(number).map_or(0, |left| left.reverses)
    }

    pub fn is_excused(&self, number: &str) -> bool {
        self.state.lock().unwrap().is_excused(number)
    }
}
