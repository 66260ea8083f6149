/* frontend_image.c: the front end alone: log-mel of a file of samples, on an emulated Cortex-M or
 * on the desk.
 *
 * Reads int16 samples from pcm.raw, on a Cortex-M through semihosting. For each of their chunks it
 * appends the log-mel to logmel.raw, the spectrum that this came from to spectrum.raw, and to
 * ticks.raw, uint32, the core's SysTick ticks that the chunk took (0 on the desk).
 */
#include <stdint.h>

#include "frontend.h"
#include "image.h"

static struct frontend frontend;
static _Alignas(4) int16_t pcm[FRONTEND_CHUNK];

static void run(void) {
    const file pcm_file = TO_READ("pcm.raw"), logmel_file = TO_WRITE("logmel.raw");
    const file spectrum_file = TO_WRITE("spectrum.raw"), ticks_file = TO_WRITE("ticks.raw");
    int16_t logmel_q8[2 * FRONTEND_BANDS];

    frontend_init(&frontend, &TABLES);
    while (taken(pcm_file, pcm, sizeof pcm)) {
        const uint32_t before = ticks_left();
        frontend_chunk(&frontend, pcm, logmel_q8);
        const uint32_t ticks = (before - ticks_left()) & 0xFFFFFFu;
        append(logmel_file, logmel_q8, sizeof logmel_q8);
        append(spectrum_file, frontend.work, sizeof frontend.work);
        append(ticks_file, &ticks, sizeof ticks);
    }
}
