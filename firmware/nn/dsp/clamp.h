/* clamp.h: a fused activation whose range is less than all of int8. Kernels only saturate to int8;
 * ranges that cut off more are rare, and take a second pass.
 *
 * Owns: nothing. Costs: nothing if the range is that of int8, else 6 instructions a value.
 */
#ifndef EARSHOT_NN_DSP_CLAMP_H
#define EARSHOT_NN_DSP_CLAMP_H

#include "requantize.h"

static inline void nn_dsp_clamp(const struct nn_range *range, int8_t *values, int32_t count) {
    if (range->min == INT8_MIN && range->max == INT8_MAX) {
        return;
    }
    for (int32_t i = 0; i < count; i++) {
        values[i] = nn_clamp(values[i], range->min, range->max);
    }
}

#endif
