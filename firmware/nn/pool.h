/* pool.h: AVERAGE_POOL_2D and MAX_POOL_2D. Off the image nothing counts.
 *
 * Owns: nothing. One scale and zero point hold for input and output.
 * Costs: about 7 instructions a value of a window on Cortex-M4, and 60 an output.
 */
#ifndef EARSHOT_NN_POOL_H
#define EARSHOT_NN_POOL_H

#include "window.h"

struct nn_pool {
    struct nn_window window; /* dilation 1 */
    int32_t min;             /* range of the fused activation */
    int32_t max;
};

void nn_average_pool(const struct nn_pool *layer, const int8_t *input, int8_t *output);
void nn_max_pool(const struct nn_pool *layer, const int8_t *input, int8_t *output);

#endif
