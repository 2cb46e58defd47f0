/* Makes a WAP order, hands its URL to the customer, and waits for the gateway's notification or its own question.
 *
 * wap_order URL ROOTS.pem JOURNAL INTENT FEN NOTIFY_PORT
 *
 * The gateway posts the notification to http://127.0.0.1:NOTIFY_PORT/. On a terminal behind a modem no notification
 * arrives: a server takes it there, and the terminal only asks. Exit code 0: paid. 1: refused, or closed unpaid.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common.h"

static const char *const MCH_ID = "7551000001";
static char key[] = "9d101c97133837e13dde2d32a5054abb";
/* Seconds that the customer has. The gateway's default is five minutes. */
enum { CUSTOMER_HAS = 60 };

static int listen_on(uint16_t port) {
    struct sockaddr_in address;
    int on = 1;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 4) != 0) {
        perror("listen");
        exit(2);
    }
    return listener;
}

/* Takes one POST: gives its body to the till, and answers with what the till says. True when the order is paid. */
static int take_notification(wxt_till *till, int listener) {
    static char request[16384];
    size_t have = 0;
    int connection = accept(listener, NULL, NULL);
    char *body = NULL;
    unsigned long length = 0;
    int is_paid = 0;
    while (connection >= 0 && have + 1 < sizeof request) {
        ssize_t got = recv(connection, request + have, sizeof request - 1 - have, 0);
        if (got <= 0) {
            break;
        }
        have += (size_t)got;
        request[have] = '\0';
        body = strstr(request, "\r\n\r\n");
        if (body != NULL) {
            const char *header = strstr(request, "Content-Length:");
            if (header == NULL) {
                header = strstr(request, "content-length:");
            }
            length = header != NULL ? strtoul(header + 15, NULL, 10) : 0;
            body += 4;
            if (have - (size_t)(body - request) >= length) {
                break;
            }
        }
    }
    if (body != NULL) {
        wxt_error *error = NULL;
        wxt_reply *paid = NULL;
        const char *answer = NULL;
        char reply[128];
        /* The answer exists only when the journal has the payment. */
        if (wxt_till_notified(till, (const uint8_t *)body, length, &paid, &answer, &error) == WXT_DONE) {
            printf("notified: %s is paid\n", wxt_reply_order_number(paid));
            is_paid = 1;
        } else {
            printf("a notification is not believed: %s\n", wxt_error_message(error));
            answer = "fail";
        }
        snprintf(reply, sizeof reply,
                 "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %u\r\nConnection: close\r\n\r\n%s",
                 (unsigned)strlen(answer), answer);
        if (send(connection, reply, strlen(reply), 0) < 0) {
            perror("answer");
        }
        wxt_error_free(error);
        wxt_reply_free(paid);
    }
    if (connection >= 0) {
        close(connection);
    }
    return is_paid;
}

/* Asks until the order is paid or the customer's time is over, then closes it. The exit code. */
static int wait_for_customer(wxt_till *till, int listener, const char *order_number) {
    wxt_error *error = NULL;
    wxt_reply *reply = NULL;
    wxt_outcome outcome = WXT_UNKNOWN;
    int second;
    for (second = 0; second < CUSTOMER_HAS; second += 2) {
        struct pollfd waiting;
        waiting.fd = listener;
        waiting.events = POLLIN;
        waiting.revents = 0;
        if (poll(&waiting, 1, 2000) > 0 && !take_notification(till, listener)) {
            continue;
        }
        if (wxt_till_payment_of(till, order_number, NULL, &outcome, &reply, &error) != WXT_DONE) {
            printf("cannot ask: %s\n", wxt_error_message(error));
            wxt_error_free(error);
            error = NULL;
        } else if (outcome == WXT_ACCEPTED) {
            const char *transaction = wxt_reply_get(reply, "transaction_id");
            printf("paid: transaction_id %s\n", transaction ? transaction : "?");
            must(wxt_till_acknowledge(till, wxt_reply_entry(reply), wxt_reply_revision(reply), &error), &error,
                 "acknowledge");
            wxt_reply_free(reply);
            return 0;
        } else if (outcome == WXT_PAID_LATE) {
            printf("paid too late: give it back, or keep it with wxt_till_accept_late\n");
            wxt_reply_free(reply);
            return 1;
        } else if (outcome == WXT_DECLINED) {
            printf("not paid: %s\n", wxt_reply_message(reply));
            wxt_reply_free(reply);
            return 1;
        }
        wxt_reply_free(reply);
        reply = NULL;
    }
    /* The customer went away. Close the order, so that nobody pays it later. */
    if (wxt_till_close(till, order_number, &outcome, &reply, &error) == WXT_DONE && outcome == WXT_ACCEPTED) {
        printf("the customer was faster: paid\n");
    } else {
        printf("closed: %s\n", outcome == WXT_DECLINED ? "nobody can pay it any more" : "not proven, ask again");
    }
    wxt_error_free(error);
    wxt_reply_free(reply);
    return outcome == WXT_ACCEPTED ? 0 : 1;
}

