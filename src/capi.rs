//! The C ABI: what firmware in C and C++ links. The header `include/wxpay_terminal.h` is generated from this file.
//!
//! The only file of the library with `unsafe`. All of it rests on the header's contract: a pointer is NULL, or points to
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

use std::borrow::Cow;
use std::ffi::{CString, c_char, c_void};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::client::check::{Part, Report, Verdict};
use crate::client::explain::{Explanation, explain, explain_workwx_sign};
use crate::client::{Client, Draft, Pipe};
use crate::endpoint::{Endpoint, Kind, Required, Source};
use crate::error::{Error, ErrorKind};
use crate::gateways::account::{
    Account, Profile, RedpackAccount, SwiftpassAccount, WebgateAccount, WorkwxAccount, sealed::Sealed as _,
};
use crate::gateways::redpack::{GetHbInfo, SendRedPack};
use crate::gateways::request::Request;
use crate::gateways::swiftpass::{Notification, StoredOrder, TradeClose, TradeQuery, WapOrder};
use crate::gateways::webgate::WxCharge;
use crate::gateways::workwx::{PayEmployee, QueryPayEmployee};
use crate::journal::{Entry, EntryState, JournalFault, JournalFaultKind, Settlement, SqliteJournal};
use crate::money::Fen;
use crate::nonce::SystemRandom;
use crate::outcome::{Answer, Doubt, Next, Outcome, Reason, Refusal};
use crate::process::ELSEWHERE;
use crate::secret::Secret;
use crate::terminal::Terminal;
use crate::till::{Evidence, Options, Phase, Progress, Read, Receipt, Repeats, Till, Watch, kept};
use crate::transport::https::{Https, HttpsBuilder};
use crate::transport::identity::Identity;
use crate::transport::{Fault, Post, Received, Sent, Stage, Transport};
use crate::wire::fields::Fields;
use crate::wire::pairs::Pairs;
use crate::wire::verify::ReplyRule;

// ---- numbers ----

/// The version of this ABI. It is in the SONAME, and `wxt_abi_version` returns the library's.
pub const WXT_ABI_VERSION: i32 = 1;

/// The longest text that is read, in bytes, its NUL included.
pub const WXT_LONGEST_TEXT: usize = 65536;

/// The longest buffer that is read: a key, a certificate, a notification, a reply.
pub const WXT_LONGEST_BYTES: usize = 1048576;

/// What a function returns. No outcome has one of these numbers, and 0 is none of them, so a code can be taken for an
/// outcome nowhere, and a variable that was never written is no success.
#[repr(i32)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum wxt_code {
    /// The function did what it says. After a payment: read the outcome.
    WXT_DONE = 100,
    /// Nothing was sent. The `wxt_error` says why. The outcome is WXT_UNKNOWN: it is not one. Every function returns this for
    /// a handle that was made in another process, before a fork.
    WXT_NOT_SENT = 101,
    /// An argument is wrong: NULL, not a handle of this kind, not UTF-8, too long, an unknown number or name. The call
    /// did nothing, and says nothing of any payment.
    WXT_BAD_ARGUMENT = 102,
    /// It could not be done: a setting is wrong, a certificate cannot be read, the journal refuses. Nothing was sent.
    WXT_FAILED = 103,
    /// A panic was caught. Whether anything was sent is not known; the outcome is WXT_UNKNOWN.
    WXT_PANICKED = 104,
}

/// What is known about a payment. Handle all three.
#[repr(i32)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum wxt_outcome {
    /// The money may have moved. Never use a new order number or intent: ask, pay the same intent again, or recover.
    WXT_UNKNOWN = 0,
    /// Proven: the gateway did it. Print, open, book. For a WAP order: the order exists, nobody has paid yet.
    WXT_ACCEPTED = 1,
    /// Proven: the gateway refused it. `wxt_reply_next` says what is allowed.
    WXT_DECLINED = 2,
}

/// The answer to a question about an order. It is no outcome: WXT_KNOWN is not "paid". Read the state in the reply.
#[repr(i32)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum wxt_answer {
    /// No usable answer.
    WXT_NO_ANSWER = 0,
    /// The gateway says that it does not know the order. While the order is young this proves nothing.
    WXT_NOT_KNOWN = 51,
    /// The second host says so: weaker, it may lag behind.
    WXT_NOT_KNOWN_BY_SECOND_HOST = 52,
    /// The gateway knows the order. The reply's fields hold its state.
    WXT_KNOWN = 53,
}

/// What the documents allow after a refusal.
#[repr(i32)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum wxt_next {
    /// Nothing: a person must look. Also where there is no refusal.
    WXT_STOP = 0,
    /// Mend the cause, then the same order number again. With a till: pay the same intent again.
    WXT_SAME_NUMBER = 1,
    /// The same, not before `wxt_reply_wait_seconds` have passed.
    WXT_SAME_NUMBER_LATER = 2,
    /// This number is finished; a new one is allowed. With a till: pay the same intent again.
    WXT_NEW_NUMBER = 3,
}

/// Why an outcome is not known.
#[repr(i32)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum wxt_reason {
    /// There is no doubt, or a newer library has a reason that this header does not know.
    WXT_REASON_NONE = 0,
    /// The exchange broke after the request may have left: timeout, reset, closed, a TLS alert.
    WXT_REASON_BROKEN = 1,
    /// The HTTP status is not 200.
    WXT_REASON_STATUS = 2,
    /// The reply cannot be read.
    WXT_REASON_UNREADABLE = 3,
    /// A signature is due and is missing or wrong.
    WXT_REASON_UNVERIFIED = 4,
    /// The reply does not name this order, or names another one.
    WXT_REASON_OTHER_ORDER = 5,
    /// The gateway's code is not final.
    WXT_REASON_OPEN_CODE = 6,
    /// A refusal of a repeat says nothing about the attempt before it.
    WXT_REASON_EARLIER_ATTEMPT = 7,
    /// The reply may belong to an earlier exchange on the same connection.
    WXT_REASON_STALE_CONNECTION = 8,
    /// A panic interrupted the exchange.
    WXT_REASON_PANIC = 9,
    /// The journal failed after the payment may have been sent.
    WXT_REASON_JOURNAL = 10,
    /// Nobody but a person can tell.
    WXT_REASON_FOR_A_PERSON = 11,
    /// The till has no account for this entry.
    WXT_REASON_NO_ACCOUNT = 12,
    /// An order exists, and the customer has not paid it yet.
    WXT_REASON_NOT_PAID_YET = 13,
}

/// How an outcome was proven.
#[repr(i32)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum wxt_evidence {
    /// Not at all.
    WXT_EVIDENCE_NONE = 0,
    /// By the gateway's reply, just now. All its fields can be read.
    WXT_EVIDENCE_REPLY = 1,
    /// By the gateway's query, just now.
    WXT_EVIDENCE_QUERIED = 2,
    /// Earlier; from the journal.
    WXT_EVIDENCE_RECORDED = 3,
}

/// The kind of an error. Numbers below 20 are about the call, from 20 on about the journal.
#[repr(i32)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum wxt_error_kind {
    /// None of those below.
    WXT_ERROR_OTHER = 0,
    /// An argument of the C call.
    WXT_ERROR_ARGUMENT = 1,
    /// A field of the request breaks a rule of its table.
    WXT_ERROR_FIELD = 2,
    /// A setting of the account, the terminal or the transport.
    WXT_ERROR_SETTING = 3,
    /// The client certificate: wrong password, unsupported cipher, expired, another merchant's.
    WXT_ERROR_IDENTITY = 4,
    /// The gateway was not reached. The error's field says how far it came: `dns`, `connect`, `tls`.
    WXT_ERROR_CONNECT = 5,
    /// The system gave no random numbers or no usable time.
    WXT_ERROR_SYSTEM = 6,
    /// A notification is not to be believed.
    WXT_ERROR_NOTIFICATION = 7,
    /// A panic was caught.
    WXT_ERROR_PANIC = 8,
    /// The handle was made in another process, before a fork.
    WXT_ERROR_PROCESS = 9,
    /// The journal cannot be used, so nothing was sent.
    WXT_ERROR_JOURNAL = 20,
    /// It cannot be read or written: full disk, read-only flash.
    WXT_ERROR_JOURNAL_STORAGE = 21,
    /// Another process, or another till of this one, has it.
    WXT_ERROR_JOURNAL_BUSY = 22,
    /// Its file is damaged, or is no journal. It is never made anew silently.
    WXT_ERROR_JOURNAL_DAMAGED = 23,
    /// It belongs to another terminal number or device_info.
    WXT_ERROR_JOURNAL_FOREIGN = 24,
    /// A newer version of this library wrote it.
    WXT_ERROR_JOURNAL_NEWER = 25,
    /// The journal's own rules forbid it: no such entry, not settled, settled already.
    WXT_ERROR_JOURNAL_REFUSED = 26,
    /// What order numbers are made from is wrong.
    WXT_ERROR_JOURNAL_NUMBER = 27,
}

/// The gateways.
#[repr(i32)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum wxt_gateway {
    /// None.
    WXT_NO_GATEWAY = 0,
    /// WeChat Pay cash red packets.
    WXT_REDPACK = 1,
    /// WeCom payments to employees.
    WXT_WORKWX = 2,
    /// Swiftpass-type WAP orders.
    WXT_SWIFTPASS = 3,
    /// E-pay campus card recharge.
    WXT_WEBGATE = 4,
}

/// The calls, for `wxt_request_new`.
#[repr(i32)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum wxt_call {
    /// None.
    WXT_NO_CALL = 0,
    /// sendredpack: sends one red packet.
    WXT_SEND_REDPACK = 1,
    /// gethbinfo: asks what became of a red packet.
    WXT_GET_HB_INFO = 2,
    /// paywwsptrans2pocket: pays an employee.
    WXT_PAY_EMPLOYEE = 3,
    /// querywwsptrans2pocket: asks what became of it.
    WXT_QUERY_PAY_EMPLOYEE = 4,
    /// pay.weixin.wap: makes a WAP order. Accepted means that the order exists, not that anyone paid.
    WXT_WAP_ORDER = 5,
    /// unified.trade.query: asks whether the customer paid.
    WXT_TRADE_QUERY = 6,
    /// unified.trade.close: closes an unpaid WAP order.
    WXT_TRADE_CLOSE = 7,
    /// wxcharge: charges a campus card.
    WXT_WXCHARGE = 8,
}

/// What a transport of your own returns.
#[repr(i32)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum wxt_sent {
    /// No reply, and a byte of the request may have left. When in doubt: this.
    WXT_MAYBE_SENT = 0,
    /// No reply, and not one byte of the HTTP request, head included, was handed to TLS. A promise.
    WXT_NO_BYTE_SENT = 1,
    /// A reply was read, whatever its status, and put into the `wxt_received`.
    WXT_ANSWERED = 2,
}

/// Where a transport failed.
#[repr(i32)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum wxt_stage {
    /// Sending or receiving.
    WXT_STAGE_EXCHANGE = 0,
    /// Name resolution.
    WXT_STAGE_RESOLVE = 1,
    /// TCP, or the proxy.
    WXT_STAGE_CONNECT = 2,
    /// The TLS handshake.
    WXT_STAGE_TLS = 3,
}

/// What is known of an entry of the journal.
#[repr(i32)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum wxt_entry_state {
    /// An attempt may have left, and nothing is proven.
    WXT_ENTRY_OPEN = 0,
    /// Paid, or issued.
    WXT_ENTRY_ACCEPTED = 1,
    /// Refused, and proven.
    WXT_ENTRY_DECLINED = 2,
    /// No byte ever left.
    WXT_ENTRY_NOT_SENT = 3,
    /// Nobody but a person can tell: `wxt_till_settle_by_hand`.
    WXT_ENTRY_FOR_A_PERSON = 4,
    /// A person found it paid.
    WXT_ENTRY_PAID_BY_HAND = 5,
    /// A person found it unpaid.
    WXT_ENTRY_UNPAID_BY_HAND = 6,
    /// An order exists and its URL was handed out. The customer may pay or not: `wxt_till_payment_of`.
    WXT_ENTRY_ORDERED = 7,
    /// The answer that would have let a customer pay the order was lost. It is watched until it expires.
    WXT_ENTRY_ABANDONED = 8,
    /// The customer paid an order that was given up. Refund it, or act on it.
    WXT_ENTRY_PAID_LATE = 9,
}

/// What a call of a till does.
#[repr(i32)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum wxt_phase {
    /// It waits: the gateway asks for a pause, or the order is not final yet.
    WXT_WAITING = 0,
    /// The payment is sent.
    WXT_SENDING = 1,
    /// The gateway is asked.
    WXT_ASKING = 2,
    /// The identical payment is sent again.
    WXT_REPEATING = 3,
}

/// What a person found. 0 is refused: nobody found anything.
#[repr(i32)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum wxt_finding {
    /// Nothing.
    WXT_FOUND_NOTHING = 0,
    /// It was paid.
    WXT_FOUND_PAID = 1,
    /// It was not paid: the intent may be paid again.
    WXT_FOUND_UNPAID = 2,
}

/// What came out of a step of `wxt_client_check`.
#[repr(i32)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum wxt_verdict {
    /// It does not work: no payment can succeed.
    WXT_BAD = 0,
    /// It works now, but will not for long, or could not be proven.
    WXT_WARNING = 1,
    /// It works.
    WXT_GOOD = 2,
}

/// The parts of a terminal that a check tells apart.
#[repr(i32)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum wxt_part {
    /// None of those below.
    WXT_PART_OTHER = 0,
    /// The terminal's clock.
    WXT_PART_CLOCK = 1,
    /// The client certificate.
    WXT_PART_CERTIFICATE = 2,
    /// Name resolution.
    WXT_PART_DNS = 3,
    /// The route to the gateway, or to the proxy.
    WXT_PART_ROUTE = 4,
    /// The TLS handshake and the server's certificate.
    WXT_PART_TLS = 5,
    /// The merchant number and its permissions.
    WXT_PART_ACCOUNT = 6,
    /// The signing key.
    WXT_PART_KEY = 7,
}

