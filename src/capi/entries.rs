//! Entries of the journal.

use std::ffi::{CString, c_char};

use crate::journal::{Entry, EntryState, EntryVersion, Settlement};
use crate::outcome::Outcome;
use crate::till::{Cashier, Receipt};
use crate::wire::pairs::Pairs;

use super::ffi::{abi, c, text, wxt_entry};
use super::numbers::{WXT_UNKNOWN, wxt_entry_state, wxt_next, wxt_outcome, wxt_reason};
use super::replies::{found, next, outcome_of, owned, reason};

super::ffi::opaque! {
    wxt_entry: EntryTexts = 0x5758_000c;
}

/// What a `wxt_entry` holds.
pub(super) struct EntryTexts {
    pub(super) version: EntryVersion,
    account: CString,
    call: CString,
    intent: CString,
    pub(super) order_number: CString,
    fen: i64,
    begun_at: i64,
    last_attempt_at: i64,
    attempts: u32,
    reversals: u32,
    acknowledged_at: i64,
    pub(super) state: wxt_entry_state,
    outcome: wxt_outcome,
    code: CString,
    text: CString,
    last: (CString, CString),
    next: (wxt_next, i64),
    reason: wxt_reason,
    message: CString,
    pub(super) cashier: Cashier,
    sent: Vec<(CString, CString)>,
    pub(super) evidence: Vec<(CString, CString)>,
}

impl EntryTexts {
    /// With what a report says of it. Without one: what the journal has.
    pub(super) fn new(entry: &Entry, outcome: Option<&Outcome<Receipt<Pairs>>>) -> EntryTexts {
        let doubt = match outcome {
            Some(Outcome::Unknown(doubt)) => Some(doubt),
            _ => None,
        };
        let mut texts = EntryTexts {
            version: entry.version(),
            account: c(&entry.account),
            call: c(&entry.call),
            intent: c(&entry.intent),
            order_number: c(&entry.order_number),
            fen: i64::from(entry.amount.get()),
            begun_at: entry.begun_at,
            last_attempt_at: entry.last_attempt_at,
            attempts: entry.attempts,
            reversals: entry.reversals,
            acknowledged_at: entry.acknowledged_at.unwrap_or(0),
            state: wxt_entry_state::WXT_ENTRY_OPEN,
            outcome: outcome.map_or(WXT_UNKNOWN, outcome_of),
            code: CString::default(),
            text: CString::default(),
            last: entry.last_words.as_ref().map(|words| (c(&words.code), c(&words.text))).unwrap_or_default(),
            next: (wxt_next::WXT_STOP, 0),
            reason: doubt.map_or(wxt_reason::WXT_REASON_NONE, |doubt| reason(doubt.reason)),
            message: doubt.map(|doubt| c(&doubt.to_string())).unwrap_or_default(),
            cashier: outcome.map_or(Cashier::UNKNOWN, |outcome| match entry.of {
                Some(_) => outcome.cashier_of_refund(),
                None => outcome.cashier(),
            }),
            sent: owned(&entry.fields),
            evidence: Vec::new(),
        };
        if let EntryState::Recorded(settlement) = &entry.state {
            texts.settled(settlement);
        }
        texts
    }

    fn settled(&mut self, settlement: &Settlement) {
        self.state = match settlement {
            Settlement::Accepted { evidence, .. } => {
                self.evidence = owned(evidence);
                wxt_entry_state::WXT_ENTRY_ACCEPTED
            }
            Settlement::Declined { code, text, next: allowed } => {
                (self.code, self.text, self.next) = (c(code), c(text), next(*allowed));
                wxt_entry_state::WXT_ENTRY_DECLINED
            }
            Settlement::Unproven { code, text, next: allowed } => {
                (self.code, self.text, self.next) = (c(code), c(text), next(*allowed));
                wxt_entry_state::WXT_ENTRY_UNPROVEN
            }
            Settlement::NotSent => wxt_entry_state::WXT_ENTRY_NOT_SENT,
            Settlement::Ordered { evidence } => {
                self.evidence = owned(evidence);
                wxt_entry_state::WXT_ENTRY_ORDERED
            }
            Settlement::Refunding { evidence } => {
                self.evidence = owned(evidence);
                wxt_entry_state::WXT_ENTRY_REFUNDING
            }
            Settlement::Abandoned => wxt_entry_state::WXT_ENTRY_ABANDONED,
            Settlement::PaidLate { evidence } => {
                self.evidence = owned(evidence);
                wxt_entry_state::WXT_ENTRY_PAID_LATE
            }
            Settlement::ForAPerson { reason } => {
                self.message = c(reason);
                wxt_entry_state::WXT_ENTRY_FOR_A_PERSON
            }
            Settlement::ByHand { paid, name, reason } => {
                self.evidence = owned(&[("by".into(), name.clone()), ("reason".into(), reason.clone())]);
                match paid {
                    true => wxt_entry_state::WXT_ENTRY_PAID_BY_HAND,
                    false => wxt_entry_state::WXT_ENTRY_UNPAID_BY_HAND,
                }
            }
        };
    }
}

