//! A modelled gateway with a ledger, the dice that decides what goes wrong there, and a virtual clock.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wxpay_terminal::*;

use crate::support::wxpay::{order_made, wxpay_signed};
use crate::support::*;
use crate::till::field_gateway::{Field, happens};
use crate::till::orders::notification;

/// xorshift64*: small, seeded, the same on every machine.
#[derive(Clone)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// The first numbers of neighbouring seeds are alike: these are left out.
    pub fn after(seed: u64, rolls: u32) -> Dice {
        let mut dice = Dice::new(seed);
        for _ in 0..rolls {
            dice.roll(2);
        }
        dice
    }

    pub fn roll(&mut self, below: u32) -> u32 {
        if let Some(choice) = TAPE.with_borrow_mut(|tape| chosen(tape, below)) {
            return choice;
        }
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        ((self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as u32) % below
    }
}

thread_local! {
    static TAPE: RefCell<VecDeque<u8>> = const { RefCell::new(VecDeque::new()) };
}

/// What all dices of this thread roll first: a fuzzer's choices. Then they roll by their seeds again.
pub fn follow(choices: &[u8]) {
    TAPE.set(choices.iter().copied().collect());
}

fn chosen(tape: &mut VecDeque<u8>, below: u32) -> Option<u32> {
    let bytes = if below <= 256 { 1 } else { 4 };
    let value = (0..bytes).try_fold(0, |value: u32, _| Some(value << 8 | u32::from(tape.pop_front()?)))?;
    Some(value % below)
}

/// Years that a clock is set to: 1970, 2038, 2099.
pub const YEARS: [i64; 3] = [600, 2_147_483_600, 4_070_908_800];

/// Time that passes when somebody waits, and a board's clocks: a wall clock that may jump, and its time since it was switched on.
#[derive(Clone)]
pub struct Time(Arc<Mutex<Clocks>>);

struct Clocks {
    /// Since the start: what the world counts, whatever a board believes.
    world: Duration,
    /// What the wall clock adds to it.
    wall: i64,
    /// When the board was switched on last.
    booted: Duration,
}

impl Time {
    pub fn new() -> Time {
        let world = Duration::from_secs(5);
        Time(Arc::new(Mutex::new(Clocks { world, wall: NOW - 5, booted: Duration::ZERO })))
    }

    /// The time that is right, in seconds since 1970.
    pub fn right(&self) -> i64 {
        NOW - 5 + seconds(self.world())
    }

    pub fn world(&self) -> Duration {
        self.0.lock().unwrap().world
    }

    /// The board is off for so long. Its wall clock stands meanwhile, and its monotonic time begins anew.
    pub fn off(&self, time: Duration) {
        let clocks = &mut *self.0.lock().unwrap();
        clocks.world += time;
        clocks.wall -= seconds(time);
        clocks.booted = clocks.world;
    }

    /// Somebody sets the wall clock.
    pub fn set(&self, unix: i64) {
        let clocks = &mut *self.0.lock().unwrap();
        clocks.wall = unix - seconds(clocks.world);
    }

    /// Somebody sets the wall clock: of six times so often to the right time, else near it, days away, or to another year. What it says then.
    pub fn set_somehow(&self, dice: &mut Dice, right_of_six: u32) -> i64 {
        let right = self.right();
        let to = match dice.roll(6) {
            kind if kind < right_of_six => right,
            kind if kind == right_of_six => right + i64::from(dice.roll(2_000)) - 1_000,
            kind if kind == right_of_six + 1 => right + 86_400 * (i64::from(dice.roll(200)) - 100),
            _ => YEARS[dice.roll(3) as usize],
        };
        self.set(to);
        to
    }

    /// For a story: when it is, and how wrong the clock is.
    pub fn of_story(&self) -> String {
        let world = self.world().as_secs();
        let [days, hours, minutes, seconds] = [world / 86_400, world / 3_600 % 24, world / 60 % 60, world % 60];
        let clock = self.unix_seconds() - self.right();
        format!("day {days} {hours:02}:{minutes:02}:{seconds:02}, clock {clock:+}")
    }

    /// Prepared answers at this time.
    pub fn inputs(&self, canned: &Canned) -> Inputs {
        let random = Box::new(Counting::new());
        Inputs { transport: Box::new(canned.clone()), clock: Box::new(self.clone()), random }
    }

