//! WeChat Pay's own gateway: orders that a customer scans or opens (`unifiedorder`), their query and their close.
//!
//! Documents: protocol sections E.2, E.3, F.1; POS flows 4, 11, 13, 14. MD5 or HMAC-SHA256, as the account says; replies are
//! signed when `return_code` is SUCCESS; no client certificate.
//!
//! **`Ordered` means that an order exists. Nobody has paid it.** Whether the customer paid is told by the query
//! ([`OrderQuery`]) and by the notification.

use alloc::string::String;
use core::fmt;
use core::time::Duration;

use super::rows::{DEVICE_INFO, RESULT_CODE, RETURN_CODE, SIGN_BY_ACCOUNT, account, attempt, given, may, row, shown};
use crate::endpoint::{
    Body, Due, Endpoint, Field, Kind, Means, Numbers, OrderRules, ReplyTable, Required, Resolution, ResolvedBy, Row,
    Rule,
};
use crate::error::Error;
use crate::gateways::account::{WxpayAccount, sealed::Sealed as _};
use crate::gateways::notification::{Notification, NotificationFault};
use crate::gateways::request::{Reply, Request, reply, request};
use crate::gateways::trade::{TradeState, Valid, about_an_order};
use crate::money::Fen;
use crate::outcome::Next;
use crate::wire::fields::{Fields, is_link_of_wechat, is_url};
use crate::wire::pairs::Pairs;
use crate::wire::sign::{self, Canonical};

/// 商户订单号: 6 to 32 characters (POS flows 13).
const OUT_TRADE_NO: Kind = Kind::OrderNumber { shortest: 6, also: "_-|*" };

/// The rows that identify the merchant, and the order.
pub(super) const APPID: Field = account("appid", "公众账号ID", 32);
pub(super) const MCH_ID: Field = account("mch_id", "商户号", 32);
pub(super) const SUB_APPID: Field = may(account("sub_appid", "子商户公众账号ID", 32));
pub(super) const SUB_MCH_ID: Field = may(account("sub_mch_id", "子商户号", 32));
pub(super) const NONCE_STR: Field = attempt("nonce_str", "随机字符串", 32);
/// 32 characters of MD5, 64 of HMAC-SHA256; tables say 32 (POS flows 13).
pub(super) const SIGNATURE: Field = attempt("sign", "签名", 64);
pub(super) const SIGN_TYPE: Field = may(account("sign_type", "签名类型", 32));
pub(super) const NUMBER: Field = shown(given("out_trade_no", "商户订单号", Required::Yes, OUT_TRADE_NO, 32));

/// What all of these calls have in common.
pub(super) const CALL: Endpoint = Endpoint {
    name: "",
    path: "",
    body: Body::Xml,
    client_certificate: false,
    asks: false,
    // The replies to an order and to a close name neither the order nor the amount (POS flows 4).
    own_connection: true,
    order_number: "out_trade_no",
    numbers: Numbers::DateSerial,
    amount: "",
    fields: &[],
    rules: &[],
    signing: &[SIGN_BY_ACCOUNT],
    reply: ReplyTable {
        transport: Some(RETURN_CODE),
        business: RESULT_CODE,
        paid: &[],
        refuses: &[],
        code: &["err_code"],
        text: &["err_code_des", "return_msg"],
        signature: Due::Always,
        echo: &[
            ("mch_id", "mch_id"),
            ("appid", "appid"),
            ("sub_mch_id", "sub_mch_id"),
            ("out_trade_no", "out_trade_no"),
        ],
        must_have: &["mch_id", "appid", "sub_mch_id"],
        only_in_success: &[],
        codes: &[],
        other_codes: Means::Open,
    },
    decides: &[],
    payee_pause: None,
    resolved_by: ResolvedBy::NotByTill,
    document: "protocol E.2, E.3; POS flows 3.1, 3.3, 4",
};

