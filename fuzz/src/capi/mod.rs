//! The C ABI: a sequence of calls, with handles that live, NULL, or handles of another kind. Codes are within their range; there is an error handle exactly
//! where a call was not done; no outcome comes from nothing; each context is released once, after its last use; nothing leaks (the sanitizer looks).
//!
//! The only place of this package with `unsafe`: it is C's side. A handle that was freed is not used again: no caller may.
#![allow(unsafe_code)]

mod till;

use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use crate::tape::Tape;

const DONE: i32 = 100;
const NOT_SENT: i32 = 101;

#[repr(C)]
struct Post {
    url: *const c_char,
    content_type: *const c_char,
    body: *const u8,
    body_length: usize,
    reply_limit: usize,
    within_ms: i64,
    connect_within_ms: i64,
    own_connection: i32,
}

type H = *mut c_void;
type Error = *mut *mut c_void;
type Text = *const c_char;

// As include/wxpay_terminal.h has them; each handle is a pointer like any other.
unsafe extern "C" {
    fn wxt_error_kind_of(error: H) -> i32;
    fn wxt_error_field(error: H) -> Text;
    fn wxt_error_message(error: H) -> Text;
    fn wxt_error_free(error: H);
    fn wxt_request_new(call: i32, out: *mut H, error: Error) -> i32;
    fn wxt_request_set(request: H, name: Text, value: Text, error: Error) -> i32;
    fn wxt_request_set_fen(request: H, name: Text, fen: i64, error: Error) -> i32;
    fn wxt_request_free(request: H);
    fn wxt_account_new(gateway: i32, out: *mut H, error: Error) -> i32;
    fn wxt_account_set(account: H, name: Text, value: Text, error: Error) -> i32;
    fn wxt_account_set_fen(account: H, name: Text, fen: i64, error: Error) -> i32;
    fn wxt_account_set_secret(account: H, name: Text, secret: *const u8, length: usize, error: Error) -> i32;
    fn wxt_account_free(account: H);
    fn wxt_transport_new_own(
        post: extern "C" fn(H, *const Post, H) -> i32,
        forget: Option<extern "C" fn(H, Text)>,
        reach: Option<extern "C" fn(H, Text, i64, H) -> i32>,
        release: Option<extern "C" fn(H)>,
        context: H,
        out: *mut H,
        error: Error,
    ) -> i32;
    fn wxt_transport_free(transport: H);
    fn wxt_received_set_status(received: H, status: i32) -> i32;
    fn wxt_received_append(received: H, body: *const u8, length: usize) -> i32;
    fn wxt_received_set_fresh(received: H) -> i32;
    fn wxt_received_fail(received: H, stage: i32, words: Text) -> i32;
    fn wxt_client_new(account: H, device_info: Text, transport: H, deadline_ms: i64, out: *mut H, error: Error) -> i32;
    fn wxt_client_free(client: H);
    fn wxt_client_prepare(client: H, request: H, out: *mut H, error: Error) -> i32;
    fn wxt_client_prepare_repeat(client: H, request: H, out: *mut H, error: Error) -> i32;
    fn wxt_prepared_order_number(prepared: H) -> Text;
    fn wxt_prepared_is_marked(prepared: H) -> i32;
    fn wxt_prepared_free(prepared: H);
    fn wxt_client_send(client: H, prepared: H, outcome: *mut i32, reply: *mut H, error: Error) -> i32;
    fn wxt_client_ask(client: H, request: H, answer: *mut i32, reply: *mut H, error: Error) -> i32;
    fn wxt_client_close(client: H, request: H, answer: *mut i32, reply: *mut H, error: Error) -> i32;
    fn wxt_client_notification(client: H, body: *const u8, length: usize, out: *mut H, error: Error) -> i32;
    fn wxt_notification_order_number(notification: H) -> Text;
    fn wxt_notification_free(notification: H);
    fn wxt_reply_outcome(reply: H) -> i32;
    fn wxt_reply_order_number(reply: H) -> Text;
    fn wxt_reply_code(reply: H) -> Text;
    fn wxt_reply_message(reply: H) -> Text;
    fn wxt_reply_get(reply: H, name: Text) -> Text;
    fn wxt_reply_get_fen(reply: H, name: Text, fen: *mut i64, error: Error) -> i32;
    fn wxt_reply_count(reply: H) -> usize;
    fn wxt_reply_name(reply: H, at: usize) -> Text;
    fn wxt_reply_value(reply: H, at: usize) -> Text;
    fn wxt_reply_free(reply: H);
}

