#include "mve/depthwise.h"

#include <arm_mve.h>
#include <stdbool.h>
#include <stddef.h>

#include "mve/bytes.h"
#include "mve/lanes.h"

enum { LANES = 16, SUMS = 4 };

/* Sixteen 16-bit sums of one or two products (q2: even channels, q0: odd ones) to the 32-bit sums
 * q4..q7. */
#define ADD_WIDE                                                                                   \
    "vmovlb.s16 q1, q2\n"                                                                          \
    "vadd.i32 q4, q4, q1\n"                                                                        \
    "vmovlt.s16 q2, q2\n"                                                                          \
    "vadd.i32 q5, q5, q2\n"                                                                        \
    "vmovlb.s16 q1, q0\n"                                                                          \
    "vadd.i32 q6, q6, q1\n"                                                                        \
    "vmovlt.s16 q0, q0\n"                                                                          \
    "vadd.i32 q7, q7, q0\n"

/* Eight vectors are one too few for two taps at once: the second tap's weights are loaded twice. */
#define TWO_TAPS                                                                                   \
    "ldrd r1, r2, [r0]\n"                                                                          \
    "vldrb.u8 q0, [r1], #16\n"                                                                     \
    "vldrb.u8 q1, [r3], #16\n"                                                                     \
    "vmullb.s8 q2, q0, q1\n"                                                                       \
    "vmullt.s8 q0, q0, q1\n"                                                                       \
    "vldrb.u8 q1, [r2], #16\n"                                                                     \
    "vldrb.u8 q3, [r3]\n"                                                                          \
    "vmullb.s8 q3, q1, q3\n"                                                                       \
    "strd r1, r2, [r0], #8\n"                                                                      \
    "vadd.i16 q2, q2, q3\n"                                                                        \
    "vldrb.u8 q3, [r3], #16\n"                                                                     \
    "vmullt.s8 q1, q1, q3\n"                                                                       \
    "vadd.i16 q0, q0, q1\n" ADD_WIDE

#define ONE_TAP                                                                                    \
    "ldr r1, [r0]\n"                                                                               \
    "vldrb.u8 q0, [r1], #16\n"                                                                     \
    "vldrb.u8 q1, [r3], #16\n"                                                                     \
    "str r1, [r0], #4\n"                                                                           \
    "vmullb.s8 q2, q0, q1\n"                                                                       \
    "vmullt.s8 q0, q0, q1\n" ADD_WIDE

/* Less one where a negative value is about to be shifted: "ties up" becomes "ties away". */
#define AWAY(sum)                                                                                  \
    "vand q2, " sum ", q1\n"                                                                       \
    "vshr.s32 q2, q2, #31\n"                                                                       \
    "vadd.i32 " sum ", " sum ", q2\n"
#define CLAMP                                                                                      \
    "vldrb.u8 q0, [sp]\n"                                                                          \
    "vldrb.u8 q1, [sp, #16]\n"                                                                     \
    "vmax.s8 q4, q4, q0\n"                                                                         \
    "vmin.s8 q4, q4, q1\n"
#define NOT_AWAY(sum)
#define NO_CLAMP

#define SCALE(sum, FIX)                                                                            \
    "vldrw.u32 q0, [r3], #16\n"                                                                    \
    "vqrdmulh.s32 " sum ", " sum ", q0\n"                                                          \
    "vldrw.u32 q1, [r3], #16\n" FIX(sum) "vrshl.s32 " sum ", " sum ", q1\n"

/* Moves all pointers of the table; r1 bytes on. */
#define MOVE_TABLE                                                                                 \
    "mov r0, r5\n"                                                                                 \
    "ldr r2, [sp, #44]\n"                                                                          \
    "dls lr, r2\n"                                                                                 \
    "8: vldrw.u32 q0, [r0]\n"                                                                      \
    "vadd.i32 q0, q0, r1\n"                                                                        \
    "vstrw.32 q0, [r0], #16\n"                                                                     \
    "le lr, 8b\n"

