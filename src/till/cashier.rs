//! What the cashier reads, in Chinese and in English, and what she may do next.
//!
//! Document: POS flows 3.3 (column "cashier"), 3.8, 20.21.

use super::watch::Phase;
use crate::error::{Error, ErrorKind};
use crate::outcome::{Doubt, Next, Outcome, Reason, Refusal};

/// Words for the cashier, and what she may do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cashier {
    /// In Chinese.
    pub zh: &'static str,
    /// In English.
    pub en: &'static str,
    /// Whether she may scan another code for this sale.
    pub scan_again: bool,
    /// Whether she may take cash for it.
    pub cash: Cash,
}

/// Whether cash may be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cash {
    /// Nothing was paid, and nothing is open.
    Yes,
    /// Only with the note that a payment which comes late is given back.
    WithNote,
    /// It was paid, it is being paid, or a person must look first.
    No,
}

const fn words(zh: &'static str, en: &'static str) -> Cashier {
    Cashier { zh, en, scan_again: false, cash: Cash::No }
}

/// Nothing was paid: another code, or cash.
const fn free(zh: &'static str, en: &'static str) -> Cashier {
    Cashier { zh, en, scan_again: true, cash: Cash::Yes }
}

const fn with_note(zh: &'static str, en: &'static str) -> Cashier {
    Cashier { zh, en, scan_again: false, cash: Cash::WithNote }
}

/// What the code of a refusal says to the cashier. The gateway's own words are for the log.
const REFUSED: &[(&[&str], Cashier)] = &[
    (
        &["AUTHCODEEXPIRE", "AUTHCODE_EXPIRE", "AUTH_CODE_ERROR", "AUTH_CODE_INVALID"],
        free("请顾客刷新付款码", "Ask the customer to refresh the code"),
    ),
    (&["NOTENOUGH"], free("余额不足，请顾客换卡", "Not enough money: another card")),
    (&["NOTSUPORTCARD", "NOTSUPPORTCARD"], free("该卡不支持，请顾客换卡", "This card cannot pay: another card")),
    (&["BUYER_MISMATCH"], free("请重新扫码", "Scan again")),
    (
        &["NOAUTH", "NO_AUTH", "APPID_NOT_EXIST", "MCHID_NOT_EXIST", "APPID_MCHID_NOT_MATCH"],
        free("商户设置有误，未收款", "The merchant's settings are wrong: not paid"),
    ),
    (
        &["REVOKED", "CLOSED", "REFUNDED"],
        free("已取消。如顾客已付款，款项将原路退回", "Cancelled. If the phone shows a payment, it is coming back"),
    ),
    (&["NOT_FOUND", "NOT_SENT", "BY_HAND"], free("未收款", "Not paid")),
];

impl Phase {
    /// What the cashier reads meanwhile.
    pub fn cashier(self) -> Cashier {
        match self {
            Phase::Sending => words("正在收款", "Taking the payment"),
            Phase::Asking | Phase::Waiting | Phase::Repeating => words("正在确认，请稍候", "Waiting for the answer"),
            Phase::Confirming => words("请顾客输入密码", "Customer is confirming"),
            Phase::Reversing => words("正在取消，请稍候", "Cancelling"),
        }
    }
}

impl<T> Outcome<T> {
    /// What the cashier reads, and what she may do next.
    pub fn cashier(&self) -> Cashier {
        match self {
            Outcome::Accepted(_) => words("收款成功", "Paid"),
            Outcome::Ordered(_) => words("请顾客扫码付款", "Waiting for the customer to pay"),
            Outcome::Taken(_) => words("退款已受理，将原路退回", "Refund taken: the money is on its way back"),
            Outcome::PaidLate(_) => words("迟到的付款，请退款", "Late payment: refund it"),
            Outcome::Declined(refusal) => of_refusal(refusal),
            Outcome::Unknown(doubt) => of_doubt(doubt),
        }
    }
}

fn of_refusal(refusal: &Refusal) -> Cashier {
    let row = REFUSED.iter().find(|(codes, _)| codes.contains(&refusal.code.as_str()));
    let said = row.map_or(free("系统错误，未收款", "System error: not paid"), |(_, said)| *said);
    Cashier { scan_again: refusal.next != Next::Stop, ..said }
}

fn of_doubt(doubt: &Doubt) -> Cashier {
    match doubt.reason {
        Reason::CustomerPaying => words("请顾客输入密码，请勿重复收款", "Customer is confirming. Do not charge again"),
        Reason::NotPaidYet => with_note("顾客尚未付款", "The customer has not paid yet"),
        Reason::Reversing | Reason::NeedsReversal => {
            with_note("尚未取消，请勿重复收款", "Not cancelled yet. Do not charge again")
        }
        Reason::ForAPerson => words("请店长处理，请勿重复收款", "A manager must look. Do not charge again"),
        _ => with_note("结果未知，请勿重复收款", "Not known. Do not charge again"),
    }
}

impl Error {
    /// What the cashier reads: nothing was sent.
    pub fn cashier(&self) -> Cashier {
        match self.kind() {
            ErrorKind::Connect => free("网络不通，未收款", "No connection: nothing was sent"),
            ErrorKind::Field if self.field_name() == "auth_code" => {
                free("付款码有误，请重新扫码", "Not a payment code: scan again")
            }
            ErrorKind::Field => words("此单不能这样收款", "This sale cannot be paid so"),
            _ => free("设置有误，未收款", "The settings are wrong: nothing was sent"),
        }
    }
}
