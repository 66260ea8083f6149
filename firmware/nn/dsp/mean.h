/* mean.h: nn_mean where at least four neighbours are kept (as channels are in global average
 * pooling), four at a time. If their number is no multiple of four, the last group overlaps the one
 * before it.
 *
 * Owns: nothing. input and output must not overlap.
 * Costs: 1.3 instructions a value on Cortex-M4; 40 an output.
 */
#ifndef EARSHOT_NN_DSP_MEAN_H
#define EARSHOT_NN_DSP_MEAN_H

#include "../mean.h"

/* modelc sees to it that kept_step[2] is 1 and kept[2] at least 4. */
void nn_dsp_mean(const struct nn_mean *layer, const int8_t *input, int8_t *output);

#endif
