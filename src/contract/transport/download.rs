//! Bills: a long reply, in pieces.

use super::bench::Server;
use super::exchange::{BODY, bytes, chunked, post};
use super::peer::{Log, Visit, ok, reply, scene};
use super::run::{Result, Run};
use crate::contract::broken::{Broken, Promise};
use crate::transport::{Downloaded, Fault, Stage};

type Said = core::result::Result<Downloaded, Fault>;

const LENGTH: usize = 300_000;

pub(super) fn check(run: &mut Run<'_>) -> Result<()> {
    let bill = bytes(LENGTH);
    let (said, _, log) = load(run, &ok(&bill), LENGTH)?;
    if let Err(Fault { stage: Stage::Unable, .. }) = said
        && log.carried() == 0
    {
        run.leave_out("downloads: the transport has none");
        return Ok(());
    }
    whole(run, "a bill", &reply("200 OK", "Digest: SHA=0123\r\n", &bill), (200, &bill))?;
    whole(run, "a bill in chunks", &chunked(&bill), (200, &bill))?;
    whole(run, "an error page", &reply("404 Not Found", "", BODY), (404, BODY))?;
    let less = |wire: Vec<u8>, by: usize| wire.get(..wire.len().saturating_sub(by)).unwrap_or_default().to_vec();
    none(run, "half a bill", &less(ok(&bill), LENGTH / 2), LENGTH, Promise::WholeReply)?;
    none(run, "a bill without its last byte", &less(ok(&bill), 1), LENGTH, Promise::WholeReply)?;
    none(run, "chunks without the last one", &less(chunked(&bill), 5), LENGTH, Promise::WholeReply)?;
    none(run, "a bill that is too long", &ok(&bill), LENGTH - 1, Promise::ReplyLimit)?;
    none(run, "chunks that are too long", &chunked(&bill), LENGTH - 1, Promise::ReplyLimit)
}

fn load(run: &mut Run<'_>, wire: &[u8], limit: usize) -> Result<(Said, Vec<u8>, Log)> {
    let script = |visit: &mut Visit<'_>| {
        if visit.request().is_some() {
            visit.send(wire);
        }
    };
    let mut got = Vec::new();
    let (said, log) = scene(run.bench, Server::Gateway, &script, |transport, url| {
        let mut post = post(url, BODY);
        post.reply_limit = limit;
        transport.download(&post, &mut |piece| got.extend(piece))
    })?;
    Ok((said, got, log))
}

fn whole(run: &mut Run<'_>, what: &str, wire: &[u8], (status, body): (u16, &[u8])) -> Result<()> {
    let (said, got, log) = load(run, wire, LENGTH)?;
    run.judge(("download", what), &said, &log)?;
    let broken = |text: &str| Err(Broken::new(Promise::AsReceived, "download", format!("{what}: {text}")));
    match said {
        Ok(head) if head.status != status => broken(&format!("the status is {}; it must be {status}", head.status)),
        Ok(head) if head.digest.as_deref().is_some_and(|digest| digest != "SHA=0123") => broken("another digest"),
        Ok(_) if got != body => broken("other bytes than were sent"),
        Ok(_) => Ok(()),
        Err(fault) => broken(&fault.text),
    }
}

fn none(run: &mut Run<'_>, what: &str, wire: &[u8], limit: usize, promise: Promise) -> Result<()> {
    let (said, got, log) = load(run, wire, limit)?;
    run.judge(("download", what), &said, &log)?;
    match said {
        Ok(_) => Err(Broken::new(promise, "download", format!("{what}: it was told as whole, {} bytes", got.len()))),
        Err(_) => Ok(()),
    }
}
