//! The rules of refunds are searched: every course of the returns of one order, to a depth, with what can go wrong on the way.
//!
//! The search drives `rules::step`, `rules::not_refundable` and the others as they are. `till.rs` carries the steps out, `gateway.rs` is
//! the gateway as it may be, `state.rs` has the journal and the promises (POS flows 5, rulings 8, 20.9, 20.12), and `mistakes.rs` plants
//! mistakes that the search must find. A broken promise is told as the shortest story, one line an action.
//! `WXPAY_AT_LENGTH=1` searches deeper.
//!
//! A gateway is believed in these: a row is at most a minute behind; a late request does not revive what failed or was closed since it
//! was sent; a request of a live number moves no money.

// The search says how far it came.
#![allow(clippy::print_stdout)]

mod gateway;
mod mistakes;
mod state;
mod till;

use std::collections::HashSet;
use std::format;
use std::println;
use std::string::String;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use std::vec::Vec;

use super::tape::Tape;
use crate::journal::{EntryState, Settlement};
use mistakes::{MISTAKES, Mistake, NO_LUCK, NONE};
use state::{Left, MINUTE, Run, Shop, State, TOTAL, Truth, World};

/// One call, or one thing that happens between two calls.
#[derive(Clone, Copy, Debug)]
enum Action {
    /// `refund` of this return.
    Refund(usize),
    Recover,
    /// `payment_of` this number, or a notification of it.
    Ask(usize),
    Passes(i64),
    PowerCut,
    Becomes(usize, Truth),
    /// A late request arrives.
    Arrives(usize),
    /// A person looked, and says what is true.
    ByHand(usize, bool),
    /// Another till refunds the order.
    Another,
}

/// What a refund of another till's comes to.
const OTHERS: i64 = 60;

fn actions(shop: &Shop, state: &State) -> Vec<Action> {
    let mut all: Vec<Action> = Vec::new();
    for of in 0..shop.returns.len() {
        // Two returns of one amount are the same until one of them began.
        let began = |of: usize| state.numbers.iter().any(|number| number.of == of);
        let twin = (0..of).any(|other| shop.returns[other] == shop.returns[of] && !began(other));
        all.extend((!twin).then_some(Action::Refund(of)));
    }
    if state.left.others > 0 && (!shop.sums || state.given_back() + OTHERS <= TOTAL) {
        all.push(Action::Another);
    }
    if state.numbers.is_empty() {
        return all;
    }
    all.extend([Action::Recover, Action::Passes(MINUTE), Action::Passes(30 * MINUTE)]);
    all.extend((state.left.power_cuts > 0).then_some(Action::PowerCut));
    for (at, number) in state.numbers.iter().enumerate() {
        all.extend((!number.entry.is_paid()).then_some(Action::Ask(at)));
        let becomes: &[Truth] = match number.truth {
            Truth::Processing => &[Truth::Success, Truth::Fail, Truth::Change, Truth::Closed],
            Truth::Change => &[Truth::Success],
            _ => &[],
        };
        all.extend(becomes.iter().map(|truth| Action::Becomes(at, *truth)));
        all.extend((number.flying > 0).then_some(Action::Arrives(at)));
        // Nobody can tell what is on its way.
        if state.left.people > 0 && number.flying == 0 && number.truth != Truth::Processing {
            all.push(Action::ByHand(at, number.truth.is_live()));
        }
    }
    all
}

impl World<'_> {
    /// Lets it happen. A call that the power cuts off is followed by a new process.
    fn run(&mut self, action: Action) {
        if self.act(action).is_err() {
            self.restart();
        }
        // Nobody calls twice within a second.
        self.state.real += 2;
        self.check_written();
    }

    fn act(&mut self, action: Action) -> Run<()> {
        match action {
            Action::Refund(of) => {
                let told = self.refund(of)?;
                self.say(|| format!("told {}", told.as_ref().map_or("an error", heard)));
                if let Ok(told) = told {
                    self.check_told(&told);
                }
            }
            Action::Recover => self.recover()?,
            Action::Ask(at) => {
                let told = self.payment_of(at)?;
                self.check_told(&told);
            }
            Action::Passes(seconds) => self.state.real += seconds,
            Action::PowerCut => {
                self.state.left.power_cuts -= 1;
                self.restart();
            }
            Action::Becomes(at, truth) => self.becomes(at, truth),
            Action::Arrives(at) => self.arrives(at),
            Action::ByHand(at, paid) => {
                self.state.left.people -= 1;
                let done = self.settle_by_hand(at, paid);
                self.say(|| format!("{done:?}"));
            }
            Action::Another => {
                self.state.left.others -= 1;
                self.state.other += OTHERS;
            }
        }
        Ok(())
    }

    /// From here on nothing goes wrong. Called a few times, every refund comes to an end that is true.
    fn ends(&mut self) {
        self.calm = true;
        for at in 0..self.state.numbers.len() {
            while self.state.numbers[at].flying > 0 {
                self.arrives(at);
            }
        }
        for pause in ENDING {
            self.state.real += pause;
            for of in 0..self.shop.returns.len() {
                if self.state.numbers.iter().any(|number| number.of == of) && self.act(Action::Refund(of)).is_err() {
                    return;
                }
                self.state.real += MINUTE + 1;
            }
            let _ = self.act(Action::Recover);
            self.check_written();
        }
        let open = self.state.numbers.iter().find(|number| !is_ended(&number.entry.state, number.truth));
        if let Some(number) = open {
            let (name, state, truth) = (&number.entry.order_number, &number.entry.state, number.truth);
            let words = format!("{name} comes to no end: {state:?}, and is {truth:?}");
            self.breaks(words);
        }
    }
}

