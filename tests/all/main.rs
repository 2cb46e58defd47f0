//! The integration tests, one binary.

mod outcomes;
mod support;
mod tables;
mod vectors;
