/* decoder_beam.h: the decoder's set of tokens: found by what they are, dropped when they are poor.
 *
 * Owns: nothing; it works on struct decoder. Costs: within decoder.h's figures.
 */
#ifndef EARSHOT_DECODER_BEAM_H
#define EARSHOT_DECODER_BEAM_H

#include "decoder.h"

static inline int32_t decoder_token_score(const struct decoder_token *token) {
    return token->phoneme.score_q8 > token->blank.score_q8 ? token->phoneme.score_q8
                                                           : token->blank.score_q8;
}

void beam_clear(struct decoder *decoder);

/* What identifies the token is taken from key; a new one has two dead paths, and is of key's frame.
 * NULL: its score is below the floor, and it is not there yet. Where there is no room, the worst go
 * first and the floor rises; *dropped is set then, as every token has moved. */
struct decoder_token *beam_token(struct decoder *decoder, const struct decoder_token *key,
                                 int32_t score_q8, bool *dropped);

/* Drops paths below the floor, then the worst tokens until at most `most` are left. */
void beam_prune(struct decoder *decoder, uint32_t most);

#endif
