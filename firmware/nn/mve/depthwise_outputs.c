#include "mve/depthwise_outputs.h"

#include <arm_mve.h>
#include <stddef.h>

#include "mve/depthwise.h"
#include "mve/lanes.h"

enum { LANES = 16, SUMS = 4 };

// clang-format off
/* Sixteen 16-bit sums of one or two products (q2: even channels, q0: odd ones) to the 32-bit sums
 * q4..q7. */
#define ADD_WIDE \
    "vmovlb.s16 q1, q2\n" \
    "vadd.i32 q4, q4, q1\n" \
    "vmovlt.s16 q2, q2\n" \
    "vadd.i32 q5, q5, q2\n" \
    "vmovlb.s16 q1, q0\n" \
    "vadd.i32 q6, q6, q1\n" \
    "vmovlt.s16 q0, q0\n" \
    "vadd.i32 q7, q7, q0\n"

/* r9 is the stream. Eight vectors are one too few for two taps at once: the second tap's weights
 * are loaded twice. */
#define TWO_TAPS(first, second) \
    "vldrb.u8 q0, [" first "], #16\n" \
    "vldrb.u8 q1, [r9], #16\n" \
    "vmullb.s8 q2, q0, q1\n" \
    "vmullt.s8 q0, q0, q1\n" \
    "vldrb.u8 q1, [" second "], #16\n" \
    "vldrb.u8 q3, [r9]\n" \
    "vmullb.s8 q3, q1, q3\n" \
    "vadd.i16 q2, q2, q3\n" \
    "vldrb.u8 q3, [r9], #16\n" \
    "vmullt.s8 q1, q1, q3\n" \
    "vadd.i16 q0, q0, q1\n" \
    ADD_WIDE

#define ONE_TAP(tap) \
    "vldrb.u8 q0, [" tap "], #16\n" \
    "vldrb.u8 q1, [r9], #16\n" \
    "vmullb.s8 q2, q0, q1\n" \
    "vmullt.s8 q0, q0, q1\n" \
    ADD_WIDE

#define BIAS \
    "vldrw.u32 q4, [r9], #16\n" \
    "vldrw.u32 q5, [r9], #16\n" \
    "vldrw.u32 q6, [r9], #16\n" \
    "vldrw.u32 q7, [r9], #16\n"

/* Less one where a negative value is about to be shifted: "ties up" becomes "ties away". */
#define AWAY(sum) \
    "vand q2, " sum ", q1\n" \
    "vshr.s32 q2, q2, #31\n" \
    "vadd.i32 " sum ", " sum ", q2\n"

#define NOT_AWAY(sum)

#define NOT_UP(sum)
/* The bits to the left are in the second byte of a shift; VSHL heeds the lowest one. */
#define UP(sum) \
    "vldrw.u32 q1, [r9, #16]\n" \
    "vshr.s32 q1, q1, #8\n" \
    "vshl.s32 " sum ", " sum ", q1\n"

#define SCALE(sum, UP, FIX) \
    UP(sum) \
    "vldrw.u32 q0, [r9], #16\n" \
    "vqrdmulh.s32 " sum ", " sum ", q0\n" \
    "vldrw.u32 q1, [r9], #16\n" \
    FIX(sum) \
    "vrshl.s32 " sum ", " sum ", q1\n"

/* Four vectors of values to 16 bytes in q4, and the zero point added: in general, and for a zero
 * point of -128, the least output, where 0..255 are what does not saturate. */
#define NARROW_GENERAL(ZERO) \
    "vqmovnb.s32 q4, q4\n" \
    "vqmovnt.s32 q4, q5\n" \
    "vqmovnb.s32 q6, q6\n" \
    "vqmovnt.s32 q6, q7\n" \
    "vqadd.s16 q4, q4, " ZERO "\n" \
    "vqadd.s16 q6, q6, " ZERO "\n" \
    "vqmovnb.s16 q4, q4\n" \
    "vqmovnt.s16 q4, q6\n" \
    "vldrb.u8 q0, [sp]\n" \
    "vldrb.u8 q1, [sp, #16]\n" \
    "vmax.s8 q4, q4, q0\n" \
    "vmin.s8 q4, q4, q1\n"
#define NARROW_PLAIN(ZERO) \
    "vqmovunb.s32 q4, q4\n" \
    "vqmovunt.s32 q4, q5\n" \
    "vqmovunb.s32 q6, q6\n" \
    "vqmovunt.s32 q6, q7\n" \
    "vqmovnb.u16 q4, q4\n" \
    "vqmovnt.u16 q4, q6\n" \
    "vadd.i8 q4, q4, " ZERO "\n"

#define NARROW_SHIFTED NARROW_GENERAL

#define REQUANTIZE(UP, FIX) \
    SCALE("q4", UP, FIX) SCALE("q5", UP, FIX) SCALE("q6", UP, FIX) SCALE("q7", UP, FIX)
