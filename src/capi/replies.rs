//! Replies and outcomes.

use std::borrow::Cow;
use std::ffi::{CString, c_char};

use crate::error::Error;
use crate::journal::EntryVersion;
use crate::money::Fen;
use crate::outcome::{Doubt, Next, Outcome, Reason, Refusal};
use crate::till::Cashier;
use crate::wire::pairs::Pairs;

use super::ffi::{Fail, abi, c, nth, put, seen, text, wanted, wxt_reply};
use super::numbers::{
    WXT_ACCEPTED, WXT_DECLINED, WXT_ORDERED, WXT_PAID_LATE, WXT_TAKEN, WXT_UNKNOWN, wxt_code, wxt_evidence, wxt_next,
    wxt_outcome, wxt_reason,
};

super::ffi::opaque! {
    wxt_reply: Told = 0x5758_0007;
}

/// What a `wxt_reply` holds.
pub(super) struct Told {
    pub(super) outcome: wxt_outcome,
    pub(super) order_number: CString,
    pub(super) entry: EntryVersion,
    pub(super) code: CString,
    pub(super) text: CString,
    pub(super) message: CString,
    pub(super) next: wxt_next,
    pub(super) wait_seconds: i64,
    pub(super) reason: wxt_reason,
    pub(super) evidence: wxt_evidence,
    pub(super) journal_fault: CString,
    pub(super) last: (CString, CString),
    pub(super) cashier: Cashier,
    pub(super) fields: Vec<(CString, CString)>,
}

impl Default for Told {
    fn default() -> Told {
        Told {
            outcome: WXT_UNKNOWN,
            order_number: CString::default(),
            entry: EntryVersion { id: 0, revision: 0 },
            code: CString::default(),
            text: CString::default(),
            message: CString::default(),
            next: wxt_next::WXT_STOP,
            wait_seconds: 0,
            reason: wxt_reason::WXT_REASON_NONE,
            evidence: wxt_evidence::WXT_EVIDENCE_NONE,
            journal_fault: CString::default(),
            last: Default::default(),
            cashier: Cashier::UNKNOWN,
            fields: Vec::new(),
        }
    }
}

pub(super) fn texts<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<(CString, CString)> {
    pairs.map(|(name, value)| (c(name), c(value))).collect()
}

pub(super) fn owned(fields: &[(String, String)]) -> Vec<(CString, CString)> {
    texts(fields.iter().map(|(name, value)| (name.as_str(), value.as_str())))
}

impl Told {
    /// The fields of a reply that is still to be proven.
    pub(super) fn fields_only(pairs: &Pairs) -> Told {
        Told { fields: texts(pairs.iter()), ..Told::default() }
    }

    /// An outcome as the library said it, with its proof.
    pub(super) fn outcome<T>(came: Outcome<T>, proof: impl FnOnce(T, &mut Told)) -> Told {
        let mut told = Told { outcome: outcome_of(&came), cashier: came.cashier(), ..Told::default() };
        match came {
            Outcome::Accepted(proven)
            | Outcome::Ordered(proven)
            | Outcome::Taken(proven)
            | Outcome::PaidLate(proven) => proof(proven, &mut told),
            Outcome::Declined(refusal) => told.refusal(&refusal),
            Outcome::Unknown(doubt) => told.doubt(&doubt),
        }
        told
    }

    fn refusal(&mut self, refusal: &Refusal) {
        self.code = c(&refusal.code);
        self.text = c(&refusal.text);
        self.message = c(&refusal.to_string());
        (self.next, self.wait_seconds) = next(refusal.next);
    }

    pub(super) fn doubt(&mut self, doubt: &Doubt) {
        self.code = c(&doubt.code);
        self.text = c(gateways_words(doubt));
        self.message = c(&doubt.to_string());
        self.reason = reason(doubt.reason);
        self.last = last(doubt);
    }
}

pub(super) fn outcome_of<T>(outcome: &Outcome<T>) -> wxt_outcome {
    match outcome {
        Outcome::Accepted(_) => WXT_ACCEPTED,
        Outcome::Ordered(_) => WXT_ORDERED,
        Outcome::Taken(_) => WXT_TAKEN,
        Outcome::PaidLate(_) => WXT_PAID_LATE,
        Outcome::Declined(_) => WXT_DECLINED,
        Outcome::Unknown(_) => WXT_UNKNOWN,
    }
}

