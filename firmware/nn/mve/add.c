#include "mve/add.h"

#include <stdbool.h>

#include "broadcast.h"
#include "mve/lanes.h"

/* Both inputs gain this many bits before they are brought to one scale, as in TFLite. */
#define HEADROOM 20

enum { LANES = 4 };

/* Two addends; if either is halved, `a` is. The second one of a difference has the sign -1. */
struct sum {
    const struct nn_add *layer;
    const struct nn_addend *a;
    const struct nn_addend *b;
    int32_t sign_a;
    int32_t sign_b;
};

/* The addend of the larger scale is just halved, which loses nothing. */
static bool is_halved(const struct nn_addend *addend) {
    return addend->multiplier == 1 << 30 && addend->shift == 0;
}

static inline int32x4_t scaled(const struct nn_addend *addend, const struct nn_mve_scale *scale,
                               const int8_t *from, mve_pred16_t live) {
    const int32x4_t values = addend->step[3] == 0 ? vdupq_n_s32(*from) : vldrbq_z_s32(from, live);
    const int32x4_t centred = vshlq_n_s32(vsubq_n_s32(values, addend->zero), HEADROOM);
    return nn_mve_requantize_n(centred, scale);
}

/* Any two addends. */
static void add_any(const void *parameters, const int8_t *a, const int8_t *b, int8_t *output) {
    const struct sum sum = *(const struct sum *)parameters;
    const struct nn_mve_scale scale_a = nn_mve_scale(sum.a->multiplier, sum.a->shift);
    const struct nn_mve_scale scale_b = nn_mve_scale(sum.b->multiplier, sum.b->shift);
    const struct nn_mve_scale scale = nn_mve_scale(sum.layer->multiplier, sum.layer->shift);
    const struct nn_range range = sum.layer->output;

    for (int32_t left = sum.layer->shape[3]; left > 0; left -= LANES) {
        const mve_pred16_t live = vctp32q((uint32_t)left);
        const int32x4_t first = vmulq_n_s32(scaled(sum.a, &scale_a, a, live), sum.sign_a);
        const int32x4_t both = vmlaq_n_s32(first, scaled(sum.b, &scale_b, b, live), sum.sign_b);
        vstrbq_p_s32(output, nn_mve_clamp(nn_mve_requantize_n(both, &scale), &range), live);
        a += LANES * sum.a->step[3];
        b += LANES * sum.b->step[3];
        output += LANES;
    }
}

// clang-format off
/* The shift is at least 1 to the right; ties go away from zero. */
#define RESCALE(lanes, multiplier, shift) \
    "vqrdmulh.s32 " lanes ", " lanes ", %[" multiplier "]\n" \
    "vshr.s32 q2, " lanes ", #31\n" \
    "vadd.i32 " lanes ", " lanes ", q2\n" \
    "vrshl.s32 " lanes ", %[" shift "]\n"

/* The sum in q0 to the output. */
#define FINISH \
    RESCALE("q0", "multiplier", "shift") \
    "vadd.i32 q0, q0, %[zero]\n" \
    "vmax.s32 q0, q0, %q[min]\n" \
    "vmin.s32 q0, q0, %q[max]\n" \
    "vstrb.32 q0, [%[output]], #4\n" \
    "letp lr, 1b\n" \
    "2:\n"

#define FINISH_OPERANDS \
    [count] "r"(layer->shape[3]), [multiplier] "r"(layer->multiplier), \
    [shift] "r"(layer->shift), [zero] "r"(layer->output.zero), \
    [min] "w"(vdupq_n_s32(layer->output.min)), [max] "w"(vdupq_n_s32(layer->output.max))
// clang-format on

/* What a value is multiplied by, and what is added to the product, for an addend that is halved:
 * sign * (value - zero) * 2^19. */
static inline int32_t half(int32_t sign) {
    return sign * (1 << (HEADROOM - 1));
}

static inline int32_t half_offset(const struct nn_addend *addend, int32_t sign) {
    return -addend->zero * half(sign);
}

/* `a` is halved, `b` is rescaled. */
static void add_to_halved(const void *parameters, const int8_t *a, const int8_t *b,
                          int8_t *output) {
    const struct sum *sum = parameters;
    const struct nn_add *layer = sum->layer;

    // clang-format off
    __asm volatile(
        "wlstp.32 lr, %[count], 2f\n"
        "1: vldrb.s32 q0, [%[a]], #4\n"
        "vmlas.s32 q0, %q[half], %[offset_a]\n"
        "vldrb.s32 q1, [%[b]], #4\n"
        "vmlas.s32 q1, %q[whole], %[offset_b]\n"
        RESCALE("q1", "multiplier_b", "shift_b")
        "vmla.s32 q0, q1, %[sign_b]\n"
        FINISH
        : [a] "+l"(a), [b] "+l"(b), [output] "+l"(output)
        : [offset_a] "r"(half_offset(sum->a, sum->sign_a)),
          [half] "w"(vdupq_n_s32(half(sum->sign_a))),
          [offset_b] "r"(-sum->b->zero * (1 << HEADROOM)),
          [whole] "w"(vdupq_n_s32(1 << HEADROOM)), [multiplier_b] "r"(sum->b->multiplier),
          [shift_b] "r"(sum->b->shift), [sign_b] "r"(sum->sign_b), FINISH_OPERANDS
        : "lr", "q0", "q1", "q2", "memory");
    // clang-format on
}

