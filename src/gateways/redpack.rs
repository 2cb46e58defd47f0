//! Cash red packets: `sendredpack`, and the query `gethbinfo`; and what the calls beside them have in common.
//!
//! Documents: seed 001 红包发放说明; the current page 4011974053 (protocol section A). MD5 only, client certificate,
//! replies unsigned. Same codes and same resolution for all of them (POS flows 10).

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::rows::{MEND, RESULT_CODE, RETURN_CODE, SIGN, account, attempt, given, row, shown};
use crate::endpoint::{
    Body, Due, Endpoint, Kind, Means, Numbers, ReplyTable, Required, Resolution, ResolvedBy, Row, Rule,
};
use crate::gateways::account::RedpackAccount;
use crate::gateways::request::{Reply, Request, reply, request};
use crate::money::Fen;
use crate::outcome::Next;
use crate::wire::fields::Fields;
use crate::wire::pairs::Pairs;
use crate::wire::xml;

/// 商户订单号: at most 28 characters of `0-9a-zA-Z`. The old rule (mch_id + yyyymmdd + 10 digits) is not demanded: the
/// document's own example breaks it.
pub(super) const MCH_BILLNO: Kind = Kind::OrderNumber { shortest: 1, also: "" };

/// The values of `scene_id`.
pub(super) const SCENES: &[&str] =
    &["PRODUCT_1", "PRODUCT_2", "PRODUCT_3", "PRODUCT_4", "PRODUCT_5", "PRODUCT_6", "PRODUCT_7", "PRODUCT_8"];

/// `sendredpack`.
pub const SEND_REDPACK: Endpoint = Endpoint {
    name: "sendredpack",
    path: "/mmpaymkttransfers/sendredpack",
    body: Body::Xml,
    client_certificate: true,
    asks: false,
    own_connection: false,
    order_number: "mch_billno",
    numbers: Numbers::MerchantDateSerial,
    amount: "total_amount",
    fields: &[
        attempt("nonce_str", "随机字符串", 32),
        attempt("sign", "签名", 32),
        shown(given("mch_billno", "商户订单号", Required::Yes, MCH_BILLNO, 28)),
        account("mch_id", "商户号", 32),
        shown(given("sub_mch_id", "子商户号", Required::No, Kind::Word, 32)),
        shown(given("msgappid", "触达用户appid", Required::No, Kind::Word, 32)),
        account("wxappid", "公众账号appid", 32),
        given("send_name", "商户名称", Required::Yes, Kind::Text, 32),
        given("re_openid", "用户openid", Required::Yes, Kind::Word, 32),
        shown(given("total_amount", "付款金额", Required::Yes, Kind::Fen { least: 1 }, 10)),
        shown(given("total_num", "红包发放总人数", Required::Yes, Kind::OneOf(&["1"]), 1)),
        given("wishing", "红包祝福语", Required::Yes, Kind::Text, 128),
        given("client_ip", "Ip地址", Required::Yes, Kind::Ipv4, 15),
        given("act_name", "活动名称", Required::Yes, Kind::Text, 32),
        given("remark", "备注", Required::Yes, Kind::Text, 256),
        shown(given("scene_id", "场景id", Required::No, Kind::OneOf(SCENES), 32)),
        given("risk_info", "活动信息", Required::No, Kind::Word, 128),
    ],
    // Protocol A.1: above 200 or below 1 yuan needs scene_id.
    rules: &[Rule::RequiredForUnusualAmount { field: "scene_id" }],
    signing: &[SIGN],
    reply: SENT,
    decides: &["re_openid", "total_amount"],
    payee_pause: None,
    resolved_by: ResolvedBy::Query(&RESOLUTION),
    document: "seed 001; protocol A.2, A.4",
};

/// The reply to a red packet of any kind.
pub(super) const SENT: ReplyTable = ReplyTable {
    transport: Some(RETURN_CODE),
    business: RESULT_CODE,
    paid: &[],
    refuses: &[],
    code: &["err_code"],
    text: &["err_code_des", "return_msg"],
    signature: Due::IfPresent,
    echo: &[
        ("mch_billno", "mch_billno"),
        ("mch_id", "mch_id"),
        ("wxappid", "wxappid"),
        ("re_openid", "re_openid"),
        ("total_amount", "total_amount"),
    ],
    must_have: &["mch_billno", "send_listid"],
    only_in_success: &["send_listid"],
    codes: CODES,
    other_codes: Means::Open,
};

