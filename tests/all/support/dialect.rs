//! A gateway of Swiftpass's type over a transport that speaks WeChat Pay's own language: the models of the direct gateway serve both.
//!
//! Document: protocol C.1 to C.6; POS flows 9. It reads a request by the `service`, looks for its identifiers and its signature, hands the
//! direct gateway's request on, and says the reply in the other language, signed anew. What is torn, late or lost stays so; a reply that
//! was not rightly signed is not rightly signed here.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use wxpay_terminal::*;

use super::*;

/// What the gateway remembers of its orders, over all boots of the terminal.
#[derive(Clone, Default)]
pub struct Orders(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    /// The `trade_type` of each number: by the wallet of the code, or the service that made it.
    wallets: HashMap<String, String>,
    reversed: HashSet<String>,
    /// Replies so far: the spelling of a word goes by turns.
    turn: u32,
}

/// Speaks Swiftpass, over a transport that does not.
pub struct Dialect<T> {
    inner: T,
    orders: Orders,
}

impl<T: Transport> Dialect<T> {
    pub fn over(inner: T, orders: &Orders) -> Dialect<T> {
        Dialect { inner, orders: orders.clone() }
    }
}

impl<T: Transport> Transport for Dialect<T> {
    fn post(&self, post: &Post<'_>) -> Result<Received, Fault> {
        let asked = match Asked::read(std::str::from_utf8(post.body).unwrap()) {
            Ok(asked) => asked,
            Err(words) => {
                return Ok(Received { reused: false, ..Received::new(200, unsigned(words)) });
            }
        };
        self.orders.hears(&asked);
        if self.orders.cannot_say(&asked) {
            return Ok(Received { reused: false, ..Received::new(200, unsigned("out_refund_no is missing")) });
        }
        let host = post.url.split('/').take(3).collect::<Vec<_>>().join("/");
        let (url, body) = ([&host, asked.call().1].concat(), asked.in_wechats_words());
        let mut direct = Post::new(&url, "text/xml; charset=utf-8", body.as_bytes());
        (direct.own_connection, direct.within) = (post.own_connection, post.within);
        (direct.connect_within, direct.reply_limit) = (post.connect_within, post.reply_limit);
        let received = self.inner.post(&direct)?;
        let body = self.orders.says(&asked, &received.body);
        Ok(Received { body, ..received })
    }

    fn client_certificate(&self) -> ClientCertificate {
        self.inner.client_certificate()
    }
}

/// Protocol C.4.1: no signature, and no more than this.
fn unsigned(words: &str) -> String {
    reply(&[("version", "2.0"), ("charset", "UTF-8"), ("status", "400"), ("message", words)])
}

/// The direct gateway's call for each service, older names among them (protocol C.1), and what it needs (POS flows 9; protocol C.2).
const CALLS: [(&[&str], &str, &[&str]); 6] = [
    (
        &["unified.trade.micropay", "pay.weixin.micropay"],
        "/pay/micropay",
        &["out_trade_no", "body", "total_fee", "mch_create_ip", "auth_code"],
    ),
    (&["unified.trade.query", "trade.single.query"], "/pay/orderquery", &["out_trade_no"]),
    (&["unified.micropay.reverse"], "/secapi/pay/reverse", &["out_trade_no"]),
    (&["unified.trade.close"], "/pay/closeorder", &["out_trade_no"]),
    (
        &["unified.trade.refund", "trade.single.refund"],
        "/secapi/pay/refund",
        &["out_refund_no", "total_fee", "refund_fee", "op_user_id"],
    ),
    (&["unified.trade.refundquery", "trade.refund.query"], "/pay/refundquery", &[]),
];

/// All others make an order.
const ORDER: (&[&str], &str, &[&str]) = (
    &[
        "pay.weixin.native",
        "pay.alipay.native",
        "unified.trade.native",
        "pay.weixin.jspay",
        "pay.alipay.jspay",
        "pay.weixin.wappay",
    ],
    "/pay/unifiedorder",
    &["out_trade_no", "body", "total_fee", "mch_create_ip", "notify_url", "time_start", "time_expire"],
);

/// A request that may be carried out.
struct Asked {
    service: String,
    fields: Vec<(String, String)>,
}

