/* wxpay-terminal: WeChat payments from POS terminals and kiosks, and never wrong about money.
 *
 * Written by cbindgen from src/capi. Do not edit: run `make header`. The first hour: docs/c-api.md.
 *
 * Rules of every function:
 * - It returns a wxt_code, or it is a getter that takes NULL.
 * - Outputs come last. Outcomes and reply pointers are set to WXT_UNKNOWN and NULL before anything else, also when the
 *   arguments are wrong. All other outputs are written only with WXT_DONE.
 * - `error` comes last of all and may be NULL. It is set to NULL with WXT_DONE, and to an error to be freed with
 *   wxt_error_free otherwise.
 * - Texts going in are NUL-terminated UTF-8, unless a length stands beside them. They are copied.
 * - Texts coming out are NUL-terminated UTF-8 and belong to the handle they were read from: they end with it.
 * - A _free function takes NULL. After it the handle and its texts must not be used. No thread may be in a call with a
 *   handle that is freed.
 * - Callbacks must not throw C++ exceptions, nor longjmp.
 * - There is no global state but the words of each thread's last call. A handle's thread rule stands at its type.
 * - C90 with <stdint.h>, or newer; C++98 with <stdint.h>, or newer.
 */

#ifndef WXPAY_TERMINAL_H
#define WXPAY_TERMINAL_H

#include <stddef.h>
#include <stdint.h>

/* The version of this ABI. It is in the SONAME, and `wxt_abi_version` returns the library's. */
#define WXT_ABI_VERSION 1

/* The longest text that is read, in bytes, its NUL included. */
#define WXT_LONGEST_TEXT 65536

/* The longest buffer that is read: a key, a certificate, a notification, a reply. */
#define WXT_LONGEST_BYTES 1048576

/* The kind of an error. Numbers below 20 are about the call, from 20 on about the journal. */
enum wxt_error_kind
#if __cplusplus >= 201103L || __STDC_VERSION__ >= 202311L
  : int32_t
