//! Before the first byte: connections, handshakes and the server's certificate.

use std::io::Write;
use std::thread;
use std::time::Duration;

use wxpay_simulator::{ServerCertificate, Settings, Simulator, TlsRange, credentials};
use wxpay_terminal::{ErrorKind, RedpackAccount, Secret, SwiftpassAccount};

use crate::support::raw_server::*;
use crate::transport::situations::{simulator_client, unreached};

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
