#include "mve/conv.h"

#include <stddef.h>
#include <string.h>

#include "mve/bytes.h"

/* One source, compiled twice: without a ring, what is for rings (`round`) costs nothing. */
#define SPECIALIZED static inline __attribute__((always_inline))

/* Which of a kernel's taps along one axis lie on the image. */
struct span {
    int32_t first;
    int32_t end;
};

/* Of `count` taps, `step` apart and the first at `start`, those in 0..size-1. With a step of 1
 * there is at least one: TFLite's padding is never as wide as a kernel. */
static inline struct span inside(int32_t start, int32_t count, int32_t step, int32_t size) {
    struct span span = {0, count};
    if (step == 1) {
        span.first = start < 0 ? -start : 0;
        span.end = start + count > size ? size - start : count;
        return span;
    }
    while (span.first < count && start + span.first * step < 0) {
        span.first++;
    }
    while (span.end > span.first && start + (span.end - 1) * step >= size) {
        span.end--;
    }
    return span;
}

static inline void copy_taps(const struct nn_window *window, const int8_t *from, int32_t taps,
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

/* The same at `offset` of an image in a ring. */
static inline void copy_taps_ring(const struct nn_window *window, const int8_t *image,
                                  struct nn_ring ring, int32_t offset, int32_t taps, int8_t *to) {
    const int32_t side_by_side = window->dilation_width == 1 ? taps : 1;
    const int32_t bytes = side_by_side * window->channels;

    for (; taps > 0; taps -= side_by_side) {
        nn_mve_copy_ring(to, image, ring, offset, bytes);
        offset += window->dilation_width * window->channels;
        to += bytes;
    }
}

/* What the kernel at column x sees of `rows`, the first of them at `line` of the image, to patch.
 */
SPECIALIZED void gather(const struct nn_mve_conv *layer, const int8_t *image, struct nn_ring ring,
                        const int8_t *line, struct span rows, int32_t x, int8_t *patch,
                        bool round) {
    const struct nn_window *window = &layer->window;
    const int32_t channels = window->channels;
    const int32_t patch_line = window->kernel_width * channels;
    const int32_t down = window->dilation_height * window->input_width * channels;
    const struct span columns =
        inside(x, window->kernel_width, window->dilation_width, window->input_width);
    const int32_t taps = columns.end - columns.first;
    const int8_t *from = line + (x + columns.first * window->dilation_width) * channels;
    int32_t left = rows.end - rows.first;

    if (taps < window->kernel_width || left < window->kernel_height) {
        nn_mve_fill(patch, layer->input_zero, layer->dense.depth);
        patch += rows.first * patch_line + columns.first * channels;
    } else if (!round && patch_line == 4 && window->dilation_width == 1) {
        for (; left > 0; left--) {
            memcpy(patch, from, 4);
            from += down;
            patch += 4;
        }
        return;
    }
    for (; left > 0; left--) {
        if (round) {
            copy_taps_ring(window, image, ring, (int32_t)(from - image), taps, patch);
        } else {
            copy_taps(window, from, taps, patch);
        }
        from += down;
        patch += patch_line;
    }
}

/* Where what lies in one piece is found; NULL if the ring's end is among it. */
SPECIALIZED const int8_t *in_place(const int8_t *image, struct nn_ring ring, const int8_t *seen,
                                   int32_t count, bool round) {
    if (!round) {
        return seen;
    }
    const int32_t offset = (int32_t)(seen - image);
    const int32_t room = ring.left - offset;
    return room > 0 && room < count ? NULL : image + nn_ring_at(ring, offset);
}

SPECIALIZED void convolve(const struct nn_mve_conv *layer, const int8_t *input, struct nn_ring ring,
                          int8_t *patches, int8_t *output, bool round) {
    const struct nn_window *window = &layer->window;
    const bool one_piece =
        window->dilation_width == 1 &&
        (window->kernel_height == 1 ||
         (window->dilation_height == 1 && window->kernel_width == window->input_width));
    const int32_t width = window->input_width * window->channels;
    const int8_t *waiting = NULL; /* the first of two outputs */

    for (int32_t batch = 0; batch < window->batches; batch++) {
        for (int32_t row = 0; row < window->output_height; row++) {
            const int32_t y = row * window->stride_height - window->pad_top;
            const struct span rows =
                inside(y, window->kernel_height, window->dilation_height, window->input_height);
            const int8_t *line = input + (y + rows.first * window->dilation_height) * width;
            int32_t x = -window->pad_left;
            for (int32_t left = window->output_width; left > 0; left--) {
                const int8_t *seen = NULL;
                if (one_piece && nn_window_inside(window, y, x)) {
                    seen = in_place(input, ring, line + x * window->channels, layer->dense.depth,
                                    round);
                }
                if (seen == NULL) {
                    int8_t *patch = waiting == NULL ? patches : patches + layer->dense.depth;
                    gather(layer, input, ring, line, rows, x, patch, round);
                    seen = patch;
                }
                if (waiting == NULL) {
                    waiting = seen;
                } else {
                    nn_mve_dense_pair(&layer->dense, waiting, seen, output);
                    output += 2 * layer->dense.channels;
                    waiting = NULL;
                }
                x += window->stride_width;
            }
        }
        input += window->input_height * width;
    }
    if (waiting != NULL) {
        nn_mve_dense_row(&layer->dense, waiting, output);
    }
}

void nn_mve_conv(const struct nn_mve_conv *layer, const int8_t *input, int8_t *patches,
                 int8_t *output) {
    convolve(layer, input, NN_NO_RING, patches, output, false);
}

void nn_mve_conv_ring(const struct nn_mve_conv *layer, const int8_t *input, int8_t *patches,
                      int8_t *output, int32_t left, int32_t size) {
    convolve(layer, input, (struct nn_ring){left, size}, patches, output, true);
}