/// What an own transport answers with.
struct Own {
    answer: Vec<u8>,
    kind: u8,
}

/// How often an own transport was asked.
static ASKED: AtomicU32 = AtomicU32::new(0);

fn asked() -> u32 {
    ASKED.load(Ordering::SeqCst)
}

/// Contexts that live.
static LENT: AtomicI64 = AtomicI64::new(0);

extern "C" fn post(context: H, post: *const Post, received: H) -> i32 {
    // SAFETY: the library hands back the context that it was given, and lends the request.
    let (own, post) = unsafe { (&*context.cast::<Own>(), &*post) };
    ASKED.fetch_add(1, Ordering::SeqCst);
    // SAFETY: its texts and its body live until this returns.
    let (url, body) = unsafe { (CStr::from_ptr(post.url), std::slice::from_raw_parts(post.body, post.body_length)) };
    assert!(url.to_bytes().starts_with(b"https://") && std::str::from_utf8(body).is_ok());
    // An answer that names the order that it is asked about.
    let answer = String::from_utf8_lossy(&own.answer);
    let sent = String::from_utf8_lossy(body);
    let number = ["mch_billno", "partner_trade_no", "out_trade_no"]
        .iter()
        .find_map(|name| sent.split_once(&format!("<{name}>"))?.1.split_once('<').map(|(number, _)| number.to_owned()))
        .unwrap_or_default();
    let answer = answer.replace("{number}", &number);
    // SAFETY: `received` lives until this returns.
    unsafe {
        match own.kind % 8 {
            0..=3 => {
                wxt_received_set_status(received, 200);
                wxt_received_append(received, answer.as_ptr(), answer.len());
                if own.kind % 2 == 0 {
                    wxt_received_set_fresh(received);
                }
                2
            }
            4 => {
                wxt_received_fail(received, 2, c"no route".as_ptr());
                1
            }
            // Nothing, or a number that is none.
            5 => 0,
            6 => 77,
            _ => {
                wxt_received_set_status(received, i32::from(own.kind) * 9);
                wxt_received_append(received, null(), 0);
                2
            }
        }
    }
}

extern "C" fn release(context: H) {
    LENT.fetch_sub(1, Ordering::SeqCst);
    // SAFETY: it came from `Box::into_raw`, and this is its last use.
    drop(unsafe { Box::from_raw(context.cast::<Own>()) });
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Request,
    Account,
    Transport,
    Client,
    Prepared,
    Reply,
    Notification,
    Error,
    Till,
    Options,
}

#[derive(Default)]
struct Handles {
    all: Vec<(Kind, H)>,
}

impl Handles {
    /// Mostly one of this kind; else NULL, or any.
    fn any(&self, kind: Kind, tape: &mut Tape<'_>) -> H {
        match tape.below(10) {
            0 => null_mut(),
            1 if !self.all.is_empty() => self.all[tape.below(self.all.len())].1,
            _ => {
                let of: Vec<H> = self.all.iter().filter(|(have, _)| *have == kind).map(|(_, handle)| *handle).collect();
                if of.is_empty() { null_mut() } else { of[tape.below(of.len())] }
            }
        }
    }

    fn first(&self, kind: Kind) -> Option<H> {
        self.all.iter().find(|(have, _)| *have == kind).map(|(_, handle)| *handle)
    }

    fn is(&self, kind: Kind, handle: H) -> bool {
        self.all.iter().any(|(have, known)| *have == kind && *known == handle)
    }

    /// A result: its code, and the error handle exactly where it was not done.
    fn judged(&mut self, code: i32, error: H) -> bool {
        assert!((DONE..=103).contains(&code), "no code: {code}");
        assert_eq!(code == DONE, error.is_null(), "code {code} and an error handle {error:?}");
        if !error.is_null() {
            // SAFETY: it was just made.
            let (kind, field, words) =
                unsafe { (wxt_error_kind_of(error), told(wxt_error_field(error)), told(wxt_error_message(error))) };
            assert!((0..64).contains(&kind) && !words.is_empty(), "{kind} {field} {words}");
            self.all.push((Kind::Error, error));
        }
        code == DONE
    }

    fn made(&mut self, kind: Kind, code: i32, handle: H, error: H) {
        let done = self.judged(code, error);
        assert_eq!(done, !handle.is_null(), "code {code} and a handle {handle:?}");
        if done {
            self.all.push((kind, handle));
        }
    }
}

