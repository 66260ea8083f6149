/* The spectrum on Armv7E-M: spectrum.c in its SIMD instructions, a complex value a register.
 *
 * In assembly, as eight values, their twiddles and the pointers take all fourteen registers:
 *   r0 values   r1 twiddles or the end   r2 0x8000, what rounds   r3, lr twiddles   r4 .. r12
 * values
 */
#include "spectrum.h"

#if SPECTRUM_DSP

/* The arguments of naked functions are used by their registers. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

/* value *= cos - j sin, halved: w is cos + j sin. */
#define ROTATED(value, w, free)                                                                    \
    "smlad " free ", " value ", " w ", r2\n"                                                       \
    "smlsdx " value ", " w ", " value ", r2\n"                                                     \
    "pkhtb " value ", " value ", " free ", asr #16\n"

/* value *= cos + j sin, halved, for cos = sin. */
#define ROTATED_BACK(value, w, free)                                                               \
    "smlsd " free ", " value ", " w ", r2\n"                                                       \
    "smlad " value ", " value ", " w ", r2\n"                                                      \
    "pkhtb " value ", " value ", " free ", asr #16\n"

/* x[m] + x[m + 4] in r4, r6, r8, r10 and x[m] - x[m + 4] in r5, r7, r9, r11; r12 is free. */
#define FIRST_STAGE(step)                                                                          \
    "ldr r6, [r0]\n ldr r5, [r0, #16 * " step "]\n"                                                \
    "ldr r8, [r0, #4 * " step "]\n ldr r7, [r0, #20 * " step "]\n"                                 \
    "ldr r10, [r0, #8 * " step "]\n ldr r9, [r0, #24 * " step "]\n"                                \
    "ldr r12, [r0, #12 * " step "]\n ldr r11, [r0, #28 * " step "]\n"                              \
    "sadd16 r4, r6, r5\n ssub16 r5, r6, r5\n"                                                      \
    "sadd16 r6, r8, r7\n ssub16 r7, r8, r7\n"                                                      \
    "sadd16 r8, r10, r9\n ssub16 r9, r10, r9\n"                                                    \
    "sadd16 r10, r12, r11\n ssub16 r11, r12, r11\n"

/* transform_rest() of spectrum.c. Its results are in r4, r5, r6, r7, r8, r10, r11, r12: in order,
 * so that one instruction can store them. `sum` adds for value 0, and halves if there are twiddles.
 */
#define TRANSFORM_REST(sum)                                                                        \
    ROTATED("r7", "r3", "r12")                                                                     \
    ROTATED_BACK("r11", "r3", "r12")                                                               \
    "shadd16 r12, r4, r8\n shsub16 r4, r4, r8\n"                                                   \
    "shadd16 r8, r6, r10\n shsub16 r6, r6, r10\n"                                                  \
    "shsax r10, r5, r9\n shasx r5, r5, r9\n"                                                       \
    "ssub16 r9, r7, r11\n sadd16 r7, r7, r11\n"                                                    \
    "sasx r11, r4, r6\n ssax r6, r4, r6\n" sum " r4, r12, r8\n ssub16 r8, r12, r8\n"               \
    "sasx r12, r5, r7\n ssax r7, r5, r7\n"                                                         \
    "sadd16 r5, r10, r9\n ssub16 r10, r10, r9\n"

#define STORED(step)                                                                               \
    "str r5, [r0, #4 * " step "]\n str r6, [r0, #8 * " step "]\n"                                  \
    "str r7, [r0, #12 * " step "]\n str r8, [r0, #16 * " step "]\n"                                \
    "str r10, [r0, #20 * " step "]\n str r11, [r0, #24 * " step "]\n"                              \
    "str r12, [r0, #28 * " step "]\n"

/* Eight rows of eight values each that lie together, their first stage done. A row of twiddles
 * starts with the eighth of a turn; zero ends them. */
