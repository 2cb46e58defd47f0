//! pay/micropay: the customer shows a payment code (docs: E.1 to E.3, POS flows 3).

use crate::behaviour::Behaviour;
use crate::customer::Customer;
use crate::direct;
use crate::fields::Fields;
use crate::gateway::{Act, Gateway};
use crate::ledger::Book;
use crate::record::{Entry, Record};
use crate::reply::Reply;
use crate::shared::Shared;
use crate::tables::{Kind, Row};
use crate::wxpay;

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

/// Everything that can be wrong before the ledger is asked.
pub(crate) fn check(fields: &Fields) -> Result<(), Reply> {
    direct::check(MICROPAY, fields)?;
    match fields.fen("total_fee") {
        0 => Err(direct::refusal("PARAM_ERROR", "total_fee参数错误", fields)),
        _ => Ok(()),
    }
}

/// The order as the ledger will keep it, paid at once.
pub(crate) fn draft(fields: &Fields) -> Record {
    let entry = Entry {
        gateway: Gateway::Wxpay.name(),
        order_number: fields.get("out_trade_no").to_owned(),
        amount: fields.fen("total_fee"),
        payee: wxpay::OPENID.to_owned(),
        paid: 1,
        state: "SUCCESS".to_owned(),
        ..Entry::default()
    };
    let mut record = Record::new(entry, fields.content(&["nonce_str", "sign"]));
    record.customer = Some(Customer::PaysAtOnce);
    record
}

/// One number charges at most once, one code is good for one number, and what is refused leaves no order.
pub(crate) fn carry_out(shared: &Shared, fields: &Fields) -> Reply {
    let code = fields.get("auth_code");
    let customer = shared.customers().of(code);
    shared.ledger.book(|book| {
        if let Some(known) = book.find(Gateway::Wxpay.name(), fields.get("out_trade_no")) {
            known.entry.attempts += 1;
            return again(known, fields);
        }
        if book.records.iter().any(|record| record.content.get("auth_code") == code) {
            return direct::refusal("AUTH_CODE_INVALID", "101 每个二维码仅限使用一次，请刷新再试", fields);
        }
        if let Some((code, text)) = customer.refusal() {
            return direct::refusal(code, text, fields);
        }
        let behaviour = shared.behaviour(Act::Micropay, fields.get("out_trade_no"));
        begin(book, customer, behaviour, fields)
    })
}

/// A new order.
fn begin(book: &mut Book, customer: Customer, behaviour: Option<Behaviour>, fields: &Fields) -> Reply {
    let mut draft = draft(fields);
    match behaviour {
        Some(Behaviour::RefusedThoughCharged) => {
            book.add(draft);
            return direct::refusal("NOTENOUGH", "余额不足", fields);
        }
        Some(Behaviour::ChargedInPayError) => {
            draft.entry.state = "PAYERROR".to_owned();
            book.add(draft);
            return user_paying(fields);
        }
        _ => {}
    }
    draft.customer = Some(customer);
    let state = match customer {
        Customer::PaysAtOnce => return success(book.add(draft)),
        Customer::Silent => "NOTPAY",
        Customer::Refuses => "PAYERROR",
        _ => "USERPAYING",
    };
    draft.unpaid(state);
    book.add(draft);
    user_paying(fields)
}

/// The documents call it a refusal, and the payment open (docs: E.3).
fn user_paying(fields: &Fields) -> Reply {
    direct::refusal("USERPAYING", "需要用户输入支付密码", fields)
}

/// The same number again, whatever else it says. It never charges (POS flows 3.3).
fn again(known: &Record, fields: &Fields) -> Reply {
    match known.entry.state.as_str() {
        "SUCCESS" | "REFUND" => direct::refusal("ORDERPAID", "订单已支付", fields),
        "REVOKED" => direct::refusal("ORDERREVERSED", "订单已撤销", fields),
        _ => direct::refusal("INVALID_REQUEST", "201 商户订单号重复", fields),
    }
}

/// docs: E.2, the response table.
pub(crate) fn success(record: &Record) -> Reply {
    let content = &record.content;
    let reply = direct::begin("SUCCESS", content)
        .text("device_info", content.get("device_info"))
        .text("out_trade_no", &record.entry.order_number)
        .text("attach", content.get("attach"));
    wxpay::paid(reply, record)
}
