//! HTTPS: ureq over native-tls.
//!
//! The only file that touches `ureq::unversioned`. ureq writes the head and reads the framing; the connection, its
//! deadline, its reuse and the question "has a byte left?" are ours, because ureq's errors are the same on both sides
//! of that line. All of ureq's convenient defaults are turned off in [`config`].

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use native_tls::{Certificate, HandshakeError, Protocol, TlsConnector, TlsStream};
use ureq::http::header::{CONTENT_TYPE, DATE, HeaderName};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver as UreqResolver};
use ureq::unversioned::transport as wire;

use crate::descriptors::above_stdio;
use crate::error::Error;
use crate::moment::Moment;
use crate::process::{ELSEWHERE, Process};
use crate::provider::{asks_for_a_passphrase, check_openssl, or_lame};
use crate::text::shown;
use crate::transport::framing::check_framing;
use crate::transport::identity::Identity;
use crate::transport::resolver::{Resolve, Resolver, SystemResolver};
use crate::transport::tls_words::tls_words;
use crate::transport::{ClientCertificate, Downloaded, Fault, Post, Received, Sent, Stage, Transport, http_date};
use crate::wire::fields::is_host;

/// A connection that idled longer is not used again: gateways and modems forget silently.
const IDLE: Duration = Duration::from_secs(10);
/// Connections kept at most.
const POOL: usize = 4;
/// ureq's buffers. Its defaults are 128 KiB each; a request or a reply is 1 to 2 KiB.
const BUFFER: usize = 8 * 1024;
/// How long to look for what a server said before it closed.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// The longest response head.
const HEAD: usize = 8 * 1024;

/// How to reach gateways. Build it once: reading the system's certificates takes tens of milliseconds.
///
/// ```no_run
/// # use wxpay_terminal::{Https, Identity};
/// let p12 = std::fs::read("apiclient_cert.p12")?;
/// let https = Https::builder().identity(Identity::from_pkcs12(&p12, "1900000109")?).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Https {
    connector: TlsConnector,
    certificate: ClientCertificate,
    resolver: Resolver,
    proxy: Option<(String, u16)>,
    /// IPv6 led nowhere while IPv4 worked.
    avoid_ipv6: AtomicBool,
    pool: Mutex<Vec<Idle>>,
    /// Connections, locks and the resolver's thread belong to it.
    process: Process,
}

/// Settings of [`Https`]. There is no setting that weakens TLS.
#[must_use]
pub struct HttpsBuilder {
    identity: Option<Identity>,
    own_roots: Vec<Certificate>,
    only_own_roots: bool,
    proxy: Option<(String, u16)>,
    resolve: Box<dyn Resolve>,
}

impl Https {
    /// Settings: no client certificate, the system's roots, no proxy, the system's resolver.
    pub fn builder() -> HttpsBuilder {
        HttpsBuilder {
            identity: None,
            own_roots: Vec::new(),
            only_own_roots: false,
            proxy: None,
            resolve: Box::new(SystemResolver),
        }
    }
}

impl HttpsBuilder {
    /// The merchant's client certificate.
    pub fn identity(mut self, identity: Identity) -> HttpsBuilder {
        self.identity = Some(identity);
        self
    }

    /// Trusts these roots **instead of** the system's: for terminals without a CA store, or with an old one. PEM, one
    /// or several.
    ///
    /// # Errors
    ///
    /// The text holds no certificate, or one that cannot be read.
    pub fn only_roots(mut self, pem: &[u8]) -> Result<HttpsBuilder, Error> {
        if asks_for_a_passphrase(pem) {
            return Err(Error::setting("roots", "is encrypted; certificates are public"));
        }
        let roots = Certificate::stack_from_pem(pem)
            .map_err(|error| or_lame(Error::setting("roots", format!("not a PEM certificate: {error}"))))?;
        if roots.is_empty() {
            return Err(Error::setting("roots", "holds no certificate"));
        }
        self.own_roots.extend(roots);
        self.only_own_roots = true;
        Ok(self)
    }

