/* board.h: what the image asks of the hardware. One implementation per boards/NAME.
 *
 * Owns: nothing; it is the seam. All time is counted in samples heard (the audio clock);
 * board_cycles() is for the ledger's cost columns only and never steers anything.
 */
#ifndef EARSHOT_BOARD_H
#define EARSHOT_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store.h"

/* Why the core last started. */
enum board_reset_cause {
    BOARD_RESET_UNKNOWN = 0,
    BOARD_RESET_POWER_ON = 1,
    BOARD_RESET_PIN = 2,
    BOARD_RESET_SOFTWARE = 3,
    BOARD_RESET_WATCHDOG = 4,
    BOARD_RESET_FAULT = 5,
    BOARD_RESET_BROWNOUT = 6,
};

/* Clocks, power, pins and link. */
void board_init(void);

enum board_reset_cause board_reset_cause(void);

/* Starts the microphone, the first time. Sleeps as deeply as the board can until EARSHOT_CHUNK
 * samples are there, and returns them, aligned as words. They stay valid until the next call. A
 * board whose microphone does not wait keeps at least 12 chunks that nobody has taken yet: so long
 * may a chunk take. Feeds the watchdog: a chunk a call is the sign of life. */
const int16_t *board_audio_wait(void);

/* Samples that the microphone delivered and nobody took, since reset. */
uint32_t board_audio_dropped(void);

/* Core cycles spent awake since reset; wraps. */
uint32_t board_cycles(void);

/* Bytes received on the link, at most cap; 0 when there are none. Never waits. */
size_t board_link_read(uint8_t *bytes, size_t cap);

/* Sends bytes; returns when all are queued or out. */
void board_link_write(const uint8_t *bytes, size_t count);

/* Drives the state code (enum listener_state) to the GPIO pins that board.toml names. In LISTEN
 * and SEND a board may run faster. */
void board_state(uint8_t code);

/* Memory that outlasts a reset, or stands in for it; NULL: there is none. */
const struct store_device *board_store(void);

/* The chip's own number; 0: it has none. */
uint64_t board_unit(void);

/* Restarts the core. */
_Noreturn void board_reset(void);

#endif
