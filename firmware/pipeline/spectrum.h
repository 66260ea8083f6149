/* spectrum.h: the spectra of two windows of real samples out of one complex FFT, in 16 bits.
 *
 * Window A is `kept` and the first half of `pcm`, window B is `pcm`. They are the real and the
 * imaginary part of SPECTRUM_POINTS complex values, a word each (pairs.h): Hann window, then three
 * times eight transforms of eight, decimating in frequency.
 * Portable C is the specification (spectrum.c); spectrum_dsp.c (Armv7E-M) and spectrum_mve.c
 * (Helium) give the same bits.
 *
 * Owns: nothing, the values lie with the caller. Constant tables: 3.2 KiB of flash.
 */
#ifndef EARSHOT_SPECTRUM_H
#define EARSHOT_SPECTRUM_H

#include <stdint.h>

#include "frontend_tables.h"

#define SPECTRUM_POINTS 512

/* EARSHOT_PORTABLE: the specification on any core. */
#define SPECTRUM_MVE 0
#define SPECTRUM_DSP 0
#ifndef EARSHOT_PORTABLE
#if defined(__ARM_FEATURE_MVE) && (__ARM_FEATURE_MVE & 1)
#undef SPECTRUM_MVE
#define SPECTRUM_MVE 1
#elif defined(__ARM_FEATURE_DSP) && __ARM_ARCH_PROFILE == 'M'
#undef SPECTRUM_DSP
#define SPECTRUM_DSP 1
#endif
#endif

/* The sum of the squares of each quarter of SPECTRUM_POINTS / 2 samples. */
void spectrum_energies(const int16_t *samples, uint64_t quarter[4]);

/* z[k] becomes value k of the spectrum of A gain_a + j B gain_b, over 32. kept: SPECTRUM_POINTS / 2
 * samples, pcm: SPECTRUM_POINTS.
 *
 * A windowed hop times its gain may have an energy of GAIN_LIMIT (frontend_tables.py). So n of its
 * samples, turned, sum to at most sqrt(n / 2) 21 741 in either part. Each eight are halved once on
 * the way and once by the twiddles: with both hops no sum exceeds 30 750, but for the first sums of
 * eight, which without a window could. With it, the worst samples there are give 30 980. */
void spectrum(uint32_t *z, const int16_t *kept, const int16_t *pcm, uint32_t gain_a_q18,
              uint32_t gain_b_q18);

#endif
