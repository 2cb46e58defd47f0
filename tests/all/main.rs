//! The integration tests, one binary.

mod bad_input;
mod explains;
mod hostile;
mod memory_journal;
mod outcomes;
mod quirks;
mod rules;
mod simulation;
mod support;
mod tables;
mod vectors;

// With the transport: against the simulator and against hand-made servers.
#[cfg(feature = "https")]
mod checks;
#[cfg(feature = "https")]
mod faults;
#[cfg(feature = "https")]
mod gateways;
#[cfg(feature = "https")]
mod secrets;

// With the journal on a file.
#[cfg(feature = "sqlite")]
mod journal;
