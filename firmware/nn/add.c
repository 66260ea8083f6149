#include "add.h"

#include <stdbool.h>

#include "broadcast.h"

/* Both inputs gain this many bits before they are brought to one scale, as in TFLite. */
#define HEADROOM 20

/* The input of the larger scale is just halved, which loses nothing. */
static bool is_halved(const struct nn_addend *addend) {
    return addend->multiplier == 1 << 30 && addend->shift == 0;
}

static inline int32_t scaled(const struct nn_addend *addend, bool halved, int8_t value) {
    const int32_t centred = value - addend->zero;
    if (halved) {
        return centred * (1 << (HEADROOM - 1));
    }
    return nn_requantize(centred * (1 << HEADROOM), addend->multiplier, addend->shift);
}

static inline void combine_line(const struct nn_add *layer, const int8_t *a, const int8_t *b,
                                int32_t sign, int8_t *output) {
    const int32_t step_a = layer->first.step[3];
    const int32_t step_b = layer->second.step[3];
    const bool halved_a = is_halved(&layer->first);
    const bool halved_b = is_halved(&layer->second);

    for (int32_t i = 0; i < layer->shape[3]; i++) {
        const int32_t sum =
            scaled(&layer->first, halved_a, *a) + sign * scaled(&layer->second, halved_b, *b);
        const int32_t value =
            layer->output.zero + nn_requantize(sum, layer->multiplier, layer->shift);
        output[i] = nn_clamp(value, layer->output.min, layer->output.max);
        a += step_a;
        b += step_b;
    }
}

static void add_line(const void *layer, const int8_t *a, const int8_t *b, int8_t *output) {
    combine_line(layer, a, b, 1, output);
}

static void sub_line(const void *layer, const int8_t *a, const int8_t *b, int8_t *output) {
    combine_line(layer, a, b, -1, output);
}

void nn_add(const struct nn_add *layer, const int8_t *first, const int8_t *second, int8_t *output) {
    nn_each_line(layer->shape, layer->first.step, layer->second.step, add_line, layer, first,
                 second, output);
}

void nn_sub(const struct nn_add *layer, const int8_t *first, const int8_t *second, int8_t *output) {
    nn_each_line(layer->shape, layer->first.step, layer->second.step, sub_line, layer, first,
                 second, output);
}
