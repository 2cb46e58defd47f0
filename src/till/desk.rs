//! The cash desk itself: one journal, its accounts, what this process saw, and who works on what.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::rules::{self, CONTRADICTED, Case};
use super::seen::{Seen, Times};
use super::trust::contradiction;
use super::watch::{Call, Options, Phase};
use crate::client::{Client, Pipe, owner, unless_panicked};
use crate::clock::Clock;
use crate::endpoint::Endpoint;
use crate::error::{Error, text};
use crate::gateways::account::{Account, Profile, sealed::Sealed};
use crate::journal::order_number::OrderNumbers;
use crate::journal::{Entry, EntryId, EntryState, Journal, JournalFault, JournalFaultKind, Settlement};
use crate::lock::Lock;
use crate::outcome::{Doubt, Words};
use crate::process::{ELSEWHERE, Process};
use crate::transport::Warm;

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

/// How long a cancelled call goes on waiting at most.
const PART: Duration = Duration::from_millis(200);
/// How many times in the future are remembered: more, and their pauses begin anew.
const MOST_FUTURES: usize = 64;

/// A cash desk: one journal, any number of accounts.
pub struct Till {
    pub(super) journal: Lock<Box<dyn Journal>>,
    /// Of the journal's terminal: nobody else says which one it is.
    pub(super) numbers: OrderNumbers,
    /// The journal's, where it has one.
    device_info: Option<String>,
    pub(super) desks: Vec<Desk>,
    /// The calls of its accounts, and of those that it only knows: an entry's table is found here.
    tables: Vec<&'static [&'static Endpoint]>,
    pub(super) clock: Box<dyn Clock>,
    pause: Box<dyn Pause>,
    pub(super) patience: Duration,
    /// How long what was acknowledged is kept, where the till prunes by itself.
    pub(super) keep: Option<Duration>,
    /// Monotonic time when all that was old had been looked at.
    pub(super) pruned: Lock<Option<Duration>>,
    /// Monotonic time when this till was opened.
    opened: Duration,
    /// Entries that a thread works on.
    busy: Lock<Vec<EntryId>>,
    /// Orders that another thread waits to close or to take back: whoever only waits for their customer lets them go.
    wanted: Lock<Vec<EntryId>>,
    /// What this process saw of pending entries.
    pub(super) seen: Lock<BTreeMap<EntryId, Seen>>,
    /// The first entry that was begun since the journal was opened.
    begun: Lock<Option<EntryId>>,
    /// When the journal last failed to begin an entry: it may have stored it all the same.
    not_begun: Lock<Duration>,
    /// Times of the journal that lie in the future, and when this process first saw each.
    future: Lock<BTreeMap<i64, Duration>>,
    /// Where it was opened. Checked before any lock.
    pub(super) process: Process,
}

/// One account of a till.
pub(super) struct Desk {
    pub family: &'static str,
    account: Box<dyn Sealed + Send + Sync>,
    pub pipe: Pipe,
    pub calls: &'static [&'static Endpoint],
}

impl Desk {
    pub fn profile(&self) -> &Profile {
        self.account.profile()
    }

    pub fn contradiction(&self, entry: &Entry, endpoint: &Endpoint) -> Option<String> {
        contradiction(entry, endpoint, self.profile())
    }
}

