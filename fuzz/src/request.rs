//! Requests. Whatever a caller puts into the fields: nothing is sent that another XML or form reader does not give back as it was given, signed as
//! OpenSSL signs it; and `explain` agrees with what was sent.

use std::sync::{Arc, Mutex};

use openssl::hash::MessageDigest;
use wxpay_terminal::endpoint::{Body, Endpoint};
use wxpay_terminal::*;

use crate::support::{
    APPID, CORPID, Counting, FixedClock, KEY, MCH_ID, NOW, SWIFTPASS_KEY, SWIFTPASS_MCH_ID, SaysGood, WORKWX_SECRET,
    terminal,
};
use crate::tape::Tape;
use crate::{readers, signs};

const PARTNER_KEY: &str = "NYU-test-key-0001";

/// Keeps what was to be sent, and sends nothing.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<(String, Vec<u8>)>>>);

impl Transport for Kept {
    fn post(&self, post: &Post<'_>) -> Result<Received, Fault> {
        self.0.lock().expect("nobody panicked").push((post.url.into(), post.body.to_vec()));
        Err(Fault { sent: Sent::Maybe, stage: Stage::Exchange, text: "kept".into() })
    }
}

/// What a caller says: every text of every kind, most of them as the documents want them.
struct Says<'a> {
    tape: Tape<'a>,
    /// So many of ten values are of any form.
    wild: usize,
}

impl Says<'_> {
    fn or(&mut self, good: &str) -> String {
        if self.tape.below(10) < self.wild { self.tape.text(60) } else { good.into() }
    }

    fn may(&mut self, good: &str) -> Option<String> {
        self.tape.flag().then(|| self.or(good))
    }

    fn text(&mut self) -> String {
        if self.tape.flag() { self.tape.text(40) } else { self.or("腾讯充值中心-QQ会员充值") }
    }

    fn fen(&mut self) -> Fen {
        let any = i64::from(self.tape.number());
        Fen::new(if self.tape.below(10) < self.wild { any % (1 << 31) } else { 100 + any % 20_000 }).expect("fen")
    }

    fn valid(&mut self) -> Option<Valid> {
        self.tape.flag().then(|| {
            let at = |plus: i64| ChinaTime::from_unix(NOW + plus).expect("a time");
            Valid { start: at(0), expire: at(i64::from(self.tape.byte()) * 10) }
        })
    }

    fn scene(&mut self) -> Option<SceneId> {
        [None, Some(SceneId::Product1), Some(SceneId::Product3), Some(SceneId::Product8)][self.tape.below(4)]
    }
}

fn inputs(kept: &Kept) -> Inputs {
    Inputs { transport: Box::new(kept.clone()), clock: Box::new(FixedClock(NOW)), random: Box::new(Counting::new()) }
}

fn client<A: Account>(account: Result<A, Error>, kept: &Kept) -> Client<A> {
    Client::with_inputs(account.expect("an account"), terminal(), inputs(kept)).expect("a client")
}

pub fn run(data: &[u8]) -> String {
    let mut tape = Tape::new(data);
    let (call, wild) = (tape.below(22), tape.below(5));
    let is_hmac = tape.flag();
    let kept = Kept::default();
    let mut says = Says { tape, wild };
    let said = sends(call, is_hmac, &mut says, &kept);
    let sent = std::mem::take(&mut *kept.0.lock().expect("nobody panicked"));
    for (url, body) in &sent {
        assert!(url.starts_with("https://"), "{url}");
        // A question goes to the second host, too: the same bytes.
        assert_eq!(body, &sent[0].1);
    }
    format!("{said} {}", sent.first().map_or(String::new(), |(_, body)| String::from_utf8_lossy(body).into_owned()))
}

