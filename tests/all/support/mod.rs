//! What many tests need: accounts, requests, and a transport that answers from a list.

pub mod bills;
#[cfg(feature = "https")]
pub mod certificates;
pub mod counter;
pub mod dialect;
#[cfg(feature = "https")]
pub mod flights;
#[cfg(feature = "https")]
pub mod gateways;
pub mod memory_journal;
#[cfg(feature = "https")]
pub mod raw_server;
pub mod red_packets;
pub mod unified;
#[cfg(feature = "https")]
pub mod unified_https;
pub mod wxpay;

use std::collections::VecDeque;
use std::io::Write as _;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wxpay_terminal::*;

pub const MCH_ID: &str = "1900000109";
pub const APPID: &str = "wx8888888888888888";
pub const CORPID: &str = "wxe062425f740c30d8";
pub const KEY: &str = "0123456789abcdef0123456789ABCDEF";
pub const WORKWX_SECRET: &str = "192006250b4c09247ec02edce69f6a2d";
pub const SWIFTPASS_MCH_ID: &str = "7551000001";
pub const SWIFTPASS_KEY: &str = "9d101c97133837e13dde2d32a5054abb";
/// 2026-11-21 in China.
pub const NOW: i64 = 1_795_248_000;
/// What a till makes of the fields that decide, where a test prunes without a till: any sixteen bytes.
#[cfg(feature = "sqlite")]
pub const DECIDED: [u8; 16] = *b"what was decided";

pub fn key() -> Secret {
    Secret::from(KEY)
}

pub fn fen(amount: i64) -> Fen {
    Fen::new(amount).unwrap()
}

/// A transport that gives prepared answers and keeps what was sent.
#[derive(Clone, Default)]
pub struct Canned(Arc<Mutex<Script>>);

#[derive(Default)]
struct Script {
    answers: VecDeque<Result<Received, Fault>>,
    sent: Vec<SentPost>,
}

/// One request as the transport saw it.
#[derive(Clone, Debug)]
pub struct SentPost {
    pub url: String,
    pub content_type: &'static str,
    pub body: String,
    pub own_connection: bool,
    pub within: std::time::Duration,
}

impl Canned {
    /// Answers 200 with this body, on a connection of its own.
    pub fn then(&self, body: &str) -> &Canned {
        self.then_with(body, 200, false)
    }

    pub fn then_with(&self, body: &str, status: u16, reused: bool) -> &Canned {
        self.then_bytes(body.as_bytes(), status, reused)
    }

    pub fn then_bytes(&self, body: &[u8], status: u16, reused: bool) -> &Canned {
        let received = Received { reused, ..Received::new(status, body) };
        self.0.lock().unwrap().answers.push_back(Ok(received));
        self
    }

    /// Answers with the gateway's own time beside the body.
    pub fn then_dated(&self, body: &str, date: i64) -> &Canned {
        let received = Received { reused: false, date: Some(date), ..Received::new(200, body) };
        self.0.lock().unwrap().answers.push_back(Ok(received));
        self
    }

    pub fn then_fault(&self, sent: Sent) -> &Canned {
        let fault = Fault { sent, stage: Stage::Exchange, text: "scripted".into() };
        self.0.lock().unwrap().answers.push_back(Err(fault));
        self
    }

    pub fn sent(&self) -> Vec<SentPost> {
        self.0.lock().unwrap().sent.clone()
    }
}

impl Transport for Canned {
    fn post(&self, post: &Post<'_>) -> Result<Received, Fault> {
        let mut script = self.0.lock().unwrap();
        script.sent.push(SentPost {
            url: post.url.into(),
            content_type: post.content_type,
            body: String::from_utf8(post.body.to_vec()).unwrap(),
            own_connection: post.own_connection,
            within: post.within,
        });
        // An answer may name the order that it is asked about.
        let sent = std::str::from_utf8(post.body).unwrap_or_default();
        let number = ["mch_billno", "partner_trade_no", "out_trade_no"].iter().find_map(|name| xml_value(sent, name));
        let number = number.unwrap_or_default();
        if let Some(Ok(received)) = script.answers.front_mut()
            && let Ok(body) = std::str::from_utf8(&received.body)
        {
            received.body = body.replace("{number}", &number).into_bytes();
        }
        script.answers.pop_front().unwrap_or_else(|| Err(Fault::unsent(Stage::Connect, "the script is over")))
    }
}

