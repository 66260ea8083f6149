/* ledger.h: where time and work went, a row a state, since reset.
 *
 * Samples are the audio clock; cycles are what the core counted while awake, for cost only. The
 * cycles between two chunks belong to the state that the earlier chunk left behind: it caused them.
 *
 * Owns: struct ledger (184 bytes), its caller's. Costs: a few additions a chunk.
 */
#ifndef EARSHOT_LEDGER_H
#define EARSHOT_LEDGER_H

#include <stdint.h>

#define LEDGER_STATES 6 /* enum listener_state */

struct ledger_row {
    uint64_t samples;
    uint64_t cycles;
    uint32_t entries;
};

struct ledger {
    struct ledger_row row[LEDGER_STATES];
    uint64_t speech_samples; /* in the segments that have closed */
    uint32_t frames;         /* front-end hops */
    uint32_t inferences;     /* of the voice detector */
    uint32_t asr_calls;      /* of the recogniser's network */
    uint32_t decoder_frames; /* that the decoder took */
    uint32_t segments;
    uint32_t dropped; /* samples that the microphone gave and nobody took */
    uint32_t state;   /* the row in force */
    uint32_t cycles_seen;
};

/* All zero, and one entry into `state`. The board's cycle counter starts from zero at reset. */
void ledger_init(struct ledger *ledger, uint32_t state);

/* Puts the cycles since the last call on the state in force. The counter may wrap once between. */
void ledger_cycles(struct ledger *ledger, uint32_t cycles_now);

/* Makes `state` the one in force; the entry counts only if it was not already. */
void ledger_enter(struct ledger *ledger, uint32_t state);

/* Puts samples on the state in force. */
void ledger_samples(struct ledger *ledger, uint32_t samples);

#endif
