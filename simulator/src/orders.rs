//! Orders that a customer pays later: made, asked for, closed (docs: E.1 to E.3, C.4; POS flows 4).

use crate::behaviour::Behaviour;
use crate::dialect::Dialect;
use crate::fields::Fields;
use crate::gateway::{Act, Gateway};
use crate::record::{Entry, Record};
use crate::reply::Reply;
use crate::shared::Shared;

/// The order as the ledger will keep it. Nothing is paid yet.
pub(crate) fn draft(gateway: Gateway, fields: &Fields) -> Record {
    let entry = Entry {
        gateway: gateway.name(),
        order_number: fields.get("out_trade_no").to_owned(),
        amount: fields.fen("total_fee"),
        payee: [fields.get("openid"), fields.get("sub_openid")].concat(),
        state: "NOTPAY".to_owned(),
        ..Entry::default()
    };
    Record::new(entry, fields.content(&["nonce_str", "sign"]))
}

/// An equal request again.
pub(crate) fn repeat(dialect: &Dialect, record: &Record, fields: &Fields) -> Reply {
    match record.entry.state.as_str() {
        "NOTPAY" | "USERPAYING" | "PAYERROR" => (dialect.ordered)(record),
        "CLOSED" | "REVOKED" | "REVERSE" => (dialect.refusal)(Act::Pay, "ORDERCLOSED", "订单已关闭", fields),
        _ => (dialect.refusal)(Act::Pay, "ORDERPAID", "该订单已支付", fields),
    }
}

/// Closes an order that is not paid. The reply does not name it.
pub(crate) fn close(shared: &Shared, dialect: &Dialect, fields: &Fields) -> Reply {
    let number = fields.get("out_trade_no");
    let success = || (dialect.done)(Act::Close, fields);
    let refused = |code: &str, text: &str| (dialect.refusal)(Act::Close, code, text, fields);
    if shared.behaviour(Act::Close, number) == Some(Behaviour::CloseOfNothing) {
        return success();
    }
    let before = shared.ledger.change(dialect.gateway.name(), number, |record, now| {
        if is_unscanned(shared, dialect, record) {
            return None;
        }
        let before = (record.is_open(), record.entry.state.clone());
        if record.is_open() {
            record.turn("CLOSED", now);
        }
        Some(before)
    });
    match before.flatten() {
        Some((true, _)) => success(),
        Some((_, state)) if state == "CLOSED" && dialect.closes_again => success(),
        Some((_, state)) if ["CLOSED", "REVOKED", "REVERSE"].contains(&state.as_str()) => {
            refused("ORDERCLOSED", "订单已关闭")
        }
        Some(_) => refused("ORDERPAID", "订单已支付"),
        None => refused("ORDERNOTEXIST", "订单不存在"),
    }
}

/// The order that a reply is about: `own`, or another one that the gateway mistakes for it.
pub(crate) fn told_of(shared: &Shared, own: Record) -> Record {
    if shared.behaviour(Act::Pay, &own.entry.order_number) != Some(Behaviour::OrderOfAnother) {
        return own;
    }
    let is_another = |record: &&Record| {
        record.entry.gateway == own.entry.gateway
            && !record.is_micropay()
            && record.serial != own.serial
            // Of the same service, where services have names: another one's reply looks otherwise.
            && record.content.get("service") == own.content.get("service")
    };
    let found = shared.ledger.book(|book| book.records.iter().rev().find(is_another).cloned());
    // There is always another one at a gateway.
    found.unwrap_or_else(|| {
        let mut another = own;
        another.serial += 1_000_000;
        another
    })
}

/// The answer to a query.
pub(crate) fn query(shared: &Shared, dialect: &Dialect, fields: &Fields, lag: u64) -> Reply {
    match look_up(shared, dialect, fields, lag) {
        Some(record) => (dialect.queried)(&record, fields),
        None => (dialect.refusal)(Act::Query, "ORDERNOTEXIST", "此交易订单号不存在", fields),
    }
}

/// Nobody has scanned it, and so it is not known.
fn is_unscanned(shared: &Shared, dialect: &Dialect, record: &Record) -> bool {
    let may_be = shared.settings.alipay_orders_begin_at_scan && (dialect.begins_at_scan)(record);
    may_be && record.entry.state == "NOTPAY"
}

/// The order as the query sees it: a question has its effect, too, and a host may lag behind.
fn look_up(shared: &Shared, dialect: &Dialect, fields: &Fields, lag: u64) -> Option<Record> {
    let is_behind = shared.behaviour(Act::Query, fields.get("out_trade_no")) == Some(Behaviour::QueryBehind);
    shared.ledger.book(|book| {
        let now = book.now;
        let record = book.order_of(dialect.gateway, fields)?;
        if is_unscanned(shared, dialect, record) {
            return None;
        }
        record.asked(now);
        if is_behind {
            return record.one_step_behind();
        }
        if lag == 0 { Some(record.clone()) } else { record.at(now.saturating_sub(lag)) }
    })
}
