/* memory_map.h: where QEMU's mps2-an386 (Cortex-M4F, 25 MHz) keeps what boards/mps drives.
 *
 * Owns: nothing. Costs: nothing. Addresses as `info mtree` of QEMU 7.2 lists them.
 */
#ifndef EARSHOT_MPS_MEMORY_MAP_H
#define EARSHOT_MPS_MEMORY_MAP_H

#define MPS_UART_LINK 0x40004000u /* CMSDK UART0 */
#define MPS_UART_LINK_RX_IRQ 0u
#define MPS_UART_MICROPHONE 0x40005000u /* CMSDK UART1 */
#define MPS_UART_MICROPHONE_RX_IRQ 2u
#define MPS_WATCHDOG 0x40008000u /* CMSDK APB watchdog; its interrupt is the NMI */
#define MPS_WATCHDOG_HZ 25000000u
#define MPS_LEDS 0x4002F004u /* SCC CFG_REG1, eight LEDs; FPGAIO has only two here */
#define MPS_CCR 0u           /* nothing to add to the core's configuration */

/* One instruction is 64 ns at `-icount shift=6`, one SysTick tick is 40 ns: 5 instructions in 8
 * ticks. */
#define MPS_INSTRUCTIONS 5u
#define MPS_TICKS 8u

#endif
