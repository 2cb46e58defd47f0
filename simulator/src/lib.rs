//! A gateway on loopback for testing `wxpay-terminal`: mutual TLS, a ledger, and faults.
//!
//! It plays five gateways on one port: WeChat Pay's own and a Swiftpass-type one (orders, payment codes, reversals,
//! refunds), cash red packets, WeCom payments to employees, and an e-pay web gateway. It shares no code with the library
//! and was written from the documents alone, so agreement between the two means something. Hashes, signatures and
//! certificates are OpenSSL's. "docs:" in a comment names the section of the collected protocol facts, "POS flows" the
//! page about the counter.
//!
//! It keeps the promises that money depends on, unless a [`Behaviour`] is asked for: one order number pays at most
//! once, the same content gets the same result, other content is refused, and the query tells what the ledger holds.
//!
//! ```
//! use wxpay_simulator::{Fault, Simulator};
//!
//! let simulator = Simulator::start()?;
//! simulator.fault_for_amount(1201, Fault::CloseAfterCommit);
//! println!("{} {:?}", simulator.base_url(), simulator.files().ca_pem);
//! assert!(simulator.ledger().is_empty());
//! # Ok::<(), std::io::Error>(())
//! ```

#![forbid(unsafe_code)]
#![warn(missing_docs, missing_debug_implementations)]

mod behaviour;
mod bill_row;
mod bills;
mod certificates;
mod clock;
mod commands;
mod connection;
mod console;
mod counter;
pub mod credentials;
mod customer;
mod desk;
mod dialect;
mod dialog;
mod direct;
mod distort;
mod downloads;
mod exchange;
mod faults;
mod fields;
mod form;
mod gateway;
mod http;
mod json;
mod ledger;
mod micropay;
mod network;
mod nonce;
mod notify;
mod openid;
mod orders;
mod parcel;
mod phone;
mod plan;
mod question;
mod record;
mod redpack;
mod refund;
mod refund_notice;
mod refunding;
mod reply;
mod reversal;
mod server;
mod settings;
mod shared;
pub mod sign;
mod simulator;
mod swiftpass;
mod swiftpass_replies;
mod tables;
mod tenpay;
mod this_program;
mod wallet;
mod webgate;
mod wire;
mod workwx;
mod workwx_redpack;
mod wxpay;
mod wxpay_counter;
mod xml;

pub use behaviour::Behaviour;
pub use bill_row::BillRow;
pub use bills::BillTrouble;
pub use certificates::{
    Files, swiftpass_merchant_private_key, swiftpass_private_key, swiftpass_public_key, webgate_private_key,
};
pub use commands::COMMANDS;
pub use console::Console;
pub use customer::Customer;
pub use exchange::Exchange;
pub use faults::Fault;
pub use notify::Delivery;
pub use phone::Habit;
pub use record::Entry;
pub use refund::{RefundEntry, RefundStatus};
pub use settings::{ClientCertificate, ServerCertificate, Settings, SignType, TlsRange};
pub use shared::Seen;
pub use simulator::Simulator;
pub use this_program::this_program;
