#include "wire.h"

static void put(struct wire_writer *to, uint64_t value, size_t width) {
    if (to->failed || to->cap - to->count < width) {
        to->failed = true;
        return;
    }
    for (size_t i = 0; i < width; i++) {
        to->bytes[to->count++] = (uint8_t)(value >> (8 * i));
    }
}

static uint64_t get(struct wire_reader *from, size_t width) {
    uint64_t value = 0;

    if (from->failed || from->count - from->taken < width) {
        from->failed = true;
        return 0;
    }
    for (size_t i = 0; i < width; i++) {
        value |= (uint64_t)from->bytes[from->taken++] << (8 * i);
    }
    return value;
}

void wire_put_u8(struct wire_writer *to, uint8_t value) {
    put(to, value, 1);
}

void wire_put_u16(struct wire_writer *to, uint16_t value) {
    put(to, value, 2);
}

void wire_put_u32(struct wire_writer *to, uint32_t value) {
    put(to, value, 4);
}

void wire_put_u64(struct wire_writer *to, uint64_t value) {
    put(to, value, 8);
}

void wire_put_i16(struct wire_writer *to, int16_t value) {
    put(to, (uint16_t)value, 2);
}

void wire_put_char(struct wire_writer *to, const char *text, size_t width) {
    bool ended = false;

    for (size_t i = 0; i < width; i++) {
        ended = ended || text[i] == '\0';
        put(to, ended ? 0 : (uint8_t)text[i], 1);
    }
}

/* Each pair has a name and one separator after it; no text at all is no pair. */
static bool are_pairs(const char *text, size_t length) {
    size_t start = 0, names = 0;

    if (length == 0) {
        return true;
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] == WIRE_NAME_ENDS) {
            if (i == start || ++names > 1) {
                return false;
            }
        } else if (text[i] == WIRE_PAIR_ENDS) {
            if (names != 1) {
                return false;
            }
            start = i + 1;
            names = 0;
        }
    }
    return names == 1;
}

void wire_put_bytes(struct wire_writer *to, const uint8_t *bytes, size_t length, size_t most) {
    if (length > most) {
        to->failed = true;
        return;
    }
    put(to, length, 1);
    for (size_t i = 0; i < length; i++) {
        put(to, bytes[i], 1);
    }
}

void wire_put_pairs(struct wire_writer *to, const char *text, size_t length, size_t most) {
    if (length > most || !are_pairs(text, length)) {
        to->failed = true;
        return;
    }
    wire_put_string(to, text, length, most);
}

void wire_put_string(struct wire_writer *to, const char *text, size_t length, size_t most) {
    if (length > most) {
        to->failed = true;
        return;
    }
    put(to, length, 1);
    for (size_t i = 0; i < length; i++) {
        put(to, (uint8_t)text[i], 1);
    }
}

void wire_get_u8(struct wire_reader *from, uint8_t *value) {
    *value = (uint8_t)get(from, 1);
}

void wire_get_u16(struct wire_reader *from, uint16_t *value) {
    *value = (uint16_t)get(from, 2);
}

void wire_get_u32(struct wire_reader *from, uint32_t *value) {
    *value = (uint32_t)get(from, 4);
}

void wire_get_u64(struct wire_reader *from, uint64_t *value) {
    *value = get(from, 8);
}

void wire_get_i16(struct wire_reader *from, int16_t *value) {
    *value = (int16_t)get(from, 2);
}

void wire_get_below(struct wire_reader *from, uint8_t *value, uint32_t limit) {
    *value = (uint8_t)get(from, 1);
    if (*value >= limit) {
        from->failed = true;
    }
}

void wire_get_char(struct wire_reader *from, char *text, size_t width) {
    bool ended = false;

    for (size_t i = 0; i < width; i++) {
        const uint64_t byte = get(from, 1);
        if (byte > 0x7f || (ended && byte != 0)) {
            from->failed = true;
        }
        ended = byte == 0;
        text[i] = (char)byte;
    }
    text[width] = '\0';
}

void wire_get_string(struct wire_reader *from, char *text, uint8_t *length, size_t most) {
    *length = (uint8_t)get(from, 1);
    if (*length > most || from->count - from->taken < *length) {
        from->failed = true;
        *length = 0;
    }
    for (size_t i = 0; i < *length; i++) {
        text[i] = (char)get(from, 1);
    }
    text[*length] = '\0';
}

void wire_get_pairs(struct wire_reader *from, char *text, uint8_t *length, size_t most) {
    wire_get_string(from, text, length, most);
    if (!are_pairs(text, *length)) {
        from->failed = true;
    }
}

void wire_get_bytes(struct wire_reader *from, uint8_t *bytes, uint8_t *length, size_t most) {
    *length = (uint8_t)get(from, 1);
    if (*length > most || from->count - from->taken < *length) {
        from->failed = true;
        *length = 0;
    }
    for (size_t i = 0; i < *length; i++) {
        bytes[i] = (uint8_t)get(from, 1);
    }
}
