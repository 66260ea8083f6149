/* mve/lanes.h: requantize.h, four lanes at a time and to the same bit.
 *
 * Owns: nothing. Costs: 5 instructions four values, and 4 for zero point and clamp.
 */
#ifndef EARSHOT_NN_MVE_LANES_H
#define EARSHOT_NN_MVE_LANES_H

#include <arm_mve.h>

#include "requantize.h"

/* value / 2^-shift, ties away from zero; shifts from -31 to 0. */
static inline int32x4_t nn_mve_divide_pot(int32x4_t value, int32x4_t shift) {
    /* Less one when a negative value is shifted turns "ties up" into "ties away". */
    const int32x4_t away = vshrq_n_s32(vandq_s32(value, shift), 31);
    return vrshlq_s32(vaddq_s32(value, away), shift);
}

/* nn_requantize for shifts from -31 to 0. */
static inline int32x4_t nn_mve_requantize(int32x4_t sums, int32x4_t multiplier, int32x4_t shift) {
    return nn_mve_divide_pot(vqrdmulhq_s32(sums, multiplier), shift);
}

/* One multiplier and shift for all lanes, in core registers. */
struct nn_mve_scale {
    int32_t multiplier;
    int32_t shift;
    int32_t shifted; /* 1 if shift is not 0 */
};

static inline struct nn_mve_scale nn_mve_scale(int32_t multiplier, int32_t shift) {
    const struct nn_mve_scale scale = {multiplier, shift, shift != 0};
    return scale;
}

static inline int32x4_t nn_mve_requantize_n(int32x4_t sums, const struct nn_mve_scale *scale) {
    const int32x4_t value = vqrdmulhq_n_s32(sums, scale->multiplier);
    return vrshlq_n_s32(vmlaq_n_s32(value, vshrq_n_s32(value, 31), scale->shifted), scale->shift);
}

static inline int32x4_t nn_mve_clamp(int32x4_t values, const struct nn_range *range) {
    const int32x4_t shifted = vaddq_n_s32(values, range->zero);
    return vminq_s32(vmaxq_s32(shifted, vdupq_n_s32(range->min)), vdupq_n_s32(range->max));
}

#endif
