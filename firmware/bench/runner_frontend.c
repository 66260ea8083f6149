/* runner_frontend.c: the front end over the PCM in calls.bin. results.bin holds, for each call of
 * it, the readings before and after and its log-mel values.
 */
#include "frontend.h"
#include "runner.h"

/* Of a call. */
#define SAMPLES FRONTEND_CHUNK
#define VALUES (2 * FRONTEND_BANDS)

static struct frontend frontend;
static _Alignas(4) int16_t pcm[SAMPLES];
static int16_t logmel_q8[VALUES];

static bool hear(void *unused) {
    (void)unused;
    frontend_chunk(&frontend, pcm, logmel_q8);
    return true;
}

void runner_main(void) {
    struct runner_span span;
    runner_calibrate();
    frontend_init(&frontend, &BENCH_TABLES);
    while (runner_read(pcm, sizeof pcm)) {
        runner_measure(hear, 0, &span);
        runner_write(&span, sizeof span);
        runner_write(logmel_q8, sizeof logmel_q8);
    }
}
