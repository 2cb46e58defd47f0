//! A transport as firmware might write one, on bare TCP: in place of TLS its server says who it is, in a line. And what can be wrong
//! with it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use wxpay_terminal::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slip {
    Faultless,
    // -- what it says of what it sent --
    /// A request that failed is sent again.
    Resends,
    /// A connection that the server closed is tried, and then a new one.
    ResendsOnClosed,
    /// The modem said ERROR: so nothing was sent.
    SaysNotSent,
    FollowsRedirects,
    // -- the request --
    /// The modem takes 16 KiB.
    CutsRequest,
    OtherType,
    // -- the reply --
    TakesHalf,
    CutsAtLimit,
    /// Whatever came is a 200.
    SaysOk,
    /// A line that closed is "OK".
    Invents,
    // -- time --
    NoDeadline,
    /// A deadline for each read.
    DeadlineARead,
    // -- kept connections --
    KeepsOwn,
    NeverReused,
    ForgetsNothing,
    TakesSurplus,
    // -- the rest --
    DownloadsHalf,
    ReachAsks,
    BelievesAnyone,
}

use Slip::*;

pub struct Modem {
    pub slip: Slip,
    idle: Mutex<Option<TcpStream>>,
}

struct Reply {
    status: u16,
    head: String,
    body: Vec<u8>,
    clean: bool,
}

impl Reply {
    fn header(&self, name: &str) -> Option<&str> {
        let of = |line: &&str| line.split_once(':').is_some_and(|(have, _)| have.eq_ignore_ascii_case(name));
        self.head.lines().find(of)?.split_once(':').map(|(_, value)| value.trim())
    }
}

fn port(url: &str) -> u16 {
    url.split(':').nth(2).unwrap().split('/').next().unwrap().parse().unwrap()
}

fn ended<T>() -> io::Result<T> {
    Err(ErrorKind::UnexpectedEof.into())
}

impl Modem {
    pub fn new(slip: Slip) -> Modem {
        Modem { slip, idle: Mutex::default() }
    }

    fn is(&self, slip: Slip) -> bool {
        self.slip == slip
    }

    /// Connected, and it says that it is the gateway.
    fn connect(&self, port: u16, deadline: Instant) -> Result<TcpStream, Fault> {
        let refused = |error: io::Error| Fault::unsent(Stage::Connect, error.to_string());
        let tcp = TcpStream::connect(("127.0.0.1", port)).map_err(refused)?;
        tcp.set_nodelay(true).map_err(refused)?;
        let mut line = Vec::new();
        while !line.ends_with(b"\n") {
            let byte = self.read(&tcp, deadline, 1).map_err(|error| Fault::unsent(Stage::Tls, error.to_string()))?;
            line.extend(byte);
        }
        match line == b"gateway\n" || self.is(BelievesAnyone) {
            true => Ok(tcp),
            false => Err(Fault::unsent(Stage::Tls, "it is somebody else")),
        }
    }

    fn left(&self, deadline: Instant) -> io::Result<Option<Duration>> {
        match deadline.saturating_duration_since(Instant::now()) {
            _ if self.is(NoDeadline) => Ok(None),
            _ if self.is(DeadlineARead) => Ok(Some(Duration::from_millis(800))),
            Duration::ZERO => Err(ErrorKind::TimedOut.into()),
            left => Ok(Some(left)),
        }
    }

    /// At least a byte.
    fn read(&self, mut tcp: &TcpStream, deadline: Instant, most: usize) -> io::Result<Vec<u8>> {
        tcp.set_read_timeout(self.left(deadline)?)?;
        let mut buffer = vec![0; most];
        match tcp.read(&mut buffer)? {
            0 => ended(),
            got => Ok(buffer[..got].to_vec()),
        }
    }

