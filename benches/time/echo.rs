//! The floor of a payment: bytes there and bytes back over mutual TLS on loopback, and nothing else.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use native_tls::{TlsConnector, TlsStream};
use openssl::asn1::Asn1Time;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::ssl::{SslAcceptor, SslMethod, SslVerifyMode};
use openssl::x509::extension::SubjectAlternativeName;
use openssl::x509::{X509, X509NameBuilder};

/// A server that answers every `request` bytes with `reply` bytes.
pub struct Echo {
    address: SocketAddr,
    connector: TlsConnector,
    request: Vec<u8>,
    reply: Vec<u8>,
}

impl Echo {
    pub fn start(request: usize, reply: usize, identity: native_tls::Identity) -> Echo {
        let (certificate, key) = certificate().expect("certificate");
        let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).expect("acceptor");
        acceptor.set_certificate(&certificate).expect("certificate");
        acceptor.set_private_key(&key).expect("key");
        acceptor.set_session_id_context(b"echo").expect("context");
        acceptor.set_verify_callback(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT, |_, _| true);
        let acceptor = acceptor.build();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("address");
        std::thread::spawn(move || {
            for tcp in listener.incoming().flatten() {
                let acceptor = acceptor.clone();
                std::thread::spawn(move || {
                    tcp.set_nodelay(true).expect("nodelay");
                    let mut tls = acceptor.accept(tcp).expect("handshake");
                    let (mut input, output) = (vec![0; request], vec![b'r'; reply]);
                    while tls.read_exact(&mut input).is_ok() && tls.write_all(&output).is_ok() {}
                });
            }
        });
        let root = native_tls::Certificate::from_der(&certificate.to_der().expect("DER")).expect("root");
        let mut connector = TlsConnector::builder();
        connector.disable_built_in_roots(true).add_root_certificate(root).identity(identity);
        let connector = connector.build().expect("connector");
        Echo { address, connector, request: vec![b'q'; request], reply: vec![0; reply] }
    }

    pub fn connect(&self) -> TlsStream<TcpStream> {
        let tcp = TcpStream::connect(self.address).expect("TCP");
        tcp.set_nodelay(true).expect("nodelay");
        self.connector.connect("localhost", tcp).expect("TLS")
    }

    pub fn exchange(&mut self, tls: &mut TlsStream<TcpStream>) {
        tls.write_all(&self.request).expect("sent");
        tls.read_exact(&mut self.reply).expect("received");
    }
}

/// RSA of 2048 bits, as gateways have.
fn certificate() -> Result<(X509, PKey<Private>), openssl::error::ErrorStack> {
    let key = PKey::from_rsa(Rsa::generate(2048)?)?;
    let mut name = X509NameBuilder::new()?;
    name.append_entry_by_text("CN", "localhost")?;
    let name = name.build();
    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    builder.set_subject_name(&name)?;
    builder.set_issuer_name(&name)?;
    builder.set_pubkey(&key)?;
    builder.set_not_before(&*Asn1Time::days_from_now(0)?)?;
    builder.set_not_after(&*Asn1Time::days_from_now(2)?)?;
    let context = builder.x509v3_context(None, None);
    let names = SubjectAlternativeName::new().dns("localhost").build(&context)?;
    builder.append_extension(names)?;
    builder.sign(&key, MessageDigest::sha256())?;
    Ok((builder.build(), key))
}
