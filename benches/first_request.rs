//! From exec to the first request that is prepared and signed, without a transport: `cargo bench --bench first_request`.
//!
//! This program starts itself again for each measurement. The least counts: on a busy machine that is the start that nobody disturbed.

mod cases;

use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const RUNS: usize = 41;

fn main() {
    match std::env::args().skip(1).find(|argument| argument != "--bench") {
        Some(started) => child(&started),
        None => parent(),
    }
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970")
}

/// Account, terminal, client, the request of document 1, signed with the system's clock and random numbers.
fn child(started: &str) {
    let client = cases::client_of_the_system();
    let prepared = client.prepare(&cases::red_packet(cases::NUMBER)).expect("prepared");
    let took = since_1970().saturating_sub(Duration::from_nanos(started.parse().expect("nanoseconds")));
    black_box(prepared.body());
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    println!("{} {}", took.as_secs_f64() * 1000.0, kib.trim().trim_end_matches(" kB"));
}

fn parent() {
    let mut rows: Vec<[f64; 2]> = (0..RUNS).map(|_| start()).collect();
    rows.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let kib = rows.iter().map(|row| row[1]).fold(f64::MAX, f64::min);
    println!(
        "exec to the first signed request: least {:.2} ms, median {:.2} ms, {kib:.0} KiB resident; {RUNS} processes",
        rows[0][0],
        rows[RUNS / 2][0]
    );
}

fn start() -> [f64; 2] {
    let program = std::env::current_exe().expect("this program");
    let out = Command::new(program).arg(since_1970().as_nanos().to_string()).output().expect("the child");
    assert!(out.status.success(), "the child failed");
    let text = String::from_utf8(out.stdout).expect("UTF-8");
    let words: Vec<f64> = text.split_whitespace().map(|word| word.parse().expect("a number")).collect();
    [words[0], words[1]]
}
