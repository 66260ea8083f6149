/* spectrum.h: the spectra of two windows of real samples out of one complex FFT, in 16 bits.
 *
 * Window A is `kept` and the first half of `pcm`, window B is `pcm`: real and imaginary part of 512
 * complex values, a word each (pairs.h), Hann window, 8 x 8 x 8 decimation in frequency.
 * Each window is scaled by a power of two of its own, so that 16 bits always suffice and are used.
 * Portable C is the specification (spectrum.c); spectrum_dsp.c (Armv7E-M) and spectrum_mve.c
 * (Helium) give the same bits.
 *
 * Owns nothing: the values lie with the caller. Constant tables: 3.3 KiB of flash.
 */
#ifndef EARSHOT_SPECTRUM_H
#define EARSHOT_SPECTRUM_H

#include <stdint.h>

#include "frontend_tables.h"

#define SPECTRUM_POINTS 512

/* EARSHOT_PORTABLE: the specification on any core. */
#if !defined(EARSHOT_PORTABLE) && defined(__ARM_FEATURE_MVE) && (__ARM_FEATURE_MVE & 1)
#define SPECTRUM_MVE 0
#define SPECTRUM_DSP 1
#elif !defined(EARSHOT_PORTABLE) && defined(__ARM_FEATURE_DSP)
#define SPECTRUM_MVE 0
#define SPECTRUM_DSP 1
#else
#define SPECTRUM_MVE 0
#define SPECTRUM_DSP 0
#endif

/* The sum of the squares of each quarter of SPECTRUM_POINTS / 2 samples. */
void spectrum_energies(const int16_t *samples, uint64_t quarter[4]);

/* z[k] becomes value k of the spectrum of A + j B times gain / 32. kept: SPECTRUM_POINTS / 2
 * samples, pcm: SPECTRUM_POINTS of them. */
void spectrum(uint32_t *z, const int16_t *kept, const int16_t *pcm, uint32_t gain_a,
              uint32_t gain_b);

#endif
