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

/* Four times the energy of SPECTRUM_POINTS / 2 samples under the half of the window that rises, and
 * under the one that falls; at most this, as a quarter of them counts as the largest weight there.
 */
struct spectrum_energy {
    uint64_t rising, falling;
};

struct spectrum_energy spectrum_energy(const int16_t *samples);

/* z[k] becomes value k of the spectrum of A + j B times gain / 32. kept: SPECTRUM_POINTS / 2
 * samples, pcm: SPECTRUM_POINTS of them. */
void spectrum(uint32_t *z, const int16_t *kept, const int16_t *pcm, uint32_t gain_a,
              uint32_t gain_b);

struct spectrum_power {
    int32_t both;       /* 2 |A|^2 + 2 |B|^2 */
    int32_t difference; /* |A|^2 - |B|^2 */
    int32_t both_before, difference_before;
};

/* Adds bins first .. first + count - 1. */
void spectrum_power(const uint32_t *z, uint32_t first, uint32_t count,
                    struct spectrum_power *power);

#endif
