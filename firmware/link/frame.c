#include "frame.h"

#include <string.h>

#define CRC_START 0xffffu
#define CRC_BYTES 2u
#define COBS_RUN 0xffu /* 254 bytes without a zero, and no zero after them */

_Static_assert(sizeof(struct link_decoder) <= 440, "as frame.h says");

uint16_t link_crc16(uint16_t crc, const uint8_t *bytes, size_t count) {
    /* x^16 + x^12 + x^5 + 1, four bits at a time. */
    static const uint16_t table[16] = {
        0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50a5, 0x60c6, 0x70e7,
        0x8108, 0x9129, 0xa14a, 0xb16b, 0xc18c, 0xd1ad, 0xe1ce, 0xf1ef,
    };
    for (size_t i = 0; i < count; i++) {
        crc = (uint16_t)((crc << 4) ^ table[(crc >> 12) ^ (bytes[i] >> 4)]);
        crc = (uint16_t)((crc << 4) ^ table[(crc >> 12) ^ (bytes[i] & 0x0fu)]);
    }
    return crc;
}

/* COBS as it goes: the code byte of the running block is written when the block ends. */
struct cobs_writer {
    uint8_t *wire;
    size_t code_at, count;
};

static void cobs_end_block(struct cobs_writer *to, size_t code) {
    to->wire[to->code_at] = (uint8_t)code;
    to->code_at = to->count++;
}

static void cobs_put(struct cobs_writer *to, const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        /* A full block ends only when more comes: at the very end it needs no successor. */
        if (to->count - to->code_at == COBS_RUN) {
            cobs_end_block(to, COBS_RUN);
        }
        if (bytes[i] == 0) {
            cobs_end_block(to, to->count - to->code_at);
        } else {
            to->wire[to->count++] = bytes[i];
        }
    }
}

size_t link_frame_encode(uint8_t type, const uint8_t *payload, size_t count, uint8_t *wire,
                         size_t cap) {
    if (count > LINK_PAYLOAD_MAX || cap < LINK_WIRE_MAX) {
        return 0;
    }
    const uint16_t crc = link_crc16(link_crc16(CRC_START, &type, 1), payload, count);
    const uint8_t crc_bytes[CRC_BYTES] = {(uint8_t)crc, (uint8_t)(crc >> 8)};
    struct cobs_writer to = {.wire = wire, .code_at = 1, .count = 2};

    wire[0] = 0;
    cobs_put(&to, &type, 1);
    cobs_put(&to, payload, count);
    cobs_put(&to, crc_bytes, CRC_BYTES);
    wire[to.code_at] = (uint8_t)(to.count - to.code_at);
    wire[to.count++] = 0;
    return to.count;
}

/* In place; the bytes that it gives, 0 if the codes do not hold. */
static size_t cobs_decode(uint8_t *bytes, size_t count) {
    size_t taken = 0, given = 0;

    while (taken < count) {
        const size_t code = bytes[taken++];
        if (code - 1 > count - taken) {
            return 0;
        }
        memmove(&bytes[given], &bytes[taken], code - 1);
        taken += code - 1;
        given += code - 1;
        if (code != COBS_RUN && taken < count) {
            bytes[given++] = 0;
        }
    }
    return given;
}

static bool frame_ends(struct link_decoder *decoder, struct link_body *body) {
    const size_t count = decoder->too_long ? 0 : cobs_decode(decoder->bytes, decoder->count);

    if (count <= CRC_BYTES) {
        return false;
    }
    const uint8_t *crc_bytes = &decoder->bytes[count - CRC_BYTES];
    if (link_crc16(CRC_START, decoder->bytes, count - CRC_BYTES) !=
        (crc_bytes[0] | crc_bytes[1] << 8)) {
        return false;
    }
    body->type = decoder->bytes[0];
    body->payload = &decoder->bytes[1];
    body->count = count - CRC_BYTES - 1;
    return true;
}

bool link_decoder_take(struct link_decoder *decoder, uint8_t byte, struct link_body *body) {
    if (byte != 0) {
        if (decoder->count < LINK_COBS_MAX) {
            decoder->bytes[decoder->count++] = byte;
        } else {
            decoder->too_long = true;
        }
        return false;
    }
    /* Nothing between two delimiters is no frame. */
    const bool good = decoder->count > 0 && frame_ends(decoder, body);
    if (decoder->count > 0 && !good) {
        decoder->damaged++;
    }
    decoder->count = 0;
    decoder->too_long = false;
    return good;
}
