/* detector.h: the front end's frames to a speech probability, by the network.
 *
 * Quantizes log-mel to the network's input and runs one inference a chunk. The network has one
 * input of DETECTOR_HOPS x FRONTEND_BANDS and one output of a single value, LOGISTIC's: scale
 * 1/256, zero point -128, so that value + 128 is the probability in Q8.
 *
 * Owns: struct detector (8 bytes on a 32-bit core); the arena is the caller's, model->arena_bytes,
 * 16-byte aligned. Costs: one inference a chunk, and 80 multiplications.
 */
#ifndef EARSHOT_DETECTOR_H
#define EARSHOT_DETECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine.h"
#include "frontend_tables.h"

#define DETECTOR_HOPS 2
#define DETECTOR_FEATURES (DETECTOR_HOPS * FRONTEND_BANDS)

struct detector {
    const struct nn_model *model;
    void *arena;
};

/* False if the network has not the shape above, the arena is too small or not aligned, or the
 * engine cannot run. */
bool detector_init(struct detector *detector, const struct nn_model *model, void *arena,
                   size_t arena_bytes);

/* The network's streaming state back to its start. */
bool detector_restart(struct detector *detector);

/* Takes DETECTOR_FEATURES values, hop by hop; false if the engine failed. */
bool detector_decide(struct detector *detector, const int16_t *logmel_q8, uint8_t *probability_q8);

#endif
