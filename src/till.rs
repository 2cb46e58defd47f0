//! Till (收银台): pay under the caller's own name, and never twice.
//!
//! `pay(intent, &request)` stores the intent, the order number and every field before the first byte leaves, and resolves
//! what is left open: by the gateway's query, and by the identical repeat where the documents allow it. After a power cut
//! the same call goes on where it stopped.
//!
//! Document: protocol section R; `docs/design.md`, "Till: order numbers, journal, recovery".

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use crate::account::{Account, Profile, sealed::Sealed};
use crate::client::{Client, Draft, Pipe, owner};
use crate::clock::{ChinaTime, Clock, EARLIEST, LATEST};
use crate::endpoint::{Endpoint, Resolution, ResolvedBy};
use crate::error::{Error, ErrorKind, text};
use crate::fields::Fields;
use crate::journal::{
    Entry, EntryId, EntryState, Journal, JournalFault, JournalFaultKind, NewEntry, Numbered, Settlement, Summary,
};
use crate::lock::Lock;
use crate::money::Fen;
use crate::order_number::{OrderNumbers, Serial};
use crate::outcome::{Answer, Doubt, Next, Outcome, Reason, Refusal};
use crate::pairs::Pairs;
use crate::request::{Payment, Reply};

/// Attempts and questions about one number are at least this far apart (protocol R.4).
const APART: Duration = Duration::from_secs(1);
/// The longest wait between two questions.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// Two answers "not found" count as two only this far apart.
const TWO_ANSWERS: Duration = Duration::from_secs(60);
/// Intents of the last 30 days are kept, so that the same one is known again.
const LOOK_BACK: i64 = 30 * 86_400;
/// How far the clock may be from the gateway's for pruning.
const A_DAY: i64 = 86_400;

/// Waiting, as an input: tests pass days in milliseconds.
pub trait Pause: Send + Sync {
    /// Waits about this long.
    fn pause(&self, time: Duration);

    /// Asked between waits: true ends the waiting, with what is known so far.
    fn is_cancelled(&self) -> bool {
        false
    }
}

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
    numbers: OrderNumbers,
    desks: Vec<Desk>,
    clock: Box<dyn Clock>,
    pause: Box<dyn Pause>,
    patience: Duration,
    /// Monotonic time when this till was opened: the earliest moment that this process can vouch for.
    opened: Duration,
    /// Entries that a thread works on.
    busy: Lock<Vec<EntryId>>,
    /// What this process saw of open entries.
    seen: Lock<BTreeMap<EntryId, Seen>>,
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

/// What this process saw of an open entry.
#[derive(Clone, Copy, Default)]
struct Seen {
    /// When the last attempt of this process ended.
    last_attempt: Option<Duration>,
    /// The first of the answers "not found" that count.
    not_found_since: Option<Duration>,
    /// The gateway once knew the order: "not found" is never final then.
    known: bool,
    /// When it was last asked about.
    asked: Option<Duration>,
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
    /// The journal failed after the payment was sent: the entry is still open there, and the next `pay` or `recover`
    /// resolves it again. The money is as this receipt says.
    pub journal_fault: Option<JournalFault>,
}

/// How a payment was proven.
#[derive(Debug)]
#[non_exhaustive]
pub enum Evidence<T> {
    /// By the reply to the payment, just now.
    Reply(T),
    /// By the gateway's query, just now: fields of its answer.
    Queried(Vec<(String, String)>),
    /// Earlier; from the journal.
    Recorded(Vec<(String, String)>),
}

/// What `recover` says of one entry.
#[derive(Debug)]
#[non_exhaustive]
pub struct Recovered {
    /// The entry, as it is now in the journal.
    pub entry: Entry,
    /// Why it is still open, where it is.
    pub doubt: Option<Doubt>,
}

/// Who may move money while an entry is resolved.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Permission {
    /// Only ask.
    Ask,
    /// Ask, and repeat the payment.
    Repeat,
}

impl Till {
    /// A till on a journal, with inputs of the caller's own.
    pub fn with_inputs(
        journal: Box<dyn Journal>,
        numbers: OrderNumbers,
        clock: Box<dyn Clock>,
        pause: Box<dyn Pause>,
    ) -> Till {
        let opened = clock.monotonic();
        Till {
            journal: Lock::new(journal),
            numbers,
            desks: Vec::new(),
            clock,
            pause,
            patience: Duration::from_secs(30),
            opened,
            busy: Lock::new(Vec::new()),
            seen: Lock::new(BTreeMap::new()),
        }
    }

    /// A till on a journal, with the system's clock and sleep.
    #[cfg(feature = "std")]
    pub fn open(journal: impl Journal + 'static, numbers: OrderNumbers) -> Till {
        Till::with_inputs(Box::new(journal), numbers, Box::new(crate::SystemClock), Box::new(SystemPause))
    }

