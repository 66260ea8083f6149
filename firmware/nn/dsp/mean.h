/* mean.h: nn_mean, four values at a time: of four neighbours that are kept (as channels are in
 * global average pooling), or of four neighbours that one mean goes over. If the number of channels
 * is no multiple of four, the last group overlaps the one before it.
 *
 * Owns: nothing. input and output must not overlap.
 * Costs: 1.5 instructions a value on Cortex-M4; 30 an output, 60 for means of neighbours.
 */
#ifndef EARSHOT_NN_DSP_MEAN_H
#define EARSHOT_NN_DSP_MEAN_H

#include "../mean.h"

/* modelc sees to it that kept_step[2] is 1 and kept[2] at least 4. */
void nn_dsp_mean(const struct nn_mean *layer, const int8_t *input, int8_t *output);

/* modelc sees to it that reduced_step[2] is 1. */
void nn_dsp_mean_of_neighbours(const struct nn_mean *layer, const int8_t *input, int8_t *output);

#endif
