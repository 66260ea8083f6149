/* mve/pool.h: nn_average_pool and nn_max_pool on Helium, 16 channels at a time.
 *
 * Owns: nothing.
 * Costs: for 16 channels 9 instructions a pixel for the average and 20 a channel for the division;
 * the maximum 7 an output with a kernel of 2 x 2.
 */
#ifndef EARSHOT_NN_MVE_POOL_H
#define EARSHOT_NN_MVE_POOL_H

#include "../pool.h"

void nn_mve_average_pool(const struct nn_pool *layer, const int8_t *input, int8_t *output);
void nn_mve_max_pool(const struct nn_pool *layer, const int8_t *input, int8_t *output);

#endif
