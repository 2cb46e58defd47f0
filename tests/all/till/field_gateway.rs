//! What gateways, their servers and their customers do in the field, beside what [`Modelled`] does everywhere: requests that are
//! executed days later, red packets that stay SENDING until they are sent again, answers without a time or with a wrong one, another
//! data centre that does not know an order yet, customers who pay after the end, and money that goes back.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use wxpay_terminal::*;

use crate::support::memory_journal::MemoryJournal;
use crate::support::*;
use crate::till::modelled::{Dice, Modelled, Order, Parsed, State, Time, arrive, lost, stored};

/// What the HTTP server says of the time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Dates {
    None,
    Right,
    /// So many seconds ahead, or behind.
    Off(i64),
    /// It has no clock.
    At(i64),
}

/// A payment that left for the gateway.
#[derive(Clone)]
pub struct Sending {
    pub number: String,
    /// In the world's time.
    pub begun: Duration,
}

/// A request that is executed later than its sender waited.
struct Late {
    due: Duration,
    number: String,
    stored: String,
}

/// What is true of an order, whoever knows it.
#[derive(Clone, Default)]
pub struct Truth {
    made: Duration,
    /// SENDING, until the identical request comes again.
    stuck: bool,
    refunded: bool,
    /// A customer got hold of it although the till never had its URL.
    pub stray: bool,
    /// A query said that it is paid, whether the answer came through or not.
    pub said_paid: bool,
    /// Its query said that somebody tried to pay it.
    pub said_tried: bool,
    /// An answer was about another order, or another amount.
    pub misled: bool,
    /// When it was last asked to be paid.
    pub last_sent: Duration,
}

/// What happens while the request after so many more is on its way, or its answer (true).
type Meanwhile = (u32, bool, Box<dyn FnOnce()>);

thread_local! {
    /// A till is for one thread where there is no std, and so is a life.
    static MEANWHILE: RefCell<Option<Meanwhile>> = const { RefCell::new(None) };
}

pub struct Field {
    pub dates: Dates,
    late: Vec<Late>,
    truths: HashMap<String, Truth>,
    sendings: Vec<Sending>,
    /// A board that is dead from the moment on that its journal stops: nothing leaves it any more.
    dies_with: Option<MemoryJournal>,
}

/// Faults beside the usual 15.
const KINDS: u32 = 20;
const TWO_HOURS: Duration = Duration::from_secs(7_200);
const A_DAY: Duration = Duration::from_secs(86_400);

impl Modelled {
    pub fn in_the_field(gateway: &'static str, seed: u64, faults: u32, time: &Time, dates: Dates) -> Arc<Modelled> {
        let modelled = Modelled::at(gateway, seed, faults, Some(time.clone()));
        modelled.state.lock().unwrap().field =
            Some(Field { dates, late: Vec::new(), truths: HashMap::new(), sendings: Vec::new(), dies_with: None });
        modelled
    }

    pub fn world(&self) -> Duration {
        self.time.as_ref().map_or(Duration::ZERO, Time::world)
    }

    /// A request comes. How many kinds of faults there are.
    pub(super) fn comes(&self, state: &mut State, request: &Parsed, begun: Duration) -> Result<u32, Fault> {
        let world = self.world();
        let Some(field) = &mut state.field else { return Ok(15) };
        if field.dies_with.as_ref().is_some_and(MemoryJournal::is_stopped) {
            return Err(Fault::unsent(Stage::Connect, "the power went"));
        }
        catch_up(field, &mut state.ledger, world);
        if !request.query {
            field.sendings.push(Sending { number: request.number().into(), begun });
            let truth = field.truths.entry(request.number().into()).or_default();
            truth.last_sent = world;
            if !state.ledger.contains_key(request.number()) {
                truth.made = world;
            }
        }
        Ok(KINDS)
    }

