#include "mve/add.h"

#include <stdbool.h>

#include "mve/lanes.h"

/* Both inputs gain this many bits before they are brought to one scale, as in TFLite. */
#define HEADROOM 20

enum { LANES = 4 };

/* An addend as the loops keep it in registers. */
struct source {
    int32_t zero;
    int32_t step;
    struct nn_mve_scale scale;
};

static inline struct source source_of(const struct nn_addend *addend) {
    const struct source source = {addend->zero, addend->step[3],
                                  nn_mve_scale(addend->multiplier, addend->shift)};
    return source;
}

static inline int32x4_t scaled(const struct source *source, const int8_t *from, mve_pred16_t live) {
    const int32x4_t values = source->step == 0 ? vdupq_n_s32(*from) : vldrbq_z_s32(from, live);
    const int32x4_t centred = vshlq_n_s32(vsubq_n_s32(values, source->zero), HEADROOM);
    return nn_mve_requantize_n(centred, &source->scale);
}

/* Any two addends. */
static void add_line(const struct nn_add *layer, const int8_t *a, const int8_t *b, int8_t *output) {
    const struct source first = source_of(&layer->first);
    const struct source second = source_of(&layer->second);
    const struct nn_mve_scale scale = nn_mve_scale(layer->multiplier, layer->shift);
    const struct nn_range range = layer->output;

    for (int32_t left = layer->shape[3]; left > 0; left -= LANES) {
        const mve_pred16_t live = vctp32q((uint32_t)left);
        const int32x4_t sum = vaddq_s32(scaled(&first, a, live), scaled(&second, b, live));
        vstrbq_p_s32(output, nn_mve_clamp(nn_mve_requantize_n(sum, &scale), &range), live);
        a += LANES * first.step;
        b += LANES * second.step;
        output += LANES;
    }
}

// clang-format off
/* q0 + q1 to the output; the shift is at least 1 to the right. */
#define FINISH \
    "vadd.i32 q0, q0, q1\n" \
    "vqrdmulh.s32 q0, q0, %[multiplier]\n" \
    "vshr.s32 q2, q0, #31\n" /* ties away from zero */ \
    "vadd.i32 q0, q0, q2\n" \
    "vrshl.s32 q0, %[shift]\n" \
    "vadd.i32 q0, q0, %[zero]\n" \
    "vmax.s32 q0, q0, %q[min]\n" \
    "vmin.s32 q0, q0, %q[max]\n" \
    "vstrb.32 q0, [%[output]], #4\n" \
    "letp lr, 1b\n" \
    "2:\n"
// clang-format on

/* Two addends side by side, `a` of the larger scale, which is just halved: (a - zero) * 2^19. */
__attribute__((noinline)) static void add_halved(const struct nn_add *layer,
                                                 const struct nn_addend *first, const int8_t *a,
                                                 const struct nn_addend *second, const int8_t *b,
                                                 int8_t *output) {
    const int32x4_t half = vdupq_n_s32(1 << (HEADROOM - 1));
    const int32x4_t whole = vdupq_n_s32(1 << HEADROOM);
    const int32x4_t min = vdupq_n_s32(layer->output.min);
    const int32x4_t max = vdupq_n_s32(layer->output.max);

    // clang-format off
    __asm volatile(
        "wlstp.32 lr, %[count], 2f\n"
        "1: vldrb.s32 q0, [%[a]], #4\n"
        "vmlas.s32 q0, %q[half], %[from_a]\n"
        "vldrb.s32 q1, [%[b]], #4\n"
        "vmlas.s32 q1, %q[whole], %[from_b]\n"
        "vqrdmulh.s32 q1, q1, %[multiplier_b]\n"
        "vshr.s32 q2, q1, #31\n"
        "vadd.i32 q1, q1, q2\n"
        "vrshl.s32 q1, %[shift_b]\n"
        FINISH
        : [a] "+l"(a), [b] "+l"(b), [output] "+l"(output)
        : [count] "r"(layer->shape[3]), [from_a] "r"(-first->zero * (1 << (HEADROOM - 1))),
          [from_b] "r"(-second->zero * (1 << HEADROOM)), [multiplier_b] "r"(second->multiplier),
          [shift_b] "r"(second->shift), [multiplier] "r"(layer->multiplier),
          [shift] "r"(layer->shift), [zero] "r"(layer->output.zero), [half] "w"(half),
          [whole] "w"(whole), [min] "w"(min), [max] "w"(max)
        : "lr", "q0", "q1", "q2", "memory");
    // clang-format on
}

/* Two addends of the same scale, side by side. */
__attribute__((noinline)) static void add_both_halved(const struct nn_add *layer, const int8_t *a,
                                                      const int8_t *b, int8_t *output) {
    const int32x4_t half = vdupq_n_s32(1 << (HEADROOM - 1));
    const int32x4_t min = vdupq_n_s32(layer->output.min);
    const int32x4_t max = vdupq_n_s32(layer->output.max);

    // clang-format off
    __asm volatile(
        "wlstp.32 lr, %[count], 2f\n"
        "1: vldrb.s32 q0, [%[a]], #4\n"
        "vmlas.s32 q0, %q[half], %[from_a]\n"
        "vldrb.s32 q1, [%[b]], #4\n"
        "vmlas.s32 q1, %q[half], %[from_b]\n"
        FINISH
        : [a] "+l"(a), [b] "+l"(b), [output] "+l"(output)
        : [count] "r"(layer->shape[3]), [from_a] "r"(-layer->first.zero * (1 << (HEADROOM - 1))),
          [from_b] "r"(-layer->second.zero * (1 << (HEADROOM - 1))),
          [multiplier] "r"(layer->multiplier), [shift] "r"(layer->shift),
          [zero] "r"(layer->output.zero), [half] "w"(half), [min] "w"(min), [max] "w"(max)
        : "lr", "q0", "q1", "q2", "memory");
    // clang-format on
}

static bool is_halved(const struct nn_addend *addend) {
    return addend->multiplier == 1 << 30 && addend->shift == 0;
}

static void add_lines(const struct nn_add *layer, const int8_t *a, const int8_t *b,
                      int8_t *output) {
    const struct nn_addend *first = &layer->first;
    const struct nn_addend *second = &layer->second;

    if (first->step[3] != 1 || second->step[3] != 1 || layer->shift == 0) {
        add_line(layer, a, b, output);
    } else if (is_halved(first) && is_halved(second)) {
        add_both_halved(layer, a, b, output);
    } else if (is_halved(first) && second->shift < 0) {
        add_halved(layer, first, a, second, b, output);
    } else if (is_halved(second) && first->shift < 0) {
        add_halved(layer, second, b, first, a, output);
    } else {
        add_line(layer, a, b, output);
    }
}

void nn_mve_add(const struct nn_add *layer, const int8_t *first, const int8_t *second,
                int8_t *output) {
    const int32_t *a = layer->first.step;
    const int32_t *b = layer->second.step;

    for (int32_t i = 0; i < layer->shape[0]; i++) {
        for (int32_t j = 0; j < layer->shape[1]; j++) {
            for (int32_t k = 0; k < layer->shape[2]; k++) {
                add_lines(layer, first + i * a[0] + j * a[1] + k * a[2],
                          second + i * b[0] + j * b[1] + k * b[2], output);
                output += layer->shape[3];
            }
        }
    }
}
