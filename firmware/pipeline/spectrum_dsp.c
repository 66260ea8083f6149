/* The spectrum on Armv7E-M: spectrum.c in its SIMD instructions, a complex value a register.
 *
 * In assembly, as eight values, their twiddles and the pointers take all fourteen registers. In
 * what works on eight values these are
 *
 *   r0      the values in memory
 *   r1      the twiddles, or where the values end
 *   r2      0x8000, which rounds a product
 *   r3, lr  the eighth of a turn, or twiddles
 *   r4-r12  values, and a free register
 */
#include "spectrum.h"

#if SPECTRUM_DSP

/* The arguments of naked functions are used by their registers. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

/* clang-format off */

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
 * so that one instruction can store them. The last stage halves once more where `h0`, for value 0,
 * or `h`, for the others, is "h". */
#define TRANSFORM_REST(h0, h)                                                                      \
    ROTATED("r7", "r3", "r12")                                                                     \
    ROTATED_BACK("r11", "r3", "r12")                                                               \
    "shadd16 r12, r4, r8\n shsub16 r4, r4, r8\n"                                                   \
    "shadd16 r8, r6, r10\n shsub16 r6, r6, r10\n"                                                  \
    "shsax r10, r5, r9\n shasx r5, r5, r9\n"                                                       \
    "ssub16 r9, r7, r11\n sadd16 r7, r7, r11\n"                                                    \
    "s" h "asx r11, r4, r6\n s" h "sax r6, r4, r6\n"                                               \
    "s" h0 "add16 r4, r12, r8\n s" h "sub16 r8, r12, r8\n"                                         \
    "s" h "asx r12, r5, r7\n s" h "sax r7, r5, r7\n"                                               \
    "s" h "add16 r5, r10, r9\n s" h "sub16 r10, r10, r9\n"

#define STORED(step)                                                                               \
    "str r5, [r0, #4 * " step "]\n str r6, [r0, #8 * " step "]\n"                                  \
    "str r7, [r0, #12 * " step "]\n str r8, [r0, #16 * " step "]\n"                                \
    "str r10, [r0, #20 * " step "]\n str r11, [r0, #24 * " step "]\n"                              \
    "str r12, [r0, #28 * " step "]\n"                                                              \
    "str r4, [r0], #4\n"

/* Rows of eight values that lie together, their first stage done, until there are no twiddles. A
 * row of these starts with the eighth of a turn. */
__attribute__((naked)) static void rows(uint32_t *z, const uint32_t *twiddles) {
    __asm("push {r4-r11, lr}\n"
          "mov r2, #0x8000\n"
          "ldrd r3, lr, [r1], #8\n"
          "0:\n"
          "ldm r0, {r4-r11}\n"
          TRANSFORM_REST("h", "")
          ROTATED("r5", "lr", "r9")
          "ldrd r3, lr, [r1], #8\n"
          ROTATED("r6", "r3", "r9")
          ROTATED("r7", "lr", "r9")
          "ldrd r3, lr, [r1], #8\n"
          ROTATED("r8", "r3", "r9")
          ROTATED("r10", "lr", "r9")
          "ldrd r3, lr, [r1], #8\n"
          ROTATED("r11", "r3", "r9")
          ROTATED("r12", "lr", "r9")
          "stm r0!, {r4-r8, r10-r12}\n"
          "ldrd r3, lr, [r1], #8\n"
          "cmp r3, #0\n"
          "bne 0b\n"
          "pop {r4-r11, pc}\n");
}

