/* probe.h: what a chip's part of the probe gives, and what it may use. */
#ifndef EARSHOT_PROBE_H
#define EARSHOT_PROBE_H

#include <stdint.h>

/* Obeys a command that only this chip has. */
void probe_chip(char command);

void put(const char *text);
void put_word(uint32_t word);

#endif