    pub fn jump(&self, seconds: i64) {
        self.0.lock().unwrap().wall += seconds;
    }
}

fn seconds(time: Duration) -> i64 {
    i64::try_from(time.as_secs()).unwrap()
}

impl Clock for Time {
    fn unix_seconds(&self) -> i64 {
        let clocks = &*self.0.lock().unwrap();
        clocks.wall + seconds(clocks.world)
    }

    fn monotonic(&self) -> Duration {
        let clocks = &*self.0.lock().unwrap();
        clocks.world - clocks.booted
    }
}

impl Pause for Time {
    fn pause(&self, time: Duration) {
        self.0.lock().unwrap().world += time;
    }
}

/// One order in the gateway's ledger.
#[derive(Clone, PartialEq)]
pub(super) struct Order {
    pub(super) content: String,
    pub(super) paid: u32,
    pub(super) failed: bool,
    pub(super) closed: bool,
    pub(super) intent: String,
}

impl Order {
    /// A field of the request that made it.
    pub(super) fn field(&self, name: &str) -> &str {
        self.content.split(';').find_map(|field| field.strip_prefix(name)?.strip_prefix('=')).unwrap_or("")
    }
}

/// A gateway as a transport: a ledger, and a dice that decides what goes wrong.
pub struct Modelled {
    pub(super) gateway: &'static str,
    pub(super) state: Mutex<State>,
    /// The gateway's own clock: it does not jump.
    pub(super) time: Option<Time>,
}

pub(super) struct State {
    pub(super) dice: Dice,
    pub(super) ledger: HashMap<String, Order>,
    /// Faults of a hundred requests.
    faults: u32,
    posts: u32,
    pub(super) queue: Vec<(String, String, u32)>,
    /// What gateways do in the field besides.
    pub(super) field: Option<Field>,
}

impl Modelled {
    pub fn new(gateway: &'static str, seed: u64, faults: u32) -> Arc<Modelled> {
        Modelled::at(gateway, seed, faults, None)
    }

    /// With the time that passes, for orders that expire.
    pub fn at(gateway: &'static str, seed: u64, faults: u32, time: Option<Time>) -> Arc<Modelled> {
        let state =
            State { dice: Dice::new(seed), ledger: HashMap::new(), faults, posts: 0, queue: Vec::new(), field: None };
        Arc::new(Modelled { gateway, state: Mutex::new(state), time })
    }

    pub(super) fn now(&self) -> Option<i64> {
        self.time.as_ref().map(Time::right)
    }

    /// A customer opens the URL of an order and pays, if the gateway still takes it.
    pub fn customer_pays(&self, number: &str) -> bool {
        let now = ChinaTime::from_unix(self.now().unwrap()).unwrap().digits();
        let state = &mut *self.state.lock().unwrap();
        let order = state.ledger.get_mut(number).expect("a URL of an order that exists");
        let in_time = order.field("time_expire") > now.as_str();
        let open = !order.closed && order.paid == 0 && in_time;
        order.paid += u32::from(open);
        open
    }

    /// How often each remark (the tests' name of an intent) was paid.
    pub fn paid_by_intent(&self) -> HashMap<String, u32> {
        let mut paid = HashMap::new();
        for order in self.state.lock().unwrap().ledger.values() {
            *paid.entry(order.intent.clone()).or_default() += order.paid;
        }
        paid
    }

    pub fn paid(&self, number: &str) -> u32 {
        self.catch_up();
        self.state.lock().unwrap().ledger.get(number).map_or(0, |order| order.paid)
    }

    pub fn posts(&self) -> u32 {
        self.state.lock().unwrap().posts
    }

    pub fn set_faults(&self, percent: u32) {
        self.state.lock().unwrap().faults = percent;
    }
}

/// The fields of a body, with what a repeat may change left out of the content.
pub(super) struct Parsed {
    fields: Vec<(String, String)>,
    pub(super) query: bool,
    close: bool,
}

impl Parsed {
    pub(super) fn get(&self, name: &str) -> &str {
        self.fields.iter().find(|(have, _)| have == name).map_or("", |(_, value)| value)
    }