#define BLOCK_COLUMN                                                                               \
    FIRST_STAGE("8")                                                                               \
    "ldrd r3, lr, [r1]\n"                                                                          \
    TRANSFORM_REST("h", "")                                                                        \
    ROTATED("r5", "lr", "r9")                                                                      \
    "ldrd r3, lr, [r1, #8]\n"                                                                      \
    ROTATED("r6", "r3", "r9")                                                                      \
    ROTATED("r7", "lr", "r9")                                                                      \
    "ldrd r3, lr, [r1, #16]\n"                                                                     \
    ROTATED("r8", "r3", "r9")                                                                      \
    ROTATED("r10", "lr", "r9")                                                                     \
    "ldrd r3, lr, [r1, #24]\n"                                                                     \
    ROTATED("r11", "r3", "r9")                                                                     \
    ROTATED("r12", "lr", "r9")                                                                     \
    STORED("8")

/* The eight columns of a block, with one row of twiddles for all. Their end is at [sp]. */
__attribute__((naked)) static void block(uint32_t *z, const uint32_t *twiddles) {
    __asm("push {r4-r11, lr}\n"
          "mov r2, #0x8000\n"
          "add r3, r0, #32\n"
          "push {r3}\n"
          "0:\n"
          BLOCK_COLUMN
          BLOCK_COLUMN
          "ldr r3, [sp]\n"
          "cmp r0, r3\n"
          "bne 0b\n"
          "pop {r3-r11, pc}\n");
}

#define COLUMN(step, h)                                                                            \
    FIRST_STAGE(step)                                                                              \
    TRANSFORM_REST(h, h)                                                                           \
    STORED(step)

#define COLUMNS(step, h)                                                                           \
    "push {r4-r11, lr}\n"                                                                          \
    "mov r2, #0x8000\n"                                                                            \
    "movw r3, #0x5a82\n movt r3, #0x5a82\n"                                                        \
    "0:\n"                                                                                         \
    COLUMN(step, h)                                                                                \
    COLUMN(step, h)                                                                                \
    "cmp r0, r1\n"                                                                                 \
    "bne 0b\n"                                                                                     \
    "pop {r4-r11, pc}\n"

/* The columns of the first block, from z to end: halved, as there is nothing to turn. */
__attribute__((naked)) static void first_block(uint32_t *z, const uint32_t *end) {
    __asm(COLUMNS("8", "h"));
}

/* The columns of all values. */
__attribute__((naked)) static void columns(uint32_t *z, const uint32_t *end) {
    __asm(COLUMNS("64", ""));
}

/* What the windows need, in the order of registers r0 to r5. */
struct windows {
    const int16_t *kept, *pcm;
    const int32_t *hann_q30;
    uint32_t *z;
    uint32_t gain_a_q18, gain_b_q18;
};

/* Runs `body` for eight samples at a time. Row 8 i + m takes samples i + 8 m + 64 n, eight bytes of
 * its 32 from each n: the next sample is eight rows on, the eighth a row, the 64th eight bytes.
 * Where 64 samples end is in r12; `keep` puts it away, `get` brings it back to `end`. Where the
 * window ends is at [sp]. */
#define ALL_SAMPLES(body, keep, get, end)                                                          \
    "push {r4-r11, lr}\n"                                                                          \
    "ldm r0, {r0-r5}\n"                                                                            \
    "add r11, r2, #1024\n"                                                                         \
    "push {r11, r12}\n"                                                                            \
    "add r3, r3, #896\n"                                                                           \
    "0:\n"                                                                                         \
    "add r12, r3, #256\n"                                                                          \
    keep                                                                                           \
    "1:\n"                                                                                         \
    body                                                                                           \
    get                                                                                            \
    "add r3, r3, #32\n"                                                                            \
    "cmp r3, " end "\n"                                                                            \
    "bne 1b\n"                                                                                     \
    "sub r3, r3, #248\n"                                                                           \
    "ldr r12, [sp]\n"                                                                              \
    "cmp r2, r12\n"                                                                                \
    "bne 0b\n"                                                                                     \
    "add sp, sp, #8\n"                                                                             \
    "pop {r4-r11, pc}\n"

/* The words of two samples: of `kept`, of the first half of `pcm`, of the second; two weights. */
#define TWO_SAMPLES                                                                                \
    "ldr r6, [r0], #4\n ldr r7, [r1], #4\n ldr r8, [r1, #508]\n ldrd r9, r10, [r2], #8\n"

