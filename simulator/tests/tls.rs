//! Certificates on both sides, versions, and the files.

mod client;

use std::fs;
use std::path::Path;

use client::*;
use openssl::pkcs12::Pkcs12;
use openssl::provider::Provider;
use openssl::ssl::{SslConnector, SslMethod, SslVersion};
use wxpay_simulator::credentials::*;
use wxpay_simulator::{ClientCertificate, ServerCertificate, Settings, Simulator, TlsRange};

fn pay_with(simulator: &Simulator, p12: Option<(&Path, &str)>) -> Option<Answer> {
    let connector = connector(simulator, p12);
    call_with(simulator, &connector, SEND, &Gate::Redpack.seal(&redpack("t")))
}

#[test]
fn client_certificates_asked_for_by_path() {
    let simulator = Simulator::start().unwrap();
    let files = simulator.files();
    let answer = pay_with(&simulator, None).unwrap();
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("No required SSL certificate was sent"));
    for bad in [&files.p12_expired, &files.p12_unknown_ca] {
        let answer = pay_with(&simulator, Some((bad, MCH_ID))).unwrap();
        assert_eq!(answer.status, 400);
        assert!(answer.text().contains("The SSL certificate error"));
    }
    let answer = pay_with(&simulator, Some((&files.p12_other_merchant, OTHER_MCH_ID))).unwrap();
    assert_eq!(answer.get("err_code"), "CA_ERROR");
    assert!(simulator.ledger().is_empty());
    for good in [&files.p12_aes, &files.p12_3des] {
        let answer = pay_with(&simulator, Some((good, MCH_ID))).unwrap();
        assert!(Gate::Redpack.is_success(&answer));
    }
    // The other gateways need none.
    let plain = connector(&simulator, None);
    let body = Gate::Webgate.seal(&charge("c"));
    assert_eq!(call_with(&simulator, &plain, CHARGE, &body).unwrap().get("retcode"), "0");
}

#[test]
fn client_certificates_demanded() {
    let simulator =
        Simulator::start_with(Settings { client_certificate: ClientCertificate::Require, ..Settings::default() })
            .unwrap();
    let files = simulator.files();
    assert!(pay_with(&simulator, None).is_none());
    assert!(pay_with(&simulator, Some((&files.p12_expired, MCH_ID))).is_none());
    assert!(pay_with(&simulator, Some((&files.p12_unknown_ca, MCH_ID))).is_none());
    assert_eq!((simulator.handshakes(), simulator.requests()), (0, 0));
    assert!(pay_with(&simulator, Some((&files.p12_aes, MCH_ID))).is_some());
}

#[test]
fn p12_files() {
    let simulator = Simulator::start().unwrap();
    let files = simulator.files();
    let open = |path: &Path, password: &str| Pkcs12::from_der(&fs::read(path).unwrap()).unwrap().parse2(password);
    assert!(open(&files.p12_aes, "wrong").is_err());
    assert!(open(&files.p12_no_key, MCH_ID).unwrap().pkey.is_none());
    let legacy = Provider::try_load(None, "legacy", true);
    if legacy.is_ok() {
        let identity = open(&files.p12_rc2, MCH_ID).unwrap();
        assert!(identity.pkey.is_some() && identity.cert.is_some());
        assert!(pay_with(&simulator, Some((&files.p12_rc2, MCH_ID))).is_some());
    }
    for pem in [&files.cert_pem, &files.key_pem_pkcs8, &files.key_pem_pkcs1, &files.ca_pem] {
        assert!(fs::read_to_string(pem).unwrap().starts_with("-----BEGIN"));
    }
    let der = fs::read(&files.webgate_public_key_der).unwrap();
    let base64 = fs::read_to_string(&files.webgate_public_key_base64).unwrap();
    assert_eq!(openssl::base64::decode_block(&base64).unwrap(), der);
}

#[test]
fn server_certificates() {
    for kind in [
        ServerCertificate::Expired,
        ServerCertificate::NotYetValid,
        ServerCertificate::WrongName,
        ServerCertificate::UnknownCa,
    ] {
        let simulator = Simulator::start_with(Settings { server_certificate: kind, ..Settings::default() }).unwrap();
        let merchant = merchant(&simulator);
        assert!(connect(&simulator, &merchant).is_none(), "{kind:?}");
        assert_eq!(simulator.requests(), 0);
    }
}

#[test]
fn versions() {
    for (tls, version, good) in [
        (TlsRange::Any, SslVersion::TLS1_2, true),
        (TlsRange::Any, SslVersion::TLS1_3, true),
        (TlsRange::Only12, SslVersion::TLS1_2, true),
        (TlsRange::Only12, SslVersion::TLS1_3, false),
        (TlsRange::Only13, SslVersion::TLS1_3, true),
        (TlsRange::Only13, SslVersion::TLS1_2, false),
        (TlsRange::Old, SslVersion::TLS1_2, false),
        (TlsRange::Old, SslVersion::TLS1_1, true),
    ] {
        let simulator = Simulator::start_with(Settings { tls, ..Settings::default() }).unwrap();
        let mut builder = SslConnector::builder(SslMethod::tls()).unwrap();
        builder.set_ca_file(&simulator.files().ca_pem).unwrap();
        builder.set_min_proto_version(Some(version)).unwrap();
        builder.set_max_proto_version(Some(version)).unwrap();
        if version == SslVersion::TLS1_1 {
            builder.set_security_level(0);
            builder.set_cipher_list("ALL:@SECLEVEL=0").unwrap();
        }
        let stream = connect(&simulator, &builder.build());
        assert_eq!(stream.is_some(), good, "{tls:?} {version:?}");
    }
}

#[test]
fn the_directory_vanishes() {
    let simulator = Simulator::start().unwrap();
    let directory = simulator.files().directory.clone();
    assert!(directory.is_dir());
    let port = simulator.port();
    drop(simulator);
    assert!(!directory.exists());
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn starting_again_is_quick() {
    drop(Simulator::start().unwrap());
    let begin = std::time::Instant::now();
    drop(Simulator::start().unwrap());
    assert!(begin.elapsed().as_millis() < 500, "{:?}", begin.elapsed());
}
