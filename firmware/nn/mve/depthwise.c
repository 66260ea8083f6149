#include "mve/depthwise.h"

#include <arm_mve.h>
#include <stdbool.h>
#include <stddef.h>

#include "mve/bytes.h"
#include "mve/lanes.h"

enum { LANES = 16, SUMS = 4, POINTERS = 4 };

/* One source, compiled twice: without a ring, what is for rings (`round`) costs nothing. */
#define SPECIALIZED static inline __attribute__((always_inline))

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

/* Output by output: where the taps lie of that with its corner at row y, column x. */
SPECIALIZED void point(const struct nn_mve_depthwise *layer, const int8_t *image,
                       struct nn_ring ring, int32_t y, int32_t x, const int8_t *zeros,
                       const int8_t **table, bool round) {
    const struct nn_window *window = &layer->window;
    const int32_t channels = window->channels;
    const int32_t step = window->dilation_width * channels;
    const int8_t *const end = image + ring.left;

    for (int32_t ky = window->kernel_height; ky > 0; ky--, y += window->dilation_height) {
        const bool row = y >= 0 && y < window->input_height;
        int32_t column = x;
        const int8_t *tap = image + (y * window->input_width + x) * channels;
        for (int32_t kx = window->kernel_width; kx > 0; kx--) {
            const int8_t *const here = round && tap >= end ? tap - ring.size : tap;
            *table++ = row && column >= 0 && column < window->input_width ? here : zeros;
            tap += step;
            column += window->dilation_width;
        }
    }
}

SPECIALIZED void output_by_output(const struct nn_mve_depthwise *layer, const int8_t *image,
                                  struct nn_ring ring, const int8_t **table, int8_t *zeros,
                                  int8_t *output, bool round) {
    const struct nn_window *window = &layer->window;
    const int32_t channels = window->channels * layer->channel_multiplier;

    nn_mve_fill(zeros, layer->input_zero, layer->margin_bytes);
    for (int32_t row = 0; row < window->output_height; row++) {
        const int32_t y = row * window->stride_height - window->pad_top;
        int32_t x = -window->pad_left;
        for (int32_t column = 0; column < window->output_width; column++) {
            point(layer, image, ring, y, x, zeros, table, round);
            layer->outputs(layer, table, output, 1);
            x += window->stride_width;
            output += channels;
        }
    }
}

/* Rows as the kernel finds them: on the image, or copied between margins of zero points to one of
 * as many lines as the kernel reaches over; before them lies a line of zero points. */
struct rows {
    const int8_t *image;
    int8_t *lines;
    int32_t copied; /* rows so far; the next one goes to line `slot` */
    int32_t slot;
};

/* Where the taps lie of the outputs from `offset` on of the row whose kernel begins at row y. */
static void aim(const struct nn_mve_depthwise *layer, const struct rows *rows, int32_t y,
                int32_t offset, const int8_t **table) {
    const struct nn_window *window = &layer->window;
    const int32_t line = layer->line_bytes;
    const int32_t step = window->dilation_width * window->channels;

    for (int32_t ky = window->kernel_height; ky > 0; ky--, y += window->dilation_height) {
        const int8_t *x = rows->lines;
        if (y >= 0 && y < window->input_height) {
            const int32_t place = rows->slot - (rows->copied - y);
            x = layer->copies ? x + line + (place < 0 ? place + layer->reach : place) * line
                              : rows->image + y * line;
        }
        x += offset;
        for (int32_t kx = window->kernel_width; kx > 0; kx--) {
            *table++ = x;
            x += step;
        }
    }
}

/* The same for rows that are not copied, of an image in a ring. Returns how many bytes no tap has
 * to go to the ring's end. */
static uint32_t aim_on_ring(const struct nn_mve_depthwise *layer, const struct rows *rows,
                            struct nn_ring ring, int32_t y, int32_t offset, const int8_t **table) {
    const struct nn_window *window = &layer->window;
    const uint32_t step = (uint32_t)(window->dilation_width * window->channels);
    const uint32x4_t steps = vmulq_n_u32(vidupq_n_u32(0, 1), step);
    const uint32_t end = (uint32_t)(rows->image + ring.left);
    uint32_t room = INT32_MAX;

    for (int32_t ky = window->kernel_height; ky > 0; ky--, y += window->dilation_height) {
        const bool on_image = y >= 0 && y < window->input_height;
        const int8_t *row = on_image ? rows->image + y * layer->line_bytes : rows->lines;
        uint32_t x = (uint32_t)(row + offset);
        uint32_t *words = (uint32_t *)(void *)table;
        for (int32_t left = window->kernel_width; left > 0; left -= POINTERS) {
            const mve_pred16_t live = vctp32q((uint32_t)left);
            uint32x4_t taps = vaddq_n_u32(steps, x);
            if (on_image) {
                const mve_pred16_t past = vcmpcsq_m_n_u32(taps, end, live);
                taps = vsubq_m_n_u32(taps, taps, (uint32_t)ring.size, past);
                room = vminvq_p_u32(room, vsubq_u32(vdupq_n_u32(end), taps), live);
            }
            vstrwq_p_u32(words, taps, live);
            words += POINTERS;
            x += POINTERS * step;
        }
        table += window->kernel_width;
    }
    return room;
}

