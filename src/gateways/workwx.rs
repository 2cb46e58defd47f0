//! WeCom payments to employees: `paywwsptrans2pocket`, and the query `querywwsptrans2pocket`. **Closed to new merchants**: its
//! page says 暂不支持新增 (protocol B.1, L); those who have it keep it.
//!
//! Documents: seed 000 向员工付款; WeCom page 90281 (signatures); protocol section B. Two signatures, MD5 only, client
//! certificate, replies unsigned.

use alloc::string::String;
use core::time::Duration;

use super::rows::{DEVICE_INFO, MEND, RESULT_CODE, RETURN_CODE, SIGN, account, attempt, given, row, shown};
use crate::endpoint::{
    Body, Digest, Due, Endpoint, KeyName, Kind, Means, Numbers, Over, ReplyTable, Required, Resolution, ResolvedBy,
    Row, Rule, Step,
};
use crate::gateways::account::WorkwxAccount;
use crate::gateways::request::{Reply, Request, reply, request};
use crate::money::Fen;
use crate::outcome::Next;
use crate::wire::fields::Fields;
use crate::wire::pairs::Pairs;

/// 商户订单号: letters and digits. The call allows 32, its query 28: the shorter holds.
const PARTNER_TRADE_NO: Kind = Kind::OrderNumber { shortest: 1, also: "" };

/// `paywwsptrans2pocket`.
pub const PAY_WWSPTRANS2POCKET: Endpoint = Endpoint {
    name: "paywwsptrans2pocket",
    path: "/mmpaymkttransfers/promotion/paywwsptrans2pocket",
    body: Body::Xml,
    client_certificate: true,
    asks: false,
    own_connection: false,
    order_number: "partner_trade_no",
    numbers: Numbers::MerchantDateSerial,
    amount: "amount",
    fields: &[
        account("appid", "公众账号appid", 128),
        account("mch_id", "商户号", 32),
        DEVICE_INFO,
        attempt("nonce_str", "随机字符串", 32),
        attempt("sign", "微信支付签名", 32),
        shown(given("partner_trade_no", "商户订单号", Required::Yes, PARTNER_TRADE_NO, 28)),
        given("openid", "用户openid", Required::Yes, Kind::Word, 64),
        shown(given("check_name", "校验用户姓名选项", Required::Yes, Kind::OneOf(&["NO_CHECK", "FORCE_CHECK"]), 16)),
        given("re_user_name", "收款用户姓名", Required::No, Kind::Text, 64),
        shown(given("amount", "金额", Required::Yes, Kind::Fen { least: 1 }, 10)),
        given("desc", "付款说明", Required::Yes, Kind::Text, 81),
        given("spbill_create_ip", "Ip地址", Required::Yes, Kind::Ip, 32),
        attempt("workwx_sign", "企业微信签名", 128),
        shown(given("ww_msg_type", "付款消息类型", Required::Yes, Kind::OneOf(&["NORMAL_MSG", "APPROVAL_MSG"]), 32)),
        given("approval_number", "审批单号", Required::No, Kind::Word, 64),
        shown(given("approval_type", "审批类型", Required::No, Kind::OneOf(&["1"]), 1)),
        given("act_name", "项目名称", Required::Yes, Kind::Text, 50),
        shown(given("agentid", "付款的应用id", Required::No, Kind::Digits, 10)),
    ],
    // Protocol B.2: a forced check needs the name; an approval needs its number and type, a normal message has neither.
    rules: &[
        Rule::RequiredWhen { field: "re_user_name", when: "check_name", is: "FORCE_CHECK" },
        Rule::OnlyWhen { field: "approval_number", when: "ww_msg_type", is: "APPROVAL_MSG" },
        Rule::OnlyWhen { field: "approval_type", when: "ww_msg_type", is: "APPROVAL_MSG" },
    ],
    // 90281: first workwx_sign over exactly these eight, then sign over everything, workwx_sign included.
    signing: &[
        Step {
            output: "workwx_sign",
            over: Over::Named(&[
                "amount",
                "appid",
                "desc",
                "mch_id",
                "nonce_str",
                "openid",
                "partner_trade_no",
                "ww_msg_type",
            ]),
            digest: Some(Digest::Md5),
            key: KeyName::WorkwxSecret,
            suffix: Some("&secret="),
        },
        SIGN,
    ],
    reply: ReplyTable {
        transport: Some(RETURN_CODE),
        business: RESULT_CODE,
        paid: &[],
        refuses: &[],
        code: &["err_code"],
        text: &["err_code_des", "return_msg"],
        signature: Due::IfPresent,
        echo: &[("partner_trade_no", "partner_trade_no"), ("mch_id", "mch_id"), ("appid", "appid")],
        must_have: &["partner_trade_no", "payment_no"],
        only_in_success: &["payment_no"],
        codes: CODES,
        other_codes: Means::Open,
    },
    decides: &["openid", "amount"],
    // B.1: at least 15 s between two payments to one user.
    payee_pause: Some(("openid", Duration::from_secs(15))),
    resolved_by: ResolvedBy::Query(&RESOLUTION),
    document: "seed 000; WeCom 90278, 90281; protocol B.2, B.3, B.4",
};

