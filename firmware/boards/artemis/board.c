/* board.c: SparkFun's RedBoard Artemis (Ambiq Apollo3 Blue), from registers up.
 *
 * The PDM block's DMA fills the chunks of a ring in turn, while the core is in deep sleep or runs a
 * network that takes longer than a chunk; the interrupt at the end of a chunk re-arms it within the
 * FIFO's slack (some 60 samples). A chunk that comes while all others are taken is overwritten and
 * counted as dropped.
 *
 * In LISTEN and SEND the core runs at 96 MHz (TurboSPOT) while it is awake, on a chip that allows
 * it: at 48 MHz the recogniser's catch-up would take as long as the ring lasts.
 *
 * Memory: stack first, then .data and .bss in the order of linking, from the start of the tightly
 * coupled memory (64 KB without wait states) on into the SRAM. Only the banks that BOARD_RAM_BYTES
 * reaches keep power, all of them in deep sleep too: the gate may open at any chunk.
 *
 * Owns: power, clocks, cache, pads, PDM, STIMER, watchdog.
 * Costs: an interrupt a chunk.
 */
#include "board.h"

#include "awake.h"
#include "board_facts.h"
#include "cortexm.h"
#include "fault.h"
#include "listener.h"
#include "microphone.h"
#include "registers.h"
#include "reset.h"
#include "uart.h"

#define STIMER_HZ 32768u
#define WATCHDOG_SECONDS 2u
#define PDM_FIFO_SAMPLES 64u   /* it keeps its oldest ones */
#define PDM_FIFO_THRESHOLD 16u /* words; the chunk must be a multiple of it */
#define CHUNK_BYTES (EARSHOT_CHUNK * sizeof(int16_t))
#define KILOBYTE 1024u
#define TCM_BYTES (64u * KILOBYTE)
#define SRAM_BANK_BYTES (32u * KILOBYTE)
#define SRAM_BANKS ((BOARD_RAM_BYTES - TCM_BYTES + SRAM_BANK_BYTES - 1u) / SRAM_BANK_BYTES)
#define SRAM_ON ((1u << SRAM_BANKS) - 1u)
#define SRAM_ALL 0x3FFu

_Static_assert(CHUNK_BYTES % (PDM_FIFO_THRESHOLD * 4u) == 0, "the DMA would overrun its buffer");
_Static_assert(BOARD_RAM_BYTES >= TCM_BYTES && SRAM_BANKS <= 10, "the chip's RAM");
_Static_assert(BOARD_MIC_CLOCK_HZ == 750000u, "PDMCLKSEL below says 750 kHz");
_Static_assert(BOARD_MIC_GAIN_HALF_DB % 3 == 0 && BOARD_MIC_GAIN_HALF_DB >= -12 &&
                   BOARD_MIC_GAIN_HALF_DB <= 81,
               "the amplifier goes from -6 dB to 40.5 dB in steps of 1.5 dB");
_Static_assert(BOARD_MIC_CLOCK_HZ % (2u * BOARD_RATE) == 0, "no SINCRATE gives this rate");

static uint32_t chunk_ticks; /* STIMER at the end of the last chunk */

static enum board_reset_cause cause;

static bool burst_allowed; /* by the chip */
static bool burst_wanted;  /* by the state */
static bool bursting;

static void pdm_interrupt(void);

#define NONE fault_exception
__attribute__((section(".vectors.board"), used)) static void (*const board_vectors[32])(void) = {
    NONE,
    NONE,
    NONE,
    NONE,
    NONE,
    NONE,
    NONE,
    NONE,
    NONE,
    NONE,
    NONE,
    NONE,
    NONE,
    NONE,
    NONE,
    /* 15 */ uart_interrupt,
    NONE,
    NONE,
    NONE,
    /* 19 */ pdm_interrupt,
    NONE,
    NONE,
    NONE,
    NONE,
    NONE,
    NONE,
    NONE,
    NONE,
    NONE,
    NONE,
    NONE,
    NONE,
};
_Static_assert(UART0_IRQn == 15u && PDM_IRQn == 19u, "their places in the vector table");

