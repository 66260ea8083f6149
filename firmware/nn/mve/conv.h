/* mve/conv.h: nn_conv on Helium.
 *
 * Two outputs at a time: what the kernel sees of the input lies in one piece anyway or is gathered
 * into a patch, and nn_mve_dense_pair does the rest.
 *
 * A patch is kernel_height * kernel_width * channels bytes; where all are gathered, it is filled up
 * to a multiple of 16 with whatever lies there, and the weights with zeros. What the end of a ring
 * cuts is gathered too.
 *
 * Owns: nothing; two patches are the caller's scratch.
 * Costs: beside the dense layer about 8 instructions a row of the kernel and 80 an output.
 */
#ifndef EARSHOT_NN_MVE_CONV_H
#define EARSHOT_NN_MVE_CONV_H

#include "mve/dense.h"
#include "window.h"

struct nn_mve_conv {
    struct nn_window window;
    struct nn_mve_dense dense; /* depth: of a patch */
    int8_t input_zero;
};

void nn_mve_conv(const struct nn_mve_conv *layer, const int8_t *input, int8_t *patches,
                 int8_t *output);

/* The same for an input whose first row lies `left` values before the end of a ring of `size`. */
void nn_mve_conv_ring(const struct nn_mve_conv *layer, const int8_t *input, int8_t *patches,
                      int8_t *output, int32_t left, int32_t size);

#endif