fn sends(call: usize, is_hmac: bool, says: &mut Says<'_>, kept: &Kept) -> String {
    let wxpay = || {
        let account = WxpayAccount::new(MCH_ID, APPID, Secret::from(KEY));
        let account = account.map(|account| if is_hmac { account.sign_type(SignType::HmacSha256) } else { account });
        client(account.map(WxpayAccount::without_certificate), kept)
    };
    let redpack = || client(RedpackAccount::new(MCH_ID, APPID, Secret::from(KEY)), kept);
    let workwx = || client(WorkwxAccount::new(MCH_ID, CORPID, Secret::from(KEY), Secret::from(WORKWX_SECRET)), kept);
    let swiftpass = || {
        let url = "https://gateway.example/pay/gateway";
        let account = SwiftpassAccount::new(url, SWIFTPASS_MCH_ID, Secret::from(SWIFTPASS_KEY));
        client(account.and_then(|account| account.sub_appid("wx2421b1c4370ec43b")), kept)
    };
    let webgate =
        || client(WebgateAccount::new("https://pay.example", "10001", Secret::from(PARTNER_KEY), SaysGood), kept);
    let number = says.or("20261121000A78KQ2M0");
    let (body, ip) = (says.text(), says.or("8.8.8.8"));
    let (attach, tag, notify) = (says.may("店员01"), says.may("WXG"), says.or("https://pay.example/notify"));
    let (fee, more) = (says.fen(), says.fen());
    let valid = says.valid();
    let (wish, act, remark, sender) = (says.text(), says.or("新年红包"), says.text(), says.or("天虹百货"));
    let (openid, packet) = (says.or("onqOjjmM1tad-3ROpncN-yUfa6uI"), says.or("1900000109201611210000000001"));
    let scene = says.scene();
    let given = |value: &Option<String>, name: &'static str| value.clone().map(|value| (name, value));
    let texts = |rows: &[(&'static str, &str)]| -> Vec<(&'static str, String)> {
        rows.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
    };
    let fen = |fen: Fen| fen.get().to_string();
    let common = || {
        let mut rows = texts(&[("out_trade_no", &number), ("body", &body), ("notify_url", &notify)]);
        rows.extend(given(&attach, "attach"));
        rows.extend(given(&tag, "goods_tag"));
        rows.push(("total_fee", fen(fee)));
        rows
    };
    // A payment by code is told to nobody, and its code is sent without what a scanner puts around it.
    let by_code = |code: &str| {
        let mut rows: Vec<_> = common().into_iter().filter(|(name, _)| *name != "notify_url").collect();
        rows.push(("auth_code", code.trim_matches([' ', '\t', '\r', '\n']).to_owned()));
        rows
    };
    /// Prepares it, and holds what would be sent against what was said.
    macro_rules! payment {
        ($client:expr, $request:expr, $rows:expr, $key:expr) => {{
            let request = $request;
            match $client.prepare(&request) {
                Err(error) => error.to_string(),
                Ok(prepared) => {
                    is_sent(prepared.endpoint(), prepared.body(), &$rows, $key);
                    let stored: Vec<_> = prepared.fields().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
                    let read = read(prepared.endpoint(), prepared.body());
                    assert!(stored.iter().all(|row| read.contains(row)), "stored and not sent: {stored:?}");
                    String::new()
                }
            }
        }};
    }
    macro_rules! question {
        ($client:expr, $call:ident, $request:expr, $endpoint:expr, $rows:expr, $key:expr) => {{
            match $client.$call(&$request) {
                Err(error) => error.to_string(),
                Ok(answer) => {
                    assert!(matches!(answer, Answer::NoAnswer(_)), "{answer:?}");
                    let body = kept.0.lock().expect("nobody panicked")[0].1.clone();
                    is_sent($endpoint, &body, &$rows, $key);
                    String::new()
                }
            }
        }};
    }
    match call {
        0 | 1 => {
            let code = says.or("120061098828009406");
            let (detail, scene_info) = (says.may("{}"), says.may("{\"store_info\":{\"id\":\"SZTX001\"}}"));
            let request = MicroPay {
                out_trade_no: &number,
                auth_code: &code,
                body: &body,
                detail: detail.as_deref(),
                attach: attach.as_deref(),
                total_fee: fee,
                spbill_create_ip: &ip,
                goods_tag: tag.as_deref(),
                valid,
                scene_info: scene_info.as_deref(),
                ..MicroPay::default()
            };
            let mut rows = by_code(&code);
            rows.push(("spbill_create_ip", ip.clone()));
            rows.extend(given(&detail, "detail"));
            rows.extend(given(&scene_info, "scene_info"));
            payment!(wxpay(), request, rows, (KEY, None, is_hmac))
        }
        2 => {
            let request = NativeOrder {
                out_trade_no: &number,
                body: &body,
                attach: attach.as_deref(),
                total_fee: fee,
                spbill_create_ip: &ip,
                notify_url: &notify,
                valid,
                goods_tag: tag.as_deref(),
                ..NativeOrder::default()
            };
            payment!(wxpay(), request, common(), (KEY, None, is_hmac))
        }
        3 => {
            let request = H5Order {
                out_trade_no: &number,
                body: &body,
                attach: attach.as_deref(),
                total_fee: fee,
                spbill_create_ip: &ip,
                notify_url: &notify,
                valid,
                goods_tag: tag.as_deref(),
                scene_info: Some(&wish),
                ..H5Order::default()
            };
            payment!(wxpay(), request, common(), (KEY, None, is_hmac))
        }
        4 | 5 => {
            let (refund_no, desc) = (says.or("R20261121000A78KQ2M"), says.may("商品已售完"));
            let of = if call == 4 { RefundOf::OutTradeNo(&number) } else { RefundOf::TransactionId(&number) };
            let notify_url = says.tape.flag().then_some(notify.as_str());
            let request = Refund {
                out_refund_no: &refund_no,
                refund_desc: desc.as_deref(),
                notify_url,
                ..Refund::new(of, fee, more)
            };
            let of = if call == 4 { "out_trade_no" } else { "transaction_id" };
            let mut rows = texts(&[(of, &number), ("out_refund_no", &refund_no)]);
            rows.extend([("total_fee", fen(fee)), ("refund_fee", fen(more))]);
            rows.extend(given(&desc, "refund_desc"));
            payment!(wxpay(), request, rows, (KEY, None, is_hmac))
        }
        6 => {
            let query = OrderQuery { out_trade_no: &number };
            let rows = texts(&[("out_trade_no", &number)]);
            question!(wxpay(), ask, query, &wxpay_terminal::wxpay::ORDER_QUERY, rows, (KEY, None, is_hmac))
        }
        7 => {
            let close = Reverse { out_trade_no: &number };
            let rows = texts(&[("out_trade_no", &number)]);
            question!(wxpay(), close, close, &wxpay_terminal::micropay::REVERSE, rows, (KEY, None, is_hmac))
        }
        8 | 9 => {
            let (risk, sub) = (says.may("posttime%3d123123412"), says.may("10000090"));
            let request = SendRedPack {
                mch_billno: &packet,
                sub_mch_id: sub.as_deref(),
                send_name: &sender,
                re_openid: &openid,
                total_amount: fee,
                wishing: &wish,
                client_ip: &ip,
                act_name: &act,
                remark: &remark,
                scene_id: scene,
                risk_info: risk.as_deref(),
                ..SendRedPack::default()
            };
            let mut rows =
                texts(&[("mch_billno", &packet), ("send_name", &sender), ("re_openid", &openid), ("wishing", &wish)]);
            rows.extend(texts(&[("act_name", &act), ("remark", &remark), ("client_ip", &ip)]));
            rows.push(("total_amount", fen(fee)));
            rows.extend(given(&risk, "risk_info"));
            rows.extend(given(&sub, "sub_mch_id"));
            payment!(redpack(), request, rows, (KEY, None, false))
        }
        10 => {
            let request = SendMiniProgramHb {
                mch_billno: &packet,
                send_name: &sender,
                re_openid: &openid,
                total_amount: fee,
                wishing: &wish,
                act_name: &act,
                remark: &remark,
                scene_id: scene,
            };
            let rows =
                texts(&[("mch_billno", &packet), ("send_name", &sender), ("wishing", &wish), ("remark", &remark)]);
            payment!(redpack(), request, rows, (KEY, None, false))
        }
        11 => {
            let query = GetHbInfo { mch_billno: &packet };
            let rows = texts(&[("mch_billno", &packet)]);
            question!(redpack(), ask, query, &wxpay_terminal::redpack::GET_HB_INFO, rows, (KEY, None, false))
        }
        12 | 13 => {
            let name = says.may("张三");
            let approval = says.or("201705160008");
            let check = match says.tape.flag() {
                true => CheckName::ForceCheck { re_user_name: name.as_deref().unwrap_or("张三") },
                false => CheckName::NoCheck { re_user_name: name.as_deref() },
            };
            let kind = match says.tape.flag() {
                true => WwMsgType::Approval { approval_number: &approval },
                false => WwMsgType::Normal,
            };
            let request = PayEmployee {
                partner_trade_no: &number,
                openid: &openid,
                amount: fee,
                desc: &body,
                spbill_create_ip: &ip,
                act_name: &act,
                ..PayEmployee::new(check, kind)
            };
            let rows =
                texts(&[("partner_trade_no", &number), ("openid", &openid), ("desc", &body), ("act_name", &act)]);
            let names: &[&str] =
                &["amount", "appid", "desc", "mch_id", "nonce_str", "openid", "partner_trade_no", "ww_msg_type"];
            payment!(workwx(), request, rows, (KEY, Some(names), false))
        }
        14 => {
            let named = says.tape.flag();
            let sender = match named {
                true => WorkwxSender::Named { sender_name: &sender, sender_header_media_id: None },
                false => WorkwxSender::Application { agentid: says.tape.number() },
            };
            let request = SendWorkwxRedPack {
                mch_billno: &packet,
                sender,
                re_openid: &openid,
                total_amount: fee,
                wishing: &wish,
                act_name: &act,
                remark: &remark,
                scene_id: scene,
            };
            let rows =
                texts(&[("mch_billno", &packet), ("re_openid", &openid), ("wishing", &wish), ("act_name", &act)]);
            let names: &[&str] =
                &["act_name", "mch_billno", "mch_id", "nonce_str", "re_openid", "total_amount", "wxappid"];
            payment!(workwx(), request, rows, (KEY, Some(names), false))
        }
        15 | 16 => {
            let sub = says.may("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o");
            let request = WapOrder {
                out_trade_no: &number,
                body: &body,
                attach: attach.as_deref(),
                total_fee: fee,
                mch_create_ip: &ip,
                notify_url: &notify,
                valid,
                goods_tag: tag.as_deref(),
                sub_openid: sub.as_deref(),
                ..WapOrder::default()
            };
            let mut rows = common();
            rows.extend(given(&sub, "sub_openid"));
            payment!(swiftpass(), request, rows, (SWIFTPASS_KEY, None, false))
        }
        17 => {
            let (code, shop) = (says.or("280061098828009406"), says.may("001"));
            let request = UnifiedMicropay {
                out_trade_no: &number,
                body: &body,
                attach: attach.as_deref(),
                total_fee: fee,
                mch_create_ip: &ip,
                auth_code: &code,
                valid,
                op_shop_id: shop.as_deref(),
                goods_tag: tag.as_deref(),
                ..UnifiedMicropay::default()
            };
            let mut rows = by_code(&code);
            rows.extend(given(&shop, "op_shop_id"));
            payment!(swiftpass(), request, rows, (SWIFTPASS_KEY, None, false))
        }
        18 => {
            let request = UnifiedNative {
                out_trade_no: &number,
                body: &body,
                attach: attach.as_deref(),
                total_fee: fee,
                mch_create_ip: &ip,
                notify_url: &notify,
                valid,
                goods_tag: tag.as_deref(),
                ..UnifiedNative::default()
            };
            payment!(swiftpass(), request, common(), (SWIFTPASS_KEY, None, false))
        }
        19 => {
            let refund_no = says.or("R20261121000A78KQ2M");
            let request = UnifiedRefund {
                out_refund_no: &refund_no,
                ..UnifiedRefund::new(RefundOf::OutTradeNo(&number), fee, more)
            };
            let rows = texts(&[("out_trade_no", &number), ("out_refund_no", &refund_no)]);
            payment!(swiftpass(), request, rows, (SWIFTPASS_KEY, None, false))
        }
        _ => {
            let (open, net, note) = (says.or("2010021010"), says.or("210"), says.may("recharge"));
            let request =
                WxCharge { openid: &open, netid: &net, out_trade_no: &number, amount: fee, remark: note.as_deref() };
            let mut rows = texts(&[("openid", &open), ("netid", &net), ("out_trade_no", &number)]);
            rows.push(("amount", fen(fee)));
            rows.extend(given(&note, "remark"));
            payment!(webgate(), request, rows, (PARTNER_KEY, None, false))
        }
    }
}

fn read(endpoint: &Endpoint, body: &[u8]) -> Vec<(String, String)> {
    let text = std::str::from_utf8(body).expect("a body is UTF-8");
    match endpoint.body {
        Body::Form => readers::form(text).unwrap_or_else(|why| panic!("{why}: {text}")),
        Body::Xml => {
            let root = readers::xml(text).unwrap_or_else(|why| panic!("{why}: {text}"));
            assert!(
                root.name == "xml"
                    && root.text.is_empty()
                    && root.children.iter().all(|child| child.children.is_empty())
            );
            root.children.into_iter().map(|child| (child.name, child.text)).collect()
        }
    }
}

/// Which key, the fields of `workwx_sign`, and whether the account signs with HMAC-SHA256.
type Signed<'a> = (&'a str, Option<&'a [&'a str]>, bool);

