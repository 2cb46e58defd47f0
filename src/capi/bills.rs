//! Bills: fetched into files, and laid beside the journal.

use std::ffi::{c_char, c_void};
use std::fs::{self, File};
use std::io::Write;
use std::ptr;

use crate::client::Client;
use crate::clock::ChinaTime;
use crate::gateways::account::WxpayAccount;
use crate::gateways::bill::{BillType, DownloadBill, DownloadFundFlow, FundAccount};
use crate::gateways::request::Download;
use crate::till::{BillFinding, BillSource, Bills, FindingKind, ReconcileFault, Reconciled};
use crate::wire::bill::{BillFault, BillReader, Column, FundFlowReader};

use super::clients::{AnyClient, deliver};
use super::entries::EntryTexts;
use super::ffi::{
    Done, Fail, Lent, abi, c, optional, put, seen, text, wanted, wxt_client, wxt_difference, wxt_difference_callback,
    wxt_entry, wxt_options, wxt_reconciled, wxt_reply, wxt_till,
};
use super::numbers::{WXT_UNKNOWN, wxt_bill, wxt_bill_state, wxt_code, wxt_difference_kind, wxt_outcome};
use super::options::Choices;
use super::replies::Told;

/// A day as C says it: `yyyymmdd`.
fn day_of(digits: &str) -> Done<ChinaTime> {
    ChinaTime::read(&[digits, "000000"].concat()).ok_or(Fail::Argument("day", "is no yyyymmdd"))
}

fn failed(error: std::io::Error) -> BillFault {
    BillFault::NotRead(error.to_string())
}

/// What is fetched, and how it is read.
enum Wanted {
    Bill(BillType),
    FundFlow(FundAccount),
}

fn wanted_bill(bill: i32) -> Done<Wanted> {
    Ok(match bill {
        bill if bill == wxt_bill::WXT_BILL_ALL as i32 => Wanted::Bill(BillType::All),
        bill if bill == wxt_bill::WXT_BILL_SUCCESS as i32 => Wanted::Bill(BillType::Success),
        bill if bill == wxt_bill::WXT_BILL_REFUND as i32 => Wanted::Bill(BillType::Refund),
        bill if bill == wxt_bill::WXT_BILL_RECHARGE_REFUND as i32 => Wanted::Bill(BillType::RechargeRefund),
        bill if bill == wxt_bill::WXT_FUND_FLOW_BASIC as i32 => Wanted::FundFlow(FundAccount::Basic),
        bill if bill == wxt_bill::WXT_FUND_FLOW_OPERATION as i32 => Wanted::FundFlow(FundAccount::Operation),
        bill if bill == wxt_bill::WXT_FUND_FLOW_FEES as i32 => Wanted::FundFlow(FundAccount::Fees),
        _ => return Err(Fail::Argument("bill", "is none of wxt_bill")),
    })
}

/// Fetches into a file beside, read as it comes.
fn fetched<D: Download<Account = WxpayAccount>>(
    client: &Client<WxpayAccount>,
    bill: &D,
    path: &str,
    read: &mut dyn FnMut(&[u8]),
) -> Result<(), BillFault> {
    let mut file = File::create(path).map_err(failed)?;
    let mut written = Ok(());
    client.download(bill, &mut |piece| {
        read(piece);
        if written.is_ok() {
            written = file.write_all(piece);
        }
    })?;
    written.and_then(|()| file.sync_all()).map_err(failed)
}

