#include "pool.h"

#include "requantize.h"

static int32_t average(const struct nn_window *window, const struct nn_part *part,
                       int32_t channel) {
    const int32_t count = part->rows * part->columns;
    int32_t sum = 0;
    for (int32_t y = 0; y < part->rows; y++) {
        const int8_t *x = part->corner + y * window->input_width * window->channels + channel;
        for (int32_t i = 0; i < part->columns; i++) {
            sum += x[i * window->channels];
        }
    }
    return sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
}

static int32_t largest(const struct nn_window *window, const struct nn_part *part,
                       int32_t channel) {
    int32_t max = INT8_MIN;
    for (int32_t y = 0; y < part->rows; y++) {
        const int8_t *x = part->corner + y * window->input_width * window->channels + channel;
        for (int32_t i = 0; i < part->columns; i++) {
            const int32_t value = x[i * window->channels];
            max = value > max ? value : max;
        }
    }
    return max;
}

static void pool(const struct nn_pool *layer, const int8_t *input, int8_t *output,
                 int32_t (*reduce)(const struct nn_window *, const struct nn_part *, int32_t)) {
    const struct nn_window *window = &layer->window;

    for (int32_t batch = 0; batch < window->batches; batch++) {
        for (int32_t row = 0; row < window->output_height; row++) {
            for (int32_t column = 0; column < window->output_width; column++) {
                const struct nn_part part = nn_window_part(window, input, row, column);
                for (int32_t channel = 0; channel < window->channels; channel++) {
                    *output++ = nn_clamp(reduce(window, &part, channel), layer->min, layer->max);
                }
            }
        }
        input += window->input_height * window->input_width * window->channels;
    }
}

void nn_average_pool(const struct nn_pool *layer, const int8_t *input, int8_t *output) {
    pool(layer, input, output, average);
}

void nn_max_pool(const struct nn_pool *layer, const int8_t *input, int8_t *output) {
    pool(layer, input, output, largest);
}
