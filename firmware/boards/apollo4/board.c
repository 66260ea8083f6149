/* board.c: any board with Ambiq's Apollo4 Plus or Apollo510, from registers up; board.toml and
 * chip.h have what differs. Not run on silicon yet; board.toml says what no source confirms.
 *
 * The PDM gives a sample a word, of 24 bits. Its DMA does not reach the RAM that the image is in:
 * it writes two buffers in shared SRAM in turn, while the core is in deep sleep or runs a network.
 * The interrupt at a buffer's end arms the other one within the FIFO's slack (2 ms) and takes the
 * upper 16 bits of each sample over into a ring of chunks. A chunk that comes while all others are
 * taken is dropped and counted.
 *
 * The core stays in its low-power mode of 96 MHz, in which a chunk of recognition takes a third of
 * its time.
 *
 * Owns: power, cache, pads, PDM0, STIMER, watchdog; 4 KB of shared SRAM.
 * Costs: an interrupt a chunk, of some 5 000 cycles.
 */
#include "board.h"

#include "awake.h"
#include "board_facts.h"
#include "chip.h"
#include "cortexm.h"
#include "fault.h"
#include "listener.h"
#include "microphone.h"
#include "registers.h"
#include "reset.h"
#include "uart.h"

#define PAD_KEY 0x73u
#define PAD_GPIO 3u
#define PAD_PUSH_PULL 1u
#define STIMER_HZ 32768u
#define STIMER_XTAL_32KHZ 3u
#define WATCHDOG_SECONDS 2u
#define WATCHDOG_16HZ 2u
#define WATCHDOG_FEED 0xB2u
#define PDM_CLKSEL_HFRC_24MHZ 2u
#define PDM_CLOCK_HZ 24000000u
#define PDM_DIVMCLKQ 1u
#define PDM_MCLKDIV (PDM_CLOCK_HZ / BOARD_MIC_CLOCK_HZ / (PDM_DIVMCLKQ + 1u) - 1u)
#define PDM_SINCRATE (BOARD_MIC_CLOCK_HZ / BOARD_RATE / 2u)
#define PDM_LEFT 1u
#define PDM_RIGHT 2u
#define PDM_0_DB 8u           /* a step is 1.5 dB */
#define PDM_HIGH_PASS 0xBu    /* as on the Apollo3 */
#define PDM_FIFO_SAMPLES 32u  /* it keeps its oldest ones */
#define PDM_FIFO_THRESHOLD 16 /* words; a chunk is a multiple of it */

_Static_assert(EARSHOT_CHUNK % PDM_FIFO_THRESHOLD == 0, "the DMA would overrun its buffer");
_Static_assert(PDM_CLOCK_HZ % (BOARD_MIC_CLOCK_HZ * (PDM_DIVMCLKQ + 1u)) == 0 && PDM_MCLKDIV > 0 &&
                   PDM_MCLKDIV < 16,
               "no MCLKDIV gives this clock");
_Static_assert(BOARD_MIC_CLOCK_HZ % (2u * BOARD_RATE) == 0 && PDM_SINCRATE % 2u == 0 &&
                   PDM_SINCRATE >= 16 && PDM_SINCRATE <= 64,
               "no SINCRATE gives this rate");
_Static_assert(BOARD_MIC_GAIN_HALF_DB % 3 == 0 && BOARD_MIC_GAIN_HALF_DB >= -24 &&
                   BOARD_MIC_GAIN_HALF_DB <= 69,
               "the amplifier goes from -12 dB to 34.5 dB in steps of 1.5 dB");

__attribute__((section(".dma"), aligned(32))) static volatile uint32_t raw[2][EARSHOT_CHUNK];

static uint32_t under_way;   /* which of the raw buffers the DMA writes */
static uint32_t chunk_ticks; /* STIMER at the end of the last chunk */

static enum board_reset_cause cause;

static void pdm_interrupt(void);

#define NONE fault_exception
__attribute__((section(".vectors.board"), used)) static void (*const board_vectors[])(void) = {
    [0 ... UART0_IRQn - 1u] = NONE,
    [UART0_IRQn] = uart_interrupt,
    [(UART0_IRQn + 1u)... PDM0_IRQn - 1u] = NONE,
    [PDM0_IRQn] = pdm_interrupt,
};

