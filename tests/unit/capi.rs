//! Unit tests of `src/capi/mod.rs`.

use std::ffi::{CStr, c_char};

use super::cashier::{
    wxt_error_cash, wxt_error_cashier, wxt_error_scan, wxt_phase_text, wxt_reply_cash, wxt_reply_cashier,
};
use super::ffi::{Fail, clear, run, wxt_error, wxt_reply};
use super::library::{wxt_error_free, wxt_error_kind_of};
use super::numbers::{
    WXT_ACCEPTED, WXT_NOT_SENT, WXT_PANICKED, WXT_UNKNOWN, wxt_cash, wxt_error_kind, wxt_language, wxt_scan,
};
use super::requests::CALLS;
use crate::error::{Error, ErrorKind};
use crate::gateways::bill::{DOWNLOAD_BILL, DOWNLOAD_FUND_FLOW};

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

/// A request by name is filled from the same tables as a typed one. Bills are fetched by `wxt_client_download`.
#[test]
fn every_call_of_the_library_can_be_made_by_name() {
    let names: Vec<_> = CALLS.iter().map(|call| call.endpoint.name).collect();
    let fetched = [DOWNLOAD_BILL.name, DOWNLOAD_FUND_FLOW.name];
    for endpoint in crate::gateways::ENDPOINTS {
        assert!(names.contains(&endpoint.name) != fetched.contains(&endpoint.name), "{}", endpoint.name);
    }
    assert_eq!(names.len() + fetched.len(), crate::gateways::ENDPOINTS.len());
}

fn said(text: *const c_char) -> &'static str {
    // SAFETY: the library's words are static.
    unsafe { CStr::from_ptr(text) }.to_str().unwrap()
}

const ZH: i32 = wxt_language::WXT_CHINESE as i32;
const EN: i32 = wxt_language::WXT_ENGLISH as i32;

/// POS flows 3.8, the first two rows.
#[test]
fn what_the_cashier_reads_meanwhile() {
    assert_eq!(
        (said(wxt_phase_text(4, ZH)), said(wxt_phase_text(4, EN))),
        ("请顾客输入密码", "Customer is confirming")
    );
    assert_eq!((said(wxt_phase_text(5, ZH)), said(wxt_phase_text(5, EN))), ("正在取消，请稍候", "Cancelling"));
    for phase in 0..=5 {
        assert!(!said(wxt_phase_text(phase, ZH)).is_empty(), "{phase}");
    }
    for (phase, language) in [(-1, ZH), (6, ZH), (i32::MAX, EN), (4, 0), (4, 3), (4, i32::MIN)] {
        assert_eq!(said(wxt_phase_text(phase, language)), "", "{phase}, {language}");
    }
}

/// Only a payment that was not sent leaves the cashier free: the same error of a question says nothing of the payment.
#[test]
fn an_error_is_no_leave_but_of_a_payment() {
    let unreached = || Error::new(ErrorKind::Connect, "connect", "refused");
    for (fail, free, zh) in [
        (Fail::NotPaid(unreached()), true, "网络不通，未收款"),
        (Fail::NotSent(unreached()), false, "结果未知，请勿重复收款"),
        (Fail::Failed(unreached()), false, "终端故障，请店长处理"),
        (Fail::Argument("till", "is NULL"), false, "终端故障，请店长处理"),
    ] {
        let mut error = std::ptr::null_mut();
        // SAFETY: all pointers are to local variables.
        unsafe {
            let is_unsent = matches!(fail, Fail::NotPaid(_) | Fail::NotSent(_));
            let code = run(&raw mut error, || Err(fail));
            assert_eq!(code == WXT_NOT_SENT, is_unsent);
            assert_eq!(said(wxt_error_cashier(error, ZH)), zh);
            assert!((wxt_error_scan(error) == wxt_scan::WXT_SCAN_AGAIN) == free);
            assert!((wxt_error_cash(error) == wxt_cash::WXT_CASH) == free);
            wxt_error_free(error);
        }
    }
    // SAFETY: NULL is taken.
    unsafe {
        assert_eq!(said(wxt_error_cashier(std::ptr::null::<wxt_error>(), EN)), "Not known. Do not charge again");
        assert_eq!(said(wxt_reply_cashier(std::ptr::null(), EN)), "Not known. Do not charge again");
        assert!(wxt_reply_cash(std::ptr::null()) == wxt_cash::WXT_NO_CASH);
    }
}
