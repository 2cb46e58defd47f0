//! The other side: a listener on loopback that runs a script for each connection, and writes down what arrived.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::bench::{Server, Stream, TransportBench};
use crate::contract::broken::{Broken, Promise};
use crate::transport::Transport;

/// How long the other side waits before it gives up.
pub(super) const PATIENCE: Duration = Duration::from_secs(8);

/// A request as it arrived.
#[derive(Clone, Default)]
pub(super) struct Arrived {
    /// The connection: the first is 0.
    pub(super) connection: usize,
    pub(super) path: String,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Arrived {
    /// A header's value.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let of = |line: &str| line.split_once(':').is_some_and(|(have, _)| have.eq_ignore_ascii_case(name));
        self.head.lines().find(|line| of(line)).and_then(|line| line.split_once(':')).map(|(_, value)| value.trim())
    }
}

/// What arrived.
#[derive(Clone, Default)]
pub(super) struct Log {
    /// Bytes inside TLS, of each connection that shook hands.
    pub(super) bytes: Vec<usize>,
    /// Whole requests.
    pub(super) requests: Vec<Arrived>,
}

impl Log {
    /// Connections on which a byte arrived.
    pub(super) fn carried(&self) -> usize {
        self.bytes.iter().filter(|bytes| **bytes > 0).count()
    }
}

fn lock(log: &Mutex<Log>) -> MutexGuard<'_, Log> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One connection, inside TLS.
pub(super) struct Visit<'a> {
    stream: Box<dyn Stream>,
    tcp: TcpStream,
    number: usize,
    log: &'a Mutex<Log>,
    /// Whether the transport's calls have returned.
    done: &'a AtomicBool,
}

impl Visit<'_> {
    /// At most so many bytes. Empty: the client is gone, or silent for too long.
    pub(super) fn read(&mut self, most: usize) -> Vec<u8> {
        let mut buffer = vec![0; most];
        let got = loop {
            match self.stream.read(&mut buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                got => break got.unwrap_or(0),
            }
        };
        if let Some(bytes) = lock(self.log).bytes.get_mut(self.number) {
            *bytes = bytes.saturating_add(got);
        }
        buffer.truncate(got);
        buffer
    }

    /// A whole request. `None`: the client left before its end.
    pub(super) fn request(&mut self) -> Option<Arrived> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let byte = self.read(1);
            if byte.is_empty() {
                return None;
            }
            head.extend(byte);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let path = head.split(' ').nth(1).unwrap_or_default().into();
        let mut arrived = Arrived { connection: self.number, path, head, body: Vec::new() };
        // A stack that asks first is told to go on.
        if arrived.header("expect").is_some() {
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        let length = arrived.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0_usize);
        while let Some(left) = length.checked_sub(arrived.body.len()).filter(|left| *left > 0) {
            let piece = self.read(left);
            if piece.is_empty() {
                return None;
            }
            arrived.body.extend(piece);
        }
        lock(self.log).requests.push(arrived.clone());
        Some(arrived)
    }

    /// False: the client is gone.
    pub(super) fn send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).and_then(|()| self.stream.flush()).is_ok()
    }

    /// Ends the server's side of the connection, without a word of TLS: as a broken line does.
    pub(super) fn leave(&mut self) {
        let _ = self.tcp.shutdown(Shutdown::Write);
    }

    /// Reads until the client is gone: what comes late is written down, too.
    fn until_gone(&mut self) {
        while !self.read(64 * 1024).is_empty() {}
    }

    /// Does nothing until the transport has returned.
    pub(super) fn wait(&self) {
        let start = Instant::now();
        while !self.done.load(Ordering::SeqCst) && start.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(super) fn is_awaited(&self) -> bool {
        !self.done.load(Ordering::SeqCst)
    }
}

/// HTTP with this status line, these headers and this body.
pub(super) fn reply(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Type: text/xml\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

pub(super) fn ok(body: &[u8]) -> Vec<u8> {
    reply("200 OK", "", body)
}

/// Runs `client` against a server of this kind. What arrived is known when all connections are gone.
pub(super) fn scene<T>(
    bench: &dyn TransportBench,
    server: Server,
    script: &(dyn Fn(&mut Visit<'_>) + Sync),
    client: impl FnOnce(&dyn Transport, &str) -> T,
) -> Result<(T, Log), Broken> {
    let cannot =
        |error: std::io::Error| Broken::new(Promise::Carries, "post", format!("the contract cannot listen: {error}"));
    let listener = TcpListener::bind("127.0.0.1:0").map_err(cannot)?;
    let port = listener.local_addr().map_err(cannot)?.port();
    let (log, done, over) = (Mutex::new(Log::default()), AtomicBool::new(false), AtomicBool::new(false));
    let said = std::thread::scope(|scope| {
        let (log, done, over) = (&log, &done, &over);
        scope.spawn(move || {
            for tcp in listener.incoming().map_while(Result::ok) {
                if over.load(Ordering::SeqCst) {
                    break;
                }
                scope.spawn(move || {
                    let Some(mut visit) = come_in(bench.serve_patiently(tcp, server), log, done) else { return };
                    script(&mut visit);
                    visit.leave();
                    visit.until_gone();
                });
            }
        });
        let transport = bench.transport();
        let said = client(&*transport, &bench.url(port));
        done.store(true, Ordering::SeqCst);
        drop(transport);
        over.store(true, Ordering::SeqCst);
        // Wakes the listener.
        let _ = TcpStream::connect(("127.0.0.1", port));
        said
    });
    Ok((said, log.into_inner().unwrap_or_else(PoisonError::into_inner)))
}

fn come_in<'a>(
    connection: Option<(Box<dyn Stream>, TcpStream)>,
    log: &'a Mutex<Log>,
    done: &'a AtomicBool,
) -> Option<Visit<'a>> {
    let (stream, tcp) = connection?;
    let mut all = lock(log);
    let number = all.bytes.len();
    all.bytes.push(0);
    Some(Visit { stream, tcp, number, log, done })
}

impl dyn TransportBench + '_ {
    /// Shakes hands. `None`: that failed, and the client got all the time it wants to read why.
    fn serve_patiently(&self, tcp: TcpStream, server: Server) -> Option<(Box<dyn Stream>, TcpStream)> {
        tcp.set_nodelay(true).ok()?;
        tcp.set_read_timeout(Some(PATIENCE)).ok()?;
        tcp.set_write_timeout(Some(PATIENCE)).ok()?;
        let beside = tcp.try_clone().ok()?;
        match self.serve(tcp, server) {
            Ok(stream) => Some((stream, beside)),
            Err(_) => {
                let _ = beside.shutdown(Shutdown::Write);
                let _ = std::io::copy(&mut &beside, &mut std::io::sink());
                None
            }
        }
    }
}
