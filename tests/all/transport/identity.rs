//! Client certificates, as merchants have them: which load, and one distinct message for each that does not.

use std::collections::HashSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;
use std::time::Duration;

use openssl::pkcs12::Pkcs12;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::symm::Cipher;
use wxpay_simulator::credentials::{self, MCH_ID, OTHER_MCH_ID};
use wxpay_simulator::{ClientCertificate, Fault, Files, Settings, Simulator};
use wxpay_terminal::{
    Client, Clock, Error, ErrorKind, Https, Identity, Inputs, PublicKey, RedpackAccount, RsaDigest, RsaReply, Secret,
    SystemRandom, Terminal, Verdict, WebgateAccount,
};

use crate::support::raw_server::{
    RawServer, Tls, anonymous, certificate, client_with, is_accepted, is_unknown, ok, pay, red_packet, run_again,
    success,
};

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[track_caller]
fn load(path: &Path) -> Identity {
    Identity::from_pkcs12(&read(path), MCH_ID).unwrap()
}

/// Every identity of the merchant that must work, with a name for it.
fn good(files: &Files) -> Vec<(&'static str, Identity)> {
    let pem = |key| Identity::from_pem(&read(&files.cert_pem), &read(key)).unwrap();
    let mut good = vec![
        ("3DES", load(&files.p12_3des)),
        ("AES", load(&files.p12_aes)),
        ("PEM, PKCS#8", pem(&files.key_pem_pkcs8)),
        ("PEM, PKCS#1", pem(&files.key_pem_pkcs1)),
    ];
    if let Some(rc2) = rc2(files) {
        good.push(("RC2", load(rc2)));
    }
    good
}

/// The file as the merchant platform makes it. Missing where OpenSSL came without its legacy provider.
fn rc2(files: &Files) -> Option<&PathBuf> {
    Some(&files.p12_rc2).filter(|path| path.exists())
}

fn https(files: &Files, identity: Identity) -> Https {
    Https::builder().only_roots(&read(&files.ca_pem)).unwrap().identity(identity).build().unwrap()
}

/// What is wrong, and that it is about the identity.
#[track_caller]
fn refused<T>(result: Result<T, Error>, words: &str) -> String {
    let error = result.map(drop).expect_err("must be refused");
    assert_eq!((error.kind(), error.field_name()), (ErrorKind::Identity, "identity"), "{error}");
    assert!(error.rule().contains(words), "{words:?} is not in: {error}");
    error.rule().into()
}

// ---- what loads ----

#[test]
fn every_good_identity_names_its_merchant_and_its_last_second() {
    let simulator = Simulator::start().unwrap();
    let end = end_of(&read(&simulator.files().cert_pem));
    for (name, identity) in good(simulator.files()) {
        assert_eq!(identity.common_name(), Some(MCH_ID), "{name}");
        assert_eq!(spelled(end_second(&identity)), end, "{name}");
    }
}

#[test]
fn an_expired_identity_loads_and_tells_when_it_ended() {
    let simulator = Simulator::start().unwrap();
    let expired = &simulator.files().p12_expired;
    let parsed = Pkcs12::from_der(&read(expired)).unwrap().parse2(MCH_ID).unwrap();
    assert_eq!(spelled(end_second(&load(expired))), end_of(&parsed.cert.unwrap().to_pem().unwrap()));
}

#[track_caller]
fn end_second(identity: &Identity) -> i64 {
    identity.expires().expect("OpenSSL tells it")
}

