/* mean_lines.h: the walk of a MEAN that goes over neighbours, for a core that adds them quickly.
 *
 * Owns: nothing.
 */
#ifndef EARSHOT_NN_MEAN_LINES_H
#define EARSHOT_NN_MEAN_LINES_H

#include "mean.h"

/* add(sum, values, count) gives the sum and `count` values that lie side by side; a core's kernel
 * names its own, which is then part of the loop. */
__attribute__((always_inline)) static inline void
nn_mean_lines(const struct nn_mean *layer, const int8_t *input, int8_t *output,
              int32_t (*add)(int32_t, const int8_t *, int32_t)) {
    const int32_t *kept = layer->kept_step;
    const int32_t *reduced = layer->reduced_step;

    for (int32_t i = 0; i < layer->kept[0]; i++) {
        for (int32_t j = 0; j < layer->kept[1]; j++) {
            for (int32_t k = 0; k < layer->kept[2]; k++) {
                const int8_t *corner = input + i * kept[0] + j * kept[1] + k * kept[2];
                int32_t sum = layer->offset;
                for (int32_t y = 0; y < layer->reduced[0]; y++) {
                    for (int32_t x = 0; x < layer->reduced[1]; x++) {
                        const int8_t *line = corner + y * reduced[0] + x * reduced[1];
                        sum = add(sum, line, layer->reduced[2]);
                    }
                }
                const int32_t mean = nn_requantize(sum, layer->multiplier, layer->shift);
                *output++ = nn_clamp(layer->output_zero + mean, INT8_MIN, INT8_MAX);
            }
        }
    }
}

#endif
