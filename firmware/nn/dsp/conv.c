#include "dsp/conv.h"

#include "dsp/clamp.h"
#include "dsp/tile.h"

/* All channels of four positions. */
static void four_positions(const struct nn_dsp_rows *layer, const uint32_t *tile, int8_t *output) {
    const struct nn_dsp_tile parameters = {nn_dsp_blocks(layer->depth), layer->channels,
                                           layer->output.zero};
    if (layer->channels > 1) {
        nn_dsp_tile(&parameters, layer->stream, tile, layer->channels / 2, output);
    }
    if (layer->odd_stream != NULL) {
        nn_dsp_tile(&parameters, layer->odd_stream, tile, 1, output + layer->channels - 2);
    }
    nn_dsp_clamp(&layer->output, output, NN_DSP_TILE_ROWS * layer->channels);
}

/* Where the tile after this one begins: it may overlap this one, and must not pass the end. */
static inline int32_t next_tile(int32_t position, int32_t positions) {
    const int32_t last = positions - NN_DSP_TILE_ROWS;
    const int32_t next = position + NN_DSP_TILE_ROWS;
    return next < positions && next > last ? last : next;
}

void nn_dsp_rows(const struct nn_dsp_rows *layer, const int8_t *input, int32_t rows,
                 uint32_t *scratch, int8_t *output) {
    for (int32_t first = 0; first < rows; first = next_tile(first, rows)) {
        for (int32_t i = 0; i < NN_DSP_TILE_ROWS; i++) {
            const int8_t *row = input + (first + i) * layer->depth;
            scratch[i] = (uint32_t)nn_dsp_tile_values(scratch, i, 0, row, layer->depth);
        }
        four_positions(layer, scratch, output + first * layer->channels);
    }
}

static inline void copy_values(int8_t *to, const int8_t *from, int32_t count) {
    for (; count >= 4; count -= 4) {
        const uint32_t word = nn_word(from);
        memcpy(to, &word, sizeof word);
        to += 4;
        from += 4;
    }
    for (; count > 0; count--) {
        *to++ = *from++;
    }
}

static inline void fill_values(int8_t *to, int8_t value, int32_t count) {
    for (; count > 0; count--) {
        *to++ = value;
    }
}

static inline int32_t within(int32_t value, int32_t largest) {
    return value < 0 ? 0 : value > largest ? largest : value;
}

/* What one row of the kernel sees that lies on the image only in part; line is NULL off it. */
static void gather_row(const struct nn_window *window, const int8_t *line, int32_t x, int8_t fill,
                       int8_t *to) {
    const int32_t channels = window->channels;
    const int32_t taps = window->kernel_width;

    if (line == NULL) {
        fill_values(to, fill, taps * channels);
    } else if (window->dilation_width == 1) {
        const int32_t before = within(-x, taps);
        const int32_t end = within(window->input_width - x, taps);
        fill_values(to, fill, before * channels);
        if (end > before) {
            copy_values(to + before * channels, line + (x + before) * channels,
                        (end - before) * channels);
        }
        fill_values(to + end * channels, fill, (taps - end) * channels);
    } else {
        for (int32_t kx = 0; kx < taps; kx++) {
            const int32_t column = x + kx * window->dilation_width;
            if (column < 0 || column >= window->input_width) {
                fill_values(to, fill, channels);
            } else {
                copy_values(to, line + column * channels, channels);
            }
            to += channels;
        }
    }
}

/* What the kernel sees from its corner on, all of it on the image. Each of its rows begins a block;
 * what a row's last block holds besides meets weights of zero. */
static int32_t expand_rows(const struct nn_window *window, const int8_t *seen, uint32_t *tile,
                           int32_t i) {
    const int32_t step = 2 * NN_DSP_TILE_ROWS;
    const int32_t blocks = nn_dsp_blocks(window->kernel_width * window->channels);
    const int32_t line = window->dilation_height * window->input_width * window->channels;
    nn_pair *pairs = tile + NN_DSP_TILE_ROWS + i;
    int32_t sum = 0;

    for (int32_t ky = window->kernel_height; ky > 0; ky--) {
        const int8_t *values = seen;
        for (int32_t block = blocks; block > 0; block--) {
            sum = nn_dsp_expand_block(nn_word(values), pairs, NN_DSP_TILE_ROWS, sum);
            values += NN_DSP_BLOCK;
            pairs += step;
        }
        seen += line;
    }
    return sum;
}

/* Expands what the kernel sees at row y, column x to row `i` of the tile. Kernel rows of whole
 * blocks are expanded from where they lie; others are put together in the patch first. */
