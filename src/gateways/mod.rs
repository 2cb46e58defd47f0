//! The gateways: one file each, a table and the typed requests and replies.

pub(crate) mod account;
pub mod auth_code;
pub mod bill;
pub(crate) mod counter;
pub mod group_redpack;
pub mod micropay;
pub mod miniprogram_hb;
pub(crate) mod notification;
pub mod redpack;
pub mod refund;
#[cfg(openssl_backend)]
pub(crate) mod refund_hint;
pub(crate) mod request;
mod rows;
pub mod swiftpass;
pub(crate) mod trade;
pub mod unified_micropay;
pub mod unified_order;
pub mod unified_refund;
pub mod webgate;
pub mod workwx;
pub mod workwx_redpack;
pub mod wxpay;

use crate::endpoint::Endpoint;
use account::{Account, RedpackAccount, SwiftpassAccount, WebgateAccount, WorkwxAccount, WxpayAccount};

/// Every call of every gateway: by it a till finds the table of a stored entry. `tests/unit/gateways.rs` misses one that is left out.
pub const ENDPOINTS: &[&Endpoint] = &[
    &micropay::MICRO_PAY,
    &micropay::REVERSE,
    &refund::REFUND,
    &refund::REFUND_QUERY,
    &auth_code::AUTH_CODE_TO_OPENID,
    &wxpay::NATIVE_ORDER,
    &wxpay::JSAPI_ORDER,
    &wxpay::H5_ORDER,
    &wxpay::ORDER_QUERY,
    &wxpay::CLOSE_ORDER,
    &bill::DOWNLOAD_BILL,
    &bill::DOWNLOAD_FUND_FLOW,
    &redpack::SEND_REDPACK,
    &group_redpack::SEND_GROUP_REDPACK,
    &miniprogram_hb::SEND_MINIPROGRAM_HB,
    &redpack::GET_HB_INFO,
    &workwx::PAY_WWSPTRANS2POCKET,
    &workwx::QUERY_WWSPTRANS2POCKET,
    &workwx_redpack::SEND_WORKWX_REDPACK,
    &workwx_redpack::QUERY_WORKWX_REDPACK,
    &swiftpass::WAP_ORDER,
    &unified_micropay::UNIFIED_MICROPAY,
    &unified_micropay::UNIFIED_REVERSE,
    &unified_refund::UNIFIED_REFUND,
    &unified_refund::UNIFIED_REFUND_QUERY,
    &unified_order::WEIXIN_NATIVE,
    &unified_order::ALIPAY_NATIVE,
    &unified_order::UNIFIED_NATIVE,
    &unified_order::WEIXIN_JSPAY,
    &unified_order::ALIPAY_JSPAY,
    &unified_order::WEIXIN_WAPPAY,
    &swiftpass::TRADE_QUERY,
    &swiftpass::TRADE_CLOSE,
    &webgate::WXCHARGE,
];

/// A call of each family that moves money or makes an order: by it a check finds the query.
const PAYMENTS: &[(&str, &Endpoint)] = &[
    (WxpayAccount::FAMILY, &micropay::MICRO_PAY),
    (RedpackAccount::FAMILY, &redpack::SEND_REDPACK),
    (WorkwxAccount::FAMILY, &workwx::PAY_WWSPTRANS2POCKET),
    (SwiftpassAccount::FAMILY, &swiftpass::WAP_ORDER),
    (WebgateAccount::FAMILY, &webgate::WXCHARGE),
];

pub(crate) fn payment_of(family: &str) -> Option<&'static Endpoint> {
    PAYMENTS.iter().find(|(have, _)| *have == family).map(|(_, endpoint)| *endpoint)
}

#[cfg(test)]
#[path = "../../tests/unit/gateways.rs"]
mod tests;
