//! Years of journal: what an opening, a payment and the other calls cost among 0, 10,000, 100,000 and 1,000,000 acknowledged entries.
//! `cargo bench --features sqlite --bench journal_years -- FOLDER MOST [FILE.svg]`, MOST being the last of these numbers.
//!
//! The payments go through a till whose network is not there: the whole of the journal's part, and nothing of a gateway's. Each call is timed
//! many times, and the quickest counts: on a busy machine that is the one nobody disturbed. The bytes that a call reads are the same each time.

mod cases;

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use wxpay_terminal::endpoint::Numbers;
use wxpay_terminal::*;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const SIZES: [i64; 4] = [0, 10_000, 100_000, 1_000_000];
const TIMES: usize = 25;
const MCH_ID: &str = "1900000109";
const APPID: &str = "wx8888888888888888";
const KEY: &str = "0123456789abcdef0123456789ABCDEF";
/// The first payment: 2026-01-01. An earlier clock counts as one that was not set.
const FIRST: i64 = 1_767_225_600;
/// A hundred payments a day: the last one of a million is made in 2053.
const APART: i64 = 864;
const DAY: i64 = 86_400;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [folder, most, drawing @ ..] = &arguments[..] else {
        println!("journal_years FOLDER MOST [FILE.svg]");
        return Ok(());
    };
    let most: i64 = most.parse()?;
    let file = Path::new(folder).join("years.db");
    let (mut have, mut columns) = (0, Vec::new());
    for size in SIZES.into_iter().filter(|size| *size <= most) {
        fill(&file, have, size)?;
        have = size;
        columns.push(measure(&file, size)?);
        println!("{size} entries: {} bytes of the file", std::fs::metadata(&file)?.len());
    }
    print(&columns);
    if let [to, ..] = drawing {
        std::fs::write(to, drawn(&columns))?;
    }
    Ok(())
}

fn open(file: &Path) -> Result<SqliteJournal> {
    Ok(SqliteJournal::open(file, 7, terminal()?.device_info(), &SystemRandom)?)
}

fn terminal() -> Result<Terminal> {
    Ok(Terminal::new("013467007045764")?)
}

/// The terminal's clock, a day after the last payment.
#[derive(Clone, Copy)]
struct Today(i64);

impl Today {
    fn behind(payments: i64) -> Today {
        Today(FIRST + payments * APART + DAY)
    }
}

impl Clock for Today {
    fn unix_seconds(&self) -> i64 {
        self.0
    }

    fn monotonic(&self) -> Duration {
        SystemClock.monotonic()
    }
}

// -- what is in it -----------------------------------------------------------------------------------------------------

fn intent(number: i64) -> String {
    format!("receipt {number:08}")
}

/// Red packets of the days before today, paid and acknowledged.
fn fill(file: &Path, from: i64, to: i64) -> Result<()> {
    let account = account_of(file, Today::behind(from))?;
    let mut journal = open(file)?;
    for number in from..to {
        let at = FIRST + number * APART;
        let name = intent(number);
        let amount = Fen::new(200)?;
        let new = NewEntry { account: &account, call: "sendredpack", intent: &name, amount, of: None, at };
        let mut numbered = |serial: Serial| {
            let today = ChinaTime::from_unix(at)?;
            let order_number = OrderNumbers::new(7).make(Numbers::MerchantDateSerial, MCH_ID, today, serial)?;
            let fields = [
                ("mch_billno", &*order_number),
                ("mch_id", MCH_ID),
                ("wxappid", APPID),
                ("send_name", "天虹百货"),
                ("re_openid", "onqOjjmM1tad-3ROpncN-yUfa6uI"),
                ("total_amount", "200"),
                ("total_num", "1"),
                ("wishing", "恭喜发财"),
                ("client_ip", "127.0.0.1"),
                ("act_name", "新年红包"),
                ("remark", "新年红包"),
            ];
            let fields = fields.map(|(name, value)| (name.to_string(), value.to_string())).to_vec();
            Ok(Numbered { order_number, fields })
        };
        let id = journal.begin(&new, &mut numbered)?.id;
        let evidence = vec![("send_listid".to_string(), format!("1000000000{number:020}"))];
        journal.settle(id, &Settlement::Accepted { queried: false, evidence }, at + 2)?;
        journal.acknowledge(id, at + 3)?;
    }
    Ok(())
}

/// As the till names the red packets' account, so that its questions are asked of these entries.
fn account_of(file: &Path, today: Today) -> Result<String> {
    let till = till(file, today)?;
    let name = format!("first {}", today.0);
    nothing(till.pay(&name, &cases::red_packet("")))?;
    let entry = till.entries_of(&name)?.pop().ok_or("no entry")?.entry;
    till.acknowledge(entry.version())?;
    Ok(entry.account)
}

// -- what is measured --------------------------------------------------------------------------------------------------

/// No network: nothing leaves, for certain.
struct Nowhere;

