#include "recording.h"

#include "listener.h"

#define PCM_SAMPLES (LINK_AUDIO_DATA_MAX / 2)
#define ADPCM_SAMPLES (LINK_AUDIO_DATA_MAX * 2)
_Static_assert(EARSHOT_CHUNK % PCM_SAMPLES == 0 && EARSHOT_CHUNK % ADPCM_SAMPLES == 0,
               "whole frames a chunk");

void recording_ask(struct recording *recording, const struct link_audio_request *asked) {
    recording->format = asked->format;
    recording->chunks_left = asked->format == LINK_AUDIO_FORMAT_NONE ? 0 : asked->chunks;
}

bool recording_chunk(struct recording *recording) {
    if (recording->chunks_left == 0) {
        return false;
    }
    recording->chunks_left--;
    return true;
}

uint32_t recording_samples(const struct recording *recording) {
    return recording->format == LINK_AUDIO_FORMAT_PCM ? PCM_SAMPLES : ADPCM_SAMPLES;
}

void recording_frame(struct recording *recording, const int16_t *pcm, struct link_audio *frame) {
    frame->format = recording->format;
    frame->data_length = LINK_AUDIO_DATA_MAX;
    if (recording->format == LINK_AUDIO_FORMAT_PCM) {
        frame->predictor = 0;
        frame->step = 0;
        for (uint32_t i = 0; i < PCM_SAMPLES; i++) {
            frame->data[2 * i] = (uint8_t)((uint16_t)pcm[i] & 0xFFu);
            frame->data[2 * i + 1] = (uint8_t)((uint16_t)pcm[i] >> 8);
        }
    } else {
        frame->predictor = recording->adpcm.predictor;
        frame->step = recording->adpcm.step;
        adpcm_encode(&recording->adpcm, pcm, ADPCM_SAMPLES, frame->data);
    }
}
