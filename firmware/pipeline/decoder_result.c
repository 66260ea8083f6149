#include "decoder_result.h"

#include <string.h>

#include "decoder_beam.h"
#include "decoder_words.h"

/* 256 / (1 + e^-x), for x in quarters from 0 on. */
static const uint16_t logistic_q8[] = {
    128, 144, 159, 174, 187, 199, 209, 218, 225, 232, 237, 241, 244,
    246, 248, 250, 251, 252, 253, 254, 254, 255, 255, 255, 255, 256,
};

static uint8_t logistic(int32_t x_q8) {
    const uint32_t last = sizeof logistic_q8 / sizeof *logistic_q8 - 1u;
    const uint32_t size_q8 = (uint32_t)(x_q8 < 0 ? -x_q8 : x_q8);
    const uint32_t quarter = size_q8 / 64, rest = size_q8 % 64;
    uint32_t above = logistic_q8[last];

    if (quarter < last) {
        const uint32_t rise = (uint32_t)logistic_q8[quarter + 1] - logistic_q8[quarter];
        above = logistic_q8[quarter] + (rise * rest + 32) / 64;
    }
    const uint32_t value = x_q8 < 0 ? 256u - above : above;
    return (uint8_t)(value > 255 ? 255 : value);
}

/* The entries of a path into order, from its first word on; returns how many there are, but
 * beyond DECODER_WORDS they are left out. */
static uint32_t gather(struct decoder *decoder, uint16_t history) {
    const struct history_entry *entries = decoder->history.entries;
    const uint32_t words = history_words(&decoder->history, history);

    for (; history != HISTORY_NONE; history = entries[history].previous) {
        const uint32_t at = entries[history].words - 1u;
        if (at < DECODER_WORDS) {
            decoder->order[at] = history;
        }
    }
    return words;
}

/* A word more to a text of DECODER_TEXT bytes; false if it does not fit. */
static bool add_word(char *text, uint32_t *length, const char *word) {
    const uint32_t more = domain_text_length(word), blank = *length > 0 ? 1 : 0;

    if (*length + blank + more >= DECODER_TEXT) {
        return false;
    }
    if (blank > 0) {
        text[(*length)++] = ' ';
    }
    memcpy(&text[*length], word, more + 1);
    *length += more;
    return true;
}

static uint32_t phonemes_of(const struct domain *domain, uint32_t pronunciation) {
    const uint8_t *phonemes = domain_phonemes(domain, pronunciation);
    uint32_t count = 1;

    while ((phonemes[count - 1] & DOMAIN_LAST_PHONEME) == 0) {
        count++;
    }
    return count;
}

static void fill_words(struct decoder *decoder, uint32_t words, struct decoder_result *result) {
    const struct domain *domain = decoder->domain;
    uint32_t length = 0;

    result->truncated = words > DECODER_WORDS;
    words = words < DECODER_WORDS ? words : DECODER_WORDS;
    bool fits = true;
    for (uint32_t i = 0; i < words; i++) {
        const struct history_entry *entry = &decoder->history.entries[decoder->order[i]];
        const uint32_t word = domain_word_of_pronunciation(domain, entry->pronunciation);
        result->words[i] = (struct decoder_word){
            .word = (uint16_t)word,
            .start = entry->start,
            .end = entry->end,
            .margin_q8 = entry->margin_q8 / (int32_t)phonemes_of(domain, entry->pronunciation),
        };
        fits = fits && add_word(result->text, &length, domain_text(domain, word));
    }
    result->truncated = result->truncated || !fits;
    result->word_count = (uint16_t)words;
    result->start = result->words[0].start;
    result->end = words > 0 ? result->words[words - 1].end : 0;
}

static void judge(const struct decoder *decoder, struct decoder_result *result) {
    const struct decoder_config *config = &decoder->config;
    int64_t margin_q8 = 0, phonemes = 0;

    result->worst_q8 = INT32_MAX;
    for (uint32_t i = 0; i < result->word_count; i++) {
        const struct history_entry *entry = &decoder->history.entries[decoder->order[i]];
        margin_q8 += entry->margin_q8;
        phonemes += phonemes_of(decoder->domain, entry->pronunciation);
        if (result->words[i].margin_q8 < result->worst_q8) {
            result->worst_q8 = result->words[i].margin_q8;
        }
    }
    result->average_q8 = phonemes > 0 ? (int32_t)(margin_q8 / phonemes) : 0;
    result->doubt_q8 = (int32_t)(decoder->doubt_q8 / decoder->spoken);
    const int64_t x_q16 = config->offset_q8 * 256 +
                          (int64_t)config->by_average_q8 * result->average_q8 +
                          (int64_t)config->by_worst_q8 * result->worst_q8 -
                          (int64_t)config->by_doubt_q8 * result->doubt_q8;
    const int64_t far_q16 = 64 * 65536;
    const int64_t held_q16 = x_q16 > far_q16 ? far_q16 : x_q16 < -far_q16 ? -far_q16 : x_q16;
    result->confidence_q8 = logistic((int32_t)(held_q16 / 256));
}

void decoder_finish(struct decoder *decoder, struct decoder_result *result) {
    memset(result, 0, sizeof *result);
    if (decoder->spoken == 0) {
        return;
    }
    decoder_end_words(decoder, -decoder->config.beam_q8, 0);
    const struct frontier_arrival phrase = frontier_return(&decoder->frontier);
    if (phrase.score_q8 == FRONTIER_DEAD) {
        return;
    }
    result->score_q8 = phrase.score_q8 + (int32_t)decoder->base_q8;
    const uint32_t words = gather(decoder, phrase.history);
    if (words == 0) {
        return;
    }
    fill_words(decoder, words, result);
    judge(decoder, result);
    if (result->confidence_q8 < decoder->config.reject_below_q8) {
        result->text[0] = 0;
        result->word_count = 0;
        return;
    }
    decoder_fill_slots(decoder, decoder->order, result);
}