/// A clock that stands where it is put.
pub struct FixedClock(pub i64);

impl Clock for FixedClock {
    fn unix_seconds(&self) -> i64 {
        self.0
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

/// Counts up: every nonce differs, every run is the same.
pub struct Counting(Mutex<u64>);

impl Counting {
    pub fn new() -> Counting {
        Counting(Mutex::new(0))
    }
}

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Error> {
        let mut count = self.0.lock().unwrap();
        *count += 1;
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = (*count >> (5 * (at % 12))) as u8;
        }
        Ok(())
    }
}

pub fn inputs(transport: &Canned) -> Inputs {
    Inputs {
        transport: Box::new(transport.clone()),
        clock: Box::new(FixedClock(NOW)),
        random: Box::new(Counting(Mutex::new(0))),
    }
}

pub fn terminal() -> Terminal {
    Terminal::new("013467007045764").unwrap()
}

pub fn redpack(transport: &Canned) -> Client<RedpackAccount> {
    let account = RedpackAccount::new(MCH_ID, APPID, key()).unwrap();
    Client::with_inputs(account, terminal(), inputs(transport)).unwrap()
}

pub fn workwx(transport: &Canned) -> Client<WorkwxAccount> {
    let account = WorkwxAccount::new(MCH_ID, CORPID, key(), Secret::from(WORKWX_SECRET)).unwrap();
    Client::with_inputs(account, terminal(), inputs(transport)).unwrap()
}

pub fn swiftpass(transport: &Canned) -> Client<SwiftpassAccount> {
    Client::with_inputs(swiftpass_account(), terminal(), inputs(transport)).unwrap()
}

pub fn swiftpass_account() -> SwiftpassAccount {
    SwiftpassAccount::new("https://gateway.example/pay/gateway", SWIFTPASS_MCH_ID, Secret::from(SWIFTPASS_KEY))
        .unwrap()
        .sub_appid("wx2421b1c4370ec43b")
        .unwrap()
}

/// A rule that believes a reply whose `sign` is the word `good`: judging is tested apart from RSA.
pub struct SaysGood;

impl ReplyRule for SaysGood {
    fn verify(&self, reply: &Pairs) -> Result<(), &'static str> {
        if reply.get("sign") == Some("good") { Ok(()) } else { Err("the signature is wrong") }
    }
}

pub fn webgate(transport: &Canned) -> Client<WebgateAccount> {
    let account =
        WebgateAccount::new("https://pay.example", "10001", Secret::from("NYU-test-key-0001"), SaysGood).unwrap();
    Client::with_inputs(account, terminal(), inputs(transport)).unwrap()
}

pub fn red_packet(mch_billno: &str) -> SendRedPack<'_> {
    SendRedPack {
        mch_billno,
        send_name: "天虹百货",
        re_openid: "onqOjjmM1tad-3ROpncN-yUfa6uI",
        total_amount: fen(200),
        wishing: "恭喜发财",
        client_ip: "127.0.0.1",
        act_name: "新年红包",
        remark: "新年红包",
        ..SendRedPack::default()
    }
}

pub fn employee(partner_trade_no: &str) -> PayEmployee<'_> {
    PayEmployee {
        partner_trade_no,
        openid: "ohO4Gt7wVPxIT1A9GjFaMYMiZY1s",
        amount: fen(100),
        desc: "六月出差报销费用",
        spbill_create_ip: "10.2.3.10",
        act_name: "示例项目",
        ..PayEmployee::new(CheckName::NoCheck { re_user_name: Some("张三") }, WwMsgType::Normal)
    }
}

pub fn wap_order(out_trade_no: &str) -> WapOrder<'_> {
    WapOrder {
        out_trade_no,
        body: "H5支付测试",
        total_fee: fen(1),
        mch_create_ip: "14.23.150.211",
        notify_url: "http://127.0.0.1/notify",
        sub_openid: Some("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"),
        ..WapOrder::default()
    }
}

pub fn charge(out_trade_no: &str) -> WxCharge<'_> {
    WxCharge { openid: "2010021010", netid: "210", out_trade_no, amount: fen(20_000), remark: Some("recharge") }
}

