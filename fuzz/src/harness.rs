//! What holds of every target: no panic, not even a caught one; the same result twice; little memory.

use std::panic::PanicHookInfo;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// What a run came to, in words: two runs of one input must come to the same.
type Target = fn(&[u8]) -> String;

/// The targets, and how much memory one run may take, in bytes. Those with a simulated world keep its story, too.
const TARGETS: &[(&str, Target, usize)] = &[
    ("xml", crate::xml::run, SMALL),
    ("json", crate::json::run, SMALL),
    ("bill", crate::bill::run, SMALL),
    ("numbers", crate::numbers::run, SMALL),
    ("request", crate::request::run, SMALL),
    ("notification", crate::notification::run, SMALL),
    ("reply", crate::reply::run, SMALL),
    ("journal", crate::shop::changed, SMALL),
    ("till", crate::lives::run, WORLD),
    ("http", crate::http::run, WORLD),
    ("identity", crate::identity::run, SMALL),
    ("capi", crate::capi::run, SMALL),
];

const SMALL: usize = 8 << 20;
const WORLD: usize = 64 << 20;

static CHOSEN: OnceLock<&'static (&'static str, Target, usize)> = OnceLock::new();
/// The library catches panics at its edges. Here each is a finding.
static PANICKED: AtomicBool = AtomicBool::new(false);

pub fn begin() {
    let name = std::env::var("WXPAY_FUZZ").unwrap_or_default();
    let found = TARGETS.iter().find(|(have, ..)| *have == name);
    let all: Vec<_> = TARGETS.iter().map(|(name, ..)| *name).collect();
    let chosen = CHOSEN.get_or_init(|| found.unwrap_or_else(|| panic!("WXPAY_FUZZ is one of {}", all.join(", "))));
    let before = std::panic::take_hook();
    // libFuzzer's own hook would end the program before a target could tell its story.
    drop(before);
    std::panic::set_hook(Box::new(told));
    // What is made once is no part of a run.
    (chosen.1)(&[]);
}

fn told(panic: &PanicHookInfo<'_>) {
    eprintln!("{panic}");
    PANICKED.store(true, Ordering::SeqCst);
}

pub fn run(data: &[u8]) {
    let (name, target, most) = CHOSEN.get().expect("begin chose it");
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let first = target(data);
    let took = MEMORY.peak_usage().saturating_sub(before);
    assert!(took < *most, "{name}: {took} bytes of memory for {} of input", data.len());
    let second = target(data);
    assert_eq!(first, second, "{name}: two runs of one input differ");
    if PANICKED.load(Ordering::SeqCst) {
        eprintln!("{name}: the library panicked, and caught it");
        std::process::abort();
    }
}