/* Sixteen bytes of several outputs, of which the ring's end may be among the taps': those taps
 * are put together in `pieces`. */
static void put_together(const struct nn_mve_depthwise *layer, const int8_t *image,
                         struct nn_ring ring, int8_t *pieces, const int8_t **table) {
    for (int32_t left = 2 * layer->pairs + layer->single; left > 0; left--) {
        const int32_t offset = (int32_t)(*table - image);
        const int32_t room = ring.left - offset;
        if (room > 0 && room < LANES) {
            nn_mve_copy_ring(pieces, image, ring, offset, LANES);
            *table = pieces;
            pieces += LANES;
        }
        table++;
    }
}

/* The `count` outputs from `offset` on, in runs in which no tap comes to the ring's end. */
static void in_runs(const struct nn_mve_depthwise *layer, const struct rows *rows,
                    struct nn_ring ring, int32_t y, int32_t offset, const int8_t **table,
                    int8_t *output, int32_t count) {
    const struct nn_window *window = &layer->window;
    const bool side_by_side = layer->count < window->output_width;
    const int32_t bytes = side_by_side ? LANES : window->channels; /* that a tap sees */
    const int32_t step = bytes + layer->skip;
    const int32_t output_step = side_by_side ? LANES : bytes * layer->channel_multiplier;

    while (count > 0) {
        const uint32_t room = aim_on_ring(layer, rows, ring, y, offset, table);
        const uint32_t most = (room + (uint32_t)layer->skip) / (uint32_t)step;
        int32_t run = most < (uint32_t)count ? (int32_t)most : count;
        if (run == 0) {
            int8_t *pieces = rows->lines + layer->margin_bytes;
            put_together(layer, rows->image, ring, pieces, table);
            run = 1;
        }
        layer->outputs(layer, table, output, run);
        offset += run * step;
        output += run * output_step;
        count -= run;
    }
}

SPECIALIZED void outputs_from(const struct nn_mve_depthwise *layer, const struct rows *rows,
                              struct nn_ring ring, int32_t y, int32_t offset, const int8_t **table,
                              int8_t *output, int32_t count, bool round) {
    if (round && !layer->copies) {
        in_runs(layer, rows, ring, y, offset, table, output, count);
    } else {
        aim(layer, rows, y, offset, table);
        layer->outputs(layer, table, output, count);
    }
}

SPECIALIZED void row_by_row(const struct nn_mve_depthwise *layer, const int8_t *image,
                            struct nn_ring ring, const int8_t **table, int8_t *lines,
                            int8_t *output, bool round) {
    const struct nn_window *window = &layer->window;
    const int32_t bytes = window->input_width * window->channels;
    const int32_t output_bytes =
        window->output_width * window->channels * layer->channel_multiplier;
    int8_t *const inner = lines + layer->line_bytes + window->pad_left * window->channels;
    struct rows rows = {image, lines, 0, 0};

    nn_mve_fill(lines, layer->input_zero, layer->margin_bytes);
    for (int32_t row = 0; row < window->output_height; row++) {
        const int32_t y = row * window->stride_height - window->pad_top;
        while (layer->copies && rows.copied < y + layer->reach &&
               rows.copied < window->input_height) {
            int8_t *const line = inner + rows.slot * layer->line_bytes;
            if (round) {
                nn_mve_copy_ring(line, image, ring, rows.copied * bytes, bytes);
            } else {
                nn_mve_copy(line, image + rows.copied * bytes, bytes);
            }
            rows.copied++;
            rows.slot = rows.slot + 1 == layer->reach ? 0 : rows.slot + 1;
        }
        outputs_from(layer, &rows, ring, y, 0, table, output, layer->count, round);
        if (layer->rest) {
            const int32_t last = output_bytes - LANES;
            outputs_from(layer, &rows, ring, y, last, table, output + last, 1, round);
        }
        output += output_bytes;
    }
}

/* One image. */
SPECIALIZED void convolve(const struct nn_mve_depthwise *layer, const int8_t *image,
                          struct nn_ring ring, int8_t *scratch, int8_t *output, bool round) {
    const int8_t **table = (const int8_t **)(void *)scratch;
    int8_t *margin = scratch + POINTERS * layer->quads * (int32_t)sizeof *table;

    if (layer->line_bytes > 0) {
        row_by_row(layer, image, ring, table, margin, output, round);
    } else {
        output_by_output(layer, image, ring, table, margin, output, round);
    }
}

void nn_mve_depthwise(const struct nn_mve_depthwise *layer, const int8_t *input, int8_t *scratch,
                      int8_t *output) {
    const struct nn_window *window = &layer->window;
    const int32_t channels = window->channels * layer->channel_multiplier;

    for (int32_t batch = 0; batch < window->batches; batch++) {
        convolve(layer, input, NN_NO_RING, scratch, output, false);
        input += window->input_height * window->input_width * window->channels;
        output += window->output_height * window->output_width * channels;
    }
}

void nn_mve_depthwise_ring(const struct nn_mve_depthwise *layer, const int8_t *input,
                           int8_t *scratch, int8_t *output, int32_t left, int32_t size) {
    convolve(layer, input, (struct nn_ring){left, size}, scratch, output, true);
}
