/* Sends one red packet, and does what each outcome asks for.
 *
 * redpack URL ROOTS.pem apiclient_cert.p12 JOURNAL INTENT FEN
 *
 * Run it again with the same intent: the packet is not sent twice. Exit code 0: sent. 1: refused. 3: not known yet, run it
 * again with the same intent. 2: nothing was sent.
 */
#include "common.h"

/* Of the simulator. On a terminal they come from its configuration, and the key from protected storage. */
static const char *const MCH_ID = "1900000109";
static const char *const WXAPPID = "wx8888888888888888";
static char key[] = "0123456789abcdef0123456789ABCDEF";
/* Every terminal of a merchant has another one. It is part of every order number. */
static const int TERMINAL_NUMBER = 7;

static wxt_till *open_till(const char *url, const char *roots, const char *p12, const char *journal) {
    wxt_error *error = NULL;
    wxt_transport *transport = NULL;
    wxt_account *account = NULL;
    wxt_till *till = NULL;
    size_t length = 0;

    /* The client certificate from the merchant platform. Its password is the mch_id. */
    must(wxt_transport_new(&transport, &error), &error, "transport");
    unsigned char *file = read_file(p12, &length);
    must(wxt_transport_set_p12(transport, file, length, (const uint8_t *)MCH_ID, strlen(MCH_ID), &error), &error, p12);
    forget(file, length);
    free(file);
    /* Only where the terminal has no CA store, or an old one. */
    file = read_file(roots, &length);
    must(wxt_transport_set_roots(transport, file, length, &error), &error, roots);
    free(file);

    must(wxt_account_new(WXT_REDPACK, &account, &error), &error, "account");
    set_account(account, "mch_id", MCH_ID);
    set_account(account, "wxappid", WXAPPID);
    /* Leave it out: https://api.mch.weixin.qq.com, then https://api2.mch.weixin.qq.com. */
    set_account(account, "host", url);
    must(wxt_account_set_secret(account, "key", (const uint8_t *)key, strlen(key), &error), &error, "key");
    forget(key, strlen(key));

    must(wxt_till_open(journal, TERMINAL_NUMBER, NULL, &till, &error), &error, journal);
    must(wxt_till_add(till, account, transport, 0, &error), &error, "add the account");
    /* The till keeps what it needs. */
    wxt_account_free(account);
    wxt_transport_free(transport);
    return till;
}

/* What a terminal does with an outcome. Returns the exit code. */
static int act(wxt_till *till, wxt_outcome outcome, const wxt_reply *reply) {
    wxt_error *error = NULL;
    switch (outcome) {
    case WXT_ACCEPTED:
        printf("sent: %s, send_listid %s\n", wxt_reply_order_number(reply),
               wxt_reply_get(reply, "send_listid") != NULL ? wxt_reply_get(reply, "send_listid") : "(from the query)");
        /* Here the ticket is printed. Then: */
        if (wxt_till_acknowledge(till, wxt_reply_entry(reply), wxt_reply_revision(reply), &error) != WXT_DONE) {
            /* It will be reported again by recover. The money is as it is. */
            fprintf(stderr, "%s\n", wxt_error_message(error));
            wxt_error_free(error);
        }
        return 0;
    case WXT_DECLINED:
        /* The gateway's own words are for the screen; what to do comes from `next`. */
        printf("refused: %s %s\n", wxt_reply_code(reply), wxt_reply_text(reply));
        switch (wxt_reply_next(reply)) {
        case WXT_SAME_NUMBER:
            printf("mend the cause, then pay the same intent again\n");
            break;
        case WXT_SAME_NUMBER_LATER:
            printf("pay the same intent again in %ld s\n", (long)wxt_reply_wait_seconds(reply));
            break;
        case WXT_NEW_NUMBER:
            printf("pay the same intent again: the till takes a new order number\n");
            break;
        default:
            printf("a person must look\n");
            break;
        }
        return 1;
    default:
        /* The money may have moved. The same intent again, or recover; never another intent. */
        printf("not known yet: %s\n", wxt_reply_message(reply));
        return 3;
    }
}

int main(int argc, char **argv) {
    if (argc != 7) {
        fprintf(stderr, "redpack URL ROOTS.pem apiclient_cert.p12 JOURNAL INTENT FEN\n");
        return 2;
    }
    if (wxt_abi_version() != WXT_ABI_VERSION) {
        fprintf(stderr, "the library is not the one that this program was compiled for\n");
        return 2;
    }
    wxt_till *till = open_till(argv[1], argv[2], argv[3], argv[4]);

    /* Fields by the names of the document. No order number: the till makes it. */
    wxt_error *error = NULL;
    wxt_request *request = NULL;
    must(wxt_request_new(WXT_SEND_REDPACK, &request, &error), &error, "request");
    set(request, "send_name", "天虹百货");
    set(request, "re_openid", "onqOjjmM1tad-3ROpncN-yUfa6uI");
    set(request, "wishing", "恭喜发财");
    set(request, "client_ip", "192.168.0.1");
    set(request, "act_name", "新年红包");
    set(request, "remark", "新年红包");
    must(wxt_request_set_fen(request, "total_amount", strtol(argv[6], NULL, 10), &error), &error, "FEN");

    wxt_outcome outcome = WXT_UNKNOWN;
    wxt_reply *reply = NULL;
    int exit_code = 2;
    if (wxt_till_pay(till, argv[5], request, NULL, &outcome, &reply, &error) == WXT_DONE) {
        exit_code = act(till, outcome, reply);
    } else {
        /* No outcome: WXT_NOT_SENT, and what is wrong. */
        printf("not sent: %s\n", wxt_error_message(error));
    }
    wxt_error_free(error);
    wxt_reply_free(reply);
    wxt_request_free(request);
    wxt_till_free(till);
    return exit_code;
}
