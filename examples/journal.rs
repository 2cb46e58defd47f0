//! What a journal holds: what is open, what nobody acted upon, what a person must look at, and the day's sums.
//!
//! `cargo run --features sqlite --example journal -- PATH TERMINAL_NUMBER [DEVICE_INFO]` reads the journal of a terminal
//! whose program is not running: one process at a time has a journal. While it runs, read it with
//! `sqlite3 -readonly PATH 'SELECT * FROM payments'`. Without arguments it makes a journal against the simulator.

use std::error::Error;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use wxpay_simulator::{Fault, Simulator, credentials};
use wxpay_terminal::{
    ChinaTime, Client, Entry, EntryState, Fen, Https, Identity, Journal, Outcome, RedpackAccount, Secret, SendRedPack,
    Settlement, SqliteJournal, SystemRandom, Terminal, Till,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [] => {
            // Its directory, and the journal in it, vanish with the simulator.
            let simulator = Simulator::start()?;
            let path = simulator.files().directory.join("journal.db");
            make_demo(&simulator, &path)?;
            show(&path, 7, None)
        }
        [path, terminal] => show(Path::new(path), terminal.parse()?, None),
        [path, terminal, device_info] => show(Path::new(path), terminal.parse()?, Some(device_info)),
        _ => Err("journal [PATH TERMINAL_NUMBER [DEVICE_INFO]]".into()),
    }
}

fn show(path: &Path, terminal: u16, device_info: Option<&str>) -> Result<()> {
    if !path.exists() {
        // `open` would make a new one.
        return Err(format!("there is no journal {}", path.display()).into());
    }
    let mut journal = SqliteJournal::open(path, terminal, device_info, &SystemRandom)?;
    let entries = journal.unacknowledged()?;
    let (mut open, mut for_a_person, mut settled) = (Vec::new(), Vec::new(), Vec::new());
    for entry in &entries {
        match &entry.state {
            EntryState::Open => open.push(entry),
            EntryState::Recorded(Settlement::ForAPerson { .. }) => for_a_person.push(entry),
            EntryState::Recorded(_) => settled.push(entry),
        }
    }
    list("Open: `pay` with the same intent, or `recover`, goes on", &open)?;
    list("For a person: look at the merchant platform, then `settle_by_hand`", &for_a_person)?;
    list("Settled, and not acknowledged: the application did not act yet", &settled)?;
    day(&mut journal)
}

fn list(title: &str, entries: &[&Entry]) -> Result<()> {
    println!("{title}: {}", entries.len());
    for entry in entries {
        let (begun, state) = (ChinaTime::from_unix(entry.begun_at)?.digits(), state(&entry.state));
        let amount = entry.amount.get();
        println!("  {begun} {} {} {amount} fen, {} attempts", entry.order_number, entry.intent, entry.attempts);
        println!("    {state}");
    }
    Ok(())
}

fn state(state: &EntryState) -> String {
    match state {
        EntryState::Open => "nothing is proven".into(),
        EntryState::Recorded(Settlement::Accepted { queried: true, .. }) => "paid, as the query says".into(),
        EntryState::Recorded(Settlement::Accepted { .. }) => "paid, as the reply says".into(),
        EntryState::Recorded(Settlement::Declined { code, text, .. }) => format!("not paid: {code} {text}"),
        EntryState::Recorded(Settlement::NotSent) => "not paid: nothing was sent".into(),
        EntryState::Recorded(Settlement::ForAPerson { reason }) => reason.to_string(),
        EntryState::Recorded(Settlement::ByHand { paid, name, reason }) => {
            format!("{}, says {name}: {reason}", if *paid { "paid" } else { "not paid" })
        }
        // What a later version may add.
        EntryState::Recorded(other) => format!("{other:?}"),
    }
}

/// Lay this beside the bill of the merchant platform. `accepted` must be there; `open` and `for a person` may be.
fn day(journal: &mut SqliteJournal) -> Result<()> {
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?;
    // The bill's day is China's, at any place and with any time zone of the device.
    let (hours_8, hours_24) = (8 * 3_600, 24 * 3_600);
    let begin = now - (now + hours_8).rem_euclid(hours_24);
    let date = ChinaTime::from_unix(begin)?.digits();
    println!("The day {}, by the time when the payment was begun:", date.get(..8).unwrap_or_default());
    for row in journal.summary(begin, begin + hours_24)? {
        println!("  {:<24} {:<16} {:>6} {:>12} fen", row.call, row.outcome, row.count, row.fen);
    }
    Ok(())
}

// -- a journal to look at --------------------------------------------------------------------------------------------

fn make_demo(simulator: &Simulator, path: &Path) -> Result<()> {
    let journal = SqliteJournal::open(path, 7, None, &SystemRandom)?;
    let till = Till::open(journal).with(client(simulator)?).patience(Duration::from_secs(3));
    for intent in ["prize 1", "prize 2"] {
        if let Outcome::Accepted(receipt) = till.pay(intent, &request(200)?)? {
            till.acknowledge(receipt.entry)?;
        }
    }
    let not_acted_upon = till.pay("prize 3", &request(300)?)?;
    simulator.fault_next(Fault::RefusedNotEnough);
    let declined = till.pay("prize 4", &request(400)?)?;
    // The answer is lost, and the query names another amount.
    simulator.fault_next(Fault::CloseAfterCommit);
    simulator.fault_next_query(Fault::OtherAmount);
    let for_a_person = till.pay("prize 5", &request(500)?)?;
    // The answer is lost, and there is no time to ask.
    simulator.fault_next(Fault::CloseAfterCommit);
    let till = till.patience(Duration::ZERO);
    let open = till.pay("prize 6", &request(600)?)?;
    match (not_acted_upon, declined, for_a_person, open) {
        (Outcome::Accepted(_), Outcome::Declined(_), Outcome::Unknown(_), Outcome::Unknown(_)) => Ok(()),
        other => Err(format!("the demo went another way: {other:?}").into()),
    }
}

fn request(fen: i64) -> Result<SendRedPack<'static>> {
    Ok(SendRedPack {
        send_name: "天虹百货",
        re_openid: "onqOjjmM1tad-3ROpncN-yUfa6uI",
        total_amount: Fen::new(fen)?,
        wishing: "恭喜发财",
        client_ip: "192.168.0.1",
        act_name: "新年红包",
        remark: "新年红包",
        ..SendRedPack::default()
    })
}

fn client(simulator: &Simulator) -> Result<Client<RedpackAccount>> {
    let identity = Identity::from_pkcs12(&std::fs::read(&simulator.files().p12_aes)?, credentials::MCH_ID)?;
    let roots = std::fs::read(&simulator.files().ca_pem)?;
    let https = Https::builder().identity(identity).only_roots(&roots)?.build()?;
    let account = RedpackAccount::new(credentials::MCH_ID, credentials::APPID, Secret::from(credentials::KEY))?
        .hosts(&[&simulator.base_url()])?;
    Ok(Client::new(account, Terminal::unnamed(), https)?)
}
