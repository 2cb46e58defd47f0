//! From exec to the first signed request on the wire, part by part: `cargo bench --bench cold_start`.
//!
//! A part that loads something once for the process (OpenSSL's tables, the list of CA files) can be measured once a
//! process only, so this program starts itself again for each measurement and takes the median.

mod cases;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use openssl::ssl::{SslContextBuilder, SslMethod, SslVersion};
use openssl::x509::X509;
use openssl::x509::store::X509StoreBuilder;
use wxpay_simulator::{Simulator, credentials};
use wxpay_terminal::*;

const RUNS: usize = 15;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match &arguments[..] {
        [part, started, url, p12, roots] => child(part, started, url, [p12, roots].map(|path| read(path))),
        _ => parent(),
    }
}

fn read(path: &str) -> Vec<u8> {
    std::fs::read(path).expect("a file")
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970")
}

/// What the child measures, and what it says: milliseconds, then the resident memory in kB at the end and at its peak.
fn child(part: &str, started: &str, url: &str, [p12, roots]: [Vec<u8>; 2]) {
    let identity = || Identity::from_pkcs12(&p12, credentials::MCH_ID).expect("identity");
    let begin = Instant::now();
    let ms = match part {
        "identity" => {
            let identity = identity();
            let spent = begin.elapsed();
            drop(identity);
            spent
        }
        "own roots" | "system roots" => {
            let identity = identity();
            let begin = Instant::now();
            let mut https = Https::builder().identity(identity);
            if part == "own roots" {
                https = https.only_roots(&roots).expect("roots");
            }
            let https = https.build().expect("https");
            let spent = begin.elapsed();
            drop(https);
            spent
        }
        "OpenSSL alone" => {
            let parsed = openssl::pkcs12::Pkcs12::from_der(&p12).and_then(|p12| p12.parse2(credentials::MCH_ID));
            let parsed = parsed.expect("identity");
            let begin = Instant::now();
            let context = bare_context(&roots, parsed);
            let spent = begin.elapsed();
            drop(context);
            spent
        }
        "exec to request" => {
            let transport = Https::builder().only_roots(&roots).expect("roots").identity(identity());
            let transport = transport.build().expect("https");
            let account = RedpackAccount::new(credentials::MCH_ID, credentials::APPID, Secret::from(credentials::KEY))
                .and_then(|account| account.hosts(&[url]))
                .expect("account");
            let client = Client::new(account, Terminal::unnamed(), transport).expect("client");
            let mut prepared = client.prepare(&cases::red_packet(cases::NUMBER)).expect("prepared");
            let outcome = client.send(&mut prepared).expect("sent");
            assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome:?}");
            let started = Duration::from_nanos(started.parse().expect("nanoseconds"));
            since_1970().saturating_sub(started)
        }
        other => panic!("no such part: {other}"),
    };
    println!("{} {} {}", ms.as_secs_f64() * 1000.0, resident("VmRSS:"), resident("VmHWM:"));
}

/// What a connector on `openssl::ssl` alone would need for own roots: the same without the system's bundle.
fn bare_context(roots: &[u8], identity: openssl::pkcs12::ParsedPkcs12_2) -> openssl::ssl::SslContext {
    let mut context = SslContextBuilder::new(SslMethod::tls_client()).expect("context");
    context.set_min_proto_version(Some(SslVersion::TLS1_2)).expect("version");
    let mut store = X509StoreBuilder::new().expect("store");
    for root in X509::stack_from_pem(roots).expect("roots") {
        store.add_cert(root).expect("root");
    }
    context.set_cert_store(store.build());
    context.set_certificate(&identity.cert.expect("certificate")).expect("certificate");
    context.set_private_key(&identity.pkey.expect("key")).expect("key");
    context.build()
}

/// A line of `/proc/self/status`, in kB.
fn resident(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or_default()
}

fn parent() {
    let simulator = Simulator::start().expect("simulator");
    let file = |path: &std::path::Path| path.display().to_string();
    let (legacy, modern) = (file(&simulator.files().p12_rc2), file(&simulator.files().p12_aes));
    let roots = file(&simulator.files().ca_pem);
    println!("median of {RUNS} processes; OpenSSL: {}", openssl::version::version());
    println!("{:52} {:>9} {:>9} {:>11} {:>11}", "part", "ms", "least ms", "RSS kB", "peak kB");
    for (words, part, p12) in [
        ("read a .p12 with RC2-40 (legacy provider)", "identity", &legacy),
        ("read a .p12 with AES", "identity", &modern),
        ("Https with the system's roots", "system roots", &modern),
        ("Https with own roots only", "own roots", &modern),
        ("floor: an OpenSSL context with own roots, no bundle", "OpenSSL alone", &modern),
        ("exec to the judged reply, own roots, .p12 with AES", "exec to request", &modern),
    ] {
        let mut rows: Vec<Vec<f64>> = (0..RUNS).map(|_| start(part, &simulator.base_url(), p12, &roots)).collect();
        rows.sort_by(|a, b| a[0].total_cmp(&b[0]));
        let middle = &rows[RUNS / 2];
        println!("{words:52} {:9.2} {:9.2} {:11} {:11}", middle[0], rows[0][0], middle[1], middle[2]);
        std::io::stdout().flush().expect("stdout");
    }
}

fn start(part: &str, url: &str, p12: &str, roots: &str) -> Vec<f64> {
    let program = std::env::current_exe().expect("this program");
    let started = since_1970().as_nanos().to_string();
    let child = Command::new(program).args([part, &started, url, p12, roots]).stdout(Stdio::piped()).spawn();
    let mut child = child.expect("child");
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.take().expect("stdout"));
    out.read_line(&mut line).expect("a line");
    let _ = out.read_to_end(&mut Vec::new());
    assert!(child.wait().expect("the child").success(), "{part}");
    line.split_whitespace().map(|word| word.parse().expect("a number")).collect()
}
