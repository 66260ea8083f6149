/* listener.h: the duty-cycle machine: what runs on a chunk of audio, and what came of it.
 *
 * HEAR: front end, network and gate run on each chunk. After sleep_after_chunks chunks in a row
 * whose peak is at most sleep_floor, with the gate closed, it enters SLEEP: nothing runs but the
 * peak and the front end's window. A chunk above the floor wakes it, and is itself heard; the
 * network starts from its start state, the window is whole. In SLEEP the score is 0.
 * FAULT: the network cannot run; time is counted, nothing is heard.
 *
 * Owns: struct listener (2.8 KiB), its caller's, and with it front end, gate and ledger. The arena
 * is the caller's. Costs: two front-end hops and an inference a chunk in HEAR, a scan in SLEEP.
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

struct listener {
    struct frontend frontend;
    struct detector detector;
    struct gate gate;
    struct ledger ledger;
    struct listener_config config;
    enum listener_state state;
    uint32_t quiet_chunks; /* in a row, at most sleep_after_chunks */
    uint64_t heard;        /* samples since reset: the audio clock */
};

/* What one chunk brought. */
struct listener_report {
    bool state_changed;
    enum gate_event gate;
    uint8_t probability_q8;
    struct gate_segment segment; /* when the gate says GATE_CLOSED */
};

/* At sample 0, in HEAR; in FAULT if the network does not fit the front end or cannot run. */
void listener_init(struct listener *listener, const struct frontend_tables *tables,
                   const struct nn_model *model, void *arena, size_t arena_bytes,
                   const struct listener_config *config);

/* In force from the next chunk on. */
void listener_configure(struct listener *listener, const struct listener_config *config);

/* Takes the next EARSHOT_CHUNK samples, and the board's counters as they were when these came. */
struct listener_report listener_hear(struct listener *listener, const int16_t *pcm,
                                     uint32_t cycles_now, uint32_t dropped_now);

#endif
