//! How a Swiftpass-type gateway answers, and what its notification says (docs: C.3 to C.6 and seed 2; POS flows 9). The
//! order of the elements and their names are those of the real messages in the vectors.

use crate::clock;
use crate::credentials::{SWIFTPASS_APPID, SWIFTPASS_MCH_ID};
use crate::dialect::{Dialect, Rows};
use crate::fields::Fields;
use crate::gateway::{Act, Gateway};
use crate::json;
use crate::nonce::nonce;
use crate::record::Record;
use crate::refund::Refund;
use crate::reply::{Digest, Reply, Signature};
use crate::settings::SignType;
use crate::wallet::Wallet;

pub(crate) static DIALECT: Dialect = Dialect {
    gateway: Gateway::Swiftpass,
    openid: OPENID,
    begins_at_scan: |record| record.content.get("service") == "pay.alipay.native",
    // Of the other wallets nothing is documented (POS flows 9).
    revokes: |auth_code| Wallet::of(auth_code) == Wallet::Wechat,
    reversed: "REVERSE",
    closes_again: true,
    closes_refunds: false,
    refund_id: |_, serial| format!("{SWIFTPASS_MCH_ID}9{serial:017}"),
    page: usize::MAX,
    not_by_order,
    refusal,
    paid,
    ordered,
    queried,
    done: |_, fields| begin("0", fields),
    refunded,
    refunds,
    notification,
};

/// The one customer of this gateway.
const OPENID: &str = "oywgtuJBTzG1wlOfagWqP32XfmKo";

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

/// The request was checked: its `sign_type` is the merchant's.
fn digest(of: &Fields) -> Digest {
    match of.get("sign_type") {
        "RSA_1_256" => Digest::Rsa(SignType::Rsa256),
        "RSA_1_1" => Digest::Rsa(SignType::Rsa1),
        _ => Digest::Md5,
    }
}

fn begin(result: &str, of: &Fields) -> Reply {
    let version = match (of.get("version"), of.get("service")) {
        ("", "pay.weixin.wap") => "1.0",
        ("", _) => "2.0",
        (given, _) => given,
    };
    // Some elements are CDATA, some are not, as in seed 2.
    Reply::new(Gateway::Swiftpass, Signature::Due)
        .signed_with(digest(of))
        .text("version", version)
        .text("charset", "UTF-8")
        .text("sign_type", of.get("sign_type"))
        .plain("status", "0")
        .text("message", "OK")
        .text("appid", SWIFTPASS_APPID)
        .text("mch_id", SWIFTPASS_MCH_ID)
        .text("nonce_str", &nonce())
        .plain("result_code", result)
}

/// Codes whose words differ from WeChat Pay's own (docs: C.5, POS flows 9).
const CODES: &[(&str, &str)] =
    &[("REFUND_FEE_MISMATCH", "refundInfo is exists"), ("INVALID_TRANSACTIONID", "ORDERNOTEXIST")];

/// `need_query` of a code that micropay refuses with; of the others nothing is said (docs: C.4.4).
const NEED_QUERY: &[(&str, &str)] = &[
    ("AUTH_CODE_INVALID", "N"),
    ("AUTH_CODE_ERROR", "N"),
    ("AUTHCODEEXPIRE", "N"),
    ("NOTENOUGH", "N"),
    ("NOTSUPORTCARD", "N"),
    ("NOAUTH", "N"),
    ("PARAM_ERROR", "N"),
    ("total_fee:Invalid", "N"),
    ("total_fee:Must be greater or equal to [1]", "N"),
    ("USERPAYING", "Y"),
    ("INVALID_REQUEST", "Y"),
    ("SYSTEMERROR", "Y"),
];