    pub(super) fn number(&self) -> &str {
        ["mch_billno", "partner_trade_no", "out_trade_no"].iter().map(|n| self.get(n)).find(|v| !v.is_empty()).unwrap()
    }

    fn amount(&self) -> &str {
        ["total_amount", "amount", "total_fee"].iter().map(|n| self.get(n)).find(|v| !v.is_empty()).unwrap_or("")
    }

    pub(super) fn content(&self) -> String {
        let fresh = ["nonce_str", "sign", "workwx_sign", "timestamp"];
        let kept = self.fields.iter().filter(|(name, _)| !fresh.contains(&name.as_str()));
        kept.map(|(name, value)| format!("{name}={value};")).collect()
    }

    /// The tests put the intent into a text field.
    pub(super) fn intent(&self) -> &str {
        ["remark", "desc", "body"].iter().map(|n| self.get(n)).find(|v| !v.is_empty()).unwrap()
    }
}

fn parse(post: &Post<'_>) -> Parsed {
    let body = std::str::from_utf8(post.body).unwrap();
    let fields = if body.starts_with('<') {
        xml_fields(body)
    } else {
        // The tests' values need no decoding.
        body.split('&').map(|pair| pair.split_once('=').unwrap()).map(|(n, v)| (n.into(), v.into())).collect()
    };
    let mut request = Parsed { fields, query: false, close: false };
    request.close = request.get("service").ends_with("close") || post.url.ends_with("closeorder");
    request.query = post.url.ends_with("gethbinfo")
        || post.url.contains("query")
        || request.get("service").ends_with("query")
        || request.close;
    request
}

impl Transport for Modelled {
    fn post(&self, post: &Post<'_>) -> Result<Received, Fault> {
        let request = parse(post);
        happens(false);
        let posted = self.answered(&request);
        happens(true);
        posted
    }
}

impl Modelled {
    fn answered(&self, request: &Parsed) -> Result<Received, Fault> {
        let begun = self.world();
        if let Some(time) = &self.time {
            time.pause(Duration::from_millis(300));
        }
        let state = &mut *self.state.lock().unwrap();
        state.posts += 1;
        let kinds = self.comes(state, request, begun)?;
        let late: Vec<_> = std::mem::take(&mut state.queue);
        for (number, content, delay) in late {
            // A request that was on its way arrives, perhaps after its sender gave up.
            if delay > 0 {
                state.queue.push((number, content, delay - 1));
            } else {
                arrive(&mut state.ledger, &number, &content);
            }
        }
        let fault = if state.dice.roll(100) < state.faults { state.dice.roll(kinds) } else { 99 };
        match fault {
            0 => return Err(Fault::unsent(Stage::Connect, "no route")),
            1 => return Err(lost()),
            2 if !request.query && state.field.is_none() => {
                let delay = state.dice.roll(3);
                state.queue.push((request.number().into(), stored(request), delay));
                return Err(lost());
            }
            _ => {}
        }
        let reply = match self.field_reply(state, request, fault) {
            Some(reply) => reply?,
            None => match (request.query, self.gateway) {
                (true, "swiftpass" | "wxpay") => self.trade(state, request, fault),
                (true, _) => query(&state.ledger, request, fault),
                (false, _) => self.pay(state, request, fault),
            },
        };
        self.received(state, reply, fault)
    }
}

pub(super) fn stored(request: &Parsed) -> String {
    format!("{}\u{1}{}", request.intent(), request.content())
}

pub(super) fn arrive(ledger: &mut HashMap<String, Order>, number: &str, stored: &str) -> bool {
    let (intent, content) = stored.split_once('\u{1}').unwrap();
    let order = ledger.entry(number.into()).or_insert_with(|| Order {
        content: content.into(),
        paid: 0,
        failed: false,
        closed: false,
        intent: intent.into(),
    });
    if order.content != content || order.failed {
        return false;
    }
    // The same number with the same content is the same payment. An order is paid by its customer.
    if order.field("service").is_empty() && order.field("trade_type").is_empty() {
        order.paid = 1;
    }
    true
}

pub(super) fn lost() -> Fault {
    Fault { sent: Sent::Maybe, stage: Stage::Exchange, text: "lost".into() }
}

