//! WAP orders on a Swiftpass-type gateway: `pay.weixin.wap`, its query, its close, and the payment notification.
//!
//! Documents: seed 002 微信WAP支付接口文档 (易办事); protocol section C. One URL for every service, MD5 with `&key=` or RSA, as the
//! account says; replies signed when `status` is 0.
//!
//! **`Accepted` here means that an order exists and its `mweb_url` is in hand. Nothing is paid yet.** Whether the
//! customer paid is told by the query ([`TradeQuery`]) and by the notification ([`Notification`]).

use alloc::string::String;
use core::fmt;
use core::time::Duration;

use super::rows::{DEVICE_INFO, SIGN_BY_ACCOUNT, account, attempt, given, may, row, shown};
use crate::endpoint::{
    Body, Due, Endpoint, Failure, Field, Gate, Kind, Means, Numbers, OrderRules, ReplyTable, Required, Resolution,
    ResolvedBy, Row, Rule, Source,
};
use crate::gateways::account::{SwiftpassAccount, sealed::Sealed as _};
use crate::gateways::notification::{Notification, NotificationFault};
use crate::gateways::request::{Reply, Request, reply, request};
use crate::gateways::trade::{TradeState, Valid, about_an_order};
use crate::money::Fen;
use crate::outcome::Next;
use crate::wire::fields::Fields;
use crate::wire::pairs::Pairs;

/// 商户订单号: the seed says string(45), its siblings 5–32 of letters, digits and `_`. The shorter holds.
const OUT_TRADE_NO: Kind = Kind::OrderNumber { shortest: 5, also: "_" };

const STATUS: Option<Gate> = Some(Gate { name: "status", success: &["0"], failure: Failure::NonZero });

/// The seed's table says 0 (非0表示失败), its example SUCCESS.
const RESULT_CODE: Gate = Gate { name: "result_code", success: &["0", "SUCCESS"], failure: Failure::NonZero };

/// The rows that most calls have.
pub(super) const SERVICE: Field = account("service", "接口类型", 32);
pub(super) const VERSION: Field = shown(given("version", "版本号", Required::No, Kind::Word, 8));
pub(super) const CHARSET: Field = shown(given("charset", "字符集", Required::No, Kind::OneOf(&["UTF-8"]), 8));
pub(super) const SIGN_TYPE: Field = may(account("sign_type", "签名方式", 16));
pub(super) const MCH_ID: Field = account("mch_id", "商户号", 32);
pub(super) const NONCE_STR: Field = attempt("nonce_str", "随机字符串", 32);
/// 32 characters of MD5; RSA has more than the tables' 32.
pub(super) const SIGNATURE: Field = attempt("sign", "签名", 1024);
pub(super) const NUMBER: Field = shown(given("out_trade_no", "商户订单号", Required::Yes, OUT_TRADE_NO, 32));

/// What all of these calls have in common.
pub(super) const CALL: Endpoint = Endpoint {
    name: "",
    path: "",
    body: Body::Xml,
    client_certificate: false,
    asks: false,
    // The documented replies do not name the order.
    own_connection: true,
    order_number: "out_trade_no",
    numbers: Numbers::DateSerial,
    amount: "",
    fields: &[],
    rules: &[],
    signing: &[SIGN_BY_ACCOUNT],
    reply: ReplyTable {
        transport: STATUS,
        business: RESULT_CODE,
        paid: &[],
        refuses: &[],
        code: &["err_code", "result_code"],
        text: &["err_msg", "err_code_des", "message"],
        signature: Due::Always,
        echo: &[("mch_id", "mch_id"), ("out_trade_no", "out_trade_no")],
        must_have: &["mch_id"],
        only_in_success: &[],
        codes: &[],
        other_codes: Means::Open,
    },
    decides: &[],
    payee_pause: None,
    resolved_by: ResolvedBy::NotByTill,
    document: "protocol C.1, C.4",
};