static void pad_set(uint32_t pad, uint32_t function, uint32_t flags) {
    volatile uint32_t *padreg = &GPIO_PADREGA + pad / 4u;
    uint32_t shift = 8u * (pad % 4u);
    uint32_t byte = GPIO_PADREGA_PAD0FNCSEL(function) | flags;
    *padreg = (*padreg & ~(0xFFu << shift)) | (byte << shift);
}

void pads_start(void) {
    static const uint8_t state_pins[] = BOARD_STATE_PINS;
    GPIO_PADKEY = GPIO_PADKEY_PADKEY_Key;
    pad_set(BOARD_LINK_TX_PAD, BOARD_LINK_TX_FUNCTION, 0);
    pad_set(BOARD_LINK_RX_PAD, BOARD_LINK_RX_FUNCTION, GPIO_PADREGA_PAD0INPEN_EN);
    pad_set(BOARD_MIC_CLOCK_PAD, BOARD_MIC_CLOCK_FUNCTION, 0);
    pad_set(BOARD_MIC_DATA_PAD, BOARD_MIC_DATA_FUNCTION, GPIO_PADREGA_PAD0INPEN_EN);
    for (uint32_t i = 0; i < BOARD_STATE_PIN_COUNT; i++) {
        uint32_t pin = state_pins[i];
        volatile uint32_t *cfg = &GPIO_CFGA + pin / 8u;
        uint32_t shift = 4u * (pin % 8u);
        pad_set(pin, 3u, 0);
        *cfg = (*cfg & ~(0xFu << shift)) | (GPIO_CFGA_GPIO0OUTCFG_PUSHPULL << shift);
    }
    GPIO_PADKEY = 0;
}

static void power_on(uint32_t enable, uint32_t status) {
    PWRCTRL_DEVPWREN |= enable;
    while ((PWRCTRL_DEVPWRSTATUS & status) != status) {
    }
}

bool uart_powered(void) {
    return (PWRCTRL_DEVPWREN & PWRCTRL_DEVPWREN_PWRUART0_EN) != 0;
}

void uart_power(void) {
    power_on(PWRCTRL_DEVPWREN_PWRUART0_EN, PWRCTRL_DEVPWRSTATUS_HCPA_Msk);
}

/* Only what the image uses keeps power: its RAM, both flash banks (the recogniser's weights reach
 * into the second), the cache. */
static void memory_start(void) {
    PWRCTRL_MEMPWREN = PWRCTRL_MEMPWREN_DTCM_ALL | PWRCTRL_MEMPWREN_SRAM(SRAM_ON) |
                       PWRCTRL_MEMPWREN_FLASH0_EN | PWRCTRL_MEMPWREN_FLASH1_EN |
                       PWRCTRL_MEMPWREN_CACHEB0_EN | PWRCTRL_MEMPWREN_CACHEB2_EN;
    PWRCTRL_MEMPWDINSLEEP = PWRCTRL_MEMPWDINSLEEP_FLASH0PWDSLP_EN |
                            PWRCTRL_MEMPWDINSLEEP_FLASH1PWDSLP_EN |
                            PWRCTRL_MEMPWDINSLEEP_SRAMPWDSLP(SRAM_ALL & ~SRAM_ON);
    uint32_t cache = CACHECTRL_CACHECFG_CONFIG_W1_128B_1024E |
                     CACHECTRL_CACHECFG_ICACHE_ENABLE_Msk | CACHECTRL_CACHECFG_DCACHE_ENABLE_Msk |
                     CACHECTRL_CACHECFG_CACHE_CLKGATE_Msk | CACHECTRL_CACHECFG_DATA_CLKGATE_Msk;
    CACHECTRL_CACHECFG = cache;
    CACHECTRL_CACHECFG = cache | CACHECTRL_CACHECFG_ENABLE_Msk;
}

