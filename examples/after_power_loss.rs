//! The power goes while a red packet is on its way, and the terminal finds out what became of it.
//!
//! `cargo run --features sqlite --example after_power_loss`. The simulator plays the gateway. The terminal is a process
//! of its own, this program again, and it is killed twice: when the payment is recorded and not sent, and when it is
//! sent and its answer not read.

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitCode, Stdio};
use std::time::{Duration, Instant};

use wxpay_simulator::{Fault, Simulator, credentials, this_program};
use wxpay_terminal::{
    Client, Evidence, Fen, Https, Identity, Next, Outcome, Post, Receipt, Received, RedPackSent, RedpackAccount,
    Secret, SendRedPack, SqliteJournal, SystemRandom, Terminal, Till, Transport,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Every terminal of a merchant has another one.
const TERMINAL_NUMBER: u16 = 7;

fn main() -> Result<ExitCode> {
    if let Ok(intent) = std::env::var("AFTER_POWER_LOSS_INTENT") {
        return terminal(&intent);
    }
    let simulator = Simulator::start()?;
    let place = Place::of(&simulator);

    println!("1. The power goes when the payment is recorded and not sent.");
    let mut child = start(&place, "prize 1", "before sending")?;
    let said = BufReader::new(child.stdout.take().ok_or("no output")?).lines().next();
    println!("   terminal: {}", said.ok_or("the terminal ended early")??);
    cut_power(child)?;
    println!("   ledger: {} payments", paid(&simulator));

    println!("2. The power goes when the payment is sent and its answer not read.");
    simulator.fault_next(Fault::SilenceAfterCommit);
    let child = start(&place, "prize 2", "")?;
    wait_for_payment(&simulator)?;
    cut_power(child)?;
    println!("   ledger: {} payments, and the terminal does not know", paid(&simulator));

    println!("3. The power is back. The application asks for the same prizes again.");
    // `open` fails with `Busy` while another process has the journal, so two tills never pay from one.
    let till = place.till(place.https()?)?;
    let both = [settle(&till, "prize 1")?, settle(&till, "prize 2")?];
    let left = till.recover(Duration::from_secs(10))?;
    println!("   recover: {} entries are left to look at", left.len());

    let ledger = simulator.ledger();
    for entry in &ledger {
        println!("   ledger: {} paid {} times", entry.order_number, entry.paid);
    }
    let once = ledger.len() == 2 && ledger.iter().all(|entry| entry.paid == 1);
    Ok(if both == [true, true] && once && left.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What an application does with an intent, at any time. True when the prize was paid.
///
/// The intent is its own name for what is paid. The same one is never paid twice, however often it is asked for.
fn settle(till: &Till, intent: &str) -> Result<bool> {
    // An `Err` says that nothing was ever sent for this intent.
    match till.pay(intent, &request())? {
        Outcome::Accepted(receipt) => {
            println!("   {intent}: {} is paid, {}", receipt.order_number, proof(&receipt));
            // Here the door opens, or the ticket is printed. Then:
            till.acknowledge(receipt.entry)?;
            Ok(true)
        }
        Outcome::Declined(refusal) if refusal.next == Next::Stop => {
            Err(format!("a person must look: {refusal}").into())
        }
        Outcome::Declined(refusal) => {
            println!("   {intent}: not paid: {refusal}");
            Ok(false)
        }
        // Ask again later with the same intent: neither paid nor not paid.
        Outcome::Unknown(doubt) => {
            println!("   {intent}: not known yet: {doubt}");
            Ok(false)
        }
        // Of orders that a customer pays only.
        Outcome::Ordered(_) | Outcome::Taken(_) | Outcome::PaidLate(_) => Ok(false),
    }
}

fn proof(receipt: &Receipt<RedPackSent>) -> &'static str {
    match receipt.evidence {
        Evidence::Reply(_) => "as the reply to the payment says",
        Evidence::Queried(_) => "as the gateway's query says: it was not sent again",
        _ => "as the journal says",
    }
}

fn request() -> SendRedPack<'static> {
    SendRedPack {
        // The till makes the order number.
        mch_billno: "",
        send_name: "天虹百货",
        re_openid: "onqOjjmM1tad-3ROpncN-yUfa6uI",
        total_amount: Fen::new(200).unwrap_or_default(),
        wishing: "恭喜发财",
        client_ip: "192.168.0.1",
        act_name: "新年红包",
        remark: "新年红包",
        ..SendRedPack::default()
    }
}

/// Where the gateway and the journal are.
struct Place {
    url: String,
    roots: PathBuf,
    p12: PathBuf,
    journal: PathBuf,
}

impl Place {
    fn of(simulator: &Simulator) -> Place {
        let files = simulator.files();
        let journal = files.directory.join("journal.db");
        Place { url: simulator.base_url(), roots: files.ca_pem.clone(), p12: files.p12_aes.clone(), journal }
    }

    fn from_environment() -> Result<Place> {
        let path = |name| std::env::var(name).map(PathBuf::from);
        Ok(Place {
            url: std::env::var("AFTER_POWER_LOSS_URL")?,
            roots: path("AFTER_POWER_LOSS_ROOTS")?,
            p12: path("AFTER_POWER_LOSS_P12")?,
            journal: path("AFTER_POWER_LOSS_JOURNAL")?,
        })
    }

    fn https(&self) -> Result<Https> {
        let identity = Identity::from_pkcs12(&std::fs::read(&self.p12)?, credentials::MCH_ID)?;
        Ok(Https::builder().identity(identity).only_roots(&std::fs::read(&self.roots)?)?.build()?)
    }

    fn till(&self, transport: impl Transport + 'static) -> Result<Till> {
        let account = RedpackAccount::new(credentials::MCH_ID, credentials::APPID, Secret::from(credentials::KEY))?
            .hosts(&[&self.url])?;
        let client = Client::new(account, Terminal::unnamed(), transport)?;
        let journal = SqliteJournal::open(&self.journal, TERMINAL_NUMBER, None, &SystemRandom)?;
        Ok(Till::open(journal).with(client))
    }
}

// -- the terminal that loses power -----------------------------------------------------------------------------------

/// The child: it opens the till and pays.
fn terminal(intent: &str) -> Result<ExitCode> {
    let place = Place::from_environment()?;
    let stop = std::env::var("AFTER_POWER_LOSS_STOP")?;
    let till = if stop.is_empty() { place.till(place.https()?)? } else { place.till(BeforeSending)? };
    settle(&till, intent)?;
    Ok(ExitCode::SUCCESS)
}

/// Stands where the first byte would leave. The till has recorded the payment before it comes here.
struct BeforeSending;

impl Transport for BeforeSending {
    fn post(&self, _: &Post<'_>) -> std::result::Result<Received, wxpay_terminal::Fault> {
        println!("recorded, and not one byte sent");
        std::thread::sleep(Duration::from_secs(60));
        std::process::abort()
    }
}

// -- the parent ------------------------------------------------------------------------------------------------------

fn start(place: &Place, intent: &str, stop: &str) -> Result<Child> {
    let path = |name: &str, path: &Path| (format!("AFTER_POWER_LOSS_{name}"), path.as_os_str().to_owned());
    let mut command = this_program();
    command.envs([path("ROOTS", &place.roots), path("P12", &place.p12), path("JOURNAL", &place.journal)]);
    command.env("AFTER_POWER_LOSS_URL", &place.url).env("AFTER_POWER_LOSS_INTENT", intent);
    command.env("AFTER_POWER_LOSS_STOP", stop);
    Ok(command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?)
}

/// SIGKILL: the process has no time for anything, as when the power goes.
fn cut_power(mut child: Child) -> Result<()> {
    child.kill()?;
    let ended = child.wait()?;
    println!("   killed: {ended}");
    Ok(())
}

fn paid(simulator: &Simulator) -> u32 {
    simulator.ledger().iter().map(|entry| entry.paid).sum()
}

fn wait_for_payment(simulator: &Simulator) -> Result<()> {
    let begun = Instant::now();
    while paid(simulator) == 0 {
        if begun.elapsed() > Duration::from_secs(20) {
            return Err("the payment did not arrive".into());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}
