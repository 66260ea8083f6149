/* native.h: the image, and its parts, as functions that Python calls.
 *
 * firmware/native reads this header and all that it includes: what they declare is what Python has.
 * All memory is the caller's, aligned as malloc aligns; nothing is kept between calls but what is
 * in it. cycles and dropped of a native board are 0: the desk's say nothing about a board.
 */
#ifndef EARSHOT_NATIVE_H
#define EARSHOT_NATIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asr.h"
#include "decoder_calibration.h"
#include "decoder_result.h"
#include "domain_format.h"
#include "frame.h"
#include "gate.h"
#include "ledger.h"
#include "listener.h"
#include "protocol.h"
#include "store.h"
#include "transcripts.h"
#include "upload.h"
#include "vad.h"

enum native_size {
    NATIVE_CHUNK = EARSHOT_CHUNK, /* samples */
    NATIVE_HOP = FRONTEND_HOP,    /* samples */
    NATIVE_BANDS = FRONTEND_BANDS,
    NATIVE_WIRE_MAX = LINK_WIRE_MAX, /* bytes of a frame */
    NATIVE_PAYLOAD_MAX = LINK_PAYLOAD_MAX,
    /* Room that the frames of a chunk, or of a byte from the host, never fill. */
    NATIVE_CHUNK_FRAMES = 17 * LINK_WIRE_MAX,
    NATIVE_ASR_LOOKAHEAD = RECOGNIZER_LOOKAHEAD_FRAMES,
    NATIVE_ASR_FRAMES = RECOGNIZER_FRAMES_PER_CALL,
    NATIVE_RECOGNIZER_PAUSES = RECOGNIZER_PAUSES,
    NATIVE_PAGE_BYTES = 8192,
    NATIVE_STORE_BYTES = 18 * NATIVE_PAGE_BYTES, /* as the Artemis has it */
};

/* A whole board. store: NULL, or memory that outlasts the board, NATIVE_STORE_BYTES of it, aligned
 * to 16, 0xff when it is new. False if there are no tables for the rate. */
size_t native_board_bytes(void);
bool native_board_start(void *board, uint32_t rate, uint8_t *store, uint64_t unit);

/* Writes down what a domain of count bytes at a multiple of 4 has, which must stay where they are;
 * what HELLO tells of stays as it was. Says why it cannot be used (enum domain_fault), or 0. */
uint32_t native_board_use(void *board, const void *domain, size_t count);

/* What recognition says, from elsewhere: as if it had come with the next chunk. The ids are given.
 */
void native_board_partial(void *board, const struct link_partial *partial);
void native_board_final(void *board, const struct link_segment *segment,
                        const struct link_final *final);

/* Frames that wait to be taken go to out; the rest stay. Returns the bytes. */
size_t native_board_take(void *board, uint8_t *out, size_t cap);

/* Hears chunks until all are heard or frames fill their room; returns the chunks heard. */
size_t native_board_hear(void *board, const int16_t *pcm, size_t chunks);

/* The image takes bytes of the host until frames fill their room; returns the bytes taken. */
size_t native_board_receive(void *board, const uint8_t *bytes, size_t count);

/* The state code on the pins that the desk has not. */
uint8_t native_board_pins(const void *board);

/* Log-mel of hops * FRONTEND_HOP samples, from silence: FRONTEND_BANDS values a hop. */
bool native_logmel(uint32_t rate, const int16_t *pcm, size_t hops, int16_t *logmel_q8);

/* The network with its front end. False if there are no tables for the rate, or it cannot run. */
size_t native_vad_bytes(void);
bool native_vad_start(void *vad, uint32_t rate);

/* A probability for each DETECTOR_HOPS rows of log-mel, or chunk of samples. False: it failed. */
bool native_vad_features(void *vad, const int16_t *logmel_q8, size_t chunks,
                         uint8_t *probability_q8);
bool native_vad_pcm(void *vad, const int16_t *pcm, size_t chunks, uint8_t *probability_q8);

/* The recognition network, from its start state: NATIVE_ASR_FRAMES rows of 80 values of log-mel a
 * call to as many rows of 40 logits. False: it failed. */
size_t native_asr_bytes(void);
bool native_asr_features(void *asr, const int16_t *logmel_q8, size_t calls, int8_t *logits);

/* The segments of a row of probabilities, at most (chunks + 1) / 2; one that is still open at the
 * end counts, ending with the last chunk at or above off. opened: what the gate had heard when it
 * opened for each. */
size_t native_segments(const struct gate_config *config, const uint8_t *probability_q8,
                       size_t chunks, struct gate_segment *segments, uint64_t *opened);

/* INT8 logits to log2-posteriors in Q8, rows of 40; posteriors.h says what from_q8_q16 is. */
void native_posteriors(uint32_t from_q8_q16, const int8_t *logits, size_t frames,
                       int16_t *log2_posterior_q8);

/* A decoder over a domain of count bytes at a multiple of 4, which must stay where they are. Says
 * why it cannot start (enum domain_fault), 0 if it can; NULL takes the shipped settings. */
size_t native_decoder_bytes(void);
uint32_t native_decoder_start(void *decoder, const void *domain, size_t count,
                              const struct decoder_config *config);

/* Forgets what has been said. */
void native_decoder_restart(void *decoder);

void native_decoder_frames(void *decoder, const int16_t *log2_posterior_q8, size_t frames);
void native_decoder_partial(void *decoder, struct decoder_partial *partial);
bool native_decoder_complete(void *decoder);
bool native_decoder_full(const void *decoder);
void native_decoder_finish(void *decoder, struct decoder_result *result);

/* The tokens that are alive; the arrivals that found no room since the last restart. */
uint32_t native_decoder_tokens(const void *decoder);
uint32_t native_decoder_lost(const void *decoder);

/* The text of a word of the decoder's domain. */
const char *native_decoder_word(const void *decoder, uint16_t word);

#endif
