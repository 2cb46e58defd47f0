/* What every example needs: read a file, stop with words, forget a secret. */
#ifndef COMMON_H
#define COMMON_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wxpay_terminal.h>

/* Ends the program with the library's words unless the call did what it says. For setting up; never for a payment. */
static inline void must(wxt_code code, wxt_error **error, const char *what) {
    if (code == WXT_DONE) {
        return;
    }
    fprintf(stderr, "%s: %s (code %d, kind %d)\n", what, wxt_error_message(*error), (int)code,
            (int)wxt_error_kind_of(*error));
    wxt_error_free(*error);
    exit(2);
}

/* A whole file. The caller frees it. */
static inline unsigned char *read_file(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    unsigned char *bytes = (unsigned char *)malloc(1024 * 1024);
    if (file == NULL || bytes == NULL) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(2);
    }
    *length = fread(bytes, 1, 1024 * 1024, file);
    fclose(file);
    return bytes;
}

/* Overwrites a secret that is no longer needed. `volatile`: the compiler must not drop it. */
static inline void forget(void *secret, size_t length) {
    volatile unsigned char *bytes = (volatile unsigned char *)secret;
    while (length > 0) {
        bytes[--length] = 0;
    }
}

/* A setting of an account, or of a request. */
static inline void set_account(wxt_account *account, const char *name, const char *value) {
    wxt_error *error = NULL;
    must(wxt_account_set(account, name, value, &error), &error, name);
}

static inline void set(wxt_request *request, const char *name, const char *value) {
    wxt_error *error = NULL;
    must(wxt_request_set(request, name, value, &error), &error, name);
}

#endif
