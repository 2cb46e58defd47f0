//! Micropay (付款码支付) on a Swiftpass-type gateway: the terminal scans a payment code of any wallet, and takes the money or takes it back.
//!
//! Documents: protocol sections C.1 to C.5; POS flows 3, 9, 13. No client certificate anywhere: who has the key can reverse and refund.
//!
//! The flow is that of WeChat's own gateway ([`MicroPay`](super::micropay::MicroPay)); this table says what differs. Not every wallet
//! revokes an unpaid order by itself: **here the reversal is the only end of one.**

use alloc::string::String;
use core::fmt;
use core::time::Duration;

use super::rows::{DEVICE_INFO, given, row, shown};
use super::swiftpass::{
    ABOUT_AN_ORDER, CALL, CHARSET, MCH_ID, NONCE_STR, NUMBER, SERVICE, SIGN_TYPE, SIGNATURE, VERSION,
};
use super::unified_refund::REFUNDS_OF;
use crate::endpoint::{
    Codes, Endpoint, Failure, Gate, Kind, Means, ReplyTable, Required, Resolution, ResolvedBy, ReversalRules, Row, Rule,
};
use crate::gateways::account::SwiftpassAccount;
use crate::gateways::request::{Reply, Request, reply, request};
use crate::gateways::trade::Valid;
use crate::money::Fen;
use crate::outcome::Next;
use crate::wire::fields::{Fields, scanned};
use crate::wire::pairs::Pairs;

/// `unified.trade.micropay`. One payment code, one attempt.
pub const UNIFIED_MICROPAY: Endpoint = Endpoint {
    name: "unified.trade.micropay",
    amount: "total_fee",
    fields: &[
        SERVICE,
        VERSION,
        CHARSET,
        SIGN_TYPE,
        MCH_ID,
        NUMBER,
        DEVICE_INFO,
        given("body", "商品描述", Required::Yes, Kind::Text, 127),
        given("attach", "附加信息", Required::No, Kind::Text, 127),
        shown(given("total_fee", "总金额", Required::Yes, Kind::Fen { least: 1 }, 10)),
        given("mch_create_ip", "终端IP", Required::Yes, Kind::Ip, 16),
        given("auth_code", "授权码", Required::Yes, Kind::AuthCode(Codes::OfAnyWallet), 128),
        shown(given("time_start", "订单生成时间", Required::No, Kind::ChinaTime, 14)),
        shown(given("time_expire", "订单超时时间", Required::No, Kind::ChinaTime, 14)),
        given("op_user_id", "操作员", Required::No, Kind::Word, 32),
        given("op_shop_id", "门店编号", Required::No, Kind::Word, 32),
        given("op_device_id", "设备编号", Required::No, Kind::Word, 32),
        given("goods_tag", "商品标记", Required::No, Kind::Text, 32),
        given("terminal_info", "终端信息", Required::No, Kind::Text, 1024),
        NONCE_STR,
        SIGNATURE,
    ],
    rules: &[
        Rule::Period { from: "time_start", until: "time_expire" },
        Rule::RequiredWhenBegins {
            field: "device_info",
            when: "auth_code",
            with: "91",
            words: "a code of QQ Wallet (QQ钱包): the terminal has none",
        },
    ],
    reply: ReplyTable {
        paid: PAID,
        refuses: &[("need_query", "N")],
        echo: &[("mch_id", "mch_id"), ("out_trade_no", "out_trade_no"), ("total_fee", "total_fee")],
        must_have: &["mch_id", "out_trade_no", "total_fee", "transaction_id"],
        only_in_success: &["transaction_id", "out_transaction_id", "time_end"],
        codes: CODES,
        ..CALL.reply
    },
    decides: &["total_fee"],
    resolved_by: ResolvedBy::Reversal(&BY_QUERY, &REVERSAL),
    document: "protocol C.2, C.4, C.5; POS flows 3, 9",
    ..CALL
};