/// Protocol B.4. B.1 says that a failed result must be queried; B.4 calls some codes "not paid". Ruling: only the row
/// "not accepted" is final at once; a first attempt that was "not paid" is final where the query does not know it; everything
/// else after the query says FAILED.
const CODES: &[Row] = &[
    row("SYSTEMERROR", Means::Open, "系统繁忙，请稍后再试"),
    row("CA_ERROR", Means::Open, "证书出错，先查询"),
    row("SENDNUM_LIMIT", Means::RefusedUnlessKnown(Next::SameNumber), "该用户今日付款次数超过限制"),
    row("FATAL_ERROR", Means::Open, "两次请求参数不一致"),
    row("NAME_MISMATCH", Means::RefusedUnlessKnown(Next::SameNumber), "姓名校验出错"),
    row("NOTENOUGH", Means::RefusedUnlessKnown(Next::SameNumber), "余额不足"),
    row("AMOUNT_LIMIT", Means::RefusedUnlessKnown(Next::Stop), "付款金额超限"),
    row("NOAUTH", MEND, "没有权限"),
    row("PARAM_ERROR", MEND, "参数错误"),
    row("OPENID_ERROR", MEND, "openid错误"),
    row("SIGN_ERROR", MEND, "签名错误"),
    row("XML_ERROR", MEND, "xml格式错误"),
    row("HTTP_METHOD_ERROR", MEND, "请求方式错误"),
    row("V2_ACCOUNT_SIMPLE_BAN", MEND, "非实名用户账号不可发放"),
    row("WORKWX_MCHID_ERROR", MEND, "商户号错误"),
    row("WORKWX_SIGN_ERROR", MEND, "企业微信签名错误"),
];

/// `querywwsptrans2pocket`.
pub const QUERY_WWSPTRANS2POCKET: Endpoint = Endpoint {
    name: "querywwsptrans2pocket",
    path: "/mmpaymkttransfers/promotion/querywwsptrans2pocket",
    body: Body::Xml,
    client_certificate: true,
    asks: true,
    own_connection: false,
    order_number: "partner_trade_no",
    numbers: Numbers::MerchantDateSerial,
    amount: "",
    fields: &[
        attempt("nonce_str", "随机字符串", 32),
        attempt("sign", "签名", 32),
        shown(given("partner_trade_no", "商户订单号", Required::Yes, PARTNER_TRADE_NO, 28)),
        account("mch_id", "商户号", 32),
        account("appid", "Appid", 128),
    ],
    rules: &[],
    signing: &[SIGN],
    reply: ReplyTable {
        transport: Some(RETURN_CODE),
        business: RESULT_CODE,
        paid: &[],
        refuses: &[],
        code: &["err_code"],
        text: &["err_code_des", "return_msg"],
        signature: Due::IfPresent,
        echo: &[("partner_trade_no", "partner_trade_no"), ("mch_id", "mch_id")],
        must_have: &["status"],
        only_in_success: &["status"],
        codes: &[row("NOT_FOUND", Means::NotKnown, "指定单号数据不存在")],
        other_codes: Means::Open,
    },
    decides: &[],
    payee_pause: None,
    resolved_by: ResolvedBy::NotByTill,
    document: "WeCom 90279; protocol B.2, B.4",
};

