/* mve/add.h: nn_add and nn_sub on Helium, four values at a time. Along the last axis either input
 * may be repeated.
 *
 * Owns: nothing. output may be one of the inputs if that one is not broadcast.
 * Costs: 4.5 instructions a value, 3 to 4 where one is repeated along the last axis; 60 a line.
 */
#ifndef EARSHOT_NN_MVE_ADD_H
#define EARSHOT_NN_MVE_ADD_H

#include "../add.h"

/* modelc sees to it that the steps of the last axis are 0 or 1, one of them 1, and no shift
 * is above zero. */
void nn_mve_add(const struct nn_add *layer, const int8_t *first, const int8_t *second,
                int8_t *output);
/* first - second */
void nn_mve_sub(const struct nn_add *layer, const int8_t *first, const int8_t *second,
                int8_t *output);

#endif
