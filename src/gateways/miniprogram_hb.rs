//! Red packets that a mini-program hands out (小程序红包): `sendminiprogramhb`.
//!
//! Documents: protocol A.2, sendminiprogramhb; POS flows 10; 小程序红包, 领取红包接口 (page 18_3) for the fields of
//! `wx.sendBizRedPacket`. As `sendredpack` ([`redpack`](super::redpack)), with its query, its codes and its resolution; no
//! `client_ip`. WeChat sends the user no message: whoever has the reply's `package` claims the packet, and nobody else.

use alloc::string::String;
use core::fmt;

use super::redpack::{MCH_BILLNO, SCENES, SEND_REDPACK, SENT, SceneId};
use super::rows::{account, attempt, given, shown};
use super::wxpay::time_of_page;
use crate::endpoint::{Digest, Endpoint, Kind, ReplyTable, Required};
use crate::error::Error;
use crate::gateways::account::{RedpackAccount, sealed::Sealed};
use crate::gateways::request::{Reply, Request, reply, request};
use crate::money::Fen;
use crate::wire::fields::Fields;
use crate::wire::form;
use crate::wire::pairs::Pairs;
use crate::wire::sign::{self, Canonical};

/// `sendminiprogramhb`.
pub const SEND_MINIPROGRAM_HB: Endpoint = Endpoint {
    name: "sendminiprogramhb",
    path: "/mmpaymkttransfers/sendminiprogramhb",
    fields: &[
        attempt("nonce_str", "随机字符串", 32),
        attempt("sign", "签名", 32),
        shown(given("mch_billno", "商户订单号", Required::Yes, MCH_BILLNO, 28)),
        account("mch_id", "商户号", 32),
        account("wxappid", "公众账号appid", 32),
        given("send_name", "商户名称", Required::Yes, Kind::Text, 32),
        given("re_openid", "用户openid", Required::Yes, Kind::Word, 32),
        shown(given("total_amount", "付款金额", Required::Yes, Kind::Fen { least: 1 }, 10)),
        shown(given("total_num", "红包发放总人数", Required::Yes, Kind::OneOf(&["1"]), 1)),
        given("wishing", "红包祝福语", Required::Yes, Kind::Text, 128),
        given("act_name", "活动名称", Required::Yes, Kind::Text, 32),
        given("remark", "备注", Required::Yes, Kind::Text, 256),
        shown(given("notify_way", "活动信息", Required::Yes, Kind::OneOf(&["MINI_PROGRAM_JSAPI"]), 256)),
        shown(given("scene_id", "场景id", Required::No, Kind::OneOf(SCENES), 32)),
    ],
    // A success without its package is none that anybody can use: then the query tells that it was issued.
    reply: ReplyTable {
        must_have: &["mch_billno", "send_listid", "package"],
        only_in_success: &["send_listid", "package"],
        ..SENT
    },
    document: "protocol A.2, A.4; POS flows 10",
    ..SEND_REDPACK
};

/// Issues one red packet that the user claims in the account's mini-program (`notify_way` MINI_PROGRAM_JSAPI).
///
/// The reply's `package` is all that lets the mini-program claim it. Where the answer is lost, a till finds by the query that
/// the packet was issued, and **nobody can claim it; it returns after 24 h**: see [`HbClaim`](crate::HbClaim).
///
/// `mch_id` and `wxappid`, the mini-program's appid, come from the account, the nonce and the signature from the pipeline. Ask
/// with [`GetHbInfo`](crate::GetHbInfo).
///
/// Document: protocol A.2.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct SendMiniProgramHb<'a> {
    /// 商户订单号, 1–28 of `0-9a-zA-Z`, unique per merchant. **The same number is the same red packet.**
    pub mch_billno: &'a str,
    /// 商户名称, ≤32 characters.
    pub send_name: &'a str,
    /// 用户openid under the account's `wxappid`, ≤32.
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

request!(Payment: SendMiniProgramHb);

