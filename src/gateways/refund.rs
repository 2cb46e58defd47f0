//! Refunds of WeChat Pay's own gateway: partial or whole, taken at once and arrived later.
//!
//! Documents: protocol sections E.2, E.3; POS flows 5, 6, 13, 14. The refund needs the client certificate, its query does not.
//!
//! **`Taken` means that the gateway took the refund. Nothing has arrived yet.** What becomes of it is told by the query
//! ([`RefundQuery`]); a notification is a hint only (POS ruling 9).

use alloc::string::String;
use core::fmt;
use core::time::Duration;

use super::rows::{given, may, row, shown};
use super::wxpay::{APPID, CALL, MCH_ID, NONCE_STR, NUMBER, SIGN_TYPE, SIGNATURE, SUB_APPID, SUB_MCH_ID};
use crate::endpoint::{
    Endpoint, Field, Kind, Means, RefundRules, RefundsOf, ReplyTable, Required, Resolution, ResolvedBy, Row, Rule,
};
use crate::gateways::account::WxpayAccount;
use crate::gateways::request::{Reply, Request, reply, request};
use crate::gateways::trade::about_a_refund;
use crate::money::Fen;
use crate::outcome::Next;
use crate::wire::fields::Fields;
use crate::wire::pairs::Pairs;

/// 商户退款单号, 1 to 64 characters (POS flows 13).
const OUT_REFUND_NO: Field =
    shown(given("out_refund_no", "商户退款单号", Required::Yes, Kind::OrderNumber { shortest: 1, also: "_-|*@" }, 64));
const TRANSACTION_ID: Field = shown(given("transaction_id", "微信订单号", Required::No, Kind::LettersAndDigits, 32));

/// `refund`. The same number with the same fields refunds once, however often it is sent.
pub const REFUND: Endpoint = Endpoint {
    name: "refund",
    path: "/secapi/pay/refund",
    client_certificate: true,
    order_number: "out_refund_no",
    amount: "refund_fee",
    fields: &[
        APPID,
        SUB_APPID,
        MCH_ID,
        SUB_MCH_ID,
        NONCE_STR,
        SIGNATURE,
        SIGN_TYPE,
        TRANSACTION_ID,
        may(NUMBER),
        OUT_REFUND_NO,
        shown(given("total_fee", "订单金额", Required::Yes, Kind::AnyFen { least: 1 }, 10)),
        shown(given("refund_fee", "退款金额", Required::Yes, Kind::AnyFen { least: 1 }, 10)),
        shown(given("refund_fee_type", "退款货币种类", Required::No, Kind::OneOf(&["CNY"]), 8)),
        given("refund_desc", "退款原因", Required::No, Kind::Text, 80),
        shown(given("refund_account", "退款资金来源", Required::No, Kind::OneOf(&[UNSETTLED, RECHARGED]), 30)),
        given("notify_url", "退款结果通知url", Required::No, Kind::NotifyUrl, 256),
    ],
    rules: &[
        Rule::OneOf(&["out_trade_no", "transaction_id"]),
        Rule::NotAbove { field: "refund_fee", most: "total_fee" },
    ],
    reply: ReplyTable {
        echo: &[
            ("mch_id", "mch_id"),
            ("appid", "appid"),
            ("sub_mch_id", "sub_mch_id"),
            ("out_trade_no", "out_trade_no"),
            ("transaction_id", "transaction_id"),
            ("out_refund_no", "out_refund_no"),
            ("refund_fee", "refund_fee"),
            ("total_fee", "total_fee"),
        ],
        must_have: &["mch_id", "appid", "sub_mch_id", "out_refund_no", "refund_id", "refund_fee", "total_fee"],
        only_in_success: &["refund_id"],
        codes: CODES,
        ..CALL.reply
    },
    decides: &["out_trade_no", "transaction_id", "total_fee", "refund_fee", "refund_fee_type"],
    resolved_by: ResolvedBy::Query(&RESOLUTION),
    document: "protocol E.2, E.3; POS flows 5",
    ..CALL
};