impl Modelled {
    /// What the gateway does with a payment, and says.
    fn pay(&self, state: &mut State, request: &Parsed, fault: u32) -> String {
        let number = request.number();
        let known = state.ledger.get(number).cloned();
        match (known, fault) {
            (None, 3) => return self.failure("SYSTEMERROR", None),
            (None, 4) => {
                return self.failure(if self.gateway == "redpack" { "FREQ_LIMIT" } else { "PARAM_ERROR" }, None);
            }
            (None, 5) => {
                let content = request.content();
                let intent = request.intent().into();
                state.ledger.insert(number.into(), Order { content, paid: 0, failed: true, closed: true, intent });
                return self.failure(if self.gateway == "redpack" { "SEND_FAILED" } else { "SYSTEMERROR" }, None);
            }
            (Some(order), _) if order.failed => return self.failure("SEND_FAILED", None),
            (Some(order), _) if order.content != request.content() => return self.failure("FATAL_ERROR", None),
            _ => {}
        }
        arrive(&mut state.ledger, number, &stored(request));
        match fault {
            6 => self.failure("SYSTEMERROR", Some(number)),
            7 => self.failure("PROCESSING", Some(number)),
            8 => self.success(request, "100000000000000000000000OTHR", request.amount()),
            9 => self.success(request, number, "7"),
            _ => self.success(request, number, request.amount()),
        }
    }

