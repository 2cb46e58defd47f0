//! Red packets of a company in WeCom (企业微信红包): `sendworkwxredpack`, and the query `queryworkwxredpack`.
//!
//! Documents: WeCom page 90281 (signatures); protocol B.2, B.3, B.4; POS flows 10. As `sendredpack`
//! ([`redpack`](super::redpack)), with its codes and its resolution, and the two signatures of
//! [`workwx`](super::workwx). No `total_num` and no `client_ip`: the published list of required fields names them, and sending
//! them gives SIGN_ERROR (protocol B.2).

use alloc::string::String;

use super::redpack::{
    self, GET_HB_INFO, HbStatus, MCH_BILLNO, SCENES, SEND_REDPACK, SENT, STOP, SceneId, later, red_packet_codes,
};
use super::rows::{MEND, SIGN, account, attempt, given, row, shown};
use crate::endpoint::{
    Digest, Endpoint, KeyName, Kind, Means, Over, ReplyTable, Required, Resolution, ResolvedBy, Row, Rule, Step,
};
use crate::gateways::account::WorkwxAccount;
use crate::gateways::request::{Reply, Request, reply, request};
use crate::money::Fen;
use crate::outcome::Next;
use crate::wire::fields::Fields;
use crate::wire::pairs::Pairs;

/// `sendworkwxredpack`.
pub const SEND_WORKWX_REDPACK: Endpoint = Endpoint {
    name: "sendworkwxredpack",
    path: "/mmpaymkttransfers/sendworkwxredpack",
    fields: &[
        attempt("nonce_str", "随机字符串", 32),
        attempt("sign", "签名", 32),
        shown(given("mch_billno", "商户订单号", Required::Yes, MCH_BILLNO, 28)),
        account("mch_id", "商户号", 32),
        account("wxappid", "公众账号appid", 32),
        shown(given("agentid", "发送红包的应用id", Required::No, Kind::Digits, 10)),
        // 是 in the published list; it and agentid exclude each other (protocol B.2).
        given("sender_name", "发送者名称", Required::No, Kind::Text, 128),
        given("sender_header_media_id", "发送者头像", Required::No, Kind::Word, 128),
        given("re_openid", "用户openid", Required::Yes, Kind::Word, 32),
        // The account's range is that of payments to employees.
        shown(given("total_amount", "付款金额", Required::Yes, Kind::AnyFen { least: 1 }, 10)),
        given("wishing", "红包祝福语", Required::Yes, Kind::Text, 128),
        given("act_name", "活动名称", Required::Yes, Kind::Text, 32),
        given("remark", "备注", Required::Yes, Kind::Text, 256),
        shown(given("scene_id", "场景id", Required::No, Kind::OneOf(SCENES), 32)),
        attempt("workwx_sign", "企业微信签名", 32),
    ],
    rules: &[
        // Protocol B.2: sender_name, with a picture or without, or agentid.
        Rule::OneOf(&["sender_name", "agentid"]),
        Rule::OnlyBeside { field: "sender_header_media_id", beside: "sender_name" },
        // Protocol A.1: above 200 or below 1 yuan needs scene_id.
        Rule::RequiredForUnusualAmount { field: "scene_id" },
    ],
    // 90281: first workwx_sign over exactly these seven, then sign over everything, workwx_sign included.
    signing: &[
        Step {
            output: "workwx_sign",
            over: Over::Named(&[
                "act_name",
                "mch_billno",
                "mch_id",
                "nonce_str",
                "re_openid",
                "total_amount",
                "wxappid",
            ]),
            digest: Some(Digest::Md5),
            key: KeyName::WorkwxSecret,
            suffix: Some("&secret="),
        },
        SIGN,
    ],
    reply: ReplyTable { codes: CODES, ..SENT },
    resolved_by: ResolvedBy::Query(&RESOLUTION),
    document: "WeCom 90281; protocol A.4, B.2, B.3, B.4; POS flows 10",
    ..SEND_REDPACK
};

