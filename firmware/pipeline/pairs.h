/* pairs.h: two 16-bit numbers in a word, a complex one: the real part low, the imaginary part high.
 *
 * The arithmetic of the spectrum, and its specification: sums wrap (where they are used, none
 * does), halves round down, products are halved and rounded to nearest, ties up. Each is one
 * instruction of Armv7E-M, a product three, and as few of Helium.
 *
 * Owns: nothing.
 */
#ifndef EARSHOT_PAIRS_H
#define EARSHOT_PAIRS_H

#include <stdint.h>

static inline int32_t pair_low(uint32_t a) {
    return (int16_t)(a & 0xffffu);
}

static inline int32_t pair_high(uint32_t a) {
    return (int16_t)(a >> 16);
}

static inline uint32_t pair_of(int32_t low, int32_t high) {
    return ((uint32_t)low & 0xffffu) | ((uint32_t)high << 16);
}

/* a + b */
static inline uint32_t pair_add(uint32_t a, uint32_t b) {
    return pair_of(pair_low(a) + pair_low(b), pair_high(a) + pair_high(b));
}

/* a - b */
static inline uint32_t pair_sub(uint32_t a, uint32_t b) {
    return pair_of(pair_low(a) - pair_low(b), pair_high(a) - pair_high(b));
}

/* a / 2 */
static inline uint32_t pair_half(uint32_t a) {
    return pair_of(pair_low(a) >> 1, pair_high(a) >> 1);
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
