//! Till (收银台): pay under the caller's own name, and never twice.
//!
//! `pay(intent, &request)` stores the intent, the order number and every field before the first byte leaves, and resolves
//! what is left open: by the gateway's query, and by the identical repeat where the documents allow it. After a power cut
//! the same call goes on where it stopped.
//!
//! This file pays. `resolve.rs` asks, `orders.rs` follows an order that a customer pays, `recover.rs` is for the time after
//! a power cut and for people.
//!
//! Document: protocol section R; `docs/design.md`, "Till: order numbers, journal, recovery".

#[cfg(feature = "capi")]
mod given;
mod orders;
mod recover;
mod resolve;
mod trust;
mod watch;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::client::{Client, Draft, Pipe, owner};
use crate::clock::{ChinaTime, Clock};
use crate::endpoint::{Endpoint, OrderRules, ResolvedBy};
use crate::error::{Error, ErrorKind, text};
use crate::gateways::account::{Account, Profile, sealed::Sealed};
use crate::gateways::request::{Payment, Reply};
use crate::journal::order_number::{OrderNumbers, Serial};
use crate::journal::{
    Entry, EntryId, EntryState, Journal, JournalFault, JournalFaultKind, Names, NewEntry, Numbered, Settlement,
};
use crate::lock::Lock;
use crate::money::Fen;
use crate::outcome::{Doubt, Next, Outcome, Reason, Refusal};
use crate::process::{ELSEWHERE, Process};
use crate::wire::fields::Fields;
use crate::wire::pairs::Pairs;

use resolve::{CONTRADICTED, contradicted, is_unpaid};

pub use orders::Notified;
pub use recover::Recovered;
pub use watch::{Options, Phase, Progress, Repeats, Watch};

use trust::{Unfit, fit};
use watch::Call;

/// Attempts and questions about one number are at least this far apart (protocol R.4).
const APART: Duration = Duration::from_secs(1);
/// A pause up to this long is kept in full when the clock was set back.
const SHORT: Duration = Duration::from_secs(60);
/// How many order numbers one call of `pay` may use up, where each answer is lost and nobody can pay without it.
const MOST_NUMBERS: u32 = 3;

/// Waiting, as an input: tests pass days in milliseconds.
pub trait Pause: Send + Sync {
    /// Waits about this long.
    fn pause(&self, time: Duration);
}

crate::pointers::through_pointers!(Pause {
    fn pause(&self, time: Duration);
});

/// The system's sleep.
#[cfg(feature = "std")]
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemPause;

#[cfg(feature = "std")]
impl Pause for SystemPause {
    fn pause(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// A cash desk: one journal, any number of accounts.
pub struct Till {
    journal: Lock<Box<dyn Journal>>,
    /// Of the journal's terminal: nobody else says which one it is.
    numbers: OrderNumbers,
    /// The journal's, where it has one.
    device_info: Option<String>,
    desks: Vec<Desk>,
    clock: Box<dyn Clock>,
    pause: Box<dyn Pause>,
    patience: Duration,
    /// Monotonic time when this till was opened: the earliest moment that this process can vouch for.
    opened: Duration,
    /// Entries that a thread works on.
    busy: Lock<Vec<EntryId>>,
    /// What this process saw of pending entries.
    seen: Lock<BTreeMap<EntryId, Seen>>,
    /// Where it was opened. Checked before any lock.
    process: Process,
}

/// One account of a till.
struct Desk {
    family: &'static str,
    account: Box<dyn Sealed + Send + Sync>,
    pipe: Pipe,
}

impl Desk {
    fn profile(&self) -> &Profile {
        self.account.profile()
    }
}

/// What this process saw of a pending entry.
#[derive(Clone, Default)]
struct Seen {
    /// When the last attempt of this process ended.
    last_attempt: Option<Duration>,
    /// The first of the answers "not found" that count.
    not_found_since: Option<Duration>,
    /// The gateway once knew the order: "not found" is never final then.
    known: bool,
    /// When it was last asked about.
    asked: Option<Duration>,
    /// What the customer needs, where the journal could not take it.
    withheld: Option<Vec<(String, String)>>,
    /// What proves that it was paid late, where the journal could not take it.
    late: Option<Vec<(String, String)>>,
    /// Late money that nobody was told of yet, so nobody can acknowledge it.
    untold: bool,
    /// A signed notification said that it is paid. The query did not yet: then no unpaid word ends it.
    told_paid: bool,
}

/// What a payment came to, with its order number.
#[derive(Debug)]
#[non_exhaustive]
pub struct Receipt<T> {
    /// The order number.
    pub order_number: String,
    /// The entry in the journal. Acknowledge it after acting.
    pub entry: EntryId,
    /// The proof.
    pub evidence: Evidence<T>,
    /// Only for orders that a customer pays: the money came after the order was given up. Refund it, or act on it.
    pub late: bool,
    /// The journal failed after the payment was sent: the entry is still open there, and the next `pay` or `recover`
    /// resolves it again. The money is as this receipt says.
    pub journal_fault: Option<JournalFault>,
}

/// How a payment was proven.
#[non_exhaustive]
pub enum Evidence<T> {
    /// By the reply to the payment, just now.
    Reply(T),
    /// By the gateway's query, just now: fields of its answer.
    Queried(Vec<(String, String)>),
    /// Earlier; from the journal.
    Recorded(Vec<(String, String)>),
}

impl<T: AsRef<Pairs>> Evidence<T> {
    /// A field that the reply, the query or the journal gave: `payment_no`, `transaction_id`, `mweb_url`.
    pub fn field(&self, name: &str) -> Option<&str> {
        match self {
            Evidence::Reply(reply) => reply.as_ref().filled(name),
            Evidence::Queried(fields) | Evidence::Recorded(fields) => {
                fields.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
            }
        }
    }
}

/// Names the fields, and hides their values.
impl<T: fmt::Debug> fmt::Debug for Evidence<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Evidence::Reply(reply) => f.debug_tuple("Reply").field(reply).finish(),
            Evidence::Queried(fields) => f.debug_tuple("Queried").field(&Names(fields)).finish(),
            Evidence::Recorded(fields) => f.debug_tuple("Recorded").field(&Names(fields)).finish(),
        }
    }
}

