//! Gives money back, once for each intent, and never more than there is (POS flows 5, ruling 8).

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use super::desk::{Desk, Till};
use super::intent::Verb;
use super::receipt::Receipt;
use super::rules;
use super::watch::Options;
use crate::endpoint::{Endpoint, RefundRules};
use crate::error::{Error, text};
use crate::gateways::request::Payment;
use crate::journal::{Entry, EntryId, Journal, JournalFault};
use crate::money::Fen;
use crate::outcome::{Doubt, Outcome, Reason};
use crate::wire::fields::Fields;

impl Till {
    /// Gives money back for what the caller calls `intent` (a return, a line of a receipt), once: all of an order's, or a part. A refund
    /// has an intent of its own, not the sale's.
    ///
    /// | | |
    /// |---|---|
    /// | `Taken` | the gateway took it; the money is on its way (退款已受理). [`Till::recover`] asks whether it arrived |
    /// | `Accepted` | it arrived |
    /// | `Declined` | refused; [`Refusal::next`](crate::Refusal::next) says what is allowed. Only a refund that the gateway closed (REFUNDCLOSE) gets a new number |
    /// | `Unknown` | it may have been taken: call it again with the same intent. Its amount is held back until then |
    ///
    /// An order of this journal is named by its order number, and must be paid; another one by its `transaction_id`, with its total.
    /// The sum of an order's refunds never exceeds its total, as far as this journal knows: another terminal may have refunded, too,
    /// and then the gateway refuses. Between two refunds of one order a minute passes.
    ///
    /// # Errors
    ///
    /// As [`Till::pay`]. Also: the order is not in the journal, was not paid, is open or is being taken back; its total is another one;
    /// the amount is more than what is left of it; it was refunded less than a minute ago, and the patience is too short.
    pub fn refund<R: Payment>(&self, intent: &str, request: &R) -> Result<Outcome<Receipt<R::Reply>>, Error> {
        self.refund_with(intent, request, &Options::new())
    }

    /// [`Till::refund`] with options: which account, how much patience, and who watches.
    ///
    /// # Errors
    ///
    /// As [`Till::refund`].
    pub fn refund_with<R: Payment>(
        &self,
        intent: &str,
        request: &R,
        options: &Options<'_>,
    ) -> Result<Outcome<Receipt<R::Reply>>, Error> {
        self.begin(Verb::Refund, intent, request, options)
    }
}

/// What a refund gives back from.
pub(super) struct Refunded {
    /// What its refunds are summed up by.
    pub of: String,
    /// The pause after the last one of the order, and when that was.
    pub pause: Option<(Duration, i64)>,
}

/// Whether a refund may begin.
pub(super) enum Refundable {
    Yes(Refunded),
    /// This one is asked about first.
    After(Box<Entry>),
    Unknown(Doubt),
}

impl Till {
    /// Whether a refund with these fields may begin, or its number be sent again (`latest`): under the journal's lock, so that two
    /// refunds of one order do not count without each other.
    pub(super) fn refundable(
        &self,
        journal: &mut dyn Journal,
        (desk, endpoint, account): (&Desk, &Endpoint, &str),
        (fields, latest): (&Fields, Option<EntryId>),
    ) -> Result<Refundable, Error> {
        let Some(rules) = endpoint.refund() else { return Ok(Refundable::Unknown(no_refund())) };
        let fen = |name: &str| fields.get(name).and_then(Fen::read).unwrap_or_default();
        let total = fen(rules.total);
        // It may have been refunded by the platform's number before this journal knew whose that is.
        let mut also = None;
        let of = match self.order_of(journal, account, (fields, rules)).map_err(JournalFault::into_error)? {
            Of::Order(mut order) => {
                if self.is_busy(order.id) {
                    return Ok(Refundable::Unknown(busy()));
                }
                self.settle_unwritten(journal, &mut order);
                self.check_order(desk, rules, (&order, total))?;
                also = by_id(rules, &order);
                order.order_number
            }
            Of::Elsewhere(id) => elsewhere(rules, &id),
            Of::Nothing => return Err(Error::field(rules.of.0, NOT_HERE)),
        };
        let refunds = refunds_of(journal, account, [Some(&of), also.as_ref()]).map_err(JournalFault::into_error)?;
        if refunds.iter().any(|entry| Some(entry.id) != latest && self.is_busy(entry.id)) {
            return Ok(Refundable::Unknown(busy()));
        }
        let now = self.clock.monotonic();
        if let Some(first) = rules::to_confirm_first(&refunds, latest, |id| self.seen_of(id), now) {
            return Ok(Refundable::After(Box::new(first.clone())));
        }
        if let Some(words) = rules::not_refundable(fen(endpoint.amount), total, &refunds, latest) {
            return Err(Error::field(endpoint.amount, words));
        }
        Ok(Refundable::Yes(Refunded { of, pause: last_of(&refunds, latest).map(|last| (rules.apart, last)) }))
    }

