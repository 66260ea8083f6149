/* tile.h: four rows times a weight matrix, two channels at a time: what convolutions with many
 * positions spend their time in. Eight accumulators stay in registers; one unpacking of a weight
 * serves four positions, one load of an input two channels.
 *
 * The rows, expanded as expand.h tells, lie side by side:
 *
 *   correction of row 0 | 1 | 2 | 3
 *   block 0:  first pair of row 0 | 1 | 2 | 3   second pair of row 0 | 1 | 2 | 3      block 1: ...
 *
 * Weights and all else that belongs to two channels are one stream, in the order in which it is
 * eaten; a word of weights holds four of one channel:
 *
 *   channels 0 and 1: bias c0 | c1   block 0: c0 | c1   block 1: c0 | c1  ...   scale of c0   of c1
 *   channels 2 and 3: ...
 *
 * Owns: nothing. Costs: 0.72 instructions a multiplication on Cortex-M4, 8.6 an output.
 */
#ifndef EARSHOT_NN_DSP_TILE_H
#define EARSHOT_NN_DSP_TILE_H

#include <stdint.h>

#include "dsp/expand.h"

#define NN_DSP_TILE_ROWS 4
#define NN_DSP_TILE_CHANNELS 2

/* Words of scratch that a tile of rows takes. */
#define NN_DSP_TILE_WORDS(blocks) (NN_DSP_TILE_ROWS * (1 + 2 * (blocks)))

struct nn_dsp_tile {
    int32_t blocks; /* of four values in a row */
    int32_t step;   /* bytes from one row of the output to the next */
    int32_t zero;   /* of the output */
};

/* Expands values of row 0..3 of a tile, from a block on; returns their correction. */
static inline int32_t nn_dsp_tile_values(uint32_t *tile, int32_t row, int32_t block,
                                         const int8_t *values, int32_t count) {
    const int32_t step = 2 * NN_DSP_TILE_ROWS;
    return nn_dsp_expand(values, count, tile + NN_DSP_TILE_ROWS + block * step + row,
                         NN_DSP_TILE_ROWS, step);
}

/* All four rows times `pairs` pairs of channels, at least one; returns the stream behind them. */
const int32_t *nn_dsp_tile(const struct nn_dsp_tile *layer, const int32_t *stream,
                           const uint32_t *tile, int32_t pairs, int8_t *output);

#endif
