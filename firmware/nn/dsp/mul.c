#include "dsp/mul.h"

#include <stdbool.h>

#include "broadcast.h"
#include "dsp/armv7em.h"
#include "dsp/clamp.h"
#include "dsp/repeated.h"

/* A line; compiled once more for lines without a repeated value. */
__attribute__((always_inline)) static inline void multiply(const void *parameters, int32_t step_a,
                                                           int32_t step_b, const int8_t *a,
                                                           const int8_t *b, int8_t *output) {
    /* The output may alias what is in memory. */
    const struct nn_dsp_mul layer = *(const struct nn_dsp_mul *)parameters;
    const struct nn_dsp_scale scale = {layer.scale[0], layer.scale[1]};
    const int32_t zero = layer.output.zero;
    const nn_pair less_first = layer.first_less_zero;
    const nn_pair less_second = layer.second_less_zero;
    uint32_t room[2];
    struct nn_dsp_line first = nn_dsp_line(a, step_a, &room[0]);
    struct nn_dsp_line second = nn_dsp_line(b, step_b, &room[1]);
    int8_t *const end = output + layer.shape[3];
    int8_t *const end_of_fours = end - layer.shape[3] % 4;
    int8_t *to = output;
    while (to != end_of_fours) {
        const uint32_t firsts = nn_dsp_next_four(&first);
        const uint32_t seconds = nn_dsp_next_four(&second);
        const nn_pair even = nn_sxtab16(less_first, firsts);
        const nn_pair odd = nn_sxtab16_odd(less_first, firsts);
        const nn_pair other_even = nn_sxtab16(less_second, seconds);
        const nn_pair other_odd = nn_sxtab16_odd(less_second, seconds);
        *to++ = nn_dsp_requantize(nn_smulbb(even, other_even), scale, zero);
        *to++ = nn_dsp_requantize(nn_smulbb(odd, other_odd), scale, zero);
        *to++ = nn_dsp_requantize(nn_smultt(even, other_even), scale, zero);
        *to++ = nn_dsp_requantize(nn_smultt(odd, other_odd), scale, zero);
    }
    while (to != end) {
        const nn_pair value = nn_sxtab16(less_first, nn_dsp_next(&first));
        const nn_pair other = nn_sxtab16(less_second, nn_dsp_next(&second));
        *to++ = nn_dsp_requantize(nn_smulbb(value, other), scale, zero);
    }
    nn_dsp_clamp(&layer.output, output, layer.shape[3]);
}

__attribute__((noinline)) static void side_by_side(const void *layer, const int8_t *a,
                                                   const int8_t *b, int8_t *output) {
    multiply(layer, 1, 1, a, b, output);
}

__attribute__((noinline)) static void repeated(const void *parameters, const int8_t *a,
                                               const int8_t *b, int8_t *output) {
    const struct nn_dsp_mul *layer = parameters;
    multiply(layer, layer->first_step[3], layer->second_step[3], a, b, output);
}

void nn_dsp_mul(const struct nn_dsp_mul *layer, const int8_t *first, const int8_t *second,
                int8_t *output) {
    const bool whole = layer->first_step[3] == 1 && layer->second_step[3] == 1;
    nn_each_line(layer->shape, layer->first_step, layer->second_step,
                 whole ? side_by_side : repeated, layer, first, second, output);
}