    /// Adds the account of a client.
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
    /// # Errors
    ///
    /// This call sent nothing, and no order number of this intent is open or paid: a field breaks a rule, the journal cannot
    /// be written, the gateway was not reached or wants a pause. Also, whatever became of the intent: it was used with
    /// other fields, the till has no account or two for this request, or the request cannot be a till's.
    pub fn pay<R: Payment>(&self, intent: &str, request: &R) -> Result<Outcome<Receipt<R::Reply>>, Error> {
        let desk = self.desk(<R::Account as Account>::FAMILY)?;
        let mut given = Fields::with_capacity(R::ENDPOINT.fields.len(), 512);
        request.fields(&mut given);
        let asked = Asking { given: &given, rules: request.rules(desk.profile()), read: kept::<R::Reply> };
        let outcome = self.pay_fields(desk, R::ENDPOINT, intent, asked)?;
        Ok(match outcome {
            Outcome::Accepted(found) => match found.typed() {
                Some(receipt) => Outcome::Accepted(receipt),
                None => Outcome::Unknown(Doubt::new(Reason::Unreadable, "the reply has not its documented form")),
            },
            Outcome::Declined(refusal) => Outcome::Declined(refusal),
            Outcome::Unknown(doubt) => Outcome::Unknown(doubt),
        })
    }

    fn desk(&self, family: &str) -> Result<&Desk, Error> {
        let mut of_family = self.desks.iter().filter(|desk| desk.family == family);
        match (of_family.next(), of_family.next()) {
            (Some(desk), None) => Ok(desk),
            (None, _) => Err(Error::setting("account", text(&["this till has no ", family, " account"]))),
            (Some(_), Some(_)) => Err(Error::setting("account", text(&["this till has two ", family, " accounts"]))),
        }
    }
}

/// What a payment came to, before the reply's type.
struct Found {
    order_number: String,
    entry: EntryId,
    evidence: Evidence<Pairs>,
    journal_fault: Option<JournalFault>,
}

impl Found {
    fn typed<T: Reply>(self) -> Option<Receipt<T>> {
        let evidence = match self.evidence {
            Evidence::Reply(pairs) => Evidence::Reply(T::read(pairs)?),
            Evidence::Queried(fields) => Evidence::Queried(fields),
            Evidence::Recorded(fields) => Evidence::Recorded(fields),
        };
        Some(Receipt {
            order_number: self.order_number,
            entry: self.entry,
            evidence,
            journal_fault: self.journal_fault,
        })
    }
}

/// The reply's fields, if the typed reply can be read from them.
fn kept<T: Reply>(pairs: Pairs) -> Option<Pairs> {
    T::read(pairs.clone()).map(|_| pairs)
}

type Read = fn(Pairs) -> Option<Pairs>;

/// What the caller asks for.
struct Asking<'a> {
    given: &'a Fields,
    /// The rules that one row of the table cannot say. They count only where something would be sent.
    rules: Result<(), Error>,
    read: Read,
}

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
    /// Open: resolve it.
    Resolve(Entry),
    /// The gateway wants a pause first. With the refusal that asked for it, where one did.
    TooSoon(Duration, Option<Entry>),
    /// Settled: this is the result.
    Known(Entry),
    /// Another thread works on it.
    Busy,
    /// The journal cannot be read: whether this intent was paid before is not known.
    Unreadable(JournalFault),
}

