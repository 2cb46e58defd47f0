//! Runs a simulator until Ctrl-C, or until stdin closes. Lines on stdin ask it about its ledger, or make things happen.

#![forbid(unsafe_code)]

use std::io::{self, BufRead};
use std::process::ExitCode;
use std::time::Duration;

use wxpay_simulator::{Behaviour, Customer, Fault, RefundStatus, Settings, SignType, Simulator, credentials};

const HELP: &str = "\
wxpay-simulator: five payment gateways on loopback

  --port N                 listen on 127.0.0.1:N (0: any)
  --fault amount=FEN:NAME  payments of that amount meet the fault (repeatable)
  --fault order=NUMBER:NAME
  --fault query=NUMBER:NAME
  --swiftpass-sign-type T  MD5, RSA_1_256 or RSA_1_1
  --bills-at-once          bills of a day are there at once, not from 9:00 of the next one
  --faults                 print the names of all faults
  --behaviours             print the names of all behaviours
  --help

Lines on stdin; each answer ends with a line that holds a dot:
  ledger                   every order: gateway, number, fen, how often money moved
  order NUMBER             one order: state, and how often it was paid, charged, reversed; fen refunded
  pay NUMBER               the customer pays an order, and the merchant is notified
  notification NUMBER      the notification of an order
  next NAME                the next payment meets the fault
  next-query NAME          the next query meets the fault
  next-reversal NAME       the next reversal meets the fault
  behave NAME              the next call that the behaviour is about meets it
  advance SECONDS          put the gateways' clock forward
  bill YYYYMMDD [TYPE]     the bill of a day: ALL, SUCCESS, REFUND or RECHARGE_REFUND
  fund-flow YYYYMMDD       the fund flow of a day
  refunds                  every refund: number, order, fen, state
  refund-elsewhere NUMBER FEN  another terminal refunds a part of an order
  end-refund NUMBER STATE  PROCESSING, SUCCESS, CHANGE, REFUNDCLOSE or FAIL; the merchant is notified

Payment codes, by their last two digits:
  01  is asked for the password, and pays after two questions
  02  is asked for the password, and pays when told so: pay NUMBER
  03  is asked for the password, and closes the dialog: PAYERROR
  04  does not answer: revoked after 45 s
  05  is asked for the password, and it is revoked after two questions
  06  shows another wallet's code
  07  shows another merchant's code
  08  shows an old code
  09  has not enough money
  10  has a card that is not supported
  other codes are WeChat's and pay at once, or Alipay's or UnionPay's and do not
Swiftpass takes all wallets: 10-15 WeChat, 25-30 Alipay, 62 UnionPay, 91 QQ, 18 JD, 51 Bestpay are the first digits.
Only WeChat's codes are revoked by themselves, and only a WeChat code is another wallet's by 06.
";

/// By the last two digits of the payment code; [`HELP`] has the table.
fn customer(auth_code: &str) -> Customer {
    match auth_code.get(auth_code.len().saturating_sub(2)..).unwrap_or_default() {
        "01" => Customer::AsksPassword { pays_after: Some(2) },
        "02" => Customer::AsksPassword { pays_after: None },
        "03" => Customer::Refuses,
        "04" => Customer::Silent,
        "05" => Customer::RevokedAfter(2),
        "06" => Customer::OtherWallet,
        "07" => Customer::OtherMerchant,
        "08" => Customer::Expired,
        "09" => Customer::NotEnough,
        "10" => Customer::CardNotSupported,
        _ => Customer::of_wechat(auth_code),
    }
}

type Plan = Vec<(String, String, Fault)>;

