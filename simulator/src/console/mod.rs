//! The console: the simulator in a browser, for a person. Plain HTTP on loopback.
//!
//! Only who knows its address can use it: the address holds a random token, and a page of another origin is refused even then
//! (`door.rs`). Whatever it does, the command line can do: it sends the same lines.

mod door;
mod pages;
mod phone_view;
mod pictures;
mod texts;
mod view;

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use openssl::rand::rand_bytes;

use crate::console::door::Door;
use crate::console::pages::Page;
use crate::http::{self, Incoming};
use crate::simulator::Simulator;

/// A request must be there in this time, and a client that is slow to read is given up after it.
const PATIENCE: Duration = Duration::from_secs(10);
/// A browser holds six; what comes above this is closed.
const CONNECTIONS: usize = 32;

/// A console that is open. It closes when it is dropped.
pub struct Console {
    url: String,
    port: u16,
    stop: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Console {
    /// Opens it on 127.0.0.1. `port` 0: on one that the system chooses.
    ///
    /// # Errors
    ///
    /// The port is taken, or the system has no random numbers.
    pub fn open(simulator: Arc<Simulator>, port: u16) -> io::Result<Console> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let port = listener.local_addr()?.port();
        let token = token()?;
        let url = format!("http://127.0.0.1:{port}/{token}/");
        simulator.keep_exchanges();
        let stop = Arc::new(AtomicBool::new(false));
        let served = Served { simulator, door: Door::new(port, token), stop: stop.clone() };
        let thread =
            thread::Builder::new().name("console".into()).spawn(move || accept(&listener, Arc::new(served)))?;
        Ok(Console { url, port, stop, thread: Some(thread) })
    }

    /// Its address. Who knows it drives the simulator.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // A connection wakes the thread that waits for one.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console").field("port", &self.port).finish_non_exhaustive()
    }
}

/// 128 bits, as 32 hexadecimal digits.
fn token() -> io::Result<String> {
    let mut bytes = [0; 16];
    rand_bytes(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

struct Served {
    simulator: Arc<Simulator>,
    door: Door,
    stop: Arc<AtomicBool>,
}

fn accept(listener: &TcpListener, served: Arc<Served>) {
    let open = Arc::new(AtomicUsize::new(0));
    for tcp in listener.incoming() {
        if served.stop.load(Ordering::SeqCst) {
            return;
        }
        let Ok(tcp) = tcp else { continue };
        if open.fetch_add(1, Ordering::SeqCst) >= CONNECTIONS {
            open.fetch_sub(1, Ordering::SeqCst);
            continue;
        }
        let (served, count) = (served.clone(), open.clone());
        let begun = thread::Builder::new().name("console connection".into()).spawn(move || {
            // A browser that goes away is nobody's concern.
            let _ = serve(&served, &tcp);
            count.fetch_sub(1, Ordering::SeqCst);
        });
        if begun.is_err() {
            open.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// Requests of one connection, until one of the two ends it.
fn serve(served: &Served, tcp: &TcpStream) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    tcp.set_write_timeout(Some(PATIENCE))?;
    let mut incoming = Incoming::default();
    while !served.stop.load(Ordering::SeqCst) {
        let mut stream = Timed { tcp, end: Instant::now() + PATIENCE };
        if !incoming.begin(&mut stream)? {
            return Ok(());
        }
        // A request that begins late has as long as any other.
        stream.end = Instant::now() + PATIENCE;
        let head = match incoming.head(&mut stream)? {
            Ok(head) => head,
            Err(status) => return send(tcp, &Page::refusal(status), false),
        };
        let keep_alive = head.keeps_alive();
        // Who may not come in sends no body: it is not read.
        match served.door.admit(&head).and_then(|path| Ok((path, head.length()?))) {
            Ok((path, length)) => {
                let body = incoming.body(&mut stream, length)?;
                send(tcp, &pages::answer(&served.simulator, &head, path, &body), keep_alive)?;
            }
            Err(status) => return send(tcp, &Page::refusal(status), false),
        }
        if !keep_alive {
            return Ok(());
        }
    }
    Ok(())
}

fn send(mut tcp: &TcpStream, page: &Page, keep_alive: bool) -> io::Result<()> {
    let head = http::response(page.status, page.content_type, Some(page.body.len()), &page.headers(), keep_alive);
    tcp.write_all(&[head.as_bytes(), &page.body].concat())
}

/// Reads until a moment: a request that comes byte by byte holds nobody up for long.
struct Timed<'a> {
    tcp: &'a TcpStream,
    end: Instant,
}

impl Read for Timed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero());
        self.tcp.set_read_timeout(Some(left.ok_or(io::ErrorKind::TimedOut)?))?;
        let mut tcp = self.tcp;
        tcp.read(buffer)
    }
}
