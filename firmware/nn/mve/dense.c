#include "mve/dense.h"

#include <arm_mve.h>
#include <stddef.h>

#include "mve/lanes.h"

enum { LANES = 16, GROUP = 4 };

/* A tile is eight sums: four channels of two rows, or eight channels of one row. VMLADAVA wants an
 * even register for each, so all even ones are sums and the odd ones are pointers:
 *     r1, r3  inputs of the two rows          (one row: r1, and r3 the bytes of a group)
 *     r5      stream                          (one row: r5 and r7, one a group)
 *     r9      output                 r11      end of the inputs of the first row
 *     q4..q7  zero point, places of the outputs, least and largest output, as 16-bit lanes
 *     stack   the rows, the rows behind their first depth % 16 inputs, end of the stream, bytes of
 *             a group, where a tile goes to begin, where it goes then
 * The loop over the inputs is unrolled four times; a tile jumps to where blocks % 4 are left. */
#define OPEN(APART, BLOCK_BYTES)                                                                   \
    "push {r4-r11, lr}\n"                                                                          \
    "vpush {d8-d15}\n"                                                                             \
    "sub sp, sp, #32\n"                                                                            \
    "ldm r2, {r4-r8, r10, r12, lr}\n"                                                              \
    "add r11, r0, r4\n"                                                                            \
    "vdup.16 q4, r8\n"                                                                             \
    "vdup.16 q6, r10\n"                                                                            \
    "vdup.16 q7, r12\n"                                                                            \
    "vctp.8 r5\n"                                                                                  \
    "add r8, r0, r5\n"                                                                             \
    "add r10, r1, r5\n"                                                                            \
    "strd r0, r1, [sp]\n"                                                                          \
    "strd r8, r10, [sp, #8]\n"                                                                     \
    "ldr r8, [sp, #132]\n"                                                                         \
    "strd r8, r7, [sp, #16]\n" APART "mov r9, r3\n"                                                \
    "movs r4, #0\n"                                                                                \
    "vidup.u32 q5, r4, #1\n" /* 0 1 2 3 */                                                         \
    "vadd.i32 q0, q5, r7\n"                                                                        \
    "vmovnt.i32 q5, q0\n" /* 0 apart 1 apart+1 ... */                                              \
    "rsb r3, r6, #0\n"                                                                             \
    "and r3, r3, #3\n"                                                                             \
    "movs r4, #" BLOCK_BYTES "\n"                                                                  \
    "adr.w r0, 2f\n"                                                                               \
    "mla r3, r3, r4, r0\n"                                                                         \
    "adr.w r0, 3f\n"                                                                               \
    "cmp r6, #0\n"                                                                                 \
    "it eq\n"                                                                                      \
    "moveq r3, r0\n"                                                                               \
    "orr r3, r3, #1\n"                                                                             \
    "str r3, [sp, #28]\n"                                                                          \
    "adr.w r0, 1f\n"                                                                               \
    "cmp r5, #0\n"                                                                                 \
    "it ne\n"                                                                                      \
    "orrne r3, r0, #1\n"                                                                           \
    "str r3, [sp, #24]\n"                                                                          \
    "mov r5, lr\n"

#define TWO_ROWS_APART "ldr r7, [r2, #32]\n"
#define ONE_ROW_APART "movs r7, #4\n"
_Static_assert(offsetof(struct nn_mve_dense, channels) == 32, "as TWO_ROWS_APART has it");
_Static_assert(offsetof(struct nn_mve_dense, stream) == 28, "as OPEN has it");

#define TWO_ROWS_BEGIN                                                                             \
    "0: ldrd r1, r3, [sp]\n"                                                                       \
    "ldrd r4, r6, [r5, #8]\n"                                                                      \
    "ldrd r12, lr, [r5, #8]\n"                                                                     \
    "ldrd r0, r2, [r5]\n"                                                                          \
    "ldrd r8, r10, [r5], #16\n"                                                                    \
    "ldr.w pc, [sp, #24]\n"

#define TWO_ROWS_MULTIPLY                                                                          \
    "vldrb.u8 q2, [r5], #16\n"                                                                     \
    "vmladava.s8 r0, q2, q0\n"                                                                     \
    "vmladava.s8 r8, q2, q1\n"                                                                     \
    "vldrb.u8 q3, [r5], #16\n"                                                                     \
    "vmladava.s8 r2, q3, q0\n"                                                                     \
    "vmladava.s8 r10, q3, q1\n"                                                                    \
    "vldrb.u8 q2, [r5], #16\n"                                                                     \
    "vmladava.s8 r4, q2, q0\n"                                                                     \
    "vmladava.s8 r12, q2, q1\n"                                                                    \
    "vldrb.u8 q3, [r5], #16\n"                                                                     \
    "vmladava.s8 r6, q3, q0\n"                                                                     \
    "vmladava.s8 lr, q3, q1\n"

#define TWO_ROWS_FIRST                                                                             \
    "1: vpstt\n"                                                                                   \
    "vldrbt.u8 q0, [r1]\n"                                                                         \
    "vldrbt.u8 q1, [r3]\n" TWO_ROWS_MULTIPLY "ldrd r1, r3, [sp, #8]\n"                             \
    "ldr.w pc, [sp, #28]\n"

