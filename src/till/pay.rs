//! Pays under the caller's own name, and never twice.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use super::desk::{Desk, Held, Till};
use super::intent::{Verb, check_intent, same_payment};
use super::period::set_valid;
use super::receipt::{Found, Read, Receipt, kept};
use super::refund::{Refundable, Refunded};
use super::rules::{self, APART, Elsewhere, Event, Look, Step};
use super::run::Work;
use super::told::{self, Ran};
use super::watch::{Call, Options, Reversals};
use crate::client::owner;
use crate::clock::ChinaTime;
use crate::endpoint::{Endpoint, ResolvedBy};
use crate::error::{Error, text};
use crate::gateways::account::{Account, Profile};
use crate::gateways::request::Payment;
use crate::journal::order_number::Serial;
use crate::journal::{Entry, EntryState, Journal, JournalFault, Mended, NewEntry, Numbered};
use crate::money::Fen;
use crate::outcome::{Doubt, Outcome, Reason, Refusal};
use crate::wire::fields::Fields;

/// What the journal says of an intent before anything is done.
enum Looked<'a> {
    /// A new entry, or one that was never sent or was refused (then with that refusal): attempt it.
    Attempt(Held<'a>, Option<Refusal>),
    /// Pending: go on with it.
    Resume(Held<'a>),
    /// It was given up, and a signed notification says that it is paid.
    AskIfPaid(Held<'a>),
    /// It was refused without proof: it is asked about before another number begins.
    Confirm(Held<'a>),
    /// The gateway wants a pause first. With the refusal that asked for it, where one did.
    Wait(Duration, Option<Entry>),
    /// It is open under another account, or by another call: that is asked about first.
    Elsewhere(Held<'a>),
    /// Settled: this is the result.
    Report(Entry),
    /// An entry of this intent contradicts itself, in these words.
    Distrust(Entry, String),
    Unknown(Doubt),
}

/// Under which number a payment is sent.
#[derive(Clone, Copy)]
enum Under<'a> {
    New(Serial),
    /// The one that an entry has.
    Kept(&'a str),
}

/// How far one look at an intent came.
enum Advanced {
    Ran(Ran),
    /// A pause that the gateway asked for is over.
    Waited,
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
    /// Pays what the caller calls `intent` (a prize, a receipt, a reimbursement), once.
    ///
    /// Leave the request's order number empty: the till makes it. The same intent with the same payee and amount returns the
    /// recorded result, or goes on where it stopped. A text that is only shown may change. A new order number is used only
    /// after a refusal that allows one.
    ///
    /// What a customer has yet to pay is not paid but ordered: [`Till::order`].
    ///
    /// # Errors
    ///
    /// This call sent nothing, and no order number of this intent is open or paid: a field breaks a rule, the journal cannot
    /// be written, the gateway was not reached or wants a pause. Also, whatever became of the intent: it was used with
    /// another payee or amount, it was paid or refused another way (the error names the payment), it came to its
    /// end and was pruned since, the till has no account or two for this request, or the request is an order, or cannot be a till's.
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
        self.begin(Verb::Pay, intent, request, options)
    }

    pub(super) fn begin<R: Payment>(
        &self,
        verb: Verb,
        intent: &str,
        request: &R,
        options: &Options<'_>,
    ) -> Result<Outcome<Receipt<R::Reply>>, Error> {
        verb.check(R::ENDPOINT)?;
        let desk = self.payer(<R::Account as Account>::FAMILY, options.account)?;
        let mut given = Fields::with_capacity(R::ENDPOINT.fields.len(), 512);
        request.fields(&mut given);
        let outcome = self.begin_fields(desk, R::ENDPOINT, intent, &given, kept::<R::Reply>, options)?;
        if let Some(late) = outcome.late() {
            self.close_beside(late.entry.id, self.soon());
        }
        Ok(outcome.typed(Found::typed))
    }

    pub(super) fn begin_fields(
        &self,
        desk: &Desk,
        endpoint: &'static Endpoint,
        intent: &str,
        given: &Fields,
        read: Read,
        options: &Options<'_>,
    ) -> Result<Outcome<Found>, Error> {
        self.process.check()?;
        check_intent(intent)?;
        if given.get(endpoint.order_number).is_some_and(|number| !number.is_empty()) {
            return Err(Error::field(endpoint.order_number, "is made by the till: leave it empty"));
        }
        let number = |under: Under<'_>| self.number(desk, endpoint, given, under);
        // Every rule is checked before anything is stored, but an entry that may be open counts first: what expired or was
        // narrowed since says nothing about the money.
        let mut valid = Some(number(Under::New(Serial { epoch: 0, counter: 0 })).map(drop));
        let fields = desk.pipe.filled(desk.profile(), endpoint, given.with(endpoint.order_number, ""));
        let amount = fields.get(endpoint.amount).and_then(Fen::read).unwrap_or_default();
        let mut call = self.call(intent, options, self.patience_for(endpoint));
        call.once = endpoint.one_time().and_then(|row| given.get(row.name));
        call.reversals = Reversals::Open;
        let account = owner(desk.profile());
        let paying = Paying { desk, endpoint, call, account: &account, amount, fields: &fields, read };
        let mut given_up = None;
        let mut numbers = 0_u32;
        loop {
            match self.advance(&paying, &mut valid, &number, &mut given_up) {
                Ok(Advanced::Ran(Ran::Done(outcome))) => return Ok(outcome),
                Ok(Advanced::Waited) => {}
                // What was proven to be unpaid makes room for another number, while the code is fresh.
                Ok(Advanced::Ran(Ran::Ended(refusal))) => {
                    numbers = numbers.saturating_add(1);
                    if numbers >= rules::MOST_NUMBERS || call.is_cancelled() {
                        return Ok(told::ended(refusal));
                    }
                    given_up = None;
                }
                Ok(Advanced::Ran(Ran::GivenUp(doubt))) => {
                    numbers = numbers.saturating_add(1);
                    if numbers >= rules::MOST_NUMBERS || !self.wait(&call, "", APART) {
                        return Ok(Outcome::Unknown(doubt));
                    }
                    given_up = Some(doubt);
                }
                // An order of this intent was sent before, and may still turn out to be paid: an Error would deny it.
                Err(error) => return given_up.map(Outcome::Unknown).ok_or(error),
            }
        }
    }

    /// An order number of this till, and the fields that go with it.
    fn number(
        &self,
        desk: &Desk,
        endpoint: &'static Endpoint,
        given: &Fields,
        under: Under<'_>,
    ) -> Result<Numbered, Error> {
        let now = self.clock.unix_seconds();
        // A clock beyond the calendar must not hide an open entry.
        let today = ChinaTime::from_unix(now.clamp(0, ChinaTime::LAST))?;
        let order_number = match under {
            Under::New(serial) => self.numbers.make(endpoint.numbers, merchant(desk.profile()), today, serial)?,
            Under::Kept(number) => number.into(),
        };
        let mut given = given.with(endpoint.order_number, &order_number);
        if let ResolvedBy::Order(_, rules) = endpoint.resolved_by {
            set_valid(&mut given, rules, now)?;
        }
        let fields = desk.pipe.checked(desk.profile(), endpoint, given)?;
        // What is sent once is never stored.
        let once = endpoint.one_time().map(|row| row.name);
        let fields = fields.iter().filter(|(name, _)| Some(*name) != once);
        let fields = fields.map(|(name, value)| (name.into(), value.into())).collect();
        Ok(Numbered { order_number, fields })
    }

    /// One look at the journal, and what follows from it.
    fn advance(
        &self,
        paying: &Paying<'_>,
        valid: &mut Option<Result<(), Error>>,
        number: &dyn Fn(Under<'_>) -> Result<Numbered, Error>,
        given_up: &mut Option<Doubt>,
    ) -> Result<Advanced, Error> {
        let outcome = match self.look(paying, valid, number, given_up)? {
            Looked::Wait(wait, _) if self.wait(&paying.call, "", wait) => return Ok(Advanced::Waited),
            Looked::Wait(_, Some(entry)) => told::recorded(&entry),
            Looked::Wait(_, None) => {
                let words = "the gateway asks for a pause between two payments to one payee, or two refunds of one order: pay again later";
                return Err(Error::field("till", words));
            }
            Looked::Unknown(doubt) => Outcome::Unknown(doubt),
            Looked::Distrust(entry, words) => self.distrust(&paying.work(&entry), words),
            Looked::Report(entry) => self.report(entry),
            Looked::Elsewhere(held) => {
                // Not for an order that could not be made, nor for one that nobody wants any more.
                let begins = valid.as_ref().is_none_or(Result::is_ok) && !paying.call.is_cancelled();
                return self.ask_elsewhere(paying, &held.entry, begins);
            }
            Looked::AskIfPaid(held) => {
                let wait = self.of_case(paying.desk, paying.endpoint, &held.entry, |case| case.apart());
                self.asked_if_paid(&paying.work(&held.entry), wait)
            }
            Looked::Resume(held) => return Ok(Advanced::Ran(self.resume(&paying.work(&held.entry), true))),
            Looked::Confirm(held) => match self.confirm(&paying.work(&held.entry)) {
                None => return Ok(Advanced::Waited),
                Some(outcome) => outcome,
            },
            Looked::Attempt(held, refused) => {
                return self.attempt(&paying.work(&held.entry), refused).map(Advanced::Ran);
            }
        };
        Ok(Advanced::Ran(Ran::Done(outcome)))
    }

    /// One look at the journal, one transaction, under one lock: what to do with this intent.
    fn look<'a>(
        &'a self,
        paying: &Paying<'_>,
        valid: &mut Option<Result<(), Error>>,
        number: &dyn Fn(Under<'_>) -> Result<Numbered, Error>,
        given_up: &mut Option<Doubt>,
    ) -> Result<Looked<'a>, Error> {
        let Paying { endpoint, account, amount, fields, .. } = *paying;
        let intent = paying.call.intent;
        let new = NewEntry { account, call: endpoint.name, intent, amount, of: None, at: self.now(paying.desk) };
        self.journal.with(|journal| {
            let entries = match journal.of_intent(intent) {
                Ok(entries) => entries,
                Err(fault) => return Ok(Looked::Unknown(Doubt::new(Reason::Journal, fault.to_string()))),
            };
            let (mut entries, others): (Vec<Entry>, Vec<Entry>) =
                entries.into_iter().partition(|entry| entry.account == account && entry.call == endpoint.name);
            if let Some((entry, words)) = paying.distrusted(&mut entries) {
                return Ok(if self.is_busy(entry.id) { busy() } else { Looked::Distrust(entry, words) });
            }
            for entry in &mut entries {
                self.settle_unwritten(&mut **journal, entry);
            }
            let pending = entries.iter().any(Entry::is_pending);
            let called_paid = entries.iter().find(|entry| rules::is_given_up(entry) && self.is_called_paid(entry.id));
            let called_paid = called_paid.cloned();
            let unconfirmed = self.unconfirmed(&entries);
            let latest = rules::deciding(entries, |entry| rules::is_paid_unwritten(&self.seen_of(entry.id)));
            let newest = others.last().cloned();
            let same = latest.as_ref().is_none_or(|entry| same_payment(entry, endpoint, fields));
            // Nothing was paid, and nothing is open: mended fields are another attempt.
            if !same && (pending || !rules::takes_mended(latest.as_ref(), endpoint, amount)) {
                return Err(Error::field("intent", "was used before with other fields"));
            }
            if pending && given_up.is_none() {
                *given_up = Some(Doubt::new(Reason::EarlierAttempt, "an earlier order of this intent was given up"));
            }
            // First of all: a person's or a refusal's word on an entry does not count while a thread works on it.
            if latest.as_ref().is_some_and(|entry| self.is_busy(entry.id)) {
                return Ok(busy());
            }
            if !latest.as_ref().is_some_and(Entry::is_paid)
                && let Some(other) = self.in_the_way(paying, &mut **journal, others)?
            {
                return Ok(other);
            }
            let begins = latest.as_ref().is_none_or(rules::begins);
            let refunded = match paying.endpoint.refund().filter(|_| begins) {
                None => None,
                Some(_) => match self.refunded(paying, &mut **journal, latest.as_ref())? {
                    Ok(refunded) => Some(refunded),
                    Err(other) => return Ok(other),
                },
            };
            let new = NewEntry { of: refunded.as_ref().map(|refunded| refunded.of.as_str()), ..new };
            let payee = match &refunded {
                Some(refunded) => refunded.pause,
                None if begins => paying.last_to_payee(&mut **journal, &new),
                None => None,
            };
            let before = latest.as_ref().map(|entry| (entry, same));
            let step = self.step_to_pay(paying, (new.at, payee), before, called_paid.is_some());
            let step = match (step, &latest) {
                (Ok(step), _) => step,
                (Err(words), Some(entry)) => return Ok(Looked::Distrust(entry.clone(), words)),
                (Err(_), None) => return Ok(busy()),
            };
            // Each refusal without proof is asked about before another number begins, not the newest alone.
            let (step, latest) = match (step, unconfirmed) {
                (Step::NewNumber, Some(entry)) => (Step::Confirm, Some(entry)),
                (step, _) => (step, latest),
            };
            if matches!(step, Step::NewNumber) {
                // What ended when the code was stale is told: scan again (POS ruling 6).
                if paying.call.is_stale(self.clock.monotonic())
                    && let Some(ended) = latest.iter().chain(&newest).max_by_key(|entry| entry.id)
                {
                    return Ok(Looked::Report(ended.clone()));
                }
                // Before a new number: what a new payment breaks says nothing of an earlier one.
                valid.take().unwrap_or(Ok(()))?;
            }
            let looked = self.take_up(paying, &mut **journal, &new, (step, latest, called_paid), number)?;
            Ok(looked.unwrap_or_else(busy))
        })
    }

    /// What a refund gives back from. `Err`: it does not begin yet.
    fn refunded<'a>(
        &'a self,
        paying: &Paying<'_>,
        journal: &mut dyn Journal,
        latest: Option<&Entry>,
    ) -> Result<Result<Refunded, Looked<'a>>, Error> {
        let call = (paying.desk, paying.endpoint, paying.account);
        Ok(match self.refundable(journal, call, (paying.fields, latest.map(|entry| entry.id)))? {
            Refundable::Yes(refunded) => Ok(refunded),
            Refundable::After(first) => Err(self.take(*first).map_or_else(busy, Looked::Elsewhere)),
            Refundable::Unknown(doubt) => Err(Looked::Unknown(doubt)),
        })
    }

    /// The first of these that was refused without proof, and that the query did not just call unknown again.
    fn unconfirmed(&self, entries: &[Entry]) -> Option<Entry> {
        let now = self.clock.monotonic();
        let is_open = |entry: &&Entry| entry.is_unproven() && !rules::is_confirmed(&self.seen_of(entry.id), now);
        entries.iter().find(is_open).cloned()
    }

    /// Takes in hand what a step is about. What is attempted is in the journal before.
    fn take_up<'a>(
        &'a self,
        paying: &Paying<'_>,
        journal: &mut dyn Journal,
        new: &NewEntry<'_>,
        (step, latest, called_paid): (Step, Option<Entry>, Option<Entry>),
        number: &dyn Fn(Under<'_>) -> Result<Numbered, Error>,
    ) -> Result<Option<Looked<'a>>, Error> {
        let taken = |entry| self.take(entry);
        Ok(match (step, latest) {
            (Step::Wait(pause), latest) => Some(Looked::Wait(pause, latest.filter(rules::was_sent))),
            (Step::AskIfPaid, _) => called_paid.and_then(taken).map(Looked::AskIfPaid),
            (Step::Confirm, Some(entry)) => taken(entry).map(Looked::Confirm),
            (Step::NewNumber, _) => {
                let begun = journal.begin(new, &mut |serial| number(Under::New(serial)));
                let entry = begun.inspect_err(|_| self.note_not_begun()).map_err(JournalFault::into_error)?;
                self.note_begun(entry.id);
                self.note_payment(paying.last_to_payee(journal, new), new.at);
                let now = self.clock.monotonic();
                self.with_seen(entry.id, |seen| seen.begun = Some(now));
                taken(entry).map(|held| Looked::Attempt(held, None))
            }
            (Step::SameNumber, Some(mut entry)) => {
                let is_kept = same_payment(&entry, paying.endpoint, paying.fields) && !entry.fields.is_empty();
                let mended = match is_kept {
                    true => None,
                    false => Some(number(Under::Kept(&entry.order_number))?.fields),
                };
                let mended = mended.map(|fields| Mended { amount: paying.amount, fields });
                journal.reopen(entry.id, new.at, mended.as_ref()).map_err(JournalFault::into_error)?;
                if let Some(mended) = mended {
                    (entry.amount, entry.fields) = (mended.amount, mended.fields);
                }
                self.note_payment(paying.last_to_payee(journal, new), new.at);
                (entry.attempts, entry.last_attempt_at) = (entry.attempts.saturating_add(1), new.at);
                let before = core::mem::replace(&mut entry.state, EntryState::Open);
                taken(entry).map(|held| Looked::Attempt(held, rules::refusal(before)))
            }
            (Step::Resume, Some(entry)) => taken(entry).map(Looked::Resume),
            (Step::Unknown(doubt), _) => Some(Looked::Unknown(doubt)),
            (_, Some(entry)) => Some(Looked::Report(entry)),
            (_, None) => None,
        })
    }
}

