//! WeChat Pay as a transport: payment codes, scanned orders, their query, reversal and close, over a ledger in which time passes, with a
//! dice that decides what goes wrong on the way.
//!
//! Document: POS flows 3, 4, 18; protocol E.2, E.3. Beside answers it looks at what leaves the terminal: each number once, after the
//! journal has it; no reversal before the journal has that, nor too soon (POS flows 3.2, 3.5, 3.6); no second way to pay a sale while
//! the first one lives (ruling 6).

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wxpay_terminal::*;

use crate::support::dialect::{Dialect, Orders, paid_notice, wallet};
use crate::support::memory_journal::MemoryJournal;
use crate::support::wxpay::wxpay_signed;
use crate::support::*;
use crate::till::counter_ledger::{Is, Order, Stubborn, Then, secs};
use crate::till::counter_watch::Leavings;
use crate::till::field_gateway::{Dates, happens};
use crate::till::modelled::{Dice, Time, lost};

/// In which language the terminal speaks with it.
#[derive(Clone, Default)]
pub enum Speaks {
    #[default]
    Wechat,
    /// Swiftpass's, over a gateway that takes the codes of all wallets.
    Unified(Orders),
}

impl Speaks {
    pub fn unified() -> Speaks {
        Speaks::Unified(Orders::default())
    }

    pub fn is_unified(&self) -> bool {
        matches!(self, Speaks::Unified(_))
    }

    /// What the terminal speaks through.
    pub fn over<T: Transport + Clone + 'static>(&self, wire: &T) -> Box<dyn Transport> {
        match self {
            Speaks::Wechat => Box::new(wire.clone()),
            Speaks::Unified(orders) => Box::new(Dialect::over(wire.clone(), orders)),
        }
    }
}

pub struct Wechat {
    pub mch_id: &'static str,
    pub speaks: Speaks,
    pub(super) time: Time,
    pub(super) state: Mutex<State>,
}

pub(super) struct State {
    pub(super) dice: Dice,
    /// Faults of a hundred requests.
    faults: u32,
    pub(super) orders: HashMap<String, Order>,
    facts: HashMap<String, Facts>,
    /// Codes that were taken: each is good for once.
    codes: HashSet<String>,
    /// Numbers that were reversed before they came.
    blocked: HashSet<String>,
    late: Vec<Late>,
    dates: Dates,
    /// How far the query of the first and of the second host is behind.
    behind: [Duration; 2],
    /// A board that is dead from the moment on that its journal stops: nothing leaves it any more.
    dies: bool,
    pub(super) journal: MemoryJournal,
    pub(super) leavings: Leavings,
}

/// A request that is carried out later than its sender waited.
struct Late {
    due: Duration,
    asked: Asked,
}

/// What is true of a number, whoever knows it.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// It was refused, and charged all the same (ruling 1).
    pub refused_falsely: bool,
    /// So much later than it was sent it was carried out.
    pub late_by: Duration,
    /// An answer was about another order, or another amount.
    pub misled: bool,
    /// What the query said of it, whether the answer came through or not.
    pub said: HashSet<&'static str>,
    /// The platform said that it can be taken back no more.
    pub expired: bool,
    /// When the query first said, to this boot and by the first host, that it is unpaid.
    pub unpaid_since: Option<Duration>,
    /// Somebody has its QR.
    pub shown: bool,
}

#[derive(Clone)]
pub(super) struct Asked {
    pub call: String,
    pub number: String,
    pub sale: String,
    pub fee: String,
    pub code: String,
    pub expire: String,
    pub second_host: bool,
}

/// No way to a host, lost, late, a reply that is lost, cut, HTTP 502, twice, mis-signed, of another order, of another amount,
/// SYSTEMERROR before and after; and eight of each call's own.
const KINDS: u32 = 20;
/// How long a query is behind at most.
const MOST_BEHIND: u32 = 25;
/// orderquery looks back 30 days (POS flows 20.17).
const LOOK_BACK: Duration = Duration::from_secs(30 * 86_400);
const SEVEN_DAYS: Duration = Duration::from_secs(7 * 86_400);