/// A call of `unifiedorder`: its name and rows, its rules, what its success must have, how a till resolves it.
const fn unified_order(
    (name, fields): (&'static str, &'static [Field]),
    rules: &'static [Rule],
    must_have: &'static [&'static str],
    resolved_by: ResolvedBy,
) -> Endpoint {
    Endpoint {
        name,
        path: "/pay/unifiedorder",
        amount: "total_fee",
        fields,
        rules,
        reply: ReplyTable {
            echo: &[
                ("mch_id", "mch_id"),
                ("appid", "appid"),
                ("sub_mch_id", "sub_mch_id"),
                ("out_trade_no", "out_trade_no"),
                ("total_fee", "total_fee"),
                ("trade_type", "trade_type"),
            ],
            must_have,
            only_in_success: &["prepay_id", "code_url", "mweb_url", "transaction_id"],
            codes: REFUSALS,
            ..CALL.reply
        },
        decides: &["total_fee", "fee_type", "openid", "sub_openid"],
        resolved_by,
        document: "protocol E.2, E.3; POS flows 4",
        ..CALL
    }
}

/// The rows of `unifiedorder`, with those that depend on the `trade_type`.
macro_rules! order_fields {
    ($trade_type:expr, $product_id:expr) => {
        &[
            shown(given("version", "接口版本号", Required::No, Kind::OneOf(&["1.0"]), 32)),
            shown(given("profit_sharing", "是否指定服务商分账", Required::No, Kind::OneOf(&["Y", "N"]), 1)),
            APPID,
            MCH_ID,
            SUB_APPID,
            SUB_MCH_ID,
            DEVICE_INFO,
            NONCE_STR,
            SIGNATURE,
            SIGN_TYPE,
            given("body", "商品描述", Required::Yes, Kind::Text, 127),
            given("detail", "商品详情", Required::No, Kind::Text, 6000),
            given("attach", "附加数据", Required::No, Kind::Text, 127),
            NUMBER,
            shown(given("fee_type", "标价币种", Required::No, Kind::OneOf(&["CNY"]), 16)),
            shown(given("total_fee", "标价金额", Required::Yes, Kind::Fen { least: 1 }, 10)),
            given("spbill_create_ip", "终端IP", Required::Yes, Kind::Ip, 64),
            shown(given("time_start", "交易起始时间", Required::No, Kind::ChinaTime, 14)),
            shown(given("time_expire", "交易结束时间", Required::No, Kind::ChinaTime, 14)),
            given("goods_tag", "订单优惠标记", Required::No, Kind::Text, 32),
            given("notify_url", "通知地址", Required::Yes, Kind::NotifyUrl, 256),
            shown(given("trade_type", "交易类型", Required::Yes, Kind::OneOf($trade_type), 16)),
            shown(given("product_id", "商品ID", $product_id, Kind::Word, 32)),
            shown(given("limit_pay", "指定支付方式", Required::No, Kind::OneOf(&["no_credit"]), 32)),
            given("openid", "用户标识", Required::No, Kind::Word, 128),
            given("sub_openid", "用户子标识", Required::No, Kind::Word, 128),
            shown(given("receipt", "电子发票入口开放标识", Required::No, Kind::OneOf(&["Y", "N"]), 8)),
            given("scene_info", "场景信息", Required::No, Kind::Text, 256),
        ]
    };
}

/// One without the other has no effect (POS flows 4).
const PERIOD: Rule = Rule::Period { from: "time_start", until: "time_expire" };

/// `unifiedorder`, `trade_type` NATIVE: the customer scans its `code_url`.
pub const NATIVE_ORDER: Endpoint = unified_order(
    ("unifiedorder.NATIVE", order_fields!(&["NATIVE"], Required::Yes)),
    &[PERIOD],
    &["mch_id", "appid", "sub_mch_id", "trade_type", "prepay_id", "code_url"],
    ResolvedBy::Order(&RESOLUTION, &NATIVE),
);

/// `unifiedorder`, `trade_type` JSAPI: a page in WeChat pays its `prepay_id`.
pub const JSAPI_ORDER: Endpoint = unified_order(
    ("unifiedorder.JSAPI", order_fields!(&["JSAPI"], Required::No)),
    &[PERIOD, Rule::OneOf(&["openid", "sub_openid"])],
    &["mch_id", "appid", "sub_mch_id", "trade_type", "prepay_id"],
    ResolvedBy::Order(&RESOLUTION, &JSAPI),
);

