//! Servers made by hand, for what no well-behaved gateway does; and clients that trust them.
//!
//! A server runs one script a connection and writes down everything that arrived. [`RawServer::finish`] waits until
//! all of it is written down, so drop the client first.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{Ssl, SslContext, SslMethod, SslStream, SslVerifyMode, SslVersion};
use openssl::x509::X509;
use wxpay_simulator::credentials;
use wxpay_terminal::{
    Client, Doubt, Error, ErrorKind, Https, HttpsBuilder, Identity, Outcome, RedPackSent, RedpackAccount, Secret,
    Terminal, Transport,
};

use crate::support::certificates::{self, Form};
pub use crate::support::{red_packet, run_again};

/// How long a server waits for a client before it gives up. No test comes near it.
const PATIENCE: Duration = Duration::from_secs(20);

/// A TLS version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    V12,
    V13,
}

/// Runs a test on TLS 1.2 and 1.3, at the same time. The thread's name says which one failed.
pub fn both(test: impl Fn(Tls) + Sync) {
    thread::scope(|scope| {
        for tls in [Tls::V12, Tls::V13] {
            let test = &test;
            thread::Builder::new().name(format!("TLS {tls:?}")).spawn_scoped(scope, move || test(tls)).unwrap();
        }
    });
}

// ---- certificates ----

/// One key serves for everything; only the certificates differ.
struct Certificates {
    key: PKey<Private>,
    ca: X509,
    server: X509,
    merchant: X509,
}

fn certificates() -> &'static Certificates {
    static MADE: OnceLock<Certificates> = OnceLock::new();
    MADE.get_or_init(|| {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
        let ca = certificate("Raw CA", &key, None);
        let server = certificate("localhost", &key, Some(&ca));
        let merchant = certificate(credentials::MCH_ID, &key, Some(&ca));
        Certificates { key, ca, server, merchant }
    })
}

/// A certificate for every name of this machine, signed with its own key. Without `issuer` it is a CA.
pub fn certificate(common_name: &str, key: &PKey<Private>, issuer: Option<&X509>) -> X509 {
    let ips: &[&str] = if issuer.is_some() { &["127.0.0.1", "::1"] } else { &[] };
    let dns = issuer.map(|_| "localhost");
    let form = Form { name: common_name, digest: MessageDigest::sha256(), dns, ips, is_ca: issuer.is_none() };
    certificates::certificate(&form, key, issuer.map(|ca| (ca, key)))
}

/// How the server asks for the client's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clients {
    /// It does not ask.
    Any,
    /// It trusts no certificate, and refuses the handshake without a trusted one.
    Refused,
}

/// What a server here shows and asks for.
pub fn context(tls: Tls, clients: Clients) -> SslContext {
    let version = match tls {
        Tls::V12 => SslVersion::TLS1_2,
        Tls::V13 => SslVersion::TLS1_3,
    };
    let mut builder = SslContext::builder(SslMethod::tls_server()).unwrap();
    builder.set_min_proto_version(Some(version)).unwrap();
    builder.set_max_proto_version(Some(version)).unwrap();
    builder.set_certificate(&certificates().server).unwrap();
    builder.set_private_key(&certificates().key).unwrap();
    if clients == Clients::Refused {
        builder.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
    }
    builder.build()
}

// ---- servers ----

/// What arrived at a server.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// TCP connections.
    pub connections: usize,
    /// Completed handshakes.
    pub handshakes: usize,
    /// Bytes that arrived inside TLS.
    pub bytes: usize,
    /// Each request as far as the script read it, with the number of its connection.
    pub requests: Vec<(usize, Vec<u8>)>,
    /// What arrived outside of TLS, where the script reads that.
    pub plain: Vec<u8>,
    /// How often a script called [`Visit::mark`].
    pub marks: usize,
}

impl Log {
    /// The connections on which the requests came, in order.
    pub fn came_on(&self) -> Vec<usize> {
        self.requests.iter().map(|(connection, _)| *connection).collect()
    }

    /// The text of a request.
    #[track_caller]
    pub fn request(&self, at: usize) -> &str {
        std::str::from_utf8(&self.requests[at].1).unwrap()
    }
}

type Shared = Arc<Mutex<Log>>;

fn lock(log: &Mutex<Log>) -> MutexGuard<'_, Log> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A server on loopback.
pub struct RawServer {
    address: SocketAddr,
    log: Shared,
    acceptor: JoinHandle<()>,
    /// Held while the connection is made that ends the server; then it holds that connection's address.
    last: Arc<Mutex<Option<SocketAddr>>>,
}

