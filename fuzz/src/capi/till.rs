//! The calls of a till, on a journal in a file. An intent that was told as accepted stays so under its number, whatever is called, and over a restart; no
//! number is told twice; nothing is accepted that no transport was asked about; and what the journal was before it reads afterwards.

use std::collections::BTreeMap;
use std::ffi::{CString, c_char, c_void};
use std::ptr::{null, null_mut};

use super::{DONE, Error, H, Handles, Kind, Text, asked, keeps_reply, pointer, text, told, wxt_reply_order_number};
use crate::shop::Folder;
use crate::tape::Tape;

type Each = extern "C" fn(H, *const c_void);

// As include/wxpay_terminal.h has them.
unsafe extern "C" {
    fn wxt_till_open(path: Text, terminal: i32, device_info: Text, till: *mut H, error: Error) -> i32;
    fn wxt_till_add(till: H, account: H, transport: H, deadline_ms: i64, error: Error) -> i32;
    pub(super) fn wxt_till_free(till: H);
    fn wxt_till_pay(
        till: H,
        intent: Text,
        request: H,
        options: H,
        outcome: *mut i32,
        reply: *mut H,
        error: Error,
    ) -> i32;
    fn wxt_till_order(
        till: H,
        intent: Text,
        request: H,
        options: H,
        outcome: *mut i32,
        reply: *mut H,
        error: Error,
    ) -> i32;
    fn wxt_till_refund(
        till: H,
        intent: Text,
        request: H,
        options: H,
        outcome: *mut i32,
        reply: *mut H,
        error: Error,
    ) -> i32;
    fn wxt_till_payment_of(till: H, number: Text, options: H, outcome: *mut i32, reply: *mut H, error: Error) -> i32;
    fn wxt_till_recover(till: H, options: H, each: Option<Each>, context: H, error: Error) -> i32;
    fn wxt_till_entries_of(till: H, intent: Text, each: Option<Each>, context: H, error: Error) -> i32;
    fn wxt_till_unacknowledged(till: H, each: Option<Each>, context: H, error: Error) -> i32;
    fn wxt_till_acknowledge(till: H, entry: i64, revision: i64, error: Error) -> i32;
    fn wxt_till_settle_by_hand(till: H, entry: i64, finding: i32, name: Text, reason: Text, error: Error) -> i32;
    fn wxt_till_allow_again(till: H, entry: i64, name: Text, reason: Text, error: Error) -> i32;
    fn wxt_till_prune(till: H, older_than_seconds: i64, removed: *mut u32, error: Error) -> i32;
    fn wxt_till_keep(till: H, older_than_seconds: i64, error: Error) -> i32;
    fn wxt_till_summary(
        till: H,
        from: i64,
        until: i64,
        each: Option<extern "C" fn(H, Text, Text, u64, u64)>,
        context: H,
        error: Error,
    ) -> i32;
    fn wxt_journal_verify(path: Text, terminal: i32, device_info: Text, past: *mut u64, error: Error) -> i32;
    fn wxt_entry_id(entry: *const c_void) -> i64;
    fn wxt_entry_revision(entry: *const c_void) -> i64;
    fn wxt_entry_outcome(entry: *const c_void) -> i32;
    fn wxt_entry_state_of(entry: *const c_void) -> i32;
    fn wxt_entry_intent(entry: *const c_void) -> Text;
    fn wxt_entry_order_number(entry: *const c_void) -> Text;
    fn wxt_entry_get(entry: *const c_void, name: Text) -> Text;
    fn wxt_entry_sent(entry: *const c_void, name: Text) -> Text;
    fn wxt_options_new(options: *mut H, error: Error) -> i32;
    fn wxt_options_set_patience(options: H, patience_ms: i64, error: Error) -> i32;
    pub(super) fn wxt_options_free(options: H);
}

const ACCEPTED: i32 = 1;
const DEVICE: *const c_char = c"013467007045764".as_ptr();
const INTENTS: &[&str] = &["prize 1", "prize 2", "奖品", ""];

/// What was told of the intents of one journal.
pub struct Books {
    folder: Folder,
    accepted: BTreeMap<String, String>,
    /// How often a transport had been asked by then.
    asked: u32,
    /// Id and revision of each entry that was seen.
    seen: Vec<(i64, i64)>,
}

impl Books {
    pub fn new() -> Books {
        Books { folder: Folder::new(), accepted: BTreeMap::new(), asked: asked(), seen: Vec::new() }
    }

    fn path(&self) -> CString {
        CString::new(self.folder.path().to_str().expect("UTF-8")).expect("no NUL")
    }

    /// Accepted once is accepted for ever, under that number.
    fn accepts(&mut self, intent: &str, number: String) {
        assert!(!number.is_empty(), "{intent} is accepted without a number");
        let others = self.accepted.iter().find(|(other, have)| **have == number && other.as_str() != intent);
        assert!(others.is_none(), "{number} is {intent}'s and {others:?}'s");
        let had = self.accepted.entry(intent.into()).or_insert(number.clone());
        assert_eq!(*had, number, "{intent} is accepted under two numbers");
    }

    /// Whether it is as it was stored. Only while no till has it open.
    pub fn is_whole(&self) {
        let (path, mut past, mut error) = (self.path(), 0, null_mut());
        // SAFETY: texts end with NUL, outputs are there.
        let code = unsafe { wxt_journal_verify(path.as_ptr(), 7, DEVICE, &mut past, &mut error) };
        assert!(code == DONE && error.is_null(), "the journal is not whole: {code}");
    }
}

