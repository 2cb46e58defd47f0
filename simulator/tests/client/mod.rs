//! A raw client: OpenSSL's TLS, HTTP by hand, and requests that are signed right.
#![allow(dead_code)]

pub mod direct;
pub mod swift;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use openssl::pkcs12::Pkcs12;
use openssl::ssl::{SslConnector, SslMethod, SslStream};
use wxpay_simulator::credentials::*;
use wxpay_simulator::{Simulator, sign};

pub type Pairs = Vec<(String, String)>;

pub const SEND: &str = "/mmpaymkttransfers/sendredpack";
pub const HBINFO: &str = "/mmpaymkttransfers/gethbinfo";
pub const PAY: &str = "/mmpaymkttransfers/promotion/paywwsptrans2pocket";
pub const QUERY: &str = "/mmpaymkttransfers/promotion/querywwsptrans2pocket";
pub const SWIFT: &str = "/pay/gateway";
pub const CHARGE: &str = "/webgate/wxcharge";

/// What came back.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The value of an element or of a JSON member; empty when there is none.
    pub fn get(&self, name: &str) -> String {
        let text = self.text();
        let json = format!("\"{name}\":");
        if let Some((_, rest)) = text.split_once(&json) {
            let end = rest.find([',', '}']).unwrap_or(rest.len());
            return rest[..end].trim_matches('"').to_owned();
        }
        let (open, shut) = (format!("<{name}>"), format!("</{name}>"));
        let Some((_, rest)) = text.split_once(&open) else {
            return String::new();
        };
        let value = rest.split(&shut).next().unwrap_or_default();
        let inner = value.strip_prefix("<![CDATA[");
        inner.map_or(value, |v| v.trim_end_matches("]]>")).to_owned()
    }

    /// Top-level pairs of an XML or JSON reply, for signatures.
    pub fn pairs(&self) -> Pairs {
        let text = self.text();
        let names: Vec<&str> = if text.starts_with('{') {
            text.split('"').skip(1).step_by(4).collect()
        } else {
            text.split("</").skip(1).filter_map(|part| part.split('>').next()).filter(|name| *name != "xml").collect()
        };
        names.iter().map(|name| (name.to_string(), self.get(name))).collect()
    }
}

pub fn connector(simulator: &Simulator, p12: Option<(&Path, &str)>) -> SslConnector {
    let mut builder = SslConnector::builder(SslMethod::tls()).unwrap();
    builder.set_ca_file(&simulator.files().ca_pem).unwrap();
    if let Some((path, password)) = p12 {
        let der = fs::read(path).unwrap();
        let identity = Pkcs12::from_der(&der).unwrap().parse2(password).unwrap();
        builder.set_certificate(&identity.cert.unwrap()).unwrap();
        builder.set_private_key(&identity.pkey.unwrap()).unwrap();
    }
    builder.build()
}

pub fn connect(simulator: &Simulator, connector: &SslConnector) -> Option<SslStream<TcpStream>> {
    let tcp = TcpStream::connect(("127.0.0.1", simulator.port())).ok()?;
    tcp.set_nodelay(true).ok()?;
    tcp.set_read_timeout(Some(Duration::from_millis(800))).ok()?;
    connector.connect("localhost", tcp).ok()
}

/// The merchant's client with its right certificate.
pub fn merchant(simulator: &Simulator) -> SslConnector {
    connector(simulator, Some((&simulator.files().p12_aes, MCH_ID)))
}

pub fn request(path: &str, kind: &str, body: &str) -> String {
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}")
}

/// Reads one response by its Content-Length; `None` when it does not come whole.
pub fn receive(stream: &mut impl Read) -> Option<Answer> {
    let mut bytes = Vec::new();
    let mut byte = [0; 1];
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        bytes.push(byte[0]);
    }
    let head = String::from_utf8(bytes).ok()?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let length = head.split("Content-Length: ").nth(1)?;
    let length: usize = length.split("\r\n").next()?.parse().ok()?;
    let mut body = vec![0; length.min(1 << 22)];
    stream.read_exact(&mut body).ok()?;
    Some(Answer { status, head, body })
}

