/* decoder_calibration.h: the decoder's settings, and what its confidence is reckoned from.
 *
 * All that is tuned on recordings stands in decoder_calibration.c. A margin says, in octaves a
 * phoneme, how much likelier the phrase is than the best row of phonemes without a domain: 0 for a
 * perfect match, below for what is not said so. The confidence is the logistic function of offset +
 * by_average * average margin + by_worst * worst margin of a word
 *     - by_doubt * doubt
 * where doubt is by how many octaves the likeliest class of a spoken frame falls short of certain:
 * to a network that knows nothing of what it hears, no phrase is much worse than another. What
 * comes out below reject_below is no phrase.
 */
#ifndef EARSHOT_DECODER_CALIBRATION_H
#define EARSHOT_DECODER_CALIBRATION_H

#include <stdint.h>

#define DECODER_BEAM_MAX_Q8 (1 << 28) /* scores stay far from what an int32_t holds */

struct decoder_config {
    int32_t beam_q8;         /* octaves below the best path that another one may lie; 0 .. 2^28 */
    uint16_t tokens;         /* at most, at the end of a frame; 1 .. DECODER_TOKENS */
    int16_t scale_q5;        /* of the domain's costs; 32 takes them as they are */
    int16_t word_cost_q8;    /* octaves that each word costs */
    int16_t filler_cost_q8;  /* octaves that a phoneme without a domain costs */
    int16_t offset_q8;       /* of the logistic function */
    int16_t by_average_q8;   /* an octave */
    int16_t by_worst_q8;     /* an octave */
    int16_t by_doubt_q8;     /* an octave */
    uint8_t reject_below_q8; /* a confidence; 0 rejects none */
};

/* The shipped settings. */
extern const struct decoder_config decoder_calibration;

#endif