static void add_both_halved(const void *parameters, const int8_t *a, const int8_t *b,
                            int8_t *output) {
    const struct sum *sum = parameters;
    const struct nn_add *layer = sum->layer;

    // clang-format off
    __asm volatile(
        "wlstp.32 lr, %[count], 2f\n"
        "1: vldrb.s32 q0, [%[a]], #4\n"
        "vmlas.s32 q0, %q[half_a], %[offset]\n"
        "vldrb.s32 q1, [%[b]], #4\n"
        "vmla.s32 q0, q1, %[half_b]\n"
        FINISH
        : [a] "+l"(a), [b] "+l"(b), [output] "+l"(output)
        : [offset] "r"(half_offset(sum->a, sum->sign_a) + half_offset(sum->b, sum->sign_b)),
          [half_a] "w"(vdupq_n_s32(half(sum->sign_a))), [half_b] "r"(half(sum->sign_b)),
          FINISH_OPERANDS
        : "lr", "q0", "q1", "q2", "memory");
    // clang-format on
}

/* What the first of the values adds to every one of the others. */
static int32_t constant(const struct nn_addend *addend, int32_t sign, int8_t value) {
    const int32_t centred = (value - addend->zero) * (1 << HEADROOM);
    return sign * nn_requantize(centred, addend->multiplier, addend->shift);
}

/* Values that are halved, and one that is repeated. */
__attribute__((noinline)) static void add_constant_to_halved(const struct nn_add *layer,
                                                             const struct nn_addend *addend,
                                                             int32_t sign, const int8_t *values,
                                                             int32_t more, int8_t *output) {
    // clang-format off
    __asm volatile(
        "wlstp.32 lr, %[count], 2f\n"
        "1: vldrb.s32 q0, [%[values]], #4\n"
        "vmlas.s32 q0, %q[half], %[offset]\n"
        FINISH
        : [values] "+l"(values), [output] "+l"(output)
        : [offset] "r"(half_offset(addend, sign) + more), [half] "w"(vdupq_n_s32(half(sign))),
          FINISH_OPERANDS
        : "lr", "q0", "q2", "memory");
    // clang-format on
}

/* Values that are rescaled, and one that is repeated. */
__attribute__((noinline)) static void add_constant(const struct nn_add *layer,
                                                   const struct nn_addend *addend, int32_t sign,
                                                   const int8_t *values, int32_t more,
                                                   int8_t *output) {
    // clang-format off
    __asm volatile(
        "wlstp.32 lr, %[count], 2f\n"
        "1: vldrb.s32 q0, [%[values]], #4\n"
        "vmlas.s32 q0, %q[whole], %[offset]\n"
        RESCALE("q0", "multiplier_a", "shift_a")
        "vmlas.s32 q0, %q[sign], %[more]\n"
        FINISH
        : [values] "+l"(values), [output] "+l"(output)
        : [offset] "r"(-addend->zero * (1 << HEADROOM)), [whole] "w"(vdupq_n_s32(1 << HEADROOM)),
          [multiplier_a] "r"(addend->multiplier), [shift_a] "r"(addend->shift),
          [sign] "w"(vdupq_n_s32(sign)), [more] "r"(more), FINISH_OPERANDS
        : "lr", "q0", "q2", "memory");
    // clang-format on
}

static void add_to_repeated_a(const void *parameters, const int8_t *a, const int8_t *b,
                              int8_t *output) {
    const struct sum *sum = parameters;
    const int32_t more = constant(sum->a, sum->sign_a, *a);
    if (is_halved(sum->b)) {
        add_constant_to_halved(sum->layer, sum->b, sum->sign_b, b, more, output);
    } else {
        add_constant(sum->layer, sum->b, sum->sign_b, b, more, output);
    }
}

static void add_to_repeated_b(const void *parameters, const int8_t *a, const int8_t *b,
                              int8_t *output) {
    const struct sum *sum = parameters;
    const int32_t more = constant(sum->b, sum->sign_b, *b);
    add_constant_to_halved(sum->layer, sum->a, sum->sign_a, a, more, output);
}

static nn_line line_for(const struct sum *sum) {
    const bool both_halved = is_halved(sum->b);
    if (sum->layer->shift == 0 || !is_halved(sum->a) || (!both_halved && sum->b->shift == 0)) {
        return add_any;
    }
    if (sum->a->step[3] == 0) {
        return add_to_repeated_a;
    }
    if (sum->b->step[3] == 0) {
        return add_to_repeated_b;
    }
    return both_halved ? add_both_halved : add_to_halved;
}

static void add_all(const struct sum *sum, const int8_t *a, const int8_t *b, int8_t *output) {
    const int32_t *shape = sum->layer->shape;
    const nn_line line = line_for(sum);
    if (shape[0] * shape[1] * shape[2] == 1) {
        line(sum, a, b, output);
    } else {
        nn_each_line(shape, sum->a->step, sum->b->step, line, sum, a, b, output);
    }
}

static void combine(const struct nn_add *layer, const int8_t *first, const int8_t *second,
                    int32_t sign, int8_t *output) {
    if (is_halved(&layer->first)) {
        const struct sum sum = {layer, &layer->first, &layer->second, 1, sign};
        add_all(&sum, first, second, output);
    } else {
        const struct sum sum = {layer, &layer->second, &layer->first, sign, 1};
        add_all(&sum, second, first, output);
    }
}

void nn_mve_add(const struct nn_add *layer, const int8_t *first, const int8_t *second,
                int8_t *output) {
    combine(layer, first, second, 1, output);
}

void nn_mve_sub(const struct nn_add *layer, const int8_t *first, const int8_t *second,
                int8_t *output) {
    combine(layer, first, second, -1, output);
}
