//! Connections that are kept for the next request.

use std::time::Duration;

use super::bench::Server;
use super::exchange::post;
use super::peer::{Log, Visit, ok, scene};
use super::run::{Result, Run};
use crate::contract::broken::{Broken, Promise};
use crate::transport::{Fault, Received, Transport};

type Said = core::result::Result<Received, Fault>;

pub(super) fn check(run: &mut Run<'_>) -> Result<()> {
    own_and_forgotten(run)?;
    surplus(run)?;
    closed(run)
}

fn answer(request: &[u8]) -> Vec<u8> {
    [b"the reply to ", request].concat()
}

fn answers(visit: &mut Visit<'_>) {
    while let Some(request) = visit.request() {
        if !visit.send(&ok(&answer(&request.body))) {
            break;
        }
    }
}

fn send(transport: &dyn Transport, url: &str, body: &str, own_connection: bool) -> Said {
    let mut post = post(url, body.as_bytes());
    post.own_connection = own_connection;
    transport.post(&post)
}

/// What each reply is to, and on which connection its request came.
fn own_and_forgotten(run: &mut Run<'_>) -> Result<()> {
    let names = ["one", "two", "three, on a connection of its own", "four", "five, after forgetting"];
    let (said, log) = scene(run.bench, Server::Gateway, &answers, |transport, url| {
        let mut said = Vec::new();
        for name in names {
            if name.contains("forgetting") {
                transport.forget(url);
            }
            said.push(send(transport, url, name, name.contains("own")));
        }
        said
    })?;
    for (name, said) in names.into_iter().zip(&said) {
        let on = connection(run, name, said, &log)?;
        let before = log.requests.iter().take_while(|request| request.body != name.as_bytes());
        let carried = before.filter(|request| request.connection == on).count();
        let broken = |promise, text: &str| Err(Broken::new(promise, "post", format!("request {name:?}: {text}")));
        if carried == 0 {
            continue;
        }
        if name.contains("own") {
            return broken(Promise::OwnConnection, "it came on a connection that had carried another");
        }
        if name.contains("forgetting") {
            return Err(Broken::new(Promise::Forgets, "forget", "the next request came on a connection that was idle"));
        }
        if said.as_ref().is_ok_and(|received| !received.reused) {
            return broken(Promise::SaysReused, "its connection had carried another, and `reused` is false");
        }
    }
    Ok(())
}

/// The connection of the one request with this body.
fn connection(run: &mut Run<'_>, name: &str, said: &Said, log: &Log) -> Result<usize> {
    run.report.posts = run.report.posts.saturating_add(1);
    let came: Vec<_> = log.requests.iter().filter(|request| request.body == name.as_bytes()).collect();
    let broken = |promise, text: String| Err(Broken::new(promise, "post", format!("request {name:?}: {text}")));
    match (said, &came[..]) {
        (Ok(received), [request]) if received.body == answer(name.as_bytes()) => Ok(request.connection),
        (Ok(received), [_]) => {
            broken(Promise::OwnReply, format!("it got {:?}", String::from_utf8_lossy(&received.body)))
        }
        (Ok(_), []) => broken(Promise::OwnReply, "it gave a reply, and the server got no request".into()),
        (_, [_, _, ..]) => broken(Promise::SentOnce, format!("the server got it {} times", came.len())),
        (Err(fault), _) => broken(Promise::Carries, format!("a fault: {}", fault.text)),
    }
}

/// A second reply lies on the connection before the next request is sent.
fn surplus(run: &mut Run<'_>) -> Result<()> {
    let script = |visit: &mut Visit<'_>| {
        while let Some(request) = visit.request() {
            let twice = [ok(&answer(&request.body)), ok(b"a second reply to the first request")].concat();
            if !visit.send(&if request.body == b"first" { twice } else { ok(&answer(&request.body)) }) {
                break;
            }
        }
    };
    let (said, log) = scene(run.bench, Server::Gateway, &script, |transport, url| {
        let first = send(transport, url, "first", false);
        std::thread::sleep(Duration::from_millis(100));
        (first, send(transport, url, "second", false))
    })?;
    connection(run, "first", &said.0, &log)?;
    connection(run, "second", &said.1, &log).map(|_| ())
}

/// The server closed a connection that was kept. The next request may fail; it is not sent twice.
fn closed(run: &mut Run<'_>) -> Result<()> {
    let script = |visit: &mut Visit<'_>| {
        if let Some(request) = visit.request() {
            visit.send(&ok(&answer(&request.body)));
        }
    };
    let (said, log) = scene(run.bench, Server::Gateway, &script, |transport, url| {
        let first = send(transport, url, "first", false);
        std::thread::sleep(Duration::from_millis(100));
        (first, send(transport, url, "second", false))
    })?;
    let first = connection(run, "first", &said.0, &log)?;
    let request = log.requests.iter().find(|request| request.body == b"first");
    let of_first = request.map_or(0, |request| request.head.len().saturating_add(request.body.len()));
    let left_there = log.bytes.get(first).is_some_and(|bytes| *bytes > of_first);
    let elsewhere = log.requests.iter().any(|request| request.body == b"second");
    match &said.1 {
        _ if left_there && elsewhere => {
            Err(Broken::new(Promise::SentOnce, "post", "it was sent on a closed connection, and on a new one"))
        }
        Err(fault) if fault.sent == crate::transport::Sent::No && (left_there || elsewhere) => {
            Err(Broken::new(Promise::NothingLeft, "post", "a closed connection: the server got bytes of it"))
        }
        Err(_) => {
            run.note("a connection that the server closed makes the next payment fail: look at it before it is used");
            Ok(())
        }
        Ok(_) => connection(run, "second", &said.1, &log).map(|_| ()),
    }
}
