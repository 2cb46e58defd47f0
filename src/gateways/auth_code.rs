//! Who is behind a payment code, asked without charging it.
//!
//! Document: protocol section E.2; POS flows 8.

use alloc::string::String;
use core::fmt;

use super::rows::{given, row};
use super::wxpay::{APPID, CALL, MCH_ID, NONCE_STR, SIGN_TYPE, SIGNATURE, SUB_APPID, SUB_MCH_ID};
use crate::endpoint::{Codes, Endpoint, Kind, Means, ReplyTable, Required};
use crate::gateways::account::WxpayAccount;
use crate::gateways::request::{Reply, Request, reply, request};
use crate::wire::fields::{Fields, scanned};
use crate::wire::pairs::Pairs;

/// `authcodetoopenid`: who is behind a payment code. Afterwards only this merchant can charge that code, until it is renewed: it shortens
/// the code's life. Not a till's call.
pub const AUTH_CODE_TO_OPENID: Endpoint = Endpoint {
    name: "authcodetoopenid",
    path: "/tools/authcodetoopenid",
    asks: true,
    own_connection: true,
    order_number: "",
    fields: &[
        APPID,
        SUB_APPID,
        MCH_ID,
        SUB_MCH_ID,
        given("auth_code", "授权码", Required::Yes, Kind::AuthCode(Codes::OfWechat), 128),
        NONCE_STR,
        SIGNATURE,
        SIGN_TYPE,
    ],
    reply: ReplyTable {
        echo: &[("mch_id", "mch_id"), ("appid", "appid"), ("sub_mch_id", "sub_mch_id")],
        must_have: &["mch_id", "appid", "sub_mch_id", "openid"],
        only_in_success: &["openid"],
        codes: &[
            row("SYSTEMERROR", Means::Open, "接口返回错误"),
            row("AUTHCODEEXPIRE", Means::Open, "二维码已过期"),
            row("AUTH_CODE_ERROR", Means::Open, "授权码参数错误"),
            row("AUTH_CODE_INVALID", Means::Open, "授权码检验错误"),
        ],
        ..CALL.reply
    },
    document: "protocol E.2; POS flows 8",
    ..CALL
};

/// Asks who is behind a payment code.
///
/// Document: POS flows 8.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AuthCodeToOpenid<'a> {
    /// 授权码: what the scanner read.
    pub auth_code: &'a str,
}

request!(Query: AuthCodeToOpenid);

impl Request for AuthCodeToOpenid<'_> {
    type Account = WxpayAccount;
    type Reply = CodesOpenid;
    const ENDPOINT: &'static Endpoint = &AUTH_CODE_TO_OPENID;

    fn fields(&self, out: &mut Fields) {
        out.text("auth_code", scanned(self.auth_code));
    }
}

/// Hides the payment code.
impl fmt::Debug for AuthCodeToOpenid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthCodeToOpenid").finish_non_exhaustive()
    }
}

/// Who is behind a payment code.
#[derive(Clone)]
#[non_exhaustive]
pub struct CodesOpenid {
    /// 用户标识 under the account's appid.
    pub openid: String,
    /// Every field of the reply.
    pub reply: Pairs,
}

reply!(CodesOpenid);

impl Reply for CodesOpenid {
    type Account = WxpayAccount;

    fn read(reply: Pairs) -> Option<CodesOpenid> {
        Some(CodesOpenid { openid: reply.owned("openid")?, reply })
    }
}

impl fmt::Debug for CodesOpenid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodesOpenid").finish_non_exhaustive()
    }
}