impl Till {
    fn pay_fields(
        &self,
        desk: &Desk,
        endpoint: &'static Endpoint,
        intent: &str,
        Asking { given, rules, read }: Asking<'_>,
    ) -> Result<Outcome<Found>, Error> {
        if matches!(endpoint.resolved_by, ResolvedBy::NotByTill) {
            return Err(Error::setting("till", "WAP orders are not in the till yet: use the client"));
        }
        check_intent(intent)?;
        if given.get(endpoint.order_number).is_some_and(|number| !number.is_empty()) {
            return Err(Error::field(endpoint.order_number, "is made by the till: leave it empty"));
        }
        let now = self.clock.unix_seconds();
        // A clock beyond the calendar must not hide an open entry.
        let today = ChinaTime::from_unix(now.clamp(0, ChinaTime::LAST))?;
        let merchant = merchant(desk.profile());
        let numbered = |serial| -> Result<Fields, Error> {
            let number = self.numbers.make(endpoint.numbers, merchant, today, serial)?;
            desk.pipe.checked(desk.profile(), endpoint, given.with(endpoint.order_number, &number))
        };
        // Every rule is checked before anything is stored, but an entry that may be open counts first: what expired or was
        // narrowed since says nothing about the money.
        let valid = rules.and_then(|()| numbered(Serial { epoch: 0, counter: 0 }).map(drop));
        let fields = desk.pipe.filled(desk.profile(), endpoint, given.with(endpoint.order_number, ""));
        let amount = fields.get(endpoint.amount).and_then(Fen::read).unwrap_or_default();
        let account = owner(desk.profile());
        let new = NewEntry { account: &account, call: endpoint.name, intent, amount, at: now };
        let deadline = self.clock.monotonic().saturating_add(self.patience);
        let mut number = |serial| -> Result<Numbered, Error> {
            let fields = numbered(serial)?;
            let order_number = fields.get(endpoint.order_number).unwrap_or_default().into();
            let fields = fields.iter().map(|(name, value)| (name.into(), value.into())).collect();
            Ok(Numbered { order_number, fields })
        };
        let mut valid = Some(valid);
        let start = loop {
            let new = NewEntry { at: self.clock.unix_seconds(), ..new };
            match self.start(&new, endpoint, (&fields, &mut valid), &mut number)? {
                Start::TooSoon(wait, _) if self.wait(wait, deadline) => {}
                start => break start,
            }
        };
        match start {
            Start::TooSoon(_, Some(entry)) => Ok(recorded(entry)),
            Start::TooSoon(_, None) => {
                Err(Error::field("till", "the gateway asks for a pause between payments to one payee: pay again later"))
            }
            Start::Busy => Ok(Outcome::Unknown(Doubt::new(Reason::Broken, "another thread is paying this intent"))),
            Start::Unreadable(fault) => Ok(Outcome::Unknown(Doubt::new(Reason::Journal, fault.to_string()))),
            Start::Known(entry) => Ok(recorded(entry)),
            Start::Resolve(entry) => {
                let held = Held { till: self, entry };
                Ok(self.resolve(desk, endpoint, &held.entry, Permission::Repeat, deadline, read))
            }
            Start::Attempt(entry, refused) => {
                let held = Held { till: self, entry };
                let work = Work { desk, endpoint, entry: &held.entry, deadline, read };
                self.first_attempt(&work, refused)
            }
        }
    }

    /// One look at the journal, one transaction, under one lock: what to do with this intent.
    fn start(
        &self,
        new: &NewEntry<'_>,
        endpoint: &Endpoint,
        (fields, valid): (&Fields, &mut Option<Result<(), Error>>),
        number: &mut dyn FnMut(Serial) -> Result<Numbered, Error>,
    ) -> Result<Start, Error> {
        self.journal.with(|journal| {
            let latest = match journal.latest(new.account, new.intent) {
                Ok(latest) => latest,
                Err(fault) => return Ok(Start::Unreadable(fault)),
            };
            if let Some(entry) = &latest
                && !same_fields(entry, new.call, endpoint, fields)
            {
                return Err(Error::field("intent", "was used before with other fields"));
            }
            // First of all: a person's or a refusal's word on an entry does not count while a thread works on it.
            if latest.as_ref().is_some_and(|entry| self.is_busy(entry.id)) {
                return Ok(Start::Busy);
            }
            let begins = latest.as_ref().is_none_or(|entry| entry.allows_new_number() || entry.allows_same_number());
            if let (true, Some(wait)) = (begins, pause_left(&mut **journal, new, endpoint, latest.as_ref(), fields)) {
                let refused = latest.filter(|entry| !matches!(entry.state, EntryState::Settled(Settlement::NotSent)));
                return Ok(Start::TooSoon(wait, refused));
            }
            let start = match latest {
                Some(mut entry) if entry.allows_same_number() && !entry.fields.is_empty() => {
                    journal.reopen(entry.id, new.at).map_err(not_begun)?;
                    entry.attempts = entry.attempts.saturating_add(1);
                    let before = core::mem::replace(&mut entry.state, EntryState::Open);
                    Start::Attempt(entry, refusal(before))
                }
                latest if latest.as_ref().is_none_or(Entry::allows_new_number) => {
                    valid.take().unwrap_or(Ok(()))?;
                    Start::Attempt(journal.begin(new, number).map_err(not_begun)?, None)
                }
                Some(entry) if entry.state == EntryState::Open => Start::Resolve(entry),
                Some(entry) => return Ok(Start::Known(entry)),
                None => return Ok(Start::Busy),
            };
            if let Start::Attempt(entry, _) | Start::Resolve(entry) = &start {
                self.busy.with(|busy| busy.push(entry.id));
            }
            Ok(start)
        })
    }

    fn is_busy(&self, id: EntryId) -> bool {
        self.busy.with(|busy| busy.contains(&id))
    }

