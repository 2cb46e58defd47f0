//! The rules are explored: every course of one intent, to a depth, by each gateway, with what can go wrong on the way.
//!
//! The search drives `rules::step` as it is. `desk.rs`, `pay.rs`, `run.rs` and `recover.rs` carry its steps out as the till does, `gateway.rs` is the gateway as it
//! may be, `promises.rs` holds what the till promises against what the gateway really did, and `mistakes.rs` plants mistakes that
//! the search must find. A broken promise is told as the shortest story, one line an action.
//!
//! One action is one call, or one thing that happens between two calls. What happens within a call is a choice of the call's:
//! the search makes each choice at each place (`state::Tape`). `WXPAY_AT_LENGTH=1` searches deeper, with more bad luck.

// The search says how far it came.
#![allow(clippy::print_stdout)]

mod desk;
mod gateway;
mod mistakes;
mod pay;
mod promises;
mod recover;
mod run;
mod state;

use std::collections::HashSet;
use std::format;
use std::println;
use std::string::String;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::vec::Vec;

use super::events::{FLOWS, Flow};
use crate::till::rules::is_repeatable;
use gateway::{may_be_paid_out, may_pay};
use mistakes::{Mistake, NONE};
use promises::{Told, is_abandoned, told};
use state::{BEGAN, DAY, DeviceClock, JournalIs, Left, MINUTE, Run, Shop, State, Tape, Truth, World};

/// One call, or one thing that happens between two calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Pay(Flow),
    Recover {
        repeats: bool,
    },
    PaymentOf(usize),
    Close(usize),
    Notified(usize),
    ArrivesLate {
        at: usize,
        executed: bool,
    },
    Becomes(usize, Truth),
    Restart,
    JournalFails(JournalIs),
    JournalWorks,
    ClockJumps(DeviceClock),
    TimePasses(i64),
    ByHand {
        at: usize,
        paid: bool,
    },
    /// A person lets be paid again what was refused for good.
    AllowAgain(usize),
    /// The caller keeps money that came late.
    AcceptLate(usize),
}

/// As a person would tell it.
fn in_words(action: Action) -> String {
    let hand = |paid| if paid { "paid" } else { "unpaid" };
    match action {
        Action::Pay(flow) => format!("pay ({flow:?}) is called"),
        Action::Recover { repeats: false } => "recover is called".into(),
        Action::Recover { repeats: true } => "recover is called, and may repeat what is younger than a day".into(),
        Action::PaymentOf(at) => format!("payment_of number {} is called", at + 1),
        Action::Close(at) => format!("close of number {} is called", at + 1),
        Action::Notified(at) => format!("the notification of number {} comes", at + 1),
        Action::ArrivesLate { .. } => "later".into(),
        Action::Becomes(at, truth) => format!("at the gateway number {} becomes {truth:?}", at + 1),
        Action::Restart => "the process begins anew".into(),
        Action::JournalFails(_) => "later".into(),
        Action::JournalWorks => "the journal works again".into(),
        Action::ClockJumps(clock) => format!("the device's clock is now {clock:?}"),
        Action::TimePasses(seconds) if seconds < DAY => format!("{} minutes pass", seconds / MINUTE),
        Action::TimePasses(seconds) => format!("{} days pass", seconds / DAY),
        Action::ByHand { at, paid } => format!("a person settles number {} as {}", at + 1, hand(paid)),
        Action::AllowAgain(at) => format!("a person lets number {} be paid again", at + 1),
        Action::AcceptLate(at) => format!("accept_late of number {} is called", at + 1),
    }
}

const AN_HOUR: i64 = 60 * MINUTE;

