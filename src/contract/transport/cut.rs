//! The line breaks, the reply is cut or too long, the server is silent.

use std::time::{Duration, Instant};

use super::bench::Server;
use super::exchange::{BODY, bytes, chunked, post};
use super::peer::{PATIENCE, Visit, ok, scene};
use super::run::{Result, Run};
use crate::contract::broken::{Broken, Promise};

/// The deadline where nothing but the deadline ends a request.
const WITHIN: Duration = Duration::from_millis(800);
/// A busy machine may be late. The other side waits longer than both.
const LATE: Duration = Duration::from_secs(6);

pub(super) fn check(run: &mut Run<'_>) -> Result<()> {
    breaks(run)?;
    cut_replies(run)?;
    limits(run)?;
    silences(run)
}

/// The server leaves: before a byte, in the head, in the body, after all of it.
fn breaks(run: &mut Run<'_>) -> Result<()> {
    let body = bytes(3000);
    for (what, read) in
        [("before a byte", 0), ("in the head", 10), ("in the body", 1000), ("after the request", usize::MAX)]
    {
        let script = |visit: &mut Visit<'_>| {
            if read == usize::MAX {
                visit.request();
            }
            let mut left = if read == usize::MAX { 0 } else { read };
            while left > 0 {
                let got = visit.read(left).len();
                left = if got == 0 { 0 } else { left.saturating_sub(got) };
            }
        };
        let (said, log) =
            scene(run.bench, Server::Gateway, &script, |transport, url| transport.post(&post(url, &body)))?;
        let what = ["the server leaves ", what].concat();
        if said.is_ok() {
            return Err(Broken::new(
                Promise::OwnReply,
                "post",
                [&what, ": it gave a reply, and none was sent"].concat(),
            ));
        }
        run.judge(("post", &what), &said, &log)?;
    }
    Ok(())
}

/// Every reply that ended too early.
fn cut_replies(run: &mut Run<'_>) -> Result<()> {
    let (whole, pieces) = (ok(&bytes(100)), chunked(&bytes(2000)));
    let begin = |wire: &[u8], length: usize| wire.get(..length).unwrap_or_default().to_vec();
    let less = |wire: &[u8], by: usize| begin(wire, wire.len().saturating_sub(by));
    let replies: [(&str, Vec<u8>); 8] = [
        ("nothing but a status line", b"HTTP/1.1 200 OK\r\n".to_vec()),
        ("half a head", begin(&whole, 30)),
        ("a head alone", less(&whole, 100)),
        ("half a body", less(&whole, 50)),
        ("a body without its last byte", less(&whole, 1)),
        ("half a chunk", begin(&pieces, 500)),
        ("chunks without the last one", less(&pieces, 5)),
        ("no HTTP at all", b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
    ];
    for (what, wire) in replies {
        let script = |visit: &mut Visit<'_>| {
            if visit.request().is_some() {
                visit.send(&wire);
            }
        };
        let (said, log) =
            scene(run.bench, Server::Gateway, &script, |transport, url| transport.post(&post(url, BODY)))?;
        run.judge(("post", what), &said, &log)?;
        if let Ok(received) = said {
            let text =
                format!("{what}: it gave a reply of {} bytes, and the line broke before its end", received.body.len());
            return Err(Broken::new(Promise::WholeReply, "post", text));
        }
    }
    Ok(())
}

/// As long as is allowed, and one byte more.
fn limits(run: &mut Run<'_>) -> Result<()> {
    const LIMIT: usize = 1000;
    for (length, in_chunks) in
        [(LIMIT, false), (LIMIT, true), (LIMIT + 1, false), (LIMIT + 1, true), (100 * LIMIT, true)]
    {
        let wire = if in_chunks { chunked(&bytes(length)) } else { ok(&bytes(length)) };
        let script = |visit: &mut Visit<'_>| {
            if visit.request().is_some() {
                visit.send(&wire);
            }
        };
        let (said, log) = scene(run.bench, Server::Gateway, &script, |transport, url| {
            let mut post = post(url, BODY);
            post.reply_limit = LIMIT;
            transport.post(&post)
        })?;
        let what = format!("a reply of {length} bytes, of {LIMIT} that are allowed");
        run.judge(("post", &what), &said, &log)?;
        let broken = |text: &str| Err(Broken::new(Promise::ReplyLimit, "post", format!("{what}: {text}")));
        match said {
            Ok(received) if length > LIMIT => return broken(&format!("it gave {} bytes of it", received.body.len())),
            Err(fault) if length <= LIMIT => return broken(&fault.text),
            _ => {}
        }
    }
    Ok(())
}

/// Nothing comes, or too little, or nothing is taken: the deadline is for everything together.
fn silences(run: &mut Run<'_>) -> Result<()> {
    let says_nothing = |visit: &mut Visit<'_>| {
        visit.request();
        visit.wait();
    };
    let drips = |visit: &mut Visit<'_>| {
        visit.request();
        let mut goes_on = visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n");
        let start = Instant::now();
        while goes_on && visit.is_awaited() && start.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(50));
            goes_on = visit.send(b"x");
        }
    };
    let takes_nothing = |visit: &mut Visit<'_>| visit.wait();
    let long = bytes(8 << 20);
    type Scene<'a> = (&'a str, &'a (dyn Fn(&mut Visit<'_>) + Sync), &'a [u8]);
    let scenes: [Scene<'_>; 3] = [
        ("a server that says nothing", &says_nothing, BODY),
        ("a reply of one byte now and then", &drips, BODY),
        ("a server that takes nothing", &takes_nothing, &long),
    ];
    for (what, script, body) in scenes {
        let (said, log) = scene(run.bench, Server::Gateway, script, |transport, url| {
            let mut post = post(url, body);
            (post.within, post.connect_within) = (WITHIN, WITHIN);
            let start = Instant::now();
            (transport.post(&post), start.elapsed())
        })?;
        let (said, took) = said;
        if took > WITHIN.saturating_add(LATE) {
            let text = format!("{what}: it took {} ms of {} that it had", took.as_millis(), WITHIN.as_millis());
            return Err(Broken::new(Promise::Deadline, "post", text));
        }
        run.judge(("post", what), &said, &log)?;
        if said.is_ok() {
            return Err(Broken::new(Promise::WholeReply, "post", [what, ": it gave a reply"].concat()));
        }
    }
    Ok(())
}