/// Protocol B.4: the red packets' list, and these. What NO_COMPETENCE says of the money is written nowhere: open.
const CODES: &[Row] = red_packet_codes![
    row("NO_COMPETENCE", Means::Open, "没有权限"),
    row("WORKWX_MCHID_ERROR", MEND, "商户号错误"),
    row("WORKWX_SIGN_ERROR", MEND, "企业微信签名错误"),
];

/// `queryworkwxredpack`: as `gethbinfo`, without `bill_type`. Query calls carry `sign` only (protocol B.3).
pub const QUERY_WORKWX_REDPACK: Endpoint = Endpoint {
    name: "queryworkwxredpack",
    path: "/mmpaymkttransfers/queryworkwxredpack",
    fields: &[
        attempt("nonce_str", "随机字符串", 32),
        attempt("sign", "签名", 32),
        shown(given("mch_billno", "商户订单号", Required::Yes, MCH_BILLNO, 28)),
        account("mch_id", "商户号", 32),
        account("appid", "Appid", 32),
    ],
    reply: ReplyTable {
        codes: &[
            row("NOT_FOUND", Means::NotKnown, "指定单号数据不存在"),
            row("SYSTEMERROR", Means::Open, "系统繁忙"),
            // The page's misprint of it (protocol B.4).
            row("PSYSTEMERROR", Means::Open, "系统繁忙"),
        ],
        ..GET_HB_INFO.reply
    },
    document: "protocol B.2, B.3, B.4",
    ..GET_HB_INFO
};

/// queryworkwxredpack decides what a send left open, by the red packets' states.
const RESOLUTION: Resolution = Resolution { query: &QUERY_WORKWX_REDPACK, fixed: &[], ..redpack::RESOLUTION };

/// Sends one red packet of a company to one user in WeCom.
///
/// `mch_id` and `wxappid`, the corpid, come from the account, the nonce and both signatures from the pipeline. Begin with
/// [`SendWorkwxRedPack::new`], which asks who sends it, and write the rest:
///
/// ```
/// use wxpay_terminal::{Fen, SendWorkwxRedPack, WorkwxSender};
///
/// let sender = WorkwxSender::Named { sender_name: "XX活动", sender_header_media_id: None };
/// let send = SendWorkwxRedPack {
///     mch_billno: "10000098201411111234567890",
///     re_openid: "oxTWIuGaIt6gTKsQRLau2M0yL16E",
///     total_amount: Fen::new(1000)?,
///     wishing: "感谢您参加猜灯谜活动，祝您元宵节快乐！",
///     act_name: "猜灯谜抢红包活动",
///     remark: "猜越多得越多，快来抢！",
///     ..SendWorkwxRedPack::new(sender)
/// };
/// # Ok::<(), wxpay_terminal::Error>(())
/// ```
///
/// Document: WeCom 90281; protocol B.2.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SendWorkwxRedPack<'a> {
    /// 商户订单号, 1–28 of `0-9a-zA-Z`, unique per merchant. **The same number is the same red packet.**
    pub mch_billno: &'a str,
    /// Who sends it, as the user sees it.
    pub sender: WorkwxSender<'a>,
    /// 用户openid under the account's corpid, ≤32.
    pub re_openid: &'a str,
    /// 付款金额 in fen. Below 100 or above 20000 needs `scene_id`.
    pub total_amount: Fen,
    /// 红包祝福语, ≤128 characters.
    pub wishing: &'a str,
    /// 活动名称, ≤32 characters.
    pub act_name: &'a str,
    /// 备注, ≤256 characters.
    pub remark: &'a str,
    /// 场景id.
    pub scene_id: Option<SceneId>,
}

/// Who sends a company's red packet: a name or an application, never both.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum WorkwxSender<'a> {
    /// A name, with a picture or without.
    Named {
        /// 发送者名称, ≤128 characters.
        sender_name: &'a str,
        /// 发送者头像: the picture's media_id, ≤128.
        sender_header_media_id: Option<&'a str>,
    },
    /// An application: its name and picture are shown.
    Application {
        /// 发送红包的应用id.
        agentid: u32,
    },
}

