/* crc32.h: the CRC-32 of zlib and Ethernet (reflected 0xedb88320), four bits at a time.
 *
 * Owns: nothing; a table of 64 bytes. Costs: some 14 instructions a byte.
 */
#ifndef EARSHOT_CRC32_H
#define EARSHOT_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Goes on from the CRC of what came before; 0 at the start. */
uint32_t crc32_more(uint32_t crc, const uint8_t *bytes, size_t count);

#endif