#endif
 {
    /* None of those below. */
    WXT_ERROR_OTHER = 0,
    /* An argument of the C call. */
    WXT_ERROR_ARGUMENT = 1,
    /* A field of the request breaks a rule of its table. */
    WXT_ERROR_FIELD = 2,
    /* A setting of the account, the terminal or the transport. */
    WXT_ERROR_SETTING = 3,
    /* The client certificate: wrong password, unsupported cipher, expired, another merchant's. */
    WXT_ERROR_IDENTITY = 4,
    /* The gateway was not reached. The error's field says how far it came: `dns`, `connect`, `tls`. */
    WXT_ERROR_CONNECT = 5,
    /* The system gave no random numbers or no usable time. */
    WXT_ERROR_SYSTEM = 6,
    /* A notification is not to be believed. */
    WXT_ERROR_NOTIFICATION = 7,
    /* A panic was caught. */
    WXT_ERROR_PANIC = 8,
    /* The handle was made in another process, before a fork. */
    WXT_ERROR_PROCESS = 9,
    /* A bill did not come, or is not whole. */
    WXT_ERROR_BILL = 10,
    /* The journal cannot be used, so nothing was sent. */
    WXT_ERROR_JOURNAL = 20,
    /* It cannot be read or written: full disk, read-only flash. */
    WXT_ERROR_JOURNAL_STORAGE = 21,
    /* Another process, or another till of this one, has it. */
    WXT_ERROR_JOURNAL_BUSY = 22,
    /* Its file is damaged, or is no journal. It is never made anew silently. */
    WXT_ERROR_JOURNAL_DAMAGED = 23,
    /* It belongs to another terminal number or device_info. */
    WXT_ERROR_JOURNAL_FOREIGN = 24,
    /* A newer version of this library wrote it. */
    WXT_ERROR_JOURNAL_NEWER = 25,
    /* The journal's own rules forbid it: no such entry, not settled, settled already. */
    WXT_ERROR_JOURNAL_REFUSED = 26,
    /* What order numbers are made from is wrong. */
    WXT_ERROR_JOURNAL_NUMBER = 27
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wxt_error_kind wxt_error_kind;
#else
typedef int32_t wxt_error_kind;
#endif
#endif

/*
 What a function returns. No outcome has one of these numbers, and 0 is none of them, so a code can be taken for an
 outcome nowhere, and a variable that was never written is no success.
 */
enum wxt_code
#if __cplusplus >= 201103L || __STDC_VERSION__ >= 202311L
  : int32_t
#endif
 {
    /* The function did what it says. After a payment: read the outcome. */
    WXT_DONE = 100,
    /*
     Nothing was sent. The `wxt_error` says why. The outcome is WXT_UNKNOWN: it is not one. Every function returns this for
     a handle that was made in another process, before a fork.
     */
    WXT_NOT_SENT = 101,
    /*
     An argument is wrong: NULL, not a handle of this kind, not UTF-8, too long, an unknown number or name. The call
     did nothing, and says nothing of any payment.
     */
    WXT_BAD_ARGUMENT = 102,
    /* It could not be done: a setting is wrong, a certificate cannot be read, the journal refuses. Nothing was sent. */
    WXT_FAILED = 103,
    /* A panic was caught. Whether anything was sent is not known; the outcome is WXT_UNKNOWN. */
    WXT_PANICKED = 104
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wxt_code wxt_code;
#else
typedef int32_t wxt_code;
#endif
#endif

/*
 What is known about a payment. Handle all that can come: WXT_ORDERED comes of orders only, WXT_TAKEN of refunds
 only, WXT_PAID_LATE of a till only.
 */
enum wxt_outcome
#if __cplusplus >= 201103L || __STDC_VERSION__ >= 202311L
  : int32_t
#endif
 {
    /* The money may have moved. Never use a new order number or intent: ask, pay the same intent again, or recover. */
    WXT_UNKNOWN = 0,
    /* Proven: money moved. Print, open, book. */
    WXT_ACCEPTED = 1,
    /* Proven: the gateway refused it. `wxt_reply_next` says what is allowed. */
    WXT_DECLINED = 2,
    /* Proven: the order exists, and nobody has paid it yet. Show what its customer needs: "code_url", "mweb_url". */
    WXT_ORDERED = 3,
    /* Proven: money came for an order that had been given up. Give it back, or keep it: `wxt_till_accept_late`. */
    WXT_PAID_LATE = 4,
    /* Proven: the gateway took a refund, and the money has not arrived yet. Say 退款已受理; `wxt_till_recover` asks what becomes of it. */
    WXT_TAKEN = 5
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wxt_outcome wxt_outcome;
#else
typedef int32_t wxt_outcome;
#endif
#endif

/* The answer to a question about an order. It is no outcome: WXT_KNOWN is not "paid". Read the state in the reply. */
enum wxt_answer
#if __cplusplus >= 201103L || __STDC_VERSION__ >= 202311L
  : int32_t
#endif
 {
    /* No usable answer. */
    WXT_NO_ANSWER = 0,
    /* The gateway says that it does not know the order. While the order is young this proves nothing. */
    WXT_NOT_KNOWN = 51,
    /* The second host says so: weaker, it may lag behind. */
    WXT_NOT_KNOWN_BY_SECOND_HOST = 52,
    /* The gateway knows the order. The reply's fields hold its state. */
    WXT_KNOWN = 53
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wxt_answer wxt_answer;
#else
typedef int32_t wxt_answer;
#endif
#endif

/* What the documents allow after a refusal. */
enum wxt_next
#if __cplusplus >= 201103L || __STDC_VERSION__ >= 202311L
  : int32_t
#endif
 {
    /* Nothing: a person must look. Also where there is no refusal. */
    WXT_STOP = 0,
    /* Mend the cause, then the same order number again. With a till: pay the same intent again. */
    WXT_SAME_NUMBER = 1,
    /* The same, not before `wxt_reply_wait_seconds` have passed. */
    WXT_SAME_NUMBER_LATER = 2,
    /* This number is finished; a new one is allowed. With a till: pay the same intent again. */
    WXT_NEW_NUMBER = 3
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wxt_next wxt_next;
#else
typedef int32_t wxt_next;
#endif
#endif

/* Why an outcome is not known. */
enum wxt_reason
#if __cplusplus >= 201103L || __STDC_VERSION__ >= 202311L
  : int32_t
#endif
 {
    /* There is no doubt, or a newer library has a reason that this header does not know. */
    WXT_REASON_NONE = 0,
    /* The exchange broke after the request may have left: timeout, reset, closed, a TLS alert. */
    WXT_REASON_BROKEN = 1,
    /* The HTTP status is not 200. */
    WXT_REASON_STATUS = 2,
    /* The reply cannot be read. */
    WXT_REASON_UNREADABLE = 3,
    /* A signature is due and is missing or wrong. */
    WXT_REASON_UNVERIFIED = 4,
    /* The reply does not name this order, or names another one. */
    WXT_REASON_OTHER_ORDER = 5,
    /* The gateway's code is not final. */
    WXT_REASON_OPEN_CODE = 6,
    /* A refusal of a repeat says nothing about the attempt before it. */
    WXT_REASON_EARLIER_ATTEMPT = 7,
    /* The reply may belong to an earlier exchange on the same connection. */
    WXT_REASON_STALE_CONNECTION = 8,
    /* A panic interrupted the exchange. */
    WXT_REASON_PANIC = 9,
    /* The journal failed after the payment may have been sent. */
    WXT_REASON_JOURNAL = 10,
    /* Nobody but a person can tell. */
    WXT_REASON_FOR_A_PERSON = 11,
    /* The till has no account for this entry. */
    WXT_REASON_NO_ACCOUNT = 12,
    /* An order exists, and the customer has not paid it yet. */
    WXT_REASON_NOT_PAID_YET = 13,
    /* A refusal that the document calls "not paid", and that the query has yet to confirm. */
    WXT_REASON_UNCONFIRMED = 14,
    /* The customer is paying: a password is asked for. */
    WXT_REASON_CUSTOMER_PAYING = 15,
    /* It is being taken back, and the gateway has yet to say that it is. */
    WXT_REASON_REVERSING = 16,
    /* Nobody can tell, and it is not taken back yet: `wxt_till_reverse`, or pay the same intent again. */
    WXT_REASON_NEEDS_REVERSAL = 17
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wxt_reason wxt_reason;
#else
typedef int32_t wxt_reason;
#endif
#endif

/* How an outcome was proven. */
enum wxt_evidence
#if __cplusplus >= 201103L || __STDC_VERSION__ >= 202311L
  : int32_t
#endif
 {
    /* Not at all. */
    WXT_EVIDENCE_NONE = 0,
    /* By the gateway's reply, just now. All its fields can be read. */
    WXT_EVIDENCE_REPLY = 1,
    /* By the gateway's query, just now. */
    WXT_EVIDENCE_QUERIED = 2,
    /* Earlier; from the journal. */
    WXT_EVIDENCE_RECORDED = 3
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wxt_evidence wxt_evidence;
#else
typedef int32_t wxt_evidence;
#endif
#endif

/* The parts of a terminal that a check tells apart. */
enum wxt_part
#if __cplusplus >= 201103L || __STDC_VERSION__ >= 202311L
  : int32_t
#endif
 {
    /* None of those below. */
    WXT_PART_OTHER = 0,
    /* The terminal's clock. */
    WXT_PART_CLOCK = 1,
    /* The client certificate. */
    WXT_PART_CERTIFICATE = 2,
    /* Name resolution. */
    WXT_PART_DNS = 3,
    /* The route to the gateway, or to the proxy. */
    WXT_PART_ROUTE = 4,
    /* The TLS handshake and the server's certificate. */
    WXT_PART_TLS = 5,
    /* The merchant number and its permissions. */
    WXT_PART_ACCOUNT = 6,
    /* The signing key. */
    WXT_PART_KEY = 7
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wxt_part wxt_part;
#else
typedef int32_t wxt_part;
#endif
#endif

/* What came out of a step of `wxt_client_check`. */
enum wxt_verdict
#if __cplusplus >= 201103L || __STDC_VERSION__ >= 202311L
  : int32_t
#endif
 {
    /* It does not work: no payment can succeed. */
    WXT_BAD = 0,
    /* It works now, but will not for long, or could not be proven. */
    WXT_WARNING = 1,
    /* It works. */
    WXT_GOOD = 2
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wxt_verdict wxt_verdict;
#else
typedef int32_t wxt_verdict;
#endif
#endif

/* Whether a given signature fits. */
enum wxt_agreement
#if __cplusplus >= 201103L || __STDC_VERSION__ >= 202311L
  : int32_t
#endif
 {
    /* No signature was given. */
    WXT_NOT_COMPARED = 0,
    /* It fits these fields and this key. */
    WXT_AGREES = 1,
    /* It does not. */
    WXT_DISAGREES = 2
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wxt_agreement wxt_agreement;
#else
typedef int32_t wxt_agreement;
#endif
#endif

/* What is known of an entry of the journal. */
enum wxt_entry_state
#if __cplusplus >= 201103L || __STDC_VERSION__ >= 202311L
  : int32_t
#endif
 {
    /* An attempt may have left, and nothing is proven. */
    WXT_ENTRY_OPEN = 0,
    /* Paid, or issued. */
    WXT_ENTRY_ACCEPTED = 1,
    /* Refused, and proven. */
    WXT_ENTRY_DECLINED = 2,
    /* No byte ever left. */
    WXT_ENTRY_NOT_SENT = 3,
    /* Nobody but a person can tell: `wxt_till_settle_by_hand`. */
    WXT_ENTRY_FOR_A_PERSON = 4,
    /* A person found it paid. */
    WXT_ENTRY_PAID_BY_HAND = 5,
    /* A person found it unpaid. */
    WXT_ENTRY_UNPAID_BY_HAND = 6,
    /* An order exists and its URL was handed out. The customer may pay or not: `wxt_till_payment_of`. */
    WXT_ENTRY_ORDERED = 7,
    /* The answer that would have let a customer pay the order was lost. It is watched until it expires. */
    WXT_ENTRY_ABANDONED = 8,
    /* The customer paid an order that was given up. Give it back, or keep it: `wxt_till_accept_late`. */
    WXT_ENTRY_PAID_LATE = 9,
    /* Refused, and the gateway's query does not know it: it counts as refused, and is asked about for a day. */
    WXT_ENTRY_UNPROVEN = 10,
    /* A refund that the gateway took, and that has not arrived yet. */
    WXT_ENTRY_REFUNDING = 11
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wxt_entry_state wxt_entry_state;
#else
typedef int32_t wxt_entry_state;
#endif
#endif

/* What became of a bill that was fetched. */
enum wxt_bill_state
#if __cplusplus >= 201103L || __STDC_VERSION__ >= 202311L
  : int32_t
#endif
 {
    /* It did not come, or not whole. */
    WXT_BILL_NOT_THERE = 0,
    /* It is in the file, and its last line agrees with its rows. */
    WXT_BILL_WHOLE = 1,
    /* The gateway says that there is none: nobody paid on that day. The file says so, too. */
    WXT_BILL_EMPTY = 2,
    /* It is still being made: fetch it after 10:00. */
    WXT_BILL_CREATING = 3
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wxt_bill_state wxt_bill_state;
#else
typedef int32_t wxt_bill_state;
#endif
#endif

/* Whether the cashier may scan another code for a sale. */
enum wxt_scan
#if __cplusplus >= 201103L || __STDC_VERSION__ >= 202311L
  : int32_t
#endif
 {
    /* No. Pressing again goes on with the same payment. */
    WXT_NO_SCAN = 0,
    /* Yes: pay the same intent with it. */
    WXT_SCAN_AGAIN = 1
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wxt_scan wxt_scan;
#else
typedef int32_t wxt_scan;
#endif
#endif

/* Whether the cashier may take cash for a sale. */
enum wxt_cash
#if __cplusplus >= 201103L || __STDC_VERSION__ >= 202311L
  : int32_t
#endif
 {
    /* No: it was paid, it is being paid, or a person must look first. */
    WXT_NO_CASH = 0,
    /* Only with the note that a payment which comes late is given back. */
    WXT_CASH_WITH_NOTE = 1,
    /* Yes: nothing was paid, and nothing is open. */
    WXT_CASH = 2
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wxt_cash wxt_cash;
#else
typedef int32_t wxt_cash;
#endif
#endif

/* The gateways. */
enum wxt_gateway
#if __cplusplus >= 201103L || __STDC_VERSION__ >= 202311L
  : int32_t
#endif
 {
    /* None. */
    WXT_NO_GATEWAY = 0,
    /* WeChat Pay cash red packets. */
    WXT_REDPACK = 1,
    /* WeCom payments to employees, and a company's red packets. */
    WXT_WORKWX = 2,
    /* Swiftpass-type: payment codes and orders of several wallets. */
    WXT_SWIFTPASS = 3,
    /* E-pay campus card recharge. */
    WXT_WEBGATE = 4,
    /* WeChat Pay's own gateway: payment codes, and orders that a customer scans. */
    WXT_WXPAY = 5
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wxt_gateway wxt_gateway;
#else
typedef int32_t wxt_gateway;
#endif
#endif

/* The calls, for `wxt_request_new`. */
enum wxt_call
#if __cplusplus >= 201103L || __STDC_VERSION__ >= 202311L
  : int32_t
#endif
 {
    /* None. */
    WXT_NO_CALL = 0,
    /* sendredpack: sends one red packet. */
    WXT_SEND_REDPACK = 1,
    /* gethbinfo: asks what became of a red packet. */
    WXT_GET_HB_INFO = 2,
    /* paywwsptrans2pocket: pays an employee. Closed to new merchants. */
    WXT_PAY_EMPLOYEE = 3,
    /* querywwsptrans2pocket: asks what became of it. */
    WXT_QUERY_PAY_EMPLOYEE = 4,
    /* pay.weixin.wap: makes a WAP order, which a customer pays: `wxt_till_order`. */
    WXT_WAP_ORDER = 5,
    /* unified.trade.query: asks whether the customer paid. */
    WXT_TRADE_QUERY = 6,
    /* unified.trade.close: closes an unpaid WAP order. */
    WXT_TRADE_CLOSE = 7,
    /* wxcharge: charges a campus card. */
    WXT_WXCHARGE = 8,
    /* unifiedorder, trade_type NATIVE: makes an order whose "code_url" a customer scans: `wxt_till_order`. */
    WXT_NATIVE_ORDER = 9,
    /* unifiedorder, trade_type JSAPI: makes an order that a page inside WeChat pays by its "prepay_id". */
    WXT_JSAPI_ORDER = 10,
    /* unifiedorder, trade_type MWEB: makes an order whose "mweb_url" a customer's browser opens. */
    WXT_H5_ORDER = 11,
    /* orderquery: asks whether the customer paid. */
    WXT_ORDER_QUERY = 12,
    /* closeorder: closes an unpaid order. Its success proves nothing: ask afterwards. */
    WXT_CLOSE_ORDER = 13,
    /* micropay: takes money by a customer's payment code. */
    WXT_MICRO_PAY = 14,
    /* reverse: takes a micropay back. Its success proves nothing: ask afterwards. A till does it by itself. */
    WXT_REVERSE = 15,
    /* refund: gives money back: `wxt_till_refund`. */
    WXT_REFUND = 16,
    /* refundquery: asks what became of a refund, by its number. */
    WXT_REFUND_QUERY = 17,
    /* authcodetoopenid: asks who is behind a payment code. It shortens the code's life. */
    WXT_AUTH_CODE_TO_OPENID = 18,
    /* unified.trade.micropay: takes money by a customer's payment code, of any wallet. */
    WXT_UNIFIED_MICROPAY = 19,
    /* unified.micropay.reverse: takes it back. Its success proves nothing: ask afterwards. A till does it by itself. */
    WXT_UNIFIED_REVERSE = 20,
    /* unified.trade.refund: gives money back: `wxt_till_refund`. */
    WXT_UNIFIED_REFUND = 21,
    /* unified.trade.refundquery: asks what became of a refund, by its number. */
    WXT_UNIFIED_REFUND_QUERY = 22,
    /* pay.weixin.native: makes an order whose "code_url" WeChat scans: `wxt_till_order`. */
    WXT_WEIXIN_NATIVE = 23,
    /* pay.alipay.native: makes an order whose "code_url" Alipay scans. */
    WXT_ALIPAY_NATIVE = 24,
    /* unified.trade.native: makes an order whose "code_url" any wallet scans. */
    WXT_UNIFIED_NATIVE = 25,
    /* pay.weixin.jspay: makes an order that a page inside WeChat pays by its "pay_info". */
    WXT_WEIXIN_JSPAY = 26,
    /* pay.alipay.jspay: makes an order that a page inside Alipay pays by its "pay_info". */
    WXT_ALIPAY_JSPAY = 27,
    /* pay.weixin.wappay: makes an order whose URL, "pay_info", a customer's browser opens. */
    WXT_WEIXIN_WAPPAY = 28,
    /* sendgroupredpack: sends a red packet that a group shares. Closed to new merchants since 2024-06-05. */
    WXT_SEND_GROUP_REDPACK = 40,
    /*
     sendminiprogramhb: issues a red packet that a mini-program claims by the reply's "package". Where `wxt_reply_get` gives no
     "package", the answer was lost: nobody can claim it, and it returns after 24 hours.
     */
    WXT_SEND_MINIPROGRAM_HB = 41,
    /* sendworkwxredpack: sends a company's red packet in WeCom. Either "sender_name" or "agentid". */
    WXT_SEND_WORKWX_REDPACK = 42,
    /* queryworkwxredpack: asks what became of it. */
    WXT_QUERY_WORKWX_REDPACK = 43
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wxt_call wxt_call;
#else
typedef int32_t wxt_call;
#endif
#endif

/* What a transport of your own returns. */
enum wxt_sent
#if __cplusplus >= 201103L || __STDC_VERSION__ >= 202311L
  : int32_t
#endif
 {
    /* No reply, and a byte of the request may have left. When in doubt: this. */
    WXT_MAYBE_SENT = 0,
    /* No reply, and not one byte of the HTTP request, head included, was handed to TLS. A promise. */
    WXT_NO_BYTE_SENT = 1,
    /* A reply was read, whatever its status, and put into the `wxt_received`. */
    WXT_ANSWERED = 2
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wxt_sent wxt_sent;
#else
typedef int32_t wxt_sent;
#endif
#endif

/* Where a transport failed. */
enum wxt_stage
#if __cplusplus >= 201103L || __STDC_VERSION__ >= 202311L
  : int32_t
#endif
 {
    /* Sending or receiving. */
    WXT_STAGE_EXCHANGE = 0,
    /* Name resolution. */
    WXT_STAGE_RESOLVE = 1,
    /* TCP, or the proxy. */
    WXT_STAGE_CONNECT = 2,
    /* The TLS handshake. */
    WXT_STAGE_TLS = 3
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wxt_stage wxt_stage;
#else
typedef int32_t wxt_stage;
#endif
#endif

/* What a call of a till does. */
enum wxt_phase
#if __cplusplus >= 201103L || __STDC_VERSION__ >= 202311L
  : int32_t
#endif
 {
    /* It waits: the gateway asks for a pause, or the order is not final yet. */
    WXT_WAITING = 0,
    /* The payment is sent. */
    WXT_SENDING = 1,
    /* The gateway is asked. */
    WXT_ASKING = 2,
    /* The identical payment is sent again. */
    WXT_REPEATING = 3,
    /* It waits for the customer, who types a password. */
    WXT_CONFIRMING = 4,
    /* The payment is taken back: it waits for the moment, or does it. */
    WXT_REVERSING = 5
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wxt_phase wxt_phase;
#else
typedef int32_t wxt_phase;
#endif
#endif

/* The languages of the cashier's words. */
enum wxt_language
#if __cplusplus >= 201103L || __STDC_VERSION__ >= 202311L
  : int32_t
#endif
 {
    /* None: no words. */
    WXT_NO_LANGUAGE = 0,
    /* Chinese. */
    WXT_CHINESE = 1,
    /* English. */
    WXT_ENGLISH = 2
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wxt_language wxt_language;
#else
typedef int32_t wxt_language;
#endif
#endif

/* What `wxt_till_recover` may take back. */
enum wxt_reversals
#if __cplusplus >= 201103L || __STDC_VERSION__ >= 202311L
  : int32_t
#endif
 {
    /* Nothing: it only asks. */
    WXT_REVERSALS_NONE = 0,
    /* It goes on with reversals that were begun. Firmware should start so. */
    WXT_REVERSALS_BEGUN = 1,
    /* It also begins to take back what the gateway twice, a minute apart, said to be unpaid. */
    WXT_REVERSALS_OPEN = 2
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wxt_reversals wxt_reversals;
#else
typedef int32_t wxt_reversals;
#endif
#endif

/* What a person found. 0 is refused: nobody found anything. */
enum wxt_finding
#if __cplusplus >= 201103L || __STDC_VERSION__ >= 202311L
  : int32_t
#endif
 {
    /* Nothing. */
    WXT_FOUND_NOTHING = 0,
    /* It was paid. */
    WXT_FOUND_PAID = 1,
    /* It was not paid: the intent may be paid again. */
    WXT_FOUND_UNPAID = 2
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wxt_finding wxt_finding;
#else
typedef int32_t wxt_finding;
#endif
#endif

/* Where a connection is made beforehand. */
enum wxt_warm
#if __cplusplus >= 201103L || __STDC_VERSION__ >= 202311L
  : int32_t
#endif
 {
    /* In a thread of the library's own: the call returns at once, and tells only that it began. */
    WXT_IN_BACKGROUND = 0,
    /* In the caller's thread: the call returns when the connection is there, or when it failed. */
    WXT_IN_THIS_THREAD = 1
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wxt_warm wxt_warm;
#else
typedef int32_t wxt_warm;
#endif
#endif

/* What a function of yours says after it was asked to store a payment. */
enum wxt_recorded
#if __cplusplus >= 201103L || __STDC_VERSION__ >= 202311L
  : int32_t
#endif
 {
    /* It is not on the disk. */
    WXT_NOT_RECORDED = 0,
    /* It is on the disk, and survives a power cut. */
    WXT_RECORDED = 1
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wxt_recorded wxt_recorded;
#else
typedef int32_t wxt_recorded;
#endif
#endif

/* What a reply rule of yours says. */
enum wxt_proof
#if __cplusplus >= 201103L || __STDC_VERSION__ >= 202311L
  : int32_t
#endif
 {
    /* The reply is not proven to be the gateway's. The outcome is then unknown. */
    WXT_NOT_PROVEN = 0,
    /* It is. */
    WXT_PROVEN = 1
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wxt_proof wxt_proof;
#else
typedef int32_t wxt_proof;
#endif
#endif

/* What a reply reader of yours says. */
enum wxt_reading
#if __cplusplus >= 201103L || __STDC_VERSION__ >= 202311L
  : int32_t
#endif
 {
    /* It cannot be read. The outcome is then unknown. */
    WXT_NOT_READ = 0,
    /* Every field was added. */
    WXT_READ = 1
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wxt_reading wxt_reading;
#else
typedef int32_t wxt_reading;
#endif
#endif

/* The hash under an RSA signature. */
enum wxt_rsa
#if __cplusplus >= 201103L || __STDC_VERSION__ >= 202311L
  : int32_t
#endif
 {
    /* None: refused. */
    WXT_RSA_NONE = 0,
    /* SHA256WithRSA: Swiftpass `RSA_1_256`. */
    WXT_RSA_SHA256 = 1,
    /* SHA1WithRSA: e-pay, and Swiftpass `RSA_1_1`. */
    WXT_RSA_SHA1 = 2
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wxt_rsa wxt_rsa;
#else
typedef int32_t wxt_rsa;
#endif
#endif

/* What `wxt_client_download` fetches. 0 is refused. */
enum wxt_bill
#if __cplusplus >= 201103L || __STDC_VERSION__ >= 202311L
  : int32_t
#endif
 {
    /* Nothing. */
    WXT_NO_BILL = 0,
    /* Every row of the day: what `wxt_till_reconcile` reads. */
    WXT_BILL_ALL = 1,
    /* Payments. */
    WXT_BILL_SUCCESS = 2,
    /* Refunds. */
    WXT_BILL_REFUND = 3,
    /* Refunds of topped-up coupons. */
    WXT_BILL_RECHARGE_REFUND = 4,
    /* The fund flow of the basic account (基本账户). */
    WXT_FUND_FLOW_BASIC = 5,
    /* The fund flow of the operation account (运营账户). */
    WXT_FUND_FLOW_OPERATION = 6,
    /* The fund flow of the fees account (手续费账户). */
    WXT_FUND_FLOW_FEES = 7
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wxt_bill wxt_bill;
#else
typedef int32_t wxt_bill;
#endif
#endif

/* What differs between the journal and the bill, the worst first. A number that this header does not know: a person must look. */
enum wxt_difference_kind
#if __cplusplus >= 201103L || __STDC_VERSION__ >= 202311L
  : int32_t
#endif
 {
    /* None of those below. */
    WXT_DIFFERS_OTHERWISE = 0,
    /* The journal says not paid, the bill says charged: ask, and give the money back. */
    WXT_CHARGED_THOUGH_DECLINED = 1,
    /* The journal says paid, the bill says that the money went back: a person. */
    WXT_REVERSED_THOUGH_ACCEPTED = 2,
    /* The bill has another amount: a person. */
    WXT_AMOUNT_DIFFERS = 3,
    /* The journal says paid, the bill does not have it: ask, then a person. */
    WXT_NOT_IN_BILL = 4,
    /* Nothing is proven, the bill says charged: ask. */
    WXT_PAID_THOUGH_OPEN = 5,
    /* A number of this terminal that the journal does not have: a person. */
    WXT_UNKNOWN_OWN_NUMBER = 6,
    /* A refund that this journal did not make: ask before more is given back. */
    WXT_REFUND_UNKNOWN = 7,
    /* A refund of the journal that the bill does not have: ask. */
    WXT_REFUND_NOT_IN_BILL = 8,
    /* A row that cannot be read: a person looks at the line. */
    WXT_UNREADABLE_ROW = 9
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wxt_difference_kind wxt_difference_kind;
#else
typedef int32_t wxt_difference_kind;
#endif
#endif

/* Who pays, with which keys, at which host. One thread at a time changes it. May be freed once clients and tills are made. */
typedef struct wxt_account wxt_account;

/* Ends waiting from another thread. Any thread may use it at any time until it is freed. */
typedef struct wxt_cancel wxt_cancel;

/* Makes the calls of one account. Any number of threads may use one at once. */
typedef struct wxt_client wxt_client;

/* One payment in the journal. Lent to a callback; it ends when the callback returns. */
typedef struct wxt_entry wxt_entry;

/* Why a call failed. Immutable: any thread may read it. Free it with `wxt_error_free`. */
typedef struct wxt_error wxt_error;

/* What is wrong with a signature. Immutable. */
typedef struct wxt_explanation wxt_explanation;

/* A payment notification whose signature is good. One thread at a time. */
typedef struct wxt_notification wxt_notification;

/* How one call of a till goes about it. One thread at a time changes it; calls that only read it may share it. */
typedef struct wxt_options wxt_options;

/* A payment that was checked and signed, and remembers its attempts. Sends of one prepared payment wait for each other. */
typedef struct wxt_prepared wxt_prepared;

/* A reply as it came, for a reader of yours. Lent to a callback; it ends when the callback returns. */
typedef struct wxt_raw wxt_raw;

/* Where a transport of yours puts a reply, or why there is none. Lent to a callback; it ends when the callback returns. */
typedef struct wxt_received wxt_received;

/* What came of a payment or a question. Immutable: any thread may read it. Its texts live as long as it does. */
typedef struct wxt_reply wxt_reply;

/* What a check found. Immutable. */
typedef struct wxt_report wxt_report;

/* The fields of one call, set by name. One thread at a time changes it; calls that only read it may share it. */
typedef struct wxt_request wxt_request;

/* A cash desk: one journal, any number of accounts. Any number of threads may use one at once, once its accounts are added. */
typedef struct wxt_till wxt_till;

/* How bytes reach gateways. Any thread may use it through its clients. May be freed once clients and tills are made. */
typedef struct wxt_transport wxt_transport;

/*
 Verifies a reply by your operator's own rule. The reply's fields are read with `wxt_reply_get`; it is lent. Returns one
 of `wxt_proof`. Called from any thread that pays, also from several at once.
 */
typedef int32_t (*wxt_proof_callback)(void *context, const struct wxt_reply *reply);

/* The last use of a context: nothing calls with it any more. */
typedef void (*wxt_release_callback)(void *context);

/*
 Reads a reply that is no flat JSON object in UTF-8: its bytes (`wxt_raw_body`), its Content-Type (`wxt_raw_content_type`). Adds
 each field with `wxt_raw_add`, in UTF-8. Returns one of `wxt_reading`. Called from any thread that pays, also from several
 at once.
 */
typedef int32_t (*wxt_read_callback)(void *context, struct wxt_raw *raw);

/* One request on its way out, for a transport of yours. Lent: it ends when the callback returns. */
typedef struct wxt_post {
    /* Always `https://`. */
    const char *url;
    /* The `Content-Type` header. */
    const char *content_type;
    /* The body. It holds signatures and personal data: do not log it. */
    const uint8_t *body;
    /* Its length in bytes. */
    size_t body_length;
    /* The longest body of a reply, in bytes. */
    size_t reply_limit;
    /* The deadline for everything, in milliseconds. */
    int64_t within_ms;
    /* The deadline for name resolution, connect and TLS, in milliseconds. Shorter where a second host waits. */
    int64_t connect_within_ms;
    /* 1 when a connection that carried another exchange must not be used. */
    int32_t own_connection;
} wxt_post;

/*
 Carries one POST to one gateway, once: at most once, no retries, no redirects, the server's certificate and name
 checked, within `post->within_ms`. Returns one of `wxt_sent`. Called from any thread that pays, also from several at
 once. It must not throw a C++ exception, nor longjmp.
 */
typedef int32_t (*wxt_post_callback)(void *context, const struct wxt_post *post, struct wxt_received *received);

/* Closes the idle connections to the host of this URL: a late duplicate of a reply must not meet the next request. */
typedef void (*wxt_forget_callback)(void *context, const char *url);

/*
 Connects and shakes hands without sending a request, for `wxt_client_check`. Returns one of `wxt_sent`: WXT_ANSWERED
 when the server was reached; otherwise `wxt_received_fail` says how far it came.
 */
typedef int32_t (*wxt_reach_callback)(void *context, const char *url, int64_t within_ms, struct wxt_received *received);

/*
 Makes a connection to the host of this URL for the next `post`, and sends nothing over it. `where_to` is one of `wxt_warm`: in the background, or before
 it returns; a transport that can only do one of them does that. Returns one of `wxt_sent`, as `wxt_reach_callback`.
 */
typedef int32_t (*wxt_warm_callback)(void *context,
                                     const char *url,
                                     int64_t within_ms,
                                     int32_t where_to,
                                     struct wxt_received *received);

/* One signed field, for `wxt_explain`: raw bytes, because a value that is not UTF-8 is one of the things that go wrong. */
typedef struct wxt_field {
    /* NUL-terminated. */
    const char *name;
    /* The value's bytes. */
    const uint8_t *value;
    /* How many. */
    size_t length;
} wxt_field;

/* Stores a payment durably and returns one of `wxt_recorded`. The reply holds the notification's fields; it is lent. */
typedef int32_t (*wxt_record_callback)(void *context, const struct wxt_reply *paid);

/* Called once for each entry, which is lent. It may call the till, for example to acknowledge the entry. */
typedef void (*wxt_entry_callback)(void *context, const struct wxt_entry *entry);

/* Called once for each row of sums. */
typedef void (*wxt_summary_callback)(void *context,
                                     const char *call,
                                     const char *outcome,
                                     uint64_t count,
                                     uint64_t fen);

/* Where a call of a till is. Lent: it ends when the callback returns. */
typedef struct wxt_progress {
    /* Your own name for what is being paid. */
    const char *intent;
    /* The order number. "" before there is one. */
    const char *order_number;
    /* How long it still waits, in milliseconds, where it waits. */
    int64_t left_ms;
    /* What is done now: one of `wxt_phase`. */
    int32_t phase;
} wxt_progress;

/* Told where a call of a till is, on the thread that called it: before each step, and about once a second while it waits. */
typedef void (*wxt_progress_callback)(void *context, const struct wxt_progress *progress);

/* One thing that differs between the journal and a bill. Lent: it ends when the callback returns. */
typedef struct wxt_difference {
    /* For the bookkeeper, in Chinese, with both sides. */
    const char *zh;
    /* In English. */
    const char *en;
    /* The journal's side. NULL: it has none. */
    const struct wxt_entry *entry;
    /* 商户订单号 of the bill's row. "" where there is no row. */
    const char *order_number;
    /* 商户退款单号 of the row. "" where it is no refund. */
    const char *refund_number;
    /* 交易状态 of the row: SUCCESS, REFUND, REVOKED. */
    const char *trade_state;
    /* What the row is about, in fen. 0 where there is no row. */
    int64_t fen;
    /* The line of the bill, its header is 1. 0 where there is none. */
    uint32_t line;
    /* One of `wxt_difference_kind`. */
    int32_t kind;
} wxt_difference;

/* Called once for each thing that differs, the worst first. It may call the till. */
typedef void (*wxt_difference_callback)(void *context, const struct wxt_difference *difference);

/* What a day came to. */
typedef struct wxt_reconciled {
    /* Rows of the day's bill. */
    uint32_t rows;
    /* Rows of other terminals, other appids or other systems: counted, not compared. */
    uint32_t foreign;
    /* Payments that both have. */
    uint32_t agrees;
    /* Payments that were reversed, or given back, in both. */
    uint32_t reversed_agrees;
    /* Refunds that both have. */
    uint32_t refund_agrees;
    /* What only the next day's bill can say, which was not given. */
    uint32_t waits;
    /* How many findings were told. */
    uint32_t findings;
} wxt_reconciled;

#ifdef __cplusplus
extern "C" {
#endif

/* The ABI version of the library that is running. Compare it with WXT_ABI_VERSION of the header. */
int32_t wxt_abi_version(void);

/* The version of the library: "0.1.0". Static; never freed. */
const char *wxt_version(void);

/* The kind of an error: one of `wxt_error_kind`. NULL: WXT_ERROR_OTHER. */
wxt_error_kind wxt_error_kind_of(const struct wxt_error *error);

/* The field or setting that it is about, as the document spells it: "re_openid". Lives as long as the error. Never NULL. */
const char *wxt_error_field(const struct wxt_error *error);

/*
 What is wrong, in English, for a log or a technician. No secret in it. Lives as long as the error. Never NULL.

 With NULL: the words of this thread's last call, up to 511 bytes, until this thread's next call; empty where it did what it
 says. So `must(wxt_till_open(…, &till, NULL))` can tell them, and nothing depends on the order in which C evaluates
 arguments.
 */
const char *wxt_error_message(const struct wxt_error *error);

/* Frees an error. NULL is nothing to free. */
void wxt_error_free(struct wxt_error *error);

/*
 A request with nothing set but what has one possible value: `total_num` 1, `bill_type` MCHT, `sign_method` HMAC,
 `trade_type` NATIVE, `amt_type` ALL_RAND, `notify_way` MINI_PROGRAM_JSAPI.
 `call` is one of `wxt_call`.
 */
wxt_code wxt_request_new(int32_t call, struct wxt_request **request, struct wxt_error **error);

/*
 Sets a field by the name that the document gives it: "re_openid". The value is UTF-8 and copied. Setting a field again
 replaces it. The value is checked against the document's table when the request is prepared or paid.
 */
wxt_code wxt_request_set(struct wxt_request *request,
                         const char *name,
                         const char *value,
                         struct wxt_error **error);

/* Sets an amount in fen: 100 is one yuan. Only fields that are amounts take it. */
wxt_code wxt_request_set_fen(struct wxt_request *request, const char *name, int64_t fen, struct wxt_error **error);

/* Frees a request. NULL is nothing to free. */
void wxt_request_free(struct wxt_request *request);

/*
 An account with nothing set. `gateway` is one of `wxt_gateway`.

 Texts (`wxt_account_set`), amounts (`wxt_account_set_fen`) and secrets (`wxt_account_set_secret`) by gateway:
 - WXT_REDPACK: mch_id, wxappid; secret key. Optional: host, second_host; amounts least_amount and most_amount,
   least_without_scene and most_without_scene.
 - WXT_WORKWX: mch_id, appid; secrets key (API key) and secret (of the payment application). Optional: host,
   second_host; least_amount and most_amount.
 - WXT_SWIFTPASS: url, mch_id; secret key (MD5), or secret private_key (RSA: PEM, DER or base64) and the platform's public key
   (`wxt_account_set_public_key`, whose hash then signs requests, too). Optional: sub_appid, op_user_id, without_sub_fields ("1"),
   notifications_suffice ("1": a till books what a signed notification tells without asking), older_services ("pay.weixin.micropay
   trade.single.query trade.single.refund trade.refund.query": those that the gateway wants); least_amount and most_amount.
 - WXT_WEBGATE: host, partner_id; secret secretkey; a public key (`wxt_account_set_public_key`) or a rule of your own.
   Optional: repeat_while_unpaid ("1"); least_amount and most_amount.
 - WXT_WXPAY: mch_id, appid; secret key. Optional: sign_type ("MD5", the default, or "HMAC-SHA256"), sub_mch_id and sub_appid of
   a service provider's merchant, host, second_host, notifications_suffice ("1"), without_certificate ("1": payment codes are taken though nothing can be taken
   back); least_amount and most_amount.

 Hosts are complete: "https://api.mch.weixin.qq.com". What is missing or wrong is told when a client or till is made.
 */
wxt_code wxt_account_new(int32_t gateway,
                         struct wxt_account **account,
                         struct wxt_error **error);

/* Sets a text of an account. Both are NUL-terminated UTF-8, and copied. */
wxt_code wxt_account_set(struct wxt_account *account, const char *name, const char *value, struct wxt_error **error);

/* Sets an amount of an account, in fen. */
wxt_code wxt_account_set_fen(struct wxt_account *account, const char *name, int64_t fen, struct wxt_error **error);

/*
 Sets a key of an account. The bytes are copied into memory that is overwritten when the account is freed. Overwrite your
 own copy afterwards (with explicit_bzero or the like): the library cannot.
 */
wxt_code wxt_account_set_secret(struct wxt_account *account,
                                const char *name,
                                const uint8_t *secret,
                                size_t length,
                                struct wxt_error **error);

/*
 Verifies the replies with the operator's RSA public key: PEM, DER, or the bare base64 of the DER. `rsa` is one of
 `wxt_rsa`. For WXT_WEBGATE and WXT_SWIFTPASS.
 */
wxt_code wxt_account_set_public_key(struct wxt_account *account,
                                    int32_t rsa,
                                    const uint8_t *key,
                                    size_t length,
                                    struct wxt_error **error);

/*
 Verifies the replies with a function of your own, where your operator's rule differs. `context` is handed to it; when
 nothing uses it any more, `release` (which may be NULL) is called with it, also when this call fails.
 */
wxt_code wxt_account_set_reply_rule(struct wxt_account *account,
                                    wxt_proof_callback prove,
                                    wxt_release_callback release,
                                    void *context,
                                    struct wxt_error **error);

/*
 Reads the replies with a function of your own, where your operator answers in another format or charset (GBK). What it adds is
 verified as before, with the public key or the rule. For WXT_WEBGATE. `context` and `release`: as for the rule.
 */
wxt_code wxt_account_set_reply_reader(struct wxt_account *account,
                                      wxt_read_callback read,
                                      wxt_release_callback release,
                                      void *context,
                                      struct wxt_error **error);

/* The bytes of the reply's body; their number is put into `length`, which may be NULL. Lent. */
const uint8_t *wxt_raw_body(const struct wxt_raw *raw, size_t *length);

/* The reply's Content-Type header. NULL where there is none, or the transport does not tell it. Lent. */
const char *wxt_raw_content_type(const struct wxt_raw *raw);

/* Adds a field, in UTF-8. One name with two values, or more than 256 names: WXT_BAD_ARGUMENT, and the reply stays unread. */
wxt_code wxt_raw_add(struct wxt_raw *raw,
                     const char *name,
                     const char *value);

/* Frees an account and overwrites its keys. NULL is nothing to free. */
void wxt_account_free(struct wxt_account *account);

/*
 The library's own transport: HTTPS with the system's roots, no client certificate and no proxy, whatever the
 environment says. Make one for all accounts that show the same client certificate.
 */
wxt_code wxt_transport_new(struct wxt_transport **transport, struct wxt_error **error);

/*
 The merchant's client certificate from the bytes of apiclient_cert.p12. Its password is the mch_id, as the merchant
 platform sets it. Bytes and password are copied; overwrite your own copy afterwards.
 */
wxt_code wxt_transport_set_p12(struct wxt_transport *transport,
                               const uint8_t *p12,
                               size_t p12_length,
                               const uint8_t *password,
                               size_t password_length,
                               struct wxt_error **error);

/* The same from apiclient_cert.pem and apiclient_key.pem, without a passphrase. */
wxt_code wxt_transport_set_pem(struct wxt_transport *transport,
                               const uint8_t *certificate,
                               size_t certificate_length,
                               const uint8_t *key,
                               size_t key_length,
                               struct wxt_error **error);

/* Trusts these roots instead of the system's: for terminals without a CA store, or with an old one. PEM, one or several. */
wxt_code wxt_transport_set_roots(struct wxt_transport *transport,
                                 const uint8_t *pem,
                                 size_t length,
                                 struct wxt_error **error);

/* Goes through an HTTP proxy (CONNECT), without user and password. */
wxt_code wxt_transport_set_proxy(struct wxt_transport *transport,
                                 const char *host,
                                 uint16_t port,
                                 struct wxt_error **error);

/*
 A transport of your own, for a terminal with its own modem stack. `post` carries one request. `forget` may be NULL where
 no connections are kept; `reach` may be NULL, then `wxt_client_check` cannot try a gateway without a query; `release`
 may be NULL. `context` is handed to each, and to `release` when nothing uses it any more, also when this call fails.
 Whether it shows a client certificate, and whose, only your transport knows.
 */
wxt_code wxt_transport_new_own(wxt_post_callback post,
                               wxt_forget_callback forget,
                               wxt_reach_callback reach,
                               wxt_release_callback release,
                               void *context,
                               struct wxt_transport **transport,
                               struct wxt_error **error);

/*
 How a transport of your own fetches what is too long for memory: bills. It is called as `post` is, and each
 `wxt_received_append` hands on the bytes at once, so call it for every piece as it comes, and keep none. Before the first use of
 the transport. Without it `wxt_client_download` fails, and nothing else.
 */
wxt_code wxt_transport_set_download(struct wxt_transport *transport,
                                    wxt_post_callback download,
                                    struct wxt_error **error);

/*
 How a transport of your own makes a connection before a payment is there: `wxt_client_warm`, `wxt_till_warm`. Before the first use of the
 transport. Without it these calls do nothing. A connection that closed, or on which something came, while it waited is not for use.
 */
wxt_code wxt_transport_set_warm(struct wxt_transport *transport,
                                wxt_warm_callback warm,
                                struct wxt_error **error);

/* Frees a transport. Clients and tills that were made with it keep what they need. NULL is nothing to free. */
void wxt_transport_free(struct wxt_transport *transport);

/* The HTTP status of the reply: 200. */
wxt_code wxt_received_set_status(struct wxt_received *received, int32_t status);

/*
 Adds bytes of the reply's body: what HTTP carries, unpacked from chunks, up to `post->reply_limit`. A reply that is
 longer is not read, and its outcome is unknown.
 */
wxt_code wxt_received_append(struct wxt_received *received, const uint8_t *body, size_t length);

/*
 Says that the connection had carried no other exchange before. Without this the library takes it for a used one, on which
 an unsigned refusal proves nothing.
 */
wxt_code wxt_received_set_fresh(struct wxt_received *received);

/* The reply's Date header in seconds since 1970, where it could be read. */
wxt_code wxt_received_set_date(struct wxt_received *received, int64_t unix_seconds);

/* The reply's Content-Type header, for a reply reader of your own. */
wxt_code wxt_received_set_content_type(struct wxt_received *received, const char *content_type);

/* The reply's Digest header, of a fund flow. */
wxt_code wxt_received_set_digest(struct wxt_received *received, const char *digest);

/* Says why there is no reply: `stage` is one of `wxt_stage`, `words` are for a technician. No secret belongs there. */
wxt_code wxt_received_fail(struct wxt_received *received, int32_t stage, const char *words);

/*
 A client: one account, one terminal. `device_info` is the terminal's number (设备号), or NULL. `deadline_ms` is the
 deadline of one call, 1000 to 300000, or 0 for 30 seconds.

 A client neither makes order numbers nor repeats, and remembers nothing through a power cut. A till does all three:
 prefer it.
 */
wxt_code wxt_client_new(const struct wxt_account *account,
                        const char *device_info,
                        const struct wxt_transport *transport,
                        int64_t deadline_ms,
                        struct wxt_client **client,
                        struct wxt_error **error);

/* Frees a client. No thread may be in a call of it. NULL is nothing to free. */
void wxt_client_free(struct wxt_client *client);

/*
 Makes a connection for the next call, while the cashier still types: that call then waits for one round trip and not for three. Sends nothing.
 `how` is one of `wxt_warm`. Call it for each sale, as often as you like: where a connection of the last 5 seconds is there, or is being made,
 nothing is done. It is used within 9 seconds, and only where the server neither closed nor said anything; otherwise the next call connects by
 itself. The outcome is the same either way, so the code may be ignored. WXT_NOT_SENT: no connection was made.
 */
wxt_code wxt_client_warm(const struct wxt_client *client,
                         int32_t how,
                         struct wxt_error **error);

/* Checks clock, DNS, route, TLS, certificate, merchant number and key before the first customer, and moves nothing. */
wxt_code wxt_client_check(const struct wxt_client *client, struct wxt_report **report, struct wxt_error **error);

/*
 Checks and signs a payment; nothing is sent. Only for an order number that was never sent, or that was refused with
 WXT_SAME_NUMBER. Store the order number before you send.
 */
wxt_code wxt_client_prepare(const struct wxt_client *client,
                            const struct wxt_request *request,
                            struct wxt_prepared **prepared,
                            struct wxt_error **error);

/*
 The same for an order number that may have been sent by an earlier run of the program. All fields must be those of the
 first attempt. A refusal is then WXT_UNKNOWN: it says nothing about the attempt before it.
 */
wxt_code wxt_client_prepare_repeat(const struct wxt_client *client,
                                   const struct wxt_request *request,
                                   struct wxt_prepared **prepared,
                                   struct wxt_error **error);

/* The order number of a prepared payment. Lives as long as it. Never NULL. */
const char *wxt_prepared_order_number(const struct wxt_prepared *prepared);

/* 1 when an attempt has no proven answer, or when that cannot be told (NULL, or a send is under way); else 0. */
int32_t wxt_prepared_is_marked(const struct wxt_prepared *prepared);

/* Frees a prepared payment. NULL is nothing to free. */
void wxt_prepared_free(struct wxt_prepared *prepared);

/*
 Sends a prepared payment once, and judges the reply. Sending it again is a repeat: the same order number and fields, a
 new nonce and signature.

 `outcome` and `reply` are set to WXT_UNKNOWN and NULL first. WXT_DONE: the outcome counts, and `reply` (which may be
 NULL if you do not want it) holds more. WXT_NOT_SENT: nothing was sent, neither now nor by an attempt before.
 */
wxt_code wxt_client_send(const struct wxt_client *client,
                         struct wxt_prepared *prepared,
                         wxt_outcome *outcome,
                         struct wxt_reply **reply,
                         struct wxt_error **error);

/*
 Asks about an order. Moves nothing. `answer` and `reply` are set to WXT_NO_ANSWER and NULL first. WXT_KNOWN is not
 "paid": compare the reply's state and amount.
 */
wxt_code wxt_client_ask(const struct wxt_client *client,
                        const struct wxt_request *request,
                        wxt_answer *answer,
                        struct wxt_reply **reply,
                        struct wxt_error **error);

/*
 Closes an unpaid WAP order, so that nobody can pay it any more. WXT_KNOWN means closed. Everything else says nothing
 about the order: ask.
 */
wxt_code wxt_client_close(const struct wxt_client *client,
                          const struct wxt_request *request,
                          wxt_answer *answer,
                          struct wxt_reply **reply,
                          struct wxt_error **error);

/* The outcome. NULL: WXT_UNKNOWN. */
wxt_outcome wxt_reply_outcome(const struct wxt_reply *reply);

/* The order number, or "" where it is not known. Never NULL, as all texts of a reply; it lives as long as the reply. */
const char *wxt_reply_order_number(const struct wxt_reply *reply);

/* The entry in the till's journal, or 0. Acknowledge it after acting. */
int64_t wxt_reply_entry(const struct wxt_reply *reply);

/* The entry's revision, as this reply tells it: `wxt_till_acknowledge` wants it. */
int64_t wxt_reply_revision(const struct wxt_reply *reply);

/* The gateway's code: "NOTENOUGH", or "" where it gave none. */
const char *wxt_reply_code(const struct wxt_reply *reply);

/* The gateway's own words, usually Chinese, or "" where it said none. Show them; never branch on them. */
const char *wxt_reply_text(const struct wxt_reply *reply);

/* One line for a log: why it was refused, or why it is not known. "" when accepted, ordered or paid late. */
const char *wxt_reply_message(const struct wxt_reply *reply);

/*
 Where it is not known: the code of what the gateway said last of this order, in whatever attempt, answer or process. "" where
 that is `wxt_reply_code`, or it said nothing.
 */
const char *wxt_reply_last_code(const struct wxt_reply *reply);

/* The words that go with it, usually Chinese. */
const char *wxt_reply_last_text(const struct wxt_reply *reply);

/* What is allowed after a refusal. */
wxt_next wxt_reply_next(const struct wxt_reply *reply);

/* How long to wait, where the next step is WXT_SAME_NUMBER_LATER. */
int64_t wxt_reply_wait_seconds(const struct wxt_reply *reply);

/* Why the outcome is not known. */
wxt_reason wxt_reply_reason(const struct wxt_reply *reply);

/* How it was proven. */
wxt_evidence wxt_reply_evidence(const struct wxt_reply *reply);

/*
 What the journal could not write after the payment was made, or "". The outcome counts all the same; the entry is still
 open and is resolved again by the next pay or recover.
 */
const char *wxt_reply_journal_fault(const struct wxt_reply *reply);

/*
 A field of the reply by the name that the document gives it: "payment_no", "send_listid", "mweb_url". NULL where the
 reply does not have it.
 */
const char *wxt_reply_get(const struct wxt_reply *reply, const char *name);

/* A field that is an amount, in fen. WXT_FAILED: it is not there, or is no number of fen; `fen` is then not written. */
wxt_code wxt_reply_get_fen(const struct wxt_reply *reply, const char *name, int64_t *fen, struct wxt_error **error);

/* How many fields the reply has. */
size_t wxt_reply_count(const struct wxt_reply *reply);

/* The name of a field by its place, from 0. NULL from `wxt_reply_count` on. */
const char *wxt_reply_name(const struct wxt_reply *reply, size_t at);

/* Its value. */
const char *wxt_reply_value(const struct wxt_reply *reply, size_t at);

/* Frees a reply and every text taken from it. NULL is nothing to free. */
void wxt_reply_free(struct wxt_reply *reply);

/* 1 when no step is WXT_BAD; else 0, also for NULL. */
int32_t wxt_report_is_good(const struct wxt_report *report);

/* How many steps it has. */
size_t wxt_report_count(const struct wxt_report *report);

/* What a step is about, by its place from 0. */
wxt_part wxt_report_part(const struct wxt_report *report, size_t at);

/* What came out of it. */
wxt_verdict wxt_report_verdict(const struct wxt_report *report, size_t at);

/* In English. NULL from `wxt_report_count` on. */
const char *wxt_report_text(const struct wxt_report *report, size_t at);

/* In Chinese. NULL from `wxt_report_count` on. */
const char *wxt_report_text_zh(const struct wxt_report *report, size_t at);

/* Frees a report and every text taken from it. NULL is nothing to free. */
void wxt_report_free(struct wxt_report *report);

/*
 Explains why a gateway does not like a signature: the string that is signed, the key masked, and what looks wrong.
 Offline. `call` is one of `wxt_call`; `given` is the signature that was refused, or NULL. The right signature is never
 shown. The string holds the fields' values: do not log it in production.
 */
wxt_code wxt_explain(int32_t call,
                     const struct wxt_field *fields,
                     size_t count,
                     const uint8_t *key,
                     size_t key_length,
                     const char *given,
                     struct wxt_explanation **explanation,
                     struct wxt_error **error);

/* The same for the workwx_sign of WXT_PAY_EMPLOYEE, which covers eight fields only and takes the application's Secret. */
wxt_code wxt_explain_workwx_sign(const struct wxt_field *fields,
                                 size_t count,
                                 const uint8_t *secret,
                                 size_t secret_length,
                                 const char *given,
                                 struct wxt_explanation **explanation,
                                 struct wxt_error **error);

/* The string that is signed, the key masked. Never NULL. */
const char *wxt_explanation_string(const struct wxt_explanation *explanation);

/* Whether the given signature fits. */
wxt_agreement wxt_explanation_agrees(const struct wxt_explanation *explanation);

/* How many things look wrong. */
size_t wxt_explanation_count(const struct wxt_explanation *explanation);

/* The field that looks wrong, or "key", by its place from 0. NULL from `wxt_explanation_count` on. */
const char *wxt_explanation_field(const struct wxt_explanation *explanation, size_t at);

/* What looks wrong, in English. */
const char *wxt_explanation_text(const struct wxt_explanation *explanation, size_t at);

/* What looks wrong, in Chinese. */
const char *wxt_explanation_text_zh(const struct wxt_explanation *explanation, size_t at);

/* Frees an explanation and every text taken from it. NULL is nothing to free. */
void wxt_explanation_free(struct wxt_explanation *explanation);

/*
 Reads and verifies the notification that a Swiftpass-type gateway posts when the customer paid. WXT_FAILED: it is not to
 be believed; answer it with anything but `success`, and the gateway repeats it for hours.
 */
wxt_code wxt_client_notification(const struct wxt_client *client,
                                 const uint8_t *body,
                                 size_t length,
                                 struct wxt_notification **notification,
                                 struct wxt_error **error);

/* The order that it speaks of: look up your stored order with it. Never NULL; lives as long as the notification. */
const char *wxt_notification_order_number(const struct wxt_notification *notification);

/*
 Compares a notification, once, with the order from your own durable record, and gives the exact text to answer with
 (`answer`, static) after `record` said that the payment is on the disk. The same notification may come several times:
 `record` must accept that. `paid` may be NULL; its fields are the notification's. Send the answer as it is within 5
 seconds.
 */
wxt_code wxt_notification_confirm(struct wxt_notification *notification,
                                  const char *order_number,
                                  int64_t total_fee_fen,
                                  wxt_record_callback record,
                                  void *context,
                                  struct wxt_reply **paid,
                                  const char **answer,
                                  struct wxt_error **error);

/* Frees a notification. NULL is nothing to free. */
void wxt_notification_free(struct wxt_notification *notification);

/*
 Opens a till on a journal file, or makes the file when there is none. `terminal` is this terminal's number, another one
 for every terminal of a merchant, 0 to 65535: it is part of every order number. `device_info` is the terminal's number in
 the requests (设备号), or NULL. The journal opens under no other terminal number or device_info.

 One till has a journal at a time: another process, or a second till, gets WXT_ERROR_JOURNAL_BUSY.
 */
wxt_code wxt_till_open(const char *path,
                       int32_t terminal,
                       const char *device_info,
                       struct wxt_till **till,
                       struct wxt_error **error);

/*
 Gives the journal of a terminal another device_info, when the terminal's number in the requests was changed: its intents stay.
 Call it before `wxt_till_open`, once. From then on the journal opens under the new one only. NULL: bound to none.
 */
wxt_code wxt_journal_rename_device(const char *path,
                                   int32_t terminal,
                                   const char *from,
                                   const char *to,
                                   struct wxt_error **error);

/*
 Reads all of the journal of a terminal, also what was acknowledged long ago, which an opening leaves for when it is asked for, and says
 whether it is as it was stored. Call it when no till has the journal open, at leisure: it takes about as long as copying the file.
 `past` (may be NULL) becomes how many entries were put away.

 - WXT_DONE: all of it is.
 - WXT_NOT_SENT: it is not (WXT_ERROR_JOURNAL_DAMAGED), or cannot be read. Keep its files for a person.
 */
wxt_code wxt_journal_verify(const char *path,
                            int32_t terminal,
                            const char *device_info,
                            uint64_t *past,
                            struct wxt_error **error);

/*
 Adds an account, before the till is used by other threads. Where there are several of one gateway,
 `wxt_options_set_account` says which one pays. `deadline_ms` is the deadline of one call, 1000 to 300000, or 0 for 30
 seconds.
 */
wxt_code wxt_till_add(struct wxt_till *till,
                      const struct wxt_account *account,
                      const struct wxt_transport *transport,
                      int64_t deadline_ms,
                      struct wxt_error **error);

/* Closes a till and lets its journal go. No thread may be in a call of it. NULL is nothing to free. */
void wxt_till_free(struct wxt_till *till);

/*
 Pays what you call `intent` (a prize, a receipt, a reimbursement; 1 to 64 bytes), once. Leave the request's order number
 unset: the till makes it. The same intent with the same payee and amount returns the recorded result, or goes on where it
 stopped, also after a power cut. `options` may be NULL.

 `outcome` and `reply` are set to WXT_UNKNOWN and NULL first.
 - WXT_DONE: the outcome counts. `reply` (may be NULL) has the order number, the entry, and what is allowed next.
 - WXT_NOT_SENT: this call sent nothing, and no order number of this intent is open or paid. Except where the error is
   about the call itself: the intent was used with another payee or amount; it was paid or refused under another account,
   which the error names; it came to its end and was pruned since; no account, or two, for this request.
 - WXT_UNKNOWN: pay the same intent again later, or recover. Never take a new intent for the same thing.

 What a customer has yet to pay is not paid but ordered: `wxt_till_order`.
 */
wxt_code wxt_till_pay(const struct wxt_till *till,
                      const char *intent,
                      const struct wxt_request *request,
                      const struct wxt_options *options,
                      wxt_outcome *outcome,
                      struct wxt_reply **reply,
                      struct wxt_error **error);

/*
 Makes an order that a customer pays for what you call `intent` (a sale, a receipt), once. Like `wxt_till_pay`, but:
 - WXT_ORDERED: nobody paid yet. Show the reply's mweb_url, and ask `wxt_till_payment_of`.
 - WXT_ACCEPTED: this sale is paid already.
 - WXT_PAID_LATE: an order of this sale was paid after it had been given up. Give that money back, or keep it with
   `wxt_till_accept_late`.
 */
wxt_code wxt_till_order(const struct wxt_till *till,
                        const char *intent,
                        const struct wxt_request *request,
                        const struct wxt_options *options,
                        wxt_outcome *outcome,
                        struct wxt_reply **reply,
                        struct wxt_error **error);

/*
 Gives money back for what you call `intent` (a return; another name than the sale's), once: all of an order's, or a part. Like
 `wxt_till_pay`, but:
 - WXT_TAKEN: the gateway took it, and the money is on its way. WXT_ACCEPTED: it arrived.
 - WXT_UNKNOWN: it may have been taken. Call it again with the same intent; its amount is held back until then.
 - WXT_NOT_SENT, too: the order is not in the journal, was not paid, is open or being taken back; its total is another one; the
   amount is more than what is left of it; it was refunded less than a minute ago.

 The request is WXT_REFUND with out_trade_no of an order of this till, or transaction_id of another one; total_fee, refund_fee.
 */
wxt_code wxt_till_refund(const struct wxt_till *till,
                         const char *intent,
                         const struct wxt_request *request,
                         const struct wxt_options *options,
                         wxt_outcome *outcome,
                         struct wxt_reply **reply,
                         struct wxt_error **error);

/*
 Asks what became of an order number of this till, once, or until it is final or the patience in the options ends. It
 never pays; an order whose time is over it closes. WXT_UNKNOWN with WXT_REASON_NOT_PAID_YET: the customer may still pay.
 WXT_DECLINED: nobody can pay it any more. WXT_PAID_LATE: it was paid after that. `options` may be NULL: ask once.
 */
wxt_code wxt_till_payment_of(const struct wxt_till *till,
                             const char *order_number,
                             const struct wxt_options *options,
                             wxt_outcome *outcome,
                             struct wxt_reply **reply,
                             struct wxt_error **error);

/*
 Makes a connection for the next call of each account, while the cashier still types, as `wxt_client_warm`. Neither asks the journal nor writes to
 it. WXT_NOT_SENT: the host of at least one account was not reached.
 */
wxt_code wxt_till_warm(const struct wxt_till *till,
                       int32_t how,
                       struct wxt_error **error);

/*
 Closes a WAP order, so that nobody can pay it any more, and asks what became of it. WXT_DECLINED: closed unpaid.
 WXT_ACCEPTED: the customer was faster, and paid. WXT_UNKNOWN: neither is proven, it may still be paid.
 */
wxt_code wxt_till_close(const struct wxt_till *till,
                        const char *order_number,
                        wxt_outcome *outcome,
                        struct wxt_reply **reply,
                        struct wxt_error **error);

/*
 Takes back a payment by a customer's code that nothing is proven of, or ends it unpaid. The gateway is asked first: WXT_ACCEPTED where
 it was paid in time. WXT_DECLINED: not paid, or given back. WXT_PAID_LATE: it was paid, and can be taken back no more. WXT_UNKNOWN:
 not proven yet; what another process sent the gateway must call unpaid twice, a minute apart. `options` may be NULL.
 */
wxt_code wxt_till_reverse(const struct wxt_till *till,
                          const char *order_number,
                          const struct wxt_options *options,
                          wxt_outcome *outcome,
                          struct wxt_reply **reply,
                          struct wxt_error **error);

/*
 Keeps money that came late: from then on it counts like money in time, and the sale is paid. The gateway is asked first,
 and must say that the money is there in full; another order of the sale that is still open is closed before, as by
 `wxt_till_close`. WXT_ACCEPTED: it is kept. WXT_UNKNOWN: one of the two is not proven, it stays late. WXT_NOT_SENT: there is
 no late money for this order number, or another order of its sale was paid.
 */
wxt_code wxt_till_accept_late(const struct wxt_till *till,
                              const char *order_number,
                              wxt_outcome *outcome,
                              struct wxt_reply **reply,
                              struct wxt_error **error);

/*
 Reads a payment notification (the gateway's POST to your notify_url), verifies it, compares it with the order in the
 journal, asks the gateway's query (at most 4 seconds), and records the payment there. Only then `answer` is the exact text
 to answer with (static): send it as it is within 5 seconds. WXT_FAILED: answer with anything else, and it
 comes again. The same notification may come several times. `paid` may be NULL.
 */
wxt_code wxt_till_notified(const struct wxt_till *till,
                           const uint8_t *body,
                           size_t length,
                           struct wxt_reply **paid,
                           const char **answer,
                           struct wxt_error **error);

/*
 After a power cut: asks about every pending entry, oldest first, until the patience ends, and then calls `each` once for
 every entry that is not acknowledged, oldest first. It pays nothing and takes nothing back, unless `wxt_options_set_repeats` and
 `wxt_options_set_reversals` say otherwise: it asks, and closes orders whose time is over. Safe to interrupt and to run twice. `options` may be NULL.
 */
wxt_code wxt_till_recover(const struct wxt_till *till,
                          const struct wxt_options *options,
                          wxt_entry_callback each,
                          void *context,
                          struct wxt_error **error);

/*
 Calls `each` once for every entry of an intent, under whatever account and order number, oldest first: what became of it. Asks
 nobody. An intent that was never begun, or was pruned, has none.
 */
wxt_code wxt_till_entries_of(const struct wxt_till *till,
                             const char *intent,
                             wxt_entry_callback each,
                             void *context,
                             struct wxt_error **error);

/* Calls `each` once for every entry that is not acknowledged, oldest first. Asks nobody. */
wxt_code wxt_till_unacknowledged(const struct wxt_till *till,
                                 wxt_entry_callback each,
                                 void *context,
                                 struct wxt_error **error);

/*
 Tells the journal that you acted on a settled entry as you saw it (`wxt_reply_revision`, `wxt_entry_revision`): the ticket is
 printed, the door is open. An error where it has changed since, because it was paid again or money came late, or where its
 end is known and not written: look at it again. Doing it twice is no error.
 */
wxt_code wxt_till_acknowledge(const struct wxt_till *till,
                              int64_t entry,
                              int64_t revision,
                              struct wxt_error **error);

/*
 A person closes an entry that nothing else can, or ends a refused one as unpaid, so that a new number may be used. Kept
 for ever, with the name and the reason. `finding` is one of `wxt_finding`. An error where it is known to be paid.
 */
wxt_code wxt_till_settle_by_hand(const struct wxt_till *till,
                                 int64_t entry,
                                 int32_t finding,
                                 const char *name,
                                 const char *reason,
                                 struct wxt_error **error);

/*
 A person mended what an intent was refused for (WXT_STOP), and lets it be paid again: pay the same intent then. Kept for ever, with
 the name and the reason. Its own order number is sent again, so that it is paid once; an order that a customer pays gets a
 new one.
 */
wxt_code wxt_till_allow_again(const struct wxt_till *till,
                              int64_t entry,
                              const char *name,
                              const char *reason,
                              struct wxt_error **error);

/*
 Removes entries that were acknowledged longer ago than this, and blanks personal data in those that stay. An intent
 that went is never paid again. Nothing goes until a gateway's own time agreed with the clock to a day. `removed` may be NULL.
 */
wxt_code wxt_till_prune(const struct wxt_till *till,
                        int64_t older_than_seconds,
                        uint32_t *removed,
                        struct wxt_error **error);

/*
 Lets the till keep its journal small by itself: what was acknowledged longer ago than this goes, as with `wxt_till_prune`, but in
 small steps, after acknowledgements. Call it before the till is used by other threads.
 */
wxt_code wxt_till_keep(struct wxt_till *till,
                       int64_t older_than_seconds,
                       struct wxt_error **error);

/*
 Calls `each` with counts and sums of the entries begun in a time (seconds since 1970), by call and outcome: to lay beside
 the platform's bill. What was begun under a clock that was not set is in every sum, as "undated: accepted" and the like.
 */
wxt_code wxt_till_summary(const struct wxt_till *till,
                          int64_t from,
                          int64_t until,
                          wxt_summary_callback each,
                          void *context,
                          struct wxt_error **error);

/* Its number: what `wxt_till_acknowledge` and `wxt_till_settle_by_hand` take. */
int64_t wxt_entry_id(const struct wxt_entry *entry);

/* Its revision, as it is told here: `wxt_till_acknowledge` wants it. */
int64_t wxt_entry_revision(const struct wxt_entry *entry);

/*
 What it came to, as `wxt_till_recover` says. WXT_ACCEPTED is the one that a ticket is printed for. WXT_UNKNOWN where
 nobody was asked.
 */
wxt_outcome wxt_entry_outcome(const struct wxt_entry *entry);

/* What the journal has of it. */
wxt_entry_state wxt_entry_state_of(const struct wxt_entry *entry);

/* Your own name for what is being paid. Never NULL, as all texts of an entry but those that say so. */
const char *wxt_entry_intent(const struct wxt_entry *entry);

/* The order number. */
const char *wxt_entry_order_number(const struct wxt_entry *entry);

/* The call by the name of its document: "sendredpack". */
const char *wxt_entry_call(const struct wxt_entry *entry);

/* Whose it is: gateway, address, merchant and appid. */
const char *wxt_entry_account(const struct wxt_entry *entry);

/* The amount in fen. */
int64_t wxt_entry_fen(const struct wxt_entry *entry);

/* When it was begun, in seconds since 1970, as the device believed. */
int64_t wxt_entry_begun_at(const struct wxt_entry *entry);

/* When its last attempt was begun. */
int64_t wxt_entry_last_attempt_at(const struct wxt_entry *entry);

/* How many attempts were made or begun. */
uint32_t wxt_entry_attempts(const struct wxt_entry *entry);

/* How often the till decided to take it back (撤销). From the first time on it is never accepted. */
uint32_t wxt_entry_reversals(const struct wxt_entry *entry);

/* When it was acknowledged, in seconds since 1970, or 0. */
int64_t wxt_entry_acknowledged_at(const struct wxt_entry *entry);

/* The gateway's code, where it refused. */
const char *wxt_entry_code(const struct wxt_entry *entry);

/* The gateway's own words, where it refused. */
const char *wxt_entry_text(const struct wxt_entry *entry);

/* The code of what the gateway said last while nothing was proven: "SENDING", "NOTENOUGH". */
const char *wxt_entry_last_code(const struct wxt_entry *entry);

/* The words that go with it, usually Chinese. */
const char *wxt_entry_last_text(const struct wxt_entry *entry);

/* Why it is not settled, in English, where it is not. */
const char *wxt_entry_message(const struct wxt_entry *entry);

/* What is allowed after a refusal. */
wxt_next wxt_entry_next(const struct wxt_entry *entry);

/* How long to wait, where the next step is WXT_SAME_NUMBER_LATER. */
int64_t wxt_entry_wait_seconds(const struct wxt_entry *entry);

/* Why it is not settled. */
wxt_reason wxt_entry_reason(const struct wxt_entry *entry);

/*
 A field that proves the outcome: "send_listid", "payment_no", "transaction_id", "mweb_url"; "by" and "reason" where a
 person settled it. NULL where there is none.
 */
const char *wxt_entry_get(const struct wxt_entry *entry, const char *name);

/* A field that was sent: "re_openid". NULL where there is none, or it was blanked after a prune. */
const char *wxt_entry_sent(const struct wxt_entry *entry, const char *name);

/*
 Options with nothing chosen: the only account of the gateway, 30 seconds of patience (75 for a payment code), no repeats, no
 reversals, nobody watches.
 */
wxt_code wxt_options_new(struct wxt_options **options,
                         struct wxt_error **error);

/* Which account pays, where the till has several of one gateway: any of its identifiers, such as its mch_id. */
wxt_code wxt_options_set_account(struct wxt_options *options, const char *account, struct wxt_error **error);

/* How long the call may go on resolving, in milliseconds. An attempt that is under way may add the account's deadline. */
wxt_code wxt_options_set_patience(struct wxt_options *options, int64_t patience_ms, struct wxt_error **error);

/*
 Lets `wxt_till_recover` repeat payments that were begun less than this long ago, where the gateway does not know them.
 This can move money.
 */
wxt_code wxt_options_set_repeats(struct wxt_options *options,
                                 int64_t younger_than_seconds,
                                 struct wxt_error **error);

/*
 Lets `wxt_till_recover` take payments back: one of `wxt_reversals`. This moves money. (`wxt_till_pay` always takes back what it cannot
 prove.)
 */
wxt_code wxt_options_set_reversals(struct wxt_options *options,
                                   int32_t reversals,
                                   struct wxt_error **error);

/* Who is told where the call is. NULL: nobody. The context must live until the calls with these options have returned. */
wxt_code wxt_options_set_progress(struct wxt_options *options,
                                  wxt_progress_callback progress,
                                  void *context,
                                  struct wxt_error **error);

/* What ends the waiting of calls with these options. NULL: nothing. The cancel may be freed before the options. */
wxt_code wxt_options_set_cancel(struct wxt_options *options,
                                const struct wxt_cancel *cancel,
                                struct wxt_error **error);

/* Frees options. NULL is nothing to free. */
void wxt_options_free(struct wxt_options *options);

/* A cancel that is not set. */
wxt_code wxt_cancel_new(struct wxt_cancel **cancel, struct wxt_error **error);

/*
 Sets it (1) or takes it back (0), from any thread or a signal handler. Calls that wait return with what is known; an
 exchange with the gateway that is under way comes to its end first.
 */
void wxt_cancel_set(const struct wxt_cancel *cancel, int32_t cancelled);

/* Frees a cancel. NULL is nothing to free. */
void wxt_cancel_free(struct wxt_cancel *cancel);

/*
 Fetches the merchant's bill of a day, or the fund flow of one of her accounts, into a file: `day` is yyyymmdd in China, `bill` one of
 `wxt_bill`. It comes in pieces, so a long one needs no memory, and is read as it comes: only what is whole stands at `path`, which
 it replaces. Yesterday's is there from 9:00, better from 10:00. The client's deadline holds for all of it.

 `state` is set to WXT_BILL_NOT_THERE first. WXT_DONE with WXT_BILL_WHOLE or WXT_BILL_EMPTY: the file is there. With
 WXT_BILL_CREATING: it is not, fetch it later. WXT_FAILED: it did not come, or not whole; nothing is at `path` that was not before.
 The fund flow needs the client certificate.
 */
wxt_code wxt_client_download(const struct wxt_client *client,
                             const char *day,
                             int32_t bill,
                             const char *path,
                             wxt_bill_state *state,
                             struct wxt_error **error);

/*
 Lays the merchant's bill of a day (WXT_BILL_ALL, a file) beside the journal and calls `each` for what differs, the worst first.
 `next_path` is the next day's bill, or NULL while there is none: a payment of 23:59 may be reversed at 00:01. `options` may be NULL;
 `wxt_options_set_account` says which account, where the till has several with bills.

 Nothing is settled, and nothing is sent: `each` may call `wxt_till_ask_about` with the entry. WXT_FAILED: a bill is not there,
 not whole, another day's or another merchant's, or another one when it was read again. **What `each` was told counts only with
 WXT_DONE.** `totals` may be NULL.
 */
wxt_code wxt_till_reconcile(const struct wxt_till *till,
                            const char *day,
                            const char *path,
                            const char *next_path,
                            const struct wxt_options *options,
                            wxt_difference_callback each,
                            void *context,
                            struct wxt_reconciled *totals,
                            struct wxt_error **error);

/*
 Asks the gateway about an entry that a bill contradicts, whatever the journal has of it. Only the query's word that it is paid, in
 full, is written: WXT_ACCEPTED, or WXT_PAID_LATE of what was refused or taken back. Nothing is closed, taken back or sent again.
 `outcome` and `reply` are set to WXT_UNKNOWN and NULL first.
 */
wxt_code wxt_till_ask_about(const struct wxt_till *till,
                            int64_t entry,
                            wxt_outcome *outcome,
                            struct wxt_reply **reply,
                            struct wxt_error **error);

/*
 What the cashier reads while a call of a till is at work: one of `wxt_phase`, in one of `wxt_language`. Static, never NULL, never
 freed. "" for a number that is none of them.
 */
const char *wxt_phase_text(int32_t phase,
                           int32_t language);

/*
 What the cashier reads of an outcome, in one of `wxt_language`. Static, never NULL, never freed. "" for a number that is no language.
 NULL, and the reply to a question: that nobody can tell. The gateway's own words are for the log.
 */
const char *wxt_reply_cashier(const struct wxt_reply *reply,
                              int32_t language);

/* Whether she may scan another code for this sale. Pay the same intent with it. */
wxt_scan wxt_reply_scan(const struct wxt_reply *reply);

/* Whether she may take cash for it. */
wxt_cash wxt_reply_cash(const struct wxt_reply *reply);

/* What the cashier reads of an entry that `wxt_till_recover` or `wxt_till_entries_of` told, as `wxt_reply_cashier`. */
const char *wxt_entry_cashier(const struct wxt_entry *entry, int32_t language);

/* Whether she may scan another code for this sale. */
wxt_scan wxt_entry_scan(const struct wxt_entry *entry);

/* Whether she may take cash for it. */
wxt_cash wxt_entry_cash(const struct wxt_entry *entry);

/* What the cashier reads where `wxt_till_pay` or `wxt_till_order` ended in an error, as `wxt_reply_cashier`. NULL: that nobody can tell. */
const char *wxt_error_cashier(const struct wxt_error *error,
                              int32_t language);

/* Whether she may scan another code for this sale. Only where WXT_NOT_SENT of a payment says that nothing of it is open. */
wxt_scan wxt_error_scan(const struct wxt_error *error);

/* Whether she may take cash for it. Only where WXT_NOT_SENT of a payment says that nothing of it is open. */
wxt_cash wxt_error_cash(const struct wxt_error *error);

#ifdef __cplusplus
}
#endif

#endif