__attribute__((naked)) static void rows(uint32_t *z, const uint32_t *twiddles) {
    __asm("push {r4-r11, lr}\n"
          "mov r2, #0x8000\n"
          "ldrd r3, lr, [r1], #8\n"
          "0:\n"
          "ldm r0, {r4-r11}\n" TRANSFORM_REST("shadd16")
              ROTATED("r5", "lr", "r9") "ldrd r3, lr, [r1], #8\n" ROTATED("r6", "r3", "r9") ROTATED(
                  "r7", "lr", "r9") "ldrd r3, lr, [r1], #8\n" ROTATED("r8", "r3", "r9")
                  ROTATED("r10", "lr", "r9") "ldrd r3, lr, [r1], #8\n" ROTATED("r11", "r3", "r9")
                      ROTATED("r12", "lr", "r9") "stm r0!, {r4-r8, r10-r12}\n"
                                                 "ldrd r3, lr, [r1], #8\n"
                                                 "cmp r3, #0\n"
                                                 "bne 0b\n"
                                                 "pop {r4-r11, pc}\n");
}

#define BLOCK_COLUMN                                                                               \
    FIRST_STAGE("8")                                                                               \
    "ldrd r3, lr, [r1]\n" TRANSFORM_REST("shadd16")                                                \
        ROTATED("r5", "lr", "r9") "ldrd r3, lr, [r1, #8]\n" ROTATED("r6", "r3", "r9")              \
            ROTATED("r7", "lr", "r9") "ldrd r3, lr, [r1, #16]\n" ROTATED("r8", "r3", "r9")         \
                ROTATED("r10", "lr", "r9") "ldrd r3, lr, [r1, #24]\n" ROTATED("r11", "r3", "r9")   \
                    ROTATED("r12", "lr", "r9") STORED("8") "str r4, [r0], #4\n"

/* Eight columns of a block, one row of twiddles. */
__attribute__((naked)) static void block(uint32_t *z, const uint32_t *twiddles) {
    __asm("push {r4-r11, lr}\n"
          "mov r2, #0x8000\n"
          "add r3, r0, #32\n"
          "push {r3}\n"
          "0:\n" BLOCK_COLUMN BLOCK_COLUMN "ldr r3, [sp]\n"
          "cmp r0, r3\n"
          "bne 0b\n"
          "pop {r3-r11, pc}\n");
}

#define COLUMN                                                                                     \
    FIRST_STAGE("64")                                                                              \
    TRANSFORM_REST("sadd16")                                                                       \
    STORED("64")                                                                                   \
    "str r4, [r0], #4\n"

/* The columns from z to end, without twiddles. */
__attribute__((naked)) static void columns(uint32_t *z, const uint32_t *end) {
    __asm("push {r4-r11, lr}\n"
          "mov r2, #0x8000\n"
          "movw r3, #0x5a82\n movt r3, #0x5a82\n"
          "0:\n" COLUMN COLUMN "cmp r0, r1\n"
          "bne 0b\n"
          "pop {r4-r11, pc}\n");
}

/* 64 samples of each half window: all that the two functions below need, in the order of registers.
 */
struct stretch {
    const int16_t *kept, *pcm;
    const int32_t *hann_q30;
    uint32_t *row;
    uint32_t gain_a, one_a, gain_b, one_b;
};

/* Sample `half` (b or t) of the words in r6, r7, r8 under the weight in `w`: their sum and
 * difference to `at`. */
#define WINDOWED(half, w, at)                                                                      \
    "smulw" half " r11, " w ", r6\n smulw" half " r12, " w ", r7\n"                                \
    "sub " w ", r5, " w "\n pkhbt r11, r11, r12, lsl #16\n"                                        \
    "smulw" half " r12, " w ", r7\n smulw" half " " w ", " w ", r8\n"                              \
    "pkhbt r12, r12, " w ", lsl #16\n"                                                             \
    "sadd16 lr, r11, r12\n ssub16 r11, r11, r12\n"                                                 \
    "strd lr, r11, [r3, #" at "]\n"

#define TWO_WINDOWED(first, second)                                                                \
    "ldr r6, [r0], #4\n ldr r7, [r1], #4\n ldr r8, [r1, #508]\n ldrd r9, r10, [r2], #8\n"          \
    "smmul r9, r9, r4\n smmul r10, r10, r4\n" WINDOWED("b", "r9", first)                           \
        WINDOWED("t", "r10", second)

