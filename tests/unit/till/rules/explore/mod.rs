//! The rules are explored: every course of one intent, to a depth, by each gateway, with what can go wrong on the way.
//!
//! The search drives `rules::step` as it is. `desk.rs`, `pay.rs`, `run.rs` and `recover.rs` carry its steps out as the till does, `gateway.rs` is the gateway as it
//! may be, `promises.rs` holds what the till promises against what the gateway really did, and `mistakes.rs` plants mistakes that
//! the search must find. A broken promise is told as the shortest story, one line an action.
//!
//! One action is one call, or one thing that happens between two calls. What happens within a call is a choice of the call's:
//! the search makes each choice at each place (`Tape`). `WXPAY_AT_LENGTH=1` searches deeper, with more bad luck.

// The search says how far it came.
#![allow(clippy::print_stdout)]

mod actions;
mod codes;
mod desk;
mod gateway;
mod mistakes;
mod mistakes_of_codes;
mod pay;
mod promises;
mod recover;
mod reversal;
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
use super::tape::Tape;
use crate::till::watch::Reversals;
use actions::{Action, actions, in_words};
use gateway::may_pay;
use mistakes::{Mistake, NONE};
use promises::{Told, told};
use state::{BEGAN, DAY, DeviceClock, JournalIs, Left, MINUTE, Run, Running, Shop, State, Truth, World};

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
            Action::PaymentOf(_)
                | Action::Close(_)
                | Action::AcceptLate(_)
                | Action::Reverse(_)
                | Action::RecoverReversing(_)
                | Action::Recover { repeats: false }
        );
        let may_cancel = matches!(action, Action::PayAndCancel(_));
        self.now = Running { began: self.state.real, may_cancel, ..Running::default() };
        let (heard, of) = match action {
            Action::Pay(flow) | Action::PayAndCancel(flow) => (told(self.pay_fields(flow)?), None),
            Action::Reverse(at) => (told(self.reverse(at)?), Some(at)),
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
            Action::Recover { repeats } => self.recover_with(repeats, Reversals::None)?,
            Action::RecoverReversing(reversals) => self.recover_with(false, reversals)?,
            Action::ReversalArrives(at) => self.reversal_arrives(at),
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
            Action::Pay(_) | Action::PayAndCancel(_) | Action::PaymentOf(_) | Action::Close(_) => {}
            Action::AcceptLate(_) | Action::Reverse(_) => {}
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
    /// In how many runs a sale was charged twice, for a moment.
    moments: usize,
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
        now: Running::default(),
        two_charges: false,
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
        while world.state.numbers[at].code.reversing > 0 {
            world.reversal_arrives(at);
        }
        // A customer who types and one who is asked for nothing any more are the till's to end.
        if world.state.numbers[at].truth == Truth::Working && world.state.numbers[at].flow != Flow::Code {
            world.becomes(at, Truth::Paid);
        }
    }
    // By the way that is still open.
    let pending = world.state.numbers.iter().find(|number| number.entry.is_pending());
    let flow = pending.or(world.state.numbers.last()).map_or(world.shop.flows[0], |number| number.flow);
    let (mut ended, mut heard) = (false, Told::Unknown);
    for pause in ENDING {
        world.state.real += pause;
        world.now = Running { began: world.state.real, ..Running::default() };
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
    let mut found = Found { states: 0, runs: 0, story: None, moments: 0, length: 0 };
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
                        found.moments += usize::from(world.two_charges);
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

const NO_LUCK: Left =
    Left { power_cuts: 0, journal_faults: 0, clock_jumps: 0, delays: 0, people: 0, strange: 0, lies: 0, cancels: 0 };

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
        left: Left {
            power_cuts: 1,
            journal_faults: 1,
            clock_jumps: 1,
            delays: 1,
            people: 1,
            strange: 1,
            lies: 0,
            cancels: 0,
        },
        short: 2,
        at_length: [4, 3, 3],
        ..PLAIN
    },
];