/// Writes an XML reply, values in CDATA as gateways do.
pub fn reply(fields: &[(&str, &str)]) -> String {
    let body: String = fields.iter().map(|(name, value)| format!("<{name}><![CDATA[{value}]]></{name}>")).collect();
    format!("<xml>{body}</xml>")
}

/// The success reply to [`red_packet`], changed by `change` (an empty value removes the field).
pub fn redpack_success(number: &str, change: &[(&str, &str)]) -> String {
    changed(
        &[
            ("return_code", "SUCCESS"),
            ("return_msg", "发放成功"),
            ("result_code", "SUCCESS"),
            ("mch_billno", number),
            ("mch_id", MCH_ID),
            ("wxappid", APPID),
            ("re_openid", "onqOjjmM1tad-3ROpncN-yUfa6uI"),
            ("total_amount", "200"),
            ("send_listid", "100000000020150520314766074200"),
        ],
        change,
    )
}

/// The success reply to [`employee`].
pub fn workwx_success(number: &str, change: &[(&str, &str)]) -> String {
    changed(
        &[
            ("return_code", "SUCCESS"),
            ("result_code", "SUCCESS"),
            ("mch_id", MCH_ID),
            ("partner_trade_no", number),
            ("payment_no", "1007752501201407033233368018"),
            ("payment_time", "2017-07-20 22：05：59"),
        ],
        change,
    )
}

/// A failure reply of redpack or workwx with this code.
pub fn tenpay_failure(code: &str) -> String {
    reply(&[
        ("return_code", "SUCCESS"),
        ("return_msg", "失败"),
        ("result_code", "FAIL"),
        ("err_code", code),
        ("err_code_des", "失败"),
    ])
}

pub fn changed(base: &[(&str, &str)], change: &[(&str, &str)]) -> String {
    let mut fields: Vec<(&str, &str)> = base.to_vec();
    for (name, value) in change {
        fields.retain(|(have, _)| have != name);
        if !value.is_empty() {
            fields.push((name, value));
        }
    }
    reply(&fields)
}

/// Signs as a Swiftpass gateway does, with OpenSSL.
pub fn swiftpass_signed(fields: &[(&str, &str)]) -> String {
    let mut all = fields.to_vec();
    let sign = openssl_md5(&all, SWIFTPASS_KEY);
    all.push(("sign", &sign));
    reply(&all)
}

