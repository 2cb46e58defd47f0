//! A proxy that counts how often a client has to wait for the other side: round trips, whatever the clock says.
//!
//! `benches/round_trips.rs` uses it, too, with a way that takes its time.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// What the client's side of the proxy saw, in its order. Each with the number of its connection.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    Connected,
    /// So many bytes from the client.
    Out(usize, usize),
    /// Bytes to the client.
    In(usize, Vec<u8>),
}

/// What happened in a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flights {
    pub connections: usize,
    /// Each connection costs one (SYN and its answer), and each time that something came back after something was sent.
    pub round_trips: usize,
    /// Bytes in both directions, without TCP's own.
    pub bytes: usize,
}

type Log = Arc<Mutex<Vec<Seen>>>;

/// A piece of a stream, and when it is there.
type Piece = (Instant, Vec<u8>);

pub struct Proxy {
    address: SocketAddr,
    log: Log,
}

impl Proxy {
    /// Before a server on this machine. Each piece takes so long, in either direction.
    pub fn before(port: u16, each_way: Duration) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, log) = (listener.local_addr().unwrap(), Log::default());
        let theirs = Arc::clone(&log);
        // It ends with the program: a connection is carried until one side is done.
        thread::spawn(move || {
            for (number, client) in listener.incoming().enumerate() {
                let (client, log) = (client.unwrap(), Arc::clone(&theirs));
                log.lock().unwrap().push(Seen::Connected);
                if let Ok(server) = TcpStream::connect(("127.0.0.1", port)) {
                    carry(number, &client, &server, each_way, &log);
                }
            }
        });
        Proxy { address, log }
    }

    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    /// Where a while begins.
    pub fn mark(&self) -> usize {
        self.log.lock().unwrap().len()
    }

    /// What happened since.
    pub fn since(&self, mark: usize) -> Flights {
        let seen = self.log.lock().unwrap()[mark..].to_vec();
        let mut flights = Flights { connections: 0, round_trips: 0, bytes: 0 };
        let mut asked: HashMap<usize, bool> = HashMap::new();
        for seen in seen {
            match seen {
                Seen::Connected => {
                    flights.connections += 1;
                    flights.round_trips += 1;
                }
                Seen::Out(number, bytes) => {
                    flights.bytes += bytes;
                    asked.insert(number, true);
                }
                Seen::In(number, piece) => {
                    flights.bytes += piece.len();
                    flights.round_trips += usize::from(asked.insert(number, false) == Some(true));
                }
            }
        }
        flights
    }

    /// The whole TLS records that came after the client's last word (RFC 8446, 5.1: a head of five bytes, the last two of them the length).
    pub fn records_of_the_last_flight(&self) -> usize {
        let seen = self.log.lock().unwrap();
        let start = seen.iter().rposition(|seen| matches!(seen, Seen::Out(..))).map_or(0, |last| last + 1);
        let pieces =
            seen[start..].iter().filter_map(|seen| if let Seen::In(_, piece) = seen { Some(&piece[..]) } else { None });
        let (flight, mut at, mut records) = (pieces.collect::<Vec<_>>().concat(), 0, 0);
        while let Some(head) = flight.get(at..at + 5) {
            at += 5 + usize::from(u16::from_be_bytes([head[3], head[4]]));
            records += usize::from(at <= flight.len());
        }
        records
    }
}

fn carry(number: usize, client: &TcpStream, server: &TcpStream, each_way: Duration, log: &Log) {
    for tcp in [client, server] {
        tcp.set_nodelay(true).unwrap();
    }
    let (mut from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let (out, pieces) = channel();
    thread::spawn(move || write(&pieces, to, |_| {}));
    let notes = Arc::clone(log);
    thread::spawn(move || {
        // The kernel answered the SYN at once: the first piece waits for that round trip, too.
        let mut syn = each_way * 2;
        read(&mut from, &out, |bytes| {
            notes.lock().unwrap().push(Seen::Out(number, bytes));
            each_way + std::mem::take(&mut syn)
        });
    });
    let (mut from, to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let (back, pieces) = channel();
    let notes = Arc::clone(log);
    thread::spawn(move || write(&pieces, to, |piece| notes.lock().unwrap().push(Seen::In(number, piece.to_vec()))));
    thread::spawn(move || read(&mut from, &back, |_| each_way));
}

fn read(from: &mut TcpStream, pieces: &Sender<Piece>, mut takes: impl FnMut(usize) -> Duration) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(got @ 1..) = from.read(&mut buffer) {
        let due = Instant::now() + takes(got);
        if pieces.send((due, buffer[..got].to_vec())).is_err() {
            break;
        }
    }
}

fn write(pieces: &Receiver<Piece>, mut to: TcpStream, mut note: impl FnMut(&[u8])) {
    for (due, piece) in pieces {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        note(&piece);
        if to.write_all(&piece).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
