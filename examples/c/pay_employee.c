/* Pays an employee after an approval, with the real name checked, and shows on the screen what the till is doing.
 *
 * pay_employee URL ROOTS.pem apiclient_cert.pem apiclient_key.pem JOURNAL INTENT FEN
 *
 * SIGINT (the button 取消) ends the waiting: the outcome is what is known by then. Exit codes as redpack.c.
 */
#include <signal.h>

#include "common.h"

static const char *const MCH_ID = "1900000109";
static const char *const CORPID = "wxe062425f740c30d8";
static char key[] = "0123456789abcdef0123456789ABCDEF";
/* The Secret of the payment application (企业支付), not the API key: it makes workwx_sign. */
static char secret[] = "fY3kq_WeComPaySecret-0123456789abcdefghijkl";

/* A cancel may be set from a signal handler, or from another thread. */
static wxt_cancel *cancel = NULL;

static void on_signal(int number) {
    (void)number;
    wxt_cancel_set(cancel, 1);
}

/* Called on the thread that pays: before each step, and about once a second while it waits. */
static void show(void *context, const wxt_progress *progress) {
    static const char *const words[] = {"waiting", "sending", "asking", "sending again"};
    (void)context;
    if (progress->phase >= 0 && progress->phase < 4) {
        printf("  %s (%s)\n", words[progress->phase], progress->order_number);
    }
}

int main(int argc, char **argv) {
    if (argc != 8) {
        fprintf(stderr, "pay_employee URL ROOTS.pem apiclient_cert.pem apiclient_key.pem JOURNAL INTENT FEN\n");
        return 2;
    }
    wxt_error *error = NULL;
    wxt_transport *transport = NULL;
    wxt_account *account = NULL;
    wxt_till *till = NULL;
    wxt_request *request = NULL;
    wxt_options *options = NULL;
    size_t length = 0, key_length = 0;

    must(wxt_transport_new(&transport, &error), &error, "transport");
    unsigned char *roots = read_file(argv[2], &length);
    must(wxt_transport_set_roots(transport, roots, length, &error), &error, argv[2]);
    free(roots);
    unsigned char *certificate = read_file(argv[3], &length);
    unsigned char *private_key = read_file(argv[4], &key_length);
    must(wxt_transport_set_pem(transport, certificate, length, private_key, key_length, &error), &error, argv[3]);
    forget(private_key, key_length);
    free(private_key);
    free(certificate);

    must(wxt_account_new(WXT_WORKWX, &account, &error), &error, "account");
    set_account(account, "mch_id", MCH_ID);
    set_account(account, "appid", CORPID);
    set_account(account, "host", argv[1]);
    must(wxt_account_set_secret(account, "key", (const uint8_t *)key, strlen(key), &error), &error, "key");
    must(wxt_account_set_secret(account, "secret", (const uint8_t *)secret, strlen(secret), &error), &error, "secret");
    forget(key, strlen(key));
    forget(secret, strlen(secret));
    must(wxt_till_open(argv[5], 7, "013467007045764", &till, &error), &error, argv[5]);
    must(wxt_till_add(till, account, transport, 0, &error), &error, "add the account");
    wxt_account_free(account);
    wxt_transport_free(transport);

    must(wxt_request_new(WXT_PAY_EMPLOYEE, &request, &error), &error, "request");
    set(request, "openid", "oxTWIuGaIt6gTKsQRLau2M0yL16E");
    set(request, "check_name", "FORCE_CHECK");
    set(request, "re_user_name", "马花花");
    set(request, "desc", "六月出差报销费用");
    set(request, "spbill_create_ip", "192.168.0.1");
    set(request, "act_name", "产品部门报销");
    set(request, "ww_msg_type", "APPROVAL_MSG");
    set(request, "approval_number", "201705160008");
    set(request, "approval_type", "1");
    must(wxt_request_set_fen(request, "amount", strtol(argv[7], NULL, 10), &error), &error, "FEN");

    must(wxt_cancel_new(&cancel, &error), &error, "cancel");
    signal(SIGINT, on_signal);
    must(wxt_options_new(&options, &error), &error, "options");
    must(wxt_options_set_patience(options, 60000, &error), &error, "patience");
    must(wxt_options_set_progress(options, show, NULL, &error), &error, "progress");
    must(wxt_options_set_cancel(options, cancel, &error), &error, "cancel");

    wxt_outcome outcome = WXT_UNKNOWN;
    wxt_reply *reply = NULL;
    int exit_code = 2;
    if (wxt_till_pay(till, argv[6], request, options, &outcome, &reply, &error) != WXT_DONE) {
        printf("not sent: %s\n", wxt_error_message(error));
    } else if (outcome == WXT_ACCEPTED) {
        const char *payment_no = wxt_reply_get(reply, "payment_no");
        printf("paid: %s, payment_no %s\n", wxt_reply_order_number(reply), payment_no ? payment_no : "(from the query)");
        exit_code = wxt_till_acknowledge(till, wxt_reply_entry(reply), wxt_reply_revision(reply), &error) == WXT_DONE ? 0 : 2;
    } else if (outcome == WXT_DECLINED) {
        /* NOTENOUGH, NAME_MISMATCH and others are asked about first: here they are proven. */
        printf("not paid: %s %s\n", wxt_reply_code(reply), wxt_reply_text(reply));
        exit_code = 1;
    } else {
        printf("not known yet: %s\n", wxt_reply_message(reply));
        exit_code = 3;
    }
    wxt_error_free(error);
    wxt_reply_free(reply);
    wxt_options_free(options);
    wxt_request_free(request);
    wxt_till_free(till);
    signal(SIGINT, SIG_DFL);
    wxt_cancel_free(cancel);
    return exit_code;
}
