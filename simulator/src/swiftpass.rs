//! pay.weixin.wap, unified.trade.query and unified.trade.close (docs: C and seed 2).

use crate::clock;
use crate::credentials::{SWIFTPASS_APPID, SWIFTPASS_KEY, SWIFTPASS_MCH_ID};
use crate::fields::Fields;
use crate::gateway::{Act, Gateway};
use crate::ledger::Ledger;
use crate::record::{Entry, Record};
use crate::reply::{Reply, Signature};
use crate::settings::Settings;
use crate::sign;
use crate::tables::{self, Kind, Row};

/// Seed 2. Of two lengths the shorter holds (docs: C.2).
const WAP: &[Row] = &[
    Row("service", true, Kind::Text, 32),
    Row("version", false, Kind::Text, 8),
    Row("charset", false, Kind::OneOf(&["UTF-8"]), 8),
    Row("sign_type", false, Kind::OneOf(&["MD5"]), 8),
    Row("out_trade_no", true, Kind::OrderOrUnderscore, 32),
    Row("mch_id", true, Kind::Text, 32),
    Row("sub_appid", false, Kind::Text, 45),
    Row("device_info", false, Kind::Text, 32),
    Row("nonce_str", true, Kind::Text, 32),
    Row("sign", true, Kind::Text, 32),
    Row("body", true, Kind::Text, 128),
    Row("attach", false, Kind::Text, 128),
    Row("mch_create_ip", true, Kind::Ip, 16),
    Row("notify_url", true, Kind::Url, 255),
    Row("time_start", false, Kind::Time, 14),
    Row("time_expire", false, Kind::Time, 14),
    Row("goods_tag", false, Kind::Text, 32),
    Row("limit_credit_pay", false, Kind::OneOf(&["0", "1"]), 32),
    Row("sub_openid", false, Kind::Openid, 128),
    // Not in the seed's table, but in its example, and required everywhere else (docs: C.2).
    Row("total_fee", true, Kind::Number, 10),
];

/// docs: C.2, the siblings' fields.
const BY_NUMBER: &[Row] = &[
    Row("service", true, Kind::Text, 32),
    Row("version", false, Kind::Text, 8),
    Row("charset", false, Kind::OneOf(&["UTF-8"]), 8),
    Row("sign_type", false, Kind::OneOf(&["MD5"]), 8),
    Row("mch_id", true, Kind::Text, 32),
    Row("out_trade_no", true, Kind::OrderOrUnderscore, 32),
    Row("nonce_str", true, Kind::Text, 32),
    Row("sign", true, Kind::Text, 32),
];

/// Fen (docs: C.2).
const MOST: u64 = 5_000_000;

/// What the service asks for; `None` when it is unknown.
pub(crate) fn act(service: &str) -> Option<Act> {
    match service {
        "pay.weixin.wap" => Some(Act::Pay),
        // The older name is still served (docs: C.1).
        "unified.trade.query" | "trade.single.query" => Some(Act::Query),
        "unified.trade.close" => Some(Act::Close),
        _ => None,
    }
}

/// Everything that can be wrong before the ledger is asked.
pub(crate) fn check(settings: &Settings, fields: &Fields) -> Result<(), Reply> {
    if fields.get("mch_id") != SWIFTPASS_MCH_ID {
        return Err(gate("mch_id:Invalid"));
    }
    if !["", "MD5"].contains(&fields.get("sign_type")) {
        return Err(gate("sign_type:Invalid"));
    }
    // The official SDK lower-cases both sides (docs: C.3).
    let expected = sign::md5(fields.iter(), SWIFTPASS_KEY);
    if !expected.eq_ignore_ascii_case(fields.get("sign")) {
        return Err(gate("Signature error"));
    }
    let Some(act) = act(fields.get("service")) else {
        return Err(gate("service:Invalid"));
    };
    let table = if act == Act::Pay { WAP } else { BY_NUMBER };
    // Seed 2: the message of a non-zero status is 签名失败 or 参数格式校验错误.
    tables::check(table, fields).map_err(|wrong| gate(&wrong.text()))?;
    if act == Act::Pay {
        for name in ["sub_appid", "sub_openid"] {
            if settings.sub_fields_required && fields.get(name).is_empty() {
                return Err(gate(&tables::Wrong::Missing(name).text()));
            }
        }
        match fields.fen("total_fee") {
            0 => return Err(refusal("total_fee:Must be greater or equal to [1]", "金额错误")),
            fee if fee > MOST => return Err(refusal("total_fee:Invalid", "金额错误")),
            _ => {}
        }
    }
    Ok(())
}

