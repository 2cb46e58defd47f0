//! A sale by payment code: the customer shows a code in WeChat, the terminal scans it, and the money is taken or taken back.
//!
//! `cargo run --features sqlite --example sell_by_code`: at WeChat's own gateway. With `-- swiftpass` at the end: at a Swiftpass-type one,
//! where a code of Alipay is taken, too. The till's code is the same; the account is another.
//!
//! The simulator plays the gateway and the customers. It takes half a minute: one customer types a password, and one payment is taken
//! back, which is not allowed in its first 15 seconds.

use std::error::Error;
use std::sync::Mutex;
use std::time::Duration;

use wxpay_simulator::{Customer, Simulator, credentials};
use wxpay_terminal::{
    Cash, Cashier, Client, CounterAccount, CounterSale, Fen, Https, Identity, Options, Outcome, Progress, Reversals,
    Secret, SignType, SqliteJournal, SwiftpassAccount, SystemRandom, Terminal, Till, Warm, Watch, WxpayAccount,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let simulator = Simulator::start()?;
    match std::env::args().nth(1).as_deref() {
        None | Some("wxpay") => a_day(&simulator, wxpay(&simulator)?, "130000000000000003"),
        // This customer's second card is Alipay's.
        Some("swiftpass") => a_day(&simulator, swiftpass(&simulator)?, "280000000000000003"),
        Some(other) => Err(format!("{other}: is wxpay or swiftpass").into()),
    }
}

/// Whatever the account: the same till, the same sales.
fn a_day<C: CounterAccount + 'static>(simulator: &Simulator, account: C, second_card: &str) -> Result<()> {
    let till = till(simulator, account)?;

    // After a start: what was being taken back is taken back, before the first customer.
    let options = Options::new().patience(Duration::from_secs(5)).reversals(Reversals::Begun);
    for reported in till.recover_with(&options)? {
        println!("before: {}: {}", reported.entry.intent, reported.outcome.cashier().zh);
    }

    // Paid at once.
    sell::<C>(&till, "sale 1001", "130000000000000001")?;
    // The card has not enough money. The same sale again, with the code of another card.
    simulator.customer("130000000000000002", Customer::NotEnough);
    sell::<C>(&till, "sale 1002", "130000000000000002")?;
    sell::<C>(&till, "sale 1002", second_card)?;
    // The customer types a password.
    simulator.customer("130000000000000004", Customer::AsksPassword { pays_after: Some(1) });
    sell::<C>(&till, "sale 1003", "130000000000000004")?;
    // The customer closes the dialog: nobody can tell what became of it, so it is taken back.
    simulator.customer("130000000000000005", Customer::Refuses);
    sell::<C>(&till, "sale 1004", "130000000000000005")?;

    let paid: u32 = simulator.ledger().iter().map(|entry| entry.paid).sum();
    println!("ledger: paid {paid} times");
    if paid == 3 { Ok(()) } else { Err(format!("paid {paid} times, must be three times").into()) }
}

/// One scan for the caller's own name of the sale. A sale that is paid is not paid again, whatever is scanned.
fn sell<C: CounterAccount>(till: &Till, name: &str, auth_code: &str) -> Result<()> {
    println!("{name}:");
    // While the cashier types and the customer opens WeChat, a connection is made: the sale then waits for one round trip. It may fail.
    if let Err(error) = till.warm(Warm::InBackground) {
        println!("  {error}");
    }
    let sale = CounterSale {
        body: "天虹百货-矿泉水",
        total_fee: Fen::new(888)?,
        create_ip: "14.23.150.211",
        ..CounterSale::default()
    };
    let screen = Screen(Mutex::new(""));
    match till.pay_with(name, &C::by_code(sale, auth_code), &Options::new().watch(&screen)) {
        Ok(outcome) => {
            tell(outcome.cashier());
            if let Outcome::Accepted(receipt) = outcome {
                println!("  hand the goods over: {}", receipt.order_number);
                till.acknowledge(receipt.entry)?;
            }
        }
        // Nothing was sent.
        Err(error) => tell(error.cashier()),
    }
    Ok(())
}

/// What the cashier reads, and what she may do next.
fn tell(cashier: Cashier) {
    let again = if cashier.scan_again { "yes" } else { "no" };
    let cash = match cashier.cash {
        Cash::Yes => "yes",
        Cash::WithNote => "with a note that late money is given back",
        Cash::No => "no",
    };
    println!("  {} ({})\n  another code: {again}; cash: {cash}", cashier.zh, cashier.en);
}

/// The cashier's screen. Its button 取消 would be `is_cancelled`: the payment is then taken back.
struct Screen(Mutex<&'static str>);

impl Watch for Screen {
    fn progress(&self, progress: &Progress<'_>) {
        let words = progress.phase.cashier().zh;
        let mut shown = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if *shown != words {
            println!("  {words}");
            *shown = words;
        }
    }
}

/// On a real terminal: your numbers and your key, and no `hosts`.
fn wxpay(simulator: &Simulator) -> Result<WxpayAccount> {
    let account = WxpayAccount::new(credentials::MCH_ID, credentials::APPID, Secret::from(credentials::KEY))?;
    Ok(account.sign_type(SignType::HmacSha256).hosts(&[&simulator.base_url()])?)
}

/// On a real terminal: your gateway's URL, your number there and your key.
fn swiftpass(simulator: &Simulator) -> Result<SwiftpassAccount> {
    let url = simulator.base_url() + "/pay/gateway";
    Ok(SwiftpassAccount::new(&url, credentials::SWIFTPASS_MCH_ID, Secret::from(credentials::SWIFTPASS_KEY))?)
}

/// On a real terminal: a durable path. The certificate is for taking back at WeChat's own gateway.
fn till<C: CounterAccount + 'static>(simulator: &Simulator, account: C) -> Result<Till> {
    let p12 = std::fs::read(&simulator.files().p12_rc2)?;
    let identity = Identity::from_pkcs12(&p12, credentials::MCH_ID)?;
    let https = Https::builder().only_roots(&std::fs::read(&simulator.files().ca_pem)?)?.identity(identity).build()?;
    let terminal = Terminal::new("013467007045764")?;
    let path = simulator.files().directory.join("journal.db");
    let journal = SqliteJournal::open(path, 7, terminal.device_info(), &SystemRandom)?;
    Ok(Till::open(journal).with(Client::new(account, terminal, https)?))
}
