//! The integration tests, one binary.

mod bad_input;
mod cross_file;
mod explains;
mod faults_md;
mod floors;
mod hostile;
mod memory_journal;
mod order_numbers;
mod orders;
mod outcomes;
#[cfg(feature = "std")]
mod promises;
mod proofs;
mod quirks;
mod readmes;
#[cfg(target_os = "linux")]
mod remains;
mod rules;
mod simulation;
mod support;
mod tables;
mod till;
mod vectors;

// With the transport: against the simulator and against hand-made servers.
#[cfg(feature = "https")]
mod certificates;
#[cfg(feature = "https")]
mod checks;
#[cfg(feature = "https")]
mod faults;
#[cfg(feature = "https")]
mod gateways;
#[cfg(feature = "https")]
mod http_heads;
#[cfg(feature = "https")]
mod identity;
#[cfg(feature = "https")]
mod peers;
#[cfg(feature = "https")]
mod raw_server;
#[cfg(feature = "https")]
mod readers;
#[cfg(feature = "https")]
mod resolver;
#[cfg(feature = "https")]
mod secrets;
#[cfg(feature = "https")]
mod transport_situations;
#[cfg(feature = "https")]
mod warm;

// With the journal on a file.
#[cfg(feature = "sqlite")]
mod flips;
#[cfg(feature = "sqlite")]
mod journal;
#[cfg(feature = "sqlite")]
mod migration;
#[cfg(feature = "sqlite")]
mod trust;

// Both: real processes, killed.
#[cfg(all(feature = "https", feature = "sqlite"))]
mod crash;
#[cfg(all(feature = "https", feature = "sqlite", target_os = "linux"))]
mod file_systems;
#[cfg(all(feature = "https", feature = "sqlite", target_os = "linux"))]
mod forks;
#[cfg(all(feature = "https", feature = "sqlite", target_os = "linux"))]
mod moved_files;
#[cfg(all(feature = "https", feature = "sqlite", target_os = "linux"))]
mod signals;