/// What can happen next.
fn actions(shop: &Shop, state: &State) -> Vec<Action> {
    let mut all: Vec<Action> = shop.flows.iter().map(|flow| Action::Pay(*flow)).collect();
    for at in 0..state.numbers.len() {
        of_number(state, at, &mut all);
    }
    if state.numbers.iter().any(|number| number.entry.is_pending()) {
        all.push(Action::Recover { repeats: false });
        if shop.flows.iter().any(|flow| is_repeatable(shop.account(*flow).endpoint)) {
            all.push(Action::Recover { repeats: true });
        }
    }
    let orders = shop.flows.iter().any(|flow| flow.is_order());
    let pauses: &[i64] = match orders {
        true => &[MINUTE + 1, 20 * MINUTE, 130 * MINUTE, 31 * DAY],
        false => &[MINUTE + 1, 20 * MINUTE, 3 * DAY, 31 * DAY],
    };
    if !state.numbers.is_empty() {
        all.extend(pauses.iter().map(|pause| Action::TimePasses(*pause)));
    }
    if state.left.power_cuts > 0 {
        all.push(Action::Restart);
    }
    if state.journal != JournalIs::Working {
        all.push(Action::JournalWorks);
    } else if state.left.journal_faults > 0 {
        all.extend([JournalIs::Failing, JournalIs::StoringOnce].map(Action::JournalFails));
    }
    if state.left.clock_jumps > 0 {
        let clocks = [DeviceClock::Right, DeviceClock::Ahead, DeviceClock::Behind, DeviceClock::Unset];
        all.extend(clocks.into_iter().filter(|clock| *clock != state.clock).map(Action::ClockJumps));
    }
    all
}

fn of_number(state: &State, at: usize, all: &mut Vec<Action>) {
    let number = &state.numbers[at];
    all.push(Action::PaymentOf(at));
    if number.flying > 0 {
        all.extend([true, false].map(|executed| Action::ArrivesLate { at, executed }));
    }
    if number.truth == Truth::Working {
        all.extend([Action::Becomes(at, Truth::Paid), Action::Becomes(at, Truth::Failed)]);
    }
    if number.flow.is_order() {
        all.push(Action::Close(at));
        // The answer was lost on the way, and somebody has it all the same.
        let strange = state.left.strange > 0 && is_abandoned(&number.entry);
        if may_pay(state, number) && (number.url_out || strange) {
            all.push(Action::Becomes(at, Truth::Paid));
        }
        if may_pay(state, number) && number.url_out && number.truth == Truth::Unpaid {
            all.push(Action::Becomes(at, Truth::PayError));
        }
        if number.truth == Truth::Unpaid && state.real - number.made_at > 5 * MINUTE {
            all.push(Action::Becomes(at, Truth::Closed));
        }
        if number.entry.is_paid_late() {
            all.push(Action::AcceptLate(at));
        }
        if number.truth == Truth::Paid {
            all.extend([Action::Notified(at), Action::Becomes(at, Truth::GivenBack)]);
        }
    }
    if state.left.people > 0 && number.entry.is_refused_for_good() {
        all.push(Action::AllowAgain(at));
    }
    if state.left.people > 0 && !number.entry.is_paid() {
        let paid = matches!(number.truth, Truth::Paid | Truth::GivenBack);
        // A person looked within the hour: a customer may have paid since.
        let looked_before = number.flow.is_order() && state.real - number.paid_at < AN_HOUR;
        if paid {
            all.push(Action::ByHand { at, paid: true });
        }
        if (!paid || looked_before) && !may_be_paid_out(number) {
            all.push(Action::ByHand { at, paid: false });
        }
    }
}

