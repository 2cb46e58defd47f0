//! Payment codes, reversals and refunds as WeChat Pay's own gateway words them (docs: E.1 to E.3, POS flows 3 and 5).

use crate::clock;
use crate::dialect::{Dialect, Rows};
use crate::direct;
use crate::fields::Fields;
use crate::gateway::{Act, Gateway};
use crate::record::Record;
use crate::refund::{Refund, RefundStatus};
use crate::reply::Reply;
use crate::tables::{Kind, Row};
use crate::wxpay;

pub(crate) static DIALECT: Dialect = Dialect {
    gateway: Gateway::Wxpay,
    openid: wxpay::OPENID,
    begins_at_scan: |_| false,
    revokes: |_| true,
    reversed: "REVOKED",
    closes_again: false,
    closes_refunds: true,
    refund_id: |now, serial| format!("5000{}{serial:010}", clock::packed(now)),
    page: PAGE,
    not_by_order: |_| None,
    refusal,
    paid,
    ordered: wxpay::success,
    queried: wxpay::query,
    done,
    refunded,
    refunds,
    notification: wxpay::notification,
};

/// Rows of one reply: the official page begins to speak of `offset` at ten.
const PAGE: usize = 10;

/// docs: E.2, pay/micropay. There is no notify_url.
const MICROPAY: &[Row] = &[
    Row("version", false, Kind::OneOf(&["1.0"]), 32),
    Row("profit_sharing", false, Kind::OneOf(&["Y", "N"]), 1),
    // Deposits have calls of their own (POS flows 12).
    Row("deposit", false, Kind::OneOf(&["N"]), 1),
    Row("appid", true, Kind::Text, 32),
    Row("sub_appid", false, Kind::Text, 32),
    Row("mch_id", true, Kind::Text, 32),
    Row("sub_mch_id", false, Kind::Text, 32),
    Row("device_info", false, Kind::Text, 32),
    Row("nonce_str", true, Kind::Text, 32),
    Row("sign", true, Kind::Text, 64),
    Row("sign_type", false, Kind::OneOf(&["MD5", "HMAC-SHA256"]), 32),
    Row("body", true, Kind::Text, 127),
    Row("detail", false, Kind::Text, 6000),
    Row("attach", false, Kind::Text, 127),
    Row("out_trade_no", true, Kind::OrderOfWechat, 32),
    Row("total_fee", true, Kind::Number, 10),
    Row("fee_type", false, Kind::OneOf(&["CNY"]), 16),
    Row("spbill_create_ip", true, Kind::Ip, 64),
    Row("goods_tag", false, Kind::Text, 32),
    Row("limit_pay", false, Kind::OneOf(&["no_credit"]), 32),
    Row("time_start", false, Kind::Time, 14),
    Row("time_expire", false, Kind::Time, 14),
    Row("receipt", false, Kind::OneOf(&["Y", "N"]), 8),
    Row("auth_code", true, Kind::Digits, 128),
    Row("scene_info", false, Kind::Text, 256),
];

/// docs: E.2, secapi/pay/reverse.
const REVERSE: &[Row] = &[
    Row("appid", true, Kind::Text, 32),
    Row("sub_appid", false, Kind::Text, 32),
    Row("mch_id", true, Kind::Text, 32),
    Row("sub_mch_id", false, Kind::Text, 32),
    Row("transaction_id", false, Kind::Order, 32),
    Row("out_trade_no", false, Kind::OrderOfWechat, 32),
    Row("nonce_str", true, Kind::Text, 32),
    Row("sign", true, Kind::Text, 64),
    Row("sign_type", false, Kind::OneOf(&["MD5", "HMAC-SHA256"]), 32),
];

/// docs: E.2, secapi/pay/refund.
const REFUND: &[Row] = &[
    Row("appid", true, Kind::Text, 32),
    Row("sub_appid", false, Kind::Text, 32),
    Row("mch_id", true, Kind::Text, 32),
    Row("sub_mch_id", false, Kind::Text, 32),
    Row("nonce_str", true, Kind::Text, 32),
    Row("sign", true, Kind::Text, 64),
    Row("sign_type", false, Kind::OneOf(&["MD5", "HMAC-SHA256"]), 32),
    Row("transaction_id", false, Kind::Order, 32),
    Row("out_trade_no", false, Kind::OrderOfWechat, 32),
    Row("out_refund_no", true, Kind::RefundOfWechat, 64),
    Row("total_fee", true, Kind::Number, 10),
    Row("refund_fee", true, Kind::Number, 10),
    Row("refund_fee_type", false, Kind::OneOf(&["CNY"]), 8),
    Row("refund_desc", false, Kind::Text, 80),
    Row("refund_account", false, Kind::OneOf(ACCOUNTS), 30),
    Row("notify_url", false, Kind::Url, 256),
];

const ACCOUNTS: &[&str] = &["REFUND_SOURCE_RECHARGE_FUNDS", "REFUND_SOURCE_UNSETTLED_FUNDS"];

/// docs: E.2, pay/refundquery.
const REFUND_QUERY: &[Row] = &[
    Row("appid", true, Kind::Text, 32),
    Row("mch_id", true, Kind::Text, 32),
    Row("sub_appid", false, Kind::Text, 32),
    Row("sub_mch_id", false, Kind::Text, 32),
    Row("nonce_str", true, Kind::Text, 32),
    Row("sign", true, Kind::Text, 64),
    Row("sign_type", false, Kind::OneOf(&["MD5", "HMAC-SHA256"]), 32),
    Row("transaction_id", false, Kind::Order, 32),
    Row("out_trade_no", false, Kind::OrderOfWechat, 32),
    Row("out_refund_no", false, Kind::RefundOfWechat, 64),
    Row("refund_id", false, Kind::Order, 32),
    Row("offset", false, Kind::Number, 10),
];

