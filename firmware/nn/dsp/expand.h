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

/* Expands four values to pairs[0] and pairs[second]; returns sum and -127 times the first pair. */
static inline int32_t nn_dsp_expand_block(uint32_t bytes, nn_pair *pairs, int32_t second,
                                          int32_t sum) {
    const nn_pair minus_127 = 0xFF81FF81u;
    pairs[0] = nn_sxtb16_odd(~bytes);
    pairs[second] = bytes ^ 0x00800080u;
    return nn_smlad(pairs[0], minus_127, sum);
}

/* Expands depth values, a block to pairs[0] and pairs[second], the next `step` pairs further on;
 * a last block that is not full ends in zeros. Returns what every accumulator of the row needs
 * besides: -127 times the sum of the first pairs. */
static inline int32_t nn_dsp_expand(const int8_t *values, int32_t depth, nn_pair *pairs,
                                    int32_t second, int32_t step) {
    const int32_t rest = depth % NN_DSP_BLOCK;
    int32_t sum = 0;
    for (int32_t blocks = depth / NN_DSP_BLOCK; blocks > 0; blocks--) {
        sum = nn_dsp_expand_block(nn_word(values), pairs, second, sum);
        values += NN_DSP_BLOCK;
        pairs += step;
    }
    if (rest > 0) {
        uint32_t bytes = 0;
        for (int32_t i = 0; i < rest; i++) {
            bytes |= (uint32_t)(uint8_t)values[i] << 8 * i;
        }
        sum = nn_dsp_expand_block(bytes, pairs, second, sum);
    }
    return sum;
}

#endif
