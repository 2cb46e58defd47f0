/* Sells by payment code: scans the customer's code (付款码), takes the money, or takes it back when it cannot be known.
 *
 * micropay URL ROOTS.pem apiclient_cert.p12 JOURNAL SALE FEN AUTH_CODE
 * micropay URL ROOTS.pem apiclient_cert.p12 JOURNAL reverse ORDER_NUMBER
 *
 * SIGINT (the button 取消) ends the waiting: the payment is then taken back, and what the query says of it is told. Exit code 0:
 * paid. 1: not paid, or given back: another code, or cash. 2: nothing was sent. 3: not known: run it again with the same sale.
 */
#include <signal.h>

#include "counter.h"

/* At the start of the program a customer may stand at the counter already. */
enum { RECOVER_MS = 5000, REVERSE_MS = 20000 };

static wxt_cancel *cancel = NULL;

static void on_signal(int number) {
    (void)number;
    wxt_cancel_set(cancel, 1);
}

/* The cashier's screen: its line changes when the words do. */
static void show(void *context, const wxt_progress *progress) {
    const char **shown = (const char **)context;
    const char *words = wxt_phase_text(progress->phase, WXT_CHINESE);
    if (*shown == NULL || strcmp(*shown, words) != 0) {
        *shown = words;
        printf("  %s %s\n", words, progress->order_number);
        fflush(stdout);
    }
}

/* What the cashier reads, and what she may do next. */
static void tell(const char *words, wxt_scan scan, wxt_cash cash) {
    static const char *const may[] = {"no", "only with a note that late money is given back", "yes"};
    printf("%s\n  another code: %s; cash: %s\n", words, scan == WXT_SCAN_AGAIN ? "yes" : "no",
           may[cash == WXT_CASH ? 2 : cash == WXT_CASH_WITH_NOTE ? 1 : 0]);
    fflush(stdout);
}

static int end(const wxt_till *till, wxt_outcome outcome, const wxt_reply *reply) {
    wxt_error *error = NULL;
    tell(wxt_reply_cashier(reply, WXT_CHINESE), wxt_reply_scan(reply), wxt_reply_cash(reply));
    if (outcome == WXT_ACCEPTED) {
        const char *transaction = wxt_reply_get(reply, "transaction_id");
        printf("paid: %s, transaction_id %s\n", wxt_reply_order_number(reply), transaction != NULL ? transaction : "?");
    } else if (outcome == WXT_UNKNOWN) {
        printf("not known: %s\n", wxt_reply_message(reply));
        return 3;
    } else {
        printf("not paid: %s %s\n", wxt_reply_order_number(reply), wxt_reply_code(reply));
    }
    /* After the ticket is printed, or the cashier saw why not. A refusal that is not proven yet is asked about on. */
    if (wxt_till_acknowledge(till, wxt_reply_entry(reply), wxt_reply_revision(reply), &error) != WXT_DONE) {
        printf("  %s\n", wxt_error_message(error));
        wxt_error_free(error);
    }
    return outcome == WXT_ACCEPTED ? 0 : 1;
}

/* Nothing was sent. Of a payment that says that nothing of the sale is open; of a reversal it says nothing of the sale. */
static int not_sent(wxt_error *error, int takes_back) {
    if (!takes_back) {
        tell(wxt_error_cashier(error, WXT_CHINESE), wxt_error_scan(error), wxt_error_cash(error));
    }
    printf("not sent: %s\n", wxt_error_message(error));
    wxt_error_free(error);
    return 2;
}

/* What a power cut left. Called once for each entry that is not acknowledged. */
static void each(void *context, const wxt_entry *entry) {
    wxt_till *till = (wxt_till *)context;
    wxt_outcome outcome = wxt_entry_outcome(entry);
    printf("before: %s, %ld fen, %s %s\n", wxt_entry_intent(entry), (long)wxt_entry_fen(entry),
           wxt_entry_order_number(entry), outcome == WXT_ACCEPTED ? "paid" : wxt_entry_code(entry));
    tell(wxt_entry_cashier(entry, WXT_CHINESE), wxt_entry_scan(entry), wxt_entry_cash(entry));
    if (outcome == WXT_ACCEPTED || outcome == WXT_DECLINED) {
        wxt_error *error = NULL;
        if (wxt_till_acknowledge(till, wxt_entry_id(entry), wxt_entry_revision(entry), &error) != WXT_DONE) {
            wxt_error_free(error); /* It is reported again. */
        }
    }
}

/* Goes on with what a power cut interrupted: a payment that was being taken back is taken back. */
static void recover(wxt_till *till) {
    wxt_error *error = NULL;
    wxt_options *options = NULL;
    must(wxt_options_new(&options, &error), &error, "options");
    must(wxt_options_set_patience(options, RECOVER_MS, &error), &error, "patience");
    must(wxt_options_set_reversals(options, WXT_REVERSALS_BEGUN, &error), &error, "reversals");
    must(wxt_till_recover(till, options, each, till, &error), &error, "recover");
    wxt_options_free(options);
}

int main(int argc, char **argv) {
    int takes_back = argc == 7 && strcmp(argv[5], "reverse") == 0;
    if (argc != 8 && !takes_back) {
        fprintf(stderr, "micropay URL ROOTS.pem apiclient_cert.p12 JOURNAL SALE FEN AUTH_CODE | reverse ORDER_NUMBER\n");
        return 2;
    }
    wxt_error *error = NULL;
    wxt_options *options = NULL;
    wxt_request *request = NULL;
    wxt_outcome outcome = WXT_UNKNOWN;
    wxt_reply *reply = NULL;
    wxt_code code;
    const char *shown = NULL;
    wxt_till *till = open_till(argv[1], argv[2], argv[3], argv[4]);

    must(wxt_cancel_new(&cancel, &error), &error, "cancel");
    signal(SIGINT, on_signal);
    must(wxt_options_new(&options, &error), &error, "options");
    must(wxt_options_set_progress(options, show, &shown, &error), &error, "progress");
    if (takes_back) {
        must(wxt_options_set_patience(options, REVERSE_MS, &error), &error, "patience");
        code = wxt_till_reverse(till, argv[6], options, &outcome, &reply, &error);
    } else {
        recover(till);
        must(wxt_options_set_cancel(options, cancel, &error), &error, "cancel");
        /* A connection is made beforehand: the sale then waits for one round trip. A program that waits for its scanner does this meanwhile, with
           WXT_IN_BACKGROUND. It may fail, and nothing depends on it. */
        (void)wxt_till_warm(till, WXT_IN_THIS_THREAD, NULL);
        must(wxt_request_new(is_swiftpass() ? WXT_UNIFIED_MICROPAY : WXT_MICRO_PAY, &request, &error), &error, "request");
        set(request, "body", "天虹百货-矿泉水");
        set(request, is_swiftpass() ? "mch_create_ip" : "spbill_create_ip", "127.0.0.1");
        must(wxt_request_set_fen(request, "total_fee", strtol(argv[6], NULL, 10), &error), &error, "FEN");
        /* What the scanner read. It is sent once and never stored: after a refusal another code is scanned. */
        set(request, "auth_code", argv[7]);
        code = wxt_till_pay(till, argv[5], request, options, &outcome, &reply, &error);
    }
    int exit_code = code == WXT_DONE ? end(till, outcome, reply) : not_sent(error, takes_back);
    wxt_reply_free(reply);
    wxt_request_free(request);
    wxt_options_free(options);
    wxt_till_free(till);
    signal(SIGINT, SIG_DFL);
    wxt_cancel_free(cancel);
    return exit_code;
}