const REFUSALS: [&str; 9] = [
    "NOTENOUGH",
    "AUTHCODEEXPIRE",
    "AUTH_CODE_INVALID",
    "NOTSUPORTCARD",
    "BUYER_MISMATCH",
    "PARAM_ERROR",
    "SIGNERROR",
    "NOTENOUGH",
    "NOAUTH",
];

fn asked(post: &Post<'_>) -> Asked {
    let body = std::str::from_utf8(post.body).unwrap();
    let value = |name| xml_value(body, name).unwrap_or_default();
    Asked {
        call: post.url.rsplit('/').next().unwrap().into(),
        number: value("out_trade_no"),
        sale: value("body"),
        fee: value("total_fee"),
        code: value("auth_code"),
        expire: value("time_expire"),
        second_host: post.url.contains("//gateway2"),
    }
}

impl Transport for Wechat {
    fn post(&self, post: &Post<'_>) -> Result<Received, Fault> {
        let asked = asked(post);
        happens(false);
        let answered = self.answered(&asked, post.within);
        happens(true);
        answered
    }
}

impl Wechat {
    pub fn new(mch_id: &'static str, seed: u64, faults: u32, time: &Time, journal: &MemoryJournal) -> Arc<Wechat> {
        Wechat::speaking(Speaks::Wechat, (mch_id, seed, faults), time, journal)
    }

