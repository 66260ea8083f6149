/* wire.h: integers and text to bytes and back, little-endian, with every access in bounds.
 *
 * What the generated protocol.c is written in. A writer or reader that runs over its end, and a
 * reader that meets a value its type has not, fails and stays failed.
 * Owns: nothing. Costs: a few instructions a byte.
 */
#ifndef EARSHOT_WIRE_H
#define EARSHOT_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire_writer {
    uint8_t *bytes;
    size_t cap;
    size_t count;
    bool failed;
};

struct wire_reader {
    const uint8_t *bytes;
    size_t count;
    size_t taken;
    bool failed;
};

void wire_put_u8(struct wire_writer *to, uint8_t value);
void wire_put_u16(struct wire_writer *to, uint16_t value);
void wire_put_u32(struct wire_writer *to, uint32_t value);
void wire_put_u64(struct wire_writer *to, uint64_t value);
void wire_put_i16(struct wire_writer *to, int16_t value);

/* width bytes: the text up to its zero, padded with zeros. */
void wire_put_char(struct wire_writer *to, const char *text, size_t width);

/* A length byte, then length bytes; fails if length is above most. */
void wire_put_string(struct wire_writer *to, const char *text, size_t length, size_t most);
void wire_put_bytes(struct wire_writer *to, const uint8_t *bytes, size_t length, size_t most);

/* Pairs of name and value, as text_add_pair() writes them; fails if they are none. */
void wire_put_pairs(struct wire_writer *to, const char *text, size_t length, size_t most);

#define WIRE_NAME_ENDS '\x1f' /* US, between a name and its value */
#define WIRE_PAIR_ENDS '\x1e' /* RS, between pairs */

/* A reader that fails gives zero. */
void wire_get_u8(struct wire_reader *from, uint8_t *value);
void wire_get_u16(struct wire_reader *from, uint16_t *value);
void wire_get_u32(struct wire_reader *from, uint32_t *value);
void wire_get_u64(struct wire_reader *from, uint64_t *value);
void wire_get_i16(struct wire_reader *from, int16_t *value);

/* A byte that must be below limit: an enum, a flag. */
void wire_get_below(struct wire_reader *from, uint8_t *value, uint32_t limit);

/* width bytes into width + 1: ASCII, and zeros only after the first zero. */
void wire_get_char(struct wire_reader *from, char *text, size_t width);

/* Into most + 1 bytes, a zero after the last one. */
void wire_get_string(struct wire_reader *from, char *text, uint8_t *length, size_t most);
void wire_get_pairs(struct wire_reader *from, char *text, uint8_t *length, size_t most);

/* Into most bytes. */
void wire_get_bytes(struct wire_reader *from, uint8_t *bytes, uint8_t *length, size_t most);

#endif
