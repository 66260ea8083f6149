/* depthwise.h: DEPTHWISE_CONV_2D with any kernel, stride, dilation, padding and multiplier.
 *
 * Owns: nothing; the patch (kernel_height * kernel_width * channels bytes) is the caller's scratch,
 * used only where the kernel hangs over the edge, so a layer without padding passes none.
 * Costs: about 4 instructions a multiplication on Cortex-M4, and 25 an output; twice that with a
 * channel multiplier above 1.
 */
#ifndef EARSHOT_NN_DEPTHWISE_H
#define EARSHOT_NN_DEPTHWISE_H

#include "requantize.h"
#include "window.h"

struct nn_depthwise {
    struct nn_window window;
    int32_t channel_multiplier; /* outputs a channel of the input */
    const int8_t *weights;      /* [kernel_height][kernel_width][channels * channel_multiplier] */
    const int32_t *bias;        /* less the input's zero point times the sum of the weights */
    const int32_t *multiplier;  /* Q31, one a channel of the output */
    const int8_t *shift;
    struct nn_range output;
    int8_t input_zero;
};

void nn_depthwise(const struct nn_depthwise *layer, const int8_t *input, int8_t *patch,
                  int8_t *output);

/* The same for an input whose first row lies `left` values before the end of a ring of `size`. */
void nn_depthwise_ring(const struct nn_depthwise *layer, const int8_t *input, int8_t *patch,
                       int8_t *output, int32_t left, int32_t size);

#endif
