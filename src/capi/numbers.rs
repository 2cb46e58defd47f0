//! The numbers, structs and types of callbacks that C sees.

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

/// What is known about a payment. Handle all that can come: WXT_ORDERED comes of orders only, WXT_TAKEN of refunds
/// only, WXT_PAID_LATE of a till only.
#[repr(i32)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum wxt_outcome {
    /// The money may have moved. Never use a new order number or intent: ask, pay the same intent again, or recover.
    WXT_UNKNOWN = 0,
    /// Proven: money moved. Print, open, book.
    WXT_ACCEPTED = 1,
    /// Proven: the gateway refused it. `wxt_reply_next` says what is allowed.
    WXT_DECLINED = 2,
    /// Proven: the order exists, and nobody has paid it yet. Show what its customer needs: "code_url", "mweb_url".
    WXT_ORDERED = 3,
    /// Proven: money came for an order that had been given up. Give it back, or keep it: `wxt_till_accept_late`.
    WXT_PAID_LATE = 4,
    /// Proven: the gateway took a refund, and the money has not arrived yet. Say 退款已受理; `wxt_till_recover` asks what becomes of it.
    WXT_TAKEN = 5,
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
    /// A refusal that the document calls "not paid", and that the query has yet to confirm.
    WXT_REASON_UNCONFIRMED = 14,
    /// The customer is paying: a password is asked for.
    WXT_REASON_CUSTOMER_PAYING = 15,
    /// It is being taken back, and the gateway has yet to say that it is.
    WXT_REASON_REVERSING = 16,
    /// Nobody can tell, and it is not taken back yet: `wxt_till_reverse`, or pay the same intent again.
    WXT_REASON_NEEDS_REVERSAL = 17,
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
    /// A bill did not come, or is not whole.
    WXT_ERROR_BILL = 10,
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
    /// WeCom payments to employees, and a company's red packets.
    WXT_WORKWX = 2,
    /// Swiftpass-type: payment codes and orders of several wallets.
    WXT_SWIFTPASS = 3,
    /// E-pay campus card recharge.
    WXT_WEBGATE = 4,
    /// WeChat Pay's own gateway: payment codes, and orders that a customer scans.
    WXT_WXPAY = 5,
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
    /// paywwsptrans2pocket: pays an employee. Closed to new merchants.
    WXT_PAY_EMPLOYEE = 3,
    /// querywwsptrans2pocket: asks what became of it.
    WXT_QUERY_PAY_EMPLOYEE = 4,
    /// pay.weixin.wap: makes a WAP order, which a customer pays: `wxt_till_order`.
    WXT_WAP_ORDER = 5,
    /// unified.trade.query: asks whether the customer paid.
    WXT_TRADE_QUERY = 6,
    /// unified.trade.close: closes an unpaid WAP order.
    WXT_TRADE_CLOSE = 7,
    /// wxcharge: charges a campus card.
    WXT_WXCHARGE = 8,
    /// unifiedorder, trade_type NATIVE: makes an order whose "code_url" a customer scans: `wxt_till_order`.
    WXT_NATIVE_ORDER = 9,
    /// unifiedorder, trade_type JSAPI: makes an order that a page inside WeChat pays by its "prepay_id".
    WXT_JSAPI_ORDER = 10,
    /// unifiedorder, trade_type MWEB: makes an order whose "mweb_url" a customer's browser opens.
    WXT_H5_ORDER = 11,
    /// orderquery: asks whether the customer paid.
    WXT_ORDER_QUERY = 12,
    /// closeorder: closes an unpaid order. Its success proves nothing: ask afterwards.
    WXT_CLOSE_ORDER = 13,
    /// micropay: takes money by a customer's payment code.
    WXT_MICRO_PAY = 14,
    /// reverse: takes a micropay back. Its success proves nothing: ask afterwards. A till does it by itself.
    WXT_REVERSE = 15,
    /// refund: gives money back: `wxt_till_refund`.
    WXT_REFUND = 16,
    /// refundquery: asks what became of a refund, by its number.
    WXT_REFUND_QUERY = 17,
    /// authcodetoopenid: asks who is behind a payment code. It shortens the code's life.
    WXT_AUTH_CODE_TO_OPENID = 18,
    /// unified.trade.micropay: takes money by a customer's payment code, of any wallet.
    WXT_UNIFIED_MICROPAY = 19,
    /// unified.micropay.reverse: takes it back. Its success proves nothing: ask afterwards. A till does it by itself.
    WXT_UNIFIED_REVERSE = 20,
    /// unified.trade.refund: gives money back: `wxt_till_refund`.
    WXT_UNIFIED_REFUND = 21,
    /// unified.trade.refundquery: asks what became of a refund, by its number.
    WXT_UNIFIED_REFUND_QUERY = 22,
    /// pay.weixin.native: makes an order whose "code_url" WeChat scans: `wxt_till_order`.
    WXT_WEIXIN_NATIVE = 23,
    /// pay.alipay.native: makes an order whose "code_url" Alipay scans.
    WXT_ALIPAY_NATIVE = 24,
    /// unified.trade.native: makes an order whose "code_url" any wallet scans.
    WXT_UNIFIED_NATIVE = 25,
    /// pay.weixin.jspay: makes an order that a page inside WeChat pays by its "pay_info".
    WXT_WEIXIN_JSPAY = 26,
    /// pay.alipay.jspay: makes an order that a page inside Alipay pays by its "pay_info".
    WXT_ALIPAY_JSPAY = 27,
    /// pay.weixin.wappay: makes an order whose URL, "pay_info", a customer's browser opens.
    WXT_WEIXIN_WAPPAY = 28,
    /// sendgroupredpack: sends a red packet that a group shares. Closed to new merchants since 2024-06-05.
    WXT_SEND_GROUP_REDPACK = 40,
    /// sendminiprogramhb: issues a red packet that a mini-program claims by the reply's "package". Where `wxt_reply_get` gives no
    /// "package", the answer was lost: nobody can claim it, and it returns after 24 hours.
    WXT_SEND_MINIPROGRAM_HB = 41,
    /// sendworkwxredpack: sends a company's red packet in WeCom. Either "sender_name" or "agentid".
    WXT_SEND_WORKWX_REDPACK = 42,
    /// queryworkwxredpack: asks what became of it.
    WXT_QUERY_WORKWX_REDPACK = 43,
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
    /// The customer paid an order that was given up. Give it back, or keep it: `wxt_till_accept_late`.
    WXT_ENTRY_PAID_LATE = 9,
    /// Refused, and the gateway's query does not know it: it counts as refused, and is asked about for a day.
    WXT_ENTRY_UNPROVEN = 10,
    /// A refund that the gateway took, and that has not arrived yet.
    WXT_ENTRY_REFUNDING = 11,
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
    /// It waits for the customer, who types a password.
    WXT_CONFIRMING = 4,
    /// The payment is taken back: it waits for the moment, or does it.
    WXT_REVERSING = 5,
}

