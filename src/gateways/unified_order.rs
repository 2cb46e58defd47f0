//! Orders on a Swiftpass-type gateway that a customer scans or opens, in any wallet. Their query and their close are those of
//! [`swiftpass`](super::swiftpass).
//!
//! Documents: protocol sections C.1, C.2, C.4; POS flows 4, 9.
//!
//! **`Ordered` means that an order exists. Nobody has paid it.**

use alloc::string::String;
use core::fmt;
use core::time::Duration;

use super::rows::{DEVICE_INFO, account, given, may, shown};
use super::swiftpass::{
    CALL, CHARSET, MCH_ID, NONCE_STR, NUMBER, REFUSALS, RESOLUTION, SERVICE, SIGN_TYPE, SIGNATURE, TRADE_CLOSE, VERSION,
};
use crate::endpoint::{Endpoint, Field, Kind, OrderRules, ReplyTable, Required, ResolvedBy, Rule};
use crate::gateways::account::SwiftpassAccount;
use crate::gateways::request::{Reply, Request, reply, request};
use crate::gateways::trade::Valid;
use crate::money::Fen;
use crate::wire::fields::{Fields, is_link_of_wechat, is_url};
use crate::wire::pairs::Pairs;

/// The account fills it where it has one.
const SUB_APPID: Field = may(account("sub_appid", "子商户公众账号ID", 45));
const SUB_OPENID: Field = given("sub_openid", "用户openid", Required::No, Kind::Word, 128);

/// The rows of all of these orders, with what one has of its own.
macro_rules! order_fields {
    ($device_info:expr $(, $own:expr)*) => {
        &[
            SERVICE,
            VERSION,
            CHARSET,
            SIGN_TYPE,
            MCH_ID,
            NUMBER,
            $device_info,
            given("body", "商品描述", Required::Yes, Kind::Text, 127),
            given("attach", "附加信息", Required::No, Kind::Text, 127),
            shown(given("total_fee", "总金额", Required::Yes, Kind::Fen { least: 1 }, 10)),
            given("mch_create_ip", "终端IP", Required::Yes, Kind::Ip, 16),
            given("notify_url", "通知地址", Required::Yes, Kind::Url, 255),
            shown(given("time_start", "订单生成时间", Required::No, Kind::ChinaTime, 14)),
            shown(given("time_expire", "订单超时时间", Required::No, Kind::ChinaTime, 14)),
            given("goods_tag", "商品标记", Required::No, Kind::Text, 32),
            shown(given("limit_credit_pay", "是否限制信用卡", Required::No, Kind::OneOf(&["0", "1"]), 1)),
            $($own,)*
            NONCE_STR,
            SIGNATURE,
        ]
    };
}

/// One without the other has no effect (POS flows 9).
const PERIOD: Rule = Rule::Period { from: "time_start", until: "time_expire" };

/// An order: its service and rows, its rules, what its success must have, what a restart needs.
const fn order(
    (name, fields): (&'static str, &'static [Field]),
    rules: &'static [Rule],
    must_have: &'static [&'static str],
    flow: &'static OrderRules,
) -> Endpoint {
    Endpoint {
        name,
        amount: "total_fee",
        fields,
        rules,
        reply: ReplyTable {
            echo: &[("mch_id", "mch_id"), ("out_trade_no", "out_trade_no"), ("total_fee", "total_fee")],
            must_have,
            only_in_success: &["code_url", "token_id", "pay_info", "transaction_id", "pay_result"],
            codes: REFUSALS,
            ..CALL.reply
        },
        decides: &["total_fee", "sub_openid", "buyer_id", "buyer_logon_id"],
        resolved_by: ResolvedBy::Order(&RESOLUTION, flow),
        document: "protocol C.1, C.2, C.4; POS flows 4, 9",
        ..CALL
    }
}

/// POS flows 4: 6 minutes, more than 5; nothing else is documented for the other wallets.
const fn flow(handed_out: &'static [&'static str]) -> OrderRules {
    OrderRules {
        close: &TRADE_CLOSE,
        valid: ("time_start", "time_expire"),
        lasts: Duration::from_secs(6 * 60),
        least: Duration::from_secs(5 * 60 + 1),
        margin: Duration::from_secs(60),
        window: Duration::from_secs(20 * 60),
        waiting: &["NOTPAY"],
        // A payment that failed may be tried again on the same order (POS flows 20.11).
        paying: &["USERPAYING", "PAYERROR"],
        close_first: &[],
        given_back: &["REFUND"],
        gone: Duration::from_secs(130 * 60),
        handed_out,
    }
}

const BY_QR: OrderRules = flow(&["code_url"]);
const IN_PAGE: OrderRules = flow(&["pay_info", "token_id"]);
const BY_URL: OrderRules = flow(&["pay_info"]);

/// `pay.weixin.native`: WeChat scans its `code_url`.
pub const WEIXIN_NATIVE: Endpoint =
    order(("pay.weixin.native", order_fields!(DEVICE_INFO)), &[PERIOD], &["mch_id", "code_url"], &BY_QR);

