//! What can go wrong between a terminal and a gateway, one test a situation: an `Error` says that no byte of the
//! request left, everything else is `Unknown`. Most run on TLS 1.2 and 1.3.

mod before_the_first_byte;
mod between_exchanges;
mod client_certificate;
mod half_a_reply;
mod no_reply;
mod other_replies;
mod proxies;
mod two_hosts;
mod unusual_replies;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use wxpay_simulator::{Simulator, credentials};
use wxpay_terminal::{Client, Doubt, Error, Https, Identity, Outcome, Reason, RedPackSent, RedpackAccount};

use crate::support::raw_server::*;

/// One payment to one server. Returns what came of it, and what arrived there.
pub fn once(client: Client<RedpackAccount>, server: RawServer) -> (Result<Outcome<RedPackSent>, Error>, Log) {
    let start = Instant::now();
    let outcome = pay(&client, "B1");
    assert!(start.elapsed() < Duration::from_secs(10), "the deadline holds: {:?}", start.elapsed());
    drop(client);
    (outcome, server.finish())
}

/// One payment to one server that may take its time.
pub fn one_payment(server: RawServer) -> (Result<Outcome<RedPackSent>, Error>, Log) {
    once(client(&[&server.url()]), server)
}

/// The request may have left: `Unknown` for this reason, and it came at most once, on one connection.
#[track_caller]
pub fn unknown(tls: Tls, reason: Reason, script: impl Fn(&mut Visit) + Send + Sync + 'static) -> Doubt {
    let (outcome, log) = one_payment(RawServer::tls(tls, script));
    let doubt = is_unknown(outcome);
    assert_eq!(doubt.reason, reason, "{doubt}");
    assert!(!doubt.text.is_empty(), "a technician needs words");
    assert_eq!((log.connections, log.handshakes), (1, 1), "nothing is tried again");
    assert!(log.requests.len() <= 1, "nothing is sent twice");
    doubt
}

/// The same, after the server has read the whole request.
#[track_caller]
pub fn unknown_after_request(tls: Tls, reason: Reason, script: impl Fn(&mut Visit) + Send + Sync + 'static) -> Doubt {
    let seen = Arc::new(AtomicUsize::new(0));
    let count = seen.clone();
    let doubt = unknown(tls, reason, move |visit| {
        if visit.request().is_some() {
            count.fetch_add(1, Ordering::SeqCst);
            script(visit);
        }
    });
    assert_eq!(seen.load(Ordering::SeqCst), 1, "the request came once");
    doubt
}

/// The server reads the request, and then nothing but the deadline ends the exchange.
#[track_caller]
pub fn unknown_at_the_deadline(tls: Tls, script: impl Fn(&mut Visit) + Send + Sync + 'static) {
    let server = RawServer::tls(tls, move |visit| {
        visit.request();
        script(visit);
    });
    let (outcome, log) = once(short_client(&[&server.url()]), server);
    assert_eq!(is_unknown(outcome).reason, Reason::Broken);
    assert_eq!((log.connections, log.requests.len()), (1, 1), "the request came once");
}

/// A reply that must be taken.
#[track_caller]
pub fn taken(tls: Tls, reply: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static) {
    let (outcome, log) = one_payment(RawServer::tls(tls, move |visit| {
        let request = visit.request().unwrap();
        visit.send(reply(&request));
    }));
    is_accepted(outcome);
    assert_eq!((log.connections, log.requests.len()), (1, 1));
}

/// The gateway was not reached: an `Error`, and no byte of HTTP arrived, inside TLS or outside.
#[track_caller]
pub fn unreached(server: RawServer) -> Error {
    let (outcome, log) = once(short_client(&[&server.url()]), server);
    let error = is_unreached(outcome);
    assert_eq!(log.bytes, 0, "no byte left");
    assert!(log.requests.is_empty());
    assert!(!log.plain.windows(5).any(|window| window == b"POST "), "nothing leaves outside of TLS");
    error
}

/// Trusts the simulator's CA and shows the merchant's certificate.
pub fn simulator_client(simulator: &Simulator) -> Client<RedpackAccount> {
    simulator_client_with(simulator, &simulator.files().p12_aes)
}

pub fn simulator_client_with(simulator: &Simulator, p12: &std::path::Path) -> Client<RedpackAccount> {
    let roots = std::fs::read(&simulator.files().ca_pem).unwrap();
    let identity = Identity::from_pkcs12(&std::fs::read(p12).unwrap(), credentials::MCH_ID).unwrap();
    let https = Https::builder().only_roots(&roots).unwrap().identity(identity).build().unwrap();
    client_with(https, &[&simulator.base_url()])
}

/// A success of exactly so many bytes.
pub fn padded(request: &[u8], length: usize) -> String {
    let short = success(request);
    let blanks = " ".repeat(length - short.len());
    short.replace("</xml>", &(blanks + "</xml>"))
}

/// The order numbers that a server read, in order.
pub fn seen(log: &Log) -> Vec<String> {
    log.requests.iter().map(|(_, request)| value(request, "mch_billno")).collect()
}
