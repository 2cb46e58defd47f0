//! Names and addresses: a dead name server costs one thread and one deadline, never a wrong outcome.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use wxpay_terminal::{Client, RedpackAccount, Resolve};

use crate::support::raw_server::*;

/// A resolver made of a function that gets the question's number, and a count of the questions.
struct Asked<F>(Arc<AtomicUsize>, F);

impl<F> Resolve for Asked<F>
where
    F: Fn(usize) -> io::Result<Vec<SocketAddr>> + Send + Sync,
{
    fn resolve(&self, _: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
        (self.1)(self.0.fetch_add(1, Ordering::SeqCst))
    }
}

/// A client that asks this function for addresses, and the count of its questions.
fn asking<F>(hosts: &[&str], answer: F) -> (Client<RedpackAccount>, Arc<AtomicUsize>)
where
    F: Fn(usize) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
{
    let count = Arc::new(AtomicUsize::new(0));
    let https = https().resolver(Asked(count.clone(), answer)).build().unwrap();
    (client_with(https, hosts).within(SHORT).unwrap(), count)
}

/// A server that wants a new connection for every request.
fn closing_server() -> RawServer {
    RawServer::tls(Tls::V13, |visit| {
        let request = visit.request().unwrap();
        visit.send(reply("HTTP/1.1 200 OK", &["Connection: close"], &success(&request)));
    })
}

/// A gate that stays shut until it is opened.
#[derive(Clone, Default)]
struct Shut(Arc<(Mutex<bool>, Condvar)>);

impl Shut {
    fn pass(&self) {
        let open = self.0.0.lock().unwrap();
        drop(self.0.1.wait_while(open, |open| !*open).unwrap());
    }

    fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }
}