    /// Goes through an HTTP proxy (`CONNECT`). Without this setting no proxy is used, whatever the environment says.
    ///
    /// # Errors
    ///
    /// It is not a host name or an IP address. A user and a password are not supported.
    pub fn proxy(mut self, host: &str, port: u16) -> Result<HttpsBuilder, Error> {
        if !is_host(host) {
            return Err(Error::setting("proxy", "must be a host name or an IP address, without user and password"));
        }
        self.proxy = Some((host.into(), port));
        Ok(self)
    }

    /// Resolves names in the caller's own way.
    pub fn resolver(mut self, resolve: impl Resolve + 'static) -> HttpsBuilder {
        self.resolve = Box::new(resolve);
        self
    }

    /// Builds the connector: minimum TLS 1.2, certificate and name checked.
    ///
    /// # Errors
    ///
    /// The TLS library refuses the identity, for example because its key is too short.
    pub fn build(self) -> Result<Https, Error> {
        check_openssl()?;
        let mut tls = TlsConnector::builder();
        tls.min_protocol_version(Some(Protocol::Tlsv12));
        tls.disable_built_in_roots(self.only_own_roots);
        for root in self.own_roots {
            tls.add_root_certificate(root);
        }
        let certificate = match self.identity {
            Some(identity) => {
                tls.identity(identity.tls);
                identity.certificate
            }
            None => ClientCertificate::None,
        };
        let connector = tls.build().map_err(|error| {
            Error::new(crate::error::ErrorKind::Identity, "identity", format!("TLS refuses it: {error}"))
        })?;
        Ok(Https {
            connector,
            certificate,
            resolver: Resolver::new(self.resolve),
            proxy: self.proxy,
            avoid_ipv6: AtomicBool::new(false),
            pool: Mutex::default(),
            process: Process::this(),
        })
    }
}

impl fmt::Debug for Https {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Https").field("proxy", &self.proxy).finish_non_exhaustive()
    }
}

impl fmt::Debug for HttpsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpsBuilder").field("proxy", &self.proxy).finish_non_exhaustive()
    }
}

impl Transport for Https {
    fn post(&self, post: &Post<'_>) -> Result<Received, Fault> {
        self.check_process()?;
        let start = Instant::now();
        let deadline = after(start, post.within);
        let host = Host::of(post.url)?;
        let idle = if post.own_connection { None } else { self.take_idle(&host) };
        let reused = idle.is_some();
        let tls = match idle {
            Some(tls) => tls,
            None => self.connect(&host, after(start, post.connect_within).min(deadline))?,
        };
        let call = Call::new(tls, deadline);
        let result = exchange(post, &call);
        let sent = if call.witness.load(Ordering::SeqCst) { Sent::Maybe } else { Sent::No };
        let reply = result.map_err(|text| Fault { sent, stage: Stage::Exchange, text: text.into() })?;
        if let Some(tls) = call.take_clean() {
            self.keep(host, tls);
        }
        Ok(Received { reused, ..reply })
    }

    fn download(&self, post: &Post<'_>, sink: &mut dyn FnMut(&[u8])) -> Result<Downloaded, Fault> {
        self.check_process()?;
        let start = Instant::now();
        let deadline = after(start, post.within);
        let tls = self.connect(&Host::of(post.url)?, after(start, post.connect_within).min(deadline))?;
        let call = Call::new(tls, deadline);
        let result = stream(post, &call, sink);
        let sent = if call.witness.load(Ordering::SeqCst) { Sent::Maybe } else { Sent::No };
        result.map_err(|text| Fault { sent, stage: Stage::Exchange, text: text.into() })
    }

    fn client_certificate(&self) -> ClientCertificate {
        self.certificate.clone()
    }

    fn forget(&self, url: &str) {
        if self.process.is_here()
            && let Ok(host) = Host::of(url)
        {
            self.pool().retain(|idle| idle.host != host);
        }
    }

