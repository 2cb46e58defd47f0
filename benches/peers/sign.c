/* Signs and writes the red packet of document 1 by hand, with OpenSSL: `sign`. Prints the body, then serves timings. */
#include "fields.h"

static const char KEY[] = "0123456789abcdef0123456789ABCDEF";
/* What a random source gave: the same bytes as the library's in its benchmark, so that the bodies are equal. */
static unsigned char random_bytes[32];
static char body[2048];
static size_t body_length;

/* &, < and > as XML wants them. */
static char *escape(char *out, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        switch (text[i]) {
        case '&': out = put(out, "&amp;", 5); break;
        case '<': out = put(out, "&lt;", 4); break;
        case '>': out = put(out, "&gt;", 4); break;
        default: *out++ = text[i];
        }
    }
    return out;
}

static char *element(char *out, const char *name, size_t name_length, const char *value, size_t value_length)
{
    *out++ = '<';
    out = put(out, name, name_length);
    *out++ = '>';
    out = escape(out, value, value_length);
    *out++ = '<';
    *out++ = '/';
    out = put(out, name, name_length);
    *out++ = '>';
    return out;
}

static struct field text_field(const char *name, const char *value)
{
    struct field made = {name, value, strlen(name), strlen(value)};
    return made;
}

static int run(void)
{
    static const char ALPHABET[] = "0123456789abcdefghjkmnpqrstuvwxy";
    char nonce[33], total_amount[12], total_num[12], sign[33], *out;
    struct field fields[13], sorted[13];
    size_t count = 0, length = 0;
    unsigned char drawn[32];

    memcpy(drawn, random_bytes, sizeof drawn);
    for (size_t i = 0; i < sizeof drawn; i++)
        nonce[i] = ALPHABET[drawn[i] & 31];
    nonce[32] = '\0';
    snprintf(total_amount, sizeof total_amount, "%u", 200u);
    snprintf(total_num, sizeof total_num, "%u", 1u);

    fields[count++] = text_field("mch_billno", "0010010404201411170000046545");
    fields[count++] = text_field("mch_id", "888");
    fields[count++] = text_field("wxappid", "wxcbda96de0b165486");
    fields[count++] = text_field("send_name", "send_name");
    fields[count++] = text_field("re_openid", "onqOjjmM1tad-3ROpncN-yUfa6uI");
    fields[count++] = text_field("total_amount", total_amount);
    fields[count++] = text_field("total_num", total_num);
    fields[count++] = text_field("wishing", "恭喜发财");
    fields[count++] = text_field("client_ip", "127.0.0.1");
    fields[count++] = text_field("act_name", "新年红包");
    fields[count++] = text_field("remark", "新年红包");
    fields[count++] = text_field("nonce_str", nonce);

    memcpy(sorted, fields, count * sizeof *fields);
    if (!signature(sorted, count, KEY, sign))
        return 0;
    fields[count++] = text_field("sign", sign);
    for (size_t i = 0; i < count; i++)
        length += 2 * fields[i].name_length + 5 * fields[i].value_length + 5;
    if (length + 11 > sizeof body)
        return 0;
    out = put(body, "<xml>", 5);
    for (size_t i = 0; i < count; i++)
        out = element(out, fields[i].name, fields[i].name_length, fields[i].value, fields[i].value_length);
    out = put(out, "</xml>", 6);
    body_length = (size_t)(out - body);
    return 1;
}

int main(void)
{
    prepare_digest();
    memset(random_bytes, 7, sizeof random_bytes);
    if (!run())
        return 2;
    printf("%.*s\n", (int)body_length, body);
    fflush(stdout);
    return serve(run);
}
