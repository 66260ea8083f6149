#include "mve/depthwise.h"

#include <arm_mve.h>
#include <stdbool.h>

#include "mve/bytes.h"

enum { LANES = 16, POINTERS = 4 };

/* One source, compiled twice: without a ring, what is for rings (`round`) costs nothing. */
#define SPECIALIZED static inline __attribute__((always_inline))

/* Output by output: where the taps lie of that with its corner at row y, column x. */
SPECIALIZED void point(const struct nn_mve_depthwise *layer, const int8_t *image,
                       struct nn_ring ring, int32_t y, int32_t x, const int8_t *zeros,
                       const int8_t **table, bool round) {
    const struct nn_window *window = &layer->window;
    const int32_t channels = window->channels;
    const int32_t step = window->dilation_width * channels;
    const int8_t *const end = image + ring.left;

    for (int32_t ky = window->kernel_height; ky > 0; ky--, y += window->dilation_height) {
        const bool row = y >= 0 && y < window->input_height;
        int32_t column = x;
        const int8_t *tap = image + (y * window->input_width + x) * channels;
        for (int32_t kx = window->kernel_width; kx > 0; kx--) {
            const int8_t *const here = round && tap >= end ? tap - ring.size : tap;
            *table++ = row && column >= 0 && column < window->input_width ? here : zeros;
            tap += step;
            column += window->dilation_width;
        }
    }
}

SPECIALIZED void output_by_output(const struct nn_mve_depthwise *layer, const int8_t *image,
                                  struct nn_ring ring, const int8_t **table, int8_t *zeros,
                                  int8_t *output, bool round) {
    const struct nn_window *window = &layer->window;
    const int32_t channels = window->channels * layer->channel_multiplier;

    nn_mve_fill(zeros, layer->input_zero, layer->margin_bytes);
    for (int32_t row = 0; row < window->output_height; row++) {
        const int32_t y = row * window->stride_height - window->pad_top;
        int32_t x = -window->pad_left;
        for (int32_t column = 0; column < window->output_width; column++) {
            point(layer, image, ring, y, x, zeros, table, round);
            layer->outputs(layer, table, output, 1);
            x += window->stride_width;
            output += channels;
        }
    }
}

/* Rows as the kernel finds them: on the image, or copied between margins of zero points to one of
 * as many lines as the kernel reaches over; before them lies a line of zero points. */
struct rows {
    const int8_t *image;
    int8_t *lines;
    int32_t copied; /* rows so far; the next one goes to line `slot` */
    int32_t slot;
};

/* Where the taps lie of the outputs from `offset` on of the row whose kernel begins at row y. */
static void aim(const struct nn_mve_depthwise *layer, const struct rows *rows, int32_t y,
                int32_t offset, const int8_t **table) {
    const struct nn_window *window = &layer->window;
    const int32_t line = layer->line_bytes;
    const int32_t step = window->dilation_width * window->channels;

    for (int32_t ky = window->kernel_height; ky > 0; ky--, y += window->dilation_height) {
        const int8_t *x = rows->lines;
        if (y >= 0 && y < window->input_height) {
            const int32_t place = rows->slot - (rows->copied - y);
            x = layer->copies ? x + line + (place < 0 ? place + layer->reach : place) * line
                              : rows->image + y * line;
        }
        x += offset;
        for (int32_t kx = window->kernel_width; kx > 0; kx--) {
            *table++ = x;
            x += step;
        }
    }
}

/* The same for rows that are not copied, of an image in a ring. Returns how many bytes no tap has
 * to go to the ring's end. */
static uint32_t aim_on_ring(const struct nn_mve_depthwise *layer, const struct rows *rows,
                            struct nn_ring ring, int32_t y, int32_t offset, const int8_t **table) {
    const struct nn_window *window = &layer->window;
    const uint32_t step = (uint32_t)(window->dilation_width * window->channels);
    const uint32x4_t steps = vmulq_n_u32(vidupq_n_u32(0, 1), step);
    const uint32_t end = (uint32_t)(rows->image + ring.left);
    uint32_t room = INT32_MAX;

    for (int32_t ky = window->kernel_height; ky > 0; ky--, y += window->dilation_height) {
        const bool on_image = y >= 0 && y < window->input_height;
        const int8_t *row = on_image ? rows->image + y * layer->line_bytes : rows->lines;
        uint32_t x = (uint32_t)(row + offset);
        uint32_t *words = (uint32_t *)(void *)table;
        for (int32_t left = window->kernel_width; left > 0; left -= POINTERS) {
            const mve_pred16_t live = vctp32q((uint32_t)left);
            uint32x4_t taps = vaddq_n_u32(steps, x);
            if (on_image) {
                const mve_pred16_t past = vcmpcsq_m_n_u32(taps, end, live);
                taps = vsubq_m_n_u32(taps, taps, (uint32_t)ring.size, past);
                room = vminvq_p_u32(room, vsubq_u32(vdupq_n_u32(end), taps), live);
            }
            vstrwq_p_u32(words, taps, live);
            words += POINTERS;
            x += POINTERS * step;
        }
        table += window->kernel_width;
    }
    return room;
}

