/* mve/dense.h: nn_dense on Helium: 16 multiplications an instruction, eight accumulators.
 *
 * modelc packs a layer into one stream of words, in the order in which the loops eat it. Four
 * channels make a group; the last group is filled up with zeros. t = depth % 16.
 *
 *     group | bias 4 x int32 | weights of inputs 0..t-1 | inputs t..t+15 | t+16.. | ...
 *           | multiplier 4 x int32 | shift 4 x int32 |
 *     weights of 16 inputs | channel 0: 16 x int8 | channel 1 | channel 2 | channel 3 |
 *
 * The first weights are there only if t > 0, and are filled up to 16. Shifts are TFLite's, at most
 * zero; where a channel needs one above, modelc leaves the layer to nn_dense.
 *
 * Owns: nothing. Reads not a byte beside the input.
 * Costs: for two rows at a time 0.12 instructions a multiplication and 2.6 an output, for one row
 * 0.14 and 2.9; for the one row of an odd group 0.2 and 10.
 */
#ifndef EARSHOT_NN_MVE_DENSE_H
#define EARSHOT_NN_MVE_DENSE_H

#include <stdint.h>

#include "requantize.h"

struct nn_mve_dense {
    int32_t depth;
    int32_t partial; /* depth % 16 */
    int32_t blocks;  /* depth / 16 */
    int32_t group_bytes;
    struct nn_range output;
    const int32_t *stream;
    int32_t channels; /* less than 2^15 */
    int32_t away;     /* 1: outputs below zero live through the clamp, so their ties must go down */
};

/* input is [rows][depth], output is [rows][channels]. */
void nn_mve_dense(const struct nn_mve_dense *layer, const int8_t *input, int32_t rows,
                  int8_t *output);

/* Two rows, from wherever they lie, to output[2][channels]. */
void nn_mve_dense_pair(const struct nn_mve_dense *layer, const int8_t *first, const int8_t *second,
                       int8_t *output);

/* One row. */
void nn_mve_dense_row(const struct nn_mve_dense *layer, const int8_t *input, int8_t *output);

#endif
