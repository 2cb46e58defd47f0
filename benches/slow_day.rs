//! The memory of a slow day: payments by code, refunds and reversals, thousands in one process, against a simulator in another one.
//! `ci/slow-day` runs it: `slow_day URL P12 ROOTS FOLDER OPERATIONS MOST_KIB [FILE.svg]`.
//!
//! Each two hundred of them the shop closes: refunds have arrived by then, and everything that ended is acknowledged, as a terminal does.
//!
//! Prints the resident memory after each hundred operations as CSV, and fails where it grew by more than so many KiB after the first
//! hundred. Waiting costs no time here: the till's clock jumps on where it would sleep.

use std::error::Error;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use wxpay_terminal::*;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The simulator's.
const MCH_ID: &str = "1900000109";
const KEY: &str = "0123456789abcdef0123456789ABCDEF";

/// Operations of a day.
const DAY: usize = 200;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [url, p12, roots, folder, operations, most, drawing @ ..] = &arguments[..] else {
        println!("slow_day: ci/slow-day runs it");
        return Ok(());
    };
    let (operations, most): (usize, u64) = (operations.parse()?, most.parse()?);
    let clock = Jumping { start: Instant::now(), jumped: Arc::default() };
    let till = till(url, &std::fs::read(p12)?, &std::fs::read(roots)?, folder, &clock)?;
    println!("operations,resident_kib");
    let (mut done, mut sale, mut kinds, mut points) = (0, 0, [0_usize; 3], Vec::new());
    while done < operations {
        let kind = work(&till, sale)?;
        for (all, one) in kinds.iter_mut().zip(kind) {
            *all += one;
        }
        let before = done;
        done = kinds.iter().sum();
        sale += 1;
        if before / DAY < done / DAY {
            close(&till, &clock)?;
        }
        if before / 100 < done / 100 {
            points.push((done, resident()?));
            println!("{done},{}", resident()?);
        }
    }
    let [payments, refunds, reversals] = kinds;
    println!("# {payments} payments, {refunds} refunds, {reversals} reversals");
    if let [file, ..] = drawing {
        std::fs::write(file, drawn(&points))?;
    }
    let first = points.first().ok_or("fewer than a hundred operations")?.1;
    let highest = points.iter().map(|(_, kib)| *kib).max().unwrap_or(first);
    println!("# {first} KiB after the first hundred, {highest} KiB at most: {} more of {most}", highest - first);
    if highest - first > most { Err("the memory of a day is not flat".into()) } else { Ok(()) }
}

/// The next sale of ten, and how many payments, refunds and reversals it took.
fn work(till: &Till, sale: usize) -> Result<[usize; 3]> {
    // The last two digits of a code say who shows it: 00 pays at once, 01 after two questions, 03 closes the dialog.
    let customer = match sale % 10 {
        3 => "01",
        6 | 9 => "03",
        _ => "00",
    };
    let code = format!("13{sale:014}{customer}");
    let request = MicroPay {
        auth_code: &code,
        body: "天虹百货-矿泉水",
        total_fee: Fen::new(888)?,
        spbill_create_ip: "14.23.150.211",
        ..MicroPay::default()
    };
    let (name, options) = (format!("sale {sale}"), Options::new().patience(Duration::from_secs(90)));
    match (customer, till.pay_with(&name, &request, &options)?) {
        // What became of it nobody can tell (PAYERROR), so the till takes it back.
        ("03", Outcome::Declined(_)) => Ok([1, 0, 1]),
        ("00" | "01", Outcome::Accepted(receipt)) if sale.is_multiple_of(5) => {
            till.acknowledge(receipt.entry)?;
            let of = RefundOf::OutTradeNo(&receipt.order_number);
            let refund = Refund::new(of, Fen::new(888)?, Fen::new(300)?);
            match till.refund(&format!("return {sale}"), &refund)? {
                // It arrives later, and is acknowledged then.
                Outcome::Taken(_) => {}
                Outcome::Accepted(refund) => till.acknowledge(refund.entry)?,
                other => return Err(format!("return {sale}: {other:?}").into()),
            }
            Ok([1, 1, 0])
        }
        ("00" | "01", Outcome::Accepted(receipt)) => {
            till.acknowledge(receipt.entry)?;
            Ok([1, 0, 0])
        }
        (_, other) => Err(format!("{name}: {other:?}").into()),
    }
}