    /// The order of a refund: by our own number, or by the platform's where an entry of this journal has it (POS flows 20.13).
    fn order_of(
        &self,
        journal: &mut dyn Journal,
        account: &str,
        (fields, rules): (&Fields, &RefundRules),
    ) -> Result<Of, JournalFault> {
        let (number, id) = rules.of;
        if let Some(number) = fields.get(number) {
            return Ok(journal
                .by_order_number(account, number)?
                .map_or(Of::Nothing, |entry| Of::Order(Box::new(entry))));
        }
        let value = fields.get(id).unwrap_or_default();
        Ok(journal
            .by_evidence(account, id, value)?
            .map_or_else(|| Of::Elsewhere(value.into()), |entry| Of::Order(Box::new(entry))))
    }

    fn check_order(&self, desk: &Desk, rules: &RefundRules, (order, total): (&Entry, Fen)) -> Result<(), Error> {
        let wrong = |words: String| Err(Error::field(rules.of.0, words));
        let endpoint = self.endpoint_of(order);
        if let Some(words) = endpoint.and_then(|endpoint| desk.contradiction(order, endpoint)) {
            return wrong(words);
        }
        if !endpoint.is_some_and(Endpoint::takes_money) {
            return wrong("is no payment of a customer's".into());
        }
        let is_unwritten = self.seen_of(order.id).unwritten.is_some();
        if let Err(words) = rules::may_be_refunded(order, is_unwritten) {
            return wrong(words.into());
        }
        match total == order.amount {
            true => Ok(()),
            false => Err(Error::field(rules.total, text(&["is not the order's: ", &order.amount.to_string(), " fen"]))),
        }
    }

    /// Whether money of an order was given back, or may have been.
    pub(super) fn has_refunds(&self, desk: &Desk, order: &Entry) -> Result<bool, JournalFault> {
        let also = desk.calls.iter().find_map(|endpoint| by_id(endpoint.refund()?, order));
        let of = [Some(&order.order_number), also.as_ref()];
        let refunds = self.journal.with(|journal| refunds_of(&mut **journal, &order.account, of))?;
        Ok(refunds.iter().any(|entry| !rules::is_given_up(entry)))
    }
}

/// What a refund gives back from.
enum Of {
    Order(Box<Entry>),
    /// An order that this journal does not have.
    Elsewhere(String),
    Nothing,
}

const NOT_HERE: &str = "is not in the journal under this account: refund it by its transaction_id, with its total";

fn no_refund() -> Doubt {
    Doubt::new(Reason::Broken, "no refund")
}

fn busy() -> Doubt {
    Doubt::new(Reason::Broken, "another thread works on this order, or on a refund of it")
}

/// What the refunds of an order are summed up by that this journal does not have.
fn elsewhere(rules: &RefundRules, id: &str) -> String {
    text(&[rules.of.1, " ", id])
}

/// The same, of an order that it has, where the platform's number is known (POS flows 20.13).
fn by_id(rules: &RefundRules, order: &Entry) -> Option<String> {
    Some(elsewhere(rules, order.evidence(rules.of.1)?))
}

/// Under each of an order's names, oldest first.
fn refunds_of(journal: &mut dyn Journal, account: &str, of: [Option<&String>; 2]) -> Result<Vec<Entry>, JournalFault> {
    let mut refunds = Vec::new();
    for of in of.into_iter().flatten() {
        refunds.extend(journal.refunds_of(account, of)?);
    }
    refunds.sort_by_key(|entry| entry.id);
    Ok(refunds)
}

/// When the last attempt of the other refunds was begun.
fn last_of(refunds: &[Entry], but: Option<EntryId>) -> Option<i64> {
    let others = refunds.iter().filter(|entry| Some(entry.id) != but && rules::was_sent(entry));
    others.map(|entry| entry.last_attempt_at).max()
}
