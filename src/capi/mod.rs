//! The C ABI: what firmware in C and C++ links, one file an object. The header `include/wxpay_terminal.h` is generated from this
//! folder.
//!
//! The only place of the library with `unsafe`. All of it rests on the header's contract: a pointer is NULL, or points to
//! what its type says for as long as the call runs; a handle is used by no thread while another one frees it. What can be
//! checked beyond that is checked: NULL, alignment, the magic word of a handle, lengths, UTF-8.
//!
//! Rules of every function here: outcomes and reply pointers are cleared first; a panic ends in a return code; outputs
//! come last; nothing global is touched.

#![allow(non_camel_case_types)]
// Some numbers only C says: the callbacks' answers, and the zeros.
#![allow(dead_code)]

#[cfg(panic = "abort")]
compile_error!("the C ABI needs unwinding: a panic must become a return code, not the end of the firmware");

mod accounts;
mod bills;
mod cashier;
mod checks;
mod clients;
mod entries;
mod explanations;
mod ffi;
mod library;
mod notifications;
mod numbers;
mod options;
mod replies;
mod requests;
mod tills;
mod transports;

#[cfg(test)]
#[path = "../../tests/unit/capi.rs"]
mod tests;
