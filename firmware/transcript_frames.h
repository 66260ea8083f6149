/* transcript_frames.h: the recogniser's transcripts as frames of the link.
 *
 * Owns: nothing. Costs: a copy of the text and of the slots.
 */
#ifndef EARSHOT_TRANSCRIPT_FRAMES_H
#define EARSHOT_TRANSCRIPT_FRAMES_H

#include <stdint.h>

#include "protocol.h"
#include "recognizer.h"
#include "transcripts.h"

/* All but the id and the revision. */
void transcript_frames_partial(const struct recognizer_partial *partial,
                               struct link_partial *frame);

/* Without a text, and so without slots, if the confidence is below reject_q8. */
void transcript_frames_final(const struct recognizer_transcript *transcript, uint32_t id,
                             uint8_t reject_q8, struct link_final *frame);

#endif
