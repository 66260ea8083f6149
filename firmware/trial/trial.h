/* trial.h: parts of the image run by themselves, once each time that the host asks.
 *
 * Does the image compute on this chip what it computes elsewhere, and what does that cost? The
 * host sends an input and has a part run on it: front end, kernels, networks, decoder; the CRC of
 * what comes out, and the cycles, go back. A block of the image in flash is read the same way.
 *
 * The networks and the front end run in the recogniser's arena, the decoder is the recogniser's
 * own: both are free while nobody speaks, and are started anew by the next who does. What hears is
 * not touched.
 *
 * Owns: struct trial (1.1 KiB), its caller's. Costs: what it runs, and 14 instructions a byte of
 * input and output; nothing while no host asks.
 */
#ifndef EARSHOT_TRIAL_H
#define EARSHOT_TRIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asr.h"
#include "frontend.h"
#include "kernels.h"
#include "listener.h"
#include "protocol.h"
#include "vad.h"

#define TRIAL_INPUT_BYTES (EARSHOT_CHUNK * sizeof(int16_t))

/* What a trial works in: the recogniser's arena while somebody speaks, the trial's else. */
union trial_memory {
    _Alignas(16) uint8_t asr[ASR_ARENA_BYTES];
    _Alignas(16) uint8_t vad[VAD_ARENA_BYTES];
    _Alignas(16) uint8_t kernels[KERNELS_ARENA_BYTES];
    struct {
        struct frontend frontend;
        int16_t logmel_q8[DETECTOR_FEATURES];
    } ears;
};

/* What it may run, its caller's; `context` is handed to both functions. */
struct trial_parts {
    const struct frontend_tables *tables;
    struct listener *listener;
    union trial_memory *memory;
    const uint8_t *image; /* as it stands in flash, at address 0 perhaps */
    size_t image_bytes;   /* 0: there is none to be read */
    void *context;
    uint32_t (*cycles)(void *context);          /* core cycles, that wrap */
    void (*state)(void *context, uint8_t code); /* enum listener_state: the clock goes by it */
};

struct trial {
    _Alignas(4) uint8_t input[TRIAL_INPUT_BYTES];
    bool begun;      /* there is a last run */
    uint8_t subject; /* of it, as are the next two */
    uint16_t run;
    uint32_t cycles;
};

/* What does not fit into the input is left out; TRIAL's CRC finds out. */
void trial_take(struct trial *trial, const struct link_trial_input *part);

/* Runs what is asked for, unless it is the last run again, and tells what came of it. */
void trial_answer(struct trial *trial, const struct trial_parts *parts,
                  const struct link_trial *asked, struct link_trial_result *result);

/* Somebody speaks: the memory has been used. */
void trial_disturbed(struct trial *trial);

#endif
