#include "mve/add.h"

#include <stdbool.h>

#include "broadcast.h"
#include "mve/lanes.h"

/* Both inputs gain this many bits before they are brought to one scale, as in TFLite. */
#define HEADROOM 20

enum { LANES = 4 };

/* An addend along one line; the second one of a difference has the sign -1. */
struct source {
    const struct nn_addend *addend;
    const int8_t *from;
    int32_t sign;
};

/* The addend of the larger scale is just halved, which loses nothing. */
static bool is_halved(const struct nn_addend *addend) {
    return addend->multiplier == 1 << 30 && addend->shift == 0;
}

/* The first of the source's values as it is added. */
static int32_t constant(const struct source *source) {
    const struct nn_addend *addend = source->addend;
    const int32_t centred = (*source->from - addend->zero) * (1 << HEADROOM);
    return source->sign * nn_requantize(centred, addend->multiplier, addend->shift);
}

static inline int32x4_t scaled(const struct source *source, const struct nn_mve_scale *scale,
                               int32_t position, mve_pred16_t live) {
    const int8_t *from = source->from + position * source->addend->step[3];
    const int32x4_t values =
        source->addend->step[3] == 0 ? vdupq_n_s32(*from) : vldrbq_z_s32(from, live);
    const int32x4_t centred = vshlq_n_s32(vsubq_n_s32(values, source->addend->zero), HEADROOM);
    return vmulq_n_s32(nn_mve_requantize_n(centred, scale), source->sign);
}