/// The code and the text of what the gateway said last, where a doubt has it.
pub(super) fn last(doubt: &Doubt) -> (CString, CString) {
    doubt.last.as_ref().map(|words| (c(&words.code), c(&words.text))).unwrap_or_default()
}

/// What the gateway itself said. The library's own words of a doubt are constants, or say why nothing could be read.
fn gateways_words(doubt: &Doubt) -> &str {
    match (&doubt.text, doubt.reason) {
        (Cow::Owned(words), Reason::OpenCode | Reason::StaleConnection) => words,
        (Cow::Owned(words), Reason::EarlierAttempt) if !doubt.code.is_empty() => words,
        _ => "",
    }
}

pub(super) fn next(next: Next) -> (wxt_next, i64) {
    match next {
        Next::Stop => (wxt_next::WXT_STOP, 0),
        Next::SameNumber => (wxt_next::WXT_SAME_NUMBER, 0),
        Next::SameNumberLater(wait) => {
            (wxt_next::WXT_SAME_NUMBER_LATER, i64::try_from(wait.as_secs()).unwrap_or(i64::MAX))
        }
        Next::NewNumber => (wxt_next::WXT_NEW_NUMBER, 0),
    }
}

pub(super) fn reason(reason: Reason) -> wxt_reason {
    match reason {
        Reason::Broken => wxt_reason::WXT_REASON_BROKEN,
        Reason::Status => wxt_reason::WXT_REASON_STATUS,
        Reason::Unreadable => wxt_reason::WXT_REASON_UNREADABLE,
        Reason::Unverified => wxt_reason::WXT_REASON_UNVERIFIED,
        Reason::OtherOrder => wxt_reason::WXT_REASON_OTHER_ORDER,
        Reason::OpenCode => wxt_reason::WXT_REASON_OPEN_CODE,
        Reason::EarlierAttempt => wxt_reason::WXT_REASON_EARLIER_ATTEMPT,
        Reason::StaleConnection => wxt_reason::WXT_REASON_STALE_CONNECTION,
        Reason::Panic => wxt_reason::WXT_REASON_PANIC,
        Reason::Journal => wxt_reason::WXT_REASON_JOURNAL,
        Reason::ForAPerson => wxt_reason::WXT_REASON_FOR_A_PERSON,
        Reason::NoAccount => wxt_reason::WXT_REASON_NO_ACCOUNT,
        Reason::NotPaidYet => wxt_reason::WXT_REASON_NOT_PAID_YET,
        Reason::Unconfirmed => wxt_reason::WXT_REASON_UNCONFIRMED,
        Reason::CustomerPaying => wxt_reason::WXT_REASON_CUSTOMER_PAYING,
        Reason::Reversing => wxt_reason::WXT_REASON_REVERSING,
        Reason::NeedsReversal => wxt_reason::WXT_REASON_NEEDS_REVERSAL,
    }
}

