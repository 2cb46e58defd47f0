//! A bill, read in pieces: its rows, and whether it is whole.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::columns::{Column, SUMMED, columns, place, sums};
use super::lines::{Line, Lines};
use super::row::{BillRow, Places};
use super::yuan::Yuan;
use crate::text::shown;
use crate::wire::xml;

/// So long an answer that is no bill may be.
const LONGEST_ANSWER: usize = 16 * 1024;
/// How gzip begins (RFC 1952, 2.3.1).
const GZIP: &[u8] = b"\x1F\x8B";

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
#[derive(Default)]
pub struct BillReader {
    lines: Lines,
    columns: Vec<Column>,
    places: Places,
    next: Next,
    counted: Counted,
    /// An answer that is no bill.
    answer: Vec<u8>,
    fault: Option<BillFault>,
}

/// What is expected.
#[derive(Default)]
enum Next {
    /// Nothing came yet.
    #[default]
    Begin,
    /// Rows, then the header of the sums.
    Rows,
    /// The sums, in this order.
    Sums(Vec<Option<Column>>),
    /// Nothing more: the last line agreed.
    End(BillTotals),
    /// The gateway's answer is no bill: XML.
    Answer,
}

#[derive(Default)]
struct Counted {
    lines: u32,
    /// The last line has no end.
    unended: bool,
    rows: u32,
    unreadable: u32,
    sums: [Yuan; SUMMED.len()],
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

/// A bill that is whole: its last line agrees with its rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BillTotals {
    /// How many rows it has.
    pub rows: u32,
    /// How many of them are unreadable.
    pub unreadable: u32,
    sums: [Yuan; SUMMED.len()],
}

impl BillTotals {
    /// The sum of a column over all rows. Zero where the bill has none of it.
    pub fn sum(&self, column: Column) -> Yuan {
        place(column).and_then(|at| self.sums.get(at)).copied().unwrap_or_default()
    }
}

/// Why there is nothing to conclude from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BillFault {
    /// It is torn, or its last line disagrees with its rows.
    Incomplete(&'static str),
    /// There is no bill: nobody paid on that day (`No Bill Exist`, `NO_BILL_EXIST`). Surprising where the journal has payments of it.
    Empty,
    /// It is still being made (`Bill Creating`): later, after 10:00.
    Creating,
    /// The gateway refused to give it, in its own words.
    Refused(String),
    /// It is compressed: without the means to read that, ask for it uncompressed.
    Compressed,
    /// It could not be fetched, or read from where it lies.
    NotRead(String),
}

impl fmt::Display for BillFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BillFault::Incomplete(why) => write!(f, "the bill is incomplete: {why} 对账单不完整"),
            BillFault::Empty => f.write_str("there is no bill of that day 当日没有账单"),
            BillFault::Creating => {
                f.write_str("the bill is being made: ask again after 10:00 账单生成中，请10点后再取")
            }
            BillFault::Refused(words) => write!(f, "the gateway gives no bill: {words}"),
            BillFault::Compressed => f.write_str("the bill is compressed: ask for it without tar_type"),
            BillFault::NotRead(words) => write!(f, "the bill was not read: {words}"),
        }
    }
}

impl core::error::Error for BillFault {}

const TORN: BillFault = BillFault::Incomplete("it ends before its last line");

impl BillReader {
    /// A reader at the beginning of a bill.
    pub fn new() -> BillReader {
        BillReader::default()
    }

    /// One more piece, of any length. `each` gets what is read of it. **Until [`BillReader::end`] said that the bill is whole, nothing of it
    /// counts.**
    pub fn read(&mut self, piece: &[u8], each: &mut dyn FnMut(BillLine<'_>)) {
        let BillReader { lines, columns, places, next, counted, answer, fault } = self;
        lines.read(piece, &mut |line| step((columns, places, next, counted, answer, fault), line, each));
    }

    /// The end of it.
    ///
    /// # Errors
    ///
    /// It is no bill, or no whole one.
    pub fn end(self) -> Result<BillTotals, BillFault> {
        let BillReader { mut lines, mut columns, mut places, mut next, mut counted, mut answer, mut fault } = self;
        let parts = (&mut columns, &mut places, &mut next, &mut counted, &mut answer, &mut fault);
        let (columns, places, next, counted, answer, fault) = parts;
        // A row without a line end is no row of a whole bill.
        counted.unended = true;
        lines.end(&mut |line| step((columns, places, next, counted, answer, fault), line, &mut |_| {}));
        match (fault, next) {
            (_, Next::Answer) => Err(refusal(answer)),
            (Some(why), _) => Err(why.clone()),
            (None, Next::End(totals)) => Ok(*totals),
            (None, _) => Err(TORN),
        }
    }
}

/// Shows how far it is, and no line.
impl fmt::Debug for BillReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BillReader").field("lines", &self.counted.lines).finish_non_exhaustive()
    }
}

type Parts<'a> =
    (&'a mut Vec<Column>, &'a mut Places, &'a mut Next, &'a mut Counted, &'a mut Vec<u8>, &'a mut Option<BillFault>);

