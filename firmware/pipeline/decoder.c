#include "decoder.h"

#include <string.h>

#include "decoder_beam.h"
#include "decoder_words.h"

_Static_assert(sizeof(void *) != 4 || sizeof(struct decoder) <= DECODER_BYTES, "as decoder.h says");
_Static_assert(sizeof(struct decoder_path) == 16, "four words");

/* Of the history: with them, a phrase that has filled it can still be ended. */
enum { SPARE_ENTRIES = 16 };

void decoder_init(struct decoder *decoder, const struct domain *domain,
                  const struct decoder_config *config) {
    struct decoder_config *own = &decoder->config;

    decoder->domain = domain;
    *own = config == NULL ? decoder_calibration : *config;
    own->beam_q8 = own->beam_q8 < 0                     ? 0
                   : own->beam_q8 > DECODER_BEAM_MAX_Q8 ? DECODER_BEAM_MAX_Q8
                                                        : own->beam_q8;
    own->scale_q5 = own->scale_q5 < 0 ? 0 : own->scale_q5;
    own->tokens = own->tokens < 1 ? 1 : own->tokens > DECODER_TOKENS ? DECODER_TOKENS : own->tokens;
    decoder->frontier.domain = domain;
    decoder->frontier.scale_q5 = own->scale_q5;
    decoder_start(decoder);
}

void decoder_start(struct decoder *decoder) {
    decoder->frames = 0;
    decoder->base_q8 = 0;
    decoder->filler_q8 = 0;
    decoder->spoken = 0;
    decoder->doubt_q8 = 0;
    decoder->crowded = false;
    decoder->silence = (struct decoder_path){.history = HISTORY_NONE};
    for (int i = 0; i < DECODER_CLASSES; i++) {
        decoder->filler_classes_q8[i] = i == 0 ? 0 : FRONTIER_DEAD;
    }
    decoder->frontier.lost = 0;
    history_clear(&decoder->history);
    beam_clear(decoder);
}

/* Frames of words are 16 bits: 35 minutes, and then the last one. */
static uint16_t frame_now(const struct decoder *decoder) {
    return (uint16_t)(decoder->frames < UINT16_MAX ? decoder->frames : UINT16_MAX);
}

static const uint8_t *phonemes_of(const struct decoder *decoder,
                                  const struct decoder_token *token) {
    return domain_phonemes(decoder->domain, token->pronunciation);
}

static bool is_last(uint8_t phoneme) {
    return (phoneme & DOMAIN_LAST_PHONEME) != 0;
}

static uint8_t class_of(uint8_t phoneme) {
    return phoneme & (DOMAIN_LAST_PHONEME - 1u);
}

bool decoder_at_end(const struct decoder *decoder, const struct decoder_token *token) {
    return is_last(phonemes_of(decoder, token)[token->place - 1]);
}

static int32_t larger(int32_t a, int32_t b) {
    return a > b ? a : b;
}

/* What the best path's score falls by in this frame, unless a new word does better. */
static int32_t fall(const struct decoder *decoder, const int16_t *posterior_q8) {
    int32_t best = FRONTIER_DEAD;

    if (decoder->silence.score_q8 != FRONTIER_DEAD) {
        best = decoder->silence.score_q8 + posterior_q8[0];
    }
    for (uint32_t i = 0; i < decoder->count; i++) {
        const struct decoder_token *token = &decoder->tokens[i];
        const uint8_t *phoneme = &phonemes_of(decoder, token)[token->place - 1];
        best = larger(best, decoder_token_score(token) + posterior_q8[0]);
        best = larger(best, token->phoneme.score_q8 + posterior_q8[class_of(*phoneme)]);
        if (!is_last(*phoneme)) {
            const uint8_t next = class_of(phoneme[1]);
            const int32_t from =
                next == class_of(*phoneme) ? token->blank.score_q8 : decoder_token_score(token);
            best = larger(best, from + posterior_q8[next]);
        }
    }
    return best;
}

/* By how much the paths are ahead of the filler at score 0, modulo 2^32. */
static uint32_t lead_q8(const struct decoder *decoder) {
    return decoder->base_q8 - decoder->filler_q8;
}

