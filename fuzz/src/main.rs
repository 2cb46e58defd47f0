//! Fuzz targets of wxpay-terminal, in one program: `WXPAY_FUZZ` says which one. What each is held against stands at the head of its file.
//!
//! `ci/fuzz` builds and runs them; CONTRIBUTING.md says how a finding is kept.

#![no_main]
#![deny(unsafe_code)]

mod bill;
mod capi;
mod documents;
mod harness;
mod http;
mod identity;
mod json;
mod lives;
mod notification;
mod numbers;
mod readers;
mod reply;
mod request;
mod shop;
mod signs;
mod tape;
mod xml;

// The other side is the tests': gateways with a ledger, a clock that passes when it is told to, and what must hold of a shop's life.
#[path = "../../tests/all/support/mod.rs"]
#[allow(dead_code, unused_imports)]
mod support;
#[path = "../../tests/all/till"]
#[allow(dead_code, unused_imports)]
mod till {
    pub mod counter_checks;
    pub mod counter_end;
    pub mod counter_field;
    pub mod counter_gateway;
    pub mod counter_ledger;
    pub mod counter_shop;
    pub mod counter_watch;
    pub mod field;
    pub mod field_checks;
    pub mod field_gateway;
    pub mod field_shop;
    pub mod modelled;
    pub mod orders;
    pub mod refund_checks;
    pub mod refund_field;
    pub mod refund_gateway;
    pub mod refunds;
    pub mod refunds_notified;
    pub mod scanned;
    pub mod simulation;
}

use libfuzzer_sys::fuzz_target;

fuzz_target!(init: harness::begin(), |data: &[u8]| harness::run(data));
