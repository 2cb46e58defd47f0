//! A raw reply over TLS, from a server of this machine, ended in order or cut. Held against a strict reader of HTTP/1.1 written from RFC 9112: what the
//! transport calls a reply has one reading, and that one; a reply that was cut is none; and whatever goes wrong after the handshake, the request may have
//! left. A deadline that is not kept is found by libFuzzer's own.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use openssl::ssl::{ShutdownState, SslAcceptor, SslMethod, SslStream};
use wxpay_terminal::{Https, Post, Sent, Transport};

use crate::support::certificates::{self, Form};

/// How the server ends a connection.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    /// `close_notify`.
    Clean,
    /// The connection goes, without a word of TLS.
    Cut,
    /// It stays open: only the length can say where the reply ends.
    Open,
}

#[derive(Clone)]
struct Says {
    bytes: Vec<u8>,
    end: End,
}

struct Server {
    url: String,
    https: Https,
    says: Arc<Mutex<Says>>,
}

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let group = openssl::ec::EcGroup::from_curve_name(openssl::nid::Nid::X9_62_PRIME256V1).expect("a curve");
        let key =
            openssl::pkey::PKey::from_ec_key(openssl::ec::EcKey::generate(&group).expect("a key")).expect("a key");
        let sha256 = openssl::hash::MessageDigest::sha256();
        let ca = Form { name: "Fuzz CA", digest: sha256, dns: None, ips: &[], is_ca: true };
        let ca = certificates::certificate(&ca, &key, None);
        let own = Form { name: "localhost", digest: sha256, dns: Some("localhost"), ips: &["127.0.0.1"], is_ca: false };
        let own = certificates::certificate(&own, &key, Some((&ca, &key)));
        let mut acceptor = SslAcceptor::mozilla_modern_v5(SslMethod::tls()).expect("TLS");
        acceptor.set_certificate(&own).expect("a certificate");
        acceptor.set_private_key(&key).expect("a key");
        let acceptor = acceptor.build();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("https://127.0.0.1:{}/", listener.local_addr().expect("a port").port());
        let says = Arc::new(Mutex::new(Says { bytes: Vec::new(), end: End::Clean }));
        let answers = says.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (acceptor, answers) = (acceptor.clone(), answers.clone());
                std::thread::spawn(move || answers_one(&acceptor, stream, &answers));
            }
        });
        let builder = Https::builder().only_roots(&ca.to_pem().expect("PEM")).expect("a root");
        Server { url, https: builder.build().expect("a transport"), says }
    })
}

fn answers_one(acceptor: &SslAcceptor, stream: TcpStream, says: &Mutex<Says>) {
    let _ = stream.set_nodelay(true);
    let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
    let Ok(mut tls) = acceptor.accept(stream) else { return };
    while is_asked(&mut tls) {
        let Says { bytes, end } = says.lock().expect("nobody panicked").clone();
        if tls.write_all(&bytes).and_then(|()| tls.flush()).is_err() {
            return;
        }
        match end {
            End::Clean => {
                let _ = tls.shutdown();
                return;
            }
            End::Cut => {
                // Without a word of TLS.
                tls.set_shutdown(ShutdownState::SENT);
                return;
            }
            End::Open => {}
        }
    }
}

/// A whole request came.
fn is_asked(tls: &mut SslStream<TcpStream>) -> bool {
    let (mut got, mut piece) = (Vec::new(), [0; 2048]);
    loop {
        match tls.read(&mut piece) {
            Ok(0) | Err(_) => return false,
            Ok(count) => got.extend_from_slice(&piece[..count]),
        }
        if let Some(end) = got.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&got[..end]).to_ascii_lowercase();
            let length =
                head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
            if got.len() >= end + 4 + length.unwrap_or(0) {
                return true;
            }
        }
    }
}

/// The first byte says how it ends, and whether a head stands before the rest.
pub fn run(data: &[u8]) -> String {
    let Some((&first, rest)) = data.split_first() else { return String::new() };
    let end = [End::Clean, End::Cut, End::Clean, End::Open][usize::from(first % 4)];
    let bytes = rest.to_vec();
    let server = server();
    *server.says.lock().expect("nobody panicked") = Says { bytes: bytes.clone(), end };
    let mut post = Post::new(&server.url, "text/xml; charset=utf-8", b"<xml><a>1</a></xml>");
    // Whoever waits for more than this server sends waits so long.
    post.within = Duration::from_millis(if end == End::Open { 400 } else { 3_000 });
    post.connect_within = Duration::from_secs(3);
    post.own_connection = true;
    let got = server.https.post(&post);
    let context = || format!("{end:?}\n{}\n{got:?}", String::from_utf8_lossy(&bytes));
    match &got {
        Ok(received) => {
            let (status, body) = strict(&bytes, end).unwrap_or_else(|why| panic!("{why}: {}", context()));
            assert_eq!((received.status, &received.body), (status, &body), "{}", context());
            format!("{status} {}", body.len())
        }
        Err(fault) => {
            assert!(fault.sent == Sent::Maybe || fault.stage != wxpay_terminal::Stage::Exchange, "{}", context());
            // Its words may tell of times and ports.
            "no reply".into()
        }
    }
}