    /// What this gateway does with a request where that is not what every gateway does.
    pub(super) fn field_reply(&self, state: &mut State, request: &Parsed, fault: u32) -> Option<Result<String, Fault>> {
        let world = self.world();
        let State { field, ledger, dice, .. } = state;
        let field = field.as_mut()?;
        let number = request.number();
        let known = ledger.contains_key(number);
        if request.query {
            return self.asked_in_the_field(field, ledger, request, fault).map(Ok);
        }
        let truth = field.truths.get_mut(number)?;
        let slow = |dice: &mut Dice| match dice.roll(4) {
            0 => Duration::from_secs(u64::from(60 + dice.roll(7_200))),
            1 => Duration::from_secs(u64::from(3_600 + dice.roll(86_400))),
            _ => A_DAY * (1 + dice.roll(8)),
        };
        match (self.gateway, known, fault) {
            // It is still on its way when its sender has given up.
            (_, _, 2) => {
                let due = world + Duration::from_secs(u64::from(dice.roll(900)));
                field.late.push(Late { due, number: number.into(), stored: stored(request) });
                Some(Err(lost()))
            }
            // Taken, and executed later. It says so, or nothing comes back. (A webgate that takes it never signs a refusal.)
            (gateway, false, 15 | 16) => {
                let due = world + slow(dice);
                field.late.push(Late { due, number: number.into(), stored: stored(request) });
                let says = fault == 15 && gateway != "webgate";
                let code = if gateway == "redpack" && dice.roll(2) == 0 { "PROCESSING" } else { "SYSTEMERROR" };
                Some(if says { Ok(self.failure(code, None)) } else { Err(lost()) })
            }
            // It lies there, and does not go on by itself, whatever was said of it.
            ("redpack", false, 17 | 18) => {
                truth.stuck = true;
                ledger.insert(number.into(), order(request));
                let codes = ["SENDNUM_LIMIT", "SECOND_OVER_LIMITED", "NOTENOUGH", "DAY_OVER_LIMITED"];
                let code = if fault == 17 { "SYSTEMERROR" } else { codes[dice.roll(4) as usize] };
                Some(Ok(self.failure(code, None)))
            }
            ("workwx", false, 17 | 18) => {
                Some(Ok(self.failure(["NOTENOUGH", "NAME_MISMATCH"][dice.roll(2) as usize], None)))
            }
            ("webgate", true, 17) => Some(Ok(webgate_reply("31", ""))),
            _ => {
                truth.stuck &= ledger.get(number).is_some_and(|order| order.content != request.content());
                None
            }
        }
    }

    /// The answer to a question that only this gateway gives.
    fn asked_in_the_field(
        &self,
        field: &mut Field,
        ledger: &HashMap<String, Order>,
        request: &Parsed,
        fault: u32,
    ) -> Option<String> {
        let number = request.number();
        let world = self.world();
        let order = ledger.get(number)?;
        let truth = field.truths.get_mut(number)?;
        truth.misled |= matches!(fault, 8 | 9 | 18);
        let is_trade = self.gateway == "swiftpass";
        let closes = request.get("service").ends_with("close");
        if closes && order.paid == 0 {
            return None;
        }
        // Another data centre; or it is older than what the query covers.
        let forgotten = world >= truth.last_sent.max(truth.made) + 31 * A_DAY;
        if fault == 15 || (forgotten && order.paid == 0) || (forgotten && !is_trade) {
            return Some(self.failure(if is_trade { "ORDERNOTEXIST" } else { "NOT_FOUND" }, None));
        }
        let state = match self.gateway {
            _ if closes => return None,
            "redpack" if truth.stuck && order.paid == 0 => "SENDING",
            "redpack" if fault == 16 => "PROCESSING",
            "redpack" if order.failed => "FAILED",
            "redpack" if world >= truth.made + 2 * A_DAY => "REFUND",
            "redpack" => "SENT",
            "workwx" if fault == 16 => "PROCESSING",
            "workwx" if order.failed => "FAILED",
            "workwx" => "SUCCESS",
            _ if truth.refunded => "REFUND",
            _ if fault == 16 && order.paid == 0 => "USERPAYING",
            _ if fault == 17 && order.paid == 0 && !order.closed => "PAYERROR",
            _ if order.paid > 0 => "SUCCESS",
            _ if order.closed => "CLOSED",
            _ => "NOTPAY",
        };
        truth.said_paid |= matches!(state, "SUCCESS");
        truth.said_tried |= matches!(state, "PAYERROR");
        Some(self.says(order, number, state, fault))
    }