/* Any two addends. */
static void add_any(const struct nn_add *layer, const struct source *a, const struct source *b,
                    int8_t *output) {
    const struct nn_mve_scale scale_a = nn_mve_scale(a->addend->multiplier, a->addend->shift);
    const struct nn_mve_scale scale_b = nn_mve_scale(b->addend->multiplier, b->addend->shift);
    const struct nn_mve_scale scale = nn_mve_scale(layer->multiplier, layer->shift);
    const struct nn_range range = layer->output;

    for (int32_t i = 0; i < layer->shape[3]; i += LANES) {
        const mve_pred16_t live = vctp32q((uint32_t)(layer->shape[3] - i));
        const int32x4_t sum = vaddq_s32(scaled(a, &scale_a, i, live), scaled(b, &scale_b, i, live));
        vstrbq_p_s32(output + i, nn_mve_clamp(nn_mve_requantize_n(sum, &scale), &range), live);
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
static int32_t half(const struct source *source) {
    return source->sign * (1 << (HEADROOM - 1));
}

static int32_t half_offset(const struct source *source) {
    return -source->addend->zero * half(source);
}

/* `a` is halved, `b` is rescaled. */
__attribute__((noinline)) static void add_to_halved(const struct nn_add *layer,
                                                    const struct source *a, const struct source *b,
                                                    int8_t *output) {
    const int8_t *from_a = a->from;
    const int8_t *from_b = b->from;

    // clang-format off
    __asm volatile(
        "wlstp.32 lr, %[count], 2f\n"
        "1: vldrb.s32 q0, [%[from_a]], #4\n"
        "vmlas.s32 q0, %q[half], %[offset_a]\n"
        "vldrb.s32 q1, [%[from_b]], #4\n"
        "vmlas.s32 q1, %q[whole], %[offset_b]\n"
        RESCALE("q1", "multiplier_b", "shift_b")
        "vmla.s32 q0, q1, %[sign_b]\n"
        FINISH
        : [from_a] "+l"(from_a), [from_b] "+l"(from_b), [output] "+l"(output)
        : [offset_a] "r"(half_offset(a)), [half] "w"(vdupq_n_s32(half(a))),
          [offset_b] "r"(-b->addend->zero * (1 << HEADROOM)),
          [whole] "w"(vdupq_n_s32(1 << HEADROOM)), [multiplier_b] "r"(b->addend->multiplier),
          [shift_b] "r"(b->addend->shift), [sign_b] "r"(b->sign), FINISH_OPERANDS
        : "lr", "q0", "q1", "q2", "memory");
    // clang-format on
}

/* Both are halved. */
__attribute__((noinline)) static void add_both_halved(const struct nn_add *layer,
                                                      const struct source *a,
                                                      const struct source *b, int8_t *output) {
    const int8_t *from_a = a->from;
    const int8_t *from_b = b->from;

    // clang-format off
    __asm volatile(
        "wlstp.32 lr, %[count], 2f\n"
        "1: vldrb.s32 q0, [%[from_a]], #4\n"
        "vmlas.s32 q0, %q[half_a], %[offset]\n"
        "vldrb.s32 q1, [%[from_b]], #4\n"
        "vmla.s32 q0, q1, %[half_b]\n"
        FINISH
        : [from_a] "+l"(from_a), [from_b] "+l"(from_b), [output] "+l"(output)
        : [offset] "r"(half_offset(a) + half_offset(b)), [half_a] "w"(vdupq_n_s32(half(a))),
          [half_b] "r"(half(b)), FINISH_OPERANDS
        : "lr", "q0", "q1", "q2", "memory");
    // clang-format on
}

/* `a` is halved, the other is one value. */
__attribute__((noinline)) static void add_constant_to_halved(const struct nn_add *layer,
                                                             const struct source *a, int32_t value,
                                                             int8_t *output) {
    const int8_t *from = a->from;

    // clang-format off
    __asm volatile(
        "wlstp.32 lr, %[count], 2f\n"
        "1: vldrb.s32 q0, [%[from]], #4\n"
        "vmlas.s32 q0, %q[half], %[offset]\n"
        FINISH
        : [from] "+l"(from), [output] "+l"(output)
        : [offset] "r"(half_offset(a) + value), [half] "w"(vdupq_n_s32(half(a))), FINISH_OPERANDS
        : "lr", "q0", "q2", "memory");
    // clang-format on
}

/* `a` is rescaled, the other is one value. */
__attribute__((noinline)) static void
add_constant(const struct nn_add *layer, const struct source *a, int32_t value, int8_t *output) {
    const int8_t *from = a->from;

    // clang-format off
    __asm volatile(
        "wlstp.32 lr, %[count], 2f\n"
        "1: vldrb.s32 q0, [%[from]], #4\n"
        "vmlas.s32 q0, %q[whole], %[offset]\n"
        RESCALE("q0", "multiplier_a", "shift_a")
        "vmlas.s32 q0, %q[sign], %[value]\n"
        FINISH
        : [from] "+l"(from), [output] "+l"(output)
        : [offset] "r"(-a->addend->zero * (1 << HEADROOM)),
          [whole] "w"(vdupq_n_s32(1 << HEADROOM)), [multiplier_a] "r"(a->addend->multiplier),
          [shift_a] "r"(a->addend->shift), [sign] "w"(vdupq_n_s32(a->sign)), [value] "r"(value),
          FINISH_OPERANDS
        : "lr", "q0", "q2", "memory");
    // clang-format on
}

static void add_lines(const struct nn_add *layer, const struct source *a, const struct source *b,
                      int8_t *output) {
    const bool halved_a = is_halved(a->addend);
    const bool halved_b = is_halved(b->addend);

    if (layer->shift == 0 || (!halved_a && a->addend->shift == 0) ||
        (!halved_b && b->addend->shift == 0) || (!halved_a && !halved_b)) {
        add_any(layer, a, b, output);
    } else if (a->addend->step[3] == 0) {
        (halved_b ? add_constant_to_halved : add_constant)(layer, b, constant(a), output);
    } else if (b->addend->step[3] == 0) {
        (halved_a ? add_constant_to_halved : add_constant)(layer, a, constant(b), output);
    } else if (halved_a && halved_b) {
        add_both_halved(layer, a, b, output);
    } else if (halved_a) {
        add_to_halved(layer, a, b, output);
    } else {
        add_to_halved(layer, b, a, output);
    }
}

static void combine_line(const struct nn_add *layer, const int8_t *first, const int8_t *second,
                         int32_t sign, int8_t *output) {
    const struct source a = {&layer->first, first, 1};
    const struct source b = {&layer->second, second, sign};
    add_lines(layer, &a, &b, output);
}

static void add_line(const void *layer, const int8_t *first, const int8_t *second, int8_t *output) {
    combine_line(layer, first, second, 1, output);
}

static void sub_line(const void *layer, const int8_t *first, const int8_t *second, int8_t *output) {
    combine_line(layer, first, second, -1, output);
}

void nn_mve_add(const struct nn_add *layer, const int8_t *first, const int8_t *second,
                int8_t *output) {
    nn_each_line(layer->shape, layer->first.step, layer->second.step, add_line, layer, first,
                 second, output);
}

void nn_mve_sub(const struct nn_add *layer, const int8_t *first, const int8_t *second,
                int8_t *output) {
    nn_each_line(layer->shape, layer->first.step, layer->second.step, sub_line, layer, first,
                 second, output);
}
