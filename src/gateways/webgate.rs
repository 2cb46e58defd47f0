//! Campus card recharge on an e-pay (易支付) web gateway: `wxcharge`.
//!
//! Documents: seed 003 易支付Web网关接口文档; protocol section D. Form body, HMAC-SHA1 in lower-case hex, reply signed
//! with SHA1WithRSA. The reply's format and the signed string are not public: JSON and sorted `k=v&` are assumed, and
//! the account's [`ReplyRule`](crate::ReplyRule) can replace both.

use alloc::string::String;

use super::rows::{account, attempt, given, shown};
use crate::endpoint::{
    Body, Digest, Due, Endpoint, Failure, Gate, KeyName, Kind, Means, Numbers, Over, ReplyTable, Required, ResolvedBy,
    Step,
};
use crate::gateways::account::WebgateAccount;
use crate::gateways::request::{Reply, Request, reply, request};
use crate::money::Fen;
use crate::outcome::Next;
use crate::wire::fields::Fields;
use crate::wire::pairs::Pairs;

/// `wxcharge`.
pub const WXCHARGE: Endpoint = Endpoint {
    name: "wxcharge",
    path: "/webgate/wxcharge",
    body: Body::Form,
    client_certificate: false,
    asks: false,
    // The reply may name nothing at all.
    own_connection: true,
    order_number: "out_trade_no",
    numbers: Numbers::DateSerialDigits,
    amount: "amount",
    fields: &[
        account("partner_id", "合作伙伴id号", 32),
        given("openid", "微信号openid", Required::Yes, Kind::Word, 64),
        given("netid", "学生netid", Required::Yes, Kind::Word, 64),
        attempt("timestamp", "时间戳", 14),
        shown(given(
            "out_trade_no",
            "商户网站的唯一订单号",
            Required::Yes,
            Kind::OrderNumber { shortest: 1, also: "_-" },
            32,
        )),
        shown(given("amount", "订单金额", Required::Yes, Kind::Fen { least: 1 }, 10)),
        given("remark", "备注信息", Required::No, Kind::Text, 128),
        attempt("sign", "签名", 40),
        shown(given("sign_method", "参数的加密方法选择", Required::Yes, Kind::OneOf(&["HMAC"]), 8)),
    ],
    rules: &[],
    signing: &[Step {
        output: "sign",
        over: Over::All,
        digest: Some(Digest::HmacSha1),
        key: KeyName::Api,
        suffix: None,
    }],
    reply: ReplyTable {
        transport: None,
        business: Gate { name: "retcode", success: &["0"], failure: Failure::NonZero },
        paid: &[],
        refuses: &[],
        code: &["retcode"],
        text: &["retmsg"],
        signature: Due::ByAccount,
        echo: &[
            ("partner_id", "partner_id"),
            ("openid", "openid"),
            ("netid", "netid"),
            ("out_trade_no", "out_trade_no"),
            ("amount", "amount"),
        ],
        must_have: &["retcode"],
        only_in_success: &[],
        codes: &[],
        // No list of retcodes is public. A verified non-zero one is a refusal on the first attempt only (protocol D).
        other_codes: Means::Refused(Next::NewNumber),
    },
    decides: &["openid", "netid", "amount"],
    payee_pause: None,
    resolved_by: ResolvedBy::Repeat,
    document: "seed 003; protocol D",
};

/// Charges a campus card.
///
/// `partner_id` comes from the account; `timestamp`, `sign_method` and `sign` from the pipeline. There is no query. The
/// document allows the same call again while the order is unpaid, with equal fields.
///
/// Document: seed 003; protocol D.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct WxCharge<'a> {
    /// 微信号openid (of the 企业号), ≤64.
    pub openid: &'a str,
    /// 学生netid, ≤64.
    pub netid: &'a str,
    /// 商户网站的唯一订单号, 1–32 of letters, digits, `_` and `-`. **The same number is the same recharge.**
    pub out_trade_no: &'a str,
    /// 订单金额 in fen.
    pub amount: Fen,
    /// 备注信息, ≤128 characters.
    pub remark: Option<&'a str>,
}

request!(Payment: WxCharge);

impl Request for WxCharge<'_> {
    type Account = WebgateAccount;
    type Reply = WxCharged;
    const ENDPOINT: &'static Endpoint = &WXCHARGE;

    fn fields(&self, out: &mut Fields) {
        out.text("openid", self.openid);
        out.text("netid", self.netid);
        out.text("out_trade_no", self.out_trade_no);
        out.fen("amount", self.amount);
        out.optional("remark", self.remark);
        // The document's name of the method; HMAC-SHA1 is meant ("HAMC-SHA1", sic).
        out.text("sign_method", "HMAC");
    }
}

/// The gateway took the recharge. The document does not say that the card is already credited.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WxCharged {
    /// True when the reply names the order and it is the one sent. False (unbound) when the reply names none: then
    /// only the connection ties it to this request.
    pub names_order: bool,
    /// 返回信息.
    pub retmsg: Option<String>,
    /// Every field of the reply.
    pub reply: Pairs,
}

reply!(WxCharged);

impl Reply for WxCharged {
    type Account = WebgateAccount;

    fn read(reply: Pairs) -> Option<WxCharged> {
        Some(WxCharged { names_order: reply.filled("out_trade_no").is_some(), retmsg: reply.owned("retmsg"), reply })
    }
}

impl core::fmt::Debug for WxCharge<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("WxCharge")
            .field("out_trade_no", &self.out_trade_no)
            .field("amount", &self.amount)
            .finish_non_exhaustive()
    }
}
