//! What all benchmarks measure: the same requests, replies and floors.

// Each benchmark takes its part.
#![allow(dead_code)]

use std::time::Duration;

use md5::{Digest as _, Md5};
use wxpay_terminal::endpoint::Digest;
use wxpay_terminal::*;

pub const MCH_ID: &str = "888";
pub const KEY: &str = "0123456789abcdef0123456789ABCDEF";
pub const APPID: &str = "wxcbda96de0b165486";
pub const NUMBER: &str = "0010010404201411170000046545";

/// The red packet of document 1, as its example has it: 12 fields with `mch_id`, `wxappid` and `nonce_str`, and `sign`.
pub fn red_packet(mch_billno: &str) -> SendRedPack<'_> {
    SendRedPack {
        mch_billno,
        send_name: "send_name",
        re_openid: "onqOjjmM1tad-3ROpncN-yUfa6uI",
        total_amount: Fen::new(200).expect("fen"),
        wishing: "恭喜发财",
        client_ip: "127.0.0.1",
        act_name: "新年红包",
        remark: "新年红包",
        ..SendRedPack::default()
    }
}

/// What a gateway answers to it.
pub fn red_packet_reply(mch_billno: &str) -> String {
    let fields = [
        ("return_code", "SUCCESS"),
        ("return_msg", "发放成功"),
        ("result_code", "SUCCESS"),
        ("mch_billno", mch_billno),
        ("mch_id", MCH_ID),
        ("wxappid", APPID),
        ("re_openid", "onqOjjmM1tad-3ROpncN-yUfa6uI"),
        ("total_amount", "200"),
        ("send_listid", "100000000020150520314766074200"),
    ];
    fields.iter().fold(String::from("<xml>"), |xml, (name, value)| xml + &element(name, value)) + "</xml>"
}

pub fn element(name: &str, value: &str) -> String {
    format!("<{name}><![CDATA[{value}]]></{name}>\n")
}

/// Answers every post with the same reply.
pub struct Canned(pub String);

impl Transport for Canned {
    fn post(&self, _: &Post<'_>) -> Result<Received, Fault> {
        Ok(Received { reused: false, ..Received::new(200, self.0.clone()) })
    }
}

/// Answers each red packet with its own order number.
pub struct Obliging;

impl Transport for Obliging {
    fn post(&self, post: &Post<'_>) -> Result<Received, Fault> {
        let body = std::str::from_utf8(post.body).expect("UTF-8");
        let number = body.split_once("<mch_billno>").and_then(|(_, rest)| rest.split_once('<')).expect("a number").0;
        Ok(Received { reused: false, ..Received::new(200, red_packet_reply(number)) })
    }
}

/// A clock that stands still: what is measured is the library, not the system.
struct Still;

impl Clock for Still {
    fn unix_seconds(&self) -> i64 {
        1_795_248_000
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

/// Random numbers that cost nothing.
struct Fixed;

impl Random for Fixed {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Error> {
        bytes.fill(7);
        Ok(())
    }
}

pub fn account() -> RedpackAccount {
    RedpackAccount::new(MCH_ID, APPID, Secret::from(KEY)).expect("account")
}

pub fn terminal() -> Terminal {
    Terminal::new("013467007045764").expect("terminal")
}

/// A client without a socket, whose clock and random numbers cost nothing.
pub fn client() -> Client<RedpackAccount> {
    let transport = Box::new(Canned(red_packet_reply(NUMBER)));
    let inputs = Inputs { transport, clock: Box::new(Still), random: Box::new(Fixed) };
    Client::with_inputs(account(), terminal(), inputs).expect("client")
}

/// The same with the system's clock and random numbers.
pub fn client_of_the_system() -> Client<RedpackAccount> {
    Client::new(account(), terminal(), Canned(red_packet_reply(NUMBER))).expect("client")
}

/// The bytes that are signed in a request or a reply: the floor is the digest of them and nothing else.
pub fn signed_bytes(body: &[u8], key: &str) -> Vec<u8> {
    let fields = read_xml(std::str::from_utf8(body).expect("UTF-8")).expect("XML");
    let mut kept: Vec<_> = fields.iter().filter(|(name, value)| *name != "sign" && !value.is_empty()).collect();
    kept.sort_unstable();
    let text: String = kept.iter().map(|(name, value)| format!("{name}={value}&")).collect();
    (text + "key=" + key).into_bytes()
}

/// The floor: nothing but the digest, by the same crate.
pub fn md5(bytes: &[u8]) -> [u8; 16] {
    Md5::digest(bytes).into()
}

/// A reply of `fields` fields and a signature, with values of `length` characters.
pub fn signed_reply(fields: usize, length: usize) -> String {
    let named: Vec<_> = (0..fields).map(|at| (format!("field_{at}"), "v".repeat(length))).collect();
    let pairs: Vec<_> = named.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let sign = signature(Digest::Md5, &pairs, Some("&key="), &Secret::from(KEY));
    let body: String = pairs.iter().map(|(name, value)| element(name, value)).collect();
    format!("<xml>{body}{}</xml>", element("sign", &sign))
}

/// A notification as a real gateway sent it: 21 fields and a signature, about 1 KiB; and its key.
pub fn real_reply() -> (String, String) {
    const VECTORS: &str = include_str!("../tests/vectors/vectors.json");
    let file: serde_json::Value = serde_json::from_str(VECTORS).expect("JSON");
    let all = file["vectors"].as_array().expect("a list");
    let one = all.iter().find(|vector| vector["id"] == "swift-notify-jspay").expect("the vector");
    let text = |name: &str| one[name].as_str().expect("text");
    (text("xml").into(), text("key").into())
}

/// The floor of reading: the XML parser alone.
pub fn tree(text: &str) -> usize {
    roxmltree::Document::parse(text).expect("XML").root_element().range().end
}

/// Reads a reply and proves its signature.
pub fn read_and_verify(text: &str, key: &Secret) -> Pairs {
    let reply = read_xml(text).expect("XML");
    verify_signature(Digest::Md5, &reply, key).expect("the signature");
    reply
}
