/* conv.h: CONV_2D, and FULLY_CONNECTED of many rows: four positions at a time are gathered,
 * expanded, and multiplied by all channels (tile.h). The last tile overlaps the one before it, so
 * there are always four; layers of fewer positions are nn_dsp_dense's.
 *
 * Of a narrow image with few channels, as a first layer has, the lines that a row of the output
 * sees are padded first, so that no position has an edge; in wider ones edges are rare, and are
 * gathered as they come.
 *
 * Owns: nothing; scratch is the caller's: NN_DSP_TILE_WORDS(blocks) words for the tile, and behind
 * them depth bytes for a patch, or kernel_height padded lines and three bytes. input and output
 * must not overlap.
 * Costs: 0.72 instructions a multiplication on Cortex-M4, 8.6 an output, and a position's
 * gathering: 2 a value, for kernels beyond 1x1 about 3.
 */
#ifndef EARSHOT_NN_DSP_CONV_H
#define EARSHOT_NN_DSP_CONV_H

#include "dsp/dense.h"
#include "window.h"

struct nn_dsp_conv {
    struct nn_window window;
    int32_t
        depth; /* kernel_height * kernel_width * channels; of nn_dsp_conv_lines, rows of blocks */
    int32_t channels;
    const int32_t *stream;     /* tile.h */
    const int32_t *odd_stream; /* the last two channels, if their number is odd; else NULL */
    struct nn_range output;    /* every factor is below one half */
    int32_t line;              /* bytes of a line of the image that is padded first; 0 if none is */
    int8_t input_zero;
};

/* Any kernel, stride, dilation and padding. */
void nn_dsp_conv(const struct nn_dsp_conv *layer, const int8_t *input, uint32_t *scratch,
                 int8_t *output);

/* Without dilation along the width. Each row of the kernel is filled up with weights of zero to
 * whole blocks: depth = kernel_height * 4 * blocks of a row. */
void nn_dsp_conv_lines(const struct nn_dsp_conv *layer, const int8_t *input, uint32_t *scratch,
                       int8_t *output);

/* nn_dsp_conv for an input whose first row lies `left` values before the end of a ring of `size`.
 */
void nn_dsp_conv_ring(const struct nn_dsp_conv *layer, const int8_t *input, uint32_t *scratch,
                      int8_t *output, int32_t left, int32_t size);

struct nn_dsp_rows {
    int32_t depth;
    int32_t channels;
    const int32_t *stream;
    const int32_t *odd_stream;
    struct nn_range output;
};

/* Rows that lie one behind the other, at least four: 1x1 kernels with stride 1. */
void nn_dsp_rows(const struct nn_dsp_rows *layer, const int8_t *input, int32_t rows,
                 uint32_t *scratch, int8_t *output);

struct nn_dsp_conv_few {
    struct nn_window window;
    struct nn_dsp_dense dense; /* depth = kernel_height * kernel_width * channels */
    int8_t input_zero;
};

/* Up to three positions, as streaming networks have them: a patch each, and nn_dsp_dense. scratch
 * is 8 bytes a block of the depth, and behind them depth bytes for the patch. */
void nn_dsp_conv_few(const struct nn_dsp_conv_few *layer, const int8_t *input, uint32_t *scratch,
                     int8_t *output);

/* The same for an input in a ring. */
void nn_dsp_conv_few_ring(const struct nn_dsp_conv_few *layer, const int8_t *input,
                          uint32_t *scratch, int8_t *output, int32_t left, int32_t size);

#endif
