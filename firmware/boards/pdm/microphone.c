#include "microphone.h"

#include "awake.h"
#include "board.h"
#include "board_facts.h"
#include "cortexm.h"
#include "fault.h"

struct microphone microphone;

const int16_t *board_audio_wait(void) {
    fault_canary_check();
    if (!microphone.runs) {
        microphone.runs = true;
        microphone_start();
    }
    interrupts_off();
    microphone.released += microphone.taken;
    while (microphone.filled == microphone.released) {
        core_sleep();
        interrupts_on();
        interrupts_off();
    }
    microphone.taken = true;
    const int16_t *chunk = microphone_chunk(microphone.released);
    interrupts_on();
    watchdog_feed();
    return chunk;
}

uint32_t board_audio_dropped(void) {
    return microphone.dropped;
}

uint32_t microphone_overflow(uint32_t elapsed, uint32_t ticks_hz, uint32_t fifo_samples) {
    const uint32_t heard = (uint32_t)((uint64_t)elapsed * BOARD_RATE / ticks_hz);
    const uint32_t kept = EARSHOT_CHUNK + fifo_samples;

    return heard > kept ? heard - kept : 0u;
}
