//! A request and its reply, as they are.

use super::bench::Server;
use super::peer::{Visit, ok, reply, scene};
use super::run::{Result, Run};
use crate::contract::broken::{Broken, Promise};
use crate::transport::{Fault, Post, Received};

const XML: &str = "text/xml; charset=utf-8";

pub(super) const BODY: &[u8] =
    "<xml><wishing><![CDATA[恭喜发财]]></wishing>\r\n<total_amount>200</total_amount></xml>".as_bytes();

/// Every byte there is, some thousand times.
pub(super) fn bytes(length: usize) -> Vec<u8> {
    (0..=u8::MAX).cycle().take(length).collect()
}

pub(super) fn post<'a>(url: &'a str, body: &'a [u8]) -> Post<'a> {
    Post::new(url, XML, body)
}

pub(super) fn check(run: &mut Run<'_>) -> Result<()> {
    for body in [BODY.into(), bytes(20_000), Vec::from(*b"x")] {
        arrives(run, &body)?;
    }
    for body in [BODY.into(), bytes(60_000), Vec::new()] {
        comes_back(run, "a reply", &ok(&body), 200, &body)?;
        comes_back(run, "a reply in chunks", &chunked(&body), 200, &body)?;
    }
    for status in
        ["201 Created", "204 No Content", "400 Bad Request", "404 Not Found", "500 Internal", "502 Bad Gateway"]
    {
        let body: &[u8] = if status.starts_with("204") { b"" } else { b"<html>an error page</html>" };
        let code = status.get(..3).and_then(|code| code.parse().ok()).unwrap_or(0);
        comes_back(run, status, &reply(status, "", body), code, body)?;
    }
    // What other clients take for an order to come again.
    for (status, header) in [
        ("301 Moved Permanently", "Location: /elsewhere\r\n"),
        ("302 Found", "Location: /elsewhere\r\n"),
        ("307 Temporary Redirect", "Location: /elsewhere\r\n"),
        ("308 Permanent Redirect", "Location: /elsewhere\r\n"),
        ("401 Unauthorized", "WWW-Authenticate: Basic realm=\"contract\"\r\n"),
        ("408 Request Timeout", ""),
        ("421 Misdirected Request", ""),
        ("429 Too Many Requests", "Retry-After: 0\r\n"),
        ("503 Service Unavailable", "Retry-After: 0\r\n"),
    ] {
        let code = status.get(..3).and_then(|code| code.parse().ok()).unwrap_or(0);
        comes_back(run, status, &reply(status, header, BODY), code, BODY)?;
    }
    in_pieces(run)
}

/// The request: POST, its path, its type, its body to the byte, once.
fn arrives(run: &mut Run<'_>, body: &[u8]) -> Result<()> {
    let answer = |visit: &mut Visit<'_>| {
        while visit.request().is_some() && visit.send(&ok(BODY)) {}
    };
    let (said, log) = scene(run.bench, Server::Gateway, &answer, |transport, url| transport.post(&post(url, body)))?;
    let what = format!("a request of {} bytes", body.len());
    run.judge(("post", &what), &said, &log)?;
    received(&said, &what, 200, BODY)?;
    let broken = |text: String| Err(Broken::new(Promise::WholeRequest, "post", format!("{what}: {text}")));
    let Some(request) = log.requests.first() else { return broken("it did not arrive".into()) };
    if !request.head.starts_with("POST /contract HTTP/1.") {
        let line = request.head.lines().next().unwrap_or_default();
        return broken(format!("its first line is {line:?}"));
    }
    if request.header("content-type") != Some(XML) {
        return broken(format!("its Content-Type is {:?}; it must be {XML:?}", request.header("content-type")));
    }
    if request.body != body {
        return broken(format!("{} bytes of body arrived, or others", request.body.len()));
    }
    // A second body behind the first would be read as another request.
    let whole = request.head.len().saturating_add(body.len());
    if log.bytes.iter().sum::<usize>() != whole {
        return broken("more bytes than the request came".into());
    }
    Ok(())
}

fn received(said: &core::result::Result<Received, Fault>, what: &str, status: u16, body: &[u8]) -> Result<()> {
    match said {
        Ok(received) if received.status == status && received.body == body => Ok(()),
        Ok(received) => {
            let text = format!(
                "{what}: it gave the status {} and {} bytes; sent were {status} and {} bytes",
                received.status,
                received.body.len(),
                body.len()
            );
            Err(Broken::new(Promise::AsReceived, "post", text))
        }
        Err(fault) => Err(Broken::new(Promise::AsReceived, "post", format!("{what}: it gave a fault: {}", fault.text))),
    }
}

/// The reply, whatever its status.
fn comes_back(run: &mut Run<'_>, what: &str, wire: &[u8], status: u16, body: &[u8]) -> Result<()> {
    let answer = |visit: &mut Visit<'_>| {
        while visit.request().is_some() && visit.send(wire) {}
    };
    let (said, log) = scene(run.bench, Server::Gateway, &answer, |transport, url| transport.post(&post(url, BODY)))?;
    run.judge(("post", what), &said, &log)?;
    received(&said, what, status, body)
}

pub(super) fn chunked(body: &[u8]) -> Vec<u8> {
    let mut wire = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for chunk in body.chunks(997) {
        wire.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        wire.extend(chunk);
        wire.extend(b"\r\n");
    }
    wire.extend(b"0\r\n\r\n");
    wire
}

/// A reply that comes three bytes at a time.
fn in_pieces(run: &mut Run<'_>) -> Result<()> {
    let answer = |visit: &mut Visit<'_>| {
        while visit.request().is_some() && ok(BODY).chunks(3).all(|piece| visit.send(piece)) {}
    };
    let (said, log) = scene(run.bench, Server::Gateway, &answer, |transport, url| transport.post(&post(url, BODY)))?;
    run.judge(("post", "a reply in small pieces"), &said, &log)?;
    received(&said, "a reply in small pieces", 200, BODY)
}
