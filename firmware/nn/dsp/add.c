#include "dsp/add.h"

#include "broadcast.h"
#include "dsp/armv7em.h"
#include "dsp/clamp.h"
#include "dsp/repeated.h"

#define HEADROOM 20

/* How the smaller input comes in. */
enum form { SHIFTED, ADDED, SUBTRACTED };

/* Byte `lane` of a word of int8, times 2^shift, and an offset. */
static inline int32_t term(uint32_t word, int32_t lane, int32_t shift, int32_t offset) {
    const uint32_t value = (uint32_t)(int32_t)(int8_t)(word >> 8 * lane);
    return nn_wrapped((int32_t)(value << shift), offset);
}

/* One of the four values of two words. */
static inline int8_t sum(const struct nn_dsp_add *layer, enum form form, uint32_t larger,
                         uint32_t smaller, int32_t lane) {
    const struct nn_dsp_scale scale = {layer->smaller_scale[0], layer->smaller_scale[1]};
    const struct nn_dsp_scale final = {layer->output_scale[0], layer->output_scale[1]};
    int32_t acc = term(larger, lane, HEADROOM - 1, layer->larger_offset);
    if (form == SHIFTED) {
        acc = term(smaller, lane, HEADROOM - 1, acc);
    } else {
        const int32_t other = term(smaller, lane, HEADROOM, layer->smaller_offset);
        acc = form == ADDED ? nn_dsp_rescale(other, scale, acc)
                            : acc - nn_dsp_rescale(other, scale, 0);
    }
    return nn_dsp_requantize(acc, final, layer->output.zero);
}

/* Compiled once for each form. */
__attribute__((always_inline)) static inline void line(const void *parameters, enum form form,
                                                       const int8_t *first, const int8_t *second,
                                                       int8_t *output) {
    /* The output may alias what is in memory. */
    const struct nn_dsp_add layer = *(const struct nn_dsp_add *)parameters;
    uint32_t room[2];
    struct nn_dsp_line larger = nn_dsp_line(first, layer.larger_step[3], &room[0]);
    struct nn_dsp_line smaller = nn_dsp_line(second, layer.smaller_step[3], &room[1]);
    int8_t *const end = output + layer.shape[3];
    int8_t *to = output;
    for (; end - to >= 4; to += 4) {
        const uint32_t a = nn_dsp_next_four(&larger) ^ layer.larger_flip;
        const uint32_t b = nn_dsp_next_four(&smaller);
        to[0] = sum(&layer, form, a, b, 0);
        to[1] = sum(&layer, form, a, b, 1);
        to[2] = sum(&layer, form, a, b, 2);
        to[3] = sum(&layer, form, a, b, 3);
    }
    for (; to < end; to++) {
        const uint32_t a = nn_dsp_next(&larger) ^ layer.larger_flip;
        *to = sum(&layer, form, a, nn_dsp_next(&smaller), 0);
    }
    nn_dsp_clamp(&layer.output, output, layer.shape[3]);
}

static void shifted_line(const void *layer, const int8_t *larger, const int8_t *smaller,
                         int8_t *output) {
    line(layer, SHIFTED, larger, smaller, output);
}

static void added_line(const void *layer, const int8_t *larger, const int8_t *smaller,
                       int8_t *output) {
    line(layer, ADDED, larger, smaller, output);
}

static void subtracted_line(const void *layer, const int8_t *larger, const int8_t *smaller,
                            int8_t *output) {
    line(layer, SUBTRACTED, larger, smaller, output);
}

void nn_dsp_add(const struct nn_dsp_add *layer, const int8_t *larger, const int8_t *smaller,
                int8_t *output) {
    nn_each_line(layer->shape, layer->larger_step, layer->smaller_step, added_line, layer, larger,
                 smaller, output);
}

void nn_dsp_sub(const struct nn_dsp_add *layer, const int8_t *larger, const int8_t *smaller,
                int8_t *output) {
    nn_each_line(layer->shape, layer->larger_step, layer->smaller_step, subtracted_line, layer,
                 larger, smaller, output);
}

void nn_dsp_add_same(const struct nn_dsp_add *layer, const int8_t *first, const int8_t *second,
                     int8_t *output) {
    nn_each_line(layer->shape, layer->larger_step, layer->smaller_step, shifted_line, layer, first,
                 second, output);
}
