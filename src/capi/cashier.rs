//! What the cashier reads, and what she may do next.

use std::ffi::{CStr, c_char};

use crate::till::{Cash, Cashier, Phase};

use super::ffi::{abi, wxt_entry, wxt_error, wxt_reply};
use super::numbers::{wxt_cash, wxt_language, wxt_scan};
use super::options::number_of;

/// A number that is no language has no words.
fn text(cashier: Cashier, language: i32) -> *const c_char {
    let (zh, en) = cashier.texts;
    let text: &'static CStr = match language {
        chosen if chosen == wxt_language::WXT_CHINESE as i32 => zh,
        chosen if chosen == wxt_language::WXT_ENGLISH as i32 => en,
        _ => c"",
    };
    text.as_ptr()
}

fn scan(cashier: Cashier) -> wxt_scan {
    if cashier.scan_again { wxt_scan::WXT_SCAN_AGAIN } else { wxt_scan::WXT_NO_SCAN }
}

fn cash(cashier: Cashier) -> wxt_cash {
    match cashier.cash {
        Cash::Yes => wxt_cash::WXT_CASH,
        Cash::WithNote => wxt_cash::WXT_CASH_WITH_NOTE,
        Cash::No => wxt_cash::WXT_NO_CASH,
    }
}

/// What the cashier reads while a call of a till is at work: one of `wxt_phase`, in one of `wxt_language`. Static, never NULL, never
/// freed. "" for a number that is none of them.
#[unsafe(no_mangle)]
pub extern "C" fn wxt_phase_text(phase: i32, language: i32) -> *const c_char {
    const PHASES: [Phase; 6] =
        [Phase::Sending, Phase::Asking, Phase::Repeating, Phase::Waiting, Phase::Confirming, Phase::Reversing];
    let phase = PHASES.into_iter().find(|known| number_of(*known) as i32 == phase);
    phase.map_or(c"".as_ptr(), |phase| text(phase.cashier(), language))
}

abi! {
    /// What the cashier reads of an outcome, in one of `wxt_language`. Static, never NULL, never freed. "" for a number that is no language.
    /// NULL, and the reply to a question: that nobody can tell. The gateway's own words are for the log.
    get wxt_reply_cashier(reply: wxt_reply, language: i32) -> *const c_char =
        text(Cashier::UNKNOWN, language), |told| text(told.cashier, language);

    /// Whether she may scan another code for this sale. Pay the same intent with it.
    get wxt_reply_scan(reply: wxt_reply) -> wxt_scan = wxt_scan::WXT_NO_SCAN, |told| scan(told.cashier);

    /// Whether she may take cash for it.
    get wxt_reply_cash(reply: wxt_reply) -> wxt_cash = wxt_cash::WXT_NO_CASH, |told| cash(told.cashier);

    /// What the cashier reads of an entry that `wxt_till_recover` or `wxt_till_entries_of` told, as `wxt_reply_cashier`.
    get wxt_entry_cashier(entry: wxt_entry, language: i32) -> *const c_char =
        text(Cashier::UNKNOWN, language), |entry| text(entry.cashier, language);

    /// Whether she may scan another code for this sale.
    get wxt_entry_scan(entry: wxt_entry) -> wxt_scan = wxt_scan::WXT_NO_SCAN, |entry| scan(entry.cashier);

    /// Whether she may take cash for it.
    get wxt_entry_cash(entry: wxt_entry) -> wxt_cash = wxt_cash::WXT_NO_CASH, |entry| cash(entry.cashier);

    /// What the cashier reads where `wxt_till_pay` or `wxt_till_order` ended in an error, as `wxt_reply_cashier`. NULL: that nobody can tell.
    get wxt_error_cashier(error: wxt_error, language: i32) -> *const c_char =
        text(Cashier::UNKNOWN, language), |error| text(error.cashier, language);

    /// Whether she may scan another code for this sale. Only where WXT_NOT_SENT of a payment says that nothing of it is open.
    get wxt_error_scan(error: wxt_error) -> wxt_scan = wxt_scan::WXT_NO_SCAN, |error| scan(error.cashier);

    /// Whether she may take cash for it. Only where WXT_NOT_SENT of a payment says that nothing of it is open.
    get wxt_error_cash(error: wxt_error) -> wxt_cash = wxt_cash::WXT_NO_CASH, |error| cash(error.cashier);
}