/// Whether a given signature fits.
#[repr(i32)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum wxt_agreement {
    /// No signature was given.
    WXT_NOT_COMPARED = 0,
    /// It fits these fields and this key.
    WXT_AGREES = 1,
    /// It does not.
    WXT_DISAGREES = 2,
}

/// What a function of yours says after it was asked to store a payment.
#[repr(i32)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum wxt_recorded {
    /// It is not on the disk.
    WXT_NOT_RECORDED = 0,
    /// It is on the disk, and survives a power cut.
    WXT_RECORDED = 1,
}

/// What a reply rule of yours says.
#[repr(i32)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum wxt_proof {
    /// The reply is not proven to be the gateway's. The outcome is then unknown.
    WXT_NOT_PROVEN = 0,
    /// It is.
    WXT_PROVEN = 1,
}

/// What a reply reader of yours says.
#[repr(i32)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum wxt_reading {
    /// It cannot be read. The outcome is then unknown.
    WXT_NOT_READ = 0,
    /// Every field was added.
    WXT_READ = 1,
}

/// The hash under an RSA signature.
#[repr(i32)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum wxt_rsa {
    /// None: refused.
    WXT_RSA_NONE = 0,
    /// SHA256WithRSA: Swiftpass `RSA_1_256`.
    WXT_RSA_SHA256 = 1,
    /// SHA1WithRSA: e-pay, and Swiftpass `RSA_1_1`.
    WXT_RSA_SHA1 = 2,
}

use wxt_code::*;
use wxt_outcome::*;

// ---- handles ----

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
trait Opaque {
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

macro_rules! opaque {
    ($($handle:ident: $state:ty = $magic:literal;)*) => {
        $(impl Opaque for $handle {
            type State = $state;
            const MAGIC: u32 = $magic;
        })*
    };
}

opaque! {
    wxt_request: Mutex<Given> = 0x5758_0002;
    wxt_account: Mutex<Settings> = 0x5758_0003;
    wxt_transport: Mutex<Way> = 0x5758_0004;
    wxt_client: AnyClient = 0x5758_0005;
    wxt_prepared: Ready = 0x5758_0006;
    wxt_reply: Told = 0x5758_0007;
    wxt_report: Vec<StepTexts> = 0x5758_0008;
    wxt_explanation: Explained = 0x5758_0009;
    wxt_notification: Noted = 0x5758_000a;
    wxt_till: Tills = 0x5758_000b;
    wxt_entry: EntryTexts = 0x5758_000c;
    wxt_options: Mutex<Choices> = 0x5758_000d;
    wxt_cancel: Arc<AtomicBool> = 0x5758_000e;
    wxt_received: Mutex<Reception> = 0x5758_000f;
    wxt_raw: Raw = 0x5758_0010;
}

fn handle<H: Opaque>(state: H::State) -> *mut H {
    made::<H>(state, false)
}

fn made<H: Opaque>(state: H::State, lent: bool) -> *mut H {
    let (magic, process) = (AtomicU32::new(H::MAGIC), std::process::id());
    Box::into_raw(Box::new(Handle { magic, process, lent, state })).cast()
}

/// Why a call failed, on its way to a code and a `wxt_error`.
enum Fail {
    Argument(&'static str, &'static str),
    /// A name that is not known; it is not repeated.
    Unknown(String),
    /// A handle from before a fork.
    Elsewhere(&'static str),
    /// Nothing was sent.
    NotSent(Error),
    Failed(Error),
    Journal(JournalFault),
    Notification(&'static str),
}

type Done<T = ()> = Result<T, Fail>;

impl From<JournalFault> for Fail {
    fn from(fault: JournalFault) -> Fail {
        Fail::Journal(fault)
    }
}

/// What a `wxt_error` holds.
struct Failure {
    kind: wxt_error_kind,
    field: CString,
    message: CString,
}

impl Failure {
    fn new(kind: wxt_error_kind, field: &str, message: &str) -> Failure {
        Failure { kind, field: c(field), message: c(message) }
    }

    fn panicked() -> Failure {
        Failure::new(wxt_error_kind::WXT_ERROR_PANIC, "", "a panic was caught: what was being done is not known")
    }
}

impl Fail {
    fn code(&self) -> wxt_code {
        match self {
            Fail::Argument(..) | Fail::Unknown(_) => WXT_BAD_ARGUMENT,
            Fail::NotSent(_) | Fail::Elsewhere(_) => WXT_NOT_SENT,
            Fail::Failed(_) | Fail::Journal(_) | Fail::Notification(_) => WXT_FAILED,
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
            Fail::NotSent(error) | Fail::Failed(error) => {
                Failure::new(error_kind(error.kind()), error.field_name(), &error.to_string())
            }
            Fail::Journal(fault) => Failure::new(journal_kind(fault.kind()), "journal", &fault.to_string()),
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
fn c(text: &str) -> CString {
    CString::new(text.replace('\0', " ")).unwrap_or_default()
}

fn locked<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The words of a thread's last call, for `wxt_error_message(NULL)`. Nothing to drop: a thread may end after the library was
/// unloaded.
struct LastWords(std::cell::UnsafeCell<[u8; 512]>);

thread_local! {
    static LAST: LastWords = const { LastWords(std::cell::UnsafeCell::new([0; 512])) };
}

impl LastWords {
    fn pointer(&self) -> *const c_char {
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
unsafe fn run(error: *mut *mut wxt_error, call: impl FnOnce() -> Done) -> wxt_code {
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
unsafe fn peek<'a, H: Opaque, T>(handle: *const H, otherwise: T, read: impl FnOnce(&'a H::State) -> T) -> T
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
unsafe fn seen<'a, H: Opaque>(handle: *const H, name: &'static str) -> Done<&'a H::State>
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
unsafe fn free<H: Opaque>(handle: *mut H) {
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
unsafe fn end<H: Opaque>(handle: *mut H) {
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
unsafe fn text<'a>(from: *const c_char, name: &'static str) -> Done<&'a str> {
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
unsafe fn optional<'a>(from: *const c_char, name: &'static str) -> Done<Option<&'a str>> {
    // SAFETY: the caller's.
    if from.is_null() { Ok(None) } else { unsafe { text(from, name) }.map(Some) }
}

/// Bytes with their length. NULL with length 0 is no bytes.
///
/// # Safety
///
/// `from` is NULL or readable for `length` bytes.
unsafe fn bytes<'a>(from: *const u8, length: usize, name: &'static str) -> Done<&'a [u8]> {
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
unsafe fn put<T>(to: *mut T, value: T) {
    if !to.is_null() && to.is_aligned() {
        // SAFETY: the caller's.
        unsafe { to.write(value) };
    }
}

/// An output without which the call makes no sense.
fn wanted<T>(to: *mut T, name: &'static str) -> Done {
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
unsafe fn clear<T>(to: *mut T, value: T, reply: *mut *mut wxt_reply) {
    // SAFETY: the caller's.
    unsafe {
        put(to, value);
        put(reply, std::ptr::null_mut());
    }
}

/// The text of a list at an index, or NULL.
fn nth<T>(list: &[T], at: usize, text: impl FnOnce(&T) -> &CString) -> *const c_char {
    list.get(at).map_or(std::ptr::null(), |row| text(row).as_ptr())
}

fn milliseconds(value: i64, name: &'static str) -> Done<Duration> {
    u64::try_from(value).map(Duration::from_millis).map_err(|_| Fail::Argument(name, "is negative"))
}

fn whole<T: TryFrom<u128>>(value: u128, most: T) -> T {
    T::try_from(value).unwrap_or(most)
}

// ---- the library, and errors ----

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

/// The kind of an error: one of `wxt_error_kind`. NULL: WXT_ERROR_OTHER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_error_kind_of(error: *const wxt_error) -> wxt_error_kind {
    unsafe { peek(error, wxt_error_kind::WXT_ERROR_OTHER, |error| error.kind) }
}

/// The field or setting that it is about, as the document spells it: "re_openid". Lives as long as the error. Never NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_error_field(error: *const wxt_error) -> *const c_char {
    unsafe { peek(error, c"".as_ptr(), |error| error.field.as_ptr()) }
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

/// Frees an error. NULL is nothing to free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_error_free(error: *mut wxt_error) {
    unsafe { free(error) }
}

// ---- requests ----

/// What one call is to the library.
struct Call {
    number: i32,
    family: &'static str,
    endpoint: &'static Endpoint,
    use_: Use,
    read: Read,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Pay,
    Ask,
    Close,
}

const fn call<R: Request>(number: wxt_call, use_: Use) -> Call {
    let family = <R::Account as Account>::FAMILY;
    Call { number: number as i32, family, endpoint: R::ENDPOINT, use_, read: kept::<R::Reply> }
}

/// Every call. A new gateway adds its rows here and its numbers above, and no function.
static CALLS: [Call; 8] = [
    call::<SendRedPack<'_>>(wxt_call::WXT_SEND_REDPACK, Use::Pay),
    call::<GetHbInfo<'_>>(wxt_call::WXT_GET_HB_INFO, Use::Ask),
    call::<PayEmployee<'_>>(wxt_call::WXT_PAY_EMPLOYEE, Use::Pay),
    call::<QueryPayEmployee<'_>>(wxt_call::WXT_QUERY_PAY_EMPLOYEE, Use::Ask),
    call::<WapOrder<'_>>(wxt_call::WXT_WAP_ORDER, Use::Pay),
    call::<TradeQuery<'_>>(wxt_call::WXT_TRADE_QUERY, Use::Ask),
    call::<TradeClose<'_>>(wxt_call::WXT_TRADE_CLOSE, Use::Close),
    call::<WxCharge<'_>>(wxt_call::WXT_WXCHARGE, Use::Pay),
];

/// A name that is not known is not repeated: exchanged arguments would put a key into the text. The known ones are named.
fn unknown_name<'a>(of: &str, known: impl Iterator<Item = &'a str>) -> Fail {
    let known: Vec<&str> = known.collect();
    Fail::Unknown(["is none of ", of, "; there are: ", &known.join(", ")].concat())
}

fn call_of(number: i32) -> Done<&'static Call> {
    CALLS.iter().find(|call| call.number == number).ok_or(Fail::Argument("call", "is no call of this library"))
}

/// A request whose fields are set by name.
struct Given {
    call: &'static Call,
    fields: Fields,
}

impl Given {
    fn new(call: &'static Call) -> Given {
        let mut fields = Fields::default();
        for row in call.endpoint.fields {
            // Where the document leaves one value only, there is nothing to choose: total_num, bill_type, sign_method.
            if let (Kind::OneOf([only]), Required::Yes, Source::Request) = (row.kind, row.required, row.source) {
                fields.text(row.name, only);
            }
        }
        Given { call, fields }
    }

    /// The row of a field that the caller may set.
    fn row(&self, name: &str) -> Done<&'static crate::endpoint::Field> {
        let row = self.call.endpoint.field(name).ok_or_else(|| {
            let given = self.call.endpoint.fields.iter().filter(|row| row.source == Source::Request);
            unknown_name(&["the fields of ", self.call.endpoint.name].concat(), given.map(|row| row.name))
        })?;
        match row.source {
            Source::Request => Ok(row),
            Source::Account => Err(Fail::Argument(row.name, "is filled from the account")),
            Source::Terminal => Err(Fail::Argument(row.name, "is filled from the terminal's device_info")),
            Source::Attempt => Err(Fail::Argument(row.name, "is made anew for each attempt")),
        }
    }
}

/// A request with nothing set but what has one possible value: `total_num` 1, `bill_type` MCHT, `sign_method` HMAC.
/// `call` is one of `wxt_call`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_request_new(
    call: i32,
    request: *mut *mut wxt_request,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        run(error, || {
            wanted(request, "request")?;
            put(request, handle(Mutex::new(Given::new(call_of(call)?))));
            Ok(())
        })
    }
}

/// Sets a field by the name that the document gives it: "re_openid". The value is UTF-8 and copied. Setting a field again
/// replaces it. The value is checked against the document's table when the request is prepared or paid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_request_set(
    request: *mut wxt_request,
    name: *const c_char,
    value: *const c_char,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        run(error, || {
            let mut given = locked(seen(request, "request")?);
            let row = given.row(text(name, "name")?)?;
            given.fields = given.fields.with(row.name, text(value, "value")?);
            Ok(())
        })
    }
}

/// Sets an amount in fen: 100 is one yuan. Only fields that are amounts take it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_request_set_fen(
    request: *mut wxt_request,
    name: *const c_char,
    fen: i64,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        run(error, || {
            let mut given = locked(seen(request, "request")?);
            let row = given.row(text(name, "name")?)?;
            if !matches!(row.kind, Kind::Fen { .. }) {
                return Err(Fail::Argument(row.name, "is no amount"));
            }
            let fen = Fen::new(fen).map_err(|_| Fail::Argument("fen", "must be 0 to 2147483647"))?;
            given.fields = given.fields.with(row.name, &fen.to_string());
            Ok(())
        })
    }
}

/// Frees a request. NULL is nothing to free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_request_free(request: *mut wxt_request) {
    unsafe { free(request) }
}

// ---- accounts ----

/// What an account is made of, set by name and built when a client or a till needs it.
struct Settings {
    gateway: &'static Gateway,
    texts: Vec<(&'static str, String)>,
    amounts: Vec<(&'static str, Fen)>,
    secrets: Vec<(&'static str, Secret)>,
    rule: Option<Rule>,
    reader: Option<Arc<OwnReader>>,
}

/// The settings that a gateway's account knows.
struct Gateway {
    number: i32,
    texts: &'static [&'static str],
    amounts: &'static [&'static str],
    secrets: &'static [&'static str],
    has_rule: bool,
    /// Its replies are XML, or read by a rule that a reader may replace.
    has_reader: bool,
    build: fn(&Settings) -> Result<AnyAccount, Error>,
}

const LIMITS: &[&str] = &["least_amount", "most_amount"];

