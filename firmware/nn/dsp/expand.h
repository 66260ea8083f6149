/* expand.h: int8 inputs as the pairs that SMLAD multiplies, and the weights that go with them.
 *
 * Two multiplications of int8 cost one SMLAD, but unpacking both operands to int16 costs as much
 * again. Here inputs are unpacked once a row, and weights need half an unpacking:
 *
 *   four weights, one word     | 127 - w1 |    w0    | 127 - w3 |    w2    |   byte 0 first
 *   as a pair                  |  256 w0 + 127 - w1  |  256 w2 + 127 - w3  |
 *   SXTB16 of it, ROR 8        |         w0          |         w2          |
 *   first pair of the inputs   |       -1 - x1       |       -1 - x3       |
 *   second pair                |  256 x1 + x0 + 128  |  256 x3 + x2 + 128  |
 *
 * The weights as they are times the first pair, plus the unpacked ones times the second, is
 *   w0 x0 + w1 x1 + w2 x2 + w3 x3 + 128 (w0 + w2) - (127 - w1) - (127 - w3) - 127 (x1 + x3):
 * what does not depend on x goes into the bias, and the rest is one sum a row, which is made here.
 * Intermediate sums wrap around in 32 bits; the last one is exact again.
 *
 * Owns: nothing. Costs: 2 instructions a value.
 */
#ifndef EARSHOT_NN_DSP_EXPAND_H
#define EARSHOT_NN_DSP_EXPAND_H

#include "dsp/armv7em.h"

#define NN_DSP_BLOCK 4 /* values that are expanded together */

static inline int32_t nn_dsp_blocks(int32_t depth) {
    return (depth + NN_DSP_BLOCK - 1) / NN_DSP_BLOCK;
}

/* Expands depth values. Pairs go to first[0], first[step], ... and second[0], second[step], ...;
 * a last block that is not full ends in zeros. Returns -127 times the sum of the first pairs, to
 * be added to every accumulator of the row. */
static inline int32_t nn_dsp_expand(const int8_t *values, int32_t depth, nn_pair *first,
                                    nn_pair *second, int32_t step) {
    const nn_pair minus_127 = 0xFF81FF81u;
    int32_t sum = 0;
    for (; depth > 0; depth -= NN_DSP_BLOCK) {
        uint32_t bytes = 0;
        if (depth >= NN_DSP_BLOCK) {
            bytes = nn_word(values);
        } else {
            memcpy(&bytes, values, (size_t)depth);
        }
        const nn_pair pair = nn_sxtb16_odd(~bytes);
        *first = pair;
        *second = bytes ^ 0x00800080u;
        sum = nn_smlad(pair, minus_127, sum);
        values += NN_DSP_BLOCK;
        first += step;
        second += step;
    }
    return sum;
}

#endif