/// `pay.alipay.native`: Alipay scans its `code_url`.
pub const ALIPAY_NATIVE: Endpoint =
    order(("pay.alipay.native", order_fields!(DEVICE_INFO)), &[PERIOD], &["mch_id", "code_url"], &BY_QR);

/// `unified.trade.native`: any wallet scans its `code_url`.
pub const UNIFIED_NATIVE: Endpoint =
    order(("unified.trade.native", order_fields!(DEVICE_INFO)), &[PERIOD], &["mch_id", "code_url"], &BY_QR);

/// `pay.weixin.jspay`: a page inside WeChat pays.
pub const WEIXIN_JSPAY: Endpoint = order(
    (
        "pay.weixin.jspay",
        order_fields!(
            DEVICE_INFO,
            SUB_APPID,
            SUB_OPENID,
            shown(given("is_raw", "原生JS", Required::No, Kind::OneOf(&["1"]), 1)),
            given("callback_url", "前台地址", Required::No, Kind::Url, 255)
        ),
    ),
    &[PERIOD, Rule::RequiredWhen { field: "sub_openid", when: "is_raw", is: "1" }],
    &["mch_id"],
    &IN_PAGE,
);

/// `pay.alipay.jspay`: a page inside Alipay pays.
pub const ALIPAY_JSPAY: Endpoint = order(
    (
        "pay.alipay.jspay",
        order_fields!(
            DEVICE_INFO,
            given("buyer_id", "买家支付宝用户ID", Required::No, Kind::Word, 32),
            given("buyer_logon_id", "买家支付宝账号", Required::No, Kind::Word, 100)
        ),
    ),
    &[PERIOD, Rule::OneOf(&["buyer_id", "buyer_logon_id"])],
    &["mch_id"],
    &IN_PAGE,
);

/// `pay.weixin.wappay`, version 2.0: the customer's phone browser opens its `pay_info`.
pub const WEIXIN_WAPPAY: Endpoint = order(
    (
        "pay.weixin.wappay",
        order_fields!(
            // Here it names the platform, not the terminal (protocol C.2).
            shown(given("device_info", "应用类型", Required::Yes, Kind::OneOf(PLATFORMS), 32)),
            given("mch_app_name", "应用名", Required::Yes, Kind::Text, 255),
            given("mch_app_id", "应用标识", Required::Yes, Kind::Text, 255),
            given("callback_url", "前台地址", Required::No, Kind::Url, 255)
        ),
    ),
    &[PERIOD],
    &["mch_id", "pay_info"],
    &BY_URL,
);

const PLATFORMS: &[&str] = &["iOS_WAP", "AND_WAP", "iOS_SDK", "AND_SDK"];