    /// The first attempt of an entry, and the attempts after refusals that ask to come again.
    fn first_attempt(&self, work: &Work<'_>, refused: Option<Refusal>) -> Result<Outcome<Found>, Error> {
        let Work { desk, endpoint, entry, deadline, read } = *work;
        let mut draft = match self.draft(desk, endpoint, entry) {
            Ok(draft) => draft,
            Err(error) => {
                // An attempt before this one left, and was refused: that stays what is known.
                return match refused {
                    Some(refusal) => Ok(self.declined(entry, refusal)),
                    None => self.not_sent(entry, error),
                };
            }
        };
        // Attempts that were never sent do not make this one a repeat.
        draft.attempts = u32::from(refused.is_some());
        draft.refusal = refused;
        loop {
            let outcome = desk.pipe.pay(desk.profile(), &mut draft, read);
            self.note_attempt(entry.id);
            match outcome {
                Err(error) => return self.not_sent(entry, error),
                Ok(Outcome::Accepted(pairs)) => return Ok(self.accepted(entry, endpoint, pairs)),
                Ok(Outcome::Declined(refusal)) => match refusal.next {
                    Next::SameNumberLater(wait) if self.wait(wait.max(APART), deadline) => {
                        // Not durable, not sent: the refusal is what is known.
                        if self.count_attempt(entry.id).is_err() {
                            return Ok(self.declined(entry, refusal));
                        }
                    }
                    _ => return Ok(self.declined(entry, refusal)),
                },
                Ok(Outcome::Unknown(doubt)) => return Ok(self.resolve_open(work, draft, Permission::Repeat, doubt)),
            }
        }
    }

    /// The request of an entry, from the fields that were stored.
    fn draft(&self, desk: &Desk, endpoint: &'static Endpoint, entry: &Entry) -> Result<Draft, Error> {
        let mut fields = Fields::with_capacity(endpoint.fields.len(), 512);
        for (name, value) in &entry.fields {
            let row = endpoint.field(name);
            let row =
                row.ok_or_else(|| Error::setting("journal", "an entry has a field that this call does not know"))?;
            fields.text(row.name, value);
        }
        let mut draft = desk.pipe.signed(desk.profile(), endpoint, fields)?;
        draft.attempts = entry.attempts.saturating_sub(1);
        Ok(draft)
    }

    /// Nothing was ever sent. That is an error only when the journal says so too.
    fn not_sent(&self, entry: &Entry, error: Error) -> Result<Outcome<Found>, Error> {
        match self.settle(entry.id, &Settlement::NotSent) {
            Ok(()) => Err(error),
            Err(fault) => {
                let words = text(&["nothing was sent, but the journal cannot say so: ", fault.text()]);
                Ok(Outcome::Unknown(Doubt::new(Reason::Journal, words)))
            }
        }
    }

    fn accepted(&self, entry: &Entry, endpoint: &Endpoint, pairs: Pairs) -> Outcome<Found> {
        let names = endpoint.reply.must_have.iter().copied();
        let evidence = names.filter_map(|name| Some((name.into(), pairs.owned(name)?))).collect();
        let fault = self.settle(entry.id, &Settlement::Accepted { queried: false, evidence }).err();
        Outcome::Accepted(found(entry, Evidence::Reply(pairs), fault))
    }

    fn declined(&self, entry: &Entry, refusal: Refusal) -> Outcome<Found> {
        let Refusal { code, text, next } = refusal.clone();
        match self.settle(entry.id, &Settlement::Declined { code, text, next }) {
            Ok(()) => Outcome::Declined(refusal),
            // Without the record a restart would not know that a new number is allowed. Unknown is the safe answer.
            Err(fault) => {
                let words =
                    crate::error::text(&["refused (", &refusal.code, "), but the journal failed: ", fault.text()]);
                Outcome::Unknown(Doubt::new(Reason::Journal, words))
            }
        }
    }

    fn settle(&self, id: EntryId, settlement: &Settlement) -> Result<(), JournalFault> {
        let at = self.clock.unix_seconds();
        let settled = self.journal.with(|journal| journal.settle(id, settlement, at));
        match &settled {
            Ok(()) => drop(self.seen.with(|seen| seen.remove(&id))),
            Err(fault) => log::error!("{fault}"),
        }
        settled
    }

    fn count_attempt(&self, id: EntryId) -> Result<(), JournalFault> {
        let at = self.clock.unix_seconds();
        self.journal.with(|journal| journal.attempt(id, at))
    }