/// `unifiedorder`, `trade_type` MWEB: the customer's phone browser opens its `mweb_url`.
pub const H5_ORDER: Endpoint = unified_order(
    ("unifiedorder.MWEB", order_fields!(&["MWEB"], Required::No)),
    &[PERIOD],
    &["mch_id", "appid", "sub_mch_id", "trade_type", "prepay_id", "mweb_url"],
    ResolvedBy::Order(&RESOLUTION, &MWEB),
);

/// POS flows 3.1 and 4. PAYERROR is none of the unpaid states (ruling 3).
pub(super) const RESOLUTION: Resolution = Resolution {
    query: &ORDER_QUERY,
    fixed: &[],
    state: "trade_state",
    amount: "total_fee",
    paid: &["SUCCESS"],
    unpaid: &["CLOSED", "REVOKED"],
    evidence: &["trade_state", "transaction_id", "time_end"],
    // POS flows 20.17.
    look_back: Duration::from_secs(30 * 86_400),
    slow: &[],
    refund: None,
    repeat_when: &[],
};

/// POS flows 4: 6 minutes, at least 5 minutes and 1 second; `code_url` and `prepay_id` live for 2 h.
const fn scanned(handed_out: &'static [&'static str]) -> OrderRules {
    OrderRules {
        close: &CLOSE_ORDER,
        valid: ("time_start", "time_expire"),
        lasts: Duration::from_secs(6 * 60),
        least: Duration::from_secs(5 * 60 + 1),
        margin: Duration::from_secs(60),
        window: Duration::from_secs(20 * 60),
        waiting: &["NOTPAY"],
        // A payment that failed may be tried again on the same QR (POS flows 20.11).
        paying: &["USERPAYING", "ACCEPT", "PAYERROR"],
        close_first: &[],
        given_back: &["REFUND"],
        gone: Duration::from_secs(130 * 60),
        handed_out,
    }
}

const NATIVE: OrderRules = scanned(&["code_url", "prepay_id", "trade_type"]);
const JSAPI: OrderRules = scanned(&["prepay_id", "trade_type"]);
const MWEB: OrderRules = scanned(&["mweb_url", "prepay_id", "trade_type"]);

const STOP: Means = Means::Refused(Next::Stop);
/// Nobody has a QR: a new number is safe.
const REFUSED: Means = Means::Refused(Next::NewNumber);

/// POS flows 4, codes of `unifiedorder`. A code that speaks of an order under this number says nothing final of a fresh one.
const REFUSALS: &[Row] = &[
    row("NOAUTH", STOP, "商户无此接口权限"),
    row("APPID_NOT_EXIST", STOP, "APPID不存在"),
    row("MCHID_NOT_EXIST", STOP, "MCHID不存在"),
    row("APPID_MCHID_NOT_MATCH", STOP, "appid和mch_id不匹配"),
    row("LACK_PARAMS", REFUSED, "缺少参数"),
    row("PARAM_ERROR", REFUSED, "参数错误"),
    row("NOT_UTF8", REFUSED, "编码格式错误"),
    row("POST_DATA_EMPTY", REFUSED, "post数据为空"),
    row("XML_FORMAT_ERROR", REFUSED, "XML格式错误"),
    row("REQUIRE_POST_METHOD", REFUSED, "请使用post方法"),
    row("SIGNERROR", REFUSED, "签名错误"),
    row("ORDERPAID", Means::Open, "商户订单已支付"),
    row("ORDERCLOSED", Means::Open, "订单已关闭"),
    row("OUT_TRADE_NO_USED", Means::Open, "商户订单号重复"),
    row("INVALID_REQUEST", Means::Open, "201 商户订单号重复"),
    row("SYSTEMERROR", Means::Open, "系统错误"),
    row("NOTENOUGH", Means::Open, "余额不足"),
];

