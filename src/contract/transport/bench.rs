//! What the contract needs of whoever tries a transport, and what it says in the end.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::TcpStream;

use crate::transport::Transport;

/// What the contract needs to be the other side of your transport. It listens on 127.0.0.1.
///
/// Where TLS is in your modem, and the modem cannot reach this machine, build your stack for the test on a plain socket with the TLS
/// taken out, and let [`TransportBench::serve`] return the connection as it is. Then all is tried but for the certificates.
pub trait TransportBench: Sync {
    /// Your transport, with no connection yet. Its timeouts are those of each post.
    fn transport(&self) -> Box<dyn Transport>;

    /// The URL by which it reaches this port of 127.0.0.1.
    fn url(&self, port: u16) -> String {
        format!("https://localhost:{port}/contract")
    }

    /// The server's side of TLS: shakes hands on a connection that came in. Called by other threads.
    ///
    /// # Errors
    ///
    /// The handshake failed: of an impostor it must.
    fn serve(&self, tcp: TcpStream, server: Server) -> io::Result<Box<dyn Stream>>;

    /// How many servers there are that your transport must not believe: a certificate of another issuer, of another name, an old
    /// one. 0, as here: none is tried, and the report says so.
    fn impostors(&self) -> usize {
        0
    }
}

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// The one that your transport trusts.
    Gateway,
    /// One that it must not trust: the first is 0.
    Impostor(usize),
}

/// A connection inside TLS.
pub trait Stream: Read + Write + Send {}

impl<T: Read + Write + Send> Stream for T {}

/// What was tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransportReport {
    /// Requests that the transport was given.
    pub posts: u32,
    /// How many of them ended in a fault.
    pub faults: u32,
    /// What is allowed, and makes a till ask or wait more than it must.
    pub notes: Vec<&'static str>,
    /// What the bench or the transport could not do.
    pub left_out: Vec<&'static str>,
}

impl fmt::Display for TransportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} requests, {} faults", self.posts, self.faults)?;
        self.notes.iter().try_for_each(|note| write!(f, "\nnote: {note}"))?;
        self.left_out.iter().try_for_each(|part| write!(f, "\nnot tried: {part}"))
    }
}
