//! The contract as a test: for a [`Journal`](crate::Journal) on your own memory, and a [`Transport`](crate::Transport) on your
//! own modem.
//!
//! The traits say what an implementation must keep; here that is tried. [`journal`] writes, cuts the power at each write, opens
//! again and compares; [`transport`] is the other side of the wire, and a bad one. What comes back is a report, or the first
//! promise that was broken, with the call that broke it. Run both in your tests, never on a terminal in use: [`journal`] erases
//! what it is given.

mod broken;
mod journal;
#[cfg(feature = "std")]
mod transport;

pub use broken::{Broken, Promise};
pub use journal::{JournalBench, JournalReport, Trouble, journal};
#[cfg(feature = "std")]
pub use transport::{Server, Stream, TransportBench, TransportReport, transport};
