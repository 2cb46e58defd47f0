//! Connections made beforehand: what goes over them, how many there are, and what becomes of one that the server closes.
//!
//! A payment on such a connection must come out as on a new one, and wait for one round trip.

use std::net::TcpListener;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use wxpay_simulator::{Settings, Simulator, TlsRange, credentials};
use wxpay_terminal::{
    Client, ErrorKind, GetHbInfo, Https, MicroPay, RedpackAccount, Secret, Stage, SystemPause, Terminal, Till,
    Transport, Warm, WxpayAccount,
};

use crate::support::counter::micro_pay;
use crate::support::flights::{Flights, Proxy};
use crate::support::gateways::{auth_code, https as of_simulator, redpack_account};
use crate::support::memory_journal::MemoryJournal;
use crate::support::raw_server::{self, *};
use crate::support::{Canned, accepted, red_packet, redpack};

/// Waits for something that another thread does.
#[track_caller]
fn wait(until: impl Fn() -> bool) {
    let start = Instant::now();
    while !until() {
        assert!(start.elapsed() < Duration::from_secs(20), "it did not come so far");
        thread::sleep(Duration::from_millis(1));
    }
}

// ---- round trips ----

/// What pays once, and what makes a connection beforehand.
type Desk = (Box<dyn Fn()>, Box<dyn Fn()>);

/// A payment on a connection of the same client: new, or warmed.
fn flights(tls: TlsRange, warms: bool, make: fn(&Simulator, &str) -> Desk) -> Flights {
    let simulator = Simulator::start_with(Settings { tls, ..Settings::default() }).unwrap();
    let proxy = Proxy::before(simulator.port(), Duration::ZERO);
    let (pay, warm) = make(&simulator, &proxy.url());
    if warms {
        warm();
        // A client of TLS 1.3 has done its part before the server knows, and before OpenSSL's two tickets (`SSL_CTX_set_num_tickets`)
        // are there: between two pieces of the request they would look like a reply. (TLS 1.2: the change of cipher, and the end.)
        wait(|| simulator.handshakes() == 1 && proxy.records_of_the_last_flight() >= 2);
        assert_eq!(simulator.requests(), 0);
    }
    let mark = proxy.mark();
    pay();
    assert_eq!((simulator.handshakes(), simulator.requests()), (1, 1));
    proxy.since(mark)
}

fn packets(simulator: &Simulator, url: &str) -> Desk {
    let client = Arc::new(Client::new(redpack_account(&[url]), Terminal::unnamed(), of_simulator(simulator)).unwrap());
    let warms = client.clone();
    let pay = move || {
        accepted(
            client.prepare(&red_packet("190000010920261121000001")).and_then(|mut packet| client.send(&mut packet)),
        );
    };
    (Box::new(pay), Box::new(move || warms.warm(Warm::InThisThread).unwrap()))
}

/// Without a certificate. Its calls always want a connection of their own.
fn codes(simulator: &Simulator, url: &str) -> Desk {
    let roots = std::fs::read(&simulator.files().ca_pem).unwrap();
    let https = Https::builder().only_roots(&roots).unwrap().build().unwrap();
    let account = WxpayAccount::new(credentials::MCH_ID, credentials::APPID, Secret::from(credentials::KEY)).unwrap();
    let account = account.without_certificate().hosts(&[url]).unwrap();
    let client = Arc::new(Client::new(account, Terminal::unnamed(), https).unwrap());
    let warms = client.clone();
    let pay = move || {
        let code = auth_code("1");
        let sale = MicroPay { out_trade_no: "S00001", ..micro_pay(&code) };
        accepted(client.prepare(&sale).and_then(|mut sale| client.send(&mut sale)));
    };
    (Box::new(pay), Box::new(move || warms.warm(Warm::InThisThread).unwrap()))
}