/// The order as the ledger will keep it. Nothing is paid yet.
pub(crate) fn draft(fields: &Fields) -> Record {
    let entry = Entry {
        gateway: Gateway::Swiftpass.name(),
        order_number: fields.get("out_trade_no").to_owned(),
        amount: fields.fen("total_fee"),
        payee: fields.get("sub_openid").to_owned(),
        state: "NOTPAY".to_owned(),
        ..Entry::default()
    };
    Record::new(entry, fields.content(&["nonce_str", "sign"]))
}

/// Refused at the gate: a status and a message, no signature (docs: C.4.1).
pub(crate) fn gate(message: &str) -> Reply {
    status("400", message)
}

pub(crate) fn status(status: &str, message: &str) -> Reply {
    Reply::new(Gateway::Swiftpass, Signature::None)
        .text("version", "2.0")
        .text("charset", "UTF-8")
        .plain("status", status)
        .text("message", message)
}

fn begin(result: &str) -> Reply {
    // Some elements are CDATA, some are not, as in seed 2.
    Reply::new(Gateway::Swiftpass, Signature::Due)
        .text("version", "1.0")
        .text("charset", "UTF-8")
        .plain("status", "0")
        .text("message", "OK")
        .text("appid", SWIFTPASS_APPID)
        .text("mch_id", SWIFTPASS_MCH_ID)
        .text("nonce_str", &nonce())
        .plain("result_code", result)
}

/// Thirty-two hexadecimal digits.
pub(crate) fn nonce() -> String {
    let mut bytes = [0; 16];
    // Without randomness the nonce is constant, which harms nobody here.
    let _ = openssl::rand::rand_bytes(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A business refusal: signed. Seed 2 prints `err_msg` in the table, `err_code_des` in the example.
pub(crate) fn refusal(code: &str, text: &str) -> Reply {
    begin("1").text("err_code", code).text("err_code_des", text).text("err_msg", text)
}

/// Seed 2's success. It does not name the order.
pub(crate) fn success(record: &Record) -> Reply {
    let prepay_id = format!("wx{}", record.own_number());
    // `&` stands raw inside CDATA (docs: C.3).
    let mweb_url = format!(
        "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id={prepay_id}&package={}",
        1_405_458_241 + record.serial
    );
    begin("0")
        .text("device_info", record.content.get("device_info"))
        .text("prepay_id", &prepay_id)
        .text("trade_type", "pay.weixin.wap")
        .text("mweb_url", &mweb_url)
}

/// An equal request again.
pub(crate) fn repeat(record: &Record) -> Reply {
    match record.entry.state.as_str() {
        "NOTPAY" | "USERPAYING" => success(record),
        "CLOSED" | "REVOKED" => refusal("ORDERCLOSED", "订单已关闭"),
        _ => refusal("ORDERPAID", "订单已支付"),
    }
}

/// docs: C.4.6 and the real query reply in the vectors.
pub(crate) fn query(record: &Record) -> Reply {
    let (entry, content) = (&record.entry, &record.content);
    let mut reply = begin("0")
        .text("trade_type", "pay.weixin.wap")
        .text("trade_state", &entry.state)
        .text("out_trade_no", &entry.order_number)
        .plain("total_fee", &entry.amount.to_string())
        .text("fee_type", "CNY")
        .text("attach", content.get("attach"));
    if matches!(entry.state.as_str(), "SUCCESS" | "REFUND") {
        reply = reply
            .text("transaction_id", &transaction_id(record))
            .text("out_transaction_id", &record.own_number())
            .text("bank_type", "CFT")
            .text("time_end", &clock::packed(record.paid_at))
            .text("sub_openid", &entry.payee);
    }
    reply
}

pub(crate) fn transaction_id(record: &Record) -> String {
    format!("{SWIFTPASS_MCH_ID}{:018}", record.serial)
}

/// Closes an order that is not paid. Closing twice is no error.
pub(crate) fn close(ledger: &Ledger, fields: &Fields) -> Reply {
    let number = fields.get("out_trade_no");
    let closed = ledger.change(Gateway::Swiftpass.name(), number, |record, now| {
        let open = matches!(record.entry.state.as_str(), "NOTPAY" | "USERPAYING" | "CLOSED");
        if open {
            record.turn("CLOSED", now);
        }
        open
    });
    match closed {
        Some(true) => begin("0").text("out_trade_no", number),
        Some(false) => refusal("ORDERPAID", "订单已支付"),
        None => not_found(),
    }
}

/// The number is not known.
pub(crate) fn not_found() -> Reply {
    refusal("ORDERNOTEXIST", "订单不存在")
}
