//! Micropay (付款码支付): the terminal scans a customer's payment code and takes the money, or takes it back (`reverse`, 撤销).
//!
//! Documents: protocol sections E.2, E.3; POS flows 3, 13, 14. MD5 or HMAC-SHA256, as the account says; replies are signed when
//! `return_code` is SUCCESS. The payment needs no client certificate, the reversal does.
//!
//! A payment code is sent once: it is never stored, never shown and never sent again. What became of the payment is told by the
//! query ([`OrderQuery`](super::wxpay::OrderQuery)).

use alloc::string::String;
use core::fmt;
use core::time::Duration;

use super::refund::REFUNDS_OF;
use super::rows::{DEVICE_INFO, given, row, shown};
use super::wxpay::{APPID, CALL, MCH_ID, NONCE_STR, NUMBER, RESOLUTION, SIGN_TYPE, SIGNATURE, SUB_APPID, SUB_MCH_ID};
use crate::endpoint::{
    Codes, Endpoint, Kind, Means, ReplyTable, Required, Resolution, ResolvedBy, ReversalRules, Row, Rule,
};
use crate::gateways::account::WxpayAccount;
use crate::gateways::request::{Reply, Request, reply, request};
use crate::gateways::trade::Valid;
use crate::money::Fen;
use crate::outcome::Next;
use crate::wire::fields::{Fields, scanned};
use crate::wire::pairs::Pairs;

/// `micropay`. One payment code, one attempt.
pub const MICRO_PAY: Endpoint = Endpoint {
    name: "micropay",
    path: "/pay/micropay",
    amount: "total_fee",
    fields: &[
        shown(given("version", "接口版本号", Required::No, Kind::OneOf(&["1.0"]), 32)),
        shown(given("profit_sharing", "是否指定服务商分账", Required::No, Kind::OneOf(&["Y", "N"]), 1)),
        APPID,
        SUB_APPID,
        MCH_ID,
        SUB_MCH_ID,
        DEVICE_INFO,
        NONCE_STR,
        SIGNATURE,
        SIGN_TYPE,
        given("body", "商品描述", Required::Yes, Kind::Text, 127),
        given("detail", "商品详情", Required::No, Kind::Text, 6000),
        given("attach", "附加数据", Required::No, Kind::Text, 127),
        NUMBER,
        shown(given("total_fee", "订单金额", Required::Yes, Kind::Fen { least: 1 }, 10)),
        shown(given("fee_type", "货币类型", Required::No, Kind::OneOf(&["CNY"]), 16)),
        given("spbill_create_ip", "终端IP", Required::Yes, Kind::Ip, 64),
        given("goods_tag", "订单优惠标记", Required::No, Kind::Text, 32),
        shown(given("limit_pay", "指定支付方式", Required::No, Kind::OneOf(&["no_credit"]), 32)),
        shown(given("time_start", "交易起始时间", Required::No, Kind::ChinaTime, 14)),
        shown(given("time_expire", "交易结束时间", Required::No, Kind::ChinaTime, 14)),
        shown(given("receipt", "电子发票入口开放标识", Required::No, Kind::OneOf(&["Y", "N"]), 8)),
        given("auth_code", "授权码", Required::Yes, Kind::AuthCode(Codes::OfWechat), 128),
        given("scene_info", "场景信息", Required::No, Kind::Text, 256),
    ],
    rules: &[Rule::Period { from: "time_start", until: "time_expire" }],
    reply: ReplyTable {
        echo: &[
            ("mch_id", "mch_id"),
            ("appid", "appid"),
            ("sub_mch_id", "sub_mch_id"),
            ("out_trade_no", "out_trade_no"),
            ("total_fee", "total_fee"),
        ],
        must_have: &["mch_id", "appid", "sub_mch_id", "out_trade_no", "total_fee", "transaction_id", "time_end"],
        only_in_success: &["transaction_id", "time_end"],
        codes: CODES,
        ..CALL.reply
    },
    decides: &["total_fee", "fee_type", "sub_mch_id"],
    resolved_by: ResolvedBy::Reversal(&BY_QUERY, &REVERSAL),
    document: "protocol E.2, E.3; POS flows 3",
    ..CALL
};

