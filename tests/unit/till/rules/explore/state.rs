//! What the search walks over: one intent, its numbers in the journal, what the process saw, what the gateway really did,
//! and what time it really is.

use std::boxed::Box;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::rc::Rc;
use std::string::{String, ToString};
use std::time::Duration;
use std::vec::Vec;

use super::super::events::{FLOWS, Flow};
use super::super::tape::Tape;
use super::super::{account, endpoint};
use super::mistakes::{Carried, Mistake};
use crate::client::owner;
use crate::endpoint::{Endpoint, Kind, Means, Required, Source};
use crate::gateways::account::{Profile, SwiftpassAccount, WxpayAccount, sealed::Sealed};
use crate::gateways::unified_micropay::UNIFIED_MICROPAY;
use crate::journal::{Entry, EntryState, JournalFault, JournalFaultKind, NewEntry, Settlement};
use crate::money::Fen;
use crate::outcome::{Next, Words};
use crate::secret::Secret;
use crate::till::period::set_valid;
use crate::till::rules::Step;
use crate::till::seen::Seen;
use crate::wire::fields::Fields;

/// 2027-01-15 16:00:00 in China, by a right clock.
pub(super) const BEGAN: i64 = 1_800_000_000;
pub(super) const DAY: i64 = 86_400;
pub(super) const MINUTE: i64 = 60;

/// What the gateway really did with an order number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Truth {
    /// It has no payment of it: nothing arrived, or what arrived was refused.
    Absent,
    /// It took the payment, and works on it.
    Working,
    /// An order that nobody paid yet.
    Unpaid,
    /// An order whose customer failed to pay once.
    PayError,
    Paid,
    /// Never paid, and final.
    Failed,
    Closed,
    /// Paid, and given back on the platform.
    GivenBack,
}

/// One order number of the intent.
#[derive(Clone)]
pub(super) struct Number {
    pub flow: Flow,
    pub entry: Rc<Entry>,
    pub seen: Seen,
    pub truth: Truth,
    /// Requests on their way, which may be executed hours later.
    pub flying: u8,
    /// The gateway gave an answer that its query confirms: about this number its first host does not lag.
    pub sure: bool,
    /// When the gateway made the order, and when it was paid.
    pub made_at: i64,
    pub paid_at: i64,
    /// The caller has the URL.
    pub url_out: bool,
    /// It was told as paid; and as paid in time.
    pub told_paid: bool,
    pub told_in_time: bool,
    /// Of a payment by code: what else the gateway and the till did with it.
    pub code: Code,
}

/// What became of a payment by code, as nobody but this model knows it.
#[derive(Clone, Copy, Default)]
pub(super) struct Code {
    /// How often a code was sent under this number, and when last.
    pub sent: u8,
    pub sent_at: i64,
    /// The process that runs sent it.
    pub is_own: bool,
    /// It was refused, and is charged, or may be.
    pub falsely_refused: bool,
    /// What it was before, and until when: the query may be one step behind.
    pub was: Option<Truth>,
    pub changed_at: i64,
    /// Reversals on their way, and when the last one was sent.
    pub reversing: u8,
    pub reversed_at: i64,
    /// The first and the last answer to this process that say unpaid.
    pub said_unpaid: Option<(i64, i64)>,
    /// When the query last said that it does not know it, and nothing else since.
    pub said_unknown: i64,
    /// The last state that it told this process was that it is paid.
    pub said_paid: bool,
}

/// How the device's clock stands to the true time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum DeviceClock {
    Right,
    /// 40 days ahead.
    Ahead,
    /// 40 days behind, which is still plausible.
    Behind,
    /// In 1970.
    Unset,
}

/// Whether the journal takes what is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum JournalIs {
    Working,
    /// It stores the next word on an entry, says that it failed, and fails from there on.
    StoringOnce,
    Failing,
}

/// How often a story may still have each kind of bad luck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Left {
    pub power_cuts: u8,
    pub journal_faults: u8,
    pub clock_jumps: u8,
    pub delays: u8,
    pub people: u8,
    /// Payments of an order whose URL the till never gave out.
    pub strange: u8,
    /// Of payments by code: answers of the gateway that are not the truth, or none; and customers who change their minds.
    pub lies: u8,
    pub cancels: u8,
}