/// Everything that can be wrong with a payment by code before the ledger is asked.
pub(crate) fn check_micropay(fields: &Fields) -> Result<(), Reply> {
    direct::check(MICROPAY, fields)?;
    match fields.fen("total_fee") {
        0 => Err(direct::refusal("PARAM_ERROR", "total_fee参数错误", fields)),
        _ => Ok(()),
    }
}

/// Everything that can be wrong with a reversal before the ledger is asked.
pub(crate) fn check_reversal(fields: &Fields, cn: Option<&str>) -> Result<(), Reply> {
    direct::check_certificate(fields, cn)?;
    direct::check(REVERSE, fields).map_err(with_recall)?;
    let named = ["transaction_id", "out_trade_no"].iter().any(|name| !fields.get(name).is_empty());
    match named {
        true => Ok(()),
        false => Err(refusal(Act::Reverse, "LACK_PARAMS", "缺少参数out_trade_no", fields)),
    }
}

/// Everything that can be wrong with a refund before the ledger is asked.
pub(crate) fn check_refund(fields: &Fields, cn: Option<&str>) -> Result<(), Reply> {
    direct::check_certificate(fields, cn)?;
    direct::check(REFUND, fields)?;
    let refused = |text: &str| Err(direct::refusal("PARAM_ERROR", text, fields));
    let has = |name: &str| !fields.get(name).is_empty();
    if has("transaction_id") == has("out_trade_no") {
        return refused("transaction_id和out_trade_no二选一");
    }
    if fields.fen("refund_fee") == 0 || fields.fen("total_fee") == 0 {
        return refused("refund_fee参数错误");
    }
    // POS flows 13.
    if fields.get("notify_url").contains('?') {
        return refused("notify_url参数错误");
    }
    Ok(())
}

/// Everything that can be wrong with a question before the ledger is asked.
pub(crate) fn check_refund_query(fields: &Fields) -> Result<(), Reply> {
    direct::check(REFUND_QUERY, fields)?;
    let ids = ["refund_id", "out_refund_no", "transaction_id", "out_trade_no"];
    match ids.iter().any(|name| !fields.get(name).is_empty()) {
        true => Ok(()),
        false => Err(direct::refusal("LACK_PARAMS", "缺少参数out_refund_no", fields)),
    }
}

fn refusal(act: Act, code: &str, text: &str, fields: &Fields) -> Reply {
    let reply = direct::refusal(code, text, fields);
    if act == Act::Reverse { with_recall(reply) } else { reply }
}

fn done(act: Act, fields: &Fields) -> Reply {
    let reply = direct::begin("SUCCESS", fields);
    if act == Act::Reverse { with_recall(reply) } else { reply.text("result_msg", "OK") }
}

/// docs: E.3: SYSTEMERROR and USERPAYING call for another reversal.
fn with_recall(reply: Reply) -> Reply {
    if reply.get("result_code").is_none() {
        return reply;
    }
    let again = reply.get("err_code").is_some_and(|code| ["SYSTEMERROR", "USERPAYING"].contains(&code.value.as_str()));
    reply.text("recall", if again { "Y" } else { "N" })
}

/// docs: E.2, the response table of pay/micropay.
fn paid(record: &Record) -> Reply {
    let content = &record.content;
    let reply = direct::begin("SUCCESS", content)
        .text("device_info", content.get("device_info"))
        .text("out_trade_no", &record.entry.order_number)
        .text("attach", content.get("attach"));
    wxpay::paid(reply, record)
}

/// docs: E.2, the response table of secapi/pay/refund. It means taken, not arrived.
fn refunded(record: &Record, refund: &Refund, fields: &Fields) -> Reply {
    let (total, fee) = (record.entry.amount.to_string(), refund.entry.amount.to_string());
    direct::begin("SUCCESS", fields)
        .text("transaction_id", &record.transaction_id())
        .text("out_trade_no", &record.entry.order_number)
        .text("out_refund_no", &refund.entry.refund_number)
        .text("refund_id", &refund.id)
        .plain("refund_fee", &fee)
        .plain("total_fee", &total)
        .text("fee_type", "CNY")
        .plain("cash_fee", &total)
        .plain("cash_refund_fee", &fee)
}

/// docs: E.2, the response table of pay/refundquery.
fn refunds(rows: &Rows, fields: &Fields) -> Reply {
    let total = rows.order.entry.amount.to_string();
    let mut reply = direct::begin("SUCCESS", fields)
        .text("transaction_id", &rows.order.transaction_id())
        .text("out_trade_no", &rows.order.entry.order_number)
        .plain("total_fee", &total)
        .text("fee_type", "CNY")
        .plain("cash_fee", &total)
        .plain("refund_count", &rows.refunds.len().to_string());
    if let Some(count) = rows.of {
        reply = reply.plain("total_refund_count", &count.to_string());
    }
    for (n, refund) in rows.refunds.iter().enumerate() {
        let ended =
            if refund.entry.status == RefundStatus::Success { clock::spelled(refund.ended_at) } else { String::new() };
        reply = reply
            .text(&format!("out_refund_no_{n}"), &refund.entry.refund_number)
            .text(&format!("refund_id_{n}"), &refund.id)
            .text(&format!("refund_channel_{n}"), "ORIGINAL")
            .plain(&format!("refund_fee_{n}"), &refund.entry.amount.to_string())
            .text(&format!("refund_status_{n}"), refund.entry.status.name())
            .text(&format!("refund_recv_accout_{n}"), "支付用户的零钱")
            .text(&format!("refund_success_time_{n}"), &ended);
    }
    reply
}
