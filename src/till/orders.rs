//! Orders that a customer pays: WAP orders. `Accepted` in `pay` means that an order exists; whether the customer paid is
//! asked, or told by a notification.
//!
//! Document: seed 002; protocol C.2, C.4, C.6.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::resolve::{contradicted, is_given_up, payment};
use super::{Desk, Evidence, Found, Options, OrderRules, Receipt, Till, Went, Work, found, picked, untyped};
use crate::client::owner;
use crate::clock::{ChinaTime, EARLIEST, LATEST};
use crate::endpoint::{Endpoint, ResolvedBy};
use crate::error::{Error, text};
use crate::gateways::swiftpass::{Notification, NotificationFault, PaidNotice, StoredOrder};
use crate::journal::{Entry, EntryId, EntryState, Settlement};
use crate::outcome::{Answer, Doubt, Outcome, Reason};
use crate::wire::fields::Fields;
use crate::wire::pairs::Pairs;

/// The evidence of an order says when it was made, by the gateway's own time.
const ORDERED_AT: &str = "ordered_at";

/// What a call without patience adds, so that it comes to its one question. Shorter than the pause before another one.
const ONE_QUESTION: Duration = Duration::from_millis(500);

/// The gateway wants its answer within 5 s (protocol C.6).
const QUESTION_OF_A_NOTIFICATION: Duration = Duration::from_secs(4);

/// Both ends of the time in which an order may be paid, always together: one alone has no effect at the gateway.
pub(super) fn set_valid(given: &mut Fields, rules: &OrderRules, now: i64) -> Result<(), Error> {
    let (start, expire) = rules.valid;
    if given.get(start).is_some() || given.get(expire).is_some() {
        let expires = given.get(expire).unwrap_or_default();
        let late = ChinaTime::read(expires).is_some_and(|expires| expires.unix_seconds() <= now);
        return if late { Err(Error::field(expire, "has passed")) } else { Ok(()) };
    }
    if !(EARLIEST..LATEST).contains(&now) {
        return Err(Error::setting("clock", "is not set: an order says until when it may be paid"));
    }
    let now = ChinaTime::from_unix(now)?;
    given.time(start, now);
    given.time(expire, now.plus(rules.lasts)?);
    Ok(())
}

impl Till {
    /// The order exists. What the customer needs is handed out only when the journal says so: after a power cut an order
    /// whose answer is not recorded is given up, so nobody may be able to pay it.
    pub(super) fn ordered(&self, work: &Work<'_>, rules: &OrderRules, pairs: Pairs) -> Outcome<Found> {
        let evidence = picked(&pairs, rules.handed_out);
        self.hand_out(work, evidence, Evidence::Reply(pairs))
    }

    fn hand_out(&self, work: &Work<'_>, kept: Vec<(String, String)>, evidence: Evidence<Pairs>) -> Outcome<Found> {
        let entry = work.entry;
        let mut recorded_too = kept.clone();
        // A slow clock of the device made the order's end too early. The gateway may take it all the same.
        let now = work.desk.pipe.gateway_time(self.clock.monotonic());
        if let Some(now) = now.and_then(|now| ChinaTime::from_unix(now).ok()) {
            recorded_too.push((ORDERED_AT.into(), now.digits()));
        }
        if let Err(fault) = self.settle(entry, &Settlement::Ordered { evidence: recorded_too }) {
            if let Some(paid) = self.paid_meanwhile(entry.id) {
                return self.tell(paid);
            }
            self.with_seen(entry.id, |seen| seen.withheld = Some(kept));
            let words = text(&["the order exists, but its URL is withheld: ", fault.text()]);
            return Outcome::Unknown(Doubt::new(Reason::Journal, words));
        }
        // Money came for an older order of this intent while this one was made: nobody needs its URL.
        if let Some(paid) = self.paid_otherwise(entry) {
            return self.tell(paid);
        }
        Outcome::Accepted(found(entry, evidence, None))
    }

    fn paid_otherwise(&self, entry: &Entry) -> Option<Entry> {
        let of_intent = self.journal.with(|journal| journal.of_intent(&entry.account, &entry.intent));
        of_intent.ok()?.into_iter().find(|other| other.id != entry.id && other.is_paid())
    }

    /// The answer was lost, and with it what the customer needs. The query does not return it.
    pub(super) fn give_up(&self, entry: &Entry, doubt: Doubt) -> Went {
        match self.settle(entry, &Settlement::Abandoned) {
            Ok(()) => Went::GivenUp(doubt),
            Err(_) if self.is_called_paid(entry.id) => Went::Done(Outcome::Unknown(contradicted())),
            Err(_) => Went::Done(Outcome::Unknown(doubt)),
        }
    }