/// Each entry that is told.
extern "C" fn each(context: H, entry: *const c_void) {
    // SAFETY: the context is the books that the call was given, and the entry is lent until this returns.
    let books = unsafe { &mut *context.cast::<Books>() };
    // SAFETY: as above.
    let (intent, number, outcome, state) = unsafe {
        let _ =
            (told(wxt_entry_get(entry, c"send_listid".as_ptr())), told(wxt_entry_sent(entry, c"re_openid".as_ptr())));
        books.seen.push((wxt_entry_id(entry), wxt_entry_revision(entry)));
        (
            told(wxt_entry_intent(entry)),
            told(wxt_entry_order_number(entry)),
            wxt_entry_outcome(entry),
            wxt_entry_state_of(entry),
        )
    };
    assert!((0..=5).contains(&outcome) && (0..=11).contains(&state), "no outcome or state: {outcome} {state}");
    // What a person called paid is no more than a person's word.
    if outcome == ACCEPTED && state == ACCEPTED {
        books.accepts(&intent, number);
    }
}

extern "C" fn row(context: H, call: Text, outcome: Text, count: u64, fen: u64) {
    assert!(context.is_null() && !told(call).is_empty() && !told(outcome).is_empty() && count > 0 && fen > 0);
}

/// A till with the account and the transport that are there, and options that wait for nothing.
pub fn ready(handles: &mut Handles, books: &mut Books, tape: &mut Tape<'_>) {
    let (path, mut till, mut options, mut error) = (books.path(), null_mut(), null_mut(), null_mut());
    let (account, transport) = (handles.any(Kind::Account, tape), handles.any(Kind::Transport, tape));
    // SAFETY: texts end with NUL, outputs are there, and every handle lives, is NULL, or is of another kind.
    unsafe {
        let code = wxt_till_open(path.as_ptr(), 7, DEVICE, &mut till, &mut error);
        handles.made(Kind::Till, code, till, error);
        let mut error = null_mut();
        let code = wxt_till_add(till, account, transport, 0, &mut error);
        handles.judged(code, error);
        let mut error = null_mut();
        let code = wxt_options_new(&mut options, &mut error);
        handles.made(Kind::Options, code, options, error);
        assert_eq!(wxt_options_set_patience(options, 0, null_mut()), DONE);
    }
}

pub fn step(handles: &mut Handles, books: &mut Books, tape: &mut Tape<'_>) -> String {
    let (till, request) = (handles.any(Kind::Till, tape), handles.any(Kind::Request, tape));
    // Never NULL: that would wait as long as a cashier does.
    let Some(options) = handles.first(Kind::Options) else {
        ready(handles, books, tape);
        return "ready ".into();
    };
    let intent = text(tape, INTENTS);
    let known = intent.as_ref().and_then(|intent| Some(intent.to_str().ok()?.to_owned())).unwrap_or_default();
    let (mut error, mut out, mut outcome) = (null_mut(), null_mut(), 1);
    let context: H = std::ptr::from_mut(books).cast();
    let (id, revision) = match tape.one_in(4) || books.seen.is_empty() {
        true => (i64::from(tape.byte()) - 3, i64::from(tape.byte()) - 3),
        false => books.seen[tape.below(books.seen.len())],
    };
    let which = tape.below(15);
    if which == 14 {
        // It is open already, or was closed.
        ready(handles, books, tape);
        return "again ".into();
    }
    // SAFETY: texts end with NUL, outputs are there, every handle lives, is NULL, or is of another kind; the books outlive the call.
    let code = unsafe {
        match which {
            0..=4 => {
                let pays = match which {
                    0..=2 => wxt_till_pay,
                    3 => wxt_till_order,
                    _ => wxt_till_refund,
                };
                pays(till, pointer(&intent), request, options, &mut outcome, &mut out, &mut error)
            }
            5 => wxt_till_payment_of(till, pointer(&intent), options, &mut outcome, &mut out, &mut error),
            6 => wxt_till_recover(till, options, tape.flag().then_some(each as Each), context, &mut error),
            7 => wxt_till_entries_of(till, pointer(&intent), Some(each), context, &mut error),
            8 => wxt_till_unacknowledged(till, Some(each), context, &mut error),
            9 => wxt_till_acknowledge(till, id, revision, &mut error),
            10 => {
                let mut removed = 7;
                let code = wxt_till_prune(till, i64::from(tape.byte()) - 1, &mut removed, &mut error);
                assert!(code == DONE || removed == 7, "an output of what was not done");
                code
            }
            11 => wxt_till_keep(till, i64::from(tape.number()) - 1, &mut error),
            12 => wxt_till_summary(till, tape.long() as i64, i64::MAX, Some(row), null_mut(), &mut error),
            _ => match tape.flag() {
                true => {
                    wxt_till_settle_by_hand(till, id, i32::from(tape.byte() % 4), c"Wang".as_ptr(), null(), &mut error)
                }
                false => wxt_till_allow_again(till, id, c"Wang".as_ptr(), c"seen".as_ptr(), &mut error),
            },
        }
    };
    let done = handles.judged(code, error);
    assert!(!done || handles.is(Kind::Till, till), "done in what is no till");
    if which <= 5 {
        assert!((0..=5).contains(&outcome) && (done || outcome == 0), "code {code} with outcome {outcome}");
    }
    if which <= 2 && outcome == ACCEPTED {
        assert!(asked() > books.asked, "accepted from nothing");
        // SAFETY: it was just made.
        books.accepts(&known, told(unsafe { wxt_reply_order_number(out) }));
    }
    keeps_reply(handles, out, None);
    format!("{which}:{code} ")
}