impl Request for SendMiniProgramHb<'_> {
    type Account = RedpackAccount;
    type Reply = MiniProgramHbSent;
    const ENDPOINT: &'static Endpoint = &SEND_MINIPROGRAM_HB;

    fn fields(&self, out: &mut Fields) {
        out.text("mch_billno", self.mch_billno);
        out.text("send_name", self.send_name);
        out.text("re_openid", self.re_openid);
        out.fen("total_amount", self.total_amount);
        out.text("total_num", "1");
        out.text("wishing", self.wishing);
        out.text("act_name", self.act_name);
        out.text("remark", self.remark);
        out.text("notify_way", "MINI_PROGRAM_JSAPI");
        out.optional("scene_id", self.scene_id.map(SceneId::wire));
    }
}

impl fmt::Debug for SendMiniProgramHb<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendMiniProgramHb")
            .field("mch_billno", &self.mch_billno)
            .field("total_amount", &self.total_amount)
            .field("scene_id", &self.scene_id)
            .finish_non_exhaustive()
    }
}

/// The red packet was issued. Give its `package` to the mini-program, signed: [`RedpackAccount::hb_fields`]. What is unclaimed
/// after 24 h goes back.
#[derive(Clone)]
#[non_exhaustive]
pub struct MiniProgramHbSent {
    /// 商户订单号, equal to the one sent.
    pub mch_billno: String,
    /// 微信单号.
    pub send_listid: String,
    /// Jsapi的入参: `sendid=…&ver=…&sign=…`, as it came. It lets its bearer claim the packet: not shown in `Debug`.
    pub package: String,
    /// Every field of the reply.
    pub reply: Pairs,
}

impl fmt::Debug for MiniProgramHbSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MiniProgramHbSent")
            .field("mch_billno", &self.mch_billno)
            .field("send_listid", &self.send_listid)
            .finish_non_exhaustive()
    }
}

reply!(MiniProgramHbSent);

impl Reply for MiniProgramHbSent {
    type Account = RedpackAccount;

    fn read(reply: Pairs) -> Option<MiniProgramHbSent> {
        Some(MiniProgramHbSent {
            mch_billno: reply.owned("mch_billno")?,
            send_listid: reply.owned("send_listid")?,
            package: reply.owned("package")?,
            reply,
        })
    }
}

/// The five fields that a mini-program hands to `wx.sendBizRedPacket`. They let their bearer claim one red packet: not shown in
/// `Debug`.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HbFields {
    /// `timeStamp`, seconds since 1970.
    pub time_stamp: String,
    /// `nonceStr`.
    pub nonce_str: String,
    /// `package`, url-encoded: `sendid%3D…%26ver%3D…`.
    pub package: String,
    /// `signType`: MD5, the only one.
    pub sign_type: &'static str,
    /// `paySign`.
    pub pay_sign: String,
}

impl fmt::Debug for HbFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HbFields").field("time_stamp", &self.time_stamp).finish_non_exhaustive()
    }
}

impl RedpackAccount {
    /// Signs the fields with which a mini-program claims the packet of a [`SendMiniProgramHb`]. `package` is the reply's, as it
    /// came. `time_stamp` is in seconds since 1970; `nonce_str` is fresh, 1 to 32 letters and digits.
    ///
    /// The signature covers the account's `wxappid` as `appId`, and `nonceStr`, `package` (url-encoded) and `timeStamp`. Unlike
    /// that of a JSAPI order it does not cover `signType`. The page prints no true answer: try it with one packet first.
    ///
    /// # Errors
    ///
    /// A value has not its form.
    pub fn hb_fields(&self, package: &str, time_stamp: i64, nonce_str: &str) -> Result<HbFields, Error> {
        if !(1..=1024).contains(&package.len()) || !package.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Error::field("package", "must be 1 to 1024 visible ASCII characters"));
        }
        if package.contains('%') {
            return Err(Error::field("package", "is encoded already: give it as it came"));
        }
        let profile = self.profile();
        let (time_stamp, package) = (time_of_page(time_stamp, nonce_str)?, form::encoded(package));
        let signed = [
            ("appId", profile.identifier("wxappid").unwrap_or_default()),
            ("timeStamp", time_stamp.as_str()),
            ("nonceStr", nonce_str),
            ("package", package.as_str()),
        ];
        let key = &profile.keys.api;
        let pay_sign = sign::digest(Digest::Md5, Canonical::of(&signed), Some("&key="), key).as_str().into();
        Ok(HbFields { time_stamp, nonce_str: nonce_str.into(), package, sign_type: Digest::Md5.sign_type(), pay_sign })
    }
}