/// What is on its way has arrived when it is asked about again, hours later.
fn close(till: &Till, clock: &Jumping) -> Result<()> {
    for _ in 0..5 {
        clock.pause(Duration::from_secs(4 * 3_600));
        for found in till.recover(Duration::from_secs(3_600))? {
            if found.entry.is_settled() {
                till.acknowledge(found.entry.version())?;
            }
        }
        if till.unacknowledged()?.is_empty() {
            return Ok(());
        }
    }
    Err("something does not end".into())
}

fn till(url: &str, p12: &[u8], roots: &[u8], folder: &str, clock: &Jumping) -> Result<Till> {
    let https = Https::builder().identity(Identity::from_pkcs12(p12, MCH_ID)?).only_roots(roots)?.build()?;
    let inputs = Inputs { transport: Box::new(https), clock: Box::new(clock.clone()), random: Box::new(SystemRandom) };
    let account = WxpayAccount::new(MCH_ID, "wx8888888888888888", Secret::from(KEY))?.hosts(&[url])?;
    let terminal = Terminal::new("013467007045764")?;
    let journal =
        SqliteJournal::open(std::path::Path::new(folder).join("day.db"), 7, terminal.device_info(), &SystemRandom)?;
    let client = Client::with_inputs(account, terminal, inputs)?;
    Ok(Till::with_inputs(Box::new(journal), Box::new(clock.clone()), Box::new(clock.clone())).with(client))
}

/// The system's time, and what was slept.
#[derive(Clone)]
struct Jumping {
    start: Instant,
    jumped: Arc<AtomicU64>,
}

impl Clock for Jumping {
    fn unix_seconds(&self) -> i64 {
        SystemClock.unix_seconds() + (self.jumped.load(Ordering::Relaxed) / 1000) as i64
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed() + Duration::from_millis(self.jumped.load(Ordering::Relaxed))
    }
}

impl Pause for Jumping {
    fn pause(&self, time: Duration) {
        self.jumped.fetch_add(time.as_millis() as u64 + 1, Ordering::Relaxed);
    }
}

/// `VmRSS` of this process, in KiB. (Under an emulator: with the emulator's own.)
fn resident() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// Both axes from zero.
fn drawn(points: &[(usize, u64)]) -> String {
    let most_x = points.iter().map(|point| point.0).max().unwrap_or(1) as f64;
    let most_y = points.iter().map(|point| point.1).max().unwrap_or(1) as f64 * 1.2;
    let (left, bottom, width, height) = (80.0, 260.0, 620.0, 220.0);
    let place = |x: f64, y: f64| (left + x / most_x * width, bottom - y / most_y * height);
    let mut out = String::from(concat!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 740 310" font-family="sans-serif" font-size="13">"#,
        "\n<rect width=\"740\" height=\"310\" fill=\"white\"/>\n"
    ));
    // Writing to a String cannot fail.
    for part in 0..=4 {
        let (x, y) = (most_x * f64::from(part) / 4.0, most_y * f64::from(part) / 4.0);
        let _ = writeln!(out, r#"<text x="{:.1}" y="278" text-anchor="middle">{x:.0}</text>"#, place(x, 0.0).0);
        let at = place(0.0, y).1 + 4.0;
        let _ = writeln!(out, r#"<text x="74" y="{at:.1}" text-anchor="end">{:.1} MiB</text>"#, y / 1024.0);
    }
    out.push_str("<text x=\"390\" y=\"300\" text-anchor=\"middle\">payments, refunds and reversals</text>\n");
    out.push_str("<text x=\"80\" y=\"22\">Resident memory of one process</text>\n");
    let _ = writeln!(out, r##"<path d="M{left} 40V{bottom}H{:.1}" fill="none" stroke="#555"/>"##, left + width);
    let line: Vec<String> =
        points.iter().map(|(x, y)| place(*x as f64, *y as f64)).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let _ = writeln!(out, r##"<polyline points="{}" fill="none" stroke="#0b6e4f" stroke-width="2"/>"##, line.join(" "));
    out.push_str("</svg>\n");
    out
}
