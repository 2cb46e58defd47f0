//! Makes a WAP order, takes the notification of its payment, asks, and closes a second order.
//!
//! `cargo run --example wap_order`. The simulator plays the gateway and the customer.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use wxpay_simulator::{Simulator, credentials};
use wxpay_terminal::{
    Answer, ChinaTime, Client, Clock, Fen, Https, Outcome, Secret, StoredOrder, SwiftpassAccount, SystemClock,
    Terminal, TradeClose, TradeQuery, TradeState, Valid, WapOrder,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Stands for your database: each order's amount, and its transaction number once it is paid.
type Store = BTreeMap<String, (Fen, Option<String>)>;

fn main() -> Result<()> {
    let simulator = Simulator::start()?;
    let client = client(&simulator)?;
    let mut store = Store::new();

    let url = order(&client, &mut store, "T2026112100001")?;
    println!("1. an order exists, nobody has paid. The customer's phone opens {url}");
    // On your server this is the body of the POST that comes to `notify_url`.
    let body = simulator.pay_order("T2026112100001")?.body;
    println!("2. notified; the answer is the plain text {:?}", notified(&client, &mut store, body.as_bytes())?);

    // A notification may be lost: ask then, too.
    println!("3. the query says {:?}", state(&client, "T2026112100001", TradeState::Success)?);

    // The second customer walks away. Close the order, so that nobody pays it later.
    order(&client, &mut store, "T2026112100002")?;
    match client.close(&TradeClose { out_trade_no: "T2026112100002" })? {
        Answer::Known(_) => println!("4. the second order is closed"),
        // It may have been paid in this very moment: ask.
        other => return Err(format!("not closed, ask: {other:?}").into()),
    }
    state(&client, "T2026112100002", TradeState::Closed)?;
    let paid: u32 = simulator.ledger().iter().map(|entry| entry.paid).sum();
    if paid == 1 { Ok(()) } else { Err(format!("paid {paid} times, must be once").into()) }
}

/// Makes an order and returns the URL that the customer opens, within 5 minutes.
fn order(client: &Client<SwiftpassAccount>, store: &mut Store, number: &str) -> Result<String> {
    let total_fee = Fen::new(1)?;
    let now = ChinaTime::from_unix(SystemClock.unix_seconds())?;
    // Durable before `send`: a notification may come before the reply does.
    store.insert(number.into(), (total_fee, None));
    let mut prepared = client.prepare(&WapOrder {
        out_trade_no: number,
        body: "H5支付测试",
        total_fee,
        mch_create_ip: "14.23.150.211",
        notify_url: "https://shop.example/wxpay/notify",
        valid: Some(Valid { start: now, expire: now.plus(Duration::from_secs(300))? }),
        sub_openid: Some("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"),
        ..WapOrder::default()
    })?;
    match client.send(&mut prepared)? {
        // The order exists. Nobody has paid.
        Outcome::Ordered(made) => Ok(made.mweb_url),
        Outcome::Declined(refusal) => Err(format!("no order: {refusal}; next: {:?}", refusal.next).into()),
        // The query returns no URL, and nobody can pay without it. Use a new number; watch the old until it expires.
        Outcome::Unknown(doubt) => Err(format!("no URL: {doubt}").into()),
        // Of payments, and of a till, only.
        Outcome::Accepted(_) | Outcome::Taken(_) | Outcome::PaidLate(_) => Err("no order".into()),
    }
}

/// Believes a notification only when its signature is good, it agrees with the stored order, and the query says so, too.
fn notified(client: &Client<SwiftpassAccount>, store: &mut Store, body: &[u8]) -> Result<&'static str> {
    let notification = client.account().notification(body)?;
    let number = notification.out_trade_no().to_owned();
    let (total_fee, transaction) = store.get_mut(&number).ok_or("not our order")?;
    let paid = notification.matches(&StoredOrder { out_trade_no: &number, total_fee: *total_fee })?;
    // Anyone can post here, and signed text can be cut: the gateway's own word counts.
    state(client, &number, TradeState::Success)?;
    // `success` ends the notifications for ever, so it comes only after the record is durable.
    paid.reply_after(|paid| {
        *transaction = Some(paid.transaction_id.clone());
        Ok(())
    })
}

/// Asks, and expects a state.
fn state(client: &Client<SwiftpassAccount>, number: &str, expected: TradeState) -> Result<TradeState> {
    match client.ask(&TradeQuery { out_trade_no: number })? {
        Answer::Known(trade) if trade.trade_state == expected => Ok(trade.trade_state),
        // A real till asks again until the order is paid, closed or expired.
        other => Err(format!("{number}: {other:?}, must be {expected:?}").into()),
    }
}

/// On a real terminal: your operator's URL, your numbers and key, no `only_roots` where the system has a CA store.
fn client(simulator: &Simulator) -> Result<Client<SwiftpassAccount>> {
    let https = Https::builder().only_roots(&std::fs::read(&simulator.files().ca_pem)?)?.build()?;
    // The gateway's complete URL: the document leaves it blank.
    let url = simulator.base_url() + "/pay/gateway";
    let key = Secret::from(credentials::SWIFTPASS_KEY);
    let account =
        SwiftpassAccount::new(&url, credentials::SWIFTPASS_MCH_ID, key)?.sub_appid(credentials::SWIFTPASS_APPID)?;
    Ok(Client::new(account, Terminal::new("013467007045764")?, https)?)
}