impl World<'_> {
    /// Lets it happen. A call that the power cuts off is followed by a new process.
    fn run(&mut self, action: Action) {
        if self.act(action).is_err() {
            self.restart();
        }
        // Nobody calls twice within a second.
        self.state.real += 2;
    }

    fn act(&mut self, action: Action) -> Run<()> {
        self.only_asks = matches!(
            action,
            Action::PaymentOf(_) | Action::Close(_) | Action::AcceptLate(_) | Action::Recover { repeats: false }
        );
        let (heard, of) = match action {
            Action::Pay(flow) => (told(self.pay_fields(flow)?), None),
            Action::PaymentOf(at) => (told(Ok(self.payment_of(at)?)), Some(at)),
            Action::Close(at) => (told(self.close(at)?), Some(at)),
            Action::AcceptLate(at) => (told(self.accept_late(at)?), Some(at)),
            other => return self.act_untold(other),
        };
        self.say(|| format!("told: {heard:?}"));
        self.check_told(heard, of);
        Ok(())
    }

    fn act_untold(&mut self, action: Action) -> Run<()> {
        match action {
            Action::Recover { repeats } => self.recover_with(repeats)?,
            Action::Notified(at) => self.notified_of(at)?,
            Action::ArrivesLate { at, executed } => self.arrives_late(at, executed),
            Action::Becomes(at, truth) => {
                let number = &self.state.numbers[at];
                if truth == Truth::Paid && number.flow.is_order() && !number.url_out {
                    self.state.left.strange -= 1;
                }
                self.becomes(at, truth);
            }
            Action::Restart => {
                self.state.left.power_cuts -= 1;
                self.restart();
            }
            Action::JournalFails(how) => self.journal_fails(how),
            Action::JournalWorks => self.state.journal = JournalIs::Working,
            Action::ClockJumps(clock) => {
                self.state.left.clock_jumps -= 1;
                self.state.clock = clock;
            }
            Action::TimePasses(seconds) => self.state.real += seconds,
            Action::ByHand { at, paid } => {
                self.state.left.people -= 1;
                let done = self.settle_by_hand(at, paid);
                self.say(|| format!("{done:?}"));
            }
            Action::AllowAgain(at) => {
                self.state.left.people -= 1;
                let done = self.allow_again(at);
                self.say(|| format!("{done:?}"));
            }
            Action::Pay(_) | Action::PaymentOf(_) | Action::Close(_) | Action::AcceptLate(_) => {}
        }
        Ok(())
    }
}

/// How far a search goes.
#[derive(Clone, Copy)]
struct Limits {
    depth: usize,
    numbers: usize,
    patience: u64,
    left: Left,
    dates: &'static [bool],
}

/// How a state was reached.
struct Node {
    from: Option<usize>,
    action: Action,
    choices: Vec<u8>,
}

struct Found {
    states: usize,
    runs: usize,
    story: Option<Vec<String>>,
    /// How many actions the story has.
    length: usize,
}

fn world<'a>(shop: &'a Shop, mistake: &'a Mistake, limits: &Limits, state: State, tape: Tape) -> World<'a> {
    World {
        shop,
        mistake,
        state,
        tape,
        most_numbers: limits.numbers,
        patience: limits.patience,
        calm: false,
        only_asks: false,
        story: None,
        broken: None,
    }
}

fn beginning(left: Left, dates: bool) -> State {
    State {
        numbers: Vec::new(),
        journal: JournalIs::Working,
        real: BEGAN,
        opened: Duration::from_secs(3 * 3600),
        clock: DeviceClock::Right,
        dates,
        gateway_known: [false; FLOWS.len()],
        future: Vec::new(),
        begun: None,
        left,
    }
}

/// How long passes before each call of the ending. `pay` is called once after each.
const ENDING: [i64; 12] = [
    MINUTE,
    5 * MINUTE,
    20 * MINUTE,
    20 * MINUTE,
    130 * MINUTE,
    130 * MINUTE,
    DAY,
    DAY,
    31 * DAY,
    31 * DAY,
    31 * DAY,
    31 * DAY,
];

