//! What does not leak from one exchange into another.

use std::collections::HashSet;
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use wxpay_terminal::{Answer, Error, ErrorKind, GetHbInfo, Outcome, Reason, RedPackSent};

use crate::support::raw_server::*;
use crate::transport::situations::{padded, seen, unknown};

/// Two payments, both accepted. Returns what arrived.
#[track_caller]
fn two_payments(tls: Tls, script: impl Fn(&mut Visit) + Send + Sync + 'static) -> Log {
    let server = RawServer::tls(tls, script);
    let client = client(&[&server.url()]);
    is_accepted(pay(&client, "B1"));
    server.wait(|log| log.marks > 0);
    is_accepted(pay(&client, "B2"));
    drop(client);
    let log = server.finish();
    assert_eq!(log.requests.len(), 2, "each request came once");
    log
}

#[test]
fn clean_exchanges_share_a_connection() {
    both(|tls| {
        let log = two_payments(tls, |visit| {
            visit.mark();
            visit.succeed_always();
        });
        assert_eq!((log.handshakes, log.came_on()), (1, vec![0, 0]));
        let log = two_payments(tls, |visit| {
            visit.mark();
            while let Some(request) = visit.request() {
                visit.send(chunked(&success(&request), 100));
            }
        });
        assert_eq!((log.handshakes, log.came_on()), (1, vec![0, 0]), "chunked");
    });
}

/// The first connection ends with something that makes it unfit: the second payment comes on another one.
#[track_caller]
fn not_used_again(tls: Tls, end: impl Fn(&mut Visit) + Send + Sync + 'static) {
    let log = two_payments(tls, move |visit| {
        if visit.number > 0 {
            return visit.succeed_always();
        }
        end(visit);
        visit.mark();
        // Would answer a second request, if one came.
        visit.succeed_always();
    });
    assert_eq!(log.came_on(), [0, 1]);
}

#[test]
fn a_connection_with_surplus_bytes_is_not_used_again() {
    both(|tls| {
        for surplus in ["x", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"] {
            not_used_again(tls, move |visit| {
                let request = visit.request().unwrap();
                visit.send([&ok(&success(&request)), surplus.as_bytes()].concat());
            });
            not_used_again(tls, move |visit| {
                visit.succeed();
                visit.send(surplus);
            });
        }
        // In the same TLS record, where the reply ends with the client's buffer: the socket has nothing to show then.
        for buffer in [2048, 4096, 8192, 12_000] {
            not_used_again(tls, move |visit| {
                let request = visit.request().unwrap();
                let head = ok(&padded(&request, buffer)).len() - buffer;
                visit.send([ok(&padded(&request, buffer - head)), vec![b'x'; 300]].concat());
            });
        }
        not_used_again(tls, |visit| {
            let request = visit.request().unwrap();
            visit.send([chunked(&success(&request), 100), b"x".to_vec()].concat());
        });
    });
}

#[test]
fn a_connection_with_an_alert_or_a_fin_is_not_used_again() {
    both(|tls| {
        not_used_again(tls, |visit| {
            visit.succeed();
            visit.close_notify();
        });
        not_used_again(tls, |visit| {
            visit.succeed();
            visit.fin();
        });
    });
}

#[test]
fn a_connection_that_was_reset_is_not_used_again() {
    both(|tls| {
        let log = two_payments(tls, |visit| {
            visit.succeed();
            if visit.number == 0 {
                visit.reset();
                visit.mark();
            }
        });
        assert_eq!(log.came_on(), [0, 1]);
    });
}

#[test]
fn a_connection_that_the_server_wants_closed_is_not_used_again() {
    both(|tls| {
        for head in ["HTTP/1.1 200 OK\r\nConnection: close", "HTTP/1.0 200 OK"] {
            not_used_again(tls, move |visit| {
                let request = visit.request().unwrap();
                visit.send(reply(head, &[], &success(&request)));
            });
        }
    });
}

