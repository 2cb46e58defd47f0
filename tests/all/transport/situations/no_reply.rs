//! After the first byte: no reply.

use std::time::Duration;

use wxpay_terminal::Reason;

use crate::support::raw_server::*;
use crate::transport::situations::{unknown, unknown_after_request, unknown_at_the_deadline};

#[test]
fn a_connection_closed_right_after_the_handshake_is_unknown() {
    both(|tls| {
        unknown(tls, Reason::Broken, |_| {});
        unknown(tls, Reason::Broken, Visit::reset);
    });
}

#[test]
fn a_connection_closed_after_the_head_is_unknown() {
    both(|tls| {
        unknown(tls, Reason::Broken, |visit| {
            visit.head();
        });
        unknown(tls, Reason::Broken, |visit| {
            visit.head();
            visit.reset();
        });
    });
}

#[test]
fn a_request_that_was_read_and_met_with_a_fin_is_unknown() {
    both(|tls| {
        unknown_after_request(tls, Reason::Broken, |_| {});
        unknown_after_request(tls, Reason::Broken, Visit::close_notify);
        // Half closed: the server still listens.
        unknown_after_request(tls, Reason::Broken, |visit| {
            visit.fin();
            visit.until_gone();
        });
    });
}

#[test]
fn a_request_that_was_read_and_met_with_a_reset_is_unknown() {
    both(|tls| {
        unknown_after_request(tls, Reason::Broken, Visit::reset);
    });
}

#[test]
fn a_reply_that_does_not_come_is_unknown() {
    both(|tls| {
        unknown_at_the_deadline(tls, Visit::until_gone);
    });
}

#[test]
fn half_a_head_is_unknown() {
    both(|tls| {
        unknown_after_request(tls, Reason::Broken, |visit| {
            visit.send("HTTP/1.1 200 OK\r\nContent-Le");
        });
        unknown_at_the_deadline(tls, |visit| {
            visit.send("HTTP/1.1 200 OK\r\nContent-Le");
            visit.until_gone();
        });
    });
}

#[test]
fn a_head_that_drips_is_unknown_at_the_deadline() {
    both(|tls| {
        unknown_at_the_deadline(tls, |visit| {
            visit.send("HTTP/1.1 200 OK\r\nX: ");
            visit.send_for_ever(b"x", Duration::from_millis(20));
        });
    });
}
