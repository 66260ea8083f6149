/* armv7em.h: the Armv7E-M instructions that the kernels are made of, one function each.
 *
 * Where the core has them, each is that instruction; elsewhere it is its definition in C, so that
 * the kernels of this folder run on the desk, under the sanitizers, with the same bytes.
 * A pair is two int16 in a word, the lower half first.
 *
 * Owns: nothing. Costs: one instruction each; requantizing takes four.
 */
#ifndef EARSHOT_NN_DSP_ARMV7EM_H
#define EARSHOT_NN_DSP_ARMV7EM_H

#include <stdint.h>
#include <string.h>

#if defined(__thumb2__) && defined(__ARM_FEATURE_DSP)
#define NN_DSP 1
#else
#define NN_DSP 0
#endif

typedef uint32_t nn_pair;

/* Four bytes from anywhere: LDR, which need not be aligned. */
static inline uint32_t nn_word(const void *from) {
    uint32_t word;
    memcpy(&word, from, sizeof word);
    return word;
}

/* Sums whose intermediate values may wrap around. */
static inline int32_t nn_wrapped(int32_t a, int32_t b) {
    return (int32_t)((uint32_t)a + (uint32_t)b);
}

#if NN_DSP

static inline nn_pair nn_sxtb16(uint32_t bytes) {
    nn_pair pair;
    __asm__("sxtb16 %0, %1" : "=r"(pair) : "r"(bytes));
    return pair;
}

static inline nn_pair nn_sxtb16_odd(uint32_t bytes) {
    nn_pair pair;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(pair) : "r"(bytes));
    return pair;
}

static inline nn_pair nn_sxtab16(nn_pair acc, uint32_t bytes) {
    nn_pair sum;
    __asm__("sxtab16 %0, %1, %2" : "=r"(sum) : "r"(acc), "r"(bytes));
    return sum;
}

static inline nn_pair nn_sxtab16_odd(nn_pair acc, uint32_t bytes) {
    nn_pair sum;
    __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(sum) : "r"(acc), "r"(bytes));
    return sum;
}

static inline int32_t nn_smulbb(nn_pair a, nn_pair b) {
    int32_t product;
    __asm__("smulbb %0, %1, %2" : "=r"(product) : "r"(a), "r"(b));
    return product;
}

static inline int32_t nn_smultt(nn_pair a, nn_pair b) {
    int32_t product;
    __asm__("smultt %0, %1, %2" : "=r"(product) : "r"(a), "r"(b));
    return product;
}

static inline int32_t nn_smlad(nn_pair a, nn_pair b, int32_t acc) {
    int32_t sum;
    __asm__("smlad %0, %1, %2, %3" : "=r"(sum) : "r"(a), "r"(b), "r"(acc));
    return sum;
}

static inline int32_t nn_smlabb(nn_pair a, nn_pair b, int32_t acc) {
    int32_t sum;
    __asm__("smlabb %0, %1, %2, %3" : "=r"(sum) : "r"(a), "r"(b), "r"(acc));
    return sum;
}

static inline int32_t nn_smlatt(nn_pair a, nn_pair b, int32_t acc) {
    int32_t sum;
    __asm__("smlatt %0, %1, %2, %3" : "=r"(sum) : "r"(a), "r"(b), "r"(acc));
    return sum;
}

static inline nn_pair nn_pkhbt(uint32_t low, uint32_t high) {
    nn_pair pair;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(pair) : "r"(low), "r"(high));
    return pair;
}

static inline nn_pair nn_pkhtb(uint32_t high, uint32_t low) {
    nn_pair pair;
    __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(pair) : "r"(high), "r"(low));
    return pair;
}

static inline nn_pair nn_sadd16(nn_pair a, nn_pair b) {
    nn_pair sum;
    __asm__("sadd16 %0, %1, %2" : "=r"(sum) : "r"(a), "r"(b));
    return sum;
}

