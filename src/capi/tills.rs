//! The till.

use std::ffi::{c_char, c_void};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::gateways::account::{RedpackAccount, SwiftpassAccount, WebgateAccount, WorkwxAccount, WxpayAccount};
use crate::journal::{Entry, EntryVersion, SqliteJournal};
use crate::nonce::SystemRandom;
use crate::outcome::Outcome;
use crate::terminal::Terminal;
use crate::till::{Cashier, Evidence, Receipt, Till, Verb};
use crate::wire::pairs::Pairs;

use super::clients::{client_of, deliver};
use super::entries::EntryTexts;
use super::ffi::{
    Done, Fail, Lent, abi, bytes, c, handle, locked, optional, put, seen, text, wanted, wxt_account, wxt_entry,
    wxt_entry_callback, wxt_options, wxt_reply, wxt_request, wxt_summary_callback, wxt_till, wxt_transport,
};
use super::notifications::answer_text;
use super::numbers::{
    WXT_ACCEPTED, WXT_DECLINED, WXT_PAID_LATE, WXT_UNKNOWN, wxt_code, wxt_entry_state, wxt_evidence, wxt_finding,
    wxt_outcome,
};
use super::options::Choices;
use super::replies::{Told, owned, texts};
use super::requests::Use;
use super::transports::warm;

super::ffi::opaque! {
    wxt_till: Tills = 0x5758_000b;
}

const LOST: Fail = Fail::Argument("till", "lost its journal: open it again");

/// A till, shared with the calls that are under way.
pub(super) struct Tills {
    device_info: Option<String>,
    till: Mutex<Option<Arc<Till>>>,
}

impl Tills {
    pub(super) fn till(&self) -> Done<Arc<Till>> {
        locked(&self.till).as_ref().map(Arc::clone).ok_or(LOST)
    }

    /// Makes it another till, where no call is under way.
    fn change(&self, in_use: &'static str, change: impl FnOnce(Till) -> Till) -> Done<()> {
        let mut slot = locked(&self.till);
        let (shared, changed) = match Arc::try_unwrap(slot.take().ok_or(LOST)?) {
            Ok(till) => (Arc::new(change(till)), Ok(())),
            Err(shared) => (shared, Err(Fail::Argument("till", in_use))),
        };
        *slot = Some(shared);
        changed
    }
}