/// An entry in hand: nobody else works on it.
pub(super) struct Held<'a> {
    till: &'a Till,
    pub entry: Entry,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.till.busy.with(|busy| busy.retain(|id| *id != self.entry.id));
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
            tables: Vec::new(),
            clock,
            pause,
            patience: Duration::from_secs(30),
            keep: None,
            pruned: Lock::new(None),
            opened,
            busy: Lock::new(Vec::new()),
            wanted: Lock::new(Vec::new()),
            seen: Lock::new(BTreeMap::new()),
            begun: Lock::new(None),
            not_begun: Lock::new(Duration::ZERO),
            future: Lock::new(BTreeMap::new()),
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
        self.desks.push(Desk { family: A::FAMILY, account: Box::new(account), pipe, calls: A::CALLS });
        self.tables.push(A::CALLS);
        self
    }

    /// Tells the till what the calls of an account mean, without an account: for a journal that has payments of another gateway, which this
    /// program does not use any more. It pays and asks nothing there; with the tables a person's word on such an entry can be taken
    /// ([`Till::settle_by_hand`], [`Till::allow_again`]), and [`Till::prune`] can blank it. A till has the tables of its accounts, and no others: a
    /// program does not carry what it does not use.
    #[must_use]
    pub fn knows<A: Account>(mut self) -> Till {
        self.tables.push(A::CALLS);
        self
    }

    /// How long `pay` goes on resolving. Default 30 s. An attempt that is under way may add the client's own deadline.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Till {
        self.patience = patience;
        self
    }

    /// Keeps the journal small by itself: what was acknowledged longer ago than this is removed, as [`Till::prune`] does it. Not at once: each
    /// [`Till::acknowledge`] looks at some old entries when it is done, so no payment waits for more than that. Without it nothing goes
    /// until `prune` is called.
    #[must_use]
    pub fn keep(mut self, older_than: Duration) -> Till {
        self.keep = Some(older_than);
        self
    }

    /// Makes a connection for the next call of each account, while the cashier still types, as [`Client::warm`] does. Neither asks the journal nor
    /// writes to it. Accounts that share a transport and a host share the connection.
    ///
    /// # Errors
    ///
    /// The first account's whose host was not reached; the others have theirs. Nothing was sent, and it may be ignored.
    pub fn warm(&self, how: Warm) -> Result<(), Error> {
        self.process.check()?;
        let mut first = Ok(());
        for desk in &self.desks {
            first = first.and(desk.pipe.warm(desk.profile(), how));
        }
        first
    }

    // ---- accounts ----

    /// The account that pays. Its client must speak for the journal's terminal.
    pub(super) fn payer(&self, family: &str, account: Option<&str>) -> Result<&Desk, Error> {
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
    pub(super) fn desk(&self, family: &str, account: Option<&str>) -> Result<&Desk, Error> {
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

    /// The account that an entry is of.
    pub(super) fn desk_of(&self, entry: &Entry) -> Option<&Desk> {
        self.desks.iter().find(|desk| owner(desk.profile()) == entry.account)
    }

    /// The table of an entry's call. `None`: it is of a gateway that this till neither has nor knows. Then nothing is decided of it.
    pub(super) fn endpoint_of(&self, entry: &Entry) -> Option<&'static Endpoint> {
        self.tables.iter().copied().flatten().copied().find(|endpoint| endpoint.name == entry.call)
    }

    /// The entry of an order number under one of this till's accounts.
    pub(super) fn find(&self, order_number: &str) -> Result<Option<(&Desk, Entry)>, JournalFault> {
        for desk in &self.desks {
            let account = owner(desk.profile());
            if let Some(entry) = self.journal.with(|journal| journal.by_order_number(&account, order_number))? {
                return Ok(Some((desk, entry)));
            }
        }
        Ok(None)
    }

    // ---- who works on what ----

    /// Whether this is the process that opened it. Asked first by everything that takes a lock.
    pub(super) fn check_process(&self) -> Result<(), JournalFault> {
        if self.process.is_here() { Ok(()) } else { Err(JournalFault::new(JournalFaultKind::Process, ELSEWHERE)) }
    }

    pub(super) fn is_busy(&self, id: EntryId) -> bool {
        self.busy.with(|busy| busy.contains(&id))
    }

    /// Takes an entry in hand, unless another thread has it.
    pub(super) fn take(&self, entry: Entry) -> Option<Held<'_>> {
        let id = entry.id;
        let free = self.busy.with(|busy| {
            let free = !busy.contains(&id);
            if free {
                busy.push(id);
            }
            free
        });
        free.then(|| Held { till: self, entry })
    }

    /// Takes an entry in hand, as it is now in the journal. `None`: it is gone, or another thread has it.
    pub(super) fn hold(&self, id: EntryId) -> Result<Option<Held<'_>>, JournalFault> {
        self.journal.with(|journal| {
            let Some(mut entry) = journal.entry(id)? else { return Ok(None) };
            if entry.id != id {
                return Err(JournalFault::new(JournalFaultKind::Damaged, "it gave another entry than was asked for"));
            }
            self.settle_unwritten(&mut **journal, &mut entry);
            Ok(self.take(entry))
        })
    }

    pub(super) fn note_begun(&self, id: EntryId) {
        self.begun.with(|begun| *begun = Some(begun.map_or(id, |first| first.min(id))));
    }

    pub(super) fn note_not_begun(&self) {
        let now = self.clock.monotonic();
        self.not_begun.with(|at| *at = now);
    }

    /// Whether an entry was begun by an earlier opening of the journal. The numbers of entries go up.
    fn is_from_before(&self, id: EntryId) -> bool {
        self.begun.with(|begun| begun.is_none_or(|first| id < first))
    }

    /// Takes an entry in hand before whoever waits for its customer, as [`Till::hold`]. A question that is under way ends first.
    pub(super) fn hold_first(&self, id: EntryId, patience: Duration) -> Result<Option<Held<'_>>, JournalFault> {
        self.wanted.with(|wanted| wanted.push(id));
        let until = self.clock.monotonic().saturating_add(patience);
        let held = loop {
            match self.hold(id) {
                Ok(None) if self.clock.monotonic() < until && unless_panicked(|| self.pause.pause(PART)).is_some() => {}
                held => break held,
            }
        };
        self.wanted.with(|wanted| wanted.iter().position(|other| *other == id).map(|at| wanted.swap_remove(at)));
        held
    }

    // ---- what this process saw ----

    pub(super) fn with_seen<T>(&self, id: EntryId, change: impl FnOnce(&mut Seen) -> T) -> T {
        self.seen.with(|all| change(all.entry(id).or_default()))
    }

    pub(super) fn seen_of(&self, id: EntryId) -> Seen {
        self.seen.with(|all| all.get(&id).cloned().unwrap_or_default())
    }

    /// What a decision about an entry is made from, and what `judge` says of it.
    pub(super) fn of_case<T>(
        &self,
        desk: &Desk,
        endpoint: &'static Endpoint,
        entry: &Entry,
        judge: impl FnOnce(&Case<'_>) -> T,
    ) -> T {
        let monotonic = self.clock.monotonic();
        let gateway = desk.pipe.gateway_time(monotonic);
        let opened = self.opened.max(self.not_begun.with(|at| *at));
        let times = Times { now: self.clock.unix_seconds(), monotonic, opened, gateway };
        let is_from_before = self.is_from_before(entry.id);
        judge(&Case { endpoint, profile: desk.profile(), entry, seen: &self.seen_of(entry.id), times, is_from_before })
    }

    /// This process's own time since it handed out an order's URL, or since it was opened.
    pub(super) fn since_ordered(&self, id: EntryId) -> Duration {
        let ordered = self.seen_of(id).ordered.unwrap_or_default().max(self.opened);
        self.clock.monotonic().saturating_sub(ordered)
    }

    /// Whether a person may say of something that was being taken back that it is paid: no reversal is on its way any more, and the query
    /// said so since (POS flows 3.7).
    pub(super) fn is_reversal_over(&self, entry: &Entry) -> bool {
        let seen = self.seen_of(entry.id);
        let since = self.clock.monotonic().saturating_sub(seen.reversed.unwrap_or_default().max(self.opened));
        since >= rules::ON_ITS_WAY && seen.paid_all_the_same
    }

    /// The entry, as it is now in the journal.
    pub(super) fn as_it_is(&self, entry: &Entry) -> Entry {
        let now = self.journal.with(|journal| journal.entry(entry.id));
        now.ok().flatten().unwrap_or_else(|| entry.clone())
    }

    /// Notes that an attempt ended just now.
    pub(super) fn note_attempt(&self, id: EntryId) {
        let now = self.clock.monotonic();
        self.with_seen(id, |seen| {
            seen.last_attempt = Some(now);
            seen.not_found_since = None;
        });
    }

    /// What the gateway said of an order while nothing is proven. That it knows it: a "not found" that comes later is never final.
    /// Its last words: they stand in every doubt. Both also after a restart.
    pub(super) fn note(&self, entry: &Entry, knows: bool, words: Option<Words>) {
        let (want, have) = self.with_seen(entry.id, |seen| {
            seen.known |= knows;
            seen.words = words.or(seen.words.take());
            let want = (seen.known || entry.known, seen.words.clone().or(entry.last_words.clone()));
            (want, seen.noted.clone().unwrap_or((entry.known, entry.last_words.clone())))
        });
        if want == have {
            return;
        }
        match self.journal.with(|journal| journal.note(entry.id, want.0, want.1.as_ref())) {
            Ok(()) => self.with_seen(entry.id, |seen| seen.noted = Some(want)),
            // Noted with the next answer.
            Err(fault) => log::error!("{} {}: {fault}", entry.call, entry.order_number),
        }
    }

    /// The gateway's words of an attempt that proves nothing.
    pub(super) fn note_words(&self, entry: &Entry, code: &str, text: &str) {
        if !code.is_empty() {
            self.note(entry, false, Some(Words { code: code.into(), text: text.into() }));
        }
    }

    /// A doubt about an entry, with what the gateway said last of it.
    pub(super) fn with_last_words(&self, entry: &Entry, doubt: Doubt) -> Doubt {
        let words = self.seen_of(entry.id).words.or(entry.last_words.clone());
        Doubt { last: words.filter(|words| !words.is_of(&doubt.code)), ..doubt }
    }

    /// Whether a signed notification says that it is paid, and the query did not yet.
    pub(super) fn is_called_paid(&self, id: EntryId) -> bool {
        self.seen.with(|all| all.get(&id).is_some_and(|seen| seen.called_paid))
    }

    /// What is settled for good is not remembered, unless there is more to say of it.
    pub(super) fn forget(&self, id: EntryId) {
        let over = |seen: &Seen| !seen.called_paid && seen.unwritten.is_none() && seen.not_known.is_none();
        self.seen.with(|all| {
            if all.get(&id).is_some_and(over) {
                all.remove(&id);
            }
        });
    }

    /// How long this process has known a time that lies in the future.
    pub(super) fn seen_for(&self, stamp: i64) -> Duration {
        let now = self.clock.monotonic();
        self.future.with(|all| {
            if all.len() >= MOST_FUTURES {
                all.clear();
            }
            now.saturating_sub(*all.entry(stamp).or_insert(now))
        })
    }

    /// A payee was paid. Where the last time before that lies in the future, it hides this one: its pause begins anew.
    pub(super) fn note_payment(&self, last: Option<(Duration, i64)>, at: i64) {
        if let Some((_, last)) = last.filter(|(_, last)| *last > at) {
            let now = self.clock.monotonic();
            self.future.with(|all| all.insert(last, now));
        }
    }

    // ---- the journal ----

    /// When something is begun: by its own gateway's time, where that is known, as what follows from an entry's age moves money.
    pub(super) fn now(&self, desk: &Desk) -> i64 {
        desk.pipe.gateway_time(self.clock.monotonic()).unwrap_or_else(|| self.clock.unix_seconds())
    }

    /// The later of the device's time and the gateway's: an entry must never look older than it is.
    pub(super) fn stamp(&self) -> i64 {
        self.gateway_times().fold(self.clock.unix_seconds(), i64::max)
    }

    /// What time it is now, as the gateways told.
    pub(super) fn gateway_times(&self) -> impl Iterator<Item = i64> {
        let now = self.clock.monotonic();
        self.desks.iter().filter_map(move |desk| desk.pipe.gateway_time(now))
    }

    /// The entry, if the journal says that it is paid.
    pub(super) fn paid_meanwhile(&self, id: EntryId) -> Option<Entry> {
        self.journal.with(|journal| journal.entry(id).ok().flatten()).filter(Entry::is_paid)
    }

    /// Counts one more attempt, unless the payee's pause is not over: then what is left of it. One rule, under one lock, for
    /// repeats and for new intents.
    pub(super) fn count_attempt(
        &self,
        desk: &Desk,
        entry: &Entry,
        payee: Option<(&str, Duration)>,
    ) -> Result<Option<Duration>, JournalFault> {
        let at = self.now(desk);
        self.journal.with(|journal| {
            let last = match payee {
                Some((field, pause)) => journal
                    .last_attempt_to(&entry.account, field, entry.field(field).unwrap_or_default())?
                    .map(|last| (pause, last)),
                None => None,
            };
            match rules::pause_left(None, last, at, &|stamp| self.seen_for(stamp)) {
                Some(left) => Ok(Some(left)),
                None => {
                    journal.attempt(entry.id, at)?;
                    self.note_payment(last, at);
                    Ok(None)
                }
            }
        })
    }

    /// The numbers of an intent, as callers know them: with what was told as accepted and the journal could not take.
    pub(super) fn as_known(&self, journal: &mut dyn Journal, intent: &str) -> Result<Vec<Entry>, JournalFault> {
        let mut entries = journal.of_intent(intent)?;
        for entry in &mut entries {
            let seen = self.seen_of(entry.id);
            if let Some(settlement) = seen.unwritten.filter(|_| seen.told_accepted) {
                entry.state = EntryState::Recorded(settlement);
            }
        }
        Ok(entries)
    }

    /// An order is accepted once for its intent, whatever number was paid. What was told as accepted counts, written or not.
    pub(super) fn once(
        &self,
        journal: &mut dyn Journal,
        entry: &Entry,
        settlement: Settlement,
    ) -> Result<Settlement, JournalFault> {
        match self.endpoint_of(entry).is_some_and(Endpoint::takes_money) && rules::is_accepted(&settlement) {
            true => Ok(rules::once(settlement, entry.id, &self.as_known(journal, &entry.intent)?)),
            false => Ok(settlement),
        }
    }

    /// Writes what became of an entry, and gives its new revision. Where another number of its intent was accepted, money for it
    /// is late.
    pub(super) fn settle(&self, entry: &Entry, settlement: &mut Settlement) -> Result<i64, JournalFault> {
        let at = self.stamp();
        // Under one lock: a notification comes before it, or finds what is settled.
        let settled = self.journal.with(|journal| {
            if rules::is_unpaid(settlement) && self.is_called_paid(entry.id) {
                return Err(JournalFault::new(JournalFaultKind::Refused, CONTRADICTED));
            }
            *settlement = self.once(&mut **journal, entry, settlement.clone())?;
            // Whoever has its URL can pay it, whatever a query finds, also after a restart.
            if rules::leaves_known(entry, &self.seen_of(entry.id), settlement) {
                journal.note(entry.id, true, None)?;
            }
            let revision = journal.settle(entry.id, settlement, at)?;
            // What is still asked about keeps the time of its last attempt.
            match rules::is_still_asked(settlement) {
                true => self.with_seen(entry.id, |seen| {
                    seen.withheld = None;
                    seen.note_refused(rules::first_pause(settlement, self.clock.monotonic()));
                }),
                false => self.seen.with(|seen| drop(seen.remove(&entry.id))),
            }
            Ok(revision)
        });
        let number = &entry.order_number;
        match &settled {
            Err(fault) => log::error!("{} {number}: {fault}", entry.call),
            Ok(_) if rules::needs_a_look(settlement) => log::warn!("{} {number}: {settlement:?}", entry.call),
            Ok(_) => log::info!("{} {number}: {settlement:?}", entry.call),
        }
        settled
    }

    /// How an entry ended, where the journal could not take it then: now, perhaps, it can. Under the journal's lock. An entry that a
    /// thread works on is that thread's to write.
    pub(super) fn settle_unwritten(&self, journal: &mut dyn Journal, entry: &mut Entry) {
        let seen = self.seen_of(entry.id);
        if seen.unwritten.is_none() || self.is_busy(entry.id) {
            return;
        }
        let Some(settlement) = rules::to_write(entry, &seen) else {
            return self.with_seen(entry.id, |seen| seen.unwritten = None);
        };
        let settled = self
            .once(journal, entry, settlement.clone())
            .and_then(|settlement| Ok((journal.settle(entry.id, &settlement, self.stamp())?, settlement)));
        match settled {
            Ok((revision, settlement)) => {
                self.with_seen(entry.id, |seen| seen.unwritten = None);
                entry.revision = revision;
                log::info!("{} {}: {settlement:?}", entry.call, entry.order_number);
                entry.state = EntryState::Recorded(settlement);
            }
            Err(fault) => log::error!("{} {}: {fault}", entry.call, entry.order_number),
        }
    }

    // ---- time ----

    pub(super) fn call<'a>(&self, intent: &'a str, options: &Options<'a>, patience: Duration) -> Call<'a> {
        let patience = options.patience.unwrap_or(patience);
        let begun = self.clock.monotonic();
        let deadline = begun.saturating_add(patience);
        Call {
            intent,
            begun,
            once: None,
            deadline,
            payments_until: deadline,
            questions_until: deadline,
            waits_for: None,
            reversals: options.reversals,
            ends: false,
            waits_as: Phase::Waiting,
            watch: options.watch,
        }
    }

    /// Whether another thread waits to close or to take back the order that this call waits for.
    fn is_wanted(&self, call: &Call<'_>) -> bool {
        call.waits_for.is_some_and(|id| self.wanted.with(|wanted| wanted.contains(&id)))
    }

    /// Waits if the deadline allows it. False: it does not, or the waiting was cancelled.
    pub(super) fn wait(&self, call: &Call<'_>, order_number: &str, time: Duration) -> bool {
        if self.clock.monotonic().saturating_add(time) > call.deadline {
            return false;
        }
        let mut left = time;
        let mut parts = 0_u32;
        while !left.is_zero() {
            if call.is_cancelled() || self.is_wanted(call) {
                return false;
            }
            if !self.wait_a_part(call, order_number, (parts, &mut left)) {
                return false;
            }
            parts = parts.saturating_add(1);
        }
        !call.is_cancelled()
    }

    /// Waits, whatever the patience and whoever cancels. False: the pause panicked.
    pub(super) fn wait_all(&self, call: &Call<'_>, order_number: &str, time: Duration) -> bool {
        let mut left = time;
        let mut parts = 0_u32;
        while !left.is_zero() {
            if !self.wait_a_part(call, order_number, (parts, &mut left)) {
                return false;
            }
            parts = parts.saturating_add(1);
        }
        true
    }

    fn wait_a_part(&self, call: &Call<'_>, order_number: &str, (parts, left): (u32, &mut Duration)) -> bool {
        if parts.is_multiple_of(5) {
            call.progress(order_number, call.waits_as, *left);
        }
        let part = (*left).min(PART);
        *left = left.saturating_sub(part);
        unless_panicked(|| self.pause.pause(part)).is_some()
    }
}

impl fmt::Debug for Till {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let accounts: Vec<_> = self.desks.iter().map(Desk::profile).collect();
        f.debug_struct("Till").field("accounts", &accounts).field("patience", &self.patience).finish_non_exhaustive()
    }
}
