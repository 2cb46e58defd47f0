//! What a terminal remembers through a power cut.
//!
//! A journal stores each payment **before** its first byte leaves: the caller's intent, the order number and every field
//! that is sent, in order. It never stores a key, a nonce or a signature. The `sqlite` feature brings one on a file;
//! firmware may bring its own on NVRAM by implementing [`Journal`].

mod contract;
mod digest;
mod entry;
mod fault;
pub(crate) mod order_number;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use contract::Journal;
pub(crate) use digest::Digest;
pub(crate) use entry::Names;
pub use entry::{Entry, EntryId, EntryState, EntryVersion, Mended, NewEntry, Numbered, Owner, Settlement, Summary};
pub use fault::{JournalFault, JournalFaultKind};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteJournal;