    /// Goes on with an order that an earlier call made.
    pub(super) fn take_up_order(&self, work: &Work<'_>, rules: &OrderRules) -> Went {
        let entry = work.entry;
        let EntryState::Settled(Settlement::Ordered { evidence }) = &entry.state else {
            return match self.with_seen(entry.id, |seen| seen.withheld.clone()) {
                // The journal failed then. Now, perhaps, it does not.
                Some(kept) => Went::Done(self.hand_out(work, kept.clone(), Evidence::Recorded(kept))),
                None => {
                    let words = "an earlier order's answer was lost";
                    self.give_up(entry, Doubt::new(Reason::EarlierAttempt, words))
                }
            };
        };
        let now = self.clock.unix_seconds();
        if expires(entry, rules).is_some_and(|expires| now < expires) {
            return Went::Done(Outcome::Accepted(found(entry, Evidence::Recorded(evidence.clone()), None)));
        }
        match self.resolve(work, false) {
            // It expired unpaid: a new number may be used.
            Outcome::Declined(refusal) => {
                let words = "an earlier order of this intent expired unpaid";
                Went::GivenUp(Doubt { code: refusal.code, ..Doubt::new(Reason::NotPaidYet, words) })
            }
            outcome => Went::Done(outcome),
        }
    }

    /// Asks once what became of an order number of this till, and says what is known: `Accepted` means **paid**, for a WAP
    /// order, too. It never moves money.
    ///
    /// For a WAP order `Unknown` with [`Reason::NotPaidYet`] means that the customer may still pay. `Declined` means that
    /// nobody can pay it any more. Money that comes after that all the same is `Accepted` with [`Receipt::late`].
    ///
    /// # Errors
    ///
    /// The journal has no such order number under the accounts of this till, or cannot be read.
    pub fn payment_of(&self, order_number: &str) -> Result<Outcome<Receipt<Pairs>>, Error> {
        self.payment_of_with(order_number, &Options::new().patience(Duration::ZERO))
    }

    /// [`Till::payment_of`], asked again every few seconds until it is final or the patience ends.
    ///
    /// # Errors
    ///
    /// As [`Till::payment_of`].
    pub fn payment_of_with(&self, order_number: &str, options: &Options<'_>) -> Result<Outcome<Receipt<Pairs>>, Error> {
        self.with_order(order_number, options, |work| Ok(untyped(self.ask_of(work))))
    }

    /// Closes a WAP order, so that nobody can pay it any more, and asks what became of it.
    ///
    /// `Declined`: it is closed unpaid. `Accepted`: the customer was faster, and paid. `Unknown`: neither is proven; it may
    /// still be paid.
    ///
    /// # Errors
    ///
    /// As [`Till::payment_of`]; or the order is not one that a customer pays.
    pub fn close(&self, order_number: &str) -> Result<Outcome<Receipt<Pairs>>, Error> {
        self.with_order(order_number, &Options::new(), |work| {
            let ResolvedBy::Order(_, rules) = work.endpoint.resolved_by else {
                return Err(Error::field("order_number", "is not an order that a customer pays"));
            };
            if work.entry.is_settled() {
                return Ok(untyped(self.tell(work.entry.clone())));
            }
            let answer = self.question(work, rules.close, &[]);
            let now = self.clock.monotonic();
            self.with_seen(work.entry.id, |seen| seen.asked = Some(now));
            match answer {
                Ok((Answer::Known(_), _)) => {}
                Ok((Answer::NotKnown { .. }, _)) => log::info!("{}: not known when closed", work.entry.order_number),
                Ok((Answer::NoAnswer(doubt), _)) => log::warn!("{}: not closed: {doubt}", work.entry.order_number),
                Err(error) => log::warn!("{}: not closed: {error}", work.entry.order_number),
            }
            // Only the query's word counts: it also sees the customer who was faster.
            Ok(untyped(self.ask_of(work)))
        })
    }

