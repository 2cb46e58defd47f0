//! The fields of one reply, flat, as the signature sees them.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::money::Fen;

/// Names and values of a reply, in its order. Unknown fields are kept: they take part in the signature.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Pairs(Vec<(String, String)>);

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

impl Pairs {
    /// The value of a field, as it stands in the reply: entities resolved, nothing trimmed.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(have, _)| *have == name).map(|(_, value)| value)
    }

    /// The value of a field that is not empty.
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
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

    /// All fields, in the reply's order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Adds a field. Equal duplicates collapse to one; a name with two values is refused.
    ///
    /// # Errors
    ///
    /// The name is already there with another value.
    pub fn add(&mut self, name: &str, value: &str) -> Result<(), TwoValues> {
        match self.get(name) {
            None => {
                self.0.push((name.into(), value.into()));
                Ok(())
            }
            Some(have) if have == value => Ok(()),
            Some(_) => Err(TwoValues),
        }
    }
}

/// A reply that gives one name two values proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TwoValues;

impl fmt::Debug for Pairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (name, value) in self.iter() {
            map.entry(&name, &if SHOWN.contains(&name) { value } else { "_" });
        }
        map.finish()
    }
}
