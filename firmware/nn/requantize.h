/* requantize.h: from a 32-bit accumulator back to int8, as TFLite's reference kernels do it.
 *
 * Two roundings, in this order: the doubled high half of accumulator times multiplier (ties up),
 * then a division by a power of two (ties away from zero). Every bit of a network's output hangs
 * on them. shift is TFLite's: above zero to the left before, below zero to the right after.
 *
 * Owns: nothing. Costs: about 20 instructions a value on Cortex-M4.
 */
#ifndef EARSHOT_NN_REQUANTIZE_H
#define EARSHOT_NN_REQUANTIZE_H

#include <stdint.h>

/* What C leaves to the compiler, and every one here does. */
// cppcheck-suppress shiftNegativeLHS
_Static_assert((-3 >> 1) == -2, "right shifts of negative numbers must be arithmetic");

static inline int32_t nn_doubling_high(int32_t a, int32_t b) {
    return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31);
}

/* value / 2^exponent, ties away from zero; exponent 1..31. */
static inline int32_t nn_divide_pot(int32_t value, int32_t exponent) {
    /* Less one when negative turns "ties up" into "ties away"; halving last cannot overflow. */
    // cppcheck-suppress shiftTooManyBitsSigned
    const int32_t twice = (value + (value >> 31)) >> (exponent - 1);
    return (twice + 1) >> 1;
}

static inline int32_t nn_requantize(int32_t acc, int32_t multiplier, int32_t shift) {
    if (shift < 0) {
        return nn_divide_pot(nn_doubling_high(acc, multiplier), -shift);
    }
    return nn_doubling_high((int32_t)((uint32_t)acc << shift), multiplier);
}

static inline int8_t nn_clamp(int32_t value, int32_t min, int32_t max) {
    if (value < min) {
        value = min;
    }
    if (value > max) {
        value = max;
    }
    return (int8_t)value;
}

/* Where the values of a layer's output lie: zero point and the fused activation's range. */
struct nn_range {
    int32_t zero;
    int32_t min;
    int32_t max;
};

#endif