#define TWO_ROWS_BLOCK                                                                             \
    "vldrb.u8 q0, [r1], #16\n"                                                                     \
    "vldrb.u8 q1, [r3], #16\n" TWO_ROWS_MULTIPLY
#define TWO_ROWS_BLOCK_BYTES "56"

#define ONE_ROW_BEGIN                                                                              \
    "ldr r3, [sp, #20]\n"                                                                          \
    "0: ldr r1, [sp]\n"                                                                            \
    "add r7, r5, r3\n"                                                                             \
    "ldrd r4, r6, [r5, #8]\n"                                                                      \
    "ldrd r0, r2, [r5], #16\n"                                                                     \
    "ldrd r12, lr, [r7, #8]\n"                                                                     \
    "ldrd r8, r10, [r7], #16\n"                                                                    \
    "ldr.w pc, [sp, #24]\n"

#define ONE_ROW_MULTIPLY                                                                           \
    "vldrb.u8 q1, [r5], #16\n"                                                                     \
    "vmladava.s8 r0, q1, q0\n"                                                                     \
    "vldrb.u8 q2, [r5], #16\n"                                                                     \
    "vmladava.s8 r2, q2, q0\n"                                                                     \
    "vldrb.u8 q1, [r5], #16\n"                                                                     \
    "vmladava.s8 r4, q1, q0\n"                                                                     \
    "vldrb.u8 q2, [r5], #16\n"                                                                     \
    "vmladava.s8 r6, q2, q0\n"                                                                     \
    "vldrb.u8 q1, [r7], #16\n"                                                                     \
    "vmladava.s8 r8, q1, q0\n"                                                                     \
    "vldrb.u8 q2, [r7], #16\n"                                                                     \
    "vmladava.s8 r10, q2, q0\n"                                                                    \
    "vldrb.u8 q1, [r7], #16\n"                                                                     \
    "vmladava.s8 r12, q1, q0\n"                                                                    \
    "vldrb.u8 q2, [r7], #16\n"                                                                     \
    "vmladava.s8 lr, q2, q0\n"

#define ONE_ROW_FIRST                                                                              \
    "1: vpst\n"                                                                                    \
    "vldrbt.u8 q0, [r1]\n" ONE_ROW_MULTIPLY "ldr r1, [sp, #8]\n"                                   \
    "ldr.w pc, [sp, #28]\n"

#define ONE_ROW_BLOCK "vldrb.u8 q0, [r1], #16\n" ONE_ROW_MULTIPLY
#define ONE_ROW_BLOCK_BYTES "68"

#define SUMS                                                                                       \
    "3: vmov d0, r0, r2\n"                                                                         \
    "vmov d1, r4, r6\n"                                                                            \
    "vmov d2, r8, r10\n"                                                                           \
    "vmov d3, r12, lr\n"

/* Less one where a negative value is about to be shifted: "ties up" becomes "ties away". */
#define AWAY(sum)                                                                                  \
    "vand q2, " sum ", q3\n"                                                                       \
    "vshr.s32 q2, q2, #31\n"                                                                       \
    "vadd.i32 " sum ", " sum ", q2\n"
#define NOT_AWAY(sum)

#define TWO_ROWS_SCALE(FIX)                                                                        \
    "vldrw.u32 q2, [r5], #16\n"                                                                    \
    "vqrdmulh.s32 q0, q0, q2\n"                                                                    \
    "vqrdmulh.s32 q1, q1, q2\n"                                                                    \
    "vldrw.u32 q3, [r5], #16\n" FIX("q0") FIX("q1") "vrshl.s32 q0, q0, q3\n"                       \
                                                    "vrshl.s32 q1, q1, q3\n"

#define ONE_ROW_SCALE(FIX)                                                                         \
    "vldrw.u32 q2, [r5], #16\n"                                                                    \
    "vqrdmulh.s32 q0, q0, q2\n"                                                                    \
    "vldrw.u32 q3, [r5], #16\n" FIX("q0") "vrshl.s32 q0, q0, q3\n"                                 \
                                          "vldrw.u32 q2, [r7], #16\n"                              \
                                          "vqrdmulh.s32 q1, q1, q2\n"                              \
                                          "vldrw.u32 q3, [r7], #16\n" FIX(                         \
                                              "q1") "vrshl.s32 q1, q1, q3\n"                       \
                                                    "mov r5, r7\n"

/* Even 16-bit lanes: first half of the tile; odd ones: second half. */
#define STORE(STEP)                                                                                \
    "vqmovnb.s32 q0, q0\n"                                                                         \
    "vqmovnt.s32 q0, q1\n"                                                                         \
    "vqadd.s16 q0, q0, q4\n"                                                                       \
    "vmax.s16 q0, q0, q6\n"                                                                        \
    "vmin.s16 q0, q0, q7\n"                                                                        \
    "vstrb.16 q0, [r9, q5]\n"                                                                      \
    "adds r9, r9, #" STEP "\n"                                                                     \
    "ldr r0, [sp, #16]\n"                                                                          \
    "cmp r5, r0\n"                                                                                 \
    "bne 0b\n"                                                                                     \
    "add sp, sp, #32\n"                                                                            \
    "vpop {d8-d15}\n"                                                                              \
    "pop {r4-r11, pc}\n"

