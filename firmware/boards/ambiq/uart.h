/* uart.h: the link through UART0 of Ambiq's chips, a PL011 with FIFOs of 32 bytes.
 *
 * Owns: UART0, its interrupt; 1 KB of RAM. Costs: an interrupt for every half FIFO of bytes.
 */
#ifndef EARSHOT_AMBIQ_UART_H
#define EARSHOT_AMBIQ_UART_H

#include <stdbool.h>

void uart_start(void);
void uart_interrupt(void);

/* With interrupts off: all that was queued goes out. */
void uart_flush(void);

/* The board's: pads, and the UART's power. */
void pads_start(void);
bool uart_powered(void);
void uart_power(void);

#endif
