//! Replies to one call: first sent, as a repeat, after a lost answer, after a refusal; on a fresh connection or a used one; of any status; raw, or built
//! from the documents' words; signed or not.
//!
//! A success counts only where another reader reads the same, OpenSSL's signature is in it, what it echoes is what was sent, and the success values are
//! there. A refusal counts only of a first send, for a code of the list below, and asks for a new number never after an attempt. The key is in no text.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use wxpay_terminal::*;

use crate::documents::{CALLS, CHARGE, Call, EMPLOYEE, NUMBER, PACKET};
use crate::support::{
    APPID, CORPID, Counting, FixedClock, KEY, MCH_ID, NOW, SWIFTPASS_KEY, SWIFTPASS_MCH_ID, SaysGood, WORKWX_SECRET,
    charge, employee, fen, red_packet, terminal, wap_order,
};
use crate::tape::Tape;
use crate::{readers, signs};

/// Answers from a list, and keeps what was asked.
#[derive(Clone, Default)]
struct Wire(Arc<Mutex<(VecDeque<Result<Received, Fault>>, Vec<Vec<u8>>)>>);

impl Transport for Wire {
    fn post(&self, post: &Post<'_>) -> Result<Received, Fault> {
        let (answers, sent) = &mut *self.0.lock().expect("nobody panicked");
        sent.push(post.body.to_vec());
        answers.pop_front().unwrap_or_else(|| Err(Fault::unsent(Stage::Connect, "nothing more")))
    }
}

/// When it is sent.
#[derive(Clone, Copy, Debug, PartialEq)]
enum When {
    First,
    Repeat,
    AfterLost,
    AfterRefusal,
}

/// What came of it, in words that every call has.
enum Came {
    Success(Vec<(String, String)>),
    Refused(Refusal),
    NotKnown,
    Open,
    Error,
}

pub fn run(data: &[u8]) -> String {
    let mut tape = Tape::new(data);
    let call = &CALLS[tape.below(CALLS.len())];
    let when = tape.pick(&[When::First, When::Repeat, When::AfterLost, When::AfterRefusal]);
    let reused = tape.one_in(4);
    let status = if tape.one_in(8) { tape.number() as u16 } else { 200 };
    let body = match tape.below(3) {
        0 => tape.rest().to_vec(),
        _ => built(call, &mut tape),
    };
    let received = Received { reused, ..Received::new(status, body.clone()) };
    let wire = Wire::default();
    let (came, words) = sends(call, when, &wire, received);
    let sent = wire.0.lock().expect("nobody panicked").1.last().cloned().unwrap_or_default();
    for secret in [KEY, SWIFTPASS_KEY, WORKWX_SECRET] {
        assert!(!words.contains(secret), "{}: a key is in {words}", call.name);
    }
    let context = || {
        format!("{} {when:?} reused {reused} status {status}\n{}\n{words}", call.name, String::from_utf8_lossy(&body))
    };
    match came {
        Came::Success(pairs) => {
            assert_eq!(status, 200, "{}", context());
            is_proven(call, &sent, &body, &pairs, reused, &context);
        }
        Came::Refused(refusal) => {
            assert_eq!(status, 200, "{}", context());
            is_refused(call, when, (&sent, &body), &refusal, reused, &context);
        }
        Came::NotKnown => {
            assert_eq!(status, 200, "{}", context());
            fails_as(call, &call.unknown(), (&sent, &body), reused, &context);
        }
        Came::Open | Came::Error => {}
    }
    words
}

fn inputs(wire: &Wire) -> Inputs {
    Inputs { transport: Box::new(wire.clone()), clock: Box::new(FixedClock(NOW)), random: Box::new(Counting::new()) }
}

fn client<A: Account>(account: Result<A, Error>, wire: &Wire) -> Client<A> {
    Client::with_inputs(account.expect("an account"), terminal(), inputs(wire)).expect("a client")
}