/// The end of a certificate in the words of the `openssl` command.
fn end_of(pem: &[u8]) -> String {
    let mut command = Command::new("openssl");
    command.args(["x509", "-noout", "-enddate"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the openssl command");
    child.stdin.take().unwrap().write_all(pem).unwrap();
    let output = child.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().trim_start_matches("notAfter=").into()
}

/// A time as the `openssl` command spells it, by way of `date`: the C library's seconds end in 2038 on 32-bit boards.
fn spelled(unix_seconds: i64) -> String {
    let mut command = Command::new("date");
    command.env("LC_ALL", "C").args(["-u", "-d", &format!("@{unix_seconds}"), "+%b %e %H:%M:%S %Y GMT"]);
    let output = command.output().expect("the date command");
    String::from_utf8(output.stdout).unwrap().trim().into()
}

#[test]
fn every_good_identity_pays() {
    let settings = Settings { client_certificate: ClientCertificate::Require, ..Settings::default() };
    let simulator = Simulator::start_with(settings).unwrap();
    for (at, (_, identity)) in good(simulator.files()).into_iter().enumerate() {
        let client = client_with(https(simulator.files(), identity), &[&simulator.base_url()]);
        let number = format!("I{at}");
        is_accepted(pay(&client, &number));
        assert_eq!(simulator.entry(&number).map(|entry| entry.paid), Some(1));
    }
}

#[test]
fn a_certificate_that_the_gateway_does_not_know_is_an_outcome_not_a_setting() {
    let simulator = Simulator::start().unwrap();
    let identity = load(&simulator.files().p12_unknown_ca);
    let client = client_with(https(simulator.files(), identity), &[&simulator.base_url()]);
    is_unknown(pay(&client, "B1"));
    assert!(simulator.ledger().is_empty());
}

#[test]
fn rc2_loads_from_eight_threads_at_once_and_leaves_nothing_behind() {
    let simulator = Simulator::start().unwrap();
    let files = simulator.files();
    let Some(path) = rc2(files) else { return };
    let der = read(path);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..5 {
                    assert_eq!(Identity::from_pkcs12(&der, MCH_ID).unwrap().common_name(), Some(MCH_ID));
                }
            });
        }
    });
    // Modern files still load, and TLS still works.
    let client = client_with(https(files, load(&files.p12_aes)), &[&simulator.base_url()]);
    is_accepted(pay(&client, "B1"));
    load(&files.p12_3des);
}

#[test]
fn a_chain_behind_the_certificate_is_taken() {
    let simulator = Simulator::start().unwrap();
    let files = simulator.files();
    let (own, ca, key) = (read(&files.cert_pem), read(&files.ca_pem), read(&files.key_pem_pkcs8));
    let identity = Identity::from_pem(&[own.clone(), ca.clone()].concat(), &key).unwrap();
    let client = client_with(https(files, identity), &[&simulator.base_url()]);
    is_accepted(pay(&client, "B1"));
    refused(Identity::from_pem(&[ca, own].concat(), &key), "the key is not the certificate's");
}

// ---- what does not load ----

#[test]
fn each_fault_of_a_pkcs12_file_has_its_own_message() {
    let simulator = Simulator::start().unwrap();
    let files = simulator.files();
    let aes = read(&files.p12_aes);
    let with = |password: &str| Identity::from_pkcs12_with(&aes, &Secret::from(password));
    let messages = [
        refused(Identity::from_pkcs12(&aes, OTHER_MCH_ID), "wrong password"),
        refused(Identity::from_pkcs12(&read(&files.cert_pem), MCH_ID), "not a PKCS#12 file"),
        refused(Identity::from_pkcs12(&read(&files.p12_no_key), MCH_ID), "key"),
        refused(with("1900000109\0"), "NUL"),
    ];
    let distinct: HashSet<&String> = messages.iter().collect();
    assert_eq!(distinct.len(), messages.len(), "{messages:?}");
    for der in [&b""[..], b"\x30\x00", b"PK\x03\x04zip", &read(&files.key_pem_pkcs8), &aes[1..]] {
        refused(Identity::from_pkcs12(der, MCH_ID), "not a PKCS#12 file");
    }
    refused(with(""), "wrong password");
    refused(Identity::from_pkcs12_with(&aes, &Secret::new([0xff, 0xfe])), "text");
    if let Some(rc2) = rc2(files) {
        // The MAC is looked at before the cipher.
        refused(Identity::from_pkcs12(&read(rc2), OTHER_MCH_ID), "wrong password");
    }
}

#[test]
fn a_merchant_number_that_is_none_is_refused_as_a_setting() {
    for mch_id in ["", "19000001 09", "1900000109\0", "wx8888", &"1".repeat(33)] {
        let error = Identity::from_pkcs12(b"", mch_id).map(drop).unwrap_err();
        assert_eq!((error.kind(), error.field_name()), (ErrorKind::Setting, "mch_id"));
    }
}