#[test]
fn a_connection_whose_exchange_was_not_clean_is_not_used_again() {
    both(|tls| {
        // Timed out; too long; compressed.
        for kind in 0..3 {
            let server = RawServer::tls(tls, move |visit| {
                if visit.number == 0 {
                    let request = visit.request().unwrap();
                    match kind {
                        0 => visit.until_gone(),
                        1 => assert!(visit.send(ok(&padded(&request, 70_000)))),
                        _ => assert!(visit.send(reply("HTTP/1.1 200 OK", &["Content-Encoding: gzip"], "abc"))),
                    }
                }
                visit.succeed_always();
            });
            let client = short_client(&[&server.url()]);
            is_unknown(pay(&client, "B1"));
            is_accepted(pay(&client, "B2"));
            drop(client);
            assert_eq!(server.finish().came_on(), [0, 1], "{kind}");
        }
    });
}

#[test]
fn a_reply_that_names_no_order_proves_nothing_on_a_used_connection() {
    both(|tls| {
        let refusal = "<xml><return_code>SUCCESS</return_code><result_code>FAIL</result_code>\
                       <err_code>NOTENOUGH</err_code></xml>";
        for fresh in [true, false] {
            let server = RawServer::tls(tls, move |visit| {
                if !fresh {
                    visit.succeed();
                }
                visit.request();
                visit.send(ok(refusal));
                visit.until_gone();
            });
            let client = client(&[&server.url()]);
            if !fresh {
                is_accepted(pay(&client, "B1"));
            }
            match pay(&client, "B2").unwrap() {
                Outcome::Declined(refusal) => assert!(fresh, "{refusal}"),
                Outcome::Unknown(doubt) => assert!(!fresh && doubt.reason == Reason::StaleConnection, "{doubt}"),
                other => panic!("{other:?}"),
            }
        }
    });
}

#[test]
fn a_question_whose_answer_names_no_order_is_asked_again_on_a_connection_of_its_own() {
    let not_found = "<xml><return_code>SUCCESS</return_code><result_code>FAIL</result_code>\
                     <err_code>NOT_FOUND</err_code></xml>";
    both(|tls| {
        let server = RawServer::tls(tls, move |visit| {
            while let Some(request) = visit.request() {
                let asks = request.starts_with(b"POST /mmpaymkttransfers/gethbinfo ");
                visit.send(ok(&if asks { not_found.into() } else { success(&request) }));
            }
        });
        let client = client(&[&server.url()]);
        is_accepted(pay(&client, "B1"));
        let answer = client.ask(&GetHbInfo { mch_billno: "B2" }).unwrap();
        assert!(matches!(answer, Answer::NotKnown { first_host: true }), "{answer:?}");
        drop(client);
        assert_eq!(server.finish().came_on(), [0, 0, 1]);
    });
}

#[test]
fn the_reply_to_another_order_is_unknown() {
    both(|tls| {
        let server = RawServer::tls(tls, |visit| {
            let first = visit.request().unwrap();
            visit.send(ok(&success(&first)));
            visit.request();
            visit.send(ok(&success(&first)));
            visit.until_gone();
        });
        let client = client(&[&server.url()]);
        is_accepted(pay(&client, "B1"));
        assert_eq!(is_unknown(pay(&client, "B2")).reason, Reason::OtherOrder);
    });
}

#[test]
fn a_repeat_comes_on_a_connection_of_its_own() {
    both(|tls| {
        let server = RawServer::tls(tls, Visit::succeed_always);
        let client = client(&[&server.url()]);
        let mut prepared = client.prepare(&red_packet("B1")).unwrap();
        is_accepted(client.send(&mut prepared));
        is_accepted(client.send(&mut prepared));
        drop(client);
        assert_eq!(server.finish().came_on(), [0, 1]);
    });
}

