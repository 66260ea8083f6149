/* depthwise_3x3.h: DEPTHWISE_CONV_2D with a 3x3 kernel, stride 1, a channel multiplier of 1 and at
 * least four channels: the layer that most of the small networks are made of.
 *
 * Four channels at a time walk over the image. Two rows of it are unpacked to pairs once, with
 * what is padded around them, and then serve three columns of the kernel and two rows of the
 * output: a line of pairs begins at each row of the image, and an output row sees two of them.
 *
 *   line r, a word a channel   | x[r][c] , x[r+1][c] |   c = 0 1 2 ...
 *   output row y               line y - pad_top for rows 0 and 1 of the kernel,
 *                              line y - pad_top + 2 for row 2
 *
 * Constants are one stream, in the order in which they are eaten; a word of weights is the pair of
 * one channel's weights for the two rows:
 *
 *   channels 0 to 3: bias c0 | c1 | c2 | c3
 *                    rows 0 and 1: column 0: c0 | c1 | c2 | c3   column 1: ...   column 2: ...
 *                    row 2 and none: ...
 *                    scale of c0 | c1 | c2 | c3
 *   channels 4 to 7: ...
 *
 * If the number of channels is no multiple of four, the last four come once more at the end.
 *
 * Owns: nothing; scratch is the caller's: NN_DSP_3X3_LINES lines of four words a column. input and
 * output must not overlap.
 * Costs: 72 instructions for the four channels of an output on Cortex-M4, 13 a column of a line and
 * 80 a line: 2.5 a multiplication on large images, 3 on one of 25 by 5.
 */
#ifndef EARSHOT_NN_DSP_DEPTHWISE_3X3_H
#define EARSHOT_NN_DSP_DEPTHWISE_3X3_H

#include "dsp/depthwise.h"

#define NN_DSP_3X3_LINES 3 /* that are alive at once */

void nn_dsp_depthwise_3x3(const struct nn_dsp_depthwise *layer, const int8_t *input,
                          uint32_t *lines, int8_t *output);

#endif
