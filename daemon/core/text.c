#include "daemon/core/text.h"

#include <string.h>

#include "daemon/core/utf8.h"

#define NEAREST_MAX 64 /* code points of the longest word that is compared */

size_t utf8_decode(const char *text, size_t n, uint32_t *ret_code)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *byte = (const unsigned char *)text;

    if (n == 0) {
        return 0;
    }
    size_t length = byte[0] < 0x80             ? 1
                    : (byte[0] & 0xe0) == 0xc0 ? 2
                    : (byte[0] & 0xf0) == 0xe0 ? 3
                    : (byte[0] & 0xf8) == 0xf0 ? 4
                                               : 0;

    if (length == 0 || length > n) {
        return 0;
    }
    uint32_t code = length == 1 ? byte[0] : byte[0] & (0xffu >> (length + 1));

    for (size_t i = 1; i < length; i++) {
        if ((byte[i] & 0xc0) != 0x80) {
            return 0;
        }
        code = code << 6 | (byte[i] & 0x3fu);
    }
    if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
        return 0;
    }
    if (ret_code != NULL) {
        *ret_code = code;
    }
    return length;
}

size_t utf8_valid_prefix(const char *text, size_t n)
{
    size_t at = 0;

    while (at < n) {
        size_t step = utf8_decode(text + at, n - at, NULL);

        if (step == 0) {
            break;
        }
        at += step;
    }
    return at;
}

void text_escape(char *ret_text, size_t size, const char *source, const char *keep)
{
    static const char digits[] = "0123456789abcdef";
    size_t n = 0;

    for (; *source != '\0'; source++) {
        unsigned char c = (unsigned char)*source;
        bool is_control = (c < 0x20 || c == 0x7f) && strchr(keep, c) == NULL;

        if (n + (is_control ? 4 : 1) >= size) {
            break;
        }
        if (is_control) {
            const char escaped[] = {'\\', 'x', digits[c >> 4], digits[c & 15]};

            memcpy(ret_text + n, escaped, sizeof(escaped));
            n += sizeof(escaped);
        } else {
            ret_text[n++] = (char)c;
        }
    }
    if (((unsigned char)*source & 0xc0) == 0x80) { /* cut inside a character: it goes */
        while (n > 0 && ((unsigned char)ret_text[n - 1] & 0xc0) == 0x80) {
            n--;
        }
        n -= n > 0;
    }
    ret_text[n] = '\0';
}

bool text_is_utf8(const char *text, size_t n)
{
    return utf8_valid_prefix(text, n) == n;
}

bool text_copy(char *ret_text, size_t size, const char *source)
{
    size_t n = strlen(source);
    bool whole = n < size;

    if (size == 0) {
        return false;
    }
    if (!whole) {
        n = size - 1;
        /* Steps back over continuation bytes, so that no character is cut in two. */
        while (n > 0 && ((unsigned char)source[n] & 0xc0) == 0x80) {
            n--;
        }
    }
    memcpy(ret_text, source, n);
    ret_text[n] = '\0';
    return whole;
}

static bool is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool text_is_id(const char *text)
{
    if (!is_alphanumeric(text[0])) {
        return false;
    }
    size_t n = 1;

    while (is_alphanumeric(text[n]) || text[n] == '.' || text[n] == '_' || text[n] == '-') {
        n++;
    }
    return text[n] == '\0' && n <= 64;
}

/* Code points with ASCII letters in lower case; -1 when too long or not UTF-8. */
static int fold(const char *text, uint32_t ret_codes[NEAREST_MAX])
{
    size_t n = strlen(text);
    int count = 0;

    for (size_t at = 0; at < n;) {
        uint32_t code = 0;
        size_t step = utf8_decode(text + at, n - at, &code);

        if (step == 0 || count == NEAREST_MAX) {
            return -1;
        }
        ret_codes[count] = code >= 'A' && code <= 'Z' ? code + 32 : code;
        count++;
        at += step;
    }
    return count;
}

static int least_of(int a, int b)
{
    return a < b ? a : b;
}

/* Edits (insert, delete, replace, swap two neighbours) from a to b. */
static int edit_distance(const uint32_t *a, int n_a, const uint32_t *b, int n_b)
{
    int row[3][NEAREST_MAX + 1] = {{0}};
    int *before = row[0];
    int *above = row[1];
    int *here = row[2];

    for (int j = 0; j <= n_b; j++) {
        above[j] = j;
    }
    for (int i = 1; i <= n_a; i++) {
        here[0] = i;
        for (int j = 1; j <= n_b; j++) {
            int cost = a[i - 1] == b[j - 1] ? 0 : 1;

            here[j] = least_of(above[j - 1] + cost, least_of(above[j], here[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                here[j] = least_of(here[j], before[j - 2] + 1);
            }
        }
        int *oldest = before;

        before = above;
        above = here;
        here = oldest;
    }
    return above[n_b];
}

const char *text_nearest(const char *text, const char *const *words)
{
    uint32_t wanted[NEAREST_MAX];
    uint32_t codes[NEAREST_MAX];
    int n_wanted = fold(text, wanted);
    const char *nearest = NULL;

    if (n_wanted <= 0) {
        return NULL;
    }
    int best = n_wanted / 3 > 1 ? n_wanted / 3 : 1;

    for (; *words != NULL; words++) {
        int n = fold(*words, codes);
        bool comparable = n >= 0 && n - n_wanted <= best && n_wanted - n <= best;
        int distance = comparable ? edit_distance(wanted, n_wanted, codes, n) : best + 1;

        if (distance < best || (distance == best && nearest == NULL)) {
            best = distance;
            nearest = *words;
        }
    }
    return nearest;
}