impl Transport for Nowhere {
    fn post(&self, _: &Post<'_>) -> std::result::Result<Received, Fault> {
        Err(Fault::unsent(Stage::Connect, "no network"))
    }
}

/// No reply comes.
struct NoReply;

impl ReplyRule for NoReply {
    fn verify(&self, _: &Pairs) -> std::result::Result<(), &'static str> {
        Err("no reply comes")
    }
}

fn redpack() -> Result<RedpackAccount> {
    Ok(RedpackAccount::new(MCH_ID, APPID, Secret::from(KEY))?)
}

fn till(file: &Path, today: Today) -> Result<Till> {
    let key = || Secret::from(KEY);
    let wxpay = WxpayAccount::new(MCH_ID, APPID, key())?;
    let workwx =
        WorkwxAccount::new(MCH_ID, "wxe062425f740c30d8", key(), Secret::from("192006250b4c09247ec02edce69f6a2d"))?;
    let swiftpass = SwiftpassAccount::new("https://pay.example/pay/gateway", "7551000001", key())?;
    let webgate = WebgateAccount::new("https://pay.example", "10001", key(), NoReply)?;
    Ok(Till::with_inputs(Box::new(open(file)?), Box::new(today), Box::new(SystemPause))
        .with(client(redpack()?, today)?)
        .with(client(wxpay, today)?)
        .with(client(workwx, today)?)
        .with(client(swiftpass, today)?)
        .with(client(webgate, today)?))
}

fn client<A: Account>(account: A, today: Today) -> Result<Client<A>> {
    let inputs = Inputs { transport: Box::new(Nowhere), clock: Box::new(today), random: Box::new(SystemRandom) };
    Ok(Client::with_inputs(account, terminal()?, inputs)?)
}

/// A call, its quickest time, and the bytes that it read of files.
struct Cost {
    name: &'static str,
    time: Duration,
    read: u64,
}

struct Column {
    size: i64,
    costs: Vec<Cost>,
}

fn cost<T>(name: &'static str, mut call: impl FnMut(usize) -> Result<T>) -> Result<Cost> {
    let (mut time, mut read) = (Duration::MAX, u64::MAX);
    for at in 0..TIMES {
        let (begun, before) = (Instant::now(), bytes_read()?);
        let found = call(at)?;
        time = time.min(begun.elapsed());
        read = read.min(bytes_read()? - before);
        drop(found);
    }
    Ok(Cost { name, time, read })
}

/// Zero where the system does not count it.
fn bytes_read() -> Result<u64> {
    let Ok(said) = std::fs::read_to_string("/proc/thread-self/io") else { return Ok(0) };
    let line = said.lines().find_map(|line| line.strip_prefix("rchar: "));
    Ok(line.ok_or("no rchar")?.parse()?)
}

fn measure(file: &Path, size: i64) -> Result<Column> {
    let mut costs = vec![cost("opening", |_| open(file))?];
    let today = Today::behind(size);
    let till = till(file, today)?;
    let paid =
        |name: &'static str, pay: &dyn Fn(&str) -> Result<()>| cost(name, |at| pay(&format!("{name} {size} {at}")));
    costs.push(paid("pay redpack", &|intent| nothing(till.pay(intent, &cases::red_packet(""))))?);
    costs.push(paid("pay wxpay (by code)", &|intent| nothing(till.pay(intent, &scanned()?)))?);
    costs.push(paid("pay workwx", &|intent| nothing(till.pay(intent, &employee(&intent.replace(' ', "_"))?)))?);
    costs.push(paid("pay swiftpass (by code)", &|intent| nothing(till.pay(intent, &scanned_at_bank()?)))?);
    costs.push(paid("pay webgate", &|intent| nothing(till.pay(intent, &charge()?)))?);
    costs.push(cost("acknowledge", |_| {
        let seen = till.unacknowledged()?;
        Ok(till.acknowledge(seen.first().ok_or("nothing to acknowledge")?.version())?)
    })?);
    while let Some(seen) = till.unacknowledged()?.first() {
        till.acknowledge(seen.version())?;
    }
    costs.push(cost("recover", |_| Ok(till.recover(Duration::ZERO)?))?);
    let known = if size > 0 { intent(size / 2) } else { format!("pay redpack {size} 0") };
    costs.push(cost("entries of an intent", |_| Ok(till.entries_of(&known)?))?);
    let number = till.entries_of(&known)?.pop().ok_or("no entry")?.entry.order_number;
    costs.push(cost("payment_of", |_| Ok(till.payment_of(&number)?))?);
    drop(till);
    let mut journal = open(file)?;
    costs.push(cost("prune", |_| Ok(journal.prune(0, 0, &|_| None)?))?);
    let midnight = today.0 - today.0 % DAY;
    costs.push(cost("summary of a day", |_| Ok(journal.summary(midnight - 3 * DAY, midnight - 2 * DAY)?))?);
    Ok(Column { size, costs })
}

