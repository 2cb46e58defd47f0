//! sendredpack, sendgroupredpack, sendminiprogramhb, and gethbinfo, which knows the packets of all three (docs: A).

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

/// docs: A.2, sendgroupredpack. No client_ip.
const SEND_GROUP: &[Row] = &[
    Row("nonce_str", true, Kind::Text, 32),
    Row("sign", true, Kind::Text, 32),
    Row("mch_billno", true, Kind::Order, 28),
    Row("mch_id", true, Kind::Text, 32),
    Row("wxappid", true, Kind::Text, 32),
    Row("send_name", true, Kind::Text, 32),
    Row("re_openid", true, Kind::Openid, 32),
    Row("total_amount", true, Kind::Number, 10),
    // docs: A.1.
    Row("total_num", true, Kind::AtLeast(3), 10),
    Row("amt_type", true, Kind::OneOf(&["ALL_RAND"]), 32),
    Row("wishing", true, Kind::Text, 128),
    Row("act_name", true, Kind::Text, 32),
    Row("remark", true, Kind::Text, 256),
    Row("scene_id", false, Kind::OneOf(SCENES), 32),
    Row("risk_info", false, Kind::Text, 128),
];

/// docs: A.2, sendminiprogramhb. No client_ip.
const SEND_MINIPROGRAM: &[Row] = &[
    Row("nonce_str", true, Kind::Text, 32),
    Row("sign", true, Kind::Text, 32),
    Row("mch_billno", true, Kind::Order, 28),
    Row("mch_id", true, Kind::Text, 32),
    Row("wxappid", true, Kind::Text, 32),
    Row("send_name", true, Kind::Text, 32),
    Row("re_openid", true, Kind::Openid, 32),
    Row("total_amount", true, Kind::Number, 10),
    Row("total_num", true, Kind::OneOf(&["1"]), 1),
    Row("wishing", true, Kind::Text, 128),
    Row("act_name", true, Kind::Text, 32),
    Row("remark", true, Kind::Text, 256),
    Row("notify_way", true, Kind::OneOf(&["MINI_PROGRAM_JSAPI"]), 256),
    Row("scene_id", false, Kind::OneOf(SCENES), 32),
];

pub(crate) const SCENES: &[&str] =
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
pub(crate) fn check(
    settings: &Settings,
    (gateway, act): (Gateway, Act),
    fields: &Fields,
    cn: Option<&str>,
) -> Result<(), Refused> {
    let table = match (gateway, act) {
        (Gateway::GroupRedpack, Act::Pay) => SEND_GROUP,
        (Gateway::MiniprogramHb, Act::Pay) => SEND_MINIPROGRAM,
        (_, Act::Pay) => SEND,
        _ => QUERY,
    };
    tenpay::gate(table, fields, cn)?;
    tenpay::check(table, fields)?;
    if act == Act::Pay { amount(settings, fields) } else { Ok(()) }
}

/// docs: A.1: above 200 or below 1 yuan a packet needs scene_id.
pub(crate) fn amount(settings: &Settings, fields: &Fields) -> Result<(), Refused> {
    let (amount, packets) = (fields.fen("total_amount"), fields.fen("total_num").max(1));
    let (least, most) = (settings.redpack_amount.start() * packets, settings.redpack_amount.end() * packets);
    let free = (least..=most).contains(&amount) || !fields.get("scene_id").is_empty();
    if amount == 0 || !free {
        return Err(("MONEY_LIMIT", "每个红包金额必须大于1元小于200元".into()));
    }
    Ok(())
}

/// The order as the ledger will keep it.
pub(crate) fn draft(gateway: Gateway, fields: &Fields) -> Record {
    let entry = Entry {
        gateway: gateway.name(),
        order_number: fields.get("mch_billno").to_owned(),
        amount: fields.fen("total_amount"),
        payee: fields.get("re_openid").to_owned(),
        paid: 1,
        state: "SENT".to_owned(),
        ..Entry::default()
    };
    Record::new(entry, fields.content(tenpay::VOLATILE))
}

/// docs: A.2, the response tables of the three. Unsigned (docs: F.2).
pub(crate) fn success(gateway: Gateway, record: &Record) -> Reply {
    let content = &record.content;
    let reply = tenpay::begin(gateway, "SUCCESS", "发放成功")
        .text("mch_billno", &record.entry.order_number)
        .text("mch_id", content.get("mch_id"))
        .text("wxappid", content.get("wxappid"))
        .text("re_openid", &record.entry.payee)
        .plain("total_amount", &record.entry.amount.to_string())
        .text("send_listid", &record.own_number());
    match gateway {
        // docs: A.2: raw `&` in one value.
        Gateway::MiniprogramHb => {
            let (id, appid) = (record.own_number(), content.get("wxappid"));
            reply.text("package", &format!("sendid={id:0>60}&ver=8&sign={id:0>96}&mchid=11475856&appid={appid}"))
        }
        _ => reply,
    }
}

/// What an equal request gets again, where it is no success.
pub(crate) fn repeated(settings: &Settings, record: &Record) -> Option<(&'static str, &'static str)> {
    match record.entry.state.as_str() {
        "FAILED" => Some(("SEND_FAILED", "该红包已经发放失败")),
        "SENDING" => Some(("PROCESSING", "请求已受理，发红包流程正在处理")),
        // docs: A.3.3: a refusal in form, a success in fact.
        _ if settings.redpack_repeat_says_sent => Some(("SUCCESS", "该红包已经发放成功")),
        _ => None,
    }
}

/// A business refusal.
pub(crate) fn refusal(gateway: Gateway, code: &str, text: &str, fields: &Fields) -> Reply {
    let echo = ["mch_billno", "mch_id", "wxappid", "re_openid", "total_amount"];
    tenpay::refusal(gateway, code, text, fields, &echo)
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
        .text("hb_type", if content.get("amt_type").is_empty() { "NORMAL" } else { "GROUP" })
        .plain("total_num", content.get("total_num"))
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
        "RECEIVED" => reply = reply.raw("hblist", &taken(record)),
        _ => {}
    }
    reply
}

/// Who took how much. A group shares it, here in equal parts.
fn taken(record: &Record) -> String {
    let (entry, packets) = (&record.entry, record.content.fen("total_num").max(1));
    let time = xml::cdata(&clock::spelled(record.made_at + 60));
    let row = |at: u64| {
        let rest = if at == 0 { entry.amount % packets } else { 0 };
        let openid = if at == 0 { entry.payee.clone() } else { format!("{}-{at}", entry.payee) };
        let (openid, amount) = (xml::cdata(&openid), entry.amount / packets + rest);
        format!(
            "\n<hbinfo>\n<openid>{openid}</openid>\n<amount>{amount}</amount>\n<rcv_time>{time}</rcv_time>\n</hbinfo>\n"
        )
    };
    (0..packets).map(row).collect()
}
