//! A counter under signals: sales by payment code, reversals and refunds come to the same end as without them, in the calls' outcomes
//! and in the gateway's ledger.
//!
//! As `signals.rs`: a process of its own, over TLS, with its journal on a file. The till's waits are real sleeps, a hundred times as short.

use std::process::{Command, Stdio};
use std::time::Duration;

use wxpay_simulator::{Simulator, this_program};
use wxpay_terminal::*;

use crate::support::{fen, size};
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

fn scan(till: &Till, intent: &str, customer: u32, options: &Options<'_>) -> Result<Outcome<Receipt<MicroPaid>>, Error> {
    let serial: u32 = intent.bytes().fold(0, |sum, byte| sum * 31 % 999_983 + u32::from(byte));
    let auth_code = format!("13{customer}{serial:015}");
    let request = MicroPay {
        auth_code: &auth_code,
        body: intent,
        total_fee: fen(888),
        spbill_create_ip: "8.8.8.8",
        ..MicroPay::default()
    };
    till.pay_with(intent, &request, options)
}

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
    let place = Place::told();
    let till = place.till(&place.https(), None, 0, 90);
    for round in 0..rounds() {
        let sold = scan(&till, &format!("typed {round}"), TYPES, &Options::new());
        println!("\nCAME typed: {}", told(&sold));
        println!("CAME closed: {}", told(&scan(&till, &format!("closed {round}"), CLOSES, &Options::new())));
        let (intent, at_once) = (format!("reversed {round}"), Options::new().patience(Duration::ZERO));
        let open = scan(&till, &intent, IS_SILENT, &at_once);
        let number = till.entries_of(&intent).unwrap().pop().unwrap().entry.order_number;
        println!("CAME reversed: {}, then {}", told(&open), told(&till.reverse(&number)));
        let Ok(Outcome::Accepted(receipt)) = sold else { continue };
        let request = Refund::new(RefundOf::OutTradeNo(&receipt.order_number), fen(888), fen(888));
        println!("CAME back: {}", told(&till.refund(&format!("return {round}"), &request)));
    }
}

/// What a process was told, and what the gateway has.
fn came(signals: Option<&str>) -> (Vec<String>, Vec<String>) {
    let simulator = Simulator::start().unwrap();
    simulator.customers(customer_of);
    let mut command = this_program();
    // Of one thread, which is the main one: the timer strikes it.
    command.args(["transport::signals_counter::sales", "--exact", "--nocapture", "--test-threads=1"]);
    command.env("WXPAY_SIGNALS", "1").stdin(Stdio::null());
    Place::new(&simulator, 7, simulator.files().directory.join("journal.db")).tell(&mut command);
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
    if shim().is_none() {
        return;
    }
    let (quiet, struck) = std::thread::scope(|scope| {
        let struck = ["timer", "plain", "restart"].map(|how| scope.spawn(move || came(Some(how))));
        (came(None), struck.map(|one| one.join().unwrap()))
    });
    let round = [
        "typed: accepted",
        "closed: declined REVOKED",
        "reversed: unknown OpenCode, then declined REVOKED",
        "back: taken",
    ];
    let all = rounds() as usize;
    assert_eq!(quiet.0, (0..all).flat_map(|_| round).collect::<Vec<_>>());
    let full = |line: &&String| line.starts_with("REFUND charged 1 reversed 0 refunded 888");
    assert_eq!((quiet.1.len(), quiet.1.iter().filter(full).count()), (4 * all, all));
    for struck in struck {
        assert_eq!(struck, quiet);
    }
    println!("under signals: {} calls told the same, and the ledger has the same", 3 * quiet.0.len());
}
