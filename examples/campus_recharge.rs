//! Charges a campus card; the answer is lost; the same call again settles it.
//!
//! `cargo run --example campus_recharge`. The simulator plays the gateway. It has no query: the repeat under the same
//! number is the only documented way, and only while the operator allows it.

use std::error::Error;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use wxpay_simulator::{Fault, Simulator, credentials};
use wxpay_terminal::{
    Client, Fen, Https, Outcome, PublicKey, RsaDigest, RsaReply, Secret, Terminal, WebgateAccount, WxCharge,
};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let simulator = Simulator::start()?;
    let client = client(&simulator)?;
    // Only in this example: the gateway takes the first call and closes the connection without a word.
    simulator.fault_next(Fault::CloseAfterCommit);

    // Made once, stored before `send`.
    let number = "2026112115020100000001";
    let mut prepared = client.prepare(&WxCharge {
        openid: "2010021010",
        netid: "210",
        out_trade_no: number,
        amount: Fen::new(20_000)?,
        remark: Some("校园卡充值"),
    })?;

    let mut taken = false;
    for attempt in 1..=3 {
        // The same `Prepared`: the same number and fields, with a new timestamp and signature. After a restart of the
        // program there is none; make one with `client.prepare_repeat`, never with `prepare`.
        //
        // `?` loses nothing: once an attempt may have left, `send` returns no `Err` any more.
        match client.send(&mut prepared)? {
            Outcome::Accepted(charged) => {
                let names = if charged.names_order { "names this order" } else { "names no order" };
                println!("attempt {attempt}: taken; the reply {names}");
                taken = true;
                break;
            }
            // Only a first attempt can be declined: no money moved.
            Outcome::Declined(refusal) => {
                println!("attempt {attempt}: refused: {refusal}; next: {:?}", refusal.next);
                break;
            }
            // A refused repeat is here too. It may mean "already paid", so it proves nothing.
            Outcome::Unknown(doubt) => println!("attempt {attempt}: not known: {doubt}"),
            // Of orders that a customer pays only.
            Outcome::Ordered(_) | Outcome::Taken(_) | Outcome::PaidLate(_) => break,
        }
        // At least 1 s between two attempts of one number.
        sleep(Duration::from_secs(1));
    }
    if !taken && prepared.is_marked() {
        println!("still not known: a person must look at the card system's record of {number}");
    }
    let entry = simulator.entry(number);
    println!("the simulator's ledger: {entry:?}");
    let once = entry.is_some_and(|entry| entry.paid == 1 && entry.attempts == 2);
    Ok(if taken && once { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// On a real terminal: your operator's host, your numbers, key and public key, no `only_roots` where the system has a
/// CA store.
fn client(simulator: &Simulator) -> Result<Client<WebgateAccount>, Box<dyn Error>> {
    // The operator hands over the RSA public key offline: PEM, DER, or bare base64 as it comes in a mail.
    let file = std::fs::read(&simulator.files().webgate_public_key_base64)?;
    let public_key = PublicKey::read(&file)?;
    println!("{public_key:?}");
    // Which string the gateway signs is not in the public document. `RsaReply` assumes the sorted `k=v&`. Where your
    // operator says otherwise, implement `ReplyRule`.
    let rule = RsaReply::new(public_key, RsaDigest::Sha1);
    let key = Secret::from(credentials::PARTNER_KEY);
    let account = WebgateAccount::new(&simulator.base_url(), credentials::PARTNER_ID, key, rule)?;
    let https = Https::builder().only_roots(&std::fs::read(&simulator.files().ca_pem)?)?.build()?;
    Ok(Client::new(account, Terminal::unnamed(), https)?)
}