fn told(text: Text) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: the library's texts end with NUL and live as long as their handle.
    unsafe { CStr::from_ptr(text) }.to_str().expect("UTF-8").to_owned()
}

/// A text of C: known words mostly, any bytes, or NULL.
fn text(tape: &mut Tape<'_>, of: &[&str]) -> Option<CString> {
    match tape.below(12) {
        0 => None,
        1 => Some(CString::new(tape.bytes(30).iter().map(|b| (*b).max(1)).collect::<Vec<_>>()).expect("no NUL")),
        _ => CString::new(tape.pick(of)).ok(),
    }
}

fn pointer(text: &Option<CString>) -> Text {
    text.as_ref().map_or(null(), |text| text.as_ptr())
}

const NAMES: &[&str] = &[
    "mch_id",
    "appid",
    "wxappid",
    "host",
    "key",
    "secret",
    "secretkey",
    "partner_id",
    "mch_billno",
    "send_name",
    "re_openid",
    "total_amount",
    "wishing",
    "client_ip",
    "act_name",
    "remark",
    "out_trade_no",
    "body",
    "total_fee",
    "auth_code",
    "spbill_create_ip",
    "mch_create_ip",
    "notify_url",
    "partner_trade_no",
    "openid",
    "amount",
    "desc",
];
const VALUES: &[&str] = &[
    "1900000109",
    "wx8888888888888888",
    "https://gateway.example",
    "0123456789abcdef0123456789ABCDEF",
    "0010010404201411170000046545",
    "onqOjjmM1tad-3ROpncN-yUfa6uI",
    "恭喜发财",
    "127.0.0.1",
    "20261121000A78KQ2M0",
    "120061098828009406",
    "https://pay.example/notify",
    "200",
    "",
];
const ANSWERS: &[&str] = &[
    "<xml><return_code>SUCCESS</return_code><result_code>SUCCESS</result_code><mch_billno>{number}</mch_billno><mch_id>1900000109</mch_id><send_listid>1</send_listid></xml>",
    "<xml><return_code>SUCCESS</return_code><result_code>FAIL</result_code><mch_billno>{number}</mch_billno><err_code>NOTENOUGH</err_code><err_code_des>余额</err_code_des></xml>",
    "<xml><return_code>SUCCESS</return_code><result_code>SUCCESS</result_code><mch_billno>{number}</mch_billno><status>SENT</status></xml>",
    "<xml>",
    "",
];

pub fn run(data: &[u8]) -> String {
    let mut tape = Tape::new(data);
    let mut handles = Handles::default();
    let lent = LENT.load(Ordering::SeqCst);
    let mut story = String::new();
    let first = tape.byte();
    // Half of them have a till, which makes the order number itself.
    let mut books = (first & 2 == 2).then(till::Books::new);
    if first & 1 == 1 {
        ready(&mut handles, &mut tape, books.is_none());
    }
    if let Some(books) = &mut books {
        till::ready(&mut handles, books, &mut tape);
    }
    for _ in 0..60 {
        if tape.is_over() {
            break;
        }
        story.push_str(&match &mut books {
            Some(books) if tape.flag() => till::step(&mut handles, books, &mut tape),
            _ => step(&mut handles, &mut tape),
        });
    }
    // In any order.
    while !handles.all.is_empty() {
        let (kind, handle) = handles.all.swap_remove(tape.below(handles.all.len()));
        free(kind, handle);
    }
    assert_eq!(LENT.load(Ordering::SeqCst), lent, "a context that was not released, or twice");
    if let Some(books) = &books {
        books.is_whole();
    }
    story
}