/// querywwsptrans2pocket decides what a payment left open.
const RESOLUTION: Resolution = Resolution {
    query: &QUERY_WWSPTRANS2POCKET,
    fixed: &[],
    state: "status",
    amount: "payment_amount",
    paid: &["SUCCESS"],
    unpaid: &["FAILED"],
    evidence: &["detail_id", "status", "transfer_time"],
    look_back: Duration::from_secs(30 * 86_400),
    slow: &[],
    refund: None,
    repeat_when: &[],
};

/// Pays one employee.
///
/// **WeChat takes no new merchants for this call** (向员工付款: 暂不支持新增); those who have it are not affected. Do not begin with
/// it: ask WeChat for what is open to you.
///
/// `mch_id` and `appid` come from the account, `device_info` from the terminal, the nonce and both signatures from the
/// pipeline. Begin with [`PayEmployee::new`], which asks for the two choices that have no safe default, and write the
/// rest:
///
/// ```
/// use wxpay_terminal::{CheckName, Fen, PayEmployee, WwMsgType};
///
/// let pay = PayEmployee {
///     partner_trade_no: "100000982017072019616",
///     openid: "ohO4Gt7wVPxIT1A9GjFaMYMiZY1s",
///     amount: Fen::new(100)?,
///     desc: "六月出差报销费用",
///     spbill_create_ip: "10.2.3.10",
///     act_name: "示例项目",
///     ..PayEmployee::new(CheckName::NoCheck { re_user_name: Some("张三") }, WwMsgType::Normal)
/// };
/// # Ok::<(), wxpay_terminal::Error>(())
/// ```
///
/// Document: seed 000; protocol B.2.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PayEmployee<'a> {
    /// 商户订单号, 1–28 letters and digits, unique per merchant. **The same number is the same payment.**
    pub partner_trade_no: &'a str,
    /// 用户openid under the account's `appid`, ≤64.
    pub openid: &'a str,
    /// 校验用户姓名选项, with the name where it needs one.
    pub check_name: CheckName<'a>,
    /// 金额 in fen.
    pub amount: Fen,
    /// 付款说明, ≤81 characters.
    pub desc: &'a str,
    /// Ip地址 of the machine, ≤32.
    pub spbill_create_ip: &'a str,
    /// 付款消息类型, with the approval number where it needs one.
    pub ww_msg_type: WwMsgType<'a>,
    /// 项目名称, ≤50 characters.
    pub act_name: &'a str,
    /// 付款的应用id. The payment is shown as sent by that application.
    pub agentid: Option<u32>,
}

/// 校验用户姓名选项.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum CheckName<'a> {
    /// `NO_CHECK`: 不校验真实姓名. A name may be sent all the same; it is then signed.
    NoCheck {
        /// 收款用户姓名, ≤64 characters.
        re_user_name: Option<&'a str>,
    },
    /// `FORCE_CHECK`: 强校验真实姓名.
    ForceCheck {
        /// 收款用户姓名, ≤64 characters.
        re_user_name: &'a str,
    },
}

/// 付款消息类型. An approval without its number cannot be written down.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum WwMsgType<'a> {
    /// `NORMAL_MSG`: 普通付款消息.
    Normal,
    /// `APPROVAL_MSG`: 审批付款消息. `approval_type` is always 1.
    Approval {
        /// 审批单号.
        approval_number: &'a str,
    },
}

impl<'a> PayEmployee<'a> {
    /// A payment with these two choices; the rest is empty, and an empty field is refused.
    pub const fn new(check_name: CheckName<'a>, ww_msg_type: WwMsgType<'a>) -> PayEmployee<'a> {
        PayEmployee {
            partner_trade_no: "",
            openid: "",
            check_name,
            amount: Fen::ZERO,
            desc: "",
            spbill_create_ip: "",
            ww_msg_type,
            act_name: "",
            agentid: None,
        }
    }
}

request!(Payment: PayEmployee);

impl Request for PayEmployee<'_> {
    type Account = WorkwxAccount;
    type Reply = EmployeePaid;
    const ENDPOINT: &'static Endpoint = &PAY_WWSPTRANS2POCKET;

    fn fields(&self, out: &mut Fields) {
        out.text("partner_trade_no", self.partner_trade_no);
        out.text("openid", self.openid);
        match self.check_name {
            CheckName::NoCheck { re_user_name } => {
                out.text("check_name", "NO_CHECK");
                out.optional("re_user_name", re_user_name);
            }
            CheckName::ForceCheck { re_user_name } => {
                out.text("check_name", "FORCE_CHECK");
                out.text("re_user_name", re_user_name);
            }
        }
        out.fen("amount", self.amount);
        out.text("desc", self.desc);
        out.text("spbill_create_ip", self.spbill_create_ip);
        match self.ww_msg_type {
            WwMsgType::Normal => out.text("ww_msg_type", "NORMAL_MSG"),
            WwMsgType::Approval { approval_number } => {
                out.text("ww_msg_type", "APPROVAL_MSG");
                out.text("approval_number", approval_number);
                out.text("approval_type", "1");
            }
        }
        out.text("act_name", self.act_name);
        if let Some(agentid) = self.agentid {
            out.number("agentid", agentid);
        }
    }
}