/// POS flows 3.2: after USERPAYING the customer types, and five seconds are soon enough.
const BY_QUERY: Resolution = Resolution {
    slow: &[("USERPAYING", Duration::from_secs(5)), ("USER_PAYING", Duration::from_secs(5))],
    ..RESOLUTION
};

/// POS flows 3.1 to 3.4, 20.5, 20.6.
const REVERSAL: ReversalRules = ReversalRules {
    call: &REVERSE,
    not_before: Duration::from_secs(15),
    // WeChat itself revokes an unpaid order of a code 45 s after it was made.
    poll: Duration::from_secs(45),
    apart: Duration::from_secs(3),
    again: Duration::from_secs(5),
    patience: Duration::from_secs(30),
    expires: Duration::from_secs(7 * 86_400),
    expired: "REVERSE_EXPIRE",
    window: Duration::from_secs(5 * 60),
    paying: &["USERPAYING"],
    suspect: &["PAYERROR"],
    given_back: &["REFUND"],
    refunds: REFUNDS_OF,
    ask_once: &["TRADE_ERROR", "RULELIMIT", "ERROR", "FREQUENCY_LIMITED"],
    no_refusal: &["SYSTEMERROR", "USERPAYING", "ORDERNOTEXIST", "SIGNERROR", "PARAM_ERROR"],
};

/// "Confirmed failed", says the document; and the platform's own rules for POS say to ask all the same (POS ruling 1).
const REFUSED: Means = Means::RefusedUnlessKnown(Next::NewNumber);
const STOP: Means = Means::RefusedUnlessKnown(Next::Stop);

/// POS flows 3.3. What speaks of an order under this number says nothing final of a fresh one.
const CODES: &[Row] = &[
    row("AUTHCODEEXPIRE", REFUSED, "二维码已过期，请用户在微信上刷新后再试"),
    row("AUTHCODE_EXPIRE", REFUSED, "二维码已过期，请用户在微信上刷新后再试"),
    row("AUTH_CODE_ERROR", REFUSED, "付款码参数错误"),
    row("AUTH_CODE_INVALID", REFUSED, "付款码检验错误"),
    row("NOTENOUGH", REFUSED, "余额不足"),
    // As the document spells it.
    row("NOTSUPORTCARD", REFUSED, "不支持卡类型"),
    row("NOTSUPPORTCARD", REFUSED, "不支持卡类型"),
    row("BUYER_MISMATCH", REFUSED, "支付帐号错误"),
    row("NOAUTH", STOP, "商户无权限"),
    row("NO_AUTH", STOP, "商户无权限"),
    row("APPID_NOT_EXIST", STOP, "APPID不存在"),
    row("MCHID_NOT_EXIST", STOP, "MCHID不存在"),
    row("APPID_MCHID_NOT_MATCH", STOP, "appid和mch_id不匹配"),
    row("PARAM_ERROR", REFUSED, "参数错误"),
    row("LACK_PARAMS", REFUSED, "缺少参数"),
    row("NOT_UTF8", REFUSED, "编码格式错误"),
    row("XML_FORMAT_ERROR", REFUSED, "XML格式错误"),
    row("REQUIRE_POST_METHOD", REFUSED, "请使用post方法"),
    row("SIGNERROR", REFUSED, "签名错误"),
    row("SIGN_ERROR", REFUSED, "签名错误"),
    row("SYSTEMERROR", Means::Open, "接口返回错误"),
    row("SYSTEM_ERROR", Means::Open, "接口返回错误"),
    row("BANKERROR", Means::Open, "银行系统异常"),
    row("BANK_ERROR", Means::Open, "银行系统异常"),
    row("USERPAYING", Means::Open, "用户支付中，需要输入密码"),
    row("USER_PAYING", Means::Open, "用户支付中，需要输入密码"),
    row("ORDERPAID", Means::Open, "订单已支付"),
    row("ORDERCLOSED", Means::Open, "订单已关闭"),
    row("ORDERREVERSED", Means::Open, "订单已撤销"),
    row("OUT_TRADE_NO_USED", Means::Open, "商户订单号重复"),
    row("INVALID_REQUEST", Means::Open, "201 商户订单号重复"),
    row("TRADE_ERROR", Means::Open, "交易错误"),
    row("RULELIMIT", Means::Open, "用户账号支付异常"),
    row("ERROR", Means::Open, "业务错误"),
    row("FREQUENCY_LIMITED", Means::Open, "频率限制"),
];

