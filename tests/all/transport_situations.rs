//! What can go wrong between a terminal and a gateway, one test a situation: an `Error` says that no byte of the
//! request left, everything else is `Unknown`. Most run on TLS 1.2 and 1.3.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use wxpay_simulator::{ClientCertificate, ServerCertificate, Settings, Simulator, TlsRange, credentials};
use wxpay_terminal::{
    Answer, Client, Doubt, Error, ErrorKind, Fen, GetHbInfo, HbStatus, Https, Identity, Outcome, Post, Reason,
    RedPackSent, RedpackAccount, Secret, Sent, Stage, SwiftpassAccount, Terminal, Transport as _, WapOrder,
};

use crate::raw_server::*;

/// One payment to one server. Returns what came of it, and what arrived there.
fn once(client: Client<RedpackAccount>, server: RawServer) -> (Result<Outcome<RedPackSent>, Error>, Log) {
    let start = Instant::now();
    let outcome = pay(&client, "B1");
    assert!(start.elapsed() < Duration::from_secs(10), "the deadline holds: {:?}", start.elapsed());
    drop(client);
    (outcome, server.finish())
}

/// One payment to one server that may take its time.
fn one_payment(server: RawServer) -> (Result<Outcome<RedPackSent>, Error>, Log) {
    once(client(&[&server.url()]), server)
}

