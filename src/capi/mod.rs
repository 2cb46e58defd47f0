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
mod tests {

    use super::ffi::wxt_reply;
    use super::ffi::{clear, run};
    use super::library::{wxt_error_free, wxt_error_kind_of};
    use super::numbers::{WXT_ACCEPTED, WXT_PANICKED, WXT_UNKNOWN, wxt_error_kind};
    use super::requests::CALLS;

    /// A panic in the library, or in what it calls, ends in a code, and the outcome that was cleared first stays unknown.
    #[test]
    fn a_panic_is_a_code_and_an_unknown_outcome() {
        let (mut outcome, mut error) = (WXT_ACCEPTED, std::ptr::null_mut());
        let mut reply = std::ptr::dangling_mut::<wxt_reply>();
        // SAFETY: all pointers are to local variables.
        unsafe {
            clear(&raw mut outcome, WXT_UNKNOWN, &raw mut reply);
            let code = run(&raw mut error, || panic!("as a test"));
            assert!(code == WXT_PANICKED && outcome == WXT_UNKNOWN && reply.is_null());
            assert!(wxt_error_kind_of(error) == wxt_error_kind::WXT_ERROR_PANIC);
            wxt_error_free(error);
        }
    }

    /// A request by name is filled from the same tables as a typed one.
    #[test]
    fn every_call_of_the_library_can_be_made_by_name() {
        let names: Vec<_> = CALLS.iter().map(|call| call.endpoint.name).collect();
        for endpoint in crate::gateways::ENDPOINTS {
            assert!(names.contains(&endpoint.name), "{}", endpoint.name);
        }
        assert_eq!(names.len(), crate::gateways::ENDPOINTS.len());
    }
}
