//! A TLS connection over a socket with a deadline, and the look at one that waits.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use native_tls::TlsStream;

pub(crate) type Tls = TlsStream<Socket>;

/// A socket with a deadline for everything that is read and written, however slowly it drips.
#[derive(Debug)]
pub(crate) struct Socket {
    tcp: TcpStream,
    pub(crate) deadline: Instant,
    /// How many reads a look may still take. 0: it is no look.
    looking: u32,
}

impl Socket {
    pub(crate) fn new(tcp: TcpStream, deadline: Instant) -> Socket {
        Socket { tcp, deadline, looking: 0 }
    }

    fn left(&self) -> io::Result<Duration> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(late()) } else { Ok(left) }
    }
}

pub(crate) fn late() -> io::Error {
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
        if self.looking > 0 {
            return self.look(buffer);
        }
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

impl Socket {
    /// What is there already. "Nothing" shows as WouldBlock, which TLS passes on.
    fn look(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.looking = self.looking.saturating_sub(1);
        if self.looking == 0 {
            return Err(late());
        }
        loop {
            match self.tcp.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => return read,
            }
        }
    }
}

/// How many reads of the socket a look takes at most: a server that goes on talking is none to wait for.
const LOOKS: u32 = 64;

/// True when there is nothing to read but what TLS has to say for itself. After the handshake a server of TLS 1.3 sends tickets (RFC 8446,
/// 4.6.1), or the alert that refuses the client's certificate. A byte of HTTP, an alert, a FIN or an RST ends the connection's use.
pub(crate) fn is_quiet(tls: &mut Tls) -> bool {
    if tls.get_ref().tcp.set_nonblocking(true).is_err() {
        return false;
    }
    tls.get_mut().looking = LOOKS;
    let read = tls.read(&mut [0]);
    tls.get_mut().looking = 0;
    let quiet = matches!(read, Err(error) if error.kind() == io::ErrorKind::WouldBlock);
    tls.get_ref().tcp.set_nonblocking(false).is_ok() && quiet
}

/// True when neither TLS nor the socket holds a byte. A surplus byte, an alert or a FIN ends the connection's use.
pub(crate) fn is_silent(tls: &mut Tls) -> bool {
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

/// A moment after another one.
pub(crate) fn after(start: Instant, within: Duration) -> Instant {
    start.checked_add(within).unwrap_or(start)
}
