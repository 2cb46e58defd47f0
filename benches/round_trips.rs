//! How often a customer waits for the network: `cargo bench --bench round_trips`.
//!
//! Between the terminal and the simulator stands a proxy, and each piece of a stream takes 50 ms through it, in either direction. It counts
//! round trips: a connection is one, and each time that something comes back after something was sent.

#[path = "../tests/all/support/flights.rs"]
mod flights;

use std::time::{Duration, Instant};

use flights::Proxy;
use wxpay_simulator::{Settings, Simulator, TlsRange, credentials};
use wxpay_terminal::*;

/// The way, in each direction.
const EACH_WAY: Duration = Duration::from_millis(50);

/// How the connection of a payment came about.
const WAYS: [&str; 4] = ["new", "kept", "idle 10 s", "warmed"];

/// Pays under a number.
type Pay = Box<dyn Fn(u32)>;
/// Makes a connection beforehand.
type Warming = Box<dyn Fn()>;

fn main() {
    println!("{:42} {:>11} {:>11} {:>9} {:>9}", "", "round trips", "connections", "ms", "bytes");
    for (tls, range) in [("TLS 1.2", TlsRange::Only12), ("TLS 1.3", TlsRange::Only13)] {
        let simulator = Simulator::start_with(Settings { tls: range, ..Settings::default() }).expect("a simulator");
        let proxy = Proxy::before(simulator.port(), EACH_WAY);
        for (call, make) in [
            ("sendredpack, with certificate", redpack as fn(&Simulator, &str) -> (Pay, Warming)),
            ("micropay, without", micropay),
        ] {
            for way in WAYS {
                let (pay, warm) = make(&simulator, &proxy.url());
                match way {
                    "kept" => pay(1),
                    "idle 10 s" => {
                        pay(1);
                        std::thread::sleep(Duration::from_secs(10));
                    }
                    "warmed" => {
                        warm();
                        // What the server sends after the handshake (two tickets, in TLS 1.3) comes while the cashier types.
                        while proxy.records_of_the_last_flight() < 2 {
                            std::thread::sleep(EACH_WAY);
                        }
                    }
                    _ => {}
                }
                let (mark, start) = (proxy.mark(), Instant::now());
                pay(2);
                let (took, flights) = (start.elapsed().as_millis(), proxy.since(mark));
                println!(
                    "{:42} {:>11} {:>11} {took:>9} {:>9}",
                    format!("{tls}: {call}: {way}"),
                    flights.round_trips,
                    flights.connections,
                    flights.bytes
                );
            }
        }
    }
}

fn https(simulator: &Simulator) -> HttpsBuilder {
    let roots = std::fs::read(&simulator.files().ca_pem).expect("roots");
    Https::builder().only_roots(&roots).expect("roots")
}

/// The terminal, and how long it waits.
fn client<A: Account + 'static>(account: A, https: Https) -> std::sync::Arc<Client<A>> {
    std::sync::Arc::new(Client::new(account, Terminal::unnamed(), https).expect("a client"))
}

/// A number that no payment of this run had.
fn number(serial: u32) -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{}20261130{:08}{serial:02}", credentials::MCH_ID, COUNT.fetch_add(1, Ordering::Relaxed))
}

fn redpack(simulator: &Simulator, url: &str) -> (Pay, Warming) {
    let p12 = std::fs::read(&simulator.files().p12_rc2).expect("p12");
    let identity = Identity::from_pkcs12(&p12, credentials::MCH_ID).expect("identity");
    let account = RedpackAccount::new(credentials::MCH_ID, credentials::APPID, Secret::from(credentials::KEY));
    let account = account.and_then(|account| account.hosts(&[url])).expect("account");
    let client = client(account, https(simulator).identity(identity).build().expect("https"));
    let warms = client.clone();
    let pay = move |serial| {
        let number = number(serial);
        let request = SendRedPack {
            mch_billno: &number,
            send_name: "天虹百货",
            re_openid: "onqOjjmM1tad-3ROpncN-yUfa6uI",
            total_amount: Fen::new(100).expect("fen"),
            wishing: "恭喜",
            client_ip: "192.168.0.1",
            act_name: "猜灯谜",
            remark: "猜越多得越多",
            ..SendRedPack::default()
        };
        is_accepted(client.prepare(&request).and_then(|mut prepared| client.send(&mut prepared)));
    };
    (Box::new(pay), Box::new(move || warms.warm(Warm::InThisThread).expect("warm")))
}

fn micropay(simulator: &Simulator, url: &str) -> (Pay, Warming) {
    let account = WxpayAccount::new(credentials::MCH_ID, credentials::APPID, Secret::from(credentials::KEY));
    let account = account.map(WxpayAccount::without_certificate).and_then(|account| account.hosts(&[url]));
    let client = client(account.expect("account"), https(simulator).build().expect("https"));
    let warms = client.clone();
    let pay = move |serial| {
        let number = number(serial);
        let code = format!("13{}", &number[number.len() - 16..]);
        let request = MicroPay {
            out_trade_no: &number,
            body: "天虹百货-矿泉水",
            total_fee: Fen::new(888).expect("fen"),
            spbill_create_ip: "14.23.150.211",
            auth_code: &code,
            ..MicroPay::default()
        };
        is_accepted(client.prepare(&request).and_then(|mut prepared| client.send(&mut prepared)));
    };
    (Box::new(pay), Box::new(move || warms.warm(Warm::InThisThread).expect("warm")))
}

fn is_accepted<T: std::fmt::Debug>(outcome: Result<Outcome<T>, Error>) {
    assert!(matches!(outcome, Ok(Outcome::Accepted(_))), "{outcome:?}");
}
