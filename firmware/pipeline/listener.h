/* listener.h: the duty-cycle machine: what runs on a chunk of audio, and what came of it.
 *
 * HEAR: front end, voice detector and gate run on each chunk. After sleep_after_chunks chunks in a
 * row whose peak is at most sleep_floor, with the gate closed, it enters SLEEP: nothing runs but
 * the peak and the front end's window. A chunk above the floor wakes it, and is itself heard; the
 * networks start from their start states, the window is whole. In SLEEP the score is 0.
 * LISTEN: while the gate is open, and there is a domain to write down: HEAR, and the recogniser.
 * SEND: the chunk in which the gate has closed after LISTEN: the transcript is ended and handed
 * over. The next chunk is in HEAR, or in LISTEN again.
 * FAULT: a network cannot run; time is counted, nothing is heard.
 *
 * A chunk is two calls: listener_hear() decides on the state, listener_work() does what that asks
 * for beyond HEAR. Between them the caller can tell the board, so that it may run faster.
 *
 * Owns: struct listener (2.9 KiB and the recogniser), its caller's, and with it front end, gate and
 * ledger. The arenas are the caller's. Costs: two front-end hops and a voice decision a chunk in
 * HEAR, a scan in SLEEP; what recognizer.h says in LISTEN.
 */
#ifndef EARSHOT_LISTENER_H
#define EARSHOT_LISTENER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "detector.h"
#include "frontend.h"
#include "gate.h"
#include "ledger.h"
#include "recognizer.h"

/* Samples that the board hands over at a time: one decision. */
#define EARSHOT_CHUNK (DETECTOR_HOPS * FRONTEND_HOP)

enum listener_state {
    LISTENER_SLEEP = 0,
    LISTENER_HEAR = 1,
    LISTENER_LISTEN = 2,
    LISTENER_SEND = 3,
    LISTENER_PLAY = 4,
    LISTENER_FAULT = 5,
};

struct listener_config {
    struct gate_config gate;
    uint16_t sleep_floor;        /* peak |sample|; 0: only digital silence is below */
    uint16_t sleep_after_chunks; /* 0: never sleeps */
};

/* What it runs, its caller's. Arenas are 16-byte aligned. */
struct listener_parts {
    const struct frontend_tables *tables;
    const struct nn_model *vad;
    void *vad_arena;
    size_t vad_arena_bytes;
    const struct nn_model *asr;
    void *asr_arena;
    size_t asr_arena_bytes;
};

struct listener {
    struct frontend frontend;
    struct detector detector;
    struct gate gate;
    struct ledger ledger;
    struct listener_config config;
    enum listener_state state;
    uint32_t quiet_chunks;         /* in a row, at most sleep_after_chunks */
    uint64_t heard;                /* samples since reset: the audio clock */
    const struct nn_model *failed; /* the network that cannot run; NULL: all can */
    struct recognizer recognizer;
};

/* What one chunk brought. */
struct listener_report {
    bool state_changed;
    enum gate_event gate;
    uint8_t probability_q8;
    struct gate_segment segment; /* when the gate says GATE_CLOSED */
};

/* What the work on it brought; listener->recognizer has the transcripts. */
struct listener_work {
    bool faulted;
    bool partial_changed;
    bool final; /* of the segment that the gate closed, or that was cut */
    bool cut;   /* `segment` has ended, and the gate is still open */
    struct gate_segment segment;
};

/* At sample 0, in HEAR, without a domain; in FAULT if a network has not the shape that detector.h
 * or recognizer.h asks for, or cannot run. */
void listener_init(struct listener *listener, const struct listener_parts *parts,
                   const struct listener_config *config);

/* What to write down from the next segment on; NULL: nothing. It must stay as it is. Only while the
 * gate is closed. */
void listener_use(struct listener *listener, const struct domain *domain);

/* In force from the next chunk on. */
void listener_configure(struct listener *listener, const struct listener_config *config);

/* Takes the next EARSHOT_CHUNK samples, and the board's counters as they were when these came. */
struct listener_report listener_hear(struct listener *listener, const int16_t *pcm,
                                     uint32_t cycles_now, uint32_t dropped_now);

/* To be called once after each listener_hear(). */
struct listener_work listener_work(struct listener *listener);

#endif
