/* add.h: ADD of two int8 tensors of one shape, four values at a time.
 *
 * Each input is brought to twice the larger of the two scales, with 20 bits of headroom, as TFLite
 * does it. For the input that has the larger scale that is a shift.
 *
 * Owns: nothing. output may be one of the inputs.
 * Costs: 14 instructions a value on Cortex-M4, 12 if both inputs have one scale.
 */
#ifndef EARSHOT_NN_DSP_ADD_H
#define EARSHOT_NN_DSP_ADD_H

#include "requantize.h"

struct nn_dsp_add {
    int32_t count;
    int32_t larger_offset;    /* of the input with the larger scale: -zero * 2^19 */
    int32_t smaller_offset;   /* -zero * 2^20, or * 2^19 if the scales are the same */
    int32_t smaller_scale[2]; /* struct nn_dsp_scale; unused if the scales are the same */
    int32_t output_scale[2];
    struct nn_range output;
};

/* larger and smaller: the inputs, by their scales. */
void nn_dsp_add(const struct nn_dsp_add *layer, const int8_t *larger, const int8_t *smaller,
                int8_t *output);

/* Inputs of one scale. */
void nn_dsp_add_same(const struct nn_dsp_add *layer, const int8_t *first, const int8_t *second,
                     int8_t *output);

#endif