fn download(client: &Client<WxpayAccount>, day: ChinaTime, wanted: &Wanted, path: &str) -> Done<wxt_bill_state> {
    let part = [path, ".part"].concat();
    let came = match wanted {
        Wanted::Bill(bill_type) => {
            let mut reader = BillReader::new();
            let bill = DownloadBill { day, bill_type: *bill_type };
            let came = fetched(client, &bill, &part, &mut |piece| reader.read(piece, &mut |_| {}));
            came.and_then(|()| reader.end().map(drop))
        }
        Wanted::FundFlow(account) => {
            let mut reader = FundFlowReader::new();
            let flow = DownloadFundFlow { day, account_type: *account };
            let came = fetched(client, &flow, &part, &mut |piece| reader.read(piece, &mut |_| {}));
            came.and_then(|()| reader.end().map(drop))
        }
    };
    let state = match came {
        Ok(()) => Ok(wxt_bill_state::WXT_BILL_WHOLE),
        Err(BillFault::Empty) => Ok(wxt_bill_state::WXT_BILL_EMPTY),
        Err(fault) => Err(fault),
    };
    let kept = state.and_then(|state| fs::rename(&part, path).map_err(failed).map(|()| state));
    kept.or_else(|fault| {
        // What is not whole is nobody's bill. (Where it was not made, there is nothing to remove.)
        let _ = fs::remove_file(&part);
        match fault {
            BillFault::Creating => Ok(wxt_bill_state::WXT_BILL_CREATING),
            fault => Err(Fail::Bill(fault.to_string())),
        }
    })
}

abi! {
    /// Fetches the merchant's bill of a day, or the fund flow of one of her accounts, into a file: `day` is yyyymmdd in China, `bill` one of
    /// `wxt_bill`. It comes in pieces, so a long one needs no memory, and is read as it comes: only what is whole stands at `path`, which
    /// it replaces. Yesterday's is there from 9:00, better from 10:00. The client's deadline holds for all of it.
    ///
    /// `state` is set to WXT_BILL_NOT_THERE first. WXT_DONE with WXT_BILL_WHOLE or WXT_BILL_EMPTY: the file is there. With
    /// WXT_BILL_CREATING: it is not, fetch it later. WXT_FAILED: it did not come, or not whole; nothing is at `path` that was not before.
    /// The fund flow needs the client certificate.
    call wxt_client_download(client: *const wxt_client, day: *const c_char, bill: i32, path: *const c_char,
        state: *mut wxt_bill_state) {
        put(state, wxt_bill_state::WXT_BILL_NOT_THERE);
        let (client, day, path) = (seen(client, "client")?, day_of(text(day, "day")?)?, text(path, "path")?);
        wanted(state, "state")?;
        let AnyClient::Wxpay(client) = client else { return Err(Fail::Argument("client", "its gateway has no bills")) };
        if path.is_empty() {
            return Err(Fail::Argument("path", "is empty"));
        }
        put(state, download(client, day, &wanted_bill(bill)?, path)?);
    }

    /// Lays the merchant's bill of a day (WXT_BILL_ALL, a file) beside the journal and calls `each` for what differs, the worst first.
    /// `next_path` is the next day's bill, or NULL while there is none: a payment of 23:59 may be reversed at 00:01. `options` may be NULL;
    /// `wxt_options_set_account` says which account, where the till has several with bills.
    ///
    /// Nothing is settled, and nothing is sent: `each` may call `wxt_till_ask_about` with the entry. WXT_FAILED: a bill is not there,
    /// not whole, another day's or another merchant's, or another one when it was read again. **What `each` was told counts only with
    /// WXT_DONE.** `totals` may be NULL.
    call wxt_till_reconcile(till: *const wxt_till, day: *const c_char, path: *const c_char, next_path: *const c_char,
        options: *const wxt_options, each: wxt_difference_callback, context: *mut c_void, totals: *mut wxt_reconciled) {
        let (till, day) = (seen(till, "till")?.till()?, day_of(text(day, "day")?)?);
        let (mut of_day, next) = (opened(text(path, "path")?)?, optional(next_path, "next_path")?);
        let mut next = next.map(opened).transpose()?;
        let each = each.ok_or(Fail::Argument("each", "is NULL"))?;
        let choices = Choices::of(options)?;
        let of_next_day = next.as_mut().map(|next| next as &mut dyn BillSource);
        let bills = Bills { of_day: &mut of_day, of_next_day };
        let done = choices.with(|options| {
            till.reconcile_with(day, bills, options, &mut |finding| tell(finding, |told| each(context, told)))
        });
        put(totals, counts(&done?));
    }

    /// Asks the gateway about an entry that a bill contradicts, whatever the journal has of it. Only the query's word that it is paid, in
    /// full, is written: WXT_ACCEPTED, or WXT_PAID_LATE of what was refused or taken back. Nothing is closed, taken back or sent again.
    /// `outcome` and `reply` are set to WXT_UNKNOWN and NULL first.
    call wxt_till_ask_about(till: *const wxt_till, entry: i64, outcome: *mut wxt_outcome, reply: *mut *mut wxt_reply)
        clears (outcome, WXT_UNKNOWN, reply) {
        let till = seen(till, "till")?.till()?;
        wanted(outcome, "outcome")?;
        let told = till.ask_about(entry)?;
        let of = told.entry;
        deliver(Told::receipt(told.outcome, || Some(of)), outcome, reply);
    }
}

