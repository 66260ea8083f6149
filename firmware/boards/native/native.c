#include "native.h"

#include <string.h>

#include "board_facts.h"
#include "earshot.h"
#include "quantized.h"

enum { ROOM = 64 * 1024 }; /* bytes of frames that wait for Python */

struct native_board {
    struct earshot earshot;
    struct store_device store;
    uint8_t *store_bytes;
    uint8_t pins;
    size_t waiting;
    uint8_t frames[ROOM];
};

struct native_vad {
    _Alignas(16) uint8_t arena[VAD_ARENA_BYTES];
    struct detector detector;
    struct frontend frontend;
};

struct native_asr {
    _Alignas(16) uint8_t arena[ASR_ARENA_BYTES];
};

static const struct frontend_tables *tables_of(uint32_t rate) {
    return rate == 16000 ? &frontend_tables_16000 : rate == 15625 ? &frontend_tables_15625 : NULL;
}

/* Whoever runs the image has seen to it that there is room. */
static void write(void *context, const uint8_t *bytes, size_t count) {
    struct native_board *board = context;

    memcpy(&board->frames[board->waiting], bytes, count);
    board->waiting += count;
}

static void state(void *context, uint8_t code) {
    struct native_board *board = context;

    board->pins = code;
}

/* The desk's cycles are nobody's budget, and would differ from run to run. */
static uint32_t cycles(void *context) {
    (void)context;
    return 0;
}

static bool has_room(const struct native_board *board, size_t count) {
    return ROOM - board->waiting >= count;
}

static bool erase(void *context, uint32_t offset) {
    const struct native_board *board = context;

    memset(&board->store_bytes[offset], 0xff, NATIVE_PAGE_BYTES);
    return true;
}

/* As flash does: bits only go from 1 to 0. */
static bool program(void *context, uint32_t offset, const uint32_t *words, uint32_t count) {
    const struct native_board *board = context;
    uint8_t *to = &board->store_bytes[offset];
    const uint8_t *from = (const uint8_t *)words;

    for (uint32_t i = 0; i < 4 * count; i++) {
        to[i] &= from[i];
    }
    return memcmp(to, from, 4 * count) == 0;
}

size_t native_board_bytes(void) {
    return sizeof(struct native_board);
}

bool native_board_start(void *memory, uint32_t rate, uint8_t *store, uint64_t unit) {
    struct native_board *board = memory;
    const struct earshot_port port = {
        .context = board, .write = write, .state = state, .cycles = cycles};
    const struct earshot_identity identity = {
        .board = BOARD_NAME,
        .rate = rate,
        .tables = tables_of(rate),
        .reset_cause = LINK_RESET_CAUSE_POWER_ON,
        .unit = unit,
        .store = store == NULL ? NULL : &board->store,
    };
    if (identity.tables == NULL) {
        return false;
    }
    board->waiting = 0;
    board->store_bytes = store;
    board->store = (struct store_device){
        .base = store,
        .bytes = NATIVE_STORE_BYTES,
        .page_bytes = NATIVE_PAGE_BYTES,
        .lasting = true,
        .context = board,
        .erase = erase,
        .write = program,
    };
    earshot_init(&board->earshot, &identity, &port);
    return true;
}

uint32_t native_board_use(void *memory, const void *domain, size_t count) {
    struct native_board *board = memory;
    const enum domain_fault fault = domain_load(&board->earshot.domain, domain, count);

    listener_use(&board->earshot.listener, fault == DOMAIN_SOUND ? &board->earshot.domain : NULL);
    return (uint32_t)fault;
}

void native_board_partial(void *memory, const struct link_partial *partial) {
    struct native_board *board = memory;

    transcripts_partial(&board->earshot.transcripts, partial);
}

void native_board_final(void *memory, const struct link_segment *segment,
                        const struct link_final *final) {
    struct native_board *board = memory;
    struct link_final kept = *final;

    kept.id = transcripts_segment(&board->earshot.transcripts, segment);
    transcripts_final(&board->earshot.transcripts, &kept);
}

size_t native_board_take(void *memory, uint8_t *out, size_t cap) {
    struct native_board *board = memory;
    const size_t count = board->waiting < cap ? board->waiting : cap;

    memcpy(out, board->frames, count);
    board->waiting -= count;
    memmove(board->frames, &board->frames[count], board->waiting);
    return count;
}

size_t native_board_hear(void *memory, const int16_t *pcm, size_t chunks) {
    struct native_board *board = memory;
    size_t heard = 0;

    while (heard < chunks && has_room(board, NATIVE_CHUNK_FRAMES)) {
        earshot_chunk(&board->earshot, &pcm[heard * EARSHOT_CHUNK], 0, 0);
        heard++;
    }
    return heard;
}

