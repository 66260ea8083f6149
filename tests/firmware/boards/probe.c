/* probe.c: a main() that does on command what an image must never do. A chunk is answered by a line
 * "sum dropped", in hexadecimal; the letters of the link are the commands: those of every board
 * here, a chip's own in CHIP_probe.c. */
#include "probe.h"

#include "board.h"
#include "board_facts.h"
#include "cortexm.h"
#include "listener.h"

#define SLOW_CHUNKS 20u

void put(const char *text) {
    size_t count = 0;
    while (text[count] != '\0') {
        count++;
    }
    board_link_write((const uint8_t *)text, count);
}

void put_word(uint32_t word) {
    char digits[9];
    for (uint32_t i = 0; i < 8; i++) {
        digits[i] = "0123456789abcdef"[(word >> (28 - 4 * i)) & 0xFu];
    }
    digits[8] = '\0';
    put(digits);
}

__attribute__((noinline)) static uint32_t deeper(volatile uint32_t *above, uint32_t depth) {
    volatile uint32_t here[32] = {depth};
    return depth == 0 ? *above : deeper(here, depth - 1) + here[0];
}

__attribute__((noinline)) static void smash(volatile uint8_t *bytes, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        bytes[i] = 0x55;
    }
}

__attribute__((noinline)) static void smash_own_frame(void) {
    volatile uint8_t bytes[16];
    smash(bytes, 48);
}

static void busy(uint32_t cycles) {
    uint32_t turns = cycles / 2u;
    __asm volatile("1: subs %0, #1\n bne 1b" : "+r"(turns)::"cc");
}

static void obey(char command) {
    static const uint32_t chunk_cycles = BOARD_CLOCK_HZ / BOARD_RATE * EARSHOT_CHUNK;
    switch (command) {
    case 'b': /* a bus fault where there is nothing */
        *(volatile uint32_t *)PROBE_NOTHING = 1;
        break;
    case 'd': /* RAM that has no power */
        *(volatile uint32_t *)PROBE_RAM_OFF = 1;
        break;
    case 'h': /* hangs */
        for (;;) {
        }
    case 'H': /* hangs with interrupts off */
        interrupts_off();
        for (;;) {
        }
    case 's': /* takes longer than the microphone fills its buffers */
        busy(SLOW_CHUNKS * chunk_cycles);
        break;
    case 'o': /* keeps the microphone's interrupt waiting for longer than its FIFO lasts */
        interrupts_off();
        busy(chunk_cycles + chunk_cycles / 2u);
        interrupts_on();
        break;
    case 'O': /* the same, for two and a half chunks */
        interrupts_off();
        busy(2u * chunk_cycles + chunk_cycles / 2u);
        interrupts_on();
        break;
    case 'u': /* an undefined instruction */
        __asm volatile("udf #1");
        break;
    case 'r': /* recursion without end */
        put_word(deeper(&(uint32_t){0}, 100000));
        break;
    case 'x': /* writes over its own frame */
        smash_own_frame();
        break;
    case 'y': /* the mark at the end of the stack */
        *(volatile uint32_t *)PROBE_STACK_END = 0;
        break;
    case 'q': /* more than the transmit FIFO holds */
        for (uint32_t i = 0; i < 8; i++) {
            put("0123456789\n");
        }
        break;
    case 'z':
        board_reset();
    case 'f': /* more than the transmit ring holds */
        for (uint32_t i = 0; i < 100; i++) {
            put("0123456789\n");
        }
        break;
    default:
        probe_chip(command);
        break;
    }
}

int main(void) {
    board_init();
    put("start ");
    put_word(board_reset_cause());
    put("\n");
    for (uint32_t chunks = 1;; chunks++) {
        const int16_t *pcm = board_audio_wait();
        int32_t sum = 0;
        uint8_t command;
        for (uint32_t i = 0; i < EARSHOT_CHUNK; i++) {
            sum += pcm[i];
        }
        board_state((uint8_t)(chunks & 7u));
        while (board_link_read(&command, 1)) {
            obey((char)command);
        }
        put_word((uint32_t)sum);
        put(" ");
        put_word(board_audio_dropped());
        put("\n");
    }
}
