/* One red packet, as the tests of a process need it: the transport, the account, the request. */
#ifndef REDPACK_H
#define REDPACK_H

#include "../../examples/c/common.h"

static inline wxt_transport *redpack_transport(const char *roots, const char *p12) {
    wxt_transport *transport = NULL;
    wxt_error *error = NULL;
    size_t length = 0;
    unsigned char *file = read_file(p12, &length);
    must(wxt_transport_new(&transport, &error), &error, "transport");
    must(wxt_transport_set_p12(transport, file, length, (const uint8_t *)"1900000109", 10, &error), &error, "p12");
    free(file);
    file = read_file(roots, &length);
    must(wxt_transport_set_roots(transport, file, length, &error), &error, "roots");
    free(file);
    return transport;
}

static inline wxt_account *redpack_account(const char *host) {
    static const char key[] = "0123456789abcdef0123456789ABCDEF";
    wxt_account *account = NULL;
    wxt_error *error = NULL;
    must(wxt_account_new(WXT_REDPACK, &account, &error), &error, "account");
    set_account(account, "mch_id", "1900000109");
    set_account(account, "wxappid", "wx8888888888888888");
    set_account(account, "host", host);
    must(wxt_account_set_secret(account, "key", (const uint8_t *)key, strlen(key), &error), &error, "key");
    return account;
}

static inline wxt_request *redpack_request(int64_t fen) {
    wxt_request *request = NULL;
    wxt_error *error = NULL;
    must(wxt_request_new(WXT_SEND_REDPACK, &request, &error), &error, "request");
    set(request, "send_name", "n");
    set(request, "re_openid", "onqOjjmM1tad-3ROpncN-yUfa6uI");
    set(request, "wishing", "w");
    set(request, "client_ip", "192.168.0.1");
    set(request, "act_name", "a");
    set(request, "remark", "r");
    must(wxt_request_set_fen(request, "total_amount", fen, &error), &error, "amount");
    return request;
}

#endif