impl Asked {
    fn read(body: &str) -> Result<Asked, &'static str> {
        let fields = xml_fields(body);
        let value = |name: &str| fields.iter().find(|(have, _)| have == name).map_or("", |(_, value)| value);
        let pairs: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        if openssl_md5(&pairs, SWIFTPASS_KEY) != value("sign") {
            return Err("Signature error");
        }
        let asked = Asked { service: value("service").into(), fields: fields.clone() };
        let Some((.., needs)) = asked.known() else { return Err("service is wrong") };
        let qq = value("auth_code").starts_with("91").then_some("device_info");
        let payer = (asked.service == "pay.alipay.jspay").then_some("buyer_id");
        let app = (asked.service == "pay.weixin.wappay").then_some("mch_app_id");
        let needs = needs.iter().copied().chain(["mch_id", "nonce_str"]).chain(qq).chain(payer).chain(app);
        match needs.into_iter().all(|name| !value(name).is_empty()) {
            true => Ok(asked),
            false => Err("a field is missing"),
        }
    }

    fn known(&self) -> Option<&'static (&'static [&'static str], &'static str, &'static [&'static str])> {
        CALLS.iter().chain([&ORDER]).find(|(services, ..)| services.contains(&self.service.as_str()))
    }

    fn call(&self) -> &'static (&'static [&'static str], &'static str, &'static [&'static str]) {
        self.known().expect("it was read")
    }

    fn is(&self, path: &str) -> bool {
        self.call().1.ends_with(path)
    }

    fn value(&self, name: &str) -> &str {
        self.fields.iter().find(|(have, _)| have == name).map_or("", |(_, value)| value)
    }

    /// The same in the direct gateway's words, signed.
    fn in_wechats_words(&self) -> String {
        let known = [
            "body",
            "attach",
            "total_fee",
            "auth_code",
            "time_start",
            "time_expire",
            "goods_tag",
            "mch_id",
            "device_info",
            "out_trade_no",
            "transaction_id",
            "out_refund_no",
            "refund_fee",
            "refund_id",
            "notify_url",
            "nonce_str",
            "sub_openid",
        ];
        let renamed = |name: &str, value: &str| match (name, value) {
            ("mch_create_ip", _) => Some(("spbill_create_ip".into(), value.into())),
            ("limit_credit_pay", "1") => Some(("limit_pay".into(), "no_credit".into())),
            ("buyer_id" | "buyer_logon_id", _) => Some(("openid".into(), value.into())),
            _ => known.contains(&name).then(|| (String::from(name), String::from(value))),
        };
        let mut fields: Vec<(String, String)> =
            self.fields.iter().filter_map(|(name, value)| renamed(name, value)).collect();
        fields.push(("appid".into(), APPID.into()));
        let trade_type = match self.service.rsplit('.').next() {
            _ if !self.is("/unifiedorder") => None,
            Some("native") => Some("NATIVE"),
            Some("jspay") => Some("JSAPI"),
            _ => Some("MWEB"),
        };
        fields.extend(trade_type.map(|word| ("trade_type".into(), word.into())));
        let sign = {
            let pairs: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            openssl_md5(&pairs, KEY)
        };
        fields.push(("sign".into(), sign));
        let escaped = |value: &str| value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let inside = fields.iter().map(|(name, value)| format!("<{name}>{}</{name}>", escaped(value)));
        format!("<xml>{}</xml>", inside.collect::<String>())
    }
}

/// The wallet of a code (POS flows 13), as a success calls it (POS flows 9).
pub fn wallet(code: &str) -> &'static str {
    match code.get(..2).unwrap_or_default() {
        "10" | "11" | "12" | "13" | "14" | "15" => "pay.weixin.micropay",
        "25" | "26" | "27" | "28" | "29" | "30" => "pay.alipay.micropay",
        "62" => "pay.unionpay.micropay",
        "91" => "pay.qq.micropay",
        _ => "pay.jdpay.micropay",
    }
}

impl Orders {
    fn hears(&self, asked: &Asked) {
        let known = &mut *self.0.lock().unwrap();
        let number = || asked.value("out_trade_no").to_owned();
        match asked.call().1 {
            "/pay/micropay" => {
                known.wallets.entry(number()).or_insert_with(|| wallet(asked.value("auth_code")).into());
            }
            "/pay/unifiedorder" => {
                known.wallets.entry(number()).or_insert_with(|| asked.service.clone());
            }
            "/secapi/pay/reverse" => drop(known.reversed.insert(number())),
            _ => {}
        }
    }

    /// Of Alipay's refunds only their own numbers are taken (POS flows 9).
    fn cannot_say(&self, asked: &Asked) -> bool {
        let known = self.0.lock().unwrap();
        let wallet = known.wallets.get(asked.value("out_trade_no"));
        let by_order = asked.value("out_refund_no").is_empty() && asked.value("refund_id").is_empty();
        asked.is("/refundquery") && by_order && wallet.is_some_and(|wallet| wallet.starts_with("pay.alipay."))
    }

    fn says(&self, asked: &Asked, body: &[u8]) -> Vec<u8> {
        let Ok(text) = std::str::from_utf8(body) else { return body.to_vec() };
        // A reply that came twice comes twice.
        let (text, times) = match text.split_at_checked(text.len() / 2) {
            Some((one, other)) if one == other => (one, 2),
            _ => (text, 1),
        };
        let known = &mut *self.0.lock().unwrap();
        known.turn += 1;
        match read_reply(text) {
            Some(fields) => Saying { asked, known, said: &fields }.reply().repeat(times).into_bytes(),
            None => body.to_vec(),
        }
    }
}

