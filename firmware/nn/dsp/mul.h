/* mul.h: MUL of two int8 tensors, four values at a time; either may be repeated.
 *
 * Owns: nothing. output may be one of the inputs if that one is not broadcast.
 * Costs: 9 instructions a value on Cortex-M4, and what pair.h takes.
 */
#ifndef EARSHOT_NN_DSP_MUL_H
#define EARSHOT_NN_DSP_MUL_H

#include "dsp/pair.h"
#include "requantize.h"

struct nn_dsp_mul {
    struct nn_dsp_pair pair;
    uint32_t first_less_zero;  /* less the zero point, in both halves */
    uint32_t second_less_zero; /* likewise */
    int32_t scale[2];          /* struct nn_dsp_scale */
    struct nn_range output;
};

void nn_dsp_mul(const struct nn_dsp_mul *layer, const int8_t *first, const int8_t *second,
                int8_t *output);

#endif