static GATEWAYS: [Gateway; 4] = [
    Gateway {
        number: wxt_gateway::WXT_REDPACK as i32,
        texts: &["mch_id", "wxappid", "host", "second_host"],
        amounts: &["least_amount", "most_amount", "least_without_scene", "most_without_scene"],
        secrets: &["key"],
        has_rule: false,
        has_reader: false,
        build: redpack,
    },
    Gateway {
        number: wxt_gateway::WXT_WORKWX as i32,
        texts: &["mch_id", "appid", "host", "second_host"],
        amounts: LIMITS,
        secrets: &["key", "secret"],
        has_rule: false,
        has_reader: false,
        build: workwx,
    },
    Gateway {
        number: wxt_gateway::WXT_SWIFTPASS as i32,
        texts: &["url", "mch_id", "sub_appid", "without_sub_fields", "notifications_suffice", "query_service"],
        amounts: LIMITS,
        secrets: &["key"],
        has_rule: true,
        has_reader: false,
        build: swiftpass,
    },
    Gateway {
        number: wxt_gateway::WXT_WEBGATE as i32,
        texts: &["host", "partner_id", "repeat_while_unpaid"],
        amounts: LIMITS,
        secrets: &["secretkey"],
        has_rule: true,
        has_reader: true,
        build: webgate,
    },
];

enum AnyAccount {
    Redpack(RedpackAccount),
    Workwx(WorkwxAccount),
    Swiftpass(SwiftpassAccount),
    Webgate(WebgateAccount),
}

impl Settings {
    fn text(&self, name: &str) -> Option<&str> {
        self.texts.iter().find(|(have, _)| *have == name).map(|(_, value)| value.as_str())
    }

    fn required(&self, name: &'static str) -> Result<&str, Error> {
        self.text(name).ok_or_else(|| Error::setting(name, "is not set"))
    }

    /// "1", or not set.
    fn flag(&self, name: &'static str) -> Result<bool, Error> {
        match self.text(name) {
            None => Ok(false),
            Some("1") => Ok(true),
            Some(_) => Err(Error::setting(name, "is \"1\" or not set")),
        }
    }

    fn secret(&self, name: &'static str) -> Result<Secret, Error> {
        let secret = self.secrets.iter().find(|(have, _)| *have == name);
        secret.map(|(_, secret)| Secret::new(secret.bytes())).ok_or_else(|| Error::setting(name, "is not set"))
    }

    fn hosts(&self) -> Vec<&str> {
        ["host", "second_host"].iter().filter_map(|name| self.text(name)).collect()
    }

    fn amount(&self, name: &str) -> Option<Fen> {
        self.amounts.iter().find(|(have, _)| *have == name).map(|(_, fen)| *fen)
    }

    /// Two amounts that only go together.
    fn range(&self, least: &'static str, most: &'static str) -> Result<Option<(Fen, Fen)>, Error> {
        match (self.amount(least), self.amount(most)) {
            (Some(least), Some(most)) => Ok(Some((least, most))),
            (None, None) => Ok(None),
            (Some(_), None) => Err(Error::setting(most, "is not set, and the other bound is")),
            (None, Some(_)) => Err(Error::setting(least, "is not set, and the other bound is")),
        }
    }

    fn limits(&self) -> Result<Option<(Fen, Fen)>, Error> {
        self.range("least_amount", "most_amount")
    }

    fn build(&self) -> Done<AnyAccount> {
        (self.gateway.build)(self).map_err(Fail::Failed)
    }
}

fn redpack(settings: &Settings) -> Result<AnyAccount, Error> {
    let (mch_id, wxappid) = (settings.required("mch_id")?, settings.required("wxappid")?);
    let mut account = RedpackAccount::new(mch_id, wxappid, settings.secret("key")?)?;
    if !settings.hosts().is_empty() {
        account = account.hosts(&settings.hosts())?;
    }
    if let Some((least, most)) = settings.limits()? {
        account = account.amounts(least, most)?;
    }
    if let Some((least, most)) = settings.range("least_without_scene", "most_without_scene")? {
        account = account.amounts_without_scene(least, most)?;
    }
    Ok(AnyAccount::Redpack(account))
}

fn workwx(settings: &Settings) -> Result<AnyAccount, Error> {
    let (mch_id, appid) = (settings.required("mch_id")?, settings.required("appid")?);
    let mut account = WorkwxAccount::new(mch_id, appid, settings.secret("key")?, settings.secret("secret")?)?;
    if !settings.hosts().is_empty() {
        account = account.hosts(&settings.hosts())?;
    }
    if let Some((least, most)) = settings.limits()? {
        account = account.amounts(least, most)?;
    }
    Ok(AnyAccount::Workwx(account))
}

fn swiftpass(settings: &Settings) -> Result<AnyAccount, Error> {
    let (url, mch_id) = (settings.required("url")?, settings.required("mch_id")?);
    let mut account = SwiftpassAccount::new(url, mch_id, settings.secret("key")?)?;
    if let Some(sub_appid) = settings.text("sub_appid") {
        account = account.sub_appid(sub_appid)?;
    }
    if settings.flag("without_sub_fields")? {
        account = account.without_sub_fields();
    }
    if settings.flag("notifications_suffice")? {
        account = account.notifications_suffice();
    }
    if let Some(service) = settings.text("query_service") {
        account = account.query_service(service)?;
    }
    if let Some((least, most)) = settings.limits()? {
        account = account.amounts(least, most)?;
    }
    if let Some(rule) = &settings.rule {
        account = account.reply_rule(rule.build()?);
    }
    Ok(AnyAccount::Swiftpass(account))
}

fn webgate(settings: &Settings) -> Result<AnyAccount, Error> {
    let (host, partner_id) = (settings.required("host")?, settings.required("partner_id")?);
    let rule = settings.rule.as_ref().ok_or_else(|| Error::setting("public_key", "is not set"))?.build()?;
    let key = settings.secret("secretkey")?;
    let mut account = match &settings.reader {
        Some(reader) => WebgateAccount::new(host, partner_id, key, ReadBefore { reader: Arc::clone(reader), rule })?,
        None => WebgateAccount::new(host, partner_id, key, rule)?,
    };
    if settings.flag("repeat_while_unpaid")? {
        account = account.repeat_while_unpaid();
    }
    if let Some((least, most)) = settings.limits()? {
        account = account.amounts(least, most)?;
    }
    Ok(AnyAccount::Webgate(account))
}

/// How an account's replies are verified, where its own key does not.
enum Rule {
    Rsa { sha1: bool, key: Vec<u8> },
    Own(Arc<OwnRule>),
}

impl Rule {
    fn build(&self) -> Result<Box<dyn ReplyRule>, Error> {
        match self {
            #[cfg(openssl_backend)]
            Rule::Rsa { sha1, key } => {
                let digest =
                    if *sha1 { crate::wire::rsa::RsaDigest::Sha1 } else { crate::wire::rsa::RsaDigest::Sha256 };
                Ok(Box::new(crate::wire::rsa::RsaReply::new(crate::wire::rsa::PublicKey::read(key)?, digest)))
            }
            #[cfg(not(openssl_backend))]
            Rule::Rsa { .. } => {
                Err(Error::setting("public_key", "this platform has no RSA here: bring a rule of your own"))
            }
            Rule::Own(rule) => Ok(Box::new(Arc::clone(rule))),
        }
    }
}

/// A rule of the C caller's.
struct OwnRule {
    context: Context,
    prove: unsafe extern "C" fn(*mut c_void, *const wxt_reply) -> i32,
}

impl ReplyRule for OwnRule {
    fn verify(&self, reply: &Pairs) -> Result<(), &'static str> {
        let lent = Lent::<wxt_reply>::new(Told::fields_only(reply));
        // SAFETY: the caller's function, with the caller's context and a handle that lives until it returns.
        match unsafe { (self.prove)(self.context.pointer, lent.pointer) } {
            proven if proven == wxt_proof::WXT_PROVEN as i32 => Ok(()),
            _ => Err("the terminal's own rule did not prove the reply"),
        }
    }
}

/// A reader of the C caller's.
struct OwnReader {
    context: Context,
    read: unsafe extern "C" fn(*mut c_void, *mut wxt_raw) -> i32,
}

/// What a `wxt_raw` holds.
struct Raw {
    body: Vec<u8>,
    content_type: Option<CString>,
    fields: Mutex<Result<Pairs, &'static str>>,
}

/// A rule whose replies the C caller reads.
struct ReadBefore {
    reader: Arc<OwnReader>,
    rule: Box<dyn ReplyRule>,
}

impl ReplyRule for ReadBefore {
    fn read(&self, body: &[u8], content_type: Option<&str>) -> Result<Pairs, &'static str> {
        let lent = Lent::<wxt_raw>::new(Raw {
            body: body.into(),
            content_type: content_type.map(c),
            fields: Mutex::new(Ok(Pairs::default())),
        });
        // SAFETY: the caller's function, with the caller's context and a handle that lives until it returns.
        let said = unsafe { (self.reader.read)(self.reader.context.pointer, lent.pointer) };
        // SAFETY: made above. Had the borrower freed it, which the header forbids, its magic word would be dead.
        let raw = unsafe { seen(lent.pointer.cast_const(), "raw") }.map_err(|_| "the reply was freed")?;
        let fields = std::mem::replace(&mut *locked(&raw.fields), Err("it was read already"))?;
        match said {
            said if said == wxt_reading::WXT_READ as i32 => Ok(fields),
            _ => Err("the terminal's own reader did not read the reply"),
        }
    }

    fn verify(&self, reply: &Pairs) -> Result<(), &'static str> {
        self.rule.verify(reply)
    }

    fn weakness(&self) -> Option<&'static str> {
        self.rule.weakness()
    }
}

/// A pointer of the C caller's, and what to do when nothing uses it any more.
struct Context {
    pointer: *mut c_void,
    release: wxt_release_callback,
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
struct Lent<H: Opaque> {
    pointer: *mut H,
    owned: PhantomData<H::State>,
}

impl<H: Opaque> Lent<H> {
    fn new(state: H::State) -> Lent<H> {
        Lent { pointer: made(state, true), owned: PhantomData }
    }
}

impl<H: Opaque> Drop for Lent<H> {
    fn drop(&mut self) {
        // SAFETY: made above, and a handle that is lent is freed by nobody else.
        unsafe { end(self.pointer) };
    }
}

/// An account with nothing set. `gateway` is one of `wxt_gateway`.
///
/// Texts (`wxt_account_set`), amounts (`wxt_account_set_fen`) and secrets (`wxt_account_set_secret`) by gateway:
/// - WXT_REDPACK: mch_id, wxappid; secret key. Optional: host, second_host; amounts least_amount and most_amount,
///   least_without_scene and most_without_scene.
/// - WXT_WORKWX: mch_id, appid; secrets key (API key) and secret (of the payment application). Optional: host,
///   second_host; least_amount and most_amount.
/// - WXT_SWIFTPASS: url, mch_id; secret key. Optional: sub_appid, without_sub_fields ("1"), notifications_suffice ("1": a till
///   books what a signed notification tells without asking), query_service; least_amount and most_amount; a public key.
/// - WXT_WEBGATE: host, partner_id; secret secretkey; a public key (`wxt_account_set_public_key`) or a rule of your own.
///   Optional: repeat_while_unpaid ("1"); least_amount and most_amount.
///
/// Hosts are complete: "https://api.mch.weixin.qq.com". What is missing or wrong is told when a client or till is made.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_account_new(
    gateway: i32,
    account: *mut *mut wxt_account,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        run(error, || {
            wanted(account, "account")?;
            let gateway = GATEWAYS.iter().find(|have| have.number == gateway);
            let gateway = gateway.ok_or(Fail::Argument("gateway", "is no gateway of this library"))?;
            let (texts, amounts, secrets) = (Vec::new(), Vec::new(), Vec::new());
            put(account, handle(Mutex::new(Settings { gateway, texts, amounts, secrets, rule: None, reader: None })));
            Ok(())
        })
    }
}

fn known(names: &'static [&'static str], name: &str, what: &str) -> Done<&'static str> {
    let found = names.iter().copied().find(|have| *have == name);
    found.ok_or_else(|| unknown_name(&["this gateway's ", what].concat(), names.iter().copied()))
}

fn replace<T>(list: &mut Vec<(&'static str, T)>, name: &'static str, value: T) {
    list.retain(|(have, _)| *have != name);
    list.push((name, value));
}

/// Sets a text of an account. Both are NUL-terminated UTF-8, and copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_account_set(
    account: *mut wxt_account,
    name: *const c_char,
    value: *const c_char,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        run(error, || {
            let mut settings = locked(seen(account, "account")?);
            let name = known(settings.gateway.texts, text(name, "name")?, "texts")?;
            replace(&mut settings.texts, name, text(value, "value")?.into());
            Ok(())
        })
    }
}

/// Sets an amount of an account, in fen.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_account_set_fen(
    account: *mut wxt_account,
    name: *const c_char,
    fen: i64,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        run(error, || {
            let mut settings = locked(seen(account, "account")?);
            let name = known(settings.gateway.amounts, text(name, "name")?, "amounts")?;
            let fen = Fen::new(fen).map_err(|_| Fail::Argument("fen", "must be 0 to 2147483647"))?;
            replace(&mut settings.amounts, name, fen);
            Ok(())
        })
    }
}

/// Sets a key of an account. The bytes are copied into memory that is overwritten when the account is freed. Overwrite your
/// own copy afterwards (with explicit_bzero or the like): the library cannot.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_account_set_secret(
    account: *mut wxt_account,
    name: *const c_char,
    secret: *const u8,
    length: usize,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        run(error, || {
            let mut settings = locked(seen(account, "account")?);
            let name = known(settings.gateway.secrets, text(name, "name")?, "secrets")?;
            replace(&mut settings.secrets, name, Secret::new(bytes(secret, length, "secret")?));
            Ok(())
        })
    }
}

