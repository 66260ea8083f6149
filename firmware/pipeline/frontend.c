#include "frontend.h"

#include <assert.h>
#include <string.h>

/* The FFT is radix 4, so that its length must be a power of four. */
static_assert(FRONTEND_FFT_BITS % 2 == 0, "window / 2 must be a power of four");
static_assert(FRONTEND_HOP <= FRONTEND_WINDOW, "a hop is at most a window");
static_assert(sizeof(((struct frontend *)0)->work) == FRONTEND_WINDOW * 4, "in place");

enum {
    POINTS = FRONTEND_WINDOW / 2, /* of the complex FFT */
    KEPT = FRONTEND_WINDOW - FRONTEND_HOP,
    /* Samples enter the FFT as Q6: |x| < 2^21, and a Hann window sums to WINDOW / 2 = 2^8, so no
     * value exceeds 2^29 and no stage needs scaling. */
    SAMPLE_SHIFT = 9, /* Q15 window * PCM -> Q6 */
    /* Power is Q12, below 2^59 summed over all bins; less 10 bits it takes a Q15 weight in 64. */
    POWER_SHIFT = 10,
    UNIT_BITS = 12 - POWER_SHIFT + 15, /* one PCM LSB^2 of band energy */
};

struct complex_q6 {
    int32_t re, im;
};

/* Half of a * b for b in Q15, rounded down. */
static inline int32_t half_product(int32_t a, int16_t b_q15) {
#ifdef __ARM_FEATURE_DSP
    int32_t half;
    __asm__("smulwb %0, %1, %2" : "=r"(half) : "r"(a), "r"(b_q15));
    return half;
#else
    return (int32_t)(((int64_t)a * b_q15) >> 16);
#endif
}

/* Half of a * (cos - j sin). */
static inline struct complex_q6 half_rotated(struct complex_q6 a, struct frontend_twiddle w) {
    return (struct complex_q6){
        .re = half_product(a.re, w.cos_q15) + half_product(a.im, w.sin_q15),
        .im = half_product(a.im, w.cos_q15) - half_product(a.re, w.sin_q15),
    };
}

/* Four elements a quarter apart, the last three already rotated and halved, become four outputs. */
static inline void butterfly(struct complex_q6 *at, uint32_t quarter, struct complex_q6 half1,
                             struct complex_q6 half2, struct complex_q6 half3) {
    const struct complex_q6 a = at[0];
    const struct complex_q6 sum01 = {a.re + 2 * half1.re, a.im + 2 * half1.im};
    const struct complex_q6 dif01 = {a.re - 2 * half1.re, a.im - 2 * half1.im};
    const struct complex_q6 sum23 = {half2.re + half3.re, half2.im + half3.im};
    const struct complex_q6 dif23 = {half2.re - half3.re, half2.im - half3.im};
    at[0] = (struct complex_q6){sum01.re + 2 * sum23.re, sum01.im + 2 * sum23.im};
    at[2 * quarter] = (struct complex_q6){sum01.re - 2 * sum23.re, sum01.im - 2 * sum23.im};
    at[quarter] = (struct complex_q6){dif01.re + 2 * dif23.im, dif01.im - 2 * dif23.re};
    at[3 * quarter] = (struct complex_q6){dif01.re - 2 * dif23.im, dif01.im + 2 * dif23.re};
}

/* The first stage: neighbours, no rotation. */
static void fft_first_stage(struct complex_q6 *z) {
    for (uint32_t i = 0; i < POINTS; i += 4) {
        const struct complex_q6 a = z[i], b = z[i + 1], c = z[i + 2], d = z[i + 3];
        const struct complex_q6 sum01 = {a.re + b.re, a.im + b.im};
        const struct complex_q6 dif01 = {a.re - b.re, a.im - b.im};
        const struct complex_q6 sum23 = {c.re + d.re, c.im + d.im};
        const struct complex_q6 dif23 = {c.re - d.re, c.im - d.im};
        z[i] = (struct complex_q6){sum01.re + sum23.re, sum01.im + sum23.im};
        z[i + 2] = (struct complex_q6){sum01.re - sum23.re, sum01.im - sum23.im};
        z[i + 1] = (struct complex_q6){dif01.re + dif23.im, dif01.im - dif23.re};
        z[i + 3] = (struct complex_q6){dif01.re - dif23.im, dif01.im + dif23.re};
    }
}

/* Decimation in time over bit-reversed input: two radix-2 stages a pass. */
static void fft(struct complex_q6 *z) {
    fft_first_stage(z);
    for (uint32_t quarter = 4; quarter < POINTS; quarter *= 4) {
        const uint32_t step = FRONTEND_WINDOW / (4 * quarter);
        for (uint32_t k = 0; k < quarter; k++) {
            const struct frontend_twiddle w1 = frontend_twiddle[k * step];
            const struct frontend_twiddle w2 = frontend_twiddle[2 * k * step];
            const struct frontend_twiddle w3 = frontend_twiddle[3 * k * step];
            for (uint32_t i = k; i < POINTS; i += 4 * quarter) {
                butterfly(&z[i], quarter, half_rotated(z[i + quarter], w2),
                          half_rotated(z[i + 2 * quarter], w1),
                          half_rotated(z[i + 3 * quarter], w3));
            }
        }
    }
}

