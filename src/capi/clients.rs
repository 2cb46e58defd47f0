//! Clients: prepare, send, ask.

use std::ffi::{CString, c_char};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::client::check::Report;
use crate::client::{Client, Draft, Pipe};
use crate::gateways::account::{
    Account, Profile, RedpackAccount, SwiftpassAccount, WebgateAccount, WorkwxAccount, WxpayAccount,
    sealed::Sealed as _,
};
use crate::outcome::Answer;
use crate::terminal::Terminal;
use crate::till::{Read, Till};
use crate::transport::Transport;

use super::accounts::AnyAccount;
use super::checks::StepTexts;
use super::ffi::{
    Done, Fail, abi, c, handle, locked, milliseconds, optional, put, seen, wanted, wxt_account, wxt_client,
    wxt_prepared, wxt_reply, wxt_report, wxt_request, wxt_transport,
};
use super::numbers::{WXT_UNKNOWN, wxt_answer, wxt_code, wxt_evidence, wxt_outcome};
use super::replies::{Told, texts};
use super::requests::{Given, Use};
use super::transports::warm;

super::ffi::opaque! {
    wxt_client: AnyClient = 0x5758_0005;
    wxt_prepared: Ready = 0x5758_0006;
}

pub(super) enum AnyClient {
    Redpack(Client<RedpackAccount>),
    Workwx(Client<WorkwxAccount>),
    Swiftpass(Client<SwiftpassAccount>),
    Webgate(Client<WebgateAccount>),
    Wxpay(Client<WxpayAccount>),
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
            AnyAccount::Wxpay(account) => AnyClient::Wxpay(made(account, terminal, way, within)?),
        })
    }

    fn parts(&self) -> (&Profile, &Pipe) {
        match self {
            AnyClient::Redpack(client) => (client.account().profile(), &client.pipe),
            AnyClient::Workwx(client) => (client.account().profile(), &client.pipe),
            AnyClient::Swiftpass(client) => (client.account().profile(), &client.pipe),
            AnyClient::Wxpay(client) => (client.account().profile(), &client.pipe),
            AnyClient::Webgate(client) => (client.account().profile(), &client.pipe),
        }
    }

    pub(super) fn into_till(self, till: Till) -> Till {
        match self {
            AnyClient::Redpack(client) => till.with(client),
            AnyClient::Workwx(client) => till.with(client),
            AnyClient::Swiftpass(client) => till.with(client),
            AnyClient::Webgate(client) => till.with(client),
            AnyClient::Wxpay(client) => till.with(client),
        }
    }

    fn check(&self) -> Report {
        match self {
            AnyClient::Redpack(client) => client.check(),
            AnyClient::Workwx(client) => client.check(),
            AnyClient::Swiftpass(client) => client.check(),
            AnyClient::Webgate(client) => client.check(),
            AnyClient::Wxpay(client) => client.check(),
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
pub(super) unsafe fn client_of(
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

abi! {
    /// A client: one account, one terminal. `device_info` is the terminal's number (设备号), or NULL. `deadline_ms` is the
    /// deadline of one call, 1000 to 300000, or 0 for 30 seconds.
    ///
    /// A client neither makes order numbers nor repeats, and remembers nothing through a power cut. A till does all three:
    /// prefer it.
    call wxt_client_new(account: *const wxt_account, device_info: *const c_char, transport: *const wxt_transport,
        deadline_ms: i64, client: *mut *mut wxt_client) {
        wanted(client, "client")?;
        put(client, handle(client_of(account, device_info, transport, deadline_ms)?));
    }

    /// Frees a client. No thread may be in a call of it. NULL is nothing to free.
    free wxt_client_free(client: wxt_client);

    /// Makes a connection for the next call, while the cashier still types: that call then waits for one round trip and not for three. Sends nothing.
    /// `how` is one of `wxt_warm`. Call it for each sale, as often as you like: where a connection of the last 5 seconds is there, or is being made,
    /// nothing is done. It is used within 9 seconds, and only where the server neither closed nor said anything; otherwise the next call connects by
    /// itself. The outcome is the same either way, so the code may be ignored. WXT_NOT_SENT: no connection was made.
    call wxt_client_warm(client: *const wxt_client, how: i32) {
        let (profile, pipe) = seen(client, "client")?.parts();
        pipe.warm(profile, warm(how)?).map_err(Fail::NotSent)?;
    }

    /// Checks clock, DNS, route, TLS, certificate, merchant number and key before the first customer, and moves nothing.
    call wxt_client_check(client: *const wxt_client, report: *mut *mut wxt_report) clears report {
        let client = seen(client, "client")?;
        wanted(report, "report")?;
        put(report, handle(client.check().steps.iter().map(StepTexts::new).collect()));
    }
}

/// A payment that was checked and signed.
pub(super) struct Ready {
    read: Read,
    draft: Mutex<Draft>,
    order_number: CString,
}

abi! {
    /// Checks and signs a payment; nothing is sent. Only for an order number that was never sent, or that was refused with
    /// WXT_SAME_NUMBER. Store the order number before you send.
    call wxt_client_prepare(client: *const wxt_client, request: *const wxt_request, prepared: *mut *mut wxt_prepared) {
        wanted(prepared, "prepared")?;
        put(prepared, handle(ready(client, request, false)?));
    }

    /// The same for an order number that may have been sent by an earlier run of the program. All fields must be those of the
    /// first attempt. A refusal is then WXT_UNKNOWN: it says nothing about the attempt before it.
    call wxt_client_prepare_repeat(client: *const wxt_client, request: *const wxt_request,
        prepared: *mut *mut wxt_prepared) {
        wanted(prepared, "prepared")?;
        put(prepared, handle(ready(client, request, true)?));
    }
}

unsafe fn ready(client: *const wxt_client, request: *const wxt_request, repeat: bool) -> Done<Ready> {
    // SAFETY: the caller's.
    let (client, given) = unsafe { (seen(client, "client")?, locked(seen(request, "request")?)) };
    if given.call.use_ != Use::Pay {
        return Err(Fail::Argument("request", "is no payment"));
    }
    let mut draft = client.draft(&given)?;
    if repeat {
        (draft.marked, draft.attempts) = (true, 1);
    }
    let order_number = c(draft.fields.get(given.call.endpoint.order_number).unwrap_or_default());
    Ok(Ready { read: given.call.read, draft: Mutex::new(draft), order_number })
}

abi! {
    /// The order number of a prepared payment. Lives as long as it. Never NULL.
    get wxt_prepared_order_number(prepared: wxt_prepared) -> *const c_char =
        c"".as_ptr(), |ready| ready.order_number.as_ptr();

    /// 1 when an attempt has no proven answer, or when that cannot be told (NULL, or a send is under way); else 0.
    get wxt_prepared_is_marked(prepared: wxt_prepared) -> i32 =
        1, |ready| ready.draft.try_lock().map_or(1, |draft| i32::from(draft.marked));

    /// Frees a prepared payment. NULL is nothing to free.
    free wxt_prepared_free(prepared: wxt_prepared);

    /// Sends a prepared payment once, and judges the reply. Sending it again is a repeat: the same order number and fields, a
    /// new nonce and signature.
    ///
    /// `outcome` and `reply` are set to WXT_UNKNOWN and NULL first. WXT_DONE: the outcome counts, and `reply` (which may be
    /// NULL if you do not want it) holds more. WXT_NOT_SENT: nothing was sent, neither now nor by an attempt before.
    call wxt_client_send(client: *const wxt_client, prepared: *mut wxt_prepared, outcome: *mut wxt_outcome,
        reply: *mut *mut wxt_reply) clears (outcome, WXT_UNKNOWN, reply) {
        let (client, ready) = (seen(client, "client")?, seen(prepared.cast_const(), "prepared")?);
        wanted(outcome, "outcome")?;
        let (profile, pipe) = client.parts();
        let came = pipe.pay(profile, &mut locked(&ready.draft), ready.read).map_err(Fail::NotPaid)?;
        let mut told = Told::outcome(came, |pairs, told| {
            told.evidence = wxt_evidence::WXT_EVIDENCE_REPLY;
            told.fields = texts(pairs.iter());
        });
        told.order_number = ready.order_number.clone();
        deliver(told, outcome, reply);
    }
}

/// Writes a result: the reply first, so that an outcome never stands without it.
///
/// # Safety
///
/// As [`put`].
pub(super) unsafe fn deliver(told: Told, outcome: *mut wxt_outcome, reply: *mut *mut wxt_reply) {
    let came = told.outcome;
    // SAFETY: the caller's.
    unsafe {
        if !reply.is_null() {
            put(reply, handle(told));
        }
        put(outcome, came);
    }
}

abi! {
    /// Asks about an order. Moves nothing. `answer` and `reply` are set to WXT_NO_ANSWER and NULL first. WXT_KNOWN is not
    /// "paid": compare the reply's state and amount.
    call wxt_client_ask(client: *const wxt_client, request: *const wxt_request, answer: *mut wxt_answer,
        reply: *mut *mut wxt_reply) clears (answer, wxt_answer::WXT_NO_ANSWER, reply) {
        ask(client, request, Use::Ask, answer, reply)?;
    }

    /// Closes an unpaid WAP order, so that nobody can pay it any more. WXT_KNOWN means closed. Everything else says nothing
    /// about the order: ask.
    call wxt_client_close(client: *const wxt_client, request: *const wxt_request, answer: *mut wxt_answer,
        reply: *mut *mut wxt_reply) clears (answer, wxt_answer::WXT_NO_ANSWER, reply) {
        ask(client, request, Use::Close, answer, reply)?;
    }
}

unsafe fn ask(
    client: *const wxt_client,
    request: *const wxt_request,
    use_: Use,
    answer: *mut wxt_answer,
    reply: *mut *mut wxt_reply,
) -> Done {
    // SAFETY: the caller's.
    let (client, given) = unsafe { (seen(client, "client")?, locked(seen(request, "request")?)) };
    wanted(answer, "answer")?;
    if given.call.use_ != use_ {
        return Err(Fail::Argument("request", "is another kind of call"));
    }
    let mut draft = client.draft(&given)?;
    let read = given.call.read;
    drop(given);
    let (profile, pipe) = client.parts();
    let said = pipe.ask(profile, &mut draft, pipe.within, read).map_err(Fail::NotSent)?.answer;
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
    // SAFETY: the caller's.
    unsafe {
        if !reply.is_null() {
            put(reply, handle(told));
        }
        put(answer, said);
    }
    Ok(())
}
