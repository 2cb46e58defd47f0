//! Order numbers that never meet another one, without a word to another terminal.
//!
//! A number is merchant, China date, terminal, epoch and counter:
//!
//! ```text
//! 1900000109 20261121 00A78KQ2M0   mch_id, yyyymmdd, ten characters of terminal, epoch and counter
//! ```
//!
//! Terminals of one merchant have different terminal numbers, so two terminals never collide. One terminal never
//! repeats itself, because its journal never gives the same epoch and counter twice: the counter goes up for ever, and
//! when it is full, or the journal is opened, a new random epoch is drawn. Nothing depends on the clock. A journal
//! that was deleted, cloned or restored from a backup goes on under another epoch.

use alloc::string::String;

use crate::clock::ChinaTime;
use crate::endpoint::Numbers;
use crate::error::Error;

/// Counters of one epoch. When they are used up the journal draws a new epoch.
pub const COUNTERS: u32 = 1 << 12;
/// Epochs. Two journals of one terminal meet on one day with a chance of one in eight million.
pub const EPOCHS: u32 = 1 << 23;

/// What a journal hands out once and never again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Serial {
    /// Random, below [`EPOCHS`].
    pub epoch: u32,
    /// Counts up, below [`COUNTERS`].
    pub counter: u32,
}

/// Makes the order numbers of one terminal.
///
/// 65,536 terminals fit under one merchant. A terminal may make 4,096 numbers under one epoch and then goes on under
/// the next: 34 thousand million in all, at any rate a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderNumbers {
    terminal: u16,
}

impl OrderNumbers {
    /// The numbers of the terminal with this number. Give every terminal of a merchant another one.
    pub const fn new(terminal: u16) -> OrderNumbers {
        OrderNumbers { terminal }
    }

    /// The terminal's number.
    pub const fn terminal(self) -> u16 {
        self.terminal
    }

    /// The number for this serial, by the rule of the call.
    ///
    /// # Errors
    ///
    /// The merchant's identifier is too long for the rule (a `mch_id` of more than 10 digits with `mch_billno`), or the
    /// serial is out of range.
    pub fn make(self, rule: Numbers, merchant: &str, today: ChinaTime, serial: Serial) -> Result<String, Error> {
        if serial.epoch >= EPOCHS || serial.counter >= COUNTERS {
            return Err(Error::setting("journal", "the serial of an order number is out of range"));
        }
        let packed = (u64::from(self.terminal) << 35) | (u64::from(serial.epoch) << 12) | u64::from(serial.counter);
        let date = today.digits();
        let date = date.get(..8).unwrap_or_default();
        let number = match rule {
            Numbers::MerchantDateSerial if merchant.len() > 10 => {
                return Err(Error::setting("mch_id", "is too long for mch_id + yyyymmdd + 10 in 28 characters"));
            }
            Numbers::MerchantDateSerial => [merchant, date, &digits(packed, 36, 10)].concat(),
            Numbers::DateSerial => [date, &digits(packed, 36, 10)].concat(),
            Numbers::DateSerialDigits => [date, &digits(packed, 10, 16)].concat(),
        };
        Ok(number)
    }
}

/// What a number says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    /// The terminal that made it.
    pub terminal: u16,
    /// What its journal handed out for it.
    pub serial: Serial,
}

impl OrderNumbers {
    /// Reads a number that was made by this rule for this merchant. `None`: it was made otherwise.
    pub fn read(rule: Numbers, merchant: &str, number: &str) -> Option<Made> {
        let (rest, base, width) = match rule {
            Numbers::MerchantDateSerial => (number.strip_prefix(merchant)?, 36, 10),
            Numbers::DateSerial => (number, 36, 10),
            Numbers::DateSerialDigits => (number, 10, 16),
        };
        let (date, serial) = rest.split_at_checked(8)?;
        let upper = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
        // By its last second: the first one of 1970-01-01, where a board without a battery begins, lies before 1970 in UTC.
        ChinaTime::read(&[date, "235959"].concat())?;
        if serial.len() != width || !upper(serial) {
            return None;
        }
        let packed = u64::from_str_radix(serial, base).ok()?;
        let part = |shift: u32, size: u32| u32::try_from(packed.checked_shr(shift)?.checked_rem(size.into())?).ok();
        let terminal = u16::try_from(packed.checked_shr(35)?).ok()?;
        Some(Made { terminal, serial: Serial { epoch: part(12, EPOCHS)?, counter: part(0, COUNTERS)? } })
    }

    /// Whether this terminal made the number: so it finds its rows in the bill of a merchant with many. (Another system's number may look
    /// like one of ours by chance: 20 characters with a date.)
    pub fn is_mine(self, rule: Numbers, merchant: &str, number: &str) -> bool {
        OrderNumbers::read(rule, merchant, number).is_some_and(|made| made.terminal == self.terminal)
    }
}

/// A number in this base, upper case, at least `width` digits.
fn digits(mut value: u64, base: u32, width: usize) -> String {
    let mut reversed = String::with_capacity(width);
    while reversed.len() < width || value > 0 {
        let digit = value.checked_rem(u64::from(base)).and_then(|digit| u32::try_from(digit).ok()).unwrap_or_default();
        reversed.extend(core::char::from_digit(digit, base).map(|c| c.to_ascii_uppercase()));
        value = value.checked_div(u64::from(base)).unwrap_or_default();
    }
    reversed.chars().rev().collect()
}
