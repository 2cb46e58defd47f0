//! Refunds and the questions about them (docs: E.2, E.3, C.4; POS flows 5 and 9).

use std::io;

use crate::behaviour::Behaviour;
use crate::counter;
use crate::credentials::{APPID, MCH_ID};
use crate::dialect::{Dialect, Rows};
use crate::fields::Fields;
use crate::gateway::Act;
use crate::record::Record;
use crate::refund::{Refund, RefundEntry, RefundStatus};
use crate::reply::Reply;
use crate::shared::Shared;

/// Seconds, and refunds of one order (POS flows 13).
const YEAR: u64 = 365 * 86_400;
const MOST: usize = 50;

/// Takes a refund, or finds the one that is there. Not to `keep` it: a success that is not true.
pub(crate) fn carry_out(shared: &Shared, dialect: &Dialect, fields: &Fields, keep: bool) -> Reply {
    let refusal = |code: &str, text: &str| (dialect.refusal)(Act::Refund, code, text, fields);
    let number = fields.get("out_refund_no");
    let is_same = |refund: &Refund| refund.entry.refund_number == number;
    shared.ledger.book(|book| {
        let (now, refunds) = (book.now, book.records.iter().map(|record| record.refunds.len()).sum::<usize>());
        if let Some((record, at)) = book.refund_at(dialect.gateway, is_same) {
            return match again(record, at, fields) {
                Some((code, text)) => refusal(code, text),
                None => (dialect.refunded)(record, &record.refunds[at], fields),
            };
        }
        let Some(record) = book.order_of(dialect.gateway, fields) else {
            let by_id = !fields.get("transaction_id").is_empty();
            return match by_id {
                true => refusal("INVALID_TRANSACTIONID", "无效transaction_id"),
                false => refusal("ORDERNOTEXIST", "订单不存在"),
            };
        };
        if let Some((code, text)) = refused(record, fields, now) {
            return refusal(code, text);
        }
        let mut refund = draft(record, fields, (dialect.refund_id)(now, refunds + 1), now);
        let reply = (dialect.refunded)(record, &refund, fields);
        if keep {
            refund.ends_in = dialect.end(end(shared.behaviour(Act::Refund, number)));
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
    let found = shared.ledger.book(|book| {
        let found = book.records.iter().find(|record| record.entry.order_number == number && record.has_counter());
        found.map(|record| (counter::of_name(record.entry.gateway), record.entry.amount))
    });
    let (dialect, total) = found.ok_or_else(|| io::Error::other("订单不存在"))?;
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
    let reply = carry_out(shared, dialect, &fields, true);
    match reply.get("err_code_des") {
        Some(words) => Err(io::Error::other(words.value.clone())),
        None => Ok(refund_number),
    }
}

fn draft(record: &Record, fields: &Fields, id: String, now: u64) -> Refund {
    let entry = RefundEntry {
        refund_number: fields.get("out_refund_no").to_owned(),
        order_number: record.entry.order_number.clone(),
        amount: fields.fen("refund_fee"),
        attempts: 1,
        status: RefundStatus::Processing,
    };
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

/// The same refund number again: the same answer, and never a second refund (docs: E.3). Or why not.
fn again(record: &mut Record, at: usize, fields: &Fields) -> Option<(&'static str, &'static str)> {
    let [number, id] = [fields.get("out_trade_no"), fields.get("transaction_id")];
    let same_order = number == record.entry.order_number || id == record.transaction_id();
    let same_total = fields.fen("total_fee") == record.entry.amount;
    let left = record.entry.amount - record.entry.refunded;
    let refund = &mut record.refunds[at];
    refund.entry.attempts += 1;
    if !same_order || !same_total || fields.fen("refund_fee") != refund.entry.amount {
        let text = "订单金额或退款金额与之前请求不一致，请核实后再试";
        return Some(("REFUND_FEE_MISMATCH", text));
    }
    match refund.entry.status {
        // POS flows 5: this number has ended.
        RefundStatus::Closed => return Some(("INVALID_REQUEST", "退款单已关闭，请更换退款单号")),
        RefundStatus::Failed if refund.entry.amount > left => {
            return Some(("ERROR", "累计退款金额大于支付金额"));
        }
        RefundStatus::Failed => refund.begin_again(),
        _ => {}
    }
    record.add_up();
    None
}

pub(crate) fn query(shared: &Shared, dialect: &Dialect, fields: &Fields, lag: u64) -> Reply {
    let is_second =
        shared.behaviour(Act::RefundQuery, fields.get("out_refund_no")) == Some(Behaviour::RefundInSecondRow);
    match rows(shared, dialect, fields, lag) {
        Ok(mut rows) => {
            if let (true, None, [own]) = (is_second, rows.of, &rows.refunds[..]) {
                let another = another(&rows.order, own);
                rows.refunds.insert(0, another);
            }
            (dialect.refunds)(&rows, fields)
        }
        Err((code, text)) => (dialect.refusal)(Act::RefundQuery, code, text, fields),
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
fn rows(shared: &Shared, dialect: &Dialect, fields: &Fields, lag: u64) -> Result<Rows, (&'static str, &'static str)> {
    const NOT_FOUND: (&str, &str) = ("REFUNDNOTEXIST", "退款订单查询失败");
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
                let (order, at) = book.refund_at(dialect.gateway, wanted).ok_or(NOT_FOUND)?;
                (order, at..at + 1)
            }
            false => {
                let order = book.order_of(dialect.gateway, fields).ok_or(NOT_FOUND)?;
                if let Some(refused) = (dialect.not_by_order)(order) {
                    return Err(refused);
                }
                let from = order.refunds.len().min(fields.fen("offset") as usize);
                let until = order.refunds.len().min(from + dialect.page);
                (order, from..until)
            }
        };
        order.refunds[which.clone()].iter_mut().for_each(|refund| refund.asked(now));
        order.add_up();
        let refunds: Vec<Refund> = order.refunds[which].iter().filter_map(|refund| refund.at(time)).collect();
        let of = (!of_one).then_some(order.refunds.len());
        match refunds.is_empty() {
            true => Err(NOT_FOUND),
            false => Ok(Rows { order: order.clone(), refunds, of }),
        }
    })
}