/* The larger of each byte. */
static inline uint32_t nn_max4(uint32_t a, uint32_t b) {
    uint32_t max;
    /* SSUB8 sets the flags by which SEL chooses. */
    __asm("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(max) : "r"(a), "r"(b) : "cc");
    return max;
}

static inline int32_t nn_smmlar(int32_t a, int32_t b, int32_t acc) {
    int32_t sum;
    __asm__("smmlar %0, %1, %2, %3" : "=r"(sum) : "r"(a), "r"(b), "r"(acc));
    return sum;
}

static inline int32_t nn_smmlsr(int32_t a, int32_t b, int32_t acc) {
    int32_t sum;
    __asm__("smmlsr %0, %1, %2, %3" : "=r"(sum) : "r"(a), "r"(b), "r"(acc));
    return sum;
}

static inline int32_t nn_ssat8(int32_t value) {
    int32_t result;
    __asm__("ssat %0, #8, %1" : "=r"(result) : "r"(value));
    return result;
}

static inline int32_t nn_ssat16(int32_t value) {
    int32_t result;
    __asm__("ssat %0, #16, %1" : "=r"(result) : "r"(value));
    return result;
}

static inline int32_t nn_ssat17(int32_t value) {
    int32_t result;
    __asm__("ssat %0, #17, %1" : "=r"(result) : "r"(value));
    return result;
}

#else

static inline int32_t nn_low(nn_pair pair) {
    return (int16_t)(pair & 0xFFFFu);
}

static inline int32_t nn_high(nn_pair pair) {
    return (int16_t)(pair >> 16);
}

static inline nn_pair nn_sxtb16(uint32_t bytes) {
    return (uint16_t)(int8_t)bytes | (uint32_t)(uint16_t)(int8_t)(bytes >> 16) << 16;
}

static inline nn_pair nn_sxtb16_odd(uint32_t bytes) {
    return nn_sxtb16(bytes >> 8);
}

static inline int32_t nn_smlabb(nn_pair a, nn_pair b, int32_t acc) {
    return nn_wrapped(acc, nn_low(a) * nn_low(b));
}

static inline int32_t nn_smlatt(nn_pair a, nn_pair b, int32_t acc) {
    return nn_wrapped(acc, nn_high(a) * nn_high(b));
}

static inline int32_t nn_smlad(nn_pair a, nn_pair b, int32_t acc) {
    return nn_smlatt(a, b, nn_smlabb(a, b, acc));
}

static inline nn_pair nn_pkhbt(uint32_t low, uint32_t high) {
    return (low & 0xFFFFu) | high << 16;
}

static inline nn_pair nn_pkhtb(uint32_t high, uint32_t low) {
    return (high & 0xFFFF0000u) | low >> 16;
}

static inline nn_pair nn_sadd16(nn_pair a, nn_pair b) {
    return ((a + b) & 0xFFFFu) | ((a & 0xFFFF0000u) + (b & 0xFFFF0000u));
}

static inline nn_pair nn_sxtab16(nn_pair acc, uint32_t bytes) {
    return nn_sadd16(acc, nn_sxtb16(bytes));
}

static inline nn_pair nn_sxtab16_odd(nn_pair acc, uint32_t bytes) {
    return nn_sadd16(acc, nn_sxtb16_odd(bytes));
}

static inline int32_t nn_smulbb(nn_pair a, nn_pair b) {
    return nn_low(a) * nn_low(b);
}

static inline int32_t nn_smultt(nn_pair a, nn_pair b) {
    return nn_high(a) * nn_high(b);
}

static inline uint32_t nn_max4(uint32_t a, uint32_t b) {
    uint32_t max = 0;
    for (int32_t shift = 0; shift < 32; shift += 8) {
        const uint32_t larger = (int8_t)(a >> shift) >= (int8_t)(b >> shift) ? a : b;
        max |= larger & 0xFFu << shift;
    }
    return max;
}

static inline int32_t nn_smmlar(int32_t a, int32_t b, int32_t acc) {
    const uint64_t sum = ((uint64_t)(uint32_t)acc << 32) + (uint64_t)((int64_t)a * b);
    return (int32_t)((sum + 0x80000000u) >> 32);
}

static inline int32_t nn_smmlsr(int32_t a, int32_t b, int32_t acc) {
    const uint64_t sum = ((uint64_t)(uint32_t)acc << 32) - (uint64_t)((int64_t)a * b);
    return (int32_t)((sum + 0x80000000u) >> 32);
}

static inline int32_t nn_saturated(int32_t value, int32_t limit) {
    return value < -limit ? -limit : value >= limit ? limit - 1 : value;
}

static inline int32_t nn_ssat8(int32_t value) {
    return nn_saturated(value, 1 << 7);
}

static inline int32_t nn_ssat16(int32_t value) {
    return nn_saturated(value, 1 << 15);
}

static inline int32_t nn_ssat17(int32_t value) {
    return nn_saturated(value, 1 << 16);
}

#endif

/* How an accumulator becomes an output, for factors below one half: what nn_requantize of
 * requantize.h does with (multiplier, -e), e from 1 to 31, in three instructions. */
struct nn_dsp_scale {
    int32_t
        twice_less_one;  /* 2 * multiplier - 2^32: acc + acc * this / 2^32 is the first rounding */
    int32_t minus_power; /* -2^(32 - e): the second rounding; 0 makes every result 0 */
};

/* Ties of the second rounding go away from zero: less one when negative, then ties up. */
static inline int32_t nn_dsp_rescale(int32_t acc, struct nn_dsp_scale scale, int32_t zero) {
    const int32_t first = nn_smmlar(acc, scale.twice_less_one, acc);
    return nn_smmlsr(first + (first >> 31), scale.minus_power, zero);
}

static inline int8_t nn_dsp_requantize(int32_t acc, struct nn_dsp_scale scale, int32_t zero) {
    return (int8_t)nn_ssat8(nn_dsp_rescale(acc, scale, zero));
}

#endif