impl Till {
    /// The first entry under another account, or of another call, that does not let this one be paid.
    fn in_the_way(
        &self,
        paying: &Paying<'_>,
        journal: &mut dyn Journal,
        others: Vec<Entry>,
    ) -> Result<Option<Looked<'_>>, Error> {
        let mut changed = None;
        for mut entry in others {
            if self.is_busy(entry.id) {
                return Ok(Some(busy()));
            }
            let endpoint = self.endpoint_of(&entry);
            if let Some(words) = paying.doubts(&entry, self.desk_of(&entry).zip(endpoint)) {
                return Ok(Some(Looked::Distrust(entry, words)));
            }
            self.settle_unwritten(journal, &mut entry);
            let now = self.clock.monotonic();
            match rules::elsewhere(&entry, endpoint, &self.seen_of(entry.id), now) {
                Elsewhere::Unknown(doubt) => return Ok(Some(Looked::Unknown(doubt))),
                Elsewhere::InTheWay(why) => return Err(Error::field("intent", text(&[why, ": ", &named(&entry)]))),
                // A sale's amount never changes (POS flows 20.26). That it was paid since is said first.
                _ if paying.endpoint.takes_money() && rules::is_another_amount(&entry, paying.amount) => {
                    changed.get_or_insert(entry);
                }
                Elsewhere::Ended => {}
                Elsewhere::Pending if self.desk_of(&entry).is_some() => {
                    return Ok(Some(self.take(entry).map_or_else(busy, Looked::Elsewhere)));
                }
                Elsewhere::Pending => {
                    return Ok(Some(Looked::Unknown(no_account(&entry))));
                }
            }
        }
        match changed {
            Some(entry) => {
                Err(Error::field("intent", text(&["was used before with another amount: ", &named(&entry)])))
            }
            None => Ok(None),
        }
    }

    /// Asks what became of it the other way. Ended unpaid, the look is taken again. Two ways in which a customer may pay one sale are
    /// never open together: before another one `begins`, the first one is closed (POS flows 4).
    fn ask_elsewhere(&self, paying: &Paying<'_>, entry: &Entry, begins: bool) -> Result<Advanced, Error> {
        let (Some(desk), Some(endpoint)) = (self.desk_of(entry), self.endpoint_of(entry)) else {
            return Ok(Advanced::Ran(Ran::Done(Outcome::Unknown(Doubt::new(Reason::NoAccount, named(entry))))));
        };
        let mut work = Work { desk, endpoint, entry, call: paying.call, read: Some };
        let begins = begins && paying.endpoint.takes_money();
        // Nobody waits for the customer the other way any more.
        work.call.ends = begins;
        work.call.reversals = if begins { Reversals::Open } else { Reversals::None };
        if begins && matches!(self.decide(&work, Event::Close), Step::Close(_)) {
            self.ask_to_close(&work);
        }
        let outcome = self.ask_of(&work);
        // With a stale code the next look tells what ended.
        let now = self.clock.monotonic();
        let may_begin = paying.call.may_begin(now) && self.may_pay(&paying.call, Duration::ZERO);
        let goes_on = outcome.is_paid() || paying.call.is_stale(now) || may_begin;
        match outcome.doubt() {
            // Whatever end it came to stands in the journal now, or in memory.
            None if goes_on => Ok(Advanced::Waited),
            None => self.ended_elsewhere(paying),
            Some(doubt) => {
                let words = text(&["it may be paid another way (", &named(entry), "): ", &doubt.text]);
                Ok(Advanced::Ran(Ran::Done(Outcome::Unknown(Doubt { text: words.into(), ..doubt }))))
            }
        }
    }

    /// It ended the other way, and there is no time to begin here. An `Error` says that nothing of the intent is open.
    fn ended_elsewhere(&self, paying: &Paying<'_>) -> Result<Advanced, Error> {
        let words = "the time was over when it had ended the other way: pay again";
        let unknown = |reason| Ok(Advanced::Ran(Ran::Done(Outcome::Unknown(Doubt::new(reason, words)))));
        match self.journal.with(|journal| journal.of_intent(paying.call.intent)) {
            // The next look says so.
            Ok(entries) if entries.iter().any(Entry::is_paid) => Ok(Advanced::Waited),
            Ok(entries) if !entries.iter().all(Entry::is_settled) => unknown(Reason::EarlierAttempt),
            Ok(_) => Err(Error::field("till", words)),
            Err(_) => unknown(Reason::Journal),
        }
    }

    /// What the rules say of an intent's latest entry. `Err`: its fields were changed, in words.
    fn step_to_pay(
        &self,
        paying: &Paying<'_>,
        (now, payee): (i64, Option<(Duration, i64)>),
        latest: Option<(&Entry, bool)>,
        called_paid: bool,
    ) -> Result<Step, String> {
        let (latest, same) = latest.unzip();
        let mut look = Look {
            called_paid,
            pause: rules::pause_left(latest, payee, now, &|stamp| self.seen_for(stamp)),
            goes_again: false,
            mended: same == Some(false) || latest.is_some_and(|entry| entry.fields.is_empty()),
        };
        let Some(entry) = latest else { return Ok(rules::first(&look)) };
        self.of_case(paying.desk, paying.endpoint, entry, |case| {
            if !called_paid && look.pause.is_none() && same == Some(true) {
                look.goes_again = rules::goes_again(case)?;
            }
            Ok(rules::step(case, Event::Pay(look)))
        })
    }
}

