//! secapi/pay/reverse: a paid order is given back, an unpaid one ends (docs: E.1 to E.3, POS flows 3).

use crate::behaviour::Behaviour;
use crate::direct;
use crate::fields::Fields;
use crate::gateway::Act;
use crate::record::Record;
use crate::reply::Reply;
use crate::shared::Shared;
use crate::tables::{Kind, Row};

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

/// In seconds (docs: E.3).
const NO_LONGER: u64 = 7 * 86_400;

/// Everything that can be wrong before the ledger is asked.
pub(crate) fn check(fields: &Fields, cn: Option<&str>) -> Result<(), Reply> {
    direct::check_certificate(fields, cn)?;
    direct::check(REVERSE, fields).map_err(with_recall)?;
    let named = ["transaction_id", "out_trade_no"].iter().any(|name| !fields.get(name).is_empty());
    match named {
        true => Ok(()),
        false => Err(refusal("LACK_PARAMS", "缺少参数out_trade_no", fields)),
    }
}

pub(crate) fn carry_out(shared: &Shared, fields: &Fields) -> Reply {
    let number = fields.get("out_trade_no");
    let behaviour = shared.behaviour(Act::Reverse, number);
    match behaviour {
        Some(Behaviour::ReverseOfNothing) => return success(fields),
        Some(Behaviour::ReverseReplayed) => {
            return shared.behaviours().reversal_of_another(number).unwrap_or_else(|| success(fields));
        }
        Some(Behaviour::ReverseRecall) => {
            let mut reply = success(fields);
            reply.set("recall", "Y");
            return reply;
        }
        Some(Behaviour::ReverseUserPaying) => return refusal("USERPAYING", TYPING, fields),
        _ => {}
    }
    let reply = shared.ledger.book(|book| {
        let now = book.now;
        let Some(record) = book.order_of(fields) else {
            return refusal("ORDERNOTEXIST", "订单不存在", fields);
        };
        let pays = matches!(behaviour, Some(Behaviour::PaidBeforeReverse | Behaviour::PaidAfterReverse));
        if pays && record.is_open() {
            record.pay(now);
        }
        if behaviour == Some(Behaviour::PaidAfterReverse) {
            return success(fields);
        }
        match refused(record, now) {
            Some((code, text)) => refusal(code, text, fields),
            None => {
                record.reverse(now);
                success(fields)
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
        "USERPAYING" => Some(("USERPAYING", TYPING)),
        // POS flows 3.7: what is partly refunded is refunded, not reversed.
        "REFUND" => Some(("TRADE_ERROR", "订单已转入退款")),
        _ => None,
    }
}

/// It names no order, so an old one fits any (POS ruling 2).
pub(crate) fn success(fields: &Fields) -> Reply {
    with_recall(direct::begin("SUCCESS", fields))
}

/// A business refusal of this call.
pub(crate) fn refusal(code: &str, text: &str, fields: &Fields) -> Reply {
    with_recall(direct::refusal(code, text, fields))
}

/// docs: E.3: SYSTEMERROR and USERPAYING call for another reversal.
fn with_recall(reply: Reply) -> Reply {
    if reply.get("result_code").is_none() {
        return reply;
    }
    let again = reply.get("err_code").is_some_and(|code| ["SYSTEMERROR", "USERPAYING"].contains(&code.value.as_str()));
    reply.text("recall", if again { "Y" } else { "N" })
}
