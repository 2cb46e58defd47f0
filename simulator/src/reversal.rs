//! A reversal: a paid order is given back, an unpaid one ends (docs: E.1 to E.3, POS flows 3 and 9).

use crate::behaviour::Behaviour;
use crate::dialect::Dialect;
use crate::fields::Fields;
use crate::gateway::Act;
use crate::record::Record;
use crate::reply::Reply;
use crate::shared::Shared;

/// In seconds (docs: E.3).
const NO_LONGER: u64 = 7 * 86_400;

pub(crate) fn carry_out(shared: &Shared, dialect: &Dialect, fields: &Fields) -> Reply {
    let number = fields.get("out_trade_no");
    let success = || (dialect.done)(Act::Reverse, fields);
    let refusal = |code: &str, text: &str| (dialect.refusal)(Act::Reverse, code, text, fields);
    let behaviour = shared.behaviour(Act::Reverse, number);
    match behaviour {
        Some(Behaviour::ReverseOfNothing) => return success(),
        Some(Behaviour::ReverseReplayed) => {
            return shared.behaviours().reversal_of_another(dialect.gateway, number).unwrap_or_else(success);
        }
        Some(Behaviour::ReverseRecall) => {
            let mut reply = success();
            reply.change("recall", "Y");
            return reply;
        }
        Some(Behaviour::ReverseUserPaying) => return refusal("USERPAYING", TYPING),
        _ => {}
    }
    let reply = shared.ledger.book(|book| {
        let now = book.now;
        let Some(record) = book.order_of(dialect.gateway, fields) else {
            return refusal("ORDERNOTEXIST", "订单不存在");
        };
        let pays = matches!(behaviour, Some(Behaviour::PaidBeforeReverse | Behaviour::PaidAfterReverse));
        if pays && record.is_open() {
            record.pay(now);
        }
        match refused(record, now) {
            _ if behaviour == Some(Behaviour::PaidAfterReverse) => success(),
            _ if behaviour == Some(Behaviour::ReverseOfUnpaidOnly) && record.entry.paid > 0 => {
                refusal("TRADE_ERROR", "订单已支付，请申请退款")
            }
            Some((code, text)) => refusal(code, text),
            None => {
                record.reverse(dialect.reversed, now);
                success()
            }
        }
    });
    if reply.get("err_code").is_none() {
        shared.behaviours().remember_reversal(number, &reply);
    }
    reply
}

const TYPING: &str = "用户支付中，需要输入密码";

/// Why an order is not reversed.
fn refused(record: &Record, now: u64) -> Option<(&'static str, &'static str)> {
    match record.entry.state.as_str() {
        // docs: E.3: orders of other calls are closed, or refunded.
        _ if !record.is_micropay() => Some(("TRADE_ERROR", "交易类型不支持撤销")),
        _ if now > record.made_at + NO_LONGER => Some(("REVERSE_EXPIRE", "订单无法撤销")),
        // POS flows 3.7. Where an order does not end by itself, its reversal is the only end (POS flows 9).
        "USERPAYING" if record.revokes => Some(("USERPAYING", TYPING)),
        // POS flows 3.7: what is partly refunded is refunded, not reversed.
        "REFUND" => Some(("TRADE_ERROR", "订单已转入退款")),
        _ => None,
    }
}
