//! Is this terminal fit to pay?

use std::ffi::{CString, c_char};

use crate::client::check::{Part, Verdict};

use super::ffi::{abi, c, nth, wxt_report};
use super::numbers::{wxt_part, wxt_verdict};

super::ffi::opaque! {
    wxt_report: Vec<StepTexts> = 0x5758_0008;
}

/// One step of a check.
pub(super) struct StepTexts {
    part: wxt_part,
    verdict: wxt_verdict,
    text: CString,
    text_zh: CString,
}

impl StepTexts {
    pub(super) fn new(step: &crate::client::check::Step) -> StepTexts {
        let part = match step.part {
            Part::Clock => wxt_part::WXT_PART_CLOCK,
            Part::Certificate => wxt_part::WXT_PART_CERTIFICATE,
            Part::Dns => wxt_part::WXT_PART_DNS,
            Part::Route => wxt_part::WXT_PART_ROUTE,
            Part::Tls => wxt_part::WXT_PART_TLS,
            Part::Account => wxt_part::WXT_PART_ACCOUNT,
            Part::Key => wxt_part::WXT_PART_KEY,
        };
        let verdict = match step.verdict {
            Verdict::Good => wxt_verdict::WXT_GOOD,
            Verdict::Warning => wxt_verdict::WXT_WARNING,
            Verdict::Bad => wxt_verdict::WXT_BAD,
        };
        StepTexts { part, verdict, text: c(&step.text), text_zh: c(&step.text_zh) }
    }
}

abi! {
    /// 1 when no step is WXT_BAD; else 0, also for NULL.
    get wxt_report_is_good(report: wxt_report) -> i32 =
        0, |steps| i32::from(steps.iter().all(|step| step.verdict != wxt_verdict::WXT_BAD));

    /// How many steps it has.
    get wxt_report_count(report: wxt_report) -> usize = 0, |steps| steps.len();

    /// What a step is about, by its place from 0.
    get wxt_report_part(report: wxt_report, at: usize) -> wxt_part =
        wxt_part::WXT_PART_OTHER, |s| s.get(at).map_or(wxt_part::WXT_PART_OTHER, |s| s.part);

    /// What came out of it.
    get wxt_report_verdict(report: wxt_report, at: usize) -> wxt_verdict =
        wxt_verdict::WXT_BAD, |s| s.get(at).map_or(wxt_verdict::WXT_BAD, |s| s.verdict);

    /// In English. NULL from `wxt_report_count` on.
    get wxt_report_text(report: wxt_report, at: usize) -> *const c_char =
        std::ptr::null(), |steps| nth(steps, at, |step| &step.text);

    /// In Chinese. NULL from `wxt_report_count` on.
    get wxt_report_text_zh(report: wxt_report, at: usize) -> *const c_char =
        std::ptr::null(), |steps| nth(steps, at, |step| &step.text_zh);

    /// Frees a report and every text taken from it. NULL is nothing to free.
    free wxt_report_free(report: wxt_report);
}