int main(int argc, char **argv) {
    if (argc != 7) {
        fprintf(stderr, "wap_order URL ROOTS.pem JOURNAL INTENT FEN NOTIFY_PORT\n");
        return 2;
    }
    wxt_error *error = NULL;
    wxt_transport *transport = NULL;
    wxt_account *account = NULL;
    wxt_till *till = NULL;
    wxt_request *request = NULL;
    size_t length = 0;
    char url[512];
    char notify_url[64];
    int listener = listen_on((uint16_t)strtol(argv[6], NULL, 10));

    must(wxt_transport_new(&transport, &error), &error, "transport");
    unsigned char *roots = read_file(argv[2], &length);
    must(wxt_transport_set_roots(transport, roots, length, &error), &error, argv[2]);
    free(roots);
    must(wxt_account_new(WXT_SWIFTPASS, &account, &error), &error, "account");
    /* The complete URL of the gateway. */
    snprintf(url, sizeof url, "%s/pay/gateway", argv[1]);
    set_account(account, "url", url);
    set_account(account, "mch_id", MCH_ID);
    set_account(account, "sub_appid", "wx2421b1c4370ec43b");
    must(wxt_account_set_secret(account, "key", (const uint8_t *)key, strlen(key), &error), &error, "key");
    forget(key, strlen(key));
    must(wxt_till_open(argv[3], 7, "013467007045764", &till, &error), &error, argv[3]);
    must(wxt_till_add(till, account, transport, 0, &error), &error, "add the account");
    wxt_account_free(account);
    wxt_transport_free(transport);

    must(wxt_request_new(WXT_WAP_ORDER, &request, &error), &error, "request");
    snprintf(notify_url, sizeof notify_url, "http://127.0.0.1:%s/", argv[6]);
    set(request, "body", "矿泉水");
    set(request, "mch_create_ip", "127.0.0.1");
    set(request, "notify_url", notify_url);
    set(request, "sub_openid", "oSwiftpassCustomer0000000001");
    must(wxt_request_set_fen(request, "total_fee", strtol(argv[5], NULL, 10), &error), &error, "FEN");

    wxt_outcome outcome = WXT_UNKNOWN;
    wxt_reply *reply = NULL;
    int exit_code = 2;
    if (wxt_till_order(till, argv[4], request, NULL, &outcome, &reply, &error) != WXT_DONE) {
        printf("not sent: %s\n", wxt_error_message(error));
    } else if (outcome == WXT_ORDERED) {
        /* Nobody has paid yet. */
        printf("order %s\nlet the customer open %s\n", wxt_reply_order_number(reply), wxt_reply_get(reply, "mweb_url"));
        fflush(stdout);
        exit_code = wait_for_customer(till, listener, wxt_reply_order_number(reply));
    } else if (outcome == WXT_ACCEPTED || outcome == WXT_PAID_LATE) {
        printf("%s: %s\n", outcome == WXT_ACCEPTED ? "paid already" : "paid too late", wxt_reply_order_number(reply));
        exit_code = outcome == WXT_ACCEPTED ? 0 : 1;
    } else if (outcome == WXT_DECLINED) {
        printf("refused: %s %s\n", wxt_reply_code(reply), wxt_reply_text(reply));
        exit_code = 1;
    } else {
        printf("no order yet, ask again with the same intent: %s\n", wxt_reply_message(reply));
        exit_code = 3;
    }
    wxt_error_free(error);
    wxt_reply_free(reply);
    wxt_request_free(request);
    wxt_till_free(till);
    close(listener);
    return exit_code;
}
