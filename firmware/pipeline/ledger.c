#include "ledger.h"

#include <string.h>

_Static_assert(sizeof(struct ledger) <= 184, "as ledger.h says");

void ledger_init(struct ledger *ledger, uint32_t state) {
    memset(ledger, 0, sizeof *ledger);
    ledger->state = state;
    ledger->row[state].entries = 1;
}

void ledger_cycles(struct ledger *ledger, uint32_t cycles_now) {
    ledger->row[ledger->state].cycles += cycles_now - ledger->cycles_seen;
    ledger->cycles_seen = cycles_now;
}

void ledger_enter(struct ledger *ledger, uint32_t state) {
    if (state != ledger->state) {
        ledger->state = state;
        ledger->row[state].entries++;
    }
}

void ledger_samples(struct ledger *ledger, uint32_t samples) {
    ledger->row[ledger->state].samples += samples;
}
