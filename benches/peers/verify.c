/* Reads and verifies a reply by hand, with libxml2 and OpenSSL: `verify FILE KEY`. Prints how many fields it found, then serves timings.
 * The fields of a reply are where libxml2 has them; they are given back with it. */
#include "fields.h"
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <openssl/crypto.h>

enum { MOST = 256 };

static char text[65536];
static int text_length;
static const char *key;
static size_t found;

/* The text of an element without elements in it: NULL where it is anything else. */
static const char *value_of(const xmlNode *element)
{
    const xmlNode *inside = element->children;
    if (!inside)
        return "";
    if (inside->next || (inside->type != XML_TEXT_NODE && inside->type != XML_CDATA_SECTION_NODE))
        return NULL;
    return (const char *)inside->content;
}

static int is_signed(const xmlNode *root)
{
    struct field fields[MOST];
    size_t count = 0;
    const char *given = NULL;
    char expected[33], upper[33];

    if (!root || strcmp((const char *)root->name, "xml") != 0)
        return 0;
    for (const xmlNode *child = root->children; child; child = child->next) {
        const char *value;
        if (child->type != XML_ELEMENT_NODE)
            continue;
        value = value_of(child);
        if (!value || count == MOST || child->properties || child->nsDef || child->ns)
            return 0;
        fields[count].name = (const char *)child->name;
        fields[count].name_length = strlen(fields[count].name);
        fields[count].value = value;
        fields[count].value_length = strlen(value);
        if (strcmp(fields[count].name, "sign") == 0)
            given = value;
        count++;
    }
    if (!given || strlen(given) != 32 || !signature(fields, count, key, expected))
        return 0;
    /* Sorted now: one name twice stands side by side. */
    for (size_t i = 1; i < count; i++)
        if (strcmp(fields[i - 1].name, fields[i].name) == 0)
            return 0;
    for (size_t i = 0; i < 32; i++)
        upper[i] = given[i] >= 'a' && given[i] <= 'f' ? (char)(given[i] - 32) : given[i];
    found = count;
    return CRYPTO_memcmp(upper, expected, 32) == 0;
}

static int run(void)
{
    xmlDoc *document = xmlReadMemory(text, text_length, NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    int good = document && !document->intSubset && is_signed(xmlDocGetRootElement(document));
    xmlFreeDoc(document);
    return good;
}

int main(int count, char **arguments)
{
    FILE *file = count == 3 ? fopen(arguments[1], "rb") : NULL;
    if (!file)
        return 2;
    text_length = (int)fread(text, 1, sizeof text, file);
    fclose(file);
    key = arguments[2];
    prepare_digest();
    xmlInitParser();
    if (!run())
        return 2;
    printf("%zu\n", found);
    fflush(stdout);
    return serve(run);
}
