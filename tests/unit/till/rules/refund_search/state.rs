//! What the search walks over: the returns of one order, their numbers in the journal, what the process saw, and what the gateway did.

use std::boxed::Box;
use std::collections::hash_map::DefaultHasher;
use std::format;
use std::hash::{Hash, Hasher};
use std::rc::Rc;
use std::string::String;
use std::time::Duration;
use std::vec::Vec;

use super::super::account;
use super::super::events::Flow;
use super::super::tape::Tape;
use super::mistakes::{Mistake, Planted};
use crate::client::owner;
use crate::endpoint::{RefundRules, Source};
use crate::gateways::account::{Profile, sealed::Sealed};
use crate::gateways::refund::REFUND;
use crate::journal::{Entry, EntryState, JournalFault, JournalFaultKind, NewEntry, Settlement};
use crate::money::Fen;
use crate::outcome::{Next, Outcome, Words};
use crate::till::receipt::Found;
use crate::till::seen::Seen;

/// 2027-01-15 16:00:00 in China.
pub(super) const BEGAN: i64 = 1_800_000_000;
pub(super) const MINUTE: i64 = 60;
/// What the customer paid, in fen.
pub(super) const TOTAL: i64 = 100;

/// What the gateway really has of a refund number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Truth {
    Absent,
    Processing,
    Success,
    Change,
    Closed,
    Fail,
}

impl Truth {
    /// The money went, or is on its way.
    pub(super) fn is_live(self) -> bool {
        matches!(self, Truth::Processing | Truth::Success | Truth::Change)
    }

    /// The query's word. `None`: it does not know the number.
    pub(super) fn word(self) -> Option<&'static str> {
        match self {
            Truth::Absent => None,
            Truth::Processing => Some("PROCESSING"),
            Truth::Success => Some("SUCCESS"),
            Truth::Change => Some("CHANGE"),
            Truth::Closed => Some("REFUNDCLOSE"),
            Truth::Fail => Some("FAIL"),
        }
    }
}

/// One refund number.
#[derive(Clone)]
pub(super) struct Number {
    /// The return that it is of: the intent.
    pub of: usize,
    pub entry: Rc<Entry>,
    pub seen: Seen,
    pub truth: Truth,
    /// What it was before, and since when it is another: the query may be one step behind.
    pub was: Truth,
    pub changed_at: i64,
    /// Requests on their way. What failed since they were sent stays failed.
    pub flying: u8,
    /// The gateway took it once.
    pub taken: bool,
    /// How many requests left.
    pub sent: u32,
}

/// How often a story may still have each kind of bad luck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Left {
    pub power_cuts: u8,
    pub journal_faults: u8,
    /// Requests that come late.
    pub delays: u8,
    /// Requests, or their answers, that are lost.
    pub lost: u8,
    /// Requests that are refused, and not carried out.
    pub refusals: u8,
    /// Requests that are carried out, and refused.
    pub lies: u8,
    /// Questions without a useful answer.
    pub silences: u8,
    pub people: u8,
    /// Refunds of the same order by another till.
    pub others: u8,
}

#[derive(Clone)]
pub(super) struct State {
    pub numbers: Vec<Number>,
    /// What another till gave back, in fen.
    pub other: i64,
    /// The true time, which the device has.
    pub real: i64,
    pub opened: Duration,
    pub gateway_known: bool,
    /// The first number that was begun since the journal was opened.
    pub begun: Option<usize>,
    pub left: Left,
}

/// Ages are told apart by the waits of POS flows 5 and 20.12 only.
const LIMITS: [i64; 10] = [0, 1, 5, 10, 20, 30, MINUTE, 2 * MINUTE, 20 * MINUTE, 360 * MINUTE];

fn class(age: i64) -> usize {
    LIMITS.iter().filter(|limit| age >= **limit).count()
}

impl State {
    pub(super) fn new(left: Left) -> State {
        let opened = Duration::from_secs(3600);
        State { numbers: Vec::new(), other: 0, real: BEGAN, opened, gateway_known: false, begun: None, left }
    }

    /// The process is an hour old when the search begins.
    pub(super) fn monotonic(&self) -> Duration {
        Duration::from_secs(u64::try_from(self.real - BEGAN + 2 * 3600).unwrap())
    }

