#include "depthwise.h"

/* One source, compiled twice: without a ring, the tests for its end (`round`) cost nothing. */
#define SPECIALIZED static inline __attribute__((always_inline))

/* What the kernel sees, where it lies: on the input itself or gathered in the patch. */
struct view {
    const int8_t *corner;
    int32_t row_step;
    int32_t column_step;
    const int8_t *end; /* of the ring; the patch is none, whose size is 0 */
    int32_t size;
};

/* Where a walk goes on if its next step leads to x. */
SPECIALIZED const int8_t *on_ring(const struct view *view, const int8_t *x, bool round) {
    return round && x >= view->end ? x - view->size : x;
}

static inline int8_t scaled(const struct nn_depthwise *layer, int32_t channel, int32_t acc) {
    const int32_t value = nn_requantize(acc, layer->multiplier[channel], layer->shift[channel]);
    return nn_clamp(layer->output.zero + value, layer->output.min, layer->output.max);
}

/* Four channels of one output, for a channel multiplier of 1. */
SPECIALIZED void four_channels(const struct nn_depthwise *layer, const struct view *view,
                               int32_t channel, int8_t *output, bool round) {
    const int32_t channels = layer->window.channels;
    const int32_t *bias = layer->bias + channel;
    const int8_t *w = layer->weights + channel;
    const int8_t *line = view->corner + channel;
    int32_t acc0 = bias[0];
    int32_t acc1 = bias[1];
    int32_t acc2 = bias[2];
    int32_t acc3 = bias[3];

    for (int32_t ky = layer->window.kernel_height; ky > 0; ky--) {
        const int8_t *x = line;
        for (int32_t kx = layer->window.kernel_width; kx > 0; kx--) {
            acc0 += (int32_t)x[0] * w[0];
            acc1 += (int32_t)x[1] * w[1];
            acc2 += (int32_t)x[2] * w[2];
            acc3 += (int32_t)x[3] * w[3];
            x = on_ring(view, x + view->column_step, round);
            w += channels;
        }
        line = on_ring(view, line + view->row_step, round);
    }
    output[channel] = scaled(layer, channel, acc0);
    output[channel + 1] = scaled(layer, channel + 1, acc1);
    output[channel + 2] = scaled(layer, channel + 2, acc2);
    output[channel + 3] = scaled(layer, channel + 3, acc3);
}

/* One channel of the output, which looks at channel `seen` of the input. */
SPECIALIZED void one_channel(const struct nn_depthwise *layer, const struct view *view,
                             int32_t seen, int32_t channel, int8_t *output, bool round) {
    const int32_t outputs = layer->window.channels * layer->channel_multiplier;
    const int8_t *w = layer->weights + channel;
    const int8_t *line = view->corner + seen;
    int32_t acc = layer->bias[channel];

    for (int32_t ky = layer->window.kernel_height; ky > 0; ky--) {
        const int8_t *x = line;
        for (int32_t kx = layer->window.kernel_width; kx > 0; kx--) {
            acc += (int32_t)*x * *w;
            x = on_ring(view, x + view->column_step, round);
            w += outputs;
        }
        line = on_ring(view, line + view->row_step, round);
    }
    output[channel] = scaled(layer, channel, acc);
}

SPECIALIZED void all_channels(const struct nn_depthwise *layer, const struct view *view,
                              int8_t *output, bool round) {
    const int32_t channels = layer->window.channels;
    const int32_t multiplier = layer->channel_multiplier;
    int32_t seen = 0;

    if (multiplier == 1) {
        for (; seen + 4 <= channels; seen += 4) {
            four_channels(layer, view, seen, output, round);
        }
    }
    for (; seen < channels; seen++) {
        for (int32_t i = 0; i < multiplier; i++) {
            one_channel(layer, view, seen, seen * multiplier + i, output, round);
        }
    }
}

SPECIALIZED void convolve(const struct nn_depthwise *layer, const int8_t *input,
                          struct nn_ring ring, int8_t *patch, int8_t *output, bool round) {
    const struct nn_window *window = &layer->window;
    const int32_t line = window->input_width * window->channels;

    for (int32_t batch = 0; batch < window->batches; batch++) {
        for (int32_t row = 0; row < window->output_height; row++) {
            const int32_t y = row * window->stride_height - window->pad_top;
            for (int32_t column = 0; column < window->output_width; column++) {
                const int32_t x = column * window->stride_width - window->pad_left;
                struct view view = {patch, window->kernel_width * window->channels,
                                    window->channels, patch, 0};
                if (nn_window_inside(window, y, x)) {
                    const int32_t corner = y * line + x * window->channels;
                    view.corner = input + (round ? nn_ring_at(ring, corner) : corner);
                    view.row_step = window->dilation_height * line;
                    view.column_step = window->dilation_width * window->channels;
                    if (round) {
                        view.end = input + ring.left;
                        view.size = ring.size;
                    }
                } else {
                    nn_window_gather_ring(window, input, ring, y, x, layer->input_zero, patch);
                }
                all_channels(layer, &view, output, round);
                output += window->channels * layer->channel_multiplier;
            }
        }
        input += window->input_height * line;
    }
}

void nn_depthwise(const struct nn_depthwise *layer, const int8_t *input, int8_t *patch,
                  int8_t *output) {
    convolve(layer, input, NN_NO_RING, patch, output, false);
}

void nn_depthwise_ring(const struct nn_depthwise *layer, const int8_t *input, int8_t *patch,
                       int8_t *output, int32_t left, int32_t size) {
    convolve(layer, input, (struct nn_ring){left, size}, patch, output, true);
}