fn heard<T>(outcome: &crate::outcome::Outcome<T>) -> &'static str {
    use crate::outcome::Outcome;
    match outcome {
        Outcome::Accepted(_) => "arrived",
        Outcome::Taken(_) => "taken",
        Outcome::Declined(_) => "refused",
        _ => "unknown",
    }
}

/// How long passes before each round of calls of the ending.
const ENDING: [i64; 4] = [MINUTE, 2 * MINUTE, 30 * MINUTE, 361 * MINUTE];

fn is_ended(state: &EntryState, truth: Truth) -> bool {
    let EntryState::Recorded(settlement) = state else { return false };
    match settlement {
        Settlement::Accepted { .. } => truth == Truth::Success,
        Settlement::Refunding { .. } => truth == Truth::Processing,
        Settlement::ForAPerson { .. } => true,
        Settlement::ByHand { paid, .. } => *paid == truth.is_live(),
        Settlement::Declined { .. } | Settlement::NotSent => !truth.is_live(),
        _ => false,
    }
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
    length: usize,
    story: Option<Vec<String>>,
}

fn search(shop: &Shop, mistake: &Mistake, left: Left, depth: usize) -> Found {
    let first = State::new(left);
    let mut seen = HashSet::from([first.key()]);
    let mut nodes: Vec<Node> = Vec::new();
    let mut layer: Vec<(State, Option<usize>)> = Vec::from([(first, None)]);
    let mut runs = 0;
    for length in 1..=depth {
        let mut next = Vec::new();
        for (state, from) in layer {
            for action in actions(shop, &state) {
                let mut tape = Some(Tape::default());
                while let Some(choices) = tape {
                    let mut world = World::new(shop, mistake, state.clone(), choices);
                    world.run(action);
                    runs += 1;
                    let mut broken = world.broken.is_some();
                    let is_new = !broken && seen.insert(world.state.key());
                    if broken || is_new {
                        nodes.push(Node { from, action, choices: world.tape.choices().to_vec() });
                    }
                    if is_new {
                        let mut after = World::new(shop, mistake, world.state.clone(), Tape::default());
                        after.ends();
                        broken = after.broken.is_some();
                    }
                    if broken {
                        let story = Some(tell(shop, mistake, left, &nodes));
                        return Found { states: seen.len(), runs, length, story };
                    }
                    if is_new && length < depth {
                        next.push((world.state.clone(), Some(nodes.len() - 1)));
                    }
                    tape = world.tape.next();
                }
            }
        }
        layer = next;
    }
    Found { states: seen.len(), runs, length: depth, story: None }
}

/// The story that ends with the last node: one line an action.
fn tell(shop: &Shop, mistake: &Mistake, left: Left, nodes: &[Node]) -> Vec<String> {
    let mut path: Vec<&Node> = Vec::new();
    let mut at = Some(nodes.len() - 1);
    while let Some(node) = at.map(|at| &nodes[at]) {
        path.push(node);
        at = node.from;
    }
    let (mut state, mut broken, mut lines) = (State::new(left), None, Vec::new());
    for node in path.iter().rev() {
        let mut world = World::new(shop, mistake, state, Tape::of(&node.choices));
        world.story = Some(Vec::new());
        world.run(node.action);
        let parts = [format!("{:?}", node.action)].into_iter().chain(world.story.unwrap());
        lines.push(parts.collect::<Vec<String>>().join("; "));
        (state, broken) = (world.state, world.broken);
    }
    if broken.is_none() {
        let mut world = World::new(shop, mistake, state, Tape::default());
        world.story = Some(Vec::new());
        world.ends();
        lines.push(format!("without faults: {}", world.story.unwrap().join("; ")));
        broken = world.broken;
    }
    lines.push(format!("broken: {}", broken.unwrap_or_default()));
    lines
}

