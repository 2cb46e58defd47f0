//! The journal's contract, tried.

mod bench;
mod cuts;
mod flips;
mod lookups;
mod model;
mod pruning;
mod rules;
mod run;
mod samples;
mod serials;

use super::broken::Broken;
use run::Run;

pub use bench::{JournalBench, JournalReport, Trouble};

/// Tries a journal: its rules, its questions, its serials, power cuts and failing writes at each write, pruning, flipped bits.
///
/// It takes seconds, and erases what the bench has.
///
/// # Errors
///
/// The first promise that is broken. A panic of the journal is not caught.
pub fn journal(bench: &mut dyn JournalBench) -> Result<JournalReport, Broken> {
    let mut run = Run::new(bench);
    rules::check(&mut run)?;
    lookups::check(&mut run)?;
    pruning::check(&mut run)?;
    serials::check(&mut run)?;
    cuts::check(&mut run)?;
    pruning::check_cuts(&mut run)?;
    flips::check(&mut run)?;
    Ok(run.finish())
}