/* r0 the table as it is walked, r1 and r2 taps, r3 stream, r4 output, r5 table, r6 pairs, r7 blocks
 * to come, r8 outputs to come, r9 start of the stream, r10 zero point, r11 single, r12 1 if the
 * last block overlaps. On the stack: least and largest output, blocks, overlap, skip, quads. */
#define OUTPUTS(name, FIX, CLAMPED)                                                                \
    __attribute__((naked, noinline, aligned(4))) static void name(                                 \
        __attribute__((unused)) const struct nn_mve_depthwise *layer,                              \
        __attribute__((unused)) const int8_t **table, __attribute__((unused)) int8_t *output,      \
        __attribute__((unused)) int32_t count) {                                                   \
        __asm volatile("push {r4-r11, lr}\n"                                                       \
                       "vpush {d8-d15}\n"                                                          \
                       "sub sp, sp, #48\n"                                                         \
                       "mov r5, r1\n"                                                              \
                       "mov r4, r2\n"                                                              \
                       "mov r8, r3\n"                                                              \
                       "ldrd r1, r2, [r0, #20]\n"                                                  \
                       "vdup.8 q0, r1\n"                                                           \
                       "vdup.8 q1, r2\n"                                                           \
                       "vstrb.8 q0, [sp]\n"                                                        \
                       "vstrb.8 q1, [sp, #16]\n"                                                   \
                       "ldrd r12, r2, [r0, #28]\n"                                                 \
                       "ldr r1, [r0, #36]\n"                                                       \
                       "ldrd r6, r11, [r0]\n"                                                      \
                       "ldrd r7, r9, [r0, #8]\n"                                                   \
                       "ldr r10, [r0, #16]\n"                                                      \
                       "strd r7, r12, [sp, #32]\n"                                                 \
                       "strd r1, r2, [sp, #40]\n"                                                  \
                       "cmp r12, #0\n"                                                             \
                       "it ne\n"                                                                   \
                       "movne r12, #1\n"                                                           \
                       "1: ldr r7, [sp, #32]\n"                                                    \
                       "mov r3, r9\n"                                                              \
                       "2: mov r0, r5\n"                                                           \
                       "vldrw.u32 q4, [r3], #16\n"                                                 \
                       "vldrw.u32 q5, [r3], #16\n"                                                 \
                       "vldrw.u32 q6, [r3], #16\n"                                                 \
                       "vldrw.u32 q7, [r3], #16\n"                                                 \
                       "cmp r11, #0\n"                                                             \
                       "beq 3f\n" ONE_TAP "3: wls lr, r6, 5f\n"                                    \
                       "4:\n" TWO_TAPS "le lr, 4b\n"                                               \
                       "5:\n" SCALE("q4", FIX) SCALE("q5", FIX) SCALE("q6", FIX)                   \
                           SCALE("q7", FIX) "vqmovnb.s32 q4, q4\n"                                 \
                                            "vqmovnt.s32 q4, q5\n"                                 \
                                            "vqmovnb.s32 q6, q6\n"                                 \
                                            "vqmovnt.s32 q6, q7\n"                                 \
                                            "vqadd.s16 q4, q4, r10\n"                              \
                                            "vqadd.s16 q6, q6, r10\n"                              \
                                            "vqmovnb.s16 q4, q4\n"                                 \
                                            "vqmovnt.s16 q4, q6\n" CLAMPED                         \
                                            "vstrb.8 q4, [r4], #16\n"                              \
                                            "subs r7, r7, #1\n"                                    \
                                            "beq 6f\n"                                             \
                                            "cmp r7, r12\n"                                        \
                                            "bne 2b\n"                                             \
                                            "ldr r1, [sp, #36]\n"                                  \
                                            "sub r4, r4, r1\n"                                     \
                                            "rsb r1, r1, #0\n" MOVE_TABLE "b 2b\n"                 \
                                            "6: subs r8, r8, #1\n"                                 \
                                            "beq 7f\n"                                             \
                                            "ldr r1, [sp, #40]\n"                                  \
                                            "cmp r1, #0\n"                                         \
                                            "beq 1b\n" /* one label 8 is behind, and one ahead */  \
                       MOVE_TABLE "b 1b\n"                                                         \
                                            "7: add sp, sp, #48\n"                                 \
                                            "vpop {d8-d15}\n"                                      \
                                            "pop {r4-r11, pc}\n");                                 \
    }