    fn line(&self, tcp: &TcpStream, deadline: Instant) -> io::Result<String> {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            line.extend(self.read(tcp, deadline, 1)?);
        }
        String::from_utf8(line).map_err(io::Error::other)
    }

    fn send(&self, mut tcp: &TcpStream, post: &Post<'_>, path: &str, deadline: Instant) -> io::Result<()> {
        let kind = if self.is(OtherType) { "application/xml" } else { post.content_type };
        let most = if self.is(CutsRequest) { 16 * 1024 } else { usize::MAX };
        let body = &post.body[..post.body.len().min(most)];
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let mut left: &[u8] = &[head.as_bytes(), body].concat();
        while !left.is_empty() {
            tcp.set_write_timeout(self.left(deadline)?)?;
            left = &left[tcp.write(left)?..];
        }
        Ok(())
    }

    /// So many bytes of a body, and no more than the limit.
    fn body(
        &self,
        tcp: &TcpStream,
        deadline: Instant,
        length: usize,
        reply: &mut Reply,
        limit: usize,
    ) -> io::Result<()> {
        let end = reply.body.len() + length;
        if end > limit && !self.is(CutsAtLimit) {
            return Err(io::Error::other("the reply is too long"));
        }
        while reply.body.len() < end.min(limit) {
            reply.body.extend(self.read(tcp, deadline, end.min(limit) - reply.body.len())?);
        }
        if end > limit { ended() } else { Ok(()) }
    }

    fn receive(&self, tcp: &TcpStream, deadline: Instant, limit: usize) -> io::Result<Reply> {
        let first = self.line(tcp, deadline)?;
        let status = first.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
        let status = status.ok_or_else(|| io::Error::other("no HTTP"))?;
        let mut reply = Reply { status, head: String::new(), body: Vec::new(), clean: true };
        loop {
            match self.line(tcp, deadline)?.as_str() {
                "\r\n" => break,
                line => reply.head += line,
            }
        }
        let ended = match reply.header("content-length").and_then(|length| length.parse().ok()) {
            Some(length) => self.body(tcp, deadline, length, &mut reply, limit),
            None => self.chunks(tcp, deadline, &mut reply, limit),
        };
        let half = ended.as_ref().is_err_and(|error| error.kind() == ErrorKind::UnexpectedEof);
        match ended {
            Err(_) if half && (self.is(TakesHalf) || self.is(CutsAtLimit) && reply.body.len() >= limit) => {
                reply.clean = false
            }
            ended => ended?,
        }
        Ok(reply)
    }

    fn chunks(&self, tcp: &TcpStream, deadline: Instant, reply: &mut Reply, limit: usize) -> io::Result<()> {
        loop {
            let line = self.line(tcp, deadline)?;
            let length = usize::from_str_radix(line.trim_end(), 16).map_err(io::Error::other)?;
            self.body(tcp, deadline, length, reply, limit)?;
            if self.line(tcp, deadline)? != "\r\n" {
                return Err(io::Error::other("a chunk without an end"));
            }
            if length == 0 {
                return Ok(());
            }
        }
    }

    /// An idle connection that has nothing to say.
    fn kept(&self) -> Option<TcpStream> {
        let tcp = self.idle.lock().unwrap().take()?;
        if self.is(TakesSurplus) {
            return Some(tcp);
        }
        tcp.set_nonblocking(true).unwrap();
        let peeked = tcp.peek(&mut [0]);
        tcp.set_nonblocking(false).unwrap();
        match peeked {
            Ok(0) => self.is(ResendsOnClosed).then_some(tcp),
            Ok(_) => None,
            Err(error) => (error.kind() == ErrorKind::WouldBlock).then_some(tcp),
        }
    }

    fn exchange(&self, post: &Post<'_>, path: &str) -> Result<(Reply, bool), Fault> {
        let start = Instant::now();
        let kept = if post.own_connection && !self.is(KeepsOwn) { None } else { self.kept() };
        let reused = kept.is_some();
        let tcp = match kept {
            Some(tcp) => tcp,
            None => self.connect(port(post.url), start + post.connect_within.min(post.within))?,
        };
        let deadline = start + post.within;
        let received =
            self.send(&tcp, post, path, deadline).and_then(|()| self.receive(&tcp, deadline, post.reply_limit));
        let reply = match received {
            Ok(reply) => reply,
            Err(_) if self.is(Resends) || self.is(ResendsOnClosed) && reused => {
                let tcp = self.connect(port(post.url), deadline)?;
                let again =
                    self.send(&tcp, post, path, deadline).and_then(|()| self.receive(&tcp, deadline, post.reply_limit));
                again.map_err(|error| Fault {
                    sent: Sent::Maybe,
                    stage: Stage::Exchange,
                    text: error.to_string().into(),
                })?
            }
            Err(error) if self.is(Invents) && error.kind() == ErrorKind::UnexpectedEof => {
                Reply { status: 200, head: String::new(), body: b"OK".into(), clean: false }
            }
            Err(error) => {
                let sent = if self.is(SaysNotSent) { Sent::No } else { Sent::Maybe };
                return Err(Fault { sent, stage: Stage::Exchange, text: error.to_string().into() });
            }
        };
        if let (Some(elsewhere), FollowsRedirects, "/contract") = (reply.header("location"), self.slip, path) {
            return self.exchange(post, elsewhere);
        }
        if reply.clean {
            *self.idle.lock().unwrap() = Some(tcp);
        }
        Ok((reply, reused))
    }
}

impl Transport for Modem {
    fn post(&self, post: &Post<'_>) -> Result<Received, Fault> {
        let (reply, reused) = self.exchange(post, "/contract")?;
        let status = if self.is(SaysOk) { 200 } else { reply.status };
        let mut received = Received::new(status, reply.body);
        received.reused = reused && !self.is(NeverReused);
        Ok(received)
    }

    fn download(&self, post: &Post<'_>, sink: &mut dyn FnMut(&[u8])) -> Result<Downloaded, Fault> {
        let half = Modem { slip: if self.is(DownloadsHalf) { TakesHalf } else { self.slip }, idle: Mutex::default() };
        let (reply, _) = half.exchange(post, "/contract")?;
        reply.body.chunks(4096).for_each(sink);
        Ok(Downloaded { status: reply.status, digest: reply.header("digest").map(String::from) })
    }

    fn forget(&self, _: &str) {
        if !self.is(ForgetsNothing) {
            *self.idle.lock().unwrap() = None;
        }
    }

    fn reach(&self, url: &str, within: Duration) -> Result<(), Fault> {
        let mut tcp = self.connect(port(url), Instant::now() + within)?;
        if self.is(ReachAsks) {
            let _ = tcp.write_all(b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        }
        Ok(())
    }
}
