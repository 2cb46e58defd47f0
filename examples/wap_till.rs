//! WAP orders at a cash desk: the till makes the number, keeps the URL, asks, takes the notification, and closes.
//!
//! `cargo run --features sqlite --example wap_till`. The simulator plays the gateway and the customers.

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use wxpay_simulator::{Fault, Simulator, credentials};
use wxpay_terminal::{
    Client, Fen, Https, Options, Outcome, Phase, Progress, Reason, Secret, SqliteJournal, SwiftpassAccount,
    SystemRandom, Terminal, Till, WapOrder, Watch,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let simulator = Simulator::start()?;
    let till = till(&simulator)?;

    // The first customer. The answer to the first order is lost, and with it the URL: the till takes another number.
    simulator.fault_next(Fault::CloseAfterCommit);
    let (number, url) = order(&till, "receipt 1001")?;
    println!("1. order {number}: show {url}");
    println!("2. {}", said(&till, &number)?);

    // On your server this is the body of the POST that comes to `notify_url`.
    let body = simulator.pay_order(&number)?.body;
    let told = till.notified(body.as_bytes())?;
    println!("3. notified, and in the journal; the answer is {:?}", told.reply);
    println!("4. {}", said(&till, &number)?);
    till.acknowledge(told.entry.version())?;

    // The second customer walks away. The cashier presses a button on another thread.
    let (number, _) = order(&till, "receipt 1002")?;
    let screen = Screen(AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_secs(2));
            screen.0.store(true, Ordering::Relaxed);
        });
        let options = Options::new().patience(Duration::from_secs(60)).watch(&screen);
        let outcome = till.payment_of_with(&number, &options)?;
        println!("5. the button ends the waiting: {}", words(&outcome));
        match till.close(&number)? {
            Outcome::Declined(_) => println!("6. closed: nobody can pay it any more"),
            other => return Err(format!("not closed: {}", words(&other)).into()),
        }
        Ok::<(), Box<dyn Error>>(())
    })?;

    // After a start: what is not acknowledged. The order whose answer was lost is watched until it expires.
    for recovered in till.recover(Duration::from_secs(5))? {
        let entry = &recovered.entry;
        println!("7. {} {}: {}", entry.intent, entry.order_number, words(&recovered.outcome));
    }
    let paid: u32 = simulator.ledger().iter().map(|entry| entry.paid).sum();
    if paid == 1 { Ok(()) } else { Err(format!("paid {paid} times, must be once").into()) }
}

/// Makes an order under the caller's own name for it. The same name again gives the same order, also after a restart.
fn order(till: &Till, intent: &str) -> Result<(String, String)> {
    let request = WapOrder {
        body: "H5支付测试",
        total_fee: Fen::new(1)?,
        mch_create_ip: "14.23.150.211",
        notify_url: "https://shop.example/wxpay/notify",
        sub_openid: Some("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"),
        ..WapOrder::default()
    };
    match till.order(intent, &request)? {
        // An order exists. Nobody has paid.
        Outcome::Ordered(receipt) => {
            let url = receipt.evidence.field("mweb_url").ok_or("no URL")?.into();
            Ok((receipt.order_number, url))
        }
        Outcome::Accepted(_) | Outcome::Taken(_) => Err("this receipt is paid already".into()),
        Outcome::PaidLate(_) => {
            Err("this receipt was paid too late: give it back, or keep it with `accept_late`".into())
        }
        Outcome::Declined(refusal) => Err(format!("no order: {refusal}; next: {:?}", refusal.next).into()),
        Outcome::Unknown(doubt) => Err(format!("no URL; try the same receipt again: {doubt}").into()),
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

/// The cashier's screen, with a button.
struct Screen(AtomicBool);

impl Watch for Screen {
    fn progress(&self, progress: &Progress<'_>) {
        if progress.phase == Phase::Asking {
            println!("   正在确认 {}", progress.order_number);
        }
    }

    fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// On a real terminal: a durable path, your operator's URL, your numbers and key.
fn till(simulator: &Simulator) -> Result<Till> {
    let https = Https::builder().only_roots(&std::fs::read(&simulator.files().ca_pem)?)?.build()?;
    let url = simulator.base_url() + "/pay/gateway";
    let key = Secret::from(credentials::SWIFTPASS_KEY);
    let account =
        SwiftpassAccount::new(&url, credentials::SWIFTPASS_MCH_ID, key)?.sub_appid(credentials::SWIFTPASS_APPID)?;
    let terminal = Terminal::new("013467007045764")?;
    let path = simulator.files().directory.join("journal.db");
    let journal = SqliteJournal::open(path, 7, terminal.device_info(), &SystemRandom)?;
    Ok(Till::open(journal).with(Client::new(account, terminal, https)?))
}