    /// Finds an order number, takes it in hand, and works on it.
    fn with_order(
        &self,
        order_number: &str,
        options: &Options<'_>,
        run: impl FnOnce(&Work<'_>) -> Result<Outcome<Receipt<Pairs>>, Error>,
    ) -> Result<Outcome<Receipt<Pairs>>, Error> {
        self.process.check()?;
        let unreadable = |fault: crate::journal::JournalFault| {
            Error::new(crate::error::ErrorKind::Journal, "journal", String::from(fault.text()))
        };
        let mut found = None;
        for desk in &self.desks {
            let account = owner(desk.profile());
            let entry = self.journal.with(|journal| journal.by_order_number(&account, order_number));
            if let Some(entry) = entry.map_err(unreadable)? {
                found = endpoint_of(&entry).map(|endpoint| (desk, endpoint, entry.id));
                break;
            }
        }
        let Some((desk, endpoint, id)) = found else {
            return Err(Error::field("order_number", "is not in the journal under an account of this till"));
        };
        let Some(held) = self.hold(id).map_err(unreadable)? else {
            return Ok(Outcome::Unknown(Doubt::new(Reason::Broken, "another thread works on this order")));
        };
        if held.entry.order_number != order_number {
            let words = "the journal gave another order's entry: its storage may be failing";
            return Err(Error::new(crate::error::ErrorKind::Journal, "journal", words));
        }
        if let Some(words) = desk.contradiction(&held.entry, endpoint) {
            return Ok(untyped(self.distrust(&held.entry, words)));
        }
        let mut call = self.call(&held.entry.intent, options, Duration::ZERO);
        // Without patience, too, a question has the client's own time.
        call.questions_until = Duration::MAX;
        run(&Work { desk, endpoint, entry: &held.entry, call, read: Some })
    }

    /// What is recorded of an entry, or what the gateway says where that is not final. An order that was given up is asked
    /// for all the same: money may have come late.
    pub(super) fn ask_of(&self, work: &Work<'_>) -> Outcome<Found> {
        let entry = work.entry;
        let (resolution, is_order) = match work.endpoint.resolved_by {
            ResolvedBy::Query(resolution) => (resolution, false),
            ResolvedBy::Order(resolution, _) => (resolution, true),
            ResolvedBy::Repeat | ResolvedBy::NotByTill => return self.tell(entry.clone()),
        };
        if entry.is_settled() {
            let late = (is_order && is_given_up(entry)).then(|| self.ask_for_late(work, resolution)).flatten();
            return late.unwrap_or_else(|| self.tell(entry.clone()));
        }
        if is_order && entry.state == EntryState::Open && self.with_seen(entry.id, |seen| seen.withheld.is_none()) {
            let lost = Doubt::new(Reason::EarlierAttempt, "the order's answer was lost");
            // The journal may fail: then it is only asked about.
            let _ = self.give_up(entry, lost);
        }
        let pause = self.apart(entry.id);
        let mut work = *work;
        // One question at least. The clock moves on until then.
        let enough = self.clock.monotonic().saturating_add(pause).saturating_add(ONE_QUESTION);
        work.call.deadline = work.call.deadline.max(enough);
        self.ask_until_final(&work, resolution, None, pause, Doubt::new(Reason::EarlierAttempt, "it was not asked"))
    }

    /// Reads a payment notification (POST of the gateway to `notify_url`), verifies it with the keys of this till's
    /// accounts, compares it with the order in the journal, **asks the gateway's query**, and records the payment there.
    ///
    /// Answer the gateway with [`Notified::reply`], as plain text, within 5 s; the question takes at most 4 s. The reply exists
    /// only when the journal has the payment, because the gateway never sends the notification again after it. The same
    /// notification may come several times. Late money can be acknowledged only after [`Till::recover`], [`Till::payment_of`]
    /// or [`Till::pay`] told it, too.
    ///
    /// Where [`SwiftpassAccount::notifications_suffice`](crate::SwiftpassAccount::notifications_suffice) is set, nothing is
    /// asked.
    ///
    /// # Errors
    ///
    /// It is not signed with a key of this till, does not agree with the order in the journal, the query does not say that
    /// it is paid, or the journal cannot be written. Nothing is recorded as paid. Answer with anything but `success`, and it
    /// comes again.
    pub fn notified(&self, body: &[u8]) -> Result<Notified, NotificationFault> {
        if !self.process.is_here() {
            return Err(NotificationFault(crate::process::ELSEWHERE));
        }
        let mut why = NotificationFault("this till has no account for it");
        for desk in self.desks.iter().filter(|desk| desk.takes_notifications()) {
            match Notification::read(desk.profile(), body) {
                // Several accounts may have one key: the journal says whose order it is.
                Ok(notification) => match self.notified_of(desk, notification) {
                    Err(fault) if fault == NO_ORDER => why = fault,
                    told => return told,
                },
                Err(fault) => why = fault,
            }
        }
        Err(why)
    }

    fn notified_of(&self, desk: &Desk, notification: Notification) -> Result<Notified, NotificationFault> {
        let suffices = desk.profile().notifications_suffice;
        let entry = self.settle_notified(desk, notification, suffices)?;
        if entry.is_paid() {
            return Ok(Notified { entry, reply: "success" });
        }
        self.ask_whether_paid(desk, entry)
    }

    /// The entry that a notification names and agrees with, settled where the notification suffices.
    fn settle_notified(
        &self,
        desk: &Desk,
        notification: Notification,
        suffices: bool,
    ) -> Result<Entry, NotificationFault> {
        let account = owner(desk.profile());
        let number = String::from(notification.out_trade_no());
        // Under one lock: what is compared is what is settled.
        self.journal.with(|journal| {
            let entry = journal.by_order_number(&account, &number).map_err(|fault| failed(&number, &fault))?;
            let Some(entry) = entry else {
                log::warn!("notification of {number}: not of {account}");
                return Err(NO_ORDER);
            };
            if let Some(words) = endpoint_of(&entry).and_then(|endpoint| desk.contradiction(&entry, endpoint)) {
                log::error!("notification of {number}: {words}");
                return Err(NotificationFault("the journal's entry of it was changed: a person must look at it"));
            }
            let stored = StoredOrder { out_trade_no: &entry.order_number, total_fee: entry.amount };
            let paid = notification.matches(&stored)?;
            if entry.is_paid() {
                return Ok(entry);
            }
            if !suffices {
                // Whatever the query says: no unpaid word ends what a signed notification calls paid.
                self.with_seen(entry.id, |seen| seen.told_paid = true);
                return Ok(entry);
            }
            let settlement = payment(&entry, false, evidence(&paid));
            journal.settle(entry.id, &settlement, self.stamp()).map_err(|fault| failed(&number, &fault))?;
            log::info!("notification of {number}: {settlement:?}");
            self.nobody_was_told(&entry, &settlement);
            let entry = journal.entry(entry.id).map_err(|fault| failed(&number, &fault))?.unwrap_or(entry);
            Ok(entry)
        })
    }

    /// An order that was given up, of which a signed notification says that it is paid: no new number is taken for it.
    pub(super) fn is_told_paid(&self, entry: &Entry) -> bool {
        is_given_up(entry) && self.is_called_paid(entry.id)
    }

    /// Whether a signed notification says that it is paid, and the query did not yet.
    pub(super) fn is_called_paid(&self, id: EntryId) -> bool {
        self.seen.with(|all| all.get(&id).is_some_and(|seen| seen.told_paid))
    }

    /// Asks once about such an order. Only "paid" is believed.
    pub(super) fn ask_told(&self, work: &Work<'_>) -> Outcome<Found> {
        let ResolvedBy::Order(resolution, _) = work.endpoint.resolved_by else {
            return Outcome::Unknown(contradicted());
        };
        let pause = self.apart(work.entry.id);
        self.ask_for_late_after(pause, work, resolution).unwrap_or_else(|| Outcome::Unknown(contradicted()))
    }

    /// A notification only says where to look: the query says whether it is paid.
    fn ask_whether_paid(&self, desk: &Desk, entry: Entry) -> Result<Notified, NotificationFault> {
        let endpoint = endpoint_of(&entry).ok_or(NO_ORDER)?;
        let (ResolvedBy::Order(resolution, _) | ResolvedBy::Query(resolution)) = endpoint.resolved_by else {
            return Err(NotificationFault("this gateway has no query that says whether it is paid"));
        };
        let held = self.hold(entry.id).map_err(|fault| failed(&entry.order_number, &fault))?;
        let held = held.ok_or(NotificationFault("another thread works on this order"))?;
        if held.entry.is_paid() {
            return Ok(Notified { entry: held.entry.clone(), reply: "success" });
        }
        let options = Options::new();
        let pause = self.apart(entry.id);
        let mut call = self.call(&held.entry.intent, &options, pause.saturating_add(ONE_QUESTION));
        call.questions_until = self.clock.monotonic().saturating_add(QUESTION_OF_A_NOTIFICATION);
        let work = Work { desk, endpoint, entry: &held.entry, call, read: Some };
        // One question, which can only find that it is paid.
        let says_paid = matches!(self.ask_for_late_after(pause, &work, resolution), Some(Outcome::Accepted(_)));
        let number = &entry.order_number;
        log::info!("notification of {number}: the query says {}", if says_paid { "paid" } else { "not paid" });
        let now = self.journal.with(|journal| journal.entry(entry.id)).map_err(|fault| failed(number, &fault))?;
        match now.filter(Entry::is_paid) {
            Some(entry) => {
                if let EntryState::Settled(settlement) = &entry.state {
                    self.nobody_was_told(&entry, settlement);
                }
                Ok(Notified { entry, reply: "success" })
            }
            None if says_paid => Err(NotificationFault("the journal failed")),
            None => Err(NotificationFault("the gateway's query does not say that it is paid")),
        }
    }

    /// Late money that a notification told is told to nobody yet.
    fn nobody_was_told(&self, entry: &Entry, settlement: &Settlement) {
        if matches!(settlement, Settlement::PaidLate { .. }) {
            self.with_seen(entry.id, |seen| (seen.late, seen.untold) = (None, true));
        }
    }
}

fn failed(number: &str, fault: &crate::journal::JournalFault) -> NotificationFault {
    log::error!("notification of {number}: {fault}");
    NotificationFault("the journal failed")
}

impl Desk {
    fn takes_notifications(&self) -> bool {
        self.profile().notifies
    }
}

const NO_ORDER: NotificationFault = NotificationFault("the journal has no such order");

/// A payment that a notification told of, recorded in the journal.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Notified {
    /// The entry, settled: [`Settlement::Accepted`], or [`Settlement::PaidLate`] where the order had been given up.
    pub entry: Entry,
    /// The exact answer for the gateway.
    pub reply: &'static str,
}

