//! One call of one gateway, in one direction, on one screen.

mod certificate;
pub(crate) mod check;
mod download;
pub(crate) mod explain;
pub(crate) mod judge;
mod left_open;
mod warm;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;
use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;

use crate::clock::{ChinaTime, Clock, EARLIEST, LATEST};
use crate::endpoint::{Body, Endpoint, Source};
use crate::error::{Error, ErrorKind, text};
use crate::gateways::account::{Account, Profile};
use crate::gateways::request::{Close, Payment, Query, Reply, Request};
use crate::nonce::{Random, nonce_str};
use crate::outcome::{Answer, Doubt, Outcome, Reason, Refusal};
use crate::process::Process;
use crate::terminal::Terminal;
use crate::transport::{Fault, Post, Received, Sent, Stage, Transport};
use crate::wire::fields::{self, Fields, Shown};
use crate::wire::pairs::Pairs;
use crate::wire::{LONGEST_REPLY, form, sign, xml};
use judge::Case;
use left_open::LeftOpen;

/// Makes the calls of one account from one terminal.
///
/// It is `Send` and `Sync`: threads may share one. It takes only the requests of its account's family.
pub struct Client<A> {
    account: A,
    pub(crate) pipe: Pipe,
}

/// What a client takes from outside, besides its account: everything that a test or a board may want to replace.
pub struct Inputs {
    /// How bytes reach the gateway.
    pub transport: Box<dyn Transport>,
    /// The time.
    pub clock: Box<dyn Clock>,
    /// Random numbers.
    pub random: Box<dyn Random>,
}

impl fmt::Debug for Inputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inputs")
    }
}

impl<A: Account> Client<A> {
    /// A client with the system's clock and random numbers.
    ///
    /// Where the gateway needs a client certificate, each request checks that the transport has it, that it is the
    /// merchant's and that it is valid today, before anything is sent.
    ///
    /// # Errors
    ///
    /// None today; a rule between account, terminal and transport may come.
    #[cfg(feature = "https")]
    pub fn new(account: A, terminal: Terminal, transport: impl Transport + 'static) -> Result<Client<A>, Error> {
        let inputs = Inputs {
            transport: Box::new(transport),
            clock: Box::new(crate::clock::SystemClock),
            random: Box::new(crate::nonce::SystemRandom),
        };
        Client::with_inputs(account, terminal, inputs)
    }

    /// A client with inputs of the caller's own.
    ///
    /// # Errors
    ///
    /// None today; a rule between account, terminal and transport may come.
    pub fn with_inputs(account: A, terminal: Terminal, inputs: Inputs) -> Result<Client<A>, Error> {
        let owner = Arc::new(fingerprint(account.profile()));
        let within = Duration::from_secs(30);
        let process = Process::this();
        let pipe = Pipe {
            terminal,
            inputs,
            owner,
            within,
            gateway_began: AtomicU32::new(0),
            left_open: LeftOpen::new(),
            process,
        };
        Ok(Client { account, pipe })
    }

    /// The deadline of one call: name resolution, connect, TLS, sending and receiving together. Default 30 s.
    ///
    /// # Errors
    ///
    /// Shorter than 1 s or longer than 300 s.
    pub fn within(mut self, within: Duration) -> Result<Client<A>, Error> {
        if !(Duration::from_secs(1)..=Duration::from_secs(300)).contains(&within) {
            return Err(Error::setting("within", "must be 1 to 300 seconds"));
        }
        self.pipe.within = within;
        Ok(self)
    }

    /// Its parts, for a till.
    pub(crate) fn into_parts(self) -> (A, Pipe) {
        (self.account, self.pipe)
    }

    /// The account.
    pub fn account(&self) -> &A {
        &self.account
    }

    /// Checks and signs a payment. Nothing is sent.
    ///
    /// A number that this client left open (its last 64) is a repeat, as [`Client::prepare_repeat`] makes it. Otherwise use it only for an
    /// order number that was **never sent**, or that was refused with [`Next::SameNumber`]: mend the
    /// parameters, then prepare the same number again. For a number that may have been sent by an earlier run of the
    /// program, use [`Client::prepare_repeat`].
    ///
    /// [`Next::SameNumber`]: crate::Next::SameNumber
    ///
    /// # Errors
    ///
    /// A field breaks a rule of its table; the error names both. Or the client certificate is missing, expired, or
    /// another merchant's.
    pub fn prepare<R>(&self, request: &R) -> Result<Prepared<R::Reply>, Error>
    where
        R: Payment<Account = A>,
    {
        let mut draft = self.draft(request)?;
        self.pipe.mark_if_left_open(&mut draft);
        Ok(Prepared { draft, read: <R::Reply as Reply>::read, family: PhantomData })
    }