/// `orderquery`. It knows the orders of the last 30 days.
pub const ORDER_QUERY: Endpoint = Endpoint {
    name: "orderquery",
    path: "/pay/orderquery",
    asks: true,
    own_connection: false,
    fields: &[
        shown(given("version", "接口版本号", Required::No, Kind::OneOf(&["1.0"]), 32)),
        APPID,
        SUB_APPID,
        MCH_ID,
        SUB_MCH_ID,
        NUMBER,
        NONCE_STR,
        SIGNATURE,
        SIGN_TYPE,
    ],
    reply: ReplyTable {
        must_have: &["mch_id", "appid", "sub_mch_id", "trade_state"],
        only_in_success: &["trade_state"],
        codes: &[row("ORDERNOTEXIST", Means::NotKnown, "此交易订单号不存在")],
        ..CALL.reply
    },
    ..CALL
};

/// `closeorder`. Its reply names no order: only the query after it counts (POS ruling 2).
pub const CLOSE_ORDER: Endpoint = Endpoint {
    name: "closeorder",
    path: "/pay/closeorder",
    fields: &[APPID, SUB_APPID, MCH_ID, SUB_MCH_ID, NUMBER, NONCE_STR, SIGNATURE, SIGN_TYPE],
    reply: ReplyTable {
        codes: &[row("ORDERNOTEXIST", Means::NotKnown, "订单系统不存在此订单")], ..CALL.reply
    },
    ..CALL
};