pub(super) const STOP: Means = Means::Refused(Next::Stop);
pub(super) const fn later(seconds: u64) -> Means {
    Means::Refused(Next::SameNumberLater(Duration::from_secs(seconds)))
}

/// Protocol A.4: what each code means on a first attempt; with the rows that a call has besides.
macro_rules! red_packet_codes {
    ($($more:expr),* $(,)?) => {
        &[
            row("SYSTEMERROR", Means::Open, "请求已受理，请稍后使用原单号查询发放结果"),
            row("PROCESSING", Means::Open, "请求已受理，二十分钟后查询，按查询结果处理"),
            row("FATAL_ERROR", Means::Open, "重复请求时参数与原单不一致"),
            row("SUCCESS", Means::Open, "该红包已经发放成功"),
            row("SEND_FAILED", Means::Refused(Next::NewNumber), "红包发放失败，请更换单号再重试"),
            row("NO_AUTH", STOP, "此请求可能存在风险，已被微信拦截"),
            row("SENDNUM_LIMIT", STOP, "该用户今日领取红包个数超过限制"),
            row("SENDAMOUNT_LIMIT", STOP, "商户号今日发放金额超过限制"),
            row("RCVDAMOUNT_LIMIT", STOP, "该用户今日领取金额超过限制"),
            row("MONEY_LIMIT", STOP, "红包金额发放限制"),
            row("ILLEGAL_APPID", MEND, "非法appid"),
            row("OPENID_ERROR", MEND, "openid和appid不匹配"),
            row("MSGAPPID_ERROR", MEND, "触达消息给用户appid有误"),
            row("ACCEPTMODE_ERROR", MEND, "主、子商户号关系校验失败"),
            row("PARAM_ERROR", MEND, "参数错误"),
            row("XML_ERROR", MEND, "输入xml参数格式错误"),
            row("SIGN_ERROR", MEND, "签名错误"),
            row("CA_ERROR", MEND, "请求未携带证书，或请求携带的证书出错"),
            row("API_METHOD_CLOSED", STOP, "商户API发放方式处于关闭状态"),
            row("NOTENOUGH", MEND, "帐号余额不足，充值后用原单号重试"),
            row("FREQ_LIMIT", later(1), "超过频率限制"),
            row("SECOND_OVER_LIMITED", later(60), "已达到每分钟发放限制"),
            row("DAY_OVER_LIMITED", later(86_400), "已达到今日发放限制"),
            row("DAY_ OVER_LIMITED", later(86_400), "已达到今日发放限制"),
            $($more,)*
        ]
    };
}

pub(super) use red_packet_codes;

const CODES: &[Row] = red_packet_codes![];

/// `gethbinfo`.
pub const GET_HB_INFO: Endpoint = Endpoint {
    name: "gethbinfo",
    path: "/mmpaymkttransfers/gethbinfo",
    body: Body::Xml,
    client_certificate: true,
    asks: true,
    own_connection: false,
    order_number: "mch_billno",
    numbers: Numbers::MerchantDateSerial,
    amount: "",
    fields: &[
        attempt("nonce_str", "随机字符串", 32),
        attempt("sign", "签名", 32),
        shown(given("mch_billno", "商户订单号", Required::Yes, MCH_BILLNO, 28)),
        account("mch_id", "商户号", 32),
        account("appid", "Appid", 32),
        shown(given("bill_type", "订单类型", Required::Yes, Kind::OneOf(&["MCHT"]), 32)),
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
        echo: &[("mch_billno", "mch_billno"), ("mch_id", "mch_id")],
        must_have: &["status"],
        only_in_success: &["status"],
        codes: &[row("NOT_FOUND", Means::NotKnown, "指定单号数据不存在")],
        other_codes: Means::Open,
    },
    decides: &[],
    payee_pause: None,
    resolved_by: ResolvedBy::NotByTill,
    document: "protocol A.2, A.4",
};

const MONTH: Duration = Duration::from_secs(30 * 86_400);

/// gethbinfo decides what a send left open. REFUND is a packet that was issued and came back unclaimed: issued.
pub(super) const RESOLUTION: Resolution = Resolution {
    query: &GET_HB_INFO,
    fixed: &[("bill_type", "MCHT")],
    state: "status",
    amount: "total_amount",
    paid: &["SENT", "RECEIVED", "RFUND_ING", "REFUND_ING", "REFUND"],
    unpaid: &["FAILED"],
    evidence: &["detail_id", "status", "send_time", "refund_time"],
    look_back: MONTH,
    // 二十分钟后查询.
    slow: &[("PROCESSING", Duration::from_secs(20 * 60))],
    // The platform\'s support: it does not go on by itself; within three days the same number may be sent again.
    refund: None,
    repeat_when: &[("SENDING", Duration::from_secs(20 * 60))],
};

