#include "mve/pool.h"

#include <arm_mve.h>

#include "requantize.h"

/* So many int8 values always fit in a sum of 16 bits. */
enum { LANES = 16, MOST_IN_16_BITS = 255 };

/* Sums of 16 channels: even lanes in sums[0] and sums[1] (which has every other one of them). */
static void add_all(const struct nn_window *window, const struct nn_part *part, mve_pred16_t live,
                    int32x4_t sums[4]) {
    const int32_t line = window->input_width * window->channels;
    int16x8_t even = vdupq_n_s16(0);
    int16x8_t odd = vdupq_n_s16(0);
    int32_t room = MOST_IN_16_BITS;
    const int8_t *start = part->corner;

    for (int32_t row = part->rows; row > 0; row--) {
        const int8_t *x = start;
        for (int32_t left = part->columns; left > 0;) {
            const int32_t count = nn_lesser(left, room);
            for (int32_t i = count; i > 0; i--) {
                const int8x16_t values = vldrbq_z_s8(x, live);
                even = vaddq_s16(even, vmovlbq_s8(values));
                odd = vaddq_s16(odd, vmovltq_s8(values));
                x += window->channels;
            }
            left -= count;
            room -= count;
            if (room == 0) {
                sums[0] = vaddq_s32(sums[0], vmovlbq_s16(even));
                sums[1] = vaddq_s32(sums[1], vmovltq_s16(even));
                sums[2] = vaddq_s32(sums[2], vmovlbq_s16(odd));
                sums[3] = vaddq_s32(sums[3], vmovltq_s16(odd));
                even = vdupq_n_s16(0);
                odd = vdupq_n_s16(0);
                room = MOST_IN_16_BITS;
            }
        }
        start += line;
    }
    sums[0] = vaddq_s32(sums[0], vmovlbq_s16(even));
    sums[1] = vaddq_s32(sums[1], vmovltq_s16(even));
    sums[2] = vaddq_s32(sums[2], vmovlbq_s16(odd));
    sums[3] = vaddq_s32(sums[3], vmovltq_s16(odd));
}

/* Where the sum of channel 4 * quad + i lies: sums[FROM[i]], lane `quad`. */
static const int8_t FROM[4] = {0, 2, 1, 3};

static void average(const struct nn_pool *layer, const struct nn_part *part, int8_t *output) {
    const int32_t channels = layer->window.channels;
    const int32_t count = part->rows * part->columns;
    const int32_t half = count / 2;
    struct nn_part here = *part;

    for (int32_t channel = 0; channel < channels; channel += LANES) {
        int32x4_t sums[4] = {vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0)};
        int32_t lanes[4][4];
        add_all(&layer->window, &here, vctp8q((uint32_t)(channels - channel)), sums);
        for (int32_t i = 0; i < 4; i++) {
            vstrwq_s32(lanes[FROM[i]], sums[i]);
        }
        for (int32_t i = 0; i < nn_lesser(LANES, channels - channel); i++) {
            const int32_t sum = lanes[i % 4][i / 4];
            const int32_t mean = sum > 0 ? (sum + half) / count : (sum - half) / count;
            output[channel + i] = nn_clamp(mean, layer->min, layer->max);
        }
        here.corner += LANES;
    }
}

static void largest(const struct nn_pool *layer, const struct nn_part *part, int8_t *output) {
    const int32_t channels = layer->window.channels;
    const int32_t line = layer->window.input_width * channels;

    for (int32_t channel = 0; channel < channels; channel += LANES) {
        const mve_pred16_t live = vctp8q((uint32_t)(channels - channel));
        int8x16_t max = vdupq_n_s8((int8_t)layer->min);
        for (int32_t row = 0; row < part->rows; row++) {
            const int8_t *x = part->corner + row * line + channel;
            for (int32_t i = part->columns; i > 0; i--) {
                max = vmaxq_s8(max, vldrbq_z_s8(x, live));
                x += channels;
            }
        }
        vstrbq_p_s8(output + channel, vminq_s8(max, vdupq_n_s8((int8_t)layer->max)), live);
    }
}

static void pool(const struct nn_pool *layer, const int8_t *input, int8_t *output,
                 void (*reduce)(const struct nn_pool *, const struct nn_part *, int8_t *)) {
    const struct nn_window *window = &layer->window;

    for (int32_t batch = 0; batch < window->batches; batch++) {
        for (int32_t row = 0; row < window->output_height; row++) {
            for (int32_t column = 0; column < window->output_width; column++) {
                const struct nn_part part = nn_window_part(window, input, row, column);
                reduce(layer, &part, output);
                output += window->channels;
            }
        }
        input += window->input_height * window->input_width * window->channels;
    }
}

void nn_mve_average_pool(const struct nn_pool *layer, const int8_t *input, int8_t *output) {
    pool(layer, input, output, average);
}

void nn_mve_max_pool(const struct nn_pool *layer, const int8_t *input, int8_t *output) {
    pool(layer, input, output, largest);
}
