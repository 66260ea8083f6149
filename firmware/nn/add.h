/* add.h: ADD and SUB of two int8 tensors of different scales, with broadcasting.
 *
 * Owns: nothing. output may be one of the inputs if that one is not broadcast.
 * Costs: about 60 instructions a value on Cortex-M4.
 */
#ifndef EARSHOT_NN_ADD_H
#define EARSHOT_NN_ADD_H

#include <stdint.h>

#include "requantize.h"

struct nn_addend {
    int32_t zero;
    int32_t multiplier;
    int32_t shift;
    int32_t step[4]; /* in values, along each axis of the output; 0 where it is broadcast */
};

struct nn_add {
    int32_t shape[4]; /* of the output */
    struct nn_addend first;
    struct nn_addend second;
    int32_t multiplier;
    int32_t shift;
    struct nn_range output;
};

void nn_add(const struct nn_add *layer, const int8_t *first, const int8_t *second, int8_t *output);
/* first - second */
void nn_sub(const struct nn_add *layer, const int8_t *first, const int8_t *second, int8_t *output);

#endif