/* A path at the end of its word, with it in its history. False: only spare entries are left. */
static bool end_word(struct decoder *decoder, const struct decoder_token *token,
                     const struct decoder_path *path, bool blank, uint32_t spare) {
    const uint32_t lead = (uint32_t)path->score_q8 + lead_q8(decoder);
    const struct history_entry entry = {
        .margin_q8 = (int32_t)(lead - path->entry_q8),
        .previous = path->history,
        .pronunciation = token->pronunciation,
        .state = token->target,
        .context = token->context,
        .start = path->start,
        .end = blank ? path->end : frame_now(decoder),
        .returns = path->returns,
    };
    if (decoder->history.free <= spare) {
        return false;
    }
    const uint16_t history = history_add(&decoder->history, &entry);
    const struct frontier_arrival arrival = {
        .score_q8 = path->score_q8,
        .history = history,
        .phoneme = blank ? 0 : class_of(phonemes_of(decoder, token)[token->place - 1]),
    };
    frontier_add(&decoder->frontier, token->target, token->context, &arrival);
    return true;
}

/* Whether a path has ended its word and may go on to another. Behind a better blank the phoneme's
 * path is of no use: whatever may follow it may follow the blank. */
static bool ends_in_phoneme(const struct decoder *decoder, const struct decoder_token *token) {
    return token->phoneme.score_q8 >= decoder->frontier.threshold_q8 &&
           token->phoneme.score_q8 > token->blank.score_q8 && decoder_at_end(decoder, token);
}

static bool ends_in_blank(const struct decoder *decoder, const struct decoder_token *token) {
    return token->blank.score_q8 >= decoder->frontier.threshold_q8 &&
           decoder_at_end(decoder, token);
}

static uint32_t count_ends(const struct decoder *decoder) {
    uint32_t ends = 0;

    for (uint32_t i = 0; i < decoder->count; i++) {
        ends += ends_in_phoneme(decoder, &decoder->tokens[i]) ? 1 : 0;
        ends += ends_in_blank(decoder, &decoder->tokens[i]) ? 1 : 0;
    }
    return ends;
}

static void sweep(struct decoder *decoder) {
    for (uint32_t i = 0; i < decoder->count; i++) {
        const struct decoder_token *token = &decoder->tokens[i];
        if (token->phoneme.score_q8 != FRONTIER_DEAD) {
            history_hold(&decoder->history, token->phoneme.history);
        }
        if (token->blank.score_q8 != FRONTIER_DEAD) {
            history_hold(&decoder->history, token->blank.history);
        }
    }
    history_sweep(&decoder->history);
}

/* Room for all words that end now; where there is too little, the worst half of the tokens goes. */
static void make_room(struct decoder *decoder, uint32_t spare) {
    if (decoder->history.free >= count_ends(decoder) + spare) {
        return;
    }
    sweep(decoder);
    while (decoder->history.free < count_ends(decoder) + spare && decoder->count > 1) {
        beam_prune(decoder, decoder->count / 2);
        sweep(decoder);
    }
}

void decoder_end_words(struct decoder *decoder, int32_t threshold_q8, uint32_t spare) {
    bool room = true;

    frontier_clear(&decoder->frontier, threshold_q8);
    make_room(decoder, spare);
    for (uint32_t i = 0; i < decoder->count; i++) {
        const struct decoder_token *token = &decoder->tokens[i];
        if (ends_in_phoneme(decoder, token)) {
            room = end_word(decoder, token, &token->phoneme, false, spare) && room;
        }
        if (ends_in_blank(decoder, token)) {
            room = end_word(decoder, token, &token->blank, true, spare) && room;
        }
    }
    decoder->crowded = decoder->crowded || !room;
}

/* The token one phoneme on takes the better path of those that may go there. */
static void advance(struct decoder *decoder, const struct decoder_token *token,
                    const int32_t *posterior_q8, bool *dropped) {
    const uint8_t *phoneme = &phonemes_of(decoder, token)[token->place - 1];
    const uint8_t next = class_of(phoneme[1]);
    const struct decoder_path *from = &token->blank;

    if (next != class_of(*phoneme) && token->phoneme.score_q8 > from->score_q8) {
        from = &token->phoneme;
    }
    const int32_t score_q8 = from->score_q8 + posterior_q8[next];
    if (score_q8 < decoder->floor_q8) {
        return;
    }
    struct decoder_token key = *token;
    key.place++;
    key.frame = decoder->frames & 1;
    struct decoder_token *to = beam_token(decoder, &key, score_q8, dropped);
    if (to != NULL && score_q8 > to->phoneme.score_q8) {
        to->phoneme = *from;
        to->phoneme.score_q8 = score_q8;
    }
}

