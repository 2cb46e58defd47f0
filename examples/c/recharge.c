/* Charges a campus card through an e-pay web gateway.
 *
 * recharge URL ROOTS.pem PUBLIC_KEY JOURNAL INTENT FEN
 *
 * This gateway has no query. What stays unknown is repeated only if the operator holds to its document
 * (repeat_while_unpaid), else a person looks. Exit codes as redpack.c.
 */
#include "common.h"

static const char *const PARTNER_ID = "10001";
static char secretkey[] = "secretkey";

int main(int argc, char **argv) {
    if (argc != 7) {
        fprintf(stderr, "recharge URL ROOTS.pem PUBLIC_KEY JOURNAL INTENT FEN\n");
        return 2;
    }
    wxt_error *error = NULL;
    wxt_transport *transport = NULL;
    wxt_account *account = NULL;
    wxt_till *till = NULL;
    wxt_request *request = NULL;
    size_t length = 0;

    must(wxt_transport_new(&transport, &error), &error, "transport");
    unsigned char *file = read_file(argv[2], &length);
    must(wxt_transport_set_roots(transport, file, length, &error), &error, argv[2]);
    free(file);

    must(wxt_account_new(WXT_WEBGATE, &account, &error), &error, "account");
    set_account(account, "host", argv[1]);
    set_account(account, "partner_id", PARTNER_ID);
    must(wxt_account_set_secret(account, "secretkey", (const uint8_t *)secretkey, strlen(secretkey), &error), &error,
         "secretkey");
    forget(secretkey, strlen(secretkey));
    /* The operator's key, handed over offline: PEM, DER, or base64 as operators mail it. */
    file = read_file(argv[3], &length);
    must(wxt_account_set_public_key(account, WXT_RSA_SHA1, file, length, &error), &error, argv[3]);
    free(file);
    must(wxt_till_open(argv[4], 7, NULL, &till, &error), &error, argv[4]);
    must(wxt_till_add(till, account, transport, 0, &error), &error, "add the account");
    wxt_account_free(account);
    wxt_transport_free(transport);

    must(wxt_request_new(WXT_WXCHARGE, &request, &error), &error, "request");
    set(request, "openid", "oWebgateStudent0000000000001");
    set(request, "netid", "ab1234");
    set(request, "remark", "校园卡充值");
    must(wxt_request_set_fen(request, "amount", strtol(argv[6], NULL, 10), &error), &error, "FEN");

    wxt_outcome outcome = WXT_UNKNOWN;
    wxt_reply *reply = NULL;
    int exit_code = 2;
    if (wxt_till_pay(till, argv[5], request, NULL, &outcome, &reply, &error) != WXT_DONE) {
        printf("not sent: %s\n", wxt_error_message(error));
    } else if (outcome == WXT_ACCEPTED) {
        /* The document does not say that the card is credited already: tell the customer so. */
        printf("charged: %s\n", wxt_reply_order_number(reply));
        exit_code = wxt_till_acknowledge(till, wxt_reply_entry(reply), wxt_reply_revision(reply), &error) == WXT_DONE ? 0 : 2;
    } else if (outcome == WXT_DECLINED) {
        printf("not charged: retcode %s %s\n", wxt_reply_code(reply), wxt_reply_text(reply));
        exit_code = 1;
    } else {
        printf("not known: %s\n", wxt_reply_message(reply));
        exit_code = 3;
    }
    wxt_error_free(error);
    wxt_reply_free(reply);
    wxt_request_free(request);
    wxt_till_free(till);
    return exit_code;
}
