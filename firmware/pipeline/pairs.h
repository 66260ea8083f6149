/* pairs.h: two 16-bit numbers in a word, most often a complex one: real part low, imaginary part
 * high.
 *
 * The arithmetic of the spectrum, and its specification: sums wrap, halves round down, products are
 * halved and rounded to nearest (ties up). Each function is one instruction or three with
 * __ARM_FEATURE_DSP, and has its counterpart in Helium.
 */
#ifndef EARSHOT_PAIRS_H
#define EARSHOT_PAIRS_H

#include <stdint.h>

#if defined(__ARM_FEATURE_DSP) && !defined(EARSHOT_PORTABLE)
#include <arm_acle.h>
#endif

static inline int32_t pair_low(uint32_t a) {
    return (int16_t)(a & 0xffffu);
}

static inline int32_t pair_high(uint32_t a) {
    return (int16_t)(a >> 16);
}

static inline uint32_t pair_of(int32_t low, int32_t high) {
    return ((uint32_t)low & 0xffffu) | ((uint32_t)high << 16);
}

#if defined(__ARM_FEATURE_DSP) && !defined(EARSHOT_PORTABLE)

static inline uint32_t pair_add(uint32_t a, uint32_t b) {
    return (uint32_t)__sadd16((int32_t)a, (int32_t)b);
}

static inline uint32_t pair_sub(uint32_t a, uint32_t b) {
    return (uint32_t)__ssub16((int32_t)a, (int32_t)b);
}

static inline uint32_t pair_half_add(uint32_t a, uint32_t b) {
    return (uint32_t)__shadd16((int32_t)a, (int32_t)b);
}

static inline uint32_t pair_half_sub(uint32_t a, uint32_t b) {
    return (uint32_t)__shsub16((int32_t)a, (int32_t)b);
}

static inline uint32_t pair_add_j(uint32_t a, uint32_t b) {
    return (uint32_t)__sasx((int32_t)a, (int32_t)b);
}

static inline uint32_t pair_sub_j(uint32_t a, uint32_t b) {
    return (uint32_t)__ssax((int32_t)a, (int32_t)b);
}

static inline uint32_t pair_half_add_j(uint32_t a, uint32_t b) {
    return (uint32_t)__shasx((int32_t)a, (int32_t)b);
}

static inline uint32_t pair_half_sub_j(uint32_t a, uint32_t b) {
    return (uint32_t)__shsax((int32_t)a, (int32_t)b);
}

#else

/* a + b */
static inline uint32_t pair_add(uint32_t a, uint32_t b) {
    return pair_of(pair_low(a) + pair_low(b), pair_high(a) + pair_high(b));
}

/* a - b */
static inline uint32_t pair_sub(uint32_t a, uint32_t b) {
    return pair_of(pair_low(a) - pair_low(b), pair_high(a) - pair_high(b));
}

/* (a + b) / 2 */
static inline uint32_t pair_half_add(uint32_t a, uint32_t b) {
    return pair_of((pair_low(a) + pair_low(b)) >> 1, (pair_high(a) + pair_high(b)) >> 1);
}

/* (a - b) / 2 */
static inline uint32_t pair_half_sub(uint32_t a, uint32_t b) {
    return pair_of((pair_low(a) - pair_low(b)) >> 1, (pair_high(a) - pair_high(b)) >> 1);
}

/* a + j b */
static inline uint32_t pair_add_j(uint32_t a, uint32_t b) {
    return pair_of(pair_low(a) - pair_high(b), pair_high(a) + pair_low(b));
}

/* a - j b */
static inline uint32_t pair_sub_j(uint32_t a, uint32_t b) {
    return pair_of(pair_low(a) + pair_high(b), pair_high(a) - pair_low(b));
}

/* (a + j b) / 2 */
static inline uint32_t pair_half_add_j(uint32_t a, uint32_t b) {
    return pair_of((pair_low(a) - pair_high(b)) >> 1, (pair_high(a) + pair_low(b)) >> 1);
}

/* (a - j b) / 2 */
static inline uint32_t pair_half_sub_j(uint32_t a, uint32_t b) {
    return pair_of((pair_low(a) + pair_high(b)) >> 1, (pair_high(a) - pair_low(b)) >> 1);
}

#endif

/* a (cos - j sin) / 2, for w = cos + j sin in Q15. */
static inline uint32_t pair_rotated(uint32_t a, uint32_t w) {
    const int32_t real = pair_low(a) * pair_low(w) + pair_high(a) * pair_high(w);
    const int32_t imag = pair_high(a) * pair_low(w) - pair_low(a) * pair_high(w);
    return pair_of((real + 0x8000) >> 16, (imag + 0x8000) >> 16);
}

/* a (cos + j sin) / 2 */
static inline uint32_t pair_rotated_back(uint32_t a, uint32_t w) {
    const int32_t real = pair_low(a) * pair_low(w) - pair_high(a) * pair_high(w);
    const int32_t imag = pair_high(a) * pair_low(w) + pair_low(a) * pair_high(w);
    return pair_of((real + 0x8000) >> 16, (imag + 0x8000) >> 16);
}

#endif