/// The request may have left: `Unknown` for this reason, and it came at most once, on one connection.
#[track_caller]
fn unknown(tls: Tls, reason: Reason, script: impl Fn(&mut Visit) + Send + Sync + 'static) -> Doubt {
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
fn unknown_after_request(tls: Tls, reason: Reason, script: impl Fn(&mut Visit) + Send + Sync + 'static) -> Doubt {
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
fn unknown_at_the_deadline(tls: Tls, script: impl Fn(&mut Visit) + Send + Sync + 'static) {
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
fn taken(tls: Tls, reply: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static) {
    let (outcome, log) = one_payment(RawServer::tls(tls, move |visit| {
        let request = visit.request().unwrap();
        visit.send(reply(&request));
    }));
    is_accepted(outcome);
    assert_eq!((log.connections, log.requests.len()), (1, 1));
}

/// The gateway was not reached: an `Error`, and no byte of HTTP arrived, inside TLS or outside.
#[track_caller]
fn unreached(server: RawServer) -> Error {
    let (outcome, log) = once(short_client(&[&server.url()]), server);
    let error = is_unreached(outcome);
    assert_eq!(log.bytes, 0, "no byte left");
    assert!(log.requests.is_empty());
    assert!(!log.plain.windows(5).any(|window| window == b"POST "), "nothing leaves outside of TLS");
    error
}

// ---- before the first byte ----

#[test]
fn a_refused_connection_is_an_error() {
    let port = ClosedPort::new();
    let error = is_unreached(pay(&client(&[&port.url()]), "B1"));
    assert_eq!(error.field_name(), "connect");
}

#[test]
fn a_connection_that_nobody_answers_is_an_error() {
    // Without a full queue this machine cannot make a lost SYN on loopback.
    let Some(port) = FullPort::new("127.0.0.1:0") else { return };
    let error = is_unreached(pay(&short_client(&[&format!("https://{}", port.address())]), "B1"));
    assert_eq!(error.field_name(), "connect");
}

#[test]
fn a_handshake_that_hangs_is_an_error() {
    let error = unreached(RawServer::tcp(|mut plain| plain.until_gone()));
    assert_eq!(error.field_name(), "tls");
}

#[test]
fn a_handshake_that_drips_is_an_error() {
    // The begin of a long handshake record, then one byte at a time: each read works, the deadline holds.
    unreached(RawServer::tcp(|mut plain| {
        plain.read();
        let _ = plain.tcp.write_all(&[22, 3, 3, 0x3f, 0xff]);
        while plain.tcp.write_all(&[2]).is_ok() {
            thread::sleep(Duration::from_millis(20));
        }
    }));
}

#[test]
fn a_plain_text_server_is_an_error() {
    let error = unreached(RawServer::tcp(|mut plain| {
        plain.read();
        let _ = plain.tcp.write_all(&ok("<xml><return_code>SUCCESS</return_code></xml>"));
        plain.until_gone();
    }));
    assert_eq!(error.field_name(), "tls");
}

#[test]
fn a_connection_closed_in_the_handshake_is_an_error() {
    unreached(RawServer::tcp(drop));
    unreached(RawServer::tcp(|mut plain| {
        plain.read();
    }));
}

/// The simulator with a certificate that must be refused: an `Error` in the words of that certificate.
#[track_caller]
fn refused_server(certificate: ServerCertificate, words: &str) {
    for tls in [TlsRange::Only12, TlsRange::Only13] {
        let settings = Settings { server_certificate: certificate, tls, ..Settings::default() };
        let simulator = Simulator::start_with(settings).unwrap();
        let error = is_unreached(pay(&simulator_client(&simulator), "B1"));
        assert_eq!(error.field_name(), "tls");
        assert!(error.rule().contains(words), "{tls:?}: {error}");
        assert_eq!((simulator.requests(), simulator.ledger().len()), (0, 0));
    }
}

/// Trusts the simulator's CA and shows the merchant's certificate.
fn simulator_client(simulator: &Simulator) -> Client<RedpackAccount> {
    simulator_client_with(simulator, &simulator.files().p12_aes)
}

fn simulator_client_with(simulator: &Simulator, p12: &std::path::Path) -> Client<RedpackAccount> {
    let roots = std::fs::read(&simulator.files().ca_pem).unwrap();
    let identity = Identity::from_pkcs12(&std::fs::read(p12).unwrap(), credentials::MCH_ID).unwrap();
    let https = Https::builder().only_roots(&roots).unwrap().identity(identity).build().unwrap();
    client_with(https, &[&simulator.base_url()])
}

#[test]
fn a_wrong_host_name_is_an_error() {
    refused_server(ServerCertificate::WrongName, "another server");
}

#[test]
fn an_unknown_ca_is_an_error() {
    refused_server(ServerCertificate::UnknownCa, "the roots of this terminal do not know");
}

#[test]
fn an_expired_server_certificate_is_an_error() {
    refused_server(ServerCertificate::Expired, "out of date, or the clock is wrong");
}

#[test]
fn a_server_certificate_of_tomorrow_is_an_error() {
    refused_server(ServerCertificate::NotYetValid, "out of date, or the clock is wrong");
}

#[test]
fn a_server_without_tls_1_2_is_an_error() {
    let simulator = Simulator::start_with(Settings { tls: TlsRange::Old, ..Settings::default() }).unwrap();
    let error = is_unreached(pay(&simulator_client(&simulator), "B1"));
    assert_eq!(error.field_name(), "tls");
    assert_eq!((simulator.handshakes(), simulator.requests()), (0, 0));
}

#[test]
fn a_plain_http_url_is_refused_when_the_account_is_built() {
    let key = || Secret::from(credentials::KEY);
    let url = "http://localhost:1";
    let redpack = RedpackAccount::new(credentials::MCH_ID, credentials::APPID, key()).unwrap().hosts(&[url]);
    let swiftpass = SwiftpassAccount::new(url, credentials::SWIFTPASS_MCH_ID, key());
    for error in [redpack.map(drop).unwrap_err(), swiftpass.map(drop).unwrap_err()] {
        assert_eq!((error.kind(), error.field_name()), (ErrorKind::Setting, "url"));
    }
}

// ---- the client's certificate ----

#[test]
fn a_missing_client_certificate_is_refused_before_any_io() {
    let server = RawServer::tls(Tls::V12, Visit::succeed_always);
    let client = client_with(anonymous().build().unwrap(), &[&server.url()]);
    let error = client.prepare(&red_packet("B1")).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Identity);
    let error = client.ask(&GetHbInfo { mch_billno: "B1" }).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Identity);
    drop(client);
    assert_eq!(server.finish().connections, 0);
}

/// A gateway that needs no client certificate by its documents, at a server that wants one all the same.
fn order_without_certificate(server: &RawServer) -> Result<Outcome<wxpay_terminal::WapOrderMade>, Error> {
    let key = Secret::from(credentials::SWIFTPASS_KEY);
    let account = SwiftpassAccount::new(&(server.url() + "/pay/gateway"), credentials::SWIFTPASS_MCH_ID, key).unwrap();
    let terminal = Terminal::new("013467007045764").unwrap();
    let client = Client::new(account.without_sub_fields(), terminal, anonymous().build().unwrap()).unwrap();
    let order = WapOrder {
        out_trade_no: "T202611210001",
        body: "H5支付测试",
        total_fee: Fen::new(1).unwrap(),
        mch_create_ip: "14.23.150.211",
        notify_url: "https://shop.example/notify",
        ..WapOrder::default()
    };
    client.send(&mut client.prepare(&order).unwrap())
}

#[test]
fn a_client_certificate_that_is_missing_or_refused_at_tls_1_2_is_an_error() {
    let refusing = || RawServer::tls_with(Tls::V12, Clients::Refused, Visit::succeed_always);
    let error = unreached(refusing());
    assert!(error.rule().contains("alert"), "{error}");
    let server = refusing();
    let error = is_unreached(order_without_certificate(&server));
    assert!(error.rule().contains("alert"), "{error}");
    assert_eq!(server.finish().bytes, 0);
}

#[test]
fn a_client_certificate_that_is_missing_or_refused_at_tls_1_3_is_unknown_in_the_words_of_the_alert() {
    // The client's handshake is over before the server has looked: the request may have left.
    let refusing = || RawServer::tls_with(Tls::V13, Clients::Refused, Visit::succeed_always);
    let (outcome, log) = one_payment(refusing());
    let doubt = is_unknown(outcome);
    assert!(doubt.reason == Reason::Broken && doubt.text.contains("alert"), "{doubt}");
    assert_eq!((log.connections, log.bytes), (1, 0));
    let server = refusing();
    match order_without_certificate(&server).unwrap() {
        Outcome::Unknown(doubt) => assert!(doubt.text.contains("certificate required"), "{doubt}"),
        other => panic!("must be Unknown: {other:?}"),
    }
    assert_eq!(server.finish().bytes, 0);
}

#[test]
fn a_client_certificate_refused_with_a_reset_at_tls_1_3_is_never_an_error() {
    // The alert may be lost then; that the request may have left must not be.
    let require = ClientCertificate::Require;
    let settings = Settings { client_certificate: require, tls: TlsRange::Only13, ..Settings::default() };
    let simulator = Simulator::start_with(settings).unwrap();
    let client = simulator_client_with(&simulator, &simulator.files().p12_unknown_ca);
    for attempt in 0..40 {
        is_unknown(pay(&client, &format!("B{attempt}")));
    }
    assert_eq!((simulator.handshakes(), simulator.requests()), (0, 0));
}

// ---- after the first byte: no reply ----

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

// ---- after the first byte: half a reply ----

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

// ---- after the first byte: a whole reply of another kind ----

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

// ---- good replies in unusual forms ----

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
fn a_100_continue_that_nobody_asked_for_is_skipped() {
    both(|tls| {
        taken(tls, |request| [b"HTTP/1.1 100 Continue\r\n\r\n", &ok(&success(request))[..]].concat());
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

/// A success of exactly so many bytes.
fn padded(request: &[u8], length: usize) -> String {
    let short = success(request);
    let blanks = " ".repeat(length - short.len());
    short.replace("</xml>", &(blanks + "</xml>"))
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

// ---- what does not leak from one exchange into another ----

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

/// The order numbers that a server read, in order.
fn seen(log: &Log) -> Vec<String> {
    log.requests.iter().map(|(_, request)| value(request, "mch_billno")).collect()
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
            Ok(Outcome::Declined(refusal)) => panic!("{refusal}"),
        };
        counts[kind] += 1;
    }
    assert!(counts.iter().all(|count| *count > 0), "every kind must occur: {counts:?}");
}

// ---- two hosts ----

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

// ---- proxies ----

/// Reads the head of a CONNECT, one byte at a time, so that nothing behind it is taken.
fn connect_head(plain: &Plain) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && (&plain.tcp).read(&mut byte).is_ok_and(|got| got > 0) {
        head.extend(byte);
    }
    String::from_utf8(head).unwrap()
}

#[test]
fn a_proxy_that_was_set_is_used() {
    both(|tls| {
        let server = RawServer::tls(tls, Visit::succeed_always);
        let (port, heads) = (server.port(), Arc::new(Mutex::new(Vec::new())));
        let theirs = heads.clone();
        let proxy = RawServer::tcp(move |plain| {
            theirs.lock().unwrap().push(connect_head(&plain));
            (&plain.tcp).write_all(b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n").unwrap();
            pipe(&plain.tcp, &TcpStream::connect(("127.0.0.1", port)).unwrap());
        });
        let https = https().proxy("127.0.0.1", proxy.port()).unwrap().build().unwrap();
        let client = client_with(https, &[&server.url()]);
        is_accepted(pay(&client, "B1"));
        is_accepted(pay(&client, "B2"));
        drop(client);
        let at = format!("localhost:{port}");
        assert_eq!(*heads.lock().unwrap(), [format!("CONNECT {at} HTTP/1.1\r\nHost: {at}\r\n\r\n")]);
        assert_eq!((proxy.finish().connections, server.finish().came_on()), (1, vec![0, 0]));
    });
}

#[test]
fn a_proxy_that_does_not_open_a_tunnel_is_an_error() {
    let answers: [&[u8]; 8] = [
        b"HTTP/1.1 403 Forbidden\r\n\r\n",
        b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
        b"HTTP/1.1 503 Busy\r\nContent-Length: 3\r\n\r\n200",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"SSH-2.0-x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 O",
        b"",
    ];
    for answer in answers {
        let server = RawServer::tls(Tls::V13, Visit::succeed_always);
        let proxy = RawServer::tcp(move |mut plain| {
            plain.read();
            let _ = plain.tcp.write_all(answer);
        });
        let https = https().proxy("127.0.0.1", proxy.port()).unwrap().build().unwrap();
        let client = client_with(https, &[&server.url()]);
        is_unreached(pay(&client, "B1"));
        drop(client);
        let sent = String::from_utf8_lossy(&proxy.finish().plain).into_owned();
        assert!(sent.starts_with("CONNECT localhost:") && !sent.contains("mch_billno"), "{sent}");
        assert_eq!(server.finish().connections, 0);
    }
}

#[test]
fn a_refusal_of_the_proxy_is_believed() {
    // Even where a tunnel would open behind it.
    let server = RawServer::tls(Tls::V13, Visit::succeed_always);
    let port = server.port();
    let proxy = RawServer::tcp(move |plain| {
        connect_head(&plain);
        (&plain.tcp).write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n").unwrap();
        pipe(&plain.tcp, &TcpStream::connect(("127.0.0.1", port)).unwrap());
    });
    let https = https().proxy("127.0.0.1", proxy.port()).unwrap().build().unwrap();
    let client = client_with(https, &[&server.url()]);
    let error = is_unreached(pay(&client, "B1"));
    assert!(error.rule().contains("403"), "{error}");
    drop(client);
    proxy.finish();
    assert_eq!(server.finish().handshakes, 0);
}

#[test]
fn a_proxy_that_hangs_or_talks_for_ever_is_an_error() {
    let talks: [fn(&mut Plain); 3] = [
        Plain::until_gone,
        |plain| {
            plain.read();
            while plain.tcp.write_all(b"x").is_ok() {
                thread::sleep(Duration::from_millis(20));
            }
        },
        |plain| {
            plain.read();
            while plain.tcp.write_all(&[b'x'; 4096]).is_ok() {}
        },
    ];
    for talk in talks {
        let proxy = RawServer::tcp(move |mut plain| talk(&mut plain));
        let https = https().proxy("127.0.0.1", proxy.port()).unwrap().build().unwrap();
        is_unreached(pay(&client_with(https, &["https://localhost:1"]).within(SHORT).unwrap(), "B1"));
        assert_eq!(proxy.finish().connections, 1);
    }
}

#[test]
fn proxies_in_the_environment_are_ignored() {
    if std::env::var("ALL_PROXY").is_ok_and(|proxy| proxy.contains("/inner")) {
        let server = RawServer::tls(Tls::V13, Visit::succeed_always);
        let client = client(&[&server.url()]);
        is_accepted(pay(&client, "B1"));
        drop(client);
        assert_eq!(server.finish().requests.len(), 1);
        return;
    }
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    proxy.set_nonblocking(true).unwrap();
    let url = format!("http://{}/inner", proxy.local_addr().unwrap());
    let names = ["ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];
    let variables = names.map(|name| (name, url.as_str()));
    run_again(module_path!(), "proxies_in_the_environment_are_ignored", &variables, "");
    assert!(proxy.accept().is_err(), "nobody came to the proxy");
}

#[test]
fn a_root_in_the_environment_is_not_trusted_beside_own_roots() {
    let variable = |name| std::env::var(name).unwrap();
    if std::env::var_os("TEST_URL").is_some() {
        let roots = std::fs::read(variable("TEST_ROOTS")).unwrap();
        let p12 = std::fs::read(variable("TEST_P12")).unwrap();
        let identity = || Identity::from_pkcs12(&p12, credentials::MCH_ID).unwrap();
        let own = Https::builder().only_roots(&roots).unwrap().identity(identity()).build().unwrap();
        let error = is_unreached(pay(&client_with(own, &[&variable("TEST_URL")]), "B1"));
        assert!(error.rule().contains("do not know"), "{error}");
        // The same server is trusted by who trusts the system, whose roots that variable sets.
        let system = Https::builder().identity(identity()).build().unwrap();
        return is_accepted(pay(&client_with(system, &[&variable("TEST_URL")]), "B2"));
    }
    let settings = Settings { server_certificate: ServerCertificate::UnknownCa, ..Settings::default() };
    let simulator = Simulator::start_with(settings).unwrap();
    let (url, files) = (simulator.base_url(), simulator.files());
    let path = |path: &'static str, value: &std::path::Path| (path, value.to_str().unwrap().to_owned());
    let variables = [
        path("SSL_CERT_FILE", &files.other_ca_pem),
        path("TEST_ROOTS", &files.ca_pem),
        path("TEST_P12", &files.p12_aes),
        ("TEST_URL", url),
    ];
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    run_again(module_path!(), "a_root_in_the_environment_is_not_trusted_beside_own_roots", &variables, "");
    assert_eq!(simulator.ledger().len(), 1);
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
