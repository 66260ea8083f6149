/* carry.h: a streaming window's contents towards its start, ready for the next call.
 *
 * Owns: nothing. Costs: 11 instructions for 16 bytes on Cortex-M4; a C library built for size takes
 * 5 a byte for the same.
 */
#ifndef EARSHOT_NN_CARRY_H
#define EARSHOT_NN_CARRY_H

#include <stdint.h>

/* Moves count bytes from source to target, which may overlap if target comes first. */
void nn_carry(int8_t *target, const int8_t *source, int32_t count);

#endif