static void clocks_start(void) {
    CLKGEN_CLKKEY = CLKGEN_CLKKEY_CLKKEY_Key;
    CLKGEN_CCTRL = CLKGEN_CCTRL_CORESEL_HFRC;
    CLKGEN_CLKKEY = 0;
    /* The crystal trims the oscillator that the sample rate hangs on. */
    CLKGEN_HFADJ |= CLKGEN_HFADJ_HFADJEN_EN;
    MCUCTRL_TPIUCTRL = 0; /* or deep sleep is not deep */
    SCB_SCR = SCB_SCR_SLEEPDEEP;
    CTIMER_STCFG = CTIMER_STCFG_CLKSEL_XTAL_DIV1;
    awake_start();
}

static void wait_for(volatile uint32_t *flags, uint32_t mask) {
    while ((*flags & mask) != mask) {
    }
}

/* The boot ROM's routine that writes a word. */
static void write_from_rom(volatile uint32_t *place, uint32_t value) {
    typedef void rom_write(volatile uint32_t *, uint32_t);
    ((rom_write *)0x08000079u)(place, value);
}

static void burst_start(void) {
    burst_allowed = (MCUCTRL_SKU & MCUCTRL_SKU_ALLOWBURST_Msk) != 0;
    if (burst_allowed) {
        PWRCTRL_DEVPWREVENTEN |= PWRCTRL_DEVPWREVENTEN_BURSTEVEN_EN;
        MCUCTRL_FEATUREENABLE |= MCUCTRL_FEATUREENABLE_BURSTREQ_EN;
        wait_for(&MCUCTRL_FEATUREENABLE, MCUCTRL_FEATUREENABLE_BURSTACK_Msk);
        burst_allowed = (MCUCTRL_FEATUREENABLE & MCUCTRL_FEATUREENABLE_BURSTAVAIL_Msk) != 0;
    }
}

/* The clock may only be lowered by code that is not in flash: its reads are timed by the clock. */
static void burst(bool on) {
    if (!burst_allowed || on == bursting) {
        return;
    }
    if (on) {
        CLKGEN_FREQCTRL = CLKGEN_FREQCTRL_BURSTREQ_EN;
        wait_for(&CLKGEN_FREQCTRL, CLKGEN_FREQCTRL_BURSTSTATUS_Msk);
    } else {
        write_from_rom(&CLKGEN_FREQCTRL, CLKGEN_FREQCTRL_BURSTREQ_DIS);
        while (CLKGEN_FREQCTRL & CLKGEN_FREQCTRL_BURSTSTATUS_Msk) {
        }
    }
    bursting = on;
}

void watchdog_feed(void) {
    WDT_RSTRT = WDT_RSTRT_RSTRT_KEYVALUE;
}

static void watchdog_start(void) {
    WDT_CFG = WDT_CFG_CLKSEL_16HZ | WDT_CFG_RESVAL(16u * WATCHDOG_SECONDS) | WDT_CFG_INTVAL(0xFFu) |
              WDT_CFG_RESEN_Msk | WDT_CFG_WDTEN_Msk;
    RSTGEN_CFG |= RSTGEN_CFG_WDREN_Msk;
    watchdog_feed();
}

static void pdm_arm(void) {
    PDM_DMACFG = 0;
    PDM_DMATOTCOUNT = CHUNK_BYTES;
    PDM_DMATARGADDR = (uint32_t)(uintptr_t)microphone_chunk(microphone.filled);
    PDM_DMATRIGEN = PDM_DMATRIGEN_DTHR_Msk;
    PDM_DMACFG = PDM_DMACFG_DMADIR_P2M | PDM_DMACFG_DMAPRI_HIGH | PDM_DMACFG_DMAEN_EN;
}

