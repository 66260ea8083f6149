#include "mve/conv.h"

#include <stddef.h>
#include <string.h>

#include "mve/bytes.h"

/* Which of `count` taps, `step` apart and the first at `start`, lie in 0..size-1. */
struct span {
    int32_t first;
    int32_t end;
};

static struct span inside(int32_t start, int32_t count, int32_t step, int32_t size) {
    struct span span = {0, count};
    while (span.first < count && start + span.first * step < 0) {
        span.first++;
    }
    while (span.end > span.first && start + (span.end - 1) * step >= size) {
        span.end--;
    }
    return span;
}

static void copy_taps(const struct nn_window *window, const int8_t *from, int32_t taps,
                      int8_t *to) {
    const int32_t channels = window->channels;
    const int32_t step = window->dilation_width * channels;

    if (window->dilation_width == 1) {
        nn_mve_copy(to, from, taps * channels);
        return;
    }
    for (; taps > 0; taps--) {
        nn_mve_copy(to, from, channels);
        from += step;
        to += channels;
    }
}

/* What the kernel with its corner at row y, column x sees, to patch. */
static void gather(const struct nn_mve_conv *layer, const int8_t *image, int32_t y, int32_t x,
                   int8_t *patch) {
    const struct nn_window *window = &layer->window;
    const int32_t channels = window->channels;
    const int32_t line = window->input_width * channels;
    const int32_t patch_line = window->kernel_width * channels;
    const struct span rows =
        inside(y, window->kernel_height, window->dilation_height, window->input_height);
    const struct span columns =
        inside(x, window->kernel_width, window->dilation_width, window->input_width);
    const int32_t taps = columns.end - columns.first;
    const int32_t corner = x + columns.first * window->dilation_width;
    const int8_t *from =
        image + (y + rows.first * window->dilation_height) * line + corner * channels;
    const int32_t down = window->dilation_height * line;

    if (taps < window->kernel_width || rows.end - rows.first < window->kernel_height) {
        nn_mve_fill(patch, layer->input_zero, layer->dense.depth);
    }
    patch += rows.first * patch_line + columns.first * channels;
    if (taps * channels == 4) {
        for (int32_t row = rows.first; row < rows.end; row++) {
            memcpy(patch, from, 4);
            from += down;
            patch += patch_line;
        }
        return;
    }
    for (int32_t row = rows.first; row < rows.end; row++) {
        copy_taps(window, from, taps, patch);
        from += down;
        patch += patch_line;
    }
}

void nn_mve_conv(const struct nn_mve_conv *layer, const int8_t *input, int8_t *patches,
                 int8_t *output) {
    const struct nn_window *window = &layer->window;
    const bool one_piece =
        window->dilation_width == 1 &&
        (window->kernel_height == 1 ||
         (window->dilation_height == 1 && window->kernel_width == window->input_width));
    const int8_t *waiting = NULL; /* the first of two outputs */

    for (int32_t batch = 0; batch < window->batches; batch++) {
        for (int32_t row = 0; row < window->output_height; row++) {
            const int32_t y = row * window->stride_height - window->pad_top;
            for (int32_t column = 0; column < window->output_width; column++) {
                const int32_t x = column * window->stride_width - window->pad_left;
                const int8_t *seen = input + (y * window->input_width + x) * window->channels;
                if (!one_piece || !nn_window_inside(window, y, x)) {
                    int8_t *patch = waiting == NULL ? patches : patches + layer->dense.depth;
                    gather(layer, input, y, x, patch);
                    seen = patch;
                }
                if (waiting == NULL) {
                    waiting = seen;
                } else {
                    nn_mve_dense_pair(&layer->dense, waiting, seen, output);
                    output += 2 * layer->dense.channels;
                    waiting = NULL;
                }
            }
        }
        input += window->input_height * window->input_width * window->channels;
    }
    if (waiting != NULL) {
        nn_mve_dense_row(&layer->dense, waiting, output);
    }
}
