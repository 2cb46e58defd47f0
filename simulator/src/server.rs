//! The listeners.

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use openssl::error::ErrorStack;
use openssl::ssl::{SslContext, SslMethod, SslVerifyMode, SslVersion};
use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;

use crate::certificates::Material;
use crate::connection;
use crate::settings::{ClientCertificate, Settings, TlsRange};
use crate::shared::{Host, Shared};

/// One port. Several listeners may share a ledger, as the gateway's two hosts do.
pub(crate) struct Listener {
    pub(crate) port: u16,
    thread: Option<thread::JoinHandle<()>>,
}

impl Listener {
    pub(crate) fn open(host: Host, port: u16, context: SslContext, shared: Arc<Shared>) -> io::Result<Listener> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let port = listener.local_addr()?.port();
        let thread = thread::Builder::new()
            .name("simulator".into())
            .spawn(move || accept(host, &listener, &context, &shared))?;
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

fn accept(host: Host, listener: &TcpListener, context: &SslContext, shared: &Arc<Shared>) {
    for tcp in listener.incoming() {
        if shared.stopped() {
            return;
        }
        let Ok(tcp) = tcp else { continue };
        let (shared, context) = (shared.clone(), context.clone());
        // A client that fails, or for which there is no thread, is not the simulator's concern.
        let _ = thread::Builder::new().name("simulator connection".into()).spawn(move || {
            let _ = connection::serve(host, &shared, &context, tcp);
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