/// One request on a new connection with the right certificate.
pub fn call(simulator: &Simulator, path: &str, body: &str) -> Option<Answer> {
    call_with(simulator, &merchant(simulator), path, body)
}

pub fn call_with(simulator: &Simulator, connector: &SslConnector, path: &str, body: &str) -> Option<Answer> {
    let mut stream = connect(simulator, connector)?;
    let kind = match path {
        CHARGE => "application/x-www-form-urlencoded",
        _ => "text/xml",
    };
    stream.write_all(request(path, kind, body).as_bytes()).ok()?;
    receive(&mut stream)
}

pub fn pairs(given: &[(&str, &str)]) -> Pairs {
    let owned = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
    given.iter().map(owned).collect()
}

pub fn refs(pairs: &Pairs) -> impl Iterator<Item = (&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}

/// Changes a field, or adds it.
pub fn set(pairs: &mut Pairs, name: &str, value: &str) {
    match pairs.iter_mut().find(|(known, _)| known == name) {
        Some((_, known)) => *known = value.to_owned(),
        None => pairs.push((name.to_owned(), value.to_owned())),
    }
}

pub fn xml(pairs: &Pairs) -> String {
    let elements: Vec<String> =
        refs(pairs).map(|(name, value)| format!("<{name}><![CDATA[{value}]]></{name}>")).collect();
    format!("<xml>{}</xml>", elements.concat())
}

pub fn form(pairs: &Pairs) -> String {
    let encode = |value: &str| -> String {
        let escaped = |byte: u8| match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        };
        value.bytes().map(escaped).collect()
    };
    let pairs: Vec<String> = refs(pairs).map(|(name, value)| format!("{name}={}", encode(value))).collect();
    pairs.join("&")
}

/// A payment of one gateway: path, fields without signature, and how to finish it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    Redpack,
    Workwx,
    Swiftpass,
    Webgate,
}

pub const GATES: [Gate; 4] = [Gate::Redpack, Gate::Workwx, Gate::Swiftpass, Gate::Webgate];

impl Gate {
    pub fn path(self) -> &'static str {
        match self {
            Gate::Redpack => SEND,
            Gate::Workwx => PAY,
            Gate::Swiftpass => SWIFT,
            Gate::Webgate => CHARGE,
        }
    }

    pub fn amount_field(self) -> &'static str {
        match self {
            Gate::Redpack => "total_amount",
            Gate::Swiftpass => "total_fee",
            _ => "amount",
        }
    }

    pub fn fields(self, number: &str) -> Pairs {
        match self {
            Gate::Redpack => redpack(number),
            Gate::Workwx => workwx(number),
            Gate::Swiftpass => wap(number),
            Gate::Webgate => charge(number),
        }
    }

    /// Signs and encodes.
    pub fn seal(self, fields: &Pairs) -> String {
        let mut fields = fields.clone();
        match self {
            Gate::Workwx => {
                let inner = sign::workwx(refs(&fields), WORKWX_SECRET);
                set(&mut fields, "workwx_sign", &inner);
            }
            Gate::Webgate => {
                let sign = sign::hmac_sha1(refs(&fields), PARTNER_KEY);
                set(&mut fields, "sign", &sign);
                return form(&fields);
            }
            _ => {}
        }
        let key = if self == Gate::Swiftpass { SWIFTPASS_KEY } else { KEY };
        let sign = sign::md5(refs(&fields), key);
        set(&mut fields, "sign", &sign);
        xml(&fields)
    }

    pub fn pay(self, simulator: &Simulator, fields: &Pairs) -> Option<Answer> {
        call(simulator, self.path(), &self.seal(fields))
    }

    /// The query of this gateway; the web gateway has none.
    pub fn query(self, simulator: &Simulator, number: &str) -> Option<Answer> {
        let (path, fields) = match self {
            Gate::Redpack => (HBINFO, hbinfo(number)),
            Gate::Workwx => (QUERY, workwx_query(number)),
            Gate::Swiftpass => (SWIFT, by_number("unified.trade.query", number)),
            Gate::Webgate => return None,
        };
        let key = if self == Gate::Swiftpass { SWIFTPASS_KEY } else { KEY };
        call(simulator, path, &signed(fields, key))
    }

    /// Whether the answer is a success of the call.
    pub fn is_success(self, answer: &Answer) -> bool {
        match self {
            Gate::Swiftpass => answer.get("status") == "0" && answer.get("result_code") == "0",
            Gate::Webgate => answer.get("retcode") == "0",
            _ => answer.get("result_code") == "SUCCESS",
        }
    }
}

