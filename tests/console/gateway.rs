//! A raw client of the gateways: what the library would refuse to send.

use std::io::{Read, Write};
use std::net::TcpStream;

use openssl::pkcs12::Pkcs12;
use openssl::ssl::{SslConnector, SslMethod, SslStream};
use wxpay_simulator::credentials::{APPID, KEY, MCH_ID};
use wxpay_simulator::{Simulator, sign};

pub struct Gateway<'a> {
    simulator: &'a Simulator,
    connector: SslConnector,
}

type Fields = [(String, String)];

impl Gateway<'_> {
    /// With the merchant's certificate.
    pub fn of(simulator: &Simulator) -> Gateway<'_> {
        let mut builder = SslConnector::builder(SslMethod::tls()).unwrap();
        builder.set_ca_file(&simulator.files().ca_pem).unwrap();
        let p12 = std::fs::read(&simulator.files().p12_aes).unwrap();
        let identity = Pkcs12::from_der(&p12).unwrap().parse2(MCH_ID).unwrap();
        builder.set_certificate(&identity.cert.unwrap()).unwrap();
        builder.set_private_key(&identity.pkey.unwrap()).unwrap();
        Gateway { simulator, connector: builder.build() }
    }

    fn connect(&self) -> SslStream<TcpStream> {
        let tcp = TcpStream::connect(("127.0.0.1", self.simulator.port())).unwrap();
        self.connector.connect("localhost", tcp).unwrap()
    }

    pub fn pays(&self, fields: &Fields) {
        self.calls("/pay/micropay", fields);
    }

    pub fn sends(&self, fields: &Fields) {
        self.calls("/mmpaymkttransfers/sendredpack", fields);
    }

    /// One call, on a connection of its own.
    pub fn calls(&self, path: &str, fields: &Fields) {
        let mut stream = self.connect();
        stream.write_all(request(path, fields).as_bytes()).unwrap();
        answered(&mut stream);
    }

    /// Red packets, over one connection.
    pub fn send_all(&self, all: impl Iterator<Item = Vec<(String, String)>>) {
        let mut stream = self.connect();
        for fields in all {
            stream.write_all(request("/mmpaymkttransfers/sendredpack", &fields).as_bytes()).unwrap();
            answered(&mut stream);
        }
    }
}

fn request(path: &str, fields: &Fields) -> String {
    let sign = sign::md5(fields.iter().map(|(name, value)| (name.as_str(), value.as_str())), KEY);
    let elements = fields.iter().map(|(name, value)| format!("<{name}><![CDATA[{value}]]></{name}>"));
    let body = format!("<xml>{}<sign>{sign}</sign></xml>", elements.collect::<String>());
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

/// Reads one reply to its end.
fn answered(stream: &mut impl Read) {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let count = stream.read(&mut buffer).unwrap();
        bytes.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&bytes);
        let whole = text.split_once("\r\n\r\n").is_some_and(|(head, _)| {
            let length = head.split("Content-Length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse().ok());
            bytes.len() >= head.len() + 4 + length.unwrap_or(0_usize)
        });
        if whole || count == 0 {
            return;
        }
    }
}

pub fn pairs(given: &[(&str, &str)]) -> Vec<(String, String)> {
    given.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

/// A payment by code, without a signature.
pub fn sale(number: &str, body: &str, code: &str) -> Vec<(String, String)> {
    pairs(&[
        ("appid", APPID),
        ("mch_id", MCH_ID),
        ("nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"),
        ("out_trade_no", number),
        ("body", body),
        ("total_fee", "888"),
        ("spbill_create_ip", "127.0.0.1"),
        ("auth_code", code),
    ])
}

/// 2 yuan. `words` is the name of the action.
pub fn red_packet(number: &str, words: &str) -> Vec<(String, String)> {
    pairs(&[
        ("nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"),
        ("mch_billno", number),
        ("mch_id", MCH_ID),
        ("wxappid", APPID),
        ("send_name", "天虹百货"),
        ("re_openid", "oxTWIuGaIt6gTKsQRLau2M0yL16E"),
        ("total_amount", "200"),
        ("total_num", "1"),
        ("wishing", "感谢您参加"),
        ("client_ip", "127.0.0.1"),
        ("act_name", words),
        ("remark", "猜越多得越多"),
    ])
}
