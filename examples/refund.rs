//! Giving money back: a sale, two refunds of it, and what becomes of them.
//!
//! `cargo run --features sqlite --example refund`. The simulator plays the gateway. It takes a minute: so much time passes between two
//! refunds of one order.

use std::error::Error;
use std::time::Duration;

use wxpay_simulator::{RefundStatus, Simulator, credentials};
use wxpay_terminal::{
    Client, Fen, Https, Identity, MicroPay, Options, Outcome, Refund, RefundOf, Secret, SqliteJournal, SystemRandom,
    Terminal, Till, WxpayAccount,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let simulator = Simulator::start()?;
    let till = till(&simulator)?;
    let order = sell(&till)?;

    give_back(&till, "return 1001-1", &order, 300)?;
    // The same name is the same refund, also after a restart: nothing is sent.
    give_back(&till, "return 1001-1", &order, 300)?;
    // More than what is left is refused before anything is sent.
    give_back(&till, "return 1001-2", &order, 600)?;
    println!("waiting for the minute between two refunds of one order");
    give_back(&till, "return 1001-2", &order, 588)?;

    // The money arrives, and the gateway says so by notifications: they only make the till ask.
    for refund in simulator.refunds() {
        simulator.end_refund(&refund.refund_number, RefundStatus::Success)?;
        let body = simulator.refund_notification(&refund.refund_number).ok_or("no notification")?;
        let told = till.refund_notified(body.as_bytes())?;
        println!("{}: arrived", told.entry.intent);
        till.acknowledge(told.entry.version())?;
    }
    let given_back = simulator.entry(&order).map_or(0, |entry| entry.refunded);
    println!("ledger: {given_back} fen given back of 888");
    if given_back == 888 { Ok(()) } else { Err("must be 888".into()) }
}

/// One refund for the caller's own name of the return. It is another name than the sale's.
fn give_back(till: &Till, name: &str, order: &str, amount: i64) -> Result<()> {
    let of = RefundOf::OutTradeNo(order);
    let request = Refund { refund_desc: Some("商品已售完"), ..Refund::new(of, Fen::new(888)?, Fen::new(amount)?) };
    let patient = Options::new().patience(Duration::from_secs(90));
    match till.refund_with(name, &request, &patient) {
        Ok(outcome) => {
            let cashier = outcome.cashier_of_refund();
            println!("{name}: {} ({})", cashier.zh, cashier.en);
            match outcome {
                Outcome::Taken(_) | Outcome::Accepted(_) => Ok(()),
                other => Err(format!("{name}: {other:?}").into()),
            }
        }
        Err(error) => {
            println!("{name}: nothing was sent: {error}");
            Ok(())
        }
    }
}

fn sell(till: &Till) -> Result<String> {
    let request = MicroPay {
        auth_code: "130000000000000001",
        body: "天虹百货-矿泉水",
        total_fee: Fen::new(888)?,
        spbill_create_ip: "14.23.150.211",
        ..MicroPay::default()
    };
    match till.pay("sale 1001", &request)? {
        Outcome::Accepted(receipt) => Ok(receipt.order_number),
        other => Err(format!("not sold: {other:?}").into()),
    }
}

/// On a real terminal: a durable path, your numbers, key and certificate, and no `hosts`. Refunds need the certificate.
fn till(simulator: &Simulator) -> Result<Till> {
    let p12 = std::fs::read(&simulator.files().p12_rc2)?;
    let identity = Identity::from_pkcs12(&p12, credentials::MCH_ID)?;
    let https = Https::builder().only_roots(&std::fs::read(&simulator.files().ca_pem)?)?.identity(identity).build()?;
    let account = WxpayAccount::new(credentials::MCH_ID, credentials::APPID, Secret::from(credentials::KEY))?
        .hosts(&[&simulator.base_url()])?;
    let terminal = Terminal::new("013467007045764")?;
    let path = simulator.files().directory.join("journal.db");
    let journal = SqliteJournal::open(path, 7, terminal.device_info(), &SystemRandom)?;
    Ok(Till::open(journal).with(Client::new(account, terminal, https)?))
}
