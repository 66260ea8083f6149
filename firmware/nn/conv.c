#include "conv.h"

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