/// A request of `unifiedorder`: what all of them have, and what one has of its own.
macro_rules! order_request {
    (
        $(#[$doc:meta])*
        $name:ident: $endpoint:ident, $trade_type:literal -> $reply:ident,
        { $($(#[$own_doc:meta])* $own:ident: $type:ty = |$value:ident, $out:ident| $write:expr),* $(,)? }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Default, PartialEq, Eq)]
        pub struct $name<'a> {
            /// 商户订单号, 6–32 of letters, digits and `_-|*`. A till makes it.
            pub out_trade_no: &'a str,
            /// 商品描述, ≤127 characters.
            pub body: &'a str,
            /// 商品详情, JSON, ≤6000 characters.
            pub detail: Option<&'a str>,
            /// 附加数据, ≤127 characters. It comes back in the query, the notification and the bill.
            pub attach: Option<&'a str>,
            /// The amount in fen, 1 or more.
            pub total_fee: Fen,
            /// 终端IP, IPv4 or IPv6.
            pub spbill_create_ip: &'a str,
            /// 通知地址: an absolute https URL without a query string, ≤256.
            pub notify_url: &'a str,
            /// From when to when it may be paid, more than 5 minutes. A till says 6 minutes where nothing is set.
            pub valid: Option<Valid>,
            /// 订单优惠标记, ≤32 characters.
            pub goods_tag: Option<&'a str>,
            /// 指定支付方式: `true` sends `no_credit`, and no credit card pays it.
            pub no_credit: bool,
            /// 电子发票入口开放标识: `true` sends `Y`.
            pub receipt: bool,
            /// 是否指定服务商分账: `true` sends `Y`.
            pub profit_sharing: bool,
            /// 场景信息, JSON, ≤256 characters.
            pub scene_info: Option<&'a str>,
            $($(#[$own_doc])* pub $own: $type,)*
        }

        request!(Payment: $name);

        impl Request for $name<'_> {
            type Account = WxpayAccount;
            type Reply = $reply;
            const ENDPOINT: &'static Endpoint = &$endpoint;

            fn fields(&self, out: &mut Fields) {
                out.optional("profit_sharing", self.profit_sharing.then_some("Y"));
                out.text("body", self.body);
                out.optional("detail", self.detail);
                out.optional("attach", self.attach);
                out.text("out_trade_no", self.out_trade_no);
                out.fen("total_fee", self.total_fee);
                out.text("spbill_create_ip", self.spbill_create_ip);
                if let Some(valid) = self.valid {
                    out.time("time_start", valid.start);
                    out.time("time_expire", valid.expire);
                }
                out.optional("goods_tag", self.goods_tag);
                out.text("notify_url", self.notify_url);
                out.text("trade_type", $trade_type);
                out.optional("limit_pay", self.no_credit.then_some("no_credit"));
                out.optional("receipt", self.receipt.then_some("Y"));
                out.optional("scene_info", self.scene_info);
                $({
                    let ($value, $out) = (self.$own, &mut *out);
                    $write;
                })*
            }
        }

        impl fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("out_trade_no", &self.out_trade_no)
                    .field("total_fee", &self.total_fee)
                    .field("valid", &self.valid)
                    .finish_non_exhaustive()
            }
        }
    };
}

order_request! {
    /// Makes an order whose `code_url` the terminal shows as a QR: the customer scans it and pays.
    ///
    /// **An order is not a payment.** `appid`, `mch_id`, and those of the sub-merchant come from the account, `device_info` from the
    /// terminal. What is not set is neither sent nor signed.
    ///
    /// Document: protocol E.2; POS flows 4.
    NativeOrder: NATIVE_ORDER, "NATIVE" -> NativeOrderMade, {
        /// 商品ID, ≤32 visible ASCII characters.
        product_id: &'a str = |value, out| out.text("product_id", value),
    }
}

order_request! {
    /// Makes an order that a page inside WeChat pays: see [`WxpayAccount::js_fields`].
    ///
    /// **An order is not a payment.** Exactly one of `openid` and `sub_openid` is set.
    ///
    /// Document: protocol E.2; POS flows 4.
    JsapiOrder: JSAPI_ORDER, "JSAPI" -> JsapiOrderMade, {
        /// 用户标识: the customer under the account's `appid`, ≤128.
        openid: Option<&'a str> = |value, out| out.optional("openid", value),
        /// 用户子标识: the customer under the account's `sub_appid`, ≤128.
        sub_openid: Option<&'a str> = |value, out| out.optional("sub_openid", value),
        /// 商品ID, ≤32 visible ASCII characters.
        product_id: Option<&'a str> = |value, out| out.optional("product_id", value),
    }
}

order_request! {
    /// Makes an order whose `mweb_url` the customer's phone browser opens (H5, MWEB).
    ///
    /// **An order is not a payment.**
    ///
    /// Document: protocol E.2; POS flows 4.
    H5Order: H5_ORDER, "MWEB" -> H5OrderMade, {
        /// 商品ID, ≤32 visible ASCII characters.
        product_id: Option<&'a str> = |value, out| out.optional("product_id", value),
    }
}

/// The reply to an order. What lets its bearer pay is not shown in `Debug`.
macro_rules! order_reply {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident),* }) => {
        $(#[$doc])*
        #[derive(Clone)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$field_doc])* pub $field: String,)*
            /// 预支付交易会话标识, valid for 2 hours.
            pub prepay_id: String,
            /// Every field of the reply.
            pub reply: Pairs,
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }

        reply!($name);

        impl Reply for $name {
            type Account = WxpayAccount;

            fn read(reply: Pairs) -> Option<$name> {
                $(let $field = reply.owned(stringify!($field)).filter(|url| is_url(url) || is_link_of_wechat(url))?;)*
                Some($name { $($field,)* prepay_id: reply.owned("prepay_id")?, reply })
            }
        }
    };
}

order_reply! {
    /// An order exists. **Nobody has paid yet.** Show `code_url` as a QR, then ask.
    NativeOrderMade {
        /// 二维码链接, valid for 2 hours at most: `weixin://wxpay/bizpayurl…`.
        code_url
    }
}

order_reply! {
    /// An order exists. **Nobody has paid yet.** Give its `prepay_id` to the page, signed: [`WxpayAccount::js_fields`].
    JsapiOrderMade {}
}

order_reply! {
    /// An order exists. **Nobody has paid yet.** Open `mweb_url` on the customer's phone within 5 minutes, then ask.
    H5OrderMade {
        /// 支付跳转链接, valid for 5 minutes.
        mweb_url
    }
}

