//! Money: whole fen, never a float.

use core::fmt;

use crate::error::Error;

/// An amount in fen (分, 1/100 yuan).
///
/// Every amount of the gateways is an integer number of fen. The field tables say int32, so the largest
/// amount is 2,147,483,647 fen. Zero exists, because replies may carry it; a request with zero is refused by the
/// table of its endpoint, which names the field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fen(u32);

impl Fen {
    /// No money.
    pub const ZERO: Fen = Fen(0);

    /// The largest amount that the field tables can carry (int32).
    pub const MAX: Fen = Fen(i32::MAX.unsigned_abs());

    /// An amount of `fen` fen.
    ///
    /// # Errors
    ///
    /// A negative amount, or one above [`Fen::MAX`].
    pub fn new(fen: i64) -> Result<Fen, Error> {
        match u32::try_from(fen) {
            Ok(amount) if amount <= Fen::MAX.0 => Ok(Fen(amount)),
            Ok(_) => Err(Error::field("Fen", "an amount is at most 2147483647 fen (int32)")),
            Err(_) if fen < 0 => Err(Error::field("Fen", "an amount is never negative")),
            Err(_) => Err(Error::field("Fen", "an amount is at most 2147483647 fen (int32)")),
        }
    }

    /// The amount as a number of fen.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Reads an amount as a reply spells it: decimal digits without leading zeros.
    pub(crate) fn read(text: &str) -> Option<Fen> {
        let leading_zero = text.len() > 1 && text.starts_with('0');
        if leading_zero || !text.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        text.parse().ok().map(Fen).filter(|fen| *fen <= Fen::MAX)
    }
}

/// Prints the number of fen, as it goes on the wire: `1000`.
impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
