/* runner_frontend.c: the front end over the hops of PCM in calls.bin. results.bin holds, for each
 * hop, the readings before and after it and its log-mel values.
 */
#include "frontend.h"
#include "runner.h"

static struct frontend frontend;
static int16_t pcm[FRONTEND_HOP];
static int16_t logmel_q8[FRONTEND_BANDS];

static bool hop(void *unused) {
    (void)unused;
    frontend_hop(&frontend, pcm, logmel_q8);
    return true;
}

void runner_main(void) {
    struct runner_span span;
    runner_calibrate();
    frontend_init(&frontend, &BENCH_TABLES);
    while (runner_read(pcm, sizeof pcm)) {
        runner_measure(hop, 0, &span);
        runner_write(&span, sizeof span);
        runner_write(logmel_q8, sizeof logmel_q8);
    }
}
