/* Closes the day: sells once, fetches the merchant's bill into a file, lays it beside the journal, and asks about what differs.
 *
 * close_of_day URL ROOTS.pem apiclient_cert.p12 JOURNAL TERMINAL SALE AUTH_CODE FOLDER
 *
 * A real terminal closes yesterday, from 10:00 on, and has both bills. Here the simulator has the day's bill at once. Exit code 0: nothing is
 * left for a person. 1: a person must look. 2: a setting is wrong, or nothing was sold. 3: there is no whole bill, nothing is concluded.
 */
#include "counter.h"

/* The entries that a bill contradicts. A terminal keeps what it can hold, and closes the day again after asking about those. */
struct found {
    int64_t entries[32];
    int count;
};

/* What the bookkeeper reads. It counts only when wxt_till_reconcile came back with WXT_DONE: the bill may turn out to be torn. */
static void each(void *context, const wxt_difference *difference) {
    struct found *found = (struct found *)context;
    printf("%s\n  %s\n", difference->zh, difference->en);
    if (difference->entry != NULL && found->count < (int)(sizeof found->entries / sizeof found->entries[0])) {
        found->entries[found->count++] = wxt_entry_id(difference->entry);
    }
}

/* The path of a bill, and the bill there. */
static wxt_bill_state fetch(const wxt_client *client, const char *day, wxt_bill bill, const char *path) {
    wxt_error *error = NULL;
    wxt_bill_state state = WXT_BILL_NOT_THERE;
    if (wxt_client_download(client, day, bill, path, &state, &error) != WXT_DONE) {
        printf("%s: %s\n", path, wxt_error_message(error));
        wxt_error_free(error);
    }
    return state;
}

static int sell(const wxt_till *till, const char *sale, const char *auth_code, char *day) {
    wxt_error *error = NULL;
    wxt_request *request = NULL;
    wxt_outcome outcome = WXT_UNKNOWN;
    wxt_reply *reply = NULL;
    must(wxt_request_new(WXT_MICRO_PAY, &request, &error), &error, "request");
    set(request, "body", "天虹百货-矿泉水,冰");
    set(request, "spbill_create_ip", "127.0.0.1");
    must(wxt_request_set_fen(request, "total_fee", 880, &error), &error, "FEN");
    set(request, "auth_code", auth_code);
    must(wxt_till_pay(till, sale, request, NULL, &outcome, &reply, &error), &error, "pay");
    /* The day is the gateway's, never this terminal's clock's. */
    const char *time_end = wxt_reply_get(reply, "time_end");
    int sold = outcome == WXT_ACCEPTED && time_end != NULL && strlen(time_end) == 14;
    if (sold) {
        memcpy(day, time_end, 8);
        day[8] = '\0';
        printf("sold: %s on %s\n", wxt_reply_order_number(reply), day);
    }
    wxt_reply_free(reply);
    wxt_request_free(request);
    return sold;
}

/* How many findings are left after each entry was asked about; -1: nothing is concluded. */
static int close_day(const wxt_till *till, const char *day, const char *path) {
    wxt_error *error = NULL;
    wxt_reconciled totals;
    struct found found;
    int at;
    memset(&found, 0, sizeof found);
    /* Without the next day's bill: what only that can say is counted, and waits. */
    if (wxt_till_reconcile(till, day, path, NULL, NULL, each, &found, &totals, &error) != WXT_DONE) {
        printf("nothing is concluded: %s\n", wxt_error_message(error));
        wxt_error_free(error);
        return -1;
    }
    for (at = 0; at < found.count; at++) {
        wxt_outcome outcome = WXT_UNKNOWN;
        wxt_reply *reply = NULL;
        if (wxt_till_ask_about(till, found.entries[at], &outcome, &reply, &error) != WXT_DONE) {
            wxt_error_free(error);
            continue;
        }
        printf("asked: %s %s\n", wxt_reply_order_number(reply), wxt_reply_cashier(reply, WXT_CHINESE));
        wxt_reply_free(reply);
    }
    printf("rows %lu, of others %lu, agree %lu, reversed %lu, refunds %lu, wait %lu, findings %lu\n",
           (unsigned long)totals.rows, (unsigned long)totals.foreign, (unsigned long)totals.agrees,
           (unsigned long)totals.reversed_agrees, (unsigned long)totals.refund_agrees, (unsigned long)totals.waits,
           (unsigned long)totals.findings);
    return (int)totals.findings;
}

int main(int argc, char **argv) {
    char day[9], bill[1024], flow[1024];
    wxt_error *error = NULL;
    wxt_account *account = NULL;
    wxt_transport *transport = NULL;
    wxt_client *client = NULL;
    wxt_till *till = NULL;
    int left;
    if (argc != 9) {
        fprintf(stderr, "close_of_day URL ROOTS.pem apiclient_cert.p12 JOURNAL TERMINAL SALE AUTH_CODE FOLDER\n");
        return 2;
    }
    the_account(argv[1], argv[2], argv[3], &account, &transport);
    must(wxt_till_open(argv[4], (int32_t)strtol(argv[5], NULL, 10), "013467007045764", &till, &error), &error, argv[4]);
    must(wxt_till_add(till, account, transport, 0, &error), &error, "add the account");
    /* A bill may be long: five minutes. */
    must(wxt_client_new(account, "013467007045764", transport, 300000, &client, &error), &error, "client");
    wxt_account_free(account);
    wxt_transport_free(transport);
    if (!sell(till, argv[6], argv[7], day)) {
        return 2;
    }
    snprintf(bill, sizeof bill, "%s/bill-%s.txt", argv[8], day);
    snprintf(flow, sizeof flow, "%s/fund-flow-%s.txt", argv[8], day);
    switch (fetch(client, day, WXT_BILL_ALL, bill)) {
    case WXT_BILL_WHOLE:
    case WXT_BILL_EMPTY:
        left = close_day(till, day, bill);
        break;
    default:
        printf("no bill of %s yet\n", day);
        left = -1;
    }
    if (fetch(client, day, WXT_FUND_FLOW_BASIC, flow) == WXT_BILL_WHOLE) {
        printf("fund flow: %s\n", flow);
    }
    if (left > 0) {
        /* Asked about: what differs still is a person's. */
        left = close_day(till, day, bill);
    }
    wxt_client_free(client);
    wxt_till_free(till);
    return left < 0 ? 3 : left > 0 ? 1 : 0;
}
