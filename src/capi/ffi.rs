//! Handles, pointers, texts, errors and the panic boundary: what is unsafe and general.

use std::ffi::{CString, c_char, c_void};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::journal::{JournalFault, JournalFaultKind};
use crate::process::ELSEWHERE;
use crate::till::Cashier;

use super::numbers::{
    WXT_BAD_ARGUMENT, WXT_DONE, WXT_FAILED, WXT_LONGEST_BYTES, WXT_LONGEST_TEXT, WXT_NOT_SENT, WXT_PANICKED, wxt_code,
    wxt_error_kind,
};

/// Why a call failed. Immutable: any thread may read it. Free it with `wxt_error_free`.
pub struct wxt_error(());
/// The fields of one call, set by name. One thread at a time changes it; calls that only read it may share it.
pub struct wxt_request(());
/// Who pays, with which keys, at which host. One thread at a time changes it. May be freed once clients and tills are made.
pub struct wxt_account(());
/// How bytes reach gateways. Any thread may use it through its clients. May be freed once clients and tills are made.
pub struct wxt_transport(());
/// Makes the calls of one account. Any number of threads may use one at once.
pub struct wxt_client(());
/// A payment that was checked and signed, and remembers its attempts. Sends of one prepared payment wait for each other.
pub struct wxt_prepared(());
/// What came of a payment or a question. Immutable: any thread may read it. Its texts live as long as it does.
pub struct wxt_reply(());
/// What a check found. Immutable.
pub struct wxt_report(());
/// What is wrong with a signature. Immutable.
pub struct wxt_explanation(());
/// A payment notification whose signature is good. One thread at a time.
pub struct wxt_notification(());
/// A cash desk: one journal, any number of accounts. Any number of threads may use one at once, once its accounts are added.
pub struct wxt_till(());
/// One payment in the journal. Lent to a callback; it ends when the callback returns.
pub struct wxt_entry(());
/// How one call of a till goes about it. One thread at a time changes it; calls that only read it may share it.
pub struct wxt_options(());
/// Ends waiting from another thread. Any thread may use it at any time until it is freed.
pub struct wxt_cancel(());
/// A reply as it came, for a reader of yours. Lent to a callback; it ends when the callback returns.
pub struct wxt_raw(());
/// Where a transport of yours puts a reply, or why there is none. Lent to a callback; it ends when the callback returns.
pub struct wxt_received(());

/// One request on its way out, for a transport of yours. Lent: it ends when the callback returns.
#[repr(C)]
pub struct wxt_post {
    /// Always `https://`.
    pub url: *const c_char,
    /// The `Content-Type` header.
    pub content_type: *const c_char,
    /// The body. It holds signatures and personal data: do not log it.
    pub body: *const u8,
    /// Its length in bytes.
    pub body_length: usize,
    /// The longest body of a reply, in bytes.
    pub reply_limit: usize,
    /// The deadline for everything, in milliseconds.
    pub within_ms: i64,
    /// The deadline for name resolution, connect and TLS, in milliseconds. Shorter where a second host waits.
    pub connect_within_ms: i64,
    /// 1 when a connection that carried another exchange must not be used.
    pub own_connection: i32,
}

/// Where a call of a till is. Lent: it ends when the callback returns.
#[repr(C)]
pub struct wxt_progress {
    /// Your own name for what is being paid.
    pub intent: *const c_char,
    /// The order number. "" before there is one.
    pub order_number: *const c_char,
    /// How long it still waits, in milliseconds, where it waits.
    pub left_ms: i64,
    /// What is done now: one of `wxt_phase`.
    pub phase: i32,
}

/// One thing that differs between the journal and a bill. Lent: it ends when the callback returns.
#[repr(C)]
pub struct wxt_difference {
    /// For the bookkeeper, in Chinese, with both sides.
    pub zh: *const c_char,
    /// In English.
    pub en: *const c_char,
    /// The journal's side. NULL: it has none.
    pub entry: *const wxt_entry,
    /// 商户订单号 of the bill's row. "" where there is no row.
    pub order_number: *const c_char,
    /// 商户退款单号 of the row. "" where it is no refund.
    pub refund_number: *const c_char,
    /// 交易状态 of the row: SUCCESS, REFUND, REVOKED.
    pub trade_state: *const c_char,
    /// What the row is about, in fen. 0 where there is no row.
    pub fen: i64,
    /// The line of the bill, its header is 1. 0 where there is none.
    pub line: u32,
    /// One of `wxt_difference_kind`.
    pub kind: i32,
}

