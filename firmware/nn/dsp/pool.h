/* pool.h: AVERAGE_POOL_2D and MAX_POOL_2D of at least four channels, four at a time. If their
 * number is no multiple of four, the last group overlaps the one before it.
 *
 * Owns: nothing. input and output must not overlap.
 * Costs: 1.5 instructions a value of a window for averages on Cortex-M4, 1.3 for maxima; 12 an
 * output.
 */
#ifndef EARSHOT_NN_DSP_POOL_H
#define EARSHOT_NN_DSP_POOL_H

#include "../pool.h"

void nn_dsp_average_pool(const struct nn_pool *layer, const int8_t *input, int8_t *output);
void nn_dsp_max_pool(const struct nn_pool *layer, const int8_t *input, int8_t *output);

#endif