#[derive(Clone)]
pub(super) struct State {
    pub numbers: Vec<Number>,
    pub journal: JournalIs,
    /// The true time, which is the gateway's.
    pub real: i64,
    /// When this process opened its till.
    pub opened: Duration,
    pub clock: DeviceClock,
    /// Whether the gateway's answers say what time it is.
    pub dates: bool,
    /// Whether the process knows the time of the gateway of each flow.
    pub gateway_known: [bool; FLOWS.len()],
    /// Times in the future, and when this process first saw each.
    pub future: Vec<(i64, Duration)>,
    /// The first number that was begun since the journal was opened.
    pub begun: Option<usize>,
    pub left: Left,
}

/// Ages are told apart only by these limits, the pauses and limits of the documents among them.
const LIMITS: [i64; 16] = [
    0,
    1,
    2,
    4,
    10,
    15,
    MINUTE,
    5 * MINUTE,
    6 * MINUTE,
    20 * MINUTE,
    120 * MINUTE,
    130 * MINUTE,
    DAY,
    3 * DAY,
    30 * DAY,
    40 * DAY,
];

/// Of a payment by code: the waits of POS flows 3.2 and 3.4, and what can be paid back.
const LIMITS_OF_CODES: [i64; 11] = [0, 1, 5, 15, 30, 45, MINUTE, 5 * MINUTE, DAY, 7 * DAY, 30 * DAY];

fn class(age: i64) -> i8 {
    class_of(&LIMITS, age)
}

fn class_of(limits: &[i64], age: i64) -> i8 {
    let limits = limits.iter().filter(|limit| age.abs() >= **limit).count();
    let limits = i8::try_from(limits).unwrap();
    if age < 0 { -limits } else { limits }
}

impl State {
    pub(super) fn monotonic(&self) -> Duration {
        Duration::from_secs(u64::try_from(self.real - BEGAN + 3 * 3600).unwrap())
    }

    /// By the device's clock.
    pub(super) fn device(&self) -> i64 {
        match self.clock {
            DeviceClock::Right => self.real,
            DeviceClock::Ahead => self.real + 40 * DAY,
            DeviceClock::Behind => self.real - 40 * DAY,
            DeviceClock::Unset => self.real - BEGAN + DAY,
        }
    }

    /// Two states whose ages lie between the same limits are one: the search goes on from the first that it meets. So it may
    /// miss a state, and never makes one up.
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
        (self.journal, self.clock, self.dates, self.gateway_known, self.begun, self.left).hash(out);
        age(self.opened).hash(out);
        for (at, seen) in &self.future {
            (class(at - self.device()), age(*seen)).hash(out);
        }
        for number in &self.numbers {
            let Number { flow, entry, seen, truth, flying, sure, made_at, paid_at, .. } = number;
            let Number { url_out, told_paid, told_in_time, .. } = number;
            (*flow as u8, truth, flying, sure, url_out, told_paid, told_in_time).hash(out);
            (class(self.real - made_at), class(self.real - paid_at)).hash(out);
            (entry.attempts.min(3), entry.known).hash(out);
            (class(self.real - entry.begun_at), class(self.real - entry.last_attempt_at)).hash(out);
            match &entry.state {
                EntryState::Open => 0_u8.hash(out),
                EntryState::Recorded(settlement) => {
                    mark(settlement).hash(out);
                    if let Settlement::Declined { next, .. } = settlement {
                        next.hash(out);
                    }
                    if let Settlement::Ordered { evidence } = settlement {
                        (evidence.len(), class(self.real - number.made_at)).hash(out);
                    }
                }
            }
            seen.last_attempt.map(age).hash(out);
            (seen.attempts.min(3), seen.refused.is_some(), seen.known).hash(out);
            let words = |words: &Option<Words>| words.as_ref().map(|words| is_to_confirm(*flow, words));
            (words(&entry.last_words), words(&seen.words)).hash(out);
            seen.noted.as_ref().map(|(known, noted)| (known, words(noted))).hash(out);
            (seen.not_found_since.map(age), seen.asked.map(age), seen.ordered.map(age), seen.closed.map(age)).hash(out);
            if *flow == Flow::Code {
                self.hash_code(number, out);
            }
            (seen.withheld.is_some(), seen.unwritten.as_ref().map(mark), seen.told_accepted, seen.called_paid)
                .hash(out);
        }
    }
}