impl Till {
    /// A till on a journal, with inputs of the caller's own.
    pub fn with_inputs(journal: Box<dyn Journal>, clock: Box<dyn Clock>, pause: Box<dyn Pause>) -> Till {
        let opened = clock.monotonic();
        let owner = journal.owner();
        Till {
            journal: Lock::new(journal),
            numbers: OrderNumbers::new(owner.terminal),
            device_info: owner.device_info,
            desks: Vec::new(),
            clock,
            pause,
            patience: Duration::from_secs(30),
            opened,
            busy: Lock::new(Vec::new()),
            seen: Lock::new(BTreeMap::new()),
            process: Process::this(),
        }
    }

    /// A till on a journal, with the system's clock and sleep.
    #[cfg(feature = "std")]
    pub fn open(journal: impl Journal + 'static) -> Till {
        Till::with_inputs(Box::new(journal), Box::new(crate::clock::SystemClock), Box::new(SystemPause))
    }

    /// Adds the account of a client. Where there are several of one family, [`Options::account`] says which one pays. A client
    /// whose `device_info` is not the journal's pays nothing: each `pay` is an error.
    #[must_use]
    pub fn with<A: Account + 'static>(mut self, client: Client<A>) -> Till {
        let (account, pipe) = client.into_parts();
        self.desks.push(Desk { family: A::FAMILY, account: Box::new(account), pipe });
        self
    }

    /// How long `pay` goes on resolving. Default 30 s. An attempt that is under way may add the client's own deadline.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Till {
        self.patience = patience;
        self
    }

    /// Pays what the caller calls `intent` (a prize, a receipt, a reimbursement), once.
    ///
    /// Leave the request's order number empty: the till makes it. The same intent with the same fields returns the
    /// recorded result, or goes on where it stopped. A new order number is used only after a refusal that allows one.
    ///
    /// A WAP order is made, and **not paid**, when this returns `Accepted`: the evidence holds the `mweb_url` as long as the
    /// order is open. Ask [`Till::payment_of`] whether the customer paid. An order whose answer was lost has no URL, so
    /// nobody can pay it: it is given up and watched, and a new number is used.
    ///
    /// # Errors
    ///
    /// This call sent nothing, and no order number of this intent is open or paid: a field breaks a rule, the journal cannot
    /// be written, the gateway was not reached or wants a pause. Also, whatever became of the intent: it was used with
    /// other fields, the till has no account or two for this request, or the request cannot be a till's.
    pub fn pay<R: Payment>(&self, intent: &str, request: &R) -> Result<Outcome<Receipt<R::Reply>>, Error> {
        self.pay_with(intent, request, &Options::new())
    }

    /// [`Till::pay`] with options: which account, how much patience, and who watches.
    ///
    /// # Errors
    ///
    /// As [`Till::pay`].
    pub fn pay_with<R: Payment>(
        &self,
        intent: &str,
        request: &R,
        options: &Options<'_>,
    ) -> Result<Outcome<Receipt<R::Reply>>, Error> {
        let desk = self.payer(<R::Account as Account>::FAMILY, options.account)?;
        let mut given = Fields::with_capacity(R::ENDPOINT.fields.len(), 512);
        request.fields(&mut given);
        let outcome = self.pay_fields(desk, R::ENDPOINT, intent, &given, kept::<R::Reply>, options)?;
        Ok(match outcome {
            Outcome::Accepted(found) => match found.typed() {
                Some(receipt) => Outcome::Accepted(receipt),
                None => Outcome::Unknown(Doubt::new(Reason::Unreadable, "the reply has not its documented form")),
            },
            Outcome::Declined(refusal) => Outcome::Declined(refusal),
            Outcome::Unknown(doubt) => Outcome::Unknown(doubt),
        })
    }

    /// Whether this is the process that opened it. Asked first by everything that takes a lock.
    fn check_process(&self) -> Result<(), JournalFault> {
        if self.process.is_here() { Ok(()) } else { Err(JournalFault::new(JournalFaultKind::Process, ELSEWHERE)) }
    }

    /// The account that pays. Its client must speak for the journal's terminal.
    fn payer(&self, family: &str, account: Option<&str>) -> Result<&Desk, Error> {
        let desk = self.desk(family, account)?;
        let given = desk.pipe.terminal.device_info();
        if let Some(own) = self.device_info.as_deref()
            && given != Some(own)
        {
            let given = given.unwrap_or("none");
            let words = ["the client's is ", given, ", the journal's is ", own, ": make both with the same"];
            return Err(Error::setting("device_info", text(&words)));
        }
        Ok(desk)
    }

    /// The one account of a family, or the one with this identifier.
    fn desk(&self, family: &str, account: Option<&str>) -> Result<&Desk, Error> {
        let named = |desk: &&Desk| {
            account.is_none_or(|account| desk.profile().identifiers.iter().any(|(_, value)| value == account))
        };
        let mut of_family = self.desks.iter().filter(|desk| desk.family == family).filter(named);
        let wrong = |words: &[&str]| Err(Error::setting("account", text(words)));
        match (of_family.next(), of_family.next(), account) {
            (Some(desk), None, _) => Ok(desk),
            (None, _, None) => wrong(&["this till has no ", family, " account: add its client with `Till::with`"]),
            (None, _, Some(_)) => wrong(&["this till has no ", family, " account with the identifier in the options"]),
            (Some(_), Some(_), _) => wrong(&["this till has two ", family, " accounts: name one in the options"]),
        }
    }
}