/// The employee was paid.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EmployeePaid {
    /// 商户订单号, equal to the one sent.
    pub partner_trade_no: String,
    /// 微信付款单号.
    pub payment_no: String,
    /// 付款成功时间 as text: real ones hold full-width colons.
    pub payment_time: Option<String>,
    /// Every field of the reply.
    pub reply: Pairs,
}

reply!(EmployeePaid);

impl Reply for EmployeePaid {
    type Account = WorkwxAccount;

    fn read(reply: Pairs) -> Option<EmployeePaid> {
        Some(EmployeePaid {
            partner_trade_no: reply.owned("partner_trade_no")?,
            payment_no: reply.owned("payment_no")?,
            payment_time: reply.owned("payment_time"),
            reply,
        })
    }
}

/// Asks what became of a payment to an employee. Covers the last 30 days.
///
/// Document: WeCom 90279; protocol B.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryPayEmployee<'a> {
    /// 商户订单号, 1–28 letters and digits.
    pub partner_trade_no: &'a str,
}

request!(Query: QueryPayEmployee);

impl Request for QueryPayEmployee<'_> {
    type Account = WorkwxAccount;
    type Reply = EmployeePayment;
    const ENDPOINT: &'static Endpoint = &QUERY_WWSPTRANS2POCKET;

    fn fields(&self, out: &mut Fields) {
        out.text("partner_trade_no", self.partner_trade_no);
    }
}

/// The state of a payment to an employee.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransferStatus {
    /// 转账成功: paid.
    Success,
    /// 转账失败: not paid.
    Failed,
    /// 处理中. Not final.
    Processing,
    /// A state that the document does not list. Not final.
    Other(String),
}

/// What the gateway knows of a payment to an employee.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EmployeePayment {
    /// 转账状态.
    pub status: TransferStatus,
    /// 商户订单号, where the reply names it. It is then the one asked for.
    pub partner_trade_no: Option<String>,
    /// 付款金额 in fen. Compare it with what was sent.
    pub payment_amount: Option<Fen>,
    /// 失败原因.
    pub reason: Option<String>,
    /// 转账时间 as text.
    pub transfer_time: Option<String>,
    /// Every field of the reply.
    pub reply: Pairs,
}

reply!(EmployeePayment);

impl Reply for EmployeePayment {
    type Account = WorkwxAccount;

    fn read(reply: Pairs) -> Option<EmployeePayment> {
        let payment_amount = reply.fen("payment_amount")?;
        Some(EmployeePayment {
            status: match reply.filled("status")? {
                "SUCCESS" => TransferStatus::Success,
                "FAILED" => TransferStatus::Failed,
                "PROCESSING" => TransferStatus::Processing,
                other => TransferStatus::Other(other.into()),
            },
            partner_trade_no: reply.owned("partner_trade_no"),
            payment_amount,
            reason: reply.owned("reason"),
            transfer_time: reply.owned("transfer_time"),
            reply,
        })
    }
}

impl core::fmt::Debug for PayEmployee<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("PayEmployee")
            .field("partner_trade_no", &self.partner_trade_no)
            .field("amount", &self.amount)
            .field("check_name", &self.check_name)
            .field("ww_msg_type", &self.ww_msg_type)
            .finish_non_exhaustive()
    }
}

/// Hides the name.
impl core::fmt::Debug for CheckName<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            CheckName::NoCheck { .. } => "NO_CHECK",
            CheckName::ForceCheck { .. } => "FORCE_CHECK",
        })
    }
}

impl core::fmt::Debug for WwMsgType<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            WwMsgType::Normal => "NORMAL_MSG",
            WwMsgType::Approval { .. } => "APPROVAL_MSG",
        })
    }
}
