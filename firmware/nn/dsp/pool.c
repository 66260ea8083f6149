#include "dsp/pool.h"

#include "dsp/armv7em.h"
#include "dsp/clamp.h"

#define GROUP 4       /* channels */
#define HALF_SUMS 256 /* int8 values whose sum fits in 16 bits */

/* struct nn_part at one group of channels. */
struct part {
    const int8_t *corner;
    int32_t rows;
    int32_t columns;
    int32_t pixel; /* bytes from one column to the next */
    int32_t line;
};

static inline int8_t average(int32_t sum, int32_t count) {
    return (int8_t)(sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count);
}

static inline int32_t low_half(nn_pair pair) {
    return (int16_t)(pair & 0xFFFFu);
}

static inline int32_t high_half(nn_pair pair) {
    return (int16_t)(pair >> 16);
}

static void average_group(const struct part *part, int8_t *output) {
    int32_t sum[GROUP] = {0};
    nn_pair even = 0; /* sums of channels 0 and 2 */
    nn_pair odd = 0;
    int32_t room = HALF_SUMS;

    for (int32_t y = 0; y < part->rows; y++) {
        const int8_t *x = part->corner + y * part->line;
        for (int32_t left = part->columns; left > 0;) {
            const int32_t run = left < room ? left : room;
            const int8_t *const end = x + run * part->pixel;
            left -= run;
            room -= run;
            for (; x != end; x += part->pixel) {
                const uint32_t word = nn_word(x);
                even = nn_sadd16(even, nn_sxtb16(word));
                odd = nn_sadd16(odd, nn_sxtb16_odd(word));
            }
            if (room == 0 || (y == part->rows - 1 && left == 0)) {
                sum[0] += low_half(even);
                sum[1] += low_half(odd);
                sum[2] += high_half(even);
                sum[3] += high_half(odd);
                even = 0;
                odd = 0;
                room = HALF_SUMS;
            }
        }
    }
    for (int32_t i = 0; i < GROUP; i++) {
        output[i] = average(sum[i], part->rows * part->columns);
    }
}

static void max_group(const struct part *part, int8_t *output) {
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

static struct part part_at(const struct nn_window *window, const int8_t *image, int32_t row,
                           int32_t column) {
    const struct nn_part seen = nn_window_part(window, image, row, column);
    struct part part = {
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
                 void (*reduce)(const struct part *, int8_t *)) {
    const struct nn_window *window = &layer->window;
    const int32_t channels = window->channels;
    const struct nn_range range = {0, layer->min, layer->max};

    for (int32_t batch = 0; batch < window->batches; batch++) {
        for (int32_t row = 0; row < window->output_height; row++) {
            for (int32_t column = 0; column < window->output_width; column++) {
                const struct part whole = part_at(window, input, row, column);
                for (int32_t channel = 0; channel < channels; channel += GROUP) {
                    const int32_t first = nn_lesser(channel, channels - GROUP);
                    struct part part = whole;
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