fn shops_of_codes() -> Vec<Shop> {
    Vec::from([
        Shop::new("payment codes", &[Flow::Code], false),
        Shop::new("a code or a QR", &[Flow::Code, Flow::Native], false),
        Shop::new("payment codes without a certificate", &[Flow::Code], false).without_certificate(),
        Shop::new("payment codes of any wallet", &[Flow::Code], false).of_any_wallet(),
        Shop::new("a code of any wallet, or a QR at the other gateway", &[Flow::Code, Flow::Native], false)
            .of_any_wallet(),
    ])
}

/// One search of each shop with payment codes: with this much bad luck, to these depths (of codes alone, of a code or a QR).
struct ReachOfCodes {
    what: &'static str,
    left: Left,
    short: [usize; 2],
    at_length: [usize; 2],
    patience: u64,
}

const LIES: Left = Left { lies: 1, ..NO_LUCK };
const PLAIN_CODES: ReachOfCodes = ReachOfCodes { what: "", left: LIES, short: [0, 0], at_length: [4, 3], patience: 1 };

/// `patience` 75 s is what a call has by default: it polls for 45 s, and reverses.
const REACHES_OF_CODES: [ReachOfCodes; 9] = [
    ReachOfCodes { what: "a true gateway", left: NO_LUCK, short: [3, 2], at_length: [6, 4], ..PLAIN_CODES },
    ReachOfCodes { what: "a lie", short: [3, 2], at_length: [5, 4], ..PLAIN_CODES },
    ReachOfCodes { what: "two lies", left: Left { lies: 2, ..NO_LUCK }, at_length: [4, 3], ..PLAIN_CODES },
    ReachOfCodes {
        what: "whole calls",
        left: Left { cancels: 1, ..LIES },
        short: [1, 0],
        at_length: [2, 2],
        patience: 75,
    },
    ReachOfCodes {
        what: "power cuts and late requests",
        left: Left { power_cuts: 2, delays: 2, ..LIES },
        ..PLAIN_CODES
    },
    ReachOfCodes {
        what: "a journal that fails",
        left: Left { journal_faults: 2, ..LIES },
        at_length: [3, 3],
        ..PLAIN_CODES
    },
    ReachOfCodes { what: "two jumps of the clock", left: Left { clock_jumps: 2, ..LIES }, ..PLAIN_CODES },
    ReachOfCodes {
        what: "a person, and cancels",
        left: Left { people: 1, cancels: 2, ..LIES },
        at_length: [3, 3],
        ..PLAIN_CODES
    },
    ReachOfCodes {
        what: "all bad luck",
        left: Left {
            power_cuts: 1,
            journal_faults: 1,
            clock_jumps: 1,
            delays: 1,
            people: 1,
            strange: 0,
            lies: 1,
            cancels: 1,
        },
        short: [1, 1],
        at_length: [3, 2],
        ..PLAIN_CODES
    },
];

/// The rules of payment codes break no promise, either: with a gateway that lies so often, answers late or not at all.
#[test]
fn no_course_of_a_payment_by_code_breaks_a_promise() {
    let at_length = at_length();
    let parts: Vec<(&ReachOfCodes, usize)> =
        REACHES_OF_CODES.iter().flat_map(|part| (0..shops_of_codes().len()).map(move |at| (part, at))).collect();
    let next = AtomicUsize::new(0);
    let search_some = || {
        let mut stories = Vec::new();
        let shops = shops_of_codes();
        while let Some((part, at)) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
            stories.extend(reach_of_codes(part, &shops[*at], *at, at_length).map(|story| story.join("\n")));
        }
        stories
    };
    let stories: Vec<String> = std::thread::scope(|scope| {
        let searching: Vec<_> = (0..2).map(|_| scope.spawn(search_some)).collect();
        searching.into_iter().flat_map(|searched| searched.join().unwrap()).collect()
    });
    assert!(stories.is_empty(), "{} stories:\n{}", stories.len(), stories.join("\n\n"));
}

