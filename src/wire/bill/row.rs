//! One row of a bill.
//!
//! Document: POS flows 7.2, 7.3.

use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use super::columns::Column;
use super::lines::Line;
use super::yuan::Yuan;

/// What separates fields: the comma, and the back-tick that each begins with.
const BETWEEN: &str = ",`";

/// Where each column stands in a line. The middle of a row is free text that may hold the separator, so columns are counted from both ends.
#[derive(Default)]
pub(super) struct Places {
    at: Vec<Range<usize>>,
}

impl Places {
    /// Finds the columns in a line. `false`: they are not all there.
    pub fn find(&mut self, columns: &[Column], free: &[Column], line: Line<'_>) -> bool {
        self.at.clear();
        let before = columns.iter().position(|column| free.contains(column));
        let free = columns.iter().filter(|column| free.contains(column)).count();
        let (left, right) = match (before, line.torn_at) {
            (None, Some(_)) => return false,
            (None, None) => (columns.len(), 0),
            (Some(before), _) => (before, columns.len().saturating_sub(before).saturating_sub(free)),
        };
        self.take(line, (left, free, right), columns.len()).is_some()
    }

    /// So many columns from the left, so many of free text, so many from the right.
    fn take(&mut self, line: Line<'_>, (left, free, right): (usize, usize, usize), all: usize) -> Option<()> {
        let end = line.bytes.len();
        let (head, tail) = line.torn_at.map_or((end, 0), |at| (at, at));
        let mut from = 1;
        line.bytes.first().filter(|byte| **byte == b'`')?;
        let find = |from: usize, until: usize| {
            let part = line.bytes.get(from..until)?;
            part.windows(BETWEEN.len()).position(|two| two == BETWEEN.as_bytes()).map(|at| from.saturating_add(at))
        };
        // The last of them has nothing behind it.
        let closed = if free == 0 && right == 0 { left.saturating_sub(1) } else { left };
        for _ in 0..closed {
            let at = find(from, head)?;
            self.at.push(from..at);
            from = at.saturating_add(BETWEEN.len());
        }
        let mut last = Vec::with_capacity(right);
        let mut until = end;
        for _ in 0..right {
            let part = line.bytes.get(from.max(tail)..until)?;
            let at = part.windows(BETWEEN.len()).rposition(|two| two == BETWEEN.as_bytes())?;
            let begins = from.max(tail).saturating_add(at);
            last.push(begins.saturating_add(BETWEEN.len())..until);
            until = begins;
        }
        // What is left is the free text: two columns are told apart where nothing in them separates.
        match free {
            2 => {
                let at = find(from, until)?;
                self.at.push(from..at);
                self.at.push(at.saturating_add(BETWEEN.len())..until);
            }
            1 => self.at.push(from..until),
            _ if right == 0 && find(from, until).is_none() => self.at.push(from..until),
            _ => return None,
        }
        self.at.extend(last.into_iter().rev());
        (self.at.len() == all).then_some(())
    }

    pub fn row<'a>(&'a self, columns: &'a [Column], line: &'a [u8], number: u32) -> BillRow<'a> {
        BillRow { columns, places: &self.at, line, number }
    }
}

/// A row of a bill: one payment, one refund, or one reversal.
#[derive(Clone, Copy)]
pub struct BillRow<'a> {
    columns: &'a [Column],
    places: &'a [Range<usize>],
    line: &'a [u8],
    number: u32,
}

/// What a row says (POS flows 7.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BillState {
    /// A payment that succeeded on this day. It stays, whatever happens later.
    Success,
    /// A refund that was begun on this day, under the payment's order number. It is never brought up to date.
    Refund,
    /// A payment that was reversed on this day. Its payment has a row of its own, of this day or the day before.
    Revoked,
}

