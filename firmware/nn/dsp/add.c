#include "dsp/add.h"

#include <stdbool.h>

#include "dsp/armv7em.h"
#include "dsp/clamp.h"

#define HEADROOM 20

/* Byte `lane` of a word of int8, times 2^shift, and an offset. */
static inline int32_t term(uint32_t word, int32_t lane, int32_t shift, int32_t offset) {
    const uint32_t value = (uint32_t)(int32_t)(int8_t)(word >> 8 * lane);
    return nn_wrapped((int32_t)(value << shift), offset);
}

/* One of the four values of two words. */
static inline int8_t sum(const struct nn_dsp_add *layer, bool same, uint32_t larger,
                         uint32_t smaller, int32_t lane) {
    const struct nn_dsp_scale scale = {layer->smaller_scale[0], layer->smaller_scale[1]};
    const struct nn_dsp_scale final = {layer->output_scale[0], layer->output_scale[1]};
    const int32_t a = term(larger, lane, HEADROOM - 1, layer->larger_offset);
    const int32_t b =
        same ? term(smaller, lane, HEADROOM - 1, layer->smaller_offset)
             : nn_dsp_rescale(term(smaller, lane, HEADROOM, layer->smaller_offset), scale, 0);
    return nn_dsp_requantize(a + b, final, layer->output.zero);
}

/* Compiled once for each value of `same`. */
__attribute__((always_inline)) static inline void add(const struct nn_dsp_add *parameters,
                                                      bool same, const int8_t *larger,
                                                      const int8_t *smaller, int8_t *output) {
    const struct nn_dsp_add layer = *parameters; /* the output may alias what is in memory */
    int8_t *const end = output + layer.count;
    int8_t *to = output;
    for (; end - to >= 4; to += 4) {
        const uint32_t a = nn_word(larger);
        const uint32_t b = nn_word(smaller);
        to[0] = sum(&layer, same, a, b, 0);
        to[1] = sum(&layer, same, a, b, 1);
        to[2] = sum(&layer, same, a, b, 2);
        to[3] = sum(&layer, same, a, b, 3);
        larger += 4;
        smaller += 4;
    }
    for (; to < end; to++) {
        *to = sum(&layer, same, (uint8_t)*larger++, (uint8_t)*smaller++, 0);
    }
    nn_dsp_clamp(&layer.output, output, layer.count);
}

void nn_dsp_add(const struct nn_dsp_add *layer, const int8_t *larger, const int8_t *smaller,
                int8_t *output) {
    add(layer, false, larger, smaller, output);
}

void nn_dsp_add_same(const struct nn_dsp_add *layer, const int8_t *first, const int8_t *second,
                     int8_t *output) {
    add(layer, true, first, second, output);
}