/// A request: what all of these orders have, and what one has of its own.
macro_rules! order_request {
    (
        $(#[$doc:meta])*
        $name:ident: $endpoint:ident -> $reply:ident,
        { $($(#[$own_doc:meta])* $own:ident: $type:ty = |$value:ident, $out:ident| $write:expr),* $(,)? }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Default, PartialEq, Eq)]
        pub struct $name<'a> {
            /// 商户订单号, 5–32 of letters, digits and `_`. A till makes it.
            pub out_trade_no: &'a str,
            /// 商品描述, ≤127 characters.
            pub body: &'a str,
            /// 附加信息, ≤127 characters. It comes back in the query and the notification.
            pub attach: Option<&'a str>,
            /// The amount in fen, 1 or more.
            pub total_fee: Fen,
            /// 终端IP, ≤16.
            pub mch_create_ip: &'a str,
            /// 通知地址: an absolute URL, ≤255.
            pub notify_url: &'a str,
            /// From when to when it may be paid, more than 5 minutes. A till says 6 minutes where nothing is set.
            pub valid: Option<Valid>,
            /// 商品标记, ≤32 characters.
            pub goods_tag: Option<&'a str>,
            /// 是否限制信用卡: `true` sends 1, and no credit card pays it.
            pub no_credit: bool,
            $($(#[$own_doc])* pub $own: $type,)*
        }

        request!(Payment: $name);

        impl Request for $name<'_> {
            type Account = SwiftpassAccount;
            type Reply = $reply;
            const ENDPOINT: &'static Endpoint = &$endpoint;

            fn fields(&self, out: &mut Fields) {
                out.text("out_trade_no", self.out_trade_no);
                out.text("body", self.body);
                out.optional("attach", self.attach);
                out.fen("total_fee", self.total_fee);
                out.text("mch_create_ip", self.mch_create_ip);
                out.text("notify_url", self.notify_url);
                if let Some(valid) = self.valid {
                    out.time("time_start", valid.start);
                    out.time("time_expire", valid.expire);
                }
                out.optional("goods_tag", self.goods_tag);
                out.optional("limit_credit_pay", self.no_credit.then_some("1"));
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
    /// Makes an order whose `code_url` the terminal shows as a QR: the customer scans it with WeChat.
    ///
    /// Document: protocol C.1, C.2; POS flows 4, 9.
    WeixinNative: WEIXIN_NATIVE -> ScannedOrderMade, {}
}

order_request! {
    /// Makes an order whose `code_url` the terminal shows as a QR: the customer scans it with Alipay.
    ///
    /// Document: protocol C.1, C.2; POS flows 4, 9.
    AlipayNative: ALIPAY_NATIVE -> ScannedOrderMade, {}
}

order_request! {
    /// Makes an order whose `code_url` the terminal shows as a QR: the customer scans it with any wallet.
    ///
    /// Document: protocol C.1, C.2; POS flows 4, 9.
    UnifiedNative: UNIFIED_NATIVE -> ScannedOrderMade, {}
}

order_request! {
    /// Makes an order that a page inside WeChat pays.
    ///
    /// Document: protocol C.1, C.2; POS flows 4, 9.
    WeixinJspay: WEIXIN_JSPAY -> PageOrderMade, {
        /// 用户openid under the account's `sub_appid`, ≤128. Required with `is_raw`.
        sub_openid: Option<&'a str> = |value, out| out.optional("sub_openid", value),
        /// 原生JS: `true` sends 1, and the reply's `pay_info` is what the page hands to WeChat.
        is_raw: bool = |value, out| out.optional("is_raw", value.then_some("1")),
        /// 前台地址: where the page goes afterwards, an absolute URL, ≤255.
        callback_url: Option<&'a str> = |value, out| out.optional("callback_url", value),
    }
}

order_request! {
    /// Makes an order that a page inside Alipay pays. Exactly one of `buyer_id` and `buyer_logon_id` is set.
    ///
    /// Document: protocol C.1, C.2; POS flows 4, 9.
    AlipayJspay: ALIPAY_JSPAY -> PageOrderMade, {
        /// 买家支付宝用户ID, ≤32.
        buyer_id: Option<&'a str> = |value, out| out.optional("buyer_id", value),
        /// 买家支付宝账号, ≤100.
        buyer_logon_id: Option<&'a str> = |value, out| out.optional("buyer_logon_id", value),
    }
}

order_request! {
    /// Makes an order whose URL, `pay_info`, the customer's phone browser opens (H5, version 2.0 of `pay.weixin.wap`).
    ///
    /// Document: protocol C.1, C.2, C.4.8; POS flows 4, 9.
    WeixinWappay: WEIXIN_WAPPAY -> UrlOrderMade, {
        /// 应用类型: `iOS_WAP` or `AND_WAP` in a browser, `iOS_SDK` or `AND_SDK` in an app.
        device_info: &'a str = |value, out| out.text("device_info", value),
        /// 应用名, ≤255 characters.
        mch_app_name: &'a str = |value, out| out.text("mch_app_name", value),
        /// 应用标识: the page's address, or the app's bundle or package, ≤255 characters.
        mch_app_id: &'a str = |value, out| out.text("mch_app_id", value),
        /// 前台地址: where the page goes afterwards, an absolute URL, ≤255.
        callback_url: Option<&'a str> = |value, out| out.optional("callback_url", value),
    }
}

/// The reply to an order. What lets its bearer pay is not shown in `Debug`.
macro_rules! order_reply {
    (
        $(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty),* },
        |$reply:ident| $read:expr
    ) => {
        $(#[$doc])*
        #[derive(Clone)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
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
            type Account = SwiftpassAccount;

            fn read($reply: Pairs) -> Option<$name> {
                $read
            }
        }
    };
}

order_reply! {
    /// An order exists. **Nobody has paid yet.** Show `code_url` as a QR, then ask.
    ScannedOrderMade {
        /// 二维码链接: `weixin://wxpay/bizpayurl…`, `https://qr.alipay.com/…`. Draw it yourself; `code_img_url` in the reply is the same
        /// as a picture, and is not fetched.
        code_url: String
    },
    |reply| {
        let code_url = reply.owned("code_url").filter(|url| is_url(url) || is_link_of_wechat(url))?;
        Some(ScannedOrderMade { code_url, reply })
    }
}

order_reply! {
    /// An order exists. **Nobody has paid yet.** Hand one of these to the page.
    PageOrderMade {
        /// 支付信息: JSON for the page.
        pay_info: Option<String>,
        /// 动态口令, which the gateway's own page takes.
        token_id: Option<String>
    },
    |reply| {
        let (pay_info, token_id) = (reply.owned("pay_info"), reply.owned("token_id"));
        (pay_info.is_some() || token_id.is_some()).then_some(PageOrderMade { pay_info, token_id, reply })
    }
}

order_reply! {
    /// An order exists. **Nobody has paid yet.** Open `pay_info` on the customer's phone, then ask.
    UrlOrderMade {
        /// 支付跳转链接.
        pay_info: String
    },
    |reply| {
        let pay_info = reply.owned("pay_info").filter(|url| is_url(url))?;
        Some(UrlOrderMade { pay_info, reply })
    }
}