#[test]
fn a_payment_on_a_warmed_connection_waits_for_one_round_trip() {
    for (tls, new) in [(TlsRange::Only12, 4), (TlsRange::Only13, 3)] {
        for make in [packets, codes] {
            let warmed = flights(tls, true, make);
            assert_eq!((warmed.connections, warmed.round_trips), (0, 1), "{tls:?}: {warmed:?}");
            // The proxy does count. (A thread that waits for the processor may split a flight, and join none.)
            let cold = flights(tls, false, make);
            assert!(cold.connections == 1 && cold.round_trips >= new, "{tls:?}: {cold:?}");
            assert!(cold.bytes > warmed.bytes * 2, "{cold:?} {warmed:?}");
        }
    }
}

// ---- what goes over it ----

#[test]
fn not_a_byte_of_a_request_goes_over_it_before_the_payment() {
    both(|tls| {
        let server = RawServer::tls(tls, Visit::succeed_always);
        let client = client(&[&server.url()]);
        client.warm(Warm::InThisThread).unwrap();
        drop(client);
        let log = server.finish();
        assert_eq!((log.connections, log.handshakes, log.bytes), (1, 1, 0));
    });
}

#[test]
fn a_repeat_takes_it_too_because_it_carried_nothing() {
    both(|tls| {
        let server = RawServer::tls(tls, Visit::succeed_always);
        let client = client(&[&server.url()]);
        let mut prepared = client.prepare(&red_packet("W1")).unwrap();
        is_accepted(client.send(&mut prepared));
        client.warm(Warm::InThisThread).unwrap();
        is_accepted(client.send(&mut prepared));
        // What carried that one is kept like any other.
        let _ = client.ask(&GetHbInfo { mch_billno: "W1" }).unwrap();
        drop(client);
        let log = server.finish();
        assert_eq!((log.handshakes, log.came_on()[..2].to_vec()), (2, vec![0, 1]));
    });
}

/// A refusal that names no order counts only on a connection that carried nothing (`between_exchanges`): this one did not.
#[test]
fn a_reply_that_names_no_order_counts_on_it_as_on_a_new_one() {
    both(|tls| {
        let refusal = "<xml><return_code>SUCCESS</return_code><result_code>FAIL</result_code>\
                       <err_code>NOTENOUGH</err_code></xml>";
        let server = RawServer::tls(tls, move |visit| {
            visit.request();
            visit.send(ok(refusal));
            visit.until_gone();
        });
        let client = client(&[&server.url()]);
        client.warm(Warm::InThisThread).unwrap();
        crate::support::declined(pay(&client, "W1"));
        drop(client);
        assert_eq!(server.finish().connections, 1);
    });
}

// ---- one that is fit no more ----

/// The server ends the first connection somehow before a request came: the payment comes on another one.
fn replaced(tls: Tls, how: &str, end: impl Fn(&mut Visit) + Send + Sync + 'static) {
    let server = RawServer::tls(tls, move |visit| {
        if visit.number == 0 {
            end(visit);
            visit.mark();
        }
        visit.succeed_always();
    });
    let client = client(&[&server.url()]);
    client.warm(Warm::InThisThread).unwrap();
    server.wait(|log| log.marks > 0);
    is_accepted(pay(&client, "W1"));
    drop(client);
    let log = server.finish();
    assert_eq!((log.came_on(), log.handshakes), (vec![1], 2), "{how}");
}

#[test]
fn one_that_the_server_closed_or_spoke_on_is_replaced() {
    both(|tls| {
        replaced(tls, "FIN", Visit::fin);
        replaced(tls, "close_notify", Visit::close_notify);
        replaced(tls, "a byte", |visit| assert!(visit.send("x")));
        // What a load balancer says to a client that says nothing (RFC 9110, 15.5.9).
        replaced(tls, "408", |visit| {
            assert!(visit.send("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"));
        });
    });
}

#[test]
fn one_that_was_reset_is_replaced() {
    both(|tls| {
        let server = RawServer::tls(tls, |visit| {
            if visit.number == 0 {
                visit.reset();
                return visit.mark();
            }
            visit.succeed_always();
        });
        let client = client(&[&server.url()]);
        client.warm(Warm::InThisThread).unwrap();
        server.wait(|log| log.marks > 0);
        is_accepted(pay(&client, "W1"));
        drop(client);
        assert_eq!(server.finish().came_on(), [1]);
    });
}

