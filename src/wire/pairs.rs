//! The fields of one reply, flat, as the signature sees them.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use crate::bytes;
use crate::money::Fen;

/// Names and values of a reply, in its order. Unknown fields are kept: they take part in the signature.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Pairs {
    /// All names and values, one after the other: two allocations hold a whole reply.
    text: String,
    rows: Vec<Row>,
}

/// Where a name and its value stand.
#[derive(Clone, PartialEq, Eq)]
struct Row {
    /// How the name begins: a search looks at the text of a name only where this agrees.
    head: u64,
    name: Range<usize>,
    value: Range<usize>,
}

/// The most names.
const LONGEST: usize = 256;

/// The fields of any reply that may be shown in a log.
const SHOWN: &[&str] = &[
    "return_code",
    "return_msg",
    "result_code",
    "err_code",
    "err_code_des",
    "err_msg",
    "status",
    "message",
    "retcode",
    "retmsg",
    "trade_state",
];

/// So that fields can be asked for by name whatever holds them.
impl AsRef<Pairs> for Pairs {
    fn as_ref(&self) -> &Pairs {
        self
    }
}

impl Pairs {
    pub(crate) fn with_capacity(rows: usize, bytes: usize) -> Pairs {
        Pairs { text: String::with_capacity(bytes), rows: Vec::with_capacity(rows) }
    }

    /// The value of a field, as it stands in the reply: entities resolved, nothing trimmed.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.get_by(bytes::head(name.as_bytes()), name)
    }

    fn get_by(&self, head: u64, name: &str) -> Option<&str> {
        let is_it = |row: &&Row| row.head == head && self.part(&row.name) == name;
        self.rows.iter().find(is_it).map(|row| self.part(&row.value))
    }

    /// All fields, each with how its name begins ([`bytes::head`]).
    pub(crate) fn with_heads(&self) -> impl Iterator<Item = (u64, &str, &str)> {
        self.rows.iter().map(|row| (row.head, self.part(&row.name), self.part(&row.value)))
    }

    /// The value of a field that is not empty.
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// Whether a field has a text that can be seen, and no elements inside.
    pub(crate) fn has_visible(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| !value.trim().is_empty() && !value.contains('<'))
    }

    /// The value of a field that is not empty, as a text of its own.
    pub(crate) fn owned(&self, name: &str) -> Option<String> {
        self.filled(name).map(String::from)
    }

    /// An amount that may be absent. `None`: it is there and is no number of fen.
    pub(crate) fn fen(&self, name: &str) -> Option<Option<Fen>> {
        match self.filled(name) {
            Some(text) => Fen::read(text).map(Some),
            None => Some(None),
        }
    }

    /// The row of a reply whose field `name_0`, `name_1` … has this value: one of so many, whatever its index. `None` where it is in two rows.
    pub(crate) fn row_of(&self, (name, value): (&str, &str), rows: usize) -> Option<usize> {
        let mut found = (0..rows).filter(|row| self.in_row(name, *row) == Some(value));
        let row = found.next()?;
        found.next().is_none().then_some(row)
    }

    /// A field of a row: `refund_status_1`.
    pub(crate) fn in_row(&self, name: &str, row: usize) -> Option<&str> {
        self.filled(&alloc::format!("{name}_{row}"))
    }

    /// All fields, in the reply's order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.rows.iter().map(|row| (self.part(&row.name), self.part(&row.value)))
    }

    /// Whether any name or value holds this byte.
    pub(crate) fn hold(&self, byte: u8) -> bool {
        bytes::has_either(self.text.as_bytes(), byte, byte)
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    fn part(&self, at: &Range<usize>) -> &str {
        self.text.get(at.clone()).unwrap_or_default()
    }

    /// Adds a field. Equal duplicates collapse to one; a name with two values is refused.
    ///
    /// # Errors
    ///
    /// The name is empty or holds `&` or `=`, it is already there with another value, or there are 256 names. (Documented
    /// replies have at most about 30.)
    pub fn add(&mut self, name: &str, value: &str) -> Result<(), PairsFault> {
        if name.is_empty() || bytes::has_either(name.as_bytes(), b'&', b'=') {
            return Err(PairsFault::Name);
        }
        self.add_element(name, value)
    }

    /// The same for a name of XML, which holds neither `&` nor `=` (XML 1.0, 2.3).
    pub(crate) fn add_element(&mut self, name: &str, value: &str) -> Result<(), PairsFault> {
        let head = bytes::head(name.as_bytes());
        match self.get_by(head, name) {
            None if self.rows.len() >= LONGEST => Err(PairsFault::TooMany),
            None => {
                let (name, value) = (self.push(name), self.push(value));
                self.rows.push(Row { head, name, value });
                Ok(())
            }
            Some(have) if have == value => Ok(()),
            Some(_) => Err(PairsFault::TwoValues),
        }
    }

    fn push(&mut self, piece: &str) -> Range<usize> {
        let from = self.text.len();
        self.text.push_str(piece);
        from..self.text.len()
    }
}

/// Why a field is not added. The reply then proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PairsFault {
    /// The name is empty, or holds `&` or `=`: in a signed text it would not be told from a value.
    Name,
    /// One name has two values.
    TwoValues,
    /// More than 256 names. Each new one is compared with those before it.
    TooMany,
}

impl PairsFault {
    pub(crate) const fn words(self) -> &'static str {
        match self {
            PairsFault::Name => "a name that is empty, or holds & or =",
            PairsFault::TwoValues => "one name has two values",
            PairsFault::TooMany => "more than 256 fields",
        }
    }
}

impl fmt::Display for PairsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

impl core::error::Error for PairsFault {}

impl fmt::Debug for Pairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (name, value) in self.iter() {
            map.entry(&name, &if SHOWN.contains(&name) { value } else { "_" });
        }
        map.finish()
    }
}
