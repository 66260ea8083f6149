#include "carry.h"

#include <string.h>

void nn_carry(int8_t *target, const int8_t *source, int32_t count) {
    for (; count >= 16; count -= 16) {
        /* Read in full before anything is written: the compiler makes words of it. */
        uint32_t words[4];
        memcpy(words, source, sizeof words);
        memcpy(target, words, sizeof words);
        source += 16;
        target += 16;
    }
    for (; count > 0; count--) {
        *target++ = *source++;
    }
}
