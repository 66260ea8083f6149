#include "window.h"

#include <string.h>

/* Copies `count` values of the image, which the ring's end may cut in two. */
static void take(const int8_t *image, struct nn_ring ring, int32_t offset, int32_t count,
                 int8_t *patch) {
    int32_t whole = ring.left - offset;
    if (whole > 0 && whole < count) {
        memcpy(patch, image + offset, (size_t)whole);
    } else {
        whole = 0;
    }
    memcpy(patch + whole, image + nn_ring_at(ring, offset + whole), (size_t)(count - whole));
}

void nn_window_gather(const struct nn_window *window, const int8_t *image, int32_t y, int32_t x,
                      int8_t fill, int8_t *patch) {
    nn_window_gather_ring(window, image, NN_NO_RING, y, x, fill, patch);
}

void nn_window_gather_ring(const struct nn_window *window, const int8_t *image, struct nn_ring ring,
                           int32_t y, int32_t x, int8_t fill, int8_t *patch) {
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
        const int32_t line = row * width * channels;
        if (window->dilation_width == 1 && x >= 0 && x + kernel_width <= width) {
            take(image, ring, line + x * channels, kernel_width * channels, patch);
            patch += kernel_width * channels;
            continue;
        }
        for (int32_t kx = 0; kx < kernel_width; kx++) {
            const int32_t column = x + kx * window->dilation_width;
            if (column < 0 || column >= width) {
                memset(patch, fill, (size_t)channels);
            } else {
                take(image, ring, line + column * channels, channels, patch);
            }
            patch += channels;
        }
    }
}
