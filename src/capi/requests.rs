//! Requests: fields by the names of the documents.

use std::ffi::c_char;
use std::sync::Mutex;

use crate::endpoint::{Endpoint, Kind, Required, Source};
use crate::gateways::account::Account;
use crate::gateways::auth_code::AuthCodeToOpenid;
use crate::gateways::group_redpack::SendGroupRedPack;
use crate::gateways::micropay::{MicroPay, Reverse};
use crate::gateways::miniprogram_hb::SendMiniProgramHb;
use crate::gateways::redpack::{GetHbInfo, SendRedPack};
use crate::gateways::refund::{Refund, RefundQuery};
use crate::gateways::request::Request;
use crate::gateways::swiftpass::{TradeClose, TradeQuery, WapOrder};
use crate::gateways::unified_micropay::{UnifiedMicropay, UnifiedReverse};
use crate::gateways::unified_order::{
    AlipayJspay, AlipayNative, UnifiedNative, WeixinJspay, WeixinNative, WeixinWappay,
};
use crate::gateways::unified_refund::{UnifiedRefund, UnifiedRefundQuery};
use crate::gateways::webgate::WxCharge;
use crate::gateways::workwx::{PayEmployee, QueryPayEmployee};
use crate::gateways::workwx_redpack::{QueryWorkwxRedPack, SendWorkwxRedPack};
use crate::gateways::wxpay::{CloseOrder, H5Order, JsapiOrder, NativeOrder, OrderQuery};
use crate::money::Fen;
use crate::till::{Read, kept};
use crate::wire::fields::{Fields, scanned};

use super::ffi::{Done, Fail, abi, handle, locked, put, seen, text, wanted, wxt_request};
use super::numbers::{wxt_call, wxt_code};

super::ffi::opaque! {
    wxt_request: Mutex<Given> = 0x5758_0002;
}

/// What one call is to the library.
pub(super) struct Call {
    number: i32,
    pub(super) family: &'static str,
    pub(super) endpoint: &'static Endpoint,
    pub(super) use_: Use,
    pub(super) read: Read,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Pay,
    Ask,
    Close,
}

pub(super) const fn call<R: Request>(number: wxt_call, use_: Use) -> Call {
    let family = <R::Account as Account>::FAMILY;
    Call { number: number as i32, family, endpoint: R::ENDPOINT, use_, read: kept::<R::Reply> }
}

/// Every call. A new gateway adds its rows here, its numbers in `numbers.rs`, and its account in `accounts.rs` and `clients.rs`.
pub(super) static CALLS: [Call; 32] = [
    call::<SendRedPack<'_>>(wxt_call::WXT_SEND_REDPACK, Use::Pay),
    call::<GetHbInfo<'_>>(wxt_call::WXT_GET_HB_INFO, Use::Ask),
    call::<PayEmployee<'_>>(wxt_call::WXT_PAY_EMPLOYEE, Use::Pay),
    call::<QueryPayEmployee<'_>>(wxt_call::WXT_QUERY_PAY_EMPLOYEE, Use::Ask),
    call::<WapOrder<'_>>(wxt_call::WXT_WAP_ORDER, Use::Pay),
    call::<TradeQuery<'_>>(wxt_call::WXT_TRADE_QUERY, Use::Ask),
    call::<TradeClose<'_>>(wxt_call::WXT_TRADE_CLOSE, Use::Close),
    call::<WxCharge<'_>>(wxt_call::WXT_WXCHARGE, Use::Pay),
    call::<NativeOrder<'_>>(wxt_call::WXT_NATIVE_ORDER, Use::Pay),
    call::<JsapiOrder<'_>>(wxt_call::WXT_JSAPI_ORDER, Use::Pay),
    call::<H5Order<'_>>(wxt_call::WXT_H5_ORDER, Use::Pay),
    call::<OrderQuery<'_>>(wxt_call::WXT_ORDER_QUERY, Use::Ask),
    call::<CloseOrder<'_>>(wxt_call::WXT_CLOSE_ORDER, Use::Close),
    call::<MicroPay<'_>>(wxt_call::WXT_MICRO_PAY, Use::Pay),
    call::<Reverse<'_>>(wxt_call::WXT_REVERSE, Use::Close),
    call::<Refund<'_>>(wxt_call::WXT_REFUND, Use::Pay),
    call::<RefundQuery<'_>>(wxt_call::WXT_REFUND_QUERY, Use::Ask),
    call::<AuthCodeToOpenid<'_>>(wxt_call::WXT_AUTH_CODE_TO_OPENID, Use::Ask),
    call::<UnifiedMicropay<'_>>(wxt_call::WXT_UNIFIED_MICROPAY, Use::Pay),
    call::<UnifiedReverse<'_>>(wxt_call::WXT_UNIFIED_REVERSE, Use::Close),
    call::<UnifiedRefund<'_>>(wxt_call::WXT_UNIFIED_REFUND, Use::Pay),
    call::<UnifiedRefundQuery<'_>>(wxt_call::WXT_UNIFIED_REFUND_QUERY, Use::Ask),
    call::<WeixinNative<'_>>(wxt_call::WXT_WEIXIN_NATIVE, Use::Pay),
    call::<AlipayNative<'_>>(wxt_call::WXT_ALIPAY_NATIVE, Use::Pay),
    call::<UnifiedNative<'_>>(wxt_call::WXT_UNIFIED_NATIVE, Use::Pay),
    call::<WeixinJspay<'_>>(wxt_call::WXT_WEIXIN_JSPAY, Use::Pay),
    call::<AlipayJspay<'_>>(wxt_call::WXT_ALIPAY_JSPAY, Use::Pay),
    call::<WeixinWappay<'_>>(wxt_call::WXT_WEIXIN_WAPPAY, Use::Pay),
    call::<SendGroupRedPack<'_>>(wxt_call::WXT_SEND_GROUP_REDPACK, Use::Pay),
    call::<SendMiniProgramHb<'_>>(wxt_call::WXT_SEND_MINIPROGRAM_HB, Use::Pay),
    call::<SendWorkwxRedPack<'_>>(wxt_call::WXT_SEND_WORKWX_REDPACK, Use::Pay),
    call::<QueryWorkwxRedPack<'_>>(wxt_call::WXT_QUERY_WORKWX_REDPACK, Use::Ask),
];