    fn reach(&self, url: &str, within: Duration) -> Result<(), Fault> {
        self.check_process()?;
        self.connect(&Host::of(url)?, after(Instant::now(), within)).map(drop)
    }
}

impl Https {
    /// In another process a byte on an inherited connection would break the first one's stream.
    fn check_process(&self) -> Result<(), Fault> {
        if self.process.is_here() { Ok(()) } else { Err(Fault::unsent(Stage::Unable, ELSEWHERE)) }
    }
}

fn after(start: Instant, within: Duration) -> Instant {
    start.checked_add(within).unwrap_or(start)
}

/// The host and port of a URL.
#[derive(Clone, PartialEq, Eq)]
struct Host {
    name: String,
    port: u16,
}

impl Host {
    fn of(url: &str) -> Result<Host, Fault> {
        let wrong = || Fault::unsent(Stage::Connect, "the URL is not https://host[:port]/…");
        let uri: ureq::http::Uri = url.parse().map_err(|_| wrong())?;
        let name = uri.host().filter(|_| uri.scheme_str() == Some("https")).ok_or_else(wrong)?;
        Ok(Host { name: name.trim_matches(['[', ']']).into(), port: uri.port_u16().unwrap_or(443) })
    }
}

// ---- connecting ----

impl Https {
    fn connect(&self, host: &Host, deadline: Instant) -> Result<Tls, Fault> {
        let (name, port) = match &self.proxy {
            Some((name, port)) => (name.as_str(), *port),
            None => (host.name.as_str(), host.port),
        };
        let addresses = self.resolver.lookup(name, port, deadline).map_err(|why| Fault::unsent(Stage::Resolve, why))?;
        let tcp = self.connect_tcp(addresses, deadline)?;
        let mut socket = Socket { tcp, deadline };
        if self.proxy.is_some() {
            tunnel(&mut socket, host).map_err(|why| Fault::unsent(Stage::Connect, why))?;
        }
        let connected = self.connector.connect(&host.name, socket).map_err(|error| match error {
            HandshakeError::Failure(error) => tls_words(&error.to_string(), &host.name),
            HandshakeError::WouldBlock(_) => "the TLS handshake took too long".into(),
        });
        let strong = connected.and_then(|tls| check_peer(&tls).map(|()| tls));
        strong.map_err(|why| Fault::unsent(Stage::Tls, why))
    }

    /// Each address that is left gets an equal part of the time that is left. IPv4 first once IPv6 led nowhere.
    fn connect_tcp(&self, mut addresses: Vec<SocketAddr>, deadline: Instant) -> Result<TcpStream, Fault> {
        if self.avoid_ipv6.load(Ordering::Relaxed) {
            addresses.sort_by_key(SocketAddr::is_ipv6);
        } else {
            alternate(&mut addresses);
        }
        let mut last = String::from("the name has no address");
        let mut ipv6_failed = false;
        let count = addresses.len();
        for (tried, address) in addresses.into_iter().enumerate() {
            let left = deadline.saturating_duration_since(Instant::now());
            let share = u32::try_from(count.saturating_sub(tried)).unwrap_or(u32::MAX);
            let part = left.checked_div(share).unwrap_or(left);
            if part.is_zero() {
                last = "connecting took too long".into();
                break;
            }
            match connect_until(&address, part) {
                Ok(tcp) => {
                    self.avoid_ipv6.fetch_or(ipv6_failed && address.is_ipv4(), Ordering::Relaxed);
                    let _ = tcp.set_nodelay(true); // A request is one write; without it the reply waits for an ACK.
                    return Ok(tcp);
                }
                Err(error) => {
                    ipv6_failed |= address.is_ipv6();
                    last = format!("connect to {address}: {error}");
                }
            }
        }
        Err(Fault::unsent(Stage::Connect, last))
    }
}