/// An account, a transport, a client and a request that can be sent.
fn ready(handles: &mut Handles, tape: &mut Tape<'_>, numbered: bool) {
    // SAFETY: all texts end with NUL; each handle is used while it lives.
    unsafe {
        let (mut account, mut error) = (null_mut(), null_mut());
        let code = wxt_account_new(1, &mut account, &mut error);
        handles.made(Kind::Account, code, account, error);
        for (name, value) in [(c"mch_id", c"1900000109"), (c"wxappid", c"wx8888888888888888")] {
            wxt_account_set(account, name.as_ptr(), value.as_ptr(), null_mut());
        }
        let key = b"0123456789abcdef0123456789ABCDEF";
        wxt_account_set_secret(account, c"key".as_ptr(), key.as_ptr(), key.len(), null_mut());
        let transport = own(handles, tape);
        let (mut client, mut error) = (null_mut(), null_mut());
        let code = wxt_client_new(account, c"013467007045764".as_ptr(), transport, 0, &mut client, &mut error);
        handles.made(Kind::Client, code, client, error);
        let (mut request, mut error) = (null_mut(), null_mut());
        let code = wxt_request_new(1, &mut request, &mut error);
        handles.made(Kind::Request, code, request, error);
        for (name, value) in [
            (c"send_name", c"Shop"),
            (c"re_openid", c"onqOjjmM1tad-3ROpncN-yUfa6uI"),
            (c"total_num", c"1"),
            (c"wishing", c"luck"),
            (c"client_ip", c"127.0.0.1"),
            (c"act_name", c"act"),
            (c"remark", c"remark"),
        ] {
            wxt_request_set(request, name.as_ptr(), value.as_ptr(), null_mut());
        }
        if numbered {
            let number = c"0010010404201411170000046545";
            wxt_request_set(request, c"mch_billno".as_ptr(), number.as_ptr(), null_mut());
        }
        wxt_request_set_fen(request, c"total_amount".as_ptr(), 200, null_mut());
    }
}

fn own(handles: &mut Handles, tape: &mut Tape<'_>) -> H {
    let answer = if tape.one_in(4) { tape.bytes(120).to_vec() } else { tape.pick(ANSWERS).as_bytes().to_vec() };
    let context = Box::into_raw(Box::new(Own { answer, kind: tape.byte() }));
    LENT.fetch_add(1, Ordering::SeqCst);
    let (mut transport, mut error) = (null_mut(), null_mut());
    // SAFETY: the context lives until it is released.
    let code =
        unsafe { wxt_transport_new_own(post, None, None, Some(release), context.cast(), &mut transport, &mut error) };
    handles.made(Kind::Transport, code, transport, error);
    transport
}

