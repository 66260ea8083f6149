/* quantize.h: QUANTIZE from float32 and DEQUANTIZE to float32, at the ends of a network.
 *
 * Every core gives the same bits: one IEEE division or multiplication in single precision a value,
 * nothing that a compiler could contract, and rounding in integers, ties away from zero. Values off
 * the int8 range saturate; NaN counts as zero.
 *
 * Owns: nothing. Floats are read and written as bytes, in the core's own order; they need no
 * alignment.
 * Costs: 38 instructions a value to int8 on Cortex-M4, 11 a value from it.
 */
#ifndef EARSHOT_NN_QUANTIZE_H
#define EARSHOT_NN_QUANTIZE_H

#include <stdint.h>

struct nn_affine {
    float scale; /* real = scale * (int8 - zero) */
    int32_t zero;
};

/* input is [count] floats. */
void nn_quantize(const struct nn_affine *affine, const int8_t *input, int32_t count,
                 int8_t *output);
/* output is [count] floats. */
void nn_dequantize(const struct nn_affine *affine, const int8_t *input, int32_t count,
                   int8_t *output);

#endif
