#include "dsp/mul.h"

#include "dsp/armv7em.h"
#include "dsp/clamp.h"

__attribute__((noinline)) static void mul_run(const void *parameters, const int8_t *first,
                                              const int8_t *second, int8_t *output, int32_t count) {
    /* The output may alias what is in memory. */
    const struct nn_dsp_mul layer = *(const struct nn_dsp_mul *)parameters;
    const struct nn_dsp_scale scale = {layer.scale[0], layer.scale[1]};
    const int32_t zero = layer.output.zero;
    const nn_pair less_first = layer.first_less_zero;
    const nn_pair less_second = layer.second_less_zero;
    int8_t *const end = output + count;
    int8_t *const end_of_fours = end - (count & 3);
    int8_t *to = output;
    while (to != end_of_fours) {
        const uint32_t a = nn_word(first);
        const uint32_t b = nn_word(second);
        const nn_pair a_even = nn_sxtab16(less_first, a);
        const nn_pair a_odd = nn_sxtab16_odd(less_first, a);
        const nn_pair b_even = nn_sxtab16(less_second, b);
        const nn_pair b_odd = nn_sxtab16_odd(less_second, b);
        *to++ = nn_dsp_requantize(nn_smulbb(a_even, b_even), scale, zero);
        *to++ = nn_dsp_requantize(nn_smulbb(a_odd, b_odd), scale, zero);
        *to++ = nn_dsp_requantize(nn_smultt(a_even, b_even), scale, zero);
        *to++ = nn_dsp_requantize(nn_smultt(a_odd, b_odd), scale, zero);
        first += 4;
        second += 4;
    }
    while (to != end) {
        const nn_pair a = nn_sxtab16(less_first, (uint8_t)*first++);
        const nn_pair b = nn_sxtab16(less_second, (uint8_t)*second++);
        *to++ = nn_dsp_requantize(nn_smulbb(a, b), scale, zero);
    }
    nn_dsp_clamp(&layer.output, output, count);
}

void nn_dsp_mul(const struct nn_dsp_mul *layer, const int8_t *first, const int8_t *second,
                int8_t *output) {
    const int32_t side_by_side = layer->pair.side_by_side;
    if (side_by_side > 0) {
        mul_run(layer, first, second, output, side_by_side);
    } else {
        nn_dsp_each_run(&layer->pair, mul_run, layer, first, second, output);
    }
}
