#include "mve/lookup.h"

#include <arm_mve.h>

enum { LANES = 16 };

void nn_mve_lookup(const int8_t *table, const int8_t *input, int32_t count, int8_t *output) {
    const uint8x16_t sign = vdupq_n_u8(0x80);
    for (; count > 0; count -= LANES) {
        const mve_pred16_t live = vctp8q((uint32_t)count);
        const uint8x16_t place = veorq_u8(vldrbq_z_u8((const uint8_t *)input, live), sign);
        vstrbq_p_s8(output, vldrbq_gather_offset_z_s8(table, place, live), live);
        input += LANES;
        output += LANES;
    }
}
