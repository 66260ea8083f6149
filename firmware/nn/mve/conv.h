/* mve/conv.h: nn_conv on Helium.
 *
 * Two outputs at a time: what the kernel sees of the input lies in one piece anyway or is gathered
 * into a patch, and nn_mve_dense_pair does the rest.
 *
 * Owns: nothing; the patches (2 * kernel_height * kernel_width * channels bytes) are the caller's
 * scratch.
 * Costs: beside the dense layer 9 instructions a row of the kernel and 40 an output.
 */
#ifndef EARSHOT_NN_MVE_CONV_H
#define EARSHOT_NN_MVE_CONV_H

#include "mve/dense.h"
#include "window.h"

struct nn_mve_conv {
    struct nn_window window;
    struct nn_mve_dense dense; /* depth = kernel_height * kernel_width * channels */
    int8_t input_zero;
};

void nn_mve_conv(const struct nn_mve_conv *layer, const int8_t *input, int8_t *patches,
                 int8_t *output);

#endif
