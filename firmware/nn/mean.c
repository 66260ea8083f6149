#include "mean.h"

static int32_t sum_from(const struct nn_mean *layer, const int8_t *corner) {
    const int32_t *step = layer->reduced_step;
    int32_t sum = 0;

    for (int32_t i = 0; i < layer->reduced[0]; i++) {
        for (int32_t j = 0; j < layer->reduced[1]; j++) {
            const int8_t *value = corner + i * step[0] + j * step[1];
            for (int32_t k = 0; k < layer->reduced[2]; k++) {
                sum += *value;
                value += step[2];
            }
        }
    }
    return sum;
}

void nn_mean(const struct nn_mean *layer, const int8_t *input, int8_t *output) {
    const int32_t *step = layer->kept_step;

    for (int32_t i = 0; i < layer->kept[0]; i++) {
        for (int32_t j = 0; j < layer->kept[1]; j++) {
            for (int32_t k = 0; k < layer->kept[2]; k++) {
                const int8_t *corner = input + i * step[0] + j * step[1] + k * step[2];
                const int32_t sum = sum_from(layer, corner) + layer->offset;
                const int32_t mean = nn_requantize(sum, layer->multiplier, layer->shift);
                *output++ = nn_clamp(layer->output_zero + mean, INT8_MIN, INT8_MAX);
            }
        }
    }
}
