//! unifiedorder, orderquery and closeorder of WeChat Pay's own gateway (docs: E.2, E.3, F.1; POS flows 4, 11).

use crate::clock;
use crate::credentials::{APPID, KEY, MCH_ID, SUB_MCH_ID};
use crate::fields::Fields;
use crate::gateway::{Act, Gateway};
use crate::ledger::{Entry, Ledger, Record};
use crate::reply::{Digest, Reply, Signature};
use crate::sign;
use crate::tables::{self, Kind, Row};

/// docs: E.2, pay/unifiedorder. The page says 127 for body (POS flows 13).
const ORDER: &[Row] = &[
    Row("version", false, Kind::OneOf(&["1.0"]), 32),
    Row("profit_sharing", false, Kind::OneOf(&["Y", "N"]), 1),
    Row("appid", true, Kind::Text, 32),
    Row("mch_id", true, Kind::Text, 32),
    Row("sub_appid", false, Kind::Text, 32),
    Row("sub_mch_id", false, Kind::Text, 32),
    Row("device_info", false, Kind::Text, 32),
    Row("nonce_str", true, Kind::Text, 32),
    Row("sign", true, Kind::Text, 64),
    Row("sign_type", false, Kind::OneOf(&["MD5", "HMAC-SHA256"]), 32),
    Row("body", true, Kind::Text, 127),
    Row("detail", false, Kind::Text, 6000),
    Row("attach", false, Kind::Text, 127),
    Row("out_trade_no", true, Kind::OrderOfWechat, 32),
    Row("fee_type", false, Kind::OneOf(&["CNY"]), 16),
    Row("total_fee", true, Kind::Number, 10),
    Row("spbill_create_ip", true, Kind::Ip, 64),
    Row("time_start", false, Kind::Time, 14),
    Row("time_expire", false, Kind::Time, 14),
    Row("goods_tag", false, Kind::Text, 32),
    Row("notify_url", true, Kind::Url, 256),
    Row("trade_type", true, Kind::OneOf(&["JSAPI", "NATIVE", "MWEB"]), 16),
    Row("product_id", false, Kind::Text, 32),
    Row("limit_pay", false, Kind::OneOf(&["no_credit"]), 32),
    Row("openid", false, Kind::Openid, 128),
    Row("sub_openid", false, Kind::Openid, 128),
    Row("receipt", false, Kind::OneOf(&["Y", "N"]), 8),
    Row("scene_info", false, Kind::Text, 256),
];

/// docs: E.2, pay/orderquery and pay/closeorder.
const BY_NUMBER: &[Row] = &[
    Row("version", false, Kind::OneOf(&["1.0"]), 32),
    Row("appid", true, Kind::Text, 32),
    Row("mch_id", true, Kind::Text, 32),
    Row("sub_appid", false, Kind::Text, 32),
    Row("sub_mch_id", false, Kind::Text, 32),
    Row("out_trade_no", true, Kind::OrderOfWechat, 32),
    Row("nonce_str", true, Kind::Text, 32),
    Row("sign", true, Kind::Text, 64),
    Row("sign_type", false, Kind::OneOf(&["MD5", "HMAC-SHA256"]), 32),
];

/// Everything that can be wrong before the ledger is asked. What fails before the signature was found right is not signed.
pub(crate) fn check(act: Act, fields: &Fields) -> Result<(), Reply> {
    if fields.get("mch_id") != MCH_ID {
        return Err(gate("mch_id参数格式错误"));
    }
    let signed = match digest(fields) {
        Digest::Md5 => sign::md5(fields.iter(), KEY),
        Digest::HmacSha256 => sign::hmac_sha256(fields.iter(), KEY),
    };
    if signed != fields.get("sign") {
        return Err(gate("签名错误"));
    }
    let refused = |code: &str, text: &str| Err(refusal(code, text, fields));
    if fields.get("appid") != APPID {
        return refused("APPID_NOT_EXIST", "APPID不存在");
    }
    if !["", SUB_MCH_ID].contains(&fields.get("sub_mch_id")) {
        return refused("MCHID_NOT_EXIST", "子商户号不存在");
    }
    let table = if act == Act::Pay { ORDER } else { BY_NUMBER };
    if let Err(wrong) = tables::check(table, fields) {
        return refused("PARAM_ERROR", &wrong.text());
    }
    if act != Act::Pay {
        return Ok(());
    }
    let has = |name: &str| !fields.get(name).is_empty();
    match fields.get("trade_type") {
        "NATIVE" if !has("product_id") => return refused("LACK_PARAMS", "缺少参数product_id"),
        "JSAPI" if has("openid") == has("sub_openid") => return refused("PARAM_ERROR", "openid和sub_openid二选一"),
        _ => {}
    }
    // POS flows 13.
    if fields.get("notify_url").contains('?') || fields.get("out_trade_no").len() < 6 {
        return refused("PARAM_ERROR", "参数错误");
    }
    if fields.fen("total_fee") == 0 {
        return refused("PARAM_ERROR", "total_fee参数错误");
    }
    Ok(())
}

/// What the request is signed with, and so the reply to it (docs: F.1.6).
fn digest(fields: &Fields) -> Digest {
    match fields.get("sign_type") {
        "HMAC-SHA256" => Digest::HmacSha256,
        _ => Digest::Md5,
    }
}

