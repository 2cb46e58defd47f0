//! Money as bills print it: yuan with decimals, where all else is fen. No floats.

use core::fmt;

/// 1/100000 of a yuan: fees have five decimals (POS flows 7.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Yuan(i64);

/// So many of them are a yuan, and so many a fen.
const YUAN: i64 = 100_000;
const FEN: i64 = YUAN / 100;

impl Yuan {
    /// Reads `8.88`, `-0.20000`, `45.0`: a sign, digits, at most five decimals.
    pub fn read(text: &str) -> Option<Yuan> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
        let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !are_digits(whole) || !are_digits(decimals) || decimals.len() > 5 {
            return None;
        }
        let missing = u32::try_from(5_usize.checked_sub(decimals.len())?).ok()?;
        let part = decimals.parse::<i64>().ok()?.checked_mul(10_i64.checked_pow(missing)?)?;
        let value = whole.parse::<i64>().ok()?.checked_mul(YUAN)?.checked_add(part)?;
        Some(Yuan(if negative { value.checked_neg()? } else { value }))
    }

    /// A count, as the last line prints it: `45.0`.
    pub(super) const fn whole(count: u32) -> Yuan {
        Yuan((count as i64).saturating_mul(YUAN))
    }

    /// What [`Yuan::whole`] made of it.
    pub(super) fn count(self) -> u32 {
        self.0.checked_div(YUAN).and_then(|count| u32::try_from(count).ok()).unwrap_or_default()
    }

    /// In units of 1/100000 yuan.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// In fen, where it is whole fen.
    pub fn fen(self) -> Option<i64> {
        (self.0.checked_rem(FEN) == Some(0)).then(|| self.0.checked_div(FEN)).flatten()
    }

    pub(super) fn plus(self, other: Yuan) -> Option<Yuan> {
        self.0.checked_add(other.0).map(Yuan)
    }
}

/// As a bill prints it: `8.88`, `-0.20000`.
impl fmt::Display for Yuan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let value = self.0.unsigned_abs();
        let (whole, part) = (value.checked_div(100_000).unwrap_or(0), value.checked_rem(100_000).unwrap_or(0));
        match part.checked_rem(1_000) {
            Some(0) => write!(f, "{sign}{whole}.{:02}", part.checked_div(1_000).unwrap_or(0)),
            _ => write!(f, "{sign}{whole}.{part:05}"),
        }
    }
}
