/* depthwise.h: DEPTHWISE_CONV_2D with a channel multiplier of 1 and at least four channels, four
 * channels and two taps of the kernel at a time.
 *
 * For every position there is a list of pointers, one a tap, to the pixel that the tap sees; a tap
 * off the image sees a row of zero points. So the inner loop knows no edges, strides or dilations.
 *
 * Weights and all else that belongs to four channels are one stream, in the order in which it is
 * eaten; an odd last tap is joined by one of weight zero:
 *
 *   channels 0 to 3: bias c0 | c1 | c2 | c3   taps 0 and 1: c0 | c1 | c2 | c3   taps 2 and 3: ...
 *                    scale of c0 | c1 | c2 | c3
 *   channels 4 to 7: ...
 *
 * A word of weights is the pair of one channel's weights for two taps. If the number of channels
 * is no multiple of four, the last four come once more at the end.
 *
 * Owns: nothing; scratch is the caller's: a pointer for each tap, their number made even, and if
 * the layer is padded, behind them a byte a channel. input and output must not overlap.
 * Costs: 1.75 instructions a multiplication on Cortex-M4, 9 an output, and 20 a tap for a position
 * at an edge: 3.2 a multiplication of a 3x3 kernel.
 */
#ifndef EARSHOT_NN_DSP_DEPTHWISE_H
#define EARSHOT_NN_DSP_DEPTHWISE_H

#include "requantize.h"
#include "window.h"

struct nn_dsp_depthwise {
    struct nn_window window;
    const int32_t *stream;
    struct nn_range output; /* every factor is below one half */
    int8_t input_zero;
    bool padded; /* the kernel leaves the image somewhere */
};

void nn_dsp_depthwise(const struct nn_dsp_depthwise *layer, const int8_t *input,
                      const int8_t **taps, int8_t *output);

/* The same for an input whose first row lies `left` values before the end of a ring of `size`. */
void nn_dsp_depthwise_ring(const struct nn_dsp_depthwise *layer, const int8_t *input,
                           const int8_t **taps, int8_t *output, int32_t left, int32_t size);

#endif