/// From here on nothing goes wrong: a right clock, a journal that works, a gateway that answers and tells the time, a customer who
/// pays. Then
/// `pay`, called again a few times, comes to an end, and all money that moved is known.
fn ends(world: &mut World<'_>, choices: &mut Vec<String>) {
    let began = world.state.real;
    world.calm = true;
    world.most_numbers = 9;
    let state = &mut world.state;
    (state.journal, state.clock, state.dates) = (JournalIs::Working, DeviceClock::Right, true);
    for at in 0..world.state.numbers.len() {
        while world.state.numbers[at].flying > 0 {
            world.arrives_late(at, true);
        }
        if world.state.numbers[at].truth == Truth::Working {
            world.becomes(at, Truth::Paid);
        }
    }
    // By the way that is still open.
    let pending = world.state.numbers.iter().find(|number| number.entry.is_pending());
    let flow = pending.or(world.state.numbers.last()).map_or(world.shop.flows[0], |number| number.flow);
    let (mut ended, mut heard) = (false, Told::Unknown);
    for pause in ENDING {
        world.state.real += pause;
        let Ok(outcome) = world.pay_fields(flow) else { break };
        heard = told(outcome);
        world.check_told(heard, None);
        choices.push(format!("{pause} s later, without any fault, pay is told {heard:?}"));
        match heard {
            Told::Ordered(at) if may_pay(&world.state, &world.state.numbers[at]) => world.becomes(at, Truth::Paid),
            Told::Ordered(_) | Told::Unknown | Told::Undated | Told::Error => {}
            Told::Paid { .. } | Told::Declined | Told::ForAPerson | Told::InTheWay => ended = true,
        }
        for at in 0..world.state.numbers.len() {
            if let Ok(outcome) = world.payment_of(at) {
                world.check_told(told(Ok(outcome)), Some(at));
            }
        }
        if ended || world.broken.is_some() {
            break;
        }
    }
    match ended || heard == Told::Undated {
        true => world.check_end(began),
        false => world.breaks("it comes to no end".into()),
    }
}

fn search(shop: &Shop, mistake: &Mistake, limits: Limits) -> Found {
    let mut seen = HashSet::new();
    let mut nodes: Vec<Node> = Vec::new();
    let mut found = Found { states: 0, runs: 0, story: None, length: 0 };
    for dates in limits.dates {
        let first = beginning(limits.left, *dates);
        seen.insert(first.key());
        let mut layer: Vec<(State, Option<usize>)> = Vec::from([(first, None)]);
        for depth in 1..=limits.depth {
            let mut next = Vec::new();
            for (state, from) in layer {
                for action in actions(shop, &state).into_iter().filter(mistake.only) {
                    let mut tape = Some(Tape::default());
                    while let Some(choices) = tape {
                        let mut world = world(shop, mistake, &limits, state.clone(), choices);
                        world.run(action);
                        found.runs += 1;
                        let node = |world: &World<'_>| Node { from, action, choices: world.tape.choices().to_vec() };
                        let mut broken = world.broken.is_some();
                        if !broken && seen.insert(world.state.key()) {
                            nodes.push(node(&world));
                            let mut after = self::world(shop, mistake, &limits, world.state.clone(), Tape::default());
                            ends(&mut after, &mut Vec::new());
                            broken = after.broken.is_some();
                            if depth < limits.depth && !broken {
                                next.push((world.state.clone(), Some(nodes.len() - 1)));
                            }
                        }
                        if broken {
                            nodes.push(node(&world));
                            found.states = seen.len();
                            found.length = depth;
                            found.story = Some(tell(shop, mistake, &limits, *dates, &nodes));
                            return found;
                        }
                        tape = world.tape.next();
                    }
                }
            }
            layer = next;
        }
    }
    found.states = seen.len();
    found
}

/// The story that ends with the last node, as a person would tell it: one line an action, and how it ends without faults.
fn tell(shop: &Shop, mistake: &Mistake, limits: &Limits, dates: bool, nodes: &[Node]) -> Vec<String> {
    let mut path: Vec<&Node> = Vec::new();
    let mut at = Some(nodes.len() - 1);
    while let Some(node) = at.map(|at| &nodes[at]) {
        path.push(node);
        at = node.from;
    }
    let mut state = beginning(limits.left, dates);
    let mut lines = Vec::from([format!(
        "{}; the gateway's answers {} the time",
        shop.name,
        if dates { "tell" } else { "do not tell" }
    )]);
    let mut broken = None;
    for node in path.iter().rev() {
        let mut world = world(shop, mistake, limits, state, Tape::of(&node.choices));
        world.story = Some(Vec::new());
        world.run(node.action);
        let parts: Vec<String> = [in_words(node.action)].into_iter().chain(world.story.unwrap()).collect();
        lines.push(parts.join("; "));
        (state, broken) = (world.state, world.broken);
    }
    if broken.is_none() {
        let mut world = world(shop, mistake, limits, state, Tape::default());
        ends(&mut world, &mut lines);
        lines.push(format!("BROKEN: {}", world.broken.unwrap_or_default()));
    }
    lines
}

