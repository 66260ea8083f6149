#include "gate.h"

#include <string.h>

_Static_assert(sizeof(struct gate) <= 48, "as gate.h says");

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

static enum gate_event closed_takes(struct gate *gate, uint64_t start, uint64_t end,
                                    uint8_t probability_q8) {
    struct gate_segment *segment = &gate->segment;

    if (probability_q8 < gate->config.on_q8) {
        gate->run = 0;
        return GATE_STAYS;
    }
    if (gate->run == 0) {
        const uint64_t pre_roll = gate->config.pre_roll_samples;
        segment->start = later(start > pre_roll ? start - pre_roll : 0, gate->last_end);
        segment->peak_q8 = 0;
    }
    gate->run++;
    segment->end = end;
    if (probability_q8 > segment->peak_q8) {
        segment->peak_q8 = probability_q8;
    }
    if (gate->run < gate->config.min_speech_chunks) {
        return GATE_STAYS;
    }
    gate->open = true;
    gate->run = 0;
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
