/* frame.h: a payload to the bytes of a frame, and a stream of bytes back to payloads.
 *
 * On the wire: 0x00, COBS(type, payload, CRC low, CRC high), 0x00. The CRC is CRC-16/CCITT-FALSE
 * over type and payload. Both ends of a frame are marked, so that noise costs the frame it hits
 * and no other: the next 0x00 starts afresh.
 *
 * Owns: struct link_decoder (440 bytes), its caller's. Costs: some ten instructions a byte.
 */
#ifndef EARSHOT_FRAME_H
#define EARSHOT_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol.h"

/* Between the delimiters; COBS adds a byte in 254. */
#define LINK_COBS_MAX (LINK_BODY_MAX + LINK_BODY_MAX / 254 + 1)
#define LINK_WIRE_MAX (LINK_COBS_MAX + 2)

/* Start with 0xffff; the bytes may come in several calls. */
uint16_t link_crc16(uint16_t crc, const uint8_t *bytes, size_t count);

/* The bytes of the frame, at most LINK_WIRE_MAX; 0 if payload or frame do not fit. */
size_t link_frame_encode(uint8_t type, const uint8_t *payload, size_t count, uint8_t *wire,
                         size_t cap);

struct link_decoder {
    uint8_t bytes[LINK_COBS_MAX]; /* since the last delimiter; decoded in place */
    uint32_t count;
    bool too_long;
    uint32_t damaged; /* frames, since the start */
};

struct link_body {
    uint8_t type;
    const uint8_t *payload; /* inside the decoder, until its next byte */
    size_t count;
};

/* All zero is a decoder at its start. True when the byte ends an undamaged frame. */
bool link_decoder_take(struct link_decoder *decoder, uint8_t byte, struct link_body *body);

#endif