static void pad_set(uint32_t pad, uint32_t configuration) {
    (&GPIO_PINCFG0)[pad] = configuration;
}

void pads_start(void) {
    static const uint8_t state_pins[] = BOARD_STATE_PINS;
    GPIO_PADKEY = PAD_KEY;
    pad_set(BOARD_LINK_TX_PAD, GPIO_PINCFG0_FNCSEL(BOARD_LINK_TX_FUNCTION));
    pad_set(BOARD_LINK_RX_PAD,
            GPIO_PINCFG0_FNCSEL(BOARD_LINK_RX_FUNCTION) | GPIO_PINCFG0_INPEN_Msk);
    pad_set(BOARD_MIC_CLOCK_PAD, GPIO_PINCFG0_FNCSEL(BOARD_MIC_CLOCK_FUNCTION));
    pad_set(BOARD_MIC_DATA_PAD,
            GPIO_PINCFG0_FNCSEL(BOARD_MIC_DATA_FUNCTION) | GPIO_PINCFG0_INPEN_Msk);
    for (uint32_t i = 0; i < BOARD_STATE_PIN_COUNT; i++) {
        pad_set(state_pins[i], GPIO_PINCFG0_FNCSEL(PAD_GPIO) | GPIO_PINCFG0_OUTCFG(PAD_PUSH_PULL));
    }
    GPIO_PADKEY = 0;
}

static void wait_for(const volatile uint32_t *flags, uint32_t mask) {
    while ((*flags & mask) != mask) {
    }
}

bool uart_powered(void) {
    return (PWRCTRL_DEVPWREN & PWRCTRL_DEVPWREN_PWRENUART0_Msk) != 0;
}

void uart_power(void) {
    PWRCTRL_DEVPWREN |= PWRCTRL_DEVPWREN_PWRENUART0_Msk;
    wait_for(&PWRCTRL_DEVPWRSTATUS, PWRCTRL_DEVPWRSTATUS_PWRSTUART0_Msk);
}

static void clocks_start(void) {
    MCUCTRL_DBGCTRL &= ~MCUCTRL_DBGCTRL_TPIUENABLE_Msk; /* or deep sleep is not deep */
    SCB_SCR = SCB_SCR_SLEEPDEEP;
    STIMER_STCFG = STIMER_STCFG_CLKSEL(STIMER_XTAL_32KHZ);
    awake_start();
}

void watchdog_feed(void) {
    WDT_RSTRT = WATCHDOG_FEED;
}

static void watchdog_start(void) {
    WDT_CFG = WDT_CFG_CLKSEL(WATCHDOG_16HZ) | WDT_CFG_RESVAL(16u * WATCHDOG_SECONDS) |
              WDT_CFG_INTVAL(0xFFu) | WDT_CFG_RESEN_Msk | WDT_CFG_WDTEN_Msk;
    RSTGEN_CFG |= RSTGEN_CFG_WDREN_Msk;
    watchdog_feed();
}

static void pdm_arm(void) {
    PDM0_DMACFG = 0;
    PDM0_DMATOTCOUNT = sizeof raw[0];
    PDM0_DMATARGADDR = (uint32_t)(uintptr_t)raw[under_way];
    PDM0_DMATRIGEN = PDM0_DMATRIGEN_DTHR_Msk;
    PDM0_DMACFG = PDM0_DMACFG_DMAPRI_Msk | PDM0_DMACFG_DMAEN_Msk; /* from it to memory */
}

