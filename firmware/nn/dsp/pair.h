/* pair.h: lines of two int8 tensors, either of them repeated along any axis, for kernels that have
 * one loop over values side by side. A value that is repeated along a line is laid out in a row.
 *
 * Owns: nothing; 64 bytes of stack. Costs: 40 instructions a line; 1 to 2 a value where one is
 * repeated along the last axis.
 */
#ifndef EARSHOT_NN_DSP_PAIR_H
#define EARSHOT_NN_DSP_PAIR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "broadcast.h"

#define NN_DSP_SPREAD 64

/* Computes `count` values from as many of both. */
typedef void (*nn_dsp_run)(const void *layer, const int8_t *first, const int8_t *second,
                           int32_t count, int8_t *output);

struct nn_dsp_pair {
    int32_t shape[4];       /* of the output */
    int32_t first_step[4];  /* in values, along each axis of the output; 0 where it is broadcast */
    int32_t second_step[4]; /* along the last axis 1, but for one of both, which may have 0 */
};

static inline void nn_dsp_each_run(const struct nn_dsp_pair *pair, nn_dsp_run run,
                                   const void *layer, const int8_t *first, const int8_t *second,
                                   int8_t *output) {
    const int32_t count = pair->shape[3];
    if (pair->first_step[3] == 1 && pair->second_step[3] == 1) {
        run(layer, first, second, count, output);
        return;
    }
    const bool first_is_one = pair->first_step[3] == 0;
    int8_t spread[NN_DSP_SPREAD];
    memset(spread, first_is_one ? *first : *second, sizeof spread);
    for (int32_t i = 0; i < count; i += NN_DSP_SPREAD) {
        const int32_t left = count - i;
        run(layer, first_is_one ? spread : first + i, first_is_one ? second + i : spread,
            left < NN_DSP_SPREAD ? left : NN_DSP_SPREAD, output + i);
    }
}

#endif
