#include "mve/mean.h"

#include "mean_lines.h"
#include "mve/lanes.h"
#include "mve/sums.h"

/* Means of up to 16 channels from `corner` on. */
static void mean_group(const struct nn_mean *layer, const int8_t *corner, int32_t channels,
                       int8_t *output) {
    const int32_t left = layer->shift > 0 ? layer->shift : 0;
    const struct nn_mve_scale scale = nn_mve_scale(layer->multiplier, layer->shift - left);
    const struct nn_range range = {layer->output_zero, INT8_MIN, INT8_MAX};
    const mve_pred16_t live = vctp8q((uint32_t)channels);
    const uint32x4_t places = vmulq_n_u32(vidupq_n_u32(0, 1), 4);
    struct nn_mve_sums sums = nn_mve_no_sums();
    struct nn_mve_part part = {
        .corner = corner,
        .rows = layer->reduced[1],
        .columns = layer->reduced[2],
        .pixel = layer->reduced_step[2],
        .line = layer->reduced_step[1],
    };

    for (int32_t i = layer->reduced[0]; i > 0; i--) {
        nn_mve_add_part(&sums, &part, live);
        part.corner += layer->reduced_step[0];
    }
    for (int32_t i = 0; i < 4; i++) {
        const int32x4_t sum = vshlq_r_s32(vaddq_n_s32(sums.of[i], layer->offset), left);
        const int32x4_t means = nn_mve_clamp(nn_mve_requantize_n(sum, &scale), &range);
        const mve_pred16_t there = vcmpltq_n_s32(vreinterpretq_s32_u32(places), channels - i);
        vstrbq_scatter_offset_p_s32(output + i, places, means, there);
    }
}

void nn_mve_mean(const struct nn_mean *layer, const int8_t *input, int8_t *output) {
    const int32_t channels = layer->kept[2];

    for (int32_t i = 0; i < layer->kept[0]; i++) {
        for (int32_t j = 0; j < layer->kept[1]; j++) {
            const int8_t *from = input + i * layer->kept_step[0] + j * layer->kept_step[1];
            for (int32_t channel = 0; channel < channels; channel += NN_MVE_SUMS) {
                mean_group(layer, from + channel, channels - channel, output + channel);
            }
            output += channels;
        }
    }
}

static int32_t add_neighbours(int32_t sum, const int8_t *values, int32_t count) {
    __asm volatile("wlstp.8 lr, %[count], 2f\n"
                   "1: vldrb.u8 q0, [%[values]], #16\n"
                   "vaddva.s8 %[sum], q0\n"
                   "letp lr, 1b\n"
                   "2:\n"
                   : [sum] "+Te"(sum), [values] "+l"(values)
                   : [count] "r"(count)
                   : "lr", "q0", "memory");
    return sum;
}

void nn_mve_mean_of_neighbours(const struct nn_mean *layer, const int8_t *input, int8_t *output) {
    nn_mean_lines(layer, input, output, add_neighbours);
}