/// Verifies the replies with the operator's RSA public key: PEM, DER, or the bare base64 of the DER. `rsa` is one of
/// `wxt_rsa`. For WXT_WEBGATE and WXT_SWIFTPASS.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_account_set_public_key(
    account: *mut wxt_account,
    rsa: i32,
    key: *const u8,
    length: usize,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        run(error, || {
            let mut settings = locked(seen(account, "account")?);
            if !settings.gateway.has_rule {
                return Err(Fail::Argument("account", "this gateway's replies are not verified with RSA"));
            }
            let sha1 = match rsa {
                rsa if rsa == wxt_rsa::WXT_RSA_SHA256 as i32 => false,
                rsa if rsa == wxt_rsa::WXT_RSA_SHA1 as i32 => true,
                _ => return Err(Fail::Argument("rsa", "is no such hash")),
            };
            settings.rule = Some(Rule::Rsa { sha1, key: bytes(key, length, "key")?.into() });
            Ok(())
        })
    }
}

/// Verifies the replies with a function of your own, where your operator's rule differs. `context` is handed to it; when
/// nothing uses it any more, `release` (which may be NULL) is called with it, also when this call fails.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_account_set_reply_rule(
    account: *mut wxt_account,
    prove: wxt_proof_callback,
    release: wxt_release_callback,
    context: *mut c_void,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        run(error, || {
            let context = Context { pointer: context, release };
            let mut settings = locked(seen(account, "account")?);
            let prove = prove.ok_or(Fail::Argument("prove", "is NULL"))?;
            if !settings.gateway.has_rule {
                return Err(Fail::Argument("account", "this gateway's replies have a rule of their own"));
            }
            settings.rule = Some(Rule::Own(Arc::new(OwnRule { context, prove })));
            Ok(())
        })
    }
}

/// Reads the replies with a function of your own, where your operator answers in another format or charset (GBK). What it adds is
/// verified as before, with the public key or the rule. For WXT_WEBGATE. `context` and `release`: as for the rule.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_account_set_reply_reader(
    account: *mut wxt_account,
    read: wxt_read_callback,
    release: wxt_release_callback,
    context: *mut c_void,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        run(error, || {
            let context = Context { pointer: context, release };
            let mut settings = locked(seen(account, "account")?);
            let read = read.ok_or(Fail::Argument("read", "is NULL"))?;
            if !settings.gateway.has_reader {
                return Err(Fail::Argument("account", "this gateway's replies are XML in UTF-8"));
            }
            settings.reader = Some(Arc::new(OwnReader { context, read }));
            Ok(())
        })
    }
}

/// The bytes of the reply's body; their number is put into `length`, which may be NULL. Lent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_raw_body(raw: *const wxt_raw, length: *mut usize) -> *const u8 {
    let (body, count) = unsafe { peek(raw, (std::ptr::null(), 0), |raw| (raw.body.as_ptr(), raw.body.len())) };
    if !length.is_null() && length.is_aligned() {
        // SAFETY: the caller's.
        unsafe { length.write(count) };
    }
    body
}

/// The reply's Content-Type header. NULL where there is none, or the transport does not tell it. Lent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_raw_content_type(raw: *const wxt_raw) -> *const c_char {
    unsafe {
        peek(raw, std::ptr::null(), |raw| raw.content_type.as_ref().map_or(std::ptr::null(), |words| words.as_ptr()))
    }
}

/// Adds a field, in UTF-8. One name with two values, or more than 256 names: WXT_BAD_ARGUMENT, and the reply stays unread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_raw_add(raw: *mut wxt_raw, name: *const c_char, value: *const c_char) -> wxt_code {
    unsafe {
        run(std::ptr::null_mut(), || {
            let mut fields = locked(&seen(raw.cast_const(), "raw")?.fields);
            let added = match &mut *fields {
                Ok(pairs) => pairs.add(text(name, "name")?, text(value, "value")?).map_err(|fault| fault.words()),
                Err(words) => Err(*words),
            };
            if let Err(words) = added {
                *fields = Err(words);
                return Err(Fail::Argument("name", words));
            }
            Ok(())
        })
    }
}

/// Frees an account and overwrites its keys. NULL is nothing to free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_account_free(account: *mut wxt_account) {
    unsafe { free(account) }
}

// ---- transports ----

/// The library's own transport until it is first used, then whatever carries the bytes.
enum Way {
    Https { identity: Option<Identity>, roots: Option<Vec<u8>>, proxy: Option<(String, u16)> },
    Ready(Arc<dyn Transport>),
}

impl Way {
    fn ready(&mut self) -> Done<Arc<dyn Transport>> {
        if let Way::Https { identity, roots, proxy } = self {
            let mut https: HttpsBuilder = Https::builder();
            if let Some(pem) = roots {
                https = https.only_roots(pem).map_err(Fail::Failed)?;
            }
            if let Some((host, port)) = proxy {
                https = https.proxy(host, *port).map_err(Fail::Failed)?;
            }
            if let Some(identity) = identity.take() {
                https = https.identity(identity);
            }
            *self = Way::Ready(Arc::new(https.build().map_err(Fail::Failed)?));
        }
        match self {
            Way::Ready(transport) => Ok(Arc::clone(transport)),
            Way::Https { .. } => Err(Fail::Argument("transport", "is not built")),
        }
    }
}

/// Changes a setting of the library's own transport.
///
/// # Safety
///
/// As [`seen`].
unsafe fn change(transport: *mut wxt_transport, change: impl FnOnce(&mut Way) -> Done) -> Done {
    // SAFETY: the caller's.
    let mut way = locked(unsafe { seen(transport, "transport")? });
    match &*way {
        Way::Https { .. } => change(&mut way),
        Way::Ready(_) => Err(Fail::Argument("transport", "is in use, or is your own: its settings cannot change")),
    }
}

/// The library's own transport: HTTPS with the system's roots, no client certificate and no proxy, whatever the
/// environment says. Make one for all accounts that show the same client certificate.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_transport_new(transport: *mut *mut wxt_transport, error: *mut *mut wxt_error) -> wxt_code {
    unsafe {
        run(error, || {
            wanted(transport, "transport")?;
            put(transport, handle(Mutex::new(Way::Https { identity: None, roots: None, proxy: None })));
            Ok(())
        })
    }
}

/// The merchant's client certificate from the bytes of apiclient_cert.p12. Its password is the mch_id, as the merchant
/// platform sets it. Bytes and password are copied; overwrite your own copy afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_transport_set_p12(
    transport: *mut wxt_transport,
    p12: *const u8,
    p12_length: usize,
    password: *const u8,
    password_length: usize,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        run(error, || {
            change(transport, |way| {
                let password = Secret::new(bytes(password, password_length, "password")?);
                let read = Identity::from_pkcs12_with(bytes(p12, p12_length, "p12")?, &password);
                if let Way::Https { identity, .. } = way {
                    *identity = Some(read.map_err(Fail::Failed)?);
                }
                Ok(())
            })
        })
    }
}

/// The same from apiclient_cert.pem and apiclient_key.pem, without a passphrase.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_transport_set_pem(
    transport: *mut wxt_transport,
    certificate: *const u8,
    certificate_length: usize,
    key: *const u8,
    key_length: usize,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        run(error, || {
            change(transport, |way| {
                let certificate = bytes(certificate, certificate_length, "certificate")?;
                let read = Identity::from_pem(certificate, bytes(key, key_length, "key")?);
                if let Way::Https { identity, .. } = way {
                    *identity = Some(read.map_err(Fail::Failed)?);
                }
                Ok(())
            })
        })
    }
}

/// Trusts these roots instead of the system's: for terminals without a CA store, or with an old one. PEM, one or several.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_transport_set_roots(
    transport: *mut wxt_transport,
    pem: *const u8,
    length: usize,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        run(error, || {
            change(transport, |way| {
                let pem = bytes(pem, length, "pem")?;
                drop(Https::builder().only_roots(pem).map_err(Fail::Failed)?);
                if let Way::Https { roots, .. } = way {
                    *roots = Some(pem.into());
                }
                Ok(())
            })
        })
    }
}

/// Goes through an HTTP proxy (CONNECT), without user and password.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_transport_set_proxy(
    transport: *mut wxt_transport,
    host: *const c_char,
    port: u16,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        run(error, || {
            change(transport, |way| {
                let host = text(host, "host")?;
                drop(Https::builder().proxy(host, port).map_err(Fail::Failed)?);
                if let Way::Https { proxy, .. } = way {
                    *proxy = Some((host.into(), port));
                }
                Ok(())
            })
        })
    }
}

/// A transport of your own, for a terminal with its own modem stack. `post` carries one request. `forget` may be NULL where
/// no connections are kept; `reach` may be NULL, then `wxt_client_check` cannot try a gateway without a query; `release`
/// may be NULL. `context` is handed to each, and to `release` when nothing uses it any more, also when this call fails.
/// Whether it shows a client certificate, and whose, only your transport knows.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_transport_new_own(
    post: wxt_post_callback,
    forget: wxt_forget_callback,
    reach: wxt_reach_callback,
    release: wxt_release_callback,
    context: *mut c_void,
    transport: *mut *mut wxt_transport,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        run(error, || {
            let context = Context { pointer: context, release };
            wanted(transport, "transport")?;
            let post = post.ok_or(Fail::Argument("post", "is NULL"))?;
            put(transport, handle(Mutex::new(Way::Ready(Arc::new(OwnTransport { context, post, forget, reach })))));
            Ok(())
        })
    }
}

/// Frees a transport. Clients and tills that were made with it keep what they need. NULL is nothing to free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_transport_free(transport: *mut wxt_transport) {
    unsafe { free(transport) }
}

/// A transport of the C caller's.
struct OwnTransport {
    context: Context,
    post: unsafe extern "C" fn(*mut c_void, *const wxt_post, *mut wxt_received) -> i32,
    forget: wxt_forget_callback,
    reach: wxt_reach_callback,
}

/// What a transport of the C caller's tells.
struct Reception {
    status: u16,
    body: Vec<u8>,
    limit: usize,
    fresh: bool,
    date: Option<i64>,
    content_type: Option<String>,
    stage: Stage,
    words: String,
}

impl Reception {
    fn lend(limit: usize) -> Lent<wxt_received> {
        Lent::new(Mutex::new(Reception {
            status: 0,
            body: Vec::new(),
            limit,
            fresh: false,
            date: None,
            content_type: None,
            stage: Stage::Exchange,
            words: String::new(),
        }))
    }

    fn fault(&mut self, sent: Sent) -> Fault {
        let words = std::mem::take(&mut self.words);
        let words = if words.is_empty() { "the terminal's own transport gave no reason".into() } else { words };
        Fault { sent, stage: self.stage, text: words.into() }
    }
}

impl Lent<wxt_received> {
    fn with<T>(&self, read: impl FnOnce(&mut Reception) -> T) -> Option<T> {
        // SAFETY: made by `handle` a few lines ago. Had the borrower freed it, which the header forbids, its magic word
        // would be dead.
        let state = unsafe { seen(self.pointer.cast_const(), "received") };
        state.ok().map(|reception| read(&mut locked(reception)))
    }
}

impl Transport for OwnTransport {
    fn post(&self, post: &Post<'_>) -> Result<Received, Fault> {
        let (url, content_type) = (c(post.url), c(post.content_type));
        let out = wxt_post {
            url: url.as_ptr(),
            content_type: content_type.as_ptr(),
            body: post.body.as_ptr(),
            body_length: post.body.len(),
            reply_limit: post.reply_limit,
            within_ms: whole(post.within.as_millis(), i64::MAX),
            connect_within_ms: whole(post.connect_within.as_millis(), i64::MAX),
            own_connection: i32::from(post.own_connection),
        };
        let lent = Reception::lend(post.reply_limit);
        // SAFETY: the caller's function, with the caller's context and values that live until it returns.
        let said = unsafe { (self.post)(self.context.pointer, &raw const out, lent.pointer) };
        let read = lent.with(|told| match said {
            said if said == wxt_sent::WXT_NO_BYTE_SENT as i32 => Err(told.fault(Sent::No)),
            said if said == wxt_sent::WXT_ANSWERED as i32 && told.status != 0 => Ok(Received {
                reused: !told.fresh,
                date: told.date,
                content_type: told.content_type.take(),
                ..Received::new(told.status, std::mem::take(&mut told.body))
            }),
            _ => Err(told.fault(Sent::Maybe)),
        });
        let lost = || Fault { sent: Sent::Maybe, stage: Stage::Exchange, text: "the reply was freed".into() };
        read.unwrap_or_else(|| Err(lost()))
    }

    fn forget(&self, url: &str) {
        if let Some(forget) = self.forget {
            // SAFETY: as above.
            unsafe { forget(self.context.pointer, c(url).as_ptr()) };
        }
    }

    fn reach(&self, url: &str, within: Duration) -> Result<(), Fault> {
        let Some(reach) = self.reach else {
            return Err(Fault::unsent(Stage::Unable, "this transport has no way to connect without sending"));
        };
        let lent = Reception::lend(0);
        let within = whole(within.as_millis(), i64::MAX);
        // SAFETY: as above.
        match unsafe { reach(self.context.pointer, c(url).as_ptr(), within, lent.pointer) } {
            said if said == wxt_sent::WXT_ANSWERED as i32 => Ok(()),
            _ => Err(lent.with(|told| told.fault(Sent::No)).unwrap_or(Fault::unsent(Stage::Exchange, "failed"))),
        }
    }
}

/// The HTTP status of the reply: 200.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_received_set_status(received: *mut wxt_received, status: i32) -> wxt_code {
    unsafe {
        run(std::ptr::null_mut(), || {
            let status = u16::try_from(status).ok().filter(|status| (100..=999).contains(status));
            let status = status.ok_or(Fail::Argument("status", "is no HTTP status"))?;
            locked(seen(received, "received")?).status = status;
            Ok(())
        })
    }
}

/// Adds bytes of the reply's body: what HTTP carries, unpacked from chunks, up to `post->reply_limit`. A reply that is
/// longer is not read, and its outcome is unknown.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_received_append(received: *mut wxt_received, body: *const u8, length: usize) -> wxt_code {
    unsafe {
        run(std::ptr::null_mut(), || {
            let mut told = locked(seen(received, "received")?);
            let more = bytes(body, length, "body")?;
            // One byte more than allowed, so that the judge sees that it is too long.
            let room = told.limit.saturating_add(1).saturating_sub(told.body.len());
            told.body.extend(more.iter().take(room));
            Ok(())
        })
    }
}

