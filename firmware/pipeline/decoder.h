/* decoder.h: log2-posteriors to a phrase of the domain: token passing in fixed memory.
 *
 * A token is a place in a word: a pronunciation and a phoneme of it, where the word leads to, and
 * in which context of calls. It carries the best path there that ends in the phoneme, and the best
 * that ends in a blank behind it; between equal phonemes a path must go through a blank (A. Graves
 * et al., "Connectionist Temporal Classification", 2006, section 4.1; S. J. Young et al., "Token
 * Passing", 1989). Between two words, frontier.h leads the paths through the domain.
 *
 * Scores are octaves in Q8, reckoned anew from the best path in every frame, so that none grows
 * with time. What lies below the beam is dropped; where more is left than there is room, the worst
 * goes first. The same frames give the same bytes on every core.
 *
 * Beside it runs the filler, the best row of any phonemes: by how much a phrase falls behind it
 * says how sure it is (decoder_calibration.h).
 *
 * Owns: struct decoder (DECODER_BYTES), its caller's; it holds the domain's address, and that
 * holds its bytes'.
 * Costs, on a Cortex-M4: 11 800 instructions a frame, posteriors included, over 300 patterns with
 * lists and numbers (44 400 at most); about five times that over a bigram of 1 000 words.
 * The beam loses no path whose score stays within it; a domain's costs below zero, of back-off
 * weights above one, may lose one that only they would have brought back.
 */
#ifndef EARSHOT_DECODER_H
#define EARSHOT_DECODER_H

#include <stdbool.h>
#include <stdint.h>

#include "decoder_calibration.h"
#include "decoder_result.h"
#include "domain.h"
#include "frontier.h"
#include "history.h"

enum decoder_size {
    DECODER_CLASSES = DOMAIN_CLASSES,
    DECODER_TOKENS = 384,
    DECODER_BUCKETS = 256,
    DECODER_NONE = 0xFFFF,
};

struct decoder_path {
    int32_t score_q8;
    uint32_t entry_q8; /* what it was ahead of the filler when its word began, modulo 2^32 */
    uint16_t history;  /* the words before this one */
    uint16_t start;    /* the word's first frame */
    uint16_t end;      /* after its last phoneme; while that goes on, anything */
    uint8_t returns;   /* networks left between the word before and this one */
};

struct decoder_token {
    struct decoder_path phoneme, blank;
    uint16_t pronunciation, target, context;
    uint16_t next_in_bucket;
    uint16_t next_in_place; /* of those at the same place in their words */
    uint8_t place;          /* phonemes of the word begun */
    uint8_t frame;          /* the parity of the frame that it has been brought to */
};

struct decoder {
    const struct domain *domain;
    struct decoder_config config;
    uint32_t frames;
    uint32_t base_q8;   /* what the scores are reckoned from, modulo 2^32 */
    uint32_t filler_q8; /* the filler's best score, likewise */
    uint32_t spoken;    /* frames whose likeliest class was no blank */
    uint32_t doubt_q8;  /* octaves by which these classes fell short of certain, modulo 2^32 */
    int32_t floor_q8;   /* a path below it is dropped */
    bool crowded;       /* a word that ended found no room in the history */
    struct decoder_path silence; /* before the first word: blanks alone */
    int32_t filler_classes_q8[DECODER_CLASSES];
    uint32_t count;
    struct decoder_token tokens[DECODER_TOKENS];
    uint16_t buckets[DECODER_BUCKETS];
    uint16_t places[DOMAIN_PHONEMES_MAX + 1];
    uint16_t order[DECODER_WORDS]; /* scratch: of a path's words, from the first on */
    struct history history;
    struct frontier frontier;
};

#define DECODER_BYTES 46904 /* on a 32-bit core */

/* Settings out of range are brought to their nearest end; NULL takes decoder_calibration. */
void decoder_init(struct decoder *decoder, const struct domain *domain,
                  const struct decoder_config *config);

/* Forgets what has been said. */
void decoder_start(struct decoder *decoder);

void decoder_frame(struct decoder *decoder, const int16_t log2_posterior_q8[DECODER_CLASSES]);

/* What the best path has said up to now. */
void decoder_partial(struct decoder *decoder, struct decoder_partial *partial);

/* The best path is at the end of a whole phrase. */
bool decoder_complete(struct decoder *decoder);

/* Some whole phrase is at most so many octaves less likely than the best path: what was said may
 * have ended. Between frames alone. */
bool decoder_may_end(struct decoder *decoder, int32_t margin_q8);

/* The phrase has grown beyond what a result or the history holds: it is time to end it. */
bool decoder_full(const struct decoder *decoder);

/* The phrase that the frames since decoder_start() were. */
void decoder_finish(struct decoder *decoder, struct decoder_result *result);

#endif