/* windowed() of spectrum.c for sample `half` (b or t) of the two: sum and difference to `at`. */
#define WINDOWED(half, weight, at)                                                                 \
    "smmul " weight ", " weight ", r4\n"                                                           \
    "smulw" half " r11, " weight ", r6\n smulw" half " r12, " weight ", r7\n"                      \
    "pkhbt r11, r11, r12, lsl #16\n"                                                               \
    "rsb " weight ", " weight ", r4, lsr #2\n"                                                     \
    "smulw" half " r12, " weight ", r7\n smulw" half " " weight ", " weight ", r8\n"               \
    "pkhbt r12, r12, " weight ", lsl #16\n"                                                        \
    "sadd16 lr, r11, r12\n ssub16 r11, r11, r12\n"                                                 \
    "strd lr, r11, [r3, #" at "]\n"

/* The same, the two windows at gains of their own. */
#define WINDOWED_EACH(half, weight, at)                                                            \
    "smmul lr, " weight ", r4\n smmul " weight ", " weight ", r5\n"                                \
    "smulw" half " r11, lr, r6\n smulw" half " r12, " weight ", r7\n"                              \
    "pkhbt r11, r11, r12, lsl #16\n"                                                               \
    "rsb lr, lr, r4, lsr #2\n rsb " weight ", " weight ", r5, lsr #2\n"                            \
    "smulw" half " r12, lr, r7\n smulw" half " " weight ", " weight ", r8\n"                       \
    "pkhbt r12, r12, " weight ", lsl #16\n"                                                        \
    "sadd16 lr, r11, r12\n ssub16 r11, r11, r12\n"                                                 \
    "strd lr, r11, [r3, #" at "]\n"

#define EIGHT_SAMPLES(windowed)                                                                    \
    TWO_SAMPLES windowed("b", "r9", "-896") windowed("t", "r10", "-640")                           \
    TWO_SAMPLES windowed("b", "r9", "-384") windowed("t", "r10", "-128")                           \
    TWO_SAMPLES windowed("b", "r9", "128") windowed("t", "r10", "384")                             \
    TWO_SAMPLES windowed("b", "r9", "640") windowed("t", "r10", "896")

__attribute__((naked)) static void windows_at_one_gain(const struct windows *windows) {
    __asm(ALL_SAMPLES(EIGHT_SAMPLES(WINDOWED), "mov r5, r12\n", "", "r5"));
}

__attribute__((naked)) static void windows_at_two_gains(const struct windows *windows) {
    __asm(ALL_SAMPLES(EIGHT_SAMPLES(WINDOWED_EACH), "str r12, [sp, #4]\n", "ldr r12, [sp, #4]\n",
                      "r12"));
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
          "movs r2, #0\n movs r3, #0\n"
          EIGHT_WORDS
          EIGHT_WORDS
          EIGHT_WORDS
          EIGHT_WORDS
          "strd r2, r3, [r1], #8\n"
          "cmp r1, r12\n"
          "bne 0b\n"
          "pop {r4-r11, pc}\n");
}

/* clang-format on */

void spectrum(uint32_t *z, const int16_t *kept, const int16_t *pcm, uint32_t gain_a_q18,
              uint32_t gain_b_q18) {
    const struct windows windows = {kept, pcm, frontend_hann_q30, z, gain_a_q18, gain_b_q18};

    if (gain_a_q18 == gain_b_q18) {
        windows_at_one_gain(&windows);
    } else {
        windows_at_two_gains(&windows);
    }
    rows(z, frontend_twiddle);
    first_block(z, &z[8]);
    for (uint32_t i = 1; i < 8; i++) {
        block(&z[64 * i], &frontend_twiddle_64[8 * (i - 1)]);
    }
    columns(z, &z[64]);
}

#endif