/// A signal breaks nothing off: the same address, in the time that is left.
fn connect_until(address: &SocketAddr, within: Duration) -> io::Result<TcpStream> {
    let end = after(Instant::now(), within);
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(late());
        }
        match above_stdio(|| TcpStream::connect_timeout(address, left)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            connected => return connected,
        }
    }
}

/// First the resolver's first address, then the first of the other family, then the rest.
fn alternate(addresses: &mut [SocketAddr]) {
    let other = addresses
        .first()
        .map(SocketAddr::is_ipv6)
        .and_then(|ipv6| addresses.iter().position(|address| address.is_ipv6() != ipv6));
    if let Some(rest) = other.and_then(|at| addresses.get_mut(1..=at)) {
        rest.rotate_right(1);
    }
}

/// Asks the proxy for a tunnel (RFC 9110 section 9.3.6).
fn tunnel(socket: &mut Socket, host: &Host) -> Result<(), String> {
    let Host { name, port } = host;
    let at = if name.contains(':') { format!("[{name}]:{port}") } else { format!("{name}:{port}") };
    let ask = format!("CONNECT {at} HTTP/1.1\r\nHost: {at}\r\n\r\n");
    socket.write_all(ask.as_bytes()).map_err(|error| format!("proxy: {error}"))?;
    let mut head = Vec::new();
    let mut byte = [0_u8; 1];
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= HEAD || socket.read(&mut byte).map_err(|error| format!("proxy: {error}"))? == 0 {
            return Err("the proxy did not answer with HTTP".into());
        }
        head.extend(byte);
    }
    // `HTTP/1.1 200 …`: any 2xx opens the tunnel.
    let status = head.get(9..13).unwrap_or_default();
    if head.starts_with(b"HTTP/1.") && matches!(status, [b'2', b'0'..=b'9', b'0'..=b'9', b' ' | b'\r']) {
        return Ok(());
    }
    Err(format!("the proxy refused: status {}", String::from_utf8_lossy(status)))
}

/// Whatever `openssl.cnf` lets pass.
#[cfg(openssl_backend)]
fn check_peer(tls: &Tls) -> Result<(), String> {
    let certificate = tls.peer_certificate().map_err(|error| error.to_string())?;
    let certificate = certificate.ok_or("the server showed no certificate")?;
    crate::transport::peer::check(&certificate)
        .map_err(|why| format!("TLS: {why}; this is not the gateway, or not any more"))
}

#[cfg(not(openssl_backend))]
fn check_peer(_: &Tls) -> Result<(), String> {
    Ok(())
}

type Tls = TlsStream<Socket>;

/// A socket with a deadline for everything that is read and written, however slowly it drips.
#[derive(Debug)]
struct Socket {
    tcp: TcpStream,
    deadline: Instant,
}

impl Socket {
    fn left(&self) -> io::Result<Duration> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(late()) } else { Ok(left) }
    }
}

fn late() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the time is over")
}

/// Runs a call of the socket until it is done or the time is over. A signal breaks nothing off (signal(7): with a timeout a call
/// is not restarted, whatever the handler's flags say; SIGCONT does it even without a handler). A timeout shows as
/// WouldBlock, which TLS would take for "ask again".
fn uninterrupted(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(late()),
            done => return done,
        }
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        uninterrupted(|| {
            self.tcp.set_read_timeout(Some(self.left()?))?;
            self.tcp.read(buffer)
        })
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        uninterrupted(|| {
            self.tcp.set_write_timeout(Some(self.left()?))?;
            self.tcp.write(bytes)
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.tcp.flush()
    }
}

// ---- keeping connections ----

struct Idle {
    host: Host,
    tls: Tls,
    since: Moment,
}

impl Https {
    /// An idle connection to this host that has nothing to say: no byte, no FIN.
    fn take_idle(&self, host: &Host) -> Option<Tls> {
        let mut pool = self.pool();
        pool.retain(|idle| idle.since.age() < IDLE);
        while let Some(at) = pool.iter().position(|idle| idle.host == *host) {
            let mut tls = pool.swap_remove(at).tls;
            if is_silent(&mut tls) {
                return Some(tls);
            }
        }
        None
    }