abi! {
    /// Opens a till on a journal file, or makes the file when there is none. `terminal` is this terminal's number, another one
    /// for every terminal of a merchant, 0 to 65535: it is part of every order number. `device_info` is the terminal's number in
    /// the requests (设备号), or NULL. The journal opens under no other terminal number or device_info.
    ///
    /// One till has a journal at a time: another process, or a second till, gets WXT_ERROR_JOURNAL_BUSY.
    call wxt_till_open(path: *const c_char, terminal: i32, device_info: *const c_char, till: *mut *mut wxt_till) {
        let ((path, terminal), device_info) = (place(path, terminal)?, device(device_info, "device_info")?);
        wanted(till, "till")?;
        let journal = SqliteJournal::open(path, terminal, device_info, &SystemRandom)?;
        // A journal may have entries of an account that is not added any more, and a C program has all tables in it.
        let opened = Till::open(journal)
            .knows::<WxpayAccount>()
            .knows::<RedpackAccount>()
            .knows::<WorkwxAccount>()
            .knows::<SwiftpassAccount>()
            .knows::<WebgateAccount>();
        let device_info = device_info.map(String::from);
        put(till, handle(Tills { device_info, till: Mutex::new(Some(Arc::new(opened))) }));
    }

    /// Gives the journal of a terminal another device_info, when the terminal's number in the requests was changed: its intents stay.
    /// Call it before `wxt_till_open`, once. From then on the journal opens under the new one only. NULL: bound to none.
    call wxt_journal_rename_device(path: *const c_char, terminal: i32, from: *const c_char, to: *const c_char) {
        let ((path, terminal), from, to) = (place(path, terminal)?, device(from, "from")?, device(to, "to")?);
        drop(SqliteJournal::rename_device(path, terminal, (from, to), &SystemRandom)?);
    }

    /// Reads all of the journal of a terminal, also what was acknowledged long ago, which an opening leaves for when it is asked for, and says
    /// whether it is as it was stored. Call it when no till has the journal open, at leisure: it takes about as long as copying the file.
    /// `past` (may be NULL) becomes how many entries were put away.
    ///
    /// - WXT_DONE: all of it is.
    /// - WXT_NOT_SENT: it is not (WXT_ERROR_JOURNAL_DAMAGED), or cannot be read. Keep its files for a person.
    call wxt_journal_verify(path: *const c_char, terminal: i32, device_info: *const c_char, past: *mut u64) {
        let ((path, terminal), device_info) = (place(path, terminal)?, device(device_info, "device_info")?);
        // An opening would make one. Where only the lock file is left of one, it says so.
        let is_there = ["", ".lock"].iter().any(|end| std::fs::symlink_metadata([path, end].concat()).is_ok());
        if !is_there {
            return Err(Fail::Argument("path", "has no journal"));
        }
        let found = SqliteJournal::open(path, terminal, device_info, &SystemRandom)?.verify()?;
        put(past, found);
    }

    /// Adds an account, before the till is used by other threads. Where there are several of one gateway,
    /// `wxt_options_set_account` says which one pays. `deadline_ms` is the deadline of one call, 1000 to 300000, or 0 for 30
    /// seconds.
    call wxt_till_add(till: *mut wxt_till, account: *const wxt_account, transport: *const wxt_transport,
        deadline_ms: i64) {
        let tills = seen(till.cast_const(), "till")?;
        let device_info = tills.device_info.as_deref().map(c);
        let device_info = device_info.as_ref().map_or(std::ptr::null(), |number| number.as_ptr());
        let client = client_of(account, device_info, transport, deadline_ms)?;
        tills.change("is in use: add accounts before the first call", |till| client.into_till(till))?;
    }

    /// Closes a till and lets its journal go. No thread may be in a call of it. NULL is nothing to free.
    free wxt_till_free(till: wxt_till);

    /// Pays what you call `intent` (a prize, a receipt, a reimbursement; 1 to 64 bytes), once. Leave the request's order number
    /// unset: the till makes it. The same intent with the same payee and amount returns the recorded result, or goes on where it
    /// stopped, also after a power cut. `options` may be NULL.
    ///
    /// `outcome` and `reply` are set to WXT_UNKNOWN and NULL first.
    /// - WXT_DONE: the outcome counts. `reply` (may be NULL) has the order number, the entry, and what is allowed next.
    /// - WXT_NOT_SENT: this call sent nothing, and no order number of this intent is open or paid. Except where the error is
    ///   about the call itself: the intent was used with another payee or amount; it was paid or refused under another account,
    ///   which the error names; it came to its end and was pruned since; no account, or two, for this request.
    /// - WXT_UNKNOWN: pay the same intent again later, or recover. Never take a new intent for the same thing.
    ///
    /// What a customer has yet to pay is not paid but ordered: `wxt_till_order`.
    call wxt_till_pay(till: *const wxt_till, intent: *const c_char, request: *const wxt_request,
        options: *const wxt_options, outcome: *mut wxt_outcome, reply: *mut *mut wxt_reply) clears (outcome, WXT_UNKNOWN, reply) {
        deliver(begin(Verb::Pay, till, intent, request, options, outcome)?, outcome, reply);
    }

    /// Makes an order that a customer pays for what you call `intent` (a sale, a receipt), once. Like `wxt_till_pay`, but:
    /// - WXT_ORDERED: nobody paid yet. Show the reply's mweb_url, and ask `wxt_till_payment_of`.
    /// - WXT_ACCEPTED: this sale is paid already.
    /// - WXT_PAID_LATE: an order of this sale was paid after it had been given up. Give that money back, or keep it with
    ///   `wxt_till_accept_late`.
    call wxt_till_order(till: *const wxt_till, intent: *const c_char, request: *const wxt_request,
        options: *const wxt_options, outcome: *mut wxt_outcome, reply: *mut *mut wxt_reply) clears (outcome, WXT_UNKNOWN, reply) {
        deliver(begin(Verb::Order, till, intent, request, options, outcome)?, outcome, reply);
    }

    /// Gives money back for what you call `intent` (a return; another name than the sale's), once: all of an order's, or a part. Like
    /// `wxt_till_pay`, but:
    /// - WXT_TAKEN: the gateway took it, and the money is on its way. WXT_ACCEPTED: it arrived.
    /// - WXT_UNKNOWN: it may have been taken. Call it again with the same intent; its amount is held back until then.
    /// - WXT_NOT_SENT, too: the order is not in the journal, was not paid, is open or being taken back; its total is another one; the
    ///   amount is more than what is left of it; it was refunded less than a minute ago.
    ///
    /// The request is WXT_REFUND with out_trade_no of an order of this till, or transaction_id of another one; total_fee, refund_fee.
    call wxt_till_refund(till: *const wxt_till, intent: *const c_char, request: *const wxt_request,
        options: *const wxt_options, outcome: *mut wxt_outcome, reply: *mut *mut wxt_reply) clears (outcome, WXT_UNKNOWN, reply) {
        deliver(begin(Verb::Refund, till, intent, request, options, outcome)?, outcome, reply);
    }

    /// Asks what became of an order number of this till, once, or until it is final or the patience in the options ends. It
    /// never pays; an order whose time is over it closes. WXT_UNKNOWN with WXT_REASON_NOT_PAID_YET: the customer may still pay.
    /// WXT_DECLINED: nobody can pay it any more. WXT_PAID_LATE: it was paid after that. `options` may be NULL: ask once.
    call wxt_till_payment_of(till: *const wxt_till, order_number: *const c_char, options: *const wxt_options,
        outcome: *mut wxt_outcome, reply: *mut *mut wxt_reply) clears (outcome, WXT_UNKNOWN, reply) {
        let (till, number) = (seen(till, "till")?.till()?, text(order_number, "order_number")?);
        let mut choices = Choices::of(options)?;
        wanted(outcome, "outcome")?;
        choices.patience = Some(choices.patience.unwrap_or_default());
        let came = choices.with(|options| till.payment_of_with(number, options)).map_err(Fail::NotSent)?;
        deliver(Told::receipt(came, || till.numbered(number)), outcome, reply);
    }

    /// Makes a connection for the next call of each account, while the cashier still types, as `wxt_client_warm`. Neither asks the journal nor writes to
    /// it. WXT_NOT_SENT: the host of at least one account was not reached.
    call wxt_till_warm(till: *const wxt_till, how: i32) {
        seen(till, "till")?.till()?.warm(warm(how)?).map_err(Fail::NotSent)?;
    }

    /// Closes a WAP order, so that nobody can pay it any more, and asks what became of it. WXT_DECLINED: closed unpaid.
    /// WXT_ACCEPTED: the customer was faster, and paid. WXT_UNKNOWN: neither is proven, it may still be paid.
    call wxt_till_close(till: *const wxt_till, order_number: *const c_char, outcome: *mut wxt_outcome,
        reply: *mut *mut wxt_reply) clears (outcome, WXT_UNKNOWN, reply) {
        let (till, number) = (seen(till, "till")?.till()?, text(order_number, "order_number")?);
        wanted(outcome, "outcome")?;
        let came = till.close(number).map_err(Fail::NotSent)?;
        deliver(Told::receipt(came, || till.numbered(number)), outcome, reply);
    }

    /// Takes back a payment by a customer's code that nothing is proven of, or ends it unpaid. The gateway is asked first: WXT_ACCEPTED where
    /// it was paid in time. WXT_DECLINED: not paid, or given back. WXT_PAID_LATE: it was paid, and can be taken back no more. WXT_UNKNOWN:
    /// not proven yet; what another process sent the gateway must call unpaid twice, a minute apart. `options` may be NULL.
    call wxt_till_reverse(till: *const wxt_till, order_number: *const c_char, options: *const wxt_options,
        outcome: *mut wxt_outcome, reply: *mut *mut wxt_reply) clears (outcome, WXT_UNKNOWN, reply) {
        let (till, number) = (seen(till, "till")?.till()?, text(order_number, "order_number")?);
        let choices = Choices::of(options)?;
        wanted(outcome, "outcome")?;
        let came = choices.with(|options| till.reverse_with(number, options)).map_err(Fail::NotSent)?;
        deliver(Told::receipt(came, || till.numbered(number)), outcome, reply);
    }

    /// Keeps money that came late: from then on it counts like money in time, and the sale is paid. The gateway is asked first,
    /// and must say that the money is there in full; another order of the sale that is still open is closed before, as by
    /// `wxt_till_close`. WXT_ACCEPTED: it is kept. WXT_UNKNOWN: one of the two is not proven, it stays late. WXT_NOT_SENT: there is
    /// no late money for this order number, or another order of its sale was paid.
    call wxt_till_accept_late(till: *const wxt_till, order_number: *const c_char, outcome: *mut wxt_outcome,
        reply: *mut *mut wxt_reply) clears (outcome, WXT_UNKNOWN, reply) {
        let (till, number) = (seen(till, "till")?.till()?, text(order_number, "order_number")?);
        wanted(outcome, "outcome")?;
        let came = till.accept_late(number).map_err(Fail::NotSent)?;
        deliver(Told::receipt(came, || till.numbered(number)), outcome, reply);
    }

    /// Reads a payment notification (the gateway's POST to your notify_url), verifies it, compares it with the order in the
    /// journal, asks the gateway's query (at most 4 seconds), and records the payment there. Only then `answer` is the exact text
    /// to answer with (static): send it as it is within 5 seconds. WXT_FAILED: answer with anything else, and it
    /// comes again. The same notification may come several times. `paid` may be NULL.
    call wxt_till_notified(till: *const wxt_till, body: *const u8, length: usize, paid: *mut *mut wxt_reply,
        answer: *mut *const c_char) clears paid {
        let (till, body) = (seen(till, "till")?.till()?, bytes(body, length, "body")?);
        wanted(answer, "answer")?;
        let notified = till.notified(body).map_err(|fault| Fail::Notification(fault.reason()))?;
        if !paid.is_null() {
            let entry = EntryTexts::new(&notified.entry, None);
            put(paid, handle(Told::settled(entry)));
        }
        put(answer, answer_text(notified.reply));
    }

    /// After a power cut: asks about every pending entry, oldest first, until the patience ends, and then calls `each` once for
    /// every entry that is not acknowledged, oldest first. It pays nothing and takes nothing back, unless `wxt_options_set_repeats` and
    /// `wxt_options_set_reversals` say otherwise: it asks, and closes orders whose time is over. Safe to interrupt and to run twice. `options` may be NULL.
    call wxt_till_recover(till: *const wxt_till, options: *const wxt_options, each: wxt_entry_callback,
        context: *mut c_void) {
        let till = seen(till, "till")?.till()?;
        let each = each.ok_or(Fail::Argument("each", "is NULL"))?;
        let choices = Choices::of(options)?;
        for found in choices.with(|options| till.recover_with(options))? {
            let lent = Lent::<wxt_entry>::new(EntryTexts::new(&found.entry, Some(&found.outcome)));
            each(context, lent.pointer);
        }
    }

    /// Calls `each` once for every entry of an intent, under whatever account and order number, oldest first: what became of it. Asks
    /// nobody. An intent that was never begun, or was pruned, has none.
    call wxt_till_entries_of(till: *const wxt_till, intent: *const c_char, each: wxt_entry_callback, context: *mut c_void) {
        let (till, intent) = (seen(till, "till")?.till()?, text(intent, "intent")?);
        let each = each.ok_or(Fail::Argument("each", "is NULL"))?;
        for found in till.entries_of(intent)? {
            let lent = Lent::<wxt_entry>::new(EntryTexts::new(&found.entry, Some(&found.outcome)));
            each(context, lent.pointer);
        }
    }

    /// Calls `each` once for every entry that is not acknowledged, oldest first. Asks nobody.
    call wxt_till_unacknowledged(till: *const wxt_till, each: wxt_entry_callback, context: *mut c_void) {
        let till = seen(till, "till")?.till()?;
        let each = each.ok_or(Fail::Argument("each", "is NULL"))?;
        for entry in till.unacknowledged()? {
            let lent = Lent::<wxt_entry>::new(EntryTexts::new(&entry, None));
            each(context, lent.pointer);
        }
    }

    /// Tells the journal that you acted on a settled entry as you saw it (`wxt_reply_revision`, `wxt_entry_revision`): the ticket is
    /// printed, the door is open. An error where it has changed since, because it was paid again or money came late, or where its
    /// end is known and not written: look at it again. Doing it twice is no error.
    call wxt_till_acknowledge(till: *const wxt_till, entry: i64, revision: i64) {
        seen(till, "till")?.till()?.acknowledge(EntryVersion { id: entry, revision })?;
    }

    /// A person closes an entry that nothing else can, or ends a refused one as unpaid, so that a new number may be used. Kept
    /// for ever, with the name and the reason. `finding` is one of `wxt_finding`. An error where it is known to be paid.
    call wxt_till_settle_by_hand(till: *const wxt_till, entry: i64, finding: i32, name: *const c_char,
        reason: *const c_char) {
        let till = seen(till, "till")?.till()?;
        let paid = match finding {
            finding if finding == wxt_finding::WXT_FOUND_PAID as i32 => true,
            finding if finding == wxt_finding::WXT_FOUND_UNPAID as i32 => false,
            _ => return Err(Fail::Argument("finding", "must be WXT_FOUND_PAID or WXT_FOUND_UNPAID")),
        };
        till.settle_by_hand(entry, paid, text(name, "name")?, text(reason, "reason")?)?;
    }

    /// A person mended what an intent was refused for (WXT_STOP), and lets it be paid again: pay the same intent then. Kept for ever, with
    /// the name and the reason. Its own order number is sent again, so that it is paid once; an order that a customer pays gets a
    /// new one.
    call wxt_till_allow_again(till: *const wxt_till, entry: i64, name: *const c_char, reason: *const c_char) {
        let till = seen(till, "till")?.till()?;
        till.allow_again(entry, text(name, "name")?, text(reason, "reason")?)?;
    }

    /// Removes entries that were acknowledged longer ago than this, and blanks personal data in those that stay. An intent
    /// that went is never paid again. Nothing goes until a gateway's own time agreed with the clock to a day. `removed` may be NULL.
    call wxt_till_prune(till: *const wxt_till, older_than_seconds: i64, removed: *mut u32) {
        let till = seen(till, "till")?.till()?;
        put(removed, till.prune(age(older_than_seconds)?)?);
    }

    /// Lets the till keep its journal small by itself: what was acknowledged longer ago than this goes, as with `wxt_till_prune`, but in
    /// small steps, after acknowledgements. Call it before the till is used by other threads.
    call wxt_till_keep(till: *mut wxt_till, older_than_seconds: i64) {
        let tills = seen(till.cast_const(), "till")?;
        let older_than = age(older_than_seconds)?;
        tills.change("is in use: say it before the first call", |till| till.keep(older_than))?;
    }

    /// Calls `each` with counts and sums of the entries begun in a time (seconds since 1970), by call and outcome: to lay beside
    /// the platform's bill. What was begun under a clock that was not set is in every sum, as "undated: accepted" and the like.
    call wxt_till_summary(till: *const wxt_till, from: i64, until: i64, each: wxt_summary_callback,
        context: *mut c_void) {
        let till = seen(till, "till")?.till()?;
        let each = each.ok_or(Fail::Argument("each", "is NULL"))?;
        for row in till.summary(from, until)? {
            each(context, c(&row.call).as_ptr(), c(&row.outcome).as_ptr(), row.count, row.fen);
        }
    }
}

