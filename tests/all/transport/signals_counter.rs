//! A counter under signals: sales by payment code, reversals and refunds come to the same end as without them, in the calls' outcomes
//! and in the gateway's ledger.
//!
//! As `signals.rs`: a process of its own, over TLS, with its journal on a file. The till's waits are real sleeps, a hundred times as short.

use std::process::{Command, Stdio};
use std::time::Duration;

use wxpay_simulator::{Settings, SignType as MerchantSigns, Simulator, this_program};
use wxpay_terminal::*;

use crate::support::size;
use crate::support::unified_https::AtCounter;
use crate::till::crash_counter_till::customer_of;
use crate::till::crash_till::Place;
use crate::transport::signals::shim;

/// Of each process.
fn rounds() -> u32 {
    size("WXPAY_SALES", 2, 12) as u32
}

/// The code's third digit says who shows it: [`customer_of`].
const TYPES: u32 = 1;
const CLOSES: u32 = 2;
const IS_SILENT: u32 = 3;

/// What it came to, and the number of what was paid.
fn scan<C: AtCounter>(till: &Till, intent: &str, customer: u32, options: &Options<'_>) -> (String, Option<String>) {
    let serial: u32 = intent.bytes().fold(0, |sum, byte| sum * 31 % 999_983 + u32::from(byte));
    let code = C::code(&format!("{customer}{serial:015}"));
    let outcome = till.pay_with(intent, &C::sale(&code), options);
    let words = told(&outcome);
    match outcome {
        Ok(Outcome::Accepted(receipt)) => (words, Some(receipt.order_number)),
        _ => (words, None),
    }
}

/// How the merchant of the Swiftpass-type gateway signs.
const SIGNS: MerchantSigns = MerchantSigns::Rsa256;

/// What a call said, without its number.
fn told<T>(outcome: &Result<Outcome<T>, Error>) -> String {
    match outcome {
        Ok(Outcome::Accepted(_)) => "accepted".into(),
        Ok(Outcome::Taken(_)) => "taken".into(),
        Ok(Outcome::Declined(refusal)) => format!("declined {}", refusal.code),
        Ok(Outcome::Unknown(doubt)) => format!("unknown {:?}", doubt.reason),
        Ok(_) => "another".into(),
        Err(error) => error.to_string(),
    }
}

/// Not a test of its own: a customer who types the password, one who closes the dialog, a silent one whose payment is taken back by its
/// number, and a refund.
#[test]
fn sales() {
    if std::env::var_os("WXPAY_SIGNALS").is_none() {
        return;
    }
    match std::env::var("WXPAY_GATEWAY").as_deref() {
        Ok("wxpay") => sell::<WxpayAccount>(),
        _ => sell::<SwiftpassAccount>(),
    }
}

fn sell<C: AtCounter>() {
    let place = Place::told();
    let till = place.till(&place.https(), None, 0, 90);
    for round in 0..rounds() {
        let sold = scan::<C>(&till, &format!("typed {round}"), TYPES, &Options::new());
        println!("\nCAME typed: {}", sold.0);
        println!("CAME closed: {}", scan::<C>(&till, &format!("closed {round}"), CLOSES, &Options::new()).0);
        let (intent, at_once) = (format!("reversed {round}"), Options::new().patience(Duration::ZERO));
        let open = scan::<C>(&till, &intent, IS_SILENT, &at_once);
        let number = till.entries_of(&intent).unwrap().pop().unwrap().entry.order_number;
        println!("CAME reversed: {}, then {}", open.0, told(&till.reverse(&number)));
        let Some(number) = sold.1 else { continue };
        let back = till.refund(&format!("return {round}"), &C::part(&number, 888));
        println!("CAME back: {}", told(&back));
    }
}

/// What a process was told, and what the gateway has.
fn came<C: AtCounter>(gateway: &str, signals: Option<&str>) -> (Vec<String>, Vec<String>) {
    let settings = Settings { swiftpass_sign_type: SIGNS, ..Settings::default() };
    let simulator = Simulator::start_with(settings).unwrap();
    simulator.customers(customer_of);
    let mut command = this_program();
    // Of one thread, which is the main one: the timer strikes it.
    command.args(["transport::signals_counter::sales", "--exact", "--nocapture", "--test-threads=1"]);
    command.env("WXPAY_SIGNALS", "1").env("WXPAY_GATEWAY", gateway).stdin(Stdio::null());
    let journal = simulator.files().directory.join("journal.db");
    Place::new(&simulator, 7, journal).signing(SIGNS).tell(&mut command);
    if let Some(how) = signals {
        command.env("LD_PRELOAD", shim().unwrap()).env("SIGNALS", how);
    }
    let said = said(command);
    let orders = simulator.ledger().into_iter().map(|order| {
        format!("{} charged {} reversed {} refunded {}", order.state, order.charges, order.reversed, order.refunded)
    });
    let refunds = simulator.refunds().into_iter().map(|refund| format!("{} {:?}", refund.amount, refund.status));
    (said, orders.chain(refunds).collect())
}

fn said(mut command: Command) -> Vec<String> {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().filter_map(|line| line.strip_prefix("CAME ")).map(String::from).collect()
}

#[test]
fn a_counter_under_a_timer_comes_to_the_same_ends() {
    comes_to_the_same_ends::<WxpayAccount>("wxpay");
}

/// Alipay codes, and RSA.
#[test]
fn a_counter_behind_an_acquirer_under_a_timer_comes_to_the_same_ends() {
    comes_to_the_same_ends::<SwiftpassAccount>("swiftpass");
}

fn comes_to_the_same_ends<C: AtCounter>(gateway: &str) {
    if shim().is_none() {
        return;
    }
    let (quiet, struck) = std::thread::scope(|scope| {
        let struck = ["timer", "plain", "restart"].map(|how| scope.spawn(move || came::<C>(gateway, Some(how))));
        (came::<C>(gateway, None), struck.map(|one| one.join().unwrap()))
    });
    let round = [
        "typed: accepted".to_string(),
        format!("closed: declined {}", C::REVERSED),
        format!("reversed: unknown OpenCode, then declined {}", C::REVERSED),
        "back: taken".to_string(),
    ];
    let all = rounds() as usize;
    assert_eq!(quiet.0, (0..all).flat_map(|_| round.clone()).collect::<Vec<_>>());
    let full = |line: &&String| line.starts_with("REFUND charged 1 reversed 0 refunded 888");
    assert_eq!((quiet.1.len(), quiet.1.iter().filter(full).count()), (4 * all, all));
    for struck in struck {
        assert_eq!(struck, quiet);
    }
    println!("under signals: {} calls told the same, and the ledger has the same", 3 * quiet.0.len());
}
