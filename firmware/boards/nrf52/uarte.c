/* uarte.c: the link through UARTE0.
 *
 * What the host sends goes by DMA round a ring, without an interrupt: a timer counts the bytes
 * through the PPI. So nothing is lost while flash is erased, when the core stands still.
 *
 * Owns: UARTE0, TIMER1, PPI channel 0; 1.5 KB of RAM. Costs: an interrupt for each stretch of bytes
 * that is sent.
 */
#include "awake.h"
#include "board.h"
#include "board_facts.h"
#include "cortexm.h"
#include "fault.h"
#include "nrf52.h"
#include "registers.h"

#define RX_SPACE 1024u /* powers of two; the line brings 369 bytes a chunk */
#define TX_SPACE 512u
#define DELIVERY_CYCLES 64u /* a byte that was counted is in RAM by then */

_Static_assert(BOARD_LINK_BAUD == 115200u, "BAUDRATE below says so");

static struct {
    volatile uint8_t bytes[RX_SPACE]; /* the UARTE's to write */
    uint32_t read;                    /* bytes since the receiver started */
} rx;

static struct {
    uint8_t bytes[TX_SPACE];
    volatile uint32_t written;
    volatile uint32_t read;
    volatile uint32_t sending; /* bytes that the UARTE has in hand; 0: it stands still */
    bool stopping;
} tx;

/* The receiver starts on the same ring again whenever it is at its end. */
void uart_start(void) {
    UARTE0_ENABLE = 0;
    UARTE0_PSEL_TXD = BOARD_LINK_TX_PAD;
    UARTE0_PSEL_RXD = BOARD_LINK_RX_PAD;
    UARTE0_BAUDRATE = UARTE0_BAUDRATE_BAUDRATE_Baud115200;
    UARTE0_CONFIG = 0; /* eight bits, no parity, one stop bit */
    UARTE0_RXD_PTR = (uint32_t)(uintptr_t)rx.bytes;
    UARTE0_RXD_MAXCNT = RX_SPACE;
    UARTE0_SHORTS = UARTE0_SHORTS_ENDRX_STARTRX_Msk;
    UARTE0_INTENSET = UARTE0_INTENSET_ENDTX_Msk;
    UARTE0_ENABLE = UARTE0_ENABLE_ENABLE_Enabled;

    TIMER1_MODE = TIMER1_MODE_MODE_LowPowerCounter;
    TIMER1_BITMODE = TIMER1_BITMODE_BITMODE_32Bit;
    TIMER1_TASKS_CLEAR = 1;
    TIMER1_TASKS_START = 1;
    PPI_CH0_EEP = (uint32_t)(uintptr_t)&UARTE0_EVENTS_RXDRDY;
    PPI_CH0_TEP = (uint32_t)(uintptr_t)&TIMER1_TASKS_COUNT;
    PPI_CHENSET = PPI_CHENSET_CH0_Msk;
    rx.read = 0;
    UARTE0_TASKS_STARTRX = 1;
    NVIC_ISER(UARTE0_UART0_IRQn) = NVIC_BIT(UARTE0_UART0_IRQn);
}

static void uart_send(const uint8_t *bytes, uint32_t count) {
    if (tx.stopping) { /* the last stop bit */
        event_wait(&UARTE0_EVENTS_TXSTOPPED);
        tx.stopping = false;
    }
    UARTE0_TXD_PTR = (uint32_t)(uintptr_t)bytes;
    UARTE0_TXD_MAXCNT = count;
    UARTE0_TASKS_STARTTX = 1;
}

/* With interrupts off, or in the interrupt: sends on if it stands still. */
static void uart_continue(void) {
    if (tx.sending || tx.read == tx.written) {
        return;
    }
    uint32_t start = tx.read % TX_SPACE;
    uint32_t count = tx.written - tx.read;
    tx.sending = count < TX_SPACE - start ? count : TX_SPACE - start;
    uart_send(&tx.bytes[start], tx.sending);
}

/* A transmitter that is not stopped keeps drawing current. */
static void uart_sent(void) {
    event_take(&UARTE0_EVENTS_ENDTX);
    tx.read += tx.sending;
    tx.sending = 0;
    uart_continue();
    if (!tx.sending) {
        UARTE0_EVENTS_TXSTOPPED = 0;
        UARTE0_TASKS_STOPTX = 1;
        tx.stopping = true;
    }
}

void uart_interrupt(void) {
    if (UARTE0_EVENTS_ENDTX && tx.sending) {
        uart_sent();
    } else {
        event_take(&UARTE0_EVENTS_ENDTX);
    }
}

/* Bytes that the DMA has written over are lost; the link's CRC finds out. */
size_t board_link_read(uint8_t *bytes, size_t cap) {
    TIMER1_TASKS_CAPTURE0 = 1;
    uint32_t received = TIMER1_CC0;
    if (received == rx.read) {
        return 0;
    }
    for (uint32_t start = DWT_CYCCNT; DWT_CYCCNT - start < DELIVERY_CYCLES;) {
    }
    if (received - rx.read > RX_SPACE) {
        rx.read = received - RX_SPACE;
    }
    size_t count = 0;
    while (count < cap && rx.read != received) {
        bytes[count++] = rx.bytes[rx.read++ % RX_SPACE];
    }
    return count;
}

void board_link_write(const uint8_t *bytes, size_t count) {
    interrupts_off();
    for (size_t i = 0; i < count; i++) {
        while (tx.written - tx.read == TX_SPACE) {
            uart_continue();
            core_sleep();
            interrupts_on();
            interrupts_off();
        }
        tx.bytes[tx.written++ % TX_SPACE] = bytes[i];
    }
    uart_continue();
    interrupts_on();
}

/* At most what is under way, the end of the ring and its start. */
void uart_flush(void) {
    if (UARTE0_ENABLE != UARTE0_ENABLE_ENABLE_Enabled) {
        return;
    }
    for (uint32_t i = 0; i < 3u && (tx.sending || tx.read != tx.written); i++) {
        uart_continue();
        event_wait(&UARTE0_EVENTS_ENDTX);
        uart_sent();
    }
    tx.read = tx.written;
}

/* The bytes are on the stack: in RAM, where the DMA reaches them. */
void board_fault_write(const uint8_t *bytes, size_t count) {
    if (UARTE0_ENABLE != UARTE0_ENABLE_ENABLE_Enabled) {
        pins_start();
        uart_start();
    }
    uart_flush();
    uart_send(bytes, (uint32_t)count);
    event_wait(&UARTE0_EVENTS_ENDTX);
    event_take(&UARTE0_EVENTS_ENDTX);
}
