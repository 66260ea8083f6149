/* mve/depthwise.h: nn_depthwise on Helium: 16 channels at a time, two taps summed in 16 bits.
 *
 * The taps of an output are a table of pointers in scratch. Each moves on as it is used, and so
 * comes to stand on the next output by itself: a table is made once for a row of outputs. Padding
 * costs nothing in the loops: rows that the kernel leaves at the side are first copied between
 * margins, and a row off the image is a line of zero points. Where that would take too much
 * scratch, as with fewer than 16 channels or a channel multiplier, a table is made for each output.
 *
 * modelc packs a layer into one stream of words, 16 channels a block. If the channels are no
 * multiple of 16, the last block is the last 16 channels (some come twice); with fewer than 16, or
 * with a channel multiplier, it is filled up with zeros, and a block begins with which channel of
 * the input, counted from the block's first, each lane sees.
 *
 *     block | (channels seen: 16 x uint8) | bias 4 x 4 x int32 | tap 0: 16 x int8 | tap 1 | ...
 *           | scale 0 | scale 1 | scale 2 | scale 3 |
 *     scale | multiplier 4 x int32 | shift 4 x int32 |
 *
 * Sums come out of the multiplications as four vectors, and biases and scales lie in that order:
 * channels 0 4 8 12, 2 6 10 14, 1 5 9 13, 3 7 11 15 of the block. Two products must fit in 16 bits,
 * so modelc leaves a layer with a weight of -128 to nn_depthwise, as one with a shift above zero.
 *
 * Owns: nothing; scratch is the caller's.
 * Costs: 0.69 instructions a multiplication and 2 an output; with fewer than 16 channels or a
 * channel multiplier 1.5 and 5.
 */
#ifndef EARSHOT_NN_MVE_DEPTHWISE_H
#define EARSHOT_NN_MVE_DEPTHWISE_H

#include <stdint.h>

#include "requantize.h"
#include "window.h"

struct nn_mve_depthwise {
    int32_t pairs;  /* taps / 2 */
    int32_t single; /* taps % 2 */
    int32_t blocks;
    const int32_t *stream;
    struct nn_range output;
    int32_t overlap; /* channels that the last block has in common with the one before */
    int32_t quads;   /* taps / 4, rounded up */
    int32_t skip;    /* bytes from the end of a tap's channels to the next output's tap */
    int32_t general; /* 1: outputs are clamped, or ties below zero show; 0: int8's own range does */
    struct nn_window window;
    int32_t channel_multiplier;
    int32_t by_lane;      /* 1: fewer than 16 channels, or a channel multiplier */
    int32_t line_bytes;   /* a row with its margins; 0: output by output */
    int32_t reach;        /* rows from the kernel's first to its last */
    int32_t copies;       /* 1: rows are copied between margins */
    int32_t margin_bytes; /* of zero points that scratch begins with behind the table */
    int8_t input_zero;
};

/* scratch: 4 * quads pointers; with line_bytes a line of zero points if the kernel leaves the
 * image, and `reach` lines if it leaves it at the side; without, a pixel of zero points. */
void nn_mve_depthwise(const struct nn_mve_depthwise *layer, const int8_t *input, int8_t *scratch,
                      int8_t *output);

#endif
