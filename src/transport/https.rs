//! HTTPS: ureq over native-tls.
//!
//! The only file that touches `ureq::unversioned`. ureq writes the head and reads the framing; the connection, its
//! deadline, its reuse and the question "has a byte left?" are ours, because ureq's errors are the same on both sides
//! of that line. All of ureq's convenient defaults are turned off in [`config`].

use std::fmt;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use native_tls::{Certificate, Protocol, TlsConnector};
use ureq::http::header::{CONTENT_TYPE, DATE, HeaderName};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver as UreqResolver};
use ureq::unversioned::transport as wire;

use crate::error::Error;
use crate::moment::Moment;
use crate::process::{ELSEWHERE, Process};
use crate::provider::{asks_for_a_passphrase, check_openssl, or_lame};
use crate::text::shown;
use crate::transport::dial::Dialer;
use crate::transport::framing::check_framing;
use crate::transport::host::Host;
use crate::transport::identity::Identity;
use crate::transport::pool::{Look, Pool, Taken, WARM};
use crate::transport::resolver::{Resolve, Resolver, SystemResolver};
use crate::transport::socket::{Tls, after, is_quiet, is_silent};
use crate::transport::{ClientCertificate, Downloaded, Fault, Post, Received, Sent, Stage, Transport, Warm, http_date};
use crate::wire::fields::is_host;

/// ureq's buffers. Its defaults are 128 KiB each; a request or a reply is 1 to 2 KiB.
const BUFFER: usize = 8 * 1024;
/// How long to look for what a server said before it closed.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// The longest response head.
const HEAD: usize = 8 * 1024;
/// Of a thread that makes a connection beforehand: a handshake with RSA of 4096 bits takes a tenth of it.
const STACK: usize = 256 * 1024;

/// How to reach gateways. Build it once: reading the system's certificates takes tens of milliseconds.
///
/// ```no_run
/// # use wxpay_terminal::{Https, Identity};
/// let p12 = std::fs::read("apiclient_cert.p12")?;
/// let https = Https::builder().identity(Identity::from_pkcs12(&p12, "1900000109")?).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Https {
    certificate: ClientCertificate,
    shared: Arc<Shared>,
    /// Connections, locks and threads belong to it.
    process: Process,
}

/// What a thread that makes a connection beforehand needs, too.
struct Shared {
    dialer: Dialer,
    pool: Mutex<Pool<Tls>>,
}

impl Shared {
    fn pool(&self) -> MutexGuard<'_, Pool<Tls>> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
        let dialer = Dialer::new(connector, Resolver::new(self.resolve), self.proxy);
        let shared = Arc::new(Shared { dialer, pool: Mutex::default() });
        Ok(Https { certificate, shared, process: Process::this() })
    }
}

impl fmt::Debug for Https {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Https").field("proxy", self.shared.dialer.proxy()).finish_non_exhaustive()
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
        let waiting = self.shared.pool().take(&host, post.own_connection, &Moment::now());
        let Taken { connection, reused } = match waiting {
            Some(taken) => taken,
            None => {
                let connection = self.shared.dialer.connect(&host, after(start, post.connect_within).min(deadline))?;
                Taken { connection, reused: false }
            }
        };
        let call = Call::new(connection, deadline);
        let result = exchange(post, &call);
        let sent = if call.witness.load(Ordering::SeqCst) { Sent::Maybe } else { Sent::No };
        let reply = result.map_err(|text| {
            self.shared.pool().cool(&host);
            Fault { sent, stage: Stage::Exchange, text: text.into() }
        })?;
        if let Some(tls) = call.take_clean() {
            self.shared.pool().keep(host, tls, Moment::now());
        }
        Ok(Received { reused, ..reply })
    }

    fn download(&self, post: &Post<'_>, sink: &mut dyn FnMut(&[u8])) -> Result<Downloaded, Fault> {
        self.check_process()?;
        let start = Instant::now();
        let deadline = after(start, post.within);
        let tls = self.shared.dialer.connect(&Host::of(post.url)?, after(start, post.connect_within).min(deadline))?;
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
            self.shared.pool().forget(&host);
        }
    }

    fn reach(&self, url: &str, within: Duration) -> Result<(), Fault> {
        self.check_process()?;
        self.shared.dialer.connect(&Host::of(url)?, after(Instant::now(), within)).map(drop)
    }

    fn warm(&self, url: &str, within: Duration, how: Warm) -> Result<(), Fault> {
        self.check_process()?;
        let host = Host::of(url)?;
        let since = Moment::now();
        if !self.shared.pool().begin(&host, &since) {
            return Ok(());
        }
        let making = Making { shared: Arc::clone(&self.shared), host, since, made: None };
        // One that came later would be too old to be used.
        let deadline = after(Instant::now(), within.min(WARM));
        match how {
            Warm::InThisThread => making.run(deadline),
            Warm::InBackground => {
                let run = move || {
                    if let Err(fault) = making.run(deadline) {
                        log::debug!("no connection beforehand: {}", fault.words());
                    }
                };
                let thread = std::thread::Builder::new().name("wxpay-warm".into()).stack_size(STACK).spawn(run);
                thread.map(drop).map_err(|error| Fault::unsent(Stage::Unable, format!("no thread: {error}")))
            }
        }
    }
}

impl Https {
    /// In another process a byte on an inherited connection would break the first one's stream.
    fn check_process(&self) -> Result<(), Fault> {
        if self.process.is_here() { Ok(()) } else { Err(Fault::unsent(Stage::Unable, ELSEWHERE)) }
    }
}

/// A connection that is being made beforehand.
struct Making {
    shared: Arc<Shared>,
    host: Host,
    since: Moment,
    made: Option<Tls>,
}

impl Making {
    fn run(mut self, deadline: Instant) -> Result<(), Fault> {
        self.made = Some(self.shared.dialer.connect(&self.host, deadline)?);
        Ok(())
    }
}

/// Whatever came of it, also where a resolver of the caller's panicked or no thread could be had.
impl Drop for Making {
    fn drop(&mut self) {
        let made = self.made.take().map(|tls| (tls, self.since));
        self.shared.pool().end(&self.host, made);
    }
}

impl Look for Tls {
    fn is_silent(&mut self) -> bool {
        is_silent(self)
    }

    fn is_quiet(&mut self) -> bool {
        is_quiet(self)
    }
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
