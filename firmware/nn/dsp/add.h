/* add.h: ADD and SUB of two int8 tensors, four values at a time; either may be repeated.
 *
 * Each input is brought to twice the larger of the two scales, with 20 bits of headroom, as TFLite
 * does it. For the input that has the larger scale that is a shift.
 *
 * Owns: nothing. output may be one of the inputs if that one is not broadcast.
 * Costs: 14 instructions a value on Cortex-M4, 16 for nn_dsp_sub, 9 for inputs of one scale; and
 * what pair.h takes.
 */
#ifndef EARSHOT_NN_DSP_ADD_H
#define EARSHOT_NN_DSP_ADD_H

#include "dsp/pair.h"
#include "requantize.h"

struct nn_dsp_add {
    struct nn_dsp_pair pair; /* first is the larger */
    /* -zero * 2^19, or zero * 2^19 where that input is subtracted. Of one scale, both zeros are in
     * here: (-zero - zero) * 2^19, and (1 - zero + zero) * 2^19 for a difference. */
    int32_t larger_offset;
    int32_t smaller_offset;   /* -zero * 2^20; unused if the scales are the same */
    int32_t smaller_scale[2]; /* struct nn_dsp_scale; unused if the scales are the same */
    int32_t output_scale[2];
    struct nn_range output;
};

/* The inputs by their scales: larger + smaller, larger - smaller, smaller - larger. */
void nn_dsp_add(const struct nn_dsp_add *layer, const int8_t *larger, const int8_t *smaller,
                int8_t *output);
void nn_dsp_sub(const struct nn_dsp_add *layer, const int8_t *larger, const int8_t *smaller,
                int8_t *output);
void nn_dsp_sub_reversed(const struct nn_dsp_add *layer, const int8_t *larger,
                         const int8_t *smaller, int8_t *output);

/* Inputs of one scale: first + second, first - second. */
void nn_dsp_add_same(const struct nn_dsp_add *layer, const int8_t *first, const int8_t *second,
                     int8_t *output);
void nn_dsp_sub_same(const struct nn_dsp_add *layer, const int8_t *first, const int8_t *second,
                     int8_t *output);

#endif