/// Says that the connection had carried no other exchange before. Without this the library takes it for a used one, on which
/// an unsigned refusal proves nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_received_set_fresh(received: *mut wxt_received) -> wxt_code {
    unsafe {
        run(std::ptr::null_mut(), || {
            locked(seen(received, "received")?).fresh = true;
            Ok(())
        })
    }
}

/// The reply's Date header in seconds since 1970, where it could be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_received_set_date(received: *mut wxt_received, unix_seconds: i64) -> wxt_code {
    unsafe {
        run(std::ptr::null_mut(), || {
            locked(seen(received, "received")?).date = Some(unix_seconds);
            Ok(())
        })
    }
}

/// The reply's Content-Type header, for a reply reader of your own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_received_set_content_type(
    received: *mut wxt_received,
    content_type: *const c_char,
) -> wxt_code {
    unsafe {
        run(std::ptr::null_mut(), || {
            locked(seen(received, "received")?).content_type = Some(text(content_type, "content_type")?.into());
            Ok(())
        })
    }
}

/// Says why there is no reply: `stage` is one of `wxt_stage`, `words` are for a technician. No secret belongs there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_received_fail(received: *mut wxt_received, stage: i32, words: *const c_char) -> wxt_code {
    unsafe {
        run(std::ptr::null_mut(), || {
            let mut told = locked(seen(received, "received")?);
            told.stage = match stage {
                stage if stage == wxt_stage::WXT_STAGE_RESOLVE as i32 => Stage::Resolve,
                stage if stage == wxt_stage::WXT_STAGE_CONNECT as i32 => Stage::Connect,
                stage if stage == wxt_stage::WXT_STAGE_TLS as i32 => Stage::Tls,
                _ => Stage::Exchange,
            };
            told.words = text(words, "words")?.into();
            Ok(())
        })
    }
}

// ---- clients ----

enum AnyClient {
    Redpack(Client<RedpackAccount>),
    Workwx(Client<WorkwxAccount>),
    Swiftpass(Client<SwiftpassAccount>),
    Webgate(Client<WebgateAccount>),
}

impl AnyClient {
    fn new(
        account: AnyAccount,
        terminal: Terminal,
        way: Arc<dyn Transport>,
        within: Option<Duration>,
    ) -> Done<AnyClient> {
        fn made<A: Account>(
            account: A,
            terminal: Terminal,
            way: Arc<dyn Transport>,
            within: Option<Duration>,
        ) -> Done<Client<A>> {
            let client = Client::new(account, terminal, way).map_err(Fail::Failed)?;
            match within {
                Some(within) => client.within(within).map_err(Fail::Failed),
                None => Ok(client),
            }
        }
        Ok(match account {
            AnyAccount::Redpack(account) => AnyClient::Redpack(made(account, terminal, way, within)?),
            AnyAccount::Workwx(account) => AnyClient::Workwx(made(account, terminal, way, within)?),
            AnyAccount::Swiftpass(account) => AnyClient::Swiftpass(made(account, terminal, way, within)?),
            AnyAccount::Webgate(account) => AnyClient::Webgate(made(account, terminal, way, within)?),
        })
    }

    fn parts(&self) -> (&Profile, &Pipe) {
        match self {
            AnyClient::Redpack(client) => (client.account().profile(), &client.pipe),
            AnyClient::Workwx(client) => (client.account().profile(), &client.pipe),
            AnyClient::Swiftpass(client) => (client.account().profile(), &client.pipe),
            AnyClient::Webgate(client) => (client.account().profile(), &client.pipe),
        }
    }

    fn check(&self) -> Report {
        match self {
            AnyClient::Redpack(client) => client.check(),
            AnyClient::Workwx(client) => client.check(),
            AnyClient::Swiftpass(client) => client.check(),
            AnyClient::Webgate(client) => client.check(),
        }
    }

    /// The same steps as `Client::prepare` and `Client::ask`.
    fn draft(&self, given: &Given) -> Done<Draft> {
        let (profile, pipe) = self.parts();
        if given.call.family != profile.family {
            return Err(Fail::Argument("request", "belongs to another gateway than this account"));
        }
        let fields = pipe.checked(profile, given.call.endpoint, given.fields.clone()).map_err(Fail::NotSent)?;
        pipe.signed(profile, given.call.endpoint, fields).map_err(Fail::NotSent)
    }
}

/// The account, the terminal and the deadline of a client or of one account of a till.
///
/// # Safety
///
/// As [`seen`] and [`text`].
unsafe fn client_of(
    account: *const wxt_account,
    device_info: *const c_char,
    transport: *const wxt_transport,
    deadline_ms: i64,
) -> Done<AnyClient> {
    // SAFETY: the caller's.
    let (account, device_info, transport) =
        unsafe { (seen(account, "account")?, optional(device_info, "device_info")?, seen(transport, "transport")?) };
    let within = Some(milliseconds(deadline_ms, "deadline_ms")?).filter(|within| !within.is_zero());
    let terminal = match device_info {
        Some(number) => Terminal::new(number).map_err(Fail::Failed)?,
        None => Terminal::unnamed(),
    };
    AnyClient::new(locked(account).build()?, terminal, locked(transport).ready()?, within)
}

/// A client: one account, one terminal. `device_info` is the terminal's number (设备号), or NULL. `deadline_ms` is the
/// deadline of one call, 1000 to 300000, or 0 for 30 seconds.
///
/// A client neither makes order numbers nor repeats, and remembers nothing through a power cut. A till does all three:
/// prefer it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_client_new(
    account: *const wxt_account,
    device_info: *const c_char,
    transport: *const wxt_transport,
    deadline_ms: i64,
    client: *mut *mut wxt_client,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        run(error, || {
            wanted(client, "client")?;
            put(client, handle(client_of(account, device_info, transport, deadline_ms)?));
            Ok(())
        })
    }
}

/// Frees a client. No thread may be in a call of it. NULL is nothing to free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_client_free(client: *mut wxt_client) {
    unsafe { free(client) }
}

/// Checks clock, DNS, route, TLS, certificate, merchant number and key before the first customer, and moves nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_client_check(
    client: *const wxt_client,
    report: *mut *mut wxt_report,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        put(report, std::ptr::null_mut());
        run(error, || {
            let client = seen(client, "client")?;
            wanted(report, "report")?;
            put(report, handle(client.check().steps.iter().map(StepTexts::new).collect()));
            Ok(())
        })
    }
}

/// A payment that was checked and signed.
struct Ready {
    read: Read,
    draft: Mutex<Draft>,
    order_number: CString,
}

/// Checks and signs a payment; nothing is sent. Only for an order number that was never sent, or that was refused with
/// WXT_SAME_NUMBER. Store the order number before you send.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_client_prepare(
    client: *const wxt_client,
    request: *const wxt_request,
    prepared: *mut *mut wxt_prepared,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe { prepare(client, request, false, prepared, error) }
}

/// The same for an order number that may have been sent by an earlier run of the program. All fields must be those of the
/// first attempt. A refusal is then WXT_UNKNOWN: it says nothing about the attempt before it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_client_prepare_repeat(
    client: *const wxt_client,
    request: *const wxt_request,
    prepared: *mut *mut wxt_prepared,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe { prepare(client, request, true, prepared, error) }
}

unsafe fn prepare(
    client: *const wxt_client,
    request: *const wxt_request,
    repeat: bool,
    prepared: *mut *mut wxt_prepared,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        run(error, || {
            let (client, given) = (seen(client, "client")?, locked(seen(request, "request")?));
            wanted(prepared, "prepared")?;
            if given.call.use_ != Use::Pay {
                return Err(Fail::Argument("request", "is no payment"));
            }
            let mut draft = client.draft(&given)?;
            if repeat {
                draft.marked = true;
                draft.attempts = 1;
            }
            let order_number = c(draft.fields.get(given.call.endpoint.order_number).unwrap_or_default());
            put(prepared, handle(Ready { read: given.call.read, draft: Mutex::new(draft), order_number }));
            Ok(())
        })
    }
}

/// The order number of a prepared payment. Lives as long as it. Never NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_prepared_order_number(prepared: *const wxt_prepared) -> *const c_char {
    unsafe { peek(prepared, c"".as_ptr(), |ready| ready.order_number.as_ptr()) }
}

/// 1 when an attempt has no proven answer, or when that cannot be told (NULL, or a send is under way); else 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_prepared_is_marked(prepared: *const wxt_prepared) -> i32 {
    unsafe { peek(prepared, 1, |ready| ready.draft.try_lock().map_or(1, |draft| i32::from(draft.marked))) }
}

/// Frees a prepared payment. NULL is nothing to free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_prepared_free(prepared: *mut wxt_prepared) {
    unsafe { free(prepared) }
}

/// Sends a prepared payment once, and judges the reply. Sending it again is a repeat: the same order number and fields, a
/// new nonce and signature.
///
/// `outcome` and `reply` are set to WXT_UNKNOWN and NULL first. WXT_DONE: the outcome counts, and `reply` (which may be
/// NULL if you do not want it) holds more. WXT_NOT_SENT: nothing was sent, neither now nor by an attempt before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_client_send(
    client: *const wxt_client,
    prepared: *mut wxt_prepared,
    outcome: *mut wxt_outcome,
    reply: *mut *mut wxt_reply,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        clear(outcome, WXT_UNKNOWN, reply);
        run(error, || {
            let (client, ready) = (seen(client, "client")?, seen(prepared.cast_const(), "prepared")?);
            wanted(outcome, "outcome")?;
            let (profile, pipe) = client.parts();
            let came = pipe.pay(profile, &mut locked(&ready.draft), ready.read).map_err(Fail::NotSent)?;
            let mut told = Told::outcome(came, |pairs, told| {
                told.evidence = wxt_evidence::WXT_EVIDENCE_REPLY;
                told.fields = texts(pairs.iter());
            });
            told.order_number = ready.order_number.clone();
            deliver(told, outcome, reply);
            Ok(())
        })
    }
}

/// Writes a result: the reply first, so that an outcome never stands without it.
///
/// # Safety
///
/// As [`put`].
unsafe fn deliver(told: Told, outcome: *mut wxt_outcome, reply: *mut *mut wxt_reply) {
    let came = told.outcome;
    // SAFETY: the caller's.
    unsafe {
        if !reply.is_null() {
            put(reply, handle(told));
        }
        put(outcome, came);
    }
}

/// Asks about an order. Moves nothing. `answer` and `reply` are set to WXT_NO_ANSWER and NULL first. WXT_KNOWN is not
/// "paid": compare the reply's state and amount.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_client_ask(
    client: *const wxt_client,
    request: *const wxt_request,
    answer: *mut wxt_answer,
    reply: *mut *mut wxt_reply,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe { ask(client, request, Use::Ask, answer, reply, error) }
}

/// Closes an unpaid WAP order, so that nobody can pay it any more. WXT_KNOWN means closed. Everything else says nothing
/// about the order: ask.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_client_close(
    client: *const wxt_client,
    request: *const wxt_request,
    answer: *mut wxt_answer,
    reply: *mut *mut wxt_reply,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe { ask(client, request, Use::Close, answer, reply, error) }
}

unsafe fn ask(
    client: *const wxt_client,
    request: *const wxt_request,
    use_: Use,
    answer: *mut wxt_answer,
    reply: *mut *mut wxt_reply,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        clear(answer, wxt_answer::WXT_NO_ANSWER, reply);
        run(error, || {
            let (client, given) = (seen(client, "client")?, locked(seen(request, "request")?));
            wanted(answer, "answer")?;
            if given.call.use_ != use_ {
                return Err(Fail::Argument("request", "is another kind of call"));
            }
            let mut draft = client.draft(&given)?;
            let read = given.call.read;
            drop(given);
            let (profile, pipe) = client.parts();
            let (said, _) = pipe.ask(profile, &mut draft, pipe.within, read).map_err(Fail::NotSent)?;
            let order_number = c(draft.fields.get(draft.endpoint.order_number).unwrap_or_default());
            let mut told = Told { order_number, ..Told::default() };
            let said = match said {
                Answer::Known(pairs) => {
                    told.evidence = wxt_evidence::WXT_EVIDENCE_REPLY;
                    told.fields = texts(pairs.iter());
                    wxt_answer::WXT_KNOWN
                }
                Answer::NotKnown { first_host: true } => wxt_answer::WXT_NOT_KNOWN,
                Answer::NotKnown { first_host: false } => wxt_answer::WXT_NOT_KNOWN_BY_SECOND_HOST,
                Answer::NoAnswer(doubt) => {
                    told.doubt(&doubt);
                    wxt_answer::WXT_NO_ANSWER
                }
            };
            if !reply.is_null() {
                put(reply, handle(told));
            }
            put(answer, said);
            Ok(())
        })
    }
}

// ---- replies ----

/// What a `wxt_reply` holds.
struct Told {
    outcome: wxt_outcome,
    order_number: CString,
    entry: i64,
    code: CString,
    text: CString,
    message: CString,
    next: wxt_next,
    wait_seconds: i64,
    reason: wxt_reason,
    evidence: wxt_evidence,
    journal_fault: CString,
    late: bool,
    fields: Vec<(CString, CString)>,
}

impl Default for Told {
    fn default() -> Told {
        Told {
            outcome: WXT_UNKNOWN,
            order_number: CString::default(),
            entry: 0,
            code: CString::default(),
            text: CString::default(),
            message: CString::default(),
            next: wxt_next::WXT_STOP,
            wait_seconds: 0,
            reason: wxt_reason::WXT_REASON_NONE,
            evidence: wxt_evidence::WXT_EVIDENCE_NONE,
            journal_fault: CString::default(),
            late: false,
            fields: Vec::new(),
        }
    }
}

fn texts<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<(CString, CString)> {
    pairs.map(|(name, value)| (c(name), c(value))).collect()
}

impl Told {
    /// The fields of a reply that is still to be proven.
    fn fields_only(pairs: &Pairs) -> Told {
        Told { fields: texts(pairs.iter()), ..Told::default() }
    }

