//! The journal on a file: SQLite, one file that the `sqlite3` shell reads.
//!
//! Each change is one transaction with `journal_mode=WAL` and `synchronous=FULL`: it is on the disk when the method
//! returns, at the price of one `fsync`. Checkpoints never stand between a payment and its first byte.
//!
//! What is read is compared with a digest (`seal.rs`), and a WAL that lost its end, or is lost, is noticed (`note.rs`, `wal.rs`).
//!
//! What was acknowledged is put away (`past.rs`; in few bytes, `pairs.rs`, `words.rs`), found by keys that prove what is not there (`keys.rs`), and goes
//! in steps (`prune.rs`, `keeping.rs`). Where SQLite writes next is looked at first (`free_pages.rs`, `intents.rs`).

mod changes;
mod database;
mod faults;
mod files;
mod free_pages;
mod gone;
mod in_place;
mod intents;
mod keeping;
mod keys;
mod note;
mod opened;
mod opening;
mod pairs;
mod past;
mod prune;
mod reading;
mod schema;
mod seal;
mod serials;
mod wal;
mod words;

pub use database::SqliteJournal;