/// Differs from the other orders in one event, so that a short run can do without.
const SUFFICE: &str = "WAP orders whose notifications suffice";

fn shops() -> Vec<Shop> {
    Vec::from([
        Shop::new("cash red packets", &[Flow::Redpack], false),
        Shop::new("payments to employees", &[Flow::Workwx], false),
        Shop::new("campus card recharges", &[Flow::Webgate], false),
        Shop::new("WAP orders", &[Flow::Wap], false),
        Shop::new(SUFFICE, &[Flow::Wap], true),
        Shop::new("scanned orders", &[Flow::Native], false),
        Shop::new("a red packet or a recharge", &[Flow::Redpack, Flow::Webgate], false),
        Shop::new("an order at one gateway or the other", &[Flow::Wap, Flow::Native], false),
        Shop::new("an order or a red packet", &[Flow::Wap, Flow::Redpack], false),
    ])
}

/// One search of each shop: with this much bad luck, to these depths. 0: not in a short run.
struct Reach {
    what: &'static str,
    left: Left,
    short: usize,
    /// At length: of a shop that pays out, of one that makes orders, of one that does both or has two ways to pay out.
    at_length: [usize; 3],
    patience: u64,
}

const NO_LUCK: Left = Left { power_cuts: 0, journal_faults: 0, clock_jumps: 0, delays: 0, people: 0, strange: 0 };

const PLAIN: Reach = Reach { what: "", left: NO_LUCK, short: 0, at_length: [5, 4, 3], patience: 1 };

/// Each kind of bad luck alone, which lets the search go deeper, and all together.
const REACHES: [Reach; 9] = [
    Reach { what: "no bad luck", short: 3, at_length: [6, 5, 4], ..PLAIN },
    Reach { what: "no bad luck, long calls", at_length: [4, 3, 2], patience: 4, ..PLAIN },
    Reach { what: "two power cuts", left: Left { power_cuts: 2, ..NO_LUCK }, ..PLAIN },
    Reach { what: "two faults of the journal", left: Left { journal_faults: 2, ..NO_LUCK }, ..PLAIN },
    Reach { what: "two jumps of the clock", left: Left { clock_jumps: 2, ..NO_LUCK }, ..PLAIN },
    Reach { what: "two late requests", left: Left { delays: 2, ..NO_LUCK }, ..PLAIN },
    Reach { what: "a person", left: Left { people: 1, ..NO_LUCK }, ..PLAIN },
    Reach { what: "a payment without a URL", left: Left { strange: 1, ..NO_LUCK }, at_length: [0, 5, 4], ..PLAIN },
    Reach {
        what: "all bad luck",
        left: Left { power_cuts: 1, journal_faults: 1, clock_jumps: 1, delays: 1, people: 1, strange: 1 },
        short: 2,
        at_length: [4, 3, 3],
        ..PLAIN
    },
];

/// At length: so many actions less than the full depths (`WXPAY_SHALLOWER`, for machines that have no half an hour).
fn at_length() -> Option<usize> {
    std::env::var_os("WXPAY_AT_LENGTH")?;
    let less = std::env::var("WXPAY_SHALLOWER").ok();
    Some(less.map_or(0, |less| less.parse().unwrap()))
}

