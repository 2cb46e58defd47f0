/* The numbers and sizes of the ABI, written out by hand once. A change here is a new ABI version: the first number of
 * [package.metadata.capi.library] in Cargo.toml, and WXT_ABI_VERSION in src/capi. Adding a number is not.
 */
#include <wxpay_terminal.h>

#ifdef __cplusplus
#define SAME(what, expected) static_assert((what) == (expected), #what)
#else
#define SAME(what, expected) _Static_assert((what) == (expected), #what)
#endif

/* On 64 bits, and on 32 bits where int64_t is aligned to 8 (ARM). */
#define SIZE(what, wide, narrow) SAME(what, sizeof(void *) == 8 ? (wide) : (narrow))

SAME(WXT_ABI_VERSION, 1);

SAME(sizeof(wxt_error_kind), 4);
SAME(WXT_ERROR_OTHER, 0);
SAME(WXT_ERROR_ARGUMENT, 1);
SAME(WXT_ERROR_FIELD, 2);
SAME(WXT_ERROR_SETTING, 3);
SAME(WXT_ERROR_IDENTITY, 4);
SAME(WXT_ERROR_CONNECT, 5);
SAME(WXT_ERROR_SYSTEM, 6);
SAME(WXT_ERROR_NOTIFICATION, 7);
SAME(WXT_ERROR_PANIC, 8);
SAME(WXT_ERROR_BILL, 10);
SAME(WXT_ERROR_JOURNAL, 20);
SAME(WXT_ERROR_JOURNAL_STORAGE, 21);
SAME(WXT_ERROR_JOURNAL_BUSY, 22);
SAME(WXT_ERROR_JOURNAL_DAMAGED, 23);
SAME(WXT_ERROR_JOURNAL_FOREIGN, 24);
SAME(WXT_ERROR_JOURNAL_NEWER, 25);
SAME(WXT_ERROR_JOURNAL_REFUSED, 26);
SAME(WXT_ERROR_JOURNAL_NUMBER, 27);

SAME(sizeof(wxt_code), 4);
SAME(WXT_DONE, 100);
SAME(WXT_NOT_SENT, 101);
SAME(WXT_BAD_ARGUMENT, 102);
SAME(WXT_FAILED, 103);
SAME(WXT_PANICKED, 104);

SAME(sizeof(wxt_outcome), 4);
SAME(WXT_UNKNOWN, 0);
SAME(WXT_ACCEPTED, 1);
SAME(WXT_ORDERED, 3);
SAME(WXT_PAID_LATE, 4);
SAME(WXT_DECLINED, 2);

SAME(sizeof(wxt_answer), 4);
SAME(WXT_NO_ANSWER, 0);
SAME(WXT_NOT_KNOWN, 51);
SAME(WXT_NOT_KNOWN_BY_SECOND_HOST, 52);
SAME(WXT_KNOWN, 53);

SAME(sizeof(wxt_next), 4);
SAME(WXT_STOP, 0);
SAME(WXT_SAME_NUMBER, 1);
SAME(WXT_SAME_NUMBER_LATER, 2);
SAME(WXT_NEW_NUMBER, 3);

SAME(sizeof(wxt_reason), 4);
SAME(WXT_REASON_NONE, 0);
SAME(WXT_REASON_BROKEN, 1);
SAME(WXT_REASON_STATUS, 2);
SAME(WXT_REASON_UNREADABLE, 3);
SAME(WXT_REASON_UNVERIFIED, 4);
SAME(WXT_REASON_OTHER_ORDER, 5);
SAME(WXT_REASON_OPEN_CODE, 6);
SAME(WXT_REASON_EARLIER_ATTEMPT, 7);
SAME(WXT_REASON_STALE_CONNECTION, 8);
SAME(WXT_REASON_PANIC, 9);
SAME(WXT_REASON_JOURNAL, 10);
SAME(WXT_REASON_FOR_A_PERSON, 11);
SAME(WXT_REASON_NO_ACCOUNT, 12);
SAME(WXT_REASON_NOT_PAID_YET, 13);
SAME(WXT_REASON_UNCONFIRMED, 14);
SAME(WXT_REASON_CUSTOMER_PAYING, 15);
SAME(WXT_REASON_REVERSING, 16);
SAME(WXT_REASON_NEEDS_REVERSAL, 17);

SAME(sizeof(wxt_evidence), 4);
SAME(WXT_EVIDENCE_NONE, 0);
SAME(WXT_EVIDENCE_REPLY, 1);
SAME(WXT_EVIDENCE_QUERIED, 2);
SAME(WXT_EVIDENCE_RECORDED, 3);

SAME(sizeof(wxt_part), 4);
SAME(WXT_PART_OTHER, 0);
SAME(WXT_PART_CLOCK, 1);
SAME(WXT_PART_CERTIFICATE, 2);
SAME(WXT_PART_DNS, 3);
SAME(WXT_PART_ROUTE, 4);
SAME(WXT_PART_TLS, 5);
SAME(WXT_PART_ACCOUNT, 6);
SAME(WXT_PART_KEY, 7);

