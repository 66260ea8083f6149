#include "dsp/pool.h"

#include "dsp/armv7em.h"
#include "dsp/clamp.h"
#include "dsp/sums.h"

static inline int8_t average(int32_t sum, int32_t count) {
    return (int8_t)(sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count);
}

static void average_group(const struct nn_dsp_part *part, int8_t *output) {
    int32_t sum[NN_DSP_SUMS] = {0};
    nn_dsp_add_part(part, sum);
    for (int32_t i = 0; i < NN_DSP_SUMS; i++) {
        output[i] = average(sum[i], part->rows * part->columns);
    }
}

static void max_group(const struct nn_dsp_part *part, int8_t *output) {
    uint32_t max = 0x80808080u;
    for (int32_t y = 0; y < part->rows; y++) {
        const int8_t *x = part->corner + y * part->line;
        for (int32_t left = part->columns; left > 0; left--) {
            max = nn_max4(max, nn_word(x));
            x += part->pixel;
        }
    }
    memcpy(output, &max, sizeof max);
}

static struct nn_dsp_part part_at(const struct nn_window *window, const int8_t *image, int32_t row,
                                  int32_t column) {
    const struct nn_part seen = nn_window_part(window, image, row, column);
    struct nn_dsp_part part = {
        .corner = seen.corner,
        .rows = seen.rows,
        .columns = seen.columns,
        .pixel = window->channels,
        .line = window->input_width * window->channels,
    };
    if (part.columns == window->input_width) {
        part.columns *= part.rows; /* lines of the whole width follow on each other */
        part.rows = 1;
    }
    return part;
}

static void pool(const struct nn_pool *layer, const int8_t *input, int8_t *output,
                 void (*reduce)(const struct nn_dsp_part *, int8_t *)) {
    const struct nn_window *window = &layer->window;
    const int32_t channels = window->channels;
    const struct nn_range range = {0, layer->min, layer->max};

    for (int32_t batch = 0; batch < window->batches; batch++) {
        for (int32_t row = 0; row < window->output_height; row++) {
            for (int32_t column = 0; column < window->output_width; column++) {
                const struct nn_dsp_part whole = part_at(window, input, row, column);
                for (int32_t channel = 0; channel < channels; channel += NN_DSP_SUMS) {
                    const int32_t first = nn_lesser(channel, channels - NN_DSP_SUMS);
                    struct nn_dsp_part part = whole;
                    part.corner += first;
                    reduce(&part, output + first);
                }
                nn_dsp_clamp(&range, output, channels);
                output += channels;
            }
        }
        input += window->input_height * window->input_width * channels;
    }
}

void nn_dsp_average_pool(const struct nn_pool *layer, const int8_t *input, int8_t *output) {
    pool(layer, input, output, average_group);
}

void nn_dsp_max_pool(const struct nn_pool *layer, const int8_t *input, int8_t *output) {
    pool(layer, input, output, max_group);
}
