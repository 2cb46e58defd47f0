//! The server's certificate: what the library looks at itself (F22), and what it says when OpenSSL refuses one (F13).

use std::fs;

use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::ssl::{SslConnector, SslContext, SslMethod, SslVersion};
use openssl::x509::X509;
use openssl::x509::store::X509StoreBuilder;
use wxpay_terminal::{Error, ErrorKind, Https};

use crate::support::certificates::{Form, certificate};
use crate::support::raw_server::{RawServer, client_with, is_accepted, ok, pay, run_again, success};

/// A certificate and its key.
struct Card {
    x509: X509,
    key: PKey<Private>,
}

fn a_server<'a>() -> Form<'a> {
    let (name, dns) = ("localhost", Some("localhost"));
    Form { name, digest: MessageDigest::sha256(), dns, ips: &[], is_ca: false }
}

fn a_ca(name: &str) -> Form<'_> {
    Form { name, dns: None, is_ca: true, ..a_server() }
}

fn make(form: &Form<'_>, issuer: Option<&Card>) -> Card {
    with_bits(2048, form, issuer)
}

fn with_bits(bits: u32, form: &Form<'_>, issuer: Option<&Card>) -> Card {
    let key = PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap();
    let x509 = certificate(form, &key, issuer.map(|issuer| (&issuer.x509, &issuer.key)));
    Card { x509, key }
}

/// A server that shows this certificate, and these behind it.
fn server(own: &Card, chain: &[&Card]) -> RawServer {
    let mut builder = SslContext::builder(SslMethod::tls_server()).unwrap();
    builder.set_min_proto_version(Some(SslVersion::TLS1_2)).unwrap();
    builder.set_certificate(&own.x509).unwrap();
    builder.set_private_key(&own.key).unwrap();
    for card in chain {
        builder.add_extra_chain_cert(card.x509.clone()).unwrap();
    }
    RawServer::tls_by(builder.build(), |visit| {
        let Some(request) = visit.request() else { return };
        visit.send(ok(&success(&request)));
    })
}

/// The payment, and how many bytes of it arrived.
fn paid(server: RawServer, roots: &[&Card], host: &str) -> (Result<(), Error>, usize) {
    let roots: Vec<u8> = roots.iter().flat_map(|card| card.x509.to_pem().unwrap()).collect();
    let https =
        Https::builder().only_roots(&roots).unwrap().identity(crate::support::raw_server::merchant()).build().unwrap();
    let url = format!("https://{host}:{}", server.port());
    let outcome = pay(&client_with(https, &[&url]), "B1");
    let bytes = server.finish().bytes;
    (outcome.map(|outcome| is_accepted(Ok(outcome))), bytes)
}

#[track_caller]
fn refused(server: RawServer, roots: &[&Card], host: &str, words: &[&str]) {
    let (outcome, bytes) = paid(server, roots, host);
    let error = outcome.expect_err("must be refused");
    assert_eq!((error.kind(), error.field_name(), bytes), (ErrorKind::Connect, "tls", 0), "{error}");
    for word in words {
        assert!(error.rule().contains(word), "{word:?} is not in: {error}");
    }
}

/// F22: `SECLEVEL=0` lets OpenSSL take what the library does not.
#[test]
fn weak_servers_are_refused_whatever_openssl_cnf_says() {
    if std::env::var_os("TEST_INNER").is_none() {
        let file = std::env::temp_dir().join(format!("wxpay-peers-{}.cnf", std::process::id()));
        let lines = "openssl_conf = init\n[init]\nssl_conf = ssl\n[ssl]\nsystem_default = system\n[system]\nMinProtocol = TLSv1.2\n\
                     CipherString = DEFAULT:@SECLEVEL=0\n";
        fs::write(&file, lines).unwrap();
        let variables = [("TEST_INNER", "1"), ("OPENSSL_CONF", file.to_str().unwrap())];
        run_again(module_path!(), "weak_servers_are_refused_whatever_openssl_cnf_says", &variables, "");
        return fs::remove_file(file).unwrap();
    }
    let ca = make(&a_ca("Root"), None);
    let weak: [(u32, Form<'_>, &str); 5] = [
        (1024, a_server(), "the server's key has 1024 bits, fewer than 2048"),
        (2040, a_server(), "the server's key has 2040 bits, fewer than 2048"),
        (2048, Form { digest: MessageDigest::sha1(), ..a_server() }, "the server's certificate is signed with sha1"),
        (2048, Form { digest: MessageDigest::md5(), ..a_server() }, "the server's certificate is signed with md5"),
        (2048, Form { dns: None, ..a_server() }, "the server's certificate names no host"),
    ];
    for (bits, form, words) in &weak {
        let card = with_bits(*bits, form, Some(&ca));
        // OpenSSL itself takes it under this configuration: the test could fail.
        let by_openssl = server(&card, &[]);
        openssl_connects(&ca, &by_openssl).unwrap_or_else(|error| panic!("{words}: OpenSSL refuses it: {error}"));
        by_openssl.finish();
        refused(server(&card, &[]), &[&ca], "localhost", &[words, "not the gateway"]);
    }
    let good = make(&a_server(), Some(&ca));
    let (outcome, bytes) = paid(server(&good, &[]), &[&ca], "localhost");
    assert!(outcome.is_ok() && bytes > 0, "{outcome:?}");
}

/// OpenSSL, as native-tls uses it.
fn openssl_connects(root: &Card, server: &RawServer) -> Result<(), String> {
    let mut builder = SslConnector::builder(SslMethod::tls_client()).unwrap();
    let mut store = X509StoreBuilder::new().unwrap();
    store.add_cert(root.x509.clone()).unwrap();
    builder.set_verify_cert_store(store.build()).unwrap();
    builder.set_cipher_list("DEFAULT:@SECLEVEL=0").unwrap();
    let tcp = std::net::TcpStream::connect(server.address()).unwrap();
    builder.build().connect("localhost", tcp).map(drop).map_err(|error| error.to_string())
}

/// F13: one word of OpenSSL's, several causes.
#[test]
fn what_openssl_refuses_is_explained_with_all_its_causes() {
    let root = make(&a_ca("Root"), None);
    let between = make(&a_ca("Intermediate"), Some(&root));
    let own = make(&a_server(), Some(&between));
    // With the whole chain it is good.
    let (outcome, _) = paid(server(&own, &[&between]), &[&root], "localhost");
    assert!(outcome.is_ok(), "{outcome:?}");
    let both = ["either the roots of this terminal", "an intermediate is not enough", "without the intermediate"];
    refused(server(&own, &[]), &[&root], "localhost", &both);
    refused(server(&own, &[&between]), &[&between], "localhost", &both);
    let other = make(&a_ca("Another CA"), None);
    refused(server(&own, &[&between]), &[&other], "localhost", &both);
    refused(server(&own, &[&between, &root]), &[&other], "localhost", &["do not know the server's CA", "proxy"]);
    let alone = make(&a_server(), None);
    refused(server(&alone, &[]), &[&root], "localhost", &["made its certificate itself", "another server"]);
    refused(server(&own, &[&between]), &[&root], "127.0.0.1", &["another server", "does not name its address"]);
    let addressed = make(&Form { ips: &["127.0.0.1"], ..a_server() }, Some(&root));
    let (outcome, _) = paid(server(&addressed, &[]), &[&root], "127.0.0.1");
    assert!(outcome.is_ok(), "{outcome:?}");
    let elsewhere = make(&Form { dns: Some("pay.example"), ..a_server() }, Some(&root));
    refused(server(&elsewhere, &[]), &[&root], "localhost", &["this is another server"]);
}
