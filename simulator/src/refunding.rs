//! secapi/pay/refund and pay/refundquery (docs: E.2, E.3, POS flows 5).

use std::io;

use crate::behaviour::Behaviour;
use crate::clock;
use crate::credentials::{APPID, MCH_ID};
use crate::direct;
use crate::fields::Fields;
use crate::gateway::{Act, Gateway};
use crate::record::Record;
use crate::refund::{Refund, RefundEntry, RefundStatus};
use crate::reply::Reply;
use crate::shared::Shared;
use crate::tables::{Kind, Row};

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
const QUERY: &[Row] = &[
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

/// Seconds, and refunds of one order (POS flows 13).
const YEAR: u64 = 365 * 86_400;
const MOST: usize = 50;

/// Rows of one reply: the official page begins to speak of `offset` at ten.
const PAGE: usize = 10;

/// Everything that can be wrong with a refund before the ledger is asked.
pub(crate) fn check(fields: &Fields, cn: Option<&str>) -> Result<(), Reply> {
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
pub(crate) fn check_query(fields: &Fields) -> Result<(), Reply> {
    direct::check(QUERY, fields)?;
    let ids = ["refund_id", "out_refund_no", "transaction_id", "out_trade_no"];
    match ids.iter().any(|name| !fields.get(name).is_empty()) {
        true => Ok(()),
        false => Err(direct::refusal("LACK_PARAMS", "缺少参数out_refund_no", fields)),
    }
}

/// Takes a refund, or finds the one that is there. Not to `keep` it: a success that is not true.
pub(crate) fn carry_out(shared: &Shared, fields: &Fields, keep: bool) -> Reply {
    shared.ledger.book(|book| {
        let (now, refunds) = (book.now, book.records.iter().map(|record| record.refunds.len()).sum::<usize>());
        if let Some((record, at)) = book.refund(|refund| refund.entry.refund_number == fields.get("out_refund_no")) {
            return again(record, at, fields);
        }
        let Some(record) = book.order_of(fields) else {
            let by_id = !fields.get("transaction_id").is_empty();
            return match by_id {
                true => direct::refusal("INVALID_TRANSACTIONID", "无效transaction_id", fields),
                false => direct::refusal("ORDERNOTEXIST", "订单不存在", fields),
            };
        };
        if let Some((code, text)) = refused(record, fields, now) {
            return direct::refusal(code, text, fields);
        }
        let mut refund = draft(record, fields, refunds + 1, now);
        let reply = success(record, &refund, fields);
        if keep {
            refund.ends_in = end(shared.behaviour(Act::Refund, fields.get("out_refund_no")));
            record.refund(refund, now);
        }
        reply
    })
}

fn end(behaviour: Option<Behaviour>) -> RefundStatus {
    match behaviour {
        Some(Behaviour::RefundEndsInChange) => RefundStatus::Change,
        Some(Behaviour::RefundEndsInClose) => RefundStatus::Closed,
        Some(Behaviour::RefundEndsInFail) => RefundStatus::Failed,
        Some(Behaviour::RefundNeverEnds) => RefundStatus::Processing,
        _ => RefundStatus::Success,
    }
}

/// A refund that this merchant's terminal did not ask for.
pub(crate) fn elsewhere(shared: &Shared, number: &str, fee: u64) -> io::Result<String> {
    if fee == 0 {
        return Err(io::Error::other("nothing to refund"));
    }
    let mut fields = Fields::default();
    let refund_number = format!("elsewhere{}", shared.ledger.refunds().len() + 1);
    let total = shared.ledger.find(Gateway::Wxpay.name(), number).map_or(0, |record| record.entry.amount);
    for (name, value) in [
        ("appid", APPID),
        ("mch_id", MCH_ID),
        ("out_trade_no", number),
        ("out_refund_no", &refund_number),
        ("refund_fee", &fee.to_string()),
        ("total_fee", &total.to_string()),
    ] {
        fields.push(name, value);
    }
    let reply = carry_out(shared, &fields, true);
    match reply.get("err_code_des") {
        Some(words) => Err(io::Error::other(words.value.clone())),
        None => Ok(refund_number),
    }
}

fn draft(record: &Record, fields: &Fields, serial: usize, now: u64) -> Refund {
    let entry = RefundEntry {
        refund_number: fields.get("out_refund_no").to_owned(),
        order_number: record.entry.order_number.clone(),
        amount: fields.fen("refund_fee"),
        attempts: 1,
        status: RefundStatus::Processing,
    };
    let id = format!("5000{}{serial:010}", clock::packed(now));
    Refund::new(entry, fields.content(&["nonce_str", "sign"]), id, now)
}

/// Why a new refund is not taken. Few of these words are printed in a document.
fn refused(record: &Record, fields: &Fields, now: u64) -> Option<(&'static str, &'static str)> {
    let (entry, fee) = (&record.entry, fields.fen("refund_fee"));
    if entry.paid == 0 {
        return Some(("INVALID_REQUEST", "订单状态错误"));
    }
    if fields.fen("total_fee") != entry.amount {
        return Some(("INVALID_REQUEST", "订单总金额不一致"));
    }
    if now > record.paid_at + YEAR {
        return Some(("TRADE_OVERDUE", "订单已经超过退款期限"));
    }
    if record.refunds.len() >= MOST {
        return Some(("INVALID_REQUEST", "部分退款次数超过限制"));
    }
    match entry.refunded + fee {
        _ if entry.refunded == entry.amount => Some(("ERROR", "订单已全额退款")),
        sum if sum > entry.amount => Some(("ERROR", "累计退款金额大于支付金额")),
        _ => None,
    }
}

/// The same refund number again: the same answer, and never a second refund (docs: E.3).
fn again(record: &mut Record, at: usize, fields: &Fields) -> Reply {
    let [number, id] = [fields.get("out_trade_no"), fields.get("transaction_id")];
    let same_order = number == record.entry.order_number || id == record.transaction_id();
    let same_total = fields.fen("total_fee") == record.entry.amount;
    let left = record.entry.amount - record.entry.refunded;
    let refund = &mut record.refunds[at];
    refund.entry.attempts += 1;
    if !same_order || !same_total || fields.fen("refund_fee") != refund.entry.amount {
        let text = "订单金额或退款金额与之前请求不一致，请核实后再试";
        return direct::refusal("REFUND_FEE_MISMATCH", text, fields);
    }
    match refund.entry.status {
        // POS flows 5: this number has ended.
        RefundStatus::Closed => return direct::refusal("INVALID_REQUEST", "退款单已关闭，请更换退款单号", fields),
        RefundStatus::Failed if refund.entry.amount > left => {
            return direct::refusal("ERROR", "累计退款金额大于支付金额", fields);
        }
        RefundStatus::Failed => refund.begin_again(),
        _ => {}
    }
    record.add_up();
    success(record, &record.refunds[at], fields)
}

/// docs: E.2, the response table of secapi/pay/refund. It means taken, not arrived.
fn success(record: &Record, refund: &Refund, fields: &Fields) -> Reply {
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

/// Some refunds of one order.
struct Rows {
    order: Record,
    refunds: Vec<Refund>,
    /// All that the order has, where it was asked for by the order.
    of: Option<usize>,
}

pub(crate) fn query(shared: &Shared, fields: &Fields, lag: u64) -> Reply {
    let is_second =
        shared.behaviour(Act::RefundQuery, fields.get("out_refund_no")) == Some(Behaviour::RefundInSecondRow);
    match rows(shared, fields, lag) {
        Some(mut rows) => {
            if let (true, None, [own]) = (is_second, rows.of, &rows.refunds[..]) {
                let another = another(&rows.order, own);
                rows.refunds.insert(0, another);
            }
            told(&rows, fields)
        }
        None => direct::refusal("REFUNDNOTEXIST", "退款订单查询失败", fields),
    }
}

/// Another refund of the order, real or not.
fn another(order: &Record, own: &Refund) -> Refund {
    let real = order.refunds.iter().find(|refund| refund.entry.refund_number != own.entry.refund_number);
    real.cloned().unwrap_or_else(|| {
        let mut made_up = own.clone();
        made_up.entry.refund_number.push('0');
        made_up.entry.amount += 1;
        made_up.end(RefundStatus::Success, own.made_at);
        made_up
    })
}

/// refund_id goes before out_refund_no, that before transaction_id, that before out_trade_no (docs: E.2, corrections).
fn rows(shared: &Shared, fields: &Fields, lag: u64) -> Option<Rows> {
    let [id, number] = [fields.get("refund_id"), fields.get("out_refund_no")];
    let of_one = !id.is_empty() || !number.is_empty();
    shared.ledger.book(|book| {
        let (now, time) = (book.now, book.now.saturating_sub(lag));
        let (order, which) = match of_one {
            true => {
                let wanted = |refund: &Refund| match id.is_empty() {
                    true => refund.entry.refund_number == number,
                    false => refund.id == id,
                };
                let (order, at) = book.refund(wanted)?;
                (order, at..at + 1)
            }
            false => {
                let order = book.order_of(fields)?;
                let from = order.refunds.len().min(fields.fen("offset") as usize);
                let until = order.refunds.len().min(from + PAGE);
                (order, from..until)
            }
        };
        order.refunds[which.clone()].iter_mut().for_each(|refund| refund.asked(now));
        order.add_up();
        let refunds: Vec<Refund> = order.refunds[which].iter().filter_map(|refund| refund.at(time)).collect();
        let of = (!of_one).then_some(order.refunds.len());
        (!refunds.is_empty()).then(|| Rows { order: order.clone(), refunds, of })
    })
}

/// docs: E.2, the response table of pay/refundquery.
fn told(rows: &Rows, fields: &Fields) -> Reply {
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
