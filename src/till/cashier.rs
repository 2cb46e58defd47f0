//! What the cashier reads, in Chinese and in English, and what she may do next.
//!
//! Document: POS flows 3.3 (column "cashier"), 3.8, 20.21.

use core::ffi::CStr;

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
    /// The same words for C, which wants their NUL: in Chinese, in English.
    #[cfg(feature = "capi")]
    pub(crate) texts: (&'static CStr, &'static CStr),
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

const fn words(zh: &'static CStr, en: &'static CStr) -> Cashier {
    Cashier {
        zh: utf8(zh),
        en: utf8(en),
        scan_again: false,
        cash: Cash::No,
        #[cfg(feature = "capi")]
        texts: (zh, en),
    }
}

/// Of a literal, which is UTF-8.
const fn utf8(text: &'static CStr) -> &'static str {
    match text.to_str() {
        Ok(text) => text,
        Err(_) => "",
    }
}

/// Nothing was paid: another code, or cash.
const fn free(zh: &'static CStr, en: &'static CStr) -> Cashier {
    Cashier { scan_again: true, cash: Cash::Yes, ..words(zh, en) }
}

const fn with_note(zh: &'static CStr, en: &'static CStr) -> Cashier {
    Cashier { cash: Cash::WithNote, ..words(zh, en) }
}

/// What the code of a refusal says to the cashier. The gateway's own words are for the log.
const REFUSED: &[(&[&str], Cashier)] = &[
    (
        &["AUTHCODEEXPIRE", "AUTHCODE_EXPIRE", "AUTH_CODE_ERROR", "AUTH_CODE_INVALID", "Auth code invalid"],
        free(c"请顾客刷新付款码", c"Ask the customer to refresh the code"),
    ),
    (&["NOTENOUGH", "BALANCE_NOT_ENOUGH"], free(c"余额不足，请顾客换卡", c"Not enough money: another card")),
    (&["NOTSUPORTCARD", "NOTSUPPORTCARD"], free(c"该卡不支持，请顾客换卡", c"This card cannot pay: another card")),
    (&["BUYER_MISMATCH"], free(c"请重新扫码", c"Scan again")),
    (
        &["NOAUTH", "NO_AUTH", "Auth valid fail", "APPID_NOT_EXIST", "MCHID_NOT_EXIST", "APPID_MCHID_NOT_MATCH"],
        free(c"商户设置有误，未收款", c"The merchant's settings are wrong: not paid"),
    ),
    (
        &["REVOKED", "REVERSE", "CLOSED", "REFUNDED"],
        free(c"已取消。如顾客已付款，款项将原路退回", c"Cancelled. If the phone shows a payment, it is coming back"),
    ),
    (&["NOT_FOUND", "NOT_SENT", "BY_HAND"], free(c"未收款", c"Not paid")),
];

impl Phase {
    /// What the cashier reads meanwhile.
    pub fn cashier(self) -> Cashier {
        match self {
            Phase::Sending => words(c"正在收款", c"Taking the payment"),
            Phase::Asking | Phase::Waiting | Phase::Repeating => words(c"正在确认，请稍候", c"Waiting for the answer"),
            Phase::Confirming => words(c"请顾客输入密码", c"Customer is confirming"),
            Phase::Reversing => words(c"正在取消，请稍候", c"Cancelling"),
        }
    }
}

impl<T> Outcome<T> {
    /// What the cashier reads, and what she may do next.
    pub fn cashier(&self) -> Cashier {
        match self {
            Outcome::Accepted(_) => Cashier::PAID,
            Outcome::Ordered(_) => words(c"请顾客扫码付款", c"Waiting for the customer to pay"),
            Outcome::Taken(_) => words(c"退款已受理，将原路退回", c"Refund taken: the money is on its way back"),
            Outcome::PaidLate(_) => Cashier::PAID_LATE,
            Outcome::Declined(refusal) => of_refusal(refusal),
            Outcome::Unknown(doubt) => of_doubt(doubt),
        }
    }
}

impl<T> Outcome<T> {
    /// The same of a refund ([`Till::refund`](crate::Till::refund)): it says nothing of a sale, so that no code is scanned and no cash taken.
    pub fn cashier_of_refund(&self) -> Cashier {
        match self {
            Outcome::Accepted(_) => words(c"退款已到账", c"The refund arrived"),
            Outcome::Taken(_) => self.cashier(),
            Outcome::Declined(refusal) => match refusal.next {
                Next::Stop => words(c"不能退款，请店长处理", c"It cannot be refunded: a manager must look"),
                _ => words(c"退款未成功，请稍后再试", c"Not refunded: try the same refund again later"),
            },
            Outcome::Unknown(doubt) if doubt.reason == Reason::ForAPerson => {
                words(c"退款请店长处理，请勿另付现金", c"A manager must look at this refund. Do not pay cash yet")
            }
            Outcome::Unknown(_) | Outcome::Ordered(_) | Outcome::PaidLate(_) => {
                words(c"退款结果未知，请勿另付现金", c"The refund is not known yet. Do not pay cash")
            }
        }
    }
}

fn of_refusal(refusal: &Refusal) -> Cashier {
    let row = REFUSED.iter().find(|(codes, _)| codes.contains(&refusal.code.as_str()));
    let said = row.map_or(free(c"系统错误，未收款", c"System error: not paid"), |(_, said)| *said);
    Cashier { scan_again: refusal.next != Next::Stop, ..said }
}

fn of_doubt(doubt: &Doubt) -> Cashier {
    match doubt.reason {
        Reason::CustomerPaying => {
            words(c"请顾客输入密码，请勿重复收款", c"Customer is confirming. Do not charge again")
        }
        Reason::NotPaidYet => with_note(c"顾客尚未付款", c"The customer has not paid yet"),
        Reason::Reversing | Reason::NeedsReversal => {
            with_note(c"尚未取消，请勿重复收款", c"Not cancelled yet. Do not charge again")
        }
        Reason::ForAPerson => words(c"请店长处理，请勿重复收款", c"A manager must look. Do not charge again"),
        _ => Cashier { cash: Cash::WithNote, ..Cashier::UNKNOWN },
    }
}

impl Error {
    /// What the cashier reads where [`Till::pay`](crate::Till::pay) or [`Till::order`](crate::Till::order) ended so. Cash is allowed where
    /// that says that nothing of the sale is open. An error of another call says nothing of the sale: its words are no leave.
    pub fn cashier(&self) -> Cashier {
        match (self.kind(), self.field_name()) {
            (ErrorKind::Connect, _) => free(c"网络不通，未收款", c"No connection: nothing was sent"),
            (ErrorKind::Identity, _) => free(c"设置有误，未收款", c"The settings are wrong: nothing was sent"),
            (ErrorKind::Field, "auth_code") => free(c"付款码有误，请重新扫码", c"Not a payment code: scan again"),
            // Cancelled before the first byte.
            (ErrorKind::Setting, "watch") => free(c"未收款", c"Not paid"),
            (ErrorKind::Field, _) => words(c"此单不能这样收款", c"This sale cannot be paid so"),
            // Journal, process, account: nobody looked what is open.
            _ => Cashier::FAULT,
        }
    }
}

impl Cashier {
    pub(crate) const PAID: Cashier = words(c"收款成功", c"Paid");
    pub(crate) const PAID_LATE: Cashier = words(c"迟到的付款，请退款", c"Late payment: refund it");
    /// Nobody can tell.
    pub(crate) const UNKNOWN: Cashier = words(c"结果未知，请勿重复收款", c"Not known. Do not charge again");
    /// The terminal itself cannot go on.
    pub(crate) const FAULT: Cashier = words(c"终端故障，请店长处理", c"The terminal fails: a manager must look");
}