    /// Checks and signs the repeat of a payment whose order number was used before this process.
    ///
    /// The mark is set: a refusal, or a gateway that cannot be reached, is then [`Outcome::Unknown`], because it says
    /// nothing about the attempt before it. All fields must be those of the first attempt.
    ///
    /// # Errors
    ///
    /// A field breaks a rule of its table; the error names both. Or the client certificate is missing, expired, or
    /// another merchant's.
    pub fn prepare_repeat<R>(&self, request: &R) -> Result<Prepared<R::Reply>, Error>
    where
        R: Payment<Account = A>,
    {
        let mut prepared = self.prepare(request)?;
        prepared.draft.marked = true;
        prepared.draft.attempts = 1;
        Ok(prepared)
    }

    /// Sends a prepared payment, once, and judges the reply.
    ///
    /// Sending the same `Prepared` again is a repeat: the same order number and fields with a new nonce and signature.
    /// The documents want at least 1 s between two attempts of one number.
    ///
    /// Where this attempt was not sent and the one before it was refused, that refusal is returned again.
    ///
    /// # Errors
    ///
    /// **Nothing was sent**, neither now nor by an attempt before: the gateway was not reached. Everything else is an
    /// [`Outcome`].
    pub fn send<T>(&self, prepared: &mut Prepared<T>) -> Result<Outcome<T>, Error>
    where
        T: Reply<Account = A>,
    {
        // Also where another `Prepared` of this number was sent since this one was made.
        self.pipe.mark_if_left_open(&mut prepared.draft);
        self.pipe.pay(self.account.profile(), &mut prepared.draft, prepared.read)
    }

    /// Asks about an order. Moves nothing.
    ///
    /// # Errors
    ///
    /// A field breaks a rule, the client certificate is missing, expired or another merchant's, or no host was reached.
    pub fn ask<Q>(&self, query: &Q) -> Result<Answer<Q::Reply>, Error>
    where
        Q: Query<Account = A>,
    {
        self.question(query)
    }

    /// Closes an unpaid order, so that nobody can pay it any more.
    ///
    /// [`Answer::Known`] means closed. Everything else says nothing about the order: ask.
    ///
    /// # Errors
    ///
    /// The order number breaks its rule, or the gateway was not reached.
    pub fn close<C>(&self, order: &C) -> Result<Answer<C::Reply>, Error>
    where
        C: Close<Account = A>,
    {
        self.question(order)
    }

    fn question<Q: Request<Account = A>>(&self, query: &Q) -> Result<Answer<Q::Reply>, Error> {
        let mut draft = self.draft(query)?;
        let read = <Q::Reply as Reply>::read;
        self.pipe.ask(self.account.profile(), &mut draft, self.pipe.within, read).map(|asked| asked.answer)
    }

    fn draft<R: Request<Account = A>>(&self, request: &R) -> Result<Draft, Error> {
        self.draft_of(R::ENDPOINT, |out| request.fields(out))
    }

    fn draft_of(&self, endpoint: &'static Endpoint, write: impl FnOnce(&mut Fields)) -> Result<Draft, Error> {
        let profile = self.account.profile();
        let mut given = Fields::with_capacity(endpoint.fields.len(), 512);
        write(&mut given);
        let fields = self.pipe.checked(profile, endpoint, given)?;
        self.pipe.signed(profile, endpoint, fields)
    }
}

impl<A: Account + fmt::Debug> fmt::Debug for Client<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("account", &self.account)
            .field("terminal", &self.pipe.terminal)
            .field("within", &self.pipe.within)
            .finish_non_exhaustive()
    }
}

/// A payment that was checked and signed, and the mark "an attempt has no proven answer".
///
/// It cannot be cloned. The mark is set before the first byte leaves. A proven refusal does not set it; nothing else
/// clears it.
pub struct Prepared<T> {
    pub(crate) draft: Draft,
    read: fn(Pairs) -> Option<T>,
    family: PhantomData<fn() -> T>,
}

impl<T> Prepared<T> {
    /// The order number. Store it before sending.
    pub fn order_number(&self) -> &str {
        self.draft.order_number()
    }

