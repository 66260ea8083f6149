#include "dense.h"

/* One row. Four channels at a time share each load of the input. */
static void dense_row(const struct nn_dense *layer, const int8_t *input, int8_t *output) {
    const int32_t depth = layer->depth;
    const int32_t channels = layer->channels;
    const int32_t step = layer->multiplier_step;
    const struct nn_range range = layer->output;
    const int32_t *bias = layer->bias;
    const int32_t *multiplier = layer->multiplier;
    const int8_t *shift = layer->shift;
    const int8_t *weights = layer->weights;
    int32_t channel = 0;

    for (; channel + 4 <= channels; channel += 4) {
        const int8_t *w0 = weights;
        const int8_t *w1 = w0 + depth;
        const int8_t *w2 = w1 + depth;
        const int8_t *w3 = w2 + depth;
        int32_t acc[4] = {bias[0], bias[1], bias[2], bias[3]};
        for (int32_t i = 0; i < depth; i++) {
            const int32_t x = input[i];
            acc[0] += x * w0[i];
            acc[1] += x * w1[i];
            acc[2] += x * w2[i];
            acc[3] += x * w3[i];
        }
        for (int32_t i = 0; i < 4; i++) {
            const int32_t value = range.zero + nn_requantize(acc[i], *multiplier, *shift);
            *output++ = nn_clamp(value, range.min, range.max);
            multiplier += step;
            shift += step;
        }
        bias += 4;
        weights = w3 + depth;
    }
    for (; channel < channels; channel++) {
        int32_t acc = *bias++;
        for (int32_t i = 0; i < depth; i++) {
            acc += (int32_t)input[i] * weights[i];
        }
        const int32_t value = range.zero + nn_requantize(acc, *multiplier, *shift);
        *output++ = nn_clamp(value, range.min, range.max);
        multiplier += step;
        shift += step;
        weights += depth;
    }
}

void nn_dense(const struct nn_dense *layer, const int8_t *input, int32_t rows, int8_t *output) {
    for (int32_t row = 0; row < rows; row++) {
        dense_row(layer, input, output);
        input += layer->depth;
        output += layer->channels;
    }
}
