//! WeChat Pay as a transport that gives money back: refund and refundquery over the true ledger, with a dice that decides what goes wrong
//! on the way.
//!
//! Document: POS flows 5, 18, 20.9, 20.12, 20.13; protocol E.2, E.3. Refusals may be false for what was executed, requests come late, a
//! query is behind. How far is the page's own limit: a row is at most a minute behind, since a refusal is asked about at once and
//! once more after 60 s. The second host may know nothing at any time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wxpay_terminal::*;

use crate::support::counter::micro_paid;
use crate::support::memory_journal::MemoryJournal;
use crate::support::wxpay::{order_state, wxpay_signed};
use crate::support::*;
use crate::till::counter_gateway::Speaks;
use crate::till::counter_ledger::secs;
use crate::till::field_gateway::{Dates, happens};
use crate::till::modelled::{Dice, Time, lost};
use crate::till::refund_checks::Rule;

pub const TOTAL: i64 = 888;

/// A mistake that is planted, so that the checks can be seen to fail.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Mistake {
    #[default]
    None,
    /// A number that comes again is given back again.
    TakesTwice,
    /// Its rows say SUCCESS of what is on its way.
    SaysArrived,
    /// It says that it took what it did not.
    SaysTaken,
    /// Its query never knows what it refused falsely.
    ForgetsForEver,
    /// Its rows say REFUNDCLOSE of what lives.
    SaysClosed,
    /// Its query says nothing, for ever.
    SaysNothing,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Status {
    Processing,
    Success,
    Change,
    Closed,
    Fail,
}

impl Status {
    pub fn word(self) -> &'static str {
        match self {
            Status::Processing => "PROCESSING",
            Status::Success => "SUCCESS",
            Status::Change => "CHANGE",
            Status::Closed => "REFUNDCLOSE",
            Status::Fail => "FAIL",
        }
    }
}

/// A refund in the true ledger.
#[derive(Clone, Debug)]
pub struct Refunded {
    pub transaction_id: String,
    pub fee: i64,
    /// Made by the till of this life, and not by another one.
    pub ours: bool,
    /// How often the money was given back: once, or there is a mistake.
    pub times: i64,
    /// What it was, and since when.
    was: Vec<(Duration, Status)>,
    comes: Vec<(Duration, Status)>,
    id: u32,
    /// It was refused, and executed all the same.
    refused_falsely: bool,
}

impl Refunded {
    pub fn is(&self) -> Status {
        self.was.last().expect("it was something").1
    }

    /// Whether its money went, or is on its way.
    pub fn is_live(&self) -> bool {
        !matches!(self.is(), Status::Closed | Status::Fail)
    }

    pub fn was_ever(&self, status: Status) -> bool {
        self.was.iter().any(|(_, was)| *was == status)
    }

    pub fn made(&self) -> Duration {
        self.was[0].0
    }

    fn since(&self) -> Duration {
        self.was.last().expect("it was something").0
    }

    fn was_at(&self, at: Duration) -> Option<Status> {
        self.was.iter().rfind(|(since, _)| *since <= at).map(|(_, status)| *status)
    }

    fn catch_up(&mut self, now: Duration) {
        while let Some((at, status)) = self.comes.first().copied().filter(|(at, _)| *at <= now) {
            self.comes.remove(0);
            self.was.push((at, status));
        }
    }

    /// What becomes of it: arrived at once, in 20 minutes, or after days; CHANGE, and perhaps mended by a person on the platform;
    /// ended after a week (closed, or FAIL where no word closes a number: protocol C.4.7); FAIL; or for ever on its way.
    fn begins(&mut self, at: Duration, ended: Status, dice: &mut Dice) {
        let day = 86_400;
        self.was.push((at, Status::Processing));
        self.comes = match dice.roll(20) {
            0 => vec![(at, Status::Success)],
            1..=8 => vec![(at + secs(dice.roll(1_200)), Status::Success)],
            9..=11 => vec![(at + secs(day + dice.roll(2 * day)), Status::Success)],
            12 => vec![(at + secs(20 * day + dice.roll(9 * day)), Status::Success)],
            13 | 14 => {
                let change = at + secs(3_600 + dice.roll(3 * day));
                let mended = (change + secs(day + dice.roll(9 * day)), Status::Success);
                [(change, Status::Change)].into_iter().chain((dice.roll(2) == 0).then_some(mended)).collect()
            }
            15 | 16 => vec![(at + secs(7 * day + dice.roll(2 * day)), ended)],
            17 | 18 => vec![(at + secs(30 + dice.roll(100_000)), Status::Fail)],
            _ => Vec::new(),
        };
        self.catch_up(at);
    }
}

