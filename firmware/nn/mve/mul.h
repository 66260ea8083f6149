/* mve/mul.h: nn_mul on Helium, four values at a time. Along the last axis either input may be
 * repeated.
 *
 * Owns: nothing. output may be one of the inputs if that one is not broadcast.
 * Costs: 3.8 instructions a value, 3 where one is repeated; 80 a line.
 */
#ifndef EARSHOT_NN_MVE_MUL_H
#define EARSHOT_NN_MVE_MUL_H

#include "../mul.h"

/* modelc sees to it that the steps of the last axis are 0 or 1, and one of them is 1. */
void nn_mve_mul(const struct nn_mul *layer, const int8_t *first, const int8_t *second,
                int8_t *output);

#endif
