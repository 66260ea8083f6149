#include "bench.h"

static int8_t random_byte(uint32_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return (int8_t)(*state >> 24);
}

static uint32_t add_to_crc(uint32_t crc, uint8_t byte) {
    crc ^= byte;
    for (int bit = 0; bit < 8; bit++) {
        crc = (crc >> 1) ^ ((crc & 1u) != 0 ? 0xEDB88320u : 0u);
    }
    return crc;
}

struct bench_result bench_run(const struct nn_model *model, void *arena, uint32_t (*now)(void)) {
    uint32_t random = 0x12345678u;
    uint32_t crc = 0xFFFFFFFFu;
    struct bench_result result = {0, 0};

    model->init(arena);
    for (uint32_t call = 0; call < 4; call++) {
        for (uint32_t i = 0; i < model->inputs; i++) {
            int8_t *input = model->input_data(arena, i);
            for (uint32_t byte = 0; byte < model->input[i].bytes; byte++) {
                input[byte] = random_byte(&random);
            }
        }
        const uint32_t start = now();
        model->invoke(arena);
        const uint32_t taken = now() - start;
        result.second = call == 1 ? taken : result.second;
        for (uint32_t i = 0; i < model->outputs; i++) {
            const int8_t *output = model->output_data(arena, i);
            for (uint32_t byte = 0; byte < model->output[i].bytes; byte++) {
                crc = add_to_crc(crc, (uint8_t)output[byte]);
            }
        }
    }
    result.crc32 = ~crc;
    return result;
}
