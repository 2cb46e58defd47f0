/* A terminal with its own modem stack: every answer of a transport, and what the library makes of it. And a cancel from
 * another thread. The expectations are those of the header.
 *
 * own JOURNAL
 */
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../examples/c/common.h"

static int failures = 0;

#define EXPECT(what)                                                                                                  \
    do {                                                                                                              \
        if (!(what)) {                                                                                                \
            failures++;                                                                                               \
            fprintf(stderr, "line %d: %s\n", __LINE__, #what);                                                        \
        }                                                                                                             \
    } while (0)

/* What the modem does next. */
struct modem {
    int32_t answer;
    int status;
    int fresh;
    const char *body;
    int posts;
    int forgets;
    int released;
    char last[2048];
};

static int32_t post(void *context, const wxt_post *out, wxt_received *received) {
    struct modem *modem = (struct modem *)context;
    modem->posts++;
    EXPECT(out->body_length < sizeof modem->last);
    memcpy(modem->last, out->body, out->body_length);
    modem->last[out->body_length] = '\0';
    EXPECT(strcmp(out->content_type, "text/xml; charset=utf-8") == 0);
    EXPECT(strcmp(out->url, "https://localhost:1/mmpaymkttransfers/sendredpack") == 0 ||
           strcmp(out->url, "https://localhost:1/mmpaymkttransfers/gethbinfo") == 0);
    if (modem->status != 0) {
        EXPECT(wxt_received_set_status(received, modem->status) == WXT_DONE);
    }
    if (modem->fresh) {
        EXPECT(wxt_received_set_fresh(received) == WXT_DONE);
    }
    if (modem->body != NULL) {
        EXPECT(wxt_received_append(received, (const uint8_t *)modem->body, strlen(modem->body)) == WXT_DONE);
    }
    if (modem->answer != WXT_ANSWERED) {
        EXPECT(wxt_received_fail(received, WXT_STAGE_CONNECT, "+CME ERROR: 30") == WXT_DONE);
    }
    return modem->answer;
}

static void forget_connections(void *context, const char *url) {
    EXPECT(strncmp(url, "https://localhost:1/", 20) == 0);
    ((struct modem *)context)->forgets++;
}

static void release(void *context) {
    ((struct modem *)context)->released++;
}

static wxt_account *account(void) {
    wxt_error *error = NULL;
    wxt_account *made = NULL;
    must(wxt_account_new(WXT_REDPACK, &made, &error), &error, "account");
    set_account(made, "mch_id", "1900000109");
    set_account(made, "wxappid", "wx8888888888888888");
    set_account(made, "host", "https://localhost:1");
    must(wxt_account_set_secret(made, "key", (const uint8_t *)"0123456789abcdef0123456789ABCDEF", 32, &error), &error,
         "key");
    return made;
}

static wxt_request *request(const char *number) {
    wxt_error *error = NULL;
    wxt_request *made = NULL;
    must(wxt_request_new(WXT_SEND_REDPACK, &made, &error), &error, "request");
    if (number != NULL) {
        set(made, "mch_billno", number);
    }
    set(made, "send_name", "a");
    set(made, "re_openid", "onqOjjmM1tad-3ROpncN-yUfa6uI");
    set(made, "wishing", "a");
    set(made, "client_ip", "192.168.0.1");
    set(made, "act_name", "a");
    set(made, "remark", "a");
    must(wxt_request_set_fen(made, "total_amount", 100, &error), &error, "fen");
    return made;
}

#define ECHO                                                                                                          \
    "<mch_billno>10000</mch_billno><mch_id>1900000109</mch_id><wxappid>wx8888888888888888</wxappid>"                 \
    "<re_openid>onqOjjmM1tad-3ROpncN-yUfa6uI</re_openid><total_amount>100</total_amount>"
#define SUCCESS                                                                                                       \
    "<xml><return_code>SUCCESS</return_code><result_code>SUCCESS</result_code>" ECHO                                  \
    "<send_listid>1000</send_listid></xml>"
#define REFUSED                                                                                                       \
    "<xml><return_code>SUCCESS</return_code><result_code>FAIL</result_code><err_code>NOTENOUGH</err_code>"            \
    "<err_code_des>\xe4\xbd\x99\xe9\xa2\x9d\xe4\xb8\x8d\xe8\xb6\xb3</err_code_des>" ECHO "</xml>"

/* Sends once with a modem that does this, and gives the code and the outcome. */
struct came {
    wxt_code code;
    wxt_outcome outcome;
};

static struct came try_once(struct modem *modem, const wxt_client *client, wxt_prepared *prepared, int32_t answer,
                            int status, const char *body, wxt_reply **reply) {
    struct came came;
    modem->answer = answer;
    modem->status = status;
    modem->fresh = 1;
    modem->body = body;
    came.outcome = WXT_ACCEPTED;
    *reply = (wxt_reply *)modem;
    came.code = wxt_client_send(client, prepared, &came.outcome, reply, NULL);
    EXPECT((came.code == WXT_DONE) == (*reply != NULL));
    return came;
}

static void the_answers_of_a_modem(void) {
    static const struct {
        int32_t answer;
        int status;
        const char *body;
        int code;
        int outcome;
    } rows[] = {
        /* A zero means that a byte may have left, and so does what is none of the three. */
        {WXT_MAYBE_SENT, 0, NULL, WXT_DONE, WXT_UNKNOWN},
        {WXT_MAYBE_SENT, 200, SUCCESS, WXT_DONE, WXT_UNKNOWN},
        {77, 200, SUCCESS, WXT_DONE, WXT_UNKNOWN},
        {-1, 200, SUCCESS, WXT_DONE, WXT_UNKNOWN},
        {WXT_NO_BYTE_SENT, 0, NULL, WXT_NOT_SENT, WXT_UNKNOWN},
        /* A promise that not one byte left counts even beside a reply that cannot be. */
        {WXT_NO_BYTE_SENT, 200, SUCCESS, WXT_NOT_SENT, WXT_UNKNOWN},
        {WXT_ANSWERED, 0, SUCCESS, WXT_DONE, WXT_UNKNOWN},
        {WXT_ANSWERED, 502, SUCCESS, WXT_DONE, WXT_UNKNOWN},
        {WXT_ANSWERED, 200, "", WXT_DONE, WXT_UNKNOWN},
        {WXT_ANSWERED, 200, SUCCESS, WXT_DONE, WXT_ACCEPTED},
        {WXT_ANSWERED, 200, REFUSED, WXT_DONE, WXT_DECLINED},
    };
    size_t at;
    wxt_error *error = NULL;
    for (at = 0; at < sizeof rows / sizeof rows[0]; at++) {
        struct modem modem;
        wxt_transport *transport = NULL;
        wxt_client *client = NULL;
        wxt_prepared *prepared = NULL;
        wxt_reply *reply = NULL;
        wxt_account *who = account();
        wxt_request *what = request("10000");
        struct came came;
        memset(&modem, 0, sizeof modem);
        must(wxt_transport_new_own(post, forget_connections, NULL, release, &modem, &transport, &error), &error, "own");
        must(wxt_client_new(who, NULL, transport, 0, &client, &error), &error, "client");
        must(wxt_client_prepare(client, what, &prepared, &error), &error, "prepare");
        /* The client keeps what it needs. */
        wxt_account_free(who);
        wxt_transport_free(transport);
        wxt_request_free(what);
        EXPECT(modem.posts == 0 && modem.released == 0);
        came = try_once(&modem, client, prepared, rows[at].answer, rows[at].status, rows[at].body, &reply);
        if (came.code != rows[at].code || came.outcome != rows[at].outcome) {
            failures++;
            fprintf(stderr, "row %d: code %d, outcome %d\n", (int)at, (int)came.code, (int)came.outcome);
        }
        EXPECT(strstr(modem.last, "<mch_billno>10000</mch_billno>") != NULL);
        EXPECT(strstr(modem.last, "<total_num>1</total_num>") != NULL);
        if (came.outcome == WXT_ACCEPTED) {
            EXPECT(strcmp(wxt_reply_get(reply, "send_listid"), "1000") == 0 && wxt_reply_get(reply, "none") == NULL);
            EXPECT(wxt_reply_evidence(reply) == WXT_EVIDENCE_REPLY);
        }
        if (came.outcome == WXT_DECLINED) {
            EXPECT(strcmp(wxt_reply_code(reply), "NOTENOUGH") == 0 && wxt_reply_next(reply) == WXT_SAME_NUMBER);
            EXPECT(strcmp(wxt_reply_text(reply), "\xe4\xbd\x99\xe9\xa2\x9d\xe4\xb8\x8d\xe8\xb6\xb3") == 0);
        }
        EXPECT(wxt_prepared_is_marked(prepared) ==
               (came.code == WXT_DONE && came.outcome != WXT_DECLINED ? 1 : 0));
        wxt_reply_free(reply);
        if (came.code == WXT_DONE && came.outcome == WXT_UNKNOWN) {
            /* After a doubt, neither a refusal nor a modem that sent nothing says anything about the first attempt. */
            came = try_once(&modem, client, prepared, WXT_ANSWERED, 200, REFUSED, &reply);
            EXPECT(came.code == WXT_DONE && came.outcome == WXT_UNKNOWN);
            wxt_reply_free(reply);
            came = try_once(&modem, client, prepared, WXT_NO_BYTE_SENT, 0, NULL, &reply);
            EXPECT(came.code == WXT_DONE && came.outcome == WXT_UNKNOWN);
            EXPECT(wxt_reply_reason(reply) == WXT_REASON_EARLIER_ATTEMPT);
            wxt_reply_free(reply);
            EXPECT(modem.forgets > 0);
        }
        wxt_prepared_free(prepared);
        EXPECT(modem.released == 0);
        wxt_client_free(client);
        EXPECT(modem.released == 1);
    }
    printf("own: %d answers of a modem\n", (int)(sizeof rows / sizeof rows[0]));
}

/* What stays the same whoever makes the request: the rules between fields, and fields that are not the caller's. */
static void the_rules_of_the_tables(const wxt_client *client) {
    static const struct {
        const char *name;
        const char *value;
        int kind;
        /* What the error names. */
        const char *field;
    } rows[] = {
        {"total_amount", "20001", WXT_ERROR_FIELD, "scene_id"}, {"total_amount", "99", WXT_ERROR_FIELD, "scene_id"},
        {"total_amount", "1.00", WXT_ERROR_FIELD, "total_amount"}, {"total_num", "2", WXT_ERROR_FIELD, "total_num"},
        {"client_ip", "::1", WXT_ERROR_FIELD, "client_ip"}, {"re_openid", "", WXT_ERROR_FIELD, "re_openid"},
        {"sign", "A", WXT_ERROR_ARGUMENT, "sign"}, {"nonce_str", "A", WXT_ERROR_ARGUMENT, "nonce_str"},
        {"mch_id", "1", WXT_ERROR_ARGUMENT, "mch_id"}, {"openid", "A", WXT_ERROR_ARGUMENT, "name"},
        {"wishing", "\xff", WXT_ERROR_ARGUMENT, "value"},
    };
    size_t at;
    for (at = 0; at < sizeof rows / sizeof rows[0]; at++) {
        wxt_request *what = request("10000");
        wxt_error *error = NULL;
        wxt_prepared *prepared = NULL;
        wxt_code code = wxt_request_set(what, rows[at].name, rows[at].value, &error);
        if (code == WXT_DONE) {
            code = wxt_client_prepare(client, what, &prepared, &error);
            EXPECT(code == WXT_NOT_SENT && prepared == NULL);
        }
        if (code == WXT_DONE || (int)wxt_error_kind_of(error) != rows[at].kind ||
            strcmp(wxt_error_field(error), rows[at].field) != 0) {
            failures++;
            fprintf(stderr, "%s=%s: %d %s\n", rows[at].name, rows[at].value, (int)code, wxt_error_message(error));
        }
        wxt_error_free(error);
        wxt_request_free(what);
    }
    printf("own: %d broken rules\n", (int)(sizeof rows / sizeof rows[0]));
}

/* An operator that answers in GBK: "retcode=0;retmsg=" and two characters that are no UTF-8, on a modem that tells the
 * Content-Type. The reader takes them, the rule proves them. */
static const char GBK_REPLY[] = "retcode=0;retmsg=\xb3\xc9\xb9\xa6";

static int32_t gbk_post(void *context, const wxt_post *out, wxt_received *received) {
    (void)out;
    wxt_received_set_status(received, 200);
    wxt_received_set_fresh(received);
    if (*(const int *)context) {
        EXPECT(wxt_received_set_content_type(received, "text/plain; charset=GBK") == WXT_DONE);
    }
    wxt_received_append(received, (const uint8_t *)GBK_REPLY, sizeof GBK_REPLY - 1);
    return WXT_ANSWERED;
}

static int32_t gbk_read(void *context, wxt_raw *raw) {
    size_t length = 0;
    const uint8_t *body = wxt_raw_body(raw, &length);
    const char *type = wxt_raw_content_type(raw);
    (void)context;
    if (type == NULL || strcmp(type, "text/plain; charset=GBK") != 0 || length != sizeof GBK_REPLY - 1 ||
        memcmp(body, GBK_REPLY, length) != 0) {
        return WXT_NOT_READ;
    }
    EXPECT(wxt_raw_add(raw, "retcode", "0") == WXT_DONE);
    EXPECT(wxt_raw_add(raw, "retmsg", "\xe6\x88\x90\xe5\x8a\x9f") == WXT_DONE);
    return WXT_READ;
}

static int32_t gbk_prove(void *context, const wxt_reply *reply) {
    const char *said = wxt_reply_get(reply, "retmsg");
    (void)context;
    return said != NULL && strcmp(said, "\xe6\x88\x90\xe5\x8a\x9f") == 0 ? WXT_PROVEN : WXT_NOT_PROVEN;
}

/* With a reader: accepted. Without one, or where it does not read: unknown. */
static void a_reader_for_another_charset(void) {
    int tells, reads;
    for (tells = 0; tells < 2; tells++) {
        for (reads = 0; reads < 2; reads++) {
            wxt_error *error = NULL;
            wxt_account *made = NULL;
            wxt_transport *transport = NULL;
            wxt_client *client = NULL;
            wxt_request *what = NULL;
            wxt_prepared *prepared = NULL;
            wxt_outcome outcome = WXT_ACCEPTED;
            wxt_reply *reply = NULL;
            must(wxt_account_new(WXT_WEBGATE, &made, &error), &error, "account");
            set_account(made, "host", "https://localhost:1");
            set_account(made, "partner_id", "10001");
            must(wxt_account_set_secret(made, "secretkey", (const uint8_t *)"k", 1, &error), &error, "key");
            must(wxt_account_set_reply_rule(made, gbk_prove, NULL, NULL, &error), &error, "rule");
            if (reads) {
                must(wxt_account_set_reply_reader(made, gbk_read, NULL, NULL, &error), &error, "reader");
            }
            must(wxt_transport_new_own(gbk_post, NULL, NULL, NULL, &tells, &transport, &error), &error, "transport");
            must(wxt_client_new(made, NULL, transport, 0, &client, &error), &error, "client");
            must(wxt_request_new(WXT_WXCHARGE, &what, &error), &error, "request");
            set(what, "out_trade_no", "2016062115020100000001");
            set(what, "openid", "2010021010");
            set(what, "netid", "210");
            must(wxt_request_set_fen(what, "amount", 100, &error), &error, "amount");
            must(wxt_client_prepare(client, what, &prepared, &error), &error, "prepare");
            must(wxt_client_send(client, prepared, &outcome, &reply, &error), &error, "send");
            EXPECT(outcome == (tells && reads ? WXT_ACCEPTED : WXT_UNKNOWN));
            wxt_reply_free(reply);
            wxt_prepared_free(prepared);
            wxt_request_free(what);
            wxt_client_free(client);
            wxt_transport_free(transport);
            wxt_account_free(made);
        }
    }
    printf("own: a reader for another charset\n");
}

struct waiting {
    wxt_cancel *cancel;
    int waits;
    pthread_mutex_t lock;
    pthread_cond_t begun;
};

/* On the thread that pays. */
static void watch(void *context, const wxt_progress *progress) {
    struct waiting *waiting = (struct waiting *)context;
    EXPECT(strcmp(progress->intent, "prize") == 0);
    if (progress->phase == WXT_WAITING) {
        pthread_mutex_lock(&waiting->lock);
        waiting->waits++;
        pthread_cond_signal(&waiting->begun);
        pthread_mutex_unlock(&waiting->lock);
    }
}

static void *press(void *context) {
    struct waiting *waiting = (struct waiting *)context;
    pthread_mutex_lock(&waiting->lock);
    while (waiting->waits == 0) {
        pthread_cond_wait(&waiting->begun, &waiting->lock);
    }
    pthread_mutex_unlock(&waiting->lock);
    wxt_cancel_set(waiting->cancel, 1);
    return NULL;
}

/* A day of patience, ended by a button on another thread; then a person settles what stayed open. */
static void a_cancel_from_another_thread(const char *journal) {
    struct modem modem;
    struct waiting waiting;
    wxt_error *error = NULL;
    wxt_transport *transport = NULL;
    wxt_till *till = NULL, *second = NULL;
    wxt_options *options = NULL;
    wxt_reply *reply = NULL;
    wxt_outcome outcome = WXT_ACCEPTED;
    wxt_account *who = account();
    wxt_request *what = request(NULL);
    pthread_t button;
    memset(&modem, 0, sizeof modem);
    memset(&waiting, 0, sizeof waiting);
    pthread_mutex_init(&waiting.lock, NULL);
    pthread_cond_init(&waiting.begun, NULL);
    must(wxt_transport_new_own(post, NULL, NULL, release, &modem, &transport, &error), &error, "own");
    must(wxt_till_open(journal, 7, NULL, &till, &error), &error, "till");
    EXPECT(wxt_till_open(journal, 7, NULL, &second, &error) == WXT_FAILED && second == NULL);
    EXPECT(wxt_error_kind_of(error) == WXT_ERROR_JOURNAL_BUSY);
    wxt_error_free(error);
    must(wxt_till_add(till, who, transport, 0, &error), &error, "add");
    must(wxt_options_new(&options, &error), &error, "options");
    must(wxt_cancel_new(&waiting.cancel, &error), &error, "cancel");
    must(wxt_options_set_patience(options, 86400000, &error), &error, "patience");
    must(wxt_options_set_progress(options, watch, &waiting, &error), &error, "progress");
    must(wxt_options_set_cancel(options, waiting.cancel, &error), &error, "cancel");
    EXPECT(pthread_create(&button, NULL, press, &waiting) == 0);
    EXPECT(wxt_till_pay(till, "prize", what, options, &outcome, &reply, &error) == WXT_DONE);
    pthread_join(button, NULL);
    EXPECT(outcome == WXT_UNKNOWN && wxt_reply_entry(reply) > 0 && wxt_reply_order_number(reply)[0] != '\0');
    EXPECT(modem.posts >= 1 && waiting.waits >= 1);
    /* A person looked at the merchant platform. */
    EXPECT(wxt_till_acknowledge(till, wxt_reply_entry(reply), wxt_reply_revision(reply), NULL) == WXT_FAILED);
    EXPECT(wxt_till_settle_by_hand(till, wxt_reply_entry(reply), WXT_FOUND_NOTHING, "a", "b", NULL) == WXT_BAD_ARGUMENT);
    must(wxt_till_settle_by_hand(till, wxt_reply_entry(reply), WXT_FOUND_PAID, "a", "b", &error), &error, "by hand");
    /* That is not what the reply told. */
    EXPECT(wxt_till_acknowledge(till, wxt_reply_entry(reply), wxt_reply_revision(reply), NULL) == WXT_FAILED);
    wxt_reply_free(reply);
    must(wxt_till_pay(till, "prize", what, NULL, &outcome, &reply, &error), &error, "the same intent");
    must(wxt_till_acknowledge(till, wxt_reply_entry(reply), wxt_reply_revision(reply), &error), &error, "acknowledge");
    EXPECT(outcome == WXT_ACCEPTED && wxt_reply_evidence(reply) == WXT_EVIDENCE_RECORDED);
    EXPECT(strcmp(wxt_reply_get(reply, "by"), "a") == 0);
    wxt_reply_free(reply);
    /* Another amount under the same intent: nothing is sent, and it is no outcome. */
    must(wxt_request_set_fen(what, "total_amount", 101, &error), &error, "fen");
    outcome = WXT_ACCEPTED;
    EXPECT(wxt_till_pay(till, "prize", what, NULL, &outcome, &reply, &error) == WXT_NOT_SENT);
    EXPECT(outcome == WXT_UNKNOWN && reply == NULL && strcmp(wxt_error_field(error), "intent") == 0);
    wxt_error_free(error);
    wxt_options_free(options);
    wxt_cancel_free(waiting.cancel);
    wxt_request_free(what);
    wxt_account_free(who);
    wxt_transport_free(transport);
    wxt_till_free(till);
    EXPECT(modem.released == 1);
    pthread_cond_destroy(&waiting.begun);
    pthread_mutex_destroy(&waiting.lock);
    printf("own: a cancel from another thread\n");
}

/* How the modem brings a bill: in pieces, as it comes. */
struct line {
    int32_t answer;
    int status;
    const char *body;
    const char *digest;
    size_t bytes;
    int calls;
};

static int32_t fetch(void *context, const wxt_post *out, wxt_received *received) {
    struct line *line = (struct line *)context;
    size_t at, left = line->bytes;
    line->calls++;
    EXPECT(strcmp(out->url, "https://localhost:1/pay/downloadbill") == 0 ||
           strcmp(out->url, "https://localhost:1/pay/downloadfundflow") == 0);
    EXPECT(out->reply_limit > 1024 * 1024 && out->within_ms == 30000);
    EXPECT(wxt_received_set_status(received, line->status) == WXT_DONE);
    if (line->digest != NULL) {
        EXPECT(wxt_received_set_digest(received, line->digest) == WXT_DONE);
    }
    for (at = 0; left > 0; at += 7, left = left > 7 ? left - 7 : 0) {
        EXPECT(wxt_received_append(received, (const uint8_t *)line->body + at, left > 7 ? 7 : left) == WXT_DONE);
    }
    if (line->answer != WXT_ANSWERED) {
        EXPECT(wxt_received_fail(received, WXT_STAGE_EXCHANGE, "NO CARRIER") == WXT_DONE);
    }
    return line->answer;
}

/* POS flows 7.2, in short; its SHA-1 from sha1sum. */
#define BILL                                                                                                          \
    "交易时间,商户号,微信订单号,商户订单号,交易状态,订单金额\r\n" \
    "`2026-11-26 12:00:14,`1900000109,`4200002511202611260000000002,`OTHER-1,`SUCCESS,`101.00\r\n" \
    "总交易单数,订单总金额\r\n" \
    "`1.0,`101.00\r\n"
#define BILL_SHA "SHA=ce33a19283838369bbe2d1265a2141ffe844bef2"
#define SAYS(words) "<xml><return_code>FAIL</return_code><return_msg>" words "</return_msg></xml>"

/* What is in the file; -1: there is none. */
static long file_has(const char *path, char *text, size_t room) {
    FILE *file = fopen(path, "rb");
    long length;
    if (file == NULL) {
        return -1;
    }
    length = (long)fread(text, 1, room - 1, file);
    text[length] = '\0';
    fclose(file);
    return length;
}

static void a_modem_fetches_bills(const char *journal) {
    static const struct {
        struct line line;
        wxt_code code;
        wxt_bill_state state;
    } cases[] = {
        {{WXT_ANSWERED, 200, BILL, NULL, sizeof BILL - 1, 0}, WXT_DONE, WXT_BILL_WHOLE},
        {{WXT_ANSWERED, 200, BILL, BILL_SHA, sizeof BILL - 1, 0}, WXT_DONE, WXT_BILL_WHOLE},
        {{WXT_ANSWERED, 200, BILL, "SHA=0000000000000000000000000000000000000000", sizeof BILL - 1, 0}, WXT_FAILED, WXT_BILL_NOT_THERE},
        {{WXT_ANSWERED, 200, BILL, NULL, sizeof BILL - 9, 0}, WXT_FAILED, WXT_BILL_NOT_THERE},
        {{WXT_ANSWERED, 200, BILL, NULL, 0, 0}, WXT_FAILED, WXT_BILL_NOT_THERE},
        {{WXT_ANSWERED, 502, BILL, NULL, sizeof BILL - 1, 0}, WXT_FAILED, WXT_BILL_NOT_THERE},
        {{WXT_MAYBE_SENT, 200, BILL, NULL, sizeof BILL - 1, 0}, WXT_FAILED, WXT_BILL_NOT_THERE},
        {{WXT_NO_BYTE_SENT, 200, BILL, NULL, 0, 0}, WXT_FAILED, WXT_BILL_NOT_THERE},
        {{WXT_ANSWERED, 200, SAYS("No Bill Exist"), NULL, sizeof SAYS("No Bill Exist") - 1, 0}, WXT_DONE, WXT_BILL_EMPTY},
        {{WXT_ANSWERED, 200, SAYS("Bill Creating"), NULL, sizeof SAYS("Bill Creating") - 1, 0}, WXT_DONE, WXT_BILL_CREATING},
        {{WXT_ANSWERED, 200, SAYS("SIGN ERROR"), NULL, sizeof SAYS("SIGN ERROR") - 1, 0}, WXT_FAILED, WXT_BILL_NOT_THERE},
    };
    struct line line;
    char path[1024], text[1024];
    wxt_error *error = NULL;
    wxt_account *who = NULL;
    wxt_transport *transport = NULL;
    wxt_client *client = NULL, *without = NULL;
    wxt_bill_state state = WXT_BILL_WHOLE;
    size_t at;
    snprintf(path, sizeof path, "%s.bill", journal);
    must(wxt_account_new(WXT_WXPAY, &who, &error), &error, "account");
    set_account(who, "mch_id", "1900000109");
    set_account(who, "appid", "wx8888888888888888");
    set_account(who, "host", "https://localhost:1");
    must(wxt_account_set_secret(who, "key", (const uint8_t *)"0123456789abcdef0123456789ABCDEF", 32, &error), &error, "key");
    must(wxt_transport_new_own(post, NULL, NULL, NULL, &line, &transport, &error), &error, "own");
    must(wxt_client_new(who, NULL, transport, 0, &without, &error), &error, "client");
    /* It is in use. */
    EXPECT(wxt_transport_set_download(transport, fetch, NULL) == WXT_BAD_ARGUMENT);
    EXPECT(wxt_client_download(without, "20261126", WXT_BILL_ALL, path, &state, &error) == WXT_FAILED);
    EXPECT(state == WXT_BILL_NOT_THERE && wxt_error_kind_of(error) == WXT_ERROR_BILL);
    EXPECT(strstr(wxt_error_message(error), "cannot download") != NULL && file_has(path, text, sizeof text) == -1);
    wxt_error_free(error);
    wxt_client_free(without);
    wxt_transport_free(transport);

    must(wxt_transport_new_own(post, NULL, NULL, NULL, &line, &transport, &error), &error, "own");
    EXPECT(wxt_transport_set_download(transport, NULL, NULL) == WXT_BAD_ARGUMENT);
    must(wxt_transport_set_download(transport, fetch, &error), &error, "download");
    must(wxt_client_new(who, NULL, transport, 0, &client, &error), &error, "client");
    for (at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        FILE *before = fopen(path, "wb");
        EXPECT(before != NULL && fputs("before", before) >= 0 && fclose(before) == 0);
        line = cases[at].line;
        state = WXT_BILL_EMPTY;
        EXPECT(wxt_client_download(client, "20261126", at % 2 ? WXT_BILL_ALL : WXT_BILL_SUCCESS, path, &state, NULL) == cases[at].code);
        EXPECT(state == cases[at].state && line.calls == 1);
        EXPECT(file_has(path, text, sizeof text) > 0);
        /* Only what is whole replaces what was there. */
        EXPECT(strcmp(text, state == WXT_BILL_WHOLE || state == WXT_BILL_EMPTY ? cases[at].line.body : "before") == 0);
    }
    /* A bill is no fund flow. */
    line = cases[0].line;
    EXPECT(wxt_client_download(client, "20261126", WXT_FUND_FLOW_FEES, path, &state, NULL) == WXT_FAILED && line.calls == 1);
    EXPECT(wxt_client_download(client, "20261131", WXT_BILL_ALL, path, &state, NULL) == WXT_BAD_ARGUMENT);
    EXPECT(wxt_client_download(client, "20261126", WXT_NO_BILL, path, &state, NULL) == WXT_BAD_ARGUMENT);
    EXPECT(wxt_client_download(client, "20261126", WXT_BILL_ALL, "", &state, NULL) == WXT_BAD_ARGUMENT && line.calls == 1);
    EXPECT(wxt_client_download(client, "20261126", WXT_BILL_ALL, "/nonexistent/folder/bill", &state, NULL) == WXT_FAILED);
    EXPECT(remove(path) == 0);
    /* A whole one that cannot be put in its place leaves nothing beside it either. */
    line = cases[0].line;
    EXPECT(mkdir(path, 0700) == 0);
    EXPECT(wxt_client_download(client, "20261126", WXT_BILL_ALL, path, &state, NULL) == WXT_FAILED && line.calls == 1);
    EXPECT(state == WXT_BILL_NOT_THERE && rmdir(path) == 0);
    snprintf(path, sizeof path, "%s.bill.part", journal);
    EXPECT(file_has(path, text, sizeof text) == -1);
    wxt_client_free(client);
    wxt_transport_free(transport);
    wxt_account_free(who);
    printf("own: bills in pieces\n");
}

/* A modem that connects beforehand. */
struct line_ahead {
    int32_t answer;
    int calls, posts;
    int32_t where_to;
};

static int32_t ahead(void *context, const char *url, int64_t within_ms, int32_t where_to, wxt_received *received) {
    struct line_ahead *line = (struct line_ahead *)context;
    line->calls++;
    line->where_to = where_to;
    EXPECT(strcmp(url, "https://localhost:1") == 0 && within_ms == 30000);
    if (line->answer != WXT_ANSWERED) {
        EXPECT(wxt_received_fail(received, WXT_STAGE_CONNECT, "+CME ERROR: 30") == WXT_DONE);
    }
    return line->answer;
}

static int32_t never(void *context, const wxt_post *out, wxt_received *received) {
    (void)out;
    (void)received;
    ((struct line_ahead *)context)->posts++;
    return WXT_MAYBE_SENT;
}

static void a_modem_connects_beforehand(const char *journal) {
    struct line_ahead line = {WXT_ANSWERED, 0, 0, 77};
    char path[1024];
    wxt_error *error = NULL;
    wxt_account *who = account();
    wxt_transport *transport = NULL;
    wxt_client *client = NULL;
    wxt_till *till = NULL;
    /* Without the function the calls do nothing. */
    must(wxt_transport_new_own(never, NULL, NULL, NULL, &line, &transport, &error), &error, "own");
    must(wxt_client_new(who, NULL, transport, 0, &client, &error), &error, "client");
    EXPECT(wxt_client_warm(client, WXT_IN_THIS_THREAD, NULL) == WXT_DONE && line.calls == 0);
    EXPECT(wxt_transport_set_warm(transport, ahead, NULL) == WXT_BAD_ARGUMENT);
    wxt_client_free(client);
    wxt_transport_free(transport);

    must(wxt_transport_new_own(never, NULL, NULL, NULL, &line, &transport, &error), &error, "own");
    EXPECT(wxt_transport_set_warm(transport, NULL, NULL) == WXT_BAD_ARGUMENT);
    must(wxt_transport_set_warm(transport, ahead, &error), &error, "warm");
    must(wxt_client_new(who, NULL, transport, 0, &client, &error), &error, "client");
    EXPECT(wxt_client_warm(client, WXT_IN_THIS_THREAD, NULL) == WXT_DONE);
    EXPECT(line.calls == 1 && line.where_to == WXT_IN_THIS_THREAD);
    EXPECT(wxt_client_warm(client, WXT_IN_BACKGROUND, NULL) == WXT_DONE);
    EXPECT(line.calls == 2 && line.where_to == WXT_IN_BACKGROUND);
    EXPECT(wxt_client_warm(client, 7, NULL) == WXT_BAD_ARGUMENT && line.calls == 2);
    for (line.answer = WXT_MAYBE_SENT; line.answer != WXT_ANSWERED; line.answer = line.answer == WXT_MAYBE_SENT ? WXT_NO_BYTE_SENT : WXT_ANSWERED) {
        EXPECT(wxt_client_warm(client, WXT_IN_THIS_THREAD, &error) == WXT_NOT_SENT);
        EXPECT(wxt_error_kind_of(error) == WXT_ERROR_CONNECT && strstr(wxt_error_message(error), "+CME ERROR: 30") != NULL);
        wxt_error_free(error);
        error = NULL;
    }
    /* A till: each of its accounts. */
    snprintf(path, sizeof path, "%s.ahead", journal);
    must(wxt_till_open(path, 8, NULL, &till, &error), &error, "till");
    EXPECT(wxt_till_warm(till, WXT_IN_THIS_THREAD, NULL) == WXT_DONE);
    must(wxt_till_add(till, who, transport, 0, &error), &error, "add");
    line.calls = 0;
    EXPECT(wxt_till_warm(till, WXT_IN_THIS_THREAD, NULL) == WXT_DONE && line.calls == 1 && line.posts == 0);
    EXPECT(wxt_till_warm(NULL, WXT_IN_THIS_THREAD, NULL) == WXT_BAD_ARGUMENT);
    wxt_till_free(till);
    wxt_client_free(client);
    wxt_transport_free(transport);
    wxt_account_free(who);
    (void)remove(path);
}

int main(int argc, char **argv) {
    struct modem modem;
    wxt_error *error = NULL;
    wxt_transport *transport = NULL;
    wxt_client *client = NULL;
    wxt_account *who = account();
    if (argc != 2) {
        fprintf(stderr, "own JOURNAL\n");
        return 2;
    }
    the_answers_of_a_modem();
    memset(&modem, 0, sizeof modem);
    must(wxt_transport_new_own(post, NULL, NULL, NULL, &modem, &transport, &error), &error, "own");
    must(wxt_client_new(who, NULL, transport, 0, &client, &error), &error, "client");
    wxt_account_free(who);
    wxt_transport_free(transport);
    the_rules_of_the_tables(client);
    EXPECT(modem.posts == 0);
    wxt_client_free(client);
    a_reader_for_another_charset();
    a_modem_fetches_bills(argv[1]);
    a_modem_connects_beforehand(argv[1]);
    a_cancel_from_another_thread(argv[1]);
    return failures == 0 ? 0 : 1;
}
