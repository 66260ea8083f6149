/* decoder_image.c: the decoder alone, on an emulated Cortex-M or on the desk.
 *
 * Reads logits.raw, rows of 40, and domain.raw: its size as uint32, and its bytes. For each row it
 * appends to ticks.raw, uint32, the core's SysTick ticks that posteriors and decoder took (0 on the
 * desk), and to posteriors.raw what came of it; at the end, to result.raw, what the decoder
 * understood, without its pointers.
 */
#include <stdint.h>

#include "decoder.h"
#include "image.h"
#include "posteriors.h"

static struct decoder decoder;
static struct domain domain;
static struct decoder_result result;
static struct decoder_partial partial;
static _Alignas(4) uint8_t bytes[DOMAIN_BYTES_MAX];

static bool has_domain(void) {
    const file from = TO_READ("domain.raw");
    uint32_t size = 0;

    return taken(from, &size, sizeof size) && size <= sizeof bytes && taken(from, bytes, size) &&
           domain_load(&domain, bytes, size) == DOMAIN_SOUND;
}

static void decode(void) {
    const file logits_file = TO_READ("logits.raw"), ticks_file = TO_WRITE("ticks.raw");
    const file posteriors_file = TO_WRITE("posteriors.raw"), result_file = TO_WRITE("result.raw");
    struct posteriors posteriors;
    int8_t logits[POSTERIORS_CLASSES];
    int16_t posterior_q8[POSTERIORS_CLASSES];

    posteriors_init(&posteriors, FROM_Q8_Q16);
    decoder_init(&decoder, &domain, NULL);
    while (taken(logits_file, logits, sizeof logits)) {
        const uint32_t before = ticks_left();
        posteriors_frame(&posteriors, logits, posterior_q8);
        decoder_frame(&decoder, posterior_q8);
        const uint32_t ticks = (before - ticks_left()) & 0xFFFFFFu;
        append(ticks_file, &ticks, sizeof ticks);
        append(posteriors_file, posterior_q8, sizeof posterior_q8);
        decoder_partial(&decoder, &partial);
        append(result_file, &partial, sizeof partial);
    }
    decoder_finish(&decoder, &result);
    append(result_file, result.text, sizeof result.text);
    append(result_file, result.words, sizeof result.words);
    append(result_file, result.values, sizeof result.values);
    append(result_file, &result.confidence_q8, sizeof result.confidence_q8);
    append(result_file, &result.score_q8, sizeof result.score_q8);
}

static void run(void) {
    if (has_domain()) {
        decode();
    }
}