    pub fn speaking(
        speaks: Speaks,
        (mch_id, seed, faults): (&'static str, u64, u32),
        time: &Time,
        journal: &MemoryJournal,
    ) -> Arc<Wechat> {
        let mut dice = Dice::after(seed, 4);
        let lag = |dice: &mut Dice| if dice.roll(3) == 0 { secs(dice.roll(MOST_BEHIND)) } else { Duration::ZERO };
        let behind = [lag(&mut dice), lag(&mut dice) + secs(10 * dice.roll(2))];
        let state = State {
            dice,
            faults,
            orders: HashMap::new(),
            facts: HashMap::new(),
            codes: HashSet::new(),
            blocked: HashSet::new(),
            late: Vec::new(),
            dates: Dates::Right,
            behind,
            dies: false,
            journal: journal.clone(),
            leavings: Leavings::default(),
        };
        Arc::new(Wechat { mch_id, speaks, time: time.clone(), state: Mutex::new(state) })
    }

    fn answered(&self, asked: &Asked, within: Duration) -> Result<Received, Fault> {
        let state = &mut *self.state.lock().unwrap();
        self.catch_up(state);
        if state.dies && state.journal.is_stopped() {
            return Err(Fault::unsent(Stage::Connect, "the power went"));
        }
        let fault = if state.dice.roll(100) < state.faults { state.dice.roll(KINDS) } else { 99 };
        // What only a false refusal can lead to must be seen often enough.
        let fault = if state.faults > 0 && asked.call == "micropay" && state.dice.roll(25) == 0 { 14 } else { fault };
        if fault == 0 {
            return Err(Fault::unsent(Stage::Connect, "no route"));
        }
        self.leaves(state, asked);
        let slow = if state.dice.roll(12) == 0 { secs(state.dice.roll(9)) } else { Duration::ZERO };
        Pause::pause(&self.time, Duration::from_millis(300) + slow);
        self.catch_up(state);
        let reply = match fault {
            1 => Err(lost()),
            2 if matches!(asked.call.as_str(), "orderquery" | "refundquery") => Err(lost()),
            2 => {
                let due = self.time.world() + self.later(state, asked);
                state.late.push(Late { due, asked: asked.clone() });
                Err(lost())
            }
            10 => Ok(self.fails(if state.dice.roll(2) == 0 { "SYSTEMERROR" } else { "BANKERROR" })),
            _ => Ok(self.carried_out(state, asked, fault)),
        };
        let received = reply.and_then(|reply| self.received(state, reply, fault));
        if received.is_err() {
            // Nothing comes back, until whoever waits gives up.
            let waits = secs(state.dice.roll(1 + u32::try_from(within.as_secs()).unwrap_or(30).min(30)));
            Pause::pause(&self.time, waits);
        }
        self.came_back(state, asked);
        received
    }

    fn later(&self, state: &mut State, asked: &Asked) -> Duration {
        let by = match state.dice.roll(20) {
            // More than five minutes: then a moment with two charges is possible (POS flows 18).
            0 if asked.call == "micropay" => 300 + state.dice.roll(600),
            0..=5 => state.dice.roll(290),
            _ => state.dice.roll(60),
        };
        if asked.call == "micropay" {
            state.facts.entry(asked.number.clone()).or_default().late_by = secs(by);
        }
        secs(by)
    }

    /// What was to happen by now, and what was to be carried out.
    pub(super) fn catch_up(&self, state: &mut State) {
        let now = self.time.world();
        let (mut due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut state.late).into_iter().partition(|late| late.due <= now);
        state.late = later;
        due.sort_by_key(|late| late.due);
        for Late { due, asked } in due {
            state.orders.values_mut().for_each(|order| order.catch_up(due));
            // Nobody hears what came of it.
            let _ = self.carries_out(state, &asked, due, 99);
        }
        state.orders.values_mut().for_each(|order| order.catch_up(now));
    }

    fn reply(&self, fields: &[(&str, &str)]) -> String {
        wxpay_signed(SignType::Md5, &[&[("mch_id", self.mch_id)], fields].concat())
    }

    fn fails(&self, code: &str) -> String {
        self.reply(&[("result_code", "FAIL"), ("err_code", code), ("err_code_des", "失败")])
    }

    fn carried_out(&self, state: &mut State, asked: &Asked, fault: u32) -> String {
        if asked.call == "orderquery" {
            return self.says(state, asked, fault);
        }
        if asked.call == "refundquery" {
            return self.says_refunds(state, asked, fault);
        }
        let said = self.carries_out(state, asked, self.time.world(), fault);
        match said {
            _ if fault == 11 => self.fails("SYSTEMERROR"),
            Ok(fields) => {
                let mut fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
                if let (8 | 9, Some(at)) = (fault, fields.iter().position(|(name, _)| *name == "out_trade_no")) {
                    state.facts.entry(asked.number.clone()).or_default().misled = true;
                    fields[at].1 = if fault == 8 { "20261121OTHERORDER" } else { fields[at].1 };
                    fields.retain(|(name, _)| fault == 8 || *name != "total_fee");
                    fields.extend((fault == 9).then_some(("total_fee", "7")));
                }
                self.reply(&fields)
            }
            Err(code) => self.fails(code),
        }
    }

    /// Carries a request out, at this moment. `Ok`: what a success has besides.
    fn carries_out(
        &self,
        state: &mut State,
        asked: &Asked,
        at: Duration,
        fault: u32,
    ) -> Result<Vec<(&'static str, String)>, &'static str> {
        match asked.call.as_str() {
            "micropay" => takes(state, asked, at, fault),
            "unifiedorder" => makes(state, asked, at, fault),
            "reverse" => reverses(state, asked, at, fault),
            "closeorder" => closes(state, asked, at, fault),
            other => panic!("no such call: {other}"),
        }
    }

    /// The query's answer, which may be some time behind.
    fn says(&self, state: &mut State, asked: &Asked, fault: u32) -> String {
        let now = self.time.world();
        let State { orders, facts, dice, behind, faults, .. } = state;
        // At the end nothing is behind.
        let lag = if *faults == 0 { Duration::ZERO } else { behind[usize::from(asked.second_host)] };
        let lag = lag + if matches!(fault, 12 | 16) { secs(dice.roll(MOST_BEHIND)) } else { Duration::ZERO };
        let known = orders.get(&asked.number).filter(|order| {
            let forgotten = now >= order.made + LOOK_BACK;
            now >= order.made + order.hidden && !forgotten && (fault != 13 || !asked.second_host)
        });
        let was = known.and_then(|order| Some((order, order.was_at(now.saturating_sub(lag))?)));
        let Some((order, is)) = was else { return self.fails("ORDERNOTEXIST") };
        let facts = facts.entry(asked.number.clone()).or_default();
        let word = match (is, fault) {
            (_, 19) => return self.fails("FREQUENCY_LIMITED"),
            (Is::NotPay, 14) => "USERPAYING",
            (Is::UserPaying, 15) => "NOTPAY",
            (Is::NotPay | Is::UserPaying, 17) => "ACCEPT",
            (Is::NotPay | Is::UserPaying, 18) => "PAYERROR",
            (is, _) => is.word(),
        };
        facts.said.insert(word);
        facts.misled |= matches!(fault, 8 | 9);
        if !asked.second_host && matches!(word, "NOTPAY" | "USERPAYING" | "PAYERROR") {
            facts.unpaid_since.get_or_insert(now);
        }
        let mut fields = vec![("trade_state", word), ("trade_state_desc", "说明"), ("device_info", "013467007045764")];
        fields.push(("out_trade_no", if fault == 8 { "20261121OTHERORDER" } else { &asked.number }));
        // PAYERROR and NOTPAY often have no amount (POS flows 3.1).
        if matches!(word, "SUCCESS" | "REFUND") {
            fields.extend([("total_fee", if fault == 9 { "7" } else { &order.fee }), ("time_end", "20261121120000")]);
            fields.push(("transaction_id", "1009660380201506130728806387"));
        }
        self.reply(&fields)
    }

    /// The refunds of an order that was given back: one row or two, arrived or not yet (POS flows 20.1).
    fn says_refunds(&self, state: &mut State, asked: &Asked, fault: u32) -> String {
        let State { orders, dice, faults, .. } = state;
        let order = orders.get(&asked.number).filter(|order| order.is() == Is::Refund && fault != 13);
        let Some(order) = order else { return self.fails("REFUNDNOTEXIST") };
        let total: u32 = order.fee.parse().unwrap();
        let first = if total > 1 && dice.roll(3) == 0 { 1 + dice.roll(total - 1) } else { total };
        let rows: Vec<u32> = [first, total - first].into_iter().filter(|fee| *fee > 0).collect();
        let arrived = *faults == 0 || dice.roll(4) > 0;
        let mut fields = vec![("out_trade_no".to_string(), asked.number.clone())];
        fields.push(("total_fee".into(), if fault == 9 { "7".into() } else { order.fee.clone() }));
        fields.push(("refund_count".into(), rows.len().to_string()));
        for (n, fee) in rows.iter().enumerate() {
            fields.push((format!("out_refund_no_{n}"), format!("R{n}")));
            fields.push((format!("refund_fee_{n}"), fee.to_string()));
            fields.push((format!("refund_status_{n}"), if arrived { "SUCCESS" } else { "PROCESSING" }.into()));
        }
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.reply(&fields)
    }

    /// What happens to a reply on its way back, and the time that comes with it.
    fn received(&self, state: &mut State, reply: String, fault: u32) -> Result<Received, Fault> {
        let mut body = reply.into_bytes();
        let mut status = 200;
        match fault {
            3 => return Err(lost()),
            4 => body.truncate(state.dice.roll(u32::try_from(body.len()).unwrap()) as usize),
            5 => status = 502,
            6 => body = [body.clone(), body].concat(),
            7 => body = String::from_utf8(body).unwrap().replacen(self.mch_id, "1900000108", 1).into_bytes(),
            _ => {}
        }
        let node = match state.dice.roll(25) {
            0 if state.faults > 0 && state.dates != Dates::None => {
                Dates::Off(400 - 940 * i64::from(state.dice.roll(2)))
            }
            _ => state.dates,
        };
        let date = match node {
            Dates::None => None,
            Dates::Right => Some(self.time.right()),
            Dates::Off(seconds) => Some(self.time.right() + seconds),
            Dates::At(time) => Some(time),
        };
        Ok(Received { reused: false, date, ..Received::new(status, body) })
    }
}

type Said = Result<Vec<(&'static str, String)>, &'static str>;

fn pick(dice: &mut Dice, codes: &[&'static str]) -> &'static str {
    codes[dice.roll(u32::try_from(codes.len()).unwrap()) as usize]
}

/// micropay: the code is good for one payment.
fn takes(state: &mut State, asked: &Asked, at: Duration, fault: u32) -> Said {
    let State { orders, codes, blocked, dice, facts, .. } = state;
    if let Some(order) = orders.get(&asked.number) {
        // A repeat is answered with what became of the number (POS flows 3.3).
        return Err(match order.is() {
            Is::Success | Is::Refund => "ORDERPAID",
            Is::Revoked => "ORDERREVERSED",
            Is::Closed => "ORDERCLOSED",
            Is::NotPay | Is::UserPaying => "USERPAYING",
            Is::PayError => "AUTH_CODE_INVALID",
        });
    }
    if codes.contains(&asked.code) {
        return Err("AUTH_CODE_INVALID");
    }
    if blocked.contains(&asked.number) {
        return Err("ORDERREVERSED");
    }
    let facts = facts.entry(asked.number.clone()).or_default();
    let mut order = Order::of_a_customer(&asked.sale, &asked.fee, at, dice);
    // Not every wallet revokes what is unpaid by itself (POS flows 9).
    let is_wechats = wallet(&asked.code) == "pay.weixin.micropay";
    if !is_wechats {
        order.stays_open();
    }
    order.stubborn = match dice.roll(60) {
        0 => Stubborn::WithoutEffect,
        1 => Stubborn::Refused,
        _ => Stubborn::No,
    };
    let refusal = pick(dice, &REFUSALS);
    let code = match fault {
        12 => return Err(refusal),
        // The query knows it, and what became of it.
        13 => {
            let is = [Is::NotPay, Is::PayError, Is::Revoked, Is::Closed][dice.roll(4) as usize];
            order = Order::new(&asked.sale, &asked.fee, at, is);
            if is_wechats {
                order.happens(at + secs(45), Then::RevokesItself);
            }
            Some(refusal)
        }
        14 => {
            order = Order::new(&asked.sale, &asked.fee, at, Is::Success);
            facts.refused_falsely = true;
            order.hidden = if dice.roll(5) == 0 { secs(dice.roll(1_200)) } else { secs(dice.roll(30)) };
            Some(refusal)
        }
        15 => return Err(pick(dice, &["TRADE_ERROR", "RULELIMIT", "ERROR", "FREQUENCY_LIMITED"])),
        16 => Some(pick(dice, &["TRADE_ERROR", "RULELIMIT", "ERROR", "FREQUENCY_LIMITED"])),
        17 => {
            return Err(pick(dice, &["ORDERPAID", "ORDERCLOSED", "OUT_TRADE_NO_USED", "INVALID_REQUEST", "TOMORROW"]));
        }
        18 => Some(pick(dice, &["SYSTEMERROR", "BANKERROR", "TOMORROW"])),
        _ => (order.is() != Is::Success).then_some("USERPAYING"),
    };
    codes.insert(asked.code.clone());
    orders.insert(asked.number.clone(), order);
    let text = |value: &str| value.to_string();
    if code.is_none() {
        facts.said.insert("SUCCESS");
    }
    match code {
        Some(code) => Err(code),
        None => Ok(vec![
            ("out_trade_no", asked.number.clone()),
            ("total_fee", asked.fee.clone()),
            ("transaction_id", text("1009660380201506130728806387")),
            ("time_end", text("20261121120000")),
            ("trade_type", text("MICROPAY")),
        ]),
    }
}

/// unifiedorder. Nobody can pay it without its QR.
fn makes(state: &mut State, asked: &Asked, at: Duration, fault: u32) -> Said {
    let State { orders, dice, .. } = state;
    if orders.contains_key(&asked.number) {
        return Err("OUT_TRADE_NO_USED");
    }
    match fault {
        12 => return Err(pick(dice, &["PARAM_ERROR", "SIGNERROR", "NOAUTH"])),
        13 => return Err(pick(dice, &["ORDERPAID", "INVALID_REQUEST", "NOTENOUGH"])),
        _ => {}
    }
    let mut order = Order::scanned(&asked.sale, &asked.fee, at, &asked.expire);
    order.stubborn = if dice.roll(30) == 0 { Stubborn::WithoutEffect } else { Stubborn::No };
    orders.insert(asked.number.clone(), order);
    let made = [("trade_type", "NATIVE"), ("prepay_id", "wx201410272009395522657a690389285100"), ("code_url", QR)];
    Ok(made.map(|(name, value)| (name, value.into())).to_vec())
}

const QR: &str = "weixin://wxpay/bizpayurl/up?pr=NwY5Mz9&groupid=00";

/// reverse. Its reply names no order, and proves nothing (ruling 2; POS flows 3.3, 3.7).
fn reverses(state: &mut State, asked: &Asked, at: Duration, fault: u32) -> Said {
    let State { orders, blocked, dice, facts, .. } = state;
    let recall = |word: &str| Ok(vec![("recall", String::from(word))]);
    let Some(order) = orders.get_mut(&asked.number) else {
        if dice.roll(3) == 0 {
            blocked.insert(asked.number.clone());
        }
        return if dice.roll(3) == 0 { recall("N") } else { Err("ORDERNOTEXIST") };
    };
    if at >= order.made + SEVEN_DAYS {
        facts.entry(asked.number.clone()).or_default().expired = true;
        return Err("REVERSE_EXPIRE");
    }
    match (order.stubborn, fault) {
        (Stubborn::WithoutEffect, _) | (_, 12) => return recall("N"),
        (Stubborn::Refused, _) if order.is() != Is::Revoked => return Err("TRADE_ERROR"),
        (_, 13) => return recall("Y"),
        (_, 15) if order.is() == Is::UserPaying => return Err("USERPAYING"),
        (_, 16) => return Err(pick(dice, &["TRADE_ERROR", "INVALID_REQUEST", "ORDERNOTEXIST", "SIGNERROR"])),
        _ => {}
    }
    if matches!(order.is(), Is::Refund | Is::Closed) {
        return Err("TRADE_ERROR");
    }
    // The customer types: now and then that goes first (U5).
    if order.is() == Is::UserPaying && order.is_being_paid() && dice.roll(2) == 0 {
        return Err("USERPAYING");
    }
    order.reverse(at);
    recall(if fault == 14 { "Y" } else { "N" })
}

/// closeorder. Its reply names no order, either (POS flows 4, 20.24).
fn closes(state: &mut State, asked: &Asked, at: Duration, fault: u32) -> Said {
    let State { orders, dice, .. } = state;
    let Some(order) = orders.get_mut(&asked.number) else {
        return if dice.roll(3) == 0 { Ok(Vec::new()) } else { Err("ORDERNOTEXIST") };
    };
    match fault {
        _ if order.stubborn == Stubborn::WithoutEffect => return Ok(Vec::new()),
        12 => return Ok(Vec::new()),
        13 | 14 => return Err(pick(dice, &["ORDERCLOSED", "ORDERNOTEXIST", "ORDERPAID"])),
        _ => {}
    }
    if order.is_being_paid() && dice.roll(2) == 0 {
        return Err("USERPAYING");
    }
    order.close(at);
    if order.is() == Is::Success { Err("ORDERPAID") } else { Ok(Vec::new()) }
}

// ---- what a test asks and tells ----

impl Wechat {
    fn with<T>(&self, look: impl FnOnce(&mut State, Duration) -> T) -> T {
        let state = &mut *self.state.lock().unwrap();
        self.catch_up(state);
        look(state, self.time.world())
    }

    pub fn world(&self) -> Duration {
        self.time.world()
    }

    pub fn set_faults(&self, percent: u32) {
        self.with(|state, _| state.faults = percent);
    }

    pub fn set_dates(&self, dates: Dates) {
        self.with(|state, _| state.dates = dates);
    }

    /// It tells the right time from here on, if it ever told any. One that never did does not begin to.
    pub fn set_right_dates(&self) {
        self.with(|state, _| {
            if state.dates != Dates::None {
                state.dates = Dates::Right;
            }
        });
    }

    pub fn tells_the_time(&self) -> bool {
        self.with(|state, _| state.dates != Dates::None)
    }

    pub fn dies(&self, dies: bool) {
        self.with(|state, _| state.dies = dies);
    }

    /// The board was switched on.
    pub fn boots(&self) {
        self.with(|state, _| {
            state.facts.values_mut().for_each(|facts| facts.unpaid_since = None);
            state.leavings.boots();
        });
    }

    pub fn order(&self, number: &str) -> Option<Order> {
        self.with(|state, _| state.orders.get(number).cloned())
    }

    pub fn facts(&self, number: &str) -> Facts {
        self.with(|state, _| state.facts.get(number).cloned().unwrap_or_default())
    }

    pub fn numbers(&self) -> Vec<String> {
        self.with(|state, _| state.orders.keys().cloned().collect())
    }

    /// The numbers of a sale that hold a customer's money.
    pub fn held(&self, sale: &str) -> Vec<String> {
        let of_sale = |state: &mut State, _| {
            let held = state.orders.iter().filter(|(_, order)| order.sale == sale && order.holds());
            held.map(|(number, _)| number.clone()).collect()
        };
        self.with(of_sale)
    }

    /// The numbers of a sale that may be charged although nobody asks for it any more.
    pub fn live(&self, sale: &str) -> Vec<String> {
        let digits = ChinaTime::from_unix(self.time.right()).unwrap().digits();
        self.with(|state, now| state.live(sale, now, &digits))
    }

    pub fn is_under_way(&self, number: &str) -> bool {
        self.with(|state, _| state.late.iter().any(|late| late.asked.number == number))
    }

    /// Somebody has its QR.
    pub fn is_shown(&self, number: &str) {
        self.with(|state, _| state.facts.entry(number.into()).or_default().shown = true);
    }

    /// Whoever has the QR opens it, and pays, or tries to.
    pub fn somebody_scans(&self, number: &str) -> &'static str {
        let digits = ChinaTime::from_unix(self.time.right()).unwrap().digits();
        self.with(|state, now| {
            let State { orders, dice, .. } = state;
            let Some(order) = orders.get_mut(number).filter(|order| order.may_be_opened(now, &digits)) else {
                return "and cannot";
            };
            let (does, then, after) = match dice.roll(6) {
                0 => ("and types", Then::Pays, secs(dice.roll(180))),
                1 => ("and gives up", Then::GivesUp(false), Duration::ZERO),
                2 => ("and gives up, and is charged", Then::GivesUp(true), Duration::ZERO),
                _ => ("and pays", Then::Pays, Duration::ZERO),
            };
            order.happens(now + after, then);
            order.catch_up(now);
            does
        })
    }

    pub fn refund(&self, number: &str) {
        self.with(|state, now| {
            if let Some(order) = state.orders.get_mut(number) {
                order.refund(now);
            }
        });
    }

    pub fn notification(&self, number: &str) -> String {
        let fee = self.with(|state, _| state.orders[number].fee.clone());
        let about = [("total_fee", fee.as_str()), ("mch_id", self.mch_id)];
        match self.speaks {
            Speaks::Wechat => crate::till::scanned::notification(number, SignType::Md5, &about),
            Speaks::Unified(_) => paid_notice(&[&about[..], &[("out_trade_no", number)]].concat()),
        }
    }
}

impl State {
    pub(super) fn live(&self, sale: &str, now: Duration, digits: &str) -> Vec<String> {
        let late = self.late.iter().filter(|late| late.asked.sale == sale && late.asked.call == "micropay");
        let live = |number: &str, order: &Order| {
            let open = order.may_be_opened(now, digits) && self.facts(number).shown;
            order.sale == sale && (open || order.is_being_paid())
        };
        let orders = self.orders.iter().filter(|(number, order)| live(number, order)).map(|(number, _)| number);
        orders.cloned().chain(late.map(|late| late.asked.number.clone())).collect()
    }

    pub(super) fn facts(&self, number: &str) -> Facts {
        self.facts.get(number).cloned().unwrap_or_default()
    }

    /// Whether a second charge beside this number is what no terminal can prevent (ruling 1, POS flows 18).
    pub(super) fn is_excused(&self, number: &str) -> bool {
        let facts = self.facts(number);
        facts.refused_falsely || facts.late_by > secs(300 - MOST_BEHIND)
    }
}