    fn keep(&self, host: Host, tls: Tls) {
        let mut pool = self.pool();
        if pool.len() >= POOL {
            pool.remove(0);
        }
        pool.push(Idle { host, tls, since: Moment::now() });
    }

    fn pool(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// True when neither TLS nor the socket holds a byte. A surplus byte, an alert or a FIN ends the connection's use.
fn is_silent(tls: &mut Tls) -> bool {
    if tls.buffered_read_size().unwrap_or(1) > 0 {
        return false;
    }
    let tcp = &tls.get_ref().tcp;
    if tcp.set_nonblocking(true).is_err() {
        return false;
    }
    let peeked = loop {
        match tcp.peek(&mut [0]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            peeked => break peeked,
        }
    };
    let silent = matches!(peeked, Err(error) if error.kind() == io::ErrorKind::WouldBlock);
    tcp.set_nonblocking(false).is_ok() && silent
}

// ---- one exchange ----

/// What belongs to one call, and to no agent: its connection and its witness.
struct Call {
    /// Set before the first byte of the request, head included, is handed to TLS. Never cleared.
    witness: AtomicBool,
    deadline: Instant,
    /// The connection, on its way to ureq.
    given: Mutex<Option<Tls>>,
    /// The connection, on its way back after an exchange that ended cleanly.
    clean: Mutex<Option<Tls>>,
}

impl Call {
    fn new(tls: Tls, deadline: Instant) -> Arc<Call> {
        let given = Mutex::new(Some(tls));
        Arc::new(Call { witness: AtomicBool::new(false), deadline, given, clean: Mutex::default() })
    }

    fn take_clean(&self) -> Option<Tls> {
        self.clean.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Sends the request and reads the reply through ureq. The error is for people only.
fn exchange(post: &Post<'_>, call: &Arc<Call>) -> Result<Received, String> {
    let mut response = answered(post, call)?;
    let header = |name: HeaderName| response.headers().get(name).and_then(|value| value.to_str().ok());
    let date = header(DATE).and_then(http_date::read);
    let content_type = header(CONTENT_TYPE).map(String::from);
    let status = response.status().as_u16();
    let body = response.body_mut().with_config().limit(limit(post)).read_to_vec().map_err(words)?;
    Ok(Received { date, content_type, ..Received::new(status, body) })
}

/// The same, and the body is handed on in pieces.
fn stream(post: &Post<'_>, call: &Arc<Call>, sink: &mut dyn FnMut(&[u8])) -> Result<Downloaded, String> {
    let mut response = answered(post, call)?;
    let digest = response.headers().get("digest").and_then(|value| value.to_str().ok()).map(String::from);
    let status = response.status().as_u16();
    let mut body = response.body_mut().with_config().limit(limit(post)).reader();
    let mut piece = [0; 8 * 1024];
    loop {
        match body.read(&mut piece) {
            Ok(0) => return Ok(Downloaded { status, digest }),
            Ok(count) => sink(piece.get(..count).unwrap_or_default()),
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// Sends the request and reads the head of the reply.
fn answered(post: &Post<'_>, call: &Arc<Call>) -> Result<ureq::http::Response<ureq::Body>, String> {
    let agent = ureq::Agent::with_parts(config(), OneConnection(call.clone()), NoNames);
    let request = agent.post(post.url).header("content-type", post.content_type);
    let response = request.send(post.body).map_err(words)?;
    check_framing(response.headers(), response.version())?;
    Ok(response)
}

/// ureq reports a body of exactly the limit as too long.
fn limit(post: &Post<'_>) -> u64 {
    u64::try_from(post.reply_limit).unwrap_or(u64::MAX).saturating_add(1)
}

/// Everything that ureq does on its own is turned off: redirects, errors by status, proxies from the environment, plain
/// HTTP, a pool. The deadline is the socket's.
fn config() -> ureq::config::Config {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .https_only(true)
        .max_idle_connections(0)
        .max_response_header_size(HEAD)
        .user_agent(concat!("wxpay-terminal/", env!("CARGO_PKG_VERSION")))
        .build()
}

fn words(error: ureq::Error) -> String {
    match error {
        ureq::Error::Io(error) => error.to_string(),
        ureq::Error::BodyExceedsLimit(_) => "the reply is longer than the limit".into(),
        other => other.to_string(),
    }
}

/// Why a write failed. A server that does not want this client closes after an alert or a reply, which lies there to be read: it
/// says more than "connection reset".
fn last_words(tls: &mut Tls, error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::TimedOut {
        return error;
    }
    let socket = tls.get_mut();
    socket.deadline = socket.deadline.min(after(Instant::now(), LAST_WORDS));
    let mut reply = [0; 64];
    match tls.read(&mut reply) {
        Ok(count) if count > 0 => {
            let line = reply.get(..count).unwrap_or_default().split(|byte| *byte < b' ').next().unwrap_or_default();
            io::Error::new(
                error.kind(),
                format!("{error}; the server had answered: {}", shown(&String::from_utf8_lossy(line), 64)),
            )
        }
        Err(alert) if alert.to_string().contains("alert") => io::Error::new(error.kind(), format!("{alert} ({error})")),
        _ => error,
    }
}

/// Hands ureq the one connection of a call.
struct OneConnection(Arc<Call>);

impl fmt::Debug for OneConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneConnection")
    }
}

impl wire::Connector for OneConnection {
    type Out = Wire;

    fn connect(&self, _: &wire::ConnectionDetails<'_>, _: Option<()>) -> Result<Option<Wire>, ureq::Error> {
        let given = self.0.given.lock().unwrap_or_else(PoisonError::into_inner).take();
        Ok(given.map(|mut tls| {
            tls.get_mut().deadline = self.0.deadline;
            Wire { tls: Some(tls), buffers: wire::LazyBuffers::new(BUFFER, BUFFER), call: self.0.clone() }
        }))
    }
}

/// ureq asks for addresses before it asks for a connection; ours is already there.
#[derive(Debug)]
struct NoNames;

impl UreqResolver for NoNames {
    fn resolve(
        &self,
        _: &ureq::http::Uri,
        _: &ureq::config::Config,
        _: wire::NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut addresses = self.empty();
        addresses.push(SocketAddr::from(([0, 0, 0, 0], 0)));
        Ok(addresses)
    }
}

/// A connection while ureq uses it.
struct Wire {
    tls: Option<Tls>,
    buffers: wire::LazyBuffers,
    call: Arc<Call>,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

impl wire::Transport for Wire {
    fn buffers(&mut self) -> &mut dyn wire::Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: wire::NextTimeout) -> Result<(), ureq::Error> {
        use wire::Buffers;
        self.call.witness.store(true, Ordering::SeqCst);
        let tls = self.tls.as_mut().ok_or(ureq::Error::ConnectionFailed)?;
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        let written = tls.write_all(output).and_then(|()| tls.flush());
        written.map_err(|error| ureq::Error::Io(last_words(tls, error)))
    }

    fn await_input(&mut self, _: wire::NextTimeout) -> Result<bool, ureq::Error> {
        use wire::Buffers;
        let tls = self.tls.as_mut().ok_or(ureq::Error::ConnectionFailed)?;
        let amount = tls.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    /// ureq asks this only after an exchange of full length without a surplus byte in its buffer, on a connection that
    /// neither side wants closed. What is also silent goes back to our pool; ureq drops the rest.
    fn is_open(&mut self) -> bool {
        if let Some(mut tls) = self.tls.take()
            && is_silent(&mut tls)
        {
            *self.call.clean.lock().unwrap_or_else(PoisonError::into_inner) = Some(tls);
        }
        false
    }

    fn is_tls(&self) -> bool {
        true
    }
}
