//! The life of one connection: TLS, requests, replies.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use openssl::nid::Nid;
use openssl::ssl::{Ssl, SslContext, SslStream};
use openssl::x509::X509VerifyResult;

use crate::clock;
use crate::desk;
use crate::downloads::{self, Download};
use crate::exchange::Exchange;
use crate::faults::Fault;
use crate::gateway::{self, Act, Gateway};
use crate::http::{Head, Incoming};
use crate::parcel::{End, Manner, Parcel};
use crate::question::Question;
use crate::reply::Reply;
use crate::shared::{Host, Seen, Shared};
use crate::wire::Wire;
use crate::xml;

/// An idle client is given up after this, and silence ends after it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Serves one client until one of the two ends it. Its misbehaviour ends here as well.
pub(crate) fn serve(host: Host, shared: &Shared, context: &SslContext, tcp: TcpStream) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    tcp.set_read_timeout(Some(PATIENCE))?;
    tcp.set_write_timeout(Some(PATIENCE))?;
    let tcp = Arc::new(tcp);
    shared.remember(&tcp);
    if shared.stopped() {
        return Ok(());
    }
    let fault = shared.plan().for_connection();
    if let Some(fault) = fault {
        shared.exchanges().note(struck(shared, "", fault));
    }
    match fault {
        Some(Fault::CloseOnAccept) => return Ok(()),
        Some(Fault::CloseInHandshake) => {
            // The first bytes are the ClientHello.
            let _ = (&*tcp).read(&mut [0; 4096])?;
            return Ok(());
        }
        _ => {}
    }
    let reset = Arc::new(AtomicBool::new(fault == Some(Fault::ResetAfterHandshake)));
    let wire = Wire::new(tcp.clone(), reset.clone());
    let mut stream = SslStream::new(Ssl::new(context)?, wire)?;
    stream.accept().map_err(io::Error::other)?;
    shared.count_handshake();
    if fault.is_some() {
        return Ok(());
    }
    let mut connection =
        Connection { host, shared, client: Client::of(&stream), stream, tcp, reset, incoming: Incoming::default() };
    while connection.exchange()? {}
    Ok(())
}

/// Who the client says it is.
enum Client {
    Nobody,
    /// The certificate does not verify.
    Doubtful,
    Known(String),
}

impl Client {
    fn of(stream: &SslStream<Wire>) -> Client {
        let Some(certificate) = stream.ssl().peer_certificate() else {
            return Client::Nobody;
        };
        if stream.ssl().verify_result() != X509VerifyResult::OK {
            return Client::Doubtful;
        }
        let name = certificate.subject_name();
        let cn = name.entries_by_nid(Nid::COMMONNAME).next();
        let cn = cn.and_then(|entry| entry.data().to_string().ok());
        Client::Known(cn.unwrap_or_default())
    }

    fn cn(&self) -> Option<&str> {
        match self {
            Client::Known(cn) => Some(cn),
            _ => None,
        }
    }
}

/// An exchange that ended before a request was read.
fn struck(shared: &Shared, path: &str, fault: Fault) -> Exchange {
    Exchange { at: shared.ledger.now(), path: path.to_owned(), fault: fault.name(), ..Exchange::default() }
}

/// The words that count in a reply.
fn said(body: &[u8]) -> Option<String> {
    let Ok(fields) = xml::read(body) else {
        let reply = serde_json::from_slice::<serde_json::Value>(body).ok()?;
        return reply.get("retcode").map(|code| code.as_str().map_or_else(|| code.to_string(), str::to_owned));
    };
    let names = ["err_code", "trade_state", "refund_status_0", "status", "err_msg", "result_code", "return_msg"];
    let known = names.into_iter().map(|name| fields.get(name)).find(|value| !value.is_empty());
    known.map(str::to_owned)
}

struct Connection<'a> {
    host: Host,
    shared: &'a Shared,
    client: Client,
    stream: SslStream<Wire>,
    tcp: Arc<TcpStream>,
    reset: Arc<AtomicBool>,
    incoming: Incoming,
}