/// A request that is carried out later than its sender waited.
struct Late {
    due: Duration,
    sent: Duration,
    asked: Asked,
}

#[derive(Clone, Debug, Default)]
struct Asked {
    call: String,
    /// Of the refund, or of the sale.
    number: String,
    order: String,
    transaction_id: String,
    fee: String,
    total: String,
    second_host: bool,
}

/// A payment that a customer made.
#[derive(Clone, Debug)]
pub struct Order {
    pub number: String,
    pub transaction_id: String,
}

pub(super) struct State {
    dice: Dice,
    faults: u32,
    orders: Vec<Order>,
    refunds: BTreeMap<String, Refunded>,
    late: Vec<Late>,
    dates: Dates,
    behind: [Duration; 2],
    /// The gateway sums an order's refunds itself. Where it does not, the till's own sum is all there is.
    sums: bool,
    /// A number that was not paid out for a week is closed for good.
    closes: bool,
    dies: bool,
    /// No host is reached until then.
    away: Duration,
    /// Each reply is lost.
    is_silent: bool,
    journal: MemoryJournal,
    mistake: Mistake,
    /// Refund requests that left, by number.
    left: Vec<String>,
    wrong: Vec<(Rule, String)>,
    /// Numbers of which an answer named another amount.
    misled: Vec<String>,
}

pub struct RefundGateway {
    pub speaks: Speaks,
    pub(super) time: Time,
    state: Mutex<State>,
}

/// No way to a host, lost, late, a reply that is lost, cut, HTTP 502, twice, mis-signed, of another refund, of another amount,
/// SYSTEMERROR before and after; and five of each call's own.
const KINDS: u32 = 17;
const MOST_BEHIND: u32 = 25;
/// Refusals that the table believes once the query confirms them, some of them not.
const REFUSALS: [&str; 8] = [
    "NOTENOUGH",
    "USER_ACCOUNT_ABNORMAL",
    "TRADE_OVERDUE",
    "FREQUENCY_LIMITED",
    "INVALID_REQ_TOO_MUCH",
    "NOTENOUGH",
    "PARAM_ERROR",
    "SIGNERROR",
];
/// Words that also answer a repeat whose first try worked.
const OPEN: [&str; 6] =
    ["SYSTEMERROR", "BIZERR_NEED_RETRY", "ERROR", "INVALID_REQUEST", "REFUND_FEE_MISMATCH", "TOMORROW"];