/* A frame more in the phoneme or in the blank behind it. */
static void stay(struct decoder *decoder, struct decoder_token *token, int32_t phoneme_q8,
                 int32_t blank_q8) {
    if (token->phoneme.score_q8 > token->blank.score_q8) {
        token->blank = token->phoneme;
        token->blank.end = frame_now(decoder);
    }
    token->blank.score_q8 += blank_q8;
    if (token->phoneme.score_q8 != FRONTIER_DEAD) {
        token->phoneme.score_q8 += phoneme_q8;
    }
    token->frame = decoder->frames & 1;
}

/* All tokens at a place in their words. False: they have moved, and some are still to do. */
static bool bring_on(struct decoder *decoder, uint32_t place, const int32_t *posterior_q8) {
    for (uint16_t i = decoder->places[place]; i != DECODER_NONE;) {
        struct decoder_token *token = &decoder->tokens[i];
        i = token->next_in_place;
        if (token->frame == (decoder->frames & 1)) {
            continue;
        }
        const struct decoder_token before = *token;
        const uint8_t phoneme = phonemes_of(decoder, token)[place - 1];
        bool dropped = false;
        stay(decoder, token, posterior_q8[class_of(phoneme)], posterior_q8[0]);
        if (!is_last(phoneme)) {
            advance(decoder, &before, posterior_q8, &dropped);
        }
        if (dropped) {
            return false;
        }
    }
    return true;
}

/* A word begins in one of its pronunciations. */
static void begin_word(struct decoder *decoder, const struct frontier_node *node, uint32_t arc,
                       uint32_t pronunciation, const struct decoder_path *path) {
    const struct decoder_token key = {
        .pronunciation = (uint16_t)pronunciation,
        .target = domain_target(decoder->domain, arc),
        .context = node->context,
        .place = 1,
        .frame = decoder->frames & 1,
    };
    bool dropped = false;
    struct decoder_token *to = beam_token(decoder, &key, path->score_q8, &dropped);

    if (to != NULL && path->score_q8 > to->phoneme.score_q8) {
        to->phoneme = *path;
    }
}

/* What a frame gives to words that begin in it. */
struct beginning {
    const int32_t *posterior_q8;
    int32_t likeliest_q8; /* of the phonemes */
    uint32_t lead;        /* of the frame before: what paths on the frontier are reckoned from */
};

/* The words that arcs from first on say, behind the paths at a node. */
static void begin_words_at(struct decoder *decoder, const struct frontier_node *node,
                           uint32_t first, const struct beginning *beginning) {
    const struct domain *domain = decoder->domain;
    const uint32_t end = domain_first_arc(domain, node->state + 1u);
    const int32_t best_q8 = node->best.score_q8 - decoder->config.word_cost_q8;
    const int32_t other_q8 = node->other.score_q8 - decoder->config.word_cost_q8;

    for (uint32_t arc = first; arc < end; arc++) {
        const int32_t cost_q8 = frontier_cost_q8(&decoder->frontier, arc);
        /* The next ones cost no less. */
        if (best_q8 - cost_q8 + beginning->likeliest_q8 < decoder->floor_q8) {
            break;
        }
        const uint32_t word = domain_label(domain, arc) - 1u - domain->site_count;
        const uint32_t after = domain_first_pronunciation(domain, word + 1);
        for (uint32_t p = domain_first_pronunciation(domain, word); p < after; p++) {
            const uint8_t phoneme = class_of(*domain_phonemes(domain, p));
            const int32_t posterior_q8 = beginning->posterior_q8[phoneme];
            if (best_q8 - cost_q8 + posterior_q8 < decoder->floor_q8) {
                continue;
            }
            const bool repeats = node->best.phoneme == phoneme;
            const struct frontier_arrival *from = repeats ? &node->other : &node->best;
            const int32_t before_q8 = (repeats ? other_q8 : best_q8) - cost_q8;
            const struct decoder_path path = {
                .score_q8 = before_q8 + posterior_q8,
                .entry_q8 = (uint32_t)before_q8 + beginning->lead,
                .history = from->history,
                .start = frame_now(decoder),
                .returns = from->returns,
            };
            if (from->score_q8 != FRONTIER_DEAD && path.score_q8 >= decoder->floor_q8) {
                begin_word(decoder, node, arc, p, &path);
            }
        }
    }
}