/// The order as the ledger will keep it. Nothing is paid yet.
pub(crate) fn draft(fields: &Fields) -> Record {
    let openid = [fields.get("openid"), fields.get("sub_openid")].concat();
    Record {
        entry: Entry {
            gateway: Gateway::Wxpay.name(),
            order_number: fields.get("out_trade_no").to_owned(),
            amount: fields.fen("total_fee"),
            payee: openid,
            paid: 0,
            attempts: 0,
            state: "NOTPAY".to_owned(),
        },
        content: fields.content(&["nonce_str", "sign"]),
        serial: 0,
        made_at: clock::now(),
        paid_at: 0,
    }
}

/// Refused at the gate: `return_code` and `return_msg`, nothing else, no signature (docs: F.1.7).
pub(crate) fn gate(text: &str) -> Reply {
    Reply::new(Gateway::Wxpay, Signature::None).text("return_code", "FAIL").text("return_msg", text)
}

fn begin(result: &str, of: &Fields) -> Reply {
    Reply::new(Gateway::Wxpay, Signature::Due)
        .signed_with(digest(of))
        .text("return_code", "SUCCESS")
        .text("return_msg", "OK")
        .text("appid", of.get("appid"))
        .text("mch_id", of.get("mch_id"))
        .text("sub_appid", of.get("sub_appid"))
        .text("sub_mch_id", of.get("sub_mch_id"))
        .text("nonce_str", &crate::swiftpass::nonce())
        .text("result_code", result)
}

/// A business refusal: signed.
pub(crate) fn refusal(code: &str, text: &str, of: &Fields) -> Reply {
    begin("FAIL", of).text("err_code", code).text("err_code_des", text)
}

/// It names neither the order nor the amount (POS flows 4).
pub(crate) fn success(record: &Record) -> Reply {
    let prepay_id = format!("wx{}", record.own_number());
    let trade_type = record.content.get("trade_type");
    let reply = begin("SUCCESS", &record.content)
        .text("device_info", record.content.get("device_info"))
        .text("trade_type", trade_type)
        .text("prepay_id", &prepay_id);
    match trade_type {
        // The example of docs: E.2.
        "NATIVE" => {
            reply.text("code_url", &format!("weixin://wxpay/bizpayurl/up?pr=N{:06}z&groupid=00", record.serial))
        }
        "MWEB" => reply.text(
            "mweb_url",
            &format!(
                "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id={prepay_id}&package={}",
                record.serial
            ),
        ),
        _ => reply,
    }
}

/// An equal request again.
pub(crate) fn repeat(record: &Record, fields: &Fields) -> Reply {
    match record.entry.state.as_str() {
        "NOTPAY" | "USERPAYING" | "PAYERROR" => success(record),
        "CLOSED" | "REVOKED" => refusal("ORDERCLOSED", "订单已关闭", fields),
        _ => refusal("ORDERPAID", "该订单已支付", fields),
    }
}

/// docs: E.2. An unpaid order comes without its amount (POS flows 3.1).
pub(crate) fn query(record: &Record, fields: &Fields) -> Reply {
    let (entry, content) = (&record.entry, &record.content);
    let reply = begin("SUCCESS", fields)
        .text("device_info", content.get("device_info"))
        .text("out_trade_no", &entry.order_number)
        .text("attach", content.get("attach"))
        .text("trade_state", &entry.state);
    match entry.state.as_str() {
        "SUCCESS" | "REFUND" => paid(reply, record).text("trade_state_desc", "支付成功"),
        "PAYERROR" => reply.text("trade_state_desc", "支付失败，请撤销订单"),
        _ => reply.text("trade_state_desc", "订单未支付"),
    }
}

/// What a payment adds to a query and to a notification.
fn paid(reply: Reply, record: &Record) -> Reply {
    let amount = record.entry.amount.to_string();
    reply
        .text("openid", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")
        .text("is_subscribe", "N")
        .text("trade_type", record.content.get("trade_type"))
        .text("bank_type", "CMC")
        .plain("total_fee", &amount)
        .text("fee_type", "CNY")
        .plain("cash_fee", &amount)
        .text("transaction_id", &format!("4200000{:021}", record.serial))
        .text("time_end", &clock::packed(record.paid_at))
}

/// The signed notification of an order, as it is or would be sent (docs: E.3).
pub(crate) fn notification(record: &Record) -> Reply {
    let reply = begin("SUCCESS", &record.content)
        .text("sign_type", record.content.get("sign_type"))
        .text("out_trade_no", &record.entry.order_number)
        .text("attach", record.content.get("attach"));
    paid(reply, record)
}

/// Closes an order that is not paid. The reply does not name it.
pub(crate) fn close(ledger: &Ledger, fields: &Fields) -> Reply {
    let closed = ledger.change(Gateway::Wxpay.name(), fields.get("out_trade_no"), |record| {
        let before = record.entry.state.clone();
        if matches!(before.as_str(), "NOTPAY" | "USERPAYING" | "PAYERROR") {
            record.entry.state = "CLOSED".to_owned();
        }
        before
    });
    match closed.as_deref() {
        Some("NOTPAY" | "USERPAYING" | "PAYERROR") => begin("SUCCESS", fields).text("result_msg", "OK"),
        Some("CLOSED") => refusal("ORDERCLOSED", "订单已关闭", fields),
        Some(_) => refusal("ORDERPAID", "订单已支付", fields),
        None => refusal("ORDERNOTEXIST", "订单不存在", fields),
    }
}

/// The number is not known.
pub(crate) fn not_found(fields: &Fields) -> Reply {
    refusal("ORDERNOTEXIST", "此交易订单号不存在", fields)
}
