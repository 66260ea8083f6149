/* The image with networks that fail as told: `fault_driver WHEN WHEN` sends its frames to stdout.
 * The first WHEN is the voice detector's, the second the recogniser's; 0: it cannot start; N: its
 * Nth run fails. */
#include <stdio.h>
#include <stdlib.h>

#include "earshot.h"

static int8_t features[DETECTOR_FEATURES], probability;
static int8_t speech[320], logits[160];
static long runs_left, recognitions_left;

static bool init(void *arena) {
    (void)arena;
    return runs_left > 0;
}

static bool invoke(void *arena) {
    (void)arena;
    probability = 127;
    return --runs_left > 0;
}

static int8_t *input_data(void *arena, uint32_t index) {
    (void)arena, (void)index;
    return features;
}

static const int8_t *output_data(const void *arena, uint32_t index) {
    (void)arena, (void)index;
    return &probability;
}

static const struct nn_tensor input = {.bytes = DETECTOR_FEATURES};
static const struct nn_tensor output = {.bytes = 1, .zero_point = -128};
const struct nn_model vad_model = {
    .name = "failing",
    .inputs = 1,
    .outputs = 1,
    .input = &input,
    .output = &output,
    .init = init,
    .invoke = invoke,
    .input_data = input_data,
    .output_data = output_data,
};

static bool recognition_init(void *arena) {
    (void)arena;
    return recognitions_left > 0;
}

static bool recognition_invoke(void *arena) {
    (void)arena;
    return --recognitions_left > 0;
}

static int8_t *recognition_input(void *arena, uint32_t index) {
    (void)arena, (void)index;
    return speech;
}

static const int8_t *recognition_output(const void *arena, uint32_t index) {
    (void)arena, (void)index;
    return logits;
}

static const struct nn_tensor recognition_in = {.bytes = sizeof speech, .from_q8_q16 = 1632};
static const struct nn_tensor recognition_out = {.bytes = sizeof logits, .from_q8_q16 = 1707};
const struct nn_model asr_model = {
    .name = "recognition",
    .inputs = 1,
    .outputs = 1,
    .input = &recognition_in,
    .output = &recognition_out,
    .init = recognition_init,
    .invoke = recognition_invoke,
    .input_data = recognition_input,
    .output_data = recognition_output,
};

/* Nobody runs it. */
const struct nn_model kernels_model = {.name = "kernels"};

static void write(void *context, const uint8_t *bytes, size_t count) {
    (void)context;
    fwrite(bytes, 1, count, stdout);
}

static void state(void *context, uint8_t code) {
    (void)context;
    fprintf(stderr, "%d ", code);
}

static uint32_t cycles(void *context) {
    (void)context;
    return 0;
}

int main(int count, char **arguments) {
    static struct earshot earshot;
    static int16_t pcm[EARSHOT_CHUNK];
    const struct earshot_port port = {.write = write, .state = state, .cycles = cycles};
    const struct earshot_identity identity = {
        .board = "driver", .rate = 16000, .tables = &frontend_tables_16000};

    if (count != 3) {
        return 2;
    }
    runs_left = strtol(arguments[1], NULL, 10);
    recognitions_left = strtol(arguments[2], NULL, 10);
    earshot_init(&earshot, &identity, &port);
    for (int chunk = 0; chunk < 32; chunk++) {
        earshot_chunk(&earshot, pcm, 0, 7);
    }
    return 0;
}
