//! The notifications of payments and refunds (docs: C.6, E.3, F.3).

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::counter;
use crate::gateway::Gateway;
use crate::ledger::Ledger;
use crate::record::Record;
use crate::refund::RefundStatus;
use crate::refund_notice;

/// A notification that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The XML: of a payment signed, of a refund not.
    pub body: String,
    /// What the merchant answered: `success` is right, and XML for WeChat Pay's own gateway. `None` when nothing was
    /// sent, or no answer came within 5 s.
    pub answer: Option<String>,
}

/// The customer pays: the order is marked and the merchant told.
pub(crate) fn pay(ledger: &Ledger, number: &str) -> io::Result<Delivery> {
    let of_wxpay = ledger.find(Gateway::Wxpay.name(), number).is_some();
    let gateway = if of_wxpay { Gateway::Wxpay } else { Gateway::Swiftpass };
    let paid = ledger.change(gateway.name(), number, |record, now| {
        match record.entry.state.as_str() {
            "NOTPAY" | "USERPAYING" | "PAYERROR" => record.pay(now),
            // Notifications come more than once (docs: C.6).
            "SUCCESS" => {}
            other => return Err(other.to_owned()),
        }
        Ok(record.clone())
    });
    let record = match paid {
        Some(Ok(record)) => record,
        Some(Err(state)) => return Err(io::Error::other(format!("{number} is {state}"))),
        None => return Err(io::Error::other(format!("no order {number}"))),
    };
    Ok(deliver(record.content.get("notify_url"), body(&record)))
}

/// A refund ends, or goes on, and the merchant is told of an end.
pub(crate) fn end_refund(ledger: &Ledger, number: &str, status: RefundStatus) -> io::Result<Delivery> {
    let ended = ledger.book(|book| {
        let now = book.now;
        let (record, at) = book.refund(|_, refund| refund.entry.refund_number == number)?;
        let status = counter::of_name(record.entry.gateway).end(status);
        record.refunds[at].end(status, now);
        record.refunds[at].ends_in = status;
        record.add_up();
        let refund = &record.refunds[at];
        // docs: F.3: there is none of the other two.
        let is_told = !matches!(status, RefundStatus::Processing | RefundStatus::Failed);
        let url = if is_told { refund.content.get("notify_url") } else { "" };
        Some((url.to_owned(), refund_notice::body(record, refund).unwrap_or_default()))
    });
    let (url, body) = ended.ok_or_else(|| io::Error::other(format!("no refund {number}")))?;
    Ok(deliver(&url, body))
}

fn deliver(url: &str, body: String) -> Delivery {
    let answer = target(url).and_then(|(address, host, path)| post(address, &host, &path, &body).ok());
    Delivery { body, answer }
}

/// The signed notification of an order, as it is or would be sent.
pub(crate) fn body(record: &Record) -> String {
    let dialect = counter::of_name(record.entry.gateway);
    String::from_utf8_lossy(&(dialect.notification)(record).body()).into_owned()
}

// Only this machine is told: a test must not knock at other people's doors.
fn target(url: &str) -> Option<(SocketAddr, String, String)> {
    let rest = url.strip_prefix("http://")?;
    let (host, path) = match rest.find('/') {
        Some(slash) => rest.split_at(slash),
        None => (rest, "/"),
    };
    let (name, port) = host.rsplit_once(':').unwrap_or((host, "80"));
    if !["127.0.0.1", "localhost"].contains(&name) {
        return None;
    }
    let mut addresses = (name, port.parse().ok()?).to_socket_addrs().ok()?;
    let address = addresses.find(|address| match address.ip() {
        IpAddr::V4(ip) => ip.is_loopback(),
        IpAddr::V6(_) => false,
    })?;
    Some((address, host.to_owned(), path.to_owned()))
}

fn post(address: SocketAddr, host: &str, path: &str, body: &str) -> io::Result<String> {
    let five = Duration::from_secs(5);
    let mut stream = TcpStream::connect_timeout(&address, five)?;
    stream.set_read_timeout(Some(five))?;
    stream.set_write_timeout(Some(five))?;
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: text/xml;charset=utf-8\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(64 * 1024).read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    match answer.split_once("\r\n\r\n") {
        Some((_, body)) => Ok(body.to_owned()),
        None => Err(io::ErrorKind::InvalidData.into()),
    }
}
