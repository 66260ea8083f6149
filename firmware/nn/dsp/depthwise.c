#include "dsp/depthwise.h"

#include "dsp/armv7em.h"
#include "dsp/clamp.h"
#include "dsp/requantize_asm.h"

#define GROUP 4 /* channels */

/* Groups of channels of one position. */
struct groups {
    const int8_t *const *taps;
    int32_t pairs; /* of taps */
    int32_t zero;
};

#if NN_DSP

#define UNROLLED 8     /* pairs of taps a round of the loop */
#define BLOCK_BYTES 56 /* of code: 14 instructions of four bytes */

/* Lies on the stack as it is: what the loop has no registers for. */
struct frame {
    const int8_t *const *taps;
    const int8_t *const *taps_end;
    int32_t back;   /* bytes of code from the loop's end to where the first round begins */
    int32_t offset; /* of the first channel from where the taps point */
    int32_t offset_end;
    int8_t *output;
    int32_t zero;
};
_Static_assert(sizeof(struct frame) == 7 * 4, "seven words, as the assembly has them");

// clang-format off
/* r0 stream, r1 taps, r2 offset, r3-r6 weights of four channels, r8-r11 accumulators;
 * r7, r12 and lr hold what two taps see: a pixel each, then its bytes in pairs. */
__attribute__((naked, noinline)) static const int32_t *
run(__attribute__((unused)) const int32_t *stream,
    __attribute__((unused)) const struct frame *frame) {
    __asm volatile(
        "   push {r4-r11, lr} \n"
        "   ldm r1, {r2-r8} \n"
        "   sub sp, sp, #28 \n"
        "   adr.w r12, 3f \n"
        "   sub r4, r12, r4 \n"
        "   adds r4, r4, #1 \n" /* code addresses are odd */
        "   stm sp, {r2-r8} \n"
        "   mov r2, r5 \n"
        "1: \n" /* four channels */
        "   ldm r0!, {r8-r11} \n"
        "   ldr r1, [sp, #0] \n"
        "   ldr r3, [sp, #8] \n"
        "   bx r3 \n"
        "   .balign 4 \n"
        "2: \n"
        "   .rept " NN_DSP_STRING(UNROLLED) " \n"
        "   ldrd r7, r12, [r1], #8 \n"
        "   ldm.w r0!, {r3-r6} \n"
        "   ldr.w r7, [r7, r2] \n"
        "   ldr.w r12, [r12, r2] \n"
        "   pkhbt lr, r7, r12, lsl #16 \n"
        "   pkhtb r7, r12, r7, asr #16 \n"
        "   sxtb16.w r12, lr \n"
        "   sxtb16 lr, lr, ror #8 \n"
        "   smlad r8, r12, r3, r8 \n"
        "   sxtb16.w r12, r7 \n"
        "   smlad r9, lr, r4, r9 \n"
        "   sxtb16 r7, r7, ror #8 \n"
        "   smlad r10, r12, r5, r10 \n"
        "   smlad r11, r7, r6, r11 \n"
        "   .endr \n"
        NN_DSP_CHECK_SIZE(UNROLLED, BLOCK_BYTES)
        "3: \n"
        "   ldr r3, [sp, #4] \n"
        "   cmp r1, r3 \n"
        "   bne.w 2b \n"
        "   ldr lr, [sp, #24] \n"
        "   ldm.w r0!, {r3-r6} \n"
        NN_DSP_REQUANTIZE("r8", "r3", "r4")
        NN_DSP_REQUANTIZE("r9", "r5", "r6")
        "   ldm.w r0!, {r3-r6} \n"
        NN_DSP_REQUANTIZE("r10", "r3", "r4")
        NN_DSP_REQUANTIZE("r11", "r5", "r6")
        "   ldrd r3, r12, [sp, #16] \n" /* end of the offset, output */
        "   adds r2, r2, #4 \n"
        "   strb r8, [r12], #1 \n"
        "   strb r9, [r12], #1 \n"
        "   strb r10, [r12], #1 \n"
        "   strb r11, [r12], #1 \n"
        "   cmp r2, r3 \n"
        "   str r12, [sp, #20] \n"
        "   bne.w 1b \n"
        "   add sp, sp, #28 \n"
        "   pop {r4-r11, pc} \n");
}
// clang-format on

static const int32_t *run_groups(const struct groups *groups, const int32_t *stream, int32_t offset,
                                 int32_t count, int8_t *output) {
    const struct frame frame = {
        .taps = groups->taps,
        .taps_end = groups->taps + 2 * groups->pairs,
        .back = ((groups->pairs - 1) % UNROLLED + 1) * BLOCK_BYTES,
        .offset = offset,
        .offset_end = offset + GROUP * count,
        .output = output,
        .zero = groups->zero,
    };
    return run(stream, &frame);
}

#else

static const int32_t *run_groups(const struct groups *groups, const int32_t *stream, int32_t offset,
                                 int32_t count, int8_t *output) {
    for (; count > 0; count--) {
        int32_t acc[GROUP] = {stream[0], stream[1], stream[2], stream[3]};
        stream += GROUP;
        for (int32_t pair = 0; pair < groups->pairs; pair++) {
            const uint32_t even = nn_word(groups->taps[2 * pair] + offset);
            const uint32_t odd = nn_word(groups->taps[2 * pair + 1] + offset);
            const uint32_t low = nn_pkhbt(even, odd);
            const uint32_t high = nn_pkhtb(odd, even);
            acc[0] = nn_smlad(nn_sxtb16(low), (uint32_t)stream[0], acc[0]);
            acc[1] = nn_smlad(nn_sxtb16_odd(low), (uint32_t)stream[1], acc[1]);
            acc[2] = nn_smlad(nn_sxtb16(high), (uint32_t)stream[2], acc[2]);
            acc[3] = nn_smlad(nn_sxtb16_odd(high), (uint32_t)stream[3], acc[3]);
            stream += GROUP;
        }
        for (int32_t channel = 0; channel < GROUP; channel++) {
            const struct nn_dsp_scale scale = {stream[0], stream[1]};
            *output++ = nn_dsp_requantize(acc[channel], scale, groups->zero);
            stream += 2;
        }
        offset += GROUP;
    }
    return stream;
}