/// `sub_appid`: the account fills it, or says that its gateway does not want it.
const SUB_APPID: Field = Field {
    name: "sub_appid",
    required: Required::UnlessWaived,
    source: Source::Account,
    kind: Kind::Word,
    longest: 45,
    shown: true,
    label: "子商户公众账号ID",
};

/// `pay.weixin.wap`.
pub const WAP_ORDER: Endpoint = Endpoint {
    name: "pay.weixin.wap",
    amount: "total_fee",
    fields: &[
        SERVICE,
        VERSION,
        CHARSET,
        SIGN_TYPE,
        NUMBER,
        MCH_ID,
        SUB_APPID,
        DEVICE_INFO,
        NONCE_STR,
        SIGNATURE,
        given("body", "商品描述", Required::Yes, Kind::Text, 128),
        given("attach", "附加信息", Required::No, Kind::Text, 128),
        shown(given("total_fee", "总金额", Required::Yes, Kind::Fen { least: 1 }, 10)),
        given("mch_create_ip", "终端 IP", Required::Yes, Kind::Ip, 16),
        given("notify_url", "通知地址", Required::Yes, Kind::Url, 255),
        shown(given("time_start", "订单生成时间", Required::No, Kind::ChinaTime, 14)),
        shown(given("time_expire", "订单超时时间", Required::No, Kind::ChinaTime, 14)),
        given("goods_tag", "商品标记", Required::No, Kind::Text, 32),
        shown(given("limit_credit_pay", "是否限制信用卡", Required::No, Kind::OneOf(&["0", "1"]), 32)),
        given("sub_openid", "用户 openid", Required::UnlessWaived, Kind::Word, 128),
    ],
    // One without the other has no effect at the gateway (protocol C.2).
    rules: &[Rule::Period { from: "time_start", until: "time_expire" }],
    reply: ReplyTable {
        echo: &[("mch_id", "mch_id"), ("out_trade_no", "out_trade_no"), ("total_fee", "total_fee")],
        must_have: &["mch_id", "mweb_url"],
        only_in_success: &["mweb_url", "prepay_id", "transaction_id", "pay_result"],
        codes: REFUSALS,
        ..CALL.reply
    },
    decides: &["total_fee"],
    resolved_by: ResolvedBy::Order(&RESOLUTION, &ORDER),
    document: "seed 002; protocol C.2, C.4, C.5",
    ..CALL
};

/// Protocol C.4 and R.5. The document names no window and no look-back for the query: those of WeChat's own hold.
pub(super) const RESOLUTION: Resolution = Resolution {
    query: &TRADE_QUERY,
    fixed: &[],
    state: "trade_state",
    amount: "total_fee",
    paid: &["SUCCESS"],
    unpaid: &["CLOSED", "REVERSE", "REVOKED"],
    evidence: &["trade_state", "transaction_id", "time_end"],
    look_back: Duration::from_secs(30 * 86_400),
    slow: &[],
    refund: None,
    repeat_when: &[],
};

/// Seed 002: `mweb_url` can be opened for 5 minutes.
const ORDER: OrderRules = OrderRules {
    close: &TRADE_CLOSE,
    valid: ("time_start", "time_expire"),
    lasts: Duration::from_secs(5 * 60),
    least: Duration::ZERO,
    margin: Duration::from_secs(60),
    window: Duration::from_secs(20 * 60),
    waiting: &["NOTPAY"],
    paying: &[],
    close_first: &["PAYERROR"],
    given_back: &["REFUND"],
    // `prepay_id` lives for 2 h (protocol C.4).
    gone: Duration::from_secs(130 * 60),
    handed_out: &["mweb_url", "prepay_id", "trade_type"],
};

/// Refused, signed and first: no URL was given out, so nobody can pay. A new number is safe.
const REFUSED: Means = Means::Refused(Next::NewNumber);