/// Protocol C.4.3: 0 is paid, and anything else is not.
const PAID: &[Gate] = &[Gate { name: "pay_result", success: &["0"], failure: Failure::NonZero }];

/// POS firmware practice: 5 s after `need_query` (protocol C.5).
const BY_QUERY: Resolution = Resolution {
    slow: &[("USERPAYING", Duration::from_secs(5)), ("USER_PAYING", Duration::from_secs(5))],
    ..super::swiftpass::RESOLUTION
};

/// POS flows 9. The 15 s are WeChat's, and hold for all wallets: nothing else is documented. So are the 7 days.
const REVERSAL: ReversalRules = ReversalRules {
    call: &UNIFIED_REVERSE,
    not_before: Duration::from_secs(15),
    poll: Duration::from_secs(60),
    apart: Duration::from_secs(3),
    again: Duration::from_secs(5),
    patience: Duration::from_secs(30),
    expires: Duration::from_secs(7 * 86_400),
    expired: "REVERSE_EXPIRE",
    window: Duration::from_secs(20 * 60),
    paying: &["USERPAYING"],
    suspect: &["PAYERROR"],
    given_back: &["REFUND"],
    refunds: REFUNDS_OF,
    ask_once: &["TRADE_ERROR", "RULELIMIT", "ERROR", "FREQUENCY_LIMITED"],
    no_refusal: &[
        "SYSTEMERROR",
        "Internal error",
        "transaction internal error",
        "USERPAYING",
        "ORDER_SUCCESS_PAY_INPROCESS",
        "ORDERNOTEXIST",
        "Order not exists",
        "ACQ.TRADE_NOT_EXIST",
        "SIGNERROR",
        "Signature error",
        "valid sign fail",
        "PARAM_ERROR",
    ],
};

/// Final with `need_query` N and the query's word (POS flows 9, ruling 1).
const REFUSED: Means = Means::RefusedUnlessKnown(Next::NewNumber);
const STOP: Means = Means::RefusedUnlessKnown(Next::Stop);

/// Protocol C.5, POS flows 9. Codes come as words and as English text; both are open sets. What speaks of an order under this number
/// says nothing final of a fresh one.
const CODES: &[Row] = &[
    row("AUTHCODEEXPIRE", REFUSED, "二维码已过期, 请刷新再试"),
    row("AUTHCODE_EXPIRE", REFUSED, "二维码已过期, 请刷新再试"),
    row("AUTH_CODE_ERROR", REFUSED, "授权码参数错误"),
    row("AUTH_CODE_INVALID", REFUSED, "授权码检验错误"),
    row("Auth code invalid", REFUSED, "Auth code invalid"),
    row("NOTENOUGH", REFUSED, "余额不足"),
    row("BALANCE_NOT_ENOUGH", REFUSED, "余额不足"),
    row("NOTSUPORTCARD", REFUSED, "不支持卡类型"),
    row("NOTSUPPORTCARD", REFUSED, "不支持卡类型"),
    row("BUYER_MISMATCH", REFUSED, "支付帐号错误"),
    row("ACCOUNTERROR", REFUSED, "账户错误"),
    row("NOAUTH", STOP, "商户无权限"),
    row("Auth valid fail", STOP, "Auth valid fail"),
    row("PARAM_ERROR", REFUSED, "参数错误"),
    row("SIGNERROR", REFUSED, "签名错误"),
    row("Signature error", REFUSED, "Signature error"),
    row("valid sign fail", REFUSED, "valid sign fail"),
    row("valid flow fail", REFUSED, "valid flow fail"),
    row("total_fee:Invalid", REFUSED, "total_fee:Invalid"),
    row("total_fee:Must be greater or equal to [1]", REFUSED, "total_fee:Must be greater or equal to [1]"),
    row("USERPAYING", Means::Open, "用户支付中，需要输入密码"),
    row("USER_PAYING", Means::Open, "用户支付中，需要输入密码"),
    row("ORDER_SUCCESS_PAY_INPROCESS", Means::Open, "下单成功，支付处理中"),
    row("ORDERPAID", Means::Open, "订单已支付"),
    row("Order paid", Means::Open, "Order paid"),
    row("ORDERCLOSED", Means::Open, "订单已关闭"),
    row("ORDERREVERSED", Means::Open, "订单已撤销"),
    row("ORDERISEXIST", Means::Open, "订单已存在"),
    row("ORDERSTATUSERROR", Means::Open, "订单状态错误"),
    row("OUT_TRADE_NO_USED", Means::Open, "商户订单号重复"),
    row("INVALID_REQUEST", Means::Open, "201 商户订单号重复"),
    row("SYSTEMERROR", Means::Open, "系统错误"),
    row("BANKERROR", Means::Open, "银行系统异常"),
    row("Internal error", Means::Open, "Internal error"),
    row("transaction internal error", Means::Open, "transaction internal error"),
    row("TRADE_ERROR", Means::Open, "交易错误"),
    row("RULELIMIT", Means::Open, "风控限制"),
    row("ERROR", Means::Open, "业务错误"),
    row("FREQUENCY_LIMITED", Means::Open, "频率限制"),
];