static void expand_position(const struct nn_dsp_conv *layer, const struct nn_window *window,
                            const int8_t *image, int32_t y, int32_t x, uint32_t *tile, int32_t i,
                            int8_t *patch) {
    const int32_t count = window->kernel_width * window->channels;
    const int32_t last = x + (window->kernel_width - 1) * window->dilation_width;
    const bool inside = x >= 0 && last < window->input_width && window->dilation_width == 1;
    const bool blocks = count % NN_DSP_BLOCK == 0;
    int32_t correction = 0;
    int32_t block = 0;

    if (blocks && inside && nn_window_inside(window, y, x)) {
        const int8_t *corner = image + (y * window->input_width + x) * window->channels;
        tile[i] = (uint32_t)expand_rows(window, corner, tile, i);
        return;
    }
    for (int32_t ky = 0; ky < window->kernel_height; ky++) {
        const int32_t row = y + ky * window->dilation_height;
        const int8_t *line = NULL;
        if (row >= 0 && row < window->input_height) {
            line = image + row * window->input_width * window->channels;
        }
        const int8_t *seen = patch;
        if (!inside || line == NULL) {
            gather_row(window, line, x, layer->input_zero, patch);
        } else if (blocks) {
            seen = line + x * window->channels;
        } else {
            copy_values(patch, line + x * window->channels, count);
        }
        if (blocks) {
            correction = nn_wrapped(correction, nn_dsp_tile_values(tile, i, block, seen, count));
            block += count / NN_DSP_BLOCK;
        } else {
            patch += count;
        }
    }
    if (!blocks) {
        correction = nn_dsp_tile_values(tile, i, 0, patch - layer->depth, layer->depth);
    }
    tile[i] = (uint32_t)correction;
}

/* The lines of the image that one row of the output sees, with what is padded around them. */
static void pad_lines(const struct nn_dsp_conv *layer, const int8_t *image, int32_t y,
                      int8_t *lines) {
    const struct nn_window *window = &layer->window;
    const int32_t before = window->pad_left * window->channels;
    const int32_t line = window->input_width * window->channels;
    const int32_t count = within(layer->line - before, line);

    for (int32_t ky = 0; ky < window->kernel_height; ky++) {
        const int32_t row = y + ky * window->dilation_height;
        if (row < 0 || row >= window->input_height) {
            fill_values(lines, layer->input_zero, layer->line);
        } else {
            fill_values(lines, layer->input_zero, before);
            copy_values(lines + before, image + row * line, count);
            fill_values(lines + before + count, layer->input_zero, layer->line - before - count);
        }
        lines += layer->line;
    }
}

/* A position of the output: its image, and the corner of what the kernel sees there. */
struct corner {
    int32_t batch;
    int32_t line; /* of the output, over all images */
    int32_t y;
    int32_t x;
};

static struct corner corner_at(const struct nn_window *window, int32_t position) {
    const int32_t line = position / window->output_width;
    const int32_t batch = line / window->output_height;
    const int32_t row = line - batch * window->output_height;
    const int32_t column = position - line * window->output_width;
    return (struct corner){
        .batch = batch,
        .line = line,
        .y = row * window->stride_height - window->pad_top,
        .x = column * window->stride_width - window->pad_left,
    };
}

static int32_t positions_of(const struct nn_window *window) {
    return window->batches * window->output_height * window->output_width;
}

static int32_t image_of(const struct nn_window *window) {
    return window->input_height * window->input_width * window->channels;
}

static struct nn_dsp_rows rows_of(const struct nn_dsp_conv *layer) {
    return (struct nn_dsp_rows){layer->depth, layer->channels, layer->stream, layer->odd_stream,
                                layer->output};
}

static int8_t *behind_tile(const struct nn_dsp_conv *layer, uint32_t *scratch) {
    return (int8_t *)(scratch + NN_DSP_TILE_WORDS(nn_dsp_blocks(layer->depth)));
}

void nn_dsp_conv(const struct nn_dsp_conv *layer, const int8_t *input, uint32_t *scratch,
                 int8_t *output) {
    const struct nn_window *window = &layer->window;
    const struct nn_dsp_rows rows = rows_of(layer);
    const int32_t positions = positions_of(window);
    int8_t *patch = behind_tile(layer, scratch);

    for (int32_t first = 0; first < positions; first = next_tile(first, positions)) {
        for (int32_t i = 0; i < NN_DSP_TILE_ROWS; i++) {
            const struct corner corner = corner_at(window, first + i);
            const int8_t *image = input + corner.batch * image_of(window);
            expand_position(layer, window, image, corner.y, corner.x, scratch, i, patch);
        }
        four_positions(&rows, scratch, output + first * layer->channels);
    }
}

