/* adpcm.h: 16-bit samples to 4 bits each: IMA ADPCM (Interactive Multimedia Association,
 * "Recommended Practices for Enhancing Digital Audio Compatibility in Multimedia Systems", 1992,
 * section 6.2), the form that WAV files have.
 *
 * Owns: struct adpcm (4 bytes), its caller's; a table of 178 bytes.
 * Costs: some 30 instructions a sample.
 */
#ifndef EARSHOT_ADPCM_H
#define EARSHOT_ADPCM_H

#include <stdint.h>

struct adpcm {
    int16_t predictor; /* the last sample, as a decoder has it */
    uint8_t step;      /* index of the step: 0 to 88 */
};

/* `count` samples, an even number, to count / 2 bytes: the earlier sample in the low bits. */
void adpcm_encode(struct adpcm *adpcm, const int16_t *pcm, uint32_t count, uint8_t *bytes);

#endif