    /// Waits if the deadline allows it. False: it does not, or the waiting was cancelled.
    fn wait(&self, time: Duration, deadline: Duration) -> bool {
        let mut left = time;
        if self.clock.monotonic().saturating_add(time) > deadline {
            return false;
        }
        while !left.is_zero() {
            if self.pause.is_cancelled() {
                return false;
            }
            let part = left.min(Duration::from_millis(200));
            self.pause.pause(part);
            left = left.saturating_sub(part);
        }
        !self.pause.is_cancelled()
    }
}

/// What one payment or resolution works on.
#[derive(Clone, Copy)]
struct Work<'a> {
    desk: &'a Desk,
    endpoint: &'static Endpoint,
    entry: &'a Entry,
    deadline: Duration,
    read: Read,
}

// ---- resolving ----

/// What one question settled.
enum Asked {
    Paid(Vec<(String, String)>),
    Unpaid(Refusal),
    NotFound { first_host: bool },
    Open(Doubt),
    ForAPerson(&'static str),
}

impl Till {
    /// Resolves an entry whose earlier attempts are from another time or process.
    fn resolve(
        &self,
        desk: &Desk,
        endpoint: &'static Endpoint,
        entry: &Entry,
        permission: Permission,
        deadline: Duration,
        read: Read,
    ) -> Outcome<Found> {
        match self.draft(desk, endpoint, entry) {
            Ok(mut draft) => {
                draft.marked = true;
                draft.attempts = draft.attempts.max(1);
                let doubt = Doubt::new(Reason::EarlierAttempt, "an earlier attempt has no proven answer");
                let work = Work { desk, endpoint, entry, deadline, read };
                self.resolve_open(&work, draft, permission, doubt)
            }
            Err(error) => Outcome::Unknown(Doubt::new(Reason::EarlierAttempt, error.to_string())),
        }
    }

    /// Asks, and repeats where that is allowed, until the order is final or the time is over.
    fn resolve_open(
        &self,
        work: &Work<'_>,
        mut draft: Draft,
        permission: Permission,
        mut doubt: Doubt,
    ) -> Outcome<Found> {
        let ResolvedBy::Query(resolution) = work.endpoint.resolved_by else {
            return self.resolve_by_repeat(work, draft, permission, doubt);
        };
        let mut pause = APART;
        if let Some((_, slow)) = resolution.slow.iter().find(|(code, _)| *code == doubt.code) {
            pause = *slow;
        }
        while self.wait(pause, work.deadline) {
            match self.ask(work, resolution) {
                Asked::Paid(evidence) => return self.queried(work.entry, evidence),
                Asked::Unpaid(refusal) => return self.declined(work.entry, refusal),
                Asked::ForAPerson(reason) => return self.for_a_person(work.entry, reason),
                Asked::NotFound { first_host } => {
                    if self.not_found_is_final(work.entry, resolution, first_host) {
                        return self.declined(work.entry, never_arrived());
                    }
                    if self.is_past_look_back(work.entry, resolution) {
                        return self
                            .for_a_person(work.entry, "the order is older than what the gateway's query covers");
                    }
                    doubt = Doubt::new(Reason::OpenCode, "the gateway does not know the order yet");
                    if permission == Permission::Repeat {
                        match self.repeat(work, &mut draft) {
                            Outcome::Unknown(again) => doubt = again,
                            settled => return settled,
                        }
                    }
                }
                Asked::Open(again) => doubt = again,
            }
            pause = pause.saturating_mul(2).min(LONGEST_WAIT).max(APART);
        }
        Outcome::Unknown(doubt)
    }

    /// A gateway without a query: the identical repeat, where the operator allows it. Its refusal is for a person.
    fn resolve_by_repeat(
        &self,
        work: &Work<'_>,
        mut draft: Draft,
        permission: Permission,
        mut doubt: Doubt,
    ) -> Outcome<Found> {
        if permission == Permission::Ask || !work.desk.profile().repeat_while_unpaid {
            return Outcome::Unknown(doubt);
        }
        let mut pause = APART;
        while self.wait(pause, work.deadline) {
            match self.repeat(work, &mut draft) {
                Outcome::Unknown(again) if again.reason == Reason::EarlierAttempt && !again.code.is_empty() => {
                    return self
                        .for_a_person(work.entry, "the gateway refused a repeat: it may have paid the first attempt");
                }
                Outcome::Unknown(again) => doubt = again,
                settled => return settled,
            }
            pause = pause.saturating_mul(2).min(LONGEST_WAIT);
        }
        Outcome::Unknown(doubt)
    }

