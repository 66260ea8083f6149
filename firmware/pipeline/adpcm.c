#include "adpcm.h"

#define STEPS 89

/* Each about 1.1 times the one before. */
static const int16_t step_size[STEPS] = {
    7,     8,     9,     10,    11,    12,    13,    14,    16,    17,    19,   21,    23,
    25,    28,    31,    34,    37,    41,    45,    50,    55,    60,    66,   73,    80,
    88,    97,    107,   118,   130,   143,   157,   173,   190,   209,   230,  253,   279,
    307,   337,   371,   408,   449,   494,   544,   598,   658,   724,   796,  876,   963,
    1060,  1166,  1282,  1411,  1552,  1707,  1878,  2066,  2272,  2499,  2749, 3024,  3327,
    3660,  4026,  4428,  4871,  5358,  5894,  6484,  7132,  7845,  8630,  9493, 10442, 11487,
    12635, 13899, 15289, 16818, 18500, 20350, 22385, 24623, 27086, 29794, 32767};
static const int8_t step_moves[8] = {-1, -1, -1, -1, 2, 4, 6, 8};

static int32_t held(int32_t value, int32_t least, int32_t most) {
    return value < least ? least : value > most ? most : value;
}

static uint8_t encode(struct adpcm *adpcm, int32_t sample) {
    int32_t left = sample - adpcm->predictor;
    const uint8_t sign = left < 0 ? 8u : 0u;
    int32_t part = step_size[adpcm->step], heard = part >> 3;
    uint8_t code = 0;

    left = left < 0 ? -left : left;
    for (uint8_t bit = 4; bit != 0; bit = (uint8_t)(bit >> 1), part >>= 1) {
        if (left >= part) {
            code = (uint8_t)(code | bit);
            left -= part;
            heard += part;
        }
    }
    adpcm->predictor =
        (int16_t)held(adpcm->predictor + (sign ? -heard : heard), INT16_MIN, INT16_MAX);
    adpcm->step = (uint8_t)held(adpcm->step + step_moves[code], 0, STEPS - 1);
    return (uint8_t)(code | sign);
}

void adpcm_encode(struct adpcm *adpcm, const int16_t *pcm, uint32_t count, uint8_t *bytes) {
    for (uint32_t i = 0; i + 1 < count; i += 2) {
        const uint8_t first = encode(adpcm, pcm[i]);
        bytes[i / 2] = (uint8_t)(first | (encode(adpcm, pcm[i + 1]) << 4));
    }
}
