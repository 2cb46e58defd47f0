/* The till of the programs at the counter: payment codes, orders by QR, refunds. Your numbers and your keys go here.
 *
 * WXPAY_GATEWAY=swiftpass in the environment: at a Swiftpass-type gateway, where the URL is complete, with the gateway's path, and the
 * .p12 is not read. Otherwise at WeChat's own.
 */
#ifndef COUNTER_H
#define COUNTER_H

#include "common.h"

static const char *const MCH_ID = "1900000109";
static char key[] = "0123456789abcdef0123456789ABCDEF";
static const char *const SWIFTPASS_MCH_ID = "7551000001";
static char swiftpass_key[] = "9d101c97133837e13dde2d32a5054abb";

static inline int is_swiftpass(void) {
    const char *gateway = getenv("WXPAY_GATEWAY");
    return gateway != NULL && strcmp(gateway, "swiftpass") == 0;
}

/* What a till and a client are made with. `p12`: NULL where nothing is taken back and nothing refunded. */
static inline void the_account(const char *url, const char *roots, const char *p12, wxt_account **account,
                               wxt_transport **transport) {
    wxt_error *error = NULL;
    size_t length = 0;
    char *secret = is_swiftpass() ? swiftpass_key : key;

    must(wxt_transport_new(transport, &error), &error, "transport");
    unsigned char *file = read_file(roots, &length);
    must(wxt_transport_set_roots(*transport, file, length, &error), &error, roots);
    free(file);
    /* Taking back and giving back need the merchant's certificate. Without it no payment code is taken either. */
    if (p12 != NULL && !is_swiftpass()) {
        file = read_file(p12, &length);
        must(wxt_transport_set_p12(*transport, file, length, (const uint8_t *)MCH_ID, strlen(MCH_ID), &error), &error, p12);
        free(file);
    }
    must(wxt_account_new(is_swiftpass() ? WXT_SWIFTPASS : WXT_WXPAY, account, &error), &error, "account");
    if (is_swiftpass()) {
        set_account(*account, "url", url);
        set_account(*account, "mch_id", SWIFTPASS_MCH_ID);
    } else {
        set_account(*account, "host", url);
        set_account(*account, "mch_id", MCH_ID);
        set_account(*account, "appid", "wx8888888888888888");
        set_account(*account, "sign_type", "HMAC-SHA256");
    }
    must(wxt_account_set_secret(*account, "key", (const uint8_t *)secret, strlen(secret), &error), &error, "key");
    forget(key, sizeof key);
    forget(swiftpass_key, sizeof swiftpass_key);
}

static inline wxt_till *open_till(const char *url, const char *roots, const char *p12, const char *journal) {
    wxt_error *error = NULL;
    wxt_transport *transport = NULL;
    wxt_account *account = NULL;
    wxt_till *till = NULL;

    the_account(url, roots, p12, &account, &transport);
    must(wxt_till_open(journal, 7, "013467007045764", &till, &error), &error, journal);
    must(wxt_till_add(till, account, transport, 0, &error), &error, "add the account");
    wxt_account_free(account);
    wxt_transport_free(transport);
    return till;
}

#endif
