#include "dsp/add.h"

#include <stdbool.h>

#include "broadcast.h"
#include "dsp/armv7em.h"
#include "dsp/clamp.h"
#include "dsp/repeated.h"

#define HEADROOM 20

/* larger + smaller, larger - smaller, smaller - larger; and of one scale. */
enum form { ADD, SUB, SUB_REVERSED, ADD_SAME, SUB_SAME };

/* Byte `lane` of a word of int8, times 2^shift. */
static inline int32_t shifted(uint32_t word, int32_t lane, int32_t shift) {
    const uint32_t value = (uint32_t)(int32_t)(int8_t)(word >> 8 * lane);
    return (int32_t)(value << shift);
}

/* One of the four values of two words. */
static inline int8_t sum(const struct nn_dsp_add *layer, enum form form, uint32_t larger,
                         uint32_t smaller, int32_t lane) {
    const struct nn_dsp_scale scale = {layer->smaller_scale[0], layer->smaller_scale[1]};
    const struct nn_dsp_scale final = {layer->output_scale[0], layer->output_scale[1]};
    const int32_t large = shifted(larger, lane, HEADROOM - 1);
    int32_t acc = nn_wrapped(layer->larger_offset, form == SUB_REVERSED ? -large : large);
    if (form == ADD_SAME || form == SUB_SAME) {
        const int32_t other = shifted(smaller, lane, HEADROOM - 1);
        acc = nn_wrapped(acc, form == SUB_SAME ? -other : other);
    } else {
        const int32_t other = nn_wrapped(layer->smaller_offset, shifted(smaller, lane, HEADROOM));
        acc =
            form == SUB ? acc - nn_dsp_rescale(other, scale, 0) : nn_dsp_rescale(other, scale, acc);
    }
    return nn_dsp_requantize(acc, final, layer->output.zero);
}

/* A line; compiled once for each form, and for lines without a repeated value once more. */
__attribute__((always_inline)) static inline void combine(const void *parameters, enum form form,
                                                          int32_t step_a, int32_t step_b,
                                                          const int8_t *a, const int8_t *b,
                                                          int8_t *output) {
    /* The output may alias what is in memory. */
    const struct nn_dsp_add layer = *(const struct nn_dsp_add *)parameters;
    uint32_t room[2];
    struct nn_dsp_line larger = nn_dsp_line(a, step_a, &room[0]);
    struct nn_dsp_line smaller = nn_dsp_line(b, step_b, &room[1]);
    int8_t *const end = output + layer.shape[3];
    int8_t *const end_of_fours = end - layer.shape[3] % 4;
    int8_t *to = output;
    while (to != end_of_fours) {
        const uint32_t larger_four = nn_dsp_next_four(&larger);
        const uint32_t smaller_four = nn_dsp_next_four(&smaller);
        *to++ = sum(&layer, form, larger_four, smaller_four, 0);
        *to++ = sum(&layer, form, larger_four, smaller_four, 1);
        *to++ = sum(&layer, form, larger_four, smaller_four, 2);
        *to++ = sum(&layer, form, larger_four, smaller_four, 3);
    }
    while (to != end) {
        const uint32_t value = nn_dsp_next(&larger);
        *to++ = sum(&layer, form, value, nn_dsp_next(&smaller), 0);
    }
    nn_dsp_clamp(&layer.output, output, layer.shape[3]);
}

#define DEFINE(name, form)                                                                         \
    __attribute__((noinline)) static void name##_side_by_side(                                     \
        const void *layer, const int8_t *larger, const int8_t *smaller, int8_t *output) {          \
        combine(layer, form, 1, 1, larger, smaller, output);                                       \
    }                                                                                              \
    __attribute__((noinline)) static void name##_repeated(                                         \
        const void *parameters, const int8_t *larger, const int8_t *smaller, int8_t *output) {     \
        const struct nn_dsp_add *layer = parameters;                                               \
        combine(layer, form, layer->larger_step[3], layer->smaller_step[3], larger, smaller,       \
                output);                                                                           \
    }                                                                                              \
    void name(const struct nn_dsp_add *layer, const int8_t *larger, const int8_t *smaller,         \
              int8_t *output) {                                                                    \
        const bool side_by_side = layer->larger_step[3] == 1 && layer->smaller_step[3] == 1;       \
        nn_each_line(layer->shape, layer->larger_step, layer->smaller_step,                        \
                     side_by_side ? name##_side_by_side : name##_repeated, layer, larger, smaller, \
                     output);                                                                      \
    }

DEFINE(nn_dsp_add, ADD)
DEFINE(nn_dsp_sub, SUB)
DEFINE(nn_dsp_sub_reversed, SUB_REVERSED)
DEFINE(nn_dsp_add_same, ADD_SAME)
DEFINE(nn_dsp_sub_same, SUB_SAME)
