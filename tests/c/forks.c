/* A till over fork: in another process every call of every handle is WXT_NOT_SENT, freeing it there changes nothing, and the
 * process that opened it goes on. A child, a grandchild, a daemon whose parent is gone, a spawned program.
 *
 * forks URL ROOTS.pem apiclient_cert.p12 JOURNAL
 * forks --open JOURNAL: says with its exit code whether it opens: 0, or busy: 1.
 */
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "redpack.h"

extern char **environ;

static int failures = 0;

#define EXPECT(what)                                                                                                  \
    do {                                                                                                              \
        if (!(what)) {                                                                                                \
            failures++;                                                                                               \
            fprintf(stderr, "line %d: %s\n", __LINE__, #what);                                                        \
        }                                                                                                             \
    } while (0)

struct handles {
    wxt_transport *transport;
    wxt_account *account;
    wxt_client *client;
    wxt_till *till;
    wxt_request *request;
    wxt_prepared *prepared;
    wxt_options *options;
    wxt_cancel *cancel;
};

static struct handles open_all(char **argv) {
    wxt_error *error = NULL;
    struct handles all;
    memset(&all, 0, sizeof all);
    all.transport = redpack_transport(argv[2], argv[3]);
    all.account = redpack_account(argv[1]);
    must(wxt_till_open(argv[4], 7, NULL, &all.till, &error), &error, "till");
    must(wxt_till_add(all.till, all.account, all.transport, 0, &error), &error, "add");
    must(wxt_client_new(all.account, NULL, all.transport, 0, &all.client, &error), &error, "client");
    all.request = redpack_request(808);
    must(wxt_options_new(&all.options, &error), &error, "options");
    must(wxt_cancel_new(&all.cancel, &error), &error, "cancel");
    return all;
}

static void free_all(struct handles *all) {
    wxt_prepared_free(all->prepared);
    wxt_cancel_free(all->cancel);
    wxt_options_free(all->options);
    wxt_request_free(all->request);
    wxt_client_free(all->client);
    wxt_till_free(all->till);
    wxt_account_free(all->account);
    wxt_transport_free(all->transport);
}

static wxt_outcome pay(const struct handles *all, const char *intent, wxt_code *code) {
    wxt_outcome outcome = WXT_ACCEPTED;
    wxt_reply *reply = NULL;
    wxt_error *error = NULL;
    *code = wxt_till_pay(all->till, intent, all->request, NULL, &outcome, &reply, &error);
    if (*code == WXT_NOT_SENT) {
        EXPECT(reply == NULL && outcome == WXT_UNKNOWN);
        EXPECT(wxt_error_kind_of(error) == WXT_ERROR_PROCESS);
        EXPECT(strstr(wxt_error_message(error), "fork") != NULL);
    }
    wxt_reply_free(reply);
    wxt_error_free(error);
    return outcome;
}

static void none(void *context, const wxt_entry *entry) {
    (void)entry;
    ++*(int *)context;
}

/* Everything that a process can try with handles that came over a fork. */
static void refused(struct handles *all) {
    wxt_code code = WXT_DONE;
    wxt_error *error = NULL;
    int told = 0;
    uint32_t removed = 9;
    wxt_outcome outcome = WXT_ACCEPTED;
    wxt_answer answer = WXT_KNOWN;
    wxt_reply *reply = NULL;
    wxt_report *report = NULL;
    wxt_client *client = NULL;
    wxt_prepared *prepared = NULL;
    wxt_till *till = NULL;
    EXPECT(pay(all, "in the child", &code) == WXT_UNKNOWN && code == WXT_NOT_SENT);
    EXPECT(pay(all, "one", &code) == WXT_UNKNOWN && code == WXT_NOT_SENT);
    EXPECT(wxt_till_recover(all->till, NULL, none, &told, NULL) == WXT_NOT_SENT && told == 0);
    EXPECT(wxt_till_unacknowledged(all->till, none, &told, NULL) == WXT_NOT_SENT && told == 0);
    EXPECT(wxt_till_acknowledge(all->till, 1, 1, NULL) == WXT_NOT_SENT);
    EXPECT(wxt_till_prune(all->till, 0, &removed, NULL) == WXT_NOT_SENT);
    EXPECT(wxt_till_keep(all->till, 7776000, NULL) == WXT_NOT_SENT);
    EXPECT(wxt_till_payment_of(all->till, "1", NULL, &outcome, &reply, NULL) == WXT_NOT_SENT && outcome == WXT_UNKNOWN);
    EXPECT(wxt_till_add(all->till, all->account, all->transport, 0, NULL) == WXT_NOT_SENT);
    EXPECT(wxt_client_warm(all->client, WXT_IN_THIS_THREAD, NULL) == WXT_NOT_SENT);
    EXPECT(wxt_till_warm(all->till, WXT_IN_BACKGROUND, NULL) == WXT_NOT_SENT);
    EXPECT(wxt_client_check(all->client, &report, NULL) == WXT_NOT_SENT && report == NULL);
    EXPECT(wxt_client_prepare(all->client, all->request, &prepared, NULL) == WXT_NOT_SENT && prepared == NULL);
    outcome = WXT_ACCEPTED;
    EXPECT(wxt_client_send(all->client, all->prepared, &outcome, &reply, &error) == WXT_NOT_SENT);
    EXPECT(outcome == WXT_UNKNOWN && reply == NULL && wxt_error_kind_of(error) == WXT_ERROR_PROCESS);
    wxt_error_free(error);
    EXPECT(wxt_client_ask(all->client, all->request, &answer, &reply, NULL) == WXT_NOT_SENT && answer == WXT_NO_ANSWER);
    EXPECT(wxt_client_new(all->account, NULL, all->transport, 0, &client, NULL) == WXT_NOT_SENT && client == NULL);
    EXPECT(wxt_request_set(all->request, "remark", "x", NULL) == WXT_NOT_SENT);
    EXPECT(wxt_options_set_patience(all->options, 1, NULL) == WXT_NOT_SENT);
    EXPECT(wxt_prepared_is_marked(all->prepared) == 1);
    free_all(all);
    (void)till;
}

/* Waits for a child, and takes its failures over. */
static void waited(pid_t child) {
    int status = 0;
    EXPECT(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
    failures += WEXITSTATUS(status);
}

static int opens(char *self, char *journal) {
    char open[] = "--open";
    char *argv[] = {self, open, journal, NULL};
    pid_t child = 0;
    int status = 0;
    if (posix_spawn(&child, self, NULL, NULL, argv, environ) != 0 || waitpid(child, &status, 0) != child) {
        return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The process that opened is gone when its child wants to pay. */
static int daemon_story(char **argv) {
    struct handles all = open_all(argv);
    pid_t parent = getpid();
    if (fork() > 0) {
        _exit(0);
    }
    while (getppid() == parent) {
        struct timespec millisecond = {0, 1000000};
        nanosleep(&millisecond, NULL);
    }
    refused(&all);
    /* Nor can it open the journal: SQLite's list of open files came over the fork. */
    wxt_till *till = NULL;
    EXPECT(wxt_till_open(argv[4], 7, NULL, &till, NULL) == WXT_FAILED && till == NULL);
    return failures;
}

int main(int argc, char **argv) {
    wxt_code code = WXT_DONE;
    wxt_error *error = NULL;
    if (argc == 3 && strcmp(argv[1], "--open") == 0) {
        wxt_till *till = NULL;
        if (wxt_till_open(argv[2], 7, NULL, &till, &error) == WXT_DONE) {
            wxt_till_free(till);
            return 0;
        }
        return wxt_error_kind_of(error) == WXT_ERROR_JOURNAL_BUSY ? 1 : 2;
    }
    if (argc != 5) {
        fprintf(stderr, "forks URL ROOTS.pem apiclient_cert.p12 JOURNAL\n");
        return 2;
    }
    int ends[2];
    EXPECT(pipe(ends) == 0);
    if (fork() == 0) {
        unsigned char count = (unsigned char)daemon_story(argv);
        EXPECT(write(ends[1], &count, 1) == 1);
        _exit(0);
    }
    unsigned char count = 99;
    close(ends[1]);
    EXPECT(read(ends[0], &count, 1) == 1 && count == 0);
    EXPECT(read(ends[0], &count, 1) == 0); /* The daemon is gone, and with it the lock. */

    struct handles all = open_all(argv);
    EXPECT(pay(&all, "one", &code) == WXT_ACCEPTED && code == WXT_DONE);
    set(all.request, "mch_billno", "1900000109202611210000000001");
    must(wxt_client_prepare(all.client, all.request, &all.prepared, &error), &error, "prepare");
    set(all.request, "mch_billno", "");

    pid_t child = fork();
    if (child == 0) {
        refused(&all);
        _exit(failures);
    }
    waited(child);
    EXPECT(opens(argv[0], argv[4]) == 1);
    EXPECT(pay(&all, "two", &code) == WXT_ACCEPTED && code == WXT_DONE);

    /* A grandchild, and an exit with its handlers. */
    child = fork();
    if (child == 0) {
        pid_t grandchild = fork();
        if (grandchild == 0) {
            refused(&all);
            exit(failures);
        }
        waited(grandchild);
        exit(failures);
    }
    waited(child);
    EXPECT(opens(argv[0], argv[4]) == 1);
    EXPECT(pay(&all, "three", &code) == WXT_ACCEPTED && code == WXT_DONE);

    free_all(&all);
    EXPECT(opens(argv[0], argv[4]) == 0);
    if (failures == 0) {
        printf("refused in a child, a grandchild and a daemon; paid before, between and after\n");
    }
    return failures == 0 ? 0 : 1;
}
