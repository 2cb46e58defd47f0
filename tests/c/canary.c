/* Exchanged arguments: a key where a name, a path or a number was wanted comes back in no error, no report and no reply.
 *
 * canary
 */
#include "../../examples/c/common.h"

static const char *const CANARY = "CANARY9f8e7d6c5b4a39281706f5e4d3";
static unsigned failures = 0, told = 0;

static void look(const char *what, const char *text) {
    if (text != NULL && strstr(text, "CANARY") != NULL) {
        failures++;
        fprintf(stderr, "%s repeats it: %s\n", what, text);
    }
}

/* What went wrong, or went well. */
static void code(const char *what, wxt_code said, wxt_error *error) {
    told += said != WXT_DONE;
    look(what, wxt_error_message(error));
    look(what, wxt_error_field(error));
    look(what, wxt_error_message(NULL));
    wxt_error_free(error);
}

#define TELLS(call)                                                                                                   \
    do {                                                                                                              \
        wxt_error *error = NULL;                                                                                      \
        wxt_code said = (call);                                                                                       \
        code(#call, said, error);                                                                                     \
    } while (0)

static const uint8_t *bytes(void) {
    return (const uint8_t *)CANARY;
}

int main(void) {
    const size_t length = strlen(CANARY);
    wxt_transport *transport = NULL;
    wxt_account *account = NULL;
    wxt_client *client = NULL;
    wxt_till *till = NULL;
    wxt_options *options = NULL;
    wxt_explanation *explanation = NULL;
    int gateway, call;
    TELLS(wxt_transport_new(&transport, &error));
    TELLS(wxt_transport_set_p12(transport, bytes(), length, bytes(), length, &error));
    TELLS(wxt_transport_set_pem(transport, bytes(), length, bytes(), length, &error));
    TELLS(wxt_transport_set_roots(transport, bytes(), length, &error));
    TELLS(wxt_transport_set_proxy(transport, CANARY, 0, &error));
    TELLS(wxt_transport_set_proxy(transport, "http://CANARY:secret@proxy", 80, &error));
    for (gateway = 0; gateway < 6; gateway++) {
        TELLS(wxt_account_new(gateway, &account, &error));
        if (account == NULL) continue;
        TELLS(wxt_account_set(account, CANARY, "key", &error));
        TELLS(wxt_account_set_fen(account, CANARY, 1, &error));
        TELLS(wxt_account_set_secret(account, CANARY, (const uint8_t *)"key", 3, &error));
        TELLS(wxt_account_set_public_key(account, WXT_RSA_SHA256, bytes(), length, &error));
        /* A key as the value of each setting: refused or taken, and told by nobody. */
        const char *const names[] = {"mch_id", "wxappid", "appid", "host", "second_host", "url", "sub_appid",
                                     "without_sub_fields", "notifications_suffice", "older_services", "partner_id",
                                     "repeat_while_unpaid"};
        size_t at;
        for (at = 0; at < sizeof names / sizeof names[0]; at++) {
            wxt_account *one = NULL;
            TELLS(wxt_account_new(gateway, &one, &error));
            TELLS(wxt_account_set(one, names[at], CANARY, &error));
            TELLS(wxt_account_set_secret(one, "key", bytes(), length, &error));
            TELLS(wxt_client_new(one, NULL, transport, 0, &client, &error));
            wxt_client_free(client);
            client = NULL;
            wxt_account_free(one);
        }
        TELLS(wxt_client_new(account, CANARY, transport, 0, &client, &error));
        wxt_client_free(client);
        client = NULL;
        wxt_account_free(account);
        account = NULL;
    }
    for (call = 0; call < 10; call++) {
        wxt_request *request = NULL;
        TELLS(wxt_request_new(call, &request, &error));
        if (request == NULL) continue;
        TELLS(wxt_request_set(request, CANARY, "re_openid", &error));
        TELLS(wxt_request_set_fen(request, CANARY, 1, &error));
        TELLS(wxt_request_set(request, "total_amount", CANARY, &error));
        TELLS(wxt_request_set(request, "total_fee", CANARY, &error));
        wxt_request_free(request);
    }
    TELLS(wxt_till_open("/nonexistent/CANARY9f8e/j.db", 7, NULL, &till, &error));
    TELLS(wxt_till_open(CANARY, 70000, NULL, &till, &error));
    TELLS(wxt_till_open("/nonexistent/j.db", 7, "CANARY with blanks", &till, &error));
    TELLS(wxt_options_new(&options, &error));
    TELLS(wxt_options_set_account(options, CANARY, &error));
    wxt_options_free(options);
    wxt_transport_free(transport);
    wxt_explanation_free(explanation);
    if (told < 60) {
        fprintf(stderr, "only %u calls were refused\n", told);
        return 1;
    }
    printf("%u refusals, none repeats its argument\n", told);
    return failures == 0 ? 0 : 1;
}
