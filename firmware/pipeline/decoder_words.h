/* decoder_words.h: what the decoder's parts know of each other.
 *
 * decoder.c moves the tokens, decoder_result.c says what they have heard, decoder_slots.c what of
 * it fills the slots.
 */
#ifndef EARSHOT_DECODER_WORDS_H
#define EARSHOT_DECODER_WORDS_H

#include "decoder.h"

/* The token is in the last phoneme of its word, or in the blank behind it. */
bool decoder_at_end(const struct decoder *decoder, const struct decoder_token *token);

/* All paths that end a word, and are not below the threshold, to a new frontier. Entries of the
 * history are kept to spare. */
void decoder_end_words(struct decoder *decoder, int32_t threshold_q8, uint32_t spare);

/* Names and values of the slots of result->words; entries[i] is the i-th one's in the history. */
void decoder_fill_slots(const struct decoder *decoder, const uint16_t *entries,
                        struct decoder_result *result);

#endif
