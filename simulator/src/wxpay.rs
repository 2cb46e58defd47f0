//! unifiedorder, orderquery and closeorder of WeChat Pay's own gateway (docs: E.2, E.3, F.1; POS flows 4, 11).

use crate::clock;
use crate::direct;
use crate::fields::Fields;
use crate::gateway::Act;
use crate::record::Record;
use crate::reply::Reply;
use crate::tables::{Kind, Row};

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

/// Everything that can be wrong before the ledger is asked.
pub(crate) fn check(act: Act, fields: &Fields) -> Result<(), Reply> {
    direct::check(if act == Act::Pay { ORDER } else { BY_NUMBER }, fields)?;
    if act != Act::Pay {
        return Ok(());
    }
    let refused = |code: &str, text: &str| Err(direct::refusal(code, text, fields));
    let has = |name: &str| !fields.get(name).is_empty();
    match fields.get("trade_type") {
        "NATIVE" if !has("product_id") => return refused("LACK_PARAMS", "缺少参数product_id"),
        "JSAPI" if has("openid") == has("sub_openid") => return refused("PARAM_ERROR", "openid和sub_openid二选一"),
        _ => {}
    }
    // POS flows 13.
    if fields.get("notify_url").contains('?') {
        return refused("PARAM_ERROR", "notify_url参数错误");
    }
    if fields.fen("total_fee") == 0 {
        return refused("PARAM_ERROR", "total_fee参数错误");
    }
    Ok(())
}

/// It names neither the order nor the amount (POS flows 4).
pub(crate) fn success(record: &Record) -> Reply {
    let prepay_id = format!("wx{}", record.own_number());
    let trade_type = record.content.get("trade_type");
    let reply = direct::begin("SUCCESS", &record.content)
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

/// docs: E.2. An unpaid order comes without its amount (POS flows 3.1).
pub(crate) fn query(record: &Record, fields: &Fields) -> Reply {
    let (entry, content) = (&record.entry, &record.content);
    let reply = direct::begin("SUCCESS", fields)
        .text("device_info", content.get("device_info"))
        .text("out_trade_no", &entry.order_number)
        .text("attach", content.get("attach"))
        .text("trade_state", &entry.state);
    match entry.state.as_str() {
        "SUCCESS" | "REFUND" => paid(reply, record).text("trade_state_desc", "支付成功"),
        "PAYERROR" => reply.text("trade_state_desc", "支付失败，请撤销订单"),
        "USERPAYING" => reply.text("trade_state_desc", "需要用户输入支付密码"),
        "REVOKED" => reply.text("trade_state_desc", "订单已撤销"),
        _ => reply.text("trade_state_desc", "订单未支付"),
    }
}

/// The one customer of this gateway, whoever's code it is.
pub(crate) const OPENID: &str = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";

/// What a payment adds to a reply, a query and a notification.
pub(crate) fn paid(reply: Reply, record: &Record) -> Reply {
    let amount = record.entry.amount.to_string();
    let trade_type = if record.is_micropay() { "MICROPAY" } else { record.content.get("trade_type") };
    reply
        .text("openid", OPENID)
        .text("is_subscribe", "N")
        .text("trade_type", trade_type)
        .text("bank_type", "CMC")
        .plain("total_fee", &amount)
        .text("fee_type", "CNY")
        .plain("cash_fee", &amount)
        .text("transaction_id", &record.transaction_id())
        .text("time_end", &clock::packed(record.paid_at))
}

/// The signed notification of an order, as it is or would be sent (docs: E.3).
pub(crate) fn notification(record: &Record) -> Reply {
    let reply = direct::begin("SUCCESS", &record.content)
        .text("sign_type", record.content.get("sign_type"))
        .text("out_trade_no", &record.entry.order_number)
        .text("attach", record.content.get("attach"));
    paid(reply, record)
}