/// `unified.micropay.reverse`. Its reply names no order: only the query after it counts (POS ruling 2).
pub const UNIFIED_REVERSE: Endpoint = Endpoint {
    name: "unified.micropay.reverse",
    fields: ABOUT_AN_ORDER,
    reply: ReplyTable { codes: REVERSE_CODES, ..CALL.reply },
    ..CALL
};

/// None of them settles an entry (POS flows 3.3, 9).
const REVERSE_CODES: &[Row] = &[
    row("SYSTEMERROR", Means::Open, "系统错误"),
    row("USERPAYING", Means::Open, "用户支付中，需要输入密码"),
    row("REVERSE_EXPIRE", Means::Open, "订单无法撤销：已超过7天"),
    row("ORDERNOTEXIST", Means::Open, "订单不存在"),
    row("Order not exists", Means::Open, "Order not exists"),
    row("ORDERSTATUSERROR", Means::Open, "订单状态错误"),
    row("TRADE_ERROR", Means::Open, "订单错误"),
    row("INVALID_REQUEST", Means::Open, "无效请求"),
];

/// Takes money by a customer's payment code, whose wallet the gateway finds by the code: WeChat, Alipay, UnionPay, QQ, JD, 翼支付.
///
/// `mch_id` and `service` come from the account, `device_info` from the terminal (QQ Wallet requires it). What is not set is neither sent
/// nor signed. **One code, one request**: after any outcome but a refusal the payment is asked about, never sent again.
///
/// Document: protocol C.2; POS flows 3, 9.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct UnifiedMicropay<'a> {
    /// 商户订单号, 5–32 of letters, digits and `_`. A till makes it.
    pub out_trade_no: &'a str,
    /// 商品描述, ≤127 characters.
    pub body: &'a str,
    /// 附加信息, ≤127 characters. It comes back in the query.
    pub attach: Option<&'a str>,
    /// The amount in fen, 1 or more.
    pub total_fee: Fen,
    /// 终端IP, ≤16.
    pub mch_create_ip: &'a str,
    /// 授权码: what the scanner read, 16 to 32 digits. Blanks and line ends around it are taken away.
    pub auth_code: &'a str,
    /// From when to when it may be paid, where the gateway is to be told.
    pub valid: Option<Valid>,
    /// 操作员, ≤32.
    pub op_user_id: Option<&'a str>,
    /// 门店编号, ≤32.
    pub op_shop_id: Option<&'a str>,
    /// 设备编号, ≤32.
    pub op_device_id: Option<&'a str>,
    /// 商品标记, ≤32 characters.
    pub goods_tag: Option<&'a str>,
    /// 终端信息: JSON, which UnionPay's gateways want.
    pub terminal_info: Option<&'a str>,
}

