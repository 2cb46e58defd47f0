//! The services of a Swiftpass-type gateway, their tables, and what is checked before the ledger is asked (docs: C.1 to
//! C.4 and seed 2; POS flows 9 and 13).

use crate::certificates;
use crate::credentials::{SWIFTPASS_KEY, SWIFTPASS_MCH_ID};
use crate::fields::Fields;
use crate::gateway::Act;
use crate::reply::Reply;
use crate::settings::{Settings, SignType};
use crate::sign;
use crate::swiftpass_replies::{gate, refusal};
use crate::tables::{self, Kind, Row, Wrong};
use crate::wallet::Wallet;

/// Fen (docs: C.2).
const MOST: u64 = 5_000_000;

/// In every request. A base64 signature of RSA has 344 characters.
const HEAD: &[Row] = &[
    Row("service", true, Kind::Text, 32),
    Row("version", false, Kind::Text, 8),
    Row("charset", false, Kind::OneOf(&["UTF-8"]), 8),
    Row("sign_type", false, Kind::OneOf(&["MD5", "RSA_1_256", "RSA_1_1"]), 16),
    Row("mch_id", true, Kind::Text, 32),
    Row("nonce_str", true, Kind::Text, 32),
    Row("sign", true, Kind::Text, 512),
];

/// In every request for money. Of two lengths in seed 2 the shorter holds (docs: C.2).
const SALE: &[Row] = &[
    Row("out_trade_no", true, Kind::OrderOrUnderscore, 32),
    Row("device_info", false, Kind::Text, 32),
    Row("body", true, Kind::Text, 128),
    Row("attach", false, Kind::Text, 128),
    Row("mch_create_ip", true, Kind::Ip, 16),
    Row("time_start", false, Kind::Time, 14),
    Row("time_expire", false, Kind::Time, 14),
    Row("goods_tag", false, Kind::Text, 32),
    Row("limit_credit_pay", false, Kind::OneOf(&["0", "1"]), 32),
    // Not in the seed's table, but in its example, and required everywhere else (docs: C.2).
    Row("total_fee", true, Kind::Number, 10),
    Row("sub_appid", false, Kind::Text, 45),
    Row("sub_openid", false, Kind::Openid, 128),
];

const NOTIFIED: &[Row] = &[Row("notify_url", true, Kind::Url, 255)];

/// docs: C.2, the siblings' fields.
const OPERATOR: &[Row] = &[
    Row("op_user_id", false, Kind::Text, 32),
    Row("op_shop_id", false, Kind::Text, 32),
    Row("op_device_id", false, Kind::Text, 32),
];

const CODE: &[Row] = &[
    // POS flows 13: only digits are checked.
    Row("auth_code", true, Kind::Digits, 128),
    Row("terminal_info", false, Kind::Text, 512),
];

const SCANNED: &[Row] = &[Row("product_id", false, Kind::Text, 32)];

const IN_WECHAT: &[Row] = &[
    Row("is_raw", false, Kind::OneOf(&["0", "1"]), 1),
    Row("is_minipg", false, Kind::OneOf(&["0", "1"]), 1),
    Row("callback_url", false, Kind::Url, 255),
];

const IN_ALIPAY: &[Row] = &[Row("buyer_id", false, Kind::Text, 100), Row("buyer_logon_id", false, Kind::Text, 100)];

const IN_BROWSER: &[Row] = &[
    Row("mch_app_name", true, Kind::Text, 255),
    Row("mch_app_id", true, Kind::Text, 128),
    Row("callback_url", false, Kind::Url, 255),
];

const NUMBER: &[Row] = &[Row("out_trade_no", true, Kind::OrderOrUnderscore, 32)];

const NUMBERS: &[Row] =
    &[Row("out_trade_no", false, Kind::OrderOrUnderscore, 32), Row("transaction_id", false, Kind::Order, 32)];

