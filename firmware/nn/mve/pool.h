/* mve/pool.h: nn_average_pool and nn_max_pool on Helium, 16 channels at a time.
 *
 * Owns: nothing.
 * Costs: for 16 channels 2 instructions a pixel for the maximum and 5 for the average, and 10 a
 * channel for the division.
 */
#ifndef EARSHOT_NN_MVE_POOL_H
#define EARSHOT_NN_MVE_POOL_H

#include "../pool.h"

void nn_mve_average_pool(const struct nn_pool *layer, const int8_t *input, int8_t *output);
void nn_mve_max_pool(const struct nn_pool *layer, const int8_t *input, int8_t *output);

#endif