fn step(handles: &mut Handles, tape: &mut Tape<'_>) -> String {
    let (name, value) = (text(tape, NAMES), text(tape, VALUES));
    let mut error: H = null_mut();
    let mut out: H = null_mut();
    // SAFETY: texts end with NUL, outputs are there, and every handle lives, is NULL, or is of another kind.
    let code = unsafe {
        match tape.below(16) {
            0 => {
                let code = wxt_request_new(i32::from(tape.byte()) - 100, &mut out, &mut error);
                handles.made(Kind::Request, code, out, error);
                code
            }
            1 => {
                let code = wxt_account_new(i32::from(tape.byte() % 10) - 2, &mut out, &mut error);
                handles.made(Kind::Account, code, out, error);
                code
            }
            2 => {
                own(handles, tape);
                DONE
            }
            3 | 4 => {
                let request = handles.any(Kind::Request, tape);
                let code = match tape.flag() {
                    true => wxt_request_set(request, pointer(&name), pointer(&value), &mut error),
                    false => wxt_request_set_fen(request, pointer(&name), tape.long() as i64 >> 32, &mut error),
                };
                let done = handles.judged(code, error);
                assert!(!done || handles.is(Kind::Request, request), "set in what is no request");
                code
            }
            5 | 6 => {
                let account = handles.any(Kind::Account, tape);
                let code = match tape.below(3) {
                    0 => wxt_account_set(account, pointer(&name), pointer(&value), &mut error),
                    1 => wxt_account_set_fen(account, pointer(&name), i64::from(tape.number()), &mut error),
                    _ => {
                        let secret = tape.bytes(40);
                        wxt_account_set_secret(account, pointer(&name), secret.as_ptr(), secret.len(), &mut error)
                    }
                };
                let done = handles.judged(code, error);
                assert!(!done || handles.is(Kind::Account, account), "set in what is no account");
                code
            }
            7 => {
                let (account, transport) = (handles.any(Kind::Account, tape), handles.any(Kind::Transport, tape));
                let code =
                    wxt_client_new(account, pointer(&value), transport, i64::from(tape.number()), &mut out, &mut error);
                handles.made(Kind::Client, code, out, error);
                assert!(code != DONE || (handles.is(Kind::Account, account) && handles.is(Kind::Transport, transport)));
                code
            }
            8 => {
                let (client, request) = (handles.any(Kind::Client, tape), handles.any(Kind::Request, tape));
                let code = match tape.flag() {
                    true => wxt_client_prepare(client, request, &mut out, &mut error),
                    false => wxt_client_prepare_repeat(client, request, &mut out, &mut error),
                };
                handles.made(Kind::Prepared, code, out, error);
                if code == DONE {
                    assert!(handles.is(Kind::Client, client) && handles.is(Kind::Request, request));
                    let _ = (told(wxt_prepared_order_number(out)), wxt_prepared_is_marked(out));
                }
                code
            }
            9 | 10 => {
                let (client, prepared) = (handles.any(Kind::Client, tape), handles.any(Kind::Prepared, tape));
                // What stood there before is cleared first.
                let mut outcome = 1;
                let before = asked();
                let code = wxt_client_send(client, prepared, &mut outcome, &mut out, &mut error);
                handles.judged(code, error);
                assert!((0..=5).contains(&outcome), "no outcome: {outcome}");
                assert!(code == DONE || outcome == 0, "code {code} with outcome {outcome}");
                assert!(outcome == 0 || asked() > before, "outcome {outcome} from nothing");
                assert!(code != NOT_SENT || outcome == 0);
                keeps_reply(handles, out, Some(outcome));
                code
            }
            11 => {
                let (client, request) = (handles.any(Kind::Client, tape), handles.any(Kind::Request, tape));
                let (mut answer, before) = (53, asked());
                let code = match tape.flag() {
                    true => wxt_client_ask(client, request, &mut answer, &mut out, &mut error),
                    false => wxt_client_close(client, request, &mut answer, &mut out, &mut error),
                };
                handles.judged(code, error);
                assert!(answer == 0 || (51..=53).contains(&answer), "no answer: {answer}");
                assert!(answer == 0 || (code == DONE && asked() > before), "answer {answer} from nothing");
                keeps_reply(handles, out, None);
                code
            }
            12 => {
                let body = tape.bytes(200);
                let client = handles.any(Kind::Client, tape);
                let code = wxt_client_notification(client, body.as_ptr(), body.len(), &mut out, &mut error);
                handles.made(Kind::Notification, code, out, error);
                if code == DONE {
                    let _ = told(wxt_notification_order_number(out));
                }
                code
            }
            13 => {
                let reply = handles.any(Kind::Reply, tape);
                let mut fen = -7;
                let code = wxt_reply_get_fen(reply, pointer(&name), &mut fen, &mut error);
                let done = handles.judged(code, error);
                assert!(done || fen == -7, "an output of what was not done: {fen}");
                let _ =
                    (told(wxt_reply_code(reply)), told(wxt_reply_message(reply)), told(wxt_reply_order_number(reply)));
                let _ = told(wxt_reply_get(reply, pointer(&name)));
                for at in 0..wxt_reply_count(reply) + 2 {
                    let _ = (told(wxt_reply_name(reply, at)), told(wxt_reply_value(reply, at)));
                }
                assert!(
                    handles.is(Kind::Reply, reply) || wxt_reply_outcome(reply) == 0,
                    "an outcome of what is no reply"
                );
                code
            }
            // Something goes while the rest goes on: what it was made into lives by itself.
            _ if !handles.all.is_empty() => {
                let (kind, handle) = handles.all.swap_remove(tape.below(handles.all.len()));
                free(kind, handle);
                free_null(kind);
                DONE
            }
            _ => DONE,
        }
    };
    format!("{code} ")
}

fn keeps_reply(handles: &mut Handles, reply: H, outcome: Option<i32>) {
    if reply.is_null() {
        return;
    }
    // SAFETY: it was just made.
    let says = unsafe { wxt_reply_outcome(reply) };
    assert!(outcome.is_none_or(|outcome| outcome == says), "the reply says {says}, the call {outcome:?}");
    handles.all.push((Kind::Reply, reply));
}

fn free(kind: Kind, handle: H) {
    // SAFETY: it lives, and is used no more.
    unsafe {
        match kind {
            Kind::Request => wxt_request_free(handle),
            Kind::Account => wxt_account_free(handle),
            Kind::Transport => wxt_transport_free(handle),
            Kind::Client => wxt_client_free(handle),
            Kind::Prepared => wxt_prepared_free(handle),
            Kind::Reply => wxt_reply_free(handle),
            Kind::Notification => wxt_notification_free(handle),
            Kind::Error => wxt_error_free(handle),
            Kind::Till => till::wxt_till_free(handle),
            Kind::Options => till::wxt_options_free(handle),
        }
    }
}

fn free_null(kind: Kind) {
    free(kind, null_mut());
}