impl<'a> BillRow<'a> {
    /// A column. `None`: the bill has none of it, or it is not UTF-8.
    pub fn get(&self, column: Column) -> Option<&'a str> {
        let at = self.columns.iter().position(|have| *have == column)?;
        core::str::from_utf8(self.line.get(self.places.get(at)?.clone())?).ok()
    }

    /// Whether the bill has such a column.
    pub(super) fn has(&self, column: Column) -> bool {
        self.columns.contains(&column)
    }

    /// The line of the bill, its header is 1.
    pub const fn line(&self) -> u32 {
        self.number
    }

    /// 商户订单号 of the payment, whatever the row is about.
    pub fn out_trade_no(&self) -> &'a str {
        self.get(Column::OutTradeNo).unwrap_or_default()
    }

    /// 商户退款单号, of a refund.
    pub fn out_refund_no(&self) -> Option<&'a str> {
        self.get(Column::OutRefundNo).filter(|number| !matches!(*number, "" | "0"))
    }

    /// 交易状态.
    pub fn state(&self) -> Option<BillState> {
        match self.get(Column::TradeState)? {
            "SUCCESS" => Some(BillState::Success),
            "REFUND" => Some(BillState::Refund),
            "REVOKED" => Some(BillState::Revoked),
            _ => None,
        }
    }

    /// A column of money.
    pub fn yuan(&self, column: Column) -> Option<Yuan> {
        Yuan::read(self.get(column)?)
    }

    fn fen(&self, column: Column) -> Option<i64> {
        self.yuan(column)?.fen()
    }

    /// Whether this is what it is about, in fen: of a payment the order's total, of a refund what was asked for, of a reversal the total, in
    /// whichever columns it is printed.
    pub fn is_about(&self, fen: i64) -> bool {
        let has = |columns: &[Column]| columns.iter().any(|column| self.fen(*column) == Some(fen));
        // The old form has one column of the order's money, and pages differ about coupons in it.
        let with_coupon = || {
            let both = self.fen(Column::SettlementTotal).zip(self.fen(Column::Coupon));
            both.and_then(|(total, coupon)| total.checked_add(coupon)) == Some(fen)
        };
        let new_form = self.columns.contains(&Column::TotalFee);
        match self.state() {
            Some(BillState::Success) if new_form => has(&[Column::TotalFee]),
            Some(BillState::Success) => has(&[Column::SettlementTotal]) || with_coupon(),
            Some(BillState::Refund) if self.columns.contains(&Column::AppliedRefundFee) => {
                has(&[Column::AppliedRefundFee])
            }
            Some(BillState::Refund) => has(&[Column::RefundFee]),
            Some(BillState::Revoked) => {
                has(&[Column::TotalFee, Column::AppliedRefundFee, Column::SettlementTotal, Column::RefundFee])
            }
            None => false,
        }
    }

    /// Whether each fixed column is of its kind. Free text may be anything.
    pub(super) fn is_readable(&self) -> bool {
        let time = self.get(Column::Time).is_some_and(is_time);
        let mch_id = self
            .get(Column::MchId)
            .is_some_and(|text| (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()));
        let names_it = self.state() != Some(BillState::Refund) || self.out_refund_no().is_some();
        time && mch_id
            && self.is_number(Column::OutTradeNo)
            && self.is_number(Column::TransactionId)
            && self.state().is_some()
            && names_it
    }

    /// The same of a row of a fund flow, whose direction and amount were summed up already.
    pub(super) fn is_readable_flow(&self) -> bool {
        self.get(Column::Time).is_some_and(is_time) && self.is_number(Column::FlowId)
    }

    fn is_number(&self, column: Column) -> bool {
        let text = self.get(column).unwrap_or_default();
        (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic() && b != b'`' && b != b',')
    }
}

/// 14 digits among other marks: `2026-11-26 18:31:07`, and the `2014-11-1016：33：45` of a documented sample.
fn is_time(text: &str) -> bool {
    text.len() <= 32 && text.chars().filter(char::is_ascii_digit).count() == 14
}

/// Shows the numbers, and no text of anybody's.
impl fmt::Debug for BillRow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BillRow")
            .field("line", &self.number)
            .field("out_trade_no", &self.out_trade_no())
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}

/// One line of a bill.
#[derive(Clone, Copy)]
pub enum BillLine<'a> {
    /// A row.
    Row(BillRow<'a>),
    /// A row whose columns are not of their kinds. It is counted, and nothing is guessed of it.
    Unreadable {
        /// The line of the bill, its header is 1.
        line: u32,
        /// Its bytes; of one that is longer than 8 KiB the beginning and the end.
        bytes: &'a [u8],
    },
}

/// Shows the numbers, and no text of anybody's.
impl fmt::Debug for BillLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BillLine::Row(row) => row.fmt(f),
            BillLine::Unreadable { line, .. } => write!(f, "Unreadable(line {line})"),
        }
    }
}
