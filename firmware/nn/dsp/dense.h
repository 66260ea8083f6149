/* dense.h: few rows times a weight matrix: FULLY_CONNECTED, and convolutions of up to three
 * positions. Four channels share each load of a row.
 *
 * Weights are one stream, in the order in which they are eaten; the last group is filled up with
 * zeros, and so are its scales. A word holds four weights of one channel, as expand.h draws it.
 *
 *   channels 0 to 3: bias c0 | c1 | c2 | c3   block 0: c0 | c1 | c2 | c3   block 1: c0 | ...
 *   channels 4 to 7: ...
 *
 * Owns: nothing; pairs is the caller's scratch, 8 bytes a block, word-aligned.
 * Costs: 0.94 instructions a multiplication on Cortex-M4, 11 an output, 2 a value of a row.
 */
#ifndef EARSHOT_NN_DSP_DENSE_H
#define EARSHOT_NN_DSP_DENSE_H

#include "requantize.h"

struct nn_dsp_dense {
    int32_t depth;
    int32_t channels;
    int32_t scale_step;    /* words from one channel's scale to the next: 2, or 0 for one for all */
    const int32_t *stream; /* biases and weights */
    const int32_t *scale;  /* struct nn_dsp_scale */
    struct nn_range output; /* every factor is below one half */
};

/* input is [rows][depth], output is [rows][channels]. */
void nn_dsp_dense(const struct nn_dsp_dense *layer, const int8_t *input, int32_t rows,
                  uint32_t *pairs, int8_t *output);

#endif