    /// The same payment again, counted before its first byte leaves, with the payee's pause before it.
    fn repeat(&self, work: &Work<'_>, draft: &mut Draft) -> Outcome<Found> {
        if let Some((_, pause)) = work.endpoint.payee_pause
            && !self.wait(pause, work.deadline)
        {
            return Outcome::Unknown(Doubt::new(Reason::OpenCode, "not found; there is no time left for the repeat"));
        }
        if let Err(fault) = self.count_attempt(work.entry.id) {
            return Outcome::Unknown(Doubt::new(Reason::Journal, fault.to_string()));
        }
        let outcome = work.desk.pipe.pay(work.desk.profile(), draft, work.read);
        self.note_attempt(work.entry.id);
        match outcome {
            Ok(Outcome::Accepted(pairs)) => self.accepted(work.entry, work.endpoint, pairs),
            Ok(Outcome::Declined(refusal)) => {
                // judge never says so of a marked attempt; if it did, it would prove nothing of the first.
                Outcome::Unknown(Doubt::new(Reason::EarlierAttempt, refusal.text))
            }
            Ok(Outcome::Unknown(doubt)) => Outcome::Unknown(doubt),
            Err(error) => Outcome::Unknown(Doubt::new(Reason::EarlierAttempt, error.to_string())),
        }
    }

    fn ask(&self, work: &Work<'_>, resolution: &Resolution) -> Asked {
        let profile = work.desk.profile();
        let mut given = Fields::with_capacity(8, 128);
        given.text(resolution.query.order_number, &work.entry.order_number);
        for (name, value) in resolution.fixed {
            given.text(name, value);
        }
        let drafted = work.desk.pipe.checked(profile, resolution.query, given);
        let drafted = drafted.and_then(|fields| work.desk.pipe.signed(profile, resolution.query, fields));
        let left = work.deadline.saturating_sub(self.clock.monotonic()).max(APART);
        let within = work.desk.pipe.within.min(left);
        let now = self.clock.monotonic();
        self.seen.with(|all| all.entry(work.entry.id).or_default().asked = Some(now));
        let answer = drafted.and_then(|mut draft| work.desk.pipe.ask(profile, &mut draft, within, Some));
        match answer {
            Ok((Answer::Known(pairs), _)) => {
                self.seen.with(|all| all.entry(work.entry.id).or_default().known = true);
                known(resolution, work.entry, &pairs)
            }
            Ok((Answer::NotKnown { first_host }, _)) => Asked::NotFound { first_host },
            Ok((Answer::NoAnswer(doubt), _)) => Asked::Open(doubt),
            Err(error) => Asked::Open(Doubt::new(Reason::Broken, error.to_string())),
        }
    }

    fn queried(&self, entry: &Entry, evidence: Vec<(String, String)>) -> Outcome<Found> {
        let settlement = Settlement::Accepted { queried: true, evidence: evidence.clone() };
        let fault = self.settle(entry.id, &settlement).err();
        Outcome::Accepted(found(entry, Evidence::Queried(evidence), fault))
    }

    fn for_a_person(&self, entry: &Entry, reason: &'static str) -> Outcome<Found> {
        let _ = self.settle(entry.id, &Settlement::ForAPerson { reason: Cow::Borrowed(reason) });
        Outcome::Unknown(Doubt::new(Reason::ForAPerson, reason))
    }

    fn note_attempt(&self, id: EntryId) {
        let now = self.clock.monotonic();
        self.seen.with(|all| {
            let seen = all.entry(id).or_default();
            seen.last_attempt = Some(now);
            seen.not_found_since = None;
        });
    }

    /// "Not found" is final only when the window passed in this process's own time since the later of its start and the
    /// last attempt, the first host said it twice, a minute apart, and the order is inside the query's look-back by a
    /// clock that was plausible then and is now.
    fn not_found_is_final(&self, entry: &Entry, resolution: &Resolution, first_host: bool) -> bool {
        let now = self.clock.monotonic();
        let first = self.seen.with(|all| {
            let seen = all.entry(entry.id).or_default();
            let since = seen.last_attempt.unwrap_or(self.opened).max(self.opened);
            if !first_host || seen.known || now.saturating_sub(since) < resolution.window {
                return None;
            }
            let first = *seen.not_found_since.get_or_insert(now);
            Some(first)
        });
        let plausible = entry.begun_at >= EARLIEST && self.clock.unix_seconds() >= entry.last_attempt_at;
        first.is_some_and(|first| now.saturating_sub(first) >= TWO_ANSWERS)
            && plausible
            && !self.is_past_look_back(entry, resolution)
    }

