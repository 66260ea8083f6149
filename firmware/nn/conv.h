/* conv.h: CONV_2D with any kernel, stride, dilation and padding, and in groups of channels.
 *
 * Gathers what the kernel sees of the input into a patch, unless it lies in one piece anyway, and
 * leaves the rest to nn_dense. 1x1 kernels with stride 1 go to nn_dense straight away.
 *
 * Owns: nothing; the patch (kernel_height * kernel_width * channels bytes, in groups one group's
 * more) is the caller's scratch.
 * Costs: beside nn_dense about 9 instructions a value of a patch on Cortex-M4, where the C
 * library's memcpy goes byte by byte.
 */
#ifndef EARSHOT_NN_CONV_H
#define EARSHOT_NN_CONV_H

#include "dense.h"
#include "window.h"

struct nn_conv {
    struct nn_window window;
    struct nn_dense dense; /* depth = kernel_height * kernel_width * channels */
    int8_t input_zero;
};

/* Each group of outputs sees its own part of the input's channels. */
struct nn_grouped_conv {
    struct nn_conv group; /* dense: one group's depth and channels, all groups' constants */
    int32_t groups;
};

void nn_conv(const struct nn_conv *layer, const int8_t *input, int8_t *patch, int8_t *output);
void nn_grouped_conv(const struct nn_grouped_conv *layer, const int8_t *input, int8_t *patch,
                     int8_t *output);

/* The same for an input whose first row lies `left` values before the end of a ring of `size`. */
void nn_conv_ring(const struct nn_conv *layer, const int8_t *input, int8_t *patch, int8_t *output,
                  int32_t left, int32_t size);

#endif