/// What a payment came to, before the reply's type.
pub(crate) struct Found {
    order_number: String,
    entry: EntryId,
    evidence: Evidence<Pairs>,
    late: bool,
    journal_fault: Option<JournalFault>,
}

impl Found {
    fn typed<T: Reply>(self) -> Option<Receipt<T>> {
        let evidence = match self.evidence {
            Evidence::Reply(pairs) => Evidence::Reply(T::read(pairs)?),
            Evidence::Queried(fields) => Evidence::Queried(fields),
            Evidence::Recorded(fields) => Evidence::Recorded(fields),
        };
        let Found { order_number, entry, late, journal_fault, .. } = self;
        Some(Receipt { order_number, entry, evidence, late, journal_fault })
    }

    /// With the reply's fields as they came.
    pub(crate) fn untyped(self) -> Receipt<Pairs> {
        let Found { order_number, entry, evidence, late, journal_fault } = self;
        Receipt { order_number, entry, evidence, late, journal_fault }
    }
}

/// The outcome with the reply's fields as they came.
fn untyped(outcome: Outcome<Found>) -> Outcome<Receipt<Pairs>> {
    match outcome {
        Outcome::Accepted(found) => Outcome::Accepted(found.untyped()),
        Outcome::Declined(refusal) => Outcome::Declined(refusal),
        Outcome::Unknown(doubt) => Outcome::Unknown(doubt),
    }
}

/// The reply's fields, if the typed reply can be read from them.
pub(crate) fn kept<T: Reply>(pairs: Pairs) -> Option<Pairs> {
    T::read(pairs.clone()).map(|_| pairs)
}

pub(crate) type Read = fn(Pairs) -> Option<Pairs>;

// ---- paying ----

/// An entry in hand: nobody else works on it.
struct Held<'a> {
    till: &'a Till,
    entry: Entry,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.till.busy.with(|busy| busy.retain(|id| *id != self.entry.id));
    }
}

/// What the journal says of an intent before anything is done.
enum Start {
    /// A new entry, or one that was never sent or was refused (then with that refusal): attempt it.
    Attempt(Entry, Option<Refusal>),
    /// Pending: resolve it.
    Resolve(Entry),
    /// The gateway wants a pause first. With the refusal that asked for it, where one did.
    TooSoon(Duration, Option<Entry>),
    /// Settled: this is the result.
    Known(Entry),
    /// Paid late, which the journal cannot say.
    Unwritten(Entry),
    /// It was given up, and a signed notification says that it is paid.
    ToldPaid(Entry),
    /// An entry of this intent contradicts itself, in these words: a person must look at it.
    Distrust(Entry, String),
    /// Another thread works on it.
    Busy,
    /// The journal cannot be read: whether this intent was paid before is not known.
    Unreadable(JournalFault),
}

/// What one go at an intent came to.
enum Went {
    Done(Outcome<Found>),
    /// A pause that the gateway asked for is over.
    Again,
    /// The order is given up, because nobody can pay it without the answer that was lost: a new number may be used.
    GivenUp(Doubt),
}

/// One call of `pay`: what does not change while it goes on.
struct Paying<'a> {
    desk: &'a Desk,
    endpoint: &'static Endpoint,
    call: Call<'a>,
    account: &'a str,
    amount: Fen,
    /// The caller's fields, and those of account and terminal: what an intent is compared with.
    fields: &'a Fields,
    read: Read,
}

