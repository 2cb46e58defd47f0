//! Group red packets (裂变红包): `sendgroupredpack`. **Closed to new merchants since 2024-06-05** (protocol L).
//!
//! Document: protocol A.2, sendgroupredpack. As `sendredpack` ([`redpack`](super::redpack)), with its query, its codes and its
//! resolution (POS flows 10); no `client_ip`.

use super::redpack::{MCH_BILLNO, RedPackSent, SCENES, SEND_REDPACK, SceneId};
use super::rows::{account, attempt, given, shown};
use crate::endpoint::{Endpoint, Kind, Required, Rule};
use crate::gateways::account::RedpackAccount;
use crate::gateways::request::{Request, request};
use crate::money::Fen;
use crate::wire::fields::Fields;

/// `sendgroupredpack`. WeChat closed it to new merchants on 2024-06-05: for those who still have it.
pub const SEND_GROUP_REDPACK: Endpoint = Endpoint {
    name: "sendgroupredpack",
    path: "/mmpaymkttransfers/sendgroupredpack",
    fields: &[
        attempt("nonce_str", "随机字符串", 32),
        attempt("sign", "签名", 32),
        shown(given("mch_billno", "商户订单号", Required::Yes, MCH_BILLNO, 28)),
        account("mch_id", "商户号", 32),
        account("wxappid", "公众账号appid", 32),
        given("send_name", "商户名称", Required::Yes, Kind::Text, 32),
        given("re_openid", "用户openid", Required::Yes, Kind::Word, 32),
        shown(given("total_amount", "总金额", Required::Yes, Kind::Fen { least: 1 }, 10)),
        // Protocol A.1.
        shown(given("total_num", "红包发放总人数", Required::Yes, Kind::Count { least: 3 }, 10)),
        shown(given("amt_type", "红包金额设置方式", Required::Yes, Kind::OneOf(&["ALL_RAND"]), 32)),
        given("wishing", "红包祝福语", Required::Yes, Kind::Text, 128),
        given("act_name", "活动名称", Required::Yes, Kind::Text, 32),
        given("remark", "备注", Required::Yes, Kind::Text, 256),
        shown(given("scene_id", "场景id", Required::No, Kind::OneOf(SCENES), 32)),
        given("risk_info", "活动信息", Required::No, Kind::Word, 128),
    ],
    // Protocol A.1: per packet, so what each one gets on average.
    rules: &[Rule::RequiredForUnusualShare { field: "scene_id", among: "total_num" }],
    decides: &["re_openid", "total_amount", "total_num"],
    document: "protocol A.2, A.4, L; POS flows 10",
    ..SEND_REDPACK
};

/// Sends a red packet to one user, who shares it with a group: each one's amount is random (`amt_type` ALL_RAND).
///
/// **WeChat closed this call to new merchants on 2024-06-05. Do not begin with it.** It is here for merchants who still have
/// it; `sendredpack` is [`SendRedPack`](crate::SendRedPack).
///
/// `mch_id` and `wxappid` come from the account, the nonce and the signature from the pipeline. Ask with
/// [`GetHbInfo`](crate::GetHbInfo).
///
/// ```
/// use wxpay_terminal::{Fen, SendGroupRedPack};
///
/// let send = SendGroupRedPack {
///     mch_billno: "10000098201411111234567890",
///     send_name: "天虹百货",
///     re_openid: "oxTWIuGaIt6gTKsQRLau2M0yL16E",
///     total_amount: Fen::new(1000)?,
///     total_num: 3,
///     wishing: "感谢您参加猜灯谜活动，祝您元宵节快乐！",
///     act_name: "猜灯谜抢红包活动",
///     remark: "猜越多得越多，快来抢！",
///     ..SendGroupRedPack::default()
/// };
/// # Ok::<(), wxpay_terminal::Error>(())
/// ```
///
/// Document: protocol A.2.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct SendGroupRedPack<'a> {
    /// 商户订单号, 1–28 of `0-9a-zA-Z`, unique per merchant. **The same number is the same red packet.**
    pub mch_billno: &'a str,
    /// 商户名称, ≤32 characters.
    pub send_name: &'a str,
    /// 用户openid of the user who gets it first and shares it, under the account's `wxappid`, ≤32.
    pub re_openid: &'a str,
    /// 总金额 of the whole group in fen. Below 100 or above 20000 for each one on average needs `scene_id`.
    pub total_amount: Fen,
    /// 红包发放总人数, 3 or more.
    pub total_num: u32,
    /// 红包祝福语, ≤128 characters.
    pub wishing: &'a str,
    /// 活动名称, ≤32 characters.
    pub act_name: &'a str,
    /// 备注, ≤256 characters.
    pub remark: &'a str,
    /// 场景id.
    pub scene_id: Option<SceneId>,
    /// 活动信息, ≤128, url-encoded by the caller; signed as it stands.
    pub risk_info: Option<&'a str>,
}

request!(Payment: SendGroupRedPack);

impl Request for SendGroupRedPack<'_> {
    type Account = RedpackAccount;
    type Reply = RedPackSent;
    const ENDPOINT: &'static Endpoint = &SEND_GROUP_REDPACK;

    fn fields(&self, out: &mut Fields) {
        out.text("mch_billno", self.mch_billno);
        out.text("send_name", self.send_name);
        out.text("re_openid", self.re_openid);
        out.fen("total_amount", self.total_amount);
        out.number("total_num", self.total_num);
        out.text("amt_type", "ALL_RAND");
        out.text("wishing", self.wishing);
        out.text("act_name", self.act_name);
        out.text("remark", self.remark);
        out.optional("scene_id", self.scene_id.map(SceneId::wire));
        out.optional("risk_info", self.risk_info);
    }
}

impl core::fmt::Debug for SendGroupRedPack<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SendGroupRedPack")
            .field("mch_billno", &self.mch_billno)
            .field("total_amount", &self.total_amount)
            .field("total_num", &self.total_num)
            .field("scene_id", &self.scene_id)
            .finish_non_exhaustive()
    }
}
