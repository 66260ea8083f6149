#include "decoder_calibration.h"

const struct decoder_config decoder_calibration = {
    .beam_q8 = 20 * 256,
    .tokens = 320,
    .scale_q5 = 16,
    .word_cost_q8 = 0,
    .filler_cost_q8 = 2 * 256,
    .offset_q8 = 313,
    .by_average_q8 = 378,
    .by_worst_q8 = 0,
    .by_doubt_q8 = 407,
    .reject_below_q8 = 64,
};
