//! Till (收银台): pay under the caller's own name, and never twice.
//!
//! `pay(intent, &request)` stores the intent, the order number and every field before the first byte leaves, and resolves
//! what is left open: by the gateway's query, and by the identical repeat where the documents allow it. After a power cut
//! the same call goes on where it stopped.
//!
//! | file | |
//! |---|---|
//! | `rules` | **decides**: what ends an entry, what reopens it, what is sent, asked, repeated, closed |
//! | `run` | carries steps out |
//! | `told` | what the caller is told of what was settled |
//! | `pay`, `orders`, `notified`, `reversal`, `refund`, `recover`, `reconcile` | what an application calls |
//! | `desk` | the till itself: its journal, its accounts, what this process saw |
//! | `trust`, `intent`, `period` | what a stored entry must be, to be believed, to be the same intent, to be payable |
//! | `watch`, `receipt`, `claim`, `cashier`, `seen` | what goes in, what comes out, who can claim it, what the cashier reads, what is remembered |
//!
//! Document: protocol section R; `docs/money.md`; `docs/design.md`, "Till: order numbers, journal, recovery".

mod cashier;
mod claim;
mod desk;
#[cfg(feature = "capi")]
mod given;
mod intent;
mod notified;
mod orders;
mod pay;
mod period;
mod receipt;
mod reconcile;
mod recover;
mod refund;
#[cfg(openssl_backend)]
mod refund_notified;
mod reversal;
mod rules;
mod run;
mod seen;
mod told;
mod trust;
mod watch;

pub use cashier::{Cash, Cashier};
pub use claim::HbClaim;
#[cfg(feature = "std")]
pub use desk::SystemPause;
pub use desk::{Pause, Till};
#[cfg(feature = "capi")]
pub(crate) use intent::Verb;
pub use notified::Notified;
pub use receipt::{Evidence, Receipt};
#[cfg(feature = "capi")]
pub(crate) use receipt::{Read, kept};
pub use reconcile::{BillFinding, BillSource, Bills, ReconcileFault, Reconciled};
pub use recover::Reported;
pub use rules::FindingKind;
pub use watch::{Options, Phase, Progress, Repeats, Reversals, Watch};
