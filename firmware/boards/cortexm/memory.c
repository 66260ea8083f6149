/* memory.c: the four functions that the compiler calls without being asked, and two for texts,
 * instead of a C library.
 *
 * Word by word: newlib's small ones go byte by byte.
 *
 * Owns: nothing. Costs: about 2 cycles a word, 5 a last byte.
 */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t count);
void *memmove(void *to, const void *from, size_t count);
void *memset(void *to, int value, size_t count);
int memcmp(const void *a, const void *b, size_t count);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);

/* The compiler must not turn the loop of memcpy() into a call of memcpy(). */
#define NOT_ITSELF __attribute__((optimize("no-tree-loop-distribute-patterns")))

/* Any type of object may lie under it, at any address: these cores take words from everywhere. */
struct __attribute__((packed, may_alias)) word {
    uint32_t bits;
};

/* From the first byte on: right for overlapping ones too, if they move down. */
NOT_ITSELF static void *copy_upwards(void *to, const void *from, size_t count) {
    uint8_t *out = to;
    const uint8_t *in = from;
    for (; count >= 16; count -= 16, out += 16, in += 16) {
        const struct word *words = (const void *)in;
        struct word a = words[0], b = words[1], c = words[2], d = words[3];
        struct word *places = (void *)out;
        places[0] = a;
        places[1] = b;
        places[2] = c;
        places[3] = d;
    }
    for (; count >= 4; count -= 4, out += 4, in += 4) {
        *(struct word *)(void *)out = *(const struct word *)(const void *)in;
    }
    for (; count > 0; count--) {
        *out++ = *in++;
    }
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t count) {
    return copy_upwards(to, from, count);
}

NOT_ITSELF void *memmove(void *to, const void *from, size_t count) {
    uint8_t *out = to;
    const uint8_t *in = from;
    if (out <= in || out >= in + count) {
        return copy_upwards(to, from, count);
    }
    for (; count >= 4; count -= 4) {
        *(struct word *)(void *)(out + count - 4) =
            *(const struct word *)(const void *)(in + count - 4);
    }
    while (count > 0) {
        count--;
        out[count] = in[count];
    }
    return to;
}

NOT_ITSELF void *memset(void *to, int value, size_t count) {
    uint8_t *out = to;
    uint8_t byte = (uint8_t)value;
    const struct word word = {byte * 0x01010101u};
    for (; count >= 4; count -= 4, out += 4) {
        *(struct word *)(void *)out = word;
    }
    for (; count > 0; count--) {
        *out++ = byte;
    }
    return to;
}

NOT_ITSELF int memcmp(const void *a, const void *b, size_t count) {
    const uint8_t *left = a;
    const uint8_t *right = b;
    for (; count > 0; count--, left++, right++) {
        if (*left != *right) {
            return *left - *right;
        }
    }
    return 0;
}

NOT_ITSELF size_t strlen(const char *text) {
    size_t count = 0;
    while (text[count] != '\0') {
        count++;
    }
    return count;
}

NOT_ITSELF int strcmp(const char *a, const char *b) {
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return (uint8_t)*a - (uint8_t)*b;
}
