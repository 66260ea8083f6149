#include "mul.h"

#include "broadcast.h"

static void mul_line(const void *parameters, const int8_t *a, const int8_t *b, int8_t *output) {
    const struct nn_mul *layer = parameters;

    for (int32_t i = 0; i < layer->shape[3]; i++) {
        const int32_t product = (*a - layer->first.zero) * (*b - layer->second.zero);
        const int32_t value =
            layer->output.zero + nn_requantize(product, layer->multiplier, layer->shift);
        output[i] = nn_clamp(value, layer->output.min, layer->output.max);
        a += layer->first.step[3];
        b += layer->second.step[3];
    }
}

void nn_mul(const struct nn_mul *layer, const int8_t *first, const int8_t *second, int8_t *output) {
    nn_each_line(layer->shape, layer->first.step, layer->second.step, mul_line, layer, first,
                 second, output);
}
