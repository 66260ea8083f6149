#include "mve/pool.h"

#include <arm_mve.h>

#include "mve/sums.h"
#include "requantize.h"

static void average(const struct nn_pool *layer, const struct nn_part *part, int8_t *output) {
    const int32_t channels = layer->window.channels;
    const int32_t count = part->rows * part->columns;
    const int32_t half = count / 2;
    struct nn_mve_part here = {
        .corner = part->corner,
        .rows = part->rows,
        .columns = part->columns,
        .pixel = channels,
        .line = layer->window.input_width * channels,
    };

    for (int32_t channel = 0; channel < channels; channel += NN_MVE_SUMS) {
        struct nn_mve_sums sums = nn_mve_no_sums();
        int32_t lanes[4][4];
        nn_mve_add_part(&sums, &here, vctp8q((uint32_t)(channels - channel)));
        for (int32_t i = 0; i < 4; i++) {
            vstrwq_s32(lanes[i], sums.of[i]);
        }
        for (int32_t i = 0; i < nn_lesser(NN_MVE_SUMS, channels - channel); i++) {
            const int32_t sum = lanes[i % 4][i / 4];
            const int32_t mean = sum > 0 ? (sum + half) / count : (sum - half) / count;
            output[channel + i] = nn_clamp(mean, layer->min, layer->max);
        }
        here.corner += NN_MVE_SUMS;
    }
}

static void largest(const struct nn_pool *layer, const struct nn_part *part, int8_t *output) {
    const int32_t channels = layer->window.channels;
    const int32_t line = layer->window.input_width * channels;

    for (int32_t channel = 0; channel < channels; channel += NN_MVE_SUMS) {
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