fn in_table(table: &'static [(&str, &str)], name: &str) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}

/// A business refusal: signed. Seed 2 prints `err_msg` in the table, `err_code_des` in the example.
pub(crate) fn refusal(act: Act, code: &str, text: &str, of: &Fields) -> Reply {
    let code = in_table(CODES, code).unwrap_or(code);
    let reply = begin("1", of).text("err_code", code).text("err_code_des", text).text("err_msg", text);
    match act {
        Act::Micropay => reply.text("need_query", in_table(NEED_QUERY, code).unwrap_or_default()),
        _ => reply,
    }
}

/// Which wallet pays, and how.
fn trade_type(record: &Record) -> &str {
    match record.content.get("service") {
        _ if record.is_micropay() => Wallet::of(record.content.get("auth_code")).trade_type(),
        // Whoever scans has WeChat's.
        "unified.trade.native" => "pay.weixin.native",
        service => service,
    }
}

fn is_alipay(record: &Record) -> bool {
    trade_type(record).starts_with("pay.alipay.")
}

/// POS flows 9: Alipay's refunds are asked for by a number of their own.
fn not_by_order(order: &Record) -> Option<(&'static str, &'static str)> {
    is_alipay(order).then_some(("PARAM_ERROR", "支付宝订单只能按out_refund_no或refund_id查询"))
}

/// An order was made. The reply does not name it.
fn ordered(record: &Record) -> Reply {
    let content = &record.content;
    let reply = begin("0", content);
    let token_id = format!("1b13b4915e002be46813f872{:09}", record.serial);
    match content.get("service") {
        "pay.weixin.wap" => wap(reply, record),
        "pay.weixin.wappay" => reply.text(
            "pay_info",
            // `&` stands raw inside CDATA (docs: C.3).
            &format!("https://statecheck.swiftpass.cn/pay/wappay?token_id={token_id}&service=pay.weixin.wappayv2"),
        ),
        "pay.weixin.jspay" | "pay.alipay.jspay" => {
            reply.text("token_id", &token_id).text("pay_info", &pay_info(record))
        }
        _ => {
            let code_url = match is_alipay(record) {
                true => format!("https://qr.alipay.com/bax{:021}", record.serial),
                false => format!("weixin://wxpay/bizpayurl?pr=N{:06}z", record.serial),
            };
            let escaped = code_url.replace(':', "%3A").replace('/', "%2F").replace('?', "%3F").replace('=', "%3D");
            reply
                .text("code_url", &code_url)
                .text("code_img_url", &format!("https://pay.swiftpass.cn/pay/qrcode?uuid={escaped}"))
                .text("uuid", &format!("{:032x}", record.serial))
        }
    }
}

/// Seed 2's success.
fn wap(reply: Reply, record: &Record) -> Reply {
    let prepay_id = format!("wx{}", record.own_number());
    let mweb_url = format!(
        "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id={prepay_id}&package={}",
        1_405_458_241 + record.serial
    );
    reply
        .text("device_info", record.content.get("device_info"))
        .text("prepay_id", &prepay_id)
        .text("trade_type", "pay.weixin.wap")
        .text("mweb_url", &mweb_url)
}

/// What a page gives to the wallet: JSON (docs: C.4.8).
fn pay_info(record: &Record) -> String {
    let pairs: &[(&str, &str)] = match is_alipay(record) {
        true => &[("tradeNO", &record.own_number())],
        false => &[
            ("appId", record.content.get("sub_appid")),
            ("timeStamp", &record.made_at.to_string()),
            ("nonceStr", &nonce()),
            ("package", &format!("prepay_id=wx{}", record.own_number())),
            ("signType", "MD5"),
            // The wallet's own signature, which nobody here can check.
            ("paySign", "00000000000000000000000000000000"),
        ],
    };
    let members: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{}:{}", json::quote(name), json::quote(value))).collect();
    format!("{{{}}}", members.join(","))
}

/// A payment code was charged (docs: C.4.3).
fn paid(record: &Record) -> Reply {
    let reply =
        begin("0", &record.content).plain("pay_result", "0").text("device_info", record.content.get("device_info"));
    of_payment(of_order(reply, record), record)
}

/// The order, paid or not.
fn of_order(reply: Reply, record: &Record) -> Reply {
    reply
        .text("trade_type", trade_type(record))
        .text("out_trade_no", &record.entry.order_number)
        .plain("total_fee", &record.entry.amount.to_string())
        .text("fee_type", "CNY")
        .text("attach", record.content.get("attach"))
}

/// What a payment adds to a reply, a query and a notification.
fn of_payment(reply: Reply, record: &Record) -> Reply {
    let paid_at = if record.paid_at == 0 { clock::now() } else { record.paid_at };
    reply
        .text("transaction_id", &record.transaction_id())
        .text("out_transaction_id", &record.own_number())
        .text("openid", OPENID)
        .text("is_subscribe", "N")
        .text("sub_appid", record.content.get("sub_appid"))
        .text("sub_openid", record.content.get("sub_openid"))
        .text("bank_type", "CFT")
        .text("time_end", &clock::packed(paid_at))
}

/// docs: C.4.6 and the real query reply in the vectors.
fn queried(record: &Record, fields: &Fields) -> Reply {
    let state = record.entry.state.as_str();
    let reply = of_order(begin("0", fields).text("trade_state", state), record);
    if matches!(state, "SUCCESS" | "REFUND") { of_payment(reply, record) } else { reply }
}

/// The signed notification of an order, as it is or would be sent (docs: C.6).
fn notification(record: &Record) -> Reply {
    let mut reply = begin("0", &record.content).plain("pay_result", "0");
    reply.set("sign_type", digest_name(&record.content));
    of_payment(of_order(reply, record), record).text("sub_is_subscribe", "N").text("coupon_fee", "0")
}

fn digest_name(of: &Fields) -> &str {
    match of.get("sign_type") {
        "" => SignType::Md5.name(),
        given => given,
    }
}

/// A refund was taken. It means taken, not arrived.
fn refunded(record: &Record, refund: &Refund, fields: &Fields) -> Reply {
    let reply = begin("0", fields)
        .text("out_refund_no", &refund.entry.refund_number)
        .text("refund_id", &refund.id)
        .text("refund_channel", "ORIGINAL")
        .plain("refund_fee", &refund.entry.amount.to_string());
    of_refunds(reply, record)
}

/// The order of a refund.
fn of_refunds(reply: Reply, record: &Record) -> Reply {
    reply
        .text("out_trade_no", &record.entry.order_number)
        .text("transaction_id", &record.transaction_id())
        .text("out_transaction_id", &record.own_number())
        .text("trade_type", trade_type(record))
}

/// docs: C.4.7.
fn refunds(rows: &Rows, fields: &Fields) -> Reply {
    let count = rows.refunds.len().to_string();
    let reply = of_refunds(begin("0", fields), &rows.order).plain("refund_count", &count);
    rows.refunds.iter().enumerate().fold(reply, |reply, (n, refund)| {
        reply
            .text(&format!("out_refund_no_{n}"), &refund.entry.refund_number)
            .text(&format!("refund_id_{n}"), &refund.id)
            .text(&format!("refund_channel_{n}"), "ORIGINAL")
            .plain(&format!("refund_fee_{n}"), &refund.entry.amount.to_string())
            .text(&format!("refund_time_{n}"), &clock::packed(refund.made_at))
            .text(&format!("refund_status_{n}"), refund.entry.status.name())
    })
}
