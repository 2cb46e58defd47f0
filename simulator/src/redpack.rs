//! sendredpack and gethbinfo (docs: A).

use crate::clock;
use crate::fields::Fields;
use crate::gateway::{Act, Gateway};
use crate::record::{Entry, Record};
use crate::reply::Reply;
use crate::settings::Settings;
use crate::tables::{Kind, Row};
use crate::tenpay::{self, Refused};
use crate::xml;

/// docs: A.2, sendredpack.
const SEND: &[Row] = &[
    Row("nonce_str", true, Kind::Text, 32),
    Row("sign", true, Kind::Text, 32),
    Row("mch_billno", true, Kind::Order, 28),
    Row("mch_id", true, Kind::Text, 32),
    Row("sub_mch_id", false, Kind::Text, 32),
    Row("msgappid", false, Kind::Text, 32),
    Row("wxappid", true, Kind::Text, 32),
    Row("send_name", true, Kind::Text, 32),
    Row("re_openid", true, Kind::Openid, 32),
    Row("total_amount", true, Kind::Number, 10),
    Row("total_num", true, Kind::OneOf(&["1"]), 1),
    Row("wishing", true, Kind::Text, 128),
    Row("client_ip", true, Kind::Ip, 15),
    Row("act_name", true, Kind::Text, 32),
    Row("remark", true, Kind::Text, 256),
    Row("scene_id", false, Kind::OneOf(SCENES), 32),
    Row("risk_info", false, Kind::Text, 128),
];

const SCENES: &[&str] =
    &["PRODUCT_1", "PRODUCT_2", "PRODUCT_3", "PRODUCT_4", "PRODUCT_5", "PRODUCT_6", "PRODUCT_7", "PRODUCT_8"];

/// docs: A.2, gethbinfo. It asks for `appid`, not `wxappid`.
const QUERY: &[Row] = &[
    Row("nonce_str", true, Kind::Text, 32),
    Row("sign", true, Kind::Text, 32),
    Row("mch_billno", true, Kind::Order, 28),
    Row("mch_id", true, Kind::Text, 32),
    Row("appid", true, Kind::Text, 32),
    Row("bill_type", true, Kind::OneOf(&["MCHT"]), 32),
];

/// Everything that can be wrong before the ledger is asked.
pub(crate) fn check(settings: &Settings, act: Act, fields: &Fields, cn: Option<&str>) -> Result<(), Refused> {
    let table = if act == Act::Pay { SEND } else { QUERY };
    tenpay::gate(table, fields, cn)?;
    tenpay::check(table, fields)?;
    let amount = fields.fen("total_amount");
    // docs: A.1: above 200 or below 1 yuan needs scene_id.
    let free = settings.redpack_amount.contains(&amount) || !fields.get("scene_id").is_empty();
    if act == Act::Pay && (amount == 0 || !free) {
        return Err(("MONEY_LIMIT", "每个红包金额必须大于1元小于200元".into()));
    }
    Ok(())
}

/// The order as the ledger will keep it.
pub(crate) fn draft(fields: &Fields) -> Record {
    let entry = Entry {
        gateway: Gateway::Redpack.name(),
        order_number: fields.get("mch_billno").to_owned(),
        amount: fields.fen("total_amount"),
        payee: fields.get("re_openid").to_owned(),
        paid: 1,
        state: "SENT".to_owned(),
        ..Entry::default()
    };
    Record::new(entry, fields.content(tenpay::VOLATILE))
}

/// docs: A.2, the response table of sendredpack. Unsigned (docs: F.2).
pub(crate) fn success(record: &Record) -> Reply {
    let content = &record.content;
    tenpay::begin(Gateway::Redpack, "SUCCESS", "发放成功")
        .text("mch_billno", &record.entry.order_number)
        .text("mch_id", content.get("mch_id"))
        .text("wxappid", content.get("wxappid"))
        .text("re_openid", &record.entry.payee)
        .plain("total_amount", &record.entry.amount.to_string())
        .text("send_listid", &record.own_number())
}

/// An equal request again.
pub(crate) fn repeat(settings: &Settings, record: &Record, fields: &Fields) -> Reply {
    match record.entry.state.as_str() {
        "FAILED" => refusal("SEND_FAILED", "该红包已经发放失败", fields),
        "SENDING" => refusal("PROCESSING", "请求已受理，发红包流程正在处理", fields),
        // docs: A.3.3: a refusal in form, a success in fact.
        _ if settings.redpack_repeat_says_sent => refusal("SUCCESS", "该红包已经发放成功", fields),
        _ => success(record),
    }
}

/// A business refusal.
pub(crate) fn refusal(code: &str, text: &str, fields: &Fields) -> Reply {
    let echo = ["mch_billno", "mch_id", "wxappid", "re_openid", "total_amount"];
    tenpay::refusal(Gateway::Redpack, code, text, fields, &echo)
}

/// docs: A.2, the response table of gethbinfo.
pub(crate) fn query(record: &Record) -> Reply {
    let (entry, content) = (&record.entry, &record.content);
    let amount = entry.amount.to_string();
    let mut reply = tenpay::begin(Gateway::Redpack, "SUCCESS", "OK")
        .text("mch_billno", &entry.order_number)
        .text("mch_id", content.get("mch_id"))
        .text("detail_id", &record.own_number())
        .text("status", &entry.state)
        .text("send_type", "API")
        .text("hb_type", "NORMAL")
        .plain("total_num", "1")
        .plain("total_amount", &amount)
        .text("send_time", &clock::spelled(record.made_at))
        .text("wishing", content.get("wishing"))
        .text("remark", content.get("remark"))
        .text("act_name", content.get("act_name"));
    match entry.state.as_str() {
        "FAILED" => reply = reply.text("reason", "余额不足"),
        "REFUND" => {
            reply = reply.text("refund_time", &clock::spelled(record.made_at + 86_400)).plain("refund_amount", &amount);
        }
        "RECEIVED" => {
            let (openid, time) = (xml::cdata(&entry.payee), clock::spelled(record.made_at + 60));
            let hbinfo = format!(
                "\n<hbinfo>\n<openid>{openid}</openid>\n<amount>{amount}</amount>\n<rcv_time>{}</rcv_time>\n</hbinfo>\n",
                xml::cdata(&time)
            );
            reply = reply.raw("hblist", &hbinfo);
        }
        _ => {}
    }
    reply
}

/// docs: A.4: not proof of failure while the order is young.
pub(crate) fn not_found(fields: &Fields) -> Reply {
    refusal("NOT_FOUND", "指定单号数据不存在", fields)
}
