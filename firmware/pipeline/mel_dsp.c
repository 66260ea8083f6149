/* The mel bands on Armv7E-M, and on Helium cores too: mel.c, both hops' power of a bin in three
 * multiplications.
 *
 *   r0, r1  z[k], and the value beyond z[-k]
 *   r2, r3  segment, log-mel
 *   r4, r5  both, both_before
 *   r6, r7  difference, difference_before
 *   r8-r12  what is at hand
 *   lr      log2 table
 *   [sp]    the first eight words of struct state
 */
#include <stddef.h>

#include "mel.h"
#include "spectrum.h"

#if SPECTRUM_DSP || SPECTRUM_MVE

/* The arguments of naked functions are used by their registers. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

/* What the assembly below takes for granted. */
_Static_assert(offsetof(struct frontend_segment, sum) == 0, "ldm");
_Static_assert(offsetof(struct frontend_segment, before) == 4, "ldm");
_Static_assert(offsetof(struct frontend_segment, bins) == 8, "ldm");
_Static_assert(offsetof(struct frontend_segment, slope_q31) == 12, "ldm");
_Static_assert(offsetof(struct frontend_segment, last_q31) == 16, "ldm");
_Static_assert(sizeof(struct frontend_segment) == 20, "ldm");
_Static_assert(FRONTEND_BANDS == 40 && FRONTEND_LOG2_BITS == 8, "strh, ubfx");
_Static_assert(MEL_WIDE_SHIFT == 2, "asr");

/* In the order of the assembly. */
struct state {
    int32_t rising_a, rising_b;
    struct mel_unit unit_a, unit_b;
    const struct frontend_segment *narrow_end, *end;
    const uint32_t *up, *down;
    const struct frontend_segment *segment;
    int16_t *logmel_q8;
};

/* clang-format off */

#define BIN(a, b, shift)                                                                           \
    "add r5, r5, r4" shift "\n add r7, r7, r6" shift "\n"                                          \
    "smlad r4, " a ", " a ", r4\n smlad r4, " b ", " b ", r4\n smlsd r6, " a ", " b ", r6\n"

/* power_of() of mel.c: an odd bin, then two at a time. */
#define POWER(shift)                                                                               \
    "ldm r2!, {r4, r5, r12}\n"                                                                     \
    "movs r6, #0\n movs r7, #0\n"                                                                  \
    "lsrs r12, r12, #1\n"                                                                          \
    "bcc 1f\n"                                                                                     \
    "ldr r8, [r0], #4\n ldr r10, [r1, #-4]!\n"                                                     \
    BIN("r8", "r10", shift)                                                                        \
    "1:\n"                                                                                         \
    "beq 3f\n"                                                                                     \
    "2:\n"                                                                                         \
    "ldrd r8, r9, [r0], #8\n ldrd r11, r10, [r1, #-8]!\n"                                          \
    BIN("r8", "r10", shift)                                                                        \
    BIN("r9", "r11", shift)                                                                        \
    "subs r12, r12, #1\n"                                                                          \
    "bne 2b\n"                                                                                     \
    "3:\n"

/* The sums of a to r10, r11, of b to r4, r5; what falls of them to r6, r7. */
#define FALLING                                                                                    \
    "ldm r2!, {r8, r9}\n"                                                                          \
    "add r10, r4, r6, lsl #1\n sub r4, r4, r6, lsl #1\n"                                           \
    "add r11, r5, r7, lsl #1\n sub r5, r5, r7, lsl #1\n"                                           \
    "smmul r6, r10, r9\n smmul r7, r4, r9\n"                                                       \
    "smmla r6, r11, r8, r6\n smmla r7, r5, r8, r7\n"

#define RISING                                                                                     \
    "rsb r6, r6, r10, asr #1\n rsb r7, r7, r4, asr #1\n strd r6, r7, [sp]\n"

/* log2_q8() of mel.c: of the power in `x`, with the unit in r8, r9, to r9. */
#define LOG2(x)                                                                                    \
    "usat " x ", #31, " x "\n add " x ", " x ", r8\n"                                              \
    "clz r8, " x "\n lsl " x ", " x ", r8\n ubfx " x ", " x ", #23, #8\n"                          \
    "ldrb " x ", [lr, " x "]\n sub r9, r9, r8, lsl #8\n add r9, r9, " x "\n usat r9, #15, r9\n"

/* Segments, each with the band that falls over it, up to the one at [sp, #end]. */
#define SEGMENTS(shift, end)                                                                       \
    "b 5f\n"                                                                                       \
    "4:\n"                                                                                         \
    POWER(shift)                                                                                   \
    FALLING                                                                                        \
    "ldrd r11, r12, [sp]\n add r11, r11, r6\n add r12, r12, r7\n"                                  \
    RISING                                                                                         \
    "ldrd r8, r9, [sp, #8]\n"                                                                      \
    LOG2("r11")                                                                                    \
    "strh r9, [r3], #2\n"                                                                          \
    "ldrd r8, r9, [sp, #16]\n"                                                                     \
    LOG2("r12")                                                                                    \
    "strh r9, [r3, #78]\n"                                                                         \
    "5:\n"                                                                                         \
    "ldr r12, [sp, #" end "]\n"                                                                    \
    "cmp r2, r12\n"                                                                                \
    "bne 4b\n"

/* The first segment, which is narrow, has no band that falls over it; then come the other narrow
 * ones, then the wide ones. */
__attribute__((naked)) static void bands(const struct state *state, const uint8_t *log2) {
    __asm("push {r4-r11, lr}\n"
          "mov lr, r1\n"
          "ldm r0!, {r4-r11}\n"
          "sub sp, sp, #36\n"
          "stm sp, {r4-r11}\n"
          "ldm r0, {r0-r3}\n"
          POWER("")
          FALLING
          RISING
          SEGMENTS("", "24")
          SEGMENTS(", asr #2", "28")
          "add sp, sp, #36\n"
          "pop {r4-r11, pc}\n");
}

/* clang-format on */

void mel_bands(const struct frontend_tables *tables, const uint32_t *z, struct mel_unit unit_a,
               struct mel_unit unit_b, int16_t *logmel_q8) {
    const struct state state = {
        .unit_a = unit_a,
        .unit_b = unit_b,
        .narrow_end = &tables->segments[tables->narrow],
        .end = &tables->segments[FRONTEND_BANDS + 1],
        .up = &z[tables->first_bin],
        .down = &z[SPECTRUM_POINTS - tables->first_bin + 1],
        .segment = tables->segments,
        .logmel_q8 = logmel_q8,
    };
    bands(&state, frontend_log2_q8);
}

#endif