static inline uint64_t power_q12(int32_t re, int32_t im) {
    return (uint64_t)((int64_t)re * re) + (uint64_t)((int64_t)im * im);
}

/* The spectrum of the real samples out of the complex FFT of their even and odd halves, and its
 * power, in place: bin k of 64 bits takes the room of complex value k. */
static void power_spectrum(int32_t *work) {
    struct complex_q6 *z = (struct complex_q6 *)work;
    const struct complex_q6 middle = z[POINTS / 2];
    uint64_t bin = power_q12(z[0].re + z[0].im, 0) >> POWER_SHIFT;
    memcpy(&z[0], &bin, sizeof bin);
    for (uint32_t k = 1; k < POINTS / 2; k++) {
        const struct complex_q6 a = z[k], b = z[POINTS - k];
        const struct complex_q6 even = {(a.re + b.re) >> 1, (a.im - b.im) >> 1};
        const struct complex_q6 odd =
            half_rotated((struct complex_q6){a.re - b.re, a.im + b.im}, frontend_twiddle[k]);
        bin = power_q12(even.re + odd.im, even.im - odd.re) >> POWER_SHIFT;
        memcpy(&z[k], &bin, sizeof bin);
        bin = power_q12(even.re - odd.im, even.im + odd.re) >> POWER_SHIFT;
        memcpy(&z[POINTS - k], &bin, sizeof bin);
    }
    bin = power_q12(middle.re, middle.im) >> POWER_SHIFT;
    memcpy(&z[POINTS / 2], &bin, sizeof bin);
}

/* log2(1 + energy) in Q8, for an energy whose unit is 2^UNIT_BITS. */
static int16_t log2_q8(uint64_t energy) {
    const uint64_t x = energy + (1u << UNIT_BITS);
    const uint32_t exponent = 63u - (uint32_t)__builtin_clzll(x);
    const uint32_t mantissa_q31 = (uint32_t)((x << (63u - exponent)) >> 32) & 0x7fffffffu;
    const uint32_t index = mantissa_q31 >> (31 - FRONTEND_LOG2_BITS);
    const uint32_t rest_q16 = (mantissa_q31 >> (31 - FRONTEND_LOG2_BITS - 16)) & 0xffffu;
    const uint32_t low_q16 = frontend_log2_q16[index];
    const uint32_t rise_q16 = frontend_log2_q16[index + 1] - low_q16;
    const uint32_t fraction_q16 = low_q16 + ((rise_q16 * rest_q16) >> 16);
    return (int16_t)(((exponent - UNIT_BITS) << 8) + ((fraction_q16 + 128u) >> 8));
}

static void mel_bands(const struct frontend_tables *tables, const int32_t *work,
                      int16_t *logmel_q8) {
    uint64_t falling = 0; /* energy of the band before this segment, from its rising side */
    uint32_t k = tables->mel_edge[0];
    for (uint32_t segment = 0; segment <= FRONTEND_BANDS; segment++) {
        uint64_t whole = 0, rising = 0;
        for (; k < tables->mel_edge[segment + 1]; k++) {
            uint64_t bin;
            memcpy(&bin, &work[2 * k], sizeof bin);
            whole += bin;
            rising += bin * tables->mel_weight_q15[k];
        }
        if (segment > 0) {
            logmel_q8[segment - 1] = log2_q8(falling + (whole << 15) - rising);
        }
        falling = rising;
    }
}

void frontend_init(struct frontend *frontend, const struct frontend_tables *tables) {
    memset(frontend, 0, sizeof *frontend);
    frontend->tables = tables;
}

static inline int32_t windowed_q6(int16_t pcm, uint32_t i) {
    return ((int32_t)pcm * frontend_hann_q15[i] + (1 << (SAMPLE_SHIFT - 1))) >> SAMPLE_SHIFT;
}

void frontend_keep(struct frontend *frontend, const int16_t *pcm) {
#if 2 * FRONTEND_HOP < FRONTEND_WINDOW
    memmove(frontend->kept, &frontend->kept[FRONTEND_HOP], (KEPT - FRONTEND_HOP) * 2);
    memcpy(&frontend->kept[KEPT - FRONTEND_HOP], pcm, FRONTEND_HOP * 2);
#else
    memcpy(frontend->kept, &pcm[FRONTEND_HOP - KEPT], KEPT * 2);
#endif
}

void frontend_hop(struct frontend *frontend, const int16_t *pcm, int16_t *logmel_q8) {
    int32_t *work = frontend->work;
    for (uint32_t i = 0; i < FRONTEND_WINDOW; i += 2) {
        const uint32_t to = 2u * frontend_bit_reversed[i / 2];
        const int16_t *from = i < KEPT ? &frontend->kept[i] : &pcm[i - KEPT];
        work[to] = windowed_q6(from[0], i);
        work[to + 1] = windowed_q6(from[1], i + 1);
    }
    frontend_keep(frontend, pcm);
    fft((struct complex_q6 *)work);
    power_spectrum(work);
    mel_bands(frontend->tables, work, logmel_q8);
}
