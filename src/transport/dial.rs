//! From a host's name to a TLS connection, in the time that there is.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use native_tls::{HandshakeError, TlsConnector};

use crate::descriptors::above_stdio;
use crate::transport::host::Host;
use crate::transport::resolver::Resolver;
use crate::transport::socket::{Socket, Tls, after, late};
use crate::transport::tls_words::tls_words;
use crate::transport::{Fault, Stage};

/// The longest head of a proxy's reply.
const HEAD: usize = 8 * 1024;

/// How hosts are reached, with one identity.
pub(crate) struct Dialer {
    connector: TlsConnector,
    resolver: Resolver,
    proxy: Option<(String, u16)>,
    /// IPv6 led nowhere while IPv4 worked.
    avoid_ipv6: AtomicBool,
}

impl Dialer {
    pub(crate) fn new(connector: TlsConnector, resolver: Resolver, proxy: Option<(String, u16)>) -> Dialer {
        Dialer { connector, resolver, proxy, avoid_ipv6: AtomicBool::new(false) }
    }

    pub(crate) fn proxy(&self) -> &Option<(String, u16)> {
        &self.proxy
    }

    pub(crate) fn connect(&self, host: &Host, deadline: Instant) -> Result<Tls, Fault> {
        let (name, port) = match &self.proxy {
            Some((name, port)) => (name.as_str(), *port),
            None => (host.name.as_str(), host.port),
        };
        let addresses = self.resolver.lookup(name, port, deadline).map_err(|why| Fault::unsent(Stage::Resolve, why))?;
        let tcp = self.connect_tcp(addresses, deadline)?;
        let mut socket = Socket::new(tcp, deadline);
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