/* NULL: the best path is the silence before the first word. */
static const struct decoder_token *best_token(const struct decoder *decoder) {
    const struct decoder_token *best = NULL;
    int32_t score_q8 = decoder->silence.score_q8;

    for (uint32_t i = 0; i < decoder->count; i++) {
        if (decoder_token_score(&decoder->tokens[i]) > score_q8) {
            best = &decoder->tokens[i];
            score_q8 = decoder_token_score(best);
        }
    }
    return best;
}

static const struct decoder_path *best_path(const struct decoder_token *token) {
    return token->phoneme.score_q8 > token->blank.score_q8 ? &token->phoneme : &token->blank;
}

bool decoder_complete(struct decoder *decoder) {
    const struct decoder_token *token = best_token(decoder);

    if (token == NULL || !decoder_at_end(decoder, token)) {
        return false;
    }
    const struct frontier_arrival arrival = {.history = best_path(token)->history};
    frontier_clear(&decoder->frontier, -DECODER_BEAM_MAX_Q8);
    frontier_add(&decoder->frontier, token->target, token->context, &arrival);
    return frontier_return(&decoder->frontier).score_q8 != FRONTIER_DEAD;
}

bool decoder_may_end(struct decoder *decoder, int32_t margin_q8) {
    const struct decoder_token *token = best_token(decoder);

    if (token == NULL) {
        return false;
    }
    const int32_t best_q8 = decoder_token_score(token);
    decoder_end_words(decoder, best_q8 - margin_q8, 0);
    const struct frontier_arrival phrase = frontier_return(&decoder->frontier);
    return phrase.score_q8 != FRONTIER_DEAD && phrase.score_q8 >= best_q8 - margin_q8;
}

bool decoder_full(const struct decoder *decoder) {
    const struct decoder_token *token = best_token(decoder);

    return decoder->crowded ||
           (token != NULL &&
            history_words(&decoder->history, best_path(token)->history) >= DECODER_WORDS);
}

/* The pronunciations of a path into order, with the word that a token at its end adds: last, or
 * DECODER_NONE. Returns how many there are, at most DECODER_WORDS. */
static uint32_t say(struct decoder *decoder, uint16_t history, uint16_t last) {
    uint32_t words = gather(decoder, history);

    if (words >= DECODER_WORDS) {
        words = DECODER_WORDS;
        last = DECODER_NONE;
    }
    for (uint32_t i = 0; i < words; i++) {
        decoder->order[i] = decoder->history.entries[decoder->order[i]].pronunciation;
    }
    if (last != DECODER_NONE) {
        decoder->order[words++] = last;
    }
    return words;
}

static bool is_said(const struct decoder *decoder, uint32_t at, uint32_t pronunciation) {
    const uint32_t said = decoder->order[at];

    return said == pronunciation ||
           domain_word_of_pronunciation(decoder->domain, said) ==
               domain_word_of_pronunciation(decoder->domain, pronunciation);
}

/* The words in order, at most stable, that a path begins with as well. */
static uint32_t shared(const struct decoder *decoder, uint32_t stable, uint16_t history,
                       uint16_t last) {
    const struct history_entry *entries = decoder->history.entries;
    const uint32_t words = history_words(&decoder->history, history);

    if (stable > words) {
        const bool more = last != DECODER_NONE && is_said(decoder, words, last);
        stable = more ? words + 1 : words;
    }
    for (; history != HISTORY_NONE; history = entries[history].previous) {
        const uint32_t at = entries[history].words - 1u;
        if (at < stable && !is_said(decoder, at, entries[history].pronunciation)) {
            stable = at;
        }
    }
    return stable;
}

static uint16_t last_word(const struct decoder *decoder, const struct decoder_token *token) {
    return decoder_at_end(decoder, token) ? token->pronunciation : DECODER_NONE;
}

static uint16_t first_frame(const struct decoder *decoder, const struct decoder_path *path) {
    uint16_t start = path->start;

    for (uint16_t h = path->history; h != HISTORY_NONE; h = decoder->history.entries[h].previous) {
        start = decoder->history.entries[h].start;
    }
    return start;
}

void decoder_partial(struct decoder *decoder, struct decoder_partial *partial) {
    const struct decoder_token *best = best_token(decoder);
    uint32_t length = 0;

    memset(partial, 0, sizeof *partial);
    if (best == NULL) {
        return;
    }
    const struct decoder_path *path = best_path(best);
    const uint32_t words = say(decoder, path->history, last_word(decoder, best));
    uint32_t stable = decoder->silence.score_q8 == FRONTIER_DEAD ? words : 0;
    for (uint32_t i = 0; i < decoder->count && stable > 0; i++) {
        const struct decoder_token *token = &decoder->tokens[i];
        const uint16_t last = last_word(decoder, token);
        if (token->phoneme.score_q8 != FRONTIER_DEAD) {
            stable = shared(decoder, stable, token->phoneme.history, last);
        }
        if (token->blank.score_q8 != FRONTIER_DEAD) {
            stable = shared(decoder, stable, token->blank.history, last);
        }
    }
    partial->start = first_frame(decoder, path);
    for (uint32_t i = 0; i < words; i++) {
        const uint32_t word = domain_word_of_pronunciation(decoder->domain, decoder->order[i]);
        if (!add_word(partial->text, &length, domain_text(decoder->domain, word))) {
            partial->truncated = true;
            break;
        }
        partial->stable = i < stable ? (uint16_t)length : partial->stable;
    }
}