    /// Two states whose ages lie between the same limits are one. So the search may miss a state, and never makes one up.
    pub(super) fn key(&self) -> u128 {
        let mut halves = [DefaultHasher::new(), DefaultHasher::new()];
        1_u8.hash(&mut halves[1]);
        for half in &mut halves {
            self.hash_into(half);
        }
        (u128::from(halves[0].finish()) << 64) | u128::from(halves[1].finish())
    }

    fn hash_into(&self, out: &mut DefaultHasher) {
        let mono = self.monotonic();
        let age = |at: Duration| class(i64::try_from(mono.saturating_sub(at).as_secs()).unwrap());
        (self.other, age(self.opened), self.gateway_known, self.begun, self.left).hash(out);
        for number in &self.numbers {
            let Number { of, entry, seen, truth, was, changed_at, flying, taken, .. } = number;
            (of, truth, flying, taken, entry.attempts.min(8), entry.known).hash(out);
            let age_of_change = class(self.real - changed_at);
            (age_of_change, (self.real - changed_at < MINUTE).then_some(was)).hash(out);
            (class(self.real - entry.begun_at), class(self.real - entry.last_attempt_at)).hash(out);
            hash_state(&entry.state, out);
            (seen.begun.map(age), seen.last_attempt.map(age), seen.attempts.min(8)).hash(out);
            (seen.refused.as_ref().map(|refusal| refusal.next), seen.known, seen.asked.map(age)).hash(out);
            (seen.refused_at.map(age), seen.not_known.map(|(at, times)| (age(at), times.min(3)))).hash(out);
            seen.repeat_refused.map(|(since, last)| (age(since), last)).hash(out);
            let words = |words: &Option<Words>| words.as_ref().map(|words| words.code.clone());
            (words(&entry.last_words), words(&seen.words)).hash(out);
            seen.noted.as_ref().map(|(known, noted)| (known, words(noted))).hash(out);
            seen.unwritten.as_ref().map(mark).hash(out);
        }
    }

    /// What this till's refunds come to, and another's.
    pub(super) fn given_back(&self) -> i64 {
        let live = self.numbers.iter().filter(|number| number.truth.is_live());
        live.map(|number| i64::from(number.entry.amount.get())).sum::<i64>() + self.other
    }
}

fn hash_state(state: &EntryState, out: &mut DefaultHasher) {
    match state {
        EntryState::Open => 0_u8.hash(out),
        EntryState::Recorded(settlement) => mark(settlement).hash(out),
    }
}

/// Which settlement it is, and what it allows.
fn mark(settlement: &Settlement) -> (u8, Option<Next>) {
    match settlement {
        Settlement::Accepted { .. } => (1, None),
        Settlement::Declined { next, .. } => (2, Some(*next)),
        Settlement::Unproven { next, .. } => (3, Some(*next)),
        Settlement::Refunding { .. } => (4, None),
        Settlement::NotSent => (5, None),
        Settlement::ForAPerson { .. } => (6, None),
        Settlement::ByHand { paid, .. } => (7 + u8::from(*paid), None),
        _ => (9, None),
    }
}

/// The till's account, and its returns in fen.
pub(super) struct Shop {
    account: Box<dyn Sealed>,
    pub owner: String,
    pub returns: &'static [i64],
    /// The gateway refuses what is more than the order's total.
    pub sums: bool,
}

impl Shop {
    pub(super) fn new(returns: &'static [i64], sums: bool) -> Shop {
        let account = account(Flow::Native);
        Shop { owner: owner(account.profile()), account, returns, sums }
    }

    pub(super) fn profile(&self) -> &Profile {
        self.account.profile()
    }

    /// The fields of a refund, in the table's order.
    fn fields(&self, number: &str, amount: Fen) -> Vec<(String, String)> {
        let value = |name: &str, source: Source| match name {
            "out_trade_no" => Some("order1".into()),
            "out_refund_no" => Some(number.into()),
            "total_fee" => Some(format!("{TOTAL}")),
            "refund_fee" => Some(format!("{}", amount.get())),
            _ if source == Source::Account => self.profile().value(&REFUND, name).map(String::from),
            _ => None,
        };
        let rows = REFUND.fields.iter();
        rows.filter_map(|row| Some((row.name.into(), value(row.name, row.source)?))).collect()
    }
}

