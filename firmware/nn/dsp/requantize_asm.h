/* requantize_asm.h: what the assembly of this folder has in common.
 *
 * Owns: nothing.
 */
#ifndef EARSHOT_NN_DSP_REQUANTIZE_ASM_H
#define EARSHOT_NN_DSP_REQUANTIZE_ASM_H

#define NN_DSP_STRINGIZED(x) #x
#define NN_DSP_STRING(x) NN_DSP_STRINGIZED(x)

// clang-format off
/* nn_dsp_requantize of the register acc; scale and power are its struct nn_dsp_scale, and the
 * output's zero is in lr. */
#define NN_DSP_REQUANTIZE(acc, scale, power)           \
    "   smmlar " acc ", " acc ", " scale ", " acc "\n" \
    "   add " acc ", " acc ", " acc ", asr #31 \n"     \
    "   smmlsr " acc ", " acc ", " power ", lr \n"     \
    "   ssat " acc ", #8, " acc "\n"
// clang-format on

/* Where a round of the unrolled loop from label 2 begins is computed: blocks must be of one size.
 */
#define NN_DSP_CHECK_SIZE(blocks, bytes)                                                           \
    "   .if (. - 2b) - " NN_DSP_STRING(blocks) " * " NN_DSP_STRING(                                \
        bytes) "\n"                                                                                \
               "   .error \"a block of the unrolled loop is not " NN_DSP_STRING(                   \
                   bytes) " bytes\" \n"                                                            \
                          "   .endif \n"

#endif
