/* uart.c: see uart.h. */
#include "uart.h"

#include "awake.h"
#include "board.h"
#include "board_facts.h"
#include "cortexm.h"
#include "fault.h"
#include "registers.h"

#define UART_HZ 24000000u
#define UART_DIVIDER_64THS ((UART_HZ * 4u + BOARD_LINK_BAUD / 2u) / BOARD_LINK_BAUD)
#define CLKSEL_24MHZ 1u

#define RX_SPACE 512u /* powers of two; the line brings 378 bytes a chunk */
#define TX_SPACE 512u

/* The bytes are volatile too: a place is read before `read` gives it back to the interrupt. */
static struct {
    volatile uint8_t bytes[RX_SPACE];
    volatile uint32_t written;
    volatile uint32_t read;
} rx;

static struct {
    uint8_t bytes[TX_SPACE];
    volatile uint32_t written;
    volatile uint32_t read;
} tx;

void uart_start(void) {
    uart_power();
    UART0_CR = 0;
    UART0_CR = UART0_CR_CLKEN_Msk;
    UART0_CR |= UART0_CR_CLKSEL(CLKSEL_24MHZ);
    UART0_IBRD = UART_DIVIDER_64THS / 64u;
    UART0_FBRD = UART_DIVIDER_64THS % 64u;
    UART0_LCRH = UART0_LCRH_WLEN(3u) | UART0_LCRH_FEN_Msk;
    UART0_IFLS = UART0_IFLS_RXIFLSEL(2u) | UART0_IFLS_TXIFLSEL(0u); /* half full, an eighth */
    UART0_IER = UART0_IER_RXIM_Msk | UART0_IER_RTIM_Msk;
    UART0_CR |= UART0_CR_UARTEN_Msk | UART0_CR_TXE_Msk | UART0_CR_RXE_Msk;
    NVIC_ISER(UART0_IRQn) = NVIC_BIT(UART0_IRQn);
}

/* With interrupts off, or in the interrupt. */
static void uart_fill(void) {
    while (tx.read != tx.written && !(UART0_FR & UART0_FR_TXFF_Msk)) {
        UART0_DR = tx.bytes[tx.read++ % TX_SPACE];
    }
    uint32_t more = tx.read != tx.written ? UART0_IER_TXIM_Msk : 0u;
    UART0_IER = UART0_IER_RXIM_Msk | UART0_IER_RTIM_Msk | more;
}

/* What does not fit into the ring is lost; the link's CRC finds out. */
void uart_interrupt(void) {
    UART0_IEC = UART0_MIS;
    while (!(UART0_FR & UART0_FR_RXFE_Msk)) {
        uint8_t byte = (uint8_t)UART0_DR;
        if (rx.written - rx.read < RX_SPACE) {
            rx.bytes[rx.written++ % RX_SPACE] = byte;
        }
    }
    uart_fill();
}

size_t board_link_read(uint8_t *bytes, size_t cap) {
    size_t count = 0;
    while (count < cap && rx.read != rx.written) {
        bytes[count++] = rx.bytes[rx.read % RX_SPACE];
        rx.read++;
    }
    return count;
}

void board_link_write(const uint8_t *bytes, size_t count) {
    interrupts_off();
    for (size_t i = 0; i < count; i++) {
        while (tx.written - tx.read == TX_SPACE) {
            uart_fill();
            core_sleep();
            interrupts_on();
            interrupts_off();
        }
        tx.bytes[tx.written++ % TX_SPACE] = bytes[i];
    }
    uart_fill();
    interrupts_on();
}

/* What was queued goes first; at most a ring of it, in case the indices are what is spoilt. */
void board_fault_write(const uint8_t *bytes, size_t count) {
    if (!uart_powered() || !(UART0_CR & UART0_CR_UARTEN_Msk)) {
        pads_start();
        uart_start();
    }
    for (uint32_t i = 0; i < TX_SPACE && tx.read != tx.written; i++) {
        while (UART0_FR & UART0_FR_TXFF_Msk) {
        }
        uart_fill();
    }
    tx.read = tx.written;
    for (size_t i = 0; i < count; i++) {
        while (UART0_FR & UART0_FR_TXFF_Msk) {
        }
        UART0_DR = bytes[i];
    }
}

void uart_flush(void) {
    while (uart_powered() && (tx.read != tx.written || (UART0_FR & UART0_FR_BUSY_Msk))) {
        uart_fill();
    }
}
