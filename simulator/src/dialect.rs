//! How a gateway with a counter speaks. What happens at a counter is the same at both of them (POS flows 9).

use crate::fields::Fields;
use crate::gateway::{Act, Gateway};
use crate::record::Record;
use crate::refund::{Refund, RefundStatus};
use crate::reply::Reply;

/// One gateway's words.
pub(crate) struct Dialect {
    pub(crate) gateway: Gateway,
    /// Whoever shows a payment code.
    pub(crate) openid: &'static str,
    /// Whether an order may begin only when a customer scans it.
    pub(crate) begins_at_scan: fn(&Record) -> bool,
    /// Whether this code's order ends by itself when nobody pays.
    pub(crate) revokes: fn(auth_code: &str) -> bool,
    /// What the query says of an order that was reversed.
    pub(crate) reversed: &'static str,
    /// Closing a closed order is a success.
    pub(crate) closes_again: bool,
    /// There is a state REFUNDCLOSE; where there is none, FAIL is said.
    pub(crate) closes_refunds: bool,
    /// The gateway's own number of a refund, from the time and the serial number.
    pub(crate) refund_id: fn(u64, usize) -> String,
    /// Rows of one reply to refundquery.
    pub(crate) page: usize,
    /// Why refundquery by the order's number is not answered.
    pub(crate) not_by_order: fn(&Record) -> Option<(&'static str, &'static str)>,
    /// A signed refusal.
    pub(crate) refusal: fn(Act, &str, &str, &Fields) -> Reply,
    /// A payment code was charged.
    pub(crate) paid: fn(&Record) -> Reply,
    /// An order was made for a customer to pay.
    pub(crate) ordered: fn(&Record) -> Reply,
    /// The answer to the query.
    pub(crate) queried: fn(&Record, &Fields) -> Reply,
    /// Reversed, or closed. It names no order, so an old one fits any (POS ruling 2).
    pub(crate) done: fn(Act, &Fields) -> Reply,
    /// A refund was taken.
    pub(crate) refunded: fn(&Record, &Refund, &Fields) -> Reply,
    /// The answer to refundquery.
    pub(crate) refunds: fn(&Rows, &Fields) -> Reply,
    /// The notification of a payment.
    pub(crate) notification: fn(&Record) -> Reply,
}

impl Dialect {
    /// What a refund ends in, in the states that there are.
    pub(crate) fn end(&self, status: RefundStatus) -> RefundStatus {
        match status {
            RefundStatus::Closed if !self.closes_refunds => RefundStatus::Failed,
            status => status,
        }
    }
}

/// Some refunds of one order.
pub(crate) struct Rows {
    pub(crate) order: Record,
    pub(crate) refunds: Vec<Refund>,
    /// All that the order has, where it was asked for by the order.
    pub(crate) of: Option<usize>,
}
