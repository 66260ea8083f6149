/* mve/mean.h: nn_mean on Helium, 16 values at a time: of 16 channels that are kept, or of 16
 * neighbours that one mean goes over.
 *
 * Owns: nothing. input and output must not overlap.
 * Costs: 0.5 instructions a value, and 6 a channel; neighbours 0.2 a value, and 55 an output.
 */
#ifndef EARSHOT_NN_MVE_MEAN_H
#define EARSHOT_NN_MVE_MEAN_H

#include "../mean.h"

/* modelc sees to it that kept_step[2] is 1. */
void nn_mve_mean(const struct nn_mean *layer, const int8_t *input, int8_t *output);

/* modelc sees to it that reduced_step[2] is 1. */
void nn_mve_mean_of_neighbours(const struct nn_mean *layer, const int8_t *input, int8_t *output);

#endif
