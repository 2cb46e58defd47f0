//! The library itself, and its errors.

use std::ffi::c_char;

use super::ffi::{LAST, LastWords, abi, peek, wxt_error};
use super::numbers::{WXT_ABI_VERSION, wxt_error_kind};

/// The ABI version of the library that is running. Compare it with WXT_ABI_VERSION of the header.
#[unsafe(no_mangle)]
pub extern "C" fn wxt_abi_version() -> i32 {
    WXT_ABI_VERSION
}

/// The version of the library: "0.1.0". Static; never freed.
#[unsafe(no_mangle)]
pub extern "C" fn wxt_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

abi! {
    /// The kind of an error: one of `wxt_error_kind`. NULL: WXT_ERROR_OTHER.
    get wxt_error_kind_of(error: wxt_error) -> wxt_error_kind = wxt_error_kind::WXT_ERROR_OTHER, |error| error.kind;

    /// The field or setting that it is about, as the document spells it: "re_openid". Lives as long as the error. Never NULL.
    get wxt_error_field(error: wxt_error) -> *const c_char = c"".as_ptr(), |error| error.field.as_ptr();
}

/// What is wrong, in English, for a log or a technician. No secret in it. Lives as long as the error. Never NULL.
///
/// With NULL: the words of this thread's last call, up to 511 bytes, until this thread's next call; empty where it did what it
/// says. So `must(wxt_till_open(…, &till, NULL))` can tell them, and nothing depends on the order in which C evaluates
/// arguments.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_error_message(error: *const wxt_error) -> *const c_char {
    if error.is_null() {
        return LAST.with(LastWords::pointer);
    }
    unsafe { peek(error, c"".as_ptr(), |error| error.message.as_ptr()) }
}

abi! {
    /// Frees an error. NULL is nothing to free.
    free wxt_error_free(error: wxt_error);
}