    fn is_past_look_back(&self, entry: &Entry, resolution: &Resolution) -> bool {
        let look_back = i64::try_from(resolution.look_back.as_secs()).unwrap_or(i64::MAX);
        let now = self.clock.unix_seconds();
        let believable = entry.last_attempt_at >= EARLIEST && now < LATEST;
        believable && now.saturating_sub(entry.last_attempt_at) >= look_back
    }
}

/// What the gateway's answer means for this entry.
fn known(resolution: &Resolution, entry: &Entry, reply: &Pairs) -> Asked {
    let state = reply.filled(resolution.state).unwrap_or_default();
    if resolution.unpaid.contains(&state) {
        let text = reply.owned("reason").unwrap_or_default();
        return Asked::Unpaid(Refusal { code: state.into(), text, next: Next::NewNumber });
    }
    if !resolution.paid.contains(&state) {
        let mut doubt = Doubt::new(Reason::OpenCode, "the gateway is still working on it");
        doubt.code = state.into();
        return Asked::Open(doubt);
    }
    match reply.fen(resolution.amount) {
        Some(Some(amount)) if amount == entry.amount => {
            let evidence = resolution.evidence.iter();
            Asked::Paid(evidence.filter_map(|name| Some(((*name).into(), reply.owned(name)?))).collect())
        }
        Some(None) => Asked::Open(Doubt::new(Reason::OtherOrder, "the query names no amount")),
        _ => Asked::ForAPerson("the gateway knows this order number with another amount"),
    }
}

/// The order never reached the gateway, and the window in which it could have is over.
fn never_arrived() -> Refusal {
    Refusal { code: "NOT_FOUND".into(), text: "the gateway never saw this order".into(), next: Next::NewNumber }
}

fn found(entry: &Entry, evidence: Evidence<Pairs>, journal_fault: Option<JournalFault>) -> Found {
    Found { order_number: entry.order_number.clone(), entry: entry.id, evidence, journal_fault }
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
        EntryState::Settled(Settlement::Accepted { evidence, .. }) => {
            Outcome::Accepted(found(&entry, Evidence::Recorded(evidence), None))
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
        EntryState::Open | EntryState::Settled(Settlement::NotSent) => {
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
            Err(_) if pause > TWO_ANSWERS => pause,
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
fn same_fields(entry: &Entry, call: &str, endpoint: &Endpoint, fields: &Fields) -> bool {
    let amount = fields.get(endpoint.amount).and_then(Fen::read);
    if entry.call != call || amount != Some(entry.amount) {
        return false;
    }
    let own = |name: &str| name == endpoint.order_number || is_terminals(name);
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

// ---- after a power cut, and for people ----

impl Till {
    /// Asks about every open entry, oldest first, until the patience ends, and reports every entry that is not
    /// acknowledged. It only asks: it never moves money. Safe to interrupt and to run twice.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    pub fn recover(&self, patience: Duration) -> Result<Vec<Recovered>, JournalFault> {
        let deadline = self.clock.monotonic().saturating_add(patience);
        let mut entries = self.journal.with(|journal| journal.unacknowledged())?;
        // The oldest first; those that were asked about in this process come after those that were not.
        let asked = |id: EntryId| self.seen.with(|all| all.get(&id).and_then(|seen| seen.asked));
        entries.sort_by_cached_key(|entry| (asked(entry.id), entry.id));
        let mut open = entries.iter().filter(|entry| entry.state == EntryState::Open).count();
        let mut report = Vec::with_capacity(entries.len());
        for entry in entries {
            let doubt = match &entry.state {
                EntryState::Open => {
                    let part = self.part(deadline, open);
                    open = open.saturating_sub(1);
                    self.recover_one(entry.id, part)
                }
                EntryState::Settled(Settlement::ForAPerson { reason }) => {
                    Some(Doubt::new(Reason::ForAPerson, reason.clone()))
                }
                EntryState::Settled(_) => None,
            };
            let now = self.journal.with(|journal| journal.entry(entry.id))?.unwrap_or(entry);
            let unwritten = doubt.is_none() && now.state == EntryState::Open;
            let doubt =
                if unwritten { Some(Doubt::new(Reason::Journal, "the result could not be written")) } else { doubt };
            report.push(Recovered { entry: now, doubt });
        }
        report.sort_by_key(|recovered| recovered.entry.id);
        Ok(report)
    }

    /// The deadline of one open entry: an equal part of what is left, so that one entry cannot use up the boot, but
    /// enough for one question.
    fn part(&self, deadline: Duration, open: usize) -> Duration {
        let now = self.clock.monotonic();
        let share = u32::try_from(open).ok().and_then(|open| deadline.saturating_sub(now).checked_div(open));
        now.saturating_add(share.unwrap_or_default().max(APART)).min(deadline)
    }

    fn recover_one(&self, id: EntryId, deadline: Duration) -> Option<Doubt> {
        // Read again under the lock: a thread may have settled it since it was listed.
        let entry = self.journal.with(|journal| {
            let entry = journal.entry(id).ok().flatten().filter(|entry| entry.state == EntryState::Open)?;
            let taken = self.is_busy(id);
            self.busy.with(|busy| {
                if !taken {
                    busy.push(id)
                }
            });
            Some((entry, taken))
        });
        let (entry, taken) = entry?;
        if taken {
            return Some(Doubt::new(Reason::Broken, "another thread is paying this intent"));
        }
        let held = Held { till: self, entry };
        let entry = &held.entry;
        let desk = self.desks.iter().find(|desk| owner(desk.profile()) == entry.account);
        let endpoint = crate::ENDPOINTS.iter().copied().find(|endpoint| endpoint.name == entry.call);
        let (Some(desk), Some(endpoint)) = (desk, endpoint) else {
            let words = text(&["this till has no account ", &entry.account]);
            return Some(Doubt::new(Reason::NoAccount, words));
        };
        let outcome = self.resolve(desk, endpoint, entry, Permission::Ask, deadline, Some);
        match outcome {
            Outcome::Unknown(doubt) => Some(doubt),
            Outcome::Accepted(_) | Outcome::Declined(_) => None,
        }
    }

    /// Tells the journal that the caller acted on a settled entry: the ticket is printed, the door is open.
    ///
    /// # Errors
    ///
    /// There is no such entry, it is not settled, or the journal cannot be written.
    pub fn acknowledge(&self, entry: EntryId) -> Result<(), JournalFault> {
        let at = self.clock.unix_seconds();
        self.journal.with(|journal| journal.acknowledge(entry, at))
    }

    /// A person closes an entry that nothing else can: kept for ever, with name and reason.
    ///
    /// # Errors
    ///
    /// The name or the reason is empty, there is no such entry, it is settled already, a thread works on it, or the journal
    /// cannot be written.
    pub fn settle_by_hand(&self, entry: EntryId, paid: bool, name: &str, reason: &str) -> Result<(), JournalFault> {
        if name.trim().is_empty() || reason.trim().is_empty() {
            return Err(JournalFault::new(
                JournalFaultKind::Refused,
                "a person closes an entry with a name and a reason",
            ));
        }
        let settlement = Settlement::ByHand { paid, name: name.into(), reason: reason.into() };
        let at = self.clock.unix_seconds();
        self.journal.with(|journal| match journal.entry(entry)? {
            Some(_) if self.is_busy(entry) => {
                Err(JournalFault::new(JournalFaultKind::Refused, "a thread is working on this entry: try again"))
            }
            Some(have) if !have.is_settled() => journal.settle(entry, &settlement, at),
            Some(_) => Err(JournalFault::new(JournalFaultKind::Refused, "the entry is settled already")),
            None => Err(JournalFault::new(JournalFaultKind::Refused, "there is no such entry")),
        })
    }

    /// Removes entries that were acknowledged longer ago than this, and blanks personal data in the acknowledged ones
    /// that stay. No intent younger than 30 days goes, which is as far as the gateways' queries reach. Returns how many
    /// entries went.
    ///
    /// A wrong clock would make a paid intent payable again, so nothing goes until a gateway's own time, in a reply that
    /// this till received, agreed with the clock to a day.
    ///
    /// # Errors
    ///
    /// The journal cannot be written.
    pub fn prune(&self, older_than: Duration) -> Result<u32, JournalFault> {
        let now = self.clock.unix_seconds();
        let confirmed = self.desks.iter().filter_map(|desk| desk.pipe.gateway_time()).any(|(date, at)| {
            let since = self.clock.monotonic().saturating_sub(at);
            let gateway_now = date.saturating_add(i64::try_from(since.as_secs()).unwrap_or(i64::MAX));
            now.saturating_sub(gateway_now).saturating_abs() <= A_DAY
        });
        if !confirmed {
            return Ok(0);
        }
        let before = now.saturating_sub(i64::try_from(older_than.as_secs()).unwrap_or(i64::MAX));
        self.journal.with(|journal| journal.prune(before, now.saturating_sub(LOOK_BACK)))
    }

    /// Every entry that is not acknowledged, oldest first.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    pub fn entries(&self) -> Result<Vec<Entry>, JournalFault> {
        self.journal.with(|journal| journal.unacknowledged())
    }

    /// Counts and sums of the entries begun in a time, by call and outcome.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    pub fn summary(&self, from: i64, until: i64) -> Result<Vec<Summary>, JournalFault> {
        self.journal.with(|journal| journal.summary(from, until))
    }
}

impl core::fmt::Debug for Till {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let accounts: Vec<_> = self.desks.iter().map(Desk::profile).collect();
        f.debug_struct("Till").field("accounts", &accounts).field("patience", &self.patience).finish_non_exhaustive()
    }
}