const REFUND: &[Row] = &[
    Row("out_refund_no", true, Kind::OrderOrUnderscore, 32),
    Row("total_fee", true, Kind::Number, 10),
    Row("refund_fee", true, Kind::Number, 10),
    Row("op_user_id", true, Kind::Text, 32),
    Row("refund_channel", false, Kind::OneOf(&["ORIGINAL", "BALANCE"]), 16),
];

const REFUND_NUMBERS: &[Row] =
    &[Row("out_refund_no", false, Kind::OrderOrUnderscore, 32), Row("refund_id", false, Kind::Order, 32)];

/// What is needed besides.
type Rule = fn(&Settings, &Fields) -> Result<(), Reply>;

/// Name, act, tables, and what is needed besides.
struct Service(&'static str, Act, &'static [&'static [Row]], Rule);

/// docs: C.1. Older names are still served.
const SERVICES: &[Service] = &[
    Service("pay.weixin.wap", Act::Pay, &[SALE, NOTIFIED], wap),
    Service("pay.weixin.wappay", Act::Pay, &[SALE, NOTIFIED, OPERATOR, IN_BROWSER], sale),
    Service("pay.weixin.native", Act::Pay, &[SALE, NOTIFIED, OPERATOR, SCANNED], sale),
    Service("pay.alipay.native", Act::Pay, &[SALE, NOTIFIED, OPERATOR, SCANNED], sale),
    Service("unified.trade.native", Act::Pay, &[SALE, NOTIFIED, OPERATOR, SCANNED], sale),
    Service("pay.weixin.jspay", Act::Pay, &[SALE, NOTIFIED, OPERATOR, IN_WECHAT], in_wechat),
    Service("pay.alipay.jspay", Act::Pay, &[SALE, NOTIFIED, OPERATOR, IN_ALIPAY], in_alipay),
    Service("unified.trade.micropay", Act::Micropay, &[SALE, OPERATOR, CODE], by_code),
    Service("pay.weixin.micropay", Act::Micropay, &[SALE, OPERATOR, CODE], by_code),
    Service("unified.micropay.reverse", Act::Reverse, &[NUMBER], any),
    Service("unified.trade.close", Act::Close, &[NUMBER], any),
    Service("unified.trade.query", Act::Query, &[NUMBERS], by_an_order),
    Service("trade.single.query", Act::Query, &[NUMBERS], by_an_order),
    Service("unified.trade.refund", Act::Refund, &[NUMBERS, REFUND], refund),
    Service("trade.single.refund", Act::Refund, &[NUMBERS, REFUND], refund),
    Service("unified.trade.refundquery", Act::RefundQuery, &[NUMBERS, REFUND_NUMBERS], by_a_refund),
    Service("trade.refund.query", Act::RefundQuery, &[NUMBERS, REFUND_NUMBERS], by_a_refund),
];

fn service(name: &str) -> Option<&'static Service> {
    SERVICES.iter().find(|Service(known, ..)| *known == name)
}

/// What the service asks for; `None` when it is unknown.
pub(crate) fn act(name: &str) -> Option<Act> {
    service(name).map(|Service(_, act, ..)| *act)
}

/// Everything that can be wrong before the ledger is asked.
pub(crate) fn check(settings: &Settings, fields: &Fields) -> Result<(), Reply> {
    if fields.get("mch_id") != SWIFTPASS_MCH_ID {
        return Err(gate("mch_id:Invalid"));
    }
    if !is_signed(settings.swiftpass_sign_type, fields) {
        return Err(gate("Signature error"));
    }
    let Some(Service(_, _, own, rule)) = service(fields.get("service")) else {
        return Err(gate("service:Invalid"));
    };
    let tables: Vec<&Row> = HEAD.iter().chain(own.iter().copied().flatten()).collect();
    // Seed 2: the message of a non-zero status is 签名失败 or 参数格式校验错误.
    tables::check(tables, fields).map_err(|wrong| gate(&wrong.text()))?;
    rule(settings, fields)
}

/// As the merchant's settings say: the message only may not contradict them (docs: C.3).
fn is_signed(sign_type: SignType, fields: &Fields) -> bool {
    let is_named = match fields.get("sign_type") {
        "" => sign_type == SignType::Md5,
        name => name == sign_type.name(),
    };
    // The official SDK lower-cases both sides of an MD5 (docs: C.3).
    is_named
        && match sign_type {
            SignType::Md5 => sign::md5(fields.iter(), SWIFTPASS_KEY).eq_ignore_ascii_case(fields.get("sign")),
            SignType::Rsa1 | SignType::Rsa256 => certificates::material().is_ok_and(|material| {
                let key = material.swiftpass_merchant_key();
                sign::is_rsa(fields.iter(), sign_type, fields.get("sign"), key).unwrap_or(false)
            }),
        }
}

fn missing(name: &'static str) -> Result<(), Reply> {
    Err(gate(&Wrong::Missing(name).text()))
}

fn has(fields: &Fields, names: &[&str]) -> bool {
    names.iter().any(|name| !fields.get(name).is_empty())
}

fn any(_: &Settings, _: &Fields) -> Result<(), Reply> {
    Ok(())
}

fn total_fee(fields: &Fields) -> Result<(), Reply> {
    let refused = |code: &str| {
        let act = act(fields.get("service")).unwrap_or(Act::Pay);
        Err(refusal(act, code, "金额错误", fields))
    };
    match fields.fen("total_fee") {
        0 => refused("total_fee:Must be greater or equal to [1]"),
        fee if fee > MOST => refused("total_fee:Invalid"),
        _ => Ok(()),
    }
}

/// Seed 2 says that both are needed.
fn wap(settings: &Settings, fields: &Fields) -> Result<(), Reply> {
    for name in ["sub_appid", "sub_openid"] {
        if settings.sub_fields_required && fields.get(name).is_empty() {
            return missing(name);
        }
    }
    total_fee(fields)
}

fn sale(_: &Settings, fields: &Fields) -> Result<(), Reply> {
    // POS flows 13: at least 5 characters.
    if fields.get("out_trade_no").len() < 5 {
        return Err(gate("out_trade_no:Invalid"));
    }
    total_fee(fields)
}

fn in_wechat(settings: &Settings, fields: &Fields) -> Result<(), Reply> {
    if fields.get("is_raw") != "1" && !has(fields, &["sub_openid"]) {
        return missing("sub_openid");
    }
    sale(settings, fields)
}

fn in_alipay(settings: &Settings, fields: &Fields) -> Result<(), Reply> {
    if !has(fields, &["buyer_id", "buyer_logon_id"]) {
        return missing("buyer_id");
    }
    sale(settings, fields)
}

fn by_code(settings: &Settings, fields: &Fields) -> Result<(), Reply> {
    sale(settings, fields)?;
    // POS flows 9.
    match Wallet::of(fields.get("auth_code")) {
        Wallet::Qq if !has(fields, &["device_info"]) => {
            Err(refusal(Act::Micropay, "PARAM_ERROR", "QQ钱包必须传device_info", fields))
        }
        _ => Ok(()),
    }
}

fn by_an_order(_: &Settings, fields: &Fields) -> Result<(), Reply> {
    if has(fields, &["out_trade_no", "transaction_id"]) { Ok(()) } else { missing("out_trade_no") }
}

fn refund(settings: &Settings, fields: &Fields) -> Result<(), Reply> {
    by_an_order(settings, fields)?;
    match fields.fen("refund_fee") {
        0 => Err(refusal(Act::Refund, "REFUND_FEE_INVALID", "退款金额错误", fields)),
        _ => total_fee(fields),
    }
}

fn by_a_refund(_: &Settings, fields: &Fields) -> Result<(), Reply> {
    let names = ["out_refund_no", "refund_id", "out_trade_no", "transaction_id"];
    if has(fields, &names) { Ok(()) } else { missing("out_refund_no") }
}
