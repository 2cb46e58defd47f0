//! Orders that a customer pays: WAP orders. An order is made here; whether the customer paid is asked here, or told by a
//! notification (`notified.rs`).
//!
//! Document: seed 002; protocol C.2, C.4; POS ruling 4 (late money).

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::desk::Till;
use super::intent::Verb;
use super::pay::no_account;
use super::receipt::{Evidence, Receipt};
use super::rules::{self, Asking, Event, Step};
use super::run::{ENOUGH, Work};
use super::watch::{Call, Options};
use crate::endpoint::ResolvedBy;
use crate::error::{Error, ErrorKind};
use crate::gateways::request::Payment;
use crate::journal::{Entry, EntryId, JournalFault, Settlement};
use crate::outcome::{Doubt, Outcome, Reason};
use crate::wire::pairs::Pairs;

/// Less time than this closes nothing: a close, and the question after it.
const AT_LEAST: Duration = Duration::from_secs(3);

impl Till {
    /// Makes an order that a customer pays for what the caller calls `intent` (a sale, a receipt), once.
    ///
    /// | | |
    /// |---|---|
    /// | `Ordered` | nobody paid yet: show what the evidence holds (`mweb_url`), and ask [`Till::payment_of`] |
    /// | `Accepted` | this sale is paid already |
    /// | `PaidLate` | an order of this sale was paid after it had been given up: give that money back, or keep it with [`Till::accept_late`] |
    /// | `Declined` | the gateway refused; [`Refusal::next`](crate::Refusal::next) says what is allowed |
    /// | `Unknown` | an order of this sale may still be paid: order the same intent again later |
    ///
    /// Leave the request's order number empty: the till makes it. The same intent with the same amount returns the same order
    /// as long as it is open. An order whose answer was lost has no URL, so nobody can pay it: it is given up and watched, and
    /// a new number is used.
    ///
    /// # Errors
    ///
    /// As [`Till::pay`]; or the request is a payment, which no customer pays.
    pub fn order<R: Payment>(&self, intent: &str, request: &R) -> Result<Outcome<Receipt<R::Reply>>, Error> {
        self.order_with(intent, request, &Options::new())
    }

    /// [`Till::order`] with options: which account, how much patience, and who watches.
    ///
    /// # Errors
    ///
    /// As [`Till::order`].
    pub fn order_with<R: Payment>(
        &self,
        intent: &str,
        request: &R,
        options: &Options<'_>,
    ) -> Result<Outcome<Receipt<R::Reply>>, Error> {
        self.begin(Verb::Order, intent, request, options)
    }

