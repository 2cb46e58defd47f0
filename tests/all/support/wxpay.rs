//! WeChat Pay's own gateway: an account, orders, and signed answers. The signatures are OpenSSL's.

use openssl::pkey::PKey;
use wxpay_terminal::*;

use super::*;

pub const SUB_MCH_ID: &str = "1900000100";

pub fn wxpay_account() -> WxpayAccount {
    WxpayAccount::new(MCH_ID, APPID, key()).unwrap()
}

pub fn wxpay(canned: &Canned) -> Client<WxpayAccount> {
    Client::with_inputs(wxpay_account(), terminal(), inputs(canned)).unwrap()
}

pub fn native_order(out_trade_no: &str) -> NativeOrder<'_> {
    NativeOrder {
        out_trade_no,
        body: "形象店-深圳腾大-QQ公仔",
        total_fee: fen(888),
        spbill_create_ip: "123.12.12.123",
        notify_url: "https://pay.example/notify",
        product_id: "12235413214070356458058",
        ..NativeOrder::default()
    }
}

pub fn jsapi_order(out_trade_no: &str) -> JsapiOrder<'_> {
    let NativeOrder { body, total_fee, spbill_create_ip, notify_url, .. } = native_order("");
    let openid = Some("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o");
    JsapiOrder { out_trade_no, body, total_fee, spbill_create_ip, notify_url, openid, ..JsapiOrder::default() }
}

pub fn h5_order(out_trade_no: &str) -> H5Order<'_> {
    let NativeOrder { body, total_fee, spbill_create_ip, notify_url, .. } = native_order("");
    H5Order { out_trade_no, body, total_fee, spbill_create_ip, notify_url, ..H5Order::default() }
}

/// A reply or a notification with these fields beside those that each has; a field with an empty value is left out.
pub fn wxpay_signed(sign_type: SignType, change: &[(&str, &str)]) -> String {
    let mut fields = vec![
        ("return_code", "SUCCESS"),
        ("return_msg", "OK"),
        ("appid", APPID),
        ("mch_id", MCH_ID),
        ("nonce_str", "IITRi8Iabbblz1Jc"),
        ("result_code", "SUCCESS"),
    ];
    for (name, value) in change {
        fields.retain(|(have, _)| have != name);
        fields.push((name, value));
    }
    fields.retain(|(_, value)| !value.is_empty());
    let sign = match sign_type {
        SignType::Md5 => openssl_md5(&fields, KEY),
        SignType::HmacSha256 => openssl_hmac(&fields, KEY),
    };
    fields.push(("sign", &sign));
    reply(&fields)
}

/// F.1.5: over the whole string, `&key=` included, under the same key.
pub fn openssl_hmac(fields: &[(&str, &str)], key: &str) -> String {
    let text = sorted(fields) + "&key=" + key;
    let pkey = PKey::hmac(key.as_bytes()).unwrap();
    let mut signer = openssl::sign::Signer::new(openssl::hash::MessageDigest::sha256(), &pkey).unwrap();
    signer.sign_oneshot_to_vec(text.as_bytes()).unwrap().iter().map(|byte| format!("{byte:02X}")).collect()
}

pub const CODE_URL: &str = "weixin://wxpay/bizpayurl/up?pr=NwY5Mz9&groupid=00";
pub const PREPAY_ID: &str = "wx201410272009395522657a690389285100";

/// The reply to an order: `NATIVE`, `JSAPI` or `MWEB`.
pub fn order_made(trade_type: &str, change: &[(&str, &str)]) -> String {
    let url = match trade_type {
        "NATIVE" => ("code_url", CODE_URL),
        "MWEB" => ("mweb_url", "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx20161215&package=1"),
        _ => ("code_url", ""),
    };
    let made = [("trade_type", trade_type), ("prepay_id", PREPAY_ID), url];
    wxpay_signed(SignType::Md5, &[&made[..], change].concat())
}

/// The answer to a query. An unpaid order often comes without its amount (POS flows 3.1).
pub fn order_state(trade_state: &str, number: &str, change: &[(&str, &str)]) -> String {
    let mut fields = vec![("trade_state", trade_state), ("out_trade_no", number)];
    if trade_state == "SUCCESS" {
        let paid = [("total_fee", "888"), ("transaction_id", "1009660380201506130728806387")];
        fields.extend(paid.into_iter().chain([("time_end", "20261121120000"), ("trade_type", "NATIVE")]));
    }
    fields.extend(change);
    wxpay_signed(SignType::Md5, &fields)
}
