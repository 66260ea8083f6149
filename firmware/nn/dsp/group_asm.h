/* group_asm.h: a row times four channels in assembly: the loop that dense.c and lstm.c share.
 *
 * Weights come in the order of dense.h, the row as expand.h tells, the first pair of a block and
 * the second side by side.
 *
 * Owns: nothing. Costs: 14 instructions a block of 16 multiplications, 10 to enter, and 3 for
 * every eight blocks.
 */
#ifndef EARSHOT_NN_DSP_GROUP_ASM_H
#define EARSHOT_NN_DSP_GROUP_ASM_H

#include "dsp/armv7em.h"
#include "dsp/requantize_asm.h"

#define NN_DSP_GROUP_UNROLLED 8     /* blocks a round of the loop */
#define NN_DSP_GROUP_BLOCK_BYTES 56 /* of code: 14 instructions of four bytes */

/* What the loop has no registers for: it lies at sp. */
struct nn_dsp_group {
    const nn_pair *pairs; /* the row */
    const nn_pair *pairs_end;
    int32_t back; /* bytes of code from the loop's end to where the first round begins */
    int32_t correction;
};

/* `blocks` is at least one. */
static inline int32_t nn_dsp_group_back(int32_t blocks) {
    return ((blocks - 1) % NN_DSP_GROUP_UNROLLED + 1) * NN_DSP_GROUP_BLOCK_BYTES;
}

// clang-format off
/* Makes the code address at sp + 8 of `back` in the register back; r12 is lost. */
#define NN_DSP_GROUP_ENTRY(back)    \
    "   adr.w r12, 3f \n"           \
    "   sub " back ", r12, " back " \n" \
    "   adds " back ", " back ", #1 \n" /* code addresses are odd */

/* From bias, at r0, to four sums in r8-r11; r0 is left behind the weights. r1-r7 are lost:
 * r1 row, r2-r5 weights of four channels, r6-r7 pairs. */
#define NN_DSP_GROUP_SUMS                                   \
    "   ldm r0!, {r8-r11} \n"                               \
    "   ldr r2, [sp, #12] \n"                               \
    "   ldr r1, [sp, #0] \n"                                \
    "   ldr r3, [sp, #8] \n"                                \
    "   add r8, r8, r2 \n"                                  \
    "   add r9, r9, r2 \n"                                  \
    "   add r10, r10, r2 \n"                                \
    "   add r11, r11, r2 \n"                                \
    "   bx r3 \n"                                           \
    "   .balign 4 \n"                                       \
    "2: \n"                                                 \
    "   .rept " NN_DSP_STRING(NN_DSP_GROUP_UNROLLED) " \n"  \
    "   ldm.w r0!, {r2-r5} \n"                              \
    "   ldrd r6, r7, [r1], #8 \n"                           \
    "   smlad r8, r2, r6, r8 \n"                            \
    "   smlad r9, r3, r6, r9 \n"                            \
    "   smlad r10, r4, r6, r10 \n"                          \
    "   smlad r11, r5, r6, r11 \n"                          \
    "   sxtb16 r2, r2, ror #8 \n"                           \
    "   sxtb16 r3, r3, ror #8 \n"                           \
    "   sxtb16 r4, r4, ror #8 \n"                           \
    "   sxtb16 r5, r5, ror #8 \n"                           \
    "   smlad r8, r2, r7, r8 \n"                            \
    "   smlad r9, r3, r7, r9 \n"                            \
    "   smlad r10, r4, r7, r10 \n"                          \
    "   smlad r11, r5, r7, r11 \n"                          \
    "   .endr \n"                                           \
    NN_DSP_CHECK_SIZE(NN_DSP_GROUP_UNROLLED, NN_DSP_GROUP_BLOCK_BYTES) \
    "3: \n"                                                 \
    "   ldr r2, [sp, #4] \n"                                \
    "   cmp r1, r2 \n"                                      \
    "   bne.w 2b \n"
// clang-format on

#endif
