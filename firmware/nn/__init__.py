"""INT8 kernels in C, the engine's seam (engine.h), and what they cost (PERFORMANCE.md, from firmware.bench)."""
