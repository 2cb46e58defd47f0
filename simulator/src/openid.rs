//! tools/authcodetoopenid: whose payment code it is (POS flows 8).

use crate::direct;
use crate::fields::Fields;
use crate::gateway::Gateway;
use crate::reply::Reply;
use crate::shared::Shared;
use crate::tables::{Kind, Row};
use crate::wxpay;

/// POS flows 8, and what every call of this gateway has.
const OPENID: &[Row] = &[
    Row("appid", true, Kind::Text, 32),
    Row("sub_appid", false, Kind::Text, 32),
    Row("mch_id", true, Kind::Text, 32),
    Row("sub_mch_id", false, Kind::Text, 32),
    Row("auth_code", true, Kind::Digits, 128),
    Row("nonce_str", true, Kind::Text, 32),
    Row("sign", true, Kind::Text, 64),
    Row("sign_type", false, Kind::OneOf(&["MD5", "HMAC-SHA256"]), 32),
];

pub(crate) fn check(fields: &Fields) -> Result<(), Reply> {
    direct::check(OPENID, fields)
}

/// It does not use the code up.
pub(crate) fn carry_out(shared: &Shared, fields: &Fields) -> Reply {
    match shared.customer_of(Gateway::Wxpay, fields.get("auth_code")).of_code() {
        Some((code, text)) => direct::refusal(code, text, fields),
        None => direct::begin("SUCCESS", fields).text("openid", wxpay::OPENID),
    }
}