/// What a day came to.
#[repr(C)]
pub struct wxt_reconciled {
    /// Rows of the day's bill.
    pub rows: u32,
    /// Rows of other terminals, other appids or other systems: counted, not compared.
    pub foreign: u32,
    /// Payments that both have.
    pub agrees: u32,
    /// Payments that were reversed, or given back, in both.
    pub reversed_agrees: u32,
    /// Refunds that both have.
    pub refund_agrees: u32,
    /// What only the next day's bill can say, which was not given.
    pub waits: u32,
    /// How many findings were told.
    pub findings: u32,
}

/// One signed field, for `wxt_explain`: raw bytes, because a value that is not UTF-8 is one of the things that go wrong.
#[repr(C)]
pub struct wxt_field {
    /// NUL-terminated.
    pub name: *const c_char,
    /// The value's bytes.
    pub value: *const u8,
    /// How many.
    pub length: usize,
}

/// Carries one POST to one gateway, once: at most once, no retries, no redirects, the server's certificate and name
/// checked, within `post->within_ms`. Returns one of `wxt_sent`. Called from any thread that pays, also from several at
/// once. It must not throw a C++ exception, nor longjmp.
pub type wxt_post_callback =
    Option<unsafe extern "C" fn(context: *mut c_void, post: *const wxt_post, received: *mut wxt_received) -> i32>;
/// Closes the idle connections to the host of this URL: a late duplicate of a reply must not meet the next request.
pub type wxt_forget_callback = Option<unsafe extern "C" fn(context: *mut c_void, url: *const c_char)>;
/// Connects and shakes hands without sending a request, for `wxt_client_check`. Returns one of `wxt_sent`: WXT_ANSWERED
/// when the server was reached; otherwise `wxt_received_fail` says how far it came.
pub type wxt_reach_callback = Option<
    unsafe extern "C" fn(context: *mut c_void, url: *const c_char, within_ms: i64, received: *mut wxt_received) -> i32,
>;
/// Makes a connection to the host of this URL for the next `post`, and sends nothing over it. `where_to` is one of `wxt_warm`: in the background, or before
/// it returns; a transport that can only do one of them does that. Returns one of `wxt_sent`, as `wxt_reach_callback`.
pub type wxt_warm_callback = Option<
    unsafe extern "C" fn(
        context: *mut c_void,
        url: *const c_char,
        within_ms: i64,
        where_to: i32,
        received: *mut wxt_received,
    ) -> i32,
>;
/// The last use of a context: nothing calls with it any more.
pub type wxt_release_callback = Option<unsafe extern "C" fn(context: *mut c_void)>;
/// Verifies a reply by your operator's own rule. The reply's fields are read with `wxt_reply_get`; it is lent. Returns one
/// of `wxt_proof`. Called from any thread that pays, also from several at once.
pub type wxt_proof_callback = Option<unsafe extern "C" fn(context: *mut c_void, reply: *const wxt_reply) -> i32>;
/// Reads a reply that is no flat JSON object in UTF-8: its bytes (`wxt_raw_body`), its Content-Type (`wxt_raw_content_type`). Adds
/// each field with `wxt_raw_add`, in UTF-8. Returns one of `wxt_reading`. Called from any thread that pays, also from several
/// at once.
pub type wxt_read_callback = Option<unsafe extern "C" fn(context: *mut c_void, raw: *mut wxt_raw) -> i32>;
/// Called once for each entry, which is lent. It may call the till, for example to acknowledge the entry.
pub type wxt_entry_callback = Option<unsafe extern "C" fn(context: *mut c_void, entry: *const wxt_entry)>;
/// Called once for each thing that differs, the worst first. It may call the till.
pub type wxt_difference_callback =
    Option<unsafe extern "C" fn(context: *mut c_void, difference: *const wxt_difference)>;