impl Connection<'_> {
    /// One request and its answer. `false`: the connection is over.
    fn exchange(&mut self) -> io::Result<bool> {
        if !self.incoming.begin(&mut self.stream)? {
            return Ok(false);
        }
        self.shared.count_request();
        let head = match self.incoming.head(&mut self.stream)? {
            Ok(head) => head,
            Err(status) => return self.refuse(status),
        };
        let route = gateway::route(&head.path);
        let struck_at_head = route.and_then(|(_, act)| self.shared.plan().for_head(act.map(Act::track)));
        if let Some(fault) = struck_at_head {
            self.shared.exchanges().note(struck(self.shared, &head.path, fault));
            return Ok(false);
        }
        let length = match head.length() {
            Ok(length) => length,
            Err(status) => return self.refuse(status),
        };
        if head.header("expect").eq_ignore_ascii_case("100-continue") {
            self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let body = self.incoming.body(&mut self.stream, length)?;
        self.shared.see(Seen {
            path: head.path.clone(),
            headers: head.headers.clone(),
            body: body.clone(),
            client_certificate_cn: self.client.cn().map(str::to_owned),
        });
        self.wait(self.shared.network().delay);
        let mut parcel = self.answer(route, &head, &body);
        if self.shared.settings.replies_dated {
            parcel.headers.push(("Date", clock::http_date(self.shared.ledger.now())));
        }
        self.wait(self.shared.network().delay);
        self.send(&parcel, head.keeps_alive() && parcel.status != 400)
    }

    /// As long as it takes on the way, or until the simulator ends.
    fn wait(&self, time: Duration) {
        let end = Instant::now() + time;
        while !self.shared.stopped()
            && let Some(left) = end.checked_duration_since(Instant::now())
        {
            thread::sleep(left.min(Duration::from_millis(50)));
        }
    }

    fn answer(&self, route: Option<(Gateway, Option<Act>)>, head: &Head, body: &[u8]) -> Parcel {
        if let Some(number) = head.path.strip_prefix("/moved/") {
            return self.shared.moved(number);
        }
        let download = Download::of(&head.path);
        let wants_certificate = match (route, download) {
            (Some((gateway, act)), _) => gateway.wants_certificate(act),
            (None, Some(download)) => download.wants_certificate(),
            (None, None) => return Parcel::page(404, ""),
        };
        // nginx's own pages, for `ssl_verify_client optional`.
        match self.client {
            Client::Nobody if wants_certificate => {
                return Parcel::certificate_page("No required SSL certificate was sent");
            }
            Client::Doubtful => return Parcel::certificate_page("The SSL certificate error"),
            _ => {}
        }
        let Some((gateway, act)) = route else {
            return download.map_or(Parcel::page(404, ""), |download| {
                downloads::answer(self.shared, download, head, body, self.client.cn())
            });
        };
        let settings = &self.shared.settings;
        let mut question = Question::read(settings, (gateway, act), head, body, self.client.cn());
        question.lag = self.shared.lag(self.host);
        let fault = desk::fault(self.shared, &question);
        let parcel = desk::answer(self.shared, &question, fault);
        if self.shared.exchanges().wanted() {
            let noted = self.noted(&question, (head, body), fault, &parcel);
            self.shared.exchanges().note(noted);
        }
        parcel
    }

    fn noted(
        &self,
        question: &Question,
        (head, body): (&Head, &[u8]),
        fault: Option<Fault>,
        parcel: &Parcel,
    ) -> Exchange {
        let wrong = question.wrong.as_ref().and_then(Reply::says);
        let sent = !matches!(parcel.manner, Manner::Nothing(_));
        Exchange {
            at: self.shared.ledger.now(),
            gateway: question.gateway.name(),
            path: head.path.clone(),
            number: question.order_number().to_owned(),
            request: String::from_utf8_lossy(body).into_owned(),
            signed: question.signed(&self.shared.settings),
            wrong: wrong.unwrap_or_default(),
            said: said(&parcel.body).filter(|_| sent).unwrap_or_default(),
            fault: fault.map_or("", |fault| fault.name()),
            status: if sent { parcel.status } else { 0 },
            reply: if sent { String::from_utf8_lossy(&parcel.body).into_owned() } else { String::new() },
            certificate: self.client.cn().unwrap_or_default().to_owned(),
            ..Exchange::default()
        }
    }

    /// A page, then the rest of the request is read and dropped so that the page arrives.
    fn refuse(&mut self, status: u16) -> io::Result<bool> {
        let page = Parcel::page(status, "").bytes(false);
        self.stream.write_all(&page)?;
        let _ = self.stream.shutdown();
        self.tcp.shutdown(Shutdown::Write)?;
        self.tcp.set_read_timeout(Some(Duration::from_millis(500)))?;
        let mut rest = [0; 16 * 1024];
        let end = Instant::now() + Duration::from_secs(5);
        while Instant::now() < end && (&*self.tcp).read(&mut rest)? > 0 {}
        Ok(false)
    }

    /// Sends a parcel in its manner. `false`: the connection is over.
    fn send(&mut self, parcel: &Parcel, keep_alive: bool) -> io::Result<bool> {
        let body = &parcel.body;
        let half = &body[..body.len() / 2];
        match &parcel.manner {
            Manner::Whole => {
                self.stream.write_all(&parcel.bytes(keep_alive))?;
                if !keep_alive {
                    let _ = self.stream.shutdown();
                }
                return Ok(keep_alive);
            }
            Manner::Nothing(end) => return self.end(*end),
            Manner::HalfHead => {
                let head = parcel.head(Some(body.len()), keep_alive);
                self.stream.write_all(&head[..head.len() / 2])?;
                return self.end(End::Silence);
            }
            Manner::HalfBody(end) => {
                let head = parcel.head(Some(body.len()), keep_alive);
                self.stream.write_all(&[&head, half].concat())?;
                return self.end(*end);
            }
            Manner::CutAt(bytes) => {
                let head = parcel.head(Some(body.len()), keep_alive);
                self.stream.write_all(&[&head, &body[..body.len().min(*bytes)]].concat())?;
                return self.end(End::Close);
            }
            Manner::NoLength { half: cut } => {
                let head = parcel.head(None, false);
                let body = if *cut { half } else { body };
                self.stream.write_all(&[&head, body].concat())?;
            }
            Manner::Slow => return self.drip(parcel, keep_alive),
            Manner::WrongLength => {
                let head = parcel.head(Some(body.len() + 100), keep_alive);
                self.stream.write_all(&[&head[..], body].concat())?;
            }
            Manner::Surplus(more) => {
                let bytes = parcel.bytes(keep_alive);
                self.stream.write_all(&[&bytes, &more[..]].concat())?;
                return Ok(keep_alive);
            }
            Manner::Late(more) => {
                self.stream.write_all(&parcel.bytes(true))?;
                thread::sleep(Duration::from_millis(20));
                self.stream.write_all(more)?;
                return Ok(keep_alive);
            }
            Manner::Huge => parcel.send_huge(&mut self.stream)?,
            Manner::Bare => self.stream.write_all(body)?,
        }
        Ok(false)
    }

    fn end(&mut self, end: End) -> io::Result<bool> {
        match end {
            End::Close => {}
            End::Reset => self.reset.store(true, Ordering::SeqCst),
            End::Silence => self.silence()?,
        }
        Ok(false)
    }

    /// Until the client goes, or 30 s, or the simulator ends.
    fn silence(&mut self) -> io::Result<()> {
        // Nothing that the client sends now is a request: the last one has no answer yet.
        let end = Instant::now() + PATIENCE;
        let mut ignored = [0; 1024];
        while Instant::now() < end && self.stream.read(&mut ignored)? > 0 {}
        Ok(())
    }

    fn drip(&mut self, parcel: &Parcel, keep_alive: bool) -> io::Result<bool> {
        let head = parcel.head(Some(parcel.body.len()), keep_alive);
        self.stream.write_all(&head)?;
        for byte in &parcel.body {
            if self.shared.stopped() {
                return Ok(false);
            }
            self.stream.write_all(&[*byte])?;
            thread::sleep(Duration::from_millis(100));
        }
        Ok(keep_alive)
    }
}
