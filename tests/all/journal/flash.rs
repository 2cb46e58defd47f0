//! What a payment costs the flash: bytes and syncs, counted under the system calls.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use wxpay_terminal::*;

use crate::journal::flips::begin_at;
use crate::journal::journal::{Folder, accepted, open, said};
use crate::journal::journal_storage::{shim, under_shim};
use crate::support::NOW;

/// Bytes of one payment with its acknowledgement, checkpoints shared among all.
const MOST_BYTES: u64 = 20_000;
/// Syncs of a hundred of them: one for each of the three changes, and those of the checkpoints.
const MOST_SYNCS: u64 = 330;
const EARLIER: u64 = 200;
const PAYMENTS: u64 = 600;

/// What was spent since it was asked last: bytes, writes and syncs.
struct Meter {
    bytes: BufReader<File>,
    events: BufReader<File>,
}

impl Meter {
    fn new() -> Meter {
        let log = |name| BufReader::new(File::open(std::env::var_os(name).unwrap()).unwrap());
        let mut meter = Meter { bytes: log("POWERCUT_BYTES"), events: log("POWERCUT_LOG") };
        meter.spent();
        meter
    }

    fn spent(&mut self) -> [u64; 3] {
        let (mut bytes, mut events) = (String::new(), String::new());
        self.bytes.read_to_string(&mut bytes).unwrap();
        self.events.read_to_string(&mut events).unwrap();
        let syncs = events.chars().filter(|event| "sd".contains(*event)).count();
        let lengths = bytes.lines().map(|line| line.parse::<u64>().unwrap());
        [lengths.clone().sum(), lengths.count() as u64, syncs as u64]
    }
}

pub fn child_counts_bytes(path: &Path) {
    let mut journal = open(path).unwrap();
    let mut meter = Meter::new();
    let mut parts = [[0; 3]; 3];
    // The first ones give the tables their usual depth, and a checkpoint its usual size.
    for count in 0..EARLIER + PAYMENTS {
        let at = NOW + 40 * count as i64;
        let mut add = |part: usize| {
            let counted = meter.spent().into_iter().zip(&mut parts[part]);
            counted.for_each(|(more, sum)| *sum += if count < EARLIER { 0 } else { more });
        };
        let id = begin_at(&mut journal, "sendredpack", &format!("2026-11-21 receipt {count:06}"), at).unwrap().id;
        add(0);
        journal.settle(id, &accepted(), at + 2).unwrap();
        add(1);
        journal.acknowledge(id, at + 3).unwrap();
        add(2);
    }
    let [begin, settle, acknowledge] = parts.map(|part| part[0] / PAYMENTS);
    let [bytes, writes, syncs] = [0, 1, 2].map(|kind| parts.iter().map(|part| part[kind]).sum::<u64>());
    println!("\nDID spend {bytes} {writes} {syncs} {begin} {settle} {acknowledge}");
}

#[test]
fn a_payment_writes_few_bytes() {
    let Some(shim) = shim() else { return };
    let (folder, log) = (Folder::new(), Folder::new());
    let mut command = under_shim("count bytes", &folder, shim);
    command.env("POWERCUT_LOG", log.0.join("log")).env("POWERCUT_BYTES", log.0.join("bytes"));
    let said = said(command);
    let spent: Vec<u64> = said[0].split(' ').skip(2).map(|number| number.parse().unwrap()).collect();
    let [bytes, writes, syncs, begin, settle, acknowledge] = spent[..] else { panic!("{said:?}") };
    println!(
        "a payment with its acknowledgement: {} bytes (begin {begin}, settle {settle}, acknowledge {acknowledge}), {}.{} writes, \
         {}.{:02} syncs",
        bytes / PAYMENTS,
        writes / PAYMENTS,
        writes * 10 / PAYMENTS % 10,
        syncs / PAYMENTS,
        syncs * 100 / PAYMENTS % 100,
    );
    // Nothing is lost between the counters: each change is a write and a sync at least.
    assert!(syncs >= 3 * PAYMENTS && writes > 6 * PAYMENTS, "{spent:?}");
    assert!(bytes / PAYMENTS <= MOST_BYTES, "{} bytes", bytes / PAYMENTS);
    assert!(syncs * 100 / PAYMENTS <= MOST_SYNCS, "{syncs} syncs");
}