    fn success(&self, request: &Parsed, number: &str, amount: &str) -> String {
        match self.gateway {
            "redpack" => {
                let of = |name| (name, request.get(name));
                redpack_success(number, &[("total_amount", amount), of("mch_id"), of("wxappid"), of("re_openid")])
            }
            "workwx" => workwx_success(number, &[("mch_id", if amount == "7" { "1" } else { request.get("mch_id") })]),
            "wxpay" if amount == "7" => order_made("NATIVE", &[("total_fee", "7")]),
            "wxpay" if number != request.number() => order_made("NATIVE", &[("out_trade_no", number)]),
            "wxpay" => order_made("NATIVE", &[]),
            "swiftpass" if amount == "7" => wap_success(&[("total_fee", "7")]),
            "swiftpass" if number != request.number() => wap_success(&[("out_trade_no", number)]),
            "swiftpass" => wap_success(&[]),
            _ => webgate_reply("0", &format!(r#","out_trade_no":"{number}","amount":"{amount}""#)),
        }
    }

    /// The query and the close of orders, signed.
    fn trade(&self, state: &mut State, request: &Parsed, fault: u32) -> String {
        let number = request.number();
        let Some(order) = state.ledger.get_mut(number) else { return self.failure("ORDERNOTEXIST", None) };
        let mut fields = Vec::new();
        if request.close {
            if order.paid > 0 {
                return self.failure("ORDERPAID", Some(number));
            }
            order.closed = true;
            // WeChat's own reply to a close names no order.
            if self.gateway == "swiftpass" {
                fields.push(("out_trade_no", number));
            }
            return self.signed(&fields);
        }
        let trade_state = match order {
            Order { paid: 1.., .. } => "SUCCESS",
            Order { closed: true, .. } => "CLOSED",
            _ => "NOTPAY",
        };
        let fee = order.field("total_fee").to_string();
        fields.extend([("trade_state", trade_state), ("transaction_id", "7551000001201611221001")]);
        fields.push(("out_trade_no", if fault == 8 { "20261121OTHERORDER" } else { number }));
        // An unpaid order of WeChat's own often comes without its amount.
        if self.gateway == "swiftpass" || trade_state == "SUCCESS" {
            fields.push(("total_fee", if fault == 9 { "7" } else { &fee }));
        }
        self.signed(&fields)
    }

    /// A success of an order's gateway with these fields.
    fn signed(&self, fields: &[(&str, &str)]) -> String {
        match self.gateway {
            "wxpay" => wxpay_signed(SignType::Md5, fields),
            _ => {
                let good = [("status", "0"), ("result_code", "0"), ("mch_id", SWIFTPASS_MCH_ID)];
                swiftpass_signed(&[&good[..], fields].concat())
            }
        }
    }

    pub(super) fn failure(&self, code: &str, number: Option<&str>) -> String {
        match self.gateway {
            // A webgate that committed never signs a non-zero retcode for a first call; it breaks instead.
            "webgate" if number.is_some() => "<html>500</html>".into(),
            "webgate" => webgate_reply("17", ""),
            "wxpay" => wxpay_signed(SignType::Md5, &[("result_code", "FAIL"), ("err_code", code)]),
            "swiftpass" => swiftpass_signed(&[
                ("status", "0"),
                ("result_code", "1"),
                ("mch_id", SWIFTPASS_MCH_ID),
                ("err_code", code),
                ("out_trade_no", number.unwrap_or_default()),
            ]),
            _ => tenpay_failure(code),
        }
    }

    /// The notification of a paid order.
    pub fn notification(&self, number: &str) -> String {
        let fee = self.state.lock().unwrap().ledger[number].field("total_fee").to_string();
        match self.gateway {
            "wxpay" => crate::till::scanned::notification(number, SignType::Md5, &[("total_fee", &fee)]),
            _ => notification(number, &fee),
        }
    }

    /// What happens to a reply on its way back.
    fn received(&self, state: &mut State, reply: String, fault: u32) -> Result<Received, Fault> {
        let mut body = reply.into_bytes();
        let mut status = 200;
        match fault {
            10 => return Err(lost()),
            11 => body.truncate(state.dice.roll(u32::try_from(body.len()).unwrap()) as usize),
            12 => status = 502,
            13 => body = [body.clone(), body].concat(),
            14 => body = mis_signed(self.gateway, &String::from_utf8(body).unwrap()).into_bytes(),
            _ => {}
        }
        Ok(Received { reused: false, date: self.date(state), ..Received::new(status, body) })
    }
}

/// With a signature that is not the gateway's. (Where it does not sign, one that is there must be good all the same.)
fn mis_signed(gateway: &str, reply: &str) -> String {
    let wrong = "<sign>0123456789ABCDEF0123456789ABCDEF</sign></xml>";
    match gateway {
        "webgate" => reply.replace(r#""sign":"good""#, r#""sign":"bad""#),
        // One digit of the order or of the merchant is another one, under the signature of the right one.
        "swiftpass" => reply.replacen("75510000", "75510001", 1),
        "wxpay" => reply.replacen(MCH_ID, "1900000108", 1),
        _ => reply.replace("</xml>", wrong),
    }
}

fn query(ledger: &HashMap<String, Order>, request: &Parsed, fault: u32) -> String {
    let number = request.number();
    let Some(order) = ledger.get(number) else { return tenpay_failure("NOT_FOUND") };
    let (name, amount, amount_name, done) = match order.field("mch_billno") {
        "" => ("partner_trade_no", order.field("amount"), "payment_amount", "SUCCESS"),
        _ => ("mch_billno", order.field("total_amount"), "total_amount", "SENT"),
    };
    reply(&[
        ("return_code", "SUCCESS"),
        ("result_code", "SUCCESS"),
        (name, if fault == 8 { "100000000000000000000000OTHR" } else { number }),
        ("status", if order.failed { "FAILED" } else { done }),
        (amount_name, if fault == 9 { "7" } else { amount }),
    ])
}

impl Modelled {
    pub fn paid_by_intent_one(&self, intent: &str) -> u32 {
        self.catch_up();
        let state = self.state.lock().unwrap();
        state.ledger.values().filter(|order| order.intent == intent).map(|order| order.paid).sum()
    }

    pub fn numbers(&self) -> Vec<String> {
        self.catch_up();
        self.state.lock().unwrap().ledger.keys().cloned().collect()
    }
}

/// A fuzzer's choices come first, one byte for a small choice and four for a large one. Then the seed decides, as it would have without them.
#[test]
fn a_dice_follows_choices() {
    let by_seed = Dice::new(7).roll(1 << 20);
    follow(&[200, 7, 1, 2, 3, 4, 9]);
    let mut dice = Dice::new(7);
    let rolls = [dice.roll(256), dice.roll(4), dice.roll(1 << 30), dice.roll(1 << 20)];
    assert_eq!(rolls, [200, 3, 0x0102_0304, by_seed]);
    assert_eq!(TAPE.with_borrow(VecDeque::len), 0);
}
