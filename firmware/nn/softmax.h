/* softmax.h: SOFTMAX over rows of int8; the output has scale 1/256 and zero point -128.
 *
 * Owns: nothing; modelc tabulates exp() of every difference to a row's maximum with TFLite's own
 * fixed-point arithmetic. input and output may be the same.
 * Costs: 56 instructions a value on Cortex-M4.
 */
#ifndef EARSHOT_NN_SOFTMAX_H
#define EARSHOT_NN_SOFTMAX_H

#include <stdint.h>

struct nn_softmax {
    int32_t rows;
    int32_t depth;          /* 1..4095: the sum of a row is held in Q19 */
    int32_t differences;    /* 1..256; what lies further below the maximum counts as zero */
    const int32_t *exp_q31; /* exp_q31[d]: exp of d steps below the maximum */
};

void nn_softmax(const struct nn_softmax *layer, const int8_t *input, int8_t *output);

#endif
