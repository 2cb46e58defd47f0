//! Why a bill is no bill.

use alloc::string::String;
use core::fmt;

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
    /// It is compressed: without the feature `gzip`, ask for it uncompressed.
    Compressed,
    /// It is whole, and all its payments are another day's or another merchant's.
    Another,
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
            BillFault::Another => {
                f.write_str("the bill is another day's or another merchant's 对账单不是当日的，或不是本商户的")
            }
            BillFault::Compressed => f.write_str("the bill is compressed: ask for it without tar_type"),
            BillFault::NotRead(words) => write!(f, "the bill was not read: {words}"),
        }
    }
}

impl core::error::Error for BillFault {}
