//! After the first byte: half a reply.

use std::time::Duration;

use wxpay_terminal::{Outcome, Reason};

use crate::support::raw_server::*;
use crate::transport::situations::{one_payment, unknown, unknown_after_request, unknown_at_the_deadline};

#[test]
fn a_body_that_stalls_is_unknown() {
    both(|tls| {
        unknown_at_the_deadline(tls, |visit| {
            visit.send("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n<xml><return_code>SUCC");
            visit.until_gone();
        });
    });
}

#[test]
fn a_body_that_drips_is_unknown_at_the_deadline() {
    both(|tls| {
        unknown_at_the_deadline(tls, |visit| {
            visit.send("HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n<xml>");
            visit.send_for_ever(b" ", Duration::from_millis(20));
        });
    });
}

#[test]
fn a_chunked_body_that_drips_is_unknown_at_the_deadline() {
    both(|tls| {
        unknown_at_the_deadline(tls, |visit| {
            visit.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<xml>\r\n");
            visit.send_for_ever(b"1\r\n \r\n", Duration::from_millis(20));
        });
    });
}

/// A success, cut short at several places: everywhere but at its end.
fn cuts() -> impl Iterator<Item = usize> {
    [0, 1, 5, 40, 150, 300].into_iter()
}

fn cut(text: &str, keep: usize) -> String {
    text.chars().take(keep.min(text.chars().count() - 1)).collect()
}

#[test]
fn a_body_shorter_than_its_content_length_is_unknown() {
    both(|tls| {
        for reset in [false, true] {
            unknown(tls, Reason::Broken, move |visit| {
                let request = visit.request().unwrap();
                let whole = success(&request);
                // The document is complete, and one byte is missing from what was promised.
                visit.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{whole}", whole.len() + 1));
                if reset {
                    visit.reset();
                }
            });
        }
    });
}

#[test]
fn a_cut_body_without_a_length_is_unknown() {
    both(|tls| {
        for keep in cuts() {
            let (outcome, _) = one_payment(RawServer::tls(tls, move |visit| {
                let request = visit.request().unwrap();
                visit.send(format!("HTTP/1.1 200 OK\r\n\r\n{}", cut(&success(&request), keep)));
            }));
            is_unknown(outcome);
        }
    });
}

#[test]
fn a_whole_body_without_a_length_is_accepted_when_tls_was_ended() {
    both(|tls| {
        let (outcome, log) = one_payment(RawServer::tls(tls, |visit| {
            let request = visit.request().unwrap();
            visit.send(format!("HTTP/1.1 200 OK\r\n\r\n{}", success(&request)));
            visit.close_notify();
        }));
        is_accepted(outcome);
        assert_eq!(log.requests.len(), 1);
    });
}

#[test]
fn a_whole_body_without_a_length_is_accepted_or_unknown_when_tls_was_not_ended() {
    // OpenSSL 4 reports the missing close_notify, OpenSSL 3 does not.
    both(|tls| {
        let (outcome, log) = one_payment(RawServer::tls(tls, |visit| {
            let request = visit.request().unwrap();
            visit.send(format!("HTTP/1.1 200 OK\r\n\r\n{}", success(&request)));
        }));
        assert!(matches!(outcome, Ok(Outcome::Accepted(_) | Outcome::Unknown(_))), "{outcome:?}");
        assert_eq!(log.requests.len(), 1);
    });
}

#[test]
fn a_cut_chunked_body_is_unknown() {
    both(|tls| {
        for keep in [60, 150, 400] {
            unknown(tls, Reason::Broken, move |visit| {
                let request = visit.request().unwrap();
                let whole = chunked(&success(&request), 100);
                visit.send(&whole[..keep]);
            });
        }
        // The document is whole; the last chunk is missing.
        unknown(tls, Reason::Broken, |visit| {
            let request = visit.request().unwrap();
            let whole = chunked(&success(&request), 4000);
            visit.send(&whole[..whole.len() - 5]);
        });
    });
}

#[test]
fn a_bad_chunk_size_is_unknown() {
    both(|tls| {
        for size in ["zz", "-5", "", "fffffffffffffffff"] {
            unknown_after_request(tls, Reason::Broken, move |visit| {
                visit
                    .send(format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{size}\r\n<xml>\r\n0\r\n\r\n"));
            });
        }
    });
}