#[test]
fn a_reply_with_two_lengths_never_lends_its_rest_to_the_next_exchange() {
    both(|tls| {
        let whole = |request: &[u8]| success(request) + &" ".repeat(20);
        for (first, second) in [(0, 20), (20, 0)] {
            unknown(tls, Reason::Broken, move |visit| {
                let body = whole(&visit.request().unwrap());
                let (first, second) = (body.len() - first, body.len() - second);
                let lengths = format!("Content-Length: {first}\r\nContent-Length: {second}");
                visit.send(format!("HTTP/1.1 200 OK\r\n{lengths}\r\n\r\n{body}"));
                visit.until_gone();
            });
        }
        not_used_again(tls, move |visit| {
            let body = whole(&visit.request().unwrap());
            let length = body.len() - 20;
            visit
                .send(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nContent-Length: {length}\r\n\r\n{body}"));
        });
    });
}

#[test]
fn cookies_are_not_sent_back() {
    both(|tls| {
        let server = RawServer::tls(tls, |visit| {
            while let Some(request) = visit.request() {
                visit.send(reply("HTTP/1.1 200 OK", &["Set-Cookie: who=me; Path=/"], &success(&request)));
            }
        });
        let client = client(&[&server.url()]);
        is_accepted(pay(&client, "B1"));
        is_accepted(pay(&client, "B2"));
        drop(client);
        let log = server.finish();
        assert_eq!(log.requests.len(), 2);
        for at in 0..2 {
            let head = log.request(at).to_ascii_lowercase();
            for name in ["cookie", "accept-encoding", "expect", "authorization"] {
                assert!(!head.contains(&format!("\r\n{name}:")), "{head}");
            }
        }
    });
}

#[test]
fn the_witness_of_one_thread_does_not_leak_into_another() {
    // Each connection meets another fate. An Error is right only for a number that the server has not seen.
    let made = AtomicUsize::new(0);
    let tls = RawServer::tls(Tls::V13, move |visit| match made.fetch_add(1, Ordering::SeqCst) % 4 {
        0 => drop(visit.request()),
        1 => {
            visit.succeed();
            visit.request();
            visit.until_gone();
        }
        _ => visit.succeed_always(),
    });
    // Before the server stands one that drops every third connection.
    let (port, dropped) = (tls.port(), AtomicUsize::new(0));
    let front = RawServer::tcp(move |plain| {
        if dropped.fetch_add(1, Ordering::SeqCst) % 3 != 0 {
            pipe(&plain.tcp, &TcpStream::connect(("127.0.0.1", port)).unwrap());
        }
    });
    let client = short_client(&[&front.url()]);
    let outcomes = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for worker in 0..8 {
            let (client, outcomes) = (&client, &outcomes);
            scope.spawn(move || {
                for payment in 0..6 {
                    let number = format!("W{worker}P{payment}");
                    outcomes.lock().unwrap().push((number.clone(), pay(client, &number)));
                }
            });
        }
    });
    drop(client);
    front.finish();
    check_witnesses(&tls.finish(), &outcomes.into_inner().unwrap());
}

fn check_witnesses(log: &Log, outcomes: &[(String, Result<Outcome<RedPackSent>, Error>)]) {
    let seen = seen(log);
    let once: HashSet<&String> = seen.iter().collect();
    assert_eq!(once.len(), seen.len(), "nothing is sent twice");
    let mut counts = [0, 0, 0];
    for (number, outcome) in outcomes {
        let kind = match outcome {
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Connect);
                assert!(!once.contains(number), "{number} was seen, and is an Error");
                0
            }
            Ok(Outcome::Unknown(_)) => 1,
            Ok(Outcome::Accepted(_)) => {
                assert!(once.contains(number));
                2
            }
            Ok(other) => panic!("{other:?}"),
        };
        counts[kind] += 1;
    }
    assert!(counts.iter().all(|count| *count > 0), "every kind must occur: {counts:?}");
}
