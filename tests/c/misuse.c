/* Calls every function of the library at random: with NULL, empty, over-long and non-UTF-8 texts, with handles of the wrong
 * kind, misaligned and zeroed ones, in any order, and with outcomes and replies that still hold ACCEPTED from the call
 * before. Nothing may crash, and no call may leave a stale outcome. Nothing leaves this machine.
 *
 * misuse JOURNAL [CALLS [SEED]]
 */
#include "../../examples/c/common.h"

static unsigned long long state = 1;
static unsigned long failures = 0;

static unsigned below(unsigned limit) {
    /* xorshift64: the same calls in every run. */
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state >> 33) % limit;
}

#define EXPECT(what)                                                                                                  \
    do {                                                                                                              \
        if (!(what)) {                                                                                                \
            failures++;                                                                                               \
            fprintf(stderr, "%s: %s\n", __func__, #what);                                                             \
        }                                                                                                             \
    } while (0)

/* ---- the living handles ---- */

enum kind { REQUEST, ACCOUNT, TRANSPORT, CLIENT, PREPARED, REPLY, REPORT, EXPLANATION, NOTIFICATION, TILL, OPTIONS,
            CANCEL, ERROR_, KINDS };

/* Few places, so that what one call made meets the next: one till, because a journal opens once. */
enum { PLACES = 6 };
static void *alive[KINDS][PLACES];

static unsigned places(int kind) {
    return kind == TILL ? 1 : PLACES;
}

static long long zeroed[8];
static long long letters[8];

static void *pick(int kind) {
    return alive[kind][below(places(kind))];
}

/* Mostly a handle of the kind that is asked for, sometimes anything else. */
static void *any(int kind) {
    unsigned n = below(36);
    if (n == 0) {
        return NULL;
    }
    if (n == 1) {
        return zeroed;
    }
    if (n == 2) {
        return (char *)letters + 1;
    }
    if (n == 3) {
        return letters;
    }
    if (n == 4) {
        return pick((int)below(KINDS));
    }
    return pick(kind);
}

#define H(type, kind) ((type *)any(kind))

static void end(int kind, void *handle) {
    switch (kind) {
    case REQUEST: wxt_request_free((wxt_request *)handle); break;
    case ACCOUNT: wxt_account_free((wxt_account *)handle); break;
    case TRANSPORT: wxt_transport_free((wxt_transport *)handle); break;
    case CLIENT: wxt_client_free((wxt_client *)handle); break;
    case PREPARED: wxt_prepared_free((wxt_prepared *)handle); break;
    case REPLY: wxt_reply_free((wxt_reply *)handle); break;
    case REPORT: wxt_report_free((wxt_report *)handle); break;
    case EXPLANATION: wxt_explanation_free((wxt_explanation *)handle); break;
    case NOTIFICATION: wxt_notification_free((wxt_notification *)handle); break;
    case TILL: wxt_till_free((wxt_till *)handle); break;
    case OPTIONS: wxt_options_free((wxt_options *)handle); break;
    case CANCEL: wxt_cancel_free((wxt_cancel *)handle); break;
    default: wxt_error_free((wxt_error *)handle); break;
    }
}

/* Keeps a new handle in the place of an older one. */
static void keep(int kind, void *handle) {
    unsigned place = below(places(kind));
    end(kind, alive[kind][place]);
    alive[kind][place] = handle;
}

/* Frees a handle by the function of its kind, or tries to by another kind's, which must leave it alone. */
static void free_one(void) {
    int kind = (int)below(KINDS);
    unsigned place = below(places(kind));
    if (below(4) != 0) {
        end((kind + 1 + (int)below(KINDS - 1)) % KINDS, alive[kind][place]);
    } else {
        end(kind, alive[kind][place]);
        alive[kind][place] = NULL;
    }
    end((int)below(KINDS), NULL);
    end((int)below(KINDS), zeroed);
}

/* ---- texts, bytes, numbers ---- */

static char too_long[70001];
static char long_but_fine[2000];

static const char *any_text(void) {
    static const char *const texts[] = {
        NULL, "", too_long, long_but_fine, "\xff\xfe", "a\xc3", "\xed\xa0\x80", "a\nb", "\x01", "%s%n", "1", "0",
        "-1", "100", "1.00", "2147483648", "sign", "nonce_str", "mch_id", "device_info", "re_openid", "send_name",
        "wishing", "client_ip", "act_name", "remark", "total_amount", "total_num", "mch_billno", "host", "key",
        "https://localhost", "http://localhost", "wxappid", "192.168.0.1", "1900000109", "wx8888888888888888",
        "onqOjjmM1tad-3ROpncN-yUfa6uI", "\xe6\x81\xad\xe5\x96\x9c", "least_amount", "most_amount", "secret",
        "T2026112100001", "prize 1", "prize 2", "127.0.0.1", "retcode", "send_listid",
    };
    return texts[below(sizeof texts / sizeof texts[0])];
}

static int any_number(void) {
    static const int numbers[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, -1, 77, 100, 2147483647, -2147483647 - 1};
    return numbers[below(sizeof numbers / sizeof numbers[0])];
}

static long long any_fen(void) {
    static const long long numbers[] = {0, 1, 100, 20000, 20001, -1, 2147483647LL, 2147483648LL,
                                        9223372036854775807LL, -9223372036854775807LL - 1};
    return numbers[below(sizeof numbers / sizeof numbers[0])];
}

static const char NOTIFICATION_BODY[] =
    "<xml><mch_id>7551000001</mch_id><out_trade_no>T2026112100001</out_trade_no><pay_result>0</pay_result>"
    "<result_code>0</result_code><status>0</status><time_end>20261121120000</time_end><total_fee>1</total_fee>"
    "<transaction_id>7551000001202611210000000001</transaction_id>"
    /* Over the sorted fields and the key, with md5sum. */
    "<sign>0A0339EBA784565B0FE68209C94BBF55</sign></xml>";

static const uint8_t *bytes;
static size_t length;

/* Sets `bytes` and `length`: they belong together. A length without bytes is refused by its NULL or its size. */
static void any_bytes(void) {
    static const char key[] = "0123456789abcdef0123456789ABCDEF";
    switch (below(8)) {
    case 0: bytes = NULL; length = 0; break;
    case 1: bytes = NULL; length = 5; break;
    case 2: bytes = (const uint8_t *)""; length = 0; break;
    case 3: bytes = (const uint8_t *)too_long; length = sizeof too_long - 1; break;
    case 4: bytes = (const uint8_t *)"\xff\xfe\x00\x01"; length = 4; break;
    case 5: bytes = (const uint8_t *)key; length = (size_t)-1; break;
    case 6: bytes = (const uint8_t *)NOTIFICATION_BODY; length = sizeof NOTIFICATION_BODY - 1; break;
    default: bytes = (const uint8_t *)key; length = 32; break;
    }
}

/* ---- what every call must keep ---- */

static wxt_error *error;
static unsigned long done[128], not_done[128];
static int now;

/* After every call that returns a code: one of the five, and an error exactly when it did not succeed. */
static int coded(wxt_code code) {
    EXPECT(code == WXT_DONE || code == WXT_NOT_SENT || code == WXT_BAD_ARGUMENT || code == WXT_FAILED);
    EXPECT((code == WXT_DONE) == (error == NULL));
    if (error != NULL) {
        EXPECT(wxt_error_message(error)[0] != '\0');
        EXPECT(wxt_error_kind_of(error) != WXT_ERROR_OTHER && wxt_error_kind_of(error) != WXT_ERROR_PANIC);
        keep(ERROR_, error);
        error = NULL;
    }
    if (code == WXT_DONE) {
        done[now]++;
    } else {
        not_done[now]++;
    }
    return code == WXT_DONE;
}

/* Every call with an outcome begins with one that is stale. */
static wxt_outcome outcome;
static wxt_answer answer;
static wxt_reply *reply;
static wxt_reply *const STALE = (wxt_reply *)letters;

static wxt_outcome *stale(void) {
    outcome = WXT_ACCEPTED;
    answer = WXT_KNOWN;
    reply = STALE;
    return &outcome;
}

static unsigned long outcomes[5], answers[4];

/* What the modem was given to send: a request's amount is anybody's (`a_request_set_fen`). */
static struct {
    char number[64], fen[32];
} given[1024];
static size_t given_count;

static const char *given_fen(const char *number) {
    size_t n = given_count, oldest = n > 1024 ? n - 1024 : 0;
    while (n-- > oldest) {
        if (number != NULL && strcmp(given[n % 1024].number, number) == 0) {
            return given[n % 1024].fen;
        }
    }
    return "";
}

static void came(wxt_code code) {
    int is_done = coded(code);
    EXPECT(reply != STALE);
    if (is_done) {
        EXPECT(outcome >= WXT_UNKNOWN && outcome <= WXT_PAID_LATE);
        EXPECT(reply != NULL && wxt_reply_outcome(reply) == outcome);
        outcomes[outcome]++;
        if (outcome == WXT_ACCEPTED && wxt_reply_get(reply, "total_amount") != NULL) {
            int64_t fen = 0;
            EXPECT(wxt_reply_get_fen(reply, "total_amount", &fen, NULL) == WXT_DONE && fen > 0);
            EXPECT(fen == strtoll(given_fen(wxt_reply_get(reply, "mch_billno")), NULL, 10));
        }
        keep(REPLY, reply);
    } else {
        EXPECT(outcome == WXT_UNKNOWN && reply == NULL);
    }
}

static void said(wxt_code code) {
    if (coded(code)) {
        EXPECT(answer == WXT_NO_ANSWER || (answer >= WXT_NOT_KNOWN && answer <= WXT_KNOWN));
        EXPECT(reply != NULL && reply != STALE && wxt_reply_outcome(reply) == WXT_UNKNOWN);
        answers[answer == WXT_NO_ANSWER ? 0 : answer - WXT_NOT_KNOWN + 1]++;
        keep(REPLY, reply);
    } else {
        EXPECT(answer == WXT_NO_ANSWER && reply == NULL);
    }
}

/* ---- callbacks ---- */

/* The value of a field that was sent. */
static const char *sent_field(const wxt_post *post, const char *name, char *value, size_t room) {
    char tag[64];
    size_t at, n = 0;
    snprintf(tag, sizeof tag, "<%s>", name);
    value[0] = '\0';
    for (at = 0; at + strlen(tag) < post->body_length; at++) {
        if (memcmp(post->body + at, tag, strlen(tag)) == 0) {
            for (at += strlen(tag); at < post->body_length && post->body[at] != '<' && n + 1 < room; at++) {
                value[n++] = (char)post->body[at];
            }
            value[n] = '\0';
            return value;
        }
    }
    return value;
}

static int32_t post(void *context, const wxt_post *out, wxt_received *received) {
    static const char *const bodies[] = {"", "<xml>", "<xml><return_code>FAIL</return_code></xml>", "{\"retcode\":0}",
                                         "<!DOCTYPE x><xml/>", "\xff"};
    char body[2048], number[64], openid[64], fen[32];
    (void)context;
    EXPECT(strncmp(out->url, "https://", 8) == 0 && out->body_length > 0 && out->within_ms > 0);
    if (sent_field(out, "total_amount", fen, sizeof fen)[0] != '\0') {
        sent_field(out, "mch_billno", given[given_count % 1024].number, sizeof given[0].number);
        snprintf(given[given_count++ % 1024].fen, sizeof given[0].fen, "%s", fen);
    }
    switch (below(8)) {
    case 0:
        wxt_received_fail(received, any_number(), any_text());
        return any_number();
    case 1:
        return WXT_NO_BYTE_SENT;
    case 2:
        return WXT_ANSWERED; /* without a status */
    case 3:
        wxt_received_set_status(received, any_number());
        any_bytes();
        wxt_received_append(received, bytes, length);
        wxt_received_set_date(received, any_fen());
        return WXT_ANSWERED;
    case 4: {
        const char *chosen = bodies[below(sizeof bodies / sizeof bodies[0])];
        wxt_received_set_status(received, 200);
        wxt_received_append(received, (const uint8_t *)chosen, strlen(chosen));
        return WXT_ANSWERED;
    }
    default: {
        /* Of four, two are good all through, one is a refusal all through, and one is anything. */
        unsigned kind = below(4);
        int good = kind < 2, bad = kind == 2;
        snprintf(body, sizeof body,
                 "<xml><return_code>SUCCESS</return_code><result_code>%s</result_code><err_code>%s</err_code>"
                 "<mch_billno>%s</mch_billno><mch_id>1900000109</mch_id><wxappid>wx8888888888888888</wxappid>"
                 "<re_openid>%s</re_openid><total_amount>%s</total_amount>%s</xml>",
                 !bad && (good || below(2)) ? "SUCCESS" : "FAIL", !bad && (good || below(2)) ? "" : "NOTENOUGH",
                 sent_field(out, "mch_billno", number, sizeof number),
                 sent_field(out, "re_openid", openid, sizeof openid), sent_field(out, "total_amount", fen, sizeof fen),
                 bad ? "" : good || below(2) ? "<send_listid>1</send_listid>" : "<status>SENT</status>");
        wxt_received_set_status(received, 200);
        if (good || bad || below(2)) {
            wxt_received_set_fresh(received);
        }
        wxt_received_append(received, (const uint8_t *)body, strlen(body));
        return WXT_ANSWERED;
    }
    }
}

static void forget_connections(void *context, const char *url) {
    (void)context;
    EXPECT(url != NULL);
}

static int32_t reach(void *context, const char *url, int64_t within_ms, wxt_received *received) {
    (void)context;
    EXPECT(url != NULL && within_ms > 0);
    wxt_received_fail(received, any_number(), any_text());
    return any_number();
}

static int32_t warms(void *context, const char *url, int64_t within_ms, int32_t where_to, wxt_received *received) {
    (void)context;
    EXPECT(url != NULL && within_ms > 0 && (where_to == WXT_IN_BACKGROUND || where_to == WXT_IN_THIS_THREAD));
    wxt_received_fail(received, any_number(), any_text());
    return any_number();
}

static int32_t prove(void *context, const wxt_reply *fields) {
    (void)context;
    /* It is only lent. */
    wxt_reply_free((wxt_reply *)fields);
    (void)wxt_reply_get(fields, any_text());
    return any_number();
}

static long contexts = 0;
static void release(void *context) {
    EXPECT(context == &contexts);
    contexts--;
}

static void *context(void) {
    contexts++;
    return &contexts;
}

static int32_t record(void *where, const wxt_reply *paid) {
    (void)where;
    wxt_reply_free((wxt_reply *)paid);
    EXPECT(wxt_reply_count(paid) > 0);
    return any_number();
}

static void tell(void *where, const wxt_progress *progress) {
    (void)where;
    EXPECT(progress->intent != NULL && progress->order_number != NULL);
}

static void look(const wxt_entry *entry) {
    (void)wxt_entry_get(entry, any_text());
    (void)wxt_entry_sent(entry, any_text());
    EXPECT(wxt_entry_account(entry) && wxt_entry_call(entry) && wxt_entry_code(entry) && wxt_entry_intent(entry));
    EXPECT(wxt_entry_last_code(entry) && wxt_entry_last_text(entry));
    EXPECT(wxt_entry_message(entry) && wxt_entry_order_number(entry) && wxt_entry_text(entry));
    EXPECT(wxt_entry_fen(entry) >= 0 && wxt_entry_begun_at(entry) >= 0 && wxt_entry_last_attempt_at(entry) >= 0);
    EXPECT(wxt_entry_outcome(entry) <= WXT_PAID_LATE && wxt_entry_revision(entry) >= 0);
    EXPECT(wxt_entry_acknowledged_at(entry) >= 0 && wxt_entry_wait_seconds(entry) >= 0);
    EXPECT(wxt_entry_state_of(entry) <= WXT_ENTRY_UNPROVEN && wxt_entry_next(entry) <= WXT_NEW_NUMBER);
    EXPECT(wxt_entry_reason(entry) <= WXT_REASON_NEEDS_REVERSAL && wxt_entry_attempts(entry) < 100000);
    EXPECT(wxt_entry_reversals(entry) == 0 && wxt_entry_cashier(entry, any_number()) != NULL);
    EXPECT(wxt_entry_cashier(entry, WXT_CHINESE)[0] != '\0' && wxt_entry_cashier(entry, WXT_NO_LANGUAGE)[0] == '\0');
    EXPECT(wxt_entry_scan(entry) <= WXT_SCAN_AGAIN && wxt_entry_cash(entry) <= WXT_CASH);
}

static unsigned long entries = 0;
static void each(void *where, const wxt_entry *entry) {
    wxt_error *refused = NULL;
    entries++;
    EXPECT(wxt_entry_id(entry) > 0 && wxt_entry_intent(entry)[0] != '\0');
    look(entry);
    /* The callback may call the till. */
    if (where != NULL && below(2) == 0 &&
        wxt_till_acknowledge((wxt_till *)where, wxt_entry_id(entry), wxt_entry_revision(entry), &refused) != WXT_DONE) {
        EXPECT(wxt_error_kind_of(refused) >= WXT_ERROR_JOURNAL);
    }
    wxt_error_free(refused);
}

static void sum(void *where, const char *call, const char *what, uint64_t count, uint64_t fen) {
    (void)where;
    (void)fen;
    EXPECT(call != NULL && what != NULL && count > 0);
}

/* ---- one line a function ---- */

static const char *journal;

static void a_request_new(void) {
    wxt_request *made = NULL;
    if (coded(wxt_request_new(any_number(), below(8) ? &made : NULL, &error))) { keep(REQUEST, made); }
}
static void a_request_set(void) { coded(wxt_request_set(H(wxt_request, REQUEST), any_text(), any_text(), &error)); }
static void a_request_set_fen(void) {
    coded(wxt_request_set_fen(H(wxt_request, REQUEST), below(2) ? "total_amount" : any_text(), any_fen(), &error));
}
/* A good red packet, so that the deep paths are walked, too. */
static void a_good_request(void) {
    wxt_request *made = NULL;
    must(wxt_request_new(WXT_SEND_REDPACK, &made, &error), &error, "request");
    set(made, "send_name", "a");
    set(made, "re_openid", "onqOjjmM1tad-3ROpncN-yUfa6uI");
    set(made, "wishing", "a");
    set(made, "client_ip", "192.168.0.1");
    set(made, "act_name", "a");
    set(made, "remark", "a");
    if (below(2)) { set(made, "mch_billno", "10000"); }
    must(wxt_request_set_fen(made, "total_amount", 100, &error), &error, "fen");
    keep(REQUEST, made);
    done[now]++;
    not_done[now]++;
}
static void a_good_query(void) {
    wxt_request *made = NULL;
    must(wxt_request_new(below(2) ? WXT_GET_HB_INFO : WXT_TRADE_CLOSE, &made, &error), &error, "request");
    (void)wxt_request_set(made, below(2) ? "mch_billno" : "out_trade_no", "T2026112100001", NULL);
    keep(REQUEST, made);
    done[now]++;
    not_done[now]++;
}
static void a_account_new(void) {
    wxt_account *made = NULL;
    if (coded(wxt_account_new(any_number(), below(8) ? &made : NULL, &error))) { keep(ACCOUNT, made); }
}
static void a_account_set(void) { coded(wxt_account_set(H(wxt_account, ACCOUNT), any_text(), any_text(), &error)); }
static void a_account_set_fen(void) {
    coded(wxt_account_set_fen(H(wxt_account, ACCOUNT), any_text(), any_fen(), &error));
}
static void a_account_set_secret(void) {
    any_bytes();
    coded(wxt_account_set_secret(H(wxt_account, ACCOUNT), any_text(), bytes, length, &error));
}
static void a_account_set_public_key(void) {
    any_bytes();
    coded(wxt_account_set_public_key(H(wxt_account, ACCOUNT), below(2) ? WXT_RSA_SHA1 : any_number(), bytes, length,
                                     &error));
}
static int32_t read_raw(void *context, wxt_raw *raw) {
    size_t length = 0;
    const uint8_t *body = wxt_raw_body(raw, below(4) ? &length : NULL);
    (void)context;
    EXPECT(body != NULL);
    (void)wxt_raw_content_type(raw);
    wxt_raw_add(raw, any_text(), any_text());
    wxt_raw_add(raw, "retcode", "0");
    return any_number();
}
static void a_account_set_reply_reader(void) {
    coded(wxt_account_set_reply_reader(H(wxt_account, ACCOUNT), below(8) ? read_raw : NULL, release, context(), &error));
}
static void a_account_set_reply_rule(void) {
    coded(wxt_account_set_reply_rule(H(wxt_account, ACCOUNT), below(8) ? prove : NULL, release, context(), &error));
}
static wxt_account *good_account(int gateway) {
    static const char key[] = "9d101c97133837e13dde2d32a5054abb";
    wxt_account *made = NULL;
    must(wxt_account_new(gateway, &made, &error), &error, "account");
    if (gateway == WXT_REDPACK) {
        set_account(made, "mch_id", "1900000109");
        set_account(made, "wxappid", "wx8888888888888888");
    } else {
        set_account(made, "url", "https://localhost/pay/gateway");
        set_account(made, "mch_id", "7551000001");
        set_account(made, "without_sub_fields", "1");
    }
    must(wxt_account_set_secret(made, "key", (const uint8_t *)key, 32, &error), &error, "key");
    return made;
}
static void a_good_account(void) {
    keep(ACCOUNT, good_account(below(2) ? WXT_REDPACK : WXT_SWIFTPASS));
    done[now]++;
    not_done[now]++;
}
/* A till and a client that can pay, over the transport below. */
static wxt_transport *good_transport(void) {
    wxt_transport *made = NULL;
    must(wxt_transport_new_own(post, forget_connections, reach, release, context(), &made, &error), &error, "own");
    return made;
}
static void a_good_client(void) {
    wxt_transport *own = good_transport();
    wxt_client *made = NULL;
    int gateway = below(4) ? WXT_REDPACK : WXT_SWIFTPASS;
    wxt_account *account = good_account(gateway);
    must(wxt_client_new(account, NULL, own, 0, &made, &error), &error, "client");
    keep(ACCOUNT, account);
    keep(TRANSPORT, own);
    keep(CLIENT, made);
    if (gateway == WXT_SWIFTPASS) {
        wxt_notification *read = NULL;
        must(wxt_client_notification(made, (const uint8_t *)NOTIFICATION_BODY, sizeof NOTIFICATION_BODY - 1, &read,
                                     &error), &error, "notification");
        keep(NOTIFICATION, read);
    }
    done[now]++;
    not_done[now]++;
}
static void a_good_till(void) {
    wxt_till *made = NULL;
    wxt_transport *own = good_transport();
    wxt_account *account = good_account(WXT_REDPACK);
    keep(TILL, NULL);
    must(wxt_till_open(journal, 7, NULL, &made, &error), &error, "till");
    must(wxt_till_add(made, account, own, 0, &error), &error, "add");
    keep(TILL, made);
    keep(ACCOUNT, account);
    keep(TRANSPORT, own);
    done[now]++;
    not_done[now]++;
}
static void a_transport_new(void) {
    wxt_transport *made = NULL;
    if (coded(wxt_transport_new(below(8) ? &made : NULL, &error))) {
        /* Whatever the accounts say, nothing leaves this machine: the proxy is a port where nobody listens. */
        must(wxt_transport_set_proxy(made, "127.0.0.1", 1, &error), &error, "proxy");
        keep(TRANSPORT, made);
    }
}
static void a_transport_set_proxy(void) {
    const char *host = below(2) ? "127.0.0.1" : any_text();
    coded(wxt_transport_set_proxy(H(wxt_transport, TRANSPORT),
                                  host != NULL && strcmp(host, "127.0.0.1") == 0 ? host : "", 1, &error));
}
static void a_transport_set_p12(void) {
    const uint8_t *p12;
    size_t p12_length;
    any_bytes();
    p12 = bytes;
    p12_length = length;
    any_bytes();
    coded(wxt_transport_set_p12(H(wxt_transport, TRANSPORT), p12, p12_length, bytes, length, &error));
}
static void a_transport_set_pem(void) {
    const uint8_t *pem;
    size_t pem_length;
    any_bytes();
    pem = bytes;
    pem_length = length;
    any_bytes();
    coded(wxt_transport_set_pem(H(wxt_transport, TRANSPORT), pem, pem_length, bytes, length, &error));
}
static void a_transport_set_roots(void) {
    any_bytes();
    coded(wxt_transport_set_roots(H(wxt_transport, TRANSPORT), bytes, length, &error));
}
static void a_transport_new_own(void) {
    wxt_transport *made = NULL;
    if (coded(wxt_transport_new_own(below(8) ? post : NULL, below(2) ? forget_connections : NULL,
                                    below(2) ? reach : NULL, release, context(), below(8) ? &made : NULL, &error))) {
        keep(TRANSPORT, made);
    }
}
static void a_client_new(void) {
    wxt_client *made = NULL;
    if (coded(wxt_client_new(H(wxt_account, ACCOUNT), below(4) ? NULL : any_text(), H(wxt_transport, TRANSPORT),
                             below(8) ? 0 : any_fen(), below(8) ? &made : NULL, &error))) {
        keep(CLIENT, made);
    }
}
static void a_client_check(void) {
    wxt_report *made = NULL;
    if (coded(wxt_client_check(H(wxt_client, CLIENT), below(8) ? &made : NULL, &error))) {
        EXPECT(wxt_report_count(made) > 0);
        keep(REPORT, made);
    }
}
static void a_client_prepare(void) {
    wxt_prepared *made = NULL;
    if (coded(wxt_client_prepare(H(wxt_client, CLIENT), H(wxt_request, REQUEST), below(8) ? &made : NULL, &error))) {
        EXPECT(wxt_prepared_is_marked(made) == 0);
        keep(PREPARED, made);
    }
}
static void a_client_prepare_repeat(void) {
    wxt_prepared *made = NULL;
    if (coded(wxt_client_prepare_repeat(H(wxt_client, CLIENT), H(wxt_request, REQUEST), &made, &error))) {
        EXPECT(wxt_prepared_is_marked(made) == 1);
        keep(PREPARED, made);
    }
}
static void a_client_send(void) {
    wxt_outcome *to = stale();
    came(wxt_client_send(H(wxt_client, CLIENT), H(wxt_prepared, PREPARED), to, &reply, &error));
}
static void a_client_ask(void) {
    stale();
    said(wxt_client_ask(H(wxt_client, CLIENT), H(wxt_request, REQUEST), &answer, &reply, &error));
}
static void a_client_close(void) {
    stale();
    said(wxt_client_close(H(wxt_client, CLIENT), H(wxt_request, REQUEST), &answer, &reply, &error));
}
static void a_client_notification(void) {
    wxt_notification *made = NULL;
    any_bytes();
    if (coded(wxt_client_notification(H(wxt_client, CLIENT), bytes, length, below(8) ? &made : NULL, &error))) {
        EXPECT(strcmp(wxt_notification_order_number(made), "T2026112100001") == 0);
        keep(NOTIFICATION, made);
    }
}
static void a_notification_confirm(void) {
    wxt_reply *paid = STALE;
    const char *words = NULL;
    if (coded(wxt_notification_confirm(H(wxt_notification, NOTIFICATION), below(8) ? "T2026112100001" : any_text(),
                                       below(4) ? 1 : any_fen(),
                                       below(8) ? record : NULL, NULL, &paid, &words, &error))) {
        EXPECT(words != NULL && strcmp(words, "success") == 0);
        keep(REPLY, paid);
    } else {
        EXPECT(paid == NULL && words == NULL);
    }
}
static void a_explain(void) {
    wxt_field fields[3];
    wxt_explanation *made = NULL;
    int at;
    for (at = 0; at < 3; at++) {
        fields[at].name = below(4) ? "act_name" : any_text();
        any_bytes();
        fields[at].value = bytes;
        fields[at].length = length;
    }
    any_bytes();
    if (coded(wxt_explain(any_number(), below(8) ? fields : NULL, below(8) ? below(4) : (size_t)-1, bytes, length,
                          any_text(), &made, &error))) {
        keep(EXPLANATION, made);
    }
}
static void a_explain_workwx_sign(void) {
    wxt_explanation *made = NULL;
    any_bytes();
    if (coded(wxt_explain_workwx_sign(NULL, below(2), bytes, length, any_text(), &made, &error))) {
        keep(EXPLANATION, made);
    }
}

static void a_till_open(void) {
    wxt_till *made = NULL;
    /* Mostly it is open already. A text of the pool as a path would leave files about; empty and wrong ones do not. */
    const char *const paths[] = {journal, journal, journal, NULL, "", too_long, "\xff", "/nowhere/at/all"};
    if (below(8) == 0) { keep(TILL, NULL); }
    if (coded(wxt_till_open(paths[below(8)], below(8) ? 7 : any_number(), below(8) ? NULL : any_text(),
                            below(8) ? &made : NULL, &error))) {
        keep(TILL, made);
    }
}
static void a_till_add(void) {
    coded(wxt_till_add(H(wxt_till, TILL), H(wxt_account, ACCOUNT), H(wxt_transport, TRANSPORT),
                       below(8) ? 0 : any_fen(), &error));
}
/* NULL options would wait for 30 seconds: here they are for calls that ask once. */
static wxt_options *some_options(void) {
    wxt_options *some = (wxt_options *)any(OPTIONS);
    return some != NULL ? some : (wxt_options *)zeroed;
}
static const char *some_intent(void) {
    static char intent[32];
    snprintf(intent, sizeof intent, "prize %u", below(200));
    return intent;
}
static void a_till_pay(void) {
    wxt_outcome *to = stale();
    if (below(2)) {
        a_good_request();
    }
    came(wxt_till_pay(H(wxt_till, TILL), below(2) ? some_intent() : any_text(), H(wxt_request, REQUEST), some_options(), to, &reply, &error));
}
static void a_till_order(void) {
    wxt_outcome *to = stale();
    came(wxt_till_order(H(wxt_till, TILL), below(2) ? some_intent() : any_text(), H(wxt_request, REQUEST), some_options(), to, &reply, &error));
}
static void a_till_refund(void) {
    wxt_outcome *to = stale();
    came(wxt_till_refund(H(wxt_till, TILL), below(2) ? some_intent() : any_text(), H(wxt_request, REQUEST), some_options(), to, &reply, &error));
}
static char last_number[64] = "none";
static void a_till_payment_of(void) {
    wxt_outcome *to = stale();
    const wxt_reply *known = (const wxt_reply *)pick(REPLY);
    if (known != NULL && wxt_reply_entry(known) != 0) {
        snprintf(last_number, sizeof last_number, "%s", wxt_reply_order_number(known));
    }
    came(wxt_till_payment_of(H(wxt_till, TILL), below(30) == 0 ? last_number : any_text(), below(2) ? NULL : some_options(),
                             to, &reply, &error));
}
static void a_till_close(void) {
    wxt_outcome *to = stale();
    came(wxt_till_close(H(wxt_till, TILL), any_text(), to, &reply, &error));
}
static void a_till_reverse(void) {
    wxt_outcome *to = stale();
    came(wxt_till_reverse(H(wxt_till, TILL), below(2) ? last_number : any_text(), some_options(), to, &reply, &error));
}
static void a_till_accept_late(void) {
    wxt_outcome *to = stale();
    came(wxt_till_accept_late(H(wxt_till, TILL), below(2) ? last_number : any_text(), to, &reply, &error));
}
static void a_till_notified(void) {
    wxt_reply *paid = STALE;
    const char *words = NULL;
    any_bytes();
    coded(wxt_till_notified(H(wxt_till, TILL), bytes, length, &paid, &words, &error));
    EXPECT(paid == NULL && words == NULL);
}
static void a_till_recover(void) {
    wxt_till *till = H(wxt_till, TILL);
    coded(wxt_till_recover(till, some_options(), below(8) ? each : NULL, till, &error));
}
/* Nothing of it can be kept. */
static void differs(void *context, const wxt_difference *difference) {
    (void)context;
    EXPECT(difference->zh != NULL && difference->en != NULL && difference->order_number != NULL);
    EXPECT(difference->refund_number != NULL && difference->trade_state != NULL);
    look(difference->entry);
}
static const char *some_day(void) {
    static const char *const days[] = {"20261121", "20261131", "2026112", "99999999", "00000000"};
    return below(2) ? days[below(sizeof days / sizeof days[0])] : any_text();
}
static void a_transport_set_download(void) {
    coded(wxt_transport_set_download(H(wxt_transport, TRANSPORT), below(4) ? post : NULL, &error));
}
static void a_transport_set_warm(void) {
    coded(wxt_transport_set_warm(H(wxt_transport, TRANSPORT), below(4) ? warms : NULL, &error));
}
static void a_client_warm(void) {
    coded(wxt_client_warm(H(wxt_client, CLIENT), below(2) ? (int32_t)below(2) : any_number(), &error));
}
static void a_till_warm(void) {
    coded(wxt_till_warm(H(wxt_till, TILL), below(2) ? (int32_t)below(2) : any_number(), &error));
}
static void a_client_download(void) {
    wxt_bill_state got = WXT_BILL_WHOLE;
    wxt_bill_state *to = below(8) ? &got : NULL;
    wxt_code code = wxt_client_download(H(wxt_client, CLIENT), some_day(), below(2) ? (int32_t)below(9) : any_number(),
                                        below(2) ? "/nonexistent/folder/bill" : any_text(), to, &error);
    EXPECT(code != WXT_DONE && (to == NULL || got == WXT_BILL_NOT_THERE));
    coded(code);
}
static void a_till_reconcile(void) {
    wxt_reconciled totals;
    const char *path = below(2) ? journal : any_text();
    coded(wxt_till_reconcile(H(wxt_till, TILL), some_day(), path, below(2) ? NULL : path, some_options(),
                             below(8) ? differs : NULL, NULL, below(2) ? &totals : NULL, &error));
}
static void a_till_ask_about(void) {
    wxt_outcome *to = stale();
    came(wxt_till_ask_about(H(wxt_till, TILL), below(2) ? any_fen() : below(50), to, &reply, &error));
}
static void a_till_unacknowledged(void) {
    coded(wxt_till_unacknowledged(H(wxt_till, TILL), below(8) ? each : NULL, NULL, &error));
}
static void a_till_entries_of(void) {
    coded(wxt_till_entries_of(H(wxt_till, TILL), below(2) ? some_intent() : any_text(), below(8) ? each : NULL, NULL, &error));
}
static void a_journal_rename_device(void) {
    coded(wxt_journal_rename_device(below(2) ? "/dev/null/journal" : any_text(), below(2) ? 7 : (int32_t)any_fen(), any_text(), any_text(), &error));
}
static void a_journal_verify(void) {
    uint64_t past = 77;
    int is_done = coded(wxt_journal_verify(below(2) ? "/dev/null/journal" : any_text(), below(2) ? 7 : (int32_t)any_fen(), any_text(), &past, &error));
    EXPECT(is_done || past == 77);
}
static void a_till_allow_again(void) {
    coded(wxt_till_allow_again(H(wxt_till, TILL), below(2) ? any_fen() : below(50), any_text(), any_text(), &error));
}
static void a_till_acknowledge(void) {
    coded(wxt_till_acknowledge(H(wxt_till, TILL), below(2) ? any_fen() : below(50), below(9), &error));
}
static void a_till_settle_by_hand(void) {
    coded(wxt_till_settle_by_hand(H(wxt_till, TILL), below(50), below(2) ? (int32_t)below(2) : any_number(),
                                  below(2) ? "a" : any_text(), below(2) ? "a" : any_text(), &error));
}
static void a_till_prune(void) {
    uint32_t removed = 77;
    int is_done = coded(wxt_till_prune(H(wxt_till, TILL), any_fen(), &removed, &error));
    EXPECT(is_done || removed == 77);
}
static void a_till_keep(void) {
    coded(wxt_till_keep(H(wxt_till, TILL), any_fen(), &error));
}
static void a_till_summary(void) {
    coded(wxt_till_summary(H(wxt_till, TILL), any_fen(), any_fen(), below(8) ? sum : NULL, NULL, &error));
}
static void a_options_new(void) {
    wxt_options *made = NULL;
    if (coded(wxt_options_new(below(8) ? &made : NULL, &error))) {
        must(wxt_options_set_patience(made, 0, &error), &error, "patience");
        keep(OPTIONS, made);
    }
}
static void a_options_set_account(void) {
    coded(wxt_options_set_account(H(wxt_options, OPTIONS), below(2) ? "1900000109" : any_text(), &error));
}
static void a_options_set_patience(void) {
    coded(wxt_options_set_patience(H(wxt_options, OPTIONS), (long long)below(3) - 1, &error));
}
static void a_options_set_repeats(void) {
    coded(wxt_options_set_repeats(H(wxt_options, OPTIONS), any_fen(), &error));
}
static void a_options_set_reversals(void) {
    coded(wxt_options_set_reversals(H(wxt_options, OPTIONS), any_number(), &error));
}
static void a_options_set_progress(void) {
    coded(wxt_options_set_progress(H(wxt_options, OPTIONS), below(2) ? tell : NULL, NULL, &error));
}
static void a_options_set_cancel(void) {
    coded(wxt_options_set_cancel(H(wxt_options, OPTIONS), H(wxt_cancel, CANCEL), &error));
}
static void a_cancel_new(void) {
    wxt_cancel *made = NULL;
    if (coded(wxt_cancel_new(below(8) ? &made : NULL, &error))) { keep(CANCEL, made); }
}
/* Words in both languages and in no other one; and no leave without an outcome that gives it. */
static void the_cashier(const wxt_reply *r, const wxt_error *e) {
    int phase = any_number();
    int is_phase = phase >= WXT_WAITING && phase <= WXT_REVERSING;
    EXPECT(wxt_reply_cashier(r, any_number()) != NULL && wxt_error_cashier(e, any_number()) != NULL);
    EXPECT(wxt_reply_cashier(r, WXT_CHINESE)[0] != '\0' && wxt_reply_cashier(r, WXT_NO_LANGUAGE)[0] == '\0');
    EXPECT(wxt_error_cashier(e, WXT_ENGLISH)[0] != '\0' && wxt_error_cashier(e, WXT_NO_LANGUAGE)[0] == '\0');
    EXPECT(wxt_reply_scan(r) == WXT_NO_SCAN || wxt_reply_outcome(r) == WXT_DECLINED);
    EXPECT(wxt_reply_cash(r) != WXT_CASH || wxt_reply_outcome(r) == WXT_DECLINED);
    EXPECT(wxt_reply_cash(r) == WXT_NO_CASH || wxt_reply_outcome(r) == WXT_DECLINED || wxt_reply_outcome(r) == WXT_UNKNOWN);
    EXPECT(wxt_error_scan(e) == WXT_NO_SCAN || wxt_error_kind_of(e) < WXT_ERROR_JOURNAL);
    EXPECT(wxt_error_cash(e) != WXT_CASH_WITH_NOTE && (wxt_error_cash(e) == WXT_NO_CASH || wxt_error_kind_of(e) < WXT_ERROR_JOURNAL));
    EXPECT((wxt_phase_text(phase, WXT_CHINESE)[0] != '\0') == is_phase && wxt_phase_text(phase, WXT_NO_LANGUAGE)[0] == '\0');
}
static void a_getter(void) {
    const wxt_reply *r = H(wxt_reply, REPLY);
    const wxt_report *p = H(wxt_report, REPORT);
    const wxt_explanation *x = H(wxt_explanation, EXPLANATION);
    const wxt_error *e = H(wxt_error, ERROR_);
    int64_t fen = 77;
    size_t at = below(2) ? below(20) : (size_t)-1;
    EXPECT(wxt_error_field(e) && wxt_error_message(e) && wxt_error_kind_of(e) <= WXT_ERROR_JOURNAL_NUMBER);
    EXPECT(wxt_reply_code(r) && wxt_reply_text(r) && wxt_reply_message(r) && wxt_reply_order_number(r));
    EXPECT(wxt_reply_journal_fault(r) && wxt_reply_entry(r) >= 0 && wxt_reply_wait_seconds(r) >= 0);
    EXPECT(wxt_reply_next(r) <= WXT_NEW_NUMBER && wxt_reply_reason(r) <= WXT_REASON_NEEDS_REVERSAL);
    EXPECT(wxt_reply_evidence(r) <= WXT_EVIDENCE_RECORDED && wxt_reply_revision(r) >= 0 && wxt_reply_last_code(r) && wxt_reply_last_text(r));
    EXPECT(wxt_reply_outcome(r) <= WXT_PAID_LATE);
    the_cashier(r, e);
    EXPECT((wxt_reply_name(r, at) != NULL) == (at < wxt_reply_count(r)));
    EXPECT((wxt_reply_value(r, at) != NULL) == (at < wxt_reply_count(r)));
    (void)wxt_reply_get(r, any_text());
    if (wxt_reply_get_fen(r, below(2) ? "total_amount" : any_text(), &fen, NULL) != WXT_DONE) { EXPECT(fen == 77); }
    done[now]++;
    not_done[now]++;
    EXPECT((wxt_report_text(p, at) != NULL) == (at < wxt_report_count(p)));
    EXPECT((wxt_report_text_zh(p, at) != NULL) == (at < wxt_report_count(p)));
    EXPECT(wxt_report_part(p, at) <= WXT_PART_KEY && wxt_report_verdict(p, at) <= WXT_GOOD);
    EXPECT(wxt_report_is_good(p) == 0 || wxt_report_count(p) > 0);
    EXPECT(wxt_explanation_string(x) != NULL && wxt_explanation_agrees(x) <= WXT_DISAGREES);
    EXPECT((wxt_explanation_field(x, at) != NULL) == (at < wxt_explanation_count(x)));
    EXPECT((wxt_explanation_text(x, at) != NULL) == (at < wxt_explanation_count(x)));
    EXPECT((wxt_explanation_text_zh(x, at) != NULL) == (at < wxt_explanation_count(x)));
    EXPECT(wxt_notification_order_number(H(wxt_notification, NOTIFICATION)) != NULL);
    EXPECT(wxt_prepared_order_number(H(wxt_prepared, PREPARED)) != NULL);
    (void)wxt_prepared_is_marked(H(wxt_prepared, PREPARED));
    wxt_cancel_set(H(wxt_cancel, CANCEL), any_number());
    EXPECT(wxt_version() != NULL && wxt_abi_version() == WXT_ABI_VERSION);
    /* What is only lent to callbacks, with what is none. */
    look((const wxt_entry *)any(REPLY));
    EXPECT(wxt_entry_id((const wxt_entry *)any(REPLY)) == 0);
    EXPECT(wxt_received_set_status((wxt_received *)any(REPLY), 200) == WXT_BAD_ARGUMENT);
    EXPECT(wxt_received_append((wxt_received *)any(REPLY), NULL, 0) == WXT_BAD_ARGUMENT);
    EXPECT(wxt_received_set_fresh((wxt_received *)any(REPLY)) == WXT_BAD_ARGUMENT);
    EXPECT(wxt_received_set_date((wxt_received *)any(REPLY), 0) == WXT_BAD_ARGUMENT);
    EXPECT(wxt_received_set_content_type((wxt_received *)any(REPLY), "a") == WXT_BAD_ARGUMENT);
    EXPECT(wxt_received_set_digest((wxt_received *)any(REPLY), "SHA=") == WXT_BAD_ARGUMENT);
    EXPECT(wxt_raw_body((const wxt_raw *)any(REPLY), NULL) == NULL);
    EXPECT(wxt_raw_content_type((const wxt_raw *)any(REPLY)) == NULL);
    EXPECT(wxt_raw_add((wxt_raw *)any(REPLY), "a", "b") == WXT_BAD_ARGUMENT);
    EXPECT(wxt_received_fail((wxt_received *)any(REPLY), 0, "") == WXT_BAD_ARGUMENT);
}
static void a_free(void) {
    free_one();
    done[now]++;
    not_done[now]++;
}

struct call {
    const char *name;
    void (*make)(void);
};

#define CALL(name) {#name, a_##name}
static const struct call CALLS[] = {
    CALL(request_new), CALL(request_set), CALL(request_set_fen), CALL(good_request), CALL(good_query),
    CALL(account_new), CALL(account_set), CALL(account_set_fen), CALL(account_set_secret),
    CALL(account_set_public_key), CALL(account_set_reply_rule), CALL(account_set_reply_reader), CALL(good_account), CALL(good_client),
    CALL(good_till), CALL(transport_new),
    CALL(transport_set_proxy), CALL(transport_set_p12), CALL(transport_set_pem), CALL(transport_set_roots),
    CALL(transport_new_own), CALL(transport_set_download), CALL(client_download), CALL(transport_set_warm), CALL(client_warm), CALL(till_warm), CALL(client_new), CALL(client_check), CALL(client_prepare), CALL(client_prepare_repeat),
    CALL(client_send), CALL(client_ask), CALL(client_close), CALL(client_notification), CALL(notification_confirm),
    CALL(explain), CALL(explain_workwx_sign), CALL(till_open), CALL(till_add), CALL(till_pay), CALL(till_order), CALL(till_refund), CALL(till_payment_of),
    CALL(till_close), CALL(till_reverse), CALL(till_accept_late), CALL(till_notified), CALL(till_recover), CALL(till_unacknowledged), CALL(till_reconcile), CALL(till_ask_about), CALL(till_entries_of), CALL(till_allow_again), CALL(journal_rename_device), CALL(journal_verify), CALL(till_acknowledge),
    CALL(till_settle_by_hand), CALL(till_prune), CALL(till_keep), CALL(till_summary), CALL(options_new), CALL(options_set_account),
    CALL(options_set_patience), CALL(options_set_repeats), CALL(options_set_reversals), CALL(options_set_progress), CALL(options_set_cancel),
    CALL(cancel_new), CALL(getter), CALL(free),
};
enum { COUNT = (int)(sizeof CALLS / sizeof CALLS[0]) };

/* Functions that cannot succeed here: they would need a real certificate, or an order that a customer pays. */
static int only_fails(const char *name) {
    static const char *const names[] = {"transport_set_p12", "transport_set_pem", "transport_set_roots", "till_close",
                                        "till_order", "till_refund", "till_reverse", "till_accept_late", "till_allow_again", "journal_rename_device", "journal_verify", "till_notified", "client_download", "till_reconcile"};
    size_t at;
    for (at = 0; at < sizeof names / sizeof names[0]; at++) {
        if (strcmp(names[at], name) == 0) {
            return 1;
        }
    }
    return 0;
}

int main(int argc, char **argv) {
    unsigned long calls = argc > 2 ? strtoul(argv[2], NULL, 10) : 10000, n;
    int kind, place, which;
    wxt_till *first = NULL;
    if (argc < 2) {
        fprintf(stderr, "misuse JOURNAL [CALLS [SEED]]\n");
        return 2;
    }
    journal = argv[1];
    state = argc > 3 ? strtoull(argv[3], NULL, 10) * 2654435761ULL + 1 : 20261121ULL;
    memset(too_long, 'a', sizeof too_long - 1);
    memset(long_but_fine, 'a', sizeof long_but_fine - 1);
    memset(letters, 'x', sizeof letters);
    /* The journal is terminal 7's, whoever the dice would have open it first. */
    must(wxt_till_open(journal, 7, NULL, &first, &error), &error, "till");
    wxt_till_free(first);
    for (n = 0; n < calls; n++) {
        now = (int)below(COUNT);
        CALLS[now].make();
    }
    /* What the dice left out gets another chance: it must be possible, not likely. */
    for (which = 0; which < COUNT && calls >= 10000; which++) {
        int can = !only_fails(CALLS[which].name);
        for (n = 0; n < 20000 && ((can && done[which] == 0) || not_done[which] == 0); n++) {
            now = below(2) ? which : (int)below(COUNT);
            CALLS[now].make();
        }
    }
    for (kind = 0; kind < KINDS; kind++) {
        for (place = 0; place < PLACES; place++) {
            end(kind, alive[kind][place]);
        }
    }
    /* Every function was called, and returned both ways. A short run, for valgrind, does not get to all. */
    for (now = 0; now < COUNT && calls >= 10000; now++) {
        int can = !only_fails(CALLS[now].name);
        if ((can && done[now] == 0) || not_done[now] == 0) {
            failures++;
            fprintf(stderr, "%s: %lu times done, %lu times not\n", CALLS[now].name, done[now], not_done[now]);
        }
    }
    /* Every context that was handed over was released once. */
    EXPECT(contexts == 0);
    EXPECT(calls < 10000 || (outcomes[WXT_ACCEPTED] > 0 && outcomes[WXT_DECLINED] > 0 && outcomes[WXT_UNKNOWN] > 0 &&
                             entries > 0));
    printf("misuse: %lu calls of %d kinds; outcomes %lu unknown, %lu accepted, %lu declined; answers %lu none, %lu "
           "not known, %lu known; %lu entries; %lu failures\n",
           calls, (int)COUNT, outcomes[0], outcomes[1], outcomes[2], answers[0], answers[1] + answers[2], answers[3],
           entries, failures);
    return failures == 0 ? 0 : 1;
}
