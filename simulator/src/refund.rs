//! One refund, and what becomes of it (docs: E.3, POS flows 5).

use crate::fields::Fields;

/// What refundquery says of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundStatus {
    /// Taken, not arrived.
    Processing,
    /// Arrived.
    Success,
    /// The bank refuses it: the money is with the merchant, a person pays the customer.
    Change,
    /// REFUNDCLOSE: given up. Its number is never good again.
    Closed,
    /// Given up, as the older documents have it: the same number may be sent again.
    Failed,
}

impl RefundStatus {
    /// Every one.
    pub const ALL: &'static [RefundStatus] = &[
        RefundStatus::Processing,
        RefundStatus::Success,
        RefundStatus::Change,
        RefundStatus::Closed,
        RefundStatus::Failed,
    ];

    /// The word of the protocol.
    pub fn name(self) -> &'static str {
        match self {
            RefundStatus::Processing => "PROCESSING",
            RefundStatus::Success => "SUCCESS",
            RefundStatus::Change => "CHANGE",
            RefundStatus::Closed => "REFUNDCLOSE",
            RefundStatus::Failed => "FAIL",
        }
    }
}

/// What the gateway knows of one refund number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundEntry {
    /// `out_refund_no`.
    pub refund_number: String,
    /// `out_trade_no` of its order.
    pub order_number: String,
    /// In fen.
    pub amount: u64,
    /// Requests that reached the ledger with this number.
    pub attempts: u32,
    /// What refundquery says.
    pub status: RefundStatus,
}

/// An entry, and what is needed to answer for it again.
#[derive(Clone, Debug)]
pub(crate) struct Refund {
    pub(crate) entry: RefundEntry,
    /// The request that it was made by.
    pub(crate) content: Fields,
    /// The gateway's own number, 28 digits.
    pub(crate) id: String,
    pub(crate) made_at: u64,
    /// 0: it is on its way.
    pub(crate) ended_at: u64,
    /// What it ends in when nobody says so.
    pub(crate) ends_in: RefundStatus,
    questions: u32,
}

impl Refund {
    pub(crate) fn new(entry: RefundEntry, content: Fields, id: String, made_at: u64) -> Refund {
        Refund { entry, content, id, made_at, ended_at: 0, ends_in: RefundStatus::Success, questions: 0 }
    }

    /// Whether its money counts against the order.
    pub(crate) fn counts(&self) -> bool {
        !matches!(self.entry.status, RefundStatus::Closed | RefundStatus::Failed)
    }

    /// Money arrives later (docs: E.3): the first question finds it on its way, the second does not.
    pub(crate) fn asked(&mut self, now: u64) {
        self.questions += 1;
        if self.entry.status == RefundStatus::Processing && self.questions > 1 {
            self.end(self.ends_in, now);
        }
    }

    pub(crate) fn end(&mut self, status: RefundStatus, now: u64) {
        self.entry.status = status;
        self.ended_at = if status == RefundStatus::Processing { 0 } else { now };
    }

    /// A failed one is sent again under its number (docs: E.3).
    pub(crate) fn begin_again(&mut self) {
        self.end(RefundStatus::Processing, 0);
        self.questions = 0;
    }

    /// As it was at that time; `None`: not known then.
    pub(crate) fn at(&self, time: u64) -> Option<Refund> {
        if self.made_at > time {
            return None;
        }
        let mut earlier = self.clone();
        if self.ended_at > time {
            earlier.begin_again();
        }
        Some(earlier)
    }
}