/// 未结算资金, the default.
const UNSETTLED: &str = "REFUND_SOURCE_UNSETTLED_FUNDS";
/// 可用余额.
const RECHARGED: &str = "REFUND_SOURCE_RECHARGE_FUNDS";

const RESOLUTION: Resolution = Resolution {
    query: &REFUND_QUERY,
    fixed: &[],
    state: "refund_status",
    amount: "refund_fee",
    paid: &["SUCCESS"],
    // Closed for good: a new number, after topping up.
    unpaid: &["REFUNDCLOSE"],
    evidence: &["refund_id", "refund_status", "refund_success_time", "refund_recv_accout"],
    look_back: Duration::from_secs(365 * 86_400),
    slow: &[],
    refund: Some(&RULES),
    repeat_when: &[],
};

/// POS flows 5, 20.12.
const RULES: RefundRules = RefundRules {
    of: ("out_trade_no", "transaction_id"),
    total: "total_fee",
    taken: &["PROCESSING"],
    again: &["FAIL"],
    ask_again: &["SYSTEMERROR", "BIZERR_NEED_RETRY"],
    for_a_person: &["CHANGE"],
    apart: Duration::from_secs(60),
    repeats: (Duration::from_secs(5), Duration::from_secs(60)),
    looks: (Duration::from_secs(20 * 60), Duration::from_secs(6 * 3600)),
    gives_up: Duration::from_secs(30 * 86_400),
    rows: 50,
};

const MEND: Means = Means::RefusedUnlessKnown(Next::SameNumber);
const LATER: Means = Means::RefusedUnlessKnown(Next::SameNumberLater(Duration::from_secs(60)));
const STOP: Means = Means::RefusedUnlessKnown(Next::Stop);

/// POS flows 5. A refusal is confirmed by the query before it counts. The words of the last rows also answer a repeat whose first try
/// worked.
const CODES: &[Row] = &[
    row("SYSTEMERROR", Means::Open, "接口返回错误"),
    row("BIZERR_NEED_RETRY", Means::Open, "退款业务流程错误，需要商户触发重试来解决"),
    row("INVALID_REQ_TOO_MUCH", LATER, "无效请求过多"),
    row("FREQUENCY_LIMITED", LATER, "频率限制"),
    row("NOTENOUGH", MEND, "余额不足"),
    row("USER_ACCOUNT_ABNORMAL", STOP, "退款请求失败"),
    row("TRADE_OVERDUE", STOP, "订单已经超过退款期限"),
    row("ORDERNOTEXIST", STOP, "订单号不存在"),
    row("INVALID_TRANSACTIONID", MEND, "无效transaction_id"),
    row("PARAM_ERROR", MEND, "参数错误"),
    row("APPID_NOT_EXIST", MEND, "APPID不存在"),
    row("MCHID_NOT_EXIST", MEND, "MCHID不存在"),
    row("APPID_MCHID_NOT_MATCH", MEND, "appid和mch_id不匹配"),
    row("REQUIRE_POST_METHOD", MEND, "请使用post方法"),
    row("SIGNERROR", MEND, "签名错误"),
    row("XML_FORMAT_ERROR", MEND, "XML格式错误"),
    row("ERROR", Means::Open, "业务错误"),
    row("INVALID_REQUEST", Means::Open, "参数错误"),
    row("REFUND_FEE_MISMATCH", Means::Open, "订单金额或退款金额与之前请求不一致"),
];