impl Till {
    fn pay_fields(
        &self,
        desk: &Desk,
        endpoint: &'static Endpoint,
        intent: &str,
        given: &Fields,
        read: Read,
        options: &Options<'_>,
    ) -> Result<Outcome<Found>, Error> {
        self.process.check()?;
        if matches!(endpoint.resolved_by, ResolvedBy::NotByTill) {
            return Err(Error::setting("till", "a till does not make this call: use the client"));
        }
        check_intent(intent)?;
        if given.get(endpoint.order_number).is_some_and(|number| !number.is_empty()) {
            return Err(Error::field(endpoint.order_number, "is made by the till: leave it empty"));
        }
        let merchant = merchant(desk.profile());
        let number = |serial| -> Result<Numbered, Error> {
            let now = self.clock.unix_seconds();
            // A clock beyond the calendar must not hide an open entry.
            let today = ChinaTime::from_unix(now.clamp(0, ChinaTime::LAST))?;
            let order_number = self.numbers.make(endpoint.numbers, merchant, today, serial)?;
            let mut given = given.with(endpoint.order_number, &order_number);
            if let ResolvedBy::Order(_, rules) = endpoint.resolved_by {
                orders::set_valid(&mut given, rules, now)?;
            }
            let fields = desk.pipe.checked(desk.profile(), endpoint, given)?;
            let fields = fields.iter().map(|(name, value)| (name.into(), value.into())).collect();
            Ok(Numbered { order_number, fields })
        };
        // Every rule is checked before anything is stored, but an entry that may be open counts first: what expired or was
        // narrowed since says nothing about the money.
        let mut valid = Some(number(Serial { epoch: 0, counter: 0 }).map(drop));
        let fields = desk.pipe.filled(desk.profile(), endpoint, given.with(endpoint.order_number, ""));
        let amount = fields.get(endpoint.amount).and_then(Fen::read).unwrap_or_default();
        let call = self.call(intent, options, self.patience);
        let account = owner(desk.profile());
        let paying = Paying { desk, endpoint, call, account: &account, amount, fields: &fields, read };
        let mut given_up = None;
        let mut numbers = 0_u32;
        loop {
            match self.go(&paying, &mut valid, &number, &mut given_up) {
                Ok(Went::Done(outcome)) => return Ok(outcome),
                Ok(Went::Again) => {}
                Ok(Went::GivenUp(doubt)) => {
                    numbers = numbers.saturating_add(1);
                    if numbers >= MOST_NUMBERS || !self.wait(&call, "", APART) {
                        return Ok(Outcome::Unknown(doubt));
                    }
                    given_up = Some(doubt);
                }
                // An order of this intent was sent before, and may still turn out to be paid: an Error would deny it.
                Err(error) => return given_up.map(Outcome::Unknown).ok_or(error),
            }
        }
    }

    /// One look at the journal, and what follows from it.
    fn go(
        &self,
        paying: &Paying<'_>,
        valid: &mut Option<Result<(), Error>>,
        number: &dyn Fn(Serial) -> Result<Numbered, Error>,
        given_up: &mut Option<Doubt>,
    ) -> Result<Went, Error> {
        let done = |outcome| Ok(Went::Done(outcome));
        match self.start(paying, valid, number, given_up)? {
            Start::TooSoon(wait, _) if self.wait(&paying.call, "", wait) => Ok(Went::Again),
            Start::TooSoon(_, Some(entry)) => done(recorded(entry)),
            Start::TooSoon(_, None) => {
                Err(Error::field("till", "the gateway asks for a pause between payments to one payee: pay again later"))
            }
            Start::Busy => done(Outcome::Unknown(Doubt::new(Reason::Broken, "another thread is paying this intent"))),
            Start::Unreadable(fault) => done(Outcome::Unknown(Doubt::new(Reason::Journal, fault.to_string()))),
            Start::Distrust(entry, words) => done(self.distrust(&entry, words)),
            Start::Known(entry) => done(self.tell(entry)),
            Start::Unwritten(entry) => {
                let words = text(&[&entry.order_number, " was paid late, and the journal cannot say so"]);
                done(Outcome::Unknown(Doubt::new(Reason::Journal, words)))
            }
            Start::ToldPaid(entry) => {
                let held = Held { till: self, entry };
                done(self.ask_told(&paying.work(&held.entry)))
            }
            Start::Resolve(entry) => {
                let held = Held { till: self, entry };
                let work = paying.work(&held.entry);
                match work.endpoint.resolved_by {
                    ResolvedBy::Order(_, rules) => Ok(self.take_up_order(&work, rules)),
                    _ => done(self.resolve(&work, true)),
                }
            }
            Start::Attempt(entry, refused) => {
                let held = Held { till: self, entry };
                self.first_attempt(&paying.work(&held.entry), refused)
            }
        }
    }

