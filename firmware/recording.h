/* recording.h: the microphone's audio as AUDIO frames, for as long as a host asks.
 *
 * Owns: struct recording (8 bytes), its caller's. Costs: nothing while no host asks; else, a chunk,
 * 512 samples to bytes, and two frames (adpcm) or eight (pcm).
 */
#ifndef EARSHOT_RECORDING_H
#define EARSHOT_RECORDING_H

#include <stdbool.h>
#include <stdint.h>

#include "adpcm.h"
#include "protocol.h"

struct recording {
    uint8_t format;       /* enum link_audio_format */
    uint16_t chunks_left; /* to be sent */
    struct adpcm adpcm;
};

void recording_ask(struct recording *recording, const struct link_audio_request *asked);

/* At the start of each chunk; true: its audio is to be sent. */
bool recording_chunk(struct recording *recording);

/* Samples in an AUDIO frame; a chunk is a whole number of them. */
uint32_t recording_samples(const struct recording *recording);

/* The next recording_samples() samples as a frame, all but `sample` and `dropped`. */
void recording_frame(struct recording *recording, const int16_t *pcm, struct link_audio *frame);

#endif