    /// Asks once what became of an order number of this till, and says what is known. It never pays. An order whose time is
    /// over it closes first.
    ///
    /// For an order `Unknown` with [`Reason::NotPaidYet`] means that the customer may still pay. `Declined` means that nobody
    /// can pay it any more. Money that comes after that all the same is `PaidLate`.
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
        let outcome = self.with_order(order_number, options, None, |work| {
            let call = Call { waits_for: Some(work.entry.id), ..work.call };
            Ok(self.ask_of(&Work { call, ..*work }))
        })?;
        if let Some(late) = outcome.late() {
            self.close_beside(late.entry.id, self.soon());
        }
        Ok(outcome)
    }

    /// Closes a WAP order, so that nobody can pay it any more, and asks what became of it. A thread that waits for its customer lets
    /// the order go.
    ///
    /// `Declined`: it is closed unpaid. `Accepted`: the customer was faster, and paid. `Unknown`: neither is proven; it may
    /// still be paid.
    ///
    /// # Errors
    ///
    /// As [`Till::payment_of`]; or the order is not one that a customer pays.
    pub fn close(&self, order_number: &str) -> Result<Outcome<Receipt<Pairs>>, Error> {
        self.close_until(order_number, self.patience, Duration::MAX)
    }

    /// `first`: how long another thread is waited for. `until`: how long may be asked.
    fn close_until(
        &self,
        order_number: &str,
        first: Duration,
        until: Duration,
    ) -> Result<Outcome<Receipt<Pairs>>, Error> {
        self.with_order(order_number, &Options::new(), Some(first), |work| {
            let work = &Work { call: Call { questions_until: until, ..work.call }, ..*work };
            match self.decide(work, Event::Close) {
                Step::Close(_) => self.ask_to_close(work),
                Step::Refuse(words) => return Err(refused(words)),
                Step::Unknown(doubt) => return Ok(Outcome::Unknown(doubt)),
                _ => return Ok(self.report(work.entry.clone())),
            }
            // Only the query's word counts: it also sees the customer who was faster.
            Ok(self.ask_of(work))
        })
    }

    /// Keeps money that came late ([`Outcome::PaidLate`]): from then on it counts like money in time, and the sale is paid. The
    /// gateway is asked first, and must say that the money is there in full. Another order of the sale that is still open is
    /// closed before: nobody is to pay twice. `Unknown`: one of the two is not proven; the money stays late.
    ///
    /// # Errors
    ///
    /// As [`Till::payment_of`]; or there is no late money for this order number, or another order of its sale was accepted:
    /// then this money is given back.
    pub fn accept_late(&self, order_number: &str) -> Result<Outcome<Receipt<Pairs>>, Error> {
        self.with_order(order_number, &Options::new(), None, |work| {
            match self.decide(work, Event::AcceptLate) {
                Step::AskIfPaid => {}
                Step::Refuse(words) => return Err(refused(words)),
                _ => return Ok(self.report(work.entry.clone())),
            }
            if self.has_refunds(work.desk, work.entry).map_err(JournalFault::into_error)? {
                return Err(refused("was given back already, or in part"));
            }
            match self.asked(work, Asking::ToKeepIt, Duration::ZERO) {
                Step::Write(settlement, proof) => self.take_late(work, settlement, proof),
                Step::Unknown(doubt) => Ok(Outcome::Unknown(doubt)),
                _ => Ok(self.report(work.entry.clone())),
            }
        })
    }

    /// The gateway says that late money is there.
    fn take_late(
        &self,
        work: &Work<'_>,
        mut settlement: Settlement,
        proof: Option<Evidence<Pairs>>,
    ) -> Result<Outcome<Receipt<Pairs>>, Error> {
        if let Some(doubt) = self.end_beside(work.entry)? {
            return Ok(Outcome::Unknown(doubt));
        }
        let written = self.settle(work.entry, &mut settlement);
        if rules::is_late(&settlement) {
            return Err(refused(rules::GIVE_IT_BACK));
        }
        match written {
            Ok(revision) => Ok(self.outcome(work.entry, settlement, proof, Ok(revision))),
            Err(fault) => Ok(Outcome::Unknown(Doubt::new(Reason::Journal, String::from(fault.text())))),
        }
    }

    /// Money of a sale came late: what a customer still sees of its other orders is closed, so that nobody pays twice (POS flows
    /// 20.20). What cannot be closed by then is closed by the next call that tells the late money.
    pub(super) fn close_beside(&self, late: EntryId, until: Duration) {
        let shown: Result<_, JournalFault> = self.journal.with(|journal| {
            let Some(entry) = journal.entry(late)? else { return Ok(Vec::new()) };
            let of_intent = self.as_known(&mut **journal, &entry.intent)?;
            Ok(rules::shown_beside(&entry, of_intent))
        });
        for order in shown.unwrap_or_default() {
            let left = until.saturating_sub(self.clock.monotonic());
            if left < AT_LEAST {
                return;
            }
            if let Err(error) = self.close_until(&order.order_number, left.saturating_sub(AT_LEAST), until) {
                log::warn!("{}: beside late money, and not closed: {error}", order.order_number);
            }
        }
    }

    /// So long a call that finds late money may close what is shown beside it.
    pub(super) fn soon(&self) -> Duration {
        self.clock.monotonic().saturating_add(ENOUGH)
    }

    /// Ends what of the same intent may still be paid in time.
    fn end_beside(&self, entry: &Entry) -> Result<Option<Doubt>, Error> {
        let Some(open) = self.open_beside(entry)? else { return Ok(None) };
        if self.desk_of(&open).is_none() {
            return Ok(Some(no_account(&open)));
        }
        let ended = match self.endpoint_of(&open).map(|endpoint| endpoint.resolved_by) {
            Some(ResolvedBy::Order(..)) => self.close(&open.order_number)?,
            Some(ResolvedBy::Reversal(..)) => self.reverse(&open.order_number)?,
            _ => self.payment_of(&open.order_number)?,
        };
        Ok(self.open_beside(entry)?.map(|_| rules::not_ended(ended)))
    }

    fn open_beside(&self, entry: &Entry) -> Result<Option<Entry>, Error> {
        let of_intent = self
            .journal
            .with(|journal| self.as_known(&mut **journal, &entry.intent))
            .map_err(JournalFault::into_error)?;
        Ok(rules::open_beside(entry.id, &of_intent).cloned())
    }

    /// Finds an order number, takes it in hand, and works on it. With a time: before whoever waits for its customer.
    pub(super) fn with_order(
        &self,
        order_number: &str,
        options: &Options<'_>,
        first: Option<Duration>,
        run: impl FnOnce(&Work<'_>) -> Result<Outcome<Receipt<Pairs>>, Error>,
    ) -> Result<Outcome<Receipt<Pairs>>, Error> {
        self.process.check()?;
        let found = self.find(order_number).map_err(JournalFault::into_error)?;
        let known = |(desk, entry): (_, Entry)| Some((desk, self.endpoint_of(&entry)?, entry.id));
        let Some((desk, endpoint, id)) = found.and_then(known) else {
            return Err(Error::field("order_number", "is not in the journal under an account of this till"));
        };
        let held = first.map_or_else(|| self.hold(id), |patience| self.hold_first(id, patience));
        let Some(held) = held.map_err(JournalFault::into_error)? else {
            return Ok(Outcome::Unknown(Doubt::new(Reason::Broken, "another thread works on this order")));
        };
        if held.entry.order_number != order_number {
            let words = "the journal gave another order's entry: its storage may be failing";
            return Err(Error::new(ErrorKind::Journal, "journal", words));
        }
        let mut call = self.call(&held.entry.intent, options, Duration::ZERO);
        // Without patience, too, a question has the client's own time.
        call.questions_until = Duration::MAX;
        let work = Work { desk, endpoint, entry: &held.entry, call, read: Some };
        match desk.contradiction(work.entry, endpoint) {
            Some(words) => Ok(self.distrust(&work, words)),
            None => run(&work),
        }
    }
}

fn refused(words: &'static str) -> Error {
    Error::field("order_number", words)
}
