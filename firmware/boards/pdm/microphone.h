/* microphone.h: from a microphone that does not wait to the image: a ring of chunks.
 *
 * The board's interrupt fills it; board_audio_wait and board_audio_dropped are here. How the
 * chip's PDM and DMA are set up, and what a late interrupt costs, is the board's.
 *
 * Owns: the ring; 16 KB of RAM. Costs: nothing a sample, a few dozen instructions a chunk.
 */
#ifndef EARSHOT_MICROPHONE_H
#define EARSHOT_MICROPHONE_H

#include <stdbool.h>
#include <stdint.h>

#include "earshot.h"

#define MICROPHONE_CHUNKS 16u /* a power of two; half a second */

struct microphone {
    int16_t chunk[MICROPHONE_CHUNKS][EARSHOT_CHUNK];
    volatile uint32_t filled;   /* chunks since reset */
    volatile uint32_t released; /* of them, given back; the image's is the next one, if any */
    volatile uint32_t dropped;  /* samples */
    bool taken;                 /* the image has one */
    bool runs; /* from the first wait on: before that, nobody could take what it gives */
};

extern struct microphone microphone;

/* The place of a chunk, counted since reset. */
static inline int16_t *microphone_chunk(uint32_t number) {
    return microphone.chunk[number % MICROPHONE_CHUNKS];
}

/* Samples that a FIFO of fifo_samples, which keeps its oldest ones, lost because the interrupt at a
 * chunk's end came `elapsed` ticks after the one before. */
uint32_t microphone_overflow(uint32_t elapsed, uint32_t ticks_hz, uint32_t fifo_samples);

/* The board's: sets up the PDM and its DMA, whose interrupt counts chunks into the ring from now
 * on.
 */
void microphone_start(void);

/* The board's: the sign of life, a chunk a call. */
void watchdog_feed(void);

#endif
