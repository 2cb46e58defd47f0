//! Orders that a customer pays: WAP orders. `Accepted` in `pay` means that an order exists; whether the customer paid is
//! asked here, or told by a notification (`notified.rs`).
//!
//! Document: seed 002; protocol C.2, C.4.

use alloc::string::String;
use core::time::Duration;

use super::desk::{Till, endpoint_of};
use super::receipt::Receipt;
use super::rules::Step;
use super::run::Work;
use super::watch::Options;
use crate::error::{Error, ErrorKind};
use crate::journal::{Entry, JournalFault};
use crate::outcome::{Doubt, Outcome, Reason};
use crate::wire::pairs::Pairs;

impl Till {
    /// Asks once what became of an order number of this till, and says what is known: `Accepted` means **paid**, for a WAP
    /// order, too. It never pays. An order whose time is over it closes first.
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
        self.with_order(order_number, options, |work| Ok(self.ask_of(work)))
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
            match self.to_close(work) {
                Step::Close(_) => self.ask_to_close(work),
                Step::Refuse(words) => return Err(Error::field("order_number", words)),
                Step::Unknown(doubt) => return Ok(Outcome::Unknown(doubt)),
                _ => return Ok(self.report(work.entry.clone())),
            }
            // Only the query's word counts: it also sees the customer who was faster.
            Ok(self.ask_of(work))
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
        let unreadable = |fault: JournalFault| Error::new(ErrorKind::Journal, "journal", String::from(fault.text()));
        let found = self.find(order_number).map_err(unreadable)?;
        let known = |(desk, entry): (_, Entry)| Some((desk, endpoint_of(&entry)?, entry.id));
        let Some((desk, endpoint, id)) = found.and_then(known) else {
            return Err(Error::field("order_number", "is not in the journal under an account of this till"));
        };
        let Some(held) = self.hold(id).map_err(unreadable)? else {
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