/// Protocol C.5 and the seed's example. Codes come as words and as English text; both are open sets.
///
/// A code that speaks of an order under this number, or of a gateway that lost its way, says nothing final. Neither
/// does a code that is in no document.
pub(super) const REFUSALS: &[Row] = &[
    row("ORDERPAID", Means::Open, "订单已支付"),
    row("Order paid", Means::Open, "Order paid"),
    row("ORDERCLOSED", Means::Open, "订单已关闭"),
    row("ORDERREVERSED", Means::Open, "订单已撤销"),
    row("OUT_TRADE_NO_USED", Means::Open, "商户订单号重复"),
    row("INVALID_REQUEST", Means::Open, "201 商户订单号重复"),
    row("USERPAYING", Means::Open, "用户支付中"),
    row("SYSTEMERROR", Means::Open, "系统错误"),
    row("Internal error", Means::Open, "Internal error"),
    row("transaction internal error", Means::Open, "transaction internal error"),
    row("AUTHCODE_EXPIRE", REFUSED, "二维码已过期, 请刷新再试"),
    row("AUTH_CODE_INVALID", REFUSED, "授权码检验错误"),
    row("Auth code invalid", REFUSED, "Auth code invalid"),
    row("Auth valid fail", REFUSED, "Auth valid fail"),
    row("NOAUTH", REFUSED, "商户无权限"),
    row("NOTENOUGH", REFUSED, "余额不足"),
    row("RULELIMIT", REFUSED, "风控限制"),
    row("Signature error", REFUSED, "Signature error"),
    row("valid sign fail", REFUSED, "valid sign fail"),
    row("valid flow fail", REFUSED, "valid flow fail"),
    row("total_fee:Invalid", REFUSED, "total_fee:Invalid"),
    row("total_fee:Must be greater or equal to [1]", REFUSED, "total_fee:Must be greater or equal to [1]"),
];

/// The rows of the calls about an order.
pub(super) const ABOUT_AN_ORDER: &[Field] = &[SERVICE, SIGN_TYPE, NUMBER, MCH_ID, NONCE_STR, SIGNATURE];

/// `unified.trade.query`.
pub const TRADE_QUERY: Endpoint = Endpoint {
    name: "unified.trade.query",
    asks: true,
    own_connection: false,
    fields: ABOUT_AN_ORDER,
    reply: ReplyTable {
        must_have: &["mch_id", "trade_state"],
        only_in_success: &["trade_state"],
        codes: NOT_KNOWN,
        ..CALL.reply
    },
    ..CALL
};

/// `unified.trade.close`.
pub const TRADE_CLOSE: Endpoint = Endpoint {
    name: "unified.trade.close",
    fields: ABOUT_AN_ORDER,
    reply: ReplyTable { codes: NOT_KNOWN, ..CALL.reply },
    ..CALL
};

/// Both styles of the code (protocol C.5).
pub(super) const NOT_KNOWN: &[Row] = &[
    row("ORDERNOTEXIST", Means::NotKnown, "订单不存在"),
    row("Order not exists", Means::NotKnown, "Order not exists"),
    // Alipay's, passed through (POS flows 9).
    row("ACQ.TRADE_NOT_EXIST", Means::NotKnown, "交易不存在"),
];

/// Makes a WAP order: the customer's phone browser opens its `mweb_url` and pays there.
///
/// **An accepted order is not a payment.** `mch_id`, `sub_appid` and `service` come from the account, `device_info`
/// from the terminal.
///
/// Document: seed 002; protocol C.2. `total_fee` is in the seed's example only, and required everywhere else.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct WapOrder<'a> {
    /// 版本号, ≤8. Not sent unless set; the gateway then assumes 1.0.
    pub version: Option<&'a str>,
    /// 字符集. `UTF-8`, or nothing.
    pub charset: Option<&'a str>,
    /// 商户订单号, 5–32 of letters, digits and `_`.
    pub out_trade_no: &'a str,
    /// 商品描述, ≤128 characters.
    pub body: &'a str,
    /// 附加信息, ≤128 characters.
    pub attach: Option<&'a str>,
    /// The amount in fen, 1 or more.
    pub total_fee: Fen,
    /// 终端 IP, ≤16.
    pub mch_create_ip: &'a str,
    /// 通知地址, an absolute URL, ≤255.
    pub notify_url: &'a str,
    /// 订单生成时间 and 订单超时时间. One without the other has no effect at the gateway, so they come as a pair.
    pub valid: Option<Valid>,
    /// 商品标记, ≤32 characters.
    pub goods_tag: Option<&'a str>,
    /// 是否限制信用卡: `Some(true)` sends 1, `Some(false)` sends 0.
    pub limit_credit_pay: Option<bool>,
    /// 用户 openid under the account's `sub_appid`, ≤128. Required unless the account waives it.
    pub sub_openid: Option<&'a str>,
}

