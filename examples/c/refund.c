/* Gives money back: all of a sale, or a part (退款).
 *
 * refund URL ROOTS.pem apiclient_cert.p12 JOURNAL RETURN ORDER_NUMBER TOTAL FEN
 *
 * RETURN is your own name of the return, another one than the sale's. The same name is the same refund, also after a power cut.
 * Exit code 0: on its way, or arrived. 1: not given back. 2: nothing was sent. 3: not known: run it again with the same RETURN.
 */
#include "counter.h"

/* At the start a customer may stand at the counter already. One refund of an order waits a minute for the next one. */
enum { RECOVER_MS = 5000, REFUND_MS = 90000 };

/* What became of earlier refunds. Called once for each entry that is not acknowledged. A refund on its way is told until it arrived. */
static void each(void *context, const wxt_entry *entry) {
    wxt_till *till = (wxt_till *)context;
    wxt_outcome outcome = wxt_entry_outcome(entry);
    wxt_error *error = NULL;
    printf("before: %s, %ld fen, %s: %s\n", wxt_entry_intent(entry), (long)wxt_entry_fen(entry),
           wxt_entry_order_number(entry), wxt_entry_cashier(entry, WXT_CHINESE));
    fflush(stdout);
    if (outcome != WXT_ACCEPTED && outcome != WXT_DECLINED) {
        return;
    }
    if (wxt_till_acknowledge(till, wxt_entry_id(entry), wxt_entry_revision(entry), &error) != WXT_DONE) {
        wxt_error_free(error); /* It is reported again. */
    }
}

static void recover(wxt_till *till) {
    wxt_error *error = NULL;
    wxt_options *options = NULL;
    must(wxt_options_new(&options, &error), &error, "options");
    must(wxt_options_set_patience(options, RECOVER_MS, &error), &error, "patience");
    must(wxt_till_recover(till, options, each, till, &error), &error, "recover");
    wxt_options_free(options);
}

static int end(wxt_outcome outcome, const wxt_reply *reply) {
    printf("%s\n", wxt_reply_cashier(reply, WXT_CHINESE));
    switch (outcome) {
    case WXT_TAKEN:
        printf("on its way: %s\n", wxt_reply_order_number(reply));
        return 0;
    case WXT_ACCEPTED:
        printf("arrived: %s\n", wxt_reply_order_number(reply));
        return 0;
    case WXT_DECLINED:
        printf("not given back: %s %s\n", wxt_reply_order_number(reply), wxt_reply_code(reply));
        return 1;
    default:
        printf("not known: %s\n", wxt_reply_message(reply));
        return 3;
    }
}

int main(int argc, char **argv) {
    if (argc != 9) {
        fprintf(stderr, "refund URL ROOTS.pem apiclient_cert.p12 JOURNAL RETURN ORDER_NUMBER TOTAL FEN\n");
        return 2;
    }
    wxt_error *error = NULL;
    wxt_options *options = NULL;
    wxt_request *request = NULL;
    wxt_outcome outcome = WXT_UNKNOWN;
    wxt_reply *reply = NULL;
    int exit_code = 2;
    wxt_till *till = open_till(argv[1], argv[2], argv[3], argv[4]);

    recover(till);
    must(wxt_request_new(is_swiftpass() ? WXT_UNIFIED_REFUND : WXT_REFUND, &request, &error), &error, "request");
    set(request, "out_trade_no", argv[6]);
    must(wxt_request_set_fen(request, "total_fee", strtol(argv[7], NULL, 10), &error), &error, "TOTAL");
    must(wxt_request_set_fen(request, "refund_fee", strtol(argv[8], NULL, 10), &error), &error, "FEN");
    must(wxt_options_new(&options, &error), &error, "options");
    must(wxt_options_set_patience(options, REFUND_MS, &error), &error, "patience");
    if (wxt_till_refund(till, argv[5], request, options, &outcome, &reply, &error) == WXT_DONE) {
        exit_code = end(outcome, reply);
    } else {
        printf("not sent: %s\n", wxt_error_message(error));
        wxt_error_free(error);
    }
    wxt_reply_free(reply);
    wxt_request_free(request);
    wxt_options_free(options);
    wxt_till_free(till);
    return exit_code;
}
