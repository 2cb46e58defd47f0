//! paywwsptrans2pocket and querywwsptrans2pocket (docs: B).

use crate::clock;
use crate::credentials::{NAMED_OPENID, REAL_NAME, WORKWX_SECRET};
use crate::fields::Fields;
use crate::gateway::{Act, Gateway};
use crate::record::{Entry, Record};
use crate::reply::Reply;
use crate::settings::Settings;
use crate::sign;
use crate::tables::{Kind, Row};
use crate::tenpay::{self, Refused};

/// docs: B.2 and seed 0. Required is what the seed requires; of two lengths the shorter holds.
const PAY: &[Row] = &[
    Row("appid", true, Kind::Text, 128),
    Row("mch_id", true, Kind::Text, 32),
    Row("device_info", false, Kind::Text, 32),
    Row("nonce_str", true, Kind::Text, 32),
    Row("sign", true, Kind::Text, 32),
    Row("partner_trade_no", true, Kind::Order, 32),
    Row("openid", true, Kind::Openid, 64),
    Row("check_name", true, Kind::OneOf(&["NO_CHECK", "FORCE_CHECK"]), 16),
    Row("re_user_name", false, Kind::Text, 64),
    Row("amount", true, Kind::Number, 10),
    Row("desc", true, Kind::Text, 81),
    Row("spbill_create_ip", true, Kind::Ip, 32),
    Row("workwx_sign", true, Kind::Text, 128),
    Row("ww_msg_type", true, Kind::OneOf(&["NORMAL_MSG", "APPROVAL_MSG"]), 32),
    Row("approval_number", false, Kind::Text, 128),
    Row("approval_type", false, Kind::OneOf(&["1"]), 1),
    Row("act_name", true, Kind::Text, 50),
    Row("agentid", false, Kind::Number, 10),
];

/// docs: B.2, querywwsptrans2pocket. The number is shorter here than in the payment.
const QUERY: &[Row] = &[
    Row("nonce_str", true, Kind::Text, 32),
    Row("sign", true, Kind::Text, 32),
    Row("partner_trade_no", true, Kind::Order, 28),
    Row("mch_id", true, Kind::Text, 32),
    Row("appid", true, Kind::Text, 32),
];

/// Everything that can be wrong before the ledger is asked.
pub(crate) fn check(settings: &Settings, act: Act, fields: &Fields, cn: Option<&str>) -> Result<(), Refused> {
    let table = if act == Act::Pay { PAY } else { QUERY };
    tenpay::gate(table, fields, cn)?;
    if act == Act::Pay {
        let expected = sign::workwx(fields.iter(), WORKWX_SECRET);
        if expected != fields.get("workwx_sign") {
            return Err(("WORKWX_SIGN_ERROR", "企业微信签名错误".into()));
        }
    }
    tenpay::check(table, fields)?;
    match act {
        Act::Pay => payment(settings, fields),
        _ => Ok(()),
    }
}

fn payment(settings: &Settings, fields: &Fields) -> Result<(), Refused> {
    // docs: B.1: with APPROVAL_MSG both are required.
    let approval = ["approval_number", "approval_type"].map(|name| !fields.get(name).is_empty());
    if fields.get("ww_msg_type") == "APPROVAL_MSG" && approval != [true, true] {
        return Err(("PARAM_ERROR", "参数错误:缺少审批单号或审批类型".into()));
    }
    let name = fields.get("re_user_name");
    if fields.get("check_name") == "FORCE_CHECK" {
        if name.is_empty() {
            return Err(("PARAM_ERROR", "参数错误:缺少re_user_name".into()));
        }
        if fields.get("openid") == NAMED_OPENID && name != REAL_NAME {
            return Err(("NAME_MISMATCH", "姓名校验出错".into()));
        }
    }
    if !settings.workwx_amount.contains(&fields.fen("amount")) {
        return Err(("AMOUNT_LIMIT", "付款金额超出限制".into()));
    }
    Ok(())
}

/// The order as the ledger will keep it.
pub(crate) fn draft(fields: &Fields) -> Record {
    let entry = Entry {
        gateway: Gateway::Workwx.name(),
        order_number: fields.get("partner_trade_no").to_owned(),
        amount: fields.fen("amount"),
        payee: fields.get("openid").to_owned(),
        paid: 1,
        state: "SUCCESS".to_owned(),
        ..Entry::default()
    };
    Record::new(entry, fields.content(tenpay::VOLATILE))
}

/// docs: B.2, the response table. Unsigned (docs: F.2).
pub(crate) fn success(record: &Record, fields: &Fields) -> Reply {
    tenpay::begin(Gateway::Workwx, "SUCCESS", "支付成功")
        .text("appid", fields.get("appid"))
        .text("mch_id", fields.get("mch_id"))
        .text("device_info", fields.get("device_info"))
        .text("nonce_str", fields.get("nonce_str"))
        .text("partner_trade_no", &record.entry.order_number)
        .text("payment_no", &record.own_number())
        .text("payment_time", &clock::spelled(record.paid_at))
}

/// An equal request again.
pub(crate) fn repeat(record: &Record, fields: &Fields) -> Reply {
    match record.entry.state.as_str() {
        "FAILED" => refusal("SEND_FAILED", "付款失败，请更换单号再重试", fields),
        "PROCESSING" => refusal("PROCESSING", "请求已受理，正在处理", fields),
        _ => success(record, fields),
    }
}

/// A business refusal.
pub(crate) fn refusal(code: &str, text: &str, fields: &Fields) -> Reply {
    let echo = ["appid", "mch_id", "device_info", "nonce_str", "partner_trade_no"];
    tenpay::refusal(Gateway::Workwx, code, text, fields, &echo)
}

/// docs: B.2, the response table of the query; `openid` is in the WeCom page only.
pub(crate) fn query(record: &Record) -> Reply {
    let (entry, content) = (&record.entry, &record.content);
    let reason = if entry.state == "FAILED" { "余额不足" } else { "" };
    tenpay::begin(Gateway::Workwx, "SUCCESS", "OK")
        .text("partner_trade_no", &entry.order_number)
        .text("mch_id", content.get("mch_id"))
        .text("detail_id", &record.own_number())
        .text("status", &entry.state)
        .text("reason", reason)
        .text("openid", &entry.payee)
        .text("transfer_name", content.get("re_user_name"))
        .plain("payment_amount", &entry.amount.to_string())
        .text("transfer_time", &clock::spelled(record.made_at))
        .text("desc", content.get("desc"))
}

/// The number is not known, or not yet.
pub(crate) fn not_found(fields: &Fields) -> Reply {
    refusal("NOT_FOUND", "指定单号数据不存在", fields)
}
