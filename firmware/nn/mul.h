/* mul.h: MUL of two int8 tensors, value by value, with broadcasting.
 *
 * Owns: nothing. output may be one of the inputs if that one is not broadcast.
 */
#ifndef EARSHOT_NN_MUL_H
#define EARSHOT_NN_MUL_H

#include <stdint.h>

#include "requantize.h"

struct nn_factor {
    int32_t zero;
    int32_t step[4]; /* in values, along each axis of the output; 0 where it is broadcast */
};

struct nn_mul {
    int32_t shape[4]; /* of the output */
    struct nn_factor first;
    struct nn_factor second;
    int32_t multiplier;
    int32_t shift;
    struct nn_range output;
};

void nn_mul(const struct nn_mul *layer, const int8_t *first, const int8_t *second, int8_t *output);

#endif
