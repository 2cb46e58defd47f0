//! Does this terminal work? Before the first customer, without moving money. Exit code 1 when it does not.
//!
//! `cargo run --example check_terminal` asks the simulator. On a terminal:
//!
//! ```text
//! check_terminal https://api.mch.weixin.qq.com MCH_ID APPID KEY_FILE P12_FILE
//! ```
//!
//! The key is read from a file, so that it stands in no shell history and no process list.

use std::error::Error;
use std::process::ExitCode;

use wxpay_simulator::{Simulator, credentials};
use wxpay_terminal::{Client, Https, Identity, RedpackAccount, Secret, Terminal};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const USAGE: &str = "check_terminal [HOST MCH_ID APPID KEY_FILE P12_FILE]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let checked = match arguments.as_slice() {
        [] => check_simulator(),
        [host, mch_id, appid, key_file, p12_file] => check(host, mch_id, appid, key_file, p12_file),
        _ => {
            eprintln!("usage: {USAGE}");
            return ExitCode::from(2);
        }
    };
    match checked {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        // A setting is wrong, so nothing could be asked: a key of the wrong length, a wrong password of the .p12 file.
        Err(error) => {
            eprintln!("BAD     {error}");
            ExitCode::FAILURE
        }
    }
}

/// The real gateway. `check` asks about an order number that does not exist: the answer "not found" proves clock, DNS,
/// route, TLS, certificate, merchant number and key.
fn check(host: &str, mch_id: &str, appid: &str, key_file: &str, p12_file: &str) -> Result<bool> {
    let account = RedpackAccount::new(mch_id, appid, read_key(key_file)?)?.hosts(&[host])?;
    let identity = Identity::from_pkcs12(&std::fs::read(p12_file)?, mch_id)?;
    // A board without a CA store brings its own roots: `.only_roots(&std::fs::read("roots.pem")?)?`.
    let https = Https::builder().identity(identity).build()?;
    report(&Client::new(account, Terminal::unnamed(), https)?)
}

/// The same against the simulator, whose CA no system knows.
fn check_simulator() -> Result<bool> {
    let simulator = Simulator::start()?;
    let key = Secret::from(credentials::KEY);
    let account = RedpackAccount::new(credentials::MCH_ID, credentials::APPID, key)?.hosts(&[&simulator.base_url()])?;
    let identity = Identity::from_pkcs12(&std::fs::read(&simulator.files().p12_aes)?, credentials::MCH_ID)?;
    let roots = std::fs::read(&simulator.files().ca_pem)?;
    let https = Https::builder().identity(identity).only_roots(&roots)?.build()?;
    let good = report(&Client::new(account, Terminal::unnamed(), https)?)?;
    // It moved nothing.
    Ok(good && simulator.ledger().is_empty())
}

/// One line a step, in English and Chinese. `step.part` and `step.verdict` are there for a screen of your own.
fn report(client: &Client<RedpackAccount>) -> Result<bool> {
    let report = client.check();
    print!("{report}");
    Ok(report.is_good())
}

/// The key without the line break that an editor puts behind it.
fn read_key(file: &str) -> Result<Secret> {
    let mut bytes = std::fs::read(file)?;
    while bytes.last().is_some_and(u8::is_ascii_whitespace) {
        bytes.pop();
    }
    Ok(Secret::new(bytes))
}