/// The languages of the cashier's words.
#[repr(i32)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum wxt_language {
    /// None: no words.
    WXT_NO_LANGUAGE = 0,
    /// Chinese.
    WXT_CHINESE = 1,
    /// English.
    WXT_ENGLISH = 2,
}

/// Whether the cashier may scan another code for a sale.
#[repr(i32)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum wxt_scan {
    /// No. Pressing again goes on with the same payment.
    WXT_NO_SCAN = 0,
    /// Yes: pay the same intent with it.
    WXT_SCAN_AGAIN = 1,
}

/// Whether the cashier may take cash for a sale.
#[repr(i32)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum wxt_cash {
    /// No: it was paid, it is being paid, or a person must look first.
    WXT_NO_CASH = 0,
    /// Only with the note that a payment which comes late is given back.
    WXT_CASH_WITH_NOTE = 1,
    /// Yes: nothing was paid, and nothing is open.
    WXT_CASH = 2,
}

/// What `wxt_till_recover` may take back.
#[repr(i32)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum wxt_reversals {
    /// Nothing: it only asks.
    WXT_REVERSALS_NONE = 0,
    /// It goes on with reversals that were begun. Firmware should start so.
    WXT_REVERSALS_BEGUN = 1,
    /// It also begins to take back what the gateway twice, a minute apart, said to be unpaid.
    WXT_REVERSALS_OPEN = 2,
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

/// What `wxt_client_download` fetches. 0 is refused.
#[repr(i32)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum wxt_bill {
    /// Nothing.
    WXT_NO_BILL = 0,
    /// Every row of the day: what `wxt_till_reconcile` reads.
    WXT_BILL_ALL = 1,
    /// Payments.
    WXT_BILL_SUCCESS = 2,
    /// Refunds.
    WXT_BILL_REFUND = 3,
    /// Refunds of topped-up coupons.
    WXT_BILL_RECHARGE_REFUND = 4,
    /// The fund flow of the basic account (基本账户).
    WXT_FUND_FLOW_BASIC = 5,
    /// The fund flow of the operation account (运营账户).
    WXT_FUND_FLOW_OPERATION = 6,
    /// The fund flow of the fees account (手续费账户).
    WXT_FUND_FLOW_FEES = 7,
}

/// What became of a bill that was fetched.
#[repr(i32)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum wxt_bill_state {
    /// It did not come, or not whole.
    WXT_BILL_NOT_THERE = 0,
    /// It is in the file, and its last line agrees with its rows.
    WXT_BILL_WHOLE = 1,
    /// The gateway says that there is none: nobody paid on that day. The file says so, too.
    WXT_BILL_EMPTY = 2,
    /// It is still being made: fetch it after 10:00.
    WXT_BILL_CREATING = 3,
}

/// What differs between the journal and the bill, the worst first. A number that this header does not know: a person must look.
#[repr(i32)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum wxt_difference_kind {
    /// None of those below.
    WXT_DIFFERS_OTHERWISE = 0,
    /// The journal says not paid, the bill says charged: ask, and give the money back.
    WXT_CHARGED_THOUGH_DECLINED = 1,
    /// The journal says paid, the bill says that the money went back: a person.
    WXT_REVERSED_THOUGH_ACCEPTED = 2,
    /// The bill has another amount: a person.
    WXT_AMOUNT_DIFFERS = 3,
    /// The journal says paid, the bill does not have it: ask, then a person.
    WXT_NOT_IN_BILL = 4,
    /// Nothing is proven, the bill says charged: ask.
    WXT_PAID_THOUGH_OPEN = 5,
    /// A number of this terminal that the journal does not have: a person.
    WXT_UNKNOWN_OWN_NUMBER = 6,
    /// A refund that this journal did not make: ask before more is given back.
    WXT_REFUND_UNKNOWN = 7,
    /// A refund of the journal that the bill does not have: ask.
    WXT_REFUND_NOT_IN_BILL = 8,
    /// A row that cannot be read: a person looks at the line.
    WXT_UNREADABLE_ROW = 9,
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

/// Where a connection is made beforehand.
#[repr(i32)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum wxt_warm {
    /// In a thread of the library's own: the call returns at once, and tells only that it began.
    WXT_IN_BACKGROUND = 0,
    /// In the caller's thread: the call returns when the connection is there, or when it failed.
    WXT_IN_THIS_THREAD = 1,
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

pub(super) use wxt_code::*;
pub(super) use wxt_outcome::*;