#[test]
fn a_cipher_that_openssl_does_not_know_is_named() {
    // The inner run has no legacy provider, so the file comes from the outer one.
    if let Some(path) = std::env::var_os("TEST_RC2") {
        let error = Identity::from_pkcs12(&read(Path::new(&path)), MCH_ID);
        // Where OpenSSL was built in, its legacy provider was too.
        if error.is_err() || !cfg!(feature = "vendored") {
            let rule = refused(error, "a cipher that this OpenSSL does not know (RC2-40-CBC)");
            assert!(rule.contains("PEM"), "it says what to do: {rule}");
        }
        refused(Identity::from_pkcs12(&read(Path::new(&path)), OTHER_MCH_ID), "wrong password");
        return;
    }
    let simulator = Simulator::start().unwrap();
    let Some(path) = rc2(simulator.files()) else { return };
    let variables = [("OPENSSL_MODULES", "/nonexistent"), ("TEST_RC2", path.to_str().unwrap())];
    run_again(module_path!(), "a_cipher_that_openssl_does_not_know_is_named", &variables, "");
}

#[test]
fn a_file_without_a_mac_is_named_or_read() {
    // OpenSSL 3.0 refuses it, 3.6 reads it.
    let simulator = Simulator::start().unwrap();
    let files = simulator.files();
    let output = Command::new("openssl")
        .args(["pkcs12", "-export", "-nomac", "-passout"])
        .arg(format!("pass:{MCH_ID}"))
        .args([Path::new("-in"), &files.cert_pem, Path::new("-inkey"), &files.key_pem_pkcs8])
        .output()
        .expect("the openssl command");
    assert!(output.status.success(), "{output:?}");
    if let Err(error) = Identity::from_pkcs12(&output.stdout, MCH_ID) {
        refused(Err::<(), _>(error), "no MAC");
    }
}

#[test]
fn each_fault_of_a_pem_pair_has_its_own_message() {
    let simulator = Simulator::start().unwrap();
    let files = simulator.files();
    let (cert, key) = (read(&files.cert_pem), read(&files.key_pem_pkcs8));
    for not_pem in [&b""[..], b"-----BEGIN CERTIFICATE-----\n", &read(&files.p12_aes), &key] {
        refused(Identity::from_pem(not_pem, &key), "the certificate is not PEM");
    }
    for not_pem in [&b""[..], b"-----BEGIN PRIVATE KEY-----\n", &read(&files.p12_aes), &cert] {
        refused(Identity::from_pem(&cert, not_pem), "the key is not a PEM private key");
    }
    refused(Identity::from_pem(&cert, &read(&files.other_key_pem)), "the key is not the certificate's");
}

#[test]
fn an_encrypted_pem_key_is_refused_and_nobody_is_asked() {
    // The passphrase lies on the standard input of the inner run, where OpenSSL would find it if it asked.
    const PASSPHRASE: &str = "secret";
    if std::env::var_os("TEST_INNER").is_none() {
        let test = "an_encrypted_pem_key_is_refused_and_nobody_is_asked";
        run_again(module_path!(), test, &[("TEST_INNER", "1")], "secret\nsecret\nsecret\n");
        return;
    }
    let simulator = Simulator::start().unwrap();
    let cert = read(&simulator.files().cert_pem);
    let key = PKey::private_key_from_pem(&read(&simulator.files().key_pem_pkcs8)).unwrap();
    let cipher = Cipher::aes_256_cbc();
    let pkcs8 = key.private_key_to_pem_pkcs8_passphrase(cipher, PASSPHRASE.as_bytes()).unwrap();
    let pkcs1 = key.rsa().unwrap().private_key_to_pem_passphrase(cipher, PASSPHRASE.as_bytes()).unwrap();
    for encrypted in [pkcs8, pkcs1] {
        refused(Identity::from_pem(&cert, &encrypted), "without passphrase");
    }
}

#[test]
fn a_key_that_is_too_short_for_tls_is_refused_when_the_transport_is_built() {
    let key: PKey<Private> = PKey::from_rsa(Rsa::generate(512).unwrap()).unwrap();
    let pem = certificate(MCH_ID, &key, None).to_pem().unwrap();
    let identity = Identity::from_pem(&pem, &key.private_key_to_pem_pkcs8().unwrap()).unwrap();
    refused(Https::builder().identity(identity).build(), "key too small");
}