    /// The call.
    pub fn endpoint(&self) -> &'static Endpoint {
        self.draft.endpoint
    }

    /// The fields that stay the same in every attempt, in order: what a journal stores. No nonce, no signature, no payment code.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let once = self.draft.endpoint.one_time().map(|row| row.name);
        self.draft.fields.iter().take(self.draft.fixed).filter(move |(name, _)| Some(*name) != once)
    }

    /// Whether an attempt has no proven answer.
    pub fn is_marked(&self) -> bool {
        self.draft.marked
    }

    /// The body of the next attempt, as it will be sent. It holds signatures and personal data: do not log it.
    pub fn body(&self) -> &[u8] {
        &self.draft.body
    }
}

impl<T> fmt::Debug for Prepared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared")
            .field("call", &self.draft.endpoint.name)
            .field("fields", &Shown(&self.draft.fields, self.draft.endpoint))
            .field("marked", &self.draft.marked)
            .field("attempts", &self.draft.attempts)
            .finish()
    }
}

/// A request with everything that one attempt needs.
pub(crate) struct Draft {
    pub(crate) endpoint: &'static Endpoint,
    pub(crate) fields: Fields,
    /// How many of the fields stay the same in every attempt.
    fixed: usize,
    body: Vec<u8>,
    pub(crate) marked: bool,
    pub(crate) attempts: u32,
    /// The refusal that the last attempt ended in, if it did.
    pub(crate) refusal: Option<Refusal>,
    /// Whose request it is: the account's identifiers, hosts and limits.
    owner: Arc<Fingerprint>,
}

impl Draft {
    fn order_number(&self) -> &str {
        self.fields.get(self.endpoint.order_number).unwrap_or_default()
    }

    fn case<'a>(&'a self, profile: &'a Profile, marked: bool) -> Case<'a> {
        Case { endpoint: self.endpoint, sent: &self.fields, profile, marked, sent_before: self.attempts > 1 }
    }
}

/// What came of one attempt.
enum Exchanged {
    Reply { received: Received, first_host: bool, marked: bool },
    Doubt(Doubt),
}

/// What came of one question.
pub(crate) struct Asked<T> {
    pub(crate) answer: Answer<T>,
    /// The time that the gateway's HTTP server gave with it.
    pub(crate) date: Option<i64>,
    /// The second host may lag behind.
    pub(crate) first_host: bool,
}

impl<T> Asked<T> {
    pub(crate) fn nothing(doubt: Doubt) -> Asked<T> {
        Asked { answer: Answer::NoAnswer(doubt), date: None, first_host: false }
    }
}

/// The pipeline, the same for every gateway and not generic.
pub(crate) struct Pipe {
    pub(crate) terminal: Terminal,
    pub(crate) inputs: Inputs,
    /// Whose requests it makes. An account does not change once a client has it.
    owner: Arc<Fingerprint>,
    pub(crate) within: Duration,
    /// The gateway's time when the monotonic clock was zero, as its HTTP server told it last. One word and not a lock, so that
    /// a client can be shared by threads without std, too.
    gateway_began: AtomicU32,
    /// Numbers whose last attempt has no proven answer. Prepared again, they are repeats.
    left_open: LeftOpen,
    /// Where it was made: its transport's connections belong to that process.
    process: Process,
}

impl Pipe {
    fn note_gateway_time(&self, date: Option<i64>) {
        let at = i64::try_from(self.inputs.clock.monotonic().as_secs()).unwrap_or(i64::MAX);
        let began = date.and_then(|date| u32::try_from(date.saturating_sub(at)).ok());
        if let Some(began) = began {
            self.gateway_began.store(began, Ordering::Relaxed);
        }
    }

    /// The gateway's time now, in seconds since 1970, as the last reply of its HTTP server told it.
    pub(crate) fn gateway_time(&self, monotonic: Duration) -> Option<i64> {
        let began = self.gateway_began.load(Ordering::Relaxed);
        let since = i64::try_from(monotonic.as_secs()).unwrap_or(i64::MAX);
        (began > 0).then(|| i64::from(began).saturating_add(since))
    }