abi! {
    /// The outcome. NULL: WXT_UNKNOWN.
    get wxt_reply_outcome(reply: wxt_reply) -> wxt_outcome = WXT_UNKNOWN, |told| told.outcome;

    /// The order number, or "" where it is not known. Never NULL, as all texts of a reply; it lives as long as the reply.
    get wxt_reply_order_number(reply: wxt_reply) -> *const c_char = c"".as_ptr(), |told| told.order_number.as_ptr();

    /// The entry in the till's journal, or 0. Acknowledge it after acting.
    get wxt_reply_entry(reply: wxt_reply) -> i64 = 0, |told| told.entry.id;

    /// The entry's revision, as this reply tells it: `wxt_till_acknowledge` wants it.
    get wxt_reply_revision(reply: wxt_reply) -> i64 = 0, |told| told.entry.revision;

    /// The gateway's code: "NOTENOUGH", or "" where it gave none.
    get wxt_reply_code(reply: wxt_reply) -> *const c_char = c"".as_ptr(), |told| told.code.as_ptr();

    /// The gateway's own words, usually Chinese, or "" where it said none. Show them; never branch on them.
    get wxt_reply_text(reply: wxt_reply) -> *const c_char = c"".as_ptr(), |told| told.text.as_ptr();

    /// One line for a log: why it was refused, or why it is not known. "" when accepted, ordered or paid late.
    get wxt_reply_message(reply: wxt_reply) -> *const c_char = c"".as_ptr(), |told| told.message.as_ptr();

    /// Where it is not known: the code of what the gateway said last of this order, in whatever attempt, answer or process. "" where
    /// that is `wxt_reply_code`, or it said nothing.
    get wxt_reply_last_code(reply: wxt_reply) -> *const c_char = c"".as_ptr(), |told| told.last.0.as_ptr();

    /// The words that go with it, usually Chinese.
    get wxt_reply_last_text(reply: wxt_reply) -> *const c_char = c"".as_ptr(), |told| told.last.1.as_ptr();

    /// What is allowed after a refusal.
    get wxt_reply_next(reply: wxt_reply) -> wxt_next = wxt_next::WXT_STOP, |told| told.next;

    /// How long to wait, where the next step is WXT_SAME_NUMBER_LATER.
    get wxt_reply_wait_seconds(reply: wxt_reply) -> i64 = 0, |told| told.wait_seconds;

    /// Why the outcome is not known.
    get wxt_reply_reason(reply: wxt_reply) -> wxt_reason = wxt_reason::WXT_REASON_NONE, |told| told.reason;

    /// How it was proven.
    get wxt_reply_evidence(reply: wxt_reply) -> wxt_evidence = wxt_evidence::WXT_EVIDENCE_NONE, |told| told.evidence;

    /// What the journal could not write after the payment was made, or "". The outcome counts all the same; the entry is still
    /// open and is resolved again by the next pay or recover.
    get wxt_reply_journal_fault(reply: wxt_reply) -> *const c_char = c"".as_ptr(), |told| told.journal_fault.as_ptr();

    /// A field of the reply by the name that the document gives it: "payment_no", "send_listid", "mweb_url". NULL where the
    /// reply does not have it.
    get wxt_reply_get(reply: wxt_reply, name: *const c_char) -> *const c_char =
        std::ptr::null(), |told| found(&told.fields, text(name, "name").unwrap_or_default());
}

pub(super) fn found(fields: &[(CString, CString)], name: &str) -> *const c_char {
    let field = fields.iter().find(|(have, _)| have.as_bytes() == name.as_bytes());
    field.map_or(std::ptr::null(), |(_, value)| value.as_ptr())
}

abi! {
    /// A field that is an amount, in fen. WXT_FAILED: it is not there, or is no number of fen; `fen` is then not written.
    call wxt_reply_get_fen(reply: *const wxt_reply, name: *const c_char, fen: *mut i64) {
        let (told, name) = (seen(reply, "reply")?, text(name, "name")?);
        wanted(fen, "fen")?;
        let field = told.fields.iter().find(|(have, _)| have.as_bytes() == name.as_bytes());
        let amount = field.and_then(|(_, value)| value.to_str().ok()).and_then(Fen::read);
        let words = "is not in the reply, or is no number of fen";
        put(fen, i64::from(amount.ok_or_else(|| Fail::Failed(Error::field(String::from(name), words)))?.get()));
    }

    /// How many fields the reply has.
    get wxt_reply_count(reply: wxt_reply) -> usize = 0, |told| told.fields.len();

    /// The name of a field by its place, from 0. NULL from `wxt_reply_count` on.
    get wxt_reply_name(reply: wxt_reply, at: usize) -> *const c_char =
        std::ptr::null(), |told| nth(&told.fields, at, |field| &field.0);

    /// Its value.
    get wxt_reply_value(reply: wxt_reply, at: usize) -> *const c_char =
        std::ptr::null(), |told| nth(&told.fields, at, |field| &field.1);

    /// Frees a reply and every text taken from it. NULL is nothing to free.
    free wxt_reply_free(reply: wxt_reply);
}