#[test]
fn damaged_pkcs12_files_never_panic() {
    let simulator = Simulator::start().unwrap();
    let files = simulator.files();
    let mut cases = 0;
    for path in [Some(&files.p12_aes), rc2(files)].into_iter().flatten() {
        let whole = read(path);
        for part in 0..60 {
            let cut = &whole[..whole.len() * part / 60];
            refused(Identity::from_pkcs12(cut, MCH_ID), "");
            cases += 1;
        }
        for part in 0..140 {
            let (mut flipped, at) = (whole.clone(), whole.len() * part / 140);
            flipped[at] ^= 1 << (part % 8);
            // A flip that does not matter, in a name for example, may still load.
            if let Ok(identity) = Identity::from_pkcs12(&flipped, MCH_ID) {
                assert_eq!(identity.common_name(), Some(MCH_ID));
            }
            cases += 1;
        }
    }
    println!("{cases} damaged files");
}

// ---- what is refused before any I/O ----

/// A clock that moves only when a test moves it.
#[derive(Clone)]
struct Stopped(Arc<AtomicI64>);

impl Clock for Stopped {
    fn unix_seconds(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

fn client_at(simulator: &Simulator, identity: Identity, now: i64) -> Client<RedpackAccount> {
    client_by(simulator, identity, Stopped(Arc::new(AtomicI64::new(now))))
}

fn client_by(simulator: &Simulator, identity: Identity, clock: Stopped) -> Client<RedpackAccount> {
    let key = Secret::from(credentials::KEY);
    let account = RedpackAccount::new(MCH_ID, credentials::APPID, key).unwrap();
    let account = account.hosts(&[&simulator.base_url()]).unwrap();
    let transport = Box::new(https(simulator.files(), identity));
    let inputs = Inputs { transport, clock: Box::new(clock), random: Box::new(SystemRandom) };
    Client::with_inputs(account, Terminal::new("013467007045764").unwrap(), inputs).unwrap()
}

/// The day in China, as `2026-11-21`, by way of that spelling.
fn china_day(unix_seconds: i64) -> String {
    let spelled = spelled(unix_seconds + 8 * 3600);
    let parts: Vec<&str> = spelled.split_whitespace().collect();
    let months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    format!("{}-{:02}-{:0>2}", parts[3], months.find(parts[0]).unwrap() / 3 + 1, parts[1])
}

#[test]
fn an_expired_certificate_is_refused_before_any_io_and_its_last_day_is_named() {
    let simulator = Simulator::start().unwrap();
    let identity = load(&simulator.files().p12_expired);
    let until = end_second(&identity);
    let client = client_with(https(simulator.files(), identity), &[&simulator.base_url()]);
    let rule = refused(client.prepare(&red_packet("B1")), "expired");
    assert!(rule.contains(&china_day(until)), "{rule}");
    assert_eq!((simulator.handshakes(), simulator.requests()), (0, 0));
}

#[test]
fn the_last_second_of_a_certificate_counts_and_the_next_does_not() {
    let simulator = Simulator::start().unwrap();
    let identity = || load(&simulator.files().p12_aes);
    let until = end_second(&identity());
    is_accepted(pay(&client_at(&simulator, identity(), until), "B1"));
    refused(client_at(&simulator, identity(), until + 1).prepare(&red_packet("B2")), "expired");
}

#[test]
fn a_certificate_that_expires_between_two_attempts_does_not_turn_a_doubt_into_an_error() {
    let simulator = Simulator::start().unwrap();
    let identity = load(&simulator.files().p12_aes);
    let clock = Stopped(Arc::new(AtomicI64::new(end_second(&identity))));
    let client = client_by(&simulator, identity, clock.clone());
    simulator.fault_next(Fault::CloseAfterCommit);
    let mut prepared = client.prepare(&red_packet("B1")).unwrap();
    is_unknown(client.send(&mut prepared));
    clock.0.fetch_add(1, Ordering::SeqCst);
    let doubt = is_unknown(client.send(&mut prepared));
    assert!(doubt.text.contains("expired"), "{doubt}");
    assert_eq!(simulator.requests(), 1);
}

#[test]
fn a_clock_before_the_certificate_is_refused_as_a_clock() {
    let simulator = Simulator::start().unwrap();
    let client = client_at(&simulator, load(&simulator.files().p12_aes), 3600);
    refused(client.prepare(&red_packet("B1")), "the clock is wrong");
    assert_eq!(simulator.handshakes(), 0);
}

#[test]
fn a_certificate_of_another_merchant_is_refused_before_any_io_and_both_are_named() {
    let simulator = Simulator::start().unwrap();
    let der = read(&simulator.files().p12_other_merchant);
    let identity = Identity::from_pkcs12(&der, OTHER_MCH_ID).unwrap();
    assert_eq!(identity.common_name(), Some(OTHER_MCH_ID));
    let client = client_with(https(simulator.files(), identity), &[&simulator.base_url()]);
    let rule = refused(client.prepare(&red_packet("B1")), OTHER_MCH_ID);
    assert!(rule.contains(MCH_ID), "{rule}");
    assert_eq!(simulator.handshakes(), 0);
}

// ---- what the system's configuration takes away, and what nobody is asked ----

/// Writes an `openssl.cnf` that activates these providers only.
fn only(providers: &[&str]) -> PathBuf {
    let file = std::env::temp_dir().join(format!("wxpay-{}-{}.cnf", providers.join("-"), std::process::id()));
    let list: String = providers.iter().map(|name| format!("{name} = {name}\n")).collect();
    let each: String = providers.iter().map(|name| format!("[{name}]\nactivate = 1\n")).collect();
    fs::write(&file, format!("openssl_conf = init\n[init]\nproviders = providers\n[providers]\n{list}{each}")).unwrap();
    file
}

/// F9: `openssl.cnf` activates only `legacy`, and the password is right.
#[test]
fn a_missing_provider_is_no_wrong_password() {
    if let Some(folder) = std::env::var_os("TEST_FILES") {
        let file = |name: &str| read(&Path::new(&folder).join(name));
        let words = "openssl.cnf";
        for p12 in ["aes.p12", "3des.p12", "rc2.p12"] {
            if Path::new(&folder).join(p12).exists() {
                let rule = refused(Identity::from_pkcs12(&file(p12), MCH_ID), words);
                assert!(rule.contains("`default`") && !rule.contains("password"), "{rule}");
                let rule = refused(Identity::from_pkcs12(&file(p12), OTHER_MCH_ID), words);
                assert!(!rule.contains("wrong password"), "nobody knows: {rule}");
            }
        }
        refused(Identity::from_pem(&file("cert.pem"), &file("key.pem")), words);
        let error = PublicKey::read(&file("public.pem")).map(drop).unwrap_err();
        assert!(error.rule().contains(words), "{error}");
        let error = Https::builder().only_roots(&file("ca.pem")).and_then(|builder| builder.build());
        assert!(error.map(drop).unwrap_err().rule().contains(words));
        return;
    }
    let simulator = Simulator::start().unwrap();
    let files = simulator.files();
    let folder = std::env::temp_dir().join(format!("wxpay-lame-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let named = [
        (&files.p12_aes, "aes.p12"),
        (&files.p12_3des, "3des.p12"),
        (&files.p12_rc2, "rc2.p12"),
        (&files.cert_pem, "cert.pem"),
        (&files.key_pem_pkcs8, "key.pem"),
        (&files.webgate_public_key_pem, "public.pem"),
        (&files.ca_pem, "ca.pem"),
    ];
    for (from, name) in named {
        if from.exists() {
            fs::copy(from, folder.join(name)).unwrap();
        }
    }
    // `base` alone, too: it has no digest, cipher or key.
    for providers in [&["legacy"][..], &["base"], &["base", "legacy"]] {
        let config = only(providers);
        let variables = [("OPENSSL_CONF", config.to_str().unwrap()), ("TEST_FILES", folder.to_str().unwrap())];
        run_again(module_path!(), "a_missing_provider_is_no_wrong_password", &variables, "");
        fs::remove_file(config).unwrap();
    }
    fs::remove_dir_all(folder).unwrap();
}

/// A sibling of F9: the MAC is made with a digest that only the legacy provider has, so the file is read with it, or the digest is
/// named.
#[test]
fn a_mac_that_openssl_cannot_compute_is_no_wrong_password() {
    if let Some(path) = std::env::var_os("TEST_MD4") {
        let rule = refused(Identity::from_pkcs12(&read(Path::new(&path)), MCH_ID), "cannot be checked");
        assert!(rule.contains("MD4") && rule.contains("PEM"), "{rule}");
        return;
    }
    let simulator = Simulator::start().unwrap();
    let files = simulator.files();
    let path = std::env::temp_dir().join(format!("wxpay-md4-{}.p12", std::process::id()));
    let made = Command::new("openssl")
        .args(["pkcs12", "-export", "-provider", "legacy", "-provider", "default", "-macalg", "md4", "-passout"])
        .arg(format!("pass:{MCH_ID}"))
        .args([Path::new("-in"), &files.cert_pem, Path::new("-inkey"), &files.key_pem_pkcs8, Path::new("-out"), &path])
        .output()
        .expect("the openssl command");
    if made.status.success() && rc2(files).is_some() {
        assert_eq!(load(&path).common_name(), Some(MCH_ID));
        refused(Identity::from_pkcs12(&read(&path), OTHER_MCH_ID), "wrong password");
        if !cfg!(feature = "vendored") {
            let variables = [("OPENSSL_MODULES", "/nonexistent"), ("TEST_MD4", path.to_str().unwrap())];
            run_again(module_path!(), "a_mac_that_openssl_cannot_compute_is_no_wrong_password", &variables, "");
        }
    }
    let _ = fs::remove_file(path);
}

/// F20: under a terminal nobody is asked for a passphrase, by no loader, whatever it is given.
#[test]
fn no_loader_asks_on_a_terminal() {
    if std::env::var_os("TEST_INNER").is_some() {
        return load_everything_encrypted();
    }
    let mut inner = wxpay_simulator::this_program();
    inner.args(["--exact", "transport::identity::no_loader_asks_on_a_terminal"]);
    let mut line = inner.get_program().to_string_lossy().into_owned();
    for argument in inner.get_args() {
        line += &format!(" '{}'", argument.to_string_lossy());
    }
    // `script` (bsdutils) runs it with a terminal of its own, on which nobody types.
    let mut child = Command::new("script")
        .args(["-q", "-e", "-c", &line, "/dev/null"])
        .env("TEST_INNER", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the script command");
    let mut nobody = child.stdin.take();
    let until = std::time::Instant::now() + Duration::from_secs(120);
    let ended = loop {
        match child.try_wait().unwrap() {
            Some(status) => break Some(status),
            None if std::time::Instant::now() > until => break None,
            None => thread::sleep(Duration::from_millis(20)),
        }
    };
    if ended.is_none() {
        child.kill().unwrap();
    }
    drop(nobody.take());
    let mut printed = String::new();
    std::io::Read::read_to_string(&mut child.stdout.take().unwrap(), &mut printed).unwrap();
    let printed_well = printed.contains("1 passed") && !printed.to_lowercase().contains("pass phrase");
    assert!(
        ended.is_some_and(|status| status.success()) && printed_well,
        "somebody was asked, or it failed: {printed}"
    );
}

fn load_everything_encrypted() {
    let has_terminal = std::fs::OpenOptions::new().read(true).write(true).open("/dev/tty").is_ok();
    assert!(has_terminal, "OpenSSL asks on /dev/tty, so the test must have one");
    let key: PKey<Private> = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let cipher = Cipher::aes_256_cbc();
    let text = |pem: Vec<u8>| String::from_utf8(pem).unwrap();
    let pkcs8 = text(key.private_key_to_pem_pkcs8_passphrase(cipher, b"secret").unwrap());
    let pkcs1 = text(key.rsa().unwrap().private_key_to_pem_passphrase(cipher, b"secret").unwrap());
    let cert = text(certificate(MCH_ID, &key, None).to_pem().unwrap());
    let public = text(key.public_key_to_pem().unwrap());
    // The headers of an encrypted block, around anything.
    let headers = "-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,0123456789ABCDEF0123456789ABCDEF\n\n";
    let wrapped = |pem: &str| pem.replacen("-----\n", headers, 1);
    let der = openssl::base64::decode_block(&pkcs8.lines().filter(|line| !line.starts_with('-')).collect::<String>());
    let der = der.unwrap();
    let inputs = [
        pkcs8.clone().into_bytes(),
        pkcs1.clone().into_bytes(),
        wrapped(&public).into_bytes(),
        wrapped(&cert).into_bytes(),
        pkcs8.replace("ENCRYPTED PRIVATE", "PUBLIC").into_bytes(),
        pkcs8.replace("ENCRYPTED PRIVATE KEY", "CERTIFICATE").into_bytes(),
        pkcs8.replace("ENCRYPTED PRIVATE", "PRIVATE").into_bytes(),
        pkcs8.replace("ENCRYPTED PRIVATE", "ANY PRIVATE").into_bytes(),
        (pkcs8.clone() + &public).into_bytes(),
        (pkcs1 + &cert).into_bytes(),
        ("\u{feff}".to_string() + &pkcs8).into_bytes(),
        pkcs8.replace('\n', "\r\n").into_bytes(),
        openssl::base64::encode_block(&der).into_bytes(),
        der,
    ];
    for bytes in &inputs {
        assert!(PublicKey::read(bytes).is_err());
        assert!(Identity::from_pem(cert.as_bytes(), bytes).is_err());
        // (A certificate behind an encrypted key is refused like the key.)
        assert!(Identity::from_pem(bytes, &key.private_key_to_pem_pkcs8().unwrap()).is_err());
        assert!(Identity::from_pkcs12(bytes, MCH_ID).is_err());
        assert!(Identity::from_pkcs12_with(bytes, &Secret::from("")).is_err());
        assert!(Https::builder().only_roots(bytes).is_err());
    }
}

/// F26: what anybody can factor proves nothing.
#[test]
fn a_short_public_key_is_refused_or_told() {
    let public = |bits| PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap().public_key_to_pem().unwrap();
    for bits in [512, 768, 1016] {
        let error = PublicKey::read(&public(bits)).map(drop).unwrap_err();
        assert_eq!((error.kind(), error.field_name()), (ErrorKind::Setting, "public_key"));
        assert!(error.rule().contains("fewer than 1024 bits"), "{error}");
    }
    for (bits, told) in [(1024, true), (2040, true), (2048, false)] {
        let rule = RsaReply::new(PublicKey::read(&public(bits)).unwrap(), RsaDigest::Sha256);
        let account = WebgateAccount::new("https://127.0.0.1:9", "10001", Secret::from("k"), rule).unwrap();
        let https = Https::builder().only_roots(&crate::support::raw_server::roots()).unwrap().build().unwrap();
        let client = Client::new(account, Terminal::new("013467007045764").unwrap(), https).unwrap();
        let report = client.check();
        let step = report.steps.iter().find(|step| step.text.contains("fewer than 2048 bits"));
        assert_eq!(step.is_some(), told, "{bits}: {report}");
        assert!(step.is_none_or(|step| step.text_zh.contains("公钥") && step.verdict == Verdict::Warning));
    }
    let group = openssl::ec::EcGroup::from_curve_name(openssl::nid::Nid::X9_62_PRIME256V1).unwrap();
    let curve = PKey::from_ec_key(openssl::ec::EcKey::generate(&group).unwrap()).unwrap();
    assert!(PublicKey::read(&curve.public_key_to_pem().unwrap()).unwrap_err().rule().contains("not an RSA key"));
    let private = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap().private_key_to_pem_pkcs8().unwrap();
    assert!(PublicKey::read(&private).unwrap_err().rule().contains("private key"));
}

/// F11: certificates from before mid-2018 name the company; one may name nobody.
#[test]
fn a_certificate_that_names_the_company_pays_and_is_told_by_check() {
    for name in ["天虹商场股份有限公司", "Rainbow 1900000110", "1900000110 Ltd", ""] {
        let server = RawServer::tls(Tls::V13, |visit| {
            while let Some(request) = visit.request() {
                visit.send(ok(&success(&request)));
            }
        });
        let key: PKey<Private> = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
        let pem = certificate(name, &key, None).to_pem().unwrap();
        let identity = Identity::from_pem(&pem, &key.private_key_to_pem_pkcs8().unwrap()).unwrap();
        assert_eq!(identity.common_name(), Some(name).filter(|name| !name.is_empty()));
        let client = client_with(anonymous().identity(identity).build().unwrap(), &[&server.url()]);
        is_accepted(pay(&client, "B1"));
        let report = client.check().to_string();
        assert!(report.contains("only the gateway") && report.contains("2018年中以前"), "{report}");
        drop(client);
        server.finish();
    }
    // A number is compared as before: the test above.
}
