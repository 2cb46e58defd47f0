//! The listeners, and what all connections share.

use std::io;
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;

use openssl::error::ErrorStack;
use openssl::ssl::{SslContext, SslMethod, SslVerifyMode, SslVersion};
use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;

use crate::certificates::Material;
use crate::connection;
use crate::ledger::Ledger;
use crate::parcel::Parcel;
use crate::plan::Plan;
use crate::settings::{ClientCertificate, Settings, TlsRange};

/// A request as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The path of the request line.
    pub path: String,
    /// The headers in the order they came; names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The CN of the client's certificate, when there was one that verifies.
    pub client_certificate_cn: Option<String>,
}

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) ledger: Ledger,
    plan: Mutex<Plan>,
    seen: Mutex<Vec<Seen>>,
    moved: Mutex<Vec<Parcel>>,
    open: Mutex<Vec<Weak<TcpStream>>>,
    requests: AtomicU64,
    handshakes: AtomicU64,
    stop: AtomicBool,
}

// A thread that panicked leaves complete values behind, so the lock is taken all the same.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(crate) fn new(settings: Settings) -> Shared {
        Shared {
            settings,
            ledger: Ledger::default(),
            plan: Mutex::default(),
            seen: Mutex::default(),
            moved: Mutex::default(),
            open: Mutex::default(),
            requests: AtomicU64::new(0),
            handshakes: AtomicU64::new(0),
            stop: AtomicBool::new(false),
        }
    }

    pub(crate) fn plan(&self) -> MutexGuard<'_, Plan> {
        lock(&self.plan)
    }

    pub(crate) fn see(&self, seen: Seen) {
        lock(&self.seen).push(seen);
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        lock(&self.seen).clone()
    }

    /// Keeps what another path answers; the number is part of that path.
    pub(crate) fn keep_moved(&self, parcel: Parcel) -> usize {
        let mut moved = lock(&self.moved);
        moved.push(parcel);
        moved.len() - 1
    }

    pub(crate) fn moved(&self, number: &str) -> Parcel {
        let number = number.parse().unwrap_or(usize::MAX);
        let kept = lock(&self.moved).get(number).cloned();
        kept.unwrap_or_else(|| Parcel::page(404, ""))
    }

    /// Connections that are open are shut down at the end.
    pub(crate) fn remember(&self, tcp: &Arc<TcpStream>) {
        let mut open = lock(&self.open);
        open.retain(|known| known.strong_count() > 0);
        open.push(Arc::downgrade(tcp));
    }

    pub(crate) fn count_request(&self) {
        self.requests.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn count_handshake(&self) {
        self.handshakes.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }

    pub(crate) fn handshakes(&self) -> u64 {
        self.handshakes.load(Ordering::SeqCst)
    }

    pub(crate) fn stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    /// Ends every open connection.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
        for tcp in lock(&self.open).drain(..).filter_map(|tcp| tcp.upgrade()) {
            let _ = tcp.shutdown(Shutdown::Both);
        }
    }
}

/// One port. Several listeners may share a ledger, as the gateway's two hosts do.
pub(crate) struct Listener {
    pub(crate) port: u16,
    thread: Option<thread::JoinHandle<()>>,
}

impl Listener {
    pub(crate) fn open(port: u16, context: SslContext, shared: Arc<Shared>) -> io::Result<Listener> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let port = listener.local_addr()?.port();
        let thread =
            thread::Builder::new().name("simulator".into()).spawn(move || accept(&listener, &context, &shared))?;
        Ok(Listener { port, thread: Some(thread) })
    }

    /// Call it after [`Shared::stop`].
    pub(crate) fn close(&mut self) {
        // A connection wakes the thread that waits for one.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn accept(listener: &TcpListener, context: &SslContext, shared: &Arc<Shared>) {
    for tcp in listener.incoming() {
        if shared.stopped() {
            return;
        }
        let Ok(tcp) = tcp else { continue };
        let (shared, context) = (shared.clone(), context.clone());
        // A client that fails, or for which there is no thread, is not the simulator's concern.
        let _ = thread::Builder::new().name("simulator connection".into()).spawn(move || {
            let _ = connection::serve(&shared, &context, tcp);
        });
    }
}

/// The server's TLS.
pub(crate) fn context(material: &Material, settings: &Settings) -> Result<SslContext, ErrorStack> {
    let mut builder = SslContext::builder(SslMethod::tls_server())?;
    let (from, until) = match settings.tls {
        TlsRange::Any => (SslVersion::TLS1_2, None),
        TlsRange::Only12 => (SslVersion::TLS1_2, Some(SslVersion::TLS1_2)),
        TlsRange::Only13 => (SslVersion::TLS1_3, None),
        TlsRange::Old => {
            // Level 1 and above forbid the signatures of TLS 1.1.
            builder.set_security_level(0);
            builder.set_cipher_list("ALL:@SECLEVEL=0")?;
            (SslVersion::TLS1, Some(SslVersion::TLS1_1))
        }
    };
    builder.set_min_proto_version(Some(from))?;
    builder.set_max_proto_version(until)?;
    let (certificate, key) = material.server(settings.server_certificate)?;
    builder.set_certificate(&certificate)?;
    builder.set_private_key(&key)?;
    let mut store = X509StoreBuilder::new()?;
    store.add_cert(material.ca.clone())?;
    builder.set_verify_cert_store(store.build())?;
    let mut names = Stack::new()?;
    names.push(material.ca.subject_name().to_owned()?)?;
    builder.set_client_ca_list(names);
    builder.set_session_id_context(b"simulator")?;
    match settings.client_certificate {
        // The result of the check is kept, and looked at when the path is known.
        ClientCertificate::AskPerPath => {
            builder.set_verify_callback(SslVerifyMode::PEER, |_, _| true);
        }
        ClientCertificate::Require => {
            builder.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
        }
    }
    Ok(builder.build())
}