/// Called once for each row of sums.
pub type wxt_summary_callback = Option<
    unsafe extern "C" fn(context: *mut c_void, call: *const c_char, outcome: *const c_char, count: u64, fen: u64),
>;
/// Told where a call of a till is, on the thread that called it: before each step, and about once a second while it waits.
pub type wxt_progress_callback = Option<unsafe extern "C" fn(context: *mut c_void, progress: *const wxt_progress)>;
/// Stores a payment durably and returns one of `wxt_recorded`. The reply holds the notification's fields; it is lent.
pub type wxt_record_callback = Option<unsafe extern "C" fn(context: *mut c_void, paid: *const wxt_reply) -> i32>;

/// A pointer that C holds is one of these. The magic word comes first, so it can be read whatever the handle is.
#[repr(C)]
struct Handle<T> {
    magic: AtomicU32,
    /// The number of the process that made it. Asked before any lock behind it.
    process: u32,
    /// Lent to a callback: the borrower cannot free it.
    lent: bool,
    state: T,
}

/// The magic word of a handle that was freed, as long as its memory is not used again.
const DEAD: u32 = 0x5758_dead;

/// A handle's type in the header, and what is behind it.
pub(super) trait Opaque {
    type State;
    const MAGIC: u32;
    /// Whether it serves only the process that made it: all but the words of an error.
    const BOUND: bool = true;
}

impl Opaque for wxt_error {
    type State = Failure;
    const MAGIC: u32 = 0x5758_0001;
    const BOUND: bool = false;
}

/// What a handle holds, said in the file of its object. Each has another magic word.
macro_rules! opaque {
    ($($handle:ident: $state:ty = $magic:literal;)*) => {
        $(impl $crate::capi::ffi::Opaque for $handle {
            type State = $state;
            const MAGIC: u32 = $magic;
        })*
    };
}

pub(super) use opaque;