impl<'a> SendWorkwxRedPack<'a> {
    /// A red packet from this sender; the rest is empty, and an empty field is refused.
    pub const fn new(sender: WorkwxSender<'a>) -> SendWorkwxRedPack<'a> {
        SendWorkwxRedPack {
            mch_billno: "",
            sender,
            re_openid: "",
            total_amount: Fen::ZERO,
            wishing: "",
            act_name: "",
            remark: "",
            scene_id: None,
        }
    }
}

request!(Payment: SendWorkwxRedPack);

impl Request for SendWorkwxRedPack<'_> {
    type Account = WorkwxAccount;
    type Reply = WorkwxRedPackSent;
    const ENDPOINT: &'static Endpoint = &SEND_WORKWX_REDPACK;

    fn fields(&self, out: &mut Fields) {
        out.text("mch_billno", self.mch_billno);
        match self.sender {
            WorkwxSender::Application { agentid } => out.number("agentid", agentid),
            WorkwxSender::Named { sender_name, sender_header_media_id } => {
                out.text("sender_name", sender_name);
                out.optional("sender_header_media_id", sender_header_media_id);
            }
        }
        out.text("re_openid", self.re_openid);
        out.fen("total_amount", self.total_amount);
        out.text("wishing", self.wishing);
        out.text("act_name", self.act_name);
        out.text("remark", self.remark);
        out.optional("scene_id", self.scene_id.map(SceneId::wire));
    }
}

/// The red packet was issued. The user may not have claimed it yet; what is unclaimed after 24 h goes back.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WorkwxRedPackSent {
    /// 商户订单号, equal to the one sent.
    pub mch_billno: String,
    /// 微信单号.
    pub send_listid: String,
    /// Every field of the reply.
    pub reply: Pairs,
}

reply!(WorkwxRedPackSent);

impl Reply for WorkwxRedPackSent {
    type Account = WorkwxAccount;

    fn read(reply: Pairs) -> Option<WorkwxRedPackSent> {
        let (mch_billno, send_listid) = (reply.owned("mch_billno")?, reply.owned("send_listid")?);
        Some(WorkwxRedPackSent { mch_billno, send_listid, reply })
    }
}

/// Asks what became of a company's red packet. Covers the last 30 days.
///
/// Document: protocol B.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryWorkwxRedPack<'a> {
    /// 商户订单号, 1–28 of `0-9a-zA-Z`.
    pub mch_billno: &'a str,
}

request!(Query: QueryWorkwxRedPack);

impl Request for QueryWorkwxRedPack<'_> {
    type Account = WorkwxAccount;
    type Reply = WorkwxRedPackInfo;
    const ENDPOINT: &'static Endpoint = &QUERY_WORKWX_REDPACK;

    fn fields(&self, out: &mut Fields) {
        out.text("mch_billno", self.mch_billno);
    }
}

/// What the gateway knows of a company's red packet.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WorkwxRedPackInfo {
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
    /// 接收时间, `yyyy-MM-dd HH:mm:ss`, GMT+8, as text.
    pub rcv_time: Option<String>,
    /// Every field of the reply.
    pub reply: Pairs,
}

reply!(WorkwxRedPackInfo);

impl Reply for WorkwxRedPackInfo {
    type Account = WorkwxAccount;

    fn read(reply: Pairs) -> Option<WorkwxRedPackInfo> {
        Some(WorkwxRedPackInfo {
            status: HbStatus::of(reply.filled("status")?),
            mch_billno: reply.owned("mch_billno"),
            detail_id: reply.owned("detail_id"),
            total_amount: reply.fen("total_amount")?,
            reason: reply.owned("reason"),
            rcv_time: reply.owned("rcv_time"),
            reply,
        })
    }
}

impl core::fmt::Debug for SendWorkwxRedPack<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SendWorkwxRedPack")
            .field("mch_billno", &self.mch_billno)
            .field("total_amount", &self.total_amount)
            .field("sender", &self.sender)
            .field("scene_id", &self.scene_id)
            .finish_non_exhaustive()
    }
}

/// Hides the name.
impl core::fmt::Debug for WorkwxSender<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            WorkwxSender::Named { .. } => "sender_name",
            WorkwxSender::Application { .. } => "agentid",
        })
    }
}
