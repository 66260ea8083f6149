#include "dense.h"

/* What it takes from an accumulator to an output, walking over the channels. */
struct scaler {
    const int32_t *multiplier;
    const int8_t *shift;
    int32_t step;
    struct nn_range range;
};

static inline int8_t next_output(struct scaler *scaler, int32_t acc) {
    const int32_t value = nn_requantize(acc, *scaler->multiplier, *scaler->shift);
    scaler->multiplier += scaler->step;
    scaler->shift += scaler->step;
    return nn_clamp(scaler->range.zero + value, scaler->range.min, scaler->range.max);
}

/* One row. Four channels at a time share each load of the input. */
static void dense_row(const struct nn_dense *layer, const int8_t *input, int8_t *output) {
    const int32_t depth = layer->depth;
    const int32_t *bias = layer->bias;
    const int8_t *weights = layer->weights;
    struct scaler scaler = {layer->multiplier, layer->shift, layer->multiplier_step, layer->output};
    int32_t left = layer->channels;

    for (; left >= 4; left -= 4) {
        const int8_t *w0 = weights;
        const int8_t *w1 = w0 + depth;
        const int8_t *w2 = w1 + depth;
        const int8_t *w3 = w2 + depth;
        int32_t acc0 = bias[0];
        int32_t acc1 = bias[1];
        int32_t acc2 = bias[2];
        int32_t acc3 = bias[3];
        for (int32_t i = 0; i < depth; i++) {
            const int32_t x = input[i];
            acc0 += x * w0[i];
            acc1 += x * w1[i];
            acc2 += x * w2[i];
            acc3 += x * w3[i];
        }
        output[0] = next_output(&scaler, acc0);
        output[1] = next_output(&scaler, acc1);
        output[2] = next_output(&scaler, acc2);
        output[3] = next_output(&scaler, acc3);
        output += 4;
        bias += 4;
        weights = w3 + depth;
    }
    for (; left > 0; left--) {
        int32_t acc = *bias++;
        for (int32_t i = 0; i < depth; i++) {
            acc += (int32_t)input[i] * weights[i];
        }
        *output++ = next_output(&scaler, acc);
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
