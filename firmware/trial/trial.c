#include "trial.h"

#include <string.h>

#include "crc32.h"

_Static_assert(sizeof(struct trial) <= 1040, "as trial.h says");

struct output {
    const void *bytes;
    size_t count;
};

void trial_take(struct trial *trial, const struct link_trial_input *part) {
    if (part->offset <= sizeof trial->input &&
        part->data_length <= sizeof trial->input - part->offset) {
        memcpy(&trial->input[part->offset], part->data, part->data_length);
    }
}

void trial_disturbed(struct trial *trial) {
    trial->begun = false;
}

static const struct nn_model *network(uint8_t subject) {
    return subject == LINK_TRIAL_SUBJECT_VAD   ? &vad_model
           : subject == LINK_TRIAL_SUBJECT_ASR ? &asr_model
                                               : &kernels_model;
}

/* Bytes of an input; 0: the image lacks the subject, or the output that is asked for. */
static size_t input_bytes(const struct trial_parts *parts, const struct link_trial *asked) {
    switch (asked->subject) {
    case LINK_TRIAL_SUBJECT_FRONTEND:
        return asked->output == 0 ? EARSHOT_CHUNK * sizeof(int16_t) : 0;
    case LINK_TRIAL_SUBJECT_DECODER:
        return asked->output == 0 && parts->listener->recognizer.domain != NULL ? POSTERIORS_CLASSES
                                                                                : 0;
    default: {
        const struct nn_model *model = network(asked->subject);
        return asked->output < model->outputs ? model->input[0].bytes : 0;
    }
    }
}

static bool run_network(const struct nn_model *model, const struct trial *trial,
                        const struct trial_parts *parts, bool first) {
    if (first && !model->init(parts->memory)) {
        return false;
    }
    memcpy(model->input_data(parts->memory, 0), trial->input, model->input[0].bytes);
    return model->invoke(parts->memory);
}

static void run_frontend(const struct trial *trial, const struct trial_parts *parts, bool first) {
    if (first) {
        frontend_init(&parts->memory->ears.frontend, parts->tables);
    }
    frontend_chunk(&parts->memory->ears.frontend, (const int16_t *)(const void *)trial->input,
                   parts->memory->ears.logmel_q8);
}

static void run_decoder(const struct trial *trial, const struct trial_parts *parts, bool first) {
    struct recognizer *recognizer = &parts->listener->recognizer;
    int16_t log2_q8[POSTERIORS_CLASSES];

    if (first) {
        decoder_start(&recognizer->decoder);
    }
    posteriors_frame(&recognizer->posteriors, (const int8_t *)trial->input, log2_q8);
    decoder_frame(&recognizer->decoder, log2_q8);
}

/* False if the engine failed. */
static bool run(const struct trial *trial, const struct trial_parts *parts, uint8_t subject,
                bool first) {
    switch (subject) {
    case LINK_TRIAL_SUBJECT_FRONTEND:
        run_frontend(trial, parts, first);
        return true;
    case LINK_TRIAL_SUBJECT_DECODER:
        run_decoder(trial, parts, first);
        return true;
    default:
        return run_network(network(subject), trial, parts, first);
    }
}

/* What the last run gave; a text is put into `partial`. */
static struct output output_of(const struct trial_parts *parts, const struct link_trial *asked,
                               struct decoder_partial *partial) {
    switch (asked->subject) {
    case LINK_TRIAL_SUBJECT_FRONTEND:
        return (struct output){parts->memory->ears.logmel_q8, sizeof parts->memory->ears.logmel_q8};
    case LINK_TRIAL_SUBJECT_DECODER:
        decoder_partial(&parts->listener->recognizer.decoder, partial);
        return (struct output){partial->text, strlen(partial->text)};
    default: {
        const struct nn_model *model = network(asked->subject);
        return (struct output){model->output_data(parts->memory, asked->output),
                               model->output[asked->output].bytes};
    }
    }
}

static enum link_trial_refusal read_image(const struct trial_parts *parts,
                                          const struct link_trial *asked,
                                          struct link_trial_result *result) {
    const size_t start = (size_t)asked->run * LINK_TRIAL_BLOCK_BYTES;

    if (start >= parts->image_bytes || asked->output != 0) {
        return LINK_TRIAL_REFUSAL_ABSENT;
    }
    const size_t rest = parts->image_bytes - start;
    const size_t count = rest < LINK_TRIAL_BLOCK_BYTES ? rest : LINK_TRIAL_BLOCK_BYTES;
    const uint32_t before = parts->cycles(parts->context);
    result->crc32 = crc32_more(0, &parts->image[start], count);
    result->cycles = parts->cycles(parts->context) - before;
    result->bytes = (uint32_t)count;
    return LINK_TRIAL_REFUSAL_NONE;
}

/* The recogniser's clock for its own parts, so that the cycles are those of real work. */
static uint8_t state_for(const struct trial_parts *parts, uint8_t subject) {
    return subject == LINK_TRIAL_SUBJECT_ASR || subject == LINK_TRIAL_SUBJECT_DECODER
               ? (uint8_t)LISTENER_LISTEN
               : (uint8_t)parts->listener->state;
}

static enum link_trial_refusal run_asked(struct trial *trial, const struct trial_parts *parts,
                                         const struct link_trial *asked) {
    const size_t count = input_bytes(parts, asked);

    if (count == 0) {
        return LINK_TRIAL_REFUSAL_ABSENT;
    }
    if (parts->listener->recognizer.open) {
        return LINK_TRIAL_REFUSAL_BUSY;
    }
    if (parts->listener->failed != NULL && asked->subject != LINK_TRIAL_SUBJECT_FRONTEND) {
        return LINK_TRIAL_REFUSAL_FAILED;
    }
    const bool same = trial->begun && asked->subject == trial->subject;
    if (same && asked->run == trial->run) {
        return LINK_TRIAL_REFUSAL_NONE;
    }
    if (asked->run != 0 && !(same && asked->run == trial->run + 1)) {
        return LINK_TRIAL_REFUSAL_ORDER;
    }
    if (asked->input_bytes != count || crc32_more(0, trial->input, count) != asked->input_crc32) {
        return LINK_TRIAL_REFUSAL_INPUT;
    }
    parts->state(parts->context, state_for(parts, asked->subject));
    const uint32_t before = parts->cycles(parts->context);
    const bool well = run(trial, parts, asked->subject, asked->run == 0);
    trial->cycles = parts->cycles(parts->context) - before;
    parts->state(parts->context, (uint8_t)parts->listener->state);
    trial->begun = well;
    trial->subject = asked->subject;
    trial->run = asked->run;
    return well ? LINK_TRIAL_REFUSAL_NONE : LINK_TRIAL_REFUSAL_FAILED;
}

void trial_answer(struct trial *trial, const struct trial_parts *parts,
                  const struct link_trial *asked, struct link_trial_result *result) {
    struct decoder_partial partial;

    *result = (struct link_trial_result){
        .subject = asked->subject, .run = asked->run, .output = asked->output};
    if (asked->subject == LINK_TRIAL_SUBJECT_IMAGE) {
        result->refused = (uint8_t)read_image(parts, asked, result);
        return;
    }
    result->refused = (uint8_t)run_asked(trial, parts, asked);
    if (result->refused == LINK_TRIAL_REFUSAL_NONE) {
        const struct output output = output_of(parts, asked, &partial);
        result->bytes = (uint32_t)output.count;
        result->crc32 = crc32_more(0, output.bytes, output.count);
        result->cycles = trial->cycles;
    }
}