impl State {
    /// What is told apart of a payment by code only.
    fn hash_code(&self, number: &Number, out: &mut DefaultHasher) {
        let Number { entry, seen, code, .. } = number;
        let since = |at: i64| class_of(&LIMITS_OF_CODES, self.real - at);
        let mono = self.monotonic();
        let age = |at: Duration| since(self.real - i64::try_from(mono.saturating_sub(at).as_secs()).unwrap());
        entry.is_unproven().then(|| entry.settled_at.map(since)).hash(out);
        (age(self.opened), seen.last_attempt.map(age), seen.asked.map(age), since(entry.begun_at)).hash(out);
        seen.not_found_since.map(age).hash(out);
        (code.sent, code.is_own, code.falsely_refused, code.was, code.reversing, code.said_paid).hash(out);
        (since(code.sent_at), since(code.changed_at), since(code.reversed_at), since(code.said_unknown)).hash(out);
        code.said_unpaid.map(|(first, last)| (since(first), since(last), last - first >= MINUTE)).hash(out);
        (entry.reversals.min(2), seen.reversals.min(2), seen.reversal_expired, seen.paid_all_the_same).hash(out);
        (seen.reversed.map(age), seen.not_known.map(|(at, times)| (age(at), times.min(2)))).hash(out);
        seen.unpaid.map(|(first, last)| (age(first), age(last), last - first >= Duration::from_secs(60))).hash(out);
        seen.not_reversed.as_ref().map(|(_, times, at)| (times.min(&3), age(*at))).hash(out);
        let asked_once = |words: &Option<Words>| words.as_ref().is_some_and(|words| words.code == "TRADE_ERROR");
        (asked_once(&entry.last_words), asked_once(&seen.words)).hash(out);
    }
}

/// Of the gateway's last words only this decides anything: whether they are a refusal that the query may confirm.
fn is_to_confirm(flow: Flow, words: &Words) -> bool {
    matches!(endpoint(flow).reply.meaning(&words.code), Means::RefusedUnlessKnown(_))
}

/// Which settlement it is.
fn mark(settlement: &Settlement) -> u8 {
    match settlement {
        Settlement::Accepted { .. } => 1,
        Settlement::Declined { .. } => 2,
        Settlement::Unproven { .. } => 10,
        Settlement::Refunding { .. } => 11,
        Settlement::NotSent => 3,
        Settlement::Ordered { .. } => 4,
        Settlement::Abandoned => 5,
        Settlement::PaidLate { .. } => 6,
        Settlement::ForAPerson { .. } => 7,
        Settlement::ByHand { paid: true, .. } => 8,
        Settlement::ByHand { .. } => 9,
    }
}

/// A shop: which ways of paying one intent it has.
pub(super) struct Shop {
    pub name: &'static str,
    pub flows: &'static [Flow],
    pub accounts: Vec<Account>,
    /// Codes are paid at a gateway of Swiftpass's type.
    pub unified: bool,
}

pub(super) struct Account {
    pub flow: Flow,
    pub endpoint: &'static Endpoint,
    account: Box<dyn Sealed>,
    pub owner: String,
    /// What a caller gives, and what account and terminal add.
    fields: Fields,
}

impl Account {
    pub(super) fn profile(&self) -> &Profile {
        self.account.profile()
    }
}

impl Shop {
    pub(super) fn new(name: &'static str, flows: &'static [Flow], notifications_suffice: bool) -> Shop {
        let make = |flow: &Flow| {
            let account = match flow {
                Flow::Wap => wap_account(notifications_suffice),
                flow => account(*flow),
            };
            let endpoint = endpoint(*flow);
            let (owner, fields) = (owner(account.profile()), given(endpoint, account.profile()));
            Account { flow: *flow, endpoint, account, owner, fields }
        };
        Shop { name, flows, accounts: flows.iter().map(make).collect(), unified: false }
    }

    /// Its account says that nothing can be taken back.
    pub(super) fn without_certificate(mut self) -> Shop {
        for of_code in self.accounts.iter_mut().filter(|account| account.flow == Flow::Code) {
            let key = Secret::new("8934e7d15453e97507ef794cf7b0519d");
            let account = WxpayAccount::new("10000098", "wx8888888888888888", key).unwrap();
            of_code.account = Box::new(account.without_certificate());
        }
        self
    }

