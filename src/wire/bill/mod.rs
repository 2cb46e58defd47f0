//! Bills (对账单): text that arrives in pieces, read a line at a time.
//!
//! Document: protocol E.4; POS flows 7.2. A bill has no signature and is a hint only (POS ruling 10): it counts when its rows and sums equal
//! its last line, and what is incomplete is never concluded from.

mod columns;
mod lines;
mod reader;
mod row;
mod yuan;

pub use columns::Column;
pub use reader::{BillFault, BillLine, BillReader, BillTotals};
pub use row::{BillRow, BillState};
pub use yuan::Yuan;