fn pick(dice: &mut Dice, codes: &[&'static str]) -> &'static str {
    codes[dice.roll(u32::try_from(codes.len()).unwrap()) as usize]
}

fn asked(post: &Post<'_>) -> Asked {
    let body = std::str::from_utf8(post.body).unwrap();
    let value = |name| xml_value(body, name).unwrap_or_default();
    let call: String = post.url.rsplit('/').next().unwrap().into();
    let (number, fee) = match call.as_str() {
        "micropay" | "orderquery" => ("out_trade_no", "total_fee"),
        _ => ("out_refund_no", "refund_fee"),
    };
    Asked {
        number: value(number),
        order: value("out_trade_no"),
        transaction_id: value("transaction_id"),
        fee: value(fee),
        total: value("total_fee"),
        second_host: post.url.contains("//gateway2"),
        call,
    }
}

impl Transport for RefundGateway {
    fn post(&self, post: &Post<'_>) -> Result<Received, Fault> {
        let asked = asked(post);
        happens(false);
        let answered = self.answered(&asked, post.within);
        happens(true);
        answered
    }
}

type Said = Result<String, &'static str>;

impl RefundGateway {
    pub fn new(seed: u64, faults: u32, sums: bool, time: &Time, journal: &MemoryJournal) -> Arc<RefundGateway> {
        RefundGateway::speaking(Speaks::Wechat, (seed, faults, sums), time, journal)
    }

    pub fn speaking(
        speaks: Speaks,
        (seed, faults, sums): (u64, u32, bool),
        time: &Time,
        journal: &MemoryJournal,
    ) -> Arc<RefundGateway> {
        let mut dice = Dice::after(seed, 4);
        let lag = |dice: &mut Dice| if dice.roll(3) == 0 { secs(dice.roll(MOST_BEHIND)) } else { Duration::ZERO };
        let behind = [lag(&mut dice), lag(&mut dice) + secs(10 * dice.roll(2))];
        let state = State {
            dice,
            faults,
            orders: Vec::new(),
            refunds: BTreeMap::new(),
            late: Vec::new(),
            dates: Dates::Right,
            behind,
            sums,
            closes: !speaks.is_unified(),
            dies: false,
            away: Duration::ZERO,
            is_silent: false,
            journal: journal.clone(),
            mistake: Mistake::None,
            left: Vec::new(),
            wrong: Vec::new(),
            misled: Vec::new(),
        };
        Arc::new(RefundGateway { speaks, time: time.clone(), state: Mutex::new(state) })
    }

    fn answered(&self, asked: &Asked, within: Duration) -> Result<Received, Fault> {
        let state = &mut *self.state.lock().unwrap();
        self.catch_up(state);
        if state.dies && state.journal.is_stopped() {
            return Err(Fault::unsent(Stage::Connect, "the power went"));
        }
        let fault = if state.dice.roll(100) < state.faults { state.dice.roll(KINDS) } else { 99 };
        if fault == 0 && state.dice.roll(2) == 0 {
            state.away = self.time.world() + secs(state.dice.roll(40));
        }
        if fault == 0 || self.time.world() < state.away {
            return Err(Fault::unsent(Stage::Connect, "no route"));
        }
        state.leaves(asked);
        let slow = if state.dice.roll(12) == 0 { secs(state.dice.roll(9)) } else { Duration::ZERO };
        Pause::pause(&self.time, Duration::from_millis(300) + slow);
        self.catch_up(state);
        let reply = match fault {
            1 => Err(lost()),
            2 if asked.call != "refund" => Err(lost()),
            2 => {
                self.comes_late(state, asked);
                Err(lost())
            }
            10 => Ok(fails("SYSTEMERROR")),
            _ => Ok(self.carried_out(state, asked, fault)),
        };
        let received = reply.and_then(|reply| self.received(state, reply, if state.is_silent { 3 } else { fault }));
        if received.is_err() {
            // Nothing comes back, until whoever waits gives up.
            let waits = secs(state.dice.roll(1 + u32::try_from(within.as_secs()).unwrap_or(30).min(30)));
            Pause::pause(&self.time, waits);
        }
        received
    }

    fn comes_late(&self, state: &mut State, asked: &Asked) {
        let by = match state.dice.roll(20) {
            0 => 3_600 + state.dice.roll(3 * 86_400),
            1..=5 => state.dice.roll(290),
            _ => state.dice.roll(60),
        };
        let sent = self.time.world();
        state.late.push(Late { due: sent + secs(by), sent, asked: asked.clone() });
    }

    /// What was to happen by now, and what was to be carried out.
    fn catch_up(&self, state: &mut State) {
        let now = self.time.world();
        let (mut due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut state.late).into_iter().partition(|late| late.due <= now);
        state.late = later;
        due.sort_by_key(|late| late.due);
        for Late { due, sent, asked } in due {
            state.refunds.values_mut().for_each(|refund| refund.catch_up(due));
            // What failed since it was sent stays failed. And nobody hears what came of it.
            let ended = state.refunds.get(&asked.number).filter(|refund| !refund.is_live());
            if ended.is_none_or(|refund| refund.since() <= sent) {
                let _ = state.gives_back(&asked, due);
            }
        }
        state.refunds.values_mut().for_each(|refund| refund.catch_up(now));
    }

    fn carried_out(&self, state: &mut State, asked: &Asked, fault: u32) -> String {
        let now = self.time.world();
        match asked.call.as_str() {
            "micropay" => state.sells(asked),
            "orderquery" => state.sold(asked),
            "refund" => match self.refunds(state, asked, now, fault) {
                Ok(reply) => reply,
                Err(code) => fails(code),
            },
            "refundquery" => state.says(asked, now, fault),
            other => panic!("no such call: {other}"),
        }
    }

    fn refunds(&self, state: &mut State, asked: &Asked, now: Duration, fault: u32) -> Said {
        let is_new = !state.refunds.contains_key(&asked.number);
        match fault {
            12 => return Err(pick(&mut state.dice, &REFUSALS)),
            14 => return Err(pick(&mut state.dice, &OPEN)),
            16 => {
                self.comes_late(state, asked);
                return Err(["SYSTEMERROR", "BIZERR_NEED_RETRY"][state.dice.roll(2) as usize]);
            }
            _ if state.mistake == Mistake::SaysTaken && is_new && state.dice.roll(4) == 0 => {}
            _ => state.gives_back(asked, now)?,
        }
        match fault {
            11 => Err("SYSTEMERROR"),
            13 => {
                let refund = state.refunds.entry(asked.number.clone());
                refund.and_modify(|refund| refund.refused_falsely |= is_new);
                Err(pick(&mut state.dice, &REFUSALS))
            }
            15 => Err(pick(&mut state.dice, &OPEN)),
            _ => Ok(state.taken(asked, fault)),
        }
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
            7 => body = String::from_utf8(body).unwrap().replacen(MCH_ID, "1900000108", 1).into_bytes(),
            _ => {}
        }
        let node = match state.dice.roll(25) {
            0 if state.faults > 0 => [Dates::None, Dates::Off(-540), Dates::Off(400)][state.dice.roll(3) as usize],
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

fn fails(code: &str) -> String {
    wxpay_signed(SignType::Md5, &[("result_code", "FAIL"), ("err_code", code), ("err_code_des", "失败")])
}

impl State {
    fn order_of(&self, asked: &Asked) -> Option<Order> {
        let is_it = |order: &&Order| match asked.order.as_str() {
            "" => order.transaction_id == asked.transaction_id,
            number => order.number == number,
        };
        self.orders.iter().find(is_it).cloned()
    }

    fn sells(&mut self, asked: &Asked) -> String {
        let transaction_id = self.is_paid(&asked.number);
        micro_paid(&asked.number, &[("total_fee", &asked.fee), ("transaction_id", &transaction_id)])
    }

    fn sold(&self, asked: &Asked) -> String {
        let order = self.orders.iter().find(|order| order.number == asked.number);
        let Some(order) = order else { return fails("ORDERNOTEXIST") };
        let (total, id) = (TOTAL.to_string(), &order.transaction_id);
        order_state("SUCCESS", &asked.number, &[("total_fee", &total), ("transaction_id", id)])
    }

    fn is_paid(&mut self, number: &str) -> String {
        let transaction_id = format!("42000000002026112100000{:05}", self.orders.len());
        self.orders.push(Order { number: number.into(), transaction_id: transaction_id.clone() });
        transaction_id
    }

    /// What of an order went back, or is on its way.
    fn given(&self, transaction_id: &str) -> i64 {
        let of_order = |refund: &&Refunded| refund.transaction_id == transaction_id && refund.is_live();
        self.refunds.values().filter(of_order).map(|refund| refund.fee * refund.times).sum()
    }

    /// A refund is executed, or refused truly.
    fn gives_back(&mut self, asked: &Asked, at: Duration) -> Result<(), &'static str> {
        let Some(order) = self.order_of(asked) else { return Err("ORDERNOTEXIST") };
        let fee: i64 = asked.fee.parse().unwrap();
        let known = self.refunds.get(&asked.number).map(|refund| (refund.fee, refund.is()));
        let given = self.given(&order.transaction_id);
        match known {
            Some((same, _)) if same != fee => return Err("REFUND_FEE_MISMATCH"),
            Some((_, Status::Closed)) => return Err(pick(&mut self.dice, &["ERROR", "INVALID_REQUEST"])),
            Some((_, Status::Fail)) | None => {}
            // The order is refunded in full, by this very refund (POS flows 5).
            Some(_) if given == TOTAL && self.dice.roll(3) == 0 => return Err("ERROR"),
            Some(_) => {
                let again = self.mistake == Mistake::TakesTwice;
                self.refunds.entry(asked.number.clone()).and_modify(|refund| refund.times += i64::from(again));
                return Ok(());
            }
        }
        if self.sums && given + fee > TOTAL {
            return Err(pick(&mut self.dice, &["ERROR", "INVALID_REQUEST", "REFUND_FEE_MISMATCH", "NOTENOUGH"]));
        }
        let id = u32::try_from(self.refunds.len()).unwrap();
        let ended = if self.closes { Status::Closed } else { Status::Fail };
        let State { refunds, dice, .. } = self;
        let refund = refunds.entry(asked.number.clone()).or_insert_with(|| Refunded {
            transaction_id: order.transaction_id,
            fee,
            ours: true,
            times: 1,
            was: Vec::new(),
            comes: Vec::new(),
            id,
            refused_falsely: false,
        });
        refund.begins(at, ended, dice);
        Ok(())
    }

    /// The reply of a refund that was taken.
    fn taken(&mut self, asked: &Asked, fault: u32) -> String {
        let order = self.order_of(asked).expect("it was given back");
        let id = self.refunds.get(&asked.number).map_or(0, |refund| refund.id);
        wxpay_signed(
            SignType::Md5,
            &[
                ("out_refund_no", if fault == 8 { "20261121OTHERREFUND" } else { &asked.number }),
                ("refund_id", &refund_id(id)),
                ("refund_fee", if fault == 9 { "7" } else { &asked.fee }),
                ("total_fee", &asked.total),
                ("cash_fee", &asked.total),
                ("transaction_id", &order.transaction_id),
                ("out_trade_no", &order.number),
            ],
        )
    }

    /// The query's answer, which may be some time behind: rows, ours at any index.
    fn says(&mut self, asked: &Asked, now: Duration, fault: u32) -> String {
        let second = asked.second_host;
        // At the end nothing is behind.
        let lag = if self.faults == 0 { Duration::ZERO } else { self.behind[usize::from(second)] };
        let lag = lag + if fault == 12 { secs(self.dice.roll(MOST_BEHIND)) } else { Duration::ZERO };
        match fault {
            13 if second => return fails("REFUNDNOTEXIST"),
            14 => return fails("SYSTEMERROR"),
            16 => return fails("FREQUENCY_LIMITED"),
            _ if self.mistake == Mistake::SaysNothing => return fails("SYSTEMERROR"),
            _ => {}
        }
        let known = self.refunds.get(&asked.number).filter(|refund| {
            let forgets = self.mistake == Mistake::ForgetsForEver && refund.refused_falsely;
            !forgets
        });
        let was = known.and_then(|refund| Some((refund.clone(), refund.was_at(now.saturating_sub(lag))?)));
        let Some((refund, is)) = was else { return fails("REFUNDNOTEXIST") };
        let word = match (is, self.mistake) {
            (Status::Processing, Mistake::SaysArrived) => "SUCCESS",
            (Status::Processing, Mistake::SaysClosed) => "REFUNDCLOSE",
            _ => is.word(),
        };
        let mut rows = vec![(asked.number.as_str(), word, refund.fee, refund.id)];
        let others = self.refunds.iter().filter(|(number, other)| {
            **number != asked.number && other.transaction_id == refund.transaction_id && other.made() + lag <= now
        });
        rows.extend(others.map(|(number, other)| (number.as_str(), other.is().word(), other.fee, other.id)));
        if fault == 15 {
            rows.remove(0);
        }
        if fault == 9 {
            rows[0].2 = 7;
            self.misled.push(asked.number.clone());
        }
        if !rows.is_empty() {
            let turn = self.dice.roll(u32::try_from(rows.len()).unwrap()) as usize;
            rows.rotate_left(turn);
        }
        in_rows(&rows)
    }

    /// Looks at a refund that leaves, at the moment it does.
    fn leaves(&mut self, asked: &Asked) {
        if asked.call != "refund" {
            return;
        }
        self.left.push(asked.number.clone());
        let mut known = self.journal.all();
        let Some(entry) = known.iter().find(|entry| entry.order_number == asked.number).cloned() else {
            return self.wrong.push((Rule::Entry, format!("{} left, and the journal does not have it", asked.number)));
        };
        let mut wrong = |rule, words: String| self.wrong.push((rule, format!("{} left, and {words}", asked.number)));
        if entry.state != EntryState::Open {
            wrong(Rule::Entry, format!("the journal has {:?}", entry.state));
        }
        if entry.amount.get().to_string() != asked.fee {
            wrong(Rule::Entry, format!("the journal has {:?}", entry.amount));
        }
        known.extend(self.journal.gone());
        let others = known.iter().filter(|other| other.intent == entry.intent && other.id != entry.id);
        for other in others.filter(|other| !other.allows_new_number()) {
            wrong(Rule::Numbers, format!("{} of the same return is {:?}", other.order_number, other.state));
        }
    }
}

fn refund_id(id: u32) -> String {
    format!("50302611282026112800000000{id:03}")
}

fn in_rows(rows: &[(&str, &str, i64, u32)]) -> String {
    let mut fields = vec![("refund_count".to_string(), rows.len().to_string())];
    for (at, (number, word, fee, id)) in rows.iter().enumerate() {
        fields.push((format!("out_refund_no_{at}"), (*number).into()));
        fields.push((format!("refund_status_{at}"), (*word).into()));
        fields.push((format!("refund_fee_{at}"), fee.to_string()));
        fields.push((format!("refund_id_{at}"), refund_id(*id)));
    }
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    wxpay_signed(SignType::Md5, &fields)
}

// ---- what a test asks, and what other people do ----

impl RefundGateway {
    fn look<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        let state = &mut *self.state.lock().unwrap();
        self.catch_up(state);
        look(state)
    }

    pub fn set_faults(&self, faults: u32) {
        self.look(|state| (state.faults, state.away) = (faults, Duration::ZERO));
    }

    pub fn set_dates(&self, dates: Dates) {
        self.look(|state| state.dates = dates);
    }

    pub fn plant(&self, mistake: Mistake) {
        self.look(|state| state.mistake = mistake);
    }

    pub fn dies(&self, dies: bool) {
        self.look(|state| state.dies = dies);
    }

    /// Each reply is lost from here on, or none any more.
    pub fn is_silent(&self, is_silent: bool) {
        self.look(|state| state.is_silent = is_silent);
    }

    /// A payment at another till.
    pub fn sold_elsewhere(&self, number: &str) -> Order {
        self.look(|state| {
            state.is_paid(number);
            state.orders.last().expect("it was paid").clone()
        })
    }

    pub fn orders(&self) -> Vec<Order> {
        self.look(|state| state.orders.clone())
    }

    pub fn refund(&self, number: &str) -> Option<Refunded> {
        self.look(|state| state.refunds.get(number).cloned())
    }

    pub fn all(&self) -> Vec<(String, Refunded)> {
        self.look(|state| state.refunds.clone().into_iter().collect())
    }

    /// Another till of the merchant refunds a part, under a number of its own, where the gateway has the sum.
    pub fn refunded_elsewhere(&self, order: &Order, fee: i64) -> bool {
        self.look(|state| {
            let number = format!("2026112199{:08}", state.refunds.len());
            let Order { number: order, .. } = order.clone();
            let asked = Asked { number: number.clone(), order, fee: fee.to_string(), ..Asked::default() };
            let given = state.sums && state.gives_back(&asked, self.time.world()).is_ok();
            state.refunds.entry(number).and_modify(|refund| refund.ours = false);
            given
        })
    }

    /// A person mends a CHANGE on the platform, so that the money arrives.
    pub fn is_mended(&self, number: &str) {
        let now = self.time.world();
        self.look(|state| {
            let refund = state.refunds.get_mut(number).filter(|refund| refund.is() == Status::Change);
            refund.into_iter().for_each(|refund| refund.comes = vec![(now, Status::Success)]);
        });
    }

    /// A request of this number that is still to be carried out.
    pub fn is_under_way(&self, number: &str) -> bool {
        self.look(|state| state.late.iter().any(|late| late.asked.number == number))
    }

    pub fn is_misled(&self, number: &str) -> bool {
        self.look(|state| state.misled.iter().any(|misled| misled == number))
    }

    pub fn false_refusals(&self) -> usize {
        self.look(|state| state.refunds.values().filter(|refund| refund.refused_falsely).count())
    }

    /// The refunds that left since this was asked last, and what should not have.
    pub fn left(&self) -> (Vec<String>, Vec<(Rule, String)>) {
        self.look(|state| (std::mem::take(&mut state.left), std::mem::take(&mut state.wrong)))
    }
}
