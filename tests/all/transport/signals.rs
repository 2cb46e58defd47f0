//! Signals: each exchange comes to the same end as without them (signal(7), "Interruption of system calls").
//!
//! `tests/tools/signals.c` strikes every thread 50 times a second, those of the simulator apart.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use wxpay_simulator::{Simulator, this_program};
use wxpay_terminal::*;

use crate::support::raw_server::{RawServer, Tls, Visit};
use crate::support::{red_packet, size, terminal};
use crate::till::crash_till::Place;

/// The shim, compiled once.
pub fn shim() -> Option<&'static Path> {
    static SHIM: OnceLock<Option<PathBuf>> = OnceLock::new();
    let made = SHIM.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let (new, shim) = (folder.join(format!("signals-{}.so", std::process::id())), folder.join("signals.so"));
        let mut cc = Command::new("cc");
        cc.args(["-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC", "-o"]).arg(&new);
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tools/signals.c");
        let Ok(output) = cc.args([source, "-lpthread"]).output() else {
            println!("skipped: no C compiler");
            return None;
        };
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::rename(&new, &shim).unwrap();
        Some(shim)
    });
    made.as_deref()
}

fn run(tests: &[&str], signals: Option<&str>, shim: &Path) -> Output {
    let mut command = this_program();
    command.args(tests).args(["--exact", "--nocapture", "--test-threads=4"]).stdin(Stdio::null());
    if let Some(how) = signals {
        command.env("LD_PRELOAD", shim).env("SIGNALS", how);
    }
    command.output().unwrap()
}

/// How many cases came to which end, gateway by gateway.
fn ends(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    let mut ends: Vec<_> = text.lines().filter(|line| line.contains(" faults: ")).map(String::from).collect();
    ends.sort();
    ends
}

/// The cases whose end depends on the order of two events in two processes, by up to so many.
const RACES: i64 = 2;

#[test]
fn the_fault_table_comes_to_the_same_ends() {
    let Some(shim) = shim() else { return };
    let names = crate::support::gateways::NAMES.iter().take(size("WXPAY_TABLES", 1, 10) as usize);
    let tests: Vec<_> = names.map(|name| format!("client::faults::{name}_times_every_fault")).collect();
    let tests: Vec<_> = tests.iter().map(String::as_str).collect();
    // Side by side: they wait more than they compute.
    let (quiet, struck) = std::thread::scope(|scope| {
        let struck = scope.spawn(|| ends(&run(&tests, Some("plain"), shim)));
        (ends(&run(&tests, None, shim)), struck.join().unwrap())
    });
    assert_eq!((quiet.len(), struck.len()), (tests.len(), tests.len()));
    for (quiet, struck) in quiet.iter().zip(&struck) {
        println!("under signals: {struck}");
        let counts = |line: &str| -> Vec<i64> {
            let line = line.rsplit_once("cases: ").unwrap().1.to_string();
            line.split(", ").map(|part| part.split(' ').next().unwrap().parse().unwrap()).collect()
        };
        for (quiet, struck) in counts(quiet).into_iter().zip(counts(struck)) {
            assert!((quiet - struck).abs() <= RACES, "{quiet} and {struck}");
        }
    }
}

/// Of each process.
fn payments_of_one() -> u32 {
    size("WXPAY_PAYMENTS", 10, 30) as u32
}

/// Not a test of its own: payments, each on a connection of its own, and its name looked up anew.
#[test]
fn payments() {
    if std::env::var_os("WXPAY_SIGNALS").is_none() {
        return;
    }
    let place = Place::told();
    for count in 0..payments_of_one() {
        let client = Client::new(place.redpack(), terminal(), place.https()).unwrap();
        let number = format!("{}{count:018}", std::process::id() % 10_000_000 + 10_000_000);
        let request = SendRedPack { mch_billno: &number, ..red_packet("") };
        let came = client.send(&mut client.prepare(&request).unwrap());
        assert!(matches!(came, Ok(Outcome::Accepted(_))), "{came:?}");
    }
}

/// A process that pays, and the simulator that it pays at.
fn payer() -> (Command, Simulator) {
    let simulator = Simulator::start().unwrap();
    let mut command = this_program();
    command
        .args(["transport::signals::payments", "--exact", "--nocapture"])
        .env("WXPAY_SIGNALS", "1")
        .stdin(Stdio::null());
    Place::new(&simulator, 7, PathBuf::new()).tell(&mut command);
    (command, simulator)
}

fn paid(simulator: &Simulator) -> Vec<u32> {
    simulator.ledger().iter().map(|entry| entry.paid).collect()
}

/// A handshake and an exchange each, and a signal every 20 ms.
#[test]
fn payments_under_a_timer_are_accepted_like_any_other() {
    let Some(shim) = shim() else { return };
    for how in ["restart", "plain", "timer"] {
        let (mut command, simulator) = payer();
        let output = command.env("LD_PRELOAD", shim).env("SIGNALS", how).output().unwrap();
        assert!(output.status.success(), "{how}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(paid(&simulator), vec![1; payments_of_one() as usize], "{how}");
    }
}

/// SIGSTOP and SIGCONT interrupt calls without any handler.
#[test]
fn a_program_that_is_stopped_and_goes_on_pays() {
    let (mut command, simulator) = payer();
    // Enough for a few stops at any speed.
    command.env("WXPAY_PAYMENTS", "30");
    let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let id = child.id();
    let signal = |name: &str| Command::new("kill").args([name, &id.to_string()]).stderr(Stdio::null()).status();
    let mut stops = 0;
    while child_runs(id) && stops < 500 {
        let _ = signal("-STOP");
        std::thread::sleep(Duration::from_millis(15));
        let _ = signal("-CONT");
        std::thread::sleep(Duration::from_millis(25));
        stops += 1;
    }
    let status = child.wait().unwrap();
    assert!(status.success() && stops > 5, "{stops} stops, {status}");
    assert_eq!(paid(&simulator), vec![1; 30]);
}

fn child_runs(id: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

/// A resolver of the caller's own, or the system's, that a signal interrupts.
struct Interrupted(AtomicU32, u32);

impl Resolve for Interrupted {
    fn resolve(&self, host: &str, port: u16) -> std::io::Result<Vec<std::net::SocketAddr>> {
        if self.0.fetch_add(1, Ordering::SeqCst) < self.1 {
            return Err(std::io::ErrorKind::Interrupted.into());
        }
        SystemResolver.resolve(host, port)
    }
}

#[test]
fn an_interrupted_lookup_is_asked_again_under_the_deadline() {
    let transport = crate::support::raw_server::https().resolver(Interrupted(AtomicU32::new(0), 20)).build().unwrap();
    let server = RawServer::tls(Tls::V13, Visit::succeed_always);
    assert!(transport.reach(&server.url(), Duration::from_secs(5)).is_ok());
    drop(transport);
    let never = crate::support::raw_server::https().resolver(Interrupted(AtomicU32::new(0), u32::MAX)).build().unwrap();
    let fault = never.reach(&server.url(), Duration::from_millis(300)).unwrap_err();
    assert_eq!((fault.sent, fault.stage), (Sent::No, Stage::Resolve));
    drop(never);
    server.finish();
}
