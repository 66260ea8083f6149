#include "dsp/depthwise_3x3.h"

#include "dsp/armv7em.h"
#include "dsp/clamp.h"
#include "dsp/requantize_asm.h"

#define GROUP 4 /* channels */
#define COLUMNS 3
#define GROUP_WORDS (GROUP + 2 * COLUMNS * GROUP + 2 * GROUP)

/* Four channels of a row of the output. On a core it lies on the stack as it is. */
struct frame {
    const int32_t *stream;
    const nn_pair *upper; /* the line for rows 0 and 1 of the kernel, at its first column */
    const nn_pair *lower; /* the line for row 2 */
    int8_t *output;
    int32_t count; /* of positions */
    int32_t step;  /* bytes from one position to the next */
    int32_t zero;
};

#if NN_DSP

_Static_assert(sizeof(struct frame) == 7 * 4, "seven words, as the assembly has them");

// clang-format off
/* One column of a line of pairs: four channels, two rows of the kernel. */
#define MULTIPLY_COLUMN               \
    "   ldm r1!, {r2-r5} \n"          \
    "   ldm r0!, {r6, r7, r12, lr} \n" \
    "   smlad r8, r2, r6, r8 \n"      \
    "   smlad r9, r3, r7, r9 \n"      \
    "   smlad r10, r4, r12, r10 \n"   \
    "   smlad r11, r5, lr, r11 \n"

/* r0 stream, r1 line, r2-r5 pairs, r6, r7, r12, lr weights, r8-r11 accumulators. */
__attribute__((naked, noinline)) static void
run(__attribute__((unused)) const struct frame *frame) {
    __asm volatile(
        "   push {r4-r11, lr} \n"
        "   ldm r0, {r2-r8} \n"
        "   sub sp, sp, #28 \n"
        "   stm sp, {r2-r8} \n"
        "1: \n"
        "   ldrd r0, r1, [sp, #0] \n"
        "   ldm r0!, {r8-r11} \n"
        MULTIPLY_COLUMN MULTIPLY_COLUMN MULTIPLY_COLUMN
        "   sub r2, r1, #32 \n" /* one column further than before */
        "   ldr r1, [sp, #8] \n"
        "   str r2, [sp, #4] \n"
        MULTIPLY_COLUMN MULTIPLY_COLUMN MULTIPLY_COLUMN
        "   subs r1, r1, #32 \n"
        "   str r1, [sp, #8] \n"
        "   ldr lr, [sp, #24] \n"
        "   ldm r0!, {r2-r5} \n"
        NN_DSP_REQUANTIZE("r8", "r2", "r3")
        NN_DSP_REQUANTIZE("r9", "r4", "r5")
        "   ldm r0!, {r2-r5} \n"
        NN_DSP_REQUANTIZE("r10", "r2", "r3")
        NN_DSP_REQUANTIZE("r11", "r4", "r5")
        "   add.w r1, sp, #12 \n"
        "   ldm r1, {r2-r4} \n" /* output, positions left, step */
        "   strb r8, [r2] \n"
        "   strb r9, [r2, #1] \n"
        "   strb r10, [r2, #2] \n"
        "   strb r11, [r2, #3] \n"
        "   add r2, r2, r4 \n"
        "   subs r3, r3, #1 \n"
        "   strd r2, r3, [sp, #12] \n"
        "   bne.w 1b \n"
        "   add sp, sp, #28 \n"
        "   pop {r4-r11, pc} \n");
}
// clang-format on

/* Four channels of two rows to four pairs; returns the place behind them. */
static inline nn_pair *unpack(nn_pair *to, uint32_t upper, uint32_t lower) {
    __asm volatile("pkhbt r4, %1, %2, lsl #16 \n"
                   "pkhtb r5, %2, %1, asr #16 \n"
                   "sxtb16 r2, r4 \n"
                   "sxtb16 r3, r4, ror #8 \n"
                   "sxtb16 r4, r5 \n"
                   "sxtb16 r5, r5, ror #8 \n"
                   "stm %0!, {r2-r5} \n"
                   : "+r"(to)
                   : "r"(upper), "r"(lower)
                   : "r2", "r3", "r4", "r5", "memory");
    return to;
}

#else

