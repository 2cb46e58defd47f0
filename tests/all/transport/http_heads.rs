//! The head of a reply: what decides how the body is read is read strictly, what does not decides nothing (F8, F24).

use wxpay_terminal::Reason;

use crate::support::raw_server::*;

/// A payment that is answered with these lines in the head, and with this body.
fn answered(lines: &str, body: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static) -> Result<(), Reason> {
    let lines = lines.to_string();
    let server = RawServer::tls(Tls::V13, move |visit| {
        let request = visit.request().unwrap();
        let mut reply = lines.clone().into_bytes();
        reply.extend(body(&request));
        visit.send(reply);
    });
    let client = client(&[&server.url()]);
    let outcome = pay(&client, "B1").unwrap();
    drop(client);
    assert_eq!(server.finish().requests.len(), 1);
    match outcome {
        wxpay_terminal::Outcome::Accepted(_) => Ok(()),
        wxpay_terminal::Outcome::Unknown(doubt) => Err(doubt.reason),
        other => panic!("{other:?}"),
    }
}

fn whole(coding: &str) -> Result<(), Reason> {
    let coding = coding.to_string();
    answered("HTTP/1.1 200 OK\r\n", move |request| {
        let body = success(request);
        format!("{coding}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
    })
}

#[test]
fn what_is_no_coding_does_not_decide() {
    for value in
        ["UTF-8", "utf8", "", " ", "none", "identity", "IDENTITY", "GBK", "text/xml", "identity, identity", "8bit"]
    {
        assert_eq!(whole(&format!("Content-Encoding: {value}\r\n")), Ok(()), "{value:?}");
    }
    for line in
        ["Content-Language: gzip", "Vary: gzip", "X-Content-Encoding: gzip", "Content-Type: chunked", "TE: gzip"]
    {
        assert_eq!(whole(&format!("{line}\r\n")), Ok(()), "{line}");
    }
}

#[test]
fn a_coding_is_refused_wherever_it_stands() {
    for value in
        ["gzip", "GZip", "x-gzip", "deflate", "br", "zstd", "compress", "x-compress", "identity, gzip", "UTF-8,gzip"]
    {
        assert_eq!(whole(&format!("Content-Encoding: {value}\r\n")), Err(Reason::Broken), "{value:?}");
    }
    for lines in
        ["identity\r\nContent-Encoding: gzip", "gzip\r\nContent-Encoding: identity", "UTF-8\r\nContent-Encoding: x"]
    {
        assert_eq!(whole(&format!("Content-Encoding: {lines}\r\n")), Err(Reason::Broken), "{lines:?}");
    }
}

/// The body really comes in chunks, or really does not: two readers would read two bodies.
#[test]
fn a_transfer_coding_is_plainly_chunked_or_refused() {
    let chunks = |head: &str| {
        let head = head.to_string();
        answered("", move |request| {
            let reply = String::from_utf8(chunked(&success(request), 100)).unwrap();
            let body = reply.split_once("\r\n\r\n").unwrap().1;
            format!("{head}\r\n\r\n{body}").into_bytes()
        })
    };
    for good in ["Transfer-Encoding: chunked", "transfer-encoding: CHUNKED", "Transfer-Encoding:  chunked "] {
        assert_eq!(chunks(&format!("HTTP/1.1 200 OK\r\n{good}")), Ok(()), "{good}");
    }
    for bad in [
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked, gzip",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked;x=y",
        "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding: chunked\r\nContent-Length: 700",
        "Content-Length: 0\r\nTransfer-Encoding: chunked",
    ] {
        assert_eq!(chunks(&format!("HTTP/1.1 200 OK\r\n{bad}")), Err(Reason::Broken), "{bad}");
    }
    assert_eq!(chunks("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked"), Err(Reason::Broken));
    for unknown in ["identity", "x-new", "gzip", ""] {
        assert_eq!(whole(&format!("Transfer-Encoding: {unknown}\r\n")), Err(Reason::Broken), "{unknown:?}");
    }
}

#[test]
fn one_length_counts_or_none() {
    let lengths = |make: fn(usize) -> String| {
        answered("HTTP/1.1 200 OK\r\n", move |request| {
            let body = success(request);
            format!("{}\r\n\r\n{body}", make(body.len())).into_bytes()
        })
    };
    assert_eq!(lengths(|n| format!("Content-Length: {n}\r\nContent-Length: {n}")), Ok(()));
    let bad: [fn(usize) -> String; 6] = [
        |n| format!("Content-Length: {n}\r\nContent-Length: {}", n - 1),
        |n| format!("Content-Length: {n}, {n}"),
        |n| format!("Content-Length: +{n}"),
        |n| format!("Content-Length: 0x{n:x}"),
        |n| format!("Content-Length: {n}.0"),
        |n| format!("Content-Length: -{n}"),
    ];
    for make in bad {
        assert_eq!(lengths(make), Err(Reason::Broken), "{}", make(100));
    }
}