request!(Payment: WapOrder);

impl Request for WapOrder<'_> {
    type Account = SwiftpassAccount;
    type Reply = WapOrderMade;
    const ENDPOINT: &'static Endpoint = &WAP_ORDER;

    fn fields(&self, out: &mut Fields) {
        out.optional("version", self.version);
        out.optional("charset", self.charset);
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
        out.optional("limit_credit_pay", self.limit_credit_pay.map(|limit| if limit { "1" } else { "0" }));
        out.optional("sub_openid", self.sub_openid);
    }
}

/// An order exists. **Nobody has paid yet.** Open `mweb_url` on the customer's phone within 5 minutes, then ask.
#[derive(Clone)]
#[non_exhaustive]
pub struct WapOrderMade {
    /// 支付跳转链接, valid for 5 minutes. It lets its bearer pay this order: it is not shown in `Debug`.
    pub mweb_url: String,
    /// 预支付交易会话标识, valid for 2 hours.
    pub prepay_id: Option<String>,
    /// 交易类型: `pay.weixin.wap`, or `MWEB`.
    pub trade_type: Option<String>,
    /// Every field of the reply.
    pub reply: Pairs,
}

impl fmt::Debug for WapOrderMade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WapOrderMade").field("trade_type", &self.trade_type).finish_non_exhaustive()
    }
}

reply!(WapOrderMade);

impl Reply for WapOrderMade {
    type Account = SwiftpassAccount;

    fn read(reply: Pairs) -> Option<WapOrderMade> {
        let mweb_url = reply.owned("mweb_url").filter(|url| crate::wire::fields::is_url(url))?;
        Some(WapOrderMade {
            mweb_url,
            prepay_id: reply.owned("prepay_id"),
            trade_type: reply.owned("trade_type"),
            reply,
        })
    }
}

about_an_order! {
    SwiftpassAccount,
    /// Asks whether the customer paid.
    ///
    /// Document: protocol C.1, C.4.
    TradeQuery: TRADE_QUERY -> Trade,
    /// Closes an unpaid order, so that nobody can pay it any more. See [`Client::close`](crate::Client::close).
    ///
    /// Document: protocol C.1.
    TradeClose: TRADE_CLOSE -> TradeClosed,
    /// 商户订单号, 5–32 of letters, digits and `_`.
    out_trade_no
}

impl SwiftpassAccount {
    /// Reads and verifies a notification, with the account's sign type; the message's own `sign_type` never counts.
    ///
    /// It says which order to look at. **Ask [`TradeQuery`] before it counts as a payment**: it came over a connection that
    /// anyone can open, and its signature covers a text without escaping (SECURITY.md, "Text that is signed can be cut").
    /// [`Till::notified`](crate::Till::notified) does both.
    ///
    /// # Errors
    ///
    /// It cannot be read, is not signed with the account's key, or reports a failed exchange. Answer it with anything
    /// but `success`; the gateway repeats it for hours.
    pub fn notification(&self, body: &[u8]) -> Result<Notification, NotificationFault> {
        self.profile().notification(body)
    }
}

impl fmt::Debug for WapOrder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WapOrder")
            .field("out_trade_no", &self.out_trade_no)
            .field("total_fee", &self.total_fee)
            .field("valid", &self.valid)
            .finish_non_exhaustive()
    }
}