pub fn signed(mut fields: Pairs, key: &str) -> String {
    let sign = sign::md5(refs(&fields), key);
    set(&mut fields, "sign", &sign);
    xml(&fields)
}

pub fn redpack(number: &str) -> Pairs {
    pairs(&[
        ("nonce_str", "50780e0cca98c8c8e814883e5caa672e"),
        ("mch_billno", number),
        ("mch_id", MCH_ID),
        ("wxappid", APPID),
        ("send_name", "天虹百货"),
        ("re_openid", "onqOjjmM1tad-3ROpncN-yUfa6uI"),
        ("total_amount", "200"),
        ("total_num", "1"),
        ("wishing", "恭喜发财"),
        ("client_ip", "127.0.0.1"),
        ("act_name", "新年红包"),
        ("remark", "新年红包"),
    ])
}

pub fn hbinfo(number: &str) -> Pairs {
    pairs(&[
        ("nonce_str", "50780e0cca98c8c8e814883e5caa672e"),
        ("mch_billno", number),
        ("mch_id", MCH_ID),
        ("appid", APPID),
        ("bill_type", "MCHT"),
    ])
}

/// Seed 0's example, with another number.
pub fn workwx(number: &str) -> Pairs {
    pairs(&[
        ("appid", "wxe062425f740c30d8"),
        ("mch_id", "1900000109"),
        ("device_info", "013467007045764"),
        ("nonce_str", "3PG2J4ILTKCH16CQ2502SI8ZNMTM67VS"),
        ("partner_trade_no", number),
        ("openid", "ohO4Gt7wVPxIT1A9GjFaMYMiZY1s"),
        ("check_name", "NO_CHECK"),
        ("re_user_name", "张三"),
        ("amount", "100"),
        ("desc", "六月出差报销费用"),
        ("spbill_create_ip", "10.2.3.10"),
        ("ww_msg_type", "NORMAL_MSG"),
        ("act_name", "示例项目"),
    ])
}

pub fn workwx_query(number: &str) -> Pairs {
    pairs(&[
        ("nonce_str", "3PG2J4ILTKCH16CQ2502SI8ZNMTM67VS"),
        ("partner_trade_no", number),
        ("mch_id", MCH_ID),
        ("appid", APPID),
    ])
}

pub fn wap(number: &str) -> Pairs {
    pairs(&[
        ("service", "pay.weixin.wap"),
        ("charset", "UTF-8"),
        ("sign_type", "MD5"),
        ("sub_appid", "wx2421b1c4370ec43b"),
        ("attach", "支付测试"),
        ("body", "H5支付测试"),
        ("mch_id", SWIFTPASS_MCH_ID),
        ("nonce_str", "1add1a30ac87aa2db72f57a2375d8fec"),
        ("notify_url", "http://wxpay.wxutil.com/pub_v2/pay/notify.v2.php"),
        ("sub_openid", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"),
        ("out_trade_no", number),
        ("mch_create_ip", "14.23.150.211"),
        ("total_fee", "1"),
    ])
}

pub fn by_number(service: &str, number: &str) -> Pairs {
    pairs(&[
        ("service", service),
        ("mch_id", SWIFTPASS_MCH_ID),
        ("out_trade_no", number),
        ("nonce_str", "1add1a30ac87aa2db72f57a2375d8fec"),
    ])
}

/// Seed 3's example, with another number.
pub fn charge(number: &str) -> Pairs {
    pairs(&[
        ("partner_id", "10001"),
        ("openid", "2010021010"),
        ("netid", "210"),
        ("timestamp", "20150119130901"),
        ("sign_method", "HMAC"),
        ("out_trade_no", number),
        ("amount", "20000"),
        ("remark", "recharge"),
    ])
}
