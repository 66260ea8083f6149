#include "dsp/add.h"

#include "dsp/armv7em.h"
#include "dsp/clamp.h"

#define HEADROOM 20

/* larger + smaller, larger - smaller, smaller - larger; and of one scale. */
enum form { ADD, SUB, SUB_REVERSED, ADD_SAME, SUB_SAME };

/* Byte `lane` of a word of int8, times 2^shift. */
static inline int32_t shifted(uint32_t word, int32_t lane, int32_t shift) {
    const uint32_t value = (uint32_t)(int32_t)(int8_t)(word >> 8 * lane);
    return (int32_t)(value << shift);
}

/* One of the four values of two words, of different scales. */
static inline int8_t sum(const struct nn_dsp_add *layer, enum form form, uint32_t larger,
                         uint32_t smaller, int32_t lane) {
    const struct nn_dsp_scale scale = {layer->smaller_scale[0], layer->smaller_scale[1]};
    const struct nn_dsp_scale final = {layer->output_scale[0], layer->output_scale[1]};
    const int32_t large = shifted(larger, lane, HEADROOM - 1);
    const int32_t acc = nn_wrapped(layer->larger_offset, form == SUB_REVERSED ? -large : large);
    const int32_t other = nn_wrapped(layer->smaller_offset, shifted(smaller, lane, HEADROOM));
    const int32_t both =
        form == SUB ? acc - nn_dsp_rescale(other, scale, 0) : nn_dsp_rescale(other, scale, acc);
    return nn_dsp_requantize(both, final, layer->output.zero);
}

/* The output for a sum of two values of one scale. */
static inline int8_t sum_of_same(const struct nn_dsp_add *layer, int32_t sum) {
    const struct nn_dsp_scale final = {layer->output_scale[0], layer->output_scale[1]};
    const int32_t acc = (int32_t)((uint32_t)sum << (HEADROOM - 1));
    return nn_dsp_requantize(nn_wrapped(layer->larger_offset, acc), final, layer->output.zero);
}

/* The four values of two words, with every bit of b flipped where it is subtracted: ~b = -b - 1. */
static inline void four(const struct nn_dsp_add *layer, enum form form, uint32_t a, uint32_t b,
                        int8_t *to) {
    if (form == ADD_SAME || form == SUB_SAME) {
        /* What a lower half has above it is shifted out. */
        const nn_pair even = nn_sxtab16(nn_sxtb16(a), b);
        const nn_pair odd = nn_sxtab16_odd(nn_sxtb16_odd(a), b);
        to[0] = sum_of_same(layer, (int32_t)even);
        to[1] = sum_of_same(layer, (int32_t)odd);
        to[2] = sum_of_same(layer, (int32_t)even >> 16);
        to[3] = sum_of_same(layer, (int32_t)odd >> 16);
    } else {
        to[0] = sum(layer, form, a, b, 0);
        to[1] = sum(layer, form, a, b, 1);
        to[2] = sum(layer, form, a, b, 2);
        to[3] = sum(layer, form, a, b, 3);
    }
}

static inline int8_t one(const struct nn_dsp_add *layer, enum form form, uint32_t a, uint32_t b) {
    if (form == ADD_SAME || form == SUB_SAME) {
        return sum_of_same(layer, (int32_t)nn_sxtab16(nn_sxtb16(a), b));
    }
    return sum(layer, form, a, b, 0);
}

/* Compiled once for each form. */
__attribute__((always_inline)) static inline void combine(const void *parameters, enum form form,
                                                          const int8_t *larger,
                                                          const int8_t *smaller, int8_t *output,
                                                          int32_t count) {
    /* The output may alias what is in memory. */
    const struct nn_dsp_add layer = *(const struct nn_dsp_add *)parameters;
    const uint32_t flip = form == SUB_SAME ? ~0u : 0;
    int8_t *const end = output + count;
    int8_t *const end_of_fours = end - (count & 3);
    int8_t *to = output;
    while (to != end_of_fours) {
        four(&layer, form, nn_word(larger), nn_word(smaller) ^ flip, to);
        larger += 4;
        smaller += 4;
        to += 4;
    }
    while (to != end) {
        *to++ = one(&layer, form, (uint8_t)*larger++, (uint8_t)*smaller++ ^ flip);
    }
    nn_dsp_clamp(&layer.output, output, count);
}

/* A run and a tensor of one form. */
#define DEFINE(name, form)                                                                         \
    __attribute__((noinline)) static void name##_run(                                              \
        const void *layer, const int8_t *a, const int8_t *b, int8_t *output, int32_t count) {      \
        combine(layer, form, a, b, output, count);                                                 \
    }                                                                                              \
    void name(const struct nn_dsp_add *layer, const int8_t *a, const int8_t *b, int8_t *output) {  \
        const int32_t side_by_side = layer->pair.side_by_side;                                     \
        if (side_by_side > 0) {                                                                    \
            name##_run(layer, a, b, output, side_by_side);                                         \
        } else {                                                                                   \
            nn_dsp_each_run(&layer->pair, name##_run, layer, a, b, output);                        \
        }                                                                                          \
    }

DEFINE(nn_dsp_add, ADD)
DEFINE(nn_dsp_sub, SUB)
DEFINE(nn_dsp_sub_reversed, SUB_REVERSED)
DEFINE(nn_dsp_add_same, ADD_SAME)
DEFINE(nn_dsp_sub_same, SUB_SAME)
