#include "transcript_frames.h"

#include <string.h>

/* Up to the last whole character that fits: a text may hold UTF-8. */
static uint8_t copy_text(char *to, const char *from, uint32_t most) {
    uint32_t count = 0;

    while (count < most && from[count] != '\0') {
        count++;
    }
    while (from[count] != '\0' && count > 0 && ((uint8_t)from[count] & 0xC0u) == 0x80u) {
        count--;
    }
    memcpy(to, from, count);
    return (uint8_t)count;
}

void transcript_frames_partial(const struct recognizer_partial *partial,
                               struct link_partial *frame) {
    memset(frame, 0, sizeof *frame);
    frame->start = partial->start;
    frame->end = partial->end;
    frame->text_length = copy_text(frame->text, partial->said.text, LINK_PARTIAL_TEXT_MAX);
}

void transcript_frames_final(const struct recognizer_transcript *transcript, uint32_t id,
                             uint8_t reject_q8, struct link_final *frame) {
    const struct decoder_result *said = &transcript->said;

    memset(frame, 0, sizeof *frame);
    frame->id = id;
    frame->start = transcript->start;
    frame->end = transcript->end;
    frame->confidence_q8 = said->confidence_q8;
    if (said->confidence_q8 < reject_q8) {
        return;
    }
    frame->text_length = copy_text(frame->text, said->text, LINK_FINAL_TEXT_MAX);
    for (uint32_t i = 0; i < said->slot_count; i++) {
        /* One that has no room is left out; those after it may have some. */
        (void)transcripts_add_slot(frame, said->slots[i].name, said->slots[i].value);
    }
}
