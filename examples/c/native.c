/* Sells by QR: makes an order, shows its code_url, asks until the customer paid, and closes it when she went away.
 *
 * native URL ROOTS.pem JOURNAL SALE FEN
 *
 * Exit code 0: paid. 1: refused, or closed unpaid. 3: not known, run it again with the same sale.
 */
#include <unistd.h>

#include "counter.h"

/* Questions, three seconds apart. The order itself may be paid for 6 minutes. */
enum { QUESTIONS = 20, SECONDS_APART = 3 };

/* Asks until it is known what became of the order, or the customer's time is over. */
static wxt_outcome wait_for_customer(const wxt_till *till, const char *order_number, wxt_reply **reply) {
    wxt_error *error = NULL;
    wxt_outcome outcome = WXT_UNKNOWN;
    int question;
    for (question = 0; question < QUESTIONS && outcome == WXT_UNKNOWN; question++) {
        sleep(SECONDS_APART);
        wxt_reply_free(*reply);
        *reply = NULL;
        if (wxt_till_payment_of(till, order_number, NULL, &outcome, reply, &error) != WXT_DONE) {
            printf("cannot ask: %s\n", wxt_error_message(error));
            wxt_error_free(error);
            error = NULL;
        }
    }
    if (outcome == WXT_UNKNOWN) {
        /* Clear the screen first. Only what the query says after the close counts: the customer may have been faster. */
        wxt_reply_free(*reply);
        *reply = NULL;
        if (wxt_till_close(till, order_number, &outcome, reply, &error) != WXT_DONE) {
            printf("cannot close: %s\n", wxt_error_message(error));
            wxt_error_free(error);
        }
    }
    return outcome;
}

int main(int argc, char **argv) {
    if (argc != 6) {
        fprintf(stderr, "native URL ROOTS.pem JOURNAL SALE FEN\n");
        return 2;
    }
    wxt_error *error = NULL;
    wxt_request *request = NULL;
    wxt_till *till = open_till(argv[1], argv[2], NULL, argv[3]);

    must(wxt_request_new(is_swiftpass() ? WXT_UNIFIED_NATIVE : WXT_NATIVE_ORDER, &request, &error), &error, "request");
    set(request, "body", "天虹百货-矿泉水");
    if (!is_swiftpass()) {
        set(request, "product_id", "6901234567892");
    }
    set(request, is_swiftpass() ? "mch_create_ip" : "spbill_create_ip", "127.0.0.1");
    set(request, "notify_url", "https://pay.example/notify");
    must(wxt_request_set_fen(request, "total_fee", strtol(argv[5], NULL, 10), &error), &error, "FEN");

    wxt_outcome outcome = WXT_UNKNOWN;
    wxt_reply *reply = NULL;
    int exit_code = 2;
    char order_number[64] = "";
    if (wxt_till_order(till, argv[4], request, NULL, &outcome, &reply, &error) != WXT_DONE) {
        printf("not sent: %s\n", wxt_error_message(error));
        wxt_error_free(error);
    } else {
        if (outcome == WXT_ORDERED) {
            /* Nobody has paid yet. The same sale again shows the same QR. */
            snprintf(order_number, sizeof order_number, "%s", wxt_reply_order_number(reply));
            printf("order %s\nshow as a QR: %s\n", order_number, wxt_reply_get(reply, "code_url"));
            fflush(stdout);
            outcome = wait_for_customer(till, order_number, &reply);
        }
        switch (outcome) {
        case WXT_ACCEPTED: {
            const char *transaction = wxt_reply_get(reply, "transaction_id");
            printf("paid: transaction_id %s\n", transaction != NULL ? transaction : "?");
            must(wxt_till_acknowledge(till, wxt_reply_entry(reply), wxt_reply_revision(reply), &error), &error,
                 "acknowledge");
            exit_code = 0;
            break;
        }
        case WXT_PAID_LATE:
            printf("paid too late: give it back, or keep it with wxt_till_accept_late\n");
            exit_code = 1;
            break;
        case WXT_DECLINED:
            printf("not paid: %s %s\n", wxt_reply_code(reply), wxt_reply_text(reply));
            exit_code = 1;
            break;
        default:
            printf("not known, run it again with the same sale: %s\n", wxt_reply_message(reply));
            exit_code = 3;
        }
    }
    wxt_reply_free(reply);
    wxt_request_free(request);
    wxt_till_free(till);
    return exit_code;
}
