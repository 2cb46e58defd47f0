//! Two hosts of one gateway.

use std::net::TcpStream;

use wxpay_terminal::{Answer, GetHbInfo, HbStatus, Reason};

use crate::support::raw_server::*;

#[test]
fn the_second_host_gets_the_same_bytes_while_none_left_for_the_first() {
    both(|tls| {
        let closed = ClosedPort::new();
        let hung = RawServer::tcp(|mut plain| plain.until_gone());
        let refused = RawServer::tcp(drop);
        for first in [closed.url(), hung.url(), refused.url()] {
            let second = RawServer::tls(tls, Visit::succeed_always);
            let client = short_client(&[&first, &second.url()]);
            let mut prepared = client.prepare(&red_packet("B1")).unwrap();
            let body = prepared.body().to_vec();
            is_accepted(client.send(&mut prepared));
            drop(client);
            let log = second.finish();
            assert_eq!(log.requests.len(), 1);
            assert!(log.requests[0].1.ends_with(&body), "the same bytes");
        }
        assert_eq!((hung.finish().bytes, refused.finish().bytes), (0, 0));
    });
}

#[test]
fn the_second_host_gets_no_payment_that_may_have_reached_the_first() {
    both(|tls| {
        let ends: [fn(&mut Visit); 5] = [
            |_| {},
            Visit::reset,
            Visit::until_gone,
            |visit| assert!(visit.send(reply("HTTP/1.1 502 Bad Gateway", &[], ""))),
            |visit| assert!(visit.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<xml>")),
        ];
        for end in ends {
            let first = RawServer::tls(tls, move |visit| {
                visit.request();
                end(visit);
            });
            let second = RawServer::tls(tls, Visit::succeed_always);
            let client = short_client(&[&first.url(), &second.url()]);
            is_unknown(pay(&client, "B1"));
            drop(client);
            assert_eq!((first.finish().requests.len(), second.finish().connections), (1, 0));
        }
    });
}

#[test]
fn the_second_host_is_always_asked_a_question_that_the_first_did_not_answer() {
    both(|tls| {
        let ends: [fn(&mut Visit); 3] = [|_| {}, Visit::reset, Visit::until_gone];
        for end in ends {
            let first = RawServer::tls(tls, move |visit| {
                visit.request();
                end(visit);
            });
            let second = RawServer::tls(tls, Visit::succeed_always);
            let client = short_client(&[&first.url(), &second.url()]);
            match client.ask(&GetHbInfo { mch_billno: "B1" }).unwrap() {
                Answer::Known(info) => assert_eq!(info.status, HbStatus::Sent),
                other => panic!("{other:?}"),
            }
            drop(client);
            let (first, second) = (first.finish(), second.finish());
            let body = |log: &Log| log.request(0).split_once("\r\n\r\n").unwrap().1.to_owned();
            assert_eq!((first.requests.len(), second.requests.len()), (1, 1));
            assert_eq!(body(&first), body(&second), "the same bytes");
        }
    });
}

#[test]
fn a_number_that_only_the_second_host_does_not_know_is_told_apart() {
    let not_found = "<xml><return_code>SUCCESS</return_code><result_code>FAIL</result_code>\
                     <err_code>NOT_FOUND</err_code></xml>";
    let answering = || {
        RawServer::tls(Tls::V13, move |visit| {
            visit.request();
            visit.send(ok(not_found));
        })
    };
    let closed = ClosedPort::new();
    for first_answers in [true, false] {
        let (first, second) = (answering(), answering());
        let hosts = if first_answers { [first.url(), second.url()] } else { [closed.url(), second.url()] };
        let client = client(&[&hosts[0], &hosts[1]]);
        let answer = client.ask(&GetHbInfo { mch_billno: "B1" }).unwrap();
        assert!(matches!(answer, Answer::NotKnown { first_host } if first_host == first_answers), "{answer:?}");
        drop(client);
        assert_eq!(first.finish().connections + second.finish().connections, 1);
    }
}

#[test]
fn two_hosts_that_are_down_are_an_error() {
    let (first, second) = (ClosedPort::new(), ClosedPort::new());
    let client = client(&[&first.url(), &second.url()]);
    is_unreached(pay(&client, "B1"));
    is_unreached(client.ask(&GetHbInfo { mch_billno: "B1" }));
    // For a number that was used before, the same says nothing.
    let mut repeat = client.prepare_repeat(&red_packet("B1")).unwrap();
    assert_eq!(is_unknown(client.send(&mut repeat)).reason, Reason::EarlierAttempt);
}

/// Stands before a server, and lets through only the connections whose number is in the list.
fn gate(server: &RawServer, open: &'static [usize]) -> RawServer {
    let port = server.port();
    RawServer::tcp(move |plain| {
        if open.contains(&plain.number) {
            pipe(&plain.tcp, &TcpStream::connect(("127.0.0.1", port)).unwrap());
        }
    })
}

#[test]
fn an_attempt_that_reached_nobody_leaves_no_mark() {
    both(|tls| {
        let server = RawServer::tls(tls, Visit::succeed_always);
        let gate = gate(&server, &[1]);
        let client = client(&[&gate.url()]);
        let mut prepared = client.prepare(&red_packet("B1")).unwrap();
        is_unreached(client.send(&mut prepared));
        assert!(!prepared.is_marked());
        is_accepted(client.send(&mut prepared));
        drop(client);
        assert_eq!((gate.finish().connections, server.finish().requests.len()), (2, 1));
    });
}

#[test]
fn after_an_attempt_that_may_have_left_a_dead_gateway_is_unknown() {
    both(|tls| {
        let server = RawServer::tls(tls, |visit| {
            visit.request();
        });
        let gate = gate(&server, &[0]);
        let client = client(&[&gate.url()]);
        let mut prepared = client.prepare(&red_packet("B1")).unwrap();
        assert_eq!(is_unknown(client.send(&mut prepared)).reason, Reason::Broken);
        assert_eq!(is_unknown(client.send(&mut prepared)).reason, Reason::EarlierAttempt);
        drop(client);
        assert_eq!((gate.finish().connections, server.finish().requests.len()), (2, 1));
    });
}