/// One search: with this much bad luck, to these depths in each run of the tests and at length.
struct Reach {
    what: &'static str,
    left: Left,
    short: usize,
    long: usize,
}

const LIES: Left = Left { lies: 1, ..NO_LUCK };

const REACHES: [Reach; 9] = [
    Reach { what: "no bad luck", left: NO_LUCK, short: 5, long: 8 },
    Reach { what: "refusals, true and false", left: Left { refusals: 1, lies: 1, ..NO_LUCK }, short: 3, long: 6 },
    Reach { what: "two false refusals", left: Left { lies: 2, ..NO_LUCK }, short: 3, long: 6 },
    Reach { what: "power cuts", left: Left { power_cuts: 2, ..LIES }, short: 3, long: 5 },
    Reach { what: "a journal that fails", left: Left { journal_faults: 1, ..LIES }, short: 3, long: 5 },
    Reach { what: "late and lost requests", left: Left { delays: 2, lost: 1, ..LIES }, short: 3, long: 5 },
    Reach { what: "questions without an answer", left: Left { silences: 2, ..LIES }, short: 3, long: 5 },
    Reach { what: "a person, and another till", left: Left { people: 1, others: 1, ..LIES }, short: 3, long: 5 },
    Reach {
        what: "all bad luck",
        left: Left {
            power_cuts: 1,
            journal_faults: 1,
            delays: 1,
            lost: 1,
            refusals: 1,
            lies: 1,
            silences: 1,
            people: 1,
            others: 1,
        },
        short: 2,
        long: 4,
    },
];

/// Two halves that are too much together, and one that fits beside them.
const RETURNS: [&[i64]; 2] = [&[60, 60], &[60, 60, 40]];

fn is_at_length() -> bool {
    std::env::var_os("WXPAY_AT_LENGTH").is_some()
}

fn searched(reach: &Reach, shop: &Shop) -> Option<String> {
    let Reach { what, left, short, long } = *reach;
    // With three returns there is more to do in each state: one action less.
    let depth = if is_at_length() { long } else { short } + 2 - shop.returns.len();
    let began = Instant::now();
    let Found { states, runs, length, story } = search(shop, NONE, left, depth);
    let sums = if shop.sums { "a gateway that sums" } else { "a gateway that does not sum" };
    let returns = shop.returns.len();
    println!("{what}, {returns} returns, {sums}: {states} states, {runs} runs, depth {length}, {:?}", began.elapsed());
    story.map(|story| story.join("\n  "))
}

/// The rules of refunds break no promise, however far the search goes.
#[test]
fn no_course_of_refunds_breaks_a_promise() {
    let parts: Vec<(&Reach, &'static [i64], bool)> = REACHES
        .iter()
        .flat_map(|reach| RETURNS.iter().map(move |returns| (reach, *returns)))
        .flat_map(|(reach, returns)| [false, true].map(|sums| (reach, returns, sums)))
        // One till alone keeps the sum itself: to such a gateway it never comes with too much.
        .filter(|(reach, _, sums)| !sums || reach.left.others > 0)
        .collect();
    let next = AtomicUsize::new(0);
    // Each takes the next one that nobody has.
    let search_some = || {
        let mut stories = Vec::new();
        while let Some((reach, returns, sums)) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
            stories.extend(searched(reach, &Shop::new(returns, *sums)));
        }
        stories
    };
    let stories: Vec<String> = std::thread::scope(|scope| {
        let searching: Vec<_> = (0..2).map(|_| scope.spawn(search_some)).collect();
        searching.into_iter().flat_map(|searched| searched.join().unwrap()).collect()
    });
    assert!(stories.is_empty(), "{} stories:\n{}", stories.len(), stories.join("\n\n"));
}

/// Each planted mistake gives a story.
#[test]
fn each_planted_mistake_with_refunds_gives_a_story() {
    let shop = Shop::new(RETURNS[0], false);
    let mut missed = Vec::new();
    for mistake in &MISTAKES {
        let began = Instant::now();
        let Found { states, length, story, .. } = search(&shop, mistake, mistake.left, 7);
        println!("{}: {length} actions, {states} states, {:?}", mistake.name, began.elapsed());
        match story {
            Some(story) => println!("  {}", story.join("\n  ")),
            None => missed.push(mistake.name),
        }
        // As far as the story goes, the rules without the mistake have none.
        if let Some(story) = search(&shop, NONE, mistake.left, length.min(4)).story {
            panic!("without \"{}\":\n{}", mistake.name, story.join("\n"));
        }
    }
    assert!(missed.is_empty(), "no story for: {}", missed.join("; "));
}