fn evidence(paid: &PaidNotice) -> Vec<(String, String)> {
    let PaidNotice { transaction_id, time_end, .. } = paid;
    [("trade_state", "SUCCESS"), ("transaction_id", transaction_id), ("time_end", time_end)]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

/// A field of the entry that holds a time, in seconds since 1970.
fn time(entry: &Entry, field: &str) -> Option<i64> {
    entry.field(field).and_then(ChinaTime::read).map(ChinaTime::unix_seconds)
}

/// Until when the order may be paid.
fn expires(entry: &Entry, rules: &OrderRules) -> Option<i64> {
    time(entry, rules.valid.1)
}

/// Whether a customer has what it takes to pay it, and time.
pub(super) fn may_be_paid(entry: &Entry, now: i64) -> bool {
    let Some(ResolvedBy::Order(_, rules)) = endpoint_of(entry).map(|endpoint| endpoint.resolved_by) else {
        return false;
    };
    let ordered = matches!(entry.state, EntryState::Settled(Settlement::Ordered { .. }));
    let margin = i64::try_from(rules.margin.as_secs()).unwrap_or(i64::MAX);
    ordered && expires(entry, rules).is_some_and(|expires| now < expires.saturating_add(margin))
}

/// Whether an order that was never sent may still be sent as it is: half of its time is left.
pub(super) fn leaves_time(entry: &Entry, rules: &OrderRules, now: i64) -> bool {
    let (Some(starts), Some(expires)) = (time(entry, rules.valid.0), expires(entry, rules)) else { return false };
    let half = expires.saturating_sub(starts) / 2;
    starts <= now && now <= starts.saturating_add(half)
}

/// Whether an order that is not paid yet can no longer be paid: its time is over, and a margin, by the time that came with
/// the very answer that says so. The device's clock does not count, because a wrong one made the order's end wrong, too. A
/// transport that does not tell the gateway's time leaves the order open until it is closed.
pub(super) fn has_expired(work: &Work<'_>, date: Option<i64>) -> bool {
    let ResolvedBy::Order(_, rules) = work.endpoint.resolved_by else { return false };
    let entry = work.entry;
    let (Some(starts), Some(expires), Some(date)) = (time(entry, rules.valid.0), expires(entry, rules), date) else {
        return false;
    };
    let ordered_at = match &entry.state {
        EntryState::Settled(Settlement::Ordered { evidence }) => {
            let at = evidence.iter().find(|(name, _)| name == ORDERED_AT);
            at.and_then(|(_, at)| ChinaTime::read(at)).map(ChinaTime::unix_seconds)
        }
        _ => None,
    };
    let lasts = expires.saturating_sub(starts);
    let end = ordered_at.map_or(expires, |at| expires.max(at.saturating_add(lasts)));
    let margin = i64::try_from(rules.margin.as_secs()).unwrap_or(i64::MAX);
    date >= end.saturating_add(margin)
}

/// The table of an entry's call.
pub(super) fn endpoint_of(entry: &Entry) -> Option<&'static Endpoint> {
    crate::gateways::ENDPOINTS.iter().copied().find(|endpoint| endpoint.name == entry.call)
}