/// The signature of section F.1, made by OpenSSL: another implementation than the library's.
pub fn openssl_md5(fields: &[(&str, &str)], key: &str) -> String {
    let text = sorted(fields) + "&key=" + key;
    let digest = openssl::hash::hash(openssl::hash::MessageDigest::md5(), text.as_bytes()).unwrap();
    digest.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// `k=v&k=v`, sorted by byte, without `sign` and empty values.
pub fn sorted(fields: &[(&str, &str)]) -> String {
    let mut kept: Vec<_> = fields.iter().filter(|(name, value)| *name != "sign" && !value.is_empty()).collect();
    kept.sort();
    kept.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// The success reply to [`wap_order`], signed.
pub fn wap_success(change: &[(&str, &str)]) -> String {
    let base = [
        ("version", "2.0"),
        ("charset", "UTF-8"),
        ("status", "0"),
        ("message", "OK"),
        ("mch_id", SWIFTPASS_MCH_ID),
        ("nonce_str", "IITRi8Iabbblz1Jc"),
        ("result_code", "0"),
        ("prepay_id", "wx201411101639507cbf6ffd8b0779950874"),
        ("trade_type", "MWEB"),
        ("mweb_url", "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx20161215&package=1405458241"),
    ];
    let mut fields: Vec<(&str, &str)> = base.to_vec();
    for (name, value) in change {
        fields.retain(|(have, _)| have != name);
        if !value.is_empty() {
            fields.push((name, value));
        }
    }
    swiftpass_signed(&fields)
}

/// The reply of an e-pay gateway under [`SaysGood`].
pub fn webgate_reply(retcode: &str, more: &str) -> String {
    format!(r#"{{"retcode":"{retcode}","retmsg":"成功"{more},"sign":"good"}}"#)
}

/// The value of a field in a body that the library wrote.
pub fn xml_value(body: &str, name: &str) -> Option<String> {
    let (_, rest) = body.split_once(&format!("<{name}>"))?;
    let (value, _) = rest.split_once(&format!("</{name}>"))?;
    Some(value.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
}

/// All fields of a body that the library wrote.
pub fn xml_fields(body: &str) -> Vec<(String, String)> {
    let inside = body.strip_prefix("<xml>").and_then(|rest| rest.strip_suffix("</xml>")).unwrap();
    let mut rest = inside;
    let mut fields = Vec::new();
    while let Some((name, after)) = rest.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
        let (_, next) = after.split_once(&format!("</{name}>")).unwrap();
        fields.push((name.to_string(), xml_value(rest, name).unwrap()));
        rest = next;
    }
    assert!(rest.is_empty(), "left over: {rest}");
    fields
}

#[track_caller]
pub fn accepted<T: std::fmt::Debug>(outcome: Result<Outcome<T>, Error>) -> T {
    match outcome {
        Ok(Outcome::Accepted(reply)) => reply,
        other => panic!("must be Accepted: {other:?}"),
    }
}

/// What a report leaves in doubt.
pub fn doubt_of(recovered: &Reported) -> Option<&Doubt> {
    match &recovered.outcome {
        Outcome::Unknown(doubt) => Some(doubt),
        _ => None,
    }
}

/// An entry of a till's, as it is now.
pub fn as_it_is(till: &Till, id: EntryId) -> EntryVersion {
    let entries = till.unacknowledged().unwrap();
    entries.iter().find(|entry| entry.id == id).unwrap().version()
}

#[track_caller]
pub fn is_ordered<T: std::fmt::Debug>(outcome: Result<Outcome<T>, Error>) -> T {
    match outcome {
        Ok(Outcome::Ordered(made)) => made,
        other => panic!("must be Ordered: {other:?}"),
    }
}

#[track_caller]
pub fn taken<T: std::fmt::Debug>(outcome: Result<Outcome<T>, Error>) -> T {
    match outcome {
        Ok(Outcome::Taken(refund)) => refund,
        other => panic!("must be Taken: {other:?}"),
    }
}

#[track_caller]
pub fn paid_late<T: std::fmt::Debug>(outcome: Result<Outcome<T>, Error>) -> T {
    match outcome {
        Ok(Outcome::PaidLate(paid)) => paid,
        other => panic!("must be PaidLate: {other:?}"),
    }
}

#[track_caller]
pub fn declined<T: std::fmt::Debug>(outcome: Result<Outcome<T>, Error>) -> Refusal {
    match outcome {
        Ok(Outcome::Declined(refusal)) => refusal,
        other => panic!("must be Declined: {other:?}"),
    }
}

#[track_caller]
pub fn unknown<T: std::fmt::Debug>(outcome: Result<Outcome<T>, Error>) -> Doubt {
    match outcome {
        Ok(Outcome::Unknown(doubt)) => doubt,
        other => panic!("must be Unknown: {other:?}"),
    }
}

#[track_caller]
pub fn refused<T: std::fmt::Debug>(result: Result<T, Error>, field: &str) -> Error {
    match result {
        Err(error) if error.field_name() == field => error,
        other => panic!("must be an error about {field}: {other:?}"),
    }
}

/// Runs one test of this binary again, in a process with these variables and this on its standard input, and expects
/// it to pass. Returns the lines that it printed itself.
#[track_caller]
pub fn run_again(module: &str, test: &str, variables: &[(&str, &str)], input: &str) -> String {
    let (_, module) = module.split_once("::").unwrap();
    let mut child = wxpay_simulator::this_program()
        .args(["--nocapture", "--exact", &format!("{module}::{test}")])
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A child that does not read has ended the pipe already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && printed.contains("1 passed"), "{output:?}");
    let of_the_test = |line: &&str| !line.is_empty() && !line.starts_with("running ") && !line.starts_with("test ");
    printed.lines().filter(of_the_test).map(|line| format!("{line}\n")).collect()
}

/// A size: `make test` takes the short one, `make test-all` (`WXPAY_AT_LENGTH=1`) the long one, and a variable of its own any.
pub fn size(variable: &str, short: u64, long: u64) -> u64 {
    let at_length = std::env::var_os("WXPAY_AT_LENGTH").is_some();
    let given = std::env::var(variable).ok().and_then(|text| text.parse().ok());
    given.unwrap_or(if at_length { long } else { short })
}
