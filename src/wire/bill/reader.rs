//! A bill, read in pieces: its rows, and whether it is whole.

use core::fmt;

use super::columns::Column;
use super::fault::BillFault;
use super::form::{BILL, Sums, place};
use super::reading::Reading;
use super::row::BillLine;
use super::yuan::Yuan;

/// Reads a bill in bounded memory: one line, and the sums.
///
/// ```
/// use wxpay_terminal::{BillLine, BillReader};
///
/// let text = "交易时间,商户号,微信订单号,商户订单号,交易状态,订单金额\r\n\
///             `2026-11-26 12:00:14,`1900000109,`4200002511202611260000000002,`2026112600A78KQ2M0,`SUCCESS,`101.00\r\n\
///             总交易单数,订单总金额\r\n`1.0,`101.00\r\n";
/// let mut reader = BillReader::new();
/// for piece in text.as_bytes().chunks(7) {
///     reader.read(piece, &mut |line| {
///         if let BillLine::Row(row) = line {
///             assert_eq!(row.out_trade_no(), "2026112600A78KQ2M0");
///             assert!(row.is_about(10100));
///         }
///     });
/// }
/// assert_eq!(reader.end().unwrap().rows, 1);
/// ```
///
/// Document: POS flows 7.2.
pub struct BillReader(Reading);

/// A bill that is whole: its last line agrees with its rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BillTotals {
    /// How many rows it has.
    pub rows: u32,
    /// How many of them are unreadable.
    pub unreadable: u32,
    sums: Sums,
}

impl BillTotals {
    /// The sum of a column over all rows. Zero where the bill has none of it.
    pub fn sum(&self, column: Column) -> Yuan {
        place(column).and_then(|at| self.sums.get(at)).copied().unwrap_or_default()
    }
}

impl BillReader {
    /// A reader at the beginning of a bill.
    pub fn new() -> BillReader {
        BillReader(Reading::new(&BILL))
    }

    /// One more piece, of any length. `each` gets what is read of it. **Until [`BillReader::end`] said that the bill is whole, nothing of it
    /// counts.**
    pub fn read(&mut self, piece: &[u8], each: &mut dyn FnMut(BillLine<'_>)) {
        self.0.read(piece, each);
    }

    /// The end of it.
    ///
    /// # Errors
    ///
    /// It is no bill, or no whole one.
    pub fn end(self) -> Result<BillTotals, BillFault> {
        let counted = self.0.end()?;
        Ok(BillTotals { rows: counted.rows, unreadable: counted.unreadable, sums: counted.sums })
    }
}

impl Default for BillReader {
    fn default() -> BillReader {
        BillReader::new()
    }
}

/// Shows how far it is, and no line.
impl fmt::Debug for BillReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BillReader").field("lines", &self.0.lines()).finish_non_exhaustive()
    }
}
