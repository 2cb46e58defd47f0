/* The client without a till, at all four gateways of the simulator: check, prepare, send, ask, close, and the offline tools.
 *
 * client URL ROOTS.pem apiclient_cert.p12 PUBLIC_KEY
 * client --notification URL FILE NUMBER FEN
 */
#include "../../examples/c/common.h"

static int failures = 0;

#define EXPECT(what)                                                                                                  \
    do {                                                                                                              \
        if (!(what)) {                                                                                                \
            failures++;                                                                                               \
            fprintf(stderr, "line %d: %s\n", __LINE__, #what);                                                        \
        }                                                                                                             \
    } while (0)

static void secret(wxt_account *account, const char *name, const char *value) {
    wxt_error *error = NULL;
    must(wxt_account_set_secret(account, name, (const uint8_t *)value, strlen(value), &error), &error, name);
}

static wxt_account *account_of(int gateway, const char *url, const char *public_key) {
    wxt_error *error = NULL;
    wxt_account *account = NULL;
    char complete[512];
    must(wxt_account_new(gateway, &account, &error), &error, "account");
    switch (gateway) {
    case WXT_REDPACK:
        set_account(account, "mch_id", "1900000109");
        set_account(account, "wxappid", "wx8888888888888888");
        set_account(account, "host", url);
        secret(account, "key", "0123456789abcdef0123456789ABCDEF");
        break;
    case WXT_WORKWX:
        set_account(account, "mch_id", "1900000109");
        set_account(account, "appid", "wxe062425f740c30d8");
        set_account(account, "host", url);
        secret(account, "key", "0123456789abcdef0123456789ABCDEF");
        secret(account, "secret", "fY3kq_WeComPaySecret-0123456789abcdefghijkl");
        break;
    case WXT_WXPAY:
        set_account(account, "mch_id", "1900000109");
        set_account(account, "appid", "wx8888888888888888");
        set_account(account, "sub_mch_id", "1900000100");
        set_account(account, "sign_type", "HMAC-SHA256");
        set_account(account, "host", url);
        secret(account, "key", "0123456789abcdef0123456789ABCDEF");
        break;
    case WXT_SWIFTPASS:
        snprintf(complete, sizeof complete, "%s/pay/gateway", url);
        set_account(account, "url", complete);
        set_account(account, "mch_id", "7551000001");
        set_account(account, "sub_appid", "wx2421b1c4370ec43b");
        secret(account, "key", "9d101c97133837e13dde2d32a5054abb");
        break;
    default:
        set_account(account, "host", url);
        set_account(account, "partner_id", "10001");
        secret(account, "secretkey", "secretkey");
        if (public_key != NULL) {
            size_t length = 0;
            unsigned char *file = read_file(public_key, &length);
            must(wxt_account_set_public_key(account, WXT_RSA_SHA1, file, length, &error), &error, public_key);
            free(file);
        }
        break;
    }
    return account;
}

static wxt_client *client_of(int gateway, const char *url, const char *public_key, const wxt_transport *transport) {
    wxt_error *error = NULL;
    wxt_client *client = NULL;
    wxt_account *account = account_of(gateway, url, public_key);
    must(wxt_client_new(account, "013467007045764", transport, 20000, &client, &error), &error, "client");
    wxt_account_free(account);
    return client;
}

static wxt_request *request_of(int call, const char *const *fields, const char *amount, long fen) {
    wxt_error *error = NULL;
    wxt_request *request = NULL;
    must(wxt_request_new(call, &request, &error), &error, "request");
    for (; fields[0] != NULL; fields += 2) {
        set(request, fields[0], fields[1]);
    }
    if (amount != NULL) {
        must(wxt_request_set_fen(request, amount, fen, &error), &error, amount);
    }
    return request;
}

static void check(const wxt_client *client) {
    wxt_error *error = NULL;
    wxt_report *report = NULL;
    size_t at;
    must(wxt_client_check(client, &report, &error), &error, "check");
    EXPECT(wxt_report_is_good(report) == 1 && wxt_report_count(report) >= 4);
    for (at = 0; at < wxt_report_count(report); at++) {
        EXPECT(wxt_report_text(report, at)[0] != '\0' && wxt_report_text_zh(report, at)[0] != '\0');
        EXPECT(wxt_report_part(report, at) != WXT_PART_OTHER && wxt_report_verdict(report, at) != WXT_BAD);
    }
    EXPECT(wxt_report_part(report, 0) == WXT_PART_CLOCK);
    wxt_report_free(report);
}

/* Prepares, sends, and sends again. */
static void pay(const wxt_client *client, wxt_request *request, const char *number, const char *proof) {
    wxt_error *error = NULL;
    wxt_prepared *prepared = NULL;
    wxt_reply *reply = NULL;
    wxt_outcome outcome = WXT_UNKNOWN;
    must(wxt_client_prepare(client, request, &prepared, &error), &error, number);
    EXPECT(strcmp(wxt_prepared_order_number(prepared), number) == 0 && wxt_prepared_is_marked(prepared) == 0);
    must(wxt_client_send(client, prepared, &outcome, &reply, &error), &error, number);
    /* An order is no payment yet. */
    EXPECT(outcome == (proof != NULL && strstr(proof, "_url") != NULL ? WXT_ORDERED : WXT_ACCEPTED));
    EXPECT(wxt_reply_outcome(reply) == outcome);
    EXPECT(strcmp(wxt_reply_order_number(reply), number) == 0 && wxt_reply_entry(reply) == 0);
    if (outcome != WXT_ACCEPTED && outcome != WXT_ORDERED) {
        fprintf(stderr, "%s: %s\n", number, wxt_reply_message(reply));
    } else if (proof != NULL) {
        EXPECT(wxt_reply_get(reply, proof) != NULL && wxt_reply_get(reply, proof)[0] != '\0');
    }
    EXPECT(wxt_prepared_is_marked(prepared) == 1);
    wxt_reply_free(reply);
    wxt_prepared_free(prepared);
    wxt_request_free(request);
}

static wxt_answer ask(const wxt_client *client, wxt_request *request, int closes, const char *field, const char *value) {
    wxt_error *error = NULL;
    wxt_reply *reply = NULL;
    wxt_answer answer = WXT_NO_ANSWER;
    wxt_code code = closes ? wxt_client_close(client, request, &answer, &reply, &error)
                           : wxt_client_ask(client, request, &answer, &reply, &error);
    must(code, &error, "ask");
    if (field != NULL) {
        const char *have = wxt_reply_get(reply, field);
        EXPECT(answer == WXT_KNOWN && have != NULL && strcmp(have, value) == 0);
    }
    EXPECT(wxt_reply_outcome(reply) == WXT_UNKNOWN);
    wxt_reply_free(reply);
    wxt_request_free(request);
    return answer;
}

/* The sign_type that does not belong there, and a signature that does not fit. The strings are those of the document's rule:
 * fields with a value, sorted, without sign. */
static void explain(void) {
    static const char key[] = "192006250b4c09247ec02edce69f6a2d";
    wxt_field fields[3];
    wxt_error *error = NULL;
    wxt_explanation *explanation = NULL;
    size_t at, found = 0;
    fields[0].name = "mch_id";
    fields[0].value = (const uint8_t *)"888";
    fields[0].length = 3;
    fields[1].name = "sign_type";
    fields[1].value = (const uint8_t *)"MD5";
    fields[1].length = 3;
    fields[2].name = "act_name";
    fields[2].value = (const uint8_t *)"\xd0\xc2\xc4\xea"; /* 新年 in GBK */
    fields[2].length = 4;
    must(wxt_explain(WXT_SEND_REDPACK, fields, 3, (const uint8_t *)key, 32, "ABC", &explanation, &error), &error, "explain");
    EXPECT(wxt_explanation_agrees(explanation) == WXT_DISAGREES);
    EXPECT(strstr(wxt_explanation_string(explanation), "mch_id=888&sign_type=MD5&key=****") != NULL);
    EXPECT(strstr(wxt_explanation_string(explanation), key) == NULL);
    for (at = 0; at < wxt_explanation_count(explanation); at++) {
        const char *field = wxt_explanation_field(explanation, at);
        EXPECT(wxt_explanation_text(explanation, at)[0] != '\0' && wxt_explanation_text_zh(explanation, at)[0] != '\0');
        found += strcmp(field, "sign_type") == 0 || strcmp(field, "act_name") == 0;
    }
    EXPECT(found == 2);
    wxt_explanation_free(explanation);
    must(wxt_explain_workwx_sign(fields, 1, (const uint8_t *)key, 32, NULL, &explanation, &error), &error, "workwx_sign");
    EXPECT(wxt_explanation_agrees(explanation) == WXT_NOT_COMPARED && wxt_explanation_count(explanation) >= 7);
    wxt_explanation_free(explanation);
}

static int32_t on_the_disk(void *context, const wxt_reply *paid) {
    EXPECT(wxt_reply_get(paid, "transaction_id") != NULL);
    return *(int32_t *)context;
}

/* A notification of the simulator, from a file. */
static void notification(const char *url, const char *path, const char *number, long fen) {
    size_t length = 0;
    unsigned char *body = read_file(path, &length);
    wxt_error *error = NULL;
    wxt_transport *transport = NULL;
    wxt_client *client;
    int round;
    must(wxt_transport_new(&transport, &error), &error, "transport");
    client = client_of(WXT_SWIFTPASS, url, NULL, transport);
    for (round = 0; round < 4; round++) {
        wxt_notification *read = NULL;
        wxt_reply *paid = NULL;
        const char *answer = NULL;
        /* Another amount; not recorded; recorded; and a changed byte. */
        int32_t recorded = round == 2 ? WXT_RECORDED : WXT_NOT_RECORDED;
        long amount = round == 0 ? fen + 1 : fen;
        wxt_code code;
        if (round == 3) {
            body[length / 2] ^= 1;
            EXPECT(wxt_client_notification(client, body, length, &read, &error) == WXT_FAILED && read == NULL);
            EXPECT(wxt_error_kind_of(error) == WXT_ERROR_NOTIFICATION);
            wxt_error_free(error);
            break;
        }
        must(wxt_client_notification(client, body, length, &read, &error), &error, "notification");
        EXPECT(strcmp(wxt_notification_order_number(read), number) == 0);
        code = wxt_notification_confirm(read, number, amount, on_the_disk, &recorded, &paid, &answer, &error);
        EXPECT((code == WXT_DONE) == (round == 2));
        EXPECT(code == WXT_DONE ? paid != NULL && strcmp(answer, "success") == 0 : paid == NULL && answer == NULL);
        wxt_error_free(error);
        error = NULL;
        wxt_reply_free(paid);
        wxt_notification_free(read);
    }
    free(body);
    wxt_client_free(client);
    wxt_transport_free(transport);
}

/* The red packets beside sendredpack. What leaves no choice is there already; what excludes something is refused. */
static void red_packets(wxt_client *merchant, wxt_client *company) {
    static const char *const group[] = {"mch_billno", "C0006", "send_name", "a", "re_openid", "onqOjjmM1tad-3ROpncN-yUfa6uI",
                                        "total_num", "3", "wishing", "a", "act_name", "a", "remark", "a", NULL};
    static const char *const pair[] = {"mch_billno", "C0006", "send_name", "a", "re_openid", "onqOjjmM1tad-3ROpncN-yUfa6uI",
                                       "total_num", "2", "wishing", "a", "act_name", "a", "remark", "a", NULL};
    static const char *const program[] = {"mch_billno", "C0007", "send_name", "a", "re_openid", "onqOjjmM1tad-3ROpncN-yUfa6uI",
                                          "wishing", "a", "act_name", "a", "remark", "a", NULL};
    static const char *const named[] = {"mch_billno", "C0008", "sender_name", "a", "re_openid", "onqOjjmM1tad-3ROpncN-yUfa6uI",
                                        "wishing", "a", "act_name", "a", "remark", "a", NULL};
    static const char *const of_group[] = {"mch_billno", "C0006", NULL};
    static const char *const of_named[] = {"mch_billno", "C0008", NULL};
    static const char *const wrong[][2] = {{"amt_type", "ALL_SAME"}, {"notify_way", "SMS"}, {"agentid", "1"}};
    wxt_request *requests[4];
    wxt_prepared *prepared = NULL;
    size_t at;
    pay(merchant, request_of(WXT_SEND_GROUP_REDPACK, group, "total_amount", 1000), "C0006", "send_listid");
    ask(merchant, request_of(WXT_GET_HB_INFO, of_group, NULL, 0), 0, "hb_type", "GROUP");
    pay(merchant, request_of(WXT_SEND_MINIPROGRAM_HB, program, "total_amount", 200), "C0007", "package");
    pay(company, request_of(WXT_SEND_WORKWX_REDPACK, named, "total_amount", 200), "C0008", "send_listid");
    ask(company, request_of(WXT_QUERY_WORKWX_REDPACK, of_named, NULL, 0), 0, "total_amount", "200");
    requests[0] = request_of(WXT_SEND_GROUP_REDPACK, group, "total_amount", 1000);
    requests[1] = request_of(WXT_SEND_MINIPROGRAM_HB, program, "total_amount", 200);
    requests[2] = request_of(WXT_SEND_WORKWX_REDPACK, named, "total_amount", 200);
    requests[3] = request_of(WXT_SEND_GROUP_REDPACK, pair, "total_amount", 1000);
    for (at = 0; at < 4; at++) {
        wxt_error *error = NULL;
        if (at < 3) {
            must(wxt_request_set(requests[at], wrong[at][0], wrong[at][1], &error), &error, wrong[at][0]);
        }
        EXPECT(wxt_client_prepare(at == 2 ? company : merchant, requests[at], &prepared, &error) != WXT_DONE);
        EXPECT(prepared == NULL && strstr(wxt_error_message(error), at < 3 ? wrong[at][0] : "total_num") != NULL);
        wxt_error_free(error);
        wxt_request_free(requests[at]);
    }
}

int main(int argc, char **argv) {
    static const char *const redpack[] = {"mch_billno", "C0001", "send_name", "a", "re_openid",
                                          "onqOjjmM1tad-3ROpncN-yUfa6uI", "wishing", "a", "client_ip", "192.168.0.1",
                                          "act_name", "a", "remark", "a", NULL};
    static const char *const hb[] = {"mch_billno", "C0001", NULL};
    static const char *const employee[] = {"partner_trade_no", "C0002", "openid", "ohO4Gt7wVPxIT1A9GjFaMYMiZY1s",
                                           "check_name", "NO_CHECK", "desc", "a", "spbill_create_ip", "192.168.0.1",
                                           "ww_msg_type", "NORMAL_MSG", "act_name", "a", NULL};
    static const char *const transfer[] = {"partner_trade_no", "C0002", NULL};
    static const char *const order[] = {"out_trade_no", "C0003", "body", "a", "mch_create_ip", "127.0.0.1", "notify_url",
                                        "http://localhost/", "sub_openid", "oSwiftpassCustomer0000000001", NULL};
    static const char *const trade[] = {"out_trade_no", "C0003", NULL};
    static const char *const native[] = {"out_trade_no", "C00000005", "body", "a", "spbill_create_ip", "127.0.0.1",
                                         "notify_url", "https://pay.example/notify", "product_id", "1", NULL};
    static const char *const by_number[] = {"out_trade_no", "C00000005", NULL};
    static const char *const no_number[] = {"out_trade_no", "C00009999", NULL};
    static const char *const nobody[] = {"out_trade_no", "C9999", NULL};
    static const char *const charge[] = {"out_trade_no", "C0004", "openid", "oWebgateStudent0000000000001", "netid", "ab1234",
                                         NULL};
    wxt_error *error = NULL;
    wxt_transport *transport = NULL;
    wxt_client *clients[6];
    size_t length = 0;
    int gateway;
    if (argc == 6 && strcmp(argv[1], "--notification") == 0) {
        notification(argv[2], argv[3], argv[4], strtol(argv[5], NULL, 10));
        printf("client: notification, %d failures\n", failures);
        return failures == 0 ? 0 : 1;
    }
    if (argc != 5) {
        fprintf(stderr, "client URL ROOTS.pem apiclient_cert.p12 PUBLIC_KEY\n");
        return 2;
    }
    explain();
    must(wxt_transport_new(&transport, &error), &error, "transport");
    unsigned char *file = read_file(argv[2], &length);
    must(wxt_transport_set_roots(transport, file, length, &error), &error, argv[2]);
    free(file);
    file = read_file(argv[3], &length);
    /* The words of a wrong password are not those of a file that is none. */
    EXPECT(wxt_transport_set_p12(transport, file, length, (const uint8_t *)"wrong", 5, &error) == WXT_FAILED);
    EXPECT(wxt_error_kind_of(error) == WXT_ERROR_IDENTITY && strstr(wxt_error_message(error), "password") != NULL);
    wxt_error_free(error);
    error = NULL;
    must(wxt_transport_set_p12(transport, file, length, (const uint8_t *)"1900000109", 10, &error), &error, argv[3]);
    free(file);
    for (gateway = WXT_REDPACK; gateway <= WXT_WXPAY; gateway++) {
        clients[gateway] = client_of(gateway, argv[1], argv[4], transport);
        check(clients[gateway]);
    }
    /* The transport is in use: its settings stay. */
    EXPECT(wxt_transport_set_proxy(transport, "127.0.0.1", 1, NULL) == WXT_BAD_ARGUMENT);
    wxt_transport_free(transport);

    /* A connection made beforehand: the payment comes out as without. */
    EXPECT(wxt_client_warm(clients[WXT_REDPACK], WXT_IN_THIS_THREAD, NULL) == WXT_DONE);
    EXPECT(wxt_client_warm(clients[WXT_WORKWX], WXT_IN_BACKGROUND, NULL) == WXT_DONE);
    EXPECT(wxt_client_warm(clients[WXT_REDPACK], 2, NULL) == WXT_BAD_ARGUMENT);
    EXPECT(wxt_client_warm(NULL, WXT_IN_THIS_THREAD, NULL) == WXT_BAD_ARGUMENT);
    pay(clients[WXT_REDPACK], request_of(WXT_SEND_REDPACK, redpack, "total_amount", 100), "C0001", "send_listid");
    ask(clients[WXT_REDPACK], request_of(WXT_GET_HB_INFO, hb, NULL, 0), 0, "total_amount", "100");
    red_packets(clients[WXT_REDPACK], clients[WXT_WORKWX]);
    pay(clients[WXT_WORKWX], request_of(WXT_PAY_EMPLOYEE, employee, "amount", 200), "C0002", "payment_no");
    ask(clients[WXT_WORKWX], request_of(WXT_QUERY_PAY_EMPLOYEE, transfer, NULL, 0), 0, "payment_amount", "200");
    pay(clients[WXT_SWIFTPASS], request_of(WXT_WAP_ORDER, order, "total_fee", 300), "C0003", "mweb_url");
    ask(clients[WXT_SWIFTPASS], request_of(WXT_TRADE_QUERY, trade, NULL, 0), 0, "trade_state", "NOTPAY");
    EXPECT(ask(clients[WXT_SWIFTPASS], request_of(WXT_TRADE_QUERY, nobody, NULL, 0), 0, NULL, NULL) == WXT_NOT_KNOWN);
    EXPECT(ask(clients[WXT_SWIFTPASS], request_of(WXT_TRADE_CLOSE, trade, NULL, 0), 1, NULL, NULL) == WXT_KNOWN);
    ask(clients[WXT_SWIFTPASS], request_of(WXT_TRADE_QUERY, trade, NULL, 0), 0, "trade_state", "CLOSED");
    pay(clients[WXT_WEBGATE], request_of(WXT_WXCHARGE, charge, "amount", 400), "C0004", "retcode");

    pay(clients[WXT_WXPAY], request_of(WXT_NATIVE_ORDER, native, "total_fee", 888), "C00000005", "code_url");
    ask(clients[WXT_WXPAY], request_of(WXT_ORDER_QUERY, by_number, NULL, 0), 0, "trade_state", "NOTPAY");
    EXPECT(ask(clients[WXT_WXPAY], request_of(WXT_ORDER_QUERY, no_number, NULL, 0), 0, NULL, NULL) == WXT_NOT_KNOWN);
    EXPECT(ask(clients[WXT_WXPAY], request_of(WXT_CLOSE_ORDER, by_number, NULL, 0), 1, NULL, NULL) == WXT_KNOWN);
    ask(clients[WXT_WXPAY], request_of(WXT_ORDER_QUERY, by_number, NULL, 0), 0, "trade_state", "CLOSED");

    /* A request of another gateway, and a query as a payment. */
    {
        wxt_request *other = request_of(WXT_WXCHARGE, charge, "amount", 400);
        wxt_request *query = request_of(WXT_GET_HB_INFO, hb, NULL, 0);
        wxt_prepared *prepared = NULL;
        EXPECT(wxt_client_prepare(clients[WXT_REDPACK], other, &prepared, NULL) == WXT_BAD_ARGUMENT);
        EXPECT(wxt_client_prepare(clients[WXT_REDPACK], query, &prepared, NULL) == WXT_BAD_ARGUMENT && prepared == NULL);
        wxt_request_free(other);
        wxt_request_free(query);
    }
    for (gateway = WXT_REDPACK; gateway <= WXT_WXPAY; gateway++) {
        wxt_client_free(clients[gateway]);
    }
    printf("client: five gateways, %d failures\n", failures);
    return failures == 0 ? 0 : 1;
}
