/* dense.h: rows of int8 times a weight matrix: FULLY_CONNECTED and 1x1 CONV_2D, and the heart of
 * every other CONV_2D.
 *
 * Owns: nothing; weights and parameters are constants that modelc emits.
 * Costs: about 2.5 instructions a multiplication on Cortex-M4, and 25 an output.
 */
#ifndef EARSHOT_NN_DENSE_H
#define EARSHOT_NN_DENSE_H

#include <stdint.h>

#include "requantize.h"

struct nn_dense {
    int32_t depth;             /* values in a row */
    int32_t channels;          /* outputs a row */
    int32_t multiplier_step;   /* 1: a multiplier and shift a channel; 0: one for all */
    const int8_t *weights;     /* [channels][depth] */
    const int32_t *bias;       /* less the input's zero point times the sum of the weights */
    const int32_t *multiplier; /* Q31 */
    const int8_t *shift;
    struct nn_range output;
};

/* input is [rows][depth], output is [rows][channels]. */
void nn_dense(const struct nn_dense *layer, const int8_t *input, int32_t rows, int8_t *output);

#endif
