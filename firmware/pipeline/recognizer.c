#include "recognizer.h"

#include <string.h>

#include "quantized.h"

#define ARENA_ALIGNMENT 16u
#define CHUNK ((uint64_t)FRONTEND_CHUNK) /* samples; a frame of the network too */
#define CALL ((uint32_t)RECOGNIZER_FRAMES_PER_CALL)
#define LOOKAHEAD ((uint32_t)RECOGNIZER_LOOKAHEAD_FRAMES)
#define INPUT_BYTES (CALL * DETECTOR_FEATURES)
#define OUTPUT_BYTES (CALL * POSTERIORS_CLASSES)
#define MARGIN_Q8                                                                                  \
    (8 * 256)            /* octaves that a whole phrase may be less likely than one that goes on */
#define SILENT_Q8 (-256) /* the blank has at least half of the probability */

_Static_assert((RECOGNIZER_RING_CHUNKS & (RECOGNIZER_RING_CHUNKS - 1)) == 0,
               "a mask finds a chunk");
_Static_assert(RECOGNIZER_RING_CHUNKS > 2 * RECOGNIZER_FRAMES_PER_CALL, "a call and its rest");

/* From the share of RECOGNIZER_CUT_FRAMES on (in sixteenths): the silent frames in a row at which a
 * transcript is cut, where the decoder has a whole phrase and where not. */
static const struct {
    uint8_t sixteenths, complete, any;
} cuts[] = {{16, 0, 0}, {15, 1, 2}, {14, 2, 4}, {12, 5, 10}, {8, 8, 16}};

bool recognizer_init(struct recognizer *recognizer, const struct nn_model *model, void *arena,
                     size_t arena_bytes) {
    memset(recognizer, 0, sizeof *recognizer);
    recognizer->model = model;
    recognizer->arena = arena;
    if (model->inputs != 1 || model->input[0].type != NN_INT8 ||
        model->input[0].bytes != INPUT_BYTES || model->outputs != 1 ||
        model->output[0].type != NN_INT8 || model->output[0].bytes != OUTPUT_BYTES ||
        model->arena_bytes > arena_bytes || (uintptr_t)arena % ARENA_ALIGNMENT != 0) {
        return false;
    }
    posteriors_init(&recognizer->posteriors, model->output[0].from_q8_q16);
    return model->init(arena);
}

void recognizer_use(struct recognizer *recognizer, const struct domain *domain) {
    recognizer->domain = domain;
    if (domain != NULL) {
        decoder_init(&recognizer->decoder, domain, NULL);
    }
}

static int8_t *place(struct recognizer *recognizer, uint64_t chunk) {
    return recognizer->ring[chunk & (RECOGNIZER_RING_CHUNKS - 1)];
}

void recognizer_hear(struct recognizer *recognizer, const int16_t *logmel_q8) {
    int8_t *out = place(recognizer, recognizer->heard);

    for (uint32_t i = 0; i < DETECTOR_FEATURES; i++) {
        out[i] = quantized(logmel_q8[i], &recognizer->model->input[0]);
    }
    recognizer->heard++;
    recognizer->kept += recognizer->kept < RECOGNIZER_RING_CHUNKS;
}

void recognizer_skip(struct recognizer *recognizer) {
    recognizer->heard++;
    recognizer->kept = 0;
}

static void begin_transcript(struct recognizer *recognizer, uint64_t start) {
    decoder_start(&recognizer->decoder);
    memset(&recognizer->partial, 0, sizeof recognizer->partial);
    recognizer->start = start;
    recognizer->decoder_from = recognizer->frames;
    recognizer->blanks = 0;
}

bool recognizer_open(struct recognizer *recognizer, uint64_t start) {
    const uint64_t oldest = recognizer->heard - recognizer->kept;
    const uint64_t wanted = start / CHUNK;

    recognizer->open = true;
    recognizer->catching_up = true;
    recognizer->first = wanted > oldest ? wanted : oldest;
    recognizer->next = recognizer->first;
    recognizer->frames = 0;
    recognizer->pauses = 0;
    recognizer_resume(recognizer);
    begin_transcript(recognizer, start);
    return recognizer->model->init(recognizer->arena);
}

/* The sample with which the audio of an output frame starts, counted from the network's start. */
static uint64_t sample_of(const struct recognizer *recognizer, uint32_t frame) {
    const uint32_t input = frame < LOOKAHEAD ? 0 : frame - LOOKAHEAD;
    uint32_t repeated = 0;

    for (uint32_t i = 0; i < recognizer->pauses && input > recognizer->pause[i].input; i++) {
        const uint32_t behind = input - recognizer->pause[i].input;
        repeated += behind < recognizer->pause[i].count ? behind : recognizer->pause[i].count;
    }
    return (recognizer->first + input - repeated) * CHUNK;
}

/* The sample of one of the transcript's frames; not before its start, nor behind what was heard. */
static uint64_t dated(const struct recognizer *recognizer, uint32_t frame) {
    const uint64_t sample = sample_of(recognizer, recognizer->decoder_from + frame);
    const uint64_t heard = recognizer->heard * CHUNK;

    if (sample > heard) {
        return heard;
    }
    return sample > recognizer->start ? sample : recognizer->start;
}

static void end_transcript(struct recognizer *recognizer, uint64_t end,
                           struct recognizer_report *report) {
    struct recognizer_transcript *final = &recognizer->final;
    const struct decoder_result *said = &final->said;

    decoder_finish(&recognizer->decoder, &final->said);
    const bool has_words = said->text[0] != '\0';
    final->start = has_words ? dated(recognizer, said->start) : recognizer->start;
    final->end = has_words ? dated(recognizer, said->end) : end;
    report->ended = true;
}