size_t native_board_receive(void *memory, const uint8_t *bytes, size_t count) {
    struct native_board *board = memory;
    size_t taken = 0;

    while (taken < count && has_room(board, NATIVE_CHUNK_FRAMES)) {
        earshot_receive(&board->earshot, &bytes[taken], 1);
        taken++;
    }
    return taken;
}

uint8_t native_board_pins(const void *memory) {
    const struct native_board *board = memory;

    return board->pins;
}

bool native_logmel(uint32_t rate, const int16_t *pcm, size_t hops, int16_t *logmel_q8) {
    const struct frontend_tables *tables = tables_of(rate);
    struct frontend frontend;

    if (tables == NULL) {
        return false;
    }
    frontend_init(&frontend, tables);
    for (; hops >= 2; hops -= 2) {
        frontend_chunk(&frontend, pcm, logmel_q8);
        pcm += FRONTEND_CHUNK;
        logmel_q8 += 2 * FRONTEND_BANDS;
    }
    if (hops > 0) {
        int16_t last[FRONTEND_CHUNK] = {0}, pair_q8[2 * FRONTEND_BANDS];

        memcpy(last, pcm, FRONTEND_HOP * sizeof *pcm);
        frontend_chunk(&frontend, last, pair_q8);
        memcpy(logmel_q8, pair_q8, FRONTEND_BANDS * sizeof *logmel_q8);
    }
    return true;
}

size_t native_vad_bytes(void) {
    return sizeof(struct native_vad);
}

bool native_vad_start(void *memory, uint32_t rate) {
    struct native_vad *vad = memory;
    const struct frontend_tables *tables = tables_of(rate);

    if (tables == NULL) {
        return false;
    }
    frontend_init(&vad->frontend, tables);
    return detector_init(&vad->detector, &vad_model, vad->arena, sizeof vad->arena);
}

bool native_vad_features(void *memory, const int16_t *logmel_q8, size_t chunks,
                         uint8_t *probability_q8) {
    struct native_vad *vad = memory;

    for (size_t i = 0; i < chunks; i++) {
        if (!detector_decide(&vad->detector, &logmel_q8[i * DETECTOR_FEATURES],
                             &probability_q8[i])) {
            return false;
        }
    }
    return true;
}

bool native_vad_pcm(void *memory, const int16_t *pcm, size_t chunks, uint8_t *probability_q8) {
    struct native_vad *vad = memory;
    int16_t logmel_q8[DETECTOR_FEATURES];

    for (size_t i = 0; i < chunks; i++) {
        frontend_chunk(&vad->frontend, &pcm[i * EARSHOT_CHUNK], logmel_q8);
        if (!detector_decide(&vad->detector, logmel_q8, &probability_q8[i])) {
            return false;
        }
    }
    return true;
}

size_t native_asr_bytes(void) {
    return sizeof(struct native_asr);
}

bool native_asr_features(void *memory, const int16_t *logmel_q8, size_t calls, int8_t *logits) {
    struct native_asr *asr = memory;
    const struct nn_tensor *input = &asr_model.input[0];
    const size_t outputs = asr_model.output[0].bytes;

    if (!asr_model.init(asr->arena)) {
        return false;
    }
    for (size_t call = 0; call < calls; call++) {
        int8_t *features = asr_model.input_data(asr->arena, 0);
        for (size_t i = 0; i < input->bytes; i++) {
            features[i] = quantized(logmel_q8[call * input->bytes + i], input);
        }
        if (!asr_model.invoke(asr->arena)) {
            return false;
        }
        memcpy(&logits[call * outputs], asr_model.output_data(asr->arena, 0), outputs);
    }
    return true;
}

size_t native_segments(const struct gate_config *config, const uint8_t *probability_q8,
                       size_t chunks, struct gate_segment *segments, uint64_t *opened) {
    struct gate gate;
    size_t count = 0;

    gate_init(&gate, config);
    for (size_t i = 0; i < chunks; i++) {
        const enum gate_event event = gate_decide(&gate, (uint64_t)i * EARSHOT_CHUNK, EARSHOT_CHUNK,
                                                  probability_q8[i], false);
        if (event == GATE_OPENED) {
            opened[count] = (uint64_t)(i + 1) * EARSHOT_CHUNK;
        } else if (event == GATE_CLOSED) {
            segments[count++] = gate.segment;
        }
    }
    if (gate.open) {
        segments[count++] = gate.segment;
    }
    return count;
}