fn main() -> ExitCode {
    let (settings, plan) = match arguments(std::env::args().skip(1)) {
        Ok(Some(wanted)) => wanted,
        Ok(None) => return ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match run(settings, plan) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// `None`: there is nothing to run.
fn arguments(mut given: impl Iterator<Item = String>) -> Result<Option<(Settings, Plan)>, String> {
    let (mut settings, mut plan) = (Settings::default(), Plan::new());
    while let Some(option) = given.next() {
        let mut value = || given.next().ok_or(format!("{option} needs a value"));
        match option.as_str() {
            "--port" => {
                let port = value()?;
                settings.listen_port = port.parse().map_err(|_| format!("no port: {port}"))?;
            }
            "--swiftpass-sign-type" => {
                let name = value()?;
                let found = SignType::ALL.iter().find(|known| known.name() == name);
                settings.swiftpass_sign_type = *found.ok_or(format!("no sign type: {name}"))?;
            }
            "--bills-at-once" => settings.bills_at_once = true,
            "--fault" => plan.push(planned(&value()?)?),
            "--faults" => {
                Fault::ALL.iter().for_each(|fault| println!("{}", fault.name()));
                return Ok(None);
            }
            "--behaviours" => {
                Behaviour::ALL.iter().for_each(|behaviour| println!("{}", behaviour.name()));
                return Ok(None);
            }
            "--help" | "-h" => {
                print!("{HELP}");
                return Ok(None);
            }
            _ => return Err(format!("unknown option {option}")),
        }
    }
    Ok(Some((settings, plan)))
}

/// `amount=1201:SystemErrorAfterCommit` in three parts.
fn planned(text: &str) -> Result<(String, String, Fault), String> {
    let parts = text.split_once('=').and_then(|(kind, rest)| {
        let (value, fault) = rest.rsplit_once(':')?;
        Some((kind, value, fault))
    });
    let (kind, value, fault) = parts.ok_or_else(|| format!("not a fault: {text}"))?;
    let known = match kind {
        "amount" => value.parse::<u64>().is_ok(),
        "order" | "query" => true,
        _ => false,
    };
    match known {
        true => Ok((kind.to_owned(), value.to_owned(), fault.parse()?)),
        false => Err(format!("not a fault: {text}")),
    }
}

fn run(settings: Settings, plan: Plan) -> io::Result<()> {
    let simulator = Simulator::start_with(settings)?;
    for (kind, value, fault) in &plan {
        match (kind.as_str(), value.parse()) {
            ("amount", Ok(fen)) => simulator.fault_for_amount(fen, *fault),
            ("order", _) => simulator.fault_for_order(value, *fault),
            _ => simulator.fault_for_query(value, *fault),
        }
    }
    simulator.customers(customer);
    print_all(&simulator);
    // Ctrl-C ends the process at once and leaves the directory behind; a closed stdin does not.
    for line in io::stdin().lock().lines() {
        answer(&simulator, line?.trim());
        println!(".");
    }
    Ok(())
}

fn answer(simulator: &Simulator, line: &str) {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    match (word, rest.parse::<Fault>()) {
        ("ledger", _) => {
            for entry in simulator.ledger() {
                println!("{} {} {} {}", entry.gateway, entry.order_number, entry.amount, entry.paid);
            }
        }
        ("order", _) => print_order(simulator, rest),
        ("pay", _) => match simulator.pay_order(rest) {
            Ok(delivery) => println!("paid {rest}, answered {}", delivery.answer.as_deref().unwrap_or("nothing")),
            Err(error) => println!("not paid {rest}: {error}"),
        },
        ("notification", _) => println!("{}", simulator.notification(rest).unwrap_or_default()),
        ("next", Ok(fault)) => simulator.fault_next(fault),
        ("next-query", Ok(fault)) => simulator.fault_next_query(fault),
        ("next-reversal", Ok(fault)) => simulator.fault_next_reversal(fault),
        ("behave", _) => match rest.parse() {
            Ok(behaviour) => simulator.behave_next(behaviour),
            Err(error) => println!("{error}"),
        },
        ("advance", _) => match rest.parse() {
            Ok(seconds) => simulator.advance(Duration::from_secs(seconds)),
            Err(error) => println!("{rest}: {error}"),
        },
        ("bill", _) => {
            let (date, bill_type) = rest.split_once(' ').unwrap_or((rest, "ALL"));
            print_text(simulator.bill(date, bill_type));
        }
        ("fund-flow", _) => print_text(simulator.fund_flow(rest)),
        ("refund-elsewhere", _) => {
            let (number, fen) = rest.split_once(' ').unwrap_or((rest, ""));
            match simulator.refund_elsewhere(number, fen.parse().unwrap_or(0)) {
                Ok(refund) => println!("{refund}"),
                Err(error) => println!("{error}"),
            }
        }
        ("refunds", _) => {
            for refund in simulator.refunds() {
                let status = refund.status.name();
                println!("{} {} {} {status}", refund.refund_number, refund.order_number, refund.amount);
            }
        }
        ("end-refund", _) => end_refund(simulator, rest),
        _ => println!("what? {line}"),
    }
}

/// A bill as it is, or that there is none.
fn print_text(bill: Option<String>) {
    print!("{}", bill.unwrap_or_else(|| "no bill\n".to_owned()));
}

fn print_order(simulator: &Simulator, number: &str) {
    match simulator.entry(number) {
        Some(entry) => {
            let [paid, charges, reversed] = [entry.paid, entry.charges, entry.reversed];
            println!("{} paid {paid} charged {charges} reversed {reversed} refunded {}", entry.state, entry.refunded);
        }
        None => println!("no order {number}"),
    }
}

fn end_refund(simulator: &Simulator, rest: &str) {
    let (number, word) = rest.split_once(' ').unwrap_or((rest, ""));
    let Some(status) = RefundStatus::ALL.iter().find(|status| status.name() == word) else {
        return println!("no state {word}");
    };
    match simulator.end_refund(number, *status) {
        Ok(delivery) => println!("{word} {number}, answered {}", delivery.answer.as_deref().unwrap_or("nothing")),
        Err(error) => println!("{error}"),
    }
}

fn print_all(simulator: &Simulator) {
    let files = simulator.files();
    let line = |name: &str, value: &str| println!("{name:<22} {value}");
    line("listening on", &simulator.base_url());
    line("certificates in", &files.directory.display().to_string());
    line("CA", &files.ca_pem.display().to_string());
    line("client certificate", &files.p12_rc2.display().to_string());
    line("its password", credentials::MCH_ID);
    println!("\nWeChat Pay's own gateway, red packets and WeCom");
    line("  mch_id", credentials::MCH_ID);
    line("  wxappid, appid", credentials::APPID);
    line("  key", credentials::KEY);
    line("  WeCom secret", credentials::WORKWX_SECRET);
    println!("\nSwiftpass");
    line("  mch_id", credentials::SWIFTPASS_MCH_ID);
    line("  key", credentials::SWIFTPASS_KEY);
    line("  merchant's key, RSA", &files.swiftpass_merchant_key_pem.display().to_string());
    line("  public key, RSA", &files.swiftpass_public_key_pem.display().to_string());
    println!("\nweb gateway");
    line("  partner_id", credentials::PARTNER_ID);
    line("  key", credentials::PARTNER_KEY);
    line("  public key", &files.webgate_public_key_pem.display().to_string());
    println!("\nCtrl-C ends it.");
}