impl RawServer {
    /// Shakes hands, then runs the script. The connection is closed with a FIN when the script ends.
    pub fn tls(tls: Tls, script: impl Fn(&mut Visit) + Send + Sync + 'static) -> RawServer {
        RawServer::tls_with(tls, Clients::Any, script)
    }

    /// The same for a server that may refuse the client's certificate.
    pub fn tls_with(tls: Tls, clients: Clients, script: impl Fn(&mut Visit) + Send + Sync + 'static) -> RawServer {
        RawServer::tls_by(context(tls, clients), script)
    }

    /// The same with a certificate of the caller's.
    pub fn tls_by(context: SslContext, script: impl Fn(&mut Visit) + Send + Sync + 'static) -> RawServer {
        RawServer::tcp(move |plain| {
            if let Some(mut visit) = plain.shake_hands(&context) {
                script(&mut visit);
            }
        })
    }

    /// Runs the script on bare TCP.
    pub fn tcp(script: impl Fn(Plain) + Send + Sync + 'static) -> RawServer {
        RawServer::listen(TcpListener::bind("127.0.0.1:0").unwrap(), script)
    }

    pub fn listen(listener: TcpListener, script: impl Fn(Plain) + Send + Sync + 'static) -> RawServer {
        let (log, last) = (Shared::default(), Arc::new(Mutex::new(None)));
        let address = listener.local_addr().unwrap();
        let (theirs, until, script) = (log.clone(), last.clone(), Arc::new(script));
        let acceptor = thread::spawn(move || {
            let mut visits = Vec::new();
            loop {
                let (tcp, peer) = listener.accept().unwrap();
                if *until.lock().unwrap() == Some(peer) {
                    break;
                }
                let plain = Plain::new(tcp, theirs.clone());
                let script = script.clone();
                visits.push(thread::spawn(move || script(plain)));
            }
            for visit in visits {
                visit.join().unwrap();
            }
        });
        RawServer { address, log, acceptor, last }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// `https://localhost:PORT`.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.port())
    }

    /// Waits for something that the server does on its own.
    #[track_caller]
    pub fn wait(&self, until: impl Fn(&Log) -> bool) {
        let start = Instant::now();
        while !until(&lock(&self.log)) {
            assert!(start.elapsed() < PATIENCE, "the server did not get that far");
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Waits for every connection's end, and returns everything that arrived.
    #[track_caller]
    pub fn finish(self) -> Log {
        let wake = {
            let mut last = self.last.lock().unwrap();
            let wake = TcpStream::connect(self.address).unwrap();
            *last = Some(wake.local_addr().unwrap());
            wake
        };
        self.acceptor.join().expect("the server's script");
        drop(wake);
        lock(&self.log).clone()
    }
}

/// A connection before TLS.
pub struct Plain {
    pub tcp: TcpStream,
    pub number: usize,
    log: Shared,
}

impl Plain {
    fn new(tcp: TcpStream, log: Shared) -> Plain {
        tcp.set_nodelay(true).unwrap();
        tcp.set_read_timeout(Some(PATIENCE)).unwrap();
        tcp.set_write_timeout(Some(PATIENCE)).unwrap();
        let number = {
            let mut log = lock(&log);
            log.connections += 1;
            log.connections - 1
        };
        Plain { tcp, number, log }
    }

    /// Reads a bit and writes it down. Empty when the client is gone.
    pub fn read(&mut self) -> Vec<u8> {
        let mut buffer = [0; 4096];
        let got = self.tcp.read(&mut buffer).unwrap_or(0);
        lock(&self.log).plain.extend(&buffer[..got]);
        buffer[..got].into()
    }

    /// Reads until the client is gone.
    pub fn until_gone(&mut self) {
        while !self.read().is_empty() {}
    }

    /// `None` when the handshake failed; then the client has got all the time it wants to read the alert.
    fn shake_hands(self, context: &SslContext) -> Option<Visit> {
        let Plain { tcp, number, log } = self;
        let wire = Wire { tcp: tcp.try_clone().unwrap(), held: false, reset: false };
        match Ssl::new(context).unwrap().accept(wire) {
            Ok(tls) => {
                lock(&log).handshakes += 1;
                Some(Visit { number, tls, log })
            }
            Err(failure) => {
                let _ = tcp.shutdown(Shutdown::Write);
                let _ = io::copy(&mut &tcp, &mut io::sink());
                drop(failure);
                None
            }
        }
    }
}

/// A TCP stream that always leaves its newest byte in the kernel: a socket closed with unread data sends RST.
struct Wire {
    tcp: TcpStream,
    held: bool,
    reset: bool,
}

impl Wire {
    fn let_go(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.held) {
            self.tcp.read_exact(&mut [0])?;
        }
        Ok(())
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.let_go()?;
        let there = self.tcp.peek(buffer)?;
        if let Some(all_but_one) = there.checked_sub(1) {
            self.tcp.read_exact(&mut buffer[..all_but_one])?;
            self.held = true;
        }
        Ok(there)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.tcp.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if !self.reset {
            let _ = self.let_go();
            let _ = self.tcp.shutdown(Shutdown::Write);
        }
    }
}

/// A connection inside TLS.
pub struct Visit {
    /// How many connections came before this one.
    pub number: usize,
    tls: SslStream<Wire>,
    log: Shared,
}

impl Visit {
    /// Reads one whole request. `None` when the client left before its end.
    pub fn request(&mut self) -> Option<Vec<u8>> {
        self.read_request(true)
    }