/// Sends one cash red packet to one user.
///
/// `mch_id` and `wxappid` come from the account, the nonce and the signature from the pipeline. Write only what you
/// set, and `..SendRedPack::default()` for the rest; what is not set is neither sent nor signed.
///
/// Document: seed 001; protocol A.2.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SendRedPack<'a> {
    /// 商户订单号, 1–28 of `0-9a-zA-Z`, unique per merchant. **The same number is the same red packet.**
    pub mch_billno: &'a str,
    /// 子商户号, ≤32. Service providers only.
    pub sub_mch_id: Option<&'a str>,
    /// 触达用户appid, ≤32. Service providers only.
    pub msgappid: Option<&'a str>,
    /// 商户名称, ≤32 characters.
    pub send_name: &'a str,
    /// 用户openid under the account's `wxappid`, ≤32.
    pub re_openid: &'a str,
    /// 付款金额 in fen. Below 100 or above 20000 needs `scene_id`.
    pub total_amount: Fen,
    /// 红包发放总人数. Always 1 for this call.
    pub total_num: u32,
    /// 红包祝福语, ≤128 characters.
    pub wishing: &'a str,
    /// Ip地址 of the machine, IPv4, ≤15.
    pub client_ip: &'a str,
    /// 活动名称, ≤32 characters.
    pub act_name: &'a str,
    /// 备注, ≤256 characters.
    pub remark: &'a str,
    /// 场景id.
    pub scene_id: Option<SceneId>,
    /// 活动信息, ≤128, url-encoded by the caller; signed as it stands.
    pub risk_info: Option<&'a str>,
}

impl Default for SendRedPack<'_> {
    fn default() -> Self {
        SendRedPack {
            mch_billno: "",
            sub_mch_id: None,
            msgappid: None,
            send_name: "",
            re_openid: "",
            total_amount: Fen::default(),
            total_num: 1,
            wishing: "",
            client_ip: "",
            act_name: "",
            remark: "",
            scene_id: None,
            risk_info: None,
        }
    }
}

/// 场景id: what the money is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SceneId {
    /// 商品促销
    Product1,
    /// 抽奖
    Product2,
    /// 虚拟物品兑奖
    Product3,
    /// 企业内部福利
    Product4,
    /// 渠道分润
    Product5,
    /// 保险回馈
    Product6,
    /// 彩票派奖
    Product7,
    /// 税务刮奖
    Product8,
}

impl SceneId {
    /// As it goes on the wire: `PRODUCT_1`.
    pub const fn wire(self) -> &'static str {
        match self {
            SceneId::Product1 => "PRODUCT_1",
            SceneId::Product2 => "PRODUCT_2",
            SceneId::Product3 => "PRODUCT_3",
            SceneId::Product4 => "PRODUCT_4",
            SceneId::Product5 => "PRODUCT_5",
            SceneId::Product6 => "PRODUCT_6",
            SceneId::Product7 => "PRODUCT_7",
            SceneId::Product8 => "PRODUCT_8",
        }
    }
}

request!(Payment: SendRedPack);

impl Request for SendRedPack<'_> {
    type Account = RedpackAccount;
    type Reply = RedPackSent;
    const ENDPOINT: &'static Endpoint = &SEND_REDPACK;

    fn fields(&self, out: &mut Fields) {
        out.text("mch_billno", self.mch_billno);
        out.optional("sub_mch_id", self.sub_mch_id);
        out.optional("msgappid", self.msgappid);
        out.text("send_name", self.send_name);
        out.text("re_openid", self.re_openid);
        out.fen("total_amount", self.total_amount);
        out.number("total_num", self.total_num);
        out.text("wishing", self.wishing);
        out.text("client_ip", self.client_ip);
        out.text("act_name", self.act_name);
        out.text("remark", self.remark);
        out.optional("scene_id", self.scene_id.map(SceneId::wire));
        out.optional("risk_info", self.risk_info);
    }
}

/// The red packet, or the group's, was issued. The user may not have claimed it yet; what is unclaimed after 24 h goes back.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RedPackSent {
    /// 商户订单号, equal to the one sent.
    pub mch_billno: String,
    /// 微信单号.
    pub send_listid: String,
    /// Every field of the reply.
    pub reply: Pairs,
}

reply!(RedPackSent);

impl Reply for RedPackSent {
    type Account = RedpackAccount;