/// `reverse`. Its reply names no order: only the query after it counts (POS ruling 2).
pub const REVERSE: Endpoint = Endpoint {
    name: "reverse",
    path: "/secapi/pay/reverse",
    client_certificate: true,
    fields: &[APPID, SUB_APPID, MCH_ID, SUB_MCH_ID, NUMBER, NONCE_STR, SIGNATURE, SIGN_TYPE],
    reply: ReplyTable { codes: REVERSE_CODES, ..CALL.reply },
    ..CALL
};

/// POS flows 3.3: none of them settles an entry.
const REVERSE_CODES: &[Row] = &[
    row("SYSTEMERROR", Means::Open, "接口返回错误"),
    row("USERPAYING", Means::Open, "用户支付中，需要输入密码"),
    row("REVERSE_EXPIRE", Means::Open, "订单无法撤销：已超过7天"),
    row("INVALID_TRANSACTIONID", Means::Open, "无效transaction_id"),
    row("PARAM_ERROR", Means::Open, "参数错误"),
    row("INVALID_REQUEST", Means::Open, "无效请求"),
    row("TRADE_ERROR", Means::Open, "订单错误"),
    row("ORDERNOTEXIST", Means::Open, "订单不存在"),
    row("SIGNERROR", Means::Open, "签名错误"),
    row("REQUIRE_POST_METHOD", Means::Open, "请使用post方法"),
];

/// Takes money by a customer's payment code.
///
/// `appid`, `mch_id`, and those of the sub-merchant come from the account, `device_info` from the terminal. What is not set is neither
/// sent nor signed. **One code, one request**: after any outcome but a refusal the payment is asked about, never sent again.
///
/// Document: protocol E.2; POS flows 3.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct MicroPay<'a> {
    /// 商户订单号, 6–32 of letters, digits and `_-|*`. A till makes it.
    pub out_trade_no: &'a str,
    /// 授权码: what the scanner read, 16 to 32 digits. Blanks and line ends around it are taken away. WeChat's begin with 10 to 15;
    /// the code of a face is taken, too. Codes that are surely another wallet's are refused before anything is sent.
    pub auth_code: &'a str,
    /// 商品描述, ≤127 characters: `店名-类目`.
    pub body: &'a str,
    /// 商品详情, JSON, ≤6000 characters.
    pub detail: Option<&'a str>,
    /// 附加数据, ≤127 characters. It comes back in the query and the bill.
    pub attach: Option<&'a str>,
    /// The amount in fen, 1 or more.
    pub total_fee: Fen,
    /// 终端IP, IPv4 or IPv6.
    pub spbill_create_ip: &'a str,
    /// 订单优惠标记, ≤32 characters.
    pub goods_tag: Option<&'a str>,
    /// 指定支付方式: `true` sends `no_credit`, and no credit card pays it.
    pub no_credit: bool,
    /// From when to when it may be paid, where the gateway is to be told.
    pub valid: Option<Valid>,
    /// 电子发票入口开放标识: `true` sends `Y`.
    pub receipt: bool,
    /// 是否指定服务商分账: `true` sends `Y`.
    pub profit_sharing: bool,
    /// 场景信息, JSON, ≤256 characters.
    pub scene_info: Option<&'a str>,
}

