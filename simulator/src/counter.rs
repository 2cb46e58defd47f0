//! The two gateways that have a counter.

use crate::dialect::Dialect;
use crate::gateway::Gateway;
use crate::{swiftpass_replies, wxpay_counter};

/// How it speaks.
pub(crate) fn dialect(gateway: Gateway) -> &'static Dialect {
    match gateway {
        Gateway::Swiftpass => &swiftpass_replies::DIALECT,
        _ => &wxpay_counter::DIALECT,
    }
}

/// The gateway that an order's record is of.
pub(crate) fn of_name(name: &str) -> &'static Dialect {
    match name == Gateway::Swiftpass.name() {
        true => dialect(Gateway::Swiftpass),
        false => dialect(Gateway::Wxpay),
    }
}
