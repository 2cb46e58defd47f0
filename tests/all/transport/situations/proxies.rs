//! Proxies, and what the environment names.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use wxpay_simulator::{ServerCertificate, Settings, Simulator, credentials};
use wxpay_terminal::{Https, Identity};

use crate::support::raw_server::*;

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