    /// Given fields -> all fixed fields in the table's order, checked.
    pub(crate) fn checked(&self, profile: &Profile, endpoint: &Endpoint, given: Fields) -> Result<Fields, Error> {
        self.check_certificate(profile, endpoint)?;
        let fields = if given.are_in_table_order(endpoint) {
            self.filled_up(profile, endpoint, given)
        } else if let Some((name, _)) = given.iter().find(|(name, _)| endpoint.field(name).is_none()) {
            return Err(Error::field(name, "is not in the table of this call"));
        } else {
            self.filled(profile, endpoint, given)
        };
        fields::check(&fields, endpoint, &profile.limits())?;
        Ok(fields)
    }

    /// Given fields and those of the account and the terminal, in the table's order.
    pub(crate) fn filled(&self, profile: &Profile, endpoint: &Endpoint, given: Fields) -> Fields {
        self.filled_up(profile, endpoint, given.in_table_order(endpoint))
    }

    fn filled_up(&self, profile: &Profile, endpoint: &Endpoint, given: Fields) -> Fields {
        given.filled_up(endpoint, |row| match row.source {
            Source::Account => profile.value(endpoint, row.name),
            Source::Terminal => self.terminal.device_info(),
            Source::Request | Source::Attempt => None,
        })
    }

    /// Checked fields -> signed -> encoded.
    pub(crate) fn signed(
        &self,
        profile: &Profile,
        endpoint: &'static Endpoint,
        fields: Fields,
    ) -> Result<Draft, Error> {
        let fixed = fields.len();
        let mut draft = Draft {
            endpoint,
            fields,
            fixed,
            body: Vec::new(),
            marked: false,
            attempts: 0,
            refusal: None,
            owner: Arc::clone(&self.owner),
        };
        self.freshen(profile, &mut draft)?;
        Ok(draft)
    }

    /// New nonce, time and signatures, then the body. Everything else stays as it is.
    fn freshen(&self, profile: &Profile, draft: &mut Draft) -> Result<(), Error> {
        let is_made_anew =
            |name| draft.endpoint.fields.iter().any(|row| row.source == Source::Attempt && row.name == name);
        let nonce = is_made_anew("nonce_str").then(|| nonce_str(&*self.inputs.random)).transpose()?;
        let now =
            is_made_anew("timestamp").then(|| ChinaTime::from_unix(self.inputs.clock.unix_seconds())).transpose()?;
        draft.fields.truncate(draft.fixed);
        if let Some(nonce) = nonce {
            draft.fields.text("nonce_str", core::str::from_utf8(&nonce).unwrap_or_default());
        }
        if let Some(now) = now {
            draft.fields.time("timestamp", now);
        }
        sign::run(draft.endpoint.signing, &mut draft.fields, &profile.keys)?;
        draft.body = match draft.endpoint.body {
            Body::Xml => xml::write(&draft.fields),
            Body::Form => form::write(&draft.fields),
        };
        Ok(())
    }

    /// A number that this client left open is a repeat.
    fn mark_if_left_open(&self, draft: &mut Draft) {
        if !draft.marked && self.left_open.has(draft.order_number()) {
            (draft.marked, draft.attempts) = (true, draft.attempts.max(1));
        }
    }

    /// One attempt of a payment, judged.
    pub(crate) fn pay<T>(
        &self,
        profile: &Profile,
        draft: &mut Draft,
        read: fn(Pairs) -> Option<T>,
    ) -> Result<Outcome<T>, Error> {
        let exchanged = unless_panicked(|| match self.send(profile, draft, self.within)? {
            Exchanged::Reply { received, marked, .. } => {
                Ok(judge::outcome(&draft.case(profile, marked), &received, read))
            }
            Exchanged::Doubt(doubt) => Ok(Outcome::Unknown(doubt)),
        });
        let outcome = match exchanged.unwrap_or_else(|| Ok(Outcome::Unknown(panicked()))) {
            Ok(outcome) => outcome,
            // An attempt before this one left and was refused: that is what is known. An Error would deny that it left.
            Err(error) => return draft.refusal.as_ref().map(judge::still).ok_or(error),
        };
        // A proven refusal is an answer, so it does not mark the next attempt. judge never says it of a marked one.
        draft.refusal = outcome.refusal().cloned();
        draft.marked = draft.refusal.is_none();
        self.left_open.note(draft.order_number(), matches!(outcome, Outcome::Unknown(_)));
        if outcome.proven().is_none() {
            // A late duplicate of this reply must not meet the next request. A transport that panics here keeps nothing.
            let _ = unless_panicked(|| self.forget(profile, draft.endpoint));
        }
        Ok(outcome)
    }

