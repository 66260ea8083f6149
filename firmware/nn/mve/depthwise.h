/* mve/depthwise.h: nn_depthwise on Helium: what the taps of each output see of the image. The sums
 * are depthwise_outputs.h's.
 *
 * The taps of an output are a table of pointers in scratch. Each moves on as it is used, and so
 * comes to stand on the next output by itself: a table is made once for a row of outputs. Padding
 * costs nothing in the loops: rows that the kernel leaves at the side are first copied between
 * margins, and a row off the image is a line of zero points. Where that would take too much
 * scratch, a table is made for each output. Where an image of one row lies in a ring, it is one for
 * each run of outputs in which no tap comes to the ring's end.
 *
 * Owns: nothing; scratch is the caller's.
 * Costs: beside the outputs 110 instructions and 6 a tap for a row of them, and 3 for every 16
 * bytes that are copied; where a table is made for each output, 250 an output with 3 x 3 taps.
 */
#ifndef EARSHOT_NN_MVE_DEPTHWISE_H
#define EARSHOT_NN_MVE_DEPTHWISE_H

#include <stdint.h>

#include "mve/depthwise_outputs.h"
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
    nn_mve_outputs *outputs;
    struct nn_window window;
    int32_t channel_multiplier;
    int32_t count;        /* of outputs, or of 16 bytes of them, in a row */
    int32_t rest;         /* 1: the last 16 bytes of a row of outputs come once more */
    int32_t line_bytes;   /* a row with its margins; 0: output by output */
    int32_t reach;        /* rows from the kernel's first to its last */
    int32_t copies;       /* 1: rows are copied between margins */
    int32_t margin_bytes; /* of zero points that scratch begins with behind the table */
    int8_t input_zero;
};

/* scratch: 4 * quads pointers; with line_bytes a line of zero points if the kernel leaves the
 * image, and `reach` lines if it leaves it at the side; without, a pixel of zero points. For
 * outputs side by side on an image of one row, which a ring may cut, 16 bytes a tap. */
void nn_mve_depthwise(const struct nn_mve_depthwise *layer, const int8_t *input, int8_t *scratch,
                      int8_t *output);

/* The same for an input whose first row lies `left` values before the end of a ring of `size`. */
void nn_mve_depthwise_ring(const struct nn_mve_depthwise *layer, const int8_t *input,
                           int8_t *scratch, int8_t *output, int32_t left, int32_t size);

#endif
