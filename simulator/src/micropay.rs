//! The customer shows a payment code (docs: E.1 to E.3, C.4; POS flows 3 and 9).

use crate::behaviour::Behaviour;
use crate::customer::Customer;
use crate::dialect::Dialect;
use crate::fields::Fields;
use crate::gateway::Act;
use crate::ledger::Book;
use crate::record::{Entry, Record};
use crate::reply::Reply;
use crate::shared::Shared;

/// The order as the ledger will keep it, paid at once.
pub(crate) fn draft(dialect: &Dialect, fields: &Fields) -> Record {
    let entry = Entry {
        gateway: dialect.gateway.name(),
        order_number: fields.get("out_trade_no").to_owned(),
        amount: fields.fen("total_fee"),
        payee: dialect.openid.to_owned(),
        paid: 1,
        state: "SUCCESS".to_owned(),
        ..Entry::default()
    };
    let mut record = Record::new(entry, fields.content(&["nonce_str", "sign"]));
    record.customer = Some(Customer::PaysAtOnce);
    record.revokes = (dialect.revokes)(fields.get("auth_code"));
    record
}

/// One number charges at most once, one code is good for one number, and what is refused leaves no order.
pub(crate) fn carry_out(shared: &Shared, dialect: &Dialect, fields: &Fields) -> Reply {
    let code = fields.get("auth_code");
    shared.phone().presented(code);
    let customer = shared.customer_of(dialect.gateway, code);
    let refused = |code: &str, text: &str| (dialect.refusal)(Act::Micropay, code, text, fields);
    shared.ledger.book(|book| {
        if let Some(known) = book.find(dialect.gateway.name(), fields.get("out_trade_no")) {
            known.entry.attempts += 1;
            let (code, text) = again(known);
            return refused(code, text);
        }
        if book.records.iter().any(|record| record.content.get("auth_code") == code) {
            return refused("AUTH_CODE_INVALID", "101 每个二维码仅限使用一次，请刷新再试");
        }
        if let Some((code, text)) = customer.refusal() {
            return refused(code, text);
        }
        let behaviour = shared.behaviour(Act::Micropay, fields.get("out_trade_no"));
        begin(book, dialect, customer, behaviour, fields)
    })
}

/// A new order.
fn begin(
    book: &mut Book,
    dialect: &Dialect,
    customer: Customer,
    behaviour: Option<Behaviour>,
    fields: &Fields,
) -> Reply {
    let refused = |code: &str, text: &str| (dialect.refusal)(Act::Micropay, code, text, fields);
    // The documents call it a refusal, and the payment open (docs: E.3).
    let user_paying = || refused("USERPAYING", "需要用户输入支付密码");
    let mut draft = draft(dialect, fields);
    match behaviour {
        Some(Behaviour::RefusedThoughCharged) => {
            book.add(draft);
            return refused("NOTENOUGH", "余额不足");
        }
        Some(Behaviour::NeedQueryLies) => {
            book.add(draft);
            let mut reply = refused("SYSTEMERROR", "系统繁忙，请稍后再试");
            reply.change("need_query", "N");
            return reply;
        }
        Some(Behaviour::PayResultNotZero) => {
            let mut reply = (dialect.paid)(book.add(draft));
            reply.change("pay_result", "1");
            return reply;
        }
        Some(Behaviour::RefusedWithoutNeedQuery) => {
            let mut reply = refused("NOTENOUGH", "余额不足");
            reply.fields.retain(|field| field.name != "need_query");
            return reply;
        }
        Some(Behaviour::SignedByAnotherType) => return (dialect.paid)(book.add(draft)).signed_otherwise(),
        Some(Behaviour::ChargedInPayError) => {
            draft.entry.state = "PAYERROR".to_owned();
            book.add(draft);
            return user_paying();
        }
        _ => {}
    }
    draft.customer = Some(customer);
    let state = match customer {
        Customer::PaysAtOnce => return (dialect.paid)(book.add(draft)),
        Customer::Silent => "NOTPAY",
        Customer::Refuses => "PAYERROR",
        _ => "USERPAYING",
    };
    draft.unpaid(state);
    book.add(draft);
    user_paying()
}

/// The same number again, whatever else it says. It never charges (POS flows 3.3).
fn again(known: &Record) -> (&'static str, &'static str) {
    match known.entry.state.as_str() {
        "SUCCESS" | "REFUND" => ("ORDERPAID", "订单已支付"),
        "REVOKED" | "REVERSE" => ("ORDERREVERSED", "订单已撤销"),
        _ => ("INVALID_REQUEST", "201 商户订单号重复"),
    }
}
