#![doc = include_str!("../docs/crate.md")]
#![cfg_attr(not(feature = "std"), no_std)]
// Allowed in one file, src/capi.rs; tests/all/rules.rs watches over the others.
#![deny(unsafe_code)]
#![deny(missing_docs, missing_debug_implementations)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::float_arithmetic,
    clippy::arithmetic_side_effects,
    clippy::todo,
    clippy::unimplemented,
    clippy::unreachable,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::dbg_macro
)]
// In tests a failed expectation ought to panic.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects))]

extern crate alloc;

mod account;
mod bytes;
#[cfg(feature = "capi")]
#[allow(unsafe_code)]
mod capi;
mod check;
mod client;
mod clock;
#[cfg(any(feature = "https", feature = "sqlite"))]
mod descriptors;
pub mod endpoint;
mod error;
mod explain;
mod fields;
mod form;
mod gateways;
#[cfg(feature = "https")]
mod http_date;
#[cfg(feature = "https")]
mod https;
#[cfg(feature = "https")]
mod identity;
#[cfg(openssl_backend)]
mod identity_openssl;
#[cfg(all(feature = "https", not(openssl_backend)))]
mod identity_platform;
mod journal;
mod json;
mod judge;
mod lock;
#[cfg(feature = "std")]
mod moment;
mod money;
mod nonce;
mod order_number;
mod outcome;
mod pairs;
#[cfg(openssl_backend)]
mod peer;
mod pointers;
#[cfg(feature = "std")]
mod proc;
mod process;
mod request;
#[cfg(feature = "https")]
mod resolver;
#[cfg(openssl_backend)]
mod rsa;
mod secret;
mod sign;
mod terminal;
mod text;
mod till;
mod transport;
mod unambiguous;
mod verify;
mod xml;

pub use account::{Account, RedpackAccount, SwiftpassAccount, WebgateAccount, WorkwxAccount};
pub use check::{Part, Report, Step, Verdict};
pub use client::{Client, Inputs, Prepared};
#[cfg(feature = "std")]
pub use clock::SystemClock;
pub use clock::{ChinaTime, Clock};
pub use error::{Error, ErrorKind};
pub use explain::{Explanation, Finding, explain, explain_workwx_sign};
pub use fields::Fields;
pub use gateways::{ENDPOINTS, redpack, swiftpass, webgate, workwx};
#[cfg(feature = "https")]
pub use https::{Https, HttpsBuilder};
#[cfg(feature = "https")]
pub use identity::Identity;
#[cfg(feature = "sqlite")]
pub use journal::SqliteJournal;
pub use journal::{
    Entry, EntryId, EntryState, Journal, JournalFault, JournalFaultKind, NewEntry, Numbered, Owner, Settlement, Summary,
};
pub use money::Fen;
pub use nonce::Random;
#[cfg(feature = "https")]
pub use nonce::SystemRandom;
pub use order_number::{COUNTERS, EPOCHS, OrderNumbers, Serial};
pub use outcome::{Answer, Doubt, Next, Outcome, Reason, Refusal};
pub use pairs::{Pairs, PairsFault};
pub use redpack::{GetHbInfo, HbInfo, HbStatus, RedPackSent, SceneId, SendRedPack};
pub use request::{Payment, Query, Reply, Request};
#[cfg(feature = "https")]
pub use resolver::{Resolve, SystemResolver};
#[cfg(openssl_backend)]
pub use rsa::{PublicKey, RsaDigest, RsaReply};
pub use secret::Secret;
pub use sign::{read_xml, signature, verify_signature};
pub use swiftpass::{
    Notification, NotificationFault, PaidNotice, StoredOrder, Trade, TradeClose, TradeClosed, TradeQuery, TradeState,
    Valid, WapOrder, WapOrderMade,
};
pub use terminal::Terminal;
#[cfg(feature = "std")]
pub use till::SystemPause;
pub use till::{Evidence, Notified, Options, Pause, Phase, Progress, Receipt, Recovered, Repeats, Till, Watch};
pub use transport::{ClientCertificate, Fault, Post, Received, Sent, Stage, Transport};
pub use verify::ReplyRule;
pub use webgate::{WxCharge, WxCharged};
pub use workwx::{CheckName, EmployeePaid, EmployeePayment, PayEmployee, QueryPayEmployee, TransferStatus, WwMsgType};

/// The code blocks of the pages, and the cases that must not compile, each beside a twin that does.
#[cfg(all(doctest, feature = "https"))]
mod pages {
    #[doc = include_str!("../README.md")]
    mod readme {}
    #[doc = include_str!("../README.zh-CN.md")]
    mod readme_zh {}
    #[doc = include_str!("../tests/compile_fail.md")]
    mod compile_fail {}
}
