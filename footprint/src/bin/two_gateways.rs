//! A firmware that sells by payment code and sends red packets, and nothing of the other gateways: what it does not use must not be in
//! it. Its size is measured, and it runs: `two_gateways URL P12 ROOTS`, with what the simulator prints.
//!
//! With the feature `journal` both go through a till.

use std::error::Error;
use std::sync::Arc;

use wxpay_terminal::*;

#[path = "../requests.rs"]
mod requests;

use requests::{red_packet, scanned};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The simulator's.
const MCH_ID: &str = "1900000109";
const APPID: &str = "wx8888888888888888";
const KEY: &str = "0123456789abcdef0123456789ABCDEF";

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().ok_or("two_gateways URL P12 ROOTS");
    let (url, p12, roots) = (next()?, next()?, next()?);
    let identity = Identity::from_pkcs12(&std::fs::read(p12)?, MCH_ID)?;
    let https = Arc::new(Https::builder().identity(identity).only_roots(&std::fs::read(roots)?)?.build()?);
    let terminal = Terminal::new("013467007045764")?;
    let key = || Secret::from(KEY);
    let redpack = RedpackAccount::new(MCH_ID, APPID, key())?.hosts(&[&url])?;
    let redpack = Client::new(redpack, terminal.clone(), https.clone())?;
    let wxpay = WxpayAccount::new(MCH_ID, APPID, key())?.hosts(&[&url])?;
    let wxpay = Client::new(wxpay, terminal, https)?;
    println!("{}\n{}", redpack.check(), wxpay.check());
    pay(redpack, wxpay)
}

/// Tells what happened, as a terminal's log does.
fn tell<T>(outcome: Outcome<T>) -> Result<T> {
    match outcome {
        Outcome::Accepted(reply) | Outcome::PaidLate(reply) | Outcome::Taken(reply) | Outcome::Ordered(reply) => {
            println!("accepted");
            Ok(reply)
        }
        Outcome::Declined(refusal) => Err(refusal.to_string().into()),
        Outcome::Unknown(doubt) => Err(doubt.to_string().into()),
    }
}

#[cfg(not(feature = "journal"))]
fn pay(redpack: Client<RedpackAccount>, wxpay: Client<WxpayAccount>) -> Result<()> {
    // A number and a code are good for once, and this program runs again against one simulator.
    let seconds = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    let (packet, sale, code) =
        (format!("0010010404{seconds:018}"), format!("W{seconds:014}"), format!("13{seconds:014}00"));
    let sent = tell(redpack.send(&mut redpack.prepare(&red_packet(&packet)?)?)?)?;
    println!("{}", sent.send_listid);
    tell(wxpay.send(&mut wxpay.prepare(&scanned(&sale, &code)?)?)?)?;
    Ok(())
}

#[cfg(feature = "journal")]
fn pay(redpack: Client<RedpackAccount>, wxpay: Client<WxpayAccount>) -> Result<()> {
    let journal = SqliteJournal::open(std::path::Path::new("two.db"), 7, None, &SystemRandom)?;
    let till = Till::open(journal).with(redpack).with(wxpay);
    for left in till.recover(std::time::Duration::from_secs(10))? {
        println!("{left:?}");
    }
    till.acknowledge(tell(till.pay("prize 1", &red_packet("")?)?)?.entry)?;
    till.acknowledge(tell(till.pay("sale 1", &scanned("", "130000000000000000")?)?)?.entry)?;
    Ok(())
}
