#include "listener.h"

#include <string.h>

_Static_assert(LISTENER_FAULT + 1 == LEDGER_STATES, "a ledger row a state");
_Static_assert(EARSHOT_CHUNK == FRONTEND_CHUNK, "a chunk is what the front end takes at a time");
_Static_assert(sizeof(struct listener) - sizeof(struct recognizer) <= 2970, "as listener.h says");

static void fail(struct listener *listener, const struct nn_model *model) {
    listener->state = LISTENER_FAULT;
    listener->failed = model;
    listener->recognizer.open = false;
}

void listener_init(struct listener *listener, const struct listener_parts *parts,
                   const struct listener_config *config) {
    memset(listener, 0, sizeof *listener);
    frontend_init(&listener->frontend, parts->tables);
    gate_init(&listener->gate, &config->gate);
    listener->config = *config;
    listener->state = LISTENER_HEAR;
    if (!detector_init(&listener->detector, parts->vad, parts->vad_arena, parts->vad_arena_bytes)) {
        fail(listener, parts->vad);
    } else if (!recognizer_init(&listener->recognizer, parts->asr, parts->asr_arena,
                                parts->asr_arena_bytes)) {
        fail(listener, parts->asr);
    }
    ledger_init(&listener->ledger, listener->state);
}

void listener_configure(struct listener *listener, const struct listener_config *config) {
    listener->config = *config;
    gate_configure(&listener->gate, &config->gate);
}

void listener_use(struct listener *listener, const struct domain *domain) {
    recognizer_use(&listener->recognizer, domain);
}

/* The peak is above the floor; a loud chunk is mostly known by its first samples. */
static bool is_loud(const int16_t *pcm, int32_t floor) {
    for (uint32_t i = 0; i < EARSHOT_CHUNK; i++) {
        /* One comparison for -floor .. floor: this loop is most of what SLEEP costs. */
        if ((uint32_t)(pcm[i] + floor) > (uint32_t)(2 * floor)) {
            return true;
        }
    }
    return false;
}

static enum listener_state next_state(struct listener *listener, const int16_t *pcm) {
    const uint32_t patience = listener->config.sleep_after_chunks;

    if (patience == 0 || listener->gate.open || is_loud(pcm, listener->config.sleep_floor)) {
        listener->quiet_chunks = 0;
    } else if (listener->quiet_chunks < patience) {
        listener->quiet_chunks++;
        /* The chunk that makes the row full is still heard: SLEEP starts with the next one. */
        return listener->state == LISTENER_SLEEP ? LISTENER_SLEEP : LISTENER_HEAR;
    } else {
        return LISTENER_SLEEP;
    }
    return listener->recognizer.open ? LISTENER_LISTEN : LISTENER_HEAR;
}

/* False: the engine failed. */
static bool chunk_runs(struct listener *listener, const int16_t *pcm, uint8_t *probability_q8) {
    int16_t logmel_q8[DETECTOR_FEATURES];

    frontend_chunk(&listener->frontend, pcm, logmel_q8);
    listener->ledger.frames += DETECTOR_HOPS;
    listener->ledger.inferences++;
    recognizer_hear(&listener->recognizer, logmel_q8);
    return detector_decide(&listener->detector, logmel_q8, probability_q8);
}

static void count_segment(struct ledger *ledger, const struct gate_segment *segment) {
    ledger->segments++;
    ledger->speech_samples += segment->end - segment->start;
}

struct listener_report listener_hear(struct listener *listener, const int16_t *pcm,
                                     uint32_t cycles_now, uint32_t dropped_now) {
    struct listener_report report = {0};
    const enum listener_state before = listener->state;

    ledger_cycles(&listener->ledger, cycles_now);
    listener->ledger.dropped = dropped_now;
    if (before != LISTENER_FAULT) {
        listener->state = next_state(listener, pcm);
    }
    if (listener->state == LISTENER_SLEEP) {
        frontend_keep(&listener->frontend, pcm);
        recognizer_skip(&listener->recognizer);
    } else if (listener->state != LISTENER_FAULT) {
        if ((before == LISTENER_SLEEP && !detector_restart(&listener->detector)) ||
            !chunk_runs(listener, pcm, &report.probability_q8)) {
            fail(listener, listener->detector.model);
        }
    }
    report.gate = gate_decide(&listener->gate, listener->heard, EARSHOT_CHUNK,
                              report.probability_q8, recognizer_complete(&listener->recognizer));
    if (report.gate == GATE_OPENED && listener->recognizer.domain != NULL &&
        listener->state == LISTENER_HEAR) {
        listener->state = LISTENER_LISTEN;
        if (!recognizer_open(&listener->recognizer, listener->gate.segment.start)) {
            fail(listener, listener->recognizer.model);
        }
    }
    if (report.gate == GATE_CLOSED) {
        report.segment = listener->gate.segment;
        count_segment(&listener->ledger, &report.segment);
        if (listener->state == LISTENER_LISTEN) {
            listener->state = LISTENER_SEND;
        }
    }
    ledger_enter(&listener->ledger, listener->state);
    ledger_samples(&listener->ledger, EARSHOT_CHUNK);
    listener->heard += EARSHOT_CHUNK;
    report.state_changed = listener->state != before;
    return report;
}

struct listener_work listener_work(struct listener *listener) {
    struct recognizer *recognizer = &listener->recognizer;
    struct gate *gate = &listener->gate;
    struct listener_work work = {0};
    struct recognizer_report report = {0};
    bool runs = true;

    if (listener->state == LISTENER_LISTEN) {
        runs = recognizer_work(recognizer, gate->segment.end, &report);
        if (gate->run == 0) {
            recognizer_resume(recognizer);
        } else if (runs && gate->run + 1u >= gate->config.hangover_complete_chunks) {
            /* The next chunk that is quiet closes the gate, if this was the end. */
            runs = recognizer_pause(recognizer, &report);
        }
    } else if (listener->state == LISTENER_SEND) {
        runs = recognizer_close(recognizer, gate->segment.end, &report);
    }
    if (!runs) {
        fail(listener, recognizer->model);
        ledger_enter(&listener->ledger, listener->state);
        work.faulted = true;
        return work;
    }
    listener->ledger.asr_calls += report.calls;
    listener->ledger.decoder_frames += report.frames;
    if (report.cut) {
        work.segment = gate_cut(gate, report.seam);
        count_segment(&listener->ledger, &work.segment);
    }
    work.cut = report.cut;
    work.final = report.ended;
    work.partial_changed = report.changed;
    return work;
}
