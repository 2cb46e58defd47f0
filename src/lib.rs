#![doc = include_str!("../docs/crate.md")]
#![cfg_attr(not(any(feature = "std", test)), no_std)]
// The host of the documentation has nightly Rust, which writes beside each item the feature that it needs.
#![cfg_attr(docsrs, feature(doc_cfg))]
// Allowed in one folder, src/capi; tests/all/house/rules.rs watches over the others.
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

// Floors, from the ground up: what stands on one uses what stands below it, never the other way, and never this file
// (tests/all/house/floors.rs). The ground: words and values.
mod bytes;
mod clock;
#[cfg(any(feature = "https", feature = "sqlite"))]
mod descriptors;
pub mod endpoint;
mod error;
mod lock;
#[cfg(feature = "std")]
mod moment;
mod money;
mod nonce;
mod outcome;
mod pointers;
#[cfg(feature = "std")]
mod proc;
mod process;
#[cfg(feature = "https")]
mod provider;
mod secret;
mod terminal;
mod text;

mod wire;

mod gateways;

mod transport;

mod client;

mod journal;

mod till;

#[cfg(feature = "contract")]
pub mod contract;

#[cfg(feature = "capi")]
#[allow(unsafe_code)]
mod capi;

pub use client::check::{Part, Report, Step, Verdict};
pub use client::explain::{Explanation, Finding, explain, explain_workwx_sign};
pub use client::{Client, Inputs, Prepared};
#[cfg(feature = "std")]
pub use clock::SystemClock;
pub use clock::{ChinaTime, Clock};
pub use error::{Error, ErrorKind};
pub use gateways::account::{
    Account, RedpackAccount, SignType, SwiftpassAccount, WebgateAccount, WorkwxAccount, WxpayAccount,
};
pub use gateways::auth_code::{AuthCodeToOpenid, CodesOpenid};
#[cfg(feature = "gzip")]
pub use gateways::bill::GzipBill;
pub use gateways::bill::{BillType, DownloadBill, DownloadFundFlow, FundAccount};
pub use gateways::counter::{CounterAccount, CounterSale};
pub use gateways::group_redpack::SendGroupRedPack;
pub use gateways::micropay::{MicroPaid, MicroPay, Reverse, Reversed};
pub use gateways::miniprogram_hb::{HbFields, MiniProgramHbSent, SendMiniProgramHb};
pub use gateways::notification::{Notification, NotificationFault, PaidNotice, StoredOrder};
pub use gateways::redpack::{GetHbInfo, HbInfo, HbStatus, RedPackSent, SceneId, SendRedPack};
pub use gateways::refund::{QueriedRefund, Refund, RefundOf, RefundQuery, RefundTaken};
#[cfg(openssl_backend)]
pub use gateways::refund_hint::RefundHint;
pub use gateways::request::{Close, Download, Payment, Query, Reply, Request};
pub use gateways::swiftpass::{Trade, TradeClose, TradeClosed, TradeQuery, WapOrder, WapOrderMade};
pub use gateways::trade::{TradeState, Valid};
pub use gateways::unified_micropay::{UnifiedMicropay, UnifiedPaid, UnifiedReverse, UnifiedReversed};
pub use gateways::unified_order::{
    AlipayJspay, AlipayNative, PageOrderMade, ScannedOrderMade, UnifiedNative, UrlOrderMade, WeixinJspay, WeixinNative,
    WeixinWappay,
};
pub use gateways::unified_refund::{QueriedUnifiedRefund, UnifiedRefund, UnifiedRefundQuery, UnifiedRefundTaken};
pub use gateways::webgate::{WxCharge, WxCharged};
pub use gateways::workwx::{
    CheckName, EmployeePaid, EmployeePayment, PayEmployee, QueryPayEmployee, TransferStatus, WwMsgType,
};
pub use gateways::workwx_redpack::{
    QueryWorkwxRedPack, SendWorkwxRedPack, WorkwxRedPackInfo, WorkwxRedPackSent, WorkwxSender,
};
pub use gateways::wxpay::{
    CloseOrder, H5Order, H5OrderMade, JsFields, JsapiOrder, JsapiOrderMade, NativeOrder, NativeOrderMade, OrderClosed,
    OrderQuery, QueriedOrder,
};
pub use gateways::{
    ENDPOINTS, auth_code, bill, group_redpack, micropay, miniprogram_hb, redpack, refund, swiftpass, unified_micropay,
    unified_order, unified_refund, webgate, workwx, workwx_redpack, wxpay,
};
#[cfg(feature = "sqlite")]
pub use journal::SqliteJournal;
pub use journal::order_number::{COUNTERS, EPOCHS, Made, OrderNumbers, Serial};
pub use journal::{
    Entry, EntryId, EntryState, EntryVersion, Journal, JournalFault, JournalFaultKind, Mended, NewEntry, Numbered,
    Owner, Settlement, Summary,
};
pub use money::Fen;
pub use nonce::Random;
#[cfg(feature = "https")]
pub use nonce::SystemRandom;
pub use outcome::{Answer, Doubt, Next, Outcome, Reason, Refusal, Words};
pub use secret::Secret;
pub use terminal::Terminal;
#[cfg(feature = "std")]
pub use till::SystemPause;
pub use till::{
    BillFinding, BillSource, Bills, Cash, Cashier, Evidence, FindingKind, HbClaim, Notified, Options, Pause, Phase,
    Progress, Receipt, ReconcileFault, Reconciled, Repeats, Reported, Reversals, Till, Watch,
};
#[cfg(feature = "https")]
pub use transport::https::{Https, HttpsBuilder};
#[cfg(feature = "https")]
pub use transport::identity::Identity;
#[cfg(feature = "https")]
pub use transport::resolver::{Resolve, SystemResolver};
pub use transport::{ClientCertificate, Downloaded, Fault, Post, Received, Sent, Stage, Transport, Warm};
pub use wire::bill::{
    BillFault, BillLine, BillReader, BillRow, BillState, BillTotals, Column, FlowLine, FlowRow, FlowTotals,
    FundFlowReader, Yuan,
};
pub use wire::fields::Fields;
pub use wire::pairs::{Pairs, PairsFault};
#[cfg(openssl_backend)]
pub use wire::req_info::read_req_info;
#[cfg(openssl_backend)]
pub use wire::rsa::{PrivateKey, PublicKey, RsaDigest, RsaReply};
pub use wire::sign::signature;
pub use wire::verify::{ReplyRule, verify_signature};
pub use wire::xml::read_xml;

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
