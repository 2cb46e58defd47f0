//! A journal of your own, on a memory chip, and its run of the contract: each write is cut, fails, and has a bit flipped.
//!
//! `cargo run --features contract --example own_journal`. `own_journal/journal.rs` is the journal, `own_journal/record.rs` what lies in
//! the chip, `own_journal/chip.rs` the chip.

#[path = "own_journal/chip.rs"]
mod chip;
#[path = "own_journal/journal.rs"]
mod journal;
#[path = "own_journal/record.rs"]
mod record;

use std::error::Error;

use chip::Chip;
use journal::ChipJournal;
use wxpay_terminal::contract::{self, JournalBench, Trouble};
use wxpay_terminal::{Journal, JournalFault, SystemRandom};

/// What the contract needs of you: how your journal is opened, and how its storage is harmed.
struct Bench(Chip);

impl JournalBench for Bench {
    fn erase(&mut self) {
        self.0.erase();
    }

    fn open(&mut self) -> Result<Box<dyn Journal>, JournalFault> {
        Ok(Box::new(ChipJournal::open(self.0.clone(), 7, Box::new(SystemRandom))?))
    }

    fn arm(&mut self, trouble: Option<Trouble>) -> bool {
        self.0.arm(trouble);
        true
    }

    fn struck(&mut self) -> bool {
        self.0.struck()
    }

    fn copy(&mut self) -> u64 {
        self.0.copy()
    }

    fn flip(&mut self, bit: u64) {
        self.0.flip(bit);
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    // In your project this line is a test.
    let report = contract::journal(&mut Bench(Chip::default()))?;
    println!("{report}");
    let thorough = report.cuts > 200 && report.failures > 200 && report.flips > 100 && report.left_out.is_empty();
    if thorough { Ok(()) } else { Err(format!("little was tried: {report:?}").into()) }
}