/// Whose journal it is, and where.
///
/// # Safety
///
/// As [`text`].
unsafe fn place<'a>(path: *const c_char, terminal: i32) -> Done<(&'a str, u16)> {
    // SAFETY: the caller's.
    let path = unsafe { text(path, "path")? };
    let terminal = u16::try_from(terminal).map_err(|_| Fail::Argument("terminal", "must be 0 to 65535"))?;
    if path.is_empty() { Err(Fail::Argument("path", "is empty")) } else { Ok((path, terminal)) }
}

/// A terminal's number in the requests, or none.
///
/// # Safety
///
/// As [`text`].
unsafe fn device<'a>(number: *const c_char, name: &'static str) -> Done<Option<&'a str>> {
    // SAFETY: the caller's.
    let number = unsafe { optional(number, name)? };
    number.map_or(Ok(()), |number| Terminal::new(number).map(drop)).map_err(Fail::Failed)?;
    Ok(number)
}

fn age(older_than_seconds: i64) -> Done<Duration> {
    let seconds = u64::try_from(older_than_seconds);
    seconds.map(Duration::from_secs).map_err(|_| Fail::Argument("older_than_seconds", "is negative"))
}

/// What paying and ordering share.
///
/// # Safety
///
/// As [`seen`].
unsafe fn begin(
    verb: Verb,
    till: *const wxt_till,
    intent: *const c_char,
    request: *const wxt_request,
    options: *const wxt_options,
    outcome: *mut wxt_outcome,
) -> Done<Told> {
    // SAFETY: the caller's.
    let (till, intent) = unsafe { (seen(till, "till")?.till()?, text(intent, "intent")?) };
    let (call, fields) = {
        // SAFETY: the caller's.
        let given = locked(unsafe { seen(request, "request")? });
        (given.call, given.fields.clone())
    };
    // SAFETY: the caller's.
    let choices = unsafe { Choices::of(options)? };
    wanted(outcome, "outcome")?;
    if call.use_ != Use::Pay {
        return Err(Fail::Argument("request", "is no payment"));
    }
    let came = choices.with(|options| {
        let came = till.begin_given(verb, (call.family, call.endpoint), (intent, &fields), call.read, options);
        came.map(|came| {
            let of_refund = (verb == Verb::Refund).then(|| came.cashier_of_refund());
            let told = Told::receipt(came, || till.newest(call.family, intent, options));
            Told { cashier: of_refund.unwrap_or(told.cashier), ..told }
        })
    });
    came.map_err(Fail::NotPaid)
}

