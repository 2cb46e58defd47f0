//! Sends one red packet, and finds out what became of it when the answer is lost.
//!
//! `cargo run --example send_redpack`. The simulator plays the gateway; here it pays and then says nothing.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use wxpay_simulator::{Fault, Simulator, credentials};
use wxpay_terminal::{
    Answer, Client, Fen, GetHbInfo, HbStatus, Https, Identity, Next, Outcome, RedpackAccount, Refusal, Secret,
    SendRedPack, Terminal,
};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let simulator = Simulator::start()?;
    let client = client(&simulator)?;

    // The order number is the payment. Make it once and store it BEFORE `send`: after a power cut it is all that is left.
    let number = "1900000109202611210000000001";
    // Only in this example: the money moves, the answer is lost.
    simulator.fault_for_order(number, Fault::SilenceAfterCommit);

    let request = SendRedPack {
        mch_billno: number,
        send_name: "天虹百货",
        re_openid: "onqOjjmM1tad-3ROpncN-yUfa6uI",
        total_amount: Fen::new(200)?,
        wishing: "恭喜发财",
        client_ip: "192.168.0.1",
        act_name: "新年红包",
        remark: "新年红包",
        ..SendRedPack::default()
    };
    let mut prepared = client.prepare(&request)?;
    // An `Err` from `send` means that not one byte was sent, so `?` loses no payment.
    let issued = match client.send(&mut prepared)? {
        Outcome::Accepted(sent) => {
            println!("issued: {}", sent.send_listid);
            true
        }
        Outcome::Declined(refusal) => {
            println!("not issued: {refusal}. {}", what_next(&refusal));
            false
        }
        // Neither paid nor not paid. Never a new order number now: ask under this one.
        Outcome::Unknown(doubt) => {
            println!("not known: {doubt}");
            ask(&client, number, request.total_amount)
        }
        // Of orders that a customer pays only.
        Outcome::Ordered(_) | Outcome::Taken(_) | Outcome::PaidLate(_) => false,
    };
    let paid_once = simulator.entry(number).is_some_and(|entry| entry.paid == 1);
    Ok(if issued && paid_once { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// True when the red packet was issued. A real terminal asks again later for as long as nothing final is said.
fn ask(client: &Client<RedpackAccount>, number: &str, sent: Fen) -> bool {
    let said = match client.ask(&GetHbInfo { mch_billno: number }) {
        Ok(Answer::Known(info)) if info.total_amount.is_some_and(|amount| amount != sent) => {
            "another amount under this number: a person must look"
        }
        Ok(Answer::Known(info)) => match info.status {
            // The last two: nobody claimed it within 24 h, and the money comes back. It was issued all the same.
            HbStatus::Sent | HbStatus::Received | HbStatus::RfundIng | HbStatus::Refund => {
                println!("gethbinfo: issued");
                return true;
            }
            HbStatus::Failed => "not issued: a new order number is allowed",
            // SENDING, and what a later version of the document may add.
            _ => "not final: ask again in some minutes",
        },
        // The order may be younger than the gateway's records. This is no refusal.
        Ok(Answer::NotKnown { .. }) => "not known there yet: ask again, for 20 minutes and more",
        Ok(Answer::NoAnswer(_)) | Err(_) => "no answer: ask again",
    };
    println!("gethbinfo: {said}");
    false
}

/// What the documents allow after a refusal.
fn what_next(refusal: &Refusal) -> String {
    match refusal.next {
        Next::SameNumber => "Mend the cause, then the same order number again.".into(),
        Next::SameNumberLater(wait) => format!("The same order number again, after {} s.", wait.as_secs()),
        Next::NewNumber => "This number is finished. A new one is allowed.".into(),
        Next::Stop => "Do not try again. A person must look.".into(),
    }
}

/// On a real terminal: your `apiclient_cert.p12`, your numbers and key, no `only_roots` where the system has a CA
/// store, no `hosts` (the default is WeChat Pay's two), and no `within` (the default is 30 s).
fn client(simulator: &Simulator) -> Result<Client<RedpackAccount>, Box<dyn Error>> {
    let p12 = std::fs::read(&simulator.files().p12_aes)?;
    let roots = std::fs::read(&simulator.files().ca_pem)?;
    let identity = Identity::from_pkcs12(&p12, credentials::MCH_ID)?;
    let https = Https::builder().identity(identity).only_roots(&roots)?.build()?;
    let account = RedpackAccount::new(credentials::MCH_ID, credentials::APPID, Secret::from(credentials::KEY))?
        .hosts(&[&simulator.base_url()])?;
    Ok(Client::new(account, Terminal::unnamed(), https)?.within(Duration::from_secs(2))?)
}