/// Stored, and not sent.
fn nothing<T>(outcome: std::result::Result<Outcome<T>, wxpay_terminal::Error>) -> Result<()> {
    match outcome {
        Ok(Outcome::Unknown(_)) => Ok(()),
        Err(error) if error.kind() == ErrorKind::Connect => Ok(()),
        Ok(_) => Err("nothing was sent".into()),
        Err(error) => Err(error.into()),
    }
}

fn scanned() -> Result<MicroPay<'static>> {
    Ok(MicroPay {
        auth_code: "130000000000000000",
        body: "天虹百货-矿泉水",
        total_fee: Fen::new(888)?,
        spbill_create_ip: "14.23.150.211",
        ..MicroPay::default()
    })
}

/// Another one each time: for one who was paid just now, the till would wait.
fn employee(openid: &str) -> Result<PayEmployee<'_>> {
    Ok(PayEmployee {
        openid,
        amount: Fen::new(100)?,
        desc: "六月出差报销费用",
        spbill_create_ip: "10.2.3.10",
        act_name: "示例项目",
        ..PayEmployee::new(CheckName::NoCheck { re_user_name: None }, WwMsgType::Normal)
    })
}

fn scanned_at_bank() -> Result<UnifiedMicropay<'static>> {
    Ok(UnifiedMicropay {
        auth_code: "130000000000000000",
        body: "天虹百货-矿泉水",
        total_fee: Fen::new(888)?,
        mch_create_ip: "14.23.150.211",
        ..UnifiedMicropay::default()
    })
}

fn charge() -> Result<WxCharge<'static>> {
    Ok(WxCharge {
        openid: "2010021010",
        netid: "210",
        amount: Fen::new(20_000)?,
        remark: Some("校园卡充值"),
        ..WxCharge::default()
    })
}

// -- what is shown -----------------------------------------------------------------------------------------------------

fn print(columns: &[Column]) {
    let head =
        columns.iter().fold(format!("{:28}", "ms, KiB read"), |head, column| format!("{head} {:>16}", column.size));
    println!("{head}");
    for (row, first) in columns.iter().flat_map(|column| &column.costs).take(rows(columns)).enumerate() {
        let line = columns.iter().fold(format!("{:28}", first.name), |line, column| {
            let cost = &column.costs[row];
            format!("{line} {:8.3} {:7.1}", ms(cost), cost.read as f64 / 1024.0)
        });
        println!("{line}");
    }
}

fn rows(columns: &[Column]) -> usize {
    columns.first().map_or(0, |column| column.costs.len())
}

fn ms(cost: &Cost) -> f64 {
    cost.time.as_secs_f64() * 1000.0
}

/// A line for each call, milliseconds from zero on, entries tenfold from place to place.
fn drawn(columns: &[Column]) -> String {
    const COLOURS: [&str; 6] = ["#0b6e4f", "#b5382a", "#2a5db5", "#8a6d00", "#6b2ab5", "#555"];
    let most = columns.iter().flat_map(|column| &column.costs).map(ms).fold(0.0, f64::max) * 1.1;
    let x = |column: usize| 80.0 + column as f64 / (columns.len().max(2) - 1) as f64 * 420.0;
    let y = |ms: f64| 330.0 - ms / most * 290.0;
    let mut out = String::from(concat!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 380" font-family="sans-serif" font-size="13">"#,
        "\n<rect width=\"760\" height=\"380\" fill=\"white\"/>\n",
        "<text x=\"80\" y=\"22\">Milliseconds of a call, by acknowledged entries in the journal</text>\n",
        "<path d=\"M80 40V330H500\" fill=\"none\" stroke=\"#555\"/>\n"
    ));
    // Writing to a String cannot fail.
    for part in 0..=4 {
        let at = most * f64::from(part) / 4.0;
        let _ = writeln!(out, r#"<text x="74" y="{:.1}" text-anchor="end">{at:.2}</text>"#, y(at) + 4.0);
    }
    for (at, column) in columns.iter().enumerate() {
        let _ = writeln!(out, r#"<text x="{:.1}" y="350" text-anchor="middle">{}</text>"#, x(at), column.size);
    }
    for row in 0..rows(columns) {
        let colour = COLOURS[row % COLOURS.len()];
        let dashes = if row < COLOURS.len() { "none" } else { "5 4" };
        let line: Vec<String> = columns
            .iter()
            .enumerate()
            .map(|(at, column)| format!("{:.1},{:.1}", x(at), y(ms(&column.costs[row]))))
            .collect();
        let _ = writeln!(
            out,
            r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"/>"#,
            line.join(" ")
        );
        let legend = 46.0 + 22.0 * row as f64;
        let _ = writeln!(
            out,
            r#"<path d="M520 {legend}h30" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"/><text x="558" y="{:.1}">{}</text>"#,
            legend + 4.0,
            columns[0].costs[row].name
        );
    }
    out.push_str("</svg>\n");
    out
}