_Static_assert(offsetof(struct nn_mve_depthwise, output) == 16, "as OUTPUTS has it");
_Static_assert(offsetof(struct nn_mve_depthwise, skip) == 36, "as OUTPUTS has it");

OUTPUTS(outputs, NOT_AWAY, NO_CLAMP)
OUTPUTS(outputs_general, AWAY, CLAMP)

/* One output with fewer than 16 channels, or with a channel multiplier. */
static void one_output(const struct nn_mve_depthwise *layer, const int8_t *const *table,
                       int8_t *output) {
    const int32_t multiplier = layer->channel_multiplier;
    const int32_t channels = layer->window.channels * multiplier;
    const int32_t taps = 2 * layer->pairs + layer->single;
    const int32_t *stream = layer->stream;

    for (int32_t channel = 0; channel < channels; channel += LANES) {
        const mve_pred16_t live = vctp8q((uint32_t)(channels - channel));
        const int32_t first = multiplier == 1 ? channel : channel / multiplier;
        const uint8x16_t places = vldrbq_u8((const uint8_t *)stream);
        const int32_t *weights = stream + LANES / 4 + LANES;
        int32x4_t sums[SUMS];
        for (int32_t i = 0; i < SUMS; i++) {
            sums[i] = vldrwq_s32(stream + LANES / 4 + i * SUMS);
        }
        for (int32_t tap = 0; tap < taps; tap++) {
            const int8x16_t x = vldrbq_gather_offset_z_s8(table[tap] + first, places, live);
            const int8x16_t w = vldrbq_s8((const int8_t *)weights);
            const int16x8_t even = vmullbq_int_s8(x, w);
            const int16x8_t odd = vmulltq_int_s8(x, w);
            sums[0] = vaddq_s32(sums[0], vmovlbq_s16(even));
            sums[1] = vaddq_s32(sums[1], vmovltq_s16(even));
            sums[2] = vaddq_s32(sums[2], vmovlbq_s16(odd));
            sums[3] = vaddq_s32(sums[3], vmovltq_s16(odd));
            weights += LANES / 4;
        }
        stream = weights;
        for (int32_t i = 0; i < SUMS; i++) {
            sums[i] = nn_mve_requantize(sums[i], vldrwq_s32(stream), vldrwq_s32(stream + SUMS));
            sums[i] = nn_mve_clamp(sums[i], &layer->output);
            stream += 2 * SUMS;
        }
        int16x8_t even = vreinterpretq_s16_s32(sums[0]);
        int16x8_t odd = vreinterpretq_s16_s32(sums[2]);
        even = vmovntq_s32(even, sums[1]);
        odd = vmovntq_s32(odd, sums[3]);
        vstrbq_p_s8(output + channel, vmovntq_s16(vreinterpretq_s8_s16(even), odd), live);
    }
}

static void run(const struct nn_mve_depthwise *layer, const int8_t **table, int8_t *output,
                int32_t count) {
    if (layer->by_lane) {
        one_output(layer, table, output);
    } else {
        (layer->general ? outputs_general : outputs)(layer, table, output, count);
    }
}

