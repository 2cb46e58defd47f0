//! A sale by QR: the terminal shows a code, the customer scans it with WeChat and pays.
//!
//! `cargo run --features sqlite --example sell_by_qr`. The simulator plays the gateway and the customers.

use std::error::Error;
use std::time::Duration;

use wxpay_simulator::{Simulator, credentials};
use wxpay_terminal::{
    Client, Fen, Https, NativeOrder, Outcome, Reason, Secret, SignType, SqliteJournal, SystemRandom, Terminal, Till,
    WxpayAccount,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let simulator = Simulator::start()?;
    let till = till(&simulator)?;

    // The first customer scans and pays.
    let (number, code_url) = order(&till, "sale 1001")?;
    println!("1. order {number}: show {code_url} as a QR");
    println!("2. {}", said(&till, &number)?);
    simulator.pay_order(&number)?;
    std::thread::sleep(Duration::from_secs(3));
    println!("3. {}", said(&till, &number)?);
    for reported in till.recover(Duration::ZERO)? {
        till.acknowledge(reported.entry.version())?;
    }

    // The second one walks away. The order is closed; only the query's word after it says that nobody can pay any more.
    let (number, _) = order(&till, "sale 1002")?;
    println!("4. order {number}: nobody scans it");
    println!("5. {}", words(&till.close(&number)?));

    let paid: u32 = simulator.ledger().iter().map(|entry| entry.paid).sum();
    println!("ledger: paid {paid} times");
    if paid == 1 { Ok(()) } else { Err(format!("paid {paid} times, must be once").into()) }
}

/// Makes an order under the caller's own name for the sale. The same name again gives the same QR, also after a restart.
fn order(till: &Till, sale: &str) -> Result<(String, String)> {
    let request = NativeOrder {
        body: "天虹百货-矿泉水",
        total_fee: Fen::new(888)?,
        spbill_create_ip: "14.23.150.211",
        notify_url: "https://shop.example/wxpay/notify",
        product_id: "6901234567892",
        ..NativeOrder::default()
    };
    match till.order(sale, &request)? {
        // An order exists. Nobody has paid.
        Outcome::Ordered(receipt) => {
            let code_url = receipt.evidence.field("code_url").ok_or("no QR")?.into();
            Ok((receipt.order_number, code_url))
        }
        Outcome::Accepted(_) | Outcome::Taken(_) => Err("this sale is paid already".into()),
        Outcome::PaidLate(_) => Err("this sale was paid too late: give it back, or keep it with `accept_late`".into()),
        Outcome::Declined(refusal) => Err(format!("no order: {refusal}; next: {:?}", refusal.next).into()),
        Outcome::Unknown(doubt) => Err(format!("no QR; try the same sale again: {doubt}").into()),
    }
}

/// Asks once.
fn said(till: &Till, number: &str) -> Result<String> {
    Ok(words(&till.payment_of(number)?))
}

fn words<T>(outcome: &Outcome<T>) -> String {
    match outcome {
        Outcome::Accepted(_) => "paid".into(),
        Outcome::PaidLate(_) => "paid after it was given up: give it back, or keep it".into(),
        Outcome::Ordered(_) => "an order exists".into(),
        // Said of refunds only.
        Outcome::Taken(_) => "it is being refunded".into(),
        Outcome::Declined(refusal) => format!("nobody can pay it any more: {refusal}"),
        Outcome::Unknown(doubt) if doubt.reason == Reason::NotPaidYet => "the customer has not paid yet".into(),
        Outcome::Unknown(doubt) => format!("not known: {doubt}"),
    }
}

/// On a real terminal: a durable path, your numbers and key, and no `hosts`.
fn till(simulator: &Simulator) -> Result<Till> {
    let https = Https::builder().only_roots(&std::fs::read(&simulator.files().ca_pem)?)?.build()?;
    let account = WxpayAccount::new(credentials::MCH_ID, credentials::APPID, Secret::from(credentials::KEY))?
        .sign_type(SignType::HmacSha256)
        .hosts(&[&simulator.base_url()])?;
    let terminal = Terminal::new("013467007045764")?;
    let path = simulator.files().directory.join("journal.db");
    let journal = SqliteJournal::open(path, 7, terminal.device_info(), &SystemRandom)?;
    Ok(Till::open(journal).with(Client::new(account, terminal, https)?))
}