abi! {
    /// Its number: what `wxt_till_acknowledge` and `wxt_till_settle_by_hand` take.
    get wxt_entry_id(entry: wxt_entry) -> i64 = 0, |entry| entry.version.id;

    /// Its revision, as it is told here: `wxt_till_acknowledge` wants it.
    get wxt_entry_revision(entry: wxt_entry) -> i64 = 0, |entry| entry.version.revision;

    /// What it came to, as `wxt_till_recover` says. WXT_ACCEPTED is the one that a ticket is printed for. WXT_UNKNOWN where
    /// nobody was asked.
    get wxt_entry_outcome(entry: wxt_entry) -> wxt_outcome = WXT_UNKNOWN, |entry| entry.outcome;

    /// What the journal has of it.
    get wxt_entry_state_of(entry: wxt_entry) -> wxt_entry_state = wxt_entry_state::WXT_ENTRY_OPEN, |entry| entry.state;

    /// Your own name for what is being paid. Never NULL, as all texts of an entry but those that say so.
    get wxt_entry_intent(entry: wxt_entry) -> *const c_char = c"".as_ptr(), |entry| entry.intent.as_ptr();

    /// The order number.
    get wxt_entry_order_number(entry: wxt_entry) -> *const c_char = c"".as_ptr(), |entry| entry.order_number.as_ptr();

    /// The call by the name of its document: "sendredpack".
    get wxt_entry_call(entry: wxt_entry) -> *const c_char = c"".as_ptr(), |entry| entry.call.as_ptr();

    /// Whose it is: gateway, address, merchant and appid.
    get wxt_entry_account(entry: wxt_entry) -> *const c_char = c"".as_ptr(), |entry| entry.account.as_ptr();

    /// The amount in fen.
    get wxt_entry_fen(entry: wxt_entry) -> i64 = 0, |entry| entry.fen;

    /// When it was begun, in seconds since 1970, as the device believed.
    get wxt_entry_begun_at(entry: wxt_entry) -> i64 = 0, |entry| entry.begun_at;

    /// When its last attempt was begun.
    get wxt_entry_last_attempt_at(entry: wxt_entry) -> i64 = 0, |entry| entry.last_attempt_at;

    /// How many attempts were made or begun.
    get wxt_entry_attempts(entry: wxt_entry) -> u32 = 0, |entry| entry.attempts;

    /// How often the till decided to take it back (撤销). From the first time on it is never accepted.
    get wxt_entry_reversals(entry: wxt_entry) -> u32 = 0, |entry| entry.reversals;

    /// When it was acknowledged, in seconds since 1970, or 0.
    get wxt_entry_acknowledged_at(entry: wxt_entry) -> i64 = 0, |entry| entry.acknowledged_at;

    /// The gateway's code, where it refused.
    get wxt_entry_code(entry: wxt_entry) -> *const c_char = c"".as_ptr(), |entry| entry.code.as_ptr();

    /// The gateway's own words, where it refused.
    get wxt_entry_text(entry: wxt_entry) -> *const c_char = c"".as_ptr(), |entry| entry.text.as_ptr();

    /// The code of what the gateway said last while nothing was proven: "SENDING", "NOTENOUGH".
    get wxt_entry_last_code(entry: wxt_entry) -> *const c_char = c"".as_ptr(), |entry| entry.last.0.as_ptr();

    /// The words that go with it, usually Chinese.
    get wxt_entry_last_text(entry: wxt_entry) -> *const c_char = c"".as_ptr(), |entry| entry.last.1.as_ptr();

    /// Why it is not settled, in English, where it is not.
    get wxt_entry_message(entry: wxt_entry) -> *const c_char = c"".as_ptr(), |entry| entry.message.as_ptr();

    /// What is allowed after a refusal.
    get wxt_entry_next(entry: wxt_entry) -> wxt_next = wxt_next::WXT_STOP, |entry| entry.next.0;

    /// How long to wait, where the next step is WXT_SAME_NUMBER_LATER.
    get wxt_entry_wait_seconds(entry: wxt_entry) -> i64 = 0, |entry| entry.next.1;

    /// Why it is not settled.
    get wxt_entry_reason(entry: wxt_entry) -> wxt_reason = wxt_reason::WXT_REASON_NONE, |entry| entry.reason;

    /// A field that proves the outcome: "send_listid", "payment_no", "transaction_id", "mweb_url"; "by" and "reason" where a
    /// person settled it. NULL where there is none.
    get wxt_entry_get(entry: wxt_entry, name: *const c_char) -> *const c_char =
        std::ptr::null(), |entry| found(&entry.evidence, text(name, "name").unwrap_or_default());

    /// A field that was sent: "re_openid". NULL where there is none, or it was blanked after a prune.
    get wxt_entry_sent(entry: wxt_entry, name: *const c_char) -> *const c_char =
        std::ptr::null(), |entry| found(&entry.sent, text(name, "name").unwrap_or_default());
}
