/* main.c: the image: a board, and earshot.c in a loop over its audio. */
#include <stddef.h>
#include <stdint.h>

#include "board.h"
#include "board_facts.h"
#include "earshot.h"
#include "image_facts.h"

#define LINK_READ_BYTES 64
/* A host that never stops sending must not keep the board from its audio. */
#define LINK_READS_A_CHUNK 16

static struct earshot earshot;

static void write(void *context, const uint8_t *bytes, size_t count) {
    (void)context;
    board_link_write(bytes, count);
}

static void state(void *context, uint8_t code) {
    (void)context;
    board_state(code);
}

static uint32_t cycles(void *context) {
    (void)context;
    return board_cycles();
}

static void link_read(void) {
    uint8_t bytes[LINK_READ_BYTES];
    size_t count = sizeof bytes;

    for (uint32_t i = 0; i < LINK_READS_A_CHUNK && count == sizeof bytes; i++) {
        count = board_link_read(bytes, sizeof bytes);
        earshot_receive(&earshot, bytes, count);
    }
}

int main(void) {
    const struct earshot_port port = {.write = write, .state = state, .cycles = cycles};

    size_t count;

    board_init();
    const uint8_t *image = image_bytes(&count);
    const struct earshot_identity identity = {
        .board = BOARD_NAME,
        .rate = BOARD_RATE,
        .tables = &BOARD_TABLES,
        .reset_cause = (uint8_t)board_reset_cause(),
        .unit = board_unit(),
        .store = board_store(),
        .build = image_facts.build,
        .image = image,
        .image_bytes = count,
    };
    earshot_init(&earshot, &identity, &port);
    for (;;) {
        const int16_t *pcm = board_audio_wait();
        const uint32_t cycles_now = board_cycles();
        const uint32_t dropped = board_audio_dropped();

        link_read();
        earshot_chunk(&earshot, pcm, cycles_now, dropped);
    }
}
