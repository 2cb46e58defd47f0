//! Good replies in unusual forms.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use wxpay_terminal::{Answer, GetHbInfo, Outcome, Reason};

use crate::support::raw_server::*;
use crate::transport::situations::{
    one_payment, padded, seen, taken, unknown, unknown_after_request, unknown_at_the_deadline,
};

#[test]
fn a_chunked_reply_is_accepted() {
    both(|tls| {
        for size in [1, 7, 4000] {
            taken(tls, move |request| chunked(&success(request), size));
        }
    });
}

#[test]
fn chunks_beside_a_length_are_unknown() {
    // RFC 9112, section 6.3: it "ought to be handled as an error". Another reader would take the length.
    both(|tls| {
        for length in [10, 100_000] {
            unknown(tls, Reason::Broken, move |visit| {
                let request = visit.request().unwrap();
                let reply = String::from_utf8(chunked(&success(&request), 100)).unwrap();
                visit.send(reply.replacen("\r\n", &format!("\r\nContent-Length: {length}\r\n"), 1));
                visit.until_gone();
            });
        }
    });
}

#[test]
fn an_interim_reply_that_nobody_asked_for_is_skipped() {
    both(|tls| {
        for status in ["100 Continue", "102 Processing", "103 Early Hints", "199 Tomorrow"] {
            taken(tls, move |request| {
                [format!("HTTP/1.1 {status}\r\n\r\n").as_bytes(), &ok(&success(request))].concat()
            });
        }
    });
}

#[test]
fn empty_lines_before_a_reply_are_skipped() {
    both(|tls| {
        taken(tls, |request| [b"\r\n\r\n", &ok(&success(request))[..]].concat());
    });
}

/// RFC 9110, 15.2.2: what comes after it is of another protocol. It is read by nobody, least of all as the reply to the next question.
#[test]
fn after_a_101_nothing_is_a_reply() {
    let switches = |visit: &mut Visit| {
        let request = visit.request().unwrap();
        visit.send([b"HTTP/1.1 101 Switching Protocols\r\n\r\n", &ok(&success(&request))[..]].concat());
        visit.until_gone();
    };
    both(|tls| {
        unknown(tls, Reason::Status, switches);
        let server =
            RawServer::tls(tls, move |visit| if visit.number == 0 { switches(visit) } else { visit.succeed_always() });
        let client = client(&[&server.url()]);
        let ask = || client.ask(&GetHbInfo { mch_billno: "B1" }).unwrap();
        assert!(matches!(ask(), Answer::NoAnswer(doubt) if doubt.reason == Reason::Status));
        assert!(matches!(ask(), Answer::Known(_)));
        drop(client);
        assert_eq!(server.finish().came_on(), [0, 1]);
    });
}

#[test]
fn interim_replies_for_ever_are_unknown_at_the_deadline() {
    both(|tls| {
        for pause in [0, 10] {
            unknown_at_the_deadline(tls, move |visit| {
                visit.send_for_ever(b"HTTP/1.1 100 Continue\r\n\r\n", Duration::from_millis(pause));
            });
        }
    });
}

#[test]
fn the_identity_coding_is_no_coding() {
    both(|tls| {
        taken(tls, |request| reply("HTTP/1.1 200 OK", &["Content-Encoding: identity"], &success(request)));
    });
}

#[test]
fn a_body_of_exactly_the_limit_is_accepted() {
    both(|tls| {
        taken(tls, |request| ok(&padded(request, 64 * 1024)));
        taken(tls, |request| chunked(&padded(request, 64 * 1024), 5000));
    });
}

#[test]
fn a_body_one_byte_longer_than_the_limit_is_unknown() {
    both(|tls| {
        for chunks in [false, true] {
            let (outcome, log) = one_payment(RawServer::tls(tls, move |visit| {
                let request = visit.request().unwrap();
                let body = padded(&request, 64 * 1024 + 1);
                visit.send(if chunks { chunked(&body, 5000) } else { ok(&body) });
            }));
            is_unknown(outcome);
            assert_eq!(log.requests.len(), 1);
        }
    });
}

#[test]
fn a_body_of_100_mib_is_cut_off_early() {
    const MIB: usize = 1024 * 1024;
    both(|tls| {
        for head in ["Content-Length: 104857600", "Transfer-Encoding: chunked", "X-Length: none"] {
            let taken = Arc::new(AtomicUsize::new(0));
            let count = taken.clone();
            unknown_after_request(tls, Reason::Broken, move |visit| {
                visit.send(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n"));
                let blanks = " ".repeat(0x4000);
                let piece = if head.contains("chunked") { format!("4000\r\n{blanks}\r\n") } else { blanks };
                while count.load(Ordering::SeqCst) < 100 * MIB && visit.send(&piece) {
                    count.fetch_add(piece.len(), Ordering::SeqCst);
                }
            });
            // The rest is what the kernel's two buffers hold.
            assert!(taken.load(Ordering::SeqCst) < 20 * MIB, "{head}: {taken:?} bytes were taken");
        }
    });
}

#[test]
fn a_damaged_reply_is_never_an_error_and_never_a_refusal() {
    const CASES: usize = 300;
    both(|tls| {
        let server = RawServer::tls(tls, |visit| {
            let request = visit.request().unwrap();
            let mut reply = ok(&success(&request));
            // Most of the damage is in the head, and no two cases are alike.
            let at = if visit.number.is_multiple_of(3) { visit.number * 7 % reply.len() } else { visit.number % 66 };
            reply[at] ^= 1 << (visit.number / 66 % 8);
            visit.send(reply);
        });
        let client = client(&[&server.url()]);
        for case in 0..CASES {
            let outcome = pay(&client, &format!("B{case}"));
            assert!(matches!(outcome, Ok(Outcome::Accepted(_) | Outcome::Unknown(_))), "{case}: {outcome:?}");
        }
        drop(client);
        // A payment may have met the FIN of the one before it; none comes twice.
        let numbers = seen(&server.finish());
        assert!(numbers.len() > CASES / 2);
        assert_eq!(numbers.iter().collect::<HashSet<_>>().len(), numbers.len());
        println!("{CASES} damaged replies");
    });
}