fn sends(call: &Call, when: When, wire: &Wire, received: Received) -> (Came, String) {
    let queue = |answer| wire.0.lock().expect("nobody panicked").0.push_back(answer);
    let redpack = || client(RedpackAccount::new(MCH_ID, APPID, Secret::from(KEY)), wire);
    let workwx = || client(WorkwxAccount::new(MCH_ID, CORPID, Secret::from(KEY), Secret::from(WORKWX_SECRET)), wire);
    let wxpay = || client(WxpayAccount::new(MCH_ID, APPID, Secret::from(KEY)), wire);
    let url = "https://gateway.example/pay/gateway";
    let swiftpass = || {
        let account = SwiftpassAccount::new(url, SWIFTPASS_MCH_ID, Secret::from(SWIFTPASS_KEY));
        client(account.and_then(|account| account.sub_appid("wx2421b1c4370ec43b")), wire)
    };
    let webgate = || {
        client(WebgateAccount::new("https://pay.example", "10001", Secret::from("NYU-test-key-0001"), SaysGood), wire)
    };
    macro_rules! pays {
        ($client:expr, $request:expr) => {{
            let client = $client;
            let request = $request;
            let prepared =
                if when == When::Repeat { client.prepare_repeat(&request) } else { client.prepare(&request) };
            let mut prepared = prepared.unwrap_or_else(|error| panic!("{}: {error}", call.name));
            match when {
                When::AfterLost => {
                    queue(Err(Fault { sent: Sent::Maybe, stage: Stage::Exchange, text: "lost".into() }));
                    drop(client.send(&mut prepared));
                }
                When::AfterRefusal => {
                    queue(Ok(Received { reused: false, ..Received::new(200, refused_before(call)) }));
                    drop(client.send(&mut prepared));
                }
                _ => {}
            }
            queue(Ok(received));
            of_a_payment(client.send(&mut prepared), when)
        }};
    }
    macro_rules! asks {
        ($client:expr, $query:expr) => {{
            let client = $client;
            // Whatever a second question is answered, too.
            queue(Ok(received.clone()));
            queue(Ok(received));
            match client.ask(&$query) {
                Ok(answer) => {
                    let words = format!("{answer:?}");
                    match answer {
                        Answer::Known(known) => (Came::Success(readers::pairs(known.as_ref())), words),
                        Answer::NotKnown { .. } => (Came::NotKnown, words),
                        Answer::NoAnswer(doubt) => (Came::Open, format!("{words} {doubt}")),
                    }
                }
                Err(error) => (Came::Error, format!("{error} {error:?}")),
            }
        }};
    }
    match call.name {
        "sendredpack" => pays!(redpack(), red_packet(PACKET)),
        "paywwsptrans2pocket" => pays!(workwx(), employee(EMPLOYEE)),
        "pay.weixin.wap" => pays!(swiftpass(), wap_order(NUMBER)),
        "wxcharge" => pays!(webgate(), charge(CHARGE)),
        "micropay" => {
            let code = "120061098828009406";
            pays!(wxpay(), MicroPay { out_trade_no: NUMBER, ..crate::support::counter::micro_pay(code) })
        }
        "unifiedorder" => pays!(wxpay(), crate::support::wxpay::native_order(NUMBER)),
        "refund" => pays!(
            wxpay(),
            Refund {
                out_refund_no: "R20261121000A78KQ2",
                ..Refund::new(RefundOf::OutTradeNo(NUMBER), fen(888), fen(88))
            }
        ),
        "unified.trade.micropay" => {
            let payment = UnifiedMicropay {
                out_trade_no: NUMBER,
                body: "body",
                total_fee: fen(888),
                mch_create_ip: "8.8.8.8",
                auth_code: "280061098828009406",
                ..UnifiedMicropay::default()
            };
            pays!(swiftpass(), payment)
        }
        "gethbinfo" => asks!(redpack(), GetHbInfo { mch_billno: PACKET }),
        "querywwsptrans2pocket" => asks!(workwx(), QueryPayEmployee { partner_trade_no: EMPLOYEE }),
        "orderquery" => asks!(wxpay(), OrderQuery { out_trade_no: NUMBER }),
        _ => asks!(swiftpass(), TradeQuery { out_trade_no: NUMBER }),
    }
}

fn of_a_payment<T: AsRef<Pairs> + Debug>(told: Result<Outcome<T>, Error>, when: When) -> (Came, String) {
    let words = format!("{told:?}");
    let came = match told {
        Ok(Outcome::Accepted(reply) | Outcome::Ordered(reply) | Outcome::Taken(reply)) => {
            Came::Success(readers::pairs(reply.as_ref()))
        }
        Ok(Outcome::Declined(refusal)) => Came::Refused(refusal),
        Ok(Outcome::Unknown(doubt)) => return (Came::Open, format!("{words} {doubt}")),
        Ok(other) => panic!("a client never says {other:?}"),
        Err(error) => {
            // The reply came: it left. Only a code that was used up is sent no more.
            assert!(when != When::First, "an error of what was sent: {error}");
            return (Came::Error, format!("{words} {error}"));
        }
    };
    (came, words)
}

