/* mps_probe.c: an image that does what it is told over the link, to test boards/mps and
 * boards/cortexm.
 *
 * Starts by sending its reset cause, a byte. For each chunk it sends the sum over all samples and
 * link bytes, hash = 31 * hash + value (u32 LE). Commands, one byte each: H hangs, R resets, U runs
 * an undefined instruction, L loops 5 000 000 times and sends the cycles that took (u32 LE).
 */
#include "board.h"
#include "cortexm.h"
#include "earshot.h"

#define LOOPS 5000000u

static void word(uint32_t value) {
    const uint8_t bytes[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                              (uint8_t)(value >> 24)};
    board_link_write(bytes, sizeof bytes);
}

static void obey(uint8_t command) {
    switch (command) {
    case 'H':
        for (;;) {
        }
    case 'R':
        board_reset();
    case 'U':
        __asm volatile("udf #7");
        break;
    case 'L': {
        const uint32_t before = board_cycles();
        uint32_t loops = LOOPS;
        __asm volatile("1: subs %0, #1\n nop\n nop\n nop\n nop\n bne 1b" : "+r"(loops)::"cc");
        word(board_cycles() - before);
        break;
    }
    default:
        break;
    }
}

int main(void) {
    board_init();
    board_state(5);
    const uint8_t cause = (uint8_t)board_reset_cause();
    board_link_write(&cause, 1);
    for (;;) {
        const int16_t *pcm = board_audio_wait();
        uint32_t hash = 0;
        for (uint32_t i = 0; i < EARSHOT_CHUNK; i++) {
            hash = hash * 31u + (uint16_t)pcm[i];
        }
        uint8_t bytes[64];
        size_t count;
        while ((count = board_link_read(bytes, sizeof bytes)) > 0) {
            for (size_t i = 0; i < count; i++) {
                hash = hash * 31u + bytes[i];
                obey(bytes[i]);
            }
        }
        word(hash);
    }
}