    fn read(reply: Pairs) -> Option<RedPackSent> {
        Some(RedPackSent { mch_billno: reply.owned("mch_billno")?, send_listid: reply.owned("send_listid")?, reply })
    }
}

/// Asks what became of a red packet, whichever of this family's calls sent it: `sendredpack`, `sendgroupredpack` or
/// `sendminiprogramhb`. Covers the last 30 days.
///
/// Document: protocol A.2.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct GetHbInfo<'a> {
    /// 商户订单号, 1–28 of `0-9a-zA-Z`.
    pub mch_billno: &'a str,
}

request!(Query: GetHbInfo);

impl Request for GetHbInfo<'_> {
    type Account = RedpackAccount;
    type Reply = HbInfo;
    const ENDPOINT: &'static Endpoint = &GET_HB_INFO;

    fn fields(&self, out: &mut Fields) {
        out.text("mch_billno", self.mch_billno);
        out.text("bill_type", "MCHT");
    }
}

/// The state of a red packet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HbStatus {
    /// 发放中. Not final.
    Sending,
    /// 已发放待领取: issued.
    Sent,
    /// 发放失败: not issued. The only state in which a new number may be used.
    Failed,
    /// 已领取: issued and claimed.
    Received,
    /// 退款中: issued, unclaimed, going back.
    RfundIng,
    /// 已退款: issued, unclaimed, returned.
    Refund,
    /// A state that the document does not list. Not final.
    Other(String),
}

impl HbStatus {
    pub(super) fn of(word: &str) -> HbStatus {
        match word {
            "SENDING" => HbStatus::Sending,
            "SENT" => HbStatus::Sent,
            "FAILED" => HbStatus::Failed,
            "RECEIVED" => HbStatus::Received,
            // The document's spelling, and the word it means.
            "RFUND_ING" | "REFUND_ING" | "REFUNDING" => HbStatus::RfundIng,
            "REFUND" => HbStatus::Refund,
            other => HbStatus::Other(other.into()),
        }
    }
}

/// What the gateway knows of a red packet.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HbInfo {
    /// 红包状态.
    pub status: HbStatus,
    /// 商户订单号, where the reply names it. It is then the one asked for.
    pub mch_billno: Option<String>,
    /// 红包单号.
    pub detail_id: Option<String>,
    /// 红包金额 in fen. Compare it with what was sent.
    pub total_amount: Option<Fen>,
    /// 失败原因.
    pub reason: Option<String>,
    /// 红包领取记录: who took how much, when.
    pub hblist: Vec<HbTaken>,
    /// Every field of the reply.
    pub reply: Pairs,
}

/// One row of `hblist`.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HbTaken {
    /// 领取红包的openid.
    pub openid: String,
    /// 领取金额 in fen.
    pub amount: Option<Fen>,
    /// 领取时间, `yyyy-MM-dd HH:mm:ss`, GMT+8, as text.
    pub rcv_time: String,
}

/// Hides the `openid`.
impl core::fmt::Debug for HbTaken {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("HbTaken")
            .field("amount", &self.amount)
            .field("rcv_time", &self.rcv_time)
            .finish_non_exhaustive()
    }
}

reply!(HbInfo);

impl Reply for HbInfo {
    type Account = RedpackAccount;

    fn read(reply: Pairs) -> Option<HbInfo> {
        let status = HbStatus::of(reply.filled("status")?);
        let total_amount = reply.fen("total_amount")?;
        let hblist = reply.get("hblist").map(|inside| xml::read_list(inside, "hbinfo")).unwrap_or_default();
        Some(HbInfo {
            status,
            mch_billno: reply.owned("mch_billno"),
            detail_id: reply.owned("detail_id"),
            total_amount,
            reason: reply.owned("reason"),
            hblist: hblist.iter().map(taken).collect(),
            reply,
        })
    }
}

fn taken(row: &Pairs) -> HbTaken {
    HbTaken {
        openid: row.owned("openid").unwrap_or_default(),
        amount: row.get("amount").and_then(Fen::read),
        rcv_time: row.owned("rcv_time").unwrap_or_default(),
    }
}

impl core::fmt::Debug for SendRedPack<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SendRedPack")
            .field("mch_billno", &self.mch_billno)
            .field("total_amount", &self.total_amount)
            .field("scene_id", &self.scene_id)
            .finish_non_exhaustive()
    }
}

impl core::fmt::Debug for GetHbInfo<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("GetHbInfo").field("mch_billno", &self.mch_billno).finish()
    }
}