/// A code that lets the same number be sent again, where the call has one.
fn refused_before(call: &Call) -> String {
    let fields = [
        ("return_code", "SUCCESS"),
        ("result_code", "FAIL"),
        ("err_code", "NOTENOUGH"),
        ("mch_id", MCH_ID),
        ("appid", APPID),
    ];
    let mut pairs: Vec<(String, String)> = fields.map(|(name, value)| (name.into(), value.into())).to_vec();
    if call.signed {
        pairs.push(("sign".into(), signs::of(&pairs, call.key)));
    }
    written(&pairs)
}

fn value<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
}

/// What was sent, by another reader.
fn asked(call: &Call, sent: &[u8]) -> Vec<(String, String)> {
    let text = std::str::from_utf8(sent).expect("UTF-8");
    if call.name == "wxcharge" {
        return readers::form(text).expect("a form");
    }
    let root = readers::xml(text).expect("XML");
    root.children.into_iter().map(|child| (child.name, child.text)).collect()
}

/// The reply as another reader has it, held against what the library read.
fn is_read(
    call: &Call,
    body: &[u8],
    read: Option<&[(String, String)]>,
    context: &dyn Fn() -> String,
) -> Vec<(String, String)> {
    let text = std::str::from_utf8(body).unwrap_or_else(|_| panic!("it is not UTF-8: {}", context()));
    assert!(body.len() <= 64 * 1024, "{}", context());
    if call.name == "wxcharge" {
        let other = readers::json(text.trim_start_matches('\u{FEFF}')).and_then(readers::folded);
        let other = other.unwrap_or_else(|why| panic!("{why}: {}", context()));
        assert!(read.is_none_or(|read| read == other), "{}", context());
        return other;
    }
    match read {
        Some(read) => {
            crate::xml::agrees(text, read);
            read.to_vec()
        }
        None => {
            let root = readers::xml(text.trim_start_matches(['\u{FEFF}', ' ', '\t', '\r', '\n']));
            let root = root.unwrap_or_else(|why| panic!("{why}: {}", context()));
            let flat = root.children.into_iter().map(|child| (child.name, child.text)).collect();
            readers::folded(flat).unwrap_or_else(|why| panic!("{why}: {}", context()))
        }
    }
}

fn is_verified(call: &Call, pairs: &[(String, String)], context: &dyn Fn() -> String) {
    let given = value(pairs, "sign");
    if call.name == "wxcharge" {
        assert_eq!(given, Some("good"), "{}", context());
    } else if call.signed || given.is_some() {
        let right = signs::of(pairs, call.key);
        assert!(given.is_some_and(|given| given.eq_ignore_ascii_case(&right)), "not signed: {}", context());
    }
}

fn is_of_this_order(call: &Call, sent: &[u8], pairs: &[(String, String)], context: &dyn Fn() -> String) {
    let asked = asked(call, sent);
    for (name, of) in call.echoes {
        if let (Some(got), Some(sent)) = (value(pairs, name), value(&asked, of)) {
            assert_eq!(got, sent, "{name} is another one: {}", context());
        }
    }
}

fn is_proven(
    call: &Call,
    sent: &[u8],
    body: &[u8],
    pairs: &[(String, String)],
    reused: bool,
    context: &dyn Fn() -> String,
) {
    is_read(call, body, Some(pairs), context);
    is_verified(call, pairs, context);
    is_of_this_order(call, sent, pairs, context);
    for (name, good) in call.success {
        let says = value(pairs, name);
        let is_good = says == Some(good) || call.also.iter().any(|(of, also)| of == name && says == Some(also));
        assert!(is_good, "{name} says {says:?}: {}", context());
    }
    for name in call.must {
        assert!(value(pairs, name).is_some_and(|value| !value.trim().is_empty()), "without {name}: {}", context());
    }
    let code = value(pairs, "err_code").unwrap_or("0");
    assert!(matches!(code, "0" | "SUCCESS" | "OK") || call.name == "wxcharge", "a success with {code}: {}", context());
    let names = ["mch_billno", "partner_trade_no", "out_refund_no", "out_trade_no"];
    let names_order = names.iter().any(|name| value(pairs, name).is_some());
    assert!(!reused || names_order, "on a used connection, and it names no order: {}", context());
    assert!(!call.names_order || names_order || !reused, "{}", context());
}