    /// An outcome as the library said it, with the proof of an accepted one.
    fn outcome<T>(came: Outcome<T>, proof: impl FnOnce(T, &mut Told)) -> Told {
        let mut told = Told::default();
        match came {
            Outcome::Accepted(accepted) => {
                told.outcome = WXT_ACCEPTED;
                proof(accepted, &mut told);
            }
            Outcome::Declined(refusal) => {
                told.outcome = WXT_DECLINED;
                told.refusal(&refusal);
            }
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

    fn doubt(&mut self, doubt: &Doubt) {
        self.code = c(&doubt.code);
        self.text = c(gateways_words(doubt));
        self.message = c(&doubt.to_string());
        self.reason = reason(doubt.reason);
    }
}

/// What the gateway itself said. The library's own words of a doubt are constants, or say why nothing could be read.
fn gateways_words(doubt: &Doubt) -> &str {
    match (&doubt.text, doubt.reason) {
        (Cow::Owned(words), Reason::OpenCode | Reason::StaleConnection) => words,
        (Cow::Owned(words), Reason::EarlierAttempt) if !doubt.code.is_empty() => words,
        _ => "",
    }
}

fn next(next: Next) -> (wxt_next, i64) {
    match next {
        Next::Stop => (wxt_next::WXT_STOP, 0),
        Next::SameNumber => (wxt_next::WXT_SAME_NUMBER, 0),
        Next::SameNumberLater(wait) => {
            (wxt_next::WXT_SAME_NUMBER_LATER, i64::try_from(wait.as_secs()).unwrap_or(i64::MAX))
        }
        Next::NewNumber => (wxt_next::WXT_NEW_NUMBER, 0),
    }
}

fn reason(reason: Reason) -> wxt_reason {
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
    }
}

/// The outcome. NULL: WXT_UNKNOWN.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_reply_outcome(reply: *const wxt_reply) -> wxt_outcome {
    unsafe { peek(reply, WXT_UNKNOWN, |told| told.outcome) }
}

/// The order number, or "" where it is not known. Never NULL, as all texts of a reply; it lives as long as the reply.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_reply_order_number(reply: *const wxt_reply) -> *const c_char {
    unsafe { peek(reply, c"".as_ptr(), |told| told.order_number.as_ptr()) }
}

/// The entry in the till's journal, or 0. Acknowledge it after acting.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_reply_entry(reply: *const wxt_reply) -> i64 {
    unsafe { peek(reply, 0, |told| told.entry) }
}

/// The gateway's code: "NOTENOUGH", or "" where it gave none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_reply_code(reply: *const wxt_reply) -> *const c_char {
    unsafe { peek(reply, c"".as_ptr(), |told| told.code.as_ptr()) }
}

/// The gateway's own words, usually Chinese, or "" where it said none. Show them; never branch on them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_reply_text(reply: *const wxt_reply) -> *const c_char {
    unsafe { peek(reply, c"".as_ptr(), |told| told.text.as_ptr()) }
}

/// One line for a log: why it was refused, or why it is not known. "" when accepted.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_reply_message(reply: *const wxt_reply) -> *const c_char {
    unsafe { peek(reply, c"".as_ptr(), |told| told.message.as_ptr()) }
}

/// What is allowed after a refusal.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_reply_next(reply: *const wxt_reply) -> wxt_next {
    unsafe { peek(reply, wxt_next::WXT_STOP, |told| told.next) }
}

/// How long to wait, where the next step is WXT_SAME_NUMBER_LATER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_reply_wait_seconds(reply: *const wxt_reply) -> i64 {
    unsafe { peek(reply, 0, |told| told.wait_seconds) }
}

/// Why the outcome is not known.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_reply_reason(reply: *const wxt_reply) -> wxt_reason {
    unsafe { peek(reply, wxt_reason::WXT_REASON_NONE, |told| told.reason) }
}

/// How it was proven.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_reply_evidence(reply: *const wxt_reply) -> wxt_evidence {
    unsafe { peek(reply, wxt_evidence::WXT_EVIDENCE_NONE, |told| told.evidence) }
}

/// What the journal could not write after the payment was made, or "". The outcome counts all the same; the entry is still
/// open and is resolved again by the next pay or recover.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_reply_journal_fault(reply: *const wxt_reply) -> *const c_char {
    unsafe { peek(reply, c"".as_ptr(), |told| told.journal_fault.as_ptr()) }
}

/// 1 when the customer paid a WAP order after it was given up: refund it, or act on it. Else 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_reply_is_late(reply: *const wxt_reply) -> i32 {
    unsafe { peek(reply, 0, |told| i32::from(told.late)) }
}

/// A field of the reply by the name that the document gives it: "payment_no", "send_listid", "mweb_url". NULL where the
/// reply does not have it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_reply_get(reply: *const wxt_reply, name: *const c_char) -> *const c_char {
    unsafe { peek(reply, std::ptr::null(), |told| found(&told.fields, text(name, "name").unwrap_or_default())) }
}

fn found(fields: &[(CString, CString)], name: &str) -> *const c_char {
    let field = fields.iter().find(|(have, _)| have.as_bytes() == name.as_bytes());
    field.map_or(std::ptr::null(), |(_, value)| value.as_ptr())
}

/// A field that is an amount, in fen. WXT_FAILED: it is not there, or is no number of fen; `fen` is then not written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_reply_get_fen(
    reply: *const wxt_reply,
    name: *const c_char,
    fen: *mut i64,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        run(error, || {
            let (told, name) = (seen(reply, "reply")?, text(name, "name")?);
            wanted(fen, "fen")?;
            let field = told.fields.iter().find(|(have, _)| have.as_bytes() == name.as_bytes());
            let amount = field.and_then(|(_, value)| value.to_str().ok()).and_then(Fen::read);
            let words = "is not in the reply, or is no number of fen";
            put(fen, i64::from(amount.ok_or_else(|| Fail::Failed(Error::field(String::from(name), words)))?.get()));
            Ok(())
        })
    }
}

/// How many fields the reply has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_reply_count(reply: *const wxt_reply) -> usize {
    unsafe { peek(reply, 0, |told| told.fields.len()) }
}

/// The name of a field by its place, from 0. NULL from `wxt_reply_count` on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_reply_name(reply: *const wxt_reply, at: usize) -> *const c_char {
    unsafe { peek(reply, std::ptr::null(), |told| nth(&told.fields, at, |field| &field.0)) }
}

/// Its value.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_reply_value(reply: *const wxt_reply, at: usize) -> *const c_char {
    unsafe { peek(reply, std::ptr::null(), |told| nth(&told.fields, at, |field| &field.1)) }
}

/// Frees a reply and every text taken from it. NULL is nothing to free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_reply_free(reply: *mut wxt_reply) {
    unsafe { free(reply) }
}

// ---- checks ----

/// One step of a check.
struct StepTexts {
    part: wxt_part,
    verdict: wxt_verdict,
    text: CString,
    text_zh: CString,
}

impl StepTexts {
    fn new(step: &crate::client::check::Step) -> StepTexts {
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

/// 1 when no step is WXT_BAD; else 0, also for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_report_is_good(report: *const wxt_report) -> i32 {
    unsafe { peek(report, 0, |steps| i32::from(steps.iter().all(|step| step.verdict != wxt_verdict::WXT_BAD))) }
}

/// How many steps it has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_report_count(report: *const wxt_report) -> usize {
    unsafe { peek(report, 0, |steps| steps.len()) }
}

/// What a step is about, by its place from 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_report_part(report: *const wxt_report, at: usize) -> wxt_part {
    unsafe { peek(report, wxt_part::WXT_PART_OTHER, |s| s.get(at).map_or(wxt_part::WXT_PART_OTHER, |s| s.part)) }
}

/// What came out of it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_report_verdict(report: *const wxt_report, at: usize) -> wxt_verdict {
    unsafe { peek(report, wxt_verdict::WXT_BAD, |s| s.get(at).map_or(wxt_verdict::WXT_BAD, |s| s.verdict)) }
}

/// In English. NULL from `wxt_report_count` on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_report_text(report: *const wxt_report, at: usize) -> *const c_char {
    unsafe { peek(report, std::ptr::null(), |steps| nth(steps, at, |step| &step.text)) }
}

/// In Chinese. NULL from `wxt_report_count` on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_report_text_zh(report: *const wxt_report, at: usize) -> *const c_char {
    unsafe { peek(report, std::ptr::null(), |steps| nth(steps, at, |step| &step.text_zh)) }
}

/// Frees a report and every text taken from it. NULL is nothing to free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_report_free(report: *mut wxt_report) {
    unsafe { free(report) }
}

// ---- explanations ----

/// What a `wxt_explanation` holds.
struct Explained {
    string: CString,
    agrees: wxt_agreement,
    findings: Vec<(CString, CString, CString)>,
}

/// Explains why a gateway does not like a signature: the string that is signed, the key masked, and what looks wrong.
/// Offline. `call` is one of `wxt_call`; `given` is the signature that was refused, or NULL. The right signature is never
/// shown. The string holds the fields' values: do not log it in production.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_explain(
    call: i32,
    fields: *const wxt_field,
    count: usize,
    key: *const u8,
    key_length: usize,
    given: *const c_char,
    explanation: *mut *mut wxt_explanation,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        run(error, || {
            let endpoint = call_of(call)?.endpoint;
            explained(fields, count, (key, key_length), given, explanation, |fields, key, given| {
                explain(endpoint, fields, key, given)
            })
        })
    }
}

/// The same for the workwx_sign of WXT_PAY_EMPLOYEE, which covers eight fields only and takes the application's Secret.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_explain_workwx_sign(
    fields: *const wxt_field,
    count: usize,
    secret: *const u8,
    secret_length: usize,
    given: *const c_char,
    explanation: *mut *mut wxt_explanation,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe { run(error, || explained(fields, count, (secret, secret_length), given, explanation, explain_workwx_sign)) }
}

unsafe fn explained(
    fields: *const wxt_field,
    count: usize,
    (key, key_length): (*const u8, usize),
    given: *const c_char,
    out: *mut *mut wxt_explanation,
    explain: impl FnOnce(&[(&str, &[u8])], &Secret, Option<&str>) -> Explanation,
) -> Done {
    wanted(out, "explanation")?;
    if count > 1024 {
        return Err(Fail::Argument("count", "is more than 1024"));
    }
    let rows = match (fields.is_null(), count) {
        (_, 0) => &[],
        (true, _) => return Err(Fail::Argument("fields", "is NULL")),
        (false, _) if !fields.is_aligned() => return Err(Fail::Argument("fields", "is not aligned")),
        // SAFETY: by the header, an array of this many fields.
        (false, _) => unsafe { std::slice::from_raw_parts(fields, count) },
    };
    // SAFETY: by the header, each row's pointers are what they say.
    let pairs: Vec<(&str, &[u8])> = rows
        .iter()
        .map(|row| unsafe { Ok((text(row.name, "name")?, bytes(row.value, row.length, "value")?)) })
        .collect::<Done<_>>()?;
    let (key, given) = unsafe { (Secret::new(bytes(key, key_length, "key")?), optional(given, "given")?) };
    let found = explain(&pairs, &key, given);
    let agrees = match found.agrees {
        None => wxt_agreement::WXT_NOT_COMPARED,
        Some(true) => wxt_agreement::WXT_AGREES,
        Some(false) => wxt_agreement::WXT_DISAGREES,
    };
    let findings = found.findings.iter().map(|one| (c(&one.field), c(one.text), c(one.text_zh))).collect();
    // SAFETY: `wanted` above.
    unsafe { put(out, handle(Explained { string: c(&found.string_to_sign), agrees, findings })) };
    Ok(())
}

/// The string that is signed, the key masked. Never NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_explanation_string(explanation: *const wxt_explanation) -> *const c_char {
    unsafe { peek(explanation, c"".as_ptr(), |explained| explained.string.as_ptr()) }
}

/// Whether the given signature fits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_explanation_agrees(explanation: *const wxt_explanation) -> wxt_agreement {
    unsafe { peek(explanation, wxt_agreement::WXT_NOT_COMPARED, |explained| explained.agrees) }
}

/// How many things look wrong.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_explanation_count(explanation: *const wxt_explanation) -> usize {
    unsafe { peek(explanation, 0, |explained| explained.findings.len()) }
}

/// The field that looks wrong, or "key", by its place from 0. NULL from `wxt_explanation_count` on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_explanation_field(explanation: *const wxt_explanation, at: usize) -> *const c_char {
    unsafe { peek(explanation, std::ptr::null(), |explained| nth(&explained.findings, at, |found| &found.0)) }
}

/// What looks wrong, in English.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_explanation_text(explanation: *const wxt_explanation, at: usize) -> *const c_char {
    unsafe { peek(explanation, std::ptr::null(), |explained| nth(&explained.findings, at, |found| &found.1)) }
}

/// What looks wrong, in Chinese.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_explanation_text_zh(explanation: *const wxt_explanation, at: usize) -> *const c_char {
    unsafe { peek(explanation, std::ptr::null(), |explained| nth(&explained.findings, at, |found| &found.2)) }
}

/// Frees an explanation and every text taken from it. NULL is nothing to free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_explanation_free(explanation: *mut wxt_explanation) {
    unsafe { free(explanation) }
}

// ---- notifications ----

/// Reads and verifies the notification that a Swiftpass-type gateway posts when the customer paid. WXT_FAILED: it is not to
/// be believed; answer it with anything but `success`, and the gateway repeats it for hours.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_client_notification(
    client: *const wxt_client,
    body: *const u8,
    length: usize,
    notification: *mut *mut wxt_notification,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        run(error, || {
            let (client, body) = (seen(client, "client")?, bytes(body, length, "body")?);
            wanted(notification, "notification")?;
            let AnyClient::Swiftpass(client) = client else {
                return Err(Fail::Argument("client", "this gateway sends no notifications"));
            };
            let read = client.account().notification(body).map_err(|fault| Fail::Notification(fault.reason()))?;
            let order_number = c(read.out_trade_no());
            put(notification, handle(Noted { order_number, read: Mutex::new(Some(read)) }));
            Ok(())
        })
    }
}

/// What a `wxt_notification` holds.
struct Noted {
    order_number: CString,
    read: Mutex<Option<Notification>>,
}