/// A state while something happens to it.
pub(super) struct World<'a> {
    pub shop: &'a Shop,
    pub mistake: &'a Mistake,
    pub state: State,
    pub tape: Tape,
    /// Nothing goes wrong any more.
    pub calm: bool,
    /// The words of what happens, where somebody reads them.
    pub story: Option<Vec<String>>,
    /// The first promise that was broken, in words.
    pub broken: Option<String>,
}

/// The power is cut: the call comes to no end.
pub(super) struct PowerCut;

pub(super) type Run<T> = Result<T, PowerCut>;

pub(super) fn storage() -> JournalFault {
    JournalFault::new(JournalFaultKind::Storage, "the journal does not take it")
}

fn refused() -> JournalFault {
    JournalFault::new(JournalFaultKind::Refused, "the entry does not take it")
}

/// What becomes of one writing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Writes {
    Well,
    Not,
    /// It is stored, and said to have failed.
    Unsaid,
}

impl<'a> World<'a> {
    pub(super) fn new(shop: &'a Shop, mistake: &'a Mistake, state: State, tape: Tape) -> World<'a> {
        World { shop, mistake, state, tape, calm: false, story: None, broken: None }
    }

    pub(super) fn plants(&self, planted: Planted) -> bool {
        self.mistake.planted == planted
    }

    pub(super) fn say(&mut self, words: impl FnOnce() -> String) {
        if let Some(story) = &mut self.story {
            story.push(words());
        }
    }

    pub(super) fn breaks(&mut self, words: String) {
        self.broken.get_or_insert(words);
    }

    pub(super) fn rules(&self) -> &'static RefundRules {
        REFUND.refund().unwrap()
    }

    pub(super) fn entry(&self, at: usize) -> Rc<Entry> {
        Rc::clone(&self.state.numbers[at].entry)
    }

    // ---- the journal, as its contract says ----

    fn writes(&mut self) -> Writes {
        if self.calm || self.state.left.journal_faults == 0 {
            return Writes::Well;
        }
        let writes = [Writes::Well, Writes::Not, Writes::Unsaid][self.tape.choose(3)];
        if writes != Writes::Well {
            self.state.left.journal_faults -= 1;
            let how = if writes == Writes::Not { "stores nothing" } else { "stores it all the same" };
            self.say(|| format!("the journal fails, and {how}"));
        }
        writes
    }

    fn write(&mut self, at: usize, change: impl FnOnce(&mut Entry)) -> Result<i64, JournalFault> {
        let writes = self.writes();
        if writes == Writes::Not {
            return Err(storage());
        }
        let entry = Rc::make_mut(&mut self.state.numbers[at].entry);
        change(entry);
        entry.revision += 1;
        let revision = entry.revision;
        if writes == Writes::Well { Ok(revision) } else { Err(storage()) }
    }

    pub(super) fn begin(&mut self, of: usize) -> Result<usize, JournalFault> {
        let (at, shop) = (self.state.numbers.len(), self.shop);
        let number = format!("refund{}", at + 1);
        let amount = Fen::new(shop.returns[of]).unwrap();
        let intent = format!("return {of}");
        let new = NewEntry {
            account: &shop.owner,
            call: REFUND.name,
            intent: &intent,
            amount,
            of: Some("order1"),
            at: self.state.real,
        };
        let newest = self.state.numbers.iter().rfind(|number| number.of == of);
        if newest.is_some_and(|newest| !newest.entry.lets_begin(&new)) {
            return Err(refused());
        }
        let writes = self.writes();
        if writes == Writes::Not && !self.plants(Planted::SendsUnwritten) {
            return Err(storage());
        }
        let fields = shop.fields(&number, amount);
        let mut entry = Entry::new(i64::try_from(at).unwrap(), &new, number, fields);
        // Nothing of it is in the journal: no attempt is counted.
        entry.attempts = u32::from(writes != Writes::Not);
        self.state.numbers.push(Number {
            of,
            entry: Rc::new(entry),
            seen: Seen::default(),
            truth: Truth::Absent,
            was: Truth::Absent,
            changed_at: self.state.real - 2 * MINUTE,
            flying: 0,
            taken: false,
            sent: 0,
        });
        if writes == Writes::Unsaid { Err(storage()) } else { Ok(at) }
    }

    pub(super) fn count(&mut self, at: usize) -> Result<(), JournalFault> {
        if self.entry(at).state != EntryState::Open {
            return Err(refused());
        }
        let now = self.state.real;
        self.write(at, |entry| (entry.attempts, entry.last_attempt_at) = (entry.attempts + 1, now)).map(drop)
    }

    pub(super) fn reopen(&mut self, at: usize) -> Result<(), JournalFault> {
        if !self.entry(at).allows_same_number() {
            return Err(refused());
        }
        let now = self.state.real;
        let open = |entry: &mut Entry| {
            (entry.state, entry.attempts, entry.last_attempt_at) = (EntryState::Open, entry.attempts + 1, now);
        };
        self.write(at, open).map(drop)
    }

    pub(super) fn store(&mut self, at: usize, settlement: &Settlement) -> Result<i64, JournalFault> {
        if !self.entry(at).takes(settlement) {
            return Err(refused());
        }
        let now = self.state.real;
        self.write(at, |entry| {
            (entry.state, entry.settled_at) = (EntryState::Recorded(settlement.clone()), Some(now));
        })
    }

    pub(super) fn store_note(&mut self, at: usize, known: bool, words: Option<&Words>) -> Result<(), JournalFault> {
        let have = self.entry(at);
        let says_more = words.is_some_and(|words| have.last_words.as_ref() != Some(words));
        if !says_more && (have.known || !known) {
            return Ok(());
        }
        let note = |entry: &mut Entry| {
            entry.known |= known;
            entry.last_words = words.cloned().or(entry.last_words.take());
        };
        self.write(at, note).map(drop)
    }

    // ---- promises ----

    /// Ruling 8: never more than there is, and one return under one number.
    pub(super) fn check_money(&mut self) {
        let given_back = self.state.given_back();
        if self.state.other == 0 && given_back > TOTAL {
            self.breaks(format!("{given_back} fen of {TOTAL} were given back"));
        }
        for of in 0..self.shop.returns.len() {
            let numbers = self.state.numbers.iter().filter(|number| number.of == of && number.truth.is_live());
            if numbers.count() > 1 {
                self.breaks(format!("return {} was given back under two numbers", of + 1));
            }
        }
    }

    /// A byte leaves: the journal has the entry, open, and counted it.
    pub(super) fn check_sending(&mut self, at: usize) {
        let number = &mut self.state.numbers[at];
        number.sent += 1;
        if number.entry.state != EntryState::Open || number.entry.attempts < number.sent {
            self.breaks("a request left that the journal does not have".into());
        }
    }

    pub(super) fn check_told(&mut self, told: &Outcome<Found>) {
        let (found, arrived) = match told {
            Outcome::Accepted(found) => (found, true),
            Outcome::Taken(found) => (found, false),
            _ => return,
        };
        let number = &self.state.numbers[usize::try_from(found.entry.id).unwrap()];
        let by_hand = number.entry.is_paid() && number.truth == Truth::Change;
        if arrived && number.truth != Truth::Success && !by_hand {
            let truth = number.truth;
            self.breaks(format!("it was told as arrived, and is {truth:?}"));
        } else if !number.taken {
            self.breaks("it was told as taken, and the gateway took nothing".into());
        }
    }

    /// What is written as refused for good was not carried out.
    pub(super) fn check_written(&mut self) {
        let refused = |settlement: &Settlement| {
            matches!(
                settlement,
                Settlement::Declined { .. } | Settlement::NotSent | Settlement::ByHand { paid: false, .. }
            )
        };
        let wrong = self.state.numbers.iter().find(|number| {
            number.truth.is_live()
                && matches!(&number.entry.state, EntryState::Recorded(settlement) if refused(settlement))
        });
        if let Some(number) = wrong {
            let words = format!("{} ended unpaid, and is {:?}", number.entry.order_number, number.truth);
            self.breaks(words);
        }
    }
}