/// What a search of a reach came to, in words, and its story.
fn reach(reach: &Reach, shop: &Shop, at_length: Option<usize>) -> Option<Vec<String>> {
    let Reach { what, left, short, at_length: [pays_out, orders, both], patience } = *reach;
    let depth = match (at_length, shop.flows) {
        (None, [_]) => short,
        (None, _) => short.min(2),
        (Some(less), [flow]) if flow.is_order() => orders.saturating_sub(less),
        (Some(less), [_]) => pays_out.saturating_sub(less),
        (Some(less), _) => both.saturating_sub(less),
    };
    if depth == 0 || at_length.is_none() && shop.name == SUFFICE {
        return None;
    }
    let began = Instant::now();
    let dates: &[bool] = if at_length.is_some() { &[true, false] } else { &[true] };
    let limits = Limits { depth, numbers: 2, patience, left, dates };
    let Found { states, runs, story, .. } = search(shop, NONE, limits);
    println!("{what}, {}: {states} states, {runs} runs, depth {depth}, {:?}", shop.name, began.elapsed());
    story.inspect(|story| println!("  {}", story.join("\n  ")))
}

/// The rules break no promise, however far the search goes.
#[test]
fn no_course_of_an_intent_breaks_a_promise() {
    let at_length = at_length();
    let parts: Vec<(&Reach, usize)> =
        REACHES.iter().flat_map(|part| (0..shops().len()).map(move |at| (part, at))).collect();
    let next = AtomicUsize::new(0);
    // Each takes the next one that nobody has: a long search holds up no other.
    let search_some = || {
        let mut stories = Vec::new();
        while let Some((part, at)) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
            stories.extend(reach(part, &shops()[*at], at_length).map(|story| story.join("\n")));
        }
        stories
    };
    let stories: Vec<String> = std::thread::scope(|scope| {
        let searching: Vec<_> = (0..2).map(|_| scope.spawn(search_some)).collect();
        searching.into_iter().flat_map(|searched| searched.join().unwrap()).collect()
    });
    assert!(stories.is_empty(), "{} stories:\n{}", stories.len(), stories.join("\n\n"));
}

/// Each planted mistake gives a story: a search that finds nothing looks where something would be. At length the same
/// search without the mistake gives none.
#[test]
fn each_planted_mistake_gives_a_story() {
    let less = at_length();
    let at_length = less.is_some();
    let mut missed = Vec::new();
    for mistake in mistakes::all(less == Some(0)) {
        let began = Instant::now();
        let shop = Shop::new("a shop", mistake.flows, false);
        let Mistake { left, numbers, patience, .. } = *mistake;
        let limits = Limits { depth: 7, numbers, patience, left, dates: &[true] };
        let found = search(&shop, mistake, limits);
        println!("{}: {} actions, {} states, {:?}", mistake.name, found.length, found.states, began.elapsed());
        match found.story {
            Some(story) => println!("  {}", story.join("\n  ")),
            None => missed.push(mistake.name),
        }
        if !at_length {
            continue;
        }
        let without = mistake.left_out();
        let limits = Limits { depth: found.length, ..limits };
        let story = search(&shop, &without, limits).story.unwrap_or_default();
        assert!(story.is_empty(), "without \"{}\":\n{}", mistake.name, story.join("\n"));
    }
    assert!(missed.is_empty(), "no story for: {}", missed.join("; "));
}

/// The rules as they are, in few actions, so that the search goes deep: whatever is paid of two orders, one is accepted.
#[test]
fn of_two_orders_one_is_accepted() {
    let depth = at_length().map_or(2, |less| 7_usize.saturating_sub(less));
    for part in &mistakes::OF_TWO_ORDERS {
        let began = Instant::now();
        let Mistake { name, flows, left, numbers, patience, .. } = *part;
        let limits = Limits { depth, numbers, patience, left, dates: &[false] };
        let Found { states, runs, story, .. } = search(&Shop::new("a shop", flows, false), part, limits);
        println!("{name}: {states} states, {runs} runs, depth {depth}, {:?}", began.elapsed());
        assert!(story.is_none(), "{}", story.unwrap_or_default().join("\n"));
    }
}
