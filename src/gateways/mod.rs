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
use account::sealed::Tables;
use account::{RedpackAccount, SwiftpassAccount, WebgateAccount, WorkwxAccount, WxpayAccount};

/// The calls of each account.
const FAMILIES: &[&[&Endpoint]] =
    &[WxpayAccount::CALLS, RedpackAccount::CALLS, WorkwxAccount::CALLS, SwiftpassAccount::CALLS, WebgateAccount::CALLS];

/// Every call of every gateway, for whoever reads or tests the tables. A program that names it links all of them; the till finds a stored
/// entry's by its accounts (`Tables::CALLS`). `tests/unit/gateways.rs` misses one that is left out.
pub const ENDPOINTS: &[&Endpoint] = &joined::<{ count(FAMILIES) }>(FAMILIES);

const fn count(families: &[&[&Endpoint]]) -> usize {
    match families {
        [first, others @ ..] => first.len().saturating_add(count(others)),
        [] => 0,
    }
}

const fn joined<const COUNT: usize>(mut families: &[&[&'static Endpoint]]) -> [&'static Endpoint; COUNT] {
    let mut all = [WxpayAccount::PAYMENT; COUNT];
    let mut rest: &mut [&Endpoint] = &mut all;
    while let [family, others @ ..] = families {
        let Some((here, behind)) = rest.split_at_mut_checked(family.len()) else { break };
        here.copy_from_slice(family);
        (families, rest) = (others, behind);
    }
    all
}

impl Tables for WxpayAccount {
    const PAYMENT: &'static Endpoint = &micropay::MICRO_PAY;
    const CALLS: &'static [&'static Endpoint] = &[
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
    ];
}

impl Tables for RedpackAccount {
    const PAYMENT: &'static Endpoint = &redpack::SEND_REDPACK;
    const CALLS: &'static [&'static Endpoint] = &[
        &redpack::SEND_REDPACK,
        &group_redpack::SEND_GROUP_REDPACK,
        &miniprogram_hb::SEND_MINIPROGRAM_HB,
        &redpack::GET_HB_INFO,
    ];
}

impl Tables for WorkwxAccount {
    const PAYMENT: &'static Endpoint = &workwx::PAY_WWSPTRANS2POCKET;
    const CALLS: &'static [&'static Endpoint] = &[
        &workwx::PAY_WWSPTRANS2POCKET,
        &workwx::QUERY_WWSPTRANS2POCKET,
        &workwx_redpack::SEND_WORKWX_REDPACK,
        &workwx_redpack::QUERY_WORKWX_REDPACK,
    ];
}

impl Tables for SwiftpassAccount {
    const PAYMENT: &'static Endpoint = &swiftpass::WAP_ORDER;
    const CALLS: &'static [&'static Endpoint] = &[
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
    ];
}

impl Tables for WebgateAccount {
    const PAYMENT: &'static Endpoint = &webgate::WXCHARGE;
    const CALLS: &'static [&'static Endpoint] = &[&webgate::WXCHARGE];
}

#[cfg(test)]
#[path = "../../tests/unit/gateways.rs"]
mod tests;
