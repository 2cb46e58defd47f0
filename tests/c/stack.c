/* How much stack a thread needs that pays: opens a till, pays, asks, recovers and checks, with TLS and SQLite below.
 *
 * stack URL ROOTS.pem apiclient_cert.p12 JOURNAL MOST: fails when it was more than MOST KiB. Prints what it was.
 *
 * The stack is painted before the thread runs; what is not the paint any more was used.
 */
#include <pthread.h>

#include "redpack.h"

enum { SIZE = 1024 * 1024, PAINT = 0xA7 };

static char **arguments;
static int result = 2;

static void each(void *context, const wxt_entry *entry) {
    (void)context;
    (void)entry;
}

static void *pay(void *unused) {
    wxt_transport *transport = redpack_transport(arguments[2], arguments[3]);
    wxt_account *account = redpack_account(arguments[1]);
    wxt_client *client = NULL;
    wxt_report *report = NULL;
    wxt_till *till = NULL;
    wxt_request *request = redpack_request(215);
    wxt_outcome outcome = WXT_UNKNOWN;
    wxt_reply *reply = NULL;
    wxt_error *error = NULL;
    (void)unused;
    must(wxt_client_new(account, NULL, transport, 0, &client, &error), &error, "client");
    must(wxt_client_check(client, &report, &error), &error, "check");
    must(wxt_till_open(arguments[4], 7, NULL, &till, &error), &error, "till");
    must(wxt_till_add(till, account, transport, 0, &error), &error, "add");
    must(wxt_till_pay(till, "stack", request, NULL, &outcome, &reply, &error), &error, "pay");
    result = outcome == WXT_ACCEPTED ? 0 : 1;
    must(wxt_till_recover(till, NULL, each, NULL, &error), &error, "recover");
    wxt_report_free(report);
    wxt_reply_free(reply);
    wxt_request_free(request);
    wxt_till_free(till);
    wxt_client_free(client);
    wxt_account_free(account);
    wxt_transport_free(transport);
    return NULL;
}

int main(int argc, char **argv) {
    pthread_attr_t attributes;
    pthread_t thread;
    size_t untouched = 0, used, most;
    void *place = NULL;
    unsigned char *stack;
    if (argc != 6) {
        fprintf(stderr, "stack URL ROOTS.pem apiclient_cert.p12 JOURNAL MOST\n");
        return 2;
    }
    arguments = argv;
    most = (size_t)strtoul(argv[5], NULL, 10) * 1024;
    if (posix_memalign(&place, 65536, SIZE) != 0) {
        return 2;
    }
    stack = (unsigned char *)place;
    memset(stack, PAINT, SIZE);
    if (pthread_attr_init(&attributes) != 0 || pthread_attr_setstack(&attributes, stack, SIZE) != 0 ||
        pthread_create(&thread, &attributes, pay, NULL) != 0 || pthread_join(thread, NULL) != 0) {
        fprintf(stderr, "no thread\n");
        return 2;
    }
    while (untouched < SIZE && stack[untouched] == PAINT) {
        untouched++;
    }
    used = SIZE - untouched;
    printf("%lu KiB of stack\n", (unsigned long)((used + 1023) / 1024));
    return used > most ? 1 : result;
}
