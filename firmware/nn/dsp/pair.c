#include "dsp/pair.h"

#include <stdbool.h>
#include <string.h>

#include "broadcast.h"

#define SPREAD 64 /* values */

struct runs {
    const struct nn_dsp_pair *pair;
    nn_dsp_run run;
    const void *layer;
};

static void line(const void *parameters, const int8_t *first, const int8_t *second,
                 int8_t *output) {
    const struct runs *runs = parameters;
    const struct nn_dsp_pair *pair = runs->pair;
    const int32_t count = pair->shape[3];
    if (pair->first_step[3] == pair->second_step[3]) {
        runs->run(runs->layer, first, second, output, count);
        return;
    }
    const bool first_is_one = pair->first_step[3] == 0;
    int8_t spread[SPREAD];
    memset(spread, first_is_one ? *first : *second, sizeof spread);
    for (int32_t i = 0; i < count; i += SPREAD) {
        const int32_t left = count - i;
        runs->run(runs->layer, first_is_one ? spread : first + i,
                  first_is_one ? second + i : spread, output + i, left < SPREAD ? left : SPREAD);
    }
}

void nn_dsp_each_run(const struct nn_dsp_pair *pair, nn_dsp_run run, const void *layer,
                     const int8_t *first, const int8_t *second, int8_t *output) {
    const struct runs runs = {pair, run, layer};
    nn_each_line(pair->shape, pair->first_step, pair->second_step, line, &runs, first, second,
                 output);
}
