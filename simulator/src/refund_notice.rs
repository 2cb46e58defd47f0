//! The notification of a refund (docs: F.3): not signed, but encrypted under the merchant's key.

use openssl::hash::{MessageDigest, hash};
use openssl::symm::{Cipher, encrypt};

use crate::clock;
use crate::credentials::KEY;
use crate::gateway::Gateway;
use crate::nonce::nonce;
use crate::record::Record;
use crate::refund::{Refund, RefundStatus};
use crate::reply::{Reply, Signature};
use crate::xml;

/// What is or would be sent. Only WeChat Pay's own gateway tells of refunds.
pub(crate) fn body(record: &Record, refund: &Refund) -> Option<String> {
    if record.entry.gateway != Gateway::Wxpay.name() {
        return None;
    }
    let content = &refund.content;
    let reply = Reply::new(Gateway::Wxpay, Signature::None)
        .text("return_code", "SUCCESS")
        .text("appid", content.get("appid"))
        .text("mch_id", content.get("mch_id"))
        .text("sub_appid", content.get("sub_appid"))
        .text("sub_mch_id", content.get("sub_mch_id"))
        .text("nonce_str", &nonce())
        .text("req_info", &encrypted(&plain(record, refund)));
    Some(String::from_utf8_lossy(&reply.body()).into_owned())
}

fn plain(record: &Record, refund: &Refund) -> String {
    let (total, fee) = (record.entry.amount.to_string(), refund.entry.amount.to_string());
    let transaction_id = record.transaction_id();
    let ended =
        if refund.entry.status == RefundStatus::Success { clock::spelled(refund.ended_at) } else { String::new() };
    let elements = [
        ("out_refund_no", refund.entry.refund_number.as_str()),
        ("out_trade_no", &record.entry.order_number),
        ("refund_account", "REFUND_SOURCE_RECHARGE_FUNDS"),
        ("refund_fee", &fee),
        ("refund_id", &refund.id),
        ("refund_recv_accout", "支付用户零钱"),
        ("refund_request_source", "API"),
        ("refund_status", refund.entry.status.name()),
        ("settlement_refund_fee", &fee),
        ("settlement_total_fee", &total),
        ("success_time", &ended),
        ("total_fee", &total),
        ("transaction_id", &transaction_id),
    ];
    let elements = elements.into_iter().filter(|(_, value)| !value.is_empty());
    let elements: String = elements.map(|(name, value)| format!("<{name}>{}</{name}>\n", xml::cdata(value))).collect();
    format!("<root>\n{elements}</root>")
}

/// AES-256-ECB with PKCS#7 padding, base64. The key is the text of an MD5, lower-case, with its leading zeros.
fn encrypted(plain: &str) -> String {
    let digest = hash(MessageDigest::md5(), KEY.as_bytes());
    let key: String = digest.iter().flat_map(|digest| digest.iter()).map(|byte| format!("{byte:02x}")).collect();
    let cipher = encrypt(Cipher::aes_256_ecb(), key.as_bytes(), None, plain.as_bytes());
    openssl::base64::encode_block(&cipher.unwrap_or_default())
}