void microphone_start(void) {
    PWRCTRL_AUDSSPWREN |= PWRCTRL_AUDSSPWREN_PWRENPDM0_Msk;
    wait_for(&PWRCTRL_AUDSSPWRSTATUS, PWRCTRL_AUDSSPWRSTATUS_PWRSTPDM0_Msk);
    uint32_t gain = (uint32_t)((int32_t)PDM_0_DB + BOARD_MIC_GAIN_HALF_DB / 3);
    uint32_t control = PDM0_CTRL_CLKSEL(PDM_CLKSEL_HFRC_24MHZ) | PDM0_CTRL_CLKEN_Msk;
    PDM0_CTRL = control;
    PDM0_CORECFG0 = PDM0_CORECFG0_PGAL(gain) | PDM0_CORECFG0_PGAR(gain) |
                    PDM0_CORECFG0_SINCRATE(PDM_SINCRATE) | PDM0_CORECFG0_MCLKDIV(PDM_MCLKDIV) |
                    PDM0_CORECFG0_HPGAIN(PDM_HIGH_PASS) | PDM0_CORECFG0_SCYCLES(1u);
    PDM0_CORECFG1 = PDM0_CORECFG1_PCMCHSET(BOARD_MIC_RIGHT ? PDM_RIGHT : PDM_LEFT) |
                    PDM0_CORECFG1_DIVMCLKQ(PDM_DIVMCLKQ);
    for (uint32_t start = DWT_CYCCNT; DWT_CYCCNT - start < BOARD_CLOCK_HZ / 10000u;) {
    }
    PDM0_CTRL = control | PDM0_CTRL_RSTB_Msk;
    PDM0_CTRL = control | PDM0_CTRL_RSTB_Msk | PDM0_CTRL_EN_Msk;
    PDM0_FIFOFLUSH = PDM0_FIFOFLUSH_FIFOFLUSH_Msk;
    PDM0_FIFOTHR = PDM_FIFO_THRESHOLD;
    PDM0_INTCLR = 0xFFFFFFFFu;
    PDM0_INTEN = PDM0_INTEN_DCMP_Msk | PDM0_INTEN_DERR_Msk;
    pdm_arm();
    chunk_ticks = STIMER_STTMR;
    NVIC_ISER(PDM0_IRQn) = NVIC_BIT(PDM0_IRQn);
}

/* The upper 16 of 24 bits, whatever is in the 8 above them. */
static void chunk_take(int16_t *to, const volatile uint32_t *from) {
    for (uint32_t i = 0; i < EARSHOT_CHUNK; i++) {
        to[i] = (int16_t)(uint16_t)(from[i] >> 8);
    }
}

static void pdm_interrupt(void) {
    uint32_t why = PDM0_INTSTAT;
    PDM0_INTCLR = why;
    if (why & PDM0_INTSTAT_DERR_Msk) {
        fault_stop("PDM DMA error");
    }
    if (!(why & PDM0_INTSTAT_DCMP_Msk)) {
        return;
    }
    const volatile uint32_t *done = raw[under_way];
    under_way ^= 1u;
    pdm_arm();
    uint32_t ticks = STIMER_STTMR;
    if (why & PDM0_INTSTAT_OVF_Msk) {
        microphone.dropped += microphone_overflow(ticks - chunk_ticks, STIMER_HZ, PDM_FIFO_SAMPLES);
    }
    chunk_ticks = ticks;
    if (microphone.filled - microphone.released == MICROPHONE_CHUNKS) {
        microphone.dropped += EARSHOT_CHUNK;
    } else {
        chip_dma_seen(done, sizeof raw[0]);
        chunk_take(microphone_chunk(microphone.filled), done);
        microphone.filled++;
    }
}

void board_init(void) {
    cause = reset_cause_read();
    watchdog_start(); /* first: what follows waits for power, and may fault */
    chip_memory_start();
    clocks_start();
    pads_start();
    uart_start();
    interrupts_on();
}

enum board_reset_cause board_reset_cause(void) {
    return cause;
}

void core_sleep(void) {
    awake_sleep();
}

uint32_t board_cycles(void) {
    return awake_cycles();
}

void board_state(uint8_t code) {
    static const uint8_t state_pins[] = BOARD_STATE_PINS;
    for (uint32_t i = 0; i < BOARD_STATE_PIN_COUNT; i++) {
        uint32_t word = state_pins[i] / 32u;
        uint32_t bit = 1u << (state_pins[i] % 32u);
        if (code & (1u << i)) {
            (&GPIO_WTS0)[word] = bit;
        } else {
            (&GPIO_WTC0)[word] = bit;
        }
    }
}

uint64_t board_unit(void) {
    return (uint64_t)MCUCTRL_CHIPID1 << 32 | MCUCTRL_CHIPID0;
}

/* Whatever is still to be sent goes first. */
_Noreturn void board_reset(void) {
    interrupts_off();
    uart_flush();
    core_restart();
}
