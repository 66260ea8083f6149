#include "softmax.h"

#include "requantize.h"

/* Bits to the left of the point in the sum of a row. */
#define SUM_INTEGER_BITS 12

static int32_t saturating_left(int32_t value, int32_t shift) {
    const int64_t wide = (int64_t)value * (1 << shift);
    if (wide > INT32_MAX) {
        return INT32_MAX;
    }
    if (wide < INT32_MIN) {
        return INT32_MIN;
    }
    return (int32_t)wide;
}

/* 1 / (1 + x) in Q31 for x in Q31 from 0 to 1: three Newton steps, in Q29, as in TFLite. */
static int32_t reciprocal_of_one_plus(int32_t x_q31) {
    const int32_t half_q31 = (int32_t)(((int64_t)x_q31 + INT32_MAX + 1) / 2);
    int32_t y_q29 = 1515870810 + nn_doubling_high(half_q31, -1010580540); /* 48/17, -32/17 */
    for (int32_t i = 0; i < 3; i++) {
        const int32_t error_q29 = (1 << 29) - nn_doubling_high(half_q31, y_q29);
        y_q29 += saturating_left(nn_doubling_high(y_q29, error_q29), 2);
    }
    return saturating_left(y_q29, 1);
}

static void softmax_row(const struct nn_softmax *layer, const int8_t *input, int8_t *output) {
    int32_t max = INT8_MIN;
    for (int32_t i = 0; i < layer->depth; i++) {
        max = input[i] > max ? input[i] : max;
    }
    int32_t sum_q19 = 0;
    for (int32_t i = 0; i < layer->depth; i++) {
        const int32_t below = max - input[i];
        if (below < layer->differences) {
            sum_q19 += nn_divide_pot(layer->exp_q31[below], SUM_INTEGER_BITS);
        }
    }
    /* The sum is (1 + x) * 2^whole; it is at least 1, the maximum's own term. */
    int32_t whole = 0;
    while ((sum_q19 >> (31 - SUM_INTEGER_BITS + 1 + whole)) != 0) {
        whole++;
    }
    const uint32_t fraction = (uint32_t)sum_q19 << (SUM_INTEGER_BITS - whole);
    const int32_t scale_q31 = reciprocal_of_one_plus((int32_t)(fraction - (UINT32_C(1) << 31)));
    const int32_t exponent = whole + 31 - 8;

    for (int32_t i = 0; i < layer->depth; i++) {
        const int32_t below = max - input[i];
        int32_t value = 0;
        if (below < layer->differences && exponent <= 31) {
            value = nn_divide_pot(nn_doubling_high(scale_q31, layer->exp_q31[below]), exponent);
        }
        output[i] = nn_clamp(value - 128, INT8_MIN, INT8_MAX);
    }
}

void nn_softmax(const struct nn_softmax *layer, const int8_t *input, int8_t *output) {
    for (int32_t row = 0; row < layer->rows; row++) {
        softmax_row(layer, input, output);
        input += layer->depth;
        output += layer->depth;
    }
}