/// The fields of a whole reply of [`reply`]. `None`: it is torn, or something else.
fn read_reply(text: &str) -> Option<Vec<(String, String)>> {
    let mut rest = text.strip_prefix("<xml>")?.strip_suffix("</xml>")?;
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let (name, after) = rest.strip_prefix('<')?.split_once("><![CDATA[")?;
        let (value, next) = after.split_once(&format!("]]></{name}>"))?;
        fields.push((name.into(), value.into()));
        rest = next;
    }
    Some(fields)
}

/// One reply, on its way into the other language.
struct Saying<'a> {
    asked: &'a Asked,
    known: &'a Known,
    said: &'a [(String, String)],
}

/// With `need_query` N these end a payment (protocol C.5; POS flows 9).
const DEFINITE: [&str; 17] = [
    "AUTHCODEEXPIRE",
    "AUTHCODE_EXPIRE",
    "AUTH_CODE_ERROR",
    "AUTH_CODE_INVALID",
    "Auth code invalid",
    "NOTENOUGH",
    "BALANCE_NOT_ENOUGH",
    "NOTSUPORTCARD",
    "NOTSUPPORTCARD",
    "BUYER_MISMATCH",
    "ACCOUNTERROR",
    "NOAUTH",
    "Auth valid fail",
    "PARAM_ERROR",
    "SIGNERROR",
    "Signature error",
    "valid sign fail",
];