#define LOOP(BLOCK)                                                                                \
    "2:\n" BLOCK BLOCK BLOCK BLOCK "cmp r1, r11\n"                                                 \
    "bne 2b\n"

/* Rows and output of whole tiles; end is that of their part of the stream. */
typedef void tiles(const int8_t *first, const int8_t *second, const struct nn_mve_dense *layer,
                   int8_t *output, const int32_t *end);

#define TILES(name, KIND, FIX, STEP)                                                               \
    __attribute__((naked, noinline, aligned(4))) static void name(                                 \
        __attribute__((unused)) const int8_t *first, __attribute__((unused)) const int8_t *second, \
        __attribute__((unused)) const struct nn_mve_dense *layer,                                  \
        __attribute__((unused)) int8_t *output, __attribute__((unused)) const int32_t *end) {      \
        __asm volatile(OPEN(KIND##_APART, KIND##_BLOCK_BYTES) KIND##_BEGIN KIND##_FIRST LOOP(      \
            KIND##_BLOCK) SUMS KIND##_SCALE(FIX) STORE(STEP));                                     \
    }

TILES(two_rows, TWO_ROWS, NOT_AWAY, "4")
TILES(two_rows_away, TWO_ROWS, AWAY, "4")
TILES(one_row, ONE_ROW, NOT_AWAY, "8")
TILES(one_row_away, ONE_ROW, AWAY, "8")

static const int32_t *group_at(const struct nn_mve_dense *layer, int32_t channel) {
    return layer->stream + channel / GROUP * (layer->group_bytes / 4);
}

/* One group of one row; fewer than four channels in the last one. */
static void one_group(const struct nn_mve_dense *layer, const int8_t *input, int32_t channel,
                      int8_t *output) {
    const int32_t *stream = group_at(layer, channel);
    int32_t sum0 = stream[0];
    int32_t sum1 = stream[1];
    int32_t sum2 = stream[2];
    int32_t sum3 = stream[3];
    const int8_t *w = (const int8_t *)(stream + GROUP);
    int32_t count = layer->partial > 0 ? layer->partial : LANES;

    for (int32_t left = layer->depth; left > 0; left -= count, count = LANES) {
        const int8x16_t x = vldrbq_z_s8(input, vctp8q((uint32_t)count));
        sum0 = vmladavaq_s8(sum0, x, vldrbq_s8(w));
        sum1 = vmladavaq_s8(sum1, x, vldrbq_s8(w + LANES));
        sum2 = vmladavaq_s8(sum2, x, vldrbq_s8(w + 2 * LANES));
        sum3 = vmladavaq_s8(sum3, x, vldrbq_s8(w + 3 * LANES));
        input += count;
        w += GROUP * LANES;
    }
    const int32_t *scale = (const int32_t *)(const void *)w;
    int32x4_t sums = vdupq_n_s32(sum0);
    sums = vsetq_lane_s32(sum1, sums, 1);
    sums = vsetq_lane_s32(sum2, sums, 2);
    sums = vsetq_lane_s32(sum3, sums, 3);
    const int32x4_t values = nn_mve_requantize(sums, vldrwq_s32(scale), vldrwq_s32(scale + GROUP));
    vstrbq_p_s32(output + channel, nn_mve_clamp(values, &layer->output),
                 vctp32q((uint32_t)(layer->channels - channel)));
}

void nn_mve_dense_row(const struct nn_mve_dense *layer, const int8_t *input, int8_t *output) {
    int32_t channel = layer->channels & ~(2 * GROUP - 1);

    if (channel > 0) {
        tiles *run = layer->away ? one_row_away : one_row;
        run(input, input, layer, output, group_at(layer, channel));
    }
    for (; channel < layer->channels; channel += GROUP) {
        one_group(layer, input, channel, output);
    }
}

void nn_mve_dense_pair(const struct nn_mve_dense *layer, const int8_t *first, const int8_t *second,
                       int8_t *output) {
    const int32_t channel = layer->channels & ~(GROUP - 1);

    if (channel > 0) {
        tiles *run = layer->away ? two_rows_away : two_rows;
        run(first, second, layer, output, group_at(layer, channel));
    }
    if (channel < layer->channels) {
        one_group(layer, first, channel, output);
        one_group(layer, second, channel, output + layer->channels);
    }
}

void nn_mve_dense(const struct nn_mve_dense *layer, const int8_t *input, int32_t rows,
                  int8_t *output) {
    for (; rows >= 2; rows -= 2) {
        nn_mve_dense_pair(layer, input, input + layer->depth, output);
        input += 2 * layer->depth;
        output += 2 * layer->channels;
    }
    if (rows > 0) {
        nn_mve_dense_row(layer, input, output);
    }
}