    /// One look at the journal, one transaction, under one lock: what to do with this intent.
    fn start(
        &self,
        paying: &Paying<'_>,
        valid: &mut Option<Result<(), Error>>,
        number: &dyn Fn(Serial) -> Result<Numbered, Error>,
        given_up: &mut Option<Doubt>,
    ) -> Result<Start, Error> {
        let Paying { endpoint, account, amount, fields, .. } = *paying;
        let intent = paying.call.intent;
        let new = NewEntry { account, call: endpoint.name, intent, amount, at: self.clock.unix_seconds() };
        self.journal.with(|journal| {
            let mut entries = match journal.of_intent(account, intent) {
                Ok(entries) => entries,
                Err(fault) => return Ok(Start::Unreadable(fault)),
            };
            if let Some((entry, words)) = self.distrusted(paying, &mut entries) {
                let busy = self.is_busy(entry.id);
                return Ok(if busy { Start::Busy } else { Start::Distrust(entry, words) });
            }
            self.settle_late(&mut **journal, &mut entries, new.at);
            let pending = entries.iter().any(Entry::is_pending);
            let told = entries.iter().find(|entry| self.is_told_paid(entry)).cloned();
            let latest = self.deciding(&mut entries);
            if let Some(entry) = &latest
                && !same_fields(entry, endpoint, fields)
            {
                return Err(Error::field("intent", "was used before with other fields"));
            }
            if pending && given_up.is_none() {
                *given_up = Some(Doubt::new(Reason::EarlierAttempt, "an earlier order of this intent was given up"));
            }
            // First of all: a person's or a refusal's word on an entry does not count while a thread works on it.
            if latest.as_ref().is_some_and(|entry| self.is_busy(entry.id)) {
                return Ok(Start::Busy);
            }
            if let Some(told) =
                told.filter(|_| !latest.as_ref().is_some_and(|entry| entry.is_paid() || self.is_late(entry.id)))
            {
                if self.is_busy(told.id) {
                    return Ok(Start::Busy);
                }
                self.busy.with(|busy| busy.push(told.id));
                return Ok(Start::ToldPaid(told));
            }
            let begins = latest.as_ref().is_none_or(|entry| entry.allows_new_number() || entry.allows_same_number());
            if let (true, Some(wait)) = (begins, pause_left(&mut **journal, &new, endpoint, latest.as_ref(), fields)) {
                let refused = latest.filter(|entry| !matches!(entry.state, EntryState::Settled(Settlement::NotSent)));
                return Ok(Start::TooSoon(wait, refused));
            }
            let again = match latest.as_ref().map(|entry| paying.goes_again(entry, new.at)) {
                Some(Err(words)) => return Ok(latest.map_or(Start::Busy, |entry| Start::Distrust(entry, words))),
                again => again.is_some_and(|again| again == Ok(true)),
            };
            let start = match latest {
                Some(entry) if self.is_late(entry.id) => return Ok(Start::Unwritten(entry)),
                Some(mut entry) if again => {
                    journal.reopen(entry.id, new.at).map_err(not_begun)?;
                    entry.attempts = entry.attempts.saturating_add(1);
                    let before = core::mem::replace(&mut entry.state, EntryState::Open);
                    Start::Attempt(entry, refusal(before))
                }
                latest if latest.as_ref().is_none_or(Entry::allows_new_number) => {
                    valid.take().unwrap_or(Ok(()))?;
                    Start::Attempt(journal.begin(&new, &mut |serial| number(serial)).map_err(not_begun)?, None)
                }
                Some(entry) if entry.is_pending() => Start::Resolve(entry),
                Some(entry) => return Ok(Start::Known(entry)),
                None => return Ok(Start::Busy),
            };
            if let Start::Attempt(entry, _) | Start::Resolve(entry) = &start {
                self.busy.with(|busy| busy.push(entry.id));
            }
            Ok(start)
        })
    }

    /// The entry that decides: money for an order that was given up counts before every newer order, and so does one that a
    /// person must look at; else the newest.
    fn deciding(&self, entries: &mut Vec<Entry>) -> Option<Entry> {
        let paid = |entry: &Entry| entry.is_paid() || self.is_late(entry.id);
        let for_a_person = |entry: &Entry| matches!(entry.state, EntryState::Settled(Settlement::ForAPerson { .. }));
        let first = entries.iter().position(paid).or_else(|| entries.iter().position(for_a_person));
        match first {
            Some(first) => Some(entries.swap_remove(first)),
            None => entries.pop(),
        }
    }

    /// The first of an intent's entries that contradicts itself.
    fn distrusted(&self, paying: &Paying<'_>, entries: &mut Vec<Entry>) -> Option<(Entry, String)> {
        let words = |entry: &Entry| {
            if entry.intent != paying.call.intent {
                return Some(String::from("the journal gave another intent's entry: its storage may be failing"));
            }
            paying.desk.contradiction(entry, orders::endpoint_of(entry)?)
        };
        let (at, words) = entries.iter().enumerate().find_map(|(at, entry)| Some((at, words(entry)?)))?;
        Some((entries.swap_remove(at), words))
    }

    fn is_busy(&self, id: EntryId) -> bool {
        self.busy.with(|busy| busy.contains(&id))
    }