#define REQUANTIZE_SHIFTED REQUANTIZE(UP, AWAY)
#define REQUANTIZE_GENERAL REQUANTIZE(NOT_UP, AWAY)
#define REQUANTIZE_PLAIN REQUANTIZE(NOT_UP, NOT_AWAY)
#define OUTPUT(KIND, ZERO) REQUANTIZE_##KIND NARROW_##KIND(ZERO)

/* Also the 48 bytes of stack that CLOSE gives back; [sp] and [sp, #16]: the clamp. */
#define OPEN \
    "push {r4-r11, lr}\n" \
    "vpush {d8-d15}\n" \
    "sub sp, sp, #48\n" \
    "ldrd r4, r5, [r0, #20]\n" \
    "vdup.8 q0, r4\n" \
    "vdup.8 q1, r5\n" \
    "vstrb.8 q0, [sp]\n" \
    "vstrb.8 q1, [sp, #16]\n"

#define CLOSE \
    "add sp, sp, #48\n" \
    "vpop {d8-d15}\n" \
    "pop {r4-r11, pc}\n"

#define FUNCTION(name, BODY) \
    __attribute__((naked, noinline)) void name( \
        __attribute__((unused)) const struct nn_mve_depthwise *layer, \
        __attribute__((unused)) const int8_t **table, __attribute__((unused)) int8_t *output, \
        __attribute__((unused)) int32_t count) { \
        __asm volatile(BODY); \
    }

/* Moves all pointers of the table r1 bytes on. */
#define MOVE_TABLE \
    "mov r0, r5\n" \
    "ldr r2, [sp, #44]\n" \
    "dls lr, r2\n" \
    "8: vldrw.u32 q0, [r0]\n" \
    "vadd.i32 q0, q0, r1\n" \
    "vstrw.32 q0, [r0], #16\n" \
    "le lr, 8b\n"

/* Any number of taps: r0 the table as it is walked, r1 and r2 taps, r3 start of the stream, r4
 * output, r5 table, r6 pairs, r7 blocks to come, r8 outputs to come, r10 zero point, r11 single,
 * r12 1 if the last block overlaps. On the stack also blocks, overlap, skip, quads. */
#define ANY_TAPS(KIND) \
    OPEN \
    "mov r5, r1\n" \
    "mov r4, r2\n" \
    "mov r8, r3\n" \
    "ldrd r12, r2, [r0, #28]\n" \
    "ldr r1, [r0, #36]\n" \
    "ldrd r6, r11, [r0]\n" \
    "ldrd r7, r3, [r0, #8]\n" \
    "ldr r10, [r0, #16]\n" \
    "strd r7, r12, [sp, #32]\n" \
    "strd r1, r2, [sp, #40]\n" \
    "cmp r12, #0\n" \
    "it ne\n" \
    "movne r12, #1\n" \
    "1: ldr r7, [sp, #32]\n" \
    "mov r9, r3\n" \
    "2: mov r0, r5\n" \
    BIAS \
    "cmp r11, #0\n" \
    "beq 3f\n" \
    "ldr r1, [r0]\n" \
    ONE_TAP("r1") \
    "str r1, [r0], #4\n" \
    "3: wls lr, r6, 5f\n" \
    "4: ldrd r1, r2, [r0]\n" \
    TWO_TAPS("r1", "r2") \
    "strd r1, r2, [r0], #8\n" \
    "le lr, 4b\n" \
    "5:\n" \
    OUTPUT(KIND, "r10") \
    "vstrb.8 q4, [r4], #16\n" \
    "subs r7, r7, #1\n" \
    "beq 6f\n" \
    "cmp r7, r12\n" \
    "bne 2b\n" \
    "ldr r1, [sp, #36]\n" \
    "sub r4, r4, r1\n" \
    "rsb r1, r1, #0\n" \
    MOVE_TABLE \
    "b 2b\n" \
    "6: subs r8, r8, #1\n" \
    "beq 7f\n" \
    "ldr r1, [sp, #40]\n" \
    "cmp r1, #0\n" \
    "beq 1b\n" \
    MOVE_TABLE \
    "b 1b\n" \
    "7:\n" \
    CLOSE

FUNCTION(nn_mve_depthwise_any, ANY_TAPS(PLAIN))
FUNCTION(nn_mve_depthwise_any_general, ANY_TAPS(GENERAL))
FUNCTION(nn_mve_depthwise_any_shifted, ANY_TAPS(SHIFTED))

/* A few taps in registers, r0 and on, with whole blocks side by side: r10 output, r11 blocks to
 * come, r12 outputs to come, lr zero point. On the stack also blocks and start of the stream. */
#define FEW_TAPS(REGISTERS, TAPS, KIND) \
    OPEN \
    "ldrd r4, r5, [r0, #8]\n" \
    "strd r4, r5, [sp, #32]\n" \
    "ldr lr, [r0, #16]\n" \
    "mov r10, r2\n" \
    "mov r12, r3\n" \
    "ldm r1, {" REGISTERS "}\n" \
    "1: ldrd r11, r9, [sp, #32]\n" \
    "2:\n" \
    BIAS TAPS OUTPUT(KIND, "lr") \
    "vstrb.8 q4, [r10], #16\n" \
    "subs r11, r11, #1\n" \
    "bne 2b\n" \
    "subs r12, r12, #1\n" \
    "bne 1b\n" \
    CLOSE