fn step(
    (columns, places, next, counted, answer, fault): Parts<'_>,
    line: Line<'_>,
    each: &mut dyn FnMut(BillLine<'_>),
) {
    counted.lines = counted.lines.saturating_add(1);
    if fault.is_some() {
        return;
    }
    *next = match core::mem::take(next) {
        Next::Begin => match begin(line.bytes, columns) {
            Ok(next) => next,
            Err(why) => {
                *fault = Some(why);
                return;
            }
        },
        Next::Rows if line.bytes.first() == Some(&b'`') => {
            row((columns, places, counted), line, each);
            Next::Rows
        }
        Next::Rows => match core::str::from_utf8(line.bytes).ok().and_then(sums) {
            Some(sums) => Next::Sums(sums),
            None => {
                *fault = Some(BillFault::Incomplete("a line is neither a row nor the header of the sums"));
                Next::Rows
            }
        },
        Next::Sums(sums) => match last_line(counted, &sums, line.bytes) {
            Ok(totals) => Next::End(totals),
            Err(why) => {
                *fault = Some(BillFault::Incomplete(why));
                Next::Sums(sums)
            }
        },
        Next::End(totals) => {
            if !line.bytes.is_empty() {
                *fault = Some(BillFault::Incomplete("something follows its last line"));
            }
            Next::End(totals)
        }
        Next::Answer => Next::Answer,
    };
    if matches!(next, Next::Answer) {
        let room = LONGEST_ANSWER.saturating_sub(answer.len());
        answer.extend_from_slice(line.bytes.get(..room.min(line.bytes.len())).unwrap_or_default());
    }
}

/// The first line says what it is (POS flows 7.1).
fn begin(line: &[u8], columns_of: &mut Vec<Column>) -> Result<Next, BillFault> {
    if line.starts_with(GZIP) {
        return Err(BillFault::Compressed);
    }
    if line.trim_ascii_start().starts_with(b"<") {
        return Ok(Next::Answer);
    }
    match core::str::from_utf8(line).ok().and_then(columns) {
        Some(columns) => {
            *columns_of = columns;
            Ok(Next::Rows)
        }
        None => Err(BillFault::Incomplete("its first line is no header of a bill")),
    }
}

/// Counts a row, whether it can be read or not. One whose sums cannot be read makes the last line disagree.
fn row(
    (columns, places, counted): (&[Column], &mut Places, &mut Counted),
    line: Line<'_>,
    each: &mut dyn FnMut(BillLine<'_>),
) {
    counted.rows = counted.rows.saturating_add(1);
    let found = places.find(columns, line);
    let row = places.row(columns, line.bytes, counted.lines);
    let mut sound = found;
    for (sum, column) in counted.sums.iter_mut().zip(SUMMED) {
        if found && columns.contains(&column) {
            match row.yuan(column).and_then(|yuan| sum.plus(yuan)) {
                Some(more) => *sum = more,
                None => sound = false,
            }
        }
    }
    if sound && row.is_readable() && line.torn_at.is_none() {
        each(BillLine::Row(row));
    } else {
        counted.unreadable = counted.unreadable.saturating_add(1);
        each(BillLine::Unreadable { line: counted.lines, bytes: line.bytes });
    }
}

/// Counts and sums over all rows must equal the last line's.
fn last_line(counted: &Counted, sums: &[Option<Column>], line: &[u8]) -> Result<BillTotals, &'static str> {
    let text = core::str::from_utf8(line).map_err(|_| "its last line is not text")?;
    let mut values = text.strip_prefix('`').ok_or("its last line has no back-tick")?.split(",`");
    for sum in sums {
        let value = values.next().and_then(Yuan::read).ok_or("its last line lacks a sum")?;
        match sum {
            None if value != rows(counted.rows) => return Err("it has not as many rows as its last line says"),
            Some(column) if place(*column).and_then(|at| counted.sums.get(at)) != Some(&value) => {
                return Err("a sum of its rows is not the one of its last line");
            }
            _ => {}
        }
    }
    // The end of the last line is optional. Without it `0.0` may have been `0.00`, or more.
    let last = text.rsplit(",`").next().and_then(|last| last.split_once('.'));
    let decimals = last.map_or(0, |(_, decimals)| decimals.len());
    match values.next() {
        Some(_) => Err("its last line has a sum too many"),
        None if counted.unended && decimals < 2 => Err("its last line may be cut"),
        None => Ok(BillTotals { rows: counted.rows, unreadable: counted.unreadable, sums: counted.sums }),
    }
}

/// A count as it is printed: `45.0`.
fn rows(count: u32) -> Yuan {
    Yuan::read(&alloc::format!("{count}")).unwrap_or_default()
}

/// What the gateway says instead of a bill: XML, unsigned (POS flows 7.1).
fn refusal(answer: &[u8]) -> BillFault {
    let pairs = core::str::from_utf8(answer).ok().and_then(|text| xml::read(text).ok());
    let Some(pairs) = pairs else { return BillFault::Incomplete("it is no bill") };
    let said = |names: &[&str]| names.iter().find_map(|name| pairs.filled(name)).unwrap_or_default();
    let (code, words) = (said(&["err_code", "error_code"]), said(&["err_code_des", "return_msg"]));
    match (code, words.to_ascii_lowercase().as_str()) {
        ("NO_BILL_EXIST", _) | (_, "no bill exist") => BillFault::Empty,
        ("BILL_CREATING", _) | (_, "bill creating") => BillFault::Creating,
        _ => BillFault::Refused(shown(&[code, " ", words].concat(), 200).trim().into()),
    }
}