    /// Codes are of another wallet than WeChat's, and go through a gateway of Swiftpass's type (POS flows 9).
    pub(super) fn of_any_wallet(mut self) -> Shop {
        for of_code in self.accounts.iter_mut().filter(|account| account.flow == Flow::Code) {
            let (endpoint, account) = (&UNIFIED_MICROPAY, wap_account(false));
            let (owner, fields) = (owner(account.profile()), given(endpoint, account.profile()));
            *of_code = Account { flow: Flow::Code, endpoint, account, owner, fields };
        }
        self.unified = true;
        self
    }

    pub(super) fn account(&self, flow: Flow) -> &Account {
        self.accounts.iter().find(|account| account.flow == flow).unwrap()
    }
}

fn wap_account(notifications_suffice: bool) -> Box<dyn Sealed> {
    let key = Secret::new("8934e7d15453e97507ef794cf7b0519d");
    let account = SwiftpassAccount::new("https://pay.example/pay/gateway", "7551000001", key).unwrap();
    let account = account.without_sub_fields();
    Box::new(if notifications_suffice { account.notifications_suffice() } else { account })
}

/// A value for each field that a payment must have, in the table's order.
fn given(endpoint: &'static Endpoint, profile: &Profile) -> Fields {
    let mut fields = Fields::with_capacity(endpoint.fields.len(), 256);
    let rows = endpoint.fields.iter().filter(|row| row.source != Source::Attempt && row.required == Required::Yes);
    for row in rows {
        let value = match row.kind {
            _ if row.source == Source::Account => profile.value(endpoint, row.name).unwrap_or_default(),
            Kind::Fen { .. } => "100",
            Kind::OneOf(words) => words[0],
            Kind::Ipv4 | Kind::Ip => "192.0.2.1",
            Kind::Url | Kind::NotifyUrl => "https://shop.example/",
            _ => "12345678",
        };
        fields.text(row.name, value);
    }
    fields
}

