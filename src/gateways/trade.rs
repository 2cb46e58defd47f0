//! What orders have in common, whoever's they are: how long they may be paid, and their states.

use alloc::string::String;

use crate::clock::ChinaTime;

/// How long an order may be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Valid {
    /// 订单生成时间 `time_start`.
    pub start: ChinaTime,
    /// 订单超时时间 `time_expire`.
    pub expire: ChinaTime,
}

/// The state of an order's payment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TradeState {
    /// Paid.
    Success,
    /// Was paid, then (partly) refunded.
    Refund,
    /// Not paid yet. Final only after the order expired.
    NotPay,
    /// Closed unpaid.
    Closed,
    /// Reversed or revoked (`REVERSE`, `REVOKED`).
    Revoked,
    /// The customer is paying.
    UserPaying,
    /// The payment failed.
    PayError,
    /// A state that the document does not list. Not final.
    Other(String),
}

impl TradeState {
    pub(super) fn read(word: &str) -> TradeState {
        match word {
            "SUCCESS" => TradeState::Success,
            "REFUND" => TradeState::Refund,
            "NOTPAY" => TradeState::NotPay,
            "CLOSED" => TradeState::Closed,
            "REVERSE" | "REVOKED" => TradeState::Revoked,
            "USERPAYING" => TradeState::UserPaying,
            "PAYERROR" => TradeState::PayError,
            other => TradeState::Other(other.into()),
        }
    }
}
