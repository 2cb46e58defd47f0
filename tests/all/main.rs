//! The integration tests, one binary.

mod bad_input;
#[cfg(feature = "https")]
mod faults;
#[cfg(feature = "https")]
mod gateways;
mod hostile;
mod outcomes;
mod quirks;
mod support;
mod tables;
mod vectors;
