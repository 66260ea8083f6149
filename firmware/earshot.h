/* earshot.h: the image less the board: audio in, frames out. Every board runs this one.
 *
 * Owns: struct earshot (networks' arenas, listener, outbox, receiver, domain upload, trial), its
 * caller's; main.c has the only one of an image. What a network touches most comes first: where
 * memory is fast at its start, the arenas are in it. Costs: what listener.h says, and at most eight
 * frames a chunk, besides the answers to the host: at most three to a frame; while a host records,
 * at most eight more.
 */
#ifndef EARSHOT_H
#define EARSHOT_H

#include <stddef.h>
#include <stdint.h>

#include "domain.h"
#include "frame.h"
#include "listener.h"
#include "protocol.h"
#include "recording.h"
#include "text.h"
#include "transcript_frames.h"
#include "transcripts.h"
#include "trial.h"
#include "upload.h"
#include "vad.h"

/* pyproject.toml's. */
#define EARSHOT_VERSION "0.1.0"

/* Where frames and the state code go, and what tells of work. */
struct earshot_port {
    void *context; /* handed to all three */
    void (*write)(void *context, const uint8_t *bytes, size_t count);
    void (*state)(void *context, uint8_t code); /* enum listener_state */
    uint32_t (*cycles)(void *context);          /* awake, that wrap */
};

/* What HELLO tells of the board. */
struct earshot_identity {
    const char *board;
    uint32_t rate;
    const struct frontend_tables *tables; /* of that rate */
    uint8_t reset_cause;                  /* enum link_reset_cause, enum board_reset_cause */
    uint64_t unit;                        /* the chip's own number; 0: it has none */
    uint64_t build;                       /* image_facts.h's; 0: it is no image */
    const uint8_t *image;                 /* as it stands in flash */
    size_t image_bytes;                   /* 0: it stands in none */
    const struct store_device *store;     /* NULL: there is none */
};

struct earshot {
    _Alignas(16) uint8_t vad_arena[VAD_ARENA_BYTES];
    union trial_memory asr_arena;
    struct listener listener;
    struct domain domain; /* in force */
    struct link_decoder decoder;
    struct transcripts transcripts;
    struct upload upload;
    struct trial trial;
    struct recording recording;
    struct link_config config; /* in force */
    struct earshot_identity identity;
    struct earshot_port port;
    uint32_t chunks;               /* since reset */
    uint32_t chunks_since_state;   /* since the last STATE frame */
    uint32_t chunks_since_partial; /* since the last PARTIAL */
    bool partial_waits;            /* what has been said is more than that tells */
    uint32_t damaged_told;         /* damaged frames that a LOG has told of */
};

/* At sample 0, with the default settings; sends HELLO, STATE and CONFIG. */
void earshot_init(struct earshot *earshot, const struct earshot_identity *identity,
                  const struct earshot_port *port);

/* Takes bytes from the host, and answers what they ask. */
void earshot_receive(struct earshot *earshot, const uint8_t *bytes, size_t count);

/* Takes the next EARSHOT_CHUNK samples, and the board's counters as they were when these came. */
void earshot_chunk(struct earshot *earshot, const int16_t *pcm, uint32_t cycles_now,
                   uint32_t dropped_now);

#endif
