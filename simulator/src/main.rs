//! Runs a simulator until Ctrl-C, or until stdin closes. Lines on stdin ask it about its ledger, or make things happen.

#![forbid(unsafe_code)]

use std::fs;
use std::io::{self, BufRead};
use std::process::ExitCode;
use std::sync::Arc;

use wxpay_simulator::{
    Behaviour, COMMANDS, Console, Customer, Fault, Habit, Settings, SignType, Simulator, credentials,
};

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
  --customers              print the names of what a customer with the phone may do
  --no-console             no console in the browser
  --console-port N         the console listens on 127.0.0.1:N
  --help

Lines on stdin, and in the console; each answer on stdin ends with a line that holds a dot:
";

/// Who stands behind a code that the phone did not show.
const CODES: &str = "
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

/// By the last two digits of the payment code; [`CODES`] has the table.
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

/// What the command line asks for.
#[derive(Default)]
struct Wanted {
    settings: Settings,
    /// As the command `fault` has them.
    faults: Vec<String>,
    no_console: bool,
    console_port: u16,
}

fn main() -> ExitCode {
    let wanted = match arguments(std::env::args().skip(1)) {
        Ok(Some(wanted)) => wanted,
        Ok(None) => return ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}\n\n{HELP}{COMMANDS}{CODES}");
            return ExitCode::from(2);
        }
    };
    match run(wanted) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// `None`: there is nothing to run.
fn arguments(mut given: impl Iterator<Item = String>) -> Result<Option<Wanted>, String> {
    let mut wanted = Wanted::default();
    // As real gateways do: a terminal that was switched off learns from it how old a payment is.
    wanted.settings.replies_dated = true;
    while let Some(option) = given.next() {
        let mut value = || given.next().ok_or(format!("{option} needs a value"));
        match option.as_str() {
            "--port" => wanted.settings.listen_port = port(&value()?)?,
            "--console-port" => wanted.console_port = port(&value()?)?,
            "--no-console" => wanted.no_console = true,
            "--swiftpass-sign-type" => {
                let name = value()?;
                let found = SignType::ALL.iter().find(|known| known.name() == name);
                wanted.settings.swiftpass_sign_type = *found.ok_or(format!("no sign type: {name}"))?;
            }
            "--bills-at-once" => wanted.settings.bills_at_once = true,
            "--fault" => wanted.faults.push(value()?),
            "--faults" => return printed(Fault::ALL.iter().map(Fault::name)),
            "--behaviours" => return printed(Behaviour::ALL.iter().map(|behaviour| behaviour.name())),
            "--customers" => return printed(Habit::ALL.iter().map(|(name, _)| *name)),
            "--help" | "-h" => return printed([HELP, COMMANDS, CODES].concat().lines()),
            _ => return Err(format!("unknown option {option}")),
        }
    }
    Ok(Some(wanted))
}

fn port(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| format!("no port: {text}"))
}

fn printed<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Option<Wanted>, String> {
    lines.for_each(|line| println!("{line}"));
    Ok(None)
}

fn run(wanted: Wanted) -> io::Result<()> {
    let simulator = Arc::new(Simulator::start_with(wanted.settings)?);
    for fault in &wanted.faults {
        simulator.plan(fault).map_err(io::Error::other)?;
    }
    simulator.customers(customer);
    let console = match wanted.no_console {
        true => None,
        false => Some(Console::open(simulator.clone(), wanted.console_port)?),
    };
    let url = console.as_ref().map(Console::url);
    write_address(&simulator, url)?;
    print_all(&simulator, url);
    // Ctrl-C ends the process at once and leaves the directory behind; a closed stdin does not.
    for line in io::stdin().lock().lines() {
        print!("{}", simulator.obey(&line?));
        println!(".");
    }
    Ok(())
}

/// Where another program of this user finds it: in the folder, which no other user can read.
fn write_address(simulator: &Simulator, console: Option<&str>) -> io::Result<()> {
    let path = simulator.files().directory.join("address");
    fs::write(path, format!("{}\n{}\n", simulator.base_url(), console.unwrap_or_default()))
}

fn print_all(simulator: &Simulator, console: Option<&str>) {
    let files = simulator.files();
    let line = |name: &str, value: &str| println!("{name:<22} {value}");
    line("listening on", &simulator.base_url());
    if let Some(url) = console {
        line("console", url);
    }
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
