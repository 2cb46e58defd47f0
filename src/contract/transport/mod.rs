//! The transport's contract, tried: a good server, and bad ones.

mod bench;
mod cut;
mod download;
mod exchange;
mod kept;
mod peer;
mod run;
mod unsent;

use super::broken::Broken;
use run::Run;

pub use bench::{Server, Stream, TransportBench, TransportReport};

/// Tries a transport: what it sends, what it says of what it sent, replies that are cut, too long or another's, silence, connections that
/// are kept, downloads.
///
/// It takes some seconds, because silence has to last.
///
/// # Errors
///
/// The first promise that is broken. A panic of the transport is not caught.
pub fn transport(bench: &dyn TransportBench) -> core::result::Result<TransportReport, Broken> {
    let mut run = Run { bench, report: TransportReport::default() };
    exchange::check(&mut run)?;
    unsent::check(&mut run)?;
    cut::check(&mut run)?;
    kept::check(&mut run)?;
    download::check(&mut run)?;
    Ok(run.report)
}