about_an_order! {
    WxpayAccount,
    /// Asks what became of an order.
    ///
    /// Document: protocol E.2.
    OrderQuery: ORDER_QUERY -> QueriedOrder,
    /// Closes an unpaid order, so that nobody can pay it any more. **Its success proves nothing**: ask afterwards.
    ///
    /// Document: protocol E.2; POS ruling 2.
    CloseOrder: CLOSE_ORDER -> OrderClosed,
    /// 商户订单号, 6–32 of letters, digits and `_-|*`.
    out_trade_no
}

/// The six fields that a page inside WeChat hands to `WeixinJSBridge` or `wx.chooseWXPay`. They let their bearer pay one order: not shown
/// in `Debug`.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct JsFields {
    /// `appId`.
    pub app_id: String,
    /// `timeStamp`, seconds since 1970.
    pub time_stamp: String,
    /// `nonceStr`.
    pub nonce_str: String,
    /// `package`: `prepay_id=…`.
    pub package: String,
    /// `signType`: MD5 or HMAC-SHA256, the account's.
    pub sign_type: &'static str,
    /// `paySign`.
    pub pay_sign: String,
}

impl fmt::Debug for JsFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsFields").field("app_id", &self.app_id).finish_non_exhaustive()
    }
}

impl WxpayAccount {
    /// Reads and verifies a payment notification, with the account's sign type; one that names another `sign_type` is refused.
    ///
    /// It says which order to look at. **Ask [`OrderQuery`] before it counts as a payment** (SECURITY.md, "Text that is signed can be
    /// cut"). [`Till::notified`](crate::Till::notified) does both.
    ///
    /// # Errors
    ///
    /// It cannot be read, is not signed with the account's key, or reports a failed exchange. Answer it with anything but the text of
    /// [`PaidNotice::reply_after`](crate::PaidNotice::reply_after); the gateway repeats it for a day.
    pub fn notification(&self, body: &[u8]) -> Result<Notification, NotificationFault> {
        self.profile().notification(body)
    }

    /// Signs the six fields that a page needs to pay a [`JsapiOrder`], under the account's sign type. `appid` is the account's, or its
    /// `sub_appid` where the order was made with `sub_openid`. `time_stamp` is in seconds since 1970; `nonce_str` is fresh, 1 to 32
    /// letters and digits.
    ///
    /// # Errors
    ///
    /// `appid` is none of the account's, or a value has not its form.
    pub fn js_fields(&self, appid: &str, prepay_id: &str, time_stamp: i64, nonce_str: &str) -> Result<JsFields, Error> {
        let profile = self.profile();
        if !["appid", "sub_appid"].iter().any(|name| profile.identifier(name) == Some(appid)) {
            return Err(Error::field("appId", "is neither the account's appid nor its sub_appid"));
        }
        if !(1..=64).contains(&prepay_id.len()) || !prepay_id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(Error::field("prepay_id", "must be 1 to 64 letters, digits and _"));
        }
        let (time_stamp, package) = (time_of_page(time_stamp, nonce_str)?, ["prepay_id=", prepay_id].concat());
        let sign_type = profile.keys.digest.sign_type();
        let signed = [
            ("appId", appid),
            ("timeStamp", time_stamp.as_str()),
            ("nonceStr", nonce_str),
            ("package", package.as_str()),
            ("signType", sign_type),
        ];
        let key = &profile.keys.api;
        let pay_sign = sign::digest(profile.keys.digest, Canonical::of(&signed), Some("&key="), key).as_str().into();
        Ok(JsFields { app_id: appid.into(), time_stamp, nonce_str: nonce_str.into(), package, sign_type, pay_sign })
    }
}

/// `timeStamp` as a page has it, beside a `nonceStr` that has its form.
pub(super) fn time_of_page(time_stamp: i64, nonce_str: &str) -> Result<String, Error> {
    if !(1..=32).contains(&nonce_str.len()) || !nonce_str.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(Error::field("nonceStr", "must be 1 to 32 letters and digits"));
    }
    let time_stamp = u32::try_from(time_stamp).map_err(|_| Error::field("timeStamp", "is no time of a page"))?;
    Ok(alloc::format!("{time_stamp}"))
}
