#include "decoder_beam.h"

#include <string.h>

enum {
    GAP_BINS = 128,
    GAP_SHIFT = 6, /* a quarter of an octave */
    ROOM_KEPT = DECODER_TOKENS * 3 / 4,
};

void beam_clear(struct decoder *decoder) {
    decoder->count = 0;
    memset(decoder->buckets, 0xFF, sizeof decoder->buckets);
    memset(decoder->places, 0xFF, sizeof decoder->places);
}

static uint32_t bucket_of(const struct decoder_token *key) {
    const uint32_t mixed = key->pronunciation * 0x9E3779B1u + key->target * 0x85EBCA77u +
                           key->context * 0xC2B2AE3Du + key->place * 0x27D4EB2Fu;
    return mixed >> 16 & (DECODER_BUCKETS - 1u);
}

static void link_token(struct decoder *decoder, uint32_t index, uint32_t bucket) {
    struct decoder_token *token = &decoder->tokens[index];

    token->next_in_bucket = decoder->buckets[bucket];
    decoder->buckets[bucket] = (uint16_t)index;
    token->next_in_place = decoder->places[token->place];
    decoder->places[token->place] = (uint16_t)index;
}

/* Bin 0 is at the best path and above it. */
static uint32_t gap_bin(const struct decoder_token *token) {
    const int32_t gap = -decoder_token_score(token) >> GAP_SHIFT;

    return gap < 0 ? 0 : gap < GAP_BINS ? (uint32_t)gap : GAP_BINS - 1;
}

static bool drop_below(struct decoder_path *path, int32_t threshold_q8) {
    if (path->score_q8 >= threshold_q8) {
        return false;
    }
    path->score_q8 = FRONTIER_DEAD;
    return true;
}

void beam_prune(struct decoder *decoder, uint32_t most) {
    uint16_t bins[GAP_BINS] = {0};
    uint32_t kept = 0;

    for (uint32_t i = 0; i < decoder->count; i++) {
        struct decoder_token *token = &decoder->tokens[i];
        const bool phoneme_dead = drop_below(&token->phoneme, decoder->floor_q8);
        const bool blank_dead = drop_below(&token->blank, decoder->floor_q8);
        if (!phoneme_dead || !blank_dead) {
            bins[gap_bin(token)]++;
            kept++;
        }
    }
    /* Whole bins from the worst on, then those of the last one that come last. */
    uint32_t edge = GAP_BINS, of_edge = 0;
    while (kept > most) {
        kept -= bins[--edge];
        of_edge = most - kept;
        const int32_t above_edge_q8 = -(int32_t)((edge + 1) << GAP_SHIFT) + 1;
        if (edge < GAP_BINS - 1 && above_edge_q8 > decoder->floor_q8) {
            decoder->floor_q8 = above_edge_q8;
        }
    }
    const uint32_t count = decoder->count;
    beam_clear(decoder);
    for (uint32_t i = 0; i < count; i++) {
        const struct decoder_token *token = &decoder->tokens[i];
        if (decoder_token_score(token) == FRONTIER_DEAD) {
            continue;
        }
        const uint32_t bin = gap_bin(token);
        if (bin > edge || (bin == edge && of_edge == 0)) {
            continue;
        }
        of_edge -= bin == edge ? 1 : 0;
        if (i != decoder->count) {
            decoder->tokens[decoder->count] = *token;
        }
        link_token(decoder, decoder->count, bucket_of(token));
        decoder->count++;
    }
}

static bool is_same(const struct decoder_token *a, const struct decoder_token *b) {
    return a->pronunciation == b->pronunciation && a->target == b->target &&
           a->context == b->context && a->place == b->place;
}

struct decoder_token *beam_token(struct decoder *decoder, const struct decoder_token *key,
                                 int32_t score_q8, bool *dropped) {
    const uint32_t bucket = bucket_of(key);
    uint16_t index = decoder->buckets[bucket];

    while (index != DECODER_NONE && !is_same(&decoder->tokens[index], key)) {
        index = decoder->tokens[index].next_in_bucket;
    }
    if (index != DECODER_NONE) {
        return &decoder->tokens[index];
    }
    if (score_q8 < decoder->floor_q8) {
        return NULL;
    }
    if (decoder->count == DECODER_TOKENS) {
        beam_prune(decoder, ROOM_KEPT);
        *dropped = true;
    }
    struct decoder_token *token = &decoder->tokens[decoder->count];
    *token = *key;
    token->phoneme.score_q8 = token->blank.score_q8 = FRONTIER_DEAD;
    link_token(decoder, decoder->count, bucket);
    decoder->count++;
    return token;
}
