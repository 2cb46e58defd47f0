//! wxcharge of an e-pay web gateway (docs: D and seed 3).

use crate::clock;
use crate::credentials::{PARTNER_ID, PARTNER_KEY};
use crate::fields::Fields;
use crate::gateway::Gateway;
use crate::record::{Entry, Record};
use crate::reply::{Reply, Signature, Style};
use crate::settings::Settings;
use crate::sign;
use crate::tables::{self, Kind, Row};

/// Seed 3. Its 必选 column is destroyed: all but `remark` are required. No lengths are printed; the
/// ones here only keep nonsense out.
const CHARGE: &[Row] = &[
    Row("partner_id", true, Kind::Text, 64),
    Row("openid", true, Kind::Text, 128),
    Row("netid", true, Kind::Text, 64),
    Row("timestamp", true, Kind::Time, 14),
    Row("out_trade_no", true, Kind::Text, 64),
    Row("amount", true, Kind::Number, 10),
    Row("remark", false, Kind::Text, 256),
    Row("sign", true, Kind::Text, 40),
    Row("sign_method", true, Kind::OneOf(&["HMAC"]), 4),
];

/// Everything that can be wrong before the ledger is asked.
pub(crate) fn check(settings: &Settings, fields: &Fields) -> Result<(), Reply> {
    if fields.get("partner_id") != PARTNER_ID {
        return Err(refusal(settings, "PARTNER_ERROR", "合作伙伴不存在"));
    }
    if sign::hmac_sha1(fields.iter(), PARTNER_KEY) != fields.get("sign") {
        return Err(refusal(settings, "SIGN_ERROR", "签名错误"));
    }
    tables::check(CHARGE, fields).map_err(|wrong| refusal(settings, "PARAM_ERROR", &wrong.text()))?;
    match fields.fen("amount") {
        0 => Err(refusal(settings, "PARAM_ERROR", "金额错误")),
        _ => Ok(()),
    }
}

/// The order as the ledger will keep it.
pub(crate) fn draft(fields: &Fields) -> Record {
    let entry = Entry {
        gateway: Gateway::Webgate.name(),
        order_number: fields.get("out_trade_no").to_owned(),
        amount: fields.fen("amount"),
        payee: fields.get("openid").to_owned(),
        paid: 1,
        state: "SUCCESS".to_owned(),
        ..Entry::default()
    };
    // docs: D: a repeat has a new timestamp.
    Record::new(entry, fields.content(&["timestamp", "sign"]))
}

fn begin(settings: &Settings, retcode: &str, retmsg: &str) -> Reply {
    let mut reply = Reply::new(Gateway::Webgate, Signature::Due)
        .text("retcode", retcode)
        .text("retmsg", retmsg)
        .text("timestamp", &clock::packed(clock::now()));
    if settings.webgate_retcode_is_number {
        reply.fields[0].style = Style::Plain;
    }
    reply
}

/// The reply of docs: D, whose fields beyond retcode, retmsg, timestamp and sign are assumed.
pub(crate) fn success(settings: &Settings, record: &Record) -> Reply {
    let reply = begin(settings, "0", "成功");
    let reply = match settings.webgate_reply_names_order {
        true => reply.text("out_trade_no", &record.entry.order_number).text("amount", &record.entry.amount.to_string()),
        false => reply,
    };
    reply.text("refno", &record.own_number())
}

/// An equal request again.
pub(crate) fn repeat(settings: &Settings, record: &Record) -> Reply {
    match settings.webgate_repeat_says_paid {
        true => refusal(settings, "ALREADY_PAID", "交易已完成支付"),
        false => success(settings, record),
    }
}

/// A signed refusal. No list of retcodes is public; the numbers are this simulator's own.
pub(crate) fn refusal(settings: &Settings, code: &str, text: &str) -> Reply {
    let retcode = match code {
        "SIGN_ERROR" => "1001",
        "PARTNER_ERROR" => "1002",
        "PARAM_ERROR" | "XML_ERROR" | "HTTP_METHOD_ERROR" => "1003",
        "FATAL_ERROR" => "2001",
        "ALREADY_PAID" => "2002",
        "NOTENOUGH" => "2003",
        "FREQ_LIMIT" => "2004",
        "SEND_FAILED" => "2005",
        "SYSTEMERROR" => "9001",
        _ => "9999",
    };
    begin(settings, retcode, text)
}
