//! What a journal cannot do.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

use crate::error::{Error, ErrorKind};

/// The journal cannot do what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalFault {
    kind: JournalFaultKind,
    text: Cow<'static, str>,
}

/// The kind of a [`JournalFault`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JournalFaultKind {
    /// It cannot be read or written: full disk, read-only flash.
    Storage,
    /// Another process has it.
    Busy,
    /// Its file is damaged, or is not a journal, or an entry is not as it was stored. It is never recreated silently.
    Damaged,
    /// It belongs to another terminal.
    Foreign,
    /// A newer version of this library wrote it.
    Newer,
    /// The journal's own rules forbid it.
    Refused,
    /// What the order number was made from is wrong; see [`JournalFault::text`].
    Number,
    /// It was opened in another process, before a fork.
    Process,
}

impl JournalFault {
    /// A fault, for implementations.
    pub fn new(kind: JournalFaultKind, text: impl Into<Cow<'static, str>>) -> JournalFault {
        JournalFault { kind, text: text.into() }
    }

    /// Its kind.
    pub fn kind(&self) -> JournalFaultKind {
        self.kind
    }

    /// What happened and what to do, in words.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// As the error of a call that sent nothing.
    pub(crate) fn into_error(self) -> Error {
        let field = if self.kind == JournalFaultKind::Number { "order_number" } else { "journal" };
        Error::new(ErrorKind::Journal, field, String::from(self.text))
    }
}

impl fmt::Display for JournalFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("journal: ")?;
        f.write_str(&self.text)
    }
}

impl core::error::Error for JournalFault {}