SAME(sizeof(wxt_verdict), 4);
SAME(WXT_BAD, 0);
SAME(WXT_WARNING, 1);
SAME(WXT_GOOD, 2);

SAME(sizeof(wxt_agreement), 4);
SAME(WXT_NOT_COMPARED, 0);
SAME(WXT_AGREES, 1);
SAME(WXT_DISAGREES, 2);

SAME(sizeof(wxt_entry_state), 4);
SAME(WXT_ENTRY_OPEN, 0);
SAME(WXT_ENTRY_ACCEPTED, 1);
SAME(WXT_ENTRY_DECLINED, 2);
SAME(WXT_ENTRY_NOT_SENT, 3);
SAME(WXT_ENTRY_FOR_A_PERSON, 4);
SAME(WXT_ENTRY_PAID_BY_HAND, 5);
SAME(WXT_ENTRY_UNPAID_BY_HAND, 6);
SAME(WXT_ENTRY_ORDERED, 7);
SAME(WXT_ENTRY_ABANDONED, 8);
SAME(WXT_ENTRY_PAID_LATE, 9);
SAME(WXT_ENTRY_UNPROVEN, 10);

SAME(sizeof(wxt_gateway), 4);
SAME(WXT_NO_GATEWAY, 0);
SAME(WXT_REDPACK, 1);
SAME(WXT_WORKWX, 2);
SAME(WXT_SWIFTPASS, 3);
SAME(WXT_WEBGATE, 4);
SAME(WXT_WXPAY, 5);

SAME(sizeof(wxt_call), 4);
SAME(WXT_NO_CALL, 0);
SAME(WXT_SEND_REDPACK, 1);
SAME(WXT_GET_HB_INFO, 2);
SAME(WXT_PAY_EMPLOYEE, 3);
SAME(WXT_QUERY_PAY_EMPLOYEE, 4);
SAME(WXT_WAP_ORDER, 5);
SAME(WXT_TRADE_QUERY, 6);
SAME(WXT_TRADE_CLOSE, 7);
SAME(WXT_WXCHARGE, 8);
SAME(WXT_NATIVE_ORDER, 9);
SAME(WXT_JSAPI_ORDER, 10);
SAME(WXT_H5_ORDER, 11);
SAME(WXT_ORDER_QUERY, 12);
SAME(WXT_CLOSE_ORDER, 13);
SAME(WXT_MICRO_PAY, 14);
SAME(WXT_REVERSE, 15);
SAME(WXT_REFUND, 16);
SAME(WXT_REFUND_QUERY, 17);
SAME(WXT_AUTH_CODE_TO_OPENID, 18);
SAME(WXT_SEND_GROUP_REDPACK, 40);
SAME(WXT_SEND_MINIPROGRAM_HB, 41);
SAME(WXT_SEND_WORKWX_REDPACK, 42);
SAME(WXT_QUERY_WORKWX_REDPACK, 43);

SAME(sizeof(wxt_sent), 4);
SAME(WXT_MAYBE_SENT, 0);
SAME(WXT_NO_BYTE_SENT, 1);
SAME(WXT_ANSWERED, 2);

SAME(sizeof(wxt_stage), 4);
SAME(WXT_STAGE_EXCHANGE, 0);
SAME(WXT_STAGE_RESOLVE, 1);
SAME(WXT_STAGE_CONNECT, 2);
SAME(WXT_STAGE_TLS, 3);

SAME(sizeof(wxt_phase), 4);
SAME(WXT_WAITING, 0);
SAME(WXT_SENDING, 1);
SAME(WXT_ASKING, 2);
SAME(WXT_REPEATING, 3);
SAME(WXT_CONFIRMING, 4);
SAME(WXT_REVERSING, 5);

SAME(sizeof(wxt_reversals), 4);
SAME(WXT_REVERSALS_NONE, 0);
SAME(WXT_REVERSALS_BEGUN, 1);
SAME(WXT_REVERSALS_OPEN, 2);

SAME(sizeof(wxt_language), 4);
SAME(WXT_NO_LANGUAGE, 0);
SAME(WXT_CHINESE, 1);
SAME(WXT_ENGLISH, 2);

SAME(sizeof(wxt_scan), 4);
SAME(WXT_NO_SCAN, 0);
SAME(WXT_SCAN_AGAIN, 1);

SAME(sizeof(wxt_cash), 4);
SAME(WXT_NO_CASH, 0);
SAME(WXT_CASH_WITH_NOTE, 1);
SAME(WXT_CASH, 2);

SAME(sizeof(wxt_warm), 4);
SAME(WXT_IN_BACKGROUND, 0);
SAME(WXT_IN_THIS_THREAD, 1);

