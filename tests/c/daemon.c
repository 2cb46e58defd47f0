/* A program that closed its descriptors 0, 1 and 2, as a daemon may: what the library opens gets none of these numbers, where the
 * program's printf would write into it.
 *
 * daemon URL ROOTS.pem apiclient_cert.p12 JOURNAL REPORT: writes into the file REPORT what went wrong, or "good".
 */
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "redpack.h"

static FILE *report;
static unsigned taken = 0;
static int sees_more = 0;

/* None of the first three is open. More are, so that the library holds something at all. */
static void look(const char *when) {
    struct stat file;
    int number, open = 0;
    for (number = 0; number < 3; number++) {
        if (fstat(number, &file) == 0) {
            char link[64], target[256] = "";
            sprintf(link, "/proc/self/fd/%d", number);
            if (readlink(link, target, sizeof target - 1) < 0) target[0] = 0;
            fprintf(report, "%s: descriptor %d is taken: %s\n", when, number, target);
            taken++;
        }
    }
    for (number = 3; number < 64; number++) {
        open += fstat(number, &file) == 0;
    }
    sees_more = sees_more || open > 3;
}

/* In the middle of a call. */
static void progress(void *context, const wxt_progress *now) {
    (void)context;
    (void)now;
    look("while it pays");
}

static void each(void *context, const wxt_entry *entry) {
    (void)context;
    (void)entry;
}

int main(int argc, char **argv) {
    wxt_transport *transport;
    wxt_account *account;
    wxt_till *till = NULL;
    wxt_request *request;
    wxt_options *options = NULL;
    wxt_outcome outcome = WXT_UNKNOWN;
    wxt_reply *reply = NULL;
    wxt_error *error = NULL;
    uint64_t past = 77;
    int high;
    if (argc != 6) {
        fprintf(stderr, "daemon URL ROOTS.pem apiclient_cert.p12 JOURNAL REPORT\n");
        return 2;
    }
    /* Its own file is above them. */
    high = fcntl(open(argv[5], O_WRONLY | O_CREAT | O_TRUNC, 0600), F_DUPFD, 20);
    report = fdopen(high, "w");
    if (report == NULL) {
        return 2;
    }
    for (int number = 0; number < 20; number++) {
        close(number);
    }
    look("before");
    transport = redpack_transport(argv[2], argv[3]);
    account = redpack_account(argv[1]);
    must(wxt_till_open(argv[4], 7, NULL, &till, &error), &error, "till");
    look("with a till");
    must(wxt_till_add(till, account, transport, 0, &error), &error, "add");
    request = redpack_request(216);
    must(wxt_options_new(&options, &error), &error, "options");
    must(wxt_options_set_progress(options, progress, NULL, &error), &error, "progress");
    must(wxt_till_pay(till, "daemon", request, options, &outcome, &reply, &error), &error, "pay");
    if (outcome != WXT_ACCEPTED) {
        fprintf(report, "not paid: %s\n", wxt_reply_message(reply));
        taken++;
    }
    look("after a payment");
    /* A connection is kept now: one that a printf could write into. */
    printf("this must go nowhere\n");
    fflush(stdout);
    must(wxt_till_recover(till, NULL, each, NULL, &error), &error, "recover");
    look("after recover");
    wxt_reply_free(reply);
    wxt_options_free(options);
    wxt_request_free(request);
    wxt_till_free(till);
    must(wxt_journal_verify(argv[4], 7, NULL, &past, &error), &error, "verify");
    if (past != 0) {
        fprintf(report, "nothing was acknowledged, and %lu entries are past\n", (unsigned long)past);
        taken++;
    }
    look("after all was verified");
    wxt_account_free(account);
    wxt_transport_free(transport);
    if (!sees_more) {
        fprintf(report, "the library held no descriptor at all\n");
        taken++;
    }
    fputs(taken == 0 ? "good\n" : "", report);
    fclose(report);
    return taken == 0 ? 0 : 1;
}
