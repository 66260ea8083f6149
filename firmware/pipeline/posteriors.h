/* posteriors.h: the recogniser's INT8 logits to log2-posteriors, by a log-softmax in integers.
 *
 * Owns: struct posteriors (4 bytes), its caller's; tables of 260 bytes.
 * Costs: 1 800 instructions a frame on a Cortex-M4. Errs by less than 1/128 octave.
 */
#ifndef EARSHOT_POSTERIORS_H
#define EARSHOT_POSTERIORS_H

#include <stdint.h>

enum { POSTERIORS_CLASSES = 40 };

struct posteriors {
    uint32_t step_q20; /* octaves that a logit's step stands for */
};

/* from_q8_q16 is the logits' own (struct nn_tensor, nn/engine.h): 256 over their scale, of logits
 * in nats. Their zero point has no say in a softmax. */
void posteriors_init(struct posteriors *posteriors, uint32_t from_q8_q16);

/* What lies below -128 octaves is held there. */
void posteriors_frame(const struct posteriors *posteriors, const int8_t logits[POSTERIORS_CLASSES],
                      int16_t log2_posterior_q8[POSTERIORS_CLASSES]);

#endif