    /// The first attempt of an entry, and the attempts after refusals that ask to come again.
    fn first_attempt(&self, work: &Work<'_>, refused: Option<Refusal>) -> Result<Went, Error> {
        let Work { desk, endpoint, entry, call, read } = *work;
        let done = |outcome| Ok(Went::Done(outcome));
        let drafted = match call.is_cancelled() {
            true => Err(Unfit::Rule(Error::setting("watch", "the call was cancelled before anything was sent"))),
            false => self.draft(desk, endpoint, entry),
        };
        let mut draft = match (drafted, &refused) {
            (Ok(draft), _) => draft,
            (Err(Unfit::Changed(words)), _) => return done(self.for_a_person(entry, words)),
            // An attempt before this one left, and was refused: that stays what is known.
            (Err(Unfit::Rule(_)), Some(refusal)) => return done(self.declined(entry, refusal.clone())),
            (Err(Unfit::Rule(error)), None) => return self.not_sent(entry, error).map(Went::Done),
        };
        // Attempts that were never sent do not make this one a repeat.
        draft.attempts = u32::from(refused.is_some());
        draft.refusal = refused;
        loop {
            call.tell(&entry.order_number, Phase::Sending);
            let outcome = desk.pipe.pay(desk.profile(), &mut draft, read);
            self.note_attempt(entry.id);
            match (outcome, endpoint.resolved_by) {
                (Err(error), _) => return self.not_sent(entry, error).map(Went::Done),
                (Ok(Outcome::Accepted(pairs)), ResolvedBy::Order(_, rules)) => {
                    return done(self.ordered(work, rules, pairs));
                }
                (Ok(Outcome::Accepted(pairs)), _) => return done(self.accepted(entry, endpoint, pairs)),
                (Ok(Outcome::Declined(refusal)), _) => match refusal.next {
                    Next::SameNumberLater(wait) if self.wait(&call, &entry.order_number, wait.max(APART)) => {
                        // Not durable, not sent: the refusal is what is known.
                        if self.count_attempt(entry.id).is_err() {
                            return done(self.declined(entry, refusal));
                        }
                    }
                    _ => return done(self.declined(entry, refusal)),
                },
                (Ok(Outcome::Unknown(doubt)), ResolvedBy::Order(..)) => return Ok(self.give_up(entry, doubt)),
                (Ok(Outcome::Unknown(doubt)), _) => return done(self.resolve_unknown(work, Some(draft), doubt)),
            }
        }
    }

    /// The request of an entry, from the fields that were stored.
    fn draft(&self, desk: &Desk, endpoint: &'static Endpoint, entry: &Entry) -> Result<Draft, Unfit> {
        let fields = fit(entry, endpoint, desk.profile())?;
        desk.pipe.signed(desk.profile(), endpoint, fields).map_err(Unfit::Rule)
    }

    /// Nothing was ever sent. That is an error only when the journal says so too.
    fn not_sent(&self, entry: &Entry, error: Error) -> Result<Outcome<Found>, Error> {
        match self.settle(entry, &Settlement::NotSent) {
            Ok(()) => Err(error),
            Err(fault) => {
                let words = text(&["nothing was sent, but the journal cannot say so: ", fault.text()]);
                Ok(Outcome::Unknown(Doubt::new(Reason::Journal, words)))
            }
        }
    }

    fn accepted(&self, entry: &Entry, endpoint: &Endpoint, pairs: Pairs) -> Outcome<Found> {
        let evidence = picked(&pairs, endpoint.reply.must_have);
        let fault = self.settle(entry, &Settlement::Accepted { queried: false, evidence }).err();
        Outcome::Accepted(found(entry, Evidence::Reply(pairs), fault))
    }

    fn declined(&self, entry: &Entry, refusal: Refusal) -> Outcome<Found> {
        let Refusal { code, text, next } = refusal.clone();
        match self.settle(entry, &Settlement::Declined { code, text, next }) {
            Ok(()) => Outcome::Declined(refusal),
            Err(fault) => {
                // A notification may have told that it is paid while the gateway was asked.
                if let Some(paid) = self.paid_meanwhile(entry.id) {
                    return self.tell(paid);
                }
                if self.is_called_paid(entry.id) {
                    return Outcome::Unknown(Doubt { code: refusal.code, ..contradicted() });
                }
                // Without the record a restart would not know that a new number is allowed. Unknown is the safe answer.
                let words =
                    crate::error::text(&["refused (", &refusal.code, "), but the journal failed: ", fault.text()]);
                Outcome::Unknown(Doubt::new(Reason::Journal, words))
            }
        }
    }

    /// What is recorded, told to the caller: now it can be acknowledged.
    fn tell(&self, entry: Entry) -> Outcome<Found> {
        self.told(entry.id);
        recorded(entry)
    }

    fn told(&self, id: EntryId) {
        self.seen.with(|all| all.get_mut(&id).map(|seen| seen.untold = false));
    }

    /// Whether it was paid late, which the journal does not say yet.
    fn is_late(&self, id: EntryId) -> bool {
        self.seen.with(|all| all.get(&id).is_some_and(|seen| seen.late.is_some()))
    }

    /// Late money that the journal could not take when the gateway said it: now, perhaps, it can.
    fn settle_late(&self, journal: &mut dyn Journal, entries: &mut [Entry], at: i64) {
        for entry in entries {
            let evidence = self.seen.with(|all| all.get(&entry.id).and_then(|seen| seen.late.clone()));
            let Some(evidence) = evidence.filter(|_| !entry.is_paid()) else { continue };
            let settlement = Settlement::PaidLate { evidence };
            match journal.settle(entry.id, &settlement, at) {
                Ok(()) => {
                    self.seen.with(|all| all.get_mut(&entry.id).map(|seen| seen.late = None));
                    entry.state = EntryState::Settled(settlement);
                }
                Err(fault) => log::error!("{} {}: {fault}", entry.call, entry.order_number),
            }
        }
    }