static void begin_words(struct decoder *decoder, const struct beginning *beginning) {
    struct frontier *frontier = &decoder->frontier;

    for (uint16_t i = frontier_next(frontier, FRONTIER_NONE); i != FRONTIER_NONE;
         i = frontier_next(frontier, i)) {
        const uint32_t first = frontier_call(frontier, i);
        begin_words_at(decoder, &frontier->nodes[i], first, beginning);
    }
}

/* The best row of phonemes and blanks, each new phoneme at a cost. */
static void run_filler(struct decoder *decoder, const int16_t *posterior_q8) {
    int32_t *classes_q8 = decoder->filler_classes_q8;
    const int32_t entry_q8 = -decoder->config.filler_cost_q8;
    int32_t best = classes_q8[0] = posterior_q8[0], likeliest = posterior_q8[0];

    for (int i = 1; i < DECODER_CLASSES; i++) {
        classes_q8[i] = larger(classes_q8[i], entry_q8) + posterior_q8[i];
        best = larger(best, classes_q8[i]);
        likeliest = larger(likeliest, posterior_q8[i]);
    }
    for (int i = 0; i < DECODER_CLASSES; i++) {
        classes_q8[i] -= best;
    }
    decoder->filler_q8 += (uint32_t)best;
    if (likeliest > posterior_q8[0]) {
        decoder->spoken++;
        decoder->doubt_q8 -= (uint32_t)likeliest;
    }
}

static void drop(struct decoder *decoder) {
    struct decoder_path *silence = &decoder->silence;
    int32_t best = silence->score_q8;

    for (uint32_t i = 0; i < decoder->count; i++) {
        best = larger(best, decoder_token_score(&decoder->tokens[i]));
    }
    for (uint32_t i = 0; i < decoder->count; i++) {
        struct decoder_token *token = &decoder->tokens[i];
        token->blank.score_q8 -= best;
        if (token->phoneme.score_q8 != FRONTIER_DEAD) {
            token->phoneme.score_q8 -= best;
        }
    }
    decoder->base_q8 += (uint32_t)best;
    decoder->floor_q8 = -decoder->config.beam_q8;
    if (silence->score_q8 != FRONTIER_DEAD) {
        silence->score_q8 -= best;
        silence->score_q8 =
            silence->score_q8 < decoder->floor_q8 ? FRONTIER_DEAD : silence->score_q8;
    }
    beam_prune(decoder, decoder->config.tokens);
}

void decoder_frame(struct decoder *decoder, const int16_t log2_posterior_q8[DECODER_CLASSES]) {
    const int32_t shift_q8 = fall(decoder, log2_posterior_q8);
    const uint32_t lead = lead_q8(decoder);
    int32_t posterior_q8[DECODER_CLASSES], likeliest_q8 = INT32_MIN;

    /* From here on the best path is at about 0 both before and behind the frame, so that all tokens
     * compare while some have been brought on and some not. */
    for (int i = 0; i < DECODER_CLASSES; i++) {
        posterior_q8[i] = log2_posterior_q8[i] - shift_q8;
        likeliest_q8 = i > 0 ? larger(likeliest_q8, posterior_q8[i]) : likeliest_q8;
    }
    decoder->floor_q8 = -decoder->config.beam_q8;
    /* From further below, no word that begins in this frame would come above the floor. */
    decoder_end_words(decoder, decoder->floor_q8 - likeliest_q8 + decoder->config.word_cost_q8,
                      SPARE_ENTRIES);
    frontier_return(&decoder->frontier);
    if (decoder->silence.score_q8 != FRONTIER_DEAD) {
        const struct frontier_arrival start = {.score_q8 = decoder->silence.score_q8,
                                               .history = HISTORY_NONE};
        frontier_add(&decoder->frontier, 0, 0, &start);
        decoder->silence.score_q8 += posterior_q8[0];
    }
    /* The last places first: what goes on finds a token that has been brought on. */
    for (uint32_t place = DOMAIN_PHONEMES_MAX; place > 0; place--) {
        while (!bring_on(decoder, place, posterior_q8)) {
        }
    }
    begin_words(decoder, &(struct beginning){posterior_q8, likeliest_q8, lead});
    decoder->base_q8 += (uint32_t)shift_q8;
    run_filler(decoder, log2_posterior_q8);
    drop(decoder);
    decoder->frames++;
}
