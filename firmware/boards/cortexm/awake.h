/* awake.h: the core's own clock, which stands while it sleeps; for cores with a DWT.
 *
 * Owns: the DWT's cycle counter; 8 bytes of RAM. Costs: a dozen instructions a sleep.
 */
#ifndef EARSHOT_AWAKE_H
#define EARSHOT_AWAKE_H

#include <stdint.h>

/* Counts from now on. */
void awake_start(void);

/* Sleeps as SCB_SCR has it until an interrupt is pending; interrupts are off, and none is taken. */
void awake_sleep(void);

/* Cycles awake since awake_start; wraps. */
uint32_t awake_cycles(void);

/* The board's: awake_sleep, and what its clocks need before and after it. Called with interrupts
 * off. */
void core_sleep(void);

#endif
