//! The journal on a file: SQLite, one file that the `sqlite3` shell reads.
//!
//! Each change is one transaction with `journal_mode=WAL` and `synchronous=FULL`: it is on the disk when the method
//! returns, at the price of one `fsync`. Checkpoints never stand between a payment and its first byte.
//!
//! What is read is compared with a digest (`seal.rs`), and a WAL that lost its end is noticed (`note.rs`).

mod changes;
mod database;
mod faults;
mod files;
mod gone;
mod note;
mod opened;
mod opening;
mod reading;
mod schema;
mod seal;
mod serials;

pub use database::SqliteJournal;