/// A state while something happens to it.
pub(super) struct World<'a> {
    pub shop: &'a Shop,
    pub mistake: &'a Mistake,
    pub state: State,
    pub tape: Tape,
    /// How many numbers the intent may use up in this search.
    pub most_numbers: usize,
    /// How long a call has, in seconds.
    pub patience: u64,
    /// Nothing goes wrong any more.
    pub calm: bool,
    /// The call that runs only asks: no payment may leave.
    pub only_asks: bool,
    /// The call that runs: when it began, whether it brings a code and how often that was sent, whether its cashier may cancel, and did;
    /// and whether the gateway answers nothing any more in it.
    pub now: Running,
    /// The words of what happens, where somebody reads them.
    pub story: Option<Vec<String>>,
    /// A sale was charged twice, for a moment.
    pub two_charges: bool,
    /// The first promise that was broken, in words.
    pub broken: Option<String>,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Running {
    pub began: i64,
    pub sent: u8,
    pub may_cancel: bool,
    pub cancelled: bool,
    pub silent: bool,
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

/// The journal, as its contract says (`src/journal/contract.rs`).
impl World<'_> {
    pub(super) fn say(&mut self, words: impl FnOnce() -> String) {
        if let Some(story) = &mut self.story {
            story.push(words());
        }
    }

    pub(super) fn entry(&self, at: usize) -> Rc<Entry> {
        Rc::clone(&self.state.numbers[at].entry)
    }

    fn change(&mut self, at: usize) -> Result<&mut Entry, JournalFault> {
        if self.state.journal == JournalIs::Failing {
            return Err(storage());
        }
        let entry = Rc::make_mut(&mut self.state.numbers[at].entry);
        entry.revision += 1;
        Ok(entry)
    }

    /// A storage that takes nothing may read, or not even that. In what is decided only this reading matters: a call that cannot
    /// read an intent or an entry comes to nothing.
    pub(super) fn read_of_intent(&mut self) -> Result<(), JournalFault> {
        match self.state.journal == JournalIs::Failing && !self.calm && self.tape.choose(2) == 1 {
            true => Err(storage()),
            false => Ok(()),
        }
    }

    /// A storage that fails after it wrote.
    fn written(&mut self) -> Result<(), JournalFault> {
        if self.state.journal == JournalIs::StoringOnce {
            self.state.journal = JournalIs::Failing;
            return Err(storage());
        }
        Ok(())
    }

    pub(super) fn begin(&mut self, flow: Flow, now: i64) -> Result<usize, JournalFault> {
        if self.state.journal == JournalIs::Failing {
            return Err(storage());
        }
        if self.state.numbers.len() >= self.most_numbers {
            return Err(JournalFault::new(JournalFaultKind::Number, "this search has no more numbers"));
        }
        let (at, shop) = (self.state.numbers.len(), self.shop);
        let account = shop.account(flow);
        let number = ["number", &(at + 1).to_string()].concat();
        let mut fields = account.fields.with(account.endpoint.order_number, &number);
        if let crate::endpoint::ResolvedBy::Order(_, rules) = account.endpoint.resolved_by {
            set_valid(&mut fields, rules, self.state.device()).unwrap();
        }
        let fields = fields.iter().map(|(name, value)| (name.into(), value.into())).collect();
        let amount = Fen::new(100).unwrap();
        let new =
            NewEntry { account: &account.owner, call: account.endpoint.name, intent: "i", amount, of: None, at: now };
        let unguarded = matches!(self.mistake.carried, Carried::NewWhileOpen | Carried::BesideOpen);
        if self.state.numbers.last().is_some_and(|newest| !newest.entry.lets_begin(&new)) && !unguarded {
            return Err(refused());
        }
        let entry = Rc::new(Entry::new(i64::try_from(at).unwrap(), &new, number, fields));
        self.check_new_number();
        self.state.numbers.push(Number {
            flow,
            entry,
            seen: Seen::default(),
            truth: Truth::Absent,
            flying: 0,
            sure: false,
            made_at: 0,
            paid_at: 0,
            url_out: false,
            told_paid: false,
            told_in_time: false,
            code: Code::default(),
        });
        Ok(at)
    }

    pub(super) fn count(&mut self, at: usize, now: i64) -> Result<(), JournalFault> {
        let entry = self.change(at)?;
        if entry.state != EntryState::Open {
            return Err(refused());
        }
        (entry.attempts, entry.last_attempt_at) = (entry.attempts + 1, now);
        self.written()
    }

    pub(super) fn reopen(&mut self, at: usize, now: i64) -> Result<(), JournalFault> {
        let entry = self.change(at)?;
        if !entry.allows_same_number() {
            return Err(refused());
        }
        (entry.state, entry.attempts, entry.last_attempt_at) = (EntryState::Open, entry.attempts + 1, now);
        Ok(())
    }

    /// `Journal::reversing`.
    pub(super) fn store_reversing(&mut self, at: usize, now: i64) -> Result<(), JournalFault> {
        let entry = self.change(at)?;
        if !entry.may_be_reversed() {
            return Err(refused());
        }
        (entry.reversals, entry.last_reversal_at) = (entry.reversals + 1, Some(now));
        self.written()
    }

    pub(super) fn store(&mut self, at: usize, settlement: &Settlement) -> Result<i64, JournalFault> {
        let now = self.state.device();
        let entry = self.change(at)?;
        if !entry.takes(settlement) {
            return Err(refused());
        }
        let was_late = entry.is_paid_late();
        entry.state = EntryState::Recorded(settlement.clone());
        entry.settled_at = Some(now);
        self.check_written(at);
        if was_late {
            self.check_kept(at);
        }
        self.written()?;
        Ok(self.entry(at).revision)
    }

    /// `Journal::allow_again`.
    pub(super) fn store_allowed(&mut self, at: usize) -> Result<(), JournalFault> {
        let entry = self.change(at)?;
        match &mut entry.state {
            EntryState::Recorded(Settlement::Declined { next, .. }) if *next == Next::Stop => *next = Next::SameNumber,
            _ => return Err(refused()),
        }
        self.written()
    }

    pub(super) fn store_note(&mut self, at: usize, known: bool, words: Option<&Words>) -> Result<(), JournalFault> {
        let have = self.entry(at);
        let says_more = words.is_some_and(|words| have.last_words.as_ref() != Some(words));
        if !says_more && (have.known || !known) {
            return Ok(());
        }
        let entry = self.change(at)?;
        entry.known |= known;
        entry.last_words = words.cloned().or(entry.last_words.take());
        self.written()
    }

    /// When the payee was paid last. What was never sent does not count.
    pub(super) fn last_attempt_to_payee(&self, flow: Flow) -> Option<i64> {
        let was_sent =
            |number: &&Number| number.flow == flow && number.entry.state != EntryState::Recorded(Settlement::NotSent);
        self.state.numbers.iter().filter(was_sent).map(|number| number.entry.last_attempt_at).max()
    }
}

/// A step in a few words, for a story.
pub(super) fn in_words(step: &Step) -> String {
    super::super::words(step)
}