    /// Reads the head of a request and leaves its body.
    pub fn head(&mut self) -> Option<Vec<u8>> {
        self.read_request(false)
    }

    fn read_request(&mut self, body: bool) -> Option<Vec<u8>> {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.extend(self.read(1)?);
        }
        let length = if body { content_length(&request) } else { 0 };
        let whole = request.len() + length;
        while request.len() < whole {
            request.extend(self.read(whole - request.len())?);
        }
        lock(&self.log).requests.push((self.number, request.clone()));
        Some(request)
    }

    /// At most so many bytes. `None` when the client is gone.
    fn read(&mut self, most: usize) -> Option<Vec<u8>> {
        let mut buffer = vec![0; most];
        let got = self.tls.read(&mut buffer).ok().filter(|got| *got > 0)?;
        lock(&self.log).bytes += got;
        buffer.truncate(got);
        Some(buffer)
    }

    /// False when the client is gone.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.tls.write_all(bytes.as_ref()).is_ok()
    }

    /// Sends the same bytes until the client goes, slowly or not. Returns how many times that worked.
    pub fn send_for_ever(&mut self, bytes: &[u8], pause: Duration) -> usize {
        let start = Instant::now();
        let mut times = 0;
        while start.elapsed() < PATIENCE && self.send(bytes) {
            times += 1;
            thread::sleep(pause);
        }
        times
    }

    /// Takes one request and answers it well. False when the client is gone.
    pub fn succeed(&mut self) -> bool {
        self.request().is_some_and(|request| self.send(ok(&success(&request))))
    }

    /// Answers well as long as the client comes.
    pub fn succeed_always(&mut self) {
        while self.succeed() {}
    }

    /// Reads until the client is gone, and sends nothing.
    pub fn until_gone(&mut self) {
        while self.read(4096).is_some() {}
    }

    /// Ends TLS, but not TCP.
    pub fn close_notify(&mut self) {
        let _ = self.tls.shutdown();
    }

    /// Ends the sending side of TCP. The script may go on reading.
    pub fn fin(&mut self) {
        let _ = self.tls.get_ref().tcp.shutdown(Shutdown::Write);
    }

    /// When the script ends, the client gets an RST.
    pub fn reset(&mut self) {
        self.tls.get_mut().reset = true;
    }

    /// Says to [`RawServer::wait`] that the script got here.
    pub fn mark(&self) {
        lock(&self.log).marks += 1;
    }
}

fn content_length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let value = head.split("content-length:").nth(1).and_then(|rest| rest.lines().next());
    value.map_or(0, |value| value.trim().parse().unwrap())
}

/// Carries bytes both ways until one side is done.
pub fn pipe(left: &TcpStream, right: &TcpStream) {
    let carry = |from: &TcpStream, to: &TcpStream| {
        let _ = io::copy(&mut { from }, &mut { to });
        let _ = to.shutdown(Shutdown::Write);
    };
    thread::scope(|scope| {
        scope.spawn(|| carry(left, right));
        carry(right, left);
    });
}

// ---- replies ----

/// The text of an element of a request.
pub fn value(request: &[u8], name: &str) -> String {
    let text = String::from_utf8_lossy(request);
    let inside = text.split(&format!("<{name}>")).nth(1).and_then(|rest| rest.split('<').next());
    inside.unwrap_or_default().into()
}

/// The success of a red packet, and of a query about one.
pub fn success(request: &[u8]) -> String {
    let mut reply = String::from("<xml><return_code>SUCCESS</return_code><result_code>SUCCESS</result_code>");
    for name in ["mch_billno", "mch_id", "wxappid", "re_openid", "total_amount"] {
        let value = value(request, name);
        if !value.is_empty() {
            reply += &format!("<{name}><![CDATA[{value}]]></{name}>");
        }
    }
    reply + "<send_listid>100000000020150520314766074200</send_listid><status>SENT</status></xml>"
}

/// HTTP 200 with this body.
pub fn ok(body: &str) -> Vec<u8> {
    reply("HTTP/1.1 200 OK", &[], body)
}

