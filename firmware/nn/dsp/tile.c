#include "dsp/tile.h"

#include "dsp/requantize_asm.h"

#if NN_DSP

#define UNROLLED 8     /* blocks a round of the loop */
#define BLOCK_BYTES 92 /* of code: 23 instructions of four bytes */

/* Lies on the stack as it is: what the loop has no registers for. */
struct frame {
    const uint32_t *rows;
    const uint32_t *rows_end;
    int32_t back; /* bytes of code from the loop's end to where the first round begins */
    int8_t *output;
    int32_t pairs;
    int32_t step;
    int32_t zero;
};
_Static_assert(sizeof(struct frame) == 7 * 4, "seven words, as the assembly has them");

// clang-format off
/* The weights of two channels, r2 and r3, times the next pairs of two rows. */
#define MULTIPLY_TWO_ROWS(row0_channel0, row1_channel0, row0_channel1, row1_channel1) \
    "   ldrd r12, lr, [r1], #8 \n"                                                    \
    "   smlad " row0_channel0 ", r2, r12, " row0_channel0 "\n"                        \
    "   smlad " row1_channel0 ", r2, lr, " row1_channel0 "\n"                         \
    "   smlad " row0_channel1 ", r3, r12, " row0_channel1 "\n"                        \
    "   smlad " row1_channel1 ", r3, lr, " row1_channel1 "\n"

#define MULTIPLY_FOUR_ROWS                    \
    MULTIPLY_TWO_ROWS("r4", "r5", "r8", "r9") \
    MULTIPLY_TWO_ROWS("r6", "r7", "r10", "r11")

/* r0 stream, r1 rows, r2-r3 weights, r4-r7 channel 0 of four rows, r8-r11 channel 1. */
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
        "1: \n" /* two channels: accumulators start at bias and correction */
        "   ldr r1, [sp, #0] \n"
        "   ldrd r2, r3, [r0], #8 \n"
        "   ldm r1!, {r8-r11} \n"
        "   ldr lr, [sp, #8] \n"
        "   add r4, r8, r2 \n"
        "   add r5, r9, r2 \n"
        "   add r6, r10, r2 \n"
        "   add r7, r11, r2 \n"
        "   add r8, r8, r3 \n"
        "   add r9, r9, r3 \n"
        "   add r10, r10, r3 \n"
        "   add r11, r11, r3 \n"
        "   bx lr \n"
        "   .balign 4 \n"
        "2: \n"
        "   .rept " NN_DSP_STRING(UNROLLED) " \n"
        "   ldrd r2, r3, [r0], #8 \n"
        MULTIPLY_FOUR_ROWS
        "   sxtb16 r2, r2, ror #8 \n"
        "   sxtb16 r3, r3, ror #8 \n"
        MULTIPLY_FOUR_ROWS
        "   .endr \n"
        NN_DSP_CHECK_SIZE(UNROLLED, BLOCK_BYTES)
        "3: \n"
        "   ldr r2, [sp, #4] \n"
        "   cmp r1, r2 \n"
        "   bne.w 2b \n"
        "   ldr lr, [sp, #24] \n"
        "   ldrd r2, r3, [r0], #8 \n"
        NN_DSP_REQUANTIZE("r4", "r2", "r3")
        NN_DSP_REQUANTIZE("r5", "r2", "r3")
        NN_DSP_REQUANTIZE("r6", "r2", "r3")
        NN_DSP_REQUANTIZE("r7", "r2", "r3")
        "   ldrd r2, r3, [r0], #8 \n"
        NN_DSP_REQUANTIZE("r8", "r2", "r3")
        NN_DSP_REQUANTIZE("r9", "r2", "r3")
        NN_DSP_REQUANTIZE("r10", "r2", "r3")
        NN_DSP_REQUANTIZE("r11", "r2", "r3")
        "   ldrd r2, r3, [sp, #12] \n" /* output, pairs left */
        "   ldr r12, [sp, #20] \n"
        "   add r1, r2, r12 \n"
        "   strb r4, [r2] \n"
        "   strb r8, [r2, #1] \n"
        "   strb r5, [r1] \n"
        "   strb r9, [r1, #1] \n"
        "   add r1, r1, r12 \n"
        "   strb r6, [r1] \n"
        "   strb r10, [r1, #1] \n"
        "   add r1, r1, r12 \n"
        "   strb r7, [r1] \n"
        "   strb r11, [r1, #1] \n"
        "   adds r2, r2, #2 \n"
        "   subs r3, r3, #1 \n"
        "   strd r2, r3, [sp, #12] \n"
        "   bne.w 1b \n"
        "   add sp, sp, #28 \n"
        "   pop {r4-r11, pc} \n");
}
// clang-format on

const int32_t *nn_dsp_tile(const struct nn_dsp_tile *layer, const int32_t *stream,
                           const uint32_t *tile, int32_t pairs, int8_t *output) {
    const struct frame frame = {
        .rows = tile,
        .rows_end = tile + NN_DSP_TILE_WORDS(layer->blocks),
        .back = ((layer->blocks - 1) % UNROLLED + 1) * BLOCK_BYTES,
        .output = output,
        .pairs = pairs,
        .step = layer->step,
        .zero = layer->zero,
    };
    return run(stream, &frame);
}

#else

const int32_t *nn_dsp_tile(const struct nn_dsp_tile *layer, const int32_t *stream,
                           const uint32_t *tile, int32_t pairs, int8_t *output) {
    for (; pairs > 0; pairs--) {
        const int32_t *weights = stream + NN_DSP_TILE_CHANNELS;
        const int32_t *scales = weights + NN_DSP_TILE_CHANNELS * layer->blocks;
        for (int32_t channel = 0; channel < NN_DSP_TILE_CHANNELS; channel++) {
            const struct nn_dsp_scale scale = {scales[2 * channel], scales[2 * channel + 1]};
            for (int32_t row = 0; row < NN_DSP_TILE_ROWS; row++) {
                const nn_pair *pair = tile + NN_DSP_TILE_ROWS + row;
                int32_t acc = nn_wrapped(stream[channel], (int32_t)tile[row]);
                for (int32_t block = 0; block < layer->blocks; block++) {
                    const uint32_t w = (uint32_t)weights[NN_DSP_TILE_CHANNELS * block + channel];
                    acc = nn_smlad(w, pair[0], acc);
                    acc = nn_smlad(nn_sxtb16_odd(w), pair[NN_DSP_TILE_ROWS], acc);
                    pair += 2 * NN_DSP_TILE_ROWS;
                }
                output[row * layer->step + channel] = nn_dsp_requantize(acc, scale, layer->zero);
            }
        }
        stream = scales + 2 * NN_DSP_TILE_CHANNELS;
        output += NN_DSP_TILE_CHANNELS;
    }
    return stream;
}

#endif
