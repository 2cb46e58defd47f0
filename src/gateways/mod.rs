//! The gateways: one file each, a table and the typed requests and replies.

pub mod redpack;
pub mod swiftpass;
pub mod webgate;
pub mod workwx;

use crate::endpoint::{Endpoint, Field, Kind, Required, Source};

/// Every call of every gateway. Tests run over all of them, so that a new one cannot be left out.
pub const ENDPOINTS: &[&Endpoint] = &[
    &redpack::SEND_REDPACK,
    &redpack::GET_HB_INFO,
    &workwx::PAY_WWSPTRANS2POCKET,
    &workwx::QUERY_WWSPTRANS2POCKET,
    &swiftpass::WAP_ORDER,
    &swiftpass::TRADE_QUERY,
    &swiftpass::TRADE_CLOSE,
    &webgate::WXCHARGE,
];

/// A row that the caller fills.
const fn given(name: &'static str, label: &'static str, required: Required, kind: Kind, longest: u16) -> Field {
    Field { name, required, source: Source::Request, kind, longest, shown: false, label }
}

/// A row that the account fills.
const fn account(name: &'static str, label: &'static str, longest: u16) -> Field {
    Field { name, required: Required::Yes, source: Source::Account, kind: Kind::Word, longest, shown: true, label }
}

/// A row that each attempt fills anew.
const fn attempt(name: &'static str, label: &'static str, longest: u16) -> Field {
    Field { name, required: Required::Yes, source: Source::Attempt, kind: Kind::Word, longest, shown: false, label }
}

/// 设备号, which the terminal fills.
const DEVICE_INFO: Field = Field {
    name: "device_info",
    required: Required::No,
    source: Source::Terminal,
    kind: Kind::Word,
    longest: 32,
    shown: true,
    label: "设备号",
};

/// The same row, whose value may be shown in a log.
const fn shown(mut row: Field) -> Field {
    row.shown = true;
    row
}
