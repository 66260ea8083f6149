/* nrf52.h: what the files of boards/nrf52 share: pins, events, and what they ask of each other.
 *
 * A pin is port * 32 + number, as PSEL registers have it. Owns: nothing. Costs: nothing.
 */
#ifndef EARSHOT_NRF52_H
#define EARSHOT_NRF52_H

#include <stdbool.h>
#include <stdint.h>

#include "registers.h"

/* Clears an event. Read back: the interrupt would else come a second time. */
static inline void event_take(volatile uint32_t *event) {
    *event = 0;
    (void)*event;
}

static inline void event_wait(const volatile uint32_t *event) {
    while (!*event) {
    }
}

static inline void pin_set(uint32_t pin, uint32_t configuration) {
    volatile uint32_t *first = pin < 32u ? &P0_PIN_CNF0 : &P1_PIN_CNF0;
    first[pin % 32u] = configuration;
}

static inline void pin_drive(uint32_t pin, bool high) {
    if (high) {
        *(pin < 32u ? &P0_OUTSET : &P1_OUTSET) = 1u << (pin % 32u);
    } else {
        *(pin < 32u ? &P0_OUTCLR : &P1_OUTCLR) = 1u << (pin % 32u);
    }
}

static inline void pin_output(uint32_t pin, bool high) {
    pin_drive(pin, high);
    pin_set(pin, P0_PIN_CNF0_DIR_Output | P0_PIN_CNF0_INPUT_Disconnect);
}

/* Link and state pins. */
void pins_start(void);

/* The link, from its start to the last stop bit of all that was queued. */
void uart_start(void);
void uart_interrupt(void);

/* With interrupts off: what is under way and what was queued goes first. */
void uart_flush(void);

#endif