fn is_refused(
    call: &Call,
    when: When,
    (sent, body): (&[u8], &[u8]),
    refusal: &Refusal,
    reused: bool,
    context: &dyn Fn() -> String,
) {
    // A refusal of what was not sent again is the one before it.
    if when == When::AfterRefusal && refusal.code == "NOTENOUGH" && !String::from_utf8_lossy(body).contains("NOTENOUGH")
    {
        assert_ne!(refusal.next, Next::NewNumber, "{}", context());
        return;
    }
    assert!(matches!(when, When::First | When::AfterRefusal), "refused, and sent before: {}", context());
    assert!(when == When::First || refusal.next != Next::NewNumber, "a new number after an attempt: {}", context());
    fails_as(call, &call.refused(), (sent, body), reused, context);
}

/// A proven failure, with one of these codes.
fn fails_as(call: &Call, codes: &[&str], (sent, body): (&[u8], &[u8]), reused: bool, context: &dyn Fn() -> String) {
    let pairs = is_read(call, body, None, context);
    is_verified(call, &pairs, context);
    is_of_this_order(call, sent, &pairs, context);
    if call.name != "wxcharge" {
        let (transport, good) = call.success[0];
        assert_eq!(value(&pairs, transport), Some(good), "{}", context());
    }
    let (name, word) = call.failure;
    let says = value(&pairs, name).unwrap_or_default();
    let is_failure = match word {
        Some(word) => says == word,
        None => {
            let digits = says.strip_prefix('-').unwrap_or(says);
            !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) && digits.bytes().any(|b| b != b'0')
        }
    };
    assert!(is_failure, "{name} says {says:?}: {}", context());
    if call.name != "wxcharge" {
        let code = value(&pairs, "err_code").unwrap_or_default();
        assert!(codes.contains(&code), "no document says it of {code:?}: {}", context());
    }
    for name in call.only {
        assert!(value(&pairs, name).is_none(), "refused with {name}: {}", context());
    }
    if call.signed {
        assert!(value(&pairs, "mch_id").is_some(), "{}", context());
    }
    let names = ["mch_billno", "partner_trade_no", "out_refund_no", "out_trade_no"];
    assert!(!reused || names.iter().any(|name| value(&pairs, name).is_some()), "{}", context());
}

// ---- replies out of the documents' words ----

/// A success as the documents print it, then changed.
fn built(call: &Call, tape: &mut Tape<'_>) -> Vec<u8> {
    let number = match call.name {
        "sendredpack" | "gethbinfo" => ("mch_billno", PACKET),
        "paywwsptrans2pocket" | "querywwsptrans2pocket" => ("partner_trade_no", EMPLOYEE),
        "refund" => ("out_refund_no", "R20261121000A78KQ2"),
        "wxcharge" => ("out_trade_no", CHARGE),
        _ => ("out_trade_no", NUMBER),
    };
    let mch_id = if call.key == SWIFTPASS_KEY { SWIFTPASS_MCH_ID } else { MCH_ID };
    let mut pairs: Vec<(String, String)> =
        call.success.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let mut add = |name: &str, value: &str| pairs.push((name.into(), value.into()));
    add(number.0, number.1);
    if call.name != "wxcharge" {
        add("mch_id", mch_id);
    }
    for (name, good) in [
        ("send_listid", "100000000020150520314766074200"),
        ("payment_no", "1007752501201407033233368018"),
        ("mweb_url", "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx2016&package=1405458241"),
        ("transaction_id", "1009660380201506130728806387"),
        ("prepay_id", "wx201410272009395522657a690389285100"),
        ("code_url", "weixin://wxpay/bizpayurl?pr=NwY5Mz9"),
        ("refund_id", "2007752501201407033233368018"),
    ] {
        if call.only.contains(&name) {
            add(name, good);
        }
    }
    match call.name {
        "sendredpack" => {
            add("re_openid", "onqOjjmM1tad-3ROpncN-yUfa6uI");
            add("total_amount", "200");
            add("wxappid", APPID);
        }
        "micropay" | "unified.trade.micropay" => add("total_fee", "888"),
        "refund" => {
            add("refund_fee", "88");
            add("total_fee", "888");
            add("out_trade_no", NUMBER);
        }
        "gethbinfo" | "querywwsptrans2pocket" => add("status", "SUCCESS"),
        "orderquery" | "unified.trade.query" => {
            add("trade_state", tape.pick(&["SUCCESS", "NOTPAY", "USERPAYING", "CLOSED"]))
        }
        "unifiedorder" => {
            add("trade_type", "NATIVE");
            add("appid", APPID);
        }
        _ => {}
    }
    if tape.flag() {
        fails(call, tape, &mut pairs);
    }
    for _ in 0..tape.below(4) {
        changes(call, tape, &mut pairs);
    }
    let good = if call.name == "wxcharge" { "good".into() } else { signs::of(&pairs, call.key) };
    match tape.below(8) {
        0 => {}
        1 => pairs.push(("sign".into(), good.to_lowercase())),
        2 => pairs.push(("sign".into(), tape.text(40))),
        _ => pairs.push(("sign".into(), good)),
    }
    let mut body = if call.name == "wxcharge" { json(&pairs) } else { written(&pairs) }.into_bytes();
    match tape.below(12) {
        0 => body.truncate(tape.number() as usize % (body.len() + 1)),
        1 => {
            let at = tape.number() as usize % body.len();
            body[at] = tape.byte();
        }
        _ => {}
    }
    body
}