    /// The later of the device's time and the gateway's: an entry must never look older than it is.
    fn stamp(&self) -> i64 {
        self.gateway_times().fold(self.clock.unix_seconds(), i64::max)
    }

    /// What time it is now, as the gateways told.
    fn gateway_times(&self) -> impl Iterator<Item = i64> {
        let now = self.clock.monotonic();
        self.desks.iter().filter_map(move |desk| desk.pipe.gateway_time(now))
    }

    fn settle(&self, entry: &Entry, settlement: &Settlement) -> Result<(), JournalFault> {
        let at = self.stamp();
        let pending = matches!(settlement, Settlement::Ordered { .. } | Settlement::Abandoned);
        // Under one lock: a notification comes before it, or finds what is settled.
        let settled = self.journal.with(|journal| {
            if is_unpaid(settlement) && self.is_called_paid(entry.id) {
                return Err(JournalFault::new(JournalFaultKind::Refused, CONTRADICTED));
            }
            journal.settle(entry.id, settlement, at)?;
            // What is still asked about keeps the time of its last attempt.
            match pending {
                true => self.with_seen(entry.id, |seen| seen.withheld = None),
                false => self.seen.with(|seen| drop(seen.remove(&entry.id))),
            }
            Ok(())
        });
        let number = &entry.order_number;
        match (&settled, settlement) {
            (Err(fault), _) => log::error!("{} {number}: {fault}", entry.call),
            (Ok(()), Settlement::ForAPerson { .. } | Settlement::PaidLate { .. }) => {
                log::warn!("{} {number}: {settlement:?}", entry.call);
            }
            (Ok(()), _) => log::info!("{} {number}: {settlement:?}", entry.call),
        }
        settled
    }

    /// The entry, if the journal says that it is paid.
    fn paid_meanwhile(&self, id: EntryId) -> Option<Entry> {
        self.journal.with(|journal| journal.entry(id).ok().flatten()).filter(Entry::is_paid)
    }

    fn count_attempt(&self, id: EntryId) -> Result<(), JournalFault> {
        let at = self.clock.unix_seconds();
        self.journal.with(|journal| journal.attempt(id, at))
    }

    /// Notes that an attempt ended just now.
    fn note_attempt(&self, id: EntryId) {
        let now = self.clock.monotonic();
        self.seen.with(|all| {
            let seen = all.entry(id).or_default();
            seen.last_attempt = Some(now);
            seen.not_found_since = None;
        });
    }
}

impl<'a> Paying<'a> {
    fn work<'b>(&self, entry: &'b Entry) -> Work<'b>
    where
        'a: 'b,
    {
        Work { desk: self.desk, endpoint: self.endpoint, entry, call: self.call, read: self.read }
    }

    /// Whether a settled entry is sent again under its number: it allows that, and its fields would be allowed today. `Err`:
    /// its fields were changed, in words.
    fn goes_again(&self, entry: &Entry, now: i64) -> Result<bool, String> {
        // An order says until when it may be paid. It is sent again only if that leaves the customer time.
        let is_fresh = match self.endpoint.resolved_by {
            ResolvedBy::Order(_, rules) => orders::leaves_time(entry, rules, now),
            _ => true,
        };
        if !entry.allows_same_number() || entry.fields.is_empty() || !is_fresh {
            return Ok(false);
        }
        match fit(entry, self.endpoint, self.desk.profile()) {
            Ok(_) => Ok(true),
            Err(Unfit::Rule(_)) => Ok(false),
            Err(Unfit::Changed(words)) => Err(words),
        }
    }
}

/// What one payment or resolution works on.
#[derive(Clone, Copy)]
struct Work<'a> {
    desk: &'a Desk,
    endpoint: &'static Endpoint,
    entry: &'a Entry,
    call: Call<'a>,
    read: Read,
}

/// Some fields of a reply, to be kept.
fn picked(pairs: &Pairs, names: &[&str]) -> Vec<(String, String)> {
    names.iter().filter_map(|name| Some(((*name).into(), pairs.owned(name)?))).collect()
}

fn found(entry: &Entry, evidence: Evidence<Pairs>, journal_fault: Option<JournalFault>) -> Found {
    Found { order_number: entry.order_number.clone(), entry: entry.id, evidence, late: false, journal_fault }
}

/// The refusal that an entry was settled with.
fn refusal(state: EntryState) -> Option<Refusal> {
    match state {
        EntryState::Settled(Settlement::Declined { code, text, next }) => Some(Refusal { code, text, next }),
        _ => None,
    }
}