/* Sixteen bytes of several outputs, of which the ring's end may be among the taps': those taps
 * are put together in `pieces`. */
static void put_together(const struct nn_mve_depthwise *layer, const int8_t *image,
                         struct nn_ring ring, int8_t *pieces, const int8_t **table) {
    for (int32_t left = 2 * layer->pairs + layer->single; left > 0; left--) {
        const int32_t offset = (int32_t)(*table - image);
        const int32_t room = ring.left - offset;
        if (room > 0 && room < LANES) {
            nn_mve_copy_ring(pieces, image, ring, offset, LANES);
            *table = pieces;
            pieces += LANES;
        }
        table++;
    }
}

/* The `count` outputs from `offset` on, in runs in which no tap comes to the ring's end. */
static void in_runs(const struct nn_mve_depthwise *layer, const struct rows *rows,
                    struct nn_ring ring, int32_t y, int32_t offset, const int8_t **table,
                    int8_t *output, int32_t count) {
    const struct nn_window *window = &layer->window;
    const bool side_by_side = layer->count < window->output_width;
    const int32_t bytes = side_by_side ? LANES : window->channels; /* that a tap sees */
    const int32_t step = bytes + layer->skip;
    const int32_t output_step = side_by_side ? LANES : bytes * layer->channel_multiplier;

    while (count > 0) {
        const uint32_t room = aim_on_ring(layer, rows, ring, y, offset, table);
        const uint32_t most = (room + (uint32_t)layer->skip) / (uint32_t)step;
        int32_t run = most < (uint32_t)count ? (int32_t)most : count;
        if (run == 0) {
            int8_t *pieces = rows->lines + layer->margin_bytes;
            put_together(layer, rows->image, ring, pieces, table);
            run = 1;
        }
        layer->outputs(layer, table, output, run);
        offset += run * step;
        output += run * output_step;
        count -= run;
    }
}

SPECIALIZED void outputs_from(const struct nn_mve_depthwise *layer, const struct rows *rows,
                              struct nn_ring ring, int32_t y, int32_t offset, const int8_t **table,
                              int8_t *output, int32_t count, bool round) {
    if (round && !layer->copies) {
        in_runs(layer, rows, ring, y, offset, table, output, count);
    } else {
        aim(layer, rows, y, offset, table);
        layer->outputs(layer, table, output, count);
    }
}

SPECIALIZED void row_by_row(const struct nn_mve_depthwise *layer, const int8_t *image,
                            struct nn_ring ring, const int8_t **table, int8_t *lines,
                            int8_t *output, bool round) {
    const struct nn_window *window = &layer->window;
    const int32_t bytes = window->input_width * window->channels;
    const int32_t output_bytes =
        window->output_width * window->channels * layer->channel_multiplier;
    int8_t *const inner = lines + layer->line_bytes + window->pad_left * window->channels;
    struct rows rows = {image, lines, 0, 0};

    nn_mve_fill(lines, layer->input_zero, layer->margin_bytes);
    for (int32_t row = 0; row < window->output_height; row++) {
        const int32_t y = row * window->stride_height - window->pad_top;
        while (layer->copies && rows.copied < y + layer->reach &&
               rows.copied < window->input_height) {
            int8_t *const line = inner + rows.slot * layer->line_bytes;
            if (round) {
                nn_mve_copy_ring(line, image, ring, rows.copied * bytes, bytes);
            } else {
                nn_mve_copy(line, image + rows.copied * bytes, bytes);
            }
            rows.copied++;
            rows.slot = rows.slot + 1 == layer->reach ? 0 : rows.slot + 1;
        }
        outputs_from(layer, &rows, ring, y, 0, table, output, layer->count, round);
        if (layer->rest) {
            const int32_t last = output_bytes - LANES;
            outputs_from(layer, &rows, ring, y, last, table, output + last, 1, round);
        }
        output += output_bytes;
    }
}

/* One image. */
SPECIALIZED void convolve(const struct nn_mve_depthwise *layer, const int8_t *image,
                          struct nn_ring ring, int8_t *scratch, int8_t *output, bool round) {
    const int8_t **table = (const int8_t **)(void *)scratch;
    int8_t *margin = scratch + POINTERS * layer->quads * (int32_t)sizeof *table;

    if (layer->line_bytes > 0) {
        row_by_row(layer, image, ring, table, margin, output, round);
    } else {
        output_by_output(layer, image, ring, table, margin, output, round);
    }
}

void nn_mve_depthwise(const struct nn_mve_depthwise *layer, const int8_t *input, int8_t *scratch,
                      int8_t *output) {
    const struct nn_window *window = &layer->window;
    const int32_t channels = window->channels * layer->channel_multiplier;

    for (int32_t batch = 0; batch < window->batches; batch++) {
        convolve(layer, input, NN_NO_RING, scratch, output, false);
        input += window->input_height * window->input_width * window->channels;
        output += window->output_height * window->output_width * channels;
    }
}

void nn_mve_depthwise_ring(const struct nn_mve_depthwise *layer, const int8_t *input,
                           int8_t *scratch, int8_t *output, int32_t left, int32_t size) {
    convolve(layer, input, (struct nn_ring){left, size}, scratch, output, true);
}
