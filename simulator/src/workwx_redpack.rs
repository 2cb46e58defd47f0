//! sendworkwxredpack and queryworkwxredpack (docs: B).

use crate::clock;
use crate::credentials::WORKWX_SECRET;
use crate::fields::Fields;
use crate::gateway::{Act, Gateway};
use crate::record::Record;
use crate::redpack::{self, SCENES};
use crate::reply::{Reply, Signature};
use crate::settings::Settings;
use crate::sign;
use crate::tables::{Kind, Row};
use crate::tenpay::{self, Refused};

/// docs: B.2 with its corrections: sender_name is not required, and there is no total_num and no client_ip.
const SEND: &[Row] = &[
    Row("nonce_str", true, Kind::Text, 32),
    Row("sign", true, Kind::Text, 32),
    Row("mch_billno", true, Kind::Order, 28),
    Row("mch_id", true, Kind::Text, 32),
    Row("wxappid", true, Kind::Text, 32),
    Row("agentid", false, Kind::Number, 10),
    Row("sender_name", false, Kind::Text, 128),
    Row("sender_header_media_id", false, Kind::Text, 128),
    Row("re_openid", true, Kind::Openid, 32),
    Row("total_amount", true, Kind::Number, 10),
    Row("wishing", true, Kind::Text, 128),
    Row("act_name", true, Kind::Text, 32),
    Row("remark", true, Kind::Text, 256),
    Row("scene_id", false, Kind::OneOf(SCENES), 32),
    Row("workwx_sign", true, Kind::Text, 32),
];

/// docs: B.2, queryworkwxredpack. It asks for `appid`, not `wxappid`.
const QUERY: &[Row] = &[
    Row("nonce_str", true, Kind::Text, 32),
    Row("sign", true, Kind::Text, 32),
    Row("mch_billno", true, Kind::Order, 28),
    Row("mch_id", true, Kind::Text, 32),
    Row("appid", true, Kind::Text, 32),
];

/// Everything that can be wrong before the ledger is asked.
pub(crate) fn check(settings: &Settings, act: Act, fields: &Fields, cn: Option<&str>) -> Result<(), Refused> {
    let table = if act == Act::Pay { SEND } else { QUERY };
    tenpay::gate(table, fields, cn)?;
    if act != Act::Pay {
        return tenpay::check(table, fields);
    }
    if sign::workwx_redpack(fields.iter(), WORKWX_SECRET) != fields.get("workwx_sign") {
        return Err(("WORKWX_SIGN_ERROR", "企业微信签名错误".into()));
    }
    tenpay::check(table, fields)?;
    // docs: B.2: the two exclude each other.
    let [agent, name, picture] =
        ["agentid", "sender_name", "sender_header_media_id"].map(|name| !fields.get(name).is_empty());
    if agent == name || (picture && !name) {
        return Err(("PARAM_ERROR", "参数错误:sender_name和agentid二选一".into()));
    }
    redpack::amount(settings, fields)
}

/// docs: B.2, the response table. This one is signed (docs: F.2).
pub(crate) fn success(record: &Record) -> Reply {
    let content = &record.content;
    let mut reply = redpack::success(Gateway::WorkwxRedpack, record)
        .text("sender_name", content.get("sender_name"))
        .text("sender_header_media_id", content.get("sender_header_media_id"));
    reply.signature = Signature::Due;
    reply
}

/// A business refusal. The table has `sign` as 否: a refusal carries none here.
pub(crate) fn refusal(code: &str, text: &str, fields: &Fields) -> Reply {
    redpack::refusal(Gateway::WorkwxRedpack, code, text, fields)
}

/// docs: B.2, the response table of the query: who took it stands in it flat.
pub(crate) fn query(record: &Record) -> Reply {
    let (entry, content) = (&record.entry, &record.content);
    let amount = entry.amount.to_string();
    let mut reply = tenpay::begin(Gateway::WorkwxRedpack, "SUCCESS", "OK")
        .text("mch_billno", &entry.order_number)
        .text("mch_id", content.get("mch_id"))
        .text("detail_id", &record.own_number())
        .text("status", &entry.state)
        .text("send_type", "API")
        .plain("total_amount", &amount)
        .text("send_time", &clock::spelled(record.made_at))
        .text("wishing", content.get("wishing"))
        .text("remark", content.get("remark"))
        .text("act_name", content.get("act_name"))
        .text("sender_name", content.get("sender_name"))
        .text("sender_header_media_id", content.get("sender_header_media_id"));
    match entry.state.as_str() {
        "FAILED" => reply = reply.text("reason", "余额不足"),
        "REFUND" => {
            reply = reply.text("refund_time", &clock::spelled(record.made_at + 86_400)).plain("refund_amount", &amount);
        }
        "RECEIVED" => {
            let time = clock::spelled(record.made_at + 60);
            reply = reply.text("openid", &entry.payee).plain("amount", &amount).text("rcv_time", &time);
        }
        _ => {}
    }
    reply.signature = Signature::Due;
    reply
}