/// The one reading of these bytes as a reply (RFC 9112, 4 to 7), or why there is none.
fn strict(bytes: &[u8], end: End) -> Result<(u16, Vec<u8>), String> {
    let mut rest = bytes;
    let (status, version, fields) = loop {
        // A line may end with a line feed alone (RFC 9112, 2.2). A reason may have bytes beyond ASCII (4).
        let mut head: Vec<String> = Vec::new();
        loop {
            let at = rest.iter().position(|byte| *byte == b'\n').ok_or("the head has no end")?;
            let line = rest[..at].strip_suffix(b"\r").unwrap_or(&rest[..at]);
            rest = &rest[at + 1..];
            match (line.is_empty(), head.is_empty()) {
                // Before the first line they are skipped: no reply begins with one.
                (true, true) => {}
                (true, false) => break,
                (false, _) => head.push(String::from_utf8_lossy(line).into_owned()),
            }
        }
        let mut lines = head.iter().map(String::as_str);
        let first = lines.next().unwrap_or_default();
        let (version, status) = first.split_once(' ').ok_or("no status line")?;
        let status: u16 = status.get(..3).and_then(|digits| digits.parse().ok()).ok_or("no status")?;
        let version = match version {
            "HTTP/1.1" => 1,
            "HTTP/1.0" => 0,
            _ => return Err("another protocol".into()),
        };
        let fields: Vec<(String, String)> = lines
            .map(|line| {
                let (name, value) = line.split_once(':').ok_or("a line without a colon")?;
                Ok((name.to_ascii_lowercase(), value.trim_matches([' ', '\t']).to_owned()))
            })
            .collect::<Result<_, &str>>()?;
        // Interim replies are followed by the real one; 101 is none of them.
        if status == 101 || !(100..200).contains(&status) {
            break (status, version, fields);
        }
    };
    let all = |name: &str| {
        fields.iter().filter(|(have, _)| have == name).map(|(_, value)| value.as_str()).collect::<Vec<_>>()
    };
    let (lengths, codings) = (all("content-length"), all("transfer-encoding"));
    for coding in all("content-encoding") {
        let coded = coding.split(',').any(|one| {
            matches!(one.trim().to_ascii_lowercase().as_str(), "gzip" | "deflate" | "br" | "x-gzip" | "zstd")
        });
        if coded {
            return Err("it is compressed".into());
        }
    }
    // After 101 another protocol is spoken (RFC 9110, 15.2.2).
    if matches!(status, 101 | 204 | 304) {
        return Ok((status, Vec::new()));
    }
    match (codings.as_slice(), lengths.as_slice()) {
        ([coding], []) if coding.eq_ignore_ascii_case("chunked") && version == 1 => Ok((status, chunks(rest)?)),
        ([], [first, others @ ..]) if others.iter().all(|other| other == first) => {
            let length: usize = first.parse().map_err(|_| "no length")?;
            if !first.bytes().all(|b| b.is_ascii_digit()) {
                return Err("no length".into());
            }
            rest.get(..length).map(|body| (status, body.to_vec())).ok_or_else(|| "it ends too early".into())
        }
        // OpenSSL 3 does not tell the one end from the other. A cut XML or JSON text is none, so nothing is believed of it.
        ([], []) if end != End::Open => Ok((status, rest.to_vec())),
        ([], []) => Err("only the end of the connection could say where it ends, and it stays open".into()),
        _ => Err("two readers would read two bodies".into()),
    }
}

fn chunks(mut rest: &[u8]) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n").ok_or("a chunk without its size")?;
        // What is behind `;` is an extension. Whoever does not know it ignores it, whatever its bytes (7.1.1).
        let size = rest[..end].split(|byte| *byte == b';').next().unwrap_or_default();
        // Blanks around it, or a plus sign: whoever takes them reads the same number.
        let digits = std::str::from_utf8(size).map_err(|_| "a size that is no text")?.trim();
        let size = usize::from_str_radix(digits, 16).map_err(|_| "a size that is no number")?;
        rest = &rest[end + 2..];
        if size == 0 {
            // The body is whole (8). Trailers are nobody's; who waits for their end in vain may give up.
            return Ok(body);
        }
        let chunk = rest.get(..size).ok_or("a chunk is cut")?;
        body.extend_from_slice(chunk);
        rest = rest[size..].strip_prefix(b"\r\n").ok_or("a chunk has no end")?;
    }
}