request!(Payment: MicroPay);

impl Request for MicroPay<'_> {
    type Account = WxpayAccount;
    type Reply = MicroPaid;
    const ENDPOINT: &'static Endpoint = &MICRO_PAY;

    fn fields(&self, out: &mut Fields) {
        out.optional("profit_sharing", self.profit_sharing.then_some("Y"));
        out.text("body", self.body);
        out.optional("detail", self.detail);
        out.optional("attach", self.attach);
        out.text("out_trade_no", self.out_trade_no);
        out.fen("total_fee", self.total_fee);
        out.text("spbill_create_ip", self.spbill_create_ip);
        out.optional("goods_tag", self.goods_tag);
        out.optional("limit_pay", self.no_credit.then_some("no_credit"));
        if let Some(valid) = self.valid {
            out.time("time_start", valid.start);
            out.time("time_expire", valid.expire);
        }
        out.optional("receipt", self.receipt.then_some("Y"));
        out.text("auth_code", scanned(self.auth_code));
        out.optional("scene_info", self.scene_info);
    }
}

/// Hides the payment code.
impl fmt::Debug for MicroPay<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MicroPay")
            .field("out_trade_no", &self.out_trade_no)
            .field("total_fee", &self.total_fee)
            .finish_non_exhaustive()
    }
}

/// The customer paid.
#[derive(Clone)]
#[non_exhaustive]
pub struct MicroPaid {
    /// 微信支付订单号. It is text: 28 digits do not fit a number.
    pub transaction_id: String,
    /// 支付完成时间, `yyyyMMddHHmmss`, GMT+8, as text.
    pub time_end: String,
    /// 用户标识.
    pub openid: Option<String>,
    /// 付款银行.
    pub bank_type: Option<String>,
    /// Every field of the reply.
    pub reply: Pairs,
}

/// Hides the openid.
impl fmt::Debug for MicroPaid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MicroPaid")
            .field("transaction_id", &self.transaction_id)
            .field("time_end", &self.time_end)
            .field("bank_type", &self.bank_type)
            .field("reply", &self.reply)
            .finish_non_exhaustive()
    }
}

reply!(MicroPaid);

impl Reply for MicroPaid {
    type Account = WxpayAccount;

    fn read(reply: Pairs) -> Option<MicroPaid> {
        Some(MicroPaid {
            transaction_id: reply.owned("transaction_id")?,
            time_end: reply.owned("time_end")?,
            openid: reply.owned("openid"),
            bank_type: reply.owned("bank_type"),
            reply,
        })
    }
}

/// Takes the money of a [`MicroPay`] back, or ends it unpaid (撤销). **Its success proves nothing**: ask afterwards. Not before 15 s after
/// the payment, within 7 days. A till does it by itself: [`Till::reverse`](crate::Till::reverse).
///
/// Document: protocol E.2; POS ruling 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reverse<'a> {
    /// 商户订单号 of the payment.
    pub out_trade_no: &'a str,
}

request!(Close: Reverse);

impl Request for Reverse<'_> {
    type Account = WxpayAccount;
    type Reply = Reversed;
    const ENDPOINT: &'static Endpoint = &REVERSE;

    fn fields(&self, out: &mut Fields) {
        out.text("out_trade_no", self.out_trade_no);
    }
}

/// The gateway took the reversal. Only the query says whether the money is back.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Reversed {
    /// 是否重调: the gateway wants the reversal again.
    pub recall: bool,
    /// Every field of the reply.
    pub reply: Pairs,
}

reply!(Reversed);

impl Reply for Reversed {
    type Account = WxpayAccount;

    fn read(reply: Pairs) -> Option<Reversed> {
        Some(Reversed { recall: reply.filled("recall") == Some("Y"), reply })
    }
}