request!(Payment: UnifiedMicropay);

impl Request for UnifiedMicropay<'_> {
    type Account = SwiftpassAccount;
    type Reply = UnifiedPaid;
    const ENDPOINT: &'static Endpoint = &UNIFIED_MICROPAY;

    fn fields(&self, out: &mut Fields) {
        out.text("out_trade_no", self.out_trade_no);
        out.text("body", self.body);
        out.optional("attach", self.attach);
        out.fen("total_fee", self.total_fee);
        out.text("mch_create_ip", self.mch_create_ip);
        out.text("auth_code", scanned(self.auth_code));
        if let Some(valid) = self.valid {
            out.time("time_start", valid.start);
            out.time("time_expire", valid.expire);
        }
        out.optional("op_user_id", self.op_user_id);
        out.optional("op_shop_id", self.op_shop_id);
        out.optional("op_device_id", self.op_device_id);
        out.optional("goods_tag", self.goods_tag);
        out.optional("terminal_info", self.terminal_info);
    }
}

/// Hides the payment code.
impl fmt::Debug for UnifiedMicropay<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnifiedMicropay")
            .field("out_trade_no", &self.out_trade_no)
            .field("total_fee", &self.total_fee)
            .finish_non_exhaustive()
    }
}

/// The customer paid.
#[derive(Clone)]
#[non_exhaustive]
pub struct UnifiedPaid {
    /// The gateway's own transaction number. It is text.
    pub transaction_id: String,
    /// The wallet's transaction number, which the customer sees.
    pub out_transaction_id: Option<String>,
    /// Which wallet: `pay.weixin.micropay`, `pay.alipay.micropay`.
    pub trade_type: Option<String>,
    /// 支付完成时间, `yyyyMMddHHmmss`, GMT+8, as text.
    pub time_end: Option<String>,
    /// Every field of the reply.
    pub reply: Pairs,
}

/// Hides the customer's number.
impl fmt::Debug for UnifiedPaid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnifiedPaid")
            .field("transaction_id", &self.transaction_id)
            .field("trade_type", &self.trade_type)
            .field("time_end", &self.time_end)
            .field("reply", &self.reply)
            .finish_non_exhaustive()
    }
}

reply!(UnifiedPaid);

impl Reply for UnifiedPaid {
    type Account = SwiftpassAccount;

    fn read(reply: Pairs) -> Option<UnifiedPaid> {
        Some(UnifiedPaid {
            transaction_id: reply.owned("transaction_id")?,
            out_transaction_id: reply.owned("out_transaction_id"),
            trade_type: reply.owned("trade_type"),
            time_end: reply.owned("time_end"),
            reply,
        })
    }
}

/// Takes the money of a [`UnifiedMicropay`] back, or ends it unpaid (撤销). **Its success proves nothing**: ask afterwards. A till does it
/// by itself: [`Till::reverse`](crate::Till::reverse).
///
/// Document: protocol C.1; POS ruling 2, flows 9.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnifiedReverse<'a> {
    /// 商户订单号 of the payment.
    pub out_trade_no: &'a str,
}

request!(Close: UnifiedReverse);

impl Request for UnifiedReverse<'_> {
    type Account = SwiftpassAccount;
    type Reply = UnifiedReversed;
    const ENDPOINT: &'static Endpoint = &UNIFIED_REVERSE;

    fn fields(&self, out: &mut Fields) {
        out.text("out_trade_no", self.out_trade_no);
    }
}

/// The gateway took the reversal. Only the query says whether the money is back.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UnifiedReversed {
    /// Every field of the reply.
    pub reply: Pairs,
}

reply!(UnifiedReversed);

impl Reply for UnifiedReversed {
    type Account = SwiftpassAccount;

    fn read(reply: Pairs) -> Option<UnifiedReversed> {
        Some(UnifiedReversed { reply })
    }
}
