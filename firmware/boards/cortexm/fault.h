/* fault.h: what went wrong, told to the host and remembered over the reset that follows.
 *
 * Owns: the fault record in .noinit, the stack canary, the compiler's stack guard.
 * Costs: 13 bytes of RAM; nothing until it happens but the canary's check.
 */
#ifndef EARSHOT_FAULT_H
#define EARSHOT_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Entry of every fault and of every interrupt that nobody handles. */
void fault_exception(void);

/* The same, until a board defines the name. */
void NMI_Handler(void);
void SVC_Handler(void);
void PendSV_Handler(void);
void SysTick_Handler(void);

/* A fault that software found: reports `why` and resets. */
_Noreturn void fault_stop(const char *why);

/* True if the last reset followed a fault; forgets it. */
bool fault_taken(void);

/* Marks the bottom of the stack, and stops if the mark is gone. */
void fault_canary_set(void);
void fault_canary_check(void);

/* The board's: sends bytes by polling, with interrupts off and whatever state the UART is in. */
void board_fault_write(const uint8_t *bytes, size_t count);

#endif
