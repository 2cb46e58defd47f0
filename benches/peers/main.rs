//! The library beside hand-written C on the same fields, in one run: `benches/peers/run` compiles the two C programs and gives their
//! paths.
//!
//! The C programs answer a number of runs by the nanoseconds of one. Each case is timed in turn with its peer, a moment each, many
//! times, and the quickest counts: a disturbance of some seconds meets both.

#[path = "../cases.rs"]
mod cases;

use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use wxpay_terminal::Secret;

/// How many times each is timed, and for how many nanoseconds about.
const TIMES: usize = 1_000;
const SLICE: f64 = 200_000.0;

/// What is wanted of the two ratios (a goal, which nothing asserts: they are times).
const WANTED: [f64; 2] = [1.1, 0.40];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [sign, verify] = &arguments[..] else {
        println!("peers: benches/peers/run compiles what this compares with");
        return;
    };
    let (sign, verify) = (signing(sign), verifying(verify));
    println!("{:44} {:>10} {:>10} {:>8} {:>8}", "", "library ns", "C ns", "ratio", "wanted");
    for ((name, found), wanted) in
        [("sign + build, 12-field sendredpack", sign), ("parse + verify, 21 fields", verify)].into_iter().zip(WANTED)
    {
        println!("{name:44} {:10.0} {:10.0} {:8.3} {wanted:8.2}", found.0, found.1, found.0 / found.1);
    }
}

fn signing(program: &str) -> (f64, f64) {
    let client = cases::client();
    let body = client.prepare(&cases::red_packet(cases::NUMBER)).expect("prepared").body().to_vec();
    let mut peer = Peer::start(Command::new(program));
    assert_eq!(peer.line(), String::from_utf8(body).expect("UTF-8"), "both make the same body");
    least(&mut || drop(black_box(client.prepare(black_box(&cases::red_packet(cases::NUMBER))))), &mut peer)
}

fn verifying(program: &str) -> (f64, f64) {
    let (text, key) = cases::real_reply();
    let file = std::env::temp_dir().join(format!("wxpay-peer-{}.xml", std::process::id()));
    std::fs::write(&file, &text).expect("the reply is written");
    let mut command = Command::new(program);
    command.arg(&file).arg(&key);
    let mut peer = Peer::start(command);
    let found = peer.line();
    std::fs::remove_file(&file).expect("the reply is removed");
    let key = Secret::from(&*key);
    let fields = cases::read_and_verify(&text, &key).iter().count();
    assert_eq!(found, fields.to_string(), "both find the same fields");
    least(&mut || drop(black_box(cases::read_and_verify(black_box(&text), &key))), &mut peer)
}

/// Nanoseconds of one run, of the library and of its peer, timed in turn.
fn least(run: &mut dyn FnMut(), peer: &mut Peer) -> (f64, f64) {
    let (mut own, mut other) = (f64::MAX, f64::MAX);
    let runs = |best: f64| (SLICE / best).clamp(1.0, 10_000.0) as u32;
    for _ in 0..TIMES {
        let times = runs(own);
        let start = Instant::now();
        for _ in 0..times {
            run();
        }
        own = own.min(start.elapsed().as_nanos() as f64 / f64::from(times));
        other = other.min(peer.time(runs(other)));
    }
    (own, other)
}

/// A C program that waits for numbers of runs.
struct Peer {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
}

impl Peer {
    fn start(mut command: Command) -> Peer {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the C program starts");
        let to = child.stdin.take();
        let from = BufReader::new(child.stdout.take().expect("stdout"));
        Peer { child, to, from }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.from.read_line(&mut line).expect("a line");
        line.trim_end().into()
    }

    fn time(&mut self, runs: u32) -> f64 {
        let to = self.to.as_mut().expect("stdin");
        writeln!(to, "{runs}").and_then(|()| to.flush()).expect("the C program reads");
        self.line().parse().expect("nanoseconds")
    }
}

/// Its input ends, and so does it.
impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.to.take());
        let ended = self.child.wait();
        assert!(std::thread::panicking() || ended.is_ok_and(|status| status.success()), "the C program failed");
    }
}
