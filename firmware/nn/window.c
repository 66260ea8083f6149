#include "window.h"

#include <string.h>

void nn_window_gather(const struct nn_window *window, const int8_t *image, int32_t y, int32_t x,
                      int8_t fill, int8_t *patch) {
    const int32_t channels = window->channels;
    const int32_t kernel_width = window->kernel_width;
    const int32_t width = window->input_width;

    for (int32_t ky = 0; ky < window->kernel_height; ky++) {
        const int32_t row = y + ky * window->dilation_height;
        if (row < 0 || row >= window->input_height) {
            memset(patch, fill, (size_t)(kernel_width * channels));
            patch += kernel_width * channels;
            continue;
        }
        const int8_t *line = image + row * width * channels;
        if (window->dilation_width == 1 && x >= 0 && x + kernel_width <= width) {
            memcpy(patch, line + x * channels, (size_t)(kernel_width * channels));
            patch += kernel_width * channels;
            continue;
        }
        for (int32_t kx = 0; kx < kernel_width; kx++) {
            const int32_t column = x + kx * window->dilation_width;
            if (column < 0 || column >= width) {
                memset(patch, fill, (size_t)channels);
            } else {
                memcpy(patch, line + column * channels, (size_t)channels);
            }
            patch += channels;
        }
    }
}