/// `refundquery`, by the number of the refund. Its reply has rows: `out_refund_no_0`, `refund_status_0`.
pub const REFUND_QUERY: Endpoint = Endpoint {
    name: "refundquery",
    path: "/pay/refundquery",
    asks: true,
    own_connection: false,
    order_number: "out_refund_no",
    fields: &[
        APPID,
        SUB_APPID,
        MCH_ID,
        SUB_MCH_ID,
        NONCE_STR,
        SIGNATURE,
        SIGN_TYPE,
        TRANSACTION_ID,
        may(NUMBER),
        may(OUT_REFUND_NO),
        shown(given("refund_id", "微信退款单号", Required::No, Kind::LettersAndDigits, 32)),
        shown(given("offset", "偏移量", Required::No, Kind::Digits, 10)),
    ],
    rules: &[Rule::OneOf(&["out_refund_no", "out_trade_no", "transaction_id", "refund_id"])],
    reply: ReplyTable {
        must_have: &["mch_id", "appid", "sub_mch_id", "refund_count"],
        only_in_success: &["refund_count"],
        codes: &[
            row("REFUNDNOTEXIST", Means::NotKnown, "退款订单查询失败"),
            row("ORDERNOTEXIST", Means::NotKnown, "此交易订单号不存在"),
        ],
        ..CALL.reply
    },
    ..CALL
};

/// The same by the order's number: rows of all its refunds, in pages (POS flows 20.1).
pub(super) const REFUNDS_OF: RefundsOf = RefundsOf {
    query: &Endpoint { order_number: "out_trade_no", ..REFUND_QUERY },
    rows: "refund_count",
    pages: Some(("offset", "total_refund_count")),
    total: Some("total_fee"),
    not_of: None,
    number: "out_refund_no",
    amount: "refund_fee",
    state: "refund_status",
    arrived: RESOLUTION.paid,
    taken: RULES.taken,
    most: RULES.rows,
};

/// The order that is refunded, by one of its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundOf<'a> {
    /// 商户订单号: our own number. A till knows the order by it.
    OutTradeNo(&'a str),
    /// 微信订单号: of an order that this journal does not have.
    TransactionId(&'a str),
}

/// Gives money back: all of an order's, or a part.
///
/// Document: protocol E.2; POS flows 5.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Refund<'a> {
    /// 商户退款单号, 1–64 of letters, digits and `_-|*@`. A till makes it.
    pub out_refund_no: &'a str,
    /// The order.
    pub of: RefundOf<'a>,
    /// 订单金额: what the order was about, in fen, coupons or not.
    pub total_fee: Fen,
    /// 退款金额 in fen, 1 or more.
    pub refund_fee: Fen,
    /// 退款原因, ≤80 characters. The customer does not see it for a part of 1 yuan or less.
    pub refund_desc: Option<&'a str>,
    /// 退款资金来源: `true` takes it from the available balance (可用余额), where what is not settled yet is too little.
    pub from_balance: bool,
    /// 退款结果通知url: an absolute https URL without a query string, ≤256. Without it no notification comes.
    pub notify_url: Option<&'a str>,
}

impl<'a> Refund<'a> {
    /// A refund of an order, with nothing else set.
    pub const fn new(of: RefundOf<'a>, total_fee: Fen, refund_fee: Fen) -> Refund<'a> {
        Refund {
            out_refund_no: "",
            of,
            total_fee,
            refund_fee,
            refund_desc: None,
            from_balance: false,
            notify_url: None,
        }
    }
}

request!(Payment: Refund);

impl Request for Refund<'_> {
    type Account = WxpayAccount;
    type Reply = RefundTaken;
    const ENDPOINT: &'static Endpoint = &REFUND;

    fn fields(&self, out: &mut Fields) {
        match self.of {
            RefundOf::TransactionId(id) => out.text("transaction_id", id),
            RefundOf::OutTradeNo(number) => out.text("out_trade_no", number),
        }
        out.text("out_refund_no", self.out_refund_no);
        out.fen("total_fee", self.total_fee);
        out.fen("refund_fee", self.refund_fee);
        out.optional("refund_desc", self.refund_desc);
        out.optional("refund_account", self.from_balance.then_some(RECHARGED));
        out.optional("notify_url", self.notify_url);
    }
}

impl fmt::Debug for Refund<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refund")
            .field("out_refund_no", &self.out_refund_no)
            .field("of", &self.of)
            .field("refund_fee", &self.refund_fee)
            .finish_non_exhaustive()
    }
}

about_a_refund! {
    WxpayAccount, RULES,
    RefundTaken, RefundQuery: REFUND_QUERY -> QueriedRefund
}