/* Output by output: where the taps lie of that with its corner at row y, column x. */
static void point(const struct nn_mve_depthwise *layer, const int8_t *image, int32_t y, int32_t x,
                  const int8_t *zeros, const int8_t **table) {
    const struct nn_window *window = &layer->window;
    const int32_t channels = window->channels;
    const int32_t step = window->dilation_width * channels;

    for (int32_t ky = window->kernel_height; ky > 0; ky--, y += window->dilation_height) {
        const bool row = y >= 0 && y < window->input_height;
        int32_t column = x;
        const int8_t *tap = image + (y * window->input_width + x) * channels;
        for (int32_t kx = window->kernel_width; kx > 0; kx--) {
            *table++ = row && column >= 0 && column < window->input_width ? tap : zeros;
            tap += step;
            column += window->dilation_width;
        }
    }
}

static void output_by_output(const struct nn_mve_depthwise *layer, const int8_t *image,
                             const int8_t **table, int8_t *zeros, int8_t *output) {
    const struct nn_window *window = &layer->window;
    const int32_t channels = window->channels * layer->channel_multiplier;

    nn_mve_fill(zeros, layer->input_zero, layer->margin_bytes);
    for (int32_t row = 0; row < window->output_height; row++) {
        const int32_t y = row * window->stride_height - window->pad_top;
        int32_t x = -window->pad_left;
        for (int32_t column = 0; column < window->output_width; column++) {
            point(layer, image, y, x, zeros, table);
            run(layer, table, output, 1);
            x += window->stride_width;
            output += channels;
        }
    }
}

/* Row by row. A row that the kernel leaves at its sides is copied between margins of zero points,
 * to one of as many lines as the kernel reaches over; before them lies a line of zero points. */
static void row_by_row(const struct nn_mve_depthwise *layer, const int8_t *image,
                       const int8_t **table, int8_t *lines, int8_t *output) {
    const struct nn_window *window = &layer->window;
    const int32_t channels = window->channels;
    const int32_t bytes = window->input_width * channels;
    const int32_t line = layer->line_bytes;
    const int32_t reach = layer->reach;
    const int32_t step = window->dilation_width * channels;
    int8_t *const inner = lines + line + window->pad_left * channels;
    int32_t slot = 0;
    int32_t copied = 0; /* rows so far; the next one goes to `slot` */

    nn_mve_fill(lines, layer->input_zero, layer->margin_bytes);
    for (int32_t row = 0; row < window->output_height; row++) {
        const int8_t **tap = table;
        int32_t y = row * window->stride_height - window->pad_top;
        for (; layer->copies && copied < y + reach && copied < window->input_height; copied++) {
            nn_mve_copy(inner + slot * line, image + copied * bytes, bytes);
            slot = slot + 1 == reach ? 0 : slot + 1;
        }
        for (int32_t ky = window->kernel_height; ky > 0; ky--, y += window->dilation_height) {
            const int8_t *x = lines;
            if (y >= 0 && y < window->input_height) {
                int32_t place = slot - (copied - y);
                place = place < 0 ? place + reach : place;
                x = layer->copies ? lines + line + place * line : image + y * bytes;
            }
            for (int32_t kx = window->kernel_width; kx > 0; kx--) {
                *tap++ = x;
                x += step;
            }
        }
        run(layer, table, output, window->output_width);
        output += window->output_width * channels;
    }
}

void nn_mve_depthwise(const struct nn_mve_depthwise *layer, const int8_t *input, int8_t *scratch,
                      int8_t *output) {
    const struct nn_window *window = &layer->window;
    const int32_t channels = window->channels * layer->channel_multiplier;
    const int8_t **table = (const int8_t **)(void *)scratch;
    int8_t *margin = scratch + 4 * layer->quads * (int32_t)sizeof *table;

    for (int32_t batch = 0; batch < window->batches; batch++) {
        (layer->line_bytes > 0 ? row_by_row : output_by_output)(layer, input, table, margin,
                                                                output);
        input += window->input_height * window->input_width * window->channels;
        output += window->output_height * window->output_width * channels;
    }
}
