#include "conv.h"

#include <string.h>

static void convolve(const struct nn_conv *layer, const int8_t *input, struct nn_ring ring,
                     int8_t *patch, int8_t *output) {
    const struct nn_window *window = &layer->window;
    const bool one_piece =
        window->dilation_width == 1 &&
        (window->kernel_height == 1 ||
         (window->dilation_height == 1 && window->kernel_width == window->input_width));

    for (int32_t batch = 0; batch < window->batches; batch++) {
        for (int32_t row = 0; row < window->output_height; row++) {
            const int32_t y = row * window->stride_height - window->pad_top;
            for (int32_t column = 0; column < window->output_width; column++) {
                const int32_t x = column * window->stride_width - window->pad_left;
                const int8_t *seen = NULL;
                if (one_piece && nn_window_inside(window, y, x)) {
                    const int32_t offset = (y * window->input_width + x) * window->channels;
                    seen = nn_ring_piece(input, ring, offset, layer->dense.depth);
                }
                if (seen == NULL) {
                    nn_window_gather_ring(window, input, ring, y, x, layer->input_zero, patch);
                    seen = patch;
                }
                nn_dense(&layer->dense, seen, 1, output);
                output += layer->dense.channels;
            }
        }
        input += window->input_height * window->input_width * window->channels;
    }
}

void nn_conv(const struct nn_conv *layer, const int8_t *input, int8_t *patch, int8_t *output) {
    convolve(layer, input, NN_NO_RING, patch, output);
}

void nn_conv_ring(const struct nn_conv *layer, const int8_t *input, int8_t *patch, int8_t *output,
                  int32_t left, int32_t size) {
    convolve(layer, input, (struct nn_ring){left, size}, patch, output);
}

/* One group's channels of every pixel of the patch, side by side. */
static void pick_group(const struct nn_window *window, const int8_t *patch, int32_t channels,
                       int8_t *picked) {
    for (int32_t i = window->kernel_height * window->kernel_width; i > 0; i--) {
        memcpy(picked, patch, (size_t)channels);
        picked += channels;
        patch += window->channels;
    }
}

static void all_groups(const struct nn_grouped_conv *layer, const int8_t *patch, int8_t *picked,
                       int8_t *output) {
    const int32_t channels = layer->group.window.channels / layer->groups;
    struct nn_dense dense = layer->group.dense;

    for (int32_t i = 0; i < layer->groups; i++) {
        pick_group(&layer->group.window, patch + i * channels, channels, picked);
        nn_dense(&dense, picked, 1, output);
        output += dense.channels;
        dense.weights += dense.channels * dense.depth;
        dense.bias += dense.channels;
        dense.multiplier += dense.channels;
        dense.shift += dense.channels;
    }
}

void nn_grouped_conv(const struct nn_grouped_conv *layer, const int8_t *input, int8_t *patch,
                     int8_t *output) {
    const struct nn_window *window = &layer->group.window;
    int8_t *picked = patch + window->kernel_height * window->kernel_width * window->channels;

    for (int32_t batch = 0; batch < window->batches; batch++) {
        for (int32_t row = 0; row < window->output_height; row++) {
            for (int32_t column = 0; column < window->output_width; column++) {
                nn_window_gather(window, input, row * window->stride_height - window->pad_top,
                                 column * window->stride_width - window->pad_left,
                                 layer->group.input_zero, patch);
                all_groups(layer, patch, picked, output);
                output += layer->groups * layer->group.dense.channels;
            }
        }
        input += window->input_height * window->input_width * window->channels;
    }
}
