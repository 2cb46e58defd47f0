//! Refunds on a Swiftpass-type gateway: partial or whole, taken at once and arrived later, whatever the wallet.
//!
//! Documents: protocol sections C.1 to C.5; POS flows 5, 9. No client certificate.
//!
//! The flow is that of WeChat's own gateway ([`Refund`](super::refund::Refund)). **`Taken` means that the gateway took the refund. Nothing
//! has arrived yet.**

use alloc::string::String;
use core::fmt;
use core::time::Duration;

use super::refund::RefundOf;
use super::rows::{account, given, may, row, shown};
use super::swiftpass::{CALL, CHARSET, MCH_ID, NONCE_STR, NUMBER, SERVICE, SIGN_TYPE, SIGNATURE, VERSION};
use crate::endpoint::{
    Endpoint, Field, Kind, Means, RefundRules, RefundsOf, ReplyTable, Required, Resolution, ResolvedBy, Row, Rule,
};
use crate::gateways::account::SwiftpassAccount;
use crate::gateways::request::{Reply, Request, reply, request};
use crate::gateways::trade::about_a_refund;
use crate::money::Fen;
use crate::outcome::Next;
use crate::wire::fields::Fields;
use crate::wire::pairs::Pairs;

/// 商户退款单号, at most 32 characters (POS flows 13).
const OUT_REFUND_NO: Field =
    shown(given("out_refund_no", "商户退款单号", Required::Yes, Kind::OrderNumber { shortest: 1, also: "_" }, 32));
const TRANSACTION_ID: Field = shown(given("transaction_id", "平台订单号", Required::No, Kind::LettersAndDigits, 32));

/// `unified.trade.refund`. The same number refunds once, however often it is sent.
pub const UNIFIED_REFUND: Endpoint = Endpoint {
    name: "unified.trade.refund",
    order_number: "out_refund_no",
    amount: "refund_fee",
    fields: &[
        SERVICE,
        VERSION,
        CHARSET,
        SIGN_TYPE,
        MCH_ID,
        may(NUMBER),
        TRANSACTION_ID,
        OUT_REFUND_NO,
        shown(given("total_fee", "总金额", Required::Yes, Kind::AnyFen { least: 1 }, 10)),
        shown(given("refund_fee", "退款金额", Required::Yes, Kind::AnyFen { least: 1 }, 10)),
        account("op_user_id", "操作员", 32),
        shown(given("refund_channel", "退款渠道", Required::No, Kind::OneOf(&["ORIGINAL", "BALANCE"]), 16)),
        NONCE_STR,
        SIGNATURE,
    ],
    rules: &[
        Rule::OneOf(&["out_trade_no", "transaction_id"]),
        Rule::NotAbove { field: "refund_fee", most: "total_fee" },
    ],
    reply: ReplyTable {
        echo: &[
            ("mch_id", "mch_id"),
            ("out_trade_no", "out_trade_no"),
            ("transaction_id", "transaction_id"),
            ("out_refund_no", "out_refund_no"),
            ("refund_fee", "refund_fee"),
        ],
        must_have: &["mch_id", "out_refund_no", "refund_id", "refund_fee"],
        only_in_success: &["refund_id"],
        codes: CODES,
        ..CALL.reply
    },
    decides: &["out_trade_no", "transaction_id", "total_fee", "refund_fee"],
    resolved_by: ResolvedBy::Query(&RESOLUTION),
    document: "protocol C.2, C.4, C.5; POS flows 5, 9",
    ..CALL
};

const RESOLUTION: Resolution = Resolution {
    query: &UNIFIED_REFUND_QUERY,
    fixed: &[],
    state: "refund_status",
    amount: "refund_fee",
    paid: &["SUCCESS"],
    // No state closes a number here (protocol C.4.7).
    unpaid: &[],
    evidence: &["refund_id", "refund_status", "refund_time", "refund_channel", "out_refund_id"],
    look_back: Duration::from_secs(365 * 86_400),
    slow: &[],
    refund: Some(&RULES),
    repeat_when: &[],
};

