/* broadcast.h: two int8 tensors walked through together, line by line, either of them repeated
 * along any axis: what ADD, SUB and MUL share.
 *
 * Owns: nothing. The output lies in one piece.
 */
#ifndef EARSHOT_NN_BROADCAST_H
#define EARSHOT_NN_BROADCAST_H

#include <stdint.h>

/* Computes shape[3] values of the output. */
typedef void (*nn_line)(const void *layer, const int8_t *first, const int8_t *second,
                        int8_t *output);

/* Steps are in values, along each axis of the output; 0 where the input is repeated. */
static inline void nn_each_line(const int32_t shape[4], const int32_t first_step[4],
                                const int32_t second_step[4], nn_line line, const void *layer,
                                const int8_t *first, const int8_t *second, int8_t *output) {
    for (int32_t i = 0; i < shape[0]; i++) {
        for (int32_t j = 0; j < shape[1]; j++) {
            for (int32_t k = 0; k < shape[2]; k++) {
                line(layer, first + i * first_step[0] + j * first_step[1] + k * first_step[2],
                     second + i * second_step[0] + j * second_step[1] + k * second_step[2], output);
                output += shape[3];
            }
        }
    }
}

#endif
