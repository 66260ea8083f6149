#include "dsp/mean.h"

#include "dsp/sums.h"
#include "mean_lines.h"

/* Means of four channels from `corner` on. */
static void mean_group(const struct nn_mean *layer, const int8_t *corner, int8_t *output) {
    struct nn_dsp_part part = {
        .corner = corner,
        .rows = layer->reduced[1],
        .columns = layer->reduced[2],
        .pixel = layer->reduced_step[2],
        .line = layer->reduced_step[1],
    };
    int32_t sum[NN_DSP_SUMS] = {0};
    for (int32_t i = 0; i < layer->reduced[0]; i++) {
        nn_dsp_add_part(&part, sum);
        part.corner += layer->reduced_step[0];
    }
    for (int32_t i = 0; i < NN_DSP_SUMS; i++) {
        const int32_t mean = nn_requantize(sum[i] + layer->offset, layer->multiplier, layer->shift);
        output[i] = (int8_t)nn_ssat8(layer->output_zero + mean);
    }
}

void nn_dsp_mean(const struct nn_mean *layer, const int8_t *input, int8_t *output) {
    const int32_t channels = layer->kept[2];

    for (int32_t i = 0; i < layer->kept[0]; i++) {
        for (int32_t j = 0; j < layer->kept[1]; j++) {
            const int8_t *from = input + i * layer->kept_step[0] + j * layer->kept_step[1];
            for (int32_t channel = 0; channel < channels; channel += NN_DSP_SUMS) {
                const int32_t last = channels - NN_DSP_SUMS;
                const int32_t first = channel < last ? channel : last;
                mean_group(layer, from + first, output + first);
            }
            output += channels;
        }
    }
}

static int32_t add_neighbours(int32_t sum, const int8_t *values, int32_t count) {
    const nn_pair ones = 0x00010001u;
    const int8_t *const end = values + count;
    const int8_t *const end_of_fours = end - (count & 3);
    while (values != end_of_fours) {
        const uint32_t word = nn_word(values);
        sum = nn_smlad(nn_sxtab16_odd(nn_sxtb16(word), word), ones, sum);
        values += 4;
    }
    while (values != end) {
        sum += *values++;
    }
    return sum;
}

void nn_dsp_mean_of_neighbours(const struct nn_mean *layer, const int8_t *input, int8_t *output) {
    nn_mean_lines(layer, input, output, add_neighbours);
}