/// A way that broke off under one exchange: what was made on it before is not trusted with the next payment.
#[test]
fn one_that_was_made_before_an_exchange_broke_off_is_replaced() {
    both(|tls| {
        // The way loses everything on both connections, as a modem does that got another address.
        let server = RawServer::tls(tls, |visit| {
            if visit.number < 2 {
                visit.until_gone();
            }
            visit.succeed_always();
        });
        let https = Arc::new(raw_server::https().build().unwrap());
        let client = client_with(https.clone(), &[&server.url()]).within(SHORT).unwrap();
        // The one that waits is the second; the first is in the payment's hands.
        thread::scope(|scope| {
            let payment = scope.spawn(|| is_unknown(pay(&client, "W1")));
            server.wait(|log| log.bytes > 0);
            client.warm(Warm::InThisThread).unwrap();
            payment.join().unwrap();
        });
        is_accepted(pay(&client, "W2"));
        drop((client, https));
        assert_eq!(server.finish().came_on(), [2]);
    });
}

// ---- how many ----

#[test]
fn however_often_it_is_called_two_wait_at_most() {
    let server = RawServer::tls(Tls::V13, Visit::succeed_always);
    let client = client(&[&server.url()]);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for call in 0..50 {
                    let how = if call % 2 == 0 { Warm::InBackground } else { Warm::InThisThread };
                    client.warm(how).unwrap();
                }
            });
        }
    });
    server.wait(|log| log.handshakes > 0);
    is_accepted(pay(&client, "W1"));
    drop(client);
    let log = server.finish();
    // A second one where these calls took more than five seconds.
    assert!(log.connections <= 2 && log.requests.len() == 1, "{} connections", log.connections);
}

#[test]
fn in_the_background_it_is_there_a_little_later() {
    both(|tls| {
        let server = RawServer::tls(tls, Visit::succeed_always);
        let https = Arc::new(raw_server::https().build().unwrap());
        let client = client_with(https.clone(), &[&server.url()]);
        client.warm(Warm::InBackground).unwrap();
        server.wait(|log| log.handshakes == 1);
        // Now it has its name.
        wait(|| threads("wxpay-warm") == 0 || !cfg!(target_os = "linux"));
        is_accepted(pay(&client, "W1"));
        drop((client, https));
        let log = server.finish();
        // Without /proc the payment may come before the connection is in the pool.
        assert!(log.connections == 1 || !cfg!(target_os = "linux"));
    });
}

/// The threads of this process with that name.
fn threads(name: &str) -> usize {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return 0 };
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok());
    names.filter(|task| task.trim() == name).count()
}

// ---- nobody there ----

#[test]
fn where_nobody_listens_it_says_so_and_nothing_depends_on_it() {
    let port = ClosedPort::new();
    let client = client(&[&port.url()]);
    let error = client.warm(Warm::InThisThread).unwrap_err();
    assert_eq!((error.kind(), error.field_name()), (ErrorKind::Connect, "connect"), "{error}");
    client.warm(Warm::InBackground).unwrap();
    is_unreached(pay(&client, "W1"));
}

/// Of two hosts the first is made ready; a payment goes to the second as ever.
#[test]
fn a_dead_first_host_is_passed_over_as_without_it() {
    let port = ClosedPort::new();
    let server = RawServer::tls(Tls::V13, Visit::succeed_always);
    let client = client(&[&port.url(), &server.url()]);
    client.warm(Warm::InThisThread).unwrap_err();
    is_accepted(pay(&client, "W1"));
    drop(client);
    assert_eq!(server.finish().connections, 1);
}

/// A server that takes the connection and is silent: the deadline ends it, and a payment does not wait for it.
#[test]
fn a_silent_server_holds_nobody_up_beyond_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let https = anonymous().build().unwrap();
    let fault = https.warm(&url, Duration::from_secs(1), Warm::InThisThread).unwrap_err();
    assert_eq!((fault.sent, fault.stage), (wxpay_terminal::Sent::No, Stage::Tls), "{fault:?}");
    https.warm(&url, Duration::from_secs(300), Warm::InBackground).unwrap();
    // Its thread ends by itself, though nobody is there any more.
    drop(https);
    drop(listener);
}

// ---- other transports, and a till ----

