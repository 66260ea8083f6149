/* gate.h: speech probabilities to segments: where speech starts and ends, in samples.
 *
 * The gate opens on evidence, a cumulative sum (E. S. Page, "Continuous inspection schemes", 1954):
 * each chunk adds by how much it lies above the level half-way from off_q8 to on_q8, or takes away
 * by how much it lies below; less than nothing is nothing, and a new run. min_speech_chunks chunks
 * at on_q8 are enough, fewer that are surer, more that are less so: a short word does not have to
 * stay above on_q8, and a click is over too soon. It closes when hangover_chunks chunks in a row
 * were below off_q8, or hangover_complete_chunks of them, if that is less and what was said is a
 * whole phrase, as who listens knows.
 *
 * The segment starts with the first chunk of the run that opened the gate, GATE_RUN_CHUNKS before
 * its end at most, less pre_roll_samples, but neither before sample 0 nor before the end of the
 * segment before; it ends with the last chunk at or above off_q8. So the hangover decides when the
 * gate closes and how long a pause joins two phrases; it is no part of the segment.
 *
 * A pure function of what it is given. Owns: struct gate (48 bytes), its caller's.
 * Costs: a dozen instructions a chunk.
 */
#ifndef EARSHOT_GATE_H
#define EARSHOT_GATE_H

#include <stdbool.h>
#include <stdint.h>

#define GATE_RUN_CHUNKS 60u /* the most that min_speech_chunks may be, as protocol.toml has it */

struct gate_config {
    uint8_t on_q8;  /* 1 .. 255 */
    uint8_t off_q8; /* 1 .. on_q8 */
    uint16_t min_speech_chunks;
    uint16_t hangover_chunks;
    uint16_t hangover_complete_chunks;
    uint16_t pre_roll_samples;
};

struct gate_segment {
    uint64_t start; /* first sample */
    uint64_t end;   /* the sample after the last one */
    uint8_t peak_q8;
};

enum gate_event {
    GATE_STAYS = 0,
    GATE_OPENED = 1,
    GATE_CLOSED = 2,
};

struct gate {
    struct gate_config config;
    bool open;
    uint16_t run;         /* chunks in a row: while closed with evidence, while open below off */
    uint16_t evidence_q8; /* while closed: the sum */
    struct gate_segment segment; /* the one that runs, open or about to open */
    uint64_t last_end;           /* of the segment before */
};

/* Closed, at sample 0. A count of zero chunks counts as one. */
void gate_init(struct gate *gate, const struct gate_config *config);

/* New thresholds from the next chunk on; an open gate stays open. */
void gate_configure(struct gate *gate, const struct gate_config *config);

/* Takes the next chunk: samples chunk_start up to chunk_start + chunk_samples. When it says
 * GATE_OPENED, gate->segment holds start and peak so far; when GATE_CLOSED, the whole segment.
 * complete: what was said up to here is a whole phrase. */
enum gate_event gate_decide(struct gate *gate, uint64_t chunk_start, uint32_t chunk_samples,
                            uint8_t probability_q8, bool complete);

/* Of an open gate: ends the segment before the sample `seam`, which lies within it, and starts the
 * next one there. Both have the peak so far. Returns the one that ended. */
struct gate_segment gate_cut(struct gate *gate, uint64_t seam);

#endif