/// An entry, for words.
pub(super) fn named(entry: &Entry) -> String {
    text(&[&entry.call, " ", &entry.order_number, " of ", &entry.account])
}

/// It is open, and nobody here can ask about it.
pub(super) fn no_account(entry: &Entry) -> Doubt {
    let words = text(&["it is open under an account that this till does not have: ", &named(entry)]);
    Doubt::new(Reason::NoAccount, words)
}

/// Its account is here, and its call is none that this version has.
pub(super) fn no_table(entry: &Entry) -> Doubt {
    Doubt::new(Reason::NoAccount, text(&[rules::NO_TABLE, ": ", &named(entry)]))
}

impl Till {
    /// How long a call goes on, where its options do not say: a payment by code by its own clock (POS flows 3.2).
    pub(super) fn patience_for(&self, endpoint: &Endpoint) -> Duration {
        match endpoint.resolved_by {
            ResolvedBy::Reversal(_, rules) => rules.poll.saturating_add(rules.patience),
            _ => self.patience,
        }
    }
}

fn busy<'a>() -> Looked<'a> {
    Looked::Unknown(Doubt::new(Reason::Broken, "another thread is paying this intent"))
}

impl<'a> Paying<'a> {
    fn work<'b>(&self, entry: &'b Entry) -> Work<'b>
    where
        'a: 'b,
    {
        // A reversal by its number goes before whoever waits for the customer (POS flows 20.18).
        let is_by_code = matches!(self.endpoint.resolved_by, ResolvedBy::Reversal(..));
        let call = Call { waits_for: is_by_code.then_some(entry.id), ..self.call };
        Work { desk: self.desk, endpoint: self.endpoint, entry, call, read: self.read }
    }

    /// The first of an intent's entries that contradicts itself.
    fn distrusted(&self, entries: &mut Vec<Entry>) -> Option<(Entry, String)> {
        let doubts = |(at, entry)| Some((at, self.doubts(entry, Some((self.desk, self.endpoint)))?));
        let (at, words) = entries.iter().enumerate().find_map(doubts)?;
        Some((entries.swap_remove(at), words))
    }

    /// Why an entry of this intent is not believed.
    fn doubts(&self, entry: &Entry, known: Option<(&Desk, &Endpoint)>) -> Option<String> {
        if entry.intent != self.call.intent {
            return Some(String::from("the journal gave another intent's entry: its storage may be failing"));
        }
        let (desk, endpoint) = known?;
        desk.contradiction(entry, endpoint)
    }

    /// The pause between two payments to one payee, and when the last one was. Asked under the journal's lock, so that two
    /// threads cannot pay one payee at once.
    fn last_to_payee(&self, journal: &mut dyn Journal, new: &NewEntry<'_>) -> Option<(Duration, i64)> {
        let (field, pause) = self.endpoint.payee_pause?;
        let last = journal.last_attempt_to(new.account, field, self.fields.get(field).unwrap_or_default());
        // What the journal cannot say is waited for in full.
        Some((pause, last.unwrap_or(Some(new.at))?))
    }
}

fn merchant(profile: &Profile) -> &str {
    profile.identifier("mch_id").or_else(|| profile.identifier("partner_id")).unwrap_or_default()
}