    fn says(&self, order: &Order, number: &str, state: &str, fault: u32) -> String {
        let other = "20261121OTHERORDER";
        let named = match fault {
            8 => other,
            18 => "",
            _ => number,
        };
        let (name, status, amount) = match self.gateway {
            "redpack" => ("mch_billno", "status", "total_amount"),
            "workwx" => ("partner_trade_no", "status", "payment_amount"),
            _ => ("out_trade_no", "trade_state", "total_fee"),
        };
        let fen =
            [amount, "amount"].into_iter().map(|name| order.field(name)).find(|fen| !fen.is_empty()).unwrap_or("");
        let mut fields = vec![(name, named), (status, state), (amount, if fault == 9 { "7" } else { fen })];
        fields.retain(|(_, value)| !value.is_empty());
        if self.gateway == "swiftpass" {
            fields.extend([("status", "0"), ("result_code", "0"), ("mch_id", SWIFTPASS_MCH_ID)]);
            fields.push(("transaction_id", "7551000001201611221001"));
            return swiftpass_signed(&fields);
        }
        fields.extend([("return_code", "SUCCESS"), ("result_code", "SUCCESS")]);
        fields.extend((state == "SENDING").then_some(("reason", "它还在发放中")));
        reply(&fields)
    }

    /// The time that comes with an answer.
    pub(super) fn date(&self, state: &mut State) -> Option<i64> {
        let Some(field) = &state.field else { return self.now() };
        let node = match state.dice.roll(25) {
            0 => [Dates::None, Dates::Off(-540), Dates::Off(400), Dates::At(600)][state.dice.roll(4) as usize],
            _ => field.dates,
        };
        match node {
            Dates::None => None,
            Dates::Right => self.now(),
            Dates::Off(seconds) => self.now().map(|now| now + seconds),
            Dates::At(time) => Some(time),
        }
    }
}

fn order(request: &Parsed) -> Order {
    let (content, intent) = (request.content(), request.intent().into());
    Order { content, paid: 0, failed: false, closed: false, intent }
}

/// What was to be executed by now. What was SENDING for three days failed.
fn catch_up(field: &mut Field, ledger: &mut HashMap<String, Order>, world: Duration) {
    let (now, later) = std::mem::take(&mut field.late).into_iter().partition(|late| late.due <= world);
    field.late = later;
    for Late { number, stored, due } in now {
        let truth = field.truths.entry(number.clone()).or_default();
        truth.made = if ledger.contains_key(&number) { truth.made } else { due };
        arrive(ledger, &number, &stored);
    }
    for (number, truth) in field.truths.iter_mut().filter(|(_, truth)| truth.stuck) {
        // An identical request came meanwhile.
        truth.stuck = ledger.get(number).is_some_and(|order| order.paid == 0);
        if truth.stuck && world >= truth.made + 3 * A_DAY {
            truth.stuck = false;
            ledger.entry(number.clone()).and_modify(|order| order.failed = true);
        }
    }
}

/// Something else happens while a request is on its way, or its answer.
pub(super) fn happens(answer: bool) {
    let what = MEANWHILE.with_borrow_mut(|meanwhile| match meanwhile {
        Some((0, at, _)) if *at == answer => meanwhile.take(),
        Some((after, at, _)) if *at == answer => {
            *after -= 1;
            None
        }
        _ => None,
    });
    if let Some((.., what)) = what {
        what();
    }
}

/// What happens while the request after so many more is on its way, or its answer.
pub fn meanwhile(after: u32, answer: bool, what: Box<dyn FnOnce()>) {
    MEANWHILE.set(Some((after, answer, what)));
}

pub fn no_meanwhile() {
    MEANWHILE.set(None);
}

// ---- what a test asks, and what people do ----

impl Modelled {
    fn field<T>(&self, look: impl FnOnce(&mut Field, &mut HashMap<String, Order>, Duration) -> T) -> T {
        let world = self.world();
        let State { field, ledger, .. } = &mut *self.state.lock().unwrap();
        let field = field.as_mut().expect("a gateway of the field");
        catch_up(field, ledger, world);
        look(field, ledger, world)
    }

