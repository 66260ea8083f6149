/* copy.h: values from one layout to another: what CONCATENATION, SLICE, STRIDED_SLICE, SPLIT and
 * PAD come down to, where the planner could not avoid the move.
 *
 * Owns: nothing. input and output must not overlap.
 * Costs: 10 instructions a value on Cortex-M4; runs of neighbours are memcpy's.
 */
#ifndef EARSHOT_NN_COPY_H
#define EARSHOT_NN_COPY_H

#include <stdint.h>

struct nn_copy {
    int32_t shape[4];
    int32_t input_step[4]; /* in values, along each axis; may be negative */
    int32_t output_step[4];
};

void nn_copy(const struct nn_copy *layout, const int8_t *input, int8_t *output);

#endif