fn opened(path: &str) -> Done<File> {
    File::open(path).map_err(|error| Fail::Bill(error.to_string()))
}

impl From<ReconcileFault> for Fail {
    fn from(fault: ReconcileFault) -> Fail {
        match fault {
            ReconcileFault::Journal(fault) => Fail::Journal(fault),
            ReconcileFault::Account(error) => Fail::Failed(error),
            fault => Fail::Bill(fault.to_string()),
        }
    }
}

/// Hands a finding to C. What it points to ends with the call.
fn tell(finding: &BillFinding<'_>, each: impl FnOnce(*const wxt_difference)) {
    let entry = finding.entry.map(|entry| Lent::<wxt_entry>::new(EntryTexts::new(entry, None)));
    let (zh, en) = (c(&finding.zh()), c(&finding.en()));
    let of = |column| finding.row.and_then(|row| row.get(column)).unwrap_or_default();
    let (number, state) = (c(of(Column::OutTradeNo)), c(of(Column::TradeState)));
    let refund = c(finding.row.and_then(|row| row.out_refund_no()).unwrap_or_default());
    let told = wxt_difference {
        zh: zh.as_ptr(),
        en: en.as_ptr(),
        entry: entry.as_ref().map_or(ptr::null(), |entry| entry.pointer.cast_const()),
        order_number: number.as_ptr(),
        refund_number: refund.as_ptr(),
        trade_state: state.as_ptr(),
        fen: finding.fen().unwrap_or_default(),
        line: finding.line.unwrap_or_default(),
        kind: kind(finding.kind) as i32,
    };
    each(&raw const told);
}

fn kind(kind: FindingKind) -> wxt_difference_kind {
    match kind {
        FindingKind::ChargedThoughDeclined => wxt_difference_kind::WXT_CHARGED_THOUGH_DECLINED,
        FindingKind::ReversedThoughAccepted => wxt_difference_kind::WXT_REVERSED_THOUGH_ACCEPTED,
        FindingKind::AmountDiffers => wxt_difference_kind::WXT_AMOUNT_DIFFERS,
        FindingKind::NotInBill => wxt_difference_kind::WXT_NOT_IN_BILL,
        FindingKind::PaidThoughOpen => wxt_difference_kind::WXT_PAID_THOUGH_OPEN,
        FindingKind::UnknownOwnNumber => wxt_difference_kind::WXT_UNKNOWN_OWN_NUMBER,
        FindingKind::RefundUnknown => wxt_difference_kind::WXT_REFUND_UNKNOWN,
        FindingKind::RefundNotInBill => wxt_difference_kind::WXT_REFUND_NOT_IN_BILL,
        FindingKind::Unreadable => wxt_difference_kind::WXT_UNREADABLE_ROW,
    }
}

fn counts(done: &Reconciled) -> wxt_reconciled {
    let Reconciled { rows, foreign, agrees, reversed_agrees, refund_agrees, waits, findings } = *done;
    wxt_reconciled { rows, foreign, agrees, reversed_agrees, refund_agrees, waits, findings }
}