/// POS flows 5, 9, 20.12; what is not documented here is WeChat's.
const RULES: RefundRules = RefundRules {
    of: ("out_trade_no", "transaction_id"),
    total: "total_fee",
    taken: &["PROCESSING"],
    again: &["FAIL", "FAILED"],
    ask_again: &["SYSTEMERROR", "Internal error", "transaction internal error"],
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

/// Protocol C.5, POS flows 5, 9. No `need_query` is documented for a refund (protocol C.4.4): the query, asked twice, confirms a refusal.
/// The words of the last rows also answer a repeat whose first try worked.
const CODES: &[Row] = &[
    row("SYSTEMERROR", Means::Open, "系统错误"),
    row("Internal error", Means::Open, "Internal error"),
    row("transaction internal error", Means::Open, "transaction internal error"),
    row("FREQUENCY_LIMITED", LATER, "频率限制"),
    row("NOTENOUGH", MEND, "余额不足"),
    row("BALANCE_NOT_ENOUGH", MEND, "余额不足"),
    row("ACCOUNTERROR", STOP, "账户错误"),
    row("NOAUTH", STOP, "商户无权限"),
    row("Auth valid fail", STOP, "Auth valid fail"),
    row("ORDERNOTEXIST", STOP, "订单不存在"),
    row("Order not exists", STOP, "Order not exists"),
    row("ACQ.TRADE_NOT_EXIST", STOP, "交易不存在"),
    row("PARAM_ERROR", MEND, "参数错误"),
    row("SIGNERROR", MEND, "签名错误"),
    row("Signature error", MEND, "Signature error"),
    row("valid sign fail", MEND, "valid sign fail"),
    row("REFUND_FEE_INVALID", MEND, "退款金额不正确"),
    row("REFUND_FEE_MISMATCH", Means::Open, "订单金额或退款金额与之前请求不一致"),
    row("refundInfo is exists", Means::Open, "refundInfo is exists"),
    row("REFUNDINFOTEXIST", Means::Open, "退款信息已存在"),
    row("ORDERSTATUSERROR", Means::Open, "订单状态错误"),
    row("INVALID_REQUEST", Means::Open, "无效请求"),
];

/// `unified.trade.refundquery`, by the number of the refund. Its reply has rows: `out_refund_no_0`, `refund_status_0`. For Alipay only
/// `out_refund_no` and `refund_id` are taken (POS flows 9).
pub const UNIFIED_REFUND_QUERY: Endpoint = Endpoint {
    name: "unified.trade.refundquery",
    asks: true,
    own_connection: false,
    order_number: "out_refund_no",
    fields: &[
        SERVICE,
        SIGN_TYPE,
        MCH_ID,
        may(NUMBER),
        TRANSACTION_ID,
        may(OUT_REFUND_NO),
        shown(given("refund_id", "平台退款单号", Required::No, Kind::LettersAndDigits, 32)),
        NONCE_STR,
        SIGNATURE,
    ],
    rules: &[Rule::OneOf(&["out_refund_no", "out_trade_no", "transaction_id", "refund_id"])],
    reply: ReplyTable {
        must_have: &["mch_id", "refund_count"],
        only_in_success: &["refund_count"],
        codes: REFUND_NOT_KNOWN,
        ..CALL.reply
    },
    ..CALL
};

const REFUND_NOT_KNOWN: &[Row] = &[
    row("REFUNDNOTEXIST", Means::NotKnown, "退款不存在"),
    row("ORDERNOTEXIST", Means::NotKnown, "订单不存在"),
    row("Order not exists", Means::NotKnown, "Order not exists"),
    row("ACQ.TRADE_NOT_EXIST", Means::NotKnown, "交易不存在"),
];

/// The same by the order's number: rows of all its refunds. No pages are documented, and not for Alipay.
pub(super) const REFUNDS_OF: RefundsOf = RefundsOf {
    query: &Endpoint { order_number: "out_trade_no", ..UNIFIED_REFUND_QUERY },
    rows: "refund_count",
    pages: None,
    total: None,
    not_of: Some(("trade_type", "pay.alipay.")),
    number: "out_refund_no",
    amount: "refund_fee",
    state: "refund_status",
    arrived: RESOLUTION.paid,
    taken: RULES.taken,
    most: RULES.rows,
};

/// Gives money back: all of an order's, or a part.
///
/// `op_user_id` comes from the account. Document: protocol C.2; POS flows 5, 9.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct UnifiedRefund<'a> {
    /// 商户退款单号, 1–32 of letters, digits and `_`. A till makes it.
    pub out_refund_no: &'a str,
    /// The order.
    pub of: RefundOf<'a>,
    /// 总金额: what the order was about, in fen.
    pub total_fee: Fen,
    /// 退款金额 in fen, 1 or more.
    pub refund_fee: Fen,
    /// 退款渠道: `true` sends BALANCE, and the money goes to the customer's balance. By default it goes the way it came.
    pub to_balance: bool,
}

impl<'a> UnifiedRefund<'a> {
    /// A refund of an order, with nothing else set.
    pub const fn new(of: RefundOf<'a>, total_fee: Fen, refund_fee: Fen) -> UnifiedRefund<'a> {
        UnifiedRefund { out_refund_no: "", of, total_fee, refund_fee, to_balance: false }
    }
}

request!(Payment: UnifiedRefund);

impl Request for UnifiedRefund<'_> {
    type Account = SwiftpassAccount;
    type Reply = UnifiedRefundTaken;
    const ENDPOINT: &'static Endpoint = &UNIFIED_REFUND;

    fn fields(&self, out: &mut Fields) {
        match self.of {
            RefundOf::OutTradeNo(number) => out.text("out_trade_no", number),
            RefundOf::TransactionId(id) => out.text("transaction_id", id),
        }
        out.text("out_refund_no", self.out_refund_no);
        out.fen("total_fee", self.total_fee);
        out.fen("refund_fee", self.refund_fee);
        out.optional("refund_channel", self.to_balance.then_some("BALANCE"));
    }
}

impl fmt::Debug for UnifiedRefund<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnifiedRefund")
            .field("out_refund_no", &self.out_refund_no)
            .field("of", &self.of)
            .field("refund_fee", &self.refund_fee)
            .finish_non_exhaustive()
    }
}

about_a_refund! {
    SwiftpassAccount, RULES,
    UnifiedRefundTaken, UnifiedRefundQuery: UNIFIED_REFUND_QUERY -> QueriedUnifiedRefund
}
