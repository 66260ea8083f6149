/* text.h: the sentence of a LOG, put together without printf.
 *
 * Owns: struct text (124 bytes), its caller's. What does not fit is left out.
 */
#ifndef EARSHOT_TEXT_H
#define EARSHOT_TEXT_H

#include <stdint.h>

#include "protocol.h"

/* All zero is an empty text. */
struct text {
    char bytes[LINK_LOG_TEXT_MAX];
    uint32_t count;
};

void text_add(struct text *text, const char *words);
void text_add_number(struct text *text, uint32_t number);

#endif