/* Both windows at one gain. */
__attribute__((naked)) static void window_at_one_gain(const struct stretch *stretch) {
    __asm("push {r4-r11, lr}\n"
          "ldm r0, {r0-r5}\n"
          "add lr, r3, #896 + 256\n"
          "push {lr}\n"
          "add r3, r3, #896\n"
          "0:\n" TWO_WINDOWED("-896", "-640") TWO_WINDOWED("-384", "-128")
              TWO_WINDOWED("128", "384") TWO_WINDOWED("640", "896") "ldr lr, [sp]\n"
                                                                    "add r3, r3, #32\n"
                                                                    "cmp r3, lr\n"
                                                                    "bne 0b\n"
                                                                    "pop {r3-r11, pc}\n");
}

#define WINDOWED_EACH(at)                                                                          \
    "ldrsh r8, [r0], #2\n ldrsh r9, [r1], #2\n ldrsh r10, [r1, #510]\n ldr r11, [r2], #4\n"        \
    "smmul r12, r11, r6\n smmul r11, r11, r4\n"                                                    \
    "smulwb r8, r11, r8\n smulwb lr, r12, r9\n"                                                    \
    "sub r11, r5, r11\n sub r12, r7, r12\n pkhbt r8, r8, lr, lsl #16\n"                            \
    "smulwb r9, r11, r9\n smulwb r10, r12, r10\n pkhbt r9, r9, r10, lsl #16\n"                     \
    "sadd16 r10, r8, r9\n ssub16 r11, r8, r9\n strd r10, r11, [r3, #" at "]\n"

/* Each window at its own gain. */
__attribute__((naked)) static void window_at_two_gains(const struct stretch *stretch) {
    __asm("push {r4-r11, lr}\n"
          "ldm r0, {r0-r7}\n"
          "add lr, r3, #896 + 256\n"
          "push {lr}\n"
          "add r3, r3, #896\n"
          "0:\n" WINDOWED_EACH("-896") WINDOWED_EACH("-640") WINDOWED_EACH("-384")
              WINDOWED_EACH("-128") WINDOWED_EACH("128") WINDOWED_EACH("384") WINDOWED_EACH("640")
                  WINDOWED_EACH("896") "ldr lr, [sp]\n"
                                       "add r3, r3, #32\n"
                                       "cmp r3, lr\n"
                                       "bne 0b\n"
                                       "pop {r3-r11, pc}\n");
}

#define EIGHT_WORDS                                                                                \
    "ldm r0!, {r4-r11}\n"                                                                          \
    "smlald r2, r3, r4, r4\n smlald r2, r3, r5, r5\n smlald r2, r3, r6, r6\n"                      \
    "smlald r2, r3, r7, r7\n smlald r2, r3, r8, r8\n smlald r2, r3, r9, r9\n"                      \
    "smlald r2, r3, r10, r10\n smlald r2, r3, r11, r11\n"

__attribute__((naked)) void spectrum_energies(const int16_t *samples, uint64_t quarter[4]) {
    __asm("push {r4-r11, lr}\n"
          "add r12, r1, #32\n"
          "0:\n"
          "movs r2, #0\n"
          "movs r3, #0\n" EIGHT_WORDS EIGHT_WORDS EIGHT_WORDS EIGHT_WORDS "strd r2, r3, [r1], #8\n"
          "cmp r1, r12\n"
          "bne 0b\n"
          "pop {r4-r11, pc}\n");
}

void spectrum(uint32_t *z, const int16_t *kept, const int16_t *pcm, uint32_t gain_a,
              uint32_t gain_b) {
    for (uint32_t m = 0; m < 4; m++) {
        const struct stretch stretch = {
            .kept = &kept[64 * m],
            .pcm = &pcm[64 * m],
            .hann_q30 = &frontend_hann_q30[64 * m],
            .row = &z[2 * m],
            .gain_a = gain_a,
            .one_a = gain_a >> 2,
            .gain_b = gain_b,
            .one_b = gain_b >> 2,
        };
        if (gain_a == gain_b) {
            window_at_one_gain(&stretch);
        } else {
            window_at_two_gains(&stretch);
        }
    }
    rows(z, frontend_twiddle);
    for (uint32_t i = 0; i < 8; i++) {
        block(&z[64 * i], &frontend_twiddle_64[8 * i]);
    }
    columns(z, &z[64]);
}

#endif
