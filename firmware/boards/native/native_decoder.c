#include "decoder.h"
#include "native.h"
#include "posteriors.h"

struct native_decoder {
    struct domain domain;
    struct decoder decoder;
};

void native_posteriors(uint32_t from_q8_q16, const int8_t *logits, size_t frames,
                       int16_t *log2_posterior_q8) {
    struct posteriors posteriors;

    posteriors_init(&posteriors, from_q8_q16);
    for (size_t i = 0; i < frames; i++) {
        posteriors_frame(&posteriors, &logits[i * POSTERIORS_CLASSES],
                         &log2_posterior_q8[i * POSTERIORS_CLASSES]);
    }
}

size_t native_decoder_bytes(void) {
    return sizeof(struct native_decoder);
}

uint32_t native_decoder_start(void *memory, const void *domain, size_t count,
                              const struct decoder_config *config) {
    struct native_decoder *native = memory;
    const enum domain_fault fault = domain_load(&native->domain, domain, count);

    if (fault == DOMAIN_SOUND) {
        decoder_init(&native->decoder, &native->domain, config);
    }
    return fault;
}

void native_decoder_restart(void *memory) {
    struct native_decoder *native = memory;

    decoder_start(&native->decoder);
}

void native_decoder_frames(void *memory, const int16_t *log2_posterior_q8, size_t frames) {
    struct native_decoder *native = memory;

    for (size_t i = 0; i < frames; i++) {
        decoder_frame(&native->decoder, &log2_posterior_q8[i * DECODER_CLASSES]);
    }
}

void native_decoder_partial(void *memory, struct decoder_partial *partial) {
    struct native_decoder *native = memory;

    decoder_partial(&native->decoder, partial);
}

bool native_decoder_complete(void *memory) {
    struct native_decoder *native = memory;

    return decoder_complete(&native->decoder);
}

bool native_decoder_full(const void *memory) {
    const struct native_decoder *native = memory;

    return decoder_full(&native->decoder);
}

void native_decoder_finish(void *memory, struct decoder_result *result) {
    struct native_decoder *native = memory;

    decoder_finish(&native->decoder, result);
}

uint32_t native_decoder_tokens(const void *memory) {
    const struct native_decoder *native = memory;

    return native->decoder.count;
}

uint32_t native_decoder_lost(const void *memory) {
    const struct native_decoder *native = memory;

    return native->decoder.frontier.lost;
}

const char *native_decoder_word(const void *memory, uint16_t word) {
    const struct native_decoder *native = memory;

    return word < native->domain.word_count ? domain_text(&native->domain, word) : "";
}