SAME(sizeof(wxt_finding), 4);
SAME(WXT_FOUND_NOTHING, 0);
SAME(WXT_FOUND_PAID, 1);
SAME(WXT_FOUND_UNPAID, 2);

SAME(sizeof(wxt_bill), 4);
SAME(WXT_NO_BILL, 0);
SAME(WXT_BILL_ALL, 1);
SAME(WXT_BILL_SUCCESS, 2);
SAME(WXT_BILL_REFUND, 3);
SAME(WXT_BILL_RECHARGE_REFUND, 4);
SAME(WXT_FUND_FLOW_BASIC, 5);
SAME(WXT_FUND_FLOW_OPERATION, 6);
SAME(WXT_FUND_FLOW_FEES, 7);

SAME(sizeof(wxt_bill_state), 4);
SAME(WXT_BILL_NOT_THERE, 0);
SAME(WXT_BILL_WHOLE, 1);
SAME(WXT_BILL_EMPTY, 2);
SAME(WXT_BILL_CREATING, 3);

SAME(sizeof(wxt_difference_kind), 4);
SAME(WXT_DIFFERS_OTHERWISE, 0);
SAME(WXT_CHARGED_THOUGH_DECLINED, 1);
SAME(WXT_REVERSED_THOUGH_ACCEPTED, 2);
SAME(WXT_AMOUNT_DIFFERS, 3);
SAME(WXT_NOT_IN_BILL, 4);
SAME(WXT_PAID_THOUGH_OPEN, 5);
SAME(WXT_UNKNOWN_OWN_NUMBER, 6);
SAME(WXT_REFUND_UNKNOWN, 7);
SAME(WXT_REFUND_NOT_IN_BILL, 8);
SAME(WXT_UNREADABLE_ROW, 9);

SAME(sizeof(wxt_recorded), 4);
SAME(WXT_NOT_RECORDED, 0);
SAME(WXT_RECORDED, 1);

SAME(sizeof(wxt_proof), 4);
SAME(WXT_NOT_PROVEN, 0);
SAME(WXT_PROVEN, 1);

SAME(sizeof(wxt_rsa), 4);
SAME(WXT_RSA_NONE, 0);
SAME(WXT_RSA_SHA256, 1);
SAME(WXT_RSA_SHA1, 2);

SIZE(sizeof(wxt_post), 64, 48);
SIZE(offsetof(wxt_post, url), 0, 0);
SIZE(offsetof(wxt_post, content_type), 8, 4);
SIZE(offsetof(wxt_post, body), 16, 8);
SIZE(offsetof(wxt_post, body_length), 24, 12);
SIZE(offsetof(wxt_post, reply_limit), 32, 16);
SIZE(offsetof(wxt_post, within_ms), 40, 24);
SIZE(offsetof(wxt_post, connect_within_ms), 48, 32);
SIZE(offsetof(wxt_post, own_connection), 56, 40);

SIZE(sizeof(wxt_progress), 32, 24);
SIZE(offsetof(wxt_progress, intent), 0, 0);
SIZE(offsetof(wxt_progress, order_number), 8, 4);
SIZE(offsetof(wxt_progress, left_ms), 16, 8);
SIZE(offsetof(wxt_progress, phase), 24, 16);

SIZE(sizeof(wxt_difference), 64, 40);
SIZE(offsetof(wxt_difference, zh), 0, 0);
SIZE(offsetof(wxt_difference, en), 8, 4);
SIZE(offsetof(wxt_difference, entry), 16, 8);
SIZE(offsetof(wxt_difference, order_number), 24, 12);
SIZE(offsetof(wxt_difference, refund_number), 32, 16);
SIZE(offsetof(wxt_difference, trade_state), 40, 20);
SIZE(offsetof(wxt_difference, fen), 48, 24);
SIZE(offsetof(wxt_difference, line), 56, 32);
SIZE(offsetof(wxt_difference, kind), 60, 36);

SAME(sizeof(wxt_reconciled), 28);
SAME(offsetof(wxt_reconciled, rows), 0);
SAME(offsetof(wxt_reconciled, foreign), 4);
SAME(offsetof(wxt_reconciled, agrees), 8);
SAME(offsetof(wxt_reconciled, reversed_agrees), 12);
SAME(offsetof(wxt_reconciled, refund_agrees), 16);
SAME(offsetof(wxt_reconciled, waits), 20);
SAME(offsetof(wxt_reconciled, findings), 24);

SIZE(sizeof(wxt_field), 24, 12);
SIZE(offsetof(wxt_field, name), 0, 0);
SIZE(offsetof(wxt_field, value), 8, 4);
SIZE(offsetof(wxt_field, length), 16, 8);

int main(void) {
    return wxt_abi_version() == WXT_ABI_VERSION ? 0 : 1;
}
