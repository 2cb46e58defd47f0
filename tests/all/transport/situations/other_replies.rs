//! After the first byte: a whole reply of another kind.

use wxpay_terminal::{Post, Reason, Sent, Stage, Transport as _};

use crate::support::raw_server::*;
use crate::transport::situations::{one_payment, unknown, unknown_after_request};

#[test]
fn something_that_is_not_http_is_unknown() {
    both(|tls| {
        for bytes in
            ["<xml><return_code>SUCCESS</return_code></xml>\r\n\r\n", "\0\u{1}\u{2}\r\n\r\n", "SSH-2.0-x\r\n\r\n"]
        {
            unknown_after_request(tls, Reason::Broken, move |visit| {
                visit.send(bytes);
            });
        }
    });
}

#[test]
fn a_bad_status_line_is_unknown() {
    both(|tls| {
        for line in ["HTTP/1.1 abc OK", "HTTP/1.1", "HTTP/7.3 200 OK", "HTTP/1.1 20 OK", "HTTP/1.1 99999 OK"] {
            let (outcome, log) = one_payment(RawServer::tls(tls, move |visit| {
                let request = visit.request().unwrap();
                visit.send(reply(line, &[], &success(&request)));
            }));
            is_unknown(outcome);
            assert_eq!(log.requests.len(), 1);
        }
    });
}

#[test]
fn a_head_of_200_kb_is_unknown() {
    both(|tls| {
        unknown(tls, Reason::Broken, |visit| {
            let request = visit.request().unwrap();
            let long = format!("X-Long: {}", "x".repeat(200 * 1024));
            visit.send(reply("HTTP/1.1 200 OK", &[&long], &success(&request)));
        });
    });
}

#[test]
fn a_thousand_headers_are_unknown() {
    both(|tls| {
        unknown(tls, Reason::Broken, |visit| {
            let request = visit.request().unwrap();
            visit.send(reply("HTTP/1.1 200 OK", &vec!["X: y"; 1000], &success(&request)));
        });
    });
}

#[test]
fn another_status_than_200_is_unknown_whatever_the_body_says() {
    both(|tls| {
        for status in ["502 Bad Gateway", "404 Not Found", "500 Oops", "403 Forbidden", "201 Created", "206 Partial"] {
            let doubt = unknown_after_request(tls, Reason::Status, move |visit| {
                visit.send(reply(&format!("HTTP/1.1 {status}"), &[], "<html><h1>nginx</h1></html>"));
            });
            assert!(doubt.text.contains(&status[..3]), "{doubt}");
        }
        unknown(tls, Reason::Status, |visit| {
            let request = visit.request().unwrap();
            visit.send(reply("HTTP/1.1 502 Bad Gateway", &[], &success(&request)));
        });
    });
}

#[test]
fn a_status_without_a_body_is_unknown() {
    both(|tls| {
        unknown_after_request(tls, Reason::Status, |visit| {
            visit.send("HTTP/1.1 204 No Content\r\n\r\n");
        });
        unknown_after_request(tls, Reason::Unreadable, |visit| {
            visit.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        });
    });
}

#[test]
fn a_redirect_is_unknown_and_not_followed() {
    both(|tls| {
        for status in [301, 302, 303, 307, 308] {
            let other = RawServer::tls(tls, Visit::succeed_always);
            let elsewhere = format!("Location: {}/mmpaymkttransfers/sendredpack", other.url());
            for location in [elsewhere, "Location: /mmpaymkttransfers/gethbinfo".into()] {
                let (outcome, log) = one_payment(RawServer::tls(tls, move |visit| {
                    while visit.request().is_some() {
                        visit.send(reply(&format!("HTTP/1.1 {status} Moved"), &[&location], ""));
                    }
                }));
                assert_eq!(is_unknown(outcome).reason, Reason::Status);
                assert_eq!((log.connections, log.requests.len()), (1, 1), "{status}");
            }
            assert_eq!(other.finish().connections, 0, "{status}");
        }
    });
}

#[test]
fn a_compressed_reply_is_unknown() {
    both(|tls| {
        for coding in ["gzip", "GZIP", "br", "deflate"] {
            unknown(tls, Reason::Broken, move |visit| {
                let request = visit.request().unwrap();
                visit.send(reply("HTTP/1.1 200 OK", &[&format!("Content-Encoding: {coding}")], &success(&request)));
            });
        }
    });
}

/// F32: the write fails, and what the server said before lies there to be read.
#[test]
fn what_the_server_said_before_it_reset_is_told() {
    both(|tls| {
        let server = RawServer::tls(tls, |visit| {
            visit.head();
            visit.send(reply("HTTP/1.1 413 Payload Too Large", &["Connection: close"], ""));
            visit.reset();
        });
        let https = https().build().unwrap();
        let (url, body) = (server.url(), vec![b'x'; 16 << 20]);
        let fault = https.post(&Post::new(&url, "text/xml", &body)).unwrap_err();
        drop(https);
        server.finish();
        assert_eq!((fault.sent, fault.stage), (Sent::Maybe, Stage::Exchange), "{fault:?}");
        assert!(fault.text.contains("the server had answered: HTTP/1.1 413 Payload Too Large"), "{fault:?}");
    });
}
