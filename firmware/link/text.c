#include "text.h"

_Static_assert(sizeof(struct text) <= 124, "as text.h says");

void text_add(struct text *text, const char *words) {
    while (*words != '\0' && text->count < sizeof text->bytes) {
        text->bytes[text->count++] = *words++;
    }
}

void text_add_number(struct text *text, uint32_t number) {
    char digits[11]; /* ten and a zero */
    uint32_t at = sizeof digits - 1;

    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    text_add(text, &digits[at]);
}