/// Turned into a failure, with some code.
fn fails(call: &Call, tape: &mut Tape<'_>, pairs: &mut Vec<(String, String)>) {
    let (name, word) = call.failure;
    let says = word.map_or_else(|| tape.pick(&["1", "-1", "00", "400", "0.0"]), |word| word);
    if let Some(have) = pairs.iter_mut().find(|(have, _)| have == name) {
        have.1 = says.into();
    }
    pairs.retain(|(have, _)| !call.only.contains(&have.as_str()));
    let open = [
        "SYSTEMERROR",
        "PROCESSING",
        "FATAL_ERROR",
        "SUCCESS",
        "USERPAYING",
        "ORDERPAID",
        "ORDERCLOSED",
        "OUT_TRADE_NO_USED",
        "INVALID_REQUEST",
        "BANKERROR",
        "NOT_FOUND",
        "ORDERNOTEXIST",
        "TRADE_ERROR",
        "ERROR",
        "NAME_MISMATCH",
        "AMOUNT_LIMIT",
        "Order paid",
        "Internal error",
        "",
    ];
    let refused = call.refused();
    let code = match tape.below(3) {
        0 => tape.pick(&open).to_owned(),
        1 if !refused.is_empty() => tape.pick(&refused).to_owned(),
        // The library's own table: what is in it and in no document shows.
        _ => match ENDPOINTS.iter().find(|endpoint| call.is_called(endpoint.name)).map(|endpoint| endpoint.reply.codes)
        {
            Some(rows) if !rows.is_empty() => rows[tape.below(rows.len())].code.to_owned(),
            _ => tape.text(20),
        },
    };
    pairs.push(("err_code".into(), code));
    if tape.flag() {
        pairs.push(("need_query".into(), tape.pick(&["N", "Y", "n"]).into()));
    }
    if call.failure.1.is_some() && tape.flag() {
        pairs.push(("err_code_des".into(), tape.text(30)));
    }
}

fn changes(call: &Call, tape: &mut Tape<'_>, pairs: &mut Vec<(String, String)>) {
    if pairs.is_empty() {
        return;
    }
    let at = tape.below(pairs.len());
    match tape.below(5) {
        0 => drop(pairs.remove(at)),
        1 => pairs[at].1 = tape.text(30),
        2 => {
            let twice = pairs[at].clone();
            pairs.push(if tape.flag() { twice } else { (twice.0, tape.text(10)) });
        }
        3 => {
            pairs[at].1 = tape
                .pick(&[
                    "", " ", "0", "SUCCESS", "FAIL", "OK", "NULL", "1", "200", "888", " 888", "0888", NUMBER, PACKET,
                ])
                .into()
        }
        _ => {
            let name = tape.pick(&[
                "err_code",
                "mch_id",
                "appid",
                "out_trade_no",
                "total_fee",
                "return_code",
                "result_code",
                "pay_result",
                "trade_state",
                "attach",
                "need_query",
                "send_listid",
                "transaction_id",
                "mweb_url",
                "sign_type",
            ]);
            pairs.push((name.into(), if tape.flag() { tape.text(20) } else { call.success[0].1.into() }));
        }
    }
}

fn written(pairs: &[(String, String)]) -> String {
    let is_xml = |c: &char| matches!(c, '\t' | '\n' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
    let escaped = |value: &str| -> String {
        value.chars().filter(is_xml).collect::<String>().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
    };
    let fields: String = pairs.iter().map(|(name, value)| format!("<{name}>{}</{name}>", escaped(value))).collect();
    format!("<xml>{fields}</xml>")
}

fn json(pairs: &[(String, String)]) -> String {
    let rows: Vec<String> = pairs
        .iter()
        .map(|(name, value)| {
            format!("{}:{}", serde_json::Value::from(name.as_str()), serde_json::Value::from(value.as_str()))
        })
        .collect();
    format!("{{{}}}", rows.join(","))
}
