//! Where nothing may leave: nobody there, somebody else there, and `reach`.

use std::net::TcpListener;
use std::time::Duration;

use super::bench::Server;
use super::exchange::{BODY, post};
use super::peer::{Log, Visit, ok, scene};
use super::run::{Result, Run};
use crate::contract::broken::{Broken, Promise};
use crate::transport::{Fault, Sent, Stage};

pub(super) fn check(run: &mut Run<'_>) -> Result<()> {
    nobody(run)?;
    if run.bench.impostors() == 0 {
        run.leave_out("certificates: the bench has no impostors");
    }
    (0..run.bench.impostors()).try_for_each(|which| impostor(run, which))?;
    reach(run)
}

/// A port on which nobody listens.
fn nobody(run: &mut Run<'_>) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let Ok(address) = listener else { return Ok(()) };
    let transport = run.bench.transport();
    let url = run.bench.url(address.port());
    let said = transport.post(&post(&url, BODY));
    let what = "nobody listens";
    run.judge(("post", what), &said, &Log::default())?;
    if said.is_err_and(|fault| fault.sent == Sent::Maybe) {
        run.note(
            "where nobody listens it says that something may have left: every dead network makes a payment unknown",
        );
    }
    match transport.reach(&url, Duration::from_secs(5)) {
        Ok(()) => Err(Broken::new(Promise::Carries, "reach", "it reached a port on which nobody listens")),
        Err(_) => Ok(()),
    }
}

/// A server whose certificate is another's.
fn impostor(run: &mut Run<'_>, which: usize) -> Result<()> {
    let answer = |visit: &mut Visit<'_>| {
        while visit.request().is_some() && visit.send(&ok(BODY)) {}
    };
    let server = Server::Impostor(which);
    let (said, log) = scene(run.bench, server, &answer, |transport, url| {
        (transport.post(&post(url, BODY)), transport.reach(url, Duration::from_secs(5)))
    })?;
    let broken =
        |call, text: &str| Err(Broken::new(Promise::KnowsItsServer, call, format!("impostor {which}: {text}")));
    run.report.posts = run.report.posts.saturating_add(1);
    match said {
        (Ok(_), _) => broken("post", "it took a reply from it"),
        _ if log.carried() > 0 => broken("post", "it sent bytes to it"),
        (_, Ok(())) => broken("reach", "it took it for the gateway"),
        (Err(fault), _) => {
            run.report.faults = run.report.faults.saturating_add(1);
            if fault.sent == Sent::Maybe {
                run.note("where the certificate is wrong it says that something may have left");
            }
            Ok(())
        }
    }
}

/// Connected, and not a byte of a request.
fn reach(run: &mut Run<'_>) -> Result<()> {
    let script = |visit: &mut Visit<'_>| visit.wait();
    let (said, log) =
        scene(run.bench, Server::Gateway, &script, |transport, url| transport.reach(url, Duration::from_secs(20)))?;
    match said {
        _ if log.carried() > 0 => Err(Broken::new(Promise::ReachSendsNothing, "reach", "the server got bytes")),
        Ok(()) => Ok(()),
        Err(Fault { stage: Stage::Unable, .. }) => {
            run.leave_out("reach: the transport has none");
            Ok(())
        }
        Err(fault) => {
            Err(Broken::new(Promise::Carries, "reach", format!("it does not reach a good server: {}", fault.text)))
        }
    }
}
