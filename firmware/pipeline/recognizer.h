/* recognizer.h: speech to a transcript: log-mel, network, decoder.
 *
 * Each chunk's log-mel is quantized to the network's input and kept in a ring, whether anyone
 * speaks or not: when the gate opens, network and decoder start anew with the chunk where the
 * segment starts, pre-roll included, and catch up. A call of the network takes
 * RECOGNIZER_FRAMES_PER_CALL chunks and gives as many frames of logits, one a chunk; frame n speaks
 * of chunk n - RECOGNIZER_LOOKAHEAD_FRAMES. In SLEEP the ring is emptied: what was not looked at
 * was below the floor of hearing.
 *
 * When the gate closes, all that was heard is run, the hangover too: the network tells of a phoneme
 * some frames after its end, and the last word would be lost. The look-ahead that is missing is the
 * last chunk heard, repeated, and RECOGNIZER_SETTLE_FRAMES more: the short hangover alone is too
 * short for the network to tell of a last stop or fricative (`eight` was heard as `a`).
 *
 * A pause that may be the end is looked behind: once it has lasted nearly as long as the short
 * hangover, the network is given the last chunk heard over and over, as many as it looks ahead and
 * settles in, so that the decoder hears the last word to its end; then it says whether a whole
 * phrase may have ended. If speech goes on, it goes on behind a pause that is so much longer to the
 * network, and dates leave these frames out.
 *
 * Talk without a pause is cut: from half of RECOGNIZER_CUT_FRAMES on, at the first place where the
 * network is silent long enough, and the longer the segment, the shorter that is, and shorter still
 * where the decoder has a whole phrase; at RECOGNIZER_CUT_FRAMES anywhere, and where the decoder
 * has no room left. The decoder starts anew
 * with the next frame, and the network goes on: every frame goes into exactly one transcript, and
 * nothing is heard twice. (Starting the network anew would mean to run the past that it needs
 * again, and would give other logits at the seam.)
 *
 * Owns: struct recognizer (the decoder and 11 KiB), its caller's. The arena is the caller's:
 * model->arena_bytes, 16-byte aligned.
 * Costs: 80 multiplications a chunk; while the gate is open a call each RECOGNIZER_FRAMES_PER_CALL
 * chunks; up to RECOGNIZER_CATCH_UP_CALLS in a chunk after it has opened.
 */
#ifndef EARSHOT_RECOGNIZER_H
#define EARSHOT_RECOGNIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decoder.h"
#include "detector.h"
#include "engine.h"
#include "frontend.h"
#include "posteriors.h"
#include "recognizer_facts.h"

/* Chunks that the ring keeps: the longest pre-roll and run that opens a gate, as link.toml has
 * them, and those of a call that waits. A power of two. */
#define RECOGNIZER_RING_CHUNKS 128u
/* Calls in the chunk that opened the gate; afterwards one a chunk, until none is behind. The
 * microphone's ring must last so long. */
#define RECOGNIZER_CATCH_UP_CALLS 4u
/* Beyond the look-ahead, behind a pause: half a call more on average. A second call gains nothing.
 */
#define RECOGNIZER_SETTLE_FRAMES 2u
/* Frames after which a transcript is cut whatever is being said: 20 s at 16 kHz. */
#define RECOGNIZER_CUT_FRAMES 625u

/* Pauses of a transcript that are looked behind; later ones last the long hangover. */
#define RECOGNIZER_PAUSES 8u

struct recognizer_partial {
    uint64_t start; /* sample: of the first word; of the segment, if there is none */
    uint64_t end;   /* of the audio that it rests on */
    struct decoder_partial said;
};

struct recognizer_transcript {
    uint64_t start; /* sample: of the first word; of the segment, if there is none */
    uint64_t end;   /* the sample after the last one */
    struct decoder_result said;
};

struct recognizer {
    const struct nn_model *model;
    void *arena;
    const struct domain *domain; /* NULL: nothing is written down */
    bool open;
    uint64_t heard;        /* chunks since reset */
    uint32_t kept;         /* of them, in the ring */
    uint64_t first;        /* the chunk that the network started with */
    uint64_t next;         /* the chunk that it takes next */
    uint64_t start;        /* sample: of the segment that the transcript is for */
    uint32_t frames;       /* that the network has given since it started */
    uint32_t decoder_from; /* of them, the first that the decoder took */
    uint32_t blanks;       /* of them, the last ones in a row that are silent */
    bool catching_up;
    bool may_end;       /* as the last pause that was looked behind says */
    uint64_t looked_at; /* chunks heard when it was; 0: none since speech went on */
    uint32_t pauses;
    struct {
        uint32_t input, count; /* chunks given to the network when it began; of them, repeated */
    } pause[RECOGNIZER_PAUSES];
    struct recognizer_partial partial;  /* the last one told */
    struct recognizer_transcript final; /* the one that ended last; not to be copied */
    int8_t ring[RECOGNIZER_RING_CHUNKS][DETECTOR_FEATURES];
    struct posteriors posteriors;
    struct decoder decoder;
};

/* What a piece of work brought. */
struct recognizer_report {
    uint32_t calls;  /* of the network */
    uint32_t frames; /* that the decoder took */
    bool changed;    /* recognizer->partial is new */
    bool ended;      /* recognizer->final is new */
    bool cut;        /* and was cut: the next one starts with the sample `seam` */
    uint64_t seam;
};

/* False if the network has not the shape above, the arena is too small or not aligned, or the
 * engine cannot run. */
bool recognizer_init(struct recognizer *recognizer, const struct nn_model *model, void *arena,
                     size_t arena_bytes);

/* What to write down from the next opening on; NULL: nothing. It must stay as it is. Not to be
 * called while open. */
void recognizer_use(struct recognizer *recognizer, const struct domain *domain);

/* Keeps a chunk: DETECTOR_FEATURES values, hop by hop. */
void recognizer_hear(struct recognizer *recognizer, const int16_t *logmel_q8);

/* A chunk has passed that nobody looked at; the ring holds nothing that goes on from here. */
void recognizer_skip(struct recognizer *recognizer);

/* Speech has begun with the sample `start`, which may lie in the past as far as the ring reaches.
 * False if the engine cannot run. */
bool recognizer_open(struct recognizer *recognizer, uint64_t start);

/* Runs the calls that are due. speech_end: the sample after the last one that is speech for sure;
 * a cut leaves speech after it. False if the engine failed. */
bool recognizer_work(struct recognizer *recognizer, uint64_t speech_end,
                     struct recognizer_report *report);

/* Speech has ended with the sample before `end`: runs what is left of it, and ends the transcript.
 * False if the engine failed. */
bool recognizer_close(struct recognizer *recognizer, uint64_t end,
                      struct recognizer_report *report);

/* Speech has paused: looks behind the pause, once until speech goes on. False if the engine
 * failed. */
bool recognizer_pause(struct recognizer *recognizer, struct recognizer_report *report);

/* Speech goes on. */
void recognizer_resume(struct recognizer *recognizer);

/* What was said so far may be a whole phrase of the domain. */
bool recognizer_complete(struct recognizer *recognizer);

#endif