/// A name that is not known is not repeated: exchanged arguments would put a key into the text. The known ones are named.
pub(super) fn unknown_name<'a>(of: &str, known: impl Iterator<Item = &'a str>) -> Fail {
    let known: Vec<&str> = known.collect();
    Fail::Unknown(["is none of ", of, "; there are: ", &known.join(", ")].concat())
}

pub(super) fn call_of(number: i32) -> Done<&'static Call> {
    CALLS.iter().find(|call| call.number == number).ok_or(Fail::Argument("call", "is no call of this library"))
}

/// A request whose fields are set by name.
pub(super) struct Given {
    pub(super) call: &'static Call,
    pub(super) fields: Fields,
}

impl Given {
    fn new(call: &'static Call) -> Given {
        let mut fields = Fields::default();
        for row in call.endpoint.fields {
            // Where the document leaves one value only, there is nothing to choose: total_num, bill_type, sign_method.
            if let (Kind::OneOf([only]), Required::Yes, Source::Request) = (row.kind, row.required, row.source) {
                fields.text(row.name, only);
            }
        }
        Given { call, fields }
    }

    /// The row of a field that the caller may set.
    fn row(&self, name: &str) -> Done<&'static crate::endpoint::Field> {
        let row = self.call.endpoint.field(name).ok_or_else(|| {
            let given = self.call.endpoint.fields.iter().filter(|row| row.source == Source::Request);
            unknown_name(&["the fields of ", self.call.endpoint.name].concat(), given.map(|row| row.name))
        })?;
        match row.source {
            Source::Request => Ok(row),
            Source::Account => Err(Fail::Argument(row.name, "is filled from the account")),
            Source::Terminal => Err(Fail::Argument(row.name, "is filled from the terminal's device_info")),
            Source::Attempt => Err(Fail::Argument(row.name, "is made anew for each attempt")),
        }
    }
}

abi! {
    /// A request with nothing set but what has one possible value: `total_num` 1, `bill_type` MCHT, `sign_method` HMAC,
    /// `trade_type` NATIVE, `amt_type` ALL_RAND, `notify_way` MINI_PROGRAM_JSAPI.
    /// `call` is one of `wxt_call`.
    call wxt_request_new(call: i32, request: *mut *mut wxt_request) {
        wanted(request, "request")?;
        put(request, handle(Mutex::new(Given::new(call_of(call)?))));
    }

    /// Sets a field by the name that the document gives it: "re_openid". The value is UTF-8 and copied. Setting a field again
    /// replaces it. The value is checked against the document's table when the request is prepared or paid.
    call wxt_request_set(request: *mut wxt_request, name: *const c_char, value: *const c_char) {
        let mut given = locked(seen(request, "request")?);
        let row = given.row(text(name, "name")?)?;
        let value = text(value, "value")?;
        given.fields = given.fields.with(row.name, if matches!(row.kind, Kind::AuthCode(_)) { scanned(value) } else { value });
    }

    /// Sets an amount in fen: 100 is one yuan. Only fields that are amounts take it.
    call wxt_request_set_fen(request: *mut wxt_request, name: *const c_char, fen: i64) {
        let mut given = locked(seen(request, "request")?);
        let row = given.row(text(name, "name")?)?;
        if !matches!(row.kind, Kind::Fen { .. } | Kind::AnyFen { .. }) {
            return Err(Fail::Argument(row.name, "is no amount"));
        }
        let fen = Fen::new(fen).map_err(|_| Fail::Argument("fen", "must be 0 to 2147483647"))?;
        given.fields = given.fields.with(row.name, &fen.to_string());
    }

    /// Frees a request. NULL is nothing to free.
    free wxt_request_free(request: wxt_request);
}
