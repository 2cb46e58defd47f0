//! Unit tests of `src/capi/mod.rs`.

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