/// The shape of the exported functions, said once. `ci/header` reads the same words for the header.
///
/// - `call f(args) { … }`: returns a `wxt_code`; a last argument `error` is added. No panic leaves it, and what went wrong becomes a
///   code and a `wxt_error`. `clears (outcome, value, reply)` or `clears reply` is done before anything is looked at.
/// - `tell f(args) { … }`: the same without an `error`, for what a callback calls.
/// - `get f(handle: kind, args) -> type = otherwise, |state| …;`: reads from a handle that may be NULL or wrong.
/// - `free f(handle: kind);`: ends a handle.
///
/// All bodies are unsafe code under the header's contract (capi/mod.rs).
macro_rules! abi {
    () => {};
    ($(#[$doc:meta])* call $name:ident($($arg:ident: $type:ty),*) $body:block $($rest:tt)*) => {
        $crate::capi::ffi::abi! { @call $(#[$doc])* $name($($arg: $type,)*) {} $body }
        $crate::capi::ffi::abi! { $($rest)* }
    };
    ($(#[$doc:meta])* call $name:ident($($arg:ident: $type:ty),*) clears ($out:ident, $value:expr, $reply:ident) $body:block
        $($rest:tt)*) => {
        $crate::capi::ffi::abi! {
            @call $(#[$doc])* $name($($arg: $type,)*) { $crate::capi::ffi::clear($out, $value, $reply); } $body
        }
        $crate::capi::ffi::abi! { $($rest)* }
    };
    ($(#[$doc:meta])* call $name:ident($($arg:ident: $type:ty),*) clears $out:ident $body:block $($rest:tt)*) => {
        $crate::capi::ffi::abi! {
            @call $(#[$doc])* $name($($arg: $type,)*) { $crate::capi::ffi::put($out, std::ptr::null_mut()); } $body
        }
        $crate::capi::ffi::abi! { $($rest)* }
    };
    (@call $(#[$doc:meta])* $name:ident($($arg:ident: $type:ty,)*) { $($clears:tt)* } $body:block) => {
        $(#[$doc])*
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($($arg: $type,)* error: *mut *mut $crate::capi::ffi::wxt_error) -> wxt_code {
            unsafe {
                $($clears)*
                $crate::capi::ffi::run(error, || {
                    $body
                    Ok(())
                })
            }
        }
    };
    ($(#[$doc:meta])* tell $name:ident($($arg:ident: $type:ty),*) $body:block $($rest:tt)*) => {
        $(#[$doc])*
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($($arg: $type),*) -> wxt_code {
            unsafe {
                $crate::capi::ffi::run(std::ptr::null_mut(), || {
                    $body
                    Ok(())
                })
            }
        }
        $crate::capi::ffi::abi! { $($rest)* }
    };
    ($(#[$doc:meta])* get $name:ident($handle:ident: $kind:ty $(, $arg:ident: $type:ty)*) -> $out:ty =
        $otherwise:expr, $read:expr; $($rest:tt)*) => {
        $(#[$doc])*
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($handle: *const $kind $(, $arg: $type)*) -> $out {
            unsafe { $crate::capi::ffi::peek($handle, $otherwise, $read) }
        }
        $crate::capi::ffi::abi! { $($rest)* }
    };
    ($(#[$doc:meta])* free $name:ident($handle:ident: $kind:ty); $($rest:tt)*) => {
        $(#[$doc])*
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($handle: *mut $kind) {
            unsafe { $crate::capi::ffi::free($handle) }
        }
        $crate::capi::ffi::abi! { $($rest)* }
    };
}

pub(super) use abi;

pub(super) fn handle<H: Opaque>(state: H::State) -> *mut H {
    made::<H>(state, false)
}

pub(super) fn made<H: Opaque>(state: H::State, lent: bool) -> *mut H {
    let (magic, process) = (AtomicU32::new(H::MAGIC), std::process::id());
    Box::into_raw(Box::new(Handle { magic, process, lent, state })).cast()
}

/// Why a call failed, on its way to a code and a `wxt_error`.
pub(super) enum Fail {
    Argument(&'static str, &'static str),
    /// A name that is not known; it is not repeated.
    Unknown(String),
    /// A handle from before a fork.
    Elsewhere(&'static str),
    /// Nothing was sent. What was sent before is another matter.
    NotSent(Error),
    /// A payment was not sent, and nothing of it is open.
    NotPaid(Error),
    Failed(Error),
    Journal(JournalFault),
    Notification(&'static str),
    /// A bill, in words.
    Bill(String),
}

pub(super) type Done<T = ()> = Result<T, Fail>;

impl From<JournalFault> for Fail {
    fn from(fault: JournalFault) -> Fail {
        Fail::Journal(fault)
    }
}

/// What a `wxt_error` holds.
pub(super) struct Failure {
    pub(super) kind: wxt_error_kind,
    pub(super) field: CString,
    pub(super) message: CString,
    pub(super) cashier: Cashier,
}

impl Failure {
    fn new(kind: wxt_error_kind, field: &str, message: &str) -> Failure {
        Failure { kind, field: c(field), message: c(message), cashier: Cashier::FAULT }
    }

    fn of(error: &Error) -> Failure {
        Failure::new(error_kind(error.kind()), error.field_name(), &error.to_string())
    }

    fn panicked() -> Failure {
        let words = "a panic was caught: what was being done is not known";
        Failure { cashier: Cashier::UNKNOWN, ..Failure::new(wxt_error_kind::WXT_ERROR_PANIC, "", words) }
    }
}

impl Fail {
    fn code(&self) -> wxt_code {
        match self {
            Fail::Argument(..) | Fail::Unknown(_) => WXT_BAD_ARGUMENT,
            Fail::NotSent(_) | Fail::NotPaid(_) | Fail::Elsewhere(_) => WXT_NOT_SENT,
            Fail::Failed(_) | Fail::Journal(_) | Fail::Notification(_) | Fail::Bill(_) => WXT_FAILED,
        }
    }

    fn failure(&self) -> Failure {
        match self {
            Fail::Argument(name, rule) => {
                Failure::new(wxt_error_kind::WXT_ERROR_ARGUMENT, name, &[name, ": ", rule].concat())
            }
            Fail::Unknown(rule) => {
                Failure::new(wxt_error_kind::WXT_ERROR_ARGUMENT, "name", &["name: ", rule.as_str()].concat())
            }
            Fail::Elsewhere(name) => {
                Failure::new(wxt_error_kind::WXT_ERROR_PROCESS, name, &[name, ": ", ELSEWHERE].concat())
            }
            Fail::NotPaid(error) => Failure { cashier: error.cashier(), ..Failure::of(error) },
            Fail::NotSent(error) => Failure { cashier: Cashier::UNKNOWN, ..Failure::of(error) },
            Fail::Failed(error) => Failure::of(error),
            Fail::Journal(fault) => Failure::new(journal_kind(fault.kind()), "journal", &fault.to_string()),
            Fail::Bill(words) => Failure::new(wxt_error_kind::WXT_ERROR_BILL, "bill", words),
            Fail::Notification(reason) => {
                let message = ["notification refused: ", reason].concat();
                Failure::new(wxt_error_kind::WXT_ERROR_NOTIFICATION, "notification", &message)
            }
        }
    }
}

fn error_kind(kind: ErrorKind) -> wxt_error_kind {
    match kind {
        ErrorKind::Field => wxt_error_kind::WXT_ERROR_FIELD,
        ErrorKind::Setting => wxt_error_kind::WXT_ERROR_SETTING,
        ErrorKind::Identity => wxt_error_kind::WXT_ERROR_IDENTITY,
        ErrorKind::Connect => wxt_error_kind::WXT_ERROR_CONNECT,
        ErrorKind::System => wxt_error_kind::WXT_ERROR_SYSTEM,
        ErrorKind::Journal => wxt_error_kind::WXT_ERROR_JOURNAL,
        ErrorKind::Process => wxt_error_kind::WXT_ERROR_PROCESS,
    }
}

fn journal_kind(kind: JournalFaultKind) -> wxt_error_kind {
    match kind {
        JournalFaultKind::Storage => wxt_error_kind::WXT_ERROR_JOURNAL_STORAGE,
        JournalFaultKind::Busy => wxt_error_kind::WXT_ERROR_JOURNAL_BUSY,
        JournalFaultKind::Damaged => wxt_error_kind::WXT_ERROR_JOURNAL_DAMAGED,
        JournalFaultKind::Foreign => wxt_error_kind::WXT_ERROR_JOURNAL_FOREIGN,
        JournalFaultKind::Newer => wxt_error_kind::WXT_ERROR_JOURNAL_NEWER,
        JournalFaultKind::Refused => wxt_error_kind::WXT_ERROR_JOURNAL_REFUSED,
        JournalFaultKind::Number => wxt_error_kind::WXT_ERROR_JOURNAL_NUMBER,
        JournalFaultKind::Process => wxt_error_kind::WXT_ERROR_PROCESS,
    }
}

/// A text for C. A NUL inside, which only a hostile reply could hold, becomes a blank.
pub(super) fn c(text: &str) -> CString {
    CString::new(text.replace('\0', " ")).unwrap_or_default()
}

pub(super) fn locked<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The words of a thread's last call, for `wxt_error_message(NULL)`. Nothing to drop: a thread may end after the library was
/// unloaded.
pub(super) struct LastWords(std::cell::UnsafeCell<[u8; 512]>);

thread_local! {
    pub(super) static LAST: LastWords = const { LastWords(std::cell::UnsafeCell::new([0; 512])) };
}

impl LastWords {
    pub(super) fn pointer(&self) -> *const c_char {
        self.0.get().cast_const().cast()
    }

    /// Cut before a character that does not fit.
    fn say(&self, words: &[u8]) {
        // SAFETY: of this thread alone, and no other borrow lives: C has a pointer, which ends with this call.
        let place = unsafe { &mut *self.0.get() };
        let words = String::from_utf8_lossy(words);
        let fitting =
            words.char_indices().map(|(at, c)| at.saturating_add(c.len_utf8())).take_while(|end| *end < 512).last();
        let kept = words.as_bytes().get(..fitting.unwrap_or(0)).unwrap_or_default();
        place.iter_mut().zip(kept.iter().copied().chain([0])).for_each(|(to, from)| *to = from);
    }
}

/// Runs one call: no panic leaves it, and what went wrong becomes a code and a `wxt_error`.
///
/// # Safety
///
/// `error` is NULL or may be written.
pub(super) unsafe fn run(error: *mut *mut wxt_error, call: impl FnOnce() -> Done) -> wxt_code {
    let (code, failure) = match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(())) => (WXT_DONE, None),
        Ok(Err(fail)) => (fail.code(), Some(fail.failure())),
        Err(_) => (WXT_PANICKED, Some(Failure::panicked())),
    };
    LAST.with(|last| last.say(failure.as_ref().map_or(&[], |failure| failure.message.as_bytes())));
    if !error.is_null() && error.is_aligned() {
        // SAFETY: the caller's.
        unsafe { error.write(failure.map_or(std::ptr::null_mut(), handle::<wxt_error>)) };
    }
    code
}

/// Reads from a handle that may be NULL or wrong: then, and after a panic, `otherwise`.
///
/// # Safety
///
/// As [`seen`].
pub(super) unsafe fn peek<'a, H: Opaque, T>(handle: *const H, otherwise: T, read: impl FnOnce(&'a H::State) -> T) -> T
where
    H::State: 'a,
{
    // SAFETY: the caller's.
    let state = unsafe { seen(handle, "") };
    let read = || state.ok().map(read);
    catch_unwind(AssertUnwindSafe(read)).ok().flatten().unwrap_or(otherwise)
}

/// What is behind a handle.
///
/// # Safety
///
/// `handle` is NULL or points to a living handle of any kind, which nobody frees while the borrow lasts.
pub(super) unsafe fn seen<'a, H: Opaque>(handle: *const H, name: &'static str) -> Done<&'a H::State>
where
    H::State: 'a,
{
    let handle = handle.cast::<Handle<H::State>>();
    if handle.is_null() {
        return Err(Fail::Argument(name, "is NULL"));
    }
    if !handle.is_aligned() {
        return Err(Fail::Argument(name, "is no handle"));
    }
    // SAFETY: not NULL, aligned, and by the contract the magic word of some handle. Only that word is read before the
    // kind is known.
    let magic = unsafe { (*std::ptr::addr_of!((*handle).magic)).load(Ordering::Relaxed) };
    if magic != H::MAGIC {
        return Err(Fail::Argument(name, "is not a handle of this kind, or was freed"));
    }
    // SAFETY: a living handle of this kind.
    let handle = unsafe { &*handle };
    if H::BOUND && handle.process != std::process::id() {
        return Err(Fail::Elsewhere(name));
    }
    Ok(&handle.state)
}

/// Ends a handle. NULL, what is no handle of this kind, what is only lent, and what came over a fork are left alone: there
/// the memory stays, and the first process's lock, file and connections as they are.
///
/// # Safety
///
/// As [`seen`]; and no other thread uses the handle.
pub(super) unsafe fn free<H: Opaque>(handle: *mut H) {
    // SAFETY: the caller's. `lent` is read of a living handle of this kind.
    let is_lent = |_| unsafe { (*handle.cast::<Handle<H::State>>()).lent };
    // SAFETY: the caller's.
    if unsafe { seen(handle.cast_const(), "") }.is_ok_and(|state| !is_lent(state)) {
        // SAFETY: the caller's, and it is the caller's own.
        unsafe { end(handle) };
    }
}

/// Ends a living handle of this kind.
///
/// # Safety
///
/// As it says; and no other thread uses the handle.
pub(super) unsafe fn end<H: Opaque>(handle: *mut H) {
    let handle = handle.cast::<Handle<H::State>>();
    // SAFETY: a living handle of this kind, made by `handle` with Box; nobody else uses it.
    let _ = catch_unwind(AssertUnwindSafe(|| unsafe {
        (*std::ptr::addr_of!((*handle).magic)).store(DEAD, Ordering::Relaxed);
        drop(Box::from_raw(handle));
    }));
}

/// A NUL-terminated UTF-8 text.
///
/// # Safety
///
/// `from` is NULL, or readable up to its NUL or for [`WXT_LONGEST_TEXT`] bytes.
pub(super) unsafe fn text<'a>(from: *const c_char, name: &'static str) -> Done<&'a str> {
    if from.is_null() {
        return Err(Fail::Argument(name, "is NULL"));
    }
    // SAFETY: the caller's: no byte behind the NUL is read.
    let length = (0..WXT_LONGEST_TEXT).find(|at| unsafe { *from.add(*at) } == 0);
    let length = length.ok_or(Fail::Argument(name, "is longer than 65535 bytes, or has no NUL"))?;
    // SAFETY: `length` bytes were just read.
    let bytes = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), length) };
    core::str::from_utf8(bytes).map_err(|_| Fail::Argument(name, "is not UTF-8"))
}

/// The same, and NULL means that there is none.
///
/// # Safety
///
/// As [`text`].
pub(super) unsafe fn optional<'a>(from: *const c_char, name: &'static str) -> Done<Option<&'a str>> {
    // SAFETY: the caller's.
    if from.is_null() { Ok(None) } else { unsafe { text(from, name) }.map(Some) }
}

/// Bytes with their length. NULL with length 0 is no bytes.
///
/// # Safety
///
/// `from` is NULL or readable for `length` bytes.
pub(super) unsafe fn bytes<'a>(from: *const u8, length: usize, name: &'static str) -> Done<&'a [u8]> {
    if length > WXT_LONGEST_BYTES {
        return Err(Fail::Argument(name, "is longer than 1 MiB"));
    }
    match (from.is_null(), length) {
        (true, 0) => Ok(&[]),
        (true, _) => Err(Fail::Argument(name, "is NULL")),
        // SAFETY: the caller's.
        (false, _) => Ok(unsafe { std::slice::from_raw_parts(from, length) }),
    }
}

/// Writes an output that may be left out.
///
/// # Safety
///
/// `to` is NULL or may be written.
pub(super) unsafe fn put<T>(to: *mut T, value: T) {
    if !to.is_null() && to.is_aligned() {
        // SAFETY: the caller's.
        unsafe { to.write(value) };
    }
}

/// An output without which the call makes no sense.
pub(super) fn wanted<T>(to: *mut T, name: &'static str) -> Done {
    match to.is_null() {
        true => Err(Fail::Argument(name, "is NULL: there is nowhere to write to")),
        false if !to.is_aligned() => Err(Fail::Argument(name, "is not aligned")),
        false => Ok(()),
    }
}

/// The first line of every function with an outcome.
///
/// # Safety
///
/// Both are NULL or may be written.
pub(super) unsafe fn clear<T>(to: *mut T, value: T, reply: *mut *mut wxt_reply) {
    // SAFETY: the caller's.
    unsafe {
        put(to, value);
        put(reply, std::ptr::null_mut());
    }
}

/// The text of a list at an index, or NULL.
pub(super) fn nth<T>(list: &[T], at: usize, text: impl FnOnce(&T) -> &CString) -> *const c_char {
    list.get(at).map_or(std::ptr::null(), |row| text(row).as_ptr())
}

pub(super) fn milliseconds(value: i64, name: &'static str) -> Done<Duration> {
    u64::try_from(value).map(Duration::from_millis).map_err(|_| Fail::Argument(name, "is negative"))
}

pub(super) fn whole<T: TryFrom<u128>>(value: u128, most: T) -> T {
    T::try_from(value).unwrap_or(most)
}

/// A pointer of the C caller's, and what to do when nothing uses it any more.
pub(super) struct Context {
    pub(super) pointer: *mut c_void,
    pub(super) release: wxt_release_callback,
}

// SAFETY: the header says that callbacks are called from any thread, so what the pointer means must allow that.
unsafe impl Send for Context {}
// SAFETY: as above.
unsafe impl Sync for Context {}

impl Drop for Context {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: the caller's function with the caller's context.
            unsafe { release(self.pointer) };
        }
    }
}

/// A handle that is lent to a callback.
pub(super) struct Lent<H: Opaque> {
    pub(super) pointer: *mut H,
    owned: PhantomData<H::State>,
}

impl<H: Opaque> Lent<H> {
    pub(super) fn new(state: H::State) -> Lent<H> {
        Lent { pointer: made(state, true), owned: PhantomData }
    }
}

impl<H: Opaque> Drop for Lent<H> {
    fn drop(&mut self) {
        // SAFETY: made above, and a handle that is lent is freed by nobody else.
        unsafe { end(self.pointer) };
    }
}
