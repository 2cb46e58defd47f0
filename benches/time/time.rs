//! Time, by criterion: `cargo bench -p wxpay-time`, with `--features sqlite` also the journal.

#[path = "../cases.rs"]
mod cases;
mod echo;

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use wxpay_simulator::{Simulator, credentials};
use wxpay_terminal::*;

fn sign_and_encode(c: &mut Criterion) {
    let (client, system) = (cases::client(), cases::client_of_the_system());
    let request = cases::red_packet(cases::NUMBER);
    let signed = cases::signed_bytes(client.prepare(&request).expect("prepared").body(), cases::KEY);
    let mut group = c.benchmark_group("sign and encode");
    group.bench_function("floor: MD5 of the same bytes", |b| b.iter(|| cases::md5(black_box(&signed))));
    group.bench_function("12-field sendredpack", |b| b.iter(|| client.prepare(black_box(&request))));
    group.bench_function("with the system's clock and random numbers", |b| {
        b.iter(|| system.prepare(black_box(&request)));
    });
}

fn read_and_verify(c: &mut Criterion) {
    let (text, key) = cases::real_reply();
    let signed = cases::signed_bytes(text.as_bytes(), &key);
    let key = Secret::from(&*key);
    let mut group = c.benchmark_group("read and verify");
    group.bench_function("floor: MD5 of the same bytes", |b| b.iter(|| cases::md5(black_box(&signed))));
    group.bench_function("floor: roxmltree alone", |b| b.iter(|| cases::tree(black_box(&text))));
    group.bench_function("21-field signed reply", |b| b.iter(|| cases::read_and_verify(black_box(&text), &key)));
}

fn without_a_socket(c: &mut Criterion) {
    let client = cases::client();
    let request = cases::red_packet(cases::NUMBER);
    c.bench_function("prepare, send to memory, judge", |b| {
        b.iter(|| {
            let mut prepared = client.prepare(black_box(&request)).expect("prepared");
            client.send(&mut prepared).expect("sent")
        });
    });
}

fn over_tls(c: &mut Criterion) {
    let simulator = Simulator::start().expect("simulator");
    let url = simulator.base_url();
    let p12 = std::fs::read(&simulator.files().p12_aes).expect("p12");
    let roots = std::fs::read(&simulator.files().ca_pem).expect("roots");
    let identity = Identity::from_pkcs12(&p12, credentials::MCH_ID).expect("identity");
    let https = Https::builder().only_roots(&roots).expect("roots").identity(identity).build().expect("https");
    let https = Arc::new(https);
    let account = RedpackAccount::new(credentials::MCH_ID, credentials::APPID, Secret::from(credentials::KEY))
        .and_then(|account| account.hosts(&[&url]))
        .expect("account");
    let client = Client::new(account, cases::terminal(), https.clone()).expect("client");
    let mut serial = 0_u64;
    let mut pay = || {
        serial += 1;
        let number = format!("2026112100000000{serial:010}");
        let mut prepared = client.prepare(&cases::red_packet(&number)).expect("prepared");
        let outcome = client.send(&mut prepared).expect("sent");
        assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome:?}");
    };
    pay();
    let seen = simulator.seen();
    let head: usize = seen[0].headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
    let request = head + seen[0].body.len() + "POST /mmpaymkttransfers/sendredpack HTTP/1.1\r\n\r\n".len();
    let reply = cases::red_packet_reply(cases::NUMBER).len() + 150;
    let identity = native_tls::Identity::from_pkcs12(&p12, credentials::MCH_ID).expect("identity");
    let mut echo = echo::Echo::start(request, reply, identity);
    let mut tls = echo.connect();

    let mut group = c.benchmark_group("a payment over mutual TLS");
    group.sample_size(30).measurement_time(Duration::from_secs(4));
    group.bench_function("floor: echo on a warm connection", |b| b.iter(|| echo.exchange(&mut tls)));
    group.bench_function("on a warm connection", |b| b.iter(&mut pay));
    group.bench_function("floor: connect and echo", |b| {
        b.iter(|| {
            let mut tls = echo.connect();
            echo.exchange(&mut tls);
        });
    });
    group.bench_function("on a new connection", |b| {
        b.iter(|| {
            https.forget(&url);
            pay();
        });
    });
}

#[cfg(feature = "sqlite")]
fn journalled(c: &mut Criterion) {
    use std::io::Write;

    let directory = std::env::temp_dir().join(format!("wxpay-bench-{}", std::process::id()));
    std::fs::create_dir(&directory).expect("a directory");
    let journal = SqliteJournal::open(directory.join("journal.db"), 7, None, &SystemRandom).expect("journal");
    let client = Client::new(cases::account(), Terminal::unnamed(), cases::Obliging).expect("client");
    let till = Till::open(journal).with(client);
    let mut file = std::fs::File::create(directory.join("floor")).expect("a file");
    let mut serial = 0_u64;

    let mut group = c.benchmark_group("a journalled payment");
    group.sample_size(30).measurement_time(Duration::from_secs(4));
    group.bench_function("floor: one append and fdatasync", |b| {
        b.iter(|| {
            file.write_all(&[b'j'; 512]).expect("written");
            file.sync_data().expect("on disk");
        });
    });
    group.bench_function("till, SQLite, no socket", |b| {
        b.iter(|| {
            serial += 1;
            let outcome = till.pay(&format!("prize {serial}"), &cases::red_packet("")).expect("paid");
            assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome:?}");
        });
    });
    group.finish();
    drop(till);
    std::fs::remove_dir_all(directory).expect("removed");
}

#[cfg(not(feature = "sqlite"))]
fn journalled(_: &mut Criterion) {}

criterion_group!(all, sign_and_encode, read_and_verify, without_a_socket, over_tls, journalled);
criterion_main!(all);