void nn_dsp_conv_lines(const struct nn_dsp_conv *layer, const int8_t *input, uint32_t *scratch,
                       int8_t *output) {
    const struct nn_window *window = &layer->window;
    const struct nn_dsp_rows rows = rows_of(layer);
    const int32_t positions = positions_of(window);
    int8_t *lines = behind_tile(layer, scratch);
    int32_t padded_line = -1; /* of the output, that the lines were padded for */
    /* The kernel walks over the lines as over an image of its own height. */
    struct nn_window padded = *window;
    padded.input_width = layer->line / window->channels;
    padded.dilation_height = 1;

    for (int32_t first = 0; first < positions; first = next_tile(first, positions)) {
        for (int32_t i = 0; i < NN_DSP_TILE_ROWS; i++) {
            const struct corner corner = corner_at(window, first + i);
            if (corner.line != padded_line) {
                pad_lines(layer, input + corner.batch * image_of(window), corner.y, lines);
                padded_line = corner.line;
            }
            const int8_t *seen = lines + (corner.x + window->pad_left) * window->channels;
            scratch[i] = (uint32_t)expand_rows(&padded, seen, scratch, i);
        }
        four_positions(&rows, scratch, output + first * layer->channels);
    }
}

/* What the kernel sees at a corner: where it lies if that is one piece, else put together in the
 * patch. */
static const int8_t *seen_at(const struct nn_window *window, const int8_t *image,
                             struct nn_ring ring, const struct corner *corner, int8_t fill,
                             int8_t *patch) {
    const bool one_piece =
        window->dilation_width == 1 &&
        (window->kernel_height == 1 ||
         (window->dilation_height == 1 && window->kernel_width == window->input_width));
    if (one_piece && nn_window_inside(window, corner->y, corner->x)) {
        const int32_t offset = (corner->y * window->input_width + corner->x) * window->channels;
        const int32_t count = window->kernel_height * window->kernel_width * window->channels;
        const int8_t *seen = nn_ring_piece(image, ring, offset, count);
        if (seen != NULL) {
            return seen;
        }
    }
    nn_window_gather_ring(window, image, ring, corner->y, corner->x, fill, patch);
    return patch;
}

void nn_dsp_conv_ring(const struct nn_dsp_conv *layer, const int8_t *input, uint32_t *scratch,
                      int8_t *output, int32_t left, int32_t size) {
    const struct nn_window *window = &layer->window;
    const struct nn_dsp_rows rows = rows_of(layer);
    const struct nn_ring ring = {left, size};
    const int32_t positions = positions_of(window);
    int8_t *patch = behind_tile(layer, scratch);

    for (int32_t first = 0; first < positions; first = next_tile(first, positions)) {
        for (int32_t i = 0; i < NN_DSP_TILE_ROWS; i++) {
            const struct corner corner = corner_at(window, first + i);
            const int8_t *seen = seen_at(window, input, ring, &corner, layer->input_zero, patch);
            scratch[i] = (uint32_t)nn_dsp_tile_values(scratch, i, 0, seen, layer->depth);
        }
        four_positions(&rows, scratch, output + first * layer->channels);
    }
}

static void few_positions(const struct nn_dsp_conv_few *layer, const int8_t *input,
                          struct nn_ring ring, uint32_t *scratch, int8_t *output) {
    const struct nn_window *window = &layer->window;
    int8_t *patch = (int8_t *)(scratch + 2 * nn_dsp_blocks(layer->dense.depth));

    for (int32_t position = 0; position < positions_of(window); position++) {
        const struct corner corner = corner_at(window, position);
        const int8_t *image = input + corner.batch * image_of(window);
        const int8_t *seen = seen_at(window, image, ring, &corner, layer->input_zero, patch);
        nn_dsp_dense(&layer->dense, seen, 1, scratch, output);
        output += layer->dense.channels;
    }
}

void nn_dsp_conv_few(const struct nn_dsp_conv_few *layer, const int8_t *input, uint32_t *scratch,
                     int8_t *output) {
    few_positions(layer, input, NN_NO_RING, scratch, output);
}

void nn_dsp_conv_few_ring(const struct nn_dsp_conv_few *layer, const int8_t *input,
                          uint32_t *scratch, int8_t *output, int32_t left, int32_t size) {
    few_positions(layer, input, (struct nn_ring){left, size}, scratch, output);
}