/* After the frame that the decoder took last. */
static bool is_place_to_cut(struct recognizer *recognizer) {
    const uint32_t frames = recognizer->frames - recognizer->decoder_from;

    if (decoder_full(&recognizer->decoder)) {
        return true;
    }
    for (uint32_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        if (16u * frames >= cuts[i].sixteenths * RECOGNIZER_CUT_FRAMES) {
            return recognizer->blanks >= cuts[i].any || (recognizer->blanks >= cuts[i].complete &&
                                                         decoder_complete(&recognizer->decoder));
        }
    }
    return false;
}

static void take_frame(struct recognizer *recognizer, const int8_t *logits, uint64_t speech_end,
                       struct recognizer_report *report) {
    int16_t log2_q8[POSTERIORS_CLASSES];

    posteriors_frame(&recognizer->posteriors, logits, log2_q8);
    decoder_frame(&recognizer->decoder, log2_q8);
    recognizer->frames++;
    recognizer->blanks = log2_q8[0] >= SILENT_Q8 ? recognizer->blanks + 1 : 0;
    report->frames++;
    const uint64_t seam = sample_of(recognizer, recognizer->frames);
    if (!report->cut && seam > recognizer->start && seam < speech_end &&
        is_place_to_cut(recognizer)) {
        end_transcript(recognizer, seam, report);
        report->cut = true;
        report->seam = seam;
        begin_transcript(recognizer, seam);
    }
}

/* A call; chunks that nobody has heard yet are the last one heard, again. */
static bool run_call(struct recognizer *recognizer, uint64_t speech_end,
                     struct recognizer_report *report) {
    const struct nn_model *model = recognizer->model;
    int8_t *input = model->input_data(recognizer->arena, 0);

    for (uint32_t i = 0; i < CALL; i++) {
        const uint64_t chunk = recognizer->next + i;
        const uint64_t known = chunk < recognizer->heard ? chunk : recognizer->heard - 1;
        memcpy(&input[i * DETECTOR_FEATURES], place(recognizer, known), DETECTOR_FEATURES);
    }
    if (!model->invoke(recognizer->arena)) {
        return false;
    }
    recognizer->next += CALL;
    report->calls++;
    const int8_t *logits = model->output_data(recognizer->arena, 0);
    for (uint32_t i = 0; i < CALL; i++) {
        take_frame(recognizer, &logits[i * POSTERIORS_CLASSES], speech_end, report);
    }
    return true;
}

/* The decoder's best so far differs in its text from what was told last. */
static bool partial_changes(struct recognizer *recognizer) {
    struct recognizer_partial *partial = &recognizer->partial;
    struct decoder_partial said;

    decoder_partial(&recognizer->decoder, &said);
    if (strcmp(said.text, partial->said.text) == 0) {
        return false;
    }
    partial->said = said;
    partial->start = said.text[0] != '\0' ? dated(recognizer, said.start) : recognizer->start;
    partial->end = sample_of(recognizer, recognizer->frames);
    return true;
}

bool recognizer_work(struct recognizer *recognizer, uint64_t speech_end,
                     struct recognizer_report *report) {
    const uint32_t most = recognizer->catching_up ? RECOGNIZER_CATCH_UP_CALLS : 1u;

    memset(report, 0, sizeof *report);
    recognizer->catching_up = false;
    while (report->calls < most && recognizer->heard - recognizer->next >= CALL) {
        if (!run_call(recognizer, speech_end, report)) {
            return false;
        }
    }
    if (report->calls > 0) {
        report->changed = partial_changes(recognizer);
        recognizer->may_end =
            recognizer->looked_at > 0 && decoder_may_end(&recognizer->decoder, MARGIN_Q8);
    }
    return true;
}

/* Runs what was heard to its end, and lets the network settle. */
static bool run_out(struct recognizer *recognizer, struct recognizer_report *report) {
    const uint64_t end = (recognizer->heard + RECOGNIZER_SETTLE_FRAMES) * CHUNK;

    while (sample_of(recognizer, recognizer->frames) < end) {
        if (!run_call(recognizer, 0, report)) {
            return false;
        }
    }
    return true;
}

bool recognizer_pause(struct recognizer *recognizer, struct recognizer_report *report) {
    if (recognizer->looked_at > 0 || recognizer->pauses == RECOGNIZER_PAUSES) {
        return true;
    }
    uint32_t given = (uint32_t)(recognizer->heard - recognizer->first);
    for (uint32_t i = 0; i < recognizer->pauses; i++) {
        given += recognizer->pause[i].count;
    }
    if (!run_out(recognizer, report)) {
        return false;
    }
    recognizer->pause[recognizer->pauses].input = given;
    recognizer->pause[recognizer->pauses].count = (uint32_t)(recognizer->next - recognizer->heard);
    recognizer->pauses++;
    recognizer->next = recognizer->heard;
    recognizer->looked_at = recognizer->heard;
    recognizer->may_end = decoder_may_end(&recognizer->decoder, MARGIN_Q8);
    return true;
}

void recognizer_resume(struct recognizer *recognizer) {
    recognizer->may_end = false;
    recognizer->looked_at = 0;
}

bool recognizer_close(struct recognizer *recognizer, uint64_t end,
                      struct recognizer_report *report) {
    memset(report, 0, sizeof *report);
    recognizer->open = false;
    /* A pause that was looked behind just now has nothing new to tell. */
    if (recognizer->heard - recognizer->looked_at > CALL && !run_out(recognizer, report)) {
        return false;
    }
    end_transcript(recognizer, end, report);
    return true;
}

bool recognizer_complete(struct recognizer *recognizer) {
    return recognizer->open && recognizer->may_end;
}
