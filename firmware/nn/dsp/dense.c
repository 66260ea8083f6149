#include "dsp/dense.h"

#include "dsp/clamp.h"
#include "dsp/expand.h"
#include "dsp/group_asm.h"

#define GROUP 4 /* channels */

/* Channels in groups of four, one after the other. */
struct groups {
    const nn_pair *pairs; /* the row */
    const nn_pair *pairs_end;
    int32_t blocks;
    int32_t correction;
    const int32_t *scale;
    int32_t scale_step; /* words */
    int32_t zero;
};

#if NN_DSP

/* Lies on the stack as it is: what the loop has no registers for. */
struct frame {
    struct nn_dsp_group group;
    int8_t *output;
    int32_t count; /* of groups */
    const int32_t *scale;
    int32_t scale_step; /* bytes */
    int32_t zero;
};
_Static_assert(sizeof(struct frame) == 9 * 4, "nine words, as the assembly has them");

// clang-format off
__attribute__((naked, noinline)) static const int32_t *
run(__attribute__((unused)) const int32_t *stream,
    __attribute__((unused)) const struct frame *frame) {
    __asm volatile(
        "   push {r4-r11, lr} \n"
        "   ldm r1, {r2-r10} \n"
        "   sub sp, sp, #36 \n"
        NN_DSP_GROUP_ENTRY("r4")
        "   stm sp, {r2-r10} \n"
        "1: \n"
        NN_DSP_GROUP_SUMS
        "   ldrd r4, r5, [sp, #16] \n" /* output, groups left */
        "   ldrd r6, r7, [sp, #24] \n" /* scale, its step */
        "   ldr lr, [sp, #32] \n"
        "   ldrd r2, r3, [r6] \n"
        "   add r6, r6, r7 \n"
        NN_DSP_REQUANTIZE("r8", "r2", "r3")
        "   ldrd r2, r3, [r6] \n"
        "   add r6, r6, r7 \n"
        NN_DSP_REQUANTIZE("r9", "r2", "r3")
        "   ldrd r2, r3, [r6] \n"
        "   add r6, r6, r7 \n"
        NN_DSP_REQUANTIZE("r10", "r2", "r3")
        "   ldrd r2, r3, [r6] \n"
        "   add r6, r6, r7 \n"
        NN_DSP_REQUANTIZE("r11", "r2", "r3")
        "   strb r8, [r4], #1 \n"
        "   strb r9, [r4], #1 \n"
        "   strb r10, [r4], #1 \n"
        "   strb r11, [r4], #1 \n"
        "   subs r5, r5, #1 \n"
        "   add.w r7, sp, #16 \n"
        "   stm r7, {r4-r6} \n"
        "   bne.w 1b \n"
        "   add sp, sp, #36 \n"
        "   pop {r4-r11, pc} \n");
}
// clang-format on

static const int32_t *run_groups(const struct groups *groups, const int32_t *stream, int32_t count,
                                 int8_t *output) {
    const struct frame frame = {
        .group = {groups->pairs, groups->pairs_end, nn_dsp_group_back(groups->blocks),
                  groups->correction},
        .output = output,
        .count = count,
        .scale = groups->scale,
        .scale_step = 4 * groups->scale_step,
        .zero = groups->zero,
    };
    return run(stream, &frame);
}

#else

static const int32_t *run_groups(const struct groups *groups, const int32_t *stream, int32_t count,
                                 int8_t *output) {
    const int32_t *scale = groups->scale;
    for (; count > 0; count--) {
        for (int32_t channel = 0; channel < GROUP; channel++) {
            int32_t acc = nn_wrapped(stream[channel], groups->correction);
            for (int32_t block = 0; block < groups->blocks; block++) {
                const uint32_t w = (uint32_t)stream[GROUP * (1 + block) + channel];
                acc = nn_smlad(w, groups->pairs[2 * block], acc);
                acc = nn_smlad(nn_sxtb16_odd(w), groups->pairs[2 * block + 1], acc);
            }
            const struct nn_dsp_scale pair = {scale[0], scale[1]};
            *output++ = nn_dsp_requantize(acc, pair, groups->zero);
            scale += groups->scale_step;
        }
        stream += GROUP * (1 + groups->blocks);
    }
    return stream;
}

#endif

static void dense_row(const struct nn_dsp_dense *layer, const nn_pair *pairs, int32_t correction,
                      int8_t *output) {
    const int32_t blocks = nn_dsp_blocks(layer->depth);
    const int32_t whole = layer->channels / GROUP;
    const int32_t rest = layer->channels - whole * GROUP;
    const int32_t *stream = layer->stream;
    struct groups groups = {
        .pairs = pairs,
        .pairs_end = pairs + 2 * blocks,
        .blocks = blocks,
        .correction = correction,
        .scale = layer->scale,
        .scale_step = layer->scale_step,
        .zero = layer->output.zero,
    };
    if (whole > 0) {
        stream = run_groups(&groups, stream, whole, output);
    }
    if (rest > 0) {
        int8_t last[GROUP];
        groups.scale += whole * GROUP * groups.scale_step;
        run_groups(&groups, stream, 1, last);
        for (int32_t i = 0; i < rest; i++) {
            output[whole * GROUP + i] = last[i];
        }
    }
}

void nn_dsp_dense(const struct nn_dsp_dense *layer, const int8_t *input, int32_t rows,
                  uint32_t *pairs, int8_t *output) {
    for (int32_t row = 0; row < rows; row++) {
        const int32_t correction = nn_dsp_expand(input, layer->depth, pairs, 1, 2);
        dense_row(layer, pairs, correction, output);
        nn_dsp_clamp(&layer->output, output, layer->channels);
        input += layer->depth;
        output += layer->channels;
    }
}