#define THREE_TAPS ONE_TAP("r0") TWO_TAPS("r1", "r2")
#define FIVE_TAPS THREE_TAPS TWO_TAPS("r3", "r4")
#define NINE_TAPS FIVE_TAPS TWO_TAPS("r5", "r6") TWO_TAPS("r7", "r8")

FUNCTION(nn_mve_depthwise_3, FEW_TAPS("r0-r2", THREE_TAPS, PLAIN))
FUNCTION(nn_mve_depthwise_3_general, FEW_TAPS("r0-r2", THREE_TAPS, GENERAL))
FUNCTION(nn_mve_depthwise_5, FEW_TAPS("r0-r4", FIVE_TAPS, PLAIN))
FUNCTION(nn_mve_depthwise_5_general, FEW_TAPS("r0-r4", FIVE_TAPS, GENERAL))
FUNCTION(nn_mve_depthwise_9, FEW_TAPS("r0-r8", NINE_TAPS, PLAIN))
FUNCTION(nn_mve_depthwise_9_general, FEW_TAPS("r0-r8", NINE_TAPS, GENERAL))
// clang-format on

_Static_assert(offsetof(struct nn_mve_depthwise, output) == 16, "as OPEN and the loops have it");
_Static_assert(offsetof(struct nn_mve_depthwise, skip) == 36, "as ANY_TAPS has it");

static inline int32x4_t output_of(const struct nn_mve_depthwise *layer, int32x4_t sum,
                                  const int32_t *scale) {
    const int32x4_t values = nn_mve_requantize(sum, vldrwq_s32(scale), vldrwq_s32(scale + SUMS));
    return nn_mve_clamp(values, &layer->output);
}

/* One output, its taps `moved` bytes from where the table has them. */
static void one_by_lane(const struct nn_mve_depthwise *layer, const int8_t *const *table,
                        int32_t moved, int8_t *output) {
    const int32_t multiplier = layer->channel_multiplier;
    const int32_t channels = layer->window.channels * multiplier;
    const int32_t taps = 2 * layer->pairs + layer->single;
    const int32_t *stream = layer->stream;

    for (int32_t channel = 0; channel < channels; channel += LANES) {
        const mve_pred16_t live = vctp8q((uint32_t)(channels - channel));
        const int32_t first = moved + (multiplier == 1 ? channel : channel / multiplier);
        const uint8x16_t places = vldrbq_u8((const uint8_t *)stream);
        const int32_t *weights = stream + LANES / 4 + LANES;
        int32x4_t sum0 = vldrwq_s32(stream + LANES / 4);
        int32x4_t sum1 = vldrwq_s32(stream + LANES / 4 + SUMS);
        int32x4_t sum2 = vldrwq_s32(stream + LANES / 4 + 2 * SUMS);
        int32x4_t sum3 = vldrwq_s32(stream + LANES / 4 + 3 * SUMS);
        for (int32_t tap = 0; tap < taps; tap++) {
            const int8x16_t x = vldrbq_gather_offset_z_s8(table[tap] + first, places, live);
            const int8x16_t w = vldrbq_s8((const int8_t *)weights);
            const int16x8_t even = vmullbq_int_s8(x, w);
            const int16x8_t odd = vmulltq_int_s8(x, w);
            sum0 = vaddq_s32(sum0, vmovlbq_s16(even));
            sum1 = vaddq_s32(sum1, vmovltq_s16(even));
            sum2 = vaddq_s32(sum2, vmovlbq_s16(odd));
            sum3 = vaddq_s32(sum3, vmovltq_s16(odd));
            weights += LANES / 4;
        }
        sum0 = output_of(layer, sum0, weights);
        sum1 = output_of(layer, sum1, weights + 2 * SUMS);
        sum2 = output_of(layer, sum2, weights + 4 * SUMS);
        sum3 = output_of(layer, sum3, weights + 6 * SUMS);
        stream = weights + 8 * SUMS;
        const int16x8_t even = vmovntq_s32(vreinterpretq_s16_s32(sum0), sum1);
        const int16x8_t odd = vmovntq_s32(vreinterpretq_s16_s32(sum2), sum3);
        vstrbq_p_s8(output + channel, vmovntq_s16(vreinterpretq_s8_s16(even), odd), live);
    }
}

void nn_mve_depthwise_by_lane(const struct nn_mve_depthwise *layer, const int8_t **table,
                              int8_t *output, int32_t count) {
    const struct nn_window *window = &layer->window;

    for (int32_t i = 0; i < count; i++) {
        one_by_lane(layer, table, i * window->stride_width * window->channels, output);
        output += window->channels * layer->channel_multiplier;
    }
}