fn reach_of_codes(reach: &ReachOfCodes, shop: &Shop, at: usize, at_length: Option<usize>) -> Option<Vec<String>> {
    let ReachOfCodes { what, left, short, at_length: long, patience } = *reach;
    // Nothing can be taken back by the third: it does without the last action. Codes of any wallet have more answers.
    let of = |[codes, or_qr]: [usize; 2]| match at {
        0 => codes,
        1 => or_qr,
        2 | 3 => codes.saturating_sub(1),
        _ => or_qr.saturating_sub(1),
    };
    let depth = at_length.map_or(of(short), |less| of(long).saturating_sub(less));
    if depth == 0 {
        return None;
    }
    let dates: &[bool] = if at_length.is_some() { &[true, false] } else { &[true] };
    // There it polls for 60 s.
    let patience = if shop.unified && patience > 60 { patience + 15 } else { patience };
    searched(what, shop, Limits { depth, numbers: 2, patience, left, dates })
}

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
    let dates: &[bool] = if at_length.is_some() { &[true, false] } else { &[true] };
    searched(what, shop, Limits { depth, numbers: 2, patience, left, dates })
}

fn searched(what: &str, shop: &Shop, limits: Limits) -> Option<Vec<String>> {
    let (began, depth) = (Instant::now(), limits.depth);
    let Found { states, runs, story, moments, .. } = search(shop, NONE, limits);
    let moments = if moments > 0 { format!(", {moments} moments with two charges") } else { String::new() };
    println!("{what}, {}: {states} states, {runs} runs, depth {depth}{moments}, {:?}", shop.name, began.elapsed());
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
    stories_of(mistakes::all(at_length() == Some(0)), at_length().is_some());
}

#[test]
fn each_planted_mistake_with_codes_gives_a_story() {
    stories_of(mistakes_of_codes::all(), at_length() == Some(0));
}

/// Each has its story. `again`: without the mistake the same search has none.
fn stories_of(mistakes: impl Iterator<Item = &'static Mistake>, again: bool) {
    let mut missed = Vec::new();
    for mistake in mistakes {
        let began = Instant::now();
        let shop = mistake.shop();
        let Mistake { left, numbers, patience, .. } = *mistake;
        let limits = Limits { depth: 7, numbers, patience, left, dates: &[true] };
        let found = search(&shop, mistake, limits);
        println!("{}: {} actions, {} states, {:?}", mistake.name, found.length, found.states, began.elapsed());
        match found.story {
            Some(story) => println!("  {}", story.join("\n  ")),
            None => missed.push(mistake.name),
        }
        if !again {
            continue;
        }
        let without = mistake.left_out();
        let limits = Limits { depth: found.length, ..limits };
        let story = search(&shop, &without, limits).story.unwrap_or_default();
        assert!(story.is_empty(), "without \"{}\":\n{}", mistake.name, story.join("\n"));
    }
    assert!(missed.is_empty(), "no story for: {}", missed.join("; "));
}

/// The rules as they are, in few actions, with what a payment by code can come to at its worst.
#[test]
fn of_a_sale_by_code_one_is_accepted() {
    // One action less would still be too long for CI.
    let is_whole = at_length() == Some(0);
    for (part, short, long) in &mistakes_of_codes::OF_A_SALE {
        let depth = if is_whole { *long } else { *short };
        let Mistake { name, left, numbers, patience, .. } = *part;
        let limits = Limits { depth, numbers, patience, left, dates: &[true] };
        let found = search(&part.shop(), part, limits);
        let Found { states, runs, moments, .. } = found;
        println!("{name}: {states} states, {runs} runs, depth {depth}, {moments} moments with two charges");
        let story = found.story.unwrap_or_default();
        assert!(story.is_empty(), "{}", story.join("\n"));
    }
}

/// The rules as they are, in few actions, so that the search goes deep: whatever is paid of two orders, one is accepted.
#[test]
fn of_two_orders_one_is_accepted() {
    let depth = at_length().map_or(2, |less| 7_usize.saturating_sub(less));
    for part in &mistakes::OF_TWO_ORDERS {
        let began = Instant::now();
        let Mistake { name, left, numbers, patience, .. } = *part;
        let limits = Limits { depth, numbers, patience, left, dates: &[false] };
        let Found { states, runs, story, .. } = search(&part.shop(), part, limits);
        println!("{name}: {states} states, {runs} runs, depth {depth}, {:?}", began.elapsed());
        assert!(story.is_none(), "{}", story.unwrap_or_default().join("\n"));
    }
}
