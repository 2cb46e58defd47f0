/* What a terminal does after a power cut: asks what became of every open payment, and acts on each.
 *
 * recover URL ROOTS.pem apiclient_cert.p12 JOURNAL [PATIENCE_SECONDS]
 *
 * It only asks; it moves no money. Exit code 0: nothing is open. 3: something still is.
 */
#include "common.h"

static const char *const MCH_ID = "1900000109";
static const char *const WXAPPID = "wx8888888888888888";
static char key[] = "0123456789abcdef0123456789ABCDEF";

struct desk {
    wxt_till *till;
    int still_open;
};

/* Called once for each entry that is not acknowledged. The entry ends with the call. */
static void each(void *context, const wxt_entry *entry) {
    struct desk *desk = (struct desk *)context;
    wxt_error *error = NULL;
    int acted = 0;
    printf("%s, %ld fen, %s: ", wxt_entry_intent(entry), (long)wxt_entry_fen(entry), wxt_entry_order_number(entry));
    switch (wxt_entry_state_of(entry)) {
    case WXT_ENTRY_ACCEPTED:
    case WXT_ENTRY_PAID_BY_HAND:
        printf("paid\n");
        /* Print the ticket that was never printed. */
        acted = 1;
        break;
    case WXT_ENTRY_PAID_LATE:
        printf("paid after it was given up: give it back, or keep it\n");
        acted = 1;
        break;
    case WXT_ENTRY_DECLINED:
    case WXT_ENTRY_NOT_SENT:
    case WXT_ENTRY_UNPAID_BY_HAND:
        printf("not paid %s %s\n", wxt_entry_code(entry), wxt_entry_text(entry));
        acted = 1;
        break;
    case WXT_ENTRY_FOR_A_PERSON:
        /* Look at the merchant platform, then wxt_till_settle_by_hand(till, id, WXT_FOUND_PAID, "张三", "平台查到已支付"). */
        printf("a person must look: %s\n", wxt_entry_message(entry));
        desk->still_open++;
        break;
    default:
        /* Open, an order that waits for its customer, and whatever a later version adds. */
        printf("not known yet: %s\n", wxt_entry_message(entry));
        desk->still_open++;
        break;
    }
    if (acted && wxt_till_acknowledge(desk->till, wxt_entry_id(entry), wxt_entry_revision(entry), &error) != WXT_DONE) {
        /* It is reported again next time. */
        printf("  %s\n", wxt_error_message(error));
        wxt_error_free(error);
        desk->still_open++;
    }
}

int main(int argc, char **argv) {
    if (argc != 5 && argc != 6) {
        fprintf(stderr, "recover URL ROOTS.pem apiclient_cert.p12 JOURNAL [PATIENCE_SECONDS]\n");
        return 2;
    }
    wxt_error *error = NULL;
    wxt_transport *transport = NULL;
    wxt_account *account = NULL;
    wxt_options *options = NULL;
    struct desk desk = {NULL, 0};
    size_t length = 0;

    must(wxt_transport_new(&transport, &error), &error, "transport");
    unsigned char *file = read_file(argv[2], &length);
    must(wxt_transport_set_roots(transport, file, length, &error), &error, argv[2]);
    free(file);
    file = read_file(argv[3], &length);
    must(wxt_transport_set_p12(transport, file, length, (const uint8_t *)MCH_ID, strlen(MCH_ID), &error), &error,
         argv[3]);
    free(file);
    must(wxt_account_new(WXT_REDPACK, &account, &error), &error, "account");
    set_account(account, "mch_id", MCH_ID);
    set_account(account, "wxappid", WXAPPID);
    set_account(account, "host", argv[1]);
    must(wxt_account_set_secret(account, "key", (const uint8_t *)key, strlen(key), &error), &error, "key");
    forget(key, strlen(key));
    must(wxt_till_open(argv[4], 7, NULL, &desk.till, &error), &error, argv[4]);
    must(wxt_till_add(desk.till, account, transport, 0, &error), &error, "add the account");
    wxt_account_free(account);
    wxt_transport_free(transport);

    must(wxt_options_new(&options, &error), &error, "options");
    must(wxt_options_set_patience(options, 1000 * (argc == 6 ? strtol(argv[5], NULL, 10) : 20), &error), &error,
         "patience");
    must(wxt_till_recover(desk.till, options, each, &desk, &error), &error, "recover");
    printf("%d still open\n", desk.still_open);
    wxt_options_free(options);
    wxt_till_free(desk.till);
    return desk.still_open == 0 ? 0 : 3;
}