fn is_sent(endpoint: &Endpoint, body: &[u8], said: &[(&'static str, String)], (key, workwx, is_hmac): Signed<'_>) {
    let rows = read(endpoint, body);
    let value = |name: &str| rows.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str());
    for (at, (name, _)) in rows.iter().enumerate() {
        assert!(!rows[..at].iter().any(|(before, _)| before == name), "{}: {name} is sent twice", endpoint.name);
    }
    for (name, given) in said {
        assert_eq!(value(name), Some(given.as_str()), "{}: {name}", endpoint.name);
    }
    // A signature covers what is sent, and what is sent has one reading.
    let given = value("sign").unwrap_or_else(|| panic!("{}: without a signature", endpoint.name));
    let text = signs::text(&rows);
    let right = match endpoint.body {
        Body::Form => signs::hmac(MessageDigest::sha1(), key, &text).to_lowercase(),
        Body::Xml if is_hmac => signs::hmac(MessageDigest::sha256(), key, &format!("{text}&key={key}")),
        Body::Xml => signs::md5(&format!("{text}&key={key}")),
    };
    assert_eq!(given, right, "{}: {text}", endpoint.name);
    if let Some(names) = workwx {
        let named: Vec<_> = rows.iter().filter(|(name, _)| names.contains(&name.as_str())).cloned().collect();
        let right = signs::md5(&format!("{}&secret={WORKWX_SECRET}", signs::text(&named)));
        assert_eq!(value("workwx_sign"), Some(right.as_str()), "{}", endpoint.name);
        let fields: Vec<(&str, &[u8])> = rows
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "sign" | "workwx_sign"))
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect();
        let agrees = explain_workwx_sign(&fields, &Secret::from(WORKWX_SECRET), Some(&right)).agrees;
        assert_eq!(agrees, Some(true), "{}: explain_workwx_sign", endpoint.name);
    }
    let fields: Vec<(&str, &[u8])> =
        rows.iter().filter(|(name, _)| name != "sign").map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let secret = Secret::from(key);
    assert_eq!(explain(endpoint, &fields, &secret, Some(given)).agrees, Some(true), "{}: explain", endpoint.name);
    let wrong = if given.starts_with('0') { given.replacen('0', "1", 1) } else { given.replacen(&given[..1], "0", 1) };
    assert_eq!(explain(endpoint, &fields, &secret, Some(&wrong)).agrees, Some(false), "{}: explain", endpoint.name);
    assert!(!String::from_utf8_lossy(body).contains(key), "the key is sent");
}
