//! A refund that the gateway tells by a notification: it makes the till ask.
//!
//! Document: POS ruling 9, flows 6.

use super::desk::{Desk, Till};
use super::notified::{NO_ORDER, Notified, QUESTION_OF_A_NOTIFICATION, failed};
use super::rules;
use super::run::{ONE_QUESTION, Work};
use super::watch::Options;
use crate::client::owner;
use crate::endpoint::{Endpoint, RefundRules};
use crate::gateways::notification::NotificationFault;
use crate::gateways::refund_hint::{RefundHint, hint};
use crate::journal::Entry;

impl Till {
    /// Reads a refund notification (POST of the gateway to the refund's `notify_url`), compares it with the refund in the journal, and **asks
    /// the gateway's query**: the notification itself is not signed, and settles nothing.
    ///
    /// Answer the gateway with [`Notified::reply`], as it is, within 5 s; the question takes at most 4 s. The reply exists only when the
    /// query answered and the journal has it. The same notification may come several times.
    ///
    /// # Errors
    ///
    /// It cannot be read with a key of this till, does not agree with the refund in the journal, the query says nothing, or the journal
    /// cannot be written. Answer with anything else, and it comes again.
    pub fn refund_notified(&self, body: &[u8]) -> Result<Notified, NotificationFault> {
        if !self.process.is_here() {
            return Err(NotificationFault(crate::process::ELSEWHERE));
        }
        let mut why = NotificationFault("this till has no account for it");
        for (desk, notice) in self.desks.iter().filter_map(|desk| Some((desk, desk.profile().notice?))) {
            let profile = desk.profile();
            match hint(body, |name| profile.identifier(name), &profile.keys.api) {
                Ok(hint) => return self.look_up(desk, &hint).map(|entry| Notified { entry, reply: notice.answer }),
                Err(fault) => why = fault,
            }
        }
        Err(why)
    }

    fn look_up(&self, desk: &Desk, hint: &RefundHint) -> Result<Entry, NotificationFault> {
        let (account, number) = (owner(desk.profile()), &hint.out_refund_no);
        let found = self.journal.with(|journal| journal.by_order_number(&account, number));
        let entry = found.map_err(|fault| failed(number, &fault))?.ok_or(NO_ORDER)?;
        let endpoint = self.endpoint_of(&entry).ok_or(NO_ORDER)?;
        let rules = endpoint.refund().ok_or(NO_ORDER)?;
        if let Some(words) = desk.contradiction(&entry, endpoint) {
            log::error!("refund notification of {number}: {words}");
            return Err(NotificationFault("the journal's entry of it was changed: a person must look at it"));
        }
        agrees(&entry, rules, hint)?;
        if entry.is_settled() && !entry.is_unproven() {
            return Ok(entry);
        }
        self.ask_what_became(desk, endpoint, &entry)
    }

    fn ask_what_became(
        &self,
        desk: &Desk,
        endpoint: &'static Endpoint,
        entry: &Entry,
    ) -> Result<Entry, NotificationFault> {
        let number = &entry.order_number;
        let held = self.hold(entry.id).map_err(|fault| failed(number, &fault))?;
        let held = held.ok_or(NotificationFault("another thread works on this refund"))?;
        let options = Options::new();
        let wait = self.of_case(desk, endpoint, &held.entry, |case| case.apart());
        let mut call = self.call(&held.entry.intent, &options, wait.saturating_add(ONE_QUESTION));
        call.questions_until = self.clock.monotonic().saturating_add(QUESTION_OF_A_NOTIFICATION);
        let work = Work { desk, endpoint, entry: &held.entry, call, read: Some };
        let doubt = self.ask_of(&work).doubt();
        let now = self.journal.with(|journal| journal.entry(entry.id)).map_err(|fault| failed(number, &fault))?;
        match (doubt, now) {
            (None, Some(now)) if now.is_settled() || rules::is_refunding(&now) => Ok(now),
            (Some(doubt), Some(now)) if !now.is_pending() => {
                log::warn!("refund notification of {number}: {doubt}");
                Ok(now)
            }
            _ => Err(NotificationFault("the gateway's query does not say what became of it")),
        }
    }
}

/// Whatever it is compared with in the journal is the same.
fn agrees(entry: &Entry, rules: &RefundRules, hint: &RefundHint) -> Result<(), NotificationFault> {
    if hint.refund_fee != entry.amount {
        return Err(NotificationFault("refund_fee is not the stored one"));
    }
    // What was blanked after it was acknowledged is not compared.
    let differs = |name: &str| {
        let both = entry.field(name).zip(hint.fields.filled(name));
        both.is_some_and(|(stored, said)| stored != said)
    };
    match [rules.of.0, rules.of.1, rules.total].into_iter().any(differs) {
        true => Err(NotificationFault("it is about another order, or another total")),
        false => Ok(()),
    }
}