    /// Closes what idle connections there are to the hosts of a call.
    fn forget(&self, profile: &Profile, endpoint: &Endpoint) {
        for url in (0..profile.hosts.len()).filter_map(|host| profile.url(endpoint, host)) {
            self.inputs.transport.forget(&url);
        }
    }

    /// A question about an order number, with the query's own fields besides.
    pub(crate) fn question(
        &self,
        profile: &Profile,
        query: &'static Endpoint,
        (number, fixed): (&str, &[(&'static str, &str)]),
        within: Duration,
    ) -> Result<Asked<Pairs>, Error> {
        let mut given = Fields::with_capacity(8, 128);
        given.text(query.order_number, number);
        for (name, value) in fixed {
            given.text(name, value);
        }
        let fields = self.checked(profile, query, given)?;
        let mut draft = self.signed(profile, query, fields)?;
        self.ask(profile, &mut draft, within, Some)
    }

    /// One question, judged.
    pub(crate) fn ask<T>(
        &self,
        profile: &Profile,
        draft: &mut Draft,
        within: Duration,
        read: fn(Pairs) -> Option<T>,
    ) -> Result<Asked<T>, Error> {
        let start = self.inputs.clock.monotonic();
        let first = self.ask_once(profile, draft, within, read)?;
        let spent = self.inputs.clock.monotonic().saturating_sub(start);
        let left = within.saturating_sub(spent);
        match first.answer {
            // "Not found" names no order, so on a used connection it proves nothing. A question may be asked again, in
            // the time that is left; the second attempt has a connection of its own.
            Answer::NoAnswer(Doubt { reason: Reason::StaleConnection, .. }) if !left.is_zero() => {
                self.ask_once(profile, draft, left, read)
            }
            _ => Ok(first),
        }
    }

    fn ask_once<T>(
        &self,
        profile: &Profile,
        draft: &mut Draft,
        within: Duration,
        read: fn(Pairs) -> Option<T>,
    ) -> Result<Asked<T>, Error> {
        let asked = unless_panicked(|| match self.send(profile, draft, within)? {
            Exchanged::Reply { received, first_host, .. } => {
                let case = draft.case(profile, false);
                Ok(Asked { answer: judge::answer(&case, &received, first_host, read), date: received.date, first_host })
            }
            Exchanged::Doubt(doubt) => Ok(Asked::nothing(doubt)),
        });
        asked.unwrap_or_else(|| Ok(Asked::nothing(panicked())))
    }

    /// One attempt. `Err`: it handed no byte to TLS, and no attempt before it is without a proven answer.
    fn send(&self, profile: &Profile, draft: &mut Draft, within: Duration) -> Result<Exchanged, Error> {
        let marked = draft.marked;
        if let Err(error) = self.ready(profile, draft) {
            return unsent(error, marked);
        }
        draft.marked = true;
        draft.attempts = draft.attempts.saturating_add(1);
        log::debug!("{}: attempt {}", draft.endpoint.name, draft.attempts);
        match self.deliver(profile, draft, within) {
            Ok((mut received, host)) => {
                // A server without a clock tells 1970. That is no time.
                received.date = received.date.filter(|date| (EARLIEST..LATEST).contains(date));
                self.note_gateway_time(received.date);
                Ok(Exchanged::Reply { received, first_host: host == 0, marked })
            }
            Err(fault) if fault.sent == Sent::No => {
                draft.marked = marked;
                draft.attempts = draft.attempts.saturating_sub(1);
                unsent(not_reached(&fault), marked)
            }
            Err(fault) => {
                log::warn!("{}: no reply: {}", draft.endpoint.name, fault.words());
                Ok(Exchanged::Doubt(Doubt::new(Reason::Broken, fault.words())))
            }
        }
    }

    fn ready(&self, profile: &Profile, draft: &mut Draft) -> Result<(), Error> {
        self.process.check()?;
        if draft.owner != self.owner {
            return Err(Error::setting("account", "this request was prepared for another account or host"));
        }
        self.check_certificate(profile, draft.endpoint)?;
        // Also where the attempt before it was refused: it used the code up (POS ruling 5).
        if draft.attempts > 0 && draft.endpoint.one_time().is_some() {
            return Err(Error::field("auth_code", "is sent once: scan another code, under another order number"));
        }
        if draft.attempts > 0 { self.freshen(profile, draft) } else { Ok(()) }
    }

    /// The first host; the second one only while no byte has left for the first, or when the call is a query.
    fn deliver(&self, profile: &Profile, draft: &Draft, total: Duration) -> Result<(Received, usize), Fault> {
        let start = self.inputs.clock.monotonic();
        let hosts = profile.hosts.len();
        let mut last = Fault::unsent(Stage::Connect, "no host was tried");
        for host in 0..hosts {
            let spent = self.inputs.clock.monotonic().saturating_sub(start);
            let within = total.saturating_sub(spent);
            let (Some(url), false) = (profile.url(draft.endpoint, host), within.is_zero()) else {
                break;
            };
            let waiting = hosts.saturating_sub(host).max(1);
            // Each host that still waits gets an equal part of the time for connecting; a query shares all of it.
            let part = within.checked_div(u32::try_from(waiting).unwrap_or(1)).unwrap_or(within);
            let post = Post {
                url: &url,
                content_type: draft.endpoint.body.content_type(),
                body: &draft.body,
                own_connection: draft.endpoint.own_connection || draft.attempts > 1,
                within: if draft.endpoint.asks { part } else { within },
                connect_within: part,
                reply_limit: LONGEST_REPLY,
            };
            match self.inputs.transport.post(&post) {
                Ok(received) => return Ok((received, host)),
                // A query goes on to the next host at any time, but "a byte may have left" stays true.
                Err(fault) if draft.endpoint.asks && last.sent == Sent::No => last = fault,
                Err(_) if draft.endpoint.asks => {}
                Err(fault) if fault.sent == Sent::No => last = fault,
                Err(fault) => return Err(fault),
            }
        }
        Err(last)
    }
}

/// Runs what may call the caller's code: transport, clock, reply rule. `None`: it panicked, perhaps after the first byte.
#[cfg(feature = "std")]
pub(crate) fn unless_panicked<T>(call: impl FnOnce() -> T) -> Option<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).ok()
}

/// Without std a panic cannot be caught; firmware of that kind stops, and enters the number with `prepare_repeat`.
#[cfg(not(feature = "std"))]
pub(crate) fn unless_panicked<T>(call: impl FnOnce() -> T) -> Option<T> {
    Some(call())
}

fn panicked() -> Doubt {
    Doubt::new(Reason::Panic, "the transport, the clock or the reply rule panicked")
}

/// Nothing left in this attempt. Whether that is an error depends on the attempts before it.
fn unsent(error: Error, marked: bool) -> Result<Exchanged, Error> {
    if marked {
        let text = text(&["this repeat was not sent: ", &alloc::string::ToString::to_string(&error)]);
        return Ok(Exchanged::Doubt(Doubt::new(Reason::EarlierAttempt, text)));
    }
    Err(error)
}

fn not_reached(fault: &Fault) -> Error {
    let stage = match fault.stage {
        Stage::Resolve => "dns",
        Stage::Connect => "connect",
        Stage::Tls => "tls",
        Stage::Exchange | Stage::Unable => "exchange",
    };
    Error::new(ErrorKind::Connect, stage, fault.words())
}

/// Whose an entry of a journal is: the family, the first host and the identifiers.
pub(crate) fn owner(profile: &Profile) -> String {
    let mut owner = String::new();
    push_owner(profile, &mut owner);
    owner
}

fn push_owner(profile: &Profile, out: &mut String) {
    for piece in [profile.family, " ", profile.hosts.first().map_or("", String::as_str)] {
        out.push_str(piece);
    }
    for (_, value) in &profile.identifiers {
        out.push(' ');
        out.push_str(value);
    }
}

type Fingerprint = (String, (u32, u32));

/// What a prepared request is bound to: whoever sends it must have the same identifiers, hosts and limits.
fn fingerprint(profile: &Profile) -> Fingerprint {
    let mut all = String::with_capacity(192);
    push_owner(profile, &mut all);
    for host in profile.hosts.iter().skip(1) {
        all.push(' ');
        all.push_str(host);
    }
    (all, profile.amount)
}

/// A day for people, in China: `2026-11-21`.
pub(crate) fn day(unix_seconds: i64) -> String {
    let digits = ChinaTime::from_unix(unix_seconds.max(0)).map(ChinaTime::digits).unwrap_or_default();
    let part = |range| digits.get(range).unwrap_or_default();
    text(&[part(0..4), "-", part(4..6), "-", part(6..8)])
}
