//! A fund flow (资金账单), read in pieces: what moved in one of the merchant's accounts.

use core::fmt;

use super::columns::Column;
use super::fault::BillFault;
use super::form::{COUNT_IN, COUNT_OUT, FUND_FLOW, SUM_IN, SUM_OUT};
use super::reading::Reading;
use super::row::{BillLine, BillRow};
use super::yuan::Yuan;

/// Reads a fund flow as [`BillReader`](crate::BillReader) reads a bill. It is a merchant's, not a till's: nothing in the journal is laid beside
/// it.
///
/// ```
/// use wxpay_terminal::{FlowLine, FundFlowReader};
///
/// let text = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号\r\n\
///             `2026-11-26 12:00:14,`4200002511202611260000000002,`1900000000000001,`交易,`交易,`收入,`101.00,`108.88,`system,`备注,`有逗号,`V1\r\n\
///             资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额\r\n`1.0,`1.0,`101.00,`0.0,`0.00\r\n";
/// let mut reader = FundFlowReader::new();
/// reader.read(text.as_bytes(), &mut |line| {
///     if let FlowLine::Row(row) = line {
///         assert!(row.is_income());
///         assert_eq!(row.amount().fen(), Some(10100));
///     }
/// });
/// assert_eq!(reader.end().unwrap().income.0, 1);
/// ```
///
/// Document: POS flows 7.1.
pub struct FundFlowReader(Reading);

/// One line of a fund flow.
#[derive(Clone, Copy)]
pub enum FlowLine<'a> {
    /// A row.
    Row(FlowRow<'a>),
    /// A row whose columns are not of their kinds. It is counted, and nothing is guessed of it.
    Unreadable {
        /// The line of the text, its header is 1.
        line: u32,
        /// Its bytes; of one that is longer than 8 KiB the beginning and the end.
        bytes: &'a [u8],
    },
}

/// Shows the numbers, and no text of anybody's.
impl fmt::Debug for FlowLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FlowLine::Row(row) => row.fmt(f),
            FlowLine::Unreadable { line, .. } => write!(f, "Unreadable(line {line})"),
        }
    }
}

/// Money that came, or went.
#[derive(Clone, Copy)]
pub struct FlowRow<'a>(BillRow<'a>);

impl<'a> FlowRow<'a> {
    /// A column. `None`: the text has none of it, or it is not UTF-8.
    pub fn get(&self, column: Column) -> Option<&'a str> {
        self.0.get(column)
    }

    /// The line of the text, its header is 1.
    pub const fn line(&self) -> u32 {
        self.0.line()
    }

    /// 收支类型: it came (收入), or it went (支出).
    pub fn is_income(&self) -> bool {
        self.get(Column::Direction) == Some("收入")
    }

    /// 收支金额.
    pub fn amount(&self) -> Yuan {
        self.0.yuan(Column::Amount).unwrap_or_default()
    }

    /// 账户结余: what is in the account then.
    pub fn balance(&self) -> Option<Yuan> {
        self.0.yuan(Column::Balance)
    }
}

/// Shows the numbers, and no text of anybody's.
impl fmt::Debug for FlowRow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlowRow")
            .field("line", &self.line())
            .field("flow_id", &self.get(Column::FlowId).unwrap_or_default())
            .field("is_income", &self.is_income())
            .field("amount", &self.amount())
            .finish_non_exhaustive()
    }
}

/// A fund flow that is whole: its last line agrees with its rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FlowTotals {
    /// How many rows it has.
    pub rows: u32,
    /// How many of them are unreadable.
    pub unreadable: u32,
    /// How often money came, and how much.
    pub income: (u32, Yuan),
    /// How often money went, and how much.
    pub outgo: (u32, Yuan),
}

impl FundFlowReader {
    /// A reader at the beginning of a fund flow.
    pub fn new() -> FundFlowReader {
        FundFlowReader(Reading::new(&FUND_FLOW))
    }

    /// One more piece, of any length. `each` gets what is read of it. **Until [`FundFlowReader::end`] said that the text is whole, nothing of it
    /// counts.**
    pub fn read(&mut self, piece: &[u8], each: &mut dyn FnMut(FlowLine<'_>)) {
        self.0.read(piece, &mut |line| {
            each(match line {
                BillLine::Row(row) => FlowLine::Row(FlowRow(row)),
                BillLine::Unreadable { line, bytes } => FlowLine::Unreadable { line, bytes },
            });
        });
    }

    /// The end of it.
    ///
    /// # Errors
    ///
    /// It is no fund flow, or no whole one.
    pub fn end(self) -> Result<FlowTotals, BillFault> {
        let counted = self.0.end()?;
        let sum = |at: usize| counted.sums.get(at).copied().unwrap_or_default();
        let side = |count, total| (sum(count).count(), sum(total));
        Ok(FlowTotals {
            rows: counted.rows,
            unreadable: counted.unreadable,
            income: side(COUNT_IN, SUM_IN),
            outgo: side(COUNT_OUT, SUM_OUT),
        })
    }
}

impl Default for FundFlowReader {
    fn default() -> FundFlowReader {
        FundFlowReader::new()
    }
}

/// Shows how far it is, and no line.
impl fmt::Debug for FundFlowReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FundFlowReader").field("lines", &self.0.lines()).finish_non_exhaustive()
    }
}