static void run(const struct frame *frame) {
    const int32_t *scales = frame->stream + GROUP + 2 * COLUMNS * GROUP;
    for (int32_t position = 0; position < frame->count; position++) {
        for (int32_t channel = 0; channel < GROUP; channel++) {
            const int32_t *weights = frame->stream + GROUP + channel;
            const int32_t at = GROUP * position + channel;
            int32_t acc = frame->stream[channel];
            for (int32_t i = 0; i < COLUMNS * GROUP; i += GROUP) {
                acc = nn_smlad(frame->upper[at + i], (uint32_t)weights[i], acc);
                acc = nn_smlad(frame->lower[at + i], (uint32_t)weights[COLUMNS * GROUP + i], acc);
            }
            const struct nn_dsp_scale scale = {scales[2 * channel], scales[2 * channel + 1]};
            frame->output[position * frame->step + channel] =
                nn_dsp_requantize(acc, scale, frame->zero);
        }
    }
}

static inline nn_pair *unpack(nn_pair *to, uint32_t upper, uint32_t lower) {
    const uint32_t low = nn_pkhbt(upper, lower);
    const uint32_t high = nn_pkhtb(lower, upper);
    to[0] = nn_sxtb16(low);
    to[1] = nn_sxtb16_odd(low);
    to[2] = nn_sxtb16(high);
    to[3] = nn_sxtb16_odd(high);
    return to + GROUP;
}

#endif

/* Four bytes of a row, or of what is padded where there is no row. */
static inline uint32_t bytes_at(const int8_t *row, uint32_t nothing) {
    return row == NULL ? nothing : nn_word(row);
}

/* The line of pairs of rows `row` and `row + 1`; image points to the group's first channel. */
static void unpack_line(const struct nn_window *window, const int8_t *image, int32_t row,
                        uint32_t nothing, nn_pair *to) {
    const int32_t line = window->input_width * window->channels;
    const int32_t padded = window->output_width + COLUMNS - 1;
    const int32_t rest = padded - window->pad_left - window->input_width;
    const int8_t *upper = row >= 0 && row < window->input_height ? image + row * line : NULL;
    const int8_t *lower =
        row >= -1 && row + 1 < window->input_height ? image + (row + 1) * line : NULL;

    for (int32_t left = window->pad_left; left > 0; left--) {
        to = unpack(to, nothing, nothing);
    }
    if (upper != NULL && lower != NULL) {
        for (int32_t left = window->input_width; left > 0; left--) {
            to = unpack(to, nn_word(upper), nn_word(lower));
            upper += window->channels;
            lower += window->channels;
        }
    } else {
        for (int32_t column = 0; column < line; column += window->channels) {
            to = unpack(to, bytes_at(upper == NULL ? NULL : upper + column, nothing),
                        bytes_at(lower == NULL ? NULL : lower + column, nothing));
        }
    }
    for (int32_t left = rest; left > 0; left--) {
        to = unpack(to, nothing, nothing);
    }
}

/* Four channels of a whole image. */
static void one_group(const struct nn_dsp_depthwise *layer, const int32_t *stream,
                      const int8_t *image, nn_pair *lines, int8_t *output) {
    const struct nn_window *window = &layer->window;
    const uint32_t nothing = 0x01010101u * (uint8_t)layer->input_zero;
    const int32_t words = GROUP * (window->output_width + COLUMNS - 1);
    nn_pair *upper = lines;
    nn_pair *middle = lines + words;
    nn_pair *lower = middle + words;

    unpack_line(window, image, -window->pad_top, nothing, upper);
    unpack_line(window, image, 1 - window->pad_top, nothing, middle);
    for (int32_t row = 0; row < window->output_height; row++) {
        unpack_line(window, image, row - window->pad_top + 2, nothing, lower);
        const struct frame frame = {
            .stream = stream,
            .upper = upper,
            .lower = lower,
            .output = output,
            .count = window->output_width,
            .step = window->channels,
            .zero = layer->output.zero,
        };
        run(&frame);
        nn_pair *const free = upper;
        upper = middle;
        middle = lower;
        lower = free;
        output += window->output_width * window->channels;
    }
}

void nn_dsp_depthwise_3x3(const struct nn_dsp_depthwise *layer, const int8_t *input,
                          uint32_t *lines, int8_t *output) {
    const struct nn_window *window = &layer->window;
    const int32_t channels = window->channels;
    const int32_t count = window->output_height * window->output_width * channels;

    for (int32_t batch = 0; batch < window->batches; batch++) {
        const int32_t *stream = layer->stream;
        for (int32_t channel = 0; channel < channels; channel += GROUP) {
            const int32_t first = channel <= channels - GROUP ? channel : channels - GROUP;
            one_group(layer, stream, input + first, lines, output + first);
            stream += GROUP_WORDS;
        }
        nn_dsp_clamp(&layer->output, output, count);
        input += window->input_height * window->input_width * channels;
        output += count;
    }
}