impl Told {
    /// What a till came to. A refusal and a doubt do not name their entry, so the journal is asked.
    pub(super) fn receipt(came: Outcome<Receipt<Pairs>>, entry: impl FnOnce() -> Option<Entry>) -> Told {
        let mut told = Told::outcome(came, |receipt, told| {
            told.order_number = c(&receipt.order_number);
            told.entry = receipt.entry;
            told.journal_fault = receipt.journal_fault.map(|fault| c(fault.text())).unwrap_or_default();
            (told.evidence, told.fields) = match &receipt.evidence {
                Evidence::Reply(pairs) => (wxt_evidence::WXT_EVIDENCE_REPLY, texts(pairs.iter())),
                Evidence::Queried(fields) => (wxt_evidence::WXT_EVIDENCE_QUERIED, owned(fields)),
                Evidence::Recorded(fields) => (wxt_evidence::WXT_EVIDENCE_RECORDED, owned(fields)),
            };
        });
        if matches!(told.outcome, WXT_DECLINED | WXT_UNKNOWN)
            && let Some(entry) = entry()
        {
            told.order_number = c(&entry.order_number);
            told.entry = entry.version();
        }
        told
    }

    /// An entry that a notification settled.
    fn settled(entry: EntryTexts) -> Told {
        let (outcome, cashier) = match entry.state {
            wxt_entry_state::WXT_ENTRY_ACCEPTED | wxt_entry_state::WXT_ENTRY_PAID_BY_HAND => {
                (WXT_ACCEPTED, Cashier::PAID)
            }
            wxt_entry_state::WXT_ENTRY_PAID_LATE => (WXT_PAID_LATE, Cashier::PAID_LATE),
            _ => (WXT_UNKNOWN, Cashier::UNKNOWN),
        };
        Told {
            outcome,
            cashier,
            order_number: entry.order_number,
            entry: entry.version,
            evidence: wxt_evidence::WXT_EVIDENCE_RECORDED,
            fields: entry.evidence,
            ..Told::default()
        }
    }
}
