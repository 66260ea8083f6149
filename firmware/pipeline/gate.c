#include "gate.h"

#include <string.h>

_Static_assert(sizeof(struct gate) <= 48, "as gate.h says");
_Static_assert(GATE_RUN_CHUNKS * 255u <= UINT16_MAX, "evidence fits");

void gate_init(struct gate *gate, const struct gate_config *config) {
    memset(gate, 0, sizeof *gate);
    gate->config = *config;
}

void gate_configure(struct gate *gate, const struct gate_config *config) {
    gate->config = *config;
}

static uint64_t later(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

/* Chunks of this probability tell nothing; at least one below on_q8. */
static int32_t level_q8(const struct gate_config *config) {
    return config->on_q8 - 1 - (config->on_q8 - config->off_q8) / 2;
}

static enum gate_event closed_takes(struct gate *gate, uint64_t start, uint64_t end,
                                    uint8_t probability_q8) {
    const struct gate_config *config = &gate->config;
    const int32_t level = level_q8(config);
    const int32_t evidence = gate->evidence_q8 + probability_q8 - level;
    const int32_t enough = config->min_speech_chunks * (config->on_q8 - level);
    struct gate_segment *segment = &gate->segment;

    if (evidence <= 0) {
        gate->run = 0;
        gate->evidence_q8 = 0;
        return GATE_STAYS;
    }
    if (gate->run == 0) {
        segment->start = start;
        segment->peak_q8 = 0;
    }
    if (gate->run < GATE_RUN_CHUNKS) {
        gate->run++;
    } else {
        segment->start += end - start;
    }
    segment->end = end;
    if (probability_q8 > segment->peak_q8) {
        segment->peak_q8 = probability_q8;
    }
    if (evidence < enough) {
        gate->evidence_q8 = (uint16_t)evidence;
        return GATE_STAYS;
    }
    const uint64_t pre_roll = config->pre_roll_samples;
    segment->start =
        later(segment->start > pre_roll ? segment->start - pre_roll : 0, gate->last_end);
    gate->open = true;
    gate->run = 0;
    gate->evidence_q8 = 0;
    return GATE_OPENED;
}

static uint16_t hangover(const struct gate_config *config, bool complete) {
    const uint16_t most = config->hangover_chunks, least = config->hangover_complete_chunks;

    return complete && least < most ? least : most;
}

static enum gate_event open_takes(struct gate *gate, uint64_t end, uint8_t probability_q8,
                                  bool complete) {
    struct gate_segment *segment = &gate->segment;

    if (probability_q8 >= gate->config.off_q8) {
        gate->run = 0;
        segment->end = end;
        if (probability_q8 > segment->peak_q8) {
            segment->peak_q8 = probability_q8;
        }
        return GATE_STAYS;
    }
    gate->run++;
    if (gate->run < hangover(&gate->config, complete)) {
        return GATE_STAYS;
    }
    gate->open = false;
    gate->run = 0;
    gate->last_end = segment->end;
    return GATE_CLOSED;
}

enum gate_event gate_decide(struct gate *gate, uint64_t chunk_start, uint32_t chunk_samples,
                            uint8_t probability_q8, bool complete) {
    const uint64_t chunk_end = chunk_start + chunk_samples;

    return gate->open ? open_takes(gate, chunk_end, probability_q8, complete)
                      : closed_takes(gate, chunk_start, chunk_end, probability_q8);
}

struct gate_segment gate_cut(struct gate *gate, uint64_t seam) {
    struct gate_segment ended = gate->segment;

    ended.end = seam;
    gate->segment.start = seam;
    return ended;
}
