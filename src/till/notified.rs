//! A payment that the gateway tells by a notification.
//!
//! Document: protocol C.6.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::desk::{Desk, Till};
use super::rules::{self, Event, Step};
use super::run::{ONE_QUESTION, Work};
use super::watch::Options;
use crate::client::owner;
use crate::gateways::notification::{Notification, NotificationFault, PaidNotice, StoredOrder};
use crate::journal::{Entry, JournalFault};

/// The gateway wants its answer within 5 s (protocol C.6).
pub(super) const QUESTION_OF_A_NOTIFICATION: Duration = Duration::from_secs(4);

impl Till {
    /// Reads a payment notification (POST of the gateway to `notify_url`), verifies it with the keys of this till's
    /// accounts, compares it with the order in the journal, **asks the gateway's query**, and records the payment there.
    ///
    /// Answer the gateway with [`Notified::reply`], as it is (`success`, or WeChat's own XML), within 5 s; the question takes at most 4 s. The reply exists
    /// only when the journal has the payment, because the gateway never sends the notification again after it. The same
    /// notification may come several times.
    ///
    /// Where [`SwiftpassAccount::notifications_suffice`](crate::SwiftpassAccount::notifications_suffice) is set, nothing is
    /// asked.
    ///
    /// # Errors
    ///
    /// It is not signed with a key of this till, does not agree with the order in the journal, the query does not say that
    /// it is paid, or the journal cannot be written. Nothing is recorded as paid. Answer with anything else, and it comes
    /// again.
    pub fn notified(&self, body: &[u8]) -> Result<Notified, NotificationFault> {
        if !self.process.is_here() {
            return Err(NotificationFault(crate::process::ELSEWHERE));
        }
        let mut why = NotificationFault("this till has no account for it");
        for (desk, notice) in self.desks.iter().filter_map(|desk| Some((desk, desk.profile().notice?))) {
            match desk.profile().notification(body) {
                // Several accounts may have one key: the journal says whose order it is.
                Ok(notification) => match self.notified_of(desk, notification) {
                    Err(fault) if fault == NO_ORDER => why = fault,
                    told => return told.map(|entry| Notified { entry, reply: notice.answer }),
                },
                Err(fault) => why = fault,
            }
        }
        Err(why)
    }

    fn notified_of(&self, desk: &Desk, notification: Notification) -> Result<Entry, NotificationFault> {
        let suffices = desk.profile().notifications_suffice;
        let entry = self.settle_notified(desk, notification, suffices)?;
        if entry.is_paid() {
            return Ok(entry);
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
            if let Some(words) = self.endpoint_of(&entry).and_then(|endpoint| desk.contradiction(&entry, endpoint)) {
                log::error!("notification of {number}: {words}");
                return Err(NotificationFault("the journal's entry of it was changed: a person must look at it"));
            }
            let stored = StoredOrder { out_trade_no: &entry.order_number, total_fee: entry.amount };
            let paid = evidence(&notification.matches(&stored)?);
            let endpoint = self.endpoint_of(&entry).ok_or(NO_ORDER)?;
            let notified = Event::Notified(paid, suffices);
            match self.of_case(desk, endpoint, &entry, |case| rules::step(case, notified)) {
                Step::Write(settlement, _) => {
                    let settlement =
                        self.once(&mut **journal, &entry, settlement).map_err(|fault| failed(&number, &fault))?;
                    journal.settle(entry.id, &settlement, self.stamp()).map_err(|fault| failed(&number, &fault))?;
                    log::info!("notification of {number}: {settlement:?}");
                    self.seen.with(|seen| drop(seen.remove(&entry.id)));
                    Ok(journal.entry(entry.id).map_err(|fault| failed(&number, &fault))?.unwrap_or(entry))
                }
                Step::AskIfPaid => {
                    // Whatever the query says: no unpaid word ends what a signed notification calls paid.
                    self.with_seen(entry.id, |seen| seen.called_paid = true);
                    Ok(entry)
                }
                _ => Ok(entry),
            }
        })
    }

    /// A notification only says where to look: the query says whether it is paid.
    fn ask_whether_paid(&self, desk: &Desk, entry: Entry) -> Result<Entry, NotificationFault> {
        let number = &entry.order_number;
        let endpoint = self.endpoint_of(&entry).ok_or(NO_ORDER)?;
        let held = self.hold(entry.id).map_err(|fault| failed(number, &fault))?;
        let held = held.ok_or(NotificationFault("another thread works on this order"))?;
        if held.entry.is_paid() {
            return Ok(held.entry.clone());
        }
        let options = Options::new();
        if self.seen_of(entry.id).unwritten.is_some() {
            return Err(NotificationFault("the journal failed"));
        }
        let wait = self.of_case(desk, endpoint, &held.entry, |case| case.apart());
        let mut call = self.call(&held.entry.intent, &options, wait.saturating_add(ONE_QUESTION));
        call.questions_until = self.clock.monotonic().saturating_add(QUESTION_OF_A_NOTIFICATION);
        let work = Work { desk, endpoint, entry: &held.entry, call, read: Some };
        // One question, which can only find that it is paid.
        let says_paid = self.ask_if_paid(&work, wait).is_some_and(|outcome| outcome.is_paid());
        log::info!("notification of {number}: the query says {}", if says_paid { "paid" } else { "not paid" });
        let now = self.journal.with(|journal| journal.entry(entry.id)).map_err(|fault| failed(number, &fault))?;
        match now.filter(Entry::is_paid) {
            Some(entry) => Ok(entry),
            None if says_paid => Err(NotificationFault("the journal failed")),
            None => Err(NotificationFault("the gateway's query does not say that it is paid")),
        }
    }
}

pub(super) fn failed(number: &str, fault: &JournalFault) -> NotificationFault {
    log::error!("notification of {number}: {fault}");
    NotificationFault("the journal failed")
}

pub(super) const NO_ORDER: NotificationFault = NotificationFault("the journal has no such order");

/// A payment that a notification told of, recorded in the journal.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Notified {
    /// The entry, settled: [`Settlement::Accepted`](crate::Settlement::Accepted), or
    /// [`Settlement::PaidLate`](crate::Settlement::PaidLate) where the order had been given up.
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