#[test]
fn a_transport_that_knows_nothing_of_it_stays_as_it_is() {
    let transport = Canned::default();
    let client = redpack(&transport);
    for how in [Warm::InBackground, Warm::InThisThread] {
        client.warm(how).unwrap();
    }
    assert!(transport.sent().is_empty());
}

#[test]
fn a_till_warms_each_account_and_tells_of_the_one_that_was_not_reached() {
    let server = RawServer::tls(Tls::V13, Visit::succeed_always);
    let port = ClosedPort::new();
    let https = Arc::new(raw_server::https().build().unwrap());
    let client = |url: &str| client_with(https.clone(), &[url]);
    let till = |clients: Vec<Client<RedpackAccount>>| {
        let clock = Box::new(wxpay_terminal::SystemClock);
        let till = Till::with_inputs(Box::new(MemoryJournal::default()), clock, Box::new(SystemPause));
        clients.into_iter().fold(till, Till::with)
    };
    let both = till(vec![client(&port.url()), client(&server.url())]);
    assert_eq!(both.warm(Warm::InThisThread).unwrap_err().kind(), ErrorKind::Connect);
    server.wait(|log| log.handshakes == 1);
    both.warm(Warm::InBackground).unwrap();
    // The same host once.
    let same = till(vec![client(&server.url()), client(&server.url())]);
    same.warm(Warm::InThisThread).unwrap();
    accepted(till(vec![client(&server.url())]).pay("prize 1", &red_packet("")));
    drop((both, same, https));
    let log = server.finish();
    assert!(log.connections <= 2 && log.requests.len() == 1, "{} connections", log.connections);
}

// ---- nothing is left behind ----

/// What this process has open, and its threads.
#[cfg(target_os = "linux")]
fn open() -> (usize, usize) {
    let count = |path| std::fs::read_dir(path).unwrap().count();
    (count("/proc/self/fd"), count("/proc/self/task"))
}

/// In a process of its own, so that no other test opens anything.
#[cfg(target_os = "linux")]
#[test]
fn threads_and_descriptors_end() {
    let servers = [(); 3].map(|()| RawServer::tls(Tls::V13, Visit::succeed_always));
    let urls: Vec<_> = servers.iter().map(RawServer::url).collect();
    let roots = String::from_utf8(raw_server::roots()).unwrap();
    run_again(module_path!(), "leaves_nothing_behind", &[("WXPAY_WARMED", &urls.join(" "))], &roots);
    for server in servers {
        let log = server.finish();
        assert!(log.handshakes >= 10 && log.requests.len() == 5, "{} of {}", log.requests.len(), log.handshakes);
    }
}

/// Not a test of its own: what a process does, when the test above starts it.
#[cfg(target_os = "linux")]
#[test]
fn leaves_nothing_behind() {
    let Ok(urls) = std::env::var("WXPAY_WARMED") else { return };
    let urls: Vec<&str> = urls.split(' ').collect();
    let roots = std::io::read_to_string(std::io::stdin()).unwrap();
    let threads_before = open().1;
    let mut descriptors = None;
    for round in 0..11 {
        let https =
            Arc::new(Https::builder().only_roots(roots.as_bytes()).unwrap().identity(merchant()).build().unwrap());
        let clients: Vec<_> = urls.iter().map(|url| client_with(https.clone(), &[url])).collect();
        let dead = ClosedPort::new();
        // The first round opens what stays, and has no thread that may end later.
        let how = if round == 0 { Warm::InThisThread } else { Warm::InBackground };
        clients.iter().for_each(|client| client.warm(how).unwrap());
        let said = https.warm(&dead.url(), Duration::from_secs(5), how);
        assert_eq!(said.is_err(), round == 0);
        if round % 2 == 1 {
            for (at, client) in clients.iter().enumerate() {
                is_accepted(pay(client, &format!("W{round}A{at}")));
            }
        }
        // What waits goes with its transport, at the latest when the last thread has ended.
        drop((clients, https, dead));
        wait(|| open().1 == threads_before);
        let before = *descriptors.get_or_insert_with(|| open().0);
        assert_eq!(open().0, before, "round {round}");
    }
}
