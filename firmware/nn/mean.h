/* mean.h: MEAN of an int8 tensor over any of its axes, into a scale of its own.
 *
 * The division by the number of values is part of the multiplier, as in TFLite.
 *
 * Owns: nothing. input and output must not overlap.
 */
#ifndef EARSHOT_NN_MEAN_H
#define EARSHOT_NN_MEAN_H

#include <stdint.h>

#include "requantize.h"

struct nn_mean {
    int32_t kept[3]; /* axes of the output, outermost first; 1 where there are fewer */
    int32_t kept_step[3];
    int32_t reduced[3]; /* axes that the mean goes over, likewise */
    int32_t reduced_step[3];
    int32_t offset; /* less the input's zero point times the number of values */
    int32_t multiplier;
    int32_t shift;
    int32_t output_zero;
};

void nn_mean(const struct nn_mean *layer, const int8_t *input, int8_t *output);

#endif