impl Saying<'_> {
    fn value(&self, name: &str) -> &str {
        self.said.iter().find(|(have, _)| have == name).map_or("", |(_, value)| value)
    }

    fn by_turns(&self, words: &[&'static str]) -> &'static str {
        words[self.known.turn as usize % words.len()]
    }

    fn reply(&self) -> String {
        if self.value("return_code") != "SUCCESS" {
            return unsigned("Internal error");
        }
        let pairs: Vec<_> = self.said.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let is_true = openssl_md5(&pairs, KEY) == self.value("sign");
        let mut fields = vec![("version", "2.0".to_string()), ("charset", "UTF-8".into()), ("sign_type", "MD5".into())];
        fields.extend([("status", "0".into()), ("mch_id", self.value("mch_id").into())]);
        fields.push(("nonce_str", self.value("nonce_str").into()));
        match self.value("result_code") {
            "SUCCESS" => self.succeeds(&mut fields),
            _ => self.fails(&mut fields),
        }
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let key = if is_true { SWIFTPASS_KEY } else { KEY };
        let sign = openssl_md5(&fields, key);
        reply(&[&fields[..], &[("sign", &sign)]].concat())
    }

    fn fails<'a>(&'a self, fields: &mut Vec<(&'a str, String)>) {
        let code = self.spelled(self.value("err_code"));
        // Not 0, says the document; 1 in its example.
        fields.push(("result_code", self.by_turns(&["1", "1", "2"]).into()));
        fields.extend([("err_code", code.into()), ("err_msg", self.value("err_code_des").into())]);
        if self.asked.is("/micropay") {
            let need = match DEFINITE.contains(&code) {
                true => ["N", "N", "N", "N", "N", "N", "N", "Y", ""][self.known.turn as usize % 9],
                false => self.by_turns(&["Y", "", "Y", "N"]),
            };
            fields.extend((!need.is_empty()).then(|| ("need_query", need.into())));
        }
    }

    /// Codes come in two styles (protocol C.5), and as the wallets' own words (POS flows 9).
    fn spelled<'a>(&self, code: &'a str) -> &'a str {
        // What is refused for ever is refused with one word for ever.
        match code {
            _ if self.asked.is("/reverse") && code == "TRADE_ERROR" => code,
            "ORDERNOTEXIST" | "REFUNDNOTEXIST" if self.asked.is("/refundquery") => {
                self.by_turns(&["REFUNDNOTEXIST", "ORDERNOTEXIST", "Order not exists", "ACQ.TRADE_NOT_EXIST"])
            }
            "ORDERNOTEXIST" => self.by_turns(&["ORDERNOTEXIST", "Order not exists", "ACQ.TRADE_NOT_EXIST"]),
            "SYSTEMERROR" | "BIZERR_NEED_RETRY" => {
                self.by_turns(&["SYSTEMERROR", "Internal error", "transaction internal error"])
            }
            "SIGNERROR" => self.by_turns(&["SIGNERROR", "Signature error", "valid sign fail"]),
            "NOAUTH" => self.by_turns(&["NOAUTH", "Auth valid fail"]),
            "NOTENOUGH" => self.by_turns(&["NOTENOUGH", "BALANCE_NOT_ENOUGH"]),
            "AUTH_CODE_INVALID" => self.by_turns(&["AUTH_CODE_INVALID", "Auth code invalid", "AUTH_CODE_ERROR"]),
            "AUTHCODEEXPIRE" => self.by_turns(&["AUTHCODEEXPIRE", "AUTHCODE_EXPIRE"]),
            "BUYER_MISMATCH" | "USER_ACCOUNT_ABNORMAL" => self.by_turns(&["BUYER_MISMATCH", "ACCOUNTERROR"]),
            "ORDERPAID" => self.by_turns(&["ORDERPAID", "Order paid", "ORDERISEXIST"]),
            "USERPAYING" if self.asked.is("/micropay") => {
                self.by_turns(&["USERPAYING", "USER_PAYING", "ORDER_SUCCESS_PAY_INPROCESS"])
            }
            "INVALID_REQ_TOO_MUCH" => "FREQUENCY_LIMITED",
            "ERROR" if self.asked.is("/refund") => {
                self.by_turns(&["refundInfo is exists", "REFUNDINFOTEXIST", "ORDERSTATUSERROR"])
            }
            code => code,
        }
    }

    fn succeeds<'a>(&'a self, fields: &mut Vec<(&'a str, String)>) {
        // The seed's table says 0, its example SUCCESS (protocol C.4.5).
        fields.push(("result_code", self.by_turns(&["0", "0", "SUCCESS"]).into()));
        let asked_for = self.asked.value("out_trade_no");
        let wallet = self.known.wallets.get(asked_for).cloned();
        match self.asked.call().1 {
            "/pay/unifiedorder" => self.hands_out(fields),
            "/pay/micropay" => {
                fields.push(("pay_result", "0".into()));
                fields.push(("out_transaction_id", "4200000000202611211234567890".into()));
                fields.extend(wallet.map(|wallet| ("trade_type", wallet)));
            }
            "/pay/orderquery" | "/pay/refundquery" => fields.extend(wallet.map(|wallet| ("trade_type", wallet))),
            _ => {}
        }
        let left_out =
            ["return_code", "return_msg", "appid", "sign", "result_code", "mch_id", "nonce_str", "trade_type"];
        let of_wechat = ["prepay_id", "code_url", "mweb_url", "recall", "openid"];
        for (name, value) in self.said {
            let name = name.as_str();
            if left_out.contains(&name) || of_wechat.contains(&name) {
                continue;
            }
            fields.push((name, self.state(name, value).into()));
        }
    }

    /// Protocol C.4.6, C.4.7.
    fn state<'a>(&self, name: &str, value: &'a str) -> &'a str {
        match (name, value) {
            ("trade_state", "REVOKED") if self.known.reversed.contains(self.asked.value("out_trade_no")) => "REVERSE",
            (_, "FAIL") if name.starts_with("refund_status_") => self.by_turns(&["FAIL", "FAILED"]),
            _ => value,
        }
    }

    /// Protocol C.4.8.
    fn hands_out(&self, fields: &mut Vec<(&str, String)>) {
        let url = "https://pay.example/pay/gateway?token=0ed6f5a4";
        match self.asked.service.rsplit('.').next() {
            Some("native") => {
                fields.push(("code_url", "https://qr.example/bax00000000000000000".into()));
                fields.push(("code_img_url", "https://pay.example/qrcode?uuid=https%3A%2F%2Fqr.example".into()));
            }
            Some("jspay") => {
                fields.push(("token_id", "1a2b3c4d5e6f70819".into()));
                fields.push(("pay_info", r#"{"appId":"wx2421b1c4370ec43b","package":"prepay_id=wx2026"}"#.into()));
            }
            _ => fields.push(("pay_info", url.into())),
        }
    }
}

/// A payment notification (protocol C.6), signed.
pub fn paid_notice(change: &[(&str, &str)]) -> String {
    let mut fields = vec![
        ("version", "2.0"),
        ("charset", "UTF-8"),
        ("sign_type", "MD5"),
        ("status", "0"),
        ("result_code", "0"),
        ("pay_result", "0"),
        ("mch_id", SWIFTPASS_MCH_ID),
        ("trade_type", "pay.weixin.native"),
        ("transaction_id", "7551000001201611221001"),
        ("out_transaction_id", "4200000000202611211234567890"),
        ("total_fee", "888"),
        ("fee_type", "CNY"),
        ("nonce_str", "IITRi8Iabbblz1Jc"),
        ("time_end", "20261121120000"),
    ];
    for (name, value) in change {
        fields.retain(|(have, _)| have != name);
        fields.push((name, value));
    }
    fields.retain(|(_, value)| !value.is_empty());
    swiftpass_signed(&fields)
}
