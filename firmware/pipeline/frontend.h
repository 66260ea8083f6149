#ifndef EARSHOT_FRONTEND_H
#define EARSHOT_FRONTEND_H

#include <stdint.h>

#include "frontend_tables.h"

#define FRONTEND_CHUNK (2 * FRONTEND_HOP)

struct frontend {
    const struct frontend_tables *tables;
    int16_t kept[FRONTEND_WINDOW - FRONTEND_HOP];
    uint32_t work[FRONTEND_WINDOW];
};

void frontend_init(struct frontend *frontend, const struct frontend_tables *tables);
void frontend_chunk(struct frontend *frontend, const int16_t *pcm, int16_t *logmel_q8);
void frontend_keep(struct frontend *frontend, const int16_t *pcm);

#endif
