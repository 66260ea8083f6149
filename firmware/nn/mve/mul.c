#include "mve/mul.h"

#include <arm_mve.h>

#include "broadcast.h"

// clang-format off
/* The product in q0, shifted left already, to the output. Ties of a shift to the right go away
 * from zero. */
#define FINISH \
    "vqrdmulh.s32 q0, q0, %[multiplier]\n" \
    "vshr.s32 q1, q0, #31\n" \
    "vmla.s32 q0, q1, %[is_right]\n" \
    "vrshl.s32 q0, %[right]\n" \
    "vadd.i32 q0, q0, %[zero]\n" \
    "vmax.s32 q0, q0, %q[min]\n" \
    "vmin.s32 q0, q0, %q[max]\n" \
    "vstrb.32 q0, [%[output]], #4\n" \
    "letp lr, 1b\n" \
    "2:\n"

#define FINISH_OPERANDS \
    [count] "r"(layer->shape[3]), [multiplier] "r"(layer->multiplier), \
    [is_right] "r"((int32_t)(layer->shift < 0)), [right] "r"(layer->shift < 0 ? layer->shift : 0), \
    [zero] "r"(layer->output.zero), [min] "w"(vdupq_n_s32(layer->output.min)), \
    [max] "w"(vdupq_n_s32(layer->output.max))
// clang-format on

/* Products modulo 2^32, as nn_mul has them before it shifts to the left. */
static int32_t wrapped_product(int32_t a, int32_t b) {
    return (int32_t)((uint32_t)a * (uint32_t)b);
}

static int32_t left_power(const struct nn_mul *layer) {
    return layer->shift > 0 ? 1 << layer->shift : 1;
}

__attribute__((noinline)) static void multiply(const struct nn_mul *layer, const int8_t *a,
                                               const int8_t *b, int8_t *output) {
    const int32_t power = left_power(layer);

    // clang-format off
    __asm volatile(
        "wlstp.32 lr, %[count], 2f\n"
        "1: vldrb.s32 q0, [%[a]], #4\n"
        "vmlas.s32 q0, %q[power], %[offset_a]\n"
        "vldrb.s32 q1, [%[b]], #4\n"
        "vadd.i32 q1, q1, %[offset_b]\n"
        "vmul.i32 q0, q0, q1\n"
        FINISH
        : [a] "+l"(a), [b] "+l"(b), [output] "+l"(output)
        : [power] "w"(vdupq_n_s32(power)),
          [offset_a] "r"(wrapped_product(-layer->first.zero, power)),
          [offset_b] "r"(-layer->second.zero), FINISH_OPERANDS
        : "lr", "q0", "q1", "memory");
    // clang-format on
}

/* The values less `zero`, times one factor. */
__attribute__((noinline)) static void multiply_by(const struct nn_mul *layer, const int8_t *values,
                                                  int32_t zero, int32_t factor, int8_t *output) {
    const int32_t whole = wrapped_product(factor, left_power(layer));

    // clang-format off
    __asm volatile(
        "wlstp.32 lr, %[count], 2f\n"
        "1: vldrb.s32 q0, [%[values]], #4\n"
        "vmlas.s32 q0, %q[factor], %[offset]\n"
        FINISH
        : [values] "+l"(values), [output] "+l"(output)
        : [factor] "w"(vdupq_n_s32(whole)), [offset] "r"(wrapped_product(-zero, whole)),
          FINISH_OPERANDS
        : "lr", "q0", "q1", "memory");
    // clang-format on
}

static void mul_line(const void *parameters, const int8_t *a, const int8_t *b, int8_t *output) {
    const struct nn_mul *layer = parameters;

    if (layer->first.step[3] == 0) {
        multiply_by(layer, b, layer->second.zero, *a - layer->first.zero, output);
    } else if (layer->second.step[3] == 0) {
        multiply_by(layer, a, layer->first.zero, *b - layer->second.zero, output);
    } else {
        multiply(layer, a, b, output);
    }
}

void nn_mve_mul(const struct nn_mul *layer, const int8_t *first, const int8_t *second,
                int8_t *output) {
    nn_each_line(layer->shape, layer->first.step, layer->second.step, mul_line, layer, first,
                 second, output);
}
