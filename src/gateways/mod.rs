//! The gateways: one file each, a table and the typed requests and replies.

pub(crate) mod account;
pub(crate) mod notification;
pub mod redpack;
pub(crate) mod request;
mod rows;
pub mod swiftpass;
pub mod webgate;
pub mod workwx;

use crate::endpoint::Endpoint;

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