#[test]
fn a_name_that_does_not_resolve_is_an_error() {
    let (client, asked) = asking(&["https://localhost:1"], |_| Err(io::Error::other("NXDOMAIN")));
    let error = is_unreached(pay(&client, "B1"));
    assert_eq!(error.field_name(), "dns");
    assert!(error.rule().contains("localhost") && error.rule().contains("NXDOMAIN"), "{error}");
    // A failure is not remembered: the next payment asks again.
    is_unreached(pay(&client, "B1"));
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[test]
fn a_name_without_an_address_is_an_error() {
    let (client, _) = asking(&["https://localhost:1"], |_| Ok(Vec::new()));
    assert_eq!(is_unreached(pay(&client, "B1")).field_name(), "dns");
}

#[test]
fn a_name_server_that_never_answers_costs_one_thread_and_one_deadline() {
    let server = closing_server();
    let (address, shut) = (server.address(), Shut::default());
    let theirs = shut.clone();
    let (client, asked) = asking(&[&server.url()], move |_| {
        theirs.pass();
        Ok(vec![address])
    });
    let start = Instant::now();
    thread::scope(|scope| {
        for call in 0..20 {
            let client = &client;
            scope.spawn(move || assert_eq!(is_unreached(pay(client, &format!("B{call}"))).field_name(), "dns"));
        }
    });
    assert!(start.elapsed() < Duration::from_secs(10));
    assert_eq!(asked.load(Ordering::SeqCst), 1, "lookups");
    // It answers at last: the answer serves.
    shut.open();
    is_accepted(pay(&client, "C1"));
    assert_eq!(asked.load(Ordering::SeqCst), 1, "lookups");
    drop(client);
    assert_eq!(server.finish().requests.len(), 1);
}

#[test]
fn a_host_without_a_name_is_reached_while_the_name_server_hangs() {
    let server = closing_server();
    let (shut, literal) = (Shut::default(), format!("https://{}", server.address()));
    let theirs = shut.clone();
    let (client, asked) = asking(&["https://localhost:1", &literal], move |_| {
        theirs.pass();
        Ok(Vec::new())
    });
    is_accepted(pay(&client, "B1"));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    shut.open();
    drop(client);
    assert_eq!(server.finish().requests.len(), 1);
}

#[test]
fn a_fresh_address_is_not_asked_for_again() {
    let server = closing_server();
    let address = server.address();
    let fails_later = move |asked| if asked == 0 { Ok(vec![address]) } else { Err(io::Error::other("asked again")) };
    let (client, asked) = asking(&[&server.url()], fails_later);
    for call in 0..10 {
        is_accepted(pay(&client, &format!("B{call}")));
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    drop(client);
    assert_eq!(server.finish().connections, 10);
}

#[test]
fn callers_that_wait_for_the_same_name_share_one_lookup() {
    let server = closing_server();
    let (address, shut) = (server.address(), Shut::default());
    let theirs = shut.clone();
    let (client, asked) = asking(&[&server.url()], move |_| {
        theirs.pass();
        Ok(vec![address])
    });
    thread::scope(|scope| {
        for call in 0..8 {
            let client = &client;
            scope.spawn(move || is_accepted(pay(client, &format!("B{call}"))));
        }
        thread::sleep(Duration::from_millis(50));
        shut.open();
    });
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    drop(client);
    assert_eq!(server.finish().requests.len(), 8);
}

#[test]
fn a_resolver_that_panics_is_an_error_and_is_asked_again() {
    let server = closing_server();
    let address = server.address();
    let (client, asked) = asking(&[&server.url()], move |asked| {
        assert!(asked > 0, "the resolver's own fault");
        Ok(vec![address])
    });
    assert_eq!(is_unreached(pay(&client, "B1")).field_name(), "dns");
    is_accepted(pay(&client, "B2"));
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    drop(client);
    assert_eq!(server.finish().requests.len(), 1);
}

#[test]
fn a_host_that_is_an_address_never_asks() {
    let forbidden = |_| Err(io::Error::other("nobody may ask"));
    let server = closing_server();
    let (client, asked) = asking(&[&format!("https://{}", server.address())], forbidden);
    is_accepted(pay(&client, "B1"));
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    drop(client);
    let log = server.finish();
    assert!(log.request(0).to_ascii_lowercase().contains("\r\nhost: 127.0.0.1:"), "{}", log.request(0));
}

/// A listener on the IPv6 loopback, where there is one.
fn ipv6() -> Option<TcpListener> {
    TcpListener::bind("[::1]:0").ok()
}

#[test]
fn a_host_that_is_an_ipv6_address_never_asks() {
    let Some(listener) = ipv6() else { return };
    let url = format!("https://{}", listener.local_addr().unwrap());
    let server = closing_server();
    let port = server.port();
    let front = RawServer::listen(listener, move |plain| {
        pipe(&plain.tcp, &std::net::TcpStream::connect(("127.0.0.1", port)).unwrap());
    });
    let (client, asked) = asking(&[&url], |_| Err(io::Error::other("nobody may ask")));
    is_accepted(pay(&client, "B1"));
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    drop(client);
    front.finish();
    assert!(server.finish().request(0).to_ascii_lowercase().contains("\r\nhost: [::1]:"));
}

#[test]
fn ipv6_that_leads_nowhere_is_tried_once() {
    let Some(listener) = ipv6() else { return };
    let nowhere = listener.local_addr().unwrap();
    drop(listener);
    let server = closing_server();
    let addresses = vec![nowhere, server.address()];
    let (client, _) = asking(&[&server.url()], move |_| Ok(addresses.clone()));
    is_accepted(pay(&client, "B1"));
    // Now somebody listens there. The second call goes to IPv4 first, so nobody comes.
    let Ok(listener) = TcpListener::bind(nowhere) else { return };
    listener.set_nonblocking(true).unwrap();
    is_accepted(pay(&client, "B2"));
    assert!(listener.accept().is_err(), "IPv6 was tried first again");
    drop(client);
    assert_eq!(server.finish().requests.len(), 2);
}

#[test]
fn ipv6_that_swallows_everything_leaves_time_for_ipv4() {
    let Some(swallows) = FullPort::new("[::1]:0") else { return };
    let server = closing_server();
    let addresses = vec![swallows.address(), swallows.address(), server.address()];
    let (client, _) = asking(&[&server.url()], move |_| Ok(addresses.clone()));
    is_accepted(pay(&client, "B1"));
    drop(client);
    assert_eq!(server.finish().requests.len(), 1);
}

#[test]
fn every_address_is_tried_before_a_byte_leaves() {
    let server = closing_server();
    let dead: Vec<ClosedPort> = (0..5).map(|_| ClosedPort::new()).collect();
    let addresses: Vec<SocketAddr> = dead.iter().map(ClosedPort::address).chain([server.address()]).collect();
    let (client, _) = asking(&[&server.url()], move |_| Ok(addresses.clone()));
    is_accepted(pay(&client, "B1"));
    drop(client);
    assert_eq!(server.finish().requests.len(), 1);
}

/// Writes down whom it is asked for, and always answers the same.
struct Names(Arc<Mutex<Vec<String>>>, SocketAddr);

impl Resolve for Names {
    fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        self.0.lock().unwrap().push(format!("{host}:{port}"));
        Ok(vec![self.1])
    }
}

#[test]
fn behind_a_proxy_only_the_proxy_is_asked_for() {
    let proxy = RawServer::tcp(|mut plain| {
        plain.read();
    });
    let asked = Arc::new(Mutex::new(Vec::new()));
    let names = Names(asked.clone(), proxy.address());
    let https = https().resolver(names).proxy("proxy.example", 3128).unwrap().build().unwrap();
    is_unreached(pay(&client_with(https, &["https://gateway.example"]), "B1"));
    assert_eq!(*asked.lock().unwrap(), ["proxy.example:3128"]);
    let sent = proxy.finish().plain;
    assert!(sent.starts_with(b"CONNECT gateway.example:443 HTTP/1.1\r\n"));
}