/// The order that it speaks of: look up your stored order with it. Never NULL; lives as long as the notification.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_notification_order_number(notification: *const wxt_notification) -> *const c_char {
    unsafe { peek(notification, c"".as_ptr(), |noted| noted.order_number.as_ptr()) }
}

/// Compares a notification, once, with the order from your own durable record, and gives the exact text to answer with
/// (`answer`, static) after `record` said that the payment is on the disk. The same notification may come several times:
/// `record` must accept that. `paid` may be NULL; its fields are the notification's. Send the answer as plain text within 5
/// seconds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_notification_confirm(
    notification: *mut wxt_notification,
    order_number: *const c_char,
    total_fee_fen: i64,
    record: wxt_record_callback,
    context: *mut c_void,
    paid: *mut *mut wxt_reply,
    answer: *mut *const c_char,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        put(paid, std::ptr::null_mut());
        run(error, || {
            let noted = seen(notification.cast_const(), "notification")?;
            let out_trade_no = text(order_number, "order_number")?;
            let total_fee = Fen::new(total_fee_fen).map_err(|_| Fail::Argument("total_fee_fen", "is no amount"))?;
            let record = record.ok_or(Fail::Argument("record", "is NULL"))?;
            wanted(answer, "answer")?;
            let read = locked(&noted.read).take();
            let read = read.ok_or(Fail::Argument("notification", "was compared already"))?;
            let notice = read.matches(&StoredOrder { out_trade_no, total_fee });
            let notice = notice.map_err(|fault| Fail::Notification(fault.reason()))?;
            let words = notice.reply_after(|notice| {
                let lent = Lent::<wxt_reply>::new(Told::fields_only(&notice.reply));
                // SAFETY: the caller's function and context, and a handle that lives until it returns.
                match record(context, lent.pointer) {
                    said if said == wxt_recorded::WXT_RECORDED as i32 => Ok(()),
                    _ => Err(Fail::Notification("it was not recorded")),
                }
            })?;
            if !paid.is_null() {
                put(
                    paid,
                    handle(Told { order_number: noted.order_number.clone(), ..Told::fields_only(&notice.reply) }),
                );
            }
            put(answer, answer_text(words));
            Ok(())
        })
    }
}

/// The one text that a gateway takes for "received".
fn answer_text(words: &'static str) -> *const c_char {
    if words == "success" { c"success".as_ptr() } else { c"fail".as_ptr() }
}

/// Frees a notification. NULL is nothing to free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_notification_free(notification: *mut wxt_notification) {
    unsafe { free(notification) }
}

// ---- tills ----

/// A till, shared with the calls that are under way.
struct Tills {
    device_info: Option<String>,
    till: Mutex<Option<Arc<Till>>>,
}

impl Tills {
    fn till(&self) -> Done<Arc<Till>> {
        locked(&self.till).as_ref().map(Arc::clone).ok_or(Fail::Argument("till", "lost its journal: open it again"))
    }
}

/// Opens a till on a journal file, or makes the file when there is none. `terminal` is this terminal's number, another one
/// for every terminal of a merchant, 0 to 65535: it is part of every order number. `device_info` is the terminal's number in
/// the requests (设备号), or NULL. The journal opens under no other terminal number or device_info.
///
/// One till has a journal at a time: another process, or a second till, gets WXT_ERROR_JOURNAL_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_till_open(
    path: *const c_char,
    terminal: i32,
    device_info: *const c_char,
    till: *mut *mut wxt_till,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        run(error, || {
            let (path, device_info) = (text(path, "path")?, optional(device_info, "device_info")?);
            let terminal = u16::try_from(terminal).map_err(|_| Fail::Argument("terminal", "must be 0 to 65535"))?;
            wanted(till, "till")?;
            if path.is_empty() {
                return Err(Fail::Argument("path", "is empty"));
            }
            if let Some(number) = device_info {
                Terminal::new(number).map_err(Fail::Failed)?;
            }
            let journal = SqliteJournal::open(path, terminal, device_info, &SystemRandom)?;
            let opened = Till::open(journal);
            let device_info = device_info.map(String::from);
            put(till, handle(Tills { device_info, till: Mutex::new(Some(Arc::new(opened))) }));
            Ok(())
        })
    }
}

/// Adds an account, before the till is used by other threads. Where there are several of one gateway,
/// `wxt_options_set_account` says which one pays. `deadline_ms` is the deadline of one call, 1000 to 300000, or 0 for 30
/// seconds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_till_add(
    till: *mut wxt_till,
    account: *const wxt_account,
    transport: *const wxt_transport,
    deadline_ms: i64,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        run(error, || {
            let tills = seen(till.cast_const(), "till")?;
            let device_info = tills.device_info.as_deref().map(c);
            let device_info = device_info.as_ref().map_or(std::ptr::null(), |number| number.as_ptr());
            let client = client_of(account, device_info, transport, deadline_ms)?;
            let mut slot = locked(&tills.till);
            let shared = slot.take().ok_or(Fail::Argument("till", "lost its journal: open it again"))?;
            match Arc::try_unwrap(shared) {
                Ok(till) => {
                    *slot = Some(Arc::new(match client {
                        AnyClient::Redpack(client) => till.with(client),
                        AnyClient::Workwx(client) => till.with(client),
                        AnyClient::Swiftpass(client) => till.with(client),
                        AnyClient::Webgate(client) => till.with(client),
                    }));
                    Ok(())
                }
                Err(shared) => {
                    *slot = Some(shared);
                    Err(Fail::Argument("till", "is in use: add accounts before the first call"))
                }
            }
        })
    }
}

/// Closes a till and lets its journal go. No thread may be in a call of it. NULL is nothing to free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_till_free(till: *mut wxt_till) {
    unsafe { free(till) }
}

/// Pays what you call `intent` (a prize, a receipt, a reimbursement; 1 to 64 bytes), once. Leave the request's order number
/// unset: the till makes it. The same intent with the same fields returns the recorded result, or goes on where it stopped,
/// also after a power cut. `options` may be NULL.
///
/// `outcome` and `reply` are set to WXT_UNKNOWN and NULL first.
/// - WXT_DONE: the outcome counts. `reply` (may be NULL) has the order number, the entry, and what is allowed next.
/// - WXT_NOT_SENT: this call sent nothing, and no order number of this intent is open or paid. Except where the error is
///   about the call itself (the intent was used with other fields; no account, or two, for this request): that says nothing
///   of the intent.
/// - WXT_UNKNOWN: pay the same intent again later, or recover. Never take a new intent for the same thing.
///
/// For a WAP order WXT_ACCEPTED means that the order exists: show its mweb_url. Whether the customer paid:
/// `wxt_till_payment_of`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_till_pay(
    till: *const wxt_till,
    intent: *const c_char,
    request: *const wxt_request,
    options: *const wxt_options,
    outcome: *mut wxt_outcome,
    reply: *mut *mut wxt_reply,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        clear(outcome, WXT_UNKNOWN, reply);
        run(error, || {
            let (till, intent) = (seen(till, "till")?.till()?, text(intent, "intent")?);
            let (call, fields) = {
                let given = locked(seen(request, "request")?);
                (given.call, given.fields.clone())
            };
            let choices = Choices::of(options)?;
            wanted(outcome, "outcome")?;
            if call.use_ != Use::Pay {
                return Err(Fail::Argument("request", "is no payment"));
            }
            let came = choices.with(|options| {
                let came = till.pay_given(call.family, call.endpoint, (intent, &fields), call.read, options);
                came.map(|came| Told::receipt(came, || till.newest(call.family, intent, options)))
            });
            deliver(came.map_err(Fail::NotSent)?, outcome, reply);
            Ok(())
        })
    }
}

/// Asks what became of an order number of this till, once, or until it is final or the patience in the options ends. It
/// never moves money. WXT_ACCEPTED means **paid**, for a WAP order, too; `wxt_reply_is_late` says whether it came after the
/// order was given up. WXT_UNKNOWN with WXT_REASON_NOT_PAID_YET: the customer may still pay. WXT_DECLINED: nobody can pay it
/// any more. `options` may be NULL: ask once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_till_payment_of(
    till: *const wxt_till,
    order_number: *const c_char,
    options: *const wxt_options,
    outcome: *mut wxt_outcome,
    reply: *mut *mut wxt_reply,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        clear(outcome, WXT_UNKNOWN, reply);
        run(error, || {
            let (till, number) = (seen(till, "till")?.till()?, text(order_number, "order_number")?);
            let mut choices = Choices::of(options)?;
            wanted(outcome, "outcome")?;
            choices.patience = Some(choices.patience.unwrap_or_default());
            let came = choices.with(|options| till.payment_of_with(number, options)).map_err(Fail::NotSent)?;
            deliver(Told::receipt(came, || till.numbered(number)), outcome, reply);
            Ok(())
        })
    }
}

/// Closes a WAP order, so that nobody can pay it any more, and asks what became of it. WXT_DECLINED: closed unpaid.
/// WXT_ACCEPTED: the customer was faster, and paid. WXT_UNKNOWN: neither is proven, it may still be paid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_till_close(
    till: *const wxt_till,
    order_number: *const c_char,
    outcome: *mut wxt_outcome,
    reply: *mut *mut wxt_reply,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        clear(outcome, WXT_UNKNOWN, reply);
        run(error, || {
            let (till, number) = (seen(till, "till")?.till()?, text(order_number, "order_number")?);
            wanted(outcome, "outcome")?;
            let came = till.close(number).map_err(Fail::NotSent)?;
            deliver(Told::receipt(came, || till.numbered(number)), outcome, reply);
            Ok(())
        })
    }
}

/// Reads a payment notification (the gateway's POST to your notify_url), verifies it, compares it with the order in the
/// journal, asks the gateway's query (at most 4 seconds), and records the payment there. Only then `answer` is the exact text to answer with (static): send it as plain
/// text within 5 seconds. WXT_FAILED: answer with anything but `success`, and it comes again. The same notification may come
/// several times. `paid` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_till_notified(
    till: *const wxt_till,
    body: *const u8,
    length: usize,
    paid: *mut *mut wxt_reply,
    answer: *mut *const c_char,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        put(paid, std::ptr::null_mut());
        run(error, || {
            let (till, body) = (seen(till, "till")?.till()?, bytes(body, length, "body")?);
            wanted(answer, "answer")?;
            let notified = till.notified(body).map_err(|fault| Fail::Notification(fault.reason()))?;
            if !paid.is_null() {
                let entry = EntryTexts::new(&notified.entry, None);
                put(paid, handle(Told::settled(entry)));
            }
            put(answer, answer_text(notified.reply));
            Ok(())
        })
    }
}

/// After a power cut: asks about every pending entry, oldest first, until the patience ends, and then calls `each` once for
/// every entry that is not acknowledged, oldest first. It only asks, unless `wxt_options_set_repeats` says otherwise. Safe
/// to interrupt and to run twice. `options` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_till_recover(
    till: *const wxt_till,
    options: *const wxt_options,
    each: wxt_entry_callback,
    context: *mut c_void,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        run(error, || {
            let till = seen(till, "till")?.till()?;
            let each = each.ok_or(Fail::Argument("each", "is NULL"))?;
            let choices = Choices::of(options)?;
            for found in choices.with(|options| till.recover_with(options))? {
                let lent = Lent::<wxt_entry>::new(EntryTexts::new(&found.entry, found.doubt.as_ref()));
                each(context, lent.pointer);
            }
            Ok(())
        })
    }
}

/// Calls `each` once for every entry that is not acknowledged, oldest first. Asks nobody.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_till_unacknowledged(
    till: *const wxt_till,
    each: wxt_entry_callback,
    context: *mut c_void,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        run(error, || {
            let till = seen(till, "till")?.till()?;
            let each = each.ok_or(Fail::Argument("each", "is NULL"))?;
            for entry in till.unacknowledged()? {
                let lent = Lent::<wxt_entry>::new(EntryTexts::new(&entry, None));
                each(context, lent.pointer);
            }
            Ok(())
        })
    }
}

/// Tells the journal that you acted on a settled entry: the ticket is printed, the door is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_till_acknowledge(
    till: *const wxt_till,
    entry: i64,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe { run(error, || Ok(seen(till, "till")?.till()?.acknowledge(entry)?)) }
}

/// A person closes an entry that nothing else can. Kept for ever, with the name and the reason. `finding` is one of
/// `wxt_finding`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_till_settle_by_hand(
    till: *const wxt_till,
    entry: i64,
    finding: i32,
    name: *const c_char,
    reason: *const c_char,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        run(error, || {
            let till = seen(till, "till")?.till()?;
            let paid = match finding {
                finding if finding == wxt_finding::WXT_FOUND_PAID as i32 => true,
                finding if finding == wxt_finding::WXT_FOUND_UNPAID as i32 => false,
                _ => return Err(Fail::Argument("finding", "must be WXT_FOUND_PAID or WXT_FOUND_UNPAID")),
            };
            Ok(till.settle_by_hand(entry, paid, text(name, "name")?, text(reason, "reason")?)?)
        })
    }
}

/// Removes entries that were acknowledged longer ago than this, and blanks personal data in those that stay. Nothing goes
/// until a gateway's own time agreed with the clock to a day. `removed` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_till_prune(
    till: *const wxt_till,
    older_than_seconds: i64,
    removed: *mut u32,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        run(error, || {
            let till = seen(till, "till")?.till()?;
            let seconds = u64::try_from(older_than_seconds);
            let seconds = seconds.map_err(|_| Fail::Argument("older_than_seconds", "is negative"))?;
            put(removed, till.prune(Duration::from_secs(seconds))?);
            Ok(())
        })
    }
}

/// Calls `each` with counts and sums of the entries begun in a time (seconds since 1970), by call and outcome: to lay beside
/// the platform's bill.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_till_summary(
    till: *const wxt_till,
    from: i64,
    until: i64,
    each: wxt_summary_callback,
    context: *mut c_void,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        run(error, || {
            let till = seen(till, "till")?.till()?;
            let each = each.ok_or(Fail::Argument("each", "is NULL"))?;
            for row in till.summary(from, until)? {
                each(context, c(&row.call).as_ptr(), c(&row.outcome).as_ptr(), row.count, row.fen);
            }
            Ok(())
        })
    }
}