/// The recorded result of a settled entry.
fn recorded(entry: Entry) -> Outcome<Found> {
    match entry.state.clone() {
        EntryState::Settled(Settlement::Accepted { evidence, .. } | Settlement::Ordered { evidence }) => {
            Outcome::Accepted(found(&entry, Evidence::Recorded(evidence), None))
        }
        EntryState::Settled(Settlement::PaidLate { evidence }) => {
            Outcome::Accepted(Found { late: true, ..found(&entry, Evidence::Recorded(evidence), None) })
        }
        EntryState::Settled(Settlement::ByHand { paid: true, name, reason }) => {
            let evidence = Vec::from([("by".into(), name), ("reason".into(), reason)]);
            Outcome::Accepted(found(&entry, Evidence::Recorded(evidence), None))
        }
        EntryState::Settled(Settlement::Declined { code, text, next }) => {
            Outcome::Declined(Refusal { code, text, next })
        }
        EntryState::Settled(Settlement::ForAPerson { reason }) => {
            Outcome::Unknown(Doubt::new(Reason::ForAPerson, reason))
        }
        EntryState::Settled(Settlement::ByHand { paid: false, .. }) => {
            let words = "a person found it unpaid, and the gateway asks for a pause before it is paid again";
            Outcome::Unknown(Doubt::new(Reason::ForAPerson, words))
        }
        EntryState::Open | EntryState::Settled(Settlement::NotSent | Settlement::Abandoned) => {
            Outcome::Unknown(Doubt::new(Reason::EarlierAttempt, "the entry is open"))
        }
    }
}

/// What is left of the pauses that the gateway asks for: after the refusal that said so, and between two payments to one
/// payee. Asked under the journal's lock, so that two threads cannot pay one payee at once.
fn pause_left(
    journal: &mut dyn Journal,
    new: &NewEntry<'_>,
    endpoint: &Endpoint,
    latest: Option<&Entry>,
    fields: &Fields,
) -> Option<Duration> {
    let left = |pause: Duration, last: i64| -> Option<Duration> {
        // A clock that was set back: the whole pause for seconds, none for hours, which it would turn into years.
        let since = match u64::try_from(new.at.saturating_sub(last)) {
            Ok(since) => Duration::from_secs(since),
            Err(_) if pause > SHORT => pause,
            Err(_) => Duration::ZERO,
        };
        Some(pause.saturating_sub(since)).filter(|left| !left.is_zero())
    };
    let refused = latest.and_then(|entry| match &entry.state {
        EntryState::Settled(Settlement::Declined { next: Next::SameNumberLater(wait), .. }) => {
            left((*wait).max(APART), entry.last_attempt_at)
        }
        EntryState::Settled(Settlement::Declined { next: Next::SameNumber, .. }) => left(APART, entry.last_attempt_at),
        _ => None,
    });
    let payee = endpoint.payee_pause.and_then(|(field, pause)| {
        let last = journal.last_attempt_to(new.account, field, fields.get(field).unwrap_or_default());
        // What the journal cannot say is waited for in full.
        last.unwrap_or(Some(new.at)).and_then(|last| left(pause, last))
    });
    refused.max(payee)
}

/// Whether the intent was used with these fields. The order number is the till's own; a blanked entry has only its call
/// and amount left to compare.
fn same_fields(entry: &Entry, endpoint: &Endpoint, fields: &Fields) -> bool {
    let amount = fields.get(endpoint.amount).and_then(Fen::read);
    if entry.call != endpoint.name || amount != Some(entry.amount) {
        return false;
    }
    // An order's times are new with each number.
    let valid = match endpoint.resolved_by {
        ResolvedBy::Order(_, OrderRules { valid: (start, expire), .. }) => [*start, *expire],
        _ => [""; 2],
    };
    let own = |name: &str| name == endpoint.order_number || is_terminals(name) || valid.contains(&name);
    let stored = entry.fields.iter().filter(|(name, _)| !own(name));
    let given = fields.iter().filter(|(name, _)| !own(name));
    let same = |((a, b), (c, d)): ((&String, &String), (&str, &str))| a == c && b == d;
    let count = given.clone().count();
    entry.fields.is_empty() || (stored.clone().count() == count && stored.map(|(n, v)| (n, v)).zip(given).all(same))
}

/// The terminal's own fields may change in its configuration between two runs; a repeat still sends the stored ones.
fn is_terminals(name: &str) -> bool {
    matches!(name, "device_info" | "client_ip" | "spbill_create_ip" | "mch_create_ip")
}

fn check_intent(intent: &str) -> Result<(), Error> {
    if !(1..=64).contains(&intent.len()) {
        return Err(Error::field("intent", "must be 1 to 64 bytes"));
    }
    if intent.chars().any(char::is_control) {
        return Err(Error::field("intent", "holds a control character"));
    }
    Ok(())
}

fn merchant(profile: &Profile) -> &str {
    profile.identifier("mch_id").or_else(|| profile.identifier("partner_id")).unwrap_or_default()
}

/// A journal that fails before the entry is stored: nothing was sent.
fn not_begun(fault: JournalFault) -> Error {
    let field = if fault.kind() == JournalFaultKind::Number { "order_number" } else { "journal" };
    Error::new(ErrorKind::Journal, field, String::from(fault.text()))
}

impl core::fmt::Debug for Till {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let accounts: Vec<_> = self.desks.iter().map(Desk::profile).collect();
        f.debug_struct("Till").field("accounts", &accounts).field("patience", &self.patience).finish_non_exhaustive()
    }
}
