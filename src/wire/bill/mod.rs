//! Bills (对账单) and fund flows (资金账单): text that arrives in pieces, read a line at a time.
//!
//! Document: protocol E.4; POS flows 7.2. A bill has no signature and is a hint only (POS ruling 10): it counts when its rows and sums equal
//! its last line, and what is incomplete is never concluded from.

mod columns;
mod fault;
mod flow;
mod form;
#[cfg(feature = "gzip")]
mod gzip;
mod lines;
mod reader;
mod reading;
mod row;
mod yuan;

pub use columns::Column;
pub use fault::BillFault;
pub use flow::{FlowLine, FlowRow, FlowTotals, FundFlowReader};
pub use reader::{BillReader, BillTotals};
pub use row::{BillLine, BillRow, BillState};
pub use yuan::Yuan;
