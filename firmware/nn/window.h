/* window.h: the geometry that convolutions and pools share: a kernel that walks over an image.
 *
 * Owns: nothing. Images are [batches][height][width][channels]. An image in a ring is one batch,
 * and what goes round is its rows; of an image of one row, its columns.
 */
#ifndef EARSHOT_NN_WINDOW_H
#define EARSHOT_NN_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "ring.h"

struct nn_window {
    int32_t batches;
    int32_t input_height;
    int32_t input_width;
    int32_t channels;
    int32_t kernel_height;
    int32_t kernel_width;
    int32_t stride_height;
    int32_t stride_width;
    int32_t dilation_height;
    int32_t dilation_width;
    int32_t pad_top;
    int32_t pad_left;
    int32_t output_height;
    int32_t output_width;
};

/* True if the kernel with its corner at row y, column x lies on the image in full. */
static inline bool nn_window_inside(const struct nn_window *window, int32_t y, int32_t x) {
    const int32_t last_y = y + (window->kernel_height - 1) * window->dilation_height;
    const int32_t last_x = x + (window->kernel_width - 1) * window->dilation_width;
    return y >= 0 && x >= 0 && last_y < window->input_height && last_x < window->input_width;
}

/* The part of a window that lies on the image: from the corner, rows x columns. */
struct nn_part {
    const int8_t *corner;
    int32_t rows;
    int32_t columns;
};

static inline int32_t nn_lesser(int32_t a, int32_t b) {
    return a < b ? a : b;
}

/* What the kernel (without dilation) sees for the output at that row and column. */
static inline struct nn_part nn_window_part(const struct nn_window *window, const int8_t *image,
                                            int32_t row, int32_t column) {
    const int32_t y = row * window->stride_height - window->pad_top;
    const int32_t x = column * window->stride_width - window->pad_left;
    const int32_t top = y < 0 ? 0 : y;
    const int32_t left = x < 0 ? 0 : x;
    const struct nn_part part = {
        image + (top * window->input_width + left) * window->channels,
        nn_lesser(y + window->kernel_height, window->input_height) - top,
        nn_lesser(x + window->kernel_width, window->input_width) - left,
    };
    return part;
}

/* Copies what the kernel sees at row y, column x of one image to
 * patch[kernel_height][kernel_width][channels]; fill stands for what lies off the image. */
void nn_window_gather(const struct nn_window *window, const int8_t *image, int32_t y, int32_t x,
                      int8_t fill, int8_t *patch);

/* The same for an image in a ring; image points to its first row. */
void nn_window_gather_ring(const struct nn_window *window, const int8_t *image, struct nn_ring ring,
                           int32_t y, int32_t x, int8_t fill, int8_t *patch);

#endif