    /// What was to be executed by now is.
    pub(super) fn catch_up(&self) {
        let world = self.world();
        let State { field, ledger, .. } = &mut *self.state.lock().unwrap();
        if let Some(field) = field {
            catch_up(field, ledger, world);
        }
    }

    pub fn set_dates(&self, dates: Dates) {
        self.field(|field, _, _| field.dates = dates);
    }

    pub fn dates(&self) -> Dates {
        self.field(|field, _, _| field.dates)
    }

    /// Whether the ledger has this order.
    pub fn knows(&self, number: &str) -> bool {
        self.field(|_, ledger, _| ledger.contains_key(number))
    }

    /// The orders of an intent, and how often each was paid.
    pub fn orders(&self, intent: &str) -> Vec<(String, u32)> {
        self.field(|_, ledger, _| {
            let of_intent = ledger.iter().filter(|(_, order)| order.intent == intent);
            of_intent.map(|(number, order)| (number.clone(), order.paid)).collect()
        })
    }

    pub fn dies_with(&self, journal: Option<MemoryJournal>) {
        self.field(|field, _, _| field.dies_with = journal);
    }

    /// The payments that left since this was asked last.
    pub fn sendings(&self) -> Vec<Sending> {
        self.field(|field, _, _| std::mem::take(&mut field.sendings))
    }

    /// How many of them left after this moment.
    pub fn sent_after(&self, moment: Duration) -> usize {
        self.field(|field, _, _| field.sendings.iter().filter(|sending| sending.begun > moment).count())
    }

    pub fn truth(&self, number: &str) -> Truth {
        self.field(|field, _, _| field.truths.get(number).cloned().unwrap_or_default())
    }

    /// Whether it may be paid some time although nobody does anything more, or asks for it: it is on its way.
    pub fn is_under_way(&self, number: &str) -> bool {
        let pays = |ledger: &HashMap<String, Order>| ledger.get(number).is_none_or(|order| !order.failed);
        self.gateway != "swiftpass"
            && self.field(|field, ledger, _| field.late.iter().any(|late| late.number == number) && pays(ledger))
    }

    pub fn is_stuck(&self, number: &str) -> bool {
        self.truth(number).stuck
    }

    /// Whether whoever has its URL can pay it: until it is closed, or no page of it can live any more.
    pub fn is_payable(&self, number: &str) -> bool {
        self.field(|field, ledger, world| {
            let made = field.truths.get(number).map_or(Duration::ZERO, |truth| truth.made);
            ledger.get(number).is_some_and(|order| !order.closed && order.paid == 0) && world < made + TWO_HOURS
        })
    }

    /// A customer who opened the page pays.
    pub fn customer_pays_late(&self, number: &str) -> bool {
        let pays = self.is_payable(number);
        self.field(|_, ledger, _| {
            ledger.entry(number.into()).and_modify(|order| order.paid += u32::from(pays));
        });
        pays
    }

    /// Somebody pays an order whose URL this till never had.
    pub fn stray_pays(&self, number: &str) -> bool {
        let pays = self.customer_pays_late(number);
        self.field(|field, _, _| field.truths.entry(number.into()).or_default().stray |= pays);
        pays
    }

    /// The manager gives the money back on the platform.
    pub fn refund(&self, number: &str) {
        self.field(|field, _, _| field.truths.entry(number.into()).or_default().refunded = true);
    }

    /// Whether it was given back before any query said that it is paid.
    pub fn is_given_back(&self, number: &str) -> bool {
        let truth = self.truth(number);
        truth.refunded && !truth.said_paid
    }

    pub fn was_refunded(&self, number: &str) -> bool {
        self.truth(number).refunded
    }

    /// A field of the request that was paid.
    pub fn sent_field(&self, number: &str, names: &[&str]) -> String {
        self.field(|_, ledger, _| {
            let order = ledger.get(number);
            let all = names.iter().filter_map(|name| Some(order?.field(name).to_string()));
            all.into_iter().find(|value| !value.is_empty()).unwrap_or_default()
        })
    }
}