/// Any status line and headers, with the body's length.
pub fn reply(status: &str, headers: &[&str], body: &str) -> Vec<u8> {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    format!("{status}\r\nContent-Type: text/xml\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// HTTP 200 with this body in chunks of so many bytes.
pub fn chunked(body: &str, size: usize) -> Vec<u8> {
    let mut out = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for chunk in body.as_bytes().chunks(size) {
        out.extend(format!("{:x}\r\n", chunk.len()).bytes());
        out.extend(chunk);
        out.extend(b"\r\n");
    }
    out.extend(b"0\r\n\r\n");
    out
}

// ---- clients ----

/// The roots of the servers here, PEM.
pub fn roots() -> Vec<u8> {
    certificates().ca.to_pem().unwrap()
}

/// Trusts the servers here and has no certificate.
pub fn anonymous() -> HttpsBuilder {
    Https::builder().only_roots(&roots()).unwrap()
}

/// The merchant's certificate.
pub fn merchant() -> Identity {
    let made = certificates();
    let (pem, key) = (made.merchant.to_pem().unwrap(), made.key.private_key_to_pem_pkcs8().unwrap());
    Identity::from_pem(&pem, &key).unwrap()
}

/// Trusts the servers here and shows the merchant's certificate.
pub fn https() -> HttpsBuilder {
    anonymous().identity(merchant())
}

/// The deadline of most exchanges here: none comes near it, not even on a busy machine.
const LONG: Duration = Duration::from_secs(6);
/// The deadline of exchanges that nothing but the deadline ends.
pub const SHORT: Duration = Duration::from_secs(2);

/// A client of the merchant.
pub fn client_with(transport: impl Transport + 'static, hosts: &[&str]) -> Client<RedpackAccount> {
    let key = Secret::from(credentials::KEY);
    let account = RedpackAccount::new(credentials::MCH_ID, credentials::APPID, key).unwrap().hosts(hosts).unwrap();
    let client = Client::new(account, Terminal::new("013467007045764").unwrap(), transport).unwrap();
    client.within(LONG).unwrap()
}

/// A client with a transport of its own.
pub fn client(hosts: &[&str]) -> Client<RedpackAccount> {
    client_with(https().build().unwrap(), hosts)
}

/// The same for exchanges that nothing but the deadline ends.
pub fn short_client(hosts: &[&str]) -> Client<RedpackAccount> {
    client(hosts).within(SHORT).unwrap()
}

/// Sends one red packet under a number of its own.
pub fn pay(client: &Client<RedpackAccount>, number: &str) -> Result<Outcome<RedPackSent>, Error> {
    client.send(&mut client.prepare(&red_packet(number)).unwrap())
}

#[track_caller]
pub fn is_accepted(outcome: Result<Outcome<RedPackSent>, Error>) {
    assert!(matches!(outcome, Ok(Outcome::Accepted(_))), "{outcome:?}");
}

#[track_caller]
pub fn is_unknown(outcome: Result<Outcome<RedPackSent>, Error>) -> Doubt {
    match outcome {
        Ok(Outcome::Unknown(doubt)) => doubt,
        other => panic!("must be Unknown: {other:?}"),
    }
}

/// The gateway was not reached.
#[track_caller]
pub fn is_unreached<T: std::fmt::Debug>(outcome: Result<T, Error>) -> Error {
    let error = outcome.expect_err("must be an Error");
    assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
    error
}

// ---- addresses without a server ----

/// A port of 127.0.0.1 on which nobody listens, and which nobody else gets: a connection of ours leaves from it.
pub struct ClosedPort {
    held: TcpStream,
    _listener: TcpListener,
}

impl ClosedPort {
    pub fn new() -> ClosedPort {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        ClosedPort { held: TcpStream::connect(listener.local_addr().unwrap()).unwrap(), _listener: listener }
    }

    pub fn address(&self) -> SocketAddr {
        self.held.local_addr().unwrap()
    }

    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.address().port())
    }
}

/// A listener whose queue is full: the kernel drops every further SYN, as a dead route does.
pub struct FullPort {
    listener: TcpListener,
    _waiting: Vec<TcpStream>,
}

impl FullPort {
    /// `None` where the system's queue has no end.
    pub fn new(address: &str) -> Option<FullPort> {
        let listener = TcpListener::bind(address).ok()?;
        let at = listener.local_addr().unwrap();
        let mut waiting = Vec::new();
        for _ in 0..5000 {
            match TcpStream::connect_timeout(&at, Duration::from_millis(100)) {
                Ok(tcp) => waiting.push(tcp),
                Err(_) => return Some(FullPort { listener, _waiting: waiting }),
            }
        }
        None
    }

    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }
}

// ---- other processes ----