void microphone_start(void) {
    power_on(PWRCTRL_DEVPWREN_PWRPDM_EN, PWRCTRL_DEVPWRSTATUS_PWRPDM_Msk);
    uint32_t gain = 4u + BOARD_MIC_GAIN_HALF_DB / 3; /* 1.5 dB a step from -6 dB */
    uint32_t core = PDM_PCFG_PGALEFT(gain) | PDM_PCFG_PGARIGHT(gain) | PDM_PCFG_MCLKDIV_MCKDIV1 |
                    PDM_PCFG_SINCRATE(BOARD_MIC_CLOCK_HZ / (2u * BOARD_RATE)) | PDM_PCFG_ADCHPD_EN |
                    PDM_PCFG_HPCUTOFF(0xBu) | PDM_PCFG_CYCLES(1u);
    uint32_t voice = (BOARD_MIC_RIGHT ? PDM_VCFG_CHSET_RIGHT : PDM_VCFG_CHSET_LEFT) |
                     PDM_VCFG_PCMPACK_EN | PDM_VCFG_BCLKINV_NORM | PDM_VCFG_PDMCLKSEL_750KHz;
    PDM_PCFG = core;
    PDM_PCFG = core | PDM_PCFG_PDMCOREEN_EN;
    PDM_VCFG = voice;
    for (uint32_t start = DWT_CYCCNT; DWT_CYCCNT - start < BOARD_CLOCK_HZ / 10000u;) {
    }
    PDM_VCFG = voice | PDM_VCFG_RSTB_NORM;
    PDM_VCFG = voice | PDM_VCFG_RSTB_NORM | PDM_VCFG_IOCLKEN_EN;
    PDM_VCFG = voice | PDM_VCFG_RSTB_NORM | PDM_VCFG_IOCLKEN_EN | PDM_VCFG_PDMCLKEN_EN;
    PDM_FIFOFLUSH = PDM_FIFOFLUSH_FIFOFLUSH_Msk;
    PDM_FIFOTHR = PDM_FIFO_THRESHOLD;
    PDM_INTCLR = 0xFFFFFFFFu;
    PDM_INTEN = PDM_INTEN_DCMP_Msk | PDM_INTEN_DERR_Msk;
    pdm_arm();
    chunk_ticks = CTIMER_STTMR;
    NVIC_ISER(PDM_IRQn) = NVIC_BIT(PDM_IRQn);
}

static void pdm_interrupt(void) {
    uint32_t why = PDM_INTSTAT;
    PDM_INTCLR = why;
    if (why & PDM_INTSTAT_DERR_Msk) {
        fault_stop("PDM DMA error");
    }
    if (!(why & PDM_INTSTAT_DCMP_Msk)) {
        return;
    }
    if (microphone.filled - microphone.released == MICROPHONE_CHUNKS - 1u) {
        microphone.dropped += EARSHOT_CHUNK;
    } else {
        microphone.filled++;
    }
    pdm_arm();
    uint32_t ticks = CTIMER_STTMR;
    if (why & PDM_INTSTAT_OVF_Msk) {
        microphone.dropped += microphone_overflow(ticks - chunk_ticks, STIMER_HZ, PDM_FIFO_SAMPLES);
    }
    chunk_ticks = ticks;
}

void board_init(void) {
    cause = reset_cause_read();
    watchdog_start(); /* first: what follows waits for power, and may fault */
    memory_start();
    clocks_start();
    burst_start();
    pads_start();
    uart_start();
    interrupts_on();
}

enum board_reset_cause board_reset_cause(void) {
    return cause;
}

/* Interrupts are off; one that is pending wakes the core all the same. Never in a burst: no
 * document says what becomes of it. */
void core_sleep(void) {
    burst(false);
    awake_sleep();
    burst(burst_wanted);
}

uint32_t board_cycles(void) {
    return awake_cycles();
}

void board_state(uint8_t code) {
    burst_wanted = code == LISTENER_LISTEN || code == LISTENER_SEND;
    burst(burst_wanted);
    static const uint8_t state_pins[] = BOARD_STATE_PINS;
    for (uint32_t i = 0; i < BOARD_STATE_PIN_COUNT; i++) {
        uint32_t bit = 1u << (state_pins[i] % 32u);
        bool upper = state_pins[i] >= 32u;
        if (code & (1u << i)) {
            *(upper ? &GPIO_WTSB : &GPIO_WTSA) = bit;
        } else {
            *(upper ? &GPIO_WTCB : &GPIO_WTCA) = bit;
        }
    }
}

_Noreturn void board_reset(void) {
    interrupts_off();
    uart_flush();
    core_restart();
}
