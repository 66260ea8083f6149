/* mve/depthwise_outputs.h: the sums of depthwise convolutions on Helium: 16 channels at a time, two
 * taps summed in 16 bits.
 *
 * modelc packs a layer into one stream of words, 16 channels a block. If the channels are no
 * multiple of 16, the last block is the last 16 channels (some come twice). Two, four and eight
 * channels, with the stride 1, are repeated to 16: a block is that many outputs side by side, and
 * the last block of a row the last 16 bytes. Any other number below 16, or channels with a
 * multiplier, are filled up with zeros, and a block begins with which channel of the input, counted
 * from the block's first, each lane sees.
 *
 *     block | (channels seen: 16 x uint8) | bias 4 x 4 x int32 | tap 0: 16 x int8 | tap 1 | ...
 *           | scale 0 | scale 1 | scale 2 | scale 3 |
 *     scale | multiplier 4 x int32 | shift 4 x int32 |
 *
 * Sums come out of the multiplications as four vectors, and biases and scales lie in that order:
 * channels 0 4 8 12, 2 6 10 14, 1 5 9 13, 3 7 11 15 of the block. A shift is as TFLite has it if at
 * most zero; one above zero is 256 times that. Two products must fit in 16 bits, so modelc leaves a
 * layer with a weight of -128 to nn_depthwise.
 *
 * Owns: nothing.
 * Costs: 0.6 instructions a multiplication with 3, 5 or 9 taps, else 0.7, and 1.9 an output (2.9
 * without ReLU); lanes that see channels of their own: for 3 x 3 taps 2.8 a multiplication in all.
 */
#ifndef EARSHOT_NN_MVE_DEPTHWISE_OUTPUTS_H
#define EARSHOT_NN_MVE_DEPTHWISE_OUTPUTS_H

#include <stdint.h>

struct nn_mve_depthwise;

/* `count` outputs side by side, their taps in a table that moves on with them. modelc names the one
 * that serves a layer, so that an image holds no other. */
typedef void nn_mve_outputs(const struct nn_mve_depthwise *layer, const int8_t **table,
                            int8_t *output, int32_t count);

/* Any number of taps; that number of taps, with the stride 1 and channels in whole blocks. The
 * general ones clamp, and round ties below zero away from it; the others are for layers with zero
 * point and least output -128 and largest output 127. Only the one with _shifted heeds shifts above
 * zero. */
nn_mve_outputs nn_mve_depthwise_any, nn_mve_depthwise_any_general, nn_mve_depthwise_any_shifted;
nn_mve_outputs nn_mve_depthwise_3, nn_mve_depthwise_3_general;
nn_mve_outputs nn_mve_depthwise_5, nn_mve_depthwise_5_general;
nn_mve_outputs nn_mve_depthwise_9, nn_mve_depthwise_9_general;

/* Lanes that see channels of their own. */
nn_mve_outputs nn_mve_depthwise_by_lane;

#endif
