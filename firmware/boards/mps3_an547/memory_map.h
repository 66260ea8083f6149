/* memory_map.h: where QEMU's mps3-an547 (Cortex-M55, 32 MHz) keeps what boards/mps drives.
 *
 * Owns: nothing. Costs: nothing. Secure aliases, as the core starts and stays in the secure state;
 * addresses as `info mtree` of QEMU 7.2 lists them.
 */
#ifndef EARSHOT_MPS_MEMORY_MAP_H
#define EARSHOT_MPS_MEMORY_MAP_H

#define MPS_UART_LINK 0x59303000u /* CMSDK UART0 */
#define MPS_UART_LINK_RX_IRQ 33u
#define MPS_UART_MICROPHONE 0x59304000u /* CMSDK UART1 */
#define MPS_UART_MICROPHONE_RX_IRQ 35u
#define MPS_WATCHDOG 0x5802E000u /* the 32 kHz watchdog; its interrupt is the NMI */
#define MPS_WATCHDOG_HZ 32768u
#define MPS_LEDS 0x59302000u /* FPGAIO LED0 */
#define MPS_CCR (1u << 19)   /* LOB: low-overhead loops, which are off after a reset */

/* One instruction is 64 ns at `-icount shift=6`, one SysTick tick is 31.25 ns: 125 in 256 ticks. */
#define MPS_INSTRUCTIONS 125u
#define MPS_TICKS 256u

#endif
