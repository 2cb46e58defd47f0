//! Reads a text in pieces, line by line, in bounded memory: whatever its form is.
//!
//! Document: POS flows 7.2.

use alloc::vec::Vec;

use super::columns::Column;
use super::fault::BillFault;
use super::form::{Form, Sums};
#[cfg(feature = "gzip")]
use super::gzip::{LONGEST_TEXT, Packed};
use super::lines::{Line, Lines};
use super::row::{BillLine, Places};
use super::yuan::Yuan;
use crate::text::shown;
use crate::wire::xml;

/// So long an answer that is no bill may be.
const LONGEST_ANSWER: usize = 16 * 1024;
/// How gzip begins (RFC 1952, 2.3.1).
const GZIP: &[u8] = b"\x1F\x8B";
const TORN: BillFault = BillFault::Incomplete("it ends before its last line");

/// One text on its way.
pub(super) struct Reading {
    #[cfg(feature = "gzip")]
    packed: Packed,
    lines: Lines,
    state: State,
}

/// What was read so far: the columns, and the sums. No line.
struct State {
    form: &'static Form,
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
    Sums(Vec<Option<usize>>),
    /// Nothing more: the last line agreed.
    End,
    /// The gateway's answer is no bill: XML.
    Answer,
}

/// What the rows come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    lines: u32,
    /// The last line has no end.
    unended: bool,
    pub rows: u32,
    pub unreadable: u32,
    pub sums: Sums,
}

impl Reading {
    pub fn new(form: &'static Form) -> Reading {
        let state = State {
            form,
            columns: Vec::new(),
            places: Places::default(),
            next: Next::Begin,
            counted: Counted::default(),
            answer: Vec::new(),
            fault: None,
        };
        Reading {
            #[cfg(feature = "gzip")]
            packed: Packed::new(LONGEST_TEXT),
            lines: Lines::default(),
            state,
        }
    }

    pub fn lines(&self) -> u32 {
        self.state.counted.lines
    }

    pub fn read(&mut self, piece: &[u8], each: &mut dyn FnMut(BillLine<'_>)) {
        let Reading { lines, state, .. } = self;
        let mut plain = |piece: &[u8]| lines.read(piece, &mut |line| state.step(line, each));
        #[cfg(feature = "gzip")]
        if let Err(fault) = self.packed.read(piece, &mut plain) {
            self.state.fault.get_or_insert(fault);
        }
        #[cfg(not(feature = "gzip"))]
        plain(piece);
    }

    /// `Ok`: its last line agrees with its rows.
    pub fn end(self) -> Result<Counted, BillFault> {
        let Reading { mut lines, mut state, .. } = self;
        #[cfg(feature = "gzip")]
        if let Err(fault) = self.packed.end() {
            state.fault.get_or_insert(fault);
        }
        // A row without a line end is no row of a whole bill.
        state.counted.unended = true;
        lines.end(&mut |line| state.step(line, &mut |_| {}));
        match (state.fault, state.next) {
            (Some(why), _) => Err(why),
            (None, Next::Answer) => Err(refusal(&state.answer)),
            (None, Next::End) => Ok(state.counted),
            (None, _) => Err(TORN),
        }
    }
}

impl State {
    fn step(&mut self, line: Line<'_>, each: &mut dyn FnMut(BillLine<'_>)) {
        self.counted.lines = self.counted.lines.saturating_add(1);
        if self.fault.is_some() {
            return;
        }
        match self.next(line, each) {
            Ok(next) => self.next = next,
            Err(why) => self.fault = Some(why),
        }
        if matches!(self.next, Next::Answer) {
            let room = LONGEST_ANSWER.saturating_sub(self.answer.len());
            self.answer.extend_from_slice(line.bytes.get(..room.min(line.bytes.len())).unwrap_or_default());
        }
    }

    fn next(&mut self, line: Line<'_>, each: &mut dyn FnMut(BillLine<'_>)) -> Result<Next, BillFault> {
        match core::mem::take(&mut self.next) {
            Next::Begin => self.begin(line.bytes),
            Next::Rows if line.bytes.first() == Some(&b'`') => {
                self.row(line, each);
                Ok(Next::Rows)
            }
            Next::Rows => {
                let sums = core::str::from_utf8(line.bytes).ok().and_then(|header| self.form.sums(header));
                let why = BillFault::Incomplete("a line is neither a row nor the header of the sums");
                sums.map(Next::Sums).ok_or(why)
            }
            Next::Sums(sums) => match last_line(&self.counted, &sums, line.bytes) {
                Ok(()) => Ok(Next::End),
                Err(why) => Err(BillFault::Incomplete(why)),
            },
            Next::End if line.bytes.is_empty() => Ok(Next::End),
            Next::End => Err(BillFault::Incomplete("something follows its last line")),
            Next::Answer => Ok(Next::Answer),
        }
    }

    /// The first line says what it is (POS flows 7.1).
    fn begin(&mut self, line: &[u8]) -> Result<Next, BillFault> {
        if line.starts_with(GZIP) {
            return Err(BillFault::Compressed);
        }
        if line.trim_ascii_start().starts_with(b"<") {
            return Ok(Next::Answer);
        }
        let columns = core::str::from_utf8(line).ok().and_then(|header| self.form.columns(header));
        self.columns = columns.ok_or(BillFault::Incomplete("its first line is no header of a bill"))?;
        Ok(Next::Rows)
    }

    /// Counts a row, whether it can be read or not. One whose sums cannot be read makes the last line disagree.
    fn row(&mut self, line: Line<'_>, each: &mut dyn FnMut(BillLine<'_>)) {
        let State { form, columns, places, counted, .. } = self;
        counted.rows = counted.rows.saturating_add(1);
        let found = places.find(columns, form.free, line);
        let row = places.row(columns, line.bytes, counted.lines);
        let sound = found && (form.add)(&row, &mut counted.sums);
        if sound && (form.is_readable)(&row) && line.torn_at.is_none() {
            each(BillLine::Row(row));
        } else {
            counted.unreadable = counted.unreadable.saturating_add(1);
            each(BillLine::Unreadable { line: counted.lines, bytes: line.bytes });
        }
    }
}

/// Counts and sums over all rows must equal the last line's.
fn last_line(counted: &Counted, sums: &[Option<usize>], line: &[u8]) -> Result<(), &'static str> {
    let text = core::str::from_utf8(line).map_err(|_| "its last line is not text")?;
    let mut values = text.strip_prefix('`').ok_or("its last line has no back-tick")?.split(",`");
    for sum in sums {
        let value = values.next().and_then(Yuan::read).ok_or("its last line lacks a sum")?;
        match sum {
            None if value != Yuan::whole(counted.rows) => {
                return Err("it has not as many rows as its last line says");
            }
            Some(at) if counted.sums.get(*at) != Some(&value) => {
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
        None => Ok(()),
    }
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