#endif

/* All channels of one position; offset is where its channel 0 lies from where the taps point. */
static void one_position(const struct nn_dsp_depthwise *layer, const struct groups *groups,
                         int32_t offset, int8_t *output) {
    const int32_t channels = layer->window.channels;
    const int32_t *stream = run_groups(groups, layer->stream, offset, channels / GROUP, output);
    if (channels % GROUP != 0) {
        run_groups(groups, stream, offset + channels - GROUP, 1, output + channels - GROUP);
    }
}

/* Points the taps at what the kernel with its corner at row y, column x sees. */
static void aim(const struct nn_window *window, const int8_t *image, int32_t y, int32_t x,
                const int8_t *nothing, const int8_t **taps) {
    const int32_t pixel = window->dilation_width * window->channels;
    const int32_t line = window->input_width * window->channels;

    const int32_t last = x + (window->kernel_width - 1) * window->dilation_width;
    const bool columns_inside = x >= 0 && last < window->input_width;

    for (int32_t ky = 0; ky < window->kernel_height; ky++) {
        const int32_t row = y + ky * window->dilation_height;
        const int8_t *seen = image + row * line + x * window->channels;
        if (row < 0 || row >= window->input_height) {
            for (int32_t kx = window->kernel_width; kx > 0; kx--) {
                *taps++ = nothing;
            }
        } else if (columns_inside) {
            for (int32_t kx = window->kernel_width; kx > 0; kx--) {
                *taps++ = seen;
                seen += pixel;
            }
        } else {
            int32_t column = x;
            for (int32_t kx = window->kernel_width; kx > 0; kx--) {
                *taps++ = column >= 0 && column < window->input_width ? seen : nothing;
                column += window->dilation_width;
                seen += pixel;
            }
        }
    }
    if (window->kernel_height * window->kernel_width % 2 != 0) {
        *taps = taps[-1]; /* of weight zero */
    }
}

/* Brings taps that point past the end of the image's ring round to where their pixels lie. */
static void go_round(const int8_t *image, struct nn_ring ring, int32_t count, const int8_t *nothing,
                     const int8_t **taps) {
    const int8_t *end = image + ring.left;
    for (; count > 0; count--) {
        if (*taps != nothing && *taps >= end) {
            *taps -= ring.size;
        }
        taps++;
    }
}

/* The positions of one row of the output. Where one position and the next lie on the image in
 * full, and in no ring, the taps stay as they are and the offset moves on. */
static void one_row(const struct nn_dsp_depthwise *layer, const struct groups *groups,
                    const int8_t *image, struct nn_ring ring, int32_t y, const int8_t *nothing,
                    const int8_t **taps, int8_t *output) {
    const struct nn_window *window = &layer->window;
    const int32_t step = window->stride_width * window->channels;
    int32_t x = -window->pad_left;
    int32_t offset = 0;
    bool inside = false;

    for (int32_t left = window->output_width; left > 0; left--) {
        const bool was_inside = inside;
        inside = nn_window_inside(window, y, x);
        if (inside && was_inside && ring.size == 0) {
            offset += step;
        } else {
            offset = 0;
            aim(window, image, y, x, nothing, taps);
            if (ring.size != 0) {
                go_round(image, ring, 2 * groups->pairs, nothing, taps);
            }
        }
        one_position(layer, groups, offset, output);
        output += window->channels;
        x += window->stride_width;
    }
}

static void convolve(const struct nn_dsp_depthwise *layer, const int8_t *input, struct nn_ring ring,
                     const int8_t **taps, int8_t *output) {
    const struct nn_window *window = &layer->window;
    const int32_t pairs = (window->kernel_height * window->kernel_width + 1) / 2;
    const struct groups groups = {taps, pairs, layer->output.zero};
    const int32_t line = window->output_width * window->channels;
    int8_t *nothing = (int8_t *)(taps + 2 * pairs);

    if (layer->padded) {
        memset(nothing, layer->input_zero, (size_t)window->channels);
    }
    for (int32_t batch = 0; batch < window->batches; batch++) {
        for (int32_t row = 0; row < window->output_height; row++) {
            const int32_t y = row * window->stride_height - window->pad_top;
            one_row(layer, &groups, input, ring, y, nothing, taps, output);
            nn_dsp_clamp(&layer->output, output, line);
            output += line;
        }
        input += window->input_height * window->input_width * window->channels;
    }
}

void nn_dsp_depthwise(const struct nn_dsp_depthwise *layer, const int8_t *input,
                      const int8_t **taps, int8_t *output) {
    convolve(layer, input, NN_NO_RING, taps, output);
}

void nn_dsp_depthwise_ring(const struct nn_dsp_depthwise *layer, const int8_t *input,
                           const int8_t **taps, int8_t *output, int32_t left, int32_t size) {
    convolve(layer, input, (struct nn_ring){left, size}, taps, output);
}
