#include "conv.h"

void nn_conv(const struct nn_conv *layer, const int8_t *input, int8_t *patch, int8_t *output) {
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
                const int8_t *seen = patch;
                if (one_piece && nn_window_inside(window, y, x)) {
                    seen = input + (y * window->input_width + x) * window->channels;
                } else {
                    nn_window_gather(window, input, y, x, layer->input_zero, patch);
                }
                nn_dense(&layer->dense, seen, 1, output);
                output += layer->dense.channels;
            }
        }
        input += window->input_height * window->input_width * window->channels;
    }
}