impl Told {
    /// What a till came to. A refusal and a doubt do not name their entry, so the journal is asked.
    fn receipt(came: Outcome<Receipt<Pairs>>, entry: impl FnOnce() -> Option<Entry>) -> Told {
        let mut told = Told::outcome(came, |receipt, told| {
            told.order_number = c(&receipt.order_number);
            told.entry = receipt.entry;
            told.late = receipt.late;
            told.journal_fault = receipt.journal_fault.map(|fault| c(fault.text())).unwrap_or_default();
            (told.evidence, told.fields) = match &receipt.evidence {
                Evidence::Reply(pairs) => (wxt_evidence::WXT_EVIDENCE_REPLY, texts(pairs.iter())),
                Evidence::Queried(fields) => (wxt_evidence::WXT_EVIDENCE_QUERIED, owned(fields)),
                Evidence::Recorded(fields) => (wxt_evidence::WXT_EVIDENCE_RECORDED, owned(fields)),
            };
        });
        if told.outcome != WXT_ACCEPTED
            && let Some(entry) = entry()
        {
            told.order_number = c(&entry.order_number);
            told.entry = entry.id;
        }
        told
    }

    /// An entry that a notification settled.
    fn settled(entry: EntryTexts) -> Told {
        let late = entry.state == wxt_entry_state::WXT_ENTRY_PAID_LATE;
        let paid = late || entry.state == wxt_entry_state::WXT_ENTRY_ACCEPTED;
        Told {
            outcome: if paid { WXT_ACCEPTED } else { WXT_UNKNOWN },
            order_number: entry.order_number,
            entry: entry.id,
            evidence: wxt_evidence::WXT_EVIDENCE_RECORDED,
            late,
            fields: entry.evidence,
            ..Told::default()
        }
    }
}

fn owned(fields: &[(String, String)]) -> Vec<(CString, CString)> {
    texts(fields.iter().map(|(name, value)| (name.as_str(), value.as_str())))
}

// ---- entries ----

/// What a `wxt_entry` holds.
struct EntryTexts {
    id: i64,
    account: CString,
    call: CString,
    intent: CString,
    order_number: CString,
    fen: i64,
    begun_at: i64,
    last_attempt_at: i64,
    attempts: u32,
    acknowledged_at: i64,
    state: wxt_entry_state,
    code: CString,
    text: CString,
    next: (wxt_next, i64),
    reason: wxt_reason,
    message: CString,
    sent: Vec<(CString, CString)>,
    evidence: Vec<(CString, CString)>,
}

impl EntryTexts {
    fn new(entry: &Entry, doubt: Option<&Doubt>) -> EntryTexts {
        let mut texts = EntryTexts {
            id: entry.id,
            account: c(&entry.account),
            call: c(&entry.call),
            intent: c(&entry.intent),
            order_number: c(&entry.order_number),
            fen: i64::from(entry.amount.get()),
            begun_at: entry.begun_at,
            last_attempt_at: entry.last_attempt_at,
            attempts: entry.attempts,
            acknowledged_at: entry.acknowledged_at.unwrap_or(0),
            state: wxt_entry_state::WXT_ENTRY_OPEN,
            code: CString::default(),
            text: CString::default(),
            next: (wxt_next::WXT_STOP, 0),
            reason: doubt.map_or(wxt_reason::WXT_REASON_NONE, |doubt| reason(doubt.reason)),
            message: doubt.map(|doubt| c(&doubt.to_string())).unwrap_or_default(),
            sent: owned(&entry.fields),
            evidence: Vec::new(),
        };
        if let EntryState::Settled(settlement) = &entry.state {
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
            Settlement::NotSent => wxt_entry_state::WXT_ENTRY_NOT_SENT,
            Settlement::Ordered { evidence } => {
                self.evidence = owned(evidence);
                wxt_entry_state::WXT_ENTRY_ORDERED
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

/// Its number: what `wxt_till_acknowledge` and `wxt_till_settle_by_hand` take.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_entry_id(entry: *const wxt_entry) -> i64 {
    unsafe { peek(entry, 0, |entry| entry.id) }
}

/// What is known of it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_entry_state_of(entry: *const wxt_entry) -> wxt_entry_state {
    unsafe { peek(entry, wxt_entry_state::WXT_ENTRY_OPEN, |entry| entry.state) }
}

/// Your own name for what is being paid. Never NULL, as all texts of an entry but those that say so.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_entry_intent(entry: *const wxt_entry) -> *const c_char {
    unsafe { peek(entry, c"".as_ptr(), |entry| entry.intent.as_ptr()) }
}

/// The order number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_entry_order_number(entry: *const wxt_entry) -> *const c_char {
    unsafe { peek(entry, c"".as_ptr(), |entry| entry.order_number.as_ptr()) }
}

/// The call by the name of its document: "sendredpack".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_entry_call(entry: *const wxt_entry) -> *const c_char {
    unsafe { peek(entry, c"".as_ptr(), |entry| entry.call.as_ptr()) }
}

/// Whose it is: gateway, address, merchant and appid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_entry_account(entry: *const wxt_entry) -> *const c_char {
    unsafe { peek(entry, c"".as_ptr(), |entry| entry.account.as_ptr()) }
}

/// The amount in fen.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_entry_fen(entry: *const wxt_entry) -> i64 {
    unsafe { peek(entry, 0, |entry| entry.fen) }
}

/// When it was begun, in seconds since 1970, as the device believed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_entry_begun_at(entry: *const wxt_entry) -> i64 {
    unsafe { peek(entry, 0, |entry| entry.begun_at) }
}

/// When its last attempt was begun.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_entry_last_attempt_at(entry: *const wxt_entry) -> i64 {
    unsafe { peek(entry, 0, |entry| entry.last_attempt_at) }
}

/// How many attempts were made or begun.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_entry_attempts(entry: *const wxt_entry) -> u32 {
    unsafe { peek(entry, 0, |entry| entry.attempts) }
}

/// When it was acknowledged, in seconds since 1970, or 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_entry_acknowledged_at(entry: *const wxt_entry) -> i64 {
    unsafe { peek(entry, 0, |entry| entry.acknowledged_at) }
}

/// The gateway's code, where it refused.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_entry_code(entry: *const wxt_entry) -> *const c_char {
    unsafe { peek(entry, c"".as_ptr(), |entry| entry.code.as_ptr()) }
}

/// The gateway's own words, where it refused.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_entry_text(entry: *const wxt_entry) -> *const c_char {
    unsafe { peek(entry, c"".as_ptr(), |entry| entry.text.as_ptr()) }
}

/// Why it is not settled, in English, where it is not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_entry_message(entry: *const wxt_entry) -> *const c_char {
    unsafe { peek(entry, c"".as_ptr(), |entry| entry.message.as_ptr()) }
}

/// What is allowed after a refusal.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_entry_next(entry: *const wxt_entry) -> wxt_next {
    unsafe { peek(entry, wxt_next::WXT_STOP, |entry| entry.next.0) }
}

/// How long to wait, where the next step is WXT_SAME_NUMBER_LATER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_entry_wait_seconds(entry: *const wxt_entry) -> i64 {
    unsafe { peek(entry, 0, |entry| entry.next.1) }
}

/// Why it is not settled.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_entry_reason(entry: *const wxt_entry) -> wxt_reason {
    unsafe { peek(entry, wxt_reason::WXT_REASON_NONE, |entry| entry.reason) }
}

/// A field that proves the outcome: "send_listid", "payment_no", "transaction_id", "mweb_url"; "by" and "reason" where a
/// person settled it. NULL where there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_entry_get(entry: *const wxt_entry, name: *const c_char) -> *const c_char {
    unsafe { peek(entry, std::ptr::null(), |entry| found(&entry.evidence, text(name, "name").unwrap_or_default())) }
}

/// A field that was sent: "re_openid". NULL where there is none, or it was blanked after a prune.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_entry_sent(entry: *const wxt_entry, name: *const c_char) -> *const c_char {
    unsafe { peek(entry, std::ptr::null(), |entry| found(&entry.sent, text(name, "name").unwrap_or_default())) }
}

// ---- options ----

/// What a `wxt_options` holds.
#[derive(Clone, Default)]
struct Choices {
    account: Option<String>,
    patience: Option<Duration>,
    repeats: Repeats,
    progress: wxt_progress_callback,
    context: Shared,
    cancel: Option<Arc<AtomicBool>>,
}

/// A context that only the calling thread uses. What moves it to another thread is the C program.
#[derive(Clone, Copy)]
struct Shared(*mut c_void);

// SAFETY: the header says that the callback runs on the thread that called.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Default for Shared {
    fn default() -> Shared {
        Shared(std::ptr::null_mut())
    }
}

impl Choices {
    /// A copy, so that the options may change while the call goes on.
    ///
    /// # Safety
    ///
    /// As [`seen`].
    unsafe fn of(options: *const wxt_options) -> Done<Choices> {
        if options.is_null() {
            return Ok(Choices::default());
        }
        // SAFETY: the caller's.
        Ok(locked(unsafe { seen(options, "options")? }).clone())
    }

    fn with<T>(&self, run: impl FnOnce(&Options<'_>) -> T) -> T {
        let mut options = Options::new().repeats(self.repeats).watch(self);
        if let Some(account) = &self.account {
            options = options.account(account);
        }
        if let Some(patience) = self.patience {
            options = options.patience(patience);
        }
        run(&options)
    }
}

impl Watch for Choices {
    fn progress(&self, progress: &Progress<'_>) {
        let Some(tell) = self.progress else { return };
        let (intent, order_number) = (c(progress.intent), c(progress.order_number));
        let phase = match progress.phase {
            Phase::Sending => wxt_phase::WXT_SENDING,
            Phase::Asking => wxt_phase::WXT_ASKING,
            Phase::Repeating => wxt_phase::WXT_REPEATING,
            Phase::Waiting => wxt_phase::WXT_WAITING,
        };
        let out = wxt_progress {
            intent: intent.as_ptr(),
            order_number: order_number.as_ptr(),
            left_ms: whole(progress.left.as_millis(), i64::MAX),
            phase: phase as i32,
        };
        // SAFETY: the caller's function and context, and values that live until it returns.
        unsafe { tell(self.context.0, &raw const out) };
    }

    fn is_cancelled(&self) -> bool {
        self.cancel.as_ref().is_some_and(|cancel| cancel.load(Ordering::Relaxed))
    }
}

/// Options with nothing chosen: the only account of the gateway, 30 seconds of patience, no repeats, nobody watches.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_options_new(options: *mut *mut wxt_options, error: *mut *mut wxt_error) -> wxt_code {
    unsafe {
        run(error, || {
            wanted(options, "options")?;
            put(options, handle(Mutex::new(Choices::default())));
            Ok(())
        })
    }
}

/// Changes options.
///
/// # Safety
///
/// As [`seen`].
unsafe fn choose(
    options: *mut wxt_options,
    error: *mut *mut wxt_error,
    change: impl FnOnce(&mut Choices) -> Done,
) -> wxt_code {
    // SAFETY: the caller's.
    unsafe { run(error, || change(&mut locked(seen(options.cast_const(), "options")?))) }
}

/// Which account pays, where the till has several of one gateway: any of its identifiers, such as its mch_id.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_options_set_account(
    options: *mut wxt_options,
    account: *const c_char,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        choose(options, error, |choices| {
            choices.account = Some(text(account, "account")?.into());
            Ok(())
        })
    }
}

/// How long the call may go on resolving, in milliseconds. An attempt that is under way may add the account's deadline.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_options_set_patience(
    options: *mut wxt_options,
    patience_ms: i64,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        choose(options, error, |choices| {
            choices.patience = Some(milliseconds(patience_ms, "patience_ms")?);
            Ok(())
        })
    }
}

/// Lets `wxt_till_recover` repeat payments that were begun less than this long ago, where the gateway does not know them.
/// This can move money.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_options_set_repeats(
    options: *mut wxt_options,
    younger_than_seconds: i64,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        choose(options, error, |choices| {
            let seconds = u64::try_from(younger_than_seconds);
            let seconds = seconds.map_err(|_| Fail::Argument("younger_than_seconds", "is negative"))?;
            choices.repeats = Repeats::YoungerThan(Duration::from_secs(seconds));
            Ok(())
        })
    }
}

/// Who is told where the call is. NULL: nobody. The context must live until the calls with these options have returned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_options_set_progress(
    options: *mut wxt_options,
    progress: wxt_progress_callback,
    context: *mut c_void,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        choose(options, error, |choices| {
            (choices.progress, choices.context) = (progress, Shared(context));
            Ok(())
        })
    }
}

/// What ends the waiting of calls with these options. NULL: nothing. The cancel may be freed before the options.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_options_set_cancel(
    options: *mut wxt_options,
    cancel: *const wxt_cancel,
    error: *mut *mut wxt_error,
) -> wxt_code {
    unsafe {
        choose(options, error, |choices| {
            choices.cancel = if cancel.is_null() { None } else { Some(Arc::clone(seen(cancel, "cancel")?)) };
            Ok(())
        })
    }
}

/// Frees options. NULL is nothing to free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_options_free(options: *mut wxt_options) {
    unsafe { free(options) }
}

/// A cancel that is not set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_cancel_new(cancel: *mut *mut wxt_cancel, error: *mut *mut wxt_error) -> wxt_code {
    unsafe {
        run(error, || {
            wanted(cancel, "cancel")?;
            put(cancel, handle(Arc::new(AtomicBool::new(false))));
            Ok(())
        })
    }
}

/// Sets it (1) or takes it back (0), from any thread or a signal handler. Calls that wait return with what is known; an
/// exchange with the gateway that is under way comes to its end first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_cancel_set(cancel: *const wxt_cancel, cancelled: i32) {
    unsafe { peek(cancel, (), |cancel| cancel.store(cancelled != 0, Ordering::Relaxed)) }
}

/// Frees a cancel. NULL is nothing to free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_cancel_free(cancel: *mut wxt_cancel) {
    unsafe { free(cancel) }
}

#[cfg(test)]
mod tests {
    use super::*;

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
