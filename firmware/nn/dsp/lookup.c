#include "dsp/lookup.h"

#include "dsp/armv7em.h"

/* The table's entry for byte `lane` of a word. */
static inline int8_t entry(const int8_t *middle, uint32_t word, int32_t lane) {
    return middle[(int8_t)(word >> 8 * lane)];
}

void nn_dsp_lookup(const int8_t *table, const int8_t *input, int32_t count, int8_t *output) {
    const int8_t *const middle = table + 128;
    int8_t *const end = output + count;
    int8_t *const end_of_fours = end - (count & 3);
    while (output != end_of_fours) {
        const uint32_t word = nn_word(input);
        input += 4;
        *output++ = entry(middle, word, 0);
        *output++ = entry(middle, word, 1);
        *output++ = entry(middle, word, 2);
        *output++ = entry(middle, word, 3);
    }
    while (output != end) {
        *output++ = middle[*input++];
    }
}
